"""The tab "Your own video": the map over every frame, with progress, and a way to stop."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import gradio as gr

from sspl.explorer.models import Model, find_key
from sspl.explorer.page import Page, answer
from sspl.explorer.uploads import MAX_UPLOAD_MB, MAX_VIDEO_S, new_file, open_own_video
from sspl.localizer import Localizer, localize_video

PROGRESS = gr.Progress()  # a default by which Gradio knows who reports
HOW_TO = f"""Bring a video with sound, up to {MAX_VIDEO_S:.0f} s and {MAX_UPLOAD_MB} MB. Three
seconds of sound are heard around each moment, and the map of where they come from is laid over its
frame. Where it is silent there is no map, and the picture says so."""


class Stopped(Exception):
    """A visitor cancelled, or left."""


@dataclass(frozen=True, kw_only=True)
class Filming:
    """What the tab does. Of a visitor it keeps only the wish to stop a running video."""

    models: Mapping[str, Model]
    stops: dict[str, threading.Event] = field(default_factory=dict)  # by session

    def describe_video(self, path: str | None):
        """A video's first frame and its facts; what was made of another one before is gone."""
        if path is None:
            return _show(None, False), "", _show(None, False)
        with open_own_video(path) as video:
            if not video.has_audio:
                raise ValueError(f"{video.path.name} has no sound: there is nothing to hear in it")
            facts = (
                f"**{video.path.name}**: {video.duration_s:.1f} s, {video.width_px} × "
                f"{video.height_px} px, {video.fps:.3g} frames a second"
            )
            return _show(video.frame_at(0.0), True), facts, _show(None, True)

    def make_heat_map_video(
        self, video: str | None, model: str, request: gr.Request, progress=PROGRESS
    ):
        """Lay the map over every frame of a video.

        Args:
            video: a video with sound, up to two minutes.
            model: by its key, from list_samples.
        Returns:
            an MP4 with the video's own sound.
        """
        network = self.models[find_key(model, self.models)].network
        stop = self.stops.setdefault(str(request.session_hash), threading.Event())
        stop.clear()

        def report(done_s: float, total_s: float) -> None:
            if stop.is_set():
                raise Stopped
            progress(done_s / total_s, desc=f"{done_s:.1f} of {total_s:.1f} s")

        with open_own_video(video) as opened:
            source = opened.path
        out = new_file(f"{source.stem}-heat-map.mp4")
        try:
            localize_video(Localizer(network), source, out, progress=report)
        except Stopped:
            return None
        return str(out)

    def cancel_video(self, request: gr.Request) -> None:
        """Stop the visitor's heat-map video at its next frame."""
        self._stop(request)
        gr.Info("Cancelled.")

    def leave(self, request: gr.Request) -> None:
        """A browser's page was closed: nobody waits for its video any more."""
        self._stop(request)
        self.stops.pop(str(request.session_hash), None)

    def _stop(self, request: gr.Request) -> None:
        if stop := self.stops.get(str(request.session_hash)):
            stop.set()


def _show(value: Any, visible: bool) -> dict[str, Any]:
    """A component's new value; an empty one is left out of the page."""
    return gr.update(value=value, visible=visible)


def build_video_tab(page: Page) -> tuple[gr.File, gr.Button, Callable]:
    """Lay the tab out.

    Returns:
        the video, the button by which its middle frame is looked at in the first tab, and what is
        to be done when a visitor leaves.
    """
    does = Filming(models=page.models)
    ours = next((sample.video for sample in page.samples.values() if sample.video), None)
    gr.Markdown(HOW_TO, elem_classes="quiet")
    with gr.Row():
        with gr.Column(min_width=320):
            video = gr.File(label="Video", height=140, elem_id="video")
            take = gr.Button("Take our video", size="sm", visible=ours is not None)
            first = gr.Image(
                label="Its first frame",
                interactive=False,
                buttons=[],
                visible=False,
                elem_id="first-frame",
            )
            facts = gr.Markdown(elem_id="video-facts")
            with gr.Row():
                start = gr.Button(
                    "Make the heat-map video", variant="primary", elem_id="start-video"
                )
                cancel = gr.Button("Cancel", min_width=90, scale=0, elem_id="cancel-video")
            step = gr.Button("Step through its middle frame", size="sm", elem_id="step-video")
        with gr.Column(min_width=320):
            heat = gr.Video(
                label="Heat-map video", interactive=False, visible=False, elem_id="heat"
            )
    take.click(lambda: str(ours), None, video, api_visibility="private")
    making = answer(
        start.click, does.make_heat_map_video, [video, page.model], heat, gpu_s=round(MAX_VIDEO_S)
    )
    described = answer(
        video.change,
        does.describe_video,
        video,
        [first, facts, heat],
        cancels=[making],
        api_visibility="private",
    )
    described.failure(lambda: None, None, video, api_visibility="private")  # it was refused
    # One that runs stops by itself; one that waits in the queue has to be taken out of it.
    answer(cancel.click, does.cancel_video, cancels=[making], api_visibility="undocumented")
    return video, step, does.leave
