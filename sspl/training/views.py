"""Views of the training pictures: drawn anew at every step, or a few of each encoded once.

Letters: N pairs, B batch, V cached views, C visual channels, h w grid.
"""

import math
import os
import sys
from collections.abc import Iterable, Iterator

import psutil
import torch
from torch import Tensor
from tqdm import tqdm

from sspl.data.stores import Store, read_batches
from sspl.data.transforms import (
    ViewName,
    draw_views,
    make_views,
    random_views,
    resize_for_crops,
    side_for_crops,
)
from sspl.encode import BATCH, show_progress
from sspl.model import SSPL


class FreshViews:
    """New views of the pictures at every step, the paper's way.

    Args:
        images: (N, 3, H, W) uint8; they are resized here, once, and kept where there is room for
            them in half of what is free: on the model's device, or in main memory. Else they are
            read again in every epoch.
        augmentation: what is done to a view beside cropping.
    """

    def __init__(
        self, model: SSPL, images: Tensor | Store, augmentation: ViewName = "horizontal_flip"
    ) -> None:
        self.model, self.spec = model, model.config.image_spec
        self.augmentation: ViewName = augmentation
        self.device = next(model.parameters()).device
        self.images, self.resized = images, None
        self._stream: Iterator[Tensor] = iter(())
        side = side_for_crops(self.spec.input_px)
        num_bytes = len(images) * 3 * side**2
        home = _find_home(self.device, num_bytes)
        if home is None:
            note = f"{num_bytes / 1e9:.0f} GB of pictures do not fit: they are read in every epoch"
            print(note, file=sys.stderr)
            return
        self.resized = torch.empty(len(images), 3, side, side, dtype=torch.uint8, device=home)
        for i, batch in enumerate(show_progress(images, "read pictures")):
            first = i * BATCH
            self.resized[first : first + BATCH] = resize_for_crops(batch, self.spec.input_px).to(
                home
            )

    def expect(self, batches: Iterable[Tensor]) -> None:
        """Say which pictures `encode` will be asked for: the `indices` of each call, in order."""
        if self.resized is None:
            indices = (int(i) for batch in batches for i in batch)
            self._stream = read_batches(self.images, 1, indices)

    def draw(self, num: int, generator: torch.Generator) -> Tensor:
        """Two views for each of a batch: (B, 2, 3 + k), rows of `draw_views`."""
        views = [
            draw_views(num, self.spec.input_px, generator, self.augmentation) for _ in range(2)
        ]
        return torch.stack(views, dim=1)

    def encode(self, indices: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, C, h, w) of both views of the pictures `indices` (B,)."""
        if self.resized is None:
            batch = torch.cat([next(self._stream) for _ in indices])
            resized = resize_for_crops(batch, self.spec.input_px).to(self.device)
        else:
            resized = self.resized[indices.to(self.resized.device)].to(self.device)
        one, two = (
            self.model.encode_image(make_views(resized, views[:, i], self.spec, self.augmentation))
            for i in range(2)
        )
        return one, two


class CachedViews:
    """A few views of every picture, encoded once: see `TrainConfig.cached_views`.

    Args:
        images: (N, 3, H, W) uint8; they are held in memory, since each view goes through all.
        num_views: V; two different ones are drawn for each pair.
        generator: makes the views. Its state afterwards is kept as `generator_state`: a run that
            goes on from there with views made before sees what one that makes them would.
        augmentation: what is done to a view beside cropping.
    """

    def __init__(
        self,
        model: SSPL,
        images: Tensor | Store,
        num_views: int,
        generator: torch.Generator,
        augmentation: ViewName = "horizontal_flip",
    ) -> None:
        device, spec = next(model.parameters()).device, model.config.image_spec
        if isinstance(images, Store):
            images = torch.cat(list(show_progress(images, "read pictures")))
        self.cache = torch.empty(0)  # (V, N, C, h, w), made when the shape is known
        with tqdm(total=num_views * len(images), desc="encode views", unit="view") as bar:
            for view in range(num_views):
                for part in torch.arange(len(images)).split(100):
                    views = random_views(images[part].to(device), spec, generator, augmentation)
                    seen = model.encode_image(views)
                    if not len(self.cache):
                        shape = num_views, len(images), *seen.shape[1:]
                        _check_room(seen, math.prod(shape) * seen.element_size())
                        self.cache = seen.new_empty(shape)
                    self.cache[view, part] = seen
                    bar.update(len(part))
        self.generator_state = generator.get_state()

    def draw(self, num: int, generator: torch.Generator) -> Tensor:
        """Two different views for each of a batch: (B, 2)."""
        num_views = len(self.cache)
        first = torch.randint(num_views, (num,), generator=generator)
        step = torch.randint(1, num_views, (num,), generator=generator)
        return torch.stack([first, (first + step) % num_views], dim=1)

    def expect(self, batches: Iterable[Tensor]) -> None:
        """As `FreshViews.expect`; here all is in memory."""

    def encode(self, indices: Tensor, views: Tensor) -> tuple[Tensor, Tensor]:
        """Features (B, C, h, w) of both views of the pictures `indices` (B,)."""
        return self.cache[views[:, 0], indices], self.cache[views[:, 1], indices]


def _find_home(device: torch.device, num_bytes: int) -> torch.device | None:
    """Where so much fits into half of what is free, or None."""
    if device.type == "cuda" and num_bytes < torch.cuda.mem_get_info(device)[0] / 2:
        return device
    num_processes = int(os.environ.get("LOCAL_WORLD_SIZE", 1))
    free = psutil.virtual_memory().available / num_processes
    return torch.device("cpu") if num_bytes < free / 2 else None


def _check_room(seen: Tensor, num_bytes: int) -> None:
    """ValueError if a cache of views would not fit where the features are."""
    if seen.device.type == "cuda":
        room = torch.cuda.mem_get_info(seen.device)[0]
    else:
        room = psutil.virtual_memory().total
    if num_bytes > 0.8 * room:
        raise ValueError(
            f"the cached views take {num_bytes / 1e9:.0f} GB and there are {room / 1e9:.0f}: take "
            "fewer --train.cached-views (0 makes fresh ones), or fewer pairs (--data.num-train)"
        )
