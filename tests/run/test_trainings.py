"""`lmnet train`: a profile's trainings without notebooks, alone and in two processes that torchrun starts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from r2n2_tree import write_tree

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json
from lmnet_utils.core.notebook_settings import AutoencoderSettings, EncoderSettings
from lmnet_utils.run import profiles, trainings
from lmnet_utils.run.cli import main

PROFILE = """
run_name: small
defaults: {dataset: boxes, device: cpu, precision: fp32, epochs: 1, batch_size: 4}
notebooks:
  02_autoencoder_training: {input_points: 256, initial_weights: null}
  03_encoder_l1: {width: 0.25, views_per_model: 2, autoencoder: null, initial_weights: null, loss: [l1, chamfer]}
"""


@pytest.fixture
def small(kit_folders: Path) -> Path:
    write_tree(kit_folders / "data" / "boxes", {"train": 5, "val": 2, "test": 1})
    (kit_folders / "small.yaml").write_text(PROFILE)
    return kit_folders / "small.yaml"


def test_the_trainings_are_those_that_the_notebooks_would_do() -> None:
    found = trainings.planned(
        profiles.load_profile("freeshapes"), "again", only=["02", "05"], overrides=["05.epochs=2"]
    )
    assert [key for key, _ in found][:2] == [
        "02_autoencoder_training", "05_encoder_probabilistic--diversity_weight=0",
    ]  # fmt: skip
    assert len(found) == 1 + 3
    settings = dict(found)
    autoencoder = settings["02_autoencoder_training"]
    assert isinstance(autoencoder, AutoencoderSettings) and (autoencoder.run, autoencoder.epochs) == ("again", 100)
    encoders = [own for own in settings.values() if isinstance(own, EncoderSettings)]
    assert {own.epochs for own in encoders} == {2} and {own.loss for own in encoders} == {"probabilistic"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["smoke", "--only", "07"], "no training in 07_rendering: expected some of notebooks 02 to 05"),
        (["smoke", "--only", "02", "--set", "02.epochs=-3"], "epochs"),
        (["somke"], "did you mean 'smoke'"),
    ],
)
def test_what_cannot_be_trained_is_said_before_anything_starts(arguments: list[str], says: str, capsys) -> None:
    assert main(["train", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_two_launched_processes_leave_what_the_notebook_then_loads(small: Path, capsys) -> None:
    # `accelerate launch` starts one process where there is no GPU
    launch = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    command = [*launch, "lmnet_utils.run.cli", "train", str(small)]
    result = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ, OMP_NUM_THREADS="1"))
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count("02_autoencoder_training (2 processes)") == 1
    for name in ("autoencoder", "encoder_l1", "encoder_chamfer"):
        record = read_json(paths.model_dir("small", name) / "metrics.json")
        assert record["results"]["finished"] and len(record["results"]["history"]) == 1
    before = (paths.model_dir("small", "encoder_l1") / "model.safetensors").read_bytes()
    capsys.readouterr()
    assert main(["train", str(small)]) == 0  # alone: the same settings, so nothing is left to do
    assert capsys.readouterr().out.count("is trained with these settings already: loaded.") == 3
    assert (paths.model_dir("small", "encoder_l1") / "model.safetensors").read_bytes() == before


def test_a_training_that_fails_does_not_stop_the_next(small: Path, capsys) -> None:
    profile = small.read_text().replace("loss: [l1, chamfer]", "loss: chamfer")
    small.write_text(profile.replace("defaults: {", "defaults: {learning_rate: 1.0e+30, "))
    assert main(["train", str(small), "--set", "02.epochs=4", "--set", "03.learning_rate=1e-4"]) == 1
    captured = capsys.readouterr()
    assert "02_autoencoder_training" in captured.err and "Lower learning_rate" in captured.err
    assert (paths.model_dir("small", "encoder_chamfer") / "model.safetensors").is_file()


def test_the_trainings_of_every_repeat_are_done_in_its_own_run(small: Path, capsys) -> None:
    profile = small.read_text().replace(", loss: [l1, chamfer]", "")
    small.write_text(profile + "repeat: [{real_objects: 2}, {real_objects: 9}, {real_objects: 4}]\n")
    planned = trainings.planned(profiles.load_profile(str(small)), "small", overrides=["all.batch_size=2"])
    assert [(key, settings.run, settings.real_objects) for key, settings in planned[:2]] == [
        ("small-real2: 02_autoencoder_training", "small-real2", 2), ("small-real2: 03_encoder_l1", "small-real2", 2),
    ]  # fmt: skip
    assert main(["train", str(small), "--only", "02"]) == 1
    assert (
        "small-real9: 02_autoencoder_training: real_objects=9: the training objects hold 5" in capsys.readouterr().err
    )
    for count in (2, 4):
        record = read_json(paths.model_dir(f"small-real{count}", "autoencoder") / "metrics.json")
        assert record["data"]["training_models"] == count and record["results"]["finished"]
