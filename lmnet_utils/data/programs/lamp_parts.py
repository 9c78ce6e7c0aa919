"""Parts that several programs of lamps share: shades, stems, feet, bulbs, chains, lanterns. All stand on y = 0, about the y axis."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
    curve,
    joined,
    lathe,
    loft,
    moved,
    oval,
    ring,
    rod,
    scaled,
    tube,
    turned,
)  # fmt: skip

Paint = tuple[float, float, float]

STEMS: dict[str, list[tuple[float, float]]] = {
    "column": [(0.7, 0), (0.7, 0.05), (0.42, 0.08), (0.42, 0.5), (0.42, 0.9), (0.6, 0.93), (0.6, 0.97), (0.2, 1)],
    "urn": [(0.55, 0), (0.3, 0.08), (0.65, 0.25), (1, 0.5), (0.85, 0.72), (0.3, 0.86), (0.35, 0.9), (0.15, 1)],
    "vase": [(0.62, 0), (0.8, 0.12), (1, 0.35), (0.8, 0.6), (0.45, 0.8), (0.3, 0.92), (0.2, 1)],
    "gourd": [(0.6, 0), (1, 0.2), (0.85, 0.4), (0.42, 0.52), (0.62, 0.68), (0.5, 0.82), (0.2, 0.92), (0.18, 1)],
    "baluster": [
        (0.7, 0), (0.45, 0.06), (0.6, 0.12), (0.3, 0.18), (0.5, 0.4), (0.85, 0.55), (0.4, 0.7), (0.28, 0.78),
        (0.5, 0.83), (0.25, 0.88), (0.3, 0.95), (0.15, 1),
    ],
    "bottle": [(0.7, 0), (0.95, 0.06), (1, 0.25), (0.95, 0.42), (0.4, 0.58), (0.3, 0.75), (0.28, 0.95), (0.2, 1)],
    "jar": [(0.6, 0), (0.72, 0.2), (0.95, 0.55), (1, 0.72), (0.8, 0.86), (0.35, 0.92), (0.35, 0.97), (0.15, 1)],
    "taper": [(0.4, 0), (0.5, 0.03), (0.75, 0.45), (1, 0.86), (0.9, 0.9), (0.5, 0.95), (0.2, 1)],
    "cone": [(1, 0), (0.85, 0.1), (0.6, 0.4), (0.35, 0.75), (0.2, 0.95), (0.15, 1)],
    "rod": [(0.3, 0), (0.14, 0.04), (0.14, 0.5), (0.14, 0.97), (0.25, 1)],
    "balls": [(0.2, 0), (0.8, 0.1), (1, 0.2), (0.8, 0.3), (0.2, 0.4), (0.6, 0.48), (0.75, 0.56), (0.6, 0.64), (0.15, 0.72),
              (0.4, 0.78), (0.5, 0.84), (0.4, 0.9), (0.12, 0.96), (0.12, 1)],
}  # fmt: skip
"""Outlines of turned stems: (radius, height), both as shares."""


def stem(form: str, radius: float, height: float, bulge: float, paint: Paint) -> Part:
    """A turned stem of one of the ``STEMS``; ``bulge`` over 1 moves its thick parts down, under 1 up."""
    rows = np.array(STEMS[form])
    rows[:, 1] = rows[:, 1] ** bulge
    return lathe(np.concatenate([curve(rows * (radius, height), 2), [(0, height)]]), paint, 20)


def shade(form: str, radius: float, height: float, top: float, paint: Paint, sides: int = 24) -> Part:
    """A lampshade, a thin shell that is open below; ``top`` is the radius at its top over that at its bottom."""
    rim = max(top, 0.08) * radius
    t = np.linspace(0, 1, 10 if sides > 16 else 6)
    if form == "globe":
        return lathe(np.stack([radius * np.sin(np.pi * t), height * (1 - np.cos(np.pi * t)) / 2], -1), paint, sides)
    if form == "square":
        return turned(lathe([(1.25 * radius, 0), (1.25 * rim, height)], paint, 4), "y", 45)
    if form == "hexagon":
        return lathe([(radius * 1.05, 0), (rim * 1.05, height)], paint, 6)
    if form == "pleated":
        waves = 1 + 0.05 * np.cos(np.pi * np.arange(48))
        circle = oval(2, 2, 0, 48) * waves[:, None]
        rows = [np.insert(circle * r, 1, y, axis=1) for r, y in ((radius, 0), (rim, height))]
        return loft(rows, paint, caps=False)
    shares = {
        "dome": np.cos(0.5 * np.pi * t),
        "bell": (1 - t) ** 2.2,
        "tulip": 1 - 0.35 * np.sin(np.pi * t) * (1 - t) - t**3,
    }
    heights = np.sin(0.5 * np.pi * t) if form in ("dome", "tulip") else t
    share = shares.get(form, 1 - t)
    return lathe(np.stack([rim + (radius - rim) * share, heights * height], -1), paint, sides)


def spider(radius: float, y: float, paint: Paint) -> Part:
    """The three thin spokes that carry a shade's top ring."""
    return ring(rod((0, y, 0), (radius, y, 0), 0.012 * radius + 0.001, paint, 4), 3)


