"""Does it listen? The same pictures with other sounds, and what that changes.

Letters: N pairs, P audio patches, A audio channels, h w map.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from sspl.audio import CLIP_S
from sspl.data.inputs import apply_front_end
from sspl.data.pairs import split_labels
from sspl.model import AudioVisualModel

AudioCondition = Literal["right", "other", "same", "silent", "noise"]
NUM_BINS = 20_000  # of the values of maps, which lie in [-1, 1]


class Sounds:
    """What is played to N pictures: their own sounds, and others in their place.

    `other` is a sound of another class (of a duet: one that shares no class with it; of a mosaic:
    of a class that none of its pictures is of, where there is one), `same`
    another sound of the same class, `silent` silence and `noise` uniform white noise. Where the
    class is not known, any other pair's sound is `other`. Sounds that another network embedded
    cannot be joined by silence and noise: it is not here to hear them.

    Args:
        embeddings: (N, P, A) of the pairs' own sounds, from `sspl.encode.encode_sounds`.
        sounds: which sound each of the N has; by default each its own.
        labels: N classes, "" where one is not known, "cello+flute" for two.
        seed: of the choice of other sounds, and of the noise.
        beside: classes in each picture beside that which sounds, which `other` avoids.
    """

    def __init__(
        self,
        model: AudioVisualModel,
        embeddings: Tensor,
        labels: Sequence[str],
        seed: int = 0,
        sounds: Sequence[str] = (),
        beside: Sequence[frozenset[str]] = (),
    ) -> None:
        self._model, self._embeddings, self._seed = model, embeddings, seed
        self._partners: dict[AudioCondition, np.ndarray] = {"right": np.arange(len(labels))}
        names = sounds or [str(i) for i in range(len(labels))]
        self._partners |= choose_partners(names, labels, seed, beside)
        self.names: list[AudioCondition] = [
            name for name, partners in self._partners.items() if (partners >= 0).any()
        ]
        self._num_samples = round(CLIP_S * model.config.audio_spec.sample_rate_hz)
        if model.config.audio_encoder != "embedding":
            self.names.extend(("silent", "noise"))
            self._silence = self._encode_audio(torch.zeros(1, self._num_samples))

    def play(self, name: AudioCondition, indices: np.ndarray) -> tuple[Tensor, np.ndarray]:
        """Embeddings (n, P, A) to play to the pictures `indices` (n,).

        Returns:
            them, and which are there at all, (n,) bool: a class may have one sound only.
        """
        there = np.ones(len(indices), bool)
        if name == "silent":
            return self._silence.expand(len(indices), -1, -1), there
        if name == "noise":
            streams = [np.random.default_rng([self._seed, 43, int(i)]) for i in indices]
            noise = np.stack([rng.uniform(-1, 1, self._num_samples) for rng in streams])
            return self._encode_audio(torch.from_numpy(noise.astype(np.float32))), there
        partners = self._partners[name][indices]
        return self._embeddings[torch.from_numpy(partners)], partners >= 0

    @torch.no_grad()
    def _encode_audio(self, waveforms: Tensor) -> Tensor:
        spec = self._model.config.audio_spec
        patches = torch.stack([apply_front_end(waveform, spec) for waveform in waveforms])
        return self._model.encode_audio(patches.to(self._embeddings.device)).float()


def choose_partners(
    sounds: Sequence[object],
    labels: Sequence[str],
    seed: int,
    beside: Sequence[frozenset[str]] = (),
) -> dict[AudioCondition, np.ndarray]:
    """For each pair one with `other` and one with the `same` class: (N,) places, -1 without.

    Args:
        sounds: which sound each pair has; a pair with the very same one is nobody's partner.
        beside: classes that `other` avoids for a pair besides its own, where it can.
    """
    rng = np.random.default_rng([seed, 41])
    names, codes = np.unique(np.array(labels), return_inverse=True)
    classes = [split_labels([name]) for name in names]
    numbers = np.unique(np.array(sounds), return_inverse=True)[1]
    everyone = np.arange(len(labels))
    members = [np.flatnonzero(codes == code) for code in range(len(names))]
    other, same = np.full(len(labels), -1), np.full(len(labels), -1)

    def fits(i: int, avoided: frozenset[str], j: np.ndarray) -> np.ndarray:
        ours = classes[codes[i]] | avoided
        disjoint = [
            not ours or (bool(c) and ours.isdisjoint(c)) for c in (classes[k] for k in codes[j])
        ]
        return np.array(disjoint) & (numbers[j] != numbers[i])

    for i, code in enumerate(codes):
        avoided = beside[i] if beside else frozenset[str]()
        other[i] = _draw(rng, everyone, partial(fits, i, avoided))
        if other[i] < 0 and avoided:
            other[i] = _draw(rng, everyone, partial(fits, i, frozenset[str]()))
        if names[code]:
            same[i] = _draw(rng, members[code], lambda j, i=i: numbers[j] != numbers[i])
    return {"other": other, "same": same}


def _draw(
    rng: np.random.Generator, among: np.ndarray, fits: Callable[[np.ndarray], np.ndarray]
) -> int:
    """One of those that fit, at random, or -1; mostly without going through all."""
    for tried in (rng.choice(among, 16), among):
        fitting = tried[fits(tried)]
        if len(fitting):
            return int(rng.choice(fitting))
    return -1


def correlate_maps(maps: Tensor, reference: Tensor) -> np.ndarray:
    """Pearson correlation of each of (N, h, w) maps with its reference, (N,); flat is 0."""
    a, b = (m.flatten(1) - m.flatten(1).mean(1, keepdim=True) for m in (maps, reference))
    r = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)).clamp_min(1e-12)
    return r.double().numpy()


@dataclass(frozen=True, kw_only=True)
class Active:
    """What is on by one threshold for all sounds, under one of them.

    Attributes:
        area: the share of locations, in [0, 1]; pictures: the share of pictures with any.
    """

    area: float
    pictures: float


class ActiveArea:
    """How much of the pictures is on under each sound, by one threshold for all of them.

    The protocols stretch each map to its own full range, so that a map always has places that
    are on, whatever it hears; by one threshold a model that listens goes out under silence. A
    model that has an absolute measure has its threshold, too, chosen on validation pairs. Of
    others it is the mean of what the fixed protocol's comes down to under the right sounds,
    (highest + lowest value) / 2, one for a model and its data. After the negative-audio metric of
    Juanola et al. (2024), whose universal thresholds are other ones.

    Args:
        threshold: the model's own, of its agreement; None without one.
    """

    def __init__(self, threshold: float | None = None) -> None:
        self._threshold = threshold
        self._middles: list[Tensor] = []
        self._counts: dict[AudioCondition, Tensor] = {}
        self._peaks: dict[AudioCondition, list[Tensor]] = {}

    def add(self, name: AudioCondition, maps: Tensor) -> None:
        """Take in maps (n, h, w) under a sound: agreement, or in [-1, 1] without a threshold."""
        if name == "right":
            self._middles.append((maps.amax((1, 2)) + maps.amin((1, 2))) / 2)
        if self._threshold is None:
            counts = torch.histc(maps.float().clamp(-1, 1), NUM_BINS, -1, 1)
        else:
            on = (maps >= self._threshold).sum()
            counts = torch.stack([maps.numel() - on, on])
        self._counts[name] = self._counts.get(name, 0) + counts.double()
        self._peaks.setdefault(name, []).append(maps.amax((1, 2)))

    @property
    def threshold(self) -> float:
        """The one for all sounds; NaN before any right sound."""
        if self._threshold is not None:
            return self._threshold
        return float(torch.cat(self._middles).mean()) if self._middles else math.nan

    def measure(self) -> dict[AudioCondition, Active]:
        """What is on, by sound."""
        threshold = self.threshold
        if math.isnan(threshold):
            return {}
        first = 1
        if self._threshold is None:
            first = min(NUM_BINS - 1, max(0, round((threshold + 1) / 2 * NUM_BINS)))
        return {
            name: Active(
                area=float(counts[first:].sum() / counts.sum()),
                pictures=float((torch.cat(self._peaks[name]) >= threshold).double().mean()),
            )
            for name, counts in self._counts.items()
        }


def score_answers(active: Mapping[AudioCondition, Active]) -> dict[str, float]:
    """Is it known whether anything makes the sound? By one threshold for all sounds.

    Returns:
        `answered`, the share of pictures in which something is on under their own sound; `refused`,
        that in which nothing is under those that do not belong (another class's, silence, noise),
        each sound counting as much; `f`, their harmonic mean. Empty where none were played.
    """
    foreign = [active[name].pictures for name in ("other", "silent", "noise") if name in active]
    if "right" not in active or not foreign:
        return {}
    answered, refused = active["right"].pictures, 1 - sum(foreign) / len(foreign)
    f = 2 * answered * refused / (answered + refused) if answered + refused else 0.0
    return {"answered": answered, "refused": refused, "f": f}
