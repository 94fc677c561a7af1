"""At what size the paper's experiments run: `orchestra` in minutes, photographs, the paper's own.

An experiment says what varies; a scale says what it starts from, learns from and is tested on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from sspl.config import without_pcm
from sspl.data.config import DataConfig
from sspl.data.orchestra.scenes import Kind
from sspl.presets import (
    FITS,
    light,
    light_paper,
    paper_flickr,
    paper_flickr_no_pcm,
    paper_vggsound,
    paper_vggsound_no_pcm,
    tiny,
    tiny_paper,
)
from sspl.training.config import FitRun, Run, RunConfig
from sspl.training.datasets import use_embeddings

OUR_RECIPE, PAPERS_OBJECTIVE = "our recipe", "the paper's objective"
TEST_SEED = 4711  # of `orchestra`: no training, epoch or setting was chosen on it


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One way to train: a run with PCM, and the same without."""

    with_pcm: RunConfig
    without_pcm: RunConfig


@dataclass(frozen=True, kw_only=True)
class TestSet:
    """What models are scored on.

    Attributes:
        stands_for: the paper's test set whose place it takes, as `Variant.paper` names it.
    """

    __test__: ClassVar[bool] = False  # not one of pytest's

    data: DataConfig
    split: str
    stands_for: str


@dataclass(frozen=True, kw_only=True)
class Setup:
    """A size at which experiments run.

    Attributes:
        recipes: by name, those that tables compare; figures start from the first.
        on: by the paper's test set the recipe whose models the paper scores on it in ablations.
        ours: what goes beyond the paper starts from.
        labelled: the recipe on data whose sounds have a class each, None where there is none.
        tests: test sets by name.
        trainings: by the paper's name of each training set that there is, the recipes on it.
        scratch_epochs: where the image encoder learns too, on fresh views, which takes far longer.
        predictive: predictive attention, which tables hold against the recipes: see `fit_to`.
        trial_s: about how long a trial takes, where that was measured.
    """

    name: str
    recipes: Mapping[str, Recipe]
    on: Mapping[str, Recipe]
    ours: Recipe
    labelled: Recipe | None
    tests: Mapping[str, TestSet]
    trainings: Mapping[str, Mapping[str, Recipe]]
    scratch_epochs: int
    predictive: FitRun
    trial_s: Callable[[Run], float] | None = None

    @property
    def main(self) -> Recipe:
        return next(iter(self.recipes.values()))

    def fit_to(self, recipe: Recipe) -> FitRun:
        """Predictive attention, fitted to the pairs that a recipe learns from."""
        return replace(self.predictive, data=recipe.with_pcm.data)


def tiny_setup() -> Setup:
    """`orchestra` and small encoders: no files, two CPU cores, half a minute a trial, PCM three.

    The place of SoundNet-Flickr is taken by scenes with one instrument, that of VGG-SS, the harder,
    by scenes with a silent second one; the place of 10k and 144k pairs by 512 and 2048 clips.
    """
    ours = _pair_up(tiny(), 3, 8)
    recipes = {OUR_RECIPE: ours, PAPERS_OBJECTIVE: _pair_up(tiny_paper(), 3, 8)}
    few = {OUR_RECIPE: take_part(ours, 512)}
    return Setup(
        name="tiny",
        recipes=recipes,
        on={"Flickr": ours, "VGG-SS": ours},
        ours=ours,
        labelled=ours,
        tests={
            "solo": TestSet(data=_draw_tests("solo"), split="val", stands_for="Flickr"),
            "silent": TestSet(data=_draw_tests("silent"), split="val", stands_for="VGG-SS"),
        },
        trainings={
            "Flickr10k": few,
            "Flickr144k": recipes,
            "VGG-Sound10k": few,
            "VGG-Sound144k": recipes,
        },
        scratch_epochs=3,
        predictive=FITS["tiny-predictive"](),
        trial_s=_tiny_trial_s,
    )


def photo_setup(data: Path, embeddings: Path | None) -> Setup:
    """Photographs on a CPU: a folder with the splits train, val and test."""

    ours, papers = (
        _pair_up(run if embeddings is None else use_embeddings(run, embeddings), 4, 8)
        for run in (_read(light(), data), _read(light_paper(), data))
    )
    recipes, predictive = {OUR_RECIPE: ours, PAPERS_OBJECTIVE: papers}, FITS["photo"]()
    return Setup(
        name="photo",
        recipes=recipes,
        on={"VGG-SS": ours},
        ours=ours,
        labelled=ours,
        tests={"test": TestSet(data=ours.with_pcm.data, split="test", stands_for="VGG-SS")},
        trainings={"VGG-Sound144k": recipes},
        scratch_epochs=4,
        predictive=predictive if embeddings is None else use_embeddings(predictive, embeddings),
    )


