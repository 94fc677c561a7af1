import dataclasses

import pytest

from sspl.config import ModelConfig, without_pcm
from sspl.presets import PRESETS, paper, tiny, tiny_paper
from sspl.training.config import TrainConfig, departures


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
        ({"correspondence_weight": -0.1}, "correspondence_weight"),
        ({"fusion": "add", "scaling": "relu"}, "changes nothing"),
        ({"scaling": "softmax", "area_weight": 1.0}, "area_weight say nothing"),
        ({"correspondence": "vicreg"}, "correspondence_weight too"),
        ({"sound_error_weight": 1.0, "num_cycles": 0}, "nothing predicts the sound"),
        ({"sound_error_weight": -1.0}, "sound_error_weight"),
        ({"objective": "byol", "stop_gradient": False}, "stop_gradient is simsiam's"),
        ({"label_guided": True}, "only with contrastive"),
        ({"objective": "hardway", "num_cycles": 0, "label_guided": True}, "only with contrastive"),
        ({"hardway_tau": 0.0}, "hardway_tau above 0"),
        ({"hardway_epsilon2": 0.7}, "up to hardway_epsilon"),
        ({"objective": "hardway"}, "num_cycles 0"),
        (
            {"objective": "contrastive", "num_cycles": 0, "correspondence_weight": 1.0},
            "without negatives",
        ),
        ({"objective": "attention", "num_cycles": 0, "fusion": "cat"}, "fusion at attention"),
        ({"objective": "contrastive", "num_cycles": 0, "scaling": "relu"}, "scaling at min_max"),
    ],
)
def test_impossible_models_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        ModelConfig(**change)


@pytest.mark.parametrize("scaling", ["softmax", "min_max"])
def test_the_attention_baseline_takes_its_own_scaling_and_ours(scaling):
    assert ModelConfig(objective="attention", num_cycles=0, scaling=scaling).scaling == scaling


@pytest.mark.parametrize(
    "change", [{"epochs": 0}, {"batch_size": 1}, {"cached_views": 1}, {"cached_views": -2}]
)
def test_impossible_runs_are_refused(change):
    with pytest.raises(ValueError, match="at least"):
        TrainConfig(**change)
