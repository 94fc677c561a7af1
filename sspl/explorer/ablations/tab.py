"""The tab "Ablations": one picture under every trained variant, and what needs no training.

Letters: T cycles.
"""

import contextlib
import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

import gradio as gr

from sspl.attention import FusionName, ScalingName
from sspl.experiments.engine.results import TINY_RESULTS, Result, load_results
from sspl.explorer.ablations.nearest import (
    FUSION_WORDS,
    SCALING_WORDS,
    Setting,
    find_look,
    read_setting,
)
from sspl.explorer.ablations.objectives import find_objective
from sspl.explorer.ablations.readouts import ChosenModel
from sspl.explorer.ablations.setting import ShownSetting, describe_look
from sspl.explorer.ablations.tracing import trace_variants
from sspl.explorer.ablations.variants import Variants, describe_variants
from sspl.explorer.page import Page, View, answer, draw_in_browser
from sspl.explorer.scenes import Scene
from sspl.explorer.tables import Table, describe_table
from sspl.model import SSPL
from sspl.zoo.variants import TINY_VARIANTS, Line, TrainedVariant, load_variants, open_variants

TABLES = ("tableS6", "table5", "tableS5", "beyond", "negative_audio")
MOST_CYCLES = 8
READ_SETTING = "async () => (await window.sspl).readSetting()"
CHOSEN = (
    "What does each part of the method do? First **the model chosen above**, with one thing "
    "changed at a time. Nothing is trained for it: these are read-outs of frozen weights, those "
    "that differ most first."
)
INTRODUCTION = (
    "Then **{num} models that were trained so**, on the built-in world's drawings, which are all "
    "that they know. Each group changes one part of the first model; some parts bring settings of "
    "their own, as an objective does. Click one, or put a setting together: where nobody trained "
    "it, the page says what is changed on a frozen model instead. They are of seed {seed} of the "
    "experiments."
)


class Tables(TypedDict):
    """The tables in which the variants are lines."""

    tables: list[Table]


@dataclass(frozen=True, kw_only=True)
class Ablations:
    """What can be shown: variants, and the results with their other seeds."""

    variants: Sequence[TrainedVariant]
    results: Mapping[str, Result]

    @functools.cached_property
    def models(self) -> Mapping[str, SSPL]:
        """The variants' models; opened when first asked for, since a page may never need them."""
        return open_variants(self.variants)

    def describe_ablations(self, model: str, scene: Scene) -> Variants:
        """The map of the scene's sound by every trained variant, in groups that differ in one part.

        Args:
            model: the model chosen on the page; the variants are models of their own.
            scene: the picture and the sound; of one that is not drawn there is nothing to show.
        """
        return describe_variants(self.models, self.variants, scene)

    def describe_setting(
        self, scene: Scene, cycles: int, scaling: ScalingName, fusion: FusionName, objective: str
    ) -> ShownSetting:
        """The scene's map under one setting, and whether a model was really trained with it.

        Args:
            scene: the picture and the sound.
            cycles: T, how many cycles of predictive coding; 0 is without.
            scaling: of the map, before it weighs the features.
            fusion: of picture and sound into one vector.
            objective: what training asks for, by its key.
        """
        asked = Setting(cycles=int(cycles), scaling=scaling, fusion=fusion, objective=objective)
        look = find_look(self.variants, asked)
        (similarity,) = trace_variants(self.models, [look.variant], scene)
        return describe_look(look, similarity, scene, self.results)

    def describe_tables(self) -> Tables:
        """The tables in which the variants are lines."""
        shown = {line: variant.name for variant in self.variants for line in variant.lines}

        def describe(name: str) -> Table:
            return describe_table(
                self.results[name],
                lambda group, label: shown.get(Line(experiment=name, group=group, label=label)),
            )

        return {"tables": [describe(name) for name in TABLES if name in self.results]}


def load_ablations(variants: Path, results: Path) -> Ablations:
    """Variants out of a folder, and the tables of another, which may be missing.

    Raises:
        ValueError: if there are no variants.
    """
    tables: Mapping[str, Result] = {}
    with contextlib.suppress(ValueError):
        tables = load_results(results)
    return Ablations(variants=load_variants(variants), results=tables)


def build_ablations_tab(
    page: Page, variants: Path = TINY_VARIANTS, results: Path = TINY_RESULTS
) -> View | None:
    """Lay out the tab and tie its parts together.

    Args:
        variants: the folder of the variants; without them the tab says so and shows nothing.
        results: the folder of the tables; without them there are none.
    """
    try:
        ablations = load_ablations(variants, results)
    except ValueError as error:
        gr.Markdown(f"There is nothing to compare: {error}.")
        return None
    found = ablations.variants
    start = read_setting(found[0])

    gr.Markdown(CHOSEN, elem_id="ablations-introduction")
    chosen = ChosenModel(models=page.models)
    readouts = draw_in_browser("readouts", None, "The chosen model with one thing changed")
    gr.Markdown(
        INTRODUCTION.format(num=len(found), seed=found[0].seed), elem_id="variants-introduction"
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
                list({v.objective: find_objective(v) for v in found}.items()),
                value=start.objective,
                label="Objective",
            )
    grid = draw_in_browser("ablations", None, "The picture under every trained variant")
    if ablations.results:
        draw_in_browser("tables", ablations.describe_tables(), "The tables of the experiments")

    asked = [page.model, page.scene]
    answer(
        readouts.change,
        ablations.describe_ablations,
        asked,
        grid,
        show_progress="minimal",
        trigger_mode="always_last",
    )
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
    return View(shown=readouts, describe=chosen.describe_readouts)
