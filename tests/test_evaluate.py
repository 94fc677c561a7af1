import dataclasses
import json
from pathlib import Path

import pytest
from manifest_files import write_embeddings, write_folder
from test_model import SMALL

from sspl.build import build_model
from sspl.checkpoint import save_checkpoint
from sspl.config import without_pcm
from sspl.data.config import DataConfig
from sspl.data.manifest import read_fields, write_manifest
from sspl.evaluate import main


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    meta = {"data": vars(DataConfig(train_seed=8)), "selection": "val"}
    save_checkpoint(build_model(without_pcm(SMALL)), folder, meta)
    return str(folder)


@pytest.fixture
def folder(tmp_path):
    return write_folder(tmp_path / "data", {"train": 2, "test": 4})


def run(checkpoint, out, *args, **kwargs):
    main(checkpoint, *args, json_path=str(out), **kwargs)
    return json.loads(out.read_text())


def test_command_prints_json_and_says_what_training_saw(checkpoint, tmp_path, capsys):
    main(checkpoint, seed=8, num=4, protocol="sspl", json_path="-")
    result = json.loads(capsys.readouterr().out)
    assert result["split"] == "seed 8, solo, seen in training"
    assert result["notes"] == ["Training or selection saw seed 8, solo."]
    assert len(result["per_cycle"]) == 1
    assert list(result["protocols"]) == ["sspl"]
    result = run(checkpoint, tmp_path / "r.json", seed=9, num=4, protocol="sspl")
    assert result["split"] == "seed 9, solo, unseen"
    assert "mean box" in capsys.readouterr().out


def test_every_number_carries_where_it_comes_from(checkpoint, folder, tmp_path):
    result = run(checkpoint, tmp_path / "r.json", str(folder))
    said = {k: result[k] for k in ("data", "split", "list", "n", "checkpoint", "selection")}
    assert said == {
        "data": str(folder),
        "split": "test, unseen",
        "list": "all 4 rows of test",
        "n": 4,
        "checkpoint": checkpoint,
        "selection": "val",
    }
    assert "adaptive" in result["protocols"]
    assert "torch" in result["versions"]


def test_only_rows_on_a_list(checkpoint, folder, tmp_path):
    rows = read_fields(folder)
    write_manifest(
        folder, [row | {"lists": ["mine"]} if row["id"] != "test1" else row for row in rows]
    )
    result = run(checkpoint, tmp_path / "r.json", str(folder), list_name="mine")
    assert (result["list"], result["n"]) == ("mine", 3)


def test_several_annotators_agree_on_a_consensus(checkpoint, folder, tmp_path):
    """Where two of three drew a box it counts in full, where one did by half."""
    rows, box = read_fields(folder), [0.25, 0.25, 0.75, 0.75]
    one = run(checkpoint, tmp_path / "1.json", str(folder))["floors"]["everything"]["sspl"]
    write_manifest(folder, [row | {"boxes": [[box], [box], []]} for row in rows])
    two = run(checkpoint, tmp_path / "2.json", str(folder))["floors"]["everything"]["sspl"]
    assert one["mean_ciou"] == two["mean_ciou"] == pytest.approx(0.25)
    write_manifest(folder, [row | {"boxes": [[box], [], []]} for row in rows])
    half = run(checkpoint, tmp_path / "3.json", str(folder))["floors"]["everything"]["sspl"]
    # Half of a quarter of the picture is on, over that and the three quarters beside it.
    assert half["mean_ciou"] == pytest.approx(0.125 / (0.125 + 0.75))


def test_rows_without_a_source_are_presence_and_rows_nobody_saw_are_refused(
    checkpoint, folder, tmp_path
):
    rows = read_fields(folder)
    rows[-1]["boxes"] = []
    write_manifest(folder, rows)
    result = run(checkpoint, tmp_path / "r.json", str(folder))
    assert (result["n"], result["num_without_source"]) == (3, 1)
    assert set(result["extended"]["sspl"]) == {"ap", "max_f1", "loc_acc"}
    del rows[-2]["boxes"]
    write_manifest(folder, rows)
    with pytest.raises(
        ValueError, match=r"1 rows of split 'test' are not annotated, 'test2' first"
    ):
        main(checkpoint, str(folder))


def test_duets_in_a_folder_are_asked_with_solos_of_it(checkpoint, folder, tmp_path):
    rows = read_fields(folder)
    seen = [
        {"label": "dog", "box": [0.0, 0.0, 0.4, 1.0], "sounding": True},
        {"label": "cat", "box": [0.5, 0.0, 1.0, 1.0], "sounding": False},
    ]
    write_manifest(folder, [row | {"objects": seen} for row in rows])
    result = run(checkpoint, tmp_path / "r.json", str(folder))
    assert result["multi_source"]["n"] == 4


