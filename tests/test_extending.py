"""A scaling, an encoder and an objective of one's own: each an entry beside the others, no more."""

from dataclasses import asdict, dataclass, field, replace
from typing import ClassVar, Literal

import pytest
import torch
from gloo_worker import make_pairs
from test_model import SMALL
from torch import Tensor, nn

import sspl.config
from sspl.attention import SCALINGS
from sspl.build import build_model
from sspl.checkpoint import load_checkpoint, save_checkpoint
from sspl.config import ModelConfig
from sspl.data.config import DataConfig
from sspl.encoders import AUDIO_ENCODERS, IMAGE_ENCODERS, AudioEncoderSpec, ImageEncoderSpec
from sspl.heads import Head, make_projector
from sspl.media.files import write_json
from sspl.objectives import Objective, Step
from sspl.training.config import RunConfig, TrainConfig
from sspl.training.devices import open_devices
from sspl.training.loop import CONFIG, describe_run, read_run
from sspl.training.trainer import Trainer
from sspl.upgrades import FORMAT
from sspl.weights import load_encoders


def scale_square(similarity: Tensor) -> Tensor:
    """The square of the cosine."""
    return similarity.square()


def one_stride() -> nn.Sequential:
    """One convolution: 56 px to (B, 12, 14, 14)."""
    return nn.Sequential(nn.Conv2d(3, 12, 4, stride=4))


class MeanBand(nn.Module):
    """Each patch's mean over time, brought to A: (B, P, 96, 64) to (B, P, 10)."""

    def __init__(self) -> None:
        super().__init__()
        self.mix = nn.Linear(64, 10)

    def forward(self, log_mel: Tensor) -> Tensor:
        return self.mix(log_mel.mean(2)).relu()


@dataclass(frozen=True, kw_only=True)
class Agreement(Objective):
    """The distance of the two views' projections, with nothing against collapse."""

    name: Literal["agreement"] = field(default="agreement", init=False)
    width: int = 8
    power: float = 2.0

    agreement_floor: ClassVar[float | None] = 0.0

    def build_head(self, *, attended: int, hidden: int, audio: int) -> Head:
        return Head(make_projector(attended, self.width))

    def measure(self, step: Step) -> Tensor:
        one, two = (view.z for view in step.views)
        return (one - two).abs().pow(self.power).mean()


@dataclass(frozen=True, kw_only=True)
class Follower(Agreement):
    """The same towards a slower copy, and with the classes at hand."""

    name: Literal["follower"] = field(default="follower", init=False)  # pyright: ignore

    @property
    def target_decay(self) -> float:
        return 0.5

    @property
    def needs_classes(self) -> bool:
        return True

    def build_target_head(self, *, attended: int, hidden: int, audio: int) -> Head:
        return self.build_head(attended=attended, hidden=hidden, audio=audio)

    def measure(self, step: Step) -> Tensor:
        assert step.classes is not None
        weights = 1 + step.classes.float().mean(1)
        distances = [
            (v.z - t).square().mean(1) for v, t in zip(step.views, step.targets[::-1], strict=True)
        ]
        return (weights * sum(distances)).mean()


@pytest.fixture(autouse=True)
def _own_parts(monkeypatch):
    monkeypatch.setitem(SCALINGS, "square", scale_square)
    encoder = ImageEncoderSpec(build=one_stride, channels=12, input_px=56)
    monkeypatch.setitem(IMAGE_ENCODERS, "one_stride", encoder)
    monkeypatch.setitem(AUDIO_ENCODERS, "mean_band", AudioEncoderSpec(build=MeanBand, channels=10))
    for kind in (Agreement, Follower):
        monkeypatch.setitem(sspl.config.OBJECTIVES, kind.name, kind)


def change(**changes) -> ModelConfig:
    return replace(SMALL, **changes)


CHANGES = {
    "scaling": {"scaling": "square"},
    "image encoder": {"image_encoder": "one_stride"},
    "image encoder that learns": {"image_encoder": "one_stride", "train_image_encoder": True},
    "audio encoder": {"audio_encoder": "mean_band"},
    "objective": {"objective": Agreement(power=1.5)},
    "objective with a copy and classes": {"objective": Follower(width=6)},
    "all at once": {
        "scaling": "square",
        "image_encoder": "one_stride",
        "audio_encoder": "mean_band",
        "objective": Agreement(),
        "num_cycles": 0,
    },
}


@pytest.mark.parametrize("changes", CHANGES.values(), ids=CHANGES)
def test_it_trains_and_comes_back_from_its_checkpoint(tmp_path, changes):
    config = change(**changes)
    views = 0 if config.train_image_encoder else 2
    run = RunConfig(
        model=config,
        train=TrainConfig(batch_size=4, learning_rate=1e-2, cached_views=views),
        data=DataConfig(),
    )
    model = build_model(config)
    assert "image_encoder" not in load_encoders(model) or config.image_encoder == "tiny_vgg"
    before = {name: value.clone() for name, value in model.state_dict().items()}
    trainer = Trainer(model, run, make_pairs(8), open_devices("cpu"))
    assert len(list(trainer.train_epoch())) == 2
    row = trainer.close_epoch({"score": None})
    assert torch.isfinite(torch.tensor([row["loss"], row[config.objective.name]])).all()
    moved = {n for n, v in model.state_dict().items() if not torch.equal(v, before[n])}
    parts = {"query", "head"} | ({"pcm"} if config.num_cycles else set())
    parts |= {"target"} if config.objective.target_decay else set()
    parts |= {"image_encoder"} if config.train_image_encoder else set()
    assert {name.split(".")[0] for name in moved} == parts

    trainer.save(tmp_path / "last.pt")
    other = Trainer(build_model(config), run, make_pairs(8), open_devices("cpu"))
    other.resume(tmp_path / "last.pt")
    save_checkpoint(model, tmp_path / "best", describe_run(run, row, []))
    loaded = load_checkpoint(tmp_path / "best")
    assert loaded.config == config
    for name, value in model.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name
        if not name.startswith(("image_encoder", "audio_encoder")):
            assert torch.equal(value, other.model.state_dict()[name]), name

    write_json(tmp_path / CONFIG, {"format": FORMAT, **asdict(run)})
    assert read_run(tmp_path / CONFIG) == run
    px = config.image_spec.input_px
    trace = loaded.trace(torch.randn(2, 3, px, px), torch.randn(2, 3, 96, 64))
    assert trace.similarity.shape == (max(config.num_cycles, 1), 2, 14, 14)
    assert trace.similarity.isfinite().all()


def test_its_settings_are_checked_as_all_are():
    with pytest.raises(ValueError, match=r"no scaling 'cube': take one of .*square"):
        change(scaling="cube")
    with pytest.raises(ValueError, match=r"no image_encoder 'two_strides': take .*one_stride"):
        change(image_encoder="two_strides")
    with pytest.raises(TypeError, match="decay"):
        Agreement(decay=0.9)
