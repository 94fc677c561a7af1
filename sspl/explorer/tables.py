"""Tables of results for the page: the paper's numbers, and ours over the seeds."""

from collections.abc import Callable, Mapping
from typing import TypedDict

from sspl.evaluation.report.verdict import FLOORS
from sspl.experiments.catalogue import EXPERIMENTS
from sspl.experiments.engine.results import (
    OTHER_SOUND,
    Result,
    Summary,
    find_best_floor,
    name_hardest,
    summarise_rows,
)

# What is in the pictures of a test set of the tiny scale.
TESTS = {"solo": "one instrument", "silent": "two, one silent"}


class TableLine(TypedDict):
    """A line: its group, its label, a cell for each column, and what the page shows for it."""

    group: str
    words: str
    name: str | None
    cells: list[str]


class Table(TypedDict):
    """An experiment's table of cIoU@0.5.

    Attributes:
        floors: in words, the best that does not listen.
        reading: what we make of it, in Markdown.
    """

    title: str
    columns: list[str]
    lines: list[TableLine]
    floors: list[str]
    reading: str


def describe_table(
    result: Result, name_line: Callable[[str, str], str | None] = lambda group, label: None
) -> Table:
    """An experiment's table of cIoU@0.5.

    Args:
        name_line: from a line's group and label to the name of what the page shows for it.
    """
    summaries = summarise_rows(result["rows"])
    papers = [
        name
        for name in result["columns"].values()
        if any(_read_paper(summary, name) is not None for summary in summaries)
    ]
    paths = list_scores(result)
    floors = {test: find_best_floor(result, test) for test in result["columns"]}
    return {
        "title": result["title"],
        "columns": [*(f"paper, {name}" for name in papers), *paths],
        "lines": [
            {
                "group": summary.group,
                "words": summary.label,
                "name": name_line(summary.group, summary.label),
                "cells": [
                    *(_write_paper(summary, name) for name in papers),
                    *(_write_spread(summary, path) for path in paths.values()),
                ],
            }
            for summary in summaries
        ],
        "floors": [
            f"{_name_test(test)}: {floor[1]:.3f} ({FLOORS.get(floor[0], floor[0])})"
            for test, floor in floors.items()
            if floor is not None
        ],
        "reading": EXPERIMENTS[result["name"]].reading,
    }


def list_scores(result: Result) -> dict[str, tuple[str, ...]]:
    """What rows are judged by: in words, and the path to it in a row's `scores`."""
    paths: dict[str, tuple[str, ...]] = {
        _name_test(test): (test, "ciou_at_50") for test in result["columns"]
    }
    return paths | {"the same, another's sound": (name_hardest(result), *OTHER_SOUND)}


def find_summary(
    results: Mapping[str, Result], experiment: str, group: str, label: str
) -> Summary | None:
    """A line of a table with all its seeds, None where there is no such line."""
    rows = results[experiment]["rows"] if experiment in results else []
    return next((s for s in summarise_rows(rows) if (s.group, s.label) == (group, label)), None)


def _name_test(test: str) -> str:
    return TESTS.get(test, test)


def _read_paper(summary: Summary, name: str) -> float | None:
    return next(iter(summary.paper.get(name, ())), None)


def _write_paper(summary: Summary, name: str) -> str:
    number = _read_paper(summary, name)
    return "" if number is None else f"{number:.3f}"


def _write_spread(summary: Summary, path: tuple[str, ...]) -> str:
    spread = summary.measure("scores", *path)
    return "" if spread is None else str(spread)
