"""Programs of chairs: chairs with four legs, moulded shells, swivel chairs, stools, folding chairs (and those of ``armchair``)."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.armchair import Armchair, CantileverChair, LoungeChair
from lmnet_utils.data.programs.parameters import FABRICS, METALS, PAINTS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part, bar, box, curve, lathe, mirrored, moved, rod, sheet, tube
from lmnet_utils.data.programs.seating import (
    LEGS,
    Colour,
    along,
    bent,
    horseshoe,
    leg,
    outline_widths,
    pad,
    pedestal,
    plate,
    shell,
    slab,
    star,
)  # fmt: skip
from lmnet_utils.data.programs.stool import FoldingChair, Stool
from lmnet_utils.data.programs.swivel_chair import OfficeChair, TubChair


@dataclasses.dataclass(frozen=True, kw_only=True)
class DiningChair(Program):
    """A chair with four legs, for a table or a bar; with or without arms; some stand on rockers."""

    back: str = one_of(
        "slats", "ladder", "spindles", "solid", "upholstered", "frame", "panel", "cross", "splat", "oval", "hoop", "half", "captain",
        shares=(4, 4, 3, 3, 5, 2, 2, 1, 2, 1, 2, 3, 2),
    )  # fmt: skip
    legs: str = one_of(*LEGS, shares=(6, 6, 4, 2, 1, 2))
    back_legs: str = one_of("straight", "raked", "splayed", shares=(2, 4, 2))
    seat: str = one_of("board", "cushion", "board and cushion", shares=(4, 4, 2))
    stretchers: str = one_of("none", "H", "box", "ladder", shares=(5, 3, 3, 1))
    arms: str = one_of("none", "on the seat", "on the legs", "loop", shares=(9, 2, 3, 1))
    rockers: bool = one_of(False, True, shares=(16, 1))
    tall: bool = one_of(False, True, shares=(10, 1))
    bars: int = one_of(2, 3, 4, 5, 6, 7, 8)
    seat_height: float = uniform(0.40, 0.49)  # metres, here and below
    width: float = uniform(0.38, 0.54)
    depth: float = uniform(0.82, 1.05)  # of the width
    taper: float = uniform(0.78, 1.0)  # width behind over width in front
    corner: float = uniform(0.02, 0.30)  # radius of the seat's corners over its depth
    thickness: float = uniform(0.02, 0.09)  # of the seat
    back_height: float = uniform(0.36, 0.66)  # above the seat
    lean: float = uniform(2.0, 16.0)  # degrees
    bow: float = uniform(0.0, 0.06)  # how far the middle of the back lies behind its posts
    crest: float = uniform(-0.03, 0.14)  # rise of the back's top in the middle, of its height
    flare: float = uniform(0.85, 1.08)  # width of the back above over below
    gap: float = uniform(0.08, 0.45)  # open part between seat and back, of its height
    rail: float = uniform(0.08, 0.22)  # height of the top rail, of the back's
    padding: float = uniform(0.025, 0.09)  # thickness of an upholstered back
    roundness: float = uniform(0.0, 0.7)  # of an upholstered back's outline
    post: float = uniform(0.026, 0.048)  # thickness of legs and posts
    splay: float = uniform(0.0, 0.06)  # how far the feet stand out, to the sides and in front
    rake: float = uniform(0.02, 0.12)  # how far the back legs lean backwards
    apron: float = uniform(-0.05, 0.08)  # height of the frame under the seat; none if not above 0.02
    brace: float = uniform(0.22, 0.5)  # height of the stretchers, of the legs'
    arm_height: float = uniform(0.17, 0.27)  # above the seat
    arm_reach: float = uniform(0.65, 1.0)  # of the seat's depth
    wood: Colour = colour(*WOODS, *WOODS, "white", "black", "dark grey", "green", "beige")
    cover: Colour = colour(*FABRICS)

    def parts(self) -> list[Part]:
        wood, width, depth = self.wood, self.width, self.width * self.depth
        front, behind = width, width * self.taper
        top, soft = self._seat_height(), self.seat != "board"
        parts: list[Part] = []
        if self.seat != "cushion":
            board = min(self.thickness, 0.04)
            parts.append(moved(plate(depth, (front, behind), self.corner, board, wood), y=top - board / 2))
            if soft:
                parts.append(
                    moved(pad(0.94 * depth, (0.94 * front, 0.94 * behind), 0.06, 0.3, self.cover), y=top + 0.015)
                )
        else:
            thick = max(self.thickness, 0.04)
            parts.append(
                moved(pad(1.02 * depth, (1.02 * front, 1.02 * behind), thick, 0.22, self.cover), y=top - thick / 2)
            )
        return [*parts, *self._underneath(depth, top), *self._back(depth, top), *self._arms(depth, top)]

    def _seat_height(self) -> float:
        return self.seat_height * (1.6 if self.tall else 1.0)

    def _feet(self, depth: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Top and foot of the front and of the back leg on the left side, z > 0."""
        inset = 0.55 * self.post + 0.28 * self.corner * depth
        height = self._seat_height() - (0.02 if self.seat != "cushion" else 0.03)
        floor = 0.05 if self._rocks() else 0.0
        front = np.array([depth / 2 - inset, height, self.width / 2 - inset])
        rear = np.array([-depth / 2 + self.post / 2, height, self.width * self.taper / 2 - self.post / 2])
        back = {"straight": 0.0, "raked": self.rake, "splayed": 0.5 * self.rake}[self.back_legs]
        aside = self.splay if self.back_legs == "splayed" else 0.0
        foot = front + (self.splay * 0.7, floor - height, self.splay)
        return front, foot, rear, rear + (-back, floor - height, aside)

    def _rocks(self) -> bool:
        return self.rockers and not self.tall

    def _underneath(self, depth: float, top: float) -> list[Part]:
        wood, (front, foot, rear, rear_foot) = self.wood, self._feet(depth)
        metal = self.legs == "tube"
        thin = (0.018 if metal else 0.42 * self.post) if self.legs in ("round", "turned", "tube") else 0.7 * self.post
        rear_kind = self.legs if self.legs in ("round", "tube") else "tapered" if self.legs == "tapered" else "square"
        half = [leg(self.legs, front, foot, self.post, wood), leg(rear_kind, rear, rear_foot, self.post, wood)]
        parts: list[Part] = []
        if self.apron > 0.02 and not metal:
            y, board = front[1] - self.apron / 2, 0.6 * self.post
            half.append(bar((rear[0], y, rear[2]), (front[0], y, front[2]), board, self.apron, wood))
            parts += [box((board, self.apron, 2 * p[2]), (p[0], y, 0), wood) for p in (front, rear)]
        style = "box" if self.stretchers == "none" and self.tall else self.stretchers
        if style != "none":
            levels = (self.brace, self.brace + 0.25) if style == "ladder" else (self.brace,)
            for level in levels:
                a, b = foot + level * (front - foot), rear_foot + level * (rear - rear_foot)
                half.append(bar(a, b, thin, thin * 1.2, wood))
                if style == "H":
                    middle = (a + b) / 2
                    parts.append(bar(middle * (1, 1, -1), middle, thin, thin * 1.2, wood))
                else:
                    parts += [bar(p * (1, 1, -1), p, thin, thin * 1.2, wood) for p in (a, b)]
        if self._rocks():
            t = np.linspace(-1, 1, 11)
            reach = 0.75 * depth + 0.12
            path = np.stack(
                [-0.06 + reach * t, 0.015 + 0.16 * t**2 * reach, np.interp(t, [-1, 1], [rear_foot[2], foot[2]])], -1
            )
            half.append(tube(path, 0.022, wood, 6))
        return [*parts, *map(mirrored, half)]

    def _at(self, depth: float, top: float, h: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Points of the back: ``h`` 0 at the seat … 1 at the top, ``v`` −1…1 from one post to the other."""
        half = self.width * self.taper / 2 - self.post / 2
        rise = self.back_height * h * (1 + self.crest * (1 - v**2))
        x = -depth / 2 + self.post / 2 - np.tan(np.radians(self.lean)) * rise * (0.5 + 0.5 * h) - self.bow * (1 - v**2)
        return np.stack([x, top + rise, v * half * (1 + (self.flare - 1) * h)], axis=-1)

    def _strip(self, place: tuple[float, float], low: tuple[float, float], thick: float, paint: Colour) -> Part:
        """A board of the back, from ``low[0]`` to ``low[1]`` of its height and between two places across."""
        depth, top = self.width * self.depth, self._seat_height()
        wide = 7 if place[1] - place[0] > 0.6 else 2
        h, v = np.meshgrid(np.linspace(*low, 5), np.linspace(*place, wide), indexing="ij")
        return sheet(self._at(depth, top, h, v), thick, paint)

    def _line(self, h: np.ndarray, v: np.ndarray, radius: float) -> Part:
        depth, top = self.width * self.depth, self._seat_height()
        return tube(self._at(depth, top, h, v), radius, self.wood, 8)

    def _cushion(self, low: float, high: float, wide: float, thick: float, roundness: float) -> Part:
        """The upholstered part of the back."""
        part = slab(thick, roundness, self.cover)
        h = low + (part.vertices[:, 1] + 0.5) * (high - low)
        vertices = self._at(self.width * self.depth, self._seat_height(), h, wide * part.vertices[:, 2])
        vertices[:, 0] += part.vertices[:, 0]
        return part._replace(vertices=vertices)

    def _captain(self, depth: float, top: float) -> list[Part]:
        """A rail that runs round the back and forwards as arms, on spindles or a few posts; some with a second hoop above."""
        plan, behind = horseshoe(1.02 * depth, self.width, 0.25, 360 - 200 - 70 * self.arm_reach)
        y = top + self.arm_height + 0.5 * (self.rail + self.crest) * behind**3
        line = np.stack([plan[:, 0] - 0.12 * (y - top) * behind, y, plan[:, 1]], axis=-1)
        flat = 1.0 if self.gap < 0.25 else 1.8
        parts = [tube(line, 0.42 * self.post, self.wood, 8, flatten=flat)]
        count = 2 * (self.bars // 2) + 2
        for place in np.linspace(1.5, 22.5, count):
            tip = np.array([np.interp(place, np.arange(25), line[:, i]) for i in range(3)])
            parts.append(
                rod(tip * (0.86, 0, 0.84) + (0, top - 0.02, 0), tip, 0.009 if count > 5 else 0.014, self.wood, 6)
            )
        if self.lean > 9:  # the second hoop
            a = np.linspace(0, np.pi, 17)
            x = line[12, 0] + 0.28 * depth - 0.28 * depth * np.sin(a) - 0.15 * self.back_height * np.sin(a)
            rise = self.arm_height + (self.back_height - self.arm_height) * np.sin(a) ** 0.7
            z = 0.5 * self.width * np.cos(a) * 0.94
            parts.append(tube(np.stack([x, top + rise, z], axis=-1), 0.36 * self.post, self.wood, 8))
        return parts

    def _back(self, depth: float, top: float) -> list[Part]:
        wood, post, gap, rail = self.wood, self.post, self.gap, self.rail
        if self.back == "captain":
            return self._captain(depth, top)
        board, one = 0.018, np.ones(9)
        up = np.linspace(-0.05, 1, 9)
        height = 0.62 if self.back == "half" else 1.0
        round_posts = self.legs in ("round", "turned", "tube")
        if round_posts:
            posts = [self._line(height * up, side * one, 0.42 * post) for side in (-1, 1)]
        else:
            posts = [sheet(self._post(height * up, side), 0.8 * post, wood) for side in (-1, 1)]
        crest = self._strip((-1, 1), (1 - rail, 1), board * 1.3, wood)
        low_rail = self._strip((-1, 1), (gap, gap + 0.09), board, wood)
        places = (np.arange(self.bars) + 0.5) / self.bars * 2 - 1
        if self.back == "slats":
            half = 0.62 / self.bars
            slats = [self._strip((v - half, v + half), (gap, 1 - rail), 0.012, wood) for v in places]
            return [*posts, crest, low_rail, *slats]
        if self.back == "ladder":
            count = min(self.bars, 5)
            step = (1 - gap) / count
            return [
                *posts,
                *(self._strip((-1, 1), (1 - (i + 0.62) * step, 1 - i * step), board, wood) for i in range(count)),
            ]
        if self.back == "spindles":
            return [*posts, crest, *(self._line(np.linspace(-0.02, 1 - rail, 5), v * one[:5], 0.008) for v in places)]
        if self.back == "hoop":
            a = np.linspace(0, np.pi, 21)
            arch = self._line(np.sin(a) ** 0.6 - 0.02, -np.cos(a), 0.4 * post)
            tops = np.sqrt(1 - places**2) ** 0.6
            return [
                arch,
                *(self._line(np.linspace(-0.02, t, 5), v * one[:5], 0.008) for v, t in zip(places, tops, strict=True)),
            ]
        if self.back == "oval":
            a = np.linspace(0, 2 * np.pi, 25)
            loop = self._line(gap + (1 - gap) * (0.5 - 0.5 * np.cos(a)), 0.92 * np.sin(a), 0.4 * post)
            stem = [self._line(np.linspace(-0.05, gap + 0.12, 5), v * one[:5], 0.45 * post) for v in (-0.55, 0.55)]
            return [loop, *stem, self._cushion(gap, 1.0, 0.9, 0.03, 1.0)]
        if self.back == "solid":
            return [self._strip((-1, 1), (-0.04, 1), board, wood)]
        if self.back == "upholstered":
            return [self._cushion(-0.05, 1, 1.08, self.padding, self.roundness)]
        if self.back == "half":
            return [*posts, self._strip((-1.08, 1.08), (0.30 + 0.4 * gap, 0.66), board, wood)]
        middle = {
            "frame": [low_rail],
            "panel": [low_rail, self._cushion(gap + 0.04, 1 - 0.6 * rail, 0.95, 0.03, 0.2)],
            "cross": [
                self._line(np.linspace(gap, 1 - rail, 9), side * np.linspace(-1, 1, 9), 0.3 * post) for side in (-1, 1)
            ],
            "splat": [self._strip((-0.28, 0.28), (-0.02, 1 - rail), 0.014, wood)],
        }[self.back]
        return [*posts, crest, *middle]

    def _post(self, h: np.ndarray, side: int) -> np.ndarray:
        half = self.post / 2 / (self.width * self.taper / 2)
        points, v = np.meshgrid(h, side + np.array([-half, half]), indexing="ij")
        grid = self._at(self.width * self.depth, self._seat_height(), points, v.clip(-1, 1) * 0 + side)
        grid[..., 2] += (v - side) * self.width * self.taper / 2
        return grid

    def _arms(self, depth: float, top: float) -> list[Part]:
        if self.arms == "none" or self.back == "captain":
            return []
        wood, post = self.wood, self.post
        y = top + self.arm_height
        level = np.array(self.arm_height / self.back_height)
        start = self._at(depth, top, level, np.array(1.0))
        start[1] = y
        if self.back == "hoop":
            start = self._at(depth, top, level, np.array(0.97)) * (1, 0, 1) + (0, y, 0)
        tip = -depth / 2 + self.arm_reach * depth
        z = self.width / 2
        if self.arms == "loop":
            path = bent(np.array([start, (tip, y + 0.01, z + 0.02), (tip - 0.03, top - 0.02, z - 0.01)]), 0.09)
            return [mirrored(tube(path, 0.4 * post, wood, 8))]
        front = self._feet(depth)[0]
        foot = np.array([tip - 0.06, top - 0.02, z - 0.01]) if self.arms == "on the seat" else front
        support = np.array([min(tip, foot[0]) if self.arms == "on the seat" else foot[0], y, z])
        end = np.array([max(tip, support[0] + 0.03), y + 0.005, z])
        board = (
            bar(start, end, 0.055, 0.024, wood)
            if self.legs in ("square", "tapered")
            else rod(start, end, 0.5 * post, wood)
        )
        upright = bar(foot, support, 0.85 * post, 0.85 * post, wood)
        return [mirrored(board), mirrored(upright)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShellChair(Program):
    """A chair with a moulded seat and back, of one piece or two, on legs, runners, wires, a pedestal or a star."""

    base: str = one_of(
        "wooden legs", "tubes", "sled", "wires", "cantilever", "trumpet", "disc", "star", "castors", "none", "panels", "apron",
        shares=(4, 5, 3, 2, 1, 2, 1, 2, 2, 0.6, 0.6, 0.6),
    )  # fmt: skip
    split: bool = one_of(False, True, shares=(3, 1))
    arms: str = one_of("none", "wings", "loop", "tablet", shares=(5, 2, 1, 0.25))
    cushion: bool = one_of(False, True, shares=(3, 1))
    seat_height: float = uniform(0.39, 0.48)  # metres, here and below
    width: float = uniform(0.40, 0.56)
    depth: float = uniform(0.80, 1.05)  # of the width
    back_height: float = uniform(0.30, 0.56)  # above the seat
    back_width: float = uniform(0.70, 1.02)  # at the top, of the seat's
    waist: float = uniform(0.72, 1.0)  # width where seat and back meet, of the seat's
    lean: float = uniform(5.0, 22.0)  # degrees
    bend: float = uniform(0.04, 0.16)  # radius of the bend between seat and back
    roundness: float = uniform(0.15, 0.95)  # of the outline
    seat_dish: float = uniform(0.0, 0.05)  # how far the seat's edges rise
    back_dish: float = uniform(0.0, 0.09)  # how far the back's edges come forwards
    lip: float = uniform(0.0, 0.05)  # how far the front edge drops
    thickness: float = uniform(0.007, 0.022)  # of the shell
    tube_radius: float = uniform(0.007, 0.014)
    spread: float = uniform(0.75, 1.0)  # of the feet, left to right, of the width
    rake: float = uniform(0.02, 0.12)  # how far the feet stand out, to front and back
    material: Colour = colour(*PAINTS, *WOODS, "dark grey", "white", "black")
    metal: Colour = colour(*METALS)
    wood: Colour = colour(*WOODS)
    cover: Colour = colour(*FABRICS)

    def parts(self) -> list[Part]:
        return [*self._shells(), *self._base(), *self._arms()]

    def _profile(self) -> np.ndarray:
        depth, y = self.width * self.depth, self.seat_height
        slope = np.tan(np.radians(self.lean))
        corner = (-depth / 2 + 0.02, y - 0.02)
        top = (corner[0] - slope * (self.back_height + 0.02), y + self.back_height)
        mid = (corner[0] - 0.25 * slope * self.back_height, y + 0.4 * self.back_height)
        points = [(depth / 2, y - self.lip), (depth / 2 - 0.07, y), (0, y - 0.012), corner, mid, top]
        return bent(points, self.bend + 0.04, 6)

    def _shells(self) -> list[Part]:
        width, paint = self.width, self.material
        split = self.split and self.base != "apron"
        profile = self._profile()
        length = np.linalg.norm(np.diff(profile, axis=0), axis=1).sum()
        joint = self.width * self.depth / length
        wings = 0.13 if self.arms == "wings" and not split else 0.0
        ranges = [(0.0, 0.94 * joint), (joint + 0.14, 1.0)] if split else [(0.0, 1.0)]
        parts = []
        for low, high in ranges:
            s, outline = outline_widths(9 if split else 19, self.roundness)
            places = low + (high - low) * s
            shape = np.interp(
                places, [0, 0.5 * joint, joint, 1], [1, 1, self.waist + 3 * wings * (1 - self.waist), self.back_width]
            )
            dish = np.interp(
                places, [0, joint, 1], [self.seat_dish, (self.seat_dish + self.back_dish) / 2, self.back_dish]
            )
            dish = dish + wings * np.exp(-(((places - 0.95 * joint) / 0.22) ** 2))
            parts.append(shell(along(profile, places), width * shape * outline, dish * outline, paint, self.thickness))
        if self.cushion:
            soft = pad(0.8 * width * self.depth, (0.85 * width, 0.8 * width), 0.045, 0.4, self.cover)
            parts.append(moved(soft, 0.01, self.seat_height + 0.008))
        if split:
            back = along(profile, np.linspace(joint - 0.1, joint + 0.3, 5)) - (0.007, 0.004)
            bars = [np.insert(back, 2, side * 0.13 * width, axis=1) for side in (-1, 1)]
            parts += [tube(path, self.tube_radius, self._frame(), 8) for path in bars]
        return parts

    def _frame(self) -> Colour:
        return self.wood if self.base == "wooden legs" else self.metal

    def _base(self) -> list[Part]:
        depth, y, r, metal = self.width * self.depth, self.seat_height - 0.022, self.tube_radius, self.metal
        z, foot = 0.33 * self.width, self.spread * self.width / 2
        fore, aft = 0.26 * depth, -0.3 * depth
        ends = (fore + 0.5 * self.rake + 0.04, aft - self.rake)
        tops = [np.array([fore, y, z]), np.array([aft, y, z])]
        feet = [np.array([x, 0.0, foot]) for x in ends]
        cross = [rod((x, y - 0.005, -z), (x, y - 0.005, z), 0.9 * r, metal, 8) for x in (fore, aft)]
        if self.base == "wooden legs":
            legs = [leg("round", a, b, 0.042, self.wood) for a, b in zip(tops, feet, strict=True)]
            cross = [bar((x, y - 0.003, -z), (x, y - 0.003, z), 0.035, 0.022, self.wood) for x in (fore, aft)]
            return [*cross, *map(mirrored, legs)]
        if self.base == "tubes":
            return [*cross, *(mirrored(rod(a, b, r, metal, 8)) for a, b in zip(tops, feet, strict=True))]
        if self.base in ("sled", "cantilever"):
            corners = [tops[1], feet[1] + (0, r, 0), feet[0] + (0, r, 0), tops[0]]
            if self.base == "cantilever":
                back = np.array([ends[1], r, foot])
                loop = [tops[1], tops[0] + (0.03, 0, 0), feet[0] + (0, r, 0), back, back * (1, 1, -1)]
                path = np.array([*loop[:-1], *[p * (1, 1, -1) for p in loop[-2::-1]]])
                return [*cross, tube(bent(path, 0.07), 1.3 * r, metal, 8)]
            return [*cross, mirrored(tube(bent(corners, 0.05), r, metal, 8))]
        if self.base == "wires":
            middle = np.array([0.0, 0.5 * y, 0.0])
            low = [np.array([s * 0.09, 0.42 * y, t * 0.09]) for s, t in ((1, 1), (-1, 1))]
            wires = [rod(a, b, 0.8 * r, metal, 6) for a, b in zip(tops, feet, strict=True)]
            wires += [rod(a, p + (0, 0.0, 0), 0.6 * r, metal, 6) for a, p in zip(tops[::-1], low, strict=True)]
            wires += [rod(p, b + (b - p) * -0.35, 0.6 * r, metal, 6) for p, b in zip(low, feet, strict=True)]
            hoop = rod(low[0], low[1], 0.6 * r, metal, 6), rod(low[0] * (1, 1, -1), low[0], 0.6 * r, metal, 6)
            tie = rod(low[1] * (1, 1, -1), low[1], 0.6 * r, metal, 6)
            return [*cross, tie, hoop[1], moved(tie, middle[0]), mirrored(hoop[0]), *map(mirrored, wires)]
        if self.base == "none":
            return []
        if self.base == "panels":
            return [mirrored(box((0.75 * depth, y, 0.022), (0, y / 2, 0.44 * self.width), self.wood)), *cross]
        if self.base == "apron":  # the seat's front goes on down to the floor
            line = curve(
                [
                    (depth / 2, y + 0.02 - self.lip),
                    (0.22 * depth, 0.55 * y),
                    (0.1 * depth, 0.2 * y),
                    (0.42 * depth, 0.0),
                ],
                4,
            )
            sides = np.linspace(0.85, 1.0, len(line)) * self.width
            return [shell(line, sides, np.linspace(-0.02, -0.22, len(line)) * depth, self.material, self.thickness)]
        spider = lathe([(0, y - 0.03), (0.6 * z, y - 0.02), (0.7 * z, y + 0.005), (0, y + 0.005)], metal, 12)
        if self.base in ("star", "castors"):
            return [spider, star(0.29, 5 if self.base == "castors" else 4, y, self.base == "castors", metal)]
        return [spider, pedestal(self.base, 0.2 + 0.4 * self.rake, y, 0.022 + r, metal)]

    def _arms(self) -> list[Part]:
        if self.arms not in ("loop", "tablet") or self.base == "none":
            return []
        depth, y, z = self.width * self.depth, self.seat_height, self.width / 2
        if self.arms == "tablet":
            line = [
                (0, y - 0.03, -0.6 * z),
                (0, y - 0.03, -z - 0.04),
                (0, y + 0.2, -z - 0.04),
                (0.55 * depth, y + 0.22, -z - 0.04),
            ]
            desk = plate(0.30, (self.width + 0.04, self.width + 0.1), 0.12, 0.016, self.wood)
            return [tube(bent(line, 0.06), self.tube_radius, self.metal, 8), moved(desk, 0.5 * depth, y + 0.235, -0.05)]
        narrow = self.base in ("star", "castors", "trumpet", "disc")
        front, back, start = (0.1, -0.1, 0.03) if narrow else (0.26 * depth, -0.3 * depth, 0.4 * z)
        path = [(front, y - 0.026, start), (front, y - 0.026, z + 0.03), (front + 0.02, y + 0.2, z + 0.04)]
        path += [(back, y + 0.2, z + 0.03), (back, y - 0.026, z + 0.03), (back, y - 0.026, start)]
        rest = box((0.55 * depth, 0.022, 0.045), ((front + back) / 2, y + 0.21, z + 0.035), (0.14, 0.14, 0.15), 0.008)
        return [mirrored(tube(bent(path, 0.06), self.tube_radius, self.metal, 8)), mirrored(rest)]


PROGRAMS = {
    DiningChair: 9, ShellChair: 5, Armchair: 6, OfficeChair: 3, TubChair: 5, Stool: 4, CantileverChair: 3, LoungeChair: 3,
    FoldingChair: 2,
}  # fmt: skip
"""Programs of the class, each with its share."""
