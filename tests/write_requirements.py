"""requirements.txt from pyproject.toml: a Space installs it before it has the rest.

python tests/write_requirements.py
"""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
HEADER = "# The package, its page, the notebooks; by `make requirements`, from pyproject.toml."


def format_requirements() -> str:
    """The text of requirements.txt."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    lines = [HEADER, *project["dependencies"]]
    for extra in ("app", "notebooks"):
        lines += [f"# [{extra}]", *extras[extra]]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (ROOT / "requirements.txt").write_text(format_requirements(), encoding="utf-8")
