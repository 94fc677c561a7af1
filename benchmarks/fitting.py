"""What a closed-form fit costs beside the encoders: seconds for encoded pairs, and memory.

    python -m benchmarks.fitting

Features are random, of the size that the preset `photo` fits to: 320 x 14 x 14 of a picture, 384 of
a sound. Timed are the sums over the pairs and the solution, not the making of features; medians.
Memory is that of a process of its own for each number of pairs, which are made batch by batch; what
it has before the first pair, PyTorch above all, stands beside it. A fit keeps sums, so that the
peak should not depend on how many pairs there are. A quarter of an hour on two busy cores.
"""

import os
import resource
import statistics
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any

import torch
import tyro
from torch import Tensor

from benchmarks.speed import read_processor, time_ms
from sspl.build import build_predictive_attention
from sspl.command import give_result, run_command
from sspl.data.stores import count_cores
from sspl.presets import photo
from sspl.training.closed_form import BATCH, Moments, fit_moments

GRID = (14, 14)


@dataclass(frozen=True, kw_only=True)
class Options:
    """How many pairs are fitted to."""

    num_timed: int = 2000
    rounds: int = 5
    num_in_memory: tuple[int, ...] = (10_000, 100_000)
    json_path: Annotated[str | None, tyro.conf.arg(name="json")] = None
    """where the result goes; "-" prints it instead of the table"""


def make_batches(num: int) -> Iterator[tuple[Tensor, Tensor]]:
    """`num` encoded pairs, batch by batch: the same noise in another mixture each time."""
    config, generator = photo().model, torch.Generator().manual_seed(0)
    visual = torch.randn(BATCH, config.visual_channels, *GRID, generator=generator)
    sounds = torch.randn(BATCH, 1, config.audio_channels, generator=generator)
    for first in range(0, num, BATCH):
        size, gain = min(BATCH, num - first), torch.rand(2, BATCH, generator=generator)
        yield (
            (visual * gain[0, :, None, None, None])[:size],
            (sounds * gain[1, :, None, None])[:size],
        )


def time_fit(num: int) -> dict[str, float]:
    """Seconds of a fit to `num` pairs: the sums, and the solution."""
    model = build_predictive_attention(photo().model)
    moments = Moments.zeros(model.config.visual_channels, model.config.audio_channels)
    sums_ms = sum(time_ms(lambda b=batch: moments.add(*b)) for batch in make_batches(num))
    return {
        "sums": sums_ms / 1000,
        "solution": time_ms(lambda: fit_moments(model, moments)) / 1000,
    }


def measure_peak_mb(num: int) -> tuple[float, float]:
    """Peak memory of this process before its first pair, and after a fit to `num` pairs."""
    before = _read_peak_mb()
    time_fit(num)
    return before, _read_peak_mb()


def _read_peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():  # on Linux getrusage's peak is the parent's until the child exceeds it
        lines = status.read_text().splitlines()
        return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def format_table(result: dict[str, Any]) -> str:
    lines = [
        f"{result['processor']}, {result['cores']} cores, {result['torch_threads']} torch threads, "
        f"load {result['load']:.1f} before",
        f"a fit to {result['num_timed']:,} encoded pairs, s",
        *(f"  {what:20}{seconds:8.2f}" for what, seconds in result["seconds"].items()),
        f"peak memory, MB{'':7}{'before':>8}{'after':>8}",
    ]
    for num, (before, after) in result["peak_mb"].items():
        lines.append(f"  {f'{int(num):,} pairs':20}{before:8.0f}{after:8.0f}")
    return "\n".join(lines)


def main(options: Options) -> None:
    load = os.getloadavg()[0]
    times = [time_fit(options.num_timed) for _ in range(options.rounds)]
    seconds = {what: statistics.median(t[what] for t in times) for what in times[0]}
    peaks = {}
    for num in options.num_in_memory:
        with get_context("spawn").Pool(1) as pool:  # a peak never falls: a new process for each
            peaks[str(num)] = pool.apply(measure_peak_mb, (num,))
    result = {
        "processor": read_processor(),
        "cores": count_cores(),
        "torch_threads": torch.get_num_threads(),
        "load": load,
        "num_timed": options.num_timed,
        "rounds": options.rounds,
        "seconds": seconds,
        "peak_mb": peaks,
    }
    give_result(result, format_table(result), options.json_path)


if __name__ == "__main__":
    sys.exit(run_command(lambda: main(tyro.cli(Options, description=__doc__))))
