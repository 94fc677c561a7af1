"""Table 3: what keeps training from collapse, and what the cycles of the PCM add.

    python -m sspl.experiments table3

Paper, Flickr10k cIoU@0.5 / AUC: (a) encoder from scratch, no stop-gradient 0.141 / 0.147; (b)
encoder pre-trained, no stop-gradient 0.382 / 0.432; (c) from scratch 0.570 / 0.511; (d) both, the
method without PCM 0.671 / 0.556; with PCM (e) T = 1 0.655 / 0.562, (f) T = 3 0.719 / 0.584, (g)
T = 5 0.743 / 0.587.

Below stand the cycles of predictive attention, each number of them a fit of its own, all to the
same sums over the main recipe's pairs. No number of the paper stands beside them.
"""

from dataclasses import replace

from sspl.experiments.engine.setup import PAPERS_OBJECTIVE, Recipe, Setup
from sspl.experiments.engine.variants import (
    Experiment,
    Variant,
    for_each_recipe,
    vary,
    vary_objective,
)
from sspl.experiments.methods import FITTED, PREDICTIVE
from sspl.training.config import RunConfig

CYCLES = {1: ("(e)", (0.655, 0.562)), 3: ("(f)", (0.719, 0.584)), 5: ("(g)", (0.743, 0.587))}


def list_variants(setup: Setup) -> list[Variant]:
    trained = for_each_recipe(
        setup, lambda recipe: _train_by_strategy(recipe, setup) + _add_cycles(recipe, setup)
    )
    return trained + _fit_with_cycles(setup)


def _train_by_strategy(recipe: Recipe, setup: Setup) -> list[Variant]:
    run = recipe.without_pcm
    rows = [
        ("(b) pre-trained", vary_objective(run, stop_gradient=False), (0.382, 0.432)),
        ("(d) pre-trained, stop-grad", run, (0.671, 0.556)),
    ]
    if recipe is setup.recipes[PAPERS_OBJECTIVE]:
        rows += [
            (
                "(a) from scratch",
                from_scratch(vary_objective(run, stop_gradient=False), setup),
                (0.141, 0.147),
            ),
            ("(c) from scratch, stop-grad", from_scratch(run, setup), (0.570, 0.511)),
        ]
    rows.sort(key=lambda row: row[0])
    return [Variant(label=label, run=run, paper={"Flickr": paper}) for label, run, paper in rows]


def from_scratch(run: RunConfig, setup: Setup) -> RunConfig:
    """The run with an image encoder that learns from a random start, on fresh views."""
    train = replace(run.train, cached_views=0, epochs=setup.scratch_epochs)
    return replace(vary(run, train_image_encoder=True), train=train)


def _add_cycles(recipe: Recipe, setup: Setup) -> list[Variant]:
    """All numbers of cycles of the main recipe; of another the one it is made for."""
    return [
        Variant(
            label=f"{letter} T = {num}",
            run=vary(recipe.with_pcm, num_cycles=num),
            paper={"Flickr": paper},
        )
        for num, (letter, paper) in CYCLES.items()
        if recipe is setup.main or num == recipe.with_pcm.model.num_cycles
    ]


def _fit_with_cycles(setup: Setup) -> list[Variant]:
    """Predictive attention with one cycle to as many as it has."""
    run = setup.fit_to(setup.main)
    return [
        Variant(
            label=f"{PREDICTIVE}, T = {num}",
            run=replace(run, model=replace(run.model, num_cycles=num)),
            group=FITTED,
        )
        for num in range(1, run.model.num_cycles + 1)
    ]


READING = (
    "**Agrees**: without stop-gradient the views agree to 0.99 in all seeds and the projections "
    "vary in fewer directions (4.1 for 5.3): a collapse, which the spread of single dimensions "
    "(0.97) does not show, since the projector ends in a batch norm. The score cannot show it, "
    "being near zero with and without. Under our recipe SimSiam's part collapses, too, and "
    "costs nothing: the tie carries the map. **Disagrees**: under the paper's objective encoders "
    "from scratch do better than pre-trained ones (0.10 with a deviation of 0.08, after three "
    "epochs on fresh views). We think that what our small pre-trained encoder has before its "
    "last ReLU says little of where a thing is. **No trend with T** beyond the seeds, against "
    "0.655 to 0.743. **Predictive attention**, not the paper's, has heard nothing in its first "
    "cycle, which is the picture's saliency; later ones move the map towards what predicts the "
    "sound. How wide the map is was chosen anew for each T."
)

EXPERIMENT = Experiment(
    name="table3", title="Table 3: training strategies", variants=list_variants, reading=READING
)
