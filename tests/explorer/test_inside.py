"""Inside the PCM: every number shown is the module's own, and the equations really give it."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from page_files import CONFIG

from sspl.build import build_model
from sspl.config import ModelConfig, without_pcm
from sspl.explorer.courses import GAINS
from sspl.explorer.diagram import describe_cycles
from sspl.explorer.inside import Inside, list_sides
from sspl.explorer.location import describe_equations
from sspl.explorer.models import Model
from sspl.explorer.pcm_pass import COLUMNS, run_pass
from sspl.explorer.scenes import Scene, Sound
from sspl.localizer import Localizer
from sspl.model import SSPL
from sspl.pcm import PredictiveCoding


def make_model(config: ModelConfig) -> SSPL:
    """As if trained: with gains and norms that are not where they start."""
    torch.manual_seed(0)
    model = build_model(config)
    assert model.pcm is not None
    for part in model.pcm.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(part.weight, 0.5, 1.5)
            for tensor in (part.bias, part.running_mean):
                torch.nn.init.uniform_(tensor, -0.3, 0.3)
            torch.nn.init.uniform_(part.running_var, 0.2, 0.6)
    for gain in (*model.pcm.feedback_gain, *model.pcm.error_gain):
        torch.nn.init.uniform_(gain, -0.1, 1.2)  # those under 0 are 0 after their ReLU
    return model.eval()


@pytest.fixture(scope="module")
def model():
    return make_model(CONFIG)


@pytest.fixture(scope="module")
def scene():
    rng = np.random.default_rng(0)
    times_s = np.arange(48_000, dtype=np.float32) / 16_000
    return Scene(
        title="A cello",
        picture=rng.integers(0, 256, (60, 80, 3), np.uint8),
        sound=Sound(title="cello", waveform=np.sin(2000 * times_s) / 2),
        others=(Sound(title="silence", waveform=np.zeros(16_000, np.float32)),),
    )


@pytest.fixture(scope="module")
def inside(model, scene):
    return json.loads(json.dumps(describe_cycles(model, scene), allow_nan=False))


def find_cell(inside, key, layer):
    return next(c for c in inside["cells"] if (c["key"], c["layer"]) == (key, layer))


def test_errors_gains_and_frames_are_those_of_the_trace(model, scene, inside):
    trace = Localizer(model).set_sample(scene.picture, scene.sound.waveform).trace()
    for layer, error in enumerate(inside["errors"]):
        assert error["course"] == pytest.approx(trace.errors[:, 0, layer].tolist(), rel=1e-5)
    b, a = inside["gains"]
    for shown, learned in ((b, trace.feedback_gain), (a, trace.error_gain)):
        for layer in shown["layers"]:
            values = learned[layer["layer"] - 1]
            assert layer["values"] == pytest.approx(values.sort().values.tolist())
            assert layer["mean"] == pytest.approx(float(values.mean()))
    assert len(set(inside["frames"])) == inside["cycles"] == 3


def test_maps_are_root_mean_squares_over_the_channels_of_run(model, scene, inside):
    cycles = run_pass(model, model.pcm, scene).cycles
    visual = run_pass(model, model.pcm, scene).visual
    for t, cycle in enumerate(cycles):
        for layer in (1, 2, 3):
            tensors = {
                "p": visual if layer == 3 else cycle.predictions[layer],
                "r": cycle.feedback[layer - 1],
                "corrected": cycle.feedforward[layer - 1],
            }
            if layer < 3:
                tensors["e"] = cycle.errors[layer]
            for key, tensor in tensors.items():
                values = tensor[0].square().mean(0).sqrt().flatten().tolist()
                assert find_cell(inside, key, layer)["maps"][t] == pytest.approx(values, abs=1e-4)
        assert inside["sounds"]["p"][t] == pytest.approx(cycle.predictions[0][0].tolist())
        difference = np.subtract(inside["sounds"]["r"], inside["sounds"]["p"][t])
        assert inside["sounds"]["e"][t] == pytest.approx(difference, abs=1e-6)


def test_every_cycle_has_one_scale_and_a_layer_keeps_it_when_corrected(inside):
    for cell in inside["cells"]:
        low, high = cell["range"]
        assert low - 1e-4 <= np.min(cell["maps"]) <= np.max(cell["maps"]) <= high + 1e-4
    for layer in (1, 2, 3):
        ranges = [find_cell(inside, key, layer)["range"] for key in ("r", "corrected")]
        assert ranges[0] == ranges[1]
    assert {(c["key"], c["layer"]) for c in inside["cells"]} == {
        (column["key"], layer) for column in COLUMNS for layer in (1, 2, 3)
    } - {("e", 3)}


def test_a_cycle_has_two_halves(inside):
    halves = [(step["cycle"], step["half"]) for step in inside["steps"]]
    assert halves == [(t, half) for t in (1, 2, 3) for half in ("predict", "correct")]
    assert inside["steps"][2]["title"] == "Cycle 2 of 3: predict (feedback)"


def test_words_about_an_error_follow_its_numbers(inside):
    for error in inside["errors"]:
        first, second, last = error["course"]
        since_first, since_second = error["note"].split(", since the second it ")
        for words, before in ((since_first, first), (since_second, second)):
            change = last / before - 1
            word = "stays" if abs(change) < 0.02 else "grows" if change > 0 else "falls"
            assert word in words
            assert f"({change:+.1%})".replace("-", "−") in words
    assert "No term" in inside["errors_note"]


def test_a_loss_that_looks_at_the_error_is_not_denied(scene):
    model = make_model(replace(CONFIG, terms=replace(CONFIG.terms, sound_error_weight=0.5)))
    assert "asked this model for a small error" in describe_cycles(model, scene)["errors_note"]


@pytest.mark.parametrize(("layer", "row", "column"), [(1, 2, 0), (2, 3, 6), (3, 0, 13)])
def test_the_factors_of_the_equations_give_their_results(model, scene, layer, row, column):
    location = json.loads(json.dumps(describe_equations(model, scene, layer, row, column)))
    opened = run_pass(model, model.pcm, scene)
    a, b = torch.tensor(location["a"]), torch.tensor(location["b"])
    for t, (cycle, step) in enumerate(zip(opened.cycles, location["cycles"], strict=True)):
        n = {key: torch.tensor(values) for key, values in step.items()}
        # Eq. (10)
        if t == 0:
            assert "before" not in n
            assert torch.equal(n["r"], n["p"])
        else:
            mixed = (1 - b) * n["before"] + b * n["p"]
            inner = n["scale"] * mixed + n["shift"] if layer < 3 else mixed
            assert torch.allclose(F.gelu(inner), n["r"], atol=1e-5)
        # Eq. (12), then (11)
        inner = n["up_scale"] * (n["r"] + a * n["up"]) + n["up_shift"]
        assert torch.allclose(F.gelu(inner), n["corrected"], atol=1e-5)
        if layer < 3:
            assert torch.allclose(n["corrected"] - n["p"], n["e"], atol=1e-6)
        # and these are what the module computed
        for key, tensors in (("r", cycle.feedback), ("corrected", cycle.feedforward)):
            here = tensors[layer - 1][0, location["channels"], row, column]
            assert torch.allclose(n[key], here, atol=1e-6)


def test_a_location_has_the_values_of_its_maps_and_the_channels_missed_most(model, scene, inside):
    location = describe_equations(model, scene, 2, 4, 5)
    for key, course in location["levels"].items():
        maps = find_cell(inside, key, 2)["maps"]
        assert course == pytest.approx([values[4 * 7 + 5] for values in maps], abs=1e-4)
    error = run_pass(model, model.pcm, scene).cycles[-1].errors[2][0, :, 4, 5].abs()
    assert location["channels"] == error.argsort(descending=True)[:8].tolist()
    assert location["num_channels"] == CONFIG.pcm_channels


def test_one_cycle_starts_and_corrects_once(scene):
    model = make_model(replace(CONFIG, num_cycles=1))
    inside = describe_cycles(model, scene)
    assert len(inside["steps"]) == 2
    assert len(inside["frames"]) == 1
    assert "not used" in inside["gains"][0]["note"]
    assert [len(error["course"]) for error in inside["errors"]] == [1, 1, 1]
    location = describe_equations(model, scene, **inside["location"])
    assert [len(course) for course in location["levels"].values()] == [1, 1, 1, 1]


def test_without_pcm_there_is_a_sentence(scene):
    model = build_model(without_pcm(CONFIG)).eval()
    assert list(describe_cycles(model, scene)) == ["sentence"]
    with pytest.raises(ValueError, match="Choose a model with PCM"):
        describe_equations(model, scene, 2, 0, 0)


@pytest.mark.parametrize(
    ("location", "sentence"),
    [((0, 0, 0), "no layer 0"), ((4, 0, 0), "no layer 4"), ((1, 3, 0), "rows and columns 0 to 2")],
)
def test_a_location_that_is_not_there_is_an_error(model, scene, location, sentence):
    with pytest.raises(ValueError, match=sentence):
        describe_equations(model, scene, *location)


def test_gains_start_where_the_page_says():
    pcm = PredictiveCoding(visual_channels=2, channels=2, audio_channels=2, num_cycles=2)
    for symbol, gains in (("b", pcm.feedback_gain), ("a", pcm.error_gain)):
        assert all((gain == GAINS[symbol][1]).all() for gain in gains)


def as_model(network, drawn=False):
    return Model(network=network, folder=Path(), label="a label", facts="", drawn=drawn)


def test_programs_ask_by_name_and_with_plain_numbers(model, scene):
    inside = Inside(models={"ours": as_model(model)}, samples={})
    assert inside.describe_inside.__doc__
    assert inside.describe_inside("ours", scene, "")["inside"]["cycles"] == 3
    location = inside.describe_location("ours", scene, 2.0, 6.0, 0.0)  # as JSON may bring them
    assert location == describe_equations(model, scene, 2, 6, 0)


# --- The switch -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def everyone(model, predictive):
    """As the page has them, small."""
    plain = build_model(without_pcm(CONFIG)).eval()
    return {
        "photo": as_model(predictive.network),
        "photo-pcm": as_model(model),
        "tiny-predictive": as_model(predictive.network, drawn=True),
        "tiny": as_model(model, drawn=True),
        "tiny-no-pcm": as_model(plain, drawn=True),
        "mine": as_model(model, drawn=True),
    }


@pytest.mark.parametrize(
    ("key", "sides"),
    [
        ("photo", ["photo", "photo-pcm"]),
        ("photo-pcm", ["photo", "photo-pcm"]),
        ("tiny-predictive", ["tiny-predictive", "tiny"]),
        ("tiny", ["tiny-predictive", "tiny"]),
        ("tiny-no-pcm", ["tiny-no-pcm", "tiny-predictive", "tiny"]),
        ("mine", ["tiny-predictive", "mine"]),
    ],
)
def test_beside_a_model_is_the_one_of_the_same_pictures(everyone, key, sides):
    assert [side["model"] for side in list_sides(key, everyone)] == sides


def test_where_no_counterpart_is_loaded_there_is_nothing_to_switch_to(everyone):
    for key in ("photo", "tiny-no-pcm", "mine"):
        assert [side["model"] for side in list_sides(key, {key: everyone[key]})] == [key]
    drawings_only = {key: everyone[key] for key in ("photo", "tiny")}
    assert [side["model"] for side in list_sides("photo", drawings_only)] == ["photo"]


def test_a_side_is_looked_into_without_another_choice_on_the_page(everyone, scene):
    inside = Inside(models=everyone, samples={})

    def look(key, side):
        opened = inside.describe_inside(key, scene, side)
        kinds = {"expected": "attention", "cells": "pcm", "sentence": "none"}
        (kind,) = (kinds[field] for field in kinds if field in opened["inside"])
        return opened["model"], kind, bool(opened["note"])

    assert look("photo", "") == ("photo", "attention", False)
    assert look("photo", "pcm") == ("photo-pcm", "pcm", True)
    assert look("photo", "attention") == ("photo", "attention", False)
    assert look("photo-pcm", "") == ("photo-pcm", "pcm", False)
    assert look("photo-pcm", "attention") == ("photo", "attention", True)
    assert look("tiny-no-pcm", "") == ("tiny-no-pcm", "none", False)
    assert look("tiny-no-pcm", "pcm") == ("tiny", "pcm", True)
    alone = Inside(models={"tiny": everyone["tiny"]}, samples={})
    assert alone.describe_inside("tiny", scene, "attention")["model"] == "tiny"
