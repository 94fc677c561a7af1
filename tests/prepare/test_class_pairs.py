import csv
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from media_files import corner_colours
from PIL import Image

from prepare.layout_files import take_contents, take_snapshot, write_picture, write_wav
from prepare.pair_files import (
    write_class_table,
    write_classes,
    write_esc50,
    write_fluidsynth,
    write_soundfont,
    write_voc,
)
from sspl.data.manifest import read_manifest
from sspl.media.files import MediaError
from sspl.media.pictures import read_image
from sspl.prepare import render
from sspl.prepare.__main__ import run
from sspl.prepare.class_pairs import ClassPairsOptions, find_items
from sspl.prepare.esc50 import read_licences
from sspl.prepare.items import Fault, Item
from sspl.prepare.pairing import draw
from sspl.prepare.phrases import Phrase, compose_phrase, render_phrase, write_midi

ROWS = ("dog,dalmatian,barks", "cat,tabby,miaows", "cow,holstein,moos", "hen,leghorn,clucks")


def write_short(path: Path) -> Path:
    return write_wav(path, 0.5)


@pytest.fixture
def folders(tmp_path) -> ClassPairsOptions:
    """Four classes of 30 pictures and 40 sounds."""
    for row in ROWS:
        _, pictures, sounds = row.split(",")
        write_classes(tmp_path / "photos", {pictures: 30}, write_picture, ".jpg")
        write_classes(tmp_path / "clips", {sounds: 40}, write_short, ".wav")
    return ClassPairsOptions(
        pictures=(tmp_path / "photos",),
        sounds=(tmp_path / "clips",),
        table=write_class_table(tmp_path / "pairs.csv", *ROWS),
    )


def find(options: ClassPairsOptions, **changes) -> tuple[dict[str, Item], dict[str, str]]:
    """The items, and the reasons of the faults, by their ids."""
    found = find_items(replace(options, **changes))
    assert len({entry.id for entry in found}) == len(found)
    return (
        {entry.id: entry for entry in found if isinstance(entry, Item)},
        {entry.id: entry.reason for entry in found if isinstance(entry, Fault)},
    )


def refuse(options: ClassPairsOptions, **changes) -> str:
    """The sentence of a mistake."""
    with pytest.raises(ValueError, match=r"\w") as raised:
        find(options, **changes)
    message = str(raised.value)
    assert message.endswith(".")
    assert "\n" not in message
    return message


def pair_files(items: dict[str, Item]) -> dict[str, tuple[object, ...]]:
    return {id_: (*item.pictures, *item.sounds, item.split) for id_, item in items.items()}


def splits_of(items: dict[str, Item], attribute: str) -> dict[Path, set[str]]:
    splits: dict[Path, set[str]] = {}
    for item in items.values():
        for path in getattr(item, attribute):
            splits.setdefault(path, set()).add(item.split)
    return splits


def split_of(origin: str, seed: int = 0) -> str:
    number = draw(seed, "split", origin)
    return "train" if number < 0.7 else "val" if number < 0.8 else "test"


# --- Splits and pairs -------------------------------------------------------------------------


def test_every_picture_and_sound_is_used_in_one_split(folders):
    items, faults = find(folders, mosaics=20)
    assert faults == {}
    for attribute, num in (("pictures", 4 * 30), ("sounds", 4 * 40)):
        splits = splits_of(items, attribute)
        assert len(splits) == num
        assert all(len(some) == 1 for some in splits.values())
    kinds = {pictures: sounds for _, pictures, sounds in (row.split(",") for row in ROWS)}
    for item in items.values():
        if item.picture and item.sound:
            assert kinds[item.picture.parent.name] == item.sound.parent.name


def test_shares_are_about_seven_one_two():
    numbers = [draw(0, "split", f"dog/{i}.jpg") for i in range(10_000)]
    assert abs(np.mean(np.array(numbers) < 0.7) - 0.7) < 0.02
    assert abs(np.mean(np.array(numbers) >= 0.8) - 0.2) < 0.02


def test_a_seed_decides_and_a_folder_may_move(folders, tmp_path):
    before = {id_: item.split for id_, item in find(folders, mosaics=9)[0].items()}
    (tmp_path / "elsewhere").mkdir()
    moved = Path(shutil.move(tmp_path / "photos", tmp_path / "elsewhere/photos"))
    items, _ = find(folders, pictures=(moved,), mosaics=9)
    assert {id_: item.split for id_, item in items.items()} == before
    other, _ = find(folders, pictures=(moved,), mosaics=9, seed=1)
    assert {id_: item.split for id_, item in other.items()} != before


