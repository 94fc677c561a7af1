"""The numbers of one cycle: what stands beside its map.

Letters: T cycles, B batch, L layers of the PCM, h w map.
"""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sspl.metrics import score_maps, vggss_ground_truth
from sspl.model import Trace


def measure_cycle(
    trace: Trace, t: int, boxes: np.ndarray | None = None, index: int = 0
) -> dict[str, Any]:
    """The JSON-able numbers of cycle t of one sample.

    `t`; `errors`, the root mean square of e_0, e_1, e_2, Eq. (11), absent without PCM;
    `entropy_bits`, see `measure_entropy`; `peak`, see `find_peak`; `mean_similarity` over the
    picture, in [-1, 1]; `ciou` in [0, 1] under protocol `sspl`, absent without boxes.

    Args:
        t: 1 to T.
        boxes: (k, 4) normalised (x0, y0, x1, y1) of the visible sources, k >= 1, or None.
        index: which sample of the batch.
    Raises:
        ValueError: if there is no cycle t.
    """
    num_cycles = len(trace.similarity)
    if not 1 <= t <= num_cycles:
        raise ValueError(f"there is no cycle {t}: take 1 to {num_cycles}")
    similarity = trace.similarity[t - 1, index].cpu()
    numbers: dict[str, Any] = {"t": t}
    if trace.errors.shape[-1]:
        numbers["errors"] = trace.errors[t - 1, index].tolist()
    numbers["entropy_bits"] = measure_entropy(similarity)
    numbers["peak"] = list(find_peak(similarity))
    numbers["mean_similarity"] = float(similarity.mean())
    if boxes is not None and len(boxes):
        truth = vggss_ground_truth(list(boxes))[None]
        numbers["ciou"] = float(score_maps(similarity[None], truth, "sspl").per_sample[0])
    return numbers


def measure_audible(trace: Trace, index: int = 0) -> float | None:
    """The share of the picture, 0 to 1, where what is seen makes the sound, see `Trace.audible`.

    None where the model has no absolute measure.
    """
    return None if trace.audible is None else float(trace.audible[index].float().mean())


def measure_entropy(similarity: Tensor) -> float:
    """How spread out a map is, in bits: 0 for a single cell, log2(h w) for a flat map.

    The entropy of the map after min-max, taken as a distribution over its h w cells.

    Args:
        similarity: (h, w) float.
    """
    above = (similarity - similarity.min()).double()
    if above.sum() <= 0:
        return math.log2(similarity.numel())
    share = above / above.sum()
    return float(torch.special.entr(share).sum() / math.log(2))


def find_peak(similarity: Tensor) -> tuple[float, float]:
    """Where a map (h, w) is highest: (x, y) of the middle of that cell, normalised."""
    height, width = similarity.shape
    row, column = divmod(int(similarity.argmax()), width)
    return (column + 0.5) / width, (row + 0.5) / height
