"""Own meshes: five formats, what cannot be used, frames, classes of one's own, and an import that is killed or repeated."""

from __future__ import annotations

import csv
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import trimesh
from PIL import Image

from lmnet_utils.apps import explorer_session
from lmnet_utils.core import notebook_settings, paths
from lmnet_utils.data import layout, mesh_files, meshes, packs, splits, taxonomy, verification
from lmnet_utils.data.import_report import Report
from lmnet_utils.data.layout import class_of
from lmnet_utils.data.mesh import GREY, Mesh, sample_surface
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.geometry.frames import y_up_from_file
from lmnet_utils.models import networks
from lmnet_utils.models.predictions import read_predictions
from lmnet_utils.models.weights import save_model
from lmnet_utils.run import cli
from lmnet_utils.training import autoencoder, image_encoder

RED, GREEN, BLUE, WOOD = (220, 30, 30, 255), (30, 200, 30, 255), (30, 30, 220, 255), (150, 110, 60, 255)


def box(size, centre, colour) -> trimesh.Trimesh:
    part = trimesh.creation.box(size)
    part.apply_translation(centre)
    part.visual.face_colors = colour
    return part


def chair(width: float = 0.5, height: float = 0.9) -> list[trimesh.Trimesh]:
    """Up is y, front is z: a wooden seat, a red back behind, a blue arm at x > 0, which from the front is at the right."""
    parts = [
        box((width, 0.08, 0.5), (0, 0.4, 0), WOOD),
        box((width, height - 0.4, 0.08), (0, height / 2 + 0.2, -0.25), RED),
    ]
    legs = [(x, z) for x in (-1, 1) for z in (-1, 1)]
    parts += [box((0.06, 0.4, 0.06), (x * (width / 2 - 0.03), 0.2, z * 0.22), WOOD) for x, z in legs]
    return [*parts, box((0.06, 0.2, 0.5), (width / 2 - 0.03, 0.54, 0), BLUE)]


def turned(part: trimesh.Trimesh, rotation: np.ndarray) -> trimesh.Trimesh:
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    return part.copy().apply_transform(matrix)


def export(parts: list[trimesh.Trimesh], path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    trimesh.util.concatenate(parts).export(path)
    return path


def surface(mesh: Mesh, n: int = 200_000) -> np.ndarray:
    return sample_surface(mesh, n, np.random.default_rng(0))[0]


# ---------------------------------------------------------------------------------------------------------- one file
def test_axes_go_where_they_are_said_to_point() -> None:
    """The file's up becomes y, its front x; what is left of the object, seen from itself, becomes −z."""
    for up, ahead in mesh_files.AXES.items():
        for front, forward in mesh_files.AXES.items():
            if np.dot(ahead, forward):
                with pytest.raises(ValueError, match="perpendicular"):
                    mesh_files.rotation(up, front)
                continue
            turn = mesh_files.rotation(up, front)
            left = np.cross(ahead, forward)
            assert (turn @ ahead).tolist() == [0, 1, 0] and (turn @ forward).tolist() == [1, 0, 0]
            assert (turn @ left).tolist() == [0, 0, -1]
    with pytest.raises(ValueError, match="front='w'"):
        mesh_files.rotation("y", "w")


@pytest.mark.parametrize("suffix", mesh_files.SUFFIXES)
def test_every_format_gives_the_object_in_the_kits_frame(suffix: str, tmp_path: Path) -> None:
    parts = [turned(part, np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])) for part in chair()]  # up is z, front is −y
    mesh, note = mesh_files.read_mesh(export(parts, tmp_path / f"a{suffix.upper()}"), "z", "-y")
    assert note == ""
    size = np.array([0.54, 0.9, 0.5])  # along front (seat and back), up, and from side to side
    assert np.ptp(mesh.vertices, axis=0) == pytest.approx(size / np.linalg.norm(size), abs=2e-3)
    points = surface(mesh, 5000)
    top = points[points[:, 1] > np.quantile(points[:, 1], 0.95)]
    assert top[:, 0].max() < -0.1, "the back is behind"
    if suffix not in (".stl", ".off"):  # trimesh writes no colours in these
        blue = mesh.colours[:, 2] > 200
        assert blue.any() and mesh.vertices[mesh.faces[blue]][..., 2].max() < -0.1, "the arm is at the object's left"
    else:
        assert (mesh.colours == GREY).all()


