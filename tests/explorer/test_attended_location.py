"""One place under predictive attention: its numbers are the model's, and the equations hold."""

import json
import math

import pytest
import torch
import torch.nn.functional as F
from page_files import PREDICTIVE

from sspl.data.inputs import prepare_picture
from sspl.explorer.attended_location import describe_attended_location
from sspl.explorer.inside import Inside
from sspl.explorer.pcm_pass import embed_sound
from sspl.explorer.scenes import trace_scene
from sspl.predictive_attention import relate_locations
from sspl.training.fitting import with_reading

ROW, COLUMN = 5, 9
HERE = 14 * ROW + COLUMN


@pytest.fixture(scope="module", params=[0.0, 0.6], ids=["alone", "spread"])
def model(request, predictive):
    return with_reading(predictive.network, spread=request.param)


@pytest.fixture
def numbers(model, scene, samples):
    known = [each.scene.sound for each in samples.values()]
    return json.loads(json.dumps(describe_attended_location(model, scene, ROW, COLUMN, known)))


def test_the_equations_hold_from_cycle_to_cycle(model, numbers):
    assert numbers["agreement"] == pytest.approx(numbers["product"] / numbers["scale"])
    z = 0.0
    for t, cycle in enumerate(numbers["cycles"]):
        if t:
            stepped = z + numbers["step"] * numbers["agreement"]
            assert cycle["stepped"] == pytest.approx(stepped, abs=1e-4)
            m = numbers["mixed"]
            assert cycle["z"] == pytest.approx((1 - m) * stepped + m * cycle["spread"], abs=1e-4)
        z = cycle["z"]
        attention = numbers["prior"] / (1 + math.exp(-z))
        assert cycle["attention"] == pytest.approx(attention, abs=1e-5)
    assert numbers["mixed"] == model.config.spread
    assert numbers["cycles"][0]["z"] == 0


@torch.no_grad()
def test_the_numbers_are_those_of_the_model_by_hand(model, scene, numbers):
    visual = model.encode_image(prepare_picture(scene.picture, model.config.image_spec, "cpu"))
    sound, _ = embed_sound(model, scene.sound)
    x = (visual.flatten(2).mT - model.visual_mean) @ model.visual_directions
    predicted = x @ model.prediction
    mine, s = predicted[0, HERE], sound[0]
    assert numbers["predicted"] == pytest.approx((mine / mine.norm()).tolist(), abs=1e-5)
    assert numbers["heard"] == pytest.approx((s / s.norm()).tolist(), abs=1e-5)
    assert numbers["cosine"] == pytest.approx(float(mine @ s / mine.norm() / s.norm()), abs=1e-5)
    assert numbers["product"] == pytest.approx(float(mine @ s / s.norm()), rel=1e-4)
    if model.config.spread:
        agreement = predicted[0] @ s / s.norm() / model.agreement_scale
        row = relate_locations(x, model.config.sharpness)[0, HERE]
        assert numbers["together"] == pytest.approx(float(row @ agreement), abs=1e-4)


def test_it_is_a_place_of_the_maps_that_are_shown(model, scene, numbers):
    [(_, trace, _)] = trace_scene(model, scene)
    assert numbers["together"] == pytest.approx(float(trace.agreement[0, ROW, COLUMN]), abs=1e-4)
    maps = trace.similarity[:, 0] ** (1 / model.config.extent)
    for cycle, attention in zip(numbers["cycles"], maps, strict=True):
        assert cycle["attention"] == pytest.approx(float(attention[ROW, COLUMN]), abs=1e-4)
        share = float(attention[ROW, COLUMN] / attention.sum())
        assert cycle["share"] == pytest.approx(share, abs=1e-5)


def test_its_prediction_is_named_by_the_sounds_that_it_is_most_like(model, samples, numbers):
    predicted = torch.tensor(numbers["predicted"])
    sounds = [sample.scene.sound for sample in samples.values()]
    unit = [F.normalize(embed_sound(model, sound)[0][0], dim=0) for sound in sounds]
    cosines = sorted((float(each @ predicted) for each in unit), reverse=True)
    assert [each["cosine"] for each in numbers["alike"]] == pytest.approx(cosines, abs=1e-5)


def test_the_page_compares_with_the_samples_of_the_scenes_kind(predictive, samples, scene):
    inside = Inside(models={PREDICTIVE: predictive}, samples=samples)
    numbers = inside.describe_location(PREDICTIVE, scene, 0.0, 5.0, 9.0)  # as JSON may bring them
    known = {sample.scene.sound.title for sample in samples.values()}
    assert {each["sound"] for each in numbers["alike"]} == known


@pytest.mark.parametrize("where", [(-1, 0), (0, 14)])
def test_a_place_that_is_not_there_is_an_error(predictive, scene, where):
    with pytest.raises(ValueError, match="rows and columns are 0 to 13"):
        describe_attended_location(predictive.network, scene, *where, [])
