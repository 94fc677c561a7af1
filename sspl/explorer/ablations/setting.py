"""One setting: its map, by the variant that was trained so or the nearest, and its scores."""

from collections.abc import Mapping
from dataclasses import replace
from typing import TypedDict

import torch
from torch import Tensor

from sspl.attention import SCALINGS
from sspl.experiments.engine.results import Result
from sspl.explorer.ablations.nearest import Look
from sspl.explorer.ablations.objectives import describe_objective, name_variant
from sspl.explorer.ablations.readings import Reading, draw_map, read_maps
from sspl.explorer.scenes import Scene
from sspl.explorer.tables import find_summary, list_scores
from sspl.zoo.variants import TrainedVariant

LARGE_PX = 560


class Score(TypedDict):
    """A score of a training in words, beside that of all `num` seeds."""

    words: str
    own: str
    all: str
    num: int


class ShownSetting(TypedDict):
    """The scene's map under one setting.

    Attributes:
        name: of the variant that shows it.
        verdict: whether it was trained so.
        reasons: a sentence for each way in which it was not.
        trained: how the variant was trained, in words.
        asks: what its objective asks for.
        before: of the map as it was trained, where what is shown is another.
        seed: of the variant.
    """

    title: str
    sound: str
    name: str
    verdict: str
    reasons: list[str]
    trained: str
    asks: str
    frame: str
    now: Reading
    before: Reading | None
    seed: int
    scores: list[Score]


def describe_look(
    look: Look, similarity: Tensor, scene: Scene, results: Mapping[str, Result]
) -> ShownSetting:
    """What a setting looks like.

    Args:
        similarity: (T, h, w) maps of the scene after every cycle of the variant that shows it.
        results: of the experiments by their names, for the scores of other seeds.
    """
    shown, trained = similarity[look.t - 1], similarity[-1]
    if look.scaling is not None:
        shown = SCALINGS[look.scaling](shown[None])[0]
    boxes = scene.find_boxes(scene.sound)
    now, before = read_maps(torch.stack([shown, trained]), boxes)
    return {
        "title": scene.title,
        "sound": scene.sound.title,
        "name": look.variant.name,
        "verdict": look.verdict,
        "reasons": list(look.reasons),
        "trained": name_variant(look.variant),
        "asks": describe_objective(look.variant),
        "frame": draw_map(scene, shown, boxes, LARGE_PX),
        "now": now,
        "before": before if _is_changed(look) else None,
        "seed": look.variant.seed,
        "scores": _list_scores(look.variant, results),
    }


def _is_changed(look: Look) -> bool:
    """Whether what is shown is not the map that the variant was trained to make."""
    return look.scaling is not None or look.t < look.variant.config.num_cycles


def _list_scores(variant: TrainedVariant, results: Mapping[str, Result]) -> list[Score]:
    """What a variant's training scored, beside all seeds of it."""
    for line in variant.lines:
        summary = find_summary(results, line.experiment, line.group, line.label)
        if summary is None:
            continue
        own = replace(
            summary, rows=tuple(row for row in summary.rows if row["seed"] == variant.seed)
        )
        return [
            {
                "words": words,
                "own": str(own.measure("scores", *path)),
                "all": str(summary.measure("scores", *path)),
                "num": len(summary.rows),
            }
            for words, path in list_scores(results[line.experiment]).items()
        ]
    return []
