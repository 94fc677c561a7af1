import itertools

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sspl.metrics import (
    PROTOCOLS,
    flickr_ground_truth,
    region_ciou,
    score_floors,
    score_maps,
    summarise,
    upsample_map,
    vggss_ground_truth,
)

NAMES = {"sspl": "sspl_fixed", "lvs": "lvs_median", "ezvsl": "ezvsl_median"}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_scores_are_the_published_codes(protocol, golden):
    case = np.load(golden / "metrics_seed1.npz")
    truth = np.stack([flickr_ground_truth(boxes) for boxes in case["boxes_256"]])
    scores = score_maps(case["maps"], truth, protocol)
    name = NAMES[protocol]
    np.testing.assert_allclose(scores.per_sample, case[f"ciou_{name}"], atol=1e-6)
    ours = [scores.ciou_at_50, scores.auc, scores.mean_ciou]
    np.testing.assert_allclose(ours, case[f"summary_{name}"], atol=1e-6)


def test_ciou_by_hand():
    # A box of 4 pixels, 2 of which are on, and 3 more on outside: 2 / (4 + 3).
    truth = torch.zeros(1, 4, 4)
    truth[0, :2, :2] = 1
    on = torch.zeros(1, 4, 4, dtype=torch.bool)
    on[0, 0, :2] = True
    on[0, 3, :3] = True
    assert region_ciou(on, truth).tolist() == pytest.approx([2 / 7])
    # Half votes: two full pixels and two halves, all on: 3 / (3 + 0).
    truth[0, 1, :2] = 0.5
    on = truth > 0
    assert region_ciou(on, truth).tolist() == pytest.approx([1])


def test_summary_by_hand():
    scores = summarise(np.array([0.0, 0.5, 1.0]))
    assert scores.ciou_at_50 == pytest.approx(2 / 3)
    assert scores.mean_ciou == pytest.approx(0.5)
    # The curve is 1 at 0, 2/3 up to 0.5, 1/3 up to 1; trapezoids of width 0.05.
    curve = [1] + [2 / 3] * 10 + [1 / 3] * 10
    area = sum((a + b) / 2 * 0.05 for a, b in itertools.pairwise(curve))
    assert scores.auc == pytest.approx(area)


def test_consensus_of_annotators():
    boxes = [(0, 0, 128, 256), (0, 0, 128, 256), (128, 0, 256, 256)]
    truth = flickr_ground_truth(boxes)
    assert truth.shape == (224, 224)
    assert truth[0, 0] == 1  # two votes
    assert truth[0, 200] == 0.5  # one vote


def test_union_of_boxes_is_cut_at_the_picture():
    truth = vggss_ground_truth([(-0.5, 0, 0.5, 0.5), (0.25, 0.25, 1.5, 0.5)])
    assert set(np.unique(truth)) == {0, 1}
    assert truth[:112].mean() == pytest.approx((0.5 * 1 + 0.5 * 0.5) / 1)
    assert truth[112:].sum() == 0


@given(shift=st.floats(-5, 5), stretch=st.floats(0.1, 10), seed=st.integers(0, 99))
def test_only_the_order_of_a_map_counts(shift, stretch, seed):
    rng = np.random.default_rng(seed)
    maps = rng.normal(size=(2, 14, 14))
    truth = np.stack([vggss_ground_truth([(0.1, 0.2, 0.6, 0.9)])] * 2)
    expected = score_maps(maps, truth, "sspl").per_sample
    np.testing.assert_allclose(
        score_maps(maps * stretch + shift, truth, "sspl").per_sample, expected, atol=0.01
    )


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_curves_fall(values):
    curve = summarise(np.array(values)).curve
    assert (np.diff(curve) <= 0).all()
    assert curve[0] == 1


def test_a_map_that_is_the_box_scores_high_and_its_inverse_low():
    truth = vggss_ground_truth([(2 / 14, 3 / 14, 9 / 14, 10 / 14)])
    box = np.zeros((1, 14, 14))
    box[0, 3:10, 2:9] = 1
    assert score_maps(box, truth[None], "sspl").mean_ciou > 0.9
    assert score_maps(-box, truth[None], "sspl").mean_ciou < 0.05


def test_flat_maps_are_finite_and_nothing_is_on_under_the_fixed_threshold():
    truth = vggss_ground_truth([(0, 0, 0.5, 0.5)])[None]
    assert score_maps(np.ones((1, 14, 14)), truth, "sspl").mean_ciou == 0
    assert upsample_map(torch.ones(1, 14, 14)).isfinite().all()


def test_floors_by_hand():
    left, right = (0, 0, 0.5, 1), (0.5, 0, 1, 1)
    truth = np.stack([vggss_ground_truth([left])])
    floors = score_floors(truth, [np.array([left]), np.array([left]), np.array([right])], "sspl")
    assert floors["everything"].mean_ciou == pytest.approx(0.5)
    assert floors["mean_box"].mean_ciou == pytest.approx(1)  # 2/3 left, 1/3 right: left is on
    assert 0 < floors["centre_disc"].mean_ciou < 0.5


@pytest.mark.parametrize(
    ("maps", "truth", "protocol", "message"),
    [
        (np.ones((1, 2, 2)), np.ones((2, 224, 224)), "sspl", "1 maps and 2 ground truths"),
        (np.ones((0, 2, 2)), np.ones((0, 224, 224)), "sspl", "0 maps"),
        (np.full((1, 2, 2), np.nan), np.ones((1, 224, 224)), "sspl", "NaN"),
        (np.ones((1, 2, 2)), np.ones((1, 224, 224)), "best", "take one of sspl, lvs, ezvsl"),
    ],
)
def test_what_cannot_be_scored_is_refused(maps, truth, protocol, message):
    with pytest.raises(ValueError, match=message):
        score_maps(maps, truth, protocol)


def test_without_training_boxes_there_is_no_mean_box():
    truth = vggss_ground_truth([(0.2, 0.2, 0.6, 0.6)])[None]
    assert set(score_floors(truth, [], "sspl")) == {"centre_disc", "everything"}
    assert set(score_floors(truth, [np.zeros((0, 4))], "sspl")) == {"centre_disc", "everything"}
