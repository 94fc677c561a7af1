"""What a model is scored on: pairs that are read as they are needed, or were encoded before.

Letters: N pairs, k of them, P audio patches, A audio channels, C h w features, G ground truth.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from sspl.data.mosaics import list_tile_classes
from sspl.data.pairs import Pairs
from sspl.data.stores import read_batches
from sspl.data.transforms import whole_view
from sspl.encode import BATCH, Encoded, encode_pairs, encode_sounds
from sspl.evaluation.negative_audio import AudioCondition, Sounds
from sspl.model import AudioVisualModel


@dataclass(frozen=True, kw_only=True)
class Batch:
    """Some pairs of a test set, as a model's image encoder takes them in.

    Attributes:
        indices: (k,) which pairs; visual: (k, C, h, w); truth: (k, 224, 224) G.
        visible: (k,) bool, whether what sounds is in the picture.
    """

    indices: np.ndarray
    visual: Tensor
    truth: Tensor
    visible: np.ndarray


class TestSet(Protocol):
    """What a model is scored on: `StreamedTestSet` or `EncodedTestSet`."""

    __test__ = False  # not one of pytest's

    @property
    def conditions(self) -> Sequence[AudioCondition]:
        """The sounds that can be played to its pictures; the first is "right"."""
        ...

    def batches(self) -> Iterator[Batch]:
        """All of its pairs, in their order, at most `BATCH` at a time."""
        ...

    def play(self, condition: AudioCondition, indices: np.ndarray) -> tuple[Tensor, np.ndarray]:
        """Embeddings (k, P, A) for pairs (k,), and which have such a sound at all, (k,) bool."""
        ...


class StreamedTestSet:
    """Pairs that are read and encoded as they are needed; their sounds are embedded at once.

    Args:
        seed: of the choice of other sounds.
    """

    def __init__(self, model: AudioVisualModel, pairs: Pairs, seed: int = 0) -> None:
        self._model, self.pairs = model, pairs
        embeddings = encode_sounds(model, pairs.sounds)
        self._sounds = _collect_sounds(model, embeddings, pairs, seed)

    @property
    def conditions(self) -> Sequence[AudioCondition]:
        return self._sounds.names

    def play(self, condition: AudioCondition, indices: np.ndarray) -> tuple[Tensor, np.ndarray]:
        return self._sounds.play(condition, indices)

    def batches(self) -> Iterator[Batch]:
        model, pairs, first = self._model, self.pairs, 0
        device, spec = next(model.parameters()).device, model.config.image_spec
        with tqdm(total=len(pairs), desc="look", unit="picture", leave=False) as bar:
            for images in read_batches(pairs.images, BATCH):
                with torch.no_grad():
                    visual = model.encode_image(whole_view(images.to(device), spec))
                indices = np.arange(first, first + len(images))
                yield Batch(
                    indices=indices,
                    visual=visual,
                    truth=pairs.draw_truth(indices),
                    visible=find_visible(pairs, indices),
                )
                first += len(images)
                bar.update(len(images))


@dataclass(frozen=True, kw_only=True)
class EncodedTestSet:
    """Pairs that were encoded before, to be asked by any number of models with those encoders.

    Attributes:
        encoded: pictures, own sounds and ground truths.
        visible: (N,) bool, whether what sounds is in the picture.
        sounds: by what is played, embeddings (N, P, A) and whether there is such a sound, (N,).
    """

    encoded: Encoded
    visible: np.ndarray
    sounds: Mapping[AudioCondition, tuple[Tensor, np.ndarray]]

    __test__ = False

    @property
    def conditions(self) -> Sequence[AudioCondition]:
        return list(self.sounds)

    def play(self, condition: AudioCondition, indices: np.ndarray) -> tuple[Tensor, np.ndarray]:
        embeddings, available = self.sounds[condition]
        return embeddings[torch.from_numpy(indices)], available[indices]

    def batches(self) -> Iterator[Batch]:
        for indices in np.split(
            np.arange(len(self.visible)), range(BATCH, len(self.visible), BATCH)
        ):
            chosen = torch.from_numpy(indices)
            yield Batch(
                indices=indices,
                visual=self.encoded.visual[chosen],
                truth=self.encoded.ground_truth[chosen],
                visible=self.visible[indices],
            )

    def take(self, num: int) -> "EncodedTestSet":
        """The first `num` of its pairs."""
        encoded = self.encoded
        return EncodedTestSet(
            encoded=Encoded(
                visual=encoded.visual[:num],
                embeddings=encoded.embeddings[:num],
                ground_truth=encoded.ground_truth[:num],
            ),
            visible=self.visible[:num],
            sounds={
                name: (e[:num], available[:num]) for name, (e, available) in self.sounds.items()
            },
        )


def encode_test_set(model: AudioVisualModel, pairs: Pairs, seed: int = 0) -> EncodedTestSet:
    """Pairs as a model's encoders take them in, with every sound that can be played to them."""
    encoded, everyone = encode_pairs(model, pairs), np.arange(len(pairs))
    sounds = _collect_sounds(model, encoded.embeddings, pairs, seed)
    return EncodedTestSet(
        encoded=encoded,
        visible=find_visible(pairs, everyone),
        sounds={name: sounds.play(name, everyone) for name in sounds.names},
    )


def _collect_sounds(model: AudioVisualModel, embeddings: Tensor, pairs: Pairs, seed: int) -> Sounds:
    beside = list_tile_classes(pairs)
    return Sounds(model, embeddings, pairs.labels, seed, pairs.sound_names, beside)


def under_own_sounds(encoded: Encoded) -> EncodedTestSet:
    """Encoded pairs, all with a source in the picture, under their own sounds alone."""
    everyone = np.ones(len(encoded.visual), bool)
    sounds: dict[AudioCondition, tuple[Tensor, np.ndarray]] = {
        "right": (encoded.embeddings, everyone)
    }
    return EncodedTestSet(encoded=encoded, visible=everyone, sounds=sounds)


def find_visible(pairs: Pairs, indices: np.ndarray) -> np.ndarray:
    """Whether what sounds is in each picture, by the boxes: (k,) bool.

    A box that is less than a pixel is a source that no map meets.
    """
    return np.array([len(pairs.boxes[i]) > 0 for i in indices], bool)
