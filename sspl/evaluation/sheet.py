"""A sheet to look at: maps after each cycle, under another class's sound, and what is audible.

    python -m sspl.evaluation.sheet --checkpoint photo --data FOLDER --split test --out sheet.jpg

A row for each picture. Of more than four cycles the first, the second, the fourth and the last are
shown. Under a map stands e_0, the error of the predicted sound. A thick line surrounds what is seen
and makes the sound, by one threshold for all sounds; where there is no such place it says so.

Letters: N pairs, T cycles, h w map, H W picture, k boxes, P places.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import tyro
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from sspl.command import run_command
from sspl.data.folder import open_pairs
from sspl.data.mosaics import list_tile_classes
from sspl.data.pairs import Pairs
from sspl.data.stores import read_batches
from sspl.data.transforms import whole_view
from sspl.evaluation.negative_audio import choose_partners
from sspl.media.pictures import write_image
from sspl.model import AudioVisualModel, Trace
from sspl.plots.overlay import overlay_map
from sspl.plots.rendering import accept_any_letter, keep_printable, render_figure
from sspl.zoo.shipped import load_model

CELL_PX, GAP_PX, CAPTION_PX, MARGIN_PX, DPI = 256, 10, 34, 70, 100
MOST_CYCLES = 4  # columns
AUDIBLE = "#2ee6e6"
NOTE = (
    "White line: half of the map's height. Thick line: audible, by one threshold for all sounds. "
    "Dashed: boxes of what sounds.\nThe last column is on the scale of the last map under the "
    "picture's own sound."
)


@dataclass(frozen=True, kw_only=True)
class Look:
    """A picture under its own sound and, where there is one, under another class's.

    Attributes:
        picture: (H, W, 3) uint8; boxes: (k, 4) normalised, of what sounds.
        own, other: what sounds, "" where that is not known; `other` is None without such a sound.
        trace: of a batch of one or two, the picture's own sound first.
    """

    picture: np.ndarray
    boxes: np.ndarray
    own: str
    other: str | None
    trace: Trace


def choose_pictures(labels: Sequence[str], num: int, seed: int) -> list[int]:
    """So many of N pictures, one of each class in turn, in an order that the seed draws."""
    rng = np.random.default_rng([seed, 53])
    classes = [
        list(rng.permutation([i for i, label in enumerate(labels) if label == name]))
        for name in sorted(set(labels))
    ]
    turns = range(max(map(len, classes), default=0))
    return [int(c[turn]) for turn in turns for c in classes if turn < len(c)][:num]


@torch.no_grad()
def look_at(model: AudioVisualModel, pairs: Pairs, indices: Sequence[int], seed: int) -> list[Look]:
    """What a model makes of some of N pairs; the seed draws the other sounds."""
    names = pairs.sound_names or pairs.ids
    partners = choose_partners(names, pairs.labels, seed, list_tile_classes(pairs))["other"]
    device, looks = next(model.parameters()).device, []
    for index in indices:
        sounding = [index] if partners[index] < 0 else [index, int(partners[index])]
        (images,) = read_batches(pairs.images, 1, [index])
        (sounds,) = read_batches(pairs.sounds, 2, sounding)
        visual = model.encode_image(whole_view(images.to(device), model.config.image_spec))
        sound, query = model.project_audio(model.encode_audio(sounds.to(device)))
        looks.append(
            Look(
                picture=images[0].permute(1, 2, 0).numpy(),
                boxes=pairs.boxes[index],
                own=pairs.labels[index],
                other=pairs.labels[sounding[1]] if len(sounding) > 1 else None,
                trace=model.trace_features(visual.expand(len(sounds), -1, -1, -1), sound, query),
            )
        )
    return looks


def draw_sheet(looks: Sequence[Look]) -> Figure:
    """A row for each look, a column for each cycle shown and one for another class's sound.

    Raises:
        ValueError: if there is nothing to draw.
    """
    if not looks:
        raise ValueError("there is no picture to draw: pass at least one")
    cycles = choose_cycles(len(looks[0].trace.similarity))
    width_px, height_px = CELL_PX + GAP_PX, CELL_PX + CAPTION_PX
    size_px = np.array(((len(cycles) + 1) * width_px, len(looks) * height_px))
    full_px = size_px + np.array((MARGIN_PX, 2 * MARGIN_PX))
    figure = Figure(figsize=tuple(full_px / DPI), dpi=DPI)
    axes = figure.add_axes((*(MARGIN_PX / full_px * (0.9, 1)), *(size_px / full_px)))
    axes.set(xlim=(0, size_px[0]), ylim=(size_px[1], 0), aspect="equal")
    axes.set_axis_off()
    for column, heading in enumerate([*(f"cycle {t}" for t in cycles), "another class's sound"]):
        axes.text(column * width_px + CELL_PX / 2, -GAP_PX, heading, ha="center", fontsize=10)
    for row, look in enumerate(looks):
        _draw_row(axes, look, cycles, row * height_px)
    figure.text(0.5, 0.2 * MARGIN_PX / full_px[1], NOTE, ha="center", fontsize=8, wrap=True)
    return figure


def choose_cycles(num: int) -> list[int]:
    """Which of T cycles are shown, from 1."""
    return list(range(1, num + 1)) if num <= MOST_CYCLES else [1, 2, 4, num]


def _draw_row(axes: Axes, look: Look, cycles: Sequence[int], top_px: float) -> None:
    axes.text(
        -GAP_PX, top_px + CELL_PX / 2, keep_printable(look.own), rotation=90,
        ha="right", va="center", fontsize=10, parse_math=False,
    )  # fmt: skip
    similarity, audible = look.trace.similarity, look.trace.audible
    last = len(similarity)
    shown = [(t, 0) for t in cycles] + ([] if look.other is None else [(last, 1)])
    span = float(similarity[-1, 0].min()), float(similarity[-1, 0].max())
    for column, (t, sound) in enumerate(shown):
        left_px = column * (CELL_PX + GAP_PX)
        laid = overlay_map(
            look.picture, similarity[t - 1, sound], look.boxes, span=span if sound else None
        )
        cell = Image.fromarray(laid).resize((CELL_PX, CELL_PX), Image.Resampling.LANCZOS)
        axes.imshow(cell, extent=(left_px, left_px + CELL_PX, top_px + CELL_PX, top_px))
        words = [keep_printable(look.other or "")] if sound else []
        if look.trace.errors.shape[-1]:
            words.append(f"e0 {float(look.trace.errors[t - 1, sound, 0]):.2f}")
        if audible is not None and t == last:  # a property of the sound: the same in every cycle
            if audible[sound].any():
                _outline(axes, audible[sound], left_px, top_px)
            else:
                words.append("nothing")
        axes.text(
            left_px + CELL_PX / 2, top_px + CELL_PX + 4, ", ".join(filter(None, words)),
            ha="center", va="top", fontsize=9, parse_math=False,
        )  # fmt: skip


def _outline(axes: Axes, audible: Tensor, left_px: float, top_px: float) -> None:
    """A line along the borders of the places (h, w) that are audible, dark beneath bright."""
    on = np.pad(audible.cpu().numpy(), 1)
    step = CELL_PX / (np.array(on.shape) - 2)  # of a place, down and across
    down, across = (np.argwhere(np.diff(on, axis=axis)) for axis in (0, 1))
    # Between rows y and y + 1 of the padded grid lies the edge y of the grid, and so on.
    edges = [((y, x - 1), (y, x)) for y, x in down] + [((y - 1, x), (y, x)) for y, x in across]
    for colour, width in (("black", 4.0), (AUDIBLE, 2.4)):
        for ends in edges:
            ys, xs = (np.array(ends) * step).T
            axes.plot(
                left_px + xs, top_px + ys, color=colour, linewidth=width,
                solid_capstyle="projecting", clip_on=False,
            )  # fmt: skip


def main(
    checkpoint: str, data: Path, out: Path, split: str = "test", num: int = 12, seed: int = 0
) -> None:
    """Draw a sheet of a folder's pictures with a checkpoint's maps over them.

    Args:
        checkpoint: a shipped name, a checkpoint folder, or a Hub id.
        data: a folder with manifest.jsonl.
        out: the sheet: .jpg, .png or .webp.
        split: of the folder's rows.
        num: how many pictures, one of each class in turn.
        seed: which pictures, and which other sounds.
    """
    if num < 1:
        raise ValueError(f"--num is {num}: take at least 1 picture")
    model = load_model(checkpoint)
    if model.config.audio_encoder == "embedding":
        raise ValueError(
            "this checkpoint takes embeddings in place of sounds: a sheet plays sounds"
        )
    pairs = open_pairs(data, split, encoder=model.config.audio_spec)
    looks = look_at(model, pairs, choose_pictures(pairs.labels, num, seed), seed)
    with accept_any_letter():
        write_image(out, render_figure(draw_sheet(looks)))
    print(f"{len(looks)} pictures in {out}")


if __name__ == "__main__":
    sys.exit(run_command(lambda: tyro.cli(main)))
