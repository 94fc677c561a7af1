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

import random
from dataclasses import dataclass, replace
from pathlib import Path

from sspl.prepare.esc50 import SOUND_S, find_esc50, read_clips
from sspl.prepare.items import Fault, Item
from sspl.prepare.voc2007 import find_voc, read_voc_picture, read_voc_splits

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
_LABELS = {sound: label for label, sounds in SOUNDS.items() for sound in sounds}


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
    voc = _check_found(find_voc(options.voc), options.voc, "VOCdevkit/VOC2007")
    esc50 = _check_found(find_esc50(options.esc50), options.esc50, "ESC-50-master")
    clips, clip_faults = read_clips(esc50)
    sounds: dict[tuple[str, str], list[Path]] = {}  # of each split and class
    for clip in clips:
        if clip.category in _LABELS:
            key = (clip.split, _LABELS[clip.category])
            sounds.setdefault(key, []).append(esc50 / "audio" / clip.file)
    splits, list_faults = read_voc_splits(voc / "ImageSets" / "Main")
    found: list[Item | Fault] = [*clip_faults, *list_faults]
    alike: dict[tuple[str, str], list[Item]] = {}  # of one split and class, their sounds to come
    for name, split in sorted(splits.items()):
        item = read_voc_picture(voc, name, split, SOUNDS)
        if item is None:
            reason = f"{name}.xml has none of the nine classes in it."
            item = Fault(id=f"voc2007_{name}", kind="skipped", reason=reason)
        if isinstance(item, Fault):
            found.append(item)
        else:
            alike.setdefault((split, item.label), []).append(item)
    for (split, label), pictures in alike.items():
        recordings = sounds.get((split, label), [])
        if not recordings:
            reason = f"esc50.csv has no sound of {label} for {split}."
            found += [Fault(id=item.id, kind="missing", reason=reason) for item in pictures]
            continue
        dealt = _deal(recordings, len(pictures), random.Random(f"{options.seed} {split} {label}"))
        found += [
            replace(item, sound=sound, sound_s=SOUND_S)
            for item, sound in zip(pictures, dealt, strict=True)
        ]
    return found


def _check_found(folder: Path | None, root: Path, name: str) -> Path:
    if folder is None:
        raise ValueError(f"{root} has no {name}: name the folder that holds {name}.")
    return folder


def _deal(sounds: list[Path], num: int, rng: random.Random) -> list[Path]:
    """So many of the sounds at random, none twice before each was dealt once."""
    dealt: list[Path] = []
    while len(dealt) < num:
        dealt += rng.sample(sounds, len(sounds))
    return dealt[:num]
