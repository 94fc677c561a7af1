"""VICReg: Bardes et al. (ICLR 2022), one of the losses that may pair a map with its sound.

Letters: B batch, D dimensions.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


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
