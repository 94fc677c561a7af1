"""Which pairs a `DataConfig` means: drawn and played by `orchestra`, or read from a folder."""

import numpy as np

from sspl.config import DataConfig
from sspl.data.manifest import manifest_pairs, read_manifest
from sspl.data.pairs import Pairs, orchestra_boxes, orchestra_pairs


def load_training_pairs(data: DataConfig, seed: int = 0) -> Pairs:
    """The pairs to learn from; `seed` draws `num_train` of a folder's.

    Raises:
        ValueError: if no data is named, or a row cannot be read; nothing is replaced.
    """
    _check_named(data)
    if data.name == "orchestra":
        return orchestra_pairs(data.train_seed, data.num_train, data.kinds)
    return manifest_pairs(data.name, "train", data.embeddings, data.num_train, seed)


def load_scored_pairs(data: DataConfig, split: str) -> Pairs:
    """The pairs of a split with boxes to score against: "val" or, the authors' way, "test".

    Raises:
        ValueError: as above, or where pairs have no boxes to be scored against.
    """
    _check_named(data)
    if data.name == "orchestra":
        if split != "val":
            raise ValueError("`orchestra` has no test split: other seeds of it are tests")
        return orchestra_pairs(data.val_seed, data.num_val, data.val_kinds)
    pairs = manifest_pairs(data.name, split, data.embeddings)
    bare = [name for name, boxes in zip(pairs.ids, pairs.boxes, strict=True) if not len(boxes)]
    if bare:
        raise ValueError(
            f"{len(bare)} rows of split {split!r} have no boxes, {bare[0]!r} first: nothing can be "
            "scored there (training goes without with --select last)"
        )
    return pairs


def load_training_boxes(data: DataConfig) -> list[np.ndarray]:
    """Boxes (k, 4) of the training split, for the mean-box floor; of `orchestra` 500 pictures'.

    A folder without a training split has none.
    """
    if data.name == "orchestra":
        return orchestra_boxes(data.train_seed, 500, data.kinds)
    return [row.boxes for row in read_manifest(data.name) if row.split == "train"]


def _check_named(data: DataConfig) -> None:
    if not data.name:
        raise ValueError(
            "this preset learns from a folder of data: pass --data FOLDER, one that holds "
            "manifest.jsonl (see sspl/data/manifest.py)"
        )
