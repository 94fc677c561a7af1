"""Write videos, frame by frame: memory does not grow with a video's length."""

import itertools
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import numpy as np

from sspl.media.ffmpeg import (
    input_arguments,
    measure_duration_s,
    probe_file,
    read_log,
    reject,
    run_ffmpeg,
    to_frame_rate,
)
from sspl.media.files import MediaError, check_file, replace_when_done
from sspl.media.sounds import write_audio
from sspl.media.video import Video

# Colours are converted by BT.709 and say so; unmarked ones are guessed from the frame size.
_BT709 = "out_color_matrix=bt709:out_range=tv"
_COLOURS = ("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709")
_H264 = (*_COLOURS, "-c:v", "libx264", "-preset", "veryfast", "-crf", "18")
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
    path = _check_name(path)
    if audio_from is not None and waveform is not None:
        raise ValueError("Pass audio_from or waveform, not both.")
    rate = to_frame_rate(fps)
    remaining = iter(frames)
    first = next(remaining, None)
    if first is None:
        raise ValueError(f"There are no frames to write to {path.name}.")
    chunks = (_even_bytes(frame, first.shape) for frame in itertools.chain([first], remaining))
    with _unfinished(path) as (unfinished, folder):
        sound = None
        if waveform is not None:
            sound = folder / "sound.wav"
            write_audio(sound, waveform)
        elif audio_from is not None:
            sound = _find_sound(audio_from)
        pictures = unfinished if sound is None else folder / "pictures.mp4"
        num_frames = _encode(path, _picture_arguments(pictures, first, rate), chunks)
        if sound is not None:
            # In a second step, because only now is the length known. ffmpeg's -shortest, which
            # would do without, ends some videos a tenth of a second late.
            _add_sound(path, unfinished, pictures, sound, float(num_frames / rate))


def overlay_video(
    path: str | Path, video: Video, layers: Iterable[np.ndarray], layers_per_s: float, fps: float
) -> None:
    """Write a video with its own pictures, half-transparent layers over them, and its own sound.

    The pictures themselves do not pass through here, so that it is quick; otherwise as
    `write_video`.

    Args:
        path: The file to write, *.mp4.
        video: Its size, rounded up to even numbers, is what is written.
        layers: (h, w, 4) uint8 RGBA, all of one size, enlarged to the video's; each is shown until
            the next, and the last until the end.
        layers_per_s: How many belong to a second.
        fps: Frames per second to write.

    Raises:
        MediaError: It cannot be written there.
    """
    path = _check_name(path)
    remaining = iter(layers)
    first = next(remaining)
    chunks = (layer.tobytes() for layer in itertools.chain([first], remaining))
    with _unfinished(path) as (unfinished, folder):
        pictures = folder / "pictures.mp4"
        arguments = _layer_arguments(pictures, video, first.shape, layers_per_s, fps)
        _encode(path, arguments, chunks)
        duration_s = measure_duration_s(pictures, "-map", "0:v:0", "-c", "copy")
        _add_sound(path, unfinished, pictures, video.path, duration_s)


def _check_name(path: str | Path) -> Path:
    path = Path(path)
    if path.suffix.lower() != ".mp4":
        raise MediaError(f"{path} cannot be written: end its name in .mp4.")
    return path


@contextmanager
def _unfinished(path: Path) -> Iterator[tuple[Path, Path]]:
    """A file that takes the place of `path` when done, and a folder for what leads to it."""
    # In the same folder: the system's own may be small, or in memory.
    with (
        replace_when_done(path) as unfinished,
        TemporaryDirectory(dir=path.parent, prefix=".unfinished-") as folder,
    ):
        yield unfinished, Path(folder)


def _encode(path: Path, arguments: list[str], chunks: Iterable[bytes]) -> int:
    """Feed ffmpeg; returns how many chunks it took."""
    num = 0
    with run_ffmpeg(*arguments, feed=True) as (process, log):
        assert process.stdin is not None
        try:
            for chunk in chunks:
                process.stdin.write(chunk)
                num += 1
            process.stdin.close()
        except BrokenPipeError:  # it has all it needs, or gave up: then its log says why
            pass
        _check_success(process, log, path)
    return num


def _add_sound(path: Path, unfinished: Path, pictures: Path, sound: Path, length_s: float) -> None:
    with run_ffmpeg(*_sound_arguments(unfinished, pictures, sound, length_s)) as (process, log):
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
    arguments += ["-vf", f"scale={_BT709}", "-pix_fmt", "yuv420p"]
    return [*arguments, *_H264, *_MP4, f"file:{path}"]


def _layer_arguments(
    path: Path, video: Video, shape: tuple[int, ...], layers_per_s: float, fps: float
) -> list[str]:
    height_px, width_px = (side + side % 2 for side in (video.height_px, video.width_px))
    rates = to_frame_rate(layers_per_s), to_frame_rate(fps)
    layer = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{shape[1]}x{shape[0]}"]
    arguments = [*input_arguments(video.path), *layer, "-r", str(rates[0]), "-i", "pipe:0"]
    steps = (
        # As `Video.frames` gives them: no holes, one size, square pixels.
        f"[0:V:0]fps={rates[1]}:start_time=0,scale={width_px}:{height_px}:{_BT709},setsar=1[under]",
        # The colours first, while the layer is small.
        f"[1:v]scale={_BT709},format=yuva420p,scale={width_px}:{height_px}[over]",
        "[under][over]overlay=format=yuv420,format=yuv420p[out]",
    )
    arguments += ["-filter_complex", ";".join(steps), "-map", "[out]"]
    return [*arguments, *_H264, *_MP4, f"file:{path}"]


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
