"""Folds put together: by hand from made-up records of notebook 08, and what must not be mixed."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest
from scipy import stats
from test_evaluation import CHAIR, SOFA

from lmnet_utils.evaluation import pooling, records
from lmnet_utils.evaluation.statistics import VERDICTS

OBJECTS = {
    "fold-1-of-5": [f"{CHAIR}/{name}" for name in "abc"],
    "fold-2-of-5": [f"{CHAIR}/{name}" for name in "de"] + [f"{SOFA}/f"],
}
L2_BY_L1, CHAMFER, FROZEN, DIVERSE, SUFFERS, GAINS = range(6)


def evaluation(fold, figures, answers=(), seed=0):
    """What notebook 08 writes of a fold. ``figures``: method → one error an object; ``answers``: those of Variant II."""
    models = OBJECTS[fold]
    methods = [
        {
            "name": name, "label": name.split("_seed")[0].removeprefix("encoder_").upper(), "images": True, "contender": True, "views": 2,
            "set": 0, "scores": {"none": {"chamfer": values}, "exact": {"chamfer": values, "emd": [2 * v for v in values]}},
        }
        for name, values in {"floor": [4.0] * len(models), **figures}.items()
    ]  # fmt: skip
    methods[0] |= {"images": False, "contender": False}
    objects = {"sets": [models], "methods": methods, "answers": list(answers), "samples": 4, "set": 0}
    settings = {
        "run": f"study-{fold}", "split": fold, "seed": seed, "dataset": "freeshapes", "classes": "13", "icp": ["none", "exact"],
        "views": 2, "limit_models": None, "diversity_samples": 4, "diversity_views": 2, "diversity_objects": None,
    }  # fmt: skip
    whole = {"settings": settings, "data": {"pack_hash": "p"}, "wall_time_s": 60.0, "results": {"objects": objects}}
    return json.loads(json.dumps(whole))


def answer(key, kind, of, weight, spread, gain):
    """One training seed's answers for three objects."""
    figures = {"pairwise_points": [spread], "single": [[9.0] * 3], "best": [[9.0 - one for one in gain]]}
    return {"key": key, "label": key, "kind": kind, "of": of, "diversity_weight": weight, "figures": figures}


def variant_ii(gain, noise):
    strong = "encoder_lambda_5.5"
    return [
        answer("encoder_lambda_0", "variant II", "encoder_lambda_0", 0.0, [0.1, 0.1, 0.1], [0, 0, 0]),
        answer(strong, "variant II", strong, 5.5, [1.1, 1.2, 1.3], gain),
        answer(f"noise {strong}", "noise", strong, 5.5, [1, 1, 1], noise),
    ]


@pytest.fixture
def two_folds():
    """L1 against L2: differences −1, −2, −3 in the first fold, −5, −3, −1 in the second, and half of it in a second seed."""
    return [
        evaluation("fold-1-of-5", {"encoder_l1": [1, 2, 3], "encoder_l2": [2, 4, 6], "encoder_l1_seed1": [5, 5, 5],
                                   "encoder_l2_seed1": [5.5, 6, 6.5]}, variant_ii([0.3, 0.3, 0.3], [0.25, 0.3, 0.2])),
        evaluation("fold-2-of-5", {"encoder_l1": [1, 2, 3], "encoder_l2": [6, 5, 4], "encoder_l1_seed1": [5, 5, 5],
                                   "encoder_l2_seed1": [7.5, 6.5, 5.5]}, variant_ii([0.3, 0.3, 0.3], [0.3, 0.3, 0.3])),
    ]  # fmt: skip


