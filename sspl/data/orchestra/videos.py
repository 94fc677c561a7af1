"""Moving clips of the built-in world: a room filmed by a drifting camera, players taking turns.

Everything is a pure function of (seed, index, kind), and what sounds where is known exactly at
every moment. Instruments do not move, so only the sound says which one plays.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image

from sspl.audio import SAMPLE_RATE_HZ
from sspl.data.orchestra.scenes import Kind, Placed, draw_picture, make_sound

VIEW = 0.9  # of the drawing's side that the camera shows at a time
DETAIL = 2.0  # the drawing is larger than the frames need, so that the drift can be smooth
LOUDEST, MOST_GAIN = 0.5, 4.0  # a duet is made quiet enough to add up; here it may be louder
FADE_S = 0.12  # from one turn to the next
_DRIFT = 5  # the random stream of the camera; the clip's own are 0 to 2


@dataclass(frozen=True, kw_only=True)
class Turn:
    """From `start_s` to `end_s`, `sounding` play and no others."""

    start_s: float
    end_s: float
    sounding: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class MovingClip:
    """A video and its sound.

    Attributes:
        id: its name.
        fps: frames per second; num_frames: how many.
        image_px: side of a frame.
        waveform: (N,) float32 in [-1, 1], 16 kHz mono, the sum of `stems`.
        stems: what each instrument plays, by name, silent out of its turns.
        turns: who plays when; they follow each other without a gap.
        drawing: (p, p, 3) uint8, the room that the camera moves over.
        placed: the instruments in it, with boxes as shares of the drawing.
        corners: (num_frames, 2) upper left corner (x, y) of each frame in it.
    """

    id: str
    fps: float
    image_px: int
    waveform: np.ndarray
    stems: dict[str, np.ndarray]
    turns: tuple[Turn, ...]
    drawing: np.ndarray
    placed: tuple[Placed, ...]
    corners: np.ndarray

    @property
    def num_frames(self) -> int:
        return len(self.corners)

    def frames(self) -> Iterator[np.ndarray]:
        """Every frame in turn, (image_px, image_px, 3) uint8."""
        return (self.draw_frame(k) for k in range(self.num_frames))

    def draw_frame(self, k: int) -> np.ndarray:
        """Frame number k, (image_px, image_px, 3) uint8, shown from k / fps on."""
        side_px = len(self.drawing)
        x, y = self.corners[k] * side_px
        window = (x, y, x + VIEW * side_px, y + VIEW * side_px)
        size = (self.image_px, self.image_px)
        room = Image.fromarray(self.drawing)
        return np.array(room.resize(size, Image.Resampling.LANCZOS, window))

    def placed_at(self, t_s: float) -> tuple[Placed, ...]:
        """The instruments as frame `int(t_s * fps)` shows them: boxes in it, and who plays then."""
        corner = np.tile(self.corners[min(int(t_s * self.fps), self.num_frames - 1)], 2)
        turn = next((turn for turn in self.turns if t_s < turn.end_s), self.turns[-1])
        return tuple(
            Placed(
                instrument=placed.instrument,
                box=tuple(((np.array(placed.box) - corner) / VIEW).clip(0, 1).tolist()),
                sounding=placed.sounding and placed.instrument in turn.sounding,
            )
            for placed in self.placed
        )


def make_moving_clip(
    seed: int,
    index: int,
    kind: Kind = "duet",
    image_px: int = 256,
    turn_s: float = 3.0,
    fps: float = 12.0,
) -> MovingClip:
    """Film clip number `index` of the world `seed`: the picture and players of `make_clip`.

    Two players take turns and then play together, three turns in all; one plays one long turn.

    Args:
        image_px: side of the frames.
        turn_s: seconds; the video lasts three times that.
    Raises:
        ValueError: as `make_clip`, or where `turn_s` or `fps` is not above 0.
    """
    if not (turn_s > 0 and fps > 0):
        raise ValueError(f"turn_s is {turn_s} and fps {fps}: take numbers above 0")
    duration_s = 3 * turn_s
    drawing, placed = draw_picture(seed, index, kind, round(DETAIL * image_px))
    waveform, stems = make_sound(seed, index, kind, duration_s)
    turns = _take_turns(tuple(stems), turn_s)
    if len(stems) > 1:
        stems = {name: stem * _gate(name, turns, len(stem)) for name, stem in stems.items()}
        waveform = np.sum([*stems.values()], axis=0)
    gain = np.float32(min(LOUDEST / np.abs(waveform).max(), MOST_GAIN))
    rng = np.random.default_rng([seed, index, _DRIFT])
    return MovingClip(
        id=f"orchestra-s{seed}-film-{kind}-{index:05d}",
        fps=fps,
        image_px=image_px,
        waveform=gain * waveform,
        stems={name: gain * stem for name, stem in stems.items()},
        turns=turns,
        drawing=drawing,
        placed=placed,
        corners=_drift(rng, placed, round(duration_s * fps)),
    )


def _take_turns(names: tuple[str, ...], turn_s: float) -> tuple[Turn, ...]:
    if len(names) < 2:
        return (Turn(start_s=0.0, end_s=3 * turn_s, sounding=names),)
    return tuple(
        Turn(start_s=k * turn_s, end_s=(k + 1) * turn_s, sounding=sounding)
        for k, sounding in enumerate((names[:1], names[1:], names))
    )


def _gate(name: str, turns: tuple[Turn, ...], num_samples: int) -> np.ndarray:
    """(num_samples,) float32: 1 in an instrument's turns, 0 in others, a ramp between."""
    levels = [float(name in turn.sounding) for turn in turns]
    changes_s = [turn.end_s for turn in turns[:-1]]
    knots_s = [change_s + side * FADE_S / 2 for change_s in changes_s for side in (-1, 1)]
    heights = [level for pair in pairwise(levels) for level in pair]
    times_s = np.arange(num_samples) / SAMPLE_RATE_HZ
    return np.interp(times_s, knots_s, heights).astype(np.float32)


def _drift(rng: np.random.Generator, placed: tuple[Placed, ...], num_frames: int) -> np.ndarray:
    """(num_frames, 2) corners in [0, 1 - VIEW]: a slow arc that keeps the instruments in sight.

    Where they are too far apart for that, the camera stays between them.
    """
    boxes = np.array([p.box for p in placed] or [(0.5, 0.5, 0.5, 0.5)])
    low = np.maximum(boxes[:, 2:].max(0) - VIEW, 0)
    high = np.minimum(boxes[:, :2].min(0), 1 - VIEW)
    middle = (low + high) / 2
    low, high = np.minimum(low, middle), np.maximum(high, middle)
    angle = rng.uniform(0, 2 * np.pi) + rng.choice([-1.0, 1.0]) * np.linspace(0, 2.8, num_frames)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)  # in [-1, 1]
    return low + (high - low) * (1 + circle) / 2
