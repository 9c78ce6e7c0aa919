"""Where things are: the project root and the folders below it, never the working directory.

A notebook's kernel, a test and papermill each start somewhere else, so nothing here looks at the working directory.
The environment variables ``LMNET_ROOT``, ``LMNET_DATA``, ``LMNET_TRAINED_MODELS`` and ``LMNET_RUNS`` move the folders;
they are read at every call, so that a test can point the whole kit at a temporary folder.
"""

from __future__ import annotations

import os
from pathlib import Path


def project_root() -> Path:
    """The checkout that this package lies in (or ``LMNET_ROOT``)."""
    return Path(os.environ.get("LMNET_ROOT") or Path(__file__).resolve().parents[2])


def notebooks_root() -> Path:
    """The folder of the numbered notebooks and of ``profiles/``."""
    return project_root() / "notebooks"


def data_root() -> Path:
    """The folder of the data sets (or ``LMNET_DATA``)."""
    return Path(os.environ.get("LMNET_DATA") or project_root() / "data")


def trained_models_root() -> Path:
    """The folder of trained and downloaded weights (or ``LMNET_TRAINED_MODELS``)."""
    return Path(os.environ.get("LMNET_TRAINED_MODELS") or project_root() / "trained_models")


def runs_root() -> Path:
    """The folder of executed notebooks, figures, metrics and reports (or ``LMNET_RUNS``)."""
    return Path(os.environ.get("LMNET_RUNS") or project_root() / "runs")


def dataset_dir(dataset: str) -> Path:
    """Root of one data set in the R2N2 layout: ``data/<dataset>``."""
    return data_root() / dataset


def model_dir(run: str, model: str) -> Path:
    """Where a run keeps one model: ``trained_models/<run>/<model>``."""
    return trained_models_root() / run / model


def run_dir(run: str, step: str = "") -> Path:
    """Where a run keeps what a step shows: ``runs/<run>/<step>``; the folder is made."""
    folder = runs_root() / run / step
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def resolve(path: str | Path) -> Path:
    """A path as a parameter gives it: absolute as it is, anything else below the project root."""
    path = Path(path)
    return path if path.is_absolute() else project_root() / path


def as_parameter(path: Path) -> str:
    """A path as a parameter has it, such that :func:`resolve` finds it: relative below the project root, else absolute."""
    try:
        return path.absolute().relative_to(project_root().absolute()).as_posix()
    except ValueError:
        return str(path.absolute())


def display(path: str | Path) -> str:
    """``path`` as it may be printed and stored: below the project root, or its last two parts; never a machine path."""
    path = Path(path).absolute()
    try:
        return path.relative_to(project_root().absolute()).as_posix()
    except ValueError:
        return Path(*path.parts[-2:]).as_posix()
