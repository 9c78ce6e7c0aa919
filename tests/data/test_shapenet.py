"""The R2N2 layout on disk: verification, packs, camera, frame check; on a small tree of boxes, ShapeNet's quirks included."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from lmnet_utils.core import cache, notebook_settings
from lmnet_utils.data import layout, packs, shapenet, splits, verification
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.geometry import camera, frames
from lmnet_utils.geometry.frames import file_from_y_up, y_up_from_file

CHAIR, LAMP = CLASSES["chair"], CLASSES["lamp"]


def pinhole(points: np.ndarray, azimuth: float, elevation: float, ratio: float) -> np.ndarray:
    """R2N2's camera written out by rotations instead of axes: pixels (N, 2), column and row, from the image's corner."""
    a, e = np.radians(azimuth), np.radians(elevation)
    x, y, z = points.T
    x, z = np.cos(a) * x + np.sin(a) * z, -np.sin(a) * x + np.cos(a) * z
    x, y = np.cos(e) * x + np.sin(e) * y, -np.sin(e) * x + np.cos(e) * y
    scale = 137 / 2 * 35 / 16 / (1.75 * ratio - x)
    return np.stack([137 / 2 - z * scale, 137 / 2 - y * scale], axis=1)


def wedge(rng: np.random.Generator, n: int) -> np.ndarray:
    """Points (n, 3), y up, of an object without any symmetry about the vertical axis."""
    points = rng.uniform(-0.5, 0.5, (n, 3)) * [0.8, 0.5, 0.3]
    back = points[:, 0] < -0.3
    points[back, 1] = rng.uniform(-0.25, 0.45, back.sum())
    points[points[:, 0] > 0.1, 2] += 0.12
    return points


def write_model(root: Path, model: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    clouds = root / "ShapeNet_pointclouds" / model
    clouds.mkdir(parents=True)
    for n in (1024, 2048):
        np.save(clouds / f"pointcloud_{n}.npy", file_from_y_up(wedge(rng, n)))  # float64, as anybody may have them
    dense = wedge(rng, 20_000)
    dense = (dense - (dense.min(0) + dense.max(0)) / 2) / np.linalg.norm(np.ptp(dense, axis=0))
    folder = root / "ShapeNetRendering" / model / "rendering"
    folder.mkdir(parents=True)
    lines = []
    for view in range(24):
        azimuth, elevation, ratio = rng.uniform(0, 360), rng.uniform(25, 30), rng.uniform(0.65, 1.0)
        pixels = rng.integers(0, 256, (137, 137, 4), dtype=np.uint8)
        pixels[..., 3] = 0
        column, row = np.floor(pinhole(dense, azimuth, elevation, ratio)).astype(int).T
        inside = (column >= 0) & (column < 137) & (row >= 0) & (row < 137)
        pixels[row[inside], column[inside], 3] = 255
        Image.fromarray(pixels).save(folder / f"{view:02d}.png", compress_level=1)
        lines.append(f"{azimuth} {elevation} 0 {ratio} 25")
    (folder / "rendering_metadata.txt").write_text("\n".join(lines))  # ShapeNet's files end without a line break


MODELS = [f"{CHAIR}/{name}" for name in ("a1", "b2", "c3", "d4", "e5")] + [f"{LAMP}/f6"]


@pytest.fixture(scope="module")
def pattern(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("pattern")
    for i, model in enumerate(MODELS):
        write_model(root, model, i)
    return root


@pytest.fixture
def tree(pattern: Path, kit_folders: Path) -> Path:
    """Six models below data/shapenet, without splits."""
    return shutil.copytree(pattern, kit_folders / "data" / "shapenet")


# --------------------------------------------------------------------------------------------------------- camera
@pytest.mark.parametrize("pose", [(0, 0, 1), (90, 0, 1), (213.7, 28.1, 0.71), (359, 30, 0.95)])
def test_projection_is_the_pinhole(pose: tuple[float, float, float]) -> None:
    points = np.random.default_rng(0).uniform(-0.4, 0.4, (50, 3))
    assert camera.project_to_pixels(points, *pose) + 0.5 == pytest.approx(pinhole(points, *pose))


def test_from_the_front_right_and_up_are_where_they_should_be() -> None:
    """Camera on +x, 1.75 away: +y is up in the image, +z to the left; half the image's height is 16/35 of the distance."""
    pixels = camera.project_to_pixels(np.array([[0, 0, 0], [0, 0.8, 0], [0, 0, 0.8]]), 0, 0, 1)
    assert pixels[0] == pytest.approx([68, 68])
    assert pixels[1] == pytest.approx([68, -0.5]) and pixels[2] == pytest.approx([-0.5, 68])


