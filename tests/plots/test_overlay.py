"""A map over its picture: the right pixels in the right place, at every size."""

import numpy as np
import pytest
import torch

from sspl.metrics import upsample_map
from sspl.plots.overlay import overlay_map, stretch_map

GREY = np.full((96, 128, 3), 128, np.uint8)
RAMP = torch.linspace(-0.2, 0.4, 14).repeat(14, 1)  # rises from left to right


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
