"""Swap the sound: one picture under its own, another's, silence and noise, all on one scale.

Letters: h w map.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from torch import Tensor

from sspl.evaluation.negative_audio import correlate_maps
from sspl.explorer.encoding import encode_picture, encode_sound
from sspl.explorer.models import Model
from sspl.explorer.permalink import NOISE, SILENCE, find_sound
from sspl.explorer.samples import Sample
from sspl.explorer.scenes import Scene, Sound
from sspl.localizer import Localizer
from sspl.media.pictures import read_image
from sspl.model import Trace
from sspl.plots.overlay import overlay_map, stretch_map
from sspl.sliding_window import is_silent
from sspl.trace_stats import find_peak

FRAME_PX, SCORED_PX = 280, 224
DARK = 0.5  # of what is on under the own sound: no more is left when a map counts as dark
DARK_SHARE = 0.02  # of the picture, where one threshold holds for all sounds
NUM_OTHERS = 2  # sounds out of the samples to hold against the picture's own
# What the colours of a row stand for.
ABSOLUTE = (
    "One scale for all pictures and sounds: within the white line the model says that what is seen "
    "makes this sound. Where nothing does, there is no line."
)
RELATIVE = (
    "This model knows no absolute scale. Bright is what is bright under the picture's own sound; "
    "the white line surrounds what is above the half-way value of that map."
)


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

    Of the samples, those of the scene's kind: one whose source is seen, if there is one, and others
    whose is not.
    """
    own, seen = set(scene.sound.instruments), {item.name for item in scene.instruments}
    dark = "The map should go dark.", "dark"
    first = f"{'T' if seen else 'If it is in the picture, t'}he map should be on what plays.", ""
    if _is_off_screen(scene):
        first = "It is off screen: the map should be dark.", "dark"
    plays: list[Play] = []

    def add(sound: Sound, words: str, hint: str, should: str) -> None:
        if is_new(sound):
            plays.append(Play(sound=sound, words=words, hint=hint, should=should))

    def is_new(sound: Sound) -> bool:
        return not any(np.array_equal(sound.clip, play.sound.clip) for play in plays)

    add(scene.sound, "Its own sound", *first)
    alike = [sample.scene for sample in samples.values() if sample.scene.drawn == scene.drawn]
    sounds = [each.sound for each in alike if len(each.sound.instruments) == 1]
    for sound in [sound for sound in sounds if set(sound.instruments) <= seen - own][:1]:
        add(sound, "Something else here", "The map should move there.", "move")
    for sound in sounds:
        if len(plays) > NUM_OTHERS:
            break
        if set(sound.instruments) & (seen | own):
            continue
        if seen:
            add(sound, "Not in the picture", *dark)
        else:
            add(sound, "Another sound", "If it is not in the picture, the map should go dark.", "")
    add(find_sound(SILENCE, samples), "Silence", *dark)
    add(find_sound(NOISE, samples), "Noise", *dark)
    for sound in scene.others:
        add(sound, "A sound to compare with", "As chosen above.", "")
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
        on: the share of the picture within the line.
        alike: the correlation with the map under the picture's own sound, -1 to 1.
        does: what the map does, "" where nothing can be said.
        right: whether it should, None where nobody can say.
    """

    frame: str
    on: float
    alike: float
    does: str
    right: bool | None


class SoundCells(TypedDict):
    """The maps of one model, a cell for each sound; what the colours are, and what it comes to."""

    cells: list[SoundCell]
    scale: str
    verdict: str


class SoundRow(SoundCells):
    """The same, with the model's label, and whether it is the one chosen on the page."""

    label: str
    chosen: bool


class SoundGrid(TypedDict):
    """One picture under several sounds, by one model or by every."""

    title: str
    columns: list[SoundColumn]
    rows: list[SoundRow]


