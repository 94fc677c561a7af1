"""What a model is made of, as a frozen dataclass. Every default is the paper's.

A field made by `departure` is one the paper does not have: its default switches it off, and its
metadata says why a preset would switch it on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, get_args

from sspl.attention import FUSIONS, SCALINGS, FusionName, ScalingName
from sspl.baselines import Contrastive, HardWay, Senocak
from sspl.encoders import (
    AUDIO_ENCODERS,
    IMAGE_ENCODERS,
    AudioEncoderName,
    AudioEncoderSpec,
    ImageEncoderName,
    ImageEncoderSpec,
)
from sspl.objectives import BYOL, WMSE, BarlowTwins, ExtraTerms, Objective, SimSiam, departure

AnyObjective = SimSiam | BYOL | BarlowTwins | WMSE | HardWay | Senocak | Contrastive
OBJECTIVES: dict[str, type[Objective]] = {kind.name: kind for kind in get_args(AnyObjective)}


@dataclass(frozen=True, kw_only=True)
class EncoderChoice:
    """Which frozen encoders a model has; what follows derives its widths from theirs."""

    image_encoder: ImageEncoderName = "vgg16"
    audio_encoder: AudioEncoderName = "vggish"
    embedding_channels: int = 0  # A of embeddings that come in place of sounds; else 0
    train_image_encoder: bool = False  # from a random start: Table 3's rows without pre-training
    rectified_features: bool = False
    """take the image encoder's features after their last ReLU"""

    def __post_init__(self) -> None:
        check_known("image_encoder", self.image_encoder, IMAGE_ENCODERS)
        check_known("audio_encoder", self.audio_encoder, AUDIO_ENCODERS)
        if (self.audio_spec.channels is None) != (self.embedding_channels > 0):
            raise ValueError(
                "embedding_channels is the width of embeddings that come in place of sounds: "
                "above 0 with audio_encoder embedding, 0 with every other"
            )

    @property
    def image_spec(self) -> ImageEncoderSpec:
        return IMAGE_ENCODERS[self.image_encoder]

    @property
    def audio_spec(self) -> AudioEncoderSpec:
        return AUDIO_ENCODERS[self.audio_encoder]

    @property
    def visual_channels(self) -> int:
        """c_v of the paper."""
        return self.image_spec.channels

    @property
    def audio_channels(self) -> int:
        """c_a of the paper."""
        return self.audio_spec.channels or self.embedding_channels


@dataclass(frozen=True, kw_only=True)
class ModelConfig(EncoderChoice):
    """The three-stream model of Figure 3; widths that the encoders fix are derived."""

    query_width: int = 512  # hidden width of g
    num_cycles: int = 5  # T; 0 is SSPL without PCM
    pcm_channels: int = 512  # of r_1 and r_2
    scaling: ScalingName = "min_max"  # Table 5
    fusion: FusionName = "attention"  # Table S5
    objective: AnyObjective = field(default_factory=SimSiam)

    rectified_features: bool = departure(
        False,
        "A small encoder ends in class evidence: what lies below its last ReLU is noise to the "
        "map, and rectified features with a non-negative query keep the map's sign.",
    )
    """take the image encoder's features after their last ReLU"""
    non_negative_query: bool = departure(
        False,
        "The objective does not fix the sign of the map; a query that cannot be negative on "
        "features that cannot be negative cannot prefer the empty regions.",
    )
    """a ReLU behind g"""
    norm_offset: float = departure(
        0.0,
        "Cosine forgets magnitude, so faint features shout; the offset, in units of the picture's "
        "mean feature norm, keeps dull ones dull.",
    )
    """shrink the cosine where the feature is faint; 0 is the paper's Eq. (3)"""
    terms: ExtraTerms = field(default_factory=ExtraTerms)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_known("scaling", self.scaling, SCALINGS)
        check_known("fusion", self.fusion, FUSIONS)
        if not 0 <= self.num_cycles <= 16:
            raise ValueError(f"num_cycles is {self.num_cycles}; take 0 (without PCM) to 16")
        if self.norm_offset < 0:
            raise ValueError(f"norm_offset is {self.norm_offset}; it must not be negative")
        _check_combination(self)

    def list_notes(self) -> list[str]:
        """Settings that say nothing beside the others, a sentence each."""
        if "softmax" in self.scaling and (self.terms.background_weight or self.terms.area_weight):
            return [
                f"under {self.scaling} every map has the same mean, so that background_weight and "
                "area_weight say nothing: take 0 for both, or another scaling"
            ]
        return []


def check_known(what: str, name: str, known: Mapping[Any, Any]) -> None:
    if name not in known:
        raise ValueError(f"no {what} {name!r}: take one of {', '.join(known)}")


def _check_combination(c: ModelConfig) -> None:
    """ValueError if a field has nothing to act on beside the others."""
    objective, terms = c.objective, c.terms
    has_terms = terms.look_at_map or terms.sound_error_weight
    if c.num_cycles and not objective.allows_pcm:
        raise ValueError(
            f"{objective.name} looks at the visual feature as it is seen: take num_cycles 0"
        )
    if has_terms and objective.num_views < 2:
        raise ValueError(
            f"extra terms belong to objectives that compare two views: take none under "
            f"{objective.name}"
        )
    if c.fusion != "attention" and not objective.uses_fusion:
        raise ValueError(
            f"{objective.name} fuses nothing with the sound: leave fusion at attention"
        )
    if c.scaling != "min_max" and not objective.uses_scaling:
        raise ValueError(f"{objective.name} looks at the map as it is: leave scaling at min_max")
    if c.fusion != "attention" and c.scaling != "min_max" and not terms.look_at_map:
        raise ValueError(
            f"fusion {c.fusion!r} does not look at the map, so that scaling {c.scaling!r} changes "
            "nothing: leave it at min_max"
        )
    if terms.sound_error_weight and not c.num_cycles:
        raise ValueError("without PCM nothing predicts the sound: take sound_error_weight 0")


def read_model_config(fields: Mapping[str, Any]) -> ModelConfig:
    """A config from what `dataclasses.asdict` made of it.

    Raises:
        ValueError: for values that cannot be; TypeError, KeyError: for fields that there are not.
    """
    objective = dict(fields["objective"])
    name = objective.pop("name")
    check_known("objective", name, OBJECTIVES)
    parts = {"objective": OBJECTIVES[name](**objective), "terms": ExtraTerms(**fields["terms"])}
    return ModelConfig(**{**fields, **parts})


def without_pcm(model: ModelConfig) -> ModelConfig:
    """The same model as the paper's "SSPL (w/o PCM)"."""
    return replace(model, num_cycles=0)


def without_terms(model: ModelConfig) -> ModelConfig:
    """The same model with the paper's loss alone; other departures stay."""
    return replace(model, terms=ExtraTerms())
