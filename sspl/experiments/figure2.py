"""Figures 2 and S2, Sec. D.3: what false negatives do to the map.

    python -m sspl.experiments figure2

A, contrastive: every other sound of the batch is a negative, false ones too. B, contrastive: labels
leave the false ones out. C, SSPL: no negatives. The paper shows maps and no numbers, on MUSIC; here
they learn from MUSIC where it is (from VGG-Sound where that is), and from `orchestra`.
"""

from sspl.experiments.engine.setup import Recipe, Setup
from sspl.experiments.engine.variants import Experiment, Variant
from sspl.experiments.methods import contrastive
from sspl.training.config import RunConfig


def list_variants(setup: Setup) -> list[Variant]:
    """None where no data has labels to leave false negatives out by."""
    if setup.labelled is None:
        return []
    methods = list_methods(setup.labelled)
    return [Variant(label=letter, run=run) for letter, run in methods.items()]


def list_methods(recipe: Recipe) -> dict[str, RunConfig]:
    """A, B and C."""
    return {
        "A": contrastive(recipe),
        "B": contrastive(recipe, label_guided=True),
        "C": recipe.without_pcm,
    }


READING = (
    "**Agrees**: leaving the false negatives out by labels (B) raises the score over letting "
    "them in (A), and SSPL (C) reaches the same without labels or negatives. The gaps, 0.03 to "
    "0.04, are about one deviation: nothing as drastic as in the paper's pictures. Its encoder "
    "learn from the loss and can unlearn what two cellos share; ours are frozen."
)

EXPERIMENT = Experiment(
    name="figure2",
    title="Figures 2 and S2: false negatives",
    variants=list_variants,
    reading=READING,
    num_panels=6,
)
