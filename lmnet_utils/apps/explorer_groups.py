"""Many samples of an image as few different shapes with their shares: k-medoids on the distances between their clouds."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

MOST_GROUPS = 4
ALIKE = 4.0
"""Samples are grouped until they are on average at most so far from their group's shape: :func:`cloud_distance_matrix`."""
COMPARED_POINTS = 256
"""Of each cloud; the distances of 16 clouds then take some 20 ms."""


@dataclass(frozen=True)
class Group:
    """Samples that look alike, counted from 0: ``medoid`` is the one that stands for all ``members``, itself among them."""

    medoid: int
    members: tuple[int, ...]


def cloud_distance_matrix(clouds: np.ndarray) -> np.ndarray:
    """Chamfer distances between samples, ×100, in longest sides of the first one: both directions' means added, not squared.

    Args:
        clouds: (N, P, 3) of one decoder, whose point k is the same point in every cloud. The same :data:`COMPARED_POINTS` of
            each are compared, so that equal clouds have distance 0; distances of different ones come out larger than those of
            all points, by about half.

    Returns:
        (N, N) float64, symmetric, 0 on the diagonal.
    """
    chosen = np.linspace(0, clouds.shape[1], min(COMPARED_POINTS, clouds.shape[1]), endpoint=False).astype(int)
    points = np.ascontiguousarray(clouds[:, chosen], np.float32)
    points = points - points.mean(axis=(0, 1))  # small numbers: less rounding in what follows
    squares = np.square(points).sum(axis=-1)
    distances = np.zeros((len(points), len(points)))
    for i, j in itertools.combinations(range(len(points)), 2):
        between = squares[i][:, None] + squares[j] - 2 * points[i] @ points[j].T
        for axis in (0, 1):
            distances[i, j] += np.sqrt(np.maximum(between.min(axis=axis), 0)).mean()
    side = float(np.ptp(clouds[0], axis=0).max()) if len(clouds) else 1.0
    return 100 * (distances + distances.T) / (side or 1.0)


def k_medoids(distances: np.ndarray, count: int) -> tuple[int, ...]:
    """The ``count`` items to which all items are nearest on average. All choices are tried: for 16 items and 4 groups 1820.

    Args:
        distances: (N, N).
        count: 1 to N.

    Returns:
        Their numbers, ascending; of equally good choices the first.
    """
    choices = np.array(list(itertools.combinations(range(len(distances)), count)))
    costs = distances[choices].min(axis=1).sum(axis=1)
    return tuple(choices[int(np.argmin(np.round(costs, 9)))].tolist())


def grouped(distances: np.ndarray, alike: float = ALIKE, most: int = MOST_GROUPS) -> list[Group]:
    """Put samples into as few groups as will do.

    Args:
        distances: (N, N) of :func:`cloud_distance_matrix`, N ≥ 1.
        alike: the rule: the fewest groups whose samples are on average at most so far from their group's medoid …
        most: … but no more than these.

    Returns:
        The groups, the largest first; of equally large ones that with the first medoid.
    """
    for count in range(1, min(most, len(distances)) + 1):
        medoids = k_medoids(distances, count)
        nearest = np.argmin(distances[list(medoids)], axis=0)  # (N,)
        nearest[list(medoids)] = np.arange(count)  # a medoid stands for itself, even if another one is equal to it
        if distances[list(medoids)].min(axis=0).mean() <= alike:
            break
    groups = [Group(medoid, tuple(np.flatnonzero(nearest == k).tolist())) for k, medoid in enumerate(medoids)]
    return sorted(groups, key=lambda group: (-len(group.members), group.medoid))
