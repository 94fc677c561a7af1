import dataclasses
import json

import numpy as np
import pytest
import torch
from test_model import SMALL

from sspl.build import build_model
from sspl.checkpoint import save_checkpoint
from sspl.config import DataConfig, without_pcm
from sspl.data.pairs import orchestra_pairs
from sspl.evaluate import (
    bootstrap_interval,
    correlate_maps,
    encode_pairs,
    evaluate_model,
    main,
    predict_maps,
    swap_sounds,
)
from sspl.metrics import summarise


@pytest.fixture(scope="module")
def pairs():
    return orchestra_pairs(seed=5, num=6)


@pytest.fixture(scope="module")
def model():
    return build_model(SMALL).eval()


def test_json_holds_what_the_design_promises(pairs, model):
    result = evaluate_model(model, pairs, pairs.boxes)
    assert result["n"] == 6
    assert set(result["protocols"]) == {"sspl", "lvs", "ezvsl"}
    for scores in result["protocols"].values():
        assert {"ciou_at_50", "auc", "mean_ciou", "ci95"} <= set(scores)
        low, high = scores["ci95"]
        assert 0 <= low <= scores["ciou_at_50"] <= high <= 1
    assert set(result["floors"]) == {"centre_disc", "mean_box", "everything"}
    assert [cycle["t"] for cycle in result["per_cycle"]] == [1, 2]
    assert set(result["listening"]) == {"right", "other", "silent", "noise"}
    json.dumps(result, allow_nan=False)


def test_the_last_cycle_and_the_right_sound_are_the_score(pairs, model):
    result = evaluate_model(model, pairs, pairs.boxes)
    score = result["protocols"]["sspl"]["auc"]
    assert result["per_cycle"][-1]["auc"] == score
    assert result["listening"]["right"]["auc"] == score
    assert result["listening"]["right"]["map_correlation"] == pytest.approx(1)


def test_other_sounds_are_of_another_class(pairs, model):
    encoded = encode_pairs(model, pairs)
    other = swap_sounds(model, encoded)["other"]
    for i, label in enumerate(pairs.labels):
        played = [j for j in range(6) if torch.equal(encoded.embeddings[j], other[i])]
        assert played
        assert all(pairs.labels[j] != label for j in played)


def test_encoding_in_batches_is_what_the_model_traces(pairs, model):
    encoded = encode_pairs(model, pairs)
    maps = predict_maps(model, encoded.visual, encoded.embeddings)
    assert maps.shape == (2, 6, 14, 14)
    one = predict_maps(model, encoded.visual[3:4], encoded.embeddings[3:4])
    torch.testing.assert_close(maps[:, 3:4], one)


def test_correlation_by_hand():
    ramp = torch.arange(4.0).reshape(1, 2, 2)
    assert correlate_maps(ramp, 3 * ramp + 1) == pytest.approx(1)
    assert correlate_maps(ramp, -ramp) == pytest.approx(-1)
    assert correlate_maps(torch.ones(1, 2, 2), ramp) == 0


def test_bootstrap_of_a_constant_is_a_point():
    assert bootstrap_interval(summarise(np.ones(10)), seed=0) == [1, 1]


def test_command_prints_json_and_says_what_training_saw(tmp_path, capsys):
    folder = tmp_path / "model"
    meta = {"data": vars(DataConfig(train_seed=8)), "selection": "val"}
    save_checkpoint(build_model(without_pcm(SMALL)), folder, meta)
    main(str(folder), seed=8, num=4, protocol="sspl", json_path="-")
    printed = capsys.readouterr()
    result = json.loads(printed.out)
    assert result["split"] == "seed 8, solo, seen in training"
    assert "saw seed 8" in printed.err
    assert len(result["per_cycle"]) == 1
    main(str(folder), seed=9, num=4, protocol="sspl", json_path=str(tmp_path / "r.json"))
    assert json.loads((tmp_path / "r.json").read_text())["split"] == "seed 9, solo, unseen"
    assert "floor: mean_box" in capsys.readouterr().out


def test_pairs_of_one_class_are_played_no_other(model, pairs):
    encoded = dataclasses.replace(encode_pairs(model, pairs), labels=["cello"] * len(pairs))
    assert set(swap_sounds(model, encoded)) == {"right", "silent", "noise"}
