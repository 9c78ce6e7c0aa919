"""A cross-validation from its profile to the table of all folds, on notebooks that make up their figures."""

from __future__ import annotations

import csv

import pytest
from test_pipeline import executed, in_process, make_notebook, make_profile, project  # noqa: F401

from lmnet_utils.core import paths
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.data import freeshapes, splits
from lmnet_utils.run import chain, cli, folds

DATA = 'run: str = "study"'
PARAMETERS = 'run: str = "study"\nsplit: str = "official"\nshift: float = 0.0'
EVALUATE = """\
import os, pathlib, json
from lmnet_utils.data import freeshapes, splits
models = splits.folds(freeshapes.duplicate_groups())[split].test
number = int(split[5])
names = {"encoder_l1": 7 + number + shift, "encoder_l2": 8 + number, "encoder_l1_seed1": 6.5 + number, "encoder_l2_seed1": 8.5 + number}
def row(name, value):
    label = name.split("_seed")[0].removeprefix("encoder_").upper()
    chamfer = [value + i % 3 for i in range(len(models))]
    about = {"name": name, "label": label, "images": True, "contender": True, "views": 1, "set": 0}
    return {**about, "scores": {"exact": {"chamfer": chamfer}}}
objects = {"sets": [models, []], "methods": [row(*item) for item in names.items()], "answers": [], "samples": 2, "set": 1}
settings = {"run": run, "split": split, "seed": 0, "dataset": "freeshapes", "classes": "13", "icp": ["exact"], "views": 1}
whole = {"notebook": "08_evaluation", "wall_time_s": 30.0, "settings": settings, "data": {}, "results": {"objects": objects}}
folder = pathlib.Path(os.environ["LMNET_RUNS"]) / run / "08_evaluation"
folder.mkdir(parents=True, exist_ok=True)
(folder / "metrics.json").write_text(json.dumps(whole))
with open(os.environ["TRACE"], "a") as trace:
    print(split, file=trace)"""
PROFILE = """\
run_name: study
notebooks: {01_data_preparation: , 08_evaluation: }
repeat: [{split: fold-1-of-5}, {split: fold-2-of-5}]
"""


@pytest.fixture(scope="module")
def groups():
    """FreeShapes' near-duplicates, of the checkout, whose folders a test's project has not."""
    return freeshapes.duplicate_groups()


@pytest.fixture
def study(groups, project, in_process, monkeypatch):  # noqa: F811
    """A profile that scores two folds of FreeShapes, with two training seeds of L1 and L2."""
    monkeypatch.setattr(freeshapes, "duplicate_groups", lambda: groups)
    make_notebook("01_data_preparation", DATA, "made = True")
    make_notebook("08_evaluation", PARAMETERS, EVALUATE)
    make_profile(PROFILE)
    return project


def test_a_profile_of_folds_ends_in_one_table_of_claims(study, groups, capsys):
    assert chain.run_profile("tiny") == 0
    assert executed(study) == ["fold-1-of-5", "fold-2-of-5"]
    assert "all folds together: runs/study/all_folds, runs/study/report.html" in capsys.readouterr().out
    folder = study / "runs" / "study" / folds.ALL_FOLDS
    record = read_json(folder / "metrics.json")
    row = record["results"]["verdicts"][0]
    tested = [model for split in list(splits.folds(groups).values())[:2] for model in split.test]
    assert row["objects"] == len({groups[model] or model for model in tested}) < len(tested)
    assert (row["difference"], row["seeds"], row["folds"], row["verdict"]) == (pytest.approx(-1.5), 2, 2, "yes")
    assert record["results"]["evaluation_minutes"] == 1 and record["data"]["split"] == "2 folds"
    with open(folder / "differences.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 2 * len(tested) and {row["object"] for row in rows} == set(tested)
    assert {(row["seed"], float(row["difference"])) for row in rows} == {("0", -1.0), ("1", -2.0)}
    for text in ((folder / "verdicts.md").read_text(), (study / "runs" / "study" / "report.html").read_text()):
        assert "L1 gives a smaller error than L2" in text and "objects in 2 folds, 2 training seeds each" in text


def test_the_report_of_a_run_puts_its_folds_together_again(study, capsys):
    assert chain.run_profile("tiny") == 0
    path = folds.evaluations_of("study")[1]
    changed = read_json(path)
    changed["results"]["objects"]["methods"][0]["scores"]["exact"]["chamfer"][0] += 100
    write_json(path, changed)
    assert cli.main(["report", "study"]) == 0
    assert (
        read_json(study / "runs" / "study" / folds.ALL_FOLDS / "metrics.json")["results"]["verdicts"][0]["difference"]
        > -1.2
    )
    changed["settings"]["views"] = 24
    write_json(path, changed)
    capsys.readouterr()
    assert cli.main(["report", "study"]) == 2
    assert "the folds are not put together: evaluations that do not belong together" in capsys.readouterr().err


def test_a_further_fold_joins_the_others_and_one_alone_is_none(study):
    assert chain.run_profile("tiny", chain.Choice(run_name="one", only=["01"])) == 0
    assert folds.pool_runs("one") is None and not (study / "runs" / "one" / folds.ALL_FOLDS).exists()
    assert chain.run_profile("tiny") == 0 and executed(study)
    make_profile(PROFILE.replace("}]", "}, {split: fold-3-of-5}]"))
    assert chain.run_profile("tiny") == 0
    assert executed(study) == ["fold-3-of-5"], "what is done is kept"
    row = read_json(study / "runs" / "study" / folds.ALL_FOLDS / "metrics.json")["results"]["verdicts"][0]
    assert row["folds"] == 3


def test_only_the_runs_own_folds_are_its_folds(kit_folders):
    names = ["study-fold-1-of-5", "study-fold-2-of-5-seed1", "study-seed2-fold-2-of-5", "study-unseen-chair-seed3"]
    for name in [*names, "study", "study-2-fold-1-of-5", "other-fold-1-of-5", "study-fold-1-of-5-copy"]:
        write_json(paths.run_dir(name, "08_evaluation") / "metrics.json", {})
    assert [path.parents[1].name for path in folds.evaluations_of("study")] == names


def test_the_profile_of_the_verdicts_trains_every_method_that_a_claim_names_in_every_fold(capsys):
    assert cli.main(["run", "verdicts", "--dry-run"]) == 0
    first, *plans = capsys.readouterr().out.split("profile verdicts into ")[1:]
    assert first.startswith("runs/verdicts;") and "    folds = true" in first
    seeds = range(1, 11)
    expected = [f"runs/verdicts-{splits.FOLDS[(seed - 1) % 5]}-seed{seed}" for seed in seeds]
    assert [plan.split(";")[0] for plan in plans] == expected
    for plan, seed in zip(plans, seeds, strict=True):
        for step in ("03_encoder_l1--loss=l1", "03_encoder_l1--loss=chamfer", "03_encoder_l1--loss=chamfer_frozen", "04_encoder_l2",
                     "05_encoder_probabilistic--diversity_weight=0", "05_encoder_probabilistic--diversity_weight=5.5"):  # fmt: skip
            assert f"\n{step}  [run" in plan
        assert plan.count(f'split = "{splits.FOLDS[(seed - 1) % 5]}"') == plan.count("    split = ") == 9
        assert plan.count(f"    seed = {seed} ") == 9, "no two networks of a method begin alike"
