"""Programs of telephones: mobile phones, cordless ones with a cradle, and telephones for the desk and the wall."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from lmnet_utils.data.programs.parameters import WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
    curve,
    cushion,
    extrusion,
    lathe,
    loft,
    mirrored,
    moved,
    oval,
    rod,
    rounded_rectangle,
    scaled,
    tube,
    turned,
)  # fmt: skip

Paint = tuple[float, float, float]
GLASS = (0.16, 0.22, 0.28)
BODIES = ("black", "beige", "red", "white", "dark grey", "green", "grey", "navy", "pink", "olive")


def _slab(size: tuple[float, float, float], corner: float, edge: float, waist: float, paint: Paint) -> Part:
    """The body of a phone about the origin, its front towards +x.

    Args:
        size: depth, height, width.
        corner: radius of the corners seen from the front.
        edge: width of the slant around front and back.
        waist: share by which it is narrower in the middle of its height (below 0: wider).
    """
    deep, high, wide = size
    corners = rounded_rectangle(high, wide, corner, 4)  # (y, z)
    left, right = corners[:10], corners[10:]
    between = np.linspace(0, 1, 5)[1:-1, None]
    corners = np.concatenate(
        [left, left[-1] + between * (right[0] - left[-1]), right, right[-1] + between * (left[0] - right[-1])]
    )
    slim = 1 - waist * (1 - (2 * corners[:, :1] / high) ** 2)
    corners = corners * np.concatenate([np.ones_like(slim), slim], axis=1)
    cut = min(edge, 0.45 * deep)
    inner = corners * (1 - 2 * cut / high, 1 - 2 * cut / wide)
    rows = ((-deep / 2, inner), (cut - deep / 2, corners), (deep / 2 - cut, corners), (deep / 2, inner))
    return loft([np.insert(outline, 0, x, axis=1) for x, outline in rows], paint)


def _keypad(size: tuple[float, float], shape: tuple[int, int], gap: float, rise: float, paint: Paint) -> Part:
    """Keys on the plane x = 0, about the origin; ``size`` and ``shape`` are their field's height and width, rows and columns."""
    step_y, step_z = size[0] / shape[0], size[1] / shape[1]
    key = box((2 * rise, step_y * (1 - gap), step_z * (1 - gap)), (0, 0, 0), paint, bevel=0.4 * rise)
    places = [
        (0, (row - (shape[0] - 1) / 2) * step_y, (column - (shape[1] - 1) / 2) * step_z)
        for row in range(shape[0])
        for column in range(shape[1])
    ]
    return array(key, places)


def _dial(radius: float, paint: Paint, dark: Paint) -> list[Part]:
    """A rotary dial on y = 0, facing up."""
    plate = lathe(
        np.array([(1.1, 0), (1.1, 0.12), (1.0, 0.14), (0.98, 0.22), (0.4, 0.22), (0.38, 0.26), (0, 0.26)]) * radius,
        paint,
    )
    hole = lathe(np.array([(0.14, 0), (0.14, 0.24), (0, 0.24)]) * radius, dark, 8)
    angles = np.radians(np.arange(20, 320, 30))
    holes = array(hole, np.stack([0.7 * radius * np.cos(angles), 0 * angles, 0.7 * radius * np.sin(angles)], -1))
    return [plate, holes]


