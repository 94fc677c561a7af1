"""What a published layout promises, pair by pair, before a file of it is opened."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from sspl.prepare.phrases import Phrase


@dataclass(frozen=True, kw_only=True, order=True)
class Credit:
    """Who made a sound, a picture or a folder of pictures, and where it was used."""

    kind: Literal["sound", "picture", "pictures"]
    file: str
    label: str = ""
    title: str
    author: str
    source: str
    licence: str
    split: str = ""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A pair to make.

    Attributes:
        id: also the names of the files to write.
        picture: an image, or a video of which one frame is taken; None where there is no such file.
        sound: a sound, or a video that has one; None where there is no such file.
        tiles: instead of a picture, two that stand side by side, or four in 2 x 2, row by row.
        phrase: instead of a sound, notes to render.
        picture_s: where in a video the frame is; None is its middle.
        sound_s: the middle of the 3 s to take; None is the middle of the file.
        boxes: as in `sspl.data.manifest`, but with the values as published; by_annotator: a list
            of them for each person who drew some.
        objects: as in `sspl.data.manifest`, but with the values as published.
        label, split, lists: as in `sspl.data.manifest`.
        audio_source: what the sound was cut from, by the name that its credit has, too.
        credits: who made what it is made from.
        notes: what the reader of the layout noticed about the pair, each a sentence.
    """

    id: str
    picture: Path | None
    sound: Path | None
    tiles: tuple[Path, ...] = ()
    phrase: Phrase | None = None
    picture_s: float | None = None
    sound_s: float | None = None
    boxes: list[Any] | None = None
    by_annotator: bool = False
    objects: tuple[dict[str, Any], ...] = ()
    label: str = ""
    split: str = "train"
    lists: tuple[str, ...] = ()
    audio_source: str = ""
    credits: tuple[Credit, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def pictures(self) -> tuple[Path | None, ...]:
        """The files that its picture is made from."""
        return self.tiles or (self.picture,)

    @property
    def sounds(self) -> tuple[Path | None, ...]:
        """The files that its sound is made from."""
        return (self.phrase.soundfont if self.phrase else self.sound,)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A pair that is not made; the reason is a sentence that names the file.

    `lists` are the published lists on which it is, as for a pair.
    """

    id: str
    kind: Literal["missing", "unreadable", "skipped"]
    reason: str
    lists: tuple[str, ...] = ()