def test_a_missing_picture_changes_no_other_picture(folders, tmp_path):
    before = pair_files(find(folders, mosaics=30)[0])
    gone = tmp_path / "photos/dalmatian/07.jpg"
    gone.unlink()
    after = pair_files(find(folders, mosaics=30)[0])
    kept = {id_: files for id_, files in before.items() if gone not in files}
    assert 0 < len(kept) < len(before)
    changed = {id_ for id_, files in kept.items() if after.get(id_) != files}
    assert changed == set()
    # The sound that it alone had may come to another picture, a second time.
    assert all(id_.endswith("-b") for id_ in after.keys() - before.keys())


def test_a_missing_sound_changes_the_pairs_that_had_it(folders, tmp_path):
    before = pair_files(find(folders, mosaics=30)[0])
    gone = tmp_path / "clips/barks/03.wav"
    gone.unlink()
    after = pair_files(find(folders, mosaics=30)[0])
    assert any(gone in files for files in before.values())
    once = {id_ for id_ in before if id_[-2:] not in ("-b", "-c", "-d")}
    assert all(after[id_] == before[id_] for id_ in once if gone not in before[id_])


def test_pictures_repeat_where_there_are_more_sounds(tmp_path, folders):
    shutil.rmtree(tmp_path / "photos/dalmatian")
    write_classes(tmp_path / "photos", {"dalmatian": 3}, write_picture, ".jpg")
    items = {id_: item for id_, item in find(folders)[0].items() if item.label == "dog"}
    seen = {item.split for item in items.values()}
    heard = {item.sound for item in items.values()}
    sounds = [f"barks/{i:02d}.wav" for i in range(40)]
    assert {path.name for path in heard if path} >= {
        Path(sound).name for sound in sounds if split_of(sound) in seen
    }
    repeated = Counter(item.picture for item in items.values())
    for picture, num in repeated.items():
        assert picture is not None
        name = f"photos/dalmatian/{picture.stem}"
        assert {name, *(f"{name}-{'abcdefghijklmnopqrstuvwxyz'[i]}" for i in range(1, num))} == {
            id_ for id_, item in items.items() if item.picture == picture
        }
    assert max(repeated.values()) > 2


def test_several_rows_have_one_label(folders, tmp_path):
    write_class_table(tmp_path / "pairs.csv", *ROWS[:3], "cat,tabby,clucks")
    items, _ = find(folders)
    heard = {
        item.sound.parent.name for item in items.values() if item.label == "cat" and item.sound
    }
    assert heard == {"miaows", "clucks"}


def test_a_single_recording_is_for_training(folders, tmp_path):
    shutil.rmtree(tmp_path / "clips/barks")
    write_wav(tmp_path / "clips/barks/only.wav")
    for seed in range(5):
        items, faults = find(folders, seed=seed, mosaics=10)
        dogs = [item for item in items.values() if item.label == "dog"]
        assert {item.split for item in dogs} == {"train"}
        assert faults["dog for test"].startswith(
            "dog has a single recording, which is in train (pictures for test left out: "
        )
        silent = [thing for item in items.values() for thing in item.objects]
        assert any(thing["label"] == "dog" for thing in silent)  # its test pictures are seen there


def test_what_a_split_lacks_is_said(folders, tmp_path):
    for name in ("barks", "miaows"):
        shutil.rmtree(tmp_path / "clips" / name)
    shutil.rmtree(tmp_path / "photos/holstein")
    (tmp_path / "clips/barks").mkdir()
    write_classes(tmp_path / "clips", {"miaows": 2}, write_wav, ".wav")
    write_picture(tmp_path / "photos/holstein/only.jpg")
    _, faults = find(folders)
    assert "barks holds no sound (.wav, " in faults["clips/barks"]
    lack = "dog has no sound for test (pictures left out: "
    assert faults["dog for test"].startswith(lack)
    assert faults["dog for test"].endswith(": add recordings, or choose another --seed.")
    assert any("cow has no picture for" in reason for reason in faults.values())