def _handset(form: str, span: float, grip: float, bend: float, paint: Paint) -> list[Part]:
    """A handset along z, its ear- and mouthpiece facing down, their undersides at y = 0."""
    rise = bend * span
    if form == "block":
        t = np.linspace(-1, 1, 13)
        over = np.stack([rise * (1 - 0.6 * t**4) + 0.9 * grip, 0.5 * span * t], -1)
        under = [
            (0, 0.5 * span),
            (0, 0.27 * span),
            (rise, 0.2 * span),
            (rise, -0.2 * span),
            (0, -0.27 * span),
            (0, -0.5 * span),
        ]
        return [extrusion(np.concatenate([over, under]), 1.25 * grip, paint, "x")]
    bow = curve(
        [
            (0.5 * grip, -0.44),
            (0.5 * grip + 0.75 * rise, -0.3),
            (0.6 * grip + rise, 0),
            (0.5 * grip + 0.75 * rise, 0.3),
            (0.5 * grip, 0.44),
        ],
        4,
    )
    path = np.stack([0 * bow[:, 0], bow[:, 0], bow[:, 1] * span], axis=-1)
    swell = 0.5 * grip * (1 + 0.35 * np.abs(bow[:, 1] / 0.44))
    piece = 0.9 * grip
    if form == "cups":
        cup = moved(
            lathe(np.array([(0, 0), (1, 0), (1, 0.35), (0.6, 0.9), (0.4, 1.1), (0, 1.1)]) * piece, paint, 16),
            z=0.44 * span,
        )
    else:
        cup = cushion((2 * piece, 1.3 * piece, 2 * piece), (0, 0.65 * piece, 0.43 * span), paint, 0.55, 6)
    return [tube(path, swell, paint, 10), mirrored(cup)]


