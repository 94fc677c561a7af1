"""Pairs in WebDataset shards: a few large files instead of 288,000 small ones.

Beside a manifest there may be a folder `shards`, which `sspl.data.packing` makes:

    000000.tar, ...   <n>.jpg, <n>.flac and <n>.json for line n of the manifest: its picture and its
                      sound, each file as it was, and the line; no videos
    index.jsonl       a line a shard: its name, its length in bytes, and of each file in it, by the
                      path that the manifest gives, [first byte, number of bytes, CRC-32]

Then pictures and sounds are read from the shards, and the files themselves may be gone. All else
is read from the manifest: labels, boxes and splits may still change there.

Any WebDataset reader can go through the shards from end to end. But an epoch takes the pairs in an
order of its own, which a resumed run repeats; so they are found by our index. The reader of
webdataset that did the like (`wids`) is gone from its version 1.0.
"""

import json
import os
import weakref
import zlib
from collections.abc import Iterable
from pathlib import Path

from sspl.data.manifest import Row

SHARDS = "shards"
INDEX = "index.jsonl"
_REMEDY = "copy it here again, or prepare the folder again with --shards"


class Shards:
    """The pictures and sounds of a folder, out of its shards; several threads may read.

    Raises:
        ValueError: a sentence naming the file, if the index is damaged, or a shard is missing or
            not as long as the index says.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self._num_letters = len(str(self.folder / "_")) - 1  # before the path inside it
        self._shards: list[_Shard] = []
        self._spans: dict[str, tuple[int, int, int, int]] = {}  # the shard's number comes first
        index = self.folder / SHARDS / INDEX
        try:
            lines = index.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{index} cannot be read ({error}): {_REMEDY}") from error
        for number, line in enumerate(lines):
            try:
                entry = json.loads(line)
                path, size = index.with_name(entry["shard"]), entry["bytes"]
                for file, (first, num_bytes, crc32) in entry["files"].items():
                    if not 0 <= first < first + num_bytes <= size:
                        raise ValueError(f"{file} is not in {path}")
                    self._spans[file] = number, first, num_bytes, crc32
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                raise ValueError(f"{index}, line {number + 1}, is damaged: {_REMEDY}") from error
            self._shards.append(_Shard(path, size))

    def check(self, rows: Iterable[Row]) -> None:
        """ValueError, naming the first one, if a row's picture or sound is not in the shards."""
        for row in rows:
            for path in (row.image, row.audio):
                if self._name(path) not in self._spans:
                    raise ValueError(
                        f"row {row.id!r}: {path} is not in the shards beside the manifest: prepare "
                        f"the folder again with --shards, or delete {self.folder / SHARDS}"
                    )

    def read(self, path: Path) -> bytes:
        """All that the file of a row held.

        Raises:
            ValueError: a sentence naming the shard, if it holds something else by now.
        """
        number, *span = self._spans[self._name(path)]
        return self._shards[number].read(*span)

    def _name(self, path: Path) -> str:
        """The path inside the folder. `Path.relative_to` would take seconds for 288,000 files."""
        return str(path)[self._num_letters :]


def open_shards(folder: str | Path) -> Shards | None:
    """The shards of a folder; None where it has none. Raises as `Shards`."""
    return Shards(folder) if (Path(folder) / SHARDS).exists() else None


class _Shard:
    """A file that stays open for as long as it is used."""

    def __init__(self, path: Path, size: int) -> None:
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise ValueError(f"{path} cannot be opened ({error.strerror}): {_REMEDY}") from error
        weakref.finalize(self, os.close, self._descriptor)
        found = os.fstat(self._descriptor).st_size
        if found != size:
            raise ValueError(f"{path} has {found} bytes, not the {size} packed: {_REMEDY}")

    def read(self, first: int, num_bytes: int, crc32: int) -> bytes:
        try:
            data = os.pread(self._descriptor, num_bytes, first)
        except OSError:
            data = b""  # the disk has lost it
        if zlib.crc32(data) != crc32:
            raise ValueError(f"{self._path} is damaged at byte {first}: {_REMEDY}")
        return data
