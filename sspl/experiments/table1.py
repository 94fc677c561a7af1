"""Table 1: SSPL beside what needs negatives, on the easier test set.

    python -m sspl.experiments table1

Paper, cIoU@0.5 / AUC on Flickr's test set, trained on Flickr10k: Attention 0.442 / 0.461, HardWay
0.615 / 0.535, SSPL without PCM 0.671 / 0.556, with PCM 0.743 / 0.587; on Flickr144k 0.660 / 0.558,
0.699 / 0.590, 0.699 / 0.580, 0.759 / 0.610; VGG-Sound10k and 144k in `PAPER`.
"""

from collections.abc import Mapping
from dataclasses import replace

from sspl.config import RunConfig
from sspl.experiments.baselines import attention, hardway, hardway_with_own_bounds
from sspl.experiments.scale import Recipe, Scale
from sspl.experiments.variants import Experiment, Variant

METHODS = ("Attention", "HardWay", "SSPL (w/o PCM)", "SSPL (w/ PCM)")
# By training set, for the four methods.
PAPER = {
    "Flickr10k": ((0.442, 0.461), (0.615, 0.535), (0.671, 0.556), (0.743, 0.587)),
    "Flickr144k": ((0.660, 0.558), (0.699, 0.590), (0.699, 0.580), (0.759, 0.610)),
    "VGG-Sound10k": ((0.522, 0.502), (0.647, 0.560), (0.699, 0.572), (0.763, 0.591)),
    "VGG-Sound144k": ((None, None), (0.723, 0.605), (0.739, 0.602), (0.767, 0.605)),
}


def list_variants(scale: Scale) -> list[Variant]:
    return [
        replace(
            variant,
            paper={"Flickr": PAPER[training][METHODS.index(variant.label)]}
            if variant.label in METHODS
            else {},
        )
        for training, variant in compare_methods(scale, tuple(PAPER))
    ]


def compare_methods(scale: Scale, trainings: tuple[str, ...]) -> list[tuple[str, Variant]]:
    """All methods on each training set there is; where two are the same data, on the first."""
    variants, seen = [], []
    for training in trainings:
        recipes = scale.trainings.get(training)
        if recipes is None or recipes in seen:
            continue
        seen.append(recipes)
        for label, run in _list_methods(recipes):
            group = f"{run.data.num_train or 'all'} pairs, for {training}"
            variants.append((training, Variant(label=label, run=run, group=group)))
    return variants


def _list_methods(recipes: Mapping[str, Recipe]) -> list[tuple[str, RunConfig]]:
    """The baselines and SSPL from the first recipe, SSPL from the others."""
    (_, recipe), *others = recipes.items()
    methods = [
        ("Attention", attention(recipe)),
        ("HardWay", hardway(recipe)),
        ("HardWay, bounds for these eyes", hardway_with_own_bounds(recipe)),
        ("SSPL (w/o PCM)", recipe.without_pcm),
        ("SSPL (w/ PCM)", recipe.with_pcm),
    ]
    for name, other in others:
        methods.append((f"SSPL (w/o PCM), {name}", other.without_pcm))
        methods.append((f"SSPL (w/ PCM), {name}", other.with_pcm))
    return methods


EXPERIMENT = Experiment(
    name="table1",
    title="Table 1: methods and training sets, scored on the easier test set",
    variants=list_variants,
)
