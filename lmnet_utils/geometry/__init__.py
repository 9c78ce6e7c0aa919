"""Point clouds as arrays: frames, cameras, nearest neighbours, distances, alignment, visibility. Knows no files."""

from typing import TYPE_CHECKING

from lmnet_utils.core.lazy import lazy_exports

if TYPE_CHECKING:
    from lmnet_utils.geometry.camera import silhouette_overlap, unit_diagonal
    from lmnet_utils.geometry.frames import file_from_y_up, turn_clouds, y_up_from_file
    from lmnet_utils.geometry.pointclouds import (
        chamfer_distance,
        nearest_neighbours,
        scale_to_unit_cube,
        scaled_chamfer,
    )
else:
    __getattr__, __dir__, __all__ = lazy_exports(__name__)
