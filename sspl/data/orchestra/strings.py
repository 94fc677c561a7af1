"""Violin, cello, acoustic guitar and erhu, drawn upright with the head at the top.

Each function returns a `Drawing` about one unit long, centred near the origin, with the marks
`hold` (the point that meets the player's body), `left` and `right` (where the hands go).
"""

from __future__ import annotations

import numpy as np

from sspl.data.orchestra.materials import EBONY, IVORY, choose_wood, pick
from sspl.data.orchestra.shapes import Colour, Drawing, darken, lighten, mix, trace_curve


def draw_violin(rng: np.random.Generator) -> Drawing:
    """Draws a violin: small body with corners, f-holes, chin rest, scroll, and mostly its bow."""
    d = Drawing()
    _draw_viol(d, rng, body_top=-0.10, body_length=0.56, neck_width=0.046)
    dark = EBONY
    d.blob([(-0.03, 0.38), (-0.085, 0.345), (-0.135, 0.38), (-0.115, 0.44), (-0.04, 0.455)], dark)
    d.ellipse(-0.085, 0.39, 0.03, 0.02, lighten(dark, 0.22), turn_deg=-20)
    d.marks = {"hold": np.array([-0.05, 0.42]), "left": np.array([0.0, -0.27])}
    d.marks["right"] = np.array([0.26, 0.30])
    if rng.random() < 0.75:
        _draw_bow(d, rng, (0.0, 0.155), 0.74, rng.uniform(-32, 4))
    return d


def draw_cello(rng: np.random.Generator) -> Drawing:
    """Draws a cello: tall body with f-holes, end pin, scroll, and mostly its bow."""
    d = Drawing()
    d.stroke([(0, 0.38), (0, 0.5)], 0.014, (70, 70, 74))
    d.ellipse(0, 0.5, 0.012, 0.012, EBONY)
    _draw_viol(d, rng, body_top=-0.14, body_length=0.55, neck_width=0.034)
    d.marks = {"hold": np.array([0.0, 0.05]), "left": np.array([0.0, -0.24])}
    d.marks["right"] = np.array([0.3, 0.16])
    if rng.random() < 0.75:
        _draw_bow(d, rng, (0.0, 0.125), 0.6, rng.uniform(-14, 14))
    return d


def draw_acoustic_guitar(rng: np.random.Generator) -> Drawing:
    """Draws an acoustic guitar: figure-eight body, sound hole, frets, six tuners."""
    d = Drawing()
    top = choose_wood(rng) if rng.random() < 0.5 else pick(((226, 176, 104), (206, 138, 66)), rng)
    side = darken(pick(((120, 60, 30), (90, 48, 28), (150, 80, 38)), rng), 0.1)
    half = [
        (0.0, 0.02), (0.075, 0.015), (0.125, 0.045), (0.138, 0.10), (0.122, 0.16),
        (0.108, 0.205), (0.125, 0.255), (0.168, 0.315), (0.182, 0.385), (0.155, 0.455),
        (0.085, 0.495), (0.0, 0.5),
    ]  # fmt: skip
    outline = np.array(half + [(-x, y) for x, y in half[-2:0:-1]])
    d.blob(outline, side)
    d.blob((outline - (0, 0.26)) * 0.945 + (0, 0.26), top)
    d.blob((outline - (0, 0.25)) * (0.55, 0.86) + (-0.045, 0.245), lighten(top, 0.13))
    hole_y = 0.175
    d.ellipse(0, hole_y, 0.064, 0.064, darken(top, 0.5))
    d.ellipse(0, hole_y, 0.057, 0.057, lighten(top, 0.4))
    d.ellipse(0, hole_y, 0.050, 0.050, (34, 22, 16))
    if rng.random() < 0.7:
        guard = darken(pick(((70, 30, 20), (40, 36, 36), (120, 50, 30)), rng), 0.1)
        d.blob([(0.05, 0.20), (0.07, 0.175), (0.105, 0.23), (0.11, 0.30), (0.06, 0.27)], guard)
    d.rounded_box(-0.085, 0.352, 0.085, 0.382, 0.012, darken(side, 0.45))
    d.box(-0.055, 0.356, 0.055, 0.362, IVORY)
    neck = darken(side, 0.5)
    d.polygon([(-0.024, -0.36), (0.024, -0.36), (0.030, 0.13), (-0.030, 0.13)], neck)
    for fret in range(14):  # frets close up towards the body, as on the real neck
        y = -0.355 + 0.77 * (1 - 2 ** (-fret / 12))
        d.box(-0.025, y, 0.025, y + 0.004, (206, 200, 184))
        if fret in (3, 5, 7, 9, 12):
            d.ellipse(0, y - 0.016, 0.007, 0.007, IVORY)
    head = mix(side, top, 0.25 if rng.random() < 0.5 else 0.0)
    d.polygon([(-0.024, -0.355), (-0.042, -0.48), (-0.02, -0.5), (0.02, -0.5),
               (0.042, -0.48), (0.024, -0.355)], head)  # fmt: skip
    peg = pick(((224, 220, 210), (214, 184, 110)), rng)
    for y in (-0.385, -0.42, -0.455):
        for sign in (-1, 1):
            d.ellipse(sign * 0.058, y, 0.017, 0.011, peg)
            d.ellipse(sign * 0.02, y, 0.006, 0.006, peg)
    d.box(-0.026, -0.362, 0.026, -0.354, IVORY)
    _draw_strings(d, 6, (-0.36, 0.019), (0.36, 0.042), 0.0025)
    d.marks = {"hold": np.array([0.0, 0.24]), "left": np.array([0.0, -0.22])}
    d.marks["right"] = np.array([0.02, 0.26])
    return d


