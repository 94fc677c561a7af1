"""The diagram of Algorithm S1: all that a browser needs to step through the PCM's half-cycles.

Letters: T cycles, A channels of the sound, h w grid of a layer.
"""

from typing import TypedDict

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.colors import to_hex

from sspl.explorer.courses import ErrorCourse, Gain, describe_gain, tell_course, tell_errors
from sspl.explorer.encoding import encode_picture, encode_sound
from sspl.explorer.pcm_pass import (
    COLUMNS,
    NO_PCM,
    Column,
    Half,
    Key,
    Pass,
    list_keys,
    measure_rms,
    name_quantity,
    run_pass,
)
from sspl.explorer.scenes import Scene
from sspl.model import SSPL
from sspl.plots.overlay import COLOUR_MAP, overlay_map
from sspl.sliding_window import is_silent
from sspl.trace_stats import find_peak

FRAME_PX = 360
NUM_COLOURS = 33
LAYERS = {  # where a layer stands, in plain words
    0: "the sound",
    1: "nearest to the sound",
    2: "in between",
    3: "nearest to the picture",
}


class Equation(TypedDict):
    """An equation of Algorithm S1; it gives the quantity of one column."""

    gives: Key
    name: str
    equation: str
    words: str


EQUATIONS: tuple[Equation, ...] = (  # each gives the quantity of one column
    {
        "gives": "p",
        "name": "Eqs. (9), (S10)",
        "equation": "pₗ = Wᵀ rₗ₊₁",
        "words": "The layer above predicts this one. At the top p₃ = fᵥ, the visual feature.",
    },
    {
        "gives": "r",
        "name": "Eqs. (10), (S11)",
        "equation": "rₗ ← φ((1 − bₗ) rₗ + bₗ pₗ)",
        "words": "The layer moves towards the prediction; bₗ says how far.",
    },
    {
        "gives": "e",
        "name": "Eqs. (11), (S12)",
        "equation": "eₗ = rₗ − pₗ",
        "words": "What the prediction missed. At the bottom e₀ = r₀ − p₀, and r₀ is the sound.",
    },
    {
        "gives": "corrected",
        "name": "Eqs. (12), (S13)",
        "equation": "rₗ ← φ(rₗ + aₗ Wᵀ eₗ₋₁)",
        "words": "The error below corrects the layer; aₗ says how strongly.",
    },
)
NOTE = (
    "φ is batch norm and GELU; r₃ on the way down has no batch norm. W is a convolution of its own "
    "in each equation, on the way down followed by a max-pool; p₀ is a mean over the 3×3 places, "
    "after a GELU. In the first cycle p₁ and p₂ have passed φ, as the layers start with them. "
    "Here r′ is r after its correction; the paper writes r for both."
)


class Step(TypedDict):
    """A half-cycle, and what happens in it."""

    cycle: int  # 1 to T
    half: Half
    title: str
    words: str


class Layer(TypedDict):
    """A layer of the PCM: grid x grid locations.

    Attributes:
        step: location k stands for the part of the picture from k * step, as a share of it, that is
            `size` wide, also a share; of rows as of columns.
    """

    layer: int
    grid: int
    where: str
    step: float
    size: float


class Cell(TypedDict):
    """The maps of one quantity at one layer.

    Attributes:
        symbol: the paper's.
        maps: T lists of h w values, row by row: root mean squares over channels.
        range: the lowest and the highest over all cycles.
    """

    key: Key
    layer: int
    symbol: str
    maps: list[list[float]]
    range: tuple[float, float]


class AudioFeatures(TypedDict):
    """r_0, the sound (A values), and in each of T cycles its prediction p_0 and the error e_0."""

    r: list[float]
    p: list[list[float]]
    e: list[list[float]]


class Peak(TypedDict):
    """The location that is looked at first: where the last map is brightest."""

    layer: int
    row: int
    column: int


class Diagram(TypedDict):
    """All that the diagram shows.

    Attributes:
        silent: whether the sound is too quiet to be of anything.
        width: of the picture, in pixels; `height` likewise.
        frames: T pictures under the map that is read out after each cycle.
        colours: of the maps, from low to high, as #rrggbb.
        cycles: T.
        steps: the 2T half-cycles.
        layers: from the picture's to the sound's.
    """

    title: str
    sound: str
    silent: bool
    audio: str
    picture: str
    width: int
    height: int
    frames: list[str]
    colours: list[str]
    cycles: int
    steps: list[Step]
    columns: tuple[Column, ...]
    layers: list[Layer]
    cells: list[Cell]
    sounds: AudioFeatures
    errors: list[ErrorCourse]
    errors_note: str
    gains: list[Gain]
    equations: tuple[Equation, ...]
    note: str
    location: Peak


class NothingInside(TypedDict):
    """Of a model without PCM: why there is no diagram."""

    sentence: str