def trim(radius: float, y: float, width: float, paint: Paint) -> Part:
    """A band around a shade's edge."""
    return lathe([(radius * 1.01, y - width / 2), (radius * 1.03, y), (radius * 1.01, y + width / 2)], paint)


def finial(radius: float, y: float, paint: Paint) -> Part:
    """The knob that closes a dome at its top."""
    rows = np.array([(1.3, -0.5), (1.3, 0.2), (0.5, 0.5), (0.6, 1.0), (0, 1.6)])
    return lathe(rows * radius + (0, y), paint, 12)


def bulb(radius: float, paint: Paint) -> Part:
    """A light bulb, its socket below."""
    rows = [(0.4, 0), (0.4, 0.8), (0.85, 1.5), (1, 2.1), (0.75, 2.8), (0, 3.1)]
    return lathe(np.array(rows) * radius, paint, 10)


def candle(radius: float, height: float, paint: Paint, flame: Paint) -> Part:
    """A candle with a bulb like a flame; the bulb adds about 5 radii."""
    rows = np.array([(0.5, 0), (1.1, 1.2), (0.9, 2.6), (0.3, 4.2), (0, 5)]) * radius
    return joined(lathe([(radius, 0), (radius, height), (0, height)], paint, 8), moved(lathe(rows, flame, 8), y=height))


def foot(form: str, radius: float, height: float, paint: Paint) -> Part:
    """What a lamp stands on."""
    if form == "square":
        return box((1.7 * radius, height, 1.7 * radius), (0, height / 2, 0), paint, bevel=0.15 * height)
    if form == "tripod":
        path = curve([(0, height * 1.5, 0), (0.5 * radius, height * 1.6, 0), (radius, 0.1 * height, 0)], 5)
        return ring(tube(path, 0.09 * radius, paint, 6), 3, start=60)
    rows = {
        "disc": [(0, 0), (1, 0), (1, 0.8), (0.95, 1), (0, 1)],
        "dome": [(0, 0), (1, 0), (0.97, 0.3), (0.8, 0.65), (0.45, 0.92), (0, 1)],
        "steps": [(0, 0), (1, 0), (1, 0.35), (0.8, 0.4), (0.78, 0.65), (0.5, 0.7), (0.45, 1), (0, 1)],
        "bell": [(0, 0), (1, 0), (0.9, 0.15), (0.45, 0.4), (0.25, 0.75), (0.2, 1), (0, 1)],
    }
    return lathe(np.array(rows[form]) * (radius, height), paint)


