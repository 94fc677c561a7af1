"""The Localizer, videos with the map over them, and the command line."""

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from media_files import VIDEO_FPS, draw_quarters, rising_tone, write_noise, write_video_file
from PIL import Image
from test_model import SMALL

import sspl.localizer
from sspl.build import build_model, build_predictive_attention
from sspl.checkpoint import save_checkpoint
from sspl.config import without_pcm
from sspl.localize.__main__ import run as run_localize
from sspl.localizer import Localizer, localize_video
from sspl.media.files import MediaError
from sspl.media.pictures import write_image
from sspl.media.sounds import write_audio
from sspl.media.video import open_video
from sspl.media.video_writer import write_video
from sspl.objectives import SimSiam
from sspl.predictive_attention import PredictiveAttentionConfig
from sspl.weights import load_encoders
from sspl.zoo.shipped import load_model

CONFIG = replace(
    SMALL,
    query_width=32,
    num_cycles=3,
    pcm_channels=16,
    objective=SimSiam(projection_width=32, prediction_width=8),
)
RATE_HZ = 16_000


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_checkpoint(build_model(CONFIG), folder, {"untrained": True})
    return folder


@pytest.fixture(scope="module")
def localizer(checkpoint) -> Localizer:
    return Localizer(load_model(checkpoint, "cpu"))


@pytest.fixture
def image() -> np.ndarray:
    return draw_quarters(120, 90)


@pytest.fixture
def files(tmp_path, image) -> tuple[Path, Path, Path]:
    """A picture, a sound, and an empty folder to write to."""
    write_image(tmp_path / "picture.png", image)
    write_audio(tmp_path / "sound.wav", rising_tone(2.0, RATE_HZ))
    (tmp_path / "out").mkdir()
    return tmp_path / "picture.png", tmp_path / "sound.wav", tmp_path / "out"


# --- The Localizer ----------------------------------------------------------------------------


def test_localizer_takes_files_and_arrays_alike(localizer, files, image):
    from_files = localizer.set_sample(*files[:2]).trace()
    assert from_files.similarity.shape == (3, 1, 14, 14)
    waveform = rising_tone(2.0, RATE_HZ)
    for picture in (image, Image.fromarray(image), str(files[0])):
        for sound in (waveform, (RATE_HZ, waveform), str(files[1])):
            trace = localizer.set_sample(picture, sound).trace()
            # A wav file holds 16 bits.
            np.testing.assert_allclose(trace.similarity, from_files.similarity, atol=1e-3)


def test_localizer_keeps_the_picture_when_the_sound_changes(localizer, image):
    first = localizer.set_sample(image, rising_tone(3.0, RATE_HZ)).trace()
    other = localizer.set_sound(rising_tone(3.0, RATE_HZ, top_hz=6000)).trace()
    again = localizer.set_sound(rising_tone(3.0, RATE_HZ)).trace()
    assert not np.allclose(first.sound, other.sound)
    np.testing.assert_array_equal(first.similarity, again.similarity)


def test_localizer_needs_both(localizer, image):
    for half in (Localizer(localizer.model), Localizer(localizer.model).set_image(image)):
        with pytest.raises(ValueError, match="set a picture and a sound"):
            half.trace()


# --- Videos -----------------------------------------------------------------------------------


def test_video_keeps_its_size_its_length_and_its_sound(localizer, tmp_path):
    source = write_video_file(tmp_path / "clip.mp4", 3.0, width_px=96, height_px=64)
    windows = localize_video(localizer, source, tmp_path / "heat.mp4", maps_per_s=4)
    assert [w.t_s for w in windows] == [*np.arange(0, 3, 0.25), 2.875]
    assert not any(w.silent for w in windows)
    with open_video(source) as before, open_video(tmp_path / "heat.mp4") as after:
        assert (after.width_px, after.height_px) == (96, 64)
        assert after.fps == VIDEO_FPS
        assert len(list(after.frames())) == len(list(before.frames())) == 24
        a, b = before.audio_window(0.5, 2.0), after.audio_window(0.5, 2.0)
        assert a @ b > 0.95 * np.linalg.norm(a) * np.linalg.norm(b)
        assert np.abs(after.frame_at(1.0).astype(int) - before.frame_at(1.0)).mean() > 5


