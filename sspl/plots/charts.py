"""Figures of a result: success curves, scores by sound, class and cycle.

Functions give a matplotlib `Figure`; nothing is shown, nothing is written, pyplot is not touched.
Curves and bars carry their values and names beside them and differ in dashes, marks or hatching
too, so that a grey print says the same. They are as wide as a column of text on a phone can show.

Letters: K thresholds.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sspl.metrics import THRESHOLDS
from sspl.plots.rendering import keep_printable

# The sounds under which pictures are scored: key of a result, its name, in the order of tables.
SOUNDS = {
    "right": "its own sound",
    "same": "same class",
    "other": "another class",
    "silent": "silence",
    "noise": "noise",
}
WIDTH_IN = 4.3
DARK, MODEL, REST, FAINT = "#1b1b1f", "#1d4e89", "#b7c4d4", "#6b6b73"
MOST_CLASSES = 30  # of more, the best and the worst halves of this many are drawn
LONGEST_NAME = 26  # characters of a class's name
CYCLE_SCORES = {"ciou_at_50": "cIoU@0.5", "auc": "AUC"}  # the mean cIoU runs along the AUC


def plot_success(
    curves: Mapping[str, Sequence[float]],
    floors: Mapping[str, Sequence[float]] | None = None,
    ceiling: Sequence[float] | None = None,
    title: str = "",
) -> Figure:
    """The share of samples whose cIoU reaches a threshold, over all thresholds, as in Figure 4.

    Args:
        curves: for each model or variant, by name, (K,) shares in [0, 1] over `THRESHOLDS`.
        floors: the same for maps that know no sound, drawn thin and dashed.
        ceiling: the same for the best that any map can reach; what lies beyond it is shaded.
    """
    figure = Figure(figsize=(WIDTH_IN, 4.4), dpi=150, layout="constrained")
    axes = figure.subplots()
    tones = cycle((MODEL, "#c8701f", "#4d9a6a", "#8a5a9e", "#a03030"))
    lines = [
        (name, curve, {"color": tone, "marker": marker, "markersize": 4.5, "linewidth": 1.8})
        for (name, curve), tone, marker in zip(
            curves.items(), tones, cycle("os^vDPX"), strict=False
        )
    ]
    dashes = cycle([(4, 2), (1, 1.5), (7, 2, 1, 2), (9, 4), (3, 1, 1, 1, 1, 1)])
    lines += [
        (f"floor: {name}", curve, {"color": FAINT, "linestyle": (0, dash), "linewidth": 1.2})
        for (name, curve), dash in zip((floors or {}).items(), dashes, strict=False)
    ]
    if ceiling is not None:
        axes.fill_between(THRESHOLDS, ceiling, 1.02, color="0.92", linewidth=0)
        lines.append(("ceiling", ceiling, {"color": "0.3", "linewidth": 0.8}))
    half = int(np.abs(THRESHOLDS - 0.5).argmin())
    lines.sort(key=lambda line: -line[1][half])
    axes.axvline(0.5, color=DARK, linewidth=0.8, linestyle=(0, (1, 2)))
    for name, curve, style in lines:
        axes.plot(THRESHOLDS, curve, label=f"{curve[half]:.3f}  {name}", **style)
    axes.set(xlabel="cIoU threshold", ylabel="share of samples that reach it")
    axes.set(xlim=(0, 1), ylim=(0, 1.02), xticks=np.linspace(0, 1, 5))
    axes.set_title(title, fontsize=10, parse_math=False)
    open_frame(axes)
    legend = figure.legend(
        loc="outside lower center", ncols=2, fontsize=8, frameon=False,
        handlelength=2.8, columnspacing=1.2, title="cIoU@0.5, from high to low", title_fontsize=8,
    )  # fmt: skip
    for text in legend.get_texts():
        text.set_parse_math(False)
    return figure


def plot_negative_audio(scores: Mapping[str, Mapping[str, Any]], title: str = "") -> Figure:
    """What other sounds do to the same pictures: score, likeness of the maps, active area.

    A line across the end of a bar is the 95% interval of the score's change.

    Args:
        scores: by keys of `SOUNDS`: `ciou_at_50`, `map_correlation` (with the maps under the
            right sound), `active_area`, and perhaps `score_change` with `score_change_ci95`.
    """
    sounds = {name: scores[name] for name in SOUNDS if name in scores}
    figure = Figure(figsize=(WIDTH_IN, 1.1 + 0.34 * len(sounds)), dpi=150, layout="constrained")
    panels = figure.subplots(1, 3, sharey=True, width_ratios=(4, 3, 3))
    headings = {
        "ciou_at_50": "cIoU@0.5",
        "map_correlation": "maps correlate\nwith the first's",
        "active_area": "active area",
    }
    for axes, (key, heading) in zip(panels, headings.items(), strict=True):
        values = [row.get(key) for row in sounds.values()]
        spans = [_interval(row) if key == "ciou_at_50" else None for row in sounds.values()]
        _draw_bars(axes, values, spans, strong=0)
        axes.set_title(heading, fontsize=8, loc="left")
    panels[0].set_yticks(range(len(sounds)), [SOUNDS[name] for name in sounds], fontsize=8)
    panels[0].invert_yaxis()
    figure.suptitle(title, fontsize=10, parse_math=False)
    return figure


def plot_cycles(per_cycle: Sequence[Mapping[str, Any]], title: str = "") -> Figure:
    """The scores after each cycle of one pass, as in Figure 6.

    Args:
        per_cycle: for each cycle `t` and the keys of `CYCLE_SCORES`.
    """
    figure = Figure(figsize=(WIDTH_IN, 2.9), dpi=150, layout="constrained")
    axes = figure.subplots()
    cycles = [row["t"] for row in per_cycle]
    top = 1.15 * max(row[key] for row in per_cycle for key in CYCLE_SCORES) + 0.01
    ends = _spread_out([per_cycle[-1][key] for key in CYCLE_SCORES], 0.065 * top)
    styles = (("o", "-", MODEL, 2.0), ("s", "--", DARK, 1.2))
    for (key, name), (marker, dash, tone, width), end in zip(
        CYCLE_SCORES.items(), styles, ends, strict=True
    ):
        values = [row[key] for row in per_cycle]
        axes.plot(cycles, values, color=tone, marker=marker, linestyle=dash, linewidth=width)
        axes.annotate(
            f"{name} {values[-1]:.3f}", (cycles[-1], end), (8, 0), textcoords="offset points",
            fontsize=8, color=tone, va="center", annotation_clip=False,
        )  # fmt: skip
    axes.set(xlabel="cycle t", ylabel="score", ylim=(0, top))
    axes.set_title(title, fontsize=10, parse_math=False)
    axes.set_xlim(cycles[0] - 0.3, cycles[-1] + 0.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    open_frame(axes)
    return figure


def plot_classes(
    per_class: Mapping[str, Mapping[str, Any]], floor: float | None = None, title: str = ""
) -> Figure:
    """cIoU@0.5 of each class, from high to low; of very many classes the best and the worst.

    Args:
        per_class: by class, `n` samples and `ciou_at_50`.
        floor: cIoU@0.5 of the best floor over all classes, drawn as a line.
    """
    best, worst = pick_classes(per_class)
    names = [*best, *([""] if worst else []), *worst]  # "": a gap
    figure = Figure(figsize=(WIDTH_IN, 0.9 + 0.21 * len(names)), dpi=150, layout="constrained")
    axes = figure.subplots()
    values = [per_class[name]["ciou_at_50"] if name else None for name in names]
    _draw_bars(axes, values, aligned=True)
    num_omitted = len(per_class) - len(best) - len(worst)
    labels = [
        f"{_shorten(name)}  ({per_class[name]['n']})" if name else f"... {num_omitted} more ..."
        for name in names
    ]
    axes.set_yticks(range(len(names)), labels, fontsize=8, parse_math=False)
    axes.invert_yaxis()
    if floor is not None:
        axes.set_xlim(right=max(axes.get_xlim()[1], 1.05 * floor))
        axes.axvline(floor, color=DARK, linewidth=1, linestyle=(0, (4, 2)))
        axes.annotate(
            f"best floor {floor:.3f}", (floor, 1), (2, 2), textcoords="offset points",
            xycoords=axes.get_xaxis_transform(), fontsize=8, va="bottom",
        )  # fmt: skip
    axes.set_xlabel("cIoU@0.5; in brackets the number of samples", fontsize=8)
    figure.suptitle(title, fontsize=10, parse_math=False)
    return figure


def pick_classes(
    per_class: Mapping[str, Mapping[str, Any]], most: int = MOST_CLASSES
) -> tuple[list[str], list[str]]:
    """The names of the classes to show, from high to low cIoU@0.5: the best, and the worst.

    Where there are at most `most`, all are among the best and none among the worst.
    """
    names = sorted(per_class, key=lambda name: (-per_class[name]["ciou_at_50"], name))
    if len(names) <= most:
        return names, []
    return names[: most // 2], names[-(most // 2) :]


# --- What they share --------------------------------------------------------------------------


def _draw_bars(
    axes: Axes,
    values: Sequence[float | None],
    spans: Sequence[tuple[float, float] | None] | None = None,
    strong: int | None = None,
    aligned: bool = False,
) -> None:
    """Bars from left to right, each with its value; None leaves a gap.

    The values stand at the ends of the bars, or aligned in a column at the right.
    """
    spans = [None] * len(values) if spans is None else spans
    for row, (value, span) in enumerate(zip(values, spans, strict=True)):
        if value is None:
            continue
        tone = MODEL if row == strong else REST
        axes.barh(row, value, height=0.72, color=tone, edgecolor=MODEL, linewidth=0.6)
        if span is not None:
            axes.plot(span, (row, row), color=DARK, linewidth=1.2, marker="|", markersize=5)
        axes.annotate(
            f"{value:.3f}", (1 if aligned else max(value, 0, *(span or ())), row), (3, 0),
            xycoords=axes.get_yaxis_transform() if aligned else "data",
            textcoords="offset points", fontsize=8, va="center",
        )  # fmt: skip
    ends = [0.01, *(v for v in values if v is not None), *(v for s in spans if s for v in s)]
    axes.set_xlim(min(0, *ends), max(ends) * (1.05 if aligned else 1.35))
    axes.axvline(0, color=DARK, linewidth=0.8)
    axes.set_ylim(-0.6, len(values) - 0.4)
    axes.tick_params(left=False, labelsize=8)
    axes.xaxis.set_major_locator(MaxNLocator(3))
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _interval(scores: Mapping[str, Any]) -> tuple[float, float] | None:
    """The interval of a score's change, moved to where the score is."""
    if "score_change_ci95" not in scores:
        return None
    start = scores["ciou_at_50"] - scores["score_change"]
    low, high = scores["score_change_ci95"]
    return start + low, start + high


def _spread_out(heights: Sequence[float], gap: float) -> list[float]:
    """The same heights, the lower ones of any that are closer than `gap` pushed down."""
    spread = [0.0] * len(heights)
    last = float("inf")
    for index in sorted(range(len(heights)), key=lambda k: -heights[k]):
        last = spread[index] = min(heights[index], last - gap)
    return spread


def open_frame(axes: Axes) -> None:
    """A faint grid, small labels, and no frame above and to the right."""
    axes.grid(alpha=0.25)
    axes.tick_params(labelsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _shorten(name: str) -> str:
    name = keep_printable(name)
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1].rstrip() + "\u2026"