def test_recordings_of_one_origin_stay_together(folders, tmp_path):
    number = "https://freesound.org/people/a/sounds/77/"
    lines = [f"barks/{i:02d}.wav,,,{number},CC0" for i in range(6)]
    lines += [f"miaows/{i:02d}.wav,Night,Ann,https://example.org,CC BY" for i in range(6)]
    write_attributions(tmp_path / "clips", *lines)
    for seed in range(4):
        items, _ = find(folders, seed=seed)
        for name in ("barks", "miaows"):
            paths = [tmp_path / "clips" / name / f"{i:02d}.wav" for i in range(6)]
            splits = splits_of(items, "sounds")
            assert len(set().union(*(splits.get(path, set()) for path in paths))) == 1


def write_attributions(folder: Path, *lines: str) -> Path:
    path = folder / "attributions.csv"
    path.write_text("\n".join(["file,title,author,source,licence", *lines]) + "\n")
    return path


# --- Published layouts ------------------------------------------------------------------------


@pytest.fixture
def published(tmp_path) -> ClassPairsOptions:
    """VOC2007 and ESC-50, with dogs and cats."""
    return ClassPairsOptions(
        pictures=(write_voc(tmp_path / "voc", "dog", "cat", "sofa"),),
        sounds=(write_esc50(tmp_path / "esc", {"dog": "CC0", "cat": "CC-BY"}),),
        table=write_class_table(tmp_path / "pairs.csv", "dog,dog,dog", "kitten,cat,cat"),
    )


def test_voc_and_esc50_keep_their_splits_and_boxes(published):
    items, faults = find(published)
    assert faults == {}
    folds = {"1": "train", "2": "train", "3": "train", "4": "val", "5": "test"}
    labels = {"dog": "dog", "cat": "kitten"}
    for item in items.values():
        assert item.sound is not None
        assert folds[item.sound.name[0]] == item.split
        assert item.sound_s == 1.5
        assert item.boxes == [[0.1, 0.4, 0.3, 0.8]]
        assert item.id.startswith(f"voc2007_{item.split}_")
        assert labels[item.id.split("_")[2][:3]] == item.label
    assert Counter(item.label for item in items.values())["kitten"] > 3


def test_a_picture_of_two_kinds_asked_for_is_left_out(published, tmp_path):
    write_voc(tmp_path / "voc", "dog", "cat", "dog-cat", "dog-sofa")
    items, faults = find(published)
    assert faults["voc2007_test_dog-cat"] == "test_dog-cat.xml has cat and dog in it."
    assert items["voc2007_test_dog-sofa"].label == "dog"
    assert not any("sofa.xml" in reason for reason in faults.values())


def test_closed_licences_are_left_out_and_counted(published, tmp_path):
    tags = {"dog": "CC-BY-NC", "cat": "CC0"}
    esc50 = (write_esc50(tmp_path / "esc", tags),)
    items, faults = find(published, sounds=esc50)
    assert {item.label for item in items.values()} == {"kitten"}
    assert faults["ESC-50"] == (
        "10 of 20 clips are left out for their licence (10 CC-BY-NC): --any-licence takes them, "
        "too."
    )
    assert "dog has no sound for train" in faults["dog for train"]
    items, faults = find(published, sounds=esc50, any_licence=True)
    assert {item.label for item in items.values()} == {"dog", "kitten"}
    assert faults == {}


def test_clips_without_a_licence_are_left_out(published, tmp_path):
    licence = tmp_path / "esc/ESC-50-master/LICENSE"
    lines = [line for line in licence.read_text().splitlines() if "[5-" not in line]
    licence.write_text("\n".join(lines))
    items, faults = find(published)
    assert "test" not in {item.split for item in items.values()}
    assert "(4 not stated)" in faults["ESC-50"]
    licence.unlink()
    assert "unpack ESC-50 again, or take all with --any-licence." in refuse(published)
    assert find(published, any_licence=True)[1] == {}


def test_licences_are_read_as_they_were_written(tmp_path):
    """Brackets in a title, and no space behind it, as one of the 2,000 lines has it."""
    path = tmp_path / "LICENSE"
    url = "http://www.freesound.org/people/a/sounds/1/"
    path.write_text(
        f"- [4-1-A.ogg]: clip derived from Can[Nor (b)]({url}) by a b [CC-BY-NC]\n"
        f"- [4-2-B.ogg]:  clip derived from Bark (close).wav ({url}) by a. [CC0]\nother\n"
    )
    licences = read_licences(path, any_licence=False)
    assert [(name, said.title, said.author, said.licence) for name, said in licences.items()] == [
        ("4-1-A", "Can[Nor (b)]", "a b", "CC-BY-NC"),
        ("4-2-B", "Bark (close).wav", "a.", "CC0"),
    ]


