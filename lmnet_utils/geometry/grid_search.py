"""Exact nearest neighbours in a uniform grid: loops that numba compiles (the extra ``fast``), free of the interpreter lock.

The points of a cloud are sorted by the cells of a grid over their bounding box. A query looks into its own cell first; then
into the cells within the best distance so far, from the middle outwards, as long as a row of cells is near enough.
Distances are computed as SciPy's k-d tree computes them, in float64 and in the same order, so both find the same to the
last bit; of equal distances the point with the lowest index is taken. What is pruned is farther than the best by more than
rounding can be wrong.

This module imports numba, which takes half a second, and, when first used on a machine, compiles for some seconds; numba
keeps the machine code beside the module. The package asks :mod:`lmnet_utils.geometry.neighbours`, which does without.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numba import boolean, float64, int32, int64, njit, types
from numpy.typing import NDArray

POINTS_A_CELL = 20
"""Points in a square of cells: a surface of 2048 points gets 10 cells a side. (16 are no faster late in a training, and
twice as slow where one cloud is still a small clump.)"""
MOST_CELLS = 64  # a side


class Grid(NamedTuple):
    """A cloud of N points sorted into S³ cells; made by :func:`sorted_into_cells`."""

    side: int
    """S, cells a side."""
    low: NDArray[np.float64]
    """(3,) corner of the bounding box."""
    cells_a_unit: NDArray[np.float64]
    """(3,) 0 where the box has no extent."""
    starts: NDArray[np.int32]
    """(S³ + 1,) the first point of each cell, the last axis running fastest."""
    order: NDArray[np.int32]
    """(N,) index of each sorted point."""
    places: NDArray[np.float64]
    """(3, N) coordinates of the sorted points."""
    slack: float
    """More than rounding can move a point, in the cloud's unit."""


def _array(kind: Any, dimensions: int) -> Any:
    return types.Array(kind, dimensions, "C", readonly=True)


_Grid = types.NamedTuple(
    [int64, float64[::1], float64[::1], int32[::1], int32[::1], float64[:, ::1], float64], Grid
)  # as numba knows it
_OPTIONS = {"cache": True, "nogil": True}


@njit(forceinline=True)
def _cell(x, low, cells_a_unit, side):  # type: ignore[no-untyped-def]
    """Grows with x whatever is rounded, so what lies between two coordinates lies between their cells."""
    place = (x - low) * cells_a_unit
    if not place > 0.0:
        return 0
    return side - 1 if place >= side else int(place)


@njit(_Grid(_array(float64, 2)), **_OPTIONS)
def sorted_into_cells(points):  # type: ignore[no-untyped-def]
    """(N, 3) float64 → :class:`Grid`, N ≥ 1; the counts a cell first, then each point to its place."""
    n = len(points)
    side = min(max(int(np.sqrt(n / POINTS_A_CELL) + 0.5), 1), MOST_CELLS)
    low, cells_a_unit, largest = np.empty(3), np.zeros(3), 0.0
    for axis in range(3):
        low[axis] = high = points[0, axis]
        for i in range(1, n):
            low[axis], high = min(low[axis], points[i, axis]), max(high, points[i, axis])
        largest = max(largest, max(-low[axis], high))
        if high > low[axis]:
            cells_a_unit[axis] = side / (high - low[axis])
    starts, cell_of = np.zeros(side**3 + 1, np.int32), np.empty(n, np.int32)
    for i in range(n):
        cell = 0
        for axis in range(3):
            cell = cell * side + _cell(points[i, axis], low[axis], cells_a_unit[axis], side)
        cell_of[i] = cell
        starts[cell + 1] += 1
    for cell in range(side**3):
        starts[cell + 1] += starts[cell]
    order, places, free = np.empty(n, np.int32), np.empty((3, n)), starts.copy()
    for i in range(n):
        to = free[cell_of[i]]
        free[cell_of[i]] = to + 1
        order[to] = i
        for axis in range(3):
            places[axis, to] = points[i, axis]
    return Grid(side, low, cells_a_unit, starts, order, places, 1e-14 * largest + 1e-150)


