"""The optimal assignment as loops that numba compiles (the extra ``fast``): an auction for good prices, then exact paths.

The auction is that of :mod:`lmnet_utils.geometry.assignment`, one bidder at a time and to the end of each phase, in fp32: its
prices need only be good. From them, in float64, rows are matched along arcs that cost them nothing, and the rest by
shortest augmenting paths (Jonker & Volgenant, "A shortest augmenting path algorithm for dense and sparse linear
assignment problems", Computing 38, 1987). Those are exact whatever the prices are; good ones make them short.
"""

from __future__ import annotations

import numpy as np
from numba import float32, float64, int64, njit, types

_LANES = 64  # of a row at once, so that the processor's wide registers are used
_PHASES = 5
_FIRST, _FACTOR = 0.4, 0.15  # bid increments: first in units of the typical cost, then in units of the one before
_FAR = 1e6  # in those units: what is farther is as good as that
_MOST_TRIES = 60  # of rows that outbid each other, one after another, before paths are sought
_MOST_BIDS = 60  # a row: point clouds take about 25; many equal costs would take very many
_OPTIONS = {"cache": True, "nogil": True}
_Costs = types.Array(float64, 2, "C", readonly=True)
_NO_NAN = {"nnan", "nsz"}  # costs are finite: least values may be taken in any order


@njit(fastmath=_NO_NAN, forceinline=True)
def _least_of_lanes(row, price, first, second):  # type: ignore[no-untyped-def]
    """The two least of row + price at each place modulo the lanes, into ``first`` and ``second``."""
    for lane in range(_LANES):  # (numba compiles `first[:] = …` for a second)
        first[lane] = second[lane] = np.inf
    whole = len(row) // _LANES * _LANES
    for start in range(0, whole, _LANES):
        for lane in range(_LANES):
            value = row[start + lane] + price[start + lane]
            second[lane] = min(second[lane], max(first[lane], value))
            first[lane] = min(first[lane], value)
    for lane in range(len(row) - whole):
        value = row[whole + lane] + price[whole + lane]
        second[lane] = min(second[lane], max(first[lane], value))
        first[lane] = min(first[lane], value)


_Row = {float32: float32[::1], float64: types.Array(float64, 1, "C", readonly=True)}
_TWO = [types.Tuple([int64, kind, kind])(row, kind[::1], kind[::1], kind[::1]) for kind, row in _Row.items()]


@njit(_TWO, **_OPTIONS)
def _two_least(row, price, first, second):  # type: ignore[no-untyped-def]
    """Where row + price is least, how much that is, and the second least."""
    _least_of_lanes(row, price, first, second)
    at, best, other = 0, first[0], second[0]
    for lane in range(1, _LANES):
        if first[lane] < best:
            at, best, other = lane, first[lane], min(best, second[lane])
        else:
            other = min(other, first[lane])
    while row[at] + price[at] != best and at + _LANES < len(row):
        at += _LANES
    return at, best, other


@njit(float64[:, ::1](_Costs, _Costs), **_OPTIONS)
def distances(x, y):  # type: ignore[no-untyped-def]
    """Of every point of (N, 3) to every point of (M, 3), as SciPy's ``cdist`` gives them, to the last bit: (N, M)."""
    found, columns = np.empty((len(x), len(y))), np.empty((3, len(y)))
    for j in range(len(y)):
        for axis in range(3):
            columns[axis, j] = y[j, axis]
    for i in range(len(x)):
        for j in range(len(y)):
            dx, dy, dz = x[i, 0] - columns[0, j], x[i, 1] - columns[1, j], x[i, 2] - columns[2, j]
            found[i, j] = np.sqrt(dx * dx + dy * dy + dz * dz)
    return found


@njit(types.Tuple([float64[::1], float64[::1]])(_Costs), fastmath=_NO_NAN, **_OPTIONS)
def least_costs(cost):  # type: ignore[no-untyped-def]
    """Of each row the least cost, and of each column the least of what is left then; both (N,)."""
    n = len(cost)
    rows, columns = np.full(n, np.inf), np.full(n, np.inf)
    for row in range(n):
        least = np.inf
        for column in range(n):
            least = min(least, cost[row, column])
        rows[row] = least
        for column in range(n):
            columns[column] = min(columns[column], cost[row, column] - least)
    return rows, columns


