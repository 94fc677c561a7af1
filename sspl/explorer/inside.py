"""The tab "Inside the model": its cycles with live values and the equations they come from."""

from collections.abc import Mapping
from dataclasses import dataclass

import gradio as gr

from sspl.explorer.diagram import Diagram, NothingInside, describe_cycles
from sspl.explorer.location import Location, describe_equations
from sspl.explorer.models import Model
from sspl.explorer.page import Page, View, answer, draw_in_browser
from sspl.explorer.predictions import Predictions, describe_predictions
from sspl.explorer.scenes import Scene
from sspl.model import SSPL
from sspl.predictive_attention import PredictiveAttention

NO_LOCATIONS = (
    "This model has no layers whose locations could be opened: take a model with PCM, or see its "
    "cycles in describe_inside."
)
READ_LOCATION = "async (model, scene) => [model, scene, ...(await window.sspl).readLocation()]"


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What the tab asks of the models, by their key."""

    models: Mapping[str, Model]

    def describe_inside(self, model: str, scene: Scene) -> Diagram | Predictions | NothingInside:
        """What the model computes in every cycle, for the present picture and its first sound.

        Args:
            model: its key, from list_samples.
            scene: the visitor's.
        """
        network = self.models[model].network
        if isinstance(network, PredictiveAttention):
            return describe_predictions(network, scene)
        assert isinstance(network, SSPL)
        return describe_cycles(network, scene)

    def describe_location(
        self, model: str, scene: Scene, layer: float, row: float, column: float
    ) -> Location:
        """The numbers of one location of the PCM in every cycle, and the equations behind them.

        Args:
            model: its key, from list_samples.
            scene: the visitor's.
            layer: 1 (3x3 locations), 2 (7x7) or 3 (14x14).
            row: from 0, the top.
            column: from 0, the left.
        """
        network = self.models[model].network
        if not isinstance(network, SSPL):
            raise ValueError(NO_LOCATIONS)
        return describe_equations(network, scene, int(layer), int(row), int(column))


def build_inside_tab(page: Page) -> View:
    """Lay out the tab: the diagram, beside it a location of the PCM, below it errors and gains."""
    inside = Inside(models=page.models)
    with gr.Row(elem_id="inside-row"):
        with gr.Column(scale=7, min_width=540):
            shown = draw_in_browser("inside", None, "The model, step by step")
        with gr.Column(scale=5, min_width=420):
            location = draw_in_browser("location", None, "The chosen place in numbers")
    # Drawn together with the diagram; apart from it so that a phone has the location in between.
    gr.HTML('<section class="courses" aria-label="Errors and gains"></section>', elem_id="courses")
    layer, row, column = (
        gr.Number(visible=False, label=name, value=value)
        for name, value in (("layer", 2), ("row", 0), ("column", 0))
    )
    answer(
        shown.select,
        inside.describe_location,
        [page.model, page.scene, layer, row, column],
        location,
        js=READ_LOCATION,
        show_progress="hidden",
        trigger_mode="always_last",
    )
    return View(shown=shown, describe=inside.describe_inside)
