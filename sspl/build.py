"""From a config to a model: the one file that knows which part is made of which."""

import torch
from torch import nn

from sspl.attention import fused_channels
from sspl.config import ModelConfig
from sspl.encoders import EARS, EYES
from sspl.model import SSPL, SimSiamHead
from sspl.pcm import PredictiveCoding


def build_model(config: ModelConfig, seed: int = 0) -> SSPL:
    """Build an SSPL with fresh weights, the same for the same seed; encoders load theirs later.

    The caller's random state is left as it was.
    """
    c = config
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        query = nn.Sequential(
            nn.Linear(c.sound_channels, c.query_width),
            nn.ReLU(inplace=True),
            nn.Linear(c.query_width, c.visual_channels),
        )
        pcm = None
        if c.num_cycles:
            pcm = PredictiveCoding(
                visual_channels=c.visual_channels,
                channels=c.pcm_channels,
                sound_channels=c.sound_channels,
                num_cycles=c.num_cycles,
            )
        head = SimSiamHead(
            channels=fused_channels(c.fusion, c.visual_channels),
            projection_width=c.projection_width,
            prediction_width=c.prediction_width,
        )
        eyes, ears = EYES[c.eyes](), EARS[c.ears]()
    return SSPL(config=c, eyes=eyes, ears=ears, query=query, pcm=pcm, head=head)
