"""Clarinet, flute, saxophone, trumpet and tuba.

Each function returns a `Drawing` about one unit long, centred near the origin, with the marks
`hold` (the mouthpiece), `left` and `right` (where the hands go). Clarinet, saxophone and tuba
stand upright; flute and trumpet lie, with the mouthpiece at the left.
"""

from __future__ import annotations

import numpy as np

from sspl.data.orchestra.materials import EBONY, IVORY, Metal, choose_metal, choose_silver, pick
from sspl.data.orchestra.shapes import Drawing, darken, lighten, trace_curve


def draw_clarinet(rng: np.random.Generator) -> Drawing:
    """Draws a clarinet: black tube with beak, rings, silver keys and a flared bell."""
    d = Drawing()
    body = pick(((36, 34, 38), (30, 28, 30), (64, 36, 26), (48, 30, 26)), rng)
    shine, metal = lighten(body, 0.28), choose_silver(rng)
    d.polygon([(-0.012, -0.5), (0.016, -0.49), (0.026, -0.385), (-0.026, -0.385)], EBONY)
    d.polygon([(-0.022, -0.44), (0.022, -0.44), (0.025, -0.40), (-0.025, -0.40)], metal.plain)
    tube = [(-0.37, 0.062), (-0.31, 0.056), (0.33, 0.058), (0.385, 0.072), (0.44, 0.11),
            (0.48, 0.155), (0.495, 0.165)]  # fmt: skip
    profile = trace_curve(tube)
    d.stroke(np.stack([0 * profile[:, 0], profile[:, 0]], 1), profile[:, 1], body, round_ends=False)
    d.stroke([(-0.014, -0.365), (-0.014, 0.38)], 0.010, shine)
    d.bend([(-0.014, 0.37), (-0.022, 0.42), (-0.045, 0.475)], 0.010, shine)
    for y, width in ((-0.375, 0.066), (-0.305, 0.066), (0.045, 0.066), (0.335, 0.070)):
        d.box(-width / 2, y - 0.009, width / 2, y + 0.009, metal.plain)
        d.box(-width / 4, y - 0.009, -width / 10, y + 0.009, metal.shine)
    d.box(-0.082, 0.486, 0.082, 0.497, metal.plain)
    d.stroke([(0.034, -0.24), (0.034, 0.02)], 0.009, metal.dark)
    d.stroke([(0.036, 0.08), (0.036, 0.31)], 0.009, metal.dark)
    for y in (-0.22, -0.155, -0.09, -0.03, 0.09, 0.15, 0.21):
        d.ellipse(0, y, 0.021, 0.021, metal.plain)
        d.ellipse(0, y, 0.011, 0.011, EBONY)
    for y, x in ((-0.25, 0.04), (-0.12, 0.045), (-0.06, -0.038), (0.18, -0.04), (0.28, 0.05)):
        d.ellipse(x, y, 0.026, 0.015, metal.plain, turn_deg=30)
        d.ellipse(x - 0.005, y - 0.004, 0.010, 0.006, metal.shine, turn_deg=30)
    d.ellipse(0.03, 0.265, 0.03, 0.02, metal.plain)
    d.ellipse(0.02, 0.31, 0.026, 0.017, metal.plain)
    d.marks = {"hold": np.array([0.0, -0.49]), "left": np.array([0.01, -0.13])}
    d.marks["right"] = np.array([-0.01, 0.16])
    return d


