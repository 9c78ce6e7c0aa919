"""`lmnet run paper` and `lmnet run port`, whole, on a tree with ShapeNet's layout: 13 classes, 24 views, real class ids.

Everything that a profile says stays, but for what ``--set`` makes small: epochs, widths, sweeps, how many are drawn. The commands run
in a process of their own, as a user starts them, both on one tree.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import warm
from r2n2_tree import write_shapenet

from lmnet_utils.core.files import read_json
from lmnet_utils.data import splits
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.run import chain, plans, profiles

COUNTS = {name: 2 for name in CLASSES} | {"airplane": 5, "car": 5, "chair": 13}
"""Objects: enough that both rules leave some for every side, 24 views each."""
SMALL = [
    *("02.epochs=1", "02.batch_size=8", "02.input_points=512"),
    *(f"{notebook}.{setting}" for notebook in ("03", "04", "05") for setting in ("width=0.25", "epochs=1")),
    *("03.loss=[l1]", "05.diversity_weight=[5.5]"),  # `lmnet run smoke` sweeps
    *("06.batch_size=64", "06.limit_models=5", "06.predictions=4", "06.samples=2"),
    *("07.objects=2", "07.sampled_objects=1", "07.image_size=64", "07.turntable_frames=2", "07.turntable_size=32"),
    *("08.icp=[exact]", "08.views=1", "08.gallery_classes=1"),
    *("08.diversity_samples=2", "08.diversity_views=2", "08.diversity_objects=1"),
    *("09.samples=2", "09.gallery_images=2", "09.gallery_samples=1"),
    *("11.samples=2", "11.test_views=1"),
]


class Run(NamedTuple):
    """How a run ended, and its folders."""

    status: int
    output: str
    runs: Path
    models: Path

    def metrics(self, step: str) -> dict[str, Any]:
        return read_json(self.runs / step / "metrics.json")

    def training(self, model: str) -> tuple[dict[str, Any], dict[str, Any]]:
        """Settings and data that a model was trained with."""
        record = read_json(self.models / model / "config.json")["training"]
        return record["settings"], record["data"]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("miniature")
    for name in ("data", "trained_models", "runs"):
        (folder / name).mkdir()
    write_shapenet(folder / "data" / "shapenet", COUNTS)
    return folder


def run(tree: Path, profile: str, *options: str) -> Run:
    folders = {f"LMNET_{name.upper()}": str(tree / name) for name in ("data", "trained_models", "runs")}
    overrides = [word for text in SMALL for word in ("--set", text)]
    arguments = ["run", profile, *overrides, *options]
    status, output = warm.lmnet(*arguments, folder=tree, variables={**os.environ, **folders})
    return Run(status, output, tree / "runs" / profile, tree / "trained_models" / profile)


@pytest.fixture(scope="module")
def paper(tree: Path) -> Run:
    return run(tree, "paper")


@pytest.fixture(scope="module")
def port(tree: Path) -> Run:
    return run(tree, "port")


def printed(notebook: Path) -> str:
    """What a notebook's cells printed."""
    cells = profiles.read_notebook(notebook)["cells"]
    return "".join("".join(output.get("text", "")) for cell in cells for output in cell.get("outputs", []))


def markdown(notebook: Path) -> list[str]:
    """The Markdown that a notebook's cells gave out."""
    cells = profiles.read_notebook(notebook)["cells"]
    outputs = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return ["".join(data["text/markdown"]) for data in outputs if "text/markdown" in data]


@pytest.mark.parametrize("profile", ["paper", "port"])
def test_the_profile_runs_to_its_report(profile: str, request: pytest.FixtureRequest) -> None:
    done = request.getfixturevalue(profile)
    assert done.status == 0, done.output[-3000:]
    steps = read_json(done.runs / "steps.json")["steps"]
    assert {step["notebook"] for step in steps.values()} == set(profiles.load_profile(profile).notebooks)
    assert {step["status"] for step in steps.values()} == {"done"}
    assert all((done.runs / f"{key}.ipynb").is_file() for key in steps)
    page = (done.runs / "report.html").read_text(encoding="utf-8")
    assert all(key in page for key in steps) and "Chamfer" in page


def test_paper_found_the_data_its_frame_and_its_split(paper: Run) -> None:
    results = paper.metrics("01_data_preparation")["results"]
    assert (results["models_on_disk"], results["complete"], results["problems"]) == (43, 43, 0)
    assert results["made"] == {"listed": 43, "on_disk": 43, "rule_differs": {}, "split_differs": {}, "port": []}
    assert results["frame_check"]["best"] == 90, "the tree's clouds face +z"
    counts = {side: sum(found.values()) for side, found in results["split_counts"].items()}
    assert counts == {"train": 27, "val": 1, "test": 15} and len(results["split_counts"]["test"]) == 13


def test_paper_trains_as_published_but_for_what_was_set(paper: Run) -> None:
    settings, data = paper.training("autoencoder")
    assert (settings["loss"], settings["learning_rate"], settings["weight_decay"]) == ("paper", 5e-4, 0.0)
    assert (data["split"], data["classes"], data["training_models"], data["validation_models"]) == (
        "official",
        "13",
        27,
        1,
    )
    for model, classes, objects in (
        ("encoder_l1", "13", 27),
        ("encoder_l2", "13", 27),
        ("encoder_lambda_5.5", "chair", 9),
    ):
        settings, data = paper.training(model)
        assert (settings["architecture"], settings["learning_rate"], settings["batch_size"]) == ("paper", 5e-5, 32)
        assert (settings["views_per_model"], settings["augment"], settings["schedule"]) == (None, False, "constant")
        assert (data["classes"], data["training_models"]) == (classes, objects)
        seen = read_json(next(paper.runs.glob(f"0*/{model}/metrics.json")))
        assert seen["results"]["training_images_per_s"] > 0


