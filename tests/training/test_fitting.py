import json
from dataclasses import replace

import pytest
import torch

from sspl.checkpoint import load_checkpoint, read_meta
from sspl.evaluate import main as evaluate
from sspl.presets import FITS
from sspl.train import FitOptions, main, parse
from sspl.training.fitting import EXTENTS, choose_extent, choose_threshold, with_reading

SMALL = ["--preset", "tiny-predictive", "--device", "cpu", "--data.num-train", "40"]
SMALL += ["--data.num-val", "12", "--model.num-cycles", "2"]


def test_a_fit_is_a_command_like_any_preset_and_is_scored_like_any_checkpoint(tmp_path, capsys):
    out = tmp_path / "run"
    main(parse([*SMALL, "--out", str(out)]))
    assert "fitted to 40 pairs" in capsys.readouterr().out
    meta = read_meta(out / "best")
    assert meta["model"] == "predictive_attention"
    assert meta["metrics"]["extent"] in EXTENTS
    assert load_checkpoint(out / "best").config.num_cycles == 2
    evaluate(str(out / "best"), num=6, seed=5, protocol="sspl", json_path="-", device="cpu")
    result = json.loads(capsys.readouterr().out)
    assert [cycle["t"] for cycle in result["per_cycle"]] == [1, 2]
    assert all(0 <= cycle["prediction_error"] <= 2 for cycle in result["per_cycle"])
    assert {"right", "other", "silent", "noise"} <= set(result["listening"])
    with pytest.raises(ValueError, match="holds a run already"):
        main(parse([*SMALL, "--out", str(out)]))


def test_fitting_twice_gives_the_same_and_last_leaves_the_extent(tmp_path):
    found = []
    for name in ("a", "b"):
        options = parse([*SMALL, "--train.select", "last", "--out", str(tmp_path / name)])
        assert isinstance(options, FitOptions)
        main(options)
        model = load_checkpoint(tmp_path / name / "best")
        assert model.config.extent == FITS["tiny-predictive"]().model.extent
        found.append(model.prediction)
    assert (found[0] == found[1]).all()


def test_the_extent_is_chosen_by_auc_and_near_one_where_it_does_not_matter():
    scores = {e: {"ciou_at_50": 0.5, "auc": 0.4} for e in EXTENTS}
    assert choose_extent(scores) == 1.0
    assert choose_extent(scores | {0.5: {"ciou_at_50": 0.4, "auc": 0.5}}) == 0.5


def as_maps(peaks):
    """Peaks (N,) as maps (N, 1, 1)."""
    return peaks[:, None, None]


def test_the_threshold_lies_between_own_and_foreign_sounds():
    own = as_maps(torch.linspace(2, 5, 50))
    foreign = {"other": as_maps(torch.linspace(-1, 1.9, 50)), "silent": as_maps(torch.zeros(5))}
    assert 1.9 < choose_threshold({"right": own, **foreign}) < 2.2
    # A few foreign ones above are worth less than many own ones below.
    few = as_maps(torch.tensor([0.0] * 40 + [6.0] * 10))
    assert choose_threshold({"right": own, "other": few}) < 2.2
    with pytest.raises(ValueError, match="no picture agrees"):
        choose_threshold({"right": -own, "other": own})
    with pytest.raises(ValueError, match="no foreign sound"):
        choose_threshold({"right": own})


def test_the_threshold_leaves_noise_dark_at_the_cost_of_answers():
    own = as_maps(torch.linspace(2, 5, 50))
    noise = torch.zeros(10, 4, 5)
    noise[0, 0, 0] = 3.0  # half a percent of all places, one picture in ten
    dim = choose_threshold({"right": own, "noise": noise})
    noise[0, 0] = 3.0  # two and a half
    dark = choose_threshold({"right": own, "noise": noise})
    assert dim < 2.2
    assert dark > 3.0


def test_another_extent_is_the_same_model_but_for_the_maps_power(tmp_path):
    from test_predictive_attention import make_inputs, make_model

    model = make_model()
    other = with_reading(model, extent=0.5)
    assert other.config == replace(model.config, extent=0.5)
    visual, patches = make_inputs()
    maps = [m.trace_features(visual, *m.project_audio(patches)).similarity for m in (model, other)]
    assert ((maps[0] ** 0.5 - maps[1]).abs() < 1e-6).all()


def test_photo_needs_data_and_says_so(tmp_path):
    with pytest.raises(ValueError, match=r"pass --data\.name FOLDER"):
        main(parse(["--preset", "photo", "--out", str(tmp_path)]))
