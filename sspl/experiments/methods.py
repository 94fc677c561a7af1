"""The methods that SSPL is held against, from a recipe: same frozen encoders, query, map.

What differs is what is minimised. They have neither views to compare nor a PCM. HardWay's and the
contrastive losses are of the plain cosine; where a recipe's map has a norm offset, it is read out
with it all the same, which helps them, too. In the papers their encoders learn.

Predictive attention stands beside them all: ours, not the paper's, fitted in closed form to the
same pairs. On the tiny scale and on photographs it has the encoders that the others have.
"""

from sspl.baselines import Contrastive, HardWay, Senocak
from sspl.experiments.engine.setup import Recipe
from sspl.presets import as_baseline
from sspl.training.config import RunConfig

PREDICTIVE = "predictive attention"
FITTED = "fitted in closed form"  # its group, where only cycles of one method are compared
HARDWAY_LOWER = "HardWay, bounds 0.4 / 0.15"


def attention(recipe: Recipe) -> RunConfig:
    """Attention (Senocak et al., CVPR 2018)."""
    return as_baseline(recipe.without_pcm, Senocak())


def hardway(recipe: Recipe) -> RunConfig:
    """HardWay (Chen et al., CVPR 2021), with its published bounds."""
    return as_baseline(recipe.without_pcm, HardWay())


def hardway_with_lower_bounds(recipe: Recipe) -> RunConfig:
    """HardWay with bounds that the cosines of a frozen encoder can reach; see LOG.md.

    Theirs suit a network that learns its features.
    """
    return as_baseline(recipe.without_pcm, HardWay(epsilon=0.4, epsilon2=0.15, tau=0.1))


def contrastive(recipe: Recipe, label_guided: bool = False) -> RunConfig:
    """A of Figure 2, all other sounds are negatives; B, label-guided, those of other classes."""
    return as_baseline(recipe.without_pcm, Contrastive(label_guided=label_guided))
