"""Programs of lamps that hang from the ceiling: pendants and chandeliers."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.lamp_parts import (
    Paint,
    bulb,
    candle,
    canopy,
    drops,
    hanger,
    lantern,
    shade,
    spider,
    stem,
    upended,
)  # fmt: skip
from lmnet_utils.data.programs.parameters import METALS, PAINTS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    curve,
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
class PendantLamp(Program):
    """A lamp that hangs from the ceiling: one shade, a row on a bar, a cluster at several heights, or a lantern."""

    kind: str = one_of("single", "row", "cluster", "lantern", "hoop", shares=(8, 2, 2, 2, 1))
    form: str = one_of(
        "straight",
        "bell",
        "dome",
        "globe",
        "cylinder",
        "tulip",
        "square",
        "hexagon",
        shares=(3, 2, 4, 2, 2, 2, 0.7, 0.7),
    )
    hanger: str = one_of("cord", "rod", "chain", shares=(3, 2, 1))
    canopy: str = one_of("disc", "cone", "cup", "dome")
    count: int = one_of(3, 4, 5)
    facing: float = one_of(0.0, 90.0)  # degrees; 0: a row runs from left to right
    radius: float = uniform(0.10, 0.30)  # metres, of a shade
    shade: float = uniform(0.6, 1.8)  # its height, of its radius
    top: float = uniform(0.15, 0.6)  # its radius at the top, of that at the bottom
    drop: float = uniform(0.8, 4.5)  # length of the cord, of the radius
    cover: float = uniform(0.25, 0.5)  # radius of the canopy, of the shade's
    apart: float = uniform(1.15, 2.4)  # from shade to shade, of their width
    stagger: float = uniform(0.0, 1.2)  # difference in height within a cluster, of the radius
    slant: float = uniform(-25.0, 25.0)  # degrees by which a row's bar slants, if it hangs from one rod
    paint: Paint = colour(*PAINTS, "beige", "green", "brass")
    metal: Paint = colour(*METALS, *WOODS)

    def parts(self) -> list[Part]:
        kinds = {"row": self._row, "cluster": self._cluster, "lantern": self._lantern, "hoop": self._hoop}
        return [turned(part, "y", self.facing) for part in kinds.get(self.kind, self._single)()]

    def _shade(self) -> list[Part]:
        """A shade below y = 0, its socket above."""
        radius = self.radius
        deep = 2 * radius if self.form == "globe" else radius * self.shade * (0.7 if self.form == "dome" else 1.0)
        top = {"cylinder": 0.97, "globe": 0.1, "dome": 0.12, "tulip": 0.14}.get(self.form, self.top)
        parts = [moved(shade(self.form, radius, deep, top, self.paint), y=-deep)]
        wide = 0.16 * radius
        parts.append(
            lathe(
                [(0, -0.1 * radius), (wide, -0.1 * radius), (wide, 0.12 * radius), (0.4 * wide, 0.25 * radius)],
                self.metal,
                12,
            )
        )
        if self.form == "globe":
            return parts
        if top > 0.18 and self.form != "tulip":
            parts.append(spider(radius * (top * 0.97), -0.02 * deep, self.metal))
        return [*parts, moved(upended(bulb(min(0.18 * radius, 0.22 * deep), LIGHT)), y=-0.05 * radius)]

    def _canopy(self, y: float, scale: float = 1.0) -> Part:
        return moved(canopy(self.canopy, self.cover * self.radius * scale, self.metal), y=y)

    def _single(self) -> list[Part]:
        length = self.drop * self.radius
        line = hanger(self.hanger, length, 0.16 * self.radius, self.metal)
        return [*self._shade(), moved(line, y=0.1 * self.radius), self._canopy(length + 0.05 * self.radius)]

    def _row(self) -> list[Part]:
        radius, step = self.radius, 2 * self.radius * min(self.apart, 1 + 3 / self.count)
        places = [(i - (self.count - 1) / 2) * step for i in range(self.count)]
        stub = 0.3 * radius + 0.1 * radius * self.drop
        slope = np.tan(np.radians(0.0 if self.hanger == "cord" else self.slant))
        half = step * (self.count - 1) / 2 + 0.2 * radius
        parts = [rod((0, stub - half * slope, -half), (0, stub + half * slope, half), 0.07 * radius, self.metal, 8)]
        for z in places:
            pieces = [*self._shade(), rod((0, 0.1 * radius, 0), (0, stub, 0), 0.035 * radius, self.metal, 6)]
            parts += [moved(piece, 0, z * slope, z) for piece in pieces]
        length = stub + max(0.6 * self.drop * radius, 0.35 * half)
        hung = [rod((0, stub, 0), (0, length, 0), 0.05 * radius, self.metal, 6), self._canopy(length, 1.3)]
        if self.hanger == "cord":
            hung = [mirrored(moved(part, z=0.6 * half)) for part in hung]
        return [*parts, *hung]

    def _cluster(self) -> list[Part]:
        radius = self.radius
        away = radius * (0.8 + 0.4 * self.apart) / np.sin(np.pi / self.count)
        length = (self.drop + 1.2) * radius
        parts = [moved(scaled(canopy(self.canopy, 1.0, self.metal), away * 1.05, 0.5 * radius, away * 1.05), y=length)]
        for i in range(self.count):
            low = -self.stagger * radius * ((2 * i) % self.count) / (self.count - 1)
            line = rod((0, low + 0.1 * radius, 0), (0, length + 0.05 * radius, 0), 0.025 * radius, self.metal, 6)
            hung = [line, *(moved(part, y=low) for part in self._shade())]
            parts += [turned(moved(part, away * 0.95), "y", 360.0 * i / self.count) for part in hung]
        return parts

    def _lantern(self) -> list[Part]:
        radius = self.radius
        high, roof = radius * (1.0 + self.shade), radius * (0.5 + self.top)
        sides = 6 if self.form in ("hexagon", "bell", "globe") else 4
        body = lantern(
            sides, (radius, high, roof), 0.7 + 0.5 * self.top, self.metal, self.paint if self.form == "square" else PANE
        )
        whole = 1.08 * high + roof
        line = hanger("rod" if self.hanger == "cord" else self.hanger, self.drop * radius, 0.2 * radius, self.metal)
        cover = moved(self._canopy(0.0), y=whole + self.drop * radius - 0.02 * radius)
        light = moved(candle(0.12 * radius, 0.4 * high, LIGHT, LIGHT), y=0.08 * high)
        return [body, moved(line, y=whole - 0.05 * radius), cover, light]

    def _hoop(self) -> list[Part]:
        """Hoops of light on thin cords."""
        parts = []
        length = self.drop * self.radius + self.radius
        for i in range(1 if self.count == 3 else 2):
            wide, y = 2 * self.radius * (1 - 0.35 * i), (0.3 + self.stagger) * self.radius * i * 0.6
            rows = [
                (wide, y),
                (wide, y + 0.18 * self.radius),
                (0.93 * wide, y + 0.18 * self.radius),
                (0.93 * wide, y),
                (wide, y),
            ]
            parts.append(lathe(rows, self.paint, 32))
            cord = rod(
                (0.96 * wide, y + 0.1 * self.radius, 0),
                (0.1 * self.radius, length, 0),
                0.012 * self.radius,
                self.metal,
                4,
            )
            parts.append(ring(cord, 3, start=60.0 * i))
        return [*parts, self._canopy(length - 0.01 * self.radius)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Chandelier(Program):
    """Arms around a turned stem, each with a candle, a shade or a globe; some in two tiers, some with crystals."""

    arms: int = one_of(3, 5, 6, 8, shares=(1, 2, 2, 1))
    tiers: int = one_of(1, 2, shares=(3, 1))
    light: str = one_of("candle", "shade", "globe", "hanging shade", shares=(4, 2, 1, 2))
    stem: str = one_of("baluster", "urn", "balls", "rod")
    hanger: str = one_of("chain", "rod", shares=(2, 1))
    crystals: bool = one_of(True, False, shares=(1, 2))
    reach: float = uniform(0.25, 0.45)  # metres, of an arm
    sag: float = uniform(0.15, 0.45)  # of an arm below its root, of its reach
    lift: float = uniform(-0.05, 0.35)  # of its end above its root, of its reach
    girth: float = uniform(0.10, 0.20)  # radius of the stem, of the reach
    body: float = uniform(0.6, 1.1)  # height of the stem, of the reach
    drop: float = uniform(0.3, 1.2)  # length of the chain, of the reach
    dish: float = uniform(0.10, 0.18)  # radius of a candle's dish, of the reach
    candle: float = uniform(0.18, 0.35)  # its height, of the reach
    thickness: float = uniform(0.018, 0.035)  # radius of an arm, of the reach
    metal: Paint = colour("brass", "black", "steel", "dark grey", "brown", "white")
    paint: Paint = colour("white", "beige", "yellow", "orange", "glass")

    def parts(self) -> list[Part]:
        reach = self.reach
        high, girth = self.body * reach, self.girth * reach
        root = 0.25 * high
        parts = [stem(self.stem, girth * (2.0 if self.stem == "rod" else 1.0), high, 0.9, self.metal)]
        parts.append(
            lathe(
                [(0, -0.12 * reach), (0.3 * girth, -0.08 * reach), (0.2 * girth, -0.02 * reach), (0.55 * girth, 0.0)],
                self.metal,
                12,
            )
        )
        arm = [*self._arm(reach), *self._light()]
        arm = [moved(part, y=root) for part in arm]
        parts += [ring(part, self.arms) for part in arm]
        if self.tiers == 2:
            small = [moved(scaled(part, 0.6, 0.8, 0.6), y=0.5 * high) for part in arm]
            parts += [ring(part, (self.arms + 1) // 2, start=180 / self.arms) for part in small]
        length = self.drop * reach
        parts.append(moved(hanger(self.hanger, length, 0.09 * reach, self.metal), y=high - 0.01 * reach))
        parts.append(moved(canopy("dome", 0.22 * reach, self.metal), y=high + length - 0.02 * reach))
        if self.crystals:
            parts += self._crystals(root + self.lift * reach, root, high)
        return parts

    def _crystals(self, level: float, root: float, high: float) -> list[Part]:
        """Circles of drops, the widest under the lights, and strings from the stem's top to them."""
        reach, clear = self.reach, (0.80, 0.86, 0.9)
        parts = []
        for share, y in ((1.0, level), (0.62, root - 0.5 * self.sag * reach), (0.35, root - 0.25 * reach)):
            wide = share * reach
            band = [(0.985 * wide, 0), (1.015 * wide, 0), (wide, 0.02 * reach)]
            parts.append(moved(lathe(band, self.metal, 24), y=y - 0.01 * reach))
            parts.append(moved(drops(wide, 2 * self.arms if share > 0.5 else self.arms, 0.14 * reach, clear), y=y))
        string = curve(
            [(0.05 * reach, high, 0), (0.3 * reach, 0.5 * (high + level) - 0.2 * reach, 0), (0.95 * reach, level, 0)], 4
        )
        inner = rod(
            (0.34 * reach, root - 0.25 * reach, 0), (0.9 * reach, level - 0.01 * reach, 0), 0.008 * reach, clear, 4
        )
        return [
            *parts,
            ring(tube(string, 0.012 * reach, clear, 4), self.arms, start=180 / self.arms),
            ring(inner, self.arms),
        ]

    def _arm(self, reach: float) -> list[Part]:
        sag = -self.sag * reach if self.light != "hanging shade" else 0.6 * self.sag * reach
        end = self.lift * reach
        path = curve(
            [
                (0.02 * reach, 0),
                (0.35 * reach, 0.8 * sag),
                (0.65 * reach, sag),
                (0.93 * reach, 0.35 * sag + 0.4 * end),
                (reach, end),
            ],
            3,
        )
        return [tube(np.insert(path, 2, 0, axis=1), self.thickness * reach, self.metal, 5)]

    def _light(self) -> list[Part]:
        reach, wide = self.reach, self.dish * self.reach
        tall = self.candle * reach
        if self.light == "hanging shade":
            lights = [moved(shade("bell", 1.4 * wide, tall, 0.25, self.paint, 10), y=-tall)]
        else:
            lights = [
                lathe(
                    [(0.1 * wide, -0.3 * wide), (0.9 * wide, -0.05 * wide), (wide, 0.15 * wide), (0.2 * wide, 0.0)],
                    self.metal,
                    12,
                )
            ]
        if self.light == "candle":
            lights.append(candle(0.22 * wide, 0.7 * tall, (0.9, 0.87, 0.78), LIGHT))
        if self.light == "shade":
            lights.append(rod((0, 0, 0), (0, 0.6 * tall, 0), 0.18 * wide, (0.9, 0.87, 0.78), 6))
            lights.append(moved(shade("straight", 1.3 * wide, 0.75 * tall, 0.55, self.paint, 12), y=0.4 * tall))
            lights.append(moved(spider(0.8 * wide, 0, self.metal), y=0.6 * tall + 0.35 * tall))
            lights.append(rod((0, 0.6 * tall, 0), (0, 0.96 * tall, 0), 0.06 * wide, self.metal, 4))
        if self.light == "globe":
            lights.append(shade("globe", 1.1 * wide, 2.2 * wide, 0.1, self.paint, 12))
        return [moved(part, reach, self.lift * reach) for part in lights]
