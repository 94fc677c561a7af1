"""What moves the weights, and how fast each part goes: Table S1."""

from typing import Any

import torch

from sspl.model import SSPL
from sspl.training.config import TrainConfig


def build_optimizer(model: SSPL, config: TrainConfig) -> torch.optim.AdamW:
    """AdamW with Table S1's two learning rates and no weight decay on a and b (authors' code)."""
    gains, rest = [], [*model.query.parameters()]
    if model.pcm is not None:
        gains = model.pcm.list_gains()
        undecayed = {id(gain) for gain in gains}
        rest += [p for p in model.pcm.parameters() if id(p) not in undecayed]
    if model.config.train_image_encoder:
        rest.extend(model.image_encoder.parameters())
    groups: list[dict[str, Any]] = [{"params": rest, "lr": config.learning_rate}]
    if model.head is not None:
        heads = {"params": list(model.head.parameters()), "lr": config.head_learning_rate}
        groups.insert(0, heads)
    if gains:
        groups.append({"params": gains, "lr": config.learning_rate, "weight_decay": 0.0})
    return torch.optim.AdamW(groups, betas=(0.9, 0.999), weight_decay=config.weight_decay)
