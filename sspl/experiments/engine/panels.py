"""Pictures and their maps, those of a group of variants in one figure.

Letters: H W picture, h w map, k boxes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from sspl.experiments.engine.axes import fold
from sspl.plots.overlay import overlay_map

CELL_IN, CAPTION_IN = 1.75, 0.24  # of a panel's pictures


def draw_panels(
    panels: Sequence[Mapping[str, Any]],
    pictures: Mapping[str, np.ndarray],
    boxes: Mapping[str, np.ndarray],
    names: Mapping[str, str] | None = None,
) -> Figure:
    """Pictures with their boxes and, beside them, under the maps: Figures 2, 5, 7, S2 and S3.

    A row for each clip, a column for each label with its last map; where there is one label only, a
    column for each of its maps, which are the cycles of one pass. Under a map stands its cIoU.

    Args:
        panels: `label`, `clip`, `maps` (each (h, w)) and perhaps `ciou`, of the last map.
        pictures: (H, W, 3) uint8 by clip.
        boxes: (k, 4) normalised by clip; clips without stay without.
        names: what to write beside a clip's row, by clip, such as what sounds; by default its id.
    Raises:
        ValueError: if there are no panels.
    """
    if not panels:
        raise ValueError("there are no panels to draw: keep some when the experiment runs")
    clips = list(dict.fromkeys(panel["clip"] for panel in panels))
    labels = list(dict.fromkeys(panel["label"] for panel in panels))
    num_cycles = max(len(panel["maps"]) for panel in panels) if len(labels) == 1 else 1
    headings = [f"t = {t}" for t in range(1, num_cycles + 1)] if num_cycles > 1 else labels
    size = np.array([(1 + len(headings)) * CELL_IN, len(clips) * (CELL_IN + CAPTION_IN)])
    figure = Figure(figsize=(size[0] + 0.4, size[1] + 0.4), dpi=120)
    grid = figure.subplots(len(clips), 1 + len(headings), squeeze=False)
    figure.subplots_adjust(
        left=0.38 / (size[0] + 0.4), right=0.995, top=size[1] / (size[1] + 0.4),
        bottom=CAPTION_IN / (size[1] + 0.4), wspace=0.04, hspace=CAPTION_IN / CELL_IN,
    )  # fmt: skip
    for axes in grid.flat:
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_visible(False)
    grid[0, 0].set_title("picture, boxes", fontsize=8)
    for axes, heading in zip(grid[0, 1:], headings, strict=True):
        axes.set_title(fold(heading), fontsize=8, parse_math=False)
    for row, clip in zip(grid, clips, strict=True):
        words = names.get(clip, clip) if names else clip
        row[0].set_ylabel(fold(words), fontsize=7, parse_math=False)
        row[0].imshow(overlay_map(pictures[clip], np.zeros((1, 1)), boxes.get(clip), strength=0))
    for panel in panels:
        clip, ciou = panel["clip"], panel.get("ciou")
        start = 1 + labels.index(panel["label"])
        cells = grid[clips.index(clip), start : start + num_cycles]
        for axes, similarity in zip(cells, panel["maps"][-num_cycles:], strict=True):
            similarity = np.asarray(similarity, np.float32)
            axes.imshow(overlay_map(pictures[clip], similarity, boxes.get(clip)))
        if ciou is not None:
            words = f"cIoU {ciou:.2f}{'' if ciou >= 0.5 else ', missed'}"
            cells[-1].set_xlabel(words, fontsize=7, labelpad=2)
    return figure
