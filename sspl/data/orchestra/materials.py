"""Colours of what instruments are made of: the same woods and metals serve several classes.

No class may be known by one colour, so saxophone, trumpet and tuba share the metals, and the
wooden instruments share the woods; now and then anything is painted.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sspl.data.orchestra.shapes import Colour, darken, lighten

_WOODS = (
    (203, 122, 48),  # honey
    (178, 88, 34),  # amber
    (146, 62, 26),  # chestnut
    (120, 48, 24),  # mahogany
    (166, 46, 26),  # red varnish
    (222, 166, 90),  # spruce
)
_PAINTS = ((176, 34, 40), (24, 74, 140), (22, 110, 92), (116, 40, 120), (232, 226, 214))
_BRASS = ((224, 172, 52), (212, 152, 44), (236, 190, 84))
_SILVER = ((204, 208, 214), (186, 192, 202))
_COPPER = ((204, 116, 70),)
IVORY: Colour = (244, 238, 222)
EBONY: Colour = (30, 26, 26)


class Metal(NamedTuple):
    """One metal in shade, in plain light and where it shines."""

    dark: Colour
    plain: Colour
    shine: Colour


def vary(colour: Colour, rng: np.random.Generator, amount: int = 12) -> Colour:
    """Returns the colour with each channel moved by up to `amount`."""
    jitter = rng.integers(-amount, amount + 1, 3)
    return tuple(int(np.clip(c + j, 0, 255)) for c, j in zip(colour, jitter, strict=True))


def pick(colours: tuple[Colour, ...], rng: np.random.Generator) -> Colour:
    """Returns one of the colours, slightly varied."""
    return vary(colours[rng.integers(len(colours))], rng, 7)


def choose_wood(rng: np.random.Generator, painted_share: float = 0.08) -> Colour:
    """Returns the colour of a varnished (seldom: painted) wooden body."""
    return pick(_PAINTS if rng.random() < painted_share else _WOODS, rng)


def choose_paint(rng: np.random.Generator) -> Colour:
    """Returns the colour of a lacquered body: paints, black and wood."""
    return pick((*_PAINTS, (40, 36, 40), (150, 30, 34), _WOODS[2]), rng)


def choose_metal(rng: np.random.Generator) -> Metal:
    """Returns brass (mostly), silver, copper or painted metal."""
    chance = rng.random()
    if chance < 0.62:
        colour = pick(_BRASS, rng)
    elif chance < 0.82:
        colour = vary(_SILVER[rng.integers(len(_SILVER))], rng, 3)
    elif chance < 0.94:
        colour = pick(_COPPER, rng)
    else:
        colour = pick(_PAINTS[:4], rng)
    return forge(colour)


def choose_silver(rng: np.random.Generator) -> Metal:
    """Returns the metal of keys and flutes: silver, now and then gold."""
    metals = _SILVER if rng.random() < 0.85 else _BRASS
    return forge(vary(metals[rng.integers(len(metals))], rng, 3))


def forge(colour: Colour) -> Metal:
    """Returns the metal of this plain colour."""
    return Metal(darken(colour, 0.45), colour, lighten(colour, 0.65))
