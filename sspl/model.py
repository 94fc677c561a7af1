"""The three-stream network: two views of a picture, one sound. Sec. 3, Figure 3.

Letters: B batch, C visual channels, A audio channels, P audio patches, h w grid (14x14),
T cycles, L = 3 layers of the PCM.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from sspl.attention import FUSIONS, SCALINGS, similarity_map
from sspl.baselines import (
    attention_loss,
    best_similarity,
    contrastive_loss,
    hardway_loss,
    true_negatives,
)
from sspl.config import BASELINES, ModelConfig
from sspl.heads import Head
from sspl.objectives import (
    barlow_twins_loss,
    byol_loss,
    leave_out_loss,
    simsiam_loss,
    tie_loss,
    w_mse_loss,
)
from sspl.pcm import PredictiveCoding

TARGET_DECAY = 0.99  # of BYOL's slower copy; theirs goes from 0.996 to 1 in far longer runs


@dataclass(frozen=True, kw_only=True)
class SSPLOutput:
    """What one training step computes.

    Attributes:
        loss: scalar.
        similarity1, similarity2: (B, h, w) S^1, S^2 in [-1, 1], Eq. (3).
        z1, z2: (B, D) projections of the two views; they carry gradient, the loss stops it. Where
            nothing is projected, the query (B, C).
        terms: the loss's parts by name, detached, before their weights.

    Baselines look at one view only, and what is said of two is twice the same.
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


@dataclass(frozen=True, kw_only=True)
class _View:
    """One view under the sound.

    Attributes:
        visual: (B, C, h, w) as the eyes see it.
        similarity, attention: (B, h, w) the map, and scaled.
        z: (B, D) projection.
        sound_error: scalar, see `PredictiveCoding.refine`; 0 without PCM.
    """

    visual: Tensor
    similarity: Tensor
    attention: Tensor
    z: Tensor
    sound_error: Tensor


