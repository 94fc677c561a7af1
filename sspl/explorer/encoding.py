"""Pictures, maps, sounds and figures as data URIs: a message to the browser holds all it shows."""

import base64
import io

import numpy as np
import soundfile
from matplotlib.figure import Figure
from PIL import Image

from sspl.audio import SAMPLE_RATE_HZ
from sspl.plots.rendering import render_layer

EMPTY = Image.new("RGBA", (1, 1))  # a layer that shows nothing


def encode_picture(picture: np.ndarray, side_px: int | None = None) -> str:
    """(H, W, 3) uint8 as a data URI, no side longer than `side_px`."""
    image = Image.fromarray(picture)
    if side_px is not None:
        image.thumbnail((side_px, side_px))
    return _encode_image(image, quality=80)


def encode_layer(layer: Image.Image | None) -> str:
    """What `paint_map` lays over a picture, as a data URI: a third of the picture under it."""
    return _encode_image(layer or EMPTY, quality=70, alpha_quality=60)


def encode_figure(figure: Figure) -> str:
    """A figure as a data URI, for any ground; as PNG a spectrogram would be six times as large."""
    return _encode_image(Image.fromarray(render_layer(figure)), quality=80)


def encode_sound(waveform: np.ndarray) -> str:
    """(N,) float32 at 16 kHz as a data URI: an MP3, which every browser plays."""
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, SAMPLE_RATE_HZ, format="MP3", subtype="MPEG_LAYER_III")
    return _as_uri("audio/mpeg", buffer)


def _encode_image(image: Image.Image, **options: int) -> str:
    """As WebP, by its fastest method: half of what JPEG needs, in five milliseconds."""
    buffer = io.BytesIO()
    image.save(buffer, "webp", method=0, **options)
    return _as_uri("image/webp", buffer)


def _as_uri(media_type: str, buffer: io.BytesIO) -> str:
    return f"data:{media_type};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
