import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from sspl.data.stores import Store, map_ahead, map_on_all_cores, read_batches


def make_store(num: int) -> Store:
    return Store(lambda i: torch.tensor([i, i]), range(num))


def test_batches_come_in_the_order_asked_for_from_memory_and_from_items():
    indices = [3, 0, 4, 3, 1]
    for tensors in (make_store(5), torch.arange(5)[:, None].repeat(1, 2)):
        batches = list(read_batches(tensors, 2, indices))
        assert [len(batch) for batch in batches] == [2, 2, 1]
        assert torch.cat(batches)[:, 0].tolist() == indices
        assert torch.cat(list(read_batches(tensors, 3)))[:, 1].tolist() == [0, 1, 2, 3, 4]


def test_one_is_read_where_it_is_asked_for():
    store = make_store(5)
    assert store[3].tolist() == [3, 3]


def test_only_a_little_is_read_ahead():
    read = []
    store = Store(lambda i: read.append(i) or torch.tensor(i), range(10_000))
    stream = store.read(range(10_000))
    for _ in range(5):
        next(stream)
    time.sleep(0.05)
    stream.close()
    assert len(read) < 200
    assert threading.active_count() < 50


def test_an_error_comes_where_its_item_would():
    def fail_at_two(i: int) -> torch.Tensor:
        if i == 2:
            raise ValueError("two is broken")
        return torch.tensor(i)

    stream = Store(fail_at_two, range(4)).read(range(4))
    assert [int(next(stream)), int(next(stream))] == [0, 1]
    with pytest.raises(ValueError, match="two is broken"):
        next(stream)


def test_order_is_kept_whatever_takes_long():
    def wait(i: int) -> int:
        time.sleep(0.01 * (i % 3 == 0))
        return i

    with ThreadPoolExecutor(4) as pool:
        assert list(map_ahead(pool, wait, range(20), 4)) == list(range(20))


def test_many_items_go_to_worker_processes():
    assert list(map_on_all_cores(abs, range(-70, 0), "count")) == list(range(70, 0, -1))
