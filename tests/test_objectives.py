import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sspl.objectives import (
    background_loss,
    barlow_twins_loss,
    byol_loss,
    correspondence_loss,
    cross_correlation,
    simsiam_loss,
    vicreg_loss,
    w_mse_loss,
    whiten,
)
from sspl.objectives.barlow_twins import standardise


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


def test_without_stop_gradient_it_is_equation_7():
    p1, p2, z1, z2 = (torch.randn(3, 5, requires_grad=True) for _ in range(4))
    stopped = simsiam_loss(p1, p2, z1, z2)
    loss = simsiam_loss(p1, p2, z1, z2, stop_gradient=False)
    assert loss.item() == stopped.item()
    loss.backward()
    assert z1.grad is not None
    assert z2.grad is not None


@pytest.mark.parametrize("batch", [1, 4])
def test_byol_is_its_equation_2_both_ways(batch):
    def squared_distance(p: list[float], z: list[float]) -> float:
        long_p, long_z = math.sqrt(sum(x * x for x in p)), math.sqrt(sum(x * x for x in z))
        return sum((x / long_p - y / long_z) ** 2 for x, y in zip(p, z, strict=True))

    p1, p2, z1, z2 = torch.randn(4, batch, 5)
    expected = sum(
        squared_distance(p1[b].tolist(), z2[b].tolist())
        + squared_distance(p2[b].tolist(), z1[b].tolist())
        for b in range(batch)
    )
    assert byol_loss(p1, p2, z1, z2).item() == pytest.approx(expected / batch, abs=1e-5)


def test_byol_teaches_only_the_network_that_predicts():
    p1, p2, z1, z2 = (torch.randn(3, 5, requires_grad=True) for _ in range(4))
    byol_loss(p1, p2, z1, z2).backward()
    assert p1.grad is not None
    assert p2.grad is not None
    assert z1.grad is None
    assert z2.grad is None


def test_collapse_is_best_for_those_that_rely_on_their_network():
    z = torch.ones(8, 4)
    assert simsiam_loss(z, z, z, z).item() == pytest.approx(-1)
    assert byol_loss(z, z, z, z).item() == pytest.approx(0, abs=1e-6)


def test_collapse_is_punished_by_those_that_do_not():
    z = torch.full((8, 4), 3.0)
    assert barlow_twins_loss(z, z).item() == pytest.approx(4)
    assert w_mse_loss(z, z).item() == pytest.approx(2)
    # Nothing varies: both hinges at 1 - sqrt(1e-4), times 25.
    assert vicreg_loss(z, z).item() == pytest.approx(2 * 25 * 0.99)


def test_two_dimensions_that_are_one_are_punished():
    """Dimensional collapse: every sample differs, and yet half of what could vary does not."""
    z = torch.randn(64, 4)
    copied = z[:, [0, 1, 0, 1]]
    noise = 0.01 * torch.randn(2, 64, 4)
    for loss in (barlow_twins_loss, w_mse_loss, vicreg_loss):
        assert loss(copied + noise[0], copied + noise[1]) > loss(z + noise[0], z + noise[1])


@pytest.mark.parametrize("loss", [barlow_twins_loss, w_mse_loss, vicreg_loss])
def test_both_views_learn_the_same(loss):
    z1, z2 = (torch.randn(12, 3, requires_grad=True) for _ in range(2))
    loss(z1, z2).backward()
    first, second = z1.grad, z2.grad
    assert first is not None
    assert second is not None
    z1.grad = z2.grad = None
    loss(z2, z1).backward()
    torch.testing.assert_close(z1.grad, first)
    torch.testing.assert_close(z2.grad, second)


