"""ESC-50 as its zip unpacks: its clips, their recordings and folds."""

import csv
from dataclasses import dataclass
from pathlib import Path
from re import fullmatch

from sspl.prepare.folder import FILE_NAME, find_inner
from sspl.prepare.items import Fault

FOLDS = {"test": ("5",), "val": ("4",), "train": ("1", "2", "3")}  # for the splits
_SPLITS = {fold: split for split, folds in FOLDS.items() for fold in folds}

# The middle of the 3 s to take. ESC-50 fills clips that are shorter than 5 s with silence.
SOUND_S = 1.5


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A clip of ESC-50.

    Attributes:
        file: its name in the folder audio.
        split: what its fold is for.
        recording: on Freesound, of which a clip may be one of several parts.
    """

    file: str
    split: str
    category: str
    recording: str


def find_esc50(root: Path) -> Path | None:
    """The folder ESC-50-master in a person's folder, or None."""
    return find_inner(root, ("ESC-50-master", "."), "meta/esc50.csv")


def read_clips(folder: Path) -> tuple[list[Clip], list[Fault]]:
    """The clips, sorted; a Fault for each row that cannot be used.

    Raises:
        ValueError: if the table is not as published.
    """
    path = folder / "meta" / "esc50.csv"
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            head = reader.fieldnames or []
            rows = [(reader.line_num, row) for row in reader]
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a table ({error}): unpack it again.") from error
    columns = ("filename", "fold", "category", "src_file")
    if not set(columns) <= set(head):
        raise ValueError(f"{path} needs the columns {', '.join(columns)}: unpack it again.")
    clips: list[Clip] = []
    faults: list[Fault] = []
    files: set[str] = set()
    split_of: dict[str, str] = {}  # of each recording, of which a file may be one of several parts
    for line, row in rows:
        name, fold, category, recording = (row[column] or "" for column in columns)
        split = _SPLITS.get(fold, "")
        if not (split and category and recording and fullmatch(FILE_NAME, name)):
            wrong = "it lacks a name of a file, a category, a src_file or a fold from 1 to 5"
        elif name in files:
            wrong = f"{name} comes a second time"
        elif split_of.get(recording, split) != split:
            wrong = f"its recording {recording} is for {split_of[recording]} already, not {split}"
        else:
            files.add(name)
            split_of[recording] = split
            clips.append(Clip(file=name, split=split, category=category, recording=recording))
            continue
        reason = f"{path.name}, line {line}: {wrong}."
        faults.append(Fault(id=name, kind="skipped", reason=reason))
    return sorted(clips, key=lambda clip: clip.file), faults
