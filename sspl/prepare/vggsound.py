"""VGG-Sound: clips of 10 s from YouTube; and VGG-SS, 5,158 of them with boxes.

vggsound.csv (github.com/hche11/VGGSound) has a line for each clip: YouTube's id, the second in
which it begins, its class, train or test. A clip is called <id>_<second in six digits>.
vggss.json (github.com/hche11/Localizing-Visual-Sounds-the-Hard-Way) has the boxes.

Which frame? The boxes are drawn on the middle one, 5.0 s into the clip (SSLalignment reads
image_050.jpg, at 10 frames a second). Of a clip that has boxes that frame is taken, and no other;
of a clip to train on, the middle of what there is.

A clip of VGG-SS is for testing, whatever a list or vggsound.csv says, and so is every other clip
of its video: EZ-VSL's list of 144,000 to train on has 3,709 and 101 of them. Eighteen entries of
vggss.json have boxes without any area, some with coordinates of -2.9e16; two of these have no other
box, so that of 5,158 clips 5,156 can be scored.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sspl.media.files import check_file
from sspl.prepare.folder import Media, find_media, normalise
from sspl.prepare.items import Fault, Item
from sspl.prepare.lists import name_lists, note_repeats, read_column, read_lists, read_rows, to_id
from sspl.prepare.silent import extend_names, find_silent_items, list_clips, read_silent_pairs

MIDDLE_S = 5.0


@dataclass(frozen=True, kw_only=True)
class VggsoundOptions:
    """VGG-Sound and VGG-SS: <id>.mp4 anywhere in the source, or pictures and sounds, <id>.jpg and
    <id>.wav. An id is YouTube's and the second in six digits: zpWuikVorYg_000032."""

    source: Path
    """the folder with the clips"""
    vggss: Path | None = None
    """vggss.json: the clips with boxes, for testing"""
    csv: Path | None = None
    """vggsound.csv: classes, and which clips are for training"""
    lists: tuple[str, ...] = ()
    """test clips to take: vggss-5158, vggss-4692, vggss-4911, or files with an id a line; by
    default all with boxes"""
    silent_list: Path | None = None
    """SLAVC's vggss_test_plus_silent.csv: adds pictures with sounds of nothing in them"""
    train_list: Path | None = None
    """a file with the ids to train on; by default those that --csv says are for training. With
    --vggss too, its clips are left out"""

    def __post_init__(self) -> None:
        if not (self.vggss or self.csv or self.train_list):
            raise ValueError(
                "say which clips: --vggss vggss.json for testing, --csv vggsound.csv or "
                "--train-list FILE for training"
            )
        if (self.lists or self.silent_list) and not self.vggss:
            raise ValueError("--lists and --silent-list name test clips: add --vggss vggss.json")


@dataclass(frozen=True, kw_only=True)
class Annotated:
    """An entry of vggss.json."""

    label: str
    boxes: list[Any]


@dataclass(frozen=True, kw_only=True)
class Labelled:
    """A line of vggsound.csv."""

    label: str
    split: str


