"""SSPL Explorer in the browser: where in the picture is what we hear, cycle by cycle?

    python app.py
    python app.py --model runs/mine/best --port 8000

Layout and short callbacks. A callback runs every cycle of the model once and sends all the maps to
the browser, where `assets/app.js` steps through them without asking again.
"""

import functools
import html
import os
import signal
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
import torch
import tyro
from gradio.themes.default import Default
from gradio.themes.utils.fonts import LocalFont
from gradio.utils import get_upload_folder

from sspl.audio import CLIP_S, NUM_SAMPLES
from sspl.checkpoint import NAMES, find_checkpoint, find_score, load_model, read_meta
from sspl.localize import Localizer, localize_video
from sspl.media import read_audio, read_image, write_image
from sspl.model import SSPL
from sspl.samples import Sample, load_samples
from sspl.stage import (
    Scene,
    Sound,
    describe_stage,
    draw_map,
    encode_picture,
    write_steps,
)
from sspl.video import Video, open_video

ASSETS = Path(__file__).parent / "assets"
MAX_SIDE_PX = 640  # of a picture on the page: as wide as it is shown, and light to send
THUMBNAIL_PX = 240
MAX_UPLOAD_MB = 200
MAX_VIDEO_S = 120.0
FORGET_S = 2 * 60 * 60  # what a visitor brought or made is deleted after this
MAX_VISITORS = 500  # whose scenes are kept at a time
NOTHING, SILENCE, OWN = "nothing", "silence", "my own sound"
# Gradio brings it along, so no page needs the network; of its half-bold a third of the letters.
FONT = (LocalFont("Source Sans Pro", weights=(400, 700)), "sans-serif")
PROGRESS = gr.Progress()  # a default by which Gradio knows who reports
SOURCES: Any = ["upload", "microphone"]

READ_CYCLE = "(label, scene, cycle) => [label, scene, window.sspl.readCycle()]"
CLICK_MADE = "() => document.querySelector('#made').click()"


@dataclass(frozen=True, kw_only=True)
class Model:
    """A loaded checkpoint and what the page says about it."""

    network: SSPL
    facts: str


# --- What the page starts with -----------------------------------------------------------------


def load_models(names: tuple[str, ...]) -> dict[str, Model]:
    """Checkpoints by their label on the page, in the order given; of no names, those we ship.

    Raises:
        ValueError: if one cannot be loaded, or there is none.
    """
    names = names or tuple(name for name in NAMES if find_checkpoint(name).exists())
    if not names:
        raise ValueError("assets/models is empty: run `make tiny`, or name a model with --model")
    models: dict[str, Model] = {}
    for name in names:
        network = load_model(name)
        label = "SSPL without PCM" if network.pcm is None else "SSPL with PCM"
        if label in models:
            label = f"{label}: {name}"
        facts = describe_model(network, read_meta(find_checkpoint(name)))
        models[label] = Model(network=network, facts=facts)
    return models


def describe_model(network: SSPL, meta: dict[str, Any]) -> str:
    """In a line: its size, what it was trained on, how well it does, where it runs."""
    num_weights = sum(weight.numel() for weight in network.parameters())
    parts = [f"{num_weights / 1e6:.2f} million weights"]
    if network.pcm is not None:
        parts[0] += f", {network.config.num_cycles} cycles"
    data, score = meta.get("data"), find_score(meta.get("metrics", {}))
    if data is None:
        parts.append("untrained, so its maps mean nothing")
    else:
        parts.append(f"trained on {data['num_train']:,} scenes of {data['name']}, without labels")
    if score is not None:
        split = "test" if meta.get("selection") == "test" else "validation"
        parts.append(f"cIoU\\@0.5 {score:.2f} on the {split} split, which chose its epoch")
    device = next(network.parameters()).device
    if device.type == "cuda":
        parts.append(f"running on {torch.cuda.get_device_name(device)}")
    else:
        parts.append("running on the CPU")
    return " · ".join(parts)


# --- Callbacks ---------------------------------------------------------------------------------


def tell_person(callback: Callable) -> Callable:
    """Turn a person's mistake, a ValueError, into its one sentence on the page."""

    @functools.wraps(callback)
    def guarded(*args, **kwargs):
        try:
            return callback(*args, **kwargs)
        except ValueError as error:
            # The page reads the message as HTML, and it may hold the name of an uploaded file.
            sentence = html.escape(str(error))
            raise gr.Error(sentence, print_exception=False) from error

    return guarded


class Stopped(Exception):
    """A visitor cancelled, or left."""


