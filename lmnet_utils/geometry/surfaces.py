"""Surfaces of point clouds: one close to the points, and one that is closed.

Both come from VTK, which is here for the renderings; ``docs/own_data.md`` has what others were measured to give.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from lmnet_utils.core.checks import Array, finite_array

ALPHA = 3.0
"""Radius of the alpha shape, in spacings of the points: smaller tears holes, larger fills the gaps between legs."""
WALL = 1.0
"""How far a closed surface lies from the alpha shape, in spacings: half of the wall of what is thin."""
SAMPLES = 20_000
"""Points on an alpha shape to which distances are measured."""
PINHOLE = 2.5
"""Openings up to twice so many walls wide are taken for gaps between points: what lies behind them is inside."""
FINEST = 64
"""Cells along the longest side of the grid on which a closed surface is found."""

Triangles = tuple[NDArray[np.float64], NDArray[np.int64]]
"""Vertices (V, 3), and faces (F, 3) as numbers of vertices."""


def point_spacing(points: Array) -> float:
    """Median distance from a point of (N, 3) to its nearest other one."""
    places = np.unique(finite_array(points, "points", (None, 3)), axis=0)
    if len(places) < 4:
        raise ValueError(f"points: expected 4 different ones at least, found {len(places)}.")
    return float(np.median(cKDTree(places).query(places, k=2)[0][:, 1]))


def alpha_surface(points: Array, alpha: float = ALPHA) -> Triangles:
    """The outside of the alpha shape of a cloud: its Delaunay tetrahedra whose circumscribed sphere is small.

    Thin parts stay thin, its vertices are points of the cloud; it may have holes and edges of more than two faces.

    Source: Edelsbrunner & Mücke, Three-dimensional alpha shapes, 1994; VTK's ``vtkDelaunay3D``.

    Args:
        points: (N, 3), N ≥ 4.
        alpha: largest radius, in spacings of the points.

    Raises:
        ValueError: wrong shape, NaN, fewer than 4 different points, or points in one plane.
    """
    import pyvista  # here, because the import takes a second

    points = finite_array(points, "points", (None, 3))
    radius = alpha * point_spacing(points)
    with pyvista.vtk_verbosity("off"):  # it warns of points that lie in one plane, which are many on furniture
        tetrahedra = pyvista.PolyData(points).delaunay_3d(alpha=radius)
        outside = tetrahedra.extract_surface(algorithm=None)
        outside.clear_data()  # numbers of cells, which no longer hold
        outside = outside.triangulate()
    faces = outside.faces.reshape(-1, 4)[:, 1:] if outside.n_cells else np.zeros((0, 3), np.int64)
    return _compact(np.asarray(outside.points, np.float64), faces)


def closed_surface(points: Array, wall: float = WALL) -> Triangles:
    """The surface at a fixed distance around a cloud's alpha shape: without holes, so that it can be printed, and thicker by that distance.

    The distance to the shape on a grid, what is enclosed filled, a little smoothed; and its level set by flying edges (Schroeder, Maynard &
    Geveci, 2015). Single points off the shape are left out. The mesh is solid: where the shape has pinholes (:data:`PINHOLE`), what is behind
    them is filled, too; larger openings are taken for those of the object, such as a lampshade's.

    Args:
        points: (N, 3), N ≥ 4.
        wall: the distance, in spacings of the points.

    Raises:
        ValueError: as :func:`alpha_surface`.
    """
    import pyvista
    import trimesh
    from scipy import ndimage

    distance = wall * point_spacing(points)
    shape = trimesh.Trimesh(*alpha_surface(points), process=False)
    there, _ = trimesh.sample.sample_surface(shape, SAMPLES, seed=0)
    reach = (PINHOLE + 1) * distance
    low, high = there.min(axis=0) - reach, there.max(axis=0) + reach
    cell = max(float((high - low).max()) / FINEST, distance / 2)
    sizes = np.ceil((high - low) / cell).astype(int) + 2
    axes = [low[k] + cell * np.arange(sizes[k]) for k in range(3)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, 3)
    field = np.minimum(cKDTree(there).query(grid, distance_upper_bound=reach)[0].reshape(sizes), reach)
    field[_inside(field, distance, cell)] = 0
    image = pyvista.ImageData(dimensions=sizes, spacing=(cell,) * 3, origin=low)
    image["distance"] = ndimage.gaussian_filter(field, 0.7).ravel(order="F")
    surface = image.contour([distance], scalars="distance", method="flying_edges").triangulate()
    return _without_cavities(*_compact(np.asarray(surface.points, np.float64), surface.faces.reshape(-1, 4)[:, 1:]))


def _inside(field: NDArray[np.float64], distance: float, cell: float) -> NDArray[np.bool_]:
    """Cells of a grid of distances to a shape that walls so thick enclose, or would if they had no pinholes."""
    from scipy import ndimage

    thick = field < PINHOLE * distance
    cavity = ndimage.binary_fill_holes(thick) & ~thick  # the middle of what pinholes lead into
    if cavity.any():  # and from there to the walls
        cavity = ndimage.distance_transform_edt(~cavity) * cell <= (PINHOLE - 1) * distance
    return cavity | (ndimage.binary_fill_holes(field < distance) & (field >= distance))


def _without_cavities(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> Triangles:
    """A closed mesh without those of its shells that face inwards: the walls of what is hollow in it."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    links = coo_array((np.ones(len(edges), bool), (edges[:, 0], edges[:, 1])), shape=(len(vertices),) * 2)
    shell = connected_components(links, directed=False)[1][faces[:, 0]]
    a, b, c = (vertices[faces[:, k]] for k in range(3))
    volumes = np.bincount(shell, weights=np.einsum("fi,fi->f", a, np.cross(b, c)))
    return _compact(vertices, faces[(volumes * volumes.sum() > 0)[shell]])


def _compact(vertices: NDArray[np.float64], faces: NDArray[np.int64]) -> Triangles:
    """Equal vertices merged, faces without area and vertices without a face left out."""
    places, number = np.unique(vertices, axis=0, return_inverse=True)
    faces = number.reshape(-1)[faces]
    distinct = (faces[:, 0] != faces[:, 1]) & (faces[:, 1] != faces[:, 2]) & (faces[:, 2] != faces[:, 0])
    if not distinct.any():
        raise ValueError("points: no surface, because they lie in one plane or on one line.")
    used, faces = np.unique(faces[distinct], return_inverse=True)
    return places[used], faces.reshape(-1, 3).astype(np.int64)
