"""Quiet rooms: wall, floor, what belongs to the wall, and the light that falls on everything.

Rooms are dull on purpose. A loud background distinguishes pictures better than anything in
front of it, and a model that learns to distinguish pictures then localizes the background. Every
colour here is pulled towards the wall's own, and nothing here depends on the instruments.
"""

from __future__ import annotations

import numpy as np

from sspl.data.orchestra.materials import vary
from sspl.data.orchestra.shapes import Colour, Drawing, darken, lighten, mix

_WALLS = ((186, 180, 170), (170, 174, 172), (178, 170, 158), (160, 160, 164), (190, 186, 180),
          (152, 146, 138), (166, 172, 164), (176, 166, 162), (138, 136, 136))  # fmt: skip
_FLOORS = ((150, 132, 112), (132, 120, 108), (122, 118, 114), (160, 146, 128), (110, 100, 92))
_HAZE = 0.45  # how far every colour is pulled towards the wall's


def draw_room(rng: np.random.Generator) -> tuple[Drawing, float]:
    """Draws an empty room filling the unit square.

    Returns the drawing and the height (y, in [0, 1]) at which the wall meets the floor.
    """
    d = Drawing()
    wall = vary(_WALLS[rng.integers(len(_WALLS))], rng, 8)
    floor = mix(vary(_FLOORS[rng.integers(len(_FLOORS))], rng, 8), wall, 0.3)
    floor_y = rng.uniform(0.66, 0.86)
    d.box(0, 0, 1, 1, wall)
    style = rng.random()
    if style < 0.25:
        _draw_panelling(d, rng, wall, floor_y)
    elif style < 0.45:  # darker below a rail
        rail_y = floor_y - rng.uniform(0.2, 0.3)
        d.box(0, rail_y, 1, floor_y, darken(wall, 0.07))
        d.box(0, rail_y, 1, rail_y + 0.012, lighten(wall, 0.08))
    elif style < 0.6:  # bricks, barely visible
        for row, y in enumerate(np.arange(0.03, floor_y, 0.06)):
            d.box(0, y, 1, y + 0.003, darken(wall, 0.05))
            for x in np.arange(0.07 * (row % 2), 1, 0.14):
                d.box(x, y, x + 0.003, min(y + 0.06, floor_y), darken(wall, 0.05))
    things = (_draw_window, _draw_cache, _draw_frames, _draw_curtain)
    for chosen in rng.permutation(len(things))[: rng.integers(1, 4)]:
        things[chosen](d, rng, wall, floor_y)
    d.box(0, floor_y, 1, 1, floor)
    _draw_floor(d, rng, floor, floor_y)
    d.box(0, floor_y - 0.022, 1, floor_y, lighten(wall, 0.12))
    d.box(0, floor_y, 1, floor_y + 0.006, darken(floor, 0.16))
    return d, floor_y


def make_light(rng: np.random.Generator) -> np.ndarray:
    """Returns a coarse grid (8, 8) of brightness near one: light from a side, dimmer corners."""
    y, x = np.mgrid[0:8, 0:8] / 7 - 0.5
    angle, slope = rng.uniform(np.pi * 1.1, np.pi * 1.9), rng.uniform(0.02, 0.16)
    vignette = rng.uniform(0.0, 0.22)
    level = rng.uniform(0.92, 1.08)
    return level + slope * (np.cos(angle) * x + np.sin(angle) * y) - vignette * (x**2 + y**2)


def _draw_panelling(d: Drawing, rng: np.random.Generator, wall: Colour, floor_y: float) -> None:
    wood = mix((150, 122, 96), wall, rng.uniform(0.4, 0.75))
    top, step = rng.choice([0.0, 0.0, 0.35]), rng.uniform(0.06, 0.16)
    d.box(0, top, 1, floor_y, wood)
    for x in np.arange(rng.uniform(0, step), 1, step):
        d.box(x, top, x + 0.004, floor_y, darken(wood, 0.12))
        d.box(x + 0.004, top, x + 0.008, floor_y, lighten(wood, 0.07))
    if top:
        d.box(0, top - 0.012, 1, top + 0.006, darken(wood, 0.1))


def _draw_window(d: Drawing, rng: np.random.Generator, wall: Colour, floor_y: float) -> None:
    x, width = rng.uniform(-0.1, 0.8), rng.uniform(0.2, 0.36)
    y, height = rng.uniform(0.03, 0.14), rng.uniform(0.32, 0.48)
    frame, sky = lighten(wall, 0.22), mix((196, 204, 210), wall, 0.45)
    d.box(x - 0.018, y - 0.018, x + width + 0.018, y + height + 0.018, frame)
    d.box(x, y, x + width, y + height, sky)
    hills = [(0, 1), (0, 0.72), (0.4, 0.6), (1, 0.78), (1, 1)]
    d.polygon(np.array(hills) * (width, height) + (x, y), mix((150, 160, 146), wall, 0.5))
    gleam = [(0.1, 1), (0.5, 0), (0.75, 0), (0.35, 1)]
    d.polygon(np.array(gleam) * (width, height) + (x, y), (*lighten(sky, 0.5), 50))
    for share in (1 / 3, 2 / 3) if width > 0.28 else (1 / 2,):
        d.box(x + width * share - 0.006, y, x + width * share + 0.006, y + height, frame)
    d.box(x, y + height * 0.45, x + width, y + height * 0.45 + 0.010, frame)
    d.box(x - 0.03, y + height + 0.014, x + width + 0.03, y + height + 0.032, darken(frame, 0.06))
    if rng.random() < 0.5:
        for side in (x - 0.07, x + width):
            _draw_drape(d, rng, side, side + 0.07, y - 0.03, min(y + height + 0.12, floor_y), wall)


