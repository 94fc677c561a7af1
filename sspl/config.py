"""What a model and a training run are made of, as frozen dataclasses, and the presets.

Every default is the paper's. A field made by `departure` is one the paper does not have: its
default switches it off, and its metadata says why a preset would switch it on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import Any, Literal

from sspl.attention import FusionName, ScalingName
from sspl.data.orchestra.instruments import INSTRUMENTS
from sspl.data.orchestra.scenes import Kind
from sspl.data.transforms import ViewName
from sspl.encoders import EarsName, EyesName
from sspl.objectives import TieName

Objective = Literal[
    "simsiam", "byol", "barlow_twins", "w_mse", "hardway", "attention", "contrastive"
]
BASELINES: tuple[Objective, ...] = ("hardway", "attention", "contrastive")
"""Those that push other pairs' sounds away: one view, no PCM. See `sspl.baselines`."""


def departure(default: Any, why: str) -> Any:
    """A dataclass field that the paper does not have; `default` does what the paper does."""
    return field(default=default, metadata={"why": why})


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """The three-stream model of Figure 3."""

    eyes: EyesName = "vgg16"
    ears: EarsName = "vggish"
    image_px: int = 224
    visual_channels: int = 512  # c_v
    sound_channels: int = 128  # c_a
    query_width: int = 512  # hidden width of g
    num_cycles: int = 5  # T; 0 is SSPL without PCM
    pcm_channels: int = 512  # of r_1 and r_2
    scaling: ScalingName = "min_max"  # Table 5
    fusion: FusionName = "attention"  # Table S5
    stop_gradient: bool = True  # Eq. (8); without it training collapses, Table 3
    projection_width: int = 2048
    prediction_width: int = 512
    objective: Objective = "simsiam"
    hardway_epsilon: float = 0.65  # object above it, of HardWay only
    hardway_epsilon2: float = 0.4  # background below it
    hardway_tau: float = 0.03  # softness of both
    label_guided: bool = False  # contrastive, and labels say what is no negative: Figure 2, B
    train_eyes: bool = False  # from a random start: Table 3's rows without pre-training

    rectified_features: bool = departure(
        False,
        "A small encoder ends in class evidence: what lies below its last ReLU is noise to the "
        "map, and rectified features with a non-negative query keep the map's sign.",
    )
    non_negative_query: bool = departure(
        False,
        "The objective does not fix the sign of the map; a query that cannot be negative on "
        "features that cannot be negative cannot prefer the empty places.",
    )
    norm_offset: float = departure(
        0.0,
        "Cosine forgets magnitude, so faint places shout; the offset, in units of the picture's "
        "mean feature norm, keeps dull places dull.",
    )
    tie_weight: float = departure(
        0.0,
        "SimSiam alone lets the map ignore the sound; a Barlow Twins term between what the map "
        "picks out and the sound makes it listen, without negatives.",
    )
    tie_off_diagonal: float = departure(0.005, "Barlow Twins' own weight; unused without a tie.")
    tie: TieName = departure(  # noqa: RUF009
        "barlow_twins", "Another loss without negatives may tie sight to sound better."
    )
    leave_out_weight: float = departure(
        0.0,
        "The map may be upside down at the same loss; what it leaves out must not vary with the "
        "sound.",
    )
    area_weight: float = departure(
        0.0,
        "Leaving out nothing also leaves out nothing that sounds: the mean of the scaled map is "
        "the price of a map that spreads.",
    )
    sound_error_weight: float = departure(
        0.0,
        "SimSiam alone never asks the PCM to predict the sound; its own error of it, squared, asks "
        "without negatives.",
    )

    def __post_init__(self) -> None:
        if not 0 <= self.num_cycles <= 16:
            raise ValueError(f"num_cycles is {self.num_cycles}; take 0 (without PCM) to 16")
        for name in (
            "norm_offset",
            "tie_weight",
            "tie_off_diagonal",
            "leave_out_weight",
            "area_weight",
            "sound_error_weight",
        ):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must not be negative")
        has_map_terms = self.tie_weight or self.leave_out_weight or self.area_weight
        if self.fusion != "attention" and self.scaling != "min_max" and not has_map_terms:
            raise ValueError(
                f"fusion {self.fusion!r} does not look at the map, so that scaling "
                f"{self.scaling!r} changes nothing: leave it at min_max"
            )
        if "softmax" in self.scaling and (self.leave_out_weight or self.area_weight):
            raise ValueError(
                f"under {self.scaling} every map has the same mean, so that leave_out_weight and "
                "area_weight say nothing: take 0 for both, or another scaling"
            )
        if self.tie != "barlow_twins" and not self.tie_weight:
            raise ValueError(f"tie {self.tie!r} changes nothing: take a tie_weight too")
        if self.sound_error_weight and not self.num_cycles:
            raise ValueError("without PCM nothing predicts the sound: take sound_error_weight 0")
        _check_objective(self)


def _check_objective(config: ModelConfig) -> None:
    """ValueError if a field has nothing to act on under the config's objective."""
    c, name = config, config.objective
    if not c.stop_gradient and name != "simsiam":
        raise ValueError(f"stop_gradient is simsiam's: leave it on under {name}")
    if c.label_guided and name != "contrastive":
        raise ValueError(f"{name} looks at no labels: take label_guided only with contrastive")
    if c.hardway_tau <= 0 or c.hardway_epsilon2 > c.hardway_epsilon:
        raise ValueError("take a hardway_tau above 0 and hardway_epsilon2 up to hardway_epsilon")
    if name not in BASELINES:
        return
    if c.num_cycles:
        raise ValueError(f"{name} looks at the visual feature as it is seen: take num_cycles 0")
    if c.tie_weight or c.leave_out_weight or c.area_weight:
        raise ValueError(
            f"tie_weight, leave_out_weight and area_weight belong to objectives without negatives: "
            f"take 0 for all under {name}"
        )
    if c.fusion != "attention":
        raise ValueError(f"{name} fuses nothing with the sound: leave fusion at attention")
    if c.scaling != "min_max" and name != "attention":
        raise ValueError(f"{name} looks at the map as it is: leave scaling at min_max")


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """How a run trains; see Table S1 and supplement B.2."""

    epochs: int = 20
    batch_size: int = 256
    head_learning_rate: float = 5e-5  # lr_1, of the projection and prediction MLPs
    learning_rate: float = 2e-5  # lr_2, of everything else that learns
    weight_decay: float = 1e-4  # none on the PCM's a and b
    patience: int = 10  # stop after so many epochs without a better one
    select: Literal["val", "test", "last"] = "val"
    """What chooses the epoch. The authors chose on the test split; "last" needs no boxes."""
    precision: Literal["fp32", "bf16", "fp16"] = "fp32"
    accumulation_steps: int = 1  # parts of a batch, one after the other
    seed: int = 0
    augmentation: ViewName = "horizontal_flip"  # what a view is beside a crop, Table 4
    cached_views: int = departure(
        0,
        "The encoders are frozen, so a few views of each picture can be encoded once and drawn "
        "from: an epoch on two CPU cores takes seconds. 0 draws and encodes fresh views.",
    )

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.batch_size < 2:
            raise ValueError(
                "take at least 1 epoch and a batch of at least 2 (batch norm needs it)"
            )
        if self.cached_views == 1 or self.cached_views < 0:
            raise ValueError("cached_views is 0 (fresh views) or at least 2 (two per step)")
        if self.patience < 1 or self.accumulation_steps < 1:
            raise ValueError("patience and accumulation_steps are at least 1")


def departures(config: ModelConfig | TrainConfig) -> dict[str, str]:
    """The fields in which a config leaves the paper, each with its reason."""
    return {
        f.name: f.metadata["why"]
        for f in fields(config)
        if "why" in f.metadata and getattr(config, f.name) != f.default
    }


