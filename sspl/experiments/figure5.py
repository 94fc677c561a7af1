"""Figures 5 and S3: maps of all methods on the same pictures.

    python -m sspl.experiments figure5

The first pictures of the harder test set, good or bad; the paper does not say how it chose.
"""

from sspl.experiments import figure4
from sspl.experiments.variants import Experiment

EXPERIMENT = Experiment(
    name="figure5",
    title="Figures 5 and S3: maps side by side",
    variants=figure4.list_variants,
    num_panels=6,
)