def test_paper_predicts_all_views_and_shows_the_papers_page(paper: Run) -> None:
    assert paper.metrics("06_inference")["results"]["images"]["L1"] == 5 * 24
    rows = paper.metrics("08_evaluation")["results"]["table"]
    table = {row["model"]: row for row in rows if row["classes"] == "13"}
    assert table["L1"]["n_views"] == table["L1"]["n_models"] == 15  # one view in miniature
    assert table["sampling floor"]["chamfer"] < table["L1"]["chamfer"] < 100
    per_class = paper.metrics("08_evaluation")["results"]["per_class"]
    tested = {row["classes"]: row["n_models"] for row in per_class if row["model"] == "L1"}
    assert tested == {name: 3 if name == "chair" else 1 for name in CLASSES}
    page = next(text for text in markdown(paper.runs / "08_evaluation.ipynb") if "nverified transcription" in text)
    page = re.sub(" +", " ", page)  # columns are padded
    for name in CLASSES:
        row = re.search(rf"^\| {name} \| [\d.]+ \| [\d.]+ \|(.*)$", page, re.MULTILINE)
        assert row and len(re.findall(r"\d\.\d\d", row[1])) >= 8, f"{name}: the paper's figures and this run's"
    assert re.search(r"^\| mean of the classes \| 5\.62 \| 5\.40 \| [\d.]+ \|", page, re.MULTILINE)
    predictions = (paper.runs / "06_inference/predictions/encoder_l1/index.csv").read_text().splitlines()
    assert len(predictions) == 1 + 4


def test_port_trains_on_its_own_split_and_settings(port: Run) -> None:
    assert port.status == 0, port.output[-3000:]
    counts = port.metrics("01_data_preparation")["results"]["split_counts"]
    assert [counts[side]["chair"] for side in splits.SIDES] == [8, 3, 2]
    assert [counts[side]["car"] for side in splits.SIDES] == [3, 1, 1]
    settings, data = port.training("autoencoder")
    assert (settings["loss"], settings["learning_rate"], settings["weight_decay"]) == ("port", 1e-4, 1e-6)
    assert data["split"] == "60-20-20"
    for model in ("encoder_l1", "encoder_lambda_5.5"):
        settings, data = port.training(model)
        decays = (settings["weight_decay_conv"], settings["weight_decay_fc"])
        assert (settings["architecture"], settings["batch_size"], *decays) == ("port", 64, 1e-5, 1e-3)
        assert settings["views_per_model"] is None and data["split"] == "60-20-20"
    assert data["classes"] == "chair" and data["training_models"] == 8


def test_notebook_01_works_on_a_part_and_says_what_is_missing(tmp_path: Path) -> None:
    """Two classes, one of them without clouds; a damaged picture; and the port's lists, with their leakage."""
    for name in ("data", "trained_models", "runs"):
        (tmp_path / name).mkdir()
    root = tmp_path / "data" / "shapenet"
    models = write_shapenet(root, {"chair": 6, "lamp": 2})
    chairs = [model for model in sorted(models["train"] + models["test"]) if model.startswith(CLASSES["chair"])]
    shutil.rmtree(root / "ShapeNet_pointclouds" / CLASSES["lamp"])
    picture = root / "ShapeNetRendering" / chairs[0] / "rendering" / "07.png"
    picture.write_bytes(picture.read_bytes()[:-40])
    for folder, part in (("shapenet_point/{}.txt", chairs), ("shapenet_point_chair/{}_chair.txt", chairs[::-1])):
        for side, listed in zip(("train", "valid", "test"), (part[:3], part[3:4], part[4:]), strict=True):
            path = root / "splits" / folder.format(side)
            path.parent.mkdir(exist_ok=True)
            path.write_text("\n".join(listed))
    done = run(tmp_path, "paper", "--only", "01", "--set", "all.split=port")
    assert done.status == 0, done.output[-3000:]
    text = printed(done.runs / "01_data_preparation.ipynb")
    for line in (
        "5 of 8 objects on disk are complete",
        f"{chairs[0]}: 07.png broken or cut off",
        "no point clouds: lamp (2 of 2). `lmnet download shapenet-clouds --check`",
        "nothing of airplane, bench, cabinet",
        "the authors' lists name 8 objects; 8 of them are here.",
        "the port's own lists are here, as split 'port', for the classes 13, chair.",
        "chair: 3 train, 1 val, 2 test, 2 of its test objects are training objects of the 13 classes",
        "turned by  90°: overlap",
        "3 of 8 models of 'shapenet' are incomplete and left out",
    ):
        assert line in text, line
    assert (done.runs / "01_data_preparation" / "frame.png").is_file()


def test_nothing_there_is_refused_with_the_command_that_fetches_it(kit_folders: Path) -> None:
    with pytest.raises(
        profiles.ProfileError, match=r"(?s)    lmnet download shapenet\n.*--set 01\.download=true"
    ) as refused:
        chain.run_profile("paper")
    assert str(refused.value).count("non-commercial research") == 1, "the terms, once"
    steps = plans.plan_steps(profiles.load_profile("paper"), "paper", ["01.download=true"])
    assert steps[0].values["download"] is True, "notebook 01 fetches it"
