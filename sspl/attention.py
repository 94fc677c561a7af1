"""The attention module: how well does each place of the picture fit the sound? Sec. 3.2.

Letters: B batch, C channels, h w grid.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def similarity_map(
    query: Tensor, features: Tensor, seen: Tensor, norm_offset: float = 0.0
) -> Tensor:
    """Cosine similarity of the sound's query with every place, Eq. (3).

    `norm_offset` departs from the paper: the cosine of a place is shrunk by |v| / (|v| + offset
    x mean |v| of the picture), v being what the eyes saw there, so that places where they saw
    little cannot score high on direction alone. 0 is the paper's cosine.

    Args:
        query: (B, C) float, the transformed audio feature.
        features: (B, C, h, w) float, aligned by the PCM, or as seen.
        seen: (B, C', h, w) float, the frozen visual feature; unused where norm_offset is 0.
    Returns:
        (B, h, w) in [-1, 1].
    """
    cosine = F.cosine_similarity(query[:, :, None, None], features, dim=1)
    if not norm_offset:
        return cosine
    norms = seen.norm(dim=1).to(cosine.dtype)  # (B, h, w)
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


def fuse_by_attention(features: Tensor, query: Tensor, attention: Tensor) -> Tensor:
    """Sum of the features, each place weighted by its attention, Eq. (4).

    Args:
        features: (B, C, h, w); query: (B, C), unused here; attention: (B, h, w) in [0, 1].
    Returns:
        (B, C), the audio-visual representation.
    """
    return torch.einsum("bhw,bchw->bc", attention, features)


SCALINGS = {"min_max": scale_min_max}  # Table 5 adds four
FUSIONS = {"attention": fuse_by_attention}  # Table S5 adds three
