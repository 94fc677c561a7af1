"""Closed-form fits among the trials: fitted once, scored as trainings are, a row for each seed."""

import json
from dataclasses import replace

import pytest
import torch

from experiments.small_world import small_fit, small_setup
from sspl.checkpoint import load_checkpoint
from sspl.experiments.catalogue import EXPERIMENTS
from sspl.experiments.engine import cache as caching
from sspl.experiments.engine import trials
from sspl.experiments.engine.cache import Cache
from sspl.experiments.engine.results import format_results
from sspl.experiments.engine.runner import list_tasks, run_experiments
from sspl.experiments.engine.setup import photo_setup, tiny_setup
from sspl.experiments.engine.trials import name_trial, read_trial, run_trial, with_seed
from sspl.experiments.engine.variants import Experiment, Variant
from sspl.experiments.methods import FITTED, PREDICTIVE
from sspl.predictive_attention import PredictiveAttentionConfig
from sspl.presets import FITS
from sspl.training.config import FitConfig, FitRun, RunConfig, TrainConfig
from sspl.training.datasets import load_scored_pairs, load_training_pairs
from sspl.training.fitting import fit_run
from sspl.training.loop import read_run

BESIDE = ("table1", "table2", "table3", "figure4", "figure5", "figure6", "figure7")


def list_three(setup):
    """A training, and fits with one cycle and with two."""
    fit = setup.fit_to(setup.main)
    fits = [replace(fit, model=replace(fit.model, num_cycles=num)) for num in (1, 2)]
    return [
        Variant(label="SSPL", run=setup.main.with_pcm),
        *(Variant(label=f"T = {f.model.num_cycles}", run=f, group=FITTED) for f in fits),
    ]


