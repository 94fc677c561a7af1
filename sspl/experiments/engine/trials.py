"""A trial: one training or fit, scored on the test sets, kept in a folder and never done twice.

Experiments that need the same run share its trial. Several processes may work on the same folder:
each takes the trials that nobody else is at.
"""

import hashlib
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import MISSING, asdict, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from sspl.build import build_model, build_predictive_attention
from sspl.checkpoint import load_checkpoint, read_meta
from sspl.experiments.engine.cache import Cache
from sspl.experiments.engine.scoring import describe_fit, describe_training, score_model
from sspl.experiments.engine.setup import TestSet
from sspl.media.files import write_json
from sspl.model import AudioVisualModel
from sspl.training.config import FitRun, Run, RunConfig
from sspl.training.datasets import AnyRun
from sspl.training.devices import open_devices
from sspl.training.fitting import finish_fit
from sspl.training.loop import CONFIG, list_differences, read_run, train
from sspl.upgrades import FORMAT, read_format, upgrade_scores
from sspl.weights import load_encoders

SCORE = "score.json"


def name_trial(run: Run) -> str:
    """A folder name that stands for a run: its seed, and a digest of what is not default."""
    parts: dict[str, Any] = {
        part.name: _list_differences(getattr(run, part.name)) for part in fields(run)
    }
    seed = parts["train"].pop("seed", 0)
    if isinstance(run, FitRun):  # else a fit and a training, all at their defaults, were one
        parts["kind"] = "fit"
    text = json.dumps(parts, sort_keys=True, default=str)
    return f"{hashlib.sha256(text.encode()).hexdigest()[:12]}-seed{seed}"


def _list_differences(config: Any) -> dict[str, Any]:
    """The fields that are not at their default: a field that is added later changes no name."""
    found = {}
    for f in fields(config):
        value = getattr(config, f.name)
        default = f.default if f.default_factory is MISSING else f.default_factory()
        if is_dataclass(value):
            found[f.name] = [type(value).__name__, _list_differences(value)]
        elif value != default:
            found[f.name] = value
    return found


def adopt_trials(folder: Path) -> int:
    """Let trials that an older version left in a folder be found by this one; returns how many.

    A trial's folder is named by its settings, whose names may have changed; nothing in it is
    touched.
    """
    adopted = 0
    for config in sorted(folder.glob(f"*/{CONFIG}")):
        try:
            if read_format(json.loads(config.read_text(encoding="utf-8")), config) == FORMAT:
                continue
            named = folder / name_trial(read_run(config))
            if not named.exists():
                config.parent.rename(named)
                adopted += 1
        except FileNotFoundError:  # another process was faster
            continue
    return adopted


def read_trial(run: Run, tests: Mapping[str, TestSet], folder: Path) -> dict[str, Any] | None:
    """What a trial found, or None if it has yet to be done, or scored on one of the test sets.

    Returns:
        the numbers of a row: what the training or the fit says, and `scores` by test set.
    Raises:
        ValueError: if the trial was made by code with other defaults.
    """
    out = folder / name_trial(run)
    kept = _read_kept(out, run)
    if kept is None or any(_is_new(kept, name, test, run) for name, test in tests.items()):
        return None
    return {
        **_describe(run, out),
        "scores": {name: kept["tests"][name]["scores"] for name in tests},
        "seconds": kept["seconds"],
        "device": kept["device"],
    }


def _describe(run: Run, out: Path) -> dict[str, Any]:
    meta = read_meta(out / "best")
    if isinstance(run, FitRun):
        return describe_fit(meta["config"])
    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    return describe_training(rows, meta["epoch"], run.model.objective)


