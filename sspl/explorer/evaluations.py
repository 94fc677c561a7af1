"""What a model's evaluation on hundreds of pictures says of its listening, in a table a model."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import NotRequired, TypedDict

from sspl.evaluation.report.verdict import describe_measurement, tell_listening
from sspl.experiments.engine.results import TINY_RESULTS, load_results
from sspl.explorer.models import Model
from sspl.explorer.tables import Table, describe_table
from sspl.upgrades import upgrade_evaluation

EVALUATION = "evaluation.json"  # beside a checkpoint, what `python -m sspl.evaluate` found
SOUND_WORDS = {
    "right": "its own sound",
    "other": "another class's sound",
    "same": "another sound of the same class",
    "silent": "silence",
    "noise": "noise",
}


class EvaluatedSound(TypedDict):
    """What an evaluation found under one sound, as it is written: a cell for each column."""

    words: str
    cells: list[str]


class Evaluation(TypedDict):
    """What a model's evaluation says of the sounds; without one, the command that makes it."""

    label: str
    sentence: str
    command: NotRequired[str]
    measured: NotRequired[str]
    rows: NotRequired[list[EvaluatedSound]]


class Evaluations(TypedDict):
    """Every model's evaluation, and the table of the experiment, where there is one."""

    models: list[Evaluation]
    tables: list[Table]


def describe_evaluations(models: Mapping[str, Model], results: Path = TINY_RESULTS) -> Evaluations:
    """What each model's evaluation says of its listening, and the table of the experiment."""
    tables = []
    with contextlib.suppress(ValueError, KeyError):  # a page without results shows what it has
        tables.append(describe_table(load_results(results)["negative_audio"]))
    return {"models": [_describe_evaluation(model) for model in models.values()], "tables": tables}


def _describe_evaluation(model: Model) -> Evaluation:
    """`label`, and `rows` by sound with the `sentence` that sums them up, or how to get there."""
    path = model.folder / EVALUATION
    if not path.exists():
        return {
            "label": model.label,
            "sentence": "This model was not evaluated on many pictures yet. The command:",
            "command": f"python -m sspl.evaluate --checkpoint {model.folder} --kind silent "
            f"--seed 31337 --json {path}",
        }
    result = upgrade_evaluation(json.loads(path.read_text(encoding="utf-8")))
    return {
        "label": model.label,
        "sentence": tell_listening(result),
        "measured": describe_measurement(result, next(iter(result["protocols"]))),
        "rows": [
            {
                "words": SOUND_WORDS[name] if name in SOUND_WORDS else str(name),
                "cells": [
                    f"{found[key]:.3f}" for key in ("ciou_at_50", "map_correlation", "active_area")
                ],
            }
            for name, found in result["listening"].items()
        ],
    }
