"""Make the pairs that a dataset promises: pictures, sounds, a manifest, and a report.

Nothing is replaced: a pair whose files are missing or broken is left out, and the report says why.
"""

import os
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from tqdm import tqdm

from sspl.data.manifest import write_manifest
from sspl.data.stores import map_ahead
from sspl.data.workers import open_threads
from sspl.prepare.credits import write_credits
from sspl.prepare.items import Credit, Fault, Item
from sspl.prepare.journal import Journal
from sspl.prepare.names import name_files
from sspl.prepare.pair import Made, make_pair
from sspl.prepare.report import Report, write_report


def prepare(
    items: Sequence[Item | Fault],
    out: str | Path,
    *,
    name: str,
    options: dict[str, Any] | None = None,
    num_workers: int | None = None,
) -> Report:
    """Make the pairs, in parallel, with a progress bar; what was made before is not made again.

    `out` receives images/<id>.jpg (256 x 256), audio/<id>.flac (3 s or less, 16 kHz, mono),
    `manifest.jsonl` in the order of the items, `report.json`, `ATTRIBUTIONS.csv` where the items
    have credits, and a journal from which an interrupted run goes on. What was missing or
    unreadable is tried again, and what has changed at its source is made anew. A pair whose files
    at the source are gone since is kept.

    Args:
        items: the pairs, and the faults that were found on the way to them.
        out: a new or empty folder, or one prepared with the same name and options.
        name: of the dataset.
        options: what else decides which pairs there are, for JSON.
        num_workers: threads; by default as many as there are cores. The work is done in ffmpeg
            and in libraries that let other threads run.
    Raises:
        ValueError: if `out` holds anything else.
        MediaError: if it cannot be written or is full; what was made is kept.
    """
    out, options = Path(out), options or {}
    faults: list[Fault] = []
    notes: list[tuple[str, str]] = []
    credits: set[Credit] = set()
    splits: Counter[str] = Counter()
    found: Counter[str] = Counter()
    promised = Counter(on for entry in _take_first(items) for on in entry.lists)
    num_workers = num_workers or os.cpu_count() or 1
    with Journal(out, name, options) as journal, open_threads(num_workers) as threads:
        for folder in (out, out / "images", out / "audio"):  # of a run that was killed
            for unfinished in folder.glob(".unfinished-*"):
                unfinished.unlink(missing_ok=True)
        names = name_files(entry.id for entry in items if isinstance(entry, Item))
        made_before = dict(journal.made)

        def make(entry: Item | Fault) -> Made | Fault:
            if isinstance(entry, Fault):
                return entry
            return make_pair(entry, out, names[entry.id], made_before.get(entry.id))

        def make_rows() -> Generator[dict[str, Any]]:
            outcomes = map_ahead(threads, make, _take_first(items), 4 * num_workers)
            for outcome in tqdm(outcomes, total=len(items), desc=name, unit="pair"):
                if isinstance(outcome, Fault):
                    faults.append(outcome)
                    continue
                journal.add(outcome.row["id"], outcome.stamp)
                notes.extend((outcome.row["id"], note) for note in outcome.notes)
                credits.update(outcome.credits)
                splits[outcome.row["split"]] += 1
                found.update(outcome.row.get("lists", ()))
                yield outcome.row

        with closing(make_rows()) as rows:  # so that Ctrl-C ends the progress bar first
            write_manifest(out, rows)
        if credits:
            write_credits(credits, out)
    report = Report(
        dataset=name,
        options=options,
        splits=dict(sorted(splits.items())),
        lists={on: (found[on], promised[on]) for on in promised},
        faults=tuple(faults),
        notes=tuple(notes),
    )
    write_report(report, out)
    return report


def _take_first(items: Iterable[Item | Fault]) -> Iterator[Item | Fault]:
    """The same, with a fault instead of each item whose id has come before."""
    ids: set[str] = set()
    for entry in items:
        if isinstance(entry, Item):
            if entry.id in ids:
                reason = f"{entry.id} comes more than once; the first counts."
                entry = Fault(id=entry.id, kind="skipped", reason=reason)
            ids.add(entry.id)
        yield entry
