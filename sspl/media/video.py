"""Read videos, frame by frame: memory does not grow with a video's length.

Frames are (H, W, 3) uint8 RGB, upright; sound is (N,) float32 in [-1, 1], mono. All times count
from the beginning of the file.
"""

import re
from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from fractions import Fraction
from io import BufferedReader
from pathlib import Path
from typing import Self

import numpy as np

from sspl.audio import SAMPLE_RATE_HZ
from sspl.media.ffmpeg import (
    SoundTrack,
    input_arguments,
    measure_duration_s,
    probe_file,
    read_log,
    reject,
    run_ffmpeg,
    to_frame_rate,
)
from sspl.media.files import MediaError, check_file

MAX_FRAME_PIXELS = 36_000_000  # 8K; a small file can claim more and fill the memory
MAX_FPS = 240  # phones' slow motion; browsers write 1000 where they mean "it varies"

_REMEDY = "upload it again or export it as MP4 (H.264)"
_PICTURES = ("-map", "0:V:0")  # V: a cover picture is not a video
# What ffmpeg says when bytes are missing, as against a sound track that is simply longer.
_LOSS = re.compile(
    r"partial file|prematurely|invalid data|corrupt|error while decoding", re.IGNORECASE
)


def open_video(
    path: str | Path, max_side_px: int | None = None, sample_rate_hz: int = SAMPLE_RATE_HZ
) -> "Video":
    """Open a video (mp4, mov, webm, mkv, avi, ...) for reading; use it in a `with`.

    Args:
        path: The file.
        max_side_px: Shrink the frames while reading so that neither side is longer.
        sample_rate_hz: Of the sound that is read.

    Raises:
        MediaError: It is not a video that can be read.
    """
    path = check_file(path)
    if max_side_px is not None and max_side_px < 2:
        raise ValueError(f"max_side_px must be at least 2, not {max_side_px}.")
    contents = probe_file(path)
    if contents is None:
        raise reject(path, "video", _REMEDY)
    width_px, height_px, rate = _measure_frames(path, max_side_px)
    duration_s = contents.duration_s
    if duration_s is None or contents.is_guess:
        # Recorded in a browser, which did not know the length when it wrote the beginning.
        duration_s = measure_duration_s(path, *_PICTURES, "-c", "copy")
    return Video(
        path=path,
        duration_s=duration_s,
        rate=rate,
        width_px=width_px,
        height_px=height_px,
        has_audio=contents.has_sound,
        sample_rate_hz=sample_rate_hz,
    )


