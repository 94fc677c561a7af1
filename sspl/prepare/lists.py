"""Lists of clips: which clips a published score is about.

The field scores on five lists of the same two test sets and calls them by the same names. A list
is known here by its clips, whatever its file is called: by the SHA-256 of the sorted ids, one a
line. In a file, the id is the first column, without folders and without what names a file
(.jpg, .mp4).
"""

import csv
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from http.client import HTTPException
from pathlib import Path
from urllib.error import HTTPError

import torch

from sspl.media.files import check_file
from sspl.prepare.folder import normalise, strip_suffixes


@dataclass(frozen=True, kw_only=True)
class PublishedList:
    """Where a list is, and the digest of its ids."""

    url: str
    sha256: str


_GITHUB = "https://raw.githubusercontent.com"
_LVS = "hche11/Localizing-Visual-Sounds-the-Hard-Way/8fe8cbbf810e804cf8cc9b244bb5d77ec8aa8315"
_ALIGNMENT = "kaistmm/SSLalignment/e7ae3c5518e5a4d911c49e034d906612cf922aff"
_SSPL = "zjsong/SSPL/d1af4c7a228fcc0184cae2c6b9dc251ddf4ff780"
_TIE = "jinxiang-liu/SSL-TIE/c49e6a94e4ed63bba864ba01e9138451ca1cc801"

PUBLISHED = {
    # LVS, EZ-VSL, SSPL, and SSL-TIE, whose file says 250
    "flickr-249": PublishedList(
        url=f"{_GITHUB}/{_LVS}/metadata/flickr_test.csv",
        sha256="09c34846bd90eb7b2275807253f36459f2518c06112e1ce6040b5bbe4644564d",
    ),
    # SLAVC, SSLalignment
    "flickr-250": PublishedList(
        url=f"{_GITHUB}/{_ALIGNMENT}/metadata/test_flickr_250.txt",
        sha256="696ab39ce58b0fa111bfdf2323443d08c659da06a6fce4d808db9b2d3de37239",
    ),
    # LVS, who made VGG-SS, and most others
    "vggss-5158": PublishedList(
        url=f"{_GITHUB}/{_LVS}/metadata/vggss_test.csv",
        sha256="8acc0c93362233f7a16f82240d8d77361740ffc93859809d021ff71a29f63bb3",
    ),
    # SSPL
    "vggss-4692": PublishedList(
        url=f"{_GITHUB}/{_SSPL}/metadata/vggss_test_4692.csv",
        sha256="103e7a80eca9d331efa97e6e2c28d640848c48d507c7a02dcb07c55577d09d22",
    ),
    # SSL-TIE
    "vggss-4911": PublishedList(
        url=f"{_GITHUB}/{_TIE}/metadata/test_vggss_4911.txt",
        sha256="3e2640dbeb8ca96c33635a19792a97c63cd0afe8fa29e1d361305d6191729f29",
    ),
}


@dataclass(frozen=True, kw_only=True)
class ClipList:
    """A list of clips: its ids, each once, and those that its file has more than once."""

    name: str
    ids: tuple[str, ...]
    repeated: frozenset[str]


def read_lists(lists: Sequence[str]) -> list[ClipList]:
    """The lists of those names, which are fetched, or in those files.

    A file with the ids of a published list is that list. Another has its file's name.

    Raises:
        ValueError: if a list cannot be read or fetched, or two go by one name.
    """
    read = [_read_list(text) for text in lists]
    for name, uses in Counter(clips.name for clips in read).items():
        if uses > 1:
            raise ValueError(f"{name} is given twice in --lists: leave one out.")
    return read


def read_column(path: Path) -> list[str]:
    """The first column of a CSV file, or the lines of a text, without blank ones.

    Raises:
        ValueError: if it cannot be read, or has no lines.
    """
    column = [row[0] for row in read_rows(path)]
    if not column:
        raise ValueError(f"{path} has no lines: name a file with a clip in each.")
    return column


def read_rows(path: Path) -> list[list[str]]:
    """The rows of a CSV file, as texts without blanks around them; those that begin blank are left
    out.

    Raises:
        ValueError: if it cannot be read.
    """
    try:
        with check_file(path).open(encoding="utf-8-sig", newline="") as file:
            rows = [[value.strip() for value in row] for row in csv.reader(file)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as text with commas: {error}") from error
    return [row for row in rows if row and row[0]]


def to_id(entry: str) -> str:
    """The id of a list's entry: "videos/0/0/0/2615133000.mp4" is clip 2615133000."""
    return normalise(strip_suffixes(entry.rsplit("/", 1)[-1]))


def name_lists(lists: Sequence[ClipList], ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The clips on at least one list, each with the names of its lists; `ids` if there are none."""
    if not lists:
        return dict.fromkeys(ids, ())
    names: dict[str, tuple[str, ...]] = {}
    for clips in lists:
        for id_ in clips.ids:
            names[id_] = (*names.get(id_, ()), clips.name)
    return names


def note_repeats(lists: Sequence[ClipList], id_: str) -> tuple[str, ...]:
    """A sentence for each list that has the clip more than once."""
    return tuple(f"{clips.name} lists it twice" for clips in lists if id_ in clips.repeated)


def _read_list(text: str) -> ClipList:
    if text in PUBLISHED:
        return _fetch_list(text)
    path = Path(text).expanduser()
    if not path.exists():
        known = ", ".join(PUBLISHED)
        raise ValueError(f"there is no list {text}: name a file, or one of {known}.")
    clips = _parse_list(path)
    if clips.name in PUBLISHED and _digest(clips) != PUBLISHED[clips.name].sha256:
        raise ValueError(f"{path} does not hold the clips of {clips.name}: call it otherwise.")
    return clips


def _parse_list(path: Path) -> ClipList:
    uses = Counter(map(to_id, read_column(path)))
    repeated = frozenset(id_ for id_, num in uses.items() if num > 1)
    clips = ClipList(name=path.stem, ids=tuple(uses), repeated=repeated)
    digest = _digest(clips)
    known = [name for name, published in PUBLISHED.items() if published.sha256 == digest]
    return ClipList(name=known[0], ids=clips.ids, repeated=repeated) if known else clips


def _digest(clips: ClipList) -> str:
    return sha256("\n".join(sorted(clips.ids)).encode()).hexdigest()


def _fetch_list(name: str) -> ClipList:
    """A published list, from the cache where weights are kept, or else from the net."""
    url = PUBLISHED[name].url
    path = Path(torch.hub.get_dir(), "lists", f"{name}.csv")
    if not path.exists():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(url, str(path), progress=False)
        except (OSError, HTTPException) as error:
            if isinstance(error, HTTPError):
                error.close()  # it holds the connection
            raise ValueError(
                f"{name} could not be fetched from {url} ({error}): on a machine without a "
                "network get that file elsewhere and pass its path to --lists"
            ) from error
    try:
        clips = _parse_list(path)
    except ValueError:
        clips = None
    if clips is None or _digest(clips) != PUBLISHED[name].sha256:
        path.unlink()
        raise ValueError(
            f"what came from {url} is not {name}: try again, or get that file elsewhere and pass "
            "its path to --lists"
        )
    return clips
