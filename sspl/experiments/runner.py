"""Runs experiments: says how long it will take, does the trials, gathers rows, draws.

Trials are done seed by seed, and of a seed those side by side that see the same encoded views.
"""

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from sspl.checkpoint import versions
from sspl.config import RunConfig
from sspl.data.stores import read_batches
from sspl.experiments.drawing import draw_panels
from sspl.experiments.scale import Scale, TestSet
from sspl.experiments.scoring import score_floors_of, show_panels
from sspl.experiments.shelf import Shelf
from sspl.experiments.trials import (
    find_score,
    fit_test,
    hold_trial,
    load_trial,
    name_trial,
    run_trial,
    with_seed,
)
from sspl.experiments.variants import Experiment, Variant
from sspl.files import replace_when_done, write_json

WAIT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Task:
    """A trial and who asked for it first, in words."""

    run: RunConfig
    words: str


def run_experiments(
    experiments: Sequence[Experiment],
    scale: Scale,
    seeds: Sequence[int],
    folder: Path,
    out: Path,
    weights_dir: Path | None = None,
) -> None:
    """Do what of the experiments is still to be done, and write `out/NAME.json` and `out/NAME.png`.

    Args:
        folder: of the trials.
        out: must be there.
    """
    shelf = Shelf()
    tasks = list_tasks(experiments, scale, seeds)
    print(tell_time(tasks, scale, folder))
    do_trials(tasks, scale, folder, shelf, weights_dir)
    for experiment in experiments:
        if not experiment.variants(scale):
            print(f"{experiment.name}: none of it can be run with this data")
            continue
        result = gather(experiment, scale, seeds, folder, shelf)
        write_json(out / f"{experiment.name}.json", result)
        figures = {} if experiment.draw is None else {experiment.name: experiment.draw(result)}
        if experiment.num_panels:
            figures |= _draw_panels(experiment, scale, shelf, result["panels"])
        for name, figure in figures.items():
            if figure is not None:
                with replace_when_done(out / f"{name}.png") as unfinished:
                    figure.savefig(unfinished)


def list_tasks(experiments: Sequence[Experiment], scale: Scale, seeds: Sequence[int]) -> list[Task]:
    """Every training that the experiments need, once, in an order that shares encoded views."""
    tasks: dict[str, Task] = {}
    for seed in seeds:
        for experiment in experiments:
            for variant in experiment.variants(scale):
                run = with_seed(variant.run, seed)
                named = [experiment.name, variant.group, variant.label, f"seed {seed}"]
                words = ", ".join(word for word in named if word)
                tasks.setdefault(name_trial(run), Task(run=run, words=words))

    def see_alike(task: Task) -> tuple[Any, ...]:
        train, model = task.run.train, task.run.model
        return train.seed, task.run.data, train.augmentation, model.rectified_features

    firsts: dict[tuple[Any, ...], int] = {}
    for place, task in enumerate(tasks.values()):
        firsts.setdefault(see_alike(task), place)
    return sorted(tasks.values(), key=lambda task: firsts[see_alike(task)])


def do_trials(
    tasks: Sequence[Task],
    scale: Scale,
    folder: Path,
    shelf: Shelf,
    weights_dir: Path | None = None,
) -> None:
    """Do all trials that nobody has done; wait for those that another process is at."""
    waiting = list(tasks)
    while waiting:
        held_by_others = []
        for task in waiting:
            with hold_trial(task.run, folder) as ours:
                if not ours:
                    held_by_others.append(task)
                elif find_score(task.run, folder) is None:
                    print(f"{tasks.index(task) + 1} of {len(tasks)}: {task.words}")
                    score = run_trial(task.run, scale.tests, folder, shelf, weights_dir)
                    print(f"  {describe_score(score)}")
        if len(held_by_others) == len(waiting):
            time.sleep(WAIT_S)
        waiting = held_by_others


def tell_time(tasks: Sequence[Task], scale: Scale, folder: Path) -> str:
    """How many trials there are, how many are left, and about how long they take."""
    left = [task.run for task in tasks if find_score(task.run, folder) is None]
    if not left:
        return f"all {len(tasks)} trials were done before: rows and figures are made from them"
    told = f"{len(left)} of {len(tasks)} trials are to be done"
    if scale.trial_s is None:
        return f"{told}; how long they take on your device is not known"
    return f"{told}: about {sum(map(scale.trial_s, left)) / 60:.0f} min on two CPU cores"


