import dataclasses
import json
import weakref
from functools import partial

import numpy as np
import pytest
import torch
from test_model import SMALL
from tqdm import tqdm

from sspl.build import build_model
from sspl.data.pairs import Pairs, orchestra_pairs
from sspl.data.stores import Store
from sspl.data.transforms import whole_view
from sspl.encode import encode_pairs, predict_maps
from sspl.evaluation.evaluator import EVERYTHING, Questions, evaluate_floors, evaluate_model
from sspl.evaluation.examples import Example, show_examples
from sspl.evaluation.multi_source import encode_class_questions
from sspl.evaluation.summary import describe, list_samples, summarise_evaluation
from sspl.evaluation.test_sets import StreamedTestSet, encode_test_set
from sspl.metrics import PROTOCOLS, auc_per_sample, bootstrap, score_maps
from sspl.model import Trace


@dataclasses.dataclass
class Found:
    """What the command makes of an evaluation."""

    result: dict
    samples: list[dict]
    examples: list[Example]


def evaluate(model, pairs, truths=(), solos=None, protocols=PROTOCOLS) -> Found:
    """As `sspl.evaluate` asks."""
    test = StreamedTestSet(model, pairs)
    questions = dataclasses.replace(EVERYTHING, protocols=protocols)
    classes = encode_class_questions(model, pairs, solos) if solos else None
    found = evaluate_model(model, test, questions, truths, classes)
    return Found(
        result=summarise_evaluation(found, pairs.labels),
        samples=list_samples(found, pairs),
        examples=show_examples(model, test, found),
    )


@pytest.fixture(scope="module")
def pairs():
    return orchestra_pairs(seed=5, num=6)


@pytest.fixture(scope="module")
def model():
    return build_model(SMALL).eval()


@pytest.fixture(scope="module")
def evaluation(model, pairs):
    return evaluate(model, pairs, list(pairs.draw_truth(range(6)).numpy()))


def test_json_holds_what_the_design_promises(evaluation):
    result = evaluation.result
    assert result["n"] == 6
    for kind in ("protocols", "refined"):
        assert list(result[kind]) == list(PROTOCOLS)
        for scores in result[kind].values():
            for value, (low, high) in (
                (scores["ciou_at_50"], scores["ci95"]),
                (scores["auc"], scores["auc_ci95"]),
            ):
                assert 0 <= low <= value <= high <= 1
            assert len(scores["curve"]) == 21
    assert list(result["floors"]) == ["centre_disc", "mean_box", "everything", "saliency"]
    assert list(result["ceiling"]) == list(PROTOCOLS)
    assert [cycle["t"] for cycle in result["per_cycle"]] == [1, 2]
    assert list(result["listening"]) == ["right", "other", "same", "silent", "noise"]
    assert sum(found["n"] for found in result["per_class"].values()) == 6
    assert not {"extended", "multi_source"} & set(result)
    json.dumps([result, evaluation.samples], allow_nan=False)


def test_scores_are_those_of_all_maps_at_once(model, pairs, evaluation):
    encoded = encode_pairs(model, pairs)
    maps = predict_maps(model, encoded.visual, encoded.embeddings)
    for protocol in PROTOCOLS:
        expected = score_maps(maps[-1], encoded.ground_truth, protocol)
        found = evaluation.result["protocols"][protocol]
        assert found["auc"] == round(expected.auc, 5)
        assert found["curve"] == [round(share, 4) for share in expected.curve.tolist()]
        rows = [row["ciou"][protocol] for row in evaluation.samples]
        assert rows == pytest.approx(expected.per_sample, abs=1e-5)
    assert [row["id"] for row in evaluation.samples] == pairs.ids


def test_intervals_are_of_their_own_numbers(evaluation):
    for protocol, found in evaluation.result["protocols"].items():
        cious = np.array([row["ciou"][protocol] for row in evaluation.samples])
        assert found["ci95"] == bootstrap(cious >= 0.5, 0)
        interval = bootstrap(auc_per_sample(cious), 0)
        assert found["auc_ci95"] == [round(bound, 5) for bound in interval]


