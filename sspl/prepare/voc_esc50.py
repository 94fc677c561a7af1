"""VOC2007 x ESC-50: photographs of nine classes with boxes, and sounds of the same classes.

A class-paired benchmark: a picture and its sound show and play the same class, but were not
recorded together. Scores on it do not compare with those on VGG-SS or SoundNet-Flickr.

To get both: `torchvision.datasets.VOCDetection(root, year="2007", image_set=s, download=True)` for
s = "trainval" and "test", which unpack into the same root/VOCdevkit/VOC2007, and the zip of
github.com/karolpiczak/ESC-50. VOC's photographs come from flickr, under its terms; ESC-50 is
CC BY-NC.

A picture is taken if exactly one of the nine classes is in it, whatever else is; all boxes of the
class count. What VOC calls difficult is in the picture, too, and its box counts; but a picture in
which the class is difficult throughout is left out, as VOC's own list of the class does ("0").

The splits are VOC's. ESC-50's folds, which keep its recordings apart, follow them. In each split
the pictures of a class are dealt its sounds: all in random order, then all again. The annotations
and the seed alone decide it, so a missing picture or sound changes no other pair.

A sound is used if VOC has one class, and only one, for what makes it. So engine (car, bus,
motorbike, boat), siren (car, bus), breathing and snoring (person, dog, cat) are left out, and
footsteps, brushing_teeth and drinking_sipping, where a thing sounds in a person's hands.
"""

import csv
import random
from dataclasses import dataclass, replace
from functools import partial
from math import inf, isfinite
from pathlib import Path
from re import fullmatch
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from sspl.media.files import check_file
from sspl.prepare.items import Fault, Item

SOUNDS = {  # ESC-50's of each of VOC's classes
    "aeroplane": ("airplane",),
    "bird": ("chirping_birds", "crow", "hen", "rooster"),
    "car": ("car_horn",),
    "cat": ("cat",),
    "cow": ("cow",),
    "dog": ("dog",),
    "person": ("clapping", "coughing", "crying_baby", "laughing", "sneezing"),
    "sheep": ("sheep",),
    "train": ("train",),
}
FOLDS = {"test": ("5",), "val": ("4",), "train": ("1", "2", "3")}  # ESC-50's for VOC's splits

_LABELS = {sound: label for label, sounds in SOUNDS.items() for sound in sounds}
_SPLITS = {fold: split for split, folds in FOLDS.items() for fold in folds}

# The middle of the 3 s to take. ESC-50 fills clips that are shorter than 5 s with silence.
SOUND_S = 1.5

_NAME = r"\w[\w.-]*"  # of a file, without a folder


@dataclass(frozen=True, kw_only=True)
class VocEsc50Options:
    """VOC2007 x ESC-50: a class-paired benchmark, pictures and sounds of nine classes."""

    voc: Path
    """the folder with VOCdevkit/VOC2007, as torchvision's VOCDetection unpacks it"""
    esc50: Path
    """the folder with ESC-50-master, as its zip unpacks"""
    seed: int = 0
    """decides which sound goes with which picture"""


def find_items(options: VocEsc50Options) -> list[Item | Fault]:
    """A pair for each picture of one class; a Fault for each that shows none of them, or several.

    Raises:
        ValueError: if a folder is not as published.
    """
    voc = _find_folder(options.voc, ("VOCdevkit/VOC2007", "VOC2007", "."), "ImageSets/Main")
    esc50 = _find_folder(options.esc50, ("ESC-50-master", "."), "meta/esc50.csv")
    sounds, sound_faults = _read_sounds(esc50 / "meta" / "esc50.csv")
    splits, list_faults = _read_splits(voc / "ImageSets" / "Main")
    found: list[Item | Fault] = [*sound_faults, *list_faults]
    alike: dict[tuple[str, str], list[Item]] = {}  # of one split and class, their sounds to come
    for name, split in sorted(splits.items()):
        item = _read_annotation(voc, name, split)
        if isinstance(item, Fault):
            found.append(item)
        else:
            alike.setdefault((split, item.label), []).append(item)
    for (split, label), pictures in alike.items():
        recordings = [esc50 / "audio" / name for name in sounds.get((split, label), [])]
        if not recordings:
            reason = f"esc50.csv has no sound of {label} for {split}."
            found += [Fault(id=item.id, kind="missing", reason=reason) for item in pictures]
            continue
        dealt = _deal(recordings, len(pictures), random.Random(f"{options.seed} {split} {label}"))
        found += [replace(item, sound=sound) for item, sound in zip(pictures, dealt, strict=True)]
    return found


def _find_folder(root: Path, names: tuple[str, ...], part: str) -> Path:
    """The first of `names` in `root` that has `part` in it."""
    for name in names:
        if (root / name / part).exists():
            return root / name
    raise ValueError(f"{root} has no {names[0]}/{part}: name the folder that holds {names[0]}.")


