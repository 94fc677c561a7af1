"""Workers: threads, and for what is Python's own work processes, which end with their parent.

After an error, or Ctrl-C, what they have not begun is dropped.
"""

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any


@contextmanager
def open_threads(num: int) -> Iterator[Executor]:
    """Worker threads."""
    threads = ThreadPoolExecutor(num)
    try:
        yield threads
    finally:
        threads.shutdown(cancel_futures=True)


@contextmanager
def open_workers(num: int, *, prepare: Callable[[], Any] | None = None) -> Iterator[Executor]:
    """Worker processes, each started when it is first needed; an error stops them at once.

    Args:
        prepare: called once in each; what another process can find by its name.
    Raises:
        ValueError: if one of them died, as where memory runs out.
    """
    try:
        with _Workers(
            num, mp_context=get_context("spawn"), initializer=_begin, initargs=(prepare,)
        ) as workers:
            try:
                yield workers
            except BaseException:  # Ctrl-C, too
                workers.stop()
                raise
    except BrokenProcessPool as error:
        raise ValueError(
            "a worker process died: free some memory and start again; in a script of your own, put "
            'what it does under `if __name__ == "__main__":`, since each worker imports it first'
        ) from error


class _Workers(ProcessPoolExecutor):
    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Submit, and if a worker is started for it, let Ctrl-C be this process's alone.

        A terminal sends it to all, and a worker that has yet to come to `_begin` would tell where
        it was. What a thread blocks as it starts a process stays blocked in that.
        """
        if not hasattr(signal, "pthread_sigmask"):  # Windows
            return super().submit(fn, *args, **kwargs)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            return super().submit(fn, *args, **kwargs)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def stop(self) -> None:
        """End every worker, whatever it is at; as `terminate_workers`, which Python 3.14 has."""
        for worker in list((self._processes or {}).values()):
            worker.terminate()


def _begin(prepare: Callable[[], Any] | None) -> None:
    """What each worker does first."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()
    if prepare is not None:
        prepare()


def _end_with_parent() -> None:
    """Wait for the parent's end, whatever it dies of; its workers would wait for it for ever."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)
