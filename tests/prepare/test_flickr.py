import pytest
from media_files import cut_in_half

from prepare.layout_files import (
    BOMB,
    BOX,
    BOX_256,
    ENTITY,
    by_id,
    take_snapshot,
    write_annotation,
    write_flickr,
    write_lines,
    write_picture,
    write_wav,
)
from sspl.data.manifest import read_manifest
from sspl.prepare.flickr import FlickrOptions, find_items, read_annotation
from sspl.prepare.items import Fault, Item
from sspl.prepare.run import prepare


@pytest.fixture
def source(tmp_path):
    return write_flickr(tmp_path / "5k", ["10", "20", "30"])


def test_the_annotated_clips_are_for_testing(source, tmp_path):
    items = find_items(FlickrOptions(source=source))
    assert [item.id for item in items] == ["10", "20", "30"]
    report = prepare(items, tmp_path / "out", name="flickr")
    assert report.counts["found"] == 3
    row = read_manifest(tmp_path / "out", "test")[0]
    assert row.num_annotators == 3
    assert row.boxes.tolist() == [BOX] * 3
    assert row.label == ""


def test_boxes_come_back_as_the_published_pixels(tmp_path):
    """The published code has int(224 * int(text) / 256)."""
    pixels = range(257)
    boxes = [(p, p, p + 1, p + 1) for p in pixels]
    path = write_annotation(tmp_path / "a.xml", [boxes])
    (read,) = read_annotation(path)
    assert [int(224 * box[0]) for box in read] == [int(224 * p / 256) for p in pixels]


def test_a_box_is_the_four_values_after_something_else(tmp_path):
    path = tmp_path / "a.xml"
    path.write_text(
        "<a><ID>1</ID><who><bbox><l>1</l><x>0</x><y>64</y><x>128</x><y>256</y><more>9</more></bbox>"
        "<bbox><l/><x>8</x><y>8</y></bbox></who><nobody/><other><bbox><l/><x>a</x><y/><x>1.5</x>"
        "<y>1</y></bbox></other></a>"
    )
    assert read_annotation(path) == [
        [[0, 0.25, 0.5, 1], [1 / 32, 1 / 32]],
        [["a", None, 1.5 / 256, 1 / 256]],
    ]


def test_only_clips_on_the_lists_are_made(source, tmp_path):
    first = write_lines(tmp_path / "first.csv", "30,917", "10,0", "10,0", "40,1")
    second = write_lines(tmp_path / "second.txt", "10.jpg")
    options = FlickrOptions(source=source, lists=(str(first), str(second)))
    items = find_items(options)
    assert [item.id for item in items] == ["30", "10", "40"]
    assert items[1].lists == ("first", "second")
    assert items[1].notes == ("first lists it twice",)
    assert isinstance(items[2], Fault)
    assert (items[2].kind, items[2].lists) == ("missing", ("first",))
    report = prepare(items, tmp_path / "out", name="flickr")
    assert report.lists == {"first": (2, 3), "second": (1, 1)}
    assert [row.id for row in read_manifest(tmp_path / "out", "test", "second")] == ["10"]


def test_a_list_may_spell_an_accent_otherwise(source, tmp_path):
    write_flickr(source, ["cafe\u0301"])
    mine = write_lines(tmp_path / "mine.txt", "caf\u00e9")
    (item,) = find_items(FlickrOptions(source=source, lists=(str(mine),)))
    assert isinstance(item, Item)
    assert item.picture
    assert item.sound


