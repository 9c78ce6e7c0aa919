"""The paper's evaluation protocol (section 5), and the choice of the nearest candidate.

Scores are ×100. Averages are taken over objects, not over views: the 24 views of one object are not 24 independent measurements.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.spatial import cKDTree

from lmnet_utils.core import parallel
from lmnet_utils.core.checks import choose
from lmnet_utils.geometry import pairs
from lmnet_utils.geometry.neighbours import nearest, prepared
from lmnet_utils.geometry.pointclouds import scale_to_unit_cube, subset_indices

EVALUATION_POINTS = 1024
"""Points a cloud is compared with; source: official ``metrics.py`` (``NUM_EVAL_POINTS``)."""

Scores = dict[str, np.ndarray]


@dataclass(frozen=True)
class Protocol:
    """What the paper's protocol leaves open; see :func:`score`, which takes the same three."""

    icp: str | None = None
    emd: bool = False
    seed: int = 0


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
            :func:`lmnet_utils.geometry.pairs.aligned`.
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

    Each cloud is prepared for searching once.

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
    truth_points, other_points = [prepared(cloud) for cloud in truth], [prepared(cloud) for cloud in others]
    parts = {name: np.empty((len(truth), len(others))) for name in ("forward", "backward")}

    def fill(row: int) -> None:  # without the interpreter lock while it searches
        for column, other in enumerate(other_points):
            parts["forward"][row, column] = 100 * nearest(truth_points[row], other)[0].mean()
            parts["backward"][row, column] = 100 * nearest(other, truth_points[row])[0].mean()

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


def nearest_by_chamfer(
    ground_truth: np.ndarray,
    candidates: np.ndarray,
    allowed: Sequence[np.ndarray | None] = (None,),
    *,
    seed: int = 0,
    progress: bool = False,
) -> list[np.ndarray]:
    """For each ground truth the candidate with the smallest Chamfer distance of :func:`chamfer_matrix`: an oracle.

    It bounds all retrieval. The forward part is a bound of the whole distance: candidates come in its order, and where it
    is beyond the best whole distance so far no backward part is computed, about half of the work.

    Args:
        ground_truth: (T, M, 3). ``candidates``: (C, N, 3).
        allowed: each (T, C) which candidates count, at least one for each ground truth; None for all.
        seed, progress: as :func:`chamfer_matrix`.

    Returns:
        For each of ``allowed`` (T,) int64 indices.

    Raises:
        ValueError: a ground truth without an allowed candidate.
    """
    truth = scale_to_unit_cube(_checked(ground_truth, "ground_truth"))
    others = protocol_clouds(candidates, seed=seed)
    other_points = [prepared(cloud) for cloud in others]
    masks = [np.ones((len(truth), len(others)), bool) if mask is None else mask for mask in allowed]
    for mask in masks:
        if not mask.any(axis=1).all():
            raise ValueError(f"no candidate is allowed for ground truth {(~mask.any(axis=1)).argmax()}.")
    found = np.zeros((len(masks), len(truth)), np.int64)

    def choose_for(row: int) -> None:  # without the interpreter lock while it searches
        points = prepared(truth[row])
        forward = np.array([nearest(points, other)[0].mean() for other in other_points])
        order = np.argsort(forward, kind="stable")
        backward = functools.cache(lambda column: nearest(other_points[column], points)[0].mean())
        for k, mask in enumerate(masks):
            best = np.inf
            for column in order[mask[row, order]]:
                if forward[column] > best:
                    break
                if (total := forward[column] + backward(column)) < best:
                    best, found[k, row] = total, column

    bar = {"desc": "Nearest of all candidates", "disable": not progress}
    list(parallel.each(choose_for, zip(range(len(truth))), threads=True, bar=bar))
    return list(found)


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
