"""Our small audio encoder: a ResNet on log-mel spectrograms that imitates `mn04`.

`sspl.training.distill` makes its weights. It hears at 16 kHz, so that what it never learned from,
above 8 kHz, never reaches it, and plain convolutions are what a CPU is fast at.

Letters: B batch, P patches (one), M mel bands, F frames, A audio channels.
"""

from torch import Tensor, nn

from sspl.encoders.mn04 import CHANNELS

WIDTHS = (32, 64, 128, 192)


class Residual(nn.Module):
    """Two convolutions and the way around them (He et al., CVPR 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        conv = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.layers = nn.Sequential(*_conv(channels, channels), conv, nn.BatchNorm2d(channels))
        self.activation = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(x + self.layers(x))


class MelResNet(nn.Module):
    """A log-mel spectrogram to an embedding in the space of `mn04`'s.

    Args:
        widths: channels of the four stages, each at half the resolution of the one before.
    """

    def __init__(self, widths: tuple[int, int, int, int] = WIDTHS) -> None:
        super().__init__()
        first, second, third, fourth = widths
        self.features = nn.Sequential(
            *_conv(1, first, stride=2),
            *_conv(first, second, stride=2),
            Residual(second),
            *_conv(second, third, stride=2),
            Residual(third),
            *_conv(third, fourth, stride=2),
            Residual(fourth),
            nn.Conv2d(fourth, CHANNELS, 1, bias=False),
            nn.BatchNorm2d(CHANNELS),
            nn.Hardswish(inplace=True),  # as the teacher's embedding ends: from -0.375 up
        )

    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, P, M, F) float of `RESNET_MEL` to (B, P, 384)."""
        batch, patches = log_mel.shape[:2]
        x = self.features(log_mel.flatten(0, 1).unsqueeze(1))
        return x.mean((2, 3)).unflatten(0, (batch, patches))


def _conv(wide_in: int, wide_out: int, stride: int = 1) -> list[nn.Module]:
    return [
        nn.Conv2d(wide_in, wide_out, 3, stride, padding=1, bias=False),
        nn.BatchNorm2d(wide_out),
        nn.ReLU(inplace=True),
    ]
