"""A checkpoint is a folder: `model.safetensors` and `meta.json`; it rebuilds itself.

Frozen encoders whose weights come along, with this package or one that is installed with it, are
not written: `meta.json` names the digests of their files.
"""

import dataclasses
import json
import platform
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from sspl import __version__
from sspl.build import build_model, build_predictive_attention
from sspl.config import read_model_config
from sspl.encoders import AUDIO_ENCODERS, IMAGE_ENCODERS, Packaged, Shipped
from sspl.media.files import replace_when_done, write_json
from sspl.model import AudioVisualModel
from sspl.predictive_attention import PredictiveAttention, PredictiveAttentionConfig
from sspl.upgrades import (
    FORMAT,
    read_format,
    upgrade_metrics,
    upgrade_model_config,
    upgrade_tensor_name,
)
from sspl.weights import digest_file, find_weights, read_weights

WEIGHTS, META = "model.safetensors", "meta.json"
PREDICTIVE = "predictive_attention"


def save_checkpoint(model: AudioVisualModel, folder: Path, meta: dict[str, Any]) -> None:
    """Write a model and what is known of it; each file appears whole or not at all.

    Args:
        folder: made if missing.
        meta: JSON-able facts (step, metrics, seeds, data, training config); `config` and
            `versions` are added.
    """
    folder.mkdir(parents=True, exist_ok=True)
    encoders = _find_encoders_here(model)
    tensors = {
        name: tensor.contiguous().cpu()
        for name, tensor in model.state_dict().items()
        if name.split(".")[0] not in encoders
    }
    with replace_when_done(folder / WEIGHTS) as path:
        save_file(tensors, path)
    meta = {
        "format": FORMAT,
        "model": PREDICTIVE if isinstance(model, PredictiveAttention) else "sspl",
        "config": dataclasses.asdict(model.config),
        "encoders": encoders,
        **meta,
        "versions": versions(),
    }
    write_json(folder / META, meta)


def load_checkpoint(folder: Path, device: str | torch.device = "cpu") -> AudioVisualModel:
    """Rebuild the model of a checkpoint folder, in eval mode.

    Raises:
        ValueError: if a file is missing or does not belong to the other, naming it.
    """
    meta = read_meta(folder)
    version = read_format(meta, folder)
    try:
        if meta.get("model") == PREDICTIVE:
            model = build_predictive_attention(PredictiveAttentionConfig(**meta["config"]))
        else:
            config = upgrade_model_config(meta["config"], version)
            model = build_model(read_model_config(config))
        tensors = load_file(folder / WEIGHTS)
        for part, digest in meta.get("encoders", {}).items():
            tensors |= _read_encoder(model, part, digest)
        model.load_state_dict({upgrade_tensor_name(k, version): t for k, t in tensors.items()})
    except FileNotFoundError as error:
        raise ValueError(f"{folder / WEIGHTS} is missing: a checkpoint needs it") from error
    except (SafetensorError, RuntimeError, TypeError, KeyError, ValueError) as error:
        what = str(error).splitlines()[0].rstrip(":")  # torch goes on with a line per tensor
        raise ValueError(f"{folder} is not a checkpoint of this version: {what}") from error
    return model.to(device).eval()


def _find_encoders_here(model: AudioVisualModel) -> dict[str, str]:
    """The SHA-256 of the file of each encoder whose weights are as they come along."""
    found = {}
    for part in ("image_encoder", "audio_encoder"):
        if part == "image_encoder" and model.config.train_image_encoder:
            continue
        name = getattr(model.config, part)
        if not isinstance((IMAGE_ENCODERS | AUDIO_ENCODERS)[name].weights, Packaged | Shipped):
            continue
        try:
            path = find_weights(name)
            tensors = read_weights(name, path)
        except ValueError:  # not here, so they belong into the checkpoint
            continue
        ours = getattr(model, part).state_dict()
        if all(torch.equal(ours[key].cpu(), tensor) for key, tensor in tensors.items()):
            found[part] = digest_file(path)
    return found


def _read_encoder(model: AudioVisualModel, part: str, digest: str) -> dict[str, torch.Tensor]:
    """The tensors of an encoder that a checkpoint leaves to the package.

    Raises:
        ValueError: if it is not there, or not the one that the checkpoint was made with.
    """
    name = getattr(model.config, part)
    path = find_weights(name)
    if digest_file(path) != digest:
        raise ValueError(f"it was made with other weights of {name} than {path}: install those")
    return {f"{part}.{key}": tensor for key, tensor in read_weights(name, path).items()}


def read_meta(folder: Path) -> dict[str, Any]:
    """`meta.json` of a checkpoint folder, its metrics by this version's names.

    Raises:
        ValueError: if it is missing or broken, or a later version wrote it.
    """
    path = Path(folder) / META
    try:
        meta = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{folder} is not a checkpoint folder: it has no {META}") from error
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from error
    version = read_format(meta, folder)
    if "metrics" in meta:
        meta["metrics"] = upgrade_metrics(meta["metrics"], version)
    return meta


def versions() -> dict[str, str | None]:
    """What made a result: Python, PyTorch and this package; its commit, None if installed."""
    return {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "sspl": __version__,
        "commit": find_commit(Path(__file__).parents[1]),
    }


@cache  # a run does not change its code
def find_commit(root: Path) -> str | None:
    """The commit of a checkout, with "-dirty" where its files differ; None where there is none."""
    if not (root / ".git").exists():  # an installed package may lie in somebody else's checkout
        return None
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        described = subprocess.run(
            command, cwd=root, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):  # no git, or a checkout that it does not trust
        return None
    return described.stdout.strip()
