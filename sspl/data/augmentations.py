"""Augmentations of a view beside cropping and mirroring: Table 4, with Table S2's parameters.

Cropping and mirroring, which every training does, are in `sspl.data.transforms`. As there, what is
drawn at random is data: a row of numbers for each picture, so that it can be drawn once for all
processes and again when a run resumes. A row of the table is a crop and one of these, or mirroring.

Letters: B batch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import torch
import torchvision.transforms.v2.functional as tv
from torch import Tensor

AugmentationName = Literal[
    "vertical_flip", "translation", "rotation", "grayscale", "colour_jitter", "gaussian_blur"
]

BLUR_TAPS = 13  # three of the largest deviations, 2 px, to either side
JITTERS = (tv.adjust_brightness, tv.adjust_contrast, tv.adjust_saturation)
ORDERS = tuple(permutations(range(len(JITTERS))))


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How to draw the numbers that change a picture, and how they do.

    Attributes:
        draw: (how many pictures, CPU generator) to (num, k) float32, a row for each.
        apply: (3, H, W) picture and its row to the changed (3, H, W).
    """

    draw: Callable[[int, torch.Generator], Tensor]
    apply: Callable[[Tensor, Sequence[float]], Tensor]


def augment(images: Tensor, name: AugmentationName, drawn: Tensor) -> Tensor:
    """Change each picture as drawn for it.

    Args:
        images: (B, 3, H, W) uint8, or float in [0, 1]: before ImageNet's mean is taken off.
        drawn: (B, k) of `AUGMENTATIONS[name].draw`.
    Returns:
        (B, 3, H, W), type and range as they came.
    """
    apply = AUGMENTATIONS[name].apply
    rows = drawn.tolist()
    return torch.stack([apply(image, row) for image, row in zip(images, rows, strict=True)])


def draw_flips(num: int, generator: torch.Generator) -> Tensor:
    """(num, 1): 1 turns upside down, every second."""
    return _draw_chances(num, 0.5, generator)


def flip(image: Tensor, row: Sequence[float]) -> Tensor:
    """Upside down."""
    return tv.vertical_flip(image) if row[0] else image


def draw_translations(num: int, generator: torch.Generator) -> Tensor:
    """(num, 2): to the right and down, at most a fifth of the side either way."""
    return _draw_between(-0.2, 0.2, (num, 2), generator)


def translate(image: Tensor, row: Sequence[float]) -> Tensor:
    """Shift by whole pixels; what comes in is black."""
    height, width = image.shape[-2:]
    shift: list[float] = [round(row[0] * width), round(row[1] * height)]
    return tv.affine(image, angle=0.0, translate=shift, scale=1.0, shear=[0.0, 0.0])


def draw_rotations(num: int, generator: torch.Generator) -> Tensor:
    """(num, 1): 0, 90, 180 or 270 degrees, counter-clockwise."""
    return 90.0 * torch.randint(4, (num, 1), generator=generator)


def rotate(image: Tensor, row: Sequence[float]) -> Tensor:
    """Turn a square picture; no pixel is lost."""
    return tv.rotate(image, row[0])


def draw_grays(num: int, generator: torch.Generator) -> Tensor:
    """(num, 1): 1 takes the colours, every fifth."""
    return _draw_chances(num, 0.2, generator)


def take_colours(image: Tensor, row: Sequence[float]) -> Tensor:
    """Gray, in three equal channels."""
    return tv.rgb_to_grayscale(image, num_output_channels=3) if row[0] else image


def draw_jitters(num: int, generator: torch.Generator) -> Tensor:
    """(num, 4): factors of brightness, contrast and saturation, 0.6 to 1.4, and their order.

    For every fifth all factors are 1. As in SimSiam, but without hue, which Table S2 does not name.
    """
    factors = _draw_between(0.6, 1.4, (num, 3), generator)
    factors = torch.where(_draw_chances(num, 0.8, generator) == 1, factors, 1.0)
    orders = torch.randint(len(ORDERS), (num, 1), generator=generator)
    return torch.cat([factors, orders], dim=1)


def jitter(image: Tensor, row: Sequence[float]) -> Tensor:
    """Change brightness, contrast and saturation, one after the other."""
    *factors, order = row
    for i in ORDERS[int(order)]:
        image = JITTERS[i](image, factors[i])
    return image


def draw_blurs(num: int, generator: torch.Generator) -> Tensor:
    """(num, 1): the Gaussian's deviation, 0.1 to 2.0 px, and 0 for every second: left sharp."""
    sigmas = _draw_between(0.1, 2.0, (num, 1), generator)
    return sigmas * _draw_chances(num, 0.5, generator)


def blur(image: Tensor, row: Sequence[float]) -> Tensor:
    """Blur, with the picture mirrored at its edges."""
    return tv.gaussian_blur(image, [BLUR_TAPS, BLUR_TAPS], [row[0], row[0]]) if row[0] else image


AUGMENTATIONS: dict[AugmentationName, Augmentation] = {
    "vertical_flip": Augmentation(draw=draw_flips, apply=flip),
    "translation": Augmentation(draw=draw_translations, apply=translate),
    "rotation": Augmentation(draw=draw_rotations, apply=rotate),
    "grayscale": Augmentation(draw=draw_grays, apply=take_colours),
    "colour_jitter": Augmentation(draw=draw_jitters, apply=jitter),
    "gaussian_blur": Augmentation(draw=draw_blurs, apply=blur),
}


def _draw_chances(num: int, probability: float, generator: torch.Generator) -> Tensor:
    """(num, 1) of 1 and 0."""
    return (torch.rand(num, 1, generator=generator) < probability).float()


def _draw_between(
    low: float, high: float, shape: tuple[int, int], generator: torch.Generator
) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)
