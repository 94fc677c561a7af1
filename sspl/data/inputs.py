"""One picture and one sound as the encoders take them in, each a batch of one.

Letters: H W picture, N samples, P audio patches.
"""

import numpy as np
import torch
from torch import Tensor

from sspl.data.transforms import whole_view
from sspl.encoders import AudioEncoderSpec, ImageEncoderSpec


def prepare_picture(
    picture: np.ndarray, encoder: ImageEncoderSpec, device: torch.device | str = "cpu"
) -> Tensor:
    """The whole picture, squashed to a square and normalised, on the device.

    Args:
        picture: (H, W, 3) uint8 RGB, as `sspl.media.pictures.read_image` gives it.
    Returns:
        (1, 3, px, px) float32.
    """
    pixels = torch.tensor(picture).permute(2, 0, 1)[None]  # a copy: the array may be read-only
    return whole_view(pixels.to(device), encoder)


def prepare_sound(
    waveform: np.ndarray, encoder: AudioEncoderSpec, device: torch.device | str = "cpu"
) -> Tensor:
    """What the encoder's front end makes of a sound, on the device.

    Args:
        waveform: (N,) float32 in [-1, 1] at the encoder's `sample_rate_hz`, N >= 1.
    Returns:
        (1, P, *patch_shape) float32.
    Raises:
        ValueError: if the encoder takes embeddings in place of sounds.
    """
    return apply_front_end(torch.tensor(waveform), encoder)[None].to(device)


def apply_front_end(waveform: Tensor, encoder: AudioEncoderSpec) -> Tensor:
    """(N,) float in [-1, 1] at the encoder's `sample_rate_hz` to (P, *patch_shape) float32.

    Raises:
        ValueError: if the encoder takes embeddings in place of sounds.
    """
    if encoder.front_end is None:
        raise ValueError("this model takes embeddings: it has no audio encoder to hand a sound to")
    return encoder.front_end(waveform)
