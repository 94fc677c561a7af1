"""Every command that the papers, the lessons, the page and the docstrings name is one that runs.

Each is handed to its own module's parser, and stopped before it does anything.
"""

import functools
import importlib.util
import inspect
import json
import re
import runpy
import shlex
import sys
from pathlib import Path

import nbformat
import pytest
import tyro
import tyro.extras

from sspl.experiments.engine.results import TINY_RESULTS, load_results

ROOT = Path(__file__).parent.parent
PAPERS = ("*.md", "docs/*.md", "assets/*.md", "assets/models/*.md")
NAMED = re.compile(
    r"(?:^|[\s`\"(>])(?:python3? |torchrun [^`\n]*?)-m ((?:sspl|benchmarks)[\w.]*)([^`\n]*)"
)
ELLIPSIS = "..."  # stands for what a person chooses
CHOSEN = {"--preset": "light"}  # what a person would choose for it
# Nobody types the module alone: it is named to say which program is meant.
NAMES_ONLY = {
    "sspl.train",
    "sspl.evaluate",
    "sspl.localize",
    "sspl.prepare",
    "sspl.prepare.render",
    "sspl.experiments",
    "sspl.data.orchestra",
}


class Parsed(BaseException):
    """The parser was content; not an Exception, so that no command takes it for a failure."""


def find_commands(text: str) -> list[tuple[str, str]]:
    """(module, arguments) of each command in a text."""
    found = []
    for module, arguments in NAMED.findall(text.replace("\\\n", " ")):
        arguments = re.split(r"  +#|\s#\s|[\")]|, which|, once| first$", arguments)[0]
        arguments = arguments.split(" || ")[0].split(";")[0].strip(" .,:")
        if "{" in arguments or "$$" in arguments:
            continue
        if arguments or module.rstrip(".") not in NAMES_ONLY:
            found.append((module.rstrip("."), arguments))
    return found


def list_commands() -> list[tuple[str, str, str]]:
    """(where, module, arguments), each command once."""
    texts = {}
    for pattern in PAPERS:
        for path in ROOT.glob(pattern):
            if path.name != "LOG.md" and path.name != "CHANGELOG.md":  # they tell of older ones
                texts[str(path.relative_to(ROOT))] = path.read_text()
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        cells = nbformat.read(path, as_version=4).cells
        texts[path.name] = "\n".join(cell.source for cell in cells)
    for folder in ("sspl", "benchmarks", "assets/page"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in (".py", ".js"):
                texts[str(path.relative_to(ROOT))] = path.read_text()
    for name, result in load_results(TINY_RESULTS).items():
        texts[f"{name}.json"] = result["command"]
    commands = {}
    for where, text in texts.items():
        for module, arguments in find_commands(text):
            commands.setdefault((module, arguments), where)
    return [(where, *command) for command, where in commands.items()]


def parse_only(monkeypatch) -> None:
    """Let every parser stop the program once it has parsed."""
    cli = tyro.cli

    def stop_after(*args, **kwargs):
        program, *rest = args
        if inspect.isfunction(program):

            @functools.wraps(program)
            def stop(*_, **__):
                raise Parsed

            return cli(stop, *rest, **kwargs)
        parsed = cli(*args, **kwargs)
        if kwargs.get("return_unknown_args"):
            return parsed  # a first look, at the preset
        raise Parsed

    monkeypatch.setattr(tyro, "cli", stop_after)
    for name in ("overridable_config_cli", "subcommand_cli_from_dict"):
        monkeypatch.setattr(tyro.extras, name, _stop_at(getattr(tyro.extras, name)))


def _stop_at(parser):
    def stop_at(*args, **kwargs):
        parser(*args, **kwargs)
        raise Parsed

    return stop_at


def test_there_are_commands_to_check():
    commands = list_commands()
    assert len(commands) > 40
    assert {"README.md", "docs/training.md", "train.py"} <= {Path(w).name for w, *_ in commands} | {
        w for w, *_ in commands
    }


@pytest.mark.filterwarnings("ignore:.* found in sys.modules:RuntimeWarning")
@pytest.mark.parametrize(("where", "module", "arguments"), list_commands())
def test_a_named_command_is_understood(where, module, arguments, monkeypatch, capsys):
    words = shlex.split(arguments)
    for option, choice in CHOSEN.items():
        if option in words and words[words.index(option) + 1] == ELLIPSIS:
            words[words.index(option) + 1] = choice
    parse_only(monkeypatch)
    monkeypatch.setattr(sys, "argv", [module, *words])
    source = importlib.util.find_spec(module)
    assert source is not None, f"{where} names {module}, which is not there"
    if not reads_options(module):
        assert not words, f"{where}: {module} takes no options"
        return
    with pytest.raises((Parsed, SystemExit)) as ended:
        runpy.run_module(module, run_name="__main__")
    if isinstance(ended.value, SystemExit):  # a parser's own end, after its help or a mistake
        said = capsys.readouterr()
        assert not ended.value.code, f"{where}: {module} {arguments}: {said.out}{said.err}"
        assert "--help" in words


def reads_options(module: str) -> bool:
    spec = importlib.util.find_spec(module)
    if spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(f"{module}.__main__")
    return "tyro" in Path(spec.origin).read_text()


def test_results_name_the_experiment_they_are_of():
    for path in TINY_RESULTS.glob("*.json"):
        command = load_results(TINY_RESULTS)[path.stem]["command"]
        assert command.split()[3] == path.stem
        assert json.loads(path.read_text())["rows"]