def without_pcm(model: ModelConfig) -> ModelConfig:
    """The same model as the paper's "SSPL (w/o PCM)"."""
    return replace(model, num_cycles=0)


def without_terms(model: ModelConfig) -> ModelConfig:
    """The same model with the paper's loss alone; other departures stay."""
    return replace(
        model,
        tie="barlow_twins",
        tie_weight=0.0,
        leave_out_weight=0.0,
        area_weight=0.0,
        sound_error_weight=0.0,
    )


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which picture-sound pairs a run trains on and which choose its epoch."""

    name: str = "orchestra"  # or a folder with manifest.jsonl; "" where it is still to be named
    num_train: int = 2048  # of a folder, so many drawn at random; 0 takes its whole train split
    num_val: int = 400  # of `orchestra`; a folder's splits are taken whole
    # The rest is read for `orchestra` only, but for `embeddings`, which belongs to a folder.
    train_seed: int = 1
    val_seed: int = 2
    kinds: tuple[Kind, ...] = ("solo", "duet", "silent")
    val_kinds: tuple[Kind, ...] = ("solo", "silent")
    num_instruments: int = len(INSTRUMENTS)  # the fewer, the more false negatives in a batch
    embeddings: str | None = None  # .npz with the sounds' embeddings, see `sspl.data.manifest`

    def __post_init__(self) -> None:
        if self.num_train < 0 or self.num_val < 1:
            raise ValueError("num_train is at least 0 and num_val at least 1")
        if not 2 <= self.num_instruments <= len(INSTRUMENTS):
            raise ValueError(
                f"num_instruments is {self.num_instruments}; take 2 to {len(INSTRUMENTS)}"
            )
        if self.embeddings is not None and self.name == "orchestra":
            raise ValueError("embeddings belong to a folder of data: pass --data FOLDER too")


@dataclass(frozen=True, kw_only=True)
class RunConfig:
    """One training run: what is built, how it learns, on what."""

    model: ModelConfig
    train: TrainConfig
    data: DataConfig


def paper() -> RunConfig:
    """The paper's SSPL with PCM, Table S1's settings, all pairs of a folder: no departures."""
    data = DataConfig(name="", num_train=0)
    return RunConfig(model=ModelConfig(), train=TrainConfig(), data=data)


def paper_flickr(num_train: int) -> RunConfig:
    """On SoundNet-Flickr. Table 1, cIoU / AUC: 10k 0.743 / 0.587, 144k 0.759 / 0.610."""
    return _draw_pairs(paper(), num_train)


def paper_flickr_no_pcm(num_train: int) -> RunConfig:
    """SSPL (w/o PCM). Table 1, cIoU / AUC: 10k 0.671 / 0.556, 144k 0.699 / 0.580."""
    return _replace_rates(_drop_pcm(paper_flickr(num_train)), 2e-3, 5e-4, epochs=100)


def paper_vggsound(num_train: int) -> RunConfig:
    """On VGG-Sound. Table 2 (VGG-SS), cIoU / AUC: 10k 0.314 / 0.369, 144k 0.339 / 0.380."""
    return _draw_pairs(paper(), num_train)


def paper_vggsound_no_pcm(num_train: int) -> RunConfig:
    """SSPL (w/o PCM). Table 2 (VGG-SS), cIoU / AUC: 10k 0.253 / 0.335, 144k 0.270 / 0.348."""
    return _replace_rates(_drop_pcm(paper_vggsound(num_train)), 1e-2, 5e-3, epochs=100)


def light() -> RunConfig:
    """Real photographs on a laptop: SqueezeNet's eyes, a narrow PCM, `tiny`'s departures but area.

    What is seen in photographs is large, so here a map that spreads is left unpunished.
    """
    run = light_paper()
    model = replace(
        run.model,
        rectified_features=True,
        non_negative_query=True,
        norm_offset=3.0,
        tie_weight=1.0,
        leave_out_weight=3.0,
    )
    return replace(run, model=model)


def light_paper() -> RunConfig:
    """The paper's exact objective on SqueezeNet's eyes and a narrow PCM."""
    return RunConfig(
        model=ModelConfig(
            eyes="squeezenet1_1",
            image_px=240,
            num_cycles=3,
            pcm_channels=64,
            projection_width=512,
            prediction_width=128,
        ),
        train=TrainConfig(
            epochs=4,
            batch_size=64,
            head_learning_rate=1e-3,
            learning_rate=1e-3,
            cached_views=4,
        ),
        data=DataConfig(name="", num_train=0),
    )


def tiny() -> RunConfig:
    """The shipped default: small encoders, `orchestra`, and every departure with its reason."""
    run = tiny_paper()
    model = replace(
        run.model,
        rectified_features=True,
        non_negative_query=True,
        norm_offset=5.0,
        tie_weight=1.0,
        leave_out_weight=1.0,
        area_weight=0.5,
    )
    return replace(run, model=model)


def tiny_paper() -> RunConfig:
    """The paper's exact objective on the tiny encoders: fewer channels, larger learning rates."""
    return RunConfig(
        model=ModelConfig(
            eyes="tiny_vgg",
            ears="tiny_vggish",
            image_px=112,
            visual_channels=64,
            sound_channels=64,
            query_width=128,
            pcm_channels=32,
            projection_width=256,
            prediction_width=64,
        ),
        train=TrainConfig(
            epochs=6,
            batch_size=128,
            head_learning_rate=1e-3,
            learning_rate=1e-3,
            cached_views=3,
        ),
        data=DataConfig(),
    )


