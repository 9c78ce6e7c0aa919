"""Predictions from elsewhere: both layouts are read and scored as by hand, and what is wrong with them is said."""

from __future__ import annotations

import csv
import warnings
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import t as student

from lmnet_utils.evaluation.claims import differences
from lmnet_utils.evaluation.methods import Method, Task, sampling_floor
from lmnet_utils.evaluation.other_methods import find_frame, methods_of_others
from lmnet_utils.evaluation.results import result_rows
from lmnet_utils.evaluation.scoring import Scoring, score_method

CHAIR, SOFA = "03001627", "04256520"
TEST = [f"{CHAIR}/a", f"{SOFA}/s", *(f"{CHAIR}/{name}" for name in "bcdefgh")]


class Stools:
    """What scoring needs of a pack: a seat on one side of a post, three views, no symmetry that hides a turn."""

    views, dataset, hash = 3, "stools", "pack"

    def __init__(self) -> None:
        draw = np.random.default_rng(0)
        self.models = list(TEST)
        self.points = np.stack([self._stool(draw) for _ in self.models]).astype(np.float32)
        self.points_1024 = np.ascontiguousarray(self.points[:, ::2])
        self.azimuths = np.zeros((len(self.models), 3), np.float32)

    def _stool(self, draw: np.random.Generator) -> np.ndarray:
        seat = draw.uniform([-0.5, 0, 0], [-0.4, draw.uniform(0.5, 0.7), draw.uniform(0.2, 0.3)], (1024, 3))
        post = draw.uniform([-0.5, 0, 0], [0.5, 0.1, 0.08], (1024, 3))
        return draw.permutation(np.concatenate([seat, post]))

    def rows(self, models):
        return np.array([self.models.index(model) for model in models], np.int64)


@pytest.fixture
def task() -> Task:
    return Task(Stools(), TEST, [], "split")


def guess_of(task: Task, model: str, view: int) -> np.ndarray:
    draw = np.random.default_rng([task.test.index(model), view])
    return (task.pack.points[task.pack.rows([model])[0]] + draw.normal(0, 0.02, (2048, 3))).astype(np.float32)


def write_images(task: Task, folder: Path, models=TEST, views=(0, 1, 2), change=lambda cloud: cloud) -> Path:
    for model in models:
        (folder / model).mkdir(parents=True)
        for view in views:
            np.save(folder / model / f"{view:02d}.npy", change(guess_of(task, model, view)))
    return folder


def by_hand(truth: np.ndarray, guess: np.ndarray) -> float:
    """Chamfer ×100 of two clouds of at most 1024 points, from the matrix of all distances."""
    boxes = [(cloud - (cloud.min(0) + cloud.max(0)) / 2) / np.ptp(cloud, axis=0).max() for cloud in (truth, guess)]
    distances = cdist(*boxes)
    return 100 * (distances.min(0).mean() + distances.min(1).mean())


def test_a_folder_of_images_is_scored_and_set_against_the_others_as_by_hand(task, tmp_path):
    thin = write_images(task, tmp_path / "thin", change=lambda cloud: cloud[:1024])  # nothing is drawn from 1024 points
    (method,) = methods_of_others(task, [f"my net={thin}"], views=2)
    assert (method.label, method.images, method.contender) == ("my net", True, True) and method.objects == TEST
    floor = sampling_floor(task)
    how = Scoring(2, ["none"])
    scored = [score_method(task, one, how, progress=False) for one in (floor, method)]

    expected = np.array(
        [
            [
                by_hand(task.pack.points_1024[i].astype(float), guess_of(task, model, view)[:1024].astype(float))
                for view in (0, 1)
            ]
            for i, model in enumerate(TEST)
        ]
    )
    row = next(row for row in result_rows(scored, {"13": {CHAIR, SOFA}}) if row["model"] == "my net")
    assert row["chamfer"] == pytest.approx(expected.mean()) and (row["n_models"], row["n_views"]) == (9, 18)

    (against,) = differences(scored, "my net")
    gap = expected.mean(axis=1) - scored[0].scores["none"]["chamfer"]  # the floor has one cloud an object
    half = student.ppf(0.975, 8) * gap.std(ddof=1) / 3
    assert against["against"] == "sampling floor" and against["objects"] == 9
    assert against["chamfer"] == pytest.approx(gap.mean())
    assert (against["chamfer_low"], against["chamfer_high"]) == pytest.approx((gap.mean() - half, gap.mean() + half))
    assert against["better"] == "no"
    (other,) = differences(scored, "sampling floor")
    assert other["chamfer"] == pytest.approx(-gap.mean()) and other["better"] == "yes"


