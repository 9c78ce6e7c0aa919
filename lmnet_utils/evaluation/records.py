"""What an evaluation's ``metrics.json`` keeps of every object, and the tables and verdicts made anew from it.

Scoring takes hours, tables and intervals take seconds: a change of the rule by which they are made needs no new scoring.
For every method and training seed the means over each object's images are kept, for all that the claims need of the
diversity study those over its ambiguous views.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lmnet_utils.data.layout import synsets_in
from lmnet_utils.evaluation.claims import Folds, claims
from lmnet_utils.evaluation.methods import Method
from lmnet_utils.evaluation.results import class_groups, result_rows
from lmnet_utils.evaluation.scoring import Scored
from lmnet_utils.evaluation.statistics import group_means
from lmnet_utils.evaluation.study import Answers, Study, values_of
from lmnet_utils.models.inference import Item

DIGITS = 4  # after the point: tables show two
CLAIMED = ("pairwise_points", "single", "best")  # of the study, what claims are about; the gain is single − best


def object_record(scored: Sequence[Scored], study: Study) -> dict[str, Any]:
    """Means over each object's images, as plain JSON: ``results["objects"]`` of notebook 08.

    Args:
        scored: of :func:`lmnet_utils.evaluation.scoring.score_method`.
        study: of :func:`lmnet_utils.evaluation.study.measure_diversity`.

    Returns:
        ``sets``: lists of objects; ``methods``: for each ``name``, ``label``, ``images``, ``contender``, ``views`` (items
        an object), ``set`` (number of its list of objects) and ``scores[kind of ICP][score]``, one mean an object;
        ``answers``: those of Variant II and of noise, with ``key``, ``label``, ``kind``, ``of`` and ``figures[name]``, for each
        training seed one mean an object over its ambiguous views; ``samples`` (N) and ``set`` of these objects.
    """
    sets: list[list[str]] = []

    def number_of(objects: list[str]) -> int:
        if objects not in sets:
            sets.append(objects)
        return sets.index(objects)

    methods = []
    for one in scored:
        models = [item.model for item in one.items]
        objects = list(dict.fromkeys(models))
        row = {name: getattr(one.method, name) for name in ("name", "label", "images", "contender")}
        row |= {"views": len(models) // len(objects), "set": number_of(objects)}
        scores = {
            kind: {key: _means(values, models) for key, values in found.items()} for kind, found in one.scores.items()
        }
        methods.append(row | {"scores": scores})
    part = study.ambiguous if study.items else np.zeros(0, bool)
    models = [model for model, kept in zip(study.objects, part, strict=True) if kept]
    answers = []
    for key, one in study.answers.items() if models else ():
        if one.kind in ("variant II", "noise"):
            figures = {name: [_means(seed, models) for seed in values_of(one, name)[:, part]] for name in CLAIMED}
            about = {"label": one.label, "kind": one.kind, "of": one.of, "diversity_weight": one.diversity_weight}
            answers.append({"key": key, **about, "figures": figures})
    found = {"methods": methods, "answers": answers, "samples": study.samples}
    return {"sets": sets, **found, "set": number_of(list(dict.fromkeys(models)))}


def _means(values: np.ndarray, objects: Sequence[str]) -> list[float | None]:
    means = (float(mean) for mean in group_means(values, objects).values())
    return [round(mean, DIGITS) if math.isfinite(mean) else None for mean in means]


def scored_of(record: Mapping[str, Any]) -> list[Scored]:
    """The methods of :func:`object_record`; every image of an object stands there with the object's mean.

    Tables, and differences between methods that were scored on the same images, are those of the scores themselves.
    """
    return [_scored(row, record["sets"][row["set"]]) for row in record["methods"]]


def _scored(row: Mapping[str, Any], objects: list[str]) -> Scored:
    def clouds(items: Sequence[Item]) -> np.ndarray:
        raise ValueError(f"{row['label']}: its scores come from a record, in which there are no clouds.")

    method = Method(row["name"], row["label"], objects, clouds, {}, row["images"], row["contender"])
    items = [Item(model, view, 0.0) for view in range(row["views"]) for model in objects]
    scores = {
        kind: {key: np.tile(np.array(means, np.float64), row["views"]) for key, means in found.items()}
        for kind, found in row["scores"].items()
    }
    return Scored(method, items, scores)


def study_of(record: Mapping[str, Any]) -> Study:
    """The diversity study of :func:`object_record`, as far as claims need it: one view from behind an object."""
    items = [Item(model, 0, 180.0) for model in record["sets"][record["set"]]]
    answers = {}
    for row in record["answers"]:
        figures = {name: np.array(values, np.float64) for name, values in row["figures"].items()}
        figures["min_of_n"] = figures.pop("best")[..., None]
        answers[row["key"]] = Answers(row["label"], row["kind"], row["of"], figures, row["diversity_weight"])
    return Study(items, record["samples"], answers)


def folds_of(record: Mapping[str, Any]) -> Folds | None:
    """What a record of :func:`lmnet_utils.evaluation.pooling.pool_folds` knows of its folds; None of a single data set's."""
    return Folds(record["fold_of"], record["group_of"]) if "fold_of" in record else None


def remade(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Notebook 08's record with ``table``, ``per_class`` and ``verdicts`` made anew by today's rules from its objects.

    Args:
        evaluation: of ``08_evaluation/metrics.json``. One without ``results["objects"]``, of an earlier version of the
            kit, comes back as it is. Of folds that were put together only the verdicts are made.
    """
    results, record = evaluation["results"], evaluation["results"].get("objects")
    if record is None:
        return dict(evaluation)
    scored, folds, kind = scored_of(record), folds_of(record), evaluation["settings"]["icp"][-1]
    verdicts = claims(scored, study_of(record), kind, folds)
    if folds:
        return {**evaluation, "results": {**results, "verdicts": verdicts}}
    models = [model for objects in record["sets"] for model in objects]
    rows = {
        "table": result_rows(scored, class_groups(evaluation["settings"]["classes"])),
        "per_class": result_rows(scored, {name: {synset} for name, synset in synsets_in(models).items()}),
        "verdicts": verdicts,
    }
    return {**evaluation, "results": {**results, **rows}}
