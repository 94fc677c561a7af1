"""Stylised musicians in quiet clothes, drawn in heads: the neck at (0, 0), the hips near y = 2.

A performer comes in two drawings, so that an instrument fits between: the body behind it, and the
hands in front of it. The same people, in the same poses, stand about without an instrument, so
that a person predicts nothing.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from sspl.data.orchestra.materials import vary
from sspl.data.orchestra.shapes import Colour, Drawing, darken, lighten, mix

_SKINS = ((236, 198, 170), (222, 176, 142), (198, 148, 112), (160, 112, 82), (118, 80, 60),
          (88, 60, 46))  # fmt: skip
_HAIRS = ((44, 36, 34), (70, 52, 42), (104, 78, 58), (150, 122, 88), (126, 84, 62),
          (150, 146, 142))  # fmt: skip
_CLOTHES = ((96, 100, 110), (112, 107, 102), (128, 118, 108), (99, 108, 104), (124, 107, 110),
            (86, 86, 91), (138, 134, 128), (106, 112, 124), (146, 139, 128),
            (114, 112, 104))  # fmt: skip
_SHIRTS = ((212, 208, 200), (176, 180, 184), (190, 180, 166), (150, 154, 158))

_UPPER_ARM, _FOREARM = 1.22, 1.12  # in heads


class Performer(NamedTuple):
    """What is behind the instrument, what is in front of it, and where the feet stand."""

    body: Drawing
    hands: Drawing
    feet_y: float


def choose_idle_hands(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns positions for the hands of someone without an instrument, in heads from the neck."""
    poses = (
        ((-0.84, 2.5), (0.84, 2.5)),  # hanging down
        ((-0.84, 2.5), (0.84, 2.5)),
        ((-0.12, 1.75), (0.14, 1.72)),  # clasped
        ((-0.50, 2.1), (0.50, 2.1)),  # on the lap
        ((0.30, 0.95), (-0.30, 1.05)),  # folded
        ((-0.84, 2.5), (0.12, -0.12)),  # one at the chin
    )
    if rng.random() < 0.6:
        left, right = poses[rng.integers(len(poses))]
    else:  # as if playing something
        left, right = rng.uniform((-1.3, 0.2), (0.2, 2.0)), rng.uniform((-0.2, 0.2), (1.3, 2.0))
    return np.array(left), np.array(right)


def draw_performer(
    rng: np.random.Generator, sitting: bool, hands: tuple[np.ndarray, np.ndarray]
) -> Performer:
    """Draws a person whose hands (at picture-left and picture-right) reach for two points.

    `hands` are in heads from the neck; a point out of reach is approached as far as the arm goes.
    """
    skin = vary(_SKINS[rng.integers(len(_SKINS))], rng, 6)
    top = vary(_CLOTHES[rng.integers(len(_CLOTHES))], rng, 8)
    trousers = vary(darken(_CLOTHES[rng.integers(len(_CLOTHES))], 0.12), rng, 8)
    gown = rng.random() < 0.22
    if gown:
        trousers = top
    body, front = Drawing(), Drawing()
    hair = vary(_HAIRS[rng.integers(len(_HAIRS))], rng, 6)
    bald = rng.random() < 0.08
    if not bald:
        _draw_hair_behind(body, rng, hair)
    feet_y = _draw_legs(body, rng, trousers, sitting, gown)
    _draw_torso(body, rng, top, skin, sitting)
    for sign, target in zip((-1, 1), hands, strict=True):
        _draw_arm(body, front, np.asarray(target, float), sign, top, skin)
    _draw_head(body, rng, skin, hair, bald)
    return Performer(body, front, feet_y)


def _draw_hair_behind(d: Drawing, rng: np.random.Generator, hair: Colour) -> None:
    style = rng.random()
    if style < 0.28:  # long
        d.blob([(-0.46, -0.75), (0, -1.28), (0.46, -0.75), (0.50, 0.0), (0.36, 0.32),
                (-0.36, 0.32), (-0.50, 0.0)], darken(hair, 0.12))  # fmt: skip
    elif style < 0.42:  # bun
        d.ellipse(0, -1.24, 0.22, 0.20, darken(hair, 0.12))
    elif style < 0.55:  # bob
        d.blob([(-0.47, -0.75), (0, -1.24), (0.47, -0.75), (0.46, -0.12), (-0.46, -0.12)],
               darken(hair, 0.12))  # fmt: skip


