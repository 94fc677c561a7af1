import json

import pytest
from media_files import cut_in_half, rising_tone, shade_of_frame

from prepare.layout_files import (
    BOX,
    by_id,
    write_clip,
    write_lines,
    write_picture,
    write_vggss,
    write_wav,
)
from sspl.data.manifest import read_manifest
from sspl.media.pictures import read_image
from sspl.media.sounds import read_audio
from sspl.prepare import vggsound
from sspl.prepare.items import Fault, Item
from sspl.prepare.run import prepare
from sspl.prepare.vggsound import VggsoundOptions, find_items, read_vggsound, read_vggss

DOG, CAT, COW = "_dog-dog_do_000030", "-catcatcatc_000007", "COWcowcowco_000100"


@pytest.fixture
def source(tmp_path):
    """Two clips as files of their own, one as a video."""
    for id_ in (DOG, CAT):
        write_picture(tmp_path / "clips/frames" / f"{id_}.jpg")
        write_wav(tmp_path / "clips/audio" / f"{id_}.wav", 10)
    write_clip(tmp_path / "clips/videos" / f"{COW}.mp4")
    return tmp_path / "clips"


@pytest.fixture
def vggss(tmp_path):
    return write_vggss(tmp_path / "vggss.json", [DOG, COW])


@pytest.fixture
def csv(tmp_path):
    """As published: labels with commas are quoted."""
    return write_lines(
        tmp_path / "vggsound.csv",
        "_dog-dog_do,30,dog barking,train",
        '-catcatcatc,7,"cat, meowing",train',
        "COWcowcowco,100,cow,test",
        "gonegonegon,1,bird,train",
        "testtesttes,1,bird,test",
    )


def test_clips_with_boxes_are_for_testing_whatever_the_csv_says(source, vggss, csv, tmp_path):
    (source / "videos" / f"{COW}.mp4").rename(source / "videos" / "x.mp4")
    write_picture(source / "frames" / f"{COW}.jpg")
    write_wav(source / "audio" / f"{COW}.wav")
    items = find_items(VggsoundOptions(source=source, vggss=vggss, csv=csv))
    report = prepare(items, tmp_path / "out", name="vggsound")
    rows = {row.id: row for row in read_manifest(tmp_path / "out")}
    assert {id_: row.split for id_, row in rows.items()} == {
        DOG: "test",
        COW: "test",
        CAT: "train",
    }
    assert (rows[DOG].label, rows[CAT].label) == ("dog", "cat, meowing")
    assert rows[DOG].boxes.tolist() == [BOX]
    assert (rows[DOG].num_annotators, rows[CAT].num_annotators) == (1, 0)
    assert [(fault.id, fault.kind) for fault in report.faults] == [
        (DOG, "skipped"),
        ("gonegonegon_000001", "missing"),
    ]
    # 5.0 s, the middle of ten.
    heard = read_audio(tmp_path / f"out/audio/{DOG}.flac")
    assert abs(heard - rising_tone(10, 16_000)[56_000:104_000]).max() < 1e-4


def test_the_annotated_frame_is_taken_and_no_other(source, vggss, tmp_path, monkeypatch):
    report = prepare(
        find_items(VggsoundOptions(source=source, vggss=vggss)), tmp_path / "short", name="vggsound"
    )
    (fault,) = report.faults
    assert (fault.id, fault.kind) == (COW, "unreadable")
    assert "its frame at 5.00 s is not in it" in fault.reason

    monkeypatch.setattr(vggsound, "MIDDLE_S", 2.5)
    items = find_items(VggsoundOptions(source=source, vggss=vggss))
    prepare(items, tmp_path / "out", name="vggsound")
    picture = read_image(tmp_path / f"out/images/{COW}.jpg")
    assert abs(int(picture[-1, -1].mean()) - shade_of_frame(20)) <= 3


def test_lists_choose_and_are_counted(source, vggss, tmp_path):
    mine = write_lines(tmp_path / "mine.csv", COW, DOG, "nobody_000001")
    items = find_items(VggsoundOptions(source=source, vggss=vggss, lists=(str(mine),)))
    assert [(item.id, item.lists) for item in items] == [
        (COW, ("mine",)),
        (DOG, ("mine",)),
        ("nobody_000001", ("mine",)),
    ]
    assert isinstance(items[2], Fault)
    report = prepare(items, tmp_path / "out", name="vggsound")
    assert report.lists == {"mine": (1, 3)}


def test_silent_pairs(source, vggss, tmp_path):
    silent = write_lines(
        tmp_path / "s.csv",
        "video,audio,label",
        f"{CAT},{DOG},non-sounding",
        f"{CAT},{CAT},non-sounding",
    )
    mine = write_lines(tmp_path / "mine.csv", DOG)
    options = VggsoundOptions(source=source, vggss=vggss, silent_list=silent, lists=(str(mine),))
    prepare(find_items(options), tmp_path / "out", name="vggsound")
    rows = read_manifest(tmp_path / "out", "test", "mine-extended")
    assert [(row.id, len(row.boxes)) for row in rows] == [
        (DOG, 1),
        (f"{CAT}+{DOG}", 0),
        (f"{CAT}+{CAT}", 0),
    ]


