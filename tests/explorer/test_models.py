"""The models on offer: their keys, their labels, and what is said of each."""

import pytest
from page_files import WITH, WITHOUT

from sspl.explorer.models import describe_model, load_models


def test_models_are_named_by_what_they_are(models):
    assert list(models) == [WITH, WITHOUT]
    labels = [model.label for model in models.values()]
    assert labels == ["SSPL with PCM", "SSPL without PCM"]
    assert "3 cycles" in models[WITH].facts
    assert "untrained, so its maps mean nothing" in models[WITH].facts
    assert "running on" in models[WITHOUT].facts


def test_a_trained_model_tells_its_data_and_its_score(models):
    meta = {
        "data": {"name": "orchestra", "num_train": 4000},
        "metrics": {"score": 0.514},
        "selection": "test",
    }
    facts = describe_model(models[WITH].network, meta)
    assert "trained on 4,000 scenes of orchestra, without labels" in facts
    assert r"cIoU\@0.5 0.51 on the test split" in facts


@pytest.mark.parametrize(("name", "score"), [("tiny", "0.50"), ("tiny-no-pcm", "0.47")])
def test_a_shipped_model_tells_its_score(name, score):
    ((_, model),) = load_models((name,)).items()
    assert "trained on 2,048 scenes of orchestra, without labels" in model.facts
    said = rf"cIoU\@0.5 {score} on the validation split, which chose its epoch"
    assert said in model.facts


def test_a_model_of_a_whole_folder_does_not_count_zero_scenes(models):
    meta = {"data": {"name": "/data/mine", "num_train": 0}, "metrics": {}}
    facts = describe_model(models[WITH].network, meta)
    assert "trained on all of mine, without labels" in facts


def test_two_models_of_one_kind_stay_apart(folder):
    name = str(folder / "with-pcm")
    models = load_models((name, name + "/."))
    assert list(models) == ["with-pcm", name + "/."]
    assert len({model.label for model in models.values()}) == 2


def test_a_missing_model_is_an_error(folder):
    with pytest.raises(ValueError, match="no model 'nowhere'"):
        load_models(("nowhere",))


def test_the_shipped_models_say_what_they_are_not_for(models):
    assert "it does not listen" in load_models(("photo-pcm",))["photo-pcm"].facts
    assert "misses small things" in load_models(("photo",))["photo"].facts
    assert "not for photographs" not in models[WITH].facts
