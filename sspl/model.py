"""The three-stream network: two views of a picture, one sound. Sec. 3, Figure 3.

Letters: B batch, C visual channels, A audio channels, P audio patches, h w grid (14x14),
T cycles, L = 3 layers of the PCM.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sspl.attention import FUSIONS, SCALINGS, similarity_map
from sspl.config import ModelConfig
from sspl.objectives import leave_out_loss, simsiam_loss, tie_loss
from sspl.pcm import PredictiveCoding


@dataclass(frozen=True, kw_only=True)
class SSPLOutput:
    """What one training step computes.

    Attributes:
        loss: scalar.
        similarity1, similarity2: (B, h, w) S^1, S^2 in [-1, 1], Eq. (3).
        z1, z2: (B, D) projections of the two views; they carry gradient, the loss stops it.
        terms: the loss's parts by name, detached, before their weights.
    """

    loss: Tensor
    similarity1: Tensor
    similarity2: Tensor
    z1: Tensor
    z2: Tensor
    terms: dict[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Trace:
    """Everything that one pass shows, cycle by cycle. Without PCM T is 1 and L is 0.

    Attributes:
        similarity: (T, B, h, w) the map read out after each cycle.
        errors: (T, B, L) root mean square of e_0, e_1, e_2 in each cycle, Eq. (11).
        predicted_sound: (T, B, A) p_0 in each cycle; (0, B, A) without PCM.
        sound: (B, A) r_0, the L2-normalised embedding that p_0 should meet.
        feedback_gain, error_gain: the learned b_l and a_l after their ReLU, for l = 1, 2, 3 a
            tensor with a value per channel of r_l; empty without PCM.
    """

    similarity: Tensor
    errors: Tensor
    predicted_sound: Tensor
    sound: Tensor
    feedback_gain: tuple[Tensor, ...]
    error_gain: tuple[Tensor, ...]


class SimSiamHead(nn.Module):
    """Projector and predictor of SimSiam (Chen and He, CVPR 2021).

    Args:
        channels: width of what comes in.
        projection_width: D, 2048 in the paper; prediction_width: the bottleneck, 512.
    """

    def __init__(self, *, channels: int, projection_width: int, prediction_width: int) -> None:
        super().__init__()
        wide = projection_width
        self.project = nn.Sequential(
            nn.Linear(channels, wide, bias=False),
            nn.BatchNorm1d(wide),
            nn.ReLU(inplace=True),
            nn.Linear(wide, wide, bias=False),
            nn.BatchNorm1d(wide),
            nn.ReLU(inplace=True),
            nn.Linear(wide, wide, bias=False),
            nn.BatchNorm1d(wide, affine=False),
        )
        self.predict = nn.Sequential(
            nn.Linear(wide, prediction_width, bias=False),
            nn.BatchNorm1d(prediction_width),
            nn.ReLU(inplace=True),
            nn.Linear(prediction_width, wide),
        )


class SSPL(nn.Module):
    """SSPL from built parts; `sspl.build.build_model` puts one together from a config.

    The encoders are frozen here and nowhere else: they take no gradient and stay in eval mode.
    """

    def __init__(
        self,
        *,
        config: ModelConfig,
        eyes: nn.Module,
        ears: nn.Module,
        query: nn.Module,
        pcm: PredictiveCoding | None,
        head: SimSiamHead,
    ) -> None:
        super().__init__()
        self.config = config
        self.eyes = eyes.requires_grad_(False)
        self.ears = ears.requires_grad_(False)
        self.query = query
        self.pcm = pcm
        self.head = head
        self.train(self.training)

    def train(self, mode: bool = True) -> "SSPL":
        super().train(mode)
        self.eyes.eval()
        self.ears.eval()
        return self

    def forward(self, view1: Tensor, view2: Tensor, log_mel: Tensor) -> SSPLOutput:
        """One step of Figure 3.

        Args:
            view1, view2: (B, 3, px, px) float, ImageNet-normalised.
            log_mel: (B, P, 96, 64) float, see `sspl.audio.log_mel`.
        """
        return self.learn(self.see(view1), self.see(view2), self.hear(log_mel))

    @torch.no_grad()
    def see(self, images: Tensor) -> Tensor:
        """f_v, Eq. (1): (B, 3, px, px) to (B, C, h, w), without gradient."""
        features = self.eyes(images)
        return F.relu(features) if self.config.rectified_features else features

    @torch.no_grad()
    def hear(self, log_mel: Tensor) -> Tensor:
        """Embeddings of every patch, Eq. (2): (B, P, 96, 64) to (B, P, A), without gradient."""
        return self.ears(log_mel)

    def learn(self, visual1: Tensor, visual2: Tensor, embeddings: Tensor) -> SSPLOutput:
        """What follows the encoders: align, attend, project. Arguments as `see`, `hear` give."""
        sound, query = self.listen(embeddings)
        aligned1, aligned2 = self.align(visual1, sound), self.align(visual2, sound)
        # The PCM runs in the precision of the caller's autocast; what compares, in full.
        with torch.autocast(visual1.device.type, enabled=False):
            view1, view2 = (visual1, _in_full(aligned1)), (visual2, _in_full(aligned2))
            return self._compare(_in_full(query), view1, view2)

    def _compare(
        self, query: Tensor, view1: tuple[Tensor, Tensor], view2: tuple[Tensor, Tensor]
    ) -> SSPLOutput:
        """Attend and project; a view is the feature as seen and as aligned, (B, C, h, w) each."""
        (visual1, aligned1), (visual2, aligned2) = view1, view2
        similarity1, attention1, attended1 = self.attend(query, aligned1, visual1)
        similarity2, attention2, attended2 = self.attend(query, aligned2, visual2)

        z1, z2 = self.head.project(attended1), self.head.project(attended2)
        p1, p2 = self.head.predict(z1), self.head.predict(z2)
        # Stops the gradient of z.
        simsiam = simsiam_loss(p1, p2, z1, z2, stop_gradient=self.config.stop_gradient)
        terms = {"simsiam": simsiam}
        loss = terms["simsiam"]
        config = self.config
        weights = {
            "tie": config.tie_weight,
            "leave_out": config.leave_out_weight,
            "area": config.area_weight,
        }
        if any(weights.values()):
            terms1 = self._tie_to_sound(attention1, visual1, query)
            terms2 = self._tie_to_sound(attention2, visual2, query)
            for name, weight in weights.items():
                terms[name] = 0.5 * (terms1[name] + terms2[name])
                loss = loss + weight * terms[name]
        return SSPLOutput(
            loss=loss,
            similarity1=similarity1,
            similarity2=similarity2,
            z1=z1,
            z2=z2,
            terms={name: term.detach() for name, term in terms.items()},
        )

    def listen(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """r_0 for the PCM and f~_a = g(f_a) for the attention, from (B, P, A).

        g takes each patch and the mean is taken after; the PCM takes the normalised mean (both as
        in the authors' code).

        Returns:
            (B, A) of length 1, and (B, C).
        """
        sound = F.normalize(embeddings.mean(1), dim=1)
        query = self.query(embeddings).mean(1)
        return sound, F.relu(query) if self.config.non_negative_query else query

    def align(self, visual: Tensor, sound: Tensor) -> Tensor:
        """f~_v, Sec. 3.3: (B, C, h, w) refined by the sound; unchanged without PCM."""
        return visual if self.pcm is None else self._rectify(self.pcm(visual, sound))

    def attend(
        self, query: Tensor, features: Tensor, seen: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The similarity map, Eq. (3), scaled, Eq. (5), and what it picks out, Eq. (4).

        Returns:
            (B, h, w) in [-1, 1]; (B, h, w) in [0, 1]; (B, C) the audio-visual representation, twice
            as wide where the fusion is "cat".
        """
        similarity = similarity_map(query, features, seen, self.config.norm_offset)
        attention = SCALINGS[self.config.scaling](similarity)
        return similarity, attention, FUSIONS[self.config.fusion](features, query, attention)

    @torch.no_grad()
    def trace(self, images: Tensor, log_mel: Tensor) -> Trace:
        """Every cycle of one pass; arguments as in `forward`. Call `eval()` first."""
        visual = self.see(images)
        sound, query = self.listen(self.hear(log_mel))
        return self.trace_features(visual, sound, query)

    @torch.no_grad()
    def trace_features(self, visual: Tensor, sound: Tensor, query: Tensor) -> Trace:
        """`trace` after the encoders: (B, C, h, w), (B, A), (B, C)."""
        if self.pcm is None:
            similarity = similarity_map(query, visual, visual, self.config.norm_offset)[None]
            batch = len(visual)
            return Trace(
                similarity=similarity,
                errors=visual.new_zeros(1, batch, 0),
                predicted_sound=visual.new_zeros(0, *sound.shape),
                sound=sound,
                feedback_gain=(),
                error_gain=(),
            )
        cycles = self.pcm.trace(visual, sound)
        maps = [
            similarity_map(query, self._rectify(cycle.feature), visual, self.config.norm_offset)
            for cycle in cycles
        ]
        return Trace(
            similarity=torch.stack(maps),
            errors=torch.stack([cycle.errors for cycle in cycles]),
            predicted_sound=torch.stack([cycle.predicted_sound for cycle in cycles]),
            sound=sound,
            feedback_gain=_read_gains(self.pcm.feedback_gain),
            error_gain=_read_gains(self.pcm.error_gain),
        )

    def _rectify(self, features: Tensor) -> Tensor:
        return F.relu(features) if self.config.rectified_features else features

    def _tie_to_sound(self, attention: Tensor, visual: Tensor, query: Tensor) -> dict[str, Tensor]:
        """The terms that the paper does not have, for one view; see `ModelConfig`.

        They look at the frozen feature: the aligned one has heard the sound and would give it away.
        """
        visual = _in_full(visual)
        whole = visual.mean((2, 3))  # (B, C)
        picked = torch.einsum("bhw,bchw->bc", attention, visual) / attention[0].numel()
        return {
            "tie": tie_loss(picked, query, self.config.tie_off_diagonal),
            "leave_out": leave_out_loss(whole - picked, whole, query),
            "area": attention.mean(),
        }


def _in_full(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def _read_gains(gains: nn.ParameterList) -> tuple[Tensor, ...]:
    return tuple(F.relu(gain.detach()).flatten() for gain in gains)
