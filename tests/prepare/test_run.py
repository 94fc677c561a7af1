import errno
import json
import shutil
import threading

import numpy as np
import pytest
import soundfile
from media_files import (
    QUARTERS,
    corner_colours,
    cut_in_half,
    rising_tone,
    shade_of_frame,
    write_noise,
)

from prepare.layout_files import (
    BOX,
    pair,
    take_contents,
    take_snapshot,
    write_clip,
    write_picture,
    write_wav,
)
from sspl.data.manifest import read_manifest
from sspl.media.files import MediaError
from sspl.media.pictures import read_image
from sspl.media.sounds import read_audio, write_audio
from sspl.prepare import run
from sspl.prepare.items import Fault
from sspl.prepare.pair import make_pair
from sspl.prepare.run import prepare


@pytest.fixture
def source(tmp_path):
    """A picture, a sound, and a place beside them that nobody may touch."""
    write_picture(tmp_path / "source" / "a.jpg")
    write_wav(tmp_path / "source" / "a.wav")
    write_picture(tmp_path / "x.jpg")  # where "../../x" would lead
    return tmp_path / "source"


@pytest.fixture
def items(source):
    files = {"picture": source / "a.jpg", "sound": source / "a.wav"}
    return [pair(f"clip{i}", **files, boxes=[BOX], split="test", label="dog") for i in range(30)]


def test_a_pair_is_a_square_picture_three_seconds_and_a_row(source, tmp_path):
    objects = ({"label": "cello", "box": BOX, "sounding": True},)
    item = pair(
        "é/1",
        source / "a.jpg",
        source / "a.wav",
        boxes=[[BOX], [BOX, BOX]],
        by_annotator=True,
        objects=objects,
        label="cello",
        split="test",
        lists=("flickr-249", "mine"),
    )
    plain = pair("plain", source / "a.jpg", source / "a.wav")
    report = prepare([item, plain], tmp_path / "out" / "deep", name="flickr")
    row, plain_row = read_manifest(tmp_path / "out" / "deep")
    assert (row.id, row.label, row.split) == ("é/1", "cello", "test")
    assert (row.num_annotators, len(row.boxes)) == (2, 3)
    assert row.lists == ("flickr-249", "mine")
    assert row.objects[0].label == "cello"
    assert (plain_row.num_annotators, plain_row.split, plain_row.lists) == (0, "train", ())

    picture = read_image(row.image)
    assert picture.shape == (256, 256, 3)
    np.testing.assert_allclose(corner_colours(picture), QUARTERS, atol=6)
    info = soundfile.info(row.audio)
    assert (info.format, info.samplerate, info.channels) == ("FLAC", 16_000, 1)
    # The middle 3 of 4 s, sample by sample.
    np.testing.assert_allclose(
        read_audio(row.audio), rising_tone(4, 16_000)[8_000:56_000], atol=1e-4
    )
    assert report.counts == {"found": 2, "missing": 0, "unreadable": 0, "skipped": 0}
    assert report.lists == {"flickr-249": (1, 1), "mine": (1, 1)}
    assert report.splits == {"test": 1, "train": 1}


@pytest.mark.parametrize(
    ("duration_s", "middle_s", "start_s", "length_s"),
    [
        (8, None, 2.5, 3),
        (8, 5.0, 3.5, 3),
        (8, 0.2, 0, 3),
        (8, 7.9, 5, 3),
        (8, 99.0, 5, 3),
        (2, None, 0, 2),
        (2, 1.9, 0, 2),
    ],
)
def test_sound_is_cut_around_its_moment(source, tmp_path, duration_s, middle_s, start_s, length_s):
    write_wav(source / "long.wav", duration_s)
    item = pair("a", source / "a.jpg", source / "long.wav", sound_s=middle_s)
    prepare([item], tmp_path / "out", name="x")
    wanted = rising_tone(duration_s, 16_000)[int(start_s * 16_000) :][: length_s * 16_000]
    np.testing.assert_allclose(read_audio(tmp_path / "out/audio/a.flac"), wanted, atol=1e-4)


@pytest.mark.parametrize(("at_s", "shown"), [(None, 14), (0.0, 0), (1.25, 10), (3.5, 27)])
def test_a_frame_is_taken_at_its_moment(tmp_path, at_s, shown):
    clip = write_clip(tmp_path / "source" / "clip.mp4")  # 28 frames, 8 a second
    prepare([pair("a", clip, clip, picture_s=at_s)], tmp_path / "out", name="x")
    picture = read_image(tmp_path / "out/images/a.jpg")
    assert abs(int(picture[-1, -1].mean()) - shade_of_frame(shown)) <= 3
    assert len(read_audio(tmp_path / "out/audio/a.flac")) == 48_000


def test_each_fault_is_reported_none_stops_none_is_replaced(source, tmp_path):
    picture, sound = source / "a.jpg", source / "a.wav"
    (source / "zero.jpg").touch()
    clip = write_clip(source / "cut.mp4")
    fast = write_clip(source / "fast.mp4", options=("-movflags", "+faststart", "-g", "4"))
    for path in (clip, fast):
        cut_in_half(path)
    mute = write_clip(source / "mute.mp4", with_sound=False)
    for name in ("half.wav", "half.flac"):
        cut_in_half(write_wav(source / name, 20))
    out_of_view = [[1.5, 0, 2, 1], [0.5, 0.5, 0.5, 0.9]]
    items = [
        pair("good", picture, sound, boxes=[[-1, 0.2, 0.5, 1.1], [0.9, 0.9, 2, 0.9]]),
        pair("no-picture", None, sound),
        pair("no-sound", picture, None),
        pair("nothing", None, None),
        pair("gone", picture, source / "gone.wav"),
        pair("zero", source / "zero.jpg", sound),
        pair("noise", write_noise(source / "noise.png"), sound),
        pair("cut", clip, clip),
        pair("fast", fast, fast),
        pair("mute", mute, mute),
        pair("half-wav", picture, source / "half.wav"),
        pair("half-flac", picture, source / "half.flac"),
        pair("too-late", write_clip(source / "whole.mp4"), sound, picture_s=5.0),
        pair("out-of-view", picture, sound, boxes=out_of_view),
        pair("good", picture, sound),
        pair("", picture, sound),
        pair("half-\ud800", picture, sound),
        pair("label", picture, sound, label="half-\ud800"),
        Fault(id="told", kind="unreadable", reason="told.xml is a bomb.", lists=("a",)),
        pair("last", picture, sound, notes=("it is the last",), lists=("a",)),
    ]
    before = take_snapshot(source)
    report = prepare(items, tmp_path / "out", name="x")
    assert take_snapshot(source) == before

    broken = ["cut", "fast", "mute", "half-wav", "half-flac"]
    kinds = {
        kind: [fault.id for fault in report.faults if fault.kind == kind]
        for kind in ("missing", "unreadable", "skipped")
    }
    assert kinds == {
        "missing": ["no-picture", "no-sound", "nothing", "gone"],
        "unreadable": ["zero", "noise", *broken, "too-late", "told"],
        "skipped": ["out-of-view", "good", "", "half-\ud800", "label"],
    }
    reasons = {fault.id: fault.reason for fault in report.faults}
    assert reasons["nothing"] == "neither a picture nor a sound of nothing was found."
    assert reasons["no-sound"] == "no sound of no-sound was found."
    assert "gone.wav does not exist" in reasons["gone"]
    assert "zero.jpg is empty" in reasons["zero"]
    assert "mute.mp4 has no sound" in reasons["mute"]
    assert "fast.mp4" in reasons["fast"]
    assert "half.wav breaks off" in reasons["half-wav"]
    assert "its frame at 5.00 s is not in it" in reasons["too-late"]
    assert all("\n" not in reason for reason in reasons.values())

    assert [row.id for row in read_manifest(tmp_path / "out")] == ["good", "last"]
    assert read_manifest(tmp_path / "out")[0].boxes.tolist() == [[0, 0.2, 0.5, 1]]
    assert [pair_id for pair_id, _ in report.notes] == ["good", "good", "last"]
    assert report.lists == {"a": (1, 2)}
    written = json.loads((tmp_path / "out/report.json").read_text())
    assert written["counts"] == {"found": 2, "missing": 4, "unreadable": 9, "skipped": 5}
    assert written["faults"][0]["id"] == "no-picture"
    assert written["lists"] == {"a": {"found": 1, "of": 2}}
    assert set(take_snapshot(tmp_path / "out")) == {
        "images/good.jpg",
        "images/last.jpg",
        "audio/good.flac",
        "audio/last.flac",
        "manifest.jsonl",
        "report.json",
        "journal.jsonl",
    }


def test_a_wav_that_was_piped_promises_too_much_and_is_whole(source, tmp_path):
    content = bytearray((source / "a.wav").read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = b"\xff\xff\xff\xff"
    (source / "piped.wav").write_bytes(content)
    report = prepare(
        [pair("a", source / "a.jpg", source / "piped.wav")], tmp_path / "out", name="x"
    )
    assert report.faults == ()
    assert len(read_audio(tmp_path / "out/audio/a.flac")) == 48_000


def test_nothing_is_written_outside_the_target(source, tmp_path):
    hostile = [
        "../../x",
        "/etc/hostname",
        "..",
        "a\0b",
        "C:\\x",
        "x" * 3000,
        "con",
        "\n",
        "a/../..",
    ]
    hostile += ["same", "SAME", "ünï/狗"]
    (source / "link.jpg").symlink_to(tmp_path / "x.jpg")
    items = [pair(id_, source / "link.jpg", source / "a.wav") for id_ in hostile]
    before = take_snapshot(tmp_path)
    report = prepare(items, tmp_path / "out", name="x")
    assert report.faults == ()
    after = take_snapshot(tmp_path)
    assert {name: value for name, value in after.items() if not name.startswith("out/")} == before
    assert (source / "link.jpg").is_symlink()
    rows = read_manifest(tmp_path / "out")
    assert [row.id for row in rows] == hostile
    files = {row.image for row in rows} | {row.audio for row in rows}
    assert len(files) == 2 * len(hostile)
    assert len({str(path).casefold() for path in files}) == 2 * len(hostile)
    assert all(path.resolve().is_relative_to(tmp_path / "out") for path in files)


def test_a_second_run_does_nothing_that_is_done(items, tmp_path):
    out = tmp_path / "out"
    first = prepare(items, out, name="x")
    before = take_snapshot(out)
    again = prepare(items, out, name="x")
    after = take_snapshot(out)
    assert again == first
    for name, value in before.items():
        if name.startswith(("images/", "audio/", "journal")):
            assert after[name] == value, name
        assert after[name][1] == value[1], name


def test_what_appears_later_is_made_and_what_changes_is_made_anew(source, tmp_path):
    out = tmp_path / "out"
    items = [
        pair("a", source / "a.jpg", source / "a.wav"),
        pair("b", source / "b.jpg", source / "a.wav"),
        pair("c", source / "c.jpg", source / "a.wav"),
    ]
    (source / "c.jpg").touch()
    report = prepare(items, out, name="x")
    assert [fault.kind for fault in report.faults] == ["missing", "unreadable"]
    before = take_snapshot(out)
    write_picture(source / "b.jpg")
    write_picture(source / "c.jpg")
    assert prepare(items, out, name="x").faults == ()
    after = take_snapshot(out)
    assert after["images/a.jpg"] == before["images/a.jpg"]
    assert [row.id for row in read_manifest(out)] == ["a", "b", "c"]

    write_wav(source / "a.wav", 7)
    prepare(items, out, name="x")
    np.testing.assert_allclose(
        read_audio(out / "audio/b.flac"), rising_tone(7, 16_000)[32_000:80_000], atol=1e-4
    )


def test_a_change_of_the_annotation_changes_the_row_alone(source, tmp_path):
    out = tmp_path / "out"
    files = {"picture": source / "a.jpg", "sound": source / "a.wav"}
    prepare([pair("a", **files, boxes=[BOX], label="dog")], out, name="x")
    before = take_snapshot(out)
    other = [0.1, 0.1, 0.2, 0.2]
    prepare([pair("a", **files, boxes=[other], label="cat")], out, name="x")
    (row,) = read_manifest(out)
    assert (row.boxes.tolist(), row.label) == ([other], "cat")
    assert take_snapshot(out)["images/a.jpg"] == before["images/a.jpg"]


def test_another_moment_is_made_anew(tmp_path):
    clip = write_clip(tmp_path / "source" / "clip.mp4")
    prepare([pair("a", clip, clip, picture_s=0.0)], tmp_path / "out", name="x")
    prepare([pair("a", clip, clip, picture_s=3.0)], tmp_path / "out", name="x")
    picture = read_image(tmp_path / "out/images/a.jpg")
    assert abs(int(picture[-1, -1].mean()) - shade_of_frame(24)) <= 3


def test_pairs_whose_source_is_gone_since_are_kept(items, source, tmp_path):
    out = tmp_path / "out"
    prepare(items, out, name="x")
    before = take_contents(out)
    shutil.rmtree(source)
    found_no_more = [pair(item.id, None, None, boxes=[BOX], split="test") for item in items[:2]]
    report = prepare([*found_no_more, *items[2:]], out, name="x")
    assert report.faults == ()
    assert all("gone" in note for _, note in report.notes)
    after = take_contents(out)
    assert after["images/clip0.jpg"] == before["images/clip0.jpg"]
    (out / "images/clip3.jpg").unlink()
    report = prepare(items, out, name="x")
    assert [(fault.id, fault.kind) for fault in report.faults] == [("clip3", "missing")]


@pytest.mark.parametrize("half_line", [b"", b'{"id": "cl', b'{"id": "clip29", "stamp": "1"'])
def test_ctrl_c_half_way_then_the_same_as_if_uninterrupted(items, tmp_path, monkeypatch, half_line):
    prepare(items, tmp_path / "whole", name="x")
    begun = []

    def stop_at_the_tenth(path, waveform):
        begun.append(path)
        if len(begun) == 10:
            raise KeyboardInterrupt
        write_audio(path, waveform)

    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("sspl.prepare.pair.write_audio", stop_at_the_tenth)
        with pytest.raises(KeyboardInterrupt):
            prepare(items, out, name="x", num_workers=1)
    assert not (out / "manifest.jsonl").exists()
    assert not (out / "report.json").exists()
    assert len(begun) < 16  # what had not begun was dropped
    assert threading.active_count() < 5
    assert not list(out.rglob(".unfinished*"))
    kept = take_snapshot(out / "audio")
    journal = (out / "journal.jsonl").read_bytes()
    assert journal.count(b"\n") >= 6

    (out / "journal.jsonl").write_bytes(journal + half_line)
    prepare(items, out, name="x")
    assert take_contents(out) == take_contents(tmp_path / "whole")
    num_kept = sum(take_snapshot(out / "audio")[name] == value for name, value in kept.items())
    assert num_kept >= 6


def test_a_full_disk_stops_the_run_with_a_sentence(items, tmp_path, monkeypatch):
    def find_no_room(path, waveform):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("sspl.media.sounds.soundfile.SoundFile.write", find_no_room)
        with pytest.raises(MediaError, match=r"No space left on device.*make room"):
            prepare(items, tmp_path / "out", name="x")
    assert not (tmp_path / "out/manifest.jsonl").exists()
    assert prepare(items, tmp_path / "out", name="x").faults == ()


def test_threads_keep_the_order_and_stay_close(items, tmp_path, monkeypatch):
    """The first pair takes as long as all that may be begun before it is done."""
    begun, enough = [], threading.Event()

    def hold_the_first(item, *arguments):
        begun.append(item.id)
        if item.id == "clip0":
            assert not enough.wait(0.5)  # nobody gets that far while the first is waited for
        if len(begun) > 12:
            enough.set()
        return make_pair(item, *arguments)

    monkeypatch.setattr(run, "make_pair", hold_the_first)
    prepare(items, tmp_path / "out", name="x", num_workers=3)
    assert [row.id for row in read_manifest(tmp_path / "out")] == [item.id for item in items]


def test_a_folder_that_holds_anything_else_is_refused(items, tmp_path):
    out = tmp_path / "out"
    prepare(items[:1], out, name="flickr", options={"lists": ("a",), "every_s": 1.0})
    before = take_snapshot(out)
    with pytest.raises(ValueError, match="holds flickr, not vggsound: choose another --out"):
        prepare(items, out, name="vggsound", options={})
    with pytest.raises(ValueError, match=r"was prepared with every_s 1\.0, not 2\.0"):
        prepare(items, out, name="flickr", options={"lists": ("a",), "every_s": 2.0})
    assert take_snapshot(out) == before
    other = tmp_path / "other"
    write_picture(other / "images" / "mine.jpg")
    with pytest.raises(ValueError, match="holds files that were not prepared here"):
        prepare(items, other, name="flickr")
    with pytest.raises(ValueError, match="cannot be written"):
        prepare(items, other / "images" / "mine.jpg", name="flickr")
    (other / "journal.jsonl").write_text("[1, 2]\n")
    with pytest.raises(ValueError, match="holds None, not flickr"):
        prepare(items, other, name="flickr")
