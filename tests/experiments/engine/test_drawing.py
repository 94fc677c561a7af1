"""Figures of experiments: every number where it belongs, told apart without colour."""

import numpy as np
import pytest
from matplotlib import _pylab_helpers
from matplotlib.figure import Figure

from experiments.fake_rows import make_false_negative_rate, make_result, make_row, make_table
from sspl.experiments.engine.drawing import (
    plot_cost,
    plot_cycles,
    plot_false_negative_rate,
    plot_listening,
    plot_success,
)
from sspl.experiments.engine.panels import draw_panels
from sspl.metrics import THRESHOLDS
from sspl.plots.rendering import render_figure

BOX = np.array([[0.2, 0.3, 0.6, 0.9]])
RAMP = np.linspace(-0.2, 0.4, 14)[None].repeat(14, 0)


@pytest.fixture(autouse=True)
def _no_global_figures():
    yield
    assert not _pylab_helpers.Gcf.figs


def list_words(figure: Figure) -> str:
    """All that is written in a figure, once it is drawn."""
    render_figure(figure)
    return " ".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))


def list_looks(axes) -> list[tuple[str, str]]:
    """Marks and dashes of the lines that the legend names."""
    named = [line for line in axes.lines if not str(line.get_label()).startswith("_")]
    return [(str(line._dash_pattern), str(line.get_marker())) for line in named]


def make_panel(label: str, clip: str, num_maps: int = 1, ciou: float | None = 0.7) -> dict:
    return {"label": label, "clip": clip, "maps": [RAMP.tolist()] * num_maps, "ciou": ciou}


# --- Scores -----------------------------------------------------------------------------------


def test_success_has_means_and_bands():
    rows = [make_row("SSPL", 0.5, 0.3, 0.1, seed) for seed in range(3)]
    figure = plot_success(make_result([*rows, make_row("HardWay", 0.6, 0.2, 0.1, 0)]))
    solo, silent = figure.axes
    named = {str(line.get_label()): line for line in solo.lines}
    mean = named["0.510  SSPL"]  # its curve at 0.5 is its cIoU@0.5; the mean of 0.50, 0.51, 0.52
    curves = [np.clip(2 * s * (1 - THRESHOLDS), 0, 1) for s in (0.5, 0.51, 0.52)]
    np.testing.assert_allclose(np.asarray(mean.get_ydata(), float), np.mean(curves, 0))
    (band,) = solo.collections  # HardWay has one seed and no band
    low, high = band.get_paths()[0].vertices[:, 1].min(), band.get_paths()[0].vertices[:, 1].max()
    assert low == 0
    assert high == pytest.approx(1)
    assert len(set(list_looks(solo))) == 2
    assert next(iter(named)).endswith("HardWay")  # from high to low
    assert str(silent.lines[0].get_label()) == "0.310  SSPL"
    assert "solo (for Flickr)" in list_words(figure)


