"""What stands about in a room, with or without instruments: stands, chairs, plants, lamps.

Clutter is drawn from its own share of the random stream, whatever is played, and its colours are
pulled towards grey as the room's are, so it predicts nothing.
"""

from __future__ import annotations

import numpy as np

from sspl.data.orchestra.materials import vary
from sspl.data.orchestra.shapes import Drawing, darken, lighten, mix

_HAZE = (150, 144, 136)


def draw_clutter(rng: np.random.Generator, floor_y: float) -> Drawing:
    """Draws what stands about in a room: stands, chairs, plants, lamps, loudspeakers."""
    d = Drawing()
    kinds = (
        _draw_music_stand,
        _draw_chair,
        _draw_plant,
        _draw_lamp,
        _draw_speaker,
        _draw_microphone,
    )
    for _ in range(rng.integers(1, 5)):
        thing = Drawing()
        kinds[rng.integers(len(kinds))](thing, rng)
        size = rng.uniform(0.28, 0.48)
        foot = (rng.uniform(0.03, 0.97), rng.uniform(floor_y + 0.02, min(floor_y + 0.14, 0.99)))
        moved = thing.moved(np.diag([size * rng.choice([-1, 1]), size]), foot)
        moved.colours = [mix(colour, _HAZE, 0.4) for colour in moved.colours]
        draw_floor_shadow(d, foot, size * 0.24)
        d.extend(moved)
    return d


def draw_floor_shadow(d: Drawing, foot: tuple[float, float], radius: float) -> None:
    """Adds the soft shadow under something that stands at `foot`."""
    for share in (1.0, 0.75, 0.5):
        d.ellipse(foot[0], foot[1], radius * share, radius * share * 0.22, (30, 24, 20, 28))


# What stands about, one unit tall, its foot at (0, 0).


def _draw_music_stand(d: Drawing, rng: np.random.Generator) -> None:
    metal = (70, 70, 74)
    for x in (-0.16, 0.0, 0.16):
        d.stroke([(0, -0.16), (x, 0)], 0.02, metal)
    d.stroke([(0, -0.1), (0, -0.66)], 0.022, metal)
    d.polygon([(-0.24, -0.64), (0.24, -0.64), (0.27, -0.98), (-0.21, -0.98)], (88, 86, 88))
    d.box(-0.25, -0.655, 0.25, -0.625, metal)
    if rng.random() < 0.8:
        for x in (-0.18, 0.03):
            d.polygon(
                [(x, -0.66), (x + 0.17, -0.66), (x + 0.19, -0.93), (x + 0.02, -0.93)],
                (222, 218, 206),
            )
            for y in np.arange(-0.90, -0.68, 0.045):
                d.box(x + 0.03, y, x + 0.155, y + 0.010, (160, 156, 148))


def _draw_chair(d: Drawing, rng: np.random.Generator) -> None:
    wood = vary((122, 100, 80), rng, 16)
    d.stroke([(-0.2, -0.45), (-0.2, -0.96)], 0.04, darken(wood, 0.1))
    d.stroke([(0.2, -0.45), (0.2, -0.96)], 0.04, darken(wood, 0.1))
    for y in (-0.9, -0.76, -0.62):
        d.box(-0.2, y, 0.2, y + 0.06, wood)
    for x in (-0.15, 0.17):
        d.stroke([(x, -0.4), (x, -0.08)], 0.035, darken(wood, 0.3))
    for x in (-0.24, 0.25):
        d.stroke([(x, -0.42), (x * 1.08, 0)], 0.04, darken(wood, 0.15))
    d.polygon([(-0.26, -0.40), (0.26, -0.40), (0.21, -0.50), (-0.21, -0.50)], lighten(wood, 0.08))
    d.box(-0.26, -0.41, 0.26, -0.36, darken(wood, 0.12))


def _draw_plant(d: Drawing, rng: np.random.Generator) -> None:
    leaf = vary((98, 114, 88), rng, 12)
    for angle in rng.uniform(-1.2, 1.2, 9):
        length = rng.uniform(0.35, 0.68)
        tip = np.array([np.sin(angle) * length, -0.3 - np.cos(angle) * length])
        middle = np.array([tip[0] * 0.35, (tip[1] - 0.3) * 0.55])
        side = np.array([0.07, 0.02])
        d.blob(
            [(0, -0.28), middle - side, tip, middle + side],
            mix(leaf, (60, 80, 60), rng.uniform(0, 0.5)),
        )
    pot = vary((150, 122, 104), rng, 14)
    d.polygon([(-0.17, -0.32), (0.17, -0.32), (0.12, 0), (-0.12, 0)], pot)
    d.polygon([(0.03, -0.32), (0.17, -0.32), (0.12, 0), (0.03, 0)], darken(pot, 0.1))
    d.box(-0.19, -0.34, 0.19, -0.27, lighten(pot, 0.06))


def _draw_lamp(d: Drawing, rng: np.random.Generator) -> None:
    tall = rng.uniform(1.1, 1.5)
    d.ellipse(0, -0.01, 0.15, 0.035, (84, 80, 76))
    d.stroke([(0, -0.02), (0, -tall + 0.2)], 0.022, (84, 80, 76))
    d.polygon(
        [(-0.11, -tall), (0.11, -tall), (0.19, -tall + 0.26), (-0.19, -tall + 0.26)],
        (220, 208, 180),
    )
    d.polygon(
        [(0.0, -tall), (0.11, -tall), (0.19, -tall + 0.26), (0.03, -tall + 0.26)], (206, 194, 166)
    )


def _draw_speaker(d: Drawing, rng: np.random.Generator) -> None:
    case = vary((84, 78, 74), rng, 14)
    d.box(-0.2, -0.78, 0.2, 0, case)
    d.box(0.15, -0.78, 0.2, 0, darken(case, 0.15))
    for y, radius in ((-0.24, 0.14), (-0.56, 0.09), (-0.71, 0.035)):
        d.ellipse(-0.025, y, radius, radius, darken(case, 0.35))
        d.ellipse(-0.025, y, radius * 0.8, radius * 0.8, darken(case, 0.2))
        d.ellipse(-0.025, y, radius * 0.3, radius * 0.3, darken(case, 0.4))


def _draw_microphone(d: Drawing, rng: np.random.Generator) -> None:
    metal = (76, 76, 80)
    d.ellipse(0, -0.01, 0.14, 0.035, metal)
    d.stroke([(0, 0), (0, -0.95)], 0.02, metal)
    d.stroke([(0, -0.92), (0.2, -1.06)], 0.02, metal)
    d.stroke([(0.19, -1.05), (0.27, -1.1)], 0.055, (60, 60, 64))
    d.ellipse(0.29, -1.115, 0.05, 0.045, (130, 130, 134))
