import dataclasses

import pytest
import torch

from sspl.attention import FUSIONS, SCALINGS
from sspl.audio import log_mel
from sspl.baselines import Contrastive, HardWay, Senocak
from sspl.build import build_model
from sspl.config import ModelConfig, without_pcm
from sspl.objectives import BYOL, WMSE, BarlowTwins, ExtraTerms, SimSiam

SMALL = ModelConfig(
    image_encoder="tiny_vgg",
    audio_encoder="tiny_vggish",
    query_width=16,
    num_cycles=2,
    pcm_channels=8,
    objective=SimSiam(projection_width=16, prediction_width=8),
)
PAIRED = dataclasses.replace(
    SMALL,
    rectified_features=True,
    non_negative_query=True,
    norm_offset=1.0,
    terms=ExtraTerms(correspondence_weight=1.0, background_weight=1.0, area_weight=1.0),
)


# Every objective at the small size; baselines take no PCM, W-MSE no more dimensions than pairs.
LOOK_ONCE = without_pcm(SMALL)
OBJECTIVES = [
    SMALL,
    dataclasses.replace(SMALL, objective=BYOL(projection_width=16, prediction_width=8)),
    dataclasses.replace(SMALL, objective=BarlowTwins(projection_width=16)),
    dataclasses.replace(SMALL, objective=WMSE(projection_width=4)),
    dataclasses.replace(LOOK_ONCE, objective=HardWay()),
    dataclasses.replace(LOOK_ONCE, objective=Senocak(), scaling="softmax"),
    dataclasses.replace(LOOK_ONCE, objective=Contrastive()),
]


def make_batch(batch: int = 3) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    return (
        torch.randn(batch, 3, 112, 112),
        torch.randn(batch, 3, 112, 112),
        torch.randn(batch, 3, 96, 64),
    )


@pytest.mark.parametrize("config", [SMALL, without_pcm(SMALL), PAIRED, without_pcm(PAIRED)])
def test_one_step_trains_everything_but_the_encoders(config):
    model = build_model(config).train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    optimizer = torch.optim.SGD(model.parameters(), 0.1, weight_decay=0.1)
    output = model(*make_batch())
    output.loss.backward()
    optimizer.step()
    moved = {n for n, value in model.state_dict().items() if not torch.equal(value, before[n])}
    assert not any(name.startswith(("image_encoder.", "audio_encoder.")) for name in moved)
    assert any(name.startswith("query.") for name in moved)
    assert any(name.startswith("head.") for name in moved)
    assert any(name.startswith("pcm.") for name in moved) == bool(config.num_cycles)


def test_training_mode_leaves_the_encoders_in_eval_mode():
    model = build_model(SMALL).train()
    assert model.pcm is not None
    assert model.pcm.training
    assert not any(
        m.training for m in [*model.image_encoder.modules(), *model.audio_encoder.modules()]
    )


def test_output_shapes_and_ranges():
    output = build_model(SMALL).train()(*make_batch())
    assert output.loss.shape == ()
    assert output.similarity1.shape == output.similarity2.shape == (3, 14, 14)
    assert output.similarity1.abs().max() <= 1 + 1e-5
    assert output.z1.shape == output.z2.shape == (3, 16)
    assert set(output.terms) == {"simsiam"}
    assert set(build_model(PAIRED)(*make_batch()).terms) == {
        "simsiam",
        "correspondence",
        "background",
        "area",
    }


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
    model = build_model(PAIRED).eval()
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
    sound, query = model.project_audio(embeddings)
    mean = embeddings.mean(1)
    torch.testing.assert_close(sound, mean / mean.norm(dim=1, keepdim=True))
    expected = sum(model.query(embeddings[:, p]) for p in range(3)) / 3
    torch.testing.assert_close(query, expected)


@pytest.mark.parametrize("name", ["correspondence_weight", "background_weight", "area_weight"])
def test_each_weight_acts_by_itself(name):
    """The loss is SimSiam's plus the weight times the term of the same name."""
    config = dataclasses.replace(SMALL, terms=ExtraTerms(**{name: 2.0}))
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
        objective = dataclasses.replace(SMALL.objective, stop_gradient=stop_gradient)
        model = build_model(dataclasses.replace(SMALL, objective=objective))
        torch.manual_seed(0)
        model(*torch.randn(2, 4, 3, 112, 112), torch.randn(4, 3, 96, 64)).loss.backward()
        grads.append(model.head.project[0].weight.grad)
    assert not torch.allclose(*grads)


def make_features(config: ModelConfig, batch: int = 8) -> tuple[torch.Tensor, ...]:
    """Two views whose middle holds what is heard, and the embeddings of the sounds."""
    embeddings = torch.rand(batch, 3, config.audio_channels)
    visual = torch.randn(2, batch, config.visual_channels, 14, 14)
    visual[..., 4:10, 4:10] += 3 * embeddings.mean(1)[..., None, None]
    return visual[0], visual[1], embeddings


