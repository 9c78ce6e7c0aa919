"""The trainings of notebook 13: cells that differ in their objects alone, nested parts, and going on after a kill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from r2n2_tree import write_tree
from safetensors.torch import load_file

from lmnet_utils.core import paths
from lmnet_utils.core.curve_settings import CurveSettings, GridCell
from lmnet_utils.core.files import read_json
from lmnet_utils.data.packs import read_split
from lmnet_utils.data.splits import counts_of
from lmnet_utils.run import profiles
from lmnet_utils.training import loop, train_autoencoder, train_image_encoder

CURVE = {
    "run": "grid", "dataset": "boxes", "split": "official", "classes": "13", "device": "cpu", "precision": "fp32",
    "real_counts": [2, 5], "program_counts": [0], "seeds": [0], "autoencoder_steps": 6, "autoencoder_batch": 4,
    "autoencoder_learning_rate": 1e-3, "input_points": 128, "encoder_steps": 5, "encoder_batch": 4,
    "encoder_learning_rate": 1e-3, "width": 0.25, "views": 2, "own_objects": 3,
}  # fmt: skip


@pytest.fixture
def boxes(kit_folders: Path) -> CurveSettings:
    write_tree(kit_folders / "data" / "boxes", {"train": 6, "val": 2, "test": 2})
    return CurveSettings(**CURVE)


def train(settings: CurveSettings) -> None:
    for cell in settings.grid():
        train_autoencoder(settings.of_autoencoder(cell), progress=False)
        train_image_encoder(settings.of_encoder(cell), progress=False)


def test_the_cells_of_the_profile_differ_in_their_objects_alone():
    declared = profiles.read_declaration(profiles.notebook_path("13_how_much_data")).defaults
    given = profiles.load_profile("curve").notebooks["13_how_much_data"]
    settings = CurveSettings(**{**declared, **given, "seeds": [0, 3]})
    assert len(settings.grid()) == 4 * 4 * 2
    for kind in (settings.of_autoencoder, settings.of_encoder):
        found = [kind(cell).as_dict() for cell in settings.grid()]
        same = [{k: v for k, v in one.items() if k not in ("run", "seed", "real_objects", "programs")} for one in found]
        assert all(one == same[0] for one in same) and same[0]["steps_per_epoch"] == 2000 and same[0]["epochs"] == 1
        assert len({one["run"] for one in found}) == len(found), "each has a folder of its own"
    assert settings.run_of(GridCell(20, 500, 3)) == "quickstart-real20-programs500-seed3"


def test_parts_are_nested_and_the_held_out_objects_are_the_same(boxes: CurveSettings):
    few, more = (loop.open_data(boxes.of_autoencoder(cell)).split for cell in boxes.grid())
    assert set(few.train) < set(more.train) and (len(few.train), len(more.train)) == (2, 5)
    assert few.val == more.val and few.test == more.test


def test_all_take_the_same_steps_and_a_killed_grid_goes_on_within_its_training(
    boxes: CurveSettings, monkeypatch, capsys
):
    train(boxes.but(run="whole"))
    monkeypatch.setattr(loop, "STATE_INTERVAL_S", 0.0)  # a state after every step
    learn, steps = torch.optim.Adam.step, []

    def learn_or_die(*arguments, **options):
        steps.append(1)
        if len(steps) == 6 + 5 + 4:  # in the second cell's autoencoder
            raise KeyboardInterrupt
        return learn(*arguments, **options)

    monkeypatch.setattr(torch.optim.Adam, "step", learn_or_die)
    with pytest.raises(KeyboardInterrupt):
        train(boxes)
    capsys.readouterr()
    train(boxes)
    said = capsys.readouterr().out
    assert said.count("trained with these settings already: loaded.") == 2
    assert "grid-real5-programs0/autoencoder: going on in epoch 1 after step 3." in said
    assert len(steps) == 6 + 5 + 4 + 3 + 5
    for cell in boxes.grid():
        for name, count in (("autoencoder", 6), ("encoder_l1", 5)):
            record = read_json(paths.model_dir(boxes.run_of(cell), name) / "metrics.json")
            assert record["settings"]["steps_per_epoch"] == count and len(record["results"]["history"]) == 1
            assert record["data"]["training_models"] == cell.real
            whole, other = (
                load_file(paths.model_dir(run.run_of(cell), name) / "model.safetensors")
                for run in (boxes.but(run="whole"), boxes)
            )
            for key, value in whole.items():
                np.testing.assert_array_equal(value, other[key])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"real_counts": [5, 2]}, "real_counts=[5, 2]: expected each once, the smallest first"),
        ({"seeds": [1, 1]}, "seeds=[1, 1]: expected each once"),
        ({"real_counts": []}, "at least 1 in the list"),
        ({"run": "x" * 50}, "1 to 64 letters"),
        ({"autoencoder_batch": 1}, "at least 2"),
    ],
)
def test_grids_that_cannot_be_are_refused(boxes: CurveSettings, changes: dict, expected: str):
    with pytest.raises(ValueError) as caught:
        boxes.but(**changes)
    assert expected in str(caught.value)


def test_a_small_collection_has_all_that_it_holds_instead_of_more(boxes: CurveSettings):
    train_side = read_split("boxes").train
    assert counts_of([*train_side, f"{train_side[0]}-c1", "03001627/program_chair_0000004"]) == (6, 1)
    asked = boxes.but(real_counts=[2, 20, 90], program_counts=[0, 500])
    assert asked.within(6, 0).grid() == [(2, 0, 0), (6, 0, 0)]
    assert asked.within(179, 500) == asked
