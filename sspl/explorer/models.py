"""The models that a visitor chooses from, and what the page says about each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from sspl.checkpoint import read_meta
from sspl.model import SSPL, AudioVisualModel
from sspl.predictive_attention import PredictiveAttention
from sspl.zoo.names import NAMES
from sspl.zoo.shipped import find_checkpoint, load_model

FOR_DRAWINGS = "tiny-predictive"  # the shipped model for the built-in world
PHOTO = "photo"  # the shipped model for photographs and recordings, and what a page opens with
FOR_PHOTOGRAPHS = (PHOTO, "photo-pcm")  # and what it is compared with
DRAWN = "orchestra"  # the built-in world
NOT_FOR = {  # of the shipped ones, see MODEL_CARD.md
    PHOTO: "it shows the kind of thing that sounds, not which of two, misses small things, and "
    "easily takes cars, trains and motorbikes for each other",
    "photo-pcm": "it does not listen, and is here to be compared with",
    FOR_DRAWINGS: "not for photographs",
    "tiny": "not for photographs",
    "tiny-no-pcm": "not for photographs",
}
MOST_NAMED = 40  # classes; of more the number says enough


@dataclass(frozen=True, kw_only=True)
class Model:
    """A loaded checkpoint.

    Attributes:
        label: what the page calls it.
        facts: what it says about it.
        drawn: it knows the built-in world's drawings and synthesised sounds only.
    """

    network: AudioVisualModel
    folder: Path
    label: str
    facts: str
    drawn: bool = False


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
        label = name_kind(network) + (", photographs" if key in FOR_PHOTOGRAPHS else "")
        if label in {model.label for model in models.values()}:
            label = f"{label}: {name}"
        meta = read_meta(folder)
        models[key] = Model(
            network=network,
            folder=folder,
            label=label,
            facts=" · ".join([describe_model(network, meta), *_list_limits(name)]),
            drawn=(meta.get("data") or {}).get("name") == DRAWN,
        )
    return models


def _list_limits(name: str) -> list[str]:
    return [NOT_FOR[name]] if name in NOT_FOR else []


def find_key(name: str, models: Mapping[str, Model]) -> str:
    """The key of a model by its key, or by its label, which stands in older links.

    Raises:
        ValueError: if there is none.
    """
    for key, model in models.items():
        if name in (key, model.label):
            return key
    raise ValueError(f"there is no model {name!r}: take {', '.join(models)}")


def choose_model(key: str, models: Mapping[str, Model], drawn: bool) -> str:
    """The key of the model that looks at a scene: another than now where that knows only the other.

    Args:
        drawn: the scene is of the built-in world.
    """
    other = FOR_DRAWINGS if drawn else PHOTO
    return other if models[key].drawn != drawn and other in models else key


def name_kind(network: AudioVisualModel) -> str:
    """What a model is, in the fewest words."""
    if isinstance(network, SSPL):
        return "SSPL without PCM" if network.pcm is None else "SSPL with PCM"
    return "Predictive attention"


def describe_model(network: AudioVisualModel, meta: dict[str, Any]) -> str:
    """In a line: its size, what it was trained on, how well it does, where it runs."""
    weights = [*network.parameters(), *network.buffers(recurse=False)]
    parts = [f"{sum(weight.numel() for weight in weights) / 1e6:.2f} million weights"]
    if isinstance(network, SSPL | PredictiveAttention) and network.config.num_cycles:
        parts[0] += f", {network.config.num_cycles} cycles"
    data, score = meta.get("data"), meta.get("metrics", {}).get("score")
    if data is None:
        parts.append("untrained, so its maps mean nothing")
    else:
        parts.append(_tell_data(network, data, meta["metrics"]))
    if score is not None:
        split = "test" if meta.get("selection") == "test" else "validation"
        chosen = "epoch" if isinstance(network, SSPL) else "extent and its threshold"
        parts.append(f"cIoU\\@0.5 {score:.2f} on the {split} split, which chose its {chosen}")
    if classes := meta.get("classes"):
        named = f": {', '.join(classes)}" if len(classes) <= MOST_NAMED else ""
        parts.append(f"it has met {len(classes)} kinds of sound and knows no other{named}")
    device = next(network.parameters()).device
    if device.type == "cuda":
        parts.append(f"running on {torch.cuda.get_device_name(device)}")
    else:
        parts.append("running on the CPU")
    return " · ".join(parts)


def _tell_data(
    network: AudioVisualModel, data: Mapping[str, Any], metrics: Mapping[str, Any]
) -> str:
    num, name = data["num_train"], Path(data["name"]).name
    if not isinstance(network, SSPL):
        fitted = f"fitted to {metrics['pairs']:,} pairs of {name} in one pass"
        return f"{fitted}, then learned through its cycles" if "loss" in metrics else fitted
    scenes = f"{num:,} scenes" if num else "all"
    labels = "with labels" if network.config.objective.needs_classes else "without labels"
    return f"trained on {scenes} of {name}, {labels}"
