"""RESULTS.md out of the rows that experiments write: ours beside the paper's, and the floors.

An experiment's result is `<folder>/<name>.json`; its figures, where there are any, lie beside it as
`<name>.png` or `<name>-<what>.png`. Nothing is run here, so that the text can be made again at any
time.
"""

import json
import os
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

from sspl.evaluation.report.document import escape_markdown
from sspl.evaluation.report.verdict import FLOORS
from sspl.experiments.engine.summaries import (
    PROTOCOL,
    Result,
    Spread,
    Summary,
    find_best_floor,
    look_up,
    name_hardest,
    summarise_rows,
)
from sspl.media.files import replace_when_done
from sspl.upgrades import read_format, upgrade_experiment_name, upgrade_result
from sspl.zoo.shipped import SHIPPED

TINY_RESULTS = SHIPPED.parent / "results"  # the rows that come along

# Every table and figure of the paper that is an experiment, in the order in which they are shown.
PAPER = (
    "table1", "table2", "table3", "table4", "table5", "tableS5", "tableS6",
    "figure2", "figure4", "figure5", "figure6", "figure7",
)  # fmt: skip
SCORES = {"ciou_at_50": "cIoU@0.5", "auc": "AUC"}
OTHER_SOUND = ("listening", "other", "ciou_at_50")  # where a test set's scores hold it

INTRODUCTION = """\
Every table and figure of the paper, made again at the size that the machine at hand allows, beside
the paper's own numbers. This file is written from the rows in the results folder: change nothing
here, run the command and write it again."""
HOW_TO_READ_TINY = """\
- **Not the paper's data.** At the tiny scale, models with small encoders learn from and are scored
  on `orchestra`, the built-in world, on scenes that nothing was chosen on. Its *solo* scenes, one
  instrument that is heard, stand for SoundNet-Flickr; its *silent* scenes, where a second
  instrument of another class is seen and not heard, stand for the harder VGG-SS. The order of the
  rows and the distances between them may agree with the paper's; the heights mean other things."""
HOW_TO_READ = """\
- **0.512 ± 0.020** is the mean over trainings with different seeds and their standard deviation,
  on the same test scenes; without ± there was one training. A distance smaller than the deviations
  says little.
- **Predictive attention** is fitted in closed form; on photographs it then learns through its
  cycles. Where its seeds draw nothing, they are one fit, listed for each seed: deviation 0.
- **paper** is the paper's cIoU@0.5 / AUC. cIoU@0.5 is the share of pictures in which the source is
  found, AUC the area under the share over all thresholds; protocol `sspl`, as in the paper.
- **Bold** is the best of ours in its group; rows of different groups are not compared.
- **Other sound**: the same pictures and boxes, scored while a sound of another class is played. A
  model that listens loses most of its score; one that keeps it has found what is striking.
- **Floors** do not listen: a disc in the middle, the mean training box, the whole picture, and
  saliency, what the encoder alone finds striking. A score below a floor shows no localization.
- **Collapsed**: in the last epoch the two views agreed at more than 0.985 of 1, so that SimSiam
  had nothing left to learn from, or all representations were the same. *Dimensions* is in how many
  directions those of a batch vary then (participation ratio), *views agree* SimSiam's loss,
  negated. The scores are those of the epoch that the validation split chose, perhaps before."""


# --- The text ---------------------------------------------------------------------------------


def load_results(folder: Path) -> dict[str, Result]:
    """Every experiment's result in a folder, by name: the paper's in its order, then what is more.

    Raises:
        ValueError: if there is none, or a file is not a result.
    """
    results: dict[str, Result] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            result = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as error:
            raise ValueError(f"{path} is not JSON ({error}): run its experiment again") from error
        needed = {"title", "rows", "command", "columns", "preset"}
        if not isinstance(result, dict) or not needed <= result.keys():
            raise ValueError(f"{path} is not the result of an experiment: move it elsewhere")
        upgraded = upgrade_result(result, path)
        # Sorted, an older version's file comes before the one that replaced it.
        results[upgrade_experiment_name(path.stem, read_format(result))] = upgraded
    if not results:
        raise ValueError(f"{folder} holds no results: run python -m sspl.experiments first")
    known = [name for name in PAPER if name in results]
    return {name: results[name] for name in [*known, *(n for n in results if n not in PAPER)]}


