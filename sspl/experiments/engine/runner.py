"""Runs experiments: says how long it will take, does the trials, gathers rows, draws.

Trials are done seed by seed, and of a seed those side by side that see the same encoded views.
"""

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from sspl.checkpoint import versions
from sspl.data.stores import read_batches
from sspl.experiments.engine.cache import Cache
from sspl.experiments.engine.panels import draw_panels
from sspl.experiments.engine.scoring import measure_floors, show_panels
from sspl.experiments.engine.setup import Setup, TestSet
from sspl.experiments.engine.trials import (
    adopt_trials,
    fit_test,
    hold_trial,
    load_trial,
    name_trial,
    read_trial,
    run_trial,
    with_seed,
)
from sspl.experiments.engine.variants import Experiment, Variant
from sspl.media.files import replace_when_done
from sspl.training.config import Run, RunConfig, TrainConfig
from sspl.upgrades import FORMAT

WAIT_S = 10.0


@dataclass(frozen=True, kw_only=True)
class Task:
    """A trial and who asked for it first, in words."""

    run: Run
    words: str


def run_experiments(
    experiments: Sequence[Experiment],
    setup: Setup,
    seeds: Sequence[int],
    folder: Path,
    out: Path,
    weights_dir: Path | None = None,
) -> None:
    """Do what is still to be done, and write `out/NAME.json` with the figures beside it.

    Args:
        folder: of the trials.
        out: must be there.
    """
    cache = Cache()
    adopt_trials(folder)
    tasks = list_tasks(experiments, setup, seeds)
    print(tell_time(tasks, setup, folder))
    open_folders(tasks, setup, cache)
    do_trials(tasks, setup, folder, cache, weights_dir)
    for experiment in experiments:
        if not experiment.variants(setup):
            print(f"{experiment.name}: none of it can be run with this data")
            continue
        result = gather(experiment, setup, seeds, folder, cache)
        figures = {}
        if experiment.draw is not None:
            figures[f"{experiment.name}.png"] = experiment.draw(result)
        if experiment.num_panels:
            figures |= _draw_panels(experiment, setup, cache, result["panels"])
        for name, figure in figures.items():
            with replace_when_done(out / name) as unfinished:
                figure.savefig(unfinished)
        result["figures"] = list(figures)
        _write_result(out / f"{experiment.name}.json", result)


def _write_result(path: Path, result: Mapping[str, Any]) -> None:
    """As JSON, whole or not at all, with a line for each row, so that changes can be read."""
    parts = []
    for key, value in result.items():
        text = json.dumps(value, allow_nan=False)
        if isinstance(value, list) and value and isinstance(value[0], dict):
            rows = ",\n".join(json.dumps(row, allow_nan=False) for row in value)
            text = f"[\n{rows}\n]"
        parts.append(f"{json.dumps(key)}: {text}")
    with replace_when_done(path) as unfinished:
        unfinished.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")


def list_tasks(experiments: Sequence[Experiment], setup: Setup, seeds: Sequence[int]) -> list[Task]:
    """Every training and fit that is needed, once, in an order that shares encoded views."""
    tasks: dict[str, Task] = {}
    for seed in seeds:
        for experiment in experiments:
            for variant in experiment.variants(setup):
                run = with_seed(variant.run, seed)
                named = [experiment.name, variant.group, variant.label, f"seed {seed}"]
                words = ", ".join(word for word in named if word)
                tasks.setdefault(name_trial(run), Task(run=run, words=words))

    def views_key(task: Task) -> tuple[Any, ...]:
        train, model = task.run.train, task.run.model
        augmentation = train.augmentation if isinstance(train, TrainConfig) else ""
        return train.seed, task.run.data, augmentation, model.rectified_features

    firsts: dict[tuple[Any, ...], int] = {}
    for i, task in enumerate(tasks.values()):
        firsts.setdefault(views_key(task), i)
    return sorted(tasks.values(), key=lambda task: firsts[views_key(task)])


def open_folders(tasks: Sequence[Task], setup: Setup, cache: Cache) -> None:
    """Open every folder of data there is to be, before anything is trained on one of them.

    Raises:
        ValueError: if one is missing or not what is needed.
    """
    for task in tasks:
        if task.run.data.name != "orchestra":
            cache.training_pairs(task.run)
            cache.selection_pairs(task.run)
    for test in setup.tests.values():
        if test.data.name != "orchestra" and tasks:
            cache.test_pairs(test, tasks[0].run.model)


