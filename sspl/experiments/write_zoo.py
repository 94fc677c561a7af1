"""Keep of the tiny experiments' trainings what is needed to look at them side by side.

    python -m sspl.experiments.write_zoo --out assets/models/tiny-variants

All have the same frozen encoders, so that of each only the query and the PCM are kept, a file each,
and an index, which says what they are: two dozen models in the room of two.
"""

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
import tyro
from safetensors.torch import save_file

from sspl.build import build_model
from sspl.command import run_command
from sspl.experiments import tableS6
from sspl.experiments.catalogue import EXPERIMENTS
from sspl.experiments.engine.setup import OUR_RECIPE, PAPERS_OBJECTIVE, Setup, tiny_setup
from sspl.experiments.engine.trials import (
    adopt_trials,
    load_trial,
    name_trial,
    read_trial,
    with_seed,
)
from sspl.experiments.negative_audio import NEGATIVE_FREE, WITH_NEGATIVES
from sspl.media.files import replace_when_done, write_json
from sspl.model import SSPL
from sspl.training.config import Run
from sspl.upgrades import FORMAT
from sspl.weights import load_encoders
from sspl.zoo.variants import INDEX, TINY_VARIANTS, Line, kept_parts

SEED = 0  # of the training that is shown


# By name the labels that they have in their tables.
SCALINGS = {"relu": "ReLU", "sigmoid": "Sigmoid", "softmax": "Softmax, tie only"}


FUSIONS = {"cat": "Cat", "multiply": "Product", "add": "Sum"}


# By name experiment, group and label.
OBJECTIVES = {
    "simsiam-alone": ("negative_audio", NEGATIVE_FREE, "SimSiam alone"),
    "byol": ("beyond", OUR_RECIPE, "BYOL"),
    "barlow-twins": ("beyond", OUR_RECIPE, "Barlow Twins"),
    "w-mse": ("beyond", OUR_RECIPE, "W-MSE"),
    "vicreg-tie": ("negative_audio", NEGATIVE_FREE, "our recipe, VICReg as tie"),
    "attention": ("negative_audio", WITH_NEGATIVES, "Attention"),
    "hardway": ("negative_audio", WITH_NEGATIVES, "HardWay"),
    "contrastive": ("negative_audio", WITH_NEGATIVES, "contrastive (A)"),
    "label-guided": ("negative_audio", WITH_NEGATIVES, "contrastive, label-guided (B)"),
}


@dataclass(frozen=True, kw_only=True)
class Choice:
    """A variant to keep; fields as of `TrainedVariant`, and the line where it is trained."""

    group: str
    words: str
    objective: str
    line: Line


def choose_variants() -> dict[str, Choice]:
    """What is kept, by name: from our recipe without PCM one thing is changed at a time."""
    choices = {}

    def choose(name: str, group: str, words: str, objective: str, *line: str) -> None:
        experiment, rows, label = line
        where = Line(experiment=experiment, group=rows, label=label)
        choices[name] = Choice(group=group, words=words, objective=objective, line=where)

    choose("start", "", "without PCM", OUR_RECIPE, "negative_audio", NEGATIVE_FREE, "our recipe")
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


def write_variants(choices: Mapping[str, Choice], setup: Setup, runs: Path, out: Path) -> None:
    """Write variants out of a setup's trials, each file whole or not at all.

    Args:
        choices: by name, such as those of `choose_variants`.
        runs: the folder of the trials.
        out: made if missing.
    Raises:
        ValueError: if a trial is not there, or its encoders are not those that are shipped.
    """
    trials = _find_trials(setup)
    chosen = {name: trials[choice.line] for name, choice in choices.items()}
    scores = {name: _read_scores(name, run, setup, runs) for name, run in chosen.items()}
    out.mkdir(parents=True, exist_ok=True)
    entries = []
    for name, choice in choices.items():
        run = chosen[name]
        model = load_trial(run, runs, "cpu")
        assert isinstance(model, SSPL), f"{name}: only trained variants are chosen"
        _check_encoders(name, model)
        with replace_when_done(out / f"{name}.safetensors") as unfinished:
            save_file(kept_parts(model).state_dict(), unfinished)
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
    write_json(out / INDEX, {"format": FORMAT, "setup": setup.name, "variants": entries})


def _find_trials(setup: Setup) -> dict[Line, Run]:
    """The run behind each line of each experiment."""
    return {
        Line(experiment=experiment.name, group=variant.group, label=variant.label): with_seed(
            variant.run, SEED
        )
        for experiment in EXPERIMENTS.values()
        for variant in experiment.variants(setup)
    }


def _read_scores(name: str, run: Run, setup: Setup, runs: Path) -> dict[str, Any]:
    found = read_trial(run, setup.tests, runs)
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
    for part in ("image_encoder", "audio_encoder"):
        theirs, ours = (getattr(m, part).state_dict() for m in (model, fresh))
        if not all(torch.equal(theirs[key], ours[key]) for key in ours):
            kind = part.replace("_", " ")
            raise ValueError(f"{name} has an {kind} of its own: only shared ones can be kept")


def main(runs: Path = Path("runs/experiments/tiny"), out: Path = TINY_VARIANTS) -> None:
    """Keep of the tiny experiments' trainings what is needed to look at them side by side.

    Args:
        runs: the trials, as `python -m sspl.experiments all` leaves them.
        out: the folder to write to.
    """
    choices = choose_variants()
    adopt_trials(runs)
    write_variants(choices, tiny_setup(), runs, out)
    size_mb = sum(path.stat().st_size for path in out.iterdir()) / 1e6
    print(f"{len(choices)} variants in {out}, {size_mb:.1f} MB")


if __name__ == "__main__":
    sys.exit(run_command(lambda: tyro.cli(main)))
