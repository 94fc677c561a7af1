import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sspl.attention import FUSIONS, SCALINGS, fuse_by_attention, scale_min_max, similarity_map


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


@pytest.mark.parametrize("name", FUSIONS)
def test_fusions_give_one_vector_per_pair(name):
    fused = FUSIONS[name](torch.randn(1, 6, 14, 14), torch.randn(1, 6), torch.rand(1, 14, 14))
    assert fused.shape == (1, 6)


def test_silence_and_darkness_stay_finite():
    dark = torch.zeros(1, 4, 3, 3)
    assert similarity_map(torch.zeros(1, 4), dark, dark, 1.0).isfinite().all()
