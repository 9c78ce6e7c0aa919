"""Programs of telephones: smartphones, phones with keys (bar, flip), and desk telephones."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part, array, box, curve, cushion, extrusion, lathe, mirrored, moved, oval, rounded_rectangle, scaled, tube, turned,
)  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class MobilePhone(Program):
    """A phone that stands upright, its screen to the front: a slab of glass, a bar with keys, or a flip phone, open."""

    kind: str = one_of("slab", "bar", "flip", shares=(2, 3, 2))
    columns: int = one_of(3, 4)
    antenna: str = one_of("none", "stub", "rod", shares=(3, 1, 1))
    cameras: int = one_of(1, 2, 3)
    height: float = uniform(0.10, 0.16)  # metres, here and below
    width: float = uniform(0.42, 0.55)  # of the height
    depth: float = uniform(0.06, 0.16)  # of the height
    corner: float = uniform(0.05, 0.30)  # radius of the corners, of the width
    screen: float = uniform(0.35, 0.55)  # share of the front of a phone with keys
    margin: float = uniform(0.04, 0.12)  # frame of the screen, of the width
    key_gap: float = uniform(0.15, 0.45)  # of a key's share of the row
    opening: float = uniform(5.0, 35.0)  # degrees by which a flip phone's lid leans back
    lean: float = uniform(0.0, 12.0)  # degrees by which the whole leans back
    body: tuple[float, float, float] = colour("black", "white", "steel", "dark grey", "red", "blue", "pink")
    keys: tuple[float, float, float] = colour("grey", "white", "dark grey")

    def parts(self) -> list[Part]:
        height, width = self.height, self.width * self.height
        depth = self.depth * height * (0.6 if self.kind == "slab" else 1.0)
        glass = (0.16, 0.22, 0.28)
        if self.kind == "slab":
            half = [self._shell(width, height, depth), self._screen(width, height, depth, glass)]
        elif self.kind == "bar":
            low = height * (1 - self.screen)
            half = [self._shell(width, height, depth)]
            half += [moved(self._screen(width, height * self.screen, depth, glass), y=low / 2)]
            half += [moved(self._keys(width, low, depth), y=-height * self.screen / 2)]
        else:
            hinge = 0.0
            lower = [self._shell(width, height / 2, depth), self._keys(width, height / 2, depth)]
            upper = [self._shell(width, height / 2, depth * 0.7), self._screen(width, height / 2, depth * 0.7, glass)]
            barrel = lathe([(0, -0.4), (1, -0.4), (1, 0.4), (0, 0.4)], self.body, 12, "z")
            half = [moved(part, y=-height / 4) for part in lower]
            half += [turned(moved(part, y=height / 4), "z", self.opening, (0, hinge, 0)) for part in upper]
            half += [scaled(barrel, depth * 0.6, depth * 0.6, width)]
        top = height / 2 if self.kind != "flip" else 0.0
        if self.antenna != "none":
            reach = height * (0.10 if self.antenna == "stub" else 0.35)
            path = [(-depth * 0.2, top - height * 0.05, width * 0.36), (-depth * 0.2, top + reach, width * 0.36)]
            half.append(tube(path, width * (0.07 if self.antenna == "stub" else 0.03), self.body, 8))
        lens = lathe([(0, 0), (width * 0.06, 0), (width * 0.06, depth * 0.12), (0, depth * 0.12)], glass, 12, "x")
        lens = moved(scaled(lens, x=-1), -depth / 2 if self.kind != "flip" else -depth / 2, height * 0.4, -width * 0.3)
        if self.kind != "flip":
            half.append(array(lens, [(0, -i * width * 0.16, 0) for i in range(self.cameras)]))
        return [turned(part, "z", self.lean) for part in half]

    def _shell(self, width: float, height: float, depth: float) -> Part:
        outline = rounded_rectangle(height, width, self.corner * width)  # (y, z)
        return extrusion(outline, depth, self.body, "x")

    def _screen(self, width: float, height: float, depth: float, paint: tuple[float, float, float]) -> Part:
        edge = 2 * self.margin * width
        return box((depth * 0.1, height - edge, width - edge), (depth / 2, 0, 0), paint)

    def _keys(self, width: float, height: float, depth: float) -> Part:
        rows = 4
        step_y, step_z = 0.9 * height / rows, 0.85 * width / self.columns
        fill = 1 - self.key_gap
        key = box((depth * 0.2, step_y * fill, step_z * fill), (depth / 2, 0, 0), self.keys, bevel=depth * 0.05)
        places = [
            (0, (row - (rows - 1) / 2) * step_y, (column - (self.columns - 1) / 2) * step_z)
            for row in range(rows)
            for column in range(self.columns)
        ]
        return array(key, places)


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeskTelephone(Program):
    """A telephone that stands on a table: a wedge with keys or a dial, the handset across its top or along its side."""

    handset: str = one_of("across", "beside", shares=(2, 1))
    face: str = one_of("keys", "dial", "keys and screen", shares=(3, 1, 2))
    cord: str = one_of("none", "coiled", shares=(1, 1))
    rows: int = one_of(4, 5)
    width: float = uniform(0.15, 0.24)  # metres, left to right
    length: float = uniform(0.85, 1.30)  # front to back, of the width
    front: float = uniform(0.10, 0.20)  # height at the front, of the width
    back: float = uniform(0.25, 0.55)  # height at the back, of the width
    roundness: float = uniform(0.0, 0.25)  # of the plan's corners, of the width
    grip: float = uniform(0.08, 0.13)  # thickness of the handset, of the width
    bend: float = uniform(0.10, 0.30)  # rise of the handset's middle, of its length
    earpiece: float = uniform(0.20, 0.30)  # diameter of ear- and mouthpiece, of the width
    panel: float = uniform(0.45, 0.70)  # share of the face that keys or dial fill
    body: tuple[float, float, float] = colour("black", "beige", "red", "white", "dark grey", "green", "grey")
    keys: tuple[float, float, float] = colour("white", "grey", "dark grey")

    def parts(self) -> list[Part]:
        width, length = self.width, self.width * self.length
        front, back = self.front * width, self.back * width
        side = [(-length / 2, 0), (length / 2, 0), (length / 2, front), (-length * 0.15, back), (-length / 2, back)]
        parts = [extrusion(side, width * (1 - self.roundness * 0.5), self.body)]
        slope = np.degrees(np.arctan2(back - front, 0.65 * length))
        middle = np.array([length * 0.175, (front + back) / 2])
        face = 0.6 * length * self.panel * 1.2
        shift = width * 0.16 if self.handset == "beside" else 0.0
        if self.face == "dial":
            radius = 0.5 * min(face, width * 0.75)
            dial = [lathe([(0, 0), (radius, 0), (radius * 0.95, 0.02 * width), (0, 0.03 * width)], self.keys)]
            hole = lathe([(0, 0), (radius * 0.13, 0), (0, 0.045 * width)], (0.1, 0.1, 0.1), 8)
            holes = [
                moved(hole, radius * 0.72 * np.cos(a), 0.01 * width, radius * 0.72 * np.sin(a))
                for a in np.radians(np.arange(0, 300, 30))
            ]
            panel = [*dial, *holes]
        else:
            step_x, step_z = face / self.rows, width * 0.5 / 3
            key = box((step_x * 0.6, 0.05 * width, step_z * 0.65), (0, 0, 0), self.keys, bevel=0.01 * width)
            places = [
                ((row - (self.rows - 1) / 2) * step_x, 0, (column - 1) * step_z)
                for row in range(self.rows)
                for column in range(3)
            ]
            panel = [array(key, places)]
            if self.face == "keys and screen" and self.handset == "across":
                panel.append(box((face * 0.7, 0.03 * width, width * 0.16), (0, 0, width * 0.38), (0.35, 0.45, 0.38)))
        parts += [moved(turned(part, "z", -slope), middle[0], middle[1], shift) for part in panel]
        grip = self._handset(width, 0.95 * width if self.handset == "across" else 0.95 * length)
        if self.handset == "across":
            parts += [moved(part, -0.33 * length, back + 0.4 * self.earpiece * width) for part in grip]
            rest = box((0.12 * length, 0.12 * width, 0.1 * width), (-0.33 * length, back, 0.32 * width), self.body)
            parts.append(mirrored(rest))
        else:
            turn = [turned(part, "y", 90) for part in grip]
            place = (0.0, (front + back) / 2 + 0.45 * self.earpiece * width, -0.32 * width)
            parts += [moved(turned(part, "z", -slope * 0.8), *place) for part in turn]
        if self.cord == "coiled":
            t = np.linspace(0, 1, 60)
            path = np.stack([-length * (0.3 - 0.2 * t), 0.05 * width + 0 * t, -width * (0.5 + 0.25 * np.sin(np.pi * t))], -1)
            coil = np.stack([0 * t, np.sin(40 * t), np.cos(40 * t)], -1) * 0.025 * width
            parts.append(tube(path + coil, 0.012 * width, self.body, 5))
        return parts

    def _handset(self, width: float, span: float) -> list[Part]:
        piece = self.earpiece * width
        bow = curve([(0.0, -span / 2), (self.bend * span * 0.7, -span / 4), (self.bend * span * 0.7, span / 4), (0.0, span / 2)], 5)
        path = np.stack([0 * bow[:, 0], bow[:, 0], bow[:, 1] * 0.9], axis=-1)
        ends = cushion((piece, piece * 0.9, piece), (0, 0, span / 2 - piece / 2), self.body, 0.6, 6)
        return [tube(path, self.grip * width / 2, self.body, 8), mirrored(ends)]


PROGRAMS = {MobilePhone: 2, DeskTelephone: 3}
"""Programs of the class, each with its share."""
