"""The rows of an experiment summed up: a line for each variant, over its seeds.

Letters: S seeds, K thresholds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Result = Mapping[str, Any]
PROTOCOL = "sspl"  # under which rows are scored, and the floors beside them


@dataclass(frozen=True, kw_only=True)
class Spread:
    """A number over seeds.

    Attributes:
        sd: standard deviation of a sample (divided by S - 1), None from a single seed.
    """

    mean: float
    sd: float | None

    def __str__(self) -> str:
        return f"{self.mean:.3f}" + ("" if self.sd is None else f" ± {self.sd:.3f}")


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A variant, trained with several seeds: a line of a table.

    Attributes:
        group: only lines of one group are compared with each other.
        rows: of each seed, as the experiment wrote it.
    """

    group: str
    label: str
    rows: tuple[Mapping[str, Any], ...]

    @property
    def paper(self) -> Mapping[str, Sequence[float | None]]:
        """The paper's cIoU@0.5 and AUC for this line, by its test set."""
        return self.rows[0].get("paper") or {}

    @property
    def num_collapsed(self) -> int:
        """How many of the seeds collapsed."""
        return sum(bool(row.get("collapsed")) for row in self.rows)

    def collect(self, *path: str | int) -> np.ndarray:
        """What lies at a path in each seed's row, such as "scores", "solo", "curve".

        Returns:
            (S, ...) float64; seeds that have nothing there are left out, so that S may be 0.
        """
        found = [look_up(row, path) for row in self.rows]
        return np.array([value for value in found if value is not None], float)

    def measure(self, *path: str | int) -> Spread | None:
        """Mean and deviation of the number at a path, None where no seed has one."""
        values = self.collect(*path)
        if not len(values):
            return None
        return Spread(
            mean=float(values.mean()), sd=float(values.std(ddof=1)) if len(values) > 1 else None
        )


def summarise_rows(rows: Sequence[Mapping[str, Any]]) -> list[Summary]:
    """A summary for each group and label; groups and lines in the order in which they came."""
    lines: dict[str, dict[str, list[Mapping[str, Any]]]] = {}
    for row in rows:
        lines.setdefault(row.get("group", ""), {}).setdefault(row["label"], []).append(row)
    return [
        Summary(group=group, label=label, rows=tuple(seeds))
        for group, labels in lines.items()
        for label, seeds in labels.items()
    ]


def find_best_floor(result: Result, test_set: str) -> tuple[str, float] | None:
    """The floor with the highest cIoU@0.5 on a test set and that score, None without floors."""
    floors = {
        name: scores[PROTOCOL]["ciou_at_50"]
        for name, scores in result.get("floors", {}).get(test_set, {}).items()
        if PROTOCOL in scores
    }
    return max(floors.items(), key=lambda floor: floor[1], default=None)


def name_hardest(result: Result) -> str:
    """The last of its test sets, on which other sounds are played and maps are shown."""
    return list(result["columns"])[-1]


def look_up(row: Any, path: Sequence[str | int]) -> Any:
    for key in path:
        try:
            row = row[key]
        except (KeyError, IndexError, TypeError):  # TypeError: a None on the way
            return None
    return row
