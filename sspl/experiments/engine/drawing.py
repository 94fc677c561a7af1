"""Figures of experiments, drawn from their results: seeds as a mean with a band or a bar of one
standard deviation.

Each takes a result as `load_results` of `engine.results` gives it, or panels of one, and gives a
matplotlib `Figure`; nothing is shown, nothing is written, pyplot is not touched. Lines differ in
marks and dashes as well as in colour, bars in hatching.

Letters: S seeds, K thresholds, T cycles, H W picture, h w map, k boxes.
"""

import textwrap
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sspl.evaluation.report.verdict import FLOORS
from sspl.experiments.engine.results import (
    PROTOCOL,
    SCORES,
    Result,
    Summary,
    find_best_floor,
    name_hardest,
    summarise_rows,
)
from sspl.metrics import THRESHOLDS
from sspl.plots.charts import DARK, FAINT, MODEL, REST, SOUNDS, WIDTH_IN, open_frame
from sspl.plots.overlay import overlay_map
from sspl.plots.rendering import keep_printable

TONES = (MODEL, "#c8701f", "#4d9a6a", "#8a5a9e", "#a03030", "#5f7f8f")
MARKS = "os^vDPX"
DASHES = ((0, ()), (0, (5, 2)), (0, (1, 1.5)), (0, (7, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))
BARS: dict[str, dict[str, Any]] = {  # of `SOUNDS`: how the bar is filled
    "right": {"color": MODEL},
    "other": {"color": REST, "hatch": "////"},
    "silent": {"color": "white", "hatch": "...."},
}
BAR: dict[str, Any] = {"edgecolor": MODEL, "linewidth": 0.6}
LEGEND: dict[str, Any] = {
    "fontsize": 8, "title_fontsize": 8, "frameon": False, "handlelength": 3.2,
}  # fmt: skip
CELL_IN, CAPTION_IN = 1.75, 0.24  # of a panel's pictures


# --- Scores -----------------------------------------------------------------------------------


def plot_success(result: Result) -> Figure:
    """The share of samples whose cIoU reaches a threshold, a panel a test set: Figure 4."""
    figure, panels = _start(result, 4.2)
    half = int(np.abs(THRESHOLDS - 0.5).argmin())
    summaries = summarise_rows(result["rows"])
    for axes, test_set in zip(panels, result["columns"], strict=True):
        scored = []
        for summary, style in zip(summaries, _list_styles(), strict=False):
            curves = summary.collect("scores", test_set, "curve")  # (S, K)
            if len(curves):
                scored.append((curves, _name(summary, summaries), style))
        scored.sort(key=lambda line: -line[0].mean(0)[half])
        for curves, name, style in scored:
            label = f"{curves.mean(0)[half]:.3f}  {name}"
            _draw_band(axes, THRESHOLDS, curves, label=label, markevery=2, **style)
        axes.axvline(0.5, color=DARK, linewidth=0.8, linestyle=(0, (1, 2)))
        axes.set(xlabel="cIoU threshold", xlim=(0, 1), ylim=(0, 1.02))
        _put_legend(axes, title="cIoU@0.5, from high to low")
    panels[0].set_ylabel("share of samples that reach it")
    return figure


def plot_cycles(result: Result) -> Figure:
    """The scores after each cycle of one pass, a panel a test set: Figure 6.

    Rows of models without cycles are left out.

    Raises:
        ValueError: if no row has several cycles.
    """
    shown = [s for s in summarise_rows(result["rows"]) if _count_cycles(s, result) > 1]
    if not shown:
        raise ValueError("no row has several cycles: train a model with num_cycles above 1")
    figure, panels = _start(result, 3.6)
    for axes, test_set in zip(panels, result["columns"], strict=True):
        styles = _list_styles()
        for summary in shown:
            num_cycles = _count_cycles(summary, result)
            for key, score in SCORES.items():
                path = ("scores", test_set, "per_cycle")
                parts = [summary.collect(*path, t, key) for t in range(num_cycles)]
                values = np.stack(parts, 1)  # (S, T)
                label = f"{values[:, -1].mean():.3f}  {_join(score, _name(summary, shown))}"
                _draw_band(axes, np.arange(1, num_cycles + 1), values, label=label, **next(styles))
        axes.set(xlabel="cycle t", ylim=(0, None))
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _put_legend(axes, title="after the last cycle")
    panels[0].set_ylabel("score")
    return figure


def plot_cost(result: Result) -> Figure:
    """Scores and GFLOPs of each row, such as numbers of cycles; beside the paper's: Table S6."""
    summaries = summarise_rows(result["rows"])
    labels = list(dict.fromkeys(summary.label for summary in summaries))
    figure = Figure(figsize=(1.5 * WIDTH_IN, 5.0), dpi=150, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1.2))
    styles = _list_styles()
    for group in dict.fromkeys(summary.group for summary in summaries):
        for test_set in result["columns"]:
            path = ("scores", test_set, "ciou_at_50")
            points = [
                (labels.index(s.label), s.collect(*path)) for s in summaries if s.group == group
            ]
            _draw_points(upper, points, label=_join(test_set, group), **next(styles))
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
        place = labels.index(label)
        lower.bar(place, cost, width=0.55, color=REST, **BAR)
        lower.annotate(
            f"{cost:.3g}", (place, cost), (0, 2), textcoords="offset points",
            ha="center", fontsize=8,
        )  # fmt: skip
    lower.set(ylabel="GFLOPs", ylim=(0, 1.25 * max(costs.values(), default=1)))
    lower.set_xticks(range(len(labels)), labels, fontsize=8, parse_math=False)
    for axes in (upper, lower):
        _open_frame(axes)
    _put_below(figure, upper.get_legend_handles_labels()[0])
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
    names = [_shorten(summary.label) for summary in summaries]
    axes.set_yticks(middles[1:], names, fontsize=8, parse_math=False)
    axes.set(xlabel=f"cIoU@0.5, {_head(result, test_set)}", ylim=(middles[-1] + 0.6, -0.6))
    axes.set_xlim(0, 1.1 * axes.get_xlim()[1])
    handles = [
        axes.barh(0, 0, label=SOUNDS[sound], **BAR, **filling) for sound, filling in BARS.items()
    ]
    _open_frame(axes)
    axes.grid(visible=False, axis="y")
    _put_below(figure, handles + _draw_floors(axes, result, test_set), ncols=3)
    return figure


