"""Table 2: SSPL beside what needs negatives, on the harder test set.

    python -m sspl.experiments table2

Paper, cIoU@0.5 / AUC on VGG-SS, trained on VGG-Sound10k: Attention 0.160 / 0.283, HardWay
0.277 / 0.349, SSPL without PCM 0.253 / 0.335, with PCM 0.314 / 0.369; on VGG-Sound144k
0.171 / 0.287, 0.319 / 0.370, 0.270 / 0.348, 0.339 / 0.380. Predictive attention, fitted in closed
form to the same pairs, is ours: no number of the paper stands beside it.
"""

from sspl.experiments.engine.setup import Setup
from sspl.experiments.engine.variants import Experiment, Variant
from sspl.experiments.table1 import compare_methods

PAPER = {
    "VGG-Sound10k": ((0.160, 0.283), (0.277, 0.349), (0.253, 0.335), (0.314, 0.369)),
    "VGG-Sound144k": ((0.171, 0.287), (0.319, 0.370), (0.270, 0.348), (0.339, 0.380)),
}


def list_variants(setup: Setup) -> list[Variant]:
    return compare_methods(setup, PAPER, "VGG-SS")


READING = (
    "**Disagrees**: with PCM the score falls below the twin's without, and one seed of three "
    "(0.164, the others 0.472 and 0.372) marks both instruments. The paper has the opposite, "
    "0.314 against 0.253. What the PCM makes of the feature has heard the sound and is free to "
    "spread over whatever looks like an instrument; nothing in the loss stops it. One seed, as "
    "in our earlier numbers, hid this. **Here the encoder's saliency is no rival** (0.026): these "
    "scenes are where listening shows. **Predictive attention**, not the paper's, corrects the map "
    "in place of the feature, so that its error can only fall by looking elsewhere."
)

EXPERIMENT = Experiment(
    name="table2",
    title="Table 2: methods and training sets, scored on the harder test set",
    variants=list_variants,
    reading=READING,
)