@njit(float64[::1](_Costs, float64[::1], float64[::1], float64), **_OPTIONS)
def auction_prices(cost, rows, columns, unit):  # type: ignore[no-untyped-def]
    """Prices (N,), in units of the typical cost, at which rows of (N, N) costs, less :func:`least_costs`, hardly compete; N ≥ 2."""
    n = len(cost)
    costs = np.empty((n, n), np.float32)
    for row in range(n):
        for column in range(n):
            costs[row, column] = min((cost[row, column] - rows[row] - columns[column]) / unit, _FAR)
    price, owner, queue = np.zeros(n, np.float32), np.empty(n, np.int64), np.empty(n, np.int64)
    first, second = np.empty(_LANES, np.float32), np.empty(_LANES, np.float32)
    increment, bids = np.float32(_FIRST), 0
    for _ in range(_PHASES):
        for row in range(n):
            owner[row], queue[row] = -1, row
        head, waiting = 0, n
        while waiting > 0 and bids < _MOST_BIDS * n:
            row = queue[head]
            head = head + 1 if head + 1 < n else 0
            waiting -= 1
            bids += 1
            wanted, best, other = _two_least(costs[row], price, first, second)
            price[wanted] += other - best + increment
            loser, owner[wanted] = owner[wanted], row
            if loser >= 0:
                end = head + waiting
                queue[end if end < n else end - n] = loser
                waiting += 1
        increment *= np.float32(_FACTOR)
    return price.astype(np.float64)


@njit(fastmath=_NO_NAN, forceinline=True)
def _relax(costs, offset, row, price, distance, before):  # type: ignore[no-untyped-def]
    """Distances of the columns by way of a row, where shorter; returns the least of all. A price of −∞ closes a column."""
    least = np.inf
    for column in range(len(distance)):
        by_row = costs[column] - price[column] + offset
        if by_row < distance[column]:
            distance[column], before[column] = by_row, row
        least = min(least, distance[column])
    return least


@njit(int64(_Costs, int64, float64[::1], int64[::1], int64[::1], float64[:, ::1], int64[::1]), **_OPTIONS)
def _augment(cost, start, price, row_of, column_of, work, before):  # type: ignore[no-untyped-def]
    """Match one more row, along the shortest path to a free column (Dijkstra); returns how many rows were looked at."""
    distance, open_price, settled, passed = work[0], work[1], work[2], 0
    for column in range(len(price)):
        distance[column], open_price[column] = np.inf, price[column]
    row, length, at = start, 0.0, 0
    while True:
        # what the row pays; the same for every column of the first row, which may pay anything
        paid = 0.0 if row == start else cost[row, column_of[row]] - price[column_of[row]]
        length = _relax(cost[row], length - paid, row, open_price, distance, before)
        at = -1
        for column in range(len(price)):
            if distance[column] == length:
                at = column
                if row_of[column] < 0:
                    break
        if row_of[at] < 0:
            break
        settled[at], distance[at], open_price[at] = length, np.inf, -np.inf
        passed += 1
        row = row_of[at]
    for column in range(len(price)):
        if open_price[column] == -np.inf:
            price[column] += settled[column] - length
    while True:
        row = before[at]
        row_of[at], column_of[row], at = row, at, column_of[row]
        if row == start:
            return passed + 1


@njit(types.void(_Costs, float64[::1], int64[::1], int64[::1]), **_OPTIONS)
def _match_cheapest(cost, price, row_of, column_of):  # type: ignore[no-untyped-def]
    """Match rows to their cheapest columns where these are free; then let the rows that are left outbid the others.

    A row that outbids another makes its column so much dearer that its second choice is as good: nobody's choice gets
    better, so a matched row still has what is cheapest for it (Jonker & Volgenant's row reduction).
    """
    n = len(cost)
    first, second = np.empty(_LANES), np.empty(_LANES)
    for row in range(n):
        column, _, _ = _two_least(cost[row], price, first, second)
        if row_of[column] < 0:
            row_of[column], column_of[row] = row, column
    for start in range(n):
        row, tries = start, 0
        while row >= 0 and column_of[row] < 0 and tries < _MOST_TRIES:
            column, best, other = _two_least(cost[row], price, first, second)
            loser, tries = row_of[column], tries + 1
            if loser >= 0:
                if not other > best:
                    break
                column_of[loser] = -1
            price[column] += other - best
            row_of[column], column_of[row], row = row, column, loser


@njit(types.Tuple([int64[::1], float64[::1]])(_Costs, float64[::1]), **_OPTIONS)
def assigned(cost, price):  # type: ignore[no-untyped-def]
    """The column (N,) of each row in the assignment of least total cost (N, N), finite, and the columns' final prices (N,).

    The prices, those given with the sign changed at the start, prove it: Σ of the rows' least cost − price, + Σ price, is a
    lower bound of every assignment's total, and equals this one's.
    """
    n = len(cost)
    row_of, column_of = np.full(n, -1), np.full(n, -1)
    price = price.copy()
    _match_cheapest(cost, price, row_of, column_of)
    price = -price
    work, before = np.empty((3, n)), np.empty(n, np.int64)
    for row in range(n):
        if column_of[row] < 0:
            _augment(cost, row, price, row_of, column_of, work, before)
    return column_of, price
