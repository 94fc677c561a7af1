"""Is the source seen, and where? Scores for sets with silent and off-screen sounds.

Letters: N samples, h w map. From Mo and Morgado, "A Closer Look at Weakly-Supervised Audio-Visual
Source Localization" (2022, SLAVC): at a confidence threshold a sample is

    true positive   visible, confident, and found (cIoU >= 0.5)
    false positive  confident, and not visible or not found
    false negative  visible, but not confident

with precision TP / (TP + FP) and recall TP / (TP + FN), so what is seen but not found costs
precision and not recall.
"""

from dataclasses import dataclass

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from sspl.metrics import CHUNK, SIZE_PX


@dataclass(frozen=True, kw_only=True)
class Offscreen:
    """Fractions in [0, 1].

    Attributes:
        ap: average precision over all confidence thresholds.
        max_f1: the best F1 at any of them.
        loc_acc: share of the visible that are found, whatever the confidence: cIoU@0.5.
    """

    ap: float
    max_f1: float
    loc_acc: float


def confidence(maps: Tensor) -> np.ndarray:
    """How sure a map is that the source is seen: the mean of the top quarter of its pixels.

    It is up-sampled but not min-maxed: its height is the point. (SLAVC up-samples bicubically
    with aligned corners; bilinearly here, as under `sspl`.)

    Args:
        maps: (N, h, w) float, raw, on one scale for all samples.
    Returns:
        (N,) float64.
    """
    size, top = (SIZE_PX, SIZE_PX), SIZE_PX**2 // 4
    means = []
    for part in maps.split(CHUNK):
        up = F.interpolate(part[:, None].float(), size=size, mode="bilinear").flatten(1).numpy()
        means.append(np.partition(up, -top, axis=1)[:, -top:].mean(1, dtype=np.float64))
    return np.concatenate(means)


def score_offscreen(ciou: np.ndarray, confidence: np.ndarray, visible: np.ndarray) -> Offscreen:
    """Score whether a source is said to be seen, and found, at once.

    Every distinct confidence is a threshold. AP is the recall that each adds times the best
    precision at it or any lower one, from a recall of 0. SLAVC's code has the same envelope, but
    takes some 200 thresholds, never the highest, and leaves out the recall of its first: a
    perfect model of few samples would fall short of 1.

    Args:
        ciou: (N,) in [0, 1]; of no account where nothing is visible.
        confidence: (N,) any range, from `confidence`.
        visible: (N,) bool, whether what sounds is in the picture.
    Raises:
        ValueError: for unequal numbers, no samples, or a confidence that is not finite.
    """
    if not len(ciou) == len(confidence) == len(visible) > 0:
        numbers = f"{len(ciou)} cIoU, {len(confidence)} confidences, {len(visible)} visible"
        raise ValueError(f"{numbers}: give one of each for every sample")
    if not np.isfinite(confidence).all():
        raise ValueError("a confidence is NaN or infinite; nothing can be scored with it")
    order = np.argsort(-confidence, kind="stable")
    found = visible & (ciou >= 0.5)
    last = np.flatnonzero(np.diff(confidence[order], append=-np.inf))  # of those equally sure
    true_positives = np.cumsum(found[order])[last]
    false_positives = last + 1 - true_positives
    false_negatives = visible.sum() - np.cumsum(visible[order])[last]
    precision = true_positives / (last + 1)
    recall = true_positives / np.maximum(true_positives + false_negatives, 1)
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    f1 = 2 * true_positives / (2 * true_positives + false_positives + false_negatives)
    return Offscreen(
        ap=float((envelope * np.diff(recall, prepend=0)).sum()),
        max_f1=float(f1.max()),
        loc_acc=float(found.sum() / max(visible.sum(), 1)),
    )
