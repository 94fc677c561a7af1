"""Picture-sound pairs in memory, the form that training and evaluation take them in."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from os import cpu_count, environ
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from sspl.audio import hear_clip
from sspl.data.orchestra import Kind, draw_picture, make_clip


@dataclass(frozen=True, kw_only=True)
class Pairs:
    """N picture-sound pairs.

    Attributes:
        ids: N names.
        images: (N, 3, px, px) uint8 RGB, squashed to a square.
        sounds: (N, P, 96, 64) float32 log-mel patches, or (N, P, A) embeddings made before.
        boxes: N arrays (k, 4) float, normalised xyxy of what sounds and is seen.
        labels: N names of the sounding class.
    """

    ids: list[str]
    images: Tensor
    sounds: Tensor
    boxes: list[np.ndarray]
    labels: list[str]

    def __len__(self) -> int:
        return len(self.ids)


def orchestra_pairs(
    seed: int, num: int, kinds: Sequence[Kind] = ("solo",), image_px: int = 128
) -> Pairs:
    """Draw and play `num` orchestra clips, on all cores, with a progress bar.

    Args:
        seed: of the world; other seeds share no clip.
        kinds: clip i is of kind `kinds[i % len(kinds)]`.
        image_px: side of the pictures.
    """
    draw = partial(_draw_and_play, seed, tuple(kinds), image_px)
    clips = map_on_all_cores(draw, range(num), f"orchestra, seed {seed}")
    ids, images, waveforms, boxes, labels = zip(*clips, strict=True)
    return Pairs(
        ids=list(ids),
        images=torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).contiguous(),
        sounds=torch.stack([hear_clip(torch.from_numpy(waveform)) for waveform in waveforms]),
        boxes=list(boxes),
        labels=list(labels),
    )


def orchestra_boxes(seed: int, num: int, kinds: Sequence[Kind]) -> list[np.ndarray]:
    """Boxes (k, 4) of what `orchestra_pairs` would show, from thumbnails and without sounds."""
    draw = partial(_draw_boxes, seed, tuple(kinds))
    return list(map_on_all_cores(draw, range(num), "training boxes"))


def _draw_boxes(seed: int, kinds: tuple[Kind, ...], index: int) -> np.ndarray:
    _, placed = draw_picture(seed, index, kinds[index % len(kinds)], 16)
    return np.array([item.box for item in placed if item.sounding], np.float32).reshape(-1, 4)


def _draw_and_play(seed: int, kinds: tuple[Kind, ...], image_px: int, index: int):
    clip = make_clip(seed, index, kinds[index % len(kinds)], image_px)
    return clip.id, clip.image, clip.waveform, clip.boxes, clip.label


def map_on_all_cores(
    function: Callable[[Any], Any], items: Sequence[Any], what: str
) -> Iterator[Any]:
    """function(item) for each of items, in order, in worker processes once that pays."""
    if len(items) < 64:
        yield from map(function, items)
        return
    # Several processes that train together share the cores.
    num_workers = max(1, (cpu_count() or 1) // int(environ.get("LOCAL_WORLD_SIZE", 1)))
    try:
        with ProcessPoolExecutor(num_workers, mp_context=get_context("spawn")) as pool:
            results = pool.map(function, items, chunksize=16)
            yield from tqdm(results, total=len(items), desc=what, unit="clip")
    except BrokenProcessPool as error:
        raise RuntimeError(
            "the worker processes died; in a script of your own, put what it does under "
            '`if __name__ == "__main__":`, since each worker imports the script first'
        ) from error