def test_polygons_are_cut_into_triangles_without_holes_or_overlap(tmp_path: Path) -> None:
    """A prism over a regular hexagon (side 1, height 2): area 2·(3√3/2) + 6·2, whatever its faces are written as."""
    ring = [(np.cos(a), np.sin(a)) for a in np.radians(np.arange(0, 360, 60))]
    points = [(x, 0.0, y) for x, y in ring] + [(x, 2.0, y) for x, y in ring]
    faces = [list(range(6)), list(range(11, 5, -1))] + [[i, (i + 1) % 6, (i + 1) % 6 + 6, i + 6] for i in range(6)]
    lines = [" ".join(f"{x:.9f}" for x in point) for point in points]
    hexagons, ply = faces[:2], ["ply", "format ascii 1.0", "element vertex 12", *(f"property float {c}" for c in "xyz")]
    corners = [f"{len(face)} " + " ".join(map(str, face)) for face in faces]
    texts = {
        "a.obj": [*(f"v {line}" for line in lines), *("f " + " ".join(str(i + 1) for i in face) for face in faces)],
        "a.ply": [*ply, "element face 8", "property list uchar int vertex_indices", "end_header", *lines, *corners],
        "quads.off": ["OFF", "12 6 0", *lines, *corners[2:]],
        "mixed.off": ["OFF", "12 8 0", *lines, *corners],
    }
    for name, text in texts.items():
        (tmp_path / name).write_text("\n".join(text) + "\n")
        if name == "mixed.off":
            with pytest.raises(mesh_files.MeshError, match="more than four corners"):
                mesh_files.read_mesh(tmp_path / name)
            continue
        mesh, _ = mesh_files.read_mesh(tmp_path / name)
        a, b, c = (mesh.vertices[mesh.faces[:, i]] for i in range(3))
        area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
        expected = 12 if name == "quads.off" else 12 + 3 * np.sqrt(3) / 2 * len(hexagons)
        assert area == pytest.approx(expected / np.linalg.norm([2, 2, np.sqrt(3)]) ** 2, rel=2e-3)


def test_transformed_parts_of_a_glb_are_put_together_where_they_belong(tmp_path: Path) -> None:
    scene = trimesh.Scene()
    scene.add_geometry(box((1, 1, 1), (0, 0, 0), RED))
    shift = np.eye(4)
    shift[:3, 3] = (0, 3, 0)
    scene.add_geometry(box((1, 1, 1), (0, 0, 0), GREEN), transform=shift)
    scene.export(tmp_path / "two.glb")
    mesh, _ = mesh_files.read_mesh(tmp_path / "two.glb")
    assert np.ptp(mesh.vertices, axis=0) * np.sqrt(18) == pytest.approx([1, 4, 1], abs=2e-3)
    height = mesh.vertices[mesh.faces][..., 1].mean(axis=1)
    assert (mesh.colours[height > 0, 1] > 150).all() and (mesh.colours[height < 0, 0] > 150).all()


def test_textures_are_read_within_faces_and_a_missing_one_leaves_grey(tmp_path: Path) -> None:
    texture = np.zeros((8, 8, 3), np.uint8)
    texture[:4], texture[4:] = RED[:3], BLUE[:3]  # red above (v near 1), blue below
    Image.fromarray(texture).save(tmp_path / "paint.png")
    (tmp_path / "a.mtl").write_text("newmtl m\nKd 1 1 1\nmap_Kd paint.png\n")
    (tmp_path / "a.obj").write_text(
        "mtllib a.mtl\nusemtl m\nv 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nvt 0.1 0.9\nvt 0.9 0.9\nvt 0.1 0.1\nvt 0.9 0.1\n"
        "f 1/1 2/2 3/1\nf 1/3 3/4 4/3\n"
    )
    mesh, note = mesh_files.read_mesh(tmp_path / "a.obj")
    flat = np.ptp(mesh.vertices[mesh.faces][..., 0], axis=1) < 1e-6  # the first triangle: the file's z is the kit's x
    assert note == "" and (mesh.colours[flat] == RED[:3]).all() and (mesh.colours[~flat] == BLUE[:3]).all()
    (tmp_path / "wall.obj").write_text(  # one quad, the whole texture on it
        "mtllib a.mtl\nusemtl m\nv 0 0 0\nv 2 0 0\nv 2 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\nf 1/1 2/2 3/3 4/4\n"
    )
    wall, _ = mesh_files.read_mesh(tmp_path / "wall.obj")
    corners = wall.vertices[wall.faces]
    height = corners.mean(axis=1)[:, 1]
    assert (wall.colours[height > 0.02] == RED[:3]).all() and (wall.colours[height < -0.02] == BLUE[:3]).all()
    area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
    assert area == pytest.approx(2 / 5, rel=1e-3), "cut up, nothing added or lost"
    (tmp_path / "paint.png").unlink()
    mesh, _ = mesh_files.read_mesh(tmp_path / "a.obj")
    assert len(mesh.faces) == 2


