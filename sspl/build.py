"""From a config to a model: the one file that knows which part is made of which."""

import torch
from torch import nn

from sspl.attention import fused_channels
from sspl.config import ModelConfig
from sspl.model import SSPL
from sspl.pcm import PredictiveCoding
from sspl.predictive_attention import PredictiveAttention, PredictiveAttentionConfig


def build_predictive_attention(config: PredictiveAttentionConfig) -> PredictiveAttention:
    """Predictive attention that is yet to be fitted; encoders load their weights later."""
    with torch.random.fork_rng(devices=[]):
        image_encoder, audio_encoder = config.image_spec.build(), config.audio_spec.build()
    return PredictiveAttention(
        config=config, image_encoder=image_encoder, audio_encoder=audio_encoder
    )


def build_model(config: ModelConfig, seed: int = 0) -> SSPL:
    """Build an SSPL with fresh weights, the same for the same seed; encoders load theirs later.

    The caller's random state is left as it was.
    """
    c, target = config, None
    widths = {
        "attended": fused_channels(c.fusion, c.visual_channels),
        "hidden": c.query_width,
        "audio": c.audio_channels,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        query, pcm, head = _build_query(c), _build_pcm(c), c.objective.build_head(**widths)
        image_encoder, audio_encoder = c.image_spec.build(), c.audio_spec.build()
        if c.train_image_encoder:
            _start_image_encoder(image_encoder)
        if c.objective.target_decay is not None:
            torch.manual_seed(seed)  # the target network starts where the network does
            target = SSPL(
                config=c,
                image_encoder=nn.Identity(),
                audio_encoder=nn.Identity(),
                query=_build_query(c),
                pcm=_build_pcm(c),
                head=c.objective.build_target_head(**widths),
            )
    return SSPL(
        config=c,
        image_encoder=image_encoder,
        audio_encoder=audio_encoder,
        query=query,
        pcm=pcm,
        head=head,
        target=target,
    )


def _build_query(c: ModelConfig) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(c.audio_channels, c.query_width),
        nn.ReLU(inplace=True),
        nn.Linear(c.query_width, c.visual_channels),
    )


def _build_pcm(c: ModelConfig) -> PredictiveCoding | None:
    if not c.num_cycles:
        return None
    return PredictiveCoding(
        visual_channels=c.visual_channels,
        channels=c.pcm_channels,
        audio_channels=c.audio_channels,
        num_cycles=c.num_cycles,
    )


def _start_image_encoder(encoder: nn.Module) -> None:
    """As torchvision starts its VGG16: PyTorch's own start fades over thirteen convolutions."""
    for layer in encoder.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode="fan_out", nonlinearity="relu")
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
