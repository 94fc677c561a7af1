"""Markdown: tables that line up, and words that stay what they are."""

import re

import pytest
from matplotlib.figure import Figure

from sspl.evaluation.report.document import (
    Chart,
    Headline,
    Points,
    Section,
    Table,
    Terms,
    escape_markdown,
    to_markdown,
)


def write(*blocks, pictures: bool = True) -> str:
    return to_markdown("Title", [Section(title="Part", blocks=blocks)], pictures)


def test_table_lines_up_whatever_is_in_it():
    rows = [("a|b", ("0.100", "0.050 to 0.150"), "1"), ("日本", "2", ""), ("e\u0301té", "3", "4")]
    table = Table(title="Scores", measured="n = 3", columns=("name", "x", "y"), rows=rows)
    text = write(table)
    assert "### Scores\n\nn = 3\n\n" in text
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert lines == [
        "| name |                      x |  y |",
        "| ---- | ---------------------: | -: |",
        "| a\\|b | 0.100 (0.050 to 0.150) |  1 |",
        "| 日本 |                      2 |    |",
        "| e\u0301té  |                      3 |  4 |",
    ]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines}) == 1


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("mean_box", "mean_box"),
        ("_so_", r"\_so\_"),
        ("<script>", r"\<script>"),
        ("a*b`c[d", r"a\*b\`c\[d"),
        ("C:\\x", r"C:\\x"),
        ("R&B", "R&B"),
        ("&lt;", r"\&lt;"),
        ("two\nlines\x1b[31m", r"two lines \[31m"),
        ("\u202eright to left", " right to left"),
    ],
)
def test_words_are_shown_as_they_stand(words, shown):
    assert escape_markdown(words) == shown


def test_paragraphs_fold_and_lists_hang():
    text = write("word " * 40, Points(points=["one", "word " * 40]), Terms(meanings={"a_b": "c"}))
    assert max(map(len, text.splitlines())) <= 100
    assert "\n- one\n- word" in text
    assert "\n  word" in text
    assert "- **a_b**: c" in text


def test_without_pictures_nothing_is_drawn_and_empty_sections_go():
    chart = Chart(file="a.svg", draw=lambda: 1 / 0, alt="curves", caption="n = 3")  # type: ignore
    assert "## Part" not in write(chart, pictures=False)
    assert "![curves](a.svg)\n\nn = 3" in write(chart)
    assert "## Part" not in write(Headline(numbers=[("1", "one", "")]))


def test_a_chart_is_drawn_once():
    figures = []
    chart = Chart(file="", draw=lambda: figures.append(Figure()) or figures[-1], alt="", caption="")
    assert chart.svg is chart.svg
    assert len(figures) == 1
