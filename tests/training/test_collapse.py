import pytest
import torch

from sspl.baselines import Contrastive
from sspl.objectives import BarlowTwins, SimSiam
from sspl.training.collapse import count_dimensions, find_collapse, measure_collapse


def test_spread_is_one_when_spread_and_zero_when_collapsed():
    assert float(measure_collapse(torch.randn(4000, 64))) == pytest.approx(1, abs=0.02)
    assert float(measure_collapse(torch.ones(100, 64))) == pytest.approx(0, abs=1e-6)


def test_dimensions_are_the_participation_ratio_of_the_covariance():
    z = torch.randn(50, 6) * torch.tensor([3.0, 2, 1, 1, 0.5, 0.1]) + 7
    variances = torch.linalg.eigvalsh(torch.cov(z.T)).tolist()
    expected = sum(variances) ** 2 / sum(v * v for v in variances)
    assert float(count_dimensions(z)) == pytest.approx(expected, rel=1e-4)


def test_dimensions_count_the_directions():
    assert float(count_dimensions(torch.randn(4000, 8))) == pytest.approx(8, abs=0.1)
    line = torch.randn(50, 1) * torch.randn(1, 8)
    assert float(count_dimensions(line)) == pytest.approx(1, abs=1e-4)
    assert float(count_dimensions(torch.full((50, 8), 2.0))) == 0
    assert float(count_dimensions(torch.randn(1, 8))) == 0


def test_a_batch_norm_hides_from_the_spread_what_the_dimensions_see():
    """Why there are two: one direction, every dimension of deviation 1."""
    z = torch.randn(256, 1).sign() * torch.ones(1, 64)
    assert float(measure_collapse(z)) == pytest.approx(1, abs=0.02)
    assert float(count_dimensions(z)) == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("objective", "row", "message"),
    [
        (SimSiam(), {"spread": 0.05, "simsiam": -0.5}, "spread is 0.05"),
        (BarlowTwins(), {"spread": 0.05, "barlow_twins": 1.0}, "spread is 0.05"),
        (Contrastive(), {"spread": 0.05, "contrastive": 1.0}, None),
        (SimSiam(), {"spread": 0.97, "simsiam": -0.999}, "-0.999 of -1"),
        (SimSiam(), {"spread": 0.97, "simsiam": -0.9}, None),
        (BarlowTwins(), {"spread": 0.97, "barlow_twins": 0.1}, None),
    ],
)
def test_a_collapsed_epoch_is_said_with_its_number(objective, row, message):
    said = find_collapse(row, objective)
    if message is None:
        assert said is None
    else:
        assert said is not None
        assert message in said
