"""Pictures: the right pixels at the right places, at every size, and no global state."""

import numpy as np
import pytest
import torch
from matplotlib import _pylab_helpers
from test_trace_stats import make_trace

from sspl.metrics import upsample_map
from sspl.plots.overlay import (
    SILENCE,
    draw_step,
    overlay_map,
    plot_spectrogram,
    render_figure,
    steps_figure,
    stretch_map,
    write_note,
)

GREY = np.full((96, 128, 3), 128, np.uint8)
RAMP = torch.linspace(-0.2, 0.4, 14).repeat(14, 1)  # rises from left to right


@pytest.fixture(autouse=True)
def _no_global_figures():
    yield
    assert not _pylab_helpers.Gcf.figs


# --- A map over a picture ---------------------------------------------------------------------


def test_maps_are_stretched_as_the_protocol_does():
    similarity = torch.rand(14, 14)
    ours = stretch_map(similarity, 224, 224)
    np.testing.assert_allclose(ours, upsample_map(similarity[None])[0].numpy(), atol=1e-6)


def test_overlay_is_bright_where_the_map_is_high():
    image = GREY.copy()
    shown = overlay_map(image, RAMP)
    assert shown.shape == image.shape
    assert shown.dtype == np.uint8
    brightness = shown.mean(axis=(0, 2))
    assert brightness[-10:].mean() > 1.5 * brightness[:10].mean()
    assert (image == GREY).all()


def test_the_line_is_where_the_map_is_one_half():
    shown = overlay_map(GREY, RAMP).astype(int)
    at = stretch_map(RAMP, *GREY.shape[:2])[0]
    column = int(np.abs(at - 0.5).argmin())
    whiteness = shown.min(axis=2).mean(axis=0)
    assert abs(int(whiteness.argmax()) - column) <= 1
    assert whiteness.max() > 160
    assert shown.max(axis=2).mean(axis=0)[column - 3 : column + 4].min() < 125  # a dark edge


def test_a_map_that_says_nothing_leaves_the_picture_alone():
    for similarity in (torch.full((14, 14), 0.3), torch.rand(14, 14) * 1e-6):
        assert (overlay_map(GREY, similarity) == GREY).all()
    assert (overlay_map(GREY, RAMP, strength=0.0) == GREY).all()


def test_a_given_span_compares_maps():
    span = (float(RAMP.min()), float(RAMP.max()))
    own, spanned = overlay_map(GREY, RAMP).astype(int), overlay_map(GREY, RAMP, span=span)
    assert np.abs(own - spanned).max() <= 3
    bright, gone = (
        overlay_map(GREY, torch.full((14, 14), level), span=span).mean() for level in (0.5, -0.3)
    )
    assert bright > spanned.mean() > gone
    plain = overlay_map(GREY, torch.full((14, 14), 0.1), span=span)  # at the middle: no line
    assert len(np.unique(plain.reshape(-1, 3), axis=0)) == 1
    assert (overlay_map(GREY, RAMP, span=(0.1, 0.1)) == GREY).all()


def test_half_the_strength_lies_between():
    none, half, full = (overlay_map(GREY, RAMP, strength=s).astype(int) for s in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(half, (none + full) / 2, atol=2)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (200, 3), (17, 31), (900, 1300)])
def test_overlay_at_every_size(size):
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    boxes = np.array([[0, 0, 1, 1], [0.4, 0.4, 0.41, 0.41]])
    assert overlay_map(image, np.random.default_rng(1).random((14, 14)), boxes).shape == image.shape


def test_large_pictures_show_the_same_map_as_small_ones():
    small, large = (overlay_map(np.repeat(np.repeat(GREY, n, 0), n, 1), RAMP) for n in (5, 10))
    reduced = large.reshape(small.shape[0], 2, small.shape[1], 2, 3).mean(axis=(1, 3))
    assert np.abs(reduced - small).mean() < 3


def test_boxes_are_drawn_on_their_edges_only():
    shown = overlay_map(GREY, torch.zeros(14, 14), np.array([[0.25, 0.25, 0.75, 0.75]]))
    changed = (shown != GREY).any(axis=2)
    assert changed[24, 32:96].all()
    assert changed[24:72, 32].all()
    assert not changed[28:68, 36:92].any()
    assert not changed[:22].any()
    colours = np.unique(shown[changed].reshape(-1, 3), axis=0)
    assert len(colours) == 2  # light dashes on dark


def test_boxes_on_the_border_are_seen():
    shown = overlay_map(GREY, torch.zeros(14, 14), np.array([[0, 0, 1, 1]]))
    changed = (shown != GREY).any(axis=2)
    for edge in (changed[0], changed[-1], changed[:, 0], changed[:, -1]):
        assert edge.all()


# --- The steps --------------------------------------------------------------------------------


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


def test_note_stays_in_its_corner():
    noted = write_note(GREY, SILENCE)
    assert (noted != GREY).any()
    assert (noted[:60] == GREY[:60]).all()
    narrow = np.zeros((300, 30, 3), np.uint8)
    assert write_note(narrow, SILENCE).shape == narrow.shape


# --- A sound ----------------------------------------------------------------------------------


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
