"""Pictures in which some classes sound and others do not: class-aware CIoU and NSA.

Letters: N samples, K classes, h w map. From Hu et al., "Discriminative Sounding Objects
Localization via Self-supervised Audiovisual Matching" (2020, DSOL), for MUSIC's duets: each class
that sounds is to be found with the map of its own class (CIoU), and the maps of the others are to
stay empty (NSA, no-sounding-area).

A model without class outputs, such as ours, gets a class map by playing a solo sound of the class
to the picture; `scale_class_maps` puts a picture's maps on one scale.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sspl.data.pairs import Pairs
from sspl.encode import encode_sounds, predict_maps
from sspl.metrics import SIZE_PX, ground_truth, region_ciou, summarise
from sspl.model import AudioVisualModel

ON = 0.2  # above it a class map is on; DSOL's value


@dataclass(frozen=True, kw_only=True)
class MultiSource:
    """Fractions in [0, 1].

    Attributes:
        ciou_at_30: share of pictures with CIoU >= 0.3.
        auc: area under the success curve of CIoU.
        nsa: mean NSA; None where every class sounds in every picture.
    """

    ciou_at_30: float
    auc: float
    nsa: float | None


def scale_class_maps(maps: Tensor) -> Tensor:
    """A picture's maps (N, K, h, w), one per class's solo sound, to class maps in [0, 1].

    What is below 0 (looks away from the sound) becomes 0, and all are divided by the picture's
    largest value over all classes, so that a class which fits less is also lower.
    """
    above = maps.clamp_min(0)
    return above / above.amax((1, 2, 3), keepdim=True).clamp_min(1e-12)


def score_multi_source(
    class_maps: Tensor, truths: Sequence[Mapping[int, np.ndarray]]
) -> tuple[np.ndarray, np.ndarray]:
    """CIoU and NSA of each picture, for `summarise_multi_source`; may be called batch by batch.

    CIoU: mean over the classes that sound of the cIoU of (map > 0.2 of its own largest value).
    NSA: mean over the other classes of the share of pixels <= 0.2. Maps are up-sampled to
    224 x 224 bilinearly.

    Args:
        class_maps: (N, K, h, w) in [0, 1], all classes of a picture on one scale.
        truths: for each picture, by the index of each class that sounds, (224, 224) in [0, 1].
    Returns:
        Two (N,) float64 in [0, 1]; NSA is NaN where every class sounds.
    Raises:
        ValueError: for unequal numbers, a picture in which no class sounds, or an unknown class.
    """
    if len(class_maps) != len(truths):
        raise ValueError(f"{len(class_maps)} pictures' class maps and {len(truths)} ground truths")
    scores = [_score_picture(maps, truth) for maps, truth in zip(class_maps, truths, strict=True)]
    ciou, nsa = np.array(scores, np.float64).reshape(-1, 2).T
    return ciou, nsa


def _score_picture(maps: Tensor, truths: Mapping[int, np.ndarray]) -> tuple[float, float]:
    """CIoU and NSA of one picture: (K, h, w) class maps, ground truth by class."""
    if not truths:
        raise ValueError("no class sounds in this picture: leave it out of the duets")
    if not set(truths) <= set(range(len(maps))):
        raise ValueError(f"classes {sorted(truths)} sound, but there are only {len(maps)} maps")
    size = (SIZE_PX, SIZE_PX)
    maps = F.interpolate(maps[None].float(), size=size, mode="bilinear")[0]
    sounding = maps[list(truths)]
    truth = torch.from_numpy(np.stack(list(truths.values())))
    ciou = region_ciou(sounding > ON * sounding.amax((1, 2), keepdim=True), truth)
    silent = [float((maps[k] <= ON).float().mean()) for k in range(len(maps)) if k not in truths]
    return float(ciou.mean()), float(np.mean(silent)) if silent else np.nan


def summarise_multi_source(ciou: np.ndarray, nsa: np.ndarray) -> MultiSource:
    """The scores of all pictures, from `score_multi_source`' two (N,)."""
    known = nsa[~np.isnan(nsa)]
    return MultiSource(
        ciou_at_30=float((ciou >= 0.3).mean()),
        auc=summarise(ciou).auc,
        nsa=float(known.mean()) if len(known) else None,
    )


# --- Asking a model class by class ------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class ClassQuestions:
    """To ask where each class is in pictures of several.

    Attributes:
        pairs: whose objects say what is in the pictures.
        embeddings: by class (1, k P, A), some sounds of it alone.
    """

    pairs: Pairs
    embeddings: Mapping[str, Tensor]


def encode_class_questions(
    model: AudioVisualModel, pairs: Pairs, solos: Mapping[str, Tensor]
) -> ClassQuestions:
    """From some sounds of each class alone, (k, P, ...) as in `Pairs.sounds`."""
    embeddings = {
        label: encode_sounds(model, solo).flatten(0, 1)[None] for label, solo in solos.items()
    }
    return ClassQuestions(pairs=pairs, embeddings=embeddings)


def ask_classes(
    model: AudioVisualModel, classes: ClassQuestions, indices: np.ndarray, visual: Tensor
) -> tuple[np.ndarray, np.ndarray]:
    """CIoU and NSA (m,) of the pictures of several, all of whose sounding classes have a solo.

    Args:
        indices: (k,) of the pictures among the pairs; visual: (k, C, h, w).
    """
    pairs, labels = classes.pairs, list(classes.embeddings)
    several = [n for n, i in enumerate(indices) if _holds_several(pairs, i, set(labels))]
    if not several:
        return np.empty(0), np.empty(0)
    visual = visual[several]
    maps = [
        predict_maps(model, visual, classes.embeddings[label].expand(len(visual), -1, -1))[-1]
        for label in labels
    ]
    truths = []
    for i in indices[several]:
        boxes = defaultdict(list)
        for item in pairs.objects[i]:
            if item.sounding:
                boxes[labels.index(item.label)].append(item.box)
        truths.append({k: ground_truth(drawn, 1) for k, drawn in boxes.items()})
    return score_multi_source(scale_class_maps(torch.stack(maps, dim=1)), truths)


def _holds_several(pairs: Pairs, index: int, known: set[str]) -> bool:
    objects = pairs.objects[index] if pairs.objects else ()
    sounding = {item.label for item in objects if item.sounding}
    return len({item.label for item in objects}) > 1 and bool(sounding) and sounding <= known
