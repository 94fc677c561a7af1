"""Pack a folder with a manifest into WebDataset shards; what those are is in `sspl.data.shards`.

A file of its own, because webdataset takes a third of a second to import.
"""

import json
import math
import os
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from shutil import rmtree
from typing import Any

from tqdm import tqdm
from webdataset.writer import TarWriter

from sspl.data.manifest import Row, read_fields, read_manifest
from sspl.data.shards import INDEX, SHARDS
from sspl.data.stores import count_cores, map_ahead
from sspl.data.workers import open_threads
from sspl.media.files import MediaError, check_file
from sspl.media.pictures import read_image
from sspl.media.sounds import read_audio

ROWS_PER_SHARD = 5000  # half a gigabyte of prepared pairs
PICTURES = (".jpg", ".jpeg", ".png", ".webp")
SOUNDS = (".flac", ".wav", ".ogg")  # not what only ffmpeg reads: it wants a file


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A row as it goes into a shard: what its picture and its sound hold, and its line."""

    key: str
    files: dict[Path, bytes]
    line: bytes


def pack_shards(folder: str | Path, *, rows_per_shard: int = ROWS_PER_SHARD) -> None:
    """Pack the pictures and sounds of a folder into the folder `shards` beside its manifest.

    Whole or not at all, with a progress bar; older shards are replaced at the end. The files are
    copied as they are, and each is decoded once, so that what is packed can be read.

    Raises:
        ValueError: as `read_manifest`; naming the row, if its picture or sound cannot be read, or
            is of a kind that cannot be packed; if there is no room.
    """
    if rows_per_shard < 1:
        raise ValueError(f"rows_per_shard is {rows_per_shard}: take 1 or more")
    folder = Path(folder)
    packed, unfinished, old = folder / SHARDS, folder / ".unfinished-shards", folder / ".old-shards"
    rows = list(zip(read_manifest(folder), read_fields(folder), strict=True))
    _remove(unfinished, old)  # where a packing was killed
    try:
        unfinished.mkdir()
        with (
            (unfinished / INDEX).open("w", encoding="utf-8") as index,
            tqdm(_read_samples(rows), "pack", len(rows), unit="pair") as bar,
        ):
            samples = iter(bar)
            for number in range(math.ceil(len(rows) / rows_per_shard)):
                path = unfinished / f"{number:06d}.tar"
                files = _write_shard(path, folder, islice(samples, rows_per_shard))
                entry = {"shard": path.name, "bytes": path.stat().st_size, "files": files}
                index.write(json.dumps(entry) + "\n")
        if packed.exists():
            os.replace(packed, old)
        os.replace(unfinished, packed)
    except OSError as error:
        raise ValueError(
            f"{folder} cannot be written ({error.strerror}): make room or choose another folder"
        ) from error
    finally:
        _remove(unfinished, old)


def _remove(*folders: Path) -> None:
    for folder in folders:
        rmtree(folder, ignore_errors=True)


def _read_samples(rows: Iterable[tuple[Row, dict[str, Any]]]) -> Iterator[Sample]:
    """The samples of all rows in order, read in threads."""
    with open_threads(count_cores()) as pool:
        tasks = ((f"{number:09d}", *row) for number, row in enumerate(rows))
        yield from map_ahead(pool, lambda task: _read_sample(*task), tasks, 4 * count_cores())


def _read_sample(key: str, row: Row, fields: dict[str, Any]) -> Sample:
    try:
        image, audio = _read_file(row.image, PICTURES), _read_file(row.audio, SOUNDS)
        read_image(image)
        read_audio(audio, row.start_s)
    except ValueError as error:
        raise ValueError(f"row {row.id!r}: {error}") from error
    files = {row.image: image, row.audio: audio}
    return Sample(key=key, files=files, line=json.dumps(fields).encode())


def _read_file(path: Path, suffixes: tuple[str, ...]) -> bytes:
    if path.suffix.lower() not in suffixes:
        kinds = ", ".join(suffixes)
        raise MediaError(f"{path.name} is none of {kinds}: convert it, or use sspl.prepare.")
    try:
        return check_file(path).read_bytes()
    except OSError as error:
        raise MediaError(f"{path} cannot be read ({error.strerror}): check the disk.") from error


def _write_shard(path: Path, folder: Path, samples: Iterable[Sample]) -> dict[str, list[int]]:
    """Write a shard; returns where each file lies in it, as the index says it."""
    sources: dict[str, tuple[str, int]] = {}  # by the name in the shard: path and CRC-32
    with path.open("wb") as file, TarWriter(file, encoder=False, mtime=0) as tar:
        for sample in samples:
            members = {"json": sample.line}
            for source, data in sample.files.items():
                suffix = source.suffix.lower()
                members[suffix[1:]] = data
                name = source.relative_to(folder).as_posix()
                sources[sample.key + suffix] = name, zlib.crc32(data)
            tar.write({"__key__": sample.key, **members})
    files: dict[str, list[int]] = {}
    with tarfile.open(path) as tar:
        for member in tar:
            if member.name in sources:
                name, crc32 = sources[member.name]
                files[name] = [member.offset_data, member.size, crc32]
    return files