class SSPL(nn.Module):
    """SSPL from built parts; `sspl.build.build_model` puts one together from a config.

    The encoders are frozen here and nowhere else: they take no gradient and stay in eval mode
    (`ModelConfig.train_eyes` lets the eyes learn).

    Args:
        head: None for objectives that project nothing.
        target: BYOL's slower copy of query, PCM and projector; it takes no gradient, see `follow`.
    """

    def __init__(
        self,
        *,
        config: ModelConfig,
        eyes: nn.Module,
        ears: nn.Module,
        query: nn.Module,
        pcm: PredictiveCoding | None,
        head: Head | None,
        target: "SSPL | None" = None,
    ) -> None:
        super().__init__()
        self.config = config
        self.eyes = eyes.requires_grad_(config.train_eyes)
        self.ears = ears.requires_grad_(False)
        self.query = query
        self.pcm = pcm
        self.head = head
        self.target = None if target is None else target.requires_grad_(False)
        self.train(self.training)

    def train(self, mode: bool = True) -> "SSPL":
        super().train(mode)
        self.eyes.train(mode and self.config.train_eyes)
        self.ears.eval()
        return self

    def forward(
        self, view1: Tensor, view2: Tensor, log_mel: Tensor, classes: Tensor | None = None
    ) -> SSPLOutput:
        """One step of Figure 3.

        Args:
            view1, view2: (B, 3, px, px) float, ImageNet-normalised.
            log_mel: (B, P, 96, 64) float, see `sspl.audio.log_mel`.
            classes: as in `learn`.
        """
        return self.learn(self.see(view1), self.see(view2), self.hear(log_mel), classes)

    def see(self, images: Tensor) -> Tensor:
        """f_v, Eq. (1): (B, 3, px, px) to (B, C, h, w), without gradient unless eyes learn now."""
        learns = self.config.train_eyes and self.training and torch.is_grad_enabled()
        with torch.set_grad_enabled(learns):
            return self._rectify(self.eyes(images))

    @torch.no_grad()
    def hear(self, log_mel: Tensor) -> Tensor:
        """Embeddings of every patch, Eq. (2): (B, P, 96, 64) to (B, P, A), without gradient."""
        return self.ears(log_mel)

    def learn(
        self,
        visual1: Tensor,
        visual2: Tensor,
        embeddings: Tensor,
        classes: Tensor | None = None,
    ) -> SSPLOutput:
        """What follows the encoders: align, attend, project. Arguments as `see`, `hear` give.

        Args:
            classes: (B, K) bool, which classes sound in each pair; `label_guided` needs it.
        """
        sound, query = self.listen(embeddings)
        if self.config.objective in BASELINES:
            return self._push_away(visual1, sound, query, classes)
        view1, view2 = self._look(visual1, sound, query), self._look(visual2, sound, query)
        slow = []  # what BYOL's slower copy makes of both views
        if self.target is not None:
            with torch.no_grad():
                heard = self.target.listen(embeddings)
                slow = [self.target._look(visual, *heard).z for visual in (visual1, visual2)]
        # The PCM runs in the precision of the caller's autocast; what compares, in full.
        with torch.autocast(visual1.device.type, enabled=False):
            loss = self._agree(view1.z, view2.z, *slow)
            terms = {self.config.objective: loss}
            for name, term in self._depart(view1, view2, _in_full(query)).items():
                terms[name] = term
                loss = loss + getattr(self.config, f"{name}_weight") * term
        return SSPLOutput(
            loss=loss,
            similarity1=view1.similarity,
            similarity2=view2.similarity,
            z1=view1.z,
            z2=view2.z,
            terms={name: term.detach() for name, term in terms.items()},
        )

    @torch.no_grad()
    def follow(self) -> None:
        """Let BYOL's slower copy follow, after a step of the optimizer; others have none."""
        if self.target is None:
            return
        slow, ours = dict(self.target.named_parameters()), dict(self.named_parameters())
        get_ema_multi_avg_fn(TARGET_DECAY)([*slow.values()], [ours[name] for name in slow], None)

    def _look(self, visual: Tensor, sound: Tensor, query: Tensor) -> _View:
        """Align, attend and project one view; arguments as `see` and `listen` give."""
        assert self.head is not None
        aligned, sound_error = self._refine(visual, sound)
        with torch.autocast(visual.device.type, enabled=False):
            full = _in_full(query), _in_full(aligned)
            similarity, attention, attended = self.attend(*full, visual)
            return _View(
                visual=visual,
                similarity=similarity,
                attention=attention,
                z=self.head.project(attended),
                sound_error=sound_error,
            )

    def _agree(self, z1: Tensor, z2: Tensor, *slow: Tensor) -> Tensor:
        """The objective, from projections (B, D) and, for BYOL, those of the slower copy."""
        assert self.head is not None
        width = z1.shape[1]
        if self.config.objective == "barlow_twins":
            return barlow_twins_loss(z1, z2) / width  # per dimension, so that other terms count
        if self.config.objective == "w_mse":
            return w_mse_loss(z1, z2, slice_size=2 * width)
        assert self.head.predict is not None
        p1, p2 = self.head.predict(z1), self.head.predict(z2)
        if self.config.objective == "byol":
            return byol_loss(p1, p2, *slow)
        # Stops the gradient of z.
        return simsiam_loss(p1, p2, z1, z2, stop_gradient=self.config.stop_gradient)

    def _push_away(
        self, visual: Tensor, sound: Tensor, query: Tensor, classes: Tensor | None
    ) -> SSPLOutput:
        """The baselines' step, on one view as the eyes see it (B, C, h, w)."""
        c = self.config
        with torch.autocast(visual.device.type, enabled=False):
            visual, query = _in_full(visual), _in_full(query)
            similarity, _, attended = self.attend(query, visual, visual)
            z = query
            if c.objective == "hardway":
                bounds = {"epsilon": c.hardway_epsilon, "epsilon2": c.hardway_epsilon2}
                loss = hardway_loss(visual, query, **bounds, tau=c.hardway_tau)
            elif c.objective == "attention":
                assert self.head is not None
                z = self.head.project(attended)
                loss = attention_loss(z, sound, sound.roll(1, 0))
            else:
                negatives = None
                if c.label_guided:
                    if classes is None:
                        raise ValueError("label_guided needs to know what sounds: pass classes")
                    negatives = true_negatives(classes)
                loss = contrastive_loss(best_similarity(visual, query), negatives)
        return SSPLOutput(
            loss=loss,
            similarity1=similarity,
            similarity2=similarity,
            z1=z,
            z2=z,
            terms={c.objective: loss.detach()},
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
        return self._refine(visual, sound)[0]

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

    def _refine(self, visual: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """`align`, and the scalar by which the PCM was wrong about the sound; 0 without one."""
        if self.pcm is None:
            return visual, visual.new_zeros(())
        feature, sound_error = self.pcm.refine(visual, sound)
        return self._rectify(feature), sound_error

    def _depart(self, view1: _View, view2: _View, query: Tensor) -> dict[str, Tensor]:
        """The terms that the paper does not have, those of them that count; see `ModelConfig`."""
        c, terms = self.config, {}
        if c.tie_weight or c.leave_out_weight or c.area_weight:
            terms1, terms2 = self._tie_to_sound(view1, query), self._tie_to_sound(view2, query)
            terms = {name: 0.5 * (terms1[name] + terms2[name]) for name in terms1}
        if c.sound_error_weight:
            terms["sound_error"] = 0.5 * (view1.sound_error + view2.sound_error)
        return terms

    def _tie_to_sound(self, view: _View, query: Tensor) -> dict[str, Tensor]:
        """The map's terms for one view.

        They look at the frozen feature: the aligned one has heard the sound and would give it away.
        """
        visual = _in_full(view.visual)
        whole = visual.mean((2, 3))  # (B, C)
        picked = torch.einsum("bhw,bchw->bc", view.attention, visual) / view.attention[0].numel()
        return {
            "tie": tie_loss(picked, query, self.config.tie_off_diagonal, self.config.tie),
            "leave_out": leave_out_loss(whole - picked, whole, query),
            "area": view.attention.mean(),
        }


def _in_full(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def _read_gains(gains: nn.ParameterList) -> tuple[Tensor, ...]:
    return tuple(F.relu(gain.detach()).flatten() for gain in gains)
