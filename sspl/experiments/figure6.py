"""Figure 6: the score after each cycle of one model that was trained with all of them.

    python -m sspl.experiments figure6

Paper, read from the curves: rising, most in the first three cycles, on both test sets.
The cycles of predictive attention, ours, are drawn beside them.
"""

from sspl.experiments.engine.drawing import plot_cycles
from sspl.experiments.engine.setup import Setup
from sspl.experiments.engine.variants import Experiment, Variant, for_each_recipe
from sspl.experiments.methods import FITTED, PREDICTIVE


def list_variants(setup: Setup) -> list[Variant]:
    trained = for_each_recipe(
        setup, lambda recipe: [Variant(label="SSPL (w/ PCM)", run=recipe.with_pcm)]
    )
    return [*trained, Variant(label=PREDICTIVE, run=setup.fit_to(setup.main), group=FITTED)]


READING = (
    "**Agrees**: the score of the PCM rises with the cycles, most in the first two or three (the "
    "paper: three), on both test sets, and then stays. Under the paper's objective there is "
    "nothing to rise. The first cycle of predictive attention, not the paper's, is the picture's "
    "saliency and has heard nothing: what it gains after that it gains by the sound."
)

EXPERIMENT = Experiment(
    name="figure6",
    title="Figure 6: performance with the PCM's cycles during testing",
    variants=list_variants,
    reading=READING,
    draw=plot_cycles,
)
