"""Where an encoder's weights come from: the repository, a folder, or the net, once.

The tiny encoders are in the repository, unless the weights folder holds others. The published
ones come from the weights folder if there is one, and then never from the net; otherwise they are
fetched on first use into the cache that torchvision uses too. The weights folder is what
`--weights-dir` names, or else the environment variable SSPL_WEIGHTS_DIR.
"""

import hashlib
import os
import re
import sys
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any, Protocol
from urllib.error import HTTPError

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from sspl.encoders import EARS, EYES
from sspl.files import check_file

VARIABLE = "SSPL_WEIGHTS_DIR"
TINY_FOLDER = Path(__file__).parent.parent / "assets" / "models" / "tiny-encoders"
TINY = {"tiny_vgg": "eyes.safetensors", "tiny_vggish": "ears.safetensors"}
# What a published file has besides the encoder: ImageNet's classifier, VGGish's PCA.
HEADS = ("classifier.", "pproc.")


@dataclass(frozen=True, kw_only=True)
class Published:
    """A file that others publish, and the SHA-256 by which it is known."""

    url: str
    sha256: str
    size_mb: int

    @property
    def file(self) -> str:
        return self.url.rsplit("/", 1)[-1]


PUBLISHED = {
    "vgg16": Published(
        url="https://download.pytorch.org/models/vgg16-397923af.pth",
        sha256="397923af8e79cdbb6a7127f12361acd7a2f83e06b05044ddf496e83de57a5bf0",
        size_mb=553,
    ),
    "squeezenet1_1": Published(
        url="https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth",
        sha256="b8a52dc049b60e4b6ab68ad0df457362afab8b6304b2febdc1650a5dab4d7e7b",
        size_mb=5,
    ),
    # Its publisher gives the first eight digits, in the name; the others are from public
    # installers of the same file, which agree.
    "vggish": Published(
        url="https://github.com/harritaylor/torchvggish/releases/download/v0.1/vggish-10086976.pth",
        sha256="10086976245803799d9194e9a73d9b6c1549c71d1b80106f5cade5608a561f4b",
        size_mb=289,
    ),
}


class HasEncoders(Protocol):
    """What `load_encoders` needs of a model; `sspl.model.SSPL` has it."""

    eyes: nn.Module
    ears: nn.Module
    config: Any  # ModelConfig, whose `eyes` and `ears` are names, `train_eyes` a bool


def load_encoders(model: HasEncoders, weights_dir: str | Path | None = None) -> dict[str, Path]:
    """Give a model's eyes and ears their weights; "embedding" ears have none to be given.

    Eyes that learn keep their random start.

    Args:
        weights_dir: the weights folder; None takes SSPL_WEIGHTS_DIR, if it is set.
    Returns:
        the file that each was read from, by "eyes" and "ears".
    Raises:
        ValueError: if a file is missing, cannot be fetched, is broken or does not fit.
    """
    parts = {"eyes": (model.eyes, model.config.eyes), "ears": (model.ears, model.config.ears)}
    if model.config.train_eyes:
        del parts["eyes"]
    parts = {part: pair for part, pair in parts.items() if pair[0].state_dict()}
    # All are found before one is read: what is missing should be said at once.
    files = {part: find_weights(name, weights_dir) for part, (_, name) in parts.items()}
    for part, (encoder, name) in parts.items():
        encoder.load_state_dict(read_weights(name, files[part]))
    return files


def find_weights(name: str, weights_dir: str | Path | None = None) -> Path:
    """The file with an encoder's weights, fetched if need be; a published one is checked.

    Args:
        name: an encoder of `sspl.encoders`, "embedding" excepted.
        weights_dir: as in `load_encoders`.
    Raises:
        ValueError: if there is none, more than one, or not the published one under its name.
    """
    weights_dir = weights_dir or os.environ.get(VARIABLE)
    folder = Path(weights_dir).expanduser() if weights_dir else None
    if folder and not folder.is_dir():
        raise ValueError(f"the weights folder {folder} is not there: check the name")
    if name in TINY:
        own = folder / TINY[name] if folder else None
        return check_file(own if own and own.exists() else TINY_FOLDER / TINY[name])

    published = PUBLISHED[name]
    if folder:
        path = _find_in_folder(name, published, folder)
    else:
        path = Path(torch.hub.get_dir(), "checkpoints", published.file)
        if not path.exists():
            return fetch(published, path)
    if check_file(path).name == published.file:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != published.sha256:
            raise ValueError(
                f"{path} is not the published file, its SHA-256 differs: delete it and get it "
                f"again from {published.url}"
            )
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
    with torch.device("meta"):  # names and shapes, but no memory and no random numbers
        wanted = (EYES | EARS)[name]().state_dict()
    tensors: dict[str, Tensor] = {}
    for key, tensor in _read_tensors(path).items():
        if not key.startswith(HEADS):
            # torchvision's networks call "features" what is the whole of ours.
            tensors[key if key in wanted else key.removeprefix("features.")] = tensor

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
    return tensors


def _find_in_folder(name: str, published: Published, folder: Path) -> Path:
    """The published file, or one of a person's own whose name starts with the encoder's."""
    # A name that ends in another hash is another network's: vgg16_bn-6c64b313.pth.
    files = [
        path
        for path in sorted(folder.glob(f"{name}*"))
        if path.suffix in (".pth", ".safetensors")
        and (path.name == published.file or not re.search(r"-[0-9a-f]{8}\.pth$", path.name))
    ]
    if len(files) > 1:
        both = " and ".join(path.name for path in files)
        raise ValueError(f"{folder} holds {both}: keep one of them, or choose another folder")
    if not files:
        raise ValueError(
            f"{folder} holds no weights of {name}: put {published.file} into it "
            f"({published.size_mb} MB, from {published.url}), or name no folder (--weights-dir, "
            f"{VARIABLE}) to have it fetched"
        )
    return files[0]


def _read_tensors(path: Path) -> dict[str, Tensor]:
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
