"""Folders with a manifest as sources of class-pairs: splits, boxes, credits, what is left out."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from manifest_files import write_rows

from prepare.layout_files import write_picture, write_wav
from prepare.pair_files import write_class_table, write_classes, write_esc50
from prepare.test_class_pairs import find, read_credits, refuse, splits_of, write_attributions
from sspl.data.manifest import read_fields
from sspl.prepare.__main__ import run
from sspl.prepare.class_pairs import ClassPairsOptions

BOX = [0.25, 0.25, 0.75, 0.75]
SPLITS = ("train", "val", "test")


def write_set(folder: Path, rows: list[dict]) -> Path:
    """The folder, with the files that the rows name."""
    for row in rows:
        write_picture(folder / row["image"])
        write_wav(folder / row["audio"], 0.5)
    write_rows(folder, rows)
    return folder


def make_row(name: str, label: str, split: str, **more) -> dict:
    files = {"image": f"images/{name}.jpg", "audio": f"audio/{name}.wav"}
    return {"id": name, **files, "boxes": [BOX], "label": label, "split": split, **more}


def make_rows() -> list[dict]:
    """Six of each label in each split, of a recording each."""
    return [
        make_row(f"{label}{split}{i}", label, split, audio_source=f"{label}:{split}{i}")
        for label in ("dog", "cat")
        for split in SPLITS
        for i in range(6)
    ]


@pytest.fixture
def prepared(tmp_path) -> ClassPairsOptions:
    """A folder that is named under both, and a table of its two labels."""
    folder = write_set(tmp_path / "bench", make_rows())
    return ClassPairsOptions(
        pictures=(folder,),
        sounds=(folder,),
        table=write_class_table(tmp_path / "pairs.csv", "dog,dog,dog", "kitten,cat,cat"),
    )


def write_more(options: ClassPairsOptions, *rows: dict) -> None:
    write_set(options.pictures[0], [*make_rows(), *rows])


def test_pictures_and_sounds_stay_in_their_splits(prepared):
    for seed in range(4):
        items, faults = find(prepared, seed=seed)
        assert faults == {}
        assert len(splits_of(items, "pictures")) == len(splits_of(items, "sounds")) == 36
        for item in items.values():
            for path in (item.picture, item.sound):
                assert item.split in path.stem
                assert path.stem.startswith({"dog": "dog", "kitten": "cat"}[item.label])
            assert item.boxes == [BOX]
            assert item.id.startswith(f"bench/images/{item.picture.stem}")


def test_a_file_of_many_rows_is_taken_once(prepared):
    row = make_rows()[0]
    again = {**row, "id": "again", "audio": "audio/other.wav", "start_s": 0.25}
    write_more(prepared, again, {**row, "id": "and again"})
    items, _ = find(prepared)
    assert len(splits_of(items, "pictures")) == 36
    assert len(splits_of(items, "sounds")) == 37
    late = [item for item in items.values() if item.sound.stem == "other"]
    assert [item.sound_s for item in late] == [1.75]  # the middle of 3 s that begin at 0.25


def test_mosaics_and_rows_of_several_labels_are_left_out(prepared):
    objects = [{"label": label, "box": BOX, "sounding": label == "dog"} for label in ("dog", "cat")]
    write_more(
        prepared,
        make_row("tiles", "dog", "test", lists=["mosaic-2"]),
        make_row("both", "dog", "test", objects=objects),
        make_row("alone", "dog", "test", objects=objects[:1], lists=["other"]),
        make_row("offscreen", "dog", "test") | {"boxes": []},
    )
    items, faults = find(prepared)
    assert faults == {}
    seen = {path.stem for path in splits_of(items, "pictures")}
    heard = {path.stem for path in splits_of(items, "sounds")}
    assert not {"tiles", "both"} & (seen | heard)
    assert "alone" in seen & heard
    assert "offscreen" in heard - seen  # nothing of what sounds is in its picture


def test_what_cannot_be_used_is_said(prepared):
    row = make_row("two", "dog", "train")
    write_more(
        prepared,
        row,
        {**row, "id": "three", "label": "cat", "audio": "audio/three.wav"},
        make_row("sample", "dog", "samples"),
        make_row("bird", "bird", "train"),
    )
    _, faults = find(prepared)
    assert "images/two.jpg is of cat and dog in " in faults["bench/images/two"]
    assert "1 rows are left out" in faults["bench (sounds)"]
    assert "(1 samples)" in faults["bench (pictures)"]
    assert len(faults) == 3


def test_boxes_of_several_people_stay_apart(prepared, tmp_path):
    boxes = [[BOX], [], [[0.0, 0.0, 0.5, 0.5], BOX]]
    write_more(prepared, make_row("asked", "dog", "train") | {"boxes": boxes})
    items, _ = find(prepared)
    asked = items["bench/images/asked"]
    assert (asked.boxes, asked.by_annotator) == (boxes, True)
    words = ["class-pairs", "--pictures", "bench", "--sounds", "bench", "--table", "pairs.csv"]
    words = [str(tmp_path / word) if (tmp_path / word).exists() else word for word in words]
    assert run([*words, "--out", str(tmp_path / "out")]) == 0
    rows = {row["id"]: row for row in read_fields(tmp_path / "out")}
    assert rows["bench/images/asked"]["boxes"] == boxes


def test_sounds_are_kept_out_of_train_by_their_beginnings(prepared):
    write_more(prepared, make_row("closed_1", "dog", "train"))
    items, faults = find(prepared, measure_only=("dog:train", "cat:test1", "closed", "none"))
    heard = {path.stem for path in splits_of(items, "sounds")}
    assert not {"closed_1", *(f"dogtrain{i}" for i in range(6))} & heard
    assert "cattest1" in heard  # it is no training
    assert len(heard) == 30
    of_train = r" of \d+ sounds for train are left out: "
    for beginning, num in (("dog:train", 6), ("cat:test1", 0), ("closed", 1), ("none", 0)):
        reason = faults[f"--measure-only {beginning}"]
        assert re.match(rf"{num}{of_train}{beginning}\.", reason)
    assert faults["dog for train"].startswith("dog has no sound for train (pictures left out: 7)")
    with pytest.raises(ValueError, match="empty beginning"):
        replace(prepared, measure_only=("",))


def test_a_recording_in_two_folders_is_left_to_testing(prepared, tmp_path):
    rows = [
        make_row("a", "dog", "train", audio_source="dog:test0"),
        make_row("b", "dog", "val", audio_source="dog:test1"),
        make_row("c", "dog", "test", audio_source="dog:train0"),
        make_row("d", "dog", "test", audio_source="dog:test2"),
    ]
    other = write_set(tmp_path / "other", rows)
    classes = write_classes(tmp_path / "mine", {"dog": 3}, write_wav, ".wav")
    sources = ("dog:test3", "dog:train1", "dog:train0")
    write_attributions(
        classes, *(f"dog/{i:02d}.wav,t{i},,{source}," for i, source in enumerate(sources))
    )
    for seed in range(4):
        items, faults = find(prepared, sounds=(*prepared.sounds, other, classes), seed=seed)
        splits = splits_of(items, "sounds")
        assert all(len(some) == 1 for some in splits.values())
        heard = {f"{path.parent.name}/{path.stem}": some.pop() for path, some in splits.items()}
        assert not {"audio/a", "audio/b", "audio/dogtrain0"} & heard.keys()
        assert heard["audio/c"] == heard["audio/d"] == "test"
        assert [heard[f"dog/{i:02d}"] for i in range(3)] == ["test", "train", "test"]
        assert faults["other/audio/a"] == (
            "other/audio/a is left out of train: what it was cut from, dog:test0, is for test "
            "elsewhere."
        )
        assert set(faults) == {"other/audio/a", "other/audio/b", "bench/audio/dogtrain0"}


def test_esc50_and_a_manifest_know_a_recording_by_its_number(prepared, tmp_path):
    esc50 = write_esc50(tmp_path / "esc", {"dog": "CC0"})
    write_more(
        prepared,
        make_row("early", "dog", "train", audio_source="esc:10500"),  # of fold 5
        make_row("late", "dog", "test", audio_source="us8k:10100"),  # of fold 1
    )
    items, faults = find(prepared, sounds=(*prepared.sounds, esc50))
    left_out = {"bench/audio/early", "ESC-50/1-10100-A-0.wav", "ESC-50/1-10100-B-0.wav"}
    assert set(faults) == left_out
    assert not {"early", "1-10100-A-0"} & {path.stem for path in splits_of(items, "sounds")}


def test_a_single_recording_for_testing_stays_there(prepared, tmp_path):
    rows = [make_row(f"hen{split}", "hen", split, audio_source="hen:1") for split in SPLITS]
    rows = [{**row, "audio": "audio/hen.wav"} for row in rows]
    write_more(prepared, *rows)
    table = write_class_table(tmp_path / "hens.csv", "hen,hen,hen")
    items, faults = find(prepared, table=table)
    assert {item.split for item in items.values()} == {"test"}
    assert faults["hen for train"].startswith("hen has no sound for train")


@pytest.mark.parametrize("num", [2, 4, 9])
def test_pictures_of_train_repeat_with_other_sounds(prepared, num):
    once, _ = find(prepared)
    items, _ = find(prepared, repeat=num)
    for picture, splits in splits_of(items, "pictures").items():
        name = f"bench/images/{picture.stem}"
        of_it = {id_: item.sound for id_, item in items.items() if item.picture == picture}
        assert of_it[name] == once[name].sound
        if splits == {"train"}:
            ends = ["", "-b", "-c", "-d", "-e", "-f"][: min(num, 6)]
            assert {name + end for end in ends} <= of_it.keys()
            assert len({*of_it.values()}) == len(of_it)
    later = {id_: item for id_, item in items.items() if item.split != "train"}
    assert later == {id_: item for id_, item in once.items() if item.split != "train"}
    with pytest.raises(ValueError, match="--repeat must be 1 or more"):
        replace(prepared, repeat=0)


def test_a_column_split_decides_for_its_files(tmp_path):
    write_classes(tmp_path / "photos", {"dog": 30}, write_picture, ".jpg")
    clips = write_classes(tmp_path / "clips", {"dog": 30}, write_wav, ".wav")
    table = write_class_table(tmp_path / "pairs.csv", "dog,dog,dog")
    options = ClassPairsOptions(pictures=(tmp_path / "photos",), sounds=(clips,), table=table)
    path = clips / "attributions.csv"
    head = "file,title,author,source,licence,split\n"
    path.write_text(head + "".join(f"dog/{i:02d}.wav,t{i},,me,,train\n" for i in range(30)))
    items, faults = find(options)
    assert {item.split for item in items.values()} == {"train"}
    assert len(splits_of(items, "sounds")) == 30
    assert "dog for test" in faults
    path.write_text(head + "dog/00.wav,,,,,training\n")
    assert "its split is 'training': write train, val, test or nothing." in refuse(options)


def test_a_prepared_set_is_a_source_and_keeps_who_made_what(tmp_path):
    """Prepared from ESC-50, then from that: title and author stay, and so does the recording."""
    write_classes(tmp_path / "photos", {"dog": 40}, write_picture, ".jpg")
    esc50 = write_esc50(tmp_path / "esc", {"dog": "CC0"})
    table = write_class_table(tmp_path / "pairs.csv", "dog,dog,dog")
    words = ["class-pairs", "--table", str(table), "--pictures"]
    first, second = tmp_path / "first", tmp_path / "second"
    more = [str(tmp_path / "photos"), "--sounds", str(esc50), "--out", str(first)]
    assert run([*words, *more]) == 0
    more = [str(first), "--sounds", str(first), str(esc50), "--out", str(second)]
    assert run([*words, *more]) == 0
    old, new = ({row["file"]: row for row in read_credits(out)} for out in (first, second))
    assert {file for file in old if file[:4] == "ESC-"} == {f for f in new if f[:4] == "ESC-"}
    assert old["ESC-50/5-10500-A-0.wav"] == new["ESC-50/5-10500-A-0.wav"]
    assert new["first"]["licence"] == "see ATTRIBUTIONS.csv in it"
    for row in read_fields(second):
        folds = {"1": "train", "2": "train", "3": "train", "4": "val", "5": "test"}
        assert folds[row["audio_source"][len("ESC-50/")]] == row["split"]


def test_without_a_table_of_credits_a_sound_is_named_by_its_source(prepared):
    (prepared.sounds[0] / "LICENSES.md").write_text("see")
    items, _ = find(prepared)
    _, sound = items["bench/images/dogtrain0"].credits
    assert sound.title == sound.file == items["bench/images/dogtrain0"].audio_source
    assert sound.title.startswith("dog:train")
    assert sound.licence == "see LICENSES.md in it"
    write_attributions(
        prepared.sounds[0],
        *(f"audio/dogtrain{i}.wav,Bark,Ann,https://a.org,CC0" for i in range(6)),
        "images/dogtrain0.jpg,Rex,Bo,https://b.org,CC BY",
    )
    items, _ = find(prepared)
    picture, sound = items["bench/images/dogtrain0"].credits
    assert (sound.title, sound.author, sound.split) == ("Bark", "Ann", "train")
    assert (picture.kind, picture.title) == ("picture", "Rex")


def test_a_manifest_that_is_wrong_is_one_sentence(prepared):
    path = prepared.sounds[0] / "manifest.jsonl"
    path.write_text(json.dumps({"id": "a"}))
    with pytest.raises(ValueError, match="line 1: it has no image"):
        find(prepared)
