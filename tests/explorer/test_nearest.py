"""What was trained is shown as it is, and what was not is said to be something else."""

from dataclasses import replace

import pytest

from sspl.explorer.ablations.nearest import NEAREST, READ_OUT, TRAINED, find_look, read_setting
from sspl.zoo.variants import load_variants

VARIANTS = load_variants()
START = read_setting(VARIANTS[0])


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.name)
def test_every_variant_is_found_by_its_own_setting(variant):
    look = find_look(VARIANTS, read_setting(variant))
    assert (look.variant.name, look.verdict, look.reasons) == (variant.name, TRAINED, ())
    assert look.scaling is None
    assert look.t == max(1, variant.config.num_cycles)


@pytest.mark.parametrize(
    ("changes", "name", "verdict", "t", "scaling", "word"),
    [
        ({"cycles": 2}, "cycles-3", READ_OUT, 2, None, "read out after cycle 2"),
        ({"cycles": 4}, "cycles-5", READ_OUT, 4, None, "T = 4"),
        ({"scaling": "relu_softmax"}, "start", READ_OUT, 1, "relu_softmax", "ReLU + Softmax"),
        ({"cycles": 5, "fusion": "add"}, "cycles-5", READ_OUT, 5, None, "Sum changes nothing"),
        (
            {"fusion": "add", "scaling": "sigmoid"},
            "fusion-add",
            READ_OUT,
            1,
            "sigmoid",
            "applied to the finished map",
        ),
        ({"cycles": 5, "objective": "byol"}, "byol", NEAREST, 1, None, "with PCM"),
        (
            {"cycles": 8, "objective": "paper"},
            "paper-cycles-5",
            NEAREST,
            5,
            None,
            "more than 5 cycles",
        ),
        ({"objective": "senocak"}, "attention", READ_OUT, 1, "min_max", "Softmax"),
    ],
)
def test_what_nobody_trained_is_shown_by_the_nearest(changes, name, verdict, t, scaling, word):
    look = find_look(VARIANTS, replace(START, **changes))
    assert (look.variant.name, look.verdict) == (name, verdict)
    assert (look.t, look.scaling) == (t, scaling)
    assert sum(word in reason for reason in look.reasons) == 1


def test_an_unknown_objective_is_a_sentence_that_names_the_others():
    with pytest.raises(ValueError, match="nothing was trained with 'none': take one of ours"):
        find_look(VARIANTS, replace(START, objective="none"))
