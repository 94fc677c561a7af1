"""Train SSPL: two views and a sound in, no labels, no boxes, no negatives. Sec. 3.2, supplement B.

    python -m sspl.train --preset tiny --out runs/tiny

Letters: N pairs, V cached views, C visual channels, h w grid, P audio patches, A audio channels.
"""

import json
import math
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import torch
import tyro
from torch import Tensor
from tqdm import tqdm

from sspl.build import build_model
from sspl.checkpoint import SHIPPED, read_meta, save_checkpoint, write_json
from sspl.config import PRESETS, RunConfig, TrainConfig, departures
from sspl.data.pairs import Pairs, orchestra_pairs
from sspl.data.transforms import random_views
from sspl.evaluate import Encoded, encode_pairs, predict_maps
from sspl.files import replace_when_done
from sspl.metrics import score_maps
from sspl.model import SSPL
from sspl.pretrain import load_encoders
from sspl.viz import plot_training

LAST = "last.pt"


class TrainingError(ValueError):
    """Training cannot go on; the message says why and what to try."""


def measure_collapse(z: Tensor) -> float:
    """Standard deviation of the normalised projections, times sqrt(D): 1 is spread, 0 collapse.

    SimSiam's monitor (Chen and He, Sec. 4.1), averaged over dimensions.

    Args:
        z: (B, D) float.
    """
    unit = torch.nn.functional.normalize(z.detach(), dim=1)
    return float(unit.std(0, correction=0).mean() * math.sqrt(z.shape[1]))


def build_optimizer(model: SSPL, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW with Table S1's two learning rates and no weight decay on a and b (authors' code)."""
    gains, rest = [], [*model.query.parameters()]
    if model.pcm is not None:
        for name, parameter in model.pcm.named_parameters():
            (gains if "gain" in name else rest).append(parameter)
    groups: list[dict[str, Any]] = [
        {"params": list(model.head.parameters()), "lr": config.head_learning_rate},
        {"params": rest, "lr": config.learning_rate},
    ]
    if gains:
        groups.append({"params": gains, "lr": config.learning_rate, "weight_decay": 0.0})
    return torch.optim.AdamW(groups, betas=(0.9, 0.999), weight_decay=config.weight_decay)


def train(
    model: SSPL, run: RunConfig, train_pairs: Pairs, val_pairs: Pairs, out: Path, resume: bool
) -> Path:
    """Train a model whose encoders are ready; the best epoch by the validation split is kept.

    `out` receives `best/` (a checkpoint), `last.pt` (to resume from), `log.jsonl` (a row an
    epoch) and `config.json`. A killed run loses at most the epoch it was in; on the CPU a
    resumed run continues bit for bit.

    Args:
        resume: go on from `out/last.pt` if it is there.
    Returns:
        the folder of the best checkpoint.
    Raises:
        TrainingError: if the loss stops being finite.
        ValueError: if `out` holds a run and `resume` is not set, or holds another run's config.
    """
    config = run.train
    last = out / LAST
    if last.exists() and not resume:
        raise ValueError(f"{out} holds a run already: add --resume, or choose another --out")
    out.mkdir(parents=True, exist_ok=True)
    _check_same_run(out / "config.json", run)

    device = next(model.parameters()).device
    generator = torch.Generator().manual_seed(config.seed)
    draw_views = prepare_views(model, train_pairs.images, config, generator)
    embeddings = encode_sounds(model, train_pairs.log_mel)
    validation = encode_pairs(model, val_pairs)
    optimizer = build_optimizer(model, config)
    rows: list[dict[str, Any]] = []
    best = -1.0
    if last.exists():
        state = torch.load(last, weights_only=True, map_location=device)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        generator.set_state(state["generator"].cpu())
        rows, best = json.loads(state["rows"]), state["best"]

    num_steps = len(train_pairs) // config.batch_size
    if num_steps < 1:
        raise ValueError(
            f"{len(train_pairs)} pairs do not fill one batch of {config.batch_size}: "
            "take a smaller --batch-size"
        )
    bar = tqdm(total=config.epochs * num_steps, initial=len(rows) * num_steps, unit="step")
    with bar:
        for epoch in range(len(rows) + 1, config.epochs + 1):
            start_s = time.perf_counter()
            model.train()
            order = torch.randperm(len(train_pairs), generator=generator)
            means: dict[str, float] = {}
            for indices in order[: num_steps * config.batch_size].split(config.batch_size):
                view1, view2 = draw_views(indices)
                output = model.learn(view1, view2, embeddings[indices.to(device)])
                if not torch.isfinite(output.loss):
                    raise TrainingError(
                        f"the loss is {output.loss.item()} in epoch {epoch}: lower the learning "
                        f"rate; the state after epoch {epoch - 1} is in {last}"
                    )
                optimizer.zero_grad(set_to_none=True)
                output.loss.backward()
                optimizer.step()
                numbers = {"loss": output.loss.item(), "spread": measure_collapse(output.z1)}
                for name, value in (numbers | _floats(output.terms)).items():
                    means[name] = means.get(name, 0.0) + value / num_steps
                bar.update()
            scores = validate(model, validation)
            rows.append(
                {"epoch": epoch, **means, **scores, "seconds": time.perf_counter() - start_s}
            )
            bar.set_postfix({"loss": means["loss"], "spread": means["spread"], **scores})
            if scores["val_ciou_at_50"] > best:
                best = scores["val_ciou_at_50"]
                save_checkpoint(model, out / "best", describe_run(run, rows[-1]))
            state = {
                "model": model.state_dict(),
                "optimizer": optimizer.state_dict(),
                "generator": generator.get_state(),
                "rows": json.dumps(rows),
                "best": best,
            }
            with replace_when_done(last) as unfinished:
                torch.save(state, unfinished)
            with replace_when_done(out / "log.jsonl") as unfinished:
                unfinished.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return out / "best"


@torch.no_grad()
def prepare_views(
    model: SSPL, images: Tensor, config: TrainConfig, generator: torch.Generator
) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """A function from indices (B,) to the visual features of two views, (B, C, h, w) each.

    With `cached_views` each picture's views are encoded here, with a progress bar, and two
    different ones are drawn each time; without, fresh views are encoded at every call.
    """
    device = next(model.parameters()).device
    px, num_views = model.config.image_px, config.cached_views

    def see(batch: Tensor) -> Tensor:
        return model.see(random_views(batch.to(device), px, generator))

    if not num_views:
        return lambda indices: (see(images[indices]), see(images[indices]))

    views = [
        torch.cat([see(batch) for batch in images.split(100)])
        for _ in tqdm(range(num_views), desc="encode views", unit="view")
    ]
    cache = torch.stack(views, dim=1)  # (N, V, C, h, w)

    def draw(indices: Tensor) -> tuple[Tensor, Tensor]:
        first = torch.randint(num_views, (len(indices),), generator=generator)
        step = torch.randint(1, num_views, (len(indices),), generator=generator)
        second = (first + step) % num_views
        return cache[indices, first], cache[indices, second]

    return draw


@torch.no_grad()
def encode_sounds(model: SSPL, log_mel: Tensor) -> Tensor:
    """Embeddings (N, P, A) of (N, P, 96, 64) sounds; the ears are frozen, so once is enough."""
    device = next(model.parameters()).device
    return torch.cat([model.hear(batch.to(device)) for batch in log_mel.split(100)])


def validate(model: SSPL, encoded: Encoded) -> dict[str, float]:
    """cIoU@0.5 and AUC of the last cycle under protocol `sspl`."""
    model.eval()
    maps = predict_maps(model, encoded.visual, encoded.embeddings)[-1]
    scores = score_maps(maps, encoded.ground_truth, "sspl")
    return {"val_ciou_at_50": scores.ciou_at_50, "val_auc": scores.auc}


def describe_run(run: RunConfig, row: dict[str, Any]) -> dict[str, Any]:
    """What `meta.json` says of a checkpoint besides its model's config."""
    return {
        "epoch": row["epoch"],
        "metrics": row,
        "selection": "val",
        "seed": run.train.seed,
        "data": asdict(run.data),
        "train": asdict(run.train),
        "departures": departures(run.model) | departures(run.train),
    }


