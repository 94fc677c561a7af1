"""Sheets of examples: the same picture under every sound, and samples from best to worst.

Letters: H W picture, h w map, k boxes.
"""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image, ImageOps

from sspl.evaluation.examples import Example
from sspl.plots.charts import SOUNDS
from sspl.plots.overlay import overlay_map
from sspl.plots.rendering import keep_printable

TITLES = ("best", "median", "worst")
CELL_PX, GAP_PX, CAPTION_PX, MARGIN_PX = 256, 10, 90, 60
STEP_PX, DPI = CELL_PX + GAP_PX, 150
SCALE_NOTE = (
    "All maps of a row share the scale of the first one; the line is at its middle. "
    "Dashed: the boxes of what sounds."
)


def listening_figure(examples: Sequence[Example]) -> Figure:
    """A row for each example, a column for each sound: does the map follow what is played?

    Raises:
        ValueError: if there is no example.
    """
    sounds = [sound for sound in SOUNDS if any(sound in example.maps for example in examples)]
    rows = [[paint_maps(example).get(sound) for sound in sounds] for example in examples]
    figure, axes = _lay_out(rows)
    for column, sound in enumerate(sounds):
        axes.text((column + 0.5) * STEP_PX, -GAP_PX, SOUNDS[sound], ha="center", fontsize=10)
    for i, example in enumerate(examples):
        words = f"{_fold(name_example(example))}\n{example.title}".strip()
        _head_row(axes, (i + 0.5) * STEP_PX, words)
    figure.text(0.5, 0.01, SCALE_NOTE, ha="center", fontsize=8, wrap=True)
    return figure


def sample_sheet(examples: Sequence[Example]) -> Figure:
    """Best, median and worst samples, a row each, with the cIoU under every protocol.

    Raises:
        ValueError: if no example has one of these titles.
    """
    groups = group_samples(examples)
    rows = [[paint_maps(example)["right"] for example in group] for group in groups.values()]
    figure, axes = _lay_out(rows, CAPTION_PX)
    for i, (title, group) in enumerate(groups.items()):
        top_px = i * (STEP_PX + CAPTION_PX)
        _head_row(axes, top_px + STEP_PX / 2, title)
        for column, example in enumerate(group):
            axes.text(
                (column + 0.5) * STEP_PX, top_px + STEP_PX,
                f"{_fold(name_example(example))}\n{_fold(describe_ciou(example), 28)}",
                ha="center", va="top", fontsize=7, parse_math=False,
            )  # fmt: skip
    return figure


def group_samples(examples: Sequence[Example]) -> dict[str, list[Example]]:
    """The examples by title, best first; those without one are left out."""
    rows = {title: [e for e in examples if e.title == title] for title in TITLES}
    return {title: samples for title, samples in rows.items() if samples}


def pick_listening(examples: Sequence[Example], each: int = 2) -> list[Example]:
    """Examples that show what other sounds do: as many of the best as of the worst."""
    compared = [example for example in examples if len(example.maps) > 1]
    return [e for title in ("", *TITLES) for e in [e for e in compared if e.title == title][:each]]


def paint_maps(example: Example) -> dict[str, np.ndarray]:
    """The picture under each of its maps, (H, W, 3) uint8, all on the right sound's scale.

    Each map stretched to its own full range would look as sure of itself in silence as under the
    right sound; on one scale, a map that goes out looks gone.
    """
    right = np.asarray(example.maps["right"], np.float32)
    span = float(right.min()), float(right.max())
    return {
        sound: overlay_map(example.picture, example.maps[sound], example.boxes, span=span)
        for sound in sorted(example.maps, key=list(SOUNDS).index)
    }


def name_example(example: Example) -> str:
    """What sounds in it, where that is known, or its id."""
    return example.label or example.id


def describe_ciou(example: Example) -> str:
    """The example's cIoU by protocol, in a line."""
    return "cIoU " + ", ".join(f"{p} {value:.2f}" for p, value in example.ciou.items())


def _lay_out(
    rows: Sequence[Sequence[np.ndarray | None]], caption_px: int = 0
) -> tuple[Figure, Axes]:
    """Pictures in rows, with room for captions, on axes whose units are pixels.

    One canvas, as axes for every picture take matplotlib seconds.
    """
    if not rows:
        raise ValueError("there is no example to show: pass at least one")
    width_px = max(map(len, rows)) * STEP_PX
    height_px = len(rows) * (STEP_PX + caption_px)
    canvas = Image.new("RGB", (width_px, height_px), "white")
    for i, row in enumerate(rows):
        for column, picture in enumerate(row):
            if picture is not None:
                cell = ImageOps.pad(Image.fromarray(picture), (CELL_PX, CELL_PX), color="white")
                left_px, top_px = column * STEP_PX, i * (STEP_PX + caption_px)
                canvas.paste(cell, (left_px + GAP_PX // 2, top_px + GAP_PX // 2))
    full_px = np.array((width_px + MARGIN_PX, height_px + 2 * MARGIN_PX))
    figure = Figure(figsize=tuple(full_px / DPI), dpi=DPI)
    axes = figure.add_axes((*(MARGIN_PX / full_px), *((width_px, height_px) / full_px)))
    axes.imshow(canvas, interpolation="none")
    axes.set_axis_off()
    return figure, axes


def _head_row(axes: Axes, middle_px: float, words: str) -> None:
    axes.text(
        -GAP_PX, middle_px, words,
        rotation=90, ha="right", va="center", multialignment="center", fontsize=9, parse_math=False,
    )  # fmt: skip


def _fold(words: str, width: int = 24) -> str:
    """Words on lines of at most `width` characters, on two lines at most."""
    return "\n".join(textwrap.wrap(keep_printable(words), width, max_lines=2, placeholder="\u2026"))
