"""How well a map meets the boxes: cIoU and AUC under the published protocols.

Letters: N samples, h w map, K thresholds, k boxes, G ground truth.

One metric, one name. `ciou_at_50` is the share of samples with cIoU >= 0.5 (EZ-VSL prints it as
"AP50(cIoU)"), `mean_ciou` the mean of the per-sample cIoU (EZ-VSL's "cIoU"), `auc` the area under
the success curve. Protocols are not comparable with each other; each says how a map is stretched
to the picture and which of its n pixels are active, with values ranked from low to high:

    sspl      bilinear, min-max, active where >= 0.5
    lvs       the same map, active where > the value at rank n // 2 (also SSL-TIE)
    ezvsl     bilinear with aligned corners, active where >= the value at rank n // 2 (also FNAC)
    adaptive  the map of sspl, active where > the value at rank n - |G|, |G| the pixels with G > 0

`adaptive` is SSLalignment's, for which the size of the source is known. Its code has three
up-samplings: half-pixel for its own models on VGG-SS, which is taken here, aligned corners for
them on Flickr and for EZ-VSL's kin. Its comparison is strict, so |G| - 1 pixels are active; where
nothing sounds, |G| counts as n // 2.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Protocol = Literal["sspl", "lvs", "ezvsl", "adaptive"]
PROTOCOLS: tuple[Protocol, ...] = get_args(Protocol)
SIZE_PX = 224
THRESHOLDS = np.linspace(0, 1, 21)  # 0, 0.05, ..., 1
CHUNK = 16  # maps at a time, so that they stay in the processor's cache when up-sampled


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
    """Score maps against ground truth; what a map's values are shifted or scaled by does not count.

    cIoU = sum(P G) / (sum(G) + sum(P [G = 0])) with P the active region.

    Args:
        maps: (N, h, w) float, any range.
        ground_truth: (N, 224, 224) in [0, 1], as `ground_truth` draws it.
        protocol: see the top of this file.
    Raises:
        ValueError: for an unknown protocol, unequal numbers, no samples, or maps not finite.
    """
    return summarise(per_sample_ciou(maps, ground_truth, protocol))


def per_sample_ciou(
    maps: Tensor | np.ndarray, ground_truth: Tensor | np.ndarray, protocol: Protocol
) -> np.ndarray:
    """Each sample's cIoU, (N,) float64, of one batch of many; arguments as for `score_maps`."""
    return per_sample_cious(maps, ground_truth, [protocol])[protocol]


def per_sample_cious(
    maps: Tensor | np.ndarray,
    ground_truth: Tensor | np.ndarray,
    protocols: Sequence[Protocol] = PROTOCOLS,
    saliency: Tensor | np.ndarray | None = None,
) -> dict[Protocol, np.ndarray]:
    """`per_sample_ciou` under several protocols at once, which share what they can.

    Args:
        saliency: (N, h', w') float: scores are then of `refine_maps`.
    """
    truth = torch.as_tensor(ground_truth)
    given = [torch.as_tensor(m) for m in (maps, saliency) if m is not None]
    for each in given:
        _check(each, truth, protocols)
    parts: dict[Protocol, list[np.ndarray]] = {protocol: [] for protocol in protocols}
    for truths, *chunk in zip(*(t.split(CHUNK) for t in (truth, *given)), strict=True):
        stretched: dict[bool, Tensor] = {}
        for protocol in protocols:
            aligned = protocol == "ezvsl"
            if aligned not in stretched:
                both = [stretch_maps(m, protocol) for m in chunk]
                stretched[aligned] = both[0] if saliency is None else refine_maps(both[0], both[1])
            active = find_active_region(stretched[aligned], truths, protocol)
            parts[protocol].append(region_ciou(active, truths))
    return {protocol: np.concatenate(part) for protocol, part in parts.items()}


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


