"""The boxes that DSOL drew in MUSIC's videos, and at what time of a video each was drawn.

`<id>_0_1000/frame_175/05257.jpg` is frame 5257, counted from 0, in second 175 of the file that the
annotators had. In a copy with 25 frames a second, frame 5257 is another scene half a minute later:
a frame has to be found by its time, `count / rate`, at the annotators' rate, not the copy's.

That rate follows from the two numbers, 5257 / 175. As published, in all 43 videos it can only be
30 or 29.97, and in three only 30; in the other 40 the two are at most 0.28 s apart. It was 30 in
all of them: DSOL's `cut_videos.py` keeps frames 0, 7, 14 and 21 of a second, and begins a second
where the count is a whole multiple of the rate, so at 29.97 it would have stopped after the first.
All 24,984 counts are 0, 7, 14 or 21 modulo 30.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import isfinite
from pathlib import Path
from typing import Any

from sspl.media.files import check_file
from sspl.prepare.items import Fault

INSTRUMENTS = {  # by DSOL's `category_id`
    1: "cello",
    3: "acoustic_guitar",
    8: "saxophone",
    10: "trumpet",
    11: "violin",
    12: "flute",
    13: "accordion",
}

# Frames per second: that of the published boxes first, then by how common they are.
RATES = tuple(
    Fraction(text)
    for text in ("30", "30000/1001", "25", "24", "24000/1001", "60", "60000/1001", "50")
)

_FRAME = re.compile(r"([\w-]+?)(?:_0_1000)?/frame_([0-9]{1,9})/([0-9]{1,9})\.jpg")


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A frame that was annotated.

    Attributes:
        id: of the pair that can be made of it.
        second, count: where it is in its video, see above.
        boxes: instrument and [x0, y0, x1, y1] of each, as published.
        fault: why no pair can be made of it, or None.
    """

    id: str
    second: int
    count: int
    boxes: tuple[tuple[str, list[float]], ...]
    fault: Fault | None


def read_frames(path: Path) -> tuple[dict[str, list[Frame]], list[Fault]]:
    """The frames of each video in `solotest.json` or `duettest.json`.

    Also returns a Fault for each name that does not say where the frame belongs.

    Raises:
        ValueError: if the file is not such a one.
    """
    videos: dict[str, list[Frame]] = {}
    faults: list[Fault] = []
    for key, entry in read_object(path).items():
        named = _FRAME.fullmatch(key)
        if named is None:
            reason = f"{path.name}: {key!r} is not <id>_0_1000/frame_<second>/<count>.jpg."
            faults.append(Fault(id=key, kind="skipped", reason=reason))
            continue
        video, second, count = named[1], int(named[2]), int(named[3])
        frame_id = f"{video}_{second:03d}_{count:05d}"
        boxes, fault = (), None
        try:
            boxes = tuple(_parse_box(box) for box in entry["bbox"])
            if not boxes:
                reason = f"{path.name}, {key}: nothing is annotated in this frame."
                fault = Fault(id=frame_id, kind="skipped", reason=reason)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            reason = f"{path.name}, {key}: a box is not as published ({error})."
            fault = Fault(id=frame_id, kind="unreadable", reason=reason)
        frame = Frame(id=frame_id, second=second, count=count, boxes=boxes, fault=fault)
        videos.setdefault(video, []).append(frame)
    return videos, faults


def infer_rate(frames: Sequence[Frame], copy_fps: float | None = None) -> Fraction | None:
    """Frames per second of the file in which the frames of a video were counted.

    Args:
        frames: all that were annotated, usable or not.
        copy_fps: the rate of the copy at hand. It decides where several rates fit, but not
            against 30, which all published boxes have.

    Returns:
        One of `RATES`, or None where no rate puts every frame into its second.
    """
    fitting = [r for r in RATES if all(int(frame.count / r) == frame.second for frame in frames)]
    if copy_fps is not None and RATES[0] not in fitting:
        fitting.sort(key=lambda rate: abs(rate - copy_fps) > 0.005)  # stable
    return fitting[0] if fitting else None


def choose_frames(
    frames: Sequence[Frame], rate: Fraction, every_s: float
) -> list[tuple[Frame, float]]:
    """Those usable frames of a video that are at least `every_s` apart, with their times in s."""
    chosen: list[tuple[Frame, Fraction]] = []
    for frame in sorted(frames, key=lambda frame: frame.count):
        time = frame.count / rate
        if frame.fault is None and (not chosen or time - chosen[-1][1] >= every_s):
            chosen.append((frame, time))
    return [(frame, float(time)) for frame, time in chosen]


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        ValueError: if there is none.
    """
    try:
        content = json.loads(check_file(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ValueError(f"{path} cannot be read as JSON ({error}): copy it again.") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path} is not a JSON object: copy it again.")
    return content


def _parse_box(box: Any) -> tuple[str, list[float]]:
    """Instrument and [x0, y0, x1, y1] of a published box, which is [x, y, width, height]."""
    if box["category_id"] not in INSTRUMENTS:
        raise ValueError(f"no instrument has category_id {box['category_id']!r}")
    x, y, width, height = map(float, box["normbox"])
    corners = [x, y, x + width, y + height]
    if not all(map(isfinite, corners)):
        raise ValueError(f"normbox is {box['normbox']}")
    return INSTRUMENTS[box["category_id"]], corners