def test_a_single_recording_is_for_training_whatever_its_fold(published, tmp_path):
    table = tmp_path / "esc/ESC-50-master/meta/esc50.csv"
    rows = [row for row in table.read_text().splitlines() if ",dog," not in row or row[0] == "4"]
    table.write_text("\n".join(rows) + "\n")
    items, faults = find(published)
    assert {item.split for item in items.values() if item.label == "dog"} == {"train"}
    assert {"dog for val", "dog for test"} <= faults.keys()


def test_a_recording_of_esc50_elsewhere_follows_its_fold(published, tmp_path):
    write_classes(tmp_path / "mine", {"dog": 4}, write_wav, ".wav")
    number = "https://freesound.org/people/a/sounds/10500/"
    write_attributions(tmp_path / "mine", *(f"dog/{i:02d}.wav,,,{number},CC0" for i in range(4)))
    mine = (tmp_path / "mine",)
    items, _ = find(published, sounds=(*published.sounds, *mine))
    splits = splits_of(items, "sounds")
    assert {*splits[tmp_path / "mine/dog/00.wav"]} == {"test"}


def test_caltech_101_is_found_in_what_holds_it(folders, tmp_path):
    inner = tmp_path / "data/caltech101"
    inner.mkdir(parents=True)
    (tmp_path / "photos").rename(inner / "101_ObjectCategories")
    for root in (tmp_path / "data", inner, inner / "101_ObjectCategories"):
        items, _ = find(folders, pictures=(root,))
        assert "101_ObjectCategories/tabby/00" in items


# --- Mosaics ----------------------------------------------------------------------------------


def test_the_box_is_the_tile_that_sounds(folders):
    items, _ = find(folders, mosaics=25)
    tiles = {
        "mosaic-2": [[0, 0, 0.5, 1], [0.5, 0, 1, 1]],
        "mosaic-4": [[0, 0, 0.5, 0.5], [0.5, 0, 1, 0.5], [0, 0.5, 0.5, 1], [0.5, 0.5, 1, 1]],
    }
    label_of = {row.split(",")[1]: row.split(",")[0] for row in ROWS}
    for name, boxes in tiles.items():
        mosaics = [item for item in items.values() if item.lists == (name,)]
        assert len(mosaics) == 25
        for item in mosaics:
            assert item.split == "test"
            assert [thing["box"] for thing in item.objects] == boxes
            labels = [thing["label"] for thing in item.objects]
            assert labels == [label_of[tile.parent.name] for tile in item.tiles]
            assert len(set(labels)) == len(labels)
            sounding = [thing for thing in item.objects if thing["sounding"]]
            assert [thing["label"] for thing in sounding] == [item.label]
            assert item.boxes == [sounding[0]["box"]]
        assert len({item.label for item in mosaics}) == 4
        assert len({str(item.boxes) for item in mosaics}) == len(boxes)


def test_a_prepared_mosaic_holds_its_pictures(folders, tmp_path):
    colours = {"dalmatian": 40, "tabby": 100, "holstein": 160, "leghorn": 220}
    for kind, grey in colours.items():
        for path in (tmp_path / "photos" / kind).iterdir():
            Image.new("RGB", (30, 70), (grey, grey, grey)).save(path)
    words = [*to_words(folders), "--mosaics", "3", "--out", str(tmp_path / "out")]
    assert run(words) == 0
    kind_of = dict(row.split(",")[:2] for row in ROWS)
    rows = read_manifest(tmp_path / "out", "test", "mosaic-4")
    assert len(rows) == 3
    for row in rows:
        found = corner_colours(read_image(row.image))
        assert read_image(row.image).shape == (256, 256, 3)
        wanted = [[colours[kind_of[thing.label]]] * 3 for thing in row.objects]
        np.testing.assert_allclose(found, wanted, atol=3)
        assert row.boxes.tolist() == [list(thing.box) for thing in row.objects if thing.sounding]


def to_words(options: ClassPairsOptions) -> list[str]:
    return [
        "class-pairs",
        "--pictures", *map(str, options.pictures),
        "--sounds", *map(str, options.sounds),
        "--table", str(options.table),
    ]  # fmt: skip