@njit(forceinline=True)
def _gap(x, cell, own, low, width, side, slack):  # type: ignore[no-untyped-def]
    """Square of a lower bound of how far, along one axis, points of a layer of cells are."""
    gap = 0.0
    if cell > own or x < low:
        gap = low + cell * width - x
    elif cell < own or cell == side - 1:
        gap = x - (low + (cell + 1) * width)
    gap = max(gap - slack, 0.0)
    return gap * gap


@njit(forceinline=True)
def _scan(grid, x, y, z, begin, end, two, state):  # type: ignore[no-untyped-def]
    """Compare with the sorted points from ``begin`` to ``end``; ``state`` is (place, distance², the second's distance²)."""
    at, best, second = state
    px, py, pz = grid.places[0], grid.places[1], grid.places[2]
    for j in range(begin, end):
        dx, dy, dz = px[j] - x, py[j] - y, pz[j] - z
        distance = dx * dx + dy * dy + dz * dz
        if distance <= (second if two else best) and j != at:
            if distance < best or (distance == best and grid.order[j] < grid.order[at]):
                at, best, second = j, distance, best
            elif two:
                second = distance
    return at, best, second


@njit(types.Tuple([int64, float64, float64])(_Grid, float64, float64, float64, float64, int64, boolean), **_OPTIONS)
def _nearest(grid, slack, x, y, z, start, two):  # type: ignore[no-untyped-def]
    """The nearest sorted point, its squared distance, and, with ``two``, that of the second; ``start`` is any of them."""
    side, low, per, starts, places = grid.side, grid.low, grid.cells_a_unit, grid.starts, grid.places
    dx, dy, dz = places[0, start] - x, places[1, start] - y, places[2, start] - z
    state = start, dx * dx + dy * dy + dz * dz, np.inf
    own_x, own_y, own_z = _cell(x, low[0], per[0], side), _cell(y, low[1], per[1], side), _cell(z, low[2], per[2], side)
    own_row = (own_x * side + own_y) * side
    own_begin, own_end = starts[own_row + max(own_z - 1, 0)], starts[own_row + min(own_z + 1, side - 1) + 1]
    state = _scan(grid, x, y, z, own_begin, own_end, two, state)
    limit = (state[2] if two else state[1]) * (1 + 1e-12)
    reach = np.sqrt(limit) + slack
    low_x, high_x = _cell(x - reach, low[0], per[0], side), _cell(x + reach, low[0], per[0], side)
    low_y, high_y = _cell(y - reach, low[1], per[1], side), _cell(y + reach, low[1], per[1], side)
    low_z, high_z = _cell(z - reach, low[2], per[2], side), _cell(z + reach, low[2], per[2], side)
    width_x, width_y = 1 / per[0] if per[0] > 0 else 0.0, 1 / per[1] if per[1] > 0 else 0.0
    for i in range(2 * max(own_x - low_x, high_x - own_x) + 1):
        cell_x = own_x + ((i + 1) // 2 if i % 2 else -(i // 2))  # own, +1, −1, +2, −2 …
        if cell_x < low_x or cell_x > high_x:
            continue
        gap_x = _gap(x, cell_x, own_x, low[0], width_x, side, slack)
        if gap_x > limit:
            continue
        for j in range(2 * max(own_y - low_y, high_y - own_y) + 1):
            cell_y = own_y + ((j + 1) // 2 if j % 2 else -(j // 2))
            if cell_y < low_y or cell_y > high_y:
                continue
            row = (cell_x * side + cell_y) * side
            begin, end = starts[row + low_z], starts[row + high_z + 1]
            if row == own_row:
                state = _scan(grid, x, y, z, begin, own_begin, two, state)
                state = _scan(grid, x, y, z, own_end, end, two, state)
            elif begin < end:
                rest = limit - gap_x - _gap(y, cell_y, own_y, low[1], width_y, side, slack)
                if rest < 0:
                    continue
                if end - begin > 6:  # a square root is worth it
                    reach = np.sqrt(rest) * (1 + 1e-12) + slack
                    begin = starts[row + _cell(z - reach, low[2], per[2], side)]
                    end = starts[row + _cell(z + reach, low[2], per[2], side) + 1]
                state = _scan(grid, x, y, z, begin, end, two, state)
            limit = min(limit, (state[2] if two else state[1]) * (1 + 1e-12))
    return state


@njit(types.void(_Grid, _Grid, float64[::1], int64[::1]), **_OPTIONS)
def search(queries, grid, squared, found):  # type: ignore[no-untyped-def]
    """Squared distances and indices of the nearest points, both in the order that the queries had before the sorting.

    Every query (they are a :class:`Grid` themselves) starts at the answer of the one before, which is near by.
    """
    slack, at = max(queries.slack, grid.slack), 0
    for k in range(len(queries.order)):
        x, y, z = queries.places[0, k], queries.places[1, k], queries.places[2, k]
        at, best, _ = _nearest(grid, slack, x, y, z, at, False)
        squared[queries.order[k]], found[queries.order[k]] = best, grid.order[at]


@njit(types.void(_array(float64, 3), _array(float64, 3), int64[:, ::1], int64[:, ::1], boolean), **_OPTIONS)
def search_batch(x, y, to_y, to_x, both):  # type: ignore[no-untyped-def]
    """Indices of the nearest points of ``y`` (B, M, 3) for each of ``x`` (B, N, 3), into ``to_y``; with ``both`` also back."""
    squared = np.empty(max(x.shape[1], y.shape[1]))
    for item in range(len(x)):
        x_grid, y_grid = sorted_into_cells(x[item]), sorted_into_cells(y[item])
        search(x_grid, y_grid, squared, to_y[item])
        if both:
            search(y_grid, x_grid, squared, to_x[item])


@njit(types.void(_Grid, _array(float64, 2), float64[:, ::1], float64[::1], int64[::1], int64[::1]), **_OPTIONS)
def search_moved(grid, moved, searched_at, slack, places, near):  # type: ignore[no-untyped-def]
    """For moving points (N, 3): search anew those that may have come nearer to another point than to their nearest.

    Args:
        grid: of the points that stay.
        moved: (N, 3) where they are now.
        searched_at: (N, 3) where they were searched last, and ``slack`` (N,) half of what their second neighbour was
            farther then: the least motion after which a point must be searched anew; 0 for one that never was.
        places: (N,) place of the nearest among the grid's sorted points, and ``near`` (N,) its index. All are brought up to date.
    """
    largest = 0.0
    for k in range(len(moved)):
        for axis in range(3):
            largest = max(largest, abs(moved[k, axis]))
    rounding = max(grid.slack, 1e-14 * largest)
    for k in range(len(moved)):
        x, y, z = moved[k, 0], moved[k, 1], moved[k, 2]
        dx, dy, dz = x - searched_at[k, 0], y - searched_at[k, 1], z - searched_at[k, 2]
        if np.sqrt(dx * dx + dy * dy + dz * dz) >= slack[k] * (1 - 1e-9):
            places[k], best, second = _nearest(grid, rounding, x, y, z, places[k], True)
            near[k] = grid.order[places[k]]
            slack[k] = (np.sqrt(second) - np.sqrt(best)) / 2
            searched_at[k, 0], searched_at[k, 1], searched_at[k, 2] = x, y, z


@njit(
    float64(_array(float64, 2), _array(float64, 2), _array(float64, 2), int64[::1], float64[::1], float64[:, ::1]),
    **_OPTIONS,
)
def pair_sums(centred, moved, fixed, near, middle, covariance):  # type: ignore[no-untyped-def]
    """The mean distance of the pairs ``moved[k]``, ``fixed[near[k]]``; see :meth:`neighbours.NearestToMoving.pair_sums`.

    Args:
        centred, moved: (N, 3). ``fixed``: (M, 3). ``near``: (N,).
        middle, covariance: (3,) and (3, 3), which are brought up to date.
    """
    middle[:], covariance[:] = 0.0, 0.0
    for k in range(len(near)):
        for axis in range(3):
            middle[axis] += fixed[near[k], axis]
    middle /= len(near)
    distances = 0.0
    for k in range(len(near)):
        squared = 0.0
        for j in range(3):
            squared += (moved[k, j] - fixed[near[k], j]) ** 2
            deviation = fixed[near[k], j] - middle[j]
            for i in range(3):
                covariance[i, j] += centred[k, i] * deviation
        distances += np.sqrt(squared)
    return distances / len(near)
