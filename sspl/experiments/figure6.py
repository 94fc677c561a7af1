"""Figure 6: the score after each cycle of one model that was trained with all of them.

    python -m sspl.experiments figure6

Paper, read from the curves: rising, most in the first three cycles, on both test sets.
"""

from sspl.experiments.engine.drawing import plot_cycles
from sspl.experiments.engine.setup import Setup
from sspl.experiments.engine.variants import Experiment, Variant, for_each_recipe


def list_variants(setup: Setup) -> list[Variant]:
    return for_each_recipe(
        setup, lambda recipe: [Variant(label="SSPL (w/ PCM)", run=recipe.with_pcm)]
    )


READING = (
    "**Agrees**: the score rises with the cycles, most in the first two or three (the paper: "
    "three), on both test sets, and then stays. Under the paper's objective there is nothing to "
    "rise."
)

EXPERIMENT = Experiment(
    name="figure6",
    title="Figure 6: performance with the PCM's cycles during testing",
    variants=list_variants,
    reading=READING,
    draw=plot_cycles,
)
