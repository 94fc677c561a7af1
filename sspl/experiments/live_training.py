"""Several ways to train, side by side and live: some steps each in turn, then a look at all.

    scenes = LiveScenes(num_instruments=4)
    for standing in LiveTraining(list_live_runs(num_instruments=4), scenes).run(num_steps=200):
        print(standing.steps, standing.losses, standing.scores)

A minute of `sspl.experiments.false_negative_rate`: fewer scenes, one seed, scored often. All see
the same scenes in the same batches, so that what differs is what they minimise. The same seed gives
the same numbers, on one machine bit for bit.

Letters: N scenes to learn from, M to be scored on, K of those shown, V views, P audio patches,
A audio channels, C h w features.
"""

import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import chain
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sspl.build import build_model
from sspl.data.pairs import Pairs, orchestra_pairs
from sspl.data.transforms import random_views, whole_view
from sspl.encode import Encoded
from sspl.evaluation.evaluator import Questions, evaluate_model
from sspl.evaluation.negative_audio import AudioCondition, choose_partners
from sspl.evaluation.summary import describe_sound
from sspl.evaluation.test_sets import EncodedTestSet, find_visible
from sspl.experiments.engine.setup import tiny_setup
from sspl.experiments.false_negative_rate import set_false_negative_rate
from sspl.experiments.figure2 import list_methods
from sspl.model import SSPL
from sspl.training.config import RunConfig
from sspl.training.devices import open_devices
from sspl.training.trainer import Trainer, TrainingError
from sspl.training.views import CachedViews
from sspl.weights import load_encoders

NUM_TRAIN, NUM_HELD, NUM_SHOWN = 384, 60, 3
SLICE = 16  # scenes that are drawn at a time, in about a second
# Of each slice: worlds of `orchestra` that no training, epoch or test was drawn from.
TRAIN_SEED, HELD_SEED = 60_000, 70_000


def list_live_runs(
    num_instruments: int, batch_size: int = 32, seed: int = 0
) -> dict[str, RunConfig]:
    """A, B and C of Figure 2 at the tiny scale, on scenes with one of so many instruments."""
    runs = {}
    for letter, run in list_methods(tiny_setup().main).items():
        run = set_false_negative_rate(run, num_instruments, batch_size)
        runs[letter] = replace(run, train=replace(run.train, seed=seed))
    return runs


