"""The three-stream network: two views of a picture, one sound. Sec. 3, Figure 3.

Letters: B batch, C visual channels, A audio channels, P audio patches, h w grid (14x14),
T cycles, L = 3 layers of the PCM.
"""

from dataclasses import dataclass
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

from sspl.attention import FUSIONS, SCALINGS, similarity_map
from sspl.config import EncoderChoice, ModelConfig
from sspl.heads import Head
from sspl.objectives import Step, View
from sspl.pcm import PredictiveCoding


@dataclass(frozen=True, kw_only=True)
class SSPLOutput:
    """What one training step computes.

    Attributes:
        loss: scalar.
        similarity1, similarity2: (B, h, w) S^1, S^2 in [-1, 1], Eq. (3).
        z1, z2: (B, D) projections of the two views; they carry gradient, the loss stops it. Where
            nothing is projected, the query (B, C).
        terms: the loss's parts by name, detached, before their weights.

    Where an objective takes one view only, both entries are that view's.
    """

    loss: Tensor
    similarity1: Tensor
    similarity2: Tensor
    z1: Tensor
    z2: Tensor
    terms: dict[str, Tensor]


@dataclass(frozen=True, kw_only=True)
class Trace:
    """One pass, cycle by cycle. Without PCM T is 1 and L is 0.

    Attributes:
        similarity: (T, B, h, w) the map read out after each cycle.
        errors: (T, B, L) root mean square of e_0, e_1, e_2 in each cycle, Eq. (11). Of predictive
            attention one, 1 - cos(s, p_0).
        predicted_sound: (T, B, A) p_0 in each cycle; (0, B, A) without PCM.
        sound: (B, A) r_0, the L2-normalised embedding that p_0 should meet; s, (B, K), of
            predictive attention.
        feedback_gain, error_gain: the learned b_l and a_l after their ReLU, for l = 1, 2, 3 a
            tensor with a value per channel of r_l; empty without PCM.
        agreement: (B, h, w) how well the sound that each location predicts agrees with the one
            heard, in standard deviations of what it is by chance; None where nothing predicts it
            at each location.
        threshold: of the agreement, one for all pictures and sounds.
    """

    similarity: Tensor
    errors: Tensor
    predicted_sound: Tensor
    sound: Tensor
    feedback_gain: tuple[Tensor, ...] = ()
    error_gain: tuple[Tensor, ...] = ()
    agreement: Tensor | None = None
    threshold: float = 0.0

    @property
    def audible(self) -> Tensor | None:
        """(B, h, w) bool, where what is seen makes the sound, by one threshold for all sounds.

        Maps are read out relative to themselves and always have a highest location; this one can
        be empty. None where the model has no absolute measure.
        """
        return None if self.agreement is None else self.agreement >= self.threshold


