"""Image and audio encoders, which turn a picture and a sound into features and stay frozen.

Each is data, an entry of `IMAGE_ENCODERS` or `AUDIO_ENCODERS`: how it is built, how wide it is,
what it takes in, where its weights come from. Whatever follows derives its widths from there.

Letters: B batch, C channels, P audio patches, A audio channels.
An image encoder maps (B, 3, px, px), normalised, to (B, C, h, w) before the last ReLU; an audio
encoder maps what its front end makes of a waveform, (B, P, ...), to (B, P, A). Weights come later,
from `sspl.weights`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import torchvision
from torch import Tensor, nn

from sspl.audio import SAMPLE_RATE_HZ, clip_log_mel

ImageEncoderName = Literal["tiny_vgg", "squeezenet1_1", "vgg16"]
AudioEncoderName = Literal["tiny_vggish", "vggish", "embedding"]


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """Weights that come along: the file in `assets/models/tiny-encoders`."""

    file: str


@dataclass(frozen=True, kw_only=True)
class Published:
    """Weights that others publish, and the SHA-256 by which the file is known."""

    url: str
    sha256: str
    size_mb: int

    @property
    def file(self) -> str:
        return self.url.rsplit("/", 1)[-1]


@dataclass(frozen=True, kw_only=True)
class Normalisation:
    """Of a picture in [0, 1], channel by channel: (x - mean) / deviation."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


IMAGENET = Normalisation(mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225))


@dataclass(frozen=True, kw_only=True)
class ImageEncoderSpec:
    """What is to be known of an image encoder.

    Attributes:
        build: makes it, with random weights.
        channels: C of its feature.
        input_px: side of the square that it takes in.
        normalisation: of what it takes in.
        weights: where they come from; None of one that only learns from a random start.
    """

    build: Callable[[], nn.Module]
    channels: int
    input_px: int
    normalisation: Normalisation = IMAGENET
    weights: Shipped | Published | None = None


@dataclass(frozen=True, kw_only=True)
class AudioEncoderSpec:
    """What is to be known of an audio encoder.

    Attributes:
        build: makes it, with random weights.
        channels: A of its embedding; None where `ModelConfig.embedding_channels` gives it.
        sample_rate_hz: of the waveform that its front end takes.
        front_end: a waveform (N,) float in [-1, 1] to (P, *patch_shape); None where embeddings come
            in place of sounds.
        num_patches: P of a clip of 3 s.
        patch_shape: of one patch that the encoder takes; () of one that takes embeddings.
        weights: where they come from; None of one that has none.
    """

    build: Callable[[], nn.Module]
    channels: int | None
    sample_rate_hz: int = SAMPLE_RATE_HZ
    front_end: Callable[[Tensor], Tensor] | None = clip_log_mel
    num_patches: int = 3
    patch_shape: tuple[int, ...] = (96, 64)
    weights: Shipped | Published | None = None


