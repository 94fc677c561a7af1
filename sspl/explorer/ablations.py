"""Ablations: one picture under every trained variant, and what can be changed without training.

Letters: T cycles, h w map, N maps, k boxes.
"""

import contextlib
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

import gradio as gr
import numpy as np
import torch
from torch import Tensor

from sspl.attention import SCALINGS, FusionName, ScalingName
from sspl.data.inputs import prepare_picture, prepare_sound
from sspl.experiments.engine.results import TINY_RESULTS, Result, load_results
from sspl.experiments.engine.setup import OUR_RECIPE, PAPERS_OBJECTIVE
from sspl.explorer.encoding import encode_picture
from sspl.explorer.page import Page, View, answer, draw_in_browser
from sspl.explorer.scenes import Scene
from sspl.explorer.settings import (
    FUSION_WORDS,
    SCALING_WORDS,
    Look,
    Setting,
    find_look,
    read_setting,
)
from sspl.explorer.tables import Table, describe_table, find_summary, list_scores
from sspl.media.pictures import read_image
from sspl.metrics import per_sample_ciou, stretch_maps, vggss_ground_truth
from sspl.model import SSPL
from sspl.plots.overlay import overlay_map
from sspl.sliding_window import is_silent
from sspl.zoo.variants import TINY_VARIANTS, Line, TrainedVariant, load_variants, open_variants

TABLES = ("tableS6", "table5", "tableS5", "beyond", "negative_audio")
LARGE_PX, SMALL_PX = 560, 200
MOST_CYCLES = 8
READ_SETTING = "async () => (await window.sspl).readSetting()"

# By the key of a group of exhibits: what differs in it, and what that is.
GROUPS = {
    "cycles": ("Cycles of predictive coding", "how often the layers predict and correct, T"),
    "scaling": ("Scaling of the map", "before it weighs the features, Table 5"),
    "fusion": ("Fusion", "of picture and sound into one vector, Table S5"),
    "objective": ("Objective", "what training asks for"),
}
OBJECTIVE_WORDS = {
    OUR_RECIPE: "Two views of a picture agree (SimSiam), and what the map picks out is tied to the "
    "sound. No negatives.",
    "SimSiam alone": "Two views of a picture agree. Nothing else asks the map to listen.",
    "BYOL": "BYOL between the views in SimSiam's place; the tie to the sound stays.",
    "Barlow Twins": "Barlow Twins between the views in SimSiam's place; the tie stays.",
    "W-MSE": "W-MSE between the views in SimSiam's place; the tie to the sound stays.",
    "our recipe, VICReg as tie": "VICReg ties map and sound where our recipe has Barlow Twins.",
    "Attention": "What the map picks out fits its own sound better than another's, a negative.",
    "HardWay": "Bounds tell object from background, and other pictures are negatives. The "
    "published bounds, which suit eyes that learn.",
    "contrastive (A)": "Every other sound of the batch is a negative, one of the same class too.",
    "contrastive, label-guided (B)": "As A, but labels say which negatives are false.",
    PAPERS_OBJECTIVE: "The paper's loss to the letter, SimSiam alone, read out as the paper does.",
}
INTRODUCTION = (
    "What does each part of the method do? Below, **one picture and its sound under {num} trained "
    "models**. Each group changes one part of the first model; some parts bring settings of their "
    "own, as an objective does. Click one, or put a setting together: where nobody trained it, the "
    "page says what is changed on a frozen model instead. These are "
    "models of their own (seed {seed} of the experiments on the built-in world), so the choice of "
    "model above plays no part here."
)


class Reading(TypedDict):
    """What a map is worth: its cIoU, 0 to 1, None without boxes; and the share in its outline."""

    ciou: float | None
    on: float


class Card(Reading):
    """The scene's map by a trained variant; its setting is cycles, scaling, fusion, objective."""

    name: str
    words: str
    frame: str
    setting: tuple[int, ScalingName, FusionName, str]


class CardName(TypedDict):
    """A variant in a group, by its name, and what it is there."""

    name: str
    words: str


class Group(TypedDict):
    """Variants that differ in one part; the first is what they all are compared with."""

    title: str
    hint: str
    cards: list[CardName]


class Variants(TypedDict):
    """The scene under every trained variant; `silent` where its sound is of nothing."""

    title: str
    sound: str
    silent: bool
    cards: list[Card]
    groups: list[Group]


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


class Tables(TypedDict):
    """The tables in which the variants are lines."""

    tables: list[Table]


