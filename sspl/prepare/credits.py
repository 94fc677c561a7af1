"""Who made what a dataset is made from, and under which licence: read, carried along, written.

A person's folder may hold an `attributions.csv` with the columns file, title, author, source and
licence; `file` is a path in that folder, such as dog/rex.wav. A column split may say which files
are for train, val or test alone. What was used of all sources is written as `ATTRIBUTIONS.csv`, a
line for each sound, and for each picture or folder of pictures; its `file` is what the manifest
beside it calls `audio_source`.
"""

import csv
from dataclasses import astuple, dataclass, fields, replace
from pathlib import Path
from re import fullmatch, search

from sspl.media.files import replace_when_done
from sspl.prepare.items import Credit, Fault
from sspl.prepare.tables import read_table

ATTRIBUTIONS = "ATTRIBUTIONS.csv"
NOT_STATED = "not stated"
_STATED = ("title", "author", "source", "licence")
_SPLITS = ("", "train", "val", "test")
# These archives, as an `audio_source` begins, number their clips as Freesound does.
_FREESOUND = r"freesound\.org/(?:people/[^/]+/sounds|s)/(\d+)|^(?:esc|us8k|ibm|freesound):(\d+)$"
_AUDIO_SOURCE = r"[A-Za-z][\w-]*:[^/\s].*"  # yash:dog_15.wav, but no address on the web


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What an attribution says of a file."""

    title: str = NOT_STATED
    author: str = NOT_STATED
    source: str = NOT_STATED
    licence: str = NOT_STATED
    split: str = ""  # where a file is to be, if that is not left to its name


def read_attributions(folder: Path) -> tuple[dict[str, Stated], list[Fault]]:
    """What `attributions.csv` says of each file, by its path in the folder; none without one.

    Returns:
        it, and a Fault for each line whose file is not there.
    Raises:
        ValueError: if it lacks a column, or names a split that there is not.
    """
    path = folder / "attributions.csv"
    if not path.exists():
        return {}, []
    stated: dict[str, Stated] = {}
    faults: list[Fault] = []
    for line, row in read_table(path, ("file", *_STATED), optional=("split",)):
        if row["split"] not in _SPLITS:
            raise ValueError(
                f"{path}, line {line}: its split is {row['split']!r}: write train, val, test or "
                "nothing."
            )
        file = row["file"].replace("\\", "/").removeprefix("./")
        if not (folder / file).is_file():
            reason = f"{path}, line {line}: there is no file {file!r} in {folder}."
            faults.append(Fault(id=file or path.name, kind="missing", reason=reason))
            continue
        stated[file] = replace(_state(row), split=row["split"])
    return stated, faults


def read_credits(folder: Path) -> dict[str, Stated]:
    """What the tables beside a manifest say, by a file's path in the folder or `audio_source`.

    Raises:
        ValueError: if one lacks a column.
    """
    paths = [folder / name for name in (ATTRIBUTIONS, "attributions.csv")]
    rows = [
        row for path in paths if path.exists() for _, row in read_table(path, ("file", *_STATED))
    ]
    return {row["file"]: _state(row) for row in rows}


def _state(row: dict[str, str]) -> Stated:
    return Stated(**{name: row[name] or NOT_STATED for name in _STATED})


def find_notice(folder: Path) -> Stated:
    """What can be said of a whole folder: which file to read, if there is a LICENSE or README."""
    names = sorted(
        path.name
        for path in folder.iterdir()
        if path.is_file() and search(r"(?i)^(licen[cs]es?|readme|copying)\b", path.name)
    )
    return Stated(licence=f"see {', '.join(names)} in it" if names else NOT_STATED)


def name_origin(stated: Stated, otherwise: str) -> str:
    """What a file was cut from: files of one origin are never in two splits.

    A source may name the recording; of others the same title and source say that they are one.
    """
    recording = name_recording(stated.source)
    if recording:
        return recording
    if NOT_STATED not in (stated.title, stated.source):
        return f"{stated.source} {stated.title}"
    return otherwise


def name_recording(source: str) -> str | None:
    """The recording that a web address or an `audio_source` names, or None if it names none.

    One on Freesound has a number, by which ESC-50 and others know it, too.
    """
    number = search(_FREESOUND, source)
    if number:
        return f"freesound {number[1] or number[2]}"
    return source if fullmatch(_AUDIO_SOURCE, source) else None


def write_credits(credits: set[Credit], folder: Path) -> None:
    """Write `ATTRIBUTIONS.csv`, sorted, whole or not at all."""
    with (
        replace_when_done(folder / ATTRIBUTIONS) as unfinished,
        unfinished.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Credit))
        writer.writerows(map(astuple, sorted(credits)))