def chain(length: float, width: float, paint: Paint) -> Part:
    """A chain of upright links, at most nine."""
    count = int(np.clip(round(length / (1.3 * width)), 2, 9))
    pitch = length / count
    hoop = oval(width, pitch * 1.3, 0.3, 8)
    link = tube(np.stack([hoop[:, 0], hoop[:, 1], 0 * hoop[:, 0]], -1), 0.12 * width, paint, 4, closed=True)
    return joined([moved(turned(link, "y", 90 * (i % 2)), y=(i + 0.5) * pitch) for i in range(count)])


def hanger(form: str, length: float, width: float, paint: Paint) -> Part:
    """What a lamp hangs by: a cord, a rod or a chain."""
    if form == "chain":
        return chain(length, width, paint)
    return rod((0, 0, 0), (0, length, 0), width * (0.2 if form == "rod" else 0.08), paint, 6)


def canopy(form: str, radius: float, paint: Paint) -> Part:
    """The cover at the ceiling, from y = 0 up."""
    rows = {
        "disc": [(0, 0), (0.9, 0), (1, 0.1), (1, 0.3), (0, 0.3)],
        "cone": [(0.12, 0), (0.5, 0.35), (1, 0.8), (1, 0.9), (0, 0.9)],
        "cup": [(0, 0), (0.5, 0), (0.7, 0.15), (0.8, 0.8), (0, 0.8)],
        "dome": [(0.1, 0), (0.6, 0.1), (0.9, 0.35), (1, 0.6), (0, 0.6)],
    }
    return lathe(np.array(rows[form]) * radius, paint, 16)


def lantern(sides: int, size: Sequence[float], taper: float, metal: Paint, glass: Paint) -> Part:
    """A lantern of panes between posts, with a roof and a finial.

    Args:
        sides: of its plan.
        size: radius, height of the panes, height of the roof.
        taper: radius at the bottom over that at the top.
    """
    radius, height, roof = size
    low = 0.08 * height
    panes = lathe([(0.93 * radius * taper, low), (0.93 * radius, low + height)], glass, sides)
    post = rod((radius * taper, low, 0), (radius, low + height, 0), 0.05 * radius, metal, 4)
    floor = np.array(
        [(0, 0), (radius * taper * 0.7, 0), (radius * taper * 1.06, 0.6 * low), (radius * taper * 1.06, low), (0, low)]
    )
    eaves = low + height
    cover = [
        (0, eaves),
        (1.18 * radius, eaves),
        (1.18 * radius, eaves + 0.06 * height),
        (0.55 * radius, eaves + 0.6 * roof),
    ]
    cover += [(0.3 * radius, eaves + 0.7 * roof), (0.25 * radius, eaves + 0.9 * roof), (0, eaves + roof)]
    whole = joined(panes, ring(post, sides), lathe(floor, metal, sides), lathe(cover, metal, sides))
    return turned(whole, "y", 180 / sides)


def hoops(profile: np.ndarray, count: int, width: float, paint: Paint) -> Part:
    """Thin bands around a body of revolution: the ribs of a paper lantern."""
    heights = np.linspace(profile[0, 1], profile[-1, 1], count + 2)[1:-1]
    radii = np.interp(heights, profile[:, 1], profile[:, 0])
    band = [(1.0, -width), (1.03, 0), (1.0, width)]
    return joined([moved(lathe(np.array(band) * (r, 1), paint, 20), y=y) for r, y in zip(radii, heights, strict=True)])


def drops(radius: float, count: int, size: float, paint: Paint) -> Part:
    """Crystals that hang in a circle below y = 0."""
    crystal = lathe([(0, 0), (0.15 * size, -0.3 * size), (0.3 * size, -0.7 * size), (0, -size)], paint, 4)
    return ring(moved(crystal, radius), count)


def four(part: Part, distance: float) -> Part:
    """Copies of a part at the corners of a square, ``distance`` from its sides to its middle."""
    return array(part, [(x * distance, 0, z * distance) for x in (-1, 1) for z in (-1, 1)])


def upended(part: Part) -> Part:
    """The part upside down, hanging from y = 0."""
    return scaled(part, y=-1.0)
