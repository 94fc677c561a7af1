"""RESULTS.md: every number in its place, the best in bold, nothing called good that is not."""

import json

import numpy as np
import pytest

from experiments.fake_rows import make_false_negative_rate, make_result, make_row, make_table
from sspl.experiments.engine.results import (
    find_best_floor,
    format_results,
    load_results,
    summarise_rows,
    write_results,
)


def write(folder, *results):
    for result in results:
        (folder / f"{result['name']}.json").write_text(json.dumps(result))
    return folder


def read_table(text):
    """The cells of every line of its tables."""
    lines = [line[2:-2] for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.split(" | ")] for line in lines]


# --- Seeds summed up --------------------------------------------------------------------------


def test_seeds_are_summed_up_by_group_and_label():
    rows = make_table()["rows"]
    summaries = summarise_rows([*rows[1:], rows[0]])  # a seed that was added later
    assert [(s.group, s.label, len(s.rows)) for s in summaries] == [
        ("ours", "ReLU", 3),
        ("ours", "Min-Max", 3),
        ("the paper's", "ReLU", 3),
        ("the paper's", "Min-Max", 3),
    ]
    spread = summaries[0].measure("scores", "solo", "ciou_at_50")
    # 0.50, 0.51, 0.52: mean 0.51; (0.0001 + 0 + 0.0001) / 2 = 0.01 squared
    assert spread is not None
    assert (spread.mean, spread.sd) == (pytest.approx(0.51), pytest.approx(0.01))
    assert str(spread) == "0.510 ± 0.010"
    assert summaries[0].paper == {"Flickr": [0.353, 0.424]}


def test_lists_are_collected_and_what_is_missing_is_left_out():
    rows = [make_row("A", 0.5, 0.4, 0.1, seed) for seed in range(3)]
    rows[1]["scores"]["silent"] = None
    (summary,) = summarise_rows(rows)
    assert summary.collect("scores", "solo", "curve").shape == (3, 21)
    assert summary.collect("scores", "silent", "ciou_at_50").shape == (2,)
    np.testing.assert_allclose(
        summary.collect("scores", "solo", "per_cycle", 2, "ciou_at_50"), [0.5, 0.51, 0.52]
    )
    assert summary.collect("scores", "solo", "per_cycle", 7, "auc").shape == (0,)
    assert summary.measure("gflops") is None


def test_one_seed_has_no_deviation():
    (summary,) = summarise_rows([make_row("A", 0.5, 0.4, 0.1, 0)])
    assert str(summary.measure("scores", "solo", "ciou_at_50")) == "0.500"


def test_the_best_floor():
    assert find_best_floor(make_table(), "silent") == ("saliency", 0.4)
    assert find_best_floor({"rows": []}, "silent") is None


# --- The text ---------------------------------------------------------------------------------


def test_a_table_holds_ours_the_papers_and_the_floors(tmp_path):
    text = format_results(write(tmp_path, make_table()))
    head, _, *rows = read_table(text)
    assert head == [
        "", "paper, Flickr", "solo cIoU@0.5", "solo AUC", "silent cIoU@0.5", "silent AUC",
        "silent, other sound",
    ]  # fmt: skip
    assert [row[0] for row in rows] == [
        "*ours*", "ReLU", "Min-Max", "*the paper's*", "ReLU", "Min-Max",
        "floor: centred disc", "floor: saliency",
    ]  # fmt: skip
    assert rows[1][1:] == [
        "0.353 / 0.424", "0.510 ± 0.010", "0.255 ± 0.005", "**0.460 ± 0.010**",
        "**0.230 ± 0.005**", "0.100 ± 0.000",
    ]  # fmt: skip
    assert rows[2][2:4] == ["**0.710 ± 0.010**", "**0.355 ± 0.005**"]
    assert rows[5][2].startswith("**")  # the best of its own group
    assert rows[7][1:] == ["", "0.400", "0.200", "0.400", "0.200", ""]


def test_what_beats_floors_and_what_listens_is_counted(tmp_path):
    folder, readings = (
        write(tmp_path, make_table()),
        {"table5": "They agree, since `min_max` wins."},
    )
    text = " ".join(format_results(folder, readings=readings).split())
    assert "On solo, 2 of 4 lines score above every floor (the best: saliency, 0.400)." in text
    assert (
        "On silent, 1 of 4 lines score above every floor (the best: saliency, 0.400), and 1 of 4 "
        "are above it and at least twice what they score under another class's sound." in text
    )
    assert (
        "Scale tiny; seeds 0, 1, 2; scored on 500 solo and 500 silent pictures; 14 min on cpu"
        in text
    )
    assert "They agree, since `min_max` wins." in text


