"""The training loop's parts: what is wrapped, stepped, saved and resumed, on one device or many.

Each process takes its part of every batch, and what is drawn at random is the same in all of them,
so that many devices see just what one would.

Letters: N pairs, B batch, D dimensions.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from accelerate import Accelerator
from torch import Tensor, nn

from sspl.data.pairs import Pairs
from sspl.encode import encode_sounds
from sspl.media.files import replace_when_done
from sspl.model import SSPL, SSPLOutput
from sspl.training.collapse import count_dimensions, find_collapse, measure_collapse
from sspl.training.config import RunConfig
from sspl.training.devices import join_batch_norms
from sspl.training.optimizer import build_optimizer
from sspl.training.views import CachedViews, FreshViews
from sspl.upgrades import FORMAT, read_format, upgrade_metrics, upgrade_tensor_name, upgrade_terms

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


class TrainingError(ValueError):
    """Training cannot go on; the message says why and what to try."""


class Learner(nn.Module):
    """What follows the frozen encoders, as one call that several devices can wrap.

    The wrapped one must be the one that is called: the authors' code calls the other, and its
    gradients are never reduced.
    """

    def __init__(self, model: SSPL) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        visual1: Tensor,
        visual2: Tensor,
        embeddings: Tensor,
        classes: Tensor | None = None,
    ) -> SSPLOutput:
        return self.model.learn(visual1, visual2, embeddings, classes)


@dataclass(kw_only=True)
class Progress:
    """How far a run is; with the weights and the optimizer, all that `last.pt` holds.

    Attributes:
        rows: one per finished epoch.
        order: (N,) the pairs in this epoch's order; step: how many of its batches are done.
        sums: of each number over those; seconds: they took.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    order: Tensor = field(default_factory=lambda: torch.empty(0, dtype=torch.int64))
    step: int = 0
    sums: dict[str, Tensor] = field(default_factory=dict)
    seconds: float = 0.0

    def best(self) -> tuple[float, int]:
        """The best score and its epoch, the first of equals; (-1, 0) before there is one.

        Where epochs are not scored, a later one is a better one.
        """
        scores = []
        for row in self.rows:
            score = row["score"]
            scores.append((row["epoch"] if score is None else score, -row["epoch"]))
        score, epoch = max(scores, default=(-1.0, 0))
        return score, -epoch


