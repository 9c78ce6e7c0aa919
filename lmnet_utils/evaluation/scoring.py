"""Scoring of methods, batch by batch; a killed evaluation goes on where it stood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmnet_utils.core import cache
from lmnet_utils.core.memory import memory_for
from lmnet_utils.evaluation import protocol, summaries
from lmnet_utils.evaluation.methods import Method, Task, names_hash
from lmnet_utils.evaluation.protocol import Scores
from lmnet_utils.evaluation.summaries import Evaluation
from lmnet_utils.models.inference import Item, items_of
from lmnet_utils.models.registry import base_name

_LESS_MEMORY = "Close other programs, run fewer --jobs, or take a smaller batch_size. Finished scores are kept; the same command goes on."


# ----------------------------------------------------------------------------------------------------------- scoring
@dataclass(frozen=True)
class Scoring:
    """What of a method is scored, and how.

    Attributes:
        views: of each object, by default all; a method that looks at no image has one cloud an object.
        icp: some of ``"none"``, ``"exact"``, ``"official"`` (:data:`lmnet_utils.core.settings.Icp`).
        emd: also the earth mover's distance.
        seed: of the draw of the points that are compared.
        emd_without_icp: whether EMD, the slowest score, is computed of clouds that are not aligned, too.
    """

    views: int | None = None
    icp: Sequence[str] = ("none",)
    emd: bool = False
    seed: int = 0
    emd_without_icp: bool = True


@dataclass(frozen=True)
class Scored:
    """A method's scores: ``scores[kind][key][i]`` of ``items[i]``, for each kind of ICP."""

    method: Method
    items: list[Item]
    scores: dict[str, Scores]

    def evaluation(self, kind: str = "none") -> Evaluation:
        """The scores of one kind of ICP, as tables take them."""
        objects = [item.model for item in self.items]
        return Evaluation(self.method.label, objects, self.scores[kind], self.method.images)


def score_method(
    task: Task,
    method: Method,
    how: Scoring = Scoring(),
    folder: str | Path | None = None,
    *,
    batch_size: int = 64,
    progress: bool = True,
) -> Scored:
    """Score a method on its objects, batch by batch, by the paper's protocol.

    Args:
        task: what it is scored on.
        method: what is scored.
        how: on which views, with which alignment.
        folder: where its scores are kept; None keeps nothing. A file there serves again only if everything that decides
            the scores is the same (weights, decoder, data, split, objects, options, :data:`cache.VERSIONS`); one that is
            not complete, of a killed evaluation or of fewer views, is continued.
        batch_size: clouds at once.
        progress: show a bar.

    Raises:
        ValueError: as :func:`lmnet_utils.evaluation.protocol.score`, with the method's name in front.
    """
    items = items_of(task.pack, method.objects, how.views if method.images else 1)
    key = {"method": dict(method.identity), "objects": names_hash(method.objects), **task.data}
    key |= {"icp": list(how.icp), "emd": how.emd, "seed": how.seed}
    key |= {} if how.emd_without_icp else {"emd_without_icp": False}

    def compute(span: slice) -> dict[str, np.ndarray]:
        part = items[span]
        truth, clouds = task.pack.points_1024[task.pack.rows([item.model for item in part])], method.clouds(part)
        found = {}
        for kind in how.icp:
            icp = None if kind == "none" else kind
            emd = how.emd and (icp is not None or how.emd_without_icp)
            try:
                scores = protocol.score(truth, clouds, seed=how.seed, icp=icp, emd=emd)
            except ValueError as error:
                raise ValueError(f"{method.label}, from item {span.start} on: {error}") from error
            found.update({f"{kind}.{name}": values for name, values in scores.items()})
        return found

    file = None if folder is None else Path(folder) / method.name
    shown = method.label if progress else ""
    with memory_for(f"the scores of {method.label}, {batch_size} clouds at once", _LESS_MEMORY):
        arrays = cache.kept_arrays(file, cache.fingerprint(key, "methods"), len(items), batch_size, compute, shown)
    scores: dict[str, Scores] = {kind: {} for kind in how.icp}
    for name, values in arrays.items():
        kind, _, score = name.partition(".")
        scores[kind][score] = values
    return Scored(method, items, scores)


def evaluations(scored: Sequence[Scored], kind: str = "none") -> list[Evaluation]:
    """Methods as a table takes them; the training seeds of one method become one.

    Raises:
        ValueError: seeds of one method were scored on different items.
    """
    groups: dict[str, list[Evaluation]] = {}
    for one in scored:
        groups.setdefault(base_name(one.method.name), []).append(one.evaluation(kind))
    return [summaries.merge_seeds(group) for group in groups.values()]
