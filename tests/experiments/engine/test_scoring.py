"""A row, the command and the choice of an epoch are views of one evaluator."""

import json

import pytest

from sspl.data.config import DataConfig
from sspl.encode import encode_pairs
from sspl.evaluate import run as run_evaluate
from sspl.evaluation.test_sets import under_own_sounds
from sspl.experiments.engine.cache import Cache
from sspl.experiments.engine.scoring import measure_floors, score_model
from sspl.experiments.engine.setup import TestSet
from sspl.training.loop import validate
from sspl.zoo.shipped import load_model

SEED, NUM, KIND = 90_210, 60, "silent"


@pytest.fixture(scope="module")
def cache():
    return Cache()


@pytest.fixture(scope="module")
def scenes():
    data = DataConfig(val_seed=SEED, num_val=NUM, val_kinds=(KIND,))
    return TestSet(data=data, split="val", stands_for="VGG-SS")


@pytest.mark.parametrize("name", ["tiny", "tiny-no-pcm"])
def test_the_same_checkpoint_gets_the_same_digits_everywhere(name, cache, scenes, tmp_path):
    path = tmp_path / "result.json"
    asked = ["--kind", KIND, "--num", str(NUM), "--seed", str(SEED), "--device", "cpu"]
    assert run_evaluate(["--checkpoint", name, *asked, "--json", str(path)]) == 0
    command = json.loads(path.read_text())

    model = load_model(name, "cpu")
    row = score_model(model, cache.test(model, scenes))
    assert row["n"] == command["n"] == NUM
    for key in ("ciou_at_50", "auc", "mean_ciou", "curve"):
        assert row[key] == command["protocols"]["sspl"][key]
    for key in ("ciou_at_50", "auc"):
        assert row["adaptive"][key] == command["protocols"]["adaptive"][key]
    assert list(row["listening"]) == list(command["listening"])
    for sound, scores in row["listening"].items():
        assert scores == {key: command["listening"][sound][key] for key in scores}
    for ours, theirs in zip(row["per_cycle"], command["per_cycle"], strict=True):
        assert ours == {key: theirs[key] for key in ours}

    floors = measure_floors(cache.test(model, scenes), cache.test_pairs(scenes, model.config))
    for floor in ("centre_disc", "everything", "saliency"):
        for protocol, scores in floors[floor].items():
            assert scores == {key: command["floors"][floor][protocol][key] for key in scores}

    encoded = under_own_sounds(encode_pairs(model, cache.test_pairs(scenes, model.config)))
    chosen_by = validate(model, encoded)
    assert chosen_by["ciou_at_50"] == row["ciou_at_50"]
    assert round(chosen_by["auc"], 5) == row["auc"]
