"""What a map is worth, and how it is drawn.

Letters: h w map, N maps, k boxes.
"""

from typing import TypedDict

import numpy as np
from torch import Tensor

from sspl.explorer.encoding import encode_picture
from sspl.explorer.scenes import Scene
from sspl.media.pictures import read_image
from sspl.metrics import per_sample_ciou, stretch_maps, vggss_ground_truth
from sspl.plots.overlay import overlay_map


class Reading(TypedDict):
    """What a map is worth: its cIoU, 0 to 1, None without boxes; and the share in its outline."""

    ciou: float | None
    on: float


def draw_map(scene: Scene, similarity: Tensor, boxes: np.ndarray, side_px: int) -> str:
    picture = read_image(scene.picture, side_px)
    return encode_picture(overlay_map(picture, similarity, boxes))


def read_maps(maps: Tensor, boxes: np.ndarray) -> list[Reading]:
    """Of each of (N, h, w) maps `ciou`, None without boxes, and `on`, the share in its outline."""
    on = (stretch_maps(maps, "sspl") >= 0.5).float().mean((1, 2)).tolist()
    cious: list[float | None] = [None] * len(maps)
    if len(boxes):
        truth = vggss_ground_truth(list(boxes))[None].repeat(len(maps), axis=0)
        cious = per_sample_ciou(maps, truth, "sspl").tolist()
    return [{"ciou": c, "on": share} for c, share in zip(cious, on, strict=True)]
