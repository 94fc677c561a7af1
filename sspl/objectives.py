"""What training minimises: pure functions from features to a scalar, without labels or negatives.

Letters: B batch, D dimensions.
"""

from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

TieName = Literal["barlow_twins", "vicreg", "w_mse"]


def simsiam_loss(
    p1: Tensor, p2: Tensor, z1: Tensor, z2: Tensor, *, stop_gradient: bool = True
) -> Tensor:
    """Each view's prediction meets the other's projection, which gets no gradient: Eq. (8).

    Args:
        p1, p2: (B, D) predictions; z1, z2: (B, D) projections.
        stop_gradient: False is Eq. (7), which collapses (Table 3, rows a and b).
    Returns:
        scalar in [-1, 1]; -1 is also what a collapsed network reaches.
    """
    if stop_gradient:
        z1, z2 = z1.detach(), z2.detach()
    towards_2 = F.cosine_similarity(p1, z2, dim=1)
    towards_1 = F.cosine_similarity(p2, z1, dim=1)
    return -0.5 * (towards_2 + towards_1).mean()


def byol_loss(p1: Tensor, p2: Tensor, z1: Tensor, z2: Tensor) -> Tensor:
    """Each view's prediction meets what a slower copy of the network makes of the other view.

    |p/|p| - z/|z||^2 = 2 - 2 cos(p, z), both ways: Grill et al. (BYOL, NeurIPS 2020), Eq. (2). What
    keeps it from collapse is not here: the copy, whose weights follow by moving average.

    Args:
        p1, p2: (B, D) predictions of the network that learns; z1, z2: (B, D) projections of the
            copy, which get no gradient.
    Returns:
        scalar in [0, 8].
    """
    return 4 + 4 * simsiam_loss(p1, p2, z1, z2)


def standardise(x: Tensor) -> Tensor:
    """Each dimension to mean 0 and deviation 1 over the batch, a batch norm without weights.

    Args:
        x: (B, D) float; a dimension that does not vary, and a batch of one, become 0.
    """
    x = x - x.mean(0)
    return x / x.square().mean(0).add(1e-5).sqrt()


def cross_correlation(a: Tensor, b: Tensor) -> Tensor:
    """Correlation over the batch of each dimension of `a` with each of `b`.

    A dimension that does not vary over the batch correlates with nothing: its row is zero.

    Args:
        a, b: (B, D) float, B >= 2 for a correlation to exist (B = 1 gives zeros).
    Returns:
        (D, D) in [-1, 1].
    """
    return standardise(a).T @ standardise(b) / len(a)


def barlow_twins_loss(z1: Tensor, z2: Tensor, off_diagonal: float = 0.005) -> Tensor:
    """Each dimension agrees with itself in the other view, and with no other dimension.

    sum_i (1 - C_ii)^2 + lambda sum_i sum_{j != i} C_ij^2, C the correlation over the batch:
    Zbontar et al. (Barlow Twins, ICML 2021), Eq. (1). A collapsed network gets D, the worst.

    Args:
        z1, z2: (B, D) projections, both with gradient; no predictor.
        off_diagonal: lambda, the weight of the redundancy term; theirs by default.
    Returns:
        scalar >= 0, a sum over dimensions; B = 1 gives D and no gradient.
    """
    c = cross_correlation(z1, z2)
    diagonal = torch.diagonal(c)
    on = (1 - diagonal).square().sum()
    off = c.square().sum() - diagonal.square().sum()
    return on + off_diagonal * off


def whiten(z: Tensor) -> Tensor:
    """Linear map of a batch to mean 0 and covariance I: L^-1 (z - mean), Cov(z) = L L^T.

    As W-MSE does it. In float64, and a millionth of the mean variance is added to every one, so
    that a batch which lost dimensions still has a Cholesky factor.

    Args:
        z: (B, D) float, B > D.
    Returns:
        (B, D) float64.
    """
    z = z.double()
    z = z - z.mean(0)
    covariance = z.T @ z / (len(z) - 1)
    floor = 1e-6 * torch.diagonal(covariance).mean() + 1e-12
    identity = torch.eye(len(covariance), dtype=z.dtype, device=z.device)
    factor = torch.linalg.cholesky(covariance + floor * identity)
    return torch.linalg.solve_triangular(factor, z.T, upper=False).T


