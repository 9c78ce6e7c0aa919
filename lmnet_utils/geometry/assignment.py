"""Optimal one-to-one assignment of a dense cost matrix: exact, and several times faster than SciPy's solver alone.

SciPy's ``linear_sum_assignment`` grows shortest augmenting paths from prices of 0; on distances between point clouds
those paths are long. Here an auction (Bertsekas, "The auction algorithm", Annals of Operations Research 14, 1988), of
which a block of bidders at a time is one NumPy operation, finds nearly right prices first. Subtracting prices from a
cost matrix changes every assignment's total by the same amount, so SciPy's answer on the reduced costs is optimal
whatever the prices are; with good ones its paths are short.

Where numba is installed (the extra ``fast``) :mod:`lmnet_utils.geometry.augmenting_paths` does both as compiled loops, again
several times faster. Where several assignments have the same total, such as those of copies of a point, it may choose another one.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lmnet_utils.geometry.compiled import compiled

_SMALL, _SMALL_COMPILED = 320, 32  # below this size SciPy alone is about as fast
_BLOCK = 64  # bidders at once: their rows of 1024 fp32 costs fit in a core's L2 cache
_PHASES = 6
_FIRST, _FACTOR = 0.2, 0.25  # bid increments: first in units of the typical cost, then in units of the one before


def optimal_assignment(cost: NDArray[Any]) -> NDArray[np.int64]:
    """The permutation of least total cost. Exact.

    Args:
        cost: (N, N) real.

    Returns:
        (N,) int64: the column of each row.

    Raises:
        ValueError: a matrix that is not square, or NaN or infinite costs.
    """
    from scipy.optimize import linear_sum_assignment  # takes half a second to import, and most notebooks match nothing

    cost = np.asarray(cost, np.float64)
    if cost.ndim != 2 or cost.shape[0] != cost.shape[1]:
        raise ValueError(f"expected a square cost matrix (N, N), found shape {cost.shape}.")
    if not np.isfinite(cost).all():
        raise ValueError("the cost matrix holds NaN or infinite costs.")
    loops = compiled("augmenting_paths") if len(cost) >= _SMALL_COMPILED else None
    if loops:
        return _by_compiled_loops(np.ascontiguousarray(cost), loops)
    if len(cost) < _SMALL:
        return linear_sum_assignment(cost)[1].astype(np.int64)
    price, free = _auction(np.ascontiguousarray(cost.T, np.float32))  # the columns bid for the rows
    order = np.argsort(free, kind="stable")  # rows that the auction left over come last: their paths are the long ones
    reduced = cost[order]
    reduced += price[order, None]
    reduced -= reduced.min(axis=0)
    reduced -= reduced.min(axis=1, keepdims=True)
    columns = np.empty(len(cost), np.int64)
    columns[order] = linear_sum_assignment(reduced)[1]  # releases the interpreter lock
    return columns


def _by_compiled_loops(cost: NDArray[np.float64], loops: ModuleType) -> NDArray[np.int64]:
    rows, columns = loops.least_costs(cost)  # what a row or a column costs more in any case does not matter
    every = len(cost) // 64 + 1
    unit = _typical((cost[::every, ::every] - rows[::every, None]) - columns[::every])
    price = loops.auction_prices(cost, rows, columns, unit)
    return loops.assigned(cost, unit * price - columns)[0]


def _typical(sample: NDArray[Any]) -> float:
    """Of a sample of costs, above 0; a median, as one far point may rule the mean."""
    return float(np.median(sample)) or float(sample.mean()) or 1.0


def _auction(costs: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Nearly optimal prices for the objects, by a forward auction whose bid increment shrinks from phase to phase.

    A phase ends when nearly all bidders hold an object. Where many equal costs make that long, the auction is broken
    off after N rounds (point clouds take about half as many): the prices need not be right, only good.

    Args:
        costs: (N, N) fp32, what object j costs bidder i without its price, N ≥ 2; is overwritten.

    Returns:
        Prices (N,) float64, and whether nobody held the object at the end (N,).
    """
    n = len(costs)
    costs -= costs.min(axis=1, keepdims=True)  # what all objects cost a bidder more does not matter to it
    start = costs.min(axis=0)
    costs -= start
    scale = _typical(costs[:: n // 64 + 1, :: n // 64 + 1])
    price, owner = np.zeros(n, np.float32), np.full(n, -1)
    values, best_bid = np.empty((_BLOCK, n), np.float32), np.empty(n, np.int64)
    rounds = 0
    for increment in _FIRST * scale * _FACTOR ** np.arange(_PHASES):
        owner[:], queue = -1, np.arange(n)
        while len(queue) > n // _BLOCK and rounds < n:
            rounds += 1
            bidders = queue[:_BLOCK]
            places = np.arange(len(bidders))
            value = values[: len(bidders)]
            np.take(costs, bidders, axis=0, out=value, mode="clip")  # "raise" would copy through a buffer
            value += price
            wanted = value.argmin(axis=1)
            best = value[places, wanted]
            value[places, wanted] = np.inf
            bid = value.min(axis=1) - best + np.float32(increment)
            rising = bid.argsort()
            best_bid[wanted[rising]] = rising  # of several bids for one object the highest comes last and stays
            won = best_bid[wanted] == places
            objects = wanted[won]
            price[objects] += bid[won]
            losers = owner[objects]
            owner[objects] = bidders[won]
            queue = np.concatenate([queue[_BLOCK:], bidders[~won], losers[losers >= 0]])
    return price.astype(np.float64) - start, owner < 0
