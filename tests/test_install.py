"""What is installed does what the checkout does, from any folder, and nothing of it is missing."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from page_files import ROOT, serve
from write_requirements import format_requirements

from sspl.explorer.negatives import describe_full_runs

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
SOURCES = ("assets", "sspl", "LICENSE", "README.md", "pyproject.toml", "setup.py")
OF_EXTRAS = ("gradio", "gradio_client", "ipywidgets", "IPython", "jupyterlab", "moviepy")
SHORT = ("--data.num-train=64", "--train.batch-size=32", "--train.epochs=1", "--train.select=last")
THREE_LINES = """
import sys
from pathlib import Path

import sspl
from sspl.assets import find_assets
from sspl import Localizer, load_model

sample = find_assets() / "samples" / "orchestra-s4242-solo-00018"
picture, sound = sample.with_suffix(".png"), sample.with_suffix(".ogg")
trace = Localizer(load_model("tiny")).set_sample(picture, sound).trace()
assert trace.similarity[-1, 0].shape == (14, 14)
for path in (Path(sspl.__file__), find_assets()):
    assert path.is_relative_to(sys.argv[1]), path
"""


@dataclass(frozen=True, kw_only=True)
class Installed:
    """A wheel, installed without its dependencies, which are those of this Python.

    Attributes:
        site: the folder that holds it.
        elsewhere: another one, to work in.
        core: an environment in which the extras cannot be imported.
        whole: one in which they can.
    """

    site: Path
    elsewhere: Path
    core: dict[str, str]
    whole: dict[str, str]

    def run(self, *arguments: str) -> None:
        """Run Python on what needs no extra."""
        execute([sys.executable, *arguments], self.elsewhere, self.core)


def execute(command: Sequence[str], cwd: Path, environment: Mapping[str, str] | None = None) -> str:
    """What a command prints that ends well."""
    done = subprocess.run(command, cwd=cwd, env=environment, text=True, capture_output=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """From a copy of the sources, so that nothing is left in the checkout; by way of an sdist."""
    folder = tmp_path_factory.mktemp("installed")
    source, dist, site, elsewhere, blocked, temporary = (
        folder / name for name in ("source", "dist", "site", "elsewhere", "blocked", "temporary")
    )
    for made in (source, dist, elsewhere, blocked, temporary):
        made.mkdir()
    for name in SOURCES:
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source)
    build = "import sys; from setuptools import build_meta; build_meta.build_sdist(sys.argv[1])"
    execute([sys.executable, "-c", build, str(dist)], source)
    (sdist,) = dist.iterdir()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    offline = ["--no-deps", "--no-index"]
    wheel_it = [*pip, "wheel", *offline, "--no-build-isolation", "-w", str(dist), str(sdist)]
    execute(wheel_it, elsewhere)
    (wheel,) = dist.glob("*.whl")
    execute([*pip, "install", *offline, "--target", str(site), str(wheel)], elsewhere)
    for name in OF_EXTRAS:
        (blocked / f"{name}.py").write_text("raise ModuleNotFoundError(name=__name__)")
    whole = {**os.environ, "PYTHONPATH": str(site), "TMPDIR": str(temporary)}
    core = {**whole, "PYTHONPATH": f"{blocked}{os.pathsep}{site}"}
    return Installed(site=site, elsewhere=elsewhere, core=core, whole=whole)


def test_requirements_txt_says_what_pyproject_says():
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert text == format_requirements(), "run `make requirements`"


@pytest.mark.slow
def test_the_three_lines_of_the_readme(installed):
    installed.run("-c", THREE_LINES, str(installed.site))


@pytest.mark.slow
def test_a_training(installed):
    installed.run("-m", "sspl.train", "--preset", "tiny", *SHORT, "--out", "run")
    meta = json.loads((installed.elsewhere / "run" / "best" / "meta.json").read_text())
    assert meta["versions"]["commit"] is None


@pytest.mark.slow
@pytest.mark.parametrize("name", PROJECT["scripts"])
def test_a_console_script_says_what_it_does(installed, name):
    script = str(installed.site / "bin" / name)
    environment = installed.whole if name == "sspl-explorer" else installed.core
    assert "usage: " in execute([script, "--help"], installed.elsewhere, environment)


@pytest.mark.slow
def test_a_script_localizes_a_sample(installed):
    sample = installed.site / "sspl" / "_assets" / "samples" / "orchestra-s4242-solo-00018"
    files = [str(sample.with_suffix(suffix)) for suffix in (".png", ".ogg")]
    installed.run(str(installed.site / "bin" / "sspl-localize"), *files, "-o", "a.png")
    assert (installed.elsewhere / "a.png").stat().st_size > 10_000


@pytest.mark.slow
def test_the_page_without_its_extra_ends_with_a_sentence(installed):
    command = [sys.executable, "-m", "sspl.explorer"]
    done = subprocess.run(
        command, cwd=installed.elsewhere, env=installed.core, capture_output=True, text=True
    )
    assert done.returncode == 2
    assert done.stderr == "the page needs Gradio: install sspl with its extra [app]\n"


@pytest.mark.slow
def test_the_page_is_served_whole(installed, tmp_path):
    with serve(
        tmp_path,
        program=("-m", "sspl.explorer"),
        cwd=installed.elsewhere,
        environment=installed.whole,
    ) as server:
        with httpx.Client(base_url=server.url, trust_env=False) as browser:
            assert browser.get("/").status_code == 200
            head = browser.get("/config").json()["head"]
            modules = re.findall(r'rel="modulepreload" href="\.(/[^"]+)"', head)
            assert len(modules) == len(list((ROOT / "assets" / "page").rglob("*.js")))
            assert all(browser.get(module).status_code == 200 for module in modules)
            # The one file that Gradio sends, and it sends none from outside the working folder.
            video = click(browser, "Take our video")
            assert browser.get(video["url"]).headers["content-type"] == "video/mp4"
        assert server.complaints() == []


def click(browser: httpx.Client, button: str) -> dict:
    """What the page receives for a click on a button that asks for nothing."""
    config = browser.get("/config").json()
    (id,) = (part["id"] for part in config["components"] if part["props"].get("value") == button)
    (event,) = (event for event in config["dependencies"] if [id, "click"] in event["targets"])
    asked = {"data": [], "fn_index": event["id"], "session_hash": "visitor"}
    browser.post("/gradio_api/queue/join", json=asked)
    visitor = {"session_hash": "visitor"}
    with browser.stream("GET", "/gradio_api/queue/data", params=visitor, timeout=60) as lines:
        for line in lines.iter_lines():
            if "process_completed" in line:
                return json.loads(line.removeprefix("data: "))["output"]["data"][0]
    raise AssertionError("no answer")


@pytest.mark.slow
def test_the_page_finds_the_full_runs_and_their_figures(installed):
    code = "import json; from sspl.explorer.negatives import describe_full_runs as describe; "
    code += "print(json.dumps(describe()))"
    found = execute([sys.executable, "-c", code], installed.elsewhere, installed.whole)
    assert json.loads(found) == json.loads(json.dumps(describe_full_runs()))
