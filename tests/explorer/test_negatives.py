"""False negatives: counted by hand, a minute of training in messages, the stored runs."""

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image

from sspl.data.orchestra import draw_picture
from sspl.experiments.live_training import LiveScenes
from sspl.explorer import negatives
from sspl.explorer.negatives import describe_full_runs, draw_batch, sort_pairs, train_methods


@pytest.fixture
def small(monkeypatch):
    """A race that takes seconds: few scenes, two laps."""
    course = LiveScenes(2, num_train=24, num_held=6)
    monkeypatch.setattr(negatives, "_open_course", lambda num_instruments: course)
    monkeypatch.setattr(negatives, "NUM_STEPS", 4)
    monkeypatch.setattr(negatives, "LAP_STEPS", 2)
    return course


def as_json(payload):
    return json.loads(json.dumps(payload, allow_nan=False))


def decode(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(";base64,")[2])))


def test_pairs_by_hand():
    assert sort_pairs(["cello", "flute", "cello"]) == [
        ["own", "true", "false"],
        ["true", "own", "true"],
        ["false", "true", "own"],
    ]


def test_a_batchs_false_negatives_are_those_of_the_same_instrument():
    batch = as_json(draw_batch(4, 8, seed=3))
    labels = [clip["label"] for clip in batch["clips"]]
    assert len(labels) == 8
    by_hand = sum(labels[i] == labels[j] for i in range(8) for j in range(8) if i != j)
    assert batch["num_false"] == by_hand == sum(row.count("false") for row in batch["pairs"])
    assert batch["num_negatives"] == 8 * 7
    assert batch["share"] == pytest.approx(by_hand / 56)
    products = [part.split("×") for part in batch["sum"].split(" + ")]
    assert sum(int(n) * int(m) for n, m in products) == by_hand


def test_the_pictures_are_those_of_the_labels():
    batch = draw_batch(11, 8, seed=5)
    for i, clip in enumerate(batch["clips"]):
        picture, (placed,) = draw_picture(5, i, "solo", 96)
        assert clip["label"] == placed.instrument.replace("_", " ")
        difference = np.asarray(decode(clip["picture"]), float) - picture
        assert np.abs(difference).mean() < 4  # JPEG


def test_another_seed_is_another_batch():
    first, again, other = draw_batch(2, 8, 0), draw_batch(2, 8, 0), draw_batch(2, 8, 1)
    assert first == again
    assert first["clips"] != other["clips"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3, 8, 0), "num_instruments is 3: take one of 2, 4, 11"),
        ((4, 7, 0), "batch_size is 7: take one of 8, 16, 32"),
        ((4, 8, -1), "take a whole number"),
        ((4, 8, None), "take a whole number"),
    ],
)
def test_what_is_not_offered_is_refused_in_a_sentence(arguments, words):
    with pytest.raises(ValueError, match=words):
        draw_batch(*arguments)
    with pytest.raises(ValueError, match=words):
        next(train_methods(*arguments))


def test_a_minute_of_training_in_messages(small):
    messages = [as_json(message) for message in train_methods(2, 8, seed=0)]
    drawing, training = messages[:3], messages[3:]
    assert [m["done"] for m in drawing] == [16, 24, 30]
    assert all(m["total"] == 30 and "Drawing scenes" in m["words"] for m in drawing)
    assert [m["done"] for m in training] == [0, 2, 4]
    assert [m["over"] for m in training] == [False, False, True]
    last = training[-1]
    assert last["steps"] == [0, 2, 4]
    assert last["losses"]["A"][0] is None
    assert all(isinstance(loss, float) for loss in last["losses"]["A"][1:])
    assert {len(values) for s in last["scores"].values() for values in s.values()} == {3}
    assert last["words"].startswith("Done: 4 steps each")
    assert len(json.dumps(last)) < 400_000
    for scene in last["scenes"]:
        assert scene["sound"] != scene["silent"]
        assert set(scene["maps"]) == set(scene["cious"]) == set("ABC")
        assert decode(scene["maps"]["C"]).size == decode(scene["picture"]).size


def test_scenes_that_are_drawn_stay_for_the_next_visitor(small):
    left = train_methods(2, 8, seed=0)
    next(left), next(left)
    left.close()  # as when somebody cancels
    messages = list(train_methods(2, 8, seed=0))
    assert [m["done"] for m in messages] == [30, 0, 2, 4]


def test_a_training_that_breaks_off_says_so_in_a_sentence(small, monkeypatch):
    def fail(trainer, batches):
        raise RuntimeError("no memory left")

    monkeypatch.setattr("sspl.experiments.live_training._train", fail)
    messages = train_methods(2, 8, seed=0)
    with pytest.raises(ValueError, match=r"broke off \(RuntimeError\): start it again"):
        list(messages)
    monkeypatch.undo()


def test_the_stored_runs_are_those_of_the_results():
    runs = as_json(describe_full_runs())
    stored = json.loads((negatives.TINY_RESULTS / "false_negative_rate.json").read_text())
    rows = [
        row
        for row in stored["rows"]
        if row["group"] == "4 classes, batch 128" and row["label"] == "A"
    ]
    scores = np.array([row["scores"]["silent"]["ciou_at_50"] for row in rows])
    (line,) = [line for line in runs["lines"] if line["setting"] == "4 classes, batch 128"]
    assert line["cells"]["A"] == f"{scores.mean():.3f} ± {scores.std(ddof=1):.3f}"
    assert line["share"] == "25 %"
    assert len(runs["lines"]) == 6  # five settings of the rate, and Figure 2
    assert f"{len(rows)} seeds" in runs["how"]
    assert all(figure["words"] and decode(figure["picture"]) for figure in runs["figures"])


def test_without_results_a_sentence_says_how_to_make_them(tmp_path, monkeypatch):
    monkeypatch.setattr(negatives, "TINY_RESULTS", tmp_path)
    command = "python -m sspl.experiments false_negative_rate figure2"
    assert command in describe_full_runs()["sentence"]
