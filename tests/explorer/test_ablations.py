"""Ablations: one picture under all that was trained, each number that of its model."""

import base64
import copy
import io
import json
from dataclasses import replace

import gradio as gr
import numpy as np
import pytest
import torch
from page_files import PREDICTIVE, WITH
from PIL import Image

from sspl.attention import SCALINGS
from sspl.experiments.engine.results import TINY_RESULTS, load_results
from sspl.explorer.ablations import readouts
from sspl.explorer.ablations.objectives import OBJECTIVES, find_objective
from sspl.explorer.ablations.readouts import ChosenModel
from sspl.explorer.ablations.tab import Ablations, build_ablations_tab, load_ablations
from sspl.explorer.ablations.variants import GROUPS
from sspl.explorer.page import Page
from sspl.localizer import Localizer
from sspl.trace_stats import measure_cycle
from sspl.zoo.variants import TINY_VARIANTS, load_variants, open_variants


@pytest.fixture(scope="module")
def variants():
    return load_variants()


@pytest.fixture(scope="module")
def ablations(variants):
    return Ablations(variants=variants, results=load_results(TINY_RESULTS))


@pytest.fixture(scope="module")
def networks(variants):
    return open_variants(variants)


def list_boxes(scene):
    return np.array([source.box for source in scene.find_sources(scene.sound)])


def open_frame(uri):
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(";base64,")[2])))


def test_the_grid_shows_every_variant_with_its_own_score(ablations, networks, scene):
    value = ablations.describe_ablations("any", scene)
    assert len(json.dumps(value, allow_nan=False)) < 600_000
    assert [card["name"] for card in value["cards"]] == list(networks)
    for card in value["cards"]:
        localizer = Localizer(networks[card["name"]])
        trace = localizer.set_sample(scene.picture, scene.sound.waveform).trace()
        expected = measure_cycle(trace, len(trace.similarity), list_boxes(scene))["ciou"]
        assert card["ciou"] == pytest.approx(expected, abs=1e-6)
        assert max(open_frame(card["frame"]).size) <= 200


def test_every_group_begins_with_what_it_is_compared_with(ablations, variants, scene):
    groups = ablations.describe_ablations("any", scene)["groups"]
    assert sorted(group["title"] for group in groups) == sorted(t for t, _ in GROUPS.values())
    assert {group["cards"][0]["name"] for group in groups} == {"start"}
    starts = {group["cards"][0]["words"] for group in groups}
    assert starts == {"without PCM", "Min-Max Norm.", "AM (attention)", "our recipe"}
    listed = [card["name"] for group in groups for card in group["cards"][1:]]
    assert sorted(listed) == sorted(variant.name for variant in variants[1:])


def test_what_differs_from_the_first_comes_first(ablations, networks, scene):
    value = ablations.describe_ablations("any", scene)
    alike = {card["name"]: card["alike"] for card in value["cards"]}
    assert alike["start"] == pytest.approx(1)
    maps = [
        Localizer(networks[name]).set_sample(scene.picture, scene.sound.waveform).trace()
        for name in ("start", "cycles-5")
    ]
    expected = np.corrcoef(*(trace.similarity[-1, 0].flatten().numpy() for trace in maps))[0, 1]
    assert alike["cycles-5"] == pytest.approx(expected, abs=1e-4)
    orders = [[alike[card["name"]] for card in group["cards"][1:]] for group in value["groups"]]
    assert all(order == sorted(order) for order in orders)
    assert [order[0] for order in orders] == sorted(order[0] for order in orders)


def test_a_photograph_is_nothing_to_them(ablations, scene):
    value = ablations.describe_ablations("any", replace(scene, drawn=False))
    assert value["cards"] == value["groups"] == []


def test_of_the_chosen_model_one_thing_is_changed_at_a_time(models, predictive, scene):
    chosen = ChosenModel(models={**models, PREDICTIVE: predictive})
    network = predictive.network
    value = chosen.describe_readouts(PREDICTIVE, scene)
    value = json.loads(json.dumps(value, allow_nan=False))
    assert "step κ = 0.25" in value["own"]["hint"]
    assert value["own"]["alike"] == pytest.approx(1)
    order = [each["alike"] for each in value["changed"]]
    assert order == sorted(order)
    found = {each["words"]: each["alike"] for each in value["changed"]}
    others = [
        v
        for name, (_, _, values) in readouts.SETTINGS.items()
        for v in values
        if v != getattr(network.config, name)
    ]
    assert len(found) == 3 + len(others)  # the cycles before the last, and other values
    other = copy.deepcopy(network)
    other._choice = replace(network.config, step=1.0)
    traces = [
        Localizer(each).set_sample(scene.picture, scene.sound.waveform).trace().similarity[:, 0]
        for each in (network, other)
    ]
    own = traces[0][-1].flatten().numpy()
    for words, similarity in (("T = 2", traces[0][1]), ("step κ = 1", traces[1][-1])):
        expected = np.corrcoef(own, similarity.flatten().numpy())[0, 1]
        assert found[words] == pytest.approx(expected, abs=1e-4)


