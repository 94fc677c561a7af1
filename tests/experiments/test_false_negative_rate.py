"""The share of false negatives: from the counts of labels, by hand and in batches."""

from dataclasses import replace

import pytest

from experiments.small_world import small_setup
from sspl.baselines import Contrastive
from sspl.experiments.false_negative_rate import (
    SETTINGS,
    count_false_negatives,
    expect_share,
    set_false_negative_rate,
)
from sspl.experiments.figure2 import list_variants
from sspl.objectives import SimSiam


def test_share_by_hand():
    """Of 4 * 3 ordered pairs, those of the two cellos share a class: 2; with a duet, 2 * 2 more."""
    assert expect_share(["cello", "cello", "flute", "harp"]) == pytest.approx(2 / 12)
    # cello-cello 2, each of the two cellos with cello+flute 4, flute with cello+flute 2.
    assert expect_share(["cello", "cello", "flute", "cello+flute"]) == pytest.approx(8 / 12)
    assert expect_share(["cello"] * 5) == 1


def test_share_of_equal_classes_is_one_over_their_number():
    labels = [f"class {i % 4}" for i in range(4000)]
    assert expect_share(labels) == pytest.approx(1 / 4, abs=1e-3)


def test_what_is_counted_in_batches_agrees_with_the_labels_counts():
    run = set_false_negative_rate(small_setup().ours.without_pcm, 4, 32)
    labels = [f"class {(i * i) % 7}" for i in range(3200)]
    pairs = _Labelled(labels)
    found = count_false_negatives(run, pairs)["false_negatives"]
    assert found["measured"] == pytest.approx(found["expected"], rel=0.02)
    assert found["per_picture"] == pytest.approx(31 * found["expected"])
    assert (found["classes"], found["batch"]) == (4, 32)


class _Labelled:
    def __init__(self, labels):
        self.labels = labels

    def __len__(self):
        return len(self.labels)


def test_the_rate_changes_classes_and_batch_but_not_the_steps():
    run = small_setup().ours.without_pcm
    run = replace(run, train=replace(run.train, epochs=8, batch_size=128))
    for classes, batch in SETTINGS:
        turned = set_false_negative_rate(run, classes, batch)
        assert turned.data.num_instruments == classes
        assert turned.train.epochs * 128 == pytest.approx(8 * batch, abs=64)


def test_a_b_and_c():
    runs = {v.label: v.run.model for v in list_variants(small_setup())}
    assert runs["A"].objective == Contrastive(label_guided=False)
    assert runs["B"].objective == Contrastive(label_guided=True)
    assert isinstance(runs["C"].objective, SimSiam)
    assert runs["A"].norm_offset == runs["C"].norm_offset  # one read-out for all