def draw_erhu(rng: np.random.Generator) -> Drawing:
    """Draws an erhu: long thin neck, small drum with snake skin, two pegs, and its bow."""
    d = Drawing()
    wood = darken(choose_wood(rng), 0.25)
    light = lighten(wood, 0.3)
    d.bend([(-0.045, -0.5), (-0.01, -0.495), (0.0, -0.46), (0.0, -0.40), (0.0, 0.44)], 0.026, wood)
    d.bend([(-0.005, -0.45), (-0.005, 0.28)], 0.007, light)
    for y in (-0.40, -0.315):  # both pegs stick out to the same side
        d.stroke([(-0.03, y), (0.13, y + 0.012)], np.array([0.012, 0.026]), darken(wood, 0.2))
        d.ellipse(0.135, y + 0.012, 0.017, 0.021, wood)
        d.stroke([(0.07, y + 0.002), (0.12, y + 0.006)], 0.006, light)
    corners = int(rng.choice([6, 8, 24]))
    angle = np.arange(corners) * 2 * np.pi / corners + np.pi / corners
    drum = np.stack([np.cos(angle), np.sin(angle)], 1) * 0.118 + (0, 0.37)
    d.polygon((drum - (0, 0.37)) * 1.0 + (0, 0.37), wood)
    d.polygon((drum - (0, 0.37)) * 0.80 + (0, 0.37), pick(((214, 196, 158), (190, 176, 140)), rng))
    for row in range(-3, 4):  # the pattern of the snake skin
        for column in range(-3, 4):
            x, y = (column + 0.5 * (row % 2)) * 0.027, row * 0.024
            if np.hypot(x, y) < 0.078:
                d.ellipse(x, 0.37 + y, 0.0095, 0.0075, (92, 76, 54))
    d.rounded_box(-0.05, 0.472, 0.05, 0.5, 0.01, darken(wood, 0.3))
    d.box(-0.014, 0.355, 0.02, 0.372, IVORY)
    for x in (0.012, 0.022):
        d.stroke([(x, -0.39 if x < 0.02 else -0.30), (x * 0.55, 0.45)], 0.0035, (236, 230, 214))
    d.stroke([(-0.014, -0.2), (0.024, -0.2)], 0.009, (176, 40, 40))
    d.marks = {"hold": np.array([0.0, 0.46]), "left": np.array([0.0, -0.12])}
    d.marks["right"] = np.array([0.28, 0.22])
    _draw_bow(d, rng, (0.0, 0.225), 0.56, rng.uniform(-16, 16))
    return d


