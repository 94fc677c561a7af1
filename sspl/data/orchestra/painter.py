"""The canvas: drawings are painted several times larger than wanted and averaged down."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from sspl.data.orchestra.shapes import Drawing

_SHADOW_PX = 128  # shadows are soft, so a small mask is enough at any size of picture


class Canvas:
    """A square picture whose coordinates run from 0 to 1, x to the right and y downwards."""

    def __init__(self, image_px: int) -> None:
        # Small pictures need more samples per pixel, or thin parts (strings, keys) break up.
        self._oversample = max(2, min(6, round(768 / image_px)))
        self._side_px = image_px * self._oversample
        self._image = Image.new("RGB", (self._side_px, self._side_px))
        self._solid = ImageDraw.Draw(self._image)
        self._glaze = ImageDraw.Draw(self._image, "RGBA")

    def paint(self, drawing: Drawing) -> None:
        """Paints every polygon in order; colours with an alpha are blended over what is there."""
        if not drawing.polygons:
            return
        lengths = np.cumsum([2 * len(points) for points in drawing.polygons])
        flat = (np.concatenate(drawing.polygons) * self._side_px - 0.5).ravel().tolist()
        start = 0
        for end, colour in zip(lengths.tolist(), drawing.colours, strict=True):
            brush = self._solid if len(colour) == 3 else self._glaze
            brush.polygon(flat[start:end], fill=colour)
            start = end

    def cast_shadow(
        self, drawing: Drawing, offset: tuple[float, float], blur: float, strength: float
    ) -> None:
        """Darkens what lies behind a drawing: its silhouette, moved by `offset` and blurred.

        `blur` is a share of the picture's side; `strength` in [0, 1] is the deepest darkening.
        """
        mask = Image.new("L", (_SHADOW_PX, _SHADOW_PX))
        draw = ImageDraw.Draw(mask)
        for points in drawing.polygons:
            draw.polygon(((points + offset) * _SHADOW_PX).ravel().tolist(), fill=255)
        mask = mask.filter(ImageFilter.BoxBlur(blur * _SHADOW_PX))
        mask = mask.point(lambda value: value * strength)
        box = mask.getbbox()
        if box is None:
            return
        x0, y0, x1, y1 = (round(edge * self._side_px / _SHADOW_PX) for edge in box)
        mask = mask.resize((x1 - x0, y1 - y0), Image.Resampling.BILINEAR, box)
        self._image.paste((20, 16, 14), (x0, y0, x1, y1), mask)

    def finish(self, light: np.ndarray) -> np.ndarray:
        """Returns the picture (px, px, 3) uint8, multiplied by a coarse grid of light (k, k)."""
        small = self._image.reduce(self._oversample)
        brightness = Image.fromarray(light.astype(np.float32))
        smooth = np.asarray(brightness.resize(small.size, Image.Resampling.BICUBIC))
        lit = np.asarray(small, np.float32) * smooth[..., None]
        return np.clip(lit, 0, 255).astype(np.uint8)
