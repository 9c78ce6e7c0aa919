"""What a run's figures say of the paper's claims: claim, evidence, verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lmnet_utils.evaluation import statistics
from lmnet_utils.evaluation.scoring import Scored
from lmnet_utils.evaluation.statistics import finite_interval
from lmnet_utils.evaluation.study import AMBIGUOUS, Answers, Study, strongest_lambda, values_of
from lmnet_utils.models.registry import base_name
from lmnet_utils.models.registry import label as label_of_name

MARGIN = 0.2
"""Chamfer ×100 that do not count, about 2 % of an encoder's error on chairs: accuracy may suffer by as much (fixed before any model
was scored), and what differs by less is equivalent (taken over from there before the cross-validation)."""
NOT_TESTED = statistics.VERDICTS[-1]
Sides = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Comparison:
    """What a claim compares: figures of the same images on two sides.

    Attributes:
        claim: the claim, "A is better than B".
        quantity: what the figures are, with their unit.
        names: of A and B.
        sides: A's and B's figures, (S, V) each over training seeds and images.
        objects: (V,) what each image shows.
        verdict: options of :func:`lmnet_utils.evaluation.statistics.verdict`.
        emd: the earth mover's distance of the same images, where it was scored.
        why: why there is nothing to compare; empty if there is.
    """

    claim: str
    quantity: str = ""
    names: tuple[str, ...] = ()
    sides: Sides = (np.empty((0, 0)), np.empty((0, 0)))
    objects: Sequence[str] = ()
    verdict: Mapping[str, Any] = field(default_factory=dict)
    emd: Sides | None = None
    why: str = ""


@dataclass(frozen=True)
class Folds:
    """Of a cross-validation: ``fold_of`` an object, and ``group_of`` near-duplicates, which count as one object."""

    fold_of: Mapping[str, str]
    group_of: Mapping[str, str]

    def distinct(self, objects: Sequence[str]) -> list[str]:
        """What each object counts as."""
        return [self.group_of.get(name) or name for name in objects]

    def of(self, objects: Sequence[str]) -> list[str]:
        """The objects' folds."""
        return [self.fold_of[name] for name in objects]


# -------------------------------------------------------------------------------------------------------------- claims
def claims(
    scored: Sequence[Scored], study: Study, kind: str = "none", folds: Folds | None = None
) -> list[dict[str, Any]]:
    """The closing table: ``claim``, ``evidence``, ``verdict``, and the figures of the difference behind them.

    A claim that the run has no models for is ``"not tested"``. Differences are paired by image, averaged over objects;
    intervals are :func:`lmnet_utils.evaluation.statistics.paired_difference`'s, over objects and training seeds.

    Args:
        scored, study, kind: as :func:`comparisons`.
        folds: of a cross-validation, whose intervals are over folds.
    """
    return [_row(one, folds) for one in comparisons(scored, study, kind)]


def comparisons(scored: Sequence[Scored], study: Study, kind: str = "none") -> list[Comparison]:
    """What the claims compare, in the order of their table.

    Args:
        scored: of :func:`lmnet_utils.evaluation.scoring.score_method`, methods named as the run's models.
        study: of :func:`lmnet_utils.evaluation.study.measure_diversity`.
        kind: of ICP, of the accuracy claims.
    """
    found = [
        _accuracy(f"{claim} gives a smaller error than {other}", scored, "encoder_l1", f"encoder_{name}", kind)
        for claim, other, name in (
            ("L1", "L2", "l2"),
            ("matching latents (L1)", "direct regression", "chamfer"),
            ("matching latents (L1)", "Chamfer through the frozen decoder", "chamfer_frozen"),
        )
    ]
    strongest = strongest_lambda(study)
    none = next((answers for answers in study.of_kind("variant II") if answers.diversity_weight == 0), None)
    name = strongest.label if strongest else "λ > 0"
    comparable = strongest is not None and none is not None and strongest is not none
    views = f"views within {AMBIGUOUS:g}° of the view from behind"
    found.append(
        _diverse(
            f"{name} raises diversity over λ = 0 at {views}",
            "distance between samples, %", study, (strongest, none) if comparable else None, "pairwise_points",
        )
    )  # fmt: skip
    suffers = _accuracy(
        f"with {name} accuracy does not suffer (decoded mean at most {MARGIN:g} above λ = 0)",
        scored, strongest.of if comparable else "", none.of if none else "encoder_lambda_0", kind,
    )  # fmt: skip
    found.append(replace(suffers, verdict={"margin": MARGIN}))
    noise = study.answers.get(f"noise {strongest.of}") if strongest else None
    gain = _diverse(
        f"{name}: the best of {study.samples} samples gains more than with noise of the same mean σ, at {views}",
        "gain over one answer, Chamfer ×100", study, (strongest, noise) if noise else None, "gain",
    )  # fmt: skip
    return [*found, replace(gain, verdict={**gain.verdict, "equivalence": MARGIN})]


def _accuracy(claim: str, scored: Sequence[Scored], a: str, b: str, kind: str) -> Comparison:
    """A against B by Chamfer distance, on the images that both were scored on; EMD beside it, where it was scored."""
    sides = [[one for one in scored if base_name(one.method.name) == name] for name in (a, b)]
    shown = [side[0].method.label if side else label_of_name(name) for name, side in zip((a, b), sides, strict=True)]
    missing = [text for text, side in zip(shown, sides, strict=True) if not side]
    if missing:
        why = f"this run has no {' and no '.join(filter(None, missing)) or 'such model'}"
        return Comparison(claim, why=why)
    common, figures = _paired(sides, kind)
    if not common:
        return Comparison(claim, why="the models were scored on no common image")
    known = all("emd" in one.scores[kind] for side in sides for one in side)
    return Comparison(
        claim, "Chamfer ×100", tuple(shown), figures("chamfer"), common,
        {"equivalence": MARGIN}, figures("emd") if known else None,
    )  # fmt: skip


