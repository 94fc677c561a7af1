"""One pass of the PCM over a scene, opened: its quantities by layer and cycle.

Letters: T cycles, C channels of a layer, A channels of the sound, h w grid of a layer.
"""

from dataclasses import dataclass
from typing import Literal, TypedDict

import torch
from torch import Tensor

from sspl.audio import SAMPLE_RATE_HZ
from sspl.data.inputs import prepare_picture, prepare_sound
from sspl.explorer.scenes import Scene, Sound
from sspl.media.sounds import to_model_rate
from sspl.model import SSPL, AudioVisualModel
from sspl.pcm import NUM_LAYERS, Layers, PredictiveCoding

NO_PCM = (
    "This model has no predictive coding module: it compares the sound with the picture's feature "
    "as it is, so there is nothing inside to show. Choose a model with PCM above."
)
Half = Literal["predict", "correct"]  # of a cycle
Key = Literal["p", "r", "e", "corrected"]  # of a quantity


class Column(TypedDict):
    """A quantity of the PCM, the half-cycle that computes it, and what it is in plain words."""

    key: Key
    half: Half
    name: str
    hint: str


COLUMNS: tuple[Column, ...] = (
    {
        "key": "p",
        "half": "predict",
        "name": "Expected",
        "hint": "what the layer above says this one should be",
    },
    {
        "key": "r",
        "half": "predict",
        "name": "Adapted",
        "hint": "the layer after it has moved towards that",
    },
    {
        "key": "e",
        "half": "correct",
        "name": "Missed",
        "hint": "what the expectation got wrong",
    },
    {
        "key": "corrected",
        "half": "correct",
        "name": "Corrected",
        "hint": "the layer after the error below has reached it",
    },
)


@dataclass(frozen=True, kw_only=True)
class Pass:
    """One pass over a scene's first sound, opened; B = 1.

    Attributes:
        visual: (1, C_v, 14, 14) f_v.
        sound: (1, A) r_0.
        query: (1, C_v).
        cycles: T of them.
    """

    visual: Tensor
    sound: Tensor
    query: Tensor
    cycles: list[Layers]

    def read(self, key: str, layer: int) -> list[Tensor]:
        """One of `COLUMNS` at layer 1, 2 or 3 in every cycle: T of (C, h, w)."""
        if key == "p":
            top = layer == NUM_LAYERS
            steps = [self.visual if top else c.predictions[layer] for c in self.cycles]
        elif key == "e":
            steps = [cycle.errors[layer] for cycle in self.cycles]
        else:
            name = "feedback" if key == "r" else "feedforward"
            steps = [getattr(cycle, name)[layer - 1] for cycle in self.cycles]
        return [step[0] for step in steps]


@torch.no_grad()
def run_pass(model: SSPL, pcm: PredictiveCoding, scene: Scene) -> Pass:
    """Run the model over a scene's picture and its first sound."""
    device = next(model.parameters()).device
    visual = model.encode_image(prepare_picture(scene.picture, model.config.image_spec, device))
    sound, query = embed_sound(model, scene.sound)
    return Pass(visual=visual, sound=sound, query=query, cycles=list(pcm.run(visual, sound)))


@torch.no_grad()
def embed_sound(model: AudioVisualModel, sound: Sound) -> tuple[Tensor, Tensor]:
    """What is to be predicted of a sound, and the query of the map: (1, ...) both."""
    spec = model.config.audio_spec
    waveform = to_model_rate(sound.waveform, SAMPLE_RATE_HZ, spec.sample_rate_hz)
    patches = prepare_sound(waveform, spec, next(model.parameters()).device)
    return model.project_audio(model.encode_audio(patches))


def list_keys(layer: int) -> list[Key]:
    """The columns that a layer has: above the top one nothing learns from an error."""
    return [c["key"] for c in COLUMNS if (c["key"], layer) != ("e", NUM_LAYERS)]


def name_quantity(key: str, layer: int) -> str:
    """The paper's symbol of one of `COLUMNS` at a layer; r after its correction has a prime."""
    if key == "p" and layer == NUM_LAYERS:
        return "p₃ = fᵥ"  # Algorithm S1, line 7
    symbol = "r" if key == "corrected" else key
    return symbol + "₀₁₂₃"[layer] + ("′" if key == "corrected" else "")


def measure_rms(channels_first: Tensor) -> Tensor:
    """Root mean square over channels, (C, ...) to (...)."""
    return channels_first.square().mean(0).sqrt()
