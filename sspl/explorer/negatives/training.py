"""A minute of training: A, B and C side by side, lap by lap."""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TypedDict

import numpy as np

from sspl.data.orchestra import draw_picture
from sspl.experiments.false_negative_rate import expect_share
from sspl.experiments.live_training import (
    HELD_SEED,
    NUM_HELD,
    NUM_SHOWN,
    LiveScenes,
    LiveTraining,
    Standing,
    list_live_runs,
)
from sspl.explorer.encoding import encode_picture
from sspl.explorer.negatives.choices import (
    BATCHES,
    INSTRUMENTS,
    METHODS,
    check_choice,
    check_seed,
    read_instrument,
)
from sspl.plots.overlay import overlay_map

SCENE_PX = 200
NUM_STEPS, LAP_STEPS = 240, 6  # a lap of six takes half a second on two cores


class Progress(TypedDict):
    """How much of the scenes is drawn: `done` of `total`, and the same in words."""

    words: str
    done: int
    total: int


class TrainedScene(TypedDict):
    """A held-out scene, with its map and its cIoU, 0 to 1, by every method's letter.

    `sound` is what plays, `silent` what is seen and does not.
    """

    sound: str
    silent: str
    picture: str
    maps: dict[str, str]
    cious: dict[str, float]


class Curves(TypedDict):
    """The curves after N laps, and how far the training is.

    Attributes:
        words: how far, `done` steps in figures; `over` after the last.
        steps: N numbers, the steps after each lap.
        losses: by method N means since the lap before, None where it was not trained yet.
        scores: by method, under the "right" sound and an "other" one, N shares of the held-out
            scenes that are found.
    """

    words: str
    done: int
    over: bool
    steps: list[int]
    losses: dict[str, list[float | None]]
    scores: dict[str, dict[str, list[float]]]


class Training(Curves):
    """All that is shown of a training.

    Attributes:
        total: steps.
        methods: A, B and C by their letter, in words.
        fact: how many of the negatives are false here.
    """

    total: int
    methods: dict[str, str]
    fact: str
    scenes: list[TrainedScene]


def train_methods(
    num_instruments: int | str, batch_size: int | str, seed: int
) -> Iterator[Progress | Training]:
    """Train A, B and C side by side, live: curves, scores and maps after every few steps.

    The first time for a number of instruments the scenes are drawn, which takes as long again.

    Args:
        num_instruments: how many different ones appear: 2, 4 or 11.
        batch_size: 8, 16 or 32.
        seed: of the weights and the batches, from 0; the same seed gives the same curves.
    Returns:
        one message after another: how much of the scenes is drawn, then the training, lap by lap.
    """
    num = check_choice("num_instruments", num_instruments, INSTRUMENTS)
    size, seed = check_choice("batch_size", batch_size, BATCHES), check_seed(seed)
    try:
        yield from _show_training(num, size, seed)
    except (RuntimeError, MemoryError, OSError) as error:
        raise ValueError(
            f"the training broke off ({type(error).__name__}): start it again, or with a smaller "
            "batch; the rest of the page is as it was"
        ) from error


def _show_training(
    num_instruments: int, batch_size: int, seed: int
) -> Iterator[Progress | Training]:
    scenes = _open_scenes(num_instruments)
    for done in scenes.fill():
        yield {
            "words": f"Drawing scenes to learn from: {done} of {scenes.num_scenes}",
            "done": done,
            "total": scenes.num_scenes,
        }
    live_training = LiveTraining(list_live_runs(num_instruments, batch_size, seed), scenes)
    share = expect_share(scenes.training()[0].labels)
    fact = (
        f"Here {share * 100:.0f} % of the negatives are false, for each picture about "
        f"{share * (batch_size - 1):.1f} of {batch_size - 1}."
    )
    pictures = _draw_scenes(live_training)
    laps: list[Standing] = []
    for lap in live_training.run(NUM_STEPS, LAP_STEPS):
        laps.append(lap)
        yield {
            **describe_laps(laps),
            "total": NUM_STEPS,
            "methods": METHODS,
            "fact": fact,
            "scenes": _describe_scenes(live_training, lap, pictures),
        }


def describe_laps(laps: Sequence[Standing]) -> Curves:
    """The curves so far, and in words how far it is."""
    last = laps[-1]
    names = list(last.scores)
    is_over = last.steps >= NUM_STEPS
    words = f"Step {last.steps} of {NUM_STEPS}"
    if is_over:
        found = [f"{name} {last.scores[name]['right'] * NUM_HELD:.0f}" for name in names]
        middle = sum(last.scores[name]["right"] for name in names) / len(names)
        # Two standard errors of the difference of two such scores.
        error = 2 * float(np.sqrt(2 * middle * (1 - middle) / NUM_HELD))
        words = (
            f"Done: {NUM_STEPS} steps each in {last.seconds:.0f} s. Of {NUM_HELD} scenes, found: "
            f"{', '.join(found)}. So few scenes cannot tell apart what differs by less than about "
            f"{error * NUM_HELD:.0f} of them. Try another seed."
        )
    return {
        "words": words,
        "done": last.steps,
        "over": is_over,
        "steps": [lap.steps for lap in laps],
        "losses": {name: [lap.losses.get(name) for lap in laps] for name in names},
        "scores": {
            name: {sound: [lap.scores[name][sound] for lap in laps] for sound in last.scores[name]}
            for name in names
        },
    }


@lru_cache(maxsize=len(INSTRUMENTS))  # frozen encoders: drawn and encoded once for everybody
def _open_scenes(num_instruments: int) -> LiveScenes:
    return LiveScenes(num_instruments)


def _draw_scenes(live_training: LiveTraining) -> list[np.ndarray]:
    """The scenes that are shown, larger than the model sees them: (SCENE_PX, SCENE_PX, 3) uint8."""
    num_instruments = live_training.course.num_instruments
    return [
        draw_picture(HELD_SEED, i, "silent", SCENE_PX, num_instruments)[0] for i in range(NUM_SHOWN)
    ]


def _describe_scenes(
    live_training: LiveTraining, lap: Standing, pictures: Sequence[np.ndarray]
) -> list[TrainedScene]:
    pairs = live_training.test_pairs
    scenes: list[TrainedScene] = []
    for i, picture in enumerate(pictures):
        silent = [read_instrument(seen.label) for seen in pairs.objects[i] if not seen.sounding]
        plain = overlay_map(picture, lap.maps["A"][i], pairs.boxes[i], strength=0)
        scenes.append(
            {
                "sound": read_instrument(pairs.labels[i]),
                "silent": ", ".join(silent),
                "picture": encode_picture(plain),
                "maps": {
                    name: encode_picture(overlay_map(picture, maps[i], pairs.boxes[i]))
                    for name, maps in lap.maps.items()
                },
                "cious": {name: round(float(cious[i]), 2) for name, cious in lap.cious.items()},
            }
        )
    return scenes