def test_frame_check_finds_the_frame_and_a_wrong_one(tree: Path) -> None:
    right = verification.frame_check("shapenet", n=3)
    assert right["best"] == 0 and right["models"] == 3
    assert right["overlap"][0] > 0.1 + max(overlap for yaw, overlap in right["overlap"].items() if yaw)
    for path in tree.glob("ShapeNet_pointclouds/*/*/pointcloud_2048.npy"):
        x, y, z = np.load(path).T  # y-up (X, Y, Z) is (y, −x, z): half a turn about Y negates y and z
        np.save(path, np.stack([x, -y, -z], axis=1))
    assert verification.frame_check("shapenet", n=3)["best"] == 180


@pytest.mark.parametrize("yaw", frames.YAWS)
def test_a_turn_of_clouds_is_a_rotation_about_the_vertical(yaw: int) -> None:
    points = np.random.default_rng(0).normal(size=(2, 50, 3)).astype(np.float32)
    angle = np.radians(yaw)
    x, y, z = np.moveaxis(y_up_from_file(points), -1, 0)
    expected = np.stack([np.cos(angle) * x + np.sin(angle) * z, y, -np.sin(angle) * x + np.cos(angle) * z], -1)
    found = frames.turn_clouds(points, yaw)
    assert y_up_from_file(found) == pytest.approx(expected, abs=1e-6) and found.dtype == np.float32
    assert np.array_equal(np.sort(np.abs(found)), np.sort(np.abs(points))), "the same numbers"


def test_clouds_of_another_frame_are_packed_in_that_of_the_renderings(tree: Path) -> None:
    """Facing +z in the files, they face +x in the pack; settled once more, or back, the pack follows."""
    original = packs.open_pack("shapenet", progress=False)
    true = {n: np.array(getattr(original, name)) for n, name in ((2048, "points"), (1024, "points_1024"))}
    for path in tree.glob("ShapeNet_pointclouds/*/*/*.npy"):
        x, y, z = y_up_from_file(np.load(path)).T
        np.save(path, file_from_y_up(np.stack([-z, y, x], axis=1)))
    found = verification.frame_check("shapenet", n=3)
    assert found["best"] == 90
    layout.settle_frame("shapenet", 90)
    turned = packs.open_pack("shapenet", progress=False)
    assert np.array_equal(turned.points, true[2048]) and np.array_equal(turned.points_1024, true[1024])
    assert np.array_equal(turned.images([0], [3]), original.images([0], [3]))
    assert verification.frame_check("shapenet", n=3) == found, "of the files"
    layout.settle_frame("shapenet", 0)
    assert not np.allclose(packs.open_pack("shapenet", progress=False).points, true[2048])


def test_frame_check_does_not_mind_the_scale(tree: Path) -> None:
    before = verification.frame_check("shapenet", n=2)["overlap"][0]
    for path in tree.glob("ShapeNet_pointclouds/*/*/pointcloud_2048.npy"):
        np.save(path, 2.5 * np.load(path) + 1)
    assert verification.frame_check("shapenet", n=2)["overlap"][0] == pytest.approx(before, abs=0.01)


# ------------------------------------------------------------------------------------------------ verify and split
def test_verify_counts_and_lists_what_is_wrong(tree: Path) -> None:
    shapenet.make_splits("shapenet")
    (tree / "ShapeNetRendering" / MODELS[0] / "rendering" / "07.png").write_bytes(b"\x89PNG\r\n\x1a\nhalf of a file")
    (tree / "ShapeNetRendering" / MODELS[1] / "rendering" / "23.png").unlink()
    (tree / "ShapeNet_pointclouds" / MODELS[2] / "pointcloud_1024.npy").unlink()
    (tree / "ShapeNet_pointclouds" / MODELS[3] / "pointcloud_2048.npy").write_bytes(b"no array")
    (tree / "ShapeNetRendering" / MODELS[4] / "rendering" / "rendering_metadata.txt").write_text("1 2 3\n")
    report = verification.verify_dataset("shapenet", progress=False)
    assert (report["models"], report["complete"]) == (6, 1)
    gaps = {"no_renderings": 0, "no_clouds": 0}
    assert report["classes"] == {
        "chair": {"models": 5, "complete": 0, **gaps},
        "lamp": {"models": 1, "complete": 1, **gaps},
    }
    assert "airplane" in report["absent"] and len(report["absent"]) == 11
    for model, words in zip(
        MODELS, ("07.png", "23.png missing", "1024.npy missing", "2048.npy broken", "24 rows"), strict=False
    ):
        assert words in report["problems"][model]
    assert report["splits"]["official"]["13"] == {"train": 4, "val": 0, "test": 2, "not_on_disk": 0}
    assert report["splits"]["official"]["chair"] == {"train": 4, "val": 0, "test": 1, "not_on_disk": 0}


