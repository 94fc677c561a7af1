"""VGG16 and SqueezeNet as torchvision has them, and our small VGG, before their last ReLU."""

import torchvision
from torch import nn


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
