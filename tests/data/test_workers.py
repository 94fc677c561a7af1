"""What becomes of workers: killed parents, Ctrl-C, and workers that die."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil
import pytest

from sspl.data.workers import open_workers

PATIENCE_S = 120  # for a machine that is busy
TRAINING = ("-m", "sspl.train", "--preset", "tiny", "--device", "cpu")


@contextmanager
def start_training(tmp_path) -> Iterator[tuple[subprocess.Popen, list]]:
    """A training in a session of its own, and the processes that it began by then."""
    process = subprocess.Popen(
        [sys.executable, *TRAINING, "--out", str(tmp_path / "run")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    begun: list[psutil.Process] = []

    def has_workers() -> bool:
        begun[:] = psutil.Process(process.pid).children(recursive=True)
        lines = [" ".join(one.cmdline()) for one in begun]
        return sum("spawn_main" in line for line in lines) > 0

    try:
        wait_until(has_workers)
        yield process, begun
    finally:
        for one in begun:
            if is_alive(one):
                one.kill()
        process.kill()
        process.communicate()


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def is_alive(process: psutil.Process) -> bool:
    """Whether it runs: one that has ended may still be listed where nobody asks for its status."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("delay_s", [0.0, 8.0])
def test_nothing_is_left_of_a_training_that_is_killed(tmp_path, delay_s):
    """Its workers are caught as they start, or at work."""
    with start_training(tmp_path) as (process, begun):
        time.sleep(delay_s)
        process.kill()
        wait_until(lambda: not any(map(is_alive, begun)))


@pytest.mark.skipif(os.name != "posix", reason="sends what a terminal sends for Ctrl-C")
@pytest.mark.parametrize("delay_s", [0.0, 8.0])
def test_ctrl_c_is_one_sentence_whatever_the_workers_are_at(tmp_path, delay_s):
    with start_training(tmp_path) as (process, begun):
        time.sleep(delay_s)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 130
        assert "Traceback" not in said
        assert said.endswith("Stopped; nothing half-written is left.\n")
        wait_until(lambda: not any(map(is_alive, begun)))


def test_a_worker_that_dies_is_a_sentence():
    with (
        pytest.raises(ValueError, match="a worker process died: free some memory"),
        open_workers(1) as workers,
    ):
        workers.submit(os._exit, 1).result()


def test_each_worker_is_prepared():
    with open_workers(1, prepare=_note) as workers:
        assert workers.submit(os.getenv, "SSPL_PREPARED").result() == "yes"


def _note() -> None:
    os.environ["SSPL_PREPARED"] = "yes"
