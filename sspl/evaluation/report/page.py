"""A document as one HTML page that holds all it shows.

Nothing is fetched from anywhere, and a policy in the page forbids it; no script runs. It reads in
light and dark, on a phone and in print.
"""

import base64
import io
import re
from collections.abc import Sequence
from html import escape

import numpy as np
from PIL import Image

from sspl.evaluation.report.document import (
    Block,
    Cell,
    Chart,
    Gallery,
    Headline,
    Points,
    Section,
    Shot,
    Table,
    Terms,
)
from sspl.plots.rendering import keep_printable

LONGEST_SIDE_PX = 384  # of a picture, which is shown about half as large
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1b1b1f; --quiet: #5b5b66; --line: #d9d9e0; --tint: #f3f5f8;
  --accent: #1d4e89;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #15161a; --ink: #ececf1; --quiet: #a5a6b2; --line: #373943; --tint: #1f2127;
    --accent: #8fbdf2;
  }
  .chart img { filter: invert(0.92) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem;
  background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere;
}
h1 { margin: 0; font-size: 1.75rem; line-height: 1.2; letter-spacing: -0.01em; }
h2 {
  margin: 3rem 0 1rem; padding-top: 0.75rem; border-top: 1px solid var(--line);
  font-size: 1.3rem; line-height: 1.25;
}
h3 { margin: 1.5rem 0 0.5rem; font-size: 1rem; }
p, ul, dl { max-width: 46rem; }
p { margin: 0 0 1rem; }
ul { padding-left: 1.2rem; }
li { margin-bottom: 0.35rem; }
a { color: var(--accent); }
nav { display: flex; flex-wrap: wrap; gap: 0.25rem 1.1rem; margin-top: 1rem; font-size: 0.9rem; }
small, figcaption, .measured { color: var(--quiet); font-size: 0.85rem; line-height: 1.4; }

.headline {
  display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 0.75rem;
  max-width: none; margin: 1.25rem 0; padding: 0;
}
.headline div { padding: 0.8rem 1rem; border-radius: 0.5rem; background: var(--tint); }
.headline dt { color: var(--quiet); font-size: 0.85rem; font-weight: 500; }
.headline dd { margin: 0; }
.headline .value {
  font-size: 1.9rem; font-weight: 600; line-height: 1.3; font-variant-numeric: tabular-nums;
}

.blocks { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 28rem), 1fr)); }
.blocks { gap: 1.75rem 2.5rem; align-items: start; }
.blocks > * { min-width: 0; margin: 0; }
.blocks > p, .blocks > ul, .blocks > dl, .blocks > .gallery { grid-column: 1 / -1; }

.table { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 0.92rem; }
thead th, td { overflow-wrap: normal; }
tbody th { min-width: 5.5rem; }
caption { padding-bottom: 0.5rem; text-align: left; line-height: 1.35; }
caption strong, caption small {
  display: block; position: sticky; left: 0; max-width: calc(100vw - 2rem);
}
th, td { padding: 0.32rem 0 0.32rem 0.9rem; border-bottom: 1px solid var(--line); }
th, td { text-align: right; vertical-align: baseline; font-variant-numeric: tabular-nums; }
th { font-weight: 400; }
th:first-child { padding-left: 0; text-align: left; }
td small { display: block; }
thead th { color: var(--quiet); font-size: 0.85rem; vertical-align: bottom; }
.strong th, .strong td { font-weight: 650; }
.strong small { font-weight: 400; }

figure { margin: 0; }
.chart img { display: block; width: 100%; max-width: 34rem; height: auto; }
figcaption { margin-top: 0.4rem; }
.gallery > p { margin: 0; }
.shots { display: grid; grid-template-columns: repeat(auto-fill, minmax(11.5rem, 1fr)); }
.shots { gap: 0.75rem; }
.shots img { display: block; width: 100%; height: auto; border-radius: 0.25rem; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: 0.5rem 1.5rem; }
dt { font-weight: 600; }
dd { margin: 0; }

