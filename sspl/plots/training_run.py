"""The figure of a training run: loss, collapse monitor, scores over the epochs."""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator


def plot_training(rows: Sequence[dict[str, Any]]) -> Figure:
    """A training run: loss and its terms, the collapse monitor, the scores on the validation split.

    Args:
        rows: one per epoch, as in `log.jsonl`: `epoch`, `seconds`, `loss`, `spread`; where epochs
            are chosen by a score `val_ciou_at_50` and `val_auc` (or `test_...`); whatever else
            they hold are terms of the loss.
    Raises:
        ValueError: if there are no rows.
    """
    if not rows:
        raise ValueError("the log holds no epoch yet: train for at least one")
    figure = Figure(figsize=(10, 3), dpi=150, layout="constrained")
    losses, spread, scores = figure.subplots(1, 3)
    others = ("epoch", "seconds", "loss", "spread", "dimensions", "collapsed", "score")
    scored = [name for name in rows[0] if name.endswith(("_ciou_at_50", "_auc"))]
    terms = [name for name in rows[0] if name not in (*others, *scored)]
    _plot_columns(losses, rows, ("loss", *terms))
    losses.set(title="loss and its terms")

    _plot_columns(spread, rows, ("spread",))
    spread.axhline(1, color="0.4", linewidth=1, linestyle="--", label="1: spread out")
    spread.axhline(0, color="0.4", linewidth=1, linestyle=":", label="0: collapsed")
    spread.set(title="collapse monitor: \u221ad std(z)", ylim=(-0.05, 1.15))
    spread.legend(fontsize=7)

    if not scored:
        scores.text(0.5, 0.5, "no split to score:\nthe last epoch is kept", ha="center")
        scores.set_axis_off()
        return figure
    _plot_columns(scores, rows, scored)
    best = max(rows, key=lambda row: row["score"])
    scores.plot(best["epoch"], best["score"], "k*", label=f"chosen: {best['epoch']}")
    scores.set(title="the split that chooses", ylim=(0, 1))
    scores.legend(fontsize=7)
    return figure


def _plot_columns(axes: Axes, rows: Sequence[dict[str, Any]], names: Sequence[str]) -> None:
    """Lines over the epochs, distinct in colour and in marker."""
    epochs = [row["epoch"] for row in rows]
    tones = colormaps["viridis"](np.linspace(0, 0.85, len(names)))
    for name, marker, tone in zip(names, cycle("osv^DPX"), tones, strict=False):
        values = [row[name] for row in rows]
        axes.plot(
            epochs, values, color=tone, marker=marker, markersize=3, linewidth=1.2,
            markevery=max(1, len(rows) // 12), label=name,
        )  # fmt: skip
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.legend(fontsize=7)