def test_ties_are_both_in_bold_and_a_line_alone_is_not(tmp_path):
    rows = [make_row(label, 0.5, 0.4, 0.1, 0, group="g") for label in "AB"]
    rows.append(make_row("C", 0.6, 0.4, 0.1, 0, group="alone"))
    text = format_results(write(tmp_path, make_result(rows)))
    assert [row[1] for row in read_table(text)[3:5]] == ["**0.500**", "**0.500**"]
    assert read_table(text)[6][1] == "0.600"


def test_a_collapse_is_marked_with_its_numbers(tmp_path):
    rows = [
        make_row("(a)", 0.1, 0.1, 0.1, seed, collapsed=seed > 0, agreement=0.999, dimensions=1.2)
        for seed in range(3)
    ]
    rows.append(make_row("(d)", 0.5, 0.4, 0.1, 0))
    head, _, first, second, *_ = read_table(format_results(write(tmp_path, make_result(rows))))
    assert first[0] == "(a) (collapsed in 2 of 3)"
    assert head[-2:] == ["dimensions", "views agree"]
    assert first[-2:] == ["1.2", "0.999"]
    assert second[0] == "(d)"


def test_false_negatives_have_columns(tmp_path):
    head, _, _, row, *_ = read_table(format_results(write(tmp_path, make_false_negative_rate())))
    assert dict(zip(head, row, strict=True))["false negatives: expected"] == "0.5"


def test_costs_have_columns_and_what_no_row_has_has_none(tmp_path):
    rows = [make_row("T = 1", 0.5, 0.4, 0.1, 0, gflops=0.0622, paper_gflops=38.3)]
    head, _, row, *_ = read_table(format_results(write(tmp_path, make_result(rows))))
    cells = dict(zip(head, row, strict=True))
    assert "dimensions" not in cells
    assert "paper, Flickr" not in cells
    assert (cells["paper, GFLOPs"], cells["GFLOPs"]) == ("38.3", "0.0622")


def test_papers_missing_numbers_are_a_dash(tmp_path):
    rows = [make_row("A", 0.5, 0.4, 0.1, 0, paper={"Flickr": [None, None], "VGG-SS": [0.2, None]})]
    head, _, row, *_ = read_table(format_results(write(tmp_path, make_result(rows))))
    assert "paper, Flickr" not in head
    assert row[head.index("paper, VGG-SS")] == "0.200 / -"


def test_experiments_stand_in_order_with_their_figures(tmp_path):
    results = tmp_path / "assets" / "results"
    results.mkdir(parents=True)
    extra = make_result(make_table()["rows"], name="beyond", title="Beyond | SimSiam")
    false_negative_rate = {
        **make_false_negative_rate(),
        "figures": ["figure2.png", "figure2-maps.jpg"],
    }
    write(results, extra, false_negative_rate, make_table())
    (results / "figure2-former-maps.jpg").touch()  # of an earlier run, and no longer drawn
    assert list(load_results(results)) == ["table5", "figure2", "beyond"]
    write_results(results, tmp_path / "RESULTS.md")
    text = (tmp_path / "RESULTS.md").read_text()
    titles = [line[3:] for line in text.splitlines() if line.startswith("## ")]
    assert titles == [
        "How to read this", "Table 5: scaling of the similarity map", "Figure 2: false negatives",
        "Beyond \\| SimSiam", "Not run at this scale",
    ]  # fmt: skip
    assert "](assets/results/figure2.png)" in text
    assert "](assets/results/figure2-maps.jpg)" in text
    assert "former" not in text
    assert "`table1`" in text.split("Not run")[1]
    assert "`table5`" not in text.split("Not run")[1]


def test_an_experiment_of_maps_only_has_no_table(tmp_path):
    text = format_results(write(tmp_path, make_result([], name="figure7", seconds=0)))
    assert "|" not in text


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "holds no results: run"),
        ("{", "is not JSON"),
        ('{"rows": []}', "is not the result of an experiment"),
        ("[]", "is not the result of an experiment"),
    ],
)
def test_a_folder_without_results_is_said_so(tmp_path, content, words):
    if content is not None:
        (tmp_path / "table5.json").write_text(content)
    with pytest.raises(ValueError, match=words):
        write_results(tmp_path, tmp_path / "RESULTS.md")
    assert not (tmp_path / "RESULTS.md").exists()
