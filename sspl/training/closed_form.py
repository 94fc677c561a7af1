"""Fit predictive attention in closed form: one pass over the pairs, memory that does not grow.

What is kept of the pairs are sums: of features and sounds, and of their products. From them follow
the visual space (whitening, kept to the directions in which places vary most), the sounds' space
(the same, shrunk), and the prediction W: a ridge regression from a picture's mean to its sound.
It takes no label, no box, no other pair as a negative, and no attention: fitted to what it attends
to, it would learn the one telling part of a thing in place of the thing.

Letters: N pairs, B batch, C visual channels, A audio channels, D and K as in
`sspl.predictive_attention`, h w grid.
"""

from dataclasses import dataclass, fields

import torch
from accelerate import Accelerator
from torch import Tensor
from tqdm import tqdm

from sspl.data.pairs import Pairs
from sspl.data.stores import read_batches
from sspl.data.transforms import whole_view
from sspl.predictive_attention import PredictiveAttention, PredictiveAttentionConfig

BATCH = 32
LEAST = 1e-8  # of the largest eigenvalue: below is rounding


@dataclass
class Moments:
    """Sums over N pairs, in float64.

    Attributes:
        num_locations, num_pairs: how many of each were added, as tensors.
        location, location_square: (C,) and (C, C) of the places' features.
        picture, picture_square: the same of pictures' means.
        sound, sound_square: (A,) and (A, A) of the sounds' embeddings.
        picture_sound: (C, A).
    """

    num_locations: Tensor
    num_pairs: Tensor
    location: Tensor
    location_square: Tensor
    picture: Tensor
    picture_square: Tensor
    sound: Tensor
    sound_square: Tensor
    picture_sound: Tensor

    @classmethod
    def zeros(
        cls, visual_channels: int, audio_channels: int, device: torch.device | str = "cpu"
    ) -> "Moments":
        c, a = visual_channels, audio_channels
        shapes = ((), (), (c,), (c, c), (c,), (c, c), (a,), (a, a), (c, a))
        return cls(*(torch.zeros(s, dtype=torch.float64, device=device) for s in shapes))

    def add(self, visual: Tensor, embeddings: Tensor) -> None:
        """Take in a batch.

        Args:
            visual: (B, C, h, w) float; embeddings: (B, P, A) float, the patches of each sound.
        """
        locations = visual.flatten(2).mT.flatten(0, 1)  # (B h w, C)
        picture, sound = visual.mean((2, 3)).double(), embeddings.mean(1).double()
        self.num_locations += len(locations)
        self.num_pairs += len(visual)
        self.location += locations.sum(0, dtype=torch.float64)
        self.location_square += (locations.mT @ locations).double()
        self.picture += picture.sum(0)
        self.picture_square += picture.mT @ picture
        self.sound += sound.sum(0)
        self.sound_square += sound.mT @ sound
        self.picture_sound += picture.mT @ sound

    def reduce(self, accelerator: Accelerator) -> None:
        """Add up what several processes found, each in its share of the pairs."""
        for field in fields(self):
            total = accelerator.reduce(getattr(self, field.name), reduction="sum")
            assert isinstance(total, Tensor)
            setattr(self, field.name, total)

    def solve(self, config: PredictiveAttentionConfig) -> dict[str, Tensor]:
        """The buffers of a `PredictiveAttention`, float32.

        Raises:
            ValueError: with fewer than two pairs, or where nothing varies.
        """
        n = float(self.num_pairs)
        if n < 2:
            raise ValueError(f"{n:.0f} pairs are too few to fit to: take at least two")
        visual_mean, audio_mean = self.location / self.num_locations, self.sound / n
        covariance = self.location_square / self.num_locations - torch.outer(
            visual_mean, visual_mean
        )
        values, vectors = _find_directions(covariance, config.visual_directions)
        whiten = vectors / values.sqrt()  # (C, D)

        covariance = self.sound_square / n - torch.outer(audio_mean, audio_mean)
        values, vectors = _find_directions(covariance, config.sound_directions)
        shrink = vectors / (values + config.shrinkage * values[0]).sqrt()  # (A, K)
        variance = values / (values + config.shrinkage * values[0])  # of s, in each direction

        # The sums of x and s follow from those of features and embeddings, which are linear.
        x_square = (
            whiten.mT
            @ _centre(self.picture_square, self.picture, self.picture, visual_mean, visual_mean, n)
            @ whiten
            / n
        )
        x_sound = (
            whiten.mT
            @ _centre(self.picture_sound, self.picture, self.sound, visual_mean, audio_mean, n)
            @ shrink
            / n
        )
        weight = config.ridge * x_square.diagonal().mean()
        eye = torch.eye(len(x_square), dtype=x_square.dtype, device=x_square.device)
        prediction = torch.linalg.solve(x_square + weight * eye, x_sound)  # (D, K)
        # The variance of <s^, s> / |s| over places and sounds: that of x is 1 in each direction.
        scale = ((prediction.square().sum(0) * variance).sum() / variance.sum()).sqrt()
        return {
            "visual_mean": visual_mean.float(),
            "visual_directions": whiten.float(),
            "audio_mean": audio_mean.float(),
            "sound_directions": shrink.float(),
            "prediction": prediction.float(),
            "agreement_scale": scale.float(),
        }


