"""Who and what goes where: instruments anywhere, players behind them, bystanders among them.

People, risers and plinths are as frequent in an empty room, so none of them betrays an instrument.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sspl.data.orchestra.clutter import draw_floor_shadow
from sspl.data.orchestra.instruments import Pose, pose_instrument
from sspl.data.orchestra.performers import choose_idle_hands, draw_performer
from sspl.data.orchestra.shapes import Drawing, darken, lighten

_MARGIN = 0.015  # between an instrument's box and the edge of the picture
_MOST_OVERLAP = 0.08  # of two boxes, as a share of the smaller one
_PLAYED_SHARE = 0.8  # of instruments; the others hang on the wall or stand alone
_HEAVY = ("accordion", "cello", "tuba", "xylophone")  # these stand, the others hang


@dataclass(frozen=True, kw_only=True)
class Person:
    """Someone in the room: `hands` are painted after the instruments, `body` before them."""

    body: Drawing
    hands: Drawing
    neck_x: float
    feet_y: float


def arrange_instruments(names: Sequence[str], rng: np.random.Generator) -> list[Pose]:
    """Poses instruments anywhere in the picture, hardly overlapping."""
    if len(names) < 2:
        return [_shift(pose_instrument(name, rng), rng) for name in names]
    shrink = 0.82
    while True:
        poses = [pose_instrument(name, rng, shrink) for name in names]
        for _ in range(16):
            first, second = (_shift(pose, rng) for pose in poses)
            if _measure_overlap(first, second) < _MOST_OVERLAP:
                return [first, second]
        shrink = max(shrink * 0.95, 0.72)


def stage_people(
    poses: Sequence[Pose], rng: np.random.Generator, floor_y: float
) -> tuple[list[Person], list[Drawing]]:
    """Puts players behind the instruments and bystanders beside them.

    Returns the people, from the back to the front, and what carries instruments without a player.
    """
    players, supports, taken = [], [], []
    base_y = floor_y + 0.05  # where things stand that lean against the wall
    for pose in poses:
        if (player := _seat_player(pose, rng, floor_y)) is None:
            supports.append(_support(pose, floor_y))
        else:
            players.append(player)
            taken.append(player.neck_x)
        x0, _, x1, _ = pose.drawing.bounds()
        taken.append((x0 + x1) / 2)
    players.sort(key=lambda person: person.feet_y)
    number = int(rng.choice(3, p=[0.45, 0.4, 0.15]))
    if not poses:  # as many people as where instruments are played, and as many things to stand on
        number += int((rng.random(rng.integers(1, 3)) < 0.75).sum())
        if rng.random() < 0.3:
            half, x = rng.uniform(0.12, 0.28), rng.uniform(0.1, 0.9)
            supports.append(_draw_block(x, half, floor_y - rng.uniform(0, 0.4), base_y))
    bystanders: list[Person] = []
    for _ in range(number):
        bystanders.append(_seat_bystander(rng, floor_y, taken))
        taken.append(bystanders[-1].neck_x)
    bystanders.sort(key=lambda person: person.feet_y)
    return bystanders + players, supports


def _shift(pose: Pose, rng: np.random.Generator) -> Pose:
    # A little more often near the edges than uniformly: a prior on the middle gains nothing.
    width, height = pose.size
    free = np.array([1 - width - 2 * _MARGIN, 1 - height - 2 * _MARGIN])
    corner = _MARGIN + rng.beta(0.8, 0.8, 2) * free
    return replace(pose, drawing=pose.drawing.moved(np.eye(2), corner))


def _measure_overlap(first: Pose, second: Pose) -> float:
    """Returns the shared area of two boxes as a share of the smaller one."""
    a, b = np.array(first.drawing.bounds()), np.array(second.drawing.bounds())
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    shared = float(np.prod(np.maximum(sides, 0)))
    return shared / min(np.prod(a[2:] - a[:2]), np.prod(b[2:] - b[:2]))


def _seat_player(pose: Pose, rng: np.random.Generator, floor_y: float) -> Person | None:
    """Puts a player behind an instrument; None if it stands alone, or no face would be visible."""
    marks = pose.drawing.marks
    neck = marks["hold"] - np.array(pose.anchor) * pose.head
    sitting = pose.posture == "sit" or (pose.posture == "either" and rng.random() < 0.4)
    played = rng.random() < _PLAYED_SHARE
    face_visible = neck[1] - 0.75 * pose.head > 0.0 and 0.0 < neck[0] < 1.0
    if not (played and face_visible):
        return None
    first, second = ((marks[name] - neck) / pose.head for name in ("left", "right"))
    hands = (first, second) if first[0] < second[0] else (second, first)
    player = _seat(rng, neck, pose.head, sitting, hands, floor_y)
    if pose.instrument == "xylophone":  # it stands on something, in front of the player
        x0, _, x1, y1 = pose.drawing.bounds()
        base_y = max(player.feet_y, floor_y) + 0.02
        player.body.extend(_draw_block((x0 + x1) / 2, (x1 - x0) / 2, y1 - 0.012, base_y))
    return player


def _seat_bystander(rng: np.random.Generator, floor_y: float, taken: list[float]) -> Person:
    nearness = rng.uniform()  # who is nearer is larger, and stands lower in the picture
    head = (0.08 + 0.06 * nearness) * rng.uniform(0.92, 1.08)
    feet_y = floor_y + 0.04 + nearness * (1.15 - floor_y)
    sitting = bool(rng.random() < 0.35)
    tries = rng.uniform(0.03, 0.97, 4)
    gaps = [min((abs(x - other) for other in taken), default=1.0) for x in tries]
    neck = np.array([tries[np.argmax(gaps)], feet_y - head * (3.95 if sitting else 5.0)])
    return _seat(rng, neck, head, sitting, choose_idle_hands(rng), floor_y)


def _seat(
    rng: np.random.Generator,
    neck: np.ndarray,
    head: float,
    sitting: bool,
    hands: tuple[np.ndarray, np.ndarray],
    floor_y: float,
) -> Person:
    person = draw_performer(rng, sitting, hands)
    x, feet_y = float(neck[0]), float(neck[1] + person.feet_y * head)
    body = Drawing()
    if feet_y < floor_y + 0.02:  # too high for the floor: on a riser
        body.extend(_draw_block(x, head * 1.7, feet_y - head * 0.1, floor_y + 0.05))
    draw_floor_shadow(body, (x, feet_y), head * 1.3)
    scale = np.eye(2) * head
    body.extend(person.body.moved(scale, neck))
    return Person(body=body, hands=person.hands.moved(scale, neck), neck_x=x, feet_y=feet_y)


def _support(pose: Pose, floor_y: float) -> Drawing:
    """Draws what carries an instrument without a player: a plinth, a nail or the floor."""
    d = Drawing()
    x0, y0, x1, y1 = pose.drawing.bounds()
    x, half = (x0 + x1) / 2, (x1 - x0) / 2
    if y1 > floor_y:
        draw_floor_shadow(d, (x, y1 - 0.01), half * 1.05)
    elif pose.instrument in _HEAVY:
        d.extend(_draw_block(x, half + 0.02, y1 - 0.012, floor_y + 0.05))
    else:
        nail = np.array([x, y0 - 0.05])
        for mark in ("left", "hold"):
            d.stroke([nail, pose.drawing.marks[mark]], 0.004, (96, 90, 84))
        d.ellipse(nail[0], nail[1], 0.007, 0.007, (84, 78, 74))
    return d


def _draw_block(x: float, half: float, top_y: float, base_y: float) -> Drawing:
    """Draws a riser or plinth: a plain block, drawn down to `base_y`."""
    d, side = Drawing(), (138, 129, 119)
    if base_y > top_y:
        d.box(x - half, top_y, x + half, base_y, side)
        d.box(x + half * 0.8, top_y, x + half, base_y, darken(side, 0.07))
        d.box(x - half, top_y, x + half, min(top_y + 0.035, base_y), lighten(side, 0.12))
    return d
