"""What a variant was trained for: an objective by its key, and what it asks for."""

from dataclasses import dataclass

from sspl.experiments.engine.setup import OUR_RECIPE, PAPERS_OBJECTIVE
from sspl.zoo.variants import TrainedVariant


@dataclass(frozen=True, kw_only=True)
class Objective:
    """An objective: its label, as the variants' index has it, and what it asks for."""

    label: str
    asks: str


OURS = "ours"
# Keys are the names in a configuration; what is no objective of its own there has one of its own.
OBJECTIVES = {
    OURS: Objective(
        label=OUR_RECIPE,
        asks="Two views of a picture agree (SimSiam), and what the map picks out is tied to the "
        "sound. No negatives.",
    ),
    "simsiam": Objective(
        label="SimSiam alone",
        asks="Two views of a picture agree. Nothing else asks the map to listen.",
    ),
    "byol": Objective(
        label="BYOL",
        asks="BYOL between the views in SimSiam's place; the tie to the sound stays.",
    ),
    "barlow_twins": Objective(
        label="Barlow Twins",
        asks="Barlow Twins between the views in SimSiam's place; the tie stays.",
    ),
    "w_mse": Objective(
        label="W-MSE",
        asks="W-MSE between the views in SimSiam's place; the tie to the sound stays.",
    ),
    "vicreg_correspondence": Objective(
        label="our recipe, VICReg as tie",
        asks="VICReg ties map and sound where our recipe has Barlow Twins.",
    ),
    "senocak": Objective(
        label="Attention",
        asks="What the map picks out fits its own sound better than another's, a negative.",
    ),
    "hardway": Objective(
        label="HardWay",
        asks="Bounds tell object from background, and other pictures are negatives. The "
        "published bounds, which suit encoders that learn.",
    ),
    "contrastive": Objective(
        label="contrastive (A)",
        asks="Every other sound of the batch is a negative, one of the same class too.",
    ),
    "label_guided": Objective(
        label="contrastive, label-guided (B)",
        asks="As A, but labels say which negatives are false.",
    ),
    "paper": Objective(
        label=PAPERS_OBJECTIVE,
        asks="The paper's loss to the letter, SimSiam alone, read out as the paper does.",
    ),
}


def find_objective(variant: TrainedVariant) -> str:
    """The key of what a variant minimised; of one that nobody described here, its label."""
    keys = {objective.label: key for key, objective in OBJECTIVES.items()}
    return keys.get(variant.objective, variant.objective)


def describe_objective(variant: TrainedVariant) -> str:
    """What a variant's objective asks for; "" of one that nobody described here."""
    key = find_objective(variant)
    words = OBJECTIVES[key].asks if key in OBJECTIVES else ""
    if key == OURS and not variant.config.terms.background_weight:
        words += " Its two terms on what the map leaves out say nothing under softmax: left out."
    return words


def name_variant(variant: TrainedVariant) -> str:
    """What a variant is, in words, where its group does not stand over it."""
    if variant.group == "objective":
        return variant.words
    return f"{variant.objective}, {variant.words}"
