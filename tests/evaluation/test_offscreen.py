import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from sspl.evaluation.offscreen import Offscreen, confidence, score_offscreen
from sspl.metrics import summarise


def score(ciou, sure, visible) -> Offscreen:
    return score_offscreen(np.array(ciou, float), np.array(sure, float), np.array(visible, bool))


def test_scores_by_hand():
    # From the surest down: found, unseen, seen but not found, found.
    result = score([0.9, 0.8, 0.2, 0.5], [4, 3, 2, 1], [1, 0, 1, 1])
    # >= 4: TP 1, FP 0, FN 2: precision 1,   recall 1/3, F1 2 / (2 + 0 + 2)
    # >= 3: TP 1, FP 1, FN 2: precision 1/2, recall 1/3, F1 2 / (2 + 1 + 2)
    # >= 2: TP 1, FP 2, FN 1: precision 1/3, recall 1/2, F1 2 / (2 + 2 + 1)
    # >= 1: TP 2, FP 2, FN 0: precision 1/2, recall 1,   F1 4 / (4 + 2 + 0)
    # The best precision from each on: 1, 1/2, 1/2, 1/2.
    assert result.ap == pytest.approx(1 * 1 / 3 + 0 + 1 / 2 * (1 / 2 - 1 / 3) + 1 / 2 * (1 - 1 / 2))
    assert result.max_f1 == pytest.approx(2 / 3)
    assert result.loc_acc == pytest.approx(2 / 3)


def test_equally_sure_samples_are_one_threshold():
    # All at once: TP 1, FP 1: neither order of the two may count.
    for order in ([0, 1], [1, 0]):
        result = score(np.array([1, 0])[order], [0.5, 0.5], np.array([1, 0])[order])
        assert result == Offscreen(ap=0.5, max_f1=pytest.approx(2 / 3), loc_acc=1)


def test_perfect_models_score_1_and_those_that_never_find_0():
    assert score([1, 1, 0], [3, 2, 1], [1, 1, 0]) == Offscreen(ap=1, max_f1=1, loc_acc=1)
    assert score([0, 0.49], [2, 1], [1, 1]) == Offscreen(ap=0, max_f1=0, loc_acc=0)


@pytest.mark.parametrize(
    ("ciou", "visible", "all_of"),
    [(0.5, True, 1), (0.4, True, 0), (0.9, False, 0)],
)
def test_one_sample(ciou, visible, all_of):
    assert score([ciou], [0], [visible]) == Offscreen(ap=all_of, max_f1=all_of, loc_acc=all_of)


def test_without_silent_sounds_the_surest_mistakes_still_cost():
    # TP, FP by threshold: (0, 1), (1, 1); recall 0, 1.
    assert score([0, 1], [2, 1], [1, 1]) == Offscreen(
        ap=0.5, max_f1=pytest.approx(2 / 3), loc_acc=0.5
    )


def test_with_nothing_to_see_nothing_is_found():
    assert score([0.7, 0.9], [2, 1], [0, 0]) == Offscreen(ap=0, max_f1=0, loc_acc=0)


def score_naively(ciou, sure, visible) -> tuple[float, float]:
    """AP and max-F1, sample by sample and threshold by threshold."""
    points, best = [], 0.0
    for threshold in sorted(set(sure), reverse=True):
        tp = fp = fn = 0
        for c, s, v in zip(ciou, sure, visible, strict=True):
            if not v:
                fp += s >= threshold
            elif s >= threshold:
                tp, fp = tp + (c >= 0.5), fp + (c < 0.5)
            else:
                fn += 1
        precision = tp / (tp + fp)
        recall = tp / (tp + fn) if tp + fn else 1.0
        points.append((precision, recall))
        if precision + recall:
            best = max(best, 2 * precision * recall / (precision + recall))
    area, before = 0.0, 0.0
    for i, (_, recall) in enumerate(points):
        area += max(p for p, _ in points[i:]) * (recall - before)
        before = recall
    return area, best


sample = st.tuples(st.sampled_from([0.0, 0.49, 0.5, 0.8]), st.integers(0, 6), st.booleans())


@given(samples=st.lists(sample, min_size=1, max_size=20))
def test_scores_are_the_naive_ones_whatever_the_order(samples):
    ciou, sure, visible = (np.array(column) for column in zip(*samples, strict=True))
    result = score(ciou, sure, visible)
    assert (result.ap, result.max_f1) == pytest.approx(score_naively(ciou, sure, visible))
    assert score(ciou[::-1], sure[::-1], visible[::-1]) == result
    assert score(ciou, sure * 3 - 7, visible) == result
    if visible.any():
        assert result.loc_acc == pytest.approx(summarise(ciou[visible]).ciou_at_50)


def test_confidence_is_the_mean_of_the_top_quarter():
    # At full size nothing is up-sampled: a quarter of the pixels at 3, the rest at -1.
    maps = torch.full((2, 224, 224), -1.0)
    maps[0, :112, :112] = 3
    maps[1, :112, :56] = 3
    assert confidence(maps).tolist() == [3, 1]


def test_confidence_is_of_the_raw_map_and_of_each_batch():
    maps = torch.randn(18, 14, 14)
    sure = confidence(maps)
    assert sure.dtype == np.float64
    np.testing.assert_allclose(confidence(maps * 2 - 1), sure * 2 - 1, atol=1e-5)
    np.testing.assert_array_equal(confidence(maps[17:]), sure[17:])
    up = F.interpolate(maps[3:4, None], size=(224, 224), mode="bilinear").flatten()
    assert sure[3] == pytest.approx(float(np.sort(up.numpy())[-50176 // 4 :].mean()), rel=1e-5)


@pytest.mark.parametrize(
    ("ciou", "sure", "visible", "message"),
    [
        ([0.5], [1, 2], [True], "1 cIoU, 2 confidences, 1 visible"),
        ([], [], [], "0 cIoU"),
        ([0.5], [np.nan], [True], "NaN"),
    ],
)
def test_what_cannot_be_scored_is_refused(ciou, sure, visible, message):
    with pytest.raises(ValueError, match=message):
        score(ciou, sure, visible)
