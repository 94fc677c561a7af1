"""Words written on a picture."""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

INK, PAPER = (24, 24, 27), (255, 255, 255)
SILENCE = "silence: no map"
NOTHING = "Nothing in this picture makes this sound, as far as this model knows."


def write_note(image: np.ndarray, note: str) -> np.ndarray:
    """Write a few words into the lower left corner of a picture (H, W, 3 or 4) uint8; a new one."""
    picture = Image.fromarray(image)
    width_px, height_px = picture.size
    font_px = max(12, min(width_px, height_px) // 24)
    font = fit_font(note, font_px, 0.94 * width_px)
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


def fit_font(text: str, font_px: float, width_px: float) -> ImageFont.FreeTypeFont:
    """Pillow's own font, `font_px` high or as high as fits."""
    font = _load_font(font_px)
    return _load_font(max(6.0, font_px * min(1.0, width_px / font.getlength(text))))


@lru_cache(maxsize=32)
def _load_font(font_px: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(font_px)
    assert isinstance(font, ImageFont.FreeTypeFont)  # it is, since a size was given
    return font
