"""Programs of lamps that are fixed: to the ceiling, to the wall, to a post in the street."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.lamp_parts import (
    Paint,
    bulb,
    candle,
    canopy,
    foot,
    lantern,
    shade,
    spider,
    upended,
)  # fmt: skip
from lmnet_utils.data.programs.parameters import METALS, Program, colour, one_of, uniform
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
    ring,
    rod,
    scaled,
    tube,
    turned,
)  # fmt: skip

LIGHT = (0.92, 0.88, 0.70)
PANE = (0.66, 0.76, 0.78)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CeilingLamp(Program):
    """A lamp close under the ceiling: a dish, a drum, a hoop, a bowl on rods, a panel, or spots on a bar."""

    kind: str = one_of("dish", "drum", "bowl", "panel", "spots", shares=(2, 2, 2, 1, 3))
    count: int = one_of(2, 3, 4)  # spots, rods
    edge: str = one_of("plain", "double")
    facing: float = one_of(0.0, 90.0)  # degrees; 0: a bar runs from left to right
    radius: float = uniform(0.15, 0.3)  # metres
    depth: float = uniform(0.2, 0.55)  # of the radius
    plate: float = uniform(0.35, 0.8)  # radius of the ceiling plate, of the radius
    gap: float = uniform(0.2, 0.9)  # of a bowl below its plate, of the radius
    tilt: float = uniform(0.0, 60.0)  # degrees by which spots look away
    head: float = uniform(0.2, 0.32)  # radius of a spot, of the radius
    length: float = uniform(1.2, 2.2)  # of a spot, of its radius
    oblong: float = uniform(0.4, 1.0)  # width of a panel over its length
    paint: Paint = colour("white", "beige", "grey", "yellow", "light blue")
    metal: Paint = colour(*METALS)

    def parts(self) -> list[Part]:
        radius, deep = self.radius, self.depth * self.radius
        t = np.linspace(0, 1, 9)
        bowl = lathe(np.stack([radius * np.sin(0.5 * np.pi * t), -deep * np.cos(0.5 * np.pi * t)], -1), self.paint, 28)
        if self.kind == "dish":
            parts = [
                bowl,
                lathe(
                    [(0.95 * radius, 0), (1.05 * radius, 0), (1.05 * radius, 0.08 * radius), (0, 0.08 * radius)],
                    self.metal,
                    28,
                ),
            ]
            parts.append(
                lathe([(0, -1.15 * deep), (0.06 * radius, -1.1 * deep), (0.05 * radius, -0.97 * deep)], self.metal, 10)
            )
        elif self.kind == "drum":
            parts = [lathe([(0, 0), (radius, 0), (radius, deep), (0, deep)], self.paint, 32)]
            rows = [(1.0, 0.0), (1.07, 0.0), (1.07, 0.25), (1.0, 0.25), (1.0, 0.0)]
            levels = (0.0, 0.75) if self.edge == "double" else (0.0,)
            parts += [lathe((np.array(rows) + (0, level)) * (radius, deep), self.metal, 32) for level in levels]
        elif self.kind == "bowl":
            top = self.gap * radius
            rods = ring(
                rod((0.99 * radius, 0, 0), (0.15 * radius, top, 0), 0.015 * radius, self.metal, 5), max(self.count, 3)
            )
            parts = [bowl, rods, moved(canopy("dome", 0.5 * self.plate * radius, self.metal), y=top * 0.98)]
            if self.edge == "double":
                parts.append(rod((0, -deep, 0), (0, top, 0), 0.04 * radius, self.metal, 8))
        elif self.kind == "panel":
            size = (2 * radius * self.oblong, 0.5 * deep, 2 * radius)
            parts = [
                box(size, (0, 0, 0), self.metal, 0.05 * deep),
                box((size[0] * 0.92, 0.1 * deep, size[2] * 0.92), (0, -0.27 * deep, 0), self.paint),
            ]
        else:
            parts = self._spots()
        return [turned(part, "y", self.facing) for part in parts]

    def _spots(self) -> list[Part]:
        wide = self.head * self.radius
        half = 0.9 * self.radius * (self.count - 1) * 0.6 + wide
        base = box((0.5 * wide, 0.35 * wide, 2 * half), (0, 0, 0), self.metal, 0.06 * wide)
        if self.edge == "double":
            base = rod((0, 0, -half), (0, 0, half), 0.16 * wide, self.metal, 8)
        parts = [base, moved(canopy("disc", self.plate * wide * 2, self.metal), y=0.1 * wide)]
        for i in range(self.count):
            z = (i - (self.count - 1) / 2) * 1.08 * self.radius
            neck = rod((0, 0, z), (0, -wide, z), 0.12 * wide, self.metal, 6)
            deep = self.length * wide
            can = [
                shade("straight", wide, deep, 0.55, self.paint),
                lathe([(0.55 * wide, deep), (0, deep * 1.05)], self.paint, 24),
            ]
            can += [upended(moved(bulb(0.25 * wide, LIGHT), y=-deep * 0.95))]
            parts.append(neck)
            sign = 1 if i % 2 == 0 else -1
            parts += [moved(turned(moved(part, y=-deep), "z", sign * self.tilt), 0, -wide, z) for part in can]
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class WallLamp(Program):
    """A lamp on a wall behind it: a shade or candle on an arm, a half shade, a porch lantern, tubes of light up and down."""

    kind: str = one_of("arm", "half", "candle", "lantern", "up and down", "spot", shares=(3, 2, 2, 2, 1, 1))
    form: str = one_of("straight", "bell", "cylinder", "globe", "tulip")
    plate: str = one_of("oval", "box", "disc")
    count: int = one_of(1, 2, 3, shares=(3, 2, 1))  # lights side by side
    sides: int = one_of(4, 6)
    height: float = uniform(0.2, 0.4)  # metres
    reach: float = uniform(0.3, 0.7)  # of the arm, of the height
    radius: float = uniform(0.2, 0.4)  # of the shade, of the height
    shade: float = uniform(0.4, 0.75)  # its height, of the height
    top: float = uniform(0.35, 0.8)  # its radius at the top, of that at the bottom
    width: float = uniform(0.2, 0.4)  # of the plate, of the height
    sag: float = uniform(0.0, 0.35)  # of the arm, of the height
    thickness: float = uniform(0.02, 0.04)  # radius of the arm, of the height
    paint: Paint = colour("beige", "white", "yellow", "orange", "red", "green", "glass")
    metal: Paint = colour(*METALS, "black", "brown")

    def parts(self) -> list[Part]:
        tall = self.height
        kinds = {"half": self._half, "lantern": self._lantern, "up and down": self._tubes, "spot": self._spot}
        if self.kind in kinds:
            return kinds[self.kind]()
        step = 2.5 * self.radius * tall
        parts = [self._plate(0.0)]
        for i in range(self.count):
            aside = (i - (self.count - 1) / 2) * step
            end = (self.reach * tall, 0.05 * tall, aside)
            path = curve(
                [
                    (0, 0, 0),
                    (0.4 * end[0], -self.sag * tall, 0.4 * aside),
                    (0.85 * end[0], -0.6 * self.sag * tall, 0.9 * aside),
                    end,
                ],
                5,
            )
            parts.append(tube(path, self.thickness * tall, self.metal, 7))
            parts += [moved(part, *end) for part in self._light()]
        return parts

    def _plate(self, y: float) -> Part:
        tall, wide = self.height, self.width * self.height
        thick = 0.08 * tall
        if self.plate == "box":
            return box((thick, 2 * wide, wide), (-thick / 2, y, 0), self.metal, 0.2 * thick)
        disc = scaled(
            turned(lathe([(0, 0), (1, 0), (0.9, 0.6), (0.4, 1), (0, 1)], self.metal, 20), "z", -90), thick, 1, 1
        )
        return moved(scaled(disc, 1, wide * (0.95 if self.plate == "oval" else 0.6), wide * 0.6), -0.5 * thick, y)

    def _light(self) -> list[Part]:
        tall = self.height
        radius, deep = self.radius * tall, self.shade * tall
        cup = lathe(
            [
                (0.05 * radius, -0.2 * radius),
                (0.4 * radius, -0.05 * radius),
                (0.45 * radius, 0.05 * radius),
                (0, 0.05 * radius),
            ],
            self.metal,
            14,
        )
        if self.kind == "candle":
            return [cup, candle(0.14 * radius, 0.6 * deep, (0.9, 0.87, 0.78), LIGHT)]
        if self.form == "globe":
            return [cup, shade("globe", radius, 2 * radius, 0.1, self.paint)]
        if self.form == "tulip":
            return [cup, upended(moved(shade("bell", radius, deep, 0.3, self.paint), y=-deep))]
        top = 0.95 if self.form == "cylinder" else self.top
        cover = moved(shade(self.form, radius, deep, top, self.paint), y=0.1 * tall)
        end = 0.1 * tall + 0.95 * deep
        return [
            cup,
            cover,
            rod((0, 0, 0), (0, end, 0), 0.05 * radius, self.metal, 6),
            spider(radius * top, end, self.metal),
        ]

    def _half(self) -> list[Part]:
        tall, radius = self.height, 1.2 * self.radius * self.height
        rows = {
            "globe": [(0, 0), (0.5, 0.1), (0.85, 0.3), (1, 0.6), (1, 1)],
            "bell": [(0.15, 0), (0.25, 0.15), (0.5, 0.5), (1, 1)],
            "cylinder": [(1, 0), (1, 1)],
        }.get(self.form, [(self.top, 0), (1, 1)])
        profile = curve(np.array(rows), 4) * (radius, tall)
        cover = turned(lathe(profile, self.paint, 20, sweep=180.0), "y", 90)
        back = box(
            (0.04 * tall, 0.8 * tall, 1.2 * radius * min(1.0, self.top + 0.2)),
            (0.02 * tall, 0.55 * tall, 0),
            self.metal,
        )
        wide = 2 * float(np.interp(0.5 * tall, profile[:, 1], profile[:, 0]))
        back = joined(back, box((0.05 * tall, 0.1 * tall, wide), (0.025 * tall, 0.5 * tall, 0), self.metal))
        if self.form in ("straight", "tulip"):
            rim = turned(
                lathe(
                    [(0.97 * radius, tall), (1.03 * radius, tall), (1.0 * radius, 1.04 * tall)],
                    self.metal,
                    16,
                    sweep=180.0,
                ),
                "y",
                90,
            )
            return [cover, back, rim]
        return [cover, back]

    def _lantern(self) -> list[Part]:
        tall, radius = self.height, 0.7 * self.radius * self.height
        high, roof = 1.3 * self.shade * tall, 0.35 * tall
        whole = 1.08 * high + roof
        out = 1.18 * radius * 1.1 + 0.15 * self.reach * tall
        body = moved(lantern(self.sides, (radius, high, roof), self.top * 0.4 + 0.5, self.metal, PANE), out)
        rise = whole + 0.15 * tall
        path = curve(
            [(0, 0.75 * whole), (0.1 * out, rise), (0.6 * out, 1.06 * rise), (out, rise), (out, whole * 0.97)], 5
        )
        below = curve([(0, 0.6 * whole), (0.1 * out, -0.05 * tall), (0.6 * out, -0.1 * tall), (out, 0.02 * tall)], 5)
        chosen = path if self.count < 3 else below
        return [
            body,
            tube(np.insert(chosen, 2, 0, axis=1), 0.8 * self.thickness * tall, self.metal, 7),
            self._plate(0.7 * whole),
        ]

    def _tubes(self) -> list[Part]:
        tall, radius = self.height, 0.6 * self.radius * self.height
        out = radius + 0.1 * tall
        can = moved(
            lathe(
                [(0.9 * radius, 0.05 * tall), (radius, 0), (radius, tall), (0.9 * radius, 0.95 * tall)],
                self.paint,
                20 if self.sides == 6 else 4,
            ),
            out,
        )
        arm = rod((0, 0.5 * tall, 0), (out, 0.5 * tall, 0), 0.1 * radius, self.metal, 8)
        return [can, arm, self._plate(0.5 * tall)]

    def _spot(self) -> list[Part]:
        tall, radius = self.height, 0.7 * self.radius * self.height
        deep = self.shade * tall
        end = self.reach * tall
        cover = [
            moved(shade("straight", radius, deep, self.top, self.paint), y=-deep),
            lathe([(radius * self.top, 0), (0, 0.1 * radius)], self.paint),
        ]
        cover = [moved(turned(part, "z", 80 * self.sag + 20), end, 0.1 * tall) for part in cover]
        path = curve([(0, 0), (0.5 * end, 0.12 * tall), (end, 0.1 * tall)], 5)
        return [*cover, tube(np.insert(path, 2, 0, axis=1), self.thickness * tall, self.metal, 7), self._plate(0.0)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class StreetLamp(Program):
    """A lamp on a tall post in the street or a garden: an arm with a flat head, a lantern, globes, a crook, a cone."""

    kind: str = one_of("arm", "lantern", "globe", "crook", "cone", "bollard", shares=(3, 3, 2, 2, 1, 1))
    arms: int = one_of(1, 2, shares=(2, 1))
    foot: str = one_of("bell", "steps", "disc", "square")
    sides: int = one_of(4, 6, shares=(1, 1))
    facing: float = one_of(0.0, 90.0, shares=(2, 1))  # degrees
    height: float = uniform(2.5, 7.0)  # metres
    thickness: float = uniform(0.009, 0.02)  # radius of the post, of the height
    taper: float = uniform(0.5, 1.0)  # its radius at the top, of that below
    spread: float = uniform(2.0, 4.0)  # radius of the foot, of the post's
    plinth: float = uniform(0.02, 0.16)  # height of the foot, of the height
    reach: float = uniform(0.10, 0.3)  # of an arm, of the height
    rise: float = uniform(0.0, 0.12)  # of an arm, of the height
    head: float = uniform(0.05, 0.09)  # radius of the lantern or globe, of the height
    long: float = uniform(1.3, 2.2)  # height of the lantern, of its radius
    metal: Paint = colour("black", "dark grey", "green", "steel", "grey", "brown")
    pane: Paint = colour("glass", "white", "yellow", "beige")

    def parts(self) -> list[Part]:
        tall, thick = self.height, self.thickness * self.height
        if self.kind == "bollard":
            return self._bollard()
        end = 0.85 * tall if self.kind in ("lantern", "globe", "cone") else 0.9 * tall
        parts = [rod((0, 0, 0), (0, end, 0), (thick, thick * self.taper), self.metal, 12)]
        parts.append(foot(self.foot, self.spread * thick, self.plinth * tall, self.metal))
        parts.append(moved(lathe([(1.0, -1), (1.5, -0.5), (1.5, 0.5), (1.0, 1)], self.metal, 12)._replace(), y=0))
        parts[-1] = moved(scaled(parts[-1], thick, thick, thick), y=0.45 * tall)
        arm = {"arm": self._arm, "crook": self._crook}.get(self.kind, self._top)(end)
        if self.arms == 2 and self.kind in ("arm", "crook"):
            arm += [scaled(part, x=-1.0) for part in arm]
        elif self.arms == 2 and self.kind in ("lantern", "globe"):
            out = max(self.reach * 0.6, 1.3 * self.head) * tall
            arm = [mirrored(moved(part, z=out), "z") for part in arm]
            arm.append(
                mirrored(
                    tube(
                        curve([(0, end * 0.93, 0), (0, end * 0.9, 0.6 * out), (0, end, out)], 5),
                        0.5 * thick,
                        self.metal,
                        7,
                    )
                )
            )
        return [turned(part, "y", self.facing) for part in (*parts, *arm)]

    def _arm(self, end: float) -> list[Part]:
        tall, thick = self.height, self.thickness * self.height * self.taper
        reach, top = self.reach * tall, end + self.rise * tall
        path = curve(
            [(0, end * 0.97), (0.12 * reach, end + 0.6 * (top - end)), (0.5 * reach, top), (reach, top + 0.01 * tall)],
            5,
        )
        size = np.array([1.9, 0.55, 0.8]) * self.head * tall
        head = cushion(size, (reach + 0.4 * size[0], top + 0.01 * tall, 0), self.metal, 0.5, 6)
        light = scaled(cushion(size * (0.6, 0.5, 0.75), (0, 0, 0), self.pane, 0.7, 5))
        light = moved(light, reach + 0.5 * size[0], top - 0.2 * size[1])
        return [tube(np.insert(path, 2, 0, axis=1), 0.7 * thick, self.metal, 8), head, light]

    def _crook(self, end: float) -> list[Part]:
        tall, thick = self.height, self.thickness * self.height * self.taper
        reach = max(self.reach * 0.6, 1.3 * self.head) * tall
        angles = np.radians(np.linspace(180, 0, 11))
        rows = np.stack([0.5 * reach * (1 + np.cos(angles)), end + 0.5 * reach * np.sin(angles)], -1)
        rows = np.concatenate([[(0, end * 0.95)], rows, [(reach, end - 0.03 * tall)]])
        wide = self.head * tall
        deep = wide * 0.5 * self.long
        lamp = [shade("bell", wide, deep, 0.12, self.metal), shade("globe", 0.6 * wide, 1.2 * wide, 0.1, self.pane)]
        lamp = [moved(lamp[0], y=-deep), moved(lamp[1], y=-deep - 0.4 * wide)]
        return [
            tube(np.insert(rows, 2, 0, axis=1), 0.6 * thick, self.metal, 8),
            *(moved(p, reach, end - 0.03 * tall) for p in lamp),
        ]

    def _top(self, end: float) -> list[Part]:
        tall, wide = self.height, self.head * self.height
        if self.kind == "globe":
            cup = lathe(
                [(0.2 * wide, -0.1 * wide), (0.5 * wide, 0.05 * wide), (0.55 * wide, 0.2 * wide), (0, 0.2 * wide)],
                self.metal,
                14,
            )
            return [moved(cup, y=end), moved(shade("globe", wide, 2 * wide, 0.1, self.pane), y=end + 0.05 * wide)]
        if self.kind == "cone":
            bowl = lathe([(0.25 * wide, 0), (wide, wide * self.long), (0, wide * self.long)], self.metal, 16)
            return [moved(bowl, y=end - 0.01 * tall)]
        return [
            moved(
                lantern(self.sides, (wide * 0.8, wide * self.long, 0.9 * wide), 0.65, self.metal, self.pane),
                y=end - 0.01 * tall,
            )
        ]

    def _bollard(self) -> list[Part]:
        tall, wide = self.height, self.head * self.height * 1.3
        post = [lathe([(0, 0), (wide, 0), (wide, 0.7 * tall), (0, 0.7 * tall)], self.metal)]
        post += [lathe([(0.85 * wide, 0.7 * tall), (0.85 * wide, 0.9 * tall)], self.pane)]
        slats = array(
            lathe([(0.8 * wide, 0), (wide, -0.02 * tall), (0.8 * wide, 0.015 * tall)], self.metal),
            [(0, y * tall, 0) for y in (0.75, 0.8, 0.85)],
        )
        cap = lathe([(0, 0.9 * tall), (1.05 * wide, 0.9 * tall), (1.05 * wide, 0.94 * tall), (0, tall)], self.metal)
        return [*post, slats, cap]
