"""How fast pictures and sounds are read: from a file each, and out of WebDataset shards.

    python -m benchmarks.loading

It makes a folder of pairs like those of `sspl.prepare` (256 px JPEG, 3 s of 16 kHz FLAC), packs it,
and reads some of its pairs in a new order every round, from files and shards in turn, so that a
busy machine slows both; medians. "In memory" is what the system still holds of files that were
read before, "on disk" what it has dropped.

Predicted on two cores before it was run: decoding takes nearly all the time. Pictures 900 a second
from files and 5 % more from shards, in memory, since opening a file costs little; on disk 650 and
15 % more. With sounds, whose patches cost more than a picture, 300 a second and 3 % more; on disk
260 and 10 % more.

Found in two runs on two cores with others at work, five minutes each: pictures 660 and 490 a second
from files in memory, from shards 10 % more in both; on disk 520 and 470, and 23 and 4 % more. With
sounds 215 and 190, within 4 % from shards; on disk 210 and 160, and 2 and 10 % more. 144,000 pairs,
14 GB, are read once in 11 to 15 minutes, their pictures alone in 3.5 to 5. So shards are for what
this does not show: 29 files to move and to open instead of 288,000.
"""

import os
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import tyro

from benchmarks.speed import read_processor
from sspl.command import give_result, run_command
from sspl.data.folder import open_rows
from sspl.data.manifest import read_manifest, write_manifest
from sspl.data.orchestra import make_clip
from sspl.data.packing import pack_shards
from sspl.data.pairs import Pairs
from sspl.data.shards import open_shards
from sspl.data.stores import count_cores, read_batches
from sspl.media.pictures import write_image
from sspl.media.sounds import write_audio

VGG_SOUND = 144_000  # pairs
NUM_CLIPS = 20  # that differ
GRAIN = 3.0  # standard deviation with which a drawn picture takes a photograph's 35 kB


@dataclass(frozen=True, kw_only=True)
class Options:
    """What is read."""

    num_pairs: int = 2000
    """in the folder"""
    num_read: int = 200
    """pairs that are read each time"""
    rounds: int = 15
    folder: Path | None = None
    """where the pairs are made, for as long as it takes: a folder on the disk to measure"""
    json_path: Annotated[str | None, tyro.conf.arg(name="json")] = None
    """where the result goes; "-" prints it instead of the table"""


def make_folder(folder: Path, num_pairs: int) -> None:
    """Prepared pairs and their shards; a few clips come again and again, in files of their own."""
    rng = np.random.default_rng(0)
    for name in ("images", "audio"):
        (folder / name).mkdir()
    rows = []
    for i in range(num_pairs):
        image, audio = f"images/{i}.jpg", f"audio/{i}.flac"
        if i < NUM_CLIPS:
            clip = make_clip(9, i)
            grainy = clip.image + rng.normal(0, GRAIN, clip.image.shape)
            write_image(folder / image, grainy.clip(0, 255).astype(np.uint8))
            write_audio(folder / audio, clip.waveform)
        else:
            shutil.copy(folder / rows[i % NUM_CLIPS]["image"], folder / image)
            shutil.copy(folder / rows[i % NUM_CLIPS]["audio"], folder / audio)
        rows.append({"id": str(i), "image": image, "audio": audio, "split": "train"})
    write_manifest(folder, rows)
    pack_shards(folder)


def recall(path: Path) -> None:
    """Have the system hold a file in memory."""
    path.read_bytes()


def forget(path: Path) -> None:
    """Have the system drop what it holds of a file in memory."""
    descriptor = os.open(path, os.O_RDONLY)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


STATES = {"in memory": recall}
if hasattr(os, "posix_fadvise"):
    STATES["on disk"] = forget


def measure_rate(pairs: Pairs, order: list[int], with_sounds: bool) -> float:
    """Pairs a second."""
    kinds = [pairs.images, pairs.sounds] if with_sounds else [pairs.images]
    start_s = time.perf_counter()
    for _ in zip(*(read_batches(tensors, 1, order) for tensors in kinds), strict=True):
        pass
    return len(order) / (time.perf_counter() - start_s)


def measure(folder: Path, num_read: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Pairs a second in each round, by what is read and from where, for files and shards."""
    rows = read_manifest(folder)
    sources = {"files": open_rows(rows), "shards": open_rows(rows, shards=open_shards(folder))}
    paths = [path for path in folder.rglob("*.*") if path.is_file()]
    cases = list(product(("pictures", "pictures and sounds"), STATES))
    rates = {", ".join(case): {source: [] for source in sources} for case in cases}
    rng = np.random.default_rng(1)
    os.sync()  # what is not on the disk yet cannot be forgotten
    for number in range(rounds):
        in_turn = list(sources.items())[:: -1 if number % 2 else 1]
        order = rng.permutation(len(rows))[:num_read].tolist()
        for (what, state), (source, pairs) in product(cases, in_turn):
            for path in paths:
                STATES[state](path)
            rate = measure_rate(pairs, order, what == "pictures and sounds")
            rates[f"{what}, {state}"][source].append(rate)
    return rates


def summarise(files: list[float], shards: list[float]) -> dict[str, float]:
    """Medians over the rounds: of both rates, and of how they compare in a round."""
    ratios = [ours / theirs for ours, theirs in zip(shards, files, strict=True)]
    values = {"files": files, "shards": shards, "ratio": ratios}
    return {name: statistics.median(numbers) for name, numbers in values.items()}


def format_table(result: dict[str, Any]) -> str:
    lines = [
        f"{result['processor']}, {result['cores']} cores, {result['torch_threads']} torch threads",
        f"{result['rounds']} rounds of {result['num_read']} out of {result['num_pairs']} pairs, "
        f"{result['mb_per_pair']:.3f} MB each",
        f"{'pairs a second':32}{'files':>9}{'shards':>9}{'ratio':>9}   minutes for {VGG_SOUND:,}",
    ]
    for case, rate in result["rates"].items():
        minutes = [f"{VGG_SOUND / rate[source] / 60:.1f}" for source in ("files", "shards")]
        numbers = f"{rate['files']:9.0f}{rate['shards']:9.0f}{rate['ratio']:9.2f}"
        lines.append(f"  {case:30}{numbers}   {' / '.join(minutes)}")
    lines.append(f"{VGG_SOUND:,} pairs take {VGG_SOUND * result['mb_per_pair'] / 1000:.1f} GB")
    return "\n".join(lines)


def main(options: Options) -> None:
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        make_folder(folder, options.num_pairs)
        rates = measure(folder, options.num_read, options.rounds)
        num_bytes = sum(path.stat().st_size for path in (folder / "shards").iterdir())
    result = {
        "processor": read_processor(),
        "cores": count_cores(),
        "torch_threads": torch.get_num_threads(),
        "num_pairs": options.num_pairs,
        "num_read": options.num_read,
        "rounds": options.rounds,
        "mb_per_pair": num_bytes / options.num_pairs / 1e6,
        "rates": {case: summarise(**by_source) for case, by_source in rates.items()},
    }
    give_result(result, format_table(result), options.json_path)


if __name__ == "__main__":
    sys.exit(run_command(lambda: main(tyro.cli(Options, description=__doc__))))
