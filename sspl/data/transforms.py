"""Views of pictures, in batches and on whatever device the pictures are. Supplement B.3.

What is drawn at random is data: a row of numbers for each view, so that it can be drawn once for
all processes and again when a run resumes.

Letters: B batch, k numbers that an augmentation draws.
"""

from typing import Literal

import torch
import torchvision.transforms.v2.functional as tv
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode

from sspl.data.augmentations import AUGMENTATIONS, AugmentationName, augment
from sspl.data.normalisation import normalise_picture
from sspl.encoders import ImageEncoderSpec

ViewName = Literal["crop", "horizontal_flip", AugmentationName]
"""Table 4's rows: a crop, and beside it nothing, a mirror (what every other table has), or one of
`sspl.data.augmentations`."""


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


def draw_views(
    num: int, px: int, generator: torch.Generator, augmentation: ViewName = "horizontal_flip"
) -> Tensor:
    """All that is random in a training view of each of `num` pictures.

    Whatever the augmentation, crops and mirrors are drawn; only "horizontal_flip" mirrors.

    Returns:
        (num, 3 + k) float32: rows of `draw_crops`, each followed by those of the augmentation.
    """
    drawn = draw_crops(num, px, generator).float()
    if augmentation == "horizontal_flip":
        return drawn
    drawn[:, 2] = 0
    if augmentation == "crop":
        return drawn
    return torch.cat([drawn, AUGMENTATIONS[augmentation].draw(num, generator)], dim=1)


def make_views(
    resized: Tensor,
    drawn: Tensor,
    encoder: ImageEncoderSpec,
    augmentation: ViewName = "horizontal_flip",
) -> Tensor:
    """Make the training view that was drawn of each picture.

    Args:
        resized: (B, 3, side, side) uint8 of `resize_for_crops`.
        drawn: (B, 3 + k) of `draw_views` for the same augmentation.
        encoder: what the views are for.
    Returns:
        (B, 3, px, px) float32, as it takes them in.
    """
    views = _cut(resized, drawn[:, :3].long(), encoder.input_px)
    if augmentation not in ("crop", "horizontal_flip"):
        views = augment(views, augmentation, drawn[:, 3:])
    return normalise_picture(views, encoder.normalisation)


def random_views(
    images: Tensor,
    encoder: ImageEncoderSpec,
    generator: torch.Generator,
    augmentation: ViewName = "horizontal_flip",
) -> Tensor:
    """A training view of each picture: resize, crop at random, and one thing more.

    Args:
        images: (B, 3, H, W) uint8.
        encoder: what the views are for.
        generator: on the CPU; it makes the views.
        augmentation: by default the paper's: mirror every second.
    Returns:
        (B, 3, px, px) float32, as the encoder takes them in.
    """
    px = encoder.input_px
    drawn = draw_views(len(images), px, generator, augmentation)
    return make_views(resize_for_crops(images, px), drawn, encoder, augmentation)


def whole_view(images: Tensor, encoder: ImageEncoderSpec) -> Tensor:
    """The whole picture, squashed to a square, as evaluation and the app take it.

    Args and returns as in `random_views`.
    """
    return normalise_picture(_resize(images, encoder.input_px), encoder.normalisation)


def _cut(resized: Tensor, crops: Tensor, px: int) -> Tensor:
    """The windows (B, 3, px, px) uint8 that rows (B, 3) of `draw_crops` name."""
    rows, columns, mirrored = crops.to(resized.device).T
    steps = torch.arange(px, device=resized.device)
    down = steps + rows[:, None]  # (B, px)
    across = torch.where(mirrored[:, None] == 1, steps.flip(0), steps) + columns[:, None]
    picture = torch.arange(len(resized), device=resized.device)[:, None, None]
    views = resized.permute(0, 2, 3, 1)[picture, down[:, :, None], across[:, None, :]]
    return views.permute(0, 3, 1, 2)


def _resize(images: Tensor, px: int) -> Tensor:
    return tv.resize(images, [px, px], interpolation=InterpolationMode.BICUBIC, antialias=True)
