import dataclasses
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from gloo_worker import make_pairs
from manifest_files import write_embeddings, write_folder
from test_model import SMALL

from sspl.build import build_model
from sspl.checkpoint import load_checkpoint, read_meta
from sspl.config import without_pcm
from sspl.data.config import DataConfig
from sspl.data.pairs import Pairs
from sspl.encode import encode_pairs, predict_cycles, predict_maps
from sspl.evaluate import main as evaluate
from sspl.objectives import SimSiam
from sspl.presets import PRESETS, light
from sspl.train import main, parse
from sspl.training.config import RunConfig, TrainConfig
from sspl.training.loop import LAST, train, validate
from sspl.training.trainer import Trainer, TrainingError

RUN = RunConfig(
    model=without_pcm(SMALL),
    train=TrainConfig(
        epochs=2, batch_size=4, head_learning_rate=1e-2, learning_rate=1e-2, cached_views=2
    ),
    data=DataConfig(num_train=8, num_val=4),
)


def make_scored_pairs(num: int) -> Pairs:
    box = np.array([[0.2, 0.2, 0.7, 0.7]], np.float32)
    return dataclasses.replace(make_pairs(num), boxes=[box] * num)


def run_training(out, run=RUN, resume=False):
    return train(build_model(run.model), run, make_pairs(8), make_scored_pairs(4), out, resume)


