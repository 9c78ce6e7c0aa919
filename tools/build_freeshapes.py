"""Make the committed source of FreeShapes, ``data/freeshapes/source``: run once, on Debian's package.

``python tools/build_freeshapes.py FURNITURE LABELS``: the folder of the ``.sh3f`` archives of the unpacked package
``sweethome3d-furniture``, and the table that labels 243 of its objects.
"""

from __future__ import annotations

import argparse
import csv
import io
import lzma
import posixpath
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial import cKDTree
from tqdm.auto import tqdm

from lmnet_utils.core import files, paths
from lmnet_utils.data.freeshapes import model_id, source_dir
from lmnet_utils.data.mesh import GREY, GRID, Mesh, clean_mesh, sample_surface
from lmnet_utils.geometry.camera import unit_diagonal

MAX_FACES = 20_000
TEXTURE_SIZE = 64
DUPLICATE_DISTANCE = 0.0185
"""Chamfer distance at matching extents below which two objects count as variants of one: chosen on contact sheets of the
pairs (below it drawers and doors of one kitchen, one table in three colours; above it different chairs)."""
SEATS = ("chair", "sofa", "bench")


# Not by trimesh (5.2): its triangles are the same, but in another order, which changes 237 of the 243 objects of the asset
# (28 are decimated to other vertices, 4 have other colours); this gives the committed bytes again.
def read_obj(archive: zipfile.ZipFile, path: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Read one Wavefront OBJ with its colours out of a zip archive.

    Polygons are cut into triangle fans, negative indices count from the end, groups and smoothing are ignored. A face's
    colour is its texture's at the face's centre, else its material's diffuse colour, else grey.

    Returns:
        vertices (V, 3) float64, faces (F, 3) int64, colours (F, 3) uint8.
    """
    names = {name.lower(): name for name in archive.namelist()}
    vertices: list[list[float]] = []
    texture_points: list[list[float]] = []
    faces: list[tuple[int, int, int]] = []
    face_uvs: list[tuple[int, int, int]] = []
    face_materials: list[int] = []
    materials: dict[str, dict] = {}
    order: dict[str, int] = {"": 0}
    current = 0
    text = archive.read(names[path.lower()]).decode("utf-8", errors="replace").replace("\\\n", " ")
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "v":
            vertices.append([float(x) for x in rest.split()[:3]])
        elif word == "vt":
            texture_points.append([float(x) for x in rest.split()[:2]])
        elif word == "f":
            corners = [corner.split("/") for corner in rest.split()]
            points = [int(c[0]) for c in corners]
            points = [p - 1 if p > 0 else len(vertices) + p for p in points]
            uvs = [int(c[1]) if len(c) > 1 and c[1] else 0 for c in corners]
            uvs = [u - 1 if u > 0 else (len(texture_points) + u if u < 0 else -1) for u in uvs]
            for i in range(1, len(points) - 1):
                faces.append((points[0], points[i], points[i + 1]))
                face_uvs.append((uvs[0], uvs[i], uvs[i + 1]))
                face_materials.append(current)
        elif word == "usemtl":
            current = order.setdefault(rest.strip(), len(order))
        elif word == "mtllib":
            # One archive names a library that lies there under the name of the OBJ.
            wanted = (posixpath.join(posixpath.dirname(path), rest.strip()), posixpath.splitext(path)[0] + ".mtl")
            library = next((names[w.lower()] for w in map(posixpath.normpath, wanted) if w.lower() in names), None)
            if library is not None:
                materials.update(_read_mtl(archive, library, names))
    colours = _face_colours(
        np.array(face_materials, dtype=np.int64),
        [materials.get(name, {}) for name in order],
        np.array(texture_points, dtype=np.float64).reshape(-1, 2),
        np.array(face_uvs, dtype=np.int64).reshape(-1, 3),
    )
    return np.array(vertices, dtype=np.float64), np.array(faces, dtype=np.int64).reshape(-1, 3), colours


def _face_colours(material_of: np.ndarray, materials: Sequence[dict], uv: np.ndarray, uv_of: np.ndarray) -> np.ndarray:
    """Colours (F, 3) uint8 of faces with materials (F,), texture points ``uv`` (T, 2) and their indices (F, 3), -1 for none."""
    colours = np.full((len(material_of), 3), GREY, dtype=np.uint8)
    for index, material in enumerate(materials):
        chosen = np.flatnonzero(material_of == index)
        if "Kd" in material:
            colours[chosen] = np.round(np.clip(material["Kd"], 0, 1) * 255).astype(np.uint8)
        if "texture" in material and len(uv):
            chosen = chosen[(uv_of[chosen] >= 0).all(axis=1)]
            centre = np.mod(uv[uv_of[chosen]].mean(axis=1), 1.0)
            texture = material["texture"]
            height, width = texture.shape[:2]
            rows = np.minimum(((1 - centre[:, 1]) * height).astype(int), height - 1)
            columns = np.minimum((centre[:, 0] * width).astype(int), width - 1)
            colours[chosen] = texture[rows, columns]
    return colours


def _read_mtl(archive: zipfile.ZipFile, path: str, names: dict[str, str]) -> dict[str, dict]:
    """Materials of an MTL file: {"Kd": (3,) floats, "texture": (H, W, 3) uint8}, each where given and readable."""
    materials: dict[str, dict] = {}
    material: dict = {}
    for line in archive.read(path).decode("utf-8", errors="replace").splitlines():
        word, _, rest = line.strip().partition(" ")
        if word == "newmtl":
            material = materials.setdefault(rest.strip(), {})
        elif word == "Kd":
            values = rest.split()
            if len(values) >= 3:
                material["Kd"] = np.array([float(x) for x in values[:3]])
        elif word == "map_Kd":
            file = rest.strip().replace("\\", "/").split("/")[-1]
            texture = names.get(posixpath.normpath(posixpath.join(posixpath.dirname(path), file)).lower())
            if texture is not None:
                image = Image.open(io.BytesIO(archive.read(texture))).convert("RGB")
                # A small texture is an average: the colour of a place rather than of one grain of wood.
                size = (min(TEXTURE_SIZE, image.width), min(TEXTURE_SIZE, image.height))
                material["texture"] = np.asarray(image.resize(size, Image.Resampling.BOX))
    return materials


def canonical(vertices: np.ndarray, model_rotation: str) -> np.ndarray:
    """Vertices (V, 3) of an OBJ in the frame of R2N2's renderings: y up, front +x, centred, bounding-box diagonal 1."""
    rotation = np.array([float(x) for x in model_rotation.split()]).reshape(3, 3) if model_rotation else np.eye(3)
    turned = vertices @ (np.diag([-1.0, 1.0, -1.0]) @ rotation).T  # y up, front -z
    return unit_diagonal(np.stack([-turned[:, 2], turned[:, 1], turned[:, 0]], axis=1))


def decimate(mesh: Mesh, max_faces: int) -> Mesh:
    """Quadric decimation to about `max_faces`; a new face takes the colour of the nearest place on the old surface."""
    if len(mesh.faces) <= max_faces:
        return mesh
    import pyvista

    cells = np.hstack([np.full((len(mesh.faces), 1), 3), mesh.faces]).ravel()
    surface = pyvista.PolyData(mesh.vertices, cells)
    reduced = surface.decimate(1 - max_faces / len(mesh.faces), volume_preservation=True)
    faces = reduced.faces.reshape(-1, 4)[:, 1:]
    points = np.asarray(reduced.points, dtype=np.float64)
    rng = np.random.default_rng(0)
    samples, of_face = sample_surface(mesh, 20 * max_faces, rng)
    samples = np.concatenate([samples, mesh.vertices[mesh.faces].mean(axis=1)])
    of_face = np.concatenate([of_face, np.arange(len(mesh.faces))])
    _, nearest = cKDTree(samples).query(points[faces].mean(axis=1))
    return clean_mesh(points, faces, mesh.colours[of_face[nearest]])


def near_duplicates(
    meshes: Sequence[Mesh], classes: Sequence[str], threshold: float = DUPLICATE_DISTANCE
) -> list[tuple[int, int, float]]:
    """Pairs of meshes that are one object in another colour, size or proportion, or mirrored.

    Both clouds (16,384 points) are scaled per axis to a unit box; the distance is the mean of the two directions' mean
    Euclidean nearest-neighbour distances, the better of as is and mirrored. Only objects of one class are compared, for
    at matching extents every box is every other (a telephone, a filing cabinet); seats are one class here, because an
    armchair widens to the sofa of its set.

    Returns:
        (i, j, distance) with i < j and distance < threshold.
    """
    clouds = [_unit_box(sample_surface(mesh, 16_384, np.random.default_rng(i))[0]) for i, mesh in enumerate(meshes)]
    trees = [cKDTree(cloud) for cloud in clouds]
    family = ["seat" if name in SEATS else name for name in classes]
    mirror = np.array([1.0, 1.0, -1.0])

    def distance(i: int, j: int, n: int) -> float:  # from the first n points of each cloud
        return min(
            (trees[j].query(clouds[i][:n] * flip)[0].mean() + trees[i].query(clouds[j][:n] * flip)[0].mean()) / 2
            for flip in (np.ones(3), mirror)
        )

    pairs = []
    for i in tqdm(range(len(meshes)), desc="near-duplicates"):
        for j in range(i + 1, len(meshes)):
            if family[i] == family[j] and distance(i, j, 64) < 2 * threshold:
                exact = distance(i, j, len(clouds[i]))
                if exact < threshold:
                    pairs.append((i, j, float(exact)))
    return pairs


def _unit_box(points: np.ndarray) -> np.ndarray:
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - (low + high) / 2) / np.maximum(high - low, 1e-6)


def components(n: int, pairs: Sequence[tuple[int, int, float]]) -> list[int]:
    """Number of the connected component of each of ``n`` nodes: the lowest node in it."""
    parent = list(range(n))

    def root(i: int) -> int:
        while parent[i] != i:
            i = parent[i]
        return i

    for i, j, _ in pairs:
        a, b = sorted((root(i), root(j)))
        parent[b] = a
    return [root(i) for i in range(n)]


def pack_meshes(meshes: dict[str, Mesh]) -> bytes:
    """The asset's bytes: integer arrays, split into what compresses well, in one xz-compressed ``.npz``."""
    grid, steps, palettes, colour_index = [], [], [], []
    for mesh in meshes.values():
        order = np.lexsort(mesh.faces[:, ::-1].T)
        palette, index = np.unique(mesh.colours[order], axis=0, return_inverse=True)
        points = np.round((mesh.vertices + 0.5) * GRID).astype(np.int64)
        grid.append(np.diff(points, axis=0, prepend=np.zeros((1, 3), np.int64)).astype(np.int16))
        steps.append(np.diff(mesh.faces[order], axis=0, prepend=np.zeros((1, 3), np.int64)).astype(np.int32))
        palettes.append(palette.astype(np.uint8))
        colour_index.append(index.reshape(-1).astype(np.uint16))
    arrays = {
        "ids": np.array(list(meshes)),
        "vertex_counts": np.array([len(x) for x in grid], np.int32),
        "face_counts": np.array([len(x) for x in steps], np.int32),
        "palette_counts": np.array([len(x) for x in palettes], np.int32),
        "palettes": np.concatenate(palettes),
        "colour_index": _byte_planes(np.concatenate(colour_index)),
        "vertex_steps": _byte_planes(np.concatenate(grid).T),
        "face_steps": _byte_planes(np.concatenate(steps).T),
    }
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return lzma.compress(buffer.getvalue(), preset=9 | lzma.PRESET_EXTREME)