class LiveScenes:
    """Scenes as frozen encoders take them in, drawn once for any number of trainings.

    To learn from there are solo scenes; to be scored on, scenes in which a second instrument is
    seen and not heard.

    Args:
        num_instruments: how many appear at all, 2 to 11.
        num_train, num_held: N and M.
    Raises:
        ValueError: for another number of instruments.
    """

    def __init__(
        self, num_instruments: int, num_train: int = NUM_TRAIN, num_held: int = NUM_HELD
    ) -> None:
        self.num_instruments, self.num_scenes = num_instruments, num_train + num_held
        self._run = list_live_runs(num_instruments)["C"]
        self._to_learn, self._to_score = (
            [(seed + i, min(SLICE, num - i * SLICE)) for i in range(-(-num // SLICE))]
            for seed, num in ((TRAIN_SEED, num_train), (HELD_SEED, num_held))
        )  # of each slice its seed and how many scenes
        self._drawn: list[tuple[Pairs, Tensor]] = []  # of each slice its pairs, (V, n, C, h, w)
        self._lock = threading.Lock()
        self._model = build_model(self._run.model).eval()
        load_encoders(self._model)

    def fill(self) -> Iterator[int]:
        """Draw what is not there yet, slice by slice; yields how many scenes are there.

        Nothing is lost where one stops in between: the next call goes on from there. Threads may
        share the work.
        """
        slices = [*self._to_learn, *self._to_score]
        while True:
            with self._lock:
                done = len(self._drawn)
                if done == len(slices):
                    return
                self._drawn.append(self._draw(*slices[done], learns=done < len(self._to_learn)))
                num = sum(len(pairs) for pairs, _ in self._drawn)
            yield num

    @torch.no_grad()
    def _draw(self, seed: int, num: int, learns: bool) -> tuple[Pairs, Tensor]:
        model, spec, train = self._model, self._run.model.image_spec, self._run.train
        kind = "solo" if learns else "silent"
        pairs = orchestra_pairs(seed, num, (kind,), num_instruments=self.num_instruments)
        generator = torch.Generator().manual_seed(seed)
        images, sounds = torch.as_tensor(pairs.images), torch.as_tensor(pairs.sounds)
        views = [whole_view(images, spec)]
        if learns:
            views = [random_views(images, spec, generator) for _ in range(train.cached_views)]
        heard = model.encode_audio(sounds)
        return replace(pairs, sounds=heard), torch.stack(
            [model.encode_image(view) for view in views]
        )

    def training(self) -> tuple[Pairs, Tensor]:
        """N pairs, their sounds embedded, and their views (V, N, C, h, w)."""
        for _ in self.fill():
            pass
        return _join(self._drawn[: len(self._to_learn)])

    def test_scenes(self) -> tuple[Pairs, EncodedTestSet]:
        """The M scenes to be scored on, under the right sound and another class's."""
        for _ in self.fill():
            pass
        pairs, views = _join(self._drawn[len(self._to_learn) :])
        embeddings, everyone = torch.as_tensor(pairs.sounds), np.arange(len(pairs))
        other = choose_partners(pairs.ids, pairs.labels, seed=0)["other"]
        return pairs, EncodedTestSet(
            encoded=Encoded(
                visual=views[0], embeddings=embeddings, ground_truth=pairs.draw_truth(everyone)
            ),
            visible=find_visible(pairs, everyone),
            sounds={
                "right": (embeddings, np.ones(len(pairs), bool)),
                "other": (embeddings[torch.from_numpy(other)], other >= 0),
            },
        )


def _join(slices: list[tuple[Pairs, Tensor]]) -> tuple[Pairs, Tensor]:
    """The pairs of all slices as one, and what was seen (V, N, C, h, w)."""
    joined: dict[str, Any] = {}
    for name in (field.name for field in fields(Pairs)):
        columns = [getattr(pairs, name) for pairs, _ in slices]
        is_tensor = isinstance(columns[0], Tensor)
        joined[name] = torch.cat(columns) if is_tensor else [*chain.from_iterable(columns)]
    return Pairs(**joined), torch.cat([seen for _, seen in slices], dim=1)


class _Views(CachedViews):
    """Views that a course has encoded."""

    def __init__(self, cache: Tensor, seed: int) -> None:
        self.cache = cache
        self.generator_state = torch.Generator().manual_seed(seed).get_state()


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where the racers stand, by name.

    Attributes:
        steps: that each has taken.
        seconds: all of their training so far took.
        losses: mean over the steps of this lap; empty before the first.
        scores: by sound, "right" or "other" (another class's), the share of the M scenes with a
            cIoU of at least 0.5.
        maps: (K, h, w) of the first scenes under their own sounds, and cious, (K,), of those.
    """

    steps: int
    seconds: float
    losses: Mapping[str, float]
    scores: Mapping[str, Mapping[AudioCondition, float]]
    maps: Mapping[str, np.ndarray]
    cious: Mapping[str, np.ndarray]


class LiveTraining:
    """Trains several runs in turn; every lap shows where they stand.

    Args:
        runs: by name; they share encoders, batch size and seed.
        course: what they learn from and are scored on; it is filled first, where it is not.
    Raises:
        ValueError: if a batch is larger than the course, or the runs do not start alike.
    """

    def __init__(self, runs: Mapping[str, RunConfig], course: LiveScenes) -> None:
        starts = {(run.train.seed, run.train.batch_size) for run in runs.values()}
        if len(starts) != 1:
            raise ValueError("racers take the same batches: give all one seed and one batch size")
        ((seed, self.batch_size),) = starts
        self.course = course
        pairs, seen = course.training()
        self.test_pairs, self.test_set = course.test_scenes()
        self.steps, self.seconds = 0, 0.0
        self._num_train = len(pairs)
        self._generator = torch.Generator().manual_seed(seed)
        self._order = torch.empty(0, dtype=torch.int64)  # pairs that this epoch has yet to show
        # The encoders have done their part, and the rest is small: a GPU would mostly wait.
        accelerator = open_devices("cpu")
        views, heard = _Views(seen, seed), torch.as_tensor(pairs.sounds)
        self._trainers = {}
        for name, run in runs.items():
            model = build_model(run.model, seed)
            load_encoders(model)
            self._trainers[name] = Trainer(model, run, pairs, accelerator, views, heard)

    def run(self, num_steps: int, lap_steps: int = 10) -> Iterator[Standing]:
        """So many more steps for each; yields where they stand at the start and after each lap.

        Raises:
            TrainingError: if a loss stops being finite.
        """
        yield self._look({})
        last = self.steps + num_steps
        while self.steps < last:
            start_s = time.perf_counter()
            batches = [self._draw_batch() for _ in range(min(lap_steps, last - self.steps))]
            losses = {name: _train(t, batches) for name, t in self._trainers.items()}
            self.steps += len(batches)
            self.seconds += time.perf_counter() - start_s
            for name, loss in losses.items():
                if not np.isfinite(loss):
                    raise TrainingError(f"the loss of {name} is no longer finite: start again")
            yield self._look(losses)

    def _draw_batch(self) -> Tensor:
        """The next pairs (B,) in an order that is drawn anew each epoch; a rest is left out."""
        if len(self._order) < self.batch_size:
            self._order = torch.randperm(self._num_train, generator=self._generator)
        batch, self._order = self._order.tensor_split([self.batch_size])
        return batch

    def _look(self, losses: Mapping[str, float]) -> Standing:
        found = {name: self._score(trainer.model) for name, trainer in self._trainers.items()}
        return Standing(
            steps=self.steps,
            seconds=self.seconds,
            losses=losses,
            scores={name: scores for name, (scores, _, _) in found.items()},
            maps={name: maps for name, (_, maps, _) in found.items()},
            cious={name: cious for name, (_, _, cious) in found.items()},
        )

    def _score(self, model: SSPL) -> tuple[dict[AudioCondition, float], np.ndarray, np.ndarray]:
        """Scores by sound, and of the first scenes the maps and their cIoU."""
        questions = Questions(conditions=None, num_maps=NUM_SHOWN)
        found = evaluate_model(model, self.test_set, questions)
        scores: dict[AudioCondition, float] = {
            name: describe_sound(sound)["ciou_at_50"] for name, sound in found.under.items()
        }
        return scores, found.maps[-1].numpy(), found.own[:NUM_SHOWN]


def _train(trainer: Trainer, batches: list[Tensor]) -> float:
    """One step on each batch; the mean loss."""
    trainer.model.train()
    losses = [trainer.train_step(batch)["loss"] for batch in batches]
    return float(torch.stack(losses).mean())
