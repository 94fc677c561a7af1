"""What can be changed in the model that is chosen on the page, without training it anew.

Letters: T cycles, h w map.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, TypedDict

import torch

from sspl.attention import SCALINGS
from sspl.data.inputs import prepare_picture, prepare_sound
from sspl.evaluation.negative_audio import correlate_maps
from sspl.explorer.ablations.nearest import SCALING_WORDS
from sspl.explorer.ablations.readings import Reading, draw_map, read_maps
from sspl.explorer.models import Model
from sspl.explorer.scenes import Scene
from sspl.model import SSPL, AudioVisualModel
from sspl.predictive_attention import PredictiveAttention
from sspl.sliding_window import is_silent

SMALL_PX = 200
SAME = 0.99  # correlation from which on two maps look alike
# Of predictive attention: the name of a setting, what it does, the values to look at.
SETTINGS: Mapping[str, tuple[str, str, tuple[float, ...]]] = {
    "step": ("step κ", "how far a cycle moves the map, Eq. (S8)", (0.05, 0.25, 1.0)),
    "spread": ("spread", "what places take over from those that look alike", (0.0, 0.5, 0.9)),
    "saliency_offset": ("offset", "the larger, the less what stands out counts", (0.3, 3.0, 100.0)),
    "extent": ("extent", "below 1 the map is wider; no order of places changes", (0.5, 1.0, 2.0)),
}


class Readout(Reading):
    """The scene's map with one thing changed, and its correlation with the map as it is."""

    words: str
    hint: str
    frame: str
    alike: float


class Readouts(TypedDict):
    """The scene's map by the chosen model as it is, and with one thing changed at a time.

    Attributes:
        silent: the sound is too quiet to be of anything.
        own: as it is.
        changed: those that differ most first.
        same: the correlation from which on nothing is to be seen.
    """

    title: str
    sound: str
    label: str
    silent: bool
    own: Readout
    changed: list[Readout]
    same: float


@dataclass(frozen=True, kw_only=True)
class ChosenModel:
    """The models that a page lets its visitors choose from."""

    models: Mapping[str, Model]

    def describe_readouts(self, model: str, scene: Scene) -> Readouts:
        """The scene's map by a model as it is, and with one thing changed at a time, untrained.

        Args:
            model: its key, from list_samples.
            scene: the picture and the sound.
        """
        return describe_readouts(self.models[model], scene)


@torch.no_grad()
def describe_readouts(model: Model, scene: Scene) -> Readouts:
    """The scene's map by a model as it is, and with one thing changed at a time."""
    network = model.network
    visual = network.encode_image(prepare_picture(scene.picture, network.config.image_spec))
    patches = prepare_sound(scene.sound.waveform, network.config.audio_spec)
    sound, query = network.project_audio(network.encode_audio(patches))
    maps = network.trace_features(visual, sound, query).similarity[:, 0]
    own, num_cycles = maps[-1], len(maps)
    words = [f"T = {t}" for t in range(1, num_cycles)]
    hints = [f"read out after cycle {t} of {num_cycles}" for t in range(1, num_cycles)]
    found = list(maps[:-1])
    if isinstance(network, PredictiveAttention):
        for setting, hint, changed in _change_settings(network):
            words.append(setting)
            hints.append(hint)
            found.append(changed.trace_features(visual, sound, query).similarity[-1, 0])
    elif isinstance(network, SSPL):
        for name in SCALING_WORDS:
            if name != network.config.scaling:
                words.append(SCALING_WORDS[name])
                hints.append("a scaling of the finished map, Eq. (5)")
                found.append(SCALINGS[name](own[None])[0])
    boxes = scene.find_boxes(scene.sound)
    shown = torch.stack([own, *found])
    alike = correlate_maps(shown, own.expand_as(shown)).tolist()
    readouts: list[Readout] = [
        {
            "words": each,
            "hint": hint,
            "frame": draw_map(scene, similarity, boxes, SMALL_PX),
            "alike": correlation,
            **reading,
        }
        for each, hint, similarity, correlation, reading in zip(
            ["As it is", *words],
            [_list_settings(network), *hints],
            shown,
            alike,
            read_maps(shown, boxes),
            strict=True,
        )
    ]
    return {
        "title": scene.title,
        "sound": scene.sound.title,
        "label": model.label,
        "silent": is_silent(scene.sound.clip),
        "own": readouts[0],
        "changed": sorted(readouts[1:], key=lambda each: each["alike"]),
        "same": SAME,
    }


def _change_settings(
    network: PredictiveAttention,
) -> list[tuple[str, str, PredictiveAttention]]:
    """The model with each setting at each other value: its words, what it does, the model."""
    changed = []
    numbers = {name: value for name, value in network.state_dict().items() if "encoder" not in name}
    for name, (words, hint, values) in SETTINGS.items():
        for value in values:
            if value == getattr(network.config, name):
                continue
            config = replace(network.config, **{name: value})
            other = PredictiveAttention(
                config=config,
                image_encoder=network.image_encoder,
                audio_encoder=network.audio_encoder,
            ).eval()
            other.load_state_dict(numbers, strict=False)
            changed.append((f"{words} = {value:g}", hint, other))
    return changed


def _list_settings(network: AudioVisualModel) -> str:
    """The settings that are changed here, as the model has them."""
    config: dict[str, Any] = asdict(network.config)
    parts = [f"T = {config['num_cycles']}"]
    if isinstance(network, PredictiveAttention):
        parts += [f"{words} = {config[name]:g}" for name, (words, _, _) in SETTINGS.items()]
    else:
        parts += [f"scaling {SCALING_WORDS[config['scaling']]}"]
    return ", ".join(parts)
