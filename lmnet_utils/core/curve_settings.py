"""Settings of notebook 13, and those of the trainings that they stand for: a grid of how many objects a training sees."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from pydantic import Field, model_validator

from lmnet_utils.core.notebook_settings import AutoencoderSettings, EncoderSettings
from lmnet_utils.core.settings import (
    Classes,
    Count,
    DatasetName,
    Device,
    Positive,
    Precision,
    Run,
    Seed,
    Settings,
    Split,
    Width,
)


class GridCell(NamedTuple):
    """What two trainings of notebook 13 see: so many real objects, so many of programs, and their seed."""

    real: int
    programs: int
    seed: int = 0


class CurveSettings(Settings):
    """Settings of notebook 13; its parameters cell says what each is.

    All cells of the grid have the same steps, batches and learning rates, so that nothing but the objects differs. A training is one
    epoch of so many steps, and its last weights are kept: the validation objects choose nothing.
    """

    run: Run
    dataset: DatasetName
    split: Split
    classes: Classes
    device: Device
    precision: Precision
    real_counts: Annotated[list[Count], Field(min_length=1)]
    program_counts: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)]
    seeds: Annotated[list[Seed], Field(min_length=1)]
    autoencoder_steps: Count
    autoencoder_batch: Annotated[int, Field(ge=2)]  # batch norm needs two clouds
    autoencoder_learning_rate: Positive
    input_points: Annotated[int, Field(ge=1, le=2048)]
    encoder_steps: Count
    encoder_batch: Count
    encoder_learning_rate: Positive
    width: Width
    views: Count | None
    own_objects: Count

    @model_validator(mode="after")
    def _grid_can_be(self) -> CurveSettings:
        for name in ("real_counts", "program_counts", "seeds"):
            listed = getattr(self, name)
            if listed != sorted(set(listed)):
                raise ValueError(f"{name}={listed}: expected each once, the smallest first")
        for cell in self.grid():
            self.of_encoder(cell)  # such as a run's name that is too long
        return self

    def grid(self) -> list[GridCell]:
        """The cells in the order in which they are trained."""
        return [
            GridCell(real, programs, seed)
            for seed in self.seeds
            for programs in self.program_counts
            for real in self.real_counts
        ]

    def within(self, real: int, programs: int) -> CurveSettings:
        """The same grid where there are so many real objects and programs: larger numbers become all that there are."""
        counts = {"real_counts": (self.real_counts, real), "program_counts": (self.program_counts, programs)}
        return self.but(**{name: sorted({min(one, most) for one in asked}) for name, (asked, most) in counts.items()})

    def run_of(self, cell: GridCell) -> str:
        """Where a cell's weights go: ``<run>-real20-programs500``, and ``-seed1`` of another seed than 0."""
        name = f"{self.run}-real{cell.real}-programs{cell.programs}"
        return name + (f"-seed{cell.seed}" if cell.seed else "")

    def of_autoencoder(self, cell: GridCell) -> AutoencoderSettings:
        """A cell's autoencoder, trained from scratch."""
        given: dict[str, Any] = {"steps_per_epoch": self.autoencoder_steps, "batch_size": self.autoencoder_batch}
        given |= {"learning_rate": self.autoencoder_learning_rate, "input_points": self.input_points}
        return AutoencoderSettings(**self._common(cell), **given, weight_decay=0.0, loss="paper")

    def of_encoder(self, cell: GridCell) -> EncoderSettings:
        """A cell's L1 encoder, which learns the latents of the cell's autoencoder."""
        given: dict[str, Any] = {"steps_per_epoch": self.encoder_steps, "batch_size": self.encoder_batch}
        given |= {
            "learning_rate": self.encoder_learning_rate,
            "architecture": "port",
            "width": self.width,
            "loss": "l1",
        }
        given |= {"weight_decay_conv": 0.0, "weight_decay_fc": 0.0, "autoencoder": None}
        return EncoderSettings(**self._common(cell), **given, views_per_model=None, validation_views=self.views)

    def _common(self, cell: GridCell) -> dict[str, Any]:
        names = ("dataset", "split", "classes", "device", "precision")
        given = {name: getattr(self, name) for name in names}
        given |= {"run": self.run_of(cell), "seed": cell.seed, "real_objects": cell.real, "programs": cell.programs}
        return given | {"epochs": 1, "schedule": "one_cycle", "augment": True, "initial_weights": None}
