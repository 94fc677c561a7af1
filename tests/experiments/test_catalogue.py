"""Every table and figure of the paper is there, and says what the paper says of it."""

import re
from pathlib import Path

import pytest

from experiments.small_world import small_setup
from sspl.experiments.catalogue import EXPERIMENTS, MODULES, list_experiments
from sspl.experiments.engine.results import PAPER
from sspl.experiments.engine.setup import paper_setup, photo_setup, tiny_setup
from sspl.experiments.engine.trials import name_trial
from sspl.objectives import WMSE
from sspl.training.config import FitRun


def test_the_list_names_every_table_and_figure():
    names = (
        "table1 table2 table3 table4 table5 tableS5 tableS6 figure2 figure4 figure5 figure6 figure7"
    )
    assert list(EXPERIMENTS)[:12] == names.split()
    assert set(names.split()) == set(PAPER)
    listed = list_experiments()
    for what in (
        "Table 1",
        "Table S5",
        "Table S6",
        "Figures 2",
        "Figure 4",
        "Figures 5",
        "Figure 7",
    ):
        assert what in listed


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.split(".")[-1])
def test_a_file_opens_with_its_command_and_the_papers_numbers(module):
    text = module.__doc__
    assert f"python -m sspl.experiments {module.EXPERIMENT.name}\n" in text
    numbers = {
        f"{value:.3f}"
        for variant in module.EXPERIMENT.variants(tiny_setup())
        for pair in variant.paper.values()
        for value in pair
        if value is not None
    }
    written = set(re.findall(r"\d\.\d{3}", Path(module.__file__).read_text()))
    assert numbers <= written


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_variants_are_different_runs_under_different_names(name):
    variants = EXPERIMENTS[name].variants(tiny_setup())
    assert len({(v.group, v.label) for v in variants}) == len(variants)
    assert len({name_trial(v.run) for v in variants}) == len(variants)
    assert EXPERIMENTS[name].variants(small_setup())


def test_figures_train_nothing_that_tables_do_not():
    setup = tiny_setup()

    def trained(*names):
        return {name_trial(v.run) for name in names for v in EXPERIMENTS[name].variants(setup)}

    tables = trained("table1", "table3")
    assert trained("figure4", "figure5", "figure6", "figure7") <= tables


def test_the_papers_scale_is_the_papers_config():
    setup = paper_setup(Path("flickr"), Path("vggsound"), None)
    rows = {v.label: v.run for v in EXPERIMENTS["table3"].variants(setup)}
    assert rows["(g) T = 5"].train.head_learning_rate == 5e-5
    assert rows["(d) pre-trained, stop-grad"].train.epochs == 100
    assert rows["(d) pre-trained, stop-grad"].train.cached_views == 0
    trainings = {v.group: v.run.data for v in EXPERIMENTS["table1"].variants(setup)}
    assert {d.num_train for d in trainings.values()} == {10_000, 144_000}
    assert {d.name for d in trainings.values()} == {"flickr", "vggsound"}


def test_learning_rates_follow_the_data_at_the_papers_scale():
    """Table S1: VGG-Sound without PCM has other rates than Flickr."""
    setup = paper_setup(Path("flickr"), Path("vggsound"), None)
    rates = {
        v.run.data.name: v.run.train.head_learning_rate
        for v in EXPERIMENTS["table1"].variants(setup)
        if v.label == "SSPL (w/o PCM)"
    }
    assert rates == {"flickr": 2e-3, "vggsound": 1e-2}


def test_what_needs_data_that_is_not_there_is_left_out():
    setup = paper_setup(None, Path("vggsound"), None)
    groups = {v.group for v in EXPERIMENTS["table1"].variants(setup)}
    assert all("VGG-Sound" in group for group in groups)
    with pytest.raises(ValueError, match="--flickr or --vggsound"):
        paper_setup(None, None, Path("music"))


def test_music_is_what_figure_2_learns_from_where_it_is():
    setup = paper_setup(Path("flickr"), None, Path("music"))
    assert {v.run.data.name for v in EXPERIMENTS["figure2"].variants(setup)} == {"music"}
    # SoundNet-Flickr has no labels to leave false negatives out by.
    assert not EXPERIMENTS["figure2"].variants(paper_setup(Path("flickr"), None, None))


def test_an_ablation_stands_beside_numbers_of_the_same_training_set():
    setup = paper_setup(Path("flickr"), Path("vggsound"), None)
    beside = {
        (v.run.data.name, test) for v in EXPERIMENTS["table4"].variants(setup) for test in v.paper
    }
    assert beside == {("flickr", "Flickr"), ("vggsound", "VGG-SS")}


@pytest.mark.parametrize(
    "setup",
    [tiny_setup(), photo_setup(Path("x"), None), paper_setup(Path("x"), Path("y"), None)],
    ids=lambda setup: setup.name,
)
def test_w_mse_gets_more_pairs_than_dimensions(setup):
    for variant in [v for e in EXPERIMENTS.values() for v in e.variants(setup)]:
        if isinstance(variant.run, FitRun):
            continue
        model, batch = variant.run.model, variant.run.train.batch_size
        if isinstance(model.objective, WMSE):
            assert batch >= 2 * model.objective.projection_width
        if model.terms.correspondence == "w_mse":
            assert batch > model.visual_channels


def test_photographs_are_read_from_the_folder_that_is_named():
    setup = photo_setup(Path("photographs"), None)
    runs = [v.run for e in EXPERIMENTS.values() for v in e.variants(setup)]
    assert {run.data.name for run in runs} == {"photographs"}
    assert setup.tests["test"].split == "test"
