"""Views of pictures, in batches and on whatever device the pictures are. Supplement B.3.

Letters: B batch.
"""

import torch
import torchvision.transforms.v2.functional as tv
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode

from sspl.encoders import normalise_picture


def random_views(images: Tensor, px: int, generator: torch.Generator) -> Tensor:
    """Resize to int(1.1 px), crop px at random, mirror every second: the paper's training view.

    Args:
        images: (B, 3, H, W) uint8.
        generator: on the CPU; it makes the views.
    Returns:
        (B, 3, px, px) float32, ImageNet-normalised.
    """
    side = int(px * 1.1)
    images = _resize(images, side)
    batch, span = len(images), side - px + 1
    rows, columns = torch.randint(span, (2, batch), generator=generator).to(images.device)
    mirrored = torch.rand(batch, generator=generator).to(images.device) < 0.5
    steps = torch.arange(px, device=images.device)
    across = torch.where(mirrored[:, None], px - 1 - steps, steps) + columns[:, None]  # (B, px)
    down = steps + rows[:, None]  # (B, px)
    picture = torch.arange(batch, device=images.device)[:, None, None]
    crops = images.permute(0, 2, 3, 1)[picture, down[:, :, None], across[:, None, :]]
    return normalise_picture(crops.permute(0, 3, 1, 2))


def whole_view(images: Tensor, px: int) -> Tensor:
    """The whole picture, squashed to px: what evaluation and the app look at.

    Args and returns as in `random_views`.
    """
    return normalise_picture(_resize(images, px))


def _resize(images: Tensor, px: int) -> Tensor:
    return tv.resize(images, [px, px], interpolation=InterpolationMode.BICUBIC, antialias=True)
