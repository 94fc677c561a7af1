"""Figures of experiments, drawn from their results: seeds as a mean with a band or a bar of one
standard deviation.

Each takes a result as `load_results` of `engine.results` gives it and gives a matplotlib `Figure`;
nothing is shown, nothing is written, pyplot is not touched. Lines differ in marks and dashes as
well as in colour, bars in hatching.

Letters: S seeds, K thresholds, T cycles.
"""

from collections import Counter
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sspl.evaluation.report.verdict import FLOORS
from sspl.experiments.engine.axes import (
    DASHES,
    count_cycles,
    draw_band,
    draw_points,
    join,
    list_styles,
    measure_deviation,
    name_line,
    name_test_set,
    open_panel,
    put_below,
    put_legend,
    shorten,
    start_panels,
)
from sspl.experiments.engine.results import SCORES
from sspl.experiments.engine.summaries import (
    PROTOCOL,
    Result,
    Summary,
    find_best_floor,
    name_hardest,
    summarise_rows,
)
from sspl.metrics import THRESHOLDS
from sspl.plots.charts import DARK, FAINT, MODEL, REST, SOUNDS, WIDTH_IN

BARS: dict[str, dict[str, Any]] = {  # of `SOUNDS`: how the bar is filled
    "right": {"color": MODEL},
    "other": {"color": REST, "hatch": "////"},
    "silent": {"color": "white", "hatch": "...."},
}
BAR: dict[str, Any] = {"edgecolor": MODEL, "linewidth": 0.6}


# --- Scores -----------------------------------------------------------------------------------


def plot_success(result: Result) -> Figure:
    """The share of samples whose cIoU reaches a threshold, a panel a test set: Figure 4."""
    figure, panels = start_panels(result, 4.2)
    half = int(np.abs(THRESHOLDS - 0.5).argmin())
    summaries = summarise_rows(result["rows"])
    for axes, test_set in zip(panels, result["columns"], strict=True):
        scored = []
        for summary, style in zip(summaries, list_styles(), strict=False):
            curves = summary.collect("scores", test_set, "curve")  # (S, K)
            if len(curves):
                scored.append((curves, name_line(summary, summaries), style))
        scored.sort(key=lambda line: -line[0].mean(0)[half])
        for curves, name, style in scored:
            label = f"{curves.mean(0)[half]:.3f}  {name}"
            draw_band(axes, THRESHOLDS, curves, label=label, markevery=2, **style)
        axes.axvline(0.5, color=DARK, linewidth=0.8, linestyle=(0, (1, 2)))
        axes.set(xlabel="cIoU threshold", xlim=(0, 1), ylim=(0, 1.02))
        put_legend(axes, title="cIoU@0.5, from high to low")
    panels[0].set_ylabel("share of samples that reach it")
    return figure