class AudioVisualModel(nn.Module):
    """Frozen encoders, and what follows them: a picture and a sound to a map, cycle by cycle.

    The encoders are frozen here and nowhere else: they take no gradient and stay in eval mode
    (`EncoderChoice.train_image_encoder` lets the image encoder learn).
    """

    def __init__(
        self, config: EncoderChoice, image_encoder: nn.Module, audio_encoder: nn.Module
    ) -> None:
        super().__init__()
        self._choice = config
        self.image_encoder = image_encoder.requires_grad_(config.train_image_encoder)
        self.audio_encoder = audio_encoder.requires_grad_(False)
        self.train(self.training)

    @property
    def config(self) -> EncoderChoice:
        return self._choice

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        self.image_encoder.train(mode and self.config.train_image_encoder)
        self.audio_encoder.eval()
        return self

    @property
    def threshold(self) -> float | None:
        """Of `Trace.agreement`, one for all pictures and sounds; None without such a measure."""
        return None

    def encode_image(self, images: Tensor) -> Tensor:
        """f_v, Eq. (1): (B, 3, px, px) to (B, C, h, w); gradient only where it learns now."""
        learns = self.config.train_image_encoder and self.training and torch.is_grad_enabled()
        images = images.to(memory_format=self.config.image_spec.memory_format)
        with torch.set_grad_enabled(learns):
            return self._rectify(self.image_encoder(images))

    @torch.no_grad()
    def encode_audio(self, patches: Tensor) -> Tensor:
        """Embeddings of every patch, Eq. (2): (B, P, ...) to (B, P, A), without gradient."""
        return self.audio_encoder(patches)

    def project_audio(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """The sound (B, ...) that is to be predicted, and the query (B, ...) of the map.

        Args:
            embeddings: (B, P, A) of `encode_audio`.
        """
        raise NotImplementedError

    def trace_features(self, visual: Tensor, sound: Tensor, query: Tensor) -> Trace:
        """Every cycle of one pass after the encoders: (B, C, h, w), and `project_audio`'s two."""
        raise NotImplementedError

    @torch.no_grad()
    def trace(self, images: Tensor, patches: Tensor) -> Trace:
        """Every cycle of one pass, from what the encoders take in. Call `eval()` first."""
        visual = self.encode_image(images)
        sound, query = self.project_audio(self.encode_audio(patches))
        return self.trace_features(visual, sound, query)

    def _rectify(self, features: Tensor) -> Tensor:
        return F.relu(features) if self.config.rectified_features else features


class SSPL(AudioVisualModel):
    """SSPL from built parts; `sspl.build.build_model` puts one together from a config.

    Args:
        head: None for objectives that project nothing.
        target: BYOL's slower copy of query, PCM and projector; it takes no gradient, see `follow`.
    """

    def __init__(
        self,
        *,
        config: ModelConfig,
        image_encoder: nn.Module,
        audio_encoder: nn.Module,
        query: nn.Module,
        pcm: PredictiveCoding | None,
        head: Head | None,
        target: "SSPL | None" = None,
    ) -> None:
        super().__init__(config, image_encoder, audio_encoder)
        self.query = query
        self.pcm = pcm
        self.head = head
        self.target = None if target is None else target.requires_grad_(False)

    @property
    def config(self) -> ModelConfig:
        assert isinstance(self._choice, ModelConfig)
        return self._choice

    def forward(
        self, view1: Tensor, view2: Tensor, log_mel: Tensor, classes: Tensor | None = None
    ) -> SSPLOutput:
        """One step of Figure 3.

        Args:
            view1, view2: (B, 3, px, px) float, normalised as the image encoder wants it.
            log_mel: (B, P, ...) float, what the audio encoder's front end gives.
            classes: as in `learn`.
        """
        return self.learn(
            self.encode_image(view1), self.encode_image(view2), self.encode_audio(log_mel), classes
        )

    def learn(
        self,
        visual1: Tensor,
        visual2: Tensor,
        embeddings: Tensor,
        classes: Tensor | None = None,
    ) -> SSPLOutput:
        """What follows the encoders: align, attend, project; takes what they give.

        Args:
            classes: (B, K) bool, which classes sound in each pair; `label_guided` needs it.
        """
        c, (sound, query) = self.config, self.project_audio(embeddings)
        visuals = (visual1, visual2)[: c.objective.num_views]
        views = tuple(self._process_view(visual, sound, query) for visual in visuals)
        targets: tuple[Tensor, ...] = ()
        if self.target is not None:
            with torch.no_grad():
                projected = self.target.project_audio(embeddings)
                targets = tuple(
                    self.target._process_view(visual, *projected).z for visual in visuals
                )
        # The PCM runs in the precision of the caller's autocast; what compares, in full.
        with torch.autocast(visual1.device.type, enabled=False):
            full = _in_full(query)
            step = Step(
                views=views,
                targets=targets,
                query=full,
                sound=sound,
                head=self.head,
                classes=classes,
            )
            loss = c.objective.measure(step)
            terms = {c.objective.name: loss}
            for name, (weight, term) in c.terms.measure(views, full).items():
                terms[name] = term
                loss = loss + weight * term
        return SSPLOutput(
            loss=loss,
            similarity1=views[0].similarity,
            similarity2=views[-1].similarity,
            z1=views[0].z,
            z2=views[-1].z,
            terms={name: term.detach() for name, term in terms.items()},
        )

    @torch.no_grad()
    def follow(self) -> None:
        """Let the target network follow, after a step of the optimizer, where there is one."""
        decay = self.config.objective.target_decay
        if self.target is None or decay is None:
            return
        slow, ours = dict(self.target.named_parameters()), dict(self.named_parameters())
        get_ema_multi_avg_fn(decay)([*slow.values()], [ours[name] for name in slow], None)

    def _process_view(self, visual: Tensor, sound: Tensor, query: Tensor) -> View:
        """Align, attend and project one view, as `encode_image` and `project_audio` give it."""
        aligned, sound_error = self._refine(visual, sound)
        with torch.autocast(visual.device.type, enabled=False):
            query = _in_full(query)
            similarity, attention, attended = self.attend(query, _in_full(aligned), visual)
            return View(
                visual=_in_full(visual),
                similarity=similarity,
                attention=attention,
                attended=attended,
                z=self.config.objective.project(self.head, attended, query),
                sound_error=sound_error,
            )

    def project_audio(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
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
        self, query: Tensor, features: Tensor, visual: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The similarity map, Eq. (3), scaled, Eq. (5), and what it attends to, Eq. (4).

        Returns:
            (B, h, w) in [-1, 1]; (B, h, w) in [0, 1]; (B, C) the audio-visual representation, twice
            as wide where the fusion is "cat".
        """
        similarity = similarity_map(query, features, visual, self.config.norm_offset)
        attention = SCALINGS[self.config.scaling](similarity)
        return similarity, attention, FUSIONS[self.config.fusion](features, query, attention)

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

    def _refine(self, visual: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """`align`, and the scalar by which the PCM was wrong about the sound; 0 without one."""
        if self.pcm is None:
            return visual, visual.new_zeros(())
        feature, sound_error = self.pcm.refine(visual, sound)
        return self._rectify(feature), sound_error


def _in_full(x: Tensor) -> Tensor:
    return x.float() if x.dtype in (torch.bfloat16, torch.float16) else x


def _read_gains(gains: nn.ParameterList) -> tuple[Tensor, ...]:
    return tuple(F.relu(gain.detach()).flatten() for gain in gains)