def w_mse_loss(z1: Tensor, z2: Tensor, slice_size: int | None = None) -> Tensor:
    """Two views meet after each batch of them was whitened: dimensions that are lost do not help.

    The mean of |w1/|w1| - w2/|w2||^2, w the whitened z: Ermolov et al. (W-MSE, ICML 2021), Sec. 3.
    Each view is whitened by itself, in slices, as in their code; theirs are drawn anew, ours follow
    one another, since the order of a batch is random already.

    Args:
        z1, z2: (B, D) projections, both with gradient; no predictor. Theirs have D = 64.
        slice_size: how many pairs are whitened together, or a few more where B is not a multiple;
            None takes the whole batch. Theirs is 2 D.
    Returns:
        scalar in [0, 4]; 2 for unrelated or collapsed views.
    Raises:
        ValueError: if a slice has no more pairs than dimensions, as in a batch of one.
    """
    batch, width = z1.shape
    size = min(slice_size or batch, batch)
    if size <= width:
        raise ValueError(
            f"W-MSE cannot whiten {width} dimensions with {size} pairs: take a batch (and a slice) "
            f"of more than {width}, better twice as many, or a narrower projection"
        )
    num_slices = batch // size
    w1, w2 = (torch.cat([whiten(part) for part in z.tensor_split(num_slices)]) for z in (z1, z2))
    return (2 - 2 * F.cosine_similarity(w1, w2, dim=1)).mean().to(z1.dtype)


def vicreg_loss(
    z1: Tensor,
    z2: Tensor,
    invariance: float = 25.0,
    variance: float = 25.0,
    covariance: float = 1.0,
) -> Tensor:
    """Views are close, every dimension varies, no two dimensions vary together.

    lambda s + mu (v + v') + nu (c + c'): Bardes et al. (VICReg, ICLR 2022), Algorithm 1. Unlike
    `barlow_twins_loss` it looks at each side's variance by itself, so it also fits a sound and what
    is picked out for it; but scales count, since deviations below 1 are punished.

    Args:
        z1, z2: (B, D) float, B >= 2 for a variance to exist (B = 1 counts as none).
        invariance, variance, covariance: lambda, mu, nu; theirs by default.
    Returns:
        scalar >= 0; a collapsed network pays the variance terms.
    """
    loss = invariance * F.mse_loss(z1, z2)
    for z in (z1, z2):
        z = z - z.mean(0)
        c = z.T @ z / max(len(z) - 1, 1)
        variances = torch.diagonal(c)
        spread = F.relu(1 - (variances + 1e-4).sqrt()).mean()
        off = (c.square().sum() - variances.square().sum()) / len(c)
        loss = loss + variance * spread + covariance * off
    return loss


def tie_loss(
    attended: Tensor, query: Tensor, off_diagonal: float, kind: TieName = "barlow_twins"
) -> Tensor:
    """What the map picks out must vary with the sound: two views that are sight and sound.

    On the attended visual feature and the sound's query, which live in the same space. Not in the
    SSPL paper; see `ModelConfig.tie_weight`.

    Args:
        attended, query: (B, D) float.
        off_diagonal: weight of Barlow Twins' redundancy term, their lambda; the others ignore it.
        kind: "barlow_twins", per dimension (divided by D); "vicreg", of standardised features,
            since its hinge asks for deviations of 1, and divided by its first weight, 25; "w_mse",
            whitened in slices of 2 D, which needs B > D.
    Returns:
        scalar >= 0, each about 1 to 2 where the two have nothing in common.
    """
    width = attended.shape[1]
    match kind:
        case "barlow_twins":
            return barlow_twins_loss(attended, query, off_diagonal) / width
        case "vicreg":
            return vicreg_loss(standardise(attended), standardise(query)) / 25
        case "w_mse":
            return w_mse_loss(attended, query, 2 * width)


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
