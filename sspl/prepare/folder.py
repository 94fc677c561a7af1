"""Find the pictures, sounds and videos of clips in a person's folder by their names.

People keep the same files in many layouts: frames/<id>.jpg beside audio/<id>.wav, a folder for
each clip, a folder of numbered frames, or whole videos. What they share is the name.
"""

import os
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PICTURES = (".jpg", ".jpeg", ".png", ".webp", ".bmp")
SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".m4a")
VIDEOS = (".mp4", ".mkv", ".webm", ".mov", ".avi", ".m4v", ".flv", ".mpg", ".mpeg", ".wmv")

FILE_NAME = r"\w[\w.-]*"  # of a file, without a folder: what a published table may name


@dataclass(kw_only=True)
class Media:
    """The files of one clip; `frames` are middle frames of folders that bear its name."""

    pictures: list[Path] = field(default_factory=list)
    frames: list[Path] = field(default_factory=list)
    sounds: list[Path] = field(default_factory=list)
    videos: list[Path] = field(default_factory=list)

    @property
    def picture(self) -> Path | None:
        """A picture, or else a frame, or else a video."""
        return next(iter(self.pictures + self.frames + self.videos), None)

    @property
    def sound(self) -> Path | None:
        """A sound, or else a video."""
        return next(iter(self.sounds + self.videos), None)

    @property
    def notes(self) -> tuple[str, ...]:
        """Where there was a choice, what was chosen."""
        choices = (self.pictures or self.frames or self.videos, self.sounds or self.videos)
        return tuple(
            f"{len(files)} files have its name, of which {files[0]} is taken"
            for files in dict.fromkeys(map(tuple, choices))
            if len(files) > 1
        )


def find_media(source: Path, ids: Iterable[str]) -> dict[str, Media]:
    """The files of each clip, anywhere in the folder; an empty Media where there are none.

    Raises:
        ValueError: if there is no such folder.
    """
    by_name: dict[str, Media] = {}
    found = {id_: by_name.setdefault(normalise(id_), Media()) for id_ in ids}
    for folder, names in walk_folder(source):
        for name in names:
            media, suffix = by_name.get(normalise(strip_suffixes(name))), _suffix(name)
            if media is None:
                continue
            if suffix in PICTURES:
                media.pictures.append(folder / name)
            elif suffix in SOUNDS:
                media.sounds.append(folder / name)
            elif suffix in VIDEOS:
                media.videos.append(folder / name)
        media = by_name.get(normalise(strip_suffixes(folder.name)))
        if media is not None and (frame := find_middle_frame(folder, names)):
            media.frames.append(frame)
    return found


def find_middle_frame(folder: Path, names: Iterable[str]) -> Path | None:
    """The middle one of a folder's pictures, in order of their numbers."""
    frames = sorted((name for name in names if _suffix(name) in PICTURES), key=_by_number)
    return folder / frames[len(frames) // 2] if frames else None


def walk_folder(source: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder in it, in order, with the names of its files; links are followed.

    Raises:
        ValueError: if there is no such folder.
    """
    if not source.is_dir():
        raise ValueError(f"{source} is not a folder: name the one that holds the files.")
    visited: set[tuple[int, int]] = set()  # a link may lead back to a folder around it
    for folder, folders, names in os.walk(source, followlinks=True):
        status = os.stat(folder)
        inode = (status.st_dev, status.st_ino)
        if inode in visited:
            folders.clear()
            continue
        visited.add(inode)
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield Path(folder), sorted(name for name in names if not name.startswith("."))


def find_inner(root: Path, names: tuple[str, ...], part: str) -> Path | None:
    """The first of the folders `names` in `root` that has `part` in it, or None."""
    return next((root / name for name in names if (root / name / part).exists()), None)


def strip_suffixes(name: str) -> str:
    """A file's name without what says that it is a picture, a sound, a video: clip.mp4.mp3."""
    while (suffix := _suffix(name)) in PICTURES + SOUNDS + VIDEOS:
        name = name[: -len(suffix)]
    return name


def name_briefly(files: Sequence[Path]) -> list[str]:
    """Each without its suffix, unless two differ in it alone, as rex.jpg and rex.png do."""
    uses = Counter(file.with_suffix("") for file in files)
    return [
        (file.with_suffix("") if uses[file.with_suffix("")] == 1 else file).as_posix()
        for file in files
    ]


def normalise(name: str) -> str:
    """One form for names with accents, of which file systems have two."""
    return unicodedata.normalize("NFC", name)


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()


def _by_number(name: str) -> tuple[int, str]:
    return len(name), name  # 9.jpg before 10.jpg
