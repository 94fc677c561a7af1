import dataclasses
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import gloo_worker
import pytest
import torch
from accelerate.state import AcceleratorState
from gloo_worker import make_pairs, read_gradients
from test_model import OBJECTIVES, SMALL
from torch import nn

from sspl.baselines import Contrastive
from sspl.build import build_model
from sspl.config import ModelConfig
from sspl.data.config import DataConfig
from sspl.objectives import BYOL
from sspl.training.config import RunConfig, TrainConfig
from sspl.training.devices import join_batch_norms, open_devices
from sspl.training.optimizer import build_optimizer
from sspl.training.trainer import (
    Trainer,
    list_classes,
)
from sspl.training.views import CachedViews

TESTS = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def gloo_folder(tmp_path_factory) -> Path:
    """What two processes that speak over gloo wrote."""
    out = tmp_path_factory.mktemp("gloo")
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    command += ["--master-addr", "127.0.0.1", "--master-port", "0", "--rdzv-backend", "c10d"]
    command += ["--rdzv-endpoint", "127.0.0.1:0"]
    paths = os.pathsep.join([str(TESTS), str(TESTS.parent)])
    done = subprocess.run(
        [*command, str(TESTS / "gloo_worker.py"), str(out)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return out


@pytest.fixture(scope="module")
def two_processes(gloo_folder) -> list[dict[str, gloo_worker.Gradients]]:
    """The gradients that each of the two found."""
    return [torch.load(gloo_folder / f"rank{rank}.pt", weights_only=True) for rank in range(2)]


@pytest.mark.parametrize("accumulation_steps", [1, 2])
def test_every_process_has_the_gradient_of_the_joined_batch(two_processes, accumulation_steps):
    joined = gloo_worker.take_step(1)
    assert joined
    for found in two_processes:
        gradients = found[str(accumulation_steps)]
        assert gradients.keys() == joined.keys()
        for name, gradient in gradients.items():
            torch.testing.assert_close(gradient, joined[name], atol=1e-6, rtol=1e-4, msg=name)


def test_image_encoders_that_learn_have_the_same_gradient_in_every_process(two_processes):
    one, two = (found["image_encoder"] for found in two_processes)
    assert one
    assert all(torch.equal(one[name], two[name]) and one[name].any() for name in one)


def test_without_reduction_the_processes_would_differ(two_processes):
    """What the test above would see if the reduction were removed."""
    one, two = (found["unwrapped"] for found in two_processes)
    assert any(not torch.allclose(one[name], two[name], rtol=1e-2) for name in one)


def test_a_resumed_run_of_two_processes_is_the_whole_one(gloo_folder):
    one, two = (
        torch.load(gloo_folder / name / "last.pt", weights_only=True)
        for name in ("whole", "halves")
    )
    for name, value in one["model"].items():
        assert torch.equal(value, two["model"][name]), name
    rows = [json.loads(state["progress"]["rows"]) for state in (one, two)]
    assert [row["loss"] for row in rows[0]] == [row["loss"] for row in rows[1]]
    assert len(rows[0]) == 2


def make_trainer(config: ModelConfig = SMALL, **changes) -> Trainer:
    run = make_run(config, **changes)
    return Trainer(build_model(config), run, make_pairs(8), open_devices("cpu"))


def make_run(config: ModelConfig = SMALL, **changes) -> RunConfig:
    fixed = {"batch_size": 4, "head_learning_rate": 1e-2, "learning_rate": 1e-2}
    return RunConfig(model=config, train=TrainConfig(**{**fixed, **changes}), data=DataConfig())


def take_steps(trainer: Trainer, num: int) -> list[float]:
    trainer.model.train()
    batch = torch.arange(trainer.run.train.batch_size)
    return [float(trainer.train_step(batch)["loss"]) for _ in range(num)]


def test_bf16_learns_as_fp32_does_and_keeps_weights_in_fp32():
    half, full = make_trainer(precision="bf16", batch_size=8), make_trainer(batch_size=8)
    losses = take_steps(half, 1), take_steps(full, 1)
    assert losses[0] == pytest.approx(losses[1], abs=0.01)
    assert losses[0] != losses[1]
    one, two = (torch.cat([g.flatten() for g in read_gradients(t).values()]) for t in (half, full))
    # An untrained map is nearly flat, and stretching it stretches the rounding too.
    assert torch.nn.functional.cosine_similarity(one, two, dim=0) > 0.5
    assert {p.dtype for p in half.model.parameters()} == {torch.float32}


@pytest.fixture
def _free_devices():
    """Accelerate keeps a process on its first device; these tests use two."""
    AcceleratorState._reset_state(reset_partial_state=True)
    yield
    AcceleratorState._reset_state(reset_partial_state=True)


@pytest.mark.gpu
@pytest.mark.usefixtures("_free_devices")
@pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no GPU here")
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
@pytest.mark.parametrize("cached_views", [0, 2])
def test_a_gpu_learns_as_the_cpu_does(tmp_path, precision, cached_views):
    on_cpu = make_trainer(batch_size=8, cached_views=cached_views)
    run = dataclasses.replace(
        on_cpu.run, train=dataclasses.replace(on_cpu.run.train, precision=precision)
    )
    AcceleratorState._reset_state(reset_partial_state=True)
    on_gpu = Trainer(build_model(SMALL), run, make_pairs(8), open_devices("cuda"))
    assert take_steps(on_gpu, 1) == pytest.approx(take_steps(on_cpu, 1), abs=0.02)
    assert all(math.isfinite(loss) for loss in take_steps(on_gpu, 5))
    on_gpu.save(tmp_path / "last.pt")
    expected = take_steps(on_gpu, 1)
    on_gpu.resume(tmp_path / "last.pt")
    assert take_steps(on_gpu, 1) == pytest.approx(expected, abs=0.02)


def test_a_step_moves_what_learns_and_nothing_of_the_encoders():
    trainer = make_trainer()
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    take_steps(trainer, 1)
    moved = {n for n, v in trainer.model.state_dict().items() if not torch.equal(v, before[n])}
    assert {name.split(".")[0] for name in moved} == {"query", "pcm", "head"}


def test_accumulation_sees_the_whole_batch_but_normalises_by_parts():
    """Without batch norm the parts of a batch give the batch's gradient."""
    whole, parts = gloo_worker.take_step(1), gloo_worker.take_step(4)
    for name, gradient in whole.items():
        torch.testing.assert_close(parts[name], gradient, atol=1e-6, rtol=1e-4, msg=name)


def test_an_epoch_sees_every_pair_once_and_counts_its_steps():
    trainer = make_trainer()
    assert len(list(trainer.train_epoch())) == trainer.num_steps == 2
    assert sorted(trainer.progress.order.tolist()) == list(range(8))
    row = trainer.close_epoch({"val_ciou_at_50": 0.5, "score": 0.5})
    assert row["epoch"] == 1
    assert {"loss", "simsiam", "spread", "dimensions", "seconds"} <= set(row)
    assert "collapsed" not in row
    assert trainer.progress.step == 0
    assert trainer.progress.best() == (0.5, 1)


def test_saved_state_holds_no_frozen_encoder(tmp_path):
    trainer = make_trainer()
    trainer.save(tmp_path / "last.pt")
    state = torch.load(tmp_path / "last.pt", weights_only=True)
    assert {name.split(".")[0] for name in state["model"]} == {"query", "pcm", "head"}


def test_a_collapsed_epoch_says_so_in_its_row():
    trainer = make_trainer()
    list(trainer.train_epoch())
    trainer.progress.sums["simsiam"] = torch.tensor(-0.999 * trainer.num_steps)
    assert trainer.close_epoch({"score": None})["collapsed"] is True


def run_epochs(trainer: Trainer, num: int) -> list[float]:
    losses = []
    for _ in range(num):
        list(trainer.train_epoch())
        losses.append(trainer.close_epoch({"score": None})["loss"])
    return losses


def test_views_and_sounds_made_before_give_the_same_run():
    fresh = make_trainer(cached_views=2)
    run, pairs, devices = make_run(cached_views=2), make_pairs(8), open_devices("cpu")
    assert isinstance(fresh.views, CachedViews)
    made = fresh.views, fresh.embeddings
    reused = Trainer(build_model(SMALL), run, pairs, devices, views=made[0], embeddings=made[1])
    assert reused.views is made[0]
    assert run_epochs(reused, 2) == run_epochs(fresh, 2)
    for name, value in fresh.model.state_dict().items():
        assert torch.equal(value, reused.model.state_dict()[name]), name


@pytest.mark.parametrize("config", OBJECTIVES, ids=lambda config: config.objective.name)
def test_a_resumed_run_of_any_objective_is_the_whole_one(tmp_path, config):
    """To the bit, BYOL's slower copy too."""
    whole, half, rest = (make_trainer(config, batch_size=8, cached_views=2) for _ in range(3))
    losses = run_epochs(whole, 3)
    assert run_epochs(half, 1) == losses[:1]
    half.save(tmp_path / "last.pt")
    rest.resume(tmp_path / "last.pt")
    assert run_epochs(rest, 2) == losses[1:]
    for name, value in whole.model.state_dict().items():
        assert torch.equal(value, rest.model.state_dict()[name]), name


def test_byols_copy_follows_the_optimizer():
    config = dataclasses.replace(SMALL, objective=BYOL(projection_width=16, prediction_width=8))
    trainer = make_trainer(config)
    before = trainer.model.target.query[0].weight.clone()
    take_steps(trainer, 1)
    slow, fast = trainer.model.target.query[0].weight, trainer.model.query[0].weight
    torch.testing.assert_close(slow, 0.99 * before + 0.01 * fast)
    assert not torch.equal(slow, before)


IMAGE_ENCODER_LEARNS = dataclasses.replace(SMALL, num_cycles=0, train_image_encoder=True)


def test_an_image_encoder_that_learns_is_stepped_saved_and_resumed(tmp_path):
    trainer, other = make_trainer(IMAGE_ENCODER_LEARNS), make_trainer(IMAGE_ENCODER_LEARNS)
    before = {name: value.clone() for name, value in trainer.model.state_dict().items()}
    take_steps(trainer, 1)
    moved = {n for n, v in trainer.model.state_dict().items() if not torch.equal(v, before[n])}
    assert {name.split(".")[0] for name in moved} == {"image_encoder", "query", "head"}
    assert {
        name for name, _ in trainer.model.image_encoder.named_parameters(prefix="image_encoder")
    } <= moved
    trainer.save(tmp_path / "last.pt")
    state = torch.load(tmp_path / "last.pt", weights_only=True)["model"]
    assert {name.split(".")[0] for name in state} == {"image_encoder", "query", "head"}
    other.resume(tmp_path / "last.pt")
    assert take_steps(other, 2) == take_steps(trainer, 2)


def test_an_image_encoder_that_learns_takes_no_views_seen_before():
    with pytest.raises(ValueError, match="take cached_views 0"):
        make_trainer(IMAGE_ENCODER_LEARNS, cached_views=2)


@pytest.mark.parametrize("cached_views", [0, 2])
def test_views_are_augmented_as_the_run_says(cached_views):
    seen = {}
    for name in ("crop", "colour_jitter"):
        trainer = make_trainer(cached_views=cached_views, augmentation=name)
        drawn = trainer.views.draw(2, trainer.generator)
        seen[name] = trainer.views.encode(torch.arange(2), drawn)[0]
    assert not torch.allclose(seen["crop"], seen["colour_jitter"])


def test_classes_are_read_from_the_labels():
    classes = list_classes(["flute", "cello+flute", "tuba"])
    assert classes.tolist() == [[False, True, False], [True, True, False], [False, False, True]]
    with pytest.raises(ValueError, match="2 of 3 pairs have none"):
        list_classes(["flute", "", ""])


def test_labels_guide_what_is_pushed_away():
    """`make_pairs` alternates two classes: among the even pairs nothing may be pushed away."""
    guided = dataclasses.replace(SMALL, objective=Contrastive(label_guided=True), num_cycles=0)
    trainer = make_trainer(guided)
    trainer.model.train()
    assert float(trainer.train_step(torch.tensor([0, 2, 4, 6]))["loss"]) == 0
    assert float(trainer.train_step(torch.tensor([0, 1, 2, 3]))["loss"]) > 0


def test_guidance_needs_labels():
    guided = dataclasses.replace(SMALL, objective=Contrastive(label_guided=True), num_cycles=0)
    pairs = dataclasses.replace(make_pairs(8), labels=[""] * 8)
    with pytest.raises(ValueError, match="8 of 8 pairs have none"):
        Trainer(build_model(guided), make_run(guided), pairs, open_devices("cpu"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 16}, r"smaller --train\.batch-size"),
        ({"batch_size": 6, "accumulation_steps": 2, "precision": "fp16"}, "needs a GPU"),
        ({"batch_size": 8, "accumulation_steps": 3}, "equal parts"),
    ],
)
def test_runs_that_do_not_fit_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        make_trainer(**changes)