def as_baseline(run: RunConfig, objective: Objective) -> RunConfig:
    """The run with a baseline's objective in SSPL's place: same eyes, same query, same read-out."""
    model = replace(
        without_terms(run.model),
        num_cycles=0,
        objective=objective,
        scaling="softmax" if objective == "attention" else "min_max",
    )
    return replace(run, model=model)


def _drop_pcm(run: RunConfig) -> RunConfig:
    return replace(run, model=without_pcm(run.model))


def _draw_pairs(run: RunConfig, num: int) -> RunConfig:
    return replace(run, data=replace(run.data, num_train=num))


def _replace_rates(run: RunConfig, heads: float, rest: float, epochs: int) -> RunConfig:
    train = replace(run.train, head_learning_rate=heads, learning_rate=rest, epochs=epochs)
    return replace(run, train=train)


PRESETS: dict[str, Callable[[], RunConfig]] = {
    "tiny": tiny,
    "tiny-no-pcm": lambda: _drop_pcm(tiny()),
    "tiny-paper": tiny_paper,
    "tiny-paper-no-pcm": lambda: _drop_pcm(tiny_paper()),
    "light": light,
    "light-no-pcm": lambda: _drop_pcm(light()),
    "light-paper": light_paper,
    "light-paper-no-pcm": lambda: _drop_pcm(light_paper()),
    "paper-flickr10k": lambda: paper_flickr(10_000),
    "paper-flickr144k": lambda: paper_flickr(144_000),
    "paper-flickr10k-no-pcm": lambda: paper_flickr_no_pcm(10_000),
    "paper-flickr144k-no-pcm": lambda: paper_flickr_no_pcm(144_000),
    "paper-vggsound10k": lambda: paper_vggsound(10_000),
    "paper-vggsound144k": lambda: paper_vggsound(144_000),
    "paper-vggsound10k-no-pcm": lambda: paper_vggsound_no_pcm(10_000),
    "paper-vggsound144k-no-pcm": lambda: paper_vggsound_no_pcm(144_000),
}
PRESETS |= {
    f"{name}-{objective}": partial(as_baseline, PRESETS[f"{name}-no-pcm"](), objective)
    for name in (
        "tiny",
        "light",
        "paper-flickr10k",
        "paper-flickr144k",
        "paper-vggsound10k",
        "paper-vggsound144k",
    )
    for objective in ("attention", "hardway")
}
