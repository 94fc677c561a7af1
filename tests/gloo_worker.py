"""One of the two processes of `test_trainer`: a step's gradients, and whole runs, resumed."""

import sys
from dataclasses import replace
from pathlib import Path

import torch
from test_model import SMALL
from torch import nn

from sspl.build import build_model
from sspl.config import without_pcm
from sspl.data.config import DataConfig
from sspl.data.pairs import Pairs
from sspl.training.config import RunConfig, TrainConfig
from sspl.training.devices import open_devices
from sspl.training.loop import train
from sspl.training.trainer import Trainer

BATCH = 8
Gradients = dict[str, torch.Tensor]


def make_pairs(num: int) -> Pairs:
    generator = torch.Generator().manual_seed(num)
    return Pairs(
        ids=[str(i) for i in range(num)],
        images=torch.randint(256, (num, 3, 128, 128), generator=generator, dtype=torch.uint8),
        sounds=torch.randn(num, 3, 96, 64, generator=generator),
        boxes=[],
        labels=["cello", "flute"] * (num // 2),
    )


def make_trainer(accumulation_steps: int) -> Trainer:
    """No batch norm, whose statistics are each process's own: then one batch is one batch."""
    run = RunConfig(
        model=without_pcm(SMALL),
        train=TrainConfig(batch_size=BATCH, accumulation_steps=accumulation_steps),
        data=DataConfig(),
    )
    model = build_model(run.model)
    for part in (model.head.project, model.head.predict):
        for name, module in list(part.named_children()):
            if isinstance(module, nn.BatchNorm1d):
                setattr(part, name, nn.Identity())
    return Trainer(model, run, make_pairs(BATCH), open_devices("cpu"))


def take_step(accumulation_steps: int) -> Gradients:
    """The gradients that the optimizer of this process sees."""
    trainer = make_trainer(accumulation_steps)
    trainer.model.train()
    trainer.train_step(torch.arange(BATCH))
    return read_gradients(trainer)


def take_step_unwrapped() -> Gradients:
    """The same with the module that is not wrapped, as in the authors' code."""
    trainer = make_trainer(1)
    trainer.model.train()
    views = trainer.views.draw(BATCH, trainer.generator)
    mine = torch.arange(BATCH).tensor_split(trainer.accelerator.num_processes)
    part = mine[trainer.accelerator.process_index]
    seen = trainer.views.encode(part, views[part])
    trainer.model.learn(*seen, trainer.embeddings[part]).loss.backward()
    return read_gradients(trainer)


def learn_to_see() -> Gradients:
    """The gradients of a learning image encoder; its batch norms see this process's part only."""
    config = replace(without_pcm(SMALL), train_image_encoder=True)
    run = RunConfig(model=config, train=TrainConfig(batch_size=BATCH), data=DataConfig())
    trainer = Trainer(build_model(config), run, make_pairs(BATCH), open_devices("cpu"))
    trainer.model.train()
    trainer.train_step(torch.arange(BATCH))
    return {k: g for k, g in read_gradients(trainer).items() if k.startswith("image_encoder.")}


def read_gradients(trainer: Trainer) -> Gradients:
    named = trainer.model.named_parameters()
    return {name: p.grad.clone() for name, p in named if p.grad is not None}


def train_and_resume(out: Path) -> None:
    """A run of two epochs with PCM, and the same one in two halves."""

    def run(folder: Path, epochs: int, resume: bool = False) -> None:
        config = TrainConfig(
            epochs=epochs, batch_size=4, learning_rate=1e-2, cached_views=2, select="last"
        )
        whole = RunConfig(model=SMALL, train=config, data=DataConfig())
        devices = open_devices("cpu")
        train(build_model(SMALL), whole, make_pairs(8), None, folder, resume, accelerator=devices)

    run(out / "whole", 2)
    run(out / "halves", 1)
    run(out / "halves", 2, resume=True)


if __name__ == "__main__":
    out = Path(sys.argv[1])
    found = {"1": take_step(1), "2": take_step(2), "unwrapped": take_step_unwrapped()}
    found["image_encoder"] = learn_to_see()
    train_and_resume(out)
    rank = open_devices("cpu").process_index
    torch.save(found, out / f"rank{rank}.pt")
    torch.distributed.destroy_process_group()
