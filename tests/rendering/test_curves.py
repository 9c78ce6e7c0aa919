"""Curves of a training: what is marked, and ticks that can be read."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lmnet_utils.rendering.curves import history_plot


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


def rows(losses, first=1, chamfer=8.0):
    """A history with a falling validation error; None as Chamfer is one without validation objects."""
    return [
        {"epoch": first + i, "loss": loss, "validation_chamfer": None if chamfer is None else chamfer - 0.01 * i}
        for i, loss in enumerate(losses)
    ]


def lines(axis):
    return {line.get_label(): line for line in axis.lines}


def tick_labels(axis, which):
    """Labels of the ticks within the axis' limits, as drawn."""
    axis.figure.canvas.draw()
    low, high = getattr(axis, f"get_{which}lim")()
    ticks = getattr(axis, f"{which}axis").get_major_ticks()
    shown = [tick.label1.get_text() for tick in ticks if low <= tick.get_loc() <= high]
    return shown, getattr(axis, f"{which}axis").get_minorticklocs()


def test_the_kept_epoch_is_marked_and_no_other():
    history = rows([0.6, 0.4, 0.3])
    for axis in history_plot(history).axes:
        assert list(lines(axis)) == ["this training"]
    for axis, key in zip(history_plot(history, kept=2).axes, ("loss", "validation_chamfer"), strict=True):
        (place,) = lines(axis)["kept: epoch 2"].get_xydata()
        assert place.tolist() == [2, history[1][key]]  # epoch 3 has the better score: what is kept is the caller's word


def test_initial_weights_have_a_score_and_no_loss():
    start = {"epoch": 0, "validation_chamfer": 7.5, "learning_rate": 0.0}
    left, right = history_plot([start, *rows([0.6, 0.4])], kept=0).axes
    assert lines(left)["this training"].get_xdata().tolist() == [1, 2] and "kept: epoch 0" not in lines(left)
    assert lines(right)["this training"].get_xdata().tolist() == [0, 1, 2] and "kept: epoch 0" in lines(right)


def test_without_validation_objects_the_figure_says_so():
    left, right = history_plot(rows([0.6], chamfer=None), kept=1).axes
    assert "kept: epoch 1" in lines(left) and not right.lines
    assert [text.get_text() for text in right.texts] == ["no validation objects"]


def test_the_other_history_is_grey_and_a_long_one_makes_the_epochs_logarithmic():
    short, same, long = (
        rows(np.linspace(0.6, 0.2, 8)),
        rows(np.linspace(0.7, 0.1, 9)),
        rows(np.linspace(0.6, 0.01, 200)),
    )
    for reference, scale in ((same, "linear"), (long, "log")):
        figure = history_plot(short, kept=8, reference=reference)
        for axis in figure.axes:
            assert axis.get_xscale() == scale
            assert lines(axis)["shipped weights"].get_color() == "0.6"
            assert len(lines(axis)["shipped weights"].get_xdata()) == len(reference)
    assert tick_labels(figure.axes[0], "x")[0] == ["1", "2", "5", "10", "20", "50", "100", "200"]
    assert [text.get_text() for text in figure.legends[0].texts] == [
        "shipped weights",
        "this training",
        "kept: epoch 8",
    ]


@pytest.mark.parametrize(
    "losses", [[265.0, 261.0, 262.5], [2049.0, 800.0, 270.0], [0.69, 0.1, 0.011], [1e5, 3.0, 1e-3], [0.5]]
)
def test_ticks_are_whole_epochs_and_plain_numbers(losses):
    left, right = history_plot(rows(losses)).axes
    assert left.get_yscale() == "log"
    labels, minor = tick_labels(left, "y")
    assert len(labels) >= 2 or len(losses) == 1 and labels
    assert not len(minor) and not [label for label in labels if "10^" in label or "$" in label]
    assert all(float(label) > 0 for label in labels)
    for axis in (left, right):
        assert all(float(label) == int(float(label)) for label in tick_labels(axis, "x")[0])


def test_a_bad_score_stays_in_the_picture():
    assert history_plot(rows([0.5, 0.4])).axes[1].get_ylim() == (0, 25)
    assert history_plot(rows([0.5, 0.4], chamfer=40.0)).axes[1].get_ylim()[1] > 40
