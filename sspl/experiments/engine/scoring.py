"""What a trial's model scores on a test set: the numbers of a row, a view of the one evaluator."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sspl.data.pairs import Pairs
from sspl.evaluation.evaluator import Questions, evaluate_floors, evaluate_model
from sspl.evaluation.summary import describe, describe_sound, sum_up
from sspl.evaluation.test_sets import EncodedTestSet
from sspl.metrics import Protocol
from sspl.model import AudioVisualModel
from sspl.objectives import Objective
from sspl.training.collapse import find_collapse

PROTOCOLS: tuple[Protocol, ...] = ("sspl", "adaptive")


def score_model(model: AudioVisualModel, test: EncodedTestSet) -> dict[str, Any]:
    """cIoU@0.5 and AUC under protocol `sspl`; `adaptive`, cycles and other sounds beside them."""
    questions = Questions(protocols=PROTOCOLS, per_cycle=True, conditions=None)
    found = evaluate_model(model, test, questions)
    return {
        "n": len(found.indices),
        **describe(found.own),
        "adaptive": sum_up(found.cious["adaptive"]),
        "per_cycle": [{"t": t, **sum_up(cious)} for t, cious in enumerate(found.per_cycle, 1)],
        "listening": {name: describe_sound(sound) for name, sound in found.under.items()},
    }


def measure_floors(test: EncodedTestSet, training: Pairs) -> dict[str, Any]:
    """The same two scores of what does not listen, by floor and protocol.

    Args:
        training: whose boxes, if it has any, make the mean box.
    """
    annotated = [i for i, num in enumerate(training.num_annotators) if num]
    truths = (training.draw_truth([i])[0].numpy() for i in annotated)
    floors = evaluate_floors(test, PROTOCOLS, truths)
    return {name: {p: sum_up(c) for p, c in cious.items()} for name, cious in floors.items()}


def show_panels(
    model: AudioVisualModel, test: EncodedTestSet, ids: Sequence[str], num: int
) -> list[dict]:
    """The first `num` clips of a test set with the map after each cycle, to be drawn.

    Args:
        ids: of the test set's pairs.
    """
    found = evaluate_model(model, test.take(num), Questions(num_maps=num))
    return [
        {
            "clip": ids[index],
            "ciou": round(float(ciou), 3),
            "maps": np.round(found.maps[:, index].numpy().astype(np.float64), 3).tolist(),
        }
        for index, ciou in zip(found.indices, found.own, strict=True)
    ]


def describe_fit(config: Mapping[str, Any]) -> dict[str, Any]:
    """What a row says of a closed-form fit: what it chose, from its checkpoint's config."""
    return {name: config[name] for name in ("extent", "threshold")}


def describe_training(
    rows: Sequence[Mapping[str, Any]], epoch: int, objective: Objective
) -> dict[str, Any]:
    """What a row says of the training, from the rows of its epochs.

    Args:
        epoch: which was chosen.
    Returns:
        that epoch's loss, and the monitors of the last one: a collapse may come after the choice.
    """
    last = rows[-1]
    return {
        "epoch": epoch,
        "loss": rows[epoch - 1]["loss"],
        "last_epoch": last["epoch"],
        "spread": last["spread"],
        "dimensions": last["dimensions"],
        "agreement": -last[objective.name] if objective.agreement_floor is not None else None,
        "collapsed": find_collapse(last, objective) is not None,
    }
