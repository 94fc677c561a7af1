"""Exhibits: trained variants to look at side by side.

    python -m sspl.experiments.exhibits --out assets/models/tiny-exhibits

All have the same frozen encoders, so that of each only the query and the PCM are kept, a file each,
and `exhibits.json`, which says what they are: two dozen models in the room of two.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import tyro
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from sspl.build import build_model
from sspl.checkpoint import SHIPPED
from sspl.command import run_command
from sspl.config import ModelConfig, RunConfig
from sspl.experiments import tableS6
from sspl.experiments.catalogue import EXPERIMENTS
from sspl.experiments.listening import NEGATIVE_FREE, WITH_NEGATIVES
from sspl.experiments.scale import OUR_RECIPE, PAPERS_OBJECTIVE, Scale, tiny_scale
from sspl.experiments.trials import load_trial, name_trial, read_trial, with_seed
from sspl.files import replace_when_done, write_json
from sspl.model import SSPL
from sspl.weights import load_encoders

TINY_EXHIBITS = SHIPPED / "tiny-exhibits"
INDEX = "exhibits.json"
COMMAND = "python -m sspl.experiments.exhibits"
SEED = 0  # of the training that is shown

# By name the labels that they have in their tables.
SCALINGS = {"relu": "ReLU", "sigmoid": "Sigmoid", "softmax": "Softmax, tie only"}
FUSIONS = {"cat": "Cat", "multiply": "Product", "add": "Sum"}
# By name experiment, group and label.
OBJECTIVES = {
    "simsiam-alone": ("listening", NEGATIVE_FREE, "SimSiam alone"),
    "byol": ("beyond", OUR_RECIPE, "BYOL"),
    "barlow-twins": ("beyond", OUR_RECIPE, "Barlow Twins"),
    "w-mse": ("beyond", OUR_RECIPE, "W-MSE"),
    "vicreg-tie": ("listening", NEGATIVE_FREE, "our recipe, VICReg as tie"),
    "attention": ("listening", WITH_NEGATIVES, "Attention"),
    "hardway": ("listening", WITH_NEGATIVES, "HardWay"),
    "contrastive": ("listening", WITH_NEGATIVES, "contrastive (A)"),
    "label-guided": ("listening", WITH_NEGATIVES, "contrastive, label-guided (B)"),
}


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line of an experiment's table, as its rows name it."""

    experiment: str
    group: str
    label: str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A variant to exhibit; fields as of `Exhibit`, and the line where it is trained."""

    group: str
    words: str
    objective: str
    line: Line


def choose_exhibits() -> dict[str, Choice]:
    """What is exhibited, by name: from our recipe without PCM one thing is changed at a time."""
    choices = {}

    def choose(name: str, group: str, words: str, objective: str, *line: str) -> None:
        experiment, rows, label = line
        where = Line(experiment=experiment, group=rows, label=label)
        choices[name] = Choice(group=group, words=words, objective=objective, line=where)

    choose("start", "", "without PCM", OUR_RECIPE, "listening", NEGATIVE_FREE, "our recipe")
    for num in tableS6.PAPER:
        choose(f"cycles-{num}", "cycles", f"T = {num}", OUR_RECIPE, "tableS6", "", f"T = {num}")
    for name, label in SCALINGS.items():
        choose(f"scaling-{name}", "scaling", label, OUR_RECIPE, "table5", OUR_RECIPE, label)
    for name, label in FUSIONS.items():
        choose(f"fusion-{name}", "fusion", label, OUR_RECIPE, "tableS5", OUR_RECIPE, label)
    for name, (experiment, group, label) in OBJECTIVES.items():
        choose(name, "objective", label, label, experiment, group, label)
    papers, table = PAPERS_OBJECTIVE, ("table3", PAPERS_OBJECTIVE)
    choose("paper", "objective", papers, papers, *table, "(d) pre-trained, stop-grad")
    choose("paper-cycles-5", "objective", f"{papers}, T = 5", papers, *table, "(g) T = 5")
    return choices


@dataclass(frozen=True, kw_only=True)
class Exhibit:
    """A trained variant.

    Attributes:
        name: of its file, without the ending.
        group: what differs from the first exhibit, which belongs to every group; its own is "".
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


