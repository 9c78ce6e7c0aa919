"""Scoring of methods, its cache, the baselines' traps and the paper's values, on a small fake data set."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from r2n2_tree import write_tree

from lmnet_utils.core import cache
from lmnet_utils.data import splits, taxonomy
from lmnet_utils.evaluation import errors_by_view, protocol, results, scoring
from lmnet_utils.evaluation.methods import (
    Method,
    Task,
    TrainingLatents,
    mean_shapes,
    model_methods,
    open_task,
    retrieval,
    retrieval_oracles,
    sampling_floor,
)
from lmnet_utils.evaluation.scoring import Scored, Scoring
from lmnet_utils.models import inference, registry
from lmnet_utils.models.inference import Item, items_of
from lmnet_utils.models.networks import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.models.weights import fingerprint_of, load_model, save_model

CHAIR, SOFA, TABLE = (taxonomy.CLASSES[name] for name in ("chair", "sofa", "table"))


class FakePack:
    """What scoring needs of shapenet.Pack: boxes, each of its own proportions, with four views."""

    views, dataset, hash = 4, "fake", "pack"

    def __init__(self, models):
        generator = np.random.default_rng(0)
        self.models = list(models)
        extents = generator.uniform(0.2, 1, (len(self.models), 1, 3))
        self.points = (generator.uniform(-0.5, 0.5, (len(self.models), 2048, 3)) * extents).astype(np.float32)
        self.points_1024 = self.points[:, ::2].copy()
        self.azimuths = generator.uniform(0, 2 * np.pi, (len(self.models), 4)).astype(np.float32)
        self.elevations = np.radians(generator.uniform(25, 30, (len(self.models), 4)))
        self.distances = generator.uniform(0.65, 1, (len(self.models), 4))
        self.pixels = torch.from_numpy(generator.integers(0, 256, (len(self.models), 4, 128, 128, 3)).astype(np.uint8))

    def rows(self, models):
        return np.array([self.models.index(model) for model in models], np.int64)

    def images(self, rows, views):
        return self.pixels[torch.as_tensor(rows), torch.as_tensor(views)].permute(0, 3, 1, 2)


TEST = [f"{CHAIR}/a", f"{SOFA}/b", f"{CHAIR}/c"]
TRAIN = [f"{CHAIR}/d", f"{CHAIR}/e", f"{TABLE}/f"]


@pytest.fixture
def task():
    return Task(FakePack(TEST + TRAIN), TEST, TRAIN, "split")


@pytest.fixture(scope="module")
def networks():
    torch.manual_seed(0)
    autoencoder = PointCloudAutoencoder().eval()
    encoders = {name: ImageEncoder(width=0.25).initialise().eval() for name in ("encoder_l1", "encoder_l1_seed1")}
    variational = ImageEncoder(width=0.25, variational=True).initialise().eval()  # chairs, as no record says otherwise
    return {"autoencoder": autoencoder, **encoders, "encoder_lambda_5.5": variational}


class Counting:
    """The true clouds, moved a little; counts what it was asked for, and can stop like a killed process."""

    def __init__(self, task, stop_after=None):
        self.task, self.asked, self.stop_after = task, [], stop_after

    def __call__(self, items):
        if self.stop_after is not None and len(self.asked) >= self.stop_after:
            raise KeyboardInterrupt
        self.asked += [(item.model, item.view) for item in items]
        truth = self.task.pack.points[self.task.pack.rows([item.model for item in items])]
        return truth * np.array([[[1 + 0.1 * item.view, 1, 1]] for item in items])

    def method(self, name="encoder_l1", **identity):
        return Method(name, name, self.task.test, self, identity)


# ----------------------------------------------------------------------------------------------------------- scoring
def test_scores_are_those_of_the_metrics_item_by_item(task):
    scored = scoring.score_method(
        task, Counting(task).method(), Scoring(None, ["none", "exact"], True, seed=3), batch_size=5
    )
    assert [(item.model, item.view) for item in scored.items[:4]] == [*((model, 0) for model in TEST), (TEST[0], 1)]
    truth = task.pack.points_1024[task.pack.rows([item.model for item in scored.items])]
    clouds = Counting(task)(scored.items)
    for kind, icp in (("none", None), ("exact", "exact")):
        expected = protocol.score(truth, clouds, seed=3, icp=icp, emd=True)
        assert set(scored.scores[kind]) == set(expected) >= {"chamfer", "emd", "f_score_1"}
        for name, values in expected.items():
            np.testing.assert_allclose(scored.scores[kind][name], values, rtol=1e-9)


def test_emd_may_be_left_out_of_clouds_that_are_not_aligned(task):
    how = Scoring(1, ["none", "exact"], True, emd_without_icp=False)
    scores = scoring.score_method(task, Counting(task).method(), how, progress=False).scores
    assert "emd" in scores["exact"] and "emd" not in scores["none"]


def test_kept_scores_serve_again_and_only_for_the_same_thing(task, tmp_path):
    def asked(method=None, task=task, batch_size=64, **options):
        counting = Counting(task)
        method = replace(method, clouds=counting) if method else counting.method(weights="w", decoder="d")
        how = Scoring(**{"views": 2, **options})
        scoring.score_method(task, method, how, tmp_path, batch_size=batch_size, progress=False)
        return len(counting.asked)

    assert asked() == 6
    assert asked() == 0
    assert asked(views=1) == 0  # a part of what is there
    assert asked(views=4) == 6  # only what is missing
    assert asked(batch_size=1) == 0  # decides nothing
    method = Counting(task).method(weights="w", decoder="d")
    assert asked(replace(method, identity={"weights": "other", "decoder": "d"})) == 6
    assert asked(replace(method, identity={"weights": "w", "decoder": "other"})) == 6
    assert asked(replace(method, objects=TEST[:2])) == 4
    assert asked(task=replace(task, checksum="another split")) == 6
    other = FakePack(TEST + TRAIN)
    other.hash = "other data"
    assert asked(task=replace(task, pack=other)) == 6
    assert asked(seed=1) == 6
    assert asked(icp=["exact"]) == 6
    assert asked(emd=True) == 6
    assert asked(emd=True, emd_without_icp=False) == 6
    assert asked() == 0  # the first one's scores were kept through all this


def test_other_code_is_no_excuse_for_old_scores(task, tmp_path, monkeypatch):
    def asked():
        counting = Counting(task)
        scoring.score_method(task, counting.method(), Scoring(views=1), tmp_path, progress=False)
        return len(counting.asked)

    assert (asked(), asked()) == (3, 0)
    for part in (
        "geometry",
        "pack",
        "networks",
        "inference",
        "protocol",
        "methods",
    ):  # all that makes or scores a cloud
        monkeypatch.setitem(cache.VERSIONS, part, cache.VERSIONS[part] + 1)
        assert (asked(), asked()) == (3, 0), part
    for part in ("losses", "training", "diversity", "statistics", "rendering"):  # weights are inputs of their own
        monkeypatch.setitem(cache.VERSIONS, part, cache.VERSIONS[part] + 1)
        assert asked() == 0, part


def test_a_killed_evaluation_goes_on_where_it_stood(task, tmp_path, monkeypatch):
    monkeypatch.setattr(cache, "SAVE_INTERVAL_S", 0.0)
    options = {"batch_size": 2, "progress": False}
    kept = {"folder": tmp_path, **options}
    whole = scoring.score_method(task, Counting(task).method(), **options)
    for stop_after in (4, 2):  # killed twice: after two batches, and after one more
        with pytest.raises(KeyboardInterrupt):
            scoring.score_method(task, Counting(task, stop_after).method(), **kept)
    last = Counting(task)
    resumed = scoring.score_method(task, last.method(), **kept)
    assert last.asked == [(item.model, item.view) for item in whole.items[6:]]
    for name, values in whole.scores["none"].items():
        np.testing.assert_array_equal(resumed.scores["none"][name], values)
    assert [path.suffix for path in tmp_path.iterdir()] == [".npz"]  # no temporary file is left


def test_a_damaged_file_of_scores_is_made_again(task, tmp_path):
    options = {"how": Scoring(views=1), "folder": tmp_path, "progress": False}
    first = scoring.score_method(task, Counting(task).method(), **options)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-40])
    counting = Counting(task)
    again = scoring.score_method(task, counting.method(), **options)
    assert len(counting.asked) == 3
    np.testing.assert_array_equal(again.scores["none"]["chamfer"], first.scores["none"]["chamfer"])


def test_an_unusable_prediction_names_its_method(task):
    method = Method("encoder_l1", "L1", TEST, lambda items: np.full((len(items), 8, 3), np.nan), {})
    with pytest.raises(ValueError, match="L1, from item 0 on: predictions: 3 of 3 clouds hold NaN"):
        scoring.score_method(task, method, Scoring(views=1), progress=False)


# ----------------------------------------------------------------------------------------------------------- methods
def test_models_are_scored_on_the_classes_they_know(task, networks):
    methods = {method.name: method for method in model_methods(task, networks)}
    assert list(methods) == list(networks)
    assert methods["encoder_lambda_5.5"].objects == [TEST[0], TEST[2]] and methods["encoder_l1"].objects == TEST
    assert methods["encoder_l1_seed1"].label == "L1" and not methods["autoencoder"].images
    items = items_of(task.pack, TEST, 1)
    with torch.no_grad():
        images = task.pack.images([0, 1, 2], [0, 0, 0]).float()
        expected = networks["autoencoder"].decode(networks["encoder_l1"](images))
        own = networks["autoencoder"](torch.from_numpy(task.pack.points[:3]))
    torch.testing.assert_close(torch.as_tensor(methods["encoder_l1"].clouds(items)), expected, rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(torch.as_tensor(methods["autoencoder"].clouds(items)), own, rtol=1e-3, atol=1e-4)


def test_what_decides_a_models_clouds_is_in_its_identity(task, networks):
    def identity(**changed):
        return model_methods(task, {**networks, **changed})[1].identity

    other = PointCloudAutoencoder().eval()
    retrained = ImageEncoder(width=0.25).initialise().eval()
    assert identity() == identity()
    assert identity(autoencoder=other)["decoder"] != identity()["decoder"]
    assert identity(encoder_l1=retrained)["weights"] != identity()["weights"]
    torch.manual_seed(1)
    direct = ImageEncoder(width=0.25, decoder=True).initialise().eval()
    networks = {"autoencoder": networks["autoencoder"], "encoder_chamfer": direct}
    own = model_methods(task, networks)[1]
    assert own.label == "direct regression"
    assert own.identity == model_methods(task, {**networks, "autoencoder": other})[1].identity  # unused there


def test_a_fingerprint_is_of_weights_wherever_they_lie(tmp_path, networks):
    encoder = networks["encoder_l1"]
    save_model(tmp_path / "encoder_l1", encoder)
    torch.save(encoder.state_dict(), tmp_path / "published.pth")
    loaded = [load_model(tmp_path / name) for name in ("encoder_l1", "published.pth")]
    assert {fingerprint_of(network) for network in loaded} == {fingerprint_of(encoder)}
    with torch.no_grad():
        loaded[0].latent.bias[0] += 1e-3
    assert fingerprint_of(loaded[0]) != fingerprint_of(encoder)


def test_models_come_from_a_run_and_from_elsewhere(tmp_path, monkeypatch, networks):
    monkeypatch.setenv("LMNET_TRAINED_MODELS", str(tmp_path))
    for name in ("autoencoder", "encoder_l1"):
        save_model(tmp_path / "mine" / name, networks[name])
    torch.save(networks["encoder_l1_seed1"].state_dict(), tmp_path / "published.pth")
    published = f"published L1={tmp_path / 'published.pth'}"
    assert list(registry.load_networks("mine")) == ["autoencoder", "encoder_l1"]
    assert list(registry.load_networks("mine", [published])) == ["autoencoder", "published L1"]
    assert list(registry.load_networks("mine", ["encoder_l1", published])) == [
        "autoencoder", "encoder_l1", "published L1",
    ]  # fmt: skip
    alone = registry.load_networks("no such run", [f"autoencoder={tmp_path / 'mine' / 'autoencoder'}", published])
    assert list(alone) == ["autoencoder", "published L1"]
    with pytest.raises(ValueError, match="'mine' has no encoder_l3; it has autoencoder, encoder_l1"):
        registry.load_networks("mine", ["encoder_l3"])
    with pytest.raises(ValueError, match="encoder_l1 is named twice"):
        registry.load_networks("mine", ["encoder_l1", f"encoder_l1={tmp_path / 'published.pth'}"])
    with pytest.raises(ValueError, match="expected an image encoder"):
        registry.load_networks("mine", [f"x={tmp_path / 'mine' / 'autoencoder'}"])
    with pytest.raises(FileNotFoundError, match="no model at"):
        registry.load_networks("mine", ["x=nowhere.pth"])


def test_two_models_of_one_name_are_refused(task, networks):
    twins = {"autoencoder": networks["autoencoder"], "encoder_l1": networks["encoder_l1"]}
    with pytest.raises(ValueError, match="L1 and encoder_l1 would both be called 'L1'"):
        model_methods(task, {**twins, "L1": networks["encoder_l1_seed1"]})


# --------------------------------------------------------------------------------------------------------- baselines
def test_baselines_know_the_training_objects_of_the_autoencoder_and_no_others(kit_folders):
    write_tree(kit_folders / "data" / "tiny", {"train": 6, "val": 1, "test": 2}, classes=("chair", "sofa"))
    task, autoencoder = open_task("tiny", "official", "13"), PointCloudAutoencoder().eval()
    data = {"dataset": "tiny", "split": "official", "classes": "13"}
    autoencoder.config = {**autoencoder.config, "training": {"data": data, "settings": {"seed": 0}}}
    assert TrainingLatents(task, autoencoder).task is task, "a record without the settings, of an earlier version"
    everything = TrainingLatents(task, autoencoder).identity
    autoencoder.config["training"]["settings"]["real_objects"] = 4
    training = TrainingLatents(task, autoencoder)
    part = splits.subset(task.train, 4, None)
    assert training.task.train == part and len(part) == 4 and training.values.shape == (4, 512)
    assert training.identity != everything, "kept scores of the baselines do not serve for other objects"
    assert training.task.test == task.test
    assert training.nearest(training.values) == part
    autoencoder.config["training"]["data"] = {**data, "dataset": "another"}
    assert TrainingLatents(task, autoencoder).task is task


def test_a_task_leaves_copies_out_and_lets_classes_take_turns(kit_folders):
    root = kit_folders / "data" / "tiny"
    write_tree(root, {"train": 2, "val": 1, "test": 2}, classes=("chair", "sofa"))
    train = root / "splits" / "official" / "13" / "train.txt"
    train.write_text("".join(f"{line}\n{line}-c1\n" for line in train.read_text().split()))
    task = open_task("tiny", "official", "13", limit_models=3)
    assert task.train == [f"{synset}/train00{k}" for synset in (CHAIR, SOFA) for k in (0, 1)]
    assert task.test == [f"{CHAIR}/test000", f"{SOFA}/test000", f"{CHAIR}/test001"]
    assert task.objects_of({SOFA}) == [f"{SOFA}/test000"]
    assert task.data["dataset"] == "tiny" and len(task.data["split_checksum"]) == 64


class Latents(TrainingLatents):
    """Training latents by hand: row k of the unit matrix, the autoencoder decoding a latent to itself."""

    values = np.eye(3, 512)

    def __init__(self, task):
        self.task, self.autoencoder, self.identity = task, PointCloudAutoencoder().eval(), {}


def test_mean_shapes_are_decoded_means_and_a_class_without_objects_takes_that_of_all(task):
    training = Latents(task)
    of_class, of_all = mean_shapes(training)
    items = items_of(task.pack, TEST, 1)  # chair, sofa, chair
    with torch.no_grad():
        chairs, overall = (torch.tensor(part.mean(0), dtype=torch.float32) for part in (np.eye(2, 512), np.eye(3, 512)))
        expected = training.autoencoder.decode(torch.stack([chairs, overall, chairs]))
    torch.testing.assert_close(of_class.clouds(items), expected)
    torch.testing.assert_close(of_all.clouds(items), expected[[1, 1, 1]])


def test_retrieval_takes_the_nearest_latent(task, networks):
    encoder = networks["encoder_l1"]
    training = Latents(task)
    items = items_of(task.pack, TEST, 2)
    rows = task.pack.rows([item.model for item in items])
    latents, _ = inference.encode_images(encoder, task.pack.images(rows, [item.view for item in items]))
    training.values = np.stack([latents[4], latents[0], latents[1] + 5]).astype(np.float64)
    method = retrieval(training, "encoder_l1_seed1", encoder)
    assert (method.name, method.label) == ("retrieval_encoder_l1_seed1", "retrieval by L1's latent")
    found = method.clouds(items)
    distances = np.linalg.norm(latents.numpy()[:, None] - training.values[None], axis=-1)
    assert distances.argmin(1)[[0, 4]].tolist() == [1, 0]
    np.testing.assert_array_equal(found, task.pack.points[3 + distances.argmin(1)])


def test_oracles_are_the_best_of_their_candidates(task):
    in_class, among_all = retrieval_oracles(task, progress=False)
    items = items_of(task.pack, TEST, 1)
    for method, candidates in ((among_all, [[3, 4, 5]] * 3), (in_class, [[3, 4], [3, 4, 5], [3, 4]])):
        found = method.clouds(items)
        for k, rows in enumerate(candidates):  # the sofa has no training object of its class: any will do
            pairs = [protocol.score(task.pack.points_1024[k : k + 1], task.pack.points[row : row + 1]) for row in rows]
            best = rows[int(np.argmin([pair["chamfer"][0] for pair in pairs]))]
            np.testing.assert_array_equal(found[k], task.pack.points[best])
    (limited, _) = retrieval_oracles(task, candidates=1, progress=False)
    np.testing.assert_array_equal(limited.clouds(items)[0], task.pack.points[3])  # the first chair is the only one
    assert limited.identity != in_class.identity


def test_floor_is_the_second_sampling(task):
    items = items_of(task.pack, TEST, 1)
    np.testing.assert_array_equal(sampling_floor(task).clouds(items), task.pack.points[:3])


# ------------------------------------------------------------------------------------------------------------ tables
def scored(name, label, values, *, models=TEST, images=True, contender=True, kinds=("none",)):
    """A method scored with Chamfer distances by hand, one item an object (or as many as there are values)."""
    items = [Item(models[i % len(models)], i // len(models), 10.0 * i) for i in range(len(values))]
    scores = {key: np.array(values, float) for key in ("chamfer", "forward", "backward")}
    scores["f_score_1"] = 50 - np.array(values, float)
    method = Method(name, label, list(models), lambda items: None, {}, images, contender)
    return Scored(
        method, items, {kind: {key: part + k for key, part in scores.items()} for k, kind in enumerate(kinds)}
    )


GROUPS = results.class_groups("13")


def test_seeds_are_one_row_and_chair_models_compare_with_chairs_only():
    chairs = [TEST[0], TEST[2]]
    methods = [
        scored("floor", "sampling floor", [1, 1, 1], images=False, contender=False),
        scored("encoder_l1", "L1", [4, 6, 8]),
        scored("encoder_l1_seed1", "L1", [6, 8, 10]),
        scored("encoder_l1_seed2", "L1", [5, 7, 12]),
        scored("encoder_lambda_0", "λ = 0", [3, 5], models=chairs),
    ]
    rows = results.result_rows(methods, GROUPS)
    assert [(row["classes"], row["model"]) for row in rows] == [
        ("13", "sampling floor"), ("13", "L1"), ("chair", "sampling floor"), ("chair", "L1"), ("chair", "λ = 0"),
    ]  # fmt: skip
    assert rows[1]["chamfer"] == pytest.approx((5 + 7 + 10) / 3) and rows[1]["n_seeds"] == 3
    assert rows[1]["chamfer_seed_std"] == pytest.approx(np.std([6, 8, 8], ddof=1))
    assert rows[3]["chamfer"] == pytest.approx((5 + 10) / 2) and "n_seeds" not in rows[4]
    assert [row["contender"] for row in rows] == [False, True, False, True, True]
    with pytest.raises(ValueError, match="L1: its training seeds"):
        results.result_rows([methods[1], scored("encoder_l1_seed1", "L1", [6, 8], models=chairs)], GROUPS)


def test_tables_are_written_in_four_formats(tmp_path):
    methods = [
        scored("floor", "sampling floor", [1, 1, 1], images=False, contender=False, kinds=("none", "exact")),
        scored("encoder_l1", "L1", [4, 6, 8], kinds=("none", "exact")),
        scored("my_&_{one}", "my_&_{one}", [4, 7, 8], kinds=("none", "exact")),
    ]
    rows = results.result_rows(methods, GROUPS)
    files = {path.name: path.read_text(encoding="utf-8") for path in results.write_tables(tmp_path, rows)}
    assert set(files) == {
        "results.csv", "results.json", "results.md", "13-none.tex", "13-exact.tex", "chair-none.tex", "chair-exact.tex",
    }  # fmt: skip
    read = list(csv.DictReader(files["results.csv"].splitlines()))
    assert [float(row["chamfer"]) for row in read] == [row["chamfer"] for row in json.loads(files["results.json"])]
    assert {row["icp"] for row in read} == {"none", "exact"}
    latex = files["13-exact.tex"]
    assert latex.startswith("% 13 classes, with ICP, 3 test objects")
    assert r"\textbf{7.00} [2.03, 11.97]" in latex  # L1's 6 + 1 of the exact kind; the floor is lower and no contender
    assert r"my\_\&\_\{one\}" in latex and latex.count(r"\textbf{7.") == 3
    assert latex.count(r"\begin{tabular}") == latex.count(r"\end{tabular}") == 1
    assert "## 13 classes, without ICP, 3 test objects" in files["results.md"]
    markdown = re.sub(" +", " ", files["results.md"])
    assert "| L1 |" in markdown and "| sampling floor | 3 | 0 | 1.00 [1.00, 1.00]" in markdown


def test_bins_average_over_objects_first():
    values, objects = np.array([1.0, 3.0, 10.0, 7.0, 9.0]), ["a", "a", "b", "a", "b"]
    angles = [0, 5, 9.9, 10, 20]
    rows = errors_by_view.binned_rows(values, objects, angles, [0, 10, 15, 20])
    assert [(row["angle"], row["mean"], row["objects"]) for row in rows] == [(5, 6, 2), (12.5, 7, 1), (17.5, 9, 1)]
    assert rows[0]["low"] < 2 and rows[0]["high"] > 10  # two objects of 2 and 10 say little
    assert rows[1]["low"] is None and rows[1]["high"] is None  # and one says nothing
    seeds = errors_by_view.binned_rows(np.stack([values, values + 2]), objects, angles, [0, 20])
    assert seeds[0]["mean"] == pytest.approx((11 / 3 + 9.5) / 2 + 1)


def test_gallery_finds_best_median_and_worst_of_a_class():
    models = [f"{CHAIR}/a", f"{SOFA}/b", f"{CHAIR}/c", f"{TABLE}/d"]
    one = scored("encoder_l1", "L1", [5, 2, 9, 1, 1, 3, 7, 4, 3, 8], models=models)
    found = errors_by_view.gallery(one)
    assert list(found) == ["chair", "sofa", "table"]
    assert found["chair"] == {"best": 4, "median": 0, "worst": 2}  # values 5 9 1 7 3 → sorted 1 3 5 7 9
    assert found["sofa"] == {"best": 1, "median": 5, "worst": 9} and found["table"] == {"best": 3, "worst": 7}
    assert list(errors_by_view.gallery(one, limit=1)) == ["chair"]
    own = scored("encoder_l1", "L1", [5, 2, 9, 1], models=["mug/a", f"{SOFA}/b", "mug/c", "bowl/d"])
    assert list(errors_by_view.gallery(own)) == ["sofa", "bowl", "mug"], "classes beyond the 13 come after them"


# ------------------------------------------------------------------------------------------------ the paper's figures
def test_reference_values_agree_with_their_stated_means():
    reference = results.reference_values()
    assert reference["status"] == "unverified transcription"
    assert "from memory" in reference["provenance"]
    assert list(reference["classes"]) and set(reference["classes"]) == set(taxonomy.CLASSES)
    for column in reference["columns"]:
        mean = np.mean([row[column] for row in reference["classes"].values()])
        assert mean == pytest.approx(reference["mean"][column], abs=0.005 + 1e-9), column
    chair = reference["classes"]["chair"]
    assert [chair[name] for name in reference["columns"]] == [6.39, 6.41, 9.63, 8.02]


def test_the_papers_figures_stand_beside_shapenet_only():
    rows = [{"model": "L1", "classes": name, "icp": "none", "chamfer": 1.0} for name in taxonomy.CLASSES]
    rows += [{"model": "L1", "classes": name, "icp": "exact", "chamfer": 2.0} for name in taxonomy.CLASSES]
    rows += [{"model": "λ", "classes": "chair", "icp": "exact", "chamfer": 3.0}]
    table = results.paper_rows(rows, "shapenet")
    assert len(table) == 14 and table[0] == {"class": "airplane", "PSGN": 3.74, "3D-LMNet": 3.34, "L1": 2.0, "λ": None}
    assert table[-1] == {"class": "mean of the classes", "PSGN": 5.62, "3D-LMNet": 5.4, "L1": 2.0, "λ": None}
    with pytest.raises(ValueError, match="dataset='freeshapes': the paper's figures are of ShapeNet"):
        results.paper_rows(rows, "freeshapes")
    page = results.paper_page(rows, "shapenet")
    assert page.startswith("**Unverified transcription**") and "written down from memory" in page
    assert "| chair | 6.39 | 6.41 | 2.00 | 3.00 |" in re.sub(" +", " ", page) and "EMD" not in page
    other = results.paper_page(rows, "freeshapes")
    assert other.count(".") == 1 and "nothing is compared" in other and not any(char.isdigit() for char in other)
