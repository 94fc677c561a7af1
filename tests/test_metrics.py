import itertools

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from sspl.metrics import (
    PROTOCOLS,
    SIZE_PX,
    auc_per_sample,
    bootstrap,
    find_active_region,
    flickr_ground_truth,
    ground_truth,
    per_sample_ciou,
    per_sample_cious,
    refine_maps,
    region_ciou,
    score_maps,
    stretch_maps,
    summarise,
    upsample_map,
    vggss_ground_truth,
)

NAMES = {"sspl": "sspl_fixed", "lvs": "lvs_median", "ezvsl": "ezvsl_median"}
few = settings(max_examples=25, deadline=None)
seeds = st.integers(0, 999)


def draw_case(seed: int, num: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    """Random maps, and boxes of one annotator for even, of three for odd samples."""
    rng = np.random.default_rng(seed)
    corners = np.sort(rng.random((num, 3, 2, 2)), axis=2).reshape(num, 3, 4)
    truth = [ground_truth(boxes, 1 + 2 * (i % 2)) for i, boxes in enumerate(corners)]
    maps = rng.normal(size=(num, 14, 14)).astype(np.float32)
    return torch.from_numpy(maps), torch.from_numpy(np.stack(truth))


@pytest.mark.parametrize("protocol", NAMES)
def test_scores_are_the_published_codes(protocol, golden):
    case = np.load(golden / "metrics_seed1.npz")
    truth = np.stack([flickr_ground_truth(boxes) for boxes in case["boxes_256"]])
    scores = score_maps(case["maps"], truth, protocol)
    name = NAMES[protocol]
    np.testing.assert_allclose(scores.per_sample, case[f"ciou_{name}"], atol=1e-6)
    ours = [scores.ciou_at_50, scores.auc, scores.mean_ciou]
    np.testing.assert_allclose(ours, case[f"summary_{name}"], atol=1e-6)


def score_naively(one: torch.Tensor, truth: np.ndarray, protocol: str) -> float:
    """One map's cIoU, pixel by pixel, as the top of `sspl/metrics.py` defines the protocols."""
    corners = True if protocol == "ezvsl" else None
    up = F.interpolate(one[None, None], size=(224, 224), mode="bilinear", align_corners=corners)
    values = up.flatten().numpy()
    values = (values - values.min()) / (values.max() - values.min())
    rising, area = sorted(values), int((truth > 0).sum())
    is_on = {
        "sspl": lambda v: v >= 0.5,
        "lvs": lambda v: v > rising[224 * 224 // 2],
        "ezvsl": lambda v: v >= rising[224 * 224 // 2],
        "adaptive": lambda v: v > rising[224 * 224 - (area or 224 * 224 // 2)],
    }[protocol]
    inside = outside = 0.0
    for value, g in zip(values, truth.ravel(), strict=True):
        if is_on(value):
            inside, outside = inside + g, outside + (g == 0)
    return inside / (truth.sum() + outside)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_scores_are_the_naive_ones(protocol):
    maps, truth = draw_case(3, num=4)
    naive = [score_naively(m, t.numpy(), protocol) for m, t in zip(maps, truth, strict=True)]
    np.testing.assert_allclose(per_sample_ciou(maps, truth, protocol), naive, rtol=1e-12)


def test_ciou_by_hand():
    # A box of 4 pixels, 2 of which are active, and 3 more outside: 2 / (4 + 3).
    truth = torch.zeros(1, 4, 4)
    truth[0, :2, :2] = 1
    active = torch.zeros(1, 4, 4, dtype=torch.bool)
    active[0, 0, :2] = True
    active[0, 3, :3] = True
    assert region_ciou(active, truth).tolist() == pytest.approx([2 / 7])
    # Half votes: two full pixels and two halves, all active: 3 / (3 + 0).
    truth[0, 1, :2] = 0.5
    active = truth > 0
    assert region_ciou(active, truth).tolist() == pytest.approx([1])


def test_ciou_of_one_region_for_all_and_of_whole_numbers():
    active = torch.ones(1, 20, 20, dtype=torch.bool)
    truth = torch.zeros(3, 20, 20, dtype=torch.uint8)
    truth[0, :10], truth[1] = 1, 1  # sums beyond 255; nothing sounds in the third
    assert region_ciou(active, truth).tolist() == [0.5, 1, 0]


def test_which_pixels_are_on_by_hand():
    ramp = torch.arange(8.0).reshape(1, 2, 4) / 7
    truth = torch.zeros(1, 2, 4)
    truth[0, 0, :2], truth[0, 0, 2] = 1, 0.5  # |G| = 3: strictly above the value at rank 8 - 3
    active = {
        p: find_active_region(ramp, truth, p).flatten().nonzero()[:, 0].tolist() for p in PROTOCOLS
    }
    assert active == {
        "sspl": [4, 5, 6, 7],
        "lvs": [5, 6, 7],
        "ezvsl": [4, 5, 6, 7],
        "adaptive": [6, 7],
    }
    nothing = torch.zeros(1, 2, 4)
    assert find_active_region(ramp, nothing, "adaptive").sum() == 3  # as if half of them sounded
    everything = torch.ones(1, 2, 4)
    assert find_active_region(ramp, everything, "adaptive").sum() == 7


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_one_map_for_all_is_that_map_for_each(protocol):
    maps, truth = draw_case(5, num=3)
    stretched = stretch_maps(maps[:1], protocol)
    shared = find_active_region(stretched, truth, protocol).expand(3, -1, -1)
    assert torch.equal(shared, find_active_region(stretched.expand(3, -1, -1), truth, protocol))


def test_stretched_maps_go_from_0_to_1_and_corners_stay_where_aligned():
    maps, _ = draw_case(6)
    for protocol in PROTOCOLS:
        stretched = stretch_maps(maps, protocol)
        assert stretched.shape == (2, SIZE_PX, SIZE_PX)
        assert stretched.amin((1, 2)).tolist() == [0, 0]
        assert stretched.amax((1, 2)).tolist() == [1, 1]
    assert torch.equal(stretch_maps(maps, "sspl"), upsample_map(maps))
    ramp = torch.arange(14.0).expand(1, 14, 14)
    assert stretch_maps(ramp, "sspl")[0, 0, 7] == 0  # half a cell of border is flat
    assert stretch_maps(ramp, "ezvsl")[0, 0, 7] == pytest.approx(7 / 223)


@few
@given(seed=seeds)
def test_all_protocols_at_once_are_each_alone(seed):
    maps, truth = draw_case(seed)
    together = per_sample_cious(maps, truth)
    assert list(together) == list(PROTOCOLS)
    for protocol, ciou in together.items():
        assert ciou.dtype == np.float64
        np.testing.assert_array_equal(ciou, per_sample_ciou(maps, truth, protocol))


def test_a_batch_of_many_is_batches_of_one():
    maps, truth = draw_case(8, num=35)
    whole = per_sample_cious(maps, truth)
    for i in (0, 15, 16, 34):
        for protocol, ciou in per_sample_cious(maps[i : i + 1], truth[i : i + 1]).items():
            np.testing.assert_array_equal(ciou, whole[protocol][i : i + 1])


@few
@given(seed=seeds, order=st.permutations(range(5)))
def test_the_order_of_samples_does_not_count(seed, order):
    maps, truth = draw_case(seed, num=5)
    for protocol, ciou in per_sample_cious(maps, truth).items():
        shuffled = score_maps(maps[order], truth[order], protocol)
        np.testing.assert_array_equal(shuffled.per_sample, ciou[list(order)])
        assert shuffled.auc == pytest.approx(summarise(ciou).auc)


@few
@given(shift=st.floats(-5, 5), stretch=st.floats(0.1, 10), seed=seeds)
def test_neither_scale_nor_shift_counts(shift, stretch, seed):
    maps, truth = draw_case(seed)
    expected = per_sample_cious(maps, truth)
    for protocol, ciou in per_sample_cious(maps * stretch + shift, truth).items():
        # Rounding may move a few of 50176 pixels over a threshold.
        np.testing.assert_allclose(ciou, expected[protocol], atol=0.01)
    for protocol, ciou in per_sample_cious(maps * 4, truth).items():
        np.testing.assert_array_equal(ciou, expected[protocol])


def test_inputs_stay_as_they_are():
    maps, truth = draw_case(9)
    full = upsample_map(maps) * 3 - 1
    before = full.clone(), truth.clone()
    per_sample_cious(full, truth, saliency=full)
    assert torch.equal(full, before[0])
    assert torch.equal(truth, before[1])


def test_refinement_by_hand():
    # 0.4 of the map and 0.6 of the saliency: 0, 0.4, 0.6, 1 and 0.3, 0.3, 0.6, 0.4.
    one = torch.tensor([[[0, 1], [0, 1]], [[0, 0], [0, 1.0]]])
    other = torch.tensor([[[0, 0], [1, 1]], [[0.5, 0.5], [1, 0.0]]])
    refined = refine_maps(one, other)
    assert refined[0].flatten().tolist() == pytest.approx([0, 0.4, 0.6, 1])
    assert refined[1].flatten().tolist() == pytest.approx([0, 0, 1, 1 / 3])
    assert torch.equal(refine_maps(one, other, weight=1), one)


def test_refined_scores_are_those_of_refined_maps():
    maps, truth = draw_case(10)
    saliency = torch.rand(2, 7, 7)  # another grid than the map's
    for protocol, ciou in per_sample_cious(maps, truth, saliency=saliency).items():
        refined = refine_maps(stretch_maps(maps, protocol), stretch_maps(saliency, protocol))
        expected = region_ciou(find_active_region(refined, truth, protocol), truth)
        np.testing.assert_array_equal(ciou, expected)


def test_summary_by_hand():
    scores = summarise(np.array([0.0, 0.5, 1.0]))
    assert scores.ciou_at_50 == pytest.approx(2 / 3)
    assert scores.mean_ciou == pytest.approx(0.5)
    # The curve is 1 at 0, 2/3 up to 0.5, 1/3 up to 1; trapezoids of width 0.05.
    curve = [1] + [2 / 3] * 10 + [1 / 3] * 10
    area = sum((a + b) / 2 * 0.05 for a, b in itertools.pairwise(curve))
    assert scores.auc == pytest.approx(area)


def test_auc_of_a_sample_by_hand():
    # At 0 only the first half trapezoid; at 0.5 eleven thresholds are met; at 1 all area is.
    np.testing.assert_allclose(
        auc_per_sample(np.array([0, 0.04, 0.5, 1])), [0.025, 0.025, 0.525, 1]
    )


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_the_auc_is_the_mean_of_each_samples(values):
    each = auc_per_sample(np.array(values))
    assert each.min() >= 0
    assert each.max() <= 1
    assert each.mean() == pytest.approx(summarise(np.array(values)).auc)


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_curves_fall(values):
    curve = summarise(np.array(values)).curve
    assert (np.diff(curve) <= 0).all()
    assert curve[0] == 1


def test_bootstrap_of_a_constant_is_a_point():
    assert bootstrap(np.ones(10, bool), seed=0) == [1, 1]
    assert bootstrap(np.full(10, -0.25), seed=0) == pytest.approx([-0.25, -0.25])
    assert bootstrap(np.array([0.3]), seed=0) == [0.3, 0.3]


def test_bootstrap_is_as_wide_as_theory_has_it():
    hits = np.arange(400) % 4 == 0  # 1.96 sqrt(0.25 x 0.75 / 400) = 0.0424 either side
    assert bootstrap(hits, seed=1, num=4000) == pytest.approx([0.2076, 0.2924], abs=0.006)
    changes = np.random.default_rng(2).normal(0.1, 0.5, 900)
    side = 1.96 * changes.std() / 30
    expected = [changes.mean() - side, changes.mean() + side]
    assert bootstrap(changes, seed=1, num=4000) == pytest.approx(expected, abs=0.004)


def test_bootstrap_is_the_same_for_the_same_seed():
    values = np.random.default_rng(0).random(50)
    assert bootstrap(values, seed=4) == bootstrap(values, seed=4)
    assert bootstrap(values, seed=4) != bootstrap(values, seed=5)


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


@few
@given(boxes=st.lists(st.lists(st.integers(0, 256), min_size=4, max_size=4), max_size=4))
def test_ground_truth_is_each_published_one(boxes):
    unit = np.array(boxes).reshape(-1, 4) / 256
    np.testing.assert_array_equal(ground_truth(unit, 1), vggss_ground_truth(unit))
    for num in (2, 3):
        np.testing.assert_array_equal(ground_truth(unit, num), flickr_ground_truth(boxes))


def test_every_box_is_a_vote_whoever_drew_it():
    twice = [(0, 0, 0.5, 0.5), (0, 0, 0.5, 0.5)]
    assert ground_truth(twice, 2)[0, 0] == 1
    assert ground_truth(twice[:1], 2)[0, 0] == 0.5
    assert ground_truth(twice[:1], 1)[0, 0] == 1


@pytest.mark.parametrize(
    "box",
    [
        (0.4, 0.3, -2.8823037615171176e16, 0.9),  # as published in VGG-SS
        (0.6, 0.1, 0.4, 0.9),
        (0.5, 0.5, 0.5, 0.5),
        (2e16, 0, 3e16, 1),
    ],
)
def test_a_box_that_holds_nothing_is_empty(box):
    assert vggss_ground_truth([box]).sum() == 0
    assert ground_truth([box], 1).sum() == 0
    inside = vggss_ground_truth([(0.25, 0.25, 0.75, 0.75)])
    np.testing.assert_array_equal(ground_truth([box, (0.25, 0.25, 0.75, 0.75)], 1), inside)


def test_annotated_as_empty_is_not_the_same_as_not_annotated():
    assert ground_truth(np.zeros((0, 4)), 1).sum() == 0
    assert ground_truth(np.zeros((0, 4)), 3).shape == (224, 224)
    with pytest.raises(ValueError, match="nobody annotated"):
        ground_truth(np.zeros((0, 4)), 0)


def test_where_nothing_sounds_every_score_is_0():
    maps, _ = draw_case(11)
    for ciou in per_sample_cious(maps, torch.zeros(2, 224, 224)).values():
        assert ciou.tolist() == [0, 0]


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
    with pytest.raises(ValueError, match=message):
        per_sample_ciou(maps, truth, protocol)


def test_saliency_that_does_not_fit_is_refused():
    maps, truth = draw_case(12)
    with pytest.raises(ValueError, match="1 maps and 2 ground truths"):
        per_sample_cious(maps, truth, saliency=maps[:1])
