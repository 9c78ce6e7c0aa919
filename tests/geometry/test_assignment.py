"""The assignment against all permutations and against SciPy's own solution of the unreduced problem, in float64."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.optimize
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from lmnet_utils.geometry import assignment
from lmnet_utils.geometry.assignment import optimal_assignment
from lmnet_utils.geometry.compiled import compiled


def distances(x, y):
    return np.sqrt(((x[:, None] - y[None]) ** 2).sum(-1))


def total(cost, columns):
    assert sorted(columns) == list(range(len(cost)))
    return cost[np.arange(len(cost)), columns].sum()


GAP = 2e-4
"""How far below the least total an auction's prices may put it, in units of the typical cost a row."""
COMPILED = compiled("augmenting_paths")
needs_numba = pytest.mark.skipif(COMPILED is None, reason="numba is not installed (the extra `fast`)")


@pytest.fixture(params=["compiled loops", "SciPy"])
def solver(request, monkeypatch):
    if request.param == "SciPy":
        monkeypatch.setattr(assignment, "compiled", lambda name: None)
    elif COMPILED is None:
        pytest.skip("numba is not installed (the extra `fast`)")
    return request.param


@pytest.fixture
def auction_always(monkeypatch):
    """Small matrices, too, take the way of the large ones."""
    monkeypatch.setattr(assignment, "_SMALL", 2)
    monkeypatch.setattr(assignment, "_SMALL_COMPILED", 2)


@pytest.mark.parametrize("kind", ["uniform", "negative", "ties", "offsets"])
def test_equals_the_best_permutation(solver, auction_always, kind):
    rng = np.random.default_rng(0)
    for n in [1, 2, 3, 5, 6, 7]:
        cost = rng.random((n, n))
        if kind == "negative":
            cost = 10 * cost - 7
        elif kind == "ties":
            cost = np.floor(3 * cost)
        elif kind == "offsets":  # rows and columns of very different level
            cost = cost + 1000 * rng.random((n, 1)) + 1000 * rng.random(n)
        best = min(sum(cost[i, p[i]] for i in range(n)) for p in itertools.permutations(range(n)))
        assert total(cost, optimal_assignment(cost)) == pytest.approx(best, rel=1e-12, abs=1e-12)


def clouds_of(kind, n):
    rng = np.random.default_rng(1)
    x, y = rng.random((2, n, 3))
    sphere = x - 0.5
    sphere /= 2 * np.linalg.norm(sphere, axis=1, keepdims=True)
    if kind == "uniform":
        return x, y
    if kind == "close":
        return x, x[rng.permutation(n)] + 0.01 * rng.normal(size=(n, 3))
    if kind == "clumped":  # what a poor decoder makes of a surface
        return sphere, np.clip(rng.normal(scale=[0.2, 0.02, 0.1], size=(n, 3)), -0.5, 0.5)
    if kind == "apart":
        return sphere, sphere + [3, 0, 0]
    if kind == "outlier":
        return np.concatenate([sphere[:-1], [[1e5, 0, 0]]]), y
    raise AssertionError(kind)


@pytest.mark.parametrize("kind", ["uniform", "close", "clumped", "apart", "outlier"])
def test_1024_points_equal_scipy(solver, kind):
    cost = distances(*clouds_of(kind, 1024))
    rows, columns = linear_sum_assignment(cost)
    assert total(cost, optimal_assignment(cost)) == pytest.approx(cost[rows, columns].sum(), rel=1e-12)


def lattice(side):
    axis = np.arange(side) / side
    return np.stack(np.meshgrid(axis, axis, axis), -1).reshape(-1, 3)


@pytest.mark.parametrize("kind", ["grid against its quarter turn", "grid against its half", "copies", "all equal"])
def test_equal_distances_in_great_number(solver, kind):
    rng = np.random.default_rng(2)
    x = lattice(8)
    if kind == "grid against its quarter turn":
        y = x[rng.permutation(512)][:, [1, 0, 2]] * [1, -1, 1]
    elif kind == "grid against its half":
        y = x / 2
    elif kind == "copies":
        x, y = np.repeat(rng.random((2, 16, 3)), 32, axis=1)
    else:
        x, y = np.zeros((512, 3)), np.ones((512, 3))
    cost = distances(x, y)
    rows, columns = linear_sum_assignment(cost)
    assert total(cost, optimal_assignment(cost)) == pytest.approx(cost[rows, columns].sum(), rel=1e-12)


