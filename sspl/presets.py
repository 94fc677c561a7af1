"""Training runs by name: the paper's, small ones for photographs and for the built-in world."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from sspl.baselines import Contrastive, HardWay, Senocak
from sspl.config import ModelConfig, without_pcm, without_terms
from sspl.data.config import DataConfig
from sspl.objectives import ExtraTerms, SimSiam
from sspl.predictive_attention import PredictiveAttentionConfig
from sspl.training.config import FitConfig, FitRun, RunConfig, TrainConfig


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
    """Photographs on a laptop: encoders that come along, `tiny`'s departures but for the area.

    Sources in photographs are large, so there is no area penalty.
    """
    run = light_paper()
    model = replace(
        run.model,
        rectified_features=True,
        non_negative_query=True,
        norm_offset=3.0,
        terms=ExtraTerms(correspondence_weight=1.0, background_weight=3.0),
    )
    return replace(run, model=model)


def light_paper() -> RunConfig:
    """The paper's exact objective on encoders that come along, and a narrow PCM."""
    return RunConfig(
        model=ModelConfig(
            image_encoder="efficientnet_lite0",
            audio_encoder="mn04_16k",
            num_cycles=3,
            pcm_channels=64,
            objective=SimSiam(projection_width=512, prediction_width=128),
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
        terms=ExtraTerms(correspondence_weight=1.0, background_weight=1.0, area_weight=0.5),
    )
    return replace(run, model=model)


def tiny_paper() -> RunConfig:
    """The paper's exact objective on the tiny encoders: fewer channels, larger learning rates."""
    return RunConfig(
        model=ModelConfig(
            image_encoder="tiny_vgg",
            audio_encoder="tiny_vggish",
            query_width=128,
            pcm_channels=32,
            objective=SimSiam(projection_width=256, prediction_width=64),
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


def photo() -> FitRun:
    """Predictive attention on photographs and recordings: a minute or two, most of it to encode."""
    return FitRun(
        model=PredictiveAttentionConfig(),
        train=FitConfig(epochs=6),
        data=DataConfig(name="", num_train=0),
    )


def tiny_predictive() -> FitRun:
    """Predictive attention in `orchestra`, whose encoder gives evidence of classes, rectified."""
    return FitRun(
        model=PredictiveAttentionConfig(
            image_encoder="tiny_vgg",
            audio_encoder="tiny_vggish",
            rectified_features=True,
            num_cycles=4,
            visual_directions=64,
            sound_directions=16,
            spread=0.0,
            extent=1.4,
        ),
        train=FitConfig(),
        data=DataConfig(),
    )


def as_baseline(run: RunConfig, objective: HardWay | Senocak | Contrastive) -> RunConfig:
    """The run with a baseline's objective instead of SSPL's: same encoders, query and read-out."""
    model = replace(
        without_terms(run.model),
        num_cycles=0,
        objective=objective,
        scaling="softmax" if objective.uses_scaling else "min_max",
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
    f"{name}-{objective.name}": partial(as_baseline, PRESETS[f"{name}-no-pcm"](), objective)
    for name in (
        "tiny",
        "light",
        "paper-flickr10k",
        "paper-flickr144k",
        "paper-vggsound10k",
        "paper-vggsound144k",
    )
    for objective in (Senocak(), HardWay())
}
FITS: dict[str, Callable[[], FitRun]] = {"photo": photo, "tiny-predictive": tiny_predictive}
