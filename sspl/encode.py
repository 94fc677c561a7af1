"""What the frozen encoders make of pairs: computed once where that is possible.

Letters: N pairs, B batch, V cached views, C visual channels, h w grid, P audio patches,
A audio channels.
"""

import math
import os
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from sspl.data.pairs import Pairs
from sspl.data.transforms import (
    crop_views,
    draw_crops,
    random_views,
    resize_for_crops,
    side_for_crops,
    whole_view,
)
from sspl.metrics import vggss_ground_truth
from sspl.model import SSPL

BATCH = 50


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """Pairs to look at: whole pictures, computed once, asked many times.

    Attributes:
        visual: (N, C, h, w) of the whole pictures.
        embeddings: (N, P, A) of the sounds.
        ground_truth: (N, 224, 224).
        labels: N names.
    """

    visual: Tensor
    embeddings: Tensor
    ground_truth: Tensor
    labels: list[str]


@torch.no_grad()
def encode_pairs(model: SSPL, pairs: Pairs) -> Encoded:
    """Run the encoders over pairs, in batches, with a progress bar."""
    device, px = next(model.parameters()).device, model.config.image_px
    bar = tqdm(pairs.images.split(BATCH), desc="encode", unit="batch", leave=False)
    visual = [model.see(whole_view(images.to(device), px)) for images in bar]
    truth = np.stack([vggss_ground_truth(boxes) for boxes in pairs.boxes])
    return Encoded(
        visual=torch.cat(visual),
        embeddings=encode_sounds(model, pairs.sounds),
        ground_truth=torch.from_numpy(truth),
        labels=pairs.labels,
    )


@torch.no_grad()
def encode_sounds(model: SSPL, sounds: Tensor) -> Tensor:
    """Embeddings (N, P, A) of `Pairs.sounds`; the ears are frozen, so once is enough."""
    device = next(model.parameters()).device
    bar = tqdm(sounds.split(BATCH), desc="hear", unit="batch", leave=False)
    return torch.cat([model.hear(batch.to(device)) for batch in bar]).float()


class FreshViews:
    """New views of the pictures at every step, the paper's way.

    Args:
        images: (N, 3, H, W) uint8; they are resized here, once, and kept on the model's device
            where they fit into half of what is free there, else in main memory.
    """

    def __init__(self, model: SSPL, images: Tensor) -> None:
        self.model, self.px = model, model.config.image_px
        self.device = next(model.parameters()).device
        side = side_for_crops(self.px)
        home = _find_home(self.device, len(images) * 3 * side**2)
        self.resized = torch.empty(len(images), 3, side, side, dtype=torch.uint8, device=home)
        parts = torch.arange(len(images)).split(BATCH)
        for part in tqdm(parts, desc="resize", unit="batch", leave=False):
            self.resized[part] = resize_for_crops(images[part], self.px).to(home)

    def draw(self, num: int, generator: torch.Generator) -> Tensor:
        """Two views for each of a batch: (B, 2, 3), rows of `draw_crops`."""
        return torch.stack([draw_crops(num, self.px, generator) for _ in range(2)], dim=1)

    def see(self, indices: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, C, h, w) of both views of the pictures `indices` (B,)."""
        resized = self.resized[indices.to(self.resized.device)].to(self.device)
        one, two = (self.model.see(crop_views(resized, views[:, i], self.px)) for i in range(2))
        return one, two


class CachedViews:
    """A few views of every picture, encoded once: see `TrainConfig.cached_views`.

    Args:
        images: (N, 3, H, W) uint8.
        num_views: V; two different ones are drawn for each pair.
        generator: makes the views.
    """

    def __init__(
        self, model: SSPL, images: Tensor, num_views: int, generator: torch.Generator
    ) -> None:
        device, px = next(model.parameters()).device, model.config.image_px
        self.cache = torch.empty(0)  # (V, N, C, h, w), made when the shape is known
        with tqdm(total=num_views * len(images), desc="encode views", unit="view") as bar:
            for view in range(num_views):
                for part in torch.arange(len(images)).split(100):
                    seen = model.see(random_views(images[part].to(device), px, generator))
                    if not len(self.cache):
                        shape = num_views, len(images), *seen.shape[1:]
                        _check_room(seen, math.prod(shape) * seen.element_size())
                        self.cache = seen.new_empty(shape)
                    self.cache[view, part] = seen
                    bar.update(len(part))

    def draw(self, num: int, generator: torch.Generator) -> Tensor:
        """Two different views for each of a batch: (B, 2)."""
        num_views = len(self.cache)
        first = torch.randint(num_views, (num,), generator=generator)
        step = torch.randint(1, num_views, (num,), generator=generator)
        return torch.stack([first, (first + step) % num_views], dim=1)

    def see(self, indices: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, C, h, w) of both views of the pictures `indices` (B,)."""
        return self.cache[views[:, 0], indices], self.cache[views[:, 1], indices]


def _find_home(device: torch.device, num_bytes: int) -> torch.device:
    if device.type == "cuda" and num_bytes > torch.cuda.mem_get_info(device)[0] / 2:
        return torch.device("cpu")
    return device


def _check_room(seen: Tensor, num_bytes: int) -> None:
    """ValueError if a cache of views would not fit where the features are."""
    if seen.device.type == "cuda":
        room = torch.cuda.mem_get_info(seen.device)[0]
    else:
        room = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if num_bytes > 0.8 * room:
        raise ValueError(
            f"the cached views take {num_bytes / 1e9:.0f} GB and there are {room / 1e9:.0f}: take "
            "fewer --cached-views (0 makes fresh ones), or fewer pairs with --num-train"
        )
