"""SSPL Explorer in the browser: where in the picture is what we hear, cycle by cycle?

python -m sspl.explorer
python -m sspl.explorer --model runs/mine/best --port 8000
python -m sspl.explorer --mcp                        # also for agents, as an MCP server
"""

import sys
from collections.abc import Sequence

import tyro

from sspl.command import run_command
from sspl.explorer.app import serve_page


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    prog = "python -m sspl.explorer"
    return run_command(lambda: tyro.cli(serve_page, args=arguments, prog=prog))


if __name__ == "__main__":
    sys.exit(run())
