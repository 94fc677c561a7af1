"""Table 2: SSPL beside what needs negatives, on the harder test set.

    python -m sspl.experiments table2

Paper, cIoU@0.5 / AUC on VGG-SS, trained on VGG-Sound10k: Attention 0.160 / 0.283, HardWay
0.277 / 0.349, SSPL without PCM 0.253 / 0.335, with PCM 0.314 / 0.369; on VGG-Sound144k
0.171 / 0.287, 0.319 / 0.370, 0.270 / 0.348, 0.339 / 0.380.
"""

from dataclasses import replace

from sspl.experiments.scale import Scale
from sspl.experiments.table1 import METHODS, compare_methods
from sspl.experiments.variants import Experiment, Variant

PAPER = {
    "VGG-Sound10k": ((0.160, 0.283), (0.277, 0.349), (0.253, 0.335), (0.314, 0.369)),
    "VGG-Sound144k": ((0.171, 0.287), (0.319, 0.370), (0.270, 0.348), (0.339, 0.380)),
}


def list_variants(scale: Scale) -> list[Variant]:
    return [
        replace(
            variant,
            paper={"VGG-SS": PAPER[training][METHODS.index(variant.label)]}
            if variant.label in METHODS
            else {},
        )
        for training, variant in compare_methods(scale, tuple(PAPER))
    ]


EXPERIMENT = Experiment(
    name="table2",
    title="Table 2: methods and training sets, scored on the harder test set",
    variants=list_variants,
)
