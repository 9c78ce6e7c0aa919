"""Programs of shotguns, submachine guns and machine guns.

All lie along x with the muzzle to the front; the butt is at 0, the barrel's axis at height 0. Lengths are metres.
"""

from __future__ import annotations

import dataclasses

from lmnet_utils.data.programs.parameters import WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
    curve,
    cushion,
    joined,
    lathe,
    mirrored,
    moved,
    rod,
    tube,
    turned,
)
from lmnet_utils.data.programs.rifle_parts import (
    BLACK,
    FURNITURE,
    GUNMETALS,
    bipod_legs,
    box_magazine,
    butt_stock,
    drum_magazine,
    front_sight,
    muzzle_device,
    pistol_grip,
    receiver_body,
    round_body,
    sights,
    stock_body,
    trigger_guard,
)


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
        outline = [
            (joint, low + 0.006), (joint, top - 0.012), (joint + 0.03, top), (middle, top), (middle, low + 0.004),
            (joint + 0.05, low),
        ]  # fmt: skip
        parts = [
            receiver_body(outline, 2.9 * r, self.metal),
            trigger_guard(joint + 0.03, low + 0.006, 0.075, self.metal),
        ]
        if short:
            parts.append(
                pistol_grip(joint + 0.01, low + 0.018, 0.12, 38 if self.butt == "pistol grip" else 55, self.wood)
            )
        elif self.butt == "skeleton":
            parts += [
                *butt_stock("skeleton", joint, (low, top), self.drop, (self.wood, self.metal)),
                pistol_grip(joint + 0.02, low, 0.10, 25, self.wood),
            ]
        else:
            bottom = -self.drop - self.heel
            rows = [
                (0, bottom, -self.drop, 0.036), (0.02, bottom, -self.drop, 0.044),
                (0.55 * joint, 0.55 * bottom - 0.03, -0.5 * self.drop, 0.042),
            ]  # fmt: skip
            parts.append(
                stock_body(
                    [
                        *rows, (0.85 * joint, low - 0.008, top - 0.022, 0.036),
                        (joint + 0.01, low + 0.006, top - 0.006, 0.036),
                    ],
                    self.wood,
                )
            )  # fmt: skip
            parts.append(box((0.014, self.heel, 0.036), (-0.004, bottom + self.heel / 2, 0), BLACK))
        parts += self._barrels(middle, end)
        if self.rib:
            parts.append(box((end - middle - 0.01, 0.005, 0.008), ((end + middle) / 2, r + 0.004, 0), self.metal))
        parts.append(cushion((0.008, 0.008, 0.008), (end - 0.012, r + 0.008, 0), (0.7, 0.56, 0.28), 1.0, 4))
        shell = rod((0, -0.03, 0), (0, 0.03, 0), 0.010, (0.68, 0.15, 0.13), 8)
        if self.shells and self.kind == "pump":
            parts.append(
                array(
                    moved(shell, joint + 0.05, (top + low) / 2, 1.45 * r + 0.01),
                    [(i * 0.022, 0, 0) for i in range(self.shells)],
                )
            )
        return parts

    def _barrels(self, middle: float, end: float) -> list[Part]:
        r = self.barrel
        one = round_body([(middle - 0.03, 1.15 * r), (middle + 0.1, r), (end, 0.95 * r)], self.metal)
        if self.kind in ("side by side", "over and under"):
            both = mirrored(moved(one, z=r)) if self.kind == "side by side" else joined(one, moved(one, y=-2 * r))
            deep = 2 * self.belly if self.kind == "side by side" else 2 * self.belly + r
            fore = [
                (middle - 0.01, -deep - 0.004, -0.3 * r, 4 * r),
                (middle + 0.6 * self.slide, -deep, -0.3 * r, 3.9 * r),
            ]
            return [
                both,
                stock_body([*fore, (middle + 1.3 * self.slide, -0.6 * deep - r, -0.3 * r, 2.4 * r)], self.wood),
            ]
        reach = max(middle + self.magazine * (end - middle), middle + self.slide + 0.06)
        y = -2.15 * r
        parts = [
            one,
            round_body([(middle - 0.02, 0.95 * r), (reach, 0.95 * r), (reach + 0.012, 0.7 * r)], self.metal, y),
        ]
        parts.append(box((0.014, 3.4 * r, 1.2 * r), (reach - 0.02, y / 2, 0), self.metal))
        if self.kind == "self-loading":
            fore = [
                (middle - 0.005, y - self.belly, 0.3 * r, 3.3 * r),
                (middle + self.slide, y - 0.8 * self.belly, 0.0, 3 * r),
            ]
            return [*parts, stock_body([*fore, (middle + 1.25 * self.slide, y - r, -0.2 * r, 2.4 * r)], self.wood)]
        start = middle + 0.01 + self.place * max(reach - middle - self.slide - 0.03, 0.0)
        fat = self.belly
        rows = [
            (start, 0.85 * fat), (start + 0.02, fat),
            *[(start + self.slide * k / 8, fat * (0.92 if k % 2 else 1.0)) for k in range(2, 8)],
            (start + self.slide, 0.8 * fat),
        ]  # fmt: skip
        return [*parts, round_body(rows, self.wood, y)]


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
            outline = [
                (joint, low), (joint, top - 0.006), (joint + 0.01, top), (middle - 0.03, top),
                (middle, top - 0.012), (middle, low + 0.014), (middle - 0.02, low),
            ]  # fmt: skip
            parts = [receiver_body(outline, self.width, self.metal)]
        else:
            parts = [
                round_body(
                    [(joint - 0.005, 0.9 * top), (joint, top), (middle, top), (middle + 0.01, 0.8 * top)], self.metal
                )
            ]
            parts.append(
                box(
                    (0.75 * self.receiver, -low, 0.6 * self.width), (joint + 0.4 * self.receiver, low / 2, 0),
                    self.metal,
                )
            )  # fmt: skip
        grip = joint + (0.5 if self.feed == "grip" else self.place) * self.receiver + 0.02
        hang = low + (0.01 if grip - joint < 0.75 * self.receiver else 0.02)
        parts += butt_stock(self.butt, joint + 0.005, (low + 0.006, top - 0.004), self.drop, (self.wood, self.metal))
        parts += [trigger_guard(grip + 0.015, low + 0.004, 0.065, self.metal)]
        bend = 0.0 if self.bend < 8 else self.bend
        length = min(self.magazine, 0.45 * (middle + self.reach))
        size = (length, 0.036, 0.62 * self.width)
        ahead = max(grip + 0.115, middle - 0.055)
        if self.feed == "grip":
            parts.append(
                box((0.050, self.grip, 0.8 * self.width), (grip, low - self.grip / 2 + 0.01, 0), self.wood, 0.008)
            )
            parts.append(box_magazine(grip, low, (length, 0.034, 0.5 * self.width), 0, self.metal))
        else:
            parts.append(pistol_grip(grip, hang, self.grip, self.lean, self.wood))
        if self.feed == "before":
            parts.append(box_magazine(ahead, low + 0.012, size, bend, self.metal))
        elif self.feed == "side":
            parts.append(turned(box_magazine(ahead, 0.0, size, 0, self.metal), "x", 90))
        elif self.feed == "drum":
            parts.append(drum_magazine(ahead, low + 0.012, 0.05 + 0.1 * self.magazine, 0.055, self.metal))
        parts += self._front(max(middle, ahead + 0.02), top, low)
        parts += sights(self.sight, joint + 0.55 * self.receiver, top, 0.1, BLACK)
        parts.append(box((0.02, 0.014, 0.012), (joint + 0.03, top + 0.004, 0), self.metal))
        return parts

    def _front(self, middle: float, top: float, low: float) -> list[Part]:
        end = middle + self.reach
        parts = [round_body([(middle - 0.06, 1.2 * self.barrel), (end, self.barrel)], self.metal)]
        parts += muzzle_device(self.muzzle, end, self.barrel, self.metal)
        half = middle + 0.7 * self.reach
        if self.reach > 0.10:
            if self.fore == "round":
                parts.append(
                    round_body(
                        [(middle - 0.005, 0.9 * top), (half, 0.85 * top)],
                        self.metal if self.shape == "tube" else self.wood,
                    )
                )
            elif self.fore == "wood":
                parts.append(
                    stock_body(
                        [
                            (middle - 0.01, low, 0.4 * top, 0.9 * self.width),
                            (half, 0.8 * low, 0.4 * top, 0.8 * self.width),
                        ],
                        self.wood,
                    )
                )
            elif self.fore == "grip":
                parts.append(round_body([(middle - 0.005, 0.8 * top), (half, 0.8 * top)], self.metal))
                parts.append(pistol_grip(half - 0.03, -0.5 * top, 0.085, -5 if self.bend > 10 else 8, self.wood))
        parts.append(front_sight(max(end - 0.025, middle + 0.02), self.barrel, top + 0.018, self.metal))
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
        outline = [
            (joint, low + 0.012), (joint, top - 0.02), (joint + 0.03, top - 0.004), (middle - 0.10, top),
            (middle, top - 0.012), (middle, low + 0.02), (middle - 0.06, low),
        ]  # fmt: skip
        parts = [receiver_body(outline, self.width, self.metal)]
        if self.butt == "spade grips":
            parts.append(
                mirrored(
                    tube(
                        [
                            (joint + 0.01, -0.03, 0.02), (joint - 0.05, -0.03, 0.05), (joint - 0.05, 0.06, 0.05),
                            (joint + 0.01, 0.02, 0.02),
                        ], 0.011, self.wood, 6,
                    )
                )
            )  # fmt: skip
        else:
            parts += butt_stock(
                self.butt, joint + 0.005, (low + 0.016, top - 0.022), self.drop, (self.wood, self.metal)
            )
            parts += [
                pistol_grip(joint + 0.04, low + 0.012, 0.11, 20, self.wood),
                trigger_guard(joint + 0.055, low + 0.010, 0.075, self.metal),
            ]
        front = middle + self.guard * self.length
        parts.append(
            stock_body(
                [(middle - 0.01, low + 0.02, 0.010, 0.9 * self.width), (front, low + 0.025, 0.008, 0.8 * self.width)],
                self.wood,
            )
        )
        parts += self._barrel(middle, front, end)
        parts += self._feed(middle - 0.10, top, low)
        if self.handle:
            at = middle - 0.02
            parts.append(
                tube([(at, 0.02, 0), (at + 0.02, top + 0.035, 0), (at + 0.12, top + 0.04, 0)], 0.009, self.wood, 8)
            )
        return parts + self._stand(middle, front, end)

    def _barrel(self, middle: float, front: float, end: float) -> list[Part]:
        r = self.barrel
        parts = [
            round_body([(middle - 0.04, 1.4 * r), (front, 1.2 * r), (end, r)], self.metal),
            *muzzle_device("flash hider", end, r, self.metal),
        ]
        if self.cooling == "jacket":
            parts.append(
                round_body([(middle - 0.01, 2.6 * r), (end - 0.1, 2.6 * r), (end - 0.07, 1.6 * r)], self.metal)
            )
        elif self.cooling == "ribs":
            rows = [
                (middle + 0.012 * i, r * (2.3 if i % 2 else 1.5)) for i in range(1, int((end - middle - 0.08) / 0.024))
            ]
            parts.append(round_body(rows, self.metal))
        else:
            parts.append(round_body([(middle, 0.011), (front + 0.12, 0.010)], self.metal, -2.4 * r))
            parts.append(box((0.025, 3.2 * r, 1.5 * r), (front + 0.10, -1.2 * r, 0), self.metal))
        return [*parts, front_sight(end - 0.05, r, 0.06, self.metal)]

    def _feed(self, x: float, top: float, low: float) -> list[Part]:
        if self.feed == "drum":
            return [drum_magazine(x, low + 0.015, self.drum, 1.4 * self.width, self.metal)]
        if self.feed == "pan":
            return [
                moved(
                    lathe(
                        [(0, 0), (self.drum, 0), (1.15 * self.drum, 0.02), (0.9 * self.drum, 0.045), (0, 0.05)],
                        self.metal,
                        18,
                        "y",
                    ),
                    x,
                    top - 0.004,
                )
            ]
        if self.feed == "magazine above":
            return [moved(turned(box_magazine(0, 0, (0.22, 0.055, 0.030), 28, self.metal), "x", 180), x, top - 0.012)]
        side = self.width / 2 + 0.03
        chest = box((2 * self.drum, 1.5 * self.drum, 0.085), (x, low - 0.55 * self.drum, -0.02), self.wood, 0.006)
        cartridge = rod((-0.03, 0, 0), (0.035, 0, 0), (0.007, 0.003), (0.70, 0.56, 0.28), 6)
        bend = [
            (0, 0.5 * top, -side + 0.02), (0, 0.3 * top, -side - 0.005), (0, 0.1 * top - 0.012, -side - 0.012),
            (0, -0.03, -side - 0.012), (0, low + 0.02, -side - 0.010),
        ]  # fmt: skip
        belt = curve(bend, 2)
        return [chest, array(moved(cartridge, x), belt)]

    def _stand(self, middle: float, front: float, end: float) -> list[Part]:
        at = middle + self.place * (end - middle)
        if self.stand == "tripod":
            hub = (middle - 0.02, -0.5 * self.depth, 0.0)
            legs = [rod(hub, (middle + 0.22, -self.leg - 0.06, s * self.leg), 0.012, self.metal, 6) for s in (-1, 1)]
            legs.append(rod(hub, (middle - 0.40, -self.leg - 0.06, 0), 0.012, self.metal, 6))
            return [
                *legs,
                rod(
                    (middle - 0.02, -0.4 * self.depth, 0), (middle - 0.02, -0.5 * self.depth - 0.03, 0), 0.022,
                    self.metal, 8,
                ),
            ]  # fmt: skip
        if self.stand == "bipod":
            return [bipod_legs(at, -0.012, self.leg, self.spread, self.metal)]
        back = max(at - self.leg, middle)
        return [mirrored(tube([(at, -0.015, 0.012), (back, -0.024, 0.024)], 0.006, self.metal, 6))]
