"""Barlow Twins between the two views: Zbontar et al. (ICML 2021).

Letters: B batch, D dimensions.
"""

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from sspl.heads import Head, make_projector
from sspl.objectives.base import Objective, Step


@dataclass(frozen=True, kw_only=True)
class BarlowTwins(Objective):
    """Each dimension of the projection agrees with itself in the other view, and with no other."""

    name: Literal["barlow_twins"] = field(default="barlow_twins", init=False)
    projection_width: int = 2048

    def build_head(self, *, attended: int, hidden: int, audio: int) -> Head:
        return Head(make_projector(attended, self.projection_width))

    def measure(self, step: Step) -> Tensor:
        z1, z2 = (view.z for view in step.views)
        return barlow_twins_loss(z1, z2) / z1.shape[1]  # per dimension, so that other terms count


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
