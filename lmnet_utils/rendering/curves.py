"""Curves, intervals and training histories, with one set of colours and markers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A8A8A", "#7A3E00")
"""Colours of lines: Okabe and Ito's, which colour-blind people can tell apart, grey, and brown. With its marker each of the first nine is its own."""
MARKERS = "osD^vP*Xh"
"""Matplotlib's signs for points, one for each of the nine colours."""


def interval_plot(rows: Sequence[Mapping[str, Any]], *, limits: tuple[float, float] = (0.0, 25.0)) -> Figure:
    """Rows of a results table as points with intervals: a line of the figure per class, a colour per model.

    Args:
        rows: of :func:`lmnet_utils.evaluation.summaries.comparison`, of several classes; a class of one object has no interval.
        limits: of the score's axis, fixed so that figures compare.
    """
    import matplotlib.pyplot as plt

    classes = list(dict.fromkeys(row["classes"] for row in rows))
    models = list(dict.fromkeys(row["model"] for row in rows))
    height = max(0.35, 0.09 * len(models)) * len(classes) + 1.3
    figure, axis = plt.subplots(figsize=(8, height), layout="constrained")
    for k, model in enumerate(models):
        mine = [row for row in rows if row["model"] == model]
        place = [classes.index(row["classes"]) + 0.6 * ((k + 0.5) / len(models) - 0.5) for row in mine]
        keys = ("chamfer_low", "chamfer", "chamfer_high")
        low, middle, high = (np.array([row[key] for row in mine], np.float64) for key in keys)  # NaN for None
        axis.errorbar(
            middle,
            place,
            xerr=np.maximum([middle - low, high - middle], 0),
            fmt=MARKERS[k % len(MARKERS)],
            color=COLORS[k % len(COLORS)],
            ms=4,
            capsize=2,
            label=model,
        )
    counts = {row["classes"]: row["n_models"] for row in rows}
    axis.set_yticks(range(len(classes)), [f"{name} ({counts[name]})" for name in classes])
    axis.set(xlim=limits, ylim=(len(classes) - 0.5, -0.5), xlabel="Chamfer ×100, 95 % intervals")
    figure.legend(loc="outside upper center", ncols=min(len(models), 5), fontsize=8, frameon=False)
    return figure


@dataclasses.dataclass(frozen=True)
class PlotPanel:
    """One set of axes of :func:`panel_plot`, with fixed bounds so that figures of several runs compare.

    Attributes:
        series: label → rows with ``x``, ``mean`` and, where there is an interval, ``low`` and ``high`` (None where a bin
            has none). Rows without these keys are a dashed line, such as a target curve.
        x: the key of the horizontal coordinate.
        xticks: where they are to stand.
        log2: the horizontal axis counts doublings.
    """

    title: str
    xlabel: str
    ylabel: str
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    series: Mapping[str, Sequence[Mapping[str, Any]]]
    x: str = "angle"
    xticks: Sequence[float] | None = None
    log2: bool = False


