"""Pictures and sounds that a small table pairs by class, from folders that anybody can get.

A class-paired set: what is seen and what is heard is of one class, but was not recorded together.
Scores on it do not compare with those on VGG-SS or SoundNet-Flickr.

The table has the columns label, pictures and sounds, and a row for each pair of kinds: the name of
a sub-folder, of a label in a manifest or of a class of VOC2007; that of a sub-folder, of a label or
of a category of ESC-50, or soundfont:BANK:PROGRAM for notes that are rendered. Several rows may
have one label. Of VOC2007 those pictures are taken that show exactly one of the classes that the
table names.

No picture and no recording is in two splits. Where a split is published it is kept, so that what
others trained on the same archive has not met what is for testing: VOC's train, val and test, a
manifest's, and ESC-50's folds, of which 1 to 3 are for train, 4 for val, 5 for test. What one
folder has for train and another for testing is left out of train. All else is in train, val or
test by its name and the seed, with shares of about 0.7, 0.1 and 0.2. Clips of ESC-50 that were cut
from one recording are in one fold; of other sounds those belong together whose attributions name
the same recording. Phrases are in a split by their number. A label that has a single recording
has it in train.

In each split every picture of a label is paired with one of its sounds, in train with several if
asked for, and every sound is used.
Which are paired is decided by their names and the seed: a missing file changes its own pairs alone.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from sspl.prepare.class_folders import open_class_folder
from sspl.prepare.class_table import SOUNDFONT, check_kinds, read_class_table
from sspl.prepare.esc50 import open_esc50
from sspl.prepare.folder import PICTURES, SOUNDS
from sspl.prepare.items import Credit, Fault, Item
from sspl.prepare.manifest_folders import open_manifest_folder
from sspl.prepare.mosaics import SIZES, list_mosaics
from sspl.prepare.pairing import (
    SHARES,
    keep_single_recordings,
    leave_to_tests,
    pair_up,
    split_parts,
)
from sspl.prepare.parts import Part, Source, describe_sound, name_source
from sspl.prepare.phrases import Phrase, check_renderer, parse_instrument
from sspl.prepare.voc2007 import open_voc

# Phrases are numbered, so that their shares are exact.
_PHRASE_SPLITS = (*["train"] * 3, "test", *["train"] * 2, "val", *["train"] * 2, "test")


@dataclass(frozen=True, kw_only=True)
class ClassPairsOptions:
    """Pictures and sounds paired by class, from folders of both and a table, with mosaics."""

    pictures: tuple[Path, ...]
    """folders of pictures: VOC2007, with a manifest, or with a sub-folder for each class"""
    sounds: tuple[Path, ...] = ()
    """folders of sounds: ESC-50, with a manifest, or with a sub-folder for each class"""
    table: Path
    """a CSV file with the columns label, pictures, sounds"""
    soundfont: Path | None = None
    """an .sf2 file, for rows whose sounds are soundfont:BANK:PROGRAM; needs fluidsynth"""
    phrases: int = 40
    """how many phrases to render for each of those rows"""
    mosaics: int = 0
    """how many mosaics of two photographs, and as many of four, to make for testing"""
    any_licence: bool = False
    """take ESC-50's clips that are neither CC0 nor CC BY, too"""
    measure_only: tuple[str, ...] = ()
    """keep sounds out of train whose audio_source, or else whose file's name, begins like these"""
    repeat: int = 1
    """with how many sounds of its label to pair each picture of train, where there are as many"""
    seed: int = 0
    """decides splits, pairs, phrases and mosaics"""

    def __post_init__(self) -> None:
        if self.phrases < 1:
            raise ValueError(f"--phrases must be 1 or more, not {self.phrases}")
        if self.repeat < 1:
            raise ValueError(f"--repeat must be 1 or more, not {self.repeat}")
        if "" in self.measure_only:
            raise ValueError("--measure-only has an empty beginning, as every name: leave it out")
        if self.mosaics < 0:
            raise ValueError(f"--mosaics must be 0 or more, not {self.mosaics}")


def find_items(options: ClassPairsOptions) -> list[Item | Fault]:
    """The pairs, label by label, and the mosaics; before them what is left out.

    Raises:
        ValueError: if a folder or the table is not as it must be, or too little is there for the
            mosaics.
    """
    table = read_class_table(options.table)
    instruments = [kind for kind in table.sounds if kind.startswith(SOUNDFONT)]
    seen = _check_names(_open_pictures(_check_folder(root)) for root in options.pictures)
    heard = _check_names(
        _open_sounds(_check_folder(root), options.any_licence) for root in options.sounds
    )
    in_folders = [kind for kind in table.sounds if kind not in instruments]
    pictures, faults = _read_sources(options.table, "pictures", [*table.pictures], seen)
    sounds, more_faults = _read_sources(options.table, "sounds", in_folders, heard)
    sounds += _list_phrases(options, instruments)
    pictures, contested = leave_to_tests(pictures)
    sounds, more_contested = leave_to_tests(sounds)
    faults += [*more_faults, *contested, *more_contested]

    pictures = _give_label(split_parts(pictures, options.seed), table.pictures)
    sounds = split_parts(sounds, options.seed)
    sounds, kept_out = _keep_out_of_train(sounds, options.measure_only)
    sounds, single = keep_single_recordings(sounds, table.sounds)
    sounds = _give_label(sounds, table.sounds)
    items: list[Item] = []
    lacks: list[Fault] = []
    for label in table.labels:
        for split in SHARES:
            some = _select(pictures, label, split), _select(sounds, label, split)
            lacks += _find_lack(label, split, *some, label in single)
            repeat = options.repeat if split == "train" else 1
            items += [_make_pair(*pair) for pair in pair_up(*some, options.seed, repeat)]
    for size in SIZES if options.mosaics else ():
        items += list_mosaics(size, options.mosaics, pictures, sounds, options.seed)
    return [*lacks, *faults, *kept_out, *items]


