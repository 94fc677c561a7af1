"""What a document is made of, and how it reads as Markdown, in a terminal too.

Whatever words come in, names of classes and paths among them, show as they stand: marks that
Markdown would act on are escaped, and letters that a terminal would act on are gone.
`sspl.page` makes one HTML page of the same parts.
"""

import re
import textwrap
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from matplotlib.figure import Figure

from sspl.plots.rendering import keep_printable, render_svg

WIDTH = 100  # characters in a line of a paragraph
Cell = str | tuple[str, str]  # words, or a number and what is said about it in brackets


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table; the first cell of each row heads the row.

    Attributes:
        measured: on what its numbers were measured, which is printed with every table.
        strong: which row to emphasise.
    """

    title: str
    measured: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    strong: int | None = None


@dataclass(frozen=True, kw_only=True)
class Points:
    """A list, a sentence or two a point."""

    points: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The numbers to see first: value, name, remark. Markdown leaves them to its sentences."""

    numbers: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Words, and what they mean."""

    meanings: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A figure of numbers, which also goes into a file of its own; drawn when it is needed.

    Attributes:
        alt: what it shows, for those who do not see it.
    """

    file: str
    draw: Callable[[], Figure]
    alt: str
    caption: str

    @cached_property
    def svg(self) -> str:
        return render_svg(self.draw())


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A picture (H, W, 3) uint8 with a few words below it."""

    picture: np.ndarray
    alt: str
    caption: str


@dataclass(frozen=True, kw_only=True)
class Gallery:
    """Rows of pictures, each row with a title; `draw` puts all of them on one sheet, a file."""

    file: str
    draw: Callable[[], Figure]
    alt: str
    caption: str
    rows: Sequence[tuple[str, Sequence[Shot]]]


Block = str | Points | Headline | Table | Chart | Gallery | Terms  # a str is a paragraph


@dataclass(frozen=True, kw_only=True)
class Section:
    title: str
    blocks: Sequence[Block]


def to_markdown(title: str, sections: Sequence[Section], pictures: bool = True) -> str:
    """The document as Markdown; without pictures, sections that hold nothing else are left out."""
    parts = [f"# {escape_markdown(title)}"]
    for section in sections:
        blocks = [
            text
            for block in section.blocks
            if pictures or not isinstance(block, Chart | Gallery)
            for text in [_write_block(block)]
            if text
        ]
        if blocks:
            parts += [f"## {escape_markdown(section.title)}", *blocks]
    return "\n\n".join(parts) + "\n"


def escape_markdown(words: str) -> str:
    """The words on one line, without control characters, with Markdown's marks escaped.

    An underscore stays as it is: within a word it means nothing, and names are full of them.
    """
    return re.sub(r"([\\|<*`\[]|&(?=#?\w+;)|(?<!\w)_|_(?!\w))", r"\\\1", keep_printable(words))


def _write_block(block: Block) -> str:
    match block:
        case str():
            return _wrap(escape_markdown(block))
        case Points():
            return "\n".join(_wrap(escape_markdown(point), "- ") for point in block.points)
        case Headline():
            return ""
        case Terms():
            return "\n".join(
                _wrap(f"**{escape_markdown(word)}**: {escape_markdown(meaning)}", "- ")
                for word, meaning in block.meanings.items()
            )
        case Table():
            return _write_table(block)
        case Chart() | Gallery():
            picture = f"![{escape_markdown(block.alt)}]({block.file})"
            return f"{picture}\n\n{_wrap(escape_markdown(block.caption))}"


def _write_table(table: Table) -> str:
    """Padded, so that its columns stand below each other in a terminal."""
    rows = [[_write_cell(cell) for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(2, *map(_measure_width, column)) for column in zip(*rows, strict=True)]
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [
        "| "
        + " | ".join(
            _pad(cell, width, left=k == 0)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in (rows[0], rule, *rows[1:])
    ]
    measured = _wrap(escape_markdown(table.measured))
    return "\n\n".join([f"### {escape_markdown(table.title)}", measured, "\n".join(lines)])


def _write_cell(cell: Cell) -> str:
    return escape_markdown(cell if isinstance(cell, str) else f"{cell[0]} ({cell[1]})")


def _pad(cell: str, width: int, left: bool) -> str:
    gap = " " * (width - _measure_width(cell))
    return cell + gap if left else gap + cell


def _measure_width(words: str) -> int:
    """How many columns of a terminal the words take: wide letters two, accents none."""
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in words
    )


def _wrap(words: str, bullet: str = "") -> str:
    return textwrap.fill(
        words, WIDTH, initial_indent=bullet, subsequent_indent=" " * len(bullet),
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip
