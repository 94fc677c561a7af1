"""Which pairs a `DataConfig` means: drawn and played by `orchestra`, or read from a folder."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from torch import Tensor

from sspl.data.config import DataConfig
from sspl.data.folder import VGGISH, open_embeddings, open_pairs, open_rows
from sspl.data.manifest import read_manifest
from sspl.data.pairs import Pairs, orchestra_boxes, orchestra_pairs, orchestra_solos
from sspl.data.shards import open_shards
from sspl.data.stores import read_batches
from sspl.encoders import AudioEncoderSpec
from sspl.metrics import ground_truth
from sspl.training.config import Run

AnyRun = TypeVar("AnyRun", bound=Run)

NUM_SOLOS = 3  # sounds that stand for a class


def load_training_pairs(
    data: DataConfig, seed: int = 0, encoder: AudioEncoderSpec = VGGISH
) -> Pairs:
    """The pairs to learn from, their sounds as `encoder` takes them in.

    `seed` draws `num_train` of a folder's.

    Raises:
        ValueError: if no data is named, or a row cannot be read; nothing is replaced.
    """
    _check_named(data)
    if data.name == "orchestra":
        return orchestra_pairs(
            data.train_seed,
            data.num_train,
            data.kinds,
            num_instruments=data.num_instruments,
            encoder=encoder,
        )
    return open_pairs(
        data.name, "train", data.embeddings, num=data.num_train, seed=seed, encoder=encoder
    )


def load_scored_pairs(data: DataConfig, split: str, encoder: AudioEncoderSpec = VGGISH) -> Pairs:
    """The pairs of a split that have boxes to be scored against; how many have none is said.

    They choose the epoch ("val" or, the authors' way, "test"), and experiments are scored on them.

    Raises:
        ValueError: as above, or where none has boxes.
    """
    _check_named(data)
    if data.name == "orchestra":
        if split != "val":
            raise ValueError("`orchestra` has no test split: other seeds of it are tests")
        return orchestra_pairs(
            data.val_seed,
            data.num_val,
            data.val_kinds,
            num_instruments=data.num_instruments,
            encoder=encoder,
        )
    rows = read_manifest(data.name, split)
    boxed = [row for row in rows if len(row.boxes)]
    if not boxed:
        raise ValueError(
            f"none of the {len(rows)} rows of split {split!r} has boxes to be scored against "
            "(training goes without with --train.select last)"
        )
    if len(boxed) < len(rows):
        print(
            f"{len(rows) - len(boxed)} of {len(rows)} rows of split {split!r} have no boxes: the "
            f"other {len(boxed)} are scored",
            file=sys.stderr,
        )
    return open_rows(boxed, data.embeddings, open_shards(data.name), encoder)


def open_annotated_pairs(
    data: DataConfig,
    split: str,
    list_name: str | None = None,
    encoder: AudioEncoderSpec = VGGISH,
) -> Pairs:
    """The pairs of a folder's split to evaluate on, those without a source in the picture too.

    Raises:
        ValueError: as above, or where somebody has yet to say what sounds in a picture.
    """
    pairs = open_pairs(data.name, split, data.embeddings, list_name=list_name, encoder=encoder)
    bare = [name for name, num in zip(pairs.ids, pairs.num_annotators, strict=True) if not num]
    if bare:
        raise ValueError(
            f"{len(bare)} rows of split {split!r} are not annotated, {bare[0]!r} first: give them "
            "boxes ([] where nothing that is seen sounds), or choose another --split or --list"
        )
    return pairs


def load_training_truths(data: DataConfig) -> Iterator[np.ndarray]:
    """Ground truths (224, 224) of the training split, for the mean-box floor; of `orchestra` 500.

    A folder without annotated training pairs has none.
    """
    if data.name == "orchestra":
        for boxes in orchestra_boxes(data.train_seed, 500, data.kinds, data.num_instruments):
            yield ground_truth(boxes, 1)
        return
    for row in read_manifest(data.name):
        if row.split == "train" and row.num_annotators:
            yield ground_truth(row.boxes, row.num_annotators)


def load_solos(
    data: DataConfig,
    pairs: Pairs,
    seed: int,
    split: str = "",
    encoder: AudioEncoderSpec = VGGISH,
) -> dict[str, Tensor]:
    """Some sounds of each class alone, where pictures of `pairs` hold several classes.

    Returns:
        by class up to three sounds, (k, P, ...) as in `Pairs.sounds`: of `orchestra` newly played,
        of a folder from rows of other splits than `split`, which `pairs` are of, that are labelled
        with that class alone, training ones first.
    """
    several = [{item.label for item in objects} for objects in pairs.objects]
    classes = set().union(*(labels for labels in several if len(labels) > 1))
    if not classes:
        return {}
    if data.name == "orchestra":
        return orchestra_solos(seed, sorted(classes), NUM_SOLOS, encoder)
    shards = open_shards(data.name)
    rows = [row for row in read_manifest(data.name) if row.split != split]
    rows.sort(key=lambda row: row.split != "train")
    alone = {
        label: [row for row in rows if row.label == label][:NUM_SOLOS] for label in sorted(classes)
    }
    return {
        label: next(
            read_batches(open_rows(found, data.embeddings, shards, encoder).sounds, NUM_SOLOS)
        )
        for label, found in alone.items()
        if found
    }


def count_several(pairs: Pairs) -> int:
    """How many pictures hold objects of several classes, one of which sounds."""
    return sum(
        len({item.label for item in objects}) > 1 and any(item.sounding for item in objects)
        for objects in pairs.objects
    )


def use_embeddings(run: AnyRun, path: Path) -> AnyRun:
    """The same run on embeddings in place of sounds, as wide as those in the file."""
    _, embedding = open_embeddings(path)
    channels = embedding.shape[1]
    model = replace(run.model, audio_encoder="embedding", embedding_channels=channels)
    return replace(run, model=model, data=replace(run.data, embeddings=str(path)))


def _check_named(data: DataConfig) -> None:
    if not data.name:
        raise ValueError(
            "this preset learns from a folder of data: pass --data.name FOLDER, one that holds "
            "manifest.jsonl (see sspl/data/manifest.py)"
        )
