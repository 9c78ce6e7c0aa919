"""Tables and verdicts made anew from an evaluation's record of objects, against those of the scores themselves."""

from __future__ import annotations

import json

import numpy as np
import pytest
from test_evaluation import CHAIR, SOFA

from lmnet_utils.evaluation import records
from lmnet_utils.evaluation.claims import claims
from lmnet_utils.evaluation.methods import Method
from lmnet_utils.evaluation.results import class_groups, result_rows
from lmnet_utils.evaluation.scoring import Scored
from lmnet_utils.evaluation.study import Answers, Study
from lmnet_utils.models.inference import Item

MODELS = [f"{synset}/{k}" for synset in (CHAIR, SOFA) for k in range(7)]
CHAIRS = MODELS[:7]
SAMPLES = 4


def scored(name, label, models=MODELS, views=3, images=True, contender=True):
    generator = np.random.default_rng(len(name) + 100 * name.count("seed"))
    items = [Item(model, view, 0.0) for view in range(views) for model in models]
    found = {}
    for kind in ("none", "exact"):
        values = generator.gamma(4, 2, (4, len(items)))
        scores = {"chamfer": values[0] + values[1], "forward": values[0], "backward": values[1]}
        found[kind] = scores | {"emd": values[2], "f_score_1": values[3]}
    return Scored(Method(name, label, list(models), lambda items: None, {}, images, contender), items, found)


@pytest.fixture(scope="module")
def everything():
    methods = [scored("floor", "sampling floor", views=1, images=False, contender=False)]
    methods += [scored(f"encoder_{name}{seed}", name.upper()) for name in ("l1", "l2") for seed in ("", "_seed1")]
    methods += [scored(f"encoder_lambda_{value}", f"λ = {value}", CHAIRS) for value in ("0", "5.5")]
    generator = np.random.default_rng(0)
    items = [Item(model, view, angle) for model in CHAIRS for view, angle in enumerate((170.0, 195, 0))]

    def answers(label, kind, of, shift):
        shape = (2, len(items))
        figures = {"pairwise_points": generator.normal(shift, 1, shape), "single": generator.normal(9, 1, shape)}
        figures["min_of_n"] = figures["single"][..., None] - shift * np.arange(SAMPLES)
        weight = float(of.rpartition("_")[2]) if kind == "variant II" else None
        return Answers(label, kind, of, figures | {"scores": np.zeros((*shape, SAMPLES))}, weight)

    found = {
        "encoder_lambda_0": answers("λ = 0", "variant II", "encoder_lambda_0", 0.1),
        "encoder_lambda_5.5": answers("λ = 5.5", "variant II", "encoder_lambda_5.5", 2),
        "noise encoder_lambda_5.5": answers("L1 + noise", "noise", "encoder_lambda_5.5", 1),
        "variant I": answers("L1, repeated", "variant I", "", 0),
    }
    return methods, Study(items, SAMPLES, found)


def evaluation(everything, **results):
    record = {"objects": records.object_record(*everything), **results}
    whole = {"settings": {"classes": "13", "icp": ["none", "exact"]}, "results": record}
    return json.loads(json.dumps(whole, allow_nan=False))


def test_rows_and_verdicts_from_the_record_are_those_of_the_scores(everything):
    methods, study = everything
    results = records.remade(evaluation(everything, table=[], subset="kept"))["results"]
    groups = {"table": class_groups("13"), "per_class": {"chair": {CHAIR}, "sofa": {SOFA}}}
    expected = {name: result_rows(methods, some) for name, some in groups.items()}
    assert len(expected["table"]) == 2 * (3 + 5)
    expected["verdicts"] = claims(methods, study, "exact")
    assert sum(row["verdict"] != "not tested" for row in expected["verdicts"]) == 4
    for name, rows in expected.items():
        assert len(results[name]) == len(rows)
        for row, other in zip(rows, results[name], strict=True):
            words = {key: value for key, value in row.items() if isinstance(value, str) and key != "evidence"}
            numbers = {key: value for key, value in row.items() if isinstance(value, (int, float))}
            assert set(row) == set(other) and words == {key: other[key] for key in words}
            assert {key: other[key] for key in numbers} == pytest.approx(numbers, abs=2e-3)
    assert results["subset"] == "kept"


def test_what_competes_is_kept_and_no_cloud_is_promised(everything):
    again = records.scored_of(evaluation(everything)["results"]["objects"])
    assert [one.method.name for one in again] == [one.method.name for one in everything[0]]
    assert [one.method.contender for one in again] == [False] + [True] * 6
    with pytest.raises(ValueError, match="L1: its scores come from a record"):
        again[1].method.clouds(again[1].items)


def test_without_a_record_of_objects_everything_stays(everything):
    old = {"results": {"table": [{"model": "L1"}]}}
    assert records.remade(old) == old


def test_the_record_is_small():
    """Of the whole test split of FreeShapes, 15 methods with five seeds each: hundreds of kB."""
    models = [f"{CHAIR}/{k:032}" for k in range(49)]
    methods = [scored(f"encoder_{k}_seed{seed}", f"model {k}", models, 24) for k in range(15) for seed in range(5)]
    assert len(json.dumps(records.object_record(methods, Study([], 2, {})), indent=1)) < 1_000_000


def test_a_study_without_images_is_no_study(everything):
    record = json.loads(json.dumps(records.object_record(everything[0], Study([], 2, {}))))
    assert records.study_of(record).items == [] and records.study_of(record).answers == {}
