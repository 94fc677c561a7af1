"""Trials that an older version left are found by this one, and not done again."""

import json
import shutil
from pathlib import Path

import format_1
import pytest

from experiments.small_world import TWO, list_two, small_setup
from sspl.experiments.engine import trials
from sspl.experiments.engine.cache import Cache
from sspl.experiments.engine.runner import run_experiments
from sspl.experiments.engine.trials import (
    SCORE,
    adopt_trials,
    load_trial,
    name_trial,
    read_trial,
    run_trial,
)

OLD_NAME = "14e0e6e2edbf-seed0"  # a digest of settings by their old names


@pytest.fixture(scope="module")
def run():
    return list_two(small_setup())[0].run


@pytest.fixture(scope="module")
def done(tmp_path_factory, run) -> Path:
    """The folder of trials with one of this version."""
    folder = tmp_path_factory.mktemp("runs")
    run_trial(run, small_setup().tests, folder, Cache())
    return folder


@pytest.fixture
def old(done, run, tmp_path) -> Path:
    """The same as format 1 left it."""
    folder = tmp_path / "runs"
    trial = folder / OLD_NAME
    shutil.copytree(done / name_trial(run), trial)
    (trial / "lock").touch()
    format_1.rewrite_run(trial, run)
    format_1.rewrite_scores(trial / SCORE)
    return folder


def read_all(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_trial_of_format_1_is_found_by_its_new_name_and_left_as_it_is(old, done, run):
    before = read_all(old / OLD_NAME)
    assert adopt_trials(old) == 1
    assert [path.name for path in old.iterdir()] == [name_trial(run)]
    assert read_all(old / name_trial(run)) == before
    tests = small_setup().tests
    assert read_trial(run, tests, old) == read_trial(run, tests, done)
    assert load_trial(run, old, "cpu").config == run.model
    assert adopt_trials(old) == 0  # once is enough


def test_it_is_not_trained_or_scored_again(old, run, monkeypatch):
    """The whole command on a folder of format 1: only what was never done is."""
    kept = json.loads((old / OLD_NAME / SCORE).read_text())
    trained = []
    train = trials.train
    monkeypatch.setattr(
        trials, "train", lambda model, run, *rest, **more: (
            trained.append(run), train(model, run, *rest, **more)
        )[1],
    )  # fmt: skip
    out = old / "results"
    out.mkdir()
    run_experiments([TWO], small_setup(), (0,), old, out)
    assert [run.model.scaling for run in trained] == ["softmax"]
    row = json.loads((out / "two.json").read_text())["rows"][0]
    assert row["seconds"] == kept["seconds"]
    for name, test in kept["tests"].items():
        assert row["scores"][name]["ciou_at_50"] == test["scores"]["ciou_at_50"]
        for sound, found in test["scores"]["listening"].items():
            assert row["scores"][name]["listening"][sound]["active_area"] == found["share_on"]


def test_one_that_was_stopped_is_trained_on_from_where_it_was(old, run, tmp_path, monkeypatch):
    """Scored too: what was only trained has no score yet, and its state is still there."""

    def stop(*_):
        raise KeyboardInterrupt

    setup, folder = small_setup(), tmp_path / "stopped"
    with monkeypatch.context() as patch:
        patch.setattr(trials, "score_model", stop)
        with pytest.raises(KeyboardInterrupt):
            run_trial(run, setup.tests, folder, Cache())
    (folder / name_trial(run)).rename(folder / OLD_NAME)
    format_1.rewrite_run(folder / OLD_NAME, run)
    assert adopt_trials(folder) == 1
    with monkeypatch.context() as patch:
        patch.setattr("sspl.training.trainer.Trainer.train_step", None)  # to be called would fail
        found = run_trial(run, setup.tests, folder, Cache())
    adopt_trials(old)
    assert found["scores"] == read_trial(run, setup.tests, old)["scores"]


def test_a_trial_of_this_version_is_not_replaced(old, done, run):
    shutil.copytree(done / name_trial(run), old / name_trial(run))
    assert adopt_trials(old) == 0
    assert {path.name for path in old.iterdir()} == {OLD_NAME, name_trial(run)}


def test_one_that_another_process_takes_first_is_left_to_it(old, monkeypatch):
    def take(path):
        shutil.rmtree(path.parent)
        return read_run(path)

    read_run = trials.read_run
    monkeypatch.setattr(trials, "read_run", take)
    assert adopt_trials(old) == 0


@pytest.mark.parametrize("file", ["config.json", SCORE])
def test_a_trial_of_a_newer_version_is_named_and_not_to_be_deleted(done, run, tmp_path, file):
    shutil.copytree(done / name_trial(run), tmp_path / name_trial(run))
    path = tmp_path / name_trial(run) / file
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 3}))
    with pytest.raises(ValueError, match="take a newer sspl") as caught:
        read_trial(run, small_setup().tests, tmp_path)
    assert file in str(caught.value)
    assert "delete" not in str(caught.value)
