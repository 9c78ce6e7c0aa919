"""The folds of a cross-validation put together: each real object is a test object once, so all of them make one evaluation.

Every fold has networks of its own, and a record of notebook 08 (:mod:`lmnet_utils.evaluation.records`). Put together they
are a record of all objects, on which the claims are tested as on any other, with intervals over folds. A fold may as well be
a class that its networks never saw (:data:`lmnet_utils.data.splits.UNSEEN`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lmnet_utils.data.splits import FOLDS, UNSEEN
from lmnet_utils.evaluation.claims import Comparison, Folds, claims, comparisons
from lmnet_utils.evaluation.records import scored_of, study_of
from lmnet_utils.evaluation.scoring import Scored
from lmnet_utils.evaluation.statistics import paired_difference
from lmnet_utils.evaluation.study import Study
from lmnet_utils.models.registry import base_name

_ALIKE = (
    "dataset",
    "classes",
    "icp",
    "views",
    "limit_models",
    "diversity_samples",
    "diversity_views",
    "diversity_objects",
)
"""Settings of notebook 08 that all folds must have in common."""
_ENCODER, _CLAIMED = "encoder_", ("chamfer", "emd")
"""Claims are about methods whose names begin so, and their scores, with the last kind of ICP; nothing else is kept."""


def pool_folds(evaluations: Sequence[Mapping[str, Any]], group_of: Mapping[str, str]) -> dict[str, Any]:
    """Notebook 08's records of several folds as one.

    The training seeds of a fold may stand in one record or in several. A method, an answer or a further seed that not every
    fold has is left out. Kept is what claims need. Each fold needs seeds of its own: networks that begin with the same
    random numbers are no independent observations.

    Args:
        evaluations: of ``08_evaluation/metrics.json``, of at least two folds.
        group_of: object → its group of near-duplicates, "" for none.

    Returns:
        ``settings``, ``data`` and ``results`` as of notebook 08, with ``results["objects"]`` of all objects, ``fold_of``
        and ``group_of`` in it, ``verdicts``, ``by_fold`` (each claim's difference in every fold), ``left_out``, and ``seeds``
        (those of each fold's records).

    Raises:
        ValueError: a record is of no fold or has no objects, the records do not belong together, or an object is in two folds.
    """
    _check(evaluations)
    by_fold: dict[str, list[Mapping[str, Any]]] = {}
    seeds: dict[str, list[int]] = {}
    for one in sorted(evaluations, key=lambda one: (one["settings"]["split"], one["settings"]["seed"])):
        by_fold.setdefault(one["settings"]["split"], []).append(one["results"]["objects"])
        seeds.setdefault(one["settings"]["split"], []).append(one["settings"]["seed"])
    kind = evaluations[0]["settings"]["icp"][-1]
    methods = {fold: _methods(records, fold, kind) for fold, records in by_fold.items()}
    answers = {fold: _answers(records) for fold, records in by_fold.items()}
    record = _joined(methods, answers) | {"samples": next(iter(by_fold.values()))[0]["samples"]}
    record["fold_of"] = _fold_of(methods)
    record["group_of"] = {name: group_of[name] for name in record["fold_of"] if group_of.get(name)}
    known = [*(row["name"] for row in record["methods"]), *(row["key"] for row in record["answers"])]
    seen = dict.fromkeys(name for of_fold in (*methods.values(), *answers.values()) for name in of_fold)
    settings = {
        name: value for name, value in evaluations[0]["settings"].items() if name in (*_ALIKE, "precision", "emd")
    }
    folds = Folds(record["fold_of"], record["group_of"])
    scored, study = scored_of(record), study_of(record)
    return {
        "settings": settings,
        "data": {"dataset": settings["dataset"], "classes": settings["classes"], "split": f"{len(by_fold)} folds"},
        "results": {
            "verdicts": claims(scored, study, kind, folds),
            "by_fold": _by_fold(scored, study, kind, folds),
            "objects": record,
            "left_out": [name for name in seen if name not in known],
            "seeds": seeds,
        },
    }  # fmt: skip


def difference_rows(pooled: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The paired differences behind the claims, one row an object and training seed.

    Args:
        pooled: of :func:`pool_folds`.

    Returns:
        ``claim``, ``quantity``, ``fold``, ``seed`` (its number in the fold; "mean" where the sides have different numbers of
        seeds), ``object``, ``duplicates`` (its group), ``a``, ``b``, ``difference``: means over an object's images.
    """
    record = pooled["results"]["objects"]
    folds, rows = Folds(record["fold_of"], record["group_of"]), []
    for one in comparisons(scored_of(record), study_of(record), pooled["settings"]["icp"][-1]):
        for seed, (a, b) in enumerate(_seeds(one)):
            found = dict(zip(one.objects, zip(a, b, strict=True), strict=True))  # all views of an object say the same
            rows += [
                {
                    "claim": one.claim, "quantity": one.quantity, "fold": folds.fold_of[name],
                    "seed": seed if len(one.sides[0]) == len(one.sides[1]) else "mean", "object": name,
                    "duplicates": folds.group_of.get(name, ""), "a": left, "b": right, "difference": left - right,
                }
                for name, (left, right) in found.items()
            ]  # fmt: skip
    return rows


def _seeds(one: Comparison) -> list[tuple[Any, Any]]:
    """A's and B's figures (V,) of each seed, or once their means over unequal numbers of seeds."""
    a, b = one.sides
    return list(zip(a, b, strict=True)) if len(a) == len(b) else [(a.mean(axis=0), b.mean(axis=0))]


# --------------------------------------------------------------------------------------------------------------- parts
def _check(evaluations: Sequence[Mapping[str, Any]]) -> None:
    for one in evaluations:
        settings = one["settings"]
        kind = UNSEEN if evaluations[0]["settings"]["split"] in UNSEEN else FOLDS
        if settings["split"] not in kind:
            raise ValueError(f"split {settings['split']!r}: expected a fold, one of {', '.join(kind)}.")
        if "objects" not in one["results"]:
            raise ValueError(f"{settings['split']}: its evaluation keeps no objects; run notebook 08 again.")
        first = evaluations[0]
        pairs = [(name, settings.get(name), first["settings"].get(name)) for name in _ALIKE]
        pairs.append(("pack_hash", one["data"].get("pack_hash"), first["data"].get("pack_hash")))
        if unlike := [f"{name}={value!r} and {other!r}" for name, value, other in pairs if value != other]:
            raise ValueError(f"evaluations that do not belong together: {settings['split']} has {', '.join(unlike)}.")
    if len({one["settings"]["split"] for one in evaluations}) < 2:
        raise ValueError(f"{len(evaluations)} evaluations of one fold: expected at least two folds.")


def _methods(records: Sequence[Mapping[str, Any]], fold: str, kind: str) -> dict[str, dict[str, Any]]:
    """A fold's image encoders by name, with their ``objects`` and the scores of claims. Their seeds are numbered anew, 0, 1, …, as each
    fold has its own."""
    seeds: dict[str, dict[str, dict[str, Any]]] = {}
    for record in records:
        for row in record["methods"]:
            if not row["name"].startswith(_ENCODER):
                continue
            known = seeds.setdefault(base_name(row["name"]), {})
            if row["name"] in known:
                raise ValueError(f"{fold}: {row['name']} stands in two evaluations; each training seed counts once.")
            scores = {key: values for key, values in row["scores"][kind].items() if key in _CLAIMED}
            known[row["name"]] = {**row, "scores": {kind: scores}, "objects": record["sets"][row["set"]]}
    return {
        base + (f"_seed{number}" if number else ""): row
        for base, rows in seeds.items()
        for number, row in enumerate(rows.values())
    }


def _answers(records: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The answers of a fold by key, with their ``objects``; the training seeds of several records one after the other."""
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        for row in record["answers"]:
            one = {**row, "objects": record["sets"][record["set"]]}
            before = found.setdefault(row["key"], {**one, "figures": {name: [] for name in row["figures"]}})
            before["figures"] = {name: [*seeds, *row["figures"][name]] for name, seeds in before["figures"].items()}
    return found


def _joined(methods: Mapping[str, Mapping], answers: Mapping[str, Mapping]) -> dict[str, Any]:
    """``sets``, ``methods``, ``answers`` and ``set`` of a record of all folds: what every fold has."""
    sets: list[list[str]] = []

    def number_of(parts: Sequence[Mapping[str, Any]]) -> int:
        objects = [name for part in parts for name in part["objects"]]
        if objects not in sets:
            sets.append(objects)
        return sets.index(objects)

    joined = []
    for name in next(iter(methods.values())):
        parts = [of_fold[name] for of_fold in methods.values() if name in of_fold]
        if len(parts) < len(methods):
            continue
        if len({part["views"] for part in parts}) > 1:
            raise ValueError(f"{name}: the folds have {[part['views'] for part in parts]} views of an object.")
        scores = {
            kind: {key: [value for part in parts for value in part["scores"][kind][key]] for key in found}
            for kind, found in parts[0]["scores"].items()
        }
        row = {key: parts[0][key] for key in ("label", "images", "contender", "views")}
        joined.append({"name": name} | row | {"set": number_of(parts), "scores": scores})
    answered = []
    for key in next(iter(answers.values())):
        parts = [of_fold[key] for of_fold in answers.values() if key in of_fold]
        if len(parts) < len(answers):
            continue
        seeds = min(len(part["figures"]["single"]) for part in parts)
        figures = {
            name: [[value for part in parts for value in part["figures"][name][seed]] for seed in range(seeds)]
            for name in parts[0]["figures"]
        }
        about = {name: parts[0][name] for name in ("key", "label", "kind", "of", "diversity_weight")}
        answered.append(about | {"figures": figures, "set": number_of(parts)})
    of_answers = answered[0].pop("set") if answered else number_of([])
    return {"sets": sets, "methods": joined, "answers": answered, "set": of_answers}


def _fold_of(methods: Mapping[str, Mapping]) -> dict[str, str]:
    """Object → the one fold that it is tested in."""
    found: dict[str, str] = {}
    for fold, of_fold in methods.items():
        for name in dict.fromkeys(name for row in of_fold.values() for name in row["objects"]):
            if found.setdefault(name, fold) != fold:
                raise ValueError(
                    f"{name} is a test object of {found[name]} and of {fold}: expected one fold an object."
                )
    return found


def _by_fold(scored: Sequence[Scored], study: Study, kind: str, folds: Folds) -> list[dict[str, Any]]:
    """Each claim's difference in every fold: whether the folds agree."""
    rows = []
    for one in comparisons(scored, study, kind):
        row: dict[str, Any] = {"claim": one.claim}
        of_fold = folds.of(one.objects)
        for fold in sorted(set(of_fold)):
            part = [i for i, name in enumerate(of_fold) if name == fold]
            objects = folds.distinct([one.objects[i] for i in part])
            row[fold] = paired_difference(*(side[:, part] for side in one.sides), objects)["difference"]
        rows.append(row)
    return rows
