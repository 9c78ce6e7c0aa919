"""The results tables: rows by class and kind of ICP, files in four formats, the paper's figures beside them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lmnet_utils.core.files import atomic_path, read_json
from lmnet_utils.data import taxonomy
from lmnet_utils.evaluation import summaries
from lmnet_utils.evaluation.scoring import Scored, evaluations
from lmnet_utils.evaluation.tables import ICP_WORDS, table

# ------------------------------------------------------------------------------------------------------------ tables
COLUMN_TITLES = {
    "n_models": "objects",
    "n_views": "images",
    "n_seeds": "seeds",
    "chamfer": "Chamfer",
    "chamfer_seed_std": "± seeds",
    "emd": "EMD",
    "emd_seed_std": "EMD ± seeds",
    "f_score_1": "F 1 %",
    "f_score_2": "F 2 %",
}
"""Headings of the columns in Markdown and LaTeX."""
BEST = {"chamfer": "low", "forward": "low", "backward": "low", "emd": "low", "f_score_1": "high", "f_score_2": "high"}


def result_rows(scored: Sequence[Scored], groups: Mapping[str, Collection[str]]) -> list[dict[str, Any]]:
    """Rows of the results tables, for every kind of ICP and group of classes: :func:`metrics.comparison`.

    Args:
        scored: in the order of the tables.
        groups: name → synsets, such as one class or all.

    Returns:
        Rows with ``contender`` besides: whether the method competes for a table's best value (:class:`Method`).
    """
    contender = {one.method.label: one.method.contender for one in scored}
    rows = []
    for kind in scored[0].scores if scored else ():
        methods = evaluations(scored, kind)
        for name, synsets in groups.items():
            found = summaries.comparison(methods, name, synsets)
            rows += [{"icp": kind, **row, "contender": contender[row["model"]]} for row in found]
    return rows


def class_groups(classes: str) -> dict[str, Collection[str]]:
    """The groups that a table is made for: all classes of a group, and chairs, on which Variant II is trained."""
    groups: dict[str, Collection[str]] = {classes: taxonomy.synsets_of(classes)}
    return groups | {"chair": taxonomy.synsets_of("chair")}


def results_table(rows: Sequence[Mapping[str, Any]] | pd.DataFrame, format: str = "markdown") -> str:
    """Rows of one kind of ICP and one group as Markdown or LaTeX, the best value of the contenders bold.

    Args:
        rows: of :func:`result_rows`.
        format: as :func:`lmnet_utils.evaluation.tables.table`.
    """
    rows = pd.DataFrame(rows, dtype=object).dropna(axis="columns", how="all")
    columns = ["model", *(name for name in rows if name not in ("model", "icp", "classes", "contender"))]
    return table(rows, format, columns, titles=COLUMN_TITLES, best=BEST, intervals=True)


def write_tables(folder: str | Path, rows: Sequence[Mapping[str, Any]]) -> list[Path]:
    """Write rows as ``tables/results.{csv,json,md}`` and a LaTeX file for each group of classes and kind of ICP."""
    folder = Path(folder) / "tables"
    texts = {"results.csv": table(rows, "csv"), "results.json": json.dumps(list(rows), indent=1) + "\n"}
    markdown = []
    for (group, kind), some in pd.DataFrame(rows, dtype=object).groupby(["classes", "icp"], sort=False):
        count = some["n_models"].iloc[0]
        title = f"{group if not group.isdigit() else f'{group} classes'}, {ICP_WORDS[kind]}, {count} test objects"
        markdown.append(f"## {title}\n\n{results_table(some)}\n")
        latex = results_table(some, "latex")
        texts[f"{group}-{kind}.tex"] = f"% {title}; Chamfer and EMD x100, F-scores in percent\n{latex}"
    texts["results.md"] = "\n".join(markdown)
    for name, text in texts.items():
        with atomic_path(folder / name) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return [folder / name for name in texts]


# ------------------------------------------------------------------------------------------------ the paper's figures
def reference_values() -> dict[str, Any]:
    """The paper's figures for PSGN and 3D-LMNet on ShapeNet, with their provenance: an *unverified transcription*."""
    return read_json(Path(__file__).with_name("reference_values.json"))


def paper_rows(rows: Sequence[Mapping[str, Any]], dataset: str, score: str = "chamfer") -> list[dict[str, Any]]:
    """Measured means beside the paper's, class by class, the mean over the 13 classes at the end.

    Args:
        rows: of :func:`result_rows`, with one group a class.
        dataset: what they were measured on.
        score: ``"chamfer"`` or ``"emd"``.

    Returns:
        ``class``, ``PSGN`` and ``3D-LMNet`` (the paper's), then a column a method, measured with ICP where that was
        scored. The mean of a method stands there only if it has all 13 classes.

    Raises:
        ValueError: the figures are of another data set than the paper's.
    """
    if dataset != "shapenet":
        raise ValueError(f"dataset={dataset!r}: the paper's figures are of ShapeNet and compare with nothing else.")
    values, reference = pd.DataFrame(rows, columns=["icp", "model", "classes", score]), reference_values()
    kind = next(kind for kind in ("official", "exact", "none") if kind in set(values["icp"]))
    values = values[values["icp"] == kind].dropna(subset=[score])
    measured = values.pivot(index="classes", columns="model", values=score).reindex(
        index=list(reference["classes"]), columns=values["model"].unique()
    )
    measured.loc["mean of the classes"] = measured.mean(skipna=False)
    paper = pd.DataFrame(reference["classes"]).T
    paper.loc["mean of the classes"] = reference["mean"]
    paper = paper[[f"psgn_{score}", f"lmnet_{score}"]].set_axis(["PSGN", "3D-LMNet"], axis="columns")
    records = paper.join(measured).rename_axis("class").reset_index().to_dict("records")
    return [{name: None if pd.isna(value) else value for name, value in row.items()} for row in records]


def paper_page(rows: Sequence[Mapping[str, Any]], dataset: str) -> str:
    """The page that holds measured figures against the paper's, as Markdown; one sentence where there is nothing to hold.

    Args:
        rows, dataset: as :func:`paper_rows`.
    """
    if dataset != "shapenet":
        return f"The paper's figures are of ShapeNet, these are of {dataset}: other objects, so nothing is compared."
    reference = reference_values()
    parts = [f"**{reference['status'].capitalize()}** of the columns PSGN and 3D-LMNet. {reference['provenance']}"]
    for score, title in (("chamfer", "Chamfer ×100"), ("emd", "EMD ×100")):
        if any(row.get(score) is not None for row in rows):
            parts.append(f"### {title}\n\n{table(paper_rows(rows, dataset, score))}")
    return "\n\n".join(parts)
