import dataclasses
import json

import pytest

from sspl.baselines import Contrastive, HardWay, Senocak
from sspl.config import OBJECTIVES, ModelConfig, read_model_config, without_pcm
from sspl.objectives import BYOL, ExtraTerms, SimSiam, departures
from sspl.presets import PRESETS, paper, tiny, tiny_paper
from sspl.training.config import TrainConfig


def test_the_paper_preset_departs_in_nothing():
    run = paper()
    assert departures(run.model) == {}
    assert departures(run.train) == {}
    assert (run.model.image_encoder, run.model.audio_encoder, run.model.num_cycles) == (
        "vgg16",
        "vggish",
        5,
    )


def test_the_papers_objective_at_the_tiny_scale_departs_in_no_part_of_the_model():
    assert departures(tiny_paper().model) == {}


def test_every_departure_of_the_tiny_preset_has_its_reason():
    reasons = departures(tiny().model) | departures(tiny().train)
    assert reasons
    assert all(len(reason) > 20 for reason in reasons.values())


def test_the_twin_without_pcm_differs_in_nothing_else():
    with_pcm, without = PRESETS["tiny"]().model, PRESETS["tiny-no-pcm"]().model
    assert dataclasses.replace(without, num_cycles=with_pcm.num_cycles) == with_pcm
    assert without_pcm(with_pcm) == without


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_cycles": -1}, "num_cycles"),
        ({"num_cycles": 99}, "num_cycles"),
        ({"norm_offset": -1.0}, "norm_offset"),
        ({"image_encoder": "resnet"}, "no image_encoder 'resnet': take one of tiny_vgg, "),
        ({"audio_encoder": "clap"}, "no audio_encoder 'clap': take one of tiny_vggish, "),
        ({"scaling": "tanh"}, "no scaling 'tanh': take one of relu, "),
        ({"fusion": "gate"}, "no fusion 'gate': take one of cat, "),
        ({"audio_encoder": "embedding"}, "above 0 with audio_encoder embedding"),
        ({"embedding_channels": 128}, "0 with every other"),
        ({"fusion": "add", "scaling": "relu"}, "changes nothing"),
        (
            {"terms": ExtraTerms(sound_error_weight=1.0), "num_cycles": 0},
            "nothing predicts the sound",
        ),
        ({"objective": HardWay()}, "num_cycles 0"),
        (
            {
                "objective": Contrastive(),
                "num_cycles": 0,
                "terms": ExtraTerms(correspondence_weight=1.0),
            },
            "take none under contrastive",
        ),
        ({"objective": Senocak(), "num_cycles": 0, "fusion": "cat"}, "fusion at attention"),
        ({"objective": Contrastive(), "num_cycles": 0, "scaling": "relu"}, "scaling at min_max"),
    ],
)
def test_impossible_models_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        ModelConfig(**change)


def test_what_says_nothing_under_softmax_is_a_note():
    terms = {"terms": ExtraTerms(area_weight=1.0)}
    (note,) = ModelConfig(scaling="softmax", **terms).list_notes()
    assert "under softmax every map has the same mean" in note
    assert "area_weight say nothing" in note
    assert ModelConfig(**terms).list_notes() == []
    assert ModelConfig(scaling="softmax").list_notes() == []


@pytest.mark.parametrize(
    ("part", "change", "message"),
    [
        (ExtraTerms, {"correspondence_weight": -0.1}, "correspondence_weight"),
        (ExtraTerms, {"sound_error_weight": -1.0}, "sound_error_weight"),
        (ExtraTerms, {"correspondence": "vicreg"}, "correspondence_weight too"),
        (HardWay, {"tau": 0.0}, "tau above 0"),
        (HardWay, {"epsilon2": 0.7}, "up to epsilon"),
        (BYOL, {"decay": 1.0}, "decay is 1.0; take at least 0 and less than 1"),
    ],
)
def test_impossible_objectives_and_terms_are_refused(part, change, message):
    with pytest.raises(ValueError, match=message):
        part(**change)


@pytest.mark.parametrize(
    ("objective", "setting"),
    [(BYOL, "stop_gradient"), (SimSiam, "label_guided"), (HardWay, "label_guided")],
)
def test_an_objective_has_no_setting_of_another(objective, setting):
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{setting}'"):
        objective(**{setting: True})


def test_no_objective_goes_by_another_name():
    assert {name: kind().name for name, kind in OBJECTIVES.items()} == {n: n for n in OBJECTIVES}
    with pytest.raises(TypeError, match="unexpected keyword argument 'name'"):
        BYOL(name="simsiam")


@pytest.mark.parametrize("scaling", ["softmax", "min_max"])
def test_senocaks_attention_takes_its_own_scaling_and_ours(scaling):
    model = ModelConfig(objective=Senocak(), num_cycles=0, scaling=scaling)
    assert model.scaling == scaling


@pytest.mark.parametrize("preset", PRESETS)
def test_what_is_written_of_a_model_is_read_again(preset):
    model = PRESETS[preset]().model
    assert read_model_config(json.loads(json.dumps(dataclasses.asdict(model)))) == model


def test_an_objective_that_nobody_knows_is_one_sentence():
    written = dataclasses.asdict(ModelConfig()) | {"objective": {"name": "dino"}}
    with pytest.raises(ValueError, match="no objective 'dino': take one of simsiam, byol, "):
        read_model_config(written)


def test_widths_are_those_of_the_encoders():
    paper = ModelConfig()
    assert (paper.visual_channels, paper.audio_channels, paper.image_spec.input_px) == (
        512,
        128,
        224,
    )
    embedded = ModelConfig(audio_encoder="embedding", embedding_channels=6)
    assert embedded.audio_channels == 6


@pytest.mark.parametrize(
    "change", [{"epochs": 0}, {"batch_size": 1}, {"cached_views": 1}, {"cached_views": -2}]
)
def test_impossible_runs_are_refused(change):
    with pytest.raises(ValueError, match="at least"):
        TrainConfig(**change)
