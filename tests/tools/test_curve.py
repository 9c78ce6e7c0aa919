"""What is kept of the learning curves: the run's figures, the command that gives them again, and their table."""

from __future__ import annotations

from pathlib import Path

import draw_curve
import numpy as np
import pytest

from lmnet_utils.core import paths
from lmnet_utils.core.curve_settings import CurveSettings
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.run import plans, profiles


@pytest.fixture
def kept(kit_folders: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(draw_curve, "KEPT", kit_folders / "learning_curve.json")
    return kit_folders / "learning_curve.json"


def record_of(run: str, **changes) -> dict:
    """What notebook 13 leaves under the profile's settings and some of one's own: errors fall by 1 a doubling."""
    planned = plans.plan_steps(profiles.load_profile("curve"), run)[-1].values
    settings = CurveSettings(**{**planned, **changes})
    cells = []
    for cell in settings.grid():
        errors = 10 - np.log2(cell.real / 20) - cell.programs / 1000
        cells.append({**cell._asdict(), "autoencoder": [errors, errors], "L1": [errors + 2, errors + 4], "classes": {}})
    results = {"objects": ["03001627/a", "03001627/b"], "cells": cells}
    parts = {"settings": settings.as_dict(), "data": {}, "environment": {}, "created": "", "results": results}
    write_json(paths.run_dir(run, "13_how_much_data") / "metrics.json", parts)
    return parts


def test_what_is_kept_is_the_runs_and_names_a_command_that_gives_its_settings(kept: Path):
    record = record_of("small", program_counts=[0, 500], encoder_steps=7, encoder_learning_rate=5e-4, views=6)
    assert draw_curve.main(["small"]) == 0
    found = read_json(kept)
    assert found["cells"] == record["results"]["cells"] and found["settings"] == record["settings"]
    words = found["command"].replace("'", "").split()
    assert words[:5] == ["lmnet", "run", "curve", "--run-name", "small"]
    changes = [word for before, word in zip(words, words[1:], strict=False) if before == "--set"]
    data, grid = plans.plan_steps(profiles.load_profile("curve"), "small", changes)
    assert grid.values == record["settings"] and data.values["programs"] == 500
    assert draw_curve.command("curve", {**record_of("curve")["settings"]}) == "lmnet run curve", "the profile's own"


def test_the_table_says_its_budget_and_all_cells(kept: Path):
    record_of("small", program_counts=[0, 2000], views=6)
    draw_curve.ship("small")
    text = draw_curve.curves_table(draw_curve.known())
    assert "2,000 steps of 32 clouds" in text and "2 held-out objects" in text and "6 views of each" in text
    head, _, *rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.split("\n") if line[:1] == "|"]
    assert head[1:] == [f"{name}, {programs} programs" for programs in ("0", "2,000") for name in ("autoencoder", "L1")]
    assert [row[0] for row in rows] == ["20", "45", "90", "179", "gain per doubling"]
    assert (
        rows[0][1] == "10.00 [10.00, 10.00]" and rows[0][3] == "8.00 [8.00, 8.00]" and rows[0][2].startswith("13.00 [")
    )
    assert rows[-1][1] == "1.00 [1.00, 1.00]"


def test_a_run_without_the_notebook_is_not_kept(kept: Path, capsys):
    assert draw_curve.main(["nowhere"]) == 1
    assert "lmnet run curve" in capsys.readouterr().err and not kept.exists()
