"""The attention module: how well does each grid cell correspond to the sound? Sec. 3.2.

Letters: B batch, C channels, h w grid.
"""

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

ScalingName = Literal["relu", "sigmoid", "softmax", "relu_softmax", "min_max"]
FusionName = Literal["cat", "multiply", "add", "attention"]


def similarity_map(
    query: Tensor, features: Tensor, visual: Tensor, norm_offset: float = 0.0
) -> Tensor:
    """Cosine similarity of the sound's query with every grid cell, Eq. (3).

    `norm_offset` departs from the paper: the cosine of a cell is shrunk by |v| / (|v| + offset
    x mean |v| of the picture), v being the image encoder's feature there, so that cells of faint
    features cannot score high on direction alone. 0 is the paper's cosine.

    Args:
        query: (B, C) float, the transformed audio feature.
        features: (B, C, h, w) float, aligned by the PCM, or the visual ones.
        visual: (B, C', h, w) float, the frozen visual feature; unused where norm_offset is 0.
    Returns:
        (B, h, w) in [-1, 1].
    """
    cosine = F.cosine_similarity(query[:, :, None, None], features, dim=1)
    if not norm_offset:
        return cosine
    norms = visual.norm(dim=1).to(cosine.dtype)  # (B, h, w)
    offset = norm_offset * norms.mean((1, 2), keepdim=True)
    return cosine * norms / (norms + offset).clamp_min(1e-8)


def scale_min_max(similarity: Tensor) -> Tensor:
    """Stretch each map to [0, 1], Eq. (5); a flat map becomes all zeros.

    Args:
        similarity: (B, h, w) float.
    """
    low = similarity.amin((1, 2), keepdim=True)
    high = similarity.amax((1, 2), keepdim=True)
    return (similarity - low) / (high - low + 1e-10)


def scale_softmax(similarity: Tensor) -> Tensor:
    """Softmax over a map's cells, which then sum to 1 (Senocak et al., CVPR 2018).

    Without temperature, as in their published code: a cosine in [-1, 1] leaves the weights near
    1 / (h w), at most e^2 apart.

    Args:
        similarity: (B, h, w) float.
    """
    return similarity.flatten(1).softmax(1).view_as(similarity)


def scale_relu_softmax(similarity: Tensor) -> Tensor:
    """`scale_softmax` of what is positive, the published code's way (Senocak et al., CVPR 2018)."""
    return scale_softmax(F.relu(similarity))


def fuse_by_attention(features: Tensor, query: Tensor, attention: Tensor) -> Tensor:
    """Sum of the features, each cell weighted by its attention, Eq. (4).

    Args:
        features: (B, C, h, w); query: (B, C), unused here; attention: (B, h, w) in [0, 1].
    Returns:
        (B, C), the audio-visual representation.
    """
    return torch.einsum("bhw,bchw->bc", attention, features)


# Table S5's other three do not use the map: it is still read out, but the query learns from the
# fused vector alone. The paper names them and no more. We take the feature's mean over the grid and
# the query g(f_a), both (B, C); to fuse the query with every cell and take the mean after is the
# same thing. The mean, not Eq. (4)'s sum, since a sum over h w cells would drown the query.
def fuse_by_cat(features: Tensor, query: Tensor, attention: Tensor) -> Tensor:
    """Mean feature beside the query, "Cat" of Table S5: (B, 2 C); arguments as above."""
    return torch.cat([features.mean((2, 3)), query], dim=1)


def fuse_by_product(features: Tensor, query: Tensor, attention: Tensor) -> Tensor:
    """Mean feature times the query, channel by channel: (B, C); arguments as above."""
    return features.mean((2, 3)) * query


def fuse_by_sum(features: Tensor, query: Tensor, attention: Tensor) -> Tensor:
    """Mean feature plus the query: (B, C); arguments as above."""
    return features.mean((2, 3)) + query


def fused_channels(fusion: FusionName, channels: int) -> int:
    """Width of what a fusion of C channels hands to the projector: 2 C for "cat", else C."""
    return 2 * channels if fusion == "cat" else channels


# Table 5. ReLU and sigmoid are the plain functions; the paper gives neither a temperature.
SCALINGS: dict[ScalingName, Callable[[Tensor], Tensor]] = {
    "relu": F.relu,
    "sigmoid": torch.sigmoid,
    "softmax": scale_softmax,
    "relu_softmax": scale_relu_softmax,
    "min_max": scale_min_max,
}

# Table S5.
FUSIONS: dict[FusionName, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "cat": fuse_by_cat,
    "multiply": fuse_by_product,
    "add": fuse_by_sum,
    "attention": fuse_by_attention,
}
