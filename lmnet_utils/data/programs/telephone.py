"""Programs of telephones: mobile phones and cordless ones; with those of telephone_fixed.py the class's programs."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
    extrusion,
    lathe,
    loft,
    moved,
    oval,
    rod,
    rounded_rectangle,
    scaled,
    tube,
    turned,
)  # fmt: skip
from lmnet_utils.data.programs.telephone_fixed import CandlestickTelephone, DeskTelephone, WallTelephone
from lmnet_utils.data.programs.telephone_parts import Paint, keypad, rounded_slab

GLASS = (0.16, 0.22, 0.28)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MobilePhone(Program):
    """A slab of glass, a bar with keys, a slider or a flip phone; upright with its screen to the front, or flat on its back."""

    kind: str = one_of("slab", "bar", "slider", "flip", shares=(4, 5, 1, 2))
    pose: str = one_of("upright", "lying")
    facing: float = one_of(0.0, 90.0, 180.0, shares=(6, 1, 1))  # degrees by which a lying phone is turned
    columns: int = one_of(3, 4, 8, shares=(4, 1, 1))
    antenna: str = one_of("none", "stub", "rod", shares=(5, 1, 1))
    cameras: int = one_of(0, 1, 2, 3)
    pad: str = one_of("round", "square", "none")  # the large key below the screen
    height: float = uniform(0.10, 0.16)  # metres, here and below
    width: float = uniform(0.38, 0.58)  # of the height
    depth: float = uniform(0.08, 0.20)  # of the height; a slab's is half of it
    corner: float = uniform(0.04, 0.35)  # radius of the corners, of the width
    edge: float = uniform(0.0, 0.35)  # slant around front and back, of the depth
    waist: float = uniform(-0.08, 0.10)  # share by which the middle is narrower
    screen: float = uniform(0.35, 0.60)  # share of the front of a phone with keys
    margin: float = uniform(0.03, 0.10)  # frame of the screen, of the width
    brow: float = uniform(0.0, 0.12)  # further frame above and below a slab's screen, of the height
    key_gap: float = uniform(0.10, 0.40)  # of a key's share of the row
    opening: float = uniform(5.0, 40.0)  # degrees by which a flip phone's lid leans back
    lean: float = uniform(-6.0, 12.0)  # degrees by which the whole leans back, if upright
    body: Paint = colour("black", "white", "steel", "dark grey", "red", "blue", "pink", "grey")
    keys: Paint = colour("grey", "white", "dark grey", "black")
    glass: Paint = colour("black", "dark grey", "navy", "light blue", "green", "glass", "grey")

    def parts(self) -> list[Part]:
        high, wide = self.height, self.width * self.height
        deep = self.depth * high * (0.55 if self.kind == "slab" else 1.0)
        waist = self.waist if self.kind == "bar" else 0.0
        whole = {"slab": self._glass_slab, "bar": self._bar, "slider": self._slider}.get(self.kind, self._flip)(
            wide, deep, waist
        )
        if self.antenna != "none" and self.kind != "slab":
            top = 0.5 * high if self.kind != "flip" else 0.0
            reach = high * (0.08 if self.antenna == "stub" else 0.3)
            x = 0.25 * deep * (1 if self.kind == "slider" else -1)
            path = [(x, top - 0.08 * high, 0.34 * wide), (x, top + reach, 0.34 * wide)]
            whole.append(tube(path, min(wide * (0.07 if self.antenna == "stub" else 0.025), 0.24 * deep), self.body, 8))
        if self.kind != "flip" and self.cameras:
            lens = lathe([(0.06 * wide, 0), (0.055 * wide, 0.1 * deep), (0, 0.1 * deep)], GLASS, 12, "x")
            lens = moved(scaled(lens, x=-1), 0.0 if self.kind == "slider" else -deep / 2, 0.38 * high, -0.25 * wide)
            whole.append(array(lens, [(0, -i * wide * 0.16, 0) for i in range(self.cameras)]))
        if self.pose == "upright":
            return [turned(part, "z", self.lean) for part in whole]
        return [turned(turned(part, "z", 90), "y", self.facing) for part in whole]

    def _body(self, wide: float, high: float, deep: float, waist: float) -> Part:
        return rounded_slab((deep, high, wide), self.corner * wide, self.edge * deep, waist, self.body)

    def _screen(self, wide: float, high: float, x: float, brow: float = 0.0) -> Part:
        frame = 2 * self.margin * wide
        size = (high - frame - 2 * brow, wide - frame)
        thick = 0.008 * self.height
        outline = rounded_rectangle(*size, 0.3 * self.corner * min(size), 5)
        return extrusion(outline, thick, self.glass, "x", x + 0.2 * thick)

    def _front_keys(self, wide: float, high: float, x: float) -> list[Part]:
        """Keys on the front of a piece as wide and high, about the origin, the large one above."""
        rise = 0.012 * self.height
        pad = 0.0 if self.pad == "none" else 0.3 * high
        rows = 4 if self.columns < 8 else 3
        keys = moved(
            keypad((0.92 * high - pad, 0.86 * wide), (rows, self.columns), self.key_gap, rise, self.keys), x, -pad / 2
        )
        if self.pad == "none":
            return [keys]
        place = (x, high / 2 - 0.5 * pad, 0)
        ring_ = lathe([(0.42 * pad, -rise), (0.42 * pad, rise), (0.2 * pad, rise * 1.2), (0, rise)], self.keys, 16, "x")
        square = box((2 * rise, 0.7 * pad, 0.9 * pad), (0, 0, 0), self.keys, bevel=0.4 * rise)
        sides = [(0, y, z) for y in (-0.2 * pad, 0.2 * pad) for z in (-0.33 * wide, 0.33 * wide)]
        soft = array(box((2 * rise, 0.22 * pad, 0.18 * wide), (0, 0, 0), self.keys, bevel=0.4 * rise), sides)
        return [keys, moved(ring_ if self.pad == "round" else square, *place), moved(soft, *place)]

    def _glass_slab(self, wide: float, deep: float, waist: float) -> list[Part]:
        high = self.height
        brow = self.brow * high
        parts = [self._body(wide, high, deep, waist), self._screen(wide, high, deep / 2, brow)]
        if brow > 0.06 * high and self.pad != "none":
            home = lathe([(0.35 * brow, 0), (0.3 * brow, 0.02 * deep), (0, 0.02 * deep)], self.keys, 14, "x")
            parts.append(moved(home, deep / 2, -high / 2 + 0.55 * brow + self.margin * wide * 0.5))
        parts.append(box((0.25 * deep, 0.12 * high, 0.02 * wide), (0, 0.2 * high, 0.495 * wide), self.body))
        return parts

    def _bar(self, wide: float, deep: float, waist: float) -> list[Part]:
        high = self.height
        low = high * (1 - self.screen)
        slim = wide * (1 - max(waist, 0.0))
        keys = [moved(part, y=-high * self.screen / 2) for part in self._front_keys(slim, low, deep / 2)]
        return [
            self._body(wide, high, deep, waist),
            moved(self._screen(slim, high * self.screen, deep / 2), y=low / 2),
            *keys,
        ]

    def _slider(self, wide: float, deep: float, waist: float) -> list[Part]:
        high = 0.68 * self.height
        shift = self.height - high
        under = moved(self._body(wide, high, 0.5 * deep, waist), -0.25 * deep, -shift / 2)
        over = moved(self._body(wide, high, 0.5 * deep, waist), 0.25 * deep, shift / 2)
        keys = [moved(part, 0, -self.height / 2 + shift / 2) for part in self._front_keys(wide, shift * 0.95, 0.0)]
        return [under, over, moved(self._screen(wide, high, deep / 2, 0.05 * high), y=shift / 2), *keys]

    def _flip(self, wide: float, deep: float, waist: float) -> list[Part]:
        half, thin = self.height / 2, 0.75 * deep
        lower = [self._body(wide, half, deep, waist), *self._front_keys(wide, half * 0.94, deep / 2)]
        upper = [self._body(wide, half, thin, waist), self._screen(wide, half * 0.85, thin / 2)]
        barrel = rod((0.2 * deep, 0, -wide / 2), (0.2 * deep, 0, wide / 2), 0.42 * deep, self.body, 12)
        lid = [turned(moved(part, 0.1 * deep, half / 2), "z", self.opening, (0.2 * deep, 0, 0)) for part in upper]
        if self.pose == "lying":  # the lid rises from the table
            lid = [turned(part, "z", -2 * self.opening, (0.2 * deep, 0, 0)) for part in lid]
        return [*(moved(part, y=-half / 2) for part in lower), *lid, barrel]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CordlessPhone(Program):
    """A handset with keys that stands or lies in a charging cradle, some beside an answering machine."""

    cradle: str = one_of("cup", "tray", "machine", shares=(3, 2, 2))
    pad: str = one_of("round", "none")
    antenna: str = one_of("none", "stub", "rod", shares=(2, 2, 1))
    facing: float = one_of(0.0, 180.0, shares=(6, 1))  # degrees
    height: float = uniform(0.14, 0.19)  # metres, of the handset
    width: float = uniform(0.27, 0.38)  # of the height
    depth: float = uniform(0.13, 0.22)  # of the height
    waist: float = uniform(-0.05, 0.12)  # share by which its middle is narrower
    edge: float = uniform(0.05, 0.4)  # slant around front and back, of the depth
    screen: float = uniform(0.2, 0.4)  # share of the front
    lean: float = uniform(8.0, 35.0)  # degrees by which it leans back in a cup
    base: float = uniform(1.2, 2.0)  # width of the cradle, of the handset's
    foot: float = uniform(0.5, 0.8)  # depth of the cradle, of the height
    rise: float = uniform(0.15, 0.3)  # height of the cradle, of the height
    round_: float = uniform(0.1, 0.9)  # squareness of a cup
    body: Paint = colour("black", "white", "steel", "dark grey", "grey", "beige")
    shell: Paint = colour("black", "white", "steel", "dark grey", "grey", "beige")
    keys: Paint = colour("grey", "white", "dark grey")

    def parts(self) -> list[Part]:
        high, wide, deep = self.height, self.width * self.height, self.depth * self.height
        phone = [rounded_slab((deep, high, wide), 0.3 * wide, self.edge * deep, self.waist, self.body)]
        phone.append(
            box(
                (0.04 * deep, self.screen * 0.8 * high, 0.7 * wide),
                (deep / 2, high * (0.44 - self.screen / 2), 0),
                (0.45, 0.55, 0.45),
            )
        )
        low = high * (0.95 - self.screen) * (0.75 if self.pad == "round" else 0.95)
        phone.append(
            moved(
                keypad((low, 0.75 * wide * (1 - max(self.waist, 0))), (4, 3), 0.3, 0.05 * deep, self.keys),
                deep / 2,
                low / 2 - 0.47 * high,
            )
        )
        if self.pad == "round":
            pad = lathe([(0.2 * wide, 0), (0.18 * wide, 0.06 * deep), (0, 0.06 * deep)], self.keys, 16, "x")
            phone.append(moved(pad, deep / 2, low - 0.38 * high))
        if self.antenna != "none":
            long = high * (0.12 if self.antenna == "stub" else 0.4)
            phone.append(
                rod(
                    (-0.15 * deep, 0.46 * high, 0.3 * wide),
                    (-0.15 * deep, 0.5 * high + long, 0.3 * wide),
                    0.2 * deep,
                    self.body,
                    8,
                )
            )
        return [turned(part, "y", self.facing) for part in self._seated(phone, high, wide)]

    def _seated(self, phone: list[Part], high: float, wide: float) -> list[Part]:
        plan = (self.foot * high, self.base * wide)
        rise = self.rise * high
        if self.cradle == "cup":
            rows = [(1.0, 0.0, 0.0), (1.0, 0.25, 0.0), (0.75, 0.7, -0.06), (0.6, 1.0, -0.08)]
            outline = oval(*plan, self.round_, 24)
            sections = [np.insert(outline * s + (shift * plan[0], 0), 1, y * rise, axis=1) for s, y, shift in rows]
            raised = [turned(moved(part, y=0.5 * high), "z", self.lean) for part in phone]
            return [loft(sections, self.shell), *(moved(part, -0.02 * plan[0], 0.35 * rise) for part in raised)]
        low = 0.45 * rise
        tray = [(-0.62 * high, 0), (0.62 * high, 0), (0.62 * high, low * 0.8), (-0.62 * high, low * 1.5)]
        slope = np.degrees(np.arctan2(0.7 * low, 1.24 * high))
        shift = 0.0 if self.cradle == "tray" else -0.55 * wide
        width = plan[1] if self.cradle == "tray" else 2.5 * wide
        lying = [moved(turned(part, "z", 90 - slope), 0, low * 1.15 + 0.4 * self.depth * high, shift) for part in phone]
        parts = [extrusion(tray, width, self.shell, "z"), *lying]
        if self.cradle == "machine":
            field = turned(keypad((0.6 * high, 0.6 * wide), (4, 2), 0.35, 0.03 * high, self.keys), "z", 90 - slope)
            parts.append(moved(field, 0, low * 1.15, 0.6 * wide))
        return parts


PROGRAMS = {MobilePhone: 10, DeskTelephone: 7, CordlessPhone: 2, WallTelephone: 1.5, CandlestickTelephone: 0.4}
"""Programs of the class, each with its share."""
