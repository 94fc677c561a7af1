"""The page without a browser: its callbacks, and the server as a program sees it."""

import threading
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import soundfile
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from page_files import save_models, save_samples, serve_page
from PIL import Image

import app
from sspl.samples import load_samples
from sspl.video import open_video, write_video

WITH, WITHOUT = "SSPL with PCM", "SSPL without PCM"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    save_samples(folder / "samples")
    Image.new("RGB", (90, 60), "teal").save(folder / "mine.jpg")
    soundfile.write(folder / "mine.wav", np.sin(np.arange(11_025) / 5) / 2, 11_025)
    (folder / "text.png").write_text("This is a text.")
    return folder


@pytest.fixture(scope="module")
def models(folder):
    return app.load_models(save_models(folder))


@pytest.fixture(scope="module")
def samples(folder):
    return load_samples(folder / "samples", app.MAX_SIDE_PX)


@pytest.fixture
def callbacks(models, samples):
    return app.Callbacks(models=models, samples=samples)


@pytest.fixture
def scene(samples):
    return next(iter(samples.values())).scene


@pytest.fixture(autouse=True)
def temporary_files(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "gradio"))


# --- Models ------------------------------------------------------------------------------------


def test_models_are_named_by_what_they_are(models):
    assert list(models) == [WITH, WITHOUT]
    assert "3 cycles" in models[WITH].facts
    assert "untrained, so its maps mean nothing" in models[WITH].facts
    assert "running on" in models[WITHOUT].facts


def test_a_trained_model_tells_its_data_and_its_score(models):
    meta = {
        "data": {"name": "orchestra", "num_train": 4000},
        "metrics": {"val_ciou_at_50": 0.514},
        "selection": "test",
    }
    facts = app.describe_model(models[WITH].network, meta)
    assert "trained on 4,000 scenes of orchestra, without labels" in facts
    assert r"cIoU\@0.5 0.51 on the test split" in facts


def test_two_models_of_one_kind_stay_apart(folder):
    name = str(folder / "with-pcm")
    assert len(app.load_models((name, name + "/."))) == 2


def test_a_missing_model_ends_the_program_with_a_sentence(folder, monkeypatch):
    monkeypatch.setattr(app.signal, "signal", lambda *_: None)
    monkeypatch.setenv("GRADIO_ANALYTICS_ENABLED", "False")
    with pytest.raises(SystemExit, match="no model 'nowhere'"):
        app.main(model=("nowhere",), samples=folder / "samples")


# --- Callbacks ---------------------------------------------------------------------------------


def test_a_sample_is_shown_and_the_comparison_stays(callbacks, samples, scene):
    compared, _ = callbacks.compare_sound(app.SILENCE, None, WITH, scene)[1:]
    second = list(samples)[1]
    shown, stage = callbacks.show_sample(second, WITH, compared)
    assert shown.title == stage["title"] == samples[second].scene.title
    assert [panel["sound"] for panel in stage["panels"]] == [shown.sound.title, "silence"]


def test_an_upload_takes_the_place_of_picture_or_sound(callbacks, folder, scene):
    picked, shown, stage = callbacks.use_picture(str(folder / "mine.jpg"), WITH, scene)
    assert picked is None  # no sample is marked any more
    assert (stage["width"], stage["height"]) == (90, 60)
    assert shown.sound == scene.sound
    assert shown.instruments == ()
    _, shown, stage = callbacks.use_sound(str(folder / "mine.wav"), WITH, shown)
    assert stage["title"] == "Your picture mine.jpg"
    assert stage["panels"][0]["sound"] == "your mine.wav"


def test_a_video_gives_its_middle_frame_and_the_sound_around_it(callbacks, samples, scene):
    video = list(samples.values())[2].video
    _, shown, stage = callbacks.use_video(str(video), WITH, scene)
    assert stage["title"] == f"Your video {video.name} at 1.0 s"
    assert len(shown.sound.waveform) == pytest.approx(2 * 16_000, abs=1600)


def test_the_sound_is_swapped_for_a_samples_silence_or_ones_own(callbacks, folder, samples, scene):
    other = list(samples)[1]
    for choice, path, title in (
        (other, None, samples[other].scene.sound.title),
        (app.SILENCE, None, "silence"),
        (app.OWN, str(folder / "mine.wav"), "your mine.wav"),
    ):
        own, _, stage = callbacks.compare_sound(choice, path, WITH, scene)
        assert [panel["sound"] for panel in stage["panels"]] == [scene.sound.title, title]
        assert own["visible"] == (choice == app.OWN)
    for choice in (app.NOTHING, app.OWN):  # one's own is still to be uploaded
        assert len(callbacks.compare_sound(choice, None, WITH, scene)[2]["panels"]) == 1


def test_another_model_looks_at_the_same_scene(callbacks, models, scene):
    facts, shown, stage = callbacks.use_model(WITHOUT, scene)
    assert facts == models[WITHOUT].facts
    assert shown is scene
    assert stage["cycles"] == 1


