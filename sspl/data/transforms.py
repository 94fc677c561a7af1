"""Views of pictures, in batches and on whatever device the pictures are. Supplement B.3.

Letters: B batch.
"""

import torch
import torchvision.transforms.v2.functional as tv
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode

from sspl.encoders import normalise_picture


def side_for_crops(px: int) -> int:
    """Side of the picture from which views of px are cropped (Table S2)."""
    return int(px * 1.1)


def resize_for_crops(images: Tensor, px: int) -> Tensor:
    """Resize to where views of px are cropped from: once is enough for all of them.

    Args:
        images: (B, 3, H, W) uint8.
    Returns:
        (B, 3, side, side) uint8.
    """
    return _resize(images, side_for_crops(px))


def draw_crops(num: int, px: int, generator: torch.Generator) -> Tensor:
    """Where to crop and whether to mirror (every second), for the paper's training view.

    Returns:
        (num, 3) int64: row, column, mirrored.
    """
    span = side_for_crops(px) - px + 1
    corners = torch.randint(span, (2, num), generator=generator)
    mirrored = torch.rand(num, generator=generator) < 0.5
    return torch.cat([corners, mirrored[None]]).T


def crop_views(resized: Tensor, crops: Tensor, px: int) -> Tensor:
    """Cut a view out of each picture.

    Args:
        resized: (B, 3, side, side) uint8 of `resize_for_crops`.
        crops: (B, 3) of `draw_crops`.
    Returns:
        (B, 3, px, px) float32, ImageNet-normalised.
    """
    rows, columns, mirrored = crops.to(resized.device).T
    steps = torch.arange(px, device=resized.device)
    down = steps + rows[:, None]  # (B, px)
    across = torch.where(mirrored[:, None] == 1, steps.flip(0), steps) + columns[:, None]
    picture = torch.arange(len(resized), device=resized.device)[:, None, None]
    views = resized.permute(0, 2, 3, 1)[picture, down[:, :, None], across[:, None, :]]
    return normalise_picture(views.permute(0, 3, 1, 2))


def random_views(images: Tensor, px: int, generator: torch.Generator) -> Tensor:
    """The paper's training view of each picture: resize, crop at random, mirror every second.

    Args:
        images: (B, 3, H, W) uint8.
        generator: on the CPU; it makes the views.
    Returns:
        (B, 3, px, px) float32, ImageNet-normalised.
    """
    return crop_views(resize_for_crops(images, px), draw_crops(len(images), px, generator), px)


def whole_view(images: Tensor, px: int) -> Tensor:
    """The whole picture, squashed to px: what evaluation and the app look at.

    Args and returns as in `random_views`.
    """
    return normalise_picture(_resize(images, px))


def _resize(images: Tensor, px: int) -> Tensor:
    return tv.resize(images, [px, px], interpolation=InterpolationMode.BICUBIC, antialias=True)
