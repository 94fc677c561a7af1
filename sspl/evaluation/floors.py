"""The bar for any model: what looks at nothing, listens to nothing, or only looks, scores.

Letters: N samples, C channels, h w grid, G ground truth.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from torch import Tensor

from sspl.metrics import SIZE_PX, Protocol, find_active_region, region_ciou, stretch_maps

FLOOR_NAMES = ("centre_disc", "mean_box", "everything", "saliency")
DISC_SD = 0.4  # of a picture's side; about half of the picture is above the disc's middle value


def floor_maps(training_truths: Iterable[np.ndarray] = ()) -> dict[str, Tensor]:
    """The floors that are one map for every picture, (224, 224) float32, by name.

    `centre_disc` is a Gaussian in the middle; `mean_box` how often each place lies in a box of
    the training split, left out where that has none.

    Args:
        training_truths: (224, 224) ground truth of each annotated training pair; read once.
    """
    from_middle = (torch.arange(SIZE_PX) - (SIZE_PX - 1) / 2) / SIZE_PX
    fall = torch.exp(-0.5 * (from_middle / DISC_SD) ** 2)
    maps = {"centre_disc": fall[:, None] * fall[None, :]}
    mean = mean_box_map(training_truths)
    return maps if mean is None else maps | {"mean_box": mean}


def mean_box_map(training_truths: Iterable[np.ndarray]) -> Tensor | None:
    """Mean of the ground truths that hold something, (224, 224) float32; None if none does."""
    total, num = np.zeros((SIZE_PX, SIZE_PX)), 0
    for truth in training_truths:
        if truth.any():
            total += truth
            num += 1
    return torch.from_numpy((total / num).astype(np.float32)) if num else None


def score_floors(
    ground_truth: Tensor | np.ndarray, maps: Mapping[str, Tensor], protocol: Protocol
) -> dict[str, np.ndarray]:
    """cIoU, (N,) float64, of each floor that is the same for every picture, batch by batch.

    `everything` is on everywhere, whatever the protocol.

    Args:
        ground_truth: (N, 224, 224) as in `score_maps`.
        maps: from `floor_maps`.
    """
    truth = torch.as_tensor(ground_truth)
    regions = {
        name: find_active_region(stretch_maps(one[None], protocol), truth, protocol)
        for name, one in maps.items()
    }
    regions["everything"] = torch.ones(1, SIZE_PX, SIZE_PX, dtype=torch.bool)
    return {name: region_ciou(on, truth) for name, on in regions.items()}


def ceiling_ciou(ground_truth: Tensor | np.ndarray, protocol: Protocol) -> np.ndarray:
    """The best cIoU, (N,) float64, that any map without ties can reach under a protocol.

    A protocol fixes how many pixels are on. The best choice takes those of the source first,
    full votes before halves: each adds what it holds and takes nothing, since sum(G) counts it
    already. What is still to be switched on after that falls beside the source. Under `sspl` the
    number is free, but for one: the lowest pixel of a min-maxed map is off.

    Ties let a map slip out of a fixed number: one that is flat but for the source has no pixel
    above its median beside it. Where nothing sounds the ceiling is 0, as every score is.

    Args:
        ground_truth: (N, H, W) as in `score_maps`, of any size.
    """
    return np.array([_ceiling(t, protocol) for t in torch.as_tensor(ground_truth).numpy()])


def _ceiling(truth: np.ndarray, protocol: Protocol) -> float:
    source, half = np.sort(truth[truth > 0])[::-1], truth.size // 2
    num_on = {
        "sspl": min(len(source), truth.size - 1),
        "lvs": truth.size - half - 1,
        "ezvsl": truth.size - half,
        "adaptive": max(len(source) - 1, 0),
    }[protocol]
    beside = max(num_on - len(source), 0)
    both, either = (part.sum(dtype=np.float64) for part in (source[:num_on], source))
    return both / max(either + beside, 1e-12)


def saliency(features: Tensor) -> Tensor:
    """What the image encoder alone finds salient: mean |f|, (N, C, h, w) to (N, h, w).

    EZ-VSL's `NormReducer`, there on ResNet-18.
    """
    return features.abs().mean(1)
