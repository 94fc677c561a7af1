import numpy as np
import pytest
import torch
from test_model import SMALL

from sspl.build import build_model
from sspl.evaluation.negative_audio import (
    Active,
    ActiveArea,
    Sounds,
    choose_partners,
    correlate_maps,
    score_answers,
)

LABELS = ["cello", "cello", "flute", "flute", "tuba", "cello+flute"]


@pytest.fixture(scope="module")
def model():
    return build_model(SMALL).eval()


def make_sounds(model, labels, seed=0):
    embeddings = torch.arange(len(labels)).float()[:, None, None].expand(-1, 3, 64)
    return Sounds(model, embeddings.clone(), labels, seed)


def test_other_sounds_share_no_class_and_same_ones_all():
    for seed in range(20):
        partners = choose_partners(range(6), LABELS, seed)
        for i, j in enumerate(partners["other"]):
            assert not set(LABELS[i].split("+")) & set(LABELS[j].split("+"))
        for i, j in enumerate(partners["same"]):
            assert j == -1 or (LABELS[i] == LABELS[j] and i != j)
        assert (partners["same"] == -1).tolist() == [False, False, False, False, True, True]


def test_partners_are_drawn_by_the_seed_and_all_of_them_come_up():
    drawn = [choose_partners(range(6), LABELS, seed)["other"] for seed in range(200)]
    assert {int(other[0]) for other in drawn} == {2, 3, 4}
    np.testing.assert_array_equal(drawn[3], choose_partners(range(6), LABELS, 3)["other"])


def test_a_pair_with_the_very_same_sound_is_no_partner():
    partners = choose_partners([0, 0, 1], ["dog", "dog", "dog"], 0)
    assert partners["same"].tolist()[:2] == [2, 2]
    assert partners["other"].tolist() == [-1, -1, -1]
    assert choose_partners([0, 0], ["dog", "dog"], 0)["same"].tolist() == [-1, -1]


def test_a_sound_that_nobody_named_is_not_another_classs():
    partners = choose_partners(range(10), ["cello"] + [""] * 9, 0)
    assert partners["other"][0] == -1
    assert (partners["other"][1:] >= 0).all()


def test_thousands_of_classes_are_quickly_told_apart():
    labels = [f"title {i}" for i in range(20_000)]
    other = choose_partners(range(20_000), labels, 0)["other"]
    assert all(i != j >= 0 for i, j in enumerate(other))


def test_a_rare_partner_is_found_among_many():
    labels = ["dog"] * 999 + ["cat"]
    assert set(choose_partners(range(1000), labels, 0)["other"][:999]) == {999}


def test_where_classes_are_not_known_any_other_sound_is_other():
    partners = choose_partners(range(4), [""] * 4, 0)
    assert all(i != j >= 0 for i, j in enumerate(partners["other"]))
    assert partners["same"].tolist() == [-1] * 4


def test_sounds_are_played_by_name(model):
    sounds = make_sounds(model, LABELS)
    assert sounds.names == ["right", "other", "same", "silent", "noise"]
    indices = np.array([1, 4])
    heard, there = sounds.play("right", indices)
    assert heard[:, 0, 0].tolist() == [1, 4]
    assert there.all()
    assert sounds.play("same", indices)[0][0, 0, 0] == 0
    assert sounds.play("same", indices)[1].tolist() == [True, False]
    silent, noise = sounds.play("silent", indices)[0], sounds.play("noise", indices)[0]
    assert torch.equal(silent[0], silent[1])
    assert not torch.equal(noise[0], noise[1])
    again = make_sounds(model, LABELS).play("noise", indices[1:])[0]
    torch.testing.assert_close(noise[1:], again, atol=1e-4, rtol=1e-4)  # whatever the batch
    assert silent.shape == noise.shape == (2, 3, 64)


def test_sounds_of_one_class_have_no_other(model):
    assert make_sounds(model, ["cello"] * 3).names == ["right", "same", "silent", "noise"]


def test_correlation_by_hand():
    ramp = torch.arange(4.0).reshape(1, 2, 2)
    assert correlate_maps(ramp, 3 * ramp + 1) == pytest.approx(1)
    assert correlate_maps(ramp, -ramp) == pytest.approx(-1)
    assert correlate_maps(torch.ones(1, 2, 2), ramp) == 0


def test_shares_by_hand():
    shares = ActiveArea()
    # Middles of 0.2 and 0.4, so the threshold is 0.3: half of one map, a quarter of the other.
    right = torch.tensor([[[0.0, 0.1], [0.4, 0.35]], [[0.1, 0.1], [0.7, 0.2]]])
    shares.add("right", right)
    shares.add("silent", right * 0.1)
    shares.add("noise", torch.full((1, 2, 2), 0.9))
    shares.add("noise", torch.full((1, 2, 2), -0.9))
    found = shares.measure()
    assert {name: active.area for name, active in found.items()} == {
        "right": 3 / 8,
        "silent": 0,
        "noise": 0.5,
    }
    assert {name: active.pictures for name, active in found.items()} == {
        "right": 1,
        "silent": 0,
        "noise": 0.5,
    }
    scores = score_answers(found)
    assert scores["answered"] == 1
    assert scores["refused"] == 0.75
    assert scores["f"] == pytest.approx(2 * 0.75 / 1.75)
    assert score_answers({"right": found["right"]}) == {}
    assert ActiveArea().measure() == {}
    above = ActiveArea()
    above.add("right", torch.full((1, 2, 2), 1.0000002))
    assert above.measure()["right"] == Active(area=1, pictures=1)


def test_a_models_own_threshold_is_put_to_values_of_any_size():
    shares = ActiveArea(threshold=2.0)
    shares.add("right", torch.tensor([[[1.9, 2.0], [7.0, -3.0]], [[0.0, 0.0], [0.0, 0.0]]]))
    shares.add("silent", torch.zeros(2, 2, 2))
    assert shares.threshold == 2.0
    assert shares.measure()["right"] == Active(area=2 / 8, pictures=1 / 2)
    assert shares.measure()["silent"] == Active(area=0, pictures=0)


def test_another_sound_avoids_what_else_is_in_a_mosaic_where_it_can():
    labels, beside = ["dog", "cat", "cow"], [frozenset({"dog", "cat"}), frozenset(), frozenset()]
    for seed in range(10):
        assert choose_partners(range(3), labels, seed, beside)["other"][0] == 2
    everything = [frozenset(labels)] * 3
    partners = choose_partners(range(3), labels, 0, everything)["other"]
    assert all(i != j >= 0 for i, j in enumerate(partners))
