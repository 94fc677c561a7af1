"""Clips: what each kind holds, exact boxes, low floors, and the same clip at every size."""

from collections import Counter
from typing import get_args

import numpy as np
import pytest
from PIL import Image

from sspl.data.orchestra import INSTRUMENTS, Kind, draw_picture, make_clip, make_sound

KINDS = get_args(Kind)
#                  drawn, sounding, both
EXPECTED_NUMBERS = {
    "solo": (1, 1, 1),
    "duet": (2, 2, 2),
    "silent": (2, 1, 1),
    "offscreen": (1, 1, 0),
    "empty": (0, 0, 0),
}


@pytest.fixture(scope="module")
def solo_boxes() -> np.ndarray:
    """Boxes (300, 4) of solo scenes; small pictures, since their size does not change a box."""
    return np.array([draw_picture(5, index, "solo", 16)[1][0].box for index in range(300)])


def measure_overlaps(box: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """Returns the intersection over union of one box with each of the boxes (n, 4)."""
    sides = np.minimum(box[2:], boxes[:, 2:]) - np.maximum(box[:2], boxes[:, :2])
    shared = np.maximum(sides, 0).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return shared / (np.prod(box[2:] - box[:2]) + areas - shared)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_draws_and_plays_what_it_promises(kind):
    for index in range(4):
        clip = make_clip(3, index, kind, image_px=64, duration_s=0.5)
        assert clip.id == f"orchestra-s3-{kind}-{index:05d}"
        drawn = {placed.instrument for placed in clip.placed}
        assert (len(drawn), len(clip.stems), len(clip.boxes)) == EXPECTED_NUMBERS[kind]
        assert clip.label == "+".join(clip.stems)
        assert drawn | set(clip.stems) <= set(INSTRUMENTS)
        assert {p.instrument for p in clip.placed if p.sounding} == drawn & set(clip.stems)
        assert clip.image.shape == (64, 64, 3)
        assert clip.image.dtype == np.uint8
        assert clip.boxes.dtype == np.float32
        assert clip.boxes.shape[1] == 4


@pytest.mark.parametrize("kind", KINDS)
def test_stems_add_up_to_the_waveform(kind):
    waveform, stems = make_sound(3, 1, kind, 1.0)
    assert waveform.shape == (16000,)
    assert waveform.dtype == np.float32
    assert np.abs(waveform).max() <= 0.9
    if stems:
        assert np.allclose(sum(stems.values()), waveform, atol=1e-6)
        assert all(np.abs(stem).max() > 0.005 for stem in stems.values())
    else:  # a room without music is quiet, but not digitally silent
        assert 0 < np.abs(waveform).max() < 0.01


def test_the_same_numbers_give_the_same_clip_and_others_another():
    first, again = (make_clip(3, 7, "duet", 64, 0.5) for _ in range(2))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.waveform, again.waveform)
    assert first.placed == again.placed
    for seed, index in ((3, 8), (4, 7)):
        assert not np.array_equal(first.image, draw_picture(seed, index, "duet", 64)[0])


@pytest.mark.parametrize("kind", ["solo", "silent", "offscreen"])
def test_a_smaller_world_holds_the_first_instruments_only(kind):
    clips = [make_clip(3, i, kind, 32, 0.1, num_instruments=3) for i in range(30)]
    seen = {placed.instrument for clip in clips for placed in clip.placed}
    heard = {clip.label for clip in clips}
    assert seen == heard == set(INSTRUMENTS[:3])
    assert clips[4].id == f"orchestra3-s3-{kind}-00004"


def test_the_whole_world_is_the_one_without_a_number():
    clip, numbered = make_clip(3, 1, "duet", 64, 0.5), make_clip(3, 1, "duet", 64, 0.5, 11)
    assert (clip.id, clip.placed) == (numbered.id, numbered.placed)
    assert np.array_equal(clip.image, numbered.image)
    assert np.array_equal(clip.waveform, numbered.waveform)


def test_every_size_shows_the_same_picture():
    large, placed = draw_picture(3, 2, "solo", 1024)
    for image_px in (64, 224, 256):
        small, same = draw_picture(3, 2, "solo", image_px)
        assert same == placed
        reduced = Image.fromarray(large).resize((image_px, image_px), Image.Resampling.BOX)
        difference = np.abs(small.astype(int) - np.asarray(reduced, int))
        assert difference.mean() < 4


def test_a_longer_sound_begins_with_the_same_notes():
    short, _ = make_sound(3, 5, "solo", 0.6)
    long, _ = make_sound(3, 5, "solo", 1.2)
    half = len(short) // 2
    assert np.corrcoef(short[:half], long[:half])[0, 1] > 0.99


def test_boxes_lie_inside_the_picture_and_are_not_small(solo_boxes):
    assert solo_boxes.min() > 0
    assert solo_boxes.max() < 1
    areas = (solo_boxes[:, 2:] - solo_boxes[:, :2]).prod(axis=1)
    assert areas.min() > 0.03
    assert areas.max() < 0.31


def test_guessing_the_middle_finds_few_instruments(solo_boxes):
    for guess in (solo_boxes.mean(axis=0), np.array([0.3, 0.3, 0.7, 0.7]), np.array([0, 0, 1, 1])):
        assert (measure_overlaps(guess, solo_boxes) >= 0.5).mean() < 0.10


def test_two_instruments_hardly_overlap():
    for index in range(60):
        boxes = np.array([placed.box for placed in draw_picture(5, index, "duet", 16)[1]])
        sides = np.minimum(*boxes[:, 2:]) - np.maximum(*boxes[:, :2])
        smaller = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1).min()
        assert np.maximum(sides, 0).prod() < 0.10 * smaller


def test_all_instruments_are_about_equally_frequent():
    counts = Counter(draw_picture(6, i, "solo", 16)[1][0].instrument for i in range(220))
    assert set(counts) == set(INSTRUMENTS)
    assert max(counts.values()) < 45  # 20 expected


def test_rooms_are_duller_than_instruments():
    """Colourfulness, the spread between a pixel's channels, inside and outside the boxes."""
    inside, outside = [], []
    for index in range(40):
        image, placed = draw_picture(8, index, "solo", 64)
        colourfulness = np.ptp(image.astype(int), axis=2)
        x0, y0, x1, y1 = (round(edge * 64) for edge in placed[0].box)
        mask = np.zeros((64, 64), bool)
        mask[y0:y1, x0:x1] = True
        inside.append(np.percentile(colourfulness[mask], 80))
        outside.append(np.percentile(colourfulness[~mask], 80))
    assert np.mean(inside) > 1.5 * np.mean(outside)


@pytest.mark.parametrize("make", [make_clip, draw_picture, make_sound])
def test_mistakes_are_told(make):
    with pytest.raises(ValueError, match="trio"):
        make(0, 0, "trio")
    with pytest.raises(ValueError, match="negative"):
        make(-1, 0, "solo")
    with pytest.raises(ValueError, match="negative"):
        make(0, -1, "solo")
    for num in (1, 12):
        with pytest.raises(ValueError, match=f"num_instruments is {num}: take 2 to 11"):
            make(0, 0, "solo", num_instruments=num)


def test_a_picture_needs_a_size():
    with pytest.raises(ValueError, match="image_px"):
        draw_picture(0, 0, "solo", 4)
