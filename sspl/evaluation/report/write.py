"""A result as a text for the terminal, and as a folder with a page."""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from PIL import Image

from sspl.evaluation.examples import Example
from sspl.evaluation.report.document import Chart, Gallery, to_markdown
from sspl.evaluation.report.page import to_html
from sspl.evaluation.report.sections import describe_result, explain_words
from sspl.media.files import replace_when_done, write_json
from sspl.metrics import PROTOCOLS
from sspl.plots.rendering import accept_any_letter, render_figure

# Every picture that a report may have, so that those of an older one can go.
PICTURES = {f"success-{protocol}.svg" for protocol in PROTOCOLS} | {
    "cycles.svg", "listening.svg", "listening.jpg", "samples.jpg", "classes.svg",
}  # fmt: skip


def format_markdown(result: Mapping[str, Any]) -> str:
    """The whole result as Markdown that reads well in a terminal, without pictures."""
    return to_markdown(_title(result), describe_result(result), pictures=False)


def write_report(
    folder: Path,
    result: Mapping[str, Any],
    samples: Iterable[Mapping[str, Any]],
    examples: Sequence[Example],
) -> None:
    """Write a result into a folder, which is made if missing; an older report there is replaced.

    `result.json`, `samples.jsonl`, `report.md`, `report.html` (which needs no other file), and
    the pictures that `report.md` shows. Nothing is replaced until everything is written, and
    other files there stay.

    Args:
        samples: JSON-able facts of each sample; read once, a line each.
        examples: samples to show.
    Raises:
        ValueError: if the folder cannot be written to, or a number is NaN.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"{folder} cannot be made ({error.strerror}): name another folder"
        ) from error
    sections = [*describe_result(result, examples), explain_words(result)]
    pictures = [b for s in sections for b in s.blocks if isinstance(b, Chart | Gallery)]
    with ExitStack() as files:

        def start(name: str) -> Path:
            return files.enter_context(replace_when_done(folder / name))

        write_json(start("result.json"), result)
        with start("samples.jsonl").open("w", encoding="utf-8") as lines:
            for sample in samples:
                lines.write(json.dumps(sample, allow_nan=False) + "\n")
        for picture in pictures:
            if isinstance(picture, Chart):
                start(picture.file).write_text(picture.svg, encoding="utf-8")
            else:
                with accept_any_letter():
                    sheet = Image.fromarray(render_figure(picture.draw()))
                sheet.save(start(picture.file), quality=90, subsampling=0)
        start("report.md").write_text(to_markdown(_title(result), sections), encoding="utf-8")
        start("report.html").write_text(to_html(_title(result), sections), encoding="utf-8")
    for name in PICTURES - {picture.file for picture in pictures}:
        (folder / name).unlink(missing_ok=True)


def _title(result: Mapping[str, Any]) -> str:
    return f"{result['checkpoint']} on {result['data']}"