def _draw_sounds(axes: Axes, summary: Summary, test_set: str, middle: float) -> None:
    """The bars of a row, around its middle, and the right sound's score over the other's."""
    ends, means = [0.0], {}
    for place, (sound, filling) in enumerate(BARS.items()):
        values = _collect_heard(summary, test_set, sound)
        if len(values):
            means[sound] = values.mean()
            ends.append(values.mean() + _deviation(values))
            axes.barh(
                middle + (place - 1) * 0.28, values.mean(), 0.28, ecolor=DARK, capsize=2,
                xerr=_deviation(values) if len(values) > 1 else None, **BAR, **filling,
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
    styles = dict(zip(dict.fromkeys(s.label for s in summaries), _list_styles(), strict=False))
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
                _draw_points(axes, values, label=label, **style)
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
        _open_frame(axes)
    _put_below(figure, panels[0, 0].get_legend_handles_labels()[0], title=_head(result, test_set))
    return figure


def _find(summary: Summary, fact: str) -> float:
    return float(summary.collect("false_negatives", fact).mean())


def _collect_gaps(summary: Summary, test_set: str) -> np.ndarray:
    right, other = (_collect_heard(summary, test_set, sound) for sound in ("right", "other"))
    return right - other if len(right) == len(other) else other[:0]


# --- Maps -------------------------------------------------------------------------------------


def draw_panels(
    panels: Sequence[Mapping[str, Any]],
    pictures: Mapping[str, np.ndarray],
    boxes: Mapping[str, np.ndarray],
    names: Mapping[str, str] | None = None,
) -> Figure:
    """Pictures with their boxes and, beside them, under the maps: Figures 2, 5, 7, S2 and S3.

    A row for each clip, a column for each label with its last map; where there is one label only, a
    column for each of its maps, which are the cycles of one pass. Under a map stands its cIoU.

    Args:
        panels: `label`, `clip`, `maps` (each (h, w)) and perhaps `ciou`, of the last map.
        pictures: (H, W, 3) uint8 by clip.
        boxes: (k, 4) normalised by clip; clips without stay without.
        names: what to write beside a clip's row, by clip, such as what sounds; by default its id.
    Raises:
        ValueError: if there are no panels.
    """
    if not panels:
        raise ValueError("there are no panels to draw: keep some when the experiment runs")
    clips = list(dict.fromkeys(panel["clip"] for panel in panels))
    labels = list(dict.fromkeys(panel["label"] for panel in panels))
    num_cycles = max(len(panel["maps"]) for panel in panels) if len(labels) == 1 else 1
    headings = [f"t = {t}" for t in range(1, num_cycles + 1)] if num_cycles > 1 else labels
    size = np.array([(1 + len(headings)) * CELL_IN, len(clips) * (CELL_IN + CAPTION_IN)])
    figure = Figure(figsize=(size[0] + 0.4, size[1] + 0.4), dpi=120)
    grid = figure.subplots(len(clips), 1 + len(headings), squeeze=False)
    figure.subplots_adjust(
        left=0.38 / (size[0] + 0.4), right=0.995, top=size[1] / (size[1] + 0.4),
        bottom=CAPTION_IN / (size[1] + 0.4), wspace=0.04, hspace=CAPTION_IN / CELL_IN,
    )  # fmt: skip
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    grid[0, 0].set_title("picture, boxes", fontsize=8)
    for axes, heading in zip(grid[0, 1:], headings, strict=True):
        axes.set_title(_fold(heading), fontsize=8, parse_math=False)
    for row, clip in zip(grid, clips, strict=True):
        words = names.get(clip, clip) if names else clip
        row[0].set_ylabel(_fold(words), fontsize=7, parse_math=False)
        row[0].imshow(overlay_map(pictures[clip], np.zeros((1, 1)), boxes.get(clip), strength=0))
    for panel in panels:
        clip, ciou = panel["clip"], panel.get("ciou")
        start = 1 + labels.index(panel["label"])
        cells = grid[clips.index(clip), start : start + num_cycles]
        for axes, similarity in zip(cells, panel["maps"][-num_cycles:], strict=True):
            similarity = np.asarray(similarity, np.float32)
            axes.imshow(overlay_map(pictures[clip], similarity, boxes.get(clip)))
        if ciou is not None:
            words = f"cIoU {ciou:.2f}{'' if ciou >= 0.5 else ', missed'}"
            cells[-1].set_xlabel(words, fontsize=7, labelpad=2)
    return figure


# --- What they share --------------------------------------------------------------------------


def _start(result: Result, height_in: float) -> tuple[Figure, Sequence[Axes]]:
    """A panel for each test set, side by side on one scale."""
    num = len(result["columns"])
    figure = Figure(figsize=(num * WIDTH_IN, height_in), dpi=150, layout="constrained")
    panels = figure.subplots(1, num, sharey=True, squeeze=False)[0]
    for axes, test_set in zip(panels, result["columns"], strict=True):
        axes.set_title(_head(result, test_set), fontsize=9)
        _open_frame(axes)
    return figure, panels


def _head(result: Result, test_set: str) -> str:
    stands_for = result["columns"][test_set]
    return test_set if stands_for == test_set else f"{test_set} (for {stands_for})"


def _list_styles() -> Iterator[dict[str, Any]]:
    """Looks of lines, without end."""
    for tone, mark, dash in zip(cycle(TONES), cycle(MARKS), cycle(DASHES), strict=False):
        yield {"color": tone, "marker": mark, "linestyle": dash}


def _draw_band(axes: Axes, at: np.ndarray, values: np.ndarray, **style: Any) -> None:
    """A line through the means of values (S, K) and a band of one deviation on either side."""
    mean, deviation = values.mean(0), _deviation(values)
    axes.plot(at, mean, markersize=4.5, linewidth=1.6, **style)
    if len(values) > 1:
        axes.fill_between(
            at, mean - deviation, mean + deviation, color=style["color"], alpha=0.18, linewidth=0
        )


def _draw_points(axes: Axes, points: Sequence[tuple[float, np.ndarray]], **style: Any) -> None:
    """A line through the means of values (S,) at places, with a bar of one deviation at each."""
    points = [(at, values) for at, values in points if len(values)]
    axes.errorbar(
        [at for at, _ in points], [values.mean() for _, values in points],
        yerr=[_deviation(values) for _, values in points],
        markersize=5, linewidth=1.5, elinewidth=1, capsize=2.5, **style,
    )  # fmt: skip


def _deviation(values: np.ndarray) -> Any:
    """Of a sample, over the first axis; 0 from one seed."""
    return values.std(0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1:])


