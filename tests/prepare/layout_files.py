"""Small datasets as their publishers lay them out, real jpg, wav and mp4 files."""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from media_files import draw_quarters, write_sound, write_video_file
from PIL import Image

from sspl.prepare.items import Fault, Item

BOX_256 = (64, 32, 192, 128)
BOX = [0.25, 0.125, 0.75, 0.5]

BOMB = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "ha"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">'
    '<!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]><a><annotator><bbox>&d;</bbox></annotator></a>'
)
ENTITY = (
    '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY secret SYSTEM "file://{path}">]>'
    "<a><annotator><bbox><class>&secret;</class></bbox></annotator></a>"
)


def write_picture(path: Path) -> Path:
    """Four colours, 64 x 48."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(draw_quarters()).save(path)
    return path


def write_wav(path: Path, duration_s: float = 4.0) -> Path:
    """A tone that rises through the whole of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_sound(path, duration_s)


def write_clip(path: Path, duration_s: float = 3.5, **options) -> Path:
    """A video whose frames get lighter, see media_files; at most 3.9 s."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_video_file(path, duration_s, **options)


def to_xml(by_annotator: Sequence[Sequence[Sequence[object]]]) -> str:
    """Boxes as SoundNet-Flickr has them: something else comes first in each."""
    names = ("xmin", "ymin", "xmax", "ymax")
    blocks = []
    for number, boxes in enumerate(by_annotator):
        inside = "".join(
            "<bbox><class>object</class>"
            + "".join(f"<{name}>{value}</{name}>" for name, value in zip(names, box, strict=False))
            + "</bbox>"
            for box in boxes
        )
        blocks.append(f"<annotator{number}>{inside}</annotator{number}>")
    return f"<annotations><ID>7</ID>{''.join(blocks)}</annotations>"


def write_annotation(path: Path, by_annotator=((BOX_256,), (BOX_256,), (BOX_256,))) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(to_xml(by_annotator), encoding="utf-8")
    return path


def write_flickr(folder: Path, ids: Iterable[str]) -> Path:
    """The 5k test set as in SSPL's README."""
    for id_ in ids:
        write_annotation(folder / "Annotations" / f"{id_}.xml")
        write_picture(folder / "Data" / "frames" / f"{id_}.jpg")
        write_wav(folder / "Data" / "audio" / f"{id_}.wav")
    return folder


def write_vggss(path: Path, entries: Sequence[object]) -> Path:
    """vggss.json; an entry that is a text is the id of a dog with one good box."""
    entries = [
        {"file": entry, "class": "dog", "bbox": [BOX]} if isinstance(entry, str) else entry
        for entry in entries
    ]
    path.write_text(json.dumps(entries), encoding="utf-8")
    return path


def write_lines(path: Path, *lines: str) -> Path:
    path.write_text("".join(f"{line}\r\n" for line in lines), encoding="utf-8")
    return path


def pair(id_: str, picture: Path | None, sound: Path | None, **values) -> Item:
    return Item(id=id_, picture=picture, sound=sound, **values)


def by_id(entries: Iterable[Item | Fault]) -> dict[str, Item | Fault]:
    return {entry.id: entry for entry in entries}


def take_snapshot(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file below a folder, with its time and a digest of its bytes."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mtime_ns,
            sha256(path.read_bytes()).hexdigest(),
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def take_contents(folder: Path) -> dict[str, str]:
    """The same without the times and without the journal, which tells what happened when."""
    snapshot = take_snapshot(folder)
    return {name: digest for name, (_, digest) in snapshot.items() if name != "journal.jsonl"}
