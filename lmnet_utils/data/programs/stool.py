"""Programs of stools, from footstool to bar stool, and of folding chairs."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import FABRICS, METALS, PAINTS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part, bar, box, lathe, mirrored, moved, rod, sheet, tube
from lmnet_utils.data.programs.seating import (
    Colour,
    bent,
    footrest,
    leg,
    outline_widths,
    pad,
    pedestal,
    plate,
    shell,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stool(Program):
    """A seat without a back, or with a low one: three or four legs, a pedestal or a sled; low or for a bar."""

    base: str = one_of("square", "round", "turned", "tube", "disc", "trumpet", "sled", shares=(4, 5, 2, 5, 4, 1, 1))
    legs: int = one_of(3, 4, shares=(1, 5))
    seat: str = one_of("round board", "round pad", "square board", "square pad", "saddle", shares=(4, 4, 2, 2, 1))
    back: str = one_of("none", "low shell", "rail", "board", shares=(6, 2, 1, 2))
    rings: int = one_of(0, 1, 2, shares=(2, 4, 2))
    height: float = uniform(0.26, 0.84)  # of the seat; metres, here and below
    width: float = uniform(0.28, 0.42)
    depth: float = uniform(0.85, 1.05)  # of the width
    thickness: float = uniform(0.02, 0.085)  # of the seat
    corner: float = uniform(0.04, 0.3)  # radius of a square seat's corners over its depth
    inset: float = uniform(0.52, 0.88)  # of the legs' tops, over the seat's half
    splay: float = uniform(0.0, 0.22)  # how far the feet stand out, over the height
    post: float = uniform(0.026, 0.075)  # thickness of the legs
    brace: float = uniform(0.18, 0.42)  # height of the lower ring, of the height
    back_height: float = uniform(0.14, 0.38)  # above the seat
    back_lean: float = uniform(4.0, 20.0)  # degrees
    foot: float = uniform(0.17, 0.25)  # radius of the pedestal
    frame: Colour = colour(*WOODS, *METALS, "white", "green", "red")
    cover: Colour = colour(*WOODS, *FABRICS, *PAINTS)

    def parts(self) -> list[Part]:
        width, depth, y = self.width, self.width * self.depth, self.height
        board = min(self.thickness, 0.045)
        column = self.base in ("disc", "trumpet")
        thick = max(self.thickness, 0.065 if column else 0.04)
        kind = self.seat.replace("board", "pad") if column else self.seat  # a board on a column would be a table
        if kind == "round board":
            seat = moved(plate(depth, (width, width), 0.49, board, self.cover), y=y - board / 2)
        elif kind == "square board":
            seat = moved(plate(depth, (width, 0.94 * width), self.corner, board, self.cover), y=y - board / 2)
        elif kind == "saddle":
            s, outline = outline_widths(11, 0.35)
            middle = np.stack([depth * (0.5 - s), np.full(11, y - 0.02)], axis=-1)
            seat = shell(middle, width * outline, 0.03 * outline, self.cover, 0.012)
        else:
            size = (width, width) if kind == "round pad" else (width, 0.95 * width)
            plump = pad(depth, size, thick, 0.22, self.cover)
            if kind == "round pad":
                profile = [
                    (0, -thick / 2),
                    (0.47, -thick / 2),
                    (0.5, -thick / 4),
                    (0.5, thick / 5),
                    (0.46, 0.45 * thick),
                    (0.36, thick / 2),
                    (0, thick / 2),
                ]
                round_pad = lathe(profile, self.cover, 24)
                plump = round_pad._replace(vertices=round_pad.vertices * (depth, 1, width))
            seat = moved(plump, y=y - thick / 2)
        return [seat, *self._base(depth, y - 0.6 * board), *self._back(depth)]

    def _base(self, depth: float, top: float) -> list[Part]:
        frame, post = self.frame, self.post
        if self.base in ("disc", "trumpet"):
            rest = [footrest(0.75 * self.foot, self.brace * top, frame)] if top > 0.55 and self.rings else []
            flange = lathe([(0, top - 0.03), (0.25 * depth, top - 0.015), (0.25 * depth, top), (0, top)], frame, 12)
            return [pedestal(self.base, self.foot, top, 0.016 + 0.3 * post, frame), flange, *rest]
        count = 4 if self.base == "sled" or "square" in self.seat or self.back != "none" else self.legs
        angles = np.radians(45 + 360 / count * np.arange(count) if count == 4 else 120 * np.arange(count))
        reach = self.inset * (1.2 if "square" in self.seat else 0.95) * (1 if count == 4 else 0.95)
        reach *= 0.7 if self.base == "tube" and self.splay > 0.1 else 1.0
        out = np.stack([np.cos(angles) * depth, 0 * angles, np.sin(angles) * self.width], axis=-1) * 0.5 * reach
        tops = out + (0, top, 0)
        feet = out + out / np.linalg.norm(out, axis=1, keepdims=True) * self.splay * self.height * (
            0.6 if top > 0.6 else 1.0
        )
        thin = 0.45 * post if self.base in ("square", "round", "turned") else 0.016
        if self.base == "sled":
            pairs = [(0, 1), (3, 2)]
            tube_line = [
                bent([tops[a], feet[a] + (0, 0.01, 0), feet[b] + (0, 0.01, 0), tops[b]], 0.05) for a, b in pairs
            ]
            legs = [tube(path, 0.011, frame, 8) for path in tube_line]
        else:
            legs = [leg(self.base, a, b, post, frame) for a, b in zip(tops, feet, strict=True)]
        parts = list(legs)
        rings = max(self.rings, 1) if top > 0.6 else 0 if top < 0.36 else self.rings
        for level in (self.brace, self.brace + 0.3)[:rings]:
            points = feet + level * (tops - feet)
            parts += [bar(a, b, thin, thin, frame) for a, b in zip(points, np.roll(points, 1, axis=0), strict=True)]
        return parts

    def _back(self, depth: float) -> list[Part]:
        if self.back == "none":
            return []
        y, high, slope = self.height, self.back_height, np.tan(np.radians(self.back_lean))
        foot = -depth / 2 + 0.01
        if self.back == "low shell":
            angles = np.radians(np.linspace(80, 280, 17))
            t = np.linspace(0, 1, 5)
            rim = 0.25 + 0.75 * np.sin((angles - np.radians(80)) / np.radians(200) * np.pi) ** 0.7
            rise = high * rim[:, None] * t
            grow = 0.5 + 0.25 * slope * t
            x, z = (w[:, None] * grow * size for w, size in ((np.cos(angles), depth), (np.sin(angles), self.width)))
            return [sheet(np.stack([x, y - 0.03 + rise, z], axis=-1), 0.012 + 0.25 * self.thickness, self.cover)]
        z, top = 0.36 * self.width, y + high
        if "round" in self.seat:
            z, foot = 0.25 * self.width, -0.41 * depth
        posts = [mirrored(bar((foot, y - 0.03, z), (foot - slope * high, top, z), 0.02, 0.02, self.frame))]
        v = np.linspace(-1, 1, 7)
        low = 0.45 if self.back == "board" else 0.75
        h, across = np.meshgrid(np.linspace(low, 1.05, 3), v, indexing="ij")
        x = foot + 0.008 - slope * high * h + 0.04 * (across**2 - 4 * (z / self.width) ** 2)
        board = sheet(np.stack([x, y + high * h, across * 0.5 * self.width], axis=-1), 0.018, self.cover)
        return [*posts, board]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FoldingChair(Program):
    """A chair or stool whose legs cross at the sides: of slats, of pads between steel tubes, or of cloth."""

    back: str = one_of("board", "slats", "upright slats", "cloth", "none", shares=(4, 4, 2, 2, 2))
    seat: str = one_of("pad", "slats", "board", "cloth", shares=(3, 3, 2, 1))
    frame_kind: str = one_of("tube", "wood", shares=(3, 2))
    arms: bool = one_of(False, True, shares=(4, 1))
    seat_height: float = uniform(0.40, 0.48)  # metres, here and below
    width: float = uniform(0.36, 0.50)
    depth: float = uniform(0.80, 1.05)  # of the width
    back_height: float = uniform(0.30, 0.45)  # above the seat
    lean: float = uniform(8.0, 24.0)  # degrees, of the long legs
    reach: float = uniform(0.85, 1.15)  # how far apart the feet stand, of the seat's depth
    back_share: float = uniform(0.30, 0.65)  # of the back's height that is filled
    bow: float = uniform(0.0, 0.05)  # of the back
    post: float = uniform(0.018, 0.032)  # thickness of the legs
    thickness: float = uniform(0.014, 0.04)  # of the seat
    slats: float = uniform(3.0, 8.0)  # number of slats
    fill: float = uniform(0.6, 0.88)  # share of the seat that slats cover
    brace: float = uniform(0.12, 0.35)  # height of the cross bars, of the seat's
    frame: Colour = colour(*METALS, *WOODS)
    cover: Colour = colour(*FABRICS, *WOODS, *PAINTS)

    def parts(self) -> list[Part]:
        y, depth, slope = self.seat_height, self.width * self.depth, np.tan(np.radians(self.lean))
        z = self.width / 2
        feet = self.reach * depth / 2
        has_back = self.back != "none"
        front_foot, back_foot = np.array([feet, 0.01, z]), np.array([-feet, 0.01, z - 1.3 * self.post])
        joint = np.array([-depth / 2 + 0.03, y, z])
        top = joint + (-slope * self.back_height, self.back_height, 0)
        half = [self._bar(back_foot, (0.92 * depth / 2, y - 0.006, back_foot[2]))]
        if not has_back:
            half.append(self._bar(front_foot, joint))
        elif self.frame_kind == "tube":
            path = [front_foot, joint, top, top * (1, 1, -1), joint * (1, 1, -1), front_foot * (1, 1, -1)]
            closing = tube(bent(path, 0.05), 0.42 * self.post, self.frame, 8)
        else:
            half += [self._bar(front_foot, joint), self._bar(joint - (0, 0.03, 0), top)]
        parts = [mirrored(part) for part in half]
        if has_back and self.frame_kind == "tube":
            parts.append(closing)
        for foot, end in ((front_foot, joint), (back_foot, np.array([depth / 2, y, back_foot[2]]))):
            point = foot + self.brace * (end - foot)
            parts.append(rod(point * (1, 1, -1), point, 0.35 * self.post, self.frame, 6))
        if self.arms and has_back:
            level = y + 0.2
            rear = joint + (top - joint) * 0.2 / self.back_height
            parts.append(mirrored(bar(rear, (0.3 * depth, level, z + 0.01), 0.04, 0.02, self.frame)))
            parts.append(mirrored(self._bar((0.22 * depth, level, z + 0.01), (0.22 * depth, y - 0.02, z))))
        return [*parts, *self._seat(depth), *(self._back(joint, top) if has_back else [])]

    def _bar(self, a: np.ndarray | tuple[float, float, float], b: np.ndarray | tuple[float, float, float]) -> Part:
        if self.frame_kind == "tube":
            return rod(a, b, 0.42 * self.post, self.frame, 8)
        return bar(a, b, 1.3 * self.post, 0.8 * self.post, self.frame)

    def _seat(self, depth: float) -> list[Part]:
        y, inside = self.seat_height, self.width - 0.2 * self.post
        if self.seat == "pad":
            return [moved(pad(depth, (inside, 0.94 * inside), self.thickness + 0.01, 0.25, self.cover), y=y + 0.01)]
        if self.seat == "board":
            return [moved(plate(depth, (inside, 0.94 * inside), 0.1, 0.5 * self.thickness, self.cover), y=y)]
        if self.seat == "cloth":
            x, across = np.meshgrid(np.linspace(depth / 2, -depth / 2, 7), np.linspace(-1, 1, 5), indexing="ij")
            sag = 0.035 * (1 - (2 * x / depth) ** 2)
            cloth = sheet(np.stack([x, y - sag, across * self.width / 2], axis=-1), 0.006, self.cover)
            ends = [
                rod((e * depth / 2, y, -self.width / 2), (e * depth / 2, y, self.width / 2), 0.012, self.frame, 6)
                for e in (-1, 1)
            ]
            return [cloth, *ends]
        count = int(self.slats) + 2
        step = depth / count
        runner = mirrored(
            bar(
                (-depth / 2, y - 0.012, 0.36 * self.width),
                (depth / 2, y - 0.012, 0.36 * self.width),
                0.02,
                0.02,
                self.frame,
            )
        )
        size = (self.fill * step, 0.5 * self.thickness, self.width)
        return [runner, *(box(size, ((i + 0.5) * step - depth / 2, y + 0.004, 0), self.cover) for i in range(count))]

    def _back(self, joint: np.ndarray, top: np.ndarray) -> list[Part]:
        low = 1.0 - self.back_share
        upright = self.back == "upright slats"
        if self.back in ("slats", "upright slats"):
            count = max(int(self.slats) - (0 if upright else 2), 2)
            edges = np.arange(count) / count
            size = self.fill / count
            spans = (
                [((e, e + size), (-1.0, 1.0)) for e in edges]
                if not upright
                else [((0.0, 0.96), (2 * e - 0.95, 2 * e - 0.95 + 2 * size)) for e in edges]
            )
        else:
            spans = [((0.0, 0.97), (-1.0, 1.0))]
        thick = {"board": 0.02, "cloth": 0.006}.get(self.back, 0.014)
        parts = []
        for rise, across in spans:
            h, v = np.meshgrid(
                low + (1 - low) * np.linspace(rise[0], rise[1], 4),
                np.linspace(across[0], across[1], 3 if upright else 9),
                indexing="ij",
            )
            x, y, z = (joint[i] + h * (top - joint)[i] for i in range(3))
            parts.append(sheet(np.stack([x - self.bow * (1 - v**2), y, z * v], axis=-1), thick, self.cover))
        if upright or self.frame_kind == "wood":
            for share in (low, 0.97):
                point = joint + share * (top - joint)
                v = np.linspace(-1, 1, 7)
                line = np.stack([point[0] - self.bow * (1 - v**2), np.full(7, point[1]), point[2] * v], axis=-1)
                parts.append(tube(line, 0.45 * self.post, self.frame, 6))
        return parts