def find_items(options: VggsoundOptions) -> list[Item | Fault]:
    """The clips of VGG-SS, on the lists if there are some, the silent pairs, and those to train on.

    Raises:
        ValueError: if the source is not a folder, or a list or an annotation cannot be read.
    """
    annotated, found = read_vggss(options.vggss) if options.vggss else ({}, [])
    damaged = {fault.id for fault in found}
    labelled, more_faults = read_vggsound(options.csv) if options.csv else ({}, [])
    found += more_faults
    lists = read_lists(options.lists)
    on = name_lists(lists, annotated)
    silent = read_silent_pairs(options.silent_list)
    if options.train_list:
        training = [to_id(entry) for entry in read_column(options.train_list)]
    else:
        training = [id_ for id_, clip in labelled.items() if clip.split == "train"]
    media = find_media(options.source, [*on, *training, *list_clips(silent)])

    for id_, names in on.items():
        names = extend_names(names, options.silent_list)
        if id_ in annotated:
            notes = (*note_repeats(lists, id_), *media[id_].notes)
            found.append(_to_test_item(id_, annotated[id_], media[id_], names, notes))
        else:
            reason = f"{id_} is not in {options.vggss}, so nobody knows where its boxes are."
            found.append(Fault(id=id_, kind="missing", reason=reason, lists=names))
    found += find_silent_items(silent, [clips.name for clips in lists], media, MIDDLE_S)
    for_testing = {*annotated, *damaged, *on, *list_clips(silent)}
    test_videos = {_name_video(id_) for id_ in for_testing}
    for id_ in training:
        if _name_video(id_) in test_videos:
            what = "is" if id_ in for_testing else "is out of a video that is"
            reason = f"{id_} {what} for testing, so it is not trained on."
            found.append(Fault(id=id_, kind="skipped", reason=reason))
        else:
            found.append(
                Item(
                    id=id_,
                    picture=media[id_].picture,
                    sound=media[id_].sound,
                    label=labelled[id_].label if id_ in labelled else "",
                    notes=media[id_].notes,
                )
            )
    return found


def _name_video(id_: str) -> str:
    """The YouTube id of a clip's video, without the second where the clip begins."""
    return id_.rsplit("_", 1)[0]


def _to_test_item(
    id_: str, clip: Annotated, media: Media, lists: tuple[str, ...], notes: tuple[str, ...]
) -> Item:
    return Item(
        id=id_,
        picture=media.picture,
        sound=media.sound,
        picture_s=MIDDLE_S,
        sound_s=MIDDLE_S,
        boxes=clip.boxes,
        label=clip.label,
        split="test",
        lists=lists,
        notes=notes,
    )


def read_vggss(path: Path) -> tuple[dict[str, Annotated], list[Item | Fault]]:
    """The entries of vggss.json by their ids, and those that cannot be used.

    Raises:
        ValueError: if it is not a JSON list.
    """
    try:
        entries = json.loads(check_file(path).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(entries, list):
        raise ValueError(f"{path} is not a list of clips with boxes: pass vggss.json")
    annotated: dict[str, Annotated] = {}
    faults: list[Item | Fault] = []
    for number, entry in enumerate(entries, 1):
        match entry:
            case {"file": str(id_)} if normalise(id_) in annotated:
                reason = f"{path.name} has {id_} more than once; the first counts."
                faults.append(Fault(id=normalise(id_), kind="skipped", reason=reason))
            case {"file": str(id_), "class": str(label), "bbox": list(boxes)} if boxes:
                annotated[normalise(id_)] = Annotated(label=label, boxes=boxes)
            case {"file": str(id_)}:
                reason = f"{path.name}, entry {number}: {id_} has no class, or no boxes."
                faults.append(Fault(id=normalise(id_), kind="unreadable", reason=reason))
            case _:
                reason = f"{path.name}, entry {number}, names no file."
                faults.append(Fault(id=f"entry {number}", kind="unreadable", reason=reason))
    return annotated, faults


def read_vggsound(path: Path) -> tuple[dict[str, Labelled], list[Fault]]:
    """The lines of vggsound.csv by the names of their clips, and those that cannot be used.

    Raises:
        ValueError: if it cannot be read.
    """
    labelled: dict[str, Labelled] = {}
    faults: list[Fault] = []
    for number, row in enumerate(read_rows(path), 1):
        match row:
            case [video, begin, label, ("train" | "test") as split] if begin.isdecimal():
                id_ = normalise(f"{video}_{int(begin):06d}")
                if id_ in labelled:
                    reason = f"{path.name} has {id_} more than once; the first counts."
                    faults.append(Fault(id=id_, kind="skipped", reason=reason))
                else:
                    labelled[id_] = Labelled(label=label, split=split)
            case _:
                reason = f"{path.name}, row {number}, is not id, second, class, train or test."
                faults.append(Fault(id=f"row {number}", kind="unreadable", reason=reason))
    return labelled, faults
