"""The one format on disk: a folder with `manifest.jsonl`, a JSON object a line.

    id         its name; no two are the same
    image      a picture, and
    audio      a sound: paths inside the folder
    video      where both come from, perhaps; inside the folder, too
    start_s    where in the sound its 3 s begin; without it they are the middle
    boxes      (x0, y0, x1, y1) in [0, 1] of the visible sources; `[]` where there are none, absent
               or null where nobody annotated. Of several annotators, a list for each
    label      the class of what sounds, perhaps
    split      "train", "val", "test", or another name
    lists      the published clip lists that it is on, perhaps
    audio_source  the recording that the sound was cut from, perhaps
    objects    what is visible, sounding or not, perhaps: a `label`, a `box`, `sounding` for each

What else a line holds is left alone.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from sspl.media.files import replace_when_done

MANIFEST = "manifest.jsonl"
IMAGE_PX = 256  # frames are squashed to this first (the authors' code)


@dataclass(frozen=True, kw_only=True)
class AnnotatedObject:
    """Something in the picture; `box` is (x0, y0, x1, y1) in [0, 1]."""

    label: str
    box: tuple[float, float, float, float]
    sounding: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a manifest.

    Attributes:
        image, audio, video: full paths.
        start_s: where in the sound its 3 s begin; None is around its middle.
        boxes: (k, 4) float64, those of all annotators.
        num_annotators: 0 where nobody annotated, 1 where the union of the boxes counts, else
            their consensus.
    """

    id: str
    image: Path
    audio: Path
    video: Path | None
    start_s: float | None
    boxes: np.ndarray
    num_annotators: int
    label: str
    split: str
    lists: tuple[str, ...]
    objects: tuple[AnnotatedObject, ...]


def read_manifest(
    folder: str | Path, split: str | None = None, list_name: str | None = None
) -> list[Row]:
    """The rows of a folder's manifest: all of them, or those of a split and on a list.

    Raises:
        ValueError: a sentence naming file and line, if the manifest is missing, a line is not as
            above, an id comes twice, or no row is left.
    """
    folder = Path(folder)
    path = folder / MANIFEST
    rows: list[Row] = []
    lines_by_id: dict[str, int] = {}
    for number, line in _read_lines(path):
        try:
            row = _parse_row(folder, json.loads(line))
        except (ValueError, TypeError, RecursionError) as error:
            raise ValueError(f"{path}, line {number}: {_say(error)}") from error
        if row.id in lines_by_id:
            first = lines_by_id[row.id]
            raise ValueError(f"{path}, line {number}: the id {row.id!r} is line {first}'s already")
        lines_by_id[row.id] = number
        rows.append(row)
    chosen = [row for row in rows if split in (None, row.split)]
    if not chosen:
        splits = ", ".join(sorted({row.split for row in rows})) or "none"
        raise ValueError(f"{path} has no rows of split {split!r}; its splits: {splits}")
    listed = [row for row in chosen if list_name is None or list_name in row.lists]
    if not listed:
        names = ", ".join(sorted({name for row in chosen for name in row.lists})) or "none"
        raise ValueError(f"{path} has no rows on the list {list_name!r}; its lists: {names}")
    return listed


