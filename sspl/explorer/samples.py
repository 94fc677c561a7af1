"""A folder of samples to try: `manifest.jsonl` beside the pictures, sounds and videos it names.

A line may hold a `title`, which otherwise follows from what is seen and heard; a `sound_title`; and
a `credit`, which photographs have and scenes of the built-in world have not.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sspl.audio import CLIP_S
from sspl.data.manifest import Row, read_fields, read_manifest
from sspl.explorer.scenes import Instrument, Scene, Sound
from sspl.media.pictures import read_image
from sspl.media.sounds import read_audio


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A scene to try.

    Attributes:
        video: the file that the picture and the sound are out of, if there is one.
        is_variant: an earlier sample has the same picture or video, with another sound.
    """

    scene: Scene
    video: Path | None
    is_variant: bool


def load_samples(folder: Path, max_side_px: int) -> dict[str, Sample]:
    """Read every sample of a folder, by its id, in the manifest's order.

    Args:
        max_side_px: larger pictures are shrunk so that neither side is longer.
    Raises:
        ValueError: if the manifest is missing or empty, or a file that it names cannot be read.
    """
    samples: dict[str, Sample] = {}
    sources = set()
    for row, fields in zip(read_manifest(folder), read_fields(folder), strict=True):
        source = row.video or row.image
        scene = read_scene(row, fields, max_side_px)
        samples[row.id] = Sample(scene=scene, video=row.video, is_variant=source in sources)
        sources.add(source)
    return samples


def read_scene(row: Row, fields: Mapping[str, Any], max_side_px: int) -> Scene:
    """The scene of one row of a manifest; arguments and errors as of `load_samples`.

    Args:
        fields: the line as it stands.
    """
    playing = tuple(row.label.split("+"))
    seen = tuple(Instrument(name=item.label, box=item.box) for item in row.objects)
    credit = fields.get("credit", "")
    title = fields.get("sound_title", _name(playing))
    audio = read_audio(row.audio, row.start_s, CLIP_S)
    return Scene(
        title=fields.get("title") or _describe(playing, [each.name for each in seen]),
        picture=read_image(row.image, max_side_px),
        sound=Sound(title=title, waveform=audio, instruments=playing, key=row.id),
        instruments=seen,
        sample=row.id,
        drawn=not credit,
        credit=credit,
    )


def _describe(playing: tuple[str, ...], seen: list[str]) -> str:
    """What sounds, and what else is to be known: "Cello, flute silent"."""
    silent = [name for name in seen if name not in playing]
    words = _name(playing).capitalize()
    words += " off screen" if not set(playing) & set(seen) else ""
    return f"{words}, {_name(silent)} silent" if silent else words


def _name(instruments: tuple[str, ...] | list[str]) -> str:
    return " and ".join(instruments).replace("_", " ")