@media (max-width: 40rem) {
  body { padding: 1.25rem 1rem 3rem; }
  .shots { grid-template-columns: repeat(3, 1fr); gap: 0.5rem; }
  table { font-size: 0.82rem; }
  thead th, table small { font-size: 0.78rem; }
  th, td { padding-left: 0.4rem; }
  tbody th { min-width: 4rem; }
  dl { grid-template-columns: 1fr; gap: 0.1rem; }
  dd { margin-bottom: 0.7rem; }
}
@media print {
  html { font-size: 9pt; }
  body { max-width: none; padding: 0; }
  nav { display: none; }
  h2, h3 { break-after: avoid; }
  tr, figure, .headline div, .row { break-inside: avoid; }
  .blocks { grid-template-columns: 1fr 1fr; }
  .shots { grid-template-columns: repeat(5, 1fr); }
  .table { overflow: visible; }
  .headline div { border: 1px solid var(--line); }
}
"""


def to_html(title: str, sections: Sequence[Section]) -> str:
    """The document as the text of one HTML page."""
    ids = [re.sub(r"\W+", "-", section.title.lower()).strip("-") for section in sections]
    links = [
        f'<a href="#{name}">{_escape(section.title)}</a>'
        for name, section in zip(ids, sections, strict=True)
    ]
    parts = [
        f'<section aria-labelledby="{name}">\n<h2 id="{name}">{_escape(section.title)}</h2>\n'
        f'<div class="blocks">\n{_join(map(_write_block, section.blocks))}\n</div>\n</section>'
        for name, section in zip(ids, sections, strict=True)
    ]
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<title>{_escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<header>
<h1>{_escape(title)}</h1>
<nav aria-label="Sections">{" ".join(links)}</nav>
</header>
<main>
{_join(parts)}
</main>
</body>
</html>
"""


def _write_block(block: Block) -> str:
    match block:
        case str():
            return f"<p>{_escape(block)}</p>"
        case Points():
            return f"<ul>\n{_join(f'<li>{_escape(point)}</li>' for point in block.points)}\n</ul>"
        case Headline():
            return _write_headline(block)
        case Terms():
            words = (
                f"<dt>{_escape(word)}</dt><dd>{_escape(meaning)}</dd>"
                for word, meaning in block.meanings.items()
            )
            return f"<dl>\n{_join(words)}\n</dl>"
        case Table():
            return _write_table(block)
        case Chart():
            return _write_chart(block)
        case Gallery():
            return _write_gallery(block)


def _write_headline(headline: Headline) -> str:
    tiles = (
        f'<div><dt>{_escape(name)}</dt><dd class="value">{_escape(value)}</dd>'
        f"<dd><small>{_escape(remark)}</small></dd></div>"
        for value, name, remark in headline.numbers
    )
    return f'<dl class="headline">\n{_join(tiles)}\n</dl>'


def _write_table(table: Table) -> str:
    heads = "".join(f'<th scope="col">{_escape(column)}</th>' for column in table.columns)
    rows = (
        ('<tr class="strong">' if k == table.strong else "<tr>")
        + f'<th scope="row">{_write_cell(head)}</th>'
        + "".join(f"<td>{_write_cell(cell)}</td>" for cell in cells)
        + "</tr>"
        for k, (head, *cells) in enumerate(table.rows)
    )
    return f"""<div class="table"><table>
<caption><strong>{_escape(table.title)}</strong> <small>{_escape(table.measured)}</small></caption>
<thead><tr>{heads}</tr></thead>
<tbody>
{_join(rows)}
</tbody>
</table></div>"""


def _write_cell(cell: Cell) -> str:
    if isinstance(cell, str):
        return _escape(cell)
    number, remark = cell
    return f"{_escape(number)} <small>({_escape(remark)})</small>"


def _write_chart(chart: Chart) -> str:
    source = _as_uri("image/svg+xml", chart.svg.encode())
    return (
        f'<figure class="chart"><img src="{source}" alt="{_escape(chart.alt)}">'
        f"<figcaption>{_escape(chart.caption)}</figcaption></figure>"
    )


def _write_gallery(gallery: Gallery) -> str:
    rows = (
        f'<div class="row">\n<h3>{_escape(title)}</h3>\n'
        f'<div class="shots">\n{_join(map(_write_shot, shots))}\n</div>\n</div>'
        for title, shots in gallery.rows
    )
    note = f'<p class="measured">{_escape(gallery.caption)}</p>'
    return f'<div class="gallery">\n{note}\n{_join(rows)}\n</div>'


def _write_shot(shot: Shot) -> str:
    image = Image.fromarray(np.ascontiguousarray(shot.picture))
    image.thumbnail((LONGEST_SIDE_PX, LONGEST_SIDE_PX))
    buffer = io.BytesIO()
    image.save(buffer, "webp", quality=82)
    width, height = image.size
    return (
        f'<figure><img src="{_as_uri("image/webp", buffer.getvalue())}" width="{width}" '
        f'height="{height}" alt="{_escape(shot.alt)}">'
        f"<figcaption>{_escape(shot.caption)}</figcaption></figure>"
    )


def _as_uri(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"


def _escape(words: str) -> str:
    return escape(keep_printable(words), quote=True)


def _join(parts) -> str:
    return "\n".join(parts)
