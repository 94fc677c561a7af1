"""W-MSE between the two views: Ermolov et al. (ICML 2021).

Letters: B batch, D dimensions.
"""

from dataclasses import dataclass, field
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from sspl.heads import Head, make_projector
from sspl.objectives.base import Objective, Step


@dataclass(frozen=True, kw_only=True)
class WMSE(Objective):
    """Two views meet after each batch of them was whitened, in slices of twice as many as D."""

    name: Literal["w_mse"] = field(default="w_mse", init=False)
    projection_width: int = 2048  # theirs is 64: a batch has to hold more pairs than dimensions

    def build_head(self, *, attended: int, hidden: int, audio: int) -> Head:
        return Head(make_projector(attended, self.projection_width))

    def measure(self, step: Step) -> Tensor:
        z1, z2 = (view.z for view in step.views)
        return w_mse_loss(z1, z2, slice_size=2 * z1.shape[1])


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
