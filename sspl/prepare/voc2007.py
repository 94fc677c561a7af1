"""PASCAL VOC2007 as torchvision's VOCDetection unpacks it: its lists of pictures, its boxes."""

from collections.abc import Container
from functools import partial
from math import inf, isfinite
from pathlib import Path
from re import fullmatch
from xml.etree.ElementTree import Element, ParseError

from defusedxml.ElementTree import fromstring

from sspl.media.files import check_file
from sspl.prepare.credits import find_notice
from sspl.prepare.folder import FILE_NAME, find_inner
from sspl.prepare.items import Credit, Fault, Item
from sspl.prepare.parts import Part, Source

CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow",
    "diningtable", "dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train",
    "tvmonitor",
)  # fmt: skip


def find_voc(root: Path) -> Path | None:
    """The folder VOC2007 in a person's folder, or None."""
    return find_inner(root, ("VOCdevkit/VOC2007", "VOC2007", "."), "ImageSets/Main")


def open_voc(root: Path) -> Source | None:
    """The source that the folder is, or None if it is not VOC2007.

    Its pictures are those that show exactly one of the kinds asked for; the others that show some
    are faults. Their splits are its own.
    """
    folder = find_voc(root)
    if folder is None:
        return None
    return Source(name="VOC2007", kinds=frozenset(CLASSES), read=partial(_read_kinds, folder))


def _read_kinds(folder: Path, kinds: frozenset[str]) -> tuple[list[Part], list[Fault]]:
    splits, faults = read_voc_splits(folder / "ImageSets" / "Main")
    credit = Credit(kind="pictures", file="VOC2007", **vars(find_notice(folder)))
    parts: list[Part] = []
    for name, split in sorted(splits.items()):
        item = read_voc_picture(folder, name, split, kinds)
        if isinstance(item, Fault):
            faults.append(item)
        elif item is not None:
            assert item.picture is not None
            parts.append(
                Part(
                    name=item.id,
                    kind=item.label,
                    file=item.picture,
                    origin=item.id,
                    split=split,
                    boxes=item.boxes,
                    credit=credit,
                )
            )
    return parts, faults


def read_voc_splits(folder: Path) -> tuple[dict[str, str], list[Fault]]:
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
            if fullmatch(FILE_NAME, name) and name not in splits:
                splits[name] = split
                continue
            wrong = f"for {splits[name]} already" if name in splits else "no name of a picture"
            reason = f"{path.name}: {name!r} is {wrong}."
            faults.append(Fault(id=name, kind="skipped", reason=reason))
    return splits, faults


def read_voc_picture(
    voc: Path, name: str, split: str, classes: Container[str]
) -> Item | Fault | None:
    """A pair that has no sound yet, or why there is none; None if it shows none of the classes.

    Its label is the one of the classes that is in it, its boxes are all of that class.
    """
    path = voc / "Annotations" / f"{name}.xml"
    give_up = partial(Fault, id=f"voc2007_{name}")
    try:
        root = fromstring(_read_file(path), forbid_dtd=True)
        objects = [thing for thing in root.iterfind("object") if _label(thing) in classes]
        labels = sorted({_label(thing) for thing in objects})
        if not labels:
            return None
        if len(labels) > 1:
            what = " and ".join(labels)
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
