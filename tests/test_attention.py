import math
from typing import get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sspl.attention import (
    FUSIONS,
    SCALINGS,
    FusionName,
    ScalingName,
    fuse_by_attention,
    fused_channels,
    scale_min_max,
    similarity_map,
)


def naive_scaling(name: str, values: list[float]) -> list[float]:
    """Table 5, for one map's values."""
    if name == "relu":
        return [max(v, 0.0) for v in values]
    if name == "sigmoid":
        return [1 / (1 + math.exp(-v)) for v in values]
    if name == "min_max":
        return [(v - min(values)) / (max(values) - min(values)) for v in values]
    if name == "relu_softmax":
        values = [max(v, 0.0) for v in values]
    total = sum(math.exp(v) for v in values)
    return [math.exp(v) / total for v in values]


def naive_fusion(name: str, features: torch.Tensor, query: list[float], attention: torch.Tensor):
    """Table S5, for one pair: the query meets every place, and the places are averaged."""
    _, h, w = features.shape
    places = [(i, j) for i in range(h) for j in range(w)]
    fused = []
    for i, j in places:
        seen = features[:, i, j].tolist()
        if name == "attention":
            fused.append([len(places) * attention[i, j].item() * x for x in seen])
        elif name == "cat":
            fused.append(seen + query)
        elif name == "multiply":
            fused.append([x * q for x, q in zip(seen, query, strict=True)])
        elif name == "add":
            fused.append([x + q for x, q in zip(seen, query, strict=True)])
    return [sum(column) / len(places) for column in zip(*fused, strict=True)]


def test_similarity_is_the_cosine_of_equation_3():
    query, features = torch.randn(2, 4), torch.randn(2, 4, 3, 3)
    ours = similarity_map(query, features, features)
    for b in range(2):
        for i in range(3):
            for j in range(3):
                f, q = features[b, :, i, j].tolist(), query[b].tolist()
                dot = sum(x * y for x, y in zip(q, f, strict=True))
                length = math.sqrt(sum(x * x for x in q)) * math.sqrt(sum(x * x for x in f))
                assert ours[b, i, j].item() == pytest.approx(dot / length, abs=1e-5)


def test_norm_offset_dims_the_faint_and_leaves_the_paper_at_zero():
    query, features = torch.ones(1, 2), torch.ones(1, 2, 1, 2)
    features[..., 1] = 0.1
    assert similarity_map(query, features, features).flatten().tolist() == pytest.approx([1, 1])
    # norms sqrt(2) and 0.1 sqrt(2), their mean 0.55 sqrt(2): 1 / 1.55 and 0.1 / 0.65
    dimmed = similarity_map(query, features, features, norm_offset=1.0).flatten().tolist()
    assert dimmed == pytest.approx([1 / 1.55, 0.1 / 0.65])


def test_min_max_of_equation_5():
    maps = torch.tensor([[[-0.5, 0.0], [0.25, 0.5]]])
    torch.testing.assert_close(scale_min_max(maps), torch.tensor([[[0, 0.5], [0.75, 1]]]))


def test_attention_weighs_and_sums_as_equation_4():
    features, attention = torch.randn(2, 3, 2, 2), torch.rand(2, 2, 2)
    expected = torch.zeros(2, 3)
    for i in range(2):
        for j in range(2):
            expected += attention[:, i, j, None] * features[:, :, i, j]
    torch.testing.assert_close(fuse_by_attention(features, torch.zeros(2, 3), attention), expected)


@given(shift=st.floats(-3, 3), stretch=st.floats(0.01, 100))
def test_min_max_ignores_shift_and_stretch(shift, stretch):
    maps = torch.linspace(-1, 1, 9).reshape(1, 3, 3)
    torch.testing.assert_close(
        scale_min_max(maps * stretch + shift), scale_min_max(maps), atol=1e-3, rtol=0
    )


@pytest.mark.parametrize("name", SCALINGS)
@pytest.mark.parametrize("batch", [1, 3])
def test_flat_maps_stay_finite(name, batch):
    assert SCALINGS[name](torch.full((batch, 14, 14), 0.3)).isfinite().all()


@pytest.mark.parametrize("name", SCALINGS)
@pytest.mark.parametrize("batch", [1, 3])
def test_scalings_are_table_5s(name, batch):
    maps = torch.rand(batch, 3, 4) * 2 - 1
    ours = SCALINGS[name](maps)
    assert ours.shape == maps.shape
    for b in range(batch):
        expected = naive_scaling(name, maps[b].flatten().tolist())
        assert ours[b].flatten().tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("name", SCALINGS)
@given(low=st.floats(-1, 0), high=st.floats(0, 1))
def test_scalings_stay_in_0_to_1_and_keep_the_order(name, low, high):
    scaled = SCALINGS[name](torch.linspace(low, high, 9).reshape(1, 3, 3)).flatten()
    assert scaled.min() >= 0
    assert scaled.max() <= 1
    assert (scaled.diff() >= 0).all()


def test_softmax_shares_one_among_the_places():
    maps = torch.randn(2, 14, 14)
    for name in ("softmax", "relu_softmax"):
        torch.testing.assert_close(SCALINGS[name](maps).sum((1, 2)), torch.ones(2))


def test_tables_have_the_names_that_a_config_may_choose():
    assert tuple(SCALINGS) == get_args(ScalingName)
    assert tuple(FUSIONS) == get_args(FusionName)


@pytest.mark.parametrize("name", FUSIONS)
@pytest.mark.parametrize("batch", [1, 3])
def test_fusions_are_table_s5s(name, batch):
    features, query = torch.randn(batch, 6, 2, 3), torch.randn(batch, 6)
    attention = torch.rand(batch, 2, 3)
    ours = FUSIONS[name](features, query, attention)
    assert ours.shape == (batch, fused_channels(name, 6))
    for b in range(batch):
        expected = naive_fusion(name, features[b], query[b].tolist(), attention[b])
        assert ours[b].tolist() == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("name", FUSIONS)
def test_what_is_fused_teaches_the_query(name):
    """Through the map or, in the three that do not look at it, directly."""
    features, query = torch.randn(2, 6, 3, 3), torch.randn(2, 6, requires_grad=True)
    attention = scale_min_max(similarity_map(query, features, features))
    FUSIONS[name](features, query, attention).square().sum().backward()
    assert query.grad is not None
    assert query.grad.abs().max() > 0


def test_silence_and_darkness_stay_finite():
    dark = torch.zeros(1, 4, 3, 3)
    assert similarity_map(torch.zeros(1, 4), dark, dark, 1.0).isfinite().all()