class Trainer:
    """A model, its data and its optimizer, spread over the devices there are.

    Args:
        model: with its encoders' weights.
        run: how it learns.
        pairs: what it learns from.
        accelerator: from `sspl.training.devices.open_devices`.
        views: of these pictures, made before with the same encoders and seed, as when variants of
            one run follow one another: it goes bit for bit as with views of its own.
        embeddings: (N, P, A) of these sounds, from `encode_sounds`, made before.
    Raises:
        ValueError: if the run does not fit the data or the devices.
    """

    def __init__(
        self,
        model: SSPL,
        run: RunConfig,
        pairs: Pairs,
        accelerator: Accelerator,
        views: CachedViews | None = None,
        embeddings: Tensor | None = None,
    ) -> None:
        config = run.train
        _check_fit(run, len(pairs), accelerator)
        self.run, self.accelerator, self.num_pairs = run, accelerator, len(pairs)
        self.model = model.to(accelerator.device)
        self.model.image_encoder.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        join_batch_norms(self.model, accelerator.num_processes, accelerator.device)
        self.generator = torch.Generator().manual_seed(config.seed)
        with self.precision():
            if views is not None:
                self.views = views
                self.generator.set_state(views.generator_state)
            elif config.cached_views:
                self.views = CachedViews(
                    self.model,
                    pairs.images,
                    config.cached_views,
                    self.generator,
                    config.augmentation,
                )
            else:
                self.views = FreshViews(self.model, pairs.images, config.augmentation)
            if embeddings is None:
                embeddings = encode_sounds(self.model, pairs.sounds)
        self.embeddings = embeddings
        classes = list_classes(pairs.labels) if run.model.objective.needs_classes else None
        self.classes = None if classes is None else classes.to(accelerator.device)
        self.optimizer = build_optimizer(self.model, config)
        self.scaler = torch.GradScaler(accelerator.device.type, enabled=config.precision == "fp16")
        self.learner = accelerator.prepare_model(Learner(self.model))
        self.progress = Progress()

    @property
    def num_steps(self) -> int:
        """Batches in an epoch; pairs that do not fill one wait for the next epoch's order."""
        return self.num_pairs // self.run.train.batch_size

    def precision(self) -> torch.autocast:
        """The context in which networks run in `TrainConfig.precision`; weights stay fp32."""
        dtype = DTYPES.get(self.run.train.precision)
        return torch.autocast(self.accelerator.device.type, dtype, enabled=dtype is not None)

    def train_epoch(self) -> Iterator[None]:
        """Train to the end of an epoch, from wherever it is; yields after each step."""
        progress, config = self.progress, self.run.train
        self.model.train()
        if progress.step == 0:
            progress.order = torch.randperm(self.num_pairs, generator=self.generator)
        batches = progress.order.split(config.batch_size)[progress.step : self.num_steps]
        self.views.expect(batch[part] for batch in batches for part in self._split(len(batch)))
        for batch in batches:
            start_s = time.perf_counter()
            numbers = self.train_step(batch)
            for name, value in numbers.items():
                progress.sums[name] = progress.sums.get(name, 0.0) + value
            progress.step += 1
            progress.seconds += time.perf_counter() - start_s
            yield

    def train_step(self, indices: Tensor) -> dict[str, Tensor]:
        """One step of the optimizer on the pairs `indices` (B,), this process doing its part.

        Returns:
            loss, its terms and the collapse monitors: scalars on the device, not waited for.
        """
        accelerator = self.accelerator
        views = self.views.draw(len(indices), self.generator)
        turns = self._split(len(indices))
        self.optimizer.zero_grad(set_to_none=True)
        sums: dict[str, Tensor] = {}
        for mine in turns:
            # Copied once: each copy to a GPU makes the host wait for it.
            chosen = indices[mine].to(accelerator.device)
            drawn = views[mine].to(accelerator.device)
            with self.precision():
                visual1, visual2 = self.views.encode(chosen, drawn)
                heard = self.embeddings[chosen]
            classes = None if self.classes is None else self.classes[chosen]
            more = mine is not turns[-1]  # gradients are reduced once, with the last part
            with accelerator.no_sync(self.learner) if more else nullcontext():
                with self.precision():
                    output = self.learner(visual1, visual2, heard, classes)
                self.scaler.scale(output.loss / len(turns)).backward()
            numbers = {
                "loss": output.loss.detach(),
                "spread": measure_collapse(output.z1),
                "dimensions": count_dimensions(output.z1),
            }
            for name, value in (numbers | output.terms).items():
                sums[name] = sums.get(name, 0.0) + value / len(turns)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.model.follow()
        return sums

    def _split(self, batch_size: int) -> list[Tensor]:
        """This process's places in a batch, one tensor for each part that is accumulated."""
        turns = torch.arange(batch_size).tensor_split(self.run.train.accumulation_steps)
        num, index = self.accelerator.num_processes, self.accelerator.process_index
        return [turn.tensor_split(num)[index] for turn in turns]

    def close_epoch(self, scores: Mapping[str, float | None]) -> dict[str, Any]:
        """Add the finished and settled epoch's row: means over its steps and the processes.

        Of the scores the one named `score` chooses the epoch; it is None where none does. The row
        says `collapsed` where `find_collapse` finds that it is.
        """
        progress = self.progress
        means = {name: float(total) / self.num_steps for name, total in progress.sums.items()}
        row = {"epoch": len(progress.rows) + 1, **means, **scores, "seconds": progress.seconds}
        if find_collapse(row, self.run.model.objective):
            row["collapsed"] = True
        self.progress = Progress(rows=[*progress.rows, row])
        return row

    def settle(self, last: Path) -> None:
        """Before a save: agree with the other processes on the sums, and that all is finite.

        This waits for the GPU. Every process calls it, and all raise or none.

        Raises:
            TrainingError: if the loss or a weight is not finite.
        """
        progress = self.progress
        if self.accelerator.num_processes > 1 and progress.sums:
            progress.sums = self.accelerator.reduce(progress.sums, "mean")  # pyright: ignore
        lengths = [p.detach().norm() for p in self.model.parameters() if p.requires_grad]
        if progress.sums:
            lengths.append(progress.sums["loss"])
        if not torch.isfinite(torch.stack(lengths)).all():
            raise TrainingError(
                f"the loss or a weight is no longer finite in epoch {len(progress.rows) + 1}, "
                f"before step {progress.step}: lower the learning rate, or take bf16 for fp16; "
                f"{last} holds the last good state"
            )

    def save(self, path: Path) -> None:
        """Write all that a resumed run needs but the frozen encoders, whole or not at all."""
        progress = self.progress
        state = {
            "format": FORMAT,
            "model": _learned_state(self.model),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "generator": self.generator.get_state(),
            "progress": {**vars(progress), "rows": json.dumps(progress.rows)},
        }
        with replace_when_done(path) as unfinished:
            torch.save(state, unfinished)

    def resume(self, path: Path) -> None:
        """Go on from what `save` wrote; on one CPU bit for bit.

        Raises:
            ValueError: if the file is damaged or of another model.
        """
        # Onto the CPU: AdamW keeps its step counts there, and each is copied where it belongs.
        try:
            state = torch.load(path, weights_only=True, map_location="cpu")
            version = read_format(state, path)
            # The frozen encoders are in the model already; with them the check of names is whole.
            learned = {upgrade_tensor_name(k, version): v for k, v in state["model"].items()}
            self.model.load_state_dict(_frozen_state(self.model) | learned)
            self.optimizer.load_state_dict(state["optimizer"])
            self.scaler.load_state_dict(state["scaler"])
            self.generator.set_state(state["generator"])
            fields = state["progress"]
            sums = {k: v.to(self.accelerator.device) for k, v in fields["sums"].items()}
            sums = upgrade_terms(sums, version)
            rows = [upgrade_metrics(row, version) for row in json.loads(fields["rows"])]
            self.progress = Progress(**fields | {"rows": rows, "sums": sums})
        except (RuntimeError, KeyError, OSError, EOFError, UnpicklingError, TypeError) as error:
            raise ValueError(
                f"{path} is damaged or of another model ({type(error).__name__}): choose another "
                "--out, or delete it to start anew"
            ) from error


