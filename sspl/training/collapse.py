"""Collapse: a network that projects everything to the same agrees with itself, and learns nothing.

Two numbers watch it, since neither sees all. A projector that ends in a batch norm spreads over the
dimensions whatever it is given, so that without stop-gradient `measure_collapse` stays at 0.97 in
our `tiny` runs; the loss then reaches its floor, and with the paper's objective `count_dimensions`
ends at 4 where it ends at 5.5 with stop-gradient.

Letters: B batch, D dimensions.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from sspl.objectives import Objective

SPREAD_FLOOR = 0.3


def measure_collapse(z: Tensor) -> Tensor:
    """Standard deviation of the normalised projections, times sqrt(D): 1 is spread, 0 collapse.

    SimSiam's monitor (Chen and He, Sec. 4.1), averaged over dimensions.

    Args:
        z: (B, D) float.
    Returns:
        scalar.
    """
    unit = F.normalize(z.detach().float(), dim=1)
    return unit.std(0, correction=0).mean() * math.sqrt(z.shape[1])


def count_dimensions(z: Tensor) -> Tensor:
    """In how many directions the projections vary: 1 along a line, D alike in all, 0 in none.

    The participation ratio (sum_i l_i)^2 / sum_i l_i^2 of the covariance's eigenvalues l; the Gram
    matrix of a batch has the same ones, and its trace and norm tell both sums.

    Args:
        z: (B, D) float.
    Returns:
        scalar, at most B - 1.
    """
    centred = z.detach().float()
    centred = centred - centred.mean(0)
    gram = centred @ centred.T
    return gram.trace().square() / gram.square().sum().clamp_min(1e-30)


def find_collapse(row: Mapping[str, Any], objective: Objective) -> str | None:
    """A sentence if an epoch ended collapsed, from its row of numbers; None if not."""
    if not objective.can_collapse:
        return None
    if row["spread"] < SPREAD_FLOOR:
        return (
            f"collapsed: all projections are nearly the same, their spread is {row['spread']:.2f} "
            f"(1 is spread out, below {SPREAD_FLOOR} counts as collapsed)"
        )
    floor = objective.agreement_floor
    if floor is not None and row[objective.name] < floor:
        return (
            f"collapsed: the two views agree at {row[objective.name]:.3f} of -1 (below {floor} "
            "counts as collapsed), so that nothing is left to learn from"
        )
    return None
