"""A setup so small that a trial takes a second: a few clips, few channels, one epoch."""

from dataclasses import replace

from sspl.config import without_pcm
from sspl.data.config import DataConfig
from sspl.experiments.engine.setup import (
    OUR_RECIPE,
    PAPERS_OBJECTIVE,
    Recipe,
    Setup,
    TestSet,
    take_part,
)
from sspl.experiments.engine.variants import Experiment, Variant, vary, vary_terms
from sspl.objectives import SimSiam
from sspl.presets import FITS, tiny, tiny_paper


def small_recipe(run):
    data = replace(run.data, num_train=12, num_val=4)
    train = replace(run.train, epochs=1, batch_size=6, cached_views=2)
    objective = SimSiam(projection_width=8, prediction_width=4)
    model = replace(run.model, pcm_channels=4, num_cycles=2, objective=objective)
    small = replace(run, data=data, train=train, model=model)
    return Recipe(with_pcm=small, without_pcm=replace(small, model=without_pcm(model)))


def small_fit():
    run = FITS["tiny-predictive"]()
    model = replace(run.model, num_cycles=2, visual_directions=8, sound_directions=4)
    return replace(run, model=model, data=replace(run.data, num_train=12, num_val=4))


def small_setup():
    ours = small_recipe(tiny())
    recipes = {OUR_RECIPE: ours, PAPERS_OBJECTIVE: small_recipe(tiny_paper())}
    few = {OUR_RECIPE: take_part(ours, 6)}
    return Setup(
        name="tiny",
        recipes=recipes,
        on={"Flickr": ours, "VGG-SS": ours},
        ours=ours,
        labelled=ours,
        tests={
            kind: TestSet(
                data=DataConfig(val_seed=7, num_val=6, val_kinds=(kind,)),
                split="val",
                stands_for=name,
            )
            for kind, name in (("solo", "Flickr"), ("silent", "VGG-SS"))
        },
        trainings={
            "Flickr10k": few,
            "Flickr144k": recipes,
            "VGG-Sound10k": few,
            "VGG-Sound144k": recipes,
        },
        scratch_epochs=1,
        predictive=small_fit(),
    )


def list_two(setup):
    run = setup.ours.without_pcm
    return [
        Variant(label="as it is", run=run, paper={"Flickr": (0.671, 0.556)}),
        Variant(
            label="softmax",
            run=vary_terms(vary(run, scaling="softmax"), background_weight=0.0, area_weight=0.0),
        ),
    ]


TWO = Experiment(name="two", title="Two: a pair of variants", variants=list_two, num_panels=2)
