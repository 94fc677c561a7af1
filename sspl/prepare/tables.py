"""A person's CSV table: its columns by name, its rows with their lines."""

import csv
from pathlib import Path


def read_table(
    path: Path, columns: tuple[str, ...], optional: tuple[str, ...] = ()
) -> list[tuple[int, dict[str, str]]]:
    """The rows of a table that are not blank, each with its line and its stripped texts.

    Args:
        columns: those that it must have.
        optional: those that it may have; where it does not, their texts are empty.
    Raises:
        ValueError: if it cannot be read, or lacks one of the columns.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, skipinitialspace=True)
            head = [(name or "").strip() for name in reader.fieldnames or []]
            reader.fieldnames = head
            rows = [(reader.line_num, row) for row in reader]
    except FileNotFoundError as error:
        raise ValueError(f"{path} does not exist: name a table with {_list(columns)}.") from error
    except (OSError, ValueError, csv.Error) as error:
        raise ValueError(f"{path} cannot be read as a table ({error}): save it as CSV.") from error
    lacking = [column for column in columns if column not in head]
    if lacking:
        raise ValueError(
            f"{path} lacks the column {' and '.join(lacking)}: its first line must name "
            f"{_list(columns)}."
        )
    texts = [
        (line, {name: (row.get(name) or "").strip() for name in (*columns, *optional)})
        for line, row in rows
    ]
    return [(line, row) for line, row in texts if any(row.values())]


def _list(columns: tuple[str, ...]) -> str:
    return f"the columns {', '.join(columns)}"
