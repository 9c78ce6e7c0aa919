"""Learning curves: the errors of networks that learnt from more and more objects, all on the same held-out ones.

A grid of trainings (:class:`lmnet_utils.core.curve_settings.CurveSettings`) gives for each cell, so many real objects and so many of
programs, one error an object. Every figure here is a mean over held-out objects with the kit's interval over objects, and over
training seeds where there are several (:mod:`lmnet_utils.evaluation.statistics`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lmnet_utils.data.layout import class_of
from lmnet_utils.evaluation.statistics import finite_interval, mean_interval, paired_difference


@dataclasses.dataclass(frozen=True)
class LearningCurves:
    """What a grid of trainings scored.

    Attributes:
        objects: (O,) "synset/model", held out from all trainings.
        cells: each with ``real``, ``programs`` and ``seed``; the errors (O,) of its ``autoencoder`` and its ``L1``, ×100; and
            ``classes``, how many of the real training objects are of each class.
    """

    objects: list[str]
    cells: list[dict[str, Any]]

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> LearningCurves:
        """From what notebook 13 has written: a ``metrics.json``'s ``results``, or the kept ``learning_curve.json``."""
        return cls(list(record["objects"]), list(record["cells"]))

    @property
    def real_counts(self) -> list[int]:
        """How many real objects, ascending."""
        return sorted({cell["real"] for cell in self.cells})

    @property
    def program_counts(self) -> list[int]:
        """How many objects of programs, ascending."""
        return sorted({cell["programs"] for cell in self.cells})

    def of_class(self, name: str) -> np.ndarray:
        """(O,) which held-out objects are of a class."""
        return np.array([class_of(one) == name for one in self.objects])

    def scores(self, network: str, real: int, programs: int) -> np.ndarray:
        """Errors (S, O) of a cell's ``"autoencoder"`` or ``"L1"``, a row a seed.

        Raises:
            ValueError: there is no such cell; says which there are.
        """
        found = [cell[network] for cell in self.cells if (cell["real"], cell["programs"]) == (real, programs)]
        if not found:
            raise ValueError(
                f"no training on {real} real objects and {programs} of programs: expected one of {self.real_counts} and "
                f"one of {self.program_counts}."
            )
        return np.array(found, np.float64)

    def rows(self, network: str, programs: int, chosen: np.ndarray | None = None) -> list[dict[str, Any]]:
        """A curve: for each number of real objects ``real``, ``mean``, ``low`` and ``high`` (None with one held-out object).

        Args:
            network: ``"autoencoder"`` or ``"L1"``.
            programs: how many objects of programs beside the real ones.
            chosen: (O,) which held-out objects count, at least one; by default all.
        """
        found = []
        for real in self.real_counts:
            values, names = self._chosen(self.scores(network, real, programs), chosen)
            interval = mean_interval(values, names)
            found.append({"real": real, "mean": interval["mean"], **finite_interval(interval)})
        return found

    def class_rows(self, network: str, programs: int, name: str) -> list[dict[str, Any]]:
        """:meth:`rows` of a class's held-out objects; ``real`` is how many real training objects are *of this class*.

        Empty for a class without held-out objects.
        """
        if not self.of_class(name).any():
            return []
        counts = {cell["real"]: cell["classes"].get(name, 0) for cell in self.cells}
        return [{**row, "real": counts[row["real"]]} for row in self.rows(network, programs, self.of_class(name))]

    def gain_per_doubling(self, network: str, programs: int, chosen: np.ndarray | None = None) -> dict[str, Any]:
        """By how much the error falls with twice as many real objects: ``mean``, ``low``, ``high``.

        The slope, by least squares, of each held-out object's error against log₂ of the real objects, its sign changed; then the mean
        over held-out objects. A description of the measured range, no law beyond it.

        Raises:
            ValueError: there is one number of real objects only.
        """
        x = np.log2(self.real_counts)
        if len(x) < 2:
            raise ValueError(f"one number of real objects, {self.real_counts}: expected two or more.")
        weights = (x - x.mean()) / np.square(x - x.mean()).sum()
        errors = np.stack([self.scores(network, real, programs) for real in self.real_counts])  # (R, S, O)
        values, names = self._chosen(-np.tensordot(weights, errors, 1), chosen)
        return mean_interval(values, names)

    def gain_of_programs(
        self, network: str, real: int, programs: int, chosen: np.ndarray | None = None
    ) -> dict[str, Any]:
        """By how much so many programs lower the error: the ``difference`` without less with them, ``low``, ``high``."""
        without, names = self._chosen(self.scores(network, real, 0), chosen)
        return paired_difference(without, self._chosen(self.scores(network, real, programs), chosen)[0], names)

    def expected(self, network: str, programs: int, real: int) -> float | None:
        """The error read from the curve at any number of real objects: straight between measured ones on a log₂ axis.

        None outside what was measured: nothing is known there.
        """
        rows = self.rows(network, programs)
        counts = [row["real"] for row in rows]
        if not counts[0] <= real <= counts[-1]:
            return None
        return float(np.interp(np.log2(real), np.log2(counts), [row["mean"] for row in rows]))

    def _chosen(self, values: np.ndarray, chosen: np.ndarray | None) -> tuple[np.ndarray, Sequence[str]]:
        mask = np.ones(len(self.objects), bool) if chosen is None else np.asarray(chosen, bool)
        return values[:, mask], [name for name, wanted in zip(self.objects, mask, strict=True) if wanted]