def draw_flute(rng: np.random.Generator) -> Drawing:
    """Draws a transverse flute: long thin tube, lip plate near one end, round keys along it."""
    d = Drawing()
    metal = choose_silver(rng)
    d.stroke([(-0.49, 0), (0.49, 0)], 0.042, metal.dark, round_ends=False)
    d.stroke([(-0.49, -0.002), (0.49, -0.002)], 0.032, metal.plain, round_ends=False)
    d.stroke([(-0.49, -0.008), (0.49, -0.008)], 0.010, metal.shine, round_ends=False)
    d.rounded_box(-0.5, -0.023, -0.465, 0.023, 0.008, metal.plain)
    for x in (-0.205, 0.315):  # the joints
        d.rounded_box(x - 0.022, -0.026, x + 0.022, 0.026, 0.006, metal.plain)
        d.box(x - 0.02, -0.016, x + 0.02, -0.007, metal.shine)
        d.box(x - 0.003, -0.026, x + 0.003, 0.026, metal.dark)
    d.ellipse(-0.345, -0.012, 0.052, 0.030, metal.dark)
    d.ellipse(-0.345, -0.014, 0.048, 0.026, metal.plain)
    d.ellipse(-0.345, -0.014, 0.016, 0.010, (24, 24, 28))
    d.stroke([(-0.165, -0.026), (0.29, -0.026)], 0.008, metal.dark)
    for x in (-0.14, -0.095, -0.04, 0.0, 0.045, 0.09, 0.15, 0.195, 0.24, 0.275, 0.37, 0.42):
        d.ellipse(x, -0.010, 0.023, 0.025, metal.dark)
        d.ellipse(x - 0.001, -0.013, 0.019, 0.020, metal.plain)
        d.ellipse(x - 0.005, -0.018, 0.009, 0.009, metal.shine)
    for x in (-0.115, 0.12, 0.345):
        d.stroke([(x, -0.02), (x + 0.03, 0.028)], 0.011, metal.dark)
        d.ellipse(x + 0.03, 0.028, 0.014, 0.010, metal.plain)
    d.marks = {"hold": np.array([-0.345, -0.02]), "left": np.array([-0.09, 0.0])}
    d.marks["right"] = np.array([0.18, 0.0])
    return d


def draw_saxophone(rng: np.random.Generator) -> Drawing:
    """Draws an alto saxophone: bent neck, straight cone, bow at the bottom, bell facing up."""
    d = Drawing()
    metal = choose_metal(rng)
    path = [(-0.20, -0.415, 0.026), (-0.14, -0.468, 0.030), (-0.06, -0.475, 0.034),
            (-0.012, -0.43, 0.040), (0.0, -0.36, 0.048), (0.0, -0.1, 0.070), (0.0, 0.18, 0.094),
            (0.015, 0.33, 0.104), (0.075, 0.415, 0.110), (0.155, 0.405, 0.114),
            (0.205, 0.31, 0.122), (0.225, 0.19, 0.142), (0.25, 0.085, 0.20),
            (0.268, 0.02, 0.275)]  # fmt: skip
    traced = trace_curve(path)
    spine, width = traced[:, :2], traced[:, 2]
    mouth, tilt = spine[-1], 14
    d.ellipse(mouth[0], mouth[1], 0.145, 0.048, metal.dark, turn_deg=tilt)
    d.stroke(spine, width + 0.012, metal.dark, round_ends=False)
    d.stroke(spine, width * 0.86, metal.plain, round_ends=False)
    tangent = np.gradient(spine, axis=0)
    side = tangent[:, ::-1] * (1, -1) / np.linalg.norm(tangent, axis=1, keepdims=True)
    d.stroke((spine - side * width[:, None] * 0.2)[8:-6], width[8:-6] * 0.16, metal.shine)
    d.ellipse(mouth[0], mouth[1], 0.142, 0.044, metal.plain, turn_deg=tilt)
    d.ellipse(mouth[0], mouth[1] + 0.003, 0.124, 0.033, darken(metal.dark, 0.35), turn_deg=tilt)
    d.ellipse(mouth[0] + 0.03, mouth[1] + 0.014, 0.08, 0.015, metal.dark, turn_deg=tilt)
    d.polygon([(-0.16, -0.47), (-0.145, -0.435), (-0.245, -0.36), (-0.262, -0.375)], EBONY)
    d.stroke([(-0.172, -0.448), (-0.155, -0.425)], 0.014, metal.shine)
    d.stroke([(-0.03, -0.375), (0.03, -0.375)], 0.022, metal.dark)
    d.stroke([(-0.045, -0.33), (-0.055, 0.24)], 0.010, metal.dark)
    d.stroke([(0.04, -0.28), (0.068, 0.20)], 0.010, metal.dark)
    for k, y in enumerate((-0.28, -0.22, -0.155, -0.09, -0.005, 0.07, 0.145, 0.225)):
        radius = 0.024 + 0.0028 * k
        d.ellipse(-0.008, y, radius * 1.15, radius, metal.dark)
        d.ellipse(-0.011, y - 0.004, radius * 0.95, radius * 0.8, metal.plain)
        d.ellipse(-0.012, y - 0.005, radius * 0.42, radius * 0.36, IVORY)
    for x, y, r in ((0.185, 0.34, 0.036), (0.215, 0.225, 0.040), (0.085, 0.40, 0.032)):
        d.ellipse(x, y, r, r, metal.dark)
        d.ellipse(x - 0.004, y - 0.004, r * 0.78, r * 0.78, metal.shine)
        d.ellipse(x, y, r * 0.3, r * 0.3, metal.dark)
    for y in (-0.24, -0.19, -0.14):
        d.ellipse(-0.066, y, 0.020, 0.013, metal.plain, turn_deg=-30)
    d.stroke([(0.05, 0.12), (0.17, 0.12)], 0.014, metal.dark)
    d.ellipse(0.11, 0.12, 0.022, 0.022, metal.plain)
    d.marks = {"hold": np.array([-0.25, -0.37]), "left": np.array([-0.03, -0.16])}
    d.marks["right"] = np.array([-0.03, 0.12])
    return d