@dataclass(frozen=True, kw_only=True)
class Ablations:
    """What can be shown: exhibits, and the results with their other seeds."""

    variants: Sequence[TrainedVariant]
    results: Mapping[str, Result]

    @functools.cached_property
    def models(self) -> Mapping[str, SSPL]:
        """The exhibits' models; opened when first asked for, since a page may never need them."""
        return open_variants(self.variants)

    def describe_ablations(self, label: str, scene: Scene) -> Variants:
        """The map of the scene's sound by every trained variant, in groups that differ in one part.

        Args:
            label: the model chosen on the page; the variants are models of their own.
            scene: the picture and the sound.
        """
        maps = [similarity[-1] for similarity in self._trace(scene, self.variants)]
        boxes = scene.find_boxes(scene.sound)
        readings = _read_maps(torch.stack(maps), boxes)
        return {
            "title": scene.title,
            "sound": scene.sound.title,
            "silent": is_silent(scene.sound.heard),
            "cards": [
                {
                    "name": variant.name,
                    "words": _name(variant),
                    "frame": _draw_map(scene, similarity, boxes, SMALL_PX),
                    "setting": _list_choices(variant),
                    **reading,
                }
                for variant, similarity, reading in zip(self.variants, maps, readings, strict=True)
            ],
            "groups": [
                {"title": title, "hint": hint, "cards": self._list_group(key)}
                for key, (title, hint) in GROUPS.items()
            ],
        }

    def describe_setting(
        self, scene: Scene, cycles: int, scaling: ScalingName, fusion: FusionName, objective: str
    ) -> ShownSetting:
        """The scene's map under one setting, and whether a model was really trained with it.

        Args:
            scene: the picture and the sound.
            cycles: T, how many cycles of predictive coding; 0 is without.
            scaling: of the map, before it weighs the features.
            fusion: of picture and sound into one vector.
            objective: what training asks for.
        """
        asked = Setting(cycles=int(cycles), scaling=scaling, fusion=fusion, objective=objective)
        look = find_look(self.variants, asked)
        (similarity,) = self._trace(scene, [look.variant])
        shown, trained = similarity[look.t - 1], similarity[-1]
        if look.scaling is not None:
            shown = SCALINGS[look.scaling](shown[None])[0]
        boxes = scene.find_boxes(scene.sound)
        now, before = _read_maps(torch.stack([shown, trained]), boxes)
        return {
            "title": scene.title,
            "sound": scene.sound.title,
            "name": look.variant.name,
            "verdict": look.verdict,
            "reasons": list(look.reasons),
            "trained": _name(look.variant),
            "asks": _tell_objective(look.variant),
            "frame": _draw_map(scene, shown, boxes, LARGE_PX),
            "now": now,
            "before": before if _is_changed(look) else None,
            "seed": look.variant.seed,
            "scores": self._list_scores(look.variant),
        }

    def describe_tables(self) -> Tables:
        """The tables in which the exhibits are lines."""
        shown = {line: variant.name for variant in self.variants for line in variant.lines}

        def describe(name: str) -> Table:
            return describe_table(
                self.results[name],
                lambda group, label: shown.get(Line(experiment=name, group=group, label=label)),
            )

        return {"tables": [describe(name) for name in TABLES if name in self.results]}

    def _list_group(self, key: str) -> list[CardName]:
        """Name and words of a group's exhibits, and of the first, from which they all differ."""
        start, *others = self.variants
        c = start.config
        words = {
            "cycles": start.words,
            "scaling": SCALING_WORDS[c.scaling],
            "fusion": FUSION_WORDS[c.fusion],
            "objective": start.objective,
        }
        return [
            {"name": start.name, "words": words[key]},
            *({"name": e.name, "words": e.words} for e in others if e.group == key),
        ]

    def _trace(self, scene: Scene, variants: Sequence[TrainedVariant]) -> list[Tensor]:
        """The scene's maps (T, h, w) after every cycle of each exhibit.

        Picture and sound are encoded once: all exhibits have the same eyes and ears.
        """
        patches = prepare_sound(scene.sound.waveform, variants[0].config.audio_spec)
        embeddings = self.models[variants[0].name].encode_audio(patches)
        seen: dict[bool, Tensor] = {}
        traced = []
        for variant in variants:
            model, rectified = self.models[variant.name], variant.config.rectified_features
            with torch.no_grad():
                if rectified not in seen:
                    view = prepare_picture(scene.picture, variant.config.image_spec)
                    seen[rectified] = model.encode_image(view)
                trace = model.trace_features(seen[rectified], *model.project_audio(embeddings))
            traced.append(trace.similarity[:, 0])
        return traced

    def _list_scores(self, variant: TrainedVariant) -> list[Score]:
        """What an exhibit's training scored, beside all seeds of it."""
        for line in variant.lines:
            summary = find_summary(self.results, line.experiment, line.group, line.label)
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
                for words, path in list_scores(self.results[line.experiment]).items()
            ]
        return []


