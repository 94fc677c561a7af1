"""Clips of the built-in world: a picture with exact boxes, and the sound that belongs to it.

Everything is a pure function of (seed, index, kind, num_instruments). What is in a clip, how it
looks and how it sounds come from three separate random streams, so the size of the picture and the
length of the sound change neither what is drawn nor which notes begin.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from sspl.audio import SAMPLE_RATE_HZ
from sspl.data.orchestra.clutter import draw_clutter
from sspl.data.orchestra.instruments import INSTRUMENTS
from sspl.data.orchestra.painter import Canvas
from sspl.data.orchestra.rooms import draw_room, make_light
from sspl.data.orchestra.sounds import synthesise
from sspl.data.orchestra.staging import arrange_instruments, stage_people

Kind = Literal["solo", "duet", "silent", "offscreen", "empty"]
Box = tuple[float, float, float, float]

_ALL = len(INSTRUMENTS)

_KINDS: tuple[str, ...] = get_args(Kind)
_PLAN, _PICTURE, _SOUND = range(3)


@dataclass(frozen=True, kw_only=True)
class Placed:
    """An instrument in the picture: its box (normalised x0, y0, x1, y1) and whether it sounds.

    The box is exactly that of the instrument's own painted shapes. A bow or mallets belong to it,
    since they are drawn only where they touch; shadows, hands and stands do not.
    """

    instrument: str
    box: Box
    sounding: bool


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A picture and its sound.

    `image` is (px, px, 3) uint8 RGB; `waveform` (N,) float32 in [-1, 1], 16 kHz mono, the sum of
    `stems`, which are kept by the name of the sounding instrument. `placed` lists every
    instrument drawn. `label` names what sounds: "", "cello", or "cello+flute" for a duet.
    """

    id: str
    kind: Kind
    image: np.ndarray
    waveform: np.ndarray
    stems: dict[str, np.ndarray]
    placed: tuple[Placed, ...]
    label: str

    @property
    def boxes(self) -> np.ndarray:
        """Boxes (k, 4) float32 of the visible sources."""
        boxes = [placed.box for placed in self.placed if placed.sounding]
        return np.array(boxes, np.float32).reshape(-1, 4)


@dataclass(frozen=True, kw_only=True)
class _Plan:
    drawn: tuple[str, ...]
    sounding: tuple[str, ...]


def make_clip(
    seed: int,
    index: int,
    kind: Kind = "solo",
    image_px: int = 256,
    duration_s: float = 3.0,
    num_instruments: int = _ALL,
) -> Clip:
    """Makes clip number `index` of the world `seed`.

    Kinds: "solo", one instrument, which plays; "duet", two of different classes, both playing;
    "silent", two, one of them playing; "offscreen", one that is silent, while another plays unseen;
    "empty", a room without instruments, and only its quiet noise. Only the first
    `num_instruments` of `INSTRUMENTS` appear; with fewer than all, their number is in the `id`.

    Raises ValueError for an unknown kind, a negative seed or index, an `image_px` under 16, or a
    `num_instruments` that is not 2 to 11.
    """
    image, placed = draw_picture(seed, index, kind, image_px, num_instruments)
    waveform, stems = make_sound(seed, index, kind, duration_s, num_instruments)
    world = "orchestra" if num_instruments == _ALL else f"orchestra{num_instruments}"
    return Clip(
        id=f"{world}-s{seed}-{kind}-{index:05d}",
        kind=kind,
        image=image,
        waveform=waveform,
        stems=stems,
        placed=placed,
        label="+".join(stems),
    )


def draw_picture(
    seed: int, index: int, kind: Kind, image_px: int = 256, num_instruments: int = _ALL
) -> tuple[np.ndarray, tuple[Placed, ...]]:
    """Draws only the picture of a clip: (image_px, image_px, 3) uint8, and what is in it.

    Raises ValueError as `make_clip` does.
    """
    if image_px < 16:
        raise ValueError(f"image_px is {image_px}: a picture needs at least 16 pixels a side")
    plan = _plan_clip(seed, index, kind, num_instruments)
    rng = _stream(seed, index, kind, _PICTURE)
    room, floor_y = draw_room(rng)
    clutter, light = draw_clutter(rng, floor_y), make_light(rng)
    poses = arrange_instruments(plan.drawn, rng)
    people, supports = stage_people(poses, rng, floor_y)

    canvas = Canvas(image_px)
    for layer in (room, clutter, *supports, *(person.body for person in people)):
        canvas.paint(layer)
    for pose in poses:
        canvas.cast_shadow(pose.drawing, (0.010, 0.016), 0.012, 0.45)
        canvas.paint(pose.drawing)
    for person in people:
        canvas.paint(person.hands)
    placed = tuple(
        Placed(
            instrument=pose.instrument,
            box=pose.drawing.bounds(),
            sounding=pose.instrument in plan.sounding,
        )
        for pose in poses
    )
    return canvas.finish(light), placed


def make_sound(
    seed: int, index: int, kind: Kind, duration_s: float = 3.0, num_instruments: int = _ALL
) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Makes only the sound of a clip: the mixture (N,) float32 at 16 kHz, and its stems.

    Raises ValueError as `make_clip` does.
    """
    plan = _plan_clip(seed, index, kind, num_instruments)
    rng = _stream(seed, index, kind, _SOUND)
    if not plan.sounding:
        noise = rng.standard_normal(round(duration_s * SAMPLE_RATE_HZ)) * 0.001
        return noise.astype(np.float32), {}
    streams = rng.spawn(len(plan.sounding))
    levels = rng.uniform(0.75, 1.0, len(plan.sounding)) / len(plan.sounding)
    stems = {
        name: synthesise(name, stream, duration_s) * np.float32(level)
        for name, stream, level in zip(plan.sounding, streams, levels, strict=True)
    }
    return np.stack([*stems.values()]).sum(axis=0), stems


def _stream(seed: int, index: int, kind: Kind, stream: int) -> np.random.Generator:
    if kind not in _KINDS:
        raise ValueError(f"unknown kind {kind!r}: use one of {', '.join(_KINDS)}")
    if seed < 0 or index < 0:
        raise ValueError(f"seed {seed} and index {index} must not be negative")
    return np.random.default_rng([seed, index, _KINDS.index(kind), stream])


def _plan_clip(seed: int, index: int, kind: Kind, num_instruments: int) -> _Plan:
    if not 2 <= num_instruments <= _ALL:
        raise ValueError(f"num_instruments is {num_instruments}: take 2 to {_ALL}")
    rng = _stream(seed, index, kind, _PLAN)
    first, second = rng.permutation(INSTRUMENTS[:num_instruments])[:2].tolist()
    plans = {
        "solo": ((first,), (first,)),
        "duet": ((first, second), (first, second)),
        "silent": ((first, second), (first,)),
        "offscreen": ((second,), (first,)),
        "empty": ((), ()),
    }
    drawn, sounding = plans[kind]
    return _Plan(drawn=drawn, sounding=sounding)
