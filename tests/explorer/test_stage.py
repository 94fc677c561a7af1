"""The stage: what travels to the browser, and what is written for download."""

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import torch
from page_files import CONFIG
from PIL import Image

from sspl.build import build_model
from sspl.config import without_pcm
from sspl.explorer.encoding import encode_picture
from sspl.explorer.scenes import Instrument, Scene, Sound, trace_scene
from sspl.explorer.stage import describe_stage, draw_map, write_steps
from sspl.media.video import open_video


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return build_model(CONFIG).eval()


@pytest.fixture(scope="module")
def scene():
    rng = np.random.default_rng(0)
    times_s = np.arange(32_000, dtype=np.float32) / 16_000
    return Scene(
        title="A cello and a flute",
        picture=rng.integers(0, 256, (60, 80, 3), np.uint8),
        sound=Sound(title="cello", waveform=np.sin(2000 * times_s) / 2, instruments=("cello",)),
        others=(Sound(title="silence", waveform=np.zeros(16_000, np.float32)),),
        instruments=(
            Instrument(name="cello", box=(0.1, 0.1, 0.5, 0.9)),
            Instrument(name="flute", box=(0.6, 0.4, 0.9, 0.5)),
        ),
    )


@pytest.fixture(scope="module")
def stage(model, scene):
    return describe_stage(model, scene)


def decode(uri: str) -> io.BytesIO:
    return io.BytesIO(base64.b64decode(uri.partition(";base64,")[2]))


def test_one_message_holds_every_cycle_of_every_sound(stage):
    stage = json.loads(json.dumps(stage, allow_nan=False))
    assert (stage["cycles"], stage["width"], stage["height"]) == (3, 80, 60)
    assert len(stage["panels"]) == 2
    for panel in stage["panels"]:
        assert len(panel["frames"]) == 3
        assert all(Image.open(decode(frame)).size == (80, 60) for frame in panel["frames"])
        assert {len(course) for course in panel["numbers"].values()} == {3}
    keys = [row["key"] for row in stage["rows"]]
    assert keys == ["error_0", "error_1", "error_2", "entropy_bits", "mean_similarity", "ciou"]


def test_frames_and_numbers_are_those_of_the_trace(model, scene, stage):
    _, trace, boxes = trace_scene(model, scene)[0]
    assert boxes.tolist() == [pytest.approx([0.1, 0.1, 0.5, 0.9])]
    assert stage["panels"][0]["numbers"]["error_1"] == pytest.approx(trace.errors[:, 0, 1].tolist())
    assert len(set(stage["panels"][0]["frames"])) == 3  # the cycles differ, so do their pictures


def test_boxes_are_shown_of_what_plays_and_is_seen(stage):
    panels = stage["panels"]
    assert [box["name"] for box in panels[0]["boxes"]] == ["cello"]
    assert panels[1]["boxes"] == []
    assert "ciou" in panels[0]["numbers"]
    assert "ciou" not in panels[1]["numbers"]
    assert (panels[0]["silent"], panels[1]["silent"]) == (False, True)


def test_the_sound_that_is_played_is_the_one_that_is_heard(scene, stage):
    panel = stage["panels"][0]
    waveform, rate_hz = soundfile.read(decode(panel["audio"]), dtype="float32")
    assert rate_hz == 16_000
    assert len(waveform) == 48_000  # 2 s, repeated
    assert np.corrcoef(waveform, scene.sound.clip)[0, 1] > 0.95  # an MP3


def test_without_pcm_there_is_one_cycle_and_no_error(scene):
    torch.manual_seed(0)
    stage = describe_stage(build_model(without_pcm(CONFIG)).eval(), replace(scene, others=()))
    assert stage["cycles"] == 1
    assert "error_0" not in stage["panels"][0]["numbers"]
    assert "No cycles" in [word for word, _ in stage["notes"]]


def test_maps_of_two_sounds_are_side_by_side(model, scene):
    assert draw_map(model, scene, 2).shape == (60, 160, 3)
    assert draw_map(model, replace(scene, others=()), 99).shape == (60, 80, 3)


def test_steps_are_written_as_gif_and_as_film_with_sound(model, scene, tmp_path):
    write_steps(model, scene, tmp_path / "steps.gif")
    with Image.open(tmp_path / "steps.gif") as gif:
        assert gif.n_frames >= 3
    write_steps(model, scene, tmp_path / "steps.mp4")
    with open_video(tmp_path / "steps.mp4") as film:
        assert film.has_audio
        assert film.duration_s >= 3


def test_a_thumbnail_is_small():
    picture = np.zeros((300, 400, 3), np.uint8)
    assert Image.open(decode(encode_picture(picture, 80))).size == (80, 60)
