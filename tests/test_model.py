import dataclasses

import pytest
import torch

from sspl.attention import FUSIONS, SCALINGS
from sspl.audio import log_mel
from sspl.build import build_model
from sspl.config import ModelConfig, without_pcm

SMALL = ModelConfig(
    eyes="tiny_vgg",
    ears="tiny_vggish",
    image_px=112,
    visual_channels=64,
    sound_channels=64,
    query_width=16,
    num_cycles=2,
    pcm_channels=8,
    projection_width=16,
    prediction_width=8,
)
TIED = dataclasses.replace(
    SMALL,
    rectified_features=True,
    non_negative_query=True,
    norm_offset=1.0,
    tie_weight=1.0,
    leave_out_weight=1.0,
    area_weight=1.0,
)


def make_batch(batch: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return (
        torch.randn(batch, 3, 112, 112),
        torch.randn(batch, 3, 112, 112),
        torch.randn(batch, 3, 96, 64),
    )


@pytest.mark.parametrize("config", [SMALL, without_pcm(SMALL), TIED, without_pcm(TIED)])
def test_one_step_trains_everything_but_the_encoders(config):
    model = build_model(config).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), 0.1, weight_decay=0.1)
    output = model(*make_batch())
    output.loss.backward()
    optimizer.step()
    moved = {n for n, value in model.state_dict().items() if not torch.equal(value, before[n])}
    assert not any(name.startswith(("eyes.", "ears.")) for name in moved)
    assert any(name.startswith("query.") for name in moved)
    assert any(name.startswith("head.") for name in moved)
    assert any(name.startswith("pcm.") for name in moved) == bool(config.num_cycles)


def test_training_mode_leaves_the_encoders_in_eval_mode():
    model = build_model(SMALL).train()
    assert model.pcm is not None
    assert model.pcm.training
    assert not any(m.training for m in [*model.eyes.modules(), *model.ears.modules()])


def test_output_shapes_and_ranges():
    output = build_model(SMALL).train()(*make_batch())
    assert output.loss.shape == ()
    assert output.similarity1.shape == output.similarity2.shape == (3, 14, 14)
    assert output.similarity1.abs().max() <= 1 + 1e-5
    assert output.z1.shape == output.z2.shape == (3, 16)
    assert set(output.terms) == {"simsiam"}
    assert set(build_model(TIED)(*make_batch()).terms) == {"simsiam", "tie", "leave_out", "area"}


def test_the_papers_loss_is_simsiams_alone():
    output = build_model(SMALL).train()(*make_batch())
    assert output.loss.item() == pytest.approx(output.terms["simsiam"].item())


@pytest.mark.parametrize("batch", [1, 2])
def test_trace_holds_every_cycle_and_ends_where_training_looks(batch):
    model = build_model(SMALL).eval()
    view, _, patches = make_batch(batch)
    trace = model.trace(view, patches)
    assert trace.similarity.shape == (2, batch, 14, 14)
    assert trace.errors.shape == (2, batch, 3)
    assert trace.predicted_sound.shape == (2, batch, 64)
    assert trace.sound.norm(dim=1).tolist() == pytest.approx([1] * batch)
    assert len(trace.feedback_gain) == len(trace.error_gain) == 3
    with torch.no_grad():
        last = model(view, view, patches).similarity1
    torch.testing.assert_close(trace.similarity[-1], last)


def test_without_pcm_the_trace_has_one_cycle():
    trace = build_model(without_pcm(SMALL)).eval().trace(*make_batch(2)[1:])
    assert trace.similarity.shape == (1, 2, 14, 14)
    assert trace.errors.shape == (1, 2, 0)


def test_silence_and_a_black_picture_give_finite_numbers():
    model = build_model(TIED).eval()
    trace = model.trace(torch.zeros(1, 3, 112, 112), log_mel(torch.zeros(1, 48_000)))
    assert trace.similarity.isfinite().all()
    assert model(*(t[:1] * 0 for t in make_batch())).loss.isfinite()


def test_building_twice_gives_the_same_weights_and_leaves_the_random_state():
    state = torch.get_rng_state()
    one, two = build_model(SMALL, seed=3), build_model(SMALL, seed=3)
    assert torch.equal(torch.get_rng_state(), state)
    for name, value in one.state_dict().items():
        assert torch.equal(value, two.state_dict()[name])
    assert not torch.equal(one.query[0].weight, build_model(SMALL, seed=4).query[0].weight)


def test_the_mean_over_patches_comes_after_g_and_before_the_norm():
    """f_a: the normalised mean of the embeddings; g(f_a): the mean of g (authors' code)."""
    model = build_model(SMALL).eval()
    embeddings = torch.rand(2, 3, 64)
    sound, query = model.listen(embeddings)
    mean = embeddings.mean(1)
    torch.testing.assert_close(sound, mean / mean.norm(dim=1, keepdim=True))
    expected = sum(model.query(embeddings[:, p]) for p in range(3)) / 3
    torch.testing.assert_close(query, expected)


@pytest.mark.parametrize("name", ["tie_weight", "leave_out_weight", "area_weight"])
def test_each_weight_acts_by_itself(name):
    """The loss is SimSiam's plus the weight times the term of the same name."""
    config = dataclasses.replace(SMALL, **{name: 2.0})
    output = build_model(config).train()(*make_batch())
    term = output.terms[name.removesuffix("_weight")]
    assert term > 0
    assert output.loss.item() == pytest.approx((output.terms["simsiam"] + 2 * term).item())


@pytest.mark.parametrize(
    "change", [{"scaling": name} for name in SCALINGS] + [{"fusion": name} for name in FUSIONS]
)
def test_every_scaling_and_fusion_learns(change):
    model = build_model(dataclasses.replace(SMALL, **change))
    output = model(*torch.randn(2, 4, 3, 112, 112), torch.randn(4, 3, 96, 64))
    output.loss.backward()
    assert output.loss.isfinite()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.head.parameters())


def test_without_stop_gradient_the_projections_learn_from_both_sides():
    grads = []
    for stop_gradient in (True, False):
        model = build_model(dataclasses.replace(SMALL, stop_gradient=stop_gradient))
        torch.manual_seed(0)
        model(*torch.randn(2, 4, 3, 112, 112), torch.randn(4, 3, 96, 64)).loss.backward()
        grads.append(model.head.project[0].weight.grad)
    assert not torch.allclose(*grads)