def test_a_claim_is_tested_on_the_objects_of_all_folds(two_folds):
    results = pooling.pool_folds(two_folds, {})["results"]
    row = results["verdicts"][L2_BY_L1]
    assert (row["objects"], row["seeds"], row["folds"]) == (6, 2, 2)
    means = np.array([-2, -3]) * 0.75  # of the folds: half as much in the second seed
    low, high = stats.t.interval(0.95, 1, means.mean(), stats.sem(means))
    assert (row["difference"], row["low"], row["high"]) == pytest.approx((means.mean(), low, high))
    assert row["verdict"] == "undecided" and "6 objects in 2 folds, 2 training seeds each" in row["evidence"]
    assert "EMD" in row["evidence"], "of the last kind of ICP"
    assert results["by_fold"][L2_BY_L1] == {"claim": row["claim"], "fold-1-of-5": -1.5, "fold-2-of-5": -2.25}
    assert {one["verdict"] for one in results["verdicts"]} <= set(VERDICTS)
    assert results["verdicts"][FROZEN]["verdict"] == "not tested" and results["by_fold"][FROZEN].keys() == {"claim"}
    json.dumps(results, allow_nan=False)


def test_near_duplicates_count_as_one_object(two_folds):
    groups = {f"{CHAIR}/a": "twins", f"{CHAIR}/b": "twins", f"{CHAIR}/c": "", f"{SOFA}/f": "alone"}
    pooled = pooling.pool_folds(two_folds, groups)
    row = pooled["results"]["verdicts"][L2_BY_L1]
    first, second = 0.75 * np.mean([-1.5, -3]), 0.75 * -3  # of the first fold's two distinct objects, and of three
    assert row["objects"] == 5 and row["difference"] == pytest.approx((2 * first + 3 * second) / 5)
    duplicates = {one["object"]: one["duplicates"] for one in pooling.difference_rows(pooled)}
    assert duplicates[f"{CHAIR}/b"] == "twins" and duplicates[f"{CHAIR}/c"] == ""


def test_samples_that_gain_no_more_than_noise_are_equivalent_to_it(two_folds):
    rows = pooling.pool_folds(two_folds, {})["results"]["verdicts"]
    assert rows[GAINS]["difference"] == pytest.approx(0.05 / 2) and rows[GAINS]["objects"] == 6
    half = stats.t.ppf(0.975, 1) * 0.05 / 2
    assert rows[GAINS]["high"] == pytest.approx(0.025 + half) and rows[GAINS]["verdict"] == "undecided"
    equal = copy.deepcopy(two_folds)
    for one in equal:
        one["results"]["objects"]["answers"] = variant_ii([0.3, 0.3, 0.3], [0.25, 0.25, 0.25])
    assert pooling.pool_folds(equal, {})["results"]["verdicts"][GAINS]["verdict"] == "equivalent"
    assert rows[DIVERSE]["verdict"] == "yes" and rows[DIVERSE]["difference"] == pytest.approx(1.1)


def test_every_difference_stands_in_the_table_of_objects_and_seeds(two_folds):
    pooled = pooling.pool_folds(two_folds, {})
    rows = [row for row in pooling.difference_rows(pooled) if row["claim"] == "L1 gives a smaller error than L2"]
    assert len(rows) == 12 and {(row["fold"], row["seed"]) for row in rows} == {
        (fold, s) for fold in OBJECTS for s in (0, 1)
    }
    (row,) = [row for row in rows if row["object"] == f"{CHAIR}/d" and row["seed"] == 1]
    assert (row["a"], row["b"], row["difference"], row["fold"]) == (5, 7.5, -2.5, "fold-2-of-5")
    mean = np.mean([row["difference"] for row in rows])
    assert mean == pytest.approx(pooled["results"]["verdicts"][L2_BY_L1]["difference"])


