"""SoundNet-Flickr: 144k clips or more to train on, and 5,000 that three people each drew boxes on.

The test set (github.com/ardasnck/learning_to_localize_sound_source) holds Annotations/<id>.xml,
Data/frames/<id>.jpg and Data/audio/<id>.wav. In its XML a box is in pixels of a frame of 256 x 256;
divided by 256, and multiplied by another size again, it is exactly where the published code has it.

To train there are either frames/<id>.jpg and audio/<id>.wav, or SoundNet's own folders,
frames/<path>.mp4/*.jpg and mp3/<folder of the path>/*.mp3. Of a folder of frames the middle one is
taken. The authors of SSPL take whichever sound comes first in the folder, and in SoundNet's
"videos" several clips share a folder; here the sound has to bear the clip's name, or be alone.

SSL-TIE's list of 10,000 to train on has two clips of the published test list, EZ-VSL's of 144,000
has twenty. A clip that has boxes here, or is on a list that is named, is not trained on: where the
training clips lie by themselves, name the test list all the same.
"""

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from xml.etree.ElementTree import Element, ParseError

from defusedxml import ElementTree

from sspl.data.manifest import IMAGE_PX, check_inside
from sspl.media.files import check_file
from sspl.prepare.folder import (
    PICTURES,
    SOUNDS,
    VIDEOS,
    Media,
    find_media,
    find_middle_frame,
    normalise,
    strip_suffixes,
    walk_folder,
)
from sspl.prepare.items import Fault, Item
from sspl.prepare.lists import name_lists, note_repeats, read_column, read_lists, to_id
from sspl.prepare.silent import (
    SilentPair,
    extend_names,
    find_silent_items,
    list_clips,
    read_silent_pairs,
)


@dataclass(frozen=True, kw_only=True)
class FlickrOptions:
    """SoundNet-Flickr: clips with boxes (XML) are for testing, the others for training."""

    source: Path
    """the folder with Annotations, Data, frames, audio, mp3, or some of them"""
    lists: tuple[str, ...] = ()
    """test clips to take: flickr-249, flickr-250, or files with an id a line; by default all. They
    are left out of training, also where their annotations are not in this source"""
    silent_list: Path | None = None
    """SLAVC's flickr_test_plus_silent.csv: adds pictures with sounds of nothing in them"""
    train_list: Path | None = None
    """a file with the clips to train on, ids or paths; by default all, if no clip has boxes"""


def find_items(options: FlickrOptions) -> list[Item | Fault]:
    """The test clips, on the lists if there are some, the silent pairs, and the training clips.

    Raises:
        ValueError: if the source is not a folder, or has no clips, or a list cannot be read.
    """
    annotations: dict[str, list[Path]] = {}
    for folder, names in walk_folder(options.source):
        for name in names:
            if name.lower().endswith(".xml"):
                annotations.setdefault(normalise(name[:-4]), []).append(folder / name)
    silent = read_silent_pairs(options.silent_list)
    found = _find_test_items(options, annotations, silent) if annotations else []
    if options.train_list or not annotations:
        for_testing = {entry.id for entry in found}.union(list_clips(silent))
        for_testing |= {id_ for clips in read_lists(options.lists) for id_ in clips.ids}
        found += _find_training_items(options, for_testing)
    if not found:
        raise ValueError(
            f"{options.source} has no clips: it needs Annotations/<id>.xml for testing, or frames "
            "with audio or mp3 beside it for training"
        )
    return found


def _find_test_items(
    options: FlickrOptions, annotations: dict[str, list[Path]], silent: list[SilentPair]
) -> list[Item | Fault]:
    lists = read_lists(options.lists)
    on = name_lists(lists, annotations)
    media = find_media(options.source, [*on, *list_clips(silent)])

    found: list[Item | Fault] = []
    for id_, names in on.items():
        names = extend_names(names, options.silent_list)
        paths = annotations.get(normalise(id_), [])
        if not paths:
            reason = f"{id_}.xml is not there, so nobody knows where its boxes are."
            found.append(Fault(id=id_, kind="missing", reason=reason, lists=names))
            continue
        try:
            boxes = read_annotation(paths[0])
        except ValueError as error:
            found.append(Fault(id=id_, kind="unreadable", reason=str(error), lists=names))
            continue
        notes = (*note_repeats(lists, id_), *media[id_].notes)
        if len(boxes) == 1:
            notes += ("only one person drew boxes on it: they count in full",)
        found.append(
            Item(
                id=id_,
                picture=media[id_].picture,
                sound=media[id_].sound,
                boxes=boxes,
                by_annotator=True,
                split="test",
                lists=names,
                notes=notes,
            )
        )
        for path in paths[1:]:
            reason = f"{path} is a second annotation; {paths[0]} counts."
            found.append(Fault(id=id_, kind="skipped", reason=reason))
    return found + find_silent_items(silent, [clips.name for clips in lists], media)


