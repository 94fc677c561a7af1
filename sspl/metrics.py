"""How well a map meets the boxes: cIoU and AUC under the published protocols.

Letters: N samples, h w map, K thresholds.

One metric, one name. `ciou_at_50` is the share of samples with cIoU >= 0.5 (EZ-VSL prints it as
"AP50(cIoU)"), `mean_ciou` the mean of the per-sample cIoU (EZ-VSL's "cIoU"), `auc` the area under
the success curve. Protocols are not comparable with each other:

    sspl    bilinear up-sampling, min-max, on where >= 0.5
    lvs     the same map, on where > its own median (also SSL-TIE)
    ezvsl   bilinear with aligned corners, on where >= the median (also FNAC)
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Protocol = Literal["sspl", "lvs", "ezvsl"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
SIZE_PX = 224
THRESHOLDS = np.linspace(0, 1, 21)  # 0, 0.05, ..., 1


@dataclass(frozen=True, kw_only=True)
class Scores:
    """Scores of N maps, fractions in [0, 1].

    Attributes:
        per_sample: (N,) cIoU of each.
        curve: (K,) share of samples with cIoU >= each of `THRESHOLDS`, Figure 4.
    """

    ciou_at_50: float
    auc: float
    mean_ciou: float
    per_sample: np.ndarray
    curve: np.ndarray


def score_maps(
    maps: Tensor | np.ndarray, ground_truth: Tensor | np.ndarray, protocol: Protocol
) -> Scores:
    """Score maps against ground truth; nothing but the order of a map's values and scale counts.

    cIoU = sum(P G) / (sum(G) + sum(P [G = 0])) with P the places that are on.

    Args:
        maps: (N, h, w) float, any range.
        ground_truth: (N, 224, 224) in [0, 1], from `flickr_ground_truth`, `vggss_ground_truth`.
        protocol: see the top of this file.
    Raises:
        ValueError: for an unknown protocol, unequal numbers, no samples, or maps not finite.
    """
    if protocol not in PROTOCOLS:
        raise ValueError(f"unknown protocol {protocol!r}; take one of {', '.join(PROTOCOLS)}")
    maps, ground_truth = torch.as_tensor(maps), torch.as_tensor(ground_truth)
    if len(maps) != len(ground_truth) or len(maps) == 0:
        raise ValueError(f"{len(maps)} maps and {len(ground_truth)} ground truths to compare")
    if not torch.isfinite(maps).all():
        raise ValueError("a map holds NaN or infinite values; nothing can be scored with it")
    per_sample = np.concatenate(
        [_ciou(m, g, protocol) for m, g in zip(maps.split(64), ground_truth.split(64), strict=True)]
    )
    return summarise(per_sample)


def summarise(per_sample: np.ndarray) -> Scores:
    """Scores from each sample's cIoU, (N,) in [0, 1]."""
    curve = (per_sample[:, None] >= THRESHOLDS).mean(0)
    return Scores(
        ciou_at_50=float((per_sample >= 0.5).mean()),
        auc=float(np.trapezoid(curve, THRESHOLDS)),
        mean_ciou=float(per_sample.mean()),
        per_sample=per_sample,
        curve=curve,
    )


def upsample_map(maps: Tensor, size: int = SIZE_PX) -> Tensor:
    """(N, h, w) to (N, size, size) in [0, 1]: bilinear, then min-max, as SSPL's protocol has it."""
    return _min_max(F.interpolate(maps[:, None].float(), size=(size, size), mode="bilinear")[:, 0])


def _ciou(maps: Tensor, ground_truth: Tensor, protocol: Protocol) -> np.ndarray:
    if protocol == "ezvsl":
        size = (SIZE_PX, SIZE_PX)
        up = F.interpolate(maps[:, None].float(), size=size, mode="bilinear", align_corners=True)
        maps = _min_max(up[:, 0])
    else:
        maps = upsample_map(maps)
    if protocol == "sspl":
        on = maps >= 0.5
    else:
        median = _upper_median(maps)
        on = maps > median if protocol == "lvs" else maps >= median
    return region_ciou(on, ground_truth)


def region_ciou(on: Tensor, ground_truth: Tensor) -> np.ndarray:
    """cIoU of regions that are given rather than thresholded: (N, H, W) bool, to (N,)."""
    truth, on = ground_truth.double(), on.double()
    both = (on * truth).sum((1, 2))
    either = truth.sum((1, 2)) + (on * (truth == 0)).sum((1, 2))
    return (both / either.clamp_min(1e-12)).numpy()


def _min_max(maps: Tensor) -> Tensor:
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return (maps - low) / (high - low).clamp_min(1e-12)


def _upper_median(maps: Tensor) -> Tensor:
    """The value at rank n/2 of each map's sorted values, as the peers' code takes it."""
    values = maps.flatten(1).sort(dim=1).values
    return values[:, values.shape[1] // 2, None, None]


def vggss_ground_truth(boxes_unit: Sequence | np.ndarray, size: int = SIZE_PX) -> np.ndarray:
    """Union of boxes as in VGG-SS; also ours for `orchestra`.

    Args:
        boxes_unit: k boxes (x0, y0, x1, y1) in [0, 1]; values outside are cut.
    Returns:
        (size, size) float32 of 0 and 1.
    """
    truth = np.zeros((size, size), np.float32)
    for box in boxes_unit:
        x0, y0, x1, y1 = (int(size * max(float(v), 0.0)) for v in box)
        truth[y0:y1, x0:x1] = 1
    return truth


def flickr_ground_truth(boxes_256: Sequence | np.ndarray, size: int = SIZE_PX) -> np.ndarray:
    """Consensus of three annotators as on SoundNet-Flickr: min(1, sum of their boxes / 2).

    Args:
        boxes_256: one box (x0, y0, x1, y1) per annotator, in 256-pixel units.
    Returns:
        (size, size) float32 in {0, 0.5, 1}.
    """
    votes = np.zeros((size, size), np.float32)
    for box in boxes_256:
        x0, y0, x1, y1 = (int(size * float(v) / 256) for v in box)
        votes[y0:y1, x0:x1] += 1
    return np.minimum(votes / 2, 1)


def score_floors(
    ground_truth: Tensor | np.ndarray, training_boxes: Iterable[np.ndarray], protocol: Protocol
) -> dict[str, Scores]:
    """What looks at nothing and listens to nothing scores: the bar for any model.

    `centre_disc` falls off from the middle; `mean_box` is how often each place lies in a box of
    the training split, left out where that has none; `everything` is on everywhere, whatever the
    protocol.

    Args:
        ground_truth: (N, 224, 224) as in `score_maps`.
        training_boxes: one (k, 4) array of normalised boxes per training pair.
    """
    truth = torch.as_tensor(ground_truth)
    middle = (torch.arange(SIZE_PX) + 0.5) / SIZE_PX - 0.5
    disc = -torch.hypot(middle[:, None], middle[None, :])
    drawn = [vggss_ground_truth(boxes) for boxes in training_boxes if len(boxes)]
    everything = torch.ones(1, SIZE_PX, SIZE_PX, dtype=torch.bool).expand_as(truth)
    floors = {
        "centre_disc": score_maps(disc.expand_as(truth), truth, protocol),
        "everything": summarise(region_ciou(everything, truth)),
    }
    if drawn:
        mean_box = torch.from_numpy(np.mean(drawn, axis=0))
        floors["mean_box"] = score_maps(mean_box.expand_as(truth), truth, protocol)
    return floors