def write_results(folder: Path, path: Path, readings: Mapping[str, str] | None = None) -> None:
    """Write the text of `format_results` to a file, with links from there to the figures.

    Raises:
        ValueError: if the folder holds no results or the file cannot be written.
    """
    text = format_results(
        folder, os.path.relpath(folder, path.parent).replace(os.sep, "/"), readings
    )
    with replace_when_done(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


def format_results(
    folder: Path, link: str = "assets/results", readings: Mapping[str, str] | None = None
) -> str:
    """All results in a folder as Markdown, those of the paper in its order.

    Args:
        link: how the text names the folder in links to figures.
        readings: by experiment, what we make of its numbers.
    Raises:
        ValueError: if the folder holds no results.
    """
    results, readings = load_results(folder), readings or {}
    tiny = any(result.get("preset") == "tiny" for result in results.values())
    how_to_read = f"{HOW_TO_READ_TINY}\n{HOW_TO_READ}" if tiny else HOW_TO_READ
    parts = ["# Results", INTRODUCTION, "## How to read this", how_to_read]
    for name, result in results.items():
        figures = [f"{link}/{figure}" for figure in result.get("figures", [])]
        parts += _format_experiment(result, figures, readings.get(name, ""))
    missing = [f"`{name}`" for name in PAPER if name not in results]
    if missing:
        parts += ["## Not run at this scale", _wrap(", ".join(missing))]
    return "\n\n".join(parts) + "\n"


def _format_experiment(result: Result, figures: Sequence[str], reading: str) -> list[str]:
    title = escape_markdown(result["title"])
    parts = [f"## {title}", f"`{result['command']}`", _tell_how(result)]
    summaries = summarise_rows(result["rows"])
    if summaries:
        parts.append(_write_table(result, summaries))
        parts.append(_wrap(_compare(result, summaries)))
    parts += [f"![{title}: drawn from the rows of its table]({figure})" for figure in figures]
    parts.append(_wrap(reading))  # ours, so that it may hold Markdown
    return [part for part in parts if part]


def _tell_how(result: Result) -> str:
    """From what and on what, in a line."""
    seeds = sorted({row["seed"] for row in result["rows"]})
    sizes = {
        test_set: f"{scores['n']} {test_set}"
        for row in result["rows"]
        for test_set, scores in row.get("scores", {}).items()
        if "n" in scores
    }
    facts = [f"Scale {result['preset']}"]
    if seeds:
        facts.append(f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}")
    if sizes:
        facts.append(f"scored on {' and '.join(sizes.values())} pictures")
    if result.get("seconds"):
        devices = sorted({row["device"] for row in result["rows"] if "device" in row})
        facts.append(" on ".join([_write_duration(result["seconds"]), *devices[:1]]))
    return _wrap(escape_markdown("; ".join(facts) + ".")) if facts else ""


def _write_duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


def _write_table(result: Result, summaries: Sequence[Summary]) -> str:
    columns = {"": [], **_list_columns(result, summaries)}
    columns[""] = [_name_line(summary) for summary in summaries]
    rows = list(zip(*columns.values(), strict=True))
    lines: list[Sequence[str]] = []
    for i, (summary, row) in enumerate(zip(summaries, rows, strict=True)):
        if summary.group and (i == 0 or summaries[i - 1].group != summary.group):
            lines.append([f"*{escape_markdown(summary.group)}*", *[""] * (len(row) - 1)])
        lines.append(row)
    lines += _list_floors(result, list(columns))
    widths = [max(map(len, cells)) for cells in zip(columns, *lines, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in (list(columns), rule, *lines)
    )


def _list_columns(result: Result, summaries: Sequence[Summary]) -> dict[str, list[str]]:
    """The cells of each column by its heading; columns that no line fills are left out."""
    columns: dict[str, list[str]] = {}
    for test_set, name in result["columns"].items():
        columns[f"paper, {name}"] = [_write_paper(summary, name) for summary in summaries]
        for key, score in SCORES.items():
            columns[f"{test_set} {score}"] = _write_scores(summaries, "scores", test_set, key)
    heard = name_hardest(result)
    columns[f"{heard}, other sound"] = [
        _write(summary.measure("scores", heard, *OTHER_SOUND)) for summary in summaries
    ]
    facts = {
        "false negatives: expected": ("false_negatives", "expected"),
        "measured": ("false_negatives", "measured"),
        "per picture": ("false_negatives", "per_picture"),
        "paper, GFLOPs": ("paper_gflops",),
        "GFLOPs": ("gflops",),
    }
    if any(summary.num_collapsed for summary in summaries):
        facts |= {"dimensions": ("dimensions",), "views agree": ("agreement",)}
    for heading, path in facts.items():
        spreads = [summary.measure(*path) for summary in summaries]
        columns[heading] = ["-" if spread is None else f"{spread.mean:.3g}" for spread in spreads]
    return {name: cells for name, cells in columns.items() if any(cell != "-" for cell in cells)}


def _write_scores(summaries: Sequence[Summary], *path: str) -> list[str]:
    """A column of scores, the best of each group in bold unless it is alone there."""
    spreads = [summary.measure(*path) for summary in summaries]
    cells = [_write(spread) for spread in spreads]
    for group in {summary.group for summary in summaries}:
        # Rounded as they are printed: what looks alike is marked alike.
        means = {
            i: round(spread.mean, 3)
            for i, spread in enumerate(spreads)
            if spread is not None and summaries[i].group == group
        }
        for i, mean in means.items():
            if len(means) > 1 and mean == max(means.values()):
                cells[i] = f"**{cells[i]}**"
    return cells


def _list_floors(result: Result, columns: Sequence[str]) -> list[list[str]]:
    """A line of the table for each floor."""
    floors = result.get("floors", {})
    names = dict.fromkeys(name for found in floors.values() for name in found)
    lines = []
    for name in names:
        cells = {
            f"{test_set} {score}": f"{value:.3f}"
            for test_set in result["columns"]
            for key, score in SCORES.items()
            if (value := look_up(floors, (test_set, name, PROTOCOL, key))) is not None
        }
        heading = f"floor: {FLOORS.get(name, name)}"
        lines.append([heading, *(cells.get(column, "") for column in columns[1:])])
    return lines


def _compare(result: Result, summaries: Sequence[Summary]) -> str:
    """How many lines beat every floor, and how many listen, in a sentence for each test set."""
    sentences = []
    for test_set in result["columns"]:
        clauses = []
        scores = [s.measure("scores", test_set, "ciou_at_50") for s in summaries]
        best = find_best_floor(result, test_set)
        if best is not None:
            above = [score.mean > best[1] for score in scores if score is not None]
            clauses.append(
                f"{sum(above)} of {len(above)} lines score above every floor (the best: "
                f"{FLOORS.get(best[0], best[0])}, {best[1]:.3f})"
            )
        others = [s.measure("scores", test_set, *OTHER_SOUND) for s in summaries]
        if test_set == name_hardest(result) and any(others):
            twice = [
                score.mean >= 2 * other.mean and score.mean > (0.0 if best is None else best[1])
                for score, other in zip(scores, others, strict=True)
                if score is not None and other is not None
            ]
            above_it = "are above it and" if best is not None else "score"
            clauses.append(
                f"{sum(twice)} of {len(twice)} {above_it} at least twice what they score under "
                "another class's sound"
            )
        if clauses:
            sentences.append(f"On {test_set}, {', and '.join(clauses)}.")
    return " ".join(sentences)


def _name_line(summary: Summary) -> str:
    name = escape_markdown(summary.label)
    if not summary.num_collapsed:
        return name
    if summary.num_collapsed == len(summary.rows):
        return f"{name} (collapsed)"
    return f"{name} (collapsed in {summary.num_collapsed} of {len(summary.rows)})"


def _write_paper(summary: Summary, name: str) -> str:
    numbers = summary.paper.get(name, ())
    if all(number is None for number in numbers):
        return "-"
    return " / ".join("-" if number is None else f"{number:.3f}" for number in numbers)


def _write(spread: Spread | None) -> str:
    return "-" if spread is None else str(spread)


def _wrap(words: str) -> str:
    return textwrap.fill(words, 100, break_long_words=False, break_on_hyphens=False)
