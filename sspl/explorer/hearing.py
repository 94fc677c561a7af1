"""Does it listen? One picture under its own sound, another's, silence and noise, by every model.

Letters: h w map.
"""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict

import gradio as gr
import numpy as np
from torch import Tensor

from sspl.evaluation.negative_audio import correlate_maps
from sspl.evaluation.report.verdict import describe_measurement, tell_listening
from sspl.experiments.engine.results import TINY_RESULTS, load_results
from sspl.explorer.encoding import encode_picture, encode_sound
from sspl.explorer.models import Model
from sspl.explorer.page import Page, View, draw_in_browser
from sspl.explorer.permalink import NOISE, SILENCE, find_sound
from sspl.explorer.samples import Sample
from sspl.explorer.scenes import Scene, Sound
from sspl.explorer.tables import Table, describe_table
from sspl.localizer import Localizer
from sspl.media.pictures import read_image
from sspl.plots.overlay import overlay_map, stretch_map
from sspl.sliding_window import is_silent
from sspl.trace_stats import find_peak
from sspl.upgrades import upgrade_evaluation

FRAME_PX, SCORED_PX = 280, 224
DARK = 0.5  # of what is on under the own sound: no more is left when a map counts as dark
EVALUATION = "evaluation.json"  # beside a checkpoint, what `python -m sspl.evaluate` found
INTRODUCTION = (
    "Leave the picture as it is and **change the sound**: a map that listens has to change, too. A "
    "row is a model, a column a sound. Within a row all maps have the same colours: bright is what "
    "is bright under the picture's own sound, and a map that finds nothing is dark. The white line "
    "surrounds what is above the half-way value of the map under its own sound."
)
SOUND_WORDS = {
    "right": "its own sound",
    "other": "another class's sound",
    "same": "another sound of the same class",
    "silent": "silence",
    "noise": "noise",
}


@dataclass(frozen=True, kw_only=True)
class Play:
    """A sound to play to the picture.

    Attributes:
        words: what it is to the picture.
        hint: what a model that listens should make of it.
        should: "dark" or "move", "" where nothing can be said.
    """

    sound: Sound
    words: str
    hint: str
    should: str = ""


def choose_plays(scene: Scene, samples: Mapping[str, Sample]) -> list[Play]:
    """The scene's own sound first, then what to hold against it: out of the samples, and made.

    Of the samples one sound whose instrument is seen, if there is one, and one whose is not.
    """
    own, seen = set(scene.sound.instruments), {item.name for item in scene.instruments}
    hint = f"{'T' if seen else 'If it is in the picture, t'}he map should be on what plays."
    dark = "The map should go dark.", "dark"
    if _is_off_screen(scene):  # the map should be dark to begin with: it is no yardstick
        hint = "It is off screen: no place is right, and this row's colours follow it all the same."
        dark = "Cannot be told: the first is no yardstick.", ""
    plays = [Play(sound=scene.sound, words="Its own sound", hint=hint)]

    def is_new(sound: Sound) -> bool:
        return not any(np.array_equal(sound.clip, play.sound.clip) for play in plays)

    def add(sound: Sound | None, words: str, hint: str, should: str) -> None:
        if sound is not None and is_new(sound):
            plays.append(Play(sound=sound, words=words, hint=hint, should=should))

    sounds = [sample.scene.sound for sample in samples.values()]
    alone = [sound for sound in sounds if len(sound.instruments) == 1 and is_new(sound)]
    beside = next((s for s in alone if set(s.instruments) <= seen - own), None)
    absent = next((s for s in alone if not set(s.instruments) & (seen | own)), None)
    add(beside, "Another instrument here", "The map should move there.", "move")
    if seen:
        add(absent, "An instrument not here", *dark)
    else:
        add(absent, "Another sound", "If it is not in the picture, the map should go dark.", "")
    add(find_sound(SILENCE, samples), "Silence", *dark)
    add(find_sound(NOISE, samples), "Noise", *dark)
    for sound in scene.others:
        add(sound, "A sound to compare with", "As chosen under Localize.", "")
    return plays


class SoundColumn(TypedDict):
    """A sound that is played to the picture; `audio` is None where there is nothing to play.

    `words` is what it is to the picture, `hint` what a model should make of it, `sound` its title.
    """

    words: str
    hint: str
    sound: str
    audio: str | None


class SoundCell(TypedDict):
    """The map of one model under one sound.

    Attributes:
        mean: of the map over the picture; of similarities -1 to 1, of attention 0 to 1.
        on: the share of the picture within the line.
        alike: the correlation with the map under the picture's own sound, -1 to 1.
        does: what the map does, "" where nothing can be said.
        right: whether it should, None where nobody can say.
    """

    frame: str
    mean: float
    on: float
    alike: float
    does: str
    right: bool | None


class SoundCells(TypedDict):
    """The maps of one model, a cell for each sound, and what they come to."""

    cells: list[SoundCell]
    verdict: str


