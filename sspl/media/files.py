"""A person's files: what can be wrong with one before it is read, and how one is written.

Everything that reads or writes pictures, sounds and videos goes through here, so that a bad file
is always one clear sentence (`MediaError`), and a file is always written whole or not at all.
"""

import errno
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

# What the person can do something about; any other OSError is not about the file being written.
_CANNOT_WRITE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EACCES, errno.EPERM, errno.EROFS}


class MediaError(ValueError):
    """A file cannot be used. The message is one sentence that names it and says what to do."""


def check_file(source: str | Path) -> Path:
    """The path of an ordinary, readable file that holds something.

    Raises MediaError where it is missing, a folder, a device, empty or not permitted.
    """
    path = Path(source)
    try:
        if not path.exists():
            raise MediaError(f"{path} does not exist: check the name and the folder.")
        if path.is_dir():
            raise MediaError(f"{path} is a folder: name one file in it.")
        if not path.is_file():
            raise MediaError(f"{path} is not an ordinary file: save it to a file first.")
        if path.stat().st_size == 0:
            raise MediaError(f"{path.name} is empty (0 bytes): save or upload it again.")
        with path.open("rb"):
            pass
    except OSError as error:
        raise MediaError(f"{path} cannot be opened ({error.strerror}): check the file.") from error
    return path


@contextmanager
def replace_when_done(path: str | Path) -> Iterator[Path]:
    """Give a new name beside `path` to write to; on success it becomes `path` in one step.

    On any error, an interrupt from the keyboard included, what was written is removed and an
    older file at `path` stays as it was. The new name keeps the suffix, by which libraries choose
    the format. Raises MediaError where the folder is missing, not writable or full.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise MediaError(f"{path} cannot be written: make the folder {path.parent} first.")
    if path.is_dir():
        raise MediaError(f"{path} is a folder: name a file in it.")
    if path.exists() and not path.is_file():
        raise MediaError(f"{path} is not an ordinary file: choose another name.")
    # The same folder, because a rename between two disks is a copy and can stop half-way.
    unfinished = path.with_name(f".unfinished-{uuid.uuid4().hex[:12]}{path.suffix}")
    try:
        yield unfinished
        os.replace(unfinished, path)
    except OSError as error:
        if error.errno not in _CANNOT_WRITE:
            raise
        raise MediaError(
            f"{path} cannot be written ({error.strerror}): make room or choose another folder."
        ) from error
    finally:
        unfinished.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write a JSON file whole or not at all; NaN is an error, since JSON has none."""
    text = json.dumps(value, indent=1, allow_nan=False)
    with replace_when_done(path) as unfinished:
        unfinished.write_text(text + "\n", encoding="utf-8")


def open_source(source: str | Path | bytes, name: str) -> tuple[Path | BytesIO, str]:
    """What a library can open, and what to call it: a file by its name, bytes by `name`."""
    if isinstance(source, bytes):
        return BytesIO(source), name
    path = check_file(source)
    return path, path.name


def with_suffix(path: str | Path, suffixes: tuple[str, ...]) -> Path:
    path = Path(path)
    if path.suffix.lower() not in suffixes:
        raise MediaError(f"{path} cannot be written: end its name in {' or '.join(suffixes)}.")
    return path