def _find_directions(covariance: Tensor, num: int) -> tuple[Tensor, Tensor]:
    """The largest eigenvalues (D,), falling, and their vectors (C, D); C may be fewer than D."""
    values, vectors = torch.linalg.eigh(covariance)
    values, vectors = values.flip(0)[:num], vectors.flip(1)[:, :num]
    if values[0] <= 0:
        raise ValueError("all features or all sounds are the same: there is nothing to fit")
    return values.clamp_min(LEAST * float(values[0])), vectors


def _centre(
    products: Tensor, left: Tensor, right: Tensor, left_mean: Tensor, right_mean: Tensor, n: float
) -> Tensor:
    """Sums of (a - a0) (b - b0)^T from those of a b^T, a and b."""
    return (
        products
        - torch.outer(left, right_mean)
        - torch.outer(left_mean, right)
        + n * torch.outer(left_mean, right_mean)
    )


@torch.no_grad()
def gather_moments(
    model: PredictiveAttention, pairs: Pairs, accelerator: Accelerator | None = None
) -> Moments:
    """The sums over pairs as a model's encoders take them in: all that any fit to them needs.

    One pass, with a progress bar. Several processes each read a share of the pairs and all end with
    the same sums.
    """
    device, spec = model.visual_mean.device, model.config.image_spec
    moments = Moments.zeros(model.config.visual_channels, model.config.audio_channels, device)
    first, step = (accelerator.process_index, accelerator.num_processes) if accelerator else (0, 1)
    mine = range(first, len(pairs), step)
    batches = zip(
        read_batches(pairs.images, BATCH, mine),
        read_batches(pairs.sounds, BATCH, mine),
        strict=True,
    )
    with tqdm(total=len(mine), desc="fit", unit="pair", disable=first > 0) as bar:
        for images, sounds in batches:
            visual = model.encode_image(whole_view(images.to(device), spec))
            moments.add(visual, model.encode_audio(sounds.to(device)))
            bar.update(len(images))
    if accelerator is not None and step > 1:
        moments.reduce(accelerator)
    return moments


@torch.no_grad()
def fit_moments(model: PredictiveAttention, moments: Moments) -> None:
    """Fit a model to pairs whose sums were gathered, by a model with the same encoders."""
    for name, tensor in moments.solve(model.config).items():
        buffer = model.get_buffer(name)
        if buffer.shape != tensor.shape:
            raise AssertionError(f"{name} is {tuple(tensor.shape)}, not {tuple(buffer.shape)}")
        buffer.copy_(tensor)
