"""Mesh files of reconstructions: read back by trimesh and, of GLB, by hand; the colours are those of the side that was seen."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
import trimesh

from lmnet_utils.apps.appearance import Viewpoint, find_viewpoint, vertex_colours
from lmnet_utils.apps.cutouts import Cutout
from lmnet_utils.apps.exports import MeshOptions, distances_to_cloud, mesh_of_cloud, write_mesh, write_meshes
from lmnet_utils.apps.placing import Photo
from lmnet_utils.geometry.camera import project_to_pixels
from lmnet_utils.geometry.frames import file_from_y_up


def chair() -> np.ndarray:
    """A seat with a high back at −x and one arm at +z, y up, front +x: no two sides look alike."""
    draw = np.random.default_rng(0)
    seat = draw.uniform([-0.3, -0.1, -0.3], [0.3, 0, 0.3], (900, 3))
    back = draw.uniform([-0.3, 0, -0.3], [-0.22, 0.5, 0.3], (700, 3))
    arm = draw.uniform([-0.3, 0, 0.22], [0.3, 0.2, 0.3], (448, 3))
    return np.concatenate([seat, back, arm])


def photo_of(points: np.ndarray, azimuth: float, elevation: float = 25.0) -> Photo:
    """A picture of 274×274 pixels with discs at the points: red left, blue right of the picture's middle, on green."""
    pixels = np.round(2 * project_to_pixels(points, azimuth, elevation, 0.8)).astype(int)
    mask = np.zeros((274, 274), np.float32)
    for dx in range(-4, 5):
        for dy in range(-4, 5):
            mask[pixels[:, 1] + dy, pixels[:, 0] + dx] = 1
    image = np.zeros((274, 274, 4), np.uint8)
    image[..., 1] = 255
    image[mask > 0] = (200, 0, 0, 255)
    image[:, 137:][mask[:, 137:] > 0] = (0, 0, 200, 255)
    return Photo(image, Cutout(mask, "alpha"), np.zeros((128, 128, 3), np.uint8))


@pytest.mark.parametrize("azimuth", [0, 70, 180, 250])
def test_the_viewpoint_of_a_picture_is_found(azimuth: int) -> None:
    points = chair()
    found = find_viewpoint(points + 0.3, photo_of(points, azimuth).cutout.mask)  # wherever the cloud stands
    assert abs((found.azimuth - azimuth + 180) % 360 - 180) <= 10 and found.overlap > 0.75


def test_colours_are_the_pictures_where_it_shows_and_the_mean_elsewhere() -> None:
    points = chair()
    photo = photo_of(points, 0)
    colours, guessed = vertex_colours(points, photo.image, photo.cutout.mask, Viewpoint(0.0, 25.0, 1.0))
    mean = np.rint(photo.image[photo.cutout.mask > 0][:, :3].mean(axis=0)).astype(np.uint8)
    assert (colours[guessed] == mean).all() and 0.2 < guessed.mean() < 0.9
    behind, ahead = points[:, 0] < -0.28, (points[:, 0] > -0.235) & (points[:, 1] > 0.1) & (points[:, 2] < 0.1)
    assert guessed[behind & (points[:, 1] < 0.4)].mean() > 0.9, "the rear of the back is hidden"
    assert guessed[ahead].mean() < 0.5, "its front is seen"
    assert not (colours[..., 1] > mean[1]).any(), "nothing of the green background"
    left = points[:, 2] > 0.05  # seen from the front, +z is on the left
    assert (colours[~guessed & left][:, 0] == 200).mean() > 0.95 and (
        colours[~guessed & (points[:, 2] < -0.05)][:, 2] == 200
    ).mean() > 0.95


def glb_of(path: Path) -> tuple[dict, bytes]:
    """A GLB's JSON and binary chunk, by its specification."""
    content = path.read_bytes()
    magic, version, length = struct.unpack("<4sII", content[:12])
    assert (magic, version, length) == (b"glTF", 2, len(content))
    size, kind = struct.unpack("<I4s", content[12:20])
    assert kind == b"JSON"
    return json.loads(content[20 : 20 + size]), content[20 + size + 8 :]


