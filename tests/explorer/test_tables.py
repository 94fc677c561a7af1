"""Tables for the page hold what the results hold."""

import json

from experiments.fake_rows import make_table

from sspl.explorer.tables import describe_table, find_summary, list_scores


def test_a_table_has_the_papers_numbers_and_ours_over_the_seeds():
    names = {("ours", "Min-Max"): "start"}
    table = describe_table(make_table(), lambda group, label: names.get((group, label)))
    json.dumps(table, allow_nan=False)
    assert table["columns"] == [
        "paper, Flickr",
        "one instrument",
        "two, one silent",
        "the same, another's sound",
    ]
    line = table["lines"][1]
    assert (line["group"], line["words"], line["name"]) == ("ours", "Min-Max", "start")
    # Seeds 0.70, 0.71, 0.72: the mean is 0.71, the deviation 0.01.
    assert line["cells"] == ["0.671", "0.710 ± 0.010", "0.360 ± 0.010", "0.300 ± 0.000"]
    assert [other["name"] for other in table["lines"]] == [None, "start", None, None]
    assert table["floors"] == [
        "one instrument: 0.400 (saliency)",
        "two, one silent: 0.400 (saliency)",
    ]
    assert "Agrees" in table["reading"]


def test_a_column_that_the_paper_does_not_have_is_left_out():
    result = make_table()
    rows = [{**row, "paper": {}} for row in result["rows"]]
    assert describe_table({**result, "rows": rows})["columns"][0] == "one instrument"


def test_a_line_is_found_with_all_its_seeds():
    results = {"table5": make_table()}
    summary = find_summary(results, "table5", "ours", "ReLU")
    assert summary is not None
    assert len(summary.rows) == 3
    assert str(summary.measure("scores", *list_scores(results["table5"])["one instrument"])) == (
        "0.510 ± 0.010"
    )
    assert find_summary(results, "table5", "ours", "Tanh") is None
    assert find_summary(results, "table9", "ours", "ReLU") is None
