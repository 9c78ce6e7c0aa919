"""The shipped weights under another root, so that a test decides whether residuals lie beside them."""

from __future__ import annotations

from pathlib import Path

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
