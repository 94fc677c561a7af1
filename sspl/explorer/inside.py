"""The tab "Inside the model": its cycles with live values and the equations they come from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypedDict

import gradio as gr

from sspl.explorer.attended_location import AttendedLocation, describe_attended_location
from sspl.explorer.diagram import Diagram, NothingInside, describe_cycles
from sspl.explorer.location import Location, describe_equations
from sspl.explorer.models import FOR_DRAWINGS, FOR_PHOTOGRAPHS, Model
from sspl.explorer.page import LOOK_S, Page, View, answer, draw_in_browser
from sspl.explorer.permalink import choose_sounds
from sspl.explorer.predictions import Predictions, describe_predictions
from sspl.explorer.roads import Roads, describe_roads
from sspl.explorer.samples import Sample
from sspl.explorer.scenes import Scene, Sound
from sspl.model import SSPL, AudioVisualModel
from sspl.predictive_attention import PredictiveAttention

Kind = Literal["none", "attention", "pcm"]  # of what a model does in its cycles
SIDES: dict[Kind, str] = {
    "none": "No cycles",
    "attention": "Predictive attention",
    "pcm": "The paper's PCM",
}
# The models that are held beside any other, for photographs and for drawings.
BESIDE: dict[bool, dict[Kind, str]] = {
    False: dict(zip(("attention", "pcm"), FOR_PHOTOGRAPHS, strict=True)),
    True: {"attention": FOR_DRAWINGS, "pcm": "tiny"},
}
READ_SIDE = "async () => (await window.sspl).readSide()"
READ_LOCATION = "async (_, scene) => (await window.sspl).readLocation(scene)"
READ_ROADS = "async (_, scene) => (await window.sspl).readRoads(scene)"
REFRESH = "async () => (await window.sspl).refresh()"


class Side(TypedDict):
    """A model that can be looked into, by its key, and what the switch calls it."""

    kind: Kind
    model: str
    label: str


class OpenedModel(TypedDict):
    """What is inside a model, and what else can be looked into.

    Attributes:
        model: the key of the one that is shown.
        sides: all that the switch offers; the model's own alone where there is no counterpart.
        note: which model it is, where it is another than the page's.
    """

    model: str
    sides: list[Side]
    note: str
    inside: Diagram | Predictions | NothingInside


@dataclass(frozen=True, kw_only=True)
class Inside:
    """What the tab asks of the models, by their key, and of the samples, by their id."""

    models: Mapping[str, Model]
    samples: Mapping[str, Sample]

    def describe_inside(self, model: str, scene: Scene, side: str) -> OpenedModel:
        """What a model computes in every cycle, for the present picture and its first sound.

        Args:
            model: its key, from list_samples.
            scene: the visitor's.
            side: "attention" or "pcm" looks into the counterpart of that kind, where there is one;
                "" into the model itself.
        """
        sides = list_sides(model, self.models)
        shown = next((each["model"] for each in sides if each["kind"] == side), model)
        network = self.models[shown].network
        inside: Diagram | Predictions | NothingInside
        if isinstance(network, PredictiveAttention):
            inside = describe_predictions(network, scene)
        else:
            assert isinstance(network, SSPL)
            inside = describe_cycles(network, scene)
        return {
            "model": shown,
            "sides": sides,
            "note": "" if shown == model else _tell_model(self.models[shown]),
            "inside": inside,
        }

    def describe_location(
        self, model: str, scene: Scene, layer: float, row: float, column: float
    ) -> Location | AttendedLocation:
        """The numbers of one location in every cycle, and the equations behind them.

        Args:
            model: its key, from list_samples.
            scene: the visitor's.
            layer: of the PCM, 1 (3x3 locations), 2 (7x7) or 3 (14x14); predictive attention has
                no layers, but 14x14 locations.
            row: from 0, the top.
            column: from 0, the left.
        """
        network = self.models[model].network
        if isinstance(network, PredictiveAttention):
            return describe_attended_location(
                network, scene, int(row), int(column), self._list_known(scene)
            )
        assert isinstance(network, SSPL)
        return describe_equations(network, scene, int(layer), int(row), int(column))

    def describe_roads(self, model: str, scene: Scene, other: str) -> Roads:
        """What another sound does to the map of a PCM, by the road that it takes.

        Args:
            model: its key, from list_samples.
            scene: the visitor's.
            other: the sound, as of localize_sample; "" chooses one.
        """
        network = self.models[model].network
        assert isinstance(network, SSPL)
        return describe_roads(network, scene, self.samples, other)

    def _list_known(self, scene: Scene) -> list[Sound]:
        """A sound of everything that the samples of the scene's kind know, each alone."""
        alike = {id: each for id, each in self.samples.items() if each.scene.drawn == scene.drawn}
        sounds = [alike[id].scene.sound for id in choose_sounds(alike).values()]
        return [sound for sound in sounds if len(sound.instruments) == 1]


def _tell_model(model: Model) -> str:
    return f"Shown here: {model.label}. The page's model stays as chosen above."


def find_kind(network: AudioVisualModel) -> Kind:
    """What a model does in its cycles."""
    if isinstance(network, PredictiveAttention):
        return "attention"
    return "pcm" if isinstance(network, SSPL) and network.pcm is not None else "none"


def list_sides(key: str, models: Mapping[str, Model]) -> list[Side]:
    """A model and its counterparts on the same kind of pictures, as far as they are loaded."""
    beside = BESIDE[models[key].drawn] | {find_kind(models[key].network): key}
    return [
        {"kind": kind, "model": beside[kind], "label": label}
        for kind, label in SIDES.items()
        if beside.get(kind) in models
    ]


def build_inside_tab(page: Page) -> View:
    """Lay out the tab: the model, beside it a location and the roads, below it errors and gains."""
    inside = Inside(models=page.models, samples=page.samples)
    with gr.Row(elem_id="inside-row"):
        with gr.Column(scale=7, min_width=540):
            shown = draw_in_browser("inside", None, "The model, step by step")
        with gr.Column(scale=5, min_width=420):
            roads = draw_in_browser("roads", None, "Two roads for the sound")
            location = draw_in_browser("location", None, "The chosen place in numbers")
    # Drawn together with the diagram; apart from it so that a phone has the location in between.
    gr.HTML('<section class="courses" aria-label="Errors and gains"></section>', elem_id="courses")
    side = gr.Textbox("", visible="hidden", elem_id="inside-side", label="side")
    layer, row, column = (
        gr.Number(visible=False, label=name, value=value)
        for name, value in (("layer", 2), ("row", 0), ("column", 0))
    )
    other = gr.Textbox("", visible=False, label="other")
    quietly = {"show_progress": "hidden", "trigger_mode": "always_last", "gpu_s": LOOK_S}
    answer(
        shown.select,
        inside.describe_location,
        [page.model, page.scene, layer, row, column],
        location,
        js=READ_LOCATION,
        **quietly,
    )
    answer(
        [shown.expand, roads.select],
        inside.describe_roads,
        [page.model, page.scene, other],
        roads,
        js=READ_ROADS,
        **quietly,
    )
    # The switch stands where it was put until another model is chosen.
    shown.input(js=READ_SIDE, outputs=side, api_visibility="private").then(
        js=REFRESH, api_visibility="private"
    )
    page.model.input(js="() => ''", outputs=side, api_visibility="private")
    return View(shown=shown, describe=inside.describe_inside, inputs=(side,))
