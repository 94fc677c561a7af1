"""Names of files for ids: any text goes in, what every file system takes comes out."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

_MAX_BYTES = 180  # of Windows' 260, so that there is room for the folder
_FORBIDDEN = re.compile(r'[<>:"\\|?*~]')  # "~" is kept for names with a digest
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # by Windows


def name_files(ids: Iterable[str]) -> dict[str, str]:
    """A name for each id: a relative path without a suffix.

    An id that can be a name is its own ("dog/rex" lies in the folder dog). The others, among them
    all that would leave their folder and those that differ in upper and lower case alone, keep
    what can be kept and get a digest of the id, so that no two share a file.
    """
    names = {id_: id_ if _can_be_name(id_) else _name_by_digest(id_) for id_ in ids}
    uses = Counter(map(_fold, names.values()))
    return {
        id_: name if uses[_fold(name)] == 1 else _name_by_digest(id_) for id_, name in names.items()
    }


def _can_be_name(id_: str) -> bool:
    *folders, last = id_.split("/")
    return (
        id_.isprintable()  # no control characters, and nothing that cannot be encoded
        and len(id_.encode()) <= _MAX_BYTES
        and _FORBIDDEN.search(id_) is None
        and all(part and part == part.strip(". ") for part in (*folders, last))
        and not any(_RESERVED.fullmatch(part) for part in (*folders, last))
        # The folder a.jpg would stand where the picture of "a" does.
        and not any(folder.lower().endswith((".jpg", ".flac")) for folder in folders)
    )


def _name_by_digest(id_: str) -> str:
    kept = re.sub(r"[^\w-]+", "_", id_)[:40]
    return f"{kept}~{sha256(id_.encode(errors='surrogatepass')).hexdigest()[:16]}"


def _fold(name: str) -> str:
    """The same for names that some file systems take for the same."""
    return unicodedata.normalize("NFC", name).casefold()
