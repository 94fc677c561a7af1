"""Learning through the cycles: what the loss is, and that it goes on from the closed form."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from test_predictive_attention import make_model

from sspl.training.config import FitConfig
from sspl.training.refine import Locations, measure_loss, refine

CONFIG = FitConfig(epochs=3, batch_size=4, learning_rate=1e-2, view=1.0)


def make_locations(num: int = 12) -> Locations:
    return Locations(
        whitened=torch.randn(num, 4, 5, 6).half(),
        prior=torch.rand(num, 4, 5).half(),
        sound=torch.randn(num, 3),
    )


def test_the_loss_of_two_views_that_are_the_whole_picture_is_the_prediction_error():
    model, locations, batch = make_model(), make_locations(), torch.tensor([2, 7, 1])
    loss = measure_loss(model, locations, batch, CONFIG, torch.Generator())
    x, b = (
        locations.whitened[batch].flatten(1, 2).float(),
        locations.prior[batch].flatten(1, 2).float(),
    )
    *_, last = model.iterate(x, b, locations.sound[batch])
    by_hand = 1 - F.cosine_similarity(locations.sound[batch], last.predicted_sound)
    # Two views that are the same agree, so that Eq. (8) adds nothing.
    assert float(loss) == pytest.approx(float(by_hand.mean()), abs=1e-5)


def test_views_that_disagree_cost_more_by_their_weight():
    model, locations, batch = make_model(), make_locations(), torch.arange(12)
    losses = [
        float(
            measure_loss(
                model,
                locations,
                batch,
                replace(CONFIG, view=0.5, views_weight=weight),
                torch.Generator().manual_seed(4),
            )
        )
        for weight in (0.0, 1.0, 2.0)
    ]
    assert losses[0] < losses[1] < losses[2]
    assert losses[2] - losses[1] == pytest.approx(losses[1] - losses[0], abs=1e-5)


def test_learning_lowers_the_loss_moves_the_prediction_alone_and_repeats_itself():
    locations, found = make_locations(), []
    for _ in range(2):
        torch.manual_seed(1)
        model = make_model()
        before = {name: buffer.clone() for name, buffer in model.named_buffers()}
        losses = list(refine(model, locations, CONFIG))
        assert losses[-1] < losses[0]
        moved = {n for n, buffer in model.named_buffers() if not torch.equal(buffer, before[n])}
        assert moved == {"prediction"}
        assert not model.prediction.requires_grad
        found.append(model.prediction)
    assert torch.equal(*found)


def test_stopped_in_the_middle_the_model_is_whole():
    model = make_model()
    learning = refine(model, make_locations(), CONFIG)
    next(learning)
    learning.close()
    assert not model.prediction.requires_grad


@pytest.mark.parametrize(
    ("setting", "words"), [({"view": 0}, "view is 0"), ({"epochs": -1}, "epochs is at least 0")]
)
def test_settings_that_make_no_sense_are_refused(setting, words):
    with pytest.raises(ValueError, match=words):
        FitConfig(**setting)
