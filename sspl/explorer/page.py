"""What the tabs of a page share: a visitor's scene, the model that looks at it, how they show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sspl.explorer.models import Model
from sspl.explorer.samples import Sample
from sspl.explorer.uploads import borrow_gpu, tell_person

Payload = Mapping[str, Any]
"""What goes to the browser: JSON-able, pictures and sounds as data URIs.

Each is a `TypedDict` beside what builds it. `tests/explorer/payloads` has a small one of each kind,
which the tests of both sides read.
"""
KEEP = "window.sspl.then(({{ keep }}) => keep(element, '{name}', props, watch, trigger))"
LOOK_S = 10  # that a look may take on a borrowed GPU: far more than it does


@dataclass(frozen=True, kw_only=True)
class Page:
    """What every tab may use.

    Attributes:
        models: by their key.
        samples: by their id.
        scene: state of a `Scene`, each visitor's own.
        model: the chosen model's key; `facts` what is said about it.
        picked: the gallery's choice, "" once a visitor's own is looked at.
    """

    models: Mapping[str, Model]
    samples: Mapping[str, Sample]
    scene: gr.State
    model: gr.Radio
    facts: gr.Markdown
    picked: gr.HTML

    def change_scene(self, triggers: Any, handler: Callable, inputs: Any, outputs: Any) -> Any:
        """Let a handler make another scene of the present one.

        One after the other, so that of two changes at once neither is lost. What shows the scene
        is asked to afterwards, see `app.py`.
        """
        return answer(
            triggers,
            handler,
            inputs,
            outputs,
            show_progress="hidden",
            trigger_mode="always_last",
            concurrency_limit=1,
            concurrency_id="scene",
        )


@dataclass(frozen=True, kw_only=True)
class View:
    """A part of a tab that shows the visitor's scene, drawn in the browser.

    Attributes:
        shown: receives the payload.
        describe: the payload of a model's key and a scene; a method with a docstring, as it is
            what programs call, by its name.
        inputs: components whose values it takes besides.
    """

    shown: gr.HTML
    describe: Callable[..., Payload]
    inputs: tuple[Any, ...] = ()


def tell_wrong_choice(radio: gr.Radio) -> gr.Radio:
    """Let a radio tell a program's wrong value in a sentence, as the rest of the page does."""
    take, values = radio.preprocess, ", ".join(str(value) for _, value in radio.choices)

    def preprocess(payload: Any) -> Any:
        try:
            return take(payload)
        except gr.Error as error:
            sentence = f"there is no {str(radio.label).lower()} {payload!r}: take {values}"
            raise gr.Error(sentence, print_exception=False) from error

    radio.preprocess = preprocess
    return radio


def draw_in_browser(name: str, value: Payload | str | None, label: str, **options: Any) -> gr.HTML:
    """A component that a drawer of `assets/page/main.js` draws anew for every value.

    Args:
        name: the drawer's, such as "stage"; also the element's id.
        value: what to show at first; None is drawn once there is something.
        label: what it is, for those who do not see it.
        options: as of `gr.HTML`.
    """
    return gr.HTML(
        value,
        html_template=f'<section class="{name}" aria-label="{label}"></section>',
        js_on_load=KEEP.format(name=name),
        elem_id=name,
        **options,
    )


def answer(
    triggers: Any,
    handler: Callable,
    inputs: Any = None,
    outputs: Any = None,
    *,
    gpu_s: int | None = None,
    **options: Any,
) -> Any:
    """Let a handler answer an event, or a list of them, under its own name.

    Programs find it by that name. Where it looks at the visitor's scene, which they do not have,
    it is left out of what is offered to them.

    Args:
        gpu_s: seconds that it may take on a borrowed GPU; None where it asks no model.
        options: as of a component's event.
    """
    of_a_visitor = any(isinstance(part, gr.State) for part in _as_list(inputs))
    options.setdefault("api_visibility", "undocumented" if of_a_visitor else "public")
    guarded = tell_person(handler)
    return gr.on(
        triggers,
        guarded if gpu_s is None else borrow_gpu(guarded, gpu_s),
        inputs,
        outputs,
        api_name=handler.__name__,
        **options,
    )


def _as_list(parts: Any) -> list[Any]:
    if parts is None:
        return []
    return list(parts) if isinstance(parts, list | tuple | set) else [parts]
