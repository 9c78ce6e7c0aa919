"""What a training leaves, and how its history reads."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch


@dataclass(frozen=True)
class TrainingResult:
    """What a training leaves: ``model`` (kept epoch, evaluation mode), its ``directory`` and its ``history``.

    ``data`` names data set, split and their checksums. ``history`` has a row per epoch: ``epoch``, ``loss`` and its parts,
    ``validation_chamfer`` (×100, scaled, without ICP; None without a validation set), ``learning_rate``, ``seconds``.
    ``resumed_from`` is the epoch at which a killed run was taken up, or None.
    """

    model: torch.nn.Module
    directory: Path
    history: list[dict[str, Any]]
    best_epoch: int
    data: dict[str, Any]
    resumed_from: int | None

    @property
    def best_validation(self) -> float | None:
        """Validation Chamfer ×100 of the kept epoch, or None."""
        return next((row["validation_chamfer"] for row in self.history if row["epoch"] == self.best_epoch), None)

    @property
    def seconds(self) -> float:
        """Seconds spent in epochs, over all sittings."""
        return sum(row["seconds"] for row in self.history)


def history_line(row: dict[str, Any], epochs: int, best: float) -> str:
    """A row of the history as one line of text."""
    plain = ("epoch", "validation_chamfer", "learning_rate", "seconds")
    parts = "  ".join(f"{name} {value:.4g}" for name, value in row.items() if name not in plain)
    chamfer = row["validation_chamfer"]
    validation = "" if chamfer is None else f"  validation Chamfer ×100 {chamfer:.2f} (best {best:.2f})"
    return f"epoch {row['epoch']:>3}/{epochs}  {parts}{validation}  {row['seconds']:.1f} s"
