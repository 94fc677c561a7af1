"""One place under predictive attention: its numbers are the model's, and the equations hold."""

import json
import math

import pytest
import torch
import torch.nn.functional as F
from page_files import PREDICTIVE

from sspl.data.inputs import prepare_picture
from sspl.explorer.inside import Inside
from sspl.explorer.pcm_pass import hear
from sspl.explorer.place import describe_place
from sspl.explorer.scenes import trace_scene
from sspl.predictive_attention import relate_locations
from sspl.training.fitting import with_reading

ROW, COLUMN = 5, 9
HERE = 14 * ROW + COLUMN


@pytest.fixture(scope="module", params=[0.0, 0.6], ids=["alone", "spread"])
def model(request, predictive):
    return with_reading(predictive.network, spread=request.param)


@pytest.fixture
def place(model, scene, samples):
    known = [each.scene.sound for each in samples.values()]
    return json.loads(json.dumps(describe_place(model, scene, ROW, COLUMN, known)))


def test_the_equations_hold_from_cycle_to_cycle(model, place):
    assert place["agreement"] == pytest.approx(place["product"] / place["scale"])
    z = 0.0
    for t, cycle in enumerate(place["cycles"]):
        if t:
            stepped = z + place["step"] * place["agreement"]
            assert cycle["stepped"] == pytest.approx(stepped, abs=1e-4)
            m = place["mixed"]
            assert cycle["z"] == pytest.approx((1 - m) * stepped + m * cycle["spread"], abs=1e-4)
        z = cycle["z"]
        attention = place["prior"] / (1 + math.exp(-z))
        assert cycle["attention"] == pytest.approx(attention, abs=1e-5)
    assert place["mixed"] == model.config.spread
    assert place["cycles"][0]["z"] == 0


@torch.no_grad()
def test_the_numbers_are_those_of_the_model_by_hand(model, scene, place):
    visual = model.encode_image(prepare_picture(scene.picture, model.config.image_spec, "cpu"))
    sound, _ = hear(model, scene.sound)
    x = (visual.flatten(2).mT - model.visual_mean) @ model.visual_directions
    predicted = x @ model.prediction
    mine, s = predicted[0, HERE], sound[0]
    assert place["predicted"] == pytest.approx((mine / mine.norm()).tolist(), abs=1e-5)
    assert place["heard"] == pytest.approx((s / s.norm()).tolist(), abs=1e-5)
    assert place["cosine"] == pytest.approx(float(mine @ s / mine.norm() / s.norm()), abs=1e-5)
    assert place["product"] == pytest.approx(float(mine @ s / s.norm()), rel=1e-4)
    if model.config.spread:
        agreement = predicted[0] @ s / s.norm() / model.agreement_scale
        row = relate_locations(x, model.config.sharpness)[0, HERE]
        assert place["together"] == pytest.approx(float(row @ agreement), abs=1e-4)


def test_it_is_a_place_of_the_maps_that_are_shown(model, scene, place):
    [(_, trace, _)] = trace_scene(model, scene)
    assert place["together"] == pytest.approx(float(trace.agreement[0, ROW, COLUMN]), abs=1e-4)
    maps = trace.similarity[:, 0] ** (1 / model.config.extent)
    for cycle, attention in zip(place["cycles"], maps, strict=True):
        assert cycle["attention"] == pytest.approx(float(attention[ROW, COLUMN]), abs=1e-4)
        share = float(attention[ROW, COLUMN] / attention.sum())
        assert cycle["share"] == pytest.approx(share, abs=1e-5)


def test_its_prediction_is_named_by_the_sounds_that_it_is_most_like(model, samples, place):
    predicted = torch.tensor(place["predicted"])
    sounds = [sample.scene.sound for sample in samples.values()]
    unit = [F.normalize(hear(model, sound)[0][0], dim=0) for sound in sounds]
    cosines = sorted((float(each @ predicted) for each in unit), reverse=True)
    assert [each["cosine"] for each in place["alike"]] == pytest.approx(cosines, abs=1e-5)


def test_the_page_compares_with_the_samples_of_the_scenes_kind(predictive, samples, scene):
    inside = Inside(models={PREDICTIVE: predictive}, samples=samples)
    place = inside.describe_location(PREDICTIVE, scene, 0.0, 5.0, 9.0)  # as JSON may bring them
    known = {sample.scene.sound.title for sample in samples.values()}
    assert {each["sound"] for each in place["alike"]} == known


@pytest.mark.parametrize("place", [(-1, 0), (0, 14)])
def test_a_place_that_is_not_there_is_an_error(predictive, scene, place):
    with pytest.raises(ValueError, match="rows and columns are 0 to 13"):
        describe_place(predictive.network, scene, *place, [])
