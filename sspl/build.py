"""From a config to a model: the one file that knows which part is made of which."""

import torch
from torch import nn

from sspl.attention import fused_channels
from sspl.config import ModelConfig
from sspl.encoders import EARS, EYES
from sspl.heads import Head, make_predictor, make_projector, make_sight_to_sound
from sspl.model import SSPL
from sspl.pcm import PredictiveCoding


def build_model(config: ModelConfig, seed: int = 0) -> SSPL:
    """Build an SSPL with fresh weights, the same for the same seed; encoders load theirs later.

    The caller's random state is left as it was.
    """
    c, target = config, None
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        query, pcm, head = _build_query(c), _build_pcm(c), _build_head(c)
        eyes, ears = EYES[c.eyes](), EARS[c.ears]()
        if c.train_eyes:
            _start_eyes(eyes)
        if c.objective == "byol":
            torch.manual_seed(seed)  # the slower copy starts where the network does
            target = SSPL(
                config=c,
                eyes=nn.Identity(),
                ears=nn.Identity(),
                query=_build_query(c),
                pcm=_build_pcm(c),
                head=Head(_build_projector(c)),
            )
    return SSPL(config=c, eyes=eyes, ears=ears, query=query, pcm=pcm, head=head, target=target)


def _build_query(c: ModelConfig) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(c.sound_channels, c.query_width),
        nn.ReLU(inplace=True),
        nn.Linear(c.query_width, c.visual_channels),
    )


def _build_pcm(c: ModelConfig) -> PredictiveCoding | None:
    if not c.num_cycles:
        return None
    return PredictiveCoding(
        visual_channels=c.visual_channels,
        channels=c.pcm_channels,
        sound_channels=c.sound_channels,
        num_cycles=c.num_cycles,
    )


def _build_head(c: ModelConfig) -> Head | None:
    """What the objective needs and nothing else: several devices would wait for its gradient."""
    if c.objective in ("hardway", "contrastive"):
        return None
    if c.objective == "attention":
        return Head(make_sight_to_sound(c.visual_channels, c.query_width, c.sound_channels))
    if c.objective in ("barlow_twins", "w_mse"):
        return Head(_build_projector(c))
    return Head(_build_projector(c), make_predictor(c.projection_width, c.prediction_width))


def _build_projector(c: ModelConfig) -> nn.Sequential:
    return make_projector(fused_channels(c.fusion, c.visual_channels), c.projection_width)


def _start_eyes(eyes: nn.Module) -> None:
    """As torchvision starts its VGG16: PyTorch's own start fades over thirteen convolutions."""
    for layer in eyes.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