def test_verify_finds_damage_inside_a_png(tree: Path) -> None:
    """A byte that changed, a download's hole, another size, no PNG at all, the end missing: nothing of it is found by looking at
    a file's first and last bytes, and a training would stop at it hours later."""
    good = (tree / "ShapeNetRendering" / MODELS[0] / "rendering" / "00.png").read_bytes()
    small = io.BytesIO()
    Image.new("RGBA", (64, 137)).save(small, "PNG")
    wrong = {
        "00.png damaged": good[:1000] + bytes([good[1000] ^ 1]) + good[1001:],
        "01.png damaged": good[:1000] + bytes(100) + good[1100:],
        "02.png has 64×137 pixels": small.getvalue(),
        "03.png broken": b"<html>" + good,
        "04.png broken or cut off": good[:-3],
        "05.png broken or cut off": b"",
    }
    for text, data in wrong.items():
        (tree / "ShapeNetRendering" / MODELS[0] / "rendering" / text[:6]).write_bytes(data)
    report = verification.verify_dataset("shapenet", progress=False)
    assert list(report["problems"]) == [MODELS[0]]
    for text in list(wrong)[:5]:
        assert text in report["problems"][MODELS[0]]
    assert layout.png_trouble(good) == "" and layout.png_trouble(b"") == "broken or cut off"


def test_verify_goes_on_where_links_lead_in_a_circle(tree: Path) -> None:
    for folder in (tree / "ShapeNetRendering", tree / "ShapeNetRendering" / CHAIR):
        (folder / "one").symlink_to("two")
        (folder / "two").symlink_to("one")
    picture = tree / "ShapeNetRendering" / MODELS[0] / "rendering" / "07.png"
    picture.unlink()
    picture.symlink_to(picture.name)
    report = verification.verify_dataset("shapenet", progress=False)
    assert (report["models"], report["complete"]) == (6, 5)
    assert report["problems"] == {MODELS[0]: "07.png missing"}


def test_verify_reports_models_that_a_split_names_and_the_disk_lacks(tree: Path) -> None:
    shapenet.make_splits("shapenet")
    with open(tree / "splits/official/13/test.txt", "a") as file:
        file.write(f"{CHAIR}/zz\n")
    assert verification.verify_dataset("shapenet", progress=False)["splits"]["official"]["13"]["not_on_disk"] == 1


def test_nothing_there_is_said_in_words(kit_folders: Path) -> None:
    assert verification.verify_dataset("shapenet", progress=False)["models"] == 0
    for function in (packs.open_pack, shapenet.make_splits, verification.frame_check):
        with pytest.raises(FileNotFoundError, match=r"ShapeNetRendering/<synset>/<model>/rendering"):
            function("shapenet")


def test_what_is_missing_is_said_with_the_command_that_fetches_it(tree: Path) -> None:
    shutil.rmtree(tree / "ShapeNet_pointclouds" / LAMP)
    shutil.rmtree(tree / "ShapeNetRendering" / MODELS[0])
    made = shapenet.make_splits("shapenet")
    report = verification.verify_dataset("shapenet", progress=False)
    assert report["problems"] == {MODELS[0]: "no renderings", MODELS[5]: "no point clouds"}
    lines = verification.what_is_missing(report, made)
    assert lines[0].startswith("no renderings: chair (1 of 5)") and "lmnet download shapenet-renderings" in lines[0]
    assert lines[1].startswith("no point clouds: lamp (1 of 1)") and "lmnet download shapenet-clouds" in lines[1]
    assert lines[2].startswith("nothing of airplane, bench,") and "split by their rule" in lines[3]
    assert verification.what_is_missing({**report, "dataset": "mine"}, made) == []


