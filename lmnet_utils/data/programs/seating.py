"""What chairs share: legs, bent tubes, moulded shells, walls round a seat, and the bases that swivelling seats stand on.

Lengths are metres; the middle of the seat is above the origin.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from lmnet_utils.data.programs.parts import (
    Part,
    bar,
    cushion,
    joined,
    lathe,
    loft,
    moved,
    ring,
    rod,
    rounded_rectangle,
    scaled,
    sheet,
    tube,
)  # fmt: skip

Colour = tuple[float, float, float]

LEGS = ("square", "tapered", "round", "turned", "cabriole", "tube")
"""Kinds of legs, see :func:`leg`."""


def bent(points: ArrayLike, radius: float, steps: int = 4) -> np.ndarray:
    """A line of straight pieces with its corners rounded, as a tube is bent."""
    p = np.asarray(points, np.float64)
    path = [p[:1]]
    t = np.linspace(0, 1, steps + 1)[:, None]
    for before, corner, after in zip(p, p[1:], p[2:], strict=False):
        back, ahead = before - corner, after - corner
        lengths = np.linalg.norm(back), np.linalg.norm(ahead)
        cut = min(radius, 0.45 * lengths[0], 0.45 * lengths[1])
        a, b = corner + back * cut / lengths[0], corner + ahead * cut / lengths[1]
        path.append((1 - t) ** 2 * a + 2 * t * (1 - t) * corner + t**2 * b)
    return np.concatenate([*path, p[-1:]])


def leg(kind: str, top: ArrayLike, foot: ArrayLike, thickness: float, colour: Colour) -> Part:
    """A leg from its top to its foot; ``kind`` is one of :data:`LEGS`."""
    a, b = np.asarray(top, np.float64), np.asarray(foot, np.float64)
    t = np.linspace(0, 1, 13)[:, None]
    if kind == "square":
        return bar(a, b, thickness, thickness, colour)
    if kind == "tapered":
        return bar(a, b, 1.15 * thickness, 1.15 * thickness, colour, 0.55)
    if kind == "round":
        return tube(a + t[::4] * (b - a), thickness * (0.55 - 0.19 * t[::4, 0]), colour, 12)
    if kind == "turned":
        swell = np.array([0.5, 0.5, 0.36, 0.58, 0.42, 0.5, 0.56, 0.52, 0.44, 0.36, 0.5, 0.4, 0.32])
        return tube(a + t * (b - a), 1.1 * thickness * swell, colour, 8)
    if kind == "cabriole":
        outwards = np.sign([a[0], 0, a[2]]) * np.array([1, 0, 0.6])
        sway = np.interp(t[:, 0], [0, 0.18, 0.45, 0.8, 1], [0, 0.6, 0.1, -0.55, 0])
        swell = np.interp(t[:, 0], [0, 0.2, 0.6, 0.85, 0.93, 1], [0.6, 0.75, 0.45, 0.32, 0.5, 0.45])
        return tube(a + t * (b - a) + 0.9 * thickness * sway[:, None] * outwards, thickness * swell, colour, 8)
    return rod(a, b, 0.32 * thickness, colour, 8)


def plate(depth: float, widths: tuple[float, float], corner: float, thickness: float, colour: Colour) -> Part:
    """A level board about the origin, as wide as ``widths`` in front and behind; ``corner``: radius over the depth."""
    outline = rounded_rectangle(1.0, 1.0, corner, 6)
    edge = min(0.3 * thickness, 0.006)
    sections = []
    for y, inset in ((-0.5, edge), (-0.5 + edge / thickness, 0.0), (0.5 - edge / thickness, 0.0), (0.5, edge)):
        x = outline[:, 1] * (depth - 2 * inset)
        z = outline[:, 0] * (widths[1] + (widths[0] - widths[1]) * (outline[:, 1] + 0.5) - 2 * inset)
        sections.append(np.stack([x, np.full(len(x), y * thickness), z], axis=-1))
    return loft(np.array(sections), colour)


def pad(depth: float, widths: tuple[float, float], thickness: float, softness: float, colour: Colour) -> Part:
    """A seat's cushion about the origin, as wide as ``widths`` in front and behind."""
    part = cushion((depth, thickness, 1.0), (0, 0, 0), colour, softness, 8)
    x, y, z = part.vertices.T
    width = widths[1] + (widths[0] - widths[1]) * (x / depth + 0.5)
    return part._replace(vertices=np.stack([x, y, z * width], axis=-1))


