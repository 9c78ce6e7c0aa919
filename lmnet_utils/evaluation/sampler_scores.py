"""Samplers measured on real objects, of which one true shape an image is known, whatever else the image leaves open.

:mod:`lmnet_utils.evaluation.ambiguity` measures the same samplers where all possible shapes are known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from lmnet_utils.data.packs import Pack
from lmnet_utils.evaluation.diversity import cloud_energy_score, pairwise_point_distance, sample_scores
from lmnet_utils.evaluation.ensembles import min_of_n
from lmnet_utils.evaluation.statistics import finite_interval, mean_interval, paired_difference
from lmnet_utils.evaluation.study import AMBIGUOUS, angle_from_behind
from lmnet_utils.models.inference import Item, Sampling
from lmnet_utils.models.samplers import Sampler

IMAGES_AT_ONCE = 16
FIGURES = ("mean_of_n", "best", "gain", "energy", "pairwise_points")


def object_figures(
    sampler: Sampler, pack: Pack, items: Sequence[Item], sampling: Sampling, *, drawn: bool = True, progress: str = ""
) -> dict[str, np.ndarray]:
    """Figures of a sampler's answers to images of a data set.

    Args:
        sampler: of :mod:`lmnet_utils.models.samplers`.
        pack, items: the V images.
        sampling: N ≥ 2 answers an image, and the seed of what is random in them.
        drawn: the answers are draws of one decoder, whose point k is the same point in every cloud, and no ranking.
        progress: text beside a bar; empty for none.

    Returns:
        (V,) each, ×100 of the truth's longest side, by the paper's protocol without ICP: ``mean_of_n``; ``best``, of all N;
        ``energy`` (:func:`lmnet_utils.evaluation.diversity.cloud_energy_score`); and ``pairwise_points``, the mean distance of
        the same point in two answers (NaN of a ranking).
    """
    rows, views = pack.rows([item.model for item in items]), np.array([item.view for item in items], np.int64)
    found = []
    for start in tqdm(range(0, len(items), IMAGES_AT_ONCE), desc=progress, unit="batch", disable=not progress):
        span = slice(start, start + IMAGES_AT_ONCE)
        clouds = sampler.sample(pack.images(rows[span], views[span]), sampling.samples, sampling.seed).numpy()
        pairs = zip(pack.points_1024[rows[span]], clouds, strict=True)
        found += [_figures(truth, answers, drawn) for truth, answers in pairs]
    return {name: np.array([one[name] for one in found]) for name in found[0]}


def _figures(truth: np.ndarray, answers: np.ndarray, drawn: bool) -> dict[str, float]:
    scores = sample_scores(truth, answers)
    side = np.ptp(truth, axis=0).max()
    return {
        "mean_of_n": scores.mean(),
        "best": min_of_n(scores)[-1],
        "energy": cloud_energy_score(truth, answers, scores=scores),
        "pairwise_points": 100 * pairwise_point_distance(answers) / side if drawn else np.nan,
    }


def object_rows(
    figures: Mapping[str, Mapping[str, np.ndarray]], items: Sequence[Item], single: np.ndarray, control: str = ""
) -> list[dict[str, Any]]:
    """Means over objects with their intervals, of all images and of those from behind.

    Args:
        figures: sampler → :func:`object_figures` of the same V images.
        items: the images.
        single: (V,) the error of the one answer without samples; the best of N gains on it.
        control: the sampler than whose best of N others' may be better.

    Returns:
        a row a sampler, group of images (``views``: "all", or "behind": within 20° of the view from behind) and figure:
        ``mean``, ``low``, ``high`` (95 % over objects), ``objects``, ``images``. Figures are :data:`FIGURES`, and with a
        control ``gain_over_control``.
    """
    azimuths, objects = np.array([item.azimuth for item in items]), np.array([item.model for item in items])
    groups = {"all": np.ones(len(items), bool), "behind": angle_from_behind(azimuths) <= AMBIGUOUS}
    rows = []
    for (name, of_sampler), (views, chosen) in ((a, b) for a in figures.items() for b in groups.items()):
        values = {**of_sampler, "gain": single - of_sampler["best"]}
        found = {
            figure: mean_interval(values[figure][chosen], objects[chosen])
            for figure in FIGURES
            if np.isfinite(values[figure]).all()
        }
        if control and name != control:
            ours, other = (figures[one]["best"][chosen] for one in (name, control))
            found["gain_over_control"] = paired_difference(other, ours, objects[chosen])
        for figure, interval in found.items():
            mean = interval.get("mean", interval.get("difference"))
            where = {"sampler": name, "views": views, "figure": figure, "images": int(chosen.sum())}
            rows.append(where | {"mean": mean, **finite_interval(interval), "objects": interval["objects"]})
    return rows
