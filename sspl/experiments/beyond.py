"""Beyond SimSiam: BYOL, Barlow Twins and W-MSE between the two views in its place, without PCM.

    python -m sspl.experiments beyond

The paper names them in Sec. 3.2 and leaves them as future work: it has no numbers.
"""

from sspl.experiments.scale import Recipe, Scale
from sspl.experiments.variants import Experiment, Variant, for_each_recipe, vary

W_MSE_WIDTH_SHARE = 8  # W-MSE whitens a batch: its projection is that much narrower


def list_variants(scale: Scale) -> list[Variant]:
    return for_each_recipe(scale, _replace_simsiam)


def _replace_simsiam(recipe: Recipe) -> list[Variant]:
    run = recipe.without_pcm
    narrow = run.model.projection_width // W_MSE_WIDTH_SHARE
    return [
        Variant(label="SimSiam (SSPL)", run=run),
        Variant(label="BYOL", run=vary(run, objective="byol")),
        Variant(label="Barlow Twins", run=vary(run, objective="barlow_twins")),
        Variant(label="W-MSE", run=vary(run, objective="w_mse", projection_width=narrow)),
    ]


EXPERIMENT = Experiment(
    name="beyond", title="Beyond SimSiam: BYOL, Barlow Twins, W-MSE", variants=list_variants
)
