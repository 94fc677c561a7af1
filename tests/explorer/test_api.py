"""What programs ask, called as functions; tests/test_app.py goes through the server."""

import pytest
from page_files import WITH, WITHOUT
from PIL import Image

from sspl.explorer.api import Api
from sspl.explorer.scenes import trace_scene


@pytest.fixture
def api(models, samples):
    return Api(models=models, samples=samples)


def test_there_is_a_list_of_what_may_be_asked(api, samples):
    listed = api.list_samples()
    assert list(listed["samples"]) == list(samples)
    assert list(listed["models"]) == [WITH, WITHOUT]


def test_a_sample_is_localized_as_on_the_page(api, models, samples):
    first = next(iter(samples))
    path, numbers = api.localize_sample(first, "", "", 0)
    with Image.open(path) as picture:
        assert picture.size == (96, 96)
    assert (numbers["model"], numbers["shown_cycle"], len(numbers["cycles"])) == (WITH, 3, 3)
    [(_, trace, _)] = trace_scene(models[WITH].network, samples[first].scene)
    assert numbers["cycles"][1]["errors"] == trace.errors[1, 0].tolist()
    assert 0 <= numbers["cycles"][2]["ciou"] <= 1


def test_another_sound_another_model_another_cycle(api, samples):
    first = next(iter(samples))
    path, numbers = api.localize_sample(first, "noise", WITHOUT, 1)
    assert path.endswith("sspl-cycle-1.png")
    assert numbers["sound"] == "noise"
    assert "ciou" not in numbers["cycles"][0]  # nothing seen is heard


def test_files_are_localized(api, folder):
    _, numbers = api.localize_files(str(folder / "mine.jpg"), str(folder / "mine.wav"), WITHOUT, 0)
    assert numbers["sound"] == "your mine.wav"
    assert set(numbers["cycles"][0]) == {"t", "entropy_bits", "peak", "mean_similarity"}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (("gone", "", "", 0), "there is no sample 'gone'"),
        (("", "", "", 0), "there is no sample ''"),
        ((None, "gone", "", 0), "there is no sample 'gone'"),
        ((None, "", "gone", 0), "there is no model 'gone'"),
        ((None, "", "", None), r"there is no cycle null: take 0"),
        ((None, "", "", 4), r"there is no cycle 4: take 0 \(the last\) to 3"),
    ],
)
def test_what_is_not_there_is_an_error(api, samples, given, sentence):
    sample, *rest = given
    with pytest.raises(ValueError, match=sentence):
        api.localize_sample(next(iter(samples)) if sample is None else sample, *rest)


def test_files_that_are_missing_are_asked_for(api, folder):
    with pytest.raises(ValueError, match="a picture is missing"):
        api.localize_files(None, str(folder / "mine.wav"), "", 0)
    with pytest.raises(ValueError, match="upload or record a sound first"):
        api.localize_files(str(folder / "mine.jpg"), None, "", 0)
