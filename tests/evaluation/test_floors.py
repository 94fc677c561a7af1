import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from test_metrics import draw_case

from sspl.evaluation.floors import (
    FLOOR_NAMES,
    ceiling_ciou,
    floor_maps,
    mean_box_map,
    saliency,
    score_floors,
)
from sspl.metrics import (
    PROTOCOLS,
    find_active_region,
    per_sample_ciou,
    region_ciou,
    score_maps,
    stretch_maps,
    vggss_ground_truth,
)

LEFT, RIGHT = vggss_ground_truth([(0, 0, 0.5, 1)]), vggss_ground_truth([(0.5, 0, 1, 1)])
NOTHING = np.zeros((224, 224), np.float32)
few = settings(max_examples=25, deadline=None)


def test_floors_by_hand():
    floors = score_floors(LEFT[None], floor_maps([LEFT, LEFT, RIGHT]), "sspl")
    assert set(floors) == {"centre_disc", "mean_box", "everything"} == set(FLOOR_NAMES[:3])
    assert floors["everything"].tolist() == [0.5]
    assert floors["mean_box"].tolist() == [1]  # 2/3 left, 1/3 right: left is on
    # Half of the disc, which is half of the picture, lies in the left half: 0.25 / 0.75.
    assert floors["centre_disc"] == pytest.approx([1 / 3], abs=0.01)


def test_the_disc_is_round_and_half_of_the_picture_under_every_threshold():
    disc = floor_maps()["centre_disc"][None]
    assert torch.equal(disc, disc.flip(1))
    assert torch.equal(disc, disc.transpose(1, 2))
    for protocol in ("sspl", "lvs", "ezvsl"):
        on = find_active_region(stretch_maps(disc, protocol), torch.ones(1, 224, 224), protocol)
        assert on.float().mean() == pytest.approx(0.5, abs=0.005)
        assert on[0, 112, 35:190].all()
        assert not on[0, 0].any()


def test_mean_box_is_how_often_a_place_is_boxed_in_what_is_boxed_at_all():
    mean = mean_box_map(iter([LEFT, NOTHING, LEFT, RIGHT, NOTHING]))
    assert mean.dtype == torch.float32
    assert mean[100, 0].item() == pytest.approx(2 / 3)
    assert mean[100, 200].item() == pytest.approx(1 / 3)


