"""Programs of telephones with a cord: on the desk, on the wall, and old ones like a candlestick."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
    curve,
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
from lmnet_utils.data.programs.telephone_parts import Paint, cord, dial, handset, keypad, rounded_slab

BODIES = ("black", "beige", "red", "white", "dark grey", "green", "grey", "navy", "pink", "olive")


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeskTelephone(Program):
    """A telephone that stands on a table: a wedge, a rounded block, a low slab on legs or an old one with a flared body."""

    shape: str = one_of("wedge", "rounded", "slab", "flared", shares=(4, 3, 2, 3))
    rest: str = one_of("across", "beside", shares=(1, 1))  # of the handset; a flared body has it across
    side: float = one_of(-1.0, 1.0, shares=(6, 1))  # of a handset beside the keys: -1 left
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
        hand = handset(self.handset, span, self.grip * wide, self.bend, self._hand())
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
            spot = np.array([0.0, np.interp(0.0, [-edge, long / 2], [back, front]) - 0.02 * wide, -0.3 * wide])
            parts += [moved(part, *spot) for part in hand]
            end = spot + (0.48 * span, 0.3 * self.grip * wide - 0.48 * span * np.sin(np.radians(0.8 * slope)), 0)
            points = [
                end,
                (0.6 * long, 0.5 * end[1], -0.4 * wide),
                (0.45 * long, radius * 1.5, -(0.55 + self.slack) * wide),
                (0.2 * long, 0.3 * front, -0.49 * wide),
            ]
        parts += cord(self.cord, points, radius, self._hand())
        return [scaled(part, z=self.side) for part in parts]

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
            return dial(0.45 * min(run, room), self.keys, (0.1, 0.1, 0.1))
        screen = self.face == "keys and screen"
        field = run * (0.7 if screen else 1.0)
        keys = turned(keypad((field, min(0.62 * room, field)), (self.rows, 3), 0.35, 0.02 * wide, self.keys), "z", 90)
        shift = 0.5 * (run - field)
        parts = [moved(keys, shift, 0, 0.0)]
        if screen:
            parts.append(box((0.22 * run, 0.03 * wide, 0.8 * room), (-0.39 * run, 0, 0), (0.42, 0.52, 0.45)))
            if room > 0.6 * wide:
                column = turned(keypad((field, 0.16 * room), (self.rows + 1, 1), 0.3, 0.02 * wide, self.keys), "z", 90)
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
        front = (
            dial(0.30 * min(wide, high * 1.5), self.keys, (0.1, 0.1, 0.1))
            if self.face != "keys"
            else self._face(0.5 * high, 0.8 * wide)
        )
        centre = (low + up) / 2
        parts += [moved(turned(part, "z", -slope), centre[0] - 0.01 * wide, centre[1]) for part in front]
        x, thick = -0.14 * long, self.grip * self.width
        prong = box((0.09 * long, 0.16 * wide, 0.05 * wide), (0, 0.05 * wide, 0), self.body, 0.01 * wide)
        fork = array(prong, [(sx * 0.14 * long, 0, sz * 0.24 * wide) for sx in (-1, 1) for sz in (-1, 1)])
        yoke = box((0.36 * long, 0.05 * wide, 0.56 * wide), (0, -0.01 * wide, 0), self.body, 0.01 * wide)
        span = 1.2 * wide
        form = "cups" if self.handset == "block" else self.handset
        drop = 0.085 * thick + self.bend * span - 0.03 * wide  # the handset's middle lies on the yoke
        hand = [moved(part, y=-drop) for part in handset(form, span, 0.85 * thick, self.bend, self._hand())]
        parts += [moved(part, x, high + 0.02 * wide) for part in (fork, yoke, *hand)]
        end = np.array([x, high + 0.3 * thick, -0.46 * span])
        points = [
            end,
            (x + 0.1 * wide, 0.4 * high, -(0.58 + self.slack) * wide),
            (x, 0.035 * wide, -(0.55 + self.slack) * wide),
            (-0.46 * long, 0.05 * high, -0.2 * wide),
        ]
        return [*parts, *cord(self.cord, points, 0.025 * wide, self._hand())]


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
    side: float = one_of(-1.0, 1.0, shares=(6, 1))  # of a handset beside the keys: -1 left
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
        parts = [moved(rounded_slab((deep, high, wide), self.corner * wide, 0.15 * deep, 0.0, paint), deep / 2)]
        room = wide * (0.6 if beside else 0.8)
        aside = 0.17 * wide if beside else 0.0
        size = min(room, 0.55 * high) * self.panel
        up = {"beside": 0.0, "across": -0.14, "over": -0.1}["beside" if beside else self.rest] * high
        if self.face == "dial":
            panel = [turned(part, "z", -90) for part in dial(0.45 * size, (0.8, 0.8, 0.78), (0.1, 0.1, 0.1))]
        else:
            panel = [keypad((size * 1.1, size * 0.85), (4, 3), 0.3, 0.02 * wide, (0.75, 0.75, 0.75))]
        parts += [moved(part, deep, up, aside) for part in panel]
        if self.kind == "pay phone":
            parts.append(box((0.1 * deep, 0.14 * high, 0.5 * wide), (deep, 0.36 * high, 0.15 * wide), (0.2, 0.25, 0.3)))
            parts.append(
                box((0.3 * deep, 0.12 * high, 0.22 * wide), (deep, -0.4 * high, 0.25 * wide), self.body, 0.02 * high)
            )
            parts.append(box((0.15 * deep, 0.05 * high, 0.03 * wide), (deep, 0.24 * high, 0.38 * wide), self.body))
        return [scaled(part, z=self.side) for part in (*parts, *self._hung(high, wide, deep, beside))]

    def _hung(self, high: float, wide: float, deep: float, beside: bool) -> list[Part]:
        grip = self.grip * high
        span = (0.8 * high if beside else max(wide, 0.65 * high)) * (0.85 if self.kind == "pay phone" else 1.0)
        hand = [
            turned(part, "z", -90) for part in handset(self.handset, span, grip, self.bend, self.body)
        ]  # underside to the wall
        spot = np.array([deep - 0.05 * grip, 0.02 * high, -0.32 * wide])
        if not beside:
            spot = np.array([deep - 0.05 * grip, 0.5 * high - 0.9 * grip, 0.0])
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
        return [moved(part, *spot) for part in (*hand, hook)] + cord(
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
            *cord("straight", points, 0.02 * high, (0.2, 0.15, 0.1)),
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
            disc = [turned(part, "z", -78) for part in dial(0.2 * tall * 0.75, self.metal, (0.1, 0.1, 0.1))]
            parts += [moved(part, 1.15 * wide, 0.36 * tall) for part in disc]
            parts.append(rod((0, 0.36 * tall, 0), (1.2 * wide, 0.36 * tall, 0), 0.5 * wide, self.metal, 10))
        start = np.array([0, 0.78 * tall - long, aside])
        points = [
            start,
            (0, 0.5 * low + 0.1 * tall, 1.5 * aside),
            (-0.1 * tall, 0.03 * tall, 1.4 * aside),
            (-0.5 * self.radius * tall, 0.3 * low, 0.5 * aside),
        ]
        return [*parts, *cord(self.cord, points, 0.016 * tall, (0.2, 0.16, 0.12))]
