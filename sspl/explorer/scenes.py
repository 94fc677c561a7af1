"""What a visitor looks at: a picture, the sound that belongs to it, and sounds to compare with.

Letters: T cycles.
"""

from dataclasses import dataclass

import numpy as np
import torch

from sspl.audio import fit_length
from sspl.localizer import Localizer
from sspl.model import AudioVisualModel, Trace


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A sound to listen for.

    Attributes:
        waveform: (N,) float32 in [-1, 1], 16 kHz.
        instruments: names of what plays, where that is known.
        key: by which an address names it, "" of a visitor's own.
    """

    title: str
    waveform: np.ndarray
    instruments: tuple[str, ...] = ()
    key: str = ""

    @property
    def clip(self) -> np.ndarray:
        """The 3 s of it that a model hears: (48000,) float32."""
        return fit_length(torch.from_numpy(self.waveform)).numpy()


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """Something in a picture that can sound, and its box: normalised (x0, y0, x1, y1)."""

    name: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a visitor looks at: a picture, its sound, perhaps other sounds to compare with.

    Attributes:
        picture: (H, W, 3) uint8.
        instruments: what is known to be in the picture.
        sample: the id of the sample that it is, "" once a visitor's own is in it.
        drawn: it is of the built-in world, in picture and sound.
        credit: whose picture and sound they are, where that is to be said.
        fresh: the page opens with it, and it is all there is again once a visitor's is forgotten.
    """

    title: str
    picture: np.ndarray
    sound: Sound
    others: tuple[Sound, ...] = ()
    instruments: tuple[Instrument, ...] = ()
    sample: str = ""
    drawn: bool = False
    credit: str = ""
    fresh: bool = False

    @property
    def sounds(self) -> list[Sound]:
        return [self.sound, *self.others]

    def find_sources(self, sound: Sound) -> list[Instrument]:
        """What is in the picture and plays in the sound."""
        return [seen for seen in self.instruments if seen.name in sound.instruments]

    def find_boxes(self, sound: Sound) -> np.ndarray:
        """The boxes (k, 4) of what is in the picture and plays in the sound, normalised."""
        boxes = [source.box for source in self.find_sources(sound)]
        return np.array(boxes, np.float32).reshape(-1, 4)


def trace_scene(model: AudioVisualModel, scene: Scene) -> list[tuple[Sound, Trace, np.ndarray]]:
    """Every cycle of one pass for each sound of a scene, with the boxes (k, 4) of its sources."""
    localizer = Localizer(model).set_image(scene.picture)
    traced = []
    for sound in scene.sounds:
        trace = localizer.set_sound(sound.waveform).trace()
        traced.append((sound, trace, scene.find_boxes(sound)))
    return traced
