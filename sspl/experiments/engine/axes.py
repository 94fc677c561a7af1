"""What the figures of experiments share: panels, looks of lines, bands and bars, legends.

Letters: S seeds, K thresholds.
"""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sspl.experiments.engine.summaries import Result, Summary
from sspl.plots.charts import MODEL, WIDTH_IN, keep_printable, open_frame

TONES = (MODEL, "#c8701f", "#4d9a6a", "#8a5a9e", "#a03030", "#5f7f8f")
MARKS = "os^vDPX"
DASHES = ((0, ()), (0, (5, 2)), (0, (1, 1.5)), (0, (7, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))
LEGEND: dict[str, Any] = {
    "fontsize": 8, "title_fontsize": 8, "frameon": False, "handlelength": 3.2,
}  # fmt: skip


def start_panels(result: Result, height_in: float) -> tuple[Figure, Sequence[Axes]]:
    """A panel for each test set, side by side on one scale."""
    num = len(result["columns"])
    figure = Figure(figsize=(num * WIDTH_IN, height_in), dpi=150, layout="constrained")
    panels = figure.subplots(1, num, sharey=True, squeeze=False)[0]
    for axes, test_set in zip(panels, result["columns"], strict=True):
        axes.set_title(name_test_set(result, test_set), fontsize=9)
        open_panel(axes)
    return figure, panels


def name_test_set(result: Result, test_set: str) -> str:
    stands_for = result["columns"][test_set]
    return test_set if stands_for == test_set else f"{test_set} (for {stands_for})"


def list_styles() -> Iterator[dict[str, Any]]:
    """Looks of lines, without end."""
    for tone, mark, dash in zip(cycle(TONES), cycle(MARKS), cycle(DASHES), strict=False):
        yield {"color": tone, "marker": mark, "linestyle": dash}


def draw_band(axes: Axes, at: np.ndarray, values: np.ndarray, **style: Any) -> None:
    """A line through the means of values (S, K) and a band of one deviation on either side."""
    mean, deviation = values.mean(0), measure_deviation(values)
    axes.plot(at, mean, markersize=4.5, linewidth=1.6, **style)
    if len(values) > 1:
        axes.fill_between(
            at, mean - deviation, mean + deviation, color=style["color"], alpha=0.18, linewidth=0
        )


def draw_points(axes: Axes, points: Sequence[tuple[float, np.ndarray]], **style: Any) -> None:
    """A line through the means of values (S,), with a bar of one deviation at each."""
    points = [(at, values) for at, values in points if len(values)]
    axes.errorbar(
        [at for at, _ in points], [values.mean() for _, values in points],
        yerr=[measure_deviation(values) for _, values in points],
        markersize=5, linewidth=1.5, elinewidth=1, capsize=2.5, **style,
    )  # fmt: skip


def measure_deviation(values: np.ndarray) -> Any:
    """Of a sample, over the first axis; 0 from one seed."""
    return values.std(0, ddof=1) if len(values) > 1 else np.zeros(values.shape[1:])


def count_cycles(summary: Summary, result: Result) -> int:
    scores = summary.rows[0]["scores"]
    return min(len(scores[test_set].get("per_cycle", ())) for test_set in result["columns"])


def name_line(summary: Summary, among: Sequence[Summary]) -> str:
    """Its label, and its group where there are several."""
    return join(summary.label, summary.group if len({s.group for s in among}) > 1 else "")


def join(first: str, second: str) -> str:
    return f"{first}, {second}" if second else first


def put_legend(axes: Axes, title: str) -> None:
    """Below a panel, so that it hides nothing."""
    legend = axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17), title=title, **LEGEND)
    for text in legend.get_texts():
        text.set_parse_math(False)


def put_below(
    figure: Figure, handles: Sequence[Any], ncols: int = 2, title: str | None = None
) -> None:
    """A legend of all panels, below them."""
    legend = figure.legend(
        handles=handles, loc="outside lower center", ncols=ncols, title=title, **LEGEND
    )
    for text in legend.get_texts():
        text.set_parse_math(False)


def open_panel(axes: Axes) -> None:
    open_frame(axes)
    axes.set_axisbelow(True)


def shorten(words: str) -> str:
    return textwrap.shorten(keep_printable(words), 40, placeholder="\u2026")


def fold(words: str) -> str:
    """On two lines at most."""
    return "\n".join(textwrap.wrap(keep_printable(words), 24, max_lines=2, placeholder="\u2026"))
