"""Exhibits: exactly what was trained, in little room."""

import json
import shutil
from dataclasses import asdict

import pytest
import torch

from experiments.small_world import small_scale
from sspl.checkpoint import load_checkpoint, save_checkpoint
from sspl.data.orchestra import make_clip
from sspl.experiments.exhibits import (
    INDEX,
    SEED,
    TINY_EXHIBITS,
    choose_exhibits,
    load_exhibits,
    open_exhibits,
    write_exhibits,
)
from sspl.experiments.results import load_results
from sspl.experiments.shelf import Shelf
from sspl.experiments.trials import load_trial, name_trial, run_trial
from sspl.experiments.variants import vary
from sspl.localize import Localizer

NAMES = ("start", "cycles-1")


@pytest.fixture(scope="module")
def choices():
    return {name: choice for name, choice in choose_exhibits().items() if name in NAMES}


@pytest.fixture(scope="module")
def trained():
    """The runs of the two."""
    recipe = small_scale().ours
    return {"start": recipe.without_pcm, "cycles-1": vary(recipe.with_pcm, num_cycles=1)}


@pytest.fixture(scope="module")
def made(tmp_path_factory, choices, trained):
    """The folder of the trials, and that of the exhibits out of them."""
    runs, out = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("out") / "exhibits"
    shelf, scale = Shelf(), small_scale()
    for run in trained.values():
        run_trial(run, scale.tests, runs, shelf)
    write_exhibits(choices, scale, runs, out)
    return runs, out


def test_an_exhibits_maps_are_its_trials_bit_for_bit(made, trained):
    runs, out = made
    exhibits = load_exhibits(out)
    models = open_exhibits(exhibits)
    clip = make_clip(77, 0, "solo", image_px=96, duration_s=2.0)
    for exhibit in exhibits:
        assert exhibit.trial == name_trial(trained[exhibit.name])
        traces = [
            Localizer(model).set_sample(clip.image, clip.waveform).trace()
            for model in (models[exhibit.name], load_trial(trained[exhibit.name], runs, "cpu"))
        ]
        for name in ("similarity", "errors", "predicted_sound"):
            assert torch.equal(*(getattr(trace, name) for trace in traces))


def test_all_share_one_set_of_eyes_and_ears(made):
    models = open_exhibits(load_exhibits(made[1])).values()
    for part in ("eyes", "ears"):
        assert len({id(getattr(model, part)) for model in models}) == 1
    assert not any(model.training or model.eyes.training for model in models)


def test_scores_and_lines_are_those_of_the_trial(made, trained):
    runs, out = made
    for exhibit in load_exhibits(out):
        kept = json.loads((runs / exhibit.trial / "score.json").read_text())["tests"]
        for test, scores in exhibit.scores.items():
            assert scores["own sound"] == kept[test]["scores"]["ciou_at_50"]
            other = kept[test]["scores"]["listening"]["other"]["ciou_at_50"]
            assert scores["other sound"] == other
        assert exhibit.config == trained[exhibit.name].model
    with_one = load_exhibits(out)[1]
    assert ("tableS6", "T = 1") in {(line.experiment, line.label) for line in with_one.lines}


def test_a_trial_that_is_not_there_is_named_and_nothing_is_written(
    made, choices, trained, tmp_path
):
    runs, _ = made
    kept = name_trial(trained["start"])
    shutil.copytree(runs / kept, tmp_path / "runs" / kept)
    missing = name_trial(trained["cycles-1"])
    with pytest.raises(ValueError, match=f"cycles-1 was not trained: .*{missing} is not there"):
        write_exhibits(choices, small_scale(), tmp_path / "runs", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_eyes_of_its_own_cannot_be_exhibited(made, choices, trained, tmp_path):
    runs, _ = made
    name = name_trial(trained["start"])
    shutil.copytree(runs / name, tmp_path / name)
    model = load_checkpoint(tmp_path / name / "best")
    with torch.no_grad():
        next(model.eyes.parameters()).add_(1)
    meta = json.loads((tmp_path / name / "best" / "meta.json").read_text())
    save_checkpoint(model, tmp_path / name / "best", {"epoch": meta["epoch"]})
    with pytest.raises(ValueError, match="start has eyes of its own"):
        write_exhibits({"start": choices["start"]}, small_scale(), tmp_path, tmp_path / "out")
    assert not (tmp_path / "out" / INDEX).exists()


def test_a_missing_or_broken_folder_is_a_sentence(made, tmp_path):
    with pytest.raises(ValueError, match=r"exhibits\.json is missing: run python -m"):
        load_exhibits(tmp_path)
    (tmp_path / INDEX).write_text('{"exhibits": [{"name": "start"}]}')
    with pytest.raises(ValueError, match="not of this version"):
        load_exhibits(tmp_path)
    shutil.copytree(made[1], tmp_path / "copy")
    (tmp_path / "copy" / "start.safetensors").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"start\.safetensors cannot be used"):
        open_exhibits(load_exhibits(tmp_path / "copy"))


def test_what_is_shipped_is_all_that_was_chosen_and_agrees_with_the_results():
    exhibits = load_exhibits()
    assert [exhibit.name for exhibit in exhibits] == list(choose_exhibits())
    assert sum(path.stat().st_size for path in TINY_EXHIBITS.iterdir()) < 4e6
    results = load_results(TINY_EXHIBITS.parents[1] / "results")
    for exhibit in exhibits:
        assert exhibit.lines
        for line in exhibit.lines:
            (row,) = (
                row
                for row in results[line.experiment]["rows"]
                if (row["group"], row["label"], row["seed"]) == (line.group, line.label, SEED)
            )
            for test, scores in exhibit.scores.items():
                assert scores["own sound"] == row["scores"][test]["ciou_at_50"]


def test_a_group_differs_from_the_start_in_what_it_is_named_after():
    start, *others = load_exhibits()
    field = {"cycles": "num_cycles", "scaling": "scaling", "fusion": "fusion"}
    for exhibit in others:
        changed = {
            name
            for name, value in asdict(exhibit.config).items()
            if value != getattr(start.config, name)
        }
        if exhibit.group == "objective":
            assert exhibit.objective != start.objective
        else:
            assert field[exhibit.group] in changed
            # Under softmax two terms of the loss say nothing and are left out.
            assert changed <= {field[exhibit.group], "leave_out_weight", "area_weight"}
