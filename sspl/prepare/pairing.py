"""Splits, pairs and choices that names and a seed decide, each by itself.

Nothing here counts or shuffles: what becomes of a picture depends on its own name and on those of
the sounds that it may have, so that a file that is missing, or came later, changes the pairs that
it is in and no others.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from hashlib import sha256
from heapq import nlargest

from sspl.prepare.items import Fault
from sspl.prepare.parts import Part

SHARES = {"train": 0.7, "val": 0.1, "test": 0.2}


def draw(*key: object) -> float:
    """A number in [0, 1) that looks random, the same for the same key everywhere."""
    digest = sha256("\0".join(map(str, key)).encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:6]) / 2**48


def choose(parts: Iterable[Part], *key: object) -> Part:
    """One of them; if another one is taken away, the same."""
    return choose_some(1, parts, *key)[0]


def choose_some(num: int, parts: Iterable[Part], *key: object) -> list[Part]:
    """So many of them, or all; the first of them are what would be chosen of fewer."""
    return nlargest(num, parts, key=lambda part: draw(*key, part.name))


def leave_to_tests(parts: Sequence[Part]) -> tuple[list[Part], list[Fault]]:
    """The same without those whose origin is published in another split, too.

    Train loses it to val, and both to test.
    """
    strongest: dict[str, int] = {}
    for part in parts:
        if part.split:
            rank = [*SHARES].index(part.split)
            strongest[part.origin] = max(rank, strongest.get(part.origin, 0))
    kept: list[Part] = []
    faults: list[Fault] = []
    for part in parts:
        split = [*SHARES][strongest[part.origin]] if part.split else ""
        if part.split == split:
            kept.append(part)
            continue
        reason = (
            f"{part.name} is left out of {part.split}: what it was cut from, {part.origin}, is "
            f"for {split} elsewhere."
        )
        faults.append(Fault(id=part.name, kind="skipped", reason=reason))
    return kept, faults


def split_parts(parts: Sequence[Part], seed: int) -> list[Part]:
    """The same parts, each with a split: the published one of its origin, or one by its name."""
    published = {part.origin: part.split for part in parts if part.split}
    return [
        replace(part, split=published.get(part.origin) or _draw_split(seed, part.origin))
        for part in parts
    ]


def _draw_split(seed: int, origin: str) -> str:
    number = draw(seed, "split", origin)
    if number < SHARES["train"]:
        return "train"
    return "val" if number < SHARES["train"] + SHARES["val"] else "test"


def keep_single_recordings(
    sounds: Sequence[Part], label_of: dict[str, str]
) -> tuple[list[Part], list[str]]:
    """Sounds with splits, where what is a label's only recording is moved to train if it may.

    Returns:
        the sounds, and the labels that have one recording, in train.
    """
    fixed = {part.origin for part in sounds if part.keeps_split and part.split != "train"}
    origins: dict[str, set[str]] = defaultdict(set)
    for sound in sounds:
        origins[label_of[sound.kind]].add(sound.origin)
    single = {
        label: next(iter(some))
        for label, some in origins.items()
        if len(some) == 1 and some.isdisjoint(fixed)
    }
    moved = set(single.values())
    kept = [replace(part, split="train") if part.origin in moved else part for part in sounds]
    return kept, sorted(single)


def pair_up(
    pictures: Sequence[Part], sounds: Sequence[Part], seed: int, repeat: int = 1
) -> list[tuple[str, Part, Part]]:
    """Pairs of a label's pictures and sounds in one split, all of which are used: id, the two.

    Each picture chooses `repeat` sounds, where there are as many, then each sound that nobody chose
    a picture. A picture that comes again has -b, -c, ... at the end of its id.
    """
    if not pictures or not sounds:
        return []
    chosen = [
        (picture, sound)
        for picture in pictures
        for sound in choose_some(repeat, sounds, seed, "sound", picture.name)
    ]
    used = {sound.name for _, sound in chosen}
    for sound in sounds:
        if sound.name not in used:
            chosen.append((choose(pictures, seed, "picture", sound.name), sound))
    uses: Counter[str] = Counter()
    pairs = []
    for picture, sound in chosen:
        pairs.append((picture.name + _number(uses[picture.name]), picture, sound))
        uses[picture.name] += 1
    return sorted(pairs, key=lambda pair: (pair[1].name, pair[0]))


def _number(use: int) -> str:
    """Nothing for the first use, -b for the second, ..., -z, -27, -28."""
    return "" if use == 0 else f"-{chr(ord('a') + use)}" if use < 26 else f"-{use + 1}"