def test_seeds_in_runs_of_their_own_are_the_same_seeds(two_folds):
    """Each fold has seeds of its own there, 0 and 1, and 2 and 3."""
    apart = []
    for fold, whole in enumerate(two_folds):
        for seed, suffix in enumerate(("", "_seed1")):
            one = copy.deepcopy(whole)
            one["settings"]["seed"] = 2 * fold + seed
            objects = one["results"]["objects"]
            kept = {f"encoder_l1{suffix}": "encoder_l1", f"encoder_l2{suffix}": "encoder_l2"}
            objects["methods"] = [row for row in objects["methods"] if row["name"] in kept]
            for row in objects["methods"]:
                row["name"] = kept[row["name"]] + (f"_seed{2 * fold + seed}" if fold + seed else "")
            apart.append(one)
    together, separate = pooling.pool_folds(two_folds, {}), pooling.pool_folds(apart[::-1], {})
    assert separate["results"]["verdicts"][:3] == together["results"]["verdicts"][:3]
    assert separate["results"]["seeds"] == {"fold-1-of-5": [0, 1], "fold-2-of-5": [2, 3]}
    assert separate["results"]["verdicts"][GAINS]["seeds"] == 2, "of the answers, which both runs have here"
    names = [row["name"] for row in separate["results"]["objects"]["methods"]]
    assert names == ["encoder_l1", "encoder_l1_seed1", "encoder_l2", "encoder_l2_seed1"]
    with pytest.raises(ValueError, match="encoder_l1 stands in two evaluations"):
        pooling.pool_folds([*two_folds, two_folds[0]], {})


def test_before_every_fold_has_its_second_seed_the_first_ones_are_compared(two_folds):
    further = copy.deepcopy(two_folds[0])
    further["settings"]["seed"] = 7
    for row in further["results"]["objects"]["methods"]:
        row["name"] += "_seed7" if row["images"] and "_seed" not in row["name"] else ""
        row["name"] = row["name"].replace("_seed1", "_seed8")
    expected = pooling.pool_folds(two_folds, {})["results"]
    found = pooling.pool_folds([*two_folds, further], {})["results"]
    assert found["verdicts"] == expected["verdicts"]
    assert found["left_out"] == ["encoder_l1_seed2", "encoder_l1_seed3", "encoder_l2_seed2", "encoder_l2_seed3"]


def test_what_not_every_fold_has_is_left_out_and_named(two_folds):
    objects = two_folds[1]["results"]["objects"]
    objects["methods"] = [row for row in objects["methods"] if row["name"] != "encoder_l2_seed1"]
    results = pooling.pool_folds(two_folds, {})["results"]
    assert results["left_out"] == ["encoder_l2_seed1"]
    row = results["verdicts"][L2_BY_L1]
    assert row["seeds"] == 2 and "L1 3.50, L2 4.50" in row["evidence"]  # L1's two seeds against L2's one
    (one,) = {
        row["seed"] for row in pooling.difference_rows(pooling.pool_folds(two_folds, {})) if " L2" in row["claim"]
    }
    assert one == "mean"


def test_verdicts_are_made_anew_from_the_record(two_folds):
    pooled = json.loads(json.dumps(pooling.pool_folds(two_folds, {f"{CHAIR}/a": "g", f"{CHAIR}/b": "g"})))
    old = copy.deepcopy(pooled)
    for row in old["results"]["verdicts"]:
        row["verdict"] = "what it was once"
    assert records.remade(old) == pooled


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda one: one["settings"].update(split="official"), "split 'official': expected a fold"),
        (lambda one: one["settings"].update(views=3), "fold-2-of-5 has views=3 and 2"),
        (lambda one: one["data"].update(pack_hash="q"), "fold-2-of-5 has pack_hash='q' and 'p'"),
        (lambda one: one["settings"].update(split="fold-1-of-5"), "expected at least two folds"),
        (lambda one: one["results"].pop("objects"), "keeps no objects"),
        (lambda one: one["results"]["objects"]["sets"][0].__setitem__(0, f"{CHAIR}/a"), "test object of fold-1-of-5 and of"),
        (lambda one: one["results"]["objects"]["methods"][1].update(views=1), r"encoder_l1: the folds have \[2, 1\] views"),
    ],
)  # fmt: skip
def test_folds_that_do_not_belong_together_are_refused(two_folds, change, message):
    change(two_folds[1])
    with pytest.raises(ValueError, match=message):
        pooling.pool_folds(two_folds, {})
