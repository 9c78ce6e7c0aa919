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


@njit(boolean(float64[:, ::1], float64[:, ::1]), **_OPTIONS)
def best_rotation(covariance, rotation):  # type: ignore[no-untyped-def]
    """The proper rotation that maximises tr(R·covariance), both (3, 3), into ``rotation``; False, with nothing done, where
    points on a line leave it open.

    One-sided Jacobi rotations make the columns of covariance·V orthogonal (Hestenes 1958), to rounding; the third axes are
    the cross products of the first two, which is Kabsch's rotation whatever the sign of the determinant.
    """
    u, v = covariance.copy(), np.eye(3)
    for _ in range(30):  # three or four are enough
        turned = False
        for p in range(2):
            for q in range(p + 1, 3):
                a = b = c = 0.0
                for i in range(3):
                    a, b, c = a + u[i, p] * u[i, p], b + u[i, q] * u[i, q], c + u[i, p] * u[i, q]
                if abs(c) <= 1e-15 * np.sqrt(a * b):
                    continue
                turned = True
                cotangent = (b - a) / (2 * c)
                tangent = (1.0 if cotangent >= 0 else -1.0) / (abs(cotangent) + np.sqrt(1 + cotangent * cotangent))
                cosine = 1 / np.sqrt(1 + tangent * tangent)
                sine = cosine * tangent
                for i in range(3):
                    u[i, p], u[i, q] = cosine * u[i, p] - sine * u[i, q], sine * u[i, p] + cosine * u[i, q]
                    v[i, p], v[i, q] = cosine * v[i, p] - sine * v[i, q], sine * v[i, p] + cosine * v[i, q]
        if not turned:
            break
    sizes, least = np.empty(3), 0
    for k in range(3):
        sizes[k] = np.sqrt(u[0, k] * u[0, k] + u[1, k] * u[1, k] + u[2, k] * u[2, k])
        if sizes[k] < sizes[least]:
            least = k
    first, second = (least + 1) % 3, (least + 2) % 3
    if min(sizes[first], sizes[second]) <= 1e-9 * max(sizes[first], sizes[second]):
        return False
    for i in range(3):
        u[i, first], u[i, second] = u[i, first] / sizes[first], u[i, second] / sizes[second]
    for i in range(3):  # both right-handed: first × second
        j, k = (i + 1) % 3, (i + 2) % 3
        u[i, least] = u[j, first] * u[k, second] - u[k, first] * u[j, second]
        v[i, least] = v[j, first] * v[k, second] - v[k, first] * v[j, second]
    for i in range(3):
        for j in range(3):
            rotation[i, j] = v[i, 0] * u[j, 0] + v[i, 1] * u[j, 1] + v[i, 2] * u[j, 2]
    return True


@njit(boolean(_Grid, _array(float64, 2), _array(float64, 2), float64[:, ::1], int64[::1]), **_OPTIONS)
def _search_moved(grid, fixed, moved, known, near):  # type: ignore[no-untyped-def]
    """The nearest fixed point of each moved one; whether any is another than before.

    Searched anew are those for which another point may have come nearer: what was second nearest at the last search cannot
    have come nearer than by the motion since.

    Args:
        grid, fixed: of the points that stay, (M, 3). ``moved``: (N, 3).
        known: (5, N) where each was searched last, how far its second neighbour was then (−1 for never), and its place in the
            grid. ``near``: (N,) index of the nearest. Both are brought up to date.
    """
    largest, changed = 0.0, False
    for k in range(len(moved)):
        for axis in range(3):
            largest = max(largest, abs(moved[k, axis]))
    rounding = max(grid.slack, 1e-14 * largest)
    for k in range(len(moved)):
        x, y, z = moved[k, 0], moved[k, 1], moved[k, 2]
        dx, dy, dz = x - known[0, k], y - known[1, k], z - known[2, k]
        others = known[3, k] - np.sqrt(dx * dx + dy * dy + dz * dz)
        px, py, pz = x - fixed[near[k], 0], y - fixed[near[k], 1], z - fixed[near[k], 2]
        if np.sqrt(px * px + py * py + pz * pz) < others * (1 - 1e-9) - rounding:
            continue
        at, _, second = _nearest(grid, rounding, x, y, z, int(known[4, k]), True)
        known[0, k], known[1, k], known[2, k], known[3, k], known[4, k] = x, y, z, np.sqrt(second), at
        changed = changed or near[k] != grid.order[at]
        near[k] = grid.order[at]
    return changed


@njit(
    float64(_array(float64, 2), _array(float64, 2), _array(float64, 2), int64[::1], float64[::1], float64[:, ::1]),
    **_OPTIONS,
)
def _pair_sums(centred, moved, fixed, near, middle, covariance):  # type: ignore[no-untyped-def]
    """The mean distance of the pairs ``moved[k]``, ``fixed[near[k]]``, their mean fixed point (3,), and the covariance (3, 3)
    of ``centred`` (N, 3) with these, not divided by N; the last two go into the arrays."""
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


@njit(
    boolean(_array(float64, 2), _array(float64, 2), _Grid, int64, float64, float64[:, ::1], float64[::1]),
    **_OPTIONS,
)
def fitted(moving, fixed, grid, max_iterations, tolerance, rotation, shift):  # type: ignore[no-untyped-def]
    """ICP as :func:`lmnet_utils.geometry.pairs.fit`; R and t into ``rotation`` (3, 3), the unit matrix, and ``shift`` (3,), 0.

    Args:
        grid: of ``fixed`` (M, 3). ``moving``: (N, 3).

    Returns:
        False where points on a line leave a rotation open, which is for others to choose.
    """
    n, before = len(moving), 0.0
    middle, goal, covariance = np.zeros(3), np.empty(3), np.empty((3, 3))
    for k in range(n):
        for axis in range(3):
            middle[axis] += moving[k, axis]
    middle /= n
    centred, moved = np.empty((n, 3)), moving.copy()
    for k in range(n):
        for axis in range(3):
            centred[k, axis] = moving[k, axis] - middle[axis]
    known, near = np.zeros((5, n)), np.zeros(n, np.int64)
    known[3, :] = -1.0
    for step in range(max_iterations):
        if not _search_moved(grid, fixed, moved, known, near) and step > 0:
            break  # the same pairs have the same best motion
        error = _pair_sums(centred, moved, fixed, near, goal, covariance)
        if not best_rotation(covariance, rotation):
            return False
        for i in range(3):
            turned = rotation[i, 0] * middle[0] + rotation[i, 1] * middle[1] + rotation[i, 2] * middle[2]
            shift[i] = goal[i] - turned
        for k in range(n):
            for i in range(3):
                turned = rotation[i, 0] * moving[k, 0] + rotation[i, 1] * moving[k, 1] + rotation[i, 2] * moving[k, 2]
                moved[k, i] = turned + shift[i]
        if abs(before - error) < tolerance:
            break
        before = error
    return True
