"""Look at annotated pairs, batch by batch: scores, floors, cycles, other sounds.

What is kept of a pair is its scores and its sound's embedding, 1.5 kB in all, so that memory
hardly grows with their number.

Letters: N pairs, n pairs of a batch, T cycles, P audio patches, A audio channels, C h w features.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm import tqdm

from sspl.data.pairs import Pairs
from sspl.data.stores import read_batches
from sspl.data.transforms import whole_view
from sspl.encode import BATCH, encode_sounds, predict_maps
from sspl.evaluation.floors import ceiling_ciou, floor_maps, saliency, score_floors
from sspl.evaluation.multi_source import scale_class_maps, score_multi_source
from sspl.evaluation.negative_audio import ActiveArea, Sounds, correlate_maps
from sspl.evaluation.offscreen import confidence
from sspl.evaluation.summary import Example, Tally, list_samples, summarise_tally
from sspl.metrics import PROTOCOLS, Protocol, ground_truth, per_sample_cious
from sspl.model import SSPL

NUM_EXAMPLES = 3  # of the best, the middle and the worst


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What `evaluate_model` finds.

    Attributes:
        result: what `--json` holds about the scores.
        samples: a row for each pair with a source in the picture.
        examples: the best, the middle and the worst of them under the first protocol.
    """

    result: dict[str, Any]
    samples: list[dict[str, Any]]
    examples: list[Example]


def evaluate_model(
    model: SSPL,
    pairs: Pairs,
    training_truths: Iterable[np.ndarray] = (),
    solos: Mapping[str, Tensor] | None = None,
    protocols: Sequence[Protocol] = PROTOCOLS,
    seed: int = 0,
) -> Evaluation:
    """Score a model on annotated pairs, under each protocol, cycle and sound.

    Args:
        training_truths: (224, 224) of the training split's pairs, for the mean-box floor.
        solos: by class some sounds of it alone, (k, P, ...) as in `Pairs.sounds`, to ask where
            each class is in a picture of several.
        protocols: cycles, listening and classes are scored under the first of them.
        seed: of the bootstrap and of the choice of other sounds.
    """
    model.eval()
    sounds = Sounds(
        model, encode_sounds(model, pairs.sounds), pairs.labels, seed, pairs.sound_names
    )
    classes = {
        label: encode_sounds(model, solo).flatten(0, 1)[None]
        for label, solo in (solos or {}).items()
    }
    floors = floor_maps(training_truths)
    tally, shares = Tally(), ActiveArea()
    for indices, visual in _look(model, pairs):
        truth = pairs.draw_truth(indices)
        # By the boxes: one that is less than a pixel is a source that no map meets.
        visible = np.array([len(pairs.boxes[i]) > 0 for i in indices])
        right = predict_maps(model, visual, sounds.play("right", indices)[0])
        tally.add(visible, "visible")
        tally.add(confidence(right[-1]), "confidence")
        if not visible.any():
            continue
        kept = torch.from_numpy(visible)
        indices, visual, truth, right = indices[visible], visual[kept], truth[kept], right[:, kept]
        tally.add(indices, "places")
        _score_batch(tally, right, visual, truth, floors, protocols)
        _play_batch(tally, shares, model, sounds, indices, visual, truth, right[-1], protocols[0])
        _ask_batch(tally, model, classes, pairs, indices, visual)
    examples = _choose_examples(tally.get("places"), tally.get("score", protocols[0]))
    return Evaluation(
        result=summarise_tally(tally, shares.measure(), pairs.labels, protocols, seed),
        samples=list_samples(tally, pairs),
        examples=[
            _show_example(model, pairs, sounds, title, place, score, protocols[0])
            for title, place, score in examples
        ],
    )


def _look(model: SSPL, pairs: Pairs) -> Iterator[tuple[np.ndarray, Tensor]]:
    """The places (n,) and the features (n, C, h, w) of each batch of pictures."""
    device, spec = next(model.parameters()).device, model.config.image_spec
    first = 0
    with tqdm(total=len(pairs), desc="look", unit="picture", leave=False) as bar:
        for images in read_batches(pairs.images, BATCH):
            with torch.no_grad():
                visual = model.encode_image(whole_view(images.to(device), spec))
            yield np.arange(first, first + len(images)), visual
            first += len(images)
            bar.update(len(images))


