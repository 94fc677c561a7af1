"""A checkpoint is a folder: `model.safetensors` and `meta.json`; it rebuilds itself."""

import dataclasses
import json
import platform
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from sspl.build import build_model
from sspl.config import read_model_config
from sspl.media.files import replace_when_done, write_json
from sspl.model import SSPL
from sspl.upgrades import (
    FORMAT,
    read_format,
    upgrade_model_config,
    upgrade_tensor_name,
)

WEIGHTS, META = "model.safetensors", "meta.json"


def save_checkpoint(model: SSPL, folder: Path, meta: dict[str, Any]) -> None:
    """Write a model and what is known of it; each file appears whole or not at all.

    Args:
        folder: made if missing.
        meta: JSON-able facts (step, metrics, seeds, data, training config); `config` and
            `versions` are added.
    """
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.contiguous().cpu() for name, tensor in model.state_dict().items()}
    with replace_when_done(folder / WEIGHTS) as path:
        save_file(tensors, path)
    meta = {
        "format": FORMAT,
        "config": dataclasses.asdict(model.config),
        **meta,
        "versions": versions(),
    }
    write_json(folder / META, meta)


def load_checkpoint(folder: Path, device: str | torch.device = "cpu") -> SSPL:
    """Rebuild the model of a checkpoint folder, in eval mode.

    Raises:
        ValueError: if a file is missing or does not belong to the other, naming it.
    """
    meta = read_meta(folder)
    version = read_format(meta, folder)
    try:
        config = upgrade_model_config(meta["config"], version)
        model = build_model(read_model_config(config))
        tensors = load_file(folder / WEIGHTS)
        model.load_state_dict({upgrade_tensor_name(k, version): t for k, t in tensors.items()})
    except FileNotFoundError as error:
        raise ValueError(f"{folder / WEIGHTS} is missing: a checkpoint needs it") from error
    except (SafetensorError, RuntimeError, TypeError, KeyError, ValueError) as error:
        what = str(error).splitlines()[0].rstrip(":")  # torch goes on with a line per tensor
        raise ValueError(f"{folder} is not a checkpoint of this version: {what}") from error
    return model.to(device).eval()


def read_meta(folder: Path) -> dict[str, Any]:
    """`meta.json` of a checkpoint folder; ValueError if it is missing or broken."""
    path = Path(folder) / META
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"{folder} is not a checkpoint folder: it has no {META}") from error
    except ValueError as error:
        raise ValueError(f"{path} is not valid JSON: {error}") from error


def versions() -> dict[str, str]:
    """What made a result: Python and PyTorch."""
    return {"python": platform.python_version(), "torch": torch.__version__}