def test_nothing_of_shapenet_at_all_says_what_to_fetch_and_the_terms(kit_folders: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        shapenet.make_splits("shapenet")
    message = str(caught.value)
    for words in (
        "    lmnet download shapenet\n",
        "lmnet run paper --set 01.download=true",
        "http://cvgl.stanford.edu/data2/ShapeNetRendering.tgz",
        "-> $LMNET_DATA/shapenet/ShapeNet_pointclouds.zip",
        "non-commercial research and education",
        "12.3 GB",
    ):
        assert words in message, words
    with pytest.raises(FileNotFoundError, match="lmnet import-meshes FOLDER --name mine"):
        shapenet.make_splits("mine")


# --------------------------------------------------------------------------------------------------- lists of others
def write_lists(root: Path, train: list[str], test: list[str]) -> None:
    """The authors' lists as their archive leaves them."""
    (root / "splits").mkdir(exist_ok=True)
    for file, models in (("train_models.json", train), ("val_models.json", test)):
        listed: dict[str, list[str]] = {}
        for model in models:
            listed.setdefault(model.split("/")[0], []).append(model)
        (root / "splits" / file).write_text(json.dumps(listed))


def sides(split: str = "official", classes: str = "13") -> dict[str, list[str]]:
    found = packs.read_split("shapenet", split, classes)
    return {side: getattr(found, side) for side in splits.SIDES}


def test_the_official_split_follows_the_authors_lists_where_they_are(tree: Path) -> None:
    """Also where splits/ is there already because the lists were unpacked into it; a part of a class keeps the lists' sides."""
    absent = [f"{CHAIR}/{i:02d}" for i in range(20)]
    write_lists(tree, [*absent[:16], MODELS[4], MODELS[5]], [*absent[16:], *MODELS[:4]])
    made = shapenet.make_splits("shapenet")
    assert sides() == {"train": [MODELS[5]], "val": [MODELS[4]], "test": MODELS[:4]}, (
        "the last tenth of 17 trains: validates"
    )
    assert (made["listed"], made["on_disk"], made["split_differs"]) == (26, 6, {})
    assert made["rule_differs"] == {"chair": 5, "lamp": 1}
    lines = verification.what_is_missing(verification.verify_dataset("shapenet", progress=False), made)
    assert any("name 26 objects; 6 of them are here" in line for line in lines)
    assert any("differs for chair 5, lamp 1: a part of a class is here" in line for line in lines)


def test_the_rule_gives_the_authors_split_of_whole_classes(tree: Path) -> None:
    before = shapenet.make_splits("shapenet")
    rule = sides()
    write_lists(tree, MODELS[:4], [MODELS[4], MODELS[5]])
    after = shapenet.make_splits("shapenet")
    assert before["listed"] == 0 and (after["listed"], after["rule_differs"], after["split_differs"]) == (6, {}, {})
    assert sides() == rule
    assert any(
        "gives the same split" in line
        for line in verification.what_is_missing({"dataset": "shapenet", "classes": {}, "absent": []}, after)
    )


def test_a_tree_may_grow_and_no_object_changes_sides(tree: Path) -> None:
    shapenet.make_splits("shapenet")
    before = {name: sides(name) for name in splits.SPLITS}
    for i, model in enumerate((f"{CHAIR}/00", f"{CHAIR}/01", f"{CLASSES['bench']}/h8")):
        write_model(tree, model, 20 + i)
    shapenet.make_splits("shapenet")
    for name in splits.SPLITS:
        after = sides(name)
        assert all(set(before[name][side]) <= set(after[side]) for side in splits.SIDES)
        assert sum(map(len, after.values())) == 9
    write_lists(tree, MODELS[1:4], [MODELS[0], *MODELS[4:]])
    made = shapenet.make_splits("shapenet")
    assert made["split_differs"] == {"chair": 1}, "MODELS[0] trained before the lists were here"
    assert MODELS[0] in sides()["train"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<html>", "is not the authors' list"),
        ("[]", "is not the authors' list"),
        ('{"03001627": ["a1"]}', "expected lines 'synset/model', found 'a1'"),
        ('{"03001627": "03001627/a1"}', "expected lines"),
        ('{"03001627": ["03001627/a1"]}', "03001627/a1 is in the training list, too"),
    ],
)
def test_other_files_are_not_taken_for_the_authors_lists(tree: Path, content: str, words: str) -> None:
    write_lists(tree, [MODELS[0]], [])
    (tree / "splits" / "val_models.json").write_text(content)
    with pytest.raises(ValueError, match=r"splits/val_models\.json.*") as caught:
        shapenet.make_splits("shapenet")
    assert words in str(caught.value)


