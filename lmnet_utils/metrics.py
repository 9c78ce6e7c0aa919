"""The paper's evaluation protocol, the baselines beside it, and averages with intervals.

Scores are ×100, under the protocol of the paper's section 5. Averages are taken over objects, not over views: the 24
views of one object are not 24 independent measurements.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy.spatial import cKDTree

from lmnet_utils import pairs, parallel
from lmnet_utils.pointclouds import scale_to_unit_cube, subset_indices
from lmnet_utils.reproducibility import choose

EVALUATION_POINTS = 1024
"""Points a cloud is compared with; source: official ``metrics.py`` (``NUM_EVAL_POINTS``)."""

Scores = dict[str, np.ndarray]


# ---------------------------------------------------------------------------------------------------------- protocol
def protocol_clouds(predictions: np.ndarray | torch.Tensor, *, seed: int = 0) -> np.ndarray:
    """Predictions as the protocol compares them: scaled to the unit cube, then thinned to 1024 points.

    Source: paper, section 5; official ``metrics.py`` scales the whole cloud first and draws the points afterwards.
    One seeded draw serves the whole batch.

    Args:
        predictions: (B, N, 3), N ≥ 1; clouds of at most 1024 points keep all of them.
        seed: of the draw.

    Returns:
        (B, min(N, 1024), 3) float64.

    Raises:
        ValueError: wrong shape, no points, NaN or infinite coordinates.
    """
    clouds = _checked(predictions, "predictions")
    scaled = scale_to_unit_cube(clouds)
    if scaled.shape[1] > EVALUATION_POINTS:
        scaled = scaled[:, subset_indices(scaled.shape[1], EVALUATION_POINTS, seed)]
    return np.ascontiguousarray(scaled)


def score(
    ground_truth: np.ndarray | torch.Tensor,
    predictions: np.ndarray | torch.Tensor,
    *,
    seed: int = 0,
    icp: str | None = None,
    emd: bool = False,
    progress: bool = False,
) -> Scores:
    """Scores of every pair by the paper's protocol, ×100, computed on all cores.

    Ground truth and prediction are scaled independently to a centred unit cube, 1024 points of the prediction are
    kept, these are aligned with the ground truth (``icp``), and the distances are plain *Euclidean* ones, not squared.

    Source: paper, section 5; official ``metrics.py``.

    Args:
        ground_truth: (B, M, 3); the protocol takes the 1024-point clouds.
        predictions: (B, N, 3), in the same frame.
        seed: of the draw of the prediction's points.
        icp: ``None`` for no alignment, ``"exact"``, or ``"official"`` with the official code's mistaken inverse; see
            :func:`lmnet_utils.pointclouds.icp`.
        emd: also the earth mover's distance; needs as many points in the ground truth as are kept of the prediction.
        progress: show a bar.

    Returns:
        Each (B,) float64: ``forward``, the mean distance from the ground truth's points to the nearest predicted ones
        (what is missing), ``backward`` from the prediction to the ground truth (what is too much), ``chamfer`` their
        sum; ``f_score_1`` and ``f_score_2`` in percent, with thresholds of 1 and 2 % of the cube's side; ``emd`` if
        asked for.

    Raises:
        ValueError: wrong shapes, different batch sizes, empty clouds, NaN or infinite coordinates, an unknown ``icp``,
            or ``emd`` of clouds with different numbers of points.
    """
    choose("icp", icp, (None, "exact", "official"))
    truth, guess = scale_to_unit_cube(_checked(ground_truth, "ground_truth")), protocol_clouds(predictions, seed=seed)
    if len(truth) != len(guess):
        raise ValueError(f"the batch sizes differ: {len(truth)} ground truths and {len(guess)} predictions.")
    if emd and truth.shape[1] != guess.shape[1]:
        raise ValueError(
            "emd=True matches points one to one: expected as many in the ground truth as are kept of the prediction, "
            f"found {truth.shape[1]} and {guess.shape[1]}. The protocol takes {EVALUATION_POINTS} of both."
        )
    tasks = [(*pair, icp, emd) for pair in zip(truth, guess, strict=True)]
    seconds = len(tasks) * pairs.seconds_of(max(truth.shape[1], guess.shape[1]), icp is not None, emd)
    bar = {"desc": "Scores", "unit": "pair", "disable": not progress}
    rows = list(parallel.each(pairs.score_pair, tasks, seconds=seconds, bar=bar))
    names = pairs.SCORES if emd else pairs.SCORES[:-1]
    return dict(zip(names, 100 * np.array(rows, np.float64).reshape(-1, len(names)).T, strict=True))


def pairwise_chamfer(
    ground_truth: np.ndarray, candidates: np.ndarray, *, seed: int = 0, progress: bool = False
) -> Scores:
    """The Chamfer distances of :func:`score` for every ground truth against every candidate, without ICP.

    Each cloud's k-d tree is built once.

    Args:
        ground_truth: (T, M, 3).
        candidates: (C, N, 3), such as the clouds of the training set.
        seed: as in :func:`score`.
        progress: show a bar.

    Returns:
        ``chamfer``, ``forward`` and ``backward`` as :func:`score` without ICP, each (T, C).
    """
    truth = scale_to_unit_cube(_checked(ground_truth, "ground_truth"))
    others = protocol_clouds(candidates, seed=seed)
    truth_trees = [cKDTree(cloud) for cloud in truth]
    other_trees = [cKDTree(cloud) for cloud in others]
    parts = {name: np.empty((len(truth), len(others))) for name in ("forward", "backward")}

    def fill(row: int) -> None:  # SciPy releases the interpreter lock while it searches
        for column in range(len(others)):
            parts["forward"][row, column] = 100 * other_trees[column].query(truth[row])[0].mean()
            parts["backward"][row, column] = 100 * truth_trees[row].query(others[column])[0].mean()

    bar = {"desc": "Chamfer of every pair", "disable": not progress}
    list(parallel.each(fill, zip(range(len(truth))), threads=True, bar=bar))
    return {"chamfer": parts["forward"] + parts["backward"], **parts}


def _checked(points: np.ndarray | torch.Tensor, name: str) -> np.ndarray:
    if isinstance(points, torch.Tensor):
        points = points.detach().cpu().numpy()
    points = np.asarray(points)
    if points.ndim != 3 or points.shape[-1] != 3 or points.shape[1] == 0:
        raise ValueError(f"{name}: expected clouds of shape (B, N, 3) with N ≥ 1, found {points.shape}.")
    points = points.astype(np.float64)
    broken = ~np.isfinite(points).all(axis=(1, 2))
    if broken.any():
        raise ValueError(
            f"{name}: {broken.sum()} of {len(points)} clouds hold NaN or infinite coordinates, "
            f"the first is number {broken.argmax()}."
        )
    return points


# --------------------------------------------------------------------------------------------------------- baselines
def nearest_latents(latents: np.ndarray, references: np.ndarray) -> np.ndarray:
    """For each latent the index of the nearest reference (Euclidean): retrieval from the training set.

    Args:
        latents: (B, 512), such as an encoder's predictions.
        references: (R, 512), such as the autoencoder's latents of the training clouds.

    Returns:
        (B,) int64.
    """
    return cKDTree(np.asarray(references, np.float64)).query(np.asarray(latents, np.float64))[1]


def group_means(values: np.ndarray, groups: Sequence[Any]) -> dict[Any, np.ndarray]:
    """Mean of the rows of ``values`` (V, …) within each group, in the order of first appearance.

    Two uses: a score per view becomes one per object; the latents of the training objects become one per class (whose
    decoding is the class's mean shape).
    """
    values = np.asarray(values, np.float64)
    if len(values) != len(groups):
        raise ValueError(f"{len(values)} values and {len(groups)} groups: expected as many of each.")
    members: dict[Any, list[int]] = {}
    for i, group in enumerate(groups):
        members.setdefault(group, []).append(i)
    return {group: values[rows].mean(axis=0) for group, rows in members.items()}


def best_candidates(distances: np.ndarray, allowed: np.ndarray | None = None) -> np.ndarray:
    """For each ground truth its best candidate: an oracle, and the bound of all retrieval.

    Args:
        distances: (T, C), such as the Chamfer distances of :func:`pairwise_chamfer`.
        allowed: (T, C) which candidates count; by default all.

    Returns:
        (T,) int64 indices.

    Raises:
        ValueError: a ground truth without an allowed candidate.
    """
    allowed = np.ones(distances.shape, bool) if allowed is None else allowed
    if not allowed.any(axis=1).all():
        raise ValueError(f"no candidate is allowed for ground truth {(~allowed.any(axis=1)).argmax()}.")
    return np.where(allowed, distances, np.inf).argmin(axis=1)


# ---------------------------------------------------------------------------------------------------------- averages
def bootstrap_interval(
    values: Sequence[float] | np.ndarray, *, level: float = 0.95, resamples: int = 10_000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean (Efron & Tibshirani, An Introduction to the Bootstrap, chapter 13).

    Args:
        values: (M,), one value an *object*; a single value gives an interval without width.
        level: probability content.
        resamples: how many resamplings of the M objects.
        seed: of the resampling.

    Raises:
        ValueError: no values, more than one dimension, or NaN.
    """
    values = np.asarray(values, np.float64)
    if values.ndim != 1 or len(values) == 0:
        raise ValueError(f"expected the scores (M,) of at least one object, found shape {values.shape}.")
    if not np.isfinite(values).all():
        raise ValueError(f"{(~np.isfinite(values)).sum()} of {len(values)} scores are NaN or infinite.")
    generator = np.random.default_rng(seed)
    block = max(1, 4_000_000 // len(values))  # keeps the draws of a block below 32 MB
    means = [
        values[generator.integers(0, len(values), (min(block, resamples - start), len(values)))].mean(axis=1)
        for start in range(0, resamples, block)
    ]
    low, high = np.quantile(np.concatenate(means), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


@dataclass(frozen=True)
class Evaluation:
    """Scores of one method: ``objects[i]`` (``"synset/model"``) is what the scores' item i is about.

    ``images``: whether the items are images (views), or the method looks at none (floor, autoencoder, mean shape, …).
    ``seeds``: where the method was trained with several seeds, the scores of each on the same items; ``scores`` are then
    their averages.
    """

    method: str
    objects: Sequence[str]
    scores: Scores
    images: bool = True
    seeds: Sequence[Scores] = ()

    def restricted_to(self, synsets: Collection[str]) -> Evaluation:
        """The part that is about some classes."""
        keep = np.array([name.split("/")[0] in synsets for name in self.objects], bool)
        objects = [name for name, kept in zip(self.objects, keep, strict=True) if kept]
        scores, *seeds = ({key: part[keep] for key, part in one.items()} for one in (self.scores, *self.seeds))
        return replace(self, objects=objects, scores=scores, seeds=seeds)

    def object_means(self, key: str = "chamfer") -> dict[str, float]:
        """Object → mean of one score over its views."""
        return {name: float(mean) for name, mean in group_means(self.scores[key], self.objects).items()}


def merge_seeds(evaluations: Sequence[Evaluation]) -> Evaluation:
    """One evaluation of a method trained with several seeds: every item's score is averaged over the seeds first.

    Args:
        evaluations: one a seed, of the same items in the same order; the first gives the name.

    Raises:
        ValueError: they were scored on different items.
    """
    first = evaluations[0]
    for other in evaluations[1:]:
        if list(other.objects) != list(first.objects):
            raise ValueError(
                f"{first.method}: its training seeds were scored on different items ({len(first.objects)} and "
                f"{len(other.objects)}). Seeds of one model have to be trained on the same classes."
            )
    if len(evaluations) == 1:
        return first
    seeds = [evaluation.scores for evaluation in evaluations]
    averages = {key: np.mean([scores[key] for scores in seeds], axis=0) for key in first.scores}
    return replace(first, scores=averages, seeds=seeds)


_KEYS = ("chamfer", "forward", "backward", "emd", "f_score_1", "f_score_2")  # in the order of a table's columns
_WITH_INTERVAL = ("chamfer", "emd")


def summary(evaluation: Evaluation, classes: str, *, seed: int = 0) -> dict[str, Any]:
    """One row of the results table: means over objects with a 95 % bootstrap interval over objects.

    Args:
        evaluation: of at least one object.
        classes: name of the class or class group that the row is about.
        seed: of the bootstrap.

    Returns:
        ``model, classes, n_models, n_views, chamfer, chamfer_low, chamfer_high, forward, backward`` and, as far as they
        were scored, ``emd, emd_low, emd_high, f_score_1, f_score_2``. With several training seeds also ``n_seeds``, and
        ``chamfer_seed_std`` (and ``emd_seed_std``): the standard deviation of the seeds' means (n − 1 in the denominator).
    """
    row: dict[str, Any] = {
        "model": evaluation.method,
        "classes": classes,
        "n_models": len(set(evaluation.objects)),
        "n_views": len(evaluation.objects) if evaluation.images else 0,
    }
    if evaluation.seeds:
        row["n_seeds"] = len(evaluation.seeds)
    for key in _KEYS:
        if key not in evaluation.scores:
            continue
        means = _means_over_objects(evaluation.scores[key], evaluation.objects)
        row[key] = float(means.mean())
        if key in _WITH_INTERVAL:
            row[f"{key}_low"], row[f"{key}_high"] = bootstrap_interval(means, seed=seed)
            if evaluation.seeds:
                each = [_means_over_objects(scores[key], evaluation.objects).mean() for scores in evaluation.seeds]
                row[f"{key}_seed_std"] = float(np.std(each, ddof=1))
    return row


def _means_over_objects(values: np.ndarray, objects: Sequence[str]) -> np.ndarray:
    return np.array(list(group_means(values, objects).values()))


def comparison(
    evaluations: Sequence[Evaluation], classes: str, synsets: Collection[str], *, seed: int = 0
) -> list[dict[str, Any]]:
    """Rows of all methods that were scored on *every* object of some classes: only those compare with one another.

    Args:
        evaluations: in the order of the table.
        classes: name of the classes, for the rows.
        synsets: which classes.
        seed: of the bootstrap.
    """
    parts = [evaluation.restricted_to(synsets) for evaluation in evaluations]
    every = {name for part in parts for name in part.objects}
    return [summary(part, classes, seed=seed) for part in parts if every and set(part.objects) == every]


# ------------------------------------------------------------------------------------------------------------ tables
TABLE_FORMATS = ("markdown", "csv", "plain", "latex")


def table(
    rows: Sequence[Mapping[str, Any]],
    format: str = "markdown",
    columns: Sequence[str] | None = None,
    digits: int = 2,
    *,
    titles: Mapping[str, str] | None = None,
    best: Mapping[str, str] | None = None,
    contenders: Collection[str] | None = None,
    intervals: bool = False,
) -> str:
    """Rows as text: ``"markdown"``, ``"csv"`` (full precision), ``"plain"`` (aligned) or ``"latex"`` (booktabs).

    Args:
        rows: dictionaries; a key that a row lacks gives an empty cell.
        format: see above. LaTeX text is escaped; the document needs ``\\usepackage{booktabs}``.
        columns: which keys, in which order; by default all, in the order of first appearance.
        digits: after the point, except in CSV.
        titles: headings, where they differ from the keys; not in CSV.
        best: key → ``"low"`` or ``"high"``: which value is the best one, and bold in Markdown and LaTeX.
        contenders: the rows that may be best, by their value in the first column; by default all.
        intervals: in one cell with their value, ``9.17 [8.04, 10.35]``, where a row has ``x``, ``x_low`` and ``x_high``;
            in Markdown and LaTeX.
    """
    choose("format", format, TABLE_FORMATS)
    columns = list(columns or dict.fromkeys(key for row in rows for key in row))
    if format == "csv":
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([["" if row.get(name) is None else row[name] for name in columns] for row in rows])
        return text.getvalue()

    marked_up = format in ("markdown", "latex")
    joined = {name for name in columns if intervals and marked_up and any(f"{name}_low" in row for row in rows)}
    columns = [name for name in columns if name.removesuffix("_low").removesuffix("_high") not in joined - {name}]
    winners = _best_values(rows, best or {}, columns[0], contenders, digits) if marked_up and columns else {}
    bold = {"markdown": "**{}**", "latex": "\\textbf{{{}}}"}.get(format, "{}")
    escape = {"markdown": lambda text: text.replace("|", "\\|"), "latex": latex_escaped}.get(format, str)

    def number(value: Any) -> str:
        return "" if value is None else f"{value:.{digits}f}" if isinstance(value, float) else str(value)

    def cell(row: Mapping[str, Any], name: str) -> str:
        text = escape(number(row.get(name)))
        competes = contenders is None or row.get(columns[0]) in contenders
        if text and competes and text == winners.get(name):
            text = bold.format(text)
        if name in joined and row.get(f"{name}_low") is not None:
            text += f" [{number(row[f'{name}_low'])}, {number(row[f'{name}_high'])}]"
        return text

    cells = [[cell(row, name) for name in columns] for row in rows]
    headings = [escape((titles or {}).get(name, name)) for name in columns]
    numeric = [
        bool(rows) and all(isinstance(row.get(name), (int, float, np.number, type(None))) for row in rows)
        for name in columns
    ]
    if format == "latex":
        lines = [" & ".join(line) + r" \\" for line in (headings, *cells)]
        kinds = "".join("r" if right else "l" for right in numeric)
        return "\n".join(
            [rf"\begin{{tabular}}{{{kinds}}}", r"\toprule", lines[0], r"\midrule", *lines[1:], r"\bottomrule"]
            + [r"\end{tabular}"]
        )
    if format == "markdown":
        lines = [headings, ["--:" if right else "---" for right in numeric], *cells]
        return "\n".join("| " + " | ".join(line) + " |" for line in lines)
    widths = [max(map(len, column)) for column in zip(headings, *cells, strict=True)]
    return "\n".join(
        "  ".join(
            value.rjust(width) if right else value.ljust(width)
            for value, width, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in [headings, *cells]
    )


def _best_values(
    rows: Sequence[Mapping[str, Any]],
    best: Mapping[str, str],
    first: str,
    contenders: Collection[str] | None,
    digits: int,
) -> dict[str, str]:
    """Key → the best value as the table shows it, so that two rows that look alike are both the best."""
    found = {}
    for name, direction in best.items():
        choose("best", direction, ("low", "high"))
        values = [
            row[name] for row in rows if row.get(name) is not None and (contenders is None or row[first] in contenders)
        ]
        if values:
            found[name] = f"{min(values) if direction == 'low' else max(values):.{digits}f}"
    return found


_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "λ": r"$\lambda$", "α": r"$\alpha$", "σ": r"$\sigma$",
    "×": r"$\times$", "±": r"$\pm$", "≤": r"$\leq$", "−": "$-$", "°": r"$^{\circ}$", "–": "--", "…": r"\ldots{}",
}  # fmt: skip


def latex_escaped(text: str) -> str:
    """Text as LaTeX typesets it literally: its special characters escaped, the kit's symbols in mathematics."""
    return "".join(_LATEX.get(character, character) for character in text)
