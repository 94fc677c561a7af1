"""Trained variants: exactly what was trained, in little room."""

import json
import shutil
from dataclasses import asdict

import pytest
import torch
from experiments.small_world import small_setup

from sspl.checkpoint import load_checkpoint, save_checkpoint
from sspl.data.orchestra import make_clip
from sspl.experiments.engine.cache import Cache
from sspl.experiments.engine.results import load_results
from sspl.experiments.engine.trials import load_trial, name_trial, run_trial
from sspl.experiments.engine.variants import vary
from sspl.experiments.write_zoo import SEED, choose_variants, write_variants
from sspl.localizer import Localizer
from sspl.zoo.variants import INDEX, TINY_VARIANTS, load_variants, open_variants

NAMES = ("start", "cycles-1")


@pytest.fixture(scope="module")
def choices():
    return {name: choice for name, choice in choose_variants().items() if name in NAMES}


@pytest.fixture(scope="module")
def trained():
    """The runs of the two."""
    recipe = small_setup().ours
    return {"start": recipe.without_pcm, "cycles-1": vary(recipe.with_pcm, num_cycles=1)}


@pytest.fixture(scope="module")
def made(tmp_path_factory, choices, trained):
    """The folder of the trials, and that of the variants out of them."""
    runs, out = tmp_path_factory.mktemp("runs"), tmp_path_factory.mktemp("out") / "variants"
    cache, setup = Cache(), small_setup()
    for run in trained.values():
        run_trial(run, setup.tests, runs, cache)
    write_variants(choices, setup, runs, out)
    return runs, out


def test_a_variants_maps_are_its_trials_bit_for_bit(made, trained):
    runs, out = made
    variants = load_variants(out)
    models = open_variants(variants)
    clip = make_clip(77, 0, "solo", image_px=96, duration_s=2.0)
    for variant in variants:
        assert variant.trial == name_trial(trained[variant.name])
        traces = [
            Localizer(model).set_sample(clip.image, clip.waveform).trace()
            for model in (models[variant.name], load_trial(trained[variant.name], runs, "cpu"))
        ]
        for name in ("similarity", "errors", "predicted_sound"):
            assert torch.equal(*(getattr(trace, name) for trace in traces))


def test_all_share_one_set_of_encoders(made):
    models = open_variants(load_variants(made[1])).values()
    for part in ("image_encoder", "audio_encoder"):
        assert len({id(getattr(model, part)) for model in models}) == 1
    assert not any(model.training or model.image_encoder.training for model in models)


def test_scores_and_lines_are_those_of_the_trial(made, trained):
    runs, out = made
    for variant in load_variants(out):
        kept = json.loads((runs / variant.trial / "score.json").read_text())["tests"]
        for test, scores in variant.scores.items():
            assert scores["own sound"] == kept[test]["scores"]["ciou_at_50"]
            other = kept[test]["scores"]["listening"]["other"]["ciou_at_50"]
            assert scores["other sound"] == other
        assert variant.config == trained[variant.name].model
    with_one = load_variants(out)[1]
    assert ("tableS6", "T = 1") in {(line.experiment, line.label) for line in with_one.lines}


def test_a_trial_that_is_not_there_is_named_and_nothing_is_written(
    made, choices, trained, tmp_path
):
    runs, _ = made
    kept = name_trial(trained["start"])
    shutil.copytree(runs / kept, tmp_path / "runs" / kept)
    missing = name_trial(trained["cycles-1"])
    with pytest.raises(ValueError, match=f"cycles-1 was not trained: .*{missing} is not there"):
        write_variants(choices, small_setup(), tmp_path / "runs", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_image_encoder_of_its_own_cannot_be_kept(made, choices, trained, tmp_path):
    runs, _ = made
    name = name_trial(trained["start"])
    shutil.copytree(runs / name, tmp_path / name)
    model = load_checkpoint(tmp_path / name / "best")
    with torch.no_grad():
        next(model.image_encoder.parameters()).add_(1)
    meta = json.loads((tmp_path / name / "best" / "meta.json").read_text())
    save_checkpoint(model, tmp_path / name / "best", {"epoch": meta["epoch"]})
    with pytest.raises(ValueError, match="start has an image encoder of its own"):
        write_variants({"start": choices["start"]}, small_setup(), tmp_path, tmp_path / "out")
    assert not (tmp_path / "out" / INDEX).exists()


def test_a_missing_or_broken_folder_is_a_sentence(made, tmp_path):
    with pytest.raises(ValueError, match=r"variants\.json is missing: run python -m"):
        load_variants(tmp_path)
    (tmp_path / INDEX).write_text('{"format": 2, "variants": [{"name": "start"}]}')
    with pytest.raises(ValueError, match="not of this version"):
        load_variants(tmp_path)
    shutil.copytree(made[1], tmp_path / "copy")
    (tmp_path / "copy" / "start.safetensors").write_bytes(b"no")
    with pytest.raises(ValueError, match=r"start\.safetensors cannot be used"):
        open_variants(load_variants(tmp_path / "copy"))


def test_what_is_shipped_is_all_that_was_chosen_and_agrees_with_the_results():
    variants = load_variants()
    assert [variant.name for variant in variants] == list(choose_variants())
    assert sum(path.stat().st_size for path in TINY_VARIANTS.iterdir()) < 4e6
    results = load_results(TINY_VARIANTS.parents[1] / "results")
    for variant in variants:
        assert variant.lines
        for line in variant.lines:
            (row,) = (
                row
                for row in results[line.experiment]["rows"]
                if (row["group"], row["label"], row["seed"]) == (line.group, line.label, SEED)
            )
            for test, scores in variant.scores.items():
                assert scores["own sound"] == row["scores"][test]["ciou_at_50"]


def test_a_group_differs_from_the_start_in_what_it_is_named_after():
    start, *others = load_variants()
    field = {"cycles": "num_cycles", "scaling": "scaling", "fusion": "fusion"}
    for variant in others:
        ours, theirs = asdict(start.config), asdict(variant.config)
        ours |= ours.pop("terms")
        theirs |= theirs.pop("terms")
        changed = {name for name, value in theirs.items() if value != ours[name]}
        if variant.group == "objective":
            assert variant.objective != start.objective
        else:
            assert field[variant.group] in changed
            # Under softmax two terms of the loss say nothing and are left out.
            assert changed <= {field[variant.group], "background_weight", "area_weight"}
