"""Features of pairs, computed once by the frozen encoders, and the maps that follow from them.

Letters: N pairs, C visual channels, h w grid, P audio patches, A audio channels, T cycles.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from sspl.data.pairs import Pairs
from sspl.data.stores import Store, read_batches
from sspl.data.transforms import whole_view
from sspl.model import AudioVisualModel

BATCH = 50


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Features of pairs, and what their maps are scored against.

    Attributes:
        visual: (N, C, h, w) of the whole pictures.
        embeddings: (N, P, A) of the sounds.
        ground_truth: (N, 224, 224).
    """

    visual: Tensor
    embeddings: Tensor
    ground_truth: Tensor


@torch.no_grad()
def encode_pairs(model: AudioVisualModel, pairs: Pairs) -> Encoded:
    """Run the encoders over pairs, in batches, with a progress bar."""
    device, spec = next(model.parameters()).device, model.config.image_spec
    bar = show_progress(pairs.images, "encode pictures")
    visual = [model.encode_image(whole_view(images.to(device), spec)) for images in bar]
    return Encoded(
        visual=torch.cat(visual),
        embeddings=encode_sounds(model, pairs.sounds),
        ground_truth=pairs.draw_truth(range(len(pairs))),
    )


@torch.no_grad()
def encode_sounds(model: AudioVisualModel, sounds: Tensor | Store) -> Tensor:
    """Embeddings (N, P, A) of `Pairs.sounds`; the audio encoder is frozen, so once is enough."""
    device = next(model.parameters()).device
    bar = show_progress(sounds, "encode sounds")
    return torch.cat([model.encode_audio(batch.to(device)) for batch in bar]).float()


@dataclass(frozen=True, kw_only=True)
class Cycles:
    """What a model makes of N pairs, on the CPU.

    Attributes:
        maps: (T, N, h, w) after each cycle.
        errors: (T, N) in [0, 2], 1 - cos(s, p_0); (0, N) of a model that predicts no sound.
        absolute: (N, h, w) what one threshold for all pairs can be put to: the agreement, or the
            last map where nothing predicts the sound at each location.
    """

    maps: Tensor
    errors: Tensor
    absolute: Tensor


@torch.no_grad()
def predict_maps(model: AudioVisualModel, visual: Tensor, embeddings: Tensor) -> Tensor:
    """The map after each cycle for each pair: (T, N, h, w), on the CPU."""
    return predict_cycles(model, visual, embeddings).maps


@torch.no_grad()
def predict_cycles(model: AudioVisualModel, visual: Tensor, embeddings: Tensor) -> Cycles:
    """What each cycle comes to: features (N, C, h, w) and embeddings (N, P, A), in batches."""
    maps, errors, absolute = [], [], []
    for features, patches in zip(visual.split(BATCH), embeddings.split(BATCH), strict=True):
        sound, query = model.project_audio(patches)
        trace = model.trace_features(features, sound, query)
        error = 1 - F.cosine_similarity(trace.sound[None], trace.predicted_sound, dim=-1)
        maps.append(trace.similarity.cpu())
        errors.append(error.cpu())
        absolute.append(maps[-1][-1] if trace.agreement is None else trace.agreement.cpu())
    return Cycles(
        maps=torch.cat(maps, dim=1), errors=torch.cat(errors, dim=1), absolute=torch.cat(absolute)
    )


def show_progress(tensors: Tensor | Store, what: str) -> Iterable[Tensor]:
    """Their batches, under a progress bar."""
    total = math.ceil(len(tensors) / BATCH)
    return tqdm(read_batches(tensors, BATCH), what, total, leave=False, unit="batch")
