"""Chamfer, neighbours, scaling and sampling against brute force, pytorch3d and closed forms."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lmnet_utils import pointclouds as pc


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
    np.testing.assert_array_equal(pc.y_up_from_file(up_in_file), [[0, 1, 0]])
    x, _ = clouds()
    torch.testing.assert_close(pc.y_up_from_file(pc.file_from_y_up(x)), x)
    matrix = pc.y_up_from_file(np.eye(3))
    assert np.linalg.det(matrix) == pytest.approx(1)


def test_farthest_points_cover_better_than_a_random_subset():
    x = np.random.default_rng(0).normal(size=(500, 3))
    chosen = pc.farthest_point_sampling(x, 50, seed=1)
    drawn = x[pc.subset_indices(500, 50, seed=1)]

    def cover(subset):
        return np.linalg.norm(x[:, None] - subset[None], axis=-1).min(1).max()

    assert len(np.unique(chosen, axis=0)) == 50
    assert cover(chosen) < 0.7 * cover(drawn)
    np.testing.assert_array_equal(pc.farthest_point_sampling(torch.from_numpy(x), 50, seed=1).numpy(), chosen)
    with pytest.raises(ValueError, match="between 1 and 500"):
        pc.farthest_point_sampling(x, 501)
