"""Below the diagram: the errors of the PCM cycle by cycle, and its gains as learned.

Letters: T cycles.
"""

from typing import TypedDict

from torch import Tensor

from sspl.model import SSPL

STILL_SHARE = 0.02  # a course that moves less is said to stay
GAINS = {  # what each does, and where it starts before training
    "b": ("how far a layer moves towards its prediction", 0.5),
    "a": ("how strongly an error corrects a layer", 1.0),
}


class ErrorCourse(TypedDict):
    """The error of a layer, T values as `Trace.errors` has them, and how it went, in words."""

    layer: int
    where: str
    course: list[float]
    note: str


class LayerGain(TypedDict):
    """A gain of one layer: the values of its channels, from low to high."""

    layer: int
    values: list[float]
    low: float
    mean: float
    high: float


class Gain(TypedDict):
    """A gain as learned, layer by layer, and where all channels started."""

    symbol: str
    words: str
    start: float
    note: str
    layers: list[LayerGain]


def describe_gain(symbol: str, gains: tuple[Tensor, ...], num_cycles: int) -> Gain:
    """A gain as learned: the values of its channels, from low to high, and how far they moved."""
    layers: list[LayerGain] = [
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


def tell_course(course: list[float]) -> str:
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


def tell_errors(model: SSPL, errors: Tensor) -> str:
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
        " No term of this model's loss asks for small errors. Whether they bring the sound to the "
        "map is measured at the two roads."
    )
