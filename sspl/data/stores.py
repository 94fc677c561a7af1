"""Pictures and sounds that are read when they are needed: in order, a little ahead, on all cores.

So that memory does not grow with the number of pairs. Threads read files, where Pillow,
libsndfile and ffmpeg do the work; processes draw and play, which is Python's own work.

Letters: N items.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from functools import partial
from itertools import islice
from os import cpu_count, environ
from typing import Any

import torch
from torch import Tensor
from tqdm import tqdm

from sspl.data.workers import open_threads, open_workers

CHUNK = 16  # items that a process takes at once


class Store:
    """N tensors of one shape, each read from its item when it is needed.

    Args:
        read_item: gives the tensor of an item; it is called from several threads.
        items: one for each tensor.
    """

    def __init__(self, read_item: Callable[[Any], Tensor], items: Sequence[Any]) -> None:
        self._read_item, self._items = read_item, items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Tensor:
        """One tensor, read here and now; of many, `read` is ahead of who takes them."""
        return self._read_item(self._items[index])

    def read(self, indices: Iterable[int]) -> Iterator[Tensor]:
        """The tensors `indices`, in that order."""
        with open_threads(count_cores()) as pool:
            items = (self._items[i] for i in indices)
            yield from map_ahead(pool, self._read_item, items, 4 * count_cores())


def read_batches(
    tensors: Tensor | Store, size: int, indices: Iterable[int] | None = None
) -> Iterator[Tensor]:
    """Stacks of `size` tensors, the last one perhaps smaller; by default all, in order."""
    if indices is None:
        indices = range(len(tensors))
    is_store = isinstance(tensors, Store)
    found = tensors.read(indices) if is_store else map(tensors.__getitem__, indices)
    while batch := list(islice(found, size)):
        yield torch.stack(batch)


def map_ahead(
    pool: Executor, function: Callable[[Any], Any], items: Iterable[Any], num_ahead: int
) -> Iterator[Any]:
    """function(item) for each of items, in order, with at most `num_ahead` waiting to be taken."""
    waiting: deque[Future[Any]] = deque()
    for item in items:
        waiting.append(pool.submit(function, item))
        if len(waiting) == num_ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def map_on_all_cores(
    function: Callable[[Any], Any], items: Sequence[Any], what: str
) -> Iterator[Any]:
    """function(item) for each of items, in order, in worker processes once that pays."""
    if len(items) < 64:
        yield from map(function, items)
        return
    chunks = [items[i : i + CHUNK] for i in range(0, len(items), CHUNK)]
    work = partial(_map_chunk, function)
    with (
        open_workers(count_cores()) as workers,
        tqdm(total=len(items), desc=what, unit="clip") as bar,
    ):
        for results in map_ahead(workers, work, chunks, 4 * count_cores()):
            for result in results:
                yield result
                bar.update()


def count_cores() -> int:
    """Cores for this process; several that train together share them."""
    return max(1, (cpu_count() or 1) // int(environ.get("LOCAL_WORLD_SIZE", 1)))


def _map_chunk(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    return [function(item) for item in items]
