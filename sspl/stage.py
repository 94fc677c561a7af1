"""A visitor's scene, and all that a browser needs to step through its cycles without asking again.

Letters: T cycles.
"""

import base64
import io
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import torch
from matplotlib import colormaps
from matplotlib.colors import to_hex
from PIL import Image

from sspl.audio import SAMPLE_RATE_HZ, fit_length
from sspl.cycles import measure_cycle
from sspl.localize import Localizer, write_animation
from sspl.model import SSPL, Trace
from sspl.sliding import is_silent
from sspl.viz import COLOUR_MAP, draw_step, overlay_map, plot_spectrogram, render_figure

# Every number that a stage can show: (key, its name, what it says, digits).
ROWS = (
    ("error_0", "Error at the sound", "e₀: the sound, against what the 3×3 layer predicts", 4),
    ("error_1", "Error at 3×3", "e₁: that layer, against what the 7×7 layer predicts", 4),
    ("error_2", "Error at 7×7", "e₂: that layer, against what the 14×14 layer predicts", 4),
    ("entropy_bits", "Spread of the map", "entropy in bits: 7.6 is everywhere, less is focused", 2),
    ("mean_similarity", "Mean similarity", "over the picture, −1 to 1", 3),
    ("ciou", "Overlap with the boxes", "cIoU: 1 if the outline holds just what sounds", 2),
)
# What the words on a stage mean.
SIMILARITY_NOTE = (
    "Similarity map",
    "How alike each place of the picture and the sound are to the model. The white line surrounds "
    "the region that counts as its answer.",
)
CYCLE_NOTE = (
    "Cycle",
    "A round of predictive coding: each layer predicts the one below it, down to the sound, and "
    "corrects itself by what it got wrong.",
)
ERROR_NOTE = (
    "Prediction error",
    "How far a layer is from what the layer above predicted for it.",
)
ONE_LOOK_NOTE = (
    "No cycles",
    "This model has no predictive coding: it looks once, so there is nothing to step through.",
)


@dataclass(frozen=True, kw_only=True)
class Sound:
    """A sound to listen for.

    Attributes:
        waveform: (N,) float32 in [-1, 1], 16 kHz.
        instruments: names of what plays, where that is known.
    """

    title: str
    waveform: np.ndarray
    instruments: tuple[str, ...] = ()

    @property
    def heard(self) -> np.ndarray:
        """The 3 s of it that a model hears: (48000,) float32."""
        return fit_length(torch.from_numpy(self.waveform)).numpy()


