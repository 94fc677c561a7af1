"""Pictures, sounds and figures as data URIs: a message to the browser holds all that it shows."""

import base64
import io
from typing import Any

import numpy as np
import soundfile
from matplotlib.figure import Figure
from PIL import Image

from sspl.audio import SAMPLE_RATE_HZ
from sspl.plots.rendering import render_figure


def encode_picture(picture: np.ndarray, side_px: int | None = None) -> str:
    """(H, W, 3) uint8 as a data URI, no side longer than `side_px`."""
    image = Image.fromarray(picture)
    if side_px is not None:
        image.thumbnail((side_px, side_px))
    # 4:4:4, as the usual halved colour smears the edges of a map; JPEG encodes in a few ms, WebP
    # in many.
    return _encode(image, "jpeg", quality=88, subsampling=0)


def encode_thumbnail(picture: np.ndarray, side_px: int) -> str:
    """(H, W, 3) uint8 as a data URI of half the size that `encode_picture` needs, and slower."""
    image = Image.fromarray(picture)
    image.thumbnail((side_px, side_px))
    return _encode(image, "webp", quality=80)


def encode_sound(waveform: np.ndarray) -> str:
    """(N,) float32 at 16 kHz as a data URI, without loss but for 16 bits."""
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, SAMPLE_RATE_HZ, format="FLAC", subtype="PCM_16")
    return _as_uri("audio/flac", buffer)


def encode_figure(figure: Figure) -> str:
    """A figure as a data URI; a spectrogram, which is noise, would be six times as large as PNG."""
    return _encode(Image.fromarray(render_figure(figure)).convert("RGB"), "webp", quality=85)


def _encode(image: Image.Image, kind: str, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return _as_uri(f"image/{kind}", buffer)


def _as_uri(media_type: str, buffer: io.BytesIO) -> str:
    return f"data:{media_type};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
