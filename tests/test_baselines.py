import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from golden import parity_weights

from sspl.attention import similarity_map
from sspl.baselines import (
    best_similarity,
    contrastive_loss,
    cross_similarity,
    hardway_logits,
    hardway_loss,
    senocak_loss,
    true_negatives,
)


def make_pairs(batch: int = 3, channels: int = 4, side: int = 3) -> tuple[torch.Tensor, ...]:
    return torch.randn(batch, channels, side, side), torch.randn(batch, channels)


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def naive_hardway(maps: torch.Tensor, i: int) -> list[float]:
    """The published logits of picture i, from its maps for all sounds (B, B, h, w)."""
    own = maps[i, i].flatten().tolist()

    def mean(values: list[float], weights: list[float]) -> float:
        return sum(v * w for v, w in zip(values, weights, strict=True)) / sum(weights)

    def over_object(values: list[float]) -> float:
        return mean(values, [sigmoid((v - 0.65) / 0.03) for v in values])

    others = [
        over_object(maps[i, j].flatten().tolist()) * (-99 if i == j else 1)
        for j in range(len(maps))
    ]
    background = mean(own, [1 - sigmoid((v - 0.4) / 0.03) for v in own])
    return [logit / 0.07 for logit in (over_object(own), *others, background)]


def test_every_picture_meets_every_sound():
    features, query = make_pairs()
    maps = cross_similarity(features, query)
    assert maps.shape == (3, 3, 3, 3)
    for j in range(3):
        expected = similarity_map(query[j : j + 1].expand(3, -1), features, features)
        torch.testing.assert_close(maps[:, j], expected)
    torch.testing.assert_close(best_similarity(features, query), maps.flatten(2).max(2).values)


def test_hardway_is_the_published_code(golden):
    case = np.load(golden / "hardway_seed1.npz")
    features = torch.from_numpy(parity_weights.normal("hw_img", (6, 64, 14, 14), 1))
    query = torch.from_numpy(parity_weights.normal("hw_aud", (6, 64), 1))
    features[:, :, 4:9, 4:9] += 1.5 * query[:, :, None, None]
    features.requires_grad_()
    own_maps = cross_similarity(features, query).diagonal().permute(2, 0, 1)
    np.testing.assert_allclose(own_maps.detach(), case["A"][:, 0], atol=1e-5)
    logits = hardway_logits(features, query)
    np.testing.assert_allclose(logits.detach(), case["logits"], rtol=1e-5, atol=1e-5)
    loss = hardway_loss(features, query)
    loss.backward()
    assert loss.item() == pytest.approx(case["loss"].item(), abs=1e-6)
    assert features.grad is not None
    assert features.grad.norm().item() == pytest.approx(case["grad_img_norm"].item(), rel=1e-4)


@pytest.mark.parametrize("batch", [1, 3])
def test_hardway_picture_by_picture(batch):
    features, query = make_pairs(batch)
    features = features + 2 * query[:, :, None, None]
    logits = hardway_logits(features, query)
    maps = cross_similarity(features, query)
    losses = []
    for i in range(batch):
        expected = naive_hardway(maps, i)
        assert logits[i].tolist() == pytest.approx(expected, rel=1e-4, abs=1e-4)
        del expected[1 + i]  # the own sound is no negative
        losses.append(math.log(sum(math.exp(x) for x in expected)) - expected[0])
    loss = hardway_loss(features, query)
    assert loss.item() == pytest.approx(sum(losses) / batch, abs=1e-4)


def test_hardway_takes_features_of_any_length():
    features, query = make_pairs()
    torch.testing.assert_close(
        hardway_logits(7 * features, 0.1 * query), hardway_logits(features, query)
    )


def test_hardway_leaves_what_is_between_alone():
    """A place at 0.53, between both bounds, is in neither region; with one bound it must be."""
    query = torch.tensor([[1.0, 0.0]])
    cosines = torch.tensor([0.9, 0.53, 0.0])
    features = torch.stack([cosines, (1 - cosines.square()).sqrt()])[None, :, None]  # (1, 2, 1, 3)
    _, _, background = 0.07 * hardway_logits(features, query)[0]
    assert background.item() == pytest.approx(0, abs=0.01)
    _, _, background = 0.07 * hardway_logits(features, query, epsilon2=0.65)[0]
    assert background.item() == pytest.approx(0.53 / 2, abs=0.01)


@pytest.mark.parametrize("sign", [-1, 1])
def test_hardway_stays_finite_on_flat_maps(sign):
    """Everything is object, or nothing is: the published code divides 0 by 0 here."""
    features = sign * torch.ones(2, 4, 3, 3)
    features.requires_grad_()
    loss = hardway_loss(features, torch.ones(2, 4))
    loss.backward()
    assert loss.isfinite()
    assert features.grad is not None
    assert features.grad.isfinite().all()


