import io
import json
from contextlib import redirect_stdout
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
import torch
from test_model import OBJECTIVES, SMALL
from torch._subclasses.fake_tensor import FakeTensorMode

from sspl.build import build_model
from sspl.config import ModelConfig
from sspl.cost import (
    PAPER_GFLOPS,
    count_flops,
    count_parameters,
    format_result,
    look,
    main,
    make_inputs,
    measure_cost,
    measure_peak_mb,
    train_step,
)
from sspl.model import SSPL

# Multiply-adds of the small model, typed out: channels in x out x kernel x places.
IMAGE_ENCODERS = (
    3 * 16 * 9 * 56 * 56  # the first convolution strides: 112 to 56 px
    + 16 * 24 * 9 * 56 * 56
    + (24 * 48 + 48 * 64) * 9 * 28 * 28
    + (64 * 64 + 64 * 64) * 9 * 14 * 14
)
AUDIO_ENCODERS = 3 * (  # patches
    1 * 8 * 9 * 96 * 64
    + 8 * 16 * 9 * 48 * 32
    + (16 * 32 + 32 * 32) * 9 * 24 * 16
    + (32 * 48 + 48 * 48) * 9 * 12 * 8
    + 48 * 6 * 4 * 128
    + 128 * 128
    + 128 * 64
)
QUERY = 3 * (64 * 16 + 16 * 64)
R2_TO_R1, R1_TO_R2 = 8 * 8 * 9 * 7 * 7, 8 * 8 * 9 * 3 * 3  # a transposed one: places of its input
CYCLE = (
    64 * 8 * 9 * 14 * 14  # r_3 predicts r_2
    + R2_TO_R1
    + 8 * 64 * 3 * 3  # r_1 predicts the sound
    + 64 * 8  # the sound corrects r_1, at one place
    + R1_TO_R2
    + 8 * 64 * 9 * 14 * 14  # r_2 corrects r_3
)
READ_OUT = 64 * 64 * 14 * 14
HEAD = 64 * 14 * 14 + 64 * 16 + 16 * 16 + 16 * 16 + 16 * 8 + 8 * 16  # the weighted sum is Eq. (4)


EMBEDDED = replace(SMALL, audio_encoder="embedding", embedding_channels=64)


def build_eval(config: ModelConfig) -> SSPL:
    return build_model(config).eval()


def test_operations_by_hand():
    assert count_flops(build_eval(SMALL)) == {
        "image_encoder": 2 * IMAGE_ENCODERS,
        "audio_encoder": 2 * AUDIO_ENCODERS,
        "query": 2 * QUERY,
        "pcm": 2 * (2 * CYCLE + READ_OUT),
        "head": 2 * HEAD,
    }


def test_as_printed_a_transposed_convolution_counts_at_its_output_and_a_bias_once():
    flops = count_flops(build_eval(SMALL), as_printed=True)
    biases = 2 * 64 * 3 * 3 + 64 * 14 * 14  # of the sound's prediction and of the read-out
    cycle = CYCLE - R1_TO_R2 + 8 * 8 * 9 * 7 * 7
    assert flops["pcm"] == 2 * (2 * cycle + READ_OUT) + biases
    assert flops["image_encoder"] == 2 * IMAGE_ENCODERS


def test_fake_and_real_tensors_count_the_same():
    for config in (SMALL, replace(SMALL, num_cycles=0), EMBEDDED):
        real = build_model(config).eval()
        with FakeTensorMode():
            fake = build_model(config).eval()
            flops, inputs = count_flops(fake), make_inputs(fake, 2)
            peak_mb = measure_peak_mb(lambda model=fake, given=inputs: look(model, *given))
            step_mb = measure_peak_mb(lambda model=fake: train_step(model, 4))
        assert flops == count_flops(real)
        assert count_parameters(fake) == count_parameters(real)
        inputs = make_inputs(real, 2)
        assert peak_mb == measure_peak_mb(lambda model=real, given=inputs: look(model, *given))
        assert step_mb == measure_peak_mb(lambda model=real: train_step(model, 4))


@pytest.mark.parametrize("config", OBJECTIVES, ids=lambda config: config.objective.name)
def test_every_objective_has_its_cost(config):
    cost = measure_cost(config, step_batch=8)
    weighted_sum, wide = 64 * 14 * 14, getattr(config.objective, "projection_width", 0)
    layers = {
        "simsiam": 64 * wide + 2 * wide * wide + 2 * wide * 8,
        "byol": 64 * wide + 2 * wide * wide + 2 * wide * 8,
        "barlow_twins": 64 * wide + 2 * wide * wide,
        "w_mse": 64 * wide + 2 * wide * wide,
        "senocak": 64 * 16 + 16 * 64,
        "hardway": 0,
        "contrastive": 0,
    }
    assert cost.flops["head"] == 2 * (weighted_sum + layers[config.objective.name])
    assert cost.step_flops > sum(cost.flops.values())
    assert cost.learned == sum(
        p.numel() for p in build_model(config).parameters() if p.requires_grad
    )


def test_each_cycle_costs_the_same():
    totals = [count_flops(build_eval(replace(SMALL, num_cycles=t)))["pcm"] for t in (0, 1, 2, 3, 4)]
    assert totals[0] == 0
    assert {b - a for a, b in pairwise(totals[1:])} == {2 * CYCLE}
    assert totals[1] == 2 * (CYCLE + READ_OUT)


