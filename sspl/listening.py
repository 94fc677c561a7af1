"""Does it listen? The same pictures with other sounds, and what that changes.

Letters: N pairs, P audio patches, A audio channels, h w map.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from sspl.audio import NUM_SAMPLES, log_mel
from sspl.model import SSPL

Listening = Literal["right", "other", "same", "silent", "noise"]
NUM_BINS = 2000  # of the values of maps, which lie in [-1, 1]


class Sounds:
    """What is played to N pictures: their own sounds, and others in their place.

    `other` is a sound of another class (of a duet: one that shares no class with it), `same`
    another sound of the same class, `silent` silence and `noise` uniform white noise. Where the
    classes are not known, any other pair's sound is `other`. Sounds that another network embedded
    cannot be joined by silence and noise: it is not here to hear them.

    Args:
        embeddings: (N, P, A) of the pairs' own sounds, from `sspl.encode.encode_sounds`.
        labels: N classes, "" where one is not known, "cello+flute" for two.
        seed: of the choice of other sounds, and of the noise.
    """

    def __init__(
        self, model: SSPL, embeddings: Tensor, labels: Sequence[str], seed: int = 0
    ) -> None:
        self._model, self._embeddings, self._seed = model, embeddings, seed
        self._partners: dict[Listening, np.ndarray] = {"right": np.arange(len(labels))}
        self._partners |= choose_partners(_name_sounds(embeddings), labels, seed)
        self.names: list[Listening] = [
            name for name, places in self._partners.items() if (places >= 0).any()
        ]
        if model.config.ears != "embedding":
            self.names.extend(("silent", "noise"))
            self._silence = self._hear(torch.zeros(1, NUM_SAMPLES))

    def play(self, name: Listening, indices: np.ndarray) -> tuple[Tensor, np.ndarray]:
        """Embeddings (n, P, A) to play to the pictures `indices` (n,).

        Returns:
            them, and which are there at all, (n,) bool: a class may have one sound only.
        """
        there = np.ones(len(indices), bool)
        if name == "silent":
            return self._silence.expand(len(indices), -1, -1), there
        if name == "noise":
            rng = np.random.default_rng([self._seed, 43, int(indices[0])])
            noise = rng.uniform(-0.5, 0.5, (len(indices), NUM_SAMPLES)).astype(np.float32)
            return self._hear(torch.from_numpy(noise)), there
        partners = self._partners[name][indices]
        return self._embeddings[torch.from_numpy(partners)], partners >= 0

    @torch.no_grad()
    def _hear(self, waveforms: Tensor) -> Tensor:
        return self._model.hear(log_mel(waveforms).to(self._embeddings.device)).float()


def choose_partners(
    sounds: Sequence[int], labels: Sequence[str], seed: int
) -> dict[Listening, np.ndarray]:
    """For each pair one with `other` and one with the `same` class: (N,) places, -1 without.

    Args:
        sounds: which sound each pair has; a pair with the very same one is nobody's partner.
    """
    rng = np.random.default_rng([seed, 41])
    names, codes = np.unique(np.array(labels), return_inverse=True)
    is_other = np.array([[not a or not _share_class(a, b) for b in names] for a in names])
    numbers, everyone = np.asarray(sounds), np.arange(len(labels))
    members = [np.flatnonzero(codes == code) for code in range(len(names))]
    other, same = np.full(len(labels), -1), np.full(len(labels), -1)
    for i, code in enumerate(codes):
        other[i] = _draw(
            rng, everyone, lambda j, i=i, c=code: is_other[c, codes[j]] & (numbers[j] != numbers[i])
        )
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


class SharesOn:
    """How much of the pictures is on under each sound, by one threshold for all of them.

    The protocols stretch each map to its own full range, so that a map always has places that
    are on, whatever it hears. Here the threshold is the mean of what the fixed protocol's comes
    down to under the right sounds, (highest + lowest value) / 2, one for a model and its data: a
    model that listens goes out under silence. After the negative-audio metric of Juanola et al.
    (2024), whose threshold is another one.
    """

    def __init__(self) -> None:
        self._middles: list[Tensor] = []
        self._counts: dict[Listening, Tensor] = {}

    def add(self, name: Listening, maps: Tensor) -> None:
        """Take in maps (n, h, w) in [-1, 1] under a sound."""
        if name == "right":
            self._middles.append((maps.amax((1, 2)) + maps.amin((1, 2))) / 2)
        counts = torch.histc(maps.float(), NUM_BINS, -1, 1)
        self._counts[name] = self._counts.get(name, 0) + counts.double()

    def measure(self) -> dict[Listening, float]:
        """The share of places that are on, in [0, 1], by sound."""
        if not self._middles:
            return {}
        threshold = float(torch.cat(self._middles).mean())
        first = min(NUM_BINS - 1, max(0, round((threshold + 1) / 2 * NUM_BINS)))
        return {
            name: float(counts[first:].sum() / counts.sum())
            for name, counts in self._counts.items()
        }


def _share_class(one: str, two: str) -> bool:
    return bool(set(one.split("+")) & set(two.split("+")))


def _name_sounds(embeddings: Tensor) -> list[int]:
    """A number for each sound, the same for the same sound."""
    numbers: dict[int, int] = {}
    keys = (hash(embedding.numpy().tobytes()) for embedding in embeddings.cpu())
    return [numbers.setdefault(key, len(numbers)) for key in keys]
