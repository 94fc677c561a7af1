"""Trials are done once, kept, shared between processes, and gathered into rows and figures."""

import json
import shutil
import time
from dataclasses import replace
from multiprocessing import get_context

import pytest
import torch

from experiments.small_world import TWO, list_two, small_setup
from sspl.checkpoint import load_checkpoint
from sspl.experiments.engine import runner, trials
from sspl.experiments.engine.cache import Cache
from sspl.experiments.engine.runner import Task, gather, list_tasks, run_experiments, tell_time
from sspl.experiments.engine.trials import (
    SCORE,
    hold_trial,
    load_trial,
    name_trial,
    read_trial,
    run_trial,
    with_seed,
)
from sspl.experiments.engine.variants import vary, vary_objective, vary_terms
from sspl.objectives import BYOL
from sspl.training.loop import train


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """An experiment of two variants and two seeds, done."""
    folder = tmp_path_factory.mktemp("runs")
    out = folder / "results"
    out.mkdir()
    run_experiments([TWO], small_setup(), (0, 1), folder, out)
    return folder, json.loads((out / "two.json").read_text())


def test_there_is_a_row_for_each_variant_and_seed(done):
    _, result = done
    assert [(row["label"], row["seed"]) for row in result["rows"]] == [
        ("as it is", 0),
        ("as it is", 1),
        ("softmax", 0),
        ("softmax", 1),
    ]
    row = result["rows"][2]
    assert row["config"]["model"]["scaling"] == "softmax"
    assert row["config"]["train"]["seed"] == 0
    assert result["rows"][0]["paper"] == {"Flickr": [0.671, 0.556]}
    assert {"torch", "python"} <= result["versions"].keys()
    assert row["dimensions"] > 0
    assert row["spread"] > 0


def test_a_rows_scores_are_those_of_its_checkpoint(done):
    """By another way: maps of the loaded model, the metric by hand."""
    folder, result = done
    setup, row = small_setup(), result["rows"][0]
    model = load_checkpoint(folder / name_trial(list_two(setup)[0].run) / "best")
    asked = Cache().test(model, setup.tests["silent"])
    with torch.no_grad():
        trace = model.trace_features(
            asked.encoded.visual, *model.project_audio(asked.encoded.embeddings)
        ).similarity[-1]
    wide = torch.nn.functional.interpolate(trace[:, None], (224, 224), mode="bilinear")[:, 0]
    low, high = wide.amin((1, 2), True), wide.amax((1, 2), True)
    on = (wide - low) / (high - low) >= 0.5
    truth = asked.encoded.ground_truth
    ciou = (on * truth).sum((1, 2)) / (truth.sum((1, 2)) + (on * (truth == 0)).sum((1, 2)))
    assert row["scores"]["silent"]["mean_ciou"] == pytest.approx(float(ciou.mean()), abs=1e-5)
    assert row["scores"]["silent"]["n"] == 6
    assert row["scores"]["silent"]["listening"].keys() >= {"right", "silent", "noise"}


def test_floors_and_panels_are_kept_and_drawn(done):
    folder, result = done
    assert result["floors"]["solo"].keys() == {"centre_disc", "mean_box", "everything", "saliency"}
    assert {panel["label"] for panel in result["panels"]} == {"as it is", "softmax"}
    assert len(result["panels"]) == 4
    assert (folder / "results" / "two-maps.jpg").stat().st_size > 10_000


def test_what_was_done_is_not_done_again(done, monkeypatch):
    folder, result = done
    monkeypatch.setattr(trials, "train", None)  # to be called would fail
    setup = small_setup()
    again = gather(TWO, setup, (0, 1), folder, Cache())
    assert json.loads(json.dumps(again["rows"])) == result["rows"]
    assert "were done before" in tell_time(list_tasks([TWO], setup, (0, 1)), setup, folder)


def test_a_trial_of_the_same_seed_comes_to_the_same(done, tmp_path):
    _, result = done
    setup = small_setup()
    run = list_two(setup)[0].run
    run_trial(run, setup.tests, tmp_path, Cache())
    assert read_trial(run, setup.tests, tmp_path)["scores"] == result["rows"][0]["scores"]


def test_a_trained_trial_is_scored_on_a_new_test_set_without_training(done, tmp_path, monkeypatch):
    folder, result = done
    setup, run = small_setup(), list_two(small_setup())[0].run
    shutil.copytree(folder / name_trial(run), tmp_path / name_trial(run))
    monkeypatch.setattr(trials, "train", None)
    data = replace(setup.tests["solo"].data, val_seed=8, num_val=3)
    tests = setup.tests | {"solo": replace(setup.tests["solo"], data=data)}
    assert read_trial(run, tests, tmp_path) is None
    run_trial(run, tests, tmp_path, Cache())
    found = read_trial(run, tests, tmp_path)["scores"]
    assert found["solo"]["n"] == 3
    assert found["silent"] == result["rows"][0]["scores"]["silent"]


