"""The tab "False negatives": a batch and its wrong pairs, a minute of training, the full runs.

What the tab teaches is Sec. 1 and D.3 of the paper: a contrastive loss pushes a picture away from
every other sound of its batch, and some of those are of the very instrument that it shows.

Letters: B clips of a batch.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypedDict

import gradio as gr
import numpy as np
from PIL import Image

from sspl.data.orchestra import draw_picture
from sspl.experiments import false_negative_rate
from sspl.experiments.engine.results import (
    TINY_RESULTS,
    Result,
    load_results,
    name_hardest,
    summarise_rows,
)
from sspl.experiments.false_negative_rate import expect_share
from sspl.experiments.live_training import (
    HELD_SEED,
    NUM_HELD,
    NUM_SHOWN,
    NUM_TRAIN,
    LiveScenes,
    LiveTraining,
    Standing,
    list_live_runs,
)
from sspl.explorer.encoding import encode_picture
from sspl.explorer.page import Page, draw_in_browser
from sspl.explorer.uploads import tell_person
from sspl.plots.overlay import overlay_map

INSTRUMENTS, BATCHES = (2, 4, 11), (8, 16, 32)  # to choose from
FIRST = {"num_instruments": 4, "batch_size": 16, "seed": 0}  # what a visitor finds
CLIP_PX, SCENE_PX, FIGURE_PX = 96, 200, 1100
NUM_STEPS, LAP_STEPS = 240, 6  # a lap of six takes half a second on two cores
Pair = Literal["own", "false", "true"]  # what a picture and a sound of one batch are
OWN: Pair
FALSE: Pair
TRUE: Pair
OWN, FALSE, TRUE = "own", "false", "true"
METHODS = {
    "A": "contrast: away from every other sound",
    "B": "contrast, told by labels which sounds to leave out",
    "C": "SSPL: no negatives at all",
}

BATCH_WORDS = """### 1. A batch, and what is wrong with it
Contrastive learning draws clips at random and tells the model: a picture belongs to its own sound,
and to none of the others. But two cellos sound alike. A sound of the same instrument is a **false
negative**: the model is told to find the cello unlike a cello."""
RACE_WORDS = f"""### 2. Train A, B and C for a minute
Three models start alike and learn from the same {NUM_TRAIN} scenes of the built-in world, in the
same batches, on this machine's processor. **A** pushes every picture away from all other sounds of
its batch, **B** leaves the false negatives out, for which it must be told what plays, and **C**,
SSPL without PCM by our recipe, compares two views of a picture and ties what the map picks out to
the sound; it pushes nothing away. All are scored on {NUM_HELD} scenes that none has seen, where a
second instrument is seen and not heard."""
RUNS_WORDS = "### 3. The full runs"
NEXT_SEED = "async (num, size, seed) => [num, size, (await window.sspl).nextBatch()]"
SAME_SEED = "async (num, size, seed) => [num, size, (await window.sspl).thisBatch()]"
ANNOUNCE = "async (...given) => { (await window.sspl).announceTraining(); return given; }"
LOOK: Any = {"show_progress": "minimal", "trigger_mode": "always_last"}
REFUSED = "async () => (await window.sspl).refuseTraining()"
STOP = "async () => (await window.sspl).stopTraining()"


# --- A batch ----------------------------------------------------------------------------------


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
    num = _choose("num_instruments", num_instruments, INSTRUMENTS)
    size, seed = _choose("batch_size", batch_size, BATCHES), _check_seed(seed)
    drawn = [draw_picture(seed, i, "solo", CLIP_PX, num) for i in range(size)]
    labels = [placed[0].instrument for _, placed in drawn]
    pairs = sort_pairs(labels)
    counts = Counter(labels)
    return {
        "num_instruments": num,
        "seed": seed,
        "clips": [
            {"picture": encode_picture(picture), "label": _read_name(label)}
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


# --- A minute of training ---------------------------------------------------------------------


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
    num = _choose("num_instruments", num_instruments, INSTRUMENTS)
    size, seed = _choose("batch_size", batch_size, BATCHES), _check_seed(seed)
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
    course = _open_course(num_instruments)
    for done in course.fill():
        yield {
            "words": f"Drawing scenes to learn from: {done} of {course.num_scenes}",
            "done": done,
            "total": course.num_scenes,
        }
    live_training = LiveTraining(list_live_runs(num_instruments, batch_size, seed), course)
    share = expect_share(course.training()[0].labels)
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


@lru_cache(maxsize=len(INSTRUMENTS))  # frozen eyes: drawn and encoded once, for all visitors
def _open_course(num_instruments: int) -> LiveScenes:
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
        silent = [_read_name(seen.label) for seen in pairs.objects[i] if not seen.sounding]
        plain = overlay_map(picture, lap.maps["A"][i], pairs.boxes[i], strength=0)
        scenes.append(
            {
                "sound": _read_name(pairs.labels[i]),
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


# --- The full runs ----------------------------------------------------------------------------


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
        return {"sentence": f"No full runs are stored: run `{_COMMAND}` first."}
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


_COMMAND = "python -m sspl.experiments false_negative_rate figure2"


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


# --- What they share --------------------------------------------------------------------------


def _choose(what: str, value: int | str, choices: Sequence[int]) -> int:
    """A choice as a number: the page and its API give words."""
    if str(value) not in map(str, choices):
        raise ValueError(f"{what} is {value}: take one of {', '.join(map(str, choices))}")
    return int(value)


def _check_seed(seed: int | None) -> int:
    if not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise ValueError(f"the seed is {seed}: take a whole number from 0 to {2**31 - 1}")
    return seed


def _read_name(label: str) -> str:
    return label.replace("_", " ")


def build_negatives_tab(page: Page) -> None:
    """Lay the tab out. It shows no visitor's scene, so that it has no view of one."""
    gr.Markdown(BATCH_WORDS)
    with gr.Row(elem_id="batch-choices"):
        num = gr.Radio(
            [str(n) for n in INSTRUMENTS], value=str(FIRST["num_instruments"]), label="Instruments"
        )
        size = gr.Radio(
            [str(n) for n in BATCHES], value=str(FIRST["batch_size"]), label="Clips in a batch"
        )
        another = gr.Button("Draw another batch", elem_id="another-batch")
    drawn = gr.Number(FIRST["seed"], precision=0, visible=False)
    batch = draw_in_browser("batch", draw_batch(**FIRST), "A batch and its pairs")
    gr.Markdown(RACE_WORDS)
    with gr.Row(elem_id="race-choices"):
        start = gr.Button("Train A, B and C", variant="primary", elem_id="start-race")
        cancel = gr.Button("Cancel", elem_id="cancel-race")
        seed = gr.Number(FIRST["seed"], precision=0, label="Seed", elem_id="race-seed")
    live_training = draw_in_browser("race", {}, "Training A, B and C")
    gr.Markdown(RUNS_WORDS)
    runs = draw_in_browser("fullruns", {}, "The stored full runs")

    draw, asked = tell_person(draw_batch), [num, size, drawn]
    another.click(
        draw,
        asked,
        batch,
        js=NEXT_SEED,
        api_name="draw_batch",
        api_visibility="undocumented",
        **LOOK,
    )
    gr.on(
        [num.input, size.input], draw, asked, batch, js=SAME_SEED, api_visibility="private", **LOOK
    )
    training = start.click(
        tell_person(train_methods),
        [num, size, seed],
        live_training,
        js=ANNOUNCE,
        api_name="train_methods",
        api_visibility="undocumented",
        show_progress="hidden",
        concurrency_limit=1,
        concurrency_id="training",
    )
    training.failure(js=REFUSED, api_visibility="private")
    cancel.click(None, cancels=[training], js=STOP)
    runs.select(
        tell_person(describe_full_runs), None, runs, api_name="describe_full_runs",
        api_visibility="undocumented",
        show_progress="hidden",
    )  # fmt: skip
