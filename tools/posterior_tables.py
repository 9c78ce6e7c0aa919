"""The tables of docs/ambiguity.md about networks: what several answers to an image are worth, from the kept benchmarks.

::

    python tools/ship_weights.py --tables    # writes them
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from draw_ambiguity import FIGURES

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json
from lmnet_utils.evaluation.tables import table

MEASURED = paths.project_root() / "benchmarks" / "posteriors.json"
COMPARED = paths.project_root() / "benchmarks" / "residuals.json"
SETTINGS = paths.project_root() / "benchmarks" / "posterior_settings.json"
SILHOUETTES = paths.project_root() / "benchmarks" / "silhouettes.json"
SHIPPED = "L1 + residuals"
LEARNT = {"FlowSettings": "flow", "MixtureSettings": "mixture", "ImleSettings": "IMLE"}
SETTINGS_TOLD = {
    "modes": "Gaussians",
    "candidates": "candidates",
    "radius": "ε",
    "condition_noise": "noise on the latent",
}
"""Setting that was tried → what the table calls it."""
OBJECT_COLUMNS = {
    "mean_of_n": "mean of 16",
    "best": "best of 16",
    "gain": "gain of the best",
    "gain_over_control": "more than noise",
    "energy": "energy score",
    "pairwise_points": "apart, %",
}
"""Figure of real objects → its column."""
GAIN, WORSE, OPEN, CLOSED, TIMES, HALF, AGREES = 2.5, 0.3, 3.0, 0.5, 4, (0.45, 0.55), 0.01
"""Aims of issue 13: gain at least, mean worse by at most, apart at least and at most (%), coverage times λ = 5.5's, share of
truths within the 50 % region, IoU less than L1's by at most."""


def _interval(row: Mapping[str, Any] | None, digits: int = 2) -> str:
    if row is None:
        return ""
    if row["low"] is None:
        return f"{row['mean']:.{digits}f}"
    return f"{row['mean']:.{digits}f} [{row['low']:.{digits}f}, {row['high']:.{digits}f}]"


def _where(rows: Sequence[dict[str, Any]], **values: Any) -> dict[str, Any] | None:
    """The one row with these values, if there is one."""
    return next((row for row in rows if all(row.get(name) == value for name, value in values.items())), None)


def _names(rows: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(row["sampler"] for row in rows))


def on_known(group: str) -> str:
    """Samplers on the ambiguity set, a column each: of images that leave something ``"open"``, or of ``"chairs"``."""
    rows = [row for row in read_json(MEASURED)["set"] if row["group"] == group]
    titles = {"energy": ("energy score", "")} | FIGURES
    shown = titles if group == "open" else {name: titles[name] for name in ("energy", "silhouette", "visible_distance")}
    lines = []
    for figure, (title, ideal) in shown.items():
        found = {name: _where(rows, sampler=name, figure=figure) for name in _names(rows)}
        digits = 3 if figure in ("coverage", "precision") else 2
        lines.append({"figure": title, "ideal": ideal} | {name: _interval(row, digits) for name, row in found.items()})
    return table(lines)


def apart() -> str:
    """How far answers lie apart from behind, where something is open and where nothing is."""
    rows = read_json(MEASURED)["spread"]
    counts = {leaves: _where(rows, leaves=leaves)["images"] for leaves in ("open", "closed")}  # type: ignore[index]
    titles = {
        "open": f"something is open ({counts['open']} images)",
        "closed": f"nothing is ({counts['closed']} images)",
    }
    return table(
        [
            {"sampler": name}
            | {title: _interval(_where(rows, sampler=name, leaves=leaves)) for leaves, title in titles.items()}
            for name in _names(rows)
        ]
    )


def on_objects() -> str:
    """Samplers on real objects."""
    rows = read_json(MEASURED)["objects"]
    titles = {"validation": "validation", "test": "test", "test chairs": "test, chairs alone"}
    lines = []
    for group, title in titles.items():
        mine = [row for row in rows if row["group"] == group]
        for name in _names(mine):
            if group == "validation" and name == "autoencoder":
                continue
            found = {figure: _where(mine, sampler=name, views="all", figure=figure) for figure in OBJECT_COLUMNS}
            if name in ("L1", "autoencoder"):
                found |= {"gain_over_control": None} | ({"gain": None} if name == "L1" else {"pairwise_points": None})
            behind = _where(mine, sampler=name, views="behind", figure="gain") if name != "L1" else None
            cells = {OBJECT_COLUMNS[figure]: _interval(row) for figure, row in found.items()}
            lines.append({"objects": title, "sampler": name} | cells | {"gain from behind": _interval(behind)})
    return table(lines)


