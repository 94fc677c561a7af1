"""The lessons: complete as they lie there, and each runs, its widgets and its solutions too.

Run with nbclient rather than nbmake, which executes a notebook as it lies there: here the widgets
are moved, and the solutions run in the same kernel. Besides, to capture what a widget shows, both
play the browser's part, and nbclient 0.11 may then wait for a reply that has long arrived, until
the time is up. With an empty `widget_registry` it does not play, and what a widget shows lands in
the cell.
"""

import re
import shlex
from functools import cache
from importlib.metadata import requires
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from packaging.requirements import Requirement

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "notebooks"
LESSONS = (
    "01_look_and_listen",
    "02_attention_module",
    "03_predictive_coding_step_by_step",
    "04_train_sspl",
    "05_ablations",
    "06_false_negatives",
    "07_predictive_attention",
)
MOST_BYTES = 700_000
MOST_LINES, MOST_IMPORTS = 25, 45
LESSON_S = 300  # on two cores; the limit
BADGE = (
    "[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]"
    "(https://colab.research.google.com/github/)"
)
# Of our requirements what Colab has installed (googlecolab/backend-info, pip-freeze.txt of
# 2026-08-19), in versions that run the lessons, and what no lesson needs.
ON_COLAB = {
    *("torch", "torchvision", "torchaudio", "accelerate", "defusedxml", "filelock"),
    *("huggingface_hub", "imageio-ffmpeg", "ipywidgets", "matplotlib", "numpy", "pillow"),
    *("psutil", "safetensors", "soundfile", "tqdm"),
}
IN_NO_LESSON = {"gradio", "jupyterlab", "pi-heif"}
SOLUTION = re.compile(r"<details><summary>Solution (\d)</summary>\n\n(.*)\n</details>", re.DOTALL)
# Every widget of a notebook to another state. What goes wrong there shows as an error output.
MOVE_WIDGETS = """
import gc, ipywidgets
for _shown in [w for w in gc.get_objects() if isinstance(w, ipywidgets.interactive)]:
    for _part in _shown.kwargs_widgets:
        if isinstance(_part, ipywidgets.Checkbox):
            _part.value = not _part.value
        elif isinstance(_part, ipywidgets.Dropdown):
            _part.index = len(_part.options) - 1
        else:
            _part.value = _part.max
"""


@cache
def read_lesson(name):
    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def cells(name, kind):
    return [cell for cell in read_lesson(name).cells if cell.cell_type == kind]


def text(name):
    return "\n\n".join(cell.source for cell in cells(name, "markdown"))


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def read_solutions(name):
    """The Python of each solution, in order."""
    solutions = [SOLUTION.fullmatch(cell.source) for cell in cells(name, "markdown")]
    return [
        "\n".join(re.findall(r"```python\n(.*?)```", found[2], re.DOTALL))
        for found in solutions
        if found
    ]


def test_the_lessons_are_there_and_no_other():
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == list(LESSONS)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_has_all_its_parts(name):
    told = text(name)
    assert told.startswith(f"# {int(name[:2])}. ")
    opening = cells(name, "markdown")[0].source
    for part in ("**You will learn**", "**Time**", "**You need**", "On Colab", "pip install"):
        assert part in opening
    assert told.count("$$") >= 2, "an equation"
    assert told.count("$$") % 2 == 0
    assert told.count("> **Question.**") >= 4
    assert "## What to take along" in told
    asked = re.findall(r"^(\d)\. \*\*", told.split("## Exercises")[1], re.MULTILINE)
    assert asked == ["1", "2", "3", "4"]
    assert len(read_solutions(name)) == told.count("<details>") == 4
    numbers = [SOLUTION.fullmatch(cell.source) for cell in cells(name, "markdown")]
    assert [found[1] for found in numbers if found] == asked


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_has_widgets_and_figures_that_show_on_github(name):
    widgets = [cell for cell in cells(name, "code") if "interact(" in cell.source]
    assert len(widgets) >= (3 if name < "03" else 1)
    assert all("widget" in cell.metadata.tags for cell in widgets)
    figures = [
        output for output in outputs(read_lesson(name)) if "image/png" in output.get("data", {})
    ]
    assert len(figures) >= 5
    for figure in figures:
        assert len(figure.metadata["image/png"]["alt"]) > 20
    assert text(name).count("*Figure: ") >= 3


@pytest.mark.parametrize("name", LESSONS)
def test_outputs_are_committed_and_clean(name):
    notebook = read_lesson(name)
    nbformat.validate(notebook)
    counts = [cell.execution_count for cell in cells(name, "code")]
    assert counts == list(range(1, len(counts) + 1)), "run from top to bottom, once"
    for output in outputs(notebook):
        assert output.output_type != "error"
        assert output.get("name") != "stderr"
        assert not any("widget" in kind for kind in output.get("data", {}))
    assert "widgets" not in notebook.metadata, "the state of widgets"
    assert notebook.metadata.kernelspec.name == "python3"
    assert (FOLDER / f"{name}.ipynb").stat().st_size <= MOST_BYTES
    raw = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert not re.search(r"[\"' (]/(home|root|tmp|Users|usr|opt|mnt|work)/", raw), (
        "a path of a machine"
    )


@pytest.mark.parametrize("name", LESSONS)
def test_cells_are_short(name):
    for cell in cells(name, "code"):
        most = MOST_IMPORTS if cell.source.startswith("import os") else MOST_LINES
        assert len(cell.source.splitlines()) <= most, cell.source


@pytest.mark.parametrize("name", LESSONS)
def test_links_lead_somewhere(name):
    told = text(name)
    assert told.count(BADGE) == 1
    for target in re.findall(r"\]\(([^)]+)\)", told.replace(BADGE, "")):
        assert (FOLDER / target).exists(), target


@pytest.mark.parametrize("name", LESSONS)
def test_on_colab_a_lesson_installs_what_is_lacking_and_leaves_pytorch_alone(name):
    first = cells(name, "code")[0].source
    assert first == cells(LESSONS[0], "code")[0].source
    package, rest, _ = re.findall(r"%pip install -q (.+)", first)
    assert package == "--no-deps git+{REPOSITORY}"
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    ours = [Requirement(line) for line in lines if not line.startswith("#")]
    asked = {wanted.name: str(wanted.specifier) for wanted in ours}
    lacking = [Requirement(wanted) for wanted in shlex.split(rest)]
    assert set(asked) <= ON_COLAB | IN_NO_LESSON | {wanted.name for wanted in lacking}
    for wanted in lacking:
        assert str(wanted.specifier) in ("", asked[wanted.name])
        brought = [line for line in requires(wanted.name) or () if "extra ==" not in line]
        assert not [line for line in brought if line.startswith("torch")]


@pytest.mark.slow
@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_runs(name):
    notebook = nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)
    lesson = len(notebook.cells)
    more = [MOVE_WIDGETS, *read_solutions(name)]
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in more]
    client = NotebookClient(
        notebook,
        timeout=LESSON_S,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
    )
    client.widget_registry = {}
    client.execute()
    assert not [output for output in outputs(notebook) if output.output_type == "error"]
    # Bars of progress, which a solution may show, begin by going back to the start of the line.
    said = [output for output in outputs(notebook) if output.get("name") == "stderr"]
    assert not [output.text for output in said if not output.text.startswith(("\r", "\n"))]
    told = [
        cell for cell in notebook.cells[lesson + 1 :] if cell.outputs or "assert" in cell.source
    ]
    assert len(told) == len(more) - 1, "a solution shows something, or checks it"
