"""What an evaluation comes to: the result of `sspl.evaluate`, and the numbers it shares with rows.

Letters: N pairs, n of them with a source in the picture.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sspl.data.pairs import Pairs
from sspl.evaluation.evaluator import Evaluation, UnderSound
from sspl.evaluation.floors import FLOOR_NAMES
from sspl.evaluation.multi_source import summarise_multi_source
from sspl.evaluation.negative_audio import score_answers
from sspl.evaluation.offscreen import score_offscreen
from sspl.evaluation.tile_accuracy import summarise_tiles
from sspl.metrics import auc_per_sample, bootstrap, summarise

AUC_DIGITS, SHARE_DIGITS = 5, 4  # as results and rows are written


def sum_up(cious: np.ndarray) -> dict[str, float]:
    """The two numbers of cIoUs (n,) that every table has: cIoU@0.5 and AUC."""
    scores = summarise(cious)
    return {"ciou_at_50": scores.ciou_at_50, "auc": round(scores.auc, AUC_DIGITS)}


def describe(cious: np.ndarray) -> dict[str, Any]:
    """They, the mean cIoU and the success curve."""
    scores = summarise(cious)
    curve = [round(float(share), SHARE_DIGITS) for share in scores.curve]
    return {**sum_up(cious), "mean_ciou": scores.mean_ciou, "curve": curve}


def describe_sound(found: UnderSound) -> dict[str, float]:
    """cIoU@0.5 of the pictures that have such a sound, and how much is on by one threshold."""
    cious = found.cious[found.available]
    return {
        "ciou_at_50": float((cious >= 0.5).mean()),
        "active_area": round(found.active.area, SHARE_DIGITS),
        "active_pictures": round(found.active.pictures, SHARE_DIGITS),
    }


def summarise_evaluation(found: Evaluation, labels: Sequence[str], seed: int = 0) -> dict[str, Any]:
    """What `evaluate --json` holds about the scores.

    Args:
        labels: (N,) classes.
        seed: of the intervals.
    Raises:
        ValueError: if there is no pair with a source in the picture.
    """
    protocols, visible = found.protocols, found.visible
    if not len(found.indices):
        raise ValueError("in none of the pictures is anything that sounds: nothing can be scored")
    floors = {name: found.floors[name] for name in FLOOR_NAMES if name in found.floors}
    result: dict[str, Any] = {
        "n": len(found.indices),
        "num_without_source": int((~visible).sum()),
        "protocols": {p: _describe_with_intervals(found.cious[p], seed) for p in protocols},
        "refined": {p: _describe_with_intervals(found.refined[p], seed) for p in protocols},
        "floors": {f: {p: describe(cious[p]) for p in protocols} for f, cious in floors.items()},
        "ceiling": {p: describe(found.ceiling[p]) for p in protocols},
        "per_cycle": _describe_cycles(found),
        "listening": {
            name: _describe_sound(sound, found.under["right"], seed)
            for name, sound in found.under.items()
        },
        "one_threshold": {
            "threshold": round(found.threshold, AUC_DIGITS),
            **score_answers({name: sound.active for name, sound in found.under.items()}),
        },
        "per_class": _describe_classes(found.own, [labels[int(i)] for i in found.indices]),
    }
    if not visible.all():
        result["extended"] = {}
        for protocol in protocols:
            cious = np.zeros(len(visible))
            cious[visible] = found.cious[protocol]
            scores = score_offscreen(cious, found.confidence, visible)
            result["extended"][protocol] = vars(scores)
    ciou, nsa = found.multi_source
    if len(ciou):
        result["multi_source"] = {"n": len(ciou), **vars(summarise_multi_source(ciou, nsa))}
    if found.num_tiles:
        result["mosaic"] = summarise_tiles(found.num_tiles, found.tile_hits, seed)
    return result


def _describe_cycles(found: Evaluation) -> list[dict[str, Any]]:
    """The map's scores after each cycle, and by how much the sound was predicted wrongly in it."""
    cycles = [{"t": t, **_sum_up_all(cious)} for t, cious in enumerate(found.per_cycle, 1)]
    for cycle, error in zip(cycles, found.prediction_error, strict=False):
        cycle["prediction_error"] = round(float(error.mean()), AUC_DIGITS)
    return cycles


def _sum_up_all(cious: np.ndarray) -> dict[str, float]:
    return {**sum_up(cious), "mean_ciou": summarise(cious).mean_ciou}


def _describe_with_intervals(cious: np.ndarray, seed: int) -> dict[str, Any]:
    """With 95 % intervals by bootstrap."""
    auc = bootstrap(auc_per_sample(cious), seed)
    return {
        **describe(cious),
        "ci95": bootstrap(cious >= 0.5, seed),
        "auc_ci95": [round(bound, AUC_DIGITS) for bound in auc],
    }


def _describe_sound(found: UnderSound, right: UnderSound, seed: int) -> dict[str, Any]:
    """Scores and maps under a sound, against those of the same pictures under the right one."""
    available = found.available
    cious = found.cious[available]
    described = {
        "n": int(available.sum()),
        **_sum_up_all(cious),
        "map_correlation": float(found.correlation[available].mean()),
        **describe_sound(found),
    }
    if found is not right:
        hits, before = cious >= 0.5, right.cious[available] >= 0.5
        change = hits.astype(np.float64) - before
        described |= {
            "score_change": float(change.mean()),
            "score_change_ci95": bootstrap(change, seed),
        }
    return described


def _describe_classes(cious: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    classes = np.array(labels)
    return {
        label: {"n": int((classes == label).sum()), **_sum_up_all(cious[classes == label])}
        for label in sorted(set(labels) - {""})
    }


def list_samples(found: Evaluation, pairs: Pairs) -> list[dict[str, Any]]:
    """A row for each pair with a source in the picture: its cIoU by protocol and by sound.

    Of a mosaic also whether the map chooses the tile that sounds.
    """
    hits = found.tile_hits.get(("sound", "right"), np.full(len(found.indices), np.nan))
    return [
        {
            "id": pairs.ids[index],
            "label": pairs.labels[index],
            "ciou": {p: float(cious[n]) for p, cious in found.cious.items()},
            "listening": {
                name: float(sound.cious[n])
                for name, sound in found.under.items()
                if sound.available[n]
            },
            **({} if np.isnan(hits[n]) else {"finds_tile": bool(hits[n])}),
        }
        for n, index in enumerate(found.indices)
    ]