def test_without_training_boxes_there_is_no_mean_box():
    for truths in ([], [NOTHING]):
        assert mean_box_map(truths) is None
        floors = score_floors(LEFT[None], floor_maps(truths), "sspl")
        assert set(floors) == {"centre_disc", "everything"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_floors_are_scored_as_maps_are_and_batch_by_batch(protocol):
    _, truth = draw_case(1, num=5)
    maps = floor_maps([LEFT, LEFT, RIGHT, vggss_ground_truth([(0.1, 0.2, 0.7, 0.6)])])
    whole = score_floors(truth, maps, protocol)
    for name, one in maps.items():
        expected = per_sample_ciou(one.expand(5, -1, -1), truth, protocol)
        np.testing.assert_array_equal(whole[name], expected)
    batches = [score_floors(truth[i : i + 1], maps, protocol) for i in range(5)]
    for name, ciou in whole.items():
        np.testing.assert_array_equal(ciou, np.concatenate([b[name] for b in batches]))


def test_everything_is_everything_under_every_protocol():
    truth = np.stack([vggss_ground_truth([(0, 0, 0.25, 1)]), NOTHING])
    for protocol in PROTOCOLS:
        assert score_floors(truth, floor_maps(), protocol)["everything"].tolist() == [0.25, 0]


def test_ceiling_by_hand():
    n = 224 * 224
    truth = np.stack(
        [
            vggss_ground_truth([(0, 0, 0.5, 0.5)]),  # a quarter: more must be switched on
            vggss_ground_truth([(0, 0, 1, 0.75)]),  # three quarters: not all of it may be
            NOTHING,
            np.ones((224, 224), np.float32),
        ]
    )
    expected = {
        "sspl": [1, 1, 0, (n - 1) / n],
        "lvs": [(n / 4) / (n / 2 - 1), (n / 2 - 1) / (n * 3 / 4), 0, (n / 2 - 1) / n],
        "ezvsl": [(n / 4) / (n / 2), (n / 2) / (n * 3 / 4), 0, 0.5],
        "adaptive": [1 - 4 / n, 1 - 4 / (3 * n), 0, (n - 1) / n],
    }
    for protocol, ceiling in expected.items():
        np.testing.assert_allclose(ceiling_ciou(truth, protocol), ceiling, rtol=1e-12)


def test_ceiling_takes_full_votes_before_halves():
    # 8 pixels, 3 of which lvs switches on: two full votes and one of four halves, 2.5 / 4.
    truth = np.array([[[1, 1, 0.5, 0.5], [0.5, 0.5, 0, 0]]])
    assert ceiling_ciou(truth, "lvs").tolist() == [2.5 / 4]
    assert ceiling_ciou(truth, "ezvsl").tolist() == [3 / 4]
    assert ceiling_ciou(truth, "adaptive").tolist() == [3.5 / 4]
    # 5 of 10 on, four of which hold votes: 3 / (3 + 1).
    truth = np.array([[[1, 1, 0.5, 0.5, 0], [0, 0, 0, 0, 0]]])
    assert ceiling_ciou(truth, "ezvsl").tolist() == [3 / 4]


@pytest.mark.parametrize("n", [4, 5])
def test_ceiling_is_the_best_of_all_maps(n):
    # Every order of the values; under sspl how many are on is free, so they are also curved:
    # min-max leaves all but the lowest above 0.5.
    ranks = torch.tensor(list(itertools.permutations(range(n)))) / (n - 1)
    maps = torch.cat([ranks**power for power in (0.3, 0.7, 1, 2, 3.5)])[:, None]
    for votes in itertools.combinations_with_replacement([0.0, 0.5, 1.0], n):
        truth = torch.tensor(votes).expand_as(maps)
        for protocol in PROTOCOLS:
            best = region_ciou(find_active_region(maps, truth, protocol), truth).max()
            assert ceiling_ciou(truth[:1], protocol).item() == pytest.approx(best)


def rank_pixels(maps: torch.Tensor) -> torch.Tensor:
    """Maps (N, 224, 224) in the same order, from 0 to 1 without ties."""
    return maps.flatten(1).argsort(1).argsort(1).reshape(maps.shape) / (224 * 224 - 1)


@few
@given(seed=st.integers(0, 999))
def test_no_map_without_ties_beats_the_ceiling_and_the_best_one_meets_it(seed):
    _, truth = draw_case(seed)
    any_map = rank_pixels(torch.from_numpy(np.random.default_rng(seed).random(truth.shape)))
    best_map = rank_pixels(truth + any_map / 10)
    best_map = torch.where(truth > 0, best_map + 1, best_map)  # for the fixed threshold
    for protocol in PROTOCOLS:
        ceiling = ceiling_ciou(truth, protocol)
        assert (per_sample_ciou(any_map, truth, protocol) <= ceiling).all()
        np.testing.assert_allclose(per_sample_ciou(best_map, truth, protocol), ceiling, rtol=1e-9)


@few
@given(seed=st.integers(0, 999))
def test_a_map_equal_to_the_boxes_scores_1(seed):
    _, truth = draw_case(seed)
    assert score_maps((truth > 0).float(), truth, "sspl").per_sample.tolist() == [1, 1]
    assert ceiling_ciou(truth, "sspl").tolist() == [1, 1]


def test_only_ties_slip_past_a_ceiling():
    truth = vggss_ground_truth([(0.25, 0.25, 0.5, 0.5)])[None]
    assert per_sample_ciou(truth, truth, "lvs").tolist() == [1]  # flat but for the box
    assert ceiling_ciou(truth, "lvs") < 0.2


def test_saliency_by_hand():
    features = torch.tensor([[[[1.0, -2]], [[-3.0, 0]]]])  # (1, 2, 1, 2)
    assert saliency(features).tolist() == [[[2, 1]]]
