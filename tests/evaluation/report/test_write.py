"""A report as a whole: everything is in it, it is there whole or not at all, and it is replaced."""

import json
import re
import shutil

import numpy as np
import pytest
from fake_result import make_examples, make_mosaic, make_result
from PIL import Image

from sspl.evaluation.report import format_markdown, write_report
from sspl.evaluation.report.sections import describe_result, explain_words

LABELS = ("dog", "<script>alert(1)</script>", "日本 | $x$", "a" * 80)
PICTURES = {
    "success-sspl.svg", "success-lvs.svg", "cycles.svg", "listening.svg", "listening.jpg",
    "samples.jpg", "classes.svg",
}  # fmt: skip
TEXTS = {"result.json", "samples.jsonl", "report.md", "report.html"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "new" / "report"
    result = make_result(LABELS)
    samples = ({"id": str(k), "ciou": {"sspl": 0.5}} for k in range(3))
    write_report(folder, result, samples, make_examples(LABELS[1]))
    return folder


def make_small(**changes) -> dict:
    """A result of one protocol without what may be missing."""
    result = make_result(protocols=("sspl",)) | changes
    for key in ("refined", "ceiling", "floors", "extended", "multi_source", "per_class", "notes"):
        del result[key]
    del result["listening"]["other"], result["listening"]["silent"]
    del result["per_cycle"][1:]
    return result


# --- The text ---------------------------------------------------------------------------------


def test_every_table_says_on_what_it_was_measured():
    text = format_markdown(make_result(LABELS))
    headings = re.findall(r"^### .*\n\n((?:.+\n)+)\n\|", text, re.MULTILINE)
    assert len(headings) == text.count("\n### ") == 7
    for heading in headings:
        line = " ".join(heading.split())
        for fact in ("vggss-4692", "n = ", "data clips", "test, unseen", "by val", "mine/best"):
            assert fact in line
    by_n = [re.findall(r"n = (\d+)", heading)[0] for heading in headings]
    assert by_n == ["60", "60", "64", "7", "60", "60", "60"]


def test_mosaics_have_a_section_a_sentence_and_their_word():
    result = make_result() | {"mosaic": make_mosaic(0.8, [0.7, 0.9])}
    text = format_markdown(result)
    assert "## Which picture sounds?" in text
    for row in (
        "model", "t = 1", "t = 3", "another class", "silence", "floor: centred disc", "chance",
    ):  # fmt: skip
        assert f"\n| {row} " in text.split("### Which of 2 pictures sounds")[1]
    assert text.count("It chooses by the sound") == 2
    (terms,) = explain_words(result).blocks
    assert "Tile accuracy" in terms.meanings
    assert "Which picture" not in format_markdown(make_result())


def test_the_text_holds_every_number():
    result = make_result(LABELS)
    text = format_markdown(result)

    def check(numbers):
        for key, value in numbers.items():
            if isinstance(value, dict):
                check(value)
            elif isinstance(value, float):
                assert f"{value:.3f}" in text, key

    for sound in result["listening"].values():
        del sound["auc"], sound["mean_ciou"]  # these are in result.json
    check(result | {f"t = {cycle['t']}": cycle for cycle in result["per_cycle"]})
    low, high = result["protocols"]["lvs"]["auc_ci95"]
    assert f"({low:.3f} to {high:.3f})" in text
    assert "Two rows have no label." in text
    assert "![" not in text


def test_a_small_result():
    text = " ".join(format_markdown(make_small(n=1)).split())
    assert "no floor to compare it with" in text
    assert "not known" in text
    for word in ("refined", "floor:", "| ceiling", "Class", "AP", "NSA", "another class"):
        assert word not in text.split("## Scores")[1]


def test_selection_by_the_test_split_is_said():
    assert "no test any more" in format_markdown(make_result() | {"selection": "test"})


def test_very_many_classes():
    result = make_result(tuple(f"class {k:03}" for k in range(220)), ("sspl",))
    text = format_markdown(result)
    assert "The best 15 and the worst 15 of 220 classes" in text
    assert "| 190 more " in text
    assert len(re.findall(r"^\| class \d", text, re.MULTILINE)) == 30


def test_the_text_draws_nothing(monkeypatch):
    monkeypatch.setattr("matplotlib.figure.Figure.subplots", None)
    format_markdown(make_result())


# --- The folder -------------------------------------------------------------------------------


def test_the_folder_holds_everything(folder):
    assert {path.name for path in folder.iterdir()} == TEXTS | PICTURES
    assert json.loads((folder / "result.json").read_text())["n"] == 60
    rows = [json.loads(line) for line in (folder / "samples.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["0", "1", "2"]
    markdown = (folder / "report.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\]\((.*?)\)\n", markdown)) == PICTURES
    assert "## What the words mean" in markdown
    with Image.open(folder / "listening.jpg") as sheet:
        assert np.asarray(sheet).std() > 20


def test_the_page_shows_it_all(folder):
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert page.count("<table>") == 7
    assert page.count('class="chart"') == 5
    assert page.count("data:image/webp") == 3 * 3 + 3
    assert "<script" not in page
    assert "日本 | $x$" in page
    assert "AP, max-F1, LocAcc</dt>" in page


def test_an_older_report_is_replaced_and_other_files_stay(folder, tmp_path):
    old = shutil.copytree(folder, tmp_path / "report")
    (old / "mine.txt").write_text("mine")
    result = make_small()
    write_report(old, result, [], [])
    left = PICTURES - {"success-lvs.svg", "cycles.svg", "listening.jpg", "samples.jpg"}
    assert {path.name for path in old.iterdir()} == TEXTS | (left - {"classes.svg"}) | {"mine.txt"}
    assert (old / "samples.jsonl").read_text() == ""
    assert json.loads((old / "result.json").read_text())["n"] == 60


@pytest.mark.parametrize("fault", ["generator", "nan"])
def test_what_fails_leaves_the_older_report_as_it_was(folder, tmp_path, fault):
    old = shutil.copytree(folder, tmp_path / "report")
    before = {path.name: path.read_bytes() for path in old.iterdir()}

    def fail():
        yield {"id": "1"}
        raise KeyboardInterrupt

    result = make_small(seed=float("nan") if fault == "nan" else 0)
    with pytest.raises((KeyboardInterrupt, ValueError)):
        write_report(old, result, fail() if fault == "generator" else [], [])
    assert {path.name: path.read_bytes() for path in old.iterdir()} == before


def test_a_file_in_the_way_is_said(tmp_path):
    (tmp_path / "taken").write_text("")
    with pytest.raises(ValueError, match="name another folder"):
        write_report(tmp_path / "taken", make_small(), [], [])


def test_sections_come_in_the_order_of_reading():
    titles = [section.title for section in describe_result(make_result(), make_examples())]
    assert titles[:2] == ["In short", "Scores, floors, ceiling"]
    assert titles[4:] == [
        "Does it listen?", "Best, median, worst", "Class by class", "How it was measured",
    ]  # fmt: skip
