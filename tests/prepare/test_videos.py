import os

import pytest
from media_files import cut_in_half, shade_of_frame

from prepare.layout_files import by_id, take_snapshot, write_clip
from sspl.data.manifest import read_manifest
from sspl.media.pictures import read_image
from sspl.prepare.run import prepare
from sspl.prepare.videos import VideosOptions, find_items


@pytest.fixture
def source(tmp_path):
    write_clip(tmp_path / "films/Hünde/rex.mp4")
    write_clip(tmp_path / "films/beach.MOV", 2.0)
    return tmp_path / "films"


def test_a_pair_from_the_middle_of_each(source, tmp_path):
    before = take_snapshot(source)
    report = prepare(find_items(VideosOptions(source=source)), tmp_path / "out", name="videos")
    assert take_snapshot(source) == before
    rows = read_manifest(tmp_path / "out", "train")
    assert [(row.id, row.label, row.num_annotators) for row in rows] == [
        ("beach", "", 0),
        ("Hünde/rex", "Hünde", 0),
    ]
    assert rows[1].image == tmp_path / "out/images/Hünde/rex.jpg"
    assert abs(int(read_image(rows[1].image)[-1, -1].mean()) - shade_of_frame(14)) <= 3
    assert report.counts["found"] == 2


def test_one_every_so_many_seconds(source, tmp_path):
    items = find_items(VideosOptions(source=source, every_s=1.0))
    moments = [(item.id, item.picture_s) for item in items]
    assert moments == [
        ("beach@0.5s", 0.5),
        ("beach@1.5s", 1.5),
        ("Hünde/rex@0.5s", 0.5),
        ("Hünde/rex@1.5s", 1.5),
        ("Hünde/rex@2.5s", 2.5),
    ]
    (only,) = find_items(VideosOptions(source=source / "Hünde", every_s=60))
    assert only.id == "rex@1.75s"
    prepare(items, tmp_path / "out", name="videos")
    pictures = [read_image(row.image)[-1, -1].mean() for row in read_manifest(tmp_path / "out")]
    wanted = [shade_of_frame(index) for index in (4, 12, 4, 12, 20)]
    assert max(abs(a - b) for a, b in zip(pictures, wanted, strict=True)) <= 3


def test_broken_videos_are_reported(source, tmp_path):
    cut_in_half(write_clip(source / "cut.mp4"))
    write_clip(source / "mute.mp4", with_sound=False)
    (source / "zero.webm").touch()
    (source / "notes.txt").touch()
    for every_s in (None, 1.0):
        items = find_items(VideosOptions(source=source, every_s=every_s))
        report = prepare(items, tmp_path / f"out{every_s}", name="videos")
        assert [(fault.id, fault.kind) for fault in report.faults] == [
            ("cut", "unreadable"),
            ("mute", "unreadable"),
            ("zero", "unreadable"),
        ]


def test_videos_of_one_name_are_told_apart(source):
    write_clip(source / "beach.mp4", 1.0)
    os.link(source / "beach.mp4", source / "Beach.mp4")
    items = by_id(find_items(VideosOptions(source=source)))
    assert sorted(items) == ["Beach", "Hünde/rex", "beach.MOV", "beach.mp4"]


def test_a_name_in_another_encoding_is_skipped_with_a_reason(source, tmp_path):
    name = os.fsdecode(b"caf\xe9.mp4")
    (source / "beach.MOV").rename(source / name)
    report = prepare(find_items(VideosOptions(source=source)), tmp_path / "out", name="videos")
    (fault,) = report.faults
    assert fault.kind == "skipped"
    assert "rename" in fault.reason
    assert report.counts["found"] == 1


def test_where_nothing_can_be_done_one_sentence_says_so(tmp_path):
    with pytest.raises(ValueError, match="has no videos"):
        find_items(VideosOptions(source=tmp_path))
    with pytest.raises(ValueError, match="--every-s"):
        VideosOptions(source=tmp_path, every_s=0)