def test_of_the_papers_model_cycles_and_scalings_are_read_out(models, scene):
    value = ChosenModel(models=models).describe_readouts(WITH, scene)
    words = {each["words"] for each in value["changed"]}
    assert words == {"T = 1", "T = 2", "ReLU", "Sigmoid", "Softmax", "ReLU + Softmax"}


def test_without_boxes_nothing_is_scored(ablations, samples):
    scene = next(s.scene for id, s in samples.items() if "offscreen" in id)
    assert {card["ciou"] for card in ablations.describe_ablations("any", scene)["cards"]} == {None}
    assert ablations.describe_setting(scene, 3, "relu", "cat", "ours")["now"]["ciou"] is None


def test_a_trained_setting_is_said_to_be_one_and_tells_its_scores(ablations, scene):
    value = ablations.describe_setting(scene, 5, "min_max", "attention", "ours")
    json.dumps(value, allow_nan=False)
    assert (value["name"], value["verdict"], value["before"]) == ("cycles-5", "Trained so", None)
    rows = [
        row["scores"]["silent"]["ciou_at_50"]
        for row in load_results(TINY_RESULTS)["tableS6"]["rows"]
        if row["label"] == "T = 5"
    ]
    score = value["scores"][1]
    assert (score["own"], score["num"]) == (f"{rows[0]:.3f}", len(rows))
    assert score["all"] == f"{np.mean(rows):.3f} ± {np.std(rows, ddof=1):.3f}"


def test_an_earlier_cycle_is_read_out_and_scaled(ablations, networks, scene):
    value = ablations.describe_setting(scene, 2, "sigmoid", "attention", "ours")
    assert (value["name"], value["verdict"], len(value["reasons"])) == (
        "cycles-3",
        "Read-out only",
        2,
    )
    localizer = Localizer(networks["cycles-3"])
    trace = localizer.set_sample(scene.picture, scene.sound.waveform).trace()
    shown = SCALINGS["sigmoid"](trace.similarity[1])
    wide = torch.nn.functional.interpolate(shown[None], (224, 224), mode="bilinear")[0, 0]
    on = (wide - wide.min()) / (wide.max() - wide.min()) >= 0.5
    assert value["now"]["on"] == pytest.approx(float(on.float().mean()), abs=1e-4)
    before = measure_cycle(trace, 3, list_boxes(scene))["ciou"]
    assert value["before"]["ciou"] == pytest.approx(before, abs=1e-6)


def test_fusion_changes_nothing_on_a_frozen_model(ablations, scene):
    with_attention, with_sum = (
        ablations.describe_setting(scene, 5, "min_max", fusion, "ours")
        for fusion in ("attention", "add")
    )
    assert with_sum["frame"] == with_attention["frame"]
    assert with_sum["before"] is None
    assert "changes nothing" in with_sum["reasons"][0]


def test_every_objective_is_explained(variants):
    assert {find_objective(variant) for variant in variants} == set(OBJECTIVES)


def test_lines_of_the_tables_lead_to_their_variants(ablations, variants):
    tables = ablations.describe_tables()["tables"]
    json.dumps(tables, allow_nan=False)
    names = {line["name"] for table in tables for line in table["lines"]} - {None}
    assert names == {variant.name for variant in variants} - {"paper-cycles-5"}
    cycles = {line["words"]: line["name"] for line in tables[0]["lines"]}
    assert cycles["T = 7"] == "cycles-7"


def test_a_page_without_variants_says_so(models, samples, tmp_path):
    model, picked = gr.Radio(list(models)), gr.HTML()
    page = Page(
        models=models,
        samples=samples,
        scene=gr.State(),
        model=model,
        facts=gr.Markdown(),
        picked=picked,
    )
    assert build_ablations_tab(page, variants=tmp_path) is None
    with pytest.raises(ValueError, match=r"variants\.json is missing: run python -m"):
        load_ablations(tmp_path, TINY_RESULTS)


def test_without_results_there_are_maps_and_no_tables(tmp_path, scene):
    ablations = load_ablations(TINY_VARIANTS, tmp_path)
    assert ablations.describe_tables() == {"tables": []}
    value = ablations.describe_setting(scene, 0, "min_max", "attention", "ours")
    assert value["scores"] == []
