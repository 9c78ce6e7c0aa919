"""The frames of clouds: upright (y up) and that of the files (−x up), and quarter turns about the vertical.

``docs/frames.md`` says which is used where. Every function takes NumPy arrays or torch tensors and returns the same kind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from numpy.typing import NDArray

from lmnet_utils.core import checks
from lmnet_utils.core.settings import Yaw

if TYPE_CHECKING:
    from lmnet_utils.geometry.pointclouds import Cloud


# ------------------------------------------------------------------------------------------------------------ frames
def y_up_from_file(points: Cloud) -> Cloud:
    """From the frame of the ``pointcloud_*.npy`` files (up is −x) to the renderings' frame (up is +y).

    (x, y, z) → (y, −x, z), a rotation. Source: the official ``show3d_balls.py`` viewer and the port's visualisation
    agree on it; :func:`lmnet_utils.data.verification.frame_check` measures it on data.
    """
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return _stacked([y, -x, z], points)


def file_from_y_up(points: Cloud) -> Cloud:
    """Inverse of :func:`y_up_from_file`: (x, y, z) → (−y, x, z)."""
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return _stacked([-y, x, z], points)


def _stacked(coordinates: list[Cloud], like: Cloud) -> Cloud:
    """Coordinates (…, N) each → (…, N, 3); torch is not imported here, which rendering processes do without."""
    if isinstance(like, np.ndarray):
        return np.stack(coordinates, -1)
    stacked = like.new_empty(like.shape)
    for axis, values in enumerate(coordinates):
        stacked[..., axis] = values
    return stacked


YAWS = get_args(Yaw)


def quarter_turn(yaw: int) -> NDArray[np.int_]:
    """Rotation (3, 3), integers, of clouds in the file frame by ``yaw`` degrees about the vertical: ``points @ rotation.T``.

    90 makes a front that faces +z (of the upright frame) face +x.

    Raises:
        ValueError: not a quarter turn.
    """
    checks.choose("yaw", yaw, YAWS)
    cos, sin = {0: (1, 0), 90: (0, 1), 180: (-1, 0), 270: (0, -1)}[yaw]
    return np.array([[1, 0, 0], [0, cos, sin], [0, -sin, cos]])  # the file frame's x points down


def turn_clouds(points: NDArray[Any], yaw: int) -> NDArray[Any]:
    """Clouds (…, 3) in the file frame, turned by quarter turns about the vertical: the same numbers, exchanged."""
    return points if yaw == 0 else np.ascontiguousarray(points @ quarter_turn(yaw).T.astype(points.dtype))
