"""Clips of the built-in world as real files, in the format that every dataset has here.

See `sspl.data.manifest`; `objects` is every instrument in the picture.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np

from sspl.audio import CLIP_S, SAMPLE_RATE_HZ
from sspl.data.orchestra.scenes import Clip, Placed
from sspl.data.orchestra.sounds import synthesise
from sspl.data.orchestra.videos import MovingClip
from sspl.media.pictures import write_image
from sspl.media.sounds import write_audio
from sspl.media.video_writer import write_video

SoundFormat = Literal["wav", "flac", "ogg"]


def swap_sound(clip: Clip, rng: np.random.Generator) -> Clip:
    """The same picture when the instrument that was silent plays instead of the other.

    Args:
        clip: of the kind "silent".
        rng: makes the sound.
    Raises:
        ValueError: for a clip in which no instrument is silent.
    """
    placed = tuple(replace(p, sounding=not p.sounding) for p in clip.placed)
    names = [p.instrument for p in placed if p.sounding]
    if len(names) != 1:
        raise ValueError(f"{clip.id} has no silent instrument: swap clips of the kind 'silent'")
    waveform = synthesise(names[0], rng, len(clip.waveform) / SAMPLE_RATE_HZ)
    return replace(
        clip,
        id=f"{clip.id}-swapped",
        waveform=waveform,
        stems={names[0]: waveform},
        placed=placed,
        label=names[0],
    )


def write_clip(
    folder: Path,
    clip: Clip,
    *,
    sound: SoundFormat = "wav",
    split: str = "test",
    picture: str | None = None,
) -> dict[str, Any]:
    """Write the picture and the sound of a clip; return its row of the manifest.

    Args:
        folder: there already.
        sound: the format of the sound.
        picture: a file in the folder that shows this clip already, where there is one.
    Raises:
        MediaError: where the folder cannot be written to.
    """
    if picture is None:
        picture = f"{clip.id}.png"
        write_image(folder / picture, clip.image)
    audio = f"{clip.id}.{sound}"
    write_audio(folder / audio, clip.waveform)
    return _describe(clip.id, picture, audio, 0.0, clip.placed, clip.label, split)


def write_moving_clip(
    folder: Path, clip: MovingClip, *, sound: SoundFormat = "wav", split: str = "test"
) -> list[dict[str, Any]]:
    """Write a video, its sound and the middle frame of each turn; return one row for each turn.

    Args, raises: as `write_clip`.
    """
    film, audio = f"{clip.id}.mp4", f"{clip.id}.{sound}"
    write_video(folder / film, clip.frames(), clip.fps, waveform=clip.waveform)
    write_audio(folder / audio, clip.waveform)
    rows = []
    for number, turn in enumerate(clip.turns, 1):
        row_id, label = f"{clip.id}-{number}", "+".join(turn.sounding)
        middle_s = (turn.start_s + turn.end_s) / 2
        start_s = max(0.0, middle_s - CLIP_S / 2)
        placed = clip.placed_at(middle_s)
        write_image(folder / f"{row_id}.png", clip.draw_frame(int(middle_s * clip.fps)))
        row = _describe(row_id, f"{row_id}.png", audio, start_s, placed, label, split)
        rows.append(row | {"video": film})
    return rows


def _describe(
    row_id: str,
    image: str,
    audio: str,
    start_s: float,
    placed: Sequence[Placed],
    label: str,
    split: str,
) -> dict[str, Any]:
    objects = [
        {
            "label": p.instrument,
            "box": [round(edge, 5) for edge in p.box],
            "sounding": p.sounding,
        }
        for p in placed
    ]
    return {
        "id": row_id,
        "image": image,
        "audio": audio,
        "start_s": start_s,
        "boxes": [item["box"] for item in objects if item["sounding"]],
        "label": label,
        "split": split,
        "objects": objects,
    }