def test_portrait_video_stays_upright_and_large_ones_are_shrunk(localizer, tmp_path):
    source = write_video_file(tmp_path / "phone.mov", 1.0, rotation=90)
    localize_video(localizer, source, tmp_path / "heat.mp4", max_side_px=32)
    with open_video(tmp_path / "heat.mp4") as video:
        assert (video.width_px, video.height_px) == (24, 32)


def test_silence_leaves_the_picture_and_says_so(localizer, tmp_path):
    frames = [np.full((128, 160, 3), 100, np.uint8)] * 48
    sound = np.concatenate([np.zeros(3 * RATE_HZ), rising_tone(3.0, RATE_HZ)])
    write_video(tmp_path / "clip.mp4", frames, 8, waveform=sound)
    windows = localize_video(localizer, tmp_path / "clip.mp4", tmp_path / "heat.mp4")
    assert windows[0].silent
    assert not windows[-1].silent
    with open_video(tmp_path / "heat.mp4") as video:
        quiet, loud = video.frame_at(0.5), video.frame_at(5.0)
    np.testing.assert_allclose(quiet[:100], 100, atol=4)
    assert quiet[100:].max() > 200  # the words
    assert np.abs(loud[:100].astype(int) - 100).mean() > 10


def test_progress_runs_from_beginning_to_end(localizer, tmp_path):
    source = write_video_file(tmp_path / "clip.mp4", 2.0)
    reports = []
    localize_video(
        localizer, source, tmp_path / "heat.mp4", progress=lambda *report: reports.append(report)
    )
    done_s, total_s = zip(*reports, strict=True)
    assert list(done_s) == sorted(done_s)
    assert done_s[0] == 0
    assert set(total_s) == {done_s[-1]}
    assert done_s[-1] == pytest.approx(2.0, abs=0.1)


class Cancelled(Exception):
    pass


@pytest.mark.parametrize("error", [Cancelled, KeyboardInterrupt])
def test_what_progress_raises_stops_the_work(localizer, tmp_path, error):
    source = write_video_file(tmp_path / "clip.mp4", 3.0)
    out = tmp_path / "out"
    out.mkdir()
    (out / "heat.mp4").write_text("old")
    seen = []

    def report(done_s, total_s):
        seen.append(done_s)
        if done_s > 1.2:
            raise error

    with pytest.raises(error):
        localize_video(localizer, source, out / "heat.mp4", progress=report)
    assert seen[-1] < 2
    assert os.listdir(out) == ["heat.mp4"]
    assert (out / "heat.mp4").read_text() == "old"


def test_videos_that_cannot_be_located(localizer, tmp_path):
    mute = write_video_file(tmp_path / "mute.mp4", 1.0, with_sound=False)
    noise = write_noise(tmp_path / "noise.mp4")
    good = write_video_file(tmp_path / "good.mp4", 1.0)
    out = tmp_path / "out"
    out.mkdir()
    for words, source, target in (
        ("mute.mp4 has no sound", mute, out / "heat.mp4"),
        ("noise.mp4 is not a video", noise, out / "heat.mp4"),
        ("end its name in .mp4", good, out / "heat.avi"),
        ("make the folder", good, out / "no" / "heat.mp4"),
    ):
        with pytest.raises(MediaError, match=re.escape(words)):
            localize_video(localizer, source, target)
        assert os.listdir(out) == []
    with pytest.raises(ValueError, match="maps_per_s"):
        localize_video(localizer, good, out / "heat.mp4", maps_per_s=0)


def test_a_model_that_takes_embeddings_is_refused():
    model = build_model(replace(SMALL, audio_encoder="embedding", embedding_channels=64))
    with pytest.raises(ValueError, match="has no audio encoder"):
        Localizer(model)


# --- The command line -------------------------------------------------------------------------


def run(*arguments: str | Path) -> int:
    return run_localize([*map(str, arguments), "--device", "cpu"])


