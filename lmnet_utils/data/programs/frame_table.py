"""Programs of tables without four legs: on a frame or a board at either end, and those that are blocks, drums or nests."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.boards import GLASS, SIZES, Colour, between, disc, drawer_front, tabletop
from lmnet_utils.data.programs.parameters import METALS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    bar,
    box,
    extrusion,
    joined,
    lathe,
    loft,
    mirrored,
    moved,
    oval,
    sheet,
    turned,
)
from lmnet_utils.data.programs.seating import bent


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrameTable(Program):
    """A table on a frame at either end: trestles, X-legs, sleds, T-feet, slabs; for meals, offices, meetings, living rooms."""

    use: str = one_of("dining", "coffee", "console", "bar", shares=(6, 2.5, 1, 0.7))
    along: str = one_of("z", "x", shares=(6, 1))  # the long side
    shape: str = one_of("rectangle", "rounded", "boat", "oval", shares=(10, 1.5, 1, 1))
    end: str = one_of(
        "loop", "A", "X", "T", "slab", "arch", "V", "Z", "sawhorse", shares=(4, 3, 2.5, 3, 3, 1, 1, 0.5, 1.5)
    )
    link: str = one_of("none", "rail", "low rail", "panel", "pair", "shelf", shares=(2, 3, 2, 2, 1.5, 1.5))
    made: str = one_of("wood", "metal", "glass on metal", shares=(3, 3, 1))
    length: float = uniform(0.0, 1.0)  # where between the shortest and the longest of its use
    width: float = uniform(0.0, 1.0)  # likewise
    height: float = uniform(0.0, 1.0)  # likewise
    top: float = uniform(0.014, 0.06)  # metres: thickness
    bar: float = uniform(0.035, 0.11)  # thickness of the frames' bars, of the height or the width, whichever is less
    stance: float = uniform(0.60, 0.96)  # a frame's width, of the top's
    overhang: float = uniform(0.0, 0.16)  # from the top's end to the frame, of the length
    slope: float = uniform(0.1, 0.9)  # how far the bars of A and V lean together
    drop: float = uniform(0.25, 0.75)  # of rail and panel below the top, of the height
    wood: Colour = colour(*WOODS, *WOODS, "white", "grey", "black")
    metal: Colour = colour(*METALS, "grey")

    def parts(self) -> list[Part]:
        length, width, height = (
            between(*ends, u) for ends, u in zip(SIZES[self.use], (self.length, self.width, self.height), strict=True)
        )
        length = max(length, 1.25 * width)
        solid = self.end in ("slab", "arch")
        paint = self.wood if self.made == "wood" or (solid and self.made == "metal") else self.metal
        under, thick = height - self.top, self.bar * min(max(height, 0.5), width)
        board = tabletop(self.shape, length, width, self.top, GLASS if self.made == "glass on metal" else self.wood)
        stance = self.stance * width * (0.75 if self.shape == "oval" else 1.0)
        overhang = (
            (0.12 if self.end == "sawhorse" else 0.0) * length
            + self.overhang * length
            + (0.12 * length if self.shape == "oval" else 0.0)
        )
        z = length / 2 - overhang - thick / 2
        parts = [moved(board, y=height), mirrored(moved(self._end(stance, under, thick, paint), z=z))]
        drop = self.drop * under
        if self.end == "sawhorse":
            pass
        elif self.link in ("rail", "low rail"):
            y = under - drop if self.link == "rail" else 0.5 * thick if self.end in ("loop", "T") else 0.3 * under
            if self.end in ("A", "X", "V") or self.link == "low rail":
                y = min(y, 0.5 * under) if self.end == "X" else y
            parts.append(bar((0, y, -z), (0, y, z), 0.6 * thick, 1.2 * thick, paint))
        elif self.link == "panel":
            x = -0.2 * stance if self.end in ("loop", "T", "slab", "arch") else 0.0
            parts.append(box((0.02, drop, 2 * z), (x, under - drop / 2, 0), self.wood))
        elif self.link == "pair":
            x = (0.42 if self.end in ("loop", "slab", "arch", "Z") else 0.3) * stance
            parts.append(
                mirrored(bar((x, under - 0.5 * thick, -z), (x, under - 0.5 * thick, z), thick, thick, paint), "x")
            )
        elif self.link == "shelf" and self.end in ("loop", "slab", "H"):
            parts.append(box((0.95 * stance, 0.02, 2 * z), (0, 0.28 * under, 0), self.wood))
            parts.append(bar((0, 0.28 * under, -z), (0, 0.28 * under, z), 0.9 * stance, 0.025, self.wood))
        return [turned(part, "y", 90) if self.along == "x" else part for part in parts]

    def _end(self, stance: float, under: float, thick: float, paint: Colour) -> Part:
        """The frame at one end, in the plane z = 0."""
        half, h, t = stance / 2, under, thick
        head, foot = h - t / 2, t / 2
        if self.end == "slab":
            slab = 0.4 * t + 0.015
            return box((stance, h, slab), (0, h / 2, 0), paint, 0.1 * slab)
        if self.end == "arch":
            bow = oval(1.3 * half, 2 * self.drop * h, sides=24)[:13]
            outline = [(half, 0), (half, h), (-half, h), (-half, 0), *bow[::-1]]
            return extrusion(outline, 0.4 * t + 0.015, paint, "z")
        if self.end == "sawhorse":
            out, y = (0.12 + 0.15 * self.slope) * h, (0.2 + 0.3 * self.drop) * h
            legs = [
                bar((x, h, 0), (x, 0, s * out), 0.6 * t, 0.6 * t, paint)
                for x in (-0.85 * half, 0.85 * half)
                for s in (-1, 1)
            ]
            low = (1 - y / h) * out
            legs.append(bar((-half, head, 0), (half, head, 0), t, 0.8 * t, paint))
            rail = bar((-0.85 * half, y, low), (0.85 * half, y, low), 0.5 * t, 0.5 * t, paint)
            return joined(legs, mirrored(rail) if self.slope > 0.5 else rail)
        level = [((-half, head), (half, head))]
        if self.end == "loop":
            lines = [*level, ((-half, foot), (half, foot))]
            lines += [((x, 0), (x, h)) for x in (t / 2 - half, half - t / 2)]
        elif self.end == "T":
            shift = -0.25 * half if self.slope > 0.6 else 0.0
            posts = (-0.12, 0.12) if self.slope < 0.3 else (0.0,)
            lines = [((-0.9 * half, head), (0.9 * half, head)), ((-half, foot), (half, foot))]
            lines += [((shift + p * half * 2, 0), (shift + p * half * 2, h)) for p in posts]
        elif self.end == "X":
            lines = [((-half, 0), (half, head)), ((half, 0), (-half, head)), *level]
        elif self.end == "Z":
            lines = [*level, ((-half, foot), (half, foot)), ((half, foot), (-half, head))]
        else:
            near = (1 - 0.8 * self.slope) * half
            low, high = (half, near) if self.end == "A" else (near, half)
            cross = 0.3 if self.end == "A" else 0.06
            x = low + (high - low) * cross
            lines = [((-low, 0), (-high, head)), ((low, 0), (high, head)), *level, ((-x, cross * h), (x, cross * h))]
        return joined([bar((*a, 0), (*b, 0), t, t, paint) for a, b in lines])


@dataclasses.dataclass(frozen=True, kw_only=True)
class BlockTable(Program):
    """A low or small table without legs proper: a plinth, a chest, a cube with openings, a drum, a nest, a cloth to the floor."""

    kind: str = one_of(
        "plinth", "chest", "open", "drum", "nest", "cloth", "C", "bent", shares=(2, 2, 3.5, 2, 2, 1.5, 1, 1.5)
    )
    round_top: bool = one_of(True, False, shares=(2, 1))
    count: int = one_of(2, 3)
    height: float = uniform(0.30, 0.60)  # metres
    length: float = uniform(0.9, 3.0)  # of the height
    width: float = uniform(0.55, 1.0)  # of the length
    board: float = uniform(0.04, 0.14)  # thickness of boards, of the height
    overhang: float = uniform(0.0, 0.12)  # of the top, of the width
    feet: float = uniform(-0.1, 0.2)  # height of feet, of the height; none below 0.04
    waist: float = uniform(0.6, 1.0)  # of a drum, of its top
    folds: float = uniform(0.02, 0.07)  # of a cloth, of its radius
    wood: Colour = colour(*WOODS, *WOODS, "white", "grey", "black", "beige")
    other: Colour = colour(*WOODS, *METALS, "glass", "red", "green", "blue", "beige")

    def parts(self) -> list[Part]:
        height, length = self.height, self.length * self.height
        width, thick = self.width * length, self.board * height
        if self.kind == "cloth":
            return self._cloth()
        if self.kind == "bent":
            end, t, out = length / 2, 0.5 * thick, self.overhang * height
            corners = [(end + out, 0), (end, height - t / 2), (-end, height - t / 2), (-end - out, 0)]
            line = bent(np.array(corners), self.waist * 0.2 * height, 5)
            grid = np.stack(
                [np.stack([np.full(len(line), x), line[:, 1], line[:, 0]], -1) for x in (-width / 2, width / 2)], 1
            )
            shelf = box((0.95 * width, t, length - t), (0, 0.4 * height, 0), self.other)
            return [sheet(grid, t, GLASS if self.round_top else self.wood)] + ([shelf] if self.count == 3 else [])
        if self.kind == "drum":
            r = 0.35 * min(length, 2.2 * height)
            rows = [(0, 0), (0.9, 0), (0.95, 0.05), (self.waist, 0.5), (0.95, 0.92)]
            body = lathe([(q * r, y * height) for q, y in rows], self.other, 28)
            return [body, disc(r * (1 + self.overhang), r * (1 + self.overhang), 0.92 * height, height, self.wood)]
        if self.kind == "nest":
            parts = []
            for i in range(self.count):
                size, x = 1 - 0.2 * i, 0.35 * i * width * (self.waist - 0.5)
                part = self._bridge(
                    min(size * length, 1.6 * height * size), width * 0.6, (1 - 0.12 * i) * height, thick * 0.6
                )
                parts.append(moved(part, x))
            return parts
        if self.kind == "C":
            length = min(length, 1.1 * height)
            sizes = [((0.75 * length, thick * 0.5, length), (0, 1)), ((0.7 * length, thick * 0.4, length), (0, 0))]
            boards = [box(size, (0, y * height + thick * 0.2, 0), self.wood, 0.1 * thick) for size, (_, y) in sizes]
            wall = box((thick * 0.5, height, length), (-0.36 * length, height / 2, 0), self.wood)
            return [*boards, wall]
        return self._cabinet(height, length, width, thick)

    def _cabinet(self, height: float, length: float, width: float, thick: float) -> list[Part]:
        """A body below a top, closed, with drawers, or open, on feet or on the floor."""
        feet = self.feet * height if self.feet > 0.04 else 0.0
        over, body = self.overhang * width, height - thick - feet
        middle = feet + body / 2
        parts = [box((width, thick, length), (0, height - thick / 2, 0), self.wood, 0.1 * thick)]
        if self.kind in ("plinth", "chest"):
            deep, long = width - 2 * over, length - 2 * over
            parts.append(box((deep, body, long), (0, middle, 0), self.other, 0.02 * height))
            if self.kind == "chest":
                rows, columns = (1, self.count) if self.length > 1.6 else (self.count, 1)
                handle = "knob" if self.round_top else "bar"
                for row in range(rows):
                    for column in range(columns):
                        place = (deep / 2, feet + (row + 0.5) * body / rows, ((column + 0.5) / columns - 0.5) * long)
                        parts.append(drawer_front((body / rows, long / columns), place, self.wood, handle))
        else:
            parts.append(box((width, thick, length), (0, feet + thick / 2, 0), self.wood))
            inner = length / 2 - over - 0.5 * thick
            parts.append(mirrored(box((0.96 * width, body, thick * 0.8), (0, middle, inner), self.wood)))
            if self.count == 3:
                parts.append(box((0.9 * width, 0.6 * thick, 2 * inner), (0, middle, 0), self.other))
            if self.waist > 0.8:
                parts.append(box((0.5 * thick, body, 2 * inner), (-0.4 * width, middle, 0), self.other))
        if feet:
            leg = box(
                (0.1 * height, feet, 0.1 * height), (0.42 * width - over, feet / 2, 0.44 * length - over), self.wood
            )
            parts.append(mirrored(mirrored(leg), "x"))
        return parts

    def _bridge(self, length: float, width: float, height: float, thick: float) -> Part:
        """A board with a side at either end, or with thin legs."""
        top = box((width, thick, length), (0, height - thick / 2, 0), self.wood, 0.1 * thick)
        if self.round_top:
            leg = bar((0, height, 0), (0, 0, 0), thick, thick, self.other)
            leg = moved(leg, width / 2 - thick, 0, length / 2 - thick)
            floor = bar((thick - width / 2, thick / 2, 0), (width / 2 - thick, thick / 2, 0), thick, thick, self.other)
            return joined(top, mirrored(mirrored(leg), "x"), mirrored(moved(floor, z=length / 2 - thick)))
        return joined(top, mirrored(box((width, height, thick), (0, height / 2, (length - thick) / 2), self.wood)))

    def _cloth(self) -> list[Part]:
        angles = 2 * np.pi * np.arange(64) / 64
        height = 1.6 * self.height
        radius = 0.5 * height * self.length / 1.7
        sections = []
        for level, wave in ((1.0, 0.0), (0.96, 0.0), (0.6, 0.6), (0.0, 1.0)):
            r = radius * (1 + self.folds * wave * (1 + np.cos((10 + 2 * self.count) * angles)))
            square = 1.0 if self.round_top else 1 / np.maximum(abs(np.cos(angles)), abs(np.sin(angles))) ** 0.8
            sections.append(
                np.stack([r * square * np.cos(angles), np.full(64, level * height), r * square * np.sin(angles)], -1)
            )
        return [loft(sections[::-1], self.other)]
