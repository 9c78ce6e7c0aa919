"""The shipped weights under another root, so that a test decides whether residuals lie beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
from r2n2_tree import write_tree

from lmnet_utils.apps.explorer_session import Session
from lmnet_utils.core import paths
from lmnet_utils.models.posteriors import FILE, ResidualPosterior


def link_weights(root: Path, residuals: dict[str, ResidualPosterior] | None = None) -> Path:
    """Link the shipped networks into ``root``, without their residuals; returns it.

    Args:
        root: for LMNET_TRAINED_MODELS.
        residuals: encoder → what to put beside it.
    """
    for folder in sorted((paths.project_root() / "trained_models" / "freeshapes").iterdir()):
        if not folder.is_dir():
            continue
        (root / "freeshapes" / folder.name).mkdir(parents=True)
        for file in folder.iterdir():
            if file.name != FILE:
                (root / "freeshapes" / folder.name / file.name).symlink_to(file)
    for name, posterior in (residuals or {}).items():
        posterior.save(root / "freeshapes" / name)
    return root


def open_boxes(
    factory: pytest.TempPathFactory,
    classes: tuple[str, ...] = ("chair",),
    residuals: dict[str, ResidualPosterior] | None = None,
) -> Session:
    """The explorer's session on boxes, two of each class in the test split, and the shipped weights of :func:`link_weights`."""
    folder = factory.mktemp("data")
    write_tree(folder / "boxes", {"train": 1, "test": 2}, classes)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMNET_DATA", str(folder))
        patch.setenv("LMNET_TRAINED_MODELS", str(link_weights(factory.mktemp("weights"), residuals)))
        return Session("freeshapes", "boxes")
