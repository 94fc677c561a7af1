"""Figures 5 and S3: maps of all methods on the same pictures.

    python -m sspl.experiments figure5

The first pictures of the harder test set, good or bad; the paper does not say how it chose.
The last column is predictive attention, which the paper does not have.
"""

from sspl.experiments import figure4
from sspl.experiments.engine.variants import Experiment

READING = (
    "The first six pictures of the harder test set, of one seed. All of the paper's methods but "
    "HardWay choose the right instrument in most; what they miss is the size: the halo of a small "
    "encoder is larger than a flute. Where the map with PCM marks two instruments, it has spread, "
    "not listened. The last column is predictive attention, ours."
)

EXPERIMENT = Experiment(
    name="figure5",
    title="Figures 5 and S3: maps side by side",
    variants=figure4.list_variants,
    reading=READING,
    num_panels=6,
)
