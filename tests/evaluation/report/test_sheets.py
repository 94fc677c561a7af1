"""Sheets: a map that goes out looks gone, and every example stands where it belongs."""

from dataclasses import replace

import numpy as np
import pytest
from fake_result import make_examples

from sspl.evaluation.report.sheets import (
    group_samples,
    listening_figure,
    paint_maps,
    pick_listening,
    sample_sheet,
)
from sspl.plots.overlay import overlay_map
from sspl.plots.rendering import render_figure


def list_words(figure) -> list[str]:
    return [text.get_text() for text in (*figure.axes[0].texts, *figure.texts)]


def test_all_maps_of_a_row_are_on_the_right_sounds_scale():
    example = make_examples()[0]
    shown = paint_maps(example)
    assert list(shown) == ["right", "other", "silent"]
    own = overlay_map(example.picture, example.maps["right"], example.boxes)
    assert np.abs(shown["right"].astype(int) - own).mean() < 1
    inside = np.s_[30:34, 55:80]  # away from the lines of the boxes
    assert shown["silent"][inside].mean() < shown["right"][inside].mean() - 20
    stretched = overlay_map(example.picture, example.maps["silent"])
    assert stretched[inside].mean() > shown["silent"][inside].mean() + 20


def test_listening_has_a_row_for_each_example_and_a_column_for_each_sound():
    examples = make_examples("日本 $x$")
    examples[1] = replace(examples[1], maps={"right": examples[1].maps["right"]})
    words = list_words(listening_figure(examples))
    assert words[:3] == ["its own sound", "another class", "silence"]
    assert words[3:6] == ["日本 $x$\nbest", "日本 $x$\nmedian", "日本 $x$\nworst"]
    pixels = np.asarray(listening_figure(examples).axes[0].images[0].get_array())
    assert pixels.shape == (3 * 266, 3 * 266, 3)
    assert (pixels[266 + 5 : 532 - 5, 266:] == 255).all()  # what was not played is empty


def test_samples_stand_below_each_other_with_their_scores():
    words = list_words(sample_sheet(make_examples("a" * 100)))
    assert words[0::2] == ["best", "median", "worst"]
    assert "cIoU sspl 0.90, lvs 0.45" in words[1]
    assert max(map(len, words[1].splitlines())) <= 28
    assert render_figure(sample_sheet(make_examples())).shape[2] == 3


def test_no_example_is_said():
    for draw in (listening_figure, sample_sheet):
        with pytest.raises(ValueError, match="no example"):
            draw([])


def test_choosing_examples():
    best, median, worst = make_examples()
    untitled = replace(best, title="")
    assert list(group_samples([worst, untitled, best, best])) == ["best", "worst"]
    silent = replace(median, maps={"right": median.maps["right"]})
    assert pick_listening([worst, silent, best, best, best]) == [best, best, worst]
