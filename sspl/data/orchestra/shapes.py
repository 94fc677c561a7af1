"""Vector drawings: filled polygons with named points, moved as one and measured exactly.

Everything in the world of `orchestra` (rooms, performers, instruments) is a `Drawing`. Curves and
strokes become polygons here, so the bounds of a drawing are the bounds of what will be painted, at
any size of picture. Coordinates are (x, y) with y downwards.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

Colour = tuple[int, ...]  # red, green, blue and, where it is not solid, alpha: 0 to 255

_CIRCLE = np.stack([f(np.linspace(0, 2 * np.pi, 28, endpoint=False)) for f in (np.cos, np.sin)], 1)
_SWING = np.linspace(0, np.pi, 7)[1:-1, None]  # over the round end of a stroke
_SWING_COS, _SWING_SIN = np.cos(_SWING), np.sin(_SWING)
_STEP = np.arange(6)[:, None] / 6
_CATMULL_ROM = 0.5 * np.hstack(  # weights of the four neighbouring control points, for each step
    [
        -(_STEP**3) + 2 * _STEP**2 - _STEP,
        3 * _STEP**3 - 5 * _STEP**2 + 2,
        -3 * _STEP**3 + 4 * _STEP**2 + _STEP,
        _STEP**3 - _STEP**2,
    ]
)


def trace_curve(control: object, closed: bool = False) -> np.ndarray:
    """Returns points (m, 2) on the smooth curve through the control points (n, d).

    The control points may carry further columns (a width, say), which are interpolated too.
    """
    points = np.asarray(control, float)
    if closed:
        padded = np.concatenate([points[-1:], points, points[:2]])
    else:
        padded = np.concatenate([points[:1], points, points[-1:]])
    windows = np.stack([padded[k : len(padded) - 3 + k] for k in range(4)])  # (4, segments, d)
    traced = np.einsum("sk,knd->nsd", _CATMULL_ROM, windows).reshape(-1, points.shape[1])
    return traced if closed else np.concatenate([traced, points[-1:]])


def mix(first: Colour, second: Colour, share: float) -> Colour:
    """Returns `first` moved towards `second` by `share` in [0, 1]; the alpha of `first` stays."""
    blended = tuple(round(a + (b - a) * share) for a, b in zip(first[:3], second[:3], strict=True))
    return blended + first[3:]


def darken(colour: Colour, share: float) -> Colour:
    """Returns the colour moved towards black by `share` in [0, 1]."""
    return mix(colour, (0, 0, 0), share)


def lighten(colour: Colour, share: float) -> Colour:
    """Returns the colour moved towards white by `share` in [0, 1]."""
    return mix(colour, (255, 255, 255), share)


class Drawing:
    """Polygons, painted in the order in which they were added, and points with names."""

    def __init__(self) -> None:
        self.polygons: list[np.ndarray] = []
        self.colours: list[Colour] = []
        self.marks: dict[str, np.ndarray] = {}

    def polygon(self, points: object, colour: Colour) -> None:
        """Adds the polygon with these corners (n, 2)."""
        self.polygons.append(np.asarray(points, float))
        self.colours.append(colour)

    def box(self, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
        """Adds an upright rectangle."""
        self.polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], colour)

    def rounded_box(
        self, x0: float, y0: float, x1: float, y1: float, radius: float, colour: Colour
    ) -> None:
        """Adds an upright rectangle with round corners."""
        cx, cy = (x0 + x1) / 2, (y0 + y1) / 2
        half = np.array([(x1 - x0) / 2 - radius, (y1 - y0) / 2 - radius])
        self.polygon(_CIRCLE * radius + np.sign(np.round(_CIRCLE, 9)) * half + (cx, cy), colour)

    def blob(self, control: object, colour: Colour) -> None:
        """Adds the smooth closed shape through the control points (n, 2)."""
        self.polygon(trace_curve(control, closed=True), colour)

    def ellipse(
        self, x: float, y: float, rx: float, ry: float, colour: Colour, turn_deg: float = 0
    ) -> None:
        """Adds an ellipse; `turn_deg` turns it clockwise on the picture."""
        points = _CIRCLE * (rx, ry)
        if turn_deg:
            points = points @ turn_matrix(turn_deg).T
        self.polygon(points + np.array([x, y]), colour)

    def stroke(
        self, path: object, width: float | np.ndarray, colour: Colour, round_ends: bool = True
    ) -> None:
        """Adds a line of the given width (one, or one per point) along a path (n, 2)."""
        points = np.asarray(path, float)
        half = np.full(len(points), 0.5) * width
        step = points[1:] - points[:-1]
        # Inner points lean along the mean of the steps on both sides.
        tangent = np.concatenate([step[:1], step[:-1] + step[1:], step[-1:]])
        tangent /= np.sqrt((tangent**2).sum(axis=1, keepdims=True)) + 1e-12
        side = tangent[:, ::-1] * (half[:, None] * (-1, 1))
        left, right = points + side, (points - side)[::-1]
        if round_ends:
            start = points[0] - side[0] * _SWING_COS - tangent[0] * half[0] * _SWING_SIN
            end = points[-1] + side[-1] * _SWING_COS + tangent[-1] * half[-1] * _SWING_SIN
            self.polygon(np.concatenate([left, end, right, start]), colour)
        else:
            self.polygon(np.concatenate([left, right]), colour)

    def bend(self, control: object, width: float, colour: Colour) -> None:
        """Adds a smooth line of one width through the control points (n, 2)."""
        self.stroke(trace_curve(control), width, colour)

    def extend(self, other: Drawing) -> None:
        """Adds everything another drawing holds; its marks win over marks of the same name."""
        self.polygons += other.polygons
        self.colours += other.colours
        self.marks |= other.marks

    def moved(self, matrix: np.ndarray, offset: Sequence[float] | np.ndarray = (0, 0)) -> Drawing:
        """Returns a copy with every point p at `matrix @ p + offset`; matrix (2, 2)."""
        copy = Drawing()
        copy.colours = list(self.colours)
        if self.polygons:
            lengths = np.cumsum([len(p) for p in self.polygons])[:-1]
            points = np.concatenate(self.polygons) @ matrix.T + np.asarray(offset, float)
            copy.polygons = np.split(points, lengths)
        copy.marks = {name: matrix @ mark + offset for name, mark in self.marks.items()}
        return copy

    def bounds(self) -> tuple[float, float, float, float]:
        """Returns (x0, y0, x1, y1) of all polygons."""
        points = np.concatenate(self.polygons)
        (x0, y0), (x1, y1) = points.min(axis=0), points.max(axis=0)
        return float(x0), float(y0), float(x1), float(y1)


def turn_matrix(turn_deg: float) -> np.ndarray:
    """Returns the (2, 2) matrix that turns clockwise on the picture by `turn_deg` degrees."""
    angle = np.deg2rad(turn_deg)
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
