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
from lmnet_utils.models import strong, weights
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


def test_the_strong_variant_is_shipped_with_what_its_steps_gave(kit_folders, capsys):
    assert ship_weights.main(["today", "--strong"]) == 1 and "lmnet run strong" in capsys.readouterr().err
    torch.manual_seed(0)
    encoder = strong.StrongEncoder().initialise().eval()
    source = weights.save_model(paths.model_dir("today-strong", "encoder_strong"), encoder)
    write_json(source / "metrics.json", {"results": {"history": []}})
    assert ship_weights.main(["today", "--strong"]) == 1, "trained, and not compared"
    found = {
        "settings": {"run": "today"},
        "data": {},
        "environment": {},
        "results": {"table": {"strong": {"emd": 7.0}}},
    }
    write_json(paths.run_dir("today", "12_strong_variant") / "metrics.json", found)
    folder = ship_weights.ship_strong("today", "shipped")
    maps = torch.rand(2, strong.MAP_SIZE)
    with torch.no_grad():
        torch.testing.assert_close(weights.load_model(folder)(maps), encoder(maps), rtol=2e-2, atol=2e-2)
    assert (folder / "model.safetensors").stat().st_size < 12e6
    assert read_json(folder / "comparison.json")["table"] == {"strong": {"emd": 7.0}}
    assert read_json(folder / "metrics.json") == {"results": {"history": []}}


def test_the_script_says_what_a_run_lacks(kit_folders, capsys):
    assert ship_weights.main(["nowhere"]) == 1
    assert "nowhere" in capsys.readouterr().err


def rows_of(models: tuple[str, ...]) -> list[dict]:
    """A row of a results table for each model."""
    shared = {"icp": "exact", "classes": "13", "n_models": 49, "n_seeds": 1, "f_score_1": 5.0, "f_score_2": 25.0}
    scores = [{"chamfer": 8.0 + number, "emd": 10.0 + number} for number in range(len(models))]
    return [{**shared, **score, "model": name, "contender": True} for name, score in zip(models, scores, strict=True)]


def evaluation_of(models: tuple[str, ...], **settings) -> dict:
    """An evaluation of these models in twelve classes, with three verdicts."""
    verdicts = [{"claim": "c", "evidence": "e", "verdict": word} for word in ("yes", "no", "yes")]
    per_class = [{"classes": str(number)} for number in range(12)]
    results = {"table": rows_of(models), "per_class": per_class, "verdicts": verdicts}
    return {"results": results, "settings": {"run": "shipped", "weights_run": None, "views": None} | settings}


def test_the_readme_shows_five_rows_and_counts_the_verdicts():
    shown = ship_weights.summary(evaluation_of((*ship_weights.README_ROWS, "direct regression")))
    assert shown.startswith("Of 12 classes, 49 test objects, with ICP:\n\n| model")
    assert "direct regression" not in shown and shown.count("\n|") == 2 + len(ship_weights.README_ROWS)
    assert shown.endswith("Of 3 claims about the method, these networks give 2 “yes”, 1 “no”.")
    with pytest.raises(ValueError, match="no row L2, which the README's table shows"):
        ship_weights.summary(evaluation_of(tuple(name for name in ship_weights.README_ROWS if name != "L2")))


def test_the_origin_says_which_networks_and_which_rule():
    trained = ship_weights.origin(evaluation_of(("L1",)))
    assert "of the run `shipped`" in trained and "All 24 views" in trained and "over objects and" in trained
    words = ship_weights.origin(evaluation_of(("L1",), weights_run="freeshapes", views=4))
    assert "--run-name shipped --set 08.weights_run=freeshapes" in words and "Views: 4." in words


def test_tables_are_written_between_markers_or_not_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("LMNET_ROOT", str(tmp_path))
    tables = {"README.md": {"one": "| new |"}, "docs/results.md": {"two": "| newer |"}}
    monkeypatch.setattr(ship_weights, "generated_tables", lambda: tables)
    (tmp_path / "docs").mkdir()
    before = "above\n<!-- one: from a file -->\nold\n<!-- end of one -->\nbelow\n"
    (tmp_path / "README.md").write_text(before)
    (tmp_path / "docs" / "results.md").write_text("no markers")
    with pytest.raises(ValueError, match="docs/results.md: expected one pair of markers '<!-- two: … -->'"):
        ship_weights.update_tables()
    assert (tmp_path / "README.md").read_text() == before
    (tmp_path / "docs" / "results.md").write_text("<!-- two: x -->\n<!-- end of two -->")
    assert [path.name for path in ship_weights.update_tables()] == ["README.md", "results.md"]
    after = "above\n<!-- one: from a file -->\n\n| new |\n\n<!-- end of one -->\nbelow\n"
    assert (tmp_path / "README.md").read_text() == after
    assert (tmp_path / "docs" / "results.md").read_text() == "<!-- two: x -->\n\n| newer |\n\n<!-- end of two -->"
