"""The ffmpeg program in imageio-ffmpeg's wheel: run it, ask it what a file holds, decode its sound.

moviepy runs the same program, but its readers and writer are not used here. Tried in version 2.2.1
on files like those of tests/media_files.py, they turned portrait phone videos on their side
(ffmpeg 9 writes "Display Matrix" where moviepy looks for "displaymatrix"), let pictures and sound
of recordings with a varying frame rate drift apart, refused browser recordings (webm that does not
say its length), left pipes open, and blocked for good once a damaged file had filled the pipe of
error messages, which nobody reads. Nor does its writer look whether ffmpeg succeeded.
"""

import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import IO, Self

import numpy as np
from imageio_ffmpeg import get_ffmpeg_exe

from sspl.audio import SAMPLE_RATE_HZ
from sspl.media.files import MediaError

# Uploads come from strangers. Playlists and scripts (hls, concat, ...) name other files or
# addresses to read, so only real containers are let in, and ffmpeg may open nothing but files.
_CONTAINERS = "mov,matroska,webm,avi,asf,flv,mpeg,mpegts,ogg,mp3,flac,wav"

_DURATION = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", re.MULTILINE)
_SOUND = re.compile(r"^ {2,4}Stream #0:\d+[^:]*: Audio: ", re.MULTILINE)
_PROGRESS = re.compile(r"^out_time_us=(\d+)", re.MULTILINE)

# Decoders start wrong just after a seek (AAC and MP3 blocks overlap): begin earlier, then drop.
_RUN_UP_S = 0.5
# Reading this far ahead is quicker than starting ffmpeg again.
_SKIP_AHEAD_S = 20


@contextmanager
def run_ffmpeg(
    *arguments: str, feed: bool = False
) -> Iterator[tuple[subprocess.Popen[bytes], IO[bytes]]]:
    """Start ffmpeg and give (process, log); whatever happens, it is gone afterwards.

    `process.stdout` carries its output, `process.stdin` its input where `feed`. The log is a file:
    a pipe that nobody reads fills up, and then ffmpeg waits for ever.
    """
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            [get_ffmpeg_exe(), "-hide_banner", "-nostdin", *arguments],
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
        )
        try:
            yield process, log
        finally:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                try:
                    if pipe is not None:
                        pipe.close()
                except BrokenPipeError:  # unsent bytes for a process that has ended
                    pass


def read_log(log: IO[bytes]) -> str:
    """All that ffmpeg has said so far."""
    log.seek(0)
    return log.read().decode("utf-8", errors="replace")


def input_arguments(path: Path, start_s: float = 0.0, log_level: str = "error") -> list[str]:
    """The arguments that open a person's file, `start_s` seconds in.

    "file:" keeps names such as "-y" or "http:x" from meaning something to ffmpeg.
    """
    seek = ["-ss", f"{start_s:.6f}"] if start_s > 0 else []
    safety = ["-protocol_whitelist", "file", "-format_whitelist", _CONTAINERS]
    return ["-v", log_level, *safety, *seek, "-i", f"file:{path}"]


@dataclass(frozen=True, kw_only=True)
class Contents:
    """What a file says it holds."""

    duration_s: float | None  # None where it does not say
    is_guess: bool  # an MP3 without a table of contents: ffmpeg divides bytes by bit rate
    has_sound: bool


def probe_file(path: Path) -> Contents | None:
    """What a sound or video file says it holds, or None where it is neither."""
    with run_ffmpeg(*input_arguments(path, log_level="info")) as (process, log):
        process.wait()
        text = read_log(log)
    if "Input #0" not in text:
        return None
    said = _DURATION.search(text)
    hours, minutes, seconds = map(float, said.groups()) if said else (0.0, 0.0, 0.0)
    return Contents(
        duration_s=3600 * hours + 60 * minutes + seconds if said else None,
        is_guess="Estimating duration from bitrate" in text,
        has_sound=_SOUND.search(text) is not None,
    )