def describe_cycles(model: SSPL, scene: Scene) -> Diagram | NothingInside:
    """All that the diagram shows of a scene's first sound, pictures and sounds as data URIs."""
    if model.pcm is None:
        return {"sentence": NO_PCM}
    opened = run_pass(model, model.pcm, scene)
    trace = model.trace_features(opened.visual, opened.sound, opened.query)
    height_px, width_px = scene.picture.shape[:2]
    x, y = find_peak(trace.similarity[-1, 0])
    grids = {layer: len(opened.read("r", layer)[0][0]) for layer in (3, 2, 1)}
    return {
        "title": scene.title,
        "sound": scene.sound.title,
        "silent": is_silent(scene.sound.clip),
        "audio": encode_sound(scene.sound.clip),
        "picture": encode_picture(scene.picture, FRAME_PX),
        "width": width_px,
        "height": height_px,
        "frames": [
            encode_picture(overlay_map(scene.picture, similarity[0]), FRAME_PX)
            for similarity in trace.similarity
        ],
        "colours": [to_hex(colormaps[COLOUR_MAP](x)) for x in np.linspace(0, 1, NUM_COLOURS)],
        "cycles": len(opened.cycles),
        "steps": _tell_steps(len(opened.cycles)),
        "columns": COLUMNS,
        "layers": [_describe_layer(layer, grid) for layer, grid in grids.items()],
        "cells": [
            _describe_cell(opened, key, layer) for layer in grids for key in list_keys(layer)
        ],
        "sounds": _describe_sounds(opened),
        "errors": [
            {
                "layer": layer,
                "where": f"{grids[layer]}×{grids[layer]}" if layer else LAYERS[layer],
                "course": course,
                "note": tell_course(course),
            }
            for layer, course in enumerate(trace.errors[:, 0].T.tolist())
        ],
        "errors_note": tell_errors(model, trace.errors[:, 0]),
        "gains": [
            describe_gain("b", trace.feedback_gain, len(opened.cycles)),
            describe_gain("a", trace.error_gain, len(opened.cycles)),
        ],
        "equations": EQUATIONS,
        "note": NOTE,
        "location": {"layer": 2, "row": int(y * grids[2]), "column": int(x * grids[2])},
    }


def _tell_steps(num_cycles: int) -> list[Step]:
    """The 2T half-cycles and what happens in each."""
    steps: list[Step] = []
    for t in range(1, num_cycles + 1):
        predict = (
            "Nothing is known yet: from the picture down, each layer starts as what the layer "
            "above expects, and the lowest expects a sound."
            if t == 1
            else "From the picture down, each layer says what it expects of the layer below, which "
            "moves part of the way there. The lowest expects a sound."
        )
        correct = (
            "From the sound up, what was expected is compared with what is. The difference goes to "
            "the layer above, which takes a step by it. "
        )
        correct += (
            "The next cycle starts from there."
            if t < num_cycles
            else "This is the last cycle: its read-out is the model's answer."
        )
        start = f"Cycle {t} of {num_cycles}"
        down, up = f"{start}: predict (feedback)", f"{start}: correct (feedforward)"
        steps.append({"cycle": t, "half": "predict", "title": down, "words": predict})
        steps.append({"cycle": t, "half": "correct", "title": up, "words": correct})
    return steps


def _describe_layer(layer: int, grid: int) -> Layer:
    """Its grid, and which part of the picture a location stands for: from k * step, size wide."""
    step, size = 1 / grid, 1 / grid
    if layer == 1:  # three locations reach all seven of layer 2, and their neighbours' by one
        step, size = 2 / 7, 3 / 7
    return {"layer": layer, "grid": grid, "where": LAYERS[layer], "step": step, "size": size}


def _describe_cell(opened: Pass, key: Key, layer: int) -> Cell:
    maps = torch.stack([measure_rms(step) for step in opened.read(key, layer)])  # (T, h, w)
    # Before and after its correction a layer is the same quantity, on the same scale.
    twin = {"r": "corrected", "corrected": "r"}.get(key, key)
    twins = torch.stack([measure_rms(step) for step in opened.read(twin, layer)])
    low, high = torch.stack([maps, twins]).aminmax()
    return {
        "key": key,
        "layer": layer,
        "symbol": name_quantity(key, layer),
        "maps": [[round(value, 4) for value in step.flatten().tolist()] for step in maps],
        "range": (float(low), float(high)),
    }


def _describe_sounds(opened: Pass) -> AudioFeatures:
    """r_0 (A values), and T times p_0 and e_0."""
    return {
        "r": opened.sound[0].tolist(),
        "p": [cycle.predictions[0][0].tolist() for cycle in opened.cycles],
        "e": [cycle.errors[0][0].tolist() for cycle in opened.cycles],
    }
