import json
from fractions import Fraction

import pytest

from sspl.prepare.items import Fault
from sspl.prepare.music_boxes import Frame, choose_frames, infer_rate, read_frames

GUITAR = {"box": [64, 36, 128, 72], "normbox": [0.1, 0.1, 0.2, 0.2], "category_id": 3}


def look_at(frames: list[tuple[int, int]], fault: Fault | None = None) -> list[Frame]:
    return [
        Frame(id=f"v_{count}", second=second, count=count, boxes=(), fault=fault)
        for second, count in frames
    ]


def cut_frames(rate: int, num_seconds: int) -> list[tuple[int, int]]:
    """(second, count) of the frames that DSOL's cut_videos.py keeps, typed from it."""
    kept, interval, since = [], rate // 4, 0
    for count in range(rate * num_seconds):
        if count % rate == 0:
            since = 0
        if since < interval * 4 and since % interval == 0:
            kept.append((int(count / rate), count))
        since += 1
    return kept


@pytest.mark.parametrize("rate", [24, 25, 30, 50, 60])
@pytest.mark.parametrize("copy_fps", [None, 25.0, 29.97, 30.0])
def test_the_rate_of_the_annotators_file_follows_from_the_names(rate, copy_fps):
    assert infer_rate(look_at(cut_frames(rate, 40)), copy_fps) == rate


def test_published_frames_had_30_a_second_whatever_the_copy_has():
    # frame_175/05257: 5257 / 30 = 175.2; at 25 it would be second 210, at 29.97 still 175.
    assert infer_rate(look_at([(175, 5257), (1, 37)]), 25.0) == 30
    assert infer_rate(look_at([(175, 5257), (1, 37)]), 29.97) == 30
    # 9000 / 29.97 = 300.3: that far into a video, 29.97 and 30 are told apart.
    assert infer_rate(look_at([(300, 9000), (299, 8999)]), 29.97) == 30
    assert infer_rate(look_at([(300, 8999)])) == Fraction(30_000, 1001)


def test_where_30_does_not_fit_the_copy_decides_between_those_that_do():
    frames = look_at([(2, 50)])  # 50 / 25 = 2.0, 50 / 24 = 2.08, 50 / 30 = 1.67
    assert infer_rate(frames) == 25
    assert infer_rate(frames, 24.0) == 24
    assert infer_rate(frames, 23.976) == Fraction(24_000, 1001)
    assert infer_rate(frames, 30.0) == 25
    assert infer_rate(look_at([(2, 67), (9, 67)]), 30.0) is None


def test_frames_are_chosen_by_their_time_and_at_a_distance():
    frames = look_at([(1, 37), (0, 0), (0, 7), (1, 30)])
    times = [(frame.count, t_s) for frame, t_s in choose_frames(frames, Fraction(30), 0)]
    assert times == [(0, 0.0), (7, 7 / 30), (30, 1.0), (37, 37 / 30)]
    assert [frame.count for frame, _ in choose_frames(frames, Fraction(30), 1)] == [0, 30]


def test_a_frame_that_cannot_be_used_does_not_push_another_out():
    empty = Fault(id="v_0", kind="skipped", reason="nothing is annotated")
    frames = [*look_at([(0, 0)], empty), *look_at([(0, 7), (1, 30)])]
    assert [frame.count for frame, _ in choose_frames(frames, Fraction(30), 1)] == [7]


def test_boxes_are_corners_named_by_their_instrument(tmp_path):
    path = tmp_path / "duettest.json"
    outside = {"normbox": [-0.1, 0.5, 0.4, 0.7], "category_id": 12}
    entry = {"bbox": [GUITAR, outside], "wdith": 640, "height": 360}
    path.write_text(json.dumps({"-_-TDDxoaAc_0_1000/frame_175/05257.jpg": entry}))
    videos, faults = read_frames(path)
    [frame] = videos["-_-TDDxoaAc"]
    assert (frame.id, frame.second, frame.count) == ("-_-TDDxoaAc_175_05257", 175, 5257)
    (guitar, box), (flute, other) = frame.boxes
    assert (guitar, flute) == ("acoustic_guitar", "flute")
    assert box == pytest.approx([0.1, 0.1, 0.3, 0.3])
    assert other == pytest.approx([-0.1, 0.5, 0.3, 1.2])  # as published
    assert frame.fault is None
    assert faults == []


@pytest.mark.parametrize(
    ("entry", "kind", "reason"),
    [
        ({"bbox": []}, "skipped", "nothing is annotated"),
        ({"bbox": [GUITAR, GUITAR | {"category_id": 99}]}, "unreadable", "category_id 99"),
        ({"bbox": [GUITAR | {"category_id": [3]}]}, "unreadable", "not as published"),
        ({"bbox": [{"category_id": 3}]}, "unreadable", "normbox"),
        ({"bbox": [GUITAR | {"normbox": [0.1, 0.2, 0.3]}]}, "unreadable", "not as published"),
        ({"bbox": [GUITAR | {"normbox": [0, 0, "wide", 1]}]}, "unreadable", "wide"),
        ({"bbox": [GUITAR | {"normbox": [0, 0, float("nan"), 1]}]}, "unreadable", "nan"),
        ({"bbox": [GUITAR | {"normbox": [0, 0, 10**400, 1]}]}, "unreadable", "not as published"),
        ({"bbox": 3}, "unreadable", "not as published"),
        ({}, "unreadable", "bbox"),
        ([], "unreadable", "not as published"),
    ],
)
def test_a_frame_that_is_not_as_published_is_reported_and_still_its_videos(
    tmp_path, entry, kind, reason
):
    path = tmp_path / "solotest.json"
    path.write_text(json.dumps({"abc_0_1000/frame_002/00067.jpg": entry}))
    videos, _ = read_frames(path)
    [frame] = videos["abc"]
    assert frame.fault is not None
    assert (frame.fault.id, frame.fault.kind) == ("abc_002_00067", kind)
    assert reason in frame.fault.reason
    assert "solotest.json, abc_0_1000/frame_002/00067.jpg" in frame.fault.reason


@pytest.mark.parametrize(
    "key", ["../abc_0_1000/frame_002/00067.jpg", "abc/frame_x/1.jpg", "abc.mp4", "", "/etc/passwd"]
)
def test_a_frame_that_belongs_nowhere_is_reported(tmp_path, key):
    path = tmp_path / "solotest.json"
    path.write_text(json.dumps({key: {"bbox": [GUITAR]}, "a/frame_000/00007.jpg": {"bbox": []}}))
    videos, [fault] = read_frames(path)
    assert list(videos) == ["a"]
    assert (fault.id, fault.kind) == (key, "skipped")
    assert repr(key) in fault.reason


@pytest.mark.parametrize("content", [b'{"a": ', b"[1]", b"", b"\xff\xfe\x00", b"[" * 100_000])
def test_a_file_that_is_no_json_object_is_refused(tmp_path, content):
    path = tmp_path / "solotest.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"solotest\.json .*copy it again"):
        read_frames(path)
