"""The paper's evaluation protocol, the baselines beside it, and averages with intervals.

Scores are ×100, under the protocol of the paper's section 5. Averages are taken over objects, not over views: the 24
views of one object are not 24 independent measurements.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from scipy.spatial import cKDTree

from lmnet_utils import pairs, parallel
from lmnet_utils.pointclouds import scale_to_unit_cube, subset_indices
from lmnet_utils.reproducibility import choose
from lmnet_utils.statistics import finite_interval, group_means, mean_interval

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


def chamfer_matrix(
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


def best_candidates(distances: np.ndarray, allowed: np.ndarray | None = None) -> np.ndarray:
    """For each ground truth its best candidate: an oracle, and the bound of all retrieval.

    Args:
        distances: (T, C), such as the Chamfer distances of :func:`chamfer_matrix`.
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
    """One evaluation of a method trained with several seeds.

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


def summary(evaluation: Evaluation, classes: str) -> dict[str, Any]:
    """One row of the results table: means over objects and training seeds, with 95 % intervals over both.

    Args:
        evaluation: of at least one object.
        classes: name of the class or class group that the row is about.

    Returns:
        ``model, classes, n_models, n_views, chamfer, chamfer_low, chamfer_high, forward, backward`` and, as far as they
        were scored, ``emd, emd_low, emd_high, f_score_1, f_score_2``. Intervals are those of
        :func:`lmnet_utils.statistics.mean_interval`, None with one object. With several training seeds also ``n_seeds``, and
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
        values = [scores[key] for scores in evaluation.seeds or [evaluation.scores]]  # (S, V)
        found = mean_interval(values, evaluation.objects)
        row[key] = found["mean"]
        if key in _WITH_INTERVAL:
            row |= {f"{key}_{end}": value for end, value in finite_interval(found).items()}
            if evaluation.seeds:
                each = [mean_interval(scores, evaluation.objects)["mean"] for scores in values]
                row[f"{key}_seed_std"] = float(np.std(each, ddof=1))
    return row


def comparison(evaluations: Sequence[Evaluation], classes: str, synsets: Collection[str]) -> list[dict[str, Any]]:
    """Rows of all methods that were scored on *every* object of some classes: only those compare with one another.

    Args:
        evaluations: in the order of the table.
        classes: name of the classes, for the rows.
        synsets: which classes.
    """
    parts = [evaluation.restricted_to(synsets) for evaluation in evaluations]
    every = {name for part in parts for name in part.objects}
    return [summary(part, classes) for part in parts if every and set(part.objects) == every]
