"""What has been made in a folder, so that an interrupted run goes on where it was stopped.

Append-only JSON lines: first what is being prepared, then a line for each pair that was made. A
killed run may leave half a line at the end; it is passed over.
"""

import json
from pathlib import Path
from typing import Any, Self

from sspl.media.files import MediaError, replace_when_done

JOURNAL = "journal.jsonl"


class Journal:
    """The journal of a folder, opened for the pairs to come; use it in a `with`.

    Attributes:
        made: for each pair that was made, by its id, the stamp of what it was made from.
    """

    def __init__(self, folder: Path, name: str, options: dict[str, Any]):
        """Open the folder's journal, or begin one in a new or empty folder.

        Raises:
            ValueError: if the folder holds anything else, or a preparation of another dataset or
                with other options.
        """
        path = folder / JOURNAL
        head = {"dataset": name, "options": options}
        if not path.exists():
            _begin(path, head)
        try:
            lines = path.read_bytes().split(b"\n")
        except OSError as error:
            raise MediaError(
                f"{path} cannot be read ({error.strerror}): choose another --out."
            ) from error
        _check_same(folder, _parse(lines[0]), json.loads(json.dumps(head)))
        entries = map(_parse, lines[1:])
        self.made: dict[str, str] = {
            entry["id"]: entry["stamp"]
            for entry in entries
            if isinstance(entry.get("id"), str) and isinstance(entry.get("stamp"), str)
        }
        self._file = path.open("ab")
        if lines[-1]:
            self._file.write(b"\n")  # ends the half line

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, pair_id: str, stamp: str) -> None:
        """Note that a pair was made."""
        if self.made.get(pair_id) != stamp:
            self._file.write(json.dumps({"id": pair_id, "stamp": stamp}).encode() + b"\n")
            self._file.flush()
            self.made[pair_id] = stamp


def _begin(path: Path, head: dict[str, Any]) -> None:
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_empty = not any(folder.iterdir())
    except OSError as error:
        raise MediaError(
            f"{folder} cannot be written ({error.strerror}): choose another --out."
        ) from error
    if not is_empty:
        raise ValueError(
            f"{folder} holds files that were not prepared here: choose a new folder for --out."
        )
    with replace_when_done(path) as unfinished:
        unfinished.write_text(json.dumps(head) + "\n", encoding="utf-8")


def _check_same(folder: Path, held: dict[str, Any], wanted: dict[str, Any]) -> None:
    if held.get("dataset") != wanted["dataset"]:
        raise ValueError(
            f"{folder} holds {held.get('dataset')}, not {wanted['dataset']}: choose another --out."
        )
    before, now = held.get("options") or {}, wanted["options"]
    for option in sorted(before | now):
        if before.get(option) != now.get(option):
            raise ValueError(
                f"{folder} was prepared with {option} {before.get(option)}, not "
                f"{now.get(option)}: choose another --out, or the same options."
            )


def _parse(line: bytes) -> dict[str, Any]:
    try:
        return dict(json.loads(line))
    except (ValueError, TypeError):  # half a line, or the empty one after the last
        return {}