def test_clouds_an_object_and_the_kits_own_files_are_read_too(task, tmp_path):
    (tmp_path / "objects" / CHAIR).mkdir(parents=True)
    for model in (model for model in TEST if model.startswith(CHAIR)):
        np.save(tmp_path / "objects" / f"{model}.npy", guess_of(task, model, 0)[None].astype(np.float64))
    (tmp_path / "kit" / "pred").mkdir(parents=True)
    with open(tmp_path / "kit" / "index.csv", "w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["i", "synset", "model", "view", "azimuth"])
        for i, model in enumerate(TEST):
            rows.writerow([i, *model.split("/"), 0, 12.5])
            np.save(tmp_path / "kit" / "pred" / f"inference_{i}.npy", guess_of(task, model, 0)[None])
    objects, kit = methods_of_others(task, [str(tmp_path / "objects"), f"port={tmp_path / 'kit'}"], views=1)
    assert (objects.label, objects.images, objects.objects) == ("objects", False, task.objects_of({CHAIR}))
    assert (kit.label, kit.images, kit.objects) == ("port", True, TEST)
    how = Scoring(1, ["none"])
    one, two = (score_method(task, method, how, progress=False) for method in (objects, kit))
    chairs = [i for i, item in enumerate(two.items) if item.synset == CHAIR]
    np.testing.assert_allclose(one.scores["none"]["chamfer"], two.scores["none"]["chamfer"][chairs], rtol=1e-5)


def test_seeds_of_a_method_are_one_row_and_new_files_are_new_scores(task, tmp_path):
    folders = [write_images(task, tmp_path / f"net_seed{k}", views=(0,)) for k in (0, 1)]
    methods = methods_of_others(task, list(map(str, folders)), 1)
    scored = [score_method(task, method, Scoring(1, ["none"]), progress=False) for method in methods]
    (row,) = result_rows(scored, {"13": {CHAIR, SOFA}})
    assert (row["model"], row["n_seeds"]) == ("net", 2)
    before = methods[0].identity
    np.save(folders[0] / TEST[0] / "00.npy", guess_of(task, TEST[0], 5))
    assert methods_of_others(task, [str(folders[0])], 1)[0].identity != before


def _nan(cloud):
    cloud = cloud.copy()
    cloud[7, 1] = np.nan
    return cloud


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda cloud: cloud.T, r"expected floats of shape \(N, 3\).*found float32 \(3, 2048\).*save cloud.T"),
        (lambda cloud: cloud[:500], r"N ≥ 1024, found float32 \(500, 3\)"),
        (lambda cloud: np.stack([cloud, cloud]), r"found float32 \(2, 2048, 3\)"),
        (lambda cloud: (cloud * 100).astype(np.int64), "expected floats.*found int64"),
        (_nan, "1 of 2048 points are NaN"),
        (lambda cloud: cloud * 0, "all 2048 points are the same"),
    ],
)
def test_a_wrong_array_is_named_with_what_was_expected(task, tmp_path, change, words):
    folder = write_images(task, tmp_path / "mine")
    np.save(folder / TEST[3] / "01.npy", change(guess_of(task, TEST[3], 1)))
    with pytest.raises(ValueError, match=f"01.npy.*{words}"):
        methods_of_others(task, [f"mine={folder}"])


