"""The stage: all that a browser needs to step through a scene's cycles without asking again.

Letters: T cycles.
"""

from functools import lru_cache
from pathlib import Path
from typing import TypedDict

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex

from sspl.explorer.encoding import encode_figure, encode_picture, encode_sound
from sspl.explorer.scenes import Scene, trace_scene
from sspl.media.animation import write_animation
from sspl.model import SSPL, Trace
from sspl.plots.overlay import COLOUR_MAP, overlay_map
from sspl.plots.spectrogram import plot_spectrogram
from sspl.plots.steps import draw_step
from sspl.sliding_window import is_silent
from sspl.trace_stats import measure_cycle

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


class Row(TypedDict):
    """A number that the stage shows: `key` in a panel's numbers, and how it is written."""

    key: str
    label: str
    hint: str
    digits: int


class Box(TypedDict):
    """Where a source is: (x0, y0, x1, y1) in shares of the picture, 0 to 1 from its top left."""

    name: str
    box: tuple[float, float, float, float]


class Panel(TypedDict):
    """The maps of one sound.

    Attributes:
        silent: whether the sound is too quiet to be of anything.
        frames: T pictures under their map.
        numbers: T values for each key of `ROWS` that there is.
        boxes: of what plays, as far as it is known and in the picture.
    """

    sound: str
    silent: bool
    frames: list[str]
    numbers: dict[str, list[float]]
    boxes: list[Box]
    spectrogram: str
    audio: str


class Stage(TypedDict):
    """A scene after every cycle.

    Attributes:
        width: of the picture, in pixels; `height` likewise.
        cycles: T.
        colours: of the map, from low to high, as #rrggbb.
        rows: the numbers to show.
        notes: words and what they mean.
        panels: one for each sound.
    """

    title: str
    picture: str
    width: int
    height: int
    cycles: int
    colours: list[str]
    rows: list[Row]
    notes: list[tuple[str, str]]
    panels: list[Panel]


def describe_stage(model: SSPL, scene: Scene) -> Stage:
    """A scene after every cycle, pictures and sounds as data URIs."""
    panels: list[Panel] = [
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
    return encode_figure(figure)
