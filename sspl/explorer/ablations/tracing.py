"""The maps of a scene by many variants, which have the same frozen encoders.

Letters: T cycles, h w map.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from sspl.data.inputs import prepare_picture, prepare_sound
from sspl.explorer.scenes import Scene
from sspl.model import SSPL
from sspl.zoo.variants import TrainedVariant


def trace_variants(
    models: Mapping[str, SSPL], variants: Sequence[TrainedVariant], scene: Scene
) -> list[Tensor]:
    """The scene's maps (T, h, w) after every cycle of each variant.

    Picture and sound are encoded once, as all variants have the same image and audio encoder.

    Args:
        models: by the variants' names.
    """
    patches = prepare_sound(scene.sound.waveform, variants[0].config.audio_spec)
    embeddings = models[variants[0].name].encode_audio(patches)
    seen: dict[bool, Tensor] = {}
    traced = []
    for variant in variants:
        model, rectified = models[variant.name], variant.config.rectified_features
        with torch.no_grad():
            if rectified not in seen:
                view = prepare_picture(scene.picture, variant.config.image_spec)
                seen[rectified] = model.encode_image(view)
            trace = model.trace_features(seen[rectified], *model.project_audio(embeddings))
        traced.append(trace.similarity[:, 0])
    return traced