def draw_trumpet(rng: np.random.Generator) -> Drawing:
    """Draws a trumpet: mouthpiece, long loop of tube, three valves and a flared bell."""
    d = Drawing()
    metal = choose_metal(rng)
    _draw_tube(d, metal, [(-0.47, -0.045), (0.20, -0.045), (0.27, -0.02), (0.27, 0.075),
                          (0.20, 0.10), (0.06, 0.10)], 0.030)  # fmt: skip
    back = [(0.0, 0.10), (-0.20, 0.10), (-0.275, 0.07), (-0.275, -0.005), (-0.20, -0.03)]
    _draw_tube(d, metal, back, 0.032)
    bell = trace_curve([(-0.22, -0.03, 0.034), (0.10, -0.03, 0.040), (0.28, -0.03, 0.056),
                        (0.38, -0.03, 0.094), (0.445, -0.03, 0.165),
                        (0.482, -0.03, 0.27)])  # fmt: skip
    d.stroke(bell[:, :2], bell[:, 2] + 0.010, metal.dark, round_ends=False)
    d.stroke(bell[:, :2] - (0, 0.002), bell[:, 2] * 0.88, metal.plain, round_ends=False)
    shine = bell[:, :2] - np.stack([0 * bell[:, 2], bell[:, 2] * 0.22], 1)
    d.stroke(shine[:-1], bell[:-1, 2] * 0.15 + 0.002, metal.shine)
    d.ellipse(0.482, -0.03, 0.026, 0.142, metal.dark)
    d.ellipse(0.485, -0.03, 0.020, 0.132, metal.plain)
    d.ellipse(0.488, -0.03, 0.014, 0.112, darken(metal.dark, 0.25))
    d.polygon([(-0.5, -0.068), (-0.465, -0.055), (-0.42, -0.056), (-0.42, -0.034),
               (-0.465, -0.035), (-0.5, -0.022)], metal.shine)  # fmt: skip
    d.box(-0.504, -0.07, -0.492, -0.02, metal.dark)
    for x in (-0.085, -0.015, 0.055):
        d.stroke([(x, -0.19), (x, -0.11)], 0.014, metal.dark)
        d.rounded_box(x - 0.024, -0.205, x + 0.024, -0.183, 0.008, IVORY)
        d.rounded_box(x - 0.032, -0.12, x + 0.032, 0.165, 0.012, metal.dark)
        d.rounded_box(x - 0.026, -0.115, x + 0.026, 0.16, 0.010, metal.plain)
        d.box(x - 0.016, -0.10, x - 0.006, 0.145, metal.shine)
        d.box(x - 0.032, -0.082, x + 0.032, -0.070, metal.dark)
        d.box(x - 0.032, 0.118, x + 0.032, 0.130, metal.dark)
        d.ellipse(x, 0.168, 0.014, 0.012, metal.dark)
    d.bend([(0.105, -0.045), (0.12, -0.10), (0.15, -0.10), (0.155, -0.05)], 0.012, metal.dark)
    d.marks = {"hold": np.array([-0.5, -0.045]), "left": np.array([-0.04, 0.08])}
    d.marks["right"] = np.array([-0.01, -0.18])
    return d


