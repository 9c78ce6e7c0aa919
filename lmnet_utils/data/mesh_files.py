"""One mesh from a file: read through trimesh, turned into the frame of R2N2's renderings, centred, scaled, coloured a face.

OBJ, PLY, STL, OFF and GLB. y points up, the front is +x, the bounding box is centred with a diagonal of 1.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lmnet_utils.core import checks
from lmnet_utils.data.mesh import GREY, Mesh, clean_mesh
from lmnet_utils.geometry.camera import unit_diagonal

SUFFIXES = (".obj", ".ply", ".stl", ".off", ".glb")
OTHER_MESHES = (
    ".gltf",
    ".fbx",
    ".blend",
    ".dae",
    ".3ds",
    ".3mf",
    ".max",
    ".step",
    ".stp",
    ".usd",
    ".usdz",
    ".wrl",
    ".x3d",
)
"""Formats of meshes that are not read: named in the report, unlike textures and texts, which are passed over."""
MAX_FACES = 1_000_000
MAX_BYTES = 500_000_000
AXES = {"x": (1, 0, 0), "y": (0, 1, 0), "z": (0, 0, 1), "-x": (-1, 0, 0), "-y": (0, -1, 0), "-z": (0, 0, -1)}
FINEST = 1 / 48
"""Longest edge of a textured triangle, in diagonals of the object: about two pixels of a view."""
SAME_SHAPE = 2e-4
"""Largest difference of :func:`shape_moments` below which two files hold one object: far above the rounding of text formats."""


class MeshError(ValueError):
    """A file holds no usable mesh; the message says why."""


def rotation(up: str = "y", front: str = "z") -> np.ndarray:
    """Rotation (3, 3) from a file's axes to y up, front +x: ``points @ rotation(up, front).T``.

    Raises:
        ValueError: no axes, or two that are not perpendicular.
    """
    checks.choose("up", up, AXES)
    checks.choose("front", front, AXES)
    top, ahead = np.array(AXES[up], dtype=float), np.array(AXES[front], dtype=float)
    if top @ ahead:
        raise ValueError(f"up={up!r} and front={front!r} lie on one axis: expected two that are perpendicular.")
    return np.stack([ahead, top, np.cross(ahead, top)])


def read_mesh(path: Path, up: str = "y", front: str = "z", max_faces: int = MAX_FACES) -> tuple[Mesh, str]:
    """Read a file and turn, centre, scale and clean what is in it. Polygons are cut into triangles, parts put together.

    Args:
        path: OBJ, PLY, STL, OFF or GLB.
        up, front: axes of the file, such as "y" or "-z"; OBJ and GLB usually have y up and +z to the front.
        max_faces: more triangles are refused.

    Returns:
        The mesh, and a note on what was left out, or "".

    Raises:
        MeshError: nothing usable in it; says what.
    """
    turn = rotation(up, front)
    triangles, notes = _with_triangles(_load(path), max_faces)
    vertices, faces, colours, unpainted = _joined(triangles)
    used, position = np.unique(faces, return_inverse=True)  # loose vertices do not count
    points = vertices[used]
    if not np.isfinite(points).all():
        raise MeshError("broken: coordinates that are NaN or infinite")
    with np.errstate(over="ignore"):
        diagonal = np.linalg.norm(np.ptp(points, axis=0))
    if not 0 < diagonal < np.inf:
        raise MeshError("broken: without extent" if diagonal == 0 else "broken: coordinates too large for numbers")
    points = unit_diagonal((points / diagonal) @ turn.T)
    mesh = clean_mesh(points, position.reshape(-1, 3), colours)
    if not len(mesh.faces):
        raise MeshError("broken: no triangle has an area")
    return Mesh(unit_diagonal(mesh.vertices), mesh.faces, mesh.colours), "; ".join([*notes, *unpainted])


def _load(path: Path) -> list[Any]:
    """What trimesh finds in a file, every part where its scene puts it: meshes, perhaps paths and clouds."""
    import trimesh

    logging.getLogger("trimesh").setLevel(logging.CRITICAL)
    size = path.stat().st_size
    if not size:
        raise MeshError("an empty file")
    if size > MAX_BYTES:
        raise MeshError(f"{size / 1e6:,.0f} MB, more than {MAX_BYTES / 1e6:,.0f}: reduce it, in Blender or MeshLab")
    try:
        return trimesh.load_scene(path, process=False).dump()
    except Exception as error:  # readers raise whatever a broken file makes them stumble over
        if path.suffix.lower() == ".off" and isinstance(error, TypeError):
            # trimesh 5.2 stumbles over pentagons and more among other faces of an OFF file; OBJ and PLY are fine.
            raise MeshError("an OFF file with polygons of more than four corners: cut it into triangles") from error
        raise MeshError(f"unreadable: {type(error).__name__}: {' '.join(str(error).split())[:200]}") from error


def _with_triangles(parts: Sequence[Any], max_faces: int) -> tuple[list[Any], list[str]]:
    """Those of a file's parts that have triangles, and a note if there are others; MeshError for none, or too many."""
    import trimesh

    triangles = [part for part in parts if isinstance(part, trimesh.Trimesh) and len(part.faces)]
    if not triangles:
        points = sum(len(getattr(part, "vertices", ())) for part in parts)
        raise MeshError(
            f"no triangles, only {points:,} points or lines"
            if points
            else "no triangles in it, or not what its name says"
        )
    count = sum(len(part.faces) for part in triangles)
    if count > max_faces:
        raise MeshError(
            f"{count:,} triangles, more than {max_faces:,}: reduce it, in Blender or MeshLab, or raise --max-faces"
        )
    if any(part.faces.min() < 0 or part.faces.max() >= len(part.vertices) for part in triangles):
        raise MeshError("broken: triangles name vertices that are not there")
    left_out = len(parts) - len(triangles)
    return triangles, [f"{left_out} parts without triangles left out"] if left_out else []


