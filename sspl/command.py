"""How every command of ours ends: 0, 2 with one sentence for a person's mistake, 130 for Ctrl-C."""

import sys
from collections.abc import Callable


def run_command(work: Callable[[], object]) -> int:
    """Do the work of a command, the reading of its options included; returns the exit status."""
    try:
        work()
    except ValueError as error:
        print((str(error) or repr(error)).splitlines()[0], file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped; nothing half-written is left.", file=sys.stderr)
        return 130
    return 0
