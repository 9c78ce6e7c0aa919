"""Soft silhouettes against the hard camera and against sets of pixels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from lmnet_utils.geometry.camera import IMAGE_SIZE, project_to_pixels
from lmnet_utils.geometry.silhouettes import on_image_plane, soft_overlap, soft_silhouette


def test_the_camera_is_the_one_of_the_renderings() -> None:
    points = np.random.default_rng(0).uniform(-0.4, 0.4, (50, 3))
    cameras = [(0.0, 25.0, 0.7), (133.0, 30.0, 0.9), (311.0, 0.0, 1.0)]
    places = on_image_plane(torch.from_numpy(points), cameras)
    assert places.shape == (3, 50, 2)
    for found, camera in zip(places.numpy(), cameras, strict=True):
        np.testing.assert_allclose((found + 1) * IMAGE_SIZE / 2 - 0.5, project_to_pixels(points, *camera), atol=1e-9)


def test_a_filled_square_covers_its_pixels_and_no_others() -> None:
    steps = (torch.arange(16, dtype=torch.float64) + 0.5) / 32 + 0.25  # a point in the middle of each pixel
    covered = soft_silhouette(torch.cartesian_prod(steps, steps), 32)
    mask = torch.zeros(32, 32, dtype=torch.float64)
    mask[8:24, 8:24] = 1
    assert covered[10:22, 10:22].min() > 0.95 and covered[:5].max() < 0.01 and covered.max() <= 1
    assert soft_overlap(covered, mask) > 0.8
    left, right = soft_silhouette(torch.tensor([[0.1, 0.5], [0.9, 0.2]]), 10).nonzero()[[0, -1]].tolist()
    assert left != right
    single = soft_silhouette(torch.tensor([[0.85, 0.25]]), 10)
    assert divmod(int(single.argmax()), 10) == (2, 8), "row 2, column 8"


def test_overlap_of_sets_is_theirs() -> None:
    random = np.random.default_rng(1)
    sets, mask = random.random((5, 9, 9)) > 0.5, random.random((9, 9)) > 0.3
    expected = [(one & mask).sum() / (one | mask).sum() for one in sets]
    found = soft_overlap(torch.from_numpy(sets).double(), torch.from_numpy(mask).double())
    np.testing.assert_allclose(found, expected)
    assert soft_overlap(torch.zeros(3, 3), torch.zeros(3, 3)) == 0


def test_the_gradient_pulls_points_to_where_the_mask_is_bare() -> None:
    mask = torch.zeros(32, 32)
    mask[10:20, 20:26] = 1
    place = torch.tensor([[0.5, 0.5]], requires_grad=True)
    (1 - soft_overlap(soft_silhouette(place, 32, width=4.0), mask)).backward()
    assert place.grad[0, 0] < 0, "to the right it overlaps more"
    assert abs(place.grad[0, 1]) < abs(place.grad[0, 0])


@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
def test_clouds_may_come_in_any_number(shape: tuple[int, ...]) -> None:
    points = torch.rand(*shape, 20, 3) - 0.5
    places = on_image_plane(points, [(10.0, 20.0, 0.8)] * 4)
    assert places.shape == (*shape, 4, 20, 2) and soft_silhouette(places, 16).shape == (*shape, 4, 16, 16)