def _draw_viol(
    d: Drawing, rng: np.random.Generator, body_top: float, body_length: float, neck_width: float
) -> None:
    wood = choose_wood(rng)
    edge, light = darken(wood, 0.45), lighten(wood, 0.2)
    half = body_length * 0.30

    def on_body(points: object) -> np.ndarray:  # (share of half width, share of body length)
        return np.asarray(points, float) * (half, body_length) + (0, body_top)

    upper = [(0, 0.0), (0.36, 0.01), (0.70, 0.075), (0.80, 0.18), (0.70, 0.30), (0.80, 0.375)]
    waist = [(0.80, 0.375), (0.59, 0.43), (0.53, 0.51), (0.60, 0.59), (0.86, 0.645)]
    lower = [(0.86, 0.645), (0.95, 0.72), (1.0, 0.81), (0.90, 0.92), (0.58, 0.985), (0, 1.0)]
    right = np.concatenate([trace_curve(part) for part in (upper, waist, lower)])
    outline = on_body(np.concatenate([right, right[::-1] * (-1, 1)]))
    centre = np.array([0, body_top + body_length * 0.52])
    d.polygon(outline, edge)
    d.polygon((outline - centre) * 0.955 + centre, wood)
    d.polygon((outline - centre) * (0.62, 0.84) + centre - (half * 0.14, 0), light)
    d.polygon((outline - centre) * (0.36, 0.70) + centre - (half * 0.22, 0), lighten(wood, 0.32))

    for sign in (-1, 1):
        f_hole = [(0.25, 0.475), (0.33, 0.45), (0.36, 0.49), (0.40, 0.56), (0.46, 0.64),
                  (0.52, 0.665), (0.58, 0.635)]  # fmt: skip
        f_hole = on_body(np.array(f_hole) * (sign, 1))
        d.bend(f_hole, half * 0.075, (28, 16, 12))
        d.ellipse(f_hole[0][0], f_hole[0][1], half * 0.06, half * 0.06, (28, 16, 12))
        d.ellipse(f_hole[-1][0], f_hole[-1][1], half * 0.06, half * 0.06, (28, 16, 12))

    top, nut = -0.5, body_top - body_length * 0.43
    w = neck_width / 2
    d.polygon([(-w, nut), (w, nut), (w * 1.3, body_top + 0.05), (-w * 1.3, body_top + 0.05)], light)
    d.polygon(
        [(-w, nut), (w, nut), (w * 1.5, centre[1] - 0.10 * body_length),
         (-w * 1.5, centre[1] - 0.10 * body_length)], EBONY
    )  # fmt: skip
    tail = on_body([(-0.13, 0.70), (0.13, 0.70), (0.07, 0.97), (-0.07, 0.97)])
    d.polygon(tail, EBONY)
    bridge = on_body([(-0.22, 0.565), (0.22, 0.565), (0.15, 0.54), (-0.15, 0.54)])
    d.polygon(bridge, (232, 200, 140))
    bridge_y = body_top + body_length * 0.55
    _draw_strings(d, 4, (nut, w * 0.7), (bridge_y, half * 0.14), 0.003)
    _draw_strings(
        d, 4, (bridge_y, half * 0.14), (body_top + body_length * 0.71, half * 0.09), 0.003
    )

    d.polygon([(-w, nut), (w, nut), (w * 0.8, top + 0.03), (-w * 0.8, top + 0.03)], wood)
    d.ellipse(0, top + 0.028, w * 1.25, 0.028, edge)
    d.ellipse(-w * 0.2, top + 0.026, w * 0.8, 0.017, light)
    d.ellipse(0, top + 0.028, w * 0.35, 0.008, edge)
    for y, sign in ((0.25, -1), (0.42, 1), (0.62, -1), (0.80, 1)):
        peg_y = top + 0.04 + (nut - top - 0.04) * y
        d.stroke([(-sign * w, peg_y), (sign * w * 2.2, peg_y)], 0.011, EBONY)
        d.ellipse(sign * w * 2.5, peg_y, w * 0.65, 0.013, EBONY)


def _draw_bow(
    d: Drawing, rng: np.random.Generator, touch: tuple[float, float], length: float, turn_deg: float
) -> None:
    """Adds a bow whose hair crosses the strings at `touch`; its frog becomes the mark `right`."""
    wood: Colour = pick(((116, 52, 26), (150, 72, 34), (70, 36, 22)), rng)
    along = np.array([np.cos(np.deg2rad(turn_deg)), np.sin(np.deg2rad(turn_deg))])
    across = np.array([-along[1], along[0]])
    share = rng.uniform(0.35, 0.65)  # where along the hair the strings are
    tip, frog = touch - along * length * share, touch + along * length * (1 - share)
    d.stroke([tip, frog - along * 0.03], 0.009, (240, 234, 216))
    stick = [tip + across * 0.004, tip - across * 0.026, (tip + frog) / 2 - across * 0.018,
             frog - across * 0.028, frog + along * 0.03 - across * 0.028]  # fmt: skip
    d.bend(stick, 0.013, wood)
    d.stroke([frog - along * 0.045 - across * 0.012, frog - across * 0.012], 0.03, EBONY)
    eye = frog - along * 0.02 - across * 0.012
    d.ellipse(eye[0], eye[1], 0.006, 0.006, IVORY)
    d.marks["right"] = frog


def _draw_strings(
    d: Drawing, number: int, first: tuple[float, float], last: tuple[float, float], width: float
) -> None:
    """Adds strings from one (y, half width) to another."""
    for share in np.linspace(-1, 1, number):
        d.stroke(
            [(share * first[1], first[0]), (share * last[1], last[0])],
            width,
            (238, 232, 220),
            round_ends=False,
        )