def _joined(parts: Sequence[Any]) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[str]]:
    """Vertices (V, 3), faces (F, 3) and their colours (F, 3) uint8 of all parts together, and a note if some are unreadable."""
    everything = np.concatenate([part.vertices[np.unique(part.faces)] for part in parts])
    with np.errstate(over="ignore", invalid="ignore"):
        finest = float(FINEST * np.linalg.norm(np.ptp(everything, axis=0)))
    vertices, faces, colours, notes, first = [], [], [], [], 0
    for part in parts:
        try:
            points, corners, paint = coloured(part, finest)
        except Exception:  # a texture that is missing or damaged leaves a shape that is as good
            points, corners, paint = part.vertices, part.faces, np.full((len(part.faces), 3), GREY, np.uint8)
            notes = ["colours unreadable, grey instead"]
        vertices.append(np.asarray(points, dtype=np.float64))
        faces.append(np.asarray(corners, dtype=np.int64) + first)
        colours.append(paint)
        first += len(points)
    return np.concatenate(vertices), np.concatenate(faces), np.concatenate(colours), notes


def coloured(part: Any, finest: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (V, 3), faces (F, 3) and a colour (F, 3) uint8 for each of a ``trimesh.Trimesh``: its texture's, its own, or grey.

    A face has one colour, so textured faces are cut until no edge is longer than ``finest``, and take the colour at their centres.
    """
    visual, vertices, faces = part.visual, part.vertices, part.faces
    if visual.kind == "texture":
        uv, colours = visual.uv, None
        if uv is not None and len(uv) == len(vertices) and visual.material.to_color(uv[:1]) is not None:
            corners = _cut_up(np.concatenate([vertices, uv], axis=1)[faces], finest)
            vertices, faces = corners[..., :3].reshape(-1, 3), np.arange(3 * len(corners)).reshape(-1, 3)
            colours = visual.material.to_color(corners[..., 3:].mean(axis=1))
        if colours is None:
            colours = visual.material.main_color
    elif visual.kind in ("face", "vertex"):
        colours = visual.face_colors
    else:
        colours = [GREY] * 3
    return vertices, faces, np.broadcast_to(np.asarray(colours, dtype=np.uint8)[..., :3], (len(faces), 3)).copy()


def _cut_up(corners: np.ndarray, finest: float, at_most: int = 200_000) -> np.ndarray:
    """Corners (F, 3, 3 and more) of triangles → of those that they are cut into, each long one into four, again and again.

    It ends where no edge is longer than ``finest``, or where there would be more than ``at_most`` triangles.
    """
    while True:
        sides = np.linalg.norm(corners[..., :3] - np.roll(corners[..., :3], -1, axis=1), axis=-1)
        long = sides.max(axis=1) > finest
        if not long.any() or len(corners) + 3 * long.sum() > at_most:
            return corners
        a, b, c = corners[long].transpose(1, 0, 2)
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        quarters = [np.stack(corner, axis=1) for corner in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))]
        corners = np.concatenate([corners[~long], *quarters])


def shape_moments(mesh: Mesh) -> np.ndarray:
    """Thirteen numbers that tell one shape from another: extents, area, centroid and second moments of the surface.

    They depend on the surface alone, neither on its triangles nor on the order in which a format keeps them.
    """
    a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    total, middle = a + b + c, area.sum()
    first = (area[:, None] * total).sum(axis=0) / 3 / middle
    outer = sum(np.einsum("f,fi,fj->ij", area, x, x) for x in (a, b, c, total)) / 12 / middle
    return np.concatenate([np.ptp(mesh.vertices, axis=0), [middle], first, outer[np.triu_indices(3)]])