def _score_batch(
    tally: Tally,
    maps: Tensor,
    visual: Tensor,
    truth: Tensor,
    floors: Mapping[str, Tensor],
    protocols: Sequence[Protocol],
) -> None:
    """The scores of a batch under every protocol, those of floors and ceiling, and by cycle."""
    salient = saliency(visual).cpu()
    for name, found in (
        ("score", per_sample_cious(maps[-1], truth, protocols)),
        ("refined", per_sample_cious(maps[-1], truth, protocols, salient)),
        ("saliency", per_sample_cious(salient, truth, protocols)),
    ):
        for protocol, cious in found.items():
            tally.add(cious, name, protocol)
    for protocol in protocols:
        tally.add(ceiling_ciou(truth, protocol), "ceiling", protocol)
        for name, cious in score_floors(truth, floors, protocol).items():
            tally.add(cious, name, protocol)
    for t, after in enumerate(maps, 1):
        tally.add(per_sample_cious(after, truth, protocols[:1])[protocols[0]], "cycle", t)


def _play_batch(
    tally: Tally,
    shares: ActiveArea,
    model: SSPL,
    sounds: Sounds,
    indices: np.ndarray,
    visual: Tensor,
    truth: Tensor,
    right: Tensor,
    protocol: Protocol,
) -> None:
    """What other sounds do to the maps of a batch; NaN where there is no such sound."""
    for name in sounds.names:
        heard, there = sounds.play(name, indices)
        scores, correlations = np.full((2, len(indices)), np.nan)
        if there.any():
            kept = torch.from_numpy(there)
            maps = right if name == "right" else predict_maps(model, visual[kept], heard[kept])[-1]
            scores[there] = per_sample_cious(maps, truth[kept], [protocol])[protocol]
            correlations[there] = correlate_maps(maps, right[kept])
            shares.add(name, maps)
        tally.add(scores, "listening", name)
        tally.add(correlations, "correlation", name)


def _ask_batch(
    tally: Tally,
    model: SSPL,
    classes: Mapping[str, Tensor],
    pairs: Pairs,
    indices: np.ndarray,
    visual: Tensor,
) -> None:
    """Where each class is in pictures of several, all of whose sounding ones have a solo."""
    labels = list(classes)
    several = [n for n, i in enumerate(indices) if _is_of_several(pairs, i, set(labels))]
    if not several:
        return
    seen = visual[several]
    maps = [
        predict_maps(model, seen, classes[label].expand(len(seen), -1, -1))[-1] for label in labels
    ]
    truths = []
    for i in indices[several]:
        boxes = defaultdict(list)
        for item in pairs.objects[i]:
            if item.sounding:
                boxes[labels.index(item.label)].append(item.box)
        truths.append({k: ground_truth(found, 1) for k, found in boxes.items()})
    ciou, nsa = score_multi_source(scale_class_maps(torch.stack(maps, dim=1)), truths)
    tally.add(ciou, "multi_source", "ciou")
    tally.add(nsa, "multi_source", "nsa")


def _is_of_several(pairs: Pairs, place: int, known: set[str]) -> bool:
    objects = pairs.objects[place] if pairs.objects else ()
    sounding = {item.label for item in objects if item.sounding}
    return len({item.label for item in objects}) > 1 and bool(sounding) and sounding <= known


def _choose_examples(places: np.ndarray, cious: np.ndarray) -> list[tuple[str, int, float]]:
    """(title, place, cIoU) of the best, the middle and the worst; no pair twice."""
    ranked, num = np.argsort(-cious, kind="stable"), min(NUM_EXAMPLES, len(cious) // 3)
    middle = (len(ranked) - num) // 2
    groups = {
        "best": ranked[: num or 1],
        "median": ranked[middle : middle + num],
        "worst": ranked[len(ranked) - num :],
    }
    return [
        (title, int(places[n]), float(cious[n])) for title, group in groups.items() for n in group
    ]


@torch.no_grad()
def _show_example(
    model: SSPL,
    pairs: Pairs,
    sounds: Sounds,
    title: str,
    place: int,
    score: float,
    protocol: Protocol,
) -> Example:
    (images,) = read_batches(pairs.images, 1, [place])
    device, indices = next(model.parameters()).device, np.array([place])
    visual = model.encode_image(whole_view(images.to(device), model.config.image_spec))
    maps = {}
    for name in sounds.names:
        heard, there = sounds.play(name, indices)
        if there.all():
            maps[name] = predict_maps(model, visual, heard)[-1, 0].numpy()
    return Example(
        title=title,
        id=pairs.ids[place],
        label=pairs.labels[place],
        picture=images[0].permute(1, 2, 0).numpy(),
        boxes=pairs.boxes[place],
        maps=maps,
        ciou={protocol: score},
    )
