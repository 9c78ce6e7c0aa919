"""Shipping a run's weights: half precision, the record, and a model card whose figures are the files'."""

from __future__ import annotations

import re

import pytest
import ship_weights
import torch
from r2n2_tree import write_tree
from test_training import autoencoder_settings

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.models import weights
from lmnet_utils.training import autoencoder


def test_shipped_weights_are_the_runs_in_half_precision_with_their_record(kit_folders):
    write_tree(kit_folders / "data" / "boxes", {"train": 8, "val": 3, "test": 3})
    result = autoencoder.train_autoencoder(autoencoder_settings(run="whole"), progress=False)
    with pytest.raises(FileNotFoundError, match="score the models first"):
        ship_weights.ship("whole", "shipped")
    means = {"n_seeds": 1, "emd": 8.1, "f_score_1": 12.3, "f_score_2": 45.6}
    row = {"model": "L1", "icp": "exact", "classes": "13", "n_models": 3, **means}
    row |= {"chamfer": 7.654321, "chamfer_low": 6.5, "chamfer_high": 8.5}
    row["contender"] = True
    floor = {**row, "model": "sampling floor", "chamfer": 1.0, "emd": 1.0, "contender": False}
    rows = [{**row, "icp": "none", "chamfer": 9.0}, floor, row]
    write_json(paths.run_dir("whole", "08_evaluation") / "metrics.json", {"results": {"table": rows}})
    other = autoencoder.train_autoencoder(autoencoder_settings(run="other", seed=1), progress=False).directory
    other.rename(paths.model_dir("whole", "autoencoder_seed1"))  # a second seed is scored and not stored
    folder = ship_weights.ship("whole", "shipped")
    shipped = weights.load_model(folder / "autoencoder")
    points = torch.rand(2, 2048, 3)
    with torch.no_grad():
        torch.testing.assert_close(shipped.encode(points), result.model.encode(points), rtol=2e-2, atol=2e-2)
    half, full = (f / "autoencoder" / "model.safetensors" for f in (folder, paths.model_dir("whole", "")))
    assert half.stat().st_size < 0.51 * full.stat().st_size
    assert shipped.config["training"]["settings"]["epochs"] == 3
    assert read_json(folder / "evaluation.json")["results"]["table"] == rows
    assert not (folder / "autoencoder_seed1").exists()
    card = re.sub(" +", " ", (folder / "MODEL_CARD.md").read_text())
    assert "| L1 | 1 | **7.65** [6.50, 8.50] | **8.10** | **12.30** | **45.60** |" in card
    assert "3 test objects, with ICP" in card and "9.00" not in card
    assert f"{result.best_validation:.2f}" in card and str(kit_folders) not in card

    scored = {"results": {"table": rows[1:]}, "settings": {"weights_run": "shipped", "run": "again"}}
    write_json(paths.run_dir("again", "08_evaluation") / "metrics.json", scored)
    before = half.read_bytes()
    ship_weights.ship_evaluation("again", "shipped")
    assert read_json(folder / "evaluation.json")["results"]["table"] == rows[1:] and half.read_bytes() == before
    assert "--set 08.weights_run=shipped" in (folder / "MODEL_CARD.md").read_text()
    with pytest.raises(ValueError, match="scored the weights of 'shipped', expected those of 'other'"):
        ship_weights.ship_evaluation("again", "other")


def test_the_script_says_what_a_run_lacks(kit_folders, capsys):
    assert ship_weights.main(["nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err