def list_classes(labels: Sequence[str]) -> Tensor:
    """Which classes sound in each pair, from names such as "cello+flute": (N, K) bool.

    Raises:
        ValueError: if a pair has no label.
    """
    pairs = [set(label.split("+")) - {""} for label in labels]
    if not all(pairs):
        missing = sum(not pair for pair in pairs)
        raise ValueError(
            f"label_guided needs the class of every sound, and {missing} of {len(pairs)} pairs "
            "have none: label them, or train without"
        )
    names = sorted(set().union(*pairs))
    return torch.tensor([[name in pair for name in names] for pair in pairs])


def _check_fit(run: RunConfig, num_pairs: int, accelerator: Accelerator) -> None:
    config = run.train
    if run.model.train_image_encoder and config.cached_views:
        raise ValueError(
            "cached views are encoded before, and this image encoder learns: take cached_views 0"
        )
    parts = accelerator.num_processes * config.accumulation_steps
    if config.batch_size % parts or config.batch_size < 2 * parts:
        raise ValueError(
            f"a batch of {config.batch_size} does not split into {parts} equal parts of at least 2 "
            "(processes x accumulation steps): take another --train.batch-size"
        )
    if num_pairs < config.batch_size:
        raise ValueError(
            f"{num_pairs} pairs do not fill one batch of {config.batch_size}: "
            "take a smaller --train.batch-size"
        )
    if config.precision == "fp16" and accelerator.device.type == "cpu":
        raise ValueError("fp16 needs a GPU: take --train.precision bf16 or fp32")


def _frozen_parts(model: SSPL) -> tuple[str, ...]:
    """How the names of encoders begin that do not change."""
    return (
        ("audio_encoder.",)
        if model.config.train_image_encoder
        else ("image_encoder.", "audio_encoder.")
    )


def _learned_state(model: SSPL) -> dict[str, Tensor]:
    frozen = _frozen_parts(model)
    return {k: v for k, v in model.state_dict().items() if not k.startswith(frozen)}


def _frozen_state(model: SSPL) -> dict[str, Tensor]:
    return {k: v for k, v in model.state_dict().items() if k.startswith(_frozen_parts(model))}
