"""Parts that several programs of telephones share: bodies of phones, keys, dials, handsets, cords."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
    curve,
    cushion,
    extrusion,
    lathe,
    loft,
    mirrored,
    moved,
    rounded_rectangle,
    tube,
)  # fmt: skip

Paint = tuple[float, float, float]


def rounded_slab(size: tuple[float, float, float], corner: float, edge: float, waist: float, paint: Paint) -> Part:
    """The body of a phone about the origin, its front towards +x.

    Args:
        size: depth, height, width.
        corner: radius of the corners seen from the front.
        edge: width of the slant around front and back.
        waist: share by which it is narrower in the middle of its height (below 0: wider).
    """
    deep, high, wide = size
    corners = rounded_rectangle(high, wide, corner, 5)  # (y, z)
    left, right = corners[:12], corners[12:]
    between = np.linspace(0, 1, 5)[1:-1, None]
    corners = np.concatenate(
        [left, left[-1] + between * (right[0] - left[-1]), right, right[-1] + between * (left[0] - right[-1])]
    )
    slim = 1 - waist * (1 - (2 * corners[:, :1] / high) ** 2)
    corners = corners * np.concatenate([np.ones_like(slim), slim], axis=1)
    cut = min(edge, 0.45 * deep)
    inner = corners * (1 - 2 * cut / high, 1 - 2 * cut / wide)
    rows = ((-deep / 2, inner), (cut - deep / 2, corners), (deep / 2 - cut, corners), (deep / 2, inner))
    return loft([np.insert(outline, 0, x, axis=1) for x, outline in rows], paint)


def keypad(size: tuple[float, float], shape: tuple[int, int], gap: float, rise: float, paint: Paint) -> Part:
    """Keys on the plane x = 0, about the origin; ``size`` and ``shape`` are their field's height and width, rows and columns."""
    step_y, step_z = size[0] / shape[0], size[1] / shape[1]
    key = box((2 * rise, step_y * (1 - gap), step_z * (1 - gap)), (0, 0, 0), paint, bevel=0.4 * rise)
    places = [
        (0, (row - (shape[0] - 1) / 2) * step_y, (column - (shape[1] - 1) / 2) * step_z)
        for row in range(shape[0])
        for column in range(shape[1])
    ]
    return array(key, places)


def dial(radius: float, paint: Paint, dark: Paint) -> list[Part]:
    """A rotary dial on y = 0, facing up."""
    plate = lathe(
        np.array([(1.1, 0), (1.1, 0.12), (1.0, 0.14), (0.98, 0.22), (0.4, 0.22), (0.38, 0.26), (0, 0.26)]) * radius,
        paint,
    )
    hole = lathe(np.array([(0.14, 0), (0.14, 0.24), (0, 0.24)]) * radius, dark, 8)
    angles = np.radians(np.arange(20, 320, 30))
    holes = array(hole, np.stack([0.7 * radius * np.cos(angles), 0 * angles, 0.7 * radius * np.sin(angles)], -1))
    return [plate, holes]


def handset(form: str, span: float, grip: float, bend: float, paint: Paint) -> list[Part]:
    """A handset along z, its ear- and mouthpiece facing down, their undersides at y = 0."""
    rise = bend * span
    if form == "block":
        t = np.linspace(-1, 1, 13)
        over = np.stack([rise * (1 - 0.6 * t**4) + 0.9 * grip, 0.5 * span * t], -1)
        under = [
            (0, 0.5 * span),
            (0, 0.27 * span),
            (rise, 0.2 * span),
            (rise, -0.2 * span),
            (0, -0.27 * span),
            (0, -0.5 * span),
        ]
        return [extrusion(np.concatenate([over, under]), 1.25 * grip, paint, "x")]
    bow = curve(
        [
            (0.5 * grip, -0.44),
            (0.5 * grip + 0.75 * rise, -0.3),
            (0.6 * grip + rise, 0),
            (0.5 * grip + 0.75 * rise, 0.3),
            (0.5 * grip, 0.44),
        ],
        4,
    )
    path = np.stack([0 * bow[:, 0], bow[:, 0], bow[:, 1] * span], axis=-1)
    swell = 0.5 * grip * (1 + 0.35 * np.abs(bow[:, 1] / 0.44))
    piece = 0.9 * grip
    if form == "cups":
        cup = moved(
            lathe(np.array([(0, 0), (1, 0), (1, 0.35), (0.6, 0.9), (0.4, 1.1), (0, 1.1)]) * piece, paint, 16),
            z=0.44 * span,
        )
    else:
        cup = cushion((2 * piece, 1.3 * piece, 2 * piece), (0, 0.65 * piece, 0.43 * span), paint, 0.55, 6)
    return [tube(path, swell, paint, 10), mirrored(cup)]


def cord(form: str, points: Sequence[Any], radius: float, paint: Paint) -> list[Part]:
    """A cord through the points: none, straight or coiled (``radius`` is that of the coil)."""
    if form == "none":
        return []
    steps = 40 if form == "coiled" else 8
    path = curve(np.array(points, np.float64), steps)
    if form == "straight":
        return [tube(path, 0.3 * radius, paint, 6)]
    tangent = np.gradient(path, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-12)
    side = np.cross(tangent, (0.31, 0.2, 0.93))
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    phase = 2 * np.pi * np.arange(len(path))[:, None] / 8
    winding = path + radius * (np.cos(phase) * side + np.sin(phase) * np.cross(tangent, side))
    return [tube(winding, 0.3 * radius, paint, 4)]
