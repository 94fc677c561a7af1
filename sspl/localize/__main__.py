"""Where does the sound come from? A picture and a sound, or a video, on the command line.

python -m sspl.localize picture.jpg sound.wav -o map.png
python -m sspl.localize picture.jpg sound.wav -o steps.gif
python -m sspl.localize clip.mp4 -o heat.mp4
"""

import sys
from collections.abc import Sequence

import tyro

from sspl.command import run_command, share_cores
from sspl.localize.options import Options


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    prog = "python -m sspl.localize"
    return run_command(lambda: _work(tyro.cli(Options, args=arguments, prog=prog)))


def _work(options: Options) -> None:
    share_cores()
    # Help, and what is wrong with the options, come without PyTorch, which takes a second.
    from sspl.localize.work import localize_files

    localize_files(options)


if __name__ == "__main__":
    sys.exit(run())
