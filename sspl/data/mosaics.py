"""Mosaics: pictures of different classes side by side, with the sound of one of them.

Which of n pictures sounds is answered by chance in 1/n of all mosaics, and whoever does not listen
can do no better: each of the pictures is as likely to sound. openpairs' mosaics are such files.

Letters: N pairs, M mosaics, n tiles of a mosaic, k boxes.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sspl.data.manifest import AnnotatedObject
from sspl.data.pairs import Pairs, split_labels
from sspl.data.stores import Store

NumTiles = Literal[2, 4]
Layout = tuple[int, int]  # rows, columns; tiles are numbered row by row
Box = tuple[float, float, float, float]
LAYOUTS: dict[NumTiles, Layout] = {2: (1, 2), 4: (2, 2)}  # left and right, or a square of four
MOST_APART = 0.01  # of a side: how far a box may be from its tile


def make_mosaics(pairs: Pairs, num_tiles: NumTiles, seed: int) -> Pairs:
    """Each pair's picture beside those of other classes, under its own sound.

    A pair takes part if it is a single photograph: not a mosaic already, nor one in which nothing
    that sounds is seen, of which the class is not known. Each of these sounds in exactly one
    mosaic; the seed draws its partners, no two of one class ("cello+flute" is of two, and so is
    a picture with objects of two), and its tile, every tile as often as any other.

    Args:
        pairs: N of them; pictures (3, px, px) are read when the mosaic is.
    Returns:
        M pairs with pictures of the same size, each squashed to its tile. The sounding pair's
        sound, label, annotators and boxes go along, the boxes into its tile; where nobody
        annotated it the tile is the box. `objects` are the tiles.
    Raises:
        ValueError: for another number of tiles, pairs without labels, nothing that sounds, or too
            few classes.
    """
    if num_tiles not in LAYOUTS:
        raise ValueError(f"a mosaic of {num_tiles}: it has 2 or 4 tiles")
    singles = _list_singles(pairs)
    bare = [pairs.ids[i] for i in singles if not pairs.labels[i]]
    if bare:
        raise ValueError(
            f"{len(bare)} pairs have no label, {bare[0]!r} first: a mosaic needs labels, to set "
            "pictures of different classes side by side"
        )
    if not singles:
        raise ValueError("there is no single photograph of something that sounds: no mosaic")
    rng = np.random.default_rng([seed, 53])
    sounding = rng.permutation(np.arange(len(singles)) % num_tiles).tolist()
    partners = _draw_partners(rng, pairs, singles, num_tiles)
    tiles = list_tiles(LAYOUTS[num_tiles])
    members = [
        (*others[:tile], i, *others[tile:])
        for i, others, tile in zip(singles, partners, sounding, strict=True)
    ]
    people = pairs.num_annotators or [1] * len(pairs)
    return Pairs(
        ids=[f"{pairs.ids[i]}-mosaic{num_tiles}" for i in singles],
        images=Store(partial(_compose, pairs.images, LAYOUTS[num_tiles]), members),
        sounds=_take(pairs.sounds, singles),
        boxes=[
            _move_boxes(pairs.boxes[i], tiles[tile]) if people[i] else np.array([tiles[tile]])
            for i, tile in zip(singles, sounding, strict=True)
        ],
        labels=[pairs.labels[i] for i in singles],
        num_annotators=[people[i] or 1 for i in singles],
        objects=[
            tuple(
                AnnotatedObject(label=pairs.labels[j], box=box, sounding=k == tile)
                for k, (j, box) in enumerate(zip(shown, tiles, strict=True))
            )
            for shown, tile in zip(members, sounding, strict=True)
        ],
        sound_names=[pairs.sound_names[i] for i in singles] if pairs.sound_names else [],
    )


def list_tiles(layout: Layout) -> list[Box]:
    """The boxes of all tiles, row by row."""
    rows, columns = layout
    return [
        (column / columns, row / rows, (column + 1) / columns, (row + 1) / rows)
        for row in range(rows)
        for column in range(columns)
    ]


def find_layout(objects: Sequence[AnnotatedObject]) -> tuple[Layout, int] | None:
    """The layout of a mosaic and its sounding tile; None where the objects are no mosaic's.

    They are if they tile the picture: equal boxes, each place once, and exactly one sounds.
    """
    if len(objects) < 2 or sum(item.sounding for item in objects) != 1:
        return None
    x0, y0, x1, y1 = objects[0].box
    layout = round(1 / (y1 - y0)), round(1 / (x1 - x0))
    if layout[0] * layout[1] != len(objects):
        return None
    tiles = np.array(list_tiles(layout))
    boxes = np.array([item.box for item in objects])
    apart = np.abs(boxes[:, None] - tiles).max(2)  # of each object from each tile
    nearest = apart.argmin(1)
    if apart.min(1).max() > MOST_APART or len(set(nearest.tolist())) < len(tiles):
        return None
    return layout, int(nearest[[item.sounding for item in objects].index(True)])


def list_tile_classes(pairs: Pairs) -> list[frozenset[str]]:
    """The classes in each mosaic, nothing for other pictures; empty where there is no mosaic."""
    found = [
        split_labels(item.label for item in objects) if find_layout(objects) else frozenset()
        for objects in pairs.objects
    ]
    return found if any(found) else []


def hide_tiles(pairs: Pairs) -> Pairs:
    """The same pairs; of mosaics it is not said what is in the picture."""
    return replace(pairs, objects=[() if find_layout(o) else o for o in pairs.objects])


def tile_truths(truths: Iterable[np.ndarray], num_tiles: NumTiles) -> Iterator[np.ndarray]:
    """Ground truths of single pictures, (H, W), in every tile at once: what mosaics' mean box is.

    H and W are multiples of the layout's rows and columns.
    """
    rows, columns = LAYOUTS[num_tiles]
    for truth in truths:
        yield np.tile(truth[::rows, ::columns], (rows, columns))


# --- Which pictures stand together ------------------------------------------------------------


def _list_singles(pairs: Pairs) -> list[int]:
    people = pairs.num_annotators or [1] * len(pairs)
    return [
        i
        for i in range(len(pairs))
        if (len(pairs.boxes[i]) or not people[i])
        and not (pairs.objects and find_layout(pairs.objects[i]))
    ]


def _draw_partners(
    rng: np.random.Generator, pairs: Pairs, singles: Sequence[int], num_tiles: int
) -> list[list[int]]:
    """For each of the single pictures n - 1 others; no two share a class."""
    seen = [
        split_labels([pairs.labels[i], *(o.label for o in pairs.objects[i])])
        if pairs.objects
        else split_labels([pairs.labels[i]])
        for i in singles
    ]
    groups: dict[frozenset[str], list[int]] = {}
    for i, classes in zip(singles, seen, strict=True):
        groups.setdefault(classes, []).append(i)
    partners = []
    for i, classes in zip(singles, seen, strict=True):
        # A few at random mostly do; all of them are gone through only where they do not.
        found = _extend(classes, _order(seen, rng.choice(len(seen), 16)), num_tiles - 1)
        if found is None:
            found = _extend(classes, _order(seen, rng.permutation(len(seen))), num_tiles - 1)
        if found is None:
            known = sorted(frozenset().union(*groups))
            named = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
            raise ValueError(
                f"{pairs.ids[i]!r} finds no {num_tiles - 1} pictures of other classes, no two "
                f"alike, for a mosaic of {num_tiles}: the classes here are {named}"
            )
        partners.append([groups[group][rng.integers(len(groups[group]))] for group in found])
    return partners


def _order(seen: Sequence[frozenset[str]], drawn: np.ndarray) -> list[frozenset[str]]:
    """What the drawn pictures hold, in their order, each once."""
    return list(dict.fromkeys(seen[j] for j in drawn))


def _extend(
    taken: frozenset[str], candidates: Sequence[frozenset[str]], num: int
) -> list[frozenset[str]] | None:
    """The first `num` of the candidates that share nothing with what is taken or one another."""
    if num == 0:
        return []
    for n, classes in enumerate(candidates):
        if taken.isdisjoint(classes):
            more = _extend(taken | classes, candidates[n + 1 :], num - 1)
            if more is not None:
                return [classes, *more]
    return None


# --- What a mosaic shows and plays ------------------------------------------------------------


def _compose(images: Tensor | Store, layout: Layout, members: Sequence[int]) -> Tensor:
    """(3, px, px) uint8: the pictures of n pairs, each squashed to its tile."""
    pictures = [images[i] for i in members]
    mosaic = torch.empty_like(pictures[0])
    height, width = mosaic.shape[1:]
    for picture, (x0, y0, x1, y1) in zip(pictures, list_tiles(layout), strict=True):
        (top, bottom), (left, right) = (
            (round(height * y0), round(height * y1)),
            (round(width * x0), round(width * x1)),
        )
        size = (bottom - top, right - left)
        squashed = F.interpolate(picture[None].float(), size=size, mode="bilinear", antialias=True)
        mosaic[:, top:bottom, left:right] = squashed[0].round().clamp(0, 255).to(mosaic.dtype)
    return mosaic


def _take(tensors: Tensor | Store, indices: list[int]) -> Tensor | Store:
    return tensors[indices] if isinstance(tensors, Tensor) else Store(tensors.__getitem__, indices)


def _move_boxes(boxes: np.ndarray, tile: Box) -> np.ndarray:
    """Boxes (k, 4) of a picture, squashed with it into its tile."""
    x0, y0, x1, y1 = tile
    return boxes * [x1 - x0, y1 - y0, x1 - x0, y1 - y0] + [x0, y0, x0, y0]
