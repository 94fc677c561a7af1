"""The figure of a sound: its axes say the right frequency."""

import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb

from sspl.plots.rendering import render_figure, render_layer
from sspl.plots.spectrogram import ON_ANY_GROUND, plot_spectrogram

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


def test_a_spectrogram_stands_on_any_ground():
    figure = plot_spectrogram(np.zeros(48_000, np.float32), ink=ON_ANY_GROUND)
    pixels = render_layer(figure)
    assert pixels[0, 0, 3] == 0  # the page shows through
    assert {label.get_color() for label in figure.axes[1].get_yticklabels()} == {ON_ANY_GROUND}
    luminance = (np.array(to_rgb(ON_ANY_GROUND)) ** 2.2) @ (0.2126, 0.7152, 0.0722)
    assert 1.05 / (luminance + 0.05) == pytest.approx(4.5, abs=0.1)  # on white
    assert (luminance + 0.05) / 0.0527 == pytest.approx(4.5, abs=0.2)  # on the page in the dark
