"""Score a checkpoint: every cycle, beside the floors, and does it listen?

    python -m sspl.evaluate --checkpoint tiny --data orchestra --seed 7 --num 500
    python -m sspl.evaluate --checkpoint runs/light/best --data FOLDER --split test

Letters: N samples, T cycles, P audio patches, A audio channels, h w map.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import torch
import tyro
from torch import Tensor

from sspl.audio import NUM_SAMPLES, log_mel
from sspl.checkpoint import find_checkpoint, load_model, read_meta, versions
from sspl.command import give_result, run_command
from sspl.config import DataConfig
from sspl.data.orchestra import Kind
from sspl.data.pairs import Pairs, orchestra_pairs
from sspl.encode import BATCH, Encoded, encode_pairs
from sspl.metrics import (
    PROTOCOLS,
    Protocol,
    Scores,
    score_floors,
    score_maps,
)
from sspl.model import SSPL
from sspl.sources import load_scored_pairs, load_training_boxes

BOOTSTRAPS = 1000
Listening = Literal["right", "other", "silent", "noise"]


@torch.no_grad()
def predict_maps(model: SSPL, visual: Tensor, embeddings: Tensor) -> Tensor:
    """The map after each cycle for each pair: (T, N, h, w), on the CPU."""
    maps = []
    for seen, heard in zip(visual.split(BATCH), embeddings.split(BATCH), strict=True):
        sound, query = model.listen(heard)
        maps.append(model.trace_features(seen, sound, query).similarity.cpu())
    return torch.cat(maps, dim=1)


def swap_sounds(model: SSPL, encoded: Encoded, seed: int = 0) -> dict[Listening, Tensor]:
    """Embeddings (N, P, A) to play to the same pictures: right, another class's, none, noise.

    Where all pairs are of one class there is no other; where the sounds were embedded by another
    network, it is not here to hear silence and noise.
    """
    rng = np.random.default_rng([seed, 41])
    labels = np.array(encoded.labels)
    played: dict[Listening, Tensor] = {"right": encoded.embeddings}
    if len(set(labels)) > 1:
        other = [int(rng.choice(np.flatnonzero(labels != label))) for label in labels]
        played["other"] = encoded.embeddings[other]
    if model.config.ears == "embedding":
        return played
    num = len(labels)
    noise = torch.from_numpy(rng.uniform(-0.5, 0.5, (num, NUM_SAMPLES)).astype(np.float32))
    device = encoded.embeddings.device
    with torch.no_grad():
        silent = model.hear(log_mel(torch.zeros(1, NUM_SAMPLES)).to(device)).expand(num, -1, -1)
        noisy = [model.hear(log_mel(part).to(device)) for part in noise.split(BATCH)]
    played |= {"silent": silent, "noise": torch.cat(noisy)}
    return played


def evaluate_model(
    model: SSPL,
    pairs: Pairs,
    training_boxes: Sequence[np.ndarray],
    protocols: Sequence[Protocol] = PROTOCOLS,
    seed: int = 0,
) -> dict[str, Any]:
    """Everything `--json` holds about the scores: protocols, floors, cycles, listening.

    Args:
        training_boxes: boxes of the training split, for the mean-box floor.
        seed: of the bootstrap and of the choice of other sounds.
    """
    encoded = encode_pairs(model, pairs)
    truth = encoded.ground_truth
    first = protocols[0]
    heard = {
        name: predict_maps(model, encoded.visual, embeddings)
        for name, embeddings in swap_sounds(model, encoded, seed).items()
    }
    right = heard["right"]
    floors: dict[str, dict[str, Any]] = {}
    for protocol in protocols:
        for name, scores in score_floors(truth, training_boxes, protocol).items():
            floors.setdefault(name, {})[protocol] = describe(scores)
    return {
        "n": len(pairs),
        "protocols": {
            p: describe(scores) | {"ci95": bootstrap_interval(scores, seed)}
            for p in protocols
            for scores in [score_maps(right[-1], truth, p)]
        },
        "floors": floors,
        "per_cycle": [
            {"t": t} | describe(score_maps(maps, truth, first)) for t, maps in enumerate(right, 1)
        ],
        "listening": {
            name: describe(score_maps(maps[-1], truth, first))
            | {"map_correlation": correlate_maps(maps[-1], right[-1])}
            for name, maps in heard.items()
        },
    }


def describe(scores: Scores) -> dict[str, float]:
    """The three summary numbers of `Scores`, JSON-able."""
    return {
        "ciou_at_50": scores.ciou_at_50,
        "auc": scores.auc,
        "mean_ciou": scores.mean_ciou,
    }


def bootstrap_interval(scores: Scores, seed: int) -> list[float]:
    """95 % interval of cIoU@0.5 from 1000 resamples of the samples."""
    rng = np.random.default_rng([seed, 43])
    hits = scores.per_sample >= 0.5
    means = rng.choice(hits, (BOOTSTRAPS, len(hits))).mean(1)
    return [float(v) for v in np.quantile(means, [0.025, 0.975])]


def correlate_maps(maps: Tensor, reference: Tensor) -> float:
    """Mean Pearson correlation of (N, h, w) maps with theirs under the right sound; flat is 0."""
    a, b = (m.flatten(1) - m.flatten(1).mean(1, keepdim=True) for m in (maps, reference))
    r = (a * b).sum(1) / (a.norm(dim=1) * b.norm(dim=1)).clamp_min(1e-12)
    return float(r.mean())


def main(
    checkpoint: str,
    data: str = "orchestra",
    seed: int = 7,
    num: int = 500,
    kind: Kind = "solo",
    split: str = "test",
    embeddings: Path | None = None,
    protocol: Literal[Protocol, "all"] = "all",
    json_path: Annotated[str | None, tyro.conf.arg(name="json")] = None,
    device: Literal["cpu", "cuda"] | None = None,
) -> None:
    """Score a checkpoint on clips, beside the floors, cycle by cycle, and with swapped sounds.

    Args:
        checkpoint: a shipped name, a checkpoint folder, or a Hub id.
        data: what to look at: a folder with manifest.jsonl, or `orchestra`, which is drawn and
            played from the seed.
        seed: of `orchestra`'s clips; take one that neither training nor selection saw.
        num: how many of `orchestra`'s clips.
        kind: of `orchestra`'s clips.
        split: of a folder's rows.
        embeddings: an .npz with the sounds as another network embedded them; by default the one
            that the checkpoint was trained with.
        protocol: one, or all; cycles, listening and intervals are given under the first.
        json_path: where the result goes; "-" prints it instead of the table.
        device: "cpu", "cuda"; by default a GPU where there is one.
    """
    folder = find_checkpoint(checkpoint)
    model, meta = load_model(folder, device), read_meta(folder)
    trained_on = DataConfig(**meta["data"])
    if data == "orchestra":
        source = trained_on if trained_on.name == data else DataConfig()
        pairs = orchestra_pairs(seed, num, (kind,))
        seen = trained_on.name == data and seed in (trained_on.train_seed, trained_on.val_seed)
        where = {"split": f"seed {seed}, {kind}", "seed": seed, "kind": kind}
    else:
        source = DataConfig(name=data, embeddings=_choose_embeddings(model, trained_on, embeddings))
        pairs = load_scored_pairs(source, split)
        seen = Path(data).resolve() == Path(trained_on.name).resolve() and split in (
            "train",
            meta["selection"],
        )
        where = {"split": split}
    boxes = load_training_boxes(source)
    if model.config.ears == "embedding":
        note = "note: silence and noise are not played: other ears embedded these sounds"
        print(note, file=sys.stderr)
    if seen:
        print(f"note: training or selection saw {where['split']}", file=sys.stderr)
    protocols = PROTOCOLS if protocol == "all" else (protocol,)
    result = {
        "data": data,
        **where,
        "split": where["split"] + (", seen in training" if seen else ", unseen"),
        "checkpoint": checkpoint,
        "selection": meta["selection"],
        **evaluate_model(model, pairs, boxes, protocols),
        "versions": versions(),
    }
    give_result(result, format_result(result), json_path)


def _choose_embeddings(model: SSPL, trained_on: DataConfig, given: Path | None) -> str | None:
    """The file that holds what the checkpoint's ears take in, if they take in embeddings."""
    if model.config.ears != "embedding":
        if given is not None:
            raise ValueError("this checkpoint has ears of its own: leave --embeddings out")
        return None
    if given is None and trained_on.embeddings is None:
        raise ValueError("this checkpoint takes embeddings in place of sounds: pass --embeddings")
    return str(given or trained_on.embeddings)