def test_mosaics_need_no_boxes_and_the_tile_is_one(checkpoint, folder, tmp_path):
    rows = read_fields(folder)
    write_manifest(folder, [{k: v for k, v in row.items() if k != "boxes"} for row in rows])
    result = run(checkpoint, tmp_path / "r.json", str(folder), mosaic=2, seed=3)
    assert result["n"] == result["mosaic"]["n"] == 4
    assert result["list"] == "mosaics of 2 of all 4 rows of test, by seed 3"
    assert (result["mosaic"]["tiles"], result["mosaic"]["chance"]) == (2, 0.5)
    assert "multi_source" not in result
    everything = result["floors"]["everything"]["sspl"]["mean_ciou"]
    assert everything == pytest.approx(0.5)  # each box is a half of the picture
    with pytest.raises(ValueError, match=r"no 3 pictures of other classes.* are cat, dog"):
        main(checkpoint, str(folder), mosaic=4)


def test_mosaics_of_orchestra(checkpoint, tmp_path, capsys):
    main(checkpoint, num=6, mosaic=4, protocol="sspl", out=tmp_path / "report")
    assert "which of 4 pictures sounds" in capsys.readouterr().out.lower()
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "Which picture sounds?" in page
    lines = (tmp_path / "report" / "samples.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    assert {type(row["finds_tile"]) for row in rows} == {bool}


def test_mosaics_that_are_there_are_asked_which_tile_and_are_no_tiles(checkpoint, folder, tmp_path):
    rows = read_fields(folder)
    left, right = [0.0, 0.0, 0.5, 1.0], [0.5, 0.0, 1.0, 1.0]
    for row in rows[-2:]:
        row["lists"] = ["ready"]
        row["objects"] = [
            {"label": "dog", "box": left, "sounding": row["label"] == "dog"},
            {"label": "cat", "box": right, "sounding": row["label"] == "cat"},
        ]
    write_manifest(folder, rows)
    result = run(checkpoint, tmp_path / "r.json", str(folder), list_name="ready")
    assert (result["list"], result["mosaic"]["n"]) == ("ready", 2)
    assert "multi_source" not in result
    mixed = run(checkpoint, tmp_path / "m.json", str(folder))
    assert (mixed["n"], mixed["mosaic"]["n"]) == (4, 2)
    made = run(checkpoint, tmp_path / "2.json", str(folder), mosaic=2)
    assert made["n"] == made["mosaic"]["n"] == 2
    assert any("2 of 4 pictures are no tile" in note for note in made["notes"])


def test_embeddings_go_in_and_silence_is_said_to_be_missing(folder, tmp_path):
    config = without_pcm(SMALL)
    path = write_embeddings(folder, channels=config.audio_channels)
    model = build_model(
        dataclasses.replace(config, audio_encoder="embedding", embedding_channels=64)
    )
    data = DataConfig(name=str(folder), embeddings=str(path))
    save_checkpoint(model, tmp_path / "m", {"data": vars(data), "selection": "val"})
    result = run(str(tmp_path / "m"), tmp_path / "r.json", str(folder))
    assert list(result["listening"]) == ["right", "other", "same"]
    assert any("Silence and noise" in note for note in result["notes"])


def test_no_training_split_no_mean_box(checkpoint, tmp_path):
    folder = write_folder(tmp_path / "test-only", {"test": 2})
    result = run(checkpoint, tmp_path / "r.json", str(folder))
    assert "mean_box" not in result["floors"]
    assert any("no mean box" in note for note in result["notes"])


def test_a_report_is_a_folder_with_a_page_tables_and_rows(checkpoint, folder, tmp_path):
    out = tmp_path / "report"
    main(checkpoint, str(folder), out=out)
    assert {"result.json", "samples.jsonl", "report.md", "report.html"} <= {
        path.name for path in out.iterdir()
    }
    assert json.loads((out / "result.json").read_text())["n"] == 4
    rows = [json.loads(line) for line in (out / "samples.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == ["test0", "test1", "test2", "test3"]
    assert "test0" in (out / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num": 0}, "at least 1"),
        ({"device": "cuda"}, "no GPU"),
        ({"json_path": "nowhere/r.json"}, "make its folder first"),
        ({"out": Path(__file__)}, "is a file"),
    ],
)
def test_what_cannot_be_given_is_said_before_the_work(checkpoint, options, message, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(ValueError, match=message):
        main(checkpoint, **{"num": 10**9, **options})


def test_embeddings_of_another_width_are_refused(folder, tmp_path):
    config = without_pcm(
        dataclasses.replace(SMALL, audio_encoder="embedding", embedding_channels=64)
    )
    meta = {"data": vars(DataConfig(name=str(folder))), "selection": "val"}
    save_checkpoint(build_model(config), tmp_path / "m", meta)
    path = write_embeddings(folder, channels=config.audio_channels + 1)
    with pytest.raises(ValueError, match="embeddings of 65 numbers, and this checkpoint takes 64"):
        main(str(tmp_path / "m"), str(folder), embeddings=path)
