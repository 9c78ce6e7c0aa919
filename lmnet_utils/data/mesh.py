"""A triangle mesh with one colour a face, cleaned, and points drawn on its surface."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

GRID = 8192
"""Vertices of the asset lie on a grid of 1/GRID of the bounding box's diagonal: 0.03 pixels of a rendering."""
GREY = 160


class Mesh(NamedTuple):
    """A triangle mesh with one colour a face."""

    vertices: np.ndarray
    """(V, 3) float64, y up, front +x, bounding box centred, diagonal 1."""
    faces: np.ndarray
    """(F, 3) integers."""
    colours: np.ndarray
    """(F, 3) uint8, RGB."""


def sample_surface(mesh: Mesh, n: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw points uniformly by area on a mesh.

    Returns:
        points (n, 3) float64 and the index (n,) of the face each lies on.
    """
    corners = mesh.vertices[mesh.faces]  # (F, 3 corners, 3)
    edge_1, edge_2 = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = np.linalg.norm(np.cross(edge_1, edge_2), axis=1)
    cumulative = np.cumsum(area)
    face = np.searchsorted(cumulative, rng.random(n) * cumulative[-1], side="right")
    face = np.minimum(face, len(area) - 1)
    u, v = rng.random(n), rng.random(n)
    outside = u + v > 1  # the other half of the parallelogram, folded back
    u[outside], v[outside] = 1 - u[outside], 1 - v[outside]
    points = corners[face, 0] + u[:, None] * edge_1[face] + v[:, None] * edge_2[face]
    return points, face


def clean_mesh(vertices: np.ndarray, faces: np.ndarray, colours: np.ndarray) -> Mesh:
    """Quantise to a grid of 1/GRID, merge equal vertices, drop degenerate and doubled faces."""
    grid = np.round((vertices + 0.5) * GRID).astype(np.int64)
    unique, inverse = np.unique(grid, axis=0, return_inverse=True)
    faces = inverse.reshape(-1)[faces]
    a, b, c = (unique[faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross((b - a).astype(float), (c - a).astype(float)), axis=1)
    keep = np.flatnonzero(area > 0)
    _, first = np.unique(np.sort(faces[keep], axis=1), axis=0, return_index=True)
    keep = keep[np.sort(first)]
    faces, colours = faces[keep], colours[keep]
    used, position = np.unique(faces, return_inverse=True)
    return Mesh(unique[used] / GRID - 0.5, position.reshape(-1, 3), colours)
