"""Beyond SimSiam: BYOL, Barlow Twins and W-MSE between the two views in its place, without PCM.

    python -m sspl.experiments beyond

The paper names them in Sec. 3.2 and leaves them as future work: it has no numbers.
"""

from sspl.experiments.engine.setup import Recipe, Setup
from sspl.experiments.engine.variants import Experiment, Variant, for_each_recipe, vary
from sspl.objectives import BYOL, WMSE, BarlowTwins, SimSiam


def list_variants(setup: Setup) -> list[Variant]:
    return for_each_recipe(setup, _replace_simsiam)


def _replace_simsiam(recipe: Recipe) -> list[Variant]:
    run = recipe.without_pcm
    # W-MSE whitens a batch: it needs twice as many pairs as dimensions, better more.
    ours = run.model.objective
    assert isinstance(ours, SimSiam)
    wide, narrow = ours.projection_width, min(ours.projection_width // 8, run.train.batch_size // 4)
    byol = BYOL(projection_width=wide, prediction_width=ours.prediction_width)
    return [
        Variant(label="SimSiam (SSPL)", run=run),
        Variant(label="BYOL", run=vary(run, objective=byol)),
        Variant(label="Barlow Twins", run=vary(run, objective=BarlowTwins(projection_width=wide))),
        Variant(label="W-MSE", run=vary(run, objective=WMSE(projection_width=narrow))),
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
