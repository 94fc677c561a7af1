"""What became of every pair that a dataset promises."""

from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sspl.media.files import write_json
from sspl.prepare.items import Fault

REPORT = "report.json"
KINDS = ("missing", "unreadable", "skipped")
NUM_SHOWN = 5  # reasons of each kind; the file has all


@dataclass(frozen=True, kw_only=True)
class Report:
    """What became of every pair that a dataset promises.

    Attributes:
        dataset, options: what was prepared, and how.
        splits: how many pairs were made, by split.
        lists: for each published list, how many of its clips were made, of how many.
        faults: the pairs that were not made.
        notes: what was noticed about pairs that were made: id and sentence.
    """

    dataset: str
    options: dict[str, Any]
    splits: dict[str, int]
    lists: dict[str, tuple[int, int]]
    faults: tuple[Fault, ...]
    notes: tuple[tuple[str, str], ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many pairs were found (and made), missing, unreadable and skipped."""
        kinds = Counter(fault.kind for fault in self.faults)
        return {"found": sum(self.splits.values())} | {kind: kinds[kind] for kind in KINDS}


def write_report(report: Report, folder: Path) -> None:
    """Write `report.json`, whole or not at all."""
    value = {
        "dataset": report.dataset,
        "options": report.options,
        "counts": report.counts,
        "splits": report.splits,
        "lists": {name: {"found": found, "of": of} for name, (found, of) in report.lists.items()},
        "faults": [asdict(fault) for fault in report.faults],
        "notes": [{"id": pair_id, "note": note} for pair_id, note in report.notes],
    }
    write_json(folder / REPORT, value)


def describe_report(report: Report, folder: Path) -> str:
    """The counts, the first reasons of each kind, and where the others are."""
    splits = ", ".join(f"{num} {split}" for split, num in report.splits.items()) or "none"
    counts = report.counts
    lines = [f"{report.dataset}: {counts['found']} pairs are in {folder} ({splits})"]
    lines += [f"{name}: {found} of {of}" for name, (found, of) in report.lists.items()]
    for kind in KINDS:
        reasons = [(fault.id, fault.reason) for fault in report.faults if fault.kind == kind]
        lines += _describe_some(f"{kind}: {counts[kind]}", reasons)
    if report.notes:
        lines += _describe_some(f"notes: {len(report.notes)}", report.notes)
    if report.faults or report.notes:
        lines.append(f"all of them: {folder / REPORT}")
    return "\n".join(map(_make_printable, lines))


def _describe_some(title: str, notes: Any) -> list[str]:
    lines = [title, *(f"  {pair_id}: {text}" for pair_id, text in notes[:NUM_SHOWN])]
    return [*lines, f"  and {len(notes) - NUM_SHOWN} more"] if notes[NUM_SHOWN:] else lines


def _make_printable(line: str) -> str:
    """An id is a stranger's text: it may hold what a terminal obeys."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)
