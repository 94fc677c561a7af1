"""Does it listen? A model that hears changes its map, a deaf one does not, and verdicts say so."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from page_files import PREDICTIVE, WITH

from sspl.build import build_model
from sspl.explorer.evaluations import describe_evaluations
from sspl.explorer.hearing import Hearing, choose_plays
from sspl.explorer.models import Model, load_models
from sspl.explorer.samples import Sample
from sspl.explorer.scenes import Instrument, Scene, Sound
from sspl.localizer import Localizer


def make_sound(name, hz):
    waveform = np.sin(np.arange(48_000, dtype=np.float32) * 2 * np.pi * hz / 16_000) / 2
    return Sound(title=name, waveform=waveform, instruments=(name,))


def make_scene(name, hz, *seen):
    return Scene(
        title=name,
        picture=np.random.default_rng(int(hz)).integers(0, 256, (60, 80, 3), np.uint8),
        sound=make_sound(name, hz),
        instruments=tuple(Instrument(name=n, box=(0.1, 0.1, 0.5, 0.9)) for n in seen),
    )


CELLO = make_scene("cello", 200, "cello", "flute")
SAMPLES = {
    scene.title: Sample(scene=scene, video=None, is_variant=False)
    for scene in (CELLO, make_scene("flute", 800, "flute"), make_scene("tuba", 90, "tuba"))
}


@pytest.fixture(scope="module")
def deaf(models):
    """A model whose query is the same whatever it hears."""
    model = next(iter(models.values()))
    network = build_model(replace(model.network.config, num_cycles=0)).eval()
    with torch.no_grad():
        *_, weight, bias = network.query.parameters()
        weight.zero_()
        bias.uniform_(0.1, 1)
    return Model(**(vars(model) | {"network": network, "facts": "deaf"}))


def test_the_sounds_are_chosen_by_what_is_seen():
    plays = choose_plays(CELLO, SAMPLES)
    assert [play.sound.title for play in plays] == ["cello", "flute", "tuba", "silence", "noise"]
    assert [play.should for play in plays] == ["", "move", "dark", "dark", "dark"]
    alone = choose_plays(replace(CELLO, instruments=CELLO.instruments[:1]), SAMPLES)
    assert [play.sound.title for play in alone] == ["cello", "flute", "tuba", "silence", "noise"]
    assert [play.should for play in alone] == ["", "dark", "dark", "dark", "dark"]


def test_sounds_to_compare_with_are_added_once():
    others = (make_sound("flute", 800), make_sound("bell", 3000))
    plays = choose_plays(replace(CELLO, others=others), SAMPLES)
    assert [play.sound.title for play in plays].count("flute") == 1
    assert plays[-1].sound.title == "bell"


def test_of_a_strangers_sound_nothing_is_expected():
    own = replace(CELLO, sound=replace(CELLO.sound, instruments=()), instruments=())
    plays = choose_plays(own, SAMPLES)
    assert [(play.words, play.should) for play in plays[1:3]] == [("Another sound", "")] * 2


def test_an_off_screen_sound_is_no_yardstick(models):
    away = replace(CELLO, instruments=CELLO.instruments[1:])
    assert [play.should for play in choose_plays(away, SAMPLES)][:2] == ["dark", "move"]
    seen = replace(away, instruments=(replace(CELLO.instruments[1], name="drum"),))
    value = Hearing(models=models, samples=SAMPLES).compare_hearing(WITH, seen)
    assert {row["verdict"] for row in value["rows"]} == {
        "Cannot be told where nothing in the picture plays"
    }
    assert {cell["right"] for row in value["rows"] for cell in row["cells"]} == {None}


def test_an_absolute_scale_needs_no_yardstick(predictive):
    hearing = Hearing(models={PREDICTIVE: predictive}, samples=SAMPLES)
    away = replace(CELLO, instruments=(replace(CELLO.instruments[1], name="drum"),))
    (row,) = hearing.describe_hearing(PREDICTIVE, away)["rows"]
    localizer = Localizer(predictive.network).set_image(away.picture)
    for cell, sound in zip(row["cells"], choose_plays(away, SAMPLES), strict=True):
        agreement = localizer.set_sound(sound.sound.waveform).trace().agreement
        wide = torch.nn.functional.interpolate(agreement[None], (224, 224), mode="bilinear")
        on = float((wide >= predictive.network.threshold).float().mean())
        assert cell["on"] == pytest.approx(on, abs=1e-3)
        assert cell["right"] == (cell["on"] <= 0.02)


def test_a_deaf_model_is_found_out(deaf):
    hearing = Hearing(models={"deaf": deaf}, samples=SAMPLES)
    (row,) = hearing.describe_hearing("deaf", CELLO)["rows"]
    own, *others = row["cells"]
    assert row["verdict"] != "Follows the sound"
    assert [cell["does"] for cell in others[1:]] == ["stays lit"] * 3
    for cell in others:
        assert cell["frame"] == own["frame"]
        assert cell["alike"] == pytest.approx(1, abs=1e-5)
        assert cell["on"] == own["on"]


def test_numbers_are_measured_on_one_scale(models):
    value = Hearing(models=models, samples=SAMPLES).compare_hearing(WITH, CELLO)
    value = json.loads(json.dumps(value, allow_nan=False))
    assert [row["chosen"] for row in value["rows"]] == [name == WITH for name in models]
    assert value["columns"][3]["audio"] is None
    for model, row in zip(models.values(), value["rows"], strict=True):
        assert row["label"] == model.label
        localizer = Localizer(model.network).set_image(CELLO.picture)
        own, other = (
            localizer.set_sound(s.scene.sound.waveform).trace().similarity[-1]
            for s in (SAMPLES["cello"], SAMPLES["tuba"])
        )
        cell = row["cells"][2]
        alike = np.corrcoef(own.flatten(), other.flatten())[0, 1]
        assert cell["alike"] == pytest.approx(alike, abs=1e-4)
        wide = torch.nn.functional.interpolate(other[None], (224, 224), mode="bilinear")
        on = (wide >= (own.min() + own.max()) / 2).float().mean()
        assert cell["on"] == pytest.approx(float(on), abs=1e-3)


def test_a_model_with_an_evaluation_shows_it_and_another_how_to_get_one(deaf):
    models = load_models(()) | {"mine": deaf}
    *shipped, mine = describe_evaluations(models)["models"]
    for model in shipped:
        deaf_one = model["label"] == models["photo-pcm"].label
        assert model["sentence"].startswith("Nothing shows" if deaf_one else "It listens")
        assert [row["words"] for row in model["rows"]][-2:] == ["silence", "noise"]
    assert "rows" not in mine
    assert mine["command"].startswith(f"python -m sspl.evaluate --checkpoint {deaf.folder}")


def test_without_results_the_evaluations_remain(deaf, tmp_path):
    assert describe_evaluations({"mine": deaf}, tmp_path)["tables"] == []
    assert describe_evaluations({"mine": deaf})["tables"][0]["title"] == "What makes the map listen"
