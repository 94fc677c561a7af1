"""Mosaics: photographs of different kinds in one picture, one of which sounds."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from sspl.data.manifest import IMAGE_PX
from sspl.prepare.items import Item
from sspl.prepare.pairing import choose, draw
from sspl.prepare.parts import Part, describe_sound

SIZES = (2, 4)


def compose_mosaic(pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Pictures (H, W, 3) uint8, each squashed to its tile, as one (256, 256, 3) uint8."""
    whole = np.empty((IMAGE_PX, IMAGE_PX, 3), np.uint8)
    for picture, box in zip(pictures, list_tiles(len(pictures)), strict=True):
        x0, y0, x1, y1 = (round(side * IMAGE_PX) for side in box)
        whole[y0:y1, x0:x1] = np.asarray(Image.fromarray(picture).resize((x1 - x0, y1 - y0)))
    return whole


def list_tiles(num: int) -> list[list[float]]:
    """The boxes of two tiles side by side, or of four row by row: (x0, y0, x1, y1) in [0, 1]."""
    assert num in SIZES
    rows = num // 2
    return [[x / 2, y / rows, (x + 1) / 2, (y + 1) / rows] for y in range(rows) for x in range(2)]


def list_mosaics(
    size: int, num: int, pictures: Sequence[Part], sounds: Sequence[Part], seed: int
) -> list[Item]:
    """Mosaics of test pictures of so many labels, with a test sound of one of them.

    Args:
        size: 2 or 4.
        pictures, sounds: with splits, and with the label as their kind.
    Raises:
        ValueError: if there are too few labels.
    """
    seen, heard = _group_tests(pictures), _group_tests(sounds)
    audible = sorted(seen.keys() & heard.keys())
    if len(seen) < size or not audible:
        raise ValueError(
            f"a mosaic of {size} needs test pictures of {size} labels and a test sound of one of "
            f"them, and there are pictures of {len(seen)} and sounds of {len(audible)}: add rows "
            "to the table, or leave --mosaics out."
        )
    items = []
    for number in range(num):
        key = (seed, f"mosaic-{size}", number)
        sounding = max(audible, key=lambda label: draw(*key, "sounding", label))
        others = sorted(seen.keys() - {sounding}, key=lambda label: draw(*key, "silent", label))
        labels = sorted(
            [sounding, *others[: size - 1]], key=lambda label: draw(*key, "tile", label)
        )
        parts = [choose(seen[label], *key, "picture") for label in labels]
        sound = choose(heard[sounding], *key, "sound")
        boxes = list_tiles(size)
        items.append(
            Item(
                id=f"mosaic-{size}/{number:04d}",
                picture=None,
                tiles=tuple(part.file for part in parts if isinstance(part.file, Path)),
                boxes=[boxes[labels.index(sounding)]],
                objects=tuple(
                    {"label": label, "box": box, "sounding": label == sounding}
                    for label, box in zip(labels, boxes, strict=True)
                ),
                label=sounding,
                split="test",
                lists=(f"mosaic-{size}",),
                credits=(*(part.credit for part in parts), sound.credit),
                **describe_sound(sound),
            )
        )
    return items


def _group_tests(parts: Sequence[Part]) -> dict[str, list[Part]]:
    groups: dict[str, list[Part]] = {}
    for part in parts:
        if part.split == "test":
            groups.setdefault(part.kind, []).append(part)
    return groups