def _paired(sides: Sequence[Sequence[Scored]], kind: str) -> tuple[list[str], Callable[[str], Sides]]:
    """The images that two sides' methods were all scored on: what each shows, and score → both sides' figures of them.

    A method that looks at no image has one figure an object, which stands for all of its images.
    """

    def key(one: Scored, image: tuple[str, int]) -> Any:
        return image if one.method.images else image[0]

    every = [one for side in sides for one in side]
    first = next((one for one in every if one.method.images), every[0])
    places = [{key(one, (item.model, item.view)): i for i, item in enumerate(one.items)} for one in every]
    images = [(item.model, item.view) for item in first.items]
    images = [
        image for image in images if all(key(one, image) in place for one, place in zip(every, places, strict=True))
    ]

    def figures(score: str) -> Sides:
        values = [
            one.scores[kind][score][[place[key(one, image)] for image in images]]
            for one, place in zip(every, places, strict=True)
        ]
        return np.stack(values[: len(sides[0])]), np.stack(values[len(sides[0]) :])

    return [model for model, _ in images], figures


def differences(scored: Sequence[Scored], label: str, kind: str = "none") -> list[dict[str, Any]]:
    """How one method stands against every other: its scores less theirs, paired by image and averaged over objects.

    Args:
        scored: of :func:`lmnet_utils.evaluation.scoring.score_method`.
        label: of the method.
        kind: of ICP.

    Returns:
        A row for each other method that was scored on a common image: ``against``, ``objects``, ``chamfer`` and, if both have it,
        ``emd`` (×100, negative where the method is the better one), each with ``_low`` and ``_high`` of :func:`lmnet_utils.evaluation.statistics.paired_difference`
        (None with one object), and ``better``: the verdict on a smaller Chamfer distance, with :data:`MARGIN` as what does not count.

    Raises:
        ValueError: there is no such method.
    """
    methods: dict[str, list[Scored]] = {}
    for one in scored:
        methods.setdefault(one.method.label, []).append(one)
    if label not in methods:
        raise ValueError(f"no method {label!r} was scored; there are {', '.join(methods)}.")
    rows = []
    for other, side in methods.items():
        sides = (methods[label], side)
        objects, figures = _paired(sides, kind)
        if other == label or not objects:
            continue
        row: dict[str, Any] = {"against": other, "objects": len(set(objects))}
        for score in ("chamfer", "emd"):
            if all(score in one.scores[kind] for one in (*sides[0], *sides[1])):
                found = statistics.paired_difference(*figures(score), objects)
                row[score] = found["difference"]
                row |= {f"{score}_{end}": value for end, value in finite_interval(found).items()}
                if score == "chamfer":
                    verdict = statistics.verdict((found["low"], found["high"]), equivalence=MARGIN)
        rows.append({**row, "better": verdict})
    return rows


def _diverse(claim: str, quantity: str, study: Study, pair: tuple[Answers, Answers] | None, name: str) -> Comparison:
    """A against B by a figure of diversity at the ambiguous views; more is better."""
    if pair is None:
        return Comparison(claim, why="this run has no models of Variant II, or none to compare with")
    part = study.ambiguous
    a, b = (values_of(answers, name)[:, part] for answers in pair)
    known = np.isfinite(a).all(axis=0) & np.isfinite(b).all(axis=0)
    if not known.any():
        return Comparison(claim, why="no image of the study is such a view")
    objects = [model for model, kept in zip(np.array(study.objects)[part], known, strict=True) if kept]
    names = tuple(answers.label for answers in pair)
    return Comparison(claim, quantity, names, (a[:, known], b[:, known]), objects, {"better": "higher"})


# ---------------------------------------------------------------------------------------------------------------- rows
def _row(one: Comparison, folds: Folds | None) -> dict[str, Any]:
    """A row of the table of claims."""
    if one.why:
        return {"claim": one.claim, "evidence": one.why, "verdict": NOT_TESTED}
    objects = folds.distinct(one.objects) if folds else one.objects
    of_fold = folds.of(one.objects) if folds else None

    def compare(sides: Sides) -> tuple[list[float], dict[str, Any]]:
        means = [statistics.mean_interval(side, objects)["mean"] for side in sides]
        return means, statistics.paired_difference(*sides, objects, of_fold)

    means, found = compare(one.sides)
    each = ", ".join(f"{name} {mean:.2f}" for name, mean in zip(one.names, means, strict=True))
    seeds = f"{found['seeds']} training seeds" + (" each" if folds else "")
    trained = seeds if found["seeds"] > 1 else "one training each"
    tested = f"{found['objects']} objects" + (f" in {found['folds']} folds" if folds else "")
    row = {
        "claim": one.claim,
        "evidence": f"{one.quantity}: {each}, {_difference(found)}, {tested}, {trained}",
        "verdict": statistics.verdict((found["low"], found["high"]), **one.verdict),
        "difference": found["difference"],
        **finite_interval(found),
    }
    row |= {name: found[name] for name in ("objects", "seeds", "folds") if name in found}
    if one.emd is not None:
        means, found = compare(one.emd)
        row["evidence"] += f"; EMD {means[0]:.2f}, {means[1]:.2f}, {_difference(found)}"
    return row


def _difference(found: Mapping[str, Any]) -> str:
    low, high = found["low"], found["high"]
    interval = f"[{low:+.2f}, {high:+.2f}]" if np.isfinite([low, high]).all() else "(no interval)"
    return f"difference {found['difference']:+.2f} {interval}"
