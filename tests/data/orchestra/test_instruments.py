"""Instruments: names, boxes that fit what is painted, natural sizes, and drawings that differ."""

import numpy as np
import pytest

from sspl.data.orchestra.instruments import INSTRUMENTS, Pose, pose_instrument
from sspl.data.orchestra.painter import Canvas
from sspl.data.orchestra.shapes import Drawing, mix, trace_curve, turn_matrix

FULL_LIGHT = np.ones((2, 2))


def paint_alone(drawing: Drawing, image_px: int) -> np.ndarray:
    """Returns where a drawing leaves a trace on a ground of a colour that no instrument has."""
    ground = Drawing()
    ground.box(0, 0, 1, 1, (0, 255, 0))
    canvas = Canvas(image_px)
    canvas.paint(ground)
    bare = canvas.finish(FULL_LIGHT).astype(int)
    canvas.paint(drawing)
    return np.abs(canvas.finish(FULL_LIGHT) - bare).sum(axis=2) > 40


def pose(instrument: str, seed: int) -> Pose:
    return pose_instrument(instrument, np.random.default_rng(seed))


def test_the_eleven_instruments_of_music_are_there():
    assert INSTRUMENTS == (
        "accordion", "acoustic_guitar", "cello", "clarinet", "erhu", "flute", "saxophone",
        "trumpet", "tuba", "violin", "xylophone",
    )  # fmt: skip


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_the_box_is_that_of_the_painted_pixels(instrument):
    image_px = 512
    for seed in range(3):
        posed = pose(instrument, seed)
        drawing = posed.drawing.moved(np.eye(2), (0.2, 0.15))
        rows, columns = np.nonzero(paint_alone(drawing, image_px))
        painted = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert np.abs(painted - np.array(drawing.bounds()) * image_px).max() <= 1.5


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_sizes_stay_within_what_is_promised(instrument):
    for seed in range(30):
        posed = pose(instrument, seed)
        width, height = posed.size
        assert np.allclose(posed.drawing.bounds(), (0, 0, width, height))
        assert 0.28 <= max(width, height) <= 0.601
        assert 0.03 <= width * height <= 0.301


@pytest.mark.parametrize("instrument", INSTRUMENTS)
def test_players_find_where_to_hold_it(instrument):
    drawing = pose(instrument, 0).drawing
    assert {"hold", "left", "right"} <= drawing.marks.keys()
    x0, y0, x1, y1 = drawing.bounds()
    for mark in drawing.marks.values():  # a hand without a bow may be a little beside it
        assert x0 - 0.2 < mark[0] < x1 + 0.2
        assert y0 - 0.2 < mark[1] < y1 + 0.2


def test_poses_and_colours_vary():
    for instrument in INSTRUMENTS:
        poses = [pose(instrument, seed) for seed in range(5)]
        assert len({posed.size for posed in poses}) == 5
        assert len({tuple(posed.drawing.colours) for posed in poses}) == 5


def test_an_unknown_instrument_is_named_in_the_error():
    with pytest.raises(ValueError, match="theremin"):
        pose("theremin", 0)


def test_a_curve_passes_through_its_control_points():
    control = np.array([(0.0, 0.0), (1.0, 2.0), (3.0, 1.0), (4.0, 4.0)])
    for closed in (False, True):
        traced = trace_curve(control, closed)
        for point in control:
            assert np.hypot(*(traced - point).T).min() < 1e-12


def test_a_straight_stroke_is_as_wide_as_asked():
    drawing = Drawing()
    drawing.stroke([(1.0, 2.0), (5.0, 2.0)], 0.6, (0, 0, 0), round_ends=False)
    assert np.allclose(drawing.bounds(), (1.0, 1.7, 5.0, 2.3))
    drawing.stroke([(1.0, 2.0), (5.0, 2.0)], 0.6, (0, 0, 0))
    assert np.allclose(drawing.bounds(), (0.7, 1.7, 5.3, 2.3))


def test_moving_a_drawing_moves_its_marks_and_leaves_the_original():
    drawing = Drawing()
    drawing.box(0, 0, 2, 1, (1, 2, 3))
    drawing.marks["hold"] = np.array([2.0, 0.0])
    turned = drawing.moved(turn_matrix(90), (10, 0))  # clockwise: x becomes y
    assert np.allclose(turned.bounds(), (9, 0, 10, 2))
    assert np.allclose(turned.marks["hold"], (10, 2))
    assert np.allclose(drawing.bounds(), (0, 0, 2, 1))


def test_mixing_colours_keeps_the_alpha():
    assert mix((0, 100, 200), (100, 100, 100), 0.5) == (50, 100, 150)
    assert mix((0, 0, 0, 40), (255, 255, 255), 1.0) == (255, 255, 255, 40)
