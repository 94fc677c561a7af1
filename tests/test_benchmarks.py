import dataclasses
import json
import os

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from test_model import SMALL
from torch import nn

from benchmarks import fitting, loading, one_look, plain
from sspl.audio import clip_log_mel
from sspl.build import build_model
from sspl.data.config import DataConfig
from sspl.data.shards import Shards
from sspl.data.transforms import random_views
from sspl.encoders import IMAGE_ENCODERS
from sspl.localizer import Localizer
from sspl.model import SSPL
from sspl.presets import PRESETS
from sspl.training.config import RunConfig, TrainConfig
from sspl.training.optimizer import build_optimizer

# A decay so strong that it shows in five steps where it should not be.
TRAIN = TrainConfig(batch_size=16, head_learning_rate=2e-3, learning_rate=1e-3, weight_decay=10)
RUN = RunConfig(model=dataclasses.replace(SMALL, num_cycles=3), train=TRAIN, data=DataConfig())
NO_PCM = dataclasses.replace(RUN, model=dataclasses.replace(SMALL, num_cycles=0))


def build_scrambled(run: RunConfig) -> SSPL:
    """A model in which no norm, no gain and no statistic is at its start; some gains below 0."""
    model = build_model(run.model, seed=5)
    generator = torch.Generator().manual_seed(6)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.1, generator=generator)
            module.running_var.uniform_(0.5, 1.5, generator=generator)
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
                nn.init.normal_(module.bias, 0, 0.1, generator=generator)
    if model.pcm is not None:
        for gain in [*model.pcm.error_gain, *model.pcm.feedback_gain]:
            nn.init.normal_(gain, 0.5, 0.4, generator=generator)
    return model


def make_batches(num: int, batch: int) -> list[tuple[torch.Tensor, ...]]:
    """Smooth pictures and sounds: of noise, frozen random encoders see little but rounding."""
    generator = torch.Generator().manual_seed(7)

    def smooth(channels: int, size: tuple[int, int]) -> torch.Tensor:
        coarse = torch.randn(batch, channels, 5, 5, generator=generator)
        return 2 * F.interpolate(coarse, size=size, mode="bilinear")

    batches = []
    for _ in range(num):
        view1 = smooth(3, (112, 112))
        batches.append((view1, view1 + 0.3 * smooth(3, (112, 112)), smooth(3, (96, 64)) - 2))
    return batches


def compare_steps(model: SSPL, run: RunConfig, num: int) -> float:
    """Train ours and the plain one side by side: the largest difference of their losses."""
    batches = make_batches(num, run.train.batch_size)
    copied = plain.PlainSSPL(model)
    ours, theirs = build_optimizer(model, run.train), plain.build_plain_optimizer(copied, run.train)
    model.train()
    copied.train()
    differences = []
    for batch in batches:
        loss, plain_loss = model(*batch).loss, copied(*batch)[0]
        differences.append((loss - plain_loss).abs().item())
        for optimizer, value in ((ours, loss), (theirs, plain_loss)):
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
    return max(differences)


@pytest.mark.parametrize("run", [RUN, NO_PCM])
def test_five_training_steps_of_the_plain_copy_have_our_losses(run):
    assert compare_steps(build_scrambled(run), run, 5) < 1e-4


def test_five_training_steps_of_the_tiny_preset_have_our_losses():
    run = PRESETS["tiny-paper"]()
    run = dataclasses.replace(run, train=dataclasses.replace(run.train, batch_size=8))
    assert compare_steps(build_model(run.model), run, 5) < 1e-4


@pytest.mark.parametrize("run", [RUN, NO_PCM])
def test_the_plain_copy_has_our_loss_and_maps(run):
    model = build_scrambled(run).eval()
    batch = make_batches(1, 4)[0]
    with torch.no_grad():
        ours = model(*batch)
        loss, similarity1, similarity2 = plain.PlainSSPL(model).eval()(*batch)
    torch.testing.assert_close(loss, ours.loss, atol=1e-5, rtol=0)
    torch.testing.assert_close(similarity1, ours.similarity1, atol=1e-5, rtol=0)
    torch.testing.assert_close(similarity2, ours.similarity2, atol=1e-5, rtol=0)


def _without_stop(p, z):
    return -F.cosine_similarity(p, z, dim=1).mean()


def _without_gelu(pcm, layer, above, predict=plain.predict):
    return pcm.predict_sound(above).mean((2, 3)) if layer == 0 else predict(pcm, layer, above)


def _half_pixel(pcm, layer, error, correct=plain.correct):
    larger = F.interpolate(error, size=(14, 14), mode="bilinear") if layer == 3 else error
    return pcm.correct_r3(larger) if layer == 3 else correct(pcm, layer, error)


def _bare_first_prediction(pcm, visual, sound, initialise=plain.initialise):
    r, p = initialise(pcm, visual, sound)
    p[2] = plain.predict(pcm, 2, r[3])
    return r, p


def _all_decay(model, config, build=plain.build_plain_optimizer):
    optimizer = build(model, config)
    optimizer.param_groups[-1]["weight_decay"] = config.weight_decay
    return optimizer