@dataclass(frozen=True, kw_only=True)
class Callbacks:
    """What the page does. It keeps nothing of a visitor but the wish to stop a running film:
    scenes travel in and out, as `gr.State`.
    """

    models: dict[str, Model]
    samples: dict[str, Sample]
    stops: dict[str, threading.Event] = field(default_factory=dict)  # by session

    def look(self, label: str, scene: Scene) -> tuple[Scene, dict[str, Any]]:
        """A scene, unchanged, and its stage by the model of that label."""
        return scene, describe_stage(self.models[label].network, scene)

    @tell_person
    def show_sample(self, sample: str, label: str, scene: Scene):
        """Load a sample by its id and localize its sound; a sound to compare with stays."""
        if sample not in self.samples:
            raise ValueError(f"there is no sample {sample}: take {', '.join(self.samples)}")
        return self.look(label, replace(self.samples[sample].scene, other=scene.other))

    @tell_person
    def use_picture(self, path: str | None, label: str, scene: Scene):
        """Localize the present sound in an uploaded picture."""
        if path is None:
            raise ValueError("upload a picture first")
        picture = read_image(path, MAX_SIDE_PX)
        title = f"Your picture {Path(path).name}"
        return None, *self.look(label, replace(scene, title=title, picture=picture, instruments=()))

    @tell_person
    def use_sound(self, path: str | None, label: str, scene: Scene):
        """Localize an uploaded or recorded sound in the present picture."""
        return None, *self.look(label, replace(scene, sound=read_own_sound(path)))

    @tell_person
    def use_video(self, path: str | None, label: str, scene: Scene):
        """Localize in a video's middle frame the sound around it."""
        with open_own_video(path) as video:
            middle_s, length_s = video.duration_s / 2, min(CLIP_S, video.duration_s)
            picture = video.frame_at(middle_s)
            waveform = video.audio_window(middle_s - length_s / 2, length_s)
        title = f"Your video {video.path.name} at {middle_s:.1f} s"
        sound = Sound(title=f"the {length_s:.1f} s around it", waveform=waveform)
        return None, *self.look(
            label, replace(scene, title=title, picture=picture, sound=sound, instruments=())
        )

    @tell_person
    def compare_sound(self, choice: str, path: str | None, label: str, scene: Scene):
        """Set beside it what the model makes of another sound: a sample's, silence, one's own."""
        other = None
        if choice == SILENCE:
            other = Sound(title=SILENCE, waveform=np.zeros(NUM_SAMPLES, np.float32))
        elif choice == OWN and path is not None:
            other = read_own_sound(path)
        elif choice in self.samples:
            other = self.samples[choice].scene.sound
        return gr.update(visible=choice == OWN), *self.look(label, replace(scene, other=other))

    @tell_person
    def use_model(self, label: str, scene: Scene):
        """Look at the present scene with another model."""
        return self.models[label].facts, *self.look(label, scene)

    @tell_person
    def make_picture(self, label: str, scene: Scene, cycle: float):
        """Write the map after a cycle, over its picture, as a PNG."""
        path = new_file(f"sspl-cycle-{cycle:.0f}.png")
        write_image(path, draw_map(self.models[label].network, scene, int(cycle)))
        return str(path)

    @tell_person
    def make_gif(self, label: str, scene: Scene):
        """Write the steps, with their numbers, as an animated GIF."""
        path = new_file("sspl-steps.gif")
        write_steps(self.models[label].network, scene, path)
        return str(path)

    @tell_person
    def make_film(self, label: str, scene: Scene):
        """Write the steps, with their numbers and the sound, as an MP4."""
        path = new_file("sspl-steps.mp4")
        write_steps(self.models[label].network, scene, path)
        return str(path)

    @tell_person
    def make_heat_map_video(
        self, path: str | None, label: str, request: gr.Request, progress=PROGRESS
    ):
        """Lay the map over every frame of an uploaded video; answers with an MP4."""
        stop = self.stops.setdefault(str(request.session_hash), threading.Event())
        stop.clear()

        def report(done_s: float, total_s: float) -> None:
            if stop.is_set():
                raise Stopped
            progress(done_s / total_s, desc=f"{done_s:.1f} of {total_s:.1f} s")

        with open_own_video(path) as video:
            source = video.path
        out = new_file(f"{source.stem}-heat-map.mp4")
        try:
            localize_video(Localizer(self.models[label].network), source, out, progress=report)
        except Stopped:
            gr.Info("Cancelled.")
            return None
        return str(out)

    def cancel_video(self, request: gr.Request) -> None:
        """Stop the visitor's heat-map video at its next frame."""
        if stop := self.stops.get(str(request.session_hash)):
            stop.set()

    def leave(self, request: gr.Request) -> None:
        """A tab was closed: nobody waits for its video any more."""
        self.cancel_video(request)
        self.stops.pop(str(request.session_hash), None)


