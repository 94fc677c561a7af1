"""A folder with a `manifest.jsonl` as a source: its pictures or its sounds, by the rows' labels.

What `sspl.prepare` wrote before, or anybody else in that format. Each picture and each sound is
taken once, however many rows have it, and stays in its split.
"""

import os
from collections import Counter, defaultdict
from functools import partial
from pathlib import Path
from typing import Any, Literal

from sspl.audio import CLIP_S
from sspl.data.manifest import MANIFEST, Row, read_fields, read_manifest
from sspl.prepare.credits import (
    ATTRIBUTIONS,
    NOT_STATED,
    Stated,
    find_notice,
    name_recording,
    read_credits,
)
from sspl.prepare.folder import name_briefly
from sspl.prepare.items import Credit, Fault
from sspl.prepare.mosaics import SIZES
from sspl.prepare.pairing import SHARES
from sspl.prepare.parts import Part, Source

_FIELDS = {"picture": ("image", "picture_source"), "sound": ("audio", "audio_source")}
_MOSAICS = {f"mosaic-{size}" for size in SIZES}
_Entry = tuple[Row, dict[str, Any]]  # a row, and its line as it stands


def open_manifest_folder(root: Path, what: Literal["picture", "sound"]) -> Source | None:
    """The source that the folder is, or None if it holds no manifest.

    Mosaics, and other rows whose objects are of several labels, are left out; so are, of the
    pictures, those that are annotated and show nothing of what sounds.

    Raises:
        ValueError: if the manifest is not as it must be.
    """
    if not (root / MANIFEST).exists():
        return None
    entries = [
        (row, fields)
        for row, fields in zip(read_manifest(root), read_fields(root), strict=True)
        if not _shows_several(row) and not (what == "picture" and _shows_nothing(row))
    ]
    kinds = frozenset(row.label for row, _ in entries if row.label)
    name = root.resolve().name
    return Source(name=name, kinds=kinds, read=partial(_read_kinds, root, name, what, entries))


def _shows_several(row: Row) -> bool:
    return len({thing.label for thing in row.objects}) > 1 or not _MOSAICS.isdisjoint(row.lists)


def _shows_nothing(row: Row) -> bool:
    return row.num_annotators > 0 and len(row.boxes) == 0


def _read_kinds(
    root: Path,
    name: str,
    what: Literal["picture", "sound"],
    entries: list[_Entry],
    kinds: frozenset[str],
) -> tuple[list[Part], list[Fault]]:
    parts: list[Part] = []
    faults: list[Fault] = []
    stated, notice = read_credits(root), find_notice(root)
    if what == "picture" and stated:  # it names the folders of pictures, too
        notice = Stated(licence=f"see {ATTRIBUTIONS} in it")
    by_file: dict[Path, list[_Entry]] = defaultdict(list)
    others: Counter[str] = Counter()
    for row, fields in entries:
        if row.label not in kinds:
            continue
        if row.split in SHARES:
            by_file[Path(os.path.normpath(fields[_FIELDS[what][0]]))].append((row, fields))
        else:
            others[row.split] += 1
    files = sorted(by_file)
    for file, short in zip(files, name_briefly(files), strict=True):
        labels = sorted({row.label for row, _ in by_file[file]})
        if len(labels) > 1:
            reason = f"{file.as_posix()} is of {' and '.join(labels)} in {root / MANIFEST}."
            faults.append(Fault(id=f"{name}/{short}", kind="skipped", reason=reason))
            continue
        # What is in two splits is for testing.
        row, fields = max(by_file[file], key=lambda entry: [*SHARES].index(entry[0].split))
        origin = fields.get(_FIELDS[what][1])
        origin = origin if isinstance(origin, str) else ""
        said = stated.get(file.as_posix()) or stated.get(origin)
        parts.append(
            Part(
                name=f"{name}/{short}",
                kind=row.label,
                file=root / file,
                origin=name_recording(origin) or origin or f"{name}/{file.as_posix()}",
                split=row.split,
                keeps_split=True,
                middle_s=None if row.start_s is None else row.start_s + CLIP_S / 2,
                boxes=fields.get("boxes"),
                by_annotator=_is_by_annotator(fields.get("boxes")),
                audio_source=origin if what == "sound" else "",
                credit=_give_credit(what, name, file, origin, said, notice),
            )
        )
    if others:
        by_split = ", ".join(f"{num} {split}" for split, num in sorted(others.items()))
        reason = (
            f"{others.total()} rows are left out, which are neither for train nor val nor test "
            f"({by_split})."
        )
        faults.append(Fault(id=f"{name} ({what}s)", kind="skipped", reason=reason))
    return parts, faults


def _is_by_annotator(boxes: list[Any] | None) -> bool:
    """Whether they are a list for each person; an empty list is nobody's box."""
    return any(not box or isinstance(box[0], list) for box in boxes or [])


def _give_credit(
    what: Literal["picture", "sound"],
    name: str,
    file: Path,
    origin: str,
    said: Stated | None,
    notice: Stated,
) -> Credit:
    """For the file if somebody said who made it, or it is a sound; else for the folder."""
    if said is None and what == "picture":
        return Credit(kind="pictures", file=name, **vars(notice))
    if said is None:
        said = Stated(title=origin or NOT_STATED, licence=notice.licence)
    own = f"{name}/{file.as_posix()}"
    return Credit(kind=what, file=origin or own if what == "sound" else own, **vars(said))