def outline_widths(count: int, roundness: float) -> tuple[np.ndarray, np.ndarray]:
    """Places 0…1 along a board, closer at its ends, and its width there (1 in the middle) if it is a superellipse."""
    s = (1 - np.cos(np.pi * np.linspace(0, 1, count))) / 2
    exponent = 2.2 + 12 * (1 - roundness) ** 2
    return s, np.maximum(1 - np.abs(2 * s - 1) ** exponent, 1e-3) ** (1 / exponent)


def along(profile: ArrayLike, places: np.ndarray) -> np.ndarray:
    """Points of a line at ``places``, 0…1 of its length."""
    p = np.asarray(profile, np.float64)
    length = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(p, axis=0), axis=1))])
    return np.stack([np.interp(places, length / length[-1], p[:, i]) for i in range(p.shape[1])], axis=-1)


def slab(thickness: float, roundness: float, colour: Colour) -> Part:
    """An upholstered board about the origin, to be bent: x over its ``thickness``, y −½…½ upwards, z −1…1 across."""
    places, heights = outline_widths(13, roundness)
    h = 0.5 * np.sin(np.linspace(-np.pi / 2, np.pi / 2, 9))
    swell = (1 - np.abs(2 * h) ** 5) ** 0.2 * thickness / 2
    section = np.concatenate([np.stack([swell, h], axis=-1), np.stack([-swell, h], axis=-1)[-2:0:-1]])
    sections = []
    for z, height in zip(2 * places - 1, heights, strict=True):
        thin = (1 - min(abs(z), 0.999) ** 6) ** (1 / 6)
        sections.append(np.stack([section[:, 0] * thin, section[:, 1] * height, np.full(len(section), z)], axis=-1))
    return loft(np.array(sections), colour)


def shell(
    profile: ArrayLike, widths: ArrayLike, dishes: ArrayLike, colour: Colour, thickness: float = 0.012, across: int = 9
) -> Part:
    """A moulded seat, back or both.

    Args:
        profile: (P, 2) rows (x, y) of the middle line, from the front edge of the seat backwards and up.
        widths: (P,) from left to right.
        dishes: (P,) how far the edges rise over the middle, towards the sitter.
        colour: RGB in 0…1.
        thickness: of the board.
        across: points from left to right.
    """
    p = np.asarray(profile, np.float64)
    tangents = np.gradient(p, axis=0)
    tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-9)
    normals = np.stack([tangents[:, 1], -tangents[:, 0]], axis=-1)
    v = np.linspace(-1, 1, across)
    size = np.broadcast_to(np.asarray(widths, np.float64), (len(p),))
    rise = np.broadcast_to(np.asarray(dishes, np.float64), (len(p),))[:, None] * np.abs(v) ** 2.2
    x, y = (p[:, None, i] + rise * normals[:, None, i] for i in (0, 1))
    return sheet(np.stack([x, y, 0.5 * size[:, None] * v], axis=-1), thickness, colour)


def horseshoe(
    depth: float, width: float, squareness: float, opening: float, count: int = 25
) -> tuple[np.ndarray, np.ndarray]:
    """A line (count, 2) of rows (x, z) round the back of a seat, and how far back each point is, 0 in front … 1 behind.

    ``opening`` is the angle in degrees that is left open in front; towards ``squareness`` 1 the line fills its rectangle.
    """
    angles = np.radians(np.linspace(opening / 2, 360 - opening / 2, count))
    exponent = 1 - 0.75 * squareness
    cos, sin = (np.sign(w) * np.abs(w) ** exponent for w in (np.cos(angles), np.sin(angles)))
    start = np.cos(np.radians(opening / 2))
    return np.stack([cos * depth / 2, sin * width / 2], axis=-1), (start - np.cos(angles)) / (start + 1)


