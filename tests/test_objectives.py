import math

import pytest
import torch

from sspl.objectives import cross_correlation, leave_out_loss, simsiam_loss, tie_loss


def naive_cosine(a: list[float], b: list[float]) -> float:
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return dot / math.sqrt(sum(x * x for x in a) * sum(y * y for y in b))


def naive_correlation(a: torch.Tensor, b: torch.Tensor, i: int, j: int) -> float:
    x, y = a[:, i].tolist(), b[:, j].tolist()
    mx, my = sum(x) / len(x), sum(y) / len(y)
    cov = sum((p - mx) * (q - my) for p, q in zip(x, y, strict=True))
    return cov / math.sqrt(sum((p - mx) ** 2 for p in x) * sum((q - my) ** 2 for q in y))


def test_simsiam_is_equation_8():
    p1, p2, z1, z2 = torch.randn(4, 3, 5)
    expected = sum(
        -0.5 * naive_cosine(p1[b].tolist(), z2[b].tolist())
        - 0.5 * naive_cosine(p2[b].tolist(), z1[b].tolist())
        for b in range(3)
    )
    assert simsiam_loss(p1, p2, z1, z2).item() == pytest.approx(expected / 3, abs=1e-6)


def test_simsiam_stops_the_gradient_of_the_projections():
    p1, p2, z1, z2 = (torch.randn(3, 5, requires_grad=True) for _ in range(4))
    simsiam_loss(p1, p2, z1, z2).backward()
    assert p1.grad is not None
    assert p2.grad is not None
    assert z1.grad is None
    assert z2.grad is None


def test_simsiam_is_least_where_predictions_meet():
    z = torch.randn(3, 5)
    assert simsiam_loss(z, z, z, z).item() == pytest.approx(-1)


def test_cross_correlation_is_pearsons():
    a, b = torch.randn(7, 3), torch.randn(7, 3)
    ours = cross_correlation(a, b)
    for i in range(3):
        for j in range(3):
            assert ours[i, j].item() == pytest.approx(naive_correlation(a, b, i, j), abs=1e-4)


def test_what_does_not_vary_correlates_with_nothing():
    assert cross_correlation(torch.ones(5, 2), torch.randn(5, 2)).abs().max() < 1e-3
    assert cross_correlation(torch.randn(1, 2), torch.randn(1, 2)).abs().max() == 0


def test_tie_is_barlow_twins_equation_1():
    a, b = torch.randn(9, 3), torch.randn(9, 3)
    expected = 0.0
    for i in range(3):
        for j in range(3):
            c = naive_correlation(a, b, i, j)
            expected += (1 - c) ** 2 if i == j else 0.1 * c**2
    assert tie_loss(a, b, 0.1).item() == pytest.approx(expected / 3, abs=1e-3)


def test_tie_is_least_where_sight_follows_sound():
    sound = torch.randn(64, 4)
    assert tie_loss(sound, sound, 0.0).item() == pytest.approx(0, abs=1e-4)


def test_leave_out_is_the_covariance_over_the_wholes_deviation():
    left, whole, query = torch.randn(9, 3), torch.randn(9, 3), torch.randn(9, 3)
    expected = 0.0
    for k in range(3):
        x, w, q = left[:, k].tolist(), whole[:, k].tolist(), query[:, k].tolist()
        mx, mw, mq = sum(x) / 9, sum(w) / 9, sum(q) / 9
        cov = sum((a - mx) * (b - mq) for a, b in zip(x, q, strict=True)) / 9
        deviation_w = math.sqrt(sum((a - mw) ** 2 for a in w) / 9)
        deviation_q = math.sqrt(sum((a - mq) ** 2 for a in q) / 9)
        expected += (cov / deviation_w / deviation_q) ** 2
    assert leave_out_loss(left, whole, query).item() == pytest.approx(expected / 3, abs=1e-3)


def test_leaving_out_a_halo_costs_less_than_leaving_out_the_object():
    sound = torch.randn(64, 4)
    nothing, halo, everything = (
        leave_out_loss(share * sound, sound, sound).item() for share in (0.0, 0.1, 1.0)
    )
    assert nothing == 0
    assert halo == pytest.approx(0.01, abs=1e-3)
    assert everything == pytest.approx(1, abs=1e-3)