def _check_same_run(path: Path, run: RunConfig) -> None:
    """Write the run's config, or hold it against the one that is there; epochs may grow."""
    ours = json.loads(json.dumps(asdict(run)))
    if path.exists():
        theirs = json.loads(path.read_text())
        theirs["train"]["epochs"] = ours["train"]["epochs"]
        if theirs != ours:
            raise ValueError(f"{path} belongs to another run: choose another --out")
    write_json(path, ours)


def _floats(terms: dict[str, Tensor]) -> dict[str, float]:
    return {name: float(term) for name, term in terms.items()}


def main(
    out: Path,
    preset: Literal["tiny", "tiny-no-pcm", "tiny-paper", "tiny-paper-no-pcm"] = "tiny",
    resume: bool = False,
    epochs: int | None = None,
    batch_size: int | None = None,
    seed: int | None = None,
    encoders: Path = SHIPPED / "tiny-encoders",
    device: str | None = None,
) -> None:
    """Train a preset on `orchestra` and keep its best epoch by the validation split.

    Args:
        out: folder of the run: best/ (a checkpoint), last.pt, log.jsonl, training.png.
        preset: what to train; the two `paper` ones use the paper's exact objective.
        resume: go on with a run that was stopped.
        epochs: instead of the preset's.
        batch_size: instead of the preset's.
        seed: of the weights, the views and the order.
        encoders: what `python -m sspl.pretrain` wrote.
        device: "cpu", "cuda"; by default a GPU where there is one.
    """
    run = PRESETS[preset]()
    changes = {"epochs": epochs, "batch_size": batch_size, "seed": seed}
    given = {name: value for name, value in changes.items() if value is not None}
    run = replace(run, train=replace(run.train, **given))
    print(json.dumps(asdict(run), indent=1))

    model = build_model(run.model, run.train.seed)
    eyes, ears = load_encoders(encoders)
    model.eyes.load_state_dict(eyes)
    model.ears.load_state_dict(ears)
    model.to(device or ("cuda" if torch.cuda.is_available() else "cpu"))
    data = run.data
    train_pairs = orchestra_pairs(data.train_seed, data.num_train, data.kinds)
    val_pairs = orchestra_pairs(data.val_seed, data.num_val, data.val_kinds)
    best = train(model, run, train_pairs, val_pairs, out, resume)

    rows = [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]
    with replace_when_done(out / "training.png") as unfinished:
        plot_training(rows).savefig(unfinished)
    print(f"best epoch {read_meta(best)['epoch']} in {best}")


if __name__ == "__main__":
    try:
        tyro.cli(main)
    except ValueError as error:
        sys.exit(f"sspl.train: {error}")
