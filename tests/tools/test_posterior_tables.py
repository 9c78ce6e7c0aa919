"""The tables of networks on the ambiguity set: whether an aim is reached is read off the figures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import posterior_tables
import pytest

from lmnet_utils.core.files import write_json

SHIPPED = posterior_tables.SHIPPED


def measured(**changed: float) -> dict[str, Any]:
    """Figures that reach every aim but that of λ = 5.5, changed by name."""
    value = {
        "gain": 2.6,
        "mean": 8.2,
        "open": 3.1,
        "closed": 0.4,
        "over": 0.5,
        "region": 0.5,
        "silhouette": -0.005,
    } | changed

    def row(mean: float, **where: Any) -> dict[str, Any]:
        return {**where, "mean": mean, "low": mean - 0.2, "high": mean + 0.2, "images": 9}

    def real(sampler: str, figure: str, mean: float, views: str = "all") -> dict[str, Any]:
        return row(mean, group="test", sampler=sampler, figure=figure, views=views)

    def on_set(figure: str, mean: float) -> dict[str, Any]:
        return row(mean, group="open", sampler=SHIPPED, figure=figure)

    objects = [real(SHIPPED, "gain", value["gain"]), real(SHIPPED, "mean_of_n", value["mean"])]
    objects += [real("L1", "mean_of_n", 8.0), real("autoencoder", "gain", 3.0)]
    objects += [real(SHIPPED, "gain_over_control", value["over"], "behind")]
    known = [
        on_set("region_0.5", value["region"]),
        on_set("silhouette_over_L1", value["silhouette"]),
        on_set("coverage", 0.1),
    ]
    spread = [row(value[leaves], sampler=SHIPPED, leaves=leaves) for leaves in ("open", "closed")]
    return {"objects": objects, "set": known, "spread": spread}


def verdicts(monkeypatch: pytest.MonkeyPatch, folder: Path, **changed: float) -> list[str]:
    file = folder / "posteriors.json"
    write_json(file, measured(**changed))
    monkeypatch.setattr(posterior_tables, "MEASURED", file)
    return [line.split("|")[3].strip() for line in posterior_tables.aims().splitlines()[2:]]


def test_every_aim_is_judged_by_its_own_figure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    reached = ["reached"] * 3 + ["cannot be judged"] + ["reached"] * 3
    assert verdicts(monkeypatch, tmp_path) == reached
    for place, name, missed in (
        (0, "gain", 2.4),
        (0, "mean", 8.4),
        (1, "open", 2.9),
        (2, "closed", 0.6),
        (4, "over", 0.1),
        (5, "region", 0.56),
        (5, "region", 0.44),
        (6, "silhouette", -0.02),
    ):
        expected = [*reached[:place], "not reached", *reached[place + 1 :]]
        assert verdicts(monkeypatch, tmp_path, **{name: missed}) == expected, name


def test_a_figure_that_was_not_measured_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    found = measured()
    found["spread"].pop()
    write_json(tmp_path / "posteriors.json", found)
    monkeypatch.setattr(posterior_tables, "MEASURED", tmp_path / "posteriors.json")
    with pytest.raises(ValueError, match="no row with .*closed"):
        posterior_tables.aims()


def test_settings_stand_beside_what_they_gave(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    measured = {"energy": 5.0, "low": 4.0, "high": 6.0, "rms": 0.25}
    rows = [{"sampler": "L1", **measured}, {"sampler": "ImleSettings", "candidates": 32, "radius": 0.5, **measured}]
    write_json(tmp_path / "settings.json", {"rows": rows, "true_rms": 0.4})
    monkeypatch.setattr(posterior_tables, "SETTINGS", tmp_path / "settings.json")
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in posterior_tables.settings().splitlines()[2:]]
    assert lines == [
        ["L1", "", "5.00 [4.00, 6.00]", "0.25"],
        ["IMLE", "candidates 32, ε 0.5", "5.00 [4.00, 6.00]", "0.25"],
        ["true residuals", "", "", "0.40"],
    ]