@pytest.mark.parametrize("num_cycles", [0, 2])
def test_what_learns_and_what_the_weights_weigh(num_cycles):
    model = build_model(replace(SMALL, num_cycles=num_cycles))
    cost = measure_cost(model.config, step_batch=4)
    learned = sum(cost.parameters[part] for part in ("query", "pcm", "head"))
    assert cost.learned == learned
    assert sum(cost.parameters.values()) == sum(p.numel() for p in model.parameters())
    in_bytes = sum(t.numel() * t.element_size() for t in model.state_dict().values())
    assert cost.weights_mb == pytest.approx(in_bytes / 1e6)


def test_a_step_sees_two_views_and_learns_backwards():
    """Backward takes two products for each of forward's, but none into what is frozen."""
    config = replace(SMALL, num_cycles=0)
    query, head = 3 * 2 * 64 * 16, 64 * 16 + 16 * 16 * 2 + 16 * 8 * 2
    into_frozen = 3 * 64 * 16  # the first layer of g needs no gradient for the embeddings
    weighted_sum = 64 * 14 * 14  # has no weights, and its gradient goes to the attention only
    expected = (
        2 * IMAGE_ENCODERS
        + AUDIO_ENCODERS
        + 3 * query
        - into_frozen
        + 2 * (3 * head + 2 * weighted_sum)
    )
    assert measure_cost(config).step_flops == 2 * expected


def test_the_peak_counts_what_is_held_at_once():
    def work() -> torch.Tensor:
        a = torch.zeros(250_000)  # 1 MB
        b = a + 1
        del a
        c = b.view(500, 500).T + b.mul_(2).view(500, 500)  # views and in-place work are free
        return c.sum()

    assert measure_peak_mb(work) == pytest.approx(2, abs=1e-4)
    given = torch.zeros(250_000)
    assert measure_peak_mb(lambda: given.add_(1)) == 0


def test_the_peak_grows_with_the_batch_and_not_with_the_weights():
    config = replace(SMALL, num_cycles=0)
    small, large = (measure_cost(config, step_batch=b).step_peak_mb for b in (8, 16))
    assert 1.9 * small < large < 2.1 * small
    model, x = torch.nn.Linear(1000, 1000, device="meta"), torch.empty(1, 1000, device="meta")
    assert measure_peak_mb(lambda: model(x)) < 0.01


@pytest.fixture(scope="module")
def printed() -> dict[str, Any]:
    """What the command writes as JSON for the paper's model."""
    text = io.StringIO()
    with redirect_stdout(text):
        main(json_path="-")
    return json.loads(text.getvalue())


def test_the_papers_own_counting_meets_every_number_it_prints(printed):
    assert [row["T"] for row in printed["rows"]] == [0, 1, 3, 5, 6, 7, 8]
    for row in printed["rows"]:
        assert row["paper"] == PAPER_GFLOPS[row["T"]]
        assert f"{row['as_printed']:.1f}" == f"{row['paper']:.1f}"
        assert row["look"] == pytest.approx(row["paper"], abs=1.6)


def test_parameters_and_memory_of_the_papers_size(printed):
    parameters = printed["cost"]["parameters"]
    assert parameters["pcm"] == 9_859_712  # 9.86 M
    assert parameters["image_encoder"] == 14_714_688  # VGG16's thirteen convolutions
    assert parameters["query"] == 128 * 512 + 512 + 512 * 512 + 512
    # conv1_2 at its busiest: what it reads and what it writes, 64 channels of 224x224 each.
    assert printed["cost"]["look_peak_mb"] == pytest.approx(2 * 64 * 224**2 * 4 / 1e6, rel=0.01)


def test_two_views_in_multiply_adds_are_not_what_the_paper_counts(printed):
    flops = printed["cost"]["flops"]
    both = 2 * (flops["image_encoder"] + flops["head"]) + flops["audio_encoder"] + flops["query"]
    assert both / 2e9 == pytest.approx(33.3, abs=0.05)
    assert PAPER_GFLOPS[0] == 35.9


def test_the_table_to_read(printed):
    lines = [line.split() for line in format_result(printed).splitlines()]
    assert ["T", "=", "5", "46.6", "47.6", "47.6"] in lines
    assert ["a", "cycle", "more", "2.12", "2.31", "2.30"] in lines
    assert ["pcm", "9,859,712", "10.7261"] in lines


def test_other_presets_print_no_number_of_the_papers(capsys, tmp_path, monkeypatch):
    monkeypatch.setattr("sspl.cost.PAPER_GFLOPS", {1: 38.3, 8: 54.5})  # fewer rows
    main("tiny-no-pcm", str(tmp_path / "cost.json"))
    result = json.loads((tmp_path / "cost.json").read_text())
    assert result["config"]["image_encoder"] == "tiny_vgg"
    assert {row["paper"] for row in result["rows"]} == {None}
    text = capsys.readouterr().out
    assert "38.3" not in text
    assert "agrees with the" not in text


def test_an_unknown_preset_is_one_sentence():
    with pytest.raises(ValueError, match="tiny-no-pcm"):
        main("huge")