# --- The command ------------------------------------------------------------------------------


def read_credits(out: Path) -> list[dict[str, str]]:
    with (out / "ATTRIBUTIONS.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_command_writes_attributions_and_goes_on(published, tmp_path, capsys):
    write_classes(tmp_path / "mine", {"miaows": 12}, write_wav, ".wav")
    (tmp_path / "mine/README.txt").write_text("mine")
    write_attributions(tmp_path / "mine", 'miaows/00.wav,"Miau, ""1""",Ann,https://a.org,CC BY 4.0')
    write_class_table(tmp_path / "pairs.csv", "dog,dog,dog", "kitten,cat,cat", "kitten,cat,miaows")
    sounds = (*published.sounds, tmp_path / "mine")
    words = [*to_words(replace(published, sounds=sounds)), "--out", str(tmp_path / "out")]
    sources = take_snapshot(tmp_path)
    assert run([*words, "--shards"]) == 0
    assert "class-pairs: " in capsys.readouterr().out
    assert {n: v for n, v in take_snapshot(tmp_path).items() if n[:4] != "out/"} == sources

    rows = {row["file"]: row for row in read_credits(tmp_path / "out")}
    assert rows["VOC2007"]["kind"] == "pictures"
    assert rows["VOC2007"]["licence"] == "not stated"
    assert rows["mine/miaows/00.wav"]["title"] == 'Miau, "1"'
    assert rows["mine/miaows/00.wav"]["licence"] == "CC BY 4.0"
    assert rows["mine/miaows/01.wav"]["author"] == "not stated"
    assert rows["mine/miaows/01.wav"]["licence"] == "see README.txt in it"
    assert rows["ESC-50/5-10500-A-0.wav"] == {
        "kind": "sound",
        "file": "ESC-50/5-10500-A-0.wav",
        "label": "dog",
        "title": "a dog (5).wav",
        "author": "Some One",
        "source": "http://www.freesound.org/people/Some%20One/sounds/10500/",
        "licence": "CC0",
        "split": "test",
    }
    assert [*rows] == sorted(rows, key=lambda file: (rows[file]["kind"], file))
    options = json.loads((tmp_path / "out/report.json").read_text())["options"]
    assert "pictures" not in options
    assert options["table"] == "pairs.csv"

    made = take_contents(tmp_path / "out")
    shutil.rmtree(tmp_path / "out/shards")
    (tmp_path / "out/manifest.jsonl").unlink()
    assert run([*words, "--shards"]) == 0
    assert take_contents(tmp_path / "out") == made


def test_pictures_with_an_attribution_are_named_one_by_one(folders, tmp_path):
    write_attributions(tmp_path / "photos", "tabby/00.jpg,Mia,Ann,https://a.org,CC BY")
    (tmp_path / "photos/LICENSE").write_text("see")
    items, _ = find(folders)
    assert items["photos/tabby/00"].credits[0].title == "Mia"
    assert items["photos/tabby/00"].credits[0].label == "cat"
    assert items["photos/tabby/01"].credits[0].kind == "pictures"
    assert items["photos/tabby/01"].credits[0].licence == "see LICENSE in it"


def test_what_is_broken_is_reported_and_nothing_replaced(folders, tmp_path, capsys):
    (tmp_path / "photos/tabby/00.jpg").write_bytes(b"no picture")
    assert run([*to_words(folders), "--out", str(tmp_path / "out")]) == 1
    faults = json.loads((tmp_path / "out/report.json").read_text())["faults"]
    assert {fault["kind"] for fault in faults} == {"unreadable"}
    assert all("00.jpg is not a picture" in fault["reason"] for fault in faults)


def test_a_source_and_out_lie_apart(folders, tmp_path, capsys):
    for wrong in (tmp_path / "photos/out", tmp_path / "clips", tmp_path):
        assert run([*to_words(folders), "--out", str(wrong)]) == 2
        assert "lie in one another" in capsys.readouterr().err


# --- Notes from a soundfont -------------------------------------------------------------------


@pytest.fixture
def rendered(folders, tmp_path, monkeypatch) -> ClassPairsOptions:
    """The first two labels are played by a program that stands for fluidsynth."""
    write_fluidsynth(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    rows = ("dog,dalmatian,soundfont:0:66", "cat,tabby,soundfont:128:0", *ROWS[2:])
    return replace(
        folders,
        table=write_class_table(tmp_path / "pairs.csv", *rows),
        soundfont=write_soundfont(tmp_path / "font.sf2"),
        phrases=10,
    )


def test_phrases_are_rendered_and_named(rendered, tmp_path):
    words = [*to_words(rendered), "--soundfont", str(rendered.soundfont), "--phrases", "10"]
    out = tmp_path / "out"
    assert run([*words, "--mosaics", "2", "--out", str(out)]) == 0
    rows = [row for row in read_credits(out) if row["file"].startswith("soundfont:0:66/")]
    assert Counter(row["split"] for row in rows) == {"train": 7, "val": 1, "test": 2}
    assert {row["licence"] for row in rows} == {"see the licence of font.sf2"}
    for row in read_manifest(out):
        heard, rate_hz = soundfile.read(row.audio)
        assert rate_hz == 16_000
        if row.label in ("dog", "cat"):  # the program plays 100 Hz and 10 Hz for each number
            assert len(heard) == 48_000
            pitch_hz = np.abs(np.fft.rfft(heard)).argmax() / 3
            assert abs(pitch_hz - (760 if row.label == "dog" else 100)) < 2
    before = take_snapshot(out / "audio")
    assert run([*words, "--mosaics", "2", "--out", str(out)]) == 0
    assert take_snapshot(out / "audio") == before


def test_another_seed_is_another_phrase(tmp_path):
    phrase = Phrase(soundfont=tmp_path, bank=0, program=66, seed="0 1")
    notes = compose_phrase(phrase)
    assert notes == compose_phrase(phrase)
    assert notes != compose_phrase(replace(phrase, seed="0 2"))
    assert notes != compose_phrase(replace(phrase, program=65))
    for program in range(128):
        for bank in (0, 128):
            notes = compose_phrase(replace(phrase, bank=bank, program=program))
            assert max(begin + duration for begin, duration, *_ in notes) >= 3
            assert all(20 < key < 90 and 0 < velocity < 128 for _, _, key, velocity in notes)


def test_a_midi_file_is_what_the_standard_says():
    """One quarter of 480 ticks lasts 0.5 s: 0.25 s are 240 ticks, 0x81 0x70."""
    head = b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk\0\0\0"
    melody = write_midi([(0.0, 0.25, 60, 100)], bank=8, program=21)
    begin = b"\0\xb0\0\x08\0\xc0\x15"
    assert melody == head + b"\x14" + begin + b"\0\x90\x3c\x64\x81\x70\x80\x3c\0\0\xff\x2f\0"
    drums = write_midi([(0.0, 0.25, 40, 90)], bank=128, program=0)
    assert drums[22:] == b"\0\xc9\0" + b"\0\x99\x28\x5a\x81\x70\x89\x28\0\0\xff\x2f\0"


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("print('warning: Instrument not found', file=sys.stderr)", "has no soundfont:3:4"),
        ("print('fluidsynth: error: bad', file=sys.stderr)", "cannot play font.sf2 (fluidsynth"),
        ("sys.exit(3)", "cannot play font.sf2 (status 3)"),
        ("loud = 0", "soundfont:3:4 of font.sf2 is silent"),
    ],
)
def test_what_cannot_be_rendered_is_a_sentence(tmp_path, monkeypatch, fault, reason):
    write_fluidsynth(tmp_path / "bin", fault)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    font = write_soundfont(tmp_path / "font.sf2")
    with pytest.raises(MediaError) as raised:
        render_phrase(Phrase(soundfont=font, bank=3, program=4, seed="0"))
    assert reason in str(raised.value)
    assert str(raised.value).endswith(".")


