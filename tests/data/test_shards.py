import errno
import gc
import json
import os
import warnings
from contextlib import nullcontext
from pathlib import Path
from shutil import copy, rmtree

import pytest
import torch
import webdataset
from manifest_files import write_folder
from media_files import run_ffmpeg_tool, write_noise, write_sound
from PIL import Image

from sspl.data import packing
from sspl.data.folder import open_pairs
from sspl.data.manifest import read_fields, write_manifest
from sspl.data.packing import pack_shards
from sspl.data.pairs import Pairs
from sspl.data.shards import Shards


@pytest.fixture
def folder(tmp_path) -> Path:
    """Five rows of train, two of test; of several formats, with names that tar files find hard."""
    folder = write_folder(tmp_path / "data", {"train": 5, "test": 2})
    rows = read_fields(folder)
    rows[0] |= {"id": "a.b/Bär 1", "start_s": 0.25, "lists": ["x"], "video": "a.mp4"}
    Image.open(folder / "train1.jpg").save(folder / "Bär.v2.PNG")
    rows[1]["image"] = "Bär.v2.PNG"
    (folder / "sounds").mkdir()
    rows[2]["audio"] = "sounds/" + write_sound(folder / "sounds" / "x.flac").name
    rows[3]["audio"] = "./sounds/" + write_sound(folder / "sounds" / "x.ogg", 2, 44_100, 2).name
    rows[4]["image"] = rows[0]["image"]  # in another shard, where there are three rows in each
    write_manifest(folder, rows)
    return folder


def load(pairs: Pairs, indices=None) -> list[torch.Tensor]:
    indices = range(len(pairs)) if indices is None else indices
    return [*pairs.images.read(indices), *pairs.sounds.read(indices)]


def delete_files(folder: Path) -> None:
    for path in folder.iterdir():
        if path.name not in ("manifest.jsonl", "shards"):
            rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize("split", ["train", "test"])
def test_tensors_from_shards_are_those_from_files_which_may_be_gone(folder, split):
    expected = load(open_pairs(folder, split))
    pack_shards(folder, rows_per_shard=3)
    delete_files(folder)
    found = load(open_pairs(folder, split))
    assert len(found) == len(expected)
    assert all(torch.equal(*both) for both in zip(found, expected, strict=True))


def test_pairs_come_in_any_order_from_several_threads(folder):
    pack_shards(folder, rows_per_shard=2)
    pairs = open_pairs(folder, "train")
    images = load(pairs)[:5]
    order = torch.randint(5, (200,)).tolist()
    for i, image in zip(order, pairs.images.read(order), strict=True):
        assert torch.equal(image, images[i])


def test_a_folder_may_be_named_in_any_way(folder, monkeypatch):
    pack_shards(folder)
    expected = load(open_pairs(folder, "train"))
    delete_files(folder)
    monkeypatch.chdir(folder)
    for name in (".", "../data/", f"{folder}//"):
        for found, image in zip(load(open_pairs(name, "train")), expected, strict=True):
            assert torch.equal(found, image)


