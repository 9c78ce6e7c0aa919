"""What the evaluation computes for one pair of clouds: ICP, nearest distances, F-score, earth mover's distance.

NumPy and SciPy only, one thread, float64 arrays that have been checked: worker processes (:mod:`lmnet_utils.core.parallel`)
import this and start without torch. The function for everyone, batched and checked, is
:func:`lmnet_utils.evaluation.protocol.score`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from lmnet_utils.geometry.assignment import optimal_assignment
from lmnet_utils.geometry.compiled import compiled
from lmnet_utils.geometry.neighbours import NearestToMoving, nearest, prepared

F_SCORE_THRESHOLDS = (0.01, 0.02)
"""Of the unit cube's side; source: Tatarchenko et al., CVPR 2019, section 4.2, and twice theirs."""

SCORES = ("chamfer", "forward", "backward", "f_score_1", "f_score_2", "emd")


def score_pair(truth: NDArray[np.float64], guess: NDArray[np.float64], icp: str | None, emd: bool) -> list[float]:
    """:data:`SCORES` of one pair in the unit cube, as fractions of its side; the last one only if asked for.

    Args:
        truth: (M, 3).
        guess: (N, 3); moved onto the truth first with ``icp``, see :func:`lmnet_utils.evaluation.protocol.score`.
    """
    if icp is not None:
        guess = aligned(guess, truth, icp == "official")
    true_points, guessed = prepared(truth), prepared(guess)
    forward, backward = nearest(true_points, guessed)[0], nearest(guessed, true_points)[0]
    parts = [forward.mean(), backward.mean()]
    scores = [sum(parts), *parts, *f_score_of_distances(forward, backward, F_SCORE_THRESHOLDS)]
    return [*scores, matched_distance(truth, guess)] if emd else scores


def seconds_of(points: int, icp: bool, emd: bool) -> float:
    """What :func:`score_pair` takes, roughly: tells whether worker processes are worth their start."""
    thousands = points / 1024
    return 0.003 * thousands + 0.02 * thousands * icp + 0.04 * thousands**2.3 * emd


def matched_distance(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Earth mover's distance: the mean distance of the optimal one-to-one matching of (N, 3) and (N, 3). Exact.

    Source: paper, section 5. The official ``metrics.py`` matches by an auction that stops before the optimum, so its
    values are upper bounds of this one.
    """
    loops = compiled("augmenting_paths")
    cost = loops.distances(np.ascontiguousarray(x), np.ascontiguousarray(y)) if loops else cdist(x, y)
    return cost[np.arange(len(x)), optimal_assignment(cost)].mean()


def f_score_of_distances(
    forward: NDArray[np.float64], backward: NDArray[np.float64], thresholds: Sequence[float] | NDArray[np.float64]
) -> NDArray[np.float64]:
    """F-scores (…, T) from the nearest-neighbour distances of two clouds, (…, N) and (…, M).

    The harmonic mean of the shares of each cloud's points that lie nearer than a threshold to the other cloud, 0 to 1.

    Source: Knapitsch et al., "Tanks and Temples", SIGGRAPH 2017, equations 3 to 5; Tatarchenko et al., "What do
    single-view 3D reconstruction networks learn?", CVPR 2019, for thresholds of 1 and 2 % of the unit cube's side.
    """
    limits = np.asarray(thresholds, np.float64)
    recall, precision = ((distances[..., None] < limits).mean(axis=-2) for distances in (forward, backward))
    total = precision + recall
    return 2 * precision * recall / np.where(total > 0, total, 1)


# --------------------------------------------------------------------------------------------------------------- ICP
def aligned(
    points: NDArray[np.float64],
    goal: NDArray[np.float64],
    official: bool,
    max_iterations: int = 1000,
    tolerance: float = 1e-10,
) -> NDArray[np.float64]:
    """One cloud moved onto another by the iterative closest point method. Rigid, exact neighbours.

    As in the official evaluation it is the *goal* that is fitted: each of its points is paired with the nearest point,
    the proper rotation and the shift of least squares (Kabsch) are found, and so on until the pairs or the mean distance no
    longer change; the points are then moved by the inverse. The mean squared distance from the goal's points to the nearest
    points never grows.

    Source: Besl & McKay 1992; official ``utils/icp.py`` and ``metrics.py``, whose limits are the defaults.

    Args:
        points: (N, 3), such as a prediction.
        goal: (M, 3), such as a ground truth. Where it leaves the rotation open (points on a line, a single point), the
            smallest rotation is taken.
        official: apply the official code's mistaken inverse P·R − t instead of (P − t)·R (rows are points, x → R·x + t
            fits the goal to the points), to compare with published figures. The result may be worse than no ICP.
        max_iterations: limit of the steps.
        tolerance: change of the mean distance below which it ends, in the clouds' unit.
    """
    rotation, shift = fit(goal, points, max_iterations, tolerance)
    return points @ rotation - shift if official else (points - shift) @ rotation


def fit(
    moving: NDArray[np.float64], fixed: NDArray[np.float64], max_iterations: int, tolerance: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """ICP of one cloud (M, 3) onto another (N, 3): rotation R (3, 3) and shift t (3,) of x → R·x + t; with and without numba
    the same to rounding."""
    rotation, shift = np.eye(3), np.zeros(3)
    if grid := compiled("grid_search"):
        clouds = np.ascontiguousarray(moving), np.ascontiguousarray(fixed)
        if grid.fitted(*clouds, prepared(fixed), max_iterations, tolerance, rotation, shift):
            return rotation, shift
    neighbours = NearestToMoving(fixed, len(moving))
    middle = moving.mean(axis=0)
    centred = moving - middle
    moved, shift, rotation = moving, np.zeros(3), np.eye(3)
    previous_error, previous_near = 0.0, None
    for _ in range(max_iterations):
        near, distances = neighbours.of(moved)
        if previous_near is not None and np.array_equal(near, previous_near):
            break  # the same pairs have the same best motion
        previous_near = near
        error, goal = distances.mean(), fixed[near].mean(axis=0)
        rotation = _kabsch(centred.T @ (fixed[near] - goal), rotation)
        shift = goal - rotation @ middle
        moved = moving @ rotation.T + shift
        if abs(previous_error - error) < tolerance:
            break
        previous_error = error
    return rotation, shift


def _kabsch(covariance: NDArray[np.float64], current: NDArray[np.float64]) -> NDArray[np.float64]:
    """The proper rotation R that maximises tr(R·covariance) (Kabsch 1976); ``current``, turned as little as it takes,
    where points on a line or in one place leave the rotation open."""
    u, (largest, second, _), vt = np.linalg.svd(covariance)
    if largest == 0:
        return current
    if second < 1e-9 * largest:
        return _shortest_turn(current @ u[:, 0], vt[0]) @ current
    if np.linalg.det(vt.T @ u.T) < 0:
        vt[2] = -vt[2]  # a reflection fits better: turn the axis of least weight round
    return vt.T @ u.T


def _shortest_turn(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """The rotation by the smallest angle that takes one unit vector to another (Rodrigues)."""
    cosine = start @ end
    if cosine < -1 + 1e-12:  # half a turn about any axis across: the one farthest from the vector, made perpendicular
        axis = np.eye(3)[np.abs(start).argmin()]
        axis = axis - (axis @ start) * start
        return 2 * np.outer(axis, axis) / (axis @ axis) - np.eye(3)
    x, y, z = np.cross(start, end)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    return np.eye(3) + cross + cross @ cross / (1 + cosine)
