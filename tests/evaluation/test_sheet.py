"""The sheet: which pictures and cycles it shows, what it says of them, and the command."""

import numpy as np
import pytest
import torch
from manifest_files import write_folder

from sspl.data.folder import open_pairs
from sspl.evaluation.sheet import Look, choose_cycles, choose_pictures, draw_sheet, look_at, main
from sspl.media.pictures import read_image
from sspl.model import Trace
from sspl.train import main as train
from sspl.train import parse
from sspl.zoo.shipped import load_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data") / "pairs", {"test": 6})


def make_look(agreement: float | None, other: str | None = "cat", num_cycles: int = 2) -> Look:
    """Of a picture that agrees everywhere as much with its own sound, and not with another's."""
    batch = 1 if other is None else 2
    found = None
    if agreement is not None:
        found = torch.full((batch, 2, 2), -1.0)
        found[0] = agreement
    return Look(
        picture=np.full((16, 16, 3), 90, np.uint8),
        boxes=np.array([[0.2, 0.2, 0.6, 0.6]]),
        own="dog",
        other=other,
        trace=Trace(
            similarity=torch.rand(num_cycles, batch, 2, 2),
            errors=torch.arange(num_cycles * batch).reshape(num_cycles, batch, 1) / 10,
            predicted_sound=torch.zeros(num_cycles, batch, 3),
            sound=torch.zeros(batch, 3),
            agreement=found,
            threshold=1.0,
        ),
    )


def read_words(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_pictures_are_one_of_each_class_in_turn_by_the_seed():
    labels = ["dog"] * 6 + ["cat"] * 2 + ["owl"]
    chosen = choose_pictures(labels, 5, 0)
    assert [labels[i] for i in chosen] == ["cat", "dog", "owl", "cat", "dog"]
    assert chosen == choose_pictures(labels, 5, 0)
    assert any(choose_pictures(labels, 5, seed) != chosen for seed in range(1, 5))
    assert sorted(choose_pictures(labels, 50, 0)) == list(range(9))


def test_of_many_cycles_four_are_shown():
    assert choose_cycles(1) == [1]
    assert choose_cycles(4) == [1, 2, 3, 4]
    assert choose_cycles(6) == [1, 2, 4, 6]


def test_a_row_says_the_errors_and_that_nothing_is_audible():
    words = read_words(draw_sheet([make_look(2.0)]))
    assert words == [
        "cycle 1", "cycle 2", "another class's sound",
        "dog", "e0 0.00", "e0 0.20", "cat, e0 0.30, nothing",
    ]  # fmt: skip
    assert "e0 0.20, nothing" in read_words(draw_sheet([make_look(0.9)]))
    assert not any("nothing" in word for word in read_words(draw_sheet([make_look(None)])))


def test_what_is_audible_is_outlined_place_by_place():
    look = make_look(0.0, other=None)
    assert look.trace.agreement is not None
    look.trace.agreement[0, 1, 0] = 5.0  # the lower left quarter of the picture
    lines = draw_sheet([look]).axes[0].lines
    corners = {tuple(map(float, end)) for line in lines for end in line.get_xydata()}
    left = 256 + 10  # of the second cycle
    assert corners == {(left + x, y) for x in (0, 128) for y in (128, 256)}
    assert len(lines) == 2 * 4  # four edges, dark beneath bright


def test_other_sounds_are_of_another_class_and_encoded_for_the_chosen_alone(folder):
    model = load_model("tiny", "cpu")
    pairs = open_pairs(folder, "test", encoder=model.config.audio_spec)
    looks = look_at(model, pairs, [0, 3], seed=0)
    assert [(look.own, look.other) for look in looks] == [("dog", "cat"), ("cat", "dog")]
    assert looks[0].trace.similarity.shape[1] == 2
    assert looks[0].trace.audible is None


def test_the_command_writes_a_sheet_of_a_fit(folder, tmp_path, capsys):
    options = ["--preset", "tiny-predictive", "--device", "cpu", "--data.num-train", "30"]
    train(parse([*options, "--data.num-val", "8", "--out", str(tmp_path / "run")]))
    out = tmp_path / "sheet.jpg"
    main(str(tmp_path / "run" / "best"), folder, out, num=3)
    assert "3 pictures" in capsys.readouterr().out
    height, width, _ = read_image(out).shape
    assert (width, height) == (5 * 266 + 70, 3 * 290 + 140)  # four cycles and the other sound


def test_mistakes_are_sentences(folder, tmp_path):
    with pytest.raises(ValueError, match="at least 1"):
        main("tiny", folder, tmp_path / "s.jpg", num=0)
    with pytest.raises(ValueError, match=r"\.jpg"):
        main("tiny", folder, tmp_path / "s.txt", num=1)
    with pytest.raises(ValueError, match="no picture"):
        draw_sheet([])
