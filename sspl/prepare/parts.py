"""Pictures and sounds before they are paired, and the folders that they are in."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sspl.prepare.items import Credit, Fault
from sspl.prepare.phrases import Phrase


@dataclass(frozen=True, kw_only=True)
class Part:
    """A picture or a sound.

    Attributes:
        name: its own among all pictures, or all sounds.
        kind: what its folder calls what it shows or plays.
        file: where it is, or for a sound that is yet to be rendered its notes.
        origin: what it was cut from; parts of one origin are never in two splits.
        split: the published one; "" where nothing is published.
        keeps_split: stays in it, even as its label's only recording.
        middle_s: the middle of the 3 s of a sound to take; None is the middle of the file.
        boxes: of a picture, where somebody drew them; by_annotator: a list for each person.
        audio_source: of a sound, what its manifest says it was cut from.
        credit: who made it.
    """

    name: str
    kind: str
    file: Path | Phrase
    origin: str
    split: str = ""
    keeps_split: bool = False
    middle_s: float | None = None
    boxes: list[Any] | None = None
    by_annotator: bool = False
    audio_source: str = ""
    credit: Credit


@dataclass(frozen=True, kw_only=True)
class Source:
    """A folder of pictures or of sounds.

    Attributes:
        name: no other folder of pictures, or of sounds, has it.
        kinds: what is in it.
        read: gives the parts of some kinds, and faults.
    """

    name: str
    kinds: frozenset[str]
    read: Callable[[frozenset[str]], tuple[list[Part], list[Fault]]]


def describe_sound(sound: Part) -> dict[str, Any]:
    """The fields of an `Item` that say what is heard."""
    source = {"audio_source": sound.credit.file}
    if isinstance(sound.file, Phrase):
        return {"sound": None, "phrase": sound.file, **source}
    return {"sound": sound.file, "sound_s": sound.middle_s, **source}


def name_source(sound: Part) -> str:
    """What `--measure-only` reads: its `audio_source`, or else its file's name."""
    return sound.audio_source or (sound.name if isinstance(sound.file, Phrase) else sound.file.name)