def read_own_sound(path: str | None) -> Sound:
    """An uploaded or recorded sound; ValueError if there is none or it cannot be read."""
    if path is None:
        raise ValueError("upload or record a sound first")
    return Sound(title=f"your {Path(path).name}", waveform=read_audio(path))


def open_own_video(path: str | None) -> Video:
    """An uploaded video, opened; ValueError if there is none, it is too long or cannot be read."""
    if path is None:
        raise ValueError("upload a video first")
    video = open_video(path, MAX_SIDE_PX)
    if video.duration_s > MAX_VIDEO_S:
        raise ValueError(
            f"{video.path.name} lasts {video.duration_s:.0f} s: cut it to {MAX_VIDEO_S:.0f} s or "
            "less, or use `python -m sspl.localize`, which has no limit"
        )
    return video


def new_file(name: str) -> Path:
    """A path to write a download to, in the folder that is cleaned when visitors are gone."""
    folder = Path(get_upload_folder())
    folder.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=folder), name)


# --- Layout ------------------------------------------------------------------------------------


def build_app(models: dict[str, Model], samples: dict[str, Sample]) -> gr.Blocks:
    """The page, its first example finished."""
    callbacks = Callbacks(models=models, samples=samples)
    first_label, first_id = next(iter(models)), next(iter(samples))
    first_scene = samples[first_id].scene
    gallery = [
        {
            "id": id,
            "title": sample.scene.title,
            "thumbnail": encode_picture(sample.scene.picture, THUMBNAIL_PX),
        }
        for id, sample in samples.items()
        if not sample.is_variant
    ]
    # Of every instrument one sound is enough to compare with.
    sounds = {sample.scene.sound.title: id for id, sample in reversed(samples.items())}
    choices = [NOTHING, *sorted(sounds.items()), SILENCE, OWN]
    video_of_ours = next((s.video for s in samples.values() if s.video), None)

    with gr.Blocks(
        title="SSPL Explorer", analytics_enabled=False, delete_cache=(FORGET_S // 4, FORGET_S)
    ) as app:
        gr.Markdown(
            "# SSPL Explorer\nWhere in the picture is what we hear? The model was never told: it "
            "learned from pictures and their sounds alone. Pick a sample, or bring your own, and "
            "step through the cycles of predictive coding.",
            elem_id="intro",
        )
        scene = gr.State(first_scene, time_to_live=FORGET_S)
        cycle = gr.Number(visible=False)
        picked = gr.HTML(
            first_id,
            html_template='<div class="gallery" role="group" aria-label="Samples"></div>',
            js_on_load="window.sspl.runGallery(element, props, watch, trigger)",
            samples=gallery,
            elem_id="gallery",
        )
        with gr.Row(elem_id="page"):
            with gr.Column(scale=7, min_width=320):
                stage = gr.HTML(
                    describe_stage(models[first_label].network, first_scene),
                    html_template='<section class="stage" aria-label="The map, step by step"/>',
                    js_on_load="window.sspl.runStage(element, props, watch)",
                    elem_id="stage",
                )
                with gr.Row(elem_id="downloads"):
                    gr.Markdown("Download")
                    save_picture = gr.Button("Picture, PNG", size="sm", elem_id="save-picture")
                    save_gif = gr.Button("Steps, GIF", size="sm", elem_id="save-gif")
                    save_film = gr.Button("Steps, MP4", size="sm", elem_id="save-film")
                    made = gr.DownloadButton(visible="hidden", elem_id="made")
            with gr.Column(scale=4, min_width=320, elem_id="side"):
                gr.Markdown("### Swap the sound")
                other = gr.Dropdown(
                    choices,
                    value=NOTHING,
                    label="Compare with the sound of",
                    filterable=False,
                    elem_id="other",
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
                with gr.Tab("Picture and sound"):
                    picture = gr.File(label="Picture", height=120, elem_id="picture")
                    sound = gr.Audio(
                        sources=SOURCES,
                        type="filepath",
                        label="Sound",
                        buttons=[],
                        elem_id="sound",
                    )
                with gr.Tab("Video"):
                    video = gr.File(label="Video", height=120, elem_id="video")
                    gr.Markdown(f"Up to {MAX_VIDEO_S:.0f} s and {MAX_UPLOAD_MB} MB, with sound.")
                    ours = gr.Button("Take our video", size="sm", visible=video_of_ours is not None)
                    with gr.Row():
                        start = gr.Button(
                            "Make the heat-map video", variant="primary", elem_id="start-video"
                        )
                        cancel = gr.Button("Cancel", min_width=90, scale=0)
                    heat = gr.Video(label="Heat-map video", interactive=False, elem_id="heat")
                gr.Markdown("### Model")
                label = gr.Radio(
                    list(models), value=first_label, container=False, label="Model",
                    elem_id="model",
                )  # fmt: skip
                facts = gr.Markdown(models[first_label].facts, elem_id="facts")

        shown, asked = [scene, stage], [label, scene]
        look = functools.partial(
            dict, show_progress="minimal", show_progress_on=stage, trigger_mode="always_last"
        )
        picked.select(
            callbacks.show_sample, [picked, *asked], shown, **look(api_name="show_sample")
        )
        picture.upload(
            callbacks.use_picture,
            [picture, *asked],
            [picked, *shown],
            **look(api_name="use_picture"),
        )
        gr.on(
            [sound.upload, sound.stop_recording],
            callbacks.use_sound,
            [sound, *asked],
            [picked, *shown],
            **look(api_name="use_sound"),
        )
        video.upload(
            callbacks.use_video, [video, *asked], [picked, *shown], **look(api_name="use_video")
        )
        ours.click(lambda: str(video_of_ours), None, video, api_visibility="private").then(
            callbacks.use_video,
            [video, *asked],
            [picked, *shown],
            **look(api_visibility="private"),
        )
        gr.on(  # change, as a dropdown's input comes twice
            [other.change, own.upload, own.stop_recording],
            callbacks.compare_sound,
            [other, own, *asked],
            [own, *shown],
            **look(api_name="compare_sound"),
        )
        label.input(callbacks.use_model, asked, [facts, *shown], **look(api_name="use_model"))
        for button, make, inputs, js in (
            (save_picture, callbacks.make_picture, [*asked, cycle], READ_CYCLE),
            (save_gif, callbacks.make_gif, asked, None),
            (save_film, callbacks.make_film, asked, None),
        ):
            button.click(make, inputs, made, js=js, api_name=make.__name__).success(
                js=CLICK_MADE, api_visibility="private"
            )
        start.click(
            callbacks.make_heat_map_video, [video, label], heat, api_name="make_heat_map_video"
        )
        cancel.click(callbacks.cancel_video, api_name="cancel_video", queue=False)
        app.unload(callbacks.leave)
    return app


def launch_app(app: gr.Blocks, **options: Any):
    """Serve a page made by `build_app`; options as of `gr.Blocks.launch`."""
    return app.launch(
        theme=Default(primary_hue="orange", neutral_hue="zinc", font=FONT),
        css_paths=ASSETS / "app.css",
        head=f"<script>{(ASSETS / 'app.js').read_text(encoding='utf-8')}</script>",
        footer_links=["api"],
        max_file_size=f"{MAX_UPLOAD_MB}mb",
        state_session_capacity=MAX_VISITORS,
        ssr_mode=False,
        **options,
    )


def main(
    *,
    model: tuple[str, ...] = (),
    port: int = 7860,
    share: bool = False,
    samples: Path = ASSETS / "samples",
) -> None:
    """Serve the page.

    Args:
        model: checkpoints to choose from, by name or folder; by default those we ship.
        port: on this machine.
        share: also open a public link, through Gradio's servers, for a week.
        samples: a folder with `manifest.jsonl`, pictures and sounds.
    """
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    # A Space is reached from outside; anything else is this person's own machine.
    server_name = "0.0.0.0" if "SPACE_ID" in os.environ else "127.0.0.1"
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # tidy up as after Ctrl+C
    with tempfile.TemporaryDirectory(prefix="sspl-") as folder:
        os.environ.setdefault("GRADIO_TEMP_DIR", folder)
        try:
            app = build_app(load_models(model), load_samples(samples, MAX_SIDE_PX))
        except ValueError as error:
            raise SystemExit(str(error)) from error
        try:
            launch_app(app, server_name=server_name, server_port=port, share=share)
        except OSError as error:
            sentence = f"port {port} is taken: stop what uses it, or take another --port"
            raise SystemExit(sentence) from error


if __name__ == "__main__":
    tyro.cli(main)
