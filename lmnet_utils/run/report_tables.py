"""The report's tables and texts: records become frames, numbers become what the eye reads."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from lmnet_utils.rendering import pages
from lmnet_utils.run.state import duration

LONG_TABLE = 40  # rows; a longer one is folded away
WORDS = {
    "n_models": "objects",
    "n_views": "views",
    "n_seeds": "seeds",
    "emd": "EMD",
    "f_score_1": "F-score at 1 %",
    "f_score_2": "F-score at 2 %",
    "chamfer_seed_std": "± over seeds",
    "emd_seed_std": "EMD ± over seeds",
    "wall_time_s": "wall time",
    "git_commit": "git commit",
    "git_dirty": "uncommitted changes",
}


# ------------------------------------------------------------------------------------------------------------ tables
def cell_macros() -> Any:
    """The template's macros for single cells: a notebook's link, a state, a verdict, an interval's drawing."""
    return pages.macros("report_cells.html.j2")


def is_single(value: Any) -> bool:
    """A value that a table's cell can hold."""
    return value is None or isinstance(value, (str, int, float, bool))


def is_rows(value: Any) -> bool:
    """A list of records: what becomes a table."""
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def is_finite(value: Any) -> bool:
    """A number, and not NaN or infinite."""
    return isinstance(value, (int, float)) and math.isfinite(value)


def pairs_frame(facts: Mapping[str, Any]) -> pd.DataFrame | None:
    """Names and values in two columns; None where there are none."""
    return pd.DataFrame([(name, one_line(value)) for name, value in facts.items()], dtype=object) if facts else None


def figures_table(values: pd.DataFrame, caption: str) -> dict[str, Any]:
    """A table as the template shows it. ``x``, ``x_low``, ``x_high`` become one column with its interval drawn beside it.

    Args:
        values: of dtype object, so that counts stay whole numbers where one is missing.
        caption: of the table.
    """
    values = values[[name for name in values if values[name].map(is_single).all()]]
    intervals = [name for name in values if f"{name}_low" in values and f"{name}_high" in values]
    bounds = {f"{name}_{end}" for name in intervals for end in ("low", "high")}
    names = sorted(set(values) - bounds, key=lambda name: (name.startswith("n_"), list(values).index(name)))
    columns, numeric = [], []  # counts stand last: on a narrow screen the result is worth more
    for name in names:
        if all(isinstance(value, (int, float, type(None))) and not isinstance(value, bool) for value in values[name]):
            numeric.append(len(columns))
        known = [None if pd.isna(value) else value for value in values[name]]
        texts = [with_unit(name, value) if columns else one_line(value) for value in known]
        columns.append(pd.Series(texts, values.index, object, key_words(name)))
        if name in intervals:
            columns.append(_intervals(values[[name, f"{name}_low", f"{name}_high"]]))
    return {
        "caption": caption,
        "frame": pd.concat([pd.DataFrame(index=values.index), *columns], axis="columns"),
        "numeric": numeric,
        "long": len(values) > LONG_TABLE,
    }


def _intervals(values: pd.DataFrame) -> pd.Series:
    """Value, lower and upper end → a column of drawings on one scale."""
    finite = [value for value in values.to_numpy().ravel() if is_finite(value)]
    least, span = min(finite, default=0.0), (max(finite, default=1.0) - min(finite, default=0.0)) or 1.0
    draw = cell_macros().interval

    def cell(row: Sequence[Any]) -> str:
        if not all(map(is_finite, row)):
            return "–"
        said, (_, low, high) = f"{for_the_eye(row[1])} to {for_the_eye(row[2])}", row
        return draw(
            *(4 + 112 * (x - least) / span for x in row), said, f"{low:.2f}{'–' if low >= 0 else ' to '}{high:.2f}"
        )

    return pd.Series(
        [cell(row) for row in values.itertuples(index=False, name=None)], values.index, object, "95 % interval"
    )


# -------------------------------------------------------------------------------------------------------------- text
def key_words(name: str) -> str:
    """A record's key as people read it: ``wall_time_s`` → ``wall time``."""
    bare = name[:-2] if name.endswith("_s") and not name.endswith("_per_s") else name  # the value says its unit
    return WORDS.get(name) or str(bare).replace("_", " ").strip()


def for_the_eye(value: Any) -> str:
    """Numbers to the eye: four significant digits, thousands separated, never a wall of decimals."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "–" if value is None else str(value)
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if not math.isfinite(value):
        return str(value)
    if value == 0 or 0.01 <= abs(value) < 1000:
        return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3f}"
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.2e}"


def with_unit(name: str, value: Any) -> str:
    """A record's value for the eye; seconds as a duration."""
    if (
        isinstance(value, (int, float))
        and not isinstance(value, bool)
        and (name.endswith("_s") and not name.endswith("_per_s"))
    ):
        return duration(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return for_the_eye(value)


def one_line(value: Any) -> str:
    """Any setting or fact in one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
