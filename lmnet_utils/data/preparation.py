"""What notebook 01 calls: a data set is made, or fetched and split."""

from __future__ import annotations

from typing import Any

from lmnet_utils.core.notebook_settings import DataSettings
from lmnet_utils.data import freeshapes
from lmnet_utils.data.shapenet import fetch_shapenet, make_splits


def prepare_data(settings: DataSettings) -> dict[str, Any]:
    """Make FreeShapes; of another data set fetch what is missing (ShapeNet, with ``download``) and write its splits.

    Returns:
        what was made, as :func:`lmnet_utils.data.freeshapes.make_dataset` counts it, or what :func:`make_splits` found.
    """
    if settings.dataset == freeshapes.DATASET:
        return freeshapes.make_dataset(
            copies=settings.copies,
            seed=settings.seed,
            workers=settings.workers,
            limit=settings.limit_per_class,
            programs=settings.programs,
            folds=settings.folds,
        )
    if settings.download:
        fetch_shapenet(settings.dataset)
    return make_splits(settings.dataset)