def residuals() -> str:
    """Which residuals are best on the validation objects."""
    rows = read_json(COMPARED)["rows"]
    figures = ("mean_of_n", "gain", "energy")
    lines = []
    for name in _names(rows):
        found = {figure: _where(rows, sampler=name, views="all", figure=figure) for figure in figures}
        behind = {figure: _where(rows, sampler=name, views="behind", figure=figure) for figure in ("gain", "energy")}
        cells = {OBJECT_COLUMNS[figure]: _interval(row) for figure, row in found.items()}
        cells |= {
            f"{OBJECT_COLUMNS[figure]}, from behind": f"{row['mean']:.2f}" for figure, row in behind.items() if row
        }
        lines.append({"residuals of": name} | cells)
    return table(lines)


def settings() -> str:
    """Settings of the learnt posteriors, measured on fresh objects kept aside."""
    found = read_json(SETTINGS)
    lines = []
    for row in found["rows"]:
        told = ", ".join(f"{title} {row[name]:g}" for name, title in SETTINGS_TOLD.items() if name in row)
        line = {"posterior": LEARNT.get(row["sampler"], row["sampler"]), "settings": told}
        lines.append(
            line | {"energy score": _interval({**row, "mean": row["energy"]}), "root mean square": f"{row['rms']:.2f}"}
        )
    true = {"posterior": "true residuals", "settings": "", "energy score": ""}
    return table([*lines, true | {"root mean square": f"{found['true_rms']:.2f}"}])


def silhouettes() -> str:
    """What it is worth to choose by the silhouette, on validation renders placed as photographs are."""
    rows = read_json(SILHOUETTES)["rows"]
    lines = []
    for name in dict.fromkeys(row["way"] for row in rows):
        everywhere, behind = (_where(rows, way=name, views=views) for views in ("all", "behind"))
        line = {"answer": name, "Chamfer ×100": _interval(everywhere)}
        for title, row in {"nearer than the own answer by": everywhere, "the same from behind": behind}.items():
            known = row is not None and "gain" in row
            gain = {"mean": row["gain"], "low": row["gain_low"], "high": row["gain_high"]} if row and known else None
            line[title] = _interval(gain)
        lines.append(line)
    return table(lines)


def aims() -> str:
    """The aims of issue 13, what was found of the shipped residuals, and whether they are reached."""
    measured = read_json(MEASURED)

    def of(part: str, **values: Any) -> dict[str, Any]:
        row = _where(measured[part], **values)
        if row is None:
            raise ValueError(f"{MEASURED.name}: no row with {values}; run benchmarks/posteriors.py again.")
        return row

    def test(sampler: str, figure: str, views: str = "all") -> dict[str, Any]:
        return of("objects", group="test", sampler=sampler, views=views, figure=figure)

    gain, most = test(SHIPPED, "gain"), test("autoencoder", "gain")
    worse = test(SHIPPED, "mean_of_n")["mean"] - test("L1", "mean_of_n")["mean"]
    wide, narrow = (of("spread", sampler=SHIPPED, leaves=leaves) for leaves in ("open", "closed"))
    over = test(SHIPPED, "gain_over_control", "behind")
    half, agrees = (
        of("set", sampler=SHIPPED, group="open", figure=name) for name in ("region_0.5", "silhouette_over_L1")
    )
    coverage = of("set", sampler=SHIPPED, group="open", figure="coverage")
    rows = [
        (
            f"best of 16 gains {GAIN} or more on test objects, the mean is worse than L1 by {WORSE} at most",
            f"{_interval(gain)}, mean worse by {worse:.2f}; the autoencoder itself is {_interval(most)} better than L1",
            gain["mean"] >= GAIN and worse <= WORSE,
        ),
        (
            f"from behind, something open: answers {OPEN:.0f} % apart or more",
            f"{_interval(wide)} %",
            wide["mean"] >= OPEN,
        ),
        (f"from behind, nothing open: {CLOSED} % or less", f"{_interval(narrow)} %", narrow["mean"] <= CLOSED),
        (
            f"coverage at least {TIMES} times that of λ = 5.5",
            f"{_interval(coverage, 3)}; λ = 5.5 knows chairs alone, and no chair leaves anything open",
            None,
        ),
        (
            "from behind, the best of 16 is nearer than that of noise as wide, with an interval above 0 (test objects)",
            _interval(over),
            over["low"] is not None and over["low"] > 0,
        ),
        (
            f"{HALF[0]:.0%} to {HALF[1]:.0%} of truths lie within the 50 % region",
            _interval(half),
            HALF[0] <= half["mean"] <= HALF[1],
        ),
        (
            f"silhouette IoU no more than {AGREES} below L1's",
            f"difference {_interval(agrees, 3)}",
            agrees["mean"] >= -AGREES,
        ),
    ]
    words = {True: "reached", False: "not reached", None: "cannot be judged"}
    return table(
        [{"aim": aim, "found": found, "": words[bool(ok) if ok is not None else None]} for aim, found, ok in rows]
    )
