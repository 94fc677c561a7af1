"""The training loop: epochs, the choice of the best one, and going on after a stop."""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor
from tqdm import tqdm

from sspl.checkpoint import save_checkpoint
from sspl.config import read_model_config
from sspl.data.config import read_data_config
from sspl.data.pairs import Pairs
from sspl.encode import encode_pairs
from sspl.evaluation.evaluator import Questions, evaluate_model
from sspl.evaluation.test_sets import EncodedTestSet, under_own_sounds
from sspl.media.files import replace_when_done, write_json
from sspl.metrics import summarise
from sspl.model import SSPL
from sspl.objectives import departures
from sspl.predictive_attention import PredictiveAttentionConfig
from sspl.training.collapse import find_collapse
from sspl.training.config import FitConfig, FitRun, Run, RunConfig, TrainConfig
from sspl.training.devices import open_devices
from sspl.training.trainer import Progress, Trainer
from sspl.training.views import CachedViews
from sspl.upgrades import FORMAT, upgrade_run

LAST, CONFIG = "last.pt", "config.json"


def train(
    model: SSPL,
    run: RunConfig,
    train_pairs: Pairs,
    selection_pairs: Pairs | EncodedTestSet | None,
    out: Path,
    resume: bool = False,
    *,
    accelerator: Accelerator | None = None,
    save_every: int = 100,
    views: CachedViews | None = None,
    embeddings: Tensor | None = None,
) -> Path:
    """Train a model whose encoders are ready, and keep its best epoch.

    `out` receives `best/` (a checkpoint), `last.pt` (to resume from), `log.jsonl` (a row an
    epoch) and `config.json`. A killed run loses at most `save_every` steps; on one CPU a resumed
    run continues bit for bit.

    Args:
        selection_pairs: score the epochs, and choose; encoded before where other runs share them,
            but not where the image encoder learns; None keeps the last (`select` "last").
        resume: go on from `out/last.pt` if it is there.
        accelerator: from `open_devices`, which is called if None.
        views, embeddings: what `Trainer` would make of the pairs, where other runs share them.
    Returns:
        the folder of the best checkpoint.
    Raises:
        TrainingError: if the loss stops being finite.
        ValueError: if `out` holds a run and `resume` is not set, or holds another run's config.
    """
    config, last = run.train, out / LAST
    accelerator = accelerator or open_devices(next(model.parameters()).device.type)
    main = accelerator.is_main_process
    if (selection_pairs is None) != (config.select == "last"):
        raise ValueError(f"select is {config.select!r}: it does not fit the pairs to select by")
    if save_every < 1:
        raise ValueError(f"save_every is {save_every}; take at least 1")
    (resumes,) = broadcast_object_list([last.exists()])
    if resumes and not last.exists():
        raise ValueError(f"{last} is there for the first process only: share the folder")
    if resumes and not resume:
        raise ValueError(f"{out} holds a run already: add --resume, or choose another --out")
    if resumes and (differences := list_differences(out / CONFIG, run)):
        raise ValueError(
            f"{out} holds another run and cannot be continued as this one "
            f"({'; '.join(differences)}): choose another --out"
        )

    trainer = Trainer(model, run, train_pairs, accelerator, views, embeddings)
    if main:
        out.mkdir(parents=True, exist_ok=True)
        for unfinished in out.rglob(".unfinished-*"):  # of a run that was killed as it saved
            unfinished.unlink()
        write_json(out / CONFIG, {"format": FORMAT, **asdict(run)})
    selection = selection_pairs if main else None
    if isinstance(selection, Pairs) and not run.model.train_image_encoder:
        selection = under_own_sounds(encode_pairs(trainer.model, selection))
    if resumes:
        trainer.resume(last)
        if main:
            _write_log(out / "log.jsonl", trainer.progress)  # an older version's, in today's names
    done = len(trainer.progress.rows) * trainer.num_steps + trainer.progress.step
    total = config.epochs * trainer.num_steps
    with tqdm(total=total, initial=done, unit="step", disable=not main) as bar:
        while not _is_over(trainer.progress, config):
            for _ in trainer.train_epoch():
                bar.update()
                if trainer.progress.step % save_every == 0:
                    trainer.settle(last)
                    if main:
                        trainer.save(last)
            trainer.settle(last)
            scores: dict[str, float | None] = {"score": None}
            if selection is not None:
                measured = validate(trainer.model, selection)
                scores = {f"{config.select}_{name}": value for name, value in measured.items()}
                scores["score"] = measured["ciou_at_50"]
            (scores,) = broadcast_object_list([scores])  # the first process's, where there are many
            row = trainer.close_epoch(scores)
            if main:
                if collapse := find_collapse(row, run.model.objective):
                    bar.write(f"epoch {row['epoch']}: {collapse}", file=sys.stderr)
                shown = {name: row[name] for name in ("loss", "spread", "score")}
                bar.set_postfix(shown)
                if trainer.progress.best()[1] == row["epoch"]:
                    facts = describe_run(run, row, train_pairs.classes)
                    save_checkpoint(trainer.model, out / "best", facts)
                _write_log(out / "log.jsonl", trainer.progress)
                trainer.save(last)
    accelerator.wait_for_everyone()
    return out / "best"


