import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from media_files import cut_in_half, rising_tone

from sspl.data.manifest import read_manifest
from sspl.media.pictures import read_image
from sspl.media.sounds import read_audio
from sspl.media.video_writer import write_video
from sspl.prepare.items import Fault, Item
from sspl.prepare.music import MusicOptions, find_items
from sspl.prepare.run import prepare

GUITAR, FLUTE, VIOLIN = 3, 12, 11
LASTS_S = 4


def shade_at(t_s: float) -> float:
    """The grey of a fixture's video at a time."""
    return 20 + 50 * t_s


@pytest.fixture(scope="module")
def videos(tmp_path_factory):
    """A video of 25 and one of 30 frames a second, by their rate."""
    folder = tmp_path_factory.mktemp("videos")
    for fps in (25, 30):
        frames = (np.full((36, 64, 3), shade_at(i / fps), np.uint8) for i in range(LASTS_S * fps))
        write_video(folder / f"{fps}.mp4", frames, fps, waveform=rising_tone(LASTS_S, 16_000))
    return {fps: folder / f"{fps}.mp4" for fps in (25, 30)}


def write_list(path: Path, videos: dict) -> None:
    path.write_text(json.dumps({"version": 1.0, "videos": videos}), encoding="utf-8")


def write_boxes(path: Path, entries: dict[str, list[int]]) -> None:
    """A box for each category of each frame, 0.1, 0.2, 0.4, 0.6 at its corners."""
    boxes = {
        name: {
            "bbox": [
                {"box": [6, 7, 19, 14], "normbox": [0.1, 0.2, 0.3, 0.4], "category_id": category}
                for category in categories
            ],
            "wdith": 64,
            "height": 36,
        }
        for name, categories in entries.items()
    }
    path.write_text(json.dumps(boxes), encoding="utf-8")


@pytest.fixture
def source(tmp_path, videos):
    """A solo and a duet to train on, and one of each with boxes; some are gone."""
    source = tmp_path / "music"
    source.mkdir()
    write_list(
        source / "MUSIC_solo_videos.json",
        {"flute": ["solo-train", "solo-test"], "tuba": ["gone-train"]},
    )
    write_list(
        source / "MUSIC_duet_videos.json",
        {"violin flute": ["duet-test"], "acoustic_guitar violin": ["duet-train", "gone-test"]},
    )
    write_boxes(
        source / "solotest.json",
        {
            "solo-test_0_1000/frame_002/00067.jpg": [FLUTE],
            "solo-test_0_1000/frame_000/00000.jpg": [],
            "solo-test_0_1000/frame_003/00111.jpg": [FLUTE],
            "solo-test_0_1000/frame_175/05257.jpg": [FLUTE],
        },
    )
    write_boxes(
        source / "duettest.json",
        {
            "duet-test_0_1000/frame_001/00037.jpg": [VIOLIN, FLUTE],
            "duet-test_0_1000/frame_001/00044.jpg": [VIOLIN],
            "gone-test_0_1000/frame_001/00030.jpg": [GUITAR],
        },
    )
    (source / "flute").mkdir()
    for name, fps in (
        ("flute/solo-train", 25),
        ("solo-test_0_1000", 25),
        ("duet-test", 30),
        ("duet-train", 25),
    ):
        shutil.copy(videos[fps], source / f"{name}.mp4")
    return source


def by_id(found: list[Item | Fault]) -> dict[str, Item | Fault]:
    assert len({entry.id for entry in found}) == len(found)
    return {entry.id: entry for entry in found}


def item(found: list[Item | Fault], id_: str) -> Item:
    entry = by_id(found)[id_]
    assert isinstance(entry, Item), entry
    return entry


def fault(found: list[Item | Fault], id_: str) -> Fault:
    entry = by_id(found)[id_]
    assert isinstance(entry, Fault), entry
    return entry


