"""ESC-50 as its zip unpacks: its clips, their recordings and folds, and the licence of each clip.

The whole is CC BY-NC; its file LICENSE says for each clip who recorded it and under which licence
that was given, which for most is CC0 or CC BY.
"""

import csv
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from re import fullmatch

from sspl.prepare.credits import Stated
from sspl.prepare.folder import FILE_NAME, find_inner
from sspl.prepare.items import Credit, Fault
from sspl.prepare.parts import Part, Source

FOLDS = {"test": ("5",), "val": ("4",), "train": ("1", "2", "3")}  # for the splits
_SPLITS = {fold: split for split, folds in FOLDS.items() for fold in folds}

# The middle of the 3 s to take. ESC-50 fills clips that are shorter than 5 s with silence.
SOUND_S = 1.5

OPEN_LICENCES = ("CC0", "CC-BY")
_LICENCE = (  # clip, title, source, author, licence
    r"- \[([\w-]+)\.ogg\]:\s*clip derived from (.*\S) ?\((https?://\S+)\) by (.*) \[([^\]]+)\]\s*"
)


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


def open_esc50(root: Path, any_licence: bool) -> Source | None:
    """The source that the folder is, or None if it is not ESC-50. Its splits are its folds.

    Args:
        any_licence: also take clips that are neither CC0 nor CC BY, or have no licence stated.
    Raises:
        ValueError: if the table is not as published, or the licences are needed and not there.
    """
    folder = find_esc50(root)
    if folder is None:
        return None
    clips, faults = read_clips(folder)
    kinds = frozenset(clip.category for clip in clips)
    read = partial(_read_kinds, folder, clips, faults, any_licence)
    return Source(name="ESC-50", kinds=kinds, read=read)


def _read_kinds(
    folder: Path, clips: list[Clip], faults: list[Fault], any_licence: bool, kinds: frozenset[str]
) -> tuple[list[Part], list[Fault]]:
    licences = read_licences(folder / "LICENSE", any_licence)
    parts: list[Part] = []
    left_out: Counter[str] = Counter()
    for clip in clips:
        if clip.category not in kinds:
            continue
        # 1-100032-A-0.wav is 1-100032-A.ogg there, without the number of its category.
        stated = licences.get(clip.file.rpartition("-")[0], Stated())
        if not any_licence and stated.licence not in OPEN_LICENCES:
            left_out[stated.licence] += 1
            continue
        parts.append(
            Part(
                name=f"ESC-50/{clip.file}",
                kind=clip.category,
                file=folder / "audio" / clip.file,
                origin=f"freesound {clip.recording}",
                split=clip.split,
                middle_s=SOUND_S,
                credit=Credit(kind="sound", file=f"ESC-50/{clip.file}", **vars(stated)),
            )
        )
    if left_out:
        by_tag = ", ".join(f"{num} {tag}" for tag, num in sorted(left_out.items()))
        reason = (
            f"{left_out.total()} of {left_out.total() + len(parts)} clips are left out for their "
            f"licence ({by_tag}): --any-licence takes them, too."
        )
        faults = [Fault(id="ESC-50", kind="skipped", reason=reason), *faults]
    return parts, faults


def read_licences(path: Path, any_licence: bool) -> dict[str, Stated]:
    """What the file LICENSE says of each clip, by its name without a suffix: 1-100032-A.

    Raises:
        ValueError: if it cannot be read, or names no clip; not for `any_licence`.
    """
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    licences: dict[str, Stated] = {}
    for line in lines:
        match = fullmatch(_LICENCE, line)
        if match:
            clip, title, source, author, licence = match.groups()
            licences[clip] = Stated(title=title, source=source, author=author, licence=licence)
    if not licences and not any_licence:
        raise ValueError(
            f"{path} names no clip's licence: unpack ESC-50 again, or take all with --any-licence."
        )
    return licences


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