@pytest.mark.parametrize("scale", [0.0, 1e-30, 1e30])
def test_the_costs_unit_does_not_matter(solver, auction_always, scale):
    cost = np.random.default_rng(3).random((60, 60))
    columns = optimal_assignment(scale * cost)
    best = total(cost, linear_sum_assignment(cost)[1])
    assert total(cost, columns) == pytest.approx(best, rel=1e-12) if scale else sorted(columns) == list(range(60))


def test_scipy_gets_costs_that_are_nearly_solved(monkeypatch):
    """Not negative, and nearly every row's own 0 stands in another column; of the plain costs less than a third do."""
    monkeypatch.setattr(assignment, "compiled", lambda name: None)
    received = []
    monkeypatch.setattr(
        scipy.optimize, "linear_sum_assignment", lambda cost: received.append(cost) or linear_sum_assignment(cost)
    )
    cost = distances(*clouds_of("clumped", 512))
    optimal_assignment(cost)
    assert received[0].min() == 0 and (received[0].min(axis=1) == 0).all()
    columns = [len(np.unique(matrix.argmin(axis=1))) for matrix in (received[0], cost)]
    assert columns[0] > 3 * columns[1]
    rows, matched = linear_sum_assignment(received[0])
    assert 0 <= received[0][rows, matched].mean() < GAP * np.median(cost), "what the prices are wrong by"


@needs_numba
@pytest.mark.parametrize("kind", ["uniform", "close", "clumped", "apart"])
def test_final_prices_prove_that_no_assignment_costs_less(kind):
    cost = distances(*clouds_of(kind, 500))
    columns, price = COMPILED.assigned(cost, np.random.default_rng(0).random(500))  # exact from any prices
    bound = (cost - price).min(axis=1).sum() + price.sum()
    assert total(cost, columns) == pytest.approx(bound, rel=1e-12)


@needs_numba
def test_without_numba_points_have_the_same_partners(monkeypatch):
    costs = [distances(*clouds_of(kind, n)) for kind in ("uniform", "close", "clumped") for n in (100, 256, 700)]
    found = [optimal_assignment(cost) for cost in costs]
    monkeypatch.setattr(assignment, "compiled", lambda name: None)
    for cost, columns in zip(costs, found, strict=True):
        np.testing.assert_array_equal(columns, optimal_assignment(cost))


@needs_numba
def test_an_auction_leaves_little_to_the_paths():
    """Good prices: nearly all rows are matched, or nearly so, before the first path is searched."""
    cost = distances(*clouds_of("clumped", 512))
    rows, columns = COMPILED.least_costs(cost)
    np.testing.assert_array_equal(rows, cost.min(1))
    np.testing.assert_array_equal(columns, (cost - cost.min(1, keepdims=True)).min(0))
    prices = COMPILED.auction_prices(cost, rows, columns, 0.1) * 0.1 - columns
    taken = [len(np.unique((cost + price).argmin(axis=1))) for price in (prices, np.zeros(512))]
    assert taken[0] > 3 * taken[1]
    bound = (cost + prices).min(axis=1).mean() - prices.mean()
    rows, matched = linear_sum_assignment(cost)
    assert 0 <= cost[rows, matched].mean() - bound < GAP * np.median(cost)


@needs_numba
def test_distances_are_scipys_to_the_last_bit():
    x, y = np.random.default_rng(4).normal(size=(2, 300, 3))
    np.testing.assert_array_equal(COMPILED.distances(x, y[:200]), cdist(x, y[:200]))


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        (np.zeros((3, 4)), r"square.*\(3, 4\)"),
        (np.zeros(9), "square"),
        (np.array([[0, np.nan], [1, 2]]), "NaN or infinite"),
        (np.array([[0, np.inf], [1, 2]]), "NaN or infinite"),
    ],
)
def test_bad_costs_are_refused_with_a_reason(cost, message):
    with pytest.raises(ValueError, match=message):
        optimal_assignment(cost)


def test_no_points_no_assignment():
    assert optimal_assignment(np.zeros((0, 0))).shape == (0,)