def test_soundfont_mistakes_are_sentences(rendered, tmp_path, monkeypatch):
    assert "name an .sf2 file by --soundfont." in refuse(rendered, soundfont=None)
    assert "does not exist" in refuse(rendered, soundfont=tmp_path / "no.sf2")
    assert "name an .sf2 file for --soundfont." in refuse(rendered, soundfont=rendered.table)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "install it (apt install fluidsynth, " in refuse(rendered)
    plain = write_class_table(tmp_path / "plain.csv", *ROWS)
    assert "leave --soundfont out." in refuse(rendered, table=plain)


# --- Mistakes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "lacks the column label and pictures and sounds"),
        ("label,pictures\n", "lacks the column sounds: its first line must name the columns"),
        ("label,pictures,sounds\n\n,,\n", "has no rows: write one for each pair of kinds."),
        ("label,pictures,sounds\ndog,,barks\n", "line 2: its pictures is empty: fill it in."),
        ("label,pictures,sounds\ndog\n", "line 2: its pictures is empty"),
        ("label,pictures,sounds\nd,tabby,barks\ne,tabby,moos\n", "the pictures tabby are of d and"),
        ("label,pictures,sounds\nd,tabby,moos\ne,leghorn,moos\n", "the sounds moos are of d and"),
        ("label,pictures,sounds\nd,dalmatien,barks\n", "has dalmatien: the nearest are dalmatian."),
        ("label,pictures,sounds\nd,tabby,bark\n", "folder of sounds has bark: the nearest are bar"),
        ("label,pictures,sounds\nd,xyz,barks\n", "they have dalmatian, holstein, leghorn, tabby."),
        ("label,pictures,sounds\nd,tabby,soundfont:1\n", "'soundfont:1' is no soundfont:BANK:PROG"),
        ("label,pictures,sounds\nd,tabby,soundfont:0:128\n", "a program from 0 to 127"),
        ("label,pictures,sounds\nd,tabby,soundfont:0:1\n", "name an .sf2 file by --soundfont."),
    ],
)
def test_a_wrong_table_is_a_sentence(folders, text, reason):
    folders.table.write_text(text)
    assert reason in refuse(folders)


