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
        contents = freeshapes.Contents(
            settings.copies, settings.programs, settings.limit_per_class, settings.folds, settings.seed
        )
        return freeshapes.make_dataset(contents=contents, workers=settings.workers)
    if settings.download:
        fetch_shapenet(settings.dataset)
    return make_splits(settings.dataset)