def format_result(result: dict[str, Any]) -> str:
    """The result as a table to read in a terminal."""
    first = next(iter(result["protocols"]))
    lines = [
        f"{result['checkpoint']} (epoch chosen by {result['selection']}) "
        f"on {result['data']} ({result['split']}), n = {result['n']}"
    ]

    def row(name: str, scores: dict[str, Any], more: str = "") -> str:
        return f"  {name:24}{scores['ciou_at_50']:8.3f}{scores['auc']:8.3f}   {more}"

    lines.append(f"  {'':24}{'cIoU@.5':>8}{'AUC':>8}")
    for protocol, scores in result["protocols"].items():
        low, high = scores["ci95"]
        lines.append(row(f"protocol {protocol}", scores, f"95 % in {low:.3f} to {high:.3f}"))
        for name, floor in result["floors"].items():
            lines.append(row(f"  floor: {name}", floor[protocol]))
    lines.append(f"by cycle, protocol {first}")
    lines += [row(f"t = {cycle['t']}", cycle) for cycle in result["per_cycle"]]
    lines.append(f"by what is played, protocol {first}")
    for name, scores in result["listening"].items():
        more = f"maps correlate {scores['map_correlation']:.2f} with the right sound's"
        lines.append(row(name, scores, more))
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(run_command(lambda: tyro.cli(main)))
