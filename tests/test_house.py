"""The house as a whole: imports go one way, names are the field's, files are short, README true."""

import ast
import io
import re
import tokenize
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "sspl"

# A file or room imports from rows above its own only; within a room, files form no circle.
ROWS = [
    "assets attention audio heads metrics pcm",
    "encoders media objectives",
    "baselines command upgrades",
    "config weights",
    "model",
    "predictive_attention",
    "build data trace_stats",
    "checkpoint encode plots sliding_window",
    "evaluation localizer",
    "training",
    "presets",
    "author_layout cost zoo",
    "prepare train evaluate localize",
    "experiments",
    "explorer",
]
LEVEL = {"": -1} | {name: level for level, row in enumerate(ROWS) for name in row.split()}
# What is run by name, and imported by nobody: `__main__` of any room, and these.
COMMANDS = {
    "sspl.train",
    "sspl.evaluate",
    "sspl.training.pretrain",
    "sspl.training.distill",
    "sspl.training.stand_ins",
    "sspl.prepare.render",
    "sspl.evaluation.sheet",
    "sspl.experiments.write_zoo",
}
BOTH = {"sspl.cost"}  # run too, but Table S6 asks it for its numbers

MOST_LINES = 350
REASON = re.compile(r"\b(Long|One file) (because|since)\b")

# Names of an older version, as they stood between the underscores of an identifier; those of two
# words are a sequence.
OLD_NAMES = {
    "eyes", "ears", "see", "hear", "listen", "tie", "leave out", "examine", "presence", "duets",
    "shelf", "dial", "race", "exhibit", "exhibits", "doors", "visitors", "place", "places", "told",
}  # fmt: skip
OLD_CLASSES = {"Asked", "Scale"}
OTHERS_NAMES = {"_TIE"}  # the list of VGG-SS is in the repository SSL-TIE


def name_module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_module(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def list_imports(module: str) -> set[str]:
    """The modules of the package that one imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(MODULES[module].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{module} imports by a relative name"
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else str(node.module) for name in inner}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name in MODULES} - {module}


def find_room(module: str) -> str:
    """The file at the top, or the folder, that a module is or is in; "" of the package itself."""
    return module.split(".")[1] if "." in module else ""


def find_level(module: str) -> int:
    """The row of a module; a command that is kept in a room stands where all commands do."""
    room = LEVEL[find_room(module)]
    return max(room, LEVEL["train"]) if module in COMMANDS else room


def test_imports_go_one_way():
    wrong = []
    for module in MODULES:
        room = find_room(module)
        if not room:
            continue
        assert room in LEVEL, f"give {room} a row in this test"
        wrong += [
            f"{module} imports {name}"
            for name in list_imports(module)
            if find_room(name) != room and LEVEL.get(find_room(name), 99) >= find_level(module)
        ]
    assert wrong == []
    assert set(LEVEL) == {find_room(module) for module in MODULES}


def test_no_import_comes_back_to_where_it_began():
    """Within a room too."""
    state: dict[str, str] = {}

    def visit(module: str, way: tuple[str, ...]) -> None:
        assert state.get(module) != "on the way", " -> ".join([*way, module])
        if module not in state:
            state[module] = "on the way"
            for name in sorted(list_imports(module)):
                if not is_a_rooms_own_list(module, name):
                    visit(name, (*way, module))
            state[module] = "done"

    for module in MODULES:
        visit(module, ())


def is_a_rooms_own_list(module: str, name: str) -> bool:
    """Whether `name` is the `__init__` of the folder that a module is in."""
    return MODULES[name].name == "__init__.py" and module.startswith(f"{name}.")


def test_a_config_knows_nothing_of_data():
    seen, waiting = set(), {"sspl.config"}
    while waiting:
        module = waiting.pop()
        seen.add(module)
        waiting |= list_imports(module) - seen
    rooms = {find_room(module) for module in seen}
    assert rooms <= {"config", "attention", "audio", "baselines", "encoders", "heads", "objectives"}


def test_library_code_imports_no_command():
    runs = {
        module
        for module, path in MODULES.items()
        if path.name == "__main__.py"
        or re.search(r"^if __name__ ==", path.read_text("utf-8"), re.MULTILINE)
    }
    named = {module for module in runs if not module.endswith(".__main__")}
    assert named <= COMMANDS | BOTH, "say in this test whether it is a command or both"
    commands = runs - BOTH
    importers = {
        f"{module} imports {name}"
        for module in MODULES
        for name in list_imports(module)
        if name in commands
    }
    assert importers == set()


def test_the_readmes_tree_is_the_real_one():
    tree = (ROOT / "README.md").read_text(encoding="utf-8").split("```text")[1].split("```")[0]
    listed = set(re.findall(r"^\s*([\w./]+\.py)\b", tree, re.MULTILINE))
    real = {p.name for p in PACKAGE.glob("*.py")} - {"__init__.py"}
    assert real <= {Path(name).name for name in listed}
    assert all(list(ROOT.rglob(Path(name).name)) for name in listed)
    rooms = set(re.findall(r"^  (\w+)/", tree, re.MULTILINE))
    assert rooms == {path.parent.name for path in PACKAGE.glob("*/__init__.py")}


def test_the_top_of_the_package_can_be_taken_in():
    assert len(list(PACKAGE.glob("*.py"))) <= 26


@pytest.mark.parametrize("folder", ["sspl", "assets/page"])
def test_a_file_is_short_or_says_why_not(folder):
    files = [p for p in (ROOT / folder).rglob("*") if p.suffix in (".py", ".js", ".css")]
    assert files
    long = {}
    for path in files:
        lines = path.read_text(encoding="utf-8").splitlines()
        if len(lines) > MOST_LINES and not REASON.search(" ".join(lines[:12])):
            long[path.relative_to(ROOT / folder).as_posix()] = len(lines)
    assert long == {}


# --- Names ------------------------------------------------------------------------------------


def list_code() -> list[Path]:
    folders = (PACKAGE, ROOT / "benchmarks")
    return [ROOT / "app.py", *(path for folder in folders for path in sorted(folder.rglob("*.py")))]


def find_old_names(source: str) -> set[str]:
    """The identifiers of a source that hold an old name."""
    found = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.NAME or token.string in OTHERS_NAMES:
            continue
        words = " ".join(part for part in token.string.lower().split("_") if part)
        if token.string in OLD_CLASSES or any(f" {old} " in f" {words} " for old in OLD_NAMES):
            found.add(token.string)
    return found


def test_old_names_are_found():
    source = "self.eyes = tie_weight + LEAVE_OUT  # place\nclass Asked: pass\nnetties = 'ears'\n"
    assert find_old_names(source) == {"eyes", "tie_weight", "LEAVE_OUT", "Asked"}


ROOMS = sorted({"/".join(path.relative_to(ROOT).parts[:2]) for path in list_code()})


@pytest.mark.parametrize("room", ROOMS)
def test_no_old_name_is_left_in_code(room):
    """But in what reads the older versions, where alone they are known: as strings."""
    found = {
        str(path.relative_to(ROOT)): old
        for path in list_code()
        if "/".join(path.relative_to(ROOT).parts[:2]) == room
        and (old := find_old_names(path.read_text(encoding="utf-8")))
    }
    assert found == {}
