"""Programs of office chairs, and of tubs: chairs whose wall runs round the seat (tulips, eggs, buckets, barrels)."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import FABRICS, METALS, PAINTS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part, bar, box, cushion, joined, lathe, mirrored, moved, rod, tube, turned
from lmnet_utils.data.programs.seating import (
    Colour,
    bent,
    footrest,
    horseshoe,
    leg,
    pad,
    pedestal,
    plate,
    slab,
    star,
    wall,
)  # fmt: skip


@dataclasses.dataclass(frozen=True, kw_only=True)
class OfficeChair(Program):
    """A chair that turns, on a column and a star with castors; from a typist's chair to an executive's."""

    back: str = one_of("pad", "shell", "high", "frame", "ribs", shares=(4, 2, 3, 2, 1))
    arms: str = one_of("none", "T", "loop", "bridge", shares=(3, 3, 3, 1))
    feet: str = one_of("castors", "glides", shares=(6, 1))
    points: int = one_of(4, 5, shares=(1, 6))
    headrest: bool = one_of(False, True, shares=(5, 1))
    seat_height: float = uniform(0.40, 0.54)  # top of the seat; metres, here and below
    width: float = uniform(0.42, 0.56)
    depth: float = uniform(0.86, 1.05)  # of the width
    cushion: float = uniform(0.035, 0.12)  # thickness of the seat
    softness: float = uniform(0.1, 0.6)  # of the cushions' outlines
    back_height: float = uniform(0.32, 0.56)  # of the back itself
    back_width: float = uniform(0.75, 1.0)  # of the seat's
    back_top: float = uniform(0.65, 1.05)  # width of the back above over below
    gap: float = uniform(0.02, 0.18)  # between seat and back
    lean: float = uniform(3.0, 18.0)  # degrees
    curl: float = uniform(0.0, 0.09)  # how far the back's edges come forwards
    lumbar: float = uniform(0.0, 0.05)  # how far the small of the back comes forwards
    pad: float = uniform(0.02, 0.10)  # thickness of the back
    star_radius: float = uniform(0.26, 0.36)
    arm_height: float = uniform(0.17, 0.25)  # above the seat
    arm_length: float = uniform(0.20, 0.32)
    arm_width: float = uniform(0.035, 0.085)
    cover: Colour = colour(*FABRICS, "black", "black", "dark grey")
    plastic: Colour = colour("black", "dark grey", "black", "grey", "white")
    metal: Colour = colour("black", "steel", "steel", "dark grey", "white")

    def parts(self) -> list[Part]:
        depth, y = self.width * self.depth, self.seat_height
        seat = pad(depth, (self.width, 0.94 * self.width), self.cushion, self.softness, self.cover)
        under = box((0.3, 0.035, 0.2), (-0.02, y - self.cushion - 0.012, 0), self.plastic, 0.01)
        base = star(self.star_radius, self.points, y - self.cushion, self.feet == "castors", self.metal)
        sleeve = lathe([(0, 0.14), (0.03, 0.14), (0.03, 0.62 * y), (0, 0.62 * y)], self.plastic, 10)
        return [moved(seat, y=y - self.cushion / 2), under, base, sleeve, *self._back(depth), *self._arms(depth)]

    def _line(self, depth: float) -> tuple[float, float, float]:
        """The back's foot (x), its lower edge and its upper edge (y)."""
        low = self.seat_height + (-0.06 if self.back == "high" else self.gap)
        height = self.back_height + (0.16 if self.back == "high" else 0.0)
        return (-depth / 2 + 0.02 if self.back == "high" else -depth / 2 - 0.01), low, low + height

    def _place(self, depth: float, y: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Points of the back's middle surface; ``v`` −1…1 across."""
        foot, low, high = self._line(depth)
        t = (y - low) / (high - low)
        x = foot - np.tan(np.radians(self.lean)) * (y - self.seat_height) + self.curl * v**2 * (1 - 0.5 * t)
        x = x + self.lumbar * np.exp(-(((t - 0.3) / 0.3) ** 2))
        half = 0.5 * self.width * self.back_width * (1 + (self.back_top - 1) * t.clip(0, 1.3))
        return np.stack([x, y, half * v], axis=-1)

    def _back(self, depth: float) -> list[Part]:
        foot, low, high = self._line(depth)
        thick = max(self.pad, 0.07) if self.back == "high" else self.pad
        post = bent([(-0.05, 0), (foot - 0.05, 0), (foot - 0.05, 0.3)], 0.06) + (
            0,
            self.seat_height - self.cushion - 0.01,
        )
        middle = self._place(depth, np.array([low + 0.45 * (high - low)]), np.zeros(1))[0]
        spine = np.concatenate([np.insert(post[:-1], 2, 0, axis=1), middle[None] - (0.012, 0, 0)])
        parts = [tube(spine, 0.03, self.plastic, 8, flatten=0.4)] if self.back != "high" else []
        if self.back in ("pad", "high", "shell"):
            body = slab(thick, self.softness, self.cover)
            if self.back == "shell":
                body = slab(0.02, self.softness, self.plastic)
            parts.append(self._wrapped(body, low, high, 0.0))
            if self.back == "pad" and thick > 0.05:
                parts.append(self._wrapped(slab(0.03, self.softness, self.plastic), low, high, -thick / 2))
        else:
            v = np.linspace(-1, 1, 9)
            a = np.linspace(0, 2 * np.pi, 33)[:-1]
            power = 0.4
            cos, sin = (np.sign(w) * np.abs(w) ** power for w in (np.cos(a), np.sin(a)))
            rim = self._place(depth, low + (high - low) * (0.5 + 0.5 * sin), cos)
            parts.append(tube(rim, 0.016, self.plastic, 6, closed=True))
            if self.back == "frame":
                parts.append(self._wrapped(slab(0.01, 0.3, self.cover), low, high, 0.0))
            else:
                heights = np.linspace(low + 0.08 * (high - low), high - 0.08 * (high - low), 7)
                parts += [
                    tube(self._place(depth, np.full(9, y), v), 0.02, self.cover, 6, flatten=0.25) for y in heights
                ]
        if self.headrest:
            rest = cushion((0.06, 0.13, 0.26), (0, 0, 0), self.cover, self.softness, 6)
            top = self._place(depth, np.array([high + 0.11]), np.zeros(1))[0]
            joint = self._place(depth, np.array([high - 0.05]), np.zeros(1))[0]
            parts += [
                moved(turned(rest, "z", self.lean), *top),
                bar(joint, top - (0.02, 0, 0), 0.012, 0.05, self.plastic),
            ]
        return parts

    def _wrapped(self, part: Part, low: float, high: float, behind: float) -> Part:
        x, y, z = part.vertices.T
        points = self._place(self.width * self.depth, low + (high - low) * (y + 0.5), z)
        points[:, 0] += x + behind
        return part._replace(vertices=points)

    def _arms(self, depth: float) -> list[Part]:
        y, z, wide = self.seat_height, self.width / 2 + 0.035, self.arm_width
        top, low = y + self.arm_height, y - self.cushion - 0.01
        front = -0.06 + self.arm_length / 2
        if self.arms == "none":
            return []
        if self.arms == "T":
            rest = cushion((self.arm_length, 0.035, wide), (front - self.arm_length / 2, top, z), self.plastic, 0.35, 6)
            stay = bent([(-0.05, low, 0.05), (-0.05, low, z), (-0.05, top, z)], 0.05)
            return [mirrored(rest), mirrored(tube(stay, 0.022, self.plastic, 8, flatten=0.6))]
        if self.arms == "loop":
            path = [
                (0.1, low, 0.05),
                (0.1, low, z),
                (0.14, top, z + 0.01),
                (0.14 - self.arm_length - 0.06, top, z + 0.01),
            ]
            path += [(-0.12, low, z), (-0.12, low, 0.05)]
            return [mirrored(tube(bent(path, 0.09), 0.012 + 0.16 * wide, self.plastic, 8))]
        level = min(top, self._line(depth)[2] - 0.12)
        behind = self._place(depth, np.array([level]), np.ones(1))[0] - (0.01, 0, 0.02)
        bridge = bent(
            [behind, (behind[0] + 0.05, level + 0.01, z), (0.12, level + 0.01, z), (0.1, low + 0.02, z - 0.03)], 0.1
        )
        return [mirrored(tube(bridge, 0.5 * wide, self.plastic, 8, flatten=0.55))]


@dataclasses.dataclass(frozen=True, kw_only=True)
class TubChair(Program):
    """A chair whose wall runs round the seat: a tulip, an egg, a bucket, a barrel, a curved wooden back."""

    base: str = one_of(
        "trumpet", "disc", "star", "castors", "legs", "tubes", "drum", "plinth", shares=(3, 2, 3, 1, 4, 3, 1, 1)
    )
    cushion: str = one_of("flat", "round", "none", shares=(3, 3, 1))
    roll: bool = one_of(False, True, shares=(2, 1))
    tall: bool = one_of(False, True, shares=(7, 1))
    club: bool = one_of(False, True, shares=(3, 1))  # a large one, upholstered nearly to the floor
    body: str = one_of("bowl", "board", shares=(4, 1))
    seat_height: float = uniform(0.36, 0.47)  # metres, here and below
    width: float = uniform(0.46, 0.80)
    depth: float = uniform(0.82, 1.05)  # of the width
    squareness: float = uniform(0.0, 0.65)  # of the plan
    opening: float = uniform(70.0, 150.0)  # degrees without a wall, in front
    back_height: float = uniform(0.26, 0.75)  # above the seat
    arm_height: float = uniform(0.02, 0.65)  # of the back's
    sharpness: float = uniform(0.5, 2.5)  # how suddenly the rim drops from back to arms
    flare: float = uniform(0.0, 0.35)  # how far the wall leans outwards, over its height
    tilt: float = uniform(0.0, 0.22)  # how far the back leans backwards, over its height
    thickness: float = uniform(0.012, 0.11)  # of the wall
    bowl: float = uniform(0.04, 0.16)  # depth of the body under the seat
    spread: float = uniform(1.02, 1.55)  # how far the legs' feet stand out, over their tops
    foot: float = uniform(0.18, 0.30)  # radius of the pedestal
    material: Colour = colour(*FABRICS, *PAINTS, "white")
    cover: Colour = colour(*FABRICS, "white")
    metal: Colour = colour(*METALS, *WOODS)

    def parts(self) -> list[Part]:
        width, y, thick = self._size()
        depth = width * self.depth
        low = 0.08 if self.club else y - 0.06 if self.body == "board" else y - self.bowl - 0.03
        plan, behind = horseshoe(depth, width, self._squareness(), self.opening)
        ease = 0.5 - 0.5 * np.cos(np.pi * behind)
        rise = self.back_height * (self.arm_height + (1 - self.arm_height) * ease**self.sharpness)
        rise *= 0.75 if self.club else 1.0
        start = low if self.club else y - 0.04 if self.body == "board" else y - 0.03 - 0.3 * self.bowl
        body = wall(plan, start, y + rise, self.flare, thick, self.material)
        x, height, z = body.vertices.T
        lean = self.tilt * np.maximum(height - y, 0) * np.clip(-2 * x / depth, 0, 1)
        upper = [body._replace(vertices=np.stack([x - lean, height, z], axis=-1)), self._bottom(depth, low)]
        if self.roll and thick > 0.04:
            edge = plan * (1 + 2 * self.flare * (y + rise - start) / width)[:, None]
            back = self.tilt * rise * np.clip(-2 * edge[:, 0] / depth, 0, 1)
            line = np.stack([edge[:, 0] - back, y + rise, edge[:, 1]], axis=-1)
            upper.append(tube(line, 0.75 * thick, self.material, 8))
        if self.cushion != "none" or self.club:
            soft = 0.6 if self.cushion == "round" else 0.3 + 0.4 * (1 - self._squareness())
            inside = (1.07 if self.club else 0.96) - 0.9 * thick / width
            plump = 0.16 if self.club else 0.09
            upper.append(
                moved(
                    pad(inside * depth, (inside * width,) * 2, plump, soft, self.cover), 0.012, y - 0.4 * plump + 0.03
                )
            )
        raised = self._raise()
        return [*self._base(low), *(moved(part, y=raised) for part in upper)]

    def _size(self) -> tuple[float, float, float]:
        """Width, height of the seat, and thickness of the wall."""
        if self.club:
            return 1.3 * self.width, self.seat_height, 0.07 + self.thickness
        return self.width, self.seat_height, self.thickness

    def _squareness(self) -> float:
        return 0.25 + 0.6 * self.squareness if self.club else self.squareness

    def _bottom(self, depth: float, low: float) -> Part:
        """What closes the tub below: a board or a bowl, of the same plan as the wall."""
        width, y, thick = self._size()
        if self.body == "board" and not self.club:
            return moved(
                plate(depth, (width, width), 0.5 - 0.4 * self._squareness(), 0.035, self.material), y=y - 0.035
            )
        if self.club:
            front = turned(lathe([(1, low), (1, y - 0.02)], self.material, 10, sweep=self.opening + 20), "y", 90)
            bowl = joined(lathe([(0, low), (1, low)], self.material, 24), front)
        else:
            t = np.array([0.0, 0.35, 0.7, 1.0])
            profile = [(0, low), *zip(0.5 + 0.5 * np.sqrt(t), low + self.bowl * t**1.5, strict=True), (0, y - 0.03)]
            bowl = lathe(profile, self.material, 24)
        x, height, z = bowl.vertices.T
        radius = np.maximum(np.hypot(x, z), 1e-9)
        x, z = (np.sign(w) * np.abs(w / radius) ** (1 - 0.75 * self._squareness()) * radius for w in (x, z))
        grown = 0.0 if self.club else 0.5 * thick
        return bowl._replace(vertices=np.stack([x * (0.5 * depth + grown), height, z * (0.5 * width + grown)], axis=-1))

    def _raise(self) -> float:
        fits = self.base in ("trumpet", "disc", "tubes") and self.width < 0.6 and not self.club
        return 0.3 if self.tall and fits else 0.0

    def _base(self, low: float) -> list[Part]:
        metal, top = self.metal, low + 0.02 + self._raise()
        if self.club:
            x, z = 0.3 * self.width * self.depth, 0.33 * self.width
            return [mirrored(leg("tapered", (side * x, top, z), (side * x, 0, z), 0.055, metal)) for side in (1.1, -1)]
        if self.base in ("trumpet", "disc"):
            rest = [footrest(0.16, 0.36 * top, metal)] if self._raise() else []
            return [pedestal(self.base, self.foot, top, 0.03, metal), *rest]
        if self.base == "drum":
            return [pedestal("drum", self.width * 0.42, top, 0.03, metal)]
        if self.base in ("star", "castors"):
            return [star(self.foot + 0.06, 5 if self.base == "castors" else 4, top, self.base == "castors", metal)]
        depth = self.width * self.depth
        if self.base == "plinth":
            size = (0.8 * depth, top, 0.8 * self.width)
            return [box(size, (0, top / 2, 0), self.material, 0.01)]
        out = self.spread
        kind, thick = ("tube", 0.045) if self.base == "tubes" else ("round", 0.05)
        tops = [(x * depth, top, 0.27 * self.width) for x in (0.27, -0.3)]
        legs = [mirrored(leg(kind, p, (p[0] * out, 0, p[2] * out), thick, metal)) for p in tops]
        if not self._raise():
            return legs
        level = 1 + (out - 1) * 0.65
        ring = [
            (x * depth * level, 0.35 * top, z * 0.27 * self.width * level)
            for x, z in ((0.27, 1), (0.27, -1), (-0.3, -1), (-0.3, 1))
        ]
        return [*legs, *(rod(a, b, 0.009, metal, 6) for a, b in zip(ring, [*ring[1:], ring[0]], strict=True))]
