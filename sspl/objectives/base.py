"""What an objective is: a frozen dataclass that says what it needs and measures a loss.

Whatever differs between objectives is asked of the object, so that the model, its builder, the
trainer and the monitors know none of them by name. `sspl.config.OBJECTIVES` lists them.

Letters: B batch, C visual channels, A audio channels, D of the projection, K classes, h w grid.
"""

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from sspl.heads import Head


@dataclass(frozen=True, kw_only=True)
class View:
    """One view of a picture under its sound, in float32 whatever the networks' precision.

    Attributes:
        visual: (B, C, h, w) the image encoder's feature.
        similarity, attention: (B, h, w) the map, Eq. (3), and scaled, Eq. (5).
        attended: (B, C) the audio-visual representation, Eq. (4); 2 C where the fusion is "cat".
        z: (B, D) what `Objective.project` made of it.
        sound_error: scalar, see `PredictiveCoding.refine`; 0 without PCM.
    """

    visual: Tensor
    similarity: Tensor
    attention: Tensor
    attended: Tensor
    z: Tensor
    sound_error: Tensor


@dataclass(frozen=True, kw_only=True)
class Step:
    """What an objective may look at.

    Attributes:
        views: as many as `Objective.num_views`.
        targets: (B, D) of each view, the target network's projections; empty without one.
        query: (B, C) g(f_a) in float32; sound: (B, A) r_0, of length 1.
        head: what `Objective.build_head` built.
        classes: (B, K) bool, which classes sound in each pair, or None where nobody said.
    """

    views: tuple[View, ...]
    targets: tuple[Tensor, ...]
    query: Tensor
    sound: Tensor
    head: Head | None
    classes: Tensor | None

    def predict(self, z: Tensor) -> Tensor:
        """The head's prediction (B, D) from a projection."""
        assert self.head is not None
        assert self.head.predict is not None
        return self.head.predict(z)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """What training minimises. The defaults are those of an objective that compares two views.

    Attributes:
        name: by which checkpoints, rows and `OBJECTIVES` know it.
        num_views: 1 or 2 views of each picture.
        allows_pcm: whether a PCM may stand before it.
        uses_scaling, uses_fusion: whether they change anything under it.
        can_collapse: whether it could be met by projecting everything to the same.
        agreement_floor: a loss below it says that the views agree too well; None if none does.
        target_decay: of a target network that follows by moving average; None without one.
        needs_classes: whether it wants to know which classes sound.
    """

    name: str = ""

    num_views: ClassVar[int] = 2
    allows_pcm: ClassVar[bool] = True
    uses_scaling: ClassVar[bool] = True
    uses_fusion: ClassVar[bool] = True
    can_collapse: ClassVar[bool] = True
    agreement_floor: ClassVar[float | None] = None

    @property
    def target_decay(self) -> float | None:
        return None

    @property
    def needs_classes(self) -> bool:
        return False

    def build_head(self, *, attended: int, hidden: int, audio: int) -> Head | None:
        """What it needs and nothing else: several devices would wait for its gradient.

        Args:
            attended: width of the audio-visual representation.
            hidden: of the query's hidden layer; audio: A.
        """
        return None

    def build_target_head(self, *, attended: int, hidden: int, audio: int) -> Head | None:
        """The target network's head, where there is one."""
        return None

    def project(self, head: Head | None, attended: Tensor, query: Tensor) -> Tensor:
        """What is compared, (B, D), and watched for collapse: the query where nothing is projected.

        Args:
            attended: as in `View`; query: (B, C).
        """
        return query if head is None else head.project(attended)

    def measure(self, step: Step) -> Tensor:
        """The loss, a scalar."""
        raise NotImplementedError
