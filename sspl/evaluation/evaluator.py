"""The one evaluator: a model's maps of annotated pairs, scored.

`sspl.evaluate`, the experiments, the choice of an epoch and the training on the page are views of
what it finds, so that a checkpoint gets the same digits everywhere. It looks at pairs batch by
batch, read as they are needed or encoded before; what it keeps of a pair is its scores, so that
memory hardly grows with their number.

Letters: N pairs, n of them with a source in the picture, k of a batch, T cycles, h w map.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from sspl.encode import predict_cycles
from sspl.evaluation.floors import ceiling_ciou, floor_maps, saliency, score_floors
from sspl.evaluation.multi_source import ClassQuestions, ask_classes
from sspl.evaluation.negative_audio import Active, ActiveArea, AudioCondition, correlate_maps
from sspl.evaluation.offscreen import confidence
from sspl.evaluation.test_sets import Batch, TestSet
from sspl.evaluation.tile_accuracy import MapName, Tiles
from sspl.metrics import PROTOCOLS, Protocol, per_sample_cious
from sspl.model import AudioVisualModel


@dataclass(frozen=True, kw_only=True)
class Questions:
    """What is measured of a model; the defaults are the fewest.

    Attributes:
        protocols: cycles, negative audio and several sources are scored under the first.
        per_cycle: score the map after every cycle.
        bounds: score floors, ceiling, maps refined by saliency and their confidence as well.
        conditions: which sounds are played; None plays all there are.
        num_maps: of how many pictures the maps are kept.
    """

    protocols: Sequence[Protocol] = ("sspl",)
    per_cycle: bool = False
    bounds: bool = False
    conditions: Sequence[AudioCondition] | None = ("right",)
    num_maps: int = 0


@dataclass(frozen=True, kw_only=True)
class UnderSound:
    """What a sound does to the maps of the n pictures; NaN where a picture has no such sound.

    Attributes:
        cious: (n,) under the first protocol; correlation: (n,) with the maps under the own sounds.
        active: what is on by one threshold for all sounds.
    """

    cious: np.ndarray
    correlation: np.ndarray
    active: Active

    @property
    def available(self) -> np.ndarray:
        """Which pictures have such a sound, (n,) bool."""
        return ~np.isnan(self.cious)


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What `evaluate_model` finds.

    Attributes:
        protocols: as asked.
        indices: (n,) the pairs with a source in the picture, of which most of the rest is.
        visible: (N,) bool; confidence: (N,) how sure the last map is, see
            `offscreen.confidence`; empty where bounds are not asked for.
        cious: (n,) of the last cycle, by protocol.
        per_cycle: (n,) after each cycle, under the first protocol; empty where not asked.
        prediction_error: (T, n) of the own sound in each cycle, 1 - cos(s, p_0); (0, n) where
            none is predicted.
        refined, ceiling: (n,) by protocol; floors: by floor and protocol; empty where not asked.
        threshold: what counts as on under any sound, see `ActiveArea`.
        under: by sound what it does.
        multi_source: CIoU and NSA (m,) of the pictures that were asked class by class.
        num_tiles: of the mosaics, 0 where none are asked for; tile_hits: by map (n,), see
            `Tiles.find_hits`, of each cycle, floor and sound.
        maps: (T, k, h, w) of the first pictures, as many as asked.
    """

    protocols: tuple[Protocol, ...]
    indices: np.ndarray
    visible: np.ndarray
    confidence: np.ndarray
    cious: Mapping[Protocol, np.ndarray]
    per_cycle: Sequence[np.ndarray]
    prediction_error: np.ndarray
    refined: Mapping[Protocol, np.ndarray]
    ceiling: Mapping[Protocol, np.ndarray]
    floors: Mapping[str, Mapping[Protocol, np.ndarray]]
    threshold: float
    under: Mapping[AudioCondition, UnderSound]
    multi_source: tuple[np.ndarray, np.ndarray]
    num_tiles: int
    tile_hits: Mapping[MapName, np.ndarray]
    maps: Tensor

    @property
    def own(self) -> np.ndarray:
        """cIoU (n,) of the last cycle under the first protocol."""
        return self.cious[self.protocols[0]]


EVERYTHING = Questions(protocols=PROTOCOLS, per_cycle=True, bounds=True, conditions=None)
"""All that `sspl.evaluate` asks."""


