"""The numbers of a cycle, against hand arithmetic."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies

from sspl.metrics import score_maps, vggss_ground_truth
from sspl.model import Trace
from sspl.trace_stats import find_peak, measure_cycle, measure_entropy


def make_trace(similarity: torch.Tensor, num_layers: int = 3) -> Trace:
    """A trace with these maps (T, B, h, w) and errors 100 t + 10 b + l."""
    num_cycles, batch = similarity.shape[:2]
    numbers = torch.arange(num_cycles)[:, None, None] * 100 + 100
    numbers = numbers + torch.arange(batch)[:, None] * 10 + torch.arange(num_layers)
    return Trace(
        similarity=similarity,
        errors=numbers.float(),
        predicted_sound=torch.zeros(num_cycles if num_layers else 0, batch, 4),
        sound=torch.zeros(batch, 4),
        feedback_gain=torch.zeros(num_layers, 2),
        error_gain=torch.zeros(num_layers, 2),
    )


def test_entropy_counts_places():
    one, two = torch.zeros(14, 14), torch.zeros(14, 14)
    one[3, 4] = 1
    two[3, 4] = two[9, 1] = 0.2
    assert measure_entropy(one) == pytest.approx(0)
    assert measure_entropy(two) == pytest.approx(1)
    assert measure_entropy(torch.full((14, 14), -0.3)) == pytest.approx(math.log2(196))


def test_entropy_by_hand():
    # After min-max 0, 1/3, 2/3, 1; as shares 0, 1/6, 1/3, 1/2.
    shares = np.array([1 / 6, 1 / 3, 1 / 2])
    expected = -(shares * np.log2(shares)).sum()
    assert measure_entropy(torch.tensor([[-0.5, 0.5], [-0.1666667, 0.1666667]])) == pytest.approx(
        expected, abs=1e-5
    )


@settings(deadline=None)
@given(strategies.integers(0, 2**31), strategies.floats(0.01, 100), strategies.floats(-5, 5))
def test_entropy_ignores_scale_and_offset(seed, scale, offset):
    similarity = torch.rand(14, 14, generator=torch.Generator().manual_seed(seed))
    entropy = measure_entropy(similarity)
    assert 0 <= entropy <= math.log2(196)
    assert measure_entropy(similarity * scale + offset) == pytest.approx(entropy, abs=1e-2)


def test_peak_is_the_middle_of_its_place():
    similarity = torch.zeros(14, 7)
    similarity[13, 0] = 1
    assert find_peak(similarity) == (0.5 / 7, 13.5 / 14)


def test_measure_cycle_takes_the_right_cycle_and_sample():
    maps = torch.rand(3, 2, 14, 14)
    numbers = measure_cycle(make_trace(maps), 2, index=1)
    assert numbers["t"] == 2
    assert numbers["errors"] == [210, 211, 212]
    assert numbers["mean_similarity"] == pytest.approx(float(maps[1, 1].mean()))
    assert numbers["entropy_bits"] == measure_entropy(maps[1, 1])
    assert numbers["peak"] == list(find_peak(maps[1, 1]))
    assert "ciou" not in numbers
    json.dumps(numbers, allow_nan=False)


def test_measure_cycle_scores_against_boxes():
    similarity = torch.rand(1, 1, 14, 14)
    boxes = np.array([[0.1, 0.2, 0.6, 0.9], [0.5, 0.0, 0.7, 0.3]], np.float32)
    expected = score_maps(similarity[0], vggss_ground_truth(list(boxes))[None], "sspl")
    numbers = measure_cycle(make_trace(similarity), 1, boxes)
    assert numbers["ciou"] == pytest.approx(expected.per_sample[0])
    assert "ciou" not in measure_cycle(make_trace(similarity), 1, np.zeros((0, 4)))


def test_without_pcm_there_are_no_errors():
    assert "errors" not in measure_cycle(make_trace(torch.rand(1, 1, 14, 14), num_layers=0), 1)


@pytest.mark.parametrize("t", [0, 4, -1])
def test_there_is_no_such_cycle(t):
    with pytest.raises(ValueError, match="1 to 3"):
        measure_cycle(make_trace(torch.rand(3, 1, 14, 14)), t)