def test_other_mistakes_are_sentences(folders, tmp_path):
    assert "name a table with the columns" in refuse(folders, table=tmp_path / "no.csv")
    folders.table.write_bytes(b"\xff\xfe\x00\x01")
    assert "save it as CSV." in refuse(folders)
    write_class_table(folders.table, *ROWS)
    assert "is not a folder" in refuse(folders, pictures=(tmp_path / "no",))
    assert "is not a folder" in refuse(folders, sounds=(folders.table,))
    assert "no folder of sounds has barks: they have nothing." in refuse(folders, sounds=())
    assert "2 folders are called photos" in refuse(folders, pictures=folders.pictures * 2)
    (tmp_path / "bare").mkdir()
    assert "put the pictures of each class into" in refuse(folders, pictures=(tmp_path / "bare",))
    for wrong in ({"phrases": 0}, {"mosaics": -1}):
        with pytest.raises(ValueError, match="must be"):
            replace(folders, **wrong)


def test_mosaics_need_enough_labels(folders):
    write_class_table(folders.table, *ROWS[:3])
    assert "a mosaic of 4 needs test pictures of 4 labels" in refuse(folders, mosaics=1)


def test_attributions_that_are_wrong_are_said(folders, tmp_path):
    path = write_attributions(tmp_path / "clips", "barks/99.wav,,,,CC0", "./barks/00.wav,A,B,,CC0")
    items, faults = find(folders)
    assert faults["barks/99.wav"].startswith(f"{path}, line 2: there is no file 'barks/99.wav' in")
    assert {"A"} == {
        credit.title
        for item in items.values()
        for credit in item.credits
        if credit.file == "clips/barks/00.wav"
    }
    path.write_text("file,title\n")
    assert "lacks the column author and source and licence" in refuse(folders)


def test_every_instrument_is_rendered_once_and_what_cannot_be_is_said(
    tmp_path, monkeypatch, capsys
):
    write_fluidsynth(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr("sspl.prepare.render.INSTRUMENTS", ((0, 0), (0, 66), (128, 8)))
    font, out = write_soundfont(tmp_path / "font.sf2"), tmp_path / "out"
    arguments = ["--soundfont", str(font), "--out", str(out), "--num", "2"]
    assert render.run(arguments) == 0
    names = sorted(path.name for path in out.iterdir())
    assert names[:3] == ["0-0-0.flac", "0-0-1.flac", "0-66-0.flac"]
    assert len(names) == 6
    before = {path: path.stat().st_mtime_ns for path in out.iterdir()}
    (out / "0-66-0.flac").unlink()
    write_fluidsynth(tmp_path / "bin", "sys.exit(3)")
    assert render.run(arguments) == 0
    assert "left out: fluidsynth cannot play font.sf2" in capsys.readouterr().err
    assert {p: p.stat().st_mtime_ns for p in out.iterdir()}.items() < before.items()
    monkeypatch.setenv("PATH", str(tmp_path))
    assert render.run(arguments) == 2
