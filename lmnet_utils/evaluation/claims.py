"""What a run's figures say of the paper's claims: claim, evidence, verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lmnet_utils.evaluation import statistics
from lmnet_utils.evaluation.scoring import Scored
from lmnet_utils.evaluation.statistics import finite_interval
from lmnet_utils.evaluation.study import AMBIGUOUS, Answers, Study, strongest_lambda, values_of
from lmnet_utils.models.registry import base_name, label

MARGIN = 0.2
"""Chamfer ×100 by which accuracy may suffer without counting: about 2 % of an encoder's error on chairs."""
NOT_TESTED = "not tested"


# -------------------------------------------------------------------------------------------------------------- claims
def claims(scored: Sequence[Scored], study: Study, kind: str = "none") -> list[dict[str, Any]]:
    """The closing table: ``claim``, ``evidence``, ``verdict``, and the figures of the difference behind them.

    A claim that the run has no models for is ``"not tested"``. Differences are paired by image, averaged over objects;
    intervals are :func:`lmnet_utils.evaluation.statistics.paired_difference`'s, over objects and training seeds.

    Args:
        scored: of :func:`lmnet_utils.evaluation.scoring.score_method`, methods named as the run's models.
        study: of :func:`measure_diversity`.
        kind: of ICP, of the accuracy claims.
    """
    rows = [
        _accuracy("L1 gives a smaller error than L2", scored, "encoder_l1", "encoder_l2", kind),
        _accuracy(
            "matching latents (L1) gives a smaller error than direct regression",
            scored, "encoder_l1", "encoder_chamfer", kind,
        ),
        _accuracy(
            "matching latents (L1) gives a smaller error than Chamfer through the frozen decoder",
            scored, "encoder_l1", "encoder_chamfer_frozen", kind,
        ),
    ]  # fmt: skip
    strongest = strongest_lambda(study)
    none = next((answers for answers in study.of_kind("variant II") if answers.diversity_weight == 0), None)
    name = strongest.label if strongest else "λ > 0"
    comparable = strongest is not None and none is not None and strongest is not none
    views = f"views within {AMBIGUOUS:g}° of the view from behind"
    rows.append(
        _diverse(
            f"{name} raises diversity over λ = 0 at {views}",
            "distance between samples, %", study, (strongest, none) if comparable else None, "pairwise_points",
        )
    )  # fmt: skip
    rows.append(
        _accuracy(
            f"with {name} accuracy does not suffer (decoded mean at most {MARGIN:g} above λ = 0)",
            scored, strongest.of if comparable else "", none.of if none else "encoder_lambda_0", kind, margin=MARGIN,
        )
    )  # fmt: skip
    noise = study.answers.get(f"noise {strongest.of}") if strongest else None
    rows.append(
        _diverse(
            f"{name}: the best of {study.samples} samples gains more than with noise of the same mean σ, at {views}",
            "gain over one answer, Chamfer ×100", study, (strongest, noise) if noise else None, "gain",
        )
    )  # fmt: skip
    return rows


def _row(
    claim: str, quantity: str, names: Sequence[str], means: Sequence[float], found: Mapping[str, Any], **options: Any
) -> dict[str, Any]:
    """A tested claim. ``found``: of ``paired_difference``; ``options``: of :func:`lmnet_utils.evaluation.statistics.verdict`."""
    each = ", ".join(f"{name} {mean:.2f}" for name, mean in zip(names, means, strict=True))
    seeds = f", {found['seeds']} training seeds" if found["seeds"] > 1 else ", one training each"
    figures = {"difference": found["difference"], **finite_interval(found)}
    return {
        "claim": claim,
        "evidence": f"{quantity}: {each}, {_difference(found)}, {found['objects']} objects{seeds}",
        "verdict": statistics.verdict((found["low"], found["high"]), **options),
        **figures,
        "objects": found["objects"],
        "seeds": found["seeds"],
    }


def _difference(found: Mapping[str, Any]) -> str:
    low, high = found["low"], found["high"]
    interval = f"[{low:+.2f}, {high:+.2f}]" if np.isfinite([low, high]).all() else "(no interval)"
    return f"difference {found['difference']:+.2f} {interval}"


def _not_tested(claim: str, why: str) -> dict[str, Any]:
    return {"claim": claim, "evidence": why, "verdict": NOT_TESTED}


def _accuracy(
    claim: str, scored: Sequence[Scored], a: str, b: str, kind: str, *, margin: float = 0.0
) -> dict[str, Any]:
    """A against B by Chamfer distance, on the images that both were scored on; EMD beside it, where it was scored."""
    sides = [[one for one in scored if base_name(one.method.name) == name] for name in (a, b)]
    shown = [side[0].method.label if side else label(name) for name, side in zip((a, b), sides, strict=True)]
    missing = [text for text, side in zip(shown, sides, strict=True) if not side]
    if missing:
        return _not_tested(claim, f"this run has no {' and no '.join(filter(None, missing)) or 'such model'}")
    images = [{(item.model, item.view): None for item in one.items} for side in sides for one in side]
    common = [image for image in images[0] if all(image in other for other in images)]
    if not common:
        return _not_tested(claim, "the models were scored on no common image")
    objects = [model for model, _ in common]

    def compare(score: str) -> tuple[list[float], dict[str, Any]]:
        values = []  # a side: (S, V)
        for side in sides:
            place = [{(item.model, item.view): i for i, item in enumerate(one.items)} for one in side]
            rows = [[where[image] for image in common] for where in place]
            values.append(np.stack([one.scores[kind][score][where] for one, where in zip(side, rows, strict=True)]))
        means = [statistics.mean_interval(side, objects)["mean"] for side in values]
        return means, statistics.paired_difference(*values, objects)

    means, found = compare("chamfer")
    row = _row(claim, "Chamfer ×100", shown, means, found, margin=margin)
    if all("emd" in one.scores[kind] for side in sides for one in side):
        means, found = compare("emd")
        row["evidence"] += f"; EMD {means[0]:.2f}, {means[1]:.2f}, {_difference(found)}"
    return row


def _diverse(
    claim: str, quantity: str, study: Study, pair: tuple[Answers, Answers] | None, name: str
) -> dict[str, Any]:
    """A against B by a figure of diversity at the ambiguous views; more is better."""
    if pair is None:
        return _not_tested(claim, "this run has no models of Variant II, or none to compare with")
    part = study.ambiguous
    a, b = (values_of(answers, name)[:, part] for answers in pair)
    known = np.isfinite(a).all(axis=0) & np.isfinite(b).all(axis=0)
    if not known.any():
        return _not_tested(claim, "no image of the study is such a view")
    objects = [model for model, kept in zip(np.array(study.objects)[part], known, strict=True) if kept]
    a, b = a[:, known], b[:, known]
    found = statistics.paired_difference(a, b, objects)
    means = [statistics.mean_interval(side, objects)["mean"] for side in (a, b)]
    return _row(claim, quantity, [answers.label for answers in pair], means, found, better="higher")
