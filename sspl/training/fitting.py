"""A closed-form run: fit, choose how wide the map is, keep the checkpoint.

Letters: N pairs, T cycles, h w map.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from accelerate import Accelerator

from sspl.build import build_predictive_attention
from sspl.checkpoint import save_checkpoint
from sspl.data.pairs import Pairs
from sspl.encode import Encoded, encode_pairs, predict_maps
from sspl.metrics import score_maps
from sspl.predictive_attention import PredictiveAttention
from sspl.training.closed_form import fit
from sspl.training.config import FitRun
from sspl.weights import load_encoders

EXTENTS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.85, 1.0, 1.2, 1.4, 1.7, 2.0)


def fit_run(
    run: FitRun,
    pairs: Pairs,
    selection: Pairs | None,
    out: Path,
    *,
    weights_dir: Path | None = None,
    accelerator: Accelerator | None = None,
) -> Path:
    """Fit predictive attention to pairs and write `out/best`, a checkpoint.

    Args:
        selection: annotated pairs that choose the extent; None leaves it as the config says.
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
    fit(model.eval(), pairs, accelerator)
    metrics: dict[str, Any] = {"pairs": len(pairs)}
    if selection is not None:
        encoded = encode_pairs(model, selection)
        scores = score_extents(model, encoded)
        extent = choose_extent(scores)
        model = with_extent(model, extent)
        metrics |= {"extent": extent, "score": scores[extent]["ciou_at_50"], **scores[extent]}
    if accelerator is None or accelerator.is_main_process:
        facts = {
            "metrics": metrics,
            "selection": run.train.select,
            "seed": run.train.seed,
            "data": asdict(run.data),
            "train": asdict(run.train),
        }
        save_checkpoint(model, best, facts)
    return best


def score_extents(model: PredictiveAttention, encoded: Encoded) -> dict[float, dict[str, float]]:
    """cIoU@0.5 and AUC of the last cycle under `sspl`, by the power that the map is taken to."""
    maps = predict_maps(with_extent(model, 1.0), encoded.visual, encoded.embeddings)[-1]
    found = {}
    for extent in EXTENTS:
        scores = score_maps(maps.pow(extent), encoded.ground_truth, "sspl")
        found[extent] = {"ciou_at_50": scores.ciou_at_50, "auc": scores.auc}
    return found


def choose_extent(scores: Mapping[float, Mapping[str, float]]) -> float:
    """The best by AUC, which is smoother than cIoU@0.5; of equals the one nearest to 1."""
    return max(scores, key=lambda extent: (scores[extent]["auc"], -abs(extent - 1)))


@torch.no_grad()
def with_extent(model: PredictiveAttention, extent: float) -> PredictiveAttention:
    """The same model, encoders shared, whose map is taken to another power."""
    other = PredictiveAttention(
        config=replace(model.config, extent=extent),
        image_encoder=model.image_encoder,
        audio_encoder=model.audio_encoder,
    ).to(model.visual_mean.device)
    for name, buffer in model.named_buffers(recurse=False):
        other.get_buffer(name).copy_(buffer)
    return other.train(model.training)