def _draw_legs(
    d: Drawing, rng: np.random.Generator, cloth: Colour, sitting: bool, gown: bool
) -> float:
    shade, shoe = darken(cloth, 0.18), darken(mix(cloth, (60, 52, 48), 0.7), 0.3)
    if sitting:
        feet_y = 3.95
        seat = vary((132, 116, 102), rng, 12)
        if rng.random() < 0.65:  # the back of a chair, else a stool
            for x in (-0.82, 0.82):
                d.stroke([(x, 0.75), (x, 2.3)], 0.12, darken(seat, 0.2))
            for y in (0.85, 1.4):
                d.rounded_box(-0.84, y, 0.84, y + 0.28, 0.1, darken(seat, 0.1))
        d.rounded_box(-0.86, 2.15, 0.86, 2.38, 0.08, darken(seat, 0.2))
        for x in (-0.76, 0.76):
            d.stroke([(x, 2.3), (x * 1.08, 3.85)], 0.11, darken(seat, 0.3))
        for sign in (-1, 1):
            d.ellipse(sign * 0.72, 3.96, 0.30, 0.12, shoe)
            if not gown:
                d.stroke([(sign * 0.60, 2.45), (sign * 0.62, 3.86)], np.array([0.44, 0.30]), shade)
        if gown:
            skirt = [
                (-0.58, 2.0),
                (0.58, 2.0),
                (0.86, 2.4),
                (0.92, 3.8),
                (-0.92, 3.8),
                (-0.86, 2.4),
            ]
            d.polygon(skirt, shade)
            d.polygon(
                [(-0.58, 2.0), (0.58, 2.0), (0.86, 2.4), (0.7, 2.62), (-0.7, 2.62), (-0.86, 2.4)],
                cloth,
            )
            for x in (-0.4, 0.05, 0.45):
                d.stroke([(x * 0.8, 2.6), (x * 1.3, 3.75)], 0.06, darken(cloth, 0.26))
            return feet_y
        for sign in (-1, 1):
            d.stroke([(sign * 0.32, 2.05), (sign * 0.60, 2.45)], np.array([0.56, 0.52]), cloth)
            d.ellipse(sign * 0.60, 2.48, 0.26, 0.22, lighten(cloth, 0.06))
        return feet_y
    feet_y = 5.0
    for sign in (-1, 1):
        d.ellipse(sign * 0.36, 4.98, 0.28, 0.12, shoe)
    if gown:
        d.polygon([(-0.50, 1.7), (0.50, 1.7), (0.92, 4.75), (-0.92, 4.75)], cloth)
        d.polygon([(0.10, 1.9), (0.50, 1.7), (0.92, 4.75), (0.30, 4.75)], shade)
        return feet_y
    for sign in (-1, 1):
        d.stroke([(sign * 0.26, 2.0), (sign * 0.30, 3.4), (sign * 0.33, 4.92)],
                 np.array([0.56, 0.44, 0.32]), cloth if sign < 0 else shade,
                 round_ends=False)  # fmt: skip
    return feet_y


def _draw_torso(
    d: Drawing, rng: np.random.Generator, top: Colour, skin: Colour, sitting: bool
) -> None:
    hem = 2.25 if sitting else 2.2
    right = [(0.16, -0.02), (0.52, 0.09), (0.74, 0.26), (0.72, 0.9), (0.60, 1.4), (0.62, hem)]
    outline = [*right, *((-x, y) for x, y in reversed(right))]
    d.stroke([(0, -0.35), (0, 0.14)], 0.34, darken(skin, 0.16))
    d.polygon(outline, top)
    d.polygon([(0.30, 0.05), (0.52, 0.09), (0.74, 0.26), (0.72, 0.9), (0.60, 1.4), (0.62, hem),
               (0.26, hem)], darken(top, 0.10))  # fmt: skip
    style = rng.random()
    if style < 0.45:  # jacket over a shirt, perhaps with a tie
        shirt = vary(_SHIRTS[rng.integers(len(_SHIRTS))], rng, 6)
        d.polygon([(-0.22, 0.0), (0.22, 0.0), (0.02, 1.25), (-0.02, 1.25)], shirt)
        for sign in (-1, 1):
            d.polygon([(sign * 0.20, -0.04), (sign * 0.40, 0.12), (sign * 0.02, 1.3)],
                      darken(top, 0.2))  # fmt: skip
        if rng.random() < 0.5:
            d.polygon([(-0.06, 0.1), (0.06, 0.1), (0.08, 0.8), (0, 0.95), (-0.08, 0.8)],
                      darken(top, 0.4))  # fmt: skip
        else:
            d.polygon([(-0.16, 0.02), (0.16, 0.14), (0.16, 0.02), (-0.16, 0.14)], (50, 46, 48))
        d.ellipse(0.0, 1.5, 0.04, 0.04, darken(top, 0.4))
    elif style < 0.75:  # jumper
        d.ellipse(0, 0.02, 0.25, 0.13, darken(top, 0.22))
        d.ellipse(0, -0.03, 0.19, 0.11, darken(skin, 0.10))
        d.box(-0.62, hem - 0.12, 0.62, hem, darken(top, 0.16))
    else:  # open neck
        d.polygon([(-0.20, -0.02), (0.20, -0.02), (0.0, 0.42)], skin)
        d.stroke([(0, 0.42), (0, hem)], 0.03, darken(top, 0.2))


