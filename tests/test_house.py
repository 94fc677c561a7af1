"""The house as a whole: imports go one way, and the README's tree is the real one."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
# A module may import from rows above its own, and from its own row.
ROWS = [
    "command files encoders pcm heads attention objectives baselines metrics floors",
    "presence duets audio",
    "ffmpeg weights",
    "media",
    "video",
    "data",
    "prepare",
    "config",
    "model collapse",
    "build",
    "checkpoint author_layout cost encode sources listening",
    "cycles pretrain trainer summary",
    "viz sliding examine",
    "charts",
    "localize report",
    "train evaluate",
    "experiments",
    "explorer",
]
LEVEL = {name: level for level, row in enumerate(ROWS) for name in row.split()}


def imported_modules(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("sspl."):
            names.add(node.module.split(".")[1])
        if isinstance(node, ast.Import):
            names |= {a.name.split(".")[1] for a in node.names if a.name.startswith("sspl.")}
    return names


def test_imports_go_one_way():
    wrong = []
    for path in sorted((ROOT / "sspl").rglob("*.py")):
        module = path.relative_to(ROOT / "sspl").parts[0].removesuffix(".py")
        if module == "__init__" or path.name == "__main__.py":
            continue
        assert module in LEVEL, f"give {module} a row in this test"
        wrong += [
            f"{module} imports {name}"
            for name in imported_modules(path)
            if name != module and LEVEL[name] > LEVEL[module]
        ]
    assert wrong == []


def test_the_readmes_tree_is_the_real_one():
    tree = (ROOT / "README.md").read_text().split("```text")[1].split("```")[0]
    listed = set(re.findall(r"^\s*([\w./]+\.py)\b", tree, re.MULTILINE))
    real = {p.name for p in (ROOT / "sspl").glob("*.py")} - {"__init__.py"}
    assert real <= {Path(name).name for name in listed}
    assert all(list(ROOT.rglob(Path(name).name)) for name in listed)
