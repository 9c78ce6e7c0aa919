"""Tables of figures: rows → text, by pandas' writers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lmnet_utils.core.checks import choose

FORMATS = ("markdown", "csv", "plain", "latex")
ICP_WORDS = {"none": "without ICP", "exact": "with ICP", "official": "with the official code's ICP"}
"""Kind of ICP → how a table or figure says it."""
DIGITS = 2  # after the point, except in CSV

_BOLD = "\ue000{}\ue001"  # two private characters, until a format's own marks take their place
_MARKS = {
    "markdown": {"\ue000": "**", "\ue001": "**", "\n": " ", "|": r"\|"},
    "plain": {"\ue000": "", "\ue001": "", "\n": " "},
    "latex": {
        "\ue000": r"\textbf{", "\ue001": "}", "\n": " ",
        "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
        "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "λ": r"$\lambda$", "α": r"$\alpha$", "σ": r"$\sigma$",
        "×": r"$\times$", "±": r"$\pm$", "≤": r"$\leq$", "−": "$-$", "°": r"$^{\circ}$", "–": "--", "…": r"\ldots{}",
    },
}  # fmt: skip


def table(
    rows: Sequence[Mapping[str, Any]] | pd.DataFrame,
    format: str = "markdown",
    columns: Sequence[str] | None = None,
    *,
    titles: Mapping[str, str] | None = None,
    best: Mapping[str, str] | None = None,
    intervals: bool = False,
) -> str:
    """Rows as text: ``"markdown"``, ``"csv"`` (full precision), ``"plain"`` (aligned) or ``"latex"`` (booktabs).

    Args:
        rows: dictionaries, or a frame of dtype object; a key that a row lacks gives an empty cell.
        format: see above. LaTeX text is escaped; the document needs ``\\usepackage{booktabs}``.
        columns: which keys, in which order; by default all, in the order of first appearance.
        titles: headings, where they differ from the keys; not in CSV.
        best: key → ``"low"`` or ``"high"``: which value is the best one, and bold where the format has bold. A row whose
            ``contender`` is False does not compete.
        intervals: in one cell with their value, ``9.17 [8.04, 10.35]``, where a row has ``x``, ``x_low`` and ``x_high``;
            not in CSV.

    Raises:
        ValueError: an unknown format, or a direction in ``best``.
    """
    choose("format", format, FORMATS)
    values = pd.DataFrame(rows, dtype=object)  # not float64: a count stays whole where another row has none
    columns = list(values if columns is None else columns)
    values = values.reindex(columns=[*columns, *(name for name in values if name not in columns)])
    if format == "csv":
        return values[columns].to_csv(index=False, lineterminator="\n")

    shown = values.map(_number)
    competes = values["contender"].ne(False) if "contender" in values else pd.Series(True, values.index)
    _mark_best(shown, values, best or {}, competes)
    for name in columns if intervals else ():
        low, high = f"{name}_low", f"{name}_high"
        if {low, high} <= set(values):
            shown[name] += (" [" + shown[low] + ", " + shown[high] + "]").where(values[low].notna(), "")
            columns = [other for other in columns if other not in (low, high)]
    numeric = [bool(len(values)) and all(_is_number(value) for value in values[name].dropna()) for name in columns]
    marks = str.maketrans(_MARKS[format])
    shown = shown[columns].rename(columns=dict(titles or {}))
    shown = shown.map(lambda text: text.translate(marks)).rename(columns=lambda name: str(name).translate(marks))
    if format == "latex":
        kinds = "".join("r" if right else "l" for right in numeric)
        return shown.to_latex(index=False, escape=False, column_format=kinds)
    align = ["right" if right else "left" for right in numeric]
    layout = {"markdown": "pipe", "plain": "plain"}[format]
    return shown.to_markdown(index=False, tablefmt=layout, colalign=align, disable_numparse=True)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number))


def _number(value: Any) -> str:
    if isinstance(value, float):
        return "" if np.isnan(value) else f"{value:.{DIGITS}f}"
    return "" if value is None else str(value)


def _mark_best(shown: pd.DataFrame, values: pd.DataFrame, best: Mapping[str, str], competes: pd.Series) -> None:
    """Mark the best values in place; two that look alike in the table are both the best."""
    for name, direction in best.items():
        choose("best", direction, ("low", "high"))
        found = values[name][competes].dropna() if name in values else ()
        if len(found):
            winner = _number(found.min() if direction == "low" else found.max())
            shown[name] = shown[name].mask(competes & (shown[name] == winner), _BOLD.format(winner))
