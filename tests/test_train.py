import dataclasses
import json

import numpy as np
import pytest
import torch
from test_model import SMALL

from sspl.build import build_model
from sspl.checkpoint import load_checkpoint, read_meta
from sspl.config import DataConfig, RunConfig, TrainConfig, without_pcm
from sspl.data.pairs import Pairs
from sspl.train import LAST, TrainingError, build_optimizer, measure_collapse, train

RUN = RunConfig(
    model=without_pcm(SMALL),
    train=TrainConfig(
        epochs=2, batch_size=4, head_learning_rate=1e-2, learning_rate=1e-2, cached_views=2
    ),
    data=DataConfig(num_train=8, num_val=4),
)


def make_pairs(num: int) -> Pairs:
    generator = torch.Generator().manual_seed(num)
    return Pairs(
        ids=[str(i) for i in range(num)],
        images=torch.randint(256, (num, 3, 128, 128), generator=generator, dtype=torch.uint8),
        log_mel=torch.randn(num, 3, 96, 64, generator=generator),
        boxes=[np.array([[0.2, 0.2, 0.7, 0.7]], np.float32)] * num,
        labels=["cello", "flute"] * (num // 2),
    )


def run_training(out, run=RUN, resume=False):
    return train(build_model(run.model), run, make_pairs(8), make_pairs(4), out, resume)


def test_a_run_leaves_a_checkpoint_that_rebuilds_itself_and_a_row_per_epoch(tmp_path):
    best = run_training(tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert {"loss", "simsiam", "spread", "val_ciou_at_50", "val_auc"} <= set(rows[0])
    meta = read_meta(best)
    assert meta["selection"] == "val"
    assert meta["epoch"] in (1, 2)
    assert load_checkpoint(best).config == RUN.model


@pytest.mark.parametrize("cached_views", [0, 2])
def test_a_resumed_run_continues_bit_for_bit(tmp_path, cached_views):
    config = dataclasses.replace(RUN.train, cached_views=cached_views)
    whole = dataclasses.replace(RUN, train=config)
    run_training(tmp_path / "whole", whole)
    half = dataclasses.replace(whole, train=dataclasses.replace(config, epochs=1))
    run_training(tmp_path / "halves", half)
    run_training(tmp_path / "halves", whole, resume=True)
    one, two = (
        torch.load(tmp_path / name / LAST, weights_only=True) for name in ("whole", "halves")
    )
    for name, value in one["model"].items():
        assert torch.equal(value, two["model"][name]), name


def test_a_finished_run_is_not_overwritten(tmp_path):
    run_training(tmp_path)
    with pytest.raises(ValueError, match="--resume"):
        run_training(tmp_path)
    other = dataclasses.replace(RUN, train=dataclasses.replace(RUN.train, seed=5))
    with pytest.raises(ValueError, match="another run"):
        run_training(tmp_path, other, resume=True)


def test_a_loss_that_is_not_finite_stops_with_a_sentence(tmp_path):
    model = build_model(RUN.model)
    with torch.no_grad():
        model.query[0].weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match="lower the learning rate"):
        train(model, RUN, make_pairs(8), make_pairs(4), tmp_path, False)
    assert not (tmp_path / "best").exists()


def test_too_few_pairs_for_a_batch_is_said(tmp_path):
    run = dataclasses.replace(RUN, train=dataclasses.replace(RUN.train, batch_size=64))
    with pytest.raises(ValueError, match="smaller --batch-size"):
        run_training(tmp_path, run)


def test_collapse_monitor_is_one_when_spread_and_zero_when_collapsed():
    assert measure_collapse(torch.randn(4000, 64)) == pytest.approx(1, abs=0.02)
    assert measure_collapse(torch.ones(100, 64)) == pytest.approx(0, abs=1e-6)


def test_gains_have_no_weight_decay_and_heads_their_own_rate():
    model = build_model(SMALL)
    groups = build_optimizer(model, TrainConfig()).param_groups
    rates = {(group["lr"], group["weight_decay"]) for group in groups}
    assert rates == {(5e-5, 1e-4), (2e-5, 1e-4), (2e-5, 0.0)}
    gains = {id(p) for name, p in model.named_parameters() if "gain" in name}
    assert gains == {id(p) for g in groups if g["weight_decay"] == 0 for p in g["params"]}
    learned = {id(p) for p in model.parameters() if p.requires_grad}
    assert learned == {id(p) for group in groups for p in group["params"]}


def test_five_steps_give_the_numbers_they_always_gave(tmp_path):
    """A refactor keeps these; a change of the method may change them, and says so."""
    long = dataclasses.replace(RUN, train=dataclasses.replace(RUN.train, epochs=3))
    run_training(tmp_path, long)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows]
    assert losses == pytest.approx(LOSSES, abs=2e-3)


LOSSES = [-0.03594561, 0.02374178, -0.00466216]
