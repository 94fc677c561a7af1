"""Linear probes of frozen encoders: what they say of features whose answer is known."""

from pathlib import Path

import numpy as np
import pytest
import torch
from manifest_files import write_folder

from benchmarks.probes import _pool, embed_sounds, fit_probe, main, probe
from sspl.data.manifest import Row, read_manifest

NAMES = ["bird", "car", "dog"]


def make_features(separation: float, num: int = 60):
    """Clouds around three corners, and their labels, for each split."""
    features, labels = {}, {}
    for split in ("train", "val", "test"):
        classes = torch.arange(num) % 3
        corners = torch.eye(3, 5)[classes] * separation
        features[split] = torch.randn(num, 5) + corners
        labels[split] = [NAMES[i] for i in classes]
    return features, labels


def test_what_is_apart_is_named_and_what_is_not_is_at_chance():
    good = probe(*make_features(8.0))
    assert good.accuracy == 1.0
    assert good.balanced == 1.0
    assert good.by_class == dict.fromkeys(NAMES, 1.0)
    assert probe(*make_features(0.0)).accuracy < 0.55


def test_balanced_accuracy_is_the_mean_over_classes():
    features, labels = make_features(8.0)
    features["test"] = features["test"][[0, 3, 6, 9, 1]]  # four birds and a car
    labels["test"] = ["bird", "bird", "bird", "dog", "car"]  # one of them said to be a dog
    found = probe(features, labels)
    assert found.accuracy == 0.8
    assert found.by_class == {"bird": 1.0, "car": 1.0, "dog": 0.0}
    assert found.balanced == pytest.approx(2 / 3, abs=1e-3)


def test_the_regression_is_at_the_minimum_of_its_loss():
    features, labels = make_features(1.0)
    x, y = features["train"].double(), torch.tensor([NAMES.index(n) for n in labels["train"]])
    layer = fit_probe(x, y, 3, decay=0.1)
    shares = torch.softmax(layer(x), dim=1) - torch.eye(3, dtype=torch.float64)[y]
    gradient = shares.T @ x / len(x) + 0.1 * layer.weight
    assert gradient.abs().max() < 1e-4


def test_a_pictures_feature_is_the_mean_over_its_boxes():
    feature = torch.arange(16.0).reshape(1, 4, 4)
    row = make_row(np.array([[0.0, 0.0, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]]))
    assert _pool(feature, row).item() == np.mean([0, 1, 4, 5, 10, 11, 14, 15])
    assert _pool(feature, make_row(np.zeros((0, 4)))).item() == 7.5
    assert _pool(feature, make_row(np.array([[0.0, 0.0, 0.01, 0.01]]))).item() == 7.5


def make_row(boxes: np.ndarray) -> Row:
    return Row(
        id="a",
        image=Path("a.png"),
        audio=Path("a.wav"),
        video=None,
        start_s=None,
        boxes=boxes,
        num_annotators=1,
        label="dog",
        split="test",
        lists=(),
        objects=(),
    )


def test_a_sound_that_comes_twice_has_one_embedding(tmp_path):
    rows = read_manifest(write_folder(tmp_path / "data", {"train": 3}))
    found = embed_sounds("tiny_vggish", [*rows, rows[1]], None)
    assert found.shape == (4, 64)
    assert torch.equal(found[3], found[1])
    assert not torch.equal(found[0], found[1])


def test_the_command_prints_a_line_for_each_encoder(tmp_path, capsys):
    folder = write_folder(tmp_path / "data", {"train": 4, "val": 2, "test": 2})
    main(folder, audio_encoders=("tiny_vggish",), image_encoders=("tiny_vgg",))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert '"encoder": "tiny_vggish"' in lines[0]
    assert '"encoder": "tiny_vgg"' in lines[1]