def _draw_arm(
    d: Drawing, front: Drawing, hand: np.ndarray, sign: int, top: Colour, skin: Colour
) -> None:
    shoulder = np.array([sign * 0.62, 0.30])
    reach = hand - shoulder
    distance = np.clip(np.hypot(*reach), 0.35, _UPPER_ARM + _FOREARM - 0.02)
    along = reach / (np.hypot(*reach) + 1e-9)
    hand = shoulder + along * distance
    # Two arm lengths and the distance give the elbow; of the two, take the outer, lower one.
    lift = (distance**2 + _UPPER_ARM**2 - _FOREARM**2) / (2 * distance)
    # Elbows point towards us as much as aside, so they stand out less than flat arms would.
    bulge = 0.7 * np.sqrt(max(_UPPER_ARM**2 - lift**2, 0.0))
    across = np.array([-along[1], along[0]])
    elbows = [shoulder + along * lift + side * across * bulge for side in (-1, 1)]
    elbow = max(elbows, key=lambda point: sign * point[0] + point[1])
    wrist = hand + (elbow - hand) * 0.14
    sleeve = darken(top, 0.06 if sign < 0 else 0.16)
    d.stroke([shoulder, elbow], np.array([0.44, 0.36]), darken(sleeve, 0.06))
    d.stroke([elbow, wrist], np.array([0.36, 0.27]), sleeve)
    turned = (hand - elbow) / (np.hypot(*(hand - elbow)) + 1e-9)
    d.stroke([wrist, hand], 0.20, skin)
    front.ellipse(
        hand[0], hand[1], 0.17, 0.13, skin, turn_deg=float(np.rad2deg(np.arctan2(*turned[::-1])))
    )
    cross = np.array([-turned[1], turned[0]])
    for share in (-0.5, 0.15):  # the gaps between fingers
        start = hand + cross * 0.13 * share + turned * 0.02
        front.stroke([start, start + turned * 0.12], 0.022, darken(skin, 0.22))


def _draw_head(
    d: Drawing, rng: np.random.Generator, skin: Colour, hair: Colour, bald: bool
) -> None:
    y = -0.70
    for sign in (-1, 1):
        d.ellipse(sign * 0.40, y + 0.06, 0.07, 0.11, darken(skin, 0.14))
    d.blob([(0, -1.2), (0.33, -1.05), (0.40, -0.68), (0.31, -0.34), (0.12, -0.19), (-0.12, -0.19),
            (-0.31, -0.34), (-0.40, -0.68), (-0.33, -1.05)], skin)  # fmt: skip
    d.blob([(0.20, -1.1), (0.37, -0.95), (0.40, -0.68), (0.31, -0.34), (0.12, -0.20), (0.22, -0.5)],
           darken(skin, 0.07))  # fmt: skip
    dark = mix(darken(skin, 0.75), (30, 24, 24), 0.5)
    for sign in (-1, 1):
        d.ellipse(sign * 0.155, y + 0.05, 0.042, 0.050, dark)
        d.stroke([(sign * 0.09, y - 0.07), (sign * 0.23, y - 0.075)], 0.035, mix(hair, dark, 0.3))
    d.stroke([(0.0, y + 0.08), (0.045, y + 0.19), (-0.01, y + 0.21)], 0.03, darken(skin, 0.22))
    d.bend(
        [(-0.10, y + 0.325), (0, y + 0.35), (0.10, y + 0.325)], 0.035, mix(skin, (140, 50, 50), 0.5)
    )
    if rng.random() < 0.2:  # glasses
        for sign in (-1, 1):
            d.ellipse(sign * 0.16, y + 0.05, 0.11, 0.10, (50, 46, 46, 90))
        d.stroke([(-0.05, y + 0.04), (0.05, y + 0.04)], 0.025, (50, 46, 46))
    if bald:  # a beard instead
        d.blob([(-0.36, -0.55), (-0.2, -0.36), (0, -0.42), (0.2, -0.36), (0.36, -0.55),
                (0.28, -0.22), (0, -0.1), (-0.28, -0.22)], hair)  # fmt: skip
        d.bend([(-0.08, y + 0.335), (0, y + 0.35), (0.08, y + 0.335)], 0.03, (120, 60, 56))
        return
    part = rng.uniform(-0.22, 0.22)  # where the hair is parted
    d.blob([(-0.43, -0.62), (-0.44, -0.98), (-0.25, -1.24), (0.05, -1.29), (0.30, -1.20),
            (0.45, -0.95), (0.43, -0.62), (0.36, -0.86), (part + 0.12, -0.99), (part, -1.05),
            (part - 0.12, -0.98), (-0.36, -0.84)], hair)  # fmt: skip
    d.bend([(-0.22, -1.14), (0.0, -1.22), (0.2, -1.17)], 0.04, lighten(hair, 0.13))
