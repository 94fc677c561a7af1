"""Predictive attention, opened: what a browser needs to step through its cycles.

Letters: T cycles, D directions of the visual space, K of the sounds' space, h w grid.
"""

from typing import TypedDict

from sspl.explorer.courses import ErrorCourse, tell_course
from sspl.explorer.encoding import encode_picture, encode_sound
from sspl.explorer.legend import tell_audible
from sspl.explorer.scenes import Scene, trace_scene
from sspl.plots.overlay import overlay_map
from sspl.plots.steps import choose_strength
from sspl.predictive_attention import PredictiveAttention, PredictiveAttentionConfig
from sspl.sliding_window import is_silent
from sspl.trace_stats import find_peak

FRAME_PX = 360
ERROR_NOTE = (
    "Nothing but the map changes from cycle to cycle, so the error can only fall by looking at "
    "what predicts the sound better. A cycle is a step along the agreement, not a search for the "
    "map with the smallest error, so it can overshoot."
)


class AttentionCycle(TypedDict):
    """A cycle, and what happens in it."""

    title: str
    words: str


class AttentionEquation(TypedDict):
    """An equation of predictive attention, numbered as in the paper, and what it says."""

    name: str
    equation: str
    words: str


class FirstLocation(TypedDict):
    """The place that is looked at first: where the last map is brightest."""

    row: int
    column: int


class Predictions(TypedDict):
    """All that is shown of predictive attention.

    Attributes:
        silent: whether the sound is too quiet to be of anything.
        answer: what the model says of the whole picture.
        agreement: the picture under the agreement of what each place predicts with the sound; the
            white line is at the threshold.
        frames: T pictures under the attention map of each cycle.
        expected: T times p_0, (K), of length 1; `heard` is s, (K), of length 1.
        grid: there are grid x grid places; `first` is the one that is looked at first.
    """

    title: str
    sound: str
    silent: bool
    audio: str
    answer: str
    picture: str
    width: int
    height: int
    agreement: str
    frames: list[str]
    steps: list[AttentionCycle]
    heard: list[float]
    expected: list[list[float]]
    error: ErrorCourse
    error_note: str
    equations: list[AttentionEquation]
    grid: int
    first: FirstLocation


def describe_predictions(model: PredictiveAttention, scene: Scene) -> Predictions:
    """The cycles over a scene's first sound, pictures and sounds as data URIs."""
    sound, trace, _ = trace_scene(model, scene)[0]
    assert trace.agreement is not None
    errors = trace.errors[:, 0, 0].tolist()
    strength, silent = choose_strength(trace), is_silent(sound.clip)
    height_px, width_px = scene.picture.shape[:2]
    # The line of a map is half-way up its span: with this one it is at the threshold.
    span = (0.0, 2 * trace.threshold)
    predicted = trace.predicted_sound[:, 0]
    grid, (x, y) = trace.similarity.shape[-1], find_peak(trace.similarity[-1, 0])
    return {
        "title": scene.title,
        "sound": sound.title,
        "silent": silent,
        "audio": encode_sound(sound.clip),
        "answer": tell_audible(trace, silent),
        "picture": encode_picture(scene.picture, FRAME_PX),
        "width": width_px,
        "height": height_px,
        "agreement": encode_picture(
            overlay_map(scene.picture, trace.agreement[0], span=span), FRAME_PX
        ),
        "frames": [
            encode_picture(overlay_map(scene.picture, each[0], strength=strength), FRAME_PX)
            for each in trace.similarity
        ],
        "steps": _tell_cycles(errors, spreads=model.config.spread > 0),
        "heard": (trace.sound[0] / trace.sound[0].norm().clamp_min(1e-12)).tolist(),
        "expected": (predicted / predicted.norm(dim=1, keepdim=True).clamp_min(1e-12)).tolist(),
        "error": {"layer": 0, "where": "the sound", "course": errors, "note": tell_course(errors)},
        "error_note": ERROR_NOTE,
        "equations": _list_equations(model.config),
        "grid": grid,
        "first": {"row": int(y * grid), "column": int(x * grid)},
    }


def _tell_cycles(errors: list[float], spreads: bool) -> list[AttentionCycle]:
    """The T cycles and what happens in each, from its error."""
    cycles: list[AttentionCycle] = []
    for t, error in enumerate(errors, start=1):
        if t == 1:
            words = (
                "Every place of the picture predicts the sound, Eq. (9). Nothing is known yet, so "
                "the model looks at what stands out to its image encoder. The mean prediction "
                f"there is p₀; its error e₀ is {error:.3f}, Eq. (11)."
            )
        else:
            words = (
                "Places whose prediction agrees with the sound are looked at more, those whose "
                "prediction contradicts it less, Eqs. (12) and (S8)"
                f"{', and places that look alike go together' if spreads else ''}. p₀ is the mean "
                f"where the model looks now, Eq. (9); its error e₀ is {error:.3f}, after "
                f"{errors[t - 2]:.3f}, Eq. (11)."
            )
        if t == len(errors):
            words += " This is the last cycle: its map is the model's answer."
        cycles.append({"title": f"Cycle {t} of {len(errors)}", "words": words})
    return cycles


def _list_equations(config: PredictiveAttentionConfig) -> list[AttentionEquation]:
    """Those of a cycle, in their order."""
    equations: list[AttentionEquation] = [
        {
            "name": "Eq. (9)",
            "equation": "ŝₚ = Wᵀ xₚ,  p₀ = Σ aₚ ŝₚ / Σ aₚ",
            "words": "Each place p predicts the sound from its whitened visual feature xₚ; p₀ is "
            "the mean of that where the model looks.",
        },
        {
            "name": "Eq. (11)",
            "equation": "e₀ = 1 − cos(s, p₀)",
            "words": "How far the prediction is from the sound s. The PCM takes the difference of "
            "the two.",
        },
        {
            "name": "Eqs. (12), (S8)",
            "equation": "zₚ ← zₚ + κ ⟨s, ŝₚ⟩ / (|s| σ)",
            "words": f"A step along the agreement, with κ = {config.step:g} and σ what the product "
            "is by chance. What is corrected is the map, where the PCM corrects features.",
        },
    ]
    if config.spread:
        equations.append(
            {
                "name": "Spread",
                "equation": "z ← (1 − m) z + m K z",
                "words": f"Each place takes over m = {config.spread:g} from those that look like "
                "it, itself included; a row of K says how alike.",
            }
        )
    equations.append(
        {
            "name": "Attention",
            "equation": "aₚ = bₚ / (1 + exp(−zₚ))",
            "words": "Where the model looks. bₚ is how much a place stands out, and z starts at 0. "
            f"The map shown is a to the power of {config.extent:g}.",
        }
    )
    return equations
