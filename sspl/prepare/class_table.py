"""The table of class-pairs: which kinds of pictures and of sounds are of one label."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from sspl.prepare.phrases import parse_instrument
from sspl.prepare.tables import read_table

SOUNDFONT = "soundfont:"


@dataclass(frozen=True, kw_only=True)
class ClassTable:
    """Its labels in their order, and the label of each kind of pictures and of sounds."""

    labels: tuple[str, ...]
    pictures: dict[str, str]
    sounds: dict[str, str]


def read_class_table(path: Path) -> ClassTable:
    """Read a table with the columns label, pictures and sounds.

    Rows of one label may share their pictures or their sounds.

    Raises:
        ValueError: if it is not such a table, has no rows or half a row, names an instrument of a
            soundfont wrongly, or gives two labels the same pictures or sounds.
    """
    labels: dict[str, None] = {}
    kinds: dict[str, dict[str, str]] = {"pictures": {}, "sounds": {}}
    for line, row in read_table(path, ("label", "pictures", "sounds")):
        lacking = [column for column, text in row.items() if not text]
        if lacking:
            raise ValueError(f"{path}, line {line}: its {lacking[0]} is empty: fill it in.")
        if row["sounds"].startswith(SOUNDFONT):
            try:
                parse_instrument(row["sounds"])
            except ValueError as error:
                raise ValueError(f"{path}, line {line}: {error}.") from error
        labels[row["label"]] = None
        for column, label_of in kinds.items():
            kind = row[column]
            if label_of.setdefault(kind, row["label"]) != row["label"]:
                raise ValueError(
                    f"{path}, line {line}: the {column} {kind} are of {label_of[kind]} and of "
                    f"{row['label']}: give them to one label, or nobody can tell the two apart."
                )
    if not labels:
        raise ValueError(f"{path} has no rows: write one for each pair of kinds.")
    return ClassTable(labels=tuple(labels), **kinds)


def check_kinds(path: Path, column: str, wanted: Iterable[str], there: frozenset[str]) -> None:
    """Raise ValueError that names the nearest kinds, if one of the table's is in no folder."""
    for kind in wanted:
        if kind in there:
            continue
        near = get_close_matches(kind, sorted(there), n=3, cutoff=0.5)
        beside = f"the nearest are {', '.join(near)}" if near else _list_some(sorted(there))
        raise ValueError(f"{path}: no folder of {column} has {kind}: {beside}.")


def _list_some(names: list[str]) -> str:
    shown = ", ".join(names[:5]) or "nothing"
    return f"they have {shown}" + (f" and {len(names) - 5} more" if names[5:] else "")