@pytest.mark.parametrize("loss", [barlow_twins_loss, w_mse_loss, vicreg_loss])
def test_gradients_are_right_where_none_is_stopped(loss):
    z1, z2 = (torch.randn(7, 3, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(loss, (z1, z2))


@pytest.mark.parametrize("loss", [barlow_twins_loss, w_mse_loss, vicreg_loss])
def test_a_collapsed_batch_gives_finite_gradients(loss):
    z1, z2 = (torch.zeros(8, 3, requires_grad=True) for _ in range(2))
    loss(z1, z2).backward()
    assert z1.grad is not None
    assert z1.grad.isfinite().all()


def test_cross_correlation_is_pearsons():
    a, b = torch.randn(7, 3), torch.randn(7, 3)
    ours = cross_correlation(a, b)
    for i in range(3):
        for j in range(3):
            assert ours[i, j].item() == pytest.approx(naive_correlation(a, b, i, j), abs=1e-4)


def test_what_does_not_vary_correlates_with_nothing():
    assert cross_correlation(torch.ones(5, 2), torch.randn(5, 2)).abs().max() < 1e-3
    assert cross_correlation(torch.randn(1, 2), torch.randn(1, 2)).abs().max() == 0


def naive_barlow_twins(a: torch.Tensor, b: torch.Tensor, off_diagonal: float) -> float:
    total = 0.0
    for i in range(a.shape[1]):
        for j in range(a.shape[1]):
            c = naive_correlation(a, b, i, j)
            total += (1 - c) ** 2 if i == j else off_diagonal * c**2
    return total


def test_barlow_twins_is_its_equation_1():
    a, b = torch.randn(9, 3), torch.randn(9, 3)
    expected = naive_barlow_twins(a, b, 0.3)
    assert barlow_twins_loss(a, b, 0.3).item() == pytest.approx(expected, abs=1e-3)


def test_barlow_twins_of_one_pair_knows_of_no_correlation():
    z = torch.randn(1, 3, requires_grad=True)
    loss = barlow_twins_loss(z, z)
    assert loss.item() == pytest.approx(3)
    loss.backward()
    assert z.grad is not None
    assert z.grad.abs().max() == 0


def test_whitened_dimensions_vary_alike_and_apart():
    z = torch.randn(40, 3) @ torch.randn(3, 3) + 5
    white = whiten(z)
    torch.testing.assert_close(white.mean(0), torch.zeros(3).double())
    covariance = white.T @ white / 39
    torch.testing.assert_close(covariance, torch.eye(3).double(), atol=1e-3, rtol=0)


def naive_whiten(rows: list[list[float]]) -> list[list[float]]:
    """Cholesky by hand (row by row), then forward substitution."""
    n, d = len(rows), len(rows[0])
    mean = [sum(row[k] for row in rows) / n for k in range(d)]
    rows = [[x - m for x, m in zip(row, mean, strict=True)] for row in rows]
    cov = [[sum(r[i] * r[j] for r in rows) / (n - 1) for j in range(d)] for i in range(d)]
    low = [[0.0] * d for _ in range(d)]
    for i in range(d):
        for j in range(i + 1):
            rest = cov[i][j] - sum(low[i][k] * low[j][k] for k in range(j))
            low[i][j] = math.sqrt(rest) if i == j else rest / low[j][j]
    white = []
    for row in rows:
        y: list[float] = []
        for i in range(d):
            y.append((row[i] - sum(low[i][k] * y[k] for k in range(i))) / low[i][i])
        white.append(y)
    return white


@pytest.mark.parametrize(("slice_size", "slices"), [(None, [9]), (4, [5, 4]), (20, [9])])
def test_w_mse_whitens_each_view_in_slices_and_compares(slice_size, slices):
    z1, z2 = torch.randn(2, 9, 3)
    total = 0.0
    for one, two in zip(z1.split(slices), z2.split(slices), strict=True):
        for w1, w2 in zip(naive_whiten(one.tolist()), naive_whiten(two.tolist()), strict=True):
            total += 2 - 2 * naive_cosine(w1, w2)
    assert w_mse_loss(z1, z2, slice_size).item() == pytest.approx(total / 9, abs=1e-4)


@given(scale=st.floats(1e-3, 1e3), shift=st.floats(-10, 10))
def test_w_mse_ignores_scale_and_shift(scale, shift):
    """So that it is not evaded by shrinking."""
    z1, z2 = torch.randn(2, 12, 3, generator=torch.Generator().manual_seed(1)).double()
    expected = w_mse_loss(z1, z2)
    torch.testing.assert_close(w_mse_loss(scale * z1 + shift, z2), expected)


def test_w_mse_is_0_for_views_that_agree():
    z = torch.randn(12, 3)
    assert w_mse_loss(z, z).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize(("batch", "slice_size"), [(1, None), (3, None), (12, 3)])
def test_w_mse_says_when_there_is_too_little_to_whiten_with(batch, slice_size):
    with pytest.raises(ValueError, match="cannot whiten 3 dimensions with"):
        w_mse_loss(torch.randn(batch, 3), torch.randn(batch, 3), slice_size)


def naive_vicreg(a: torch.Tensor, b: torch.Tensor) -> float:
    n, d = a.shape
    close = sum((a[i, k] - b[i, k]).item() ** 2 for i in range(n) for k in range(d)) / (n * d)
    total = 25 * close
    for z in (a, b):
        columns = [z[:, k].tolist() for k in range(d)]
        columns = [[x - sum(column) / n for x in column] for column in columns]
        for i in range(d):
            for j in range(d):
                pairs = zip(columns[i], columns[j], strict=True)
                cov = sum(x * y for x, y in pairs) / (n - 1)
                if i == j:
                    total += 25 * max(0.0, 1 - math.sqrt(cov + 1e-4)) / d
                else:
                    total += cov**2 / d
    return total


def test_vicreg_is_its_algorithm_1():
    a, b = torch.randn(9, 3), 0.5 * torch.randn(9, 3)
    assert vicreg_loss(a, b).item() == pytest.approx(naive_vicreg(a, b), rel=1e-5)


def test_vicreg_of_one_pair_knows_of_no_variance():
    assert vicreg_loss(torch.ones(1, 3), torch.ones(1, 3)).item() == pytest.approx(50 * 0.99)


def test_tie_is_barlow_twins_per_dimension():
    a, b = torch.randn(9, 3), torch.randn(9, 3)
    expected = naive_barlow_twins(a, b, 0.1)
    assert correspondence_loss(a, b, 0.1).item() == pytest.approx(expected / 3, abs=1e-3)


def test_tie_by_vicreg_is_its_loss_of_standardised_features_over_25():
    a, b = 3 * torch.randn(9, 3) + 1, torch.randn(9, 3)
    a_hat, b_hat = ((x - x.mean(0)) / x.var(0, correction=0).add(1e-5).sqrt() for x in (a, b))
    expected = naive_vicreg(a_hat, b_hat) / 25
    assert correspondence_loss(a, b, 0.0, "vicreg").item() == pytest.approx(expected, rel=1e-4)


def test_tie_by_w_mse_whitens_slices_of_twice_the_width():
    a, b = torch.randn(12, 3), torch.randn(12, 3)
    assert correspondence_loss(a, b, 0.0, "w_mse") == w_mse_loss(a, b, slice_size=6)


@pytest.mark.parametrize("kind", ["barlow_twins", "vicreg", "w_mse"])
def test_tie_is_least_where_sight_follows_sound(kind):
    sound = torch.randn(64, 4)
    same = correspondence_loss(sound, sound, 0.0, kind).item()
    assert same == pytest.approx(0, abs=0.01)
    assert 0.5 < correspondence_loss(torch.randn(64, 4), sound, 0.0, kind).item() < 3


def test_a_standardised_batch_has_deviation_one_and_one_pair_none():
    x = standardise(5 * torch.randn(100, 3) + 2)
    torch.testing.assert_close(x.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(x.std(0, correction=0), torch.ones(3), atol=1e-4, rtol=0)
    assert not standardise(torch.randn(1, 3)).any()


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
    assert background_loss(left, whole, query).item() == pytest.approx(expected / 3, abs=1e-3)


def test_leaving_out_a_halo_costs_less_than_leaving_out_the_object():
    sound = torch.randn(64, 4)
    nothing, halo, everything = (
        background_loss(share * sound, sound, sound).item() for share in (0.0, 0.1, 1.0)
    )
    assert nothing == 0
    assert halo == pytest.approx(0.01, abs=1e-3)
    assert everything == pytest.approx(1, abs=1e-3)