def _check_folder(root: Path) -> Path:
    if not root.is_dir():
        raise ValueError(f"{root} is not a folder: name the one that holds the files.")
    return root


def _open_pictures(root: Path) -> Source:
    return (
        open_manifest_folder(root, "picture")
        or open_voc(root)
        or open_class_folder(root, "picture", PICTURES)
    )


def _open_sounds(root: Path, any_licence: bool) -> Source:
    return (
        open_manifest_folder(root, "sound")
        or open_esc50(root, any_licence)
        or open_class_folder(root, "sound", SOUNDS)
    )


def _check_names(sources: Iterable[Source]) -> list[Source]:
    sources = list(sources)
    uses = Counter(source.name for source in sources)
    for name, num in uses.items():
        if num > 1:
            raise ValueError(f"{num} folders are called {name}: rename one, or name it once.")
    return sources


def _read_sources(
    table: Path, column: str, wanted: list[str], sources: list[Source]
) -> tuple[list[Part], list[Fault]]:
    """All parts of the kinds wanted; a kind may be in several sources."""
    check_kinds(table, column, wanted, frozenset[str]().union(*(s.kinds for s in sources)))
    parts: list[Part] = []
    faults: list[Fault] = []
    for source in sources:
        kinds = source.kinds.intersection(wanted)
        if kinds:
            more, more_faults = source.read(kinds)
            parts += more
            faults += more_faults
    return parts, faults


def _keep_out_of_train(
    sounds: list[Part], beginnings: tuple[str, ...]
) -> tuple[list[Part], list[Fault]]:
    """The sounds without those of train that begin so; a Fault with their number for each."""
    for_train = [sound for sound in sounds if sound.split == "train"]
    faults = []
    for beginning in beginnings:
        num = sum(name_source(sound).startswith(beginning) for sound in for_train)
        reason = f"{num} of {len(for_train)} sounds for train are left out: {beginning}."
        faults.append(Fault(id=f"--measure-only {beginning}", kind="skipped", reason=reason))
    left_out = {s.name for s in for_train if name_source(s).startswith(beginnings)}
    return [sound for sound in sounds if sound.name not in left_out], faults


def _list_phrases(options: ClassPairsOptions, instruments: list[str]) -> list[Part]:
    soundfont = options.soundfont
    if not instruments:
        if soundfont is not None:
            raise ValueError(
                f"no row of {options.table} has sounds soundfont:BANK:PROGRAM: leave --soundfont "
                "out."
            )
        return []
    if soundfont is None:
        raise ValueError(
            f"{options.table} names {instruments[0]}: name an .sf2 file by --soundfont."
        )
    check_renderer(soundfont)
    parts = []
    for kind in instruments:
        bank, program = parse_instrument(kind)
        for number in range(options.phrases):
            name = f"{kind}/{number:03d}"
            credit = Credit(
                kind="sound",
                file=name,
                title=f"random phrase {number} (seed {options.seed})",
                author="the generator of sspl.prepare",
                source=f"rendered with {soundfont.name}",
                licence=f"see the licence of {soundfont.name}",
            )
            seed = f"{options.seed} {number}"
            phrase = Phrase(soundfont=soundfont, bank=bank, program=program, seed=seed)
            split = _PHRASE_SPLITS[number % len(_PHRASE_SPLITS)]
            parts.append(
                Part(name=name, kind=kind, file=phrase, origin=name, split=split, credit=credit)
            )
    return parts


def _give_label(parts: list[Part], label_of: dict[str, str]) -> list[Part]:
    """The same, whose kind is the label; a file's credit says where it was used."""
    labelled = []
    for part in parts:
        credit, label = part.credit, label_of[part.kind]
        if credit.kind != "pictures":
            credit = replace(credit, label=label, split=part.split)
        labelled.append(replace(part, kind=label, credit=credit))
    return labelled


def _select(parts: list[Part], label: str, split: str) -> list[Part]:
    return [part for part in parts if (part.kind, part.split) == (label, split)]


def _find_lack(
    label: str, split: str, pictures: list[Part], sounds: list[Part], is_single: bool
) -> list[Fault]:
    """A fault, if a label has only the one or the other in a split."""
    if bool(pictures) == bool(sounds):
        return []
    if sounds:
        reason = (
            f"{label} has no picture for {split} (sounds left out: {len(sounds)}): add pictures, "
            "or choose another --seed."
        )
    elif is_single:
        reason = (
            f"{label} has a single recording, which is in train (pictures for {split} left out: "
            f"{len(pictures)}): add recordings."
        )
    else:
        reason = (
            f"{label} has no sound for {split} (pictures left out: {len(pictures)}): add "
            "recordings, or choose another --seed."
        )
    return [Fault(id=f"{label} for {split}", kind="missing", reason=reason)]


def _make_pair(id_: str, picture: Part, sound: Part) -> Item:
    assert isinstance(picture.file, Path)
    return Item(
        id=id_,
        picture=picture.file,
        boxes=picture.boxes,
        by_annotator=picture.by_annotator,
        label=picture.kind,
        split=picture.split,
        credits=(picture.credit, sound.credit),
        **describe_sound(sound),
    )