def test_devices_that_are_not_here_are_said():
    with pytest.raises(ValueError, match="take cpu or cuda"):
        open_devices("tpu")
    if not torch.cuda.is_available():
        with pytest.raises(ValueError, match="finds no GPU"):
            open_devices("cuda")


@pytest.mark.parametrize(
    ("num_processes", "device", "joined"),
    [(2, "cuda", True), (1, "cuda", False), (2, "cpu", False)],
)
def test_several_gpus_normalise_together(num_processes, device, joined):
    model = build_model(SMALL)
    before = set(model.state_dict())
    join_batch_norms(model, num_processes, torch.device(device))
    learned = [*model.pcm.modules(), *model.head.modules()]
    norms = [m for m in learned if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    assert norms
    assert all(isinstance(norm, nn.SyncBatchNorm) == joined for norm in norms)
    assert not any(isinstance(m, nn.SyncBatchNorm) for m in model.image_encoder.modules())
    assert set(model.state_dict()) == before


def test_gains_have_no_weight_decay_and_heads_their_own_rate():
    model = build_model(SMALL)
    groups = build_optimizer(model, TrainConfig()).param_groups
    rates = {(group["lr"], group["weight_decay"]) for group in groups}
    assert rates == {(5e-5, 1e-4), (2e-5, 1e-4), (2e-5, 0.0)}
    gains = {id(p) for name, p in model.named_parameters() if "gain" in name}
    assert gains == {id(p) for g in groups if g["weight_decay"] == 0 for p in g["params"]}
    learned = {id(p) for p in model.parameters() if p.requires_grad}
    assert learned == {id(p) for group in groups for p in group["params"]}
