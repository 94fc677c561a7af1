"""BYOL between the two views: Grill et al. (NeurIPS 2020).

Letters: B batch, D dimensions.
"""

from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor

from sspl.heads import Head, make_predictor, make_projector
from sspl.objectives.base import Objective, Step
from sspl.objectives.simsiam import simsiam_loss


@dataclass(frozen=True, kw_only=True)
class BYOL(Objective):
    """Each view's prediction meets what a slower copy of the network projects of the other view."""

    name: Literal["byol"] = field(default="byol", init=False)
    projection_width: int = 2048
    prediction_width: int = 512
    decay: float = 0.99  # of the slower copy; theirs goes from 0.996 to 1 in far longer runs

    def __post_init__(self) -> None:
        if not 0 <= self.decay < 1:
            raise ValueError(f"decay is {self.decay}; take at least 0 and less than 1")

    @property
    def target_decay(self) -> float:
        return self.decay

    def build_head(self, *, attended: int, hidden: int, audio: int) -> Head:
        return Head(
            make_projector(attended, self.projection_width),
            make_predictor(self.projection_width, self.prediction_width),
        )

    def build_target_head(self, *, attended: int, hidden: int, audio: int) -> Head:
        return Head(make_projector(attended, self.projection_width))

    def measure(self, step: Step) -> Tensor:
        p1, p2 = (step.predict(view.z) for view in step.views)
        return byol_loss(p1, p2, *step.targets)


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