def panel_plot(panels: Sequence[PlotPanel], *, columns: int = 2, height: float = 2.7) -> Figure:
    """Lines with 95 % bands in panels side by side; a label has one colour and marker throughout, and one legend.

    Args:
        panels: see :class:`PlotPanel`.
        columns: panels in a row, at most.
        height: of a panel in inches.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import ScalarFormatter

    series = {label: rows for panel in panels for label, rows in panel.series.items()}
    labels = [label for label, rows in series.items() if any("low" in row for row in rows)]
    columns = max(1, min(columns, len(panels)))
    lines = -(-len(panels) // columns)
    legend_lines = -(-len(series) // 4)
    size = (4.6 * columns, height * lines + 0.2 * legend_lines)
    figure, axes = plt.subplots(lines, columns, figsize=size, squeeze=False, layout="constrained")
    handles: dict[str, Any] = {}
    for axis, panel in zip(axes.flat, panels, strict=False):
        for label, rows in panel.series.items():
            x, mean = ([row[key] for row in rows] for key in (panel.x, "mean"))
            if label not in labels:
                (handles[label],) = axis.plot(x, mean, "--", lw=1.3, color="0.35")
                continue
            k = labels.index(label)
            color, marker = COLORS[k % len(COLORS)], MARKERS[k % len(MARKERS)]
            known = [row for row in rows if row["low"] is not None]
            band = ([row[key] for row in known] for key in (panel.x, "low", "high"))
            axis.fill_between(*band, color=color, alpha=0.1, lw=0)
            (handles[label],) = axis.plot(x, mean, marker=marker, ms=4, lw=1.3, color=color)
        if panel.log2:
            axis.set_xscale("log", base=2)
            axis.xaxis.set_major_formatter(ScalarFormatter())
        axis.set(xlim=panel.xlim, ylim=panel.ylim, xlabel=panel.xlabel, ylabel=panel.ylabel)
        axis.set_title(panel.title, fontsize=9)
        if panel.xticks is not None:
            axis.set_xticks(panel.xticks)
        axis.grid(alpha=0.25, lw=0.6)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    return figure


def history_plot(
    history: Sequence[Mapping[str, Any]],
    *,
    kept: int | None = None,
    reference: Sequence[Mapping[str, Any]] | None = None,
) -> Figure:
    """Training loss (logarithmic) and validation Chamfer over the epochs of a training's ``history``.

    Args:
        history: rows of :class:`lmnet_utils.training.TrainingResult`; epoch 0, where it exists, is the initial weights.
        kept: the epoch whose weights are kept, marked in both panels; None marks nothing.
        reference: history of another training, drawn in grey as that of the shipped weights. Where it is much longer, the
            epochs are on a logarithmic axis.
    """
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.8), layout="constrained")
    kinds = [(reference or (), "0.6", "shipped weights"), (history, COLORS[0], "this training")]
    for axis, key in ((left, "loss"), (right, "validation_chamfer")):
        for rows, color, label in kinds:
            known = [(row["epoch"], row[key]) for row in rows if row.get(key) is not None]
            if known:
                axis.plot(*zip(*known, strict=True), ".-", ms=5, lw=1.3, color=color, label=label)
            mark = [place for place in known if rows is history and place[0] == kept]
            if mark:
                axis.plot(*mark[0], "o", ms=7, mfc="none", mew=1.6, color=COLORS[1], label=f"kept: epoch {kept}")
        if axis.lines:
            _epoch_ticks(axis, [row["epoch"] for row in history], [row["epoch"] for row in reference or ()])
        else:
            axis.set(xticks=[], yticks=[])
            axis.text(0.5, 0.5, "no validation objects" if axis is right else "no epoch", ha="center", va="center")
        axis.set_xlabel("epoch")
        axis.grid(alpha=0.25, lw=0.6)
    if left.lines:
        _plain_log_ticks(left)
    left.set_ylabel("training loss", fontsize=9)
    right.set_ylabel("validation Chamfer ×100", fontsize=9)
    if right.lines:
        right.set_ylim(0, max(25.0, 1.05 * max(np.max(line.get_ydata()) for line in right.lines)))
    handles = {
        text: handle for axis in (left, right) for handle, text in zip(*axis.get_legend_handles_labels(), strict=True)
    }
    if len(handles) > 1:
        figure.legend(handles.values(), handles, loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    return figure


def _epoch_ticks(axis: Axes, epochs: Sequence[int], others: Sequence[int]) -> None:
    """Whole epochs as ticks; a logarithmic axis where another history is at least three times as long."""
    from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

    last = max([*epochs, *others, 1])
    if min([*epochs, *others, 1]) > 0 and epochs and last >= 3 * max(epochs):
        axis.set_xscale("log")
        ticks = [first * 10**decade for decade in range(9) for first in (1, 2, 5) if first * 10**decade <= last]
        axis.xaxis.set_major_locator(FixedLocator(ticks))
        axis.xaxis.set_minor_locator(NullLocator())
        axis.set_xlim(0.9, 1.15 * last)
    else:
        axis.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    axis.xaxis.set_major_formatter("{x:g}")


def _plain_log_ticks(axis: Axes) -> None:
    """Logarithmic vertical axis with plain numbers at its ticks, five or so, however little it spans."""
    from matplotlib.ticker import LogLocator, MaxNLocator, NullLocator

    values = np.concatenate([line.get_ydata() for line in axis.lines]).astype(float)
    values = values[values > 0]
    span = values.max() / values.min() if len(values) else 1.0
    axis.set_yscale("log")
    subs = (1,) if span > 1000 else (1, 2, 5)
    axis.yaxis.set_major_locator(
        LogLocator(subs=subs, numticks=12) if span > 8 else MaxNLocator(5, steps=[1, 2, 5, 10])
    )
    axis.yaxis.set_minor_locator(NullLocator())
    axis.yaxis.set_major_formatter("{x:g}")
