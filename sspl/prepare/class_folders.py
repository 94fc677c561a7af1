"""A folder with a sub-folder for each class, as Caltech-101 is, and many a folder of one's own."""

from functools import partial
from pathlib import Path
from typing import Literal

from sspl.prepare.credits import Stated, find_notice, name_origin, read_attributions
from sspl.prepare.folder import find_inner, name_briefly, walk_folder
from sspl.prepare.items import Credit, Fault
from sspl.prepare.parts import Part, Source


def open_class_folder(
    root: Path, what: Literal["picture", "sound"], suffixes: tuple[str, ...]
) -> Source:
    """The source that a folder is.

    Raises:
        ValueError: if it has no sub-folders.
    """
    # As torchvision unpacks Caltech-101, and as its zip does.
    inner = (
        "caltech101/101_ObjectCategories",
        "101_ObjectCategories",
    )
    folder = find_inner(root, inner, ".") or root
    kinds = frozenset(
        path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
    )
    if not kinds:
        raise ValueError(
            f"{folder} has no sub-folders: put the {what}s of each class into one of its own."
        )
    name = folder.resolve().name
    read = partial(_read_kinds, folder, name, what, suffixes)
    return Source(name=name, kinds=kinds, read=read)


def _read_kinds(
    folder: Path,
    name: str,
    what: Literal["picture", "sound"],
    suffixes: tuple[str, ...],
    kinds: frozenset[str],
) -> tuple[list[Part], list[Fault]]:
    stated, faults = read_attributions(folder)
    notice = find_notice(folder)
    parts: list[Part] = []
    for kind in sorted(kinds):
        files = [
            (inside / file).relative_to(folder)
            for inside, files in walk_folder(folder / kind)
            for file in files
            if Path(file).suffix.lower() in suffixes
        ]
        if not files:
            reason = f"{folder / kind} holds no {what} ({', '.join(suffixes)})."
            faults.append(Fault(id=f"{name}/{kind}", kind="missing", reason=reason))
        for file, short in zip(files, name_briefly(files), strict=True):
            said = stated.get(file.as_posix())
            parts.append(
                Part(
                    name=f"{name}/{short}",
                    kind=kind,
                    file=folder / file,
                    # Without the folder's own name, which is the person's choice.
                    origin=name_origin(said or Stated(), file.as_posix()),
                    split=said.split if said else "",
                    keeps_split=bool(said and said.split),
                    credit=_give_credit(what, name, file, said, notice),
                )
            )
    return parts, faults


def _give_credit(
    what: Literal["picture", "sound"], name: str, file: Path, said: Stated | None, notice: Stated
) -> Credit:
    """For the file if somebody said who made it, or it is a sound; else for the folder."""
    if said is None and what == "picture":
        return Credit(kind="pictures", file=name, **vars(notice))
    return Credit(kind=what, file=f"{name}/{file.as_posix()}", **vars(said or notice))
