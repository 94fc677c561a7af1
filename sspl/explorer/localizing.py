"""The tab "Localize": the map of every cycle, other sounds beside it, and one's own files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from sspl.audio import CLIP_S, NUM_SAMPLES
from sspl.explorer.evaluations import describe_evaluations
from sspl.explorer.hearing import Hearing
from sspl.explorer.models import Model, choose_model
from sspl.explorer.page import LOOK_S, Page, View, answer, draw_in_browser
from sspl.explorer.permalink import (
    MAX_OTHERS,
    NOISE,
    SILENCE,
    AddressParts,
    choose_sounds,
    find_sample,
    find_sound,
    read_address,
    write_address,
)
from sspl.explorer.samples import Sample
from sspl.explorer.scenes import Scene, Sound
from sspl.explorer.stage import Stage, describe_stage, draw_map, write_steps
from sspl.explorer.uploads import (
    MAX_SIDE_PX,
    MAX_UPLOAD_MB,
    new_file,
    open_own_video,
    read_own_sound,
)
from sspl.media.pictures import read_image, write_image

OWN = "my own sound"
SOURCES: Any = ["upload", "microphone"]
NO_SOUND = Sound(
    title="nothing yet: add the sound of your picture",
    waveform=np.zeros(NUM_SAMPLES, np.float32),
)
SWAP = """### Swap the sound
The same picture under other sounds: a map that listens goes dark where nothing in it makes them."""
READ_CYCLE = "async (model, scene, cycle) => [model, scene, (await window.sspl).readCycle()]"
COPY_LINK = "async () => (await window.sspl).copyLink()"
CLICK_MADE = "() => document.querySelector('#made').click()"


class AddressedStage(Stage):
    """A stage, and the address of a link that brings it back."""

    address: AddressParts


@dataclass(frozen=True, kw_only=True)
class Localizing:
    """What the tab does. It keeps nothing of a visitor: scenes travel in and out."""

    models: Mapping[str, Model]
    samples: Mapping[str, Sample]

    def show_stage(self, model: str, scene: Scene) -> AddressedStage:
        """The present scene after every cycle, by the model of that key."""
        stage = describe_stage(self.models[model].network, scene)
        return {**stage, "address": write_address(model, scene)}

    def use_model(self, model: str) -> str:
        """What there is to be said of another model."""
        return self.models[model].facts

    def restore(self, query: str):
        """Go where an address leads: to a sample, sounds, a model, a tab."""
        asked = read_address(query, self.models, self.samples)
        sounds = choose_sounds(self.samples)
        keys = [sounds.get(sound.title, sound.key) for sound in asked.scene.others]
        facts = self.models[asked.model].facts
        tab = gr.Tabs(selected=asked.tab) if asked.tab else gr.skip()
        return asked.scene.sample, asked.model, facts, keys, tab, asked.scene

    def show_sample(self, sample: str, model: str, scene: Scene):
        """Take a sample by its id, and a model that knows its kind; sounds to compare with stay."""
        shown = replace(find_sample(sample, self.samples).scene, others=scene.others)
        chosen = choose_model(model, self.models, shown.drawn)
        if chosen == model:  # a model picked in the same breath stays
            return gr.skip(), gr.skip(), shown
        return chosen, self.models[chosen].facts, shown

    def use_picture(self, path: str | None, model: str, scene: Scene):
        """Take an uploaded picture, and a model that knows photographs; its own sound stays.

        A sample's does not: it has nothing to do with the picture.
        """
        if path is None:
            raise ValueError("upload a picture first")
        picture = read_image(path, MAX_SIDE_PX)
        title = f"Your picture {Path(path).name}"
        sound = NO_SOUND if scene.sound.key else scene.sound
        scene = Scene(title=title, picture=picture, sound=sound, others=scene.others)
        return "", *self.use_own(model), scene

    def use_sound(self, path: str | None, model: str, scene: Scene):
        """Take an uploaded or recorded sound, and a model for it; the picture stays."""
        sound = read_own_sound(path)
        scene = replace(scene, sound=sound, sample="", drawn=False, fresh=False)
        return "", *self.use_own(model), scene

    def use_own(self, model: str) -> tuple[str, str]:
        """The model for what a visitor brings, and what there is to be said of it."""
        chosen = choose_model(model, self.models, drawn=False)
        return chosen, self.models[chosen].facts

    def use_video(self, path: str | None, scene: Scene) -> tuple[str, Scene]:
        """Take a video's middle frame and the sound around it."""
        with open_own_video(path) as video:
            middle_s, length_s = video.duration_s / 2, min(CLIP_S, video.duration_s)
            picture = video.frame_at(middle_s)
            waveform = video.audio_window(middle_s - length_s / 2, length_s)
        title = f"Your video {video.path.name} at {middle_s:.1f} s"
        sound = Sound(title=f"the {length_s:.1f} s around it", waveform=waveform)
        return "", Scene(title=title, picture=picture, sound=sound, others=scene.others)

    def compare_sounds(self, keys: Sequence[str], path: str | None, scene: Scene):
        """Set other sounds beside the picture's: samples', silence, noise, one's own.

        One's own counts once it was uploaded or recorded.
        """
        others = [find_sound(key, self.samples) for key in keys if key != OWN]
        if OWN in keys and path is not None:
            others.append(read_own_sound(path))
        compared = replace(scene, others=tuple(others[:MAX_OTHERS]), fresh=False)
        return gr.update(visible=OWN in keys), compared

    def make_picture(self, model: str, scene: Scene, cycle: float):
        """Write the maps after a cycle, over their picture, as a PNG."""
        path = new_file(f"sspl-cycle-{cycle:.0f}.png")
        write_image(path, draw_map(self.models[model].network, scene, int(cycle)))
        return str(path)

    def make_gif(self, model: str, scene: Scene):
        """Write the steps, with their numbers, as an animated GIF."""
        path = new_file("sspl-steps.gif")
        write_steps(self.models[model].network, scene, path)
        return str(path)

    def make_film(self, model: str, scene: Scene):
        """Write the steps, with their numbers and the sound, as an MP4."""
        path = new_file("sspl-steps.mp4")
        write_steps(self.models[model].network, scene, path)
        return str(path)