def validate(model: SSPL, selection: Pairs | EncodedTestSet) -> dict[str, float]:
    """cIoU@0.5 and AUC of the last cycle under protocol `sspl`."""
    if isinstance(selection, Pairs):  # an image encoder that learns encodes anew
        selection = under_own_sounds(encode_pairs(model.eval(), selection))
    scores = summarise(evaluate_model(model, selection, Questions(conditions=())).own)
    return {"ciou_at_50": scores.ciou_at_50, "auc": scores.auc}


def describe_run(run: RunConfig, row: dict[str, Any], classes: Sequence[str]) -> dict[str, Any]:
    """What `meta.json` says of a checkpoint besides its model's config.

    Args:
        classes: that sounded in what it learned from.
    """
    return {
        "epoch": row["epoch"],
        "metrics": row,
        "selection": run.train.select,
        "seed": run.train.seed,
        "data": asdict(run.data),
        "classes": list(classes),
        "train": asdict(run.train),
        "departures": departures(run.model) | departures(run.train),
    }


def _write_log(path: Path, progress: Progress) -> None:
    with replace_when_done(path) as unfinished:
        unfinished.write_text("".join(json.dumps(row) + "\n" for row in progress.rows))


def _is_over(progress: Progress, config: TrainConfig) -> bool:
    """Whether all epochs are done, or none of the last `patience` was the best."""
    done = len(progress.rows)
    return done >= config.epochs or done - progress.best()[1] >= config.patience


def read_run(path: Path) -> Run:
    """The training or the fit of a `config.json`, of this format or an older one.

    Raises:
        ValueError: if it is none that this version knows.
    """
    try:
        parts = upgrade_run(json.loads(path.read_text(encoding="utf-8")))
        data = read_data_config(parts["data"])
        if "objective" not in parts["model"]:  # predictive attention has none
            model = PredictiveAttentionConfig(**parts["model"])
            return FitRun(model=model, train=FitConfig(**parts["train"]), data=data)
        return RunConfig(
            model=read_model_config(parts["model"]),
            train=TrainConfig(**parts["train"]),
            data=data,
        )
    except (TypeError, KeyError, ValueError) as error:
        raise ValueError(f"{path} is no run of this version ({error}): name another") from error


def list_differences(path: Path, run: Run) -> list[str]:
    """The settings in which a run differs from the one in a `config.json`; epochs may grow.

    Settings that the file does not know yet have their defaults there.

    Raises:
        ValueError: as `read_run`.
    """
    theirs = read_run(path)
    if isinstance(theirs, RunConfig) and isinstance(run, RunConfig):
        train = replace(theirs.train, epochs=run.train.epochs)
        theirs = replace(theirs, train=train)
    return _compare(asdict(theirs), asdict(run))


def _compare(theirs: Mapping[str, Any], ours: Mapping[str, Any], within: str = "") -> list[str]:
    found: list[str] = []
    for name in dict.fromkeys((*ours, *theirs)):
        old, new = theirs.get(name), ours.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            found += _compare(old, new, f"{within}{name}.")
        elif old != new:
            found.append(f"{within}{name} is {old!r} there and {new!r} here")
    return found
