"""Figures of numbers: every number drawn where it belongs, at every size of result."""

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from fake_result import make_result
from matplotlib import _pylab_helpers
from matplotlib.figure import Figure

from sspl.metrics import THRESHOLDS
from sspl.plots.charts import (
    SOUNDS,
    pick_classes,
    plot_classes,
    plot_cycles,
    plot_listening,
    plot_success,
    plot_training,
    render_svg,
)
from sspl.plots.overlay import render_figure

STRAIGHT = list(1 - THRESHOLDS)


@pytest.fixture(autouse=True)
def _no_global_figures():
    yield
    assert not _pylab_helpers.Gcf.figs


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


# --- Listening --------------------------------------------------------------------------------


def test_listening_has_a_bar_for_each_sound_and_number():
    listening = make_result()["listening"]
    figure = plot_listening(listening)
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
    scores, likeness, _ = plot_listening(listening).axes
    spans = [line for line in scores.lines if line.get_marker() == "|"]
    np.testing.assert_allclose(spans[0].get_xdata(), [0.3, 0.55])
    assert likeness.get_xlim()[0] <= -0.2


def test_listening_to_its_own_sound_only():
    words = list_words(plot_listening({"right": {"ciou_at_50": 0.0, "map_correlation": 1.0}}))
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
    background = [label for label in figure.axes[0].get_yticklabels() if "more" in label.get_text()]
    assert len(background) == (num > 30)


# --- A training run ---------------------------------------------------------------------------


def make_rows(num: int) -> list[dict]:
    return [
        {"epoch": e, "loss": -0.1 * e, "simsiam": -0.2 * e, "correspondence": 0.1, "spread": 0.9}
        | {"val_ciou_at_50": [0.1, 0.5, 0.3, 0.2][e % 4], "val_auc": 0.2, "seconds": 1.0}
        | {"score": [0.1, 0.5, 0.3, 0.2][e % 4]}
        for e in range(1, num + 1)
    ]


def test_training_plot():
    figure = plot_training(make_rows(4))
    losses, spread, scores = figure.axes
    names = [line.get_label() for line in losses.lines]
    assert names == ["loss", "simsiam", "correspondence"]
    assert len({line.get_marker() for line in losses.lines}) == 3  # not by colour alone
    assert any(list(line.get_ydata()) == [1, 1] for line in spread.lines)
    assert "chosen: 1" in [line.get_label() for line in scores.lines]
    render_figure(figure)


def test_training_plot_where_no_split_chooses():
    rows = [row | {"score": None} for row in make_rows(3)]
    for row in rows:
        del row["val_ciou_at_50"], row["val_auc"]
    figure = plot_training(rows)
    assert "no split to score" in list_words(figure)
    render_figure(figure)


def test_training_plot_after_one_epoch_and_none():
    render_figure(plot_training(make_rows(1)))
    with pytest.raises(ValueError, match="no epoch"):
        plot_training([])


# --- As text ----------------------------------------------------------------------------------


def test_svg_is_well_formed_the_same_each_time_and_shows_every_letter():
    names = ["<script>", "日本語", "a & b", "$5", "\x00\x1b"]
    per_class = {name: {"n": 1, "ciou_at_50": 0.5} for name in names}
    once, again = (render_svg(plot_classes(per_class)) for _ in range(2))
    assert once == again
    words = " ".join(ElementTree.fromstring(once).itertext())
    assert all(name in words for name in names[:4])
    assert "<script" not in once
