"""The methods that SSPL is held against, from a recipe: same eyes, same query, same read-out.

What differs is what is minimised. They have neither views to compare nor a PCM.
"""

from sspl.config import RunConfig, as_baseline
from sspl.experiments.scale import Recipe
from sspl.experiments.variants import vary


def attention(recipe: Recipe) -> RunConfig:
    """Attention (Senocak et al., CVPR 2018)."""
    return as_baseline(recipe.without_pcm, "attention")


def hardway(recipe: Recipe) -> RunConfig:
    """HardWay (Chen et al., CVPR 2021), with its published bounds."""
    return as_baseline(recipe.without_pcm, "hardway")


def hardway_with_own_bounds(recipe: Recipe) -> RunConfig:
    """HardWay with bounds where the cosines of frozen eyes lie.

    Theirs suit a network that learns its features. Chosen among a few, on a seed of `orchestra`
    that is no test's.
    """
    return vary(hardway(recipe), hardway_epsilon=0.4, hardway_epsilon2=0.15, hardway_tau=0.1)


def contrastive(recipe: Recipe, label_guided: bool = False) -> RunConfig:
    """A of Figure 2, all other sounds are negatives; B, label-guided, those of other classes."""
    return vary(as_baseline(recipe.without_pcm, "contrastive"), label_guided=label_guided)
