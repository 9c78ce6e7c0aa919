"""The study's curves, bins and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from lmnet_utils.core.checks import Array, finite_array
from lmnet_utils.evaluation.statistics import finite_interval, group_means, mean_interval, rank_correlation
from lmnet_utils.evaluation.study import AMBIGUOUS, Study, angle_from_behind, strongest_lambda, values_of
from lmnet_utils.models.losses import target_sigma
from lmnet_utils.rendering.curves import PlotPanel


def curves(study: Study, part: np.ndarray, name: str = "best") -> dict[str, list[dict[str, Any]]]:
    """Label → the expected best of n answers for n = 1, 2, 4, … N, means over objects with 95 % intervals.

    Args:
        study: whose answers.
        part: (V,) bool, which images, such as :attr:`Study.ambiguous`.
        name: ``"best"``, or ``"gain"``: the score of the one answer without samples minus the best of n.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    objects = [name for name, kept in zip(study.objects, part, strict=True) if kept]
    for answers in study.answers.values() if objects else ():
        best = answers.figures["min_of_n"][:, part]  # (S, V, N)
        count = best.shape[-1]
        for n in sorted({*(1 << k for k in range(count.bit_length())), count}):
            values = best[..., n - 1]
            values = values if name == "best" else answers.figures["single"][:, part] - values
            if not np.isfinite(values).all():
                continue
            figures = mean_interval(values, objects)
            row = {"n": n, "mean": figures["mean"], **finite_interval(figures)}
            found.setdefault(answers.label, []).append(row)
    return found


ANGLE_EDGES = (0.0, 10.0, 20.0, 40.0, 90.0, 180.0)
"""Degrees from the view from behind: the penalty angle δ = 20° halved, δ, 2δ, the rest of the back, the front."""
BINNED = {
    "sigma": ("mean σ of the latent", (0.0, 0.25)),
    "pairwise_points": ("distance of a point between samples, %", (0.0, 2.0)),
    "pairwise_chamfer": ("Chamfer between samples ×100", (0.0, 10.0)),
    "hidden_share": ("share of the variation on the hidden side", (0.3, 0.8)),
    "visible_fidelity": ("visible surface → sample ×100", (0.0, 10.0)),
    "best": ("Chamfer of the best of N ×100", (0.0, 15.0)),
    "gain": ("gain of the best of N, Chamfer ×100", (-0.1, 1.6)),
    "energy": ("energy score ×100", (0.0, 15.0)),
    "latent_energy": ("energy score of the latents", (0.0, 60.0)),
    "latent_coverage_0.5": ("true latents within the central 50 %", (0.0, 1.0)),
    "latent_coverage_0.8": ("true latents within the central 80 %", (0.0, 1.0)),
}
"""Figures in bins of the angle from behind, with their words and the fixed bounds of their axes."""


def bin_by_angle(
    values: Array,
    azimuths: Array,
    objects: Sequence[Any],
    *,
    edges: Sequence[float] = ANGLE_EDGES,
    alpha: float = 0.2,
    penalty_angle: float = 20.0,
) -> list[dict[str, Any]]:
    """Any figure of images in bins of the angle from behind, beside the σ that the diversity loss asks for there.

    Args:
        values: (V,) one figure an image, or (S, V) for S training seeds.
        azimuths: (V,) degrees.
        objects: (V,) what each image shows.
        edges: of the bins, degrees, ascending; a bin holds its lower edge, the last one its upper edge as well.
        alpha, penalty_angle: as :func:`lmnet_utils.models.losses.target_sigma`.

    Returns:
        One row a bin: ``from``, ``to`` (degrees), ``images``, ``objects`` (how many), ``mean``, ``low``, ``high`` (of
        :func:`lmnet_utils.evaluation.statistics.mean_interval`) and ``target_sigma``, averaged over the bin's images; None where a
        bin is empty.
    """
    values = np.atleast_2d(np.asarray(values, np.float64))
    angles = angle_from_behind(finite_array(azimuths, "azimuths", (values.shape[1],)))
    if len(objects) != values.shape[1]:
        raise ValueError(f"{len(objects)} objects for {values.shape[1]} images: expected what each image shows.")
    edges = finite_array(edges, "edges", (None,))
    if len(edges) < 2 or (np.diff(edges) <= 0).any():
        raise ValueError(f"edges={edges.tolist()}: expected at least two ascending angles in degrees.")
    target = target_sigma(torch.from_numpy(np.radians(180 + angles)), alpha, penalty_angle).numpy()
    rows = []
    for low, high in zip(edges, edges[1:], strict=False):
        inside = np.flatnonzero((angles >= low) & ((angles < high) | (angles == high) & (high == edges[-1])))
        row = {"from": float(low), "to": float(high), "images": len(inside), "objects": 0}
        row |= dict.fromkeys(("mean", "low", "high", "target_sigma"))
        if len(inside):
            figures = mean_interval(values[:, inside], [objects[i] for i in inside])
            row |= {key: figures[key] for key in ("objects", "mean", "low", "high")}
            row["target_sigma"] = float(target[inside].mean())
        rows.append(row)
    return rows


