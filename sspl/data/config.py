"""Which picture-sound pairs a run trains on and which choose its epoch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sspl.data.orchestra.instruments import INSTRUMENTS
from sspl.data.orchestra.scenes import Kind


@dataclass(frozen=True, kw_only=True)
class DataConfig:
    """Which picture-sound pairs a run trains on and which choose its epoch."""

    name: str = "orchestra"  # or a folder with manifest.jsonl; "" where it is still to be named
    num_train: int = 2048  # of a folder, so many drawn at random; 0 takes its whole train split
    num_val: int = 400  # of `orchestra`; a folder's splits are taken whole
    # The rest is read for `orchestra` only, but for `embeddings`, which belongs to a folder.
    train_seed: int = 1
    val_seed: int = 2
    kinds: tuple[Kind, ...] = ("solo", "duet", "silent")
    val_kinds: tuple[Kind, ...] = ("solo", "silent")
    num_instruments: int = len(INSTRUMENTS)  # the fewer, the more false negatives in a batch
    embeddings: str | None = None  # .npz with the sounds' embeddings, see `sspl.data.manifest`

    def __post_init__(self) -> None:
        if self.num_train < 0 or self.num_val < 1:
            raise ValueError("num_train is at least 0 and num_val at least 1")
        if not 2 <= self.num_instruments <= len(INSTRUMENTS):
            raise ValueError(
                f"num_instruments is {self.num_instruments}; take 2 to {len(INSTRUMENTS)}"
            )
        if self.embeddings is not None and self.name == "orchestra":
            raise ValueError("embeddings belong to a folder of data: pass --data.name FOLDER too")


def read_data_config(fields: Mapping[str, Any]) -> DataConfig:
    """A config from what JSON made of it: tuples have become lists there."""
    tuples: dict[str, Any] = {
        name: tuple(v) if isinstance(v, list) else v for name, v in fields.items()
    }
    return DataConfig(**tuples)