def test_a_run_leaves_a_checkpoint_that_rebuilds_itself_and_a_row_per_epoch(tmp_path):
    best = run_training(tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert {"loss", "simsiam", "spread", "val_ciou_at_50", "val_auc"} <= set(rows[0])
    meta = read_meta(best)
    assert meta["selection"] == "val"
    assert meta["epoch"] in (1, 2)
    assert load_checkpoint(best).config == RUN.model


def change(run: RunConfig, **changes) -> RunConfig:
    return dataclasses.replace(run, train=dataclasses.replace(run.train, **changes))


def assert_same_state(one, two):
    states = [torch.load(folder / LAST, weights_only=True) for folder in (one, two)]
    for name, value in states[0]["model"].items():
        assert torch.equal(value, states[1]["model"][name]), name
    rows = [json.loads(state["progress"]["rows"]) for state in states]
    for row in [*rows[0], *rows[1]]:
        del row["seconds"]
    assert rows[0] == rows[1]


@pytest.mark.parametrize("cached_views", [0, 2])
def test_a_resumed_run_continues_bit_for_bit(tmp_path, cached_views):
    whole = change(RUN, cached_views=cached_views)
    run_training(tmp_path / "whole", whole)
    run_training(tmp_path / "halves", change(whole, epochs=1))
    run_training(tmp_path / "halves", whole, resume=True)
    assert_same_state(tmp_path / "whole", tmp_path / "halves")


@pytest.mark.parametrize("cached_views", [0, 2])
def test_a_run_killed_within_an_epoch_loses_nothing_since_the_last_save(
    tmp_path, monkeypatch, cached_views
):
    """Killed in the fourth step of six; saved after each second one, so the third is lost."""
    run = change(RUN, cached_views=cached_views, epochs=2, batch_size=2, accumulation_steps=1)
    pairs = make_pairs(6), make_scored_pairs(4)

    def train_to(out, resume=False):
        train(build_model(run.model), run, *pairs, out, resume, save_every=2)

    train_to(tmp_path / "whole")
    steps, train_step = [], Trainer.train_step

    def die_in_the_sixth(self, indices):
        steps.append(indices)
        if len(steps) == 6:
            raise KeyboardInterrupt
        return train_step(self, indices)

    monkeypatch.setattr(Trainer, "train_step", die_in_the_sixth)
    with pytest.raises(KeyboardInterrupt):
        train_to(tmp_path / "killed")
    saved = torch.load(tmp_path / "killed" / LAST, weights_only=True)["progress"]
    assert (len(json.loads(saved["rows"])), saved["step"]) == (1, 2)
    train_to(tmp_path / "killed", resume=True)
    assert_same_state(tmp_path / "whole", tmp_path / "killed")


def test_an_image_encoder_that_learns_looks_anew_at_what_chooses(tmp_path, monkeypatch):
    """The maps that are scored are those of the epoch's encoder, not of the one it began with."""
    scored: list[torch.Tensor] = []

    def keep_maps(*features):
        found = predict_cycles(*features)
        scored.append(found.maps[-1])
        return found

    monkeypatch.setattr("sspl.evaluation.evaluator.predict_cycles", keep_maps)
    model = dataclasses.replace(RUN.model, train_image_encoder=True)
    run = change(dataclasses.replace(RUN, model=model), cached_views=0, learning_rate=0.1)
    trained = build_model(model)
    best = train(trained, run, make_pairs(8), make_scored_pairs(4), tmp_path)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert len(scored) == len(rows) == 2
    before = encode_pairs(build_model(model).eval(), make_scored_pairs(4))
    stale = predict_maps(trained.eval(), before.visual, before.embeddings)[-1]
    assert not torch.allclose(stale, scored[1], atol=1e-3)  # else this tells nothing

    last = validate(trained, make_scored_pairs(4))
    torch.testing.assert_close(scored[2], scored[1])
    assert rows[-1]["val_auc"] == last["auc"]
    epoch = read_meta(best)["epoch"]
    chosen = validate(load_checkpoint(best), make_scored_pairs(4))
    torch.testing.assert_close(scored[3], scored[epoch - 1])
    assert rows[epoch - 1]["val_auc"] == chosen["auc"]


def test_a_collapse_is_said(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("sspl.training.loop.find_collapse", lambda *_: "collapsed: for a test")
    run_training(tmp_path)
    assert "epoch 2: collapsed: for a test" in capsys.readouterr().err


def test_without_stop_gradient_a_run_collapses_and_says_so(tmp_path, capsys):
    objective = dataclasses.replace(RUN.model.objective, stop_gradient=False)
    model = dataclasses.replace(RUN.model, objective=objective)
    run = change(dataclasses.replace(RUN, model=model), batch_size=16, epochs=100, patience=100)
    pairs, scored = make_pairs(16), make_scored_pairs(4)
    train(build_model(run.model), run, pairs, scored, tmp_path / "free")
    assert "collapsed: the two views agree" in capsys.readouterr().err
    held = dataclasses.replace(run, model=RUN.model)
    train(build_model(held.model), held, pairs, scored, tmp_path / "held")
    free, held = (
        json.loads((tmp_path / name / "log.jsonl").read_text().splitlines()[-1])
        for name in ("free", "held")
    )
    assert free["collapsed"]
    assert "collapsed" not in held


def test_the_test_split_chooses_only_where_asked_and_is_named(tmp_path):
    run_training(tmp_path, change(RUN, select="test", epochs=1))
    meta = read_meta(tmp_path / "best")
    assert meta["selection"] == "test"
    assert "test_ciou_at_50" in meta["metrics"]
    assert "val_ciou_at_50" not in meta["metrics"]


def test_without_a_split_to_score_the_last_epoch_is_kept(tmp_path):
    run = change(RUN, select="last", epochs=3, patience=1)
    best = train(build_model(run.model), run, make_pairs(8), None, tmp_path)
    assert (read_meta(best)["epoch"], read_meta(best)["selection"]) == (3, "last")
    with pytest.raises(ValueError, match="does not fit"):
        train(build_model(RUN.model), RUN, make_pairs(8), None, tmp_path / "b")


def test_a_run_stops_when_no_epoch_gets_better(tmp_path, monkeypatch):
    scores = iter([0.3, 0.5, 0.4, 0.5, 0.9])
    monkeypatch.setattr(
        "sspl.training.loop.validate", lambda *_: {"ciou_at_50": next(scores), "auc": 0.0}
    )
    best = run_training(tmp_path, change(RUN, epochs=5, patience=2))
    rows = (tmp_path / "log.jsonl").read_text().splitlines()
    assert len(rows) == 4
    assert read_meta(best)["epoch"] == 2


def test_command_trains_and_scores_a_folder_with_embeddings_given(tmp_path, monkeypatch, capsys):
    """`light` from the command line."""
    folder = write_folder(tmp_path / "data", {"train": 4, "val": 2, "test": 2})
    embeddings = write_embeddings(folder, channels=6)
    out = tmp_path / "run"
    monkeypatch.setitem(PRESETS, "light-no-pcm", make_quick_light)
    arguments = ["--preset", "light-no-pcm", "--out", str(out), "--device", "cpu"]
    arguments += ["--data.name", str(folder), "--data.embeddings", str(embeddings)]
    main(parse(arguments))
    meta = read_meta(out / "best")
    assert meta["config"]["audio_encoder"] == "embedding"
    assert meta["config"]["embedding_channels"] == 6
    assert (out / "training.png").stat().st_size > 1000
    capsys.readouterr()
    evaluate(str(out / "best"), str(folder), protocol="sspl", json_path="-", device="cpu")
    result = json.loads(capsys.readouterr().out)
    assert (result["n"], result["split"], result["selection"]) == (2, "test, unseen", "val")
    assert set(result["listening"]) == {"right", "other"}  # no audio encoder for silence and noise
    evaluate(str(out / "best"), str(folder), split="val", protocol="sspl", json_path="-")
    assert "Training or selection saw val." in json.loads(capsys.readouterr().out)["notes"]


def make_quick_light() -> RunConfig:
    run = light()
    model = dataclasses.replace(
        run.model,
        num_cycles=0,
        query_width=4,
        objective=SimSiam(projection_width=8, prediction_width=4),
    )
    return change(dataclasses.replace(run, model=model), epochs=1, batch_size=2, cached_views=2)


def test_presets_that_need_data_say_so(tmp_path):
    with pytest.raises(ValueError, match=r"pass --data\.name FOLDER"):
        main(parse(["--preset", "paper-flickr10k", "--out", str(tmp_path)]))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sspl.train", "--preset", "light", "--out", "run"), "pass --data.name FOLDER"),
        (("sspl.evaluate", "--checkpoint", "light"), "no trained weights"),
    ],
)
def test_a_mistake_on_the_command_line_is_a_sentence_and_status_2(tmp_path, arguments, words):
    root = Path(__file__).parent.parent
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_finished_run_is_not_overwritten(tmp_path):
    run_training(tmp_path)
    with pytest.raises(ValueError, match="--resume"):
        run_training(tmp_path)
    other = dataclasses.replace(RUN, train=dataclasses.replace(RUN.train, seed=5))
    with pytest.raises(ValueError, match="another run"):
        run_training(tmp_path, other, resume=True)