def test_what_a_folder_lacks_is_said(task, tmp_path):
    folder = write_images(task, tmp_path / "mine", views=(0, 1))
    assert methods_of_others(task, [f"mine={folder}"], views=2)
    with pytest.raises(ValueError, match=r"9 of 27 clouds are missing, the first is 03001627/a, view 2.*views 0 to 2"):
        methods_of_others(task, [f"mine={folder}"])
    (folder / TEST[4] / "00.npy").unlink()
    with pytest.raises(ValueError, match=f"1 of 18 clouds are missing, the first is {TEST[4]}, view 0"):
        methods_of_others(task, [f"mine={folder}"], views=2)
    np.save(folder / TEST[4] / "00.npy", guess_of(task, TEST[4], 0)[:1500])
    with pytest.raises(ValueError, match="2048 points in .* and 1500 in"):
        methods_of_others(task, [f"mine={folder}"], views=2)
    (folder / TEST[4] / "00.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(ValueError, match="00.npy cannot be read"):
        methods_of_others(task, [f"mine={folder}"], views=2)


def test_names_and_folders_that_cannot_be_are_refused(task, tmp_path):
    folder = write_images(task, tmp_path / "mine", views=(0,))
    with pytest.raises(FileNotFoundError, match="no folder .*nowhere.*Compare my method"):
        methods_of_others(task, [str(tmp_path / "nowhere")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match="holds no predictions: expected <synset>/<model>/<view>.npy"):
        methods_of_others(task, [str(tmp_path / "empty")])
    other = tmp_path / "others" / CHAIR / "unknown"
    other.mkdir(parents=True)
    np.save(other / "00.npy", guess_of(task, TEST[0], 0))
    with pytest.raises(ValueError, match="missing, the first is 03001627/a|none of its 1 clouds is of a test object"):
        methods_of_others(task, [str(tmp_path / "others")])
    np.save(folder / CHAIR / "a.npy", guess_of(task, TEST[0], 0))
    with pytest.raises(ValueError, match="1 clouds an object and 9 an image"):
        methods_of_others(task, [f"mine={folder}"])
    (folder / CHAIR / "a.npy").unlink()
    known = Method("encoder_l1", "L1", TEST, lambda items: np.zeros(0), {})
    for given in (["L1"], ["mine", "mine"], ["a/b"], [""]):
        with pytest.raises(ValueError, match="is taken|is no name"):
            methods_of_others(task, [f"{name}={folder}" for name in given], 1, beside=[known])


@pytest.mark.parametrize("columns, signs", [((1, 0, 2), (1, -1, 1)), ((0, 1, 2), (-1, 1, 1)), ((2, 0, 1), (1, 1, 1))])
def test_another_frame_is_noticed_with_the_way_back(task, tmp_path, columns, signs):
    folder = write_images(
        task, tmp_path / "turned", views=(0,), change=lambda cloud: cloud[:, columns] * np.float32(signs)
    )
    with pytest.warns(UserWarning, match="turned: are these clouds in the file frame") as caught:
        methods_of_others(task, [str(folder)], 1)
    truth = task.pack.points_1024
    clouds = np.stack([guess_of(task, model, 0) for model in TEST])
    found = find_frame(truth, clouds[..., columns] * np.float32(signs), TEST)
    assert f"cloud[:, {list(found.columns)}] * {list(found.signs)}" in str(caught[0].message)
    back = clouds[..., columns] * np.float32(signs)
    np.testing.assert_array_equal(back[..., found.columns] * np.array(found.signs), clouds)


def test_the_right_frame_gives_no_warning(task, tmp_path):
    folder = write_images(task, tmp_path / "mine", views=(0,))
    draw = np.random.default_rng(1)
    noise = write_images(
        task, tmp_path / "noise", views=(0,), change=lambda cloud: draw.uniform(-0.5, 0.5, cloud.shape)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        methods_of_others(task, [f"mine={folder}", f"noise={noise}"], 1)