def _count_cycles(summary: Summary, result: Result) -> int:
    scores = summary.rows[0]["scores"]
    return min(len(scores[test_set].get("per_cycle", ())) for test_set in result["columns"])


def _name(summary: Summary, among: Sequence[Summary]) -> str:
    """Its label, and its group where there are several."""
    return _join(summary.label, summary.group if len({s.group for s in among}) > 1 else "")


def _join(first: str, second: str) -> str:
    return f"{first}, {second}" if second else first


def _put_legend(axes: Axes, title: str) -> None:
    """Below a panel, so that it hides nothing."""
    legend = axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), title=title, **LEGEND)
    for text in legend.get_texts():
        text.set_parse_math(False)


def _put_below(
    figure: Figure, handles: Sequence[Any], ncols: int = 2, title: str | None = None
) -> None:
    """A legend of all panels, below them."""
    legend = figure.legend(
        handles=handles, loc="outside lower center", ncols=ncols, title=title, **LEGEND
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def _open_frame(axes: Axes) -> None:
    open_frame(axes)
    axes.set_axisbelow(True)


def _shorten(words: str) -> str:
    return textwrap.shorten(keep_printable(words), 40, placeholder="\u2026")


def _fold(words: str) -> str:
    """On two lines at most."""
    return "\n".join(textwrap.wrap(keep_printable(words), 24, max_lines=2, placeholder="\u2026"))