@pytest.mark.parametrize("name", ["map.png", "map.jpg", "steps.gif", "steps.mp4"])
def test_command_writes_pictures_and_animations(files, checkpoint, name):
    image, sound, out = files
    assert run(image, sound, "-o", out / name, "--model", checkpoint) == 0
    assert os.listdir(out) == [name]
    if name == "steps.mp4":
        with open_video(out / name) as video:
            assert video.has_audio
            assert video.duration_s == pytest.approx(0.8 * 5, abs=0.1)  # three, and a rest
    else:
        with Image.open(out / name) as picture:
            assert getattr(picture, "n_frames", 1) == (3 if name == "steps.gif" else 1)
            if name == "map.png":
                assert picture.size == (120, 90)


def test_command_draws_the_steps_in_a_row(files, checkpoint):
    image, sound, out = files
    assert run(image, sound, "-o", out / "a.png", "--steps", "--model", checkpoint) == 0
    with Image.open(out / "a.png") as picture:
        assert picture.width > 2 * picture.height


def test_command_prints_the_numbers(files, checkpoint, capsys):
    image, sound, out = files
    assert run(image, sound, "-o", out / "a.png", "--model", checkpoint, "--json", "-") == 0
    numbers = json.loads(capsys.readouterr().out)
    assert [cycle["t"] for cycle in numbers["cycles"]] == [1, 2, 3]
    assert all(len(cycle["errors"]) == 3 for cycle in numbers["cycles"])
    assert numbers["silent"] is False
    assert numbers["image"] == str(image)


def test_command_without_pcm(files, tmp_path, capsys):
    image, sound, out = files
    save_checkpoint(build_model(without_pcm(CONFIG)), tmp_path / "plain", {})
    target = out / "a.gif"
    assert run(image, sound, "-o", target, "--model", tmp_path / "plain", "--json", "-") == 0
    (cycle,) = json.loads(capsys.readouterr().out)["cycles"]
    assert "errors" not in cycle


def test_command_knows_silence(files, checkpoint, image, capsys):
    picture, _, out = files
    write_audio(out / "still.wav", np.zeros(RATE_HZ, np.float32))
    arguments = ("--model", checkpoint, "--json", "-")
    assert run(picture, out / "still.wav", "-o", out / "a.png", *arguments) == 0
    assert json.loads(capsys.readouterr().out)["silent"] is True
    with Image.open(out / "a.png") as shown:
        np.testing.assert_array_equal(np.asarray(shown)[:60], image[:60])


def test_command_on_a_video(files, checkpoint, tmp_path):
    out = files[2]
    source = write_video_file(tmp_path / "clip.mp4", 1.0)
    arguments = ("--model", checkpoint, "--json", out / "a.json")
    assert run(source, "-o", out / "heat.mp4", *arguments) == 0
    windows = json.loads((out / "a.json").read_text())["windows"]
    assert len(windows) == 5
    assert set(windows[0]) == {
        "t_s", "start_s", "level_dbfs", "silent", "audible_share", "peak", "mean_similarity",
    }  # fmt: skip
    assert sorted(os.listdir(out)) == ["a.json", "heat.mp4"]


def test_what_nothing_seen_makes_has_no_map_and_says_so(files, tmp_path, image, capsys):
    picture, sound, out = files
    for name, threshold in (("hears", 1e-9), ("refuses", 1e9)):
        config = PredictiveAttentionConfig(
            image_encoder="tiny_vgg", audio_encoder="tiny_vggish", threshold=threshold
        )
        model = build_predictive_attention(config)
        load_encoders(model)
        model.prediction.normal_()
        save_checkpoint(model, tmp_path / name, {})
    arguments = ("--json", "-", "--model")
    shown = {}
    for name in ("hears", "refuses"):
        assert run(picture, sound, "-o", out / f"{name}.png", *arguments, tmp_path / name) == 0
        told = capsys.readouterr()
        shown[name] = json.loads(told.out)["audible_share"], "makes this sound" in told.err
    assert shown["hears"][0] > 0
    assert shown["refuses"] == (0, True)
    with Image.open(out / "refuses.png") as drawn:
        np.testing.assert_array_equal(np.asarray(drawn)[:60], image[:60])
    source = write_video_file(tmp_path / "clip.mp4", 1.0)
    assert run(source, "-o", out / "heat.mp4", *arguments, tmp_path / "refuses") == 0
    for window in json.loads(capsys.readouterr().out)["windows"]:
        assert (window["silent"], window["audible_share"]) == (False, 0)
    with open_video(source) as before, open_video(out / "heat.mp4") as after:
        pairs = [np.abs(v.frame_at(0.5)[:60].astype(int)) for v in (before, after)]
    assert np.abs(pairs[0] - pairs[1]).mean() < 12  # a codec between