class SoundRow(SoundCells):
    """The same, with the model's label, and whether it is the one chosen on the page."""

    label: str
    chosen: bool


class SoundGrid(TypedDict):
    """One picture under several sounds, by every model; `dark` is the share `DARK`."""

    title: str
    columns: list[SoundColumn]
    rows: list[SoundRow]
    dark: float


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


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """The models and the samples of a page."""

    models: Mapping[str, Model]
    samples: Mapping[str, Sample]

    def describe_hearing(self, model: str, scene: Scene) -> SoundGrid:
        """The scene's picture under its own sound, another's, silence and noise, by every model.

        Args:
            model: the model chosen on the page; its row is marked.
            scene: the picture, its sound, and sounds to compare with.
        """
        plays = choose_plays(scene, self.samples)
        return {
            "title": scene.title,
            "columns": [_describe_play(play) for play in plays],
            "rows": [
                {
                    "label": each.label,
                    "chosen": key == model,
                    **_describe_row(each, scene, plays),
                }
                for key, each in self.models.items()
            ],
            "dark": DARK,
        }


def _is_off_screen(scene: Scene) -> bool:
    """Whether it is known that what plays is not in the picture."""
    known = bool(scene.instruments and scene.sound.instruments)
    return known and not scene.find_sources(scene.sound)


def _describe_play(play: Play) -> SoundColumn:
    clip = play.sound.clip
    return {
        "words": play.words,
        "hint": play.hint,
        "sound": play.sound.title,
        "audio": None if is_silent(clip) else encode_sound(clip),
    }


def _describe_row(model: Model, scene: Scene, plays: list[Play]) -> SoundCells:
    """`cells`, one for each sound, and `verdict`, what they come to."""
    localizer = Localizer(model.network).set_image(scene.picture)
    maps = [
        localizer.set_sound(play.sound.waveform).trace().similarity[-1, 0].cpu() for play in plays
    ]
    own = maps[0]
    span = float(own.min()), float(own.max())
    picture = read_image(scene.picture, FRAME_PX)
    shares = [_measure_on(similarity, span) for similarity in maps]
    cells: list[SoundCell] = []
    for play, similarity, on in zip(plays, maps, shares, strict=True):
        does, right = _tell_change(play, scene, similarity, on, shares[0])
        cells.append(
            {
                "frame": encode_picture(overlay_map(picture, similarity, span=span)),
                "mean": float(similarity.mean()),
                "on": on,
                "alike": float(correlate_maps(similarity[None], own[None])[0]),
                "does": does,
                "right": right,
            }
        )
    return {"cells": cells, "verdict": _judge(plays, [cell["right"] for cell in cells])}


def _judge(plays: list[Play], right: list[bool | None]) -> str:
    """What a row's maps come to: whether each does what it should, None where nobody can say."""
    known = [ok for ok in right if ok is not None]
    if not known:
        return "Cannot be told where nothing in the picture plays"
    verdict = "Follows the sound in part"
    if all(known) or not any(known):
        verdict = "Follows the sound" if all(known) else "Does not follow the sound"
    if all(play.should == "dark" for play, ok in zip(plays, right, strict=True) if ok is not None):
        verdict += ", as far as silence and noise can tell"
    return verdict


def _tell_change(
    play: Play, scene: Scene, similarity: Tensor, on: float, own_on: float
) -> tuple[str, bool | None]:
    """What a map does under a sound, and whether it should; None where nobody can say."""
    if play.should == "dark":
        is_dark = on <= DARK * own_on
        return ("goes dark" if is_dark else "stays lit"), is_dark
    sources = scene.find_sources(play.sound)
    if not sources:
        return "", None
    if not any(_is_in(find_peak(similarity), source.box) for source in sources):
        return "brightest beside what plays", False
    is_dim = on <= DARK * own_on
    return f"brightest on what plays{', but dim' if is_dim else ''}", not is_dim


def _measure_on(similarity: Tensor, span: tuple[float, float]) -> float:
    """The share of the picture where a map (h, w) is over the middle of the span."""
    return float((stretch_map(similarity, SCORED_PX, SCORED_PX, span) >= 0.5).mean())


def _is_in(peak: tuple[float, float], box: tuple[float, float, float, float]) -> bool:
    (x, y), (x0, y0, x1, y1) = peak, box
    return x0 <= x <= x1 and y0 <= y <= y1


# --- On many pictures -------------------------------------------------------------------------


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


# --- Layout -----------------------------------------------------------------------------------


def build_hearing_tab(page: Page) -> View:
    """Lay out the tab."""
    hearing = Hearing(models=page.models, samples=page.samples)
    gr.Markdown(INTRODUCTION, elem_id="hearing-introduction")
    grid = draw_in_browser("hearing", None, "The picture under several sounds, by every model")
    draw_in_browser("evaluations", describe_evaluations(page.models), "The same on many pictures")
    return View(shown=grid, describe=hearing.describe_hearing)
