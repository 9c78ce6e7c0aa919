"""Nearest neighbours, in the grid and in k-d trees, against all distances in float64; threads, processes, and no numba."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
import torch
from scipy.spatial.transform import Rotation

from lmnet_utils.geometry import neighbours, pairs
from lmnet_utils.geometry import pointclouds as pc
from lmnet_utils.geometry.compiled import compiled

WITH_NUMBA = compiled("grid_search") is not None


@pytest.fixture(params=["grid", "trees"])
def engine(request, monkeypatch):
    if request.param == "grid" and not WITH_NUMBA:
        pytest.skip("numba is not installed (the extra `fast`)")
    if request.param == "trees":
        monkeypatch.setattr(neighbours, "compiled", lambda name: None)
    return request.param


def brute_force(x, y):
    """Squared distances of every pair, coordinate by coordinate as they are summed here, too: (N, M) float64."""
    a, b = np.asarray(x, np.float64)[:, None], np.asarray(y, np.float64)[None]
    return (a - b)[..., 0] ** 2 + (a - b)[..., 1] ** 2 + (a - b)[..., 2] ** 2


def surface(rng, n):
    """Points on a box without a lid and on four thin legs: clumped in cells, most cells empty."""
    points = rng.random((n, 3)) - 0.5
    points[np.arange(n), rng.integers(3, size=n)] = rng.choice([-0.5, 0.5], n)
    legs = rng.random(n) < 0.3
    points[legs, :2] = 0.4 * rng.choice([-1, 1], (legs.sum(), 2)) + 0.02 * points[legs, :2]
    return points


def lattice(side):
    return np.stack(np.meshgrid(*3 * [np.arange(side) / side]), -1).reshape(-1, 3)


def clouds_of(kind):
    rng = np.random.default_rng(3)
    x, y = surface(rng, 700), surface(rng, 600)
    return {
        "late in a training": lambda: (x, x[rng.permutation(700)] + 0.01 * rng.normal(size=(700, 3))),
        "a clump within": lambda: (x, 0.01 * rng.normal(size=(600, 3))),
        "far apart": lambda: (x, y + [30, -4, 0.2]),
        "many more": lambda: (x[:7], rng.random((9000, 3))),
        "one point": lambda: (x, y[:1]),
        "one query": lambda: (x[:1], y),
        "all points equal": lambda: (x, np.repeat(y[:1], 500, axis=0)),
        "equal to the queries": lambda: (np.repeat(y[:1], 50, axis=0), np.repeat(y[:1], 500, axis=0)),
        "copies": lambda: (x, np.repeat(y[:40], 15, axis=0)[rng.permutation(600)]),
        "an outlier": lambda: (x, np.concatenate([[[1e6, 0, -1e6]], y])),
        "queries far out": lambda: (np.concatenate([x, 1e6 * x]), y),
        "on a plane": lambda: (x, y * [1, 0, 1]),
        "on a line": lambda: (x, y * [0, 1, 0]),
        "lattices": lambda: (lattice(9) + 0.5 / 9, lattice(9)),
        "the same lattice": lambda: (lattice(8), lattice(8)),
        "away from the origin": lambda: (x + 1e5, y + 1e5),
        "huge": lambda: (1e30 * x, 1e30 * y),
        "minute": lambda: (1e-30 * x, 1e-30 * y),
        "numbers without normal form": lambda: (1e-310 * x, 1e-310 * y),
    }[kind]()


KINDS = [
    "late in a training", "a clump within", "far apart", "many more", "one point", "one query", "all points equal",
    "equal to the queries", "copies", "an outlier", "queries far out", "on a plane", "on a line", "lattices",
    "the same lattice", "away from the origin", "huge", "minute", "numbers without normal form",
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_distances_are_the_least_of_all_to_the_last_bit(engine, kind, dtype):
    x, y = (points.astype(dtype) for points in clouds_of(kind))
    for query, among in ((x, y), (y, x)):
        squared = brute_force(query, among)
        distances, indices = neighbours.nearest(neighbours.prepared(query), neighbours.prepared(among))
        np.testing.assert_array_equal(distances, np.sqrt(squared.min(1)))
        np.testing.assert_array_equal(squared[np.arange(len(query)), indices], squared.min(1))
        if engine == "grid":  # argmin takes the first of equal ones
            np.testing.assert_array_equal(indices, squared.argmin(1))


@pytest.mark.parametrize("batch", [0, 1, 2, 5, 33])
def test_a_batch_is_its_clouds_one_by_one(engine, batch):
    rng = np.random.default_rng(0)
    x, y = rng.random((batch, 90, 3)).astype(np.float32), rng.random((batch, 70, 3)).astype(np.float32)
    to_y, to_x = neighbours.nearest_in_batch(x, y, both=True)
    assert to_y.shape == (batch, 90) and to_x.shape == (batch, 70)
    for item in range(batch):
        squared = brute_force(x[item], y[item])
        np.testing.assert_array_equal(to_y[item], squared.argmin(1))
        np.testing.assert_array_equal(to_x[item], squared.argmin(0))
    np.testing.assert_array_equal(neighbours.nearest_in_batch(x, y, both=False)[0], to_y)


def test_arrays_may_be_read_only_strided_or_whole_numbers(engine):
    rng = np.random.default_rng(1)
    whole = rng.integers(0, 1000, (4, 50, 6))
    for x in (whole[..., ::2], np.asfortranarray(whole[..., :3]), whole[..., :3].astype(np.float16)):
        y = rng.random((4, 30, 3)) * 1000
        y.flags.writeable = False
        found = neighbours.nearest_in_batch(x, y, both=True)
        for item in range(4):
            np.testing.assert_array_equal(found[0][item], brute_force(x[item], y[item]).argmin(1))
            np.testing.assert_array_equal(found[1][item], brute_force(x[item], y[item]).argmin(0))


@pytest.mark.parametrize("points", [1, 2, 400])
def test_a_moving_cloud_always_has_its_nearest(points):
    rng = np.random.default_rng(2)
    fixed, moving = surface(rng, points), surface(rng, 300)
    search = neighbours.NearestToMoving(fixed, len(moving))
    kept = []
    for step in np.geomspace(0.3, 1e-6, 40):
        moving = moving + step * rng.normal(size=3) + 0.1 * step * rng.normal(size=moving.shape)
        squared = brute_force(moving, fixed)
        kept.append((*search.of(moving), squared.argmin(1), np.sqrt(squared.min(1))))
    for near, distances, expected, far in kept:  # afterwards: a step leaves what it returned before alone
        np.testing.assert_array_equal(near, expected)
        np.testing.assert_allclose(distances, far, rtol=1e-12)


def test_a_moving_cloud_is_searched_only_where_it_must():
    rng = np.random.default_rng(2)
    fixed, moving = surface(rng, 400), surface(rng, 300)
    search = neighbours.NearestToMoving(fixed, len(moving))
    search.of(moving)
    before = search._searched_at.copy()
    search.of(moving + 1e-4)
    searched = (search._searched_at != before).any(axis=1)
    second = np.sort(np.sqrt(brute_force(moving, fixed)), axis=1)[:, 1]
    now = np.sqrt(brute_force(moving + 1e-4, fixed)[np.arange(300), brute_force(moving, fixed).argmin(1)])
    np.testing.assert_array_equal(searched, now >= second - np.sqrt(3) * 1e-4)
    assert 0 < searched.sum() < 30


@pytest.mark.skipif(not WITH_NUMBA, reason="numba is not installed (the extra `fast`)")
@pytest.mark.parametrize("turn", [0.05, 1.0, 3.0])
def test_icp_with_and_without_numba_is_the_same_to_rounding(monkeypatch, turn):
    rng = np.random.default_rng(5)
    fixed, moving = surface(rng, 400), surface(rng, 300)[::-1]  # a view, not contiguous
    moving = moving @ Rotation.from_rotvec([0, turn, 0.3 * turn]).as_matrix().T + [0.1, -0.2, 0.05]
    for steps in (1, 2, 5, 1000):
        found = pairs.fit(moving, fixed, steps, 1e-10)
        with monkeypatch.context() as patch:
            patch.setattr(pairs, "compiled", lambda name: None)
            expected = pairs.fit(moving, fixed, steps, 1e-10)
        np.testing.assert_allclose(found[0], expected[0], atol=1e-12)
        np.testing.assert_allclose(found[1], expected[1], atol=1e-12)


@pytest.mark.skipif(not WITH_NUMBA, reason="numba is not installed (the extra `fast`)")
def test_the_compiled_rotation_is_the_best_proper_one():
    rng = np.random.default_rng(6)
    best_rotation, found = compiled("grid_search").best_rotation, np.eye(3)
    for k in range(60):
        covariance = rng.normal(size=(3, 3)) * 10.0 ** rng.integers(-9, 9)
        if k % 3 == 1:  # points in a plane
            covariance[:, 2] = 0.3 * covariance[:, 0] + covariance[:, 1]
        assert best_rotation(covariance, found)
        u, _, vt = np.linalg.svd(covariance)
        expected = vt.T @ np.diag([1, 1, np.sign(np.linalg.det(vt.T @ u.T))]) @ u.T
        np.testing.assert_allclose(found, expected, atol=1e-12)
        assert np.linalg.det(found) == pytest.approx(1, abs=1e-12)
    kept = found.copy()
    for covariance in (np.zeros((3, 3)), np.outer([1.0, 2, 3], [-1.0, 1, 2]), np.diag([1, 1e-10, 0])):  # on a line
        assert not best_rotation(np.ascontiguousarray(covariance), found)
    np.testing.assert_array_equal(found, kept)


def test_nan_is_refused_before_any_search(engine):
    x = torch.rand(2, 5, 3)
    for broken in (float("nan"), float("inf")):
        y = torch.rand(2, 5, 3)
        y[1, 2, 0] = broken
        for function in (pc.chamfer_distance, pc.nearest_neighbours):
            with pytest.raises(ValueError, match="second clouds hold NaN or infinite"):
                function(x, y)


def test_threads_of_others_may_search_at_once(engine):
    rng = np.random.default_rng(4)
    batches = [rng.random((2, 6, 200, 3)) for _ in range(24)]
    expected = [neighbours.nearest_in_batch(*batch, both=True) for batch in batches]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda batch: neighbours.nearest_in_batch(*batch, both=True), batches))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_worker_processes_find_the_same():
    batches = [np.random.default_rng(seed).random((2, 3, 100, 3)) for seed in range(6)]
    expected = [neighbours.nearest_in_batch(*batch, both=True) for batch in batches]
    found = joblib.Parallel(2)(joblib.delayed(neighbours.nearest_in_batch)(*batch, True) for batch in batches)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def python(code, **environment):
    """What a fresh process prints."""
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=300, env={**os.environ, **environment}
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


SEARCH = """
import numpy as np
from lmnet_utils.geometry import neighbours
x, y = np.random.default_rng(5).random((2, 4, 300, 3))
found = neighbours.nearest_in_batch(x, y, both=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_copy_of_the_process_may_search():
    forked = """
import os
child = os.fork()
again = neighbours.nearest_in_batch(x, y, both=True)
same = all(np.array_equal(*pair) for pair in zip(found, again))
if child == 0:
    os._exit(0 if same else 1)
print(same, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert python(SEARCH + forked).split() == ["True", "0"]


@pytest.mark.skipif(not WITH_NUMBA, reason="numba is not installed (the extra `fast`)")
def test_compiled_code_is_kept_for_the_next_process():
    assert compiled("grid_search").search.signatures  # here it has been compiled, or loaded
    loops = "g.search, g.search_batch, g.fitted, g.best_rotation"
    misses = f"print(sum(sum(f.stats.cache_misses.values()) for f in ({loops})))"
    assert python(SEARCH + "g = neighbours.compiled('grid_search')\n" + misses).strip() == "0"


def test_without_numba_a_training_step_has_the_same_numbers():
    step = """
import sys, hashlib
if WITHOUT: sys.modules["numba"] = None
import torch
from lmnet_utils.geometry import neighbours
from lmnet_utils.geometry.pointclouds import chamfer_distance
assert WITHOUT <= (neighbours.compiled("grid_search") is None)
generator = torch.Generator().manual_seed(0)
x, y = (torch.rand(3, 500, 3, generator=generator).requires_grad_() for _ in range(2))
for squared in (True, False):
    sum(chamfer_distance(x, y, squared=squared, reduction="mean")).backward()
print(hashlib.sha256(x.grad.numpy().tobytes() + y.grad.numpy().tobytes()).hexdigest())
"""
    digests = {python(step.replace("WITHOUT", str(without)), OMP_NUM_THREADS="1") for without in (True, False)}
    assert len(digests) == 1
