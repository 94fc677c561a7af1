"""Published boxes as they are, made into boxes in the picture; what was changed is said."""

from collections.abc import Sequence
from typing import Any


def cut_boxes(
    boxes: list[Any] | None, by_annotator: bool = False
) -> tuple[list[Any] | None, list[str]]:
    """Cut boxes at the picture's edge and drop those that have nothing in it.

    Args:
        boxes: None, a list of boxes, or, `by_annotator`, a list of them for each person.
    Returns:
        the boxes in the same form, all valid, and a sentence for each one that was changed.
    Raises:
        ValueError: if there were boxes, and none is left.
    """
    if boxes is None:
        return None, []
    notes: list[str] = []
    cut = [_cut_all(part if by_annotator else [part], notes) for part in boxes]
    if notes and not any(cut):
        raise ValueError(f"none of its boxes is left: {notes[0]}")
    return cut if by_annotator else [box for part in cut for box in part], notes


def cut_objects(objects: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[str]]:
    """The same for objects, each of which has a `box`; those without one left are dropped."""
    notes: list[str] = []
    cut = [(thing, _cut_all([thing.get("box")], notes)) for thing in objects]
    return [{**thing, "box": boxes[0]} for thing, boxes in cut if boxes], notes


def _cut_all(boxes: Any, notes: list[str]) -> list[list[float]]:
    if not isinstance(boxes, list):
        boxes = [boxes]
    kept = []
    for box in boxes:
        if not _is_four_numbers(box):
            notes.append(f"dropped what is not a box of four numbers: {box!r:.80}")
            continue
        x0, y0, x1, y1 = cut = [float(min(max(value, 0), 1)) for value in box]
        if not (x0 < x1 and y0 < y1):
            notes.append(f"dropped a box that has nothing in the picture: {box!r:.80}")
            continue
        if cut != list(box):
            notes.append(f"cut a box at the picture's edge: {box!r:.80}")
        kept.append(cut)
    return kept


def _is_four_numbers(box: Any) -> bool:
    # A value that is not equal to itself is NaN.
    return (
        isinstance(box, list | tuple)
        and len(box) == 4
        and all(type(value) in (int, float) and value == value for value in box)
    )
