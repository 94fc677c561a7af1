"""Trained variants, to look at side by side; `sspl.experiments.write_zoo` makes them.

All have the same frozen encoders, so that of each only the query and the PCM are kept, a file each,
and `variants.json`, which says what they are: two dozen models in the room of two.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from sspl.build import build_model
from sspl.config import ModelConfig, read_model_config
from sspl.model import SSPL
from sspl.upgrades import (
    read_format,
    upgrade_experiment_name,
    upgrade_index,
    upgrade_model_config,
)
from sspl.weights import load_encoders
from sspl.zoo.shipped import SHIPPED

TINY_VARIANTS = SHIPPED / "tiny-variants"
INDEX = "variants.json"
COMMAND = "python -m sspl.experiments.write_zoo"


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of an experiment's table, as its rows name it."""

    experiment: str
    group: str
    label: str


@dataclass(frozen=True, kw_only=True)
class TrainedVariant:
    """A trained variant.

    Attributes:
        name: of its file, without the ending.
        group: what differs from the first variant, which belongs to every group; its own is "".
        words: what it is called within the group.
        objective: what it minimised; others may have minimised the same.
        config: of the whole model.
        seed: of the training.
        trial: the folder it is out of.
        scores: of this training: cIoU@0.5 by test set, "own sound" and "other sound".
        lines: where it stands in the tables, with its other seeds.
        weights: the file.
    """

    name: str
    group: str
    words: str
    objective: str
    config: ModelConfig
    seed: int
    trial: str
    scores: Mapping[str, Mapping[str, float]]
    lines: tuple[Line, ...]
    weights: Path


# --- To look at -------------------------------------------------------------------------------


def load_variants(folder: Path = TINY_VARIANTS) -> list[TrainedVariant]:
    """What a folder holds; the weights are not read yet, see `open_variants`.

    Raises:
        ValueError: if there is nothing, or it is of another version.
    """
    index = folder / INDEX
    try:
        written = json.loads(index.read_text(encoding="utf-8"))
        version, entries = read_format(written), upgrade_index(written)
        return [
            TrainedVariant(
                **{field: entry[field] for field in ("name", "group", "words", "objective")},
                config=read_model_config(upgrade_model_config(entry["config"], version)),
                seed=entry["seed"],
                trial=entry["trial"],
                scores=entry["scores"],
                lines=tuple(_read_line(line, version) for line in entry["lines"]),
                weights=folder / f"{entry['name']}.safetensors",
            )
            for entry in entries
        ]
    except FileNotFoundError as error:
        raise ValueError(
            f"{index} is missing: run {COMMAND} once the experiments are done"
        ) from error
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(
            f"{index} is not of this version ({error}): run {COMMAND} again"
        ) from error


def _read_line(line: Mapping[str, str], version: int) -> Line:
    experiment = upgrade_experiment_name(line["experiment"], version)
    return Line(experiment=experiment, group=line["group"], label=line["label"])


def open_variants(
    variants: Sequence[TrainedVariant], weights_dir: Path | None = None
) -> dict[str, SSPL]:
    """The models by the variants' names, in eval mode; all share one set of encoders.

    They make the maps that their trainings' checkpoints make, and cannot be trained on: their
    heads were left behind.

    Args:
        weights_dir: a folder with other encoders than those we ship.
    Raises:
        ValueError: if a file is missing or broken, or two variants need other encoders.
    """
    models: dict[str, SSPL] = {}
    shared: SSPL | None = None
    for variant in variants:
        built = build_model(variant.config)
        if shared is None:
            load_encoders(built, weights_dir)
            shared = built
        elif _name_encoders(variant.config) != _name_encoders(shared.config):
            raise ValueError(f"{variant.name} has other encoders: open it in a list of its own")
        try:
            kept_parts(built).load_state_dict(load_file(variant.weights))
        except (OSError, SafetensorError, RuntimeError) as error:
            what = str(error).splitlines()[0].rstrip(":")
            raise ValueError(
                f"{variant.weights} cannot be used ({what}): run {COMMAND} again"
            ) from error
        models[variant.name] = SSPL(
            config=variant.config,
            image_encoder=shared.image_encoder,
            audio_encoder=shared.audio_encoder,
            query=built.query,
            pcm=built.pcm,
            head=None,
        ).eval()
    return models


def _name_encoders(config: ModelConfig) -> tuple[str, str]:
    return config.image_encoder, config.audio_encoder


def kept_parts(model: SSPL) -> nn.ModuleDict:
    """What is kept of a model: with the encoders, which are shared, all that makes its map."""
    parts = {"query": model.query, "pcm": model.pcm}
    return nn.ModuleDict({name: part for name, part in parts.items() if part is not None})