def run_trial(
    run: Run,
    tests: Mapping[str, TestSet],
    folder: Path,
    cache: Cache,
    weights_dir: Path | None = None,
) -> dict[str, Any]:
    """Train or fit, and score, whatever of it is still to be done.

    `folder/<trial>/` receives the run and `score.json`, which also says what was asked: a trial
    that was trained is scored on a new test set without being trained again.

    Returns:
        as `read_trial`.
    """
    out, start_s = folder / name_trial(run), time.perf_counter()
    kept = _read_kept(out, run)
    if kept is None:
        if isinstance(run, FitRun):
            _fit(run, out, cache, weights_dir)
        else:
            _train(run, out, cache, weights_dir)
        kept = {"seconds": 0.0, "device": cache.device, "tests": {}}
    model = load_checkpoint(out / "best", cache.device)
    for name, test in tests.items():
        if _is_new(kept, name, test, run):
            fitted = fit_test(test, run)
            scores = score_model(model, cache.test(model, fitted))
            kept["tests"][name] = {"asked": asdict(fitted), "scores": scores}
    kept["seconds"] = round(kept["seconds"] + time.perf_counter() - start_s, 1)
    write_json(out / SCORE, {**kept, "format": FORMAT})
    (out / "last.pt").unlink(missing_ok=True)  # twice the model's size, and the run is over
    found = read_trial(run, tests, folder)
    assert found is not None
    return found


def _train(run: RunConfig, out: Path, cache: Cache, weights_dir: Path | None) -> None:
    """Go on with a run from wherever it is."""
    pairs = cache.training_pairs(run)
    model = build_model(run.model, run.train.seed)
    load_encoders(model, weights_dir)
    model.to(cache.device)
    train(
        model,
        run,
        pairs,
        cache.selection(model, run),
        out,
        resume=True,
        accelerator=open_devices(cache.device),
        views=cache.training_views(model, run),
        embeddings=cache.training_sounds(model, run),
    )


def _fit(run: FitRun, out: Path, cache: Cache, weights_dir: Path | None) -> None:
    model = build_predictive_attention(run.model)
    load_encoders(model, weights_dir)
    model.to(cache.device).eval()
    selects = run.train.select != "last"
    test = cache.selection_under_every_sound(model, run) if selects else None
    pairs = cache.training_pairs(run)
    finish_fit(model, run, cache.training_moments(model, run), pairs, test, out)


def _read_kept(out: Path, run: Run) -> dict[str, Any] | None:
    """`score.json` of a trial that was trained or fitted, else None."""
    if not (out / SCORE).exists():
        return None
    if differences := list_differences(out / CONFIG, run):
        raise ValueError(
            f"{out} was trained when other defaults held ({'; '.join(differences)}): delete it to "
            "train anew"
        )
    try:
        kept = json.loads((out / SCORE).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{out / SCORE} is not JSON ({error}): delete {out}") from error
    version = read_format(kept, out / SCORE)
    for asked in kept["tests"].values():
        asked["scores"] = upgrade_scores(asked["scores"], version)
    return kept


def _is_new(kept: Mapping[str, Any], name: str, test: TestSet, run: Run) -> bool:
    """Whether the trial was not asked on this very test set."""
    asked = json.loads(json.dumps(asdict(fit_test(test, run))))
    return kept["tests"].get(name, {}).get("asked") != asked


def fit_test(test: TestSet, run: Run) -> TestSet:
    """The test set; of `orchestra`, with as many instruments as were there to learn from."""
    if test.data.name != "orchestra":
        return test
    data = replace(test.data, num_instruments=run.data.num_instruments)
    return replace(test, data=data)


def load_trial(run: Run, folder: Path, device: str) -> AudioVisualModel:
    """The model of a trial that was done."""
    return load_checkpoint(folder / name_trial(run) / "best", device)


@contextmanager
def hold_trial(run: Run, folder: Path) -> Iterator[bool]:
    """Whether the trial is ours to do: False where another process is at it."""
    out = folder / name_trial(run)
    out.mkdir(parents=True, exist_ok=True)
    lock = FileLock(out / "lock", timeout=0)
    try:
        with lock:
            yield True
    except Timeout:
        yield False


def with_seed(run: AnyRun, seed: int) -> AnyRun:
    """The run with another seed; a fit in which no seed draws anything is one trial for all."""
    draws_pairs = run.data.name != "orchestra" and run.data.num_train
    if isinstance(run, FitRun) and not (draws_pairs or run.train.epochs):
        seed = 0
    return replace(run, train=replace(run.train, seed=seed))
