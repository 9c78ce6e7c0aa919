"""A step of a plan, one execution of one notebook, and what has to be there before steps can run."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

from lmnet_utils.core import paths
from lmnet_utils.core.settings import RUN_NAME
from lmnet_utils.data import splits
from lmnet_utils.data.taxonomy import class_name

# Parameters that name a folder or file of weights, relative to the project root.
WEIGHTS = ("initial_weights", "autoencoder")


@dataclasses.dataclass(frozen=True)
class Step:
    """One execution of one notebook. ``parameters`` are the values given to it; ``swept`` those of them from a sweep."""

    notebook: str
    parameters: dict[str, Any]
    swept: dict[str, Any]
    defaults: dict[str, Any]

    @property
    def key(self) -> str:
        """``05_encoder_probabilistic--diversity_weight=0.5``, without a sweep just the notebook's stem."""
        variant = ",".join(f"{name}={plain_text(value)}" for name, value in self.swept.items())
        return f"{self.notebook}--{variant}" if variant else self.notebook

    @property
    def values(self) -> dict[str, Any]:
        """Every parameter of the notebook with the value that it runs with."""
        return {**self.defaults, **self.parameters}


def plain_text(value: Any) -> str:
    """A value as it stands in the name of a step or run."""
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return re.sub(r"[^\w.+-]+", "_", text)


def missing_inputs(steps: Sequence[Step], run: str, selected: Sequence[Step]) -> list[str]:
    """Why the selected ones of a run's steps cannot start: its name, weights or data that are not there."""
    problems = []
    if not re.fullmatch(RUN_NAME, run):
        problems.append(f"run name {run!r}: expected 1 to 64 letters, digits and .-_ only, for it names a folder")
    elif (paths.trained_models_root() / run / "MODEL_CARD.md").is_file():
        problems.append(
            f"run name {run!r}: trained_models/{run} holds the weights that come with the kit and would be overwritten; "
            "choose another with --run-name"
        )
    own_models = paths.trained_models_root() / run
    for step in selected:
        for name in WEIGHTS:
            value = step.values.get(name)
            if not isinstance(value, str):
                continue
            path = paths.resolve(value)
            made_here = step is not steps[0] and own_models.absolute() in path.absolute().parents
            if not path.exists() and not made_here:
                problems.append(
                    f"{step.notebook}: parameter {name}: expected weights at {value}, found nothing; "
                    "name a folder that another run has trained, or null"
                )
        weights_run = step.values.get("weights_run")
        if isinstance(weights_run, str) and not (paths.trained_models_root() / weights_run).is_dir():
            problems.append(
                f"{step.notebook}: parameter weights_run: expected trained models in trained_models/{weights_run}, "
                "found nothing"
            )
    for dataset in dict.fromkeys(step.values.get("dataset") for step in selected):
        fetched = any(step.values.get("download") is True for step in selected)
        if isinstance(dataset, str) and not (dataset == "freeshapes" or fetched or paths.dataset_dir(dataset).is_dir()):
            from lmnet_utils.data.shapenet import how_to_get_renderings

            problems.append(f"parameter dataset: no data set {dataset!r}. {how_to_get_renderings(dataset)}")
    return problems + _nothing_to_train_on(selected)


def _nothing_to_train_on(steps: Sequence[Step]) -> list[str]:
    """Trainings on classes of which an imported data set has no training object, such as Variant II's chairs."""
    problems = []
    for step in steps:
        dataset, split, classes = (step.values.get(name) for name in ("dataset", "split", "classes"))
        if "epochs" not in step.values or not (paths.dataset_dir(str(dataset)) / "imports").is_dir():
            continue  # no training, or data that notebook 01 makes
        try:
            known, wanted = (splits.read(paths.dataset_dir(dataset), split, group).train for group in ("13", classes))
        except (FileNotFoundError, ValueError):
            continue  # the notebook says what is wrong
        if not wanted:
            there = ", ".join(sorted({class_name(model.split("/")[0]) for model in known})) or "nothing"
            number = step.notebook.partition("_")[0]
            problems.append(
                f"{step.notebook}: parameter classes: {dataset!r} has no training object of {classes!r} (it has {there}); "
                f"--set {number}.classes=13 takes all its classes"
            )
    return problems