def _draw_curtain(d: Drawing, rng: np.random.Generator, wall: Colour, floor_y: float) -> None:
    width = rng.uniform(0.12, 0.3)
    left = 0.0 if rng.random() < 0.5 else 1 - width
    _draw_drape(d, rng, left, left + width, 0, floor_y + 0.01, wall)


def _draw_drape(
    d: Drawing, rng: np.random.Generator, x0: float, x1: float, y0: float, y1: float, wall: Colour
) -> None:
    tones = ((130, 96, 92), (96, 108, 120), (110, 116, 100), (140, 128, 110))
    cloth = mix(tones[rng.integers(len(tones))], wall, _HAZE)
    d.box(x0, y0, x1, y1, cloth)
    for x in np.arange(x0, x1 - 0.01, 0.024):
        d.box(x, y0, x + 0.008, y1, darken(cloth, 0.08))
        d.box(x + 0.012, y0, x + 0.016, y1, lighten(cloth, 0.05))


def _draw_cache(d: Drawing, rng: np.random.Generator, wall: Colour, floor_y: float) -> None:
    x, width = rng.uniform(-0.08, 0.8), rng.uniform(0.2, 0.34)
    top = rng.uniform(0.12, 0.3)
    wood = mix((128, 106, 86), wall, _HAZE)
    d.box(x, top, x + width, floor_y, wood)
    d.box(x + 0.014, top + 0.014, x + width - 0.014, floor_y - 0.014, darken(wood, 0.2))
    tones = ((128, 92, 84), (100, 108, 120), (120, 116, 94), (150, 140, 122), (96, 100, 96))
    shelves = max(2, int((floor_y - top) / 0.15))
    step = (floor_y - top - 0.014) / shelves
    for cache in range(shelves):
        y = top + 0.014 + (cache + 1) * step
        at = x + 0.02
        while at < x + width - 0.04:
            thick, tall = rng.uniform(0.014, 0.034), rng.uniform(0.5, 0.8) * step
            if rng.random() < 0.85:
                book = mix(tones[rng.integers(len(tones))], wall, 0.35)
                d.box(at, y - tall, at + thick - 0.002, y, book)
            at += thick
        d.box(x, y, x + width, y + 0.012, wood)


def _draw_frames(d: Drawing, rng: np.random.Generator, wall: Colour, floor_y: float) -> None:
    at = rng.uniform(-0.05, 0.7)
    for _ in range(rng.integers(1, 4)):
        width, height = rng.uniform(0.08, 0.2), rng.uniform(0.08, 0.18)
        x, y = at, rng.uniform(0.06, 0.26)
        at += width + rng.uniform(0.03, 0.12)
        frame = mix(((110, 92, 76), (90, 88, 88), (190, 180, 160))[rng.integers(3)], wall, 0.35)
        d.box(x + 0.006, y + 0.008, x + width + 0.006, y + height + 0.008, darken(wall, 0.14))
        d.box(x, y, x + width, y + height, frame)
        d.box(x + 0.01, y + 0.01, x + width - 0.01, y + height - 0.01, lighten(wall, 0.2))
        left, top, across, down = x + 0.022, y + 0.022, width - 0.044, height - 0.044
        sky, land = mix((170, 180, 184), wall, 0.5), mix((140, 140, 118), wall, 0.5)
        d.box(left, top, left + across, top + down, sky)
        if rng.random() < 0.6:
            hills = [(0, 0.5), (0.5, 0.38), (1, 0.58), (1, 1), (0, 1)]
            d.polygon(np.array(hills) * (across, down) + (left, top), land)
        else:
            d.ellipse(left + across / 2, top + down / 2, across * 0.3, down * 0.36, land)


def _draw_floor(d: Drawing, rng: np.random.Generator, floor: Colour, floor_y: float) -> None:
    style = rng.random()
    if style < 0.6:  # planks that run towards a vanishing point
        vanish = rng.uniform(0.3, 0.7)
        for x in np.linspace(-1.2, 2.2, 18):
            near = vanish + (x - vanish) * 1.5
            d.polygon(
                [(x, floor_y), (x + 0.003, floor_y), (near + 0.005, 1), (near, 1)],
                darken(floor, 0.09),
            )
    if style > 0.4:  # a rug
        rug = mix(((140, 110, 100), (110, 116, 124), (130, 126, 104))[rng.integers(3)], floor, 0.45)
        x, y = rng.uniform(0.2, 0.8), (floor_y + 1) / 2 + 0.03
        for grow, colour in ((1.0, darken(rug, 0.1)), (0.9, rug), (0.7, lighten(rug, 0.05))):
            d.ellipse(x, y, 0.42 * grow, (1 - floor_y) * 0.36 * grow, colour)