def wall(plan: np.ndarray, base: float, rim: np.ndarray, flare: float, thickness: float, colour: Colour) -> Part:
    """A wall round a seat.

    Args:
        plan: (P, 2) rows (x, z) at the foot.
        base: height of the foot.
        rim: (P,) height of the upper edge.
        flare: how far the wall leans outwards, over its height.
        thickness: of the wall.
        colour: RGB in 0…1.
    """
    t = np.linspace(0, 1, 6)
    outwards = plan / np.maximum(np.linalg.norm(plan, axis=1, keepdims=True), 1e-9)
    rise = (rim[:, None] - base) * t
    lean = flare * rise * (0.35 + 0.65 * t)
    x, z = (plan[:, None, i] + outwards[:, None, i] * lean for i in (0, 1))
    return sheet(np.stack([x, base + rise, z], axis=-1), thickness, colour)


def star(radius: float, arms: int, height: float, castors: bool, colour: Colour) -> Part:
    """A star of ``arms`` that stands on the floor, with castors or glides; its hub reaches up to ``height``."""
    floor = 0.06 if castors else 0.012
    hub = 0.11 if castors else 0.075
    arm = bar((0.02, hub, 0), (radius, floor + 0.012, 0), 0.048, 0.035, colour, 0.6)
    if castors:
        wheel = lathe([(0, -0.012), (0.027, -0.012), (0.027, 0.012), (0, 0.012)], (0.13, 0.13, 0.14), 10, "z")
        wheels = [moved(wheel, radius, 0.027, side) for side in (-0.017, 0.017)]
        foot = [*wheels, rod((radius, 0.03, 0), (radius, floor + 0.01, 0), 0.012, colour, 6)]
    else:
        foot = [rod((radius - 0.02, 0, 0), (radius - 0.02, floor + 0.01, 0), 0.016, colour, 6)]
    column = lathe(
        [(0, hub - 0.03), (0.035, hub - 0.03), (0.03, hub + 0.03), (0.02, hub + 0.05), (0.02, height), (0, height)],
        colour,
        12,
    )
    return joined(ring(joined(arm, *foot), arms, start=180.0 if arms % 2 else 45.0), column)


def pedestal(kind: str, radius: float, height: float, stem: float, colour: Colour) -> Part:
    """A single foot, ``kind`` "trumpet", "disc" or "drum", that reaches up to ``height``; ``stem``: radius of its neck."""
    if kind == "trumpet":
        t = np.linspace(0, 1, 10)
        radii = stem + (radius - stem) * (1 - t) ** 3.5
        profile = [(0, 0), *zip(radii, 0.008 + (height - 0.008) * t, strict=True), (1.8 * stem, height), (0, height)]
        return lathe(profile, colour, 20)
    if kind == "disc":
        return lathe(
            [(0, 0), (radius, 0), (radius, 0.012), (stem * 1.6, 0.03), (stem, 0.05), (stem, height), (0, height)],
            colour,
            20,
        )
    return lathe([(0, 0), (0.8 * radius, 0), (0.75 * radius, 0.03), (0.9 * radius, height), (0, height)], colour, 20)


def footrest(radius: float, height: float, colour: Colour) -> Part:
    """A hoop for the feet round a stool's column."""
    angles = np.linspace(0, 2 * np.pi, 17)[:-1]
    hoop = np.stack([radius * np.cos(angles), np.full(16, height), radius * np.sin(angles)], axis=-1)
    spokes = ring(rod((0, height, 0), (radius, height, 0), 0.007, colour, 6), 3)
    return joined(tube(hoop, 0.011, colour, 6, closed=True), spokes)


def wheel(radius: float, width: float, colour: Colour) -> Part:
    """A wheel about the z axis."""
    return scaled(lathe([(0, -0.5), (1, -0.5), (1, 0.5), (0, 0.5)], colour, 14, "z"), radius, radius, width)
