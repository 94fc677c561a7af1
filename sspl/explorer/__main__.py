"""SSPL Explorer in the browser: where in the picture is what we hear, cycle by cycle?

python -m sspl.explorer
python -m sspl.explorer --model runs/mine/best --port 8000
python -m sspl.explorer --host 0.0.0.0               # for others on the network, too
python -m sspl.explorer --mcp                        # also for agents, as an MCP server
"""

import sys
from collections.abc import Sequence

import tyro

from sspl.command import run_command, share_cores
from sspl.explorer.serve import Options, serve_page


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    share_cores()
    prog = "python -m sspl.explorer"
    return run_command(lambda: serve_page(tyro.cli(Options, args=arguments, prog=prog)))


if __name__ == "__main__":
    sys.exit(run())
