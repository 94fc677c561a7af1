from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from media_files import draw_quarters, rising_tone
from PIL import Image

from sspl.data.manifest import read_manifest
from sspl.media.sounds import read_audio
from sspl.prepare.esc50 import FOLDS
from sspl.prepare.items import Fault, Item
from sspl.prepare.run import prepare
from sspl.prepare.voc_esc50 import SOUNDS, VocEsc50Options, find_items

HEAD = "filename,fold,target,category,esc10,src_file,take"
BOMB = """<?xml version="1.0"?>
<!DOCTYPE annotation [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>
<annotation><folder>&d;</folder></annotation>"""
OUTSIDE = """<?xml version="1.0"?>
<!DOCTYPE annotation [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<annotation><folder>&a;</folder></annotation>"""


def draw_object(label: str, box=(11, 21, 30, 40), difficult: int = 0) -> str:
    corners = zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)
    bounds = "".join(f"<{side}>{value}</{side}>" for side, value in corners)
    # People have parts, each with a bndbox of its own.
    part = "<part><name>head</name><bndbox><xmin>1</xmin></bndbox></part>"
    return (
        f"<object><name>{label}</name><difficult>{difficult}</difficult>"
        f"<bndbox>{bounds}</bndbox>{part}</object>"
    )


def write_annotation(folder: Path, name: str, *objects: str, size: str | None = None) -> None:
    if size is None:
        size = "<size><width>100</width><height>50</height><depth>3</depth></size>"
    text = f"<annotation><filename>../{name}.jpg</filename>{size}{''.join(objects)}</annotation>"
    (folder / "Annotations" / f"{name}.xml").write_text(text)


def write_sound_table(folder: Path, rows: list[str]) -> None:
    (folder / "meta" / "esc50.csv").write_text("\n".join([HEAD, *rows]) + "\n")


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    """A picture and a sound: 5 s, half a second of it a tone, then silence."""
    folder = tmp_path_factory.mktemp("sample")
    Image.fromarray(draw_quarters(100, 50)).save(folder / "picture.jpg")
    sound = np.zeros(5 * 44_100, np.float32)
    sound[:22_050] = rising_tone(0.5, 44_100)
    soundfile.write(folder / "sound.wav", sound, 44_100)
    return folder


@pytest.fixture
def voc(tmp_path, sample):
    """Six dogs to train on, a cat for validation, two dogs for testing."""
    root = tmp_path / "voc"
    folder = root / "VOCdevkit" / "VOC2007"
    for name in ("JPEGImages", "Annotations", "ImageSets/Main"):
        (folder / name).mkdir(parents=True)
    names = {"train": [f"00001{i}" for i in range(6)], "val": ["000020"], "test": ["1", "2"]}
    for split, pictures in names.items():
        (folder / "ImageSets" / "Main" / f"{split}.txt").write_text("\n".join(pictures) + "\n")
        for name in pictures:
            write_annotation(folder, name, draw_object("cat" if split == "val" else "dog"))
            (folder / "JPEGImages" / f"{name}.jpg").hardlink_to(sample / "picture.jpg")
    return root


@pytest.fixture
def esc50(tmp_path, sample):
    """Two dogs a fold, two takes of one recording, and a cat in folds 3, 4 and 5."""
    root = tmp_path / "esc50"
    folder = root / "ESC-50-master"
    for name in ("audio", "meta"):
        (folder / name).mkdir(parents=True)
    rows = [
        f"{fold}-10{fold}-{take}-0.wav,{fold},0,dog,True,10{fold},{take}"
        for fold in range(1, 6)
        for take in "AB"
    ]
    rows += [f"{fold}-20{fold}-A-5.wav,{fold},5,cat,False,20{fold},A" for fold in (3, 4, 5)]
    rows += ["1-301-A-44.wav,1,44,engine,False,301,A"]
    for row in rows:
        (folder / "audio" / row.split(",")[0]).hardlink_to(sample / "sound.wav")
    write_sound_table(folder, rows)
    return root


def table_rows(esc50: Path) -> list[str]:
    path = esc50 / "ESC-50-master" / "meta" / "esc50.csv"
    return path.read_text().splitlines()[1:]


def find(voc: Path, esc50: Path, seed: int = 0) -> dict[str, Item | Fault]:
    found = find_items(VocEsc50Options(voc=voc, esc50=esc50, seed=seed))
    assert len({entry.id for entry in found}) == len(found)
    return {entry.id: entry for entry in found}


def sounds_of(found: dict[str, Item | Fault]) -> dict[str, str]:
    items = [entry for entry in found.values() if isinstance(entry, Item)]
    return {entry.id: entry.sound.name for entry in items if entry.sound}


def refused(found: dict[str, Item | Fault], id_: str, kind: str) -> str:
    """Why a pair is not made."""
    entry = found[id_]
    assert isinstance(entry, Fault), entry
    assert entry.kind == kind
    return entry.reason


