"""Surfaces of clouds, against shapes whose surface is known."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from lmnet_utils.geometry.surfaces import alpha_surface, closed_surface, point_spacing


def sphere(n: int = 2048, radius: float = 0.4) -> np.ndarray:
    points = np.random.default_rng(0).normal(size=(n, 3))
    return radius * points / np.linalg.norm(points, axis=1, keepdims=True)


def even_sphere(n: int, radius: float = 0.4) -> np.ndarray:
    """Points on a Fibonacci spiral."""
    step = np.arange(n) + 0.5
    down, around = np.arccos(1 - 2 * step / max(n, 1)), np.pi * (1 + np.sqrt(5)) * step
    return radius * np.column_stack([np.cos(around) * np.sin(down), np.cos(down), np.sin(around) * np.sin(down)])


def table() -> np.ndarray:
    """A thin top on a leg: half of the points each, on a solid of known gaps."""
    draw = np.random.default_rng(0)
    top = draw.uniform([-0.4, 0.28, -0.3], [0.4, 0.3, 0.3], (1600, 3))
    leg = draw.uniform([-0.03, -0.3, -0.03], [0.03, 0.28, 0.03], (448, 3))
    return np.concatenate([top, leg])


def test_the_spacing_is_the_step_of_a_grid() -> None:
    grid = np.stack(np.meshgrid(*[np.arange(4) * 0.25] * 3), -1).reshape(-1, 3)
    assert point_spacing(grid) == pytest.approx(0.25)
    assert point_spacing(np.concatenate([grid, grid])) == pytest.approx(0.25), "equal points are one"


def test_an_alpha_surface_goes_through_the_points_and_leaves_gaps_open() -> None:
    points = table()
    vertices, faces = alpha_surface(points)
    assert {tuple(place) for place in np.round(vertices, 9)} <= {tuple(place) for place in np.round(points, 9)}
    assert (np.bincount(faces.ravel(), minlength=len(vertices)) > 0).all(), "no vertex without a face"
    surface, _ = trimesh.sample.sample_surface(trimesh.Trimesh(vertices, faces, process=False), 5000, seed=0)
    under_the_top = (surface[:, 1] < 0.2) & (np.abs(surface[:, 0]) > 0.15)
    assert not under_the_top.any(), "nothing between top and floor but the leg"
    assert np.ptp(surface[surface[:, 1] > 0.25][:, 1]) < 0.1, "the top is thin"


def test_a_closed_surface_keeps_its_distance_from_a_sphere() -> None:
    points = sphere()
    wall = point_spacing(points)
    mesh = trimesh.Trimesh(*closed_surface(points), process=False)
    assert mesh.is_watertight and mesh.is_winding_consistent and mesh.body_count == 1
    radius = np.linalg.norm(mesh.vertices, axis=1)
    assert (np.abs(radius - 0.4) < 2 * wall).all(), "within the wall on either side"
    assert np.percentile(radius, 90) == pytest.approx(0.4 + wall, abs=0.7 * wall)


def test_a_closed_surface_of_thin_parts_is_watertight_and_keeps_them() -> None:
    mesh = trimesh.Trimesh(*closed_surface(table()), process=False)
    assert mesh.is_watertight and mesh.body_count == 1
    assert np.allclose(mesh.bounds, [[-0.4, -0.3, -0.3], [0.4, 0.3, 0.3]], atol=0.06)


@pytest.mark.parametrize("pinholes", [0, 12])
def test_a_closed_surface_is_solid_behind_pinholes_too(pinholes: int) -> None:
    points = even_sphere(2048)
    wide = 3 * point_spacing(points)
    for middle in even_sphere(pinholes):
        points = points[np.linalg.norm(points - middle, axis=1) > wide]
    mesh = trimesh.Trimesh(*closed_surface(points), process=False)
    assert mesh.is_watertight and mesh.body_count == 1, "no second wall inside"
    assert abs(mesh.volume) > 4 / 3 * np.pi * 0.4**3, "a ball, not a shell"


def test_what_is_open_stays_open() -> None:
    """A cup's inside is not filled: a printer would make a block of it."""
    draw = np.random.default_rng(0)
    angle, height = draw.uniform(0, 2 * np.pi, 4096), draw.uniform(-0.4, 0.4, 4096)
    floor = 0.2 * np.sqrt(draw.uniform(size=512))
    wall = np.column_stack([0.2 * np.cos(angle), height, 0.2 * np.sin(angle)])
    points = np.concatenate(
        [wall, np.column_stack([floor * np.cos(angle[:512]), np.full(512, -0.4), floor * np.sin(angle[:512])])]
    )
    mesh = trimesh.Trimesh(*closed_surface(points), process=False)
    assert mesh.is_watertight and abs(mesh.volume) < 0.5 * np.pi * 0.2**2 * 0.8


@pytest.mark.parametrize(
    "points, words",
    [
        (np.zeros((10, 3)), "4 different ones at least, found 1"),
        (np.zeros((10, 2)), r"expected shape \(≥ 1, 3\)"),
        (np.full((10, 3), np.nan), "NaN"),
        (np.column_stack([np.random.default_rng(0).normal(size=(50, 1)), np.zeros((50, 2))]), "no surface"),
    ],
)
def test_what_has_no_surface_is_refused(points, words) -> None:
    for surface in (alpha_surface, closed_surface):
        with pytest.raises(ValueError, match=words):
            surface(points)
