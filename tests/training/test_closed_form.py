import pytest
import torch
from test_predictive_attention import SMALL
from torch import nn

from sspl.predictive_attention import PredictiveAttention
from sspl.training.closed_form import Moments

NUM, GRID = 40, (3, 5)


def make_data() -> tuple[torch.Tensor, torch.Tensor]:
    """Features whose directions differ in size, and sounds that follow from pictures' means."""
    torch.manual_seed(1)
    visual = torch.randn(NUM, 64, *GRID) * torch.linspace(3, 0.1, 64)[:, None, None] + 2
    visual = visual + torch.randn(NUM, 64, 1, 1)
    sounds = visual.mean((2, 3)) @ torch.randn(64, 64) + 0.1 * torch.randn(NUM, 64)
    return visual, sounds[:, None].expand(-1, 3, -1)


def gather(visual: torch.Tensor, sounds: torch.Tensor, size: int) -> Moments:
    moments = Moments.zeros(64, 64)
    for v, s in zip(visual.split(size), sounds.split(size), strict=True):
        moments.add(v, s)
    return moments


def solve_naively(visual: torch.Tensor, sounds: torch.Tensor) -> dict[str, torch.Tensor]:
    """Two passes, everything in memory."""
    places = visual.double().flatten(2).mT.flatten(0, 1)
    mean = places.mean(0)
    values, vectors = torch.linalg.eigh(torch.cov(places.T, correction=0))
    whiten = (vectors / values.sqrt()).flip(1)[:, :6]
    f = sounds[:, 0].double()
    values, vectors = torch.linalg.eigh(torch.cov(f.T, correction=0))
    directions = (vectors / (values + 0.05 * values[-1]).sqrt()).flip(1)[:, :3]
    x = (visual.double().mean((2, 3)) - mean) @ whiten
    s = (f - f.mean(0)) @ directions
    weight = 0.5 * (x.square().mean(0)).mean()
    rows = torch.cat([x / NUM**0.5, weight.sqrt() * torch.eye(6, dtype=torch.float64)])
    targets = torch.cat([s / NUM**0.5, torch.zeros(6, 3, dtype=torch.float64)])
    prediction = torch.linalg.lstsq(rows, targets).solution
    return {"whiten": whiten, "directions": directions, "prediction": prediction, "mean": mean}


def test_one_pass_finds_what_two_passes_in_memory_find():
    visual, sounds = make_data()
    found, naive = gather(visual, sounds, 7).solve(SMALL), solve_naively(visual, sounds)
    torch.testing.assert_close(found["visual_mean"].double(), naive["mean"], atol=1e-4, rtol=1e-4)
    # Eigenvectors have no sign: what predicts a sound from a picture has.
    whole = found["visual_directions"] @ found["prediction"] @ found["sound_directions"].T
    expected = naive["whiten"] @ naive["prediction"] @ naive["directions"].T
    torch.testing.assert_close(whole.double(), expected, atol=1e-4, rtol=1e-3)
    x = (visual.flatten(2).mT - found["visual_mean"]) @ found["visual_directions"]
    torch.testing.assert_close(
        torch.cov(x.flatten(0, 1).T, correction=0), torch.eye(6), atol=1e-3, rtol=0
    )


def test_batches_and_processes_add_up_to_the_same():
    visual, sounds = make_data()
    whole = gather(visual, sounds, NUM).solve(SMALL)
    parts = [gather(visual[i::3], sounds[i::3], 5) for i in range(3)]

    class Summed:  # what accelerate's reduce does over processes
        def reduce(self, tensor: torch.Tensor, reduction: str) -> torch.Tensor:
            name = next(n for n, value in vars(parts[0]).items() if value is tensor)
            return sum(getattr(part, name) for part in parts)

    parts[0].reduce(Summed())
    for name, tensor in parts[0].solve(SMALL).items():
        torch.testing.assert_close(tensor.abs(), whole[name].abs(), atol=1e-4, rtol=1e-3)


def test_what_is_kept_does_not_grow_with_the_pairs():
    visual, sounds = make_data()
    few, many = gather(visual[:5], sounds[:5], 5), gather(visual, sounds, 5)
    sizes = [sum(t.numel() for t in vars(moments).values()) for moments in (few, many)]
    assert sizes[0] == sizes[1]


def test_what_is_solved_are_a_models_buffers():
    found = gather(*make_data(), 8).solve(SMALL)
    model = PredictiveAttention(
        config=SMALL, image_encoder=nn.Identity(), audio_encoder=nn.Identity()
    )
    buffers = dict(model.named_buffers())
    assert {name: t.shape for name, t in found.items()} == {n: b.shape for n, b in buffers.items()}


@pytest.mark.parametrize("what", ["one pair", "no difference"])
def test_too_little_to_fit_to_is_a_sentence(what):
    visual, sounds = make_data()
    if what == "one pair":
        visual, sounds = visual[:1], sounds[:1]
    else:
        visual = torch.ones_like(visual)
    with pytest.raises(ValueError, match=r"at least two|the same"):
        gather(visual, sounds, 8).solve(SMALL)
