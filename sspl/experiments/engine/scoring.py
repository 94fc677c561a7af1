"""What a trial's model scores on a test set: the numbers of a row.

Letters: N pairs, T cycles, h w map.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sspl.data.pairs import Pairs
from sspl.encode import predict_maps
from sspl.evaluation.floors import floor_maps, saliency, score_floors
from sspl.evaluation.negative_audio import ActiveArea
from sspl.experiments.engine.cache import EncodedTestSet
from sspl.metrics import Protocol, per_sample_cious, summarise
from sspl.model import SSPL
from sspl.objectives import Objective
from sspl.training.collapse import find_collapse

PROTOCOLS: tuple[Protocol, ...] = ("sspl", "adaptive")


def score_model(model: SSPL, asked: EncodedTestSet) -> dict[str, Any]:
    """cIoU@0.5 and AUC under protocol `sspl`, and beside them `adaptive`, cycles and listening."""
    model.eval()
    truth, visual = asked.encoded.ground_truth, asked.encoded.visual
    maps = predict_maps(model, visual, asked.encoded.embeddings)  # (T, N, h, w)
    cious = per_sample_cious(maps[-1], truth, PROTOCOLS)
    own = summarise(cious["sspl"])
    cycles = [per_sample_cious(after, truth, PROTOCOLS[:1])["sspl"] for after in maps[:-1]]
    return {
        "n": len(truth),
        **_sum_up(cious["sspl"]),
        "mean_ciou": own.mean_ciou,
        "curve": [round(float(share), 4) for share in own.curve],
        "adaptive": _sum_up(cious["adaptive"]),
        "per_cycle": [
            {"t": t, **_sum_up(after)} for t, after in enumerate([*cycles, cious["sspl"]], 1)
        ],
        "listening": _listen(model, asked, maps[-1], cious["sspl"]),
    }


def _listen(
    model: SSPL, asked: EncodedTestSet, right: Tensor, own: np.ndarray
) -> dict[str, dict[str, float]]:
    """By what is played: cIoU@0.5 where there is such a sound, and the share that is on.

    Args:
        right: (N, h, w) maps under the own sounds; own: (N,) their cIoU.
    """
    shares, scores = ActiveArea(), {}
    for name, (heard, there) in asked.heard.items():
        kept = torch.from_numpy(there)
        maps, cious = right, own
        if name != "right":
            maps = predict_maps(model, asked.encoded.visual[kept], heard[kept])[-1]
            cious = per_sample_cious(maps, asked.encoded.ground_truth[kept], ["sspl"])["sspl"]
        shares.add(name, maps)
        scores[name] = {"ciou_at_50": float((cious >= 0.5).mean())}
    on = shares.measure()
    return {name: {**score, "active_area": round(on[name], 4)} for name, score in scores.items()}


def measure_floors(asked: EncodedTestSet, training: Pairs) -> dict[str, Any]:
    """The same two scores of what does not listen, by floor and protocol.

    Args:
        training: whose boxes, if it has any, make the mean box.
    """
    truth = asked.encoded.ground_truth
    annotated = [i for i, num in enumerate(training.num_annotators) if num][:500]
    maps = (
        floor_maps(t.numpy() for t in training.draw_truth(annotated)) if annotated else floor_maps()
    )
    salient = per_sample_cious(saliency(asked.encoded.visual).cpu(), truth, PROTOCOLS)
    floors: dict[str, dict[str, Any]] = {}
    for protocol in PROTOCOLS:
        found = score_floors(truth, maps, protocol) | {"saliency": salient[protocol]}
        for name, cious in found.items():
            floors.setdefault(name, {})[protocol] = _sum_up(cious)
    return floors


def show_panels(model: SSPL, asked: EncodedTestSet, num: int) -> list[dict[str, Any]]:
    """The first `num` clips of a test set with the map after each cycle, to be drawn."""
    encoded = asked.encoded
    maps = predict_maps(model, encoded.visual[:num], encoded.embeddings[:num])
    cious = per_sample_cious(maps[-1], encoded.ground_truth[:num], ["sspl"])["sspl"]
    return [
        {
            "clip": asked.pairs.ids[n],
            "ciou": round(float(cious[n]), 3),
            "maps": np.round(maps[:, n].numpy().astype(np.float64), 3).tolist(),
        }
        for n in range(len(cious))
    ]


def _sum_up(cious: np.ndarray) -> dict[str, float]:
    scores = summarise(cious)
    return {"ciou_at_50": scores.ciou_at_50, "auc": round(scores.auc, 5)}


def describe_training(
    rows: Sequence[Mapping[str, Any]], epoch: int, objective: Objective
) -> dict[str, Any]:
    """What a row says of the training, from the rows of its epochs.

    Args:
        epoch: which was chosen.
    Returns:
        that epoch's loss, and the monitors of the last one: a collapse may come after the choice.
    """
    last = rows[-1]
    return {
        "epoch": epoch,
        "loss": rows[epoch - 1]["loss"],
        "last_epoch": last["epoch"],
        "spread": last["spread"],
        "dimensions": last["dimensions"],
        "agreement": -last[objective.name] if objective.agreement_floor is not None else None,
        "collapsed": find_collapse(last, objective) is not None,
    }
