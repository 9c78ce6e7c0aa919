"""What is kept of the cross-validation, and how README and docs show it."""

from __future__ import annotations

import draw_verdicts
import pytest
import ship_weights
from test_shipping import evaluation_of

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.data import freeshapes, splits


@pytest.fixture
def kept(tmp_path, monkeypatch):
    """In place of the shipped file."""
    monkeypatch.setattr(draw_verdicts, "KEPT", tmp_path / "verdicts.json")
    return tmp_path / "verdicts.json"


def evaluate(fold: str, difference: float, groups: dict[str, str]) -> None:
    """Three objects of a fold, on which L1 and L2 differ by so much, in a run of its own."""

    def row(name: str, chamfer: float) -> dict:
        about = {
            "name": f"encoder_{name}",
            "label": name.upper(),
            "images": True,
            "contender": True,
            "views": 1,
            "set": 0,
        }
        return {**about, "scores": {"exact": {"chamfer": [chamfer] * 3}}}

    methods = [row("l1", 5.0), row("l2", 5.0 - difference)]
    objects = {
        "sets": [splits.folds(groups)[fold].test[:3], []],
        "methods": methods,
        "answers": [],
        "samples": 2,
        "set": 1,
    }
    settings = {"split": fold, "seed": 0, "dataset": "freeshapes", "classes": "13", "icp": ["exact"]}
    record = {"settings": settings, "data": {}, "wall_time_s": 1.0, "results": {"objects": objects}}
    write_json(paths.run_dir(f"study-{fold}", "08_evaluation") / "metrics.json", record)


@pytest.fixture(scope="module")
def groups():
    """FreeShapes' near-duplicates, of the checkout, whose folders a test has not."""
    return freeshapes.duplicate_groups()


def test_all_five_folds_are_kept_and_counted(groups, kit_folders, kept, monkeypatch, capsys):
    monkeypatch.setattr(freeshapes, "duplicate_groups", lambda: groups)
    assert draw_verdicts.known() is None and "not been run yet" in draw_verdicts.verdicts(None)
    for number, fold in enumerate(splits.FOLDS[:4]):
        evaluate(fold, -1 - 0.1 * number, groups)
    assert draw_verdicts.main(["study"]) == 1 and not kept.exists()
    assert "run 'study': 4 of 5 folds are evaluated" in capsys.readouterr().err
    evaluate(splits.FOLDS[4], -1.4, groups)
    assert draw_verdicts.main(["study"]) == 0
    assert kept.stat().st_size < 50_000, "of a few objects, and of them what claims need"
    record = draw_verdicts.known()
    assert record["results"]["verdicts"] == read_json(kept)["results"]["verdicts"]
    assert draw_verdicts.verdicts(record).splitlines()[2].endswith("yes        |")
    shown = ship_weights.summary(evaluation_of(ship_weights.README_ROWS), record)
    assert shown.endswith("Of 6 claims about the method, five-fold cross-validation gives 5 “not tested”, 1 “yes”.")


def test_a_run_without_folds_is_not_kept(kit_folders, kept, capsys):
    assert draw_verdicts.main(["nothing"]) == 1
    assert "0 of 5 folds" in capsys.readouterr().err and not kept.exists()


def test_the_design_shows_every_claim_and_the_hours():
    results = read_json(draw_verdicts.DESIGN)["results"]
    head, _, *rows = draw_verdicts.design().splitlines()
    assert len(rows) == len(results["claims"]) + 1 == 7 and "1 seed " in head and "5 seeds" in head
    assert f"{results['minutes']['2']['all'] / 60:.1f} h" in rows[-1]
    for row in results["claims"]:
        widths = [row[f"seeds_{seeds}"]["half_width"] for seeds in (1, 2, 3, 5)]
        assert widths == sorted(widths, reverse=True)
