"""Learn predictive attention through its cycles, from the closed form on.

The closed form predicts a sound from a whole picture's mean. Here the prediction W learns from what
the cycles attend to at their end, with the paper's two views: the sound predicted where the model
looks is to meet the one heard, Eqs. (9) to (11), and that of the other view, Eq. (8), so that the
map does not shrink onto the one telling part, which one view may lack. No negatives, no labels.

The encoders are frozen and see whole pictures once; a view is a square of the grid of locations.

Letters: N pairs, B batch, P locations of a grid of h w, D visual directions, K sound directions.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor
from tqdm import tqdm

from sspl.data.pairs import Pairs
from sspl.data.stores import read_batches
from sspl.data.transforms import whole_view
from sspl.objectives.simsiam import simsiam_loss
from sspl.predictive_attention import PredictiveAttention
from sspl.training.closed_form import BATCH
from sspl.training.config import FitConfig


@dataclass(frozen=True, kw_only=True)
class Locations:
    """Pairs as the cycles take them in.

    Attributes:
        whitened: (N, h, w, D) float16 x.
        prior: (N, h, w) float16 b of the whole pictures.
        sound: (N, K) float32 s.
    """

    whitened: Tensor
    prior: Tensor
    sound: Tensor


@torch.no_grad()
def encode_locations(model: PredictiveAttention, pairs: Pairs, most: int) -> Locations:
    """The first `most` pairs, with a progress bar; 50 kB a pair at 14x14 locations."""
    device, spec = model.visual_mean.device, model.config.image_spec
    mine = range(min(most, len(pairs)))
    batches = zip(
        read_batches(pairs.images, BATCH, mine),
        read_batches(pairs.sounds, BATCH, mine),
        strict=True,
    )
    whitened, prior, sounds = [], [], []
    with tqdm(total=len(mine), desc="encode locations", unit="pair", leave=False) as bar:
        for images, patches in batches:
            visual = model.encode_image(whole_view(images.to(device), spec)).float()
            x = model.whiten(visual)
            grid = visual.shape[2:]
            whitened.append(x.unflatten(1, grid).half())
            prior.append(model.measure_prior(visual, x).unflatten(1, grid).half())
            sounds.append(model.project_audio(model.encode_audio(patches.to(device)).float())[0])
            bar.update(len(images))
    return Locations(whitened=torch.cat(whitened), prior=torch.cat(prior), sound=torch.cat(sounds))


def refine(model: PredictiveAttention, locations: Locations, config: FitConfig) -> Iterator[float]:
    """Train the prediction of a fitted model, in place; yields the mean loss after each epoch.

    The same seed gives the same model, bit for bit on one CPU.
    """
    generator = torch.Generator().manual_seed(config.seed)
    prediction = model.prediction.clone().requires_grad_()
    model.prediction = prediction  # a buffer: what is learned is stored as what was fitted
    optimizer = torch.optim.AdamW([prediction], config.learning_rate, weight_decay=0.0)
    try:
        for _ in range(config.epochs):
            losses = []
            order = torch.randperm(len(locations.sound), generator=generator)
            for batch in order.split(config.batch_size):
                loss = measure_loss(model, locations, batch, config, generator)
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
                losses.append(loss.detach())
            model.prediction = prediction.detach()
            yield float(torch.stack(losses).mean())
            model.prediction = prediction
    finally:
        model.prediction = prediction.detach()


def measure_loss(
    model: PredictiveAttention,
    locations: Locations,
    batch: Tensor,
    config: FitConfig,
    generator: torch.Generator,
) -> Tensor:
    """Of some pairs (B,): the error of the predicted sound, and how far two views disagree."""
    views = []
    for _ in range(2):
        whitened, prior = _cut_square(locations, batch, config.view, generator)
        *_, last = model.iterate(whitened, prior, locations.sound[batch])
        views.append(last)
    first, second = views
    error = (first.error.mean() + second.error.mean()) / 2
    one, other = first.predicted_sound, second.predicted_sound
    return error + config.views_weight * (1 + simsiam_loss(one, other, one, other))


def _cut_square(
    locations: Locations, batch: Tensor, share: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """One square of the grid for all pictures of a batch: (B, P, D) and (B, P)."""
    height, width = locations.prior.shape[1:]
    rows, columns = max(1, round(share * height)), max(1, round(share * width))
    top = int(torch.randint(height - rows + 1, (), generator=generator))
    left = int(torch.randint(width - columns + 1, (), generator=generator))
    here = (batch, slice(top, top + rows), slice(left, left + columns))
    return (
        locations.whitened[here].flatten(1, 2).float(),
        locations.prior[here].flatten(1, 2).float(),
    )
