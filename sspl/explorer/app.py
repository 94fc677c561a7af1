"""The page put together.

Each tab has a file beside this one, and some in `assets/page` for what it does in the browser.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import gradio as gr
from gradio.themes.default import Default
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware

from sspl.assets import find_assets
from sspl.explorer.ablations.tab import build_ablations_tab
from sspl.explorer.api import open_api
from sspl.explorer.gallery import describe_gallery
from sspl.explorer.inside import build_inside_tab
from sspl.explorer.localizing import Localizing, build_localize_tab
from sspl.explorer.models import Model
from sspl.explorer.negatives.tab import build_negatives_tab
from sspl.explorer.page import LOOK_S, Page, answer, draw_in_browser, tell_wrong_choice
from sspl.explorer.page_modules import read_modules
from sspl.explorer.preview import Preview, PreviewMiddleware
from sspl.explorer.samples import Sample
from sspl.explorer.uploads import MAX_UPLOAD_MB
from sspl.explorer.videos import build_video_tab

PAGE = find_assets() / "page"
FORGET_S = 2 * 60 * 60  # what a visitor brought or made is deleted after this
MAX_SESSIONS = 500  # whose scenes are kept at a time
MAX_AT_ONCE = 2  # answers of a kind that are worked on side by side; the rest wait their turn
COMPRESS = Middleware(GZipMiddleware, compresslevel=5)  # streams stay as they are
FONT = ("system-ui", "sans-serif")  # a font to load would weigh as much as a scene, twice

# Darker than Gradio's own, for a contrast of 4.5.
READABLE: dict[str, Any] = {
    "body_text_color_subdued": "*neutral_500",
    "input_placeholder_color": "*neutral_500",
    "button_primary_background_fill": "*primary_700",
    "button_primary_background_fill_dark": "*primary_700",
    "button_primary_background_fill_hover": "*primary_800",
    "button_primary_background_fill_hover_dark": "*primary_800",
}
DESCRIPTION = (
    "Give it a photograph and a sound: it shows where in the picture the sound comes from, cycle "
    "by cycle."
)
PREVIEW = Preview(
    title="SSPL Explorer",
    description=DESCRIPTION,
    picture=find_assets() / "page" / "preview.jpg",
)
INTRODUCTION = """# SSPL Explorer
Where in the picture is what we hear? Nobody drew these models a box: they learned from pictures and
sounds that belong together. Press play, then [bring your own](#side)."""
TABS = (
    ("inside", "Inside", build_inside_tab),
    ("ablations", "Ablations", build_ablations_tab),
    ("negatives", "Negatives", build_negatives_tab),
)
OPEN_TAB = "async (...given) => {{ (await window.sspl).openTab('{name}'); return given; }}"
SHOW = "() => document.querySelector('#show-stage').click()"
REFRESH = "async () => (await window.sspl).refresh()"


def build_app(models: Mapping[str, Model], samples: Mapping[str, Sample]) -> gr.Blocks:
    """The page, its first example finished."""
    does = Localizing(models=models, samples=samples)
    first_key, first_id = next(iter(models)), next(iter(samples))
    with gr.Blocks(
        title="SSPL Explorer", analytics_enabled=False, delete_cache=(FORGET_S // 4, FORGET_S)
    ) as app:
        gr.Markdown(INTRODUCTION, elem_id="intro")
        fresh = replace(samples[first_id].scene, fresh=True)
        scene = gr.State(fresh, time_to_live=FORGET_S)
        thumbnails = describe_gallery(samples)
        picked = draw_in_browser("gallery", first_id, "Samples", samples=thumbnails)
        model = tell_wrong_choice(
            gr.Radio(
                [(each.label, key) for key, each in models.items()],
                value=first_key,
                label="Model",
                container=False,
                elem_id="model",
            )
        )
        facts = gr.Markdown(models[first_key].facts, elem_id="facts", render=False)
        page = Page(
            models=models, samples=samples, scene=scene, model=model, facts=facts, picked=picked
        )
        tab, view = {}, {}
        with gr.Tabs(elem_id="tabs") as tabs:
            with gr.Tab("Localize", id="localize") as tab["localize"]:
                localize = build_localize_tab(page, does)
                view["localize"] = localize.swapped
            for name, title, build in TABS:
                with gr.Tab(title, id=name) as tab[name]:
                    view[name] = build(page)
            with gr.Tab("Video", id="video") as tab["video"]:
                video, step, leave = build_video_tab(page)
                own_video = answer(
                    video.upload,
                    does.use_own,
                    model,
                    [model, facts],
                    api_visibility="private",
                )

        asked = [model, scene]
        for name, opened in tab.items():
            open_tab = OPEN_TAB.format(name=name)
            if view.get(name) is None:
                opened.select(js=open_tab, api_visibility="private")
                continue
            refresh = gr.Button(visible="hidden", elem_id=f"refresh-{name}")
            answer(
                [opened.select, refresh.click],
                view[name].describe,
                [*asked, *view[name].inputs],
                view[name].shown,
                js=open_tab,
                trigger_mode="always_last",
                gpu_s=LOOK_S,
            )

        stepped = page.change_scene(step.click, does.use_video, [video, scene], [picked, scene])
        stepped.success(lambda: gr.Tabs(selected="localize"), None, tabs, api_visibility="private")
        query, restore = gr.Textbox(visible=False), gr.Button(visible="hidden", elem_id="restore")
        restored = answer(
            restore.click,
            does.restore,
            query,
            [picked, model, facts, localize.others, tabs, scene],
            js="async () => [(await window.sspl).readQuery()]",
            api_visibility="undocumented",
        )
        sampled = page.change_scene(
            picked.select, does.show_sample, [picked, *asked], [model, facts, scene]
        )
        answer(model.input, does.use_model, model, facts, api_visibility="undocumented")
        # Whatever changes the scene or the model, one event shows them as they are by then.
        show = gr.Button(visible="hidden", elem_id="show-stage")
        for change in (*localize.changes, own_video, sampled, stepped, restored):
            change.success(js=SHOW, api_visibility="private")
        answer(
            [model.input, show.click],
            does.show_stage,
            asked,
            localize.stage,
            show_progress="minimal",
            trigger_mode="always_last",
            gpu_s=LOOK_S,
        ).success(js=REFRESH, api_visibility="private")
        app.load(js="async () => (await window.sspl).arrive()", api_visibility="private")
        app.unload(leave)
        open_api(models, samples)
    return app.queue(default_concurrency_limit=MAX_AT_ONCE)


def launch_app(app: gr.Blocks, **options: Any):
    """Serve a page made by `build_app`; options as of `gr.Blocks.launch`."""
    modules = read_modules(PAGE)
    return app.launch(
        theme=Default(primary_hue="orange", neutral_hue="zinc", font=FONT).set(**READABLE),
        css_paths=sorted(PAGE.glob("*.css")),
        head=f'<meta name="description" content="{DESCRIPTION}">{modules.head}',
        app_kwargs={
            "routes": [modules.route, PREVIEW.route],
            "middleware": [COMPRESS, Middleware(PreviewMiddleware, preview=PREVIEW)],
        },
        footer_links=["api"],
        max_file_size=f"{MAX_UPLOAD_MB}mb",
        state_session_capacity=MAX_SESSIONS,
        ssr_mode=False,
        **options,
    )