class Video:
    """An opened video. Made by `open_video`; close it, or use it in a `with`.

    Attributes:
        duration_s: Its length, the longer of pictures and sound.
        fps: Frames per second. Where a phone lets it vary, the highest.
        width_px, height_px: The size of the frames given, upright and with square pixels.
        has_audio: Whether there is a sound track.
        sample_rate_hz: Of the sound given.
    """

    def __init__(
        self,
        *,
        path: Path,
        duration_s: float,
        rate: Fraction,
        width_px: int,
        height_px: int,
        has_audio: bool,
        sample_rate_hz: int,
    ):
        self.path = path
        self.duration_s = duration_s
        self.fps = float(rate)
        self.width_px = width_px
        self.height_px = height_px
        self.has_audio = has_audio
        self._rate = rate
        self.sample_rate_hz = sample_rate_hz
        self._sound = SoundTrack(path, sample_rate_hz)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop what still runs for this video."""
        self._sound.close()

    def frames(self, fps: float | None = None) -> Iterator[tuple[float, np.ndarray]]:
        """Yield (t_s, frame) from the first to the last, t_s = 0, 1 / fps, 2 / fps, ...

        Args:
            fps: Frames per second to give: some are left out or repeated. By default the video's.

        Raises:
            MediaError: The pictures break off: what came before was good.
        """
        rate = self._rate if fps is None else to_frame_rate(fps)
        index = -1
        with closing(self._decode(0.0, rate)) as frames:
            for index, frame in enumerate(frames):
                yield float(index / rate), frame
        if index < 0:
            raise reject(self.path, "video", _REMEDY)

    def frame_at(self, t_s: float, stale_s: float = float("inf")) -> np.ndarray:
        """The frame that is shown at `t_s`, the last one where the pictures end earlier.

        Raises MediaError where they end more than `stale_s` earlier.
        """
        if not 0 <= t_s <= self.duration_s:
            raise ValueError(f"t_s must lie in 0 to {self.duration_s:.2f} s, not {t_s}.")
        wanted = int(t_s * self._rate + Fraction(1, 1000))
        # Begin shortly before, for the frame shown may have begun earlier; further back, and in
        # the end at the start, where a longer sound track runs on without pictures.
        for lookback_s in (0.5, 10.0, t_s):
            first = max(0, wanted - int(lookback_s * self._rate) - 1)
            with closing(self._decode(float(first / self._rate), self._rate)) as frames:
                numbered = zip(range(first, wanted + 1), frames, strict=False)
                shown = deque(numbered, maxlen=1)
            if shown:
                number, frame = shown.pop()
                if wanted - number > stale_s * self._rate:
                    raise MediaError(
                        f"{self.path.name} has pictures for {float(number / self._rate):.2f} s: "
                        f"none is shown at {t_s:.2f} s."
                    )
                return frame
        raise reject(self.path, "video", _REMEDY)

    def audio_window(self, start_s: float, duration_s: float) -> np.ndarray:
        """The sound from `start_s` on as (round(duration_s * sample_rate_hz),) float32.

        Silence stands for what lies before the beginning or after the end of the track. Windows
        that move forward are read in one go; moving back starts anew and costs a moment.
        """
        if not self.has_audio:
            raise MediaError(f"{self.path.name} has no sound: choose another video.")
        if not duration_s > 0:
            raise ValueError(f"duration_s must be above 0, not {duration_s}.")
        start = round(start_s * self.sample_rate_hz)
        stop = start + round(duration_s * self.sample_rate_hz)
        window = np.zeros(stop - start, np.float32)
        if stop > 0:
            samples = self._sound.read(max(0, start), stop)
            if not np.isfinite(samples).all():
                raise MediaError(f"{self.path.name} has broken sound (NaN): export it again.")
            offset = max(0, -start)
            window[offset : offset + len(samples)] = samples
        return window

    def _decode(self, start_s: float, rate: Fraction) -> Generator[np.ndarray, None, None]:
        """Frames from `start_s` to the end, one every 1 / rate seconds."""
        # fps comes first, so that frames left out are not scaled; it repeats frames where the
        # camera skipped some, which keeps pictures and sound together. The size is said again,
        # because some recordings change it on the way.
        steps = f"fps={rate}:start_time=0,scale={self.width_px}:{self.height_px}"
        output = ("-vf", steps, "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1")
        num_frames = 0
        arguments = (*input_arguments(self.path, start_s), *_PICTURES, *output)
        with run_ffmpeg(*arguments) as (process, log):
            assert isinstance(process.stdout, BufferedReader)
            while True:
                frame = np.empty((self.height_px, self.width_px, 3), np.uint8)
                if process.stdout.readinto(frame.data.cast("B")) < frame.nbytes:
                    break
                num_frames += 1
                yield frame  # a new array each time: the caller may keep it and write to it
            process.wait()
            has_lost = _LOSS.search(read_log(log)) is not None
        end_s = start_s + float(num_frames / rate)
        # A seek alone makes decoders complain, so only a run from the start is judged.
        if has_lost and start_s == 0 and end_s < 0.95 * self.duration_s - 1 / rate:
            raise MediaError(
                f"{self.path.name} is damaged or cut short (its pictures end at {end_s:.1f} s of "
                f"{self.duration_s:.1f} s): {_REMEDY}."
            )


def _measure_frames(path: Path, max_side_px: int | None) -> tuple[int, int, Fraction]:
    """(width_px, height_px, frames per second) as the frames will come, found by decoding one.

    What ffmpeg writes about rotation and pixel shape changes with its version; the header of the
    YUV4MPEG2 format, which describes the frame after both, does not.
    """
    steps = "scale=w=iw*sar:h=ih"  # pixels that are not square
    if max_side_px is not None:
        steps += f",scale=w='min(iw,{max_side_px})':h='min(ih,{max_side_px})'"
        steps += ":force_original_aspect_ratio=decrease"
    limits = ("-max_pixels", str(MAX_FRAME_PIXELS))
    output = ("-frames:v", "1", "-vf", steps, "-pix_fmt", "yuv420p", "-f", "yuv4mpegpipe", "pipe:1")
    with run_ffmpeg(*limits, *input_arguments(path), *_PICTURES, *output) as (process, log):
        assert process.stdout is not None
        header = process.stdout.readline().decode("ascii", errors="replace")
        said = re.match(r"YUV4MPEG2 W(\d+) H(\d+) F(\d+):(\d+)", header)
        if said is None:
            process.wait()
            text = read_log(log)
            if "matches no streams" in text:
                raise MediaError(f"{path.name} has no moving pictures: choose a video.")
            raise reject(path, "video", _REMEDY)
    width_px, height_px, frames, seconds = map(int, said.groups())
    rate = Fraction(frames, seconds) if frames and seconds else Fraction(0)
    return width_px, height_px, rate if 0 < rate <= MAX_FPS else Fraction(30)
