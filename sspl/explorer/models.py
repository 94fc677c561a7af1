"""The models that a visitor chooses from, and what the page says about each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sspl.checkpoint import read_meta
from sspl.model import SSPL
from sspl.zoo.shipped import NAMES, find_checkpoint, load_model


@dataclass(frozen=True, kw_only=True)
class Model:
    """A loaded checkpoint, its folder, what the page calls it, and what it says about it."""

    network: SSPL
    folder: Path
    label: str
    facts: str


def load_models(names: tuple[str, ...]) -> dict[str, Model]:
    """Checkpoints by their key, in the order given; of no names, those we ship.

    The key is a shipped model's name, else the last part of a name: of a checkpoint the folder's.
    Where that is taken, it is the whole name.

    Raises:
        ValueError: if one cannot be loaded, or there is none.
    """
    names = names or tuple(name for name in NAMES if find_checkpoint(name).exists())
    if not names:
        raise ValueError("assets/models is empty: run `make tiny`, or name a model with --model")
    models: dict[str, Model] = {}
    for name in names:
        key = name if Path(name).name in models else Path(name).name
        network, folder = load_model(name), find_checkpoint(name)
        if not isinstance(network, SSPL):
            raise ValueError(f"the page cannot show {name} yet: take an SSPL, with or without PCM")
        label = "SSPL without PCM" if network.pcm is None else "SSPL with PCM"
        if label in {model.label for model in models.values()}:
            label = f"{label}: {name}"
        facts = describe_model(network, read_meta(folder))
        models[key] = Model(network=network, folder=folder, label=label, facts=facts)
    return models


def find_key(name: str, models: Mapping[str, Model]) -> str:
    """The key of a model by its key, or by its label, which stands in older links.

    Raises:
        ValueError: if there is none.
    """
    for key, model in models.items():
        if name in (key, model.label):
            return key
    raise ValueError(f"there is no model {name!r}: take {', '.join(models)}")


def describe_model(network: SSPL, meta: dict[str, Any]) -> str:
    """In a line: its size, what it was trained on, how well it does, where it runs."""
    num_weights = sum(weight.numel() for weight in network.parameters())
    parts = [f"{num_weights / 1e6:.2f} million weights"]
    if network.pcm is not None:
        parts[0] += f", {network.config.num_cycles} cycles"
    data, score = meta.get("data"), meta.get("metrics", {}).get("score")
    if data is None:
        parts.append("untrained, so its maps mean nothing")
    else:
        num, name = data["num_train"], Path(data["name"]).name
        scenes = f"{num:,} scenes" if num else "all"
        labels = "with labels" if network.config.objective.needs_classes else "without labels"
        parts.append(f"trained on {scenes} of {name}, {labels}")
    if score is not None:
        split = "test" if meta.get("selection") == "test" else "validation"
        parts.append(f"cIoU\\@0.5 {score:.2f} on the {split} split, which chose its epoch")
    device = next(network.parameters()).device
    if device.type == "cuda":
        parts.append(f"running on {torch.cuda.get_device_name(device)}")
    else:
        parts.append("running on the CPU")
    return " · ".join(parts)
