"""The cycles of a trace in motion: each picture for a while, and the sound with them."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sspl.audio import SAMPLE_RATE_HZ
from sspl.media.pictures import write_gif
from sspl.media.video_writer import write_video

STEP_S = 0.8  # how long each cycle is shown
FPS = 10  # players cope badly with a frame a second, so each step is repeated


def write_animation(out: Path, frames: Sequence[np.ndarray], waveform: np.ndarray) -> None:
    """Write the pictures of the cycles as a .gif, or as an .mp4 with the sound.

    Args:
        frames: T of (H, W, 3) uint8; the last stays until the sound has ended.
        waveform: (N,) float32 at 16 kHz.
    """
    sound_s = len(waveform) / SAMPLE_RATE_HZ
    rest = max(2, math.ceil(sound_s / STEP_S) - len(frames))
    shown = [*frames, *[frames[-1]] * rest]
    if out.suffix.lower() == ".gif":
        write_gif(out, shown, STEP_S)
    else:
        repeated = (frame for frame in shown for _ in range(round(STEP_S * FPS)))
        write_video(out, repeated, FPS, waveform=waveform)
