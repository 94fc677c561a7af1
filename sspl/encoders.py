"""Eyes and ears: the networks that turn a picture and a sound into features, then stay frozen.

Letters: B batch, C channels, P audio patches, A audio channels.
Eyes map (B, 3, px, px), ImageNet-normalised, to (B, C, 14, 14) before the last ReLU; ears map
(B, P, 96, 64) log-mel patches to (B, P, A). Weights come later, from `sspl.weights`.
"""

from functools import lru_cache
from typing import Literal

import torch
import torchvision
from torch import Tensor, nn

EyesName = Literal["tiny_vgg", "squeezenet1_1", "vgg16"]
EarsName = Literal["tiny_vggish", "vggish", "embedding"]


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

    The last block joins two convolutions, each with a ReLU of its own; both are left out.
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


EYES = {"tiny_vgg": tiny_vgg, "squeezenet1_1": squeezenet1_1, "vgg16": vgg16}
# "embedding" is for sounds that were embedded before, by whatever network: (B, P, A) passes as is.
EARS = {"tiny_vggish": tiny_vggish, "vggish": vggish, "embedding": nn.Identity}


@torch.no_grad()
def normalise_picture(images: Tensor) -> Tensor:
    """uint8 (B, 3, H, W) or float in [0, 1] to float32 with ImageNet's mean and deviation."""
    if images.dtype == torch.uint8:
        images = images.float() / 255
    mean, std = _imagenet_scale(images.device)
    return (images - mean) / std


@lru_cache
def _imagenet_scale(device: torch.device) -> tuple[Tensor, Tensor]:
    """Mean and deviation (3, 1, 1), kept on the device: a copy there makes a GPU's host wait."""
    scale = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]], device=device)
    mean, std = scale[:, :, None, None]
    return mean, std
