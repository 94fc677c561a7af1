"""The predictive coding module: Sec. 3.3, Algorithm S1, with the authors' geometry.

Letters: B batch, C channels of a representation, A channels of the sound, T cycles, L = 3 layers.

    layer    grid     feedback (predicts the layer below)     feedforward (corrects the one above)
    r_3      14x14    3x3 conv, 2x2 max-pool  -> p_2           1x1 read-out -> transformed feature
    r_2      7x7      3x3 conv, 2x2 max-pool  -> p_1           bilinear x2, 3x3 deconv -> r_3
    r_1      3x3      1x1 conv, GELU, mean    -> p_0           3x3 deconv, stride 2 -> r_2
    r_0      sound                                             1x1 deconv -> r_1

The paper counts T cycles with the initialisation as the first; the authors' `cycs_pcm=4` is T = 5.
Each cycle has batch norms of its own, so T is part of the weights, but the read-out may be
applied after any cycle t <= T: that is what the step-through shows.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NUM_LAYERS = 3
GRID = 14  # the geometry above is written for 14x14 features


@dataclass(frozen=True)
class Cycle:
    """What one cycle t of the PCM leaves behind.

    Attributes:
        feature: (B, C_v, 14, 14) the read-out of r_3 after this cycle, the paper's f~_v at t = T.
        predicted_sound: (B, A) p_0, Eq. (S12) with l = 1.
        errors: (B, 3) root mean square of e_0, e_1, e_2, the errors of this cycle, Eq. (11).
    """

    feature: Tensor
    predicted_sound: Tensor
    errors: Tensor


@dataclass(frozen=True, kw_only=True)
class Layers:
    """All that one cycle computes, layer by layer; B C h w but where it says otherwise.

    Attributes:
        predictions: p_0 (B, A), p_1 of r_1's shape, p_2 of r_2's, Eq. (9). In the first cycle they
            have passed the non-linearity (the authors' code).
        feedback: r_1, r_2, r_3 after feedback, Eq. (10).
        errors: e_0 (B, A), e_1, e_2, Eq. (11).
        feedforward: r_1, r_2, r_3 after feedforward, Eq. (12).
    """

    predictions: tuple[Tensor, Tensor, Tensor]
    feedback: tuple[Tensor, Tensor, Tensor]
    errors: tuple[Tensor, Tensor, Tensor]
    feedforward: tuple[Tensor, Tensor, Tensor]


class PredictiveCoding(nn.Module):
    """Refine visual features until they predict the sound, Eqs. (9)-(12).

    Args:
        visual_channels: C_v of the visual feature, which is also r_3's (512 in the paper).
        channels: C of r_1 and r_2 (512; the paper's table of filters is read as these).
        audio_channels: A of the sound's embedding (128).
        num_cycles: T >= 1.
    """

    def __init__(
        self, *, visual_channels: int, channels: int, audio_channels: int, num_cycles: int
    ) -> None:
        super().__init__()
        if num_cycles < 1:
            raise ValueError(f"num_cycles is {num_cycles}; a PCM needs at least one cycle")
        self.num_cycles = num_cycles
        widths = [channels, channels, visual_channels]  # of r_1, r_2, r_3

        self.predict_sound = nn.Conv2d(channels, audio_channels, 1)
        self.predict_r1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.predict_r2 = nn.Conv2d(visual_channels, channels, 3, padding=1, bias=False)

        self.correct_r1 = nn.ConvTranspose2d(audio_channels, channels, 1, bias=False)
        self.correct_r2 = nn.ConvTranspose2d(channels, channels, 3, stride=2, bias=False)
        self.correct_r3 = nn.ConvTranspose2d(channels, visual_channels, 3, padding=1, bias=False)
        self.read_out = nn.ConvTranspose2d(visual_channels, visual_channels, 1)

        def gains(start: float) -> nn.ParameterList:
            return nn.ParameterList(nn.Parameter(torch.full((1, w, 1, 1), start)) for w in widths)

        self.feedback_gain = gains(0.5)  # b_l, Eq. (10)
        # The first cycle initialises: with no other, b is not used, which DDP would wait for.
        self.feedback_gain.requires_grad_(num_cycles > 1)
        self.error_gain = gains(1.0)  # a_l, Eq. (12)
        # Batch norm before every non-linearity, its own per layer and per cycle, except for the
        # prediction of the sound and for r_3's feedback update (the authors' code).
        self.feedback_norms = nn.ModuleList(
            nn.ModuleList(nn.BatchNorm2d(w) for w in widths[:2]) for _ in range(num_cycles)
        )
        self.error_norms = nn.ModuleList(
            nn.ModuleList(nn.BatchNorm2d(w) for w in widths) for _ in range(num_cycles)
        )

    def list_gains(self) -> list[nn.Parameter]:
        """b_l and a_l, which take no weight decay (the authors' code)."""
        return [*self.feedback_gain, *self.error_gain]

    def forward(self, visual: Tensor, sound: Tensor) -> Tensor:
        """The transformed feature after all T cycles.

        Args:
            visual: (B, C_v, 14, 14) float, the frozen encoder's feature.
            sound: (B, A) float, L2-normalised.
        Returns:
            (B, C_v, 14, 14).
        """
        return self.refine(visual, sound)[0]

    def refine(self, visual: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        """`forward`, and how wrong the PCM was about the sound on its way.

        Returns:
            (B, C_v, 14, 14), and the scalar |r_0 - p_0|^2, mean over cycles and batch, in float32.
        """
        cycles = list(self.run(visual, sound))
        sound_errors = [cycle.errors[0].float().square().sum(1).mean() for cycle in cycles]
        return self.read_out(cycles[-1].feedforward[-1]), torch.stack(sound_errors).mean()

    def trace(self, visual: Tensor, sound: Tensor) -> list[Cycle]:
        """Every cycle of one pass, each read out; arguments as in `forward`."""
        return [
            Cycle(
                self.read_out(cycle.feedforward[-1]),
                cycle.predictions[0],
                torch.stack([_rms(error) for error in cycle.errors], dim=1),
            )
            for cycle in self.run(visual, sound)
        ]

    def run(self, visual: Tensor, sound: Tensor) -> Iterator[Layers]:
        """Every cycle of one pass, opened: T of them; arguments as in `forward`."""
        if visual.shape[-2:] != (GRID, GRID):
            raise ValueError(f"the PCM expects 14x14 features, got {tuple(visual.shape)}")
        # In the features' own precision: a float32 gain would make float32 of all it multiplies.
        b1, b2, b3 = (F.relu(b).to(visual.dtype) for b in self.feedback_gain)
        a1, a2, a3 = (F.relu(a).to(visual.dtype) for a in self.error_gain)
        r1 = r2 = r3 = None
        for t in range(self.num_cycles):
            norm1, norm2 = self.feedback_norms[t].children()
            # Feedback, from the top down: Eqs. (9), (10).
            if r1 is None or r2 is None or r3 is None:
                # t = 1 initialises: each layer is its prediction, so the prediction it is later
                # compared with has passed the non-linearity (the authors' code).
                r3 = visual
                r2 = p2 = F.gelu(norm2(self._predict(self.predict_r2, r3)))
                r1 = p1 = F.gelu(norm1(self._predict(self.predict_r1, r2)))
            else:
                r3 = F.gelu((1 - b3) * r3 + b3 * visual)
                p2 = self._predict(self.predict_r2, r3)
                r2 = F.gelu(norm2((1 - b2) * r2 + b2 * p2))
                p1 = self._predict(self.predict_r1, r2)
                r1 = F.gelu(norm1((1 - b1) * r1 + b1 * p1))

            feedback = r1, r2, r3

            # Feedforward, from the bottom up: Eqs. (11), (12).
            norm1, norm2, norm3 = self.error_norms[t].children()
            p0 = F.gelu(self.predict_sound(r1)).mean((2, 3))
            e0 = sound - p0
            r1 = F.gelu(norm1(r1 + a1 * self.correct_r1(e0[:, :, None, None])))
            e1 = r1 - p1
            r2 = F.gelu(norm2(r2 + a2 * self.correct_r2(e1)))
            e2 = r2 - p2
            up = F.interpolate(e2, scale_factor=2, mode="bilinear", align_corners=True)
            r3 = F.gelu(norm3(r3 + a3 * self.correct_r3(up)))
            yield Layers(
                predictions=(p0, p1, p2),
                feedback=feedback,
                errors=(e0, e1, e2),
                feedforward=(r1, r2, r3),
            )

    @staticmethod
    def _predict(layer: nn.Conv2d, above: Tensor) -> Tensor:
        return F.max_pool2d(layer(above), 2)


def _rms(error: Tensor) -> Tensor:
    return error.flatten(1).square().mean(1).sqrt()