def _one_rate(model, config, build=plain.build_plain_optimizer):
    optimizer = build(model, config)
    optimizer.param_groups[0]["lr"] = config.learning_rate
    return optimizer


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("negative_cosine", _without_stop),
        ("predict", _without_gelu),
        ("correct", _half_pixel),
        ("initialise", _bare_first_prediction),
        ("build_plain_optimizer", _all_decay),
        ("build_plain_optimizer", _one_rate),
    ],
)
def test_a_copy_that_differs_is_noticed(monkeypatch, name, other):
    monkeypatch.setattr(plain, name, other)
    assert compare_steps(build_scrambled(RUN), RUN, 5) > 1e-3


def test_views_made_one_by_one_are_ours_to_a_rounded_level():
    images = torch.randint(256, (5, 3, 256, 256), dtype=torch.uint8)
    theirs = plain.make_views(images, 112, torch.Generator().manual_seed(3))
    ours = random_views(images, IMAGE_ENCODERS["tiny_vgg"], torch.Generator().manual_seed(3))
    one_level = 1 / 255 / min(plain.STD)
    assert (theirs - ours).abs().max() < 1.01 * one_level
    assert theirs.shape == (5, 3, 112, 112)


def test_a_step_from_pictures_and_waveforms_learns_what_ours_would():
    images = torch.randint(256, (6, 3, 8, 8), dtype=torch.uint8)
    images = F.interpolate(images.float(), size=(128, 128), mode="bilinear").byte()
    waveforms = torch.randn(6, 48_000)
    model = build_model(RUN.model).train()
    copied = plain.PlainSSPL(model).train()
    optimizer = plain.build_plain_optimizer(copied, RUN.train)
    before = [p.clone() for p in copied.parameters()]
    loss = plain.train_step(copied, optimizer, images, waveforms, torch.Generator().manual_seed(3))

    generator = torch.Generator().manual_seed(3)
    views = [random_views(images, IMAGE_ENCODERS["tiny_vgg"], generator) for _ in range(2)]
    log_mel = torch.stack([clip_log_mel(waveform) for waveform in waveforms])
    assert loss == pytest.approx(model(*views, log_mel).loss.item(), abs=1e-2)
    moved = [not torch.equal(b, p) for b, p in zip(before, copied.parameters(), strict=True)]
    assert moved == [p.requires_grad for p in copied.parameters()]


def test_one_look_of_the_plain_copy_is_ours():
    model = build_model(RUN.model).eval()
    image = torch.randint(256, (3, 8, 8), dtype=torch.uint8)
    image = F.interpolate(image[None].float(), size=(256, 256), mode="bilinear").byte()[0]
    waveform = torch.randn(48_000)
    map_ = plain.localize(plain.PlainSSPL(model).eval(), image, waveform)
    trace = Localizer(model).set_sample(image.permute(1, 2, 0).numpy(), waveform.numpy()).trace()
    torch.testing.assert_close(map_, trace.similarity[-1, 0], atol=2e-3, rtol=0)


def test_departures_from_the_paper_are_refused():
    with pytest.raises(ValueError, match="without departures"):
        plain.PlainSSPL(build_model(PRESETS["tiny"]().model))


def test_loading_is_measured_from_files_and_from_shards(tmp_path, monkeypatch, capsys):
    read = []
    monkeypatch.setattr(Shards, "read", lambda *a, read_=Shards.read: read.append(a) or read_(*a))
    path = tmp_path / "result.json"
    loading.main(
        loading.Options(num_pairs=6, num_read=4, rounds=2, folder=tmp_path, json_path=str(path))
    )
    rates = json.loads(path.read_text())["rates"]
    assert len(read) == 2 * 4 * len(loading.STATES) * 3  # a picture; a picture and a sound
    assert len(rates) == 2 * len(loading.STATES)
    assert all(value > 0 for rate in rates.values() for value in rate.values())
    assert "minutes for 144,000" in capsys.readouterr().out
    assert os.listdir(tmp_path) == ["result.json"]


def test_medians_are_of_the_rates_and_of_how_they_compare_in_a_round():
    assert loading.summarise(files=[1.0, 10.0, 4.0], shards=[2.0, 5.0, 8.0]) == {
        "files": 4,
        "shards": 5,
        "ratio": 2,
    }


def test_fitting_is_timed_and_its_memory_measured(tmp_path, capsys):
    path = tmp_path / "result.json"
    fitting.main(
        fitting.Options(num_timed=40, rounds=2, num_in_memory=(40, 72), json_path=str(path))
    )
    result = json.loads(path.read_text())
    assert all(seconds > 0 for seconds in result["seconds"].values())
    assert list(result["peak_mb"]) == ["40", "72"]
    assert all(0 < before <= after for before, after in result["peak_mb"].values())
    assert "a fit to 40 encoded pairs" in capsys.readouterr().out


def test_pairs_made_batch_by_batch_are_as_many_as_asked_for_and_differ():
    batches = list(fitting.make_batches(70))
    assert [len(visual) for visual, _ in batches] == [32, 32, 6]
    assert batches[0][0].shape[1:] == (320, 14, 14)
    assert batches[0][1].shape[1:] == (1, 384)
    assert not torch.equal(batches[0][0][:6], batches[2][0])


def test_a_look_is_timed_stage_by_stage():
    model = one_look.build_photo_model("tiny_vgg", "tiny_vggish")
    image = np.zeros((30, 40, 3), np.uint8)
    times = one_look.time_stages(model, image, np.zeros((10 * one_look.RATE_HZ, 2), np.float32))
    assert {"image encoder", "audio encoder", "cycles"} <= times.keys()
    one = times.pop("one look")
    assert one == pytest.approx(sum(times.values()))
