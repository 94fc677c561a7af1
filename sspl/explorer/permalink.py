"""The address of what a visitor sees, and back: a link restores sample, sounds and model.

What visitors brought themselves stays with them: an address leaves it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypedDict
from urllib.parse import parse_qs

import numpy as np

from sspl.audio import NUM_SAMPLES
from sspl.explorer.models import Model, find_key
from sspl.explorer.samples import Sample
from sspl.explorer.scenes import Scene, Sound

SILENCE, NOISE = "silence", "noise"
MAX_OTHERS = 3  # sounds beside a picture's own: more is too small to see
NOISE_SEED = 0
FORMER_TABS = {"hearing": "localize"}  # where older links lead now


# The parts of an address, as they are named in it; None leaves a part out.
AddressParts = TypedDict(
    "AddressParts", {"sample": str | None, "model": str, "with": str | None}
)  # "with" is a keyword of Python


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a link leads.

    Attributes:
        model: its key.
        tab: the name of a tab, which there are is the page's business; "" leaves the one open.
    """

    model: str
    scene: Scene
    tab: str


def find_sound(key: str, samples: Mapping[str, Sample]) -> Sound:
    """A sound by its key: a sample's id, "silence" or "noise".

    Raises:
        ValueError: if there is none.
    """
    if key == SILENCE:
        return Sound(title=SILENCE, waveform=np.zeros(NUM_SAMPLES, np.float32), key=key)
    if key == NOISE:
        drawn = np.random.default_rng(NOISE_SEED).uniform(-1, 1, NUM_SAMPLES)
        return Sound(title=NOISE, waveform=drawn.astype(np.float32), key=key)
    return find_sample(key, samples).scene.sound


def find_sample(id: str, samples: Mapping[str, Sample]) -> Sample:
    """A sample by its id.

    Raises:
        ValueError: if there is none.
    """
    if id not in samples:
        raise ValueError(f"there is no sample {id!r} here")
    return samples[id]


def choose_sounds(samples: Mapping[str, Sample]) -> dict[str, str]:
    """By title a sample's id: of every instrument one sound is enough to compare with."""
    return {sample.scene.sound.title: id for id, sample in reversed([*samples.items()])}


def write_address(model: str, scene: Scene) -> AddressParts:
    """The parts of an address that bring back a scene under a model, by its key; None for none."""
    others = [sound.key for sound in scene.others if sound.key]
    return {
        "sample": scene.sample or None,
        "model": model,
        "with": ",".join(others) or None,
    }


def read_address(query: str, models: Mapping[str, Model], samples: Mapping[str, Sample]) -> Address:
    """Read `?sample=..&with=..&model=..&tab=..`; what is not named is as at a first visit.

    The cycle, which needs no server, is the browser's.

    Raises:
        ValueError: if it names something that is not here.
    """
    parts = {name: values[-1] for name, values in parse_qs(query.removeprefix("?")).items()}
    model = find_key(parts.get("model", next(iter(models))), models)
    scene = find_sample(parts.get("sample", next(iter(samples))), samples).scene
    keys = dict.fromkeys(key for key in parts.get("with", "").split(",") if key)
    others = tuple(find_sound(key, samples) for key in [*keys][:MAX_OTHERS])
    scene = replace(scene, others=others)
    tab = parts.get("tab", "")
    return Address(model=model, scene=scene, tab=FORMER_TABS.get(tab, tab))
