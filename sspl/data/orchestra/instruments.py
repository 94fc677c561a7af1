"""The eleven instruments of MUSIC: their drawings, natural poses, sizes, and how they are held."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from sspl.data.orchestra.keys import draw_accordion, draw_xylophone
from sspl.data.orchestra.shapes import Drawing, turn_matrix
from sspl.data.orchestra.strings import draw_acoustic_guitar, draw_cello, draw_erhu, draw_violin
from sspl.data.orchestra.winds import (
    draw_clarinet,
    draw_flute,
    draw_saxophone,
    draw_trumpet,
    draw_tuba,
)

Posture = Literal["sit", "stand", "either"]


@dataclass(frozen=True, kw_only=True)
class _Kind:
    draw: Callable[[np.random.Generator], Drawing]
    turn_deg: tuple[float, float]  # natural slant, clockwise from how it is drawn
    long_side: tuple[float, float]  # of its box, as a share of the picture's side
    heads: float  # its length, in heights of the player's head
    anchor: tuple[float, float]  # where on the player `hold` goes, in heads below the neck
    posture: Posture


_KINDS: dict[str, _Kind] = {
    "accordion": _Kind(draw=draw_accordion, turn_deg=(-14, 14), long_side=(0.28, 0.50),
                       heads=2.9, anchor=(0.0, 1.15), posture="either"),
    "acoustic_guitar": _Kind(draw=draw_acoustic_guitar, turn_deg=(38, 78), long_side=(0.34, 0.58),
                             heads=4.0, anchor=(-0.25, 1.75), posture="either"),
    "cello": _Kind(draw=draw_cello, turn_deg=(8, 25), long_side=(0.40, 0.60),
                   heads=4.3, anchor=(0.15, 1.75), posture="sit"),
    "clarinet": _Kind(draw=draw_clarinet, turn_deg=(-42, -14), long_side=(0.38, 0.60),
                      heads=3.0, anchor=(0.0, -0.42), posture="either"),
    "erhu": _Kind(draw=draw_erhu, turn_deg=(-10, 16), long_side=(0.38, 0.60),
                  heads=3.4, anchor=(0.35, 2.0), posture="sit"),
    "flute": _Kind(draw=draw_flute, turn_deg=(8, 30), long_side=(0.40, 0.60),
                   heads=3.1, anchor=(0.0, -0.44), posture="either"),
    "saxophone": _Kind(draw=draw_saxophone, turn_deg=(-18, 20), long_side=(0.32, 0.55),
                       heads=3.0, anchor=(0.0, -0.40), posture="either"),
    "trumpet": _Kind(draw=draw_trumpet, turn_deg=(-12, 30), long_side=(0.34, 0.58),
                     heads=2.6, anchor=(0.0, -0.42), posture="either"),
    "tuba": _Kind(draw=draw_tuba, turn_deg=(-12, 14), long_side=(0.34, 0.56),
                  heads=3.6, anchor=(0.0, -0.40), posture="sit"),
    "violin": _Kind(draw=draw_violin, turn_deg=(48, 112), long_side=(0.30, 0.52),
                    heads=2.9, anchor=(0.15, 0.12), posture="either"),
    "xylophone": _Kind(draw=draw_xylophone, turn_deg=(-6, 6), long_side=(0.36, 0.60),
                       heads=4.4, anchor=(0.0, 2.0), posture="stand"),
}  # fmt: skip

INSTRUMENTS: tuple[str, ...] = tuple(_KINDS)

_SMALLEST_AREA, _LARGEST_AREA = 0.042, 0.30  # of the picture, for the box of one instrument


@dataclass(frozen=True, kw_only=True)
class Pose:
    """An instrument as it will be drawn, before it is shifted: its box starts at (0, 0).

    `drawing` is in shares of the picture's side, with the marks `hold`, `left` and `right`.
    `size` is (width, height) of its box. `head` is the height of a fitting player's head, and
    `anchor` the position of `hold` on that player, in heads from the neck.
    """

    instrument: str
    drawing: Drawing
    size: tuple[float, float]
    head: float
    anchor: tuple[float, float]
    posture: Posture


def pose_instrument(instrument: str, rng: np.random.Generator, shrink: float = 1.0) -> Pose:
    """Draws an instrument in a natural pose: turned, perhaps mirrored, slightly stretched.

    The long side of its box is 0.28 to 0.60 of the picture, times `shrink`; its area stays
    between 0.042 and 0.30 of the picture for a `shrink` of one. A bow or mallet is drawn only
    where it touches, and then belongs to the instrument and to its box.

    Raises ValueError for a name that is not in `INSTRUMENTS`.
    """
    if instrument not in _KINDS:
        raise ValueError(f"unknown instrument {instrument!r}: use one of {', '.join(INSTRUMENTS)}")
    kind = _KINDS[instrument]
    upright = kind.draw(rng)
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    stretch = np.diag([mirror * rng.uniform(0.93, 1.07), rng.uniform(0.93, 1.07)])
    turn = turn_matrix(mirror * rng.uniform(*kind.turn_deg)) @ stretch
    turned = upright.moved(turn)
    x0, y0, x1, y1 = turned.bounds()
    width, height = x1 - x0, y1 - y0
    scale = rng.uniform(*kind.long_side) / max(width, height)
    scale = np.clip(scale, *np.sqrt(np.array([_SMALLEST_AREA, _LARGEST_AREA]) / (width * height)))
    scale = float(min(scale, 0.60 / max(width, height))) * shrink
    drawing = turned.moved(np.eye(2) * scale, (-x0 * scale, -y0 * scale))
    return Pose(
        instrument=instrument,
        drawing=drawing,
        size=(width * scale, height * scale),
        head=scale / kind.heads,
        anchor=(mirror * kind.anchor[0], kind.anchor[1]),
        posture=kind.posture,
    )
