"""How every command gives its result, and how it ends.

0, or what the command says (1: finished, but not with everything), 2 for a mistake, 130 for Ctrl-C.
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sspl.media.files import write_json


def share_cores() -> None:
    """Let PyTorch's threads sleep while they wait for each other; to be called before its import.

    They would spin, on cores that ffmpeg, a browser or another visitor could use: a video takes
    twice as long then, and on a busy machine ten times.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def give_result(result: Any, table: str, json_path: str | None) -> None:
    """Print a result as a table and write it as JSON; for the path "-" print the JSON alone."""
    if json_path == "-":
        print(json.dumps(result, indent=1))
        return
    print(table)
    if json_path:
        write_json(Path(json_path), result)


def run_command(work: Callable[[], int | None]) -> int:
    """Do the work of a command, the reading of its options included; returns the exit status.

    `work` may return one of its own; None is 0.
    """
    try:
        return work() or 0
    except ValueError as error:
        print((str(error) or repr(error)).splitlines()[0], file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; nothing half-written is left.", file=sys.stderr)
        return 130
