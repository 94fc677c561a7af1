"""Baselines: losses that push other pairs' sounds away. Figure 1a, 1b, Sec. 4.1.

Every one takes its negatives from the batch, so on several devices each from its own part of it.

Letters: B batch, C channels, D dimensions, K classes, h w grid. Of two B, the first counts
pictures and the second sounds.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from sspl.heads import Head, make_sight_to_sound
from sspl.objectives.base import Objective, Step


@dataclass(frozen=True, kw_only=True)
class _WithNegatives(Objective):
    """One view of the visual feature, and other pairs' sounds as negatives.

    Such a loss pushes apart by itself, so that it cannot collapse; what is watched is the query,
    which has as many directions as there are classes.
    """

    num_views: ClassVar[int] = 1
    allows_pcm: ClassVar[bool] = False
    uses_scaling: ClassVar[bool] = False
    uses_fusion: ClassVar[bool] = False
    can_collapse: ClassVar[bool] = False


# --- HardWay ----------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class HardWay(_WithNegatives):
    """HardWay, or LVS (Chen et al., CVPR 2021); the defaults are the published bounds."""

    name: Literal["hardway"] = field(default="hardway", init=False)
    epsilon: float = 0.65  # object above it
    epsilon2: float = 0.4  # background below it
    tau: float = 0.03  # softness of both

    def __post_init__(self) -> None:
        if self.tau <= 0 or self.epsilon2 > self.epsilon:
            raise ValueError("take a tau above 0, and epsilon2 up to epsilon")

    def measure(self, step: Step) -> Tensor:
        (view,) = step.views
        bounds = {"epsilon": self.epsilon, "epsilon2": self.epsilon2, "tau": self.tau}
        return hardway_loss(view.visual, step.query, **bounds)


def cross_similarity(features: Tensor, query: Tensor) -> Tensor:
    """The map of every picture for every sound, not only its own; Eq. (3).

    Args:
        features: (B, C, h, w) float; query: (B, C) float.
    Returns:
        (B, B, h, w) in [-1, 1].
    """
    return torch.einsum("ichw,jc->ijhw", F.normalize(features, dim=1), F.normalize(query, dim=1))


def hardway_logits(
    features: Tensor,
    query: Tensor,
    *,
    epsilon: float = 0.65,
    epsilon2: float = 0.4,
    tau: float = 0.03,
    temperature: float = 0.07,
) -> Tensor:
    """HardWay (LVS): how alike are the sound and the object, other sounds, the background?

    The mean of a map over its object, the cells above epsilon, is the positive for the own sound
    and a negative for others; the mean over its background, below epsilon2, is the hard negative.
    What lies between is in neither (the tri-map). Chen et al. (CVPR 2021), Sec. 3, as their code
    has it: it adds a temperature, gives each negative a logit of its own, and takes other sounds'
    maps over their objects, where the paper sums their plain means.

    Args:
        features: (B, C, h, w) float; query: (B, C) float; any length, they are normalised here.
        epsilon, epsilon2: bounds of object and background; equal ones leave nothing between.
        tau: softness of both bounds.
    Returns:
        (B, 2 + B): own sound's object, every sound's object, own sound's background. Among "every"
        the own one is multiplied by -99, the published mask; `hardway_loss` removes it.
    """
    maps = cross_similarity(features, query)
    own_maps = maps.diagonal().permute(2, 0, 1)  # (B, h, w)
    objects = _weighted_mean(maps, torch.sigmoid((maps - epsilon) / tau))  # (B, B)
    # 1 - sigmoid((S - epsilon2) / tau), but never exactly 0 everywhere.
    background = _weighted_mean(own_maps, torch.sigmoid((epsilon2 - own_maps) / tau))  # (B,)
    mask = 1 - 100 * torch.eye(len(maps), dtype=maps.dtype, device=maps.device)
    logits = [objects.diagonal()[:, None], objects * mask, background[:, None]]
    return torch.cat(logits, dim=1) / temperature


def hardway_loss(features: Tensor, query: Tensor, **bounds: float) -> Tensor:
    """Cross-entropy of `hardway_logits`, its arguments, with the own object as what is true.

    The own sound is not among the negatives. The published -99 comes to the same where the
    own object's cosine is clearly positive; where it is negative, it would be the largest logit.

    Returns:
        scalar >= 0; a batch of one still has its background as a negative.
    """
    logits = hardway_logits(features, query, **bounds)
    own = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    logits = logits.masked_fill(F.pad(own, (1, 1)), -torch.inf)
    return F.cross_entropy(logits, torch.zeros_like(own[0], dtype=torch.int64))


def _weighted_mean(maps: Tensor, weights: Tensor) -> Tensor:
    """Over the cells of (..., h, w) maps."""
    return (maps * weights).sum((-2, -1)) / weights.sum((-2, -1))


# --- Senocak's attention ----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Senocak(_WithNegatives):
    """Attention (Senocak et al., CVPR 2018): the triplet of their unsupervised loss."""

    name: Literal["senocak"] = field(default="senocak", init=False)

    uses_scaling: ClassVar[bool] = True

    def build_head(self, *, attended: int, hidden: int, audio: int) -> Head:
        return Head(make_sight_to_sound(attended, hidden, audio))

    def measure(self, step: Step) -> Tensor:
        (view,) = step.views
        return senocak_loss(view.z, step.sound, step.sound.roll(1, 0))


def senocak_loss(attended: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """The attended picture is nearer to its own sound than to another's.

    d is the softmax of both distances, and (d+, d-) is pulled to (0, 1): Senocak et al. (CVPR
    2018), the triplet of their unsupervised loss. The attention comes before: softmax over cells
    (`sspl.attention`), then two layers that bring the attended feature to the sound's width.

    Args:
        attended: (B, D) float, attended features brought to the sounds' space.
        positive: (B, D) their own sounds; negative: (B, D) as many others, such as
            `positive.roll(1, 0)`.
    Returns:
        scalar in [0, 2], twice what their code takes; 0.5 where both are as far, as in a collapse
        or a batch of one.
    """
    distances = [(attended - sound).norm(dim=1) for sound in (positive, negative)]
    shares = torch.stack(distances).softmax(0)  # (2, B): d+, d-
    return (shares[0].square() + (1 - shares[1]).square()).mean()


# --- Contrast ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Contrastive(_WithNegatives):
    """InfoNCE over the batch: method A of Figure 2, or guided by labels, method B."""

    name: Literal["contrastive"] = field(default="contrastive", init=False)
    label_guided: bool = False  # labels say which sounds are no negatives

    @property
    def needs_classes(self) -> bool:
        return self.label_guided

    def measure(self, step: Step) -> Tensor:
        (view,) = step.views
        negatives = None
        if self.label_guided:
            if step.classes is None:
                raise ValueError("label_guided needs to know what sounds: pass classes")
            negatives = true_negatives(step.classes)
        return contrastive_loss(best_similarity(view.visual, step.query), negatives)


def contrastive_loss(
    scores: Tensor, negatives: Tensor | None = None, temperature: float = 0.07
) -> Tensor:
    """InfoNCE: of all sounds that count, a picture fits its own best.

    -log exp(s_ii) / (exp(s_ii) + sum_j exp(s_ij)), over what counts as a negative j, s divided by
    the temperature: van den Oord et al. (2018). Figures 2 and S2: without `negatives` it is
    method A, with those of `true_negatives` method B.

    Args:
        scores: (B, B) float, how well each picture fits each sound: `best_similarity`.
        negatives: (B, B) bool, whether a sound counts as a negative of a picture; None lets all
            do. The own sound is none, whatever the diagonal says.
    Returns:
        scalar >= 0; 0 where nothing counts as a negative, as in a batch of one.
    """
    if negatives is not None:
        own = torch.eye(len(scores), dtype=torch.bool, device=scores.device)
        scores = scores.masked_fill(~(negatives | own), -torch.inf)
    return F.cross_entropy(scores / temperature, torch.arange(len(scores), device=scores.device))


def best_similarity(features: Tensor, query: Tensor) -> Tensor:
    """How well each picture fits each sound as a whole: its best cell. Global level, Figure 1a.

    Args:
        features: (B, C, h, w) float; query: (B, C) float.
    Returns:
        (B, B) in [-1, 1].
    """
    return cross_similarity(features, query).amax((2, 3))


def true_negatives(classes: Tensor) -> Tensor:
    """Which sounds share no class with a picture's: the labels' guidance of method B.

    Args:
        classes: (B, K) bool, or 0 and 1, which classes sound in each pair.
    Returns:
        (B, B) bool; what is False off the diagonal is a false negative of method A.
    """
    classes = classes.float()
    return classes @ classes.T == 0