def test_the_ports_lists_become_a_split_with_its_leakage(tree: Path) -> None:
    """Three independent draws, as its create_split_files.py made them: what tests chairs may train the 13 classes."""
    lists = {
        "shapenet_point/{}.txt": (MODELS[:3], [MODELS[3]], MODELS[4:]),
        "shapenet_point_chair/{}_chair.txt": ([MODELS[4]], [MODELS[3], f"{CHAIR}/absent"], MODELS[:3]),
    }
    for pattern, parts in lists.items():
        for side, models in zip(("train", "valid", "test"), parts, strict=True):
            path = tree / "splits" / "port_data" / pattern.format(side)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("\n".join(models[::-1]))
    with pytest.raises(FileNotFoundError, match="Copy the folder data/splits of the PyTorch port"):
        packs.read_split("shapenet", "port")
    assert shapenet.make_splits("shapenet")["port"] == ["13", "chair"]
    assert sides("port") == {"train": MODELS[:3], "val": [MODELS[3]], "test": MODELS[4:]}
    assert sides("port", "chair") == {"train": [MODELS[4]], "val": [MODELS[3]], "test": MODELS[:3]}
    (tree / "splits/port_data/shapenet_point/valid.txt").unlink()
    with pytest.raises(ValueError, match=r"valid\.txt is missing beside train\.txt"):
        shapenet.make_splits("shapenet")


def test_a_training_reads_a_split_without_what_is_broken_or_gone(tree: Path) -> None:
    """Listed, but left out of the pack or deleted: the others train; the split's checksum stays that of its files."""
    shapenet.make_splits("shapenet")
    whole = packs.read_split("shapenet")
    (tree / "ShapeNetRendering" / MODELS[1] / "rendering" / "23.png").unlink()
    shutil.rmtree(tree / "ShapeNetRendering" / MODELS[2])
    shutil.rmtree(tree / "ShapeNet_pointclouds" / MODELS[2])
    with pytest.warns(UserWarning, match="1 of 5 models"):
        pack = packs.open_pack("shapenet", progress=False)
    found = packs.read_split("shapenet")
    assert found.train == [MODELS[0], MODELS[3]] and found.test == whole.test and found.checksum == whole.checksum
    assert len(pack.rows(found.train + found.val + found.test)) == 4


# ----------------------------------------------------------------------------------------------------------- pack
@pytest.mark.parametrize("raw_limit", [packs.RAW_LIMIT, 0], ids=["pixels", "png"])
def test_pack_serves_what_the_files_hold(tree: Path, raw_limit: int) -> None:
    pack = packs.open_pack("shapenet", progress=False, raw_limit=raw_limit)
    assert pack.models == sorted(MODELS) and pack.views == 24
    rows = pack.rows([MODELS[3], MODELS[5], MODELS[3]])
    views = np.array([0, 23, 7])
    images = pack.images(rows, views)
    assert images.shape == (3, 3, 128, 128) and images.dtype == torch.uint8
    assert images.stride() == (128 * 128 * 3, 1, 128 * 3, 3), "channels last"
    for image, model, view in zip(images, (MODELS[3], MODELS[5], MODELS[3]), views, strict=True):
        path = tree / "ShapeNetRendering" / model / "rendering" / f"{view:02d}.png"
        expected = Image.open(path).convert("RGBA").split()[:3]  # alpha dropped, not composited
        expected = np.stack([np.array(band.crop((4, 4, 132, 132))) for band in expected])
        assert np.array_equal(image.numpy(), expected)
    assert np.array_equal(
        pack.points[rows[1]], np.load(tree / "ShapeNet_pointclouds" / MODELS[5] / "pointcloud_2048.npy").astype("f4")
    )
    assert pack.points_1024.shape == (6, 1024, 3) and pack.points.dtype == np.float32
    line = (tree / "ShapeNetRendering" / MODELS[5] / "rendering/rendering_metadata.txt").read_text().splitlines()[23]
    azimuth, elevation, _, ratio, _ = map(float, line.split())
    found = pack.azimuths[rows[1], 23], pack.elevations[rows[1], 23], pack.distances[rows[1], 23]
    assert found == pytest.approx((np.radians(azimuth), np.radians(elevation), ratio), rel=1e-6)
    assert pack.images([], []).shape == (0, 3, 128, 128)


def test_both_formats_have_the_same_hash_and_a_copied_tree_too(tree: Path) -> None:
    first = packs.open_pack("shapenet", progress=False).hash
    os.utime(tree / "ShapeNetRendering" / MODELS[0] / "rendering" / "00.png")
    assert packs.open_pack("shapenet", progress=False, raw_limit=0).hash == first