@pytest.mark.parametrize(
    ("callback", "name", "sentence"),
    [
        ("use_picture", "text.png", "text.png is not a picture that can be read"),
        ("use_sound", "text.png", "text.png is not a sound that can be read"),
        ("use_video", "mine.wav", "mine.wav has no moving pictures"),
        ("use_picture", None, "upload a picture first"),
        ("use_sound", None, "upload or record a sound first"),
        ("use_video", None, "upload a video first"),
        ("show_sample", "nothing", "there is no sample nothing"),
    ],
)
def test_a_mistake_becomes_one_sentence(callbacks, folder, scene, callback, name, sentence):
    path = str(folder / name) if name and "." in name else name
    with pytest.raises(gr.Error) as error:
        getattr(callbacks, callback)(path, WITH, scene)
    assert sentence in error.value.message
    assert not error.value.print_exception


def test_a_file_name_cannot_bring_html_onto_the_page(callbacks, tmp_path, scene):
    path = tmp_path / "<b>bold.png"
    path.write_text("This is a text.")
    with pytest.raises(gr.Error) as error:
        callbacks.use_picture(str(path), WITH, scene)
    assert "&lt;b&gt;bold.png" in error.value.message


def test_downloads_can_be_opened(callbacks, scene):
    with Image.open(callbacks.make_picture(WITH, scene, 2)) as picture:
        assert picture.format == "PNG"
        assert picture.size == (96, 96)
    compared = replace(scene, other=scene.sound)
    with Image.open(callbacks.make_picture(WITH, compared, 2)) as picture:
        assert picture.size == (192, 96)
    with Image.open(callbacks.make_gif(WITHOUT, scene)) as gif:
        assert gif.format == "GIF"
    with open_video(callbacks.make_film(WITHOUT, scene)) as film:
        assert film.has_audio


def test_a_heat_map_video_reports_and_can_be_watched(callbacks, samples):
    source, reports = list(samples.values())[2].video, []
    visitor = SimpleNamespace(session_hash="one")
    out = callbacks.make_heat_map_video(
        str(source), WITH, visitor, lambda share, desc: reports.append(share)
    )
    assert Path(out).name == f"{source.stem}-heat-map.mp4"
    with open_video(out) as video:
        assert video.duration_s == pytest.approx(2, abs=0.3)
    assert reports[-1] == 1
    assert reports == sorted(reports)


def test_a_cancelled_video_leaves_nothing_and_only_its_visitor_stops(callbacks, samples, tmp_path):
    source = str(list(samples.values())[2].video)
    one, two = SimpleNamespace(session_hash="one"), SimpleNamespace(session_hash="two")
    callbacks.stops["two"] = threading.Event()
    stopped = callbacks.make_heat_map_video(
        source, WITH, one, lambda share, desc: callbacks.cancel_video(one)
    )
    assert stopped is None
    assert not callbacks.stops["two"].is_set()
    assert not [path for path in (tmp_path / "gradio").rglob("*") if path.is_file()]
    callbacks.leave(one)
    callbacks.leave(two)
    assert callbacks.stops == {}


def test_a_long_video_is_refused_with_what_to_do(callbacks, monkeypatch, scene, samples):
    monkeypatch.setattr(app, "MAX_VIDEO_S", 0.5)
    video = str(list(samples.values())[2].video)
    with pytest.raises(gr.Error) as error:
        callbacks.use_video(video, WITH, scene)
    assert "cut it to 0 s or less" in error.value.message


def test_a_silent_film_is_refused(callbacks, tmp_path, scene):
    write_video(tmp_path / "mute.mp4", [np.zeros((32, 32, 3), np.uint8)] * 4, 4)
    with pytest.raises(gr.Error) as error:
        callbacks.use_video(str(tmp_path / "mute.mp4"), WITH, scene)
    assert "mute.mp4 has no sound" in error.value.message


# --- The server --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with serve_page(tmp_path_factory.mktemp("server")) as server:
        yield server


def connect(server):
    return closing(Client(server.url, verbose=False, analytics_enabled=False))


def test_every_door_has_a_name_and_says_what_it_does(server):
    with connect(server) as program:
        doors = program.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(doors) == {
        "/show_sample", "/use_picture", "/use_sound", "/use_video", "/compare_sound", "/use_model",
        "/make_picture", "/make_gif", "/make_film", "/make_heat_map_video", "/cancel_video",
    }  # fmt: skip
    assert all(door["description"] for door in doors.values())


def test_two_visitors_do_not_see_each_other(server, folder, samples):
    with connect(server) as first, connect(server) as second:
        first.predict(handle_file(folder / "mine.jpg"), WITH, api_name="/use_picture")
        _, theirs = second.predict(WITH, api_name="/use_model")
        _, mine = first.predict(WITH, api_name="/use_model")
    assert mine["title"] == "Your picture mine.jpg"
    assert theirs["title"] == next(iter(samples.values())).scene.title


def test_a_program_gets_the_sentence_too(server, folder):
    text, sentence = handle_file(folder / "text.png"), r"text\.png is not a picture that can be"
    with connect(server) as program, pytest.raises(AppError, match=sentence):
        program.predict(text, WITH, api_name="/use_picture")
    assert server.complaints() == []
