import numpy as np
import pytest
import torch
from manifest_files import write_embeddings, write_folder

from sspl.audio import clip_log_mel
from sspl.data.folder import open_embeddings, open_pairs
from sspl.data.manifest import read_fields, write_manifest
from sspl.data.stores import read_batches
from sspl.media.sounds import read_audio


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "data", {"train": 3, "test": 2})


def load(tensors):
    return torch.cat(list(read_batches(tensors, 2)))


def test_pairs_are_squashed_pictures_and_the_middle_of_sounds(folder):
    pairs = open_pairs(folder, "train")
    images = load(pairs.images)
    assert images.shape == (3, 3, 256, 256)
    assert images.dtype == torch.uint8
    assert images[0, :, 128, 128].float().mean() > images[0, :, 20, 20].float().mean()
    heard = clip_log_mel(torch.from_numpy(read_audio(folder / "train2.wav")))
    torch.testing.assert_close(load(pairs.sounds)[2], heard)
    assert pairs.labels == ["dog", "cat", "dog"]


def test_embeddings_stand_in_for_sounds_which_are_not_read(folder):
    path = write_embeddings(folder, channels=5)
    ids, values = open_embeddings(path)
    (folder / "test1.wav").unlink()
    pairs = open_pairs(folder, "test", path)
    assert pairs.sounds.shape == (2, 1, 5)
    np.testing.assert_array_equal(pairs.sounds[1, 0], values[ids.index("test1")])


def test_so_many_rows_are_drawn_by_a_seed(folder):
    drawn = {seed: open_pairs(folder, "train", num=2, seed=seed).ids for seed in range(6)}
    assert all(len(set(ids)) == 2 for ids in drawn.values())
    assert len({tuple(ids) for ids in drawn.values()}) > 1
    assert open_pairs(folder, "train", num=2, seed=0).ids == drawn[0]
    with pytest.raises(ValueError, match="has 3 rows"):
        open_pairs(folder, "train", num=4)


def test_a_file_that_cannot_be_read_is_named_and_not_replaced(folder):
    (folder / "train1.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match=r"row 'train1': train1\.jpg is empty"):
        load(open_pairs(folder, "train").images)


def test_three_seconds_begin_where_the_row_says(folder):
    rows = read_fields(folder)
    rows[0]["start_s"] = 0.25
    write_manifest(folder, rows)
    heard = clip_log_mel(torch.from_numpy(read_audio(folder / "train0.wav", 0.25)))
    torch.testing.assert_close(load(open_pairs(folder, "train").sounds)[0], heard)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"ids": ["a"]}, "not an .npz"),
        ({"ids": ["a"], "embedding": np.zeros((2, 3))}, r"must be \(N, A\)"),
        ({"ids": ["a"], "embedding": np.zeros(1)}, r"must be \(N, A\)"),
        ({"ids": ["a"], "embedding": np.full((1, 3), np.nan)}, "NaN"),
        ({"ids": ["a", "a"], "embedding": np.zeros((2, 3))}, "comes twice"),
        ({"ids": ["a"], "embedding": np.zeros((1, 3))}, "no embedding for train0.wav"),
    ],
)
def test_embeddings_that_do_not_fit_are_refused(folder, arrays, message):
    np.savez(folder / "e.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        open_pairs(folder, "train", folder / "e.npz")


def test_embeddings_that_are_no_archive_are_refused(folder):
    (folder / "e.npz").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ValueError, match="is not an"):
        open_embeddings(folder / "e.npz")
    with pytest.raises(ValueError, match="is not an"):
        open_embeddings(folder / "none.npz")


def test_two_sounds_of_one_name_have_no_embedding_of_their_own(folder):
    path = write_embeddings(folder, channels=5)
    rows = read_fields(folder)
    write_manifest(folder, [rows[0], rows[1] | {"audio": "more/train0.wav"}])
    with pytest.raises(ValueError, match="have one name"):
        open_pairs(folder, "train", path)
