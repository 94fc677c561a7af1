import json

import numpy as np
import pytest
import torch
from manifest_files import write_embeddings, write_folder, write_rows

from sspl.audio import hear_clip
from sspl.data.manifest import manifest_pairs, open_embeddings, read_manifest
from sspl.media import read_audio


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "data", {"train": 3, "test": 2})


def test_rows_are_read_by_split(folder):
    assert [row.id for row in read_manifest(folder, "test")] == ["test0", "test1"]
    assert len(read_manifest(folder)) == 5
    row = read_manifest(folder, "train")[1]
    assert (row.label, row.image, row.boxes.tolist()) == (
        "cat",
        folder / "train1.jpg",
        [[0.25, 0.25, 0.75, 0.75]],
    )


def test_pairs_are_squashed_pictures_and_the_middle_of_sounds(folder):
    pairs = manifest_pairs(folder, "train")
    assert pairs.images.shape == (3, 3, 256, 256)
    assert pairs.images.dtype == torch.uint8
    assert pairs.images[0, :, 128, 128].float().mean() > pairs.images[0, :, 20, 20].float().mean()
    heard = hear_clip(torch.from_numpy(read_audio(folder / "train2.wav")))
    torch.testing.assert_close(pairs.sounds[2], heard)
    assert pairs.labels == ["dog", "cat", "dog"]


def test_embeddings_stand_in_for_sounds_which_are_not_read(folder):
    path = write_embeddings(folder, channels=5)
    ids, values = open_embeddings(path)
    (folder / "test1.wav").unlink()
    pairs = manifest_pairs(folder, "test", path)
    assert pairs.sounds.shape == (2, 1, 5)
    np.testing.assert_array_equal(pairs.sounds[1, 0], values[ids.index("test1")])


def test_so_many_rows_are_drawn_by_a_seed(folder):
    drawn = {seed: manifest_pairs(folder, "train", num=2, seed=seed).ids for seed in range(6)}
    assert all(len(set(ids)) == 2 for ids in drawn.values())
    assert len({tuple(ids) for ids in drawn.values()}) > 1
    assert manifest_pairs(folder, "train", num=2, seed=0).ids == drawn[0]
    with pytest.raises(ValueError, match="has 3 rows"):
        manifest_pairs(folder, "train", num=4)


GOOD = {
    "id": "a",
    "image": "a.jpg",
    "audio": "a.wav",
    "boxes": [[0.0, 0.0, 1.0, 0.5]],
    "label": "dog",
    "split": "train",
}


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ('{"id": ', "Expecting value"),
        ("[1, 2]", "not a JSON object"),
        ({k: v for k, v in GOOD.items() if k != "audio"}, "has no 'audio'"),
        (GOOD | {"label": ""}, "label is ''"),
        (GOOD | {"label": 3}, "label is 3"),
        (GOOD | {"image": "../a.jpg"}, "leads out of the folder"),
        (GOOD | {"audio": "/etc/passwd"}, "leads out of the folder"),
        (GOOD | {"boxes": [[0, 0, 1]]}, "four numbers"),
        (GOOD | {"boxes": [[0, 0, 1, 1], [0, 0]]}, "four numbers"),
        (GOOD | {"boxes": [[0.5, 0, 0.5, 1]]}, "x0 < x1"),
        (GOOD | {"boxes": [[0, 0, 1, 1.5]]}, "between 0 and 1"),
        (GOOD | {"boxes": [[0, 0, float("nan"), 1]]}, "between 0 and 1"),
        (GOOD | {"boxes": 3}, "boxes"),
        (GOOD, "comes a second time"),
    ],
)
def test_a_faulty_line_is_one_sentence_with_file_and_line(tmp_path, row, message):
    write_rows(tmp_path, [json.dumps(GOOD) + "\n", "\n", row])
    with pytest.raises(ValueError, match=rf"manifest\.jsonl, line 3: .*{message}") as caught:
        read_manifest(tmp_path)
    assert "\n" not in str(caught.value)


def test_no_manifest_no_rows_no_boxes(tmp_path, folder):
    with pytest.raises(ValueError, match="does not exist"):
        read_manifest(tmp_path)
    with pytest.raises(ValueError, match="no rows of split 'val'; its splits: test, train"):
        read_manifest(folder, "val")
    write_rows(folder, [GOOD | {"boxes": []}])
    assert read_manifest(folder)[0].boxes.shape == (0, 4)


def test_a_file_that_cannot_be_read_is_named_and_not_replaced(folder):
    (folder / "train1.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"row 'train1': train1\.jpg is empty"):
        manifest_pairs(folder, "train")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"ids": ["a"]}, "not an .npz"),
        ({"ids": ["a"], "embedding": np.zeros((2, 3))}, r"must be \(N, A\)"),
        ({"ids": ["a"], "embedding": np.zeros(1)}, r"must be \(N, A\)"),
        ({"ids": ["a"], "embedding": np.full((1, 3), np.nan)}, "NaN"),
        ({"ids": ["a"], "embedding": np.zeros((1, 3))}, "no embedding for train0.wav"),
    ],
)
def test_embeddings_that_do_not_fit_are_refused(folder, arrays, message):
    np.savez(folder / "e.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        manifest_pairs(folder, "train", folder / "e.npz")


def test_embeddings_that_are_no_archive_are_refused(folder):
    (folder / "e.npz").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ValueError, match="is not an"):
        open_embeddings(folder / "e.npz")
    with pytest.raises(ValueError, match="is not an"):
        open_embeddings(folder / "none.npz")