@pytest.mark.parametrize("config", OBJECTIVES, ids=lambda config: config.objective.name)
def test_each_objective_learns_with_all_that_it_has(config):
    """Nothing waits for a gradient in vain, as several devices would; and the loss falls."""
    model, batch = build_model(config).train(), make_features(config)
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], 3e-3)
    losses = []
    for step in range(25):
        optimizer.zero_grad()
        output = model.learn(*batch)
        output.loss.backward()
        if step == 0:
            idle = [n for n, p in model.named_parameters() if p.requires_grad and p.grad is None]
            assert idle == []
            assert model.query[0].weight.grad.norm() > 0
        optimizer.step()
        model.follow()
        losses.append(output.loss.item())
    assert set(output.terms) == {config.objective.name}
    assert output.z1.shape[0] == output.similarity1.shape[0] == 8
    assert losses[-1] < losses[0] - 0.02 * abs(losses[0])


@pytest.mark.parametrize("config", OBJECTIVES, ids=lambda config: config.objective.name)
def test_one_pair_is_a_batch_for_all_but_w_mse(config):
    model, batch = build_model(config).eval(), make_features(config, batch=1)
    if config.objective.name == "w_mse":
        with pytest.raises(ValueError, match="cannot whiten"):
            model.learn(*batch)
    else:
        assert model.learn(*batch).loss.isfinite()


@pytest.mark.parametrize(
    "objective",
    [
        BYOL(projection_width=4, prediction_width=8),
        BarlowTwins(projection_width=4),
        WMSE(projection_width=4),
    ],
    ids=lambda objective: objective.name,
)
def test_the_maps_terms_go_with_every_objective_without_negatives(objective):
    extra = dataclasses.replace(PAIRED.terms, sound_error_weight=0.5)
    config = dataclasses.replace(PAIRED, objective=objective, terms=extra)
    output = build_model(config).train().learn(*make_features(config))
    terms = output.terms
    assert set(terms) == {objective.name, "correspondence", "background", "area", "sound_error"}
    expected = terms[objective.name] + terms["correspondence"] + terms["background"] + terms["area"]
    assert output.loss.item() == pytest.approx((expected + 0.5 * terms["sound_error"]).item())


def test_byols_copy_follows_by_a_hundredth_and_takes_no_gradient():
    model = build_model(OBJECTIVES[1]).train()
    slow, fast = dict(model.target.named_parameters()), dict(model.named_parameters())
    assert {name.split(".")[0] for name in slow} == {"query", "pcm", "head"}
    assert all(torch.equal(slow[name], fast[name]) for name in slow)
    assert not any(p.requires_grad for p in slow.values())
    model.learn(*make_features(SMALL)).loss.backward()
    assert all(p.grad is None for p in slow.values())
    with torch.no_grad():
        model.query[0].weight += 1
    before = slow["query.0.weight"].clone()
    model.follow()
    expected = 0.99 * before + 0.01 * fast["query.0.weight"]
    torch.testing.assert_close(model.target.query[0].weight, expected)
    assert model.target.training
    assert not model.eval().target.training


def test_byol_compares_with_what_the_copy_makes():
    model, batch = build_model(OBJECTIVES[1]).train(), make_features(SMALL)
    before = model.learn(*batch).loss
    with torch.no_grad():
        model.target.query[0].weight.normal_()
    assert model.learn(*batch).loss != before


def test_labels_say_which_sounds_are_no_negatives():
    """Where all share a class nothing is left to push away; what shares none is as without."""
    config = dataclasses.replace(LOOK_ONCE, objective=Contrastive())
    free, guided = (
        build_model(dataclasses.replace(config, objective=Contrastive(label_guided=guided)))
        for guided in (False, True)
    )
    batch = make_features(config)
    same, apart = torch.ones(8, 1, dtype=torch.bool), torch.eye(8, dtype=torch.bool)
    assert guided.learn(*batch, same).loss == 0
    assert guided.learn(*batch, apart).loss == free.learn(*batch).loss > 0
    with pytest.raises(ValueError, match="pass classes"):
        guided.learn(*batch)


def test_hardways_bounds_count():
    config = dataclasses.replace(LOOK_ONCE, objective=HardWay())
    other = dataclasses.replace(config, objective=HardWay(epsilon=0.2, epsilon2=0.1, tau=0.1))
    batch = make_features(config)
    assert build_model(config).learn(*batch).loss != build_model(other).learn(*batch).loss


def test_an_image_encoder_that_learns_learns_in_training_only():
    model = build_model(dataclasses.replace(LOOK_ONCE, train_image_encoder=True)).train()
    assert model.image_encoder.training
    assert not model.audio_encoder.training
    model(*make_batch()).loss.backward()
    assert all(p.grad is not None for p in model.image_encoder.parameters())
    model.eval()
    assert not model.image_encoder.training
    assert not model.encode_image(make_batch()[0]).requires_grad


def test_an_image_encoder_that_learns_starts_where_features_keep_their_scale():
    """PyTorch's own start fades: a hundredth is left after the small VGG, and of VGG16 too."""
    learn, freeze = (
        dataclasses.replace(LOOK_ONCE, train_image_encoder=learns) for learns in (True, False)
    )
    view = make_batch()[0]
    assert (
        build_model(learn).eval().encode_image(view).std()
        > 0.1
        > build_model(freeze).encode_image(view).std()
    )


def test_building_leaves_the_random_state_whatever_learns():
    state = torch.get_rng_state()
    for config in (*OBJECTIVES, dataclasses.replace(SMALL, train_image_encoder=True)):
        build_model(config)
    assert torch.equal(torch.get_rng_state(), state)
