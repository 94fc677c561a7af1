"""The figure of a sound: its axes say the right frequency."""

import numpy as np
import pytest
import torch

from sspl.plots.rendering import render_figure
from sspl.plots.spectrogram import plot_spectrogram

GREY = np.full((96, 128, 3), 128, np.uint8)
RAMP = torch.linspace(-0.2, 0.4, 14).repeat(14, 1)  # rises from left to right


@pytest.mark.parametrize("hz", [300, 1000, 3000])
def test_spectrogram_labels_the_frequency(hz):
    tone = np.sin(2 * np.pi * hz * np.arange(48_000) / 16_000).astype(np.float32)
    lower = plot_spectrogram(tone).axes[1]
    band = np.asarray(lower.images[0].get_array()).mean(axis=1).argmax() + 0.5
    labelled_hz = [float(label.get_text()) for label in lower.get_yticklabels()]
    assert np.interp(hz, labelled_hz, lower.get_yticks()) == pytest.approx(band, abs=2)


@pytest.mark.parametrize("num_samples", [1, 5000, 48_000, 200_000])
def test_spectrogram_of_any_length(num_samples):
    assert render_figure(plot_spectrogram(np.zeros(num_samples, np.float32))).ndim == 3
