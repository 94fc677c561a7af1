"""What stands between the audio-visual representation and the loss.

Letters: B batch, C channels of the representation, D of the projection, A audio channels.
"""

from torch import nn


class Head(nn.Module):
    """Projector and, where the objective has one, predictor.

    Attributes:
        project: (B, C) to (B, D); predict: (B, D) to (B, D), or None.
    """

    def __init__(self, project: nn.Module, predict: nn.Module | None = None) -> None:
        super().__init__()
        self.project = project
        self.predict = predict


def make_projector(channels: int, wide: int) -> nn.Sequential:
    """SimSiam's projector (Chen and He, CVPR 2021), C to D: 2048 in the paper."""
    return nn.Sequential(
        nn.Linear(channels, wide, bias=False),
        nn.BatchNorm1d(wide),
        nn.ReLU(inplace=True),
        nn.Linear(wide, wide, bias=False),
        nn.BatchNorm1d(wide),
        nn.ReLU(inplace=True),
        nn.Linear(wide, wide, bias=False),
        nn.BatchNorm1d(wide, affine=False),
    )


def make_predictor(wide: int, narrow: int) -> nn.Sequential:
    """SimSiam's predictor, D to D through a bottleneck: 512 in the paper."""
    return nn.Sequential(
        nn.Linear(wide, narrow, bias=False),
        nn.BatchNorm1d(narrow),
        nn.ReLU(inplace=True),
        nn.Linear(narrow, wide),
    )


def make_sight_to_sound(channels: int, hidden: int, sound_channels: int) -> nn.Sequential:
    """Two layers from the attended feature, C, to the sounds' A (Senocak et al., CVPR 2018)."""
    return nn.Sequential(
        nn.Linear(channels, hidden),
        nn.ReLU(inplace=True),
        nn.Linear(hidden, sound_channels),
    )
