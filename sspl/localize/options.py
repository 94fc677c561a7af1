"""The options of `python -m sspl.localize`, which need no PyTorch."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from sspl.zoo.names import DEFAULT


@dataclass(frozen=True, kw_only=True)
class Options:
    """Show where in a picture, or in a video, the sound comes from."""

    source: tyro.conf.Positional[Path]
    """a picture, or a video with sound"""
    audio: tyro.conf.Positional[Path | None] = None
    """the sound of the picture: the middle 3 s of it are taken"""
    out: Annotated[Path, tyro.conf.arg(aliases=["-o"])]
    """.png, .jpg or .webp; .gif or .mp4 animates the cycles; .mp4 for a video"""
    steps: bool = False
    """draw every cycle with its numbers, in a row, rather than the last map alone"""
    model: str = DEFAULT
    """a shipped name, a checkpoint folder, or a Hub repository"""
    device: str | None = None
    """cpu, cuda, ...; by default a GPU where there is one"""
    max_side_px: int = 1280
    """larger pictures and videos are shrunk to this"""
    json: Path | None = None
    """write the numbers to this file, - for standard output"""
