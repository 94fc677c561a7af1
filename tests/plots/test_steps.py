"""The cycles of a trace: every map with its numbers, in frames of one size."""

import numpy as np
import pytest
import torch
from test_trace_stats import make_trace

from sspl.plots.lettering import SILENCE
from sspl.plots.rendering import render_figure
from sspl.plots.steps import draw_step, steps_figure

GREY = np.full((96, 128, 3), 128, np.uint8)
RAMP = torch.linspace(-0.2, 0.4, 14).repeat(14, 1)  # rises from left to right


def test_steps_figure_shows_every_cycle_and_its_numbers():
    trace = make_trace(torch.rand(5, 1, 14, 14))
    figure = steps_figure(GREY, trace, np.array([[0.1, 0.1, 0.6, 0.6]]))
    assert [axes.get_title() for axes in figure.axes] == [f"cycle {t} of 5" for t in range(1, 6)]
    words = figure.axes[2].get_xlabel()
    assert "300.000  301.000  302.000" in words
    assert "bits" in words
    assert "cIoU" in words
    pixels = render_figure(figure)
    assert pixels.dtype == np.uint8
    assert pixels.shape[1] > 3 * pixels.shape[0]


def test_steps_figure_without_pcm_and_in_silence():
    trace = make_trace(torch.rand(1, 1, 14, 14), num_layers=0)
    (axes,) = steps_figure(GREY, trace).axes
    assert "without" in axes.get_title()
    assert "error" not in axes.get_xlabel()
    (axes,) = steps_figure(GREY, trace, silent=True).axes
    assert axes.get_xlabel() == SILENCE
    assert np.ptp(np.asarray(axes.images[0].get_array())) == 0


@pytest.mark.parametrize("size", [(96, 128), (128, 40), (40, 128), (1000, 700)])
def test_draw_step_gives_frames_of_one_size(size):
    trace = make_trace(torch.rand(3, 1, 14, 14))
    image = np.full((*size, 3), 128, np.uint8)
    frames = [draw_step(image, trace, t, side_px=320) for t in (1, 2, 3)]
    assert len({frame.shape for frame in frames}) == 1
    assert frames[0].shape[1] <= 320
    caption = [frame[round(320 * size[0] / max(size)) :] for frame in frames]
    assert all((c < 100).any() for c in caption)  # ink
    assert not (caption[0] == caption[1]).all()


def test_draw_step_in_silence_shows_the_picture():
    trace = make_trace(torch.rand(3, 1, 14, 14))
    frame = draw_step(GREY, trace, 1, silent=True, side_px=128)
    assert (frame[:96] == 128).all()
    assert (frame[96:] < 100).any()
