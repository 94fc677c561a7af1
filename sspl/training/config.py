"""How a run trains, and all that one training run is made of."""

from dataclasses import dataclass
from typing import Literal

from sspl.config import ModelConfig
from sspl.data.config import DataConfig
from sspl.data.transforms import ViewName
from sspl.objectives import departure
from sspl.predictive_attention import PredictiveAttentionConfig


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How a run trains; see Table S1 and supplement B.2."""

    epochs: int = 20
    batch_size: int = 256
    head_learning_rate: float = 5e-5  # lr_1, of the projection and prediction MLPs
    learning_rate: float = 2e-5  # lr_2, of everything else that learns
    weight_decay: float = 1e-4  # none on the PCM's a and b
    patience: int = 10  # stop after so many epochs without a better one
    select: Literal["val", "test", "last"] = "val"
    """What chooses the epoch. The authors chose on the test split; "last" needs no boxes."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    accumulation_steps: int = 1  # parts of a batch, one after the other
    seed: int = 0
    augmentation: ViewName = "horizontal_flip"  # what a view is beside a crop, Table 4
    cached_views: int = departure(
        0,
        "The encoders are frozen, so a few views of each picture can be encoded once and drawn "
        "from: an epoch on two CPU cores takes seconds. 0 draws and encodes fresh views.",
    )
    """views of each picture that are encoded once and drawn from; 0 makes fresh ones"""

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2:
            raise ValueError(
                "take at least 1 epoch and a batch of at least 2 (batch norm needs it)"
            )
        if self.cached_views == 1 or self.cached_views < 0:
            raise ValueError("cached_views is 0 (fresh views) or at least 2 (two per step)")
        if self.patience < 1 or self.accumulation_steps < 1:
            raise ValueError("patience and accumulation_steps are at least 1")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """One training run: what is built, how it learns, on what."""

    model: ModelConfig
    train: TrainConfig
    data: DataConfig

    def list_notes(self) -> list[str]:
        """What a person should know before it runs: settings that say nothing beside others."""
        notes = self.model.list_notes()
        if self.train.select == "test":
            notes.append("the test split chooses the epoch, so its scores are no test any more")
        return notes


@dataclass(frozen=True, kw_only=True)
class FitConfig:
    """How a closed-form fit chooses what the pairs alone do not tell."""

    select: Literal["val", "last"] = "val"
    """what chooses the epoch, how wide the map is and when it goes out; "last" leaves the map as it
    is after the last epoch, and needs no boxes"""
    epochs: int = 0  # of learning through the cycles; 0 keeps the closed form
    num_pairs: int = 8192  # that are learned from then: they are kept in memory, 50 kB each
    batch_size: int = 64
    learning_rate: float = 1e-3
    views_weight: float = 3.0  # of what two views predict, beside the prediction's error
    view: float = 0.7  # side of a view, of the grid's
    seed: int = 0  # which pairs of a folder are drawn, where `num_train` asks for fewer; the order

    def __post_init__(self) -> None:
        if self.epochs < 0 or min(self.num_pairs, self.batch_size) < 1:
            raise ValueError("epochs is at least 0, num_pairs and batch_size at least 1")
        if not 0 < self.view <= 1:
            raise ValueError(f"view is {self.view}; take more than 0 and at most 1")


@dataclass(frozen=True, kw_only=True)
class FitRun:
    """One closed-form fit: what is built, how it is fitted, on what."""

    model: PredictiveAttentionConfig
    train: FitConfig
    data: DataConfig


Run = RunConfig | FitRun
