"""MUSIC: people on YouTube who play one of eleven instruments, alone or two together.

Published are the ids of the videos (github.com/roudimit/MUSIC_dataset; Zhao et al., ECCV 2018),
and for 27 solos and 16 duets boxes four times a second (`solotest.json` and `duettest.json` in
`music-exp` of github.com/DTaoo/Discriminative-Sounding-Objects-Localization, "DSOL"; Hu et al.,
NeurIPS 2020). The videos have to be collected one by one; many are gone.

Videos without boxes are for training, frames with boxes for testing; no video is in both. None is
for validation: no published list of that kind leaves all test videos alone. By default all 22,640
frames with boxes are taken, as DSOL scores them. They are a quarter of a second apart and nearly
the same picture: `test_every_s` of 1 leaves 5,749, of 3 leaves 1,965, whose sounds do not overlap.

What the boxes lack: DSOL knows seven of the eleven instruments, so in seven of the 16 duets
only one of the two ever has a box. That both play at that moment is taken from the word duet.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any, Literal

from sspl.media.files import MediaError
from sspl.media.video import open_video
from sspl.prepare.folder import VIDEOS, walk_folder
from sspl.prepare.items import Fault, Item
from sspl.prepare.moments import check_every, list_moments
from sspl.prepare.music_boxes import Frame, choose_frames, infer_rate, read_frames, read_object

SOLOS = {11: "MUSIC_solo_videos.json", 21: "MUSIC21_solo_videos.json"}
DUET_VIDEOS = "MUSIC_duet_videos.json"
SOLO_BOXES, DUET_BOXES = "solotest.json", "duettest.json"


@dataclass(frozen=True, kw_only=True)
class MusicOptions:
    """MUSIC, solos and duets: videos without boxes are for training, frames with boxes for testing.

    The source holds, anywhere in it: MUSIC_solo_videos.json (or MUSIC21_solo_videos.json),
    MUSIC_duet_videos.json, solotest.json, duettest.json, and the videos, <id>.mp4 or
    <id>_0_1000.mp4.
    """

    source: Path
    """the folder with the lists and the videos"""
    num_instruments: Literal[11, 21] = 11
    """solos of MUSIC's 11 instruments, or of MUSIC-21's"""
    every_s: float | None = None
    """for training, a pair every so many seconds of a video; by default one, from its middle"""
    test_every_s: float = 0.0
    """for testing, frames at least so many seconds apart; 0 takes all, as DSOL does"""

    def __post_init__(self) -> None:
        check_every(self.every_s)
        if not 0 <= self.test_every_s < inf:
            raise ValueError(f"--test-every-s must be seconds, 0 or more, not {self.test_every_s}")


def find_items(options: MusicOptions) -> list[Item | Fault]:
    """A pair for each video without boxes, or several (`every_s`), and for each frame with some.

    Raises:
        ValueError: if the source is not a folder, or no list of videos is in it.
    """
    files = _find_files(options.source)
    lists = (SOLOS[options.num_instruments], DUET_VIDEOS)
    if not any(name in files for name in lists):
        raise ValueError(
            f"{options.source} has neither {lists[0]} nor {lists[1]}: copy them there from "
            "github.com/roudimit/MUSIC_dataset, or choose another --num-instruments."
        )
    found: list[Item | Fault] = []
    titles: dict[str, list[str]] = {}  # of each video: what it is listed as
    frames: dict[str, list[Frame]] = {}
    doubtful: set[str] = set()  # videos of which nobody knows whether they are for testing
    for list_name, boxes_name in zip(lists, (SOLO_BOXES, DUET_BOXES), strict=True):
        listed, list_faults = _read(_read_titles, files, list_name)
        boxed, boxes_faults = _read(read_frames, files, boxes_name)
        found += [*list_faults, *boxes_faults]
        for video, names in listed.items():
            titles.setdefault(video, []).extend(names)
        for video, some in boxed.items():
            frames.setdefault(video, []).extend(some)
        if any(fault.id == boxes_name for fault in boxes_faults):
            doubtful |= set(listed)

    for video in titles | frames:
        names, annotated = titles.get(video, []), frames.get(video, [])
        path = files.get(video, options.source / f"{video}.mp4")
        if len(set(names)) > 1:
            reason = f"{video} is listed as {' and as '.join(names)}: nobody knows what plays."
            ids = [frame.id for frame in annotated] or [video]
            found += [Fault(id=each, kind="skipped", reason=reason) for each in ids]
        elif annotated:
            found += _test_pairs(video, names, annotated, path, options.test_every_s)
        elif video in doubtful:
            reason = f"{video} may be for testing: its boxes are missing or cannot be read."
            found.append(Fault(id=video, kind="skipped", reason=reason))
        else:
            found += _train_pairs(video, names, path, options.every_s)
    return found


def _find_files(source: Path) -> dict[str, Path]:
    """JSON files by their names and videos by their ids; of several, the first."""
    files: dict[str, Path] = {}
    for folder, names in walk_folder(source):
        for name in names:
            path = folder / name
            if path.suffix.lower() in VIDEOS:
                files.setdefault(path.stem.removesuffix("_0_1000"), path)
            elif path.suffix == ".json":
                files.setdefault(name, path)
    return files


def _read(
    read: Callable[[Path], tuple[dict[str, list[Any]], list[Fault]]],
    files: dict[str, Path],
    name: str,
) -> tuple[dict[str, list[Any]], list[Fault]]:
    """What a file says of each video; nothing, and why, where it is missing or unreadable."""
    if name not in files:
        reason = f"{name} is not in the source: what it says is not used."
        return {}, [Fault(id=name, kind="missing", reason=reason)]
    try:
        return read(files[name])
    except ValueError as error:
        return {}, [Fault(id=name, kind="unreadable", reason=str(error))]


def _read_titles(path: Path) -> tuple[dict[str, list[str]], list[Fault]]:
    """What each video is listed as, "flute" or "flute violin"; a Fault for what is no id."""
    lists = read_object(path).get("videos")
    if not isinstance(lists, dict) or not all(isinstance(ids, list) for ids in lists.values()):
        raise ValueError(f"{path} does not list videos by instrument: copy it again.")
    titles: dict[str, list[str]] = {}
    faults = []
    for title, ids in lists.items():
        for video in ids:
            if isinstance(video, str) and re.fullmatch(r"[\w-]+", video):
                titles.setdefault(video, []).append(title)
            else:
                reason = f"{path.name} lists {video!r} as {title}: that is no id of a video."
                faults.append(Fault(id=str(video), kind="skipped", reason=reason))
    return titles, faults


def _train_pairs(video: str, titles: list[str], path: Path, every_s: float | None) -> list[Item]:
    """One pair from the middle of a video, or from the middle of every `every_s` seconds."""
    times: dict[str, float | None] = {video: None}
    if every_s is not None:
        moments = list_moments(_measure(path)[1], every_s)
        times = {f"{video}@{t_s:g}s": t_s for t_s in moments} or times
    return [
        Item(
            id=pair_id,
            picture=path,
            sound=path,
            picture_s=t_s,
            sound_s=t_s,
            label=_join(titles[0].split()),
            notes=_note_repeats(titles),
        )
        for pair_id, t_s in times.items()
    ]


def _test_pairs(
    video: str, titles: list[str], frames: list[Frame], path: Path, every_s: float
) -> Iterator[Item | Fault]:
    """One pair from each frame that has boxes, or from those at least `every_s` apart."""
    fps, end_s = _measure(path)
    rate = infer_rate(frames, fps)
    if rate is None:
        reason = f"No frame rate puts every annotated frame of {video} into the second it names."
        yield from (Fault(id=frame.id, kind="skipped", reason=reason) for frame in frames)
        return
    notes = _note_repeats(titles)
    if fps is not None and abs(fps - rate) > 0.005:
        notes += (
            f"{path.name} has {fps:.4g} frames a second, the copy that was annotated had "
            f"{float(rate):.4g}: the frame is found by its time.",
        )
    annotated = {label for frame in frames for label, _ in frame.boxes}
    playing = set(titles[0].split()) if titles else annotated
    yield from (frame.fault for frame in frames if frame.fault)
    for frame, t_s in choose_frames(frames, rate, every_s):
        if fps is not None and t_s > end_s:
            reason = f"{path.name} ends at {end_s:.1f} s; its box is of {t_s:.1f} s."
            yield Fault(id=frame.id, kind="skipped", reason=reason)
        else:
            yield _test_pair(frame, t_s, path, playing, notes)


def _measure(path: Path) -> tuple[float | None, float]:
    """Frames per second and length in seconds of a video; None and 0 where it cannot be read.

    Why it cannot is said when its pairs are made.
    """
    try:
        with open_video(path) as video:
            return video.fps, video.duration_s
    except MediaError:
        return None, 0.0


def _test_pair(
    frame: Frame, t_s: float, path: Path, playing: set[str], notes: tuple[str, ...]
) -> Item:
    boxed = {label for label, _ in frame.boxes}
    if boxed != playing:
        notes += (f"There are boxes of {_join(boxed)}, while {_join(playing)} is listed.",)
    objects = [{"label": label, "box": box, "sounding": True} for label, box in frame.boxes]
    return Item(
        id=frame.id,
        picture=path,
        sound=path,
        picture_s=t_s,
        sound_s=t_s,
        boxes=[box for _, box in frame.boxes],
        objects=tuple(objects) if len(playing) > 1 else (),
        label=_join(playing),
        split="test",
        notes=notes,
    )


def _note_repeats(titles: list[str]) -> tuple[str, ...]:
    return (f"It is listed as {titles[0]} {len(titles)} times.",) if len(titles) > 1 else ()


def _join(instruments: Iterable[str]) -> str:
    return "+".join(sorted(set(instruments)))
