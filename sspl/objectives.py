"""What training minimises: pure functions from features to a scalar, without labels or negatives.

Letters: B batch, D dimensions.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def simsiam_loss(p1: Tensor, p2: Tensor, z1: Tensor, z2: Tensor) -> Tensor:
    """Each view's prediction meets the other's projection, which gets no gradient: Eq. (8).

    Args:
        p1, p2: (B, D) predictions; z1, z2: (B, D) projections.
    Returns:
        scalar in [-1, 1].
    """
    towards_2 = F.cosine_similarity(p1, z2.detach(), dim=1)
    towards_1 = F.cosine_similarity(p2, z1.detach(), dim=1)
    return -0.5 * (towards_2 + towards_1).mean()


def cross_correlation(a: Tensor, b: Tensor) -> Tensor:
    """Correlation over the batch of each dimension of `a` with each of `b`.

    A dimension that does not vary over the batch correlates with nothing: its row is zero.

    Args:
        a, b: (B, D) float, B >= 2 for a correlation to exist (B = 1 gives zeros).
    Returns:
        (D, D) in [-1, 1].
    """

    def standardise(x: Tensor) -> Tensor:
        x = x - x.mean(0)
        return x / x.square().mean(0).add(1e-5).sqrt()

    return standardise(a).T @ standardise(b) / len(a)


def tie_loss(attended: Tensor, query: Tensor, off_diagonal: float) -> Tensor:
    """What the map picks out must vary with the sound: Barlow Twins across sight and sound.

    Zbontar et al. (ICML 2021), Eq. (1), on the attended visual feature and the sound's query,
    which live in the same space. Not in the SSPL paper; see `ModelConfig.tie_weight`.

    Args:
        attended, query: (B, D) float.
        off_diagonal: weight of the redundancy term, their lambda.
    Returns:
        scalar >= 0, per dimension (divided by D).
    """
    c = cross_correlation(attended, query)
    diagonal = torch.diagonal(c)
    on = (1 - diagonal).square().sum()
    off = c.square().sum() - diagonal.square().sum()
    return (on + off_diagonal * off) / len(c)


def leave_out_loss(left_out: Tensor, whole: Tensor, query: Tensor) -> Tensor:
    """What the map leaves out must not vary with the sound: its share of what varies, squared.

    The covariance of each dimension with the query's, over the deviation of the *whole* picture's
    feature: the faint halo around an object costs little, half an object much. Not in the SSPL
    paper; it fixes the sign of the map. See `ModelConfig.leave_out_weight`.

    Args:
        left_out: (B, D) feature of the places the map dims; whole: (B, D) of all places;
        query: (B, D).
    Returns:
        scalar >= 0, per dimension.
    """
    left_out = (left_out - left_out.mean(0)) / whole.var(0, correction=0).add(1e-5).sqrt()
    query = (query - query.mean(0)) / query.var(0, correction=0).add(1e-5).sqrt()
    return (left_out * query).mean(0).square().mean()
