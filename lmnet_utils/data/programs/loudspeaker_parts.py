"""Parts of loudspeakers: cones, fronts with holes, cabinets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lmnet_utils.data.programs.parts import (
    Part,
    arc,
    curve,
    lathe,
    loft,
    moved,
)

RGB = tuple[float, float, float]
DARK = (0.09, 0.09, 0.10)


class Look(NamedTuple):
    """Materials and cones of a loudspeaker."""

    body: RGB
    front: RGB
    cone: RGB
    trim: RGB
    depth: float
    """Of a cone, of its radius."""
    dome: float
    """Radius of the cap in a cone's middle, of the cone's."""


LAYOUTS: dict[str, Sequence[tuple[str, float]]] = {
    "one": [("cone", 1.0)],
    "two ways": [("cone", 1.0), ("tweeter", 0.45)],
    "two ways and port": [("port", 0.32), ("cone", 1.0), ("tweeter", 0.45)],
    "tweeter between": [("cone", 0.8), ("tweeter", 0.4), ("cone", 0.8)],
    "three ways": [("cone", 1.0), ("cone", 0.62), ("tweeter", 0.38)],
    "tower": [("cone", 0.9), ("cone", 0.9), ("cone", 0.7), ("tweeter", 0.4)],
    "two cones": [("cone", 1.0), ("cone", 1.0)],
    "cone and horn": [("cone", 1.0), ("horn", 0.6)],
    "cone and slot": [("slot", 0.3), ("cone", 1.0)],
    "three cones": [("cone", 1.0), ("cone", 1.0), ("tweeter", 0.5)],
    "blank": [],
}
"""What is in a front, from the bottom up: the kind of opening, and its size over the largest."""


# --------------------------------------------------------------------------------------------------- pieces of a front
def stepped(loops: Sequence[np.ndarray], paints: Sequence[RGB]) -> Part:
    """A surface through loops of as many points each, counter-clockwise seen from the front, closed by a fan in the last."""
    count = len(loops[0])
    vertices = np.concatenate([*loops, loops[-1].mean(axis=0)[None]])
    faces, colours = [], []
    for i in range(len(loops)):
        for k in range(count):
            a, b = count * i + k, count * i + (k + 1) % count
            if i + 1 < len(loops):
                faces += [(a, b, b + count), (a, b + count, a + count)]
                colours += [paints[i]] * 2
            else:
                faces.append((a, b, len(vertices) - 1))
                colours.append(paints[i])
    return Part(vertices, np.array(faces), np.array(colours))


def rectangle(x: float, y: Sequence[float], z: Sequence[float]) -> np.ndarray:
    return np.array([(x, y[0], z[0]), (x, y[1], z[0]), (x, y[1], z[1]), (x, y[0], z[1])])


def holed(x: float, y: Sequence[float], z: Sequence[float], radius: float, paint: RGB) -> Part:
    """A rectangle across x with a round hole in its middle."""
    half = np.array([(y[1] - y[0]) / 2, (z[1] - z[0]) / 2])
    corner = np.arctan2(half[1], half[0])
    angles = np.sort(
        np.concatenate(
            [np.arange(24) * np.pi / 12 + 0.01, [corner, np.pi - corner, np.pi + corner, -corner + 2 * np.pi]]
        )
    )
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    reach = (half / np.maximum(np.abs(directions), 1e-9)).min(axis=1)
    loops = []
    for distance in (reach, np.full(len(angles), radius)):
        points = directions * distance[:, None] + [(y[0] + y[1]) / 2, (z[0] + z[1]) / 2]
        loops.append(np.column_stack([np.full(len(angles), x), points]))
    part = stepped(loops, [paint, paint])
    kept = 2 * len(angles)  # without the fan
    return Part(part.vertices, part.faces[:kept], part.colours[:kept])


def driver(kind: str, r: float, look: Look) -> Part:
    """A cone, a dome or a port in a hole of radius ``r`` about the x axis, its rim before x = 0."""
    if kind == "port":
        rows = [
            (1.12 * r, 0),
            (1.1 * r, 0.05 * r),
            (r, 0.04 * r),
            (0.85 * r, -0.3 * r),
            (0.8 * r, -1.6 * r),
            (0, -1.6 * r),
        ]
        return lathe(rows, DARK, 20, "x")
    if kind == "tweeter":
        rows = [
            (1.08 * r, 0),
            (1.06 * r, 0.05 * r),
            (0.9 * r, 0.05 * r),
            (0.45 * r, -0.14 * r),
            (0.38 * r, -0.02 * r),
            (0.2 * r, 0.12 * r),
        ]
        return lathe([*rows, (0, 0.16 * r)], look.trim, 20, "x")
    rim = lathe(
        [(1.1 * r, 0), (1.08 * r, 0.04 * r), (0.97 * r, 0.04 * r), (0.9 * r, 0.08 * r), (0.82 * r, 0)],
        look.trim,
        24,
        "x",
    )
    d, low = look.dome, -look.depth * r
    rows = [(0.82 * r, 0), (d * r, low), (0.7 * d * r, low + 0.35 * d * r), (0, low + 0.5 * d * r)]
    cone = lathe(rows, look.cone, 24, "x")
    return Part(
        np.concatenate([rim.vertices, cone.vertices]),
        np.concatenate([rim.faces, cone.faces + len(rim.vertices)]),
        np.concatenate([rim.colours, cone.colours]),
    )


def baffle(x: float, y: Sequence[float], half: float, layout: str, look: Look) -> list[Part]:
    """A front across ``x`` with what its layout says, from the bottom up in slots of their own."""
    places = LAYOUTS[layout]
    if not places:
        return [stepped([rectangle(x, y, (-half, half))], [look.front])]
    total = sum(size for _, size in places)
    parts, low = [], y[0]
    unit = min((y[1] - y[0]) / total, 2 * half)
    spare = (y[1] - y[0] - unit * total) / len(places)
    for kind, size in places:
        slot = (low, low + unit * size + spare)
        middle, r = (slot[0] + slot[1]) / 2, 0.42 * unit * size
        if kind in ("horn", "slot"):
            tall, wide = (0.8 * r, 0.8 * half) if kind == "horn" else (0.35 * r, 0.85 * half)
            outer = rectangle(x, slot, (-half, half))
            mouth = rectangle(x, (middle - tall, middle + tall), (-wide, wide))
            small = 0.3 if kind == "horn" else 0.9
            throat = rectangle(
                x - 1.2 * r, (middle - small * tall, middle + small * tall), (-small * wide, small * wide)
            )
            parts.append(stepped([outer, mouth, throat], [look.front, DARK, DARK]))
        else:
            parts.append(holed(x, slot, (-half, half), r, look.front))
            parts.append(moved(driver(kind, r, look), x, middle))
        low = slot[1]
    return parts


def plan_of(kind: str, depth: float, width: float, rear: float, bevel: float) -> np.ndarray:
    """The outline (x, z) of a cabinet from the front's one edge round the back to the other; the front is at depth/2."""
    f, w, b = depth / 2, width / 2, max(bevel, 1e-4)
    start = [(f, b - w), (f - b, -w)]
    if kind == "boat":
        side = curve(
            [(f - b, -w), (0.1 * f, -1.06 * w), (-0.55 * f, -(0.35 + 0.6 * rear) * w), (-f, -0.5 * rear * w)], 4
        )[1:]
        half = [*start, *side.tolist()]
    elif kind == "round":
        half = [*start, *[(x * 0.9 * f - 0.1 * f, z * w) for x, z in arc(1.0, -90, -165, 6)]]
    else:
        half = [*start, (-f, -w * (rear if kind == "trapezoid" else 1.0))]
    points = np.array(half)
    return np.concatenate([points, (points * (1, -1))[::-1]])