def test_what_is_not_seen_is_judged_by_the_last_cycle(model, monkeypatch):
    pairs = orchestra_pairs(seed=5, num=4, kinds=("solo", "offscreen"))
    encoded = encode_pairs(model, pairs)
    last = predict_maps(model, encoded.visual, encoded.embeddings)[-1]
    asked = []
    monkeypatch.setattr(
        "sspl.evaluation.evaluator.confidence", lambda maps: asked.append(maps) or np.zeros(4)
    )
    evaluate(model, pairs, protocols=("sspl",))
    torch.testing.assert_close(asked[0], last)


def test_the_last_cycle_and_the_right_sound_are_the_score(evaluation):
    result = evaluation.result
    score = result["protocols"]["sspl"]["auc"]
    assert result["per_cycle"][-1]["auc"] == score
    assert result["listening"]["right"]["auc"] == score
    assert result["listening"]["right"]["map_correlation"] == pytest.approx(1)
    for name in ("other", "silent", "noise"):
        heard = result["listening"][name]
        change = heard["ciou_at_50"] - result["listening"]["right"]["ciou_at_50"]
        assert heard["score_change"] == pytest.approx(change)


def test_no_map_beats_the_ceiling(evaluation):
    result = evaluation.result
    for protocol, best in result["ceiling"].items():
        for scores in (result["protocols"], result["refined"], result["floors"]["saliency"]):
            assert scores[protocol]["mean_ciou"] <= best["mean_ciou"] + 1e-9


def test_examples_are_the_best_the_middle_and_the_worst(evaluation, pairs):
    ranked = sorted(evaluation.samples, key=lambda row: -row["ciou"]["sspl"])
    examples = evaluation.examples
    assert [example.title for example in examples] == ["best"] * 2 + ["median"] * 2 + ["worst"] * 2
    assert [e.ciou["sspl"] for e in examples] == [row["ciou"]["sspl"] for row in ranked]
    first = pairs.ids.index(examples[0].id)
    np.testing.assert_array_equal(examples[0].picture, pairs.images[first].permute(1, 2, 0))
    assert examples[0].maps["right"].shape == (14, 14)


def test_pairs_are_evaluated_one_by_one_as_all_together(model, pairs, monkeypatch):
    """Batches do not matter, nor whether pictures are in memory or read."""
    streamed = dataclasses.replace(
        pairs,
        images=Store(lambda i: pairs.images[i], range(6)),
        sounds=Store(lambda i: pairs.sounds[i], range(6)),
    )
    whole = evaluate(model, pairs).samples
    monkeypatch.setattr("sspl.evaluation.test_sets.BATCH", 4)
    # A bar that is not shown does not count.
    monkeypatch.setattr("sspl.evaluation.test_sets.tqdm", partial(tqdm, disable=True))
    for one, other in zip(whole, evaluate(model, streamed).samples, strict=True):
        assert one["id"] == other["id"]
        assert one["ciou"] == pytest.approx(other["ciou"], abs=1e-4)
        assert one["listening"]["other"] == pytest.approx(other["listening"]["other"], abs=1e-4)


def test_pairs_encoded_before_are_scored_as_those_that_are_read(model, pairs):
    """To the digit, whatever is asked: the experiments encode, the command reads."""
    truths = list(pairs.draw_truth(range(6)).numpy())
    streamed, encoded = StreamedTestSet(model, pairs), encode_test_set(model, pairs)
    one, two = (
        summarise_evaluation(evaluate_model(model, test, EVERYTHING, truths), pairs.labels)
        for test in (streamed, encoded)
    )
    assert one == two
    few = evaluate_model(model, encoded.take(4), Questions(num_maps=3))
    assert few.maps.shape == (2, 3, 14, 14)
    samples = list_samples(evaluate_model(model, streamed, Questions()), pairs)
    assert few.own.tolist() == pytest.approx([row["ciou"]["sspl"] for row in samples[:4]], abs=1e-6)
    assert set(few.under) == {"right"}
    assert not few.per_cycle
    assert not few.floors
    floors = evaluate_floors(encoded, PROTOCOLS, truths)
    described = {f: {p: describe(c) for p, c in cious.items()} for f, cious in floors.items()}
    assert described == one["floors"]