def test_files_hold_the_mesh_its_colours_and_which_are_guessed(tmp_path: Path) -> None:
    points = chair()
    record = write_meshes(
        tmp_path, file_from_y_up(points), photo_of(points, 30), MeshOptions(("glb", "ply", "obj", "stl"))
    )
    assert (
        record["files"]
        == ["mesh.glb", "mesh.ply", "mesh.obj", "mesh.stl"]
        == [f"mesh.{kind}" for kind in ("glb", "ply", "obj", "stl")]
    )
    meshes = {
        kind: trimesh.load(tmp_path / f"mesh.{kind}", force="mesh", process=False)
        for kind in ("glb", "ply", "obj", "stl")
    }
    assert {len(mesh.faces) for mesh in meshes.values()} == {record["faces"]}
    guessed = meshes["ply"].vertex_attributes["guessed"] if "guessed" in meshes["ply"].vertex_attributes else None
    assert guessed is None or set(np.unique(guessed)) == {0, 1}
    assert b"property uchar guessed" in (tmp_path / "mesh.ply").read_bytes()[:500]
    gltf, _ = glb_of(tmp_path / "mesh.glb")
    assert {"POSITION", "COLOR_0", "_GUESSED"} <= set(gltf["meshes"][0]["primitives"][0]["attributes"])
    for kind in ("glb", "ply", "obj"):
        assert len(np.unique(meshes[kind].visual.vertex_colors[:, :3], axis=0)) == 3, f"{kind}: red, blue, their mean"
    # y up with the front to +z, but z up in STL: the back, the highest part, is at the other end.
    for kind, up, ahead, sign in (("glb", 1, 2, 1), ("ply", 1, 2, 1), ("obj", 1, 2, 1), ("stl", 2, 1, -1)):
        places = np.asarray(meshes[kind].vertices)
        top = places[places[:, up] > places[:, up].max() - 0.1]
        assert np.ptp(places[:, up]) == pytest.approx(0.6, abs=0.02)
        assert (sign * top[:, ahead] < -0.2).all(), f"{kind}: the back is behind"


@pytest.mark.parametrize("kind, longest", [("stl", 80.0), ("obj", 80.0), ("glb", 0.08)])
def test_a_mesh_for_printing_is_closed_and_as_large_as_asked(tmp_path: Path, kind: str, longest: float) -> None:
    record = write_meshes(tmp_path, file_from_y_up(chair()), None, MeshOptions((kind,), watertight=True, size_mm=80))
    mesh = trimesh.load(tmp_path / f"mesh.{kind}", force="mesh")
    assert record["watertight"] and mesh.is_watertight and mesh.volume > 0
    assert mesh.extents.max() == pytest.approx(longest, rel=1e-4)
    assert record["guessed_colours"] == 1 and record["size_mm"] == 80


def test_the_stated_distances_are_those_of_the_mesh() -> None:
    points = chair()
    mesh, record = mesh_of_cloud(file_from_y_up(points), None)
    nearest = trimesh.proximity.closest_point_naive(mesh, points[::16])[1]  # on the triangles, not on samples of them
    exact = 100 * nearest.mean() / np.ptp(points, axis=0).max()
    assert exact <= record["cloud_to_mesh"] + 0.3 and record["cloud_to_mesh"] <= exact + 1
    far = mesh.copy()
    far.apply_translation([5, 0, 0])
    assert distances_to_cloud(far, points)[0] > 100 * 4 / np.ptp(points, axis=0).max()


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    for options, words in (
        ({"formats": ("usdz",)}, "expected one of 'glb'"),
        ({"formats": ()}, "found none"),
        ({"size_mm": 0.0}, "more than 0"),
    ):
        with pytest.raises(ValueError, match=words):
            MeshOptions(**options)
    mesh, _ = mesh_of_cloud(file_from_y_up(chair()), None)
    with pytest.raises(ValueError, match="expected one of"):
        write_mesh(tmp_path / "mesh.fbx", mesh)
    assert not list(tmp_path.iterdir())
