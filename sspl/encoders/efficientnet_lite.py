"""EfficientNet-Lite0: ImageNet in 3.4 M weights, without squeeze-and-excitation, with ReLU6.

Tan and Le, "EfficientNet" (ICML 2019), in the edition for phones that Google released in 2020.
torchvision does not have it; timm has, and would be a second of import for these forty lines.

Letters: B batch, C channels, h w grid.
"""

import re

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sspl.encoders.spec import Tensors

# Table 1 of the paper, as Lite0 has it: blocks, kernel, stride, expansion, channels.
STAGES = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)
STEM = 32


class SameConv2d(nn.Conv2d):
    """A convolution with TensorFlow's padding "same", whose odd pixel is right and below."""

    def forward(self, input: Tensor) -> Tensor:
        sides: list[int] = []
        for size, kernel, stride in zip(
            input.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True
        ):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            sides += [total // 2, total - total // 2]
        if sides[0] == sides[1] == sides[2] == sides[3]:  # then there is nothing to copy
            return F.conv2d(input, self.weight, None, self.stride, sides[0], 1, self.groups)
        return super().forward(F.pad(input, sides))


class Block(nn.Module):
    """An inverted bottleneck: expand, filter each channel by itself, project; a way around it."""

    def __init__(self, wide_in: int, wide_out: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        inside = wide_in * expand
        self.expand = _conv(wide_in, inside, 1) if expand > 1 else nn.Identity()
        self.depthwise = _conv(inside, inside, kernel, stride, groups=inside)
        self.project = _conv(inside, wide_out, 1)[:2]  # it ends without an activation
        self.has_skip = stride == 1 and wide_in == wide_out

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, h, w) to (B, C', h', w')."""
        out = self.project(self.depthwise(self.expand(x)))
        return x + out if self.has_skip else out


class EfficientNetLite(nn.Sequential):
    """Up to the last block, before the head."""

    def __init__(self) -> None:
        layers: list[nn.Module] = [_conv(3, STEM, 3, stride=2)]
        wide_in = STEM
        for num, kernel, stride, expand, channels in STAGES:
            for i in range(num):
                layers.append(Block(wide_in, channels, kernel, 1 if i else stride, expand))
                wide_in = channels
        super().__init__(*layers)

    def forward(self, input: Tensor) -> Tensor:
        """(B, 3, px, px) to (B, 320, px / 32, px / 32)."""
        if self.training or input.is_cuda:
            return super().forward(input)
        # One by one: what a picture becomes on its way stays in a processor's cache.
        return torch.cat([super(EfficientNetLite, self).forward(one) for one in input.split(1)])


def efficientnet_lite0() -> EfficientNetLite:
    """448 px to (B, 320, 14, 14), signed, before any activation.

    448 px and not the 224 of its training: the grid is 14x14, and what it names is as good.
    """
    return EfficientNetLite()


def rename_efficientnet_lite(tensors: Tensors) -> Tensors:
    """From the names of efficientnet-lite-pytorch to ours; the head is left out."""
    renamed: Tensors = {}
    for name, tensor in tensors.items():
        if name.startswith(("_conv_head.", "_bn1.", "_fc.")):
            continue
        name = name.replace("_conv_stem.", "0.0.")
        name = re.sub(r"^_bn0\.", "0.1.", name)
        name = re.sub(r"^_blocks\.(\d+)\.", lambda match: f"{int(match[1]) + 1}.", name)
        for ours, conv, norm in (
            ("expand", "_expand_conv", "_bn0"),
            ("depthwise", "_depthwise_conv", "_bn1"),
            ("project", "_project_conv", "_bn2"),
        ):
            name = name.replace(f".{conv}.", f".{ours}.0.").replace(f".{norm}.", f".{ours}.1.")
        renamed[name] = tensor
    return renamed


def _conv(wide_in: int, wide_out: int, kernel: int, stride: int = 1, groups: int = 1):
    return nn.Sequential(
        SameConv2d(wide_in, wide_out, kernel, stride, groups=groups, bias=False),
        nn.BatchNorm2d(wide_out, eps=1e-3),
        nn.ReLU6(inplace=True),
    )
