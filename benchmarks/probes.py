"""What frozen encoders can name: linear probes, fitted on a folder's training rows, scored on test.

    python -m benchmarks.probes --data FOLDER --audio-encoders mn04_16k mn04
    python -m benchmarks.probes --data FOLDER --image-encoders efficientnet_lite0 squeezenet1_1

A probe is a multinomial logistic regression on standardised features, each class weighted alike; of
four weight decays the one is taken that is best on "val". A picture's feature is the mean over its
boxes, or over the whole of it where nobody drew any. The folder needs labels. Mosaics are left out.

Letters: N rows, C channels, K classes, h w grid.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor, nn
from tqdm import tqdm

from sspl.command import run_command
from sspl.data.folder import open_rows
from sspl.data.manifest import Row, read_manifest
from sspl.data.stores import read_batches
from sspl.data.transforms import whole_view
from sspl.encoders import (
    AUDIO_ENCODERS,
    IMAGE_ENCODERS,
    AudioEncoderName,
    ImageEncoderName,
)
from sspl.weights import find_weights, read_weights

SPLITS = ("train", "val", "test")
DECAYS = (1e-3, 1e-2, 1e-1, 1.0)
BATCH = 25


@dataclass(frozen=True, kw_only=True)
class Probe:
    """What a probe finds on the test rows.

    Attributes:
        accuracy: share of the rows.
        balanced: mean over the classes of their shares; it is what the decay was chosen by.
        by_class: the share of each.
    """

    accuracy: float
    balanced: float
    by_class: dict[str, float]
    decay: float


def fit_probe(features: Tensor, classes: Tensor, num_classes: int, decay: float) -> nn.Linear:
    """Logistic regression by L-BFGS: (N, C) float64 and (N,) int64 to a linear layer."""
    layer = nn.Linear(features.shape[1], num_classes, dtype=torch.float64)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    counts = torch.bincount(classes, minlength=num_classes).clamp_min(1)
    weight = len(classes) / (num_classes * counts.double())
    optimizer = torch.optim.LBFGS(layer.parameters(), max_iter=200, line_search_fn="strong_wolfe")

    def step() -> Tensor:
        optimizer.zero_grad()
        loss = F.cross_entropy(layer(features), classes, weight=weight)
        loss = loss + decay / 2 * layer.weight.square().sum()
        loss.backward()
        return loss

    optimizer.step(step)
    return layer


@torch.no_grad()
def score(layer: nn.Linear, features: Tensor, classes: Tensor) -> tuple[float, dict[int, float]]:
    """The accuracy on (N, C), and by class that is among (N,)."""
    right = layer(features).argmax(1) == classes
    by_class = {int(k): float(right[classes == k].double().mean()) for k in classes.unique()}
    return float(right.double().mean()), by_class


def probe(features: dict[str, Tensor], labels: dict[str, list[str]]) -> Probe:
    """Fit on "train", choose on "val", score on "test"; (N, C) features and N labels of each."""
    names = sorted(set(labels["train"]))
    mean, deviation = features["train"].mean(0), features["train"].std(0) + 1e-6
    scaled = {split: (x - mean).double() / deviation for split, x in features.items()}
    classes = {split: torch.tensor([names.index(n) for n in labels[split]]) for split in SPLITS}
    best: tuple[float, float, nn.Linear] | None = None
    for decay in DECAYS:
        layer = fit_probe(scaled["train"], classes["train"], len(names), decay)
        _, by_class = score(layer, scaled["val"], classes["val"])
        balanced = sum(by_class.values()) / len(by_class)
        if best is None or balanced > best[0]:
            best = balanced, decay, layer
    assert best is not None
    accuracy, by_class = score(best[2], scaled["test"], classes["test"])
    return Probe(
        accuracy=round(accuracy, 3),
        balanced=round(sum(by_class.values()) / len(by_class), 3),
        by_class={names[k]: round(share, 3) for k, share in by_class.items()},
        decay=best[1],
    )


@torch.no_grad()
def embed_sounds(name: str, rows: list[Row], weights_dir: Path | None) -> Tensor:
    """(N, A), each sound's patches averaged; a sound that comes again is embedded once."""
    spec = AUDIO_ENCODERS[name]
    encoder = _load(spec.build(), name, weights_dir)
    first = {row.audio: row for row in reversed(rows)}
    unique = list(first.values())
    sounds = open_rows(unique, encoder=spec).sounds
    batches = tqdm(read_batches(sounds, BATCH), name, len(unique) // BATCH, leave=False)
    found = torch.cat([encoder(batch).mean(1) for batch in batches])
    index = {row.audio: i for i, row in enumerate(unique)}
    return found[[index[row.audio] for row in rows]]


@torch.no_grad()
def embed_pictures(name: str, rows: list[Row], weights_dir: Path | None) -> Tensor:
    """(N, C), the mean over the places in a picture's boxes."""
    spec = IMAGE_ENCODERS[name]
    encoder = _load(spec.build(), name, weights_dir)
    found: list[Tensor] = []
    images = open_rows(rows).images
    for batch in tqdm(read_batches(images, BATCH), name, len(rows) // BATCH, leave=False):
        for feature in encoder(whole_view(batch, spec)):
            found.append(_pool(feature, rows[len(found)]))
    return torch.stack(found)


def _pool(feature: Tensor, row: Row) -> Tensor:
    """(C, h, w) to (C,): places whose middle lies in a box, or all of them."""
    height, width = feature.shape[1:]
    y = (torch.arange(height) + 0.5)[:, None] / height
    x = (torch.arange(width) + 0.5)[None] / width
    inside = torch.zeros(height, width, dtype=torch.bool)
    for x0, y0, x1, y1 in row.boxes:
        inside |= (x >= x0) & (x <= x1) & (y >= y0) & (y <= y1)
    return feature[:, inside].mean(1) if inside.any() else feature.mean((1, 2))


def _load(encoder: nn.Module, name: str, weights_dir: Path | None) -> nn.Module:
    encoder.load_state_dict(read_weights(name, find_weights(name, weights_dir)))
    return encoder.eval()


def main(
    data: Path,
    audio_encoders: tuple[AudioEncoderName, ...] = (),
    image_encoders: tuple[ImageEncoderName, ...] = (),
    weights_dir: Path | None = None,
) -> None:
    """Print a line of JSON for each encoder.

    Args:
        data: a folder with a manifest that has labels and the splits train, val and test.
        weights_dir: as `sspl.train` takes it.
    """
    rows = {
        split: [row for row in read_manifest(data, split) if len(row.objects) < 2]
        for split in SPLITS
    }
    labels = {split: [row.label for row in found] for split, found in rows.items()}
    for names, embed in ((audio_encoders, embed_sounds), (image_encoders, embed_pictures)):
        for name in names:
            features = {s: embed(name, found, weights_dir) for s, found in rows.items()}
            result = probe(features, labels)
            print(json.dumps({"encoder": name, "data": data.name, **vars(result)}), flush=True)


if __name__ == "__main__":
    sys.exit(run_command(lambda: tyro.cli(main)))
