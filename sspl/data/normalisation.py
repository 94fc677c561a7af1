"""From bytes to the mean and deviation that an image encoder was trained with."""

from functools import lru_cache

import torch
from torch import Tensor

from sspl.encoders import IMAGENET, Normalisation


@torch.no_grad()
def normalise_picture(images: Tensor, by: Normalisation = IMAGENET) -> Tensor:
    """uint8 (B, 3, H, W), or float in [0, 1], to float32 less the mean, over the deviation."""
    if images.dtype == torch.uint8:
        images = images.float() / 255
    mean, deviation = _on_device(by, images.device)
    return (images - mean) / deviation


@lru_cache
def _on_device(by: Normalisation, device: torch.device) -> tuple[Tensor, Tensor]:
    """Mean and deviation (3, 1, 1), kept on the device: a copy there makes a GPU's host wait."""
    numbers = torch.tensor([by.mean, by.deviation], device=device)
    mean, deviation = numbers[:, :, None, None]
    return mean, deviation
