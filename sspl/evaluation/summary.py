"""What an evaluation comes to: numbers of each pair in, the result of `evaluate` out.

Letters: N pairs, n pairs with a source in the picture.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from sspl.data.pairs import Pairs
from sspl.evaluation.floors import FLOOR_NAMES
from sspl.evaluation.multi_source import summarise_multi_source
from sspl.evaluation.negative_audio import AudioCondition
from sspl.evaluation.offscreen import score_offscreen
from sspl.metrics import Protocol, auc_per_sample, bootstrap, summarise


class Tally:
    """Numbers of each pair, added batch by batch under a name of one word or two."""

    def __init__(self) -> None:
        self._parts: defaultdict[tuple[Any, ...], list[np.ndarray]] = defaultdict(list)

    def add(self, values: np.ndarray, *name: Any) -> None:
        self._parts[name].append(values)

    def get(self, *name: Any) -> np.ndarray:
        """All of them, (N,); none where nothing was added."""
        return np.concatenate(self._parts[name]) if name in self._parts else np.empty(0)

    def list_under(self, first: Any) -> list[Any]:
        """The second words of the names that begin with `first`, in the order of adding."""
        return [name[1] for name in self._parts if name[0] == first]


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


def summarise_tally(
    tally: Tally,
    shares: Mapping[AudioCondition, float],
    labels: Sequence[str],
    protocols: Sequence[Protocol],
    seed: int,
) -> dict[str, Any]:
    """What `evaluate --json` holds about the scores.

    Args:
        tally: of `sspl.evaluation.evaluator`.
        shares: of each sound's maps, how much is on.
        labels: (N,) classes.
        protocols: cycles, listening and classes were scored under the first.
        seed: of the intervals.
    Raises:
        ValueError: if there is no pair with a source in the picture.
    """
    first = protocols[0]
    visible, places = tally.get("visible"), tally.get("places")
    if not len(places):
        raise ValueError("in none of the pictures is anything that sounds: nothing can be scored")
    floors = [name for name in FLOOR_NAMES if len(tally.get(name, first))]
    result: dict[str, Any] = {
        "n": len(places),
        "num_without_source": int((~visible).sum()),
        "protocols": {p: _describe(tally.get("score", p), seed) for p in protocols},
        "refined": {p: _describe(tally.get("refined", p), seed) for p in protocols},
        "floors": {f: {p: _describe(tally.get(f, p)) for p in protocols} for f in floors},
        "ceiling": {p: _describe(tally.get("ceiling", p)) for p in protocols},
        "per_cycle": [
            {"t": t, **_sum_up(tally.get("cycle", t))} for t in sorted(tally.list_under("cycle"))
        ],
        "listening": {name: _describe_sound(tally, name, shares[name], seed) for name in shares},
        "per_class": _describe_classes(tally.get("score", first), [labels[int(i)] for i in places]),
    }
    if not visible.all():
        result["extended"] = {}
        for protocol in protocols:
            cious = np.zeros(len(visible))
            cious[visible] = tally.get("score", protocol)
            found = score_offscreen(cious, tally.get("confidence"), visible)
            result["extended"][protocol] = vars(found)
    if len(tally.get("multi_source", "ciou")):
        found = summarise_multi_source(
            tally.get("multi_source", "ciou"), tally.get("multi_source", "nsa")
        )
        result["multi_source"] = {"n": len(tally.get("multi_source", "ciou")), **vars(found)}
    return result


def _sum_up(cious: np.ndarray) -> dict[str, float]:
    """The three numbers that sum up cIoUs (n,)."""
    scores = summarise(cious)
    return {"ciou_at_50": scores.ciou_at_50, "auc": scores.auc, "mean_ciou": scores.mean_ciou}


def _describe(cious: np.ndarray, seed: int | None = None) -> dict[str, Any]:
    """They and the success curve, with 95 % intervals where a seed draws them."""
    described = _sum_up(cious) | {"curve": [float(v) for v in summarise(cious).curve]}
    if seed is not None:
        described["ci95"] = bootstrap(cious >= 0.5, seed)
        described["auc_ci95"] = bootstrap(auc_per_sample(cious), seed)
    return described


def _describe_sound(
    tally: Tally, name: AudioCondition, active_area: float, seed: int
) -> dict[str, Any]:
    """Scores and maps under a sound, against those of the same pictures under the right one."""
    cious = tally.get("listening", name)
    there = ~np.isnan(cious)
    described = {
        "n": int(there.sum()),
        **_sum_up(cious[there]),
        "map_correlation": float(tally.get("correlation", name)[there].mean()),
        "active_area": active_area,
    }
    if name != "right":
        hits, right = cious[there] >= 0.5, tally.get("listening", "right")[there] >= 0.5
        change = hits.astype(np.float64) - right
        described |= {
            "score_change": float(change.mean()),
            "score_change_ci95": bootstrap(change, seed),
        }
    return described


def _describe_classes(cious: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    classes = np.array(labels)
    return {
        label: {"n": int((classes == label).sum()), **_sum_up(cious[classes == label])}
        for label in sorted(set(labels) - {""})
    }


def list_samples(tally: Tally, pairs: Pairs) -> list[dict[str, Any]]:
    """A row for each pair with a source in the picture: its cIoU by protocol and by sound."""
    cious = {p: tally.get("score", p) for p in tally.list_under("score")}
    heard = {name: tally.get("listening", name) for name in tally.list_under("listening")}
    return [
        {
            "id": pairs.ids[place],
            "label": pairs.labels[place],
            "ciou": {p: float(values[n]) for p, values in cious.items()},
            "listening": {
                name: float(values[n]) for name, values in heard.items() if not np.isnan(values[n])
            },
        }
        for n, place in enumerate(tally.get("places"))
    ]
