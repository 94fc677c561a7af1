"""The best, the middle and the worst pairs of an evaluation, to be looked at.

Letters: N pairs, n of them with a source in the picture, h w map.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch

from sspl.data.stores import read_batches
from sspl.data.transforms import whole_view
from sspl.encode import predict_maps
from sspl.evaluation.evaluator import Evaluation
from sspl.evaluation.negative_audio import AudioCondition
from sspl.evaluation.test_sets import StreamedTestSet
from sspl.metrics import Protocol
from sspl.model import AudioVisualModel

NUM_EXAMPLES = 3  # of the best, the middle and the worst


@dataclass(frozen=True, kw_only=True)
class Example:
    """A pair to show.

    Attributes:
        title: why it is shown: "best", "median" or "worst".
        picture: (H, W, 3) uint8.
        boxes: (k, 4) normalised.
        maps: (h, w) after the last cycle, by sound.
        ciou: by protocol.
    """

    title: str
    id: str
    label: str
    picture: np.ndarray
    boxes: np.ndarray
    maps: Mapping[AudioCondition, np.ndarray]
    ciou: Mapping[Protocol, float]


def show_examples(
    model: AudioVisualModel, test: StreamedTestSet, found: Evaluation
) -> list[Example]:
    """The examples of what was found on a test set, under the first protocol."""
    return [
        _show(model, test, title, int(found.indices[n]), found.protocols[0], float(found.own[n]))
        for title, n in _choose(found.own)
    ]


def _choose(cious: np.ndarray) -> list[tuple[str, int]]:
    """Title and index of the best, the middle and the worst; no pair twice."""
    ranked, num = np.argsort(-cious, kind="stable"), min(NUM_EXAMPLES, len(cious) // 3)
    middle = (len(ranked) - num) // 2
    groups = {
        "best": ranked[: num or 1],
        "median": ranked[middle : middle + num],
        "worst": ranked[len(ranked) - num :],
    }
    return [(title, int(n)) for title, group in groups.items() for n in group]


@torch.no_grad()
def _show(
    model: AudioVisualModel,
    test: StreamedTestSet,
    title: str,
    index: int,
    protocol: Protocol,
    ciou: float,
) -> Example:
    pairs = test.pairs
    (images,) = read_batches(pairs.images, 1, [index])
    device = next(model.parameters()).device
    visual = model.encode_image(whole_view(images.to(device), model.config.image_spec))
    maps = {}
    for name in test.conditions:
        embeddings, available = test.play(name, np.array([index]))
        if available.all():
            maps[name] = predict_maps(model, visual, embeddings)[-1, 0].numpy()
    return Example(
        title=title,
        id=pairs.ids[index],
        label=pairs.labels[index],
        picture=images[0].permute(1, 2, 0).numpy(),
        boxes=pairs.boxes[index],
        maps=maps,
        ciou={protocol: ciou},
    )
