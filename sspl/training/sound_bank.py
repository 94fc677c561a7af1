"""A bank of sounds, and the mixtures that are drawn of it: chunk by chunk, on all cores.

Of a folder with a manifest only the training rows are heard. A chunk has a number and with it a
seed of its own, so that each can be made, and made again, alone.

Letters: B batch, N samples of a clip of 3 s at 16 kHz, K sounds in the bank.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from sspl.audio import NUM_SAMPLES, SAMPLE_RATE_HZ
from sspl.data.manifest import MANIFEST, read_fields, read_manifest
from sspl.data.orchestra import INSTRUMENTS
from sspl.data.orchestra.sounds import synthesise
from sspl.data.stores import count_cores, map_ahead
from sspl.data.workers import open_workers
from sspl.media.files import MediaError, replace_when_done
from sspl.media.sounds import read_audio
from sspl.training.mixtures import MixtureMaker

SUFFIXES = (".wav", ".flac", ".ogg", ".mp3", ".m4a", ".opus")
CHUNK = 1024  # mixtures in one
AT_ONCE = 32  # that are made together
MOST_CLIPS = 4  # of a long recording
PER_INSTRUMENT = 12  # sounds of each of `orchestra`'s


def read_sounds(folders: Sequence[Path], exclude: Sequence[str]) -> tuple[Tensor, list[str]]:
    """Clips of 3 s of all sounds there, and `orchestra`'s instruments, with a progress bar.

    Args:
        exclude: beginnings of the names in a manifest's `audio_source`, or of files.
    Returns:
        (K, N) int16 at 16 kHz, the loudest sample of each recording near full scale; K kinds.
    Raises:
        ValueError: if a folder has no sounds, or a row's cannot be read.
    """
    clips, kinds = [], []
    for folder in folders:
        found = dict(list_sounds(folder, tuple(exclude)))
        if not found:
            raise ValueError(f"{folder} has no sounds to learn from: name a folder of recordings")
        for path, kind in tqdm(found.items(), f"read {folder.name}", unit="sound", leave=False):
            try:
                waveform = read_audio(path, 0.0, (MOST_CLIPS + 1) * 2.0)
            except MediaError as error:
                if (folder / MANIFEST).exists():
                    raise
                print(f"left out: {error}", file=sys.stderr)
                continue
            cut = _cut(waveform)
            clips += cut
            kinds += [kind] * len(cut)
    for number, name in enumerate(INSTRUMENTS):
        rng = np.random.default_rng(9000 + number)
        for _ in range(PER_INSTRUMENT):
            clips += _cut(synthesise(name, rng, NUM_SAMPLES / SAMPLE_RATE_HZ))
            kinds.append("orchestra")
    return torch.from_numpy(np.stack(clips)), kinds


def list_sounds(folder: Path, exclude: tuple[str, ...]) -> Iterator[tuple[Path, str]]:
    """Each sound of a folder once, with its kind."""
    if not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: name one that holds sounds")
    if (folder / MANIFEST).exists():
        for row, fields in zip(read_manifest(folder), read_fields(folder), strict=True):
            source = str(fields.get("audio_source", row.audio.name))
            if row.split == "train" and not source.startswith(exclude):
                yield row.audio, row.label or folder.name
        return
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and not path.name.startswith(exclude):
            yield path, path.parent.name


def _cut(waveform: np.ndarray) -> list[np.ndarray]:
    """Clips (N,) int16 of a recording, half of one in the next; none of what is nearly silent."""
    peak = np.abs(waveform).max()
    if peak < 1e-4:
        return []
    waveform = waveform * (0.9 / peak)
    waveform = np.pad(waveform, (0, max(0, NUM_SAMPLES - len(waveform))))
    starts = range(0, len(waveform) - NUM_SAMPLES + 1, 2 * SAMPLE_RATE_HZ)[:MOST_CLIPS]
    clips = [waveform[start : start + NUM_SAMPLES] for start in starts]
    return [(clip * 32767).astype(np.int16) for clip in clips if np.abs(clip).max() > 0.02]


def save_bank(path: Path, bank: Tensor, kinds: list[str]) -> None:
    """Write what `read_sounds` gives to a file, from which each process reads it."""
    with replace_when_done(path) as unfinished:
        torch.save({"clips": bank, "kinds": kinds}, unfinished)


@lru_cache(maxsize=1)
def _load_bank(path: Path) -> tuple[Tensor, list[str]]:
    stored = torch.load(path, weights_only=True)
    return stored["clips"], stored["kinds"]


def draw_chunk(bank: Path, number: int, size: int, seed: int) -> Iterator[Tensor]:
    """The `size` mixtures of chunk `number`: (B, N) float32 at 16 kHz, and again, to the last."""
    sounds, kinds = _load_bank(bank)
    maker = MixtureMaker(sounds, kinds, seed=1_000_003 * seed + number)
    for first in range(0, size, AT_ONCE):
        yield maker.draw(min(AT_ONCE, size - first))


def map_chunks(work: Callable[..., Any], num_mixtures: int) -> Iterator[Any]:
    """work(number, size=...) of each chunk, in order, on all cores, with a progress bar.

    Chunks are whole: of more than `CHUNK` mixtures there may be a few more than asked for.

    Args:
        work: what another process can find by its name, perhaps a `partial` of it.
    """
    size = min(CHUNK, num_mixtures)
    numbers = range(-(-num_mixtures // size))
    with (
        open_workers(count_cores(), prepare=partial(torch.set_num_threads, 1)) as workers,
        tqdm(total=len(numbers), desc="mix", unit="k") as bar,
    ):
        for result in map_ahead(workers, partial(work, size=size), numbers, 2 * count_cores()):
            yield result
            bar.update()