def write_manifest(folder: str | Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write `manifest.jsonl`, whole or not at all."""
    with (
        replace_when_done(Path(folder) / MANIFEST) as unfinished,
        unfinished.open("w", encoding="utf-8") as file,
    ):
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n")


def read_fields(folder: str | Path) -> list[dict[str, Any]]:
    """The lines as they stand, to write them again; none where there is no manifest."""
    path = Path(folder) / MANIFEST
    return [json.loads(line) for _, line in _read_lines(path)] if path.exists() else []


def check_inside(path: str) -> str:
    """The path, if it stays in the folder that it is written for.

    By the letter, so that a link to a file elsewhere may stand in the folder.

    Raises:
        ValueError: if it is absolute, or climbs out.
    """
    inside = os.path.normpath(path)
    if os.path.isabs(inside) or inside.split(os.sep)[0] == "..":
        raise ValueError(f"{path!r} leads out of the folder")
    if "\0" in path:
        raise ValueError(f"{path!r} holds a zero byte")
    return path


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that are not blank, with their numbers."""
    try:
        # By line feeds alone: a text may hold other characters that count as line ends.
        lines = path.read_text(encoding="utf-8-sig").split("\n")
    except FileNotFoundError as error:
        raise ValueError(f"{path} does not exist: name a folder that holds a manifest") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read as text: {error}") from error
    return ((number, line) for number, line in enumerate(lines, 1) if line.strip())


def _say(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON ({error.msg} at column {error.colno})"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error)


def _parse_row(folder: Path, fields: Any) -> Row:
    if not isinstance(fields, dict):
        raise ValueError("it is not a JSON object")
    boxes, num_annotators = _parse_boxes(fields.get("boxes"))
    video = fields.get("video")
    return Row(
        id=_take_text(fields, "id"),
        image=_take_path(folder, fields, "image"),
        audio=_take_path(folder, fields, "audio"),
        video=None if video is None else _take_path(folder, fields, "video"),
        start_s=_parse_start(fields.get("start_s")),
        boxes=boxes,
        num_annotators=num_annotators,
        label="" if fields.get("label") in (None, "") else _take_text(fields, "label"),
        split=_take_text(fields, "split"),
        lists=_parse_lists(fields.get("lists", [])),
        objects=tuple(_parse_object(item) for item in _as_list(fields.get("objects"), "objects")),
    )


def _take_text(fields: dict[str, Any], name: str) -> str:
    if name not in fields:
        raise ValueError(f"it has no {name}")
    value = fields[name]
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} is {value!r}; it must be a text")
    return value


def _take_path(folder: Path, fields: dict[str, Any], name: str) -> Path:
    text = _take_text(fields, name)
    try:
        return folder / check_inside(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _parse_start(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e9:
        raise ValueError(f"start_s is {value!r}; it must be seconds, 0 or more")
    return float(value)


def _as_list(value: Any, name: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise ValueError(f"{name} must be a list")
    return value


def _parse_lists(value: Any) -> tuple[str, ...]:
    names = _as_list(value, "lists")
    if not all(isinstance(name, str) and name for name in names):
        raise ValueError("lists must be a list of names")
    return tuple(names)


def _parse_object(item: Any) -> AnnotatedObject:
    if not isinstance(item, dict):
        raise ValueError("objects must be a list of JSON objects")
    if not isinstance(item.get("sounding"), bool):
        raise ValueError("an object's sounding must be true or false")
    x0, y0, x1, y1 = _check_box(item.get("box"))
    return AnnotatedObject(
        label=_take_text(item, "label"), box=(x0, y0, x1, y1), sounding=item["sounding"]
    )


def _parse_boxes(value: Any) -> tuple[np.ndarray, int]:
    """All boxes (k, 4), and how many people drew them."""
    if value is None:
        return np.zeros((0, 4)), 0
    items = _as_list(value, "boxes")
    by_annotator = any(
        isinstance(item, list) and (not item or isinstance(item[0], list)) for item in items
    )
    lists = (
        [_as_list(boxes, "an annotator's boxes") for boxes in items] if by_annotator else [items]
    )
    boxes = [_check_box(box) for boxes in lists for box in boxes]
    return np.array(boxes, np.float64).reshape(-1, 4), len(lists)


def _check_box(box: Any) -> list[float]:
    if (
        not isinstance(box, list)
        or len(box) != 4
        or not all(type(value) in (int, float) for value in box)
    ):
        raise ValueError("boxes must be a list of boxes, each four numbers: x0, y0, x1, y1")
    x0, y0, x1, y1 = box
    # Written so that NaN fails.
    if not (0 <= x0 < x1 <= 1 and 0 <= y0 < y1 <= 1):
        raise ValueError("boxes must be x0 < x1, y0 < y1, all between 0 and 1")
    return box
