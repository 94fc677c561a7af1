"""The page's scripts: small modules that find each other, are found, and do what they say."""

import asyncio
import os
import re
import shutil
import subprocess
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from sspl.explorer.app import PAGE
from sspl.explorer.page_modules import PageModules, read_modules

ROOT = Path(__file__).parents[2]
MAX_LINES = 350
NODE = shutil.which("node")


@pytest.fixture(scope="module")
def modules():
    return read_modules(PAGE)


@pytest.fixture(scope="module")
def python():
    """What asks the page's scripts for something."""
    files = sorted((ROOT / "sspl" / "explorer").rglob("*.py"))
    return "".join(path.read_text(encoding="utf-8") for path in files)


def fetch(modules: PageModules, address: str, root_path: str = "") -> httpx.Response:
    """What a browser gets, through a proxy that has cut the root path off."""

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(Starlette(routes=[modules.route]), root_path=root_path)
        async with httpx.AsyncClient(transport=transport, base_url="http://page") as client:
            return await client.get(address)

    return asyncio.run(ask())


@pytest.mark.parametrize("root_path", ["", "/demo"])
def test_every_module_is_served_as_one_and_kept_for_good(modules, root_path):
    assert {"main.js", "inside/diagram.js"} <= set(modules.texts)
    for name, text in modules.texts.items():
        answer = fetch(modules, f"/{modules.address}/{name}", root_path)
        assert answer.text == text
        assert answer.headers["content-type"].startswith("text/javascript")
        assert "immutable" in answer.headers["cache-control"]


def test_nothing_else_is_served(modules):
    for name in ("stage.css", "../page.css", "package.json", ""):
        assert fetch(modules, f"/{modules.address}/{name}").status_code == 404


def test_another_text_has_another_address(modules):
    changed = PageModules(texts={**modules.texts, "spark.js": "// changed"})
    assert changed.address != modules.address
    assert changed.address in changed.head
    assert fetch(changed, f"/{modules.address}/main.js").status_code == 404


def test_a_folder_without_scripts_is_an_error(tmp_path):
    with pytest.raises(ValueError, match=r"no main\.js"):
        read_modules(tmp_path)


def test_every_import_leads_to_a_module_and_every_module_is_imported(modules):
    met = {"main.js"}
    for name, text in modules.texts.items():
        for path in re.findall(r'from "([^"]+)"', text):
            target = (PAGE / name).parent.joinpath(path).resolve().relative_to(PAGE)
            assert target.as_posix() in modules.texts, f"{name} imports {path}"
            met.add(target.as_posix())
    assert met == set(modules.texts)


def test_a_module_is_short_and_leaves_the_window_alone(modules):
    for name, text in modules.texts.items():
        assert text.count("\n") <= MAX_LINES, name
        code = "\n".join(line for line in text.splitlines() if not line.startswith("//"))
        assert "window.sspl" not in code, name


def test_what_python_asks_of_the_page_is_there(modules, python):
    exported = set(re.findall(r"^export function (\w+)", modules.texts["main.js"], re.MULTILINE))
    for names in re.findall(r"^export \{(.*?)\}", modules.texts["main.js"], re.MULTILINE):
        exported |= set(re.split(r"[,\s]+", names.strip()))
    asked = set(re.findall(r"\(await window\.sspl\)\.(\w+)", python)) | {"keep"}
    assert asked == exported


def test_every_component_that_the_browser_draws_has_its_drawer(modules, python):
    table = modules.texts["main.js"].split("const drawers = {")[1].split("};")[0]
    asked = re.findall(r'draw_in_browser\(\s*"(\w+)"', python)
    assert sorted(asked) == re.findall(r"(\w+):", table)


@pytest.mark.skipif(NODE is None, reason="node is not installed (apt install nodejs)")
def test_the_scripts_own_tests_pass():
    assert NODE is not None
    files = sorted((ROOT / "tests" / "page").glob("*.test.mjs"))
    run = subprocess.run(
        [NODE, "--test", *map(str, files)],
        env=os.environ | {"PAGE_MODULES": str(PAGE)},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout
