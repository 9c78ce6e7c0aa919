"""Distances, ICP, neighbours, scaling and sampling against brute force, SciPy, pytorch3d and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from lmnet_utils.geometry import frames, pairs
from lmnet_utils.geometry import pointclouds as pc
from lmnet_utils.geometry.camera import unit_diagonal


def clouds(batch=3, n=200, m=150, seed=0, dtype=torch.float32):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(batch, n, 3, generator=generator, dtype=dtype)
    y = torch.rand(batch, m, 3, generator=generator, dtype=dtype)
    return x, y


def brute_force(x, y, power):
    """Float64, all pairs, no shared code."""
    d = ((x.double()[:, :, None] - y.double()[:, None]) ** 2).sum(-1)
    d = d if power == 2 else d.sqrt()
    return d.min(2).values.mean(1), d.min(1).values.mean(1)


@pytest.mark.parametrize("squared", [True, False])
def test_chamfer_equals_brute_force(squared):
    x, y = clouds()
    expected = brute_force(x, y, 2 if squared else 1)
    for ours, theirs in zip(pc.chamfer_distance(x, y, squared=squared), expected, strict=True):
        torch.testing.assert_close(ours.double(), theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("norm, squared", [(2, True)])
def test_chamfer_value_and_gradient_equal_pytorch3d(norm, squared):
    from pytorch3d.loss import chamfer_distance as reference

    x, y = (cloud.requires_grad_() for cloud in clouds(4, 300, 256))
    forward, backward = pc.chamfer_distance(x, y, squared=squared, reduction="mean")
    (forward + backward).backward()
    ours = x.grad.clone(), y.grad.clone()
    x.grad = y.grad = None
    value, _ = reference(x, y, norm=norm)
    value.backward()
    torch.testing.assert_close(forward + backward, value)
    torch.testing.assert_close(ours[0], x.grad)
    torch.testing.assert_close(ours[1], y.grad)


def test_euclidean_gradient_by_finite_differences():
    x, y = clouds(1, 6, 5, dtype=torch.float64)
    x.requires_grad_()
    y.requires_grad_()
    assert torch.autograd.gradcheck(lambda a, b: pc.chamfer_distance(a, b, squared=False, reduction="mean"), (x, y))


def test_gradient_of_coinciding_points_is_zero_not_nan():
    x = torch.rand(2, 50, 3, requires_grad=True)
    forward, backward = pc.chamfer_distance(x, x.detach().clone(), squared=False, reduction="mean")
    (forward + backward).backward()
    assert forward == 0 and torch.equal(x.grad, torch.zeros_like(x))


def test_shifted_lattice_has_the_shift_as_distance():
    axis = torch.arange(5.0)
    lattice = torch.cartesian_prod(axis, axis, axis)[None]
    forward, backward = pc.chamfer_distance(lattice, lattice + torch.tensor([0.3, 0.0, 0.0]), squared=False)
    torch.testing.assert_close(forward, torch.tensor([0.3]))
    torch.testing.assert_close(backward, torch.tensor([0.3]))


def test_directions_differ_as_defined():
    x = torch.tensor([[[0.0, 0, 0]]])
    y = torch.tensor([[[0.0, 0, 0], [2.0, 0, 0]]])
    forward, backward = pc.chamfer_distance(x, y)  # x→y finds the point itself; y→x has a far point
    assert forward.item() == 0 and backward.item() == 2


def test_permuting_points_changes_nothing_and_numpy_equals_torch():
    x, y = clouds()
    forward, backward = pc.chamfer_distance(x, y)
    again = pc.chamfer_distance(x[:, torch.randperm(x.shape[1])].numpy(), y[:, torch.randperm(y.shape[1])].numpy())
    assert isinstance(again[0], np.ndarray)
    np.testing.assert_allclose(again[0], forward, rtol=1e-6)
    np.testing.assert_allclose(again[1], backward, rtol=1e-6)


def test_nearest_neighbours_exact_also_with_duplicates():
    x, y = clouds(2, 400, 300)
    y[:, 100:200] = y[:, :100]
    distances, indices = pc.nearest_neighbours(x, y)
    d = torch.cdist(x.double(), y.double()) ** 2
    torch.testing.assert_close(distances.double(), d.min(2).values, rtol=1e-5, atol=1e-8)
    torch.testing.assert_close(d.gather(2, indices[..., None])[..., 0], d.min(2).values, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "x, y, message",
    [
        (torch.zeros(2, 5, 3), torch.zeros(3, 5, 3), "batch sizes differ"),
        (torch.zeros(5, 3), torch.zeros(5, 3), "expected clouds of shape"),
        (torch.zeros(1, 0, 3), torch.zeros(1, 5, 3), "without points"),
        (torch.zeros(1, 5, 3), torch.zeros(1, 0, 3), "without points"),
        (torch.full((1, 4, 3), float("nan")), torch.zeros(1, 5, 3), "NaN"),
        (torch.zeros(1, 4, 2), torch.zeros(1, 5, 2), "expected clouds of shape"),
    ],
)
def test_bad_clouds_are_refused_with_a_reason(x, y, message):
    with pytest.raises(ValueError, match=message):
        pc.chamfer_distance(x, y)
    with pytest.raises(ValueError, match=message):
        pc.chamfer_distance(x.numpy(), y.numpy())


def test_scaling_ignores_shift_and_scale_and_fills_the_cube():
    x, _ = clouds()
    scaled = pc.scale_to_unit_cube(x * torch.tensor([1.0, 3.0, 2.0]))
    torch.testing.assert_close(pc.scale_to_unit_cube(7 * x * torch.tensor([1.0, 3.0, 2.0]) - 5), scaled)
    extent = scaled.amax(1) - scaled.amin(1)
    torch.testing.assert_close(extent.amax(1), torch.ones(3))
    torch.testing.assert_close(scaled.amax(1) + scaled.amin(1), torch.zeros(3, 3), atol=1e-6, rtol=0)
    point = pc.scale_to_unit_cube(torch.full((1, 4, 3), 2.0))
    assert torch.equal(point, torch.zeros(1, 4, 3))


def test_scaling_keeps_proportions():
    box = torch.tensor([[[1.0, 1, 1], [3, 2, 1.5]]])  # 2 × 1 × 0.5
    expected = torch.tensor([[[-0.5, -0.25, -0.125], [0.5, 0.25, 0.125]]])
    assert torch.equal(pc.scale_to_unit_cube(box), expected)
    np.testing.assert_array_equal(pc.scale_to_unit_cube(box.numpy()), expected)
    np.testing.assert_allclose(unit_diagonal(box[0].numpy()), expected[0] * 2 / np.sqrt(5.25), rtol=1e-6)


def test_a_subset_is_drawn_within_bounds():
    assert pc.subset_indices(5, 5, 0).tolist() == [0, 1, 2, 3, 4] and len(pc.subset_indices(5, 1, 0)) == 1
    for count in (0, 6):
        with pytest.raises(ValueError, match=f"{count} of 5 points"):
            pc.subset_indices(5, count, 0)


@pytest.mark.parametrize("chunk", [1, 2 * 400 * 300, 1 << 27])
def test_the_search_on_a_gpu_finds_the_same_neighbours(monkeypatch, chunk):
    """On the CPU here; a chunk of one, of two and of all five clouds."""
    x, y = clouds(5, 400, 300)
    sizes, dense = [], torch.cdist
    monkeypatch.setattr(pc, "_GPU_CHUNK", chunk)
    monkeypatch.setattr(torch, "cdist", lambda a, b, **how: sizes.append(len(a)) or dense(a, b, **how))
    torch.testing.assert_close(pc._searched_densely(x, y), pc.nearest_neighbours(x, y)[1])
    assert sizes == {1: [1] * 5, 2 * 400 * 300: [2, 2, 1], 1 << 27: [5]}[chunk]


def test_scaled_chamfer_follows_the_protocol_step_by_step():
    rng = np.random.default_rng(3)
    truth, prediction = rng.random((2, 128, 3)), rng.random((2, 300, 3)) * 4 + 1
    kept = np.sort(np.random.default_rng(5).choice(300, 100, replace=False))

    def unit(cloud):
        centred = cloud - (cloud.min(0) + cloud.max(0)) / 2
        return centred / (cloud.max(0) - cloud.min(0)).max()

    expected = []
    for t, p in zip(truth, prediction, strict=True):
        d = np.linalg.norm(unit(t)[:, None] - unit(p)[kept][None], axis=-1)
        expected.append(100 * (d.min(1).mean() + d.min(0).mean()))
    np.testing.assert_allclose(pc.scaled_chamfer(truth, prediction, points=100, seed=5), expected, rtol=1e-6)


def test_frames_are_inverse_rotations_and_up_is_minus_x_in_the_files():
    up_in_file = np.array([[-1.0, 0, 0]])
    np.testing.assert_array_equal(frames.y_up_from_file(up_in_file), [[0, 1, 0]])
    x, _ = clouds()
    torch.testing.assert_close(frames.y_up_from_file(frames.file_from_y_up(x)), x)
    matrix = frames.y_up_from_file(np.eye(3))
    assert np.linalg.det(matrix) == pytest.approx(1)


# --------------------------------------------------------------------------------------- earth mover's distance, F-score
def matched_distances(x, y) -> torch.Tensor:
    """Earth mover's distances (B,) of pairs of clouds (B, N, 3)."""
    pairs_of_clouds = zip(np.asarray(x, np.float64), np.asarray(y, np.float64), strict=True)
    return torch.tensor([pairs.matched_distance(*pair) for pair in pairs_of_clouds], dtype=torch.float64)


def f_scores(x, y, thresholds=pairs.F_SCORE_THRESHOLDS) -> torch.Tensor:
    """F-scores (B, T) of pairs of clouds, by the distances of their nearest neighbours."""
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    forward, backward = (np.sqrt(pc.nearest_neighbours(*pair)[0]) for pair in ((x, y), (y, x)))
    return torch.from_numpy(pairs.f_score_of_distances(forward, backward, thresholds))


def test_earth_movers_distance_of_a_shift_and_of_a_permutation():
    x, _ = clouds(2, 400, dtype=torch.float64)
    shift = torch.tensor([0.3, -0.4, 1.2], dtype=torch.float64)  # of length 1.3; no matching can do with less
    permuted = x[:, torch.randperm(400)]
    torch.testing.assert_close(matched_distances(x, permuted + shift), torch.full((2,), 1.3, dtype=torch.float64))
    torch.testing.assert_close(matched_distances(x, permuted), torch.zeros(2, dtype=torch.float64))


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_earth_movers_distance_of_a_scaled_copy(factor):
    """The potential |p| is 1-Lipschitz and attains (factor − 1)·mean |p|: each point moves along its own ray."""
    x = np.random.default_rng(0).normal(size=(2, 500, 3))
    expected = abs(factor - 1) * np.linalg.norm(x, axis=-1).mean(1)
    np.testing.assert_allclose(matched_distances(x, factor * x[:, ::-1]), expected, rtol=1e-12)