def _cord(form: str, points: ArrayLike, radius: float, paint: Paint) -> list[Part]:
    """A cord through the points: none, straight or coiled (``radius`` is that of the coil)."""
    if form == "none":
        return []
    steps = 40 if form == "coiled" else 8
    path = curve(points, steps)
    if form == "straight":
        return [tube(path, 0.3 * radius, paint, 6)]
    tangent = np.gradient(path, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-12)
    side = np.cross(tangent, (0.31, 0.2, 0.93))
    side /= np.maximum(np.linalg.norm(side, axis=1, keepdims=True), 1e-9)
    phase = 2 * np.pi * np.arange(len(path))[:, None] / 8
    winding = path + radius * (np.cos(phase) * side + np.sin(phase) * np.cross(tangent, side))
    return [tube(winding, 0.3 * radius, paint, 4)]


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
            path = [(-0.25 * deep, top - 0.08 * high, 0.34 * wide), (-0.25 * deep, top + reach, 0.34 * wide)]
            whole.append(tube(path, min(wide * (0.07 if self.antenna == "stub" else 0.025), 0.24 * deep), self.body, 8))
        if self.kind != "flip" and self.cameras:
            lens = lathe([(0.06 * wide, 0), (0.055 * wide, 0.1 * deep), (0, 0.1 * deep)], GLASS, 12, "x")
            lens = moved(scaled(lens, x=-1), -deep / 2, 0.38 * high, -0.25 * wide)
            whole.append(array(lens, [(0, -i * wide * 0.16, 0) for i in range(self.cameras)]))
        if self.pose == "upright":
            return [turned(part, "z", self.lean) for part in whole]
        return [turned(turned(part, "z", 90), "y", self.facing) for part in whole]

    def _body(self, wide: float, high: float, deep: float, waist: float) -> Part:
        return _slab((deep, high, wide), self.corner * wide, self.edge * deep, waist, self.body)

    def _screen(self, wide: float, high: float, x: float, brow: float = 0.0) -> Part:
        frame = 2 * self.margin * wide
        size = (high - frame - 2 * brow, wide - frame)
        thick = 0.008 * self.height
        outline = rounded_rectangle(*size, 0.3 * self.corner * min(size), 3)
        return extrusion(outline, thick, self.glass, "x", x + 0.2 * thick)

    def _front_keys(self, wide: float, high: float, x: float) -> list[Part]:
        """Keys on the front of a piece as wide and high, about the origin, the large one above."""
        rise = 0.012 * self.height
        pad = 0.0 if self.pad == "none" else 0.3 * high
        rows = 4 if self.columns < 8 else 3
        keys = moved(
            _keypad((0.92 * high - pad, 0.86 * wide), (rows, self.columns), self.key_gap, rise, self.keys), x, -pad / 2
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
        phone = [_slab((deep, high, wide), 0.3 * wide, self.edge * deep, self.waist, self.body)]
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
                _keypad((low, 0.75 * wide * (1 - max(self.waist, 0))), (4, 3), 0.3, 0.05 * deep, self.keys),
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
            field = turned(_keypad((0.6 * high, 0.6 * wide), (4, 2), 0.35, 0.03 * high, self.keys), "z", 90 - slope)
            parts.append(moved(field, 0, low * 1.15, 0.6 * wide))
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeskTelephone(Program):
    """A telephone that stands on a table: a wedge, a rounded block, a low slab on legs or an old one with a flared body."""

    shape: str = one_of("wedge", "rounded", "slab", "flared", shares=(4, 3, 2, 3))
    rest: str = one_of("across", "beside", shares=(1, 1))  # of the handset; a flared body has it across
    handset: str = one_of("block", "cups", "cushions", shares=(3, 2, 2))
    face: str = one_of("keys", "dial", "keys and screen", shares=(3, 2, 3))
    cord: str = one_of("none", "straight", "coiled", shares=(3, 1, 2))
    rows: int = one_of(4, 5)
    width: float = uniform(0.15, 0.24)  # metres, left to right
    length: float = uniform(0.85, 1.30)  # front to back, of the width
    front: float = uniform(0.06, 0.18)  # height at the front, of the width
    back: float = uniform(0.24, 0.50)  # height at the back, of the width
    crest: float = uniform(0.1, 0.4)  # level part behind, of the length
    roundness: float = uniform(0.05, 0.35)  # of the plan's corners, of the width
    narrow: float = uniform(0.7, 0.97)  # width at the top over that below
    grip: float = uniform(0.15, 0.22)  # thickness of the handset, of the width
    bend: float = uniform(0.06, 0.20)  # rise of the handset's middle, of its length
    panel: float = uniform(0.55, 0.85)  # share of the face that keys or dial fill
    slack: float = uniform(0.1, 0.3)  # of the cord beside the telephone, of the width
    body: Paint = colour(*BODIES)
    keys: Paint = colour("white", "grey", "dark grey", "beige")
    hand: Paint = colour(*BODIES)
    plain: bool = one_of(True, False, shares=(4, 1))  # whether the handset has the body's colour

    def parts(self) -> list[Part]:
        if self.shape == "flared":
            return self._flared()
        wide, long = self.width, self.width * self.length
        front, back = self.front * wide, self.back * wide * (0.6 if self.shape == "slab" else 1.0)
        edge = long * (0.5 - self.crest)  # the slope runs from here to the front
        slope = np.degrees(np.arctan2(back - front, long / 2 + edge))
        across = self.rest == "across"
        parts = self._housing(long, front, back, -edge)
        run = (0.9 if across else 0.95) * (long / 2 + edge) * self.panel
        middle = (long / 2 - edge) / 2
        level = (front + back) / 2
        panel = self._face(run, wide * (0.8 if across else 0.5))
        parts += [moved(turned(part, "z", -slope), middle, level, 0.0 if across else 0.2 * wide) for part in panel]
        span = max(0.9 * wide if across else 0.95 * long, 0.16)
        hand = _handset(self.handset, span, self.grip * wide, self.bend, self._hand())
        radius = 0.025 * wide
        if across:
            spot = np.array([-0.5 * long + max(0.5 * self.crest * long, 0.12 * wide), back + 0.03 * wide, 0.0])
            cups = box((0.13 * wide, 0.12 * wide, 0.1 * wide), (0, -0.02 * wide, 0.2 * wide), self.body, 0.02 * wide)
            parts += [moved(part, *spot) for part in (*hand, mirrored(cups))]
            end = spot + (0, 0.5 * self.grip * wide, -0.48 * span)
            points = [
                end,
                end + (0.1 * wide, -0.5 * end[1], -self.slack * wide),
                (0.1 * long, radius * 1.5, -(0.5 + self.slack) * wide),
                (0.3 * long, 0.3 * front, -0.49 * wide),
            ]
        else:
            hand = [turned(turned(part, "y", 90), "z", -slope * 0.8) for part in hand]
            spot = np.array([0.0, np.interp(0.0, [-edge, long / 2], [back, front]) + 0.02 * wide, -0.3 * wide])
            parts += [moved(part, *spot) for part in hand]
            end = spot + (0.48 * span, 0.3 * self.grip * wide - 0.48 * span * np.sin(np.radians(0.8 * slope)), 0)
            points = [
                end,
                (0.6 * long, 0.5 * end[1], -0.4 * wide),
                (0.45 * long, radius * 1.5, -(0.55 + self.slack) * wide),
                (0.2 * long, 0.3 * front, -0.49 * wide),
            ]
        return [*parts, *_cord(self.cord, points, radius, self._hand())]

    def _hand(self) -> Paint:
        return self.body if self.plain else self.hand

    def _housing(self, long: float, front: float, back: float, edge: float) -> list[Part]:
        wide = self.width
        if self.shape == "rounded":
            outline = rounded_rectangle(long, wide, self.roundness * wide, 5)  # (x, z)
            top = np.interp(outline[:, 0], [edge, long / 2], [back, front])
            rows = []
            for share, size in (
                (0.0, 1.0),
                (0.5, 0.5 + 0.5 * self.narrow),
                (0.9, self.narrow),
                (1.0, self.narrow - 0.04),
            ):
                rows.append(np.stack([outline[:, 0] * size, share * top, outline[:, 1] * size], axis=-1))
            lid = rows[-1].copy()
            lid[:, 0] = np.clip(lid[:, 0], None, edge)  # the fan of the lid spans the crest; a sheet covers the slope
            return [loft(rows, self.body, caps=False), _lid(rows[-1], edge, back, self.body)]
        if self.shape == "slab":
            thick = 0.6 * front + 0.03 * wide
            side = [
                (-long / 2, back - thick),
                (edge, back - thick),
                (long / 2, front - thick),
                (long / 2, front),
                (edge, back),
                (-long / 2, back),
            ]
            side = [(x, max(y, 0.0)) for x, y in side]
            leg = box(
                (0.09 * wide, back - 0.5 * thick, 0.09 * wide),
                (-0.42 * long, (back - 0.5 * thick) / 2, 0.42 * wide),
                self.body,
                0.01 * wide,
            )
            flap = turned(box((0.03 * wide, 0.3 * wide, 0.45 * wide), (0, 0.12 * wide, 0), self.body), "z", 35)
            parts = [extrusion(side, wide, self.body), mirrored(leg)]
            return (
                [*parts, moved(flap, -0.38 * long, back, 0.1 * wide)]
                if self.face == "keys and screen" and self.rest == "beside"
                else parts
            )
        side = [
            (-long / 2, 0),
            (long / 2, 0),
            (long / 2, front),
            (edge, back),
            (-long / 2, back * (0.8 + 0.2 * self.narrow)),
        ]
        return [extrusion(side, wide, self.body)]

    def _face(self, run: float, room: float) -> list[Part]:
        """Keys or a dial on y = 0 about the origin, in a field ``run`` long and ``room`` wide."""
        wide = self.width
        if self.face == "dial":
            return _dial(0.45 * min(run, room), self.keys, (0.1, 0.1, 0.1))
        screen = self.face == "keys and screen"
        field = run * (0.7 if screen else 1.0)
        keys = turned(_keypad((field, min(0.62 * room, field)), (self.rows, 3), 0.35, 0.02 * wide, self.keys), "z", 90)
        shift = 0.5 * (run - field)
        parts = [moved(keys, shift, 0, 0.0)]
        if screen:
            parts.append(box((0.22 * run, 0.03 * wide, 0.8 * room), (-0.39 * run, 0, 0), (0.42, 0.52, 0.45)))
            if room > 0.6 * wide:
                column = turned(_keypad((field, 0.16 * room), (self.rows + 1, 1), 0.3, 0.02 * wide, self.keys), "z", 90)
                parts.append(moved(column, shift, 0, 0.4 * room))
        return parts

    def _flared(self) -> list[Part]:
        """An old telephone: a body that narrows upwards, a dial on its slope, the handset in a fork."""
        wide, long = 0.9 * self.width, 0.8 * self.width * self.length
        high = self.width * (0.35 + 0.6 * self.back)
        rows = []
        for t in np.linspace(0, 1, 8):
            waist = 1 - (1 - 0.75 * self.narrow + 0.08) * np.sin(0.5 * np.pi * t) ** (0.6 + 2 * self.roundness)
            outline = oval(long * waist * (1 - 0.35 * t), wide * waist, 0.9 - 1.5 * self.roundness, 28)
            outline[:, 0] -= 0.14 * long * t
            rows.append(np.insert(outline, 1, high * t, axis=1))
        base = box((1.03 * long, 0.05 * high, 1.03 * wide), (0, 0.025 * high, 0), self.body, 0.02 * high)
        parts = [loft(rows, self.body)] + ([base] if self.roundness < 0.15 else [])
        low, up = rows[2][0], rows[5][0]  # the middle of the front, at two heights
        slope = np.degrees(np.arctan2(up[1] - low[1], low[0] - up[0]))
        dial = (
            _dial(0.30 * min(wide, high * 1.5), self.keys, (0.1, 0.1, 0.1))
            if self.face != "keys"
            else self._face(0.5 * high, 0.8 * wide)
        )
        centre = (low + up) / 2
        parts += [moved(turned(part, "z", -slope), centre[0] - 0.01 * wide, centre[1]) for part in dial]
        x, thick = -0.14 * long, self.grip * self.width
        prong = box((0.09 * long, 0.16 * wide, 0.05 * wide), (0, 0.05 * wide, 0), self.body, 0.01 * wide)
        fork = array(prong, [(sx * 0.14 * long, 0, sz * 0.24 * wide) for sx in (-1, 1) for sz in (-1, 1)])
        yoke = box((0.36 * long, 0.05 * wide, 0.56 * wide), (0, -0.01 * wide, 0), self.body, 0.01 * wide)
        span = 1.2 * wide
        form = "cups" if self.handset == "block" else self.handset
        hand = [moved(part, y=-0.02 * wide) for part in _handset(form, span, 0.85 * thick, self.bend, self._hand())]
        parts += [moved(part, x, high + 0.02 * wide) for part in (fork, yoke, *hand)]
        end = np.array([x, high + 0.3 * thick, -0.46 * span])
        points = [
            end,
            (x + 0.1 * wide, 0.4 * high, -(0.58 + self.slack) * wide),
            (x, 0.035 * wide, -(0.55 + self.slack) * wide),
            (-0.46 * long, 0.05 * high, -0.2 * wide),
        ]
        return [*parts, *_cord(self.cord, points, 0.025 * wide, self._hand())]


def _lid(rim: np.ndarray, edge: float, back: float, paint: Paint) -> Part:
    """The top of a rounded housing within its rim: level behind ``edge``, sloping to the front of it."""
    order = np.argsort(rim[:, 0], kind="stable")
    xs = np.unique(np.concatenate([rim[:, 0].round(9), [edge]]))
    sides = [rim[rim[:, 2] * sign >= 0] for sign in (-1, 1)]
    rows = []
    front = rim[order[-1]]
    for x in xs:
        ends = []
        for side in sides:
            ranked = side[np.argsort(side[:, 0], kind="stable")]
            ends.append(float(np.interp(x, ranked[:, 0], ranked[:, 2])))
        y = np.interp(x, [edge, front[0]], [back, front[1]])
        rows.append([(x, y, ends[0]), (x, y, ends[1])])
    return loft(np.array(rows)[:, ::-1], paint, closed=False)


@dataclasses.dataclass(frozen=True, kw_only=True)
class WallTelephone(Program):
    """A telephone on a wall behind it: a slim one with keys or dial, a pay phone, or an old wooden box with bells and a horn."""

    kind: str = one_of("slim", "pay phone", "box", shares=(4, 2, 1))
    face: str = one_of("keys", "dial", shares=(2, 1))
    rest: str = one_of("beside", "across", "over")
    handset: str = one_of("block", "cups", "cushions")
    cord: str = one_of("straight", "coiled", "none")
    height: float = uniform(0.2, 0.5)  # metres
    width: float = uniform(0.45, 0.75)  # of the height
    depth: float = uniform(0.14, 0.3)  # of the height
    taper: float = uniform(0.7, 1.0)  # depth at the top over that below
    corner: float = uniform(0.02, 0.2)  # radius, of the width
    grip: float = uniform(0.09, 0.14)  # thickness of the handset, of the height
    bend: float = uniform(0.05, 0.18)  # rise of the handset's middle, of its length
    panel: float = uniform(0.5, 0.85)  # share of the face that keys or dial fill
    hang: float = uniform(0.1, 0.4)  # of the cord below, of the height
    body: Paint = colour(*BODIES)
    metal: Paint = colour("steel", "grey", "black", "brass")
    wood: Paint = colour(*WOODS)

    def parts(self) -> list[Part]:
        high, wide, deep = self.height, self.width * self.height, self.depth * self.height
        if self.kind == "box":
            return self._box(high, wide * 0.75, deep * 1.1)
        paint = self.metal if self.kind == "pay phone" else self.body
        beside = self.rest == "beside" or self.kind == "pay phone"
        parts = [moved(_slab((deep, high, wide), self.corner * wide, 0.15 * deep, 0.0, paint), deep / 2)]
        room = wide * (0.6 if beside else 0.8)
        aside = 0.17 * wide if beside else 0.0
        size = min(room, 0.55 * high) * self.panel
        up = {"beside": 0.0, "across": -0.14, "over": -0.1}["beside" if beside else self.rest] * high
        if self.face == "dial":
            panel = [turned(part, "z", -90) for part in _dial(0.45 * size, (0.8, 0.8, 0.78), (0.1, 0.1, 0.1))]
        else:
            panel = [_keypad((size * 1.1, size * 0.85), (4, 3), 0.3, 0.02 * wide, (0.75, 0.75, 0.75))]
        parts += [moved(part, deep, up, aside) for part in panel]
        if self.kind == "pay phone":
            parts.append(box((0.1 * deep, 0.14 * high, 0.5 * wide), (deep, 0.36 * high, 0.15 * wide), (0.2, 0.25, 0.3)))
            parts.append(
                box((0.3 * deep, 0.12 * high, 0.22 * wide), (deep, -0.4 * high, 0.25 * wide), self.body, 0.02 * high)
            )
            parts.append(box((0.15 * deep, 0.05 * high, 0.03 * wide), (deep, 0.24 * high, 0.38 * wide), self.body))
        return [*parts, *self._hung(high, wide, deep, beside)]

    def _hung(self, high: float, wide: float, deep: float, beside: bool) -> list[Part]:
        grip = self.grip * high
        span = (0.8 * high if beside else max(wide, 0.65 * high)) * (0.85 if self.kind == "pay phone" else 1.0)
        hand = [
            turned(part, "z", -90) for part in _handset(self.handset, span, grip, self.bend, self.body)
        ]  # underside to the wall
        spot = np.array([deep + 0.15 * grip, 0.02 * high, -0.32 * wide])
        if not beside:
            spot = np.array([deep + 0.15 * grip, 0.5 * high - 0.9 * grip, 0.0])
        else:
            hand = [turned(part, "x", 90) for part in hand]
        hook = box((0.3 * grip, 0.5 * grip, 0.9 * grip), (-0.1 * grip, 0.12 * span if beside else 0, 0), self.metal)
        end = spot + ((0.4 * grip, -0.47 * span, 0) if beside else (0.4 * grip, 0, -0.45 * span))
        low = -(0.5 + self.hang) * high
        points = [
            end,
            (deep * 0.8, 0.5 * (end[1] + low), -0.42 * wide),
            (deep * 0.6, low, -0.15 * wide),
            (deep * 0.5, -0.49 * high, 0.05 * wide),
        ]
        return [moved(part, *spot) for part in (*hand, hook)] + _cord(
            self.cord, points, 0.022 * high, (0.15, 0.15, 0.15)
        )

    def _box(self, high: float, wide: float, deep: float) -> list[Part]:
        parts = [box((deep, high, wide), (deep / 2, 0, 0), self.wood, 0.02 * high)]
        parts.append(box((0.15 * deep, 1.12 * high, 1.15 * wide), (0, 0, 0), self.wood, 0.02 * high))
        shelf = [(deep, -0.12 * high), (deep * 1.7, -0.18 * high), (deep * 1.7, -0.2 * high), (deep, -0.24 * high)]
        parts.append(extrusion(shelf, wide, self.wood, "z"))
        bell = lathe(np.array([(1, 0), (0.95, 0.3), (0.6, 0.6), (0, 0.7)]) * 0.16 * wide, self.metal, 16, "x")
        parts.append(mirrored(moved(bell, deep, 0.36 * high, 0.2 * wide)))
        horn = lathe(
            np.array([(0.3, 0), (0.3, 0.9), (0.5, 1.3), (1.0, 1.9), (0.9, 1.9), (0.2, 1.4)]) * 0.16 * wide,
            self.metal,
            18,
            "x",
        )
        parts.append(turned(moved(horn, deep * 0.98, 0.08 * high), "z", -4))
        receiver = lathe(
            np.array([(0, 0), (1, 0), (1, 0.3), (0.5, 0.6), (0.45, 2.6), (0.6, 2.9), (0, 3)]) * 0.11 * wide,
            (0.1, 0.1, 0.1),
            14,
        )
        hook = rod(
            (deep * 0.6, 0.08 * high, -0.45 * wide), (deep * 0.6, 0.08 * high, -0.68 * wide), 0.03 * wide, self.metal, 8
        )
        points = [
            (deep * 0.6, -0.1 * high, -0.65 * wide),
            (deep * 0.7, -(0.3 + self.hang) * high, -0.7 * wide),
            (deep * 0.6, -0.4 * high, -0.48 * wide),
        ]
        crank = [rod((deep * 0.5, 0, 0.48 * wide), (deep * 0.5, 0, 0.66 * wide), 0.03 * wide, self.metal, 8)]
        crank += [
            rod(
                (deep * 0.5, 0.01 * high, 0.64 * wide),
                (deep * 0.5, -0.14 * high, 0.64 * wide),
                0.025 * wide,
                self.metal,
                8,
            )
        ]
        return [
            *parts,
            moved(receiver, deep * 0.6, -0.1 * high, -0.65 * wide),
            hook,
            *crank,
            *_cord("straight", points, 0.02 * high, (0.2, 0.15, 0.1)),
        ]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CandlestickTelephone(Program):
    """An old telephone: a column on a round foot, the mouthpiece at its top, the receiver on a hook at its side."""

    dial: bool = one_of(True, False)
    foot: str = one_of("flat", "dome", "steps")
    side: float = one_of(1.0, -1.0)  # of the receiver: -1 left, 1 right
    cord: str = one_of("none", "straight", "coiled")
    height: float = uniform(0.24, 0.34)  # metres
    radius: float = uniform(0.2, 0.3)  # of the foot, of the height
    plinth: float = uniform(0.07, 0.16)  # height of the foot, of the height
    column: float = uniform(0.045, 0.08)  # radius, of the height
    mouth: float = uniform(0.1, 0.17)  # radius of the mouthpiece, of the height
    reach: float = uniform(0.15, 0.3)  # of the mouthpiece, of the height
    tilt: float = uniform(-5.0, 25.0)  # degrees by which it looks up
    receiver: float = uniform(0.3, 0.42)  # length, of the height
    apart: float = uniform(0.18, 0.26)  # of the receiver from the column, of the height
    body: Paint = colour("black", "brass", "dark grey", "white", "red")
    metal: Paint = colour("brass", "steel", "black")

    def parts(self) -> list[Part]:
        tall = self.height
        low = self.plinth * tall
        rows = {
            "flat": [(0, 0), (1, 0), (1, 0.5), (0.9, 0.9), (0, 1)],
            "dome": [(0, 0), (1, 0), (0.95, 0.3), (0.7, 0.7), (0.3, 1), (0, 1)],
            "steps": [(0, 0), (1, 0), (1, 0.4), (0.75, 0.45), (0.7, 0.8), (0.4, 1), (0, 1)],
        }[self.foot]
        parts = [lathe(np.array(rows) * (self.radius * tall, low), self.body)]
        wide = self.column * tall
        post = [
            (1.8 * wide, low * 0.9),
            (wide, low + 0.06 * tall),
            (0.9 * wide, 0.85 * tall),
            (1.3 * wide, 0.87 * tall),
            (1.3 * wide, 0.95 * tall),
            (0, tall),
        ]
        parts.append(lathe(post, self.body, 16))
        mouth, reach = self.mouth * tall, self.reach * tall
        horn = [
            (0.35 * mouth, 0),
            (0.4 * mouth, 0.4 * reach),
            (0.6 * mouth, 0.6 * reach),
            (mouth, reach),
            (0.85 * mouth, reach),
            (0.2 * mouth, 0.65 * reach),
            (0, 0.65 * reach),
        ]
        parts.append(moved(turned(lathe(horn, self.metal, 20, "x"), "z", self.tilt), 0.4 * wide, 0.9 * tall))
        aside = self.side * self.apart * tall
        long = self.receiver * tall
        piece = lathe(
            np.array([(0, 0), (0.2, 0), (0.2, 0.06), (0.11, 0.16), (0.09, 0.85), (0.13, 0.95), (0, 1)]) * long,
            self.body,
            14,
        )
        fork = tube(
            curve([(0, 0.74 * tall, 0), (0, 0.74 * tall, 0.6 * aside), (0, 0.77 * tall, 1.15 * aside)], 4),
            0.014 * tall,
            self.metal,
            6,
        )
        parts += [moved(piece, 0, 0.78 * tall - long, aside), fork]
        if self.dial:
            disc = [turned(part, "z", -60) for part in _dial(0.2 * tall * 0.75, self.metal, (0.1, 0.1, 0.1))]
            parts += [moved(part, wide + 0.02 * tall, 0.33 * tall) for part in disc]
        start = np.array([0, 0.78 * tall - long, aside])
        points = [
            start,
            (0, 0.5 * low + 0.1 * tall, 1.5 * aside),
            (-0.1 * tall, 0.03 * tall, 1.4 * aside),
            (-0.5 * self.radius * tall, 0.3 * low, 0.5 * aside),
        ]
        return [*parts, *_cord(self.cord, points, 0.016 * tall, (0.2, 0.16, 0.12))]


PROGRAMS = {MobilePhone: 10, DeskTelephone: 7, CordlessPhone: 2, WallTelephone: 1.5, CandlestickTelephone: 0.4}
"""Programs of the class, each with its share."""
