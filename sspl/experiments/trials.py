"""A trial: one training run, scored on the test sets, kept in a folder and never done twice.

Experiments that need the same run share its trial. Several processes may work on the same folder:
each takes the trials that nobody else is at.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sspl.build import build_model
from sspl.checkpoint import load_checkpoint, read_meta
from sspl.config import RunConfig
from sspl.experiments.scale import TestSet
from sspl.experiments.scoring import describe_training, score_model
from sspl.experiments.shelf import Shelf
from sspl.files import write_json
from sspl.model import SSPL
from sspl.train import train
from sspl.trainer import open_devices
from sspl.weights import load_encoders

SCORE = "score.json"


def name_trial(run: RunConfig) -> str:
    """A folder name that stands for a run: its seed, and a digest of what is not default."""
    parts = {part.name: _list_differences(getattr(run, part.name)) for part in fields(run)}
    seed = parts["train"].pop("seed", 0)
    text = json.dumps(parts, sort_keys=True, default=str)
    return f"{hashlib.sha256(text.encode()).hexdigest()[:12]}-seed{seed}"


def _list_differences(config: Any) -> dict[str, Any]:
    """The fields that are not at their default: a field that is added later changes no name."""
    return {
        f.name: getattr(config, f.name)
        for f in fields(config)
        if getattr(config, f.name) != f.default
    }


def find_score(run: RunConfig, folder: Path) -> dict[str, Any] | None:
    """What a trial found, or None if it has yet to be done."""
    path = folder / name_trial(run) / SCORE
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def run_trial(
    run: RunConfig,
    tests: Mapping[str, TestSet],
    folder: Path,
    shelf: Shelf,
    weights_dir: Path | None = None,
) -> dict[str, Any]:
    """Train, score, and keep: `folder/<trial>/` receives the run, `score.json` and its config.

    Goes on with one that was stopped.

    Returns:
        the numbers of a row: what the training says, and `scores` by test set.
    """
    found = find_score(run, folder)
    if found is not None:
        return found
    out, start_s = folder / name_trial(run), time.perf_counter()
    model = build_model(run.model, run.train.seed)
    load_encoders(model, weights_dir)
    accelerator = open_devices()
    model.to(accelerator.device)
    best = train(
        model,
        run,
        shelf.training_pairs(run),
        shelf.selection(model, run),
        out,
        resume=True,
        accelerator=accelerator,
        views=shelf.training_views(model, run),
        embeddings=shelf.training_sounds(model, run),
    )
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    model = load_checkpoint(best, str(accelerator.device))
    score = {
        **describe_training(rows, read_meta(best)["epoch"]),
        "scores": {
            name: score_model(model, shelf.test(model, fit_test(test, run)))
            for name, test in tests.items()
        },
        "seconds": round(time.perf_counter() - start_s, 1),
        "device": accelerator.device.type,
    }
    (out / "last.pt").unlink(missing_ok=True)  # twice the model's size, and the run is over
    write_json(out / SCORE, score)
    return score


def fit_test(test: TestSet, run: RunConfig) -> TestSet:
    """The test set; of `orchestra`, with as many instruments as were there to learn from."""
    if test.data.name != "orchestra":
        return test
    data = replace(test.data, num_instruments=run.data.num_instruments)
    return replace(test, data=data)


def load_trial(run: RunConfig, folder: Path, device: str = "cpu") -> SSPL:
    """The model of a trial that was done."""
    return load_checkpoint(folder / name_trial(run) / "best", device)


@contextmanager
def hold_trial(run: RunConfig, folder: Path) -> Iterator[bool]:
    """Whether the trial is ours to do: False where another process is at it."""
    out = folder / name_trial(run)
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / "lock", timeout=0)
    try:
        with lock:
            yield True
    except Timeout:
        yield False


def with_seed(run: RunConfig, seed: int) -> RunConfig:
    """The run with another seed."""
    return replace(run, train=replace(run.train, seed=seed))