def test_earth_movers_distance_on_a_line_is_that_of_the_sorted_points():
    """One dimension, where the sorted matching is one of many optimal ones, and half the points are duplicates."""
    rng = np.random.default_rng(1)
    x, y = rng.random((2, 3, 400)), 0.5 + rng.random((2, 3, 400))
    x, y = x[0], y[0]
    x[:, ::2] = x[:, 1::2]
    line = np.array([2.0, -1, 2]) / 3
    expected = np.abs(np.sort(x) - np.sort(y)).mean(1)
    np.testing.assert_allclose(matched_distances(x[..., None] * line, y[..., None] * line), expected, rtol=1e-12)


def test_earth_movers_distance_is_a_metric_above_both_chamfer_directions():
    x, y = clouds(3, 350, 350, dtype=torch.float64)
    z = clouds(3, 350, 350, seed=1, dtype=torch.float64)[0]
    xy, yx, xz, zy = (matched_distances(*pair) for pair in ((x, y), (y, x), (x, z), (z, y)))
    torch.testing.assert_close(xy, yx)
    assert (xy < xz + zy).all()
    for part in pc.chamfer_distance(x, y, squared=False):
        assert (part < xy).all()


def test_matching_keeps_the_kind_of_array_and_needs_as_many_points():
    x, y = clouds(2, 20, 20)
    tensor, array = pc.optimal_matching(x, y), pc.optimal_matching(x.numpy(), y.numpy())
    assert tensor.dtype == torch.int64 and array.dtype == np.int64
    np.testing.assert_array_equal(tensor.numpy(), array)
    assert pc.optimal_matching(x[:0], y[:0]).shape == (0, 20)
    with pytest.raises(ValueError, match="200 and 150.*thin"):
        pc.optimal_matching(*clouds())


def test_f_score_by_hand():
    x = np.array([[[0.0, 0, 0], [1, 0, 0]]])
    y = np.array([[[0.0, 0, 0.005], [0, 0, 0.015], [5, 0, 0]]])
    # at 0.01: one of two of x, one of three of y; at 0.02: one of two, two of three; exactly on the threshold is not near
    expected = [[2 * (1 / 2) * (1 / 3) / (1 / 2 + 1 / 3), 2 * (1 / 2) * (2 / 3) / (1 / 2 + 2 / 3), 0]]
    np.testing.assert_allclose(f_scores(x, y, (0.01, 0.02, 0.005)), expected)
    np.testing.assert_allclose(f_scores(y, x, (0.01, 0.02, 0.005)), expected)
    assert f_scores(x, x[:, ::-1]).tolist() == [[1, 1]]
    assert f_scores(x, x + 9).tolist() == [[0, 0]]


def test_f_score_equals_brute_force():
    x, y = clouds(3, 200, 150, dtype=torch.float64)
    d = torch.cdist(x, y)
    for t, found in zip((0.05, 0.1), f_scores(x, y, (0.05, 0.1)).T, strict=True):
        recall = (d.min(2).values < t).double().mean(1)
        precision = (d.min(1).values < t).double().mean(1)
        torch.testing.assert_close(found, 2 * precision * recall / (precision + recall))


# --------------------------------------------------------------------------------------------------------------- ICP
def rotation_about(axis, degrees):
    """Rodrigues' formula."""
    x, y, z = np.asarray(axis) / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    return np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross


def uneven_cloud(n=400, seed=0):
    """Without symmetry: a shell of three different half-axes with a denser end."""
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, 3))
    points *= np.array([0.5, 0.3, 0.15]) / np.linalg.norm(points, axis=1, keepdims=True)
    points[:, 1] += 0.4 * points[:, 0] ** 2
    return points


def mean_squared_distance(points, goal):
    """From each point of the goal to the nearest point."""
    return np.square(cKDTree(points).query(goal)[0]).mean()


def icp(sources, targets, official=False, **limits):
    """Clouds (B, N, 3) moved onto others (B, M, 3)."""
    return np.stack([pairs.aligned(*pair, official, **limits) for pair in zip(sources, targets, strict=True)])


def test_icp_recovers_a_known_motion():
    target = np.stack([uneven_cloud(seed=k) for k in range(3)])
    rotations = [rotation_about(axis, angle) for axis, angle in (([1, 2, 3], 6), ([0, 1, 0], -8), ([1, 0, 0], 10))]
    permutation = np.random.default_rng(5).permutation(400)
    source = np.stack([cloud @ r.T + [0.02, -0.01, 0.03] for cloud, r in zip(target, rotations, strict=True)])
    aligned = icp(source[:, permutation], target)
    np.testing.assert_allclose(aligned, target[:, permutation], atol=1e-9)


def official_icp(ground_truth, prediction, max_iterations, tolerance):
    """The official evaluation in plain steps: homogeneous coordinates, all neighbours searched anew in every step."""

    def best_motion(a, b):
        u, _, vt = np.linalg.svd((a - a.mean(0)).T @ (b - b.mean(0)))
        turn = vt.T @ np.diag([1, 1, np.sign(np.linalg.det(vt.T @ u.T))]) @ u.T
        motion = np.eye(4)
        motion[:3, :3], motion[:3, 3] = turn, b.mean(0) - turn @ a.mean(0)
        return motion

    moved, last = np.c_[ground_truth, np.ones(len(ground_truth))], 0.0
    for _ in range(max_iterations):
        distances = np.linalg.norm(moved[:, None, :3] - prediction[None], axis=-1)
        moved = moved @ best_motion(moved[:, :3], prediction[distances.argmin(1)]).T
        error = distances.min(1).mean()
        if abs(last - error) < tolerance:
            break
        last = error
    motion = best_motion(ground_truth, moved[:, :3])
    inverse = np.linalg.inv(motion)
    return prediction @ motion[:3, :3] - motion[:3, 3], (np.c_[prediction, np.ones(len(prediction))] @ inverse.T)[:, :3]


@pytest.mark.parametrize("limits", [(1000, 1e-10), (3, 1e-10), (1000, 1e-3)])
def test_icp_equals_the_official_algorithm_and_its_true_inverse(limits):
    truths, predictions = [], []
    for seed in range(4):
        truths.append(uneven_cloud(300, seed))
        turn = rotation_about([1, seed, -1], 15 + 20 * seed)
        predictions.append(uneven_cloud(300, seed + 10) * [1.2, 0.8, 1] @ turn.T + [0.1, 0.05 * seed, -0.1])
    expected = [official_icp(t, p, *limits) for t, p in zip(truths, predictions, strict=True)]
    options = dict(zip(("max_iterations", "tolerance"), limits, strict=True))
    mistaken = icp(np.stack(predictions), np.stack(truths), official=True, **options)
    right = icp(np.stack(predictions), np.stack(truths), **options)
    np.testing.assert_allclose(mistaken, [pair[0] for pair in expected], atol=1e-8)
    np.testing.assert_allclose(right, [pair[1] for pair in expected], atol=1e-8)
    assert np.abs(mistaken - right).max() > 1e-2