def test_cycles_have_a_line_for_each_score_and_group():
    figure = plot_cycles(make_result(make_table()["rows"][::3]))
    for axes in figure.axes:
        assert len(set(list_looks(axes))) == 8
    line = figure.axes[1].lines[0]
    np.testing.assert_allclose(line.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(np.asarray(line.get_ydata(), float), [0.15, 0.3, 0.45])
    assert "0.450  cIoU@0.5, ReLU, ours" in list_words(figure)


def test_cycles_of_models_without_are_refused():
    row = make_row("A", 0.5, 0.4, 0.1, 0)
    for scores in row["scores"].values():
        del scores["per_cycle"][1:]
    with pytest.raises(ValueError, match="several cycles"):
        plot_cycles(make_result([row]))


def test_cost_shows_scores_beside_the_papers_and_gflops():
    rows = [
        make_row(f"T = {t}", 0.5 + 0.02 * t, 0.3, 0.1, seed, gflops=0.05 * t,
                 paper={"Flickr": [0.6 + 0.02 * t, 0.5]})
        for t in (1, 3) for seed in (0, 1)
    ]  # fmt: skip
    figure = plot_cost(make_result(rows))
    upper, lower = figure.axes
    named = {str(line.get_label()): line for line in upper.lines}
    np.testing.assert_allclose(named["the paper's, Flickr"].get_ydata(), [0.62, 0.66])
    assert [bar.get_height() for bar in lower.patches] == pytest.approx([0.05, 0.15])
    words = list_words(figure)
    assert "T = 3" in words
    assert "solo" in words


# --- Listening, false negatives ---------------------------------------------------------------


def test_listening_has_a_bar_for_each_sound_and_the_floor():
    figure = plot_listening(make_table())
    (axes,) = figure.axes
    widths = [bar.get_width() for bar in axes.patches if bar.get_width()]
    assert widths[:3] == pytest.approx([0.46, 0.1, 0.05])
    assert len(widths) == 12
    assert len({bar.get_hatch() for bar in axes.patches}) == 3
    words = list_words(figure)
    for expected in ("4.6×", "1.2×", "floor: saliency", "another class", "the paper's", "Min-Max"):
        assert expected in words
    assert [
        list(line.get_xdata()) for line in axes.lines if line.get_label() == "floor: saliency"
    ] == [[0.4, 0.4]]


def test_listening_draws_the_best_floor_beside_saliency():
    result = make_table()
    result["floors"]["silent"]["mean_box"] = {"sspl": {"ciou_at_50": 0.6, "auc": 0.3}}
    assert "floor: mean box" in list_words(plot_listening(result))
    assert "floor" not in list_words(plot_listening({**result, "floors": {}}))


def test_the_dial_turns_one_thing_at_a_time():
    figure = plot_false_negative_rate(make_false_negative_rate())
    score, batch, gap, _ = figure.axes
    lines = {str(c.get_label()): c.lines[0] for c in score.containers}
    np.testing.assert_allclose(np.asarray(lines["A"].get_xdata(), float), [1 / 8, 1 / 4, 1 / 2])
    means = np.array([0.4375, 0.375, 0.25]) + 0.005  # over two seeds
    np.testing.assert_allclose(np.asarray(lines["A"].get_ydata(), float), means)
    lost = gap.containers[0].lines[0].get_ydata()
    np.testing.assert_allclose(np.asarray(lost, float), means - 0.1)
    batches = batch.containers[0].lines[0].get_xdata()
    np.testing.assert_allclose(np.asarray(batches, float), [32, 128])
    looks = {(line.get_linestyle(), line.get_marker()) for line in lines.values()}
    assert len(looks) == 2
    words = list_words(figure)
    assert "in batches of 128" in words
    assert "of 4 classes" in words


def test_a_dial_without_false_negatives_is_refused():
    with pytest.raises(ValueError, match="add false_negatives"):
        plot_false_negative_rate(make_table())


# --- Maps -------------------------------------------------------------------------------------


def test_panels_stand_in_rows_of_clips_and_columns_of_labels():
    rng = np.random.default_rng(0)
    pictures = {name: rng.integers(0, 255, (32, 32, 3), np.uint8) for name in ("a", "b")}
    panels = [
        make_panel("HardWay", "a", 3, 0.4),  # cycles: the last one is drawn
        make_panel("SSPL", "a"),
        make_panel("SSPL", "b", ciou=None),
    ]
    figure = draw_panels(panels, pictures, {"a": BOX}, {"a": "cello"})
    grid = np.array(figure.axes).reshape(2, 3)
    assert [[len(axes.images) for axes in row] for row in grid] == [[1, 1, 1], [1, 0, 1]]
    shown = np.asarray(grid[1, 0].images[0].get_array())
    np.testing.assert_array_equal(shown, pictures["b"])  # no map, no boxes
    assert (np.asarray(grid[0, 0].images[0].get_array()) != pictures["a"]).any()
    words = list_words(figure)
    for expected in ("HardWay", "SSPL", "cIoU 0.40, missed", "cIoU 0.70", "cello", "b"):
        assert expected in words


def test_panels_of_one_label_show_its_cycles():
    pictures = {"a": np.full((32, 32, 3), 128, np.uint8)}
    figure = draw_panels([make_panel("SSPL", "a", 3)], pictures, {})
    assert [axes.get_title() for axes in figure.axes] == [
        "picture, boxes",
        "t = 1",
        "t = 2",
        "t = 3",
    ]
    assert [axes.get_xlabel() for axes in figure.axes] == ["", "", "", "cIoU 0.70"]


def test_no_panels_are_refused():
    with pytest.raises(ValueError, match="no panels"):
        draw_panels([], {}, {})
