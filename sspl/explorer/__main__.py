"""SSPL Explorer in the browser: where in the picture is what we hear, cycle by cycle?

python -m sspl.explorer
python -m sspl.explorer --model runs/mine/best --port 8000
python -m sspl.explorer --mcp                        # also for agents, as an MCP server
"""

import sys
from collections.abc import Sequence

import tyro

from sspl.command import run_command, share_cores


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    return run_command(lambda: main(arguments))


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve the page.

    Raises:
        ValueError: for a mistake in the options, or where Gradio is not installed.
    """
    share_cores()
    # jsonschema, which Gradio imports, goes without this grammar of addresses where it is missing;
    # nothing here checks any, and it takes a fifth of the time until the page is ready.
    sys.modules.setdefault("rfc3987_syntax", None)  # pyright: ignore[reportArgumentType]
    try:
        from sspl.explorer.app import serve_page
    except ModuleNotFoundError as error:
        if error.name != "gradio":
            raise
        raise ValueError("the page needs Gradio: install sspl with its extra [app]") from error
    tyro.cli(serve_page, args=arguments, prog="python -m sspl.explorer")


if __name__ == "__main__":
    sys.exit(run())
