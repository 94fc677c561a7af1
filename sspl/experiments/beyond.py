"""Beyond SimSiam: BYOL, Barlow Twins and W-MSE between the two views in its place, without PCM.

    python -m sspl.experiments beyond

The paper names them in Sec. 3.2 and leaves them as future work: it has no numbers.
"""

from sspl.experiments.scale import Recipe, Scale
from sspl.experiments.variants import Experiment, Variant, for_each_recipe, vary


def list_variants(scale: Scale) -> list[Variant]:
    return for_each_recipe(scale, _replace_simsiam)


def _replace_simsiam(recipe: Recipe) -> list[Variant]:
    run = recipe.without_pcm
    # W-MSE whitens a batch: it needs twice as many pairs as dimensions, better more.
    narrow = min(run.model.projection_width // 8, run.train.batch_size // 4)
    return [
        Variant(label="SimSiam (SSPL)", run=run),
        Variant(label="BYOL", run=vary(run, objective="byol")),
        Variant(label="Barlow Twins", run=vary(run, objective="barlow_twins")),
        Variant(label="W-MSE", run=vary(run, objective="w_mse", projection_width=narrow)),
    ]


READING = (
    "The paper leaves these for future work. **Barlow Twins in SimSiam's place is at least as "
    "good** under our recipe and steadier between seeds; BYOL and W-MSE lose some of the silent "
    "scenes. Under the paper's objective none of the four localizes: to compare two views "
    "teaches what they share, and that is not the sound."
)

EXPERIMENT = Experiment(
    name="beyond",
    title="Beyond SimSiam: BYOL, Barlow Twins, W-MSE",
    variants=list_variants,
    reading=READING,
)