def evaluate_model(
    model: AudioVisualModel,
    test: TestSet,
    questions: Questions,
    training_truths: Iterable[np.ndarray] = (),
    classes: ClassQuestions | None = None,
    tiles: Tiles | None = None,
) -> Evaluation:
    """Score a model on a test set; arguments say what is asked.

    Args:
        training_truths: (224, 224) of the training split's pairs, for the mean-box floor.
        classes: to ask class by class, where pictures of several are in the test set.
        tiles: to ask which tile sounds, where mosaics are in the test set.
    """
    model.eval()
    floors = floor_maps(training_truths) if questions.bounds else {}
    areas, parts = ActiveArea(model.threshold), list[_Scores]()
    visible, sure, maps = list[np.ndarray](), list[np.ndarray](), list[Tensor]()
    errors = list[Tensor]()
    for batch in test.batches():
        sounds, _ = test.play("right", batch.indices)
        found = predict_cycles(model, batch.visual, sounds)
        right, kept = found.maps, torch.from_numpy(batch.visible)
        errors.append(found.errors[:, kept])
        visible.append(batch.visible)
        if questions.bounds:
            sure.append(confidence(right[-1]))
        missing = questions.num_maps - sum(part.shape[1] for part in maps)
        if missing > 0:
            maps.append(right[:, :missing])
        if batch.visible.any():
            right, batch = right[:, kept], _keep_visible(batch)
            areas.add("right", found.absolute[kept])
            parts.append(
                _score_batch(model, test, questions, batch, right, floors, areas, classes, tiles)
            )
    active = areas.measure()
    scores, correlations = (
        _join([part.under for part in parts]),
        _join([part.correlations for part in parts]),
    )
    return Evaluation(
        protocols=tuple(questions.protocols),
        indices=_concatenate([part.indices for part in parts]).astype(int),
        visible=_concatenate(visible).astype(bool),
        confidence=_concatenate(sure),
        cious=_join([part.cious for part in parts]),
        per_cycle=[
            np.concatenate(after) for after in zip(*(p.per_cycle for p in parts), strict=True)
        ],
        prediction_error=torch.cat(errors, dim=1).numpy(),
        refined=_join([part.refined for part in parts]),
        ceiling=_join([part.ceiling for part in parts]),
        floors=_join_floors([part.floors for part in parts]),
        threshold=areas.threshold,
        under={
            name: UnderSound(cious=cious, correlation=correlations[name], active=active[name])
            for name, cious in scores.items()
            if name in active
        },
        multi_source=(
            _concatenate([part.multi_source[0] for part in parts]),
            _concatenate([part.multi_source[1] for part in parts]),
        ),
        num_tiles=tiles.num if tiles else 0,
        tile_hits=_join([part.tile_hits for part in parts]),
        maps=torch.cat(maps, dim=1) if maps else torch.empty(0),
    )


def evaluate_floors(
    test: TestSet, protocols: Sequence[Protocol], training_truths: Iterable[np.ndarray] = ()
) -> dict[str, dict[Protocol, np.ndarray]]:
    """cIoU, (N,), by floor and protocol, of what does not listen, on every pair of a test set."""
    floors = floor_maps(training_truths)
    return _join_floors(
        [
            _score_floors(batch.truth, saliency(batch.visual).cpu(), floors, protocols)
            for batch in test.batches()
        ]
    )


# --- Batch by batch ---------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Scores:
    """What `Evaluation` holds of its n pictures, of those of a batch."""

    indices: np.ndarray
    cious: Mapping[Protocol, np.ndarray]
    per_cycle: Sequence[np.ndarray]
    refined: Mapping[Protocol, np.ndarray]
    ceiling: Mapping[Protocol, np.ndarray]
    floors: Mapping[str, Mapping[Protocol, np.ndarray]]
    under: Mapping[AudioCondition, np.ndarray]
    correlations: Mapping[AudioCondition, np.ndarray]
    multi_source: tuple[np.ndarray, np.ndarray]
    tile_hits: Mapping[MapName, np.ndarray]


Key = TypeVar("Key", bound=Hashable)


