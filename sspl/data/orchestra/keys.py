"""Accordion and xylophone: what is neither strings nor a tube.

Each function returns a `Drawing` about one unit wide, centred near the origin, with the marks
`hold` (the point that meets the player's body), `left` and `right` (where the hands go).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from sspl.data.orchestra.materials import (
    EBONY,
    IVORY,
    choose_paint,
    choose_silver,
    choose_wood,
    pick,
    vary,
)
from sspl.data.orchestra.shapes import Drawing, darken, lighten, mix, turn_matrix

_RAINBOW = ((206, 60, 50), (226, 130, 50), (232, 190, 66), (110, 166, 80), (60, 140, 170),
            (70, 90, 170), (140, 80, 150), (206, 60, 50))  # fmt: skip


def draw_accordion(rng: np.random.Generator) -> Drawing:
    """Draws a piano accordion: keyboard, folded bellows opened like a fan, bass buttons."""
    d = Drawing()
    shell = choose_paint(rng)
    cloth = pick(((60, 40, 40), (150, 40, 44), (40, 50, 70), (200, 190, 170), (30, 28, 30)), rng)
    metal = choose_silver(rng)
    fan_deg, opening = rng.uniform(4, 26), rng.uniform(0.30, 0.42)

    folds = int(rng.integers(8, 12))
    shares = np.linspace(-0.5, 0.5, 2 * folds + 1)
    edges = []
    for k, share in enumerate(shares):
        turn = turn_matrix(share * fan_deg)
        reach = 0.33 if k % 2 else 0.298  # folds stand out between the valleys
        edges.append(np.array([(0, -reach), (0, reach)]) @ turn.T + (share * opening, 0))
    for k, (near, far) in enumerate(pairwise(edges)):
        colour = lighten(cloth, 0.22) if k % 2 else darken(cloth, 0.35)
        d.polygon(np.concatenate([near, far[::-1]]), colour)
    for k in range(1, 2 * folds, 2):
        d.stroke(edges[k], 0.007, lighten(cloth, 0.5))
        for end in edges[k]:
            d.ellipse(end[0], end[1], 0.010, 0.012, metal.plain)

    treble, bass = Drawing(), Drawing()
    treble.rounded_box(-0.17, -0.345, 0.0, 0.345, 0.03, darken(shell, 0.4))
    treble.rounded_box(-0.165, -0.34, -0.005, 0.34, 0.03, shell)
    treble.rounded_box(-0.075, -0.31, -0.02, 0.31, 0.02, darken(shell, 0.3))
    for y in np.linspace(-0.27, 0.27, 9):  # the grille
        treble.stroke([(-0.065, y + 0.018), (-0.03, y - 0.018)], 0.013, metal.plain)
    for y in (-0.12, -0.04, 0.04, 0.12):
        treble.rounded_box(-0.106, y - 0.026, -0.084, y + 0.026, 0.007, IVORY)
    number = 13
    step = 0.64 / number
    treble.box(-0.262, -0.325, -0.115, 0.325, EBONY)
    for k in range(number):
        y = -0.32 + k * step
        treble.box(-0.258, y + 0.003, -0.118, y + step - 0.003, IVORY)
    for k in range(1, number):
        if k % 7 not in (0, 3):
            y = -0.32 + k * step
            treble.box(-0.205, y - 0.013, -0.116, y + 0.013, EBONY)
    bass.rounded_box(0.0, -0.325, 0.20, 0.325, 0.035, darken(shell, 0.4))
    bass.rounded_box(0.005, -0.32, 0.195, 0.32, 0.035, shell)
    bass.rounded_box(0.012, -0.30, 0.06, 0.30, 0.02, lighten(shell, 0.22))
    for row, x in enumerate((0.085, 0.112, 0.139, 0.166)):
        for y in np.linspace(-0.24, 0.24, 9):
            bass.ellipse(x, y + row * 0.010 - 0.015, 0.010, 0.010, metal.shine)
    left, right = edges[0], edges[-1]
    d.extend(treble.moved(turn_matrix(-fan_deg / 2), left.mean(axis=0)))
    d.extend(bass.moved(turn_matrix(fan_deg / 2), right.mean(axis=0)))
    d.marks = {"hold": np.array([0.0, 0.0]), "left": np.array([opening / 2 + 0.18, 0.02])}
    d.marks["right"] = np.array([-opening / 2 - 0.22, 0.06])
    return d


def draw_xylophone(rng: np.random.Generator) -> Drawing:
    """Draws a xylophone: bars that shorten towards one side, on a frame, and two mallets."""
    d = Drawing()
    on_legs = rng.random() < 0.65
    wood = choose_wood(rng, painted_share=0)
    frame = pick(((70, 52, 40), (120, 84, 50), (52, 52, 58), (180, 140, 90)), rng)
    metal = choose_silver(rng)
    rainbow = rng.random() < 0.35
    number = int(rng.integers(10, 16)) if on_legs else int(rng.integers(8, 13))
    xs = np.linspace(-0.445, 0.445, number)
    long, short = (0.15, 0.085) if on_legs else (0.24, 0.12)

    def reach(x: float) -> float:  # half the length of the bar at x
        return long + (short - long) * (x + 0.445) / 0.89

    if on_legs:
        for x, lean in ((-0.40, -0.04), (0.38, 0.04)):
            d.stroke([(x, 0.0), (x + lean, 0.42)], 0.026, darken(frame, 0.15))
            d.stroke([(x + lean - 0.05, 0.42), (x + lean + 0.05, 0.42)], 0.022, darken(frame, 0.3))
            d.ellipse(x + lean - 0.045, 0.442, 0.017, 0.017, EBONY)
            d.ellipse(x + lean + 0.045, 0.442, 0.017, 0.017, EBONY)
        d.stroke([(-0.42, 0.32), (0.40, 0.32)], 0.020, darken(frame, 0.2))
        for x, share in zip(xs, np.linspace(1, 0.3, number), strict=True):  # resonators
            d.rounded_box(x - 0.02, 0.0, x + 0.02, 0.10 + 0.16 * share, 0.012, metal.dark)
            d.box(x - 0.013, 0.0, x + 0.002, 0.09 + 0.16 * share, metal.plain)
    rail = np.array([-0.49, 0.49])
    for sign in (-1, 1):
        ys = sign * 0.62 * np.array([reach(x) for x in rail])
        d.stroke(np.stack([rail, ys], 1), 0.036 if on_legs else 0.05, darken(frame, 0.25))
        d.stroke(np.stack([rail, ys - 0.005], 1), 0.024 if on_legs else 0.034, frame)
    for x in rail * 0.985:
        d.stroke([(x, -0.66 * reach(x)), (x, 0.66 * reach(x))], 0.026, darken(frame, 0.1))
    bar = 0.89 / (number - 1) * 0.40
    for k, x in enumerate(xs):
        half = reach(x)
        plain = _RAINBOW[k % len(_RAINBOW)] if rainbow else vary(wood, rng, 10)
        d.rounded_box(x - bar, -half, x + bar, half, 0.009, darken(plain, 0.45))
        d.rounded_box(x - bar, -half, x + bar, half - 0.012, 0.009, plain)
        d.box(x - bar * 0.6, -half + 0.012, x - bar * 0.15, half - 0.03, lighten(plain, 0.28))
        for sign in (-1, 1):
            d.ellipse(x, sign * half * 0.66, 0.007, 0.007, mix(metal.shine, metal.dark, 0.3))
    head = pick(((190, 40, 50), (40, 60, 120), (236, 226, 200), (50, 46, 48)), rng)
    hands = []
    for x, side in ((-0.16, -1), (0.14, 1)):
        tip = np.array([x + rng.uniform(-0.08, 0.08), rng.uniform(-0.04, 0.05)])
        end = tip + np.array([side * rng.uniform(0.06, 0.2), -rng.uniform(0.24, 0.32)])
        d.stroke([tip, end], 0.014, (226, 196, 140))
        d.ellipse(tip[0], tip[1], 0.034, 0.030, darken(head, 0.3))
        d.ellipse(tip[0] - 0.003, tip[1] - 0.005, 0.028, 0.024, head)
        hands.append(end)
    d.marks = {"hold": np.array([0.0, -0.10]), "right": hands[0], "left": hands[1]}
    return d