def auc_per_sample(per_sample: np.ndarray) -> np.ndarray:
    """Each sample's share of the AUC, (N,) in [0, 1]: their mean is the AUC of all."""
    reached = np.searchsorted(THRESHOLDS, per_sample, side="right")  # the first is 0: at least 1
    return np.clip(reached - 0.5, 0, len(THRESHOLDS) - 1) / (len(THRESHOLDS) - 1)


def bootstrap(per_sample: np.ndarray, seed: int, num: int = 1000) -> list[float]:
    """95 % percentile interval [low, high] of a mean, from `num` resamples of the samples.

    How often each value is drawn is multinomial (for hits and misses, binomial), so no resample
    is ever laid out.

    Args:
        per_sample: (N,) any values, such as hits (cIoU >= 0.5), `auc_per_sample`, or changes.
    """
    rng = np.random.default_rng([seed, 43])
    values, counts = np.unique(np.asarray(per_sample, np.float64), return_counts=True)
    n = counts.sum()
    means = [rng.multinomial(n, counts / n) @ values / n for _ in range(num)]
    return [float(v) for v in np.quantile(means, [0.025, 0.975])]


def stretch_maps(maps: Tensor, protocol: Protocol) -> Tensor:
    """(N, h, w) to (N, 224, 224) in [0, 1]: up-sampled and min-maxed as the protocol does."""
    if protocol != "ezvsl":
        return upsample_map(maps)
    size = (SIZE_PX, SIZE_PX)
    up = F.interpolate(maps[:, None].float(), size=size, mode="bilinear", align_corners=True)
    return _min_max_(up[:, 0])


def upsample_map(maps: Tensor, size: int = SIZE_PX) -> Tensor:
    """(N, h, w) to (N, size, size) in [0, 1]: bilinear, then min-max, as SSPL's protocol has it."""
    return _min_max_(F.interpolate(maps[:, None].float(), size=(size, size), mode="bilinear")[:, 0])


def refine_maps(stretched: Tensor, saliency_stretched: Tensor, weight: float = 0.4) -> Tensor:
    """EZ-VSL's object-guided refinement: the map mixed with the image encoder's saliency.

    Args:
        stretched, saliency_stretched: (N, 224, 224) in [0, 1], both from `stretch_maps`.
        weight: the map's share; EZ-VSL's alpha.
    Returns:
        (N, 224, 224) in [0, 1].
    """
    return _min_max_(weight * stretched + (1 - weight) * saliency_stretched)