def test_a_run_that_never_began_leaves_its_folder_free(tmp_path):
    with pytest.raises(ValueError, match=r"smaller --train\.batch-size"):
        run_training(tmp_path, change(RUN, batch_size=64))
    run_training(tmp_path)


def test_what_a_killed_save_left_is_cleared_away(tmp_path):
    (tmp_path / "best").mkdir()
    left = [tmp_path / ".unfinished-0123.pt", tmp_path / "best" / ".unfinished-4567.safetensors"]
    for path in left:
        path.write_bytes(b"half")
    run_training(tmp_path)
    assert not any(path.exists() for path in left)


def test_a_damaged_state_is_one_sentence(tmp_path):
    run_training(tmp_path)
    (tmp_path / LAST).write_bytes((tmp_path / LAST).read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"last\.pt is damaged"):
        run_training(tmp_path, change(RUN, epochs=3), resume=True)


def test_a_loss_that_is_not_finite_stops_with_a_sentence(tmp_path):
    model = build_model(RUN.model)
    with torch.no_grad():
        model.query[0].weight.fill_(float("nan"))
    with pytest.raises(TrainingError, match="lower the learning rate"):
        train(model, RUN, make_pairs(8), make_scored_pairs(4), tmp_path)
    assert not (tmp_path / "best").exists()


def test_five_steps_give_the_numbers_they_always_gave(tmp_path):
    """A refactor keeps these; a change of the method may change them, and says so."""
    long = dataclasses.replace(RUN, train=dataclasses.replace(RUN.train, epochs=3))
    run_training(tmp_path, long)
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    losses = [row["loss"] for row in rows]
    assert losses == pytest.approx(LOSSES, abs=2e-3)


LOSSES = [-0.03594561, 0.02374178, -0.00466216]
