"""Train SSPL: two views and a sound in, no labels, no boxes, no negatives. Sec. 3.2, supplement B.

Or one of the baselines that it is held against, which take other pairs' sounds as negatives.

python -m sspl.train --preset tiny --out runs/tiny
torchrun --nproc-per-node 4 -m sspl.train --preset paper-flickr10k --data FOLDER --out runs/10k
"""

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import tyro

from sspl.build import build_model
from sspl.checkpoint import read_meta
from sspl.command import run_command
from sspl.media.files import replace_when_done
from sspl.plots.charts import plot_training
from sspl.presets import PRESETS
from sspl.training.datasets import load_scored_pairs, load_training_pairs, use_embeddings
from sspl.training.loop import train
from sspl.training.trainer import open_devices
from sspl.weights import load_encoders


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


if __name__ == "__main__":
    sys.exit(run_command(lambda: tyro.cli(main)))