def read_annotation(path: Path) -> list[list[list[float | str | None]]]:
    """The boxes of each person who drew some: (x0, y0, x1, y1) over 256, texts if not numbers.

    Raises:
        ValueError: if it is not such an XML file, declares entities, or has no boxes.
    """
    try:
        root = ElementTree.parse(check_file(path), forbid_dtd=True).getroot()
    except (ParseError, ValueError, LookupError, OSError) as error:
        kind = type(error).__name__
        raise ValueError(f"{path.name} is no annotation that can be read ({kind}).") from error
    assert root is not None
    drawn = [[_read_box(box) for box in annotator if box.tag == "bbox"] for annotator in root]
    if not any(drawn):
        raise ValueError(f"{path.name} has no bbox.")
    return [boxes for boxes in drawn if boxes]


def _read_box(box: Element) -> list[float | str | None]:
    """The four numbers after the first child, which is something else."""
    values: list[float | str | None] = []
    for child in list(box)[1:5]:
        try:
            values.append(float(child.text or "") / IMAGE_PX)
        except ValueError:
            values.append(child.text)
    return values


def _find_training_items(options: FlickrOptions, for_testing: set[str]) -> list[Item | Fault]:
    source = options.source
    entries = _list_clips(source) if options.train_list is None else read_column(options.train_list)
    own_folders = {entry for entry in entries if "/" in entry and (source / "mp3").is_dir()}
    others = [to_id(entry) for entry in entries if entry not in own_folders]
    media = find_media(source, others) if others else {}

    found: list[Item | Fault] = []
    for entry in entries:
        id_ = to_id(entry)
        try:
            inside = PurePosixPath(check_inside(entry))
        except ValueError as error:
            found.append(Fault(id=id_, kind="skipped", reason=f"{error}."))
            continue
        if id_ in for_testing:
            reason = f"{id_} is for testing, so it is not trained on."
            found.append(Fault(id=id_, kind="skipped", reason=reason))
            continue
        files = _find_in_folders(source, inside) if entry in own_folders else media[id_]
        found.append(Item(id=id_, picture=files.picture, sound=files.sound, notes=files.notes))
    return found


def _list_clips(source: Path) -> list[str]:
    """What can be trained on: folders of frames that are called like a video, and pictures."""
    entries: list[str] = []
    frames = source / "frames"
    for folder, names in walk_folder(frames) if frames.is_dir() else ():
        if folder.suffix.lower() in VIDEOS:
            entries.append(folder.relative_to(frames).as_posix())
        else:
            entries += [name for name in names if Path(name).suffix.lower() in PICTURES]
    return entries


def _find_in_folders(source: Path, clip: PurePosixPath) -> Media:
    """The files of a clip in SoundNet's own folders."""
    media = Media()
    frames, sounds = source / "frames" / clip, source / "mp3" / clip.parent
    if clip.suffix.lower() not in VIDEOS:
        frames = frames.with_name(f"{clip.name}.mp4")
    frame = find_middle_frame(frames, _list_names(frames))
    media.frames += [frame] if frame else []

    audio = [name for name in _list_names(sounds) if Path(name).suffix.lower() in SOUNDS]
    own = [name for name in audio if strip_suffixes(name) == to_id(clip.name)]
    if not own and len(audio) == len(_list_names(frames.parent)) == 1:
        own = audio  # neither has a neighbour, so whatever it is called, it is the clip's
    media.sounds += [sounds / name for name in own]
    return media


def _list_names(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith("."))
    except OSError:
        return []
