"""Two roads for the sound: the maps are the model's with another sound on one of them."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from page_files import WITH, WITHOUT

from sspl.explorer.permalink import find_sound
from sspl.explorer.roads import LITTLE, SAME, describe_roads, list_others, tell_road, tell_roads
from sspl.localizer import Localizer


@pytest.fixture(scope="module")
def model(models):
    return models[WITH].network


@pytest.fixture
def silent(samples):
    """A scene whose second instrument is silent."""
    return list(samples.values())[1].scene


@pytest.fixture
def roads(model, silent, samples):
    return json.loads(json.dumps(describe_roads(model, silent, samples, ""), allow_nan=False))


@torch.no_grad()
def test_every_map_is_the_models_own_by_hand(model, silent, samples, roads):
    def encode(sound):
        localizer = Localizer(model).set_sample(silent.picture, sound.waveform)
        return localizer._visual, *model.project_audio(localizer._embeddings)

    visual, sound, query = encode(silent.sound)
    _, sound2, query2 = encode(find_sound(roads["key"], samples))
    own = model.trace_features(visual, sound, query).similarity[-1, 0].numpy()
    assert [(m["pcm"], m["query"]) for m in roads["maps"]] == [
        (False, False),
        (True, False),
        (False, True),
        (True, True),
    ]
    for shown in roads["maps"]:
        heard, asked = sound2 if shown["pcm"] else sound, query2 if shown["query"] else query
        mine = model.trace_features(visual, heard, asked).similarity[-1, 0].numpy()
        correlation = np.corrcoef(mine.ravel(), own.ravel())[0, 1]
        assert shown["correlation"] == pytest.approx(correlation, abs=1e-4)
        moved = np.abs(mine - own).mean() / (own.max() - own.min())
        assert shown["moved"] == pytest.approx(moved, abs=1e-4)
    assert roads["maps"][0]["moved"] == 0
    assert roads["maps"][2]["moved"] > 0


@torch.no_grad()
def test_a_model_whose_query_is_deaf_hears_in_its_pcm(model, silent, samples):
    deaf = copy.deepcopy(model)
    for weights in deaf.query.parameters():
        weights.zero_()  # as for every sound the same
    list(deaf.query.parameters())[-1].fill_(1)  # the last bias
    roads = describe_roads(deaf, silent, samples, "noise")
    none, by_pcm, by_query, both = (each["moved"] for each in roads["maps"])
    assert none == by_query == 0 < by_pcm == both
    assert roads["query"].startswith("the map stays as it was")


@pytest.mark.parametrize(
    ("by_pcm", "by_query", "words"),
    [
        (0.0, 0.3, "the query carries the sound; in the PCM it makes no difference"),
        (0.3, 0.0, "the PCM carries the sound; in the query it makes no difference"),
        (0.02, 0.3, "the query carries the sound; in the PCM it matters little"),
        (0.2, 0.3, "both roads carry the sound"),
        (0.0, 0.04, "neither road makes much of a difference"),
    ],
)
def test_the_verdict_follows_the_numbers(by_pcm, by_query, words):
    assert words in tell_roads(by_pcm, by_query)


@pytest.mark.parametrize(
    ("moved", "words"),
    [(0.5 * SAME, "stays as it was"), (0.5 * LITTLE, "changes little"), (2 * LITTLE, "changes:")],
)
def test_a_road_is_told_with_its_numbers(moved, words):
    road = {"pcm": True, "query": False, "frame": "", "correlation": -0.25, "moved": moved}
    told = tell_road(road)
    assert words in told
    assert f"{100 * moved:.1f} % of its range" in told
    assert "correlation −0.250" in told


def test_the_other_sound_is_first_of_what_is_seen_and_silent(samples, scene, silent):
    (name,) = {seen.name for seen in silent.instruments} - set(silent.sound.instruments)
    heard = replace(samples[scene.sample].scene.sound, title="its sound", instruments=(name,))
    more = {
        **samples,
        "beside": replace(samples[scene.sample], scene=replace(scene, sound=heard)),
    }
    others = list_others(silent, more)
    assert others[0] == {"key": "beside", "title": "its sound"}
    assert [each["key"] for each in others[-2:]] == ["silence", "noise"]
    assert silent.sound.title not in [each["title"] for each in others]
    assert [each["key"] for each in list_others(replace(silent, drawn=False), more)] == [
        "silence",
        "noise",
    ]


def test_silence_is_sent_but_not_played(model, silent, samples):
    roads = describe_roads(model, silent, samples, "silence")
    assert roads["other"] == "silence"
    assert roads["audio"] is None


def test_without_a_pcm_there_are_no_two_roads(models, silent, samples):
    with pytest.raises(ValueError, match="no predictive coding module"):
        describe_roads(models[WITHOUT].network, silent, samples, "")
