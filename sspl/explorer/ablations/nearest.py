"""Settings to choose from, and how each is shown: as it was trained, or by the nearest that was.

What was trained are the variants of `sspl.zoo.variants`. Of a setting that nobody trained,
what can be had from frozen weights is read out of them, and in words it is said what cannot.

Letters: T cycles.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sspl.attention import FusionName, ScalingName
from sspl.experiments import table5, tableS5
from sspl.explorer.ablations.objectives import find_objective
from sspl.zoo.variants import TrainedVariant

SCALING_WORDS: dict[ScalingName, str] = {
    "relu": table5.PAPER["relu"][0],
    "sigmoid": table5.PAPER["sigmoid"][0],
    "softmax": table5.PAPER["softmax"][0],
    "relu_softmax": table5.PAPER["relu_softmax"][0],
    "min_max": table5.PAPER["min_max"][0],
}
FUSION_WORDS: dict[FusionName, str] = {
    "cat": tableS5.PAPER["cat"][0],
    "multiply": tableS5.PAPER["multiply"][0],
    "add": tableS5.PAPER["add"][0],
    "attention": tableS5.PAPER["attention"][0],
}
TRAINED, READ_OUT, NEAREST = "Trained so", "Read-out only", "Not trained: the nearest is shown"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What can be asked for.

    Attributes:
        cycles: T, 0 without PCM.
        objective: one of the variants', by its key.
    """

    cycles: int
    scaling: ScalingName
    fusion: FusionName
    objective: str


@dataclass(frozen=True, kw_only=True)
class Look:
    """How a setting is shown.

    Attributes:
        variant: the model.
        t: the cycle that is read out, 1 to T; 1 without PCM.
        scaling: what is done to its finished map; None leaves it as it is.
        verdict: `TRAINED`, or what it is instead.
        reasons: a sentence for each way in which it is not what was asked for.
    """

    variant: TrainedVariant
    t: int
    scaling: ScalingName | None
    verdict: str
    reasons: tuple[str, ...]


def read_setting(variant: TrainedVariant) -> Setting:
    """How a variant was trained."""
    c = variant.config
    return Setting(
        cycles=c.num_cycles,
        scaling=c.scaling,
        fusion=c.fusion,
        objective=find_objective(variant),
    )


def find_look(variants: Sequence[TrainedVariant], setting: Setting) -> Look:
    """The variant that was trained so, else the nearest and what can be read out of it.

    Nearest first in what frozen weights cannot give, the objective, PCM or none, the fusion, enough
    cycles, and last in what can be read out of them.

    Raises:
        ValueError: for an objective that nothing was trained with.
    """
    same = [variant for variant in variants if find_objective(variant) == setting.objective]
    if not same:
        known = ", ".join(dict.fromkeys(find_objective(variant) for variant in variants))
        raise ValueError(f"nothing was trained with {setting.objective!r}: take one of {known}")
    nearest = min(same, key=lambda variant: _measure_distance(read_setting(variant), setting))
    had = read_setting(nearest)
    lacks, differs = _tell_what_is_lacking(had, setting), _tell_read_out(had, setting)
    verdict = NEAREST if lacks else READ_OUT if differs else TRAINED
    return Look(
        variant=nearest,
        t=max(1, min(had.cycles, setting.cycles or had.cycles)),
        scaling=setting.scaling if had.scaling != setting.scaling else None,
        verdict=verdict,
        reasons=(*lacks, *differs),
    )


def _measure_distance(had: Setting, wanted: Setting) -> tuple[float, ...]:
    return (
        (had.cycles > 0) != (wanted.cycles > 0),
        had.fusion != wanted.fusion,
        had.cycles < wanted.cycles,
        abs(had.cycles - wanted.cycles),
        had.scaling != wanted.scaling,
    )


def _tell_what_is_lacking(had: Setting, wanted: Setting) -> list[str]:
    """What frozen weights cannot give."""
    if (had.cycles > 0) != (wanted.cycles > 0):
        return [
            f"Nothing was trained with this objective {'with' if wanted.cycles else 'without'} "
            "PCM, and frozen weights cannot change that."
        ]
    if had.cycles < wanted.cycles:
        return [
            f"Nothing was trained with this objective and more than {had.cycles} cycles. Each "
            "cycle has batch norms of its own, so these weights hold no further one."
        ]
    return []


def _tell_read_out(had: Setting, wanted: Setting) -> list[str]:
    """What is done to frozen weights, or makes no difference to them."""
    sentences = []
    if had.cycles > wanted.cycles > 0:
        sentences.append(
            f"Trained with T = {had.cycles} and read out after cycle {wanted.cycles}; trained "
            f"with T = {wanted.cycles} it would have learned other weights."
        )
    if had.fusion != wanted.fusion:
        sentences.append(
            f"Trained with fusion {FUSION_WORDS[had.fusion]}. Fusion comes after the map and is "
            f"there for training: on a frozen model {FUSION_WORDS[wanted.fusion]} changes nothing."
        )
    if had.scaling != wanted.scaling:
        sentences.append(
            f"Trained with scaling {SCALING_WORDS[had.scaling]}; {SCALING_WORDS[wanted.scaling]} "
            "is applied to the finished map, which is then stretched to its range to be shown."
        )
    return sentences