def load_exhibits(folder: Path = TINY_EXHIBITS) -> list[Exhibit]:
    """What a folder exhibits; the weights are not read yet, see `open_exhibits`.

    Raises:
        ValueError: if there is nothing, or it is of another version.
    """
    index = folder / INDEX
    try:
        entries = json.loads(index.read_text(encoding="utf-8"))["exhibits"]
        return [
            Exhibit(
                **{field: entry[field] for field in ("name", "group", "words", "objective")},
                config=ModelConfig(**entry["config"]),
                seed=entry["seed"],
                trial=entry["trial"],
                scores=entry["scores"],
                lines=tuple(Line(**line) for line in entry["lines"]),
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


def open_exhibits(exhibits: Sequence[Exhibit], weights_dir: Path | None = None) -> dict[str, SSPL]:
    """The models by the exhibits' names, in eval mode; all share one set of eyes and ears.

    They make the maps that their trainings' checkpoints make, and cannot be trained on: their
    heads were left behind.

    Args:
        weights_dir: a folder with other encoders than those we ship.
    Raises:
        ValueError: if a file is missing or broken, or two exhibits need other encoders.
    """
    models: dict[str, SSPL] = {}
    shared: SSPL | None = None
    for exhibit in exhibits:
        built = build_model(exhibit.config)
        if shared is None:
            load_encoders(built, weights_dir)
            shared = built
        elif _name_encoders(exhibit.config) != _name_encoders(shared.config):
            raise ValueError(f"{exhibit.name} has other encoders: open it in a list of its own")
        try:
            _kept_parts(built).load_state_dict(load_file(exhibit.weights))
        except (OSError, SafetensorError, RuntimeError) as error:
            what = str(error).splitlines()[0].rstrip(":")
            raise ValueError(
                f"{exhibit.weights} cannot be used ({what}): run {COMMAND} again"
            ) from error
        models[exhibit.name] = SSPL(
            config=exhibit.config,
            eyes=shared.eyes,
            ears=shared.ears,
            query=built.query,
            pcm=built.pcm,
            head=None,
        ).eval()
    return models


def _name_encoders(config: ModelConfig) -> tuple[str, str]:
    return config.eyes, config.ears


def _kept_parts(model: SSPL) -> nn.ModuleDict:
    """What is kept of a model: with the encoders, which are shared, all that makes its map."""
    parts = {"query": model.query, "pcm": model.pcm}
    return nn.ModuleDict({name: part for name, part in parts.items() if part is not None})


# --- To make them -----------------------------------------------------------------------------


def write_exhibits(choices: Mapping[str, Choice], scale: Scale, runs: Path, out: Path) -> None:
    """Write exhibits out of a scale's trials, each file whole or not at all.

    Args:
        choices: by name, such as those of `choose_exhibits`.
        runs: the folder of the trials.
        out: made if missing.
    Raises:
        ValueError: if a trial is not there, or its encoders are not those that are shipped.
    """
    trials = _find_trials(scale)
    chosen = {name: trials[choice.line] for name, choice in choices.items()}
    scores = {name: _read_scores(name, run, scale, runs) for name, run in chosen.items()}
    out.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, choice in choices.items():
        run = chosen[name]
        model = load_trial(run, runs, "cpu")
        _check_encoders(name, model)
        with replace_when_done(out / f"{name}.safetensors") as unfinished:
            save_file(_kept_parts(model).state_dict(), unfinished)
        same = [line for line, other in trials.items() if name_trial(other) == name_trial(run)]
        entries.append(
            {
                "name": name,
                "group": choice.group,
                "words": choice.words,
                "objective": choice.objective,
                "seed": SEED,
                "trial": name_trial(run),
                "scores": scores[name],
                "lines": [asdict(line) for line in same],
                "config": asdict(run.model),
            }
        )
    write_json(out / INDEX, {"scale": scale.name, "exhibits": entries})


def _find_trials(scale: Scale) -> dict[Line, RunConfig]:
    """The run behind each line of each experiment."""
    return {
        Line(experiment=experiment.name, group=variant.group, label=variant.label): with_seed(
            variant.run, SEED
        )
        for experiment in EXPERIMENTS.values()
        for variant in experiment.variants(scale)
    }


def _read_scores(name: str, run: RunConfig, scale: Scale, runs: Path) -> dict[str, Any]:
    found = read_trial(run, scale.tests, runs)
    if found is None:
        raise ValueError(
            f"{name} was not trained: {runs / name_trial(run)} is not there; run the experiments "
            "first (python -m sspl.experiments all), or name their folder with --runs"
        )
    return {
        test: {
            "own sound": scores["ciou_at_50"],
            "other sound": scores["listening"]["other"]["ciou_at_50"],
        }
        for test, scores in found["scores"].items()
    }


def _check_encoders(name: str, model: SSPL) -> None:
    """ValueError unless the model has the encoders that it will be given again."""
    fresh = build_model(model.config)
    load_encoders(fresh)
    for part in ("eyes", "ears"):
        theirs, ours = (getattr(m, part).state_dict() for m in (model, fresh))
        if not all(torch.equal(theirs[key], ours[key]) for key in ours):
            raise ValueError(f"{name} has {part} of its own: only shared ones can be exhibited")


def main(runs: Path = Path("runs/experiments/tiny"), out: Path = TINY_EXHIBITS) -> None:
    """Keep of the tiny experiments' trainings what is needed to look at them side by side.

    Args:
        runs: the trials, as `python -m sspl.experiments all` leaves them.
        out: the folder to write to.
    """
    choices = choose_exhibits()
    write_exhibits(choices, tiny_scale(), runs, out)
    size_mb = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    print(f"{len(choices)} exhibits in {out}, {size_mb:.1f} MB")


if __name__ == "__main__":
    sys.exit(run_command(lambda: tyro.cli(main)))