def _concatenate(parts: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.empty(0)


def _join(parts: Sequence[Mapping[Key, np.ndarray]]) -> dict[Key, np.ndarray]:
    """Columns by name, of all batches; each batch has the same names."""
    return {
        key: np.concatenate([part[key] for part in parts]) for key in (parts[0] if parts else ())
    }


def _join_floors(
    parts: Sequence[Mapping[str, Mapping[Protocol, np.ndarray]]],
) -> dict[str, dict[Protocol, np.ndarray]]:
    return {name: _join([part[name] for part in parts]) for name in (parts[0] if parts else ())}


def _keep_visible(batch: Batch) -> Batch:
    kept = torch.from_numpy(batch.visible)
    return Batch(
        indices=batch.indices[batch.visible],
        visual=batch.visual[kept],
        truth=batch.truth[kept],
        visible=batch.visible[batch.visible],
    )


def _score_batch(
    model: AudioVisualModel,
    test: TestSet,
    questions: Questions,
    batch: Batch,
    maps: Tensor,
    floors: Mapping[str, Tensor],
    areas: ActiveArea,
    classes: ClassQuestions | None,
    tiles: Tiles | None,
) -> _Scores:
    """All that is asked of a batch whose sources are seen, from its maps (T, k, h, w)."""
    protocols, first = questions.protocols, questions.protocols[0]
    cious = per_sample_cious(maps[-1], batch.truth, protocols)
    per_cycle: list[np.ndarray] = []
    if questions.per_cycle:
        earlier = [per_sample_cious(after, batch.truth, [first])[first] for after in maps[:-1]]
        per_cycle = [*earlier, cious[first]]
    refined: Mapping[Protocol, np.ndarray] = {}
    ceiling: Mapping[Protocol, np.ndarray] = {}
    scored: Mapping[str, Mapping[Protocol, np.ndarray]] = {}
    if questions.bounds:
        salient = saliency(batch.visual).cpu()
        refined = per_sample_cious(maps[-1], batch.truth, protocols, salient)
        ceiling = {protocol: ceiling_ciou(batch.truth, protocol) for protocol in protocols}
        scored = _score_floors(batch.truth, salient, floors, protocols)
    under, correlations, hits = _play(model, test, questions, batch, maps[-1], areas, tiles)
    if tiles:
        if questions.per_cycle:
            hits |= {
                ("cycle", str(t)): tiles.find_hits(after, batch.indices)
                for t, after in enumerate(maps, 1)
            }
        if questions.bounds:
            bounds = {name: one[None] for name, one in floors.items()} | {"saliency": salient}
            hits |= {
                ("floor", name): tiles.find_hits(one, batch.indices) for name, one in bounds.items()
            }
    return _Scores(
        indices=batch.indices,
        cious=cious,
        per_cycle=per_cycle,
        refined=refined,
        ceiling=ceiling,
        floors=scored,
        under=under,
        correlations=correlations,
        multi_source=(np.empty(0), np.empty(0))
        if classes is None
        else ask_classes(model, classes, batch.indices, batch.visual),
        tile_hits=hits,
    )


def _score_floors(
    truth: Tensor, salient: Tensor, floors: Mapping[str, Tensor], protocols: Sequence[Protocol]
) -> dict[str, dict[Protocol, np.ndarray]]:
    """cIoU (k,) by floor and protocol, saliency last."""
    found: dict[str, dict[Protocol, np.ndarray]] = {}
    for protocol in protocols:
        for name, cious in score_floors(truth, floors, protocol).items():
            found.setdefault(name, {})[protocol] = cious
    return {**found, "saliency": dict(per_sample_cious(salient, truth, protocols))}


def _play(
    model: AudioVisualModel,
    test: TestSet,
    questions: Questions,
    batch: Batch,
    right: Tensor,
    areas: ActiveArea,
    tiles: Tiles | None,
) -> tuple[
    dict[AudioCondition, np.ndarray], dict[AudioCondition, np.ndarray], dict[MapName, np.ndarray]
]:
    """cIoU, map correlation and hits of tiles (k,) by sound, NaN where there is no such sound."""
    first, asked = questions.protocols[0], questions.conditions
    scores: dict[AudioCondition, np.ndarray] = {}
    correlations: dict[AudioCondition, np.ndarray] = {}
    hits: dict[MapName, np.ndarray] = {}
    for name in test.conditions:
        if asked is not None and name not in asked:
            continue
        embeddings, available = test.play(name, batch.indices)
        scores[name], correlations[name], hit = np.full((3, len(batch.indices)), np.nan)
        if available.any():
            kept, maps = torch.from_numpy(available), right
            if name != "right":
                found = predict_cycles(model, batch.visual[kept], embeddings[kept])
                maps = found.maps[-1]
                areas.add(name, found.absolute)
            scores[name][available] = per_sample_cious(maps, batch.truth[kept], [first])[first]
            correlations[name][available] = correlate_maps(maps, right[kept])
            if tiles:
                hit[available] = tiles.find_hits(maps, batch.indices[available])
        if tiles:
            hits["sound", name] = hit
    return scores, correlations, hits
