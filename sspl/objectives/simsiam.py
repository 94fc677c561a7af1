"""SimSiam between the two views, the paper's objective: Eqs. (6) to (8), Chen and He (CVPR 2021).

Letters: B batch, D dimensions.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch.nn.functional as F
from torch import Tensor

from sspl.heads import Head, make_predictor, make_projector
from sspl.objectives.base import Objective, Step


@dataclass(frozen=True, kw_only=True)
class SimSiam(Objective):
    """Each view's prediction meets the other view's projection."""

    name: Literal["simsiam"] = field(default="simsiam", init=False)
    stop_gradient: bool = True  # Eq. (8); without it training collapses, Table 3
    projection_width: int = 2048
    prediction_width: int = 512

    # Runs with stop-gradient stay above it, those without go below.
    agreement_floor: ClassVar[float | None] = -0.985

    def build_head(self, *, attended: int, hidden: int, audio: int) -> Head:
        return Head(
            make_projector(attended, self.projection_width),
            make_predictor(self.projection_width, self.prediction_width),
        )

    def measure(self, step: Step) -> Tensor:
        z1, z2 = (view.z for view in step.views)
        p1, p2 = (step.predict(z) for z in (z1, z2))
        return simsiam_loss(p1, p2, z1, z2, stop_gradient=self.stop_gradient)


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
