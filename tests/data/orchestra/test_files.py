"""Clips as real files: what is read back is what was made, and rows say what is in them."""

import json
from pathlib import Path

import numpy as np
import pytest

from sspl.data.manifest import read_fields
from sspl.data.orchestra import draw_picture, make_clip
from sspl.data.orchestra.__main__ import main
from sspl.data.orchestra.files import swap_sound
from sspl.media.pictures import read_image
from sspl.media.sounds import audio_duration_s, read_audio
from sspl.media.video import open_video

SAMPLES = Path(__file__).parents[3] / "assets" / "samples"


def run(folder: Path, *arguments: str | int) -> list[dict]:
    assert main(["--out", str(folder), "--image-px", "64", *map(str, arguments)]) == 0
    return read_fields(folder)


def test_files_hold_what_make_clip_makes(tmp_path):
    folder = tmp_path / "new" / "folder"
    rows = run(folder, "--seed", 11, "--num", 4, "--kinds", "solo", "duet", "silent")
    kinds = ["solo", "duet", "silent", "solo"]
    for index, (row, kind) in enumerate(zip(rows, kinds, strict=True)):
        clip = make_clip(11, index, kind, 64)
        assert row["id"] == clip.id
        assert row["label"] == clip.label
        assert row["split"] == "test"
        assert row["start_s"] == 0
        np.testing.assert_array_equal(read_image(folder / row["image"]), clip.image)
        np.testing.assert_allclose(read_audio(folder / row["audio"]), clip.waveform, atol=1e-4)
        np.testing.assert_allclose(np.array(row["boxes"]).reshape(-1, 4), clip.boxes, atol=1e-5)
        assert [p["label"] for p in row["objects"]] == [p.instrument for p in clip.placed]
        assert [p["box"] for p in row["objects"] if p["sounding"]] == row["boxes"]
    named = {row[key] for row in rows for key in ("image", "audio")}
    assert {path.name for path in folder.iterdir()} == named | {"manifest.jsonl"}


@pytest.mark.parametrize("sound", ["wav", "flac", "ogg"])
def test_sound_formats(tmp_path, sound):
    (row,) = run(tmp_path, "--num", 1, "--sound", sound)
    assert row["audio"].endswith(f".{sound}")
    clip = make_clip(0, 0, "solo", 64)
    heard = read_audio(tmp_path / row["audio"])
    assert heard @ clip.waveform > 0.95 * np.linalg.norm(heard) * np.linalg.norm(clip.waveform)


def test_swapped_sounds_share_the_picture(tmp_path):
    first, second = run(tmp_path, "--only", "silent:3", "--swap")
    assert first["image"] == second["image"]
    assert first["audio"] != second["audio"]
    assert first["boxes"] != second["boxes"]
    instruments = [p["label"] for p in first["objects"]]
    assert sorted([first["label"], second["label"]]) == sorted(instruments)
    for a, b in zip(first["objects"], second["objects"], strict=True):
        assert a["box"] == b["box"]
        assert a["sounding"] != b["sounding"]


def test_only_a_silent_instrument_can_be_swapped():
    with pytest.raises(ValueError, match="silent"):
        swap_sound(make_clip(3, 0, "solo", 16), np.random.default_rng(0))


def test_off_screen_sounds_have_no_box(tmp_path):
    (row,) = run(tmp_path, "--only", "offscreen:2")
    assert row["boxes"] == []
    assert row["label"] not in [p["label"] for p in row["objects"]]


def test_videos_have_a_row_for_each_turn(tmp_path):
    rows = run(tmp_path, "--only", "duet:1", "--video")
    assert [row["start_s"] for row in rows] == [0, 3, 6]
    assert len({row["video"] for row in rows}) == len({row["audio"] for row in rows}) == 1
    both = rows[2]["label"].split("+")
    assert [rows[0]["label"], rows[1]["label"]] == both
    assert [len(row["boxes"]) for row in rows] == [1, 1, 2]
    assert audio_duration_s(tmp_path / rows[0]["audio"]) == pytest.approx(9)
    with open_video(tmp_path / rows[0]["video"]) as video:
        assert video.duration_s == pytest.approx(9, abs=0.1)
        assert (video.fps, video.width_px, video.height_px) == (12, 64, 64)
        for row in rows:
            shown = video.frame_at(row["start_s"] + 1.5).astype(int)
            assert np.abs(shown - read_image(tmp_path / row["image"])).mean() < 6
            heard = video.audio_window(row["start_s"], 3)
            wav = read_audio(tmp_path / row["audio"], row["start_s"])
            assert heard @ wav > 0.95 * np.linalg.norm(heard) * np.linalg.norm(wav)


def test_clips_are_added_to_a_folder_but_never_twice(tmp_path, capsys):
    run(tmp_path, "--only", "duet:1")
    rows = run(tmp_path, "--only", "duet:1", "--video")
    assert len(rows) == 4
    for arguments in (("--only", "duet:1"), ("--only", "duet:1", "--video")):
        assert main(["--out", str(tmp_path), *arguments]) == 2
        assert "already" in capsys.readouterr().err
    assert read_fields(tmp_path) == rows


def test_mistakes_are_told_in_a_sentence(tmp_path, capsys):
    taken = tmp_path / "file"
    taken.write_text("")
    for words, arguments in (
        ("as solo:3", ("--only", "solo")),
        ("as solo:3", ("--only", "trio:1")),
        ("as solo:3", ("--only", "solo:-1")),
        ("image_px", ("--image-px", "4")),
        ("negative", ("--seed", "-1")),
        ("is a file", ("--out", str(taken))),
    ):
        assert main(["--out", str(tmp_path / "out"), "--num", "1", *arguments]) == 2
        said = capsys.readouterr().err
        assert words in said
        assert "Traceback" not in said
    assert not (tmp_path / "out" / "manifest.jsonl").exists()


# --- The samples in the repository ------------------------------------------------------------


def test_samples_are_complete_small_and_up_to_date():
    rows = read_fields(SAMPLES)
    named = {row[key] for row in rows for key in ("image", "audio", "video") if key in row}
    assert {path.name for path in SAMPLES.iterdir()} == named | {"manifest.jsonl"}
    assert sum(path.stat().st_size for path in SAMPLES.iterdir()) < 1_500_000
    photographs = [row for row in rows if row["id"].startswith("photo-")]
    assert all(row["title"] and row["sound_title"] and row["credit"] for row in photographs)
    drawn = [row for row in rows if row not in photographs]
    assert {row["id"].split("-")[2] for row in drawn} == {
        "solo", "silent", "duet", "offscreen", "film",
    }  # fmt: skip
    stills = [row for row in drawn if "video" not in row]
    for row in stills[:1] + stills[-1:]:
        _, seed, kind, index, *_ = row["id"].split("-")
        image, placed = draw_picture(int(seed[1:]), int(index), kind, 448)
        shown = read_image(SAMPLES / row["image"])
        assert np.abs(shown.astype(int) - image).mean() < 1, "rebuild them: see assets/README.md"
        assert [p["label"] for p in row["objects"]] == [p.instrument for p in placed]
        json.dumps(row, allow_nan=False)
