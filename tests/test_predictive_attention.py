"""Predictive attention against loops typed from its description, and what its cycles must do."""

import math
from dataclasses import replace

import pytest
import torch
from torch import nn

from sspl.build import build_predictive_attention
from sspl.checkpoint import load_checkpoint, save_checkpoint
from sspl.localizer import Localizer
from sspl.predictive_attention import (
    PredictiveAttention,
    PredictiveAttentionConfig,
    measure_saliency,
    relate_locations,
)

SMALL = PredictiveAttentionConfig(
    image_encoder="tiny_vgg",
    audio_encoder="tiny_vggish",
    num_cycles=4,
    visual_directions=6,
    sound_directions=3,
    step=0.7,
    spread=0.4,
)


def make_model(config: PredictiveAttentionConfig = SMALL) -> PredictiveAttention:
    """With numbers of no meaning in place of a fit, and no encoders."""
    model = PredictiveAttention(
        config=config, image_encoder=nn.Identity(), audio_encoder=nn.Identity()
    )
    for name, buffer in model.named_buffers():
        buffer.copy_(torch.rand_like(buffer) + 0.5 if name == "agreement_scale" else buffer)
        if buffer.ndim:
            buffer.copy_(torch.randn_like(buffer) / math.sqrt(len(buffer)))
    return model.eval()


def make_inputs(
    grid: tuple[int, int] = (3, 4), batch: int = 2
) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.randn(batch, 64, *grid), torch.randn(batch, 5, 64)


def run_naively(
    model: PredictiveAttention, visual: torch.Tensor, patches: torch.Tensor
) -> tuple[list[list[float]], list[float]]:
    """The map and the error of each cycle of one picture and one sound, place by place."""
    c = model.config
    sound = (sum(patches) / len(patches) - model.audio_mean) @ model.sound_directions
    features = [visual[:, y, x] for y in range(visual.shape[1]) for x in range(visual.shape[2])]
    whitened = [(v - model.visual_mean) @ model.visual_directions for v in features]
    predicted = [x @ model.prediction for x in whitened]
    shown = [torch.relu(v) for v in features] if c.rectified_features else whitened
    norms = [float(x.norm()) for x in shown]
    saliency = [n / (n + c.saliency_offset * sum(norms) / len(norms)) for n in norms]
    agreement = [float(sound @ p / sound.norm() / model.agreement_scale) for p in predicted]
    logits, maps, errors = [0.0] * len(features), [], []
    for _ in range(c.num_cycles):
        attention = [b / (1 + math.exp(-z)) for z, b in zip(logits, saliency, strict=True)]
        attended = sum(a * p for a, p in zip(attention, predicted, strict=True)) / sum(attention)
        cosine = float(sound @ attended / (sound.norm() * attended.norm()))
        maps.append([a**c.extent for a in attention])
        errors.append(1 - cosine)
        moved = [z + c.step * g for z, g in zip(logits, agreement, strict=True)]
        logits = []
        for i, x in enumerate(whitened):
            alike = [
                math.exp(c.sharpness * (float(x @ y / (x.norm() * y.norm())) - 1)) for y in whitened
            ]
            mean = sum(k * z for k, z in zip(alike, moved, strict=True)) / sum(alike)
            logits.append((1 - c.spread) * moved[i] + c.spread * mean)
    return maps, errors


@pytest.mark.parametrize(
    "config",
    [
        SMALL,
        replace(SMALL, spread=0.0, extent=1.4),
        replace(SMALL, rectified_features=True, num_cycles=1),
    ],
)
def test_the_cycles_are_those_of_a_naive_loop(config):
    model = make_model(config)
    visual, patches = make_inputs()
    if config.rectified_features:
        visual = visual.relu()
    sound, query = model.project_audio(patches)
    trace = model.trace_features(visual, sound, query)
    assert trace.similarity.shape == (config.num_cycles, 2, 3, 4)
    assert trace.errors.shape == (config.num_cycles, 2, 1)
    assert trace.predicted_sound.shape == (config.num_cycles, 2, 3)
    for i in range(2):
        maps, errors = run_naively(model, visual[i], patches[i])
        torch.testing.assert_close(
            trace.similarity[:, i].flatten(1), torch.tensor(maps), atol=1e-5, rtol=1e-4
        )
        torch.testing.assert_close(
            trace.errors[:, i, 0], torch.tensor(errors), atol=1e-5, rtol=1e-4
        )


