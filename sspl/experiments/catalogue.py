"""All experiments by name, in the paper's order; those beyond the paper come last."""

from sspl.experiments import (
    beyond,
    false_negative_rate,
    figure2,
    figure4,
    figure5,
    figure6,
    figure7,
    negative_audio,
    table1,
    table2,
    table3,
    table4,
    table5,
    tableS5,
    tableS6,
)
from sspl.experiments.engine.variants import Experiment

MODULES = (
    table1,
    table2,
    table3,
    table4,
    table5,
    tableS5,
    tableS6,
    figure2,
    figure4,
    figure5,
    figure6,
    figure7,
    false_negative_rate,
    beyond,
    negative_audio,
)
EXPERIMENTS: dict[str, Experiment] = {m.EXPERIMENT.name: m.EXPERIMENT for m in MODULES}


def list_experiments() -> str:
    """Their names and titles, a line each."""
    width = max(map(len, EXPERIMENTS)) + 2
    return "\n".join(f"{name:{width}}{e.title}" for name, e in EXPERIMENTS.items())
