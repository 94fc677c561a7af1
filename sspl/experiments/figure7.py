"""Figure 7: the map after each cycle, on the same pictures.

    python -m sspl.experiments figure7

The first pictures of the harder test set, good or bad.
"""

from sspl.experiments.engine.setup import Setup
from sspl.experiments.engine.variants import Experiment, Variant


def list_variants(setup: Setup) -> list[Variant]:
    return [Variant(label="SSPL (w/ PCM)", run=setup.main.with_pcm)]


READING = (
    "What the first cycle marks is wide and at times takes in the silent instrument; the second "
    "cuts most of that away, and later ones change little. **Agrees** with the paper's coarse "
    "to fine, in fewer steps."
)

EXPERIMENT = Experiment(
    name="figure7",
    title="Figure 7: attention with the PCM's cycles",
    variants=list_variants,
    reading=READING,
    num_panels=6,
)
