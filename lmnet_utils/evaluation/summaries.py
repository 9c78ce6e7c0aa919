"""Scores of a method become a row of a table: means over objects and training seeds, with intervals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lmnet_utils.evaluation.protocol import Scores
from lmnet_utils.evaluation.statistics import finite_interval, mean_interval


# ---------------------------------------------------------------------------------------------------------- averages
@dataclass(frozen=True)
class Evaluation:
    """Scores of one method: ``objects[i]`` (``"synset/model"``) is what the scores' item i is about.

    ``images``: whether the items are images (views), or the method looks at none (floor, autoencoder, mean shape, …).
    ``seeds``: where the method was trained with several seeds, the scores of each on the same items; ``scores`` are then
    their averages.
    """

    method: str
    objects: Sequence[str]
    scores: Scores
    images: bool = True
    seeds: Sequence[Scores] = ()

    def restricted_to(self, synsets: Collection[str]) -> Evaluation:
        """The part that is about some classes."""
        keep = np.array([name.split("/")[0] in synsets for name in self.objects], bool)
        objects = [name for name, kept in zip(self.objects, keep, strict=True) if kept]
        scores, *seeds = ({key: part[keep] for key, part in one.items()} for one in (self.scores, *self.seeds))
        return replace(self, objects=objects, scores=scores, seeds=seeds)


def merge_seeds(evaluations: Sequence[Evaluation]) -> Evaluation:
    """One evaluation of a method trained with several seeds.

    Args:
        evaluations: one a seed, of the same items in the same order; the first gives the name.

    Raises:
        ValueError: they were scored on different items.
    """
    first = evaluations[0]
    for other in evaluations[1:]:
        if list(other.objects) != list(first.objects):
            raise ValueError(
                f"{first.method}: its training seeds were scored on different items ({len(first.objects)} and "
                f"{len(other.objects)}). Seeds of one model have to be trained on the same classes."
            )
    if len(evaluations) == 1:
        return first
    seeds = [evaluation.scores for evaluation in evaluations]
    averages = {key: np.mean([scores[key] for scores in seeds], axis=0) for key in first.scores}
    return replace(first, scores=averages, seeds=seeds)


_KEYS = ("chamfer", "forward", "backward", "emd", "f_score_1", "f_score_2")  # in the order of a table's columns
_WITH_INTERVAL = ("chamfer", "emd")


def summary(evaluation: Evaluation, classes: str) -> dict[str, Any]:
    """One row of the results table: means over objects and training seeds, with 95 % intervals over both.

    Args:
        evaluation: of at least one object.
        classes: name of the class or class group that the row is about.

    Returns:
        ``model, classes, n_models, n_views, chamfer, chamfer_low, chamfer_high, forward, backward`` and, as far as they
        were scored, ``emd, emd_low, emd_high, f_score_1, f_score_2``. Intervals are those of
        :func:`lmnet_utils.evaluation.statistics.mean_interval`, None with one object. With several training seeds also ``n_seeds``, and
        ``chamfer_seed_std`` (and ``emd_seed_std``): the standard deviation of the seeds' means (n − 1 in the denominator).
    """
    row: dict[str, Any] = {
        "model": evaluation.method,
        "classes": classes,
        "n_models": len(set(evaluation.objects)),
        "n_views": len(evaluation.objects) if evaluation.images else 0,
    }
    if evaluation.seeds:
        row["n_seeds"] = len(evaluation.seeds)
    for key in _KEYS:
        if key not in evaluation.scores:
            continue
        values = [scores[key] for scores in evaluation.seeds or [evaluation.scores]]  # (S, V)
        found = mean_interval(values, evaluation.objects)
        row[key] = found["mean"]
        if key in _WITH_INTERVAL:
            row |= {f"{key}_{end}": value for end, value in finite_interval(found).items()}
            if evaluation.seeds:
                each = [mean_interval(scores, evaluation.objects)["mean"] for scores in values]
                row[f"{key}_seed_std"] = float(np.std(each, ddof=1))
    return row


def comparison(evaluations: Sequence[Evaluation], classes: str, synsets: Collection[str]) -> list[dict[str, Any]]:
    """Rows of all methods that were scored on *every* object of some classes: only those compare with one another.

    Args:
        evaluations: in the order of the table.
        classes: name of the classes, for the rows.
        synsets: which classes.
    """
    parts = [evaluation.restricted_to(synsets) for evaluation in evaluations]
    every = {name for part in parts for name in part.objects}
    return [summary(part, classes) for part in parts if every and set(part.objects) == every]