@dataclass(frozen=True, kw_only=True)
class Instrument:
    """Something in a picture that can sound, and its box: normalised (x0, y0, x1, y1)."""

    name: str
    box: tuple[float, float, float, float]


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What a visitor looks at: a picture, its sound, perhaps another sound to compare with.

    Attributes:
        picture: (H, W, 3) uint8.
        instruments: what is known to be in the picture.
    """

    title: str
    picture: np.ndarray
    sound: Sound
    other: Sound | None = None
    instruments: tuple[Instrument, ...] = ()

    @property
    def sounds(self) -> list[Sound]:
        return [self.sound] if self.other is None else [self.sound, self.other]

    def find_sources(self, sound: Sound) -> list[Instrument]:
        """What is in the picture and plays in the sound."""
        return [seen for seen in self.instruments if seen.name in sound.instruments]


def trace_scene(model: SSPL, scene: Scene) -> list[tuple[Sound, Trace, np.ndarray]]:
    """Every cycle of one pass for each sound of a scene, with the boxes (k, 4) of its sources."""
    localizer = Localizer(model).set_image(scene.picture)
    traced = []
    for sound in scene.sounds:
        boxes = [source.box for source in scene.find_sources(sound)]
        trace = localizer.set_sound(sound.waveform).trace()
        traced.append((sound, trace, np.array(boxes, np.float32).reshape(-1, 4)))
    return traced


def describe_stage(model: SSPL, scene: Scene) -> dict[str, Any]:
    """A scene after every cycle, JSON-able, pictures and sounds as data URIs.

    `title`, `picture`, `width`, `height`, `cycles` (T), `colours` (of the map, from low to high),
    `rows` (the numbers to show), `notes` (word, meaning), and a panel for each sound: `sound`,
    `silent`, `frames` (T pictures under their map), `numbers` (T values of each key), `boxes`,
    `spectrogram`, `audio`.
    """
    panels = [
        {
            "sound": sound.title,
            "silent": is_silent(sound.heard),
            "frames": [encode_picture(overlay_map(scene.picture, s[0])) for s in trace.similarity],
            "numbers": _course_of_numbers(trace, boxes),
            "boxes": [
                {"name": source.name.replace("_", " "), "box": source.box}
                for source in scene.find_sources(sound)
            ],
            "spectrogram": _draw_spectrogram(sound.heard.tobytes()),
            "audio": encode_sound(sound.heard),
        }
        for sound, trace, boxes in trace_scene(model, scene)
    ]
    height_px, width_px = scene.picture.shape[:2]
    notes = (CYCLE_NOTE, ERROR_NOTE) if model.pcm is not None else (ONE_LOOK_NOTE,)
    return {
        "title": scene.title,
        "picture": encode_picture(scene.picture),
        "width": width_px,
        "height": height_px,
        "cycles": len(panels[0]["frames"]),
        "colours": [to_hex(colormaps[COLOUR_MAP](level)) for level in np.linspace(0, 1, 9)],
        "rows": [
            {"key": key, "label": label, "hint": hint, "digits": digits}
            for key, label, hint, digits in ROWS
            if any(key in panel["numbers"] for panel in panels)
        ],
        "notes": [SIMILARITY_NOTE, *notes],
        "panels": panels,
    }


def draw_map(model: SSPL, scene: Scene, t: int) -> np.ndarray:
    """The maps of all sounds after cycle t, side by side: (H, W', 3) uint8; t is cut to 1 to T."""
    maps = [
        overlay_map(scene.picture, trace.similarity[min(max(t, 1), len(trace.similarity)) - 1, 0])
        for _, trace, _ in trace_scene(model, scene)
    ]
    return np.hstack(maps)


def draw_steps(model: SSPL, scene: Scene) -> list[np.ndarray]:
    """A picture for each cycle, with its numbers, all sounds side by side: T of (H, W, 3) uint8."""
    traced = trace_scene(model, scene)
    return [
        np.hstack([draw_step(scene.picture, trace, t, boxes) for _, trace, boxes in traced])
        for t in range(1, len(traced[0][1].similarity) + 1)
    ]


def write_steps(model: SSPL, scene: Scene, path: Path) -> None:
    """Write the steps as a .gif, or as an .mp4 with the scene's first sound."""
    write_animation(path, draw_steps(model, scene), scene.sound.heard)


def encode_picture(picture: np.ndarray, side_px: int | None = None) -> str:
    """(H, W, 3) uint8 as a data URI, no side longer than `side_px`."""
    image = Image.fromarray(picture)
    if side_px is not None:
        image.thumbnail((side_px, side_px))
    # 4:4:4, as the usual halved colour smears the edges of a map; JPEG encodes in a few ms.
    return _encode(image, "jpeg", quality=88, subsampling=0)


def encode_sound(waveform: np.ndarray) -> str:
    """(N,) float32 at 16 kHz as a data URI."""
    buffer = io.BytesIO()
    soundfile.write(buffer, waveform, SAMPLE_RATE_HZ, format="WAV", subtype="PCM_16")
    return _as_uri("audio/wav", buffer)


def _course_of_numbers(trace: Trace, boxes: np.ndarray) -> dict[str, list[float]]:
    """T values for each key of `ROWS` that the trace has."""
    courses: dict[str, list[float]] = {}
    for t in range(1, len(trace.similarity) + 1):
        cycle = measure_cycle(trace, t, boxes)
        cycle |= {f"error_{layer}": error for layer, error in enumerate(cycle.get("errors", []))}
        for key, *_ in ROWS:
            if key in cycle:
                courses.setdefault(key, []).append(cycle[key])
    return courses


@lru_cache(maxsize=64)  # drawing takes longer than the model, and a sound is looked at often
def _draw_spectrogram(heard: bytes) -> str:
    figure = plot_spectrogram(np.frombuffer(heard, np.float32).copy())
    figure.set_size_inches(4.6, 2.9)  # as wide as a phone, so that its words stay readable there
    return _encode(Image.fromarray(render_figure(figure)), "png")


def _encode(image: Image.Image, kind: str, **options: Any) -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return _as_uri(f"image/{kind}", buffer)


def _as_uri(media_type: str, buffer: io.BytesIO) -> str:
    return f"data:{media_type};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
