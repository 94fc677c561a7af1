"""The terms that the paper does not have: what pairs the map with the sound, without negatives.

Letters: B batch, C channels, D dimensions, h w grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Literal

import torch
from torch import Tensor

from sspl.objectives.barlow_twins import barlow_twins_loss, standardise
from sspl.objectives.base import View
from sspl.objectives.departures import departure
from sspl.objectives.vicreg import vicreg_loss
from sspl.objectives.w_mse import w_mse_loss

CorrespondenceName = Literal["barlow_twins", "vicreg", "w_mse"]


@dataclass(frozen=True, kw_only=True)
class ExtraTerms:
    """Weights of what is added to an objective that compares two views; the paper's are all 0."""

    correspondence_weight: float = departure(
        0.0,
        "SimSiam alone lets the map ignore the sound; a Barlow Twins term between what the map "
        "picks out and the sound makes it listen, without negatives.",
    )
    """of the loss between what the map picks out and the sound"""
    correspondence: CorrespondenceName = departure(
        "barlow_twins", "Another loss without negatives may pair picture and sound better."
    )
    """which loss that is"""
    correspondence_off_diagonal: float = departure(
        0.005, "Barlow Twins' own weight; unused without the correspondence term."
    )
    """lambda of Barlow Twins"""
    background_weight: float = departure(
        0.0,
        "The map may be upside down at the same loss; what it leaves out must not vary with the "
        "sound.",
    )
    """of the loss that empties what the map leaves out"""
    area_weight: float = departure(
        0.0,
        "A background of nothing holds nothing that sounds: the mean of the scaled map is the "
        "penalty of a map that spreads.",
    )
    """of the mean of the scaled map"""
    sound_error_weight: float = departure(
        0.0,
        "SimSiam alone never asks the PCM to predict the sound; its own error of it, squared, asks "
        "without negatives.",
    )
    """of the PCM's error of the sound"""

    def __post_init__(self) -> None:
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, float | int) and value < 0:
                raise ValueError(f"{f.name} is {value}; it must not be negative")
        if self.correspondence != "barlow_twins" and not self.correspondence_weight:
            raise ValueError(
                f"correspondence {self.correspondence!r} changes nothing: take a "
                "correspondence_weight too"
            )

    @property
    def look_at_map(self) -> bool:
        """Whether any of the terms that look at the map counts."""
        return bool(self.correspondence_weight or self.background_weight or self.area_weight)

    def measure(self, views: Sequence[View], query: Tensor) -> dict[str, tuple[float, Tensor]]:
        """The terms that count, each with its weight: scalars, means over the views.

        Those of the map look at the frozen feature: the aligned one has heard the sound and would
        give it away.

        Args:
            query: (B, C) float32.
        """
        weights = {
            "correspondence": self.correspondence_weight,
            "background": self.background_weight,
            "area": self.area_weight,
        }
        terms = {}
        if self.look_at_map:
            one, two = (self._measure_map(view, query) for view in views)
            terms = {name: (weights[name], 0.5 * (one[name] + two[name])) for name in one}
        if self.sound_error_weight:
            one, two = (view.sound_error for view in views)
            terms["sound_error"] = (self.sound_error_weight, 0.5 * (one + two))
        return terms

    def _measure_map(self, view: View, query: Tensor) -> dict[str, Tensor]:
        whole = view.visual.mean((2, 3))  # (B, C)
        picked = torch.einsum("bhw,bchw->bc", view.attention, view.visual)
        picked = picked / view.attention[0].numel()
        return {
            "correspondence": correspondence_loss(
                picked, query, self.correspondence_off_diagonal, self.correspondence
            ),
            "background": background_loss(whole - picked, whole, query),
            "area": view.attention.mean(),
        }


def correspondence_loss(
    attended: Tensor, query: Tensor, off_diagonal: float, kind: CorrespondenceName = "barlow_twins"
) -> Tensor:
    """What the map picks out must vary with the sound: two views that are sight and sound.

    On the attended visual feature and the sound's query, which live in the same space. Not in the
    SSPL paper; see `ExtraTerms`.

    Args:
        attended, query: (B, D) float.
        off_diagonal: weight of Barlow Twins' redundancy term, their lambda; the others ignore it.
        kind: "barlow_twins", per dimension (divided by D); "vicreg", of standardised features,
            since its hinge asks for deviations of 1, and divided by its first weight, 25; "w_mse",
            whitened in slices of 2 D, which needs B > D.
    Returns:
        scalar >= 0, each about 1 to 2 where the two have nothing in common.
    """
    width = attended.shape[1]
    match kind:
        case "barlow_twins":
            return barlow_twins_loss(attended, query, off_diagonal) / width
        case "vicreg":
            return vicreg_loss(standardise(attended), standardise(query)) / 25
        case "w_mse":
            return w_mse_loss(attended, query, 2 * width)


def background_loss(background: Tensor, whole: Tensor, query: Tensor) -> Tensor:
    """What the map leaves out must not vary with the sound: its share of what varies, squared.

    The covariance of each dimension with the query's, over the deviation of the *whole* picture's
    feature: the faint halo around an object costs little, half an object much. Not in the SSPL
    paper; it fixes the sign of the map. See `ExtraTerms`.

    Args:
        background: (B, D) feature of what the map dims; whole: (B, D) of all locations;
        query: (B, D).
    Returns:
        scalar >= 0, per dimension.
    """
    background = (background - background.mean(0)) / whole.var(0, correction=0).add(1e-5).sqrt()
    query = (query - query.mean(0)) / query.var(0, correction=0).add(1e-5).sqrt()
    return (background * query).mean(0).square().mean()
