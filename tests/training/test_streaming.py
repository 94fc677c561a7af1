"""Pictures that do not fit into memory: read from shards in every epoch, they train the same."""

from pathlib import Path

import pytest
import torch
from manifest_files import write_folder
from test_model import SMALL

from sspl.build import build_model
from sspl.data.config import DataConfig
from sspl.data.folder import open_pairs
from sspl.data.packing import pack_shards
from sspl.training import views
from sspl.training.config import RunConfig, TrainConfig
from sspl.training.devices import open_devices
from sspl.training.trainer import Trainer
from sspl.training.views import FreshViews

NUM_PAIRS = 14  # three batches of 4; two pairs are left out of each epoch
STEPS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A folder that holds nothing but its manifest and shards."""
    folder = write_folder(tmp_path_factory.mktemp("streaming") / "data", {"train": NUM_PAIRS})
    pack_shards(folder, rows_per_shard=5)
    for path in [*folder.glob("*.jpg"), *folder.glob("*.wav")]:
        path.unlink()
    return folder


def make_trainer(folder: Path, accumulation_steps: int) -> Trainer:
    train = TrainConfig(
        batch_size=4, accumulation_steps=accumulation_steps, learning_rate=1e-2, seed=3
    )
    run = RunConfig(model=SMALL, train=train, data=DataConfig())
    return Trainer(build_model(SMALL), run, open_pairs(folder, "train"), open_devices("cpu"))


def train_two_epochs(trainer: Trainer) -> list[float]:
    """The losses of both, from wherever the trainer is."""
    while len(trainer.progress.rows) < 2:
        for _ in trainer.train_epoch():
            pass
        trainer.close_epoch({"score": None})
    return [row["loss"] for row in trainer.progress.rows]


def test_streamed_features_are_those_from_memory(folder, monkeypatch):
    model, images = build_model(SMALL).eval(), open_pairs(folder, "train").images
    held = FreshViews(model, images)
    monkeypatch.setattr(views, "_find_home", lambda *_: None)
    streamed = FreshViews(model, images)
    assert held.resized is not None
    assert streamed.resized is None
    batches = torch.randperm(NUM_PAIRS).split(4)
    streamed.expect(batches)
    for batch in batches:
        drawn = held.draw(len(batch), torch.Generator())
        for one, two in zip(held.encode(batch, drawn), streamed.encode(batch, drawn), strict=True):
            assert torch.equal(one, two)


@pytest.mark.parametrize("accumulation_steps", [1, 2])
def test_a_streamed_run_and_a_resumed_one_are_the_run_from_memory(
    folder, tmp_path, monkeypatch, accumulation_steps
):
    held = make_trainer(folder, accumulation_steps)
    losses = train_two_epochs(held)
    monkeypatch.setattr(views, "_find_home", lambda *_: None)
    streamed = make_trainer(folder, accumulation_steps)
    assert train_two_epochs(streamed) == losses

    stopped = make_trainer(folder, accumulation_steps)
    epoch = stopped.train_epoch()
    for _ in range(STEPS - 1):
        next(epoch)
    stopped.save(tmp_path / "last.pt")
    resumed = make_trainer(folder, accumulation_steps)
    resumed.resume(tmp_path / "last.pt")
    assert train_two_epochs(resumed) == losses

    expected = held.model.state_dict()
    for trainer in (streamed, resumed):
        for name, value in trainer.model.state_dict().items():
            assert torch.equal(value, expected[name]), name
