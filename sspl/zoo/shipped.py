"""The models that come along, and any other by its folder or its Hub repository."""

from pathlib import Path

import huggingface_hub
import torch

from sspl.assets import find_assets
from sspl.checkpoint import META, WEIGHTS, load_checkpoint
from sspl.model import AudioVisualModel
from sspl.presets import PRESETS
from sspl.zoo.names import DEFAULT, NAMES

SHIPPED = find_assets() / "models"


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
            "`python -m sspl.train --preset ... --data.name FOLDER --out RUN` and name RUN/best, "
            f"or take {shipped}"
        )
    if name.count("/") != 1:
        raise ValueError(f"no model {name!r}: take {shipped}, a checkpoint folder, or a Hub id")
    try:
        return Path(huggingface_hub.snapshot_download(name, allow_patterns=[WEIGHTS, META]))
    except Exception as error:  # whatever its network library has against name, proxy or reply
        what = f"{type(error).__name__}: {error}".splitlines()[0]
        raise ValueError(
            f"{name!r} is neither a folder here nor a repository that the Hub gave us ({what}); "
            f"take {shipped} or check the name and the network"
        ) from error


def load_model(name_or_path: str | Path = DEFAULT, device: str | None = None) -> AudioVisualModel:
    """A model in eval mode: a name in `NAMES`, a checkpoint folder, or a Hub repository id.

    Args:
        device: "cpu", "cuda", ...; None takes a GPU where there is one.
    """
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    return load_checkpoint(find_checkpoint(name_or_path), device)