def cabinet_of(size: Sequence[float], plan: np.ndarray, layout: str, look: Look, cover: float) -> list[Part]:
    """A cabinet (depth, height, width) that stands on y = 0, its front filled; a grille covers the upper ``cover`` of it."""
    depth, height, _ = size
    front, half = depth / 2, float(abs(plan[0, 1]))
    levels = [0.0, height]
    sections = [np.column_stack([plan[:, 0], np.full(len(plan), y), plan[:, 1]]) for y in levels]
    parts = [loft(np.array(sections), look.body, closed=False)]
    for section, turn in zip(sections, (1, -1), strict=True):
        parts.append(stepped([section[::turn]], [look.body]))
    split = height * (1 - cover)
    if cover < 1:
        parts += baffle(front, (0, split), half, layout, look)
    if cover > 0:
        edge, out = 0.03 * min(height, 2 * half), 0.05 * depth
        y, z = (split, height), (-half, half)
        inner = ((y[0] + edge, y[1] - edge), (z[0] + edge, z[1] - edge))
        loops = [rectangle(front, y, z), rectangle(front, *inner), rectangle(front + 0.7 * out, *inner)]
        closer = tuple((a + 0.3 * out, b - 0.3 * out) for a, b in inner)
        loops.append(rectangle(front + out, *closer))
        parts.append(stepped(loops, [look.body, look.trim, look.trim, look.trim]))
    return parts