def test_a_frame_is_found_by_its_time_not_by_its_number(source):
    """Frame 67 of a file of 30 a second is at 2.23 s; in this copy, of 25, it is at 2.68 s."""
    found = find_items(MusicOptions(source=source))
    seen = item(found, "solo-test_002_00067")
    assert seen.picture_s == seen.sound_s == 67 / 30
    assert seen.picture == seen.sound == source / "solo-test_0_1000.mp4"
    assert seen.boxes == [pytest.approx([0.1, 0.2, 0.4, 0.6])]
    assert (seen.label, seen.split, seen.objects) == ("flute", "test", ())
    [note] = seen.notes
    assert "has 25 frames a second, the copy that was annotated had 30" in note
    assert item(found, "duet-test_001_00037").notes == ()  # this copy has 30


def test_a_duet_lists_both_instruments(source):
    found = find_items(MusicOptions(source=source))
    both = item(found, "duet-test_001_00037")
    assert both.label == "flute+violin"
    assert [(seen["label"], seen["sounding"]) for seen in both.objects] == [
        ("violin", True),
        ("flute", True),
    ]
    assert [seen["box"] for seen in both.objects] == both.boxes
    one = item(found, "duet-test_001_00044")
    assert one.label == "flute+violin"
    assert one.notes == ("There are boxes of violin, while flute+violin is listed.",)


def test_what_has_boxes_is_for_testing_and_nothing_else(source):
    found = find_items(MusicOptions(source=source))
    items = [entry for entry in found if isinstance(entry, Item)]
    training = {entry.id: entry.label for entry in items if entry.split == "train"}
    assert training == {
        "solo-train": "flute",
        "gone-train": "tuba",
        "duet-train": "acoustic_guitar+violin",
    }
    assert all(entry.picture_s is None for entry in items if entry.id in training)
    assert {entry.split for entry in items} == {"train", "test"}


def test_all_that_is_not_made_has_a_reason(source):
    found = find_items(MusicOptions(source=source))
    assert fault(found, "solo-test_000_00000").kind == "skipped"
    assert "nothing is annotated" in fault(found, "solo-test_000_00000").reason
    late = fault(found, "solo-test_175_05257")
    assert late.kind == "skipped"
    assert late.reason == "solo-test_0_1000.mp4 ends at 4.0 s; its box is of 175.2 s."
    for id_ in ("gone-train", "gone-test_001_00030"):
        assert item(found, id_).picture == source / f"{id_[:10].removesuffix('_')}.mp4"


def test_a_video_gives_several_pairs_for_training(source):
    found = find_items(MusicOptions(source=source, every_s=1.5))
    assert [item(found, f"solo-train@{t}s").picture_s for t in (0.75, 2.25)] == [0.75, 2.25]
    assert item(found, "gone-train").picture_s is None
    long = find_items(MusicOptions(source=source, every_s=60))
    assert item(long, "solo-train").picture_s is None  # shorter than that: one, from its middle


def test_frames_for_testing_can_be_thinned(source):
    found = find_items(MusicOptions(source=source, test_every_s=1))
    assert item(found, "duet-test_001_00037").picture_s == 37 / 30
    assert "duet-test_001_00044" not in by_id(found)
    assert item(found, "solo-test_003_00111")  # 1.47 s after the one before


def test_prepared_pairs_show_and_play_that_time(source, tmp_path):
    options = MusicOptions(source=source)
    report = prepare(find_items(options), tmp_path / "out", name="music")
    assert report.counts == {"found": 6, "missing": 2, "unreadable": 0, "skipped": 2}
    rows = {row.id: row for row in read_manifest(tmp_path / "out")}
    assert Counter(row.split for row in rows.values()) == {"test": 4, "train": 2}
    for id_, t_s in (
        ("solo-test_002_00067", 67 / 30),
        ("solo-test_003_00111", 111 / 30),
        ("duet-test_001_00037", 37 / 30),
        ("solo-train", LASTS_S / 2),
    ):
        assert read_image(rows[id_].image).mean() == pytest.approx(shade_at(t_s), abs=4)
        assert len(read_audio(rows[id_].audio)) == 48_000
    assert rows["solo-train"].num_annotators == 0
    assert [seen.label for seen in rows["duet-test_001_00037"].objects] == ["violin", "flute"]


