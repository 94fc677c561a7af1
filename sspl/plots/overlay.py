"""Pictures of results: maps over pictures, the steps of a trace, a sound.

Functions take arrays and give arrays (H, W, 3) uint8 or a matplotlib `Figure`; nothing is shown,
nothing is written, pyplot is not touched.

Letters: T cycles, B batch, H W picture, h w map, N samples.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib import colormaps
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from sspl.audio import CLIP_S, HIGHEST_HZ, HOP, LOWEST_HZ, SAMPLE_RATE_HZ, clip_log_mel, fit_length
from sspl.model import Trace
from sspl.trace_stats import measure_cycle

COLOUR_MAP = "inferno"  # perceptually uniform; its dark end is a veil over what does not matter
VEIL, GLOW = 0.45, 0.62  # how much of the colour covers the picture where a map is 0, and 1
FLAT = 1e-4  # a smaller span of a map, which lies in [-1, 1], is rounding and shows nothing
LINE_SHARE = 1 / 320  # width of a line, of the picture's shorter side
SMOOTH_PX = 640  # a map is smooth: drawn at this size and enlarged, it looks the same
INK, PAPER = (24, 24, 27), (255, 255, 255)
SILENCE = "silence: no map"


# --- A map over a picture ---------------------------------------------------------------------


def overlay_map(
    image: np.ndarray,
    similarity: np.ndarray | Tensor,
    boxes: np.ndarray | None = None,
    strength: float = 1.0,
    span: tuple[float, float] | None = None,
) -> np.ndarray:
    """Lay a map over its picture: bright where it is high, dull where it is low.

    The map is up-sampled and stretched as protocol `sspl` does it; a solid line surrounds where
    it is at least 0.5, the region that the protocol scores. A flat map leaves the picture as it is.

    Args:
        image: (H, W, 3) uint8.
        similarity: (h, w) float, any range.
        boxes: (k, 4) normalised (x0, y0, x1, y1), drawn as thin dashed rectangles.
        strength: 0 (no map) to 1.
        span: the values that are dark and bright, such as another map's lowest and highest, to
            compare the two; by default the map's own.
    Returns:
        (H, W, 3) uint8, a new array.
    """
    similarity = torch.as_tensor(similarity).detach().cpu()
    picture = Image.fromarray(image)
    says_something = not is_flat(similarity) if span is None else span[1] - span[0] >= FLAT
    if strength > 0 and says_something:
        shrink = min(1.0, SMOOTH_PX / max(picture.size))
        height_px, width_px = (max(1, round(side * shrink)) for side in image.shape[:2])
        colours, cover = _paint_map(stretch_map(similarity, height_px, width_px, span))
        mask = Image.fromarray((cover * (255 * strength)).astype(np.uint8))
        if shrink < 1:
            colours = colours.resize(picture.size, Image.Resampling.BILINEAR)
            mask = mask.resize(picture.size, Image.Resampling.BILINEAR)
        picture = Image.composite(colours, picture, mask)
    if boxes is not None:
        _draw_boxes(picture, boxes)
    return np.array(picture)


def is_flat(similarity: Tensor) -> bool:
    """Whether a map (h, w) says nothing: all its places are alike."""
    return bool(similarity.max() - similarity.min() < FLAT)


def stretch_map(
    similarity: Tensor, height_px: int, width_px: int, span: tuple[float, float] | None = None
) -> np.ndarray:
    """(h, w) to (height_px, width_px) float32 in [0, 1]: bilinear, then min-max.

    As `sspl.metrics.upsample_map`, for pictures that are not square; or cut to a given span.
    """
    size = (height_px, width_px)
    large = F.interpolate(similarity[None, None].float(), size=size, mode="bilinear")[0, 0]
    low, high = (large.min(), large.max()) if span is None else torch.tensor(span)
    return ((large - low) / (high - low).clamp_min(1e-12)).clamp(0, 1).numpy()


def _paint_map(level: np.ndarray) -> tuple[Image.Image, np.ndarray]:
    """The colours of a map (H, W), and how much of each covers the picture, (H, W) in [0, 1]."""
    heat = Image.fromarray((level * 255).astype(np.uint8))
    heat.putpalette(_list_colours())
    colours = heat.convert("RGB")
    cover = VEIL + (GLOW - VEIL) * level
    # The line on which the map is 0.5. To first order, a place's distance to it in pixels is the
    # difference to 0.5 over the slope. A plain that lies at 0.5 has no line: hence the 1e-6.
    down, across = np.diff(level, axis=0, append=level[-1:]), np.diff(level, append=level[:, -1:])
    difference = np.abs(level - np.float32(0.5)) + np.float32(1e-6)
    distance_px = difference / (np.hypot(down, across) + np.float32(1e-9))
    width_px = _line_width_px(*colours.size)
    for ink, half_px in ((INK, width_px), (PAPER, width_px / 2)):  # white with dark edges
        line = np.clip(half_px + 0.5 - distance_px, 0, 1)
        colours.paste(ink, mask=Image.fromarray((line * 255).astype(np.uint8)))
        cover = np.maximum(cover, line)
    return colours, cover


@lru_cache(maxsize=1)
def _list_colours() -> bytes:
    return (colormaps[COLOUR_MAP](np.arange(256))[:, :3] * 255).round().astype(np.uint8).tobytes()


def _line_width_px(width_px: int, height_px: int) -> float:
    return max(1.5, LINE_SHARE * min(width_px, height_px))


def _draw_boxes(picture: Image.Image, boxes: np.ndarray) -> None:
    """Dashed rectangles, white on black, so that they are seen on anything."""
    pen = ImageDraw.Draw(picture)
    width, height = picture.size
    line_px = max(1, round(_line_width_px(width, height) * 0.8))
    for box in np.asarray(boxes, float).reshape(-1, 4):
        x0, y0, x1, y1 = (round(edge) for edge in box * (width, height, width, height))
        x1, y1 = min(x1, width) - line_px, min(y1, height) - line_px
        for (xa, ya), (xb, yb) in (
            ((x0, y0), (x1, y0)),
            ((x1, y0), (x1, y1)),
            ((x1, y1), (x0, y1)),
            ((x0, y1), (x0, y0)),
        ):
            pen.rectangle(
                (min(xa, xb), min(ya, yb), max(xa, xb) + line_px - 1, max(ya, yb) + line_px - 1),
                fill=INK,
            )
            num = max(1, round(max(abs(xb - xa), abs(yb - ya)) / (6 * line_px)))
            for k in range(num):
                share = np.array([k, k + 0.55]) / num
                xs, ys = xa + (xb - xa) * share, ya + (yb - ya) * share
                pen.rectangle(
                    (xs.min(), ys.min(), xs.max() + line_px - 1, ys.max() + line_px - 1), fill=PAPER
                )


# --- The steps of a trace ---------------------------------------------------------------------


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
        boxes: (k, 4) normalised (x0, y0, x1, y1) of what sounds and is seen, or None.
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
        axes.imshow(overlay_map(small, trace.similarity[t - 1, index], boxes, float(not silent)))
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
    shown = overlay_map(
        _fit_into(image, side_px), trace.similarity[t - 1, index], boxes, float(not silent)
    )
    lines = _caption(trace, t, boxes, index, silent)
    height_px = len(shown)
    width_px = max(shown.shape[1], round(0.6 * side_px))  # the caption needs room
    font_px = max(9, width_px // 24)
    full_px = height_px + round(1.5 * font_px * (len(lines) + 0.6))
    frame = Image.new("RGB", (width_px, full_px), PAPER)
    frame.paste(Image.fromarray(shown), ((width_px - shown.shape[1]) // 2, 0))
    pen = ImageDraw.Draw(frame)
    for row, line in enumerate(lines):
        font = _fitting_font(line, font_px * (1.15 if row == 0 else 1), 0.94 * width_px)
        y_px = height_px + 1.5 * font_px * (row + 0.8)
        pen.text((0.03 * width_px, y_px), line, fill=INK, font=font, anchor="lm")
    return np.array(frame)


def write_note(image: np.ndarray, note: str) -> np.ndarray:
    """Write a few words into the lower left corner of a picture (H, W, 3) uint8; a new array."""
    picture = Image.fromarray(image)
    width_px, height_px = picture.size
    font_px = max(12, min(width_px, height_px) // 24)
    font = _fitting_font(note, font_px, 0.94 * width_px)
    ImageDraw.Draw(picture).text(
        (0.03 * width_px, height_px - 0.7 * font_px),
        note,
        fill=PAPER,
        font=font,
        anchor="ls",
        stroke_width=max(1, font_px // 8),
        stroke_fill=INK,
    )
    return np.array(picture)


def _caption(trace: Trace, t: int, boxes: np.ndarray | None, index: int, silent: bool) -> list[str]:
    numbers = measure_cycle(trace, t, boxes, index)
    errors = numbers.get("errors")
    lines = [f"cycle {t} of {len(trace.similarity)}" if errors else "without predictive coding"]
    if silent:
        return [*lines, SILENCE]
    if errors:
        lines.append("errors e0 to e2  " + "  ".join(f"{error:.3f}" for error in errors))
    lines.append(f"entropy  {numbers['entropy_bits']:.2f} bits")
    if "ciou" in numbers:
        lines[-1] += f"    cIoU  {numbers['ciou']:.2f}"
    return lines


def _fit_into(image: np.ndarray, side_px: int) -> np.ndarray:
    """The picture with its longer side `side_px` long, enlarged or shrunk."""
    picture = Image.fromarray(image)
    scale = side_px / max(picture.size)
    width_px, height_px = (max(1, round(side * scale)) for side in picture.size)
    return np.array(picture.resize((width_px, height_px), Image.Resampling.LANCZOS))


def _fitting_font(text: str, font_px: float, width_px: float) -> ImageFont.FreeTypeFont:
    """Pillow's own font, as large as asked or as fits."""
    font = _load_font(font_px)
    return _load_font(max(6.0, font_px * min(1.0, width_px / font.getlength(text))))


