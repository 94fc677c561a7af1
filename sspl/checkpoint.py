"""A checkpoint is a folder: `model.safetensors` and `meta.json`; it rebuilds itself."""

import dataclasses
import json
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import huggingface_hub
import torch
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from sspl.build import build_model
from sspl.config import PRESETS, ModelConfig
from sspl.files import replace_when_done, write_json
from sspl.model import SSPL

WEIGHTS, META = "model.safetensors", "meta.json"
SHIPPED = Path(__file__).parent.parent / "assets" / "models"
NAMES = {"tiny": "tiny-pcm", "tiny-no-pcm": "tiny-no-pcm"}  # name -> folder in assets/models


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
    meta = {"config": dataclasses.asdict(model.config), **meta, "versions": versions()}
    write_json(folder / META, meta)


def load_checkpoint(folder: Path, device: str | torch.device = "cpu") -> SSPL:
    """Rebuild the model of a checkpoint folder, in eval mode.

    Raises:
        ValueError: if a file is missing or does not belong to the other, naming it.
    """
    meta = read_meta(folder)
    try:
        model = build_model(ModelConfig(**meta["config"]))
        model.load_state_dict(load_file(folder / WEIGHTS))
    except FileNotFoundError as error:
        raise ValueError(f"{folder / WEIGHTS} is missing: a checkpoint needs it") from error
    except (SafetensorError, RuntimeError, TypeError, KeyError) as error:
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


def find_checkpoint(name_or_path: str | Path) -> Path:
    """The folder behind a shipped name, a path, or a Hub repository id (fetched on first use).

    Raises:
        ValueError: if nothing is found, saying what was tried.
    """
    name = str(name_or_path)
    if name in NAMES:
        return SHIPPED / NAMES[name]
    if (Path(name) / META).exists() or Path(name).exists():
        return Path(name)
    shipped = ", ".join(NAMES)
    if name in PRESETS or name == "paper":
        raise ValueError(
            f"{name!r} has no trained weights to ship (of its encoders only): train it with "
            f"`python -m sspl.train --preset ... --data FOLDER --out RUN` and name RUN/best, or "
            f"take {shipped}"
        )
    if name.count("/") != 1:
        raise ValueError(f"no model {name!r}: take {shipped}, a checkpoint folder, or a Hub id")
    try:
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=[WEIGHTS, META]))
    except (HFValidationError, HfHubHTTPError, LocalEntryNotFoundError, OSError) as error:
        raise ValueError(
            f"{name!r} is neither a folder here nor a repository that the Hub gave us "
            f"({type(error).__name__}); take {shipped} or check the name and the network"
        ) from error


def load_model(name_or_path: str | Path = "tiny", device: str | None = None) -> SSPL:
    """A model in eval mode: "tiny", "tiny-no-pcm", a checkpoint folder, or a Hub repository id.

    Args:
        device: "cpu", "cuda", ...; None takes a GPU where there is one.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return load_checkpoint(find_checkpoint(name_or_path), device)


def find_score(metrics: Mapping[str, Any]) -> float | None:
    """cIoU@0.5 on the split that chose (`val_ciou_at_50` or `test_ciou_at_50`), if one did."""
    return next((value for name, value in metrics.items() if name.endswith("_ciou_at_50")), None)


def versions() -> dict[str, str]:
    """What made a result: Python and PyTorch."""
    return {"python": platform.python_version(), "torch": torch.__version__}
