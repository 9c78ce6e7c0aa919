"""A reconstruction as a mesh file that other programs open: GLB, PLY, OBJ, STL.

Colours come from the picture where it shows the surface; everywhere else stands the object's mean colour, and the vertex is marked
as guessed: ``_GUESSED`` in GLB, ``guessed`` in PLY (1 for guessed). OBJ has colours without the mark, STL neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial import cKDTree

from lmnet_utils.apps.appearance import find_viewpoint, vertex_colours
from lmnet_utils.apps.placing import Photo, without_fringe
from lmnet_utils.core.checks import choose
from lmnet_utils.core.files import atomic_path
from lmnet_utils.geometry.frames import y_up_from_file
from lmnet_utils.geometry.surfaces import alpha_surface, closed_surface

if TYPE_CHECKING:
    import trimesh

MESH_FORMATS = ("glb", "ply", "obj", "stl")
_FRONT_Z = np.array([[0.0, 0, -1], [0, 1, 0], [1, 0, 0]])
"""From y up, front +x (docs/frames.md) to y up, front +z, as glTF has it."""
_UP_Z = np.array([[0.0, 0, -1], [-1, 0, 0], [0, 1, 0]])
"""From y up, front +x to z up, front −y, as slicers and Blender have it."""


@dataclass(frozen=True)
class MeshOptions:
    """Which mesh files are written.

    Attributes:
        formats: of :data:`MESH_FORMATS`.
        watertight: a closed surface around the points, for printing, instead of one close to them.
        size_mm: the longest side, in millimetres (in GLB, whose unit is the metre, a thousandth of that); by default the bounding box's diagonal is
            about 1, as in the data set.

    Raises:
        ValueError: an unknown format, none, or a size that is not above 0.
    """

    formats: Sequence[str] = ("glb",)
    watertight: bool = False
    size_mm: float | None = None

    def __post_init__(self) -> None:
        if not self.formats:
            raise ValueError(f"format: expected some of {', '.join(MESH_FORMATS)}, found none.")
        for name in self.formats:
            choose("format", name, MESH_FORMATS)
        if self.size_mm is not None and not 0 < self.size_mm < 1e6:
            raise ValueError(f"size_mm={self.size_mm:g}: expected more than 0 and less than a million.")


def mesh_of_cloud(
    points: np.ndarray, photo: Photo | None, *, watertight: bool = False
) -> tuple[trimesh.Trimesh, dict[str, Any]]:
    """The surface of a cloud, coloured.

    Args:
        points: (N, 3), file frame.
        photo: that it was reconstructed from; without one everything is grey, and guessed.
        watertight: see :class:`MeshOptions`.

    Returns:
        The mesh (y up, front +x), and what is to be said of it: ``surface``, ``watertight``, ``faces``, ``cloud_to_mesh`` and ``mesh_to_cloud``
        (mean distances, % of the cloud's longest side), ``guessed_colours`` (share of the vertices) and, of a photo, ``viewpoint``.

    Raises:
        ValueError: the points span no surface.
    """
    import trimesh  # here, because the import takes a second

    cloud = np.asarray(y_up_from_file(points), np.float64)
    vertices, faces = (closed_surface if watertight else alpha_surface)(cloud)
    mesh = trimesh.Trimesh(vertices, faces, process=False)
    if mesh.is_watertight and mesh.volume < 0:
        mesh.invert()
    there, back = distances_to_cloud(mesh, cloud)
    record: dict[str, Any] = {
        "surface": "closed, around the alpha shape" if watertight else "alpha shape of the points",
        "watertight": bool(mesh.is_watertight),
        "faces": len(mesh.faces),
        "cloud_to_mesh": round(there, 2),
        "mesh_to_cloud": round(back, 2),
    }
    guessed, colours = np.ones(len(vertices), bool), np.full((len(vertices), 3), 160, np.uint8)
    if photo is not None:
        view = find_viewpoint(cloud, photo.cutout.mask)
        alpha = photo.cutout.method == "alpha"  # elsewhere the camera mixed the background into the rim
        image = photo.image if alpha else without_fringe(photo.image, photo.cutout.mask)
        colours, guessed = vertex_colours(np.asarray(mesh.vertices), image, photo.cutout.mask, view)
        record["viewpoint"] = {"azimuth": view.azimuth, "elevation": view.elevation, "overlap": round(view.overlap, 3)}
    mesh.visual.vertex_colors = np.column_stack([colours, np.full(len(colours), 255, np.uint8)])
    mesh.vertex_attributes["guessed"] = guessed.astype(np.uint8)
    return mesh, {**record, "guessed_colours": round(float(guessed.mean()), 3)}


def distances_to_cloud(mesh: trimesh.Trimesh, cloud: np.ndarray, samples: int = 8192) -> tuple[float, float]:
    """Mean distance from (N, 3) points to a mesh, and from the mesh to the points, in % of the points' longest side.

    The mesh is sampled (seeded), and so is never nearer than its samples are dense.
    """
    import trimesh

    surface, _ = trimesh.sample.sample_surface(mesh, samples, seed=0)
    side = float(np.ptp(cloud, axis=0).max())
    there, back = cKDTree(surface).query(cloud)[0].mean(), cKDTree(cloud).query(surface)[0].mean()
    return 100 * float(there) / side, 100 * float(back) / side


def write_mesh(path: str | Path, mesh: trimesh.Trimesh, size_mm: float | None = None) -> Path:
    """Write a mesh of :func:`mesh_of_cloud` in the format that ``path`` ends in, atomically.

    GLB, PLY and OBJ stand y up with the front to +z, STL z up with the front to −y.
    """
    path = Path(path)
    kind = path.suffix.lower().lstrip(".")
    choose("format", kind, MESH_FORMATS)
    shown = mesh.copy()
    if size_mm is not None:
        shown.apply_scale(size_mm / float(shown.extents.max()) / (1000 if kind == "glb" else 1))
    turn = np.eye(4)
    turn[:3, :3] = _UP_Z if kind == "stl" else _FRONT_Z
    shown.apply_transform(turn)
    guessed = shown.vertex_attributes.pop("guessed", None)
    if guessed is not None and kind == "glb":
        shown.vertex_attributes["_GUESSED"] = guessed.astype(np.float32)
    if guessed is not None and kind == "ply":
        shown.vertex_attributes["guessed"] = guessed
    with atomic_path(path) as temporary:
        shown.export(temporary, file_type=kind)
    return path


def write_meshes(folder: str | Path, points: np.ndarray, photo: Photo | None, options: MeshOptions) -> dict[str, Any]:
    """Write ``mesh.<format>`` for every format into ``folder``; returns the record of :func:`mesh_of_cloud` with ``files`` and ``size_mm``."""
    mesh, record = mesh_of_cloud(points, photo, watertight=options.watertight)
    files = [write_mesh(Path(folder) / f"mesh.{kind}", mesh, options.size_mm).name for kind in options.formats]
    return {**record, "size_mm": options.size_mm, "files": files}
