"""Programs of lamps: table and desk lamps; lamp_floor.py, lamp_hung.py and lamp_fixed.py have the others."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.lamp_fixed import CeilingLamp, StreetLamp, WallLamp
from lmnet_utils.data.programs.lamp_floor import FloorLamp, Lantern
from lmnet_utils.data.programs.lamp_hung import Chandelier, PendantLamp
from lmnet_utils.data.programs.lamp_parts import (
    Paint,
    bulb,
    finial,
    foot,
    shade,
    spider,
    stem,
    trim,
    upended,
)  # fmt: skip
from lmnet_utils.data.programs.parameters import METALS, PAINTS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    box,
    curve,
    joined,
    lathe,
    mirrored,
    moved,
    ring,
    rod,
    tube,
    turned,
)  # fmt: skip

SHADES = ("beige", "white", "white", "grey", "yellow", "orange", "red", "green", "light blue", "brown", "pink")
LIGHT = (0.92, 0.88, 0.70)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TableLamp(Program):
    """A lamp with a shade on a turned stem, a tripod, a column of blocks or a thin rod."""

    stem: str = one_of(
        "column", "urn", "vase", "gourd", "baluster", "bottle", "jar", "taper", "cone", "rod", "balls", "tripod", "blocks",
        shares=(2, 2, 2, 1, 2, 2, 1, 1, 1, 3, 1, 1, 1),
    )  # fmt: skip
    form: str = one_of(
        "straight",
        "bell",
        "dome",
        "globe",
        "square",
        "hexagon",
        "pleated",
        "cylinder",
        shares=(6, 2, 2, 1, 1, 0.5, 1, 3),
    )
    foot: str = one_of("disc", "dome", "steps", "square", "bell", shares=(3, 2, 2, 2, 1))
    trims: int = one_of(0, 1, 2, shares=(3, 1, 1))
    bulbs: bool = one_of(True, False, shares=(3, 2))
    height: float = uniform(0.30, 0.75)  # metres
    radius: float = uniform(0.17, 0.38)  # of the shade, of the height
    shade: float = uniform(0.26, 0.48)  # its height, of the height
    top: float = uniform(0.30, 0.80)  # its radius at the top, of that at the bottom
    girth: float = uniform(0.05, 0.14)  # the stem's radius, of the height
    bulge: float = uniform(0.75, 1.35)  # over 1, the stem's thick parts sit low
    plinth: float = uniform(0.02, 0.07)  # height of the foot, of the height
    spread: float = uniform(0.35, 0.75)  # radius of the foot, of the shade's
    cover: float = uniform(0.0, 0.25)  # share of the shade's height that it reaches down over the stem
    paint: Paint = colour(*SHADES)
    body: Paint = colour(*METALS, *WOODS, *PAINTS)
    metal: Paint = colour(*METALS)

    def parts(self) -> list[Part]:
        tall = self.height
        radius, deep = self.radius * tall, self.shade * tall
        top = {"cylinder": 0.9 + 0.1 * self.top, "globe": 0.1, "dome": 0.1}.get(self.form, self.top)
        if self.form == "globe":
            radius = min(radius, 0.26 * tall)
            deep = 2 * radius
        base = tall - deep
        low = self.plinth * tall
        girth = min(self.girth * tall, 0.75 * radius)
        end = base if self.form == "globe" else base + self.cover * deep
        parts = [moved(shade(self.form, radius, deep, top, self.paint), y=base)]
        parts += self._stem(girth, low, end)
        if self.stem not in ("tripod",):
            parts.append(foot(self.foot, max(self.spread * radius, girth * 0.9), low, self.metal))
        if self.form != "globe":
            parts.append(
                rod(
                    (0, end, 0),
                    (0, tall - (0.0 if self.form == "dome" else 0.06 * deep), 0),
                    0.012 * tall,
                    self.metal,
                    6,
                )
            )
            if self.form == "dome":
                parts.append(finial(0.1 * radius, tall, self.metal))
            if self.form != "dome":
                parts.append(spider(radius * (top + 0.06 * (1 - top)), tall - 0.06 * deep, self.metal))
                edges = [(radius, base), (radius * top, tall)][: self.trims]
                if self.form in ("straight", "cylinder"):
                    parts += [trim(r, y, 0.05 * deep, self.metal) for r, y in edges]
            if self.bulbs:
                size = min(0.09 * deep, 0.3 * radius * top + 0.02 * deep)
                parts.append(moved(bulb(size * 1.6, LIGHT), y=base + 0.35 * deep))
        return parts

    def _stem(self, girth: float, low: float, end: float) -> list[Part]:
        if self.stem == "tripod":
            reach = max(self.spread, 0.5) * self.radius * self.height
            leg = rod((reach, 0, 0), (0.12 * girth, end, 0), (0.16 * girth, 0.2 * girth), self.body, 8)
            return [
                ring(leg, 3),
                lathe([(0, end * 0.93), (0.45 * girth, end * 0.93), (0.45 * girth, end), (0, end)], self.metal),
            ]
        if self.stem == "blocks":
            count = 1 + int(3.99 * (self.bulge - 0.75) / 0.6)
            step = (end - low) / (count + 0.35)
            side = min(1.6 * girth, 1.2 * step) if count > 1 else 1.6 * girth
            blocks = [
                box((side, step, side), (0, low + (i + 0.5) * step, 0), self.body, 0.06 * side) for i in range(count)
            ]
            blocks = [turned(block, "y", 25.0 * (i % 2)) for i, block in enumerate(blocks)]
            return [*blocks, rod((0, low + count * step, 0), (0, end, 0), 0.12 * side, self.metal, 8)]
        return [moved(stem(self.stem, girth, end - low, self.bulge, self.body), y=low)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeskLamp(Program):
    """A lamp to work by: jointed arms, a gooseneck, a banker's lamp with a trough over its bar, or a flat bar of light."""

    kind: str = one_of("jointed", "gooseneck", "banker", "light bar", shares=(5, 3, 1, 1))
    head: str = one_of("straight", "dome", "bell", "can")
    foot: str = one_of("disc", "dome", "square", "clamp", shares=(4, 2, 2, 1))
    rods: int = one_of(1, 2)  # of each arm
    facing: float = one_of(0.0, 90.0, -90.0, shares=(3, 1, 1))  # degrees
    lower: float = uniform(0.28, 0.45)  # metres, length of the lower arm or neck
    upper: float = uniform(0.65, 1.05)  # of the lower arm
    lean: float = uniform(-5.0, 40.0)  # degrees by which the lower arm leans back
    rise: float = uniform(-10.0, 50.0)  # degrees by which the upper arm rises to the front
    tilt: float = uniform(0.0, 45.0)  # degrees by which the head looks to the front
    width: float = uniform(0.14, 0.28)  # radius of the head, of the lower arm
    length: float = uniform(1.0, 1.9)  # of the head, of its radius
    thickness: float = uniform(0.018, 0.035)  # of the arms, of the lower arm
    spread: float = uniform(0.22, 0.38)  # radius of the foot, of the lower arm
    plinth: float = uniform(0.04, 0.12)  # height of the foot, of the lower arm
    paint: Paint = colour(*PAINTS)
    body: Paint = colour(*METALS)

    def parts(self) -> list[Part]:
        unit = self.lower
        parts = {"banker": self._banker, "light bar": self._light_bar, "gooseneck": self._gooseneck}.get(
            self.kind, self._jointed
        )()
        low, spread = self.plinth * unit, self.spread * unit
        if self.foot == "clamp" and self.kind == "jointed":
            jaw = [box((0.2 * unit, 0.03 * unit, 0.14 * unit), (0, y, 0), self.body) for y in (low, low - 0.22 * unit)]
            jaw.append(box((0.03 * unit, 0.25 * unit, 0.14 * unit), (-0.1 * unit, low - 0.11 * unit, 0), self.body))
            parts += [
                *jaw,
                rod((0.03 * unit, low - 0.4 * unit, 0), (0.03 * unit, low - 0.1 * unit, 0), 0.02 * unit, self.body, 6),
            ]
        else:
            parts.append(foot("disc" if self.foot == "clamp" else self.foot, spread, low, self.paint))
        return [turned(part, "y", self.facing) for part in parts]

    def _arm(self, start: np.ndarray, end: np.ndarray) -> list[Part]:
        thick = self.thickness * self.lower
        apart = 1.6 * thick if self.rods == 2 else 0.0
        arm = rod((*start, apart), (*end, apart), thick * (0.6 if self.rods == 2 else 1.0), self.body, 6)
        return [mirrored(arm) if self.rods == 2 else arm]

    def _head(self, place: np.ndarray, tilt: float) -> list[Part]:
        radius = self.width * self.lower
        deep = self.length * radius
        form, top = ("straight", 0.85) if self.head == "can" else (self.head, 0.3)
        cap = lathe([(0.22 * radius, 0), (0.22 * radius, 0.3 * radius), (0, 0.3 * radius)], self.body, 12)
        lid = lathe([(radius * top, 0), (0, 0.02 * radius)], self.paint) if self.head == "can" else joined()
        light = moved(upended(bulb(0.3 * radius, LIGHT)), y=-0.05 * radius)
        cover = moved(shade(form, radius, deep, top, self.paint), y=-deep)
        return [moved(turned(part, "z", tilt), place[0], place[1]) for part in (cover, cap, lid, light)]

    def _jointed(self) -> list[Part]:
        unit, thick = self.lower, self.thickness * self.lower
        start = np.array([0, self.plinth * unit])
        lean, rise = np.radians([self.lean, max(self.rise, self.lean * 0.3 - 10)])
        elbow = start + unit * np.array([-np.sin(lean), np.cos(lean)])
        wrist = elbow + unit * self.upper * np.array([np.cos(rise), np.sin(rise)])
        joint = lathe(
            [(0, -2.5 * thick), (1.8 * thick, -2.5 * thick), (1.8 * thick, 2.5 * thick), (0, 2.5 * thick)],
            self.body,
            10,
            "z",
        )
        joints = [moved(joint, place[0], place[1]) for place in (start, elbow, wrist)]
        return [*self._arm(start, elbow), *self._arm(elbow, wrist), *joints, *self._head(wrist, self.tilt)]

    def _gooseneck(self) -> list[Part]:
        unit = self.lower
        reach, top = unit * self.upper * 0.75, unit * (1.0 + 0.004 * self.rise)
        back = -unit * 0.004 * self.lean
        path = curve(
            [
                (0, 0.04 * unit),
                (back, 0.6 * top),
                (0.25 * reach + back, top),
                (0.75 * reach, 1.02 * top),
                (reach, 0.85 * top),
            ],
            6,
        )
        neck = tube(np.insert(path, 2, 0, axis=1), self.thickness * unit, self.body, 8)
        return [neck, *self._head(path[-1], self.tilt * 0.8)]

    def _banker(self) -> list[Part]:
        unit = self.lower
        top, half = unit * (0.9 + 0.004 * self.rise), unit * (0.3 + 0.15 * self.upper)
        radius = 0.8 * self.width * unit
        trough = turned(lathe([(0.6 * radius, -half), (radius, -0.9 * half), (radius, 0.9 * half), (0.6 * radius, half)],
                              self.paint, 14, "z", 190.0), "z", 90)  # fmt: skip
        trough = moved(turned(trough, "z", 0.5 * self.tilt), 0.3 * radius, top - radius * 0.95)
        post = moved(stem("column", 0.08 * unit, top - 0.05 * unit, 1.0, self.body), y=0.05 * unit)
        tube_light = rod(
            (0.3 * radius, top - 0.6 * radius, -0.7 * half),
            (0.3 * radius, top - 0.6 * radius, 0.7 * half),
            0.15 * radius,
            LIGHT,
            8,
        )
        return [trough, post, tube_light]

    def _light_bar(self) -> list[Part]:
        unit = self.lower
        width, thick = unit * (0.10 + 0.2 * self.width), unit * self.thickness * 1.3
        post = box((thick, unit, width * 0.8), (0, unit / 2, 0), self.body, 0.2 * thick)
        reach = unit * self.upper
        head = box((reach, thick, width), (reach / 2, 0, 0), self.paint, 0.2 * thick)
        light = box((reach * 0.7, thick * 0.3, width * 0.7), (reach * 0.6, -thick * 0.55, 0), LIGHT)
        hinge = rod((0, 0, -width / 2), (0, 0, width / 2), thick, self.body)
        lean, rise = self.lean * 0.5, self.rise * 0.5
        return [
            turned(post, "z", lean),
            *(turned(moved(turned(part, "z", rise - lean), y=unit), "z", lean) for part in (head, light, hinge)),
        ]


PROGRAMS = {
    TableLamp: 10, DeskLamp: 5, FloorLamp: 6, Lantern: 2, PendantLamp: 6, Chandelier: 2.5, CeilingLamp: 1.5, WallLamp: 2.5, StreetLamp: 2.5,
}  # fmt: skip
"""Programs of the class, each with its share."""
