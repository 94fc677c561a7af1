"""Tile accuracy: of a mosaic's pictures, does the map choose the one that sounds?

Near the field's interactive localization (IIoU of Senocak et al., "Aligning Sight and Sound",
2024), where one scene is asked with one sound after another; here the answer is one of n tiles, so
that chance is known, 1 / n, and no box is needed.

Letters: N pairs, k of them, n tiles, h w map, T cycles.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sspl.data.mosaics import Layout, find_layout
from sspl.data.pairs import Pairs
from sspl.metrics import SIZE_PX, bootstrap

LEAST_LEAD = 1e-9  # of a map's range; what leads by less than the rounding of a mean is level
MapKind = Literal["cycle", "floor", "sound"]
MapName = tuple[MapKind, str]  # ("cycle", "3"), ("floor", "saliency"), ("sound", "other")


def mean_in_tiles(maps: Tensor, layout: Layout) -> Tensor:
    """Each tile's mean of maps (N, h, w): (N, n) float64 in [0, 1], row by row.

    Maps are min-maxed, then up-sampled to 224 x 224 bilinearly, as under `sspl`. Both steps are
    linear in each side, so weights of the h rows and w columns say the same without the pixels.
    A flat map is 0 everywhere.
    """
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    span = (high - low).double()
    unit = torch.where(span > 0, (maps.double() - low.double()) / span.clamp_min(1e-300), 0)
    by_row, by_column = (
        _weigh(size, parts) for size, parts in zip(maps.shape[1:], layout, strict=True)
    )
    return torch.einsum("nhw,hr,wc->nrc", unit, by_row, by_column).flatten(1)


def _weigh(size: int, parts: int) -> Tensor:
    """How much each of `size` places counts in the mean of each of equal parts: (size, parts)."""
    pixels = F.interpolate(torch.eye(size).double()[None], size=SIZE_PX, mode="linear")
    return F.adaptive_avg_pool1d(pixels, parts)[0]


def choose_tile(maps: Tensor, layout: Layout) -> np.ndarray:
    """The tile with the greatest mean of each of maps (N, h, w): (N,) int, -1 if two are level."""
    means, tiles = mean_in_tiles(maps, layout).topk(2, dim=1)
    return torch.where(means[:, 0] - means[:, 1] > LEAST_LEAD, tiles[:, 0], -1).numpy()


@dataclass(frozen=True, kw_only=True)
class Tiles:
    """Which of N pairs are mosaics of n tiles.

    Attributes:
        num: n, so that chance is 1 / n.
        layouts: N of them, None where the picture is no such mosaic.
        sounding: (N,) int, the tile that sounds; of no account where there is no mosaic.
    """

    num: int
    layouts: Sequence[Layout | None]
    sounding: np.ndarray

    def find_hits(self, maps: Tensor, indices: np.ndarray) -> np.ndarray:
        """1 where a map chooses the tile that sounds, 0 where not or none, NaN without a mosaic.

        Args:
            maps: (k, h, w) of any range, or (1, h, w), one for all; indices: (k,) of which pairs.
        Returns:
            (k,) float64.
        """
        hits = np.full(len(indices), np.nan)
        layouts = [self.layouts[i] for i in indices]
        for layout in {found for found in layouts if found}:
            here = np.array([found == layout for found in layouts])
            chosen = choose_tile(maps if len(maps) == 1 else maps[torch.from_numpy(here)], layout)
            hits[here] = chosen == self.sounding[indices[here]]
        return hits


def find_tiles(pairs: Pairs) -> list[Tiles]:
    """The mosaics among pairs, by the objects that tile their pictures; one for each n.

    Those without a box are left out, as they are from every score of where a source is.
    """
    found = [
        find_layout(objects) if len(boxes) else None
        for objects, boxes in zip(pairs.objects, pairs.boxes, strict=False)
    ]
    sizes = [math.prod(f[0]) if f else 0 for f in found]
    return [
        Tiles(
            num=num,
            layouts=[f[0] if f and math.prod(f[0]) == num else None for f in found],
            sounding=np.array([f[1] if f else -1 for f in found]),
        )
        for num in sorted(set(sizes) - {0})
    ]


def summarise_tiles(
    num_tiles: int, hits: Mapping[MapName, np.ndarray], seed: int
) -> dict[str, Any]:
    """What `evaluate --json` holds about mosaics.

    Args:
        hits: (n,) of each map from `Tiles.find_hits`; those that are NaN do not count.
        seed: of the intervals.
    """
    scores: dict[MapKind, dict[str, dict[str, Any]]] = {"cycle": {}, "floor": {}, "sound": {}}
    for (kind, name), values in hits.items():
        known = values[~np.isnan(values)]
        if len(known):
            scores[kind][name] = {
                "n": len(known),
                "tile_accuracy": float(known.mean()),
                "ci95": bootstrap(known, seed),
            }
    return {
        "tiles": num_tiles,
        "chance": 1 / num_tiles,
        **scores["sound"]["right"],
        "per_cycle": [{"t": int(t), **one} for t, one in scores["cycle"].items()],
        "floors": scores["floor"],
        "listening": scores["sound"],
    }
