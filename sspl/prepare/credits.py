"""Who made what a dataset is made from, and under which licence: read, carried along, written.

A person's folder may hold an `attributions.csv` with the columns file, title, author, source and
licence; `file` is a path in that folder, such as dog/rex.wav. What was used of all sources is
written as `ATTRIBUTIONS.csv`, a line for each sound, and for each picture or folder of pictures.
"""

import csv
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from re import search

from sspl.media.files import replace_when_done
from sspl.prepare.items import Credit, Fault
from sspl.prepare.tables import read_table

ATTRIBUTIONS = "ATTRIBUTIONS.csv"
NOT_STATED = "not stated"
_STATED = ("title", "author", "source", "licence")
_FREESOUND = r"freesound\.org/(?:people/[^/]+/sounds|s)/(\d+)"


@dataclass(frozen=True, kw_only=True)
class Stated:
    """What an attribution says of a file."""

    title: str = NOT_STATED
    author: str = NOT_STATED
    source: str = NOT_STATED
    licence: str = NOT_STATED


def read_attributions(folder: Path) -> tuple[dict[str, Stated], list[Fault]]:
    """What `attributions.csv` says of each file, by its path in the folder; none without one.

    Returns:
        it, and a Fault for each line whose file is not there.
    Raises:
        ValueError: if it lacks a column.
    """
    path = folder / "attributions.csv"
    if not path.exists():
        return {}, []
    stated: dict[str, Stated] = {}
    faults: list[Fault] = []
    for line, row in read_table(path, ("file", *_STATED)):
        file = row["file"].replace("\\", "/").removeprefix("./")
        if not (folder / file).is_file():
            reason = f"{path}, line {line}: there is no file {file!r} in {folder}."
            faults.append(Fault(id=file or path.name, kind="missing", reason=reason))
            continue
        stated[file] = Stated(**{name: row[name] or NOT_STATED for name in _STATED})
    return stated, faults


def find_notice(folder: Path) -> Stated:
    """What can be said of a whole folder: which file to read, if there is a LICENSE or README."""
    names = sorted(
        path.name
        for path in folder.iterdir()
        if path.is_file() and search(r"(?i)^(licen[cs]e|readme|copying)\b", path.name)
    )
    return Stated(licence=f"see {', '.join(names)} in it" if names else NOT_STATED)


def name_origin(stated: Stated, otherwise: str) -> str:
    """What a file was cut from: files of one origin are never in two splits.

    A recording on Freesound has a number, by which ESC-50 knows it, too; of others the same title
    and source say that they are one.
    """
    number = search(_FREESOUND, stated.source)
    if number:
        return f"freesound {number[1]}"
    if NOT_STATED not in (stated.title, stated.source):
        return f"{stated.source} {stated.title}"
    return otherwise


def write_credits(credits: set[Credit], folder: Path) -> None:
    """Write `ATTRIBUTIONS.csv`, sorted, whole or not at all."""
    with (
        replace_when_done(folder / ATTRIBUTIONS) as unfinished,
        unfinished.open("w", encoding="utf-8", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(field.name for field in fields(Credit))
        writer.writerows(map(astuple, sorted(credits)))
