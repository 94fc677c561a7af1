"""What the tabs of a page share: a visitor's scene, the model that looks at it, how they show."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import gradio as gr

from sspl.explorer.models import Model
from sspl.explorer.samples import Sample
from sspl.explorer.scenes import Scene
from sspl.explorer.visitors import borrow_gpu, tell_person

Payload = dict[str, Any]
"""What goes to the browser: JSON-able, pictures and sounds as data URIs."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """What every tab may use.

    Attributes:
        models: by their label.
        samples: by their id.
        scene: state of a `Scene`, each visitor's own.
        label: the chosen model's label.
    """

    models: Mapping[str, Model]
    samples: Mapping[str, Sample]
    scene: gr.State
    label: gr.Radio


@dataclass(frozen=True, kw_only=True)
class View:
    """A part of a tab that shows the visitor's scene, drawn in the browser.

    Attributes:
        shown: receives the payload.
        describe: the payload of a model's label and a scene; a method with a docstring, as it is
            what programs call, by its name.
    """

    shown: gr.HTML
    describe: Callable[[str, Scene], Payload]


def draw_in_browser(name: str, value: Payload | str | None, label: str, **options: Any) -> gr.HTML:
    """A component that `window.sspl.draw<Name>(root, value, trigger)` draws anew for every value.

    Args:
        name: such as "stage", of `assets/page/stage.js`; also the element's id.
        value: what to show at first; None is drawn once there is something.
        label: what it is, for those who do not see it.
        options: as of `gr.HTML`.
    """
    return gr.HTML(
        value,
        html_template=f'<section class="{name}" aria-label="{label}"></section>',
        js_on_load=f'window.sspl.keep(element, "{name}", props, watch, trigger)',
        elem_id=name,
        **options,
    )


def answer(
    triggers: Any, handler: Callable, inputs: Any = None, outputs: Any = None, **options: Any
) -> Any:
    """Let a handler answer an event, or a list of them, under its own name.

    Programs find it by that name. Where it looks at the visitor's scene, which they do not have,
    it is left out of what is offered to them.

    Args:
        options: as of a component's event.
    """
    of_a_visitor = any(isinstance(part, gr.State) for part in _as_list(inputs))
    options.setdefault("api_visibility", "undocumented" if of_a_visitor else "public")
    return gr.on(
        triggers,
        tell_person(borrow_gpu(handler)),
        inputs,
        outputs,
        api_name=handler.__name__,
        **options,
    )


def _as_list(parts: Any) -> list[Any]:
    if parts is None:
        return []
    return list(parts) if isinstance(parts, list | tuple | set) else [parts]
