"""Predictive attention: every place predicts the sound, and the error says where to look next.

The paper lowers L_1 of Eq. (S1), the error of the predicted sound, by steps along its gradient,
Eq. (S8). Its PCM takes them in features, which can absorb the error without looking anywhere. Here
what is corrected is the attention map itself: the error can only fall by looking at what sounds.
`sspl.training.closed_form` fits it in one pass over the pairs, without gradient; from there
`sspl.training.refine` learns through the cycles.

Letters: B batch, C visual channels, A audio channels, D directions of the visual space, K of the
sounds' space, P places (the h w grid), T cycles. The paper's symbols stand beside the words.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sspl.config import EncoderChoice
from sspl.encoders import AudioEncoderName, ImageEncoderName
from sspl.model import AudioVisualModel, Trace


@dataclass(frozen=True, kw_only=True)
class PredictiveAttentionConfig(EncoderChoice):
    """The sizes that the fit keeps, and how the cycles run."""

    image_encoder: ImageEncoderName = "efficientnet_lite0"
    audio_encoder: AudioEncoderName = "mn04_16k"
    num_cycles: int = 6  # T
    visual_directions: int = 128  # D, those in which places vary most
    sound_directions: int = 32  # K, those in which sounds vary most
    ridge: float = 0.5  # of the regression, in mean eigenvalues of the pictures' covariance
    shrinkage: float = 0.05  # of the sounds' whitening, in largest eigenvalues
    saliency_offset: float = 3.0  # in mean norms of a picture's places: the larger, the flatter
    step: float = 0.25  # kappa of Eq. (S8)
    spread: float = 0.9  # what a place takes over of those that look alike, in [0, 1)
    sharpness: float = 8.0  # how alike they must look
    extent: float = 1.0  # the map's power: below 1 wider; no ranking of places depends on it
    threshold: float = 1.5  # of agreement: below it everywhere, nothing seen makes the sound

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.train_image_encoder:
            raise ValueError("predictive attention is fitted to frozen encoders: no training")
        if not 1 <= self.num_cycles <= 16:
            raise ValueError(f"num_cycles is {self.num_cycles}; take 1 to 16")
        if min(self.visual_directions, self.sound_directions) < 1:
            raise ValueError("visual_directions and sound_directions are at least 1")
        if not 0 <= self.spread < 1:
            raise ValueError(f"spread is {self.spread}; take at least 0 and less than 1")
        positive = ("ridge", "shrinkage", "saliency_offset", "step", "sharpness", "extent")
        for name in (*positive, "threshold"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be above 0")


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """One cycle of a batch.

    Attributes:
        logit: (B, P) z, which starts at 0.
        attention: (B, P) a, in (0, 1): where the model looks.
        predicted_sound: (B, K) p_0, what is predicted where it looks, Eq. (9).
        error: (B,) e_0, 1 - cos(s, p_0), in [0, 2], for Eq. (11).
    """

    logit: Tensor
    attention: Tensor
    predicted_sound: Tensor
    error: Tensor


class PredictiveAttention(AudioVisualModel):
    """Predictive attention from built encoders; its numbers are buffers, set by the fit."""

    visual_mean: Tensor
    visual_directions: Tensor
    audio_mean: Tensor
    sound_directions: Tensor
    prediction: Tensor
    agreement_scale: Tensor

    def __init__(
        self,
        *,
        config: PredictiveAttentionConfig,
        image_encoder: nn.Module,
        audio_encoder: nn.Module,
    ) -> None:
        super().__init__(config, image_encoder, audio_encoder)
        c, wide = config, min(config.visual_directions, config.visual_channels)
        narrow = min(c.sound_directions, c.audio_channels)
        self.register_buffer("visual_mean", torch.zeros(c.visual_channels))
        self.register_buffer("visual_directions", torch.eye(c.visual_channels, wide))
        self.register_buffer("audio_mean", torch.zeros(c.audio_channels))
        self.register_buffer("sound_directions", torch.eye(c.audio_channels, narrow))
        self.register_buffer("prediction", torch.zeros(wide, narrow))  # W_{1,0}
        self.register_buffer("agreement_scale", torch.ones(()))

    @property
    def config(self) -> PredictiveAttentionConfig:
        assert isinstance(self._choice, PredictiveAttentionConfig)
        return self._choice

    @property
    def threshold(self) -> float:
        return self.config.threshold

    def whiten(self, visual: Tensor) -> Tensor:
        """x: features (B, C, h, w) in the visual space, (B, P, D), each direction of variance 1."""
        return (visual.flatten(2).mT - self.visual_mean) @ self.visual_directions

    def project_audio(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """s, the sound (B, K) that the picture is to predict, twice: it is the query, too."""
        sound = (embeddings.mean(1) - self.audio_mean) @ self.sound_directions
        return sound, sound

    def predict(self, whitened: Tensor) -> Tensor:
        """s^ = W^T x, Eq. (9): the sound that each place predicts, (B, P, D) to (B, P, K)."""
        return whitened @ self.prediction

    def compare(self, predicted: Tensor, sound: Tensor) -> Tensor:
        """How well what each place predicts agrees with the sound, (B, P).

        It is the gradient of -<s, s^> by how far each place is looked at, in units of what it is by
        chance: an absolute measure, which no other place of the picture has a part in.
        """
        length = sound.norm(dim=1, keepdim=True).clamp_min(1e-6)
        return torch.einsum("bpk,bk->bp", predicted, sound / length) / self.agreement_scale

    def measure_agreement(self, whitened: Tensor, sound: Tensor) -> Tensor:
        """The agreement of each place (B, P, D) and of those that look like it, (B, P)."""
        agreement = self.compare(self.predict(whitened), sound)
        if not self.config.spread:
            return agreement
        return torch.einsum(
            "bpq,bq->bp", relate_locations(whitened, self.config.sharpness), agreement
        )

    def measure_prior(self, visual: Tensor, whitened: Tensor) -> Tensor:
        """b, what stands out in the picture, (B, P): of rectified features their own norm tells."""
        shown = visual.flatten(2).mT if self.config.rectified_features else whitened
        return measure_saliency(shown, self.config.saliency_offset)

    def iterate(self, whitened: Tensor, saliency: Tensor, sound: Tensor) -> Iterator[Cycle]:
        """The cycles, one after the other.

        Args:
            whitened: (B, P, D) of `whiten`, whichever places they are.
            saliency: (B, P) of `measure_prior`, theirs.
            sound: (B, K) of `project_audio`.
        """
        c, predicted = self.config, self.predict(whitened)
        agreement = self.compare(predicted, sound)
        alike = relate_locations(whitened, c.sharpness) if c.spread else None
        logit = torch.zeros_like(saliency)  # z
        for _ in range(c.num_cycles):
            attention = torch.sigmoid(logit) * saliency  # a
            weight = attention / attention.sum(1, keepdim=True).clamp_min(1e-12)
            attended = torch.einsum("bp,bpk->bk", weight, predicted)  # p_0
            error = 1 - F.cosine_similarity(sound, attended)  # e_0
            yield Cycle(logit=logit, attention=attention, predicted_sound=attended, error=error)
            logit = logit + c.step * agreement  # Eqs. (12) and (S8)
            if alike is not None:
                logit = (1 - c.spread) * logit + c.spread * torch.einsum("bpq,bq->bp", alike, logit)

    @torch.no_grad()
    def trace_features(self, visual: Tensor, sound: Tensor, query: Tensor) -> Trace:
        """Every cycle of one pass after the encoders; `query` is `sound`.

        `similarity` is the attention to the power of `extent`; `errors` has one layer, e_0.
        """
        whitened = self.whiten(visual)
        cycles = list(self.iterate(whitened, self.measure_prior(visual, whitened), sound))
        grid = visual.shape[2:]
        maps = [cycle.attention.pow(self.config.extent).unflatten(1, grid) for cycle in cycles]
        return Trace(
            similarity=torch.stack(maps),
            errors=torch.stack([cycle.error for cycle in cycles])[..., None],
            predicted_sound=torch.stack([cycle.predicted_sound for cycle in cycles]),
            sound=sound,
            agreement=self.measure_agreement(whitened, sound).unflatten(1, grid),
            threshold=self.threshold,
        )


def measure_saliency(features: Tensor, offset: float) -> Tensor:
    """b, the prior: |x| / (|x| + offset mean|x|) of places (B, P, D), (B, P) in [0, 1)."""
    norm = features.norm(dim=2)
    return norm / (norm + offset * norm.mean(1, keepdim=True)).clamp_min(1e-12)


def relate_locations(whitened: Tensor, sharpness: float) -> Tensor:
    """Which places look alike: (B, P, D) to (B, P, P), rows that sum to 1."""
    unit = F.normalize(whitened, dim=2)
    return torch.softmax(sharpness * (unit @ unit.mT), dim=2)