def paper_setup(flickr: Path | None, vggsound: Path | None, music: Path | None) -> Setup:
    """The paper's networks, data and settings: for a GPU.

    What goes beyond departs as `light` does; predictive attention keeps the encoders that it was
    made for, those of `photo`.

    Args:
        flickr, vggsound, music: folders that `sspl.prepare` made; what needs one that is None is
            left out.
    Raises:
        ValueError: if the first two are.
    """
    if flickr is None and vggsound is None:
        raise ValueError("the paper's experiments need data: pass --flickr or --vggsound FOLDER")
    trainings, tests, on = {}, {}, {}
    for folder, name, test, with_pcm, no_pcm in (
        (flickr, "Flickr", "Flickr", paper_flickr, paper_flickr_no_pcm),
        (vggsound, "VGG-Sound", "VGG-SS", paper_vggsound, paper_vggsound_no_pcm),
    ):
        if folder is None:
            continue
        for size, num in (("10k", 10_000), ("144k", 144_000)):
            runs = [_read(run, folder) for run in (with_pcm(num), no_pcm(num))]
            recipe = Recipe(with_pcm=runs[0], without_pcm=runs[1])
            trainings[f"{name}{size}"] = {PAPERS_OBJECTIVE: recipe}
        on[test] = trainings[f"{name}10k"][PAPERS_OBJECTIVE]
        tests[test] = TestSet(data=on[test].with_pcm.data, split="test", stands_for=test)
    papers = next(iter(trainings.values()))[PAPERS_OBJECTIVE]
    # SoundNet-Flickr has no labels.
    labelled = trainings["VGG-Sound10k"][PAPERS_OBJECTIVE] if vggsound is not None else None
    if music is not None:
        data = DataConfig(name=str(music), num_train=0)
        runs = [replace(run, data=data) for run in (papers.with_pcm, papers.without_pcm)]
        labelled = Recipe(with_pcm=runs[0], without_pcm=runs[1])
    return Setup(
        name="paper",
        recipes={PAPERS_OBJECTIVE: papers},
        on=on,
        ours=Recipe(
            with_pcm=_depart_as(light(), papers.with_pcm),
            without_pcm=_depart_as(light(), papers.without_pcm),
        ),
        labelled=labelled,
        tests=tests,
        trainings=trainings,
        scratch_epochs=100,
        predictive=FITS["photo"](),
    )


def take_part(recipe: Recipe, num_train: int) -> Recipe:
    """The recipe on the first pairs of its data only, in at most as many steps."""

    def take(run: RunConfig) -> RunConfig:
        epochs = run.train.epochs * run.data.num_train // num_train
        data, train = replace(run.data, num_train=num_train), replace(run.train, epochs=epochs)
        return replace(run, data=data, train=train)

    return Recipe(with_pcm=take(recipe.with_pcm), without_pcm=take(recipe.without_pcm))


def _read(run: RunConfig, folder: Path) -> RunConfig:
    return replace(run, data=replace(run.data, name=str(folder)))


def _depart_as(other: RunConfig, run: RunConfig) -> RunConfig:
    """The run with the departures of another's model."""
    names = ("rectified_features", "non_negative_query", "norm_offset", "terms")
    changes = {name: getattr(other.model, name) for name in names}
    return replace(run, model=replace(run.model, **changes))


def _pair_up(run: RunConfig, epochs: int, epochs_without: int) -> Recipe:
    """A recipe whose twin without PCM, which learns slower, gets more epochs."""
    twin = replace(run, model=without_pcm(run.model))
    return Recipe(
        with_pcm=replace(run, train=replace(run.train, epochs=epochs)),
        without_pcm=replace(twin, train=replace(run.train, epochs=epochs_without)),
    )


def _tiny_trial_s(run: Run) -> float:
    """Measured on two CPU cores: views and scores, each pair, each cycle, a learning encoder."""
    if isinstance(run, FitRun):
        return 15 + 2 * run.model.num_cycles + 0.007 * run.data.num_train
    pair_s = 0.0006 + 0.002 * run.model.num_cycles + 0.02 * run.model.train_image_encoder
    return 15 + 2 * run.model.num_cycles + run.train.epochs * run.data.num_train * pair_s


def _draw_tests(kind: Kind) -> DataConfig:
    return DataConfig(val_seed=TEST_SEED, num_val=500, val_kinds=(kind,))
