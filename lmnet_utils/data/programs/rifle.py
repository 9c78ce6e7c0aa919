"""Programs of rifles: assault rifles, hunting and sniper rifles, shotguns, submachine guns, and machine guns.

All lie along x with the muzzle to the front; the butt is at 0, the barrel's axis at height 0. Lengths are metres.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from lmnet_utils.data.programs.parameters import WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part, arc, array, box, curve, cushion, extrusion, joined, lathe, loft, mirrored, moved, oval, rod, tube, turned,
)  # fmt: skip

RGB = tuple[float, float, float]
BLACK, GREY = (0.15, 0.15, 0.16), (0.32, 0.32, 0.34)
GUNMETALS = ("dark grey", "dark grey", "black", "grey", "steel")
FURNITURE = (*WOODS, "black", "dark grey", "olive", "beige")


def _turned(rows: Sequence[tuple[float, float]], tint: RGB, y: float = 0.0, sides: int = 12) -> Part:
    """Turned about the x direction at height y; rows are (x, radius)."""
    closed = [(0.0, rows[0][0]), *[(r, x) for x, r in rows], (0.0, rows[-1][0])]
    return moved(lathe(closed, tint, sides, "x"), y=y)


def _stock(rows: Sequence[tuple[float, float, float, float]], tint: RGB, squareness: float = 0.35) -> Part:
    """A rounded body along x; rows are (x, bottom, top, width)."""
    smooth = curve(rows, 3)
    sections = [
        np.insert(oval(width, max(top - low, 1e-3), squareness, 12)[:, ::-1] + ((top + low) / 2, 0), 0, x, axis=1)
        for x, low, top, width in smooth
    ]
    return loft(sections, tint)


def _receiver(outline: Sequence[tuple[float, float]], width: float, tint: RGB) -> Part:
    """A flat body of the given outline (x, y), thinner towards its upper and lower edges."""
    corners = np.asarray(outline, np.float64)
    middle = (corners.min(0) + corners.max(0)) / 2
    layers = [np.insert(middle + (corners - middle) * (k, s), 2, width * z, axis=1)
              for s, k, z in ((0.80, 0.98, -0.5), (1.0, 1.0, -0.3), (1.0, 1.0, 0.3), (0.80, 0.98, 0.5))]  # fmt: skip
    return loft(layers, tint)


def _grip(x: float, y: float, length: float, lean: float, tint: RGB) -> Part:
    """A pistol grip that hangs from (x, y), leaning back by so many degrees."""
    rows = [(0.0, 0.052, 0.030), (-0.35 * length, 0.042, 0.032), (-0.8 * length, 0.046, 0.034), (-length, 0.042, 0.030)]
    sections = [np.insert(oval(deep, wide, 0.4, 10), 1, level, axis=1) for level, deep, wide in rows]
    return moved(turned(loft(sections, tint), "z", -lean), x, y + 0.01)


def _guard(x: float, y: float, length: float, tint: RGB) -> Part:
    """Trigger guard and trigger, below (x, y), which is its rear end."""
    path = [(0, 0), (0.004, -0.03), (0.3 * length, -0.036), (0.8 * length, -0.034), (length, -0.022), (length, 0)]
    bow = tube(np.insert(np.array(path) + (x, y), 2, 0, axis=1), 0.0035, tint, 5)
    return joined(bow, rod((x + 0.55 * length, y, 0), (x + 0.45 * length, y - 0.024, 0), 0.003, tint, 4))


def _magazine(x: float, y: float, size: tuple[float, float, float], bend: float, tint: RGB) -> Part:
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


def _drum(x: float, y: float, radius: float, width: float, tint: RGB) -> Part:
    """A round magazine that hangs below (x, y)."""
    half = width / 2
    disc = lathe([(0, -half), (0.9 * radius, -half), (radius, -0.7 * half), (radius, 0.7 * half), (0.9 * radius, half), (0, half)], tint, 16, "z")
    return joined(moved(disc, x, y - radius), box((0.8 * radius, radius, 0.03), (x, y - 0.4 * radius, 0), tint))


def _scope(x: float, y: float, length: float, radius: float, tint: RGB) -> Part:
    """A telescopic sight whose middle is above x, its mounts down to y."""
    axis = y + 0.018 + radius
    half = length / 2
    rows = [(-half, 1.15), (-0.65 * half, 1.15), (-0.45 * half, 0.7), (0.35 * half, 0.7), (0.6 * half, 1.3), (half, 1.3)]
    parts = [_turned([(x + at, radius * r) for at, r in rows], tint, axis)]
    for at in (-0.3, 0.25):
        parts.append(box((0.02, axis - y, 1.1 * radius), (x + at * half, (axis + y) / 2, 0), tint))
    parts.append(rod((x - 0.05 * half, axis, 0), (x - 0.05 * half, axis + 1.3 * radius, 0), 0.5 * radius, tint, 8))
    parts.append(rod((x - 0.05 * half, axis, 0), (x - 0.05 * half, axis, 1.3 * radius), 0.5 * radius, tint, 8))
    return joined(parts)


def _sight(kind: str, x: float, y: float, size: float, tint: RGB) -> list[Part]:
    """What stands on the receiver: nothing, a scope, a red dot sight, or a holographic one."""
    if kind == "scope":
        return [_scope(x, y, 0.22 + 0.10 * size, 0.016 + 0.006 * size, tint)]
    if kind == "red dot":
        return [_turned([(x - 0.04, 0.018), (x + 0.04, 0.02)], tint, y + 0.035), box((0.05, 0.03, 0.025), (x, y + 0.01, 0), tint)]
    if kind == "holographic":
        frame = tube([(x + 0.02, y + h, z) for h, z in ((0.015, -0.02), (0.055, -0.02), (0.055, 0.02), (0.015, 0.02))], 0.004, tint, 5, True)
        return [box((0.09, 0.03, 0.042), (x, y + 0.012, 0), tint), frame]
    return []


def _bipod(x: float, y: float, length: float, spread: float, tint: RGB) -> Part:
    leg = tube([(x, y, 0.008), (x + 0.03, y - length, spread * length)], [0.006, 0.005], tint, 6)
    foot = cushion((0.03, 0.012, 0.018), (x + 0.03, y - length, spread * length), tint, 0.5, 4)
    return joined(mirrored(joined(leg, foot)), box((0.03, 0.025, 0.03), (x, y, 0), tint))


def _rail(start: float, end: float, y: float, tint: RGB) -> Part:
    """A toothed rail for sights."""
    count = max(int((end - start) / 0.02), 2)
    tooth = box((0.011, 0.006, 0.02), (start + 0.008, y + 0.008, 0), tint)
    return joined(box((end - start, 0.008, 0.016), ((start + end) / 2, y + 0.002, 0), tint), array(tooth, [(i * 0.02, 0, 0) for i in range(count)]))


def _butt(kind: str, joint: float, level: tuple[float, float], drop: float, tints: tuple[RGB, RGB]) -> list[Part]:
    """A shoulder stock from 0 to ``joint``, where its lower and upper edge are at ``level``."""
    low, high = level
    wood, metal = tints
    if kind == "solid":
        rows = [(0.0, low - drop - 0.075, high - 0.35 * drop, 0.034), (0.02, low - drop - 0.075, high - 0.33 * drop, 0.042)]
        rows += [(0.55 * joint, low - 0.6 * drop - 0.03, high - 0.2 * drop, 0.040), (joint, low + 0.004, high - 0.004, 0.036)]
        return [_stock(rows, wood), box((0.012, 0.075 + 0.7 * drop + high - low, 0.036), (-0.004, (low + high - 0.075) / 2 - 0.7 * drop, 0), BLACK)]
    if kind == "adjustable":
        middle = 0.35 * low + 0.65 * high
        side = [(0.0, low - 0.07), (0.02, low - 0.075), (0.55 * joint, middle - 0.045), (0.65 * joint, middle - 0.02)]
        side += [(0.65 * joint, middle + 0.022), (0.0, middle + 0.022)]
        return [_turned([(0.02, 0.015), (joint + 0.02, 0.015)], metal, middle), extrusion(side, 0.036, wood)]
    if kind == "skeleton":
        top, bottom = high - 0.015, low - drop - 0.05
        path = [(joint + 0.01, top), (0.01, top - 0.2 * drop), (0.0, bottom), (0.02, bottom), (0.45 * joint, (low + bottom) / 2), (joint + 0.01, low + 0.012)]
        return [tube(np.insert(np.array(path), 2, 0, axis=1), 0.0085, metal, 6), cushion((0.02, top - bottom, 0.035), (0.0, (top + bottom) / 2, 0), BLACK, 0.3, 5)]
    if kind == "wire":
        bars = [tube([(joint + 0.03, high - 0.02, 0.018), (0.0, high - 0.02 - 0.3 * drop, 0.018), (0.0, low - drop - 0.06, 0.018)], 0.005, metal, 5)]
        return [mirrored(joined(bars)), rod((0, low - drop - 0.06, -0.02), (0, low - drop - 0.06, 0.02), 0.006, metal, 5)]
    return []


def _muzzle(kind: str, end: float, radius: float, tint: RGB) -> list[Part]:
    """What ends a barrel; the longest reaches 0.2 beyond."""
    if kind == "suppressor":
        return [_turned([(end - 0.02, 1.9 * radius), (end + 0.16, 1.9 * radius), (end + 0.17, 1.4 * radius)], tint)]
    if kind == "flash hider":
        return [_turned([(end - 0.01, 1.3 * radius), (end + 0.025, 1.3 * radius), (end + 0.05, 1.5 * radius)], tint)]
    if kind == "brake":
        return [box((0.055, 3.2 * radius, 3.6 * radius), (end + 0.02, 0, 0), tint, 0.3 * radius)]
    return []


def _front_sight(x: float, radius: float, height: float, tint: RGB) -> Part:
    side = [(x - 0.018, 0), (x + 0.014, 0), (x + 0.005, height), (x - 0.005, height)]
    return joined(extrusion(side, 0.012, tint), _turned([(x - 0.016, 1.6 * radius), (x + 0.014, 1.6 * radius)], tint, 0, 10))


@dataclasses.dataclass(frozen=True, kw_only=True)
class AssaultRifle(Program):
    """An automatic rifle with a pistol grip and a magazine before it, or (a bullpup) behind."""

    family: str = one_of("curved magazine", "carry handle", "flat top", "bullpup", shares=(4, 2.5, 3.5, 2))
    butt: str = one_of("solid", "adjustable", "skeleton", "wire", shares=(5, 3, 1.5, 0.5))
    muzzle: str = one_of("none", "flash hider", "suppressor", "brake", shares=(2, 4, 2, 1))
    sight: str = one_of("none", "red dot", "holographic", "scope", shares=(4, 2, 1, 2))
    below: str = one_of("none", "foregrip", "launcher", "bayonet", shares=(6, 2, 1, 0.6))
    bipod: bool = one_of(False, True, shares=(9, 1))
    length: float = uniform(0.75, 1.02)  # metres
    joint: float = uniform(0.24, 0.32)  # where the butt meets the receiver, of the length
    receiver: float = uniform(0.24, 0.30)  # length of the receiver, of the length
    guard: float = uniform(0.16, 0.30)  # length of the hand guard, of the length
    depth: float = uniform(0.060, 0.085)  # height of the receiver
    width: float = uniform(0.034, 0.046)  # of the receiver
    barrel: float = uniform(0.008, 0.012)  # radius
    magazine: float = uniform(0.12, 0.22)  # length
    bend: float = uniform(0.0, 1.0)  # how far the magazine is curved
    lean: float = uniform(12.0, 32.0)  # degrees of the grip
    grip: float = uniform(0.085, 0.115)  # length of the grip
    drop: float = uniform(0.0, 0.05)  # of the butt's heel
    sight_size: float = uniform(0.0, 1.0)
    metal: tuple[float, float, float] = colour(*GUNMETALS)
    wood: tuple[float, float, float] = colour(*FURNITURE)

    def parts(self) -> list[Part]:
        joint = self.joint * self.length * (1.25 if self.family == "bullpup" else 1.0)
        middle = joint + self.receiver * self.length
        front = middle + self.guard * self.length * (0.7 if self.family == "bullpup" else 1.0)
        top, low = 0.35 * self.depth, -0.65 * self.depth
        parts = self._body(joint, middle, top, low)
        parts += self._hand_guard(middle, front)
        end = self.length - (0.15 if self.muzzle == "suppressor" else 0.05)
        end = max(end, front + 0.03)
        parts += [_turned([(middle - 0.05, 1.3 * self.barrel), (front, 1.2 * self.barrel), (end, self.barrel)], self.metal)]
        parts += _muzzle(self.muzzle, end, self.barrel, self.metal)
        base = top + (0.012 if self.family in ("flat top", "bullpup") else 0.0)
        if self.family != "carry handle":
            parts += _sight(self.sight, (joint + middle) / 2 + 0.02, base, self.sight_size, BLACK)
        if self.below == "foregrip":
            parts.append(_grip(middle + 0.6 * (front - middle), -0.03, 0.09, 0, self.wood))
        elif self.below == "launcher" and self.family != "bullpup":
            parts.append(_turned([(middle + 0.01, 0.026), (front + 0.10, 0.026)], GREY, -0.05))
        elif self.below == "bayonet":
            blade = [(end - 0.1, -0.035), (end - 0.1, -0.012), (end + 0.12, -0.014), (end + 0.16, -0.022), (end + 0.12, -0.034)]
            parts += [extrusion(blade, 0.005, (0.7, 0.7, 0.72)), box((0.10, 0.022, 0.018), (end - 0.1, -0.02, 0), BLACK)]
        if self.bipod:
            parts.append(_bipod(front - 0.02, -0.02, 0.2, 0.35, self.metal))
        return parts

    def _body(self, joint: float, middle: float, top: float, low: float) -> list[Part]:
        """Receiver, butt, grip, magazine and rear sights."""
        size = (self.magazine, 0.058, 0.6 * self.width)
        if self.family == "bullpup":
            outline = [(0, low - 0.05), (0, top), (middle, top), (middle, -0.35 * self.depth), (joint + 0.02, low), (0.15, low - 0.015), (0.05, low - 0.055)]
            parts = [_receiver(outline, self.width, self.wood), box((0.015, top - low + 0.05, self.width), (-0.005, (top + low - 0.05) / 2, 0), BLACK)]
            parts += [_magazine(0.6 * joint, low + 0.02, size, 25 * self.bend, self.metal), _grip(joint + 0.03, low, self.grip, self.lean, self.wood)]
            parts += [_guard(joint + 0.045, low + 0.01, 0.09, self.metal), _rail(joint, middle, top, self.metal)]
            return parts
        outline = [(joint, low), (joint, top - 0.01), (joint + 0.02, top), (middle - 0.01, top), (middle, top - 0.012), (middle, low + 0.022), (middle - 0.03, low)]
        parts = [_receiver(outline, self.width, self.metal)]
        parts += _butt(self.butt, joint + 0.005, (low + 0.012, top - 0.008), self.drop, (self.wood, self.metal))
        parts += [_grip(joint + 0.035, low, self.grip, self.lean, self.wood if self.family != "flat top" else BLACK)]
        parts.append(_guard(joint + 0.05, low + 0.004, 0.07, self.metal))
        bend = 30 + 35 * self.bend if self.family == "curved magazine" else 22 * self.bend
        start = middle - 0.06 if self.family == "curved magazine" else middle - 0.075
        parts.append(_magazine(start, low + 0.015, size, bend, self.metal if self.family != "flat top" else self.wood))
        side = self.width / 2
        parts.append(box((0.06, 0.012, 0.012), (middle - 0.09, 0.1 * self.depth, side), BLACK))
        if self.family == "carry handle":
            y, start, end = top + 0.045, joint + 0.03, middle - 0.04
            bow = [(start - 0.01, top - 0.01), (start, y + 0.01), (end - 0.02, y + 0.004), (end + 0.03, top - 0.01), (end + 0.005, top - 0.005), (end - 0.03, y - 0.012), (start + 0.04, y - 0.012), (start + 0.025, top - 0.01)]
            parts.append(extrusion(bow, 0.018, self.metal))
            if self.sight == "scope":
                parts.append(_scope((start + end) / 2, y, 0.2, 0.017, BLACK))
        elif self.family == "flat top":
            parts.append(_rail(joint + 0.02, middle, top, self.metal))
        else:
            parts.append(box((0.05, 0.016, 0.016), (middle + 0.01, top + 0.004, 0), self.metal))
        return parts

    def _hand_guard(self, middle: float, front: float) -> list[Part]:
        r = 0.42 * self.depth
        if self.family == "curved magazine":
            lower = [(middle - 0.01, -0.034, 0.006, 0.040), ((middle + front) / 2, -0.037, 0.006, 0.046), (front, -0.028, 0.004, 0.036)]
            gas = _turned([(middle, 0.009), (front + 0.10, 0.008)], self.metal, 0.024)
            upper = [(middle, 0.010, 0.036, 0.028), (front, 0.012, 0.034, 0.026)]
            block = box((0.03, 0.04, 0.018), (front + 0.09, 0.012, 0), self.metal)
            return [_stock(lower, self.wood), _stock(upper, self.wood), gas, block, _front_sight(front + 0.13, self.barrel, 0.055, self.metal)]
        if self.family == "carry handle":
            tube_part = _turned([(middle - 0.005, 1.05 * r), (middle + 0.02, 1.05 * r), (front, 0.85 * r)], self.wood, 0, 10)
            return [tube_part, _front_sight(front + 0.025, self.barrel, 0.35 * self.depth + 0.05, self.metal)]
        if self.family == "flat top":
            length = front - middle
            parts = [_turned([(middle - 0.005, r), (front, r)], self.metal if self.bend > 0.5 else self.wood, 0, 8), _rail(middle, front, 0.35 * self.depth, self.metal)]
            parts.append(mirrored(box((0.8 * length, 0.014, 0.006), (middle + 0.5 * length, 0, r), BLACK)))
            return [*parts, _front_sight(front - 0.02, self.barrel, 0.35 * self.depth + 0.04, self.metal)]
        return [_stock([(middle - 0.03, -0.035, 0.02, 0.042), (front, -0.03, 0.018, 0.036)], self.wood), _front_sight(front + 0.03, self.barrel, 0.06, self.metal)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class LongRifle(Program):
    """A rifle in a one-piece stock: for hunting, for snipers, with a lever, or a musket."""

    kind: str = one_of("bolt", "sniper", "lever", "musket", shares=(4, 4, 1.5, 1.5))
    sight: str = one_of("scope", "none", shares=(2, 1))
    butt: str = one_of("straight", "raised", "thumbhole", shares=(3, 2, 1))
    bipod: bool = one_of(False, True)
    muzzle: str = one_of("none", "brake", "suppressor", "flash hider", shares=(3, 2, 1, 1))
    length: float = uniform(0.98, 1.28)  # metres
    joint: float = uniform(0.27, 0.33)  # where butt and wrist meet the action, of the length
    fore_end: float = uniform(0.52, 0.70)  # where the wood ends, of the length
    barrel: float = uniform(0.0085, 0.014)  # radius
    taper: float = uniform(0.6, 1.0)  # radius of the muzzle over that of the chamber
    drop: float = uniform(0.02, 0.07)  # of the heel below the barrel
    heel: float = uniform(0.10, 0.135)  # height of the butt's end
    wrist: float = uniform(0.034, 0.046)  # height of the stock behind the trigger
    belly: float = uniform(0.030, 0.046)  # depth of the fore-end below the barrel
    width: float = uniform(0.038, 0.052)  # of the stock
    magazine: float = uniform(0.02, 0.09)  # depth of the magazine
    sight_size: float = uniform(0.0, 1.0)
    bipod_length: float = uniform(0.18, 0.26)  # metres
    metal: tuple[float, float, float] = colour(*GUNMETALS)
    wood: tuple[float, float, float] = colour(*WOODS, "walnut", "olive", "black", "beige")

    def parts(self) -> list[Part]:
        joint, wood_end = self.joint * self.length, self.fore_end * self.length
        if self.kind == "musket":
            wood_end = max(0.86, self.fore_end + 0.2) * self.length
        grip = -0.012 - self.wrist
        heel, bottom = -self.drop, -self.drop - self.heel
        comb = heel + (0.03 if self.butt == "raised" else 0.01)
        action = joint + 0.20
        rows = [(0.0, bottom, heel, 0.8 * self.width), (0.015, bottom, heel, self.width), (0.55 * joint, 0.5 * (bottom + grip) - 0.006, comb, self.width)]
        rows += [(0.78 * joint, grip - 0.016, -0.026, 0.88 * self.width), (joint, grip - 0.008, -0.012, 0.86 * self.width)]
        rows += [(joint + 0.07, -self.belly - 0.008, -0.004, self.width), (action + 0.05, -self.belly, 0.0, self.width)]
        rows += [(wood_end - 0.05, -0.75 * self.belly, 0.0, 0.8 * self.width), (wood_end, -0.5 * self.belly, -0.002, 0.55 * self.width)]
        if self.kind == "lever":
            rows = [*rows[:5], (joint + 0.02, -0.05, -0.002, 0.04)]
        parts = [_stock(rows, self.wood), box((0.014, 0.98 * self.heel, 0.8 * self.width), (-0.005, (heel + bottom) / 2, 0), BLACK)]
        if self.butt == "thumbhole" and self.kind == "sniper":
            parts.append(_grip(joint - 0.01, grip + 0.006, 0.095, 14, self.wood))
        tip = self.length - (0.15 if self.muzzle == "suppressor" and self.kind == "sniper" else 0.0)
        thick = self.barrel * (1.25 if self.kind == "sniper" else 1.0)
        rows_b = [(action - 0.04, 1.7 * thick), (action, 1.7 * thick), (action + 0.06, 1.2 * thick), (tip, self.taper * thick)]
        parts.append(_turned(rows_b, self.metal, 0.004))
        if self.kind == "sniper":
            parts += _muzzle(self.muzzle, tip, thick, self.metal)
        if self.kind == "lever":
            return parts + self._lever(joint, action, wood_end)
        if self.kind == "musket":
            return parts + self._lock(joint, wood_end)
        return parts + self._bolt(joint, action, wood_end)

    def _bolt(self, joint: float, action: float, wood_end: float) -> list[Part]:
        parts = [_turned([(joint - 0.01, 0.012), (joint + 0.01, 0.016), (action, 0.017)], self.metal, 0.006)]
        knob = cushion((0.022, 0.022, 0.022), (joint + 0.025, -0.03, 0.07), self.metal, 1.0, 5)
        parts += [tube([(joint + 0.035, 0.006, 0.01), (joint + 0.033, 0.0, 0.04), (joint + 0.025, -0.028, 0.066)], 0.005, self.metal, 6), knob]
        parts.append(_guard(joint + 0.015, -self.belly - 0.003, 0.08, self.metal))
        deep = self.magazine * (1.0 if self.kind == "sniper" else 0.35)
        parts.append(_magazine(joint + 0.135, -0.8 * self.belly, (0.2 * self.belly + deep, 0.075, 0.026), 0, self.metal))
        if self.sight == "scope" or self.kind == "sniper":
            size = self.sight_size * (1.0 if self.kind == "sniper" else 0.5) + (0.4 if self.kind == "sniper" else 0.0)
            parts += _sight("scope", joint + 0.11, 0.020, size, BLACK)
        else:
            parts += [box((0.03, 0.016, 0.012), (action + 0.06, 0.02, 0), self.metal), box((0.012, 0.018, 0.004), (self.length - 0.02, 0.018, 0), self.metal)]
        if self.kind == "sniper" and self.bipod:
            parts.append(_bipod(wood_end - 0.06, -0.6 * self.belly, self.bipod_length, 0.4, self.metal))
        return parts

    def _lever(self, joint: float, action: float, wood_end: float) -> list[Part]:
        outline = [(joint, -0.055), (joint - 0.01, -0.02), (joint + 0.01, 0.014), (action, 0.018), (action, -0.05)]
        loop = [(joint + 0.10, -0.05), (joint + 0.09, -0.085), (joint + 0.02, -0.085), (joint - 0.02, -0.075), (joint - 0.10, -0.105), (joint - 0.11, -0.085), (joint - 0.02, -0.055)]
        fore = [(action - 0.005, -0.045, -0.004, 0.042), (action + 0.02, -0.046, 0.0, 0.044), (wood_end, -0.040, -0.002, 0.034)]
        parts = [_receiver(outline, 0.036, self.metal), tube(np.insert(np.array(loop), 2, 0, axis=1), 0.005, self.metal, 6), _stock(fore, self.wood)]
        parts.append(_turned([(action, 0.0085), (self.length - 0.03, 0.0085)], self.metal, -0.022))
        parts.append(box((0.012, 0.05, 0.022), (self.length - 0.07, -0.01, 0), self.metal))
        parts += [box((0.014, 0.03, 0.010), (joint + 0.012, 0.022, 0), self.metal), box((0.012, 0.02, 0.004), (self.length - 0.03, 0.018, 0), self.metal)]
        return [*parts, rod((joint + 0.05, -0.055, 0), (joint + 0.045, -0.078, 0), 0.003, self.metal, 4)]

    def _lock(self, joint: float, wood_end: float) -> list[Part]:
        side = self.width / 2
        plate = moved(extrusion([(0, -0.028), (0, -0.008), (0.05, 0.0), (0.13, -0.006), (0.13, -0.022)], 0.006, self.metal), joint, 0, side)
        cock = tube([(joint + 0.04, -0.015, side), (joint + 0.02, 0.02, side), (joint + 0.035, 0.045, side), (joint + 0.055, 0.04, side)], 0.005, self.metal, 6)
        pan = box((0.03, 0.03, 0.012), (joint + 0.09, 0.014, side), self.metal)
        ramrod = rod((joint + 0.3, -0.6 * self.belly - 0.003, 0), (self.length - 0.02, -0.022, 0), 0.004, self.metal, 6)
        bands = [box((0.012, 0.05, 0.036), (x, -0.006, 0), self.metal, 0.006) for x in (0.55 * self.length, 0.72 * self.length, wood_end - 0.02)]
        back = _turned([(joint + 0.05, 0.017), (joint + 0.21, 0.016)], self.metal, 0.004)
        return [plate, cock, pan, ramrod, back, *bands, _guard(joint + 0.02, -self.belly - 0.004, 0.09, self.metal)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Shotgun(Program):
    """A shotgun: with a sliding fore-end, with two barrels, or self-loading."""

    kind: str = one_of("pump", "side by side", "over and under", "self-loading", shares=(4, 1.5, 1.5, 1.5))
    butt: str = one_of("wood", "pistol grip", "skeleton", "sawn off", shares=(5, 2, 1, 1))
    rib: bool = one_of(False, True)
    shells: int = one_of(0, 0, 0, 4, 6)  # held beside the receiver
    length: float = uniform(0.85, 1.20)  # metres
    joint: float = uniform(0.30, 0.36)  # where the butt ends, of the length
    receiver: float = uniform(0.16, 0.22)  # metres
    depth: float = uniform(0.052, 0.068)  # height of the receiver
    barrel: float = uniform(0.011, 0.0145)  # radius
    magazine: float = uniform(0.5, 1.0)  # how far the tube below the barrel reaches towards the muzzle
    slide: float = uniform(0.13, 0.22)  # length of the fore-end
    place: float = uniform(0.1, 0.5)  # of the fore-end, between receiver and the tube's end
    drop: float = uniform(0.02, 0.06)  # of the butt's heel
    heel: float = uniform(0.11, 0.14)  # height of the butt's end
    belly: float = uniform(0.018, 0.030)  # half the fore-end's thickness
    metal: tuple[float, float, float] = colour(*GUNMETALS)
    wood: tuple[float, float, float] = colour(*WOODS, "black", "dark grey")

    def parts(self) -> list[Part]:
        short = self.butt in ("pistol grip", "sawn off")
        joint = 0.10 if short else self.joint * self.length
        end = max(self.length - (0.25 if short else 0.0), joint + self.receiver + 0.25)
        middle, r = joint + self.receiver, self.barrel
        top, low = r + 0.004, r + 0.004 - self.depth
        outline = [(joint, low + 0.006), (joint, top - 0.012), (joint + 0.03, top), (middle, top), (middle, low + 0.004), (joint + 0.05, low)]
        parts = [_receiver(outline, 2.9 * r, self.metal), _guard(joint + 0.03, low + 0.006, 0.075, self.metal)]
        if short:
            parts.append(_grip(joint + 0.01, low + 0.018, 0.12, 38 if self.butt == "pistol grip" else 55, self.wood))
        elif self.butt == "skeleton":
            parts += [*_butt("skeleton", joint, (low, top), self.drop, (self.wood, self.metal)), _grip(joint + 0.02, low, 0.10, 25, self.wood)]
        else:
            bottom = -self.drop - self.heel
            rows = [(0, bottom, -self.drop, 0.036), (0.02, bottom, -self.drop, 0.044), (0.55 * joint, 0.55 * bottom - 0.03, -0.5 * self.drop, 0.042)]
            parts.append(_stock([*rows, (0.85 * joint, low - 0.008, top - 0.022, 0.036), (joint + 0.01, low + 0.006, top - 0.006, 0.036)], self.wood))
            parts.append(box((0.014, self.heel, 0.036), (-0.004, bottom + self.heel / 2, 0), BLACK))
        parts += self._barrels(middle, end)
        if self.rib:
            parts.append(box((end - middle - 0.01, 0.005, 0.008), ((end + middle) / 2, r + 0.004, 0), self.metal))
        parts.append(cushion((0.008, 0.008, 0.008), (end - 0.012, r + 0.008, 0), (0.7, 0.56, 0.28), 1.0, 4))
        shell = rod((0, -0.03, 0), (0, 0.03, 0), 0.010, (0.68, 0.15, 0.13), 8)
        if self.shells and self.kind == "pump":
            parts.append(array(moved(shell, joint + 0.05, (top + low) / 2, 1.45 * r + 0.01), [(i * 0.022, 0, 0) for i in range(self.shells)]))
        return parts

    def _barrels(self, middle: float, end: float) -> list[Part]:
        r = self.barrel
        one = _turned([(middle - 0.03, 1.15 * r), (middle + 0.1, r), (end, 0.95 * r)], self.metal)
        if self.kind in ("side by side", "over and under"):
            both = mirrored(moved(one, z=r)) if self.kind == "side by side" else joined(one, moved(one, y=-2 * r))
            deep = 2 * self.belly if self.kind == "side by side" else 2 * self.belly + r
            fore = [(middle - 0.01, -deep - 0.004, -0.3 * r, 4 * r), (middle + 0.6 * self.slide, -deep, -0.3 * r, 3.9 * r)]
            return [both, _stock([*fore, (middle + 1.3 * self.slide, -0.6 * deep - r, -0.3 * r, 2.4 * r)], self.wood)]
        reach = max(middle + self.magazine * (end - middle), middle + self.slide + 0.06)
        y = -2.15 * r
        parts = [one, _turned([(middle - 0.02, 0.95 * r), (reach, 0.95 * r), (reach + 0.012, 0.7 * r)], self.metal, y)]
        parts.append(box((0.014, 3.4 * r, 1.2 * r), (reach - 0.02, y / 2, 0), self.metal))
        if self.kind == "self-loading":
            fore = [(middle - 0.005, y - self.belly, 0.3 * r, 3.3 * r), (middle + self.slide, y - 0.8 * self.belly, 0.0, 3 * r)]
            return [*parts, _stock([*fore, (middle + 1.25 * self.slide, y - r, -0.2 * r, 2.4 * r)], self.wood)]
        start = middle + 0.01 + self.place * max(reach - middle - self.slide - 0.03, 0.0)
        fat = self.belly
        rows = [(start, 0.85 * fat), (start + 0.02, fat), *[(start + self.slide * k / 8, fat * (0.92 if k % 2 else 1.0)) for k in range(2, 8)], (start + self.slide, 0.8 * fat)]
        return [*parts, _turned(rows, self.wood, y)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SubmachineGun(Program):
    """A short automatic gun, with its magazine in the grip, before it, at the side, or as a drum."""

    feed: str = one_of("before", "grip", "side", "drum", shares=(5, 2.5, 0.7, 1.3))
    shape: str = one_of("box", "tube", shares=(3, 2))
    butt: str = one_of("wire", "solid", "adjustable", "skeleton", "none", shares=(3, 3, 2, 2, 1.5))
    sight: str = one_of("none", "red dot", "holographic", "scope", shares=(5, 2, 1, 0.4))
    fore: str = one_of("none", "grip", "round", "wood", shares=(2, 2, 2, 2))
    muzzle: str = one_of("none", "suppressor", "flash hider", shares=(4, 1.5, 1))
    joint: float = uniform(0.16, 0.27)  # metres, length of the butt
    receiver: float = uniform(0.24, 0.34)  # metres
    depth: float = uniform(0.046, 0.072)  # height of the receiver
    width: float = uniform(0.034, 0.048)  # of the receiver
    barrel: float = uniform(0.007, 0.012)  # radius
    reach: float = uniform(0.05, 0.24)  # metres of barrel and hand guard before the receiver
    magazine: float = uniform(0.11, 0.21)  # length
    bend: float = uniform(-8.0, 32.0)  # degrees of the magazine; straight below 8
    lean: float = uniform(8.0, 28.0)  # degrees of the grip
    grip: float = uniform(0.085, 0.11)  # length
    place: float = uniform(0.05, 0.40)  # of the grip, of the receiver's length
    drop: float = uniform(0.0, 0.05)  # of the butt's heel
    metal: tuple[float, float, float] = colour(*GUNMETALS)
    wood: tuple[float, float, float] = colour(*FURNITURE)

    def parts(self) -> list[Part]:
        joint = self.joint if self.butt != "none" else 0.02
        middle = joint + self.receiver
        top, low = 0.45 * self.depth, -0.55 * self.depth
        if self.shape == "box":
            outline = [(joint, low), (joint, top - 0.006), (joint + 0.01, top), (middle - 0.03, top), (middle, top - 0.012), (middle, low + 0.014), (middle - 0.02, low)]
            parts = [_receiver(outline, self.width, self.metal)]
        else:
            parts = [_turned([(joint - 0.005, 0.9 * top), (joint, top), (middle, top), (middle + 0.01, 0.8 * top)], self.metal)]
            parts.append(box((0.75 * self.receiver, -low, 0.6 * self.width), (joint + 0.4 * self.receiver, low / 2, 0), self.metal))
        grip = joint + (0.5 if self.feed == "grip" else self.place) * self.receiver + 0.02
        hang = low + (0.01 if grip - joint < 0.75 * self.receiver else 0.02)
        parts += _butt(self.butt, joint + 0.005, (low + 0.006, top - 0.004), self.drop, (self.wood, self.metal))
        parts += [_guard(grip + 0.015, low + 0.004, 0.065, self.metal)]
        bend = 0.0 if self.bend < 8 else self.bend
        size = (self.magazine, 0.036, 0.62 * self.width)
        ahead = max(grip + 0.115, middle - 0.055)
        if self.feed == "grip":
            parts.append(box((0.050, self.grip, 0.8 * self.width), (grip, low - self.grip / 2 + 0.01, 0), self.wood, 0.008))
            parts.append(_magazine(grip, low, (self.magazine, 0.034, 0.5 * self.width), 0, self.metal))
        else:
            parts.append(_grip(grip, hang, self.grip, self.lean, self.wood))
        if self.feed == "before":
            parts.append(_magazine(ahead, low + 0.012, size, bend, self.metal))
        elif self.feed == "side":
            parts.append(turned(_magazine(ahead, 0.0, size, 0, self.metal), "x", 90))
        elif self.feed == "drum":
            parts.append(_drum(ahead, low + 0.012, 0.05 + 0.1 * self.magazine, 0.055, self.metal))
        parts += self._front(max(middle, ahead + 0.02), top, low)
        parts += _sight(self.sight, joint + 0.55 * self.receiver, top, 0.1, BLACK)
        parts.append(box((0.02, 0.014, 0.012), (joint + 0.03, top + 0.004, 0), self.metal))
        return parts

    def _front(self, middle: float, top: float, low: float) -> list[Part]:
        end = middle + self.reach
        parts = [_turned([(middle - 0.06, 1.2 * self.barrel), (end, self.barrel)], self.metal)]
        parts += _muzzle(self.muzzle, end, self.barrel, self.metal)
        half = middle + 0.7 * self.reach
        if self.reach > 0.10:
            if self.fore == "round":
                parts.append(_turned([(middle - 0.005, 0.9 * top), (half, 0.85 * top)], self.metal if self.shape == "tube" else self.wood))
            elif self.fore == "wood":
                parts.append(_stock([(middle - 0.01, low, 0.4 * top, 0.9 * self.width), (half, 0.8 * low, 0.4 * top, 0.8 * self.width)], self.wood))
            elif self.fore == "grip":
                parts.append(_turned([(middle - 0.005, 0.8 * top), (half, 0.8 * top)], self.metal))
                parts.append(_grip(half - 0.03, -0.5 * top, 0.085, -5 if self.bend > 10 else 8, self.wood))
        parts.append(_front_sight(max(end - 0.025, middle + 0.02), self.barrel, top + 0.018, self.metal))
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class MachineGun(Program):
    """A machine gun: fed from a drum, a box with a belt, or a pan on top; on a bipod or tripod, or carried."""

    feed: str = one_of("drum", "belt box", "pan", "magazine above", shares=(2.5, 4, 1, 0.8))
    stand: str = one_of("bipod", "tripod", "folded", shares=(5, 1, 2))
    butt: str = one_of("solid", "skeleton", "adjustable", "spade grips", shares=(5, 1.5, 1, 0.8))
    cooling: str = one_of("bare", "jacket", "ribs", shares=(4, 1.5, 1))
    handle: bool = one_of(True, False)
    length: float = uniform(1.0, 1.3)  # metres
    joint: float = uniform(0.22, 0.28)  # end of the butt, of the length
    receiver: float = uniform(0.26, 0.34)  # length of the receiver, of the length
    guard: float = uniform(0.08, 0.20)  # length of the hand guard, of the length
    depth: float = uniform(0.075, 0.11)  # height of the receiver
    width: float = uniform(0.046, 0.064)  # of the receiver
    barrel: float = uniform(0.010, 0.016)  # radius
    drum: float = uniform(0.06, 0.095)  # radius of drum or pan, half the belt box
    leg: float = uniform(0.22, 0.32)  # length of the stand's legs
    spread: float = uniform(0.3, 0.6)  # of the legs, over their length
    place: float = uniform(0.60, 0.92)  # of the bipod, between receiver and muzzle
    drop: float = uniform(0.0, 0.05)  # of the butt's heel
    metal: tuple[float, float, float] = colour(*GUNMETALS)
    wood: tuple[float, float, float] = colour(*FURNITURE)

    def parts(self) -> list[Part]:
        joint = self.joint * self.length if self.butt != "spade grips" else 0.10
        middle, end = joint + self.receiver * self.length, self.length - 0.05
        top, low = 0.4 * self.depth, -0.6 * self.depth
        outline = [(joint, low + 0.012), (joint, top - 0.02), (joint + 0.03, top - 0.004), (middle - 0.10, top), (middle, top - 0.012), (middle, low + 0.02), (middle - 0.06, low)]
        parts = [_receiver(outline, self.width, self.metal)]
        if self.butt == "spade grips":
            parts.append(mirrored(tube([(joint + 0.01, -0.03, 0.02), (joint - 0.05, -0.03, 0.05), (joint - 0.05, 0.06, 0.05), (joint + 0.01, 0.02, 0.02)], 0.011, self.wood, 6)))
        else:
            parts += _butt(self.butt, joint + 0.005, (low + 0.016, top - 0.022), self.drop, (self.wood, self.metal))
            parts += [_grip(joint + 0.04, low + 0.012, 0.11, 20, self.wood), _guard(joint + 0.055, low + 0.010, 0.075, self.metal)]
        front = middle + self.guard * self.length
        parts.append(_stock([(middle - 0.01, low + 0.02, 0.010, 0.9 * self.width), (front, low + 0.025, 0.008, 0.8 * self.width)], self.wood))
        parts += self._barrel(middle, front, end)
        parts += self._feed(middle - 0.10, top, low)
        if self.handle:
            at = middle - 0.02
            parts.append(tube([(at, 0.02, 0), (at + 0.02, top + 0.035, 0), (at + 0.12, top + 0.04, 0)], 0.009, self.wood, 8))
        return parts + self._stand(middle, front, end)

    def _barrel(self, middle: float, front: float, end: float) -> list[Part]:
        r = self.barrel
        parts = [_turned([(middle - 0.04, 1.4 * r), (front, 1.2 * r), (end, r)], self.metal), *_muzzle("flash hider", end, r, self.metal)]
        if self.cooling == "jacket":
            parts.append(_turned([(middle - 0.01, 2.6 * r), (end - 0.1, 2.6 * r), (end - 0.07, 1.6 * r)], self.metal))
        elif self.cooling == "ribs":
            rows = [(middle + 0.012 * i, r * (2.3 if i % 2 else 1.5)) for i in range(1, int((end - middle - 0.08) / 0.024))]
            parts.append(_turned(rows, self.metal))
        else:
            parts.append(_turned([(middle, 0.011), (front + 0.12, 0.010)], self.metal, -2.4 * r))
            parts.append(box((0.025, 3.2 * r, 1.5 * r), (front + 0.10, -1.2 * r, 0), self.metal))
        return [*parts, _front_sight(end - 0.05, r, 0.06, self.metal)]

    def _feed(self, x: float, top: float, low: float) -> list[Part]:
        if self.feed == "drum":
            return [_drum(x, low + 0.015, self.drum, 1.4 * self.width, self.metal)]
        if self.feed == "pan":
            return [moved(lathe([(0, 0), (self.drum, 0), (1.15 * self.drum, 0.02), (0.9 * self.drum, 0.045), (0, 0.05)], self.metal, 18, "y"), x, top - 0.004)]
        if self.feed == "magazine above":
            return [moved(turned(_magazine(0, 0, (0.22, 0.055, 0.030), 28, self.metal), "x", 180), x, top - 0.012)]
        side = self.width / 2 + 0.03
        chest = box((2 * self.drum, 1.5 * self.drum, 0.085), (x, low - 0.55 * self.drum, -0.02), self.wood, 0.006)
        cartridge = rod((-0.03, 0, 0), (0.035, 0, 0), (0.007, 0.003), (0.70, 0.56, 0.28), 6)
        bend = [(0, 0.5 * top, -side + 0.02), (0, 0.3 * top, -side - 0.005), (0, 0.1 * top - 0.012, -side - 0.012), (0, -0.03, -side - 0.012), (0, low + 0.02, -side - 0.010)]
        belt = curve(bend, 2)
        return [chest, array(moved(cartridge, x), belt)]

    def _stand(self, middle: float, front: float, end: float) -> list[Part]:
        at = middle + self.place * (end - middle)
        if self.stand == "tripod":
            hub = (middle - 0.02, -0.5 * self.depth, 0.0)
            legs = [rod(hub, (middle + 0.22, -self.leg - 0.06, s * self.leg), 0.012, self.metal, 6) for s in (-1, 1)]
            legs.append(rod(hub, (middle - 0.40, -self.leg - 0.06, 0), 0.012, self.metal, 6))
            return [*legs, rod((middle - 0.02, -0.4 * self.depth, 0), (middle - 0.02, -0.5 * self.depth - 0.03, 0), 0.022, self.metal, 8)]
        if self.stand == "bipod":
            return [_bipod(at, -0.012, self.leg, self.spread, self.metal)]
        back = max(at - self.leg, middle)
        return [mirrored(tube([(at, -0.015, 0.012), (back, -0.024, 0.024)], 0.006, self.metal, 6))]


PROGRAMS = {AssaultRifle: 8, LongRifle: 7, Shotgun: 2.5, SubmachineGun: 3, MachineGun: 2}
"""Programs of the class, each with its share."""
