"""Exact nearest neighbours among points: in a grid where numba is installed (the extra ``fast``), else in SciPy's k-d trees.

Both compute in float64 and find the same neighbours and distances to the last bit. Where several points are equally near, such
as copies of one point, the grid takes the one with the lowest index, a k-d tree any. NumPy only: worker processes start
without torch, and whoever searches nothing without numba.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lmnet_utils.core import parallel
from lmnet_utils.geometry.compiled import compiled

_PARTS_A_CORE = 4  # of a batch: clouds differ in what they take


def prepared(points: NDArray[Any]) -> Any:
    """A cloud (N, 3), N ≥ 1, ready to be searched, or searched for, by :func:`nearest`, many times."""
    grid = compiled("grid_search")
    points = np.ascontiguousarray(points, np.float64)
    return grid.sorted_into_cells(points) if grid else cKDTree(points, leafsize=16, balanced_tree=False)


def nearest(queries: Any, among: Any) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For each point of one cloud the nearest of another, both :func:`prepared`: distances (N,) and indices (N,)."""
    grid = compiled("grid_search")
    if not grid:
        return among.query(queries.data)
    squared, found = np.empty(len(queries.order)), np.empty(len(queries.order), np.int64)
    grid.search(queries, among, squared, found)
    return np.sqrt(squared), found


def nearest_in_batch(x: NDArray[Any], y: NDArray[Any], both: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """For each point of ``x`` (B, N, 3) the index (B, N) of the nearest of the same item's of ``y`` (B, M, 3).

    With ``both`` also the indices (B, M) of the nearest of ``x`` for each of ``y``; else an array without meaning. The items
    are spread over the cores that this process may use.
    """
    x, y = (np.ascontiguousarray(cloud, np.float64) for cloud in (x, y))
    to_y, to_x = np.empty(x.shape[:2], np.int64), np.empty(y.shape[:2] if both else (len(x), 0), np.int64)
    grid = compiled("grid_search")
    parts = min(len(x), _PARTS_A_CORE * parallel.cores() if parallel.cores() > 1 else 1)

    def search(part: slice) -> None:  # without the interpreter lock, numba's loop as SciPy's
        if grid:
            grid.search_batch(x[part], y[part], to_y[part], to_x[part], both)
            return
        for item in range(part.start, part.stop):
            x_tree, y_tree = prepared(x[item]), prepared(y[item])
            to_y[item] = nearest(x_tree, y_tree)[1]
            if both:
                to_x[item] = nearest(y_tree, x_tree)[1]

    bounds = np.linspace(0, len(x), parts + 1).astype(int)
    slices = [slice(*pair) for pair in zip(bounds[:-1], bounds[1:], strict=True)]
    list((parallel.pool().map if parts > 1 else map)(search, slices))
    return to_y, to_x


class NearestToMoving:
    """The nearest points for a cloud that moves from step to step, as in ICP without numba.

    A point's neighbour is searched again only once another one may have come nearer: what was second nearest at the last
    search cannot have come nearer than by the motion since.

    Args:
        fixed: (N, 3) float64, the points that stay.
        count: how many move.
    """

    def __init__(self, fixed: NDArray[np.float64], count: int) -> None:
        self._points, self._fixed = fixed, cKDTree(fixed, leafsize=16, balanced_tree=False)
        self._searched_at, self._second = np.zeros((count, 3)), np.full(count, -np.inf)  # all are searched at first
        self._near = np.zeros(count, np.int64)

    def of(self, moved: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Indices (M,) of the nearest fixed points of (M, 3) float64, and how far they are; both belong to the caller."""
        motion = _lengths(moved - self._searched_at)
        distances = _lengths(moved - self._points[self._near])
        stale = np.flatnonzero(distances >= (self._second - motion) * (1 - 1e-9) - 1e-14 * np.abs(moved).max())
        if len(stale):
            found, near = self._fixed.query(moved[stale], k=2)  # a fixed cloud of one point: inf for the second
            self._searched_at[stale], self._near[stale] = moved[stale], near[:, 0]
            distances[stale], self._second[stale] = found.T
        return self._near.copy(), distances


def _lengths(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.sqrt(np.einsum("ni,ni->n", vectors, vectors))
