"""What visitors bring and get: their files within limits, their mistakes in a sentence."""

import functools
import html
import inspect
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import gradio as gr
from gradio.utils import get_upload_folder

from sspl.explorer.scenes import Sound
from sspl.media.sounds import read_audio
from sspl.media.video import Video, open_video

MAX_SIDE_PX = 640  # of a picture on the page: as wide as it is shown, and light to send
MAX_UPLOAD_MB = 200
MAX_VIDEO_S = 120.0
FAILURE = "Something failed here that should not. What you see still stands: go on, or reload."


def tell_person(callback: Callable) -> Callable:
    """Turn a person's mistake, a ValueError, into its one sentence on the page, and ours, too.

    A callback that yields, as those do that show how far they are, stays one.
    """

    @functools.wraps(callback)
    def guarded(*args, **kwargs):
        with _report_mistakes():
            return callback(*args, **kwargs)

    @functools.wraps(callback)
    def guarded_steps(*args, **kwargs):
        with _report_mistakes():
            yield from callback(*args, **kwargs)

    return guarded_steps if inspect.isgeneratorfunction(callback) else guarded


def borrow_gpu(callback: Callable, duration_s: int) -> Callable:
    """On a Space with ZeroGPU, run a callback on a GPU that is borrowed for it; elsewhere as it is.

    Such a Space runs it in a process of its own, so that what a visitor wishes meanwhile, such as
    to stop a video, is not known there. Of errors it passes on `gr.Error` alone, so `tell_person`
    comes first.
    """
    if "SPACES_ZERO_GPU" not in os.environ:
        return callback
    import spaces  # pyright: ignore[reportMissingImports]  # only such a Space has it

    return spaces.GPU(duration=duration_s)(callback)


@contextmanager
def _report_mistakes() -> Iterator[None]:
    try:
        yield
    except gr.Error:
        raise
    except ValueError as error:
        # The page reads the message as HTML, and it may hold the name of an uploaded file.
        raise gr.Error(html.escape(str(error), quote=False), print_exception=False) from error
    except Exception as error:  # a visitor can do nothing about it; the server's log has it whole
        raise gr.Error(FAILURE) from error


def read_own_sound(path: str | None) -> Sound:
    """An uploaded or recorded sound; ValueError if there is none or it cannot be read."""
    if path is None:
        raise ValueError("upload or record a sound first")
    return Sound(title=f"your {Path(path).name}", waveform=read_audio(path))


def open_own_video(path: str | None) -> Video:
    """An uploaded video, opened; ValueError if there is none, it is too long or cannot be read."""
    if path is None:
        raise ValueError("upload a video first")
    video = open_video(path, MAX_SIDE_PX)
    if video.duration_s > MAX_VIDEO_S:
        raise ValueError(
            f"{video.path.name} lasts {video.duration_s:.0f} s: cut it to {MAX_VIDEO_S:.0f} s or "
            "less, or use `python -m sspl.localize`, which has no limit"
        )
    return video


def new_file(name: str) -> Path:
    """A path to write a download to, in the folder that is cleaned when visitors are gone."""
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=folder), name)