def test_command_says_what_is_wrong_in_one_sentence(files, checkpoint, tmp_path, capsys):
    image, sound, out = files
    mute = write_video_file(tmp_path / "mute.mp4", 1.0, with_sound=False)
    noise = write_noise(tmp_path / "noise.wav")
    good = ("--model", checkpoint)
    for words, arguments in (
        ("no.png does not exist", (tmp_path / "no.png", sound, "-o", out / "a.png", *good)),
        ("needs a sound", (image, "-o", out / "a.mp4", *good)),
        ("noise.wav is not a sound", (image, noise, "-o", out / "a.png", *good)),
        ("mute.mp4 has no sound", (mute, "-o", out / "a.mp4", *good)),
        ("end its name in .png or", (image, sound, "-o", out / "a.bmp", *good)),
        ("end its name in .mp4", (mute, "-o", out / "a.png", *good)),
        ("overwrite", (image, sound, "-o", image, *good)),
        ("make the folder", (image, sound, "-o", out / "no" / "a.png", *good)),
        ("make the folder", (image, sound, "-o", out / "a.png", "--json", out / "no/a", *good)),
        ("no model 'huge'", (image, sound, "-o", out / "a.png", "--model", "huge")),
    ):
        assert run(*arguments) == 2, words
        said = capsys.readouterr()
        assert words in said.err
        assert said.err.count("\n") == 1
        assert said.out == ""
        assert os.listdir(out) == []


def test_command_tells_of_a_device_that_is_not_there(files, checkpoint, capsys):
    image, sound, out = files
    arguments = [str(image), str(sound), "-o", str(out / "a.png"), "--model", str(checkpoint)]
    assert run_localize([*arguments, "--device", "abacus"]) == 2
    assert "'abacus' cannot be used" in capsys.readouterr().err


def test_command_tells_of_a_checkpoint_of_another_shape(files, tmp_path, capsys):
    image, sound, out = files
    folder = tmp_path / "broken"
    save_checkpoint(build_model(CONFIG), folder, {})
    meta = json.loads((folder / "meta.json").read_text())
    meta["config"]["num_cycles"] = 5
    (folder / "meta.json").write_text(json.dumps(meta))
    assert run(image, sound, "-o", out / "a.png", "--model", folder) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_command_stopped_by_the_keyboard(files, checkpoint, tmp_path, monkeypatch, capsys):
    out = files[2]
    source = write_video_file(tmp_path / "clip.mp4", 1.0)
    calls = iter([False] * 3)

    def draw(*_, **__):
        if next(calls, True):
            raise KeyboardInterrupt

    monkeypatch.setattr(sspl.localizer, "paint_map", draw)
    assert run(source, "-o", out / "heat.mp4", "--model", checkpoint) == 130
    assert "Stopped" in capsys.readouterr().err
    assert os.listdir(out) == []


def test_options_without_an_effect_are_told(files, checkpoint, capsys):
    image, sound, out = files
    assert run(image, sound, "-o", out / "a.gif", "--steps", "--model", checkpoint) == 0
    assert "no effect" in capsys.readouterr().err


def test_help_comes_without_pytorch():
    asks = """
import sys
from sspl.localize.__main__ import run
try:
    run(["--help"])
finally:
    assert "torch" not in sys.modules
"""
    command = [sys.executable, "-c", asks]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