@dataclass(frozen=True, kw_only=True)
class Hearing:
    """The models and the samples of a page."""

    models: Mapping[str, Model]
    samples: Mapping[str, Sample]

    def describe_hearing(self, model: str, scene: Scene) -> SoundGrid:
        """The scene's picture under its own sound, others, silence and noise, by one model.

        Args:
            model: its key, from list_samples.
            scene: the picture, its sound, and sounds to compare with.
        """
        return self._describe({model: self.models[model]}, model, scene)

    def compare_hearing(self, model: str, scene: Scene) -> SoundGrid:
        """The same by every model; the row of the one chosen on the page is marked."""
        return self._describe(self.models, model, scene)

    def _describe(self, models: Mapping[str, Model], chosen: str, scene: Scene) -> SoundGrid:
        plays = choose_plays(scene, self.samples)
        return {
            "title": scene.title,
            "columns": [_describe_play(play) for play in plays],
            "rows": [
                {
                    "label": each.label,
                    "chosen": key == chosen and len(models) > 1,
                    **_describe_row(each, scene, plays),
                }
                for key, each in models.items()
            ],
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
    """The map after the last cycle under each sound, all on one scale."""
    localizer = Localizer(model.network).set_image(scene.picture)
    traces = [localizer.set_sound(play.sound.waveform).trace() for play in plays]
    maps = [_read_map(trace).cpu() for trace in traces]
    own, threshold = maps[0], traces[0].threshold
    absolute = traces[0].agreement is not None
    span = (0.0, 2 * threshold) if absolute else (float(own.min()), float(own.max()))
    picture = read_image(scene.picture, FRAME_PX)
    shares = [_measure_on(each, span) for each in maps]
    most = DARK_SHARE if absolute else DARK * shares[0]
    known = absolute or not _is_off_screen(scene)  # else the first map, which should be dark, is it
    cells: list[SoundCell] = []
    for play, each, on in zip(plays, maps, shares, strict=True):
        does, right = _tell_change(play, scene, each, on <= most) if known else ("", None)
        cells.append(
            {
                "frame": encode_picture(overlay_map(picture, each, span=span)),
                "on": on,
                "alike": float(correlate_maps(each[None], own[None])[0]),
                "does": does,
                "right": right,
            }
        )
    return {
        "cells": cells,
        "scale": ABSOLUTE if absolute else RELATIVE,
        "verdict": _judge(plays, [cell["right"] for cell in cells]),
    }


def _read_map(trace: Trace) -> Tensor:
    """The agreement with the sound, (h, w), where the model has it, else its last map."""
    return trace.similarity[-1, 0] if trace.agreement is None else trace.agreement[0]


def _judge(plays: list[Play], right: list[bool | None]) -> str:
    """What a row's maps come to: whether each does what it should, None where nobody can say."""
    known = [ok for ok in right if ok is not None]
    if not known:
        return "Cannot be told where nothing in the picture plays"
    verdict = "Follows the sound in part"
    if all(known) or not any(known):
        verdict = "Follows the sound" if all(known) else "Does not follow the sound"
    if all(play.should == "dark" for play, ok in zip(plays, right, strict=True) if ok is not None):
        verdict += ", as far as sounds of nothing here can tell"
    return verdict


def _tell_change(
    play: Play, scene: Scene, similarity: Tensor, is_dark: bool
) -> tuple[str, bool | None]:
    """What a map does under a sound, and whether it should; None where nobody can say."""
    if play.should == "dark":
        return ("is dark" if is_dark else "stays lit"), is_dark
    sources = scene.find_sources(play.sound)
    if not sources:
        return "", None
    if not any(_is_in(find_peak(similarity), source.box) for source in sources):
        return "brightest beside what plays", False
    return f"brightest on what plays{', but dim' if is_dark else ''}", not is_dark


def _measure_on(similarity: Tensor, span: tuple[float, float]) -> float:
    """The share of the picture where a map (h, w) is over the middle of the span."""
    return float((stretch_map(similarity, SCORED_PX, SCORED_PX, span) >= 0.5).mean())


def _is_in(peak: tuple[float, float], box: tuple[float, float, float, float]) -> bool:
    (x, y), (x0, y0, x1, y1) = peak, box
    return x0 <= x <= x1 and y0 <= y <= y1
