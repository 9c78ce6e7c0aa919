"""Pix3D: the selection, the official preprocessing, frames and tables, on a miniature copy with Pix3D's own fields."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import papermill
import pytest
import torch
from PIL import Image
from r2n2_tree import write_tree
from scipy import stats
from test_protocol import plain_protocol

from lmnet_utils.core.notebook_settings import Pix3DSettings
from lmnet_utils.data import pix3d
from lmnet_utils.data.images import PhotoError
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.evaluation import pix3d_scores
from lmnet_utils.evaluation.protocol import score
from lmnet_utils.geometry import frames
from lmnet_utils.models import inference, orientation, registry
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.weights import save_model
from lmnet_utils.run import plans, profiles

PHOTOS = [
    # category, model, box, image size (width, height), flags
    ("chair", "model/chair/IKEA_BERNHARD/model.obj", (20, 30, 180, 110), (200, 150), ()),
    ("chair", "model/chair/IKEA_BERNHARD/model.obj", (40, 10, 90, 210), (120, 240), ()),
    ("chair", "model/chair/SS_001/model_2.obj", (0, 0, 64, 64), (64, 64), ()),
    ("chair", "model/chair/SS_001/model_2.obj", (5, 5, 60, 60), (64, 64), ("truncated",)),
    ("chair", "model/chair/SS_001/model_2.obj", (5, 5, 60, 60), (64, 64), ("occluded",)),
    ("chair", "model/chair/SS_001/model_2.obj", (5, 5, 60, 60), (64, 64), ("slightly_occluded",)),
    ("bed", "model/bed/IKEA_MALM_2/malm_bed_2.obj", (5, 5, 60, 60), (64, 64), ()),
    ("sofa", "model/sofa/IKEA_KLIPPAN/model.obj", (10, 40, 290, 130), (300, 160), ()),
    ("table", "model/table/SS_007/model.obj", (8, 8, 120, 100), (130, 110), ()),
]


def entry(number: int) -> dict:
    """One entry with the fields of the published pix3d.json."""
    category, model, box, size, flags = PHOTOS[number]
    name = f"{category}/{number:04d}"
    return {
        "img": f"img/{name}.jpg",
        "category": category,
        "img_size": list(size),
        "2d_keypoints": [[[-1.0, -1.0]]],
        "mask": f"mask/{name}.png",
        "img_source": "self-taken",
        "model": model,
        "model_raw": 0,
        "model_source": "IKEA",
        "trans_mat": [0.0, 0.0, 1.5],
        "focal_length": 35.0,
        "cam_position": [0.0, 0.5, 1.4],
        "inplane_rotation": 0.0,
        "truncated": "truncated" in flags,
        "occluded": "occluded" in flags,
        "slightly_occluded": "slightly_occluded" in flags,
        "bbox": list(box),
        "rot_mat": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
        "3d_keypoints": model.replace("model.obj", "3d_keypoints.txt"),
        "voxel": model.replace("model.obj", "voxel.mat"),
    }


def cloud_of(model: str) -> np.ndarray:
    rng = np.random.default_rng(sum(model.encode()))
    return (rng.uniform(-0.5, 0.5, (1024, 3)) * rng.uniform(0.3, 1, 3)).astype(np.float32)


@pytest.fixture
def tree(kit_folders: Path) -> Path:
    """Photos of ellipses with their masks, and clouds as the official scripts lay them out."""
    root = kit_folders / "data" / "pix3d"
    for number, (_, model, box, (width, height), _) in enumerate(PHOTOS):
        rng = np.random.default_rng(number)
        picture = rng.integers(0, 256, (height // 8 + 1, width // 8 + 1, 3)).repeat(8, 0).repeat(8, 1)
        y, x = np.mgrid[:height, :width]
        left, top, right, bottom = box
        inside = ((x + 0.5 - (left + right) / 2) / ((right - left) / 2)) ** 2
        inside = inside + ((y + 0.5 - (top + bottom) / 2) / ((bottom - top) / 2)) ** 2 < 1
        item = entry(number)
        for path, array in (
            (item["img"], picture[:height, :width].astype(np.uint8)),
            (item["mask"], inside.astype(np.uint8) * 255),
        ):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(array).save(root / path, quality=95)
        if not model.startswith("model/bed"):
            suffix = Path(model).stem.removeprefix("model")
            folder = root / "pix3d_pointclouds" / Path(model).parent
            folder.mkdir(parents=True, exist_ok=True)
            np.save(folder / f"pcl_1024{suffix}.npy", cloud_of(model))
    (root / "pix3d.json").write_text(json.dumps([entry(number) for number in range(len(PHOTOS))]))
    return root


# ---------------------------------------------------------------------------------------------------------- selection
def test_the_official_selection(tree: Path) -> None:
    found = pix3d.read_photos()
    assert [Path(photo.image).stem for photo in found] == ["0000", "0001", "0002", "0007", "0008"]
    assert [photo.object for photo in found[:3]] == ["chair/IKEA_BERNHARD/model"] * 2 + ["chair/SS_001/model_2"]
    assert found[0].box == (20, 30, 180, 110)
    assert [photo.category for photo in pix3d.read_photos(classes=["table"])] == ["table"]
    with pytest.raises(ValueError, match="lamp not in Pix3D; it has bed, chair, sofa, table"):
        pix3d.read_photos(classes=["lamp"])


def test_without_pix3d_it_says_what_to_fetch_and_the_terms(kit_folders: Path) -> None:
    with pytest.raises(FileNotFoundError) as error:
        pix3d.read_photos()
    message = str(error.value)
    for part in (
        "Pix3D is not in data/pix3d",
        "lmnet download pix3d",
        "http://pix3d.csail.mit.edu/data/pix3d.zip",
        "1RZakyBu9lPbG85SyconBn4sR8r2faInV",
        "3,600 MB",
        "Creative Commons Attribution 4.0",
    ):
        assert part in message
    assert str(kit_folders) not in message, "no machine path"


def test_what_to_fetch_is_said_of_a_file_whose_size_is_unknown(
    kit_folders: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = pix3d.assets.asset
    monkeypatch.setattr(
        pix3d.assets, "asset", lambda name: dataclasses.replace(asset(name), bytes=None, about_bytes=None)
    )
    assert "size unknown, http://pix3d.csail.mit.edu/data/pix3d.zip" in pix3d.how_to_get_pix3d()


@pytest.mark.parametrize("box", [[20, 30, 180], [20, 30, 180, 110, 0], None, ["left", 30, 180, 110]])
def test_a_box_that_is_none_is_named(tree: Path, box: list | None) -> None:
    (tree / "pix3d.json").write_text(json.dumps([{**entry(0), "bbox": box}]))
    with pytest.raises(ValueError) as error:
        pix3d.read_photos(classes=["chair"])
    for part in ("pix3d/pix3d.json", "img/chair/0000.jpg", repr(box), "[left, top, right, bottom]"):
        assert part in str(error.value)


def test_another_file_is_not_taken_for_pix3d(tree: Path) -> None:
    (tree / "pix3d.json").write_text('[{"img": "a.jpg"}]')
    with pytest.raises(ValueError, match="not Pix3D's list of photos: expected entries with bbox, category"):
        pix3d.read_photos()
    (tree / "pix3d.json").write_text("[{")
    with pytest.raises(ValueError, match="no valid JSON"):
        pix3d.read_photos()


# -------------------------------------------------------------------------------------------------------------- inputs
def reference_input(image: np.ndarray, mask: np.ndarray, box) -> tuple[np.ndarray, tuple[int, int]]:
    """The protocol by its words, pixel by pixel in exact arithmetic: (128, 128, 3) float, and (height, width) of the object."""
    left, top, right, bottom = box
    height, width = bottom - top, right - left
    longest = max(height, width)
    new_height, new_width = (height * 93) // longest, (width * 93) // longest
    out = np.zeros((128, 128, 3))
    first_row, first_column = (128 - new_height) // 2, (128 - new_width) // 2

    def value(row: int, column: int) -> np.ndarray:
        row, column = min(max(row, 0), height - 1), min(max(column, 0), width - 1)  # the border is repeated
        return image[top + row, left + column].astype(float) * (mask[top + row, left + column] != 0)

    for i in range(new_height):
        for j in range(new_width):
            y, x = (i + 0.5) * height / new_height - 0.5, (j + 0.5) * width / new_width - 0.5  # pixel centres
            y, x = max(y, 0.0), max(x, 0.0)
            row, column = int(np.floor(y)), int(np.floor(x))
            v, u = y - row, x - column
            out[first_row + i, first_column + j] = (
                (1 - v) * (1 - u) * value(row, column)
                + (1 - v) * u * value(row, column + 1)
                + v * (1 - u) * value(row + 1, column)
                + v * u * value(row + 1, column + 1)
            )
    return out, (new_height, new_width)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((10, 20, 210, 120), (46, 93)),  # wide
        ((30, 5, 100, 215), (93, 31)),  # tall
        ((15, 15, 165, 165), (93, 93)),  # square
        ((40, 40, 80, 60), (46, 93)),  # smaller than in the input
        ((0, 0, 82, 41), (46, 93)),  # 82 · (93 / 82) is 92.99… in floating point
        ((0, 0, 220, 230), (93, 88)),  # all of it
    ],
)
def test_the_input_is_the_protocols(box: tuple[int, int, int, int], expected: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(1, 256, (230, 220, 3)).astype(np.uint8)
    mask = (rng.random((230, 220)) < 0.8).astype(np.uint8) * rng.integers(1, 256, (230, 220)).astype(np.uint8)
    found = pix3d.official_input(image, mask, box)
    reference, size = reference_input(image, mask, box)
    assert size == expected
    assert found.shape == (128, 128, 3) and found.dtype == np.uint8
    assert np.abs(found - reference).max() <= 0.505  # rounded, computed in single precision
    full = pix3d.official_input(image, np.ones((230, 220)), box)
    rows, columns = np.flatnonzero(full.any((1, 2))), np.flatnonzero(full.any((0, 2)))
    assert (len(rows), len(columns)) == expected
    assert (rows[0], columns[0]) == ((128 - expected[0]) // 2, (128 - expected[1]) // 2)


def test_it_is_opencvs_resize() -> None:
    import cv2

    image = np.random.default_rng(0).integers(0, 256, (200, 340, 3)).astype(np.uint8)
    found = pix3d.official_input(image, np.ones((200, 340)), (0, 0, 340, 200))
    expected = cv2.resize(image, (93, 54))
    assert np.abs(found[37:91, 17:110].astype(int) - expected).max() <= 1


def test_boxes_and_masks_that_do_not_fit() -> None:
    image = np.full((40, 60, 3), 200, np.uint8)
    with pytest.raises(PhotoError, match="differ in size: 60 × 40 and 40 × 60"):
        pix3d.official_input(image, np.ones((60, 40)), (0, 0, 10, 10))
    with pytest.raises(PhotoError, match="holds no pixel of the 60 × 40 image"):
        pix3d.official_input(image, np.ones((40, 60)), (70, 0, 90, 10))
    beyond = pix3d.official_input(image, np.ones((40, 60)), (-10, -5, 500, 400))
    assert (beyond == pix3d.official_input(image, np.ones((40, 60)), (0, 0, 60, 40))).all()


def test_files_are_read_and_damaged_ones_are_named(tree: Path) -> None:
    found = pix3d.read_photos()
    image, mask = (np.asarray(Image.open(tree / path)) for path in (found[1].image, found[1].mask))
    assert (pix3d.read_input(found[1]) == pix3d.official_input(image, mask, found[1].box)).all()
    content = (tree / found[0].image).read_bytes()
    (tree / found[0].image).write_bytes(content[: len(content) // 2])
    (tree / found[3].mask).unlink()
    good, images, problems = [], [], {}
    for part, batch, wrong in pix3d.batches(found, batch_size=2):
        assert len(part) == len(batch) and batch.shape[1:] == (3, 128, 128)
        good += part
        images += list(batch.permute(0, 2, 3, 1).numpy())
        problems |= wrong
    assert good == [found[1], found[2], found[4]]
    assert all((array == pix3d.read_input(photo)).all() for photo, array in zip(good, images, strict=True))
    assert list(problems) == [found[0].image, found[3].image]
    assert "damaged" in problems[found[0].image] and "no such file" in problems[found[3].image]


# -------------------------------------------------------------------------------------------------------------- truths
def official_rotation(points: np.ndarray) -> np.ndarray:
    """rotate(rotate(P, −90°, −90°), −90°) with P·Rx·Ry·Rz."""

    def about(axis: int, degrees: float) -> np.ndarray:
        c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        if axis == 0:
            return np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
        return np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])  # with this sign in the official code

    return points @ about(0, -90) @ about(1, -90) @ about(0, -90)


def test_the_frame_is_the_official_rotations() -> None:
    """And up of Pix3D (y) is up of the kit."""
    points = np.random.default_rng(0).normal(size=(50, 3))
    np.testing.assert_allclose(pix3d.file_from_pix3d(points), official_rotation(points), atol=1e-6)
    up = frames.y_up_from_file(pix3d.file_from_pix3d(np.array([[0.0, 1.0, 0.0]])))
    np.testing.assert_allclose(up, [[0, 1, 0]], atol=1e-6)


def test_a_yaw_turns_about_the_vertical() -> None:
    points = np.random.default_rng(0).normal(size=(50, 3))
    straight = frames.y_up_from_file(pix3d.file_from_pix3d(points))
    for yaw, expected in {
        90: straight[:, [2, 1, 0]] * [1, 1, -1],
        180: straight * [-1, 1, -1],
        270: straight[:, [2, 1, 0]] * [-1, 1, 1],
    }.items():
        turned = frames.y_up_from_file(pix3d.file_from_pix3d(points, yaw))
        np.testing.assert_allclose(turned, expected, atol=1e-6)


def test_clouds_are_found_by_the_models_names_and_checked(tree: Path) -> None:
    found = pix3d.read_photos()
    np.testing.assert_array_equal(pix3d.read_cloud(found[2]), cloud_of("model/chair/SS_001/model_2.obj"))
    assert pix3d.cloud_file(found[2]).name == "pcl_1024_2.npy"
    (tree / "pix3d_pointclouds" / "model").rename(tree / "pointclouds")  # as in the official scripts, one folder up
    np.testing.assert_array_equal(pix3d.read_cloud(found[0]), cloud_of(found[0].model))
    file = pix3d.cloud_file(found[0])
    file.write_bytes(file.read_bytes()[:500])
    np.save(pix3d.cloud_file(found[3]), np.zeros((512, 3)))
    pix3d.cloud_file(found[4]).unlink()
    good, problems = pix3d.check(found)
    assert good == [found[2]]
    assert list(problems) == [photo.image for photo in (found[0], found[1], found[3], found[4])]
    assert "damaged" in problems[found[1].image]
    assert "expected 1024 finite points (1024, 3), found (512, 3)" in problems[found[3].image]
    assert "no cloud model/table/SS_007/pcl_1024.npy" in problems[found[4].image]


# -------------------------------------------------------------------------------------------------------------- scoring
@pytest.fixture(scope="module")
def networks() -> dict:
    torch.manual_seed(0)
    encoders = {
        "encoder_l1": ImageEncoder(width=0.25).initialise(),
        "encoder_lambda_5.5": ImageEncoder(width=0.25, variational=True).initialise(),
    }
    return {name: network.eval() for name, network in {"autoencoder": PointCloudAutoencoder(), **encoders}.items()}


def test_scores_are_the_protocols_photo_by_photo(tree: Path, networks: dict) -> None:
    found = pix3d.read_photos()
    (tree / found[3].mask).unlink()
    means = {name: cloud_of(name) for name in pix3d.CATEGORIES}
    results = pix3d_scores.evaluate(networks, found, yaw=90, means=means, batching=inference.Batching(2))
    assert results.photos == [found[k] for k in (0, 1, 2, 4)] and list(results.problems) == [found[3].image]
    assert list(results.scores) == [*networks, "mean shape of the class"]
    for k, photo in enumerate(results.photos):
        truth = pix3d.file_from_pix3d(cloud_of(photo.model), 90)[None]
        image = torch.from_numpy(pix3d.read_input(photo)).permute(2, 0, 1)[None]
        clouds = {
            "encoder_l1": inference.reconstruct(networks["autoencoder"], networks["encoder_l1"], image),
            "encoder_lambda_5.5": inference.reconstruct(networks["autoencoder"], networks["encoder_lambda_5.5"], image),
            "mean shape of the class": means[photo.category][None],
        }
        for name, cloud in clouds.items():
            expected = score(truth, cloud, icp="exact", emd=True)
            assert set(results.scores[name]) == set(expected)
            for key, values in expected.items():
                assert results.scores[name][key][k] == pytest.approx(values[0], rel=1e-3), (name, key)
    titles = [title for title, _ in pix3d_scores.examples(results.photos, results.scores["encoder_l1"]["chamfer"])]
    assert titles[:3] == ["chair, best", "chair, median", "chair, worst"] and len(titles) == 6


def test_the_yaw_is_what_the_autoencoder_knows(monkeypatch: pytest.MonkeyPatch, networks: dict) -> None:
    """A stand-in that knows one cloud alone: a wedge, thicker at its +x end, and answers with it whatever it is given."""
    wedge = np.random.default_rng(0).uniform(-0.5, 0.5, (1024, 3)) * [1, 0.5, 0.3]
    wedge = wedge * (0.6 + 0.8 * (wedge[:, :1] + 0.5))
    monkeypatch.setattr(inference, "encode_clouds", lambda model, points: torch.zeros(len(points), 1))
    monkeypatch.setattr(inference, "decode", lambda *_: torch.from_numpy(np.stack([frames.file_from_y_up(wedge)] * 2)))
    for yaw in frames.YAWS:
        own = frames.y_up_from_file(pix3d.file_from_pix3d(np.eye(3), -yaw % 360))  # how Pix3D's axes lie in the kit
        errors = orientation.yaw_errors(networks["autoencoder"], np.stack([pix3d.file_from_pix3d(wedge @ own.T)] * 2))
        assert min(errors, key=errors.__getitem__) == -yaw % 360
        assert list(errors) == [0, 90, 180, 270]


def test_mean_shapes_come_from_the_training_data_if_it_is_here(kit_folders: Path, networks: dict) -> None:
    assert pix3d_scores.class_means(networks["autoencoder"]) == {}
    write_tree(kit_folders / "data" / "boxes", {"train": 2, "val": 1, "test": 1}, ("chair", "sofa"))
    data = {"data": {"dataset": "boxes", "split": "official", "classes": "13"}}
    save_model(kit_folders / "trained_models" / "mine" / "autoencoder", networks["autoencoder"], training=data)
    autoencoder = registry.load_networks("mine")["autoencoder"]
    means = pix3d_scores.class_means(autoencoder)
    assert list(means) == ["chair", "sofa"], "there are no tables in that data"
    folder = kit_folders / "data" / "boxes" / "ShapeNet_pointclouds" / CLASSES["sofa"]
    clouds = np.stack([np.load(folder / f"train{k:03d}" / "pointcloud_2048.npy") for k in range(2)])
    latent = inference.encode_clouds(autoencoder, clouds).mean(0, keepdim=True)
    np.testing.assert_allclose(means["sofa"], inference.decode(autoencoder, latent)[0].numpy(), atol=1e-5)


# --------------------------------------------------------------------------------------------------------------- tables
def some_photos(counts: dict[str, int]) -> list[pix3d.Pix3DPhoto]:
    """Photos of objects named "category/number"; ``counts`` says how many of each."""
    return [
        pix3d.Pix3DPhoto("", "", name.split("/")[0], f"model/{name}/model.obj", (0, 0, 1, 1))
        for name, count in counts.items()
        for _ in range(count)
    ]


def test_rows_average_over_photos_and_over_classes() -> None:
    found = some_photos({"chair/0": 3, "chair/1": 1, "sofa/0": 2})
    chamfer = np.array([1.0, 2, 3, 10, 5, 7])
    rows = pix3d_scores.table_rows("L1", found, {"chamfer": chamfer, "emd": 2 * chamfer})
    assert [(row["classes"], row.get("photos"), row.get("objects")) for row in rows] == [
        ("chair", 4, 2),
        ("sofa", 2, 1),
        ("all", 6, 3),
        ("mean of classes", None, None),
    ]
    assert [row["chamfer"] for row in rows] == pytest.approx([4, 6, 28 / 6, 5])
    assert [row["emd"] for row in rows] == pytest.approx([8, 12, 56 / 6, 10])
    (row,) = pix3d_scores.table_rows("L1", found, {"chamfer": chamfer}, only=["chair"])
    assert (row["classes"], row["photos"], row["chamfer"]) == ("chair", 4, 4), "one class needs no means of classes"


def test_a_limit_takes_many_objects_first() -> None:
    found = some_photos({"chair/0": 3, "chair/1": 2, "chair/2": 1, "sofa/0": 4})
    assert [photo.object for photo in pix3d.limited(found, 4)] == [
        *("chair/0/model", "chair/1/model", "chair/2/model", "chair/0/model"),
        *["sofa/0/model"] * 4,
    ]
    assert pix3d.limited(found, None) == found


def test_intervals_are_over_objects_with_all_their_photos() -> None:
    values = np.random.default_rng(0).normal(10, 2, 60)
    expected = stats.t.interval(0.95, 59, values.mean(), stats.sem(values))
    for photos in (1, 25):  # 25 photos of each object, all alike, tell no more than one
        some = some_photos({f"chair/{k}": photos for k in range(60)})
        (row,) = pix3d_scores.table_rows("L1", some, {"chamfer": values.repeat(photos)})
        assert (row["chamfer_low"], row["chamfer_high"]) == pytest.approx(expected)
    (single,) = pix3d_scores.table_rows("L1", some_photos({"chair/0": 9}), {"chamfer": values[:9]})
    assert single["chamfer_low"] is single["chamfer_high"] is None, "one object says nothing of others"


def test_settings_of_notebook_10() -> None:
    good = {
        "run": "quickstart", "weights_run": None, "models": None, "pix3d": "pix3d", "categories": ["chair"], "yaw": None,
        "limit": None, "icp": "exact", "emd": True, "seed": 0, "device": "auto", "precision": "fp32", "batch_size": 32,
    }  # fmt: skip
    assert Pix3DSettings(**good).icp == "exact"
    for name, value in {"icp": "best", "yaw": 45, "limit": 0, "batch_size": 0}.items():
        with pytest.raises(ValueError, match=name):
            Pix3DSettings(**{**good, name: value})


# ------------------------------------------------------------------------------------------------------------ notebook
@pytest.mark.usefixtures("warm_kernels")
def test_notebook_10_scores_a_copy_of_pix3d(tree: Path, kit_folders: Path, networks: dict) -> None:
    """The table against the protocol by its words: own preprocessing, own rotation, own ICP and assignment."""
    entries = json.loads((tree / "pix3d.json").read_text())
    Image.open(tree / entries[1]["img"]).convert("L").save(tree / entries[1]["img"])
    Image.open(tree / entries[7]["img"]).convert("RGBA").save(tree / "img" / "sofa" / "0007.png")
    entries[7]["img"] = "img/sofa/0007.png"
    (tree / "img" / "table" / "broken.jpg").write_bytes((tree / entries[8]["img"]).read_bytes()[:2000])
    entries.append({**entries[8], "img": "img/table/broken.jpg"})
    entries.append({**entries[8], "img": "img/table/other.jpg", "model": "model/table/GONE/model.obj"})
    (tree / "pix3d.json").write_text(json.dumps(entries))
    data = {"data": {"dataset": "elsewhere", "split": "official", "classes": "13"}}
    for name, network in networks.items():
        own = {"data": {**data["data"], "classes": "chair"}} if name == "encoder_lambda_5.5" else data
        save_model(kit_folders / "trained_models" / "mine" / name, network, training=own)

    executed = kit_folders / "10.ipynb"
    parameters = {"run": "mine", "weights_run": None, "yaw": 0, "batch_size": 2, "device": "cpu"}
    source = Path(pix3d.__file__).parents[2] / "notebooks" / "10_pix3d.ipynb"
    papermill.execute_notebook(str(source), str(executed), parameters, progress_bar=False, cwd=str(kit_folders))

    outputs = [output for cell in json.loads(executed.read_text())["cells"] for output in cell.get("outputs", ())]
    printed = "".join("".join(output["text"]) for output in outputs if output["output_type"] == "stream")
    assert "found: 6 photos of 4 objects (3 chair, 1 sofa, 2 table); 1 left out" in printed
    assert "left out: img/table/other.jpg: no cloud model/table/GONE/pcl_1024.npy" in printed
    assert "left out: img/table/broken.jpg: the picture is damaged" in printed
    folder = kit_folders / "runs" / "mine" / "10_pix3d"
    record = json.loads((folder / "metrics.json").read_text())["results"]
    assert (record["photos"], record["left_out"], record["yaw"]) == (5, 2, 0)
    assert set(record["yaws"]) == {"0", "90", "180", "270"}
    for name in ("preprocessing.png", "examples.png"):
        assert Image.open(folder / name).width > 300

    expected: dict[str, list[dict[str, float]]] = {"chair": [], "sofa": [], "table": []}
    for number in (0, 1, 2, 7, 8):
        item = entries[number]
        image, mask = np.array(Image.open(tree / item["img"]).convert("RGB")), np.array(Image.open(tree / item["mask"]))
        pixels = pix3d.official_input(
            image, mask, item["bbox"]
        )  # ICP takes other turns where a pixel is rounded otherwise
        assert np.abs(pixels - reference_input(image, mask, item["bbox"])[0]).max() <= 0.505
        with torch.inference_mode():
            latent = networks["encoder_l1"](torch.from_numpy(pixels).permute(2, 0, 1)[None].float())
            cloud = networks["autoencoder"].decode(latent)[0].numpy()
        truth = official_rotation(cloud_of(item["model"]))
        expected[item["category"]].append(plain_protocol(truth, cloud, 0, "exact"))
    rows = {row["classes"]: row for row in record["pix3d"] if row["model"] == "L1"}
    assert list(rows) == ["chair", "sofa", "table", "all", "mean of classes"]
    for key in ("chamfer", "forward", "backward", "emd", "f_score_1", "f_score_2"):
        means = {name: np.mean([found[key] for found in scores]) for name, scores in expected.items()}
        for name, mean in means.items():
            assert rows[name][key] == pytest.approx(mean, rel=1e-3), (name, key)
            assert rows[name]["photos"] == len(expected[name])
        everything = [found[key] for scores in expected.values() for found in scores]
        assert rows["all"][key] == pytest.approx(np.mean(everything), rel=1e-3)
        assert rows["mean of classes"][key] == pytest.approx(np.mean(list(means.values())), rel=1e-3)
    assert [row["classes"] for row in record["pix3d"] if row["model"] == "λ = 5.5"] == ["chair"], "trained on chairs"
    assert len([row for row in record["pix3d"] if row["model"] == "autoencoder"]) == 5


def test_what_is_set_for_all_notebooks_leaves_pix3d_alone(kit_folders: Path) -> None:
    """Notebook 10's data and categories are not those that the models are trained on."""
    (kit_folders / "data" / "mine").mkdir()
    overrides = ["all.dataset=mine", "all.classes=chair", "all.split=60-20-20"]
    steps = plans.plan_steps(profiles.load_profile("smoke"), "mine", overrides)
    (values,) = [step.values for step in steps if step.notebook == "10_pix3d"]
    assert (values["pix3d"], values["categories"]) == ("pix3d", ["chair", "sofa", "table"])
    assert {step.values.get("dataset", "mine") for step in steps} == {"mine"}
