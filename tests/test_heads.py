from dataclasses import replace

import pytest
import torch
from test_model import OBJECTIVES, SMALL

from sspl.build import build_model
from sspl.heads import Head, make_predictor, make_projector, make_sight_to_sound
from sspl.objectives import BYOL, WMSE, BarlowTwins


def test_widths_are_those_asked_for():
    head = Head(make_projector(12, 8), make_predictor(8, 3))
    z = head.project(torch.randn(4, 12))
    assert z.shape == head.predict(z).shape == (4, 8)
    assert make_sight_to_sound(12, 5, 7)(torch.randn(1, 12)).shape == (1, 7)


def test_projections_are_spread_by_the_last_batch_norm():
    z = make_projector(12, 8)(torch.randn(64, 12))
    torch.testing.assert_close(z.mean(0), torch.zeros(8), atol=1e-5, rtol=0)
    torch.testing.assert_close(z.var(0, correction=0), torch.ones(8), atol=0.05, rtol=0)


@pytest.mark.parametrize("config", OBJECTIVES, ids=lambda config: config.objective.name)
def test_each_objective_has_the_layers_it_needs_and_no_more(config):
    objective = config.objective.name
    parts = {name.split(".")[1] for name in build_model(config).state_dict() if "head." in name}
    if objective == "byol":
        assert parts == {"project", "predict", "head"}  # the last is the slower copy's projector
    elif objective == "simsiam":
        assert parts == {"project", "predict"}
    elif objective in ("barlow_twins", "w_mse", "senocak"):
        assert parts == {"project"}
    else:
        assert parts == set()
        assert build_model(config).head is None


@pytest.mark.parametrize(
    "objective",
    [
        BYOL(projection_width=16, prediction_width=8),
        BarlowTwins(projection_width=16),
        WMSE(projection_width=16),
    ],
    ids=lambda objective: objective.name,
)
def test_the_same_seed_starts_every_objective_alike(objective):
    """So that what they reach differs by the objective alone."""
    ours, other = build_model(SMALL), build_model(replace(SMALL, objective=objective))
    for name in ("query.0.weight", "pcm.read_out.weight", "head.project.0.weight"):
        assert torch.equal(ours.state_dict()[name], other.state_dict()[name]), name