def plot_cycles(result: Result) -> Figure:
    """The scores after each cycle of one pass, a panel a test set: Figure 6.

    Rows of models without cycles are left out.

    Raises:
        ValueError: if no row has several cycles.
    """
    shown = [s for s in summarise_rows(result["rows"]) if count_cycles(s, result) > 1]
    if not shown:
        raise ValueError("no row has several cycles: train a model with num_cycles above 1")
    figure, panels = start_panels(result, 3.6)
    for axes, test_set in zip(panels, result["columns"], strict=True):
        styles = list_styles()
        for summary in shown:
            num_cycles = count_cycles(summary, result)
            for key, score in SCORES.items():
                path = ("scores", test_set, "per_cycle")
                parts = [summary.collect(*path, t, key) for t in range(num_cycles)]
                values = np.stack(parts, 1)  # (S, T)
                label = f"{values[:, -1].mean():.3f}  {join(score, name_line(summary, shown))}"
                draw_band(axes, np.arange(1, num_cycles + 1), values, label=label, **next(styles))
        axes.set(xlabel="cycle t", ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        put_legend(axes, title="after the last cycle")
    panels[0].set_ylabel("score")
    return figure


def plot_cost(result: Result) -> Figure:
    """Scores and GFLOPs of each row, such as numbers of cycles; beside the paper's: Table S6."""
    summaries = summarise_rows(result["rows"])
    labels = list(dict.fromkeys(summary.label for summary in summaries))
    figure = Figure(figsize=(1.5 * WIDTH_IN, 5.0), dpi=150, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
    styles = list_styles()
    for group in dict.fromkeys(summary.group for summary in summaries):
        for test_set in result["columns"]:
            path = ("scores", test_set, "ciou_at_50")
            points = [
                (labels.index(s.label), s.collect(*path)) for s in summaries if s.group == group
            ]
            draw_points(upper, points, label=join(test_set, group), **next(styles))
    for name in result["columns"].values():
        paper = {labels.index(s.label): s.paper[name][0] for s in summaries if name in s.paper}
        if paper:
            upper.plot(
                list(paper), list(paper.values()), color=FAINT, linestyle=(0, (1, 1.5)),
                marker="x", markersize=5, label=f"the paper's, {name}",
            )  # fmt: skip
    upper.set(ylabel="cIoU@0.5", ylim=(0, None))
    costs = {s.label: cost.mean for s in summaries if (cost := s.measure("gflops")) is not None}
    for label, cost in costs.items():
        at = labels.index(label)
        lower.bar(at, cost, width=0.55, color=REST, **BAR)
        lower.annotate(
            f"{cost:.3g}", (at, cost), (0, 2), textcoords="offset points",
            ha="center", fontsize=8,
        )  # fmt: skip
    lower.set(ylabel="GFLOPs", ylim=(0, 1.25 * max(costs.values(), default=1)))
    lower.set_xticks(range(len(labels)), labels, fontsize=8, parse_math=False)
    for axes in (upper, lower):
        open_panel(axes)
    put_below(figure, upper.get_legend_handles_labels()[0])
    return figure


# --- Listening --------------------------------------------------------------------------------


def plot_listening(result: Result, test_set: str | None = None) -> Figure:
    """cIoU@0.5 of each row under its pictures' own sounds, another class's and silence.

    Lines mark saliency and the best floor; beside a row stands how many times its score under
    another class's sound the one under the right sound is.

    Args:
        test_set: by default the last.
    """
    test_set = name_hardest(result) if test_set is None else test_set
    summaries = summarise_rows(result["rows"])
    num_groups = len({summary.group for summary in summaries if summary.group})
    height_in = 1.2 + 0.42 * len(summaries) + 0.28 * num_groups
    figure = Figure(figsize=(1.5 * WIDTH_IN, height_in), dpi=150, layout="constrained")
    axes = figure.subplots()
    group, middles = "", [-1.1]
    for summary in summaries:
        middles.append(middles[-1] + 1.1)
        if summary.group != group:
            group, middles[-1] = summary.group, middles[-1] + 0.7
            axes.annotate(
                group, (0, middles[-1] - 0.7), (3, 0), textcoords="offset points", va="center",
                fontsize=8, style="italic", parse_math=False,
            )  # fmt: skip
        _draw_sounds(axes, summary, test_set, middles[-1])
    names = [shorten(summary.label) for summary in summaries]
    axes.set_yticks(middles[1:], names, fontsize=8, parse_math=False)
    axes.set(xlabel=f"cIoU@0.5, {name_test_set(result, test_set)}", ylim=(middles[-1] + 0.6, -0.6))
    axes.set_xlim(0, 1.1 * axes.get_xlim()[1])
    handles = [
        axes.barh(0, 0, label=SOUNDS[sound], **BAR, **filling) for sound, filling in BARS.items()
    ]
    open_panel(axes)
    axes.grid(visible=False, axis="y")
    put_below(figure, handles + _draw_floors(axes, result, test_set), ncols=3)
    return figure


def _draw_sounds(axes: Axes, summary: Summary, test_set: str, middle: float) -> None:
    """The bars of a row, around its middle, and the right sound's score over the other's."""
    ends, means = [0.0], {}
    for i, (sound, filling) in enumerate(BARS.items()):
        values = _collect_heard(summary, test_set, sound)
        if len(values):
            means[sound] = values.mean()
            ends.append(values.mean() + measure_deviation(values))
            axes.barh(
                middle + (i - 1) * 0.28, values.mean(), 0.28, ecolor=DARK, capsize=2,
                xerr=measure_deviation(values) if len(values) > 1 else None, **BAR, **filling,
            )  # fmt: skip
    if means.get("other"):
        axes.annotate(
            f"{means['right'] / means['other']:.1f}×", (max(ends), middle), (6, 0),
            textcoords="offset points", va="center", fontsize=8,
            bbox={"boxstyle": "square,pad=0.1", "color": "white"},
        )  # fmt: skip


def _draw_floors(axes: Axes, result: Result, test_set: str) -> list[Any]:
    """Lines at saliency and, where that is another, at the best floor."""
    floors = result.get("floors", {}).get(test_set, {})
    best = find_best_floor(result, test_set)
    shown = ["saliency"] * ("saliency" in floors) + ([] if best is None else [best[0]])
    return [
        axes.axvline(
            floors[name][PROTOCOL]["ciou_at_50"], color=DARK, linewidth=1.1, linestyle=dash,
            label=f"floor: {FLOORS.get(name, name)}",
        )
        for name, dash in zip(dict.fromkeys(shown), DASHES[1:], strict=False)
    ]  # fmt: skip


def _collect_heard(summary: Summary, test_set: str, sound: str) -> np.ndarray:
    """cIoU@0.5 of each seed (S,) under a sound."""
    return summary.collect("scores", test_set, "listening", sound, "ciou_at_50")


# --- False negatives --------------------------------------------------------------------------


def plot_false_negative_rate(result: Result, test_set: str | None = None) -> Figure:
    """What false negatives cost, as their share and as their number grows: Figure 2, and beyond it.

    Above the score, below what of it is lost under another class's sound. At the left the share
    grows, as there are fewer classes; at the right the batch, and with it how many false negatives
    each picture meets. All other settings stay where most rows have them.

    Args:
        result: its rows hold `false_negatives`; labels are methods, groups are settings.
        test_set: by default the last.
    Raises:
        ValueError: if no row has a share of false negatives.
    """
    test_set = name_hardest(result) if test_set is None else test_set
    summaries = [s for s in summarise_rows(result["rows"]) if "false_negatives" in s.rows[0]]
    if not summaries:
        raise ValueError("no row says what share of its negatives is false: add false_negatives")
    figure = Figure(figsize=(2 * WIDTH_IN, 6.2), dpi=150, layout="constrained")
    panels = figure.subplots(2, 2, sharex="col", sharey="row")
    styles = dict(zip(dict.fromkeys(s.label for s in summaries), list_styles(), strict=False))
    dials = (("expected", "batch"), ("batch", "classes"))  # what is turned, what is held
    for column, (turned, held) in zip(panels.T, dials, strict=True):
        usual = Counter(_find(s, held) for s in summaries).most_common(1)[0][0]
        shown = sorted(
            (s for s in summaries if _find(s, held) == usual), key=lambda s: _find(s, turned)
        )
        for label, style in styles.items():
            points = [s for s in shown if s.label == label]
            scores = [(_find(s, turned), _collect_heard(s, test_set, "right")) for s in points]
            gaps = [(_find(s, turned), _collect_gaps(s, test_set)) for s in points]
            for axes, values in zip(column, (scores, gaps), strict=True):
                draw_points(axes, values, label=label, **style)
        title = f"in batches of {usual:g}" if held == "batch" else f"of {usual:g} {held}"
        column[0].set_title(title, fontsize=9)
    panels[0, 1].set_xscale("log", base=2)
    panels[1, 0].set_xlabel("share of negatives that are false")
    panels[1, 1].set_xlabel("batch")
    panels[1, 1].xaxis.set_major_formatter("{x:g}")
    panels[0, 0].set_ylabel("cIoU@0.5")
    panels[1, 0].set_ylabel("lost under another\nclass's sound")
    for axes in panels.flat:
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))
        open_panel(axes)
    put_below(
        figure, panels[0, 0].get_legend_handles_labels()[0], title=name_test_set(result, test_set)
    )
    return figure


def _find(summary: Summary, fact: str) -> float:
    return float(summary.collect("false_negatives", fact).mean())


def _collect_gaps(summary: Summary, test_set: str) -> np.ndarray:
    right, other = (_collect_heard(summary, test_set, sound) for sound in ("right", "other"))
    return right - other if len(right) == len(other) else other[:0]
