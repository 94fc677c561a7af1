"""What makes the map listen, without negatives; contrastive baselines stand beside it.

    python -m sspl.experiments listening

Not in the paper. Every variant has the same eyes and read-out; what differs is what ties the map to
the sound. To be judged by the harder test set, and by how much of the score is left when another
class's sound is played.
"""

from dataclasses import replace

from sspl.config import without_terms
from sspl.experiments.baselines import attention, contrastive, hardway, hardway_with_own_bounds
from sspl.experiments.drawing import plot_listening
from sspl.experiments.scale import Scale
from sspl.experiments.variants import Experiment, Variant, vary

NEGATIVE_FREE, WITH_NEGATIVES = "negative-free", "with negatives"


def list_variants(scale: Scale) -> list[Variant]:
    recipe = scale.ours
    with_pcm, run = recipe.with_pcm, recipe.without_pcm
    bare, bare_pcm = (replace(r, model=without_terms(r.model)) for r in (run, with_pcm))
    weights = run.model
    free = {
        "SimSiam alone": bare,
        "SimSiam alone, PCM": bare_pcm,
        "PCM's error of the sound": vary(bare_pcm, sound_error_weight=1.0),
        "tie": vary(bare, tie_weight=weights.tie_weight),
        "leave out": vary(bare, leave_out_weight=weights.leave_out_weight),
        "tie + leave out": vary(
            bare, tie_weight=weights.tie_weight, leave_out_weight=weights.leave_out_weight
        ),
        "our recipe": run,
        "our recipe, PCM": with_pcm,
        "our recipe, VICReg as tie": vary(run, tie="vicreg"),
        "our recipe, W-MSE as tie": vary(run, tie="w_mse"),
    }
    negatives = {
        "Attention": attention(recipe),
        "HardWay": hardway(recipe),
        "HardWay, bounds for these eyes": hardway_with_own_bounds(recipe),
        "contrastive (A)": contrastive(recipe),
        "contrastive, label-guided (B)": contrastive(recipe, label_guided=True),
    }
    return [
        Variant(label=label, run=chosen, group=group)
        for group, found in ((NEGATIVE_FREE, free), (WITH_NEGATIVES, negatives))
        for label, chosen in found.items()
    ]


EXPERIMENT = Experiment(
    name="listening",
    title="What makes the map listen",
    variants=list_variants,
    draw=plot_listening,
)
