"""Figures 2 and S2, Sec. D.3: what false negatives do, and how their share does it.

    python -m sspl.experiments figure2

A, contrastive: every other sound of the batch is a negative, false ones too. B, contrastive: labels
leave the false ones out. C, SSPL: no negatives. The paper shows maps and no numbers.

Beyond it, the share of false negatives is a dial: the fewer the instruments of `orchestra`, the
more of a batch share the class; the larger the batch, the more false negatives each picture meets.
There all learn from scenes with one instrument: the share follows from the counts of labels.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from matplotlib.figure import Figure

from sspl.config import RunConfig
from sspl.data.pairs import Pairs
from sspl.experiments.baselines import contrastive
from sspl.experiments.drawing import plot_dial
from sspl.experiments.scale import Scale
from sspl.experiments.variants import Experiment, Variant

DIAL = ((11, 32), (11, 128), (11, 256), (4, 128), (2, 128))  # instruments, batch
AS_IT_IS = "as the data is"


def list_variants(scale: Scale) -> list[Variant]:
    recipes = scale.trainings.get("MUSIC", scale.recipes)
    recipe = next(iter(recipes.values()))
    methods = {
        "A": contrastive(recipe),
        "B": contrastive(recipe, label_guided=True),
        "C": recipe.without_pcm,
    }
    variants = [Variant(label=letter, run=run, group=AS_IT_IS) for letter, run in methods.items()]
    if recipe.without_pcm.data.name == "orchestra":
        for classes, batch in DIAL:
            variants += [
                Variant(
                    label=letter,
                    run=turn_dial(run, classes, batch),
                    group=f"{classes} classes, batch {batch}",
                )
                for letter, run in methods.items()
            ]
    return variants


def turn_dial(run: RunConfig, classes: int, batch: int) -> RunConfig:
    """The run on scenes with one of so many instruments, in batches of another size.

    It takes as many steps.
    """
    epochs = max(1, round(run.train.epochs * batch / run.train.batch_size))
    return replace(
        run,
        data=replace(run.data, kinds=("solo",), num_instruments=classes),
        train=replace(run.train, batch_size=batch, epochs=epochs),
    )


def draw_dial(result: Mapping[str, Any]) -> Figure | None:
    """The dial's chart; None where it was not turned."""
    rows = [row for row in result["rows"] if row["group"] != AS_IT_IS]
    return plot_dial({**result, "rows": rows}) if rows else None


def count_false_negatives(run: RunConfig, pairs: Pairs) -> dict[str, Any]:
    """How many of a picture's negatives share its class: by the labels' counts, and in batches."""
    batch = run.train.batch_size
    generator = torch.Generator().manual_seed(run.train.seed)
    order = torch.randperm(len(pairs), generator=generator)
    drawn = [part.tolist() for part in order.split(batch) if len(part) == batch]
    measured = [_share_in_batch([pairs.labels[i] for i in part]) for part in drawn]
    share = expect_share(pairs.labels)
    return {
        "false_negatives": {
            "expected": share,
            "measured": sum(measured) / len(measured),
            "per_picture": share * (batch - 1),
            "classes": run.data.num_instruments,
            "batch": batch,
        }
    }


def expect_share(labels: Sequence[str]) -> float:
    """The share of all ordered pairs of different clips whose labels have a class in common.

    From the counts of the labels alone: sum over pairs of labels that share a class of
    n_a (n_b - [a = b]), over N (N - 1).
    """
    counts = Counter(labels)
    sets = {label: set(label.split("+")) for label in counts}
    alike = sum(
        n * (m - (a == b))
        for a, n in counts.items()
        for b, m in counts.items()
        if sets[a] & sets[b]
    )
    return alike / (len(labels) * (len(labels) - 1))


def _share_in_batch(labels: Sequence[str]) -> float:
    sets = [set(label.split("+")) for label in labels]
    alike = sum(bool(a & b) for i, a in enumerate(sets) for j, b in enumerate(sets) if i != j)
    return alike / (len(labels) * (len(labels) - 1))


EXPERIMENT = Experiment(
    name="figure2",
    title="Figures 2 and S2: false negatives",
    variants=list_variants,
    measure=count_false_negatives,
    draw=draw_dial,
    num_panels=4,
)
