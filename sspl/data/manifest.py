"""Pairs from a folder with `manifest.jsonl`: the one format on disk.

A line is a JSON object: `id`, `image` and `audio` (paths in the folder), `boxes` (normalised
x0, y0, x1, y1 of what sounds; may be empty), `label` and `split`.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from PIL import Image

from sspl.audio import hear_clip
from sspl.data.pairs import Pairs, map_on_all_cores
from sspl.media import read_audio, read_image

MANIFEST = "manifest.jsonl"
IMAGE_PX = 256  # frames are squashed to this first (the authors' code)


@dataclass(frozen=True, kw_only=True)
class Row:
    """A line of a manifest; `image` and `audio` are full paths, `boxes` (k, 4) float32."""

    id: str
    image: Path
    audio: Path
    boxes: np.ndarray
    label: str
    split: str


def read_manifest(folder: str | Path, split: str | None = None) -> list[Row]:
    """The rows of a folder's manifest, those of one split or all.

    Raises:
        ValueError: a sentence naming file and line, if the manifest is missing, a line is not as
            above, an id comes twice, or the split has no rows.
    """
    path = Path(folder) / MANIFEST
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError as error:
        raise ValueError(f"{path} does not exist: name a folder that holds a manifest") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read as text: {error}") from error
    rows, seen = [], set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = _parse_row(Path(folder), json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            what = f"it has no {error}" if isinstance(error, KeyError) else str(error)
            raise ValueError(f"{path}, line {number}: {what}") from error
        if row.id in seen:
            raise ValueError(f"{path}, line {number}: the id {row.id!r} comes a second time")
        seen.add(row.id)
        rows.append(row)
    chosen = [row for row in rows if split in (None, row.split)]
    if not chosen:
        splits = ", ".join(sorted({row.split for row in rows})) or "none"
        raise ValueError(f"{path} has no rows of split {split!r}; its splits: {splits}")
    return chosen


def _parse_row(folder: Path, fields: Any) -> Row:
    if not isinstance(fields, dict):
        raise ValueError("it is not a JSON object")
    for name in ("id", "image", "audio", "label", "split"):
        if not isinstance(fields[name], str) or not fields[name]:
            raise ValueError(f"{name} is {fields[name]!r}; it must be a text")
    for name in ("image", "audio"):
        # By the letter, so that a link to a file elsewhere may stand in the folder.
        inside = os.path.normpath(fields[name])
        if os.path.isabs(inside) or inside.startswith(".."):
            raise ValueError(f"{name} leads out of the folder: {fields[name]}")
    boxes = fields["boxes"]
    if not isinstance(boxes, list) or any(np.shape(box) != (4,) for box in boxes):
        raise ValueError("boxes must be a list of boxes, each four numbers: x0, y0, x1, y1")
    boxes = np.array(boxes, np.float32).reshape(-1, 4)
    if not ((boxes >= 0) & (boxes <= 1)).all() or not (boxes[:, :2] < boxes[:, 2:]).all():
        raise ValueError("boxes must be x0 < x1, y0 < y1, all between 0 and 1")
    return Row(
        id=fields["id"],
        image=folder / fields["image"],
        audio=folder / fields["audio"],
        boxes=boxes,
        label=fields["label"],
        split=fields["split"],
    )


def manifest_pairs(
    folder: str | Path,
    split: str,
    embeddings: str | Path | None = None,
    num: int = 0,
    seed: int = 0,
) -> Pairs:
    """Read the pairs of a split into memory, on all cores, with a progress bar.

    Args:
        embeddings: an .npz with `ids` and `embedding` (N, A): the sounds as another network
            embedded them, by the stem of their file; the sounds themselves are not read.
        num: so many rows, drawn at random by `seed`; 0 takes all.
    Raises:
        ValueError: naming the row, if one of its files cannot be read; nothing is replaced.
    """
    rows = read_manifest(folder, split)
    if num > len(rows):
        raise ValueError(
            f"{folder} has {len(rows)} rows of split {split!r}, not {num}: take fewer with "
            "--num-train, or all of them with 0"
        )
    if num:
        rows = [rows[i] for i in sorted(np.random.default_rng(seed).permutation(len(rows))[:num])]
    heard = None if embeddings is None else _find_embeddings(embeddings, rows)
    read = partial(_read_row, hear=heard is None)
    images = torch.empty(len(rows), 3, IMAGE_PX, IMAGE_PX, dtype=torch.uint8)
    sounds = []
    for i, (picture, sound) in enumerate(map_on_all_cores(read, rows, f"read {split}")):
        images[i] = torch.from_numpy(picture).permute(2, 0, 1)
        sounds.append(sound)
    return Pairs(
        ids=[row.id for row in rows],
        images=images,
        sounds=torch.from_numpy(np.stack(sounds) if heard is None else heard),
        boxes=[row.boxes for row in rows],
        labels=[row.label for row in rows],
    )


def open_embeddings(path: str | Path) -> tuple[list[str], np.ndarray]:
    """The ids (N) and the embeddings (N, A) float32 of an .npz, see `manifest_pairs`.

    Raises:
        ValueError: if the file is not such a one.
    """
    try:
        with Path(path).open("rb") as opened, np.load(opened) as file:
            ids, embedding = file["ids"], file["embedding"].astype(np.float32)
    except (OSError, ValueError, KeyError, TypeError, BadZipFile) as error:
        raise ValueError(f"{path} is not an .npz with `ids` and `embedding`: {error}") from error
    if embedding.ndim != 2 or len(ids) != len(embedding):
        raise ValueError(f"{path}: `embedding` must be (N, A), a row for each of the N `ids`")
    if not np.isfinite(embedding).all():
        raise ValueError(f"{path}: an embedding holds NaN or infinite values")
    return [str(name) for name in ids], embedding


def _find_embeddings(path: str | Path, rows: Sequence[Row]) -> np.ndarray:
    """The embedding of each row's sound as its only patch: (N, 1, A) float32."""
    ids, embedding = open_embeddings(path)
    place = {name: i for i, name in enumerate(ids)}
    missing = [row for row in rows if row.audio.stem not in place]
    if missing:
        raise ValueError(f"{path} has no embedding for {missing[0].audio.name} ({missing[0].id})")
    return embedding[[place[row.audio.stem] for row in rows]][:, None]


def _read_row(row: Row, hear: bool) -> tuple[np.ndarray, np.ndarray | None]:
    try:
        picture = Image.fromarray(read_image(row.image)).resize((IMAGE_PX, IMAGE_PX))
        sound = hear_clip(torch.from_numpy(read_audio(row.audio))).numpy() if hear else None
    except ValueError as error:
        raise ValueError(f"row {row.id!r}: {error}") from error
    return np.array(picture), sound
