"""The tab "Inside the PCM": Algorithm S1 with live values, and the equations of one place."""

from collections.abc import Mapping
from dataclasses import dataclass

import gradio as gr

from sspl.explorer.diagram import Diagram, NothingInside, describe_cycles
from sspl.explorer.location import Location, describe_equations
from sspl.explorer.models import Model
from sspl.explorer.page import Page, View, answer, draw_in_browser
from sspl.explorer.scenes import Scene

READ_PLACE = "async (label, scene) => [label, scene, ...(await window.sspl).readLocation()]"


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What the tab asks of the models, by their label."""

    models: Mapping[str, Model]

    def describe_inside(self, label: str, scene: Scene) -> Diagram | NothingInside:
        """Every quantity of the PCM in every cycle, for the present picture and its first sound.

        Args:
            label: the model's, as on the page.
            scene: the visitor's.
        """
        return describe_cycles(self.models[label].network, scene)

    def describe_place(
        self, label: str, scene: Scene, layer: float, row: float, column: float
    ) -> Location:
        """The numbers of one place of one layer in every cycle, and the equations they came from.

        Args:
            label: the model's, as on the page.
            scene: the visitor's.
            layer: 1 (3x3 places), 2 (7x7) or 3 (14x14).
            row: from 0, the top.
            column: from 0, the left.
        """
        model = self.models[label].network
        return describe_equations(model, scene, int(layer), int(row), int(column))


def build_inside_tab(page: Page) -> View:
    """Lay out the tab: the diagram, beside it the chosen place, below it errors and gains."""
    inside = Inside(models=page.models)
    with gr.Row(elem_id="inside-row"):
        with gr.Column(scale=7, min_width=540):
            shown = draw_in_browser("inside", None, "The predictive coding module, step by step")
        with gr.Column(scale=5, min_width=420):
            place = draw_in_browser("place", None, "The chosen place in numbers")
    # Drawn together with the diagram; apart from it so that a phone has the place in between.
    gr.HTML('<section class="courses" aria-label="Errors and gains"></section>', elem_id="courses")
    layer, row, column = (
        gr.Number(visible=False, label=name, value=value)
        for name, value in (("layer", 2), ("row", 0), ("column", 0))
    )
    answer(
        shown.select,
        inside.describe_place,
        [page.label, page.scene, layer, row, column],
        place,
        js=READ_PLACE,
        show_progress="hidden",
        trigger_mode="always_last",
    )
    return View(shown=shown, describe=inside.describe_inside)