THREE = Experiment(name="three", title="Three", variants=list_three, num_panels=2)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A training and two fits, with two seeds, and how often sums were gathered."""
    folder, gathered = tmp_path_factory.mktemp("runs"), []
    (folder / "results").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        gather = caching.gather_moments
        patch.setattr(caching, "gather_moments", lambda *a: gathered.append(a) or gather(*a))
        run_experiments([THREE], small_setup(), (0, 1), folder, folder / "results")
    result = json.loads((folder / "results" / "three.json").read_text())
    return folder, result, len(gathered)


def test_a_fit_has_a_row_for_each_seed_and_is_one_trial(done):
    folder, result, num_gathered = done
    rows = [row for row in result["rows"] if row["label"] == "T = 2"]
    assert [row["seed"] for row in rows] == [0, 1]
    assert rows[0]["scores"] == rows[1]["scores"]
    assert len(list(folder.glob("*/score.json"))) == 2 + 2  # a training for each seed, two fits
    assert num_gathered == 1  # for both numbers of cycles
    assert {"extent", "threshold", "scores", "seconds", "device"} <= rows[0].keys()
    assert rows[0]["config"]["model"]["num_cycles"] == 2


def test_a_fit_is_scored_as_a_training_is(done):
    _, result, _ = done
    trained, _, fitted = (row["scores"] for row in result["rows"][::2])
    for name in ("solo", "silent"):
        assert fitted[name].keys() == trained[name].keys()
        assert [cycle["t"] for cycle in fitted[name]["per_cycle"]] == [1, 2]
        assert fitted[name]["listening"].keys() == trained[name]["listening"].keys()


def test_the_text_and_the_maps_hold_the_fits(done):
    folder, result, _ = done
    assert result["figures"] == ["three-maps.jpg", f"three-{FITTED.replace(' ', '-')}-maps.jpg"]
    text = format_results(folder / "results")
    assert f"*{FITTED}*" in text
    assert "| T = 2" in text
    assert "Predictive attention** is fitted in closed form" in text


def test_a_trial_is_the_fit_that_the_command_does(done, tmp_path):
    """Shared sums and scenes change nothing, bit for bit."""
    folder, _, _ = done
    run = small_setup().fit_to(small_setup().main)
    encoder = run.model.audio_spec
    pairs = load_training_pairs(run.data, encoder=encoder)
    best = fit_run(run, pairs, load_scored_pairs(run.data, "val", encoder), tmp_path)
    trial = folder / name_trial(run)
    ours, theirs = load_checkpoint(trial / "best"), load_checkpoint(best)
    assert ours.config == theirs.config
    for name, tensor in theirs.state_dict().items():
        assert torch.equal(tensor, ours.state_dict()[name]), name
    assert read_run(trial / "config.json") == read_run(tmp_path / "config.json") == run


def test_a_fit_that_was_done_is_not_done_again(done, monkeypatch):
    folder, result, _ = done
    setup = small_setup()
    monkeypatch.setattr(trials, "finish_fit", None)  # to be called would fail
    run = setup.fit_to(setup.main)
    assert run_trial(run, setup.tests, folder, Cache())["scores"] == result["rows"][-1]["scores"]


def test_a_fit_that_was_stopped_before_its_scores_is_done_anew(tmp_path, monkeypatch):
    setup, run = small_setup(), small_fit()
    monkeypatch.setattr(trials, "score_model", _stop)
    with pytest.raises(KeyboardInterrupt):
        run_trial(run, setup.tests, tmp_path, Cache())
    assert read_trial(run, setup.tests, tmp_path) is None
    monkeypatch.undo()
    assert run_trial(run, setup.tests, tmp_path, Cache())["scores"].keys() == setup.tests.keys()


def _stop(*_):
    raise KeyboardInterrupt


def test_a_fit_of_other_defaults_is_not_taken_for_this_one(done, tmp_path):
    folder, _, _ = done
    setup = small_setup()
    run = setup.fit_to(setup.main)
    trial = tmp_path / name_trial(run)
    trial.mkdir()
    for name in ("score.json", "config.json"):
        (trial / name).write_text((folder / trial.name / name).read_text())
    config = json.loads((trial / "config.json").read_text())
    config["model"]["ridge"] = 7.0
    (trial / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=r"other defaults.*ridge"):
        read_trial(run, setup.tests, tmp_path)


def test_a_fit_and_a_training_at_their_defaults_have_two_names():
    data = replace(FITS["photo"]().data, name="photographs")
    fit = FitRun(model=PredictiveAttentionConfig(), train=FitConfig(), data=data)
    plain = tiny_setup().main.with_pcm
    trained = RunConfig(model=type(plain.model)(), train=TrainConfig(), data=data)
    assert name_trial(fit) != name_trial(trained)


def test_a_seed_counts_where_it_draws_pairs():
    run = small_fit()
    assert with_seed(run, 3) == run
    photographs = replace(run, data=replace(run.data, name="photographs", num_train=10))
    assert name_trial(with_seed(photographs, 3)).endswith("-seed3")
    everything = replace(photographs, data=replace(photographs.data, num_train=0))
    assert with_seed(everything, 3) == everything
    learning = replace(everything, train=replace(everything.train, epochs=2))
    assert name_trial(with_seed(learning, 3)).endswith("-seed3")


@pytest.mark.parametrize("name", BESIDE)
def test_it_stands_where_methods_are_compared(name, tmp_path):
    for setup in (tiny_setup(), photo_setup(tmp_path, None)):
        rows = [v for v in EXPERIMENTS[name].variants(setup) if isinstance(v.run, FitRun)]
        assert rows
        assert all(v.label.startswith(PREDICTIVE) and not v.paper for v in rows)
        assert {v.run.data.name for v in rows} == {setup.main.with_pcm.data.name}


def test_table_3_has_a_row_for_each_number_of_cycles():
    rows = [v for v in EXPERIMENTS["table3"].variants(tiny_setup()) if v.group == FITTED]
    assert [v.run.model.num_cycles for v in rows] == [1, 2, 3, 4]


def test_fits_are_tasks_like_trainings():
    tasks = list_tasks([THREE], small_setup(), (0, 1, 2))
    assert sorted(type(task.run).__name__ for task in tasks) == ["FitRun"] * 2 + ["RunConfig"] * 3
