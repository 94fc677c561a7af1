"""Figure 7: the map after each cycle, on the same pictures.

    python -m sspl.experiments figure7

The first pictures of the harder test set, good or bad.
"""

from sspl.experiments.scale import Scale
from sspl.experiments.variants import Experiment, Variant


def list_variants(scale: Scale) -> list[Variant]:
    return [Variant(label="SSPL (w/ PCM)", run=scale.main.with_pcm)]


EXPERIMENT = Experiment(
    name="figure7",
    title="Figure 7: attention with the PCM's cycles",
    variants=list_variants,
    num_panels=6,
)
