"""Any folder of videos: a pair from the middle of each, or one every so many seconds."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from sspl.media.files import MediaError
from sspl.media.sounds import audio_duration_s
from sspl.prepare.folder import VIDEOS, walk_folder
from sspl.prepare.items import Fault, Item
from sspl.prepare.moments import check_every, list_moments


@dataclass(frozen=True, kw_only=True)
class VideosOptions:
    """Any folder of videos, to train on. What is in a sub-folder has its name as the class."""

    source: Path
    """the folder with the videos"""
    every_s: float | None = None
    """a pair every so many seconds of a video; by default one, from its middle"""

    def __post_init__(self) -> None:
        check_every(self.every_s)


def find_items(options: VideosOptions) -> list[Item | Fault]:
    """The pairs of each video, called by its path.

    Raises:
        ValueError: if the source is not a folder, or has no videos.
    """
    source = options.source
    videos = [
        folder / name
        for folder, names in walk_folder(source)
        for name in names
        if Path(name).suffix.lower() in VIDEOS
    ]
    if not videos:
        raise ValueError(f"{source} has no videos ({', '.join(VIDEOS)})")
    ids = [path.relative_to(source).with_suffix("").as_posix() for path in videos]
    uses = Counter(ids)
    found: list[Item | Fault] = []
    for id_, path in zip(
        ids, tqdm(videos, desc="lengths", disable=not options.every_s), strict=True
    ):
        if uses[id_] > 1:
            id_ += path.suffix  # clip.mp4 lies beside clip.webm
        label = "" if path.parent == source else path.parent.name
        if options.every_s is None:
            found.append(Item(id=id_, picture=path, sound=path, label=label))
        else:
            found += _find_moments(id_, path, label, options.every_s)
    return found


def _find_moments(id_: str, path: Path, label: str, every_s: float) -> list[Item | Fault]:
    """A pair from the middle of every stretch of `every_s`; at least one."""
    try:
        duration_s = audio_duration_s(path)
    except MediaError as error:
        return [Fault(id=id_, kind="unreadable", reason=str(error))]
    moments = list_moments(duration_s, every_s) or [duration_s / 2]
    return [
        Item(
            id=f"{id_}@{round(at_s, 3)}s",
            picture=path,
            sound=path,
            picture_s=at_s,
            sound_s=at_s,
            label=label,
        )
        for at_s in moments
    ]
