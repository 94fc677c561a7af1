"""The page: well-formed, whole in itself, and it shows words without acting on them."""

from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.figure import Figure

from sspl.evaluation.report.document import (
    Chart,
    Gallery,
    Headline,
    Points,
    Section,
    Shot,
    Table,
    Terms,
)
from sspl.evaluation.report.page import to_html

NASTY = "<script>alert('x')</script> & \"quotes\" ' 日本\x00"
SHOWN = "<script>alert('x')</script> & \"quotes\" ' 日本 "
VOID = {"meta", "img", "br"}


class Reader(HTMLParser):
    """Reads a page strictly: every element is closed where it was opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.words.append(data)

    def find(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="module")
def page() -> str:
    shot = Shot(picture=np.zeros((600, 300, 3), np.uint8), alt=NASTY, caption=NASTY)
    blocks = [
        NASTY,
        Points(points=[NASTY]),
        Headline(numbers=[(NASTY, NASTY, NASTY)]),
        Terms(meanings={NASTY: NASTY}),
        Table(
            title=NASTY,
            measured=NASTY,
            columns=(NASTY, "x"),
            rows=[(NASTY, (NASTY, NASTY))] * 2,
            strong=1,
        ),
        Chart(file="a.svg", draw=Figure, alt=NASTY, caption=NASTY),
        Gallery(file="b.jpg", draw=Figure, alt=NASTY, caption=NASTY, rows=[(NASTY, [shot] * 2)]),
    ]
    return to_html(NASTY, [Section(title="Does it listen?", blocks=blocks)])


def test_words_are_shown_and_nothing_else(page):
    reader = Reader(page)
    assert not reader.find("script")
    words = [word for word in reader.words if word.strip() and word != "Does it listen?"]
    assert len(words) == 24
    assert all(word.strip("() ") == SHOWN.strip() for word in words if word.strip() != "x")
    assert {image["alt"] for image in reader.find("img")} == {SHOWN}


def test_nothing_comes_from_elsewhere(page):
    reader = Reader(page)
    for _, attributes in reader.elements:
        assert str(attributes.get("src", "data:image/")).startswith("data:image/")
        assert str(attributes.get("href", "#")).startswith("#")
    assert "url(" not in page
    assert "@import" not in page
    policies = [meta.get("content") for meta in reader.find("meta") if "http-equiv" in meta]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_tables_and_headings_say_what_they_head(page):
    reader = Reader(page)
    assert [cell["scope"] for cell in reader.find("th")] == ["col", "col", "row", "row"]
    assert len(reader.find("caption")) == 1
    assert [row.get("class") for row in reader.find("tr")] == [None, None, "strong"]
    headings = [name for name, _ in reader.elements if name in ("h1", "h2", "h3")]
    assert headings == ["h1", "h2", "h3"]
    assert reader.find("a")[0]["href"] == "#" + str(reader.find("h2")[0]["id"])
    assert reader.find("html")[0]["lang"] == "en"


def test_pictures_are_as_large_as_they_are_shown(page):
    sizes = {(image.get("width"), image.get("height")) for image in Reader(page).find("img")}
    assert sizes == {(None, None), ("192", "384")}  # a chart fits the page


def test_it_follows_the_reader(page):
    for query in ("prefers-color-scheme: dark", "max-width: 40rem", "@media print"):
        assert query in page
    assert 'name="viewport"' in page