def gather(
    experiment: Experiment, scale: Scale, seeds: Sequence[int], folder: Path, shelf: Shelf
) -> dict[str, Any]:
    """The result of an experiment whose trials are done: `NAME.json`."""
    variants = experiment.variants(scale)
    rows = [
        _make_row(experiment, variant, seed, folder, shelf)
        for variant in variants
        for seed in seeds
    ]
    command = f"python -m sspl.experiments {experiment.name}"
    first = shelf.training_pairs(variants[0].run)
    eyes = load_trial(with_seed(variants[0].run, seeds[0]), folder)
    result = {
        "name": experiment.name,
        "title": experiment.title,
        "preset": scale.name,
        "command": command if scale.name == "tiny" else f"{command} --preset {scale.name}",
        "reading": experiment.reading,
        "columns": {name: test.stands_for for name, test in scale.tests.items()},
        "versions": versions(),
        "seconds": round(sum(row["seconds"] for row in rows), 1),
        "floors": {
            name: score_floors_of(shelf.test(eyes, test), first)
            for name, test in scale.tests.items()
        },
        "rows": rows,
    }
    if experiment.num_panels:
        result["panels"] = [
            {"group": variant.group, "label": variant.label, **panel}
            for variant in variants
            for panel in _show(variant, scale, seeds[0], folder, shelf, experiment.num_panels)
        ]
    return result


def _make_row(
    experiment: Experiment, variant: Variant, seed: int, folder: Path, shelf: Shelf
) -> dict[str, Any]:
    run = with_seed(variant.run, seed)
    score = find_score(run, folder)
    assert score is not None, "every trial is done before rows are gathered"
    measured = {}
    if experiment.measure is not None:
        measured = experiment.measure(run, shelf.training_pairs(run))
    return {
        "group": variant.group,
        "label": variant.label,
        "paper": {name: list(numbers) for name, numbers in variant.paper.items()},
        "seed": seed,
        **score,
        **variant.facts,
        **measured,
        "config": asdict(run),
    }


def _hardest_test(variant: Variant, scale: Scale) -> TestSet:
    """The last of the test sets, as the variant's run is tested on it."""
    return fit_test(list(scale.tests.values())[-1], variant.run)


def _show(
    variant: Variant, scale: Scale, seed: int, folder: Path, shelf: Shelf, num: int
) -> list[dict[str, Any]]:
    model = load_trial(with_seed(variant.run, seed), folder)
    return show_panels(model, shelf.test(model, _hardest_test(variant, scale)), num)


def _draw_panels(
    experiment: Experiment, scale: Scale, shelf: Shelf, panels: Sequence[Mapping[str, Any]]
) -> dict[str, Figure]:
    """A figure for each group of variants, by the name of its file: pictures and their maps."""
    figures = {}
    for group, variant in {v.group: v for v in experiment.variants(scale)}.items():
        shown = [panel for panel in panels if panel["group"] == group]
        pairs = shelf.test_pairs(_hardest_test(variant, scale))
        clips = {panel["clip"] for panel in shown}
        places = {name: i for i, name in enumerate(pairs.ids) if name in clips}
        (images,) = read_batches(pairs.images, len(places), places.values())
        slug = re.sub(r"\W+", "-", f"{experiment.name} {group} maps")
        figures[slug] = draw_panels(
            shown,
            pictures={
                name: image.permute(1, 2, 0).numpy()
                for name, image in zip(places, images, strict=True)
            },
            boxes={name: pairs.boxes[i] for name, i in places.items()},
            names={name: pairs.labels[i] for name, i in places.items()},
        )
    return figures


def describe_score(score: dict[str, Any]) -> str:
    """What it came to, in a line."""
    parts = [
        f"{name} {found['ciou_at_50']:.3f}"
        + (
            f" (other sound {found['listening']['other']['ciou_at_50']:.3f})"
            if "other" in found["listening"]
            else ""
        )
        for name, found in score["scores"].items()
    ]
    return f"{', '.join(parts)}; {score['seconds']:.0f} s"
