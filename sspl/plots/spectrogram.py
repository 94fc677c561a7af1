"""The figure of a sound: its waveform and its log-mel patches.

Letters: N samples, P audio patches.
"""

import numpy as np
import torch
from matplotlib.figure import Figure

from sspl.audio import CLIP_S, HIGHEST_HZ, HOP, LOWEST_HZ, SAMPLE_RATE_HZ, clip_log_mel, fit_length

ON_ANY_GROUND = "#777777"  # a contrast of 4.5, to white as to black


def plot_spectrogram(waveform: np.ndarray, ink: str = "0.15") -> Figure:
    """What the audio encoder takes in: 3 s of the waveform, and its log-mel patches.

    Args:
        waveform: (N,) float at 16 kHz, N >= 1; of a long one the middle, a short one is repeated.
        ink: the colour of lines and words.
    """
    clip = fit_length(torch.from_numpy(np.asarray(waveform, np.float32)))
    patches = clip_log_mel(clip)  # (P, 96, 64)
    patch_s = patches.shape[1] * HOP / SAMPLE_RATE_HZ
    end_s = len(patches) * patch_s
    figure = Figure(figsize=(6, 3.4), dpi=150, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 3))

    columns = clip.unflatten(0, (-1, 60)).numpy()  # of each 60 samples, the range is drawn
    times_s = np.arange(len(columns)) * 60 / SAMPLE_RATE_HZ
    upper.fill_between(times_s, columns.min(1), columns.max(1), color=ink, linewidth=0.3)
    upper.axhline(0, color=ink, linewidth=0.3)
    upper.set(ylabel="sample", yticks=[], xlim=(0, CLIP_S))
    for side in ("top", "right", "left"):
        upper.spines[side].set_visible(False)

    mesh = lower.imshow(
        patches.flatten(0, 1).numpy().T,
        extent=(0, end_s, 0, patches.shape[2]),
        origin="lower",
        aspect="auto",
        cmap="magma",
    )
    for k in range(1, len(patches)):
        lower.axvline(k * patch_s, color="white", linewidth=0.8, linestyle=(0, (2, 2)))
    shown_hz = np.array([200, 500, 1000, 2000, 4000, 7000])
    lower.set_yticks(_band_of(shown_hz, patches.shape[2]), [f"{hz:g}" for hz in shown_hz])
    lower.set(xlabel="time (s)", ylabel="frequency (Hz)")
    figure.colorbar(mesh, ax=lower, label="log magnitude")
    for axes in figure.axes:
        axes.tick_params(colors=ink)
        axes.spines[:].set_color(ink)
        for axis in (axes.xaxis, axes.yaxis):
            axis.label.set_color(ink)
    return figure


def _band_of(hz: np.ndarray, num_bands: int) -> np.ndarray:
    """The mel band, as a fraction of an index, whose triangle is centred on a frequency."""
    low, mel, high = (np.log1p(f / 700.0) for f in (LOWEST_HZ, hz, HIGHEST_HZ))
    return (mel - low) / (high - low) * (num_bands + 1) - 0.5