def measure_duration_s(path: Path, *selection: str) -> float:
    """The duration in seconds by going through the whole file; 0.0 where nothing can be read.

    `selection` are ffmpeg's words for what to go through, e.g. ("-map", "0:a:0").
    """
    arguments = [*input_arguments(path), *selection, "-f", "null", "-progress", "pipe:1", "-"]
    with run_ffmpeg(*arguments) as (process, _):
        assert process.stdout is not None
        reports = _PROGRESS.findall(process.stdout.read().decode())
    return int(reports[-1]) / 1e6 if reports else 0.0


class SoundTrack:
    """The first sound track of a file in mono, for windows that mostly move forward.

    One ffmpeg runs along with the windows and what they have passed is dropped, so memory does not
    grow with the file. Use it as a context manager, or `close` it.
    """

    def __init__(self, path: Path, sample_rate_hz: int = SAMPLE_RATE_HZ):
        self.sample_rate_hz = sample_rate_hz
        self._path = path
        self._running = ExitStack()
        self._pipe: IO[bytes] | None = None
        self._begin = 0  # the sample number of _kept[0]
        self._kept = np.zeros(0, np.float32)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop ffmpeg; a later `read` starts it again."""
        self._running.close()
        self._pipe = None

    def read(self, start: int, stop: int) -> np.ndarray:
        """Samples `start` to `stop` as (N,) float32 in [-1, 1]; fewer where the track ends."""
        assert 0 <= start <= stop
        end = self._begin + len(self._kept)
        run_up, skip = (int(s * self.sample_rate_hz) for s in (_RUN_UP_S, _SKIP_AHEAD_S))
        if self._pipe is None or start < self._begin or start > end + skip:
            self._start_at(max(0, start - run_up))
        self._drop_before(start)
        missing = stop - self._begin - len(self._kept)
        if missing > 0:
            assert self._pipe is not None
            arrived = self._pipe.read(4 * missing)
            samples = np.frombuffer(arrived[: len(arrived) // 4 * 4], "<f4")
            self._kept = np.concatenate([self._kept, samples])
            self._drop_before(start)
        return np.clip(self._kept[start - self._begin : stop - self._begin], -1.0, 1.0)

    def _drop_before(self, start: int) -> None:
        num_dropped = min(max(0, start - self._begin), len(self._kept))
        self._kept = self._kept[num_dropped:]
        self._begin += num_dropped

    def _start_at(self, start: int) -> None:
        self.close()
        # rematrix_maxval: without it ffmpeg mixes float stereo to mono at up to 1.41 times full
        # scale. async, first_pts: silence where the track starts late or has a hole, so that
        # sample n belongs to second n / sample rate.
        rate_hz = self.sample_rate_hz
        tuning = f"aresample={rate_hz}:ochl=mono:rematrix_maxval=1:async=1:first_pts=0"
        arguments = input_arguments(self._path, start / rate_hz)
        arguments += ["-map", "0:a:0", "-af", tuning, "-f", "f32le", "pipe:1"]
        process, _ = self._running.enter_context(run_ffmpeg(*arguments))
        self._pipe = process.stdout
        self._begin, self._kept = start, np.zeros(0, np.float32)


def reject(path: Path, kind: str, remedy: str) -> MediaError:
    """The sentence for a file that ffmpeg cannot read."""
    return MediaError(
        f"{path.name} is not a {kind} that can be read: it may be cut short, damaged or renamed; "
        f"{remedy}."
    )


def to_frame_rate(fps: float) -> Fraction:
    """Frames per second as a fraction, 29.97 as the 30000 / 1001 that it stands for."""
    if not 0 < fps <= 1000:
        raise ValueError(f"fps must lie in 0 to 1000, not {fps}.")
    nominal = round(1.001 * fps)
    television = Fraction(1000 * nominal, 1001)
    if fps != nominal >= 23 and abs(fps - float(television)) < 0.005:
        return television
    return Fraction(fps).limit_denominator(1001)
