"""What the trials of one process share, so that nothing is drawn, read or encoded twice.

The encoders are frozen: what they make of pictures and sounds is the same for every trial that has
the same encoders. Where the image encoder learns, nothing of its is kept. A closed-form fit needs
sums only, which are kept in place of what they are of.

Letters: N pairs, P audio patches, A audio channels, C h w features.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from sspl.config import EncoderChoice
from sspl.data.pairs import Pairs
from sspl.encode import encode_pairs, encode_sounds
from sspl.evaluation.test_sets import EncodedTestSet, encode_test_set, under_own_sounds
from sspl.experiments.engine.setup import TestSet
from sspl.model import SSPL, AudioVisualModel
from sspl.predictive_attention import PredictiveAttention
from sspl.training.closed_form import Moments, gather_moments
from sspl.training.config import FitRun, Run, RunConfig
from sspl.training.datasets import load_scored_pairs, load_training_pairs
from sspl.training.devices import open_devices
from sspl.training.views import CachedViews

MOST_VIEWS = 2  # sets of encoded views that are kept: each takes hundreds of megabytes


class Cache:
    """Pairs, views and embeddings by what they were made from; made when first asked for.

    Attributes:
        device: where the trials of this process train and are scored.
    """

    def __init__(self) -> None:
        self.device = open_devices().device.type
        self._kept: OrderedDict[tuple[Any, ...], Any] = OrderedDict()

    def training_pairs(self, run: Run) -> Pairs:
        """The pairs that a run learns from."""
        return self._keep(
            ("training", run.data, _draw_seed(run), run.model.audio_encoder),
            lambda: load_training_pairs(run.data, run.train.seed, run.model.audio_spec),
            3,
        )

    def training_sounds(self, model: SSPL, run: RunConfig) -> Tensor:
        """Their embeddings (N, P, A)."""
        pairs = self.training_pairs(run)
        return self._keep(
            ("sounds", run.data, run.train.seed, model.config.audio_encoder),
            lambda: encode_sounds(model, pairs.sounds),
            6,
        )

    def training_views(self, model: SSPL, run: RunConfig) -> CachedViews | None:
        """Their views, encoded; None where the run sees fresh ones."""
        if not run.train.cached_views:
            return None
        pairs, train = self.training_pairs(run), run.train

        def make() -> CachedViews:
            generator = torch.Generator().manual_seed(train.seed)
            return CachedViews(
                model, pairs.images, train.cached_views, generator, train.augmentation
            )

        key = ("views", run.data, train.seed, train.cached_views, train.augmentation)
        return self._keep((*key, *_image_encoder_key(model.config)), make, MOST_VIEWS)

    def training_moments(self, model: PredictiveAttention, run: FitRun) -> Moments:
        """The sums over their encoded pictures and sounds, to which a fit is made."""
        key = ("moments", run.data, _draw_seed(run), *_image_encoder_key(model.config))
        return self._keep(
            (*key, model.config.audio_encoder),
            lambda: gather_moments(model, self.training_pairs(run)),
            6,
        )

    def selection_pairs(self, run: Run) -> Pairs:
        """The pairs that choose a run's epoch, or a fit's extent and threshold."""
        return self._keep(
            ("val", run.data, run.model.audio_encoder),
            lambda: load_scored_pairs(run.data, "val", run.model.audio_spec),
            3,
        )

    def selection(self, model: SSPL, run: RunConfig) -> Pairs | EncodedTestSet:
        """What chooses a run's epoch; encoded, unless its image encoder learns."""
        pairs = self.selection_pairs(run)
        if model.config.train_image_encoder:
            return pairs
        key = ("encoded", run.data, *_image_encoder_key(model.config), model.config.audio_encoder)
        return self._keep(key, lambda: under_own_sounds(encode_pairs(model, pairs)), 4)

    def selection_under_every_sound(
        self, model: PredictiveAttention, run: FitRun
    ) -> EncodedTestSet:
        """What chooses a fit's extent and threshold."""
        key = ("every sound", run.data, *_image_encoder_key(model.config))
        return self._keep(
            (*key, model.config.audio_encoder),
            lambda: encode_test_set(model, self.selection_pairs(run)),
            2,
        )

    def test_pairs(self, test: TestSet, model: EncoderChoice) -> Pairs:
        """The pairs of a test set, their sounds as the model's audio encoder takes them in."""

        def open_pairs() -> Pairs:
            return load_scored_pairs(test.data, test.split, model.audio_spec)

        return self._keep(("test", test, model.audio_encoder), open_pairs, 8)

    def test(self, model: AudioVisualModel, test: TestSet) -> EncodedTestSet:
        """A test set as the model's encoders take it in; kept, unless its image encoder learned."""
        pairs = self.test_pairs(test, model.config)
        if model.config.train_image_encoder:
            return encode_test_set(model, pairs)
        key = ("encoded test", test, *_image_encoder_key(model.config), model.config.audio_encoder)
        return self._keep(key, lambda: encode_test_set(model, pairs), 8)

    def _keep(self, key: tuple[Any, ...], make: Callable[[], Any], most: int) -> Any:
        """What is kept under a key, made now if need be; of a kind the latest `most` stay."""
        if key not in self._kept:
            alike = [other for other in self._kept if other[0] == key[0]]
            for oldest in alike[: max(0, len(alike) - most + 1)]:
                del self._kept[oldest]
            self._kept[key] = make()
        self._kept.move_to_end(key)
        return self._kept[key]


def _draw_seed(run: Run) -> int:
    """The seed that draws a run's training pairs, 0 where it takes all, or those of `orchestra`."""
    return run.train.seed if run.data.name != "orchestra" and run.data.num_train else 0


def _image_encoder_key(config: EncoderChoice) -> tuple[Any, ...]:
    return config.image_encoder, config.rectified_features
