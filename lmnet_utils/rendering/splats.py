"""Clouds as small shaded balls, drawn in NumPy as ``viewer.js`` draws them on the screen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from lmnet_utils.geometry.camera import camera_axes

_REACH, _RADIUS, _FADE = 0.52, 0.0105, 0.62  # as in viewer.js


def splat(
    points: np.ndarray, colours: np.ndarray | Sequence[int], camera: dict[str, float], size: int = 256
) -> np.ndarray:
    """Draw points as small shaded balls: ``drawCloud`` of ``viewer.js`` in NumPy.

    Args:
        points: (P, 3), y up, an object's diagonal being 1.
        colours: (P, 3) uint8, or one (3,).
        camera: azimuth, elevation, zoom.
        size: pixels a side.

    Returns:
        (size, size, 3) uint8.
    """
    unit = size / (2 * _REACH) * camera.get("zoom", 1.0)
    radius = max(_RADIUS * unit, 0.9)
    right, up, near = (np.asarray(points, np.float64) @ camera_axes(camera["azimuth"], camera["elevation"]).T).T
    column, row = size / 2 + unit * right, size / 2 - unit * up
    reach = math.ceil(radius) + 1
    steps = np.arange(-reach, reach + 1)
    rows = np.floor(row).astype(int)[:, None, None] + steps[:, None]  # (P, K, 1)
    columns = np.floor(column).astype(int)[:, None, None] + steps  # (P, 1, K)
    outside = ((columns + 0.5 - column[:, None, None]) / radius) ** 2 + (
        (rows + 0.5 - row[:, None, None]) / radius
    ) ** 2
    covered = (outside <= 1) & (rows >= 0) & (rows < size) & (columns >= 0) & (columns < size)
    point, i, j = np.nonzero(covered)
    bulge = np.sqrt(1 - outside[point, i, j])
    place = rows[point, i, 0] * size + columns[point, 0, j]
    order = np.argsort(near[point] + bulge * _RADIUS, kind="stable")  # the nearest is written last
    point, bulge, place = point[order], bulge[order], place[order]
    fade = (_FADE * np.clip(0.5 - near, 0, 1))[point, None]
    lit = np.broadcast_to(np.asarray(colours, np.float64), (len(near), 3))[point] * (0.7 + 0.3 * bulge)[:, None]
    picture = np.full((size * size, 3), 255, np.uint8)
    picture[place] = np.rint(lit + fade * (255 - lit))
    return picture.reshape(size, size, 3)
