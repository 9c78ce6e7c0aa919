"""Programs of rifles: assault rifles, hunting and sniper rifles; beside them shotguns, submachine guns and machine guns.

All lie along x with the muzzle to the front; the butt is at 0, the barrel's axis at height 0. Lengths are metres.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part, box, cushion, extrusion, mirrored, moved, rod, tube
from lmnet_utils.data.programs.rifle_guns import MachineGun, Shotgun, SubmachineGun
from lmnet_utils.data.programs.rifle_parts import (
    BLACK,
    FURNITURE,
    GREY,
    GUNMETALS,
    bipod_legs,
    box_magazine,
    butt_stock,
    front_sight,
    muzzle_device,
    pistol_grip,
    rail,
    receiver_body,
    round_body,
    sights,
    stock_body,
    telescope,
    trigger_guard,
)


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
        parts += [
            round_body([(middle - 0.05, 1.3 * self.barrel), (front, 1.2 * self.barrel), (end, self.barrel)], self.metal)
        ]
        parts += muzzle_device(self.muzzle, end, self.barrel, self.metal)
        base = top + (0.012 if self.family in ("flat top", "bullpup") else 0.0)
        if self.family != "carry handle":
            parts += sights(self.sight, (joint + middle) / 2 + 0.02, base, self.sight_size, BLACK)
        if self.below == "foregrip":
            parts.append(pistol_grip(middle + 0.6 * (front - middle), -0.03, 0.09, 0, self.wood))
        elif self.below == "launcher" and self.family != "bullpup":
            parts.append(round_body([(middle + 0.01, 0.026), (front + 0.10, 0.026)], GREY, -0.05))
        elif self.below == "bayonet":
            blade = [
                (end - 0.1, -0.035), (end - 0.1, -0.012), (end + 0.12, -0.014), (end + 0.16, -0.022),
                (end + 0.12, -0.034),
            ]  # fmt: skip
            parts += [
                extrusion(blade, 0.005, (0.7, 0.7, 0.72)),
                box((0.10, 0.022, 0.018), (end - 0.1, -0.02, 0), BLACK),
            ]
        if self.bipod:
            parts.append(bipod_legs(front - 0.02, -0.02, 0.2, 0.35, self.metal))
        return parts

    def _body(self, joint: float, middle: float, top: float, low: float) -> list[Part]:
        """Receiver, butt, grip, magazine and rear sights."""
        size = (self.magazine, 0.058, 0.6 * self.width)
        if self.family == "bullpup":
            outline = [
                (0, low - 0.05), (0, top), (middle, top), (middle, -0.35 * self.depth), (joint + 0.02, low),
                (0.15, low - 0.015), (0.05, low - 0.055),
            ]  # fmt: skip
            parts = [
                receiver_body(outline, self.width, self.wood),
                box((0.015, top - low + 0.05, self.width), (-0.005, (top + low - 0.05) / 2, 0), BLACK),
            ]
            parts += [
                box_magazine(0.6 * joint, low + 0.02, size, 25 * self.bend, self.metal),
                pistol_grip(joint + 0.03, low, self.grip, self.lean, self.wood),
            ]
            parts += [trigger_guard(joint + 0.045, low + 0.01, 0.09, self.metal), rail(joint, middle, top, self.metal)]
            return parts
        outline = [
            (joint, low), (joint, top - 0.01), (joint + 0.02, top), (middle - 0.01, top), (middle, top - 0.012),
            (middle, low + 0.022), (middle - 0.03, low),
        ]  # fmt: skip
        parts = [receiver_body(outline, self.width, self.metal)]
        parts += butt_stock(self.butt, joint + 0.005, (low + 0.012, top - 0.008), self.drop, (self.wood, self.metal))
        parts += [
            pistol_grip(joint + 0.035, low, self.grip, self.lean, self.wood if self.family != "flat top" else BLACK)
        ]
        parts.append(trigger_guard(joint + 0.05, low + 0.004, 0.07, self.metal))
        bend = 30 + 35 * self.bend if self.family == "curved magazine" else 22 * self.bend
        start = middle - 0.06 if self.family == "curved magazine" else middle - 0.075
        parts.append(
            box_magazine(start, low + 0.015, size, bend, self.metal if self.family != "flat top" else self.wood)
        )
        side = self.width / 2
        parts.append(box((0.06, 0.012, 0.012), (middle - 0.09, 0.1 * self.depth, side), BLACK))
        if self.family == "carry handle":
            y, start, end = top + 0.045, joint + 0.03, middle - 0.04
            bow = [
                (start - 0.01, top - 0.01), (start, y + 0.01), (end - 0.02, y + 0.004), (end + 0.03, top - 0.01),
                (end + 0.005, top - 0.005), (end - 0.03, y - 0.012), (start + 0.04, y - 0.012),
                (start + 0.025, top - 0.01),
            ]  # fmt: skip
            parts.append(extrusion(bow, 0.018, self.metal))
            if self.sight == "scope":
                parts.append(telescope((start + end) / 2, y, 0.2, 0.017, BLACK))
        elif self.family == "flat top":
            parts.append(rail(joint + 0.02, middle, top, self.metal))
        else:
            parts.append(box((0.05, 0.016, 0.016), (middle + 0.01, top + 0.004, 0), self.metal))
        return parts

    def _hand_guard(self, middle: float, front: float) -> list[Part]:
        r = 0.42 * self.depth
        if self.family == "curved magazine":
            lower = [
                (middle - 0.01, -0.034, 0.006, 0.040), ((middle + front) / 2, -0.037, 0.006, 0.046),
                (front, -0.028, 0.004, 0.036),
            ]  # fmt: skip
            gas = round_body([(middle, 0.009), (front + 0.10, 0.008)], self.metal, 0.024)
            upper = [(middle, 0.010, 0.036, 0.028), (front, 0.012, 0.034, 0.026)]
            block = box((0.03, 0.04, 0.018), (front + 0.09, 0.012, 0), self.metal)
            return [
                stock_body(lower, self.wood),
                stock_body(upper, self.wood),
                gas,
                block,
                front_sight(front + 0.13, self.barrel, 0.055, self.metal),
            ]
        if self.family == "carry handle":
            tube_part = round_body(
                [(middle - 0.005, 1.05 * r), (middle + 0.02, 1.05 * r), (front, 0.85 * r)], self.wood, 0, 10
            )
            return [tube_part, front_sight(front + 0.025, self.barrel, 0.35 * self.depth + 0.05, self.metal)]
        if self.family == "flat top":
            length = front - middle
            parts = [
                round_body([(middle - 0.005, r), (front, r)], self.metal if self.bend > 0.5 else self.wood, 0, 8),
                rail(middle, front, 0.35 * self.depth, self.metal),
            ]
            parts.append(mirrored(box((0.8 * length, 0.014, 0.006), (middle + 0.5 * length, 0, r), BLACK)))
            return [*parts, front_sight(front - 0.02, self.barrel, 0.35 * self.depth + 0.04, self.metal)]
        return [
            stock_body([(middle - 0.03, -0.035, 0.02, 0.042), (front, -0.03, 0.018, 0.036)], self.wood),
            front_sight(front + 0.03, self.barrel, 0.06, self.metal),
        ]


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
        rows = [
            (0.0, bottom, heel, 0.8 * self.width), (0.015, bottom, heel, self.width),
            (0.55 * joint, 0.5 * (bottom + grip) - 0.006, comb, self.width),
        ]  # fmt: skip
        rows += [
            (0.78 * joint, grip - 0.016, -0.026, 0.88 * self.width),
            (joint, grip - 0.008, -0.012, 0.86 * self.width),
        ]
        rows += [(joint + 0.07, -self.belly - 0.008, -0.004, self.width), (action + 0.05, -self.belly, 0.0, self.width)]
        rows += [
            (wood_end - 0.05, -0.75 * self.belly, 0.0, 0.8 * self.width),
            (wood_end, -0.5 * self.belly, -0.002, 0.55 * self.width),
        ]
        if self.kind == "lever":
            rows = [*rows[:5], (joint + 0.02, -0.05, -0.002, 0.04)]
        parts = [
            stock_body(rows, self.wood),
            box((0.014, 0.98 * self.heel, 0.8 * self.width), (-0.005, (heel + bottom) / 2, 0), BLACK),
        ]
        if self.butt == "thumbhole" and self.kind == "sniper":
            parts.append(pistol_grip(joint - 0.01, grip + 0.006, 0.095, 14, self.wood))
        tip = self.length - (0.15 if self.muzzle == "suppressor" and self.kind == "sniper" else 0.0)
        thick = self.barrel * (1.25 if self.kind == "sniper" else 1.0)
        rows_b = [
            (action - 0.04, 1.7 * thick), (action, 1.7 * thick), (action + 0.06, 1.2 * thick),
            (tip, self.taper * thick),
        ]  # fmt: skip
        parts.append(round_body(rows_b, self.metal, 0.004))
        if self.kind == "sniper":
            parts += muzzle_device(self.muzzle, tip, thick, self.metal)
        if self.kind == "lever":
            return parts + self._lever(joint, action, wood_end)
        if self.kind == "musket":
            return parts + self._lock(joint, wood_end)
        return parts + self._bolt(joint, action, wood_end)

    def _bolt(self, joint: float, action: float, wood_end: float) -> list[Part]:
        parts = [round_body([(joint - 0.01, 0.012), (joint + 0.01, 0.016), (action, 0.017)], self.metal, 0.006)]
        knob = cushion((0.022, 0.022, 0.022), (joint + 0.025, -0.03, 0.07), self.metal, 1.0, 5)
        parts += [
            tube(
                [(joint + 0.035, 0.006, 0.01), (joint + 0.033, 0.0, 0.04), (joint + 0.025, -0.028, 0.066)],
                0.005, self.metal, 6,
            ),
            knob,
        ]  # fmt: skip
        parts.append(trigger_guard(joint + 0.015, -self.belly - 0.003, 0.08, self.metal))
        deep = self.magazine * (1.0 if self.kind == "sniper" else 0.35)
        parts.append(
            box_magazine(joint + 0.135, -0.8 * self.belly, (0.2 * self.belly + deep, 0.075, 0.026), 0, self.metal)
        )
        if self.sight == "scope" or self.kind == "sniper":
            size = self.sight_size * (1.0 if self.kind == "sniper" else 0.5) + (0.4 if self.kind == "sniper" else 0.0)
            parts += sights("scope", joint + 0.11, 0.020, size, BLACK)
        else:
            parts += [
                box((0.03, 0.016, 0.012), (action + 0.06, 0.02, 0), self.metal),
                box((0.012, 0.018, 0.004), (self.length - 0.02, 0.018, 0), self.metal),
            ]
        if self.kind == "sniper" and self.bipod:
            parts.append(bipod_legs(wood_end - 0.06, -0.6 * self.belly, self.bipod_length, 0.4, self.metal))
        return parts

    def _lever(self, joint: float, action: float, wood_end: float) -> list[Part]:
        outline = [(joint, -0.055), (joint - 0.01, -0.02), (joint + 0.01, 0.014), (action, 0.018), (action, -0.05)]
        loop = [
            (joint + 0.10, -0.05), (joint + 0.09, -0.085), (joint + 0.02, -0.085), (joint - 0.02, -0.075),
            (joint - 0.10, -0.105), (joint - 0.11, -0.085), (joint - 0.02, -0.055),
        ]  # fmt: skip
        fore = [
            (action - 0.005, -0.045, -0.004, 0.042), (action + 0.02, -0.046, 0.0, 0.044),
            (wood_end, -0.040, -0.002, 0.034),
        ]  # fmt: skip
        parts = [
            receiver_body(outline, 0.036, self.metal),
            tube(np.insert(np.array(loop), 2, 0, axis=1), 0.005, self.metal, 6),
            stock_body(fore, self.wood),
        ]
        parts.append(round_body([(action, 0.0085), (self.length - 0.03, 0.0085)], self.metal, -0.022))
        parts.append(box((0.012, 0.05, 0.022), (self.length - 0.07, -0.01, 0), self.metal))
        parts += [
            box((0.014, 0.03, 0.010), (joint + 0.012, 0.022, 0), self.metal),
            box((0.012, 0.02, 0.004), (self.length - 0.03, 0.018, 0), self.metal),
        ]
        return [*parts, rod((joint + 0.05, -0.055, 0), (joint + 0.045, -0.078, 0), 0.003, self.metal, 4)]

    def _lock(self, joint: float, wood_end: float) -> list[Part]:
        side = self.width / 2
        plate = moved(
            extrusion([(0, -0.028), (0, -0.008), (0.05, 0.0), (0.13, -0.006), (0.13, -0.022)], 0.006, self.metal),
            joint, 0, side,
        )  # fmt: skip
        cock = tube(
            [
                (joint + 0.04, -0.015, side), (joint + 0.02, 0.02, side), (joint + 0.035, 0.045, side),
                (joint + 0.055, 0.04, side),
            ], 0.005, self.metal, 6,
        )  # fmt: skip
        pan = box((0.03, 0.03, 0.012), (joint + 0.09, 0.014, side), self.metal)
        ramrod = rod((joint + 0.3, -0.6 * self.belly - 0.003, 0), (self.length - 0.02, -0.022, 0), 0.004, self.metal, 6)
        bands = [
            box((0.012, 0.05, 0.036), (x, -0.006, 0), self.metal, 0.006)
            for x in (0.55 * self.length, 0.72 * self.length, wood_end - 0.02)
        ]
        back = round_body([(joint + 0.05, 0.017), (joint + 0.21, 0.016)], self.metal, 0.004)
        return [
            plate, cock, pan, ramrod, back, *bands,
            trigger_guard(joint + 0.02, -self.belly - 0.004, 0.09, self.metal),
        ]  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class PrecisionRifle(Program):
    """A modern sniper's rifle: a chassis with pistol grip and a long barrel, a large scope, often a bipod."""

    butt: str = one_of("adjustable", "skeleton", "solid", "wire", shares=(3, 3, 2, 0.5))
    muzzle: str = one_of("brake", "suppressor", "none", "flash hider", shares=(4, 2, 2, 1))
    chassis: str = one_of("slab", "round", "open", shares=(3, 2, 1))
    bipod: bool = one_of(True, False, shares=(2, 1))
    bolt: bool = one_of(True, False)
    length: float = uniform(1.0, 1.4)  # metres
    joint: float = uniform(0.22, 0.30)  # where the butt meets the receiver, of the length
    receiver: float = uniform(0.20, 0.27)  # length of the receiver, of the length
    guard: float = uniform(0.12, 0.26)  # length of the hand guard, of the length
    depth: float = uniform(0.065, 0.095)  # height of the receiver
    width: float = uniform(0.036, 0.052)  # of the receiver
    barrel: float = uniform(0.010, 0.016)  # radius
    magazine: float = uniform(0.04, 0.13)  # metres below the receiver
    lean: float = uniform(8.0, 28.0)  # degrees of the grip
    drop: float = uniform(0.0, 0.05)  # of the butt's heel
    leg: float = uniform(0.18, 0.28)  # length of the bipod
    spread: float = uniform(0.25, 0.55)  # of its legs, over their length
    scope: float = uniform(0.3, 1.3)  # size
    metal: tuple[float, float, float] = colour(*GUNMETALS)
    wood: tuple[float, float, float] = colour("olive", "beige", "black", "dark grey", "walnut", "oak")

    def parts(self) -> list[Part]:
        joint = self.joint * self.length
        middle = joint + self.receiver * self.length
        front = middle + self.guard * self.length
        top, low = 0.35 * self.depth, -0.65 * self.depth
        side = [
            (joint, low + 0.008), (joint, top - 0.012), (joint + 0.03, top), (middle, top), (middle, low + 0.012),
            (joint + 0.06, low),
        ]  # fmt: skip
        parts = [receiver_body(side, self.width, self.wood if self.chassis == "slab" else self.metal)]
        parts += butt_stock(self.butt, joint + 0.005, (low + 0.012, top - 0.010), self.drop, (self.wood, self.metal))
        parts += [
            pistol_grip(joint + 0.035, low + 0.008, 0.105, self.lean, self.wood),
            trigger_guard(joint + 0.05, low + 0.008, 0.075, self.metal),
        ]
        parts.append(
            box_magazine(joint + 0.17, low + 0.02, (0.02 + self.magazine, 0.075, 0.6 * self.width), 0, self.metal)
        )
        if self.chassis == "slab":
            parts.append(
                stock_body(
                    [(middle - 0.01, low + 0.01, 0.004, self.width), (front, 0.6 * low, 0.0, 0.8 * self.width)],
                    self.wood,
                    0.7,
                )
            )
        elif self.chassis == "round":
            parts.append(round_body([(middle - 0.005, 0.8 * top + 0.006), (front, 0.8 * top + 0.006)], self.wood, 0, 8))
        else:
            parts.append(box((front - middle, 0.018, 0.6 * self.width), ((front + middle) / 2, -0.035, 0), self.metal))
            parts.append(box((0.02, 0.04, 0.5 * self.width), (front - 0.02, -0.018, 0), self.metal))
        end = max(self.length - (0.15 if self.muzzle == "suppressor" else 0.05), front + 0.08)
        parts += [
            round_body(
                [(middle - 0.03, 1.35 * self.barrel), (front, 1.2 * self.barrel), (end, self.barrel)], self.metal
            )
        ]
        parts += [
            *muzzle_device(self.muzzle, end, self.barrel, self.metal),
            rail(joint + 0.03, middle - 0.01, top, self.metal),
        ]
        parts += sights("scope", (joint + middle) / 2 + 0.02, top + 0.012, self.scope, BLACK)
        if self.bolt:
            parts.append(
                tube(
                    [(joint + 0.05, 0.01, 0.01), (joint + 0.045, 0.0, 0.05), (joint + 0.04, -0.02, 0.075)],
                    [0.005, 0.005, 0.011],
                    self.metal,
                    6,
                )
            )
        if self.bipod:
            parts.append(bipod_legs(front - 0.03, -0.025, self.leg, self.spread, self.metal))
        return parts


PROGRAMS = {AssaultRifle: 8, LongRifle: 6, PrecisionRifle: 3, Shotgun: 2.5, SubmachineGun: 3, MachineGun: 2}
"""Programs of the class, each with its share."""