def test_broken_files_are_reported_one_by_one(source, tmp_path):
    ids = ["bomb", "entity", "half", "voc", "outside", "edge", "no-wav", "no-jpg", "zero", "ünï"]
    write_flickr(source, [*ids, "once"])
    marks, data = source / "Annotations", source / "Data"
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    (marks / "bomb.xml").write_text(BOMB)
    (marks / "entity.xml").write_text(ENTITY.format(path=secret))
    cut_in_half(marks / "half.xml")
    (marks / "voc.xml").write_text("<a><object><bndbox><xmin>1</xmin></bndbox></object></a>")
    write_annotation(marks / "outside.xml", [[(300, 0, 400, 256)], [("x", 0, 1, 1)]])
    write_annotation(marks / "edge.xml", [[(-64, 0, 128, 300)], [BOX_256, (9, 9, 9, 20)]])
    (data / "audio/no-wav.wav").unlink()
    (data / "frames/no-jpg.jpg").unlink()
    (data / "frames/zero.jpg").write_bytes(b"")
    write_annotation(source / "copy/once.xml")

    before = take_snapshot(tmp_path)
    report = prepare(find_items(FlickrOptions(source=source)), tmp_path / "out", name="flickr")
    after = take_snapshot(tmp_path)
    assert {name: value for name, value in after.items() if not name.startswith("out/")} == before

    faults = {(fault.id, fault.kind) for fault in report.faults}
    assert faults == {
        ("bomb", "unreadable"),
        ("entity", "unreadable"),
        ("half", "unreadable"),
        ("voc", "unreadable"),
        ("outside", "skipped"),
        ("no-wav", "missing"),
        ("no-jpg", "missing"),
        ("zero", "unreadable"),
        ("once", "skipped"),
    }
    assert "the secret" not in (tmp_path / "out/report.json").read_text()
    assert all(fault.id in fault.reason or fault.id == "outside" for fault in report.faults)
    assert len(report.faults) == len(faults)
    rows = {row.id: row for row in read_manifest(tmp_path / "out")}
    assert sorted(rows) == ["10", "20", "30", "edge", "once", "ünï"]
    assert rows["edge"].boxes.tolist() == [[0, 0, 0.5, 1], BOX]
    assert rows["edge"].num_annotators == 2
    assert [pair_id for pair_id, _ in report.notes] == ["edge", "edge"]


def test_silent_pairs_extend_every_list(source, tmp_path):
    mine = write_lines(tmp_path / "mine.txt", "10", "20")
    silent = write_lines(
        tmp_path / "silent.csv",
        "video,audio,label",
        "10,20,non-sounding",
        "30,99,non-sounding",
        "10,20,non-sounding",
    )
    options = FlickrOptions(source=source, lists=(str(mine),), silent_list=silent)
    report = prepare(find_items(options), tmp_path / "out", name="flickr")
    assert [(fault.id, fault.kind) for fault in report.faults] == [
        ("30+99", "missing"),
        ("10+20", "skipped"),
    ]
    assert report.lists == {"mine": (2, 2), "mine-extended": (3, 4)}
    rows = read_manifest(tmp_path / "out", "test", "mine-extended")
    assert [(row.id, len(row.boxes), row.num_annotators) for row in rows] == [
        ("10", 3, 3),
        ("20", 3, 3),
        ("10+20", 0, 1),
    ]
    assert [row.id for row in read_manifest(tmp_path / "out", "test", "mine")] == ["10", "20"]
    wrong = write_lines(tmp_path / "wrong.csv", "video,audio,label", "10,20")
    with pytest.raises(ValueError, match=r"wrong\.csv is not a silent list"):
        find_items(FlickrOptions(source=source, silent_list=wrong))


def write_soundnet(folder):
    """SoundNet's own folders: two clips share one, two others are alone."""
    for entry, frames in (
        ("videos/0/0/0/100.mp4", ("9.jpg", "10.jpg", "8.jpg")),
        ("videos/0/0/0/200.mp4", ("1.jpg",)),
        ("videos2/3/4/5/300.mp4", ("1.jpg",)),
        ("videos2/6/7/8/400.mp4", ("1.jpg",)),
    ):
        for name in frames:
            write_picture(folder / "frames" / entry / name)
    for name in ("videos/0/0/0/100.mp3", "videos2/3/4/5/sound.mp3", "videos2/6/7/8/400.mp4.mp3"):
        write_wav(folder / "mp3" / name)
    return folder


