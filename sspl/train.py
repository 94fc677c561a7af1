"""Train SSPL: two views and a sound in, no labels, no boxes, no negatives. Sec. 3.2, supplement B.

Or one of the baselines that it is held against, which take other pairs' sounds as negatives.

python -m sspl.train --preset tiny --out runs/tiny
torchrun --nproc-per-node 4 -m sspl.train --preset paper-flickr10k --data FOLDER --out runs/10k
"""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import tyro
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from torch import Tensor
from tqdm import tqdm

from sspl.build import build_model
from sspl.charts import plot_training
from sspl.checkpoint import read_meta, save_checkpoint
from sspl.collapse import find_collapse
from sspl.command import run_command
from sspl.config import PRESETS, RunConfig, TrainConfig, departures
from sspl.data.folder import open_embeddings
from sspl.data.pairs import Pairs
from sspl.encode import CachedViews, Encoded, encode_pairs, predict_maps
from sspl.files import replace_when_done, write_json
from sspl.metrics import score_maps
from sspl.model import SSPL
from sspl.sources import load_scored_pairs, load_training_pairs
from sspl.trainer import Progress, Trainer, open_devices
from sspl.weights import load_encoders

LAST = "last.pt"


def train(
    model: SSPL,
    run: RunConfig,
    train_pairs: Pairs,
    selection_pairs: Pairs | Encoded | None,
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
            but not where the eyes learn; None keeps the last (`select` "last").
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
    if resumes and not is_same_run(out / "config.json", run):
        raise ValueError(f"{out / 'config.json'} belongs to another run: choose another --out")

    trainer = Trainer(model, run, train_pairs, accelerator, views, embeddings)
    if main:
        out.mkdir(parents=True, exist_ok=True)
        for unfinished in out.rglob(".unfinished-*"):  # of a run that was killed as it saved
            unfinished.unlink()
        write_json(out / "config.json", asdict(run))
    selection = selection_pairs if main else None
    if isinstance(selection, Pairs) and not run.model.train_eyes:
        selection = encode_pairs(trainer.model, selection)
    if resumes:
        trainer.resume(last)
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
            scores = {}
            if selection is not None:
                measured = validate(trainer.model, selection)
                scores = {f"{config.select}_{name}": value for name, value in measured.items()}
            (scores,) = broadcast_object_list([scores])  # the first process's, where there are many
            row = trainer.close_epoch(scores)
            if main:
                if collapse := find_collapse(row):
                    bar.write(f"epoch {row['epoch']}: {collapse}", file=sys.stderr)
                bar.set_postfix({"loss": row["loss"], "spread": row["spread"], **scores})
                if trainer.progress.best()[1] == row["epoch"]:
                    save_checkpoint(trainer.model, out / "best", describe_run(run, row))
                with replace_when_done(out / "log.jsonl") as unfinished:
                    rows = trainer.progress.rows
                    unfinished.write_text("".join(json.dumps(row) + "\n" for row in rows))
                trainer.save(last)
    accelerator.wait_for_everyone()
    return out / "best"


def validate(model: SSPL, selection: Pairs | Encoded) -> dict[str, float]:
    """cIoU@0.5 and AUC of the last cycle under protocol `sspl`."""
    model.eval()
    encoded = selection
    if isinstance(encoded, Pairs):  # eyes that learn see anew
        encoded = encode_pairs(model, encoded)
    maps = predict_maps(model, encoded.visual, encoded.embeddings)[-1]
    scores = score_maps(maps, encoded.ground_truth, "sspl")
    return {"ciou_at_50": scores.ciou_at_50, "auc": scores.auc}


def describe_run(run: RunConfig, row: dict[str, Any]) -> dict[str, Any]:
    """What `meta.json` says of a checkpoint besides its model's config."""
    return {
        "epoch": row["epoch"],
        "metrics": row,
        "selection": run.train.select,
        "seed": run.train.seed,
        "data": asdict(run.data),
        "train": asdict(run.train),
        "departures": departures(run.model) | departures(run.train),
    }


def _is_over(progress: Progress, config: TrainConfig) -> bool:
    """Whether all epochs are done, or none of the last `patience` was the best."""
    done = len(progress.rows)
    return done >= config.epochs or done - progress.best()[1] >= config.patience


def is_same_run(path: Path, run: RunConfig) -> bool:
    """Whether a run's config is the one in a `config.json`; epochs may grow.

    Fields that the file does not know yet do not count.
    """
    ours = json.loads(json.dumps(asdict(run)))
    theirs = json.loads(path.read_text(encoding="utf-8"))
    theirs["train"]["epochs"] = ours["train"]["epochs"]
    return theirs == {part: {k: ours[part].get(k) for k in theirs[part]} for part in theirs}


def main(
    out: Path,
    preset: Literal[tuple(PRESETS)] = "tiny",  # pyright: ignore[reportInvalidTypeForm]
    data: str | None = None,
    embeddings: Path | None = None,
    weights_dir: Path | None = None,
    resume: bool = False,
    num_train: int | None = None,
    cached_views: int | None = None,
    select: Literal["val", "test", "last"] | None = None,
    epochs: int | None = None,
    batch_size: int | None = None,
    accumulation_steps: int | None = None,
    precision: Literal["fp32", "bf16", "fp16"] | None = None,
    seed: int | None = None,
    save_every: int = 100,
    device: Literal["cpu", "cuda"] | None = None,
) -> None:
    """Train a preset and keep its best epoch by the validation split.

    Args:
        out: folder of the run: best/ (a checkpoint), last.pt, log.jsonl, training.png.
        preset: what to train; every setting is in sspl/config.py. Those with `paper` in their
            name use the paper's exact objective, `-attention` and `-hardway` that of a baseline.
        data: a folder with manifest.jsonl, or "orchestra", which needs no files.
        embeddings: an .npz with the sounds as another network embedded them, in place of VGGish.
        weights_dir: a folder with the encoders' weights, for machines without a network.
        resume: go on with a run that was stopped.
        num_train: pairs, drawn at random from a folder's; 0 takes them all.
        cached_views: views of each picture that are encoded once and drawn from; 0 makes fresh
            ones at every step, as the paper does.
        select: what chooses the epoch: the validation split; the test split, as the authors did
            (every result then says so); or none, the last one is kept.
        epochs: instead of the preset's.
        batch_size: instead of the preset's; over all devices.
        accumulation_steps: work through each batch in so many parts, where memory is short.
        precision: of the networks; weights stay fp32.
        seed: of the weights, the views, the order, and of which pairs are drawn.
        save_every: steps from one last.pt to the next.
        device: cpu or cuda; by default GPUs where there are some.
    """
    run = PRESETS[preset]()
    changes = {
        "cached_views": cached_views,
        "select": select,
        "epochs": epochs,
        "batch_size": batch_size,
        "accumulation_steps": accumulation_steps,
        "precision": precision,
        "seed": seed,
    }
    given = {name: value for name, value in changes.items() if value is not None}
    run = replace(run, train=replace(run.train, **given))
    if data is not None:
        run = replace(run, data=replace(run.data, name=data))
    if num_train is not None:
        run = replace(run, data=replace(run.data, num_train=num_train))
    if embeddings is not None:
        run = use_embeddings(run, embeddings)
    accelerator = open_devices(device)
    if accelerator.is_main_process:
        print(json.dumps(asdict(run), indent=1))
        if run.train.select == "test":
            print("note: the test split chooses the epoch, so its scores are no test any more")

    pairs = load_training_pairs(run.data, run.train.seed)
    split = run.train.select
    selection = None if split == "last" else load_scored_pairs(run.data, split)
    model = build_model(run.model, run.train.seed)
    with accelerator.local_main_process_first():  # one fetches, the others find it there
        files = load_encoders(model, weights_dir)
    if accelerator.is_main_process:
        print(*(f"{part} from {file}" for part, file in files.items()), sep="\n")
    best = train(
        model, run, pairs, selection, out, resume, accelerator=accelerator, save_every=save_every
    )
    if accelerator.is_main_process:
        rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
        with replace_when_done(out / "training.png") as unfinished:
            plot_training(rows).savefig(unfinished)
        print(f"epoch {read_meta(best)['epoch']}, chosen by {split}, in {best}")
    accelerator.end_training()


def use_embeddings(run: RunConfig, path: Path) -> RunConfig:
    """The same run with ears that pass on embeddings as wide as those in the file."""
    _, embedding = open_embeddings(path)
    channels = embedding.shape[1]
    model = replace(run.model, ears="embedding", sound_channels=channels)
    return replace(run, model=model, data=replace(run.data, embeddings=str(path)))


if __name__ == "__main__":
    sys.exit(run_command(lambda: tyro.cli(main)))