def folder_of(voc: Path) -> Path:
    return voc / "VOCdevkit" / "VOC2007"


def test_boxes_count_pixels_from_one_and_include_the_last(voc, esc50):
    """xmin 11 of 100 pixels begins after ten: 0.1; xmax 30 ends after thirty: 0.3."""
    write_annotation(
        folder_of(voc),
        "1",
        draw_object("dog", (11, 21, 30, 40)),
        draw_object("chair", ("a", 0, 0, 0)),
        draw_object("dog", (1, 1, 100, 50), difficult=1),
        draw_object("dog", (1, 1, 150, 50)),
    )
    seen = find(voc, esc50)["voc2007_1"]
    assert isinstance(seen, Item)
    assert seen.boxes == [[0.1, 0.4, 0.3, 0.8], [0, 0, 1, 1], [0, 0, 1.5, 1]]  # as published
    assert (seen.label, seen.split) == ("dog", "test")


def test_every_sound_is_used_before_one_is_used_twice(voc, esc50):
    found = sounds_of(find(voc, esc50))
    training = Counter(sound for id_, sound in found.items() if id_.startswith("voc2007_00001"))
    assert len(training) == 6  # six dogs for training, six sounds in folds 1 to 3
    write_sound_table(esc50 / "ESC-50-master", table_rows(esc50)[:4])
    found = sounds_of(find(voc, esc50))
    assert sorted(Counter(found.values()).values()) == [1, 1, 2, 2]  # six of four


def test_a_pair_is_of_one_class_and_a_recording_in_one_split(voc, esc50):
    folds = {str(fold): split for split, some in FOLDS.items() for fold in some}
    rows = {row.split(",")[0]: row.split(",") for row in table_rows(esc50)}
    splits: dict[str, set[str]] = {}
    for entry in find(voc, esc50).values():
        assert isinstance(entry, Item)
        assert entry.sound is not None
        _, fold, _, category, _, recording, _ = rows[entry.sound.name]
        assert category in SOUNDS[entry.label]
        assert folds[fold] == entry.split
        splits.setdefault(recording, set()).add(entry.split)
    assert all(len(some) == 1 for some in splits.values())


def test_a_seed_decides_whatever_is_missing(voc, esc50):
    pairs = sounds_of(find(voc, esc50, seed=3))
    for path in [*voc.rglob("*1.jpg"), *esc50.rglob("*A-0.wav")]:
        path.unlink()
    write_sound_table(esc50 / "ESC-50-master", table_rows(esc50)[::-1])
    assert sounds_of(find(voc, esc50, seed=3)) == pairs
    assert any(sounds_of(find(voc, esc50, seed=seed)) != pairs for seed in range(3))


def test_pictures_of_none_or_several_classes_are_left_out(voc, esc50):
    folder = folder_of(voc)
    write_annotation(folder, "000010", draw_object("dog"), draw_object("person", difficult=1))
    write_annotation(folder, "000011", draw_object("chair"))
    write_annotation(folder, "000012", draw_object("dog", difficult=1))
    found = find(voc, esc50)
    assert refused(found, "voc2007_000010", "skipped") == "000010.xml has dog and person in it."
    assert "none of the nine classes" in refused(found, "voc2007_000011", "skipped")
    assert "each dog is difficult" in refused(found, "voc2007_000012", "skipped")


def test_prepared_pairs_hear_the_beginning(voc, esc50, tmp_path):
    (folder_of(voc) / "JPEGImages" / "1.jpg").unlink()
    (folder_of(voc) / "JPEGImages" / "000015.jpg").unlink()
    (folder_of(voc) / "JPEGImages" / "000015.jpg").write_bytes(b"")
    found = find_items(VocEsc50Options(voc=voc, esc50=esc50))
    sound = next(e.sound for e in found if isinstance(e, Item) and e.id == "voc2007_2")
    assert sound
    sound.unlink()
    report = prepare(found, tmp_path / "out", name="voc-esc50")
    assert report.counts == {"found": 6, "missing": 2, "unreadable": 1, "skipped": 0}
    reasons = {fault.id: fault.reason for fault in report.faults}
    assert "1.jpg does not exist" in reasons["voc2007_1"]
    assert sound.name in reasons["voc2007_2"]
    rows = read_manifest(tmp_path / "out")
    assert Counter(row.split for row in rows) == {"train": 5, "val": 1}
    for row in rows:
        heard = read_audio(row.audio)
        assert len(heard) == 48_000
        assert np.abs(heard[:7_000]).max() > 0.4
        assert np.abs(heard[9_000:]).max() < 0.01
        np.testing.assert_allclose(row.boxes, [[0.1, 0.4, 0.3, 0.8]])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "DTDForbidden"),
        (OUTSIDE, "DTDForbidden"),
        ("", "is empty"),
        ("<annotation>", "no element"),
        ('<?xml version="1.0" encoding="none-such"?><annotation/>', "encoding"),
    ],
)
def test_an_annotation_that_is_no_safe_xml_is_reported(voc, esc50, text, reason):
    (folder_of(voc) / "Annotations" / "1.xml").write_text(text)
    found = find(voc, esc50)
    assert reason in refused(found, "voc2007_1", "unreadable")
    assert "1.xml is not as published" in refused(found, "voc2007_1", "unreadable")
    assert isinstance(found["voc2007_2"], Item)


