"""Parts that several programs of displays share: housings, screens, keyboards."""

from __future__ import annotations

import numpy as np

from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
    joined,
    loft,
    rounded_rectangle,
)  # fmt: skip

Paint = tuple[float, float, float]
SCREENS = ("black", "dark grey", "dark grey", "navy", "blue", "light blue", "grey")


def outline(width: float, height: float, radius: float) -> np.ndarray:
    """A rounded rectangle (48, 2) as (y, z), with points along its edges too, so that it can be bent."""
    corners = rounded_rectangle(height, width, radius, 3).reshape(4, 4, 2)
    pieces = []
    for corner, following in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        t = np.linspace(0, 1, 10)[1:-1, None]
        pieces += [corner, corner[-1] + t * (following[0] - corner[-1])]
    return np.concatenate(pieces)


def casing(rows: list[tuple[float, float, float, float]], radius: float, paint: Paint, caps: bool = True) -> Part:
    """A housing through rounded rectangles, each (x, width, height, shift of its middle upwards)."""
    sections = [np.insert(outline(w, h, radius) + (up, 0), 0, x, axis=1) for x, w, h, up in rows]
    return loft(sections, paint, caps=caps)


def pane(width: float, height: float, x: float, bulge: float, paint: Paint) -> Part:
    """A screen that faces the front, its middle ``bulge`` in front of its corners."""
    y, z = np.linspace(-1, 1, 7), np.linspace(-1, 1, 11)
    grid = np.zeros((len(z), len(y), 3))
    grid[..., 0] = x + bulge * (1 - 0.5 * y**2 - 0.5 * z[:, None] ** 2)
    grid[..., 1], grid[..., 2] = y * height / 2, z[:, None] * width / 2
    return loft(grid, paint, closed=False)


def keyboard(length: float, depth: float, rows: int, paint: Paint) -> Part:
    """Keys about the origin on y = 0, to be typed on from the front."""
    columns = 13
    step_x, step_z = depth / rows, length / columns
    key = box((step_x * 0.8, 0.25 * step_x, step_z * 0.82), (0, 0.12 * step_x, 0), paint)
    bar = box((step_x * 0.8, 0.25 * step_x, step_z * 5.8), (depth / 2 - step_x / 2, 0.12 * step_x, 0), paint)
    places = [
        ((row - (rows - 1) / 2) * step_x, 0, (column - (columns - 1) / 2) * step_z)
        for row in range(rows)
        for column in range(columns)
        if row < rows - 1 or not 3 < column < 9
    ]
    return joined(array(key, places), bar)
