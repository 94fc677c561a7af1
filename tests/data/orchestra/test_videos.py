"""Moving clips: who plays when, boxes that follow the camera, the same film every time."""

import numpy as np
import pytest
from PIL import Image

from sspl.data.orchestra.videos import VIEW, make_moving_clip

RATE_HZ = 16_000


@pytest.fixture(scope="module")
def film():
    return make_moving_clip(3, 1, image_px=192, turn_s=1.0, fps=8)


def test_two_players_take_turns_and_then_play_together(film):
    first, second = film.stems
    assert [turn.sounding for turn in film.turns] == [(first,), (second,), (first, second)]
    assert [turn.start_s for turn in film.turns] == [0, 1, 2]
    assert [turn.end_s for turn in film.turns] == [1, 2, 3]
    for turn in film.turns:
        inside = slice(int((turn.start_s + 0.1) * RATE_HZ), int((turn.end_s - 0.1) * RATE_HZ))
        for name, stem in film.stems.items():
            assert stem[inside].any() == (name in turn.sounding)


def test_the_sound_is_the_sum_of_its_stems(film):
    assert film.waveform.shape == (3 * RATE_HZ,)
    assert film.waveform.dtype == np.float32
    assert 0.05 < np.abs(film.waveform).max() <= 0.9
    np.testing.assert_allclose(sum(film.stems.values()), film.waveform, atol=1e-6)


def test_who_plays_is_known_at_every_moment(film):
    for t_s, turn in ((0.0, 0), (0.99, 0), (1.0, 1), (2.5, 2), (3.0, 2)):
        sounding = {p.instrument for p in film.placed_at(t_s) if p.sounding}
        assert sounding == set(film.turns[turn].sounding)


def look_into(picture: np.ndarray, box: tuple[float, ...]) -> np.ndarray:
    """What a normalised box holds, coarsely: (8, 8, 3)."""
    pixels = tuple(np.array(box) * len(picture))
    return np.asarray(Image.fromarray(picture).resize((8, 8), Image.Resampling.BOX, pixels), int)


def test_boxes_follow_the_camera(film):
    """What a box holds in a frame is what it holds in the drawing, and 3 % aside it is not."""
    num_compared = 0
    for k in range(0, film.num_frames, 6):
        frame = film.draw_frame(k)
        for shown, placed in zip(film.placed_at(k / film.fps), film.placed, strict=True):
            if min(shown.box) > 0.03 and max(shown.box) < 0.97:
                expected = look_into(film.drawing, placed.box)
                assert np.abs(look_into(frame, shown.box) - expected).mean() < 5
                aside = tuple(np.array(shown.box) + 0.03)
                assert np.abs(look_into(frame, aside) - expected).mean() > 6
                num_compared += 1
    assert num_compared > 2


def test_the_camera_moves_slowly_and_stays_in_the_room(film):
    steps = np.abs(np.diff(film.corners, axis=0))
    assert steps.max() < 0.05
    assert film.corners.min() >= 0
    assert film.corners.max() <= 1 - VIEW
    moves = [np.ptp(make_moving_clip(3, i, image_px=16).corners, axis=0).max() for i in range(8)]
    assert np.median(moves) > 0.03


def test_instruments_stay_in_sight():
    for index in range(20):
        clip = make_moving_clip(3, index, image_px=16)
        boxes = np.array([p.box for p in clip.placed])
        room = boxes[:, 2:].max(0) - boxes[:, :2].min(0) <= VIEW  # they fit, across or down
        for t_s in (0.0, 4.5, 8.9):
            shown = np.array([p.box for p in clip.placed_at(t_s)])
            sizes = (shown[:, 2:] - shown[:, :2]) * VIEW
            np.testing.assert_allclose(
                sizes[:, room], (boxes[:, 2:] - boxes[:, :2])[:, room], atol=1e-6
            )


def test_frames(film):
    frames = list(film.frames())
    assert len(frames) == film.num_frames == 24
    assert all(frame.shape == (192, 192, 3) and frame.dtype == np.uint8 for frame in frames)


def test_the_same_numbers_give_the_same_film(film):
    again = make_moving_clip(3, 1, image_px=192, turn_s=1.0, fps=8)
    np.testing.assert_array_equal(film.waveform, again.waveform)
    np.testing.assert_array_equal(film.draw_frame(5), again.draw_frame(5))
    other = make_moving_clip(3, 2, image_px=192, turn_s=1.0, fps=8)
    assert not np.array_equal(film.corners, other.corners)


@pytest.mark.parametrize(("kind", "num_sounding"), [("solo", 1), ("silent", 1), ("empty", 0)])
def test_one_player_plays_one_long_turn(kind, num_sounding):
    clip = make_moving_clip(3, 0, kind, image_px=16, turn_s=0.5)
    (turn,) = clip.turns
    assert (turn.start_s, turn.end_s, len(turn.sounding)) == (0, 1.5, num_sounding)
    if kind == "empty":
        assert np.abs(clip.waveform).max() < 0.03


def test_mistakes_are_told():
    for arguments in ({"turn_s": 0}, {"fps": -1}):
        with pytest.raises(ValueError, match="above 0"):
            make_moving_clip(0, 0, **arguments)
    with pytest.raises(ValueError, match="trio"):
        make_moving_clip(0, 0, "trio")