@pytest.mark.parametrize(
    ("size", "box", "reason"),
    [
        ("", (1, 1, 2, 2), "size/width is None"),
        ("<size><width>0</width><height>5</height></size>", (1, 1, 2, 2), "its size is 0 x 5"),
        ("<size><width>x</width><height>5</height></size>", (1, 1, 2, 2), "size/width is 'x'"),
        (None, (1, "nan", 2, 2), "bndbox/ymin is 'nan'"),
        (None, (1, 1, "", 2), "bndbox/xmax is ''"),
    ],
)
def test_a_box_without_a_place_is_reported(voc, esc50, size, box, reason):
    write_annotation(folder_of(voc), "1", draw_object("dog", box), size=size)
    assert reason in refused(find(voc, esc50), "voc2007_1", "unreadable")


@pytest.mark.parametrize("name", ["../1", "/etc/passwd", "..", "a/b"])
def test_names_that_lead_out_are_reported(voc, esc50, name):
    path = folder_of(voc) / "ImageSets" / "Main" / "val.txt"
    path.write_text(f"{name}\n000020\n")
    row = f"{name}.wav,4,5,cat,False,999,A"
    write_sound_table(esc50 / "ESC-50-master", [row, *table_rows(esc50)])
    found = find(voc, esc50)
    assert "no name of a picture" in refused(found, name, "skipped")
    assert "esc50.csv, line 2" in refused(found, f"{name}.wav", "skipped")
    assert sounds_of(found)["voc2007_000020"] == "4-204-A-5.wav"


def test_a_picture_on_two_lists_is_for_testing(voc, esc50):
    path = folder_of(voc) / "ImageSets" / "Main" / "train.txt"
    path.write_text(path.read_text() + "1\n")
    found = find(voc, esc50)
    assert refused(found, "1", "skipped") == "train.txt: '1' is for test already."
    assert found["voc2007_1"].split == "test"


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1-101-A-0.wav,1,0,dog,True,101,A", "1-101-A-0.wav comes a second time"),
        ("5-101-C-0.wav,5,0,dog,True,101,C", "recording 101 is for train already, not test"),
        ("1-999-A-0.wav,9,0,dog,True,999,A", "a fold from 1 to 5"),
        ("1-999-A-0.wav,1,0", "it lacks"),
    ],
)
def test_rows_that_cannot_be_used_are_reported(voc, esc50, row, reason):
    pairs = sounds_of(find(voc, esc50))
    write_sound_table(esc50 / "ESC-50-master", [*table_rows(esc50), row])
    found = find(voc, esc50)
    told = refused(found, row.split(",")[0], "skipped")
    assert told.startswith("esc50.csv, line 16: ")
    assert reason in told
    assert sounds_of(found) == pairs


def test_what_is_missing_is_reported(voc, esc50):
    (folder_of(voc) / "Annotations" / "2.xml").unlink()
    (folder_of(voc) / "ImageSets" / "Main" / "train.txt").unlink()
    write_sound_table(
        esc50 / "ESC-50-master", [row for row in table_rows(esc50) if not row.startswith("4-204")]
    )
    found = find(voc, esc50)
    assert "2.xml does not exist" in refused(found, "voc2007_2", "missing")
    assert "no pictures for train" in refused(found, "train.txt", "missing")
    assert "no sound of cat for val" in refused(found, "voc2007_000020", "missing")


def test_the_inner_folders_can_be_named_too(voc, esc50):
    assert find(folder_of(voc), esc50 / "ESC-50-master").keys() == find(voc, esc50).keys()


def test_a_folder_that_is_not_as_published_is_refused(voc, esc50):
    with pytest.raises(ValueError, match="name the folder that holds VOCdevkit/VOC2007"):
        find(esc50, esc50)
    with pytest.raises(ValueError, match="name the folder that holds ESC-50-master"):
        find(voc, voc)
    table = esc50 / "ESC-50-master" / "meta" / "esc50.csv"
    for content in (b"", b"filename,fold\n1.wav,1\n", b"\xff\xfe\x00\x01"):
        table.write_bytes(content)
        with pytest.raises(ValueError, match=r"esc50\.csv .*unpack it again"):
            find(voc, esc50)
