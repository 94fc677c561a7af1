"""Predictive attention on the page: its maps, its errors, what it says of the whole picture."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
import torch
from page_files import PREDICTIVE, WITH, WITHOUT
from PIL import Image

from sspl.explorer.api import Api
from sspl.explorer.evaluations import describe_evaluations
from sspl.explorer.hearing import Hearing
from sspl.explorer.inside import Inside
from sspl.explorer.legend import tell_audible
from sspl.explorer.localizing import Localizing
from sspl.explorer.models import FOR_DRAWINGS, PHOTO, describe_model, load_models
from sspl.explorer.permalink import find_sound
from sspl.explorer.predictions import describe_predictions
from sspl.explorer.scenes import trace_scene
from sspl.explorer.stage import describe_stage, draw_map, draw_steps
from sspl.explorer.videos import Filming
from sspl.media.video import open_video
from sspl.plots.lettering import NOTHING
from sspl.training.fitting import with_reading
from sspl.zoo import shipped


@pytest.fixture(scope="module")
def everyone(models, predictive):
    return {**models, PREDICTIVE: predictive}


@pytest.fixture(scope="module")
def unmoved(predictive):
    """A model for which nothing in any picture makes any sound."""
    return with_reading(predictive.network, threshold=1e9)


def test_it_is_named_by_what_it_is_and_tells_its_data(predictive):
    assert predictive.label == "Predictive attention"
    assert "4 cycles" in predictive.facts
    assert "fitted to 80 pairs of orchestra in one pass" in predictive.facts
    assert "which chose its extent and its threshold" in predictive.facts
    assert predictive.drawn
    meta = {"data": {"name": "/data/mine", "num_train": 0}, "metrics": {"pairs": 1234}}
    assert "fitted to 1,234 pairs of mine" in describe_model(predictive.network, meta)


def test_every_cycle_of_every_sound_is_on_the_stage(predictive, samples, scene):
    others = (find_sound("silence", samples), find_sound("noise", samples))
    compared = replace(scene, others=others)
    stage = json.loads(json.dumps(describe_stage(predictive.network, compared), allow_nan=False))
    assert stage["cycles"] == 4
    assert [len(panel["frames"]) for panel in stage["panels"]] == [4, 4, 4]
    keys = [row["key"] for row in stage["rows"]]
    assert keys == ["error_0", "entropy_bits", "mean_similarity", "ciou"]
    assert stage["notes"][0][0] == "Attention map"
    assert stage["ends"] == ["looked at least", "looked at most"]
    assert all(panel["answer"] for panel in stage["panels"] if not panel["silent"])
    [(_, trace, _), *_] = trace_scene(predictive.network, compared)
    course = stage["panels"][0]["numbers"]["error_0"]
    assert course == pytest.approx(trace.errors[:, 0, 0].tolist())


def test_the_error_falls_where_a_second_instrument_is_silent(predictive, samples):
    scene = list(samples.values())[1].scene
    course = describe_stage(predictive.network, scene)["panels"][0]["numbers"]["error_0"]
    assert course[-1] < course[0]


def test_where_nothing_makes_the_sound_it_says_so_and_the_map_is_faint(predictive, unmoved, scene):
    (panel,) = describe_stage(unmoved, scene)["panels"]
    assert panel["answer"] == NOTHING

    def measure_change(model):
        """How far the map covers the picture."""
        rows = len(scene.picture) - 24  # above the note
        maps = draw_map(model, scene, 4)[:rows].astype(float)
        return np.abs(maps - scene.picture[:rows]).mean()

    lit = with_reading(predictive.network, threshold=1e-9)
    assert measure_change(unmoved) < 0.6 * measure_change(lit)
    # The note under a step takes one line more.
    assert len(draw_steps(unmoved, scene)[0]) > len(draw_steps(lit, scene)[0])


def test_the_share_that_makes_the_sound_is_told(predictive, scene):
    [(_, trace, _)] = trace_scene(predictive.network, scene)
    half = torch.zeros_like(trace.agreement)
    half[:, :7] = trace.threshold + 1
    told = tell_audible(replace(trace, agreement=half))
    assert told == "50 % of the picture makes this sound, as far as this model knows."
    assert tell_audible(replace(trace, agreement=half), silent=True) == ""
    assert tell_audible(replace(trace, agreement=half - 1e9), silent=True) == NOTHING


def test_other_models_say_nothing_of_the_whole_picture(models, scene):
    for key in (WITH, WITHOUT):
        assert describe_stage(models[key].network, scene)["panels"][0]["answer"] == ""


def test_programs_are_told_what_is_audible(everyone, predictive, unmoved, samples):
    first = next(iter(samples))
    quiet = {PREDICTIVE: replace(predictive, network=unmoved)}
    _, numbers = Api(models=quiet, samples=samples).localize_sample(first, "", "", 0)
    assert (numbers["audible"], numbers["answer"]) == (0, NOTHING)
    api = Api(models=everyone, samples=samples)
    _, numbers = api.localize_sample(first, "noise", PREDICTIVE, 2)
    assert 0 <= numbers["audible"] <= 1
    assert [len(cycle["errors"]) for cycle in numbers["cycles"]] == [1, 1, 1, 1]
    _, numbers = api.localize_sample(first, "", WITH, 0)
    assert "audible" not in numbers


def test_downloads_can_be_opened(everyone, samples, scene):
    does = Localizing(models=everyone, samples=samples)
    with Image.open(does.make_picture(PREDICTIVE, scene, 3)) as picture:
        assert picture.size == (96, 96)
    with Image.open(does.make_gif(PREDICTIVE, scene)) as gif:
        assert gif.n_frames >= 4


def test_a_link_leads_to_it(everyone, samples):
    does = Localizing(models=everyone, samples=samples)
    assert does.restore(f"?model={PREDICTIVE}&tab=inside")[1] == PREDICTIVE


def test_a_heat_map_video_is_made(everyone, samples):
    source = list(samples.values())[2].video
    visitor = SimpleNamespace(session_hash="one")
    does = Filming(models=everyone)
    out = does.make_heat_map_video(str(source), PREDICTIVE, visitor, lambda share, desc: None)
    with open_video(out) as video:
        assert video.duration_s == pytest.approx(2, abs=0.3)


def test_it_has_a_row_among_those_that_are_asked_whether_they_listen(everyone, samples, scene):
    value = Hearing(models=everyone, samples=samples).compare_hearing(PREDICTIVE, scene)
    json.dumps(value, allow_nan=False)
    assert [row["chosen"] for row in value["rows"]] == [False, False, True]
    assert "command" in describe_evaluations(everyone)["models"][-1]


# --- Inside -----------------------------------------------------------------------------------


def test_inside_shows_the_cycles_as_the_trace_has_them(everyone, predictive, samples, scene):
    value = Inside(models=everyone, samples=samples).describe_inside(PREDICTIVE, scene, "")[
        "inside"
    ]
    value = json.loads(json.dumps(value, allow_nan=False))
    [(_, trace, _)] = trace_scene(predictive.network, scene)
    assert len(value["frames"]) == len(value["steps"]) == 4
    assert value["error"]["course"] == pytest.approx(trace.errors[:, 0, 0].tolist())
    for expected, error in zip(value["expected"], value["error"]["course"], strict=True):
        assert np.dot(expected, value["heard"]) == pytest.approx(1 - error, abs=1e-5)
    assert np.linalg.norm(value["heard"]) == pytest.approx(1, abs=1e-5)


def test_the_words_of_a_cycle_hold_its_error_and_the_papers_numbers(predictive, scene):
    value = describe_predictions(predictive.network, scene)
    for step, error in zip(value["steps"], value["error"]["course"], strict=True):
        assert f"{error:.3f}" in step["words"]
        assert "Eq. (9)" in step["words"]
        assert "Eq. (11)" in step["words"]
    assert "(12) and (S8)" in value["steps"][1]["words"]
    assert "model's answer" in value["steps"][-1]["words"]
    names = [equation["name"] for equation in value["equations"]]
    assert names == ["Eq. (9)", "Eq. (11)", "Eqs. (12), (S8)", "Attention"]  # no spread here


# --- Which model looks ------------------------------------------------------------------------


def test_what_a_visitor_brings_is_for_the_photographs_model(predictive, samples, folder, scene):
    photo = replace(predictive, drawn=False, facts="knows photographs")
    does = Localizing(models={"drawn": predictive, "own": photo, PHOTO: photo}, samples=samples)
    mine = str(folder / "mine.jpg")
    assert does.use_picture(mine, "drawn", scene)[1:3] == (PHOTO, "knows photographs")
    assert does.use_sound(str(folder / "mine.wav"), "drawn", scene)[1] == PHOTO
    assert does.use_picture(mine, "own", scene)[1] == "own"  # chosen by a visitor who knows
    without = Localizing(models={"drawn": predictive}, samples=samples)
    assert without.use_own("drawn") == ("drawn", predictive.facts)


def test_a_sample_takes_a_model_that_knows_its_kind_with_it(predictive, samples, scene):
    photograph = replace(samples[scene.sample].scene, drawn=False, credit="mine")
    both = {**samples, "photograph": replace(samples[scene.sample], scene=photograph)}
    photo = replace(predictive, drawn=False, facts="knows photographs")
    does = Localizing(models={FOR_DRAWINGS: predictive, PHOTO: photo}, samples=both)
    chosen, facts, shown = does.show_sample("photograph", FOR_DRAWINGS, scene)
    assert (chosen, facts, shown.credit) == (PHOTO, "knows photographs", "mine")
    assert does.show_sample(scene.sample, PHOTO, shown)[0] == FOR_DRAWINGS
    kept, *_ = does.show_sample(scene.sample, FOR_DRAWINGS, scene)
    assert kept == gr.skip()  # so that a model picked in the same breath stays


def test_a_page_without_names_has_the_models_that_are_shipped(folder, predictive, monkeypatch):
    del predictive  # its folder is there
    names = {"tiny": folder / "with-pcm", FOR_DRAWINGS: folder / PREDICTIVE}
    names |= {PHOTO: folder / PREDICTIVE, "gone": folder / "gone"}
    monkeypatch.setattr("sspl.explorer.models.NAMES", names)
    monkeypatch.setattr(shipped, "NAMES", names)
    monkeypatch.setattr(shipped, "SHIPPED", Path("/"))
    models = load_models(())
    assert list(models) == ["tiny", FOR_DRAWINGS, PHOTO]
    labels = [model.label for model in models.values()]
    assert labels == ["SSPL with PCM", "Predictive attention", "Predictive attention, photographs"]
