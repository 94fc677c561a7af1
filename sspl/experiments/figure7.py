"""Figure 7: the map after each cycle, on the same pictures.

    python -m sspl.experiments figure7

The first pictures of the harder test set, good or bad, of SSPL and, in a figure of its own, of
predictive attention, which the paper does not have.
"""

from sspl.experiments.engine.setup import Setup
from sspl.experiments.engine.variants import Experiment, Variant
from sspl.experiments.methods import FITTED, PREDICTIVE


def list_variants(setup: Setup) -> list[Variant]:
    return [
        Variant(label="SSPL (w/ PCM)", run=setup.main.with_pcm),
        Variant(label=PREDICTIVE, run=setup.fit_to(setup.main), group=FITTED),
    ]


READING = (
    "What the PCM's first cycle marks is wide and at times takes in the silent instrument; the "
    "second cuts most of that away, and later ones change little. **Agrees** with the paper's "
    "coarse to fine, in fewer steps. Predictive attention, not the paper's, starts from the "
    "picture's saliency, which is the same under every sound."
)

EXPERIMENT = Experiment(
    name="figure7",
    title="Figure 7: attention with the PCM's cycles",
    variants=list_variants,
    reading=READING,
    num_panels=6,
)
