"""Write videos, frame by frame: memory does not grow with a video's length."""

import itertools
import re
import subprocess
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import numpy as np

from sspl.media.ffmpeg import (
    input_arguments,
    probe_file,
    read_log,
    reject,
    run_ffmpeg,
    to_frame_rate,
)
from sspl.media.files import MediaError, check_file, replace_when_done
from sspl.media.sounds import write_audio

_MP4 = ("-movflags", "+faststart", "-f", "mp4")  # faststart: plays while it loads


def write_video(
    path: str | Path,
    frames: Iterable[np.ndarray],
    fps: float,
    *,
    audio_from: str | Path | None = None,
    waveform: np.ndarray | None = None,
) -> None:
    """Write frames, and sound, as an MP4 (H.264, AAC) that plays everywhere, whole or not at all.

    The frames are encoded as they come. The sound is cut to the pictures, or followed by silence.

    Args:
        path: The file to write, *.mp4. If anything fails, an older one stays as it was.
        frames: (H, W, 3) uint8 RGB, all of one size. Odd sizes get one more row or column.
        fps: Frames per second.
        audio_from: A video or sound file whose sound to use from its beginning, if it has any.
        waveform: Or a sound: (N,) float in [-1, 1], 16 kHz, mono.

    Raises:
        MediaError: It cannot be written there, or `audio_from` cannot be read.
    """
    path = Path(path)
    if path.suffix.lower() != ".mp4":
        raise MediaError(f"{path} cannot be written: end its name in .mp4.")
    if audio_from is not None and waveform is not None:
        raise ValueError("Pass audio_from or waveform, not both.")
    rate = to_frame_rate(fps)
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise ValueError(f"There are no frames to write to {path.name}.")
    # In the same folder: the system's own may be small, or in memory.
    with (
        replace_when_done(path) as unfinished,
        TemporaryDirectory(dir=path.parent, prefix=".unfinished-") as folder,
    ):
        sound = None
        if waveform is not None:
            sound = Path(folder, "sound.wav")
            write_audio(sound, waveform)
        elif audio_from is not None:
            sound = _find_sound(audio_from)
        pictures = unfinished if sound is None else Path(folder, "pictures.mp4")
        num_frames = 0
        with run_ffmpeg(*_picture_arguments(pictures, first, rate), feed=True) as (process, log):
            assert process.stdin is not None
            try:
                for frame in itertools.chain([first], remaining):
                    process.stdin.write(_even_bytes(frame, first.shape))
                    num_frames += 1
                process.stdin.close()
            except BrokenPipeError:  # ffmpeg gave up: its log says why
                pass
            _check_success(process, log, path)
        if sound is not None:
            # In a second step, because only now is the length known. ffmpeg's -shortest, which
            # would do without, ends some videos a tenth of a second late.
            arguments = _sound_arguments(unfinished, pictures, sound, float(num_frames / rate))
            with run_ffmpeg(*arguments) as (process, log):
                _check_success(process, log, path)


def _find_sound(source: str | Path) -> Path | None:
    """The file whose sound to use, or None where it is a video without."""
    path = check_file(source)
    contents = probe_file(path)
    if contents is None:
        raise reject(path, "sound or video", "bring an intact copy")
    return path if contents.has_sound else None


def _picture_arguments(path: Path, first: np.ndarray, rate: Fraction) -> list[str]:
    height_px, width_px = (side + side % 2 for side in first.shape[:2])
    arguments = ["-v", "error", "-f", "rawvideo", "-pix_fmt", "rgb24"]
    arguments += ["-s", f"{width_px}x{height_px}", "-r", str(rate), "-i", "pipe:0"]
    # Colours are converted by BT.709 and say so; unmarked ones are guessed from the frame size.
    arguments += ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p"]
    arguments += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    arguments += ["-c:v", "libx264", "-preset", "fast", "-crf", "18"]
    return [*arguments, *_MP4, f"file:{path}"]


def _sound_arguments(path: Path, pictures: Path, sound: Path, duration_s: float) -> list[str]:
    arguments = [*input_arguments(pictures), *input_arguments(sound)]
    arguments += ["-map", "0:v:0", "-map", "1:a:0", "-c:v", "copy", "-c:a", "aac", "-b:a", "160k"]
    arguments += ["-af", "aresample=48000:ochl=stereo:rematrix_maxval=1:async=1:first_pts=0,apad"]
    return [*arguments, "-t", f"{duration_s:.6f}", *_MP4, f"file:{path}"]


def _check_success(process: subprocess.Popen[bytes], log: IO[bytes], path: Path) -> None:
    """Wait for the end, and say why it failed, if it did."""
    if process.wait() != 0:
        said = re.sub(r"^\[.*?\] ", "", read_log(log).strip()).splitlines()
        reason = said[0].rstrip(".") if said else "ffmpeg stopped"
        raise MediaError(f"{path} cannot be written ({reason}): choose another folder.")


def _even_bytes(frame: np.ndarray, shape: tuple[int, ...]) -> bytes:
    """A frame's bytes, the last row and column repeated where H.264 needs an even number."""
    if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or frame.shape != shape:
        raise ValueError(
            f"Frames must be (H, W, 3) uint8 and all of one size, not {frame.dtype} {frame.shape}."
        )
    height_px, width_px = shape[:2]
    return np.pad(frame, ((0, height_px % 2), (0, width_px % 2), (0, 0)), mode="edge").tobytes()