def load_ablations(variants: Path, results: Path) -> Ablations:
    """Exhibits out of a folder, and the tables of another, which may be missing.

    Raises:
        ValueError: if there are no exhibits.
    """
    tables: Mapping[str, Result] = {}
    with contextlib.suppress(ValueError):
        tables = load_results(results)
    return Ablations(variants=load_variants(variants), results=tables)


def _list_choices(variant: TrainedVariant) -> tuple[int, ScalingName, FusionName, str]:
    setting = read_setting(variant)
    return setting.cycles, setting.scaling, setting.fusion, setting.objective


def _name(variant: TrainedVariant) -> str:
    """What an exhibit is, where its group does not stand over it."""
    if variant.group == "objective":
        return variant.words
    return f"{variant.objective}, {variant.words}"


def _tell_objective(variant: TrainedVariant) -> str:
    words = OBJECTIVE_WORDS.get(variant.objective, "")
    if variant.objective == OUR_RECIPE and not variant.config.terms.background_weight:
        words += " Its two terms on what the map leaves out say nothing under softmax: left out."
    return words


def _is_changed(look: Look) -> bool:
    """Whether what is shown is not the map that the exhibit was trained to make."""
    return look.scaling is not None or look.t < look.variant.config.num_cycles


def _draw_map(scene: Scene, similarity: Tensor, boxes: np.ndarray, side_px: int) -> str:
    picture = read_image(scene.picture, side_px)
    return encode_picture(overlay_map(picture, similarity, boxes))


def _read_maps(maps: Tensor, boxes: np.ndarray) -> list[Reading]:
    """Of each of (N, h, w) maps `ciou`, None without boxes, and `on`, the share in its outline."""
    on = (stretch_maps(maps, "sspl") >= 0.5).float().mean((1, 2)).tolist()
    cious: list[float | None] = [None] * len(maps)
    if len(boxes):
        truth = vggss_ground_truth(list(boxes))[None].repeat(len(maps), axis=0)
        cious = per_sample_ciou(maps, truth, "sspl").tolist()
    return [{"ciou": c, "on": share} for c, share in zip(cious, on, strict=True)]


# --- Layout -----------------------------------------------------------------------------------


def build_ablations_tab(
    page: Page, variants: Path = TINY_VARIANTS, results: Path = TINY_RESULTS
) -> View | None:
    """Lay out the tab and tie its parts together.

    Args:
        exhibits: the folder of the exhibits; without them the tab says so and shows nothing.
        results: the folder of the tables; without them there are none.
    """
    try:
        ablations = load_ablations(variants, results)
    except ValueError as error:
        gr.Markdown(f"There is nothing to compare: {error}.")
        return None
    found = ablations.variants
    start = read_setting(found[0])

    gr.Markdown(
        INTRODUCTION.format(num=len(found), seed=found[0].seed), elem_id="ablations-introduction"
    )
    with gr.Row(elem_id="setting-row"):
        with gr.Column(scale=5, min_width=320):
            setting = draw_in_browser("setting", None, "The setting chosen")
        with gr.Column(scale=6, min_width=320, elem_id="settings"):
            cycles = gr.Radio(
                [("no PCM", 0), *((f"T = {t}", t) for t in range(1, MOST_CYCLES + 1))],
                value=start.cycles,
                label="Cycles of predictive coding, T",
            )
            scaling = gr.Radio(
                [(words, name) for name, words in SCALING_WORDS.items()],
                value=start.scaling,
                label="Scaling of the map, Eq. (5)",
            )
            fusion = gr.Radio(
                [(words, name) for name, words in FUSION_WORDS.items()],
                value=start.fusion,
                label="Fusion of picture and sound, Eq. (4)",
            )
            objective = gr.Radio(
                list(dict.fromkeys(variant.objective for variant in found)),
                value=start.objective,
                label="Objective",
            )
    grid = draw_in_browser("ablations", None, "The picture under every trained variant")
    if ablations.results:
        draw_in_browser("tables", ablations.describe_tables(), "The tables of the experiments")

    parts = [cycles, scaling, fusion, objective]
    # A click on a picture, or on a line of a table, chooses its setting without asking anybody.
    grid.select(None, None, parts, js=READ_SETTING, api_visibility="private")
    answer(
        [grid.change, *(part.change for part in parts)],
        ablations.describe_setting,
        [page.scene, *parts],
        setting,
        show_progress="minimal",
        show_progress_on=setting,
        trigger_mode="always_last",
    )
    return View(shown=grid, describe=ablations.describe_ablations)
