"""What an experiment is: variants of a training or a fit, each with the paper's numbers for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from matplotlib.figure import Figure

from sspl.data.pairs import Pairs
from sspl.experiments.engine.setup import Recipe, Setup
from sspl.training.config import Run, RunConfig

Paper = Mapping[str, tuple[float | None, float | None]]


@dataclass(frozen=True, kw_only=True)
class Variant:
    """A row of a table.

    Attributes:
        label: its name there.
        run: what is trained or fitted, whatever the seed.
        group: rows of different groups are not compared with each other.
        paper: cIoU@0.5 and AUC by the paper's test set ("Flickr", "VGG-SS"), where it has them.
        facts: what else its rows say.
    """

    label: str
    run: Run
    group: str = ""
    paper: Paper = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """A table or figure.

    Attributes:
        name: as the command calls it.
        title: as the paper calls it, and what it asks.
        variants: what is trained or fitted for it at a scale; trials that others had done are not
            done again.
        reading: where ours at the tiny scale and the paper's agree and where not, and why we think
            so.
        measure: what else a row says, from its training run and the pairs it learned from.
        draw: its chart, from the result.
        num_panels: how many pictures of the last test set are kept with the maps of every variant,
            and drawn, those of a group in one figure.
    """

    name: str
    title: str
    variants: Callable[[Setup], list[Variant]]
    reading: str = ""
    measure: Callable[[RunConfig, Pairs], dict[str, Any]] | None = None
    draw: Callable[[Mapping[str, Any]], Figure] | None = None
    num_panels: int = 0


def vary(run: RunConfig, **changes: Any) -> RunConfig:
    """The run with other fields of its model."""
    return replace(run, model=replace(run.model, **changes))


def vary_objective(run: RunConfig, **changes: Any) -> RunConfig:
    """The run with other fields of its objective."""
    return vary(run, objective=replace(run.model.objective, **changes))


def vary_terms(run: RunConfig, **changes: Any) -> RunConfig:
    """The run with other extra terms."""
    return vary(run, terms=replace(run.model.terms, **changes))


def for_each_recipe(
    setup: Setup, list_variants: Callable[[Recipe], Sequence[Variant]]
) -> list[Variant]:
    """The same variants of each recipe, a group each; where there is one recipe, no group."""
    named = len(setup.recipes) > 1
    return [
        replace(variant, group=name if named else "")
        for name, recipe in setup.recipes.items()
        for variant in list_variants(recipe)
    ]
