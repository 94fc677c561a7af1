"""Sentences about a result: true ones, whatever the numbers."""

import pytest
from fake_result import make_mosaic, make_result

from sspl.evaluation.report.tiles import tell_tiles
from sspl.evaluation.report.verdict import compare_with_floor, describe_measurement, tell_listening


@pytest.mark.parametrize(
    ("score", "interval", "floor", "place", "doubt"),
    [
        (0.6, [0.5, 0.7], 0.4, "above its best floor", "excludes it"),
        (0.6, [0.5, 0.7], 0.55, "above its best floor", "takes that floor in"),
        (0.3, [0.2, 0.4], 0.35, "below its best floor", "takes that floor in"),
        (0.3, [0.2, 0.4], 0.5, "below its best floor", "excludes it"),
        (0.0, [0.0, 0.0], 0.0, "level with its best floor", "takes that floor in"),
    ],
)
def test_above_or_below_the_floor(score, interval, floor, place, doubt):
    result = make_result()
    result["protocols"]["lvs"] |= {"ciou_at_50": score, "ci95": interval}
    result["floors"] = {
        "everything": {"lvs": {"ciou_at_50": floor - 0.1}},
        "centre_disc": {"lvs": {"ciou_at_50": floor}},
    }
    told = compare_with_floor(result, "lvs")
    assert told.startswith(f"Protocol lvs: cIoU@0.5 is {score:.3f}, {place} (centred disc, ")
    assert doubt in told
    assert "says little" not in told
    assert "says little with n = 5" in compare_with_floor(result | {"n": 5}, "lvs")


def test_where_no_map_can_be_better():
    result = make_result()
    result["protocols"]["lvs"] |= {"ciou_at_50": 0.0, "ci95": [0.0, 0.0]}
    result["floors"] = {"everything": {"lvs": {"ciou_at_50": 0.02}}}
    result["ceiling"]["lvs"] = {"ciou_at_50": 0.02}
    told = compare_with_floor(result, "lvs")
    assert "is 0.000; its best floor (everything, 0.020) is at the ceiling (0.020) already" in told


def test_without_floors():
    result = make_result()
    del result["floors"]
    assert "no floor to compare" in compare_with_floor(result, "sspl")


@pytest.mark.parametrize(
    ("interval", "told"),
    [
        ([-0.3, -0.1], "It listens: "),
        ([-0.3, 0.1], "Nothing shows that it tells one class's sound from another's: "),
        ([-0.2, 0.0], "Nothing shows that it tells one class's sound from another's: "),
        ([0.1, 0.3], "It does not follow the sound: "),
        (None, "Nothing shows that it tells one class's sound from another's: "),
    ],
)
def test_whether_it_listens(interval, told):
    result = make_result()
    other = result["listening"]["other"] = {"ciou_at_50": 0.1, "map_correlation": 0.4}
    if interval is not None:
        other |= {"score_change": sum(interval) / 2, "score_change_ci95": interval}
    words = tell_listening(result)
    assert words.startswith(told)
    assert "0.400" in words
    assert ("no interval" in words) == (interval is None)
    assert "In silence 0.080 of the pictures stays on, where it is 0.360" in words


def test_what_was_not_played_is_not_judged():
    result = make_result()
    del result["listening"]["silent"]
    assert "silence" not in tell_listening(result)
    del result["listening"]["other"]
    assert "not known" in tell_listening(result)


def test_no_number_without_its_circumstances():
    line = describe_measurement(make_result(), "sspl", n=7)
    for fact in (
        "rotocol sspl",
        "vggss-4692",
        "n = 7",
        "clips",
        "test, unseen",
        "val",
        "mine/best",
    ):
        assert fact in line
    assert "rotocol" not in describe_measurement(make_result())


@pytest.mark.parametrize(
    ("accuracy", "interval", "told"),
    [
        (0.8, [0.7, 0.9], "It chooses by the sound: in 0.800 of 60 mosaics (95% 0.700 to 0.900)"),
        (0.55, [0.45, 0.65], "Nothing shows that it chooses by the sound: in 0.550"),
        (0.5, [0.5, 0.6], "Nothing shows that it chooses by the sound: in 0.500"),
        (0.2, [0.1, 0.3], "It chooses the sounding picture less often than chance would: in 0.200"),
    ],
)
def test_whether_it_chooses_the_picture_that_sounds(accuracy, interval, told):
    result = make_result() | {"mosaic": make_mosaic(accuracy, interval)}
    sentence = tell_tiles(result)
    assert sentence.startswith(told)
    assert "strongest on the one of 2 pictures that sounds, where chance is 0.500, and" in sentence
    assert "under the sound of another class it is 0.510." in sentence
    assert "says little" not in sentence
    result["mosaic"] |= {"n": 7, "listening": {}}
    assert tell_tiles(result).endswith("where chance is 0.500. (It says little with n = 7.)")
