"""The command: list, report, mistakes; a whole experiment through it at a very small scale."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.small_world import TWO, small_setup
from sspl.config import read_model_config
from sspl.experiments import __main__ as command
from sspl.experiments.engine.results import (
    OTHER_SOUND,
    find_best_floor,
    format_results,
    load_results,
    summarise_rows,
)
from sspl.predictive_attention import PredictiveAttentionConfig

ROOT = Path(__file__).parent.parent.parent


def test_list_says_all_names(capsys):
    command.main(("list",))
    names = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert names == list(command.EXPERIMENTS)


def test_an_experiment_says_how_long_runs_and_reports(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "tiny_setup", small_setup)
    monkeypatch.setitem(command.EXPERIMENTS, "two", TWO)
    command.main(("two",), seeds=("0",), runs=tmp_path)
    printed = capsys.readouterr().out
    assert "2 of 2 trials are to be done" in printed
    assert "1 of 2: two, as it is, seed 0" in printed
    results = tmp_path / "tiny" / "results"
    assert json.loads((results / "two.json").read_text())["preset"] == "tiny"
    assert "Two: a pair of variants" in (results / "RESULTS.md").read_text()

    report = tmp_path / "elsewhere.md"
    command.main(("report",), runs=tmp_path, report=report)
    assert "tiny/results/two-maps.jpg" in report.read_text()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["table9"], "no experiment 'table9'"),
        (["table5", "--preset", "photo"], "needs --data FOLDER"),
        (["table5", "--preset", "paper"], "--flickr or --vggsound"),
        (["table5", "--data", "x"], "belong to --preset photo"),
        (["table5", "--seeds", "1", "1"], "each once"),
        (["report", "--runs", "no-such-folder"], "holds no results"),
        (["table5", "--out", "README.md"], "cannot be a folder"),
        (["table5", "--report", "no-such-folder/R.md"], "make the folder no-such-folder first"),
        (["table5", "--preset", "photo", "--data", "no-such-folder"], "no-such-folder"),
    ],
)
def test_a_mistake_is_one_sentence(options, what):
    done = subprocess.run(
        [sys.executable, "-m", "sspl.experiments", *options],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 2
    assert what in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_the_repositorys_results_are_written_from_its_rows():
    readings = {name: experiment.reading for name, experiment in command.EXPERIMENTS.items()}
    text = format_results(ROOT / "assets" / "results", readings=readings)
    assert text == (ROOT / "RESULTS.md").read_text(encoding="utf-8")


def read_any_config(fields):
    if "objective" in fields:
        return read_model_config(fields)
    return PredictiveAttentionConfig(**fields)


@pytest.mark.parametrize("name", command.EXPERIMENTS)
def test_the_repositorys_rows_are_the_variants_three_seeds_each(name):
    result = load_results(ROOT / "assets" / "results")[name]
    experiment = command.EXPERIMENTS[name]
    rows = {
        (row["group"], row["label"], row["seed"]): read_any_config(row["config"]["model"])
        for row in result["rows"]
    }
    variants = {
        (v.group, v.label, seed): v.run.model
        for v in experiment.variants(command.tiny_setup())
        for seed in (0, 1, 2)
    }
    assert rows == variants
    assert experiment.reading
    for figure in result["figures"]:
        assert (ROOT / "assets" / "results" / figure).exists()


def test_the_best_without_negatives_listens_and_beats_every_floor():
    """What the whole is for: on scenes with a silent second instrument, by the rows kept here."""
    result = load_results(ROOT / "assets" / "results")["negative_audio"]
    best = max(
        (s for s in summarise_rows(result["rows"]) if s.group == "negative-free"),
        key=lambda s: s.measure("scores", "silent", "ciou_at_50").mean,
    )
    score = best.measure("scores", "silent", "ciou_at_50").mean
    assert score > find_best_floor(result, "silent")[1]
    assert score >= 2 * best.measure("scores", "silent", *OTHER_SOUND).mean