def tiny_vgg() -> nn.Sequential:
    """Our small VGG: 112 px to (B, 64, 14, 14), 57 M multiply-adds, 0.12 M weights.

    The first convolution strides, so that two CPU cores train it in minutes.
    """

    def conv(wide_in: int, wide_out: int, stride: int = 1) -> list[nn.Module]:
        return [
            nn.Conv2d(wide_in, wide_out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(wide_out),
            nn.ReLU(inplace=True),
        ]

    pool = nn.MaxPool2d(2)
    layers = [*conv(3, 16, 2), *conv(16, 24), pool, *conv(24, 48), *conv(48, 64), pool]
    layers += [*conv(64, 64), *conv(64, 64)]
    return nn.Sequential(*layers[:-1])


def vgg16() -> nn.Sequential:
    """torchvision's VGG16 up to conv5_3, before its ReLU: 224 px to (B, 512, 14, 14)."""
    # Without the classifier around it, whose random weights alone take seconds to make.
    layers = torchvision.models.vgg.make_layers(torchvision.models.vgg.cfgs["D"])
    return nn.Sequential(*list(layers.children())[:29])


def squeezenet1_1() -> nn.Sequential:
    """torchvision's SqueezeNet 1.1 before its last ReLUs: 240 px to (B, 512, 14, 14).

    The last block joins two convolutions, each with a ReLU of its own; both are removed.
    """
    layers = torchvision.models.squeezenet1_1(weights=None).features
    assert isinstance(layers, nn.Sequential)
    layers[-1].expand1x1_activation = nn.Identity()
    layers[-1].expand3x3_activation = nn.Identity()
    return layers


class VGGish(nn.Module):
    """Log-mel patches to embeddings, each patch by itself (Hershey et al., ICASSP 2017).

    Args:
        widths: channels of the six convolutions; a 2x2 max-pool follows the 1st, 2nd, 4th, 6th.
        hidden: width of the two hidden layers.
        channels: A, width of the embedding, which ends in a ReLU.
        batch_norm: after each convolution; VGGish has none, a small one trains faster with it.
    """

    def __init__(
        self, widths: tuple[int, ...], hidden: int, channels: int, batch_norm: bool = False
    ) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for i, (wide_in, wide_out) in enumerate(zip((1, *widths), widths, strict=False)):
            layers.append(nn.Conv2d(wide_in, wide_out, 3, padding=1))
            if batch_norm:
                layers.append(nn.BatchNorm2d(wide_out))
            layers.append(nn.ReLU(inplace=True))
            if i in (0, 1, 3, 5):
                layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers)
        self.embeddings = nn.Sequential(
            nn.Linear(widths[-1] * 6 * 4, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, hidden),
            nn.ReLU(inplace=True),
            nn.Linear(hidden, channels),
            nn.ReLU(inplace=True),
        )

    def forward(self, log_mel: Tensor) -> Tensor:
        """(B, P, 96, 64) float to (B, P, A), non-negative."""
        batch, patches = log_mel.shape[:2]
        x = self.features(log_mel.flatten(0, 1).unsqueeze(1))  # (B*P, C, 6, 4)
        # Channels last before flattening: VGGish's weights come from TensorFlow.
        x = self.embeddings(x.permute(0, 2, 3, 1).flatten(1))
        return x.unflatten(0, (batch, patches))


def tiny_vggish() -> VGGish:
    """Our small VGGish: 64-dimensional embeddings, 0.22 M weights."""
    return VGGish(widths=(8, 16, 32, 32, 48, 48), hidden=128, channels=64, batch_norm=True)


def vggish() -> VGGish:
    """VGGish as published: 128-dimensional embeddings, ReLU included, no PCA."""
    return VGGish(widths=(64, 128, 256, 256, 512, 512), hidden=4096, channels=128)


IMAGE_ENCODERS: dict[str, ImageEncoderSpec] = {
    "tiny_vgg": ImageEncoderSpec(
        build=tiny_vgg,
        channels=64,
        input_px=112,
        weights=Shipped(file="image_encoder.safetensors"),
    ),
    "squeezenet1_1": ImageEncoderSpec(
        build=squeezenet1_1,
        channels=512,
        input_px=240,
        weights=Published(
            url="https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth",
            sha256="b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b",
            size_mb=5,
        ),
    ),
    "vgg16": ImageEncoderSpec(
        build=vgg16,
        channels=512,
        input_px=224,
        weights=Published(
            url="https://download.pytorch.org/models/vgg16-397923af.pth",
            sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
            size_mb=553,
        ),
    ),
}

AUDIO_ENCODERS: dict[str, AudioEncoderSpec] = {
    "tiny_vggish": AudioEncoderSpec(
        build=tiny_vggish, channels=64, weights=Shipped(file="audio_encoder.safetensors")
    ),
    "vggish": AudioEncoderSpec(
        build=vggish,
        channels=128,
        # Its publisher gives the first eight digits, in the name; the others are from public
        # installers of the same file, which agree.
        weights=Published(
            url="https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth",
            sha256="10086976245803799d9194e9a73d9b6c1549c71d1b80106f5cade5608a561f4b",
            size_mb=289,
        ),
    ),
    # For sounds that were embedded before, by whatever network: (B, P, A) passes as is.
    "embedding": AudioEncoderSpec(build=nn.Identity, channels=None, front_end=None, patch_shape=()),
}