def test_webdataset_reads_the_files_and_rows(folder):
    pack_shards(folder, rows_per_shard=3)
    shards = sorted(str(path) for path in (folder / "shards").glob("*.tar"))
    assert [Path(path).name for path in shards] == ["000000.tar", "000001.tar", "000002.tar"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its files to be collected
        samples = list(webdataset.WebDataset(shards, shardshuffle=False))
        gc.collect()
    rows = read_fields(folder)
    assert [json.loads(sample["json"]) for sample in samples] == rows
    for sample, row in zip(samples, rows, strict=True):
        for name in (row["image"], row["audio"]):
            assert sample[Path(name).suffix.lower()[1:]] == (folder / name).read_bytes()


def test_labels_and_splits_are_still_the_manifests(folder):
    pack_shards(folder)
    rows = read_fields(folder)
    rows[5] |= {"label": "horse", "split": "val"}
    write_manifest(folder, rows)
    assert open_pairs(folder, "val").labels == ["horse"]


def test_packing_again_takes_in_what_is_new_and_is_otherwise_the_same(folder):
    pack_shards(folder)
    before = {path.name: path.read_bytes() for path in (folder / "shards").iterdir()}
    pack_shards(folder)
    assert {path.name: path.read_bytes() for path in (folder / "shards").iterdir()} == before
    copy(folder / "train0.jpg", folder / "new.jpg")
    rows = read_fields(folder)
    write_manifest(folder, [*rows, rows[0] | {"id": "new", "image": "new.jpg"}])
    with pytest.raises(ValueError, match=r"row 'new': .*new\.jpg is not in the shards"):
        open_pairs(folder, "train")
    pack_shards(folder)
    assert len(open_pairs(folder, "train")) == 6


# --- What cannot be packed --------------------------------------------------------------------


def break_row(folder: Path, kind: str) -> None:
    rows = read_fields(folder)
    row = rows[5]
    if kind == "no picture":
        (folder / row["image"]).unlink()
    elif kind == "empty picture":
        (folder / row["image"]).write_bytes(b"")
    elif kind == "noise for a picture":
        write_noise(folder / row["image"])
    elif kind == "half a sound":
        data = (folder / "sounds" / "x.flac").read_bytes()
        (folder / "half.flac").write_bytes(data[: len(data) // 2])
        row["audio"] = "half.flac"
    elif kind == "an m4a that says wav":
        run_ffmpeg_tool("-i", folder / row["audio"], "-f", "mp4", folder / "m4a.wav")
        row["audio"] = "m4a.wav"
    elif kind == "an mp3":
        row["audio"] = write_sound(folder / "x.mp3").name
    elif kind == "a late start":
        row["start_s"] = 40
    write_manifest(folder, rows)


def list_files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("no picture", r"test0\.jpg does not exist"),
        ("empty picture", r"test0\.jpg is empty"),
        ("noise for a picture", r"The picture is not a picture that can be read"),
        ("half a sound", r"The sound is damaged, or none of"),
        ("an m4a that says wav", r"The sound is damaged, or none of"),
        ("an mp3", r"x\.mp3 is none of \.flac, \.wav, \.ogg"),
        ("a late start", r"start before 40\.00 s"),
    ],
)
def test_a_row_that_cannot_be_read_is_named_and_nothing_is_left(folder, kind, message):
    break_row(folder, kind)
    before = list_files(folder)
    with pytest.raises(ValueError, match=rf"^row 'test0': .*{message}"):
        pack_shards(folder, rows_per_shard=2)
    assert list_files(folder) == before


def test_shards_stay_where_packing_again_fails(folder):
    pack_shards(folder)
    expected = load(open_pairs(folder, "train"))
    break_row(folder, "no picture")
    with pytest.raises(ValueError, match="test0"):
        pack_shards(folder)
    found = load(open_pairs(folder, "train"))
    assert all(torch.equal(*both) for both in zip(found, expected, strict=True))


def test_packing_that_is_stopped_leaves_nothing_and_goes_again(folder, monkeypatch):
    before, seen = list_files(folder), []

    def stop_at_five(data: bytes) -> None:
        seen.append(data)
        if len(seen) == 5:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(packing, "read_image", stop_at_five)
        with pytest.raises(KeyboardInterrupt):
            pack_shards(folder, rows_per_shard=2)
    assert list_files(folder) == before
    pack_shards(folder)
    assert len(list_files(folder)) == len(before) + 3


@pytest.mark.parametrize("num_renamed", [0, 1, 2])
def test_what_a_killed_packing_leaves_goes_with_the_next(folder, monkeypatch, num_renamed):
    pack_shards(folder)
    renamed = []

    def be_killed(*paths: Path) -> None:
        if len(renamed) == num_renamed:
            raise KeyboardInterrupt
        renamed.append(paths)
        rename(*paths)

    rename = os.rename
    monkeypatch.setattr(os, "replace", be_killed)
    monkeypatch.setattr(packing, "_remove", lambda *_: None)
    with pytest.raises(KeyboardInterrupt) if num_renamed < 2 else nullcontext():
        pack_shards(folder)
    monkeypatch.undo()
    assert len(list(folder.glob("*shards"))) == 2
    assert len(load(open_pairs(folder, "train"))) == 10
    pack_shards(folder)
    assert [path.name for path in folder.glob("*shards")] == ["shards"]


def test_a_full_disk_is_one_sentence(folder, monkeypatch):
    def fail(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = list_files(folder)
    monkeypatch.setattr(packing.TarWriter, "write", fail)
    with pytest.raises(ValueError, match=r"No space left on device\): make room"):
        pack_shards(folder)
    assert list_files(folder) == before


def test_shards_hold_at_least_a_row(folder):
    with pytest.raises(ValueError, match="take 1 or more"):
        pack_shards(folder, rows_per_shard=0)


# --- What is wrong with shards ----------------------------------------------------------------


def test_a_missing_or_shortened_shard_is_named_at_once(folder):
    pack_shards(folder, rows_per_shard=3)
    shard = folder / "shards" / "000001.tar"
    shard.write_bytes(shard.read_bytes()[:-512])
    with pytest.raises(ValueError, match=r"000001\.tar has \d+ bytes, not the \d+ packed: copy it"):
        open_pairs(folder, "train")
    shard.unlink()
    with pytest.raises(ValueError, match=r"000001\.tar cannot be opened \(No such file"):
        open_pairs(folder, "train")


@pytest.mark.parametrize("kind", ["one bit", "all zero", "cut short since"])
def test_a_shard_that_holds_something_else_is_named_when_read(folder, kind):
    pack_shards(folder)
    pairs = open_pairs(folder, "train")
    shard = folder / "shards" / "000000.tar"
    places = json.loads((folder / "shards" / "index.jsonl").read_text())["files"]
    first = places["train2.jpg"][0]
    with shard.open("r+b") as file:
        data = bytearray(file.read())
        if kind == "one bit":
            data[first + 100] ^= 1
        elif kind == "all zero":
            data = bytearray(len(data))
        file.seek(0)
        file.write(data)
        if kind == "cut short since":
            file.truncate(first + 100)
    with pytest.raises(
        ValueError, match=rf"row 'train2': .*000000\.tar is damaged at byte {first}"
    ):
        list(pairs.images.read([2]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no JSON\n",
        "[]\n",
        "{}\n",
        '{"shard": "../x", "bytes": 1, "files": {}}\n',
        '{"shard": "000000.tar", "bytes": 99999, "files": {"a.jpg": [0, 1]}}\n',
        '{"shard": "000000.tar", "bytes": 99999, "files": {"a.jpg": ["0", 1, 2]}}\n',
        '{"shard": "000000.tar", "bytes": 99999, "files": {"a.jpg": [-1, 5, 2]}}\n',
        '{"shard": "000000.tar", "bytes": 99999, "files": {"a.jpg": [5, 0, 2]}}\n',
        '{"shard": "000000.tar", "bytes": 99999, "files": {"a.jpg": [99999, 1, 2]}}\n',
        '{"shard": "000000.tar", "bytes": 99999, "files": 3}\n',
        "[" * 100_000,
    ],
)
def test_a_damaged_index_is_named(folder, text):
    pack_shards(folder)
    (folder / "shards" / "index.jsonl").write_text(text)
    message = r"index\.jsonl, line 1, is damaged: copy it" if text else "is not in the shards"
    with pytest.raises(ValueError, match=message):
        open_pairs(folder, "train")


def test_shards_without_an_index_are_not_passed_over(folder):
    pack_shards(folder)
    (folder / "shards" / "index.jsonl").unlink()
    with pytest.raises(ValueError, match=r"index\.jsonl cannot be read \(.*\): copy it"):
        open_pairs(folder, "train")
    (folder / "shards" / "index.jsonl").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"index\.jsonl cannot be read"):
        open_pairs(folder, "train")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="this system does not list them")
def test_files_are_closed_with_the_shards(folder):
    pack_shards(folder)

    def count_open() -> int:
        paths = [path.resolve() for path in Path("/proc/self/fd").iterdir()]
        return sum(path.is_relative_to(folder.resolve()) for path in paths)

    shards = Shards(folder)
    assert count_open() == 1
    del shards
    assert count_open() == 0
