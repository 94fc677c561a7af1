"""The cycles of a trace: each map with its numbers, in a row or one to a frame.

Letters: T cycles, B batch, H W picture.
"""

import numpy as np
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

from sspl.model import Trace
from sspl.plots.lettering import INK, NOTHING, PAPER, SILENCE, fit_font
from sspl.plots.overlay import FAINT, overlay_map
from sspl.trace_stats import measure_audible, measure_cycle


def steps_figure(
    image: np.ndarray,
    trace: Trace,
    boxes: np.ndarray | None = None,
    index: int = 0,
    silent: bool = False,
) -> Figure:
    """All cycles of a trace in a row, each with its numbers.

    Args:
        image: (H, W, 3) uint8.
        boxes: (k, 4) normalised (x0, y0, x1, y1) of the visible sources, or None.
        index: which sample of the batch.
        silent: the sound was silence: no maps are drawn, and the figure says so.
    """
    num_cycles = len(trace.similarity)
    small = _fit_into(image, 480)
    height = 2.4 * small.shape[0] / small.shape[1]
    figure = Figure(figsize=(2.4 * num_cycles + 0.2, height + 0.8), dpi=150, layout="constrained")
    rows = figure.subplots(1, num_cycles, squeeze=False)[0]
    for t, axes in enumerate(rows, 1):
        heading, *numbers = _caption(trace, t, boxes, index, silent)
        strength = choose_strength(trace, index, silent)
        axes.imshow(overlay_map(small, trace.similarity[t - 1, index], boxes, strength))
        axes.set_title(heading, fontsize=10)
        axes.set_xlabel("\n".join(numbers), fontsize=8)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    return figure


def draw_step(
    image: np.ndarray,
    trace: Trace,
    t: int,
    boxes: np.ndarray | None = None,
    index: int = 0,
    silent: bool = False,
    side_px: int = 480,
) -> np.ndarray:
    """One frame of a film of the steps: the map after cycle t, and its numbers beneath.

    Args:
        t: 1 to T; the others as in `steps_figure`.
        side_px: of the picture's longer side; the frame is higher by the caption.
    Returns:
        (H', W', 3) uint8, of one size for all cycles.
    """
    strength = choose_strength(trace, index, silent)
    shown = overlay_map(_fit_into(image, side_px), trace.similarity[t - 1, index], boxes, strength)
    lines = _caption(trace, t, boxes, index, silent)
    height_px = len(shown)
    width_px = max(shown.shape[1], round(0.6 * side_px))  # the caption needs room
    font_px = max(9, width_px // 24)
    full_px = height_px + round(1.5 * font_px * (len(lines) + 0.6))
    frame = Image.new("RGB", (width_px, full_px), PAPER)
    frame.paste(Image.fromarray(shown), ((width_px - shown.shape[1]) // 2, 0))
    pen = ImageDraw.Draw(frame)
    for row, line in enumerate(lines):
        font = fit_font(line, font_px * (1.15 if row == 0 else 1), 0.94 * width_px)
        y_px = height_px + 1.5 * font_px * (row + 0.8)
        pen.text((0.03 * width_px, y_px), line, fill=INK, font=font, anchor="lm")
    return np.array(frame)


def choose_strength(trace: Trace, index: int = 0, silent: bool = False) -> float:
    """How strongly a map is drawn: faint where nothing makes the sound, not at all in silence."""
    if silent:
        return 0.0
    return FAINT if measure_audible(trace, index) == 0 else 1.0


def _caption(trace: Trace, t: int, boxes: np.ndarray | None, index: int, silent: bool) -> list[str]:
    numbers = measure_cycle(trace, t, boxes, index)
    errors = numbers.get("errors")
    lines = [f"cycle {t} of {len(trace.similarity)}" if errors else "without predictive coding"]
    if silent:
        return [*lines, SILENCE]
    if errors:
        name = "errors e0 to e2" if len(errors) > 1 else "error e0"
        lines.append(f"{name}  " + "  ".join(f"{error:.3f}" for error in errors))
    lines.append(f"entropy  {numbers['entropy_bits']:.2f} bits")
    if "ciou" in numbers:
        lines[-1] += f"    cIoU  {numbers['ciou']:.2f}"
    if measure_audible(trace, index) == 0:
        lines.append(NOTHING)
    return lines


def _fit_into(image: np.ndarray, side_px: int) -> np.ndarray:
    """The picture with its longer side `side_px` long, enlarged or shrunk."""
    picture = Image.fromarray(image)
    scale = side_px / max(picture.size)
    width_px, height_px = (max(1, round(side * scale)) for side in picture.size)
    return np.array(picture.resize((width_px, height_px), Image.Resampling.LANCZOS))
