"""The command: list, report, mistakes; a whole experiment through it at a very small scale."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from experiments.small_world import TWO, small_scale
from sspl.experiments import __main__ as command
from sspl.experiments.results import format_results

ROOT = Path(__file__).parent.parent.parent


def test_list_says_all_names(capsys):
    command.main("list")
    assert {line.split()[0] for line in capsys.readouterr().out.splitlines()} >= {
        "table1",
        "tableS6",
        "figure7",
        "listening",
    }


def test_an_experiment_says_how_long_runs_and_reports(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "tiny_scale", small_scale)
    monkeypatch.setitem(command.EXPERIMENTS, "two", TWO)
    command.main("two", seeds=(0,), runs=tmp_path)
    printed = capsys.readouterr().out
    assert "2 of 2 trials are to be done" in printed
    assert "1 of 2: two, as it is, seed 0" in printed
    results = tmp_path / "tiny" / "results"
    assert json.loads((results / "two.json").read_text())["preset"] == "tiny"
    assert "Two: a pair of variants" in (results / "RESULTS.md").read_text()

    report = tmp_path / "elsewhere.md"
    command.main("report", runs=tmp_path, report=report)
    assert "tiny/results/two-maps.png" in report.read_text()


@pytest.mark.parametrize(
    ("options", "what"),
    [
        (["table9"], "no experiment 'table9'"),
        (["table5", "--preset", "light"], "needs --data FOLDER"),
        (["table5", "--preset", "paper"], "--flickr or --vggsound"),
        (["table5", "--data", "x"], "belong to --preset light"),
        (["table5", "--seeds", "1", "1"], "each once"),
        (["report", "--runs", "no-such-folder"], "holds no results"),
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
    folder = ROOT / "assets" / "results"
    assert format_results(folder) == (ROOT / "RESULTS.md").read_text(encoding="utf-8")


def test_the_repositorys_rows_have_three_seeds_and_no_other_trainings():
    for path in (ROOT / "assets" / "results").glob("*.json"):
        seeds = {}
        for row in json.loads(path.read_text())["rows"]:
            seeds.setdefault((row["group"], row["label"]), set()).add(row["seed"])
        assert all(len(found) >= 3 for found in seeds.values()), path.name