def bins(study: Study) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """Figure → label → rows of :func:`bin_by_angle`; what a kind of answer lacks is left out."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for name in BINNED:
        for answers in study.answers.values():
            if name not in ("best", "gain") and name not in answers.figures:
                continue
            values = values_of(answers, name)
            known = np.isfinite(values).all(axis=0)  # nothing varies with σ 0; neighbours have no common point order
            if not known.any():
                continue
            objects = [model for model, kept in zip(study.objects, known, strict=True) if kept]
            rows = bin_by_angle(values[:, known], study.azimuths[known], objects)
            rows = [row for row in rows if row["images"]]
            rows = [{"angle": (row["from"] + row["to"]) / 2, **row, **finite_interval(row)} for row in rows]
            found.setdefault(name, {})[answers.label] = rows
    return found


def curve_panels(study: Study) -> list[PlotPanel]:
    """The best of N at views from behind and at the others, and the gain over one answer; see :func:`curves`."""
    panels = []
    words = {"best": ("Chamfer ×100 of the best of N", (4.0, 14.0)), "gain": ("gain over one answer ×100", (-0.1, 1.6))}
    for name, (text, bounds) in words.items():
        for part, title in (
            (study.ambiguous, f"views within {AMBIGUOUS:g}° of the view from behind"),
            (~study.ambiguous, "all other views"),
        ):
            series = {key: rows for key, rows in curves(study, part, name).items() if key in _drawn(study)}
            if name == "best" and (strongest := strongest_lambda(study)) and strongest.label in series:
                rows = series[strongest.label]
                series[f"{strongest.label}, mean of N"] = [{"n": row["n"], "mean": rows[0]["mean"]} for row in rows]
            ticks = [1 << k for k in range(study.samples.bit_length())]
            limits = (0.9, 1.1 * study.samples)
            panels.append(PlotPanel(title, "N", text, limits, bounds, series, "n", ticks, log2=True))
    return panels


def behind_panels(
    study: Study,
    binned: Mapping[str, Mapping[str, list[dict[str, Any]]]],
    names: Sequence[str],
    target: tuple[float, float],
) -> list[PlotPanel]:
    """Figures against the angle from behind, σ beside what the diversity loss asks for.

    Args:
        study: whose bins.
        binned: of :func:`bins`.
        names: which figures, of :data:`BINNED`.
        target: α and δ in degrees, of :func:`lmnet_utils.models.losses.target_sigma`.
    """
    panels = []
    for name in names:
        series = {key: rows for key, rows in binned.get(name, {}).items() if key in _drawn(study)}
        text, bounds = BINNED[name]
        if name == "sigma":
            noise = {answers.label for answers in study.of_kind("noise")}
            series = {key: rows for key, rows in series.items() if key not in noise}
            angles = np.linspace(0, 180, 91)
            asked = target_sigma(torch.from_numpy(np.radians(180 + angles)), *target).tolist()
            points = zip(angles.tolist(), asked, strict=True)
            series["asked for by the loss"] = [{"angle": angle, "mean": value} for angle, value in points]
        panels.append(
            PlotPanel(text, "degrees from the view from behind", "", (0, 180), bounds, series, xticks=range(0, 181, 30))
        )
    return panels


def _drawn(study: Study) -> set[str]:
    """Labels of what figures show: every model, and one noise control, that of the strongest λ."""
    strongest = strongest_lambda(study)
    return {
        answers.label
        for answers in study.answers.values()
        if answers.kind != "noise" or (strongest is not None and answers.of == strongest.of)
    }


def answer_rows(study: Study) -> list[dict[str, Any]]:
    """A row for each kind of answer and part of the views: means over objects of what the curves and bins show."""
    names = {
        "one answer": "single", "mean of N": "mean_of_n", "best of N": "best", "gain": "gain", "energy": "energy",
        "between samples": "pairwise_chamfer", "moved, %": "pairwise_points", "hidden share": "hidden_share",
        "visible surface": "visible_fidelity",
    }  # fmt: skip
    rows = []
    for part, views in ((study.ambiguous, "from behind"), (~study.ambiguous, "other")):
        objects = [model for model, kept in zip(study.objects, part, strict=True) if kept]
        for answers in study.answers.values() if objects else ():
            row: dict[str, Any] = {"answers": answers.label, "views": views, "N": answers.figures["scores"].shape[-1]}
            for title, name in names.items():
                values = values_of(answers, name)[:, part]
                known = np.isfinite(values).all(axis=0)
                means = group_means(values.mean(axis=0)[known], [o for o, k in zip(objects, known, strict=True) if k])
                row[title] = float(np.mean(list(means.values()))) if known.any() else None
            rows.append(row)
    return rows


def skill_rows(study: Study) -> list[dict[str, Any]]:
    """Whether Variant II knows where it errs, a row for each model and training seed.

    ``spread_skill``: Spearman's correlation of σ with the error of the decoded mean, over images, the angle from behind
    held fixed (λ teaches σ the azimuth, and the error may depend on it, too), with ``low`` and ``high``; ``calibration``: root mean square error of the latents divided by σ (1 when
    calibrated); ``coverage 50 %`` and ``coverage 80 %``: true latents within the samples' central intervals.
    """
    rows = []
    angle = angle_from_behind(study.azimuths) if study.items else np.zeros(0)
    for answers in study.of_kind("variant II"):
        figures = answers.figures
        for k in range(len(figures["sigma"])):
            found = rank_correlation(figures["sigma"][k], figures["single"][k], study.objects, given=angle)
            width, error = (np.sqrt(np.mean(np.square(figures[name][k]))) for name in ("latent_width", "latent_error"))
            row: dict[str, Any] = {"model": answers.label, "seed": k}
            row |= {"spread_skill": _known(found["correlation"])}
            row |= {f"spread_skill_{name}": _known(found[name]) for name in ("low", "high")}
            row |= {
                "mean σ": float(figures["sigma"][k].mean()),
                "calibration": _known(error / width if width else np.inf),
            }
            for level in (0.5, 0.8):
                row[f"coverage {level:.0%}"] = _known(figures[f"latent_coverage_{level:g}"][k].mean())
            rows.append(row)
    return rows


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
