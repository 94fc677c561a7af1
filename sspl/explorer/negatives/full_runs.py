"""The stored full runs of A, B and C, and how a minute of training differs from them."""

from pathlib import Path
from typing import TypedDict

import numpy as np
from PIL import Image

from sspl.experiments import false_negative_rate
from sspl.experiments.engine.results import (
    TINY_RESULTS,
    Result,
    load_results,
    name_hardest,
    summarise_rows,
)
from sspl.experiments.live_training import NUM_HELD, NUM_TRAIN
from sspl.explorer.encoding import encode_picture
from sspl.explorer.negatives.choices import METHODS
from sspl.explorer.negatives.training import NUM_STEPS

FIGURE_PX = 1100
COMMAND = "python -m sspl.experiments false_negative_rate figure2"


class RunsLine(TypedDict):
    """A setting of the full runs, everything as it is written.

    Attributes:
        share: of false negatives; `each`, how many that are for a picture.
        cells: by method the score under the pictures' own sounds: mean and deviation over seeds.
    """

    setting: str
    share: str
    each: str
    cells: dict[str, str]


class Figure(TypedDict):
    """A figure, and what is in it."""

    picture: str
    words: str


class FullRuns(TypedDict):
    """The stored full runs; `how` a minute differs from them, and what we make of them."""

    lines: list[RunsLine]
    methods: dict[str, str]
    how: str
    reading: str
    figures: list[Figure]


class NoFullRuns(TypedDict):
    """How to make them, where none are stored."""

    sentence: str


def describe_full_runs() -> FullRuns | NoFullRuns:
    """The stored full runs of A, B and C: scores, figures, and how a minute differs from them."""
    try:
        results = load_results(TINY_RESULTS)
        runs, figure2 = results["false_negative_rate"], results["figure2"]
    except (ValueError, KeyError):
        return {"sentence": f"No full runs are stored: run `{COMMAND}` first."}
    test = name_hardest(runs)
    false_negative_rate_figure, maps_figure = (
        TINY_RESULTS / "false_negative_rate.png",
        TINY_RESULTS / "figure2-maps.jpg",
    )
    return {
        "lines": [*_list_lines(runs, test), *_list_lines(figure2, test)],
        "methods": METHODS,
        "how": _compare_with_full(runs, test),
        "reading": false_negative_rate.READING.replace("**", ""),
        "figures": [
            {
                "picture": _encode_file(false_negative_rate_figure),
                "words": (
                    "The score of A, B and C against the share of false negatives, and against "
                    "the size of the batch"
                ),
            },
            {
                "picture": _encode_file(maps_figure),
                "words": "Six scenes with the maps of A, B and C, from the run of Figure 2",
            },
        ],
    }


def _list_lines(result: Result, test: str) -> list[RunsLine]:
    """A line for each setting, with a cell for each method."""
    lines: dict[str, RunsLine] = {}
    for summary in summarise_rows(result["rows"]):
        setting = summary.group or "Figure 2: all kinds of scenes"
        share = summary.measure("false_negatives", "expected")
        each = summary.measure("false_negatives", "per_picture")
        line = lines.setdefault(
            setting,
            {
                "setting": setting,
                "share": f"{share.mean * 100:.0f} %" if share else "not counted",
                "each": f"{each.mean:.1f}" if each else "",
                "cells": {},
            },
        )
        line["cells"][summary.label] = str(summary.measure("scores", test, "ciou_at_50"))
    return list(lines.values())


def _compare_with_full(result: Result, test: str) -> str:
    """How a minute differs from a full run, in a sentence."""
    row = result["rows"][0]
    data, train = row["config"]["data"], row["config"]["train"]
    num_steps = train["epochs"] * (data["num_train"] // train["batch_size"])
    num_seeds = len({row["seed"] for row in result["rows"]})
    return (
        f"A full run learns from {data['num_train']:,} scenes (the minute: {NUM_TRAIN}) for "
        f"{num_steps} steps ({NUM_STEPS}), the validation split chooses its epoch (the last step "
        f"stands), it is repeated with {num_seeds} seeds (one), and is scored on "
        f"{row['scores'][test]['n']} scenes ({NUM_HELD})."
    )


def _encode_file(path: Path) -> str:
    with Image.open(path) as image:
        return encode_picture(np.asarray(image.convert("RGB")), FIGURE_PX)
