"""Write clips of the built-in world as real files, with a manifest.

python -m sspl.data.orchestra --out data/orchestra --seed 7 --num 100 --kinds solo duet silent
python -m sspl.data.orchestra --out data/films --seed 7 --num 5 --kinds duet --video
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, get_args

import numpy as np
import tyro
from tqdm import tqdm

from sspl.command import run_command
from sspl.data.manifest import read_fields, write_manifest
from sspl.data.orchestra.files import SoundFormat, swap_sound, write_clip, write_moving_clip
from sspl.data.orchestra.scenes import Kind, make_clip
from sspl.data.orchestra.videos import MovingClip, make_moving_clip

_SWAP = 6  # the random stream of a swapped sound; a clip's own are 0 to 2, the camera's is 5


@dataclass(frozen=True, kw_only=True)
class Options:
    """Write clips of orchestra, the built-in world, as pictures and sounds with a manifest."""

    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """the folder to write to; clips are added to those that it holds"""
    seed: int = 0
    """of the world; other seeds share no clip"""
    num: int = 10
    """how many clips"""
    kinds: tuple[Kind, ...] = ("solo",)
    """clip i is of the kind that is its turn"""
    only: tuple[str, ...] = ()
    """instead of --num and --kinds: chosen clips, such as solo:3 duet:17"""
    video: bool = False
    """write videos of 9 s in which players take turns, with a row for each turn"""
    swap: bool = False
    """beside each silent clip, the sound of the instrument that was silent"""
    image_px: int = 256
    """side of the pictures and videos"""
    sound: SoundFormat = "wav"
    """format of the sounds"""
    split: str = "test"
    """what the manifest calls the split"""


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    prog = "python -m sspl.data.orchestra"
    return run_command(lambda: write_all(tyro.cli(Options, args=arguments, prog=prog)))


def write_all(options: Options) -> None:
    """Write every clip, and then the manifest with the rows that it had and the new ones.

    Raises:
        ValueError: for a mistake in the options, or where files cannot be written.
    """
    chosen = choose_clips(options)
    folder = options.out
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file: choose another --out.")
    folder.mkdir(parents=True, exist_ok=True)
    rows = read_fields(folder)
    for kind, index in tqdm(chosen, unit="clip", desc=str(folder), disable=None):
        make = make_moving_clip if options.video else make_clip
        clip = make(options.seed, index, kind, options.image_px)
        if any(row["id"].startswith(clip.id) for row in rows):
            raise ValueError(f"{folder} holds {clip.id} already: choose another --out.")
        form: dict[str, Any] = {"sound": options.sound, "split": options.split}
        if isinstance(clip, MovingClip):
            rows += write_moving_clip(folder, clip, **form)
            continue
        rows.append(write_clip(folder, clip, **form))
        if options.swap and kind == "silent":
            other = swap_sound(clip, np.random.default_rng([options.seed, index, _SWAP]))
            rows.append(write_clip(folder, other, picture=rows[-1]["image"], **form))
    write_manifest(folder, rows)


def choose_clips(options: Options) -> list[tuple[Kind, int]]:
    """(kind, index) of every clip to write.

    Raises:
        ValueError: for an entry of `only` that is not a kind and a number.
    """
    if not options.only:
        return [(options.kinds[i % len(options.kinds)], i) for i in range(options.num)]
    chosen = []
    for entry in options.only:
        kind, _, index = entry.partition(":")
        if kind not in get_args(Kind) or not index.isdecimal():
            known = ", ".join(get_args(Kind))
            raise ValueError(f"--only {entry}: write a kind ({known}) and a number, as solo:3.")
        chosen.append((kind, int(index)))
    return chosen


if __name__ == "__main__":
    sys.exit(main())