@dataclass(frozen=True, kw_only=True)
class LocalizeTab:
    """What the rest of the page needs of this tab.

    Attributes:
        swapped: the scene's picture under several sounds.
        others: the keys of the sounds that are compared.
        changes: events after which the scene is another one.
    """

    stage: gr.HTML
    swapped: View
    others: gr.Dropdown
    changes: list[Any]


def build_localize_tab(page: Page, does: Localizing) -> LocalizeTab:
    """Lay the tab out, its first example finished."""
    sounds = choose_sounds(page.samples)
    cycle = gr.Number(visible=False)
    with gr.Row(elem_id="page"):
        with gr.Column(scale=7, min_width=320):
            first = does.show_stage(page.model.value, page.scene.value)
            shown = draw_in_browser("stage", first, "The map, step by step")
            page.facts.render()
            swapped = _build_swap(page)
            with gr.Row(elem_id="downloads"):
                gr.Markdown("Download")
                save_picture = gr.Button("Picture, PNG", size="sm", elem_id="save-picture")
                save_gif = gr.Button("Steps, GIF", size="sm", elem_id="save-gif")
                save_film = gr.Button("Steps, MP4", size="sm", elem_id="save-film")
                made = gr.DownloadButton(visible="hidden", elem_id="made")
                copy = gr.Button("Copy link", size="sm", elem_id="copy-link")
                copy.click(js=COPY_LINK, api_visibility="private")
        with gr.Column(scale=4, min_width=320, elem_id="side"):
            gr.Markdown("### Another sound, cycle by cycle")
            others = gr.Dropdown(
                [*sorted(sounds.items()), SILENCE, NOISE, OWN],
                value=[],
                multiselect=True,
                max_choices=MAX_OTHERS,
                label="Compare with the sound of",
                info=f"Up to {MAX_OTHERS}, side by side on the same picture.",
                elem_id="others",
            )
            own = gr.Audio(
                sources=SOURCES,
                type="filepath",
                visible=False,
                label="My own",
                buttons=[],
                elem_id="own",
            )
            gr.Markdown("### Bring your own")
            picture = gr.File(label="Picture", height=120, elem_id="picture")
            photograph = gr.Button("Take one with the camera", size="sm", elem_id="photograph")
            camera = gr.Image(
                sources=["webcam"],
                type="filepath",
                visible=False,
                label="Camera",
                buttons=[],
                elem_id="camera",
            )
            sound = gr.Audio(
                sources=SOURCES, type="filepath", label="Sound", buttons=[], elem_id="sound"
            )
            gr.Markdown(
                f"A picture, a sound, or both, up to {MAX_UPLOAD_MB} MB; of a long sound the "
                f"middle {CLIP_S:.0f} s are heard. For a video there is a tab.",
                elem_classes="quiet",
            )

    draw_in_browser("evaluations", describe_evaluations(page.models), "The same on many pictures")
    change, asked = page.change_scene, [page.model, page.scene]
    whole = [page.picked, page.model, page.facts, page.scene]
    open_camera = lambda: gr.Image(visible=True)  # noqa: E731
    photograph.click(open_camera, None, camera, api_visibility="private")
    changes = [
        change(picture.upload, does.use_picture, [picture, *asked], whole),
        change(camera.input, does.use_picture, [camera, *asked], whole),
        change([sound.upload, sound.stop_recording], does.use_sound, [sound, *asked], whole),
        change(  # change, as a dropdown's input comes twice
            [others.change, own.upload, own.stop_recording],
            does.compare_sounds,
            [others, own, page.scene],
            [own, page.scene],
        ),
    ]
    for brought, box in zip(changes, (picture, camera, sound, own), strict=True):
        brought.failure(lambda: None, None, box, api_visibility="private")  # it was refused
    for button, make, inputs, js in (
        (save_picture, does.make_picture, [*asked, cycle], READ_CYCLE),
        (save_gif, does.make_gif, asked, None),
        (save_film, does.make_film, asked, None),
    ):
        answer(button.click, make, inputs, made, js=js, gpu_s=LOOK_S).success(
            js=CLICK_MADE, api_visibility="private"
        )
    return LocalizeTab(stage=shown, swapped=swapped, others=others, changes=changes)


def _build_swap(page: Page) -> View:
    """Lay out what the picture is under other sounds, by the chosen model or by every."""
    hearing = Hearing(models=page.models, samples=page.samples)
    gr.Markdown(SWAP, elem_id="swap")
    grid = draw_in_browser("hearing", None, "The picture under several sounds")
    if len(page.models) > 1:
        every = gr.Button("The same by every model", size="sm", elem_id="hear-every")
        asked = [page.model, page.scene]
        answer(every.click, hearing.compare_hearing, asked, grid, gpu_s=LOOK_S)
    return View(shown=grid, describe=hearing.describe_hearing)
