"""Table 5: how the similarity map is scaled before it weighs the features, without PCM.

    python -m sspl.experiments table5

Paper, Flickr10k cIoU@0.5 / AUC: ReLU 0.353 / 0.424, Sigmoid 0.647 / 0.547, Softmax 0.667 / 0.554,
ReLU + Softmax 0.574 / 0.531, Min-Max 0.671 / 0.556.
"""

from sspl.experiments.scale import Recipe, Scale
from sspl.experiments.variants import Experiment, Variant, for_each_recipe, vary

PAPER = {
    "relu": ("ReLU", (0.353, 0.424)),
    "sigmoid": ("Sigmoid", (0.647, 0.547)),
    "softmax": ("Softmax", (0.667, 0.554)),
    "relu_softmax": ("ReLU + Softmax", (0.574, 0.531)),
    "min_max": ("Min-Max Norm.", (0.671, 0.556)),
}


def list_variants(scale: Scale) -> list[Variant]:
    return for_each_recipe(scale, _scale_maps)


def _scale_maps(recipe: Recipe) -> list[Variant]:
    variants = []
    for scaling, (label, numbers) in PAPER.items():
        changes: dict = {"scaling": scaling}
        if "softmax" in scaling:  # under which every map has the same mean
            changes |= {"leave_out_weight": 0.0, "area_weight": 0.0}
        run = vary(recipe.without_pcm, **changes)
        variants.append(Variant(label=label, run=run, paper={"Flickr": numbers}))
    return variants


EXPERIMENT = Experiment(
    name="table5", title="Table 5: scaling of the similarity map", variants=list_variants
)