def test_silent_and_off_screen_sounds_are_scored(model):
    pairs = orchestra_pairs(seed=5, num=6, kinds=("solo", "offscreen"))
    found = evaluate(model, pairs)
    assert (found.result["n"], found.result["num_without_source"]) == (3, 3)
    assert len(found.samples) == 3
    assert set(found.result["extended"]["lvs"]) == {"ap", "max_f1", "loc_acc"}
    scores = found.result["protocols"]["lvs"]
    assert found.result["extended"]["lvs"]["loc_acc"] == pytest.approx(scores["ciou_at_50"])
    with pytest.raises(ValueError, match="nothing can be scored"):
        evaluate(model, orchestra_pairs(seed=5, num=2, kinds=("offscreen",)))


def test_scenes_with_several_sources_are_asked_for_each_class(model):
    pairs = orchestra_pairs(seed=5, num=3, kinds=("duet",))
    labels = sorted({item.label for objects in pairs.objects for item in objects})
    solos = {label: torch.randn(2, 3, 96, 64) for label in labels}
    found = evaluate(model, pairs, solos=solos).result["multi_source"]
    assert found["n"] == 3
    assert 0 <= found["nsa"] <= 1


class PointingModel(torch.nn.Module):
    """Looks at pictures that carry their answer: the red channel is the map, whatever is heard."""

    threshold = None

    def __init__(self, template) -> None:
        super().__init__()
        self.config, self.weight = template.config, torch.nn.Parameter(torch.zeros(1))

    def encode_image(self, images):
        return torch.nn.functional.interpolate(images[:, :1], size=(14, 14), mode="area")

    def encode_audio(self, log_mel):
        return log_mel.mean(-1)

    def project_audio(self, embeddings):
        return embeddings, embeddings

    def trace_features(self, visual, sound, query):
        return Trace(
            similarity=visual[:, 0][None] / 10,
            errors=torch.zeros(1, len(visual), 0),
            predicted_sound=sound.new_zeros(0, *sound.shape),
            sound=sound,
        )


def test_a_model_that_points_and_does_not_listen_is_seen_through(model):
    boxes = [np.array([[2 / 14, 2 / 14, 8 / 14, 9 / 14]]), np.array([[0.5, 0.5, 1.0, 1.0]])] * 2
    images = torch.zeros(4, 3, 224, 224, dtype=torch.uint8)
    pairs = Pairs(
        ids=list("abcd"),
        images=images,
        sounds=torch.randn(4, 3, 96, 64),
        boxes=boxes,
        labels=["dog", "cat"] * 2,
        num_annotators=[1] * 4,
    )
    images[:, 0] = (pairs.draw_truth(range(4)) * 255).to(torch.uint8)
    assert whole_view(images, SMALL.image_spec).shape == (4, 3, 112, 112)
    result = evaluate(PointingModel(model), pairs).result
    assert result["protocols"]["sspl"]["mean_ciou"] > 0.85
    assert result["listening"]["other"]["map_correlation"] == pytest.approx(1)
    assert result["listening"]["other"]["score_change"] == 0
    assert (
        result["listening"]["other"]["active_area"] == result["listening"]["right"]["active_area"]
    )


def test_memory_does_not_grow_with_the_number_of_pairs(model):
    """Not one of the pictures that were looked at is still there."""
    alive, peak = set(), []

    def read(i):
        tensor = torch.zeros(3, 112, 112, dtype=torch.uint8)
        alive.add(i)
        weakref.finalize(tensor, alive.discard, i)
        peak.append(len(alive))
        return tensor

    for num in (120, 360):
        pairs = Pairs(
            ids=[str(i) for i in range(num)],
            images=Store(read, range(num)),
            sounds=torch.randn(num, 1, 64),
            boxes=[np.array([[0.2, 0.2, 0.6, 0.6]])] * num,
            labels=["dog", "cat"] * (num // 2),
            num_annotators=[1] * num,
        )
        embedding = dataclasses.replace(
            SMALL, audio_encoder="embedding", embedding_channels=64, num_cycles=0
        )
        evaluate(build_model(embedding).eval(), pairs, protocols=("sspl",))
    assert max(peak[:120]) == pytest.approx(max(peak[120:]), abs=20)
    assert max(peak) < 120