def _read_sounds(path: Path) -> tuple[dict[tuple[str, str], list[str]], list[Fault]]:
    """The files of each split and class, sorted; a Fault for each row that cannot be used."""
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
    sounds: dict[tuple[str, str], list[str]] = {}
    faults: list[Fault] = []
    files: set[str] = set()
    split_of: dict[str, str] = {}  # of each recording, of which a file may be one of several parts
    for line, row in rows:
        name, fold, category, recording = (row[column] or "" for column in columns)
        split = _SPLITS.get(fold, "")
        if not (split and category and recording and fullmatch(_NAME, name)):
            wrong = "it lacks a name of a file, a category, a src_file or a fold from 1 to 5"
        elif name in files:
            wrong = f"{name} comes a second time"
        elif split_of.get(recording, split) != split:
            wrong = f"its recording {recording} is for {split_of[recording]} already, not {split}"
        else:
            files.add(name)
            split_of[recording] = split
            if category in _LABELS:
                sounds.setdefault((split, _LABELS[category]), []).append(name)
            continue
        reason = f"{path.name}, line {line}: {wrong}."
        faults.append(Fault(id=name, kind="skipped", reason=reason))
    return {key: sorted(names) for key, names in sounds.items()}, faults


def _read_splits(folder: Path) -> tuple[dict[str, str], list[Fault]]:
    """The split of each picture; one that is on two lists is for testing, not for training."""
    splits: dict[str, str] = {}
    faults: list[Fault] = []
    for split in ("test", "val", "train"):
        path = folder / f"{split}.txt"
        try:
            names = path.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            reason = f"{path} does not exist: there are no pictures for {split}."
            faults.append(Fault(id=path.name, kind="missing", reason=reason))
            continue
        except (OSError, ValueError) as error:
            reason = f"{path} cannot be read as text ({error})."
            faults.append(Fault(id=path.name, kind="unreadable", reason=reason))
            continue
        for name in names:
            if fullmatch(_NAME, name) and name not in splits:
                splits[name] = split
                continue
            wrong = f"for {splits[name]} already" if name in splits else "no name of a picture"
            reason = f"{path.name}: {name!r} is {wrong}."
            faults.append(Fault(id=name, kind="skipped", reason=reason))
    return splits, faults


def _read_annotation(voc: Path, name: str, split: str) -> Item | Fault:
    """A pair that has no sound yet, or why there is none."""
    path = voc / "Annotations" / f"{name}.xml"
    give_up = partial(Fault, id=f"voc2007_{name}")
    try:
        root = fromstring(_read_file(path), forbid_dtd=True)
        objects = [thing for thing in root.iterfind("object") if _label(thing) in SOUNDS]
        labels = sorted({_label(thing) for thing in objects})
        if len(labels) != 1:
            what = " and ".join(labels) or "none of the nine classes"
            return give_up(kind="skipped", reason=f"{path.name} has {what} in it.")
        if all(thing.findtext("difficult") == "1" for thing in objects):
            return give_up(kind="skipped", reason=f"{path.name}: each {labels[0]} is difficult.")
        size_px = [_number(root, f"size/{side}") for side in ("width", "height")]
        boxes = [_read_box(thing, *size_px) for thing in objects]
    except FileNotFoundError:
        return give_up(kind="missing", reason=f"{path} does not exist.")
    except (OSError, ValueError, ParseError, LookupError) as error:
        return give_up(kind="unreadable", reason=f"{path.name} is not as published ({error}).")
    return Item(
        id=f"voc2007_{name}",
        picture=voc / "JPEGImages" / f"{name}.jpg",
        sound=None,
        sound_s=SOUND_S,
        boxes=boxes,
        label=labels[0],
        split=split,
    )


def _read_file(path: Path) -> bytes:
    """All of an ordinary file; FileNotFoundError where there is none."""
    return check_file(path).read_bytes() if path.exists() else path.read_bytes()


def _label(thing: Element) -> str:
    return thing.findtext("name", "").strip()


def _read_box(thing: Element, width_px: float, height_px: float) -> list[float]:
    """Normalised [x0, y0, x1, y1]: VOC counts pixels from 1, and `xmax` is still inside."""
    x0, y0, x1, y1 = (_number(thing, f"bndbox/{s}") for s in ("xmin", "ymin", "xmax", "ymax"))
    if not (width_px > 0 and height_px > 0):
        raise ValueError(f"its size is {width_px:g} x {height_px:g}")
    return [(x0 - 1) / width_px, (y0 - 1) / height_px, x1 / width_px, y1 / height_px]


def _number(element: Element, tag: str) -> float:
    text = element.findtext(tag)
    try:
        number = float(text or "")
    except ValueError:
        number = inf
    if not isfinite(number):
        raise ValueError(f"its {tag} is {text!r}")
    return number


def _deal(sounds: list[Path], num: int, rng: random.Random) -> list[Path]:
    """So many of the sounds at random, none twice before each was dealt once."""
    dealt: list[Path] = []
    while len(dealt) < num:
        dealt += rng.sample(sounds, len(sounds))
    return dealt[:num]