def do_trials(
    tasks: Sequence[Task],
    setup: Setup,
    folder: Path,
    cache: Cache,
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
                elif read_trial(task.run, setup.tests, folder) is None:
                    print(f"{tasks.index(task) + 1} of {len(tasks)}: {task.words}")
                    score = run_trial(task.run, setup.tests, folder, cache, weights_dir)
                    print(f"  {describe_score(score)}")
        if len(held_by_others) == len(waiting):
            print(f"waiting for {len(waiting)} trials that another process is at")
            time.sleep(WAIT_S)
        waiting = held_by_others


def tell_time(tasks: Sequence[Task], setup: Setup, folder: Path) -> str:
    """How many trials there are, how many are left, and about how long they take."""
    left = [task.run for task in tasks if read_trial(task.run, setup.tests, folder) is None]
    if not left:
        return f"all {len(tasks)} trials were done before: rows and figures are made from them"
    words = f"{len(left)} of {len(tasks)} trials are to be done"
    if setup.trial_s is None:
        return f"{words}; how long they take on your device is not known"
    return f"{words}: about {sum(map(setup.trial_s, left)) / 60:.0f} min on two CPU cores"


def gather(
    experiment: Experiment, setup: Setup, seeds: Sequence[int], folder: Path, cache: Cache
) -> dict[str, Any]:
    """The result of an experiment whose trials are done: `NAME.json`."""
    variants = experiment.variants(setup)
    rows = [
        _make_row(experiment, variant, seed, setup, folder, cache)
        for variant in variants
        for seed in seeds
    ]
    command = f"python -m sspl.experiments {experiment.name}"
    result = {
        "format": FORMAT,
        "name": experiment.name,
        "title": experiment.title,
        "preset": setup.name,
        "command": command if setup.name == "tiny" else f"{command} --preset {setup.name}",
        "columns": {name: test.stands_for for name, test in setup.tests.items()},
        "versions": versions(),
        "seconds": round(sum(row["seconds"] for row in rows), 1),
        "floors": _measure_floors(variants, setup, seeds[0], folder, cache),
        "rows": rows,
    }
    if experiment.num_panels:
        result["panels"] = [
            {"group": variant.group, "label": variant.label, **panel}
            for variant in variants
            for panel in _show(variant, setup, seeds[0], folder, cache, experiment.num_panels)
        ]
    return result


def _measure_floors(
    variants: Sequence[Variant], setup: Setup, seed: int, folder: Path, cache: Cache
) -> dict[str, Any]:
    """The floors of each test set; of one that is another for some variants, none.

    Saliency is that of the first image encoder that was pre-trained.
    """
    variant = next((v for v in variants if not v.run.model.train_image_encoder), variants[0])
    model = load_trial(with_seed(variant.run, seed), folder, cache.device)
    training = cache.training_pairs(variant.run)
    return {
        name: measure_floors(cache.test(model, test), training)
        for name, test in setup.tests.items()
        if all(fit_test(test, v.run) == test for v in variants)
    }


def _make_row(
    experiment: Experiment,
    variant: Variant,
    seed: int,
    setup: Setup,
    folder: Path,
    cache: Cache,
) -> dict[str, Any]:
    run = with_seed(variant.run, seed)
    score = read_trial(run, setup.tests, folder)
    assert score is not None, "every trial is done before rows are gathered"
    measured = {}
    if experiment.measure is not None:
        assert isinstance(run, RunConfig), f"{experiment.name} measures trainings only"
        measured = experiment.measure(run, cache.training_pairs(run))
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


def _hardest_test(variant: Variant, setup: Setup) -> TestSet:
    """The last of the test sets, as the variant's run is tested on it."""
    return fit_test(list(setup.tests.values())[-1], variant.run)


def _show(
    variant: Variant, setup: Setup, seed: int, folder: Path, cache: Cache, num: int
) -> list[dict[str, Any]]:
    model = load_trial(with_seed(variant.run, seed), folder, cache.device)
    test = _hardest_test(variant, setup)
    return show_panels(
        model, cache.test(model, test), cache.test_pairs(test, model.config).ids, num
    )


def _draw_panels(
    experiment: Experiment, setup: Setup, cache: Cache, panels: Sequence[Mapping[str, Any]]
) -> dict[str, Figure]:
    """A figure for each group of variants, by the name of its file: pictures and their maps."""
    figures = {}
    for group, variant in {v.group: v for v in experiment.variants(setup)}.items():
        shown = [panel for panel in panels if panel["group"] == group]
        pairs = cache.test_pairs(_hardest_test(variant, setup), variant.run.model)
        clips = {panel["clip"] for panel in shown}
        indices = {name: i for i, name in enumerate(pairs.ids) if name in clips}
        (images,) = read_batches(pairs.images, len(indices), indices.values())
        slug = re.sub(r"\W+", "-", f"{experiment.name} {group} maps")
        figures[f"{slug}.jpg"] = draw_panels(
            shown,
            pictures={
                name: image.permute(1, 2, 0).numpy()
                for name, image in zip(indices, images, strict=True)
            },
            boxes={name: pairs.boxes[i] for name, i in indices.items()},
            names={name: pairs.labels[i] for name, i in indices.items()},
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
