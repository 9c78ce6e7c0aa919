"""The builder of the embedded data set's committed source: reading, turning, decimating, packing, near-duplicates."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import build_freeshapes
import numpy as np
import pytest
from PIL import Image

from lmnet_utils.data import freeshapes
from lmnet_utils.data.mesh import GREY, GRID, Mesh
from lmnet_utils.geometry.camera import unit_diagonal


@pytest.fixture
def archive(tmp_path: Path) -> zipfile.ZipFile:
    """A square with a red-and-blue texture, a green triangle by negative indices, a triangle of unknown material."""
    texture = np.zeros((2, 2, 3), np.uint8)
    texture[0], texture[1] = (255, 0, 0), (0, 0, 255)  # above red, below blue
    buffer = io.BytesIO()
    Image.fromarray(texture).save(buffer, "PNG")
    obj = """mtllib Thing.mtl
v 0 0 0
v 1 0 0
v 1 1 0
v 0 1 0
vt 5.1 -0.9
vt 5.3 -0.9
vt 5.3 -0.8
g one
usemtl painted
f 1/1 2/2 3/3 4/3
g two
usemtl green
f -4 -3 -2
usemtl nowhere
f 1//7 2//7 4//7
"""
    mtl = "newmtl painted\nKd 1 1 1\nmap_Kd paint.png\nnewmtl green\nd 0.1\nKd 0 0.5 0\n"
    with zipfile.ZipFile(tmp_path / "a.sh3f", "w") as file:
        for name, content in (("x/thing.obj", obj), ("x/thing.mtl", mtl), ("x/paint.png", buffer.getvalue())):
            file.writestr(name, content)
    return zipfile.ZipFile(tmp_path / "a.sh3f")


def test_obj_reader_polygons_negative_indices_and_colours(archive: zipfile.ZipFile) -> None:
    vertices, faces, colours = build_freeshapes.read_obj(archive, "x/thing.obj")
    assert vertices.shape == (4, 3)
    assert faces.tolist() == [[0, 1, 2], [0, 2, 3], [0, 1, 2], [0, 1, 3]]
    # v = -0.9 wraps to 0.1, near the texture's lower edge, which is blue
    assert colours.tolist() == [[0, 0, 255], [0, 0, 255], [0, 128, 0], [GREY] * 3]


def test_canonical_frame_turns_the_front_to_plus_x_and_keeps_up() -> None:
    """An OBJ with front +z (y up): roty(180°) makes it -z, and (x, y, z) → (−z, y, x) makes it +x."""
    points = np.array([[0, 0, 1.0], [0, 0, -1], [0, 1, 0], [0, -1, 0], [1, 0, 0], [-1, 0, 0]])
    turned = build_freeshapes.canonical(points, "") * np.sqrt(12)
    assert turned[0] == pytest.approx([1, 0, 0]) and turned[2] == pytest.approx([0, 1, 0])
    quarter = "0 0 1 0 1 0 -1 0 0"  # takes +z to +x first
    assert build_freeshapes.canonical(points, quarter)[0] * np.sqrt(12) == pytest.approx([0, 0, -1])


def test_packing_gives_back_the_meshes() -> None:
    rng = np.random.default_rng(0)
    grid = rng.integers(0, GRID + 1, (50, 3)) / GRID - 0.5
    faces = rng.integers(0, 50, (80, 3))
    mesh = Mesh(grid, faces, rng.integers(0, 256, (80, 3)).astype(np.uint8))
    back = freeshapes.unpack_meshes(build_freeshapes.pack_meshes({"a": mesh, "b": mesh}))["b"]
    assert np.array_equal(back.vertices, grid)
    rows = sorted(map(tuple, np.hstack([mesh.faces, mesh.colours]).tolist()))
    assert sorted(map(tuple, np.hstack([back.faces, back.colours]).tolist())) == rows


def test_decimation_keeps_shape_and_colours() -> None:
    """A finely cut square, left half red, right half blue."""
    n = 40
    x, y = np.meshgrid(np.arange(n + 1) / n - 0.5, np.arange(n + 1) / n - 0.5)
    vertices = np.stack([x.ravel(), y.ravel(), 0.05 * (x.ravel() > 0)], axis=1)
    corner = (np.arange(n)[:, None] * (n + 1) + np.arange(n)).ravel()
    faces = np.concatenate(
        [np.stack([corner, corner + 1, corner + n + 2], 1), np.stack([corner, corner + n + 2, corner + n + 1], 1)]
    )
    right = vertices[faces].mean(axis=1)[:, 0] > 0
    mesh = Mesh(vertices, faces, np.where(right[:, None], [0, 0, 255], [255, 0, 0]).astype(np.uint8))
    small = build_freeshapes.decimate(mesh, 200)
    assert len(small.faces) <= 220
    centre = small.vertices[small.faces].mean(axis=1)[:, 0]
    clear = np.abs(centre) > 0.05
    assert np.array_equal(small.colours[clear, 2] == 255, centre[clear] > 0)


def test_near_duplicates_are_stretched_and_mirrored_but_not_other_objects() -> None:
    rows = [row for row in freeshapes.attribution() if row["class"] == "chair"][:6]
    meshes = [freeshapes.mesh_of(row["id"]) for row in rows]
    for stretch in ([1, 1.3, 0.8], [1, 1, -1]):
        changed = Mesh(unit_diagonal(meshes[2].vertices * stretch), meshes[2].faces, meshes[2].colours)
        pairs = build_freeshapes.near_duplicates([*meshes, changed], ["chair"] * 7)
        assert [(i, j) for i, j, _ in pairs] == [(2, 6)]
    assert build_freeshapes.components(5, [(1, 3, 0.0), (3, 4, 0.0)]) == [0, 1, 2, 1, 1]
