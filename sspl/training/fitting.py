"""A run of predictive attention: fit, learn, choose how the map is read, keep the checkpoint.

Letters: N pairs, T cycles, h w map.
"""

import sys
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from sspl.build import build_predictive_attention
from sspl.checkpoint import save_checkpoint
from sspl.data.pairs import Pairs
from sspl.encode import Encoded, predict_cycles, predict_maps
from sspl.evaluation.negative_audio import AudioCondition
from sspl.evaluation.test_sets import EncodedTestSet, encode_test_set
from sspl.media.files import write_json
from sspl.metrics import score_maps
from sspl.predictive_attention import PredictiveAttention
from sspl.training.closed_form import Moments, fit_moments, gather_moments
from sspl.training.config import FitRun
from sspl.training.loop import CONFIG
from sspl.training.refine import encode_locations, refine
from sspl.upgrades import FORMAT
from sspl.weights import load_encoders

EXTENTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0, 2.4, 2.8)
MOST_IN_NOISE = 0.015  # share of the pictures that is on; tests are to stay below 0.02
NOISES: tuple[AudioCondition, ...] = ("silent", "noise")


def fit_run(
    run: FitRun,
    pairs: Pairs,
    selection: Pairs | None,
    out: Path,
    *,
    weights_dir: Path | None = None,
    accelerator: Accelerator | None = None,
) -> Path:
    """Fit predictive attention to pairs and write `out/best`, a checkpoint, and `out/config.json`.

    Args:
        selection: annotated pairs that choose the epoch, where it learns through the cycles, the
            extent, and with other sounds the threshold; None takes the last epoch and leaves the
            others as the config says.
    Returns:
        the folder of the checkpoint.
    Raises:
        ValueError: if `out` holds a run already, or weights are missing.
    """
    best = out / "best"
    if best.exists():
        raise ValueError(f"{out} holds a run already: choose another --out")
    model = build_predictive_attention(run.model)
    load_encoders(model, weights_dir)
    if accelerator is not None:
        model.to(accelerator.device)
    moments = gather_moments(model.eval(), pairs, accelerator)
    if accelerator is None or accelerator.is_main_process:
        test = None if selection is None else encode_test_set(model, selection)
        finish_fit(model, run, moments, pairs, test, out)
    return best


def finish_fit(
    model: PredictiveAttention,
    run: FitRun,
    moments: Moments,
    pairs: Pairs,
    test: EncodedTestSet | None,
    out: Path,
) -> None:
    """Fit to sums over pairs, learn on, choose, and write what `fit_run` writes.

    Args:
        model: its encoders are those that made the sums.
        pairs: those of the sums; read only where the run learns through the cycles.
        test: what chooses, under every sound; None takes the last epoch and leaves the reading as
            the config says.
    """
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / CONFIG, {"format": FORMAT, **asdict(run)})
    fit_moments(model, moments)
    rows = [_describe_epoch(model, test, None)]
    predictions = [model.prediction.clone()]
    if run.train.epochs:
        locations = encode_locations(model, pairs, run.train.num_pairs)
        for loss in refine(model, locations, run.train):
            rows.append(_describe_epoch(model, test, loss))
            predictions.append(model.prediction.clone())
            print(f"epoch {len(rows) - 1}: {_tell(rows[-1])}", file=sys.stderr)
    epoch = len(rows) - 1
    if test is not None:
        epoch = max(range(len(rows)), key=lambda e: (rows[e]["auc"], -e))
        model.prediction = predictions[epoch]
        threshold = choose_threshold(measure_agreements(model, test))
        model = with_reading(model, extent=rows[epoch]["extent"], threshold=threshold)
        rows[epoch]["threshold"] = threshold
    num = int(moments.num_pairs)
    facts = {
        "epoch": epoch,
        "metrics": {"pairs": num, **rows[epoch], "score": rows[epoch].get("ciou_at_50")},
        "epochs": rows,
        "selection": run.train.select,
        "seed": run.train.seed,
        "data": asdict(run.data),
        "classes": pairs.classes,
        "train": asdict(run.train),
    }
    save_checkpoint(model, out / "best", facts)