def test_a_training_list_is_taken_but_for_the_test_clips(source, vggss, csv, tmp_path):
    wanted = write_lines(tmp_path / "train.txt", CAT, DOG, "unknown_000001")
    only = write_lines(tmp_path / "only.txt", COW)
    options = VggsoundOptions(
        source=source, vggss=vggss, csv=csv, train_list=wanted, lists=(str(only),)
    )
    found = find_items(options)
    training = by_id(entry for entry in found if entry.id != COW)
    assert list(training) == [CAT, DOG, "unknown_000001"]
    assert training[CAT].label == "cat, meowing"
    assert isinstance(training[DOG], Fault)  # on no list given, but in VGG-SS
    assert training["unknown_000001"].label == ""
    assert training["unknown_000001"].picture is None


def test_another_moment_of_a_test_clips_video_is_not_trained_on(source, vggss, tmp_path):
    later = DOG.rsplit("_", 1)[0] + "_000300"
    wanted = write_lines(tmp_path / "train.txt", later, "unknown_000001")
    found = by_id(find_items(VggsoundOptions(source=source, vggss=vggss, train_list=wanted)))
    assert "out of a video that is for testing" in found[later].reason
    assert isinstance(found["unknown_000001"], Item)


def test_a_frame_after_the_pictures_end_is_not_made_up(tmp_path):
    source = tmp_path / "clips"
    write_clip(source / f"{DOG}.mp4", 2.0, sound_duration_s=10.0)
    marks = write_vggss(tmp_path / "vggss.json", [DOG])
    items = find_items(VggsoundOptions(source=source, vggss=marks))
    (fault,) = prepare(items, tmp_path / "out", name="vggsound").faults
    assert fault.kind == "unreadable"
    assert "none is shown at 5.00 s" in fault.reason


def test_entries_that_cannot_be_used_are_reported(source, tmp_path):
    path = write_vggss(
        tmp_path / "vggss.json",
        [
            DOG,
            {"file": DOG, "class": "cat", "bbox": [BOX]},
            {"file": CAT, "class": "cat", "bbox": []},
            {"file": 7, "class": "cat", "bbox": [BOX]},
            ["a"],
            {"file": "../../x", "class": "x", "bbox": [BOX]},
            {"file": CAT, "class": "cat", "bbox": [[0.1, 0.2, -2.8823037615171176e16, 0.9], BOX]},
            {"file": "none-left", "class": "x", "bbox": [[0.1, 1.0, 0.5, 1.0]]},
        ],
    )
    items = find_items(VggsoundOptions(source=source, vggss=path))
    report = prepare(items, tmp_path / "out", name="vggsound")
    assert [(fault.id, fault.kind) for fault in report.faults] == [
        (DOG, "skipped"),
        (CAT, "unreadable"),
        ("entry 4", "unreadable"),
        ("entry 5", "unreadable"),
        ("../../x", "missing"),
        ("none-left", "skipped"),
    ]
    rows = {row.id: row for row in read_manifest(tmp_path / "out")}
    assert rows[CAT].boxes.tolist() == [BOX]
    assert rows[DOG].label == "dog"
    assert [pair_id for pair_id, _ in report.notes] == [CAT]


def test_lines_of_the_csv_that_cannot_be_used_are_reported(tmp_path):
    path = write_lines(
        tmp_path / "v.csv", "YouTube ID,start,label,split", "a,1,x,train", "a,01,y,test", "b,1,x"
    )
    labelled, faults = read_vggsound(path)
    assert list(labelled) == ["a_000001"]
    assert [fault.id for fault in faults] == ["row 1", "a_000001", "row 4"]


def test_a_truncated_video_and_a_missing_sound(source, vggss, tmp_path):
    cut_in_half(source / "videos" / f"{COW}.mp4")
    (source / "audio" / f"{DOG}.wav").unlink()
    items = find_items(VggsoundOptions(source=source, vggss=vggss))
    report = prepare(items, tmp_path / "out", name="vggsound")
    assert [(fault.id, fault.kind) for fault in report.faults] == [
        (DOG, "missing"),
        (COW, "unreadable"),
    ]
    assert report.counts["found"] == 0


def test_where_nothing_can_be_done_one_sentence_says_so(source, vggss, tmp_path):
    with pytest.raises(ValueError, match="say which clips"):
        VggsoundOptions(source=source)
    with pytest.raises(ValueError, match="add --vggss"):
        VggsoundOptions(source=source, csv=vggss, lists=("vggss-5158",))
    with pytest.raises(ValueError, match="is not a folder"):
        find_items(VggsoundOptions(source=tmp_path / "nowhere", vggss=vggss))
    for content in ("{", json.dumps({"a": 1}), "[" * 100_000):
        vggss.write_text(content)
        with pytest.raises(ValueError, match=r"vggss\.json"):
            read_vggss(vggss)
