"""What an import of meshes did, file by file, and what the data set holds now."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple


class Row(NamedTuple):
    """A line of the report."""

    file: str
    """Below the imported folder."""
    status: str
    """``imported``, ``kept`` (it was here already), ``skipped`` or ``removed`` (its file is gone)."""
    class_name: str = ""
    id: str = ""
    triangles: int | str = ""
    note: str = ""
    """Why it was skipped, or what was left out."""


@dataclasses.dataclass(frozen=True)
class Report:
    """What :func:`lmnet_utils.data.meshes.import_meshes` did. ``models`` counts the data set's objects, ``sides`` those of its official split."""

    dataset: str
    rows: list[Row]
    models: dict[str, int]
    """Class → objects."""
    sides: dict[str, int]

    def count(self, status: str) -> int:
        return sum(row.status == status for row in self.rows)

    def text(self) -> str:
        """For people: the counts, everything that was skipped or removed, what the data set holds now."""
        words = {"imported": "imported", "kept": "here already", "skipped": "skipped", "removed": "removed"}
        lines = [", ".join(f"{self.count(status)} {word}" for status, word in words.items() if self.count(status))]
        width = max((len(row.file) for row in self.rows), default=0)
        for row in self.rows:
            if row.note or row.status == "removed":
                lines.append(f"  {row.status:<9} {row.file:<{min(width, 50)}}  {row.note}".rstrip())
        classes = ", ".join(f"{name} {count}" for name, count in self.models.items()) or "nothing"
        lines.append(f"data set {self.dataset!r}: {classes}")
        sides = ", ".join(f"{count} {side}" for side, count in self.sides.items())
        lines.append(f"official split: {sides}")
        if self.models and not self.sides["train"]:
            lines.append("There is nothing to train on: a class needs two objects for one to be a training object.")
        if self.models:
            lines.append(f'Every notebook takes it: dataset="{self.dataset}", classes="13" for all its classes.')
        return "\n".join(lines)