def _byte_planes(values: np.ndarray) -> np.ndarray:
    """Integers as zigzag codes, low bytes together and high bytes together, along a new first axis."""
    wide = values.astype(np.int64)
    zigzag = np.where(wide < 0, -2 * wide - 1, 2 * wide).astype("<u4")
    planes = zigzag[..., None].view(np.uint8)
    return np.ascontiguousarray(np.moveaxis(planes, -1, 0)[: 4 if zigzag.max(initial=0) >= 1 << 24 else 3])


def build_source(furniture_dir: Path, labels_csv: Path, destination: Path | None = None) -> Path:
    """Turn the labelled objects of ``sweethome3d-furniture`` into the committed asset and its attribution table.

    Args:
        furniture_dir: folder of the ``.sh3f`` archives (``usr/share/sweethome3d/furniture`` of the unpacked package).
        labels_csv: one row an object: sh3f, model, modelRotation, category, synset, name, creator, license.
        destination: folder that gets the files; by default ``data/freeshapes/source``.
    """
    destination = destination or source_dir()
    with open(labels_csv, newline="", encoding="utf-8") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["synset"], model_id(row["sh3f"], row["model"])))
    archives = {name: zipfile.ZipFile(Path(furniture_dir) / name) for name in {row["sh3f"] for row in rows}}
    meshes: dict[str, Mesh] = {}
    table = []
    for row in tqdm(rows, desc="meshes"):
        vertices, faces, colours = read_obj(archives[row["sh3f"]], row["model"])
        # Scaled by what is drawn: some files carry vertices that no face uses.
        used, position = np.unique(faces, return_inverse=True)
        vertices = canonical(vertices[used], row["modelRotation"])
        whole = clean_mesh(vertices, position.reshape(-1, 3), colours)
        mesh = decimate(whole, MAX_FACES)
        name = model_id(row["sh3f"], row["model"])
        meshes[name] = mesh
        table.append(
            {
                "id": name,
                "synset": row["synset"],
                "class": row["category"],
                "name": row["name"],
                "creator": row["creator"],
                "license": row["license"],
                "archive": row["sh3f"],
                "path": row["model"],
                "faces_original": len(faces),
                "faces": len(mesh.faces),
            }
        )
    pairs = near_duplicates(list(meshes.values()), [entry["class"] for entry in table])
    group = components(len(table), pairs)
    for entry, first in zip(table, group, strict=True):
        entry["duplicate_group"] = table[first]["id"] if group.count(first) > 1 else ""
    with files.atomic_path(destination / "ATTRIBUTION.csv") as temporary:
        with open(temporary, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(table[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(table)
    with files.atomic_path(destination / "meshes.npz.xz") as temporary:
        temporary.write_bytes(pack_meshes(meshes))
    return destination


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the committed source of FreeShapes from the unpacked package sweethome3d-furniture."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("furniture", type=Path, help="folder of the .sh3f archives")
    parser.add_argument("labels", type=Path, help="labels.csv")
    parser.add_argument("--destination", type=Path, help="by default data/freeshapes/source")
    options = parser.parse_args(arguments)
    print(paths.display(build_source(options.furniture, options.labels, options.destination)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
