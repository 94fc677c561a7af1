"""The diagram of Algorithm S1: all that a browser needs to step through the PCM's half-cycles.

Letters: T cycles, A channels of the sound, h w grid of a layer.
"""

from typing import Any

import numpy as np
import torch
from matplotlib import colormaps
from matplotlib.colors import to_hex
from torch import Tensor

from sspl.explorer.encoding import encode_picture, encode_sound
from sspl.explorer.pcm_pass import (
    COLUMNS,
    NO_PCM,
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
STILL_SHARE = 0.02  # a course that moves less is said to stay
GAINS = {  # what each does, and where it starts before training
    "b": ("how far a layer moves towards its prediction", 0.5),
    "a": ("how strongly an error corrects a layer", 1.0),
}
LAYERS = {  # where a layer stands, in plain words
    0: "the sound",
    1: "nearest to the sound",
    2: "in between",
    3: "nearest to the picture",
}
EQUATIONS = (  # each gives the quantity of one column
    {
        "gives": "p",
        "name": "Eqs. (9), (S10)",
        "equation": "pₗ = Wᵀ rₗ₊₁",
        "words": "The layer above predicts this one. At the top p₃ = fᵥ, what the eyes saw.",
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


def describe_cycles(model: SSPL, scene: Scene) -> dict[str, Any]:
    """All that the diagram shows, JSON-able; the root mean square is over a place's channels.

    `steps` are the 2T half-cycles; `cells` the maps, T lists of h w values each, row by row, and
    their range over all cycles; `frames` the T pictures under the map that is read out after each
    cycle; `sounds` the bars of r_0, p_0 and e_0; `errors` as `Trace.errors` has them. For a model
    without PCM only a `sentence`.
    """
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
        "silent": is_silent(scene.sound.heard),
        "audio": encode_sound(scene.sound.heard),
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
                "note": _tell_course(course),
            }
            for layer, course in enumerate(trace.errors[:, 0].T.tolist())
        ],
        "errors_note": _tell_errors(model, trace.errors[:, 0]),
        "gains": [
            _describe_gain("b", trace.feedback_gain, len(opened.cycles)),
            _describe_gain("a", trace.error_gain, len(opened.cycles)),
        ],
        "equations": EQUATIONS,
        "note": NOTE,
        "place": {"layer": 2, "row": int(y * grids[2]), "column": int(x * grids[2])},
    }


def _tell_steps(num_cycles: int) -> list[dict[str, Any]]:
    """The 2T half-cycles and what happens in each."""
    steps = []
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
            "the layer above, which corrects itself. "
        )
        correct += (
            "The next cycle starts from there."
            if t < num_cycles
            else "This is the last cycle: its read-out is the model's answer."
        )
        for half, way, words in (
            ("predict", "feedback", predict),
            ("correct", "feedforward", correct),
        ):
            title = f"Cycle {t} of {num_cycles}: {half} ({way})"
            steps.append({"cycle": t, "half": half, "title": title, "words": words})
    return steps


def _describe_layer(layer: int, grid: int) -> dict[str, Any]:
    """Its grid, and which part of the picture a place stands for: from k * step, size wide."""
    step, size = 1 / grid, 1 / grid
    if layer == 1:  # three places reach all seven of layer 2, and their neighbours' by one
        step, size = 2 / 7, 3 / 7
    return {"layer": layer, "grid": grid, "where": LAYERS[layer], "step": step, "size": size}


def _describe_cell(opened: Pass, key: str, layer: int) -> dict[str, Any]:
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
        "range": [float(low), float(high)],
    }


def _describe_sounds(opened: Pass) -> dict[str, list]:
    """r_0 (A values), and T times p_0 and e_0."""
    return {
        "r": opened.sound[0].tolist(),
        "p": [cycle.predictions[0][0].tolist() for cycle in opened.cycles],
        "e": [cycle.errors[0][0].tolist() for cycle in opened.cycles],
    }


def _describe_gain(symbol: str, gains: tuple[Tensor, ...], num_cycles: int) -> dict[str, Any]:
    """A gain as learned: the values of its channels, from low to high, and how far they moved."""
    layers = [
        {
            "layer": layer,
            "values": gain.sort().values.tolist(),
            "low": float(gain.min()),
            "mean": float(gain.mean()),
            "high": float(gain.max()),
        }
        for layer, gain in enumerate(gains, start=1)
    ]
    words, start = GAINS[symbol]
    moved = max(max(start - layer["low"], layer["high"] - start) for layer in layers)
    note = f"Each channel started at {start:g}; training moved none by more than {moved:.3f}."
    if symbol == "b" and num_cycles == 1:
        note = "With one cycle it is not used, so it is where it started."
    return {"symbol": symbol, "words": words, "start": start, "note": note, "layers": layers[::-1]}


def _tell_course(course: list[float]) -> str:
    """How an error went, from its numbers alone."""
    if len(course) == 1:
        return "One cycle: nothing to compare it with."
    words = f"From the first cycle to the last it {_tell_change(course[0], course[-1])}"
    if len(course) > 2:
        words += f", since the second it {_tell_change(course[1], course[-1])}"
    return words + "."


def _tell_change(before: float, after: float) -> str:
    change = (after - before) / max(before, 1e-12)
    word = "stays" if abs(change) < STILL_SHARE else "grows" if change > 0 else "falls"
    return f"{word} ({change:+.1%})".replace("-", "−")


def _tell_errors(model: SSPL, errors: Tensor) -> str:
    """What to make of the errors (T, 3), honestly."""
    if len(errors) == 1:
        return "With one cycle each layer is its own prediction, corrected once."
    first, last = errors[0], errors[-1]
    grown = int((last > first * (1 + STILL_SHARE)).sum())
    words = "The first cycle sets each layer to its prediction, so its errors are those of a start."
    if grown:
        words += f" From there to the last cycle {grown} of the {len(first)} errors grow."
    if model.config.terms.sound_error_weight:
        return words + " Training asked this model for a small error at the sound, e₀."
    return words + (
        " No term of this model's loss asks for small errors: they are only the way by which the "
        "sound reaches the picture."
    )
