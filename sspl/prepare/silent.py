"""Extended test sets: pictures that are played a sound of nothing in them.

SLAVC (Mo and Morgado, NeurIPS 2022) publishes flickr_test_plus_silent.csv and
vggss_test_plus_silent.csv, 250 and 5158 lines "picture,sound,non-sounding", to be added to the
same number of ordinary clips. To find the source is right for one half, to find none for the
other. Extended by such a file, the list "flickr-250" is also the list "flickr-250-extended": the
same clips, and the silent pairs. A pair is called "<picture>+<sound>".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sspl.prepare.folder import Media
from sspl.prepare.items import Fault, Item
from sspl.prepare.lists import read_rows, to_id


@dataclass(frozen=True, kw_only=True)
class SilentPair:
    """The clip whose picture is shown, and the clip whose sound is played."""

    picture: str
    sound: str


def read_silent_pairs(path: Path | None) -> list[SilentPair]:
    """The pairs of such a file; none if there is no file.

    Raises:
        ValueError: if it is not such a file.
    """
    if path is None:
        return []
    rows = [row for row in read_rows(path) if row[0] != "video"]  # the head
    if not rows or not all(len(row) == 3 and row[1] and row[2] == "non-sounding" for row in rows):
        raise ValueError(f'{path} is not a silent list: its lines are "picture,sound,non-sounding"')
    return [SilentPair(picture=to_id(row[0]), sound=to_id(row[1])) for row in rows]


def list_clips(pairs: Iterable[SilentPair]) -> list[str]:
    """All clips of which something is shown or played."""
    return [id_ for pair in pairs for id_ in (pair.picture, pair.sound)]


def extend_names(names: Iterable[str], silent_list: Path | None) -> tuple[str, ...]:
    """The lists of an ordinary clip: where there are silent pairs, it is on the extended ones."""
    extended = (f"{name}-extended" for name in names) if silent_list else ()
    return (*names, *extended)


def find_silent_items(
    pairs: Sequence[SilentPair],
    names: Sequence[str],
    media: dict[str, Media],
    moment_s: float | None = None,
) -> list[Item | Fault]:
    """A row for each pair: no box, and on the extended forms of the lists of those names.

    Picture and sound are those at `moment_s` of their clips, by default in the middle.
    """
    return [
        Item(
            id=f"{pair.picture}+{pair.sound}",
            picture=media[pair.picture].picture,
            sound=media[pair.sound].sound,
            picture_s=moment_s,
            sound_s=moment_s,
            boxes=[],
            split="test",
            lists=tuple(f"{name}-extended" for name in names),
        )
        for pair in pairs
    ]
