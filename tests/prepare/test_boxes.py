import pytest

from sspl.prepare.boxes import cut_boxes, cut_objects

GOOD = [0.25, 0.125, 0.75, 0.5]


def test_good_boxes_stay_as_they_are():
    for boxes in (None, [], [GOOD], [GOOD, [0, 0, 1, 1]]):
        assert cut_boxes(boxes) == (boxes, [])
    for boxes in (None, [], [[GOOD], [GOOD, GOOD]], [[GOOD], []], [[], []]):
        assert cut_boxes(boxes, by_annotator=True) == (boxes, [])


def test_boxes_are_cut_at_the_edge():
    cut, notes = cut_boxes([[-0.5, 0.2, 1.5, 0.8], GOOD])
    assert cut == [[0, 0.2, 1, 0.8], GOOD]
    assert len(notes) == 1
    assert "edge" in notes[0]
    assert "-0.5" in notes[0]


@pytest.mark.parametrize(
    "bad",
    [
        [0.26875, 1.0, 0.753125, 1.0],  # vggss.json has such
        [0.396875, 0.6625, -2.8823037615171176e16, 0.984375],
        [0.7, 0.1, 0.3, 0.5],
        [float("nan"), 0, 1, 1],
        [1.2, 0, 1.5, 1],
        [0, 0, 1],
        [0, 0, 1, "1"],
        [0, 0, 1, True],
        "box",
        None,
        {"x": 1},
        [],
    ],
)
def test_a_box_with_nothing_left_is_dropped(bad):
    cut, notes = cut_boxes([GOOD, bad])
    assert cut == [GOOD]
    assert len(notes) == 1
    assert cut_boxes([[GOOD], [bad]], by_annotator=True) == ([[GOOD], []], notes)
    with pytest.raises(ValueError, match="none of its boxes is left"):
        cut_boxes([bad])


def test_numbers_of_any_size_and_every_annotator_count():
    cut, notes = cut_boxes(
        [[[0, 0, 10**400, float("inf")]], [[0.5, 0, 0.5, 1]], []], by_annotator=True
    )
    assert cut == [[[0, 0, 1, 1]], [], []]
    assert len(notes) == 2


def test_objects_without_a_box_left_are_dropped():
    cello = {"label": "cello", "box": GOOD, "sounding": True}
    assert cut_objects([cello]) == ([cello], [])
    kept, notes = cut_objects([cello, {**cello, "box": [2, 2, 3, 3]}, {"label": "flute"}])
    assert kept == [cello]
    assert len(notes) == 2