def test_icp_never_makes_the_fit_worse():
    target, source = uneven_cloud(300, 1), uneven_cloud(500, 2) @ rotation_about([0, 0, 1], 70).T + [0.2, 0, 0]
    errors = [mean_squared_distance(source, target)]
    for steps in (1, 2, 3, 5, 8, 13, 21, 1000):
        aligned = icp(source[None], target[None], max_iterations=steps)[0]
        errors.append(mean_squared_distance(aligned, target))
    assert (np.diff(errors) <= 1e-15).all() and errors[-1] < 0.2 * errors[0]


@pytest.mark.parametrize("official", [True, False])
def test_icp_moves_rigidly_and_never_mirrors(official):
    """A relief and its mirror image, each point beside its own image: a reflection would fit exactly and is not allowed."""
    rng = np.random.default_rng(0)
    source = np.stack([*np.meshgrid(np.arange(8.0), np.arange(6.0)), rng.normal(scale=0.1, size=(6, 8))], -1)
    source = source.reshape(-1, 3) @ rotation_about([1, 2, 3], 40).T
    normal = rotation_about([1, 2, 3], 40)[:, 2]
    mirrored = source - 2 * (source @ normal)[:, None] * normal
    np.testing.assert_allclose(cKDTree(mirrored).query(source)[1], np.arange(48))
    aligned = icp(source[None], mirrored[None], official=official)[0]
    before, after = source - source.mean(0), aligned - aligned.mean(0)
    motion = np.linalg.lstsq(before, after, rcond=None)[0]
    np.testing.assert_allclose(before @ motion, after, atol=1e-9)
    np.testing.assert_allclose(motion @ motion.T, np.eye(3), atol=1e-9)
    assert np.linalg.det(motion) == pytest.approx(1)


def test_icp_of_flat_clouds():
    target = uneven_cloud() * [1, 1, 0]
    source = target @ rotation_about([1, 1, 0.5], 7).T + [0.01, 0.02, -0.03]
    np.testing.assert_allclose(icp(source[None], target[None])[0], target, atol=1e-9)


def test_icp_onto_a_line_does_not_turn_about_it():
    """The target, points on a line, says nothing about a turn about that line; the point beside the line shows one."""
    along, across = rotation_about([3, -1, 2], 50)[:2]
    line = np.sort(np.random.default_rng(0).random(60))[:, None] * along
    beside = (0.5 * along + 5 * across)[None]
    source = np.concatenate([line, beside]) + 0.001 * along
    np.testing.assert_allclose(icp(source[None], line[None])[0], np.concatenate([line, beside]), atol=1e-9)
    turned = line @ rotation_about(across, 5).T
    np.testing.assert_allclose(icp(turned[None], line[None])[0], line, atol=1e-9)


def test_icp_of_single_points_and_of_equal_points():
    one, other = np.array([[[1.0, 2, 3]]]), np.array([[[-1.0, 0, 5]]])
    np.testing.assert_allclose(icp(one, other), other)
    cloud = uneven_cloud(50)[None]
    shifted = icp(cloud, other)  # the point that was nearest comes to lie on it, nothing turns
    np.testing.assert_allclose(shifted - shifted[:, :1], cloud - cloud[:, :1], atol=1e-12)
    assert np.linalg.norm(shifted - other, axis=-1).min() < 1e-12
    np.testing.assert_allclose(icp(np.repeat(one, 9, axis=1), np.repeat(other, 4, axis=1)), np.repeat(other, 9, axis=1))


@pytest.mark.parametrize("function", [pc.optimal_matching, pc.nearest_neighbours])
@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.zeros((2, 5, 3)), np.zeros((3, 5, 3)), "batch sizes differ"),
        (np.zeros((5, 3)), np.zeros((5, 3)), "expected clouds of shape"),
        (np.zeros((1, 0, 3)), np.zeros((1, 5, 3)), "without points"),
        (np.zeros((1, 5, 3)), np.full((1, 5, 3), np.nan), "second clouds hold NaN"),
    ],
)
def test_bad_clouds_are_refused_everywhere(function, x, y, message):
    with pytest.raises(ValueError, match=message):
        function(x, y)
    with pytest.raises(ValueError, match=message):
        function(torch.from_numpy(x), torch.from_numpy(y))