def test_a_trial_of_other_defaults_is_not_taken_for_this_one(done, tmp_path):
    folder, _ = done
    run, tests = list_two(small_setup())[0].run, small_setup().tests
    shutil.copytree(folder / name_trial(run), tmp_path / name_trial(run))
    path = tmp_path / name_trial(run) / "config.json"
    config = json.loads(path.read_text())
    del config["train"]["augmentation"]  # as written before there was this field
    path.write_text(json.dumps(config))
    assert read_trial(run, tests, tmp_path)
    config["train"]["weight_decay"] = 0.5
    path.write_text(json.dumps(config))
    with pytest.raises(ValueError, match="other defaults"):
        read_trial(run, tests, tmp_path)


def test_a_half_written_score_is_named(done, tmp_path):
    folder, _ = done
    run = list_two(small_setup())[0].run
    shutil.copytree(folder / name_trial(run), tmp_path / name_trial(run))
    (tmp_path / name_trial(run) / SCORE).write_text("{")
    with pytest.raises(ValueError, match=SCORE):
        read_trial(run, small_setup().tests, tmp_path)


def test_a_trial_is_the_training_that_the_command_does(done, tmp_path):
    """Shared pairs, views and embeddings change nothing, bit for bit."""
    folder, _ = done
    run = with_seed(list_two(small_setup())[1].run, 1)
    from sspl.build import build_model
    from sspl.training.datasets import load_scored_pairs, load_training_pairs
    from sspl.weights import load_encoders

    model = build_model(run.model, run.train.seed)
    load_encoders(model)
    best = train(
        model, run, load_training_pairs(run.data), load_scored_pairs(run.data, "val"), tmp_path
    )
    ours = load_checkpoint(folder / name_trial(run) / "best").state_dict()
    for name, tensor in load_checkpoint(best).state_dict().items():
        assert torch.equal(tensor, ours[name]), name


def test_a_trial_that_was_stopped_goes_on(tmp_path, monkeypatch):
    setup = small_setup()
    run = list_two(setup)[0].run
    monkeypatch.setattr(trials, "score_model", _stop)
    with pytest.raises(KeyboardInterrupt):
        run_trial(run, setup.tests, tmp_path, Cache())
    assert read_trial(run, setup.tests, tmp_path) is None
    monkeypatch.undo()
    run_trial(run, setup.tests, tmp_path, Cache())
    assert read_trial(run, setup.tests, tmp_path)["epoch"] == 1
    assert load_trial(run, tmp_path, "cpu").config == run.model


def _stop(*_):
    raise KeyboardInterrupt


def test_names_tell_runs_apart_and_forget_defaults():
    run = small_setup().ours.with_pcm
    default = replace(run, train=replace(run.train, weight_decay=1e-4))
    assert name_trial(run) == name_trial(default)
    assert name_trial(run).split("-")[0] == name_trial(with_seed(run, 3)).split("-")[0]
    assert name_trial(run) != name_trial(with_seed(run, 3))
    others = [
        replace(run, model=replace(run.model, num_cycles=1)),
        replace(run, train=replace(run.train, augmentation="crop")),
        replace(run, data=replace(run.data, num_instruments=3)),
        vary_objective(run, stop_gradient=False),
        vary(run, objective=BYOL(projection_width=8, prediction_width=4)),
        vary_terms(run, area_weight=0.25),
    ]
    assert len({name_trial(other) for other in [run, *others]}) == 7


def test_a_trial_that_another_process_is_at_is_left_to_it(tmp_path):
    run = small_setup().ours.without_pcm
    context = get_context("spawn")
    with context.Manager() as manager:
        held, let_go = manager.Event(), manager.Event()
        other = context.Process(target=_hold, args=(run, tmp_path, held, let_go))
        other.start()
        assert held.wait(60)
        with hold_trial(run, tmp_path) as ours:
            assert not ours
        let_go.set()
        other.join()
    with hold_trial(run, tmp_path) as ours:
        assert ours


def _hold(run, folder, held, let_go):
    with hold_trial(run, folder) as ours:
        assert ours
        held.set()
        let_go.wait(60)


def test_it_waits_for_what_others_are_at(tmp_path, monkeypatch):
    """The other process finishes while this one waits; nothing is trained here."""
    setup = small_setup()
    run = list_two(setup)[0].run
    turns = []

    class Held:
        def __enter__(self):
            turns.append(1)
            return False

        def __exit__(self, *_):
            return None

    def finish(_):
        monkeypatch.setattr(Held, "__enter__", lambda _: True)
        monkeypatch.setattr(runner, "read_trial", lambda *_: {"scores": {}, "seconds": 0})

    monkeypatch.setattr(runner, "hold_trial", lambda *_: Held())
    monkeypatch.setattr(runner, "run_trial", None)  # to be called would fail
    monkeypatch.setattr(time, "sleep", finish)
    runner.do_trials([Task(run=run, words="")], setup, tmp_path, Cache())
    assert turns == [1]
