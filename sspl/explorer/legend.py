"""What stands beside a map: its numbers, the ends of its colours, what the words mean.

It depends on what the map is: a similarity, after cycles or one look, or attention.
"""

from dataclasses import dataclass

from sspl.model import SSPL, AudioVisualModel, Trace
from sspl.plots.lettering import NOTHING
from sspl.trace_stats import measure_audible

SPREAD_ROW = (
    "entropy_bits",
    "Spread of the map",
    "entropy in bits: 7.6 is everywhere, less is focused",
    2,
)
BOXES_ROW = ("ciou", "Overlap with the boxes", "cIoU: 1 if the outline holds just what sounds", 2)


@dataclass(frozen=True, kw_only=True)
class Legend:
    """What stands beside the maps of one kind of model.

    Attributes:
        rows: of every number that there can be: its key, its name, what it says, digits.
        ends: what the lowest and the highest colour stand for.
        notes: words and what they mean.
    """

    rows: tuple[tuple[str, str, str, int], ...]
    ends: tuple[str, str]
    notes: tuple[tuple[str, str], ...]


OF_ONE_LOOK = Legend(
    rows=(
        SPREAD_ROW,
        ("mean_similarity", "Mean similarity", "over the picture, −1 to 1", 3),
        BOXES_ROW,
    ),
    ends=("unlike the sound", "like the sound"),
    notes=(
        (
            "Similarity map",
            "How alike each place of the picture and the sound are to the model. The white line "
            "surrounds the region that counts as its answer.",
        ),
        (
            "No cycles",
            "This model has no predictive coding: it looks once, so there is nothing to step "
            "through.",
        ),
    ),
)
OF_PCM = Legend(
    rows=(
        ("error_0", "Error at the sound", "e₀: the sound, against what the 3×3 layer predicts", 4),
        ("error_1", "Error at 3×3", "e₁: that layer, against what the 7×7 layer predicts", 4),
        ("error_2", "Error at 7×7", "e₂: that layer, against what the 14×14 layer predicts", 4),
        *OF_ONE_LOOK.rows,
    ),
    ends=OF_ONE_LOOK.ends,
    notes=(
        OF_ONE_LOOK.notes[0],
        (
            "Cycle",
            "A round of predictive coding: each layer predicts the one below it, down to the "
            "sound, and takes a step by the difference. Trained as here, the map settles after two "
            "cycles, and the errors need not fall.",
        ),
        (
            "Prediction error",
            "How far a layer is from what the layer above predicted for it.",
        ),
    ),
)
OF_ATTENTION = Legend(
    rows=(
        ("error_0", "Error at the sound", "e₀: 1 − cos of the sound and its prediction", 3),
        SPREAD_ROW,
        ("mean_similarity", "Mean attention", "over the picture, 0 to 1", 3),
        BOXES_ROW,
    ),
    ends=("looked at least", "looked at most"),
    notes=(
        (
            "Attention map",
            "Where the model looks. The white line surrounds the region that counts as its answer "
            "to the question where the sound comes from, if it comes from this picture.",
        ),
        (
            "Cycle",
            "A round of predictive attention: every place of the picture predicts the sound, and "
            "in the next cycle the model looks more where the prediction agrees with it.",
        ),
        (
            "Prediction error",
            "How far the sound is from what is predicted where the model looks: 0 is the same "
            "direction, 1 is no relation.",
        ),
        (
            "Makes this sound",
            "Where the agreement is above one threshold for all sounds. That can be nowhere; then "
            "the map is drawn faintly.",
        ),
    ),
)


def choose_legend(model: AudioVisualModel) -> Legend:
    """What stands beside the maps of a model."""
    if isinstance(model, SSPL):
        return OF_ONE_LOOK if model.pcm is None else OF_PCM
    return OF_ATTENTION


def tell_audible(trace: Trace, silent: bool = False) -> str:
    """What the model says of the whole picture; "" where it has no absolute measure.

    Args:
        silent: the sound is too quiet to be of anything, so no place can make it.
    """
    share = measure_audible(trace)
    if share == 0:
        return NOTHING
    if share is None or silent:
        return ""
    percent = max(1, round(100 * share))
    return f"{percent} % of the picture makes this sound, as far as this model knows."
