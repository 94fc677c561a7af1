"""From a figure to pixels or to SVG, whatever letters are in it."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure


def render_figure(figure: Figure) -> np.ndarray:
    """The pixels of a figure: (H, W, 3) uint8."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()


def render_layer(figure: Figure) -> np.ndarray:
    """The pixels of a figure on no ground of its own: (H, W, 4) uint8."""
    canvas = FigureCanvasAgg(figure)
    for part in (figure, *figure.axes):
        part.patch.set_alpha(0)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba()).copy()


@contextmanager
def accept_any_letter() -> Iterator[None]:
    """Draw letters that matplotlib's font lacks as boxes, without a warning for each."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        yield


def keep_printable(words: str) -> str:
    """The words, with a space for each character that cannot be printed: a new line, an escape."""
    return "".join(letter if letter.isprintable() else " " for letter in words)


def render_svg(figure: Figure) -> str:
    """A figure as SVG on no ground of its own, its words as text, alike each time."""
    buffer = io.StringIO()
    with (
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "sspl"}),
        accept_any_letter(),
    ):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    return buffer.getvalue()
