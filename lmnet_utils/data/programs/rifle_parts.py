"""What rifles are built from: stocks, grips, magazines, sights, stands.

All lie along x with the muzzle to the front; the butt is at 0, the barrel's axis at height 0. Lengths are metres.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lmnet_utils.data.programs.parameters import WOODS
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
    curve,
    cushion,
    extrusion,
    joined,
    lathe,
    loft,
    mirrored,
    moved,
    oval,
    rod,
    tube,
    turned,
)

RGB = tuple[float, float, float]
BLACK, GREY = (0.15, 0.15, 0.16), (0.32, 0.32, 0.34)
GUNMETALS = ("dark grey", "dark grey", "black", "grey", "steel")
FURNITURE = (*WOODS, "black", "dark grey", "olive", "beige")


def round_body(rows: Sequence[tuple[float, float]], tint: RGB, y: float = 0.0, sides: int = 12) -> Part:
    """Turned about the x direction at height y; rows are (x, radius)."""
    closed = [(0.0, rows[0][0]), *[(r, x) for x, r in rows], (0.0, rows[-1][0])]
    return moved(lathe(closed, tint, sides, "x"), y=y)


def stock_body(rows: Sequence[tuple[float, float, float, float]], tint: RGB, squareness: float = 0.35) -> Part:
    """A rounded body along x; rows are (x, bottom, top, width)."""
    smooth = curve(rows, 3)
    sections = [
        np.insert(oval(width, max(top - low, 1e-3), squareness, 12)[:, ::-1] + ((top + low) / 2, 0), 0, x, axis=1)
        for x, low, top, width in smooth
    ]
    return loft(sections, tint)


def receiver_body(outline: Sequence[tuple[float, float]], width: float, tint: RGB) -> Part:
    """A flat body of the given outline (x, y), thinner towards its upper and lower edges."""
    corners = np.asarray(outline, np.float64)
    middle = (corners.min(0) + corners.max(0)) / 2
    layers = [np.insert(middle + (corners - middle) * (k, s), 2, width * z, axis=1)
              for s, k, z in ((0.80, 0.98, -0.5), (1.0, 1.0, -0.3), (1.0, 1.0, 0.3), (0.80, 0.98, 0.5))]  # fmt: skip
    return loft(layers, tint)


def pistol_grip(x: float, y: float, length: float, lean: float, tint: RGB) -> Part:
    """A pistol grip that hangs from (x, y), leaning back by so many degrees."""
    rows = [(0.0, 0.052, 0.030), (-0.35 * length, 0.042, 0.032), (-0.8 * length, 0.046, 0.034), (-length, 0.042, 0.030)]
    sections = [np.insert(oval(deep, wide, 0.4, 10), 1, level, axis=1) for level, deep, wide in rows]
    return moved(turned(loft(sections, tint), "z", -lean), x, y + 0.01)


def trigger_guard(x: float, y: float, length: float, tint: RGB) -> Part:
    """Trigger guard and trigger, below (x, y), which is its rear end."""
    path = [(0, 0), (0.004, -0.03), (0.3 * length, -0.036), (0.8 * length, -0.034), (length, -0.022), (length, 0)]
    bow = tube(np.insert(np.array(path) + (x, y), 2, 0, axis=1), 0.0035, tint, 5)
    return joined(bow, rod((x + 0.55 * length, y, 0), (x + 0.45 * length, y - 0.024, 0), 0.003, tint, 4))


def box_magazine(x: float, y: float, size: tuple[float, float, float], bend: float, tint: RGB) -> Part:
    """A magazine below (x, y); size is length, depth along x, and width; its lower end swings forward by ``bend`` degrees."""
    length, deep, wide = size
    if abs(bend) < 2:
        sweep = np.stack([0 * np.linspace(0, 1, 3), -np.linspace(0, length, 3)], axis=-1)
        normal = np.tile([1.0, 0.0], (3, 1))
    else:
        radius = length / np.radians(bend)
        angles = np.radians(np.linspace(0, bend, 6))
        sweep = np.stack([radius * (1 - np.cos(angles)), -radius * np.sin(angles)], axis=-1)
        normal = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    outline = np.concatenate([sweep + normal * deep / 2, (sweep - normal * deep / 2)[::-1]])
    return moved(extrusion(outline, wide, tint), x, y)


def drum_magazine(x: float, y: float, radius: float, width: float, tint: RGB) -> Part:
    """A round magazine that hangs below (x, y)."""
    half = width / 2
    disc = lathe(
        [
            (0, -half), (0.9 * radius, -half), (radius, -0.7 * half), (radius, 0.7 * half), (0.9 * radius, half),
            (0, half),
        ], tint, 16,
        "z",
    )  # fmt: skip
    return joined(moved(disc, x, y - radius), box((0.8 * radius, radius, 0.03), (x, y - 0.4 * radius, 0), tint))


def telescope(x: float, y: float, length: float, radius: float, tint: RGB) -> Part:
    """A telescopic sight whose middle is above x, its mounts down to y."""
    axis = y + 0.018 + radius
    half = length / 2
    rows = [
        (-half, 1.15), (-0.65 * half, 1.15), (-0.45 * half, 0.7), (0.35 * half, 0.7), (0.6 * half, 1.3),
        (half, 1.3),
    ]  # fmt: skip
    parts = [round_body([(x + at, radius * r) for at, r in rows], tint, axis)]
    for at in (-0.3, 0.25):
        parts.append(box((0.02, axis - y, 1.1 * radius), (x + at * half, (axis + y) / 2, 0), tint))
    parts.append(rod((x - 0.05 * half, axis, 0), (x - 0.05 * half, axis + 1.3 * radius, 0), 0.5 * radius, tint, 8))
    parts.append(rod((x - 0.05 * half, axis, 0), (x - 0.05 * half, axis, 1.3 * radius), 0.5 * radius, tint, 8))
    return joined(parts)


def sights(kind: str, x: float, y: float, size: float, tint: RGB) -> list[Part]:
    """What stands on the receiver: nothing, a scope, a red dot sight, or a holographic one."""
    if kind == "scope":
        return [telescope(x, y, 0.22 + 0.10 * size, 0.016 + 0.006 * size, tint)]
    if kind == "red dot":
        return [
            round_body([(x - 0.04, 0.018), (x + 0.04, 0.02)], tint, y + 0.035),
            box((0.05, 0.03, 0.025), (x, y + 0.01, 0), tint),
        ]
    if kind == "holographic":
        frame = tube(
            [(x + 0.02, y + h, z) for h, z in ((0.015, -0.02), (0.055, -0.02), (0.055, 0.02), (0.015, 0.02))],
            0.004, tint, 5, True,
        )  # fmt: skip
        return [box((0.09, 0.03, 0.042), (x, y + 0.012, 0), tint), frame]
    return []


def bipod_legs(x: float, y: float, length: float, spread: float, tint: RGB) -> Part:
    leg = tube([(x, y, 0.008), (x + 0.03, y - length, spread * length)], [0.006, 0.005], tint, 6)
    foot = cushion((0.03, 0.012, 0.018), (x + 0.03, y - length, spread * length), tint, 0.5, 4)
    return joined(mirrored(joined(leg, foot)), box((0.03, 0.025, 0.03), (x, y, 0), tint))


def rail(start: float, end: float, y: float, tint: RGB) -> Part:
    """A toothed rail for sights."""
    count = max(int((end - start) / 0.02), 2)
    tooth = box((0.011, 0.006, 0.02), (start + 0.008, y + 0.008, 0), tint)
    return joined(
        box((end - start, 0.008, 0.016), ((start + end) / 2, y + 0.002, 0), tint),
        array(tooth, [(i * 0.02, 0, 0) for i in range(count)]),
    )


def butt_stock(kind: str, joint: float, level: tuple[float, float], drop: float, tints: tuple[RGB, RGB]) -> list[Part]:
    """A shoulder stock from 0 to ``joint``, where its lower and upper edge are at ``level``."""
    low, high = level
    wood, metal = tints
    if kind == "solid":
        rows = [
            (0.0, low - drop - 0.075, high - 0.35 * drop, 0.034),
            (0.02, low - drop - 0.075, high - 0.33 * drop, 0.042),
        ]
        rows += [
            (0.55 * joint, low - 0.6 * drop - 0.03, high - 0.2 * drop, 0.040),
            (joint, low + 0.004, high - 0.004, 0.036),
        ]
        return [
            stock_body(rows, wood),
            box(
                (0.012, 0.075 + 0.7 * drop + high - low, 0.036), (-0.004, (low + high - 0.075) / 2 - 0.7 * drop, 0),
                BLACK,
            ),
        ]  # fmt: skip
    if kind == "adjustable":
        middle = 0.35 * low + 0.65 * high
        side = [(0.0, low - 0.07), (0.02, low - 0.075), (0.55 * joint, middle - 0.045), (0.65 * joint, middle - 0.02)]
        side += [(0.65 * joint, middle + 0.022), (0.0, middle + 0.022)]
        return [round_body([(0.02, 0.015), (joint + 0.02, 0.015)], metal, middle), extrusion(side, 0.036, wood)]
    if kind == "skeleton":
        top, bottom = high - 0.015, low - drop - 0.05
        path = [
            (joint + 0.01, top), (0.01, top - 0.2 * drop), (0.0, bottom), (0.02, bottom),
            (0.45 * joint, (low + bottom) / 2), (joint + 0.01, low + 0.012),
        ]  # fmt: skip
        return [
            tube(np.insert(np.array(path), 2, 0, axis=1), 0.0085, metal, 6),
            cushion((0.02, top - bottom, 0.035), (0.0, (top + bottom) / 2, 0), BLACK, 0.3, 5),
        ]
    if kind == "wire":
        bars = [
            tube(
                [
                    (joint + 0.03, high - 0.02, 0.018), (0.0, high - 0.02 - 0.3 * drop, 0.018),
                    (0.0, low - drop - 0.06, 0.018),
                ], 0.005, metal, 5,
            )
        ]  # fmt: skip
        return [
            mirrored(joined(bars)),
            rod((0, low - drop - 0.06, -0.02), (0, low - drop - 0.06, 0.02), 0.006, metal, 5),
        ]
    return []


def muzzle_device(kind: str, end: float, radius: float, tint: RGB) -> list[Part]:
    """What ends a barrel; the longest reaches 0.2 beyond."""
    if kind == "suppressor":
        return [round_body([(end - 0.02, 1.9 * radius), (end + 0.16, 1.9 * radius), (end + 0.17, 1.4 * radius)], tint)]
    if kind == "flash hider":
        return [round_body([(end - 0.01, 1.3 * radius), (end + 0.025, 1.3 * radius), (end + 0.05, 1.5 * radius)], tint)]
    if kind == "brake":
        return [box((0.055, 3.2 * radius, 3.6 * radius), (end + 0.02, 0, 0), tint, 0.3 * radius)]
    return []


def front_sight(x: float, radius: float, height: float, tint: RGB) -> Part:
    side = [(x - 0.018, 0), (x + 0.014, 0), (x + 0.005, height), (x - 0.005, height)]
    return joined(
        extrusion(side, 0.012, tint), round_body([(x - 0.016, 1.6 * radius), (x + 0.014, 1.6 * radius)], tint, 0, 10)
    )
