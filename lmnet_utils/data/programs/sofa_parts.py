"""Parts of sofas: blocks, cushions, backs, arms, legs."""

from __future__ import annotations

import numpy as np

from lmnet_utils.data.programs.parts import (
    Part,
    arc,
    box,
    curve,
    cushion,
    extrusion,
    loft,
    moved,
    rod,
    turned,
)

RGB = tuple[float, float, float]
LEATHERS = ("brown", "black", "cherry", "walnut", "beige", "white", "red", "green")


def block(low: tuple[float, float, float], high: tuple[float, float, float], paint: RGB, bevel: float = 0.0) -> Part:
    """A box from one corner to the opposite one."""
    a, b = np.asarray(low), np.asarray(high)
    return box(np.maximum(b - a, 1e-4), (a + b) / 2, paint, bevel)


def padding(low: tuple[float, float, float], high: tuple[float, float, float], paint: RGB, softness: float) -> Part:
    """A cushion from one corner to the opposite one; hardly soft ones are bevelled boxes."""
    a, b = np.asarray(low), np.asarray(high)
    if softness < 0.14:
        return box(b - a, (a + b) / 2, paint, bevel=0.25 * float((b - a).min()) * softness / 0.14)
    return cushion(b - a, (a + b) / 2, paint, softness, 7)


def cushions(
    low: tuple[float, float, float], high: tuple[float, float, float], paint: RGB, count: int, soft: float
) -> list[Part]:
    """Cushions side by side along z."""
    edges = np.linspace(low[2], high[2], count + 1)
    gap = 0.004
    return [
        padding((low[0], low[1], a + gap), (high[0], high[1], b - gap), paint, soft)
        for a, b in zip(edges, edges[1:], strict=False)
    ]


def backrest(span: float, height: float, thickness: float, crest: tuple[str, float], paint: RGB) -> Part:
    """A stuffed back that stands on y = 0, its rear at x = 0; ``crest`` is the shape of its top line and how far it rises."""
    t = np.linspace(-1, 1, 17)
    rise = {
        "flat": 0 * t,
        "camel": np.exp(-((2.4 * t) ** 2)) + 0.35 * np.abs(t) ** 4,
        "arched": 1 - t**2,
        "humps": np.abs(np.cos(np.pi * t)) ** 0.5,
        "dipped": t**2,
    }[crest[0]]
    tops = height + crest[1] * (rise - rise.max())
    r = 0.35 * thickness
    sections = [
        [(0, 0, z), (thickness, 0, z), (thickness, y - r, z), (thickness - r * 0.4, y - 0.3 * r, z), (thickness / 2, y, z),
         (r * 0.4, y - 0.3 * r, z), (0, y - r, z)]
        for z, y in zip(t * span / 2, tops, strict=True)
    ]  # fmt: skip
    return loft(sections, paint)


def leaning(part: Part, degrees: float, y: float) -> Part:
    """The part, sheared backwards above the height ``y``."""
    points = part.vertices.copy()
    points[:, 0] -= np.tan(np.radians(degrees)) * np.maximum(points[:, 1] - y, 0)
    return part._replace(vertices=points)


def armrest(kind: str, size: tuple[float, float, float], slope: float, paint: RGB) -> Part:
    """An arm (length, height, width) that stands at the origin, runs along +x and is thick along +z."""
    length, height, width = size
    if kind == "rolled":
        r = width / 2
        around = arc(r, -72.5, 180, 12) + (width - r, height - r)
        outline = np.concatenate([[(0, 0), (0.65 * width, 0)], around])
        return moved(extrusion(outline[:, ::-1], length, paint, "x"), length / 2)
    if kind in ("sloped", "scooped"):
        front = height * (1 - slope)
        line = [(0.0, height), (length, front)]
        if kind == "scooped":
            bend = [
                (0, height),
                (0.3 * length, front + 0.35 * (height - front)),
                (0.65 * length, front),
                (length, front * 0.97),
            ]
            line = curve(bend, 4).tolist()
        return moved(extrusion([(length, 0), (0, 0), *line], width, paint), z=width / 2)
    if kind == "pillow":
        return cushion((length, height, width), (length / 2, height / 2, width / 2), paint, 0.3, 9)
    if kind == "flared":
        flat = [(0, 0), (length, 0), (length, width), (0, width)]
        sections = [[(x, height * y, z * 0.8 + s * width) for x, z in flat] for y, s in ((0, 0), (0.5, 0.1), (1, 0.45))]
        return loft(sections, paint)
    return block((0, 0, 0), (length, height, width), paint, 0.12 * width)


def legs_under(
    kind: str, corners: tuple[float, float, float, float], height: float, thick: float, paint: RGB
) -> list[Part]:
    """Legs under the corners (x from, x to, z from, z to) of a base, and between them where it is long."""
    x0, x1, z0, z1 = corners
    inset = thick * 0.8
    count = 3 if z1 - z0 > 2.1 else 2
    places = [(x, z) for x in (x0 + inset, x1 - inset) for z in np.linspace(z0 + inset, z1 - inset, count)]
    top = height + 0.01
    if kind == "block":
        return [block((x - thick / 2, 0, z - thick / 2), (x + thick / 2, top, z + thick / 2), paint) for x, z in places]
    if kind == "runner":
        bars = [
            block((x0 + inset, 0, z - thick / 4), (x1 - inset, thick / 3, z + thick / 4), paint)
            for _, z in places[:count]
        ]
        return bars + [rod((x, 0, z), (x, top, z), thick / 4, paint, 8) for x, z in places]
    splay = 0.25 * height if kind == "splayed" else 0.0
    xm, zm = (x0 + x1) / 2, (z0 + z1) / 2
    ends = [(x + splay * np.sign(x - xm), 0, z + splay * np.sign(z - zm)) for x, z in places]
    return [
        rod((x, top, z), end, (thick / 2, thick / (2 if kind == "round" else 3.2)), paint, 8)
        for (x, z), end in zip(places, ends, strict=True)
    ]


def thrown(places: list[tuple[float, float, float]], size: float, lean: float, paint: RGB) -> list[Part]:
    """Small square pillows that lean against a back, each turned a little."""
    pillow = turned(cushion((0.13, size, size), (0, size / 2, 0), paint, 0.5, 6), "z", lean + 12)
    return [moved(turned(pillow, "y", 25 * np.sin(7 * place[2])), *place) for place in places]
