"""Figures of numbers: every number drawn where it belongs, at every size of result."""

import numpy as np
import pytest
from fake_result import make_result
from matplotlib.figure import Figure

from sspl.metrics import THRESHOLDS
from sspl.plots.charts import (
    SOUNDS,
    pick_classes,
    plot_classes,
    plot_cycles,
    plot_negative_audio,
    plot_success,
)
from sspl.plots.rendering import render_figure

STRAIGHT = list(1 - THRESHOLDS)


def list_words(figure: Figure) -> str:
    """All that is written in a figure, once it is drawn."""
    render_figure(figure)
    return " ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))


# --- Success curves ---------------------------------------------------------------------------


def test_success_curves_can_be_told_apart_in_grey():
    curves = {"model": STRAIGHT, "refined": [v**0.5 for v in STRAIGHT]}
    floors = {"disc": [v**2 for v in STRAIGHT], "box": [v**3 for v in STRAIGHT]}
    figure = plot_success(curves, floors, [1.0] * 21, "protocol sspl")
    half, *lines = figure.axes[0].lines
    assert list(half.get_xdata()) == [0.5, 0.5]
    named = {str(line.get_label()).split("  ")[1]: line for line in lines}
    assert list(named) == ["ceiling", "refined", "model", "floor: disc", "floor: box"]
    np.testing.assert_allclose(named["model"].get_ydata(), STRAIGHT)
    looks = {(str(line._dash_pattern), line.get_marker()) for line in lines}
    assert len(looks) == len(lines)
    assert named["floor: disc"].get_linewidth() < named["model"].get_linewidth()
    assert "0.707  refined" in list_words(figure)


def test_success_of_one_model_alone():
    assert "0.500  tiny" in list_words(plot_success({"tiny": STRAIGHT}))


# --- Negative audio ---------------------------------------------------------------------------


def test_negative_audio_has_a_bar_for_each_sound_and_number():
    listening = make_result()["listening"]
    figure = plot_negative_audio(listening)
    for axes, key in zip(
        figure.axes, ("ciou_at_50", "map_correlation", "active_area"), strict=True
    ):
        drawn = [bar.get_width() for bar in axes.patches]
        assert drawn == [listening[name][key] for name in SOUNDS if name in listening]
    assert "silence" in list_words(figure)


def test_the_interval_of_a_change_is_drawn_at_the_score():
    listening = {
        "right": {"ciou_at_50": 0.6, "map_correlation": 1.0, "active_area": 0.3},
        "other": {"ciou_at_50": 0.4, "map_correlation": -0.2, "active_area": 0.1}
        | {"score_change": -0.2, "score_change_ci95": [-0.3, -0.05]},
    }
    scores, likeness, _ = plot_negative_audio(listening).axes
    spans = [line for line in scores.lines if line.get_marker() == "|"]
    np.testing.assert_allclose(spans[0].get_xdata(), [0.3, 0.55])
    assert likeness.get_xlim()[0] <= -0.2


def test_negative_audio_of_its_own_sound_only():
    words = list_words(plot_negative_audio({"right": {"ciou_at_50": 0.0, "map_correlation": 1.0}}))
    assert "its own sound" in words
    assert "another" not in words


# --- Cycles and classes -----------------------------------------------------------------------


def test_cycles_are_labelled_and_labels_do_not_collide():
    rows = [{"t": t, "ciou_at_50": 0.5, "auc": 0.499} for t in (1, 2, 3)]
    axes = plot_cycles(rows).axes[0]
    assert [list(line.get_xdata()) for line in axes.lines] == [[1, 2, 3]] * 2
    heights = sorted(text.xy[1] for text in axes.texts)
    assert heights[1] - heights[0] > 0.02
    assert {text.get_text() for text in axes.texts} == {"cIoU@0.5 0.500", "AUC 0.499"}
    render_figure(plot_cycles(rows[:1]))


def test_classes_are_sorted_and_name_their_samples():
    per_class = {
        "dog": {"n": 3, "ciou_at_50": 0.2},
        "a name that is far too long to stand beside a bar": {"n": 5, "ciou_at_50": 0.9},
        "$x_1$ & <b>": {"n": 7, "ciou_at_50": 0.4},
        "two\nlines\x1b": {"n": 8, "ciou_at_50": 0.0},
    }
    figure = plot_classes(per_class, floor=0.95)
    axes = figure.axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.9, 0.4, 0.2, 0.0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0].startswith("a name that")
    assert len(names[0]) < 40
    assert names[1:] == ["$x_1$ & <b>  (7)", "dog  (3)", "two lines   (8)"]
    assert axes.get_xlim()[1] > 0.95  # the floor is inside
    assert "best floor 0.950" in list_words(figure)


@pytest.mark.parametrize("num", [1, 30, 31, 300])
def test_any_number_of_classes(num):
    per_class = {f"class {k}": {"n": 1, "ciou_at_50": k / num} for k in range(num)}
    best, worst = pick_classes(per_class)
    assert best[0] == f"class {num - 1}"
    assert (worst or best)[-1] == "class 0"
    assert len(best) + len(worst) == min(num, 30)
    figure = plot_classes(per_class)
    assert len(figure.axes[0].patches) == min(num, 30)
    assert figure.get_figheight() < 9
    gaps = [label for label in figure.axes[0].get_yticklabels() if "more" in label.get_text()]
    assert len(gaps) == (num > 30)
