"""The stage: all that a browser needs to step through a scene's cycles without asking again.

Letters: T cycles.
"""

from functools import lru_cache
from pathlib import Path
from typing import TypedDict

import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex

from sspl.explorer.encoding import encode_figure, encode_layer, encode_picture, encode_sound
from sspl.explorer.legend import choose_legend, tell_audible
from sspl.explorer.scenes import Scene, trace_scene
from sspl.media.animation import write_animation
from sspl.model import AudioVisualModel, Trace
from sspl.plots.lettering import NOTHING, write_note
from sspl.plots.overlay import COLOUR_MAP, overlay_map, paint_map
from sspl.plots.spectrogram import ON_ANY_GROUND, plot_spectrogram
from sspl.plots.steps import choose_strength, draw_step
from sspl.sliding_window import is_silent
from sspl.trace_stats import measure_audible, measure_cycle


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
        answer: what the model says of the whole picture, "" where it has no absolute measure.
        frames: T maps, half-transparent layers to lay over the picture.
        numbers: T values for each key of the rows that there is.
        boxes: of what plays, as far as it is known and in the picture.
    """

    sound: str
    silent: bool
    answer: str
    frames: list[str]
    numbers: dict[str, list[float]]
    boxes: list[Box]
    spectrogram: str
    audio: str


class Stage(TypedDict):
    """A scene after every cycle.

    Attributes:
        credit: whose picture and sound they are, "" where nothing is to be said.
        fresh: it is what the page opens with, of which a visitor has changed nothing.
        width: of the picture, in pixels; `height` likewise.
        cycles: T.
        colours: of the map, from low to high, as #rrggbb.
        ends: what the lowest and the highest of them stand for.
        rows: the numbers to show.
        notes: words and what they mean.
        panels: one for each sound.
    """

    title: str
    credit: str
    fresh: bool
    picture: str
    width: int
    height: int
    cycles: int
    colours: list[str]
    ends: tuple[str, str]
    rows: list[Row]
    notes: tuple[tuple[str, str], ...]
    panels: list[Panel]


def describe_stage(model: AudioVisualModel, scene: Scene) -> Stage:
    """A scene after every cycle, pictures and sounds as data URIs."""
    legend = choose_legend(model)
    height_px, width_px = scene.picture.shape[:2]
    panels: list[Panel] = [
        {
            "sound": sound.title,
            "silent": is_silent(sound.clip),
            "answer": tell_audible(trace, is_silent(sound.clip)),
            "frames": [
                encode_layer(paint_map(s[0], width_px, height_px, strength=choose_strength(trace)))
                for s in trace.similarity
            ],
            "numbers": _course_of_numbers(trace, boxes, [key for key, *_ in legend.rows]),
            "boxes": [
                {"name": source.name.replace("_", " "), "box": source.box}
                for source in scene.find_sources(sound)
            ],
            "spectrogram": _draw_spectrogram(sound.clip.tobytes()),
            "audio": encode_sound(sound.clip),
        }
        for sound, trace, boxes in trace_scene(model, scene)
    ]
    return {
        "title": scene.title,
        "credit": scene.credit,
        "fresh": scene.fresh,
        "picture": encode_picture(scene.picture),
        "width": width_px,
        "height": height_px,
        "cycles": len(panels[0]["frames"]),
        "colours": [to_hex(colormaps[COLOUR_MAP](level)) for level in np.linspace(0, 1, 9)],
        "ends": legend.ends,
        "rows": [
            {"key": key, "label": label, "hint": hint, "digits": digits}
            for key, label, hint, digits in legend.rows
            if any(key in panel["numbers"] for panel in panels)
        ],
        "notes": legend.notes,
        "panels": panels,
    }


def draw_map(model: AudioVisualModel, scene: Scene, t: int) -> np.ndarray:
    """The maps of all sounds after cycle t, side by side: (H, W', 3) uint8; t is cut to 1 to T."""
    return np.hstack([draw_answer(scene, trace, t) for _, trace, _ in trace_scene(model, scene)])


def draw_answer(scene: Scene, trace: Trace, t: int) -> np.ndarray:
    """The map of one sound after cycle t, with a note where nothing makes the sound."""
    similarity = trace.similarity[min(max(t, 1), len(trace.similarity)) - 1, 0]
    picture = overlay_map(scene.picture, similarity, strength=choose_strength(trace))
    return write_note(picture, NOTHING) if measure_audible(trace) == 0 else picture


def draw_steps(model: AudioVisualModel, scene: Scene) -> list[np.ndarray]:
    """A picture for each cycle, with its numbers, all sounds side by side: T of (H, W, 3) uint8."""
    traced = trace_scene(model, scene)
    return [
        np.hstack([draw_step(scene.picture, trace, t, boxes) for _, trace, boxes in traced])
        for t in range(1, len(traced[0][1].similarity) + 1)
    ]


def write_steps(model: AudioVisualModel, scene: Scene, path: Path) -> None:
    """Write the steps as a .gif, or as an .mp4 with the scene's first sound."""
    write_animation(path, draw_steps(model, scene), scene.sound.clip)


def _course_of_numbers(trace: Trace, boxes: np.ndarray, keys: list[str]) -> dict[str, list[float]]:
    """T values for each of the keys that the trace has."""
    courses: dict[str, list[float]] = {}
    for t in range(1, len(trace.similarity) + 1):
        cycle = measure_cycle(trace, t, boxes)
        cycle |= {f"error_{layer}": error for layer, error in enumerate(cycle.get("errors", []))}
        for key in keys:
            if key in cycle:
                courses.setdefault(key, []).append(cycle[key])
    return courses


@lru_cache(maxsize=64)  # drawing takes longer than the model, and a sound is looked at often
def _draw_spectrogram(clip: bytes) -> str:
    figure = plot_spectrogram(np.frombuffer(clip, np.float32).copy(), ink=ON_ANY_GROUND)
    figure.set_size_inches(4.6, 2.9)  # as wide as a phone, so that its words stay readable there
    return encode_figure(figure)