def write_unusable(folder: Path) -> dict[str, str]:
    """Files that are no usable mesh → a word of the reason."""
    folder.mkdir(parents=True)
    off = "OFF\n{} {} 0\n{}\n".format
    glb = folder / "whole.glb"
    trimesh.Scene(chair()).export(glb)
    contents: dict[str, tuple[bytes | str, str]] = {
        "empty.obj": (b"", "empty file"),
        "words.obj": ("nothing but words\n", "no triangles"),
        "random.stl": (np.random.default_rng(0).bytes(500), "not what its name says"),
        "half.glb": (glb.read_bytes()[: glb.stat().st_size // 2], "unreadable"),
        "points.ply": (
            "ply\nformat ascii 1.0\nelement vertex 2\nproperty float x\nproperty float y\nproperty float z\nend_header\n"
            "0 0 0\n1 1 1\n",
            "only 2 points",
        ),
        "lines.obj": ("v 0 0 0\nv 1 0 0\nv 1 1 0\nl 1 2 3\n", "no triangles"),
        "nan.off": (off(3, 1, "0 0 0\n1 nan 0\n0 1 0\n3 0 1 2"), "NaN"),
        "outside.off": (off(3, 1, "0 0 0\n1 0 0\n0 1 0\n3 0 1 9"), "unreadable"),
        "point.off": (off(3, 1, "1 1 1\n1 1 1\n1 1 1\n3 0 1 2"), "without extent"),
        "line.off": (off(3, 1, "0 0 0\n1 1 1\n2 2 2\n3 0 1 2"), "no triangle has an area"),
        "scene.fbx": (b"Kaydara", ".fbx is not read"),
    }
    for name, (content, _) in contents.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    glb.unlink()
    return {name: word for name, (_, word) in contents.items()}


def test_a_mesh_beyond_the_limits_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = export([trimesh.creation.icosphere(2)], tmp_path / "ball.ply")
    with pytest.raises(mesh_files.MeshError, match="320 triangles, more than 100"):
        mesh_files.read_mesh(path, max_faces=100)
    monkeypatch.setattr(mesh_files, "MAX_BYTES", 1000)
    with pytest.raises(mesh_files.MeshError, match="MB, more than"):
        mesh_files.read_mesh(path)


def test_moments_are_those_of_the_surface_and_do_not_depend_on_its_triangles(tmp_path: Path) -> None:
    whole, fine = chair(), [part.subdivide() for part in chair()]
    one, _ = mesh_files.read_mesh(export(whole, tmp_path / "a.obj"))
    same, _ = mesh_files.read_mesh(export(fine, tmp_path / "b.stl"))
    wider, _ = mesh_files.read_mesh(export(chair(0.505), tmp_path / "c.obj"))
    moments = mesh_files.shape_moments(one)
    points = surface(one, 400_000)  # Monte Carlo, error about 1/√400,000 of the spread
    sampled = np.concatenate([points.mean(axis=0), (points.T @ points / len(points))[np.triu_indices(3)]])
    assert moments[4:] == pytest.approx(sampled, abs=2e-3)
    assert np.abs(moments - mesh_files.shape_moments(same)).max() < mesh_files.SAME_SHAPE
    assert np.abs(moments - mesh_files.shape_moments(wider)).max() > 2 * mesh_files.SAME_SHAPE


# ------------------------------------------------------------------------------------------------------------ classes
@pytest.mark.parametrize(
    "text, name",
    [
        ("chair", "chair"), ("Chairs", "chair"), ("benches", "bench"), ("Couches", "sofa"), ("03001627", "chair"),
        ("TV", "display"), ("monitor", "display"), ("vessel", "watercraft"), ("speaker", "loudspeaker"),
        ("Coffee mug", "coffee-mug"), ("glass", "glass"), ("Stühle", "stuhle"), ("3d_printer", "3d-printer"),
    ],
)  # fmt: skip
def test_folders_name_classes_as_people_do(text: str, name: str) -> None:
    assert taxonomy.class_named(text) == name
    synset = CLASSES.get(name, name)
    assert taxonomy.class_name(synset) == name
    assert synset in taxonomy.synsets_of("13")
    assert (synset in taxonomy.synsets_of("chair")) == (name == "chair")


def test_what_names_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="no name for a class"):
        taxonomy.class_named("2024")
    for key in ("Chair", "chair", "99999999", ""):
        with pytest.raises(ValueError, match="no class's folder: expected one of the 13 synsets"):
            taxonomy.class_name(key)
        assert key not in taxonomy.synsets_of("13")
    for misspelt in ("cahir", "0300162"):
        assert misspelt not in CLASSES and misspelt not in taxonomy.NAME_OF
        with pytest.raises(KeyError):
            CLASSES[misspelt]
    assert len(list(taxonomy.synsets_of("13"))) == len(CLASSES) == 13


def test_split_files_take_own_classes_but_no_class_name_in_place_of_its_synset(tmp_path: Path) -> None:
    splits.write(tmp_path, "official", splits.Split(["coffee-mug/a"], [], [f"{CLASSES['chair']}/b"]))
    assert splits.read(tmp_path).train == ["coffee-mug/a"] and splits.read(tmp_path, group="chair").train == []
    for line in ("chair/a", "Mug/a", "123/a", "mug", "mug/a/b"):
        (tmp_path / "splits/official/13/train.txt").write_text(f"{line}\n")
        with pytest.raises(ValueError, match="synset/model"):
            splits.read(tmp_path)


def test_a_csv_file_goes_before_the_folders_and_is_checked(tmp_path: Path) -> None:
    table = tmp_path / "classes.csv"
    table.write_text("﻿file,class,group\na\\b.obj, Couch ,pair\nc.obj,mug,\n", encoding="utf-8")
    assert meshes.read_labels(table) == {
        "a/b.obj": {"class": "Couch", "group": "pair"},
        "c.obj": {"class": "mug", "group": ""},
    }
    table.write_text("name,class\nx,y\n")
    with pytest.raises(ValueError, match="columns file and class"):
        meshes.read_labels(table)
    table.write_text("file,class\nx,y\nx,z\n")
    with pytest.raises(ValueError, match="names x twice"):
        meshes.read_labels(table)
    with pytest.raises(FileNotFoundError, match=r"missing\.csv"):
        meshes.read_labels(tmp_path / "missing.csv")


# --------------------------------------------------------------------------------------------------- a folder of them
def write_folder(folder: Path) -> None:
    for i, suffix in enumerate((".obj", ".glb", ".ply")):
        export(chair(0.4 + 0.1 * i, 0.8 + 0.1 * i), folder / "Chairs" / f"chair {i}{suffix}")
    for i in range(2):
        bowl = trimesh.creation.cylinder(0.4 + 0.2 * i, 0.3, sections=16)
        export([turned(bowl, mesh_files.rotation("x", "y"))], folder / "coffee mug" / f"{i}.stl")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three chairs in three formats, two round mugs, everything unusable, a copy and the same chair as another format."""
    folder = tmp_path_factory.mktemp("own") / "meshes"
    write_folder(folder)
    write_unusable(folder / "broken things")
    (folder / "Chairs" / "chair 2 again.ply").write_bytes((folder / "Chairs" / "chair 2.ply").read_bytes())
    export(chair(0.4, 0.8), folder / "Chairs" / "chair 0 once more.stl")
    export(chair(0.7), folder / "loose.obj")
    return folder


@pytest.fixture(scope="module")
def imported(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    data = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMNET_DATA", str(data))
        return data, meshes.import_meshes(folder, "own", workers=1, progress=False)


@pytest.fixture
def own(imported: tuple[Path, Report], monkeypatch: pytest.MonkeyPatch) -> Report:
    """The imported data set, not to be changed."""
    monkeypatch.setenv("LMNET_DATA", str(imported[0]))
    return imported[1]


def test_the_report_says_what_became_of_every_file(own: Report, folder: Path, tmp_path: Path) -> None:
    reasons = {f"broken things/{name}": word for name, word in write_unusable(tmp_path / "b").items()}
    reasons |= {
        "Chairs/chair 2.ply": "the same file as Chairs/chair 2 again.ply",
        "Chairs/chair 0.obj": "the same shape as Chairs/chair 0 once more.stl",
        "loose.obj": "no class",
    }
    by_file = {row.file: row for row in own.rows}
    assert len(by_file) == len(own.rows) == sum(path.is_file() for path in folder.rglob("*") if path.suffix != ".mtl")
    for file, word in reasons.items():
        assert by_file[file].status == "skipped" and word in by_file[file].note, by_file[file]
    assert own.models == {"chair": 3, "coffee-mug": 2}
    assert own.count("imported") == 5 and own.count("skipped") == len(reasons)
    with open(paths.dataset_dir("own") / meshes.REPORT, newline="", encoding="utf-8") as file:
        written = list(csv.DictReader(file))
    assert [row["file"] for row in written] == [row.file for row in own.rows]
    assert all(row["id"] and int(row["triangles"]) >= 12 for row in written if row["status"] == "imported")
    assert all(word in own.text() for word in ("5 imported", "no class", "chair 3, coffee-mug 2"))


def test_the_kit_takes_the_data_set_like_any_other(own: Report) -> None:
    report = verification.verify_dataset("own", progress=False)
    assert report["problems"] == {} and report["complete"] == 5
    complete = {name: (counts["models"], counts["complete"]) for name, counts in report["classes"].items()}
    assert complete == {"chair": (3, 3), "coffee-mug": (2, 2)}
    everything, chairs = (packs.read_split("own", classes=group) for group in ("13", "chair"))
    assert layout.classes_in(everything.train) == {"chair": 2, "coffee-mug": 1}
    assert layout.classes_in(everything.test) == {"chair": 1, "coffee-mug": 1}
    assert layout.classes_in(chairs.train + chairs.test) == {"chair": 3}
    pack = packs.open_pack("own", progress=False)
    assert len(pack.models) == 5 and pack.images([0, 4], [0, 23]).shape == (2, 3, 128, 128)


def test_front_is_front_and_up_is_up(own: Report) -> None:
    """From the front the red back stands above the seat and the blue arm at the right; from behind, the back hides most."""
    root = paths.dataset_dir("own")
    chairs = [row.id for row in own.rows if row.status == "imported" and row.class_name == "chair"]
    coloured = [row.id for row in own.rows if row.id in chairs and not row.file.endswith(".stl")]
    assert len(coloured) == 2
    for key in coloured:
        model = f"{CLASSES['chair']}/{key}"
        azimuths = layout.read_cameras("own", model)[:, 0]

        def places(azimuth: float, model: str = model, azimuths: np.ndarray = azimuths) -> dict[str, np.ndarray]:
            view = int(np.argmin(np.abs((azimuths - azimuth + 180) % 360 - 180)))
            image = layout.read_view("own", model, view).astype(int)
            red, green, blue = image[..., 0], image[..., 1], image[..., 2]
            masks = {"red": red - blue, "blue": blue - red, "any": red + green + blue}
            masks["red"] = np.where(green > 0.6 * red, 0, masks["red"])  # wood is no red
            return {name: np.argwhere(mask > 60) for name, mask in masks.items()}

        front, behind = places(0), places(180)
        middle = front["any"].mean(axis=0)
        assert front["red"].mean(axis=0)[0] < middle[0] - 5, "the back is above the seat"
        assert front["blue"].mean(axis=0)[1] > middle[1] + 5, "the arm is at the right"
        assert len(behind["red"]) > len(front["red"]) and len(behind["blue"]) < 0.3 * len(front["blue"])
        cloud = y_up_from_file(layout.read_model(root, model).clouds[2048])
        assert cloud[cloud[:, 1] > 0.3][:, 0].max() < 0, "the back is behind in the cloud as well"
    assert verification.frame_check("own", n=5, views=4)["best"] == 0


def test_clouds_are_in_the_file_frame_with_the_extents_of_the_mesh(own: Report, folder: Path) -> None:
    row = next(row for row in own.rows if row.file == "Chairs/chair 1.glb")
    mesh, _ = mesh_files.read_mesh(folder / row.file)
    files = layout.read_model(paths.dataset_dir("own"), f"{CLASSES['chair']}/{row.id}")
    for n, cloud in files.clouds.items():
        assert cloud.shape == (n, 3)
        x, y, z = cloud.T  # up is −x in the files: (X, Y, Z) y up is (y, −x, z)
        extents = [np.ptp(y), np.ptp(-x), np.ptp(z)]
        assert extents == pytest.approx(np.ptp(mesh.vertices, axis=0), abs=0.03)


def test_networks_train_on_it(own: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LMNET_TRAINED_MODELS", str(tmp_path))
    common = {
        "run": "own", "dataset": "own", "split": "official", "classes": "13", "seed": 0, "device": "cpu",
        "precision": "fp32", "epochs": 1, "batch_size": 3, "learning_rate": 1e-3, "schedule": "constant",
        "augment": False, "initial_weights": None,
    }  # fmt: skip
    settings = notebook_settings.AutoencoderSettings(**common, weight_decay=0.0, loss="paper", input_points=128)
    assert np.isfinite(autoencoder.train_autoencoder(settings, progress=False).history[-1]["loss"])
    encoder = notebook_settings.EncoderSettings(
        **common, architecture="port", width=0.25, loss="l1", weight_decay_conv=0.0, weight_decay_fc=0.0,
        views_per_model=1, autoencoder=None,
    )  # fmt: skip
    result = image_encoder.train_image_encoder(encoder, progress=False)
    assert np.isfinite(result.history[-1]["loss"]) and result.data["training_models"] == 3


@pytest.mark.usefixtures("warm_kernels")
def test_the_chain_runs_on_it(own: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class beyond the 13 and an empty validation set, through notebooks 01 and 06 and the explorer's choice."""
    for name in ("runs", "trained_models"):
        monkeypatch.setenv(f"LMNET_{name.upper()}", str(tmp_path / name))
    (tmp_path / "short.yaml").write_text("notebooks: {01_data_preparation: , 06_inference: {weights_run: null}}")
    weights = tmp_path / "trained_models" / "own"
    save_model(weights / "autoencoder", networks.PointCloudAutoencoder())
    assert own.sides["val"] == 0
    command = ["run", str(tmp_path / "short.yaml"), "--run-name", "own", "--set", "all.dataset=own", "--quiet"]
    assert cli.main(command) == 0
    runs = tmp_path / "runs" / "own"
    assert re.search(r"\| coffee-mug +\| +1 \| +0 \| +1 \|", (runs / "01_data_preparation.ipynb").read_text())
    results = json.loads((runs / "06_inference" / "metrics.json").read_text())["results"]
    found = read_predictions(runs / "06_inference" / "predictions" / "autoencoder").items
    assert sorted(class_of(item.model) for item in found) == ["chair", "coffee-mug"]
    assert results["images"] == {"autoencoder": 2}
    variational = networks.ImageEncoder(width=0.25, variational=True).initialise()
    save_model(weights / "encoder_lambda_5.5", variational)
    session = explorer_session.Session("own", dataset="own")
    assert session.classes == ["chair", "coffee-mug"] and len(session.objects_of("coffee-mug")) == 1
    with pytest.raises(ValueError, match="class='cofee-mug': expected one of 'chair', 'coffee-mug'"):
        session.objects_of("cofee-mug")


def test_a_run_without_chairs_says_so_before_it_starts(kit_folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Variant II is trained on chairs, unless one says otherwise."""
    root = kit_folders / "data" / "mugs"
    (root / "imports").mkdir(parents=True)
    for name in splits.SPLITS:
        splits.write(root, name, splits.Split(["mug/a", f"{CLASSES['lamp']}/b"], [], ["mug/c"]))
    command = ["run", "smoke", "--run-name", "mugs", "--dry-run", "--set", "all.dataset=mugs"]
    assert cli.main(command) == 2
    assert (
        "05_encoder_probabilistic: parameter classes: 'mugs' has no training object of 'chair' (it has lamp, mug); "
        "--set 05.classes=13 takes all its classes" in capsys.readouterr().err
    )
    assert cli.main([*command, "--set", "05.classes=13"]) == 0


def test_round_objects_do_not_fail_the_frame_check(own: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    """They fit at every yaw; which one fits best is chance."""
    mugs = [model for model in layout.find_objects("own") if model.startswith("coffee-mug/")]
    monkeypatch.setattr(verification, "find_objects", lambda dataset: mugs)
    frames = [verification.frame_check("own", n=2, views=3, seed=seed) for seed in range(6)]
    assert any(max(frame["overlap"].values()) > frame["overlap"][0] for frame in frames)
    assert all(frame["best"] == 0 for frame in frames)


# ---------------------------------------------------------------------------------------------- again, and interrupted
def content(root: Path) -> dict[str, bytes]:
    return {
        p.relative_to(root).as_posix(): p.read_bytes()
        for p in root.rglob("*")
        if p.is_file() and "packs" not in p.parts
    }


@pytest.fixture
def copied(imported: tuple[Path, Report], folder: Path, kit_folders: Path) -> tuple[Path, Path]:
    """The data set and its folder of meshes, to be changed."""
    root = kit_folders / "data" / "own"
    shutil.copytree(imported[0] / "own", root)
    shutil.copytree(folder, kit_folders / "meshes")
    return root, kit_folders / "meshes"


def statuses(report: Report) -> dict[str, str]:
    return {row.file: row.status for row in report.rows if row.status != "skipped"}


def test_a_second_import_does_only_what_has_changed(copied: tuple[Path, Path]) -> None:
    root, folder = copied
    before = content(root)
    again = meshes.import_meshes(folder, "own", workers=1, progress=False)
    assert set(statuses(again).values()) == {"kept"} and again.count("kept") == 5
    after = content(root)
    assert {name for name in before if before[name] != after.get(name)} == {meshes.REPORT}

    gone, changed = folder / "coffee mug" / "0.stl", folder / "Chairs" / "chair 1.glb"
    gone.unlink()
    export(chair(0.5, 1.2), changed)
    (folder / "classes.csv").write_text("file,class,group\nChairs/chair 2 again.ply,throne,\nnowhere.obj,mug,\n")
    third = meshes.import_meshes(folder, "own", classes=folder / "classes.csv", workers=1, progress=False)
    assert statuses(third) == {
        "Chairs/chair 0 once more.stl": "kept", "Chairs/chair 1.glb": "imported",
        "Chairs/chair 2 again.ply": "imported", "coffee mug/0.stl": "removed", "coffee mug/1.stl": "kept",
    }  # fmt: skip
    assert {row.file: row.note for row in third.rows}["nowhere.obj"] == "named in the CSV file, but not there"
    assert third.models == {"chair": 2, "coffee-mug": 1, "throne": 1}
    assert verification.verify_dataset("own", progress=False)["complete"] == 4 == len(layout.find_objects("own"))
    listed = packs.read_split("own")
    assert sorted(listed.train + listed.val + listed.test) == layout.find_objects("own")


def test_other_axes_make_every_object_anew(copied: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    _, folder = copied
    made = []
    monkeypatch.setattr(meshes, "_in_processes", lambda tasks, workers: made.extend(tasks) or (task for task in ()))
    report = meshes.import_meshes(folder, "own", reading=meshes.Reading(front="x"), progress=False)
    assert report.models == {} and "nothing" in report.text()
    assert {"Chairs/chair 1.glb", "coffee mug/1.stl"} <= {task.record["file"] for task in made}


def test_half_a_model_is_never_taken_for_whole(copied: tuple[Path, Path]) -> None:
    root, folder = copied
    before = content(root)
    records = sorted((root / "imports").glob("*.json"))
    records[0].unlink()  # killed before its record was written
    whole = root / "ShapeNet_pointclouds" / CLASSES["chair"] / records[-1].stem
    shutil.rmtree(whole if whole.is_dir() else root / "ShapeNet_pointclouds" / "coffee-mug" / records[-1].stem)
    orphan = root / "ShapeNetRendering" / CLASSES["lamp"] / "0123456789ab" / ".rendering.1.tmp"
    orphan.mkdir(parents=True)
    (orphan / "00.png").write_bytes(b"half")
    meshes.import_meshes(folder, "own", workers=1, progress=False)
    after = content(root)
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} == {meshes.REPORT}
    assert not orphan.parent.parent.exists()


IMPORT = """
import os, signal, sys
import psutil
from lmnet_utils.core import files
from lmnet_utils.data import meshes

write_json, written = files.write_json, []

def killed(path, content):
    written.append(path)
    if len(written) == 3:  # the clouds are there, the record is not; others are being drawn
        print(*(child.pid for child in psutil.Process().children(recursive=True)), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return write_json(path, content)

if __name__ == "__main__":
    if sys.argv[2:] == ["killed"]:
        files.write_json = killed
    meshes.import_meshes(sys.argv[1], "own", workers=2, progress=False)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_import_goes_on_and_ends_with_the_same_bytes(
    imported: tuple[Path, Report], folder: Path, kit_folders: Path
) -> None:
    script, root = kit_folders / "run.py", kit_folders / "data" / "own"
    script.write_text(IMPORT)
    environment = {**os.environ, "PYTHONPATH": str(paths.project_root())}
    command = [sys.executable, str(script), str(folder)]
    killed = subprocess.run([*command, "killed"], env=environment, stdout=subprocess.PIPE, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(root.glob("imports/*.json"))) == 2 and len(list(root.glob("ShapeNet_pointclouds/*/*"))) == 3
    deadline = time.monotonic() + 60
    while any(psutil.pid_exists(int(pid)) for pid in killed.stdout.split()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(psutil.pid_exists(int(pid)) for pid in killed.stdout.split()), "its processes end with it"
    subprocess.run(command, env=environment, check=True)
    expected, found = content(imported[0] / "own"), content(root)
    assert {n for n in expected.keys() | found.keys() if expected.get(n) != found.get(n)} == {meshes.REPORT}


def test_a_mesh_that_kills_its_process_costs_only_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(task):
        if task.path.name == "killer":
            os._exit(9)
        return f"{task.path.name} read"

    monkeypatch.setattr(meshes, "_make", make)
    tasks = [meshes._Task(Path(name), tmp_path, name, {}, 0) for name in ("a", "killer", "b")]
    found = {task.path.name: made for task, made in meshes._in_processes(tasks, 1)}
    assert list(found) == ["a", "killer", "b"]
    assert found["a"] == "a read" and found["b"] == "b read" and "process died" in found["killer"]


# ------------------------------------------------------------------------------------------------------------ refusals
def test_links_in_a_circle_cost_only_themselves(kit_folders: Path, tmp_path: Path) -> None:
    folder = tmp_path / "meshes"
    export(chair(), folder / "chairs" / "chair.ply")
    (folder / "chairs" / "round.obj").symlink_to("round.obj")
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("one")
    (folder / "chairs" / "back").symlink_to(folder)
    report = meshes.import_meshes(folder, "linked", workers=1, progress=False)
    found = {row.file: (row.status, row.note) for row in report.rows}
    assert found["chairs/chair.ply"][0] == "imported" and len(found) == 2
    assert found["chairs/round.obj"] == (
        "skipped",
        "a link that leads nowhere or in a circle: put the mesh itself there",
    )
    with pytest.raises(FileNotFoundError, match="no folder"):
        meshes.import_meshes(folder / "one", "linked")


def test_groups_of_variants_stay_on_one_side(kit_folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every object made at once by a stand-in: twelve objects, the first six of them three pairs."""
    folder = kit_folders / "meshes"
    lines = ["file,class,group"]
    for i in range(12):
        export([trimesh.creation.box((1, 1 + i, 1))], folder / f"{i:02d}.stl")
        lines.append(f"{i:02d}.stl,vase,{'pair' + str(i % 3) if i < 6 else ''}")
    (kit_folders / "vases.csv").write_text("\n".join(lines))

    def stand_in(tasks, workers):
        for i, task in enumerate(tasks):
            layout.rendering_dir(task.root, task.synset, task.id).mkdir(parents=True)
            yield task, meshes._Made({1024: np.zeros((1024, 3)), 2048: np.zeros((2048, 3))}, np.full(13, i), 12, "")

    monkeypatch.setattr(meshes, "_in_processes", stand_in)
    monkeypatch.setattr(packs, "open_pack", lambda *_, **__: None)
    report = meshes.import_meshes(folder, "vases", classes=kit_folders / "vases.csv", progress=False)
    assert report.models == {"vase": 12} and sum(report.sides.values()) == 12
    ids = {row.file: f"vase/{row.id}" for row in report.rows}
    for name in splits.SPLITS:
        split = packs.read_split("vases", name)
        side_of = {model: side for side in splits.SIDES for model in getattr(split, side)}
        for i in range(3):
            assert side_of[ids[f"{i:02d}.stl"]] == side_of[ids[f"{i + 3:02d}.stl"]]


def test_wrong_names_and_folders_are_refused(kit_folders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = kit_folders / "meshes"
    folder.mkdir()
    with pytest.raises(FileNotFoundError, match="holds no mesh"):
        meshes.import_meshes(folder, "own")
    export(chair(), folder / "chair" / "a.obj")
    for name in ("freeshapes", "shapenet"):
        with pytest.raises(ValueError, match="the kit's own data sets"):
            meshes.import_meshes(folder, name)
    before = sorted((kit_folders / "data").rglob("*"))
    for name in ("../own", "a b", "", ".hidden", "x" * 300):
        assert cli.main(["import-meshes", str(folder), "--name", name]) == 2
        errors = capsys.readouterr().err
        assert "name: expected 1 to 64 letters, digits and -_." in errors and f"found '{name[:49]}" in errors
    assert sorted((kit_folders / "data").rglob("*")) == before
    (kit_folders / "data" / "other").mkdir()
    (kit_folders / "data" / "other" / "precious.txt").write_text("x")
    with pytest.raises(ValueError, match="did not make"):
        meshes.import_meshes(folder, "other")
    record = {"folder": "meshes", "file": "chair/b.obj"}
    (kit_folders / "data" / "own" / "imports").mkdir(parents=True, exist_ok=True)
    (kit_folders / "data" / "own" / "imports" / "0123.json").write_text(json.dumps(record))
    with pytest.raises(ValueError, match="another folder called 'meshes'"):
        meshes.import_meshes(folder, "own")
    assert (kit_folders / "data" / "own" / "imports" / "0123.json").is_file()
    assert cli.main(["import-meshes", str(folder), "--up", "x", "--front=-x"]) == 2
    assert cli.main(["import-meshes", str(folder / "nowhere")]) == 2
    assert "perpendicular" in (errors := capsys.readouterr().err) and "no folder" in errors


def test_the_command_imports_and_says_where_the_report_is(
    kit_folders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export(chair(), kit_folders / "Thrones" / "of oak" / "a.obj")
    arguments = ["import-meshes", str(kit_folders / "Thrones"), "--max-faces", "10", "--quiet", "--workers", "1"]
    assert cli.main(arguments) == 1, "nothing was imported"
    output = capsys.readouterr().out
    assert "84 triangles, more than 10" in output and "import_report.csv" in output
    assert not list((kit_folders / "data" / "thrones").glob("ShapeNet*/*/*"))
