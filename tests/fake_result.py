"""A result as `evaluate` gives it, made up, and examples to go with it."""

from typing import Any

import numpy as np

from sspl.evaluation.examples import Example
from sspl.metrics import PROTOCOLS, auc_per_sample, bootstrap, summarise

SOUNDS = {"right": (0.0, 0.36), "other": (0.12, 0.27), "same": (0.02, 0.35), "silent": (0.2, 0.08)}


def make_result(labels: tuple[str, ...] = ("dog", "cat"), protocols=PROTOCOLS[:2]) -> dict:
    """Scores of 60 samples, all parts there: extended, duets, notes."""
    rng = np.random.default_rng(0)

    def draw(mean: float) -> np.ndarray:
        return np.clip(rng.normal(mean, 0.2, 60), 0, 1)

    right = {p: draw(0.6) for p in protocols}
    first = protocols[0]
    return {
        "data": "clips",
        "split": "test, unseen",
        "list": "vggss-4692",
        "n": 60,
        "num_without_source": 4,
        "checkpoint": "runs/mine/best",
        "selection": "val",
        "protocols": {p: _describe(one) for p, one in right.items()},
        "refined": {p: _describe(draw(0.65)) for p in protocols},
        "floors": {
            name: {p: _describe(draw(mean), intervals=False) for p in protocols}
            for name, mean in (("centre_disc", 0.3), ("mean_box", 0.35), ("saliency", 0.2))
        },
        "ceiling": {p: _describe(draw(0.95), intervals=False) for p in protocols},
        "per_cycle": [{"t": t, **_sum_up(draw(0.5 + t / 30))} for t in (1, 2, 3)],
        "listening": {
            sound: _encode_audio(right[first], right[first] - loss, on, sound == "right")
            for sound, (loss, on) in SOUNDS.items()
        },
        "per_class": {label: {"n": 30, **_sum_up(draw(0.5))} for label in labels},
        "extended": {p: {"ap": 0.81, "max_f1": 0.77, "loc_acc": 0.402} for p in protocols},
        "multi_source": {"n": 7, "ciou_at_30": 0.41, "auc": 0.322, "nsa": None},
        "notes": ["Two rows have no label."],
        "versions": {"sspl": "0.1.0", "torch": "2.11.0"},
    }


def make_mosaic(accuracy: float, interval: list[float]) -> dict:
    """What a result holds about mosaics of two."""

    def score(value: float) -> dict[str, Any]:
        return {"n": 60, "tile_accuracy": value, "ci95": [value - 0.1, value + 0.1]}

    own = score(accuracy) | {"ci95": interval}
    return {
        "tiles": 2,
        "chance": 0.5,
        **own,
        "per_cycle": [{"t": t, **score(0.41 + t / 50)} for t in (1, 2, 3)],
        "floors": {"centre_disc": score(0.0), "saliency": score(0.52)},
        "listening": {"right": own, "other": score(0.51), "silent": score(0.49)},
    }


def make_examples(label: str = "dog") -> list[Example]:
    """The best, the median and the worst; under silence the map goes out."""
    ramp = np.linspace(-0.2, 0.6, 14)[None].repeat(14, 0)
    return [
        Example(
            title=title,
            id=f"clip-{title}",
            label=label,
            picture=np.full((64, 96, 3), 128, np.uint8),
            boxes=np.array([[0.5, 0.2, 0.9, 0.8]]),
            maps={"right": ramp, "other": ramp[:, ::-1].copy(), "silent": ramp / 100 - 0.1},
            ciou={"sspl": score, "lvs": score / 2},
        )
        for title, score in (("best", 0.9), ("median", 0.5), ("worst", 0.1))
    ]


def _sum_up(cious: np.ndarray) -> dict[str, Any]:
    scores = summarise(cious)
    return {"ciou_at_50": scores.ciou_at_50, "auc": scores.auc, "mean_ciou": scores.mean_ciou}


def _describe(cious: np.ndarray, intervals: bool = True) -> dict[str, Any]:
    described = _sum_up(cious) | {"curve": summarise(cious).curve.tolist()}
    if intervals:
        described["ci95"] = bootstrap(cious >= 0.5, 0)
        described["auc_ci95"] = bootstrap(auc_per_sample(cious), 0)
    return described


def _encode_audio(right: np.ndarray, cious: np.ndarray, on: float, itself: bool) -> dict[str, Any]:
    described = {"n": len(cious), **_sum_up(cious), "map_correlation": 0.7, "active_area": on}
    if not itself:
        change = (cious >= 0.5).astype(float) - (right >= 0.5)
        described |= {"score_change": change.mean(), "score_change_ci95": bootstrap(change, 0)}
    return described