def _describe_epoch(
    model: PredictiveAttention, test: EncodedTestSet | None, loss: float | None
) -> dict[str, Any]:
    """The loss of an epoch, and where there are pairs to choose by the best extent's scores."""
    row: dict[str, Any] = {} if loss is None else {"loss": loss}
    if test is not None:
        scores = score_extents(model, test.encoded)
        extent = choose_extent(scores)
        row |= {"extent": extent, **scores[extent]}
    return row


def _tell(row: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.3f}" for name, value in row.items())


def score_extents(model: PredictiveAttention, encoded: Encoded) -> dict[float, dict[str, float]]:
    """cIoU@0.5 and AUC of the last cycle under `sspl`, by the power that the map is taken to."""
    maps = predict_maps(with_reading(model, extent=1.0), encoded.visual, encoded.embeddings)[-1]
    found = {}
    for extent in EXTENTS:
        scores = score_maps(maps.pow(extent), encoded.ground_truth, "sspl")
        found[extent] = {"ciou_at_50": scores.ciou_at_50, "auc": scores.auc}
    return found


def choose_extent(scores: Mapping[float, Mapping[str, float]]) -> float:
    """The best by AUC, which is smoother than cIoU@0.5; of equals the one nearest to 1."""
    return max(scores, key=lambda extent: (scores[extent]["auc"], -abs(extent - 1)))


def measure_agreements(
    model: PredictiveAttention, test: EncodedTestSet
) -> dict[AudioCondition, Tensor]:
    """The agreement in each picture (n, h, w) under its own sound, "right", and under foreign ones.

    Foreign are a sound of another class, silence and white noise, where the set has them.
    """
    everyone, found = np.arange(len(test.visible)), {}
    for name in test.conditions:
        if name == "same":
            continue
        embeddings, there = test.play(name, everyone)
        kept = torch.from_numpy(there)
        cycles = predict_cycles(model, test.encoded.visual[kept], embeddings[kept])
        found[name] = cycles.absolute
    return found


def choose_threshold(agreements: Mapping[AudioCondition, Tensor]) -> float:
    """One for all sounds: the harmonic mean of answers given and refused is best, see `ActiveArea`.

    Of those under which silence and noise light no more of the pictures than `MOST_IN_NOISE`; where
    there is none, the one under which they light least.

    Args:
        agreements: of `measure_agreements`; each foreign sound counts as much.
    """
    peaks = {name: maps.amax((1, 2)) for name, maps in agreements.items()}
    own = peaks.pop("right")
    if not peaks:
        raise ValueError("there is no foreign sound to choose a threshold by: add another class's")
    candidates = torch.quantile(own, torch.linspace(0.01, 0.99, 99))
    candidates = candidates[candidates > 0]
    if not len(candidates):
        raise ValueError("no picture agrees with its own sound: there is nothing to choose by")
    noises = [agreements[name] for name in NOISES if name in agreements]
    ranks = []
    for candidate in candidates:
        lit = max((float((maps >= candidate).double().mean()) for maps in noises), default=0.0)
        answered = float((own >= candidate).double().mean())
        refused = sum(float((p < candidate).double().mean()) for p in peaks.values()) / len(peaks)
        f = 2 * answered * refused / (answered + refused) if refused else 0.0
        ranks.append((-max(lit, MOST_IN_NOISE), f))
    return round(float(candidates[ranks.index(max(ranks))]), 3)


@torch.no_grad()
def with_reading(model: PredictiveAttention, **changes: float) -> PredictiveAttention:
    """The same model, encoders shared, whose map is read out otherwise: `extent`, `threshold`."""
    other = PredictiveAttention(
        config=replace(model.config, **changes),
        image_encoder=model.image_encoder,
        audio_encoder=model.audio_encoder,
    ).to(model.visual_mean.device)
    for name, buffer in model.named_buffers(recurse=False):
        other.get_buffer(name).copy_(buffer)
    return other.train(model.training)
