"""Render phrases of every instrument of a soundfont: sounds to learn from.

    python -m sspl.prepare.render --soundfont FluidR3_GM.sf2 --out runs/phrases

For `sspl.training.distill`, which wants many kinds of sounds and no label.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import tyro
from tqdm import tqdm

from sspl.command import run_command
from sspl.data.stores import count_cores
from sspl.data.workers import open_threads
from sspl.media.files import MediaError
from sspl.media.sounds import write_audio
from sspl.prepare.phrases import PERCUSSION, Phrase, check_renderer, render_phrase

KITS = (0, 8, 16, 24, 25, 32, 40, 48)  # General MIDI 2's of percussion, by program
INSTRUMENTS = (*((0, program) for program in range(128)), *((PERCUSSION, kit) for kit in KITS))


def main(soundfont: Path, out: Path, num: int = 3) -> None:
    """Render phrases of every instrument of a General MIDI soundfont; what is there stays.

    Args:
        soundfont: an .sf2 file.
        out: a folder for BANK-PROGRAM-NUMBER.flac.
        num: phrases of each instrument.
    """
    check_renderer(soundfont)
    out.mkdir(parents=True, exist_ok=True)
    phrases = [
        Phrase(soundfont=soundfont, bank=bank, program=program, seed=str(number))
        for bank, program in INSTRUMENTS
        for number in range(num)
    ]
    with open_threads(count_cores()) as pool:
        made = pool.map(lambda phrase: _write(phrase, out), phrases)
        faults = [fault for fault in tqdm(made, "render", len(phrases), unit="phrase") if fault]
    for fault in faults:
        print(f"left out: {fault}", file=sys.stderr)


def _write(phrase: Phrase, out: Path) -> str | None:
    """Render a phrase into its file, unless it is there; why not, if it cannot be."""
    path = out / f"{phrase.bank}-{phrase.program}-{phrase.seed}.flac"
    if not path.exists():
        try:
            write_audio(path, render_phrase(phrase))
        except MediaError as error:
            return str(error)
    return None


def run(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    return run_command(lambda: tyro.cli(main, args=arguments, prog="python -m sspl.prepare.render"))


if __name__ == "__main__":
    sys.exit(run())
