import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sspl.evaluation.multi_source import (
    MultiSource,
    scale_class_maps,
    score_multi_source,
    summarise_multi_source,
)
from sspl.metrics import vggss_ground_truth

LEFT, RIGHT = vggss_ground_truth([(0, 0, 0.5, 1)]), vggss_ground_truth([(0.5, 0, 1, 1)])


def test_scores_by_hand():
    # Three classes at full size, so that nothing is up-sampled. The first sounds on the left and
    # is on there; the second sounds on the right and is on everywhere; the third is silent, and
    # on in a quarter.
    maps = torch.zeros(1, 3, 224, 224)
    maps[0, 0, :, :112] = 0.15  # above 0.2 of its own largest value
    maps[0, 1] = 1
    maps[0, 2, :112, :112], maps[0, 2, 112:] = 0.5, 0.2
    ciou, nsa = score_multi_source(maps, [{0: LEFT, 1: RIGHT}])
    assert ciou.tolist() == [(1 + 0.5) / 2]
    assert nsa.tolist() == pytest.approx([0.75])


def test_summary_by_hand():
    result = summarise_multi_source(
        np.array([0.31, 0.29, 1.0, 0.0]), np.array([0.5, 1.0, np.nan, 0.9])
    )
    assert result.ciou_at_30 == 0.5
    assert result.nsa == pytest.approx(0.8)
    # The curves rise to 0.3, 0.25, 1 and 0; a trapezoid has half a step more than it reaches.
    assert result.auc == pytest.approx((0.325 + 0.275 + 1 + 0.025) / 4)
    assert summarise_multi_source(np.ones(1), np.array([np.nan])) == MultiSource(
        ciou_at_30=1, auc=1, nsa=None
    )


def score_naively(maps: torch.Tensor, truths: dict) -> tuple[float, float]:
    """One picture's CIoU and NSA, class by class."""
    found, quiet = [], []
    for k, one in enumerate(maps):
        up = F.interpolate(one[None, None], size=(224, 224), mode="bilinear")[0, 0].numpy()
        if k not in truths:
            quiet.append(1 - (up > 0.2).sum() / 224**2)
            continue
        on, truth = up > np.float32(0.2) * up.max(), truths[k]
        found.append(truth[on].sum() / (truth.sum() + (truth[on] == 0).sum()))
    return float(np.mean(found)), float(np.mean(quiet)) if quiet else float("nan")


def test_scores_are_the_naive_ones_and_batches_do_not_count():
    maps = torch.rand(3, 3, 7, 7) ** 3
    truths = [{2: LEFT, 0: RIGHT}, {1: RIGHT}, {0: LEFT, 1: LEFT, 2: RIGHT}]
    ciou, nsa = score_multi_source(maps, truths)
    naive = [score_naively(m, t) for m, t in zip(maps, truths, strict=True)]
    np.testing.assert_allclose(np.stack([ciou, nsa], 1), naive, rtol=1e-6)
    assert np.isnan(nsa[2])
    one = score_multi_source(maps[1:2], truths[1:2])
    assert (one[0].item(), one[1].item()) == (ciou[1], nsa[1])


def test_class_maps_share_a_pictures_scale():
    maps = torch.tensor([[[[-1.0, 2]], [[4.0, 1]]], [[[-1.0, -2]], [[-4.0, 0]]]])
    scaled = scale_class_maps(maps)
    assert scaled[0].tolist() == [[[0, 0.5]], [[1, 0.25]]]
    assert scaled[1].tolist() == [[[0, 0]], [[0, 0]]]  # nothing looks at any sound


def test_an_empty_class_map_finds_nothing_and_disturbs_nothing():
    ciou, nsa = score_multi_source(torch.zeros(1, 2, 14, 14), [{0: LEFT}])
    assert (ciou.item(), nsa.item()) == (0, 1)


@pytest.mark.parametrize(
    ("num", "truths", "message"),
    [
        (1, [{0: LEFT}, {0: LEFT}], "1 pictures' class maps and 2 ground truths"),
        (1, [{}], "no class sounds"),
        (1, [{2: LEFT}], r"classes \[2\] sound, but there are only 2 maps"),
    ],
)
def test_what_cannot_be_scored_is_refused(num, truths, message):
    with pytest.raises(ValueError, match=message):
        score_multi_source(torch.zeros(num, 2, 14, 14), truths)
