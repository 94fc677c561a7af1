import json

import numpy as np
import pytest
import torch
from manifest_files import write_embeddings, write_folder

from sspl.data.config import DataConfig
from sspl.data.folder import open_pairs
from sspl.data.manifest import read_fields, write_manifest
from sspl.data.orchestra import INSTRUMENTS
from sspl.data.pairs import orchestra_boxes, orchestra_pairs
from sspl.training.datasets import (
    load_scored_pairs,
    load_solos,
    load_training_pairs,
    load_training_truths,
    open_annotated_pairs,
)

WORLD = DataConfig(num_train=3, num_val=2)


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "data", {"train": 4, "val": 2, "test": 2})


def test_orchestra_trains_and_validates_on_seeds_of_its_own():
    assert len(load_training_pairs(WORLD)) == 3
    assert len(load_scored_pairs(WORLD, "val")) == 2
    assert not set(load_training_pairs(WORLD).ids) & set(load_scored_pairs(WORLD, "val").ids)
    with pytest.raises(ValueError, match="no test split"):
        load_scored_pairs(WORLD, "test")


def test_a_smaller_world_is_trained_and_validated_on(monkeypatch):
    def draw_few_boxes(seed, num, kinds, num_instruments):
        assert num == 500
        return orchestra_boxes(seed, 3, kinds, num_instruments)

    monkeypatch.setattr("sspl.training.datasets.orchestra_boxes", draw_few_boxes)
    data = DataConfig(num_train=12, num_val=12, kinds=("duet",), num_instruments=2)
    both = set(INSTRUMENTS[:2])
    for pairs in (load_training_pairs(data), load_scored_pairs(data, "val")):
        assert {name for label in pairs.labels for name in label.split("+")} == both
    truths = np.stack(list(load_training_truths(data)))
    assert (truths == load_training_pairs(data).draw_truth(range(3)).numpy()).all()


def test_a_folder_trains_on_so_many_drawn_pairs_and_validates_on_whole_splits(folder):
    data = DataConfig(name=str(folder), num_train=3)
    assert len(load_training_pairs(data, seed=1)) == 3
    assert load_scored_pairs(data, "test").ids == ["test0", "test1"]
    assert len(list(load_training_truths(data))) == 4


def test_embeddings_come_along(folder):
    path = write_embeddings(folder, channels=7)
    data = DataConfig(name=str(folder), num_train=0, embeddings=str(path))
    assert load_training_pairs(data).sounds.shape == (4, 1, 7)


def test_data_that_is_not_named_or_has_no_boxes_is_said(folder, capsys):
    with pytest.raises(ValueError, match=r"pass --data\.name FOLDER"):
        load_training_pairs(DataConfig(name=""))
    rows = [json.loads(line) for line in (folder / "manifest.jsonl").read_text().splitlines()]
    for_val = [row for row in rows if row["split"] == "val"]
    for bare, there in zip(for_val, (1, 0), strict=True):
        bare["boxes"] = []
        (folder / "manifest.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        if there:
            assert load_scored_pairs(DataConfig(name=str(folder)), "val").ids == [for_val[1]["id"]]
            assert "1 of 2 rows of split 'val' have no boxes" in capsys.readouterr().err
    with pytest.raises(ValueError, match=r"none of the 2 rows of split .val. .*\.select last"):
        load_scored_pairs(DataConfig(name=str(folder)), "val")


def test_a_folder_without_a_training_split_has_no_training_boxes(tmp_path):
    folder = write_folder(tmp_path / "test-only", {"test": 2})
    assert list(load_training_truths(DataConfig(name=str(folder)))) == []


def test_impossible_data_is_refused():
    with pytest.raises(ValueError, match=r"pass --data\.name FOLDER too"):
        DataConfig(embeddings="sounds.npz")
    with pytest.raises(ValueError, match="at least"):
        DataConfig(num_train=-1)
    for num in (1, 12):
        with pytest.raises(ValueError, match=f"num_instruments is {num}; take 2 to 11"):
            DataConfig(num_instruments=num)


def test_solos_stand_for_each_class_where_pictures_hold_several(folder):
    multi_source = orchestra_pairs(seed=3, num=4, kinds=("silent",))
    solos = load_solos(WORLD, multi_source, seed=3)
    assert set(solos) == {item.label for objects in multi_source.objects for item in objects}
    assert {solo.shape for solo in solos.values()} == {(3, 3, 96, 64)}
    assert load_solos(WORLD, orchestra_pairs(seed=3, num=2), seed=3) == {}

    data = DataConfig(name=str(folder))
    rows = read_fields(folder)
    seen = [
        {"label": label, "box": [0.0, 0.0, 1.0, 1.0], "sounding": True}
        for label in ("dog", "cat", "tuba")
    ]
    write_manifest(folder, [row | {"objects": seen} for row in reversed(rows)])  # test comes first
    solos = load_solos(data, open_annotated_pairs(data, "test"), seed=0)
    assert {label: len(solo) for label, solo in solos.items()} == {"dog": 3, "cat": 3}
    solos = load_solos(data, open_annotated_pairs(data, "test"), seed=0, split="train")
    assert {label: len(solo) for label, solo in solos.items()} == {"dog": 2, "cat": 2}
    training = open_pairs(folder, "train").sounds
    torch.testing.assert_close(solos["cat"][1], next(training.read([2])))
