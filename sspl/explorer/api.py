"""For programs: what `gradio_client` and MCP clients call, without a page and its state."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import gradio as gr

from sspl.explorer.legend import tell_audible
from sspl.explorer.models import Model, find_key
from sspl.explorer.page import LOOK_S, answer
from sspl.explorer.permalink import find_sample, find_sound
from sspl.explorer.samples import Sample
from sspl.explorer.scenes import Scene, trace_scene
from sspl.explorer.stage import draw_answer
from sspl.explorer.uploads import MAX_SIDE_PX, new_file, read_own_sound
from sspl.media.pictures import read_image, write_image
from sspl.sliding_window import is_silent
from sspl.trace_stats import measure_audible, measure_cycle


@dataclass(frozen=True, kw_only=True)
class Api:
    """What programs may ask."""

    models: Mapping[str, Model]
    samples: Mapping[str, Sample]

    def list_samples(self) -> dict[str, Any]:
        """What there is to look at: samples by id with a title each, and models by key."""
        return {
            "samples": {id: sample.scene.title for id, sample in self.samples.items()},
            "models": {key: f"{model.label} · {model.facts}" for key, model in self.models.items()},
        }

    def localize_sample(self, sample: str, sound: str, model: str, cycle: float | None):
        """Where in a sample's picture does its sound come from?

        Args:
            sample: an id, from list_samples.
            sound: play this instead: another sample's id, "silence" or "noise"; "" plays its own.
            model: a key, from list_samples; "" takes the first.
            cycle: after which cycle to look, from 1; 0 is the last.
        Returns:
            the picture under its map, as a PNG; and the numbers of every cycle: prediction errors,
            the map's peak (x, y in 0 to 1), its entropy in bits, its mean, and cIoU in 0 to 1 where
            the true boxes are known. Of a model that can tell whether anything in the picture makes
            the sound also `audible`, the share of the picture that does, and `answer`, in words.
        """
        scene = find_sample(sample, self.samples).scene
        if sound:
            scene = replace(scene, sound=find_sound(sound, self.samples))
        return self._localize(scene, model, cycle)

    def localize_files(
        self, picture: str | None, sound: str | None, model: str, cycle: float | None
    ):
        """Where in your picture does your sound come from?

        Args:
            picture: a picture file, JPEG, PNG or the like.
            sound: a sound file, WAV, FLAC, OGG, MP3 or the like; of a long one the middle 3 s.
            model: a key, from list_samples; "" takes the first.
            cycle: after which cycle to look, from 1; 0 is the last.
        Returns:
            as of localize_sample, without cIoU.
        """
        if picture is None:
            raise ValueError("a picture is missing: pass one")
        image, own_sound = read_image(picture, MAX_SIDE_PX), read_own_sound(sound)
        return self._localize(Scene(title="", picture=image, sound=own_sound), model, cycle)

    def _localize(
        self, scene: Scene, model: str, cycle: float | None
    ) -> tuple[str, dict[str, Any]]:
        key = find_key(model or next(iter(self.models)), self.models)
        network = self.models[key].network
        [(sound, trace, boxes)] = trace_scene(network, replace(scene, others=()))
        num_cycles = len(trace.similarity)
        if cycle is None or not 0 <= cycle <= num_cycles:
            said = "null" if cycle is None else f"{cycle:.0f}"
            raise ValueError(f"there is no cycle {said}: take 0 (the last) to {num_cycles}")
        t = int(cycle) or num_cycles
        path = new_file(f"sspl-cycle-{t}.png")
        write_image(path, draw_answer(scene, trace, t))
        numbers: dict[str, Any] = {
            "model": key,
            "sound": sound.title,
            "shown_cycle": t,
            "cycles": [measure_cycle(trace, i, boxes) for i in range(1, num_cycles + 1)],
        }
        if trace.audible is not None:
            silent = is_silent(sound.clip)
            numbers |= {"audible": measure_audible(trace), "answer": tell_audible(trace, silent)}
        return str(path), numbers


def open_api(models: Mapping[str, Model], samples: Mapping[str, Sample]) -> None:
    """Make them known to the page that is being built; a visitor sees nothing of them."""
    does = Api(models=models, samples=samples)
    with gr.Group(visible=False):
        sample = gr.Textbox(next(iter(samples)), label="Sample")
        sound = gr.Textbox("", label="Sound")
        model = gr.Textbox("", label="Model")
        cycle = gr.Number(0, label="Cycle", precision=0)
        picture_file, sound_file = gr.File(label="Picture"), gr.File(label="Sound")
        shown = gr.Image(label="Map", type="filepath", format="png")
        numbers = gr.JSON(label="Numbers")
        ask = gr.Button()
    parts = [sample, sound, model, cycle], [picture_file, sound_file, model, cycle]
    for handler, inputs, outputs in (
        (does.list_samples, None, numbers),
        (does.localize_sample, parts[0], [shown, numbers]),
        (does.localize_files, parts[1], [shown, numbers]),
    ):
        # They take moments; and out of the queue an agent is given the picture, not its path.
        gpu_s = None if inputs is None else LOOK_S
        answer(ask.click, handler, inputs, outputs, queue=False, gpu_s=gpu_s)
