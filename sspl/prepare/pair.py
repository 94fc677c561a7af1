"""One pair: its picture, its sound and its row, or why there is none."""

import json
import os
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

from sspl.media.files import MediaError
from sspl.media.pictures import write_image
from sspl.media.sounds import write_audio
from sspl.prepare.boxes import cut_boxes, cut_objects
from sspl.prepare.cuts import read_picture, read_sound
from sspl.prepare.items import Credit, Fault, Item


@dataclass(frozen=True, kw_only=True)
class Made:
    """A pair that lies in the folder: its row, what it was made from, who made that, and notes."""

    row: dict[str, Any]
    stamp: str
    credits: tuple[Credit, ...]
    notes: tuple[str, ...]


def make_pair(item: Item, out: Path, name: str, before: str | None) -> Made | Fault:
    """Write the picture and the sound of a pair, unless they are there and have not changed.

    Args:
        name: of its files, see `sspl.prepare.names`.
        before: the stamp of the pair when it was made in an earlier run.
    Raises:
        MediaError: if they cannot be written. That they cannot be read is a fault.
    """
    give_up = partial(Fault, id=item.id, lists=item.lists)
    try:
        row, notes = _describe(item, name)
    except ValueError as error:
        return give_up(kind="skipped", reason=str(error))
    picture, sound = out / row["image"], out / row["audio"]
    if not (picture.exists() and sound.exists()):
        before = None
    now = _stamp(item, name)
    stamp = now or before
    if stamp is None:
        return give_up(kind="missing", reason=_say_missing(item))
    if now is None:
        notes.append("kept from an earlier run: its files at the source are gone")
    if stamp != before:
        try:
            pixels, waveform = read_picture(item), read_sound(item)
        except MediaError as error:
            return give_up(kind="unreadable", reason=str(error))
        for path in (picture, sound):
            _make_folder(path.parent)
        write_image(picture, pixels)
        write_audio(sound, waveform)
    return Made(row=row, stamp=stamp, credits=item.credits, notes=tuple(notes))


def _describe(item: Item, name: str) -> tuple[dict[str, Any], list[str]]:
    """The row of a pair, and what was noticed.

    Raises:
        ValueError: if it cannot be written, or had boxes of which none is left.
    """
    boxes, notes = cut_boxes(item.boxes, item.by_annotator)
    objects, more_notes = cut_objects(item.objects)
    row: dict[str, Any] = {
        "id": item.id,
        "image": f"images/{name}.jpg",
        "audio": f"audio/{name}.flac",
        "label": item.label,
        "split": item.split,
    }
    if boxes is not None:
        row["boxes"] = boxes
    if item.audio_source:
        row["audio_source"] = item.audio_source
    if item.lists:
        row["lists"] = list(item.lists)
    if objects:
        row["objects"] = objects
    try:
        json.dumps(row, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:  # a file's name in an old encoding, half a letter in JSON
        raise ValueError(
            f"{item.id!r} has a name or a label that is not text: rename it"
        ) from error
    if not item.id:
        raise ValueError("it has no id")
    return row, [*item.notes, *notes, *more_notes]


def _stamp(item: Item, name: str) -> str | None:
    """A digest of what the pair is made from; None where a file is not there."""
    parts: list[Any] = [name, item.picture_s, item.sound_s]
    if item.phrase:
        parts += [item.phrase.bank, item.phrase.program, item.phrase.seed]
    for path in item.pictures + item.sounds:
        if path is None or not os.path.exists(path):
            return None
        status = path.stat()
        parts += [path.name, status.st_size, status.st_mtime_ns]
    return sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _say_missing(item: Item) -> str:
    files = [("picture", path) for path in item.pictures] + [("sound", p) for p in item.sounds]
    if all(path is None for _, path in files):
        return f"neither a picture nor a sound of {item.id} was found."
    reasons = []
    for what, path in files:
        if path is None:
            reasons.append(f"no {what} of {item.id} was found")
        elif not os.path.exists(path):
            reasons.append(f"{path} does not exist")
    return " and ".join(dict.fromkeys(reasons)) + "."


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MediaError(f"{folder} cannot be made ({error.strerror}): move it away.") from error