def test_the_step_is_along_the_gradient_of_how_well_what_is_looked_at_is_predicted():
    """-<s, s^> of each place is the derivative of the agreement by how far it is looked at."""
    model = make_model()
    visual, patches = make_inputs(batch=1)
    sound, _ = model.project_audio(patches)
    predicted = model.predict(model.whiten(visual))
    looked = torch.ones(1, 12, requires_grad=True)
    agreement = (torch.einsum("bp,bpk->bk", looked, predicted) * sound).sum() / sound.norm()
    agreement.backward()
    expected = torch.einsum("bpk,bk->bp", predicted, sound) / sound.norm()
    torch.testing.assert_close(looked.grad, expected)


def test_who_predicts_the_sound_is_looked_at_and_the_error_falls():
    """One place alone predicts the sound, all are equally salient."""
    config = replace(SMALL, spread=0.0, step=1.0, visual_directions=64, sound_directions=64)
    model = make_model(config)
    model.visual_mean.zero_()
    model.audio_mean.zero_()
    model.visual_directions.copy_(torch.eye(64))
    model.sound_directions.copy_(torch.eye(64))
    model.prediction.copy_(torch.eye(64))
    model.agreement_scale.fill_(1.0)
    sound = torch.zeros(1, 1, 64)
    sound[..., 0] = 1
    visual = torch.zeros(1, 64, 3, 3)
    visual[:, 1] = 1  # another sound everywhere
    visual[0, :, 1, 2] = sound[0, 0]
    found = model.trace_features(visual, *model.project_audio(sound))
    assert found.similarity[0].unique().numel() == 1
    assert found.similarity[-1].argmax() == 5
    assert (found.errors.flatten().diff() < 0).all()
    wrong = torch.zeros(1, 1, 64)
    wrong[..., 2] = 1
    other = model.trace_features(visual, *model.project_audio(wrong))
    assert other.similarity[-1].max() < found.similarity[-1].max()
    assert (other.errors > 0.99).all()


def test_silence_of_no_direction_moves_nothing_and_is_finite():
    model = make_model()
    visual, _ = make_inputs()
    trace = model.trace_features(visual, torch.zeros(2, 3), torch.zeros(2, 3))
    assert trace.similarity.isfinite().all()
    assert trace.errors.isfinite().all()
    torch.testing.assert_close(trace.similarity[-1], trace.similarity[0])
    blank = model.trace_features(torch.zeros_like(visual), *model.project_audio(make_inputs()[1]))
    assert blank.similarity.isfinite().all()


def test_places_that_look_alike_share_and_rows_sum_to_one():
    whitened = torch.randn(2, 5, 3)
    alike = relate_locations(whitened, 8.0)
    torch.testing.assert_close(alike.sum(2), torch.ones(2, 5))
    assert (alike.argmax(2) == torch.arange(5)).all()
    unit = whitened[0] / whitened[0].norm(dim=1, keepdim=True)
    raw = torch.exp(8 * (unit[1] @ unit[3] - 1)) / torch.exp(8 * (unit[1] @ unit.T - 1)).sum()
    torch.testing.assert_close(alike[0, 1, 3], raw)


def test_saliency_is_a_places_norm_against_the_pictures_mean():
    places = torch.tensor([[[3.0, 4.0], [0.0, 0.0], [0.0, 1.0]]])  # norms 5, 0, 1: mean 2
    torch.testing.assert_close(measure_saliency(places, 3.0), torch.tensor([[5 / 11, 0.0, 1 / 7]]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"num_cycles": 0}, "take 1 to 16"),
        ({"spread": 1.0}, "less than 1"),
        ({"ridge": 0.0}, "ridge is 0.0; it must be above 0"),
        ({"extent": -1.0}, "extent is -1.0"),
        ({"sound_directions": 0}, "at least 1"),
        ({"train_image_encoder": True}, "frozen encoders"),
        ({"image_encoder": "resnet"}, "no image_encoder 'resnet'"),
        ({"audio_encoder": "embedding"}, "embedding_channels"),
    ],
)
def test_a_config_that_cannot_be_says_why(change, message):
    with pytest.raises(ValueError, match=message):
        replace(SMALL, **change)


def test_it_is_a_checkpoint_and_a_localizer_like_any_other(tmp_path):
    model = build_predictive_attention(SMALL).eval()
    model.prediction.normal_()
    save_checkpoint(model, tmp_path, {"data": {}})
    again = load_checkpoint(tmp_path)
    assert isinstance(again, PredictiveAttention)
    assert again.config == SMALL
    picture = (torch.rand(90, 70, 3) * 255).byte().numpy()
    sound = torch.rand(16_000).numpy() - 0.5
    traces = [Localizer(m).set_sample(picture, sound).trace() for m in (model, again)]
    assert traces[0].similarity.shape == (4, 1, 14, 14)
    assert torch.equal(traces[0].similarity, traces[1].similarity)
    assert traces[0].similarity.min() >= 0
    assert traces[0].similarity.max() < 1