def test_training_clips_in_soundnets_folders(tmp_path):
    source = write_soundnet(tmp_path / "soundnet")
    write_picture(tmp_path / "x.mp4" / "1.jpg")
    items = by_id(find_items(FlickrOptions(source=source)))
    assert sorted(items) == ["100", "200", "300", "400"]
    assert items["100"].picture == source / "frames/videos/0/0/0/100.mp4/9.jpg"
    assert items["100"].sound == source / "mp3/videos/0/0/0/100.mp3"
    assert items["200"].sound is None  # and not that of its neighbour
    assert items["300"].sound == source / "mp3/videos2/3/4/5/sound.mp3"
    assert items["400"].sound == source / "mp3/videos2/6/7/8/400.mp4.mp3"

    wanted = write_lines(
        tmp_path / "train.txt",
        "videos2/6/7/8/400.mp4",
        "videos/0/0/0/100.mp4",
        "videos/9/9/9/900.mp4",
        "../x.mp4",
        "a/../../../x.mp4",
    )
    found = find_items(FlickrOptions(source=source, train_list=wanted))
    report = prepare(found, tmp_path / "out", name="flickr")
    rows = read_manifest(tmp_path / "out", "train")
    assert [(row.id, row.num_annotators) for row in rows] == [("400", 0), ("100", 0)]
    assert [(fault.id, fault.kind) for fault in report.faults] == [
        ("900", "missing"),
        ("x", "skipped"),
        ("x", "skipped"),
    ]


def test_training_clips_in_flat_folders(tmp_path):
    source = tmp_path / "flat"
    for id_ in ("1", "2", "3"):
        write_picture(source / "frames" / f"{id_}.jpg")
        write_wav(source / "audio" / f"{id_}.wav")
    (source / "frames" / "Thumbs.db").touch()
    assert [item.id for item in find_items(FlickrOptions(source=source))] == ["1", "2", "3"]
    wanted = write_lines(tmp_path / "train.txt", "3", "videos/0/1.mp4", "3")
    items = find_items(FlickrOptions(source=source, train_list=wanted))
    assert [item.id for item in items] == ["3", "1", "3"]
    assert all(isinstance(item, Item) and item.sound and item.picture for item in items)
    report = prepare(items, tmp_path / "out", name="flickr")
    assert [(fault.id, fault.kind) for fault in report.faults] == [("3", "skipped")]
    assert report.splits == {"train": 2}


def test_a_clip_for_testing_is_not_trained_on(source, tmp_path):
    (source / "Annotations/20.xml").write_text(BOMB)
    wanted = write_lines(tmp_path / "train.txt", "10", "20", "77", "88")
    silent = write_lines(tmp_path / "silent.csv", "10,88,non-sounding")
    write_picture(source / "frames/77.jpg")
    write_wav(source / "audio/77.wav")
    options = FlickrOptions(source=source, train_list=wanted, silent_list=silent)
    report = prepare(find_items(options), tmp_path / "out", name="flickr")
    assert [row.id for row in read_manifest(tmp_path / "out", "train")] == ["77"]
    reasons = [fault.reason for fault in report.faults if fault.kind == "skipped"]
    assert [reason.split()[0] for reason in reasons] == ["10", "20", "88"]


def test_where_nothing_can_be_done_one_sentence_says_so(tmp_path):
    with pytest.raises(ValueError, match="is not a folder"):
        find_items(FlickrOptions(source=tmp_path / "nowhere"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="has no clips"):
        find_items(FlickrOptions(source=tmp_path / "empty"))
    mine = write_lines(tmp_path / "mine.txt", "10")
    with pytest.raises(ValueError, match="has no clips"):
        find_items(FlickrOptions(source=tmp_path / "empty", lists=(str(mine),)))


def test_clips_of_a_list_are_not_trained_on_where_the_annotations_lie_elsewhere(tmp_path):
    for id_ in ("1", "2"):
        write_picture(tmp_path / "train/frames" / f"{id_}.jpg")
        write_wav(tmp_path / "train/audio" / f"{id_}.wav")
    mine = write_lines(tmp_path / "mine.txt", "2")
    items = find_items(FlickrOptions(source=tmp_path / "train", lists=(str(mine),)))
    assert [(item.id, type(item).__name__) for item in items] == [("1", "Item"), ("2", "Fault")]
