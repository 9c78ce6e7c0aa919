"""Programs of armchairs (club, wing, box), of chairs with frames of bent tube (cantilevers), and of loungers and deck chairs."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import FABRICS, METALS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    bar,
    box,
    cushion,
    extrusion,
    mirrored,
    moved,
    rod,
    tube,
    turned,
)  # fmt: skip
from lmnet_utils.data.programs.seating import Colour, along, bent, leg, pad, shell, star, wheel


@dataclasses.dataclass(frozen=True, kw_only=True)
class Armchair(Program):
    """An upholstered chair with a body down to short legs or the floor: box, club, wing chair; some with wooden frames."""

    arms: str = one_of("box", "rolled", "soft", "slim", "wooden", "none", shares=(4, 3, 4, 2, 3, 1))
    wings: bool = one_of(False, True, shares=(4, 1))
    legs: str = one_of(
        "square", "tapered", "round", "cabriole", "block", "none", "sled", "tube", shares=(3, 4, 4, 1, 2, 2, 1, 2)
    )
    loose_back: bool = one_of(False, True)
    high: bool = one_of(False, True, shares=(2, 1))  # a back as high as the head
    seat_height: float = uniform(0.36, 0.46)  # top of the cushion; metres, here and below
    seat_width: float = uniform(0.46, 0.70)  # between the arms
    depth: float = uniform(0.62, 0.98)  # of the whole body
    back_height: float = uniform(0.24, 0.52)  # above the seat; 0.28 more if high
    back_thickness: float = uniform(0.09, 0.22)
    back_lean: float = uniform(4.0, 18.0)  # degrees
    back_taper: float = uniform(0.80, 1.05)  # width of the back above over below
    arm_height: float = uniform(0.12, 0.30)  # above the seat
    arm_width: float = uniform(0.07, 0.27)
    arm_slope: float = uniform(-0.02, 0.10)  # how much lower the arms are in front
    arm_length: float = uniform(0.80, 1.0)  # of the depth
    leg_height: float = uniform(0.05, 0.22)
    splay: float = uniform(0.0, 0.08)
    post: float = uniform(0.032, 0.065)  # thickness of the legs
    cushion: float = uniform(0.09, 0.20)  # thickness of the seat's cushion
    softness: float = uniform(0.14, 0.45)  # of cushions and back
    cover: Colour = colour(*FABRICS, "beige", "brown")
    pillows: Colour = colour(*FABRICS, "beige", "white")
    wood: Colour = colour(*WOODS, *METALS)
    matching: bool = one_of(True, False, shares=(3, 1))

    def parts(self) -> list[Part]:
        y, seat, depth, soft = self.seat_height, self.seat_width, self.depth, self.softness
        under = self._underside()
        pillow = self.cover if self.matching else self.pillows
        front = depth / 2
        thick = min(self.cushion, y - under - 0.04)
        back_foot = -depth / 2 + self.back_thickness * 0.5
        inner = back_foot + self.back_thickness * 0.35
        body = box((depth - 0.03, y - thick - under, seat), (0, (y - thick + under) / 2, 0), self.cover, 0.012)
        cushion_depth = front - inner + 0.02
        if self.arms not in ("none", "wooden"):  # its sides and top are hidden
            facing = np.cross(*(body.vertices[body.faces[:, i]] - body.vertices[body.faces[:, 0]] for i in (1, 2)))
            seen = np.abs(facing).argmax(axis=1) != 2
            body = Part(body.vertices, body.faces[seen], body.colours[seen])
        top = pad(cushion_depth, (seat * 0.99, seat * 0.99), thick * 1.1, soft, pillow)
        back = self._back(under, back_foot)
        parts = [body, moved(top, front - cushion_depth / 2 + 0.01, y - thick / 2), *back, *self._legs(under)]
        if self.loose_back:
            high = min(0.8 * self._back_height(), 0.5)
            loose = cushion((0.15, high, 0.96 * seat), (inner + 0.05, y + high / 2 - 0.01, 0), pillow, soft + 0.08, 8)
            parts.append(turned(loose, "z", self.back_lean, (inner, y, 0)))
        return [*parts, *self._arms(under)]

    def _underside(self) -> float:
        if self.arms == "wooden":
            return self.seat_height - self.cushion - 0.07
        if self.legs == "none":
            return 0.0
        return min(self.leg_height, 0.07) if self.legs == "block" else self.leg_height

    def _back_height(self) -> float:
        return self.back_height + (0.28 if self.high else 0.0)

    def _outer(self) -> float:
        """Half of the width over the arms."""
        wide = {"slim": 0.06, "wooden": 0.05, "none": 0.0}.get(self.arms, self.arm_width)
        return self.seat_width / 2 + wide

    def _back(self, under: float, foot: float) -> list[Part]:
        y, high = self.seat_height, self._back_height()
        wide = (
            self.seat_width
            if self.arms in ("none", "wooden")
            else self.seat_width + 0.6 * (2 * self._outer() - self.seat_width)
        )
        low = under + 0.02
        part = cushion((self.back_thickness, y + high - low, 1.0), (0, 0, 0), self.cover, 0.8 * self.softness, 10)
        x, h, z = part.vertices.T
        h = h + (y + high + low) / 2
        t = np.clip((h - y) / high, 0, 1)
        lean = np.tan(np.radians(self.back_lean)) * np.maximum(h - y + 0.1, 0)
        back = part._replace(
            vertices=np.stack([x + foot - lean, h, z * wide * (1 + (self.back_taper - 1) * t)], axis=-1)
        )
        if not self.wings or high < 0.5:
            return [back]
        reach, z = 0.45 * self.depth, 0.5 * wide * (1 + self.back_taper) / 2
        slope = np.tan(np.radians(self.back_lean))
        side = [
            (foot, y + 0.05),
            (foot + 0.55 * reach, y + 0.1),
            (foot + 0.52 * reach, y + 0.55 * high),
            (foot + 0.25 * reach, y + 0.92 * high),
        ]
        side = [*side, (foot, y + 0.96 * high)]
        outline = [(px - slope * (py - y), py) for px, py in side]
        wing = extrusion(outline, 0.055, self.cover, "z", z - 0.02)
        return [back, mirrored(wing)]

    def _arms(self, under: float) -> list[Part]:
        y, seat, depth = self.seat_height, self.seat_width, self.depth
        length, wide, top = depth * self.arm_length, self.arm_width, y + self.arm_height
        rear = -depth / 2 + 0.01
        drop = self.arm_slope
        if self.arms == "none":
            return []
        if self.arms == "wooden":
            z = seat / 2 + 0.02
            front, back = rear + length - 0.08, rear + 0.08
            rest = bar((back - 0.08, top - drop, z), (front + 0.05, top, z), 0.06, 0.028, self.wood)
            posts = [bar((front, 0, z), (front - 0.02, top, z), 0.045, 0.032, self.wood)]
            posts.append(bar((back - 0.1, 0, z), (back, top - drop, z), 0.045, 0.032, self.wood))
            rail = bar((back - 0.03, under + 0.05, z), (front, under + 0.05, z), 0.028, 0.05, self.wood)
            return [mirrored(part) for part in (rest, *posts, rail)]
        if self.arms in ("soft", "slim"):
            thick = 0.06 if self.arms == "slim" else wide
            low = under + 0.01
            part = cushion(
                (length, top - low, thick), (rear + length / 2, (top + low) / 2, 0), self.cover, self.softness, 10
            )
            v = part.vertices.copy()
            t = (v[:, 0] - rear) / length
            v[:, 1] -= drop * t * (v[:, 1] > y - 0.05)
            v[:, 2] += seat / 2 + thick / 2 - 0.01
            return [mirrored(part._replace(vertices=v))]
        z = seat / 2 + wide / 2
        side = [(rear, under), (rear + length, under), (rear + length, top - drop), (rear, top)]
        if self.arms == "box":
            return [mirrored(extrusion(side, wide, self.cover, "z", z))]
        roll = 0.5 * wide + 0.012
        panel = [(px, min(py, top - drop - roll)) for px, py in side]
        ends = (rear - 0.01, top - roll, z + 0.01), (rear + length, top - drop - roll, z + 0.01)
        return [
            mirrored(extrusion(panel, wide * 0.75, self.cover, "z", z)),
            mirrored(rod(ends[0], ends[1], roll, self.cover, 14)),
        ]

    def _legs(self, under: float) -> list[Part]:
        if self.legs == "none" or self.arms == "wooden":
            return []
        x, z = self.depth / 2 - 0.06, self._outer() - 0.06
        short = 0.0 if self.arms == "none" else (1 - self.arm_length) * self.depth
        fore = x - short
        if self.legs == "sled":
            path = bent([(fore, under + 0.02, z), (fore, 0.01, z), (-x, 0.01, z), (-x, under, z)], 0.04)
            return [mirrored(tube(path, 0.014, self.wood, 8, flatten=0.8))]
        kind = "square" if self.legs == "block" else self.legs
        ends = [
            ((fore, under + 0.05, z), (fore + self.splay, 0, z + 0.5 * self.splay)),
            ((-x, under + 0.05, z), (-x - self.splay, 0, z + 0.5 * self.splay)),
        ]
        return [mirrored(leg(kind, a, b, self.post, self.wood)) for a, b in ends]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CantileverChair(Program):
    """A chair with a frame of bent tube on either side: cantilever, sled or closed loop; seat and back of cloth, cane or pads."""

    frame: str = one_of("cantilever", "armed cantilever", "sled", "loop", shares=(3, 5, 2, 2))
    filling: str = one_of("sling", "pads", "boards", shares=(2, 3, 1))
    rests: str = one_of("none", "wood", shares=(2, 1))
    seat_height: float = uniform(0.32, 0.47)  # metres, here and below
    width: float = uniform(0.42, 0.68)
    depth: float = uniform(0.85, 1.10)  # of the width
    back_height: float = uniform(0.34, 0.60)  # above the seat
    back_share: float = uniform(0.45, 0.95)  # of the back's height that is filled
    lean: float = uniform(6.0, 30.0)  # degrees
    tilt: float = uniform(0.0, 9.0)  # degrees by which the seat drops to the back
    arm_height: float = uniform(0.18, 0.26)  # above the seat
    arm_reach: float = uniform(0.85, 1.05)  # of the depth
    foot: float = uniform(0.85, 1.15)  # length on the floor, of the depth
    bend: float = uniform(0.04, 0.13)  # radius of the tube's bends
    radius: float = uniform(0.009, 0.017)  # of the tube
    flatten: float = uniform(0.45, 1.0)  # thickness of the tube over its width
    thickness: float = uniform(0.02, 0.09)  # of pads
    metal: Colour = colour("steel", "steel", *METALS, *WOODS)
    cover: Colour = colour(*FABRICS, "black")

    def parts(self) -> list[Part]:
        y, depth = self.seat_height, self.width * self.depth
        z = self.width / 2
        fall, lean = np.tan(np.radians(self.tilt)) * depth, np.tan(np.radians(self.lean))
        front, back = np.array([depth / 2, y, z]), np.array([-depth / 2, y - fall, z])
        top = back + (-lean * (self.back_height + fall), self.back_height + fall, 0)
        floor = [np.array([x * self.foot * depth / 2, self.radius, z]) for x in (1, -1)]
        arm = np.array([(self.arm_reach - 0.5) * depth, y + self.arm_height, z])
        rear = back + (top - back) * (self.arm_height + fall) / (self.back_height + fall)
        outer = (0, 0, 0.02)
        inner = self._tube([front, back, top])
        cross = [rod(p * (1, 1, -1), p, 0.8 * self.radius, self.metal, 8) for p in (front, top - (0, 0.01, 0))]
        if self.frame == "cantilever":
            parts = [mirrored(self._tube([floor[1], floor[0], front, back, top]))]
        elif self.frame == "armed cantilever":
            foot = floor[0] + (0.02, 0, 0)
            parts = [
                mirrored(self._tube([p + np.array(outer) for p in (floor[1], foot, arm, rear)])),
                mirrored(inner),
            ]
        elif self.frame == "sled":
            parts = [
                mirrored(self._tube([front, floor[0], floor[1], back + (0.1 * depth, 0.1 * fall, 0)])),
                mirrored(inner),
            ]
        else:
            corners = [floor[1], floor[0], arm, (rear[0], arm[1], z), floor[1]]
            start = (np.asarray(corners[0]) + corners[1]) / 2
            loop = [start, *corners[1:4], floor[1], start]
            parts = [mirrored(self._tube([np.asarray(p) + outer for p in loop])), mirrored(inner)]
            parts += [
                rod((p[0], p[1], -z - 0.02), (p[0], p[1], z + 0.02), 0.8 * self.radius, self.metal, 8)
                for p in (front + 0.25 * (back - front), front + 0.7 * (back - front))
            ]
        if self.frame != "loop":
            end = floor[1] + ((0, 0, 0.02) if self.frame == "armed cantilever" else (0, 0, 0))
            end = (floor[0] + floor[1]) / 2 if self.frame == "sled" else end
            parts.append(rod(end * (1, 1, -1), end, self.radius, self.metal, 8))
        if self.rests == "wood" and self.frame in ("armed cantilever", "loop"):
            ends = arm - (0.06, -0.012, -0.02), rear + (0.1, 0.012, 0.02)
            parts.append(mirrored(bar(ends[0], ends[1], 0.045, 0.025, (0.13, 0.12, 0.12))))
        return [*parts, *cross, *self._filling(front, back, top)]

    def _tube(self, points: list[np.ndarray]) -> Part:
        return tube(bent(points, self.bend), self.radius * 1.15, self.metal, 8, flatten=self.flatten)

    def _filling(self, front: np.ndarray, back: np.ndarray, top: np.ndarray) -> list[Part]:
        half = self.width / 2 - 0.3 * self.radius
        start = back + (top - back) * (1 - self.back_share)
        if self.filling == "sling":
            parts = []
            whole = self.back_share > 0.75
            lines = (
                [bent([front, back, top], self.bend)] if whole else [np.stack([front, back]), np.stack([start, top])]
            )
            for line in lines:
                s = along(line, np.linspace(0, 1, 15 if whole else 5))
                parts.append(shell(s[:, :2], 2 * half, 0.012, self.cover, 0.008, 5))
            return parts
        thick = self.thickness if self.filling == "pads" else 0.014
        parts = []
        for a, b in ((front, back), (start, top)):
            length, middle = float(np.linalg.norm(b - a)), (a + b) / 2
            angle = np.degrees(np.arctan2((a - b)[1], (a - b)[0]))
            part = pad(length, (2 * half, 2 * half), thick, 0.2, self.cover)
            lift = np.array([-(a - b)[1], (a - b)[0]]) / length * thick * 0.4
            parts.append(moved(turned(part, "z", angle), middle[0] + lift[0], middle[1] + lift[1]))
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class LoungeChair(Program):
    """A chair to lie in: deck chair, sunbed, chaise longue, lounge chair with or without a part for the legs."""

    frame: str = one_of("legs", "sled", "cross", "cradle", "star", "wheels", shares=(4, 3, 3, 2, 2, 2))
    surface: str = one_of("pads", "cloth", "slats", shares=(3, 2, 3))
    rest: str = one_of("none", "long", "bent", shares=(3, 3, 2))
    arms: bool = one_of(False, True, shares=(1, 1))
    pillow: bool = one_of(False, True, shares=(2, 1))
    seat_height: float = uniform(0.26, 0.42)  # metres, here and below
    width: float = uniform(0.52, 0.72)
    seat: float = uniform(0.46, 0.62)  # depth of the seat
    back: float = uniform(0.55, 0.85)  # length of the back
    leg_rest: float = uniform(0.45, 0.85)  # length of the part for the legs
    lean: float = uniform(18.0, 58.0)  # degrees of the back from upright
    tilt: float = uniform(0.0, 16.0)  # degrees by which the seat drops to the back
    drop: float = uniform(-6.0, 30.0)  # degrees by which the part for the legs drops
    thickness: float = uniform(0.04, 0.13)  # of pads
    sag: float = uniform(0.0, 0.06)  # of cloth
    post: float = uniform(0.022, 0.045)  # thickness of the frame
    arm_height: float = uniform(0.16, 0.24)  # above the seat
    slats: float = uniform(4.0, 9.0)  # slats of the seat
    fill: float = uniform(0.6, 0.9)  # share that slats cover
    cover: Colour = colour(*FABRICS, "white", "light blue", "beige")
    wood: Colour = colour(*WOODS, *WOODS, *METALS)

    def parts(self) -> list[Part]:
        line = self._line()
        rails = bent(line, 0.06, 3)
        half = self.width / 2 - self.post / 2
        surface = self._surface(line)
        frame = [
            mirrored(tube(np.insert(rails, 2, half, axis=1) - (0, 0.5 * self.post, 0), 0.55 * self.post, self.wood, 6))
        ]
        ends = [
            rod(
                (p[0], p[1] - 0.5 * self.post, -half),
                (p[0], p[1] - 0.5 * self.post, half),
                0.4 * self.post,
                self.wood,
                6,
            )
            for p in (rails[0], rails[-1])
        ]
        return [*surface, *frame, *ends, *self._base(line, half), *self._arms(half)]

    def _line(self) -> np.ndarray:
        """Side view (x, y), from the feet to the head."""
        fall, lean, drop = (np.radians(a) for a in (self.tilt, self.lean, self.drop))
        knee = np.array([self.seat / 2, self.seat_height])
        hip = knee - self.seat * np.array([np.cos(fall), np.sin(fall)])
        head = hip + self.back * np.array([-np.sin(lean), np.cos(lean)])
        if self._legless():
            return np.stack([knee, hip, head])
        drop = np.radians(np.clip(self.drop, -6, 6)) if self.rest == "long" else drop
        drop = min(drop, np.arcsin(min(0.9, 0.75 * self.seat_height / self.leg_rest)))
        toe = knee + self.leg_rest * np.array([np.cos(drop), -np.sin(drop)])
        return np.stack([toe, knee, hip, head])

    def _legless(self) -> bool:
        return self.rest == "none" or self.frame in ("cross", "star")

    def _surface(self, line: np.ndarray) -> list[Part]:
        wide = self.width - (0.3 if self.surface == "cloth" else 0.0) * self.post
        if self.surface == "cloth" or self.frame == "cross":
            path = along(bent(line, 0.12 + self.sag, 5), np.linspace(0, 1, 17))
            return [shell(path, wide, 0.4 * self.sag, self.cover, 0.01, 7)]
        parts: list[Part] = []
        for a, b in zip(line, line[1:], strict=False):
            length, middle = float(np.linalg.norm(b - a)), (a + b) / 2
            angle = np.degrees(np.arctan2((a - b)[1], (a - b)[0]))
            if self.surface == "pads":
                piece = [
                    moved(pad(length * 0.99, (wide, wide), self.thickness, 0.25, self.cover), y=0.45 * self.thickness)
                ]
            else:
                count = max(int(self.slats * length / self.seat), 3)
                size = (self.fill * length / count, 0.016, wide)
                piece = [box(size, (((i + 0.5) / count - 0.5) * length, 0.01, 0), self.wood) for i in range(count)]
            parts += [moved(turned(part, "z", angle), middle[0], middle[1]) for part in piece]
        if self.pillow:
            d = line[-1] - line[-2]
            lift = 0.045 + (0.85 * self.thickness if self.surface == "pads" else 0.0)
            place = line[-1] - 0.12 * d / np.linalg.norm(d) + lift * np.array([d[1], -d[0]]) / np.linalg.norm(d)
            roll = cushion((0.11, 0.11, 0.8 * self.width), (*place, 0), self.cover, 0.6, 6)
            parts.append(roll)
        return parts

    def _base(self, line: np.ndarray, half: float) -> list[Part]:
        wood, post = self.wood, self.post
        hip, front = line[-2], line[0]
        y = self.seat_height
        fore = min(front[0] - 0.08, 0.5 * self.seat + 0.45) if not self._legless() else 0.5 * self.seat - 0.04
        level = float(np.interp(fore, *line[::-1].T)) if not self._legless() else y
        if self.frame == "star":
            middle = y - 0.5 * self.seat * np.sin(np.radians(self.tilt)) - 0.02
            seat = turned(box((0.3, 0.04, 0.6 * self.width), (0, 0, 0), wood, 0.005), "z", self.tilt)
            return [moved(seat, y=middle), star(0.32, 4 if self.arms else 5, middle, False, wood)]
        if self.frame == "cross":
            up = hip + (line[-1] - hip) * 0.55
            legs = [bar((0.5 * self.seat + 0.12, 0, half), (*up, half), post, 0.8 * post, wood)]
            legs.append(
                bar((hip[0] - 0.32, 0, half - post), (0.5 * self.seat, y - 0.02, half - post), post, 0.8 * post, wood)
            )
            ties = [
                rod((x, 0.07, -half), (x, 0.07, half), 0.4 * post, wood, 6)
                for x in (0.5 * self.seat + 0.06, hip[0] - 0.2)
            ]
            return [*map(mirrored, legs), *ties]
        behind = hip[0] - 0.05
        rear_top = hip[1] + 0.02
        if self.frame in ("sled", "cradle"):
            arch = [(fore, level - 0.02), (fore + 0.06, 0.012), (behind - 0.25, 0.012), (behind - 0.1, rear_top + 0.04)]
            if self.frame == "cradle":
                t = np.linspace(0, 1, 4)
                x = fore + (behind - 0.12 - fore) * t
                lift = 0.012 + 0.18 * (2 * t - 1) ** 2 * min(1.0, 2 * level)
                arch = [(fore, level - 0.02), *zip(x, lift, strict=True), (behind - 0.1, rear_top + 0.04)]
            path = np.insert(bent(arch, 0.1), 2, half, axis=1)
            floor = path[np.argmin(np.abs(path[:, 0]))]
            return [mirrored(tube(path, 0.5 * post, wood, 8)), rod(floor * (1, 1, -1), floor, 0.4 * post, wood, 6)]
        stands = [(fore, level), (behind, rear_top)]
        legs = [bar((x, top, half), (x + 0.04 * np.sign(x), 0, half), post, post, wood) for x, top in stands]
        parts = [mirrored(part) for part in legs]
        parts.append(rod((behind, 0.5 * rear_top, -half), (behind, 0.5 * rear_top, half), 0.35 * post, wood, 6))
        if self.frame == "wheels":
            roller = moved(wheel(0.09, 0.04, (0.15, 0.15, 0.16)), behind - 0.04, 0.09, half + 0.05)
            parts.append(mirrored(roller))
            parts.append(rod((behind - 0.04, 0.09, -half - 0.05), (behind - 0.04, 0.09, half + 0.05), 0.012, wood, 6))
        prop = line[-2] + 0.6 * (line[-1] - line[-2])
        brace = bar((*prop, half), (behind - 0.02, 0.6 * rear_top, half), 0.7 * post, 0.7 * post, wood)
        return [*parts, mirrored(brace)] if self.lean > 30 else parts

    def _arms(self, half: float) -> list[Part]:
        if not self.arms:
            return []
        line = self._line()
        hip, head = line[-2], line[-1]
        y = self.seat_height + self.arm_height
        rear = hip + (head - hip) * (y - hip[1]) / max(head[1] - hip[1], 0.25)
        front = 0.5 * self.seat - 0.06
        rest = bar((rear[0], y, half + 0.02), (front + 0.06, y, half + 0.02), 0.065, 0.024, self.wood)
        post = bar(
            (front, y, half + 0.02),
            (front + 0.02, self.seat_height - 0.04, half + 0.005),
            self.post,
            self.post,
            self.wood,
        )
        return [mirrored(rest), mirrored(post)]
