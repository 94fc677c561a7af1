"""Results as experiments write them, made up: every score follows from the seed."""

from typing import Any

import numpy as np

from sspl.metrics import THRESHOLDS

FLOORS = {"centre_disc": 0.3, "saliency": 0.4}


def make_row(label: str, solo: float, silent: float, other: float, seed: int, **facts: Any) -> dict:
    """A row whose scores rise by 0.01 with the seed, of a model with three cycles."""
    scores = {
        name: _score(score + 0.01 * seed, other)
        for name, score in (("solo", solo), ("silent", silent))
    }
    row = {
        "group": "",
        "label": label,
        "paper": {},
        "seed": seed,
        "device": "cpu",
        "scores": scores,
    }
    return {**row, "loss": -0.9, "dimensions": 5.0, "collapsed": False, **facts}


def make_result(rows: list[dict], **changes: Any) -> dict:
    """A result with two floors."""
    floors = {
        name: {"sspl": {"ciou_at_50": score, "auc": score / 2}} for name, score in FLOORS.items()
    }
    return {
        "name": "table5",
        "title": "Table 5: scaling of the similarity map",
        "preset": "tiny",
        "command": "python -m sspl.experiments table5",
        "reading": "They agree, since `min_max` wins.",
        "columns": {"solo": "Flickr", "silent": "VGG-SS"},
        "seconds": 812.0,
        "floors": {"solo": floors, "silent": floors},
        "rows": rows,
        **changes,
    }


def make_table() -> dict:
    """Two groups of two lines, three seeds each; only the first listens."""
    lines = [
        ("ours", "ReLU", (0.353, 0.424), 0.5, 0.45, 0.1),
        ("ours", "Min-Max", (0.671, 0.556), 0.7, 0.35, 0.3),
        ("the paper's", "ReLU", (0.353, 0.424), 0.2, 0.2, 0.2),
        ("the paper's", "Min-Max", (0.671, 0.556), 0.3, 0.3, 0.3),
    ]
    rows = [
        make_row(label, solo, silent, other, seed, group=group, paper={"Flickr": list(paper)})
        for group, label, paper, solo, silent, other in lines
        for seed in range(3)
    ]
    return make_result(rows)


def make_false_negative_rate() -> dict:
    """Two methods, in batches of 128 with three numbers of classes, of 4 classes in two batches."""
    rows = [
        make_row(
            method, 0.5, score, 0.1, seed, group=f"{classes} classes, batch {batch}",
            false_negatives={
                "expected": 1 / classes, "measured": 1 / classes,
                "classes": classes, "batch": batch,
            },
        )
        for classes, batch in ((2, 128), (4, 128), (8, 128), (4, 32))
        for method, score in (("A", 0.5 - 0.5 / classes), ("C", 0.4))
        for seed in range(2)
    ]  # fmt: skip
    return make_result(rows, name="figure2", title="Figure 2: false negatives")


def _score(score: float, other: float) -> dict[str, Any]:
    heard = {"right": score, "other": other, "silent": other / 2}
    return {
        "n": 500,
        "ciou_at_50": score,
        "auc": score / 2,
        "curve": list(np.clip(2 * score * (1 - THRESHOLDS), 0, 1)),
        "per_cycle": [
            {"t": t, "ciou_at_50": score * t / 3, "auc": score * t / 6} for t in (1, 2, 3)
        ],
        "listening": {sound: {"ciou_at_50": value} for sound, value in heard.items()},
    }
