import json

import numpy as np
import pytest
from manifest_files import write_folder, write_rows

from sspl.data.manifest import (
    AnnotatedObject,
    check_inside,
    read_fields,
    read_manifest,
    write_manifest,
)


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
        ('{"id": ', "not JSON"),
        ("[" * 100_000, "nested too deeply|not JSON"),
        ("[1, 2]", "not a JSON object"),
        ({k: v for k, v in GOOD.items() if k != "audio"}, "has no audio"),
        (GOOD | {"id": ""}, "id is ''"),
        (GOOD | {"label": 3}, "label is 3"),
        (GOOD | {"split": None}, "split is None"),
        (GOOD | {"image": "../a.jpg"}, "image: .*leads out of the folder"),
        (GOOD | {"image": "x/../../a.jpg"}, "leads out of the folder"),
        (GOOD | {"audio": "/etc/passwd"}, "audio: .*leads out of the folder"),
        (GOOD | {"video": ".."}, "video: .*leads out of the folder"),
        (GOOD | {"image": "a\0b"}, "zero byte"),
        (GOOD | {"start_s": -1}, "start_s is -1"),
        (GOOD | {"start_s": "3"}, "start_s is '3'"),
        (GOOD | {"start_s": float("nan")}, "start_s is nan"),
        (GOOD | {"boxes": [[0, 0, 1]]}, "four numbers"),
        (GOOD | {"boxes": [[0, 0, 1, 1], [0, 0]]}, "four numbers"),
        (GOOD | {"boxes": [0, 0, 1, 1]}, "four numbers"),
        (GOOD | {"boxes": [[False, 0, True, 1]]}, "four numbers"),
        (GOOD | {"boxes": [[[0, 0, 1, 1]], [0, 0, 1, 1]]}, "four numbers"),
        (GOOD | {"boxes": [[[[0, 0, 1, 1]]]]}, "four numbers"),
        (GOOD | {"boxes": [[0.5, 0, 0.5, 1]]}, "x0 < x1"),
        (GOOD | {"boxes": [[0, 0, 1, 1.5]]}, "between 0 and 1"),
        (GOOD | {"boxes": [[0, 0, float("nan"), 1]]}, "between 0 and 1"),
        (GOOD | {"boxes": 3}, "boxes must be a list"),
        (GOOD | {"lists": "vggss"}, "lists must be a list"),
        (GOOD | {"lists": [1]}, "list of names"),
        (GOOD | {"objects": [{"label": "cello", "box": [0, 0, 1, 1]}]}, "sounding must be"),
        (GOOD | {"objects": [{"box": [0, 0, 1, 1], "sounding": True}]}, "has no label"),
        (GOOD, "line 1's already"),
    ],
)
def test_a_faulty_line_is_one_sentence_with_file_and_line(tmp_path, row, message):
    write_rows(tmp_path, [json.dumps(GOOD) + "\n", "\n", row])
    with pytest.raises(ValueError, match=rf"manifest\.jsonl, line 3: .*({message})") as caught:
        read_manifest(tmp_path)
    assert "\n" not in str(caught.value)


def test_one_annotator_several_and_nobody(tmp_path):
    box, other = [0.0, 0.0, 0.5, 0.5], [0.25, 0.25, 1.0, 1.0]
    kinds = {
        "union": [box, other],
        "consensus": [[box], [other], []],
        "one of one": [[box]],
        "nothing sounds": [],
        "three saw nothing": [[], [], []],
        "nobody looked": None,
    }
    write_rows(tmp_path, [GOOD | {"id": name, "boxes": boxes} for name, boxes in kinds.items()])
    rows = {row.id: row for row in read_manifest(tmp_path)}
    found = {name: (len(row.boxes), row.num_annotators) for name, row in rows.items()}
    assert found == {
        "union": (2, 1),
        "consensus": (2, 3),
        "one of one": (1, 1),
        "nothing sounds": (0, 1),
        "three saw nothing": (0, 3),
        "nobody looked": (0, 0),
    }


def test_what_may_be_left_out_and_what_is_left_alone(tmp_path):
    bare = {"id": "é", "image": "ü/a.jpg", "audio": "a.wav", "split": "test", "mine": [1]}
    write_rows(tmp_path, [bare])
    (row,) = read_manifest(tmp_path)
    assert (row.label, row.start_s, row.video, row.lists, row.objects) == ("", None, None, (), ())
    assert row.num_annotators == 0
    assert read_fields(tmp_path) == [bare]


def test_rows_on_a_list_and_objects(tmp_path):
    seen = [{"label": "cello", "box": [0.0, 0.0, 0.5, 0.5], "sounding": False}]
    rows = [GOOD | {"lists": ["a", "b"], "objects": seen}, GOOD | {"id": "b", "lists": ["b"]}]
    write_manifest(tmp_path, rows)
    assert read_fields(tmp_path) == rows
    (row,) = read_manifest(tmp_path, "train", "a")
    assert row.objects == (
        AnnotatedObject(label="cello", box=(0.0, 0.0, 0.5, 0.5), sounding=False),
    )
    assert len(read_manifest(tmp_path, list_name="b")) == 2
    with pytest.raises(ValueError, match="no rows on the list 'c'; its lists: a, b"):
        read_manifest(tmp_path, list_name="c")


def test_numbers_of_boxes_keep_every_bit(tmp_path):
    """So that int(224 * x) is the pixel that it was in the published annotation."""
    values = np.random.default_rng(0).random((50, 2))
    boxes = [[0.0, 0.0, float(x), float(y)] for x, y in values]
    write_manifest(tmp_path, [GOOD | {"boxes": boxes}])
    np.testing.assert_array_equal(read_manifest(tmp_path)[0].boxes, boxes)


def test_a_manifest_that_cannot_be_written_leaves_the_old_one(tmp_path):
    write_manifest(tmp_path, [GOOD])
    with pytest.raises(ValueError, match=r"nan|NaN|JSON"):
        write_manifest(tmp_path, [GOOD, GOOD | {"start_s": float("nan")}])
    assert read_fields(tmp_path) == [GOOD]
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.jsonl"]


def test_paths_are_inside_by_the_letter():
    assert check_inside("a/../b.jpg") == "a/../b.jpg"
    assert check_inside("..a/b.jpg") == "..a/b.jpg"


def test_no_manifest_no_rows_no_boxes(tmp_path, folder):
    with pytest.raises(ValueError, match="does not exist"):
        read_manifest(tmp_path)
    with pytest.raises(ValueError, match="no rows of split 'val'; its splits: test, train"):
        read_manifest(folder, "val")
    write_rows(folder, [GOOD | {"boxes": []}])
    assert read_manifest(folder)[0].boxes.shape == (0, 4)
