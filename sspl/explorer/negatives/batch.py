"""A batch, and its false negatives: pairs that share an instrument, pushed apart all the same.

Letters: B clips of a batch.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, TypedDict

from sspl.data.orchestra import draw_picture
from sspl.experiments.false_negative_rate import expect_share
from sspl.explorer.encoding import encode_picture
from sspl.explorer.negatives.choices import (
    BATCHES,
    INSTRUMENTS,
    METHODS,
    check_choice,
    check_seed,
    read_instrument,
)

CLIP_PX = 96
Pair = Literal["own", "false", "true"]  # what a picture and a sound of one batch are
OWN: Pair
FALSE: Pair
TRUE: Pair
OWN, FALSE, TRUE = "own", "false", "true"


class Clip(TypedDict):
    """A clip of a batch: its picture and its instrument."""

    picture: str
    label: str


class Batch(TypedDict):
    """A batch of B clips and its pairs.

    Attributes:
        num_instruments: how many different ones there may be.
        pairs: for each of B pictures (rows) what each of B sounds is to it.
        num_false: of the `num_negatives` B (B - 1).
        share: of false negatives, as the labels' counts let expect, 0 to 1.
        sum: behind it, in figures.
        methods: A, B and C by their letter, in words.
    """

    num_instruments: int
    seed: int
    clips: list[Clip]
    pairs: list[list[Pair]]
    num_false: int
    num_negatives: int
    share: float
    sum: str
    methods: dict[str, str]


def draw_batch(num_instruments: int | str, batch_size: int | str, seed: int) -> Batch:
    """Draw a batch of clips, one instrument each, and find its false negatives.

    Args:
        num_instruments: how many different ones may appear: 2, 4 or 11.
        batch_size: clips: 8, 16 or 32.
        seed: which batch, from 0.
    """
    num = check_choice("num_instruments", num_instruments, INSTRUMENTS)
    size, seed = check_choice("batch_size", batch_size, BATCHES), check_seed(seed)
    drawn = [draw_picture(seed, i, "solo", CLIP_PX, num) for i in range(size)]
    labels = [placed[0].instrument for _, placed in drawn]
    pairs = sort_pairs(labels)
    counts = Counter(labels)
    return {
        "num_instruments": num,
        "seed": seed,
        "clips": [
            {"picture": encode_picture(picture), "label": read_instrument(label)}
            for (picture, _), label in zip(drawn, labels, strict=True)
        ],
        "pairs": pairs,
        "num_false": sum(row.count(FALSE) for row in pairs),
        "num_negatives": size * (size - 1),
        "share": expect_share(labels),
        "sum": " + ".join(f"{n}×{n - 1}" for _, n in counts.most_common()),
        "methods": METHODS,
    }


def sort_pairs(labels: Sequence[str]) -> list[list[Pair]]:
    """For each of B pictures (rows) what each of B sounds is to it: own, false or true."""
    return [
        [OWN if i == j else FALSE if a == b else TRUE for j, b in enumerate(labels)]
        for i, a in enumerate(labels)
    ]