def test_where_the_own_cosine_is_negative_the_published_mask_would_be_the_largest_logit():
    features, query = make_pairs()
    features = features - 5 * query[:, :, None, None]
    logits = hardway_logits(features, query)
    assert (logits.argmax(1) == torch.tensor([1, 2, 3])).all()
    assert hardway_loss(features, query) < logits.max() / 10


def test_hardway_pulls_the_object_to_its_sound_and_the_background_from_it():
    query = torch.eye(3)[:2]
    objects = torch.tensor([[0.8, 0.2, 0.5], [0.2, 0.8, 0.5]])
    backgrounds = torch.tensor([[0.3, 0.1, 0.9], [0.1, 0.3, 0.9]])
    features = torch.stack([objects, backgrounds], dim=2)[:, :, None].requires_grad_()
    hardway_loss(features, query).backward()  # features are (2, 3, 1, 2)
    assert features.grad is not None
    down = -features.grad[:, :, 0]
    for own, other in ((0, 1), (1, 0)):
        assert down[own, own, 0] > 0  # its object comes nearer to the sound
        assert down[own, own, 1] < 0  # its background goes away from it
        assert down[own, other, 0] < 0  # its object goes away from the other sound


@pytest.mark.parametrize("batch", [1, 4])
def test_senocaks_loss_is_the_triplet_of_softmaxed_distances(batch):
    seen, heard, unheard = torch.randn(3, batch, 5)
    total = 0.0
    for b in range(batch):
        near = math.dist(seen[b].tolist(), heard[b].tolist())
        far = math.dist(seen[b].tolist(), unheard[b].tolist())
        share_near = math.exp(near) / (math.exp(near) + math.exp(far))
        share_far = math.exp(far) / (math.exp(near) + math.exp(far))
        total += (share_near - 0) ** 2 + (share_far - 1) ** 2
    ours = senocak_loss(seen, heard, unheard).item()
    assert ours == pytest.approx(total / batch, abs=1e-4)


def test_senocaks_loss_pulls_to_the_own_sound_and_from_the_other():
    heard, unheard = torch.zeros(1, 2), torch.tensor([[4.0, 0.0]])
    losses = [
        senocak_loss(torch.tensor([[x, 0.0]]), heard, unheard).item() for x in (0, 1, 2, 3, 4)
    ]
    assert losses == sorted(losses)
    assert losses[2] == pytest.approx(0.5)  # as far from both


def test_senocaks_loss_of_one_pair_has_nothing_to_tell_apart():
    seen, heard = torch.randn(1, 3, requires_grad=True), torch.randn(1, 3)
    loss = senocak_loss(seen, heard, heard.roll(1, 0))
    loss.backward()
    assert loss.item() == pytest.approx(0.5)
    assert seen.grad is not None
    assert seen.grad.abs().max() < 1e-6


@pytest.mark.parametrize("guided", [False, True])
def test_contrastive_loss_is_info_nce(guided):
    scores = torch.rand(5, 5) * 2 - 1
    negatives = torch.rand(5, 5) < 0.5 if guided else torch.ones(5, 5, dtype=torch.bool)
    total = 0.0
    for i in range(5):
        own = math.exp(scores[i, i].item() / 0.07)
        others = sum(
            math.exp(scores[i, j].item() / 0.07) for j in range(5) if j != i and negatives[i, j]
        )
        total -= math.log(own / (own + others))
    ours = contrastive_loss(scores, negatives if guided else None)
    assert ours.item() == pytest.approx(total / 5, abs=1e-4)


def test_what_does_not_count_is_not_pushed_away():
    scores = torch.zeros(3, 3, requires_grad=True)
    negatives = true_negatives(F.one_hot(torch.tensor([0, 0, 1])))
    contrastive_loss(scores, negatives).backward()
    assert scores.grad is not None
    assert (scores.grad[0, 1], scores.grad[1, 0]) == (0, 0)
    assert (scores.grad[:2, 2] > 0).all()
    assert (scores.grad[2, :2] > 0).all()
    assert (scores.grad.diagonal() < 0).all()


def test_without_negatives_there_is_nothing_to_learn():
    for size in (1, 3):
        scores = torch.rand(size, size, requires_grad=True)
        loss = contrastive_loss(scores, torch.zeros(size, size, dtype=torch.bool))
        loss.backward()
        assert loss.item() == 0
        assert scores.grad is not None
        assert scores.grad.abs().max() == 0


def test_a_duet_shares_a_class_with_each_of_its_instruments():
    cello, flute, duet = [1, 0, 0], [0, 1, 0], [1, 1, 0]
    expected = [[False, True, False], [True, False, False], [False, False, False]]
    assert true_negatives(torch.tensor([cello, flute, duet])).tolist() == expected