def test_azimuths_are_below_a_full_turn(tree: Path) -> None:
    path = tree / "ShapeNetRendering" / MODELS[0] / "rendering" / "rendering_metadata.txt"
    lines = path.read_text().splitlines()
    lines[0], lines[1] = "359.9999999 27 0 0.8 25", "-90 27 0 0.8 25"
    path.write_text("\n".join(lines))
    azimuths = packs.open_pack("shapenet", progress=False).azimuths
    assert azimuths.dtype == np.float32 and azimuths.min() >= 0 and azimuths.max() < np.float32(2 * np.pi)
    assert azimuths[0, 1] == pytest.approx(1.5 * np.pi)


def test_pack_is_kept_while_nothing_changes_and_rebuilt_when_a_file_does(
    tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = packs.open_pack("shapenet", progress=False)
    folder = next((tree / "packs").iterdir())
    built = (folder / "pack.json").stat().st_mtime_ns
    assert packs.open_pack("shapenet", progress=False).hash == first.hash
    assert (folder / "pack.json").stat().st_mtime_ns == built

    path = tree / "ShapeNetRendering" / MODELS[1] / "rendering" / "05.png"
    Image.fromarray(np.full((137, 137, 4), 77, np.uint8)).save(path)
    second = packs.open_pack("shapenet", progress=False)
    assert second.hash != first.hash and (second.images(second.rows([MODELS[1]]), [5]) == 77).all()
    assert len(list((tree / "packs").iterdir())) == 1, "the stale pack is gone"

    write_model(tree, f"{LAMP}/g7", 9)
    assert f"{LAMP}/g7" in packs.open_pack("shapenet", progress=False).models

    (before,) = (tree / "packs").iterdir()
    monkeypatch.setitem(cache.VERSIONS, "pack", cache.VERSIONS["pack"] + 1)
    packs.open_pack("shapenet", progress=False)
    (after,) = (tree / "packs").iterdir()
    assert after != before, "code that reads the files in another way makes another pack"


def test_incomplete_models_are_left_out_with_one_warning(tree: Path) -> None:
    (tree / "ShapeNet_pointclouds" / MODELS[2] / "pointcloud_2048.npy").unlink()
    path = tree / "ShapeNetRendering" / MODELS[0] / "rendering" / "03.png"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.warns(UserWarning, match=r"2 of 6 models.*incomplete\.txt"):
        pack = packs.open_pack("shapenet", progress=False)
    assert pack.models == [MODELS[1], *MODELS[3:]]
    listed = next((tree / "packs").glob("*/incomplete.txt")).read_text()
    assert f"{MODELS[0]}: 03.png" in listed and "pointcloud_2048.npy missing" in listed
    with pytest.raises(KeyError, match=r"a1.*notebook 01"):
        pack.rows([MODELS[1], MODELS[0]])
    assert len(pack.images([0, 1], [0, 0])) == 2, "rows are those of the models that are left"


def test_a_killed_build_leaves_no_pack(tree: Path) -> None:
    code = (
        "import time\nfrom lmnet_utils.data import packs\nreal = packs.read_model\n"
        "def slow(*arguments):\n    time.sleep(0.2)\n    return real(*arguments)\n"
        "packs.read_model = slow\npacks.parallel.cores = lambda: 1\npacks.open_pack('shapenet')\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.DEVNULL)
    deadline = time.time() + 180
    while not list((tree / "packs").glob(".building-*/images.bin")) and time.time() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    leftovers = list((tree / "packs").iterdir())
    assert leftovers and not list((tree / "packs").glob("*/pack.json"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(packs.open_pack("shapenet", progress=False).models) == 6
    assert not leftovers[0].exists()


def test_the_loader_is_far_faster_than_a_training_step(tree: Path) -> None:
    """A training step takes at most some 300 images a second on two cores."""
    pack = packs.open_pack("shapenet", progress=False)
    assert packs.loader_speed(pack, seconds=0.3) > 3000


def test_notebook_settings_refuse_nonsense() -> None:
    assert notebook_settings.DataSettings(copies=3).copies == 3
    for wrong in ({"copies": -1}, {"limit_per_class": 0}, {"split": "80-20"}, {"classes": "14"}, {"download": True}):
        with pytest.raises(ValueError, match=str(next(iter(wrong)))):
            notebook_settings.DataSettings(**wrong)
    with pytest.raises(ValueError, match="copies"):
        notebook_settings.DataSettings(copies="3")