def draw_tuba(rng: np.random.Generator) -> Drawing:
    """Draws a tuba: big bell upwards, wide oval coils, a row of valves, mouthpiece at the side."""
    d = Drawing()
    metal = choose_metal(rng)
    path = trace_curve([(0.16, -0.12, 0.062), (0.205, 0.08, 0.075), (0.205, 0.25, 0.090),
                        (0.14, 0.375, 0.105), (0.02, 0.425, 0.120), (-0.10, 0.375, 0.135),
                        (-0.155, 0.25, 0.148), (-0.155, 0.05, 0.160), (-0.14, -0.14, 0.185),
                        (-0.12, -0.29, 0.25), (-0.105, -0.39, 0.38),
                        (-0.105, -0.435, 0.535)])  # fmt: skip
    spine, width = path[:, :2], path[:, 2]
    mouth = spine[-1]
    inner = [(0.14, -0.06), (0.135, 0.20), (0.09, 0.30), (0.0, 0.315), (-0.045, 0.25),
             (-0.045, 0.0), (-0.01, -0.09), (0.07, -0.13), (0.17, -0.16),
             (0.225, -0.20)]  # fmt: skip
    d.stroke(spine, width + 0.014, metal.dark, round_ends=False)
    d.stroke(spine, width * 0.88, metal.plain, round_ends=False)
    tangent = np.gradient(spine, axis=0)
    side = tangent[:, ::-1] * (1, -1) / np.linalg.norm(tangent, axis=1, keepdims=True)
    lit = spine - side * width[:, None] * 0.2
    d.stroke(lit[4:-4], width[4:-4] * 0.13, metal.shine)
    d.ellipse(mouth[0], mouth[1], 0.282, 0.066, metal.dark)
    d.ellipse(mouth[0], mouth[1] - 0.003, 0.272, 0.058, metal.plain)
    d.ellipse(mouth[0], mouth[1], 0.245, 0.045, darken(metal.dark, 0.35))
    d.ellipse(mouth[0] + 0.03, mouth[1] + 0.016, 0.17, 0.024, metal.dark)
    _draw_tube(d, metal, inner, 0.048)
    _draw_tube(d, metal, [(-0.04, 0.06), (0.05, 0.02), (0.09, 0.08), (0.04, 0.15), (-0.04, 0.16)],
               0.036)  # fmt: skip
    for x in (-0.005, 0.05, 0.105):
        d.stroke([(x, -0.085), (x, 0.0)], 0.012, metal.dark)
        d.rounded_box(x - 0.021, -0.10, x + 0.021, -0.078, 0.008, IVORY)
        d.rounded_box(x - 0.025, -0.03, x + 0.025, 0.20, 0.010, metal.dark)
        d.rounded_box(x - 0.020, -0.025, x + 0.020, 0.195, 0.008, metal.plain)
        d.box(x - 0.012, -0.01, x - 0.004, 0.18, metal.shine)
    d.polygon([(0.215, -0.215), (0.228, -0.185), (0.262, -0.185), (0.25, -0.235)], metal.shine)
    d.stroke([(0.25, -0.24), (0.267, -0.18)], 0.012, metal.dark)
    d.marks = {"hold": np.array([0.262, -0.21]), "left": np.array([-0.17, 0.16])}
    d.marks["right"] = np.array([0.05, -0.07])
    return d


def _draw_tube(d: Drawing, metal: Metal, control: object, width: float) -> None:
    path = trace_curve(control)
    d.stroke(path, width, metal.dark)
    d.stroke(path, width * 0.72, metal.plain)
    d.stroke(path - (0, width * 0.14), width * 0.2, metal.shine)