@lru_cache(maxsize=32)
def _load_font(font_px: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(font_px)
    assert isinstance(font, ImageFont.FreeTypeFont)  # it is, since a size was given
    return font


# --- A sound ----------------------------------------------------------------------------------


def plot_spectrogram(waveform: np.ndarray) -> Figure:
    """What the ears take in: 3 s of the waveform, and its log-mel patches.

    Args:
        waveform: (N,) float at 16 kHz, N >= 1; of a long one the middle, a short one is repeated.
    """
    clip = fit_length(torch.from_numpy(np.asarray(waveform, np.float32)))
    patches = clip_log_mel(clip)  # (P, 96, 64)
    patch_s = patches.shape[1] * HOP / SAMPLE_RATE_HZ
    end_s = len(patches) * patch_s
    figure = Figure(figsize=(6, 3.4), dpi=150, layout="constrained")
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 3))

    columns = clip.unflatten(0, (-1, 60)).numpy()  # of each 60 samples, the range is drawn
    times_s = np.arange(len(columns)) * 60 / SAMPLE_RATE_HZ
    upper.fill_between(times_s, columns.min(1), columns.max(1), color="0.25", linewidth=0.3)
    upper.axhline(0, color="0.25", linewidth=0.3)
    upper.set(ylabel="sample", yticks=[], xlim=(0, CLIP_S))
    for side in ("top", "right", "left"):
        upper.spines[side].set_visible(False)

    mesh = lower.imshow(
        patches.flatten(0, 1).numpy().T,
        extent=(0, end_s, 0, patches.shape[2]),
        origin="lower",
        aspect="auto",
        cmap="magma",
    )
    for k in range(1, len(patches)):
        lower.axvline(k * patch_s, color="white", linewidth=0.8, linestyle=(0, (2, 2)))
    shown_hz = np.array([200, 500, 1000, 2000, 4000, 7000])
    lower.set_yticks(_band_of(shown_hz, patches.shape[2]), [f"{hz:g}" for hz in shown_hz])
    lower.set(xlabel="time (s)", ylabel="frequency (Hz)")
    figure.colorbar(mesh, ax=lower, label="log magnitude")
    return figure


def _band_of(hz: np.ndarray, num_bands: int) -> np.ndarray:
    """The mel band, as a fraction of an index, whose triangle is centred on a frequency."""
    low, mel, high = (np.log1p(f / 700.0) for f in (LOWEST_HZ, hz, HIGHEST_HZ))
    return (mel - low) / (high - low) * (num_bands + 1) - 0.5


def render_figure(figure: Figure) -> np.ndarray:
    """The pixels of a figure: (H, W, 3) uint8."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[:, :, :3].copy()
