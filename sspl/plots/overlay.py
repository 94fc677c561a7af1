"""A map over its picture: bright where it is high, with a line around what is scored.

Letters: H W picture, h w map, k boxes.
"""

from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib import colormaps
from PIL import Image, ImageDraw
from torch import Tensor

from sspl.plots.lettering import INK, PAPER

COLOUR_MAP = "inferno"  # perceptually uniform; its dark end is a veil over what does not matter
VEIL, GLOW = 0.45, 0.62  # how much of the colour covers the picture where a map is 0, and 1
FAINT = 0.35  # strength of a map whose model finds that nothing makes the sound
FLAT = 1e-4  # a smaller span of a map, which lies in [-1, 1], is rounding and shows nothing
LINE_SHARE = 1 / 320  # width of a line, of the picture's shorter side
SMOOTH_PX = 640  # a map is smooth: drawn at this size and enlarged, it looks the same


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
        boxes: (k, 4) normalised (x0, y0, x1, y1) of sources, drawn dashed and thin.
        strength: 0 (no map) to 1.
        span: the values that are dark and bright, such as another map's lowest and highest, to
            compare the two; by default the map's own.
    Returns:
        (H, W, 3) uint8, a new array.
    """
    picture = Image.fromarray(image)
    layer = paint_map(similarity, *picture.size, strength=strength, span=span)
    if layer is not None:
        if layer.size != picture.size:
            layer = layer.resize(picture.size, Image.Resampling.BILINEAR)
        picture.paste(layer.convert("RGB"), mask=layer.getchannel("A"))
    if boxes is not None:
        _draw_boxes(picture, boxes)
    return np.array(picture)


def paint_map(
    similarity: np.ndarray | Tensor,
    width_px: int,
    height_px: int,
    *,
    strength: float = 1.0,
    span: tuple[float, float] | None = None,
) -> Image.Image | None:
    """What `overlay_map` lays over a picture of that size, by itself: a half-transparent layer.

    Args:
        similarity, strength, span: as of `overlay_map`.
    Returns:
        RGBA, smaller than the picture where that is large, to be enlarged; None where there is
        nothing to see.
    """
    similarity = torch.as_tensor(similarity).detach().cpu()
    has_contrast = not is_flat(similarity) if span is None else span[1] - span[0] >= FLAT
    if strength <= 0 or not has_contrast:
        return None
    shrink = min(1.0, SMOOTH_PX / max(width_px, height_px))
    small = [max(1, round(side * shrink)) for side in (height_px, width_px)]
    layer, cover = _paint_colours(stretch_map(similarity, small[0], small[1], span))
    layer.putalpha(Image.fromarray((cover * (255 * strength)).astype(np.uint8)))
    return layer


def is_flat(similarity: Tensor) -> bool:
    """Whether a map (h, w) shows nothing: all its cells are alike."""
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


def _paint_colours(level: np.ndarray) -> tuple[Image.Image, np.ndarray]:
    """The colours of a map (H, W), and how much of each covers the picture, (H, W) in [0, 1]."""
    heat = Image.fromarray((level * 255).astype(np.uint8))
    heat.putpalette(_list_colours())
    colours = heat.convert("RGB")
    cover = VEIL + (GLOW - VEIL) * level
    # The line on which the map is 0.5. To first order, a pixel's distance to it is its
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
    """Dashed rectangles, white on black, so that they show on anything."""
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