def find_active_region(stretched: Tensor, ground_truth: Tensor, protocol: Protocol) -> Tensor:
    """Which pixels of stretched maps are active: bool (N, 224, 224).

    Args:
        stretched: (N, 224, 224) from `stretch_maps`, or (1, 224, 224), one map for all.
        ground_truth: (N, 224, 224); only `adaptive` uses it.
    """
    values = stretched.flatten(1).numpy()
    num = values.shape[1]
    if protocol == "sspl":
        active = values >= 0.5
    elif protocol == "adaptive":
        area = np.count_nonzero(ground_truth.flatten(1).numpy() > 0, axis=1)
        active = values > _value_at_rank(values, num - np.where(area == 0, num // 2, area))
    else:
        middle = _value_at_rank(values, np.array([num // 2]))
        active = values >= middle if protocol == "ezvsl" else values > middle
    return torch.from_numpy(active).unflatten(1, stretched.shape[1:])


def region_ciou(active: Tensor, ground_truth: Tensor) -> np.ndarray:
    """cIoU of regions that are given rather than thresholded: (N, H, W) bool, to (N,) float64.

    Sums are taken in the ground truth's own precision: those of halves are exact in float32.
    Where there is no ground truth cIoU is 0. One region, (1, H, W), may serve all.
    """
    truth = ground_truth.to(torch.promote_types(ground_truth.dtype, torch.float32)).flatten(1)
    rows = list(zip(active.flatten(1).expand_as(truth).numpy(), truth.numpy(), strict=True))
    both = np.array([np.dot(p, g) for p, g in rows], np.float64)
    stray = np.array([np.count_nonzero(p & (g == 0)) for p, g in rows])
    return both / np.maximum(truth.sum(1).numpy() + stray, 1e-12)


def ground_truth(boxes: Sequence | np.ndarray, num_annotators: int) -> np.ndarray:
    """Where the source is, from the boxes of a manifest's row.

    One annotator's boxes are joined, as on VGG-SS. Of several, the consensus is taken as on
    SoundNet-Flickr, min(1, votes / 2): the published code counts a vote for every box, whoever
    drew it, so two boxes of one annotator that overlap are a consensus too.

    Args:
        boxes: (k, 4) of all annotators, (x0, y0, x1, y1) in [0, 1]; none: nothing sounds.
        num_annotators: how many people drew them.
    Returns:
        (224, 224) float32 in {0, 0.5, 1}.
    Raises:
        ValueError: if nobody did.
    """
    if num_annotators < 1:
        raise ValueError("nobody annotated this picture: it cannot be scored, drop it")
    if num_annotators == 1:
        return vggss_ground_truth(boxes)
    return np.minimum(_count_votes([[SIZE_PX * float(v) for v in box] for box in boxes]) / 2, 1)


def vggss_ground_truth(boxes_unit: Sequence | np.ndarray, size: int = SIZE_PX) -> np.ndarray:
    """Union of boxes as in VGG-SS; also ours for `orchestra`.

    Args:
        boxes_unit: k boxes (x0, y0, x1, y1) in [0, 1]; values outside are cut.
    Returns:
        (size, size) float32 of 0 and 1.
    """
    pixels = [[size * max(float(v), 0.0) for v in box] for box in boxes_unit]
    return np.minimum(_count_votes(pixels, size), 1)


def flickr_ground_truth(boxes_256: Sequence | np.ndarray, size: int = SIZE_PX) -> np.ndarray:
    """Consensus of three annotators as on SoundNet-Flickr: min(1, sum of their boxes / 2).

    Args:
        boxes_256: one box (x0, y0, x1, y1) per annotator, in 256-pixel units.
    Returns:
        (size, size) float32 in {0, 0.5, 1}.
    """
    pixels = [[size * float(v) / 256 for v in box] for box in boxes_256]
    return np.minimum(_count_votes(pixels, size) / 2, 1)


def _count_votes(boxes_px: list[list[float]], size: int = SIZE_PX) -> np.ndarray:
    """In how many boxes each pixel lies; a box that ends before it begins has none."""
    votes = np.zeros((size, size), np.float32)
    for x0, y0, x1, y1 in (map(int, box) for box in boxes_px):
        votes[y0:y1, x0:x1] += 1
    return votes


def _check(maps: Tensor, truth: Tensor, protocols: Sequence[Protocol]) -> None:
    for protocol in protocols:
        if protocol not in PROTOCOLS:
            raise ValueError(f"unknown protocol {protocol!r}; take one of {', '.join(PROTOCOLS)}")
    if len(maps) != len(truth) or len(maps) == 0:
        raise ValueError(f"{len(maps)} maps and {len(truth)} ground truths to compare")
    if not torch.isfinite(maps).all():
        raise ValueError("a map holds NaN or infinite values; nothing can be scored with it")


def _min_max_(maps: Tensor) -> Tensor:
    """Overwrites maps just made: to ask for more memory takes longer than the arithmetic."""
    low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
    return maps.sub_(low).div_((high - low).clamp_min(1e-12))


def _value_at_rank(values: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """The value of each row at its rank from below, (N, 1); one row or one rank may serve all.

    A partition, because it is quick: NumPy's sort takes 4 times as long, torch's 40 times.
    """
    if len(values) == 1:
        return np.sort(values[0])[ranks, None]
    rows = zip(values, np.broadcast_to(ranks, len(values)), strict=True)
    return np.array([[np.partition(row, rank)[rank]] for row, rank in rows])