def test_a_broken_video_stops_nothing(source, tmp_path):
    cut_in_half(source / "duet-test.mp4")
    (source / "flute" / "solo-train.mp4").write_bytes(b"")
    found = find_items(MusicOptions(source=source, every_s=3))
    report = prepare(found, tmp_path / "out", name="music")
    kinds = {fault.id: fault.kind for fault in report.faults}
    assert kinds["duet-test_001_00037"] == kinds["solo-train"] == "unreadable"
    assert report.splits == {"test": 2, "train": 1}


def test_a_video_that_is_listed_twice(source):
    write_list(
        source / "MUSIC_solo_videos.json",
        {"flute": ["solo-train", "solo-test"], "tuba": ["solo-train", "solo-test", "a", "a"]},
    )
    found = find_items(MusicOptions(source=source))
    for id_ in ("solo-train", "solo-test_002_00067", "solo-test_000_00000"):
        assert fault(found, id_).kind == "skipped"
        assert "listed as flute and as tuba" in fault(found, id_).reason
    assert item(found, "a").notes == ("It is listed as tuba 2 times.",)


@pytest.mark.parametrize("id_", ["../x", "/etc/passwd", "a/b", "", "..", None, 7, ["x"]])
def test_what_is_no_id_is_reported(source, id_):
    write_list(source / "MUSIC_duet_videos.json", {"flute violin": [id_, "duet-test"]})
    found = find_items(MusicOptions(source=source))
    assert fault(found, str(id_)).reason == (
        f"MUSIC_duet_videos.json lists {id_!r} as flute violin: that is no id of a video."
    )
    assert item(found, "duet-test_001_00037")


@pytest.mark.parametrize("content", ["{", "[]", '{"videos": [1]}', '{"videos": {"flute": 3}}'])
def test_a_broken_list_is_reported(source, content):
    (source / "MUSIC_duet_videos.json").write_text(content)
    found = find_items(MusicOptions(source=source))
    assert fault(found, "MUSIC_duet_videos.json").kind == "unreadable"
    assert item(found, "solo-train")
    # The boxes tell what plays, where they know all that does.
    assert item(found, "duet-test_001_00044").label == "flute+violin"


def test_without_boxes_no_video_is_trained_on_that_may_be_for_testing(source):
    (source / "solotest.json").write_text("{")
    found = find_items(MusicOptions(source=source))
    assert fault(found, "solotest.json").kind == "unreadable"
    assert {fault(found, id_).kind for id_ in ("solo-train", "solo-test")} == {"skipped"}
    assert item(found, "duet-train")


def test_names_that_fit_no_rate_are_reported(source):
    write_boxes(source / "duettest.json", {"duet-test_0_1000/frame_001/00900.jpg": [FLUTE]})
    assert (
        "No frame rate"
        in fault(find_items(MusicOptions(source=source)), "duet-test_001_00900").reason
    )


def test_files_that_are_not_there(source, tmp_path):
    (source / "duettest.json").unlink()
    found = find_items(MusicOptions(source=source))
    assert fault(found, "duettest.json").kind == "missing"
    assert "may be for testing" in fault(found, "duet-test").reason
    (source / "MUSIC_duet_videos.json").unlink()
    with pytest.raises(ValueError, match="neither MUSIC21_solo_videos"):
        find_items(MusicOptions(source=source, num_instruments=21))
    with pytest.raises(ValueError, match="is not a folder"):
        find_items(MusicOptions(source=tmp_path / "none"))


@pytest.mark.parametrize(
    "values", [{"every_s": 0}, {"every_s": -1}, {"test_every_s": float("nan")}]
)
def test_options_out_of_range_are_refused(values):
    with pytest.raises(ValueError, match="must be seconds"):
        MusicOptions(source=Path(), **values)
