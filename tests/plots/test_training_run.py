"""The figure of a training run: what its panels hold, for any log."""

import pytest

from sspl.plots.rendering import render_figure
from sspl.plots.training_run import plot_training


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
    (note,) = figure.axes[2].texts
    assert note.get_text() == "no split to score:\nthe last epoch is kept"
    render_figure(figure)


def test_training_plot_after_one_epoch_and_none():
    render_figure(plot_training(make_rows(1)))
    with pytest.raises(ValueError, match="no epoch"):
        plot_training([])
