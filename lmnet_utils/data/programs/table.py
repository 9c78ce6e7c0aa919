"""Programs of tables: on four legs, on columns (and those of ``frame_table``, ``desk`` and ``picnic``)."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.boards import (
    GLASS,
    SIZES,
    Colour,
    between,
    disc,
    drawer_front,
    framed,
    rails,
    table_leg,
    tabletop,
)
from lmnet_utils.data.programs.desk import Desk, GameTable
from lmnet_utils.data.programs.frame_table import BlockTable, FrameTable
from lmnet_utils.data.programs.parameters import METALS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    bar,
    box,
    curve,
    extrusion,
    lathe,
    moved,
    ring,
    rod,
    scaled,
    tube,
    turned,
)
from lmnet_utils.data.programs.picnic import PicnicTable


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeggedTable(Program):
    """A table on four legs: dining, coffee, side, console and bar tables, work benches."""

    use: str = one_of(*SIZES, shares=(7, 4, 2.5, 1.5, 1.5, 1))
    along: str = one_of("z", "x", shares=(5, 1))  # the long side
    square: bool = one_of(False, True, shares=(2, 1))  # as long as it is wide, or round
    legs: int = one_of(4, 3, shares=(3, 1))  # three only if it is round
    shape: str = one_of("rectangle", "rounded", "oval", "octagon", "half-moon", shares=(11, 2, 4.5, 0.4, 0.7))
    style: str = one_of(
        "square", "tapered", "round", "turned", "hairpin", "sabre", "cabriole", shares=(6, 3, 3, 2, 1, 1, 1)
    )
    stretcher: str = one_of("none", "box", "H", "X", shares=(9, 1, 1.5, 1))
    below: str = one_of("none", "shelf", "slats", "drawers", shares=(8, 2, 1, 2))
    pane: str = one_of("none", "glass", "wood", shares=(8, 1.2, 0.8))  # framed by the top
    glass: bool = one_of(False, True, shares=(6, 1))  # the whole top
    drawers: int = one_of(1, 2, 3)
    length: float = uniform(0.0, 1.0)  # where between the shortest and the longest of its use
    width: float = uniform(0.0, 1.0)  # likewise
    height: float = uniform(0.0, 1.0)  # likewise
    top: float = uniform(0.012, 0.06)  # metres: thickness of the board
    leg: float = uniform(0.045, 0.14)  # thickness, of the height or the width, whichever is less
    inset: float = uniform(0.0, 0.16)  # from the top's edge to the leg, of the width
    apron: float = uniform(-0.05, 0.20)  # height of the boards under the top, of the table's; none below 0.03
    splay: float = uniform(-0.25, 0.20)  # by how much the feet stand out, of the height; upright below 0
    level: float = uniform(0.10, 0.35)  # of stretchers and shelf, of the height
    bulge: float = uniform(0.0, 1.0)  # of turned legs; how little others taper
    wood: Colour = colour(*WOODS, *WOODS, "white", "black", "grey")
    metal: Colour = colour(*METALS, *WOODS, *WOODS, "white")
    same: bool = one_of(False, True)  # legs in the top's colour

    def parts(self) -> list[Part]:
        length, width, height = self._size()
        paint = self.wood if self.same else self.metal
        plain = self.shape == "rectangle"
        top = self.top * (1.0 if self.use != "side" else 0.6)
        leg = self.leg * min(max(height, 0.5), width)
        if plain and self.pane != "none":
            pane = GLASS if self.pane == "glass" else self.metal
            board = framed(length, width, top, between(0.05, 0.2, self.bulge) * width, (self.wood, pane))
        else:
            board = [tabletop(self.shape, length, width, top, GLASS if self.glass else self.wood)]
        parts = [moved(part, y=height) for part in board]
        under = height - top
        heads, feet = self._stand(length, width, height, leg)
        for head, foot in zip(heads, feet, strict=True):
            upright = table_leg(self.style, under, leg, self.bulge, paint)
            aim = head if len(heads) == 3 else np.sign(head)
            upright = turned(upright, "y", 45 - float(np.degrees(np.arctan2(aim[1], aim[0]))))
            lean = np.insert(foot - head, 1, 0.0) * (1 - upright.vertices[:, 1:2] / under)
            parts.append(upright._replace(vertices=upright.vertices + lean + np.insert(head, 1, 0.0)))
        apron = self.apron * height
        thin = 0.35 * leg
        if self.apron > 0.03 and self.style != "hairpin":
            parts += rails(heads, under - apron / 2, thin, apron, paint)
            if plain and self.below == "drawers" and self.apron > 0.08:
                step = (2 * heads[0, 1] - leg) / self.drawers
                for i in range(self.drawers):
                    place = (heads[0, 0] + thin / 2, under - apron / 2, (i - (self.drawers - 1) / 2) * step)
                    parts.append(
                        drawer_front((0.9 * apron, step), place, self.wood, "knob" if self.drawers > 1 else "bar")
                    )
        return [turned(part, "y", 90) if self.along == "x" else part for part in parts + self._lower(heads, feet, leg)]

    def _size(self) -> tuple[float, float, float]:
        """Length, width, and height."""
        ranges = zip(SIZES[self.use], (self.length, self.width, self.height), strict=True)
        length, width, height = (between(*ends, u) for ends, u in ranges)
        if self.square and self.use not in ("console", "work"):
            return (2 * width if self.shape == "half-moon" else 1.1 * width), 1.1 * width, height
        return length, width, height

    def _shelf_paint(self) -> Colour:
        return GLASS if self.glass else self.wood

    def _stand(self, length: float, width: float, height: float, leg: float) -> tuple[np.ndarray, np.ndarray]:
        """The legs' heads and feet: x and z of four, going round."""
        wide = 2.6 * leg if self.style == "hairpin" else leg
        edge = self.inset * width + (0.5 * leg if self.style == "hairpin" else 0.5 * wide)
        x, z = width / 2 - edge, length / 2 - edge
        if self.shape in ("oval", "octagon"):
            x, z = (0.70 - 0.7 * self.inset) * width / 2, (0.70 - 0.7 * self.inset) * length / 2
        elif self.shape == "rounded":
            x, z = x - 0.03 * width, z - 0.03 * width
        heads = np.array([(x, z), (-x, z), (-x, -z), (x, -z)])
        if self.shape == "oval" and self.square and self.legs == 3:
            angles = np.radians([0, 120, 240])
            heads = 1.3 * x * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
        if self.shape == "half-moon":
            heads = np.array([(0.2 * width, 0.27 * length), (leg - width / 2, 0.42 * length)])
            heads = np.concatenate([heads, heads[::-1] * (1, -1)])
        out = max(self.splay, 0.0) * height if self.style in ("square", "tapered", "round", "hairpin", "sabre") else 0.0
        return heads, heads + heads / np.abs(heads).max(axis=1, keepdims=True) * min(out, 0.25 * width) * (
            0.0 if self.use == "work" else 1.0
        )

    def _lower(self, heads: np.ndarray, feet: np.ndarray, leg: float) -> list[Part]:
        """What joins the legs further down, and what stands at the back of a work bench."""
        length, width, height = self._size()
        paint = self.wood if self.same else self.metal
        if self.style == "hairpin":
            return []
        y = self.level * height
        at = feet + (heads - feet) * self.level
        a, b, c, d = np.insert(at, 1, y, axis=1)[[0, 1, 2, -1]]
        parts = []
        if self.stretcher == "box":
            parts += rails(at, y, 0.5 * leg, 0.5 * leg, paint)
        elif len(heads) == 3 and self.stretcher != "none":
            parts += [bar((0, y, 0), p, 0.45 * leg, 0.45 * leg, paint) for p in (a, b, c)]
        elif self.stretcher == "H":
            pairs = [(a, b), (c, d), ((a + b) / 2, (c + d) / 2)]
            parts += [bar(p, q, 0.5 * leg, 0.5 * leg, paint) for p, q in pairs]
        elif self.stretcher == "X":
            parts += [bar(p, q, 0.45 * leg, 0.45 * leg, paint) for p, q in ((a, c), (b, d))]
        if self.below == "shelf" or (self.use == "work" and self.below != "slats"):
            thick = 0.02 + 0.3 * self.top
            if self.shape == "oval":
                radii = np.linalg.norm(at / [width, length], axis=1).mean() * np.array([width, length]) * 1.05
                parts.append(disc(radii[0], radii[1], y, y + thick, self._shelf_paint()))
            else:
                parts.append(extrusion(at[:, ::-1], thick, self._shelf_paint(), "y", y + 0.4 * leg))
        elif self.below == "slats" and self.shape != "half-moon" and len(heads) == 4:
            xs = np.linspace(b[0], a[0], 7)
            parts += [bar((x, y, c[2]), (x, y, a[2]), 0.07 * width, 0.02, self.wood) for x in xs]
            parts += [bar(p, q, 0.4 * leg, 0.4 * leg, paint) for p, q in ((a, b), (c, d))]
        if self.use == "work" and self.shape == "rectangle" and self.inset > 0.06:
            panel = box((0.02, 0.6 * height, length), (0.02 - width / 2, 1.3 * height, 0), self.metal)
            shelf = box((0.2 * width, 0.02, length), (-0.38 * width, (1.3 + 0.25 * self.bulge) * height, 0), self.wood)
            parts += [panel, shelf]
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class PedestalTable(Program):
    """A table on one column or two, or on rods that lean together: bistro, bar, dining and side tables."""

    use: str = one_of("dining", "bar", "side", "coffee", shares=(5, 3, 2, 1))
    shape: str = one_of("oval", "squircle", "rectangle", "octagon", "boat", shares=(8, 1, 3, 0.5, 0.7))
    columns: int = one_of(1, 2, shares=(5, 1))
    column: str = one_of(
        "plain", "turned", "tulip", "square", "rods", "cone", "body", shares=(4, 3, 2, 1.5, 3, 0.8, 0.8)
    )
    foot: str = one_of("disc", "dome", "cross", "claws", "plate", shares=(3, 2, 2, 4, 1.5))
    toes: int = one_of(3, 4, 5)  # of a single column
    size: float = uniform(0.0, 1.0)  # of the top: where between the least and the most of its use
    stretch: float = uniform(0.7, 1.6)  # length over width; below 1.1 the top is as long as it is wide
    height: float = uniform(0.0, 1.0)  # where between the least and the most of its use
    top: float = uniform(0.015, 0.055)  # metres: thickness
    thickness: float = uniform(0.04, 0.16)  # of the column, of the top's width
    spread: float = uniform(0.45, 0.95)  # of the foot, of the top's width
    rise: float = uniform(0.08, 0.35)  # of the claws, of the height
    bulge: float = uniform(0.2, 1.0)  # of turned columns; how far rods lean together
    rim: float = uniform(-0.06, 0.08)  # height of the apron under the top, of the table's; none below 0
    wood: Colour = colour(*WOODS, *WOODS, "white", "black", "glass", "grey")
    metal: Colour = colour(*METALS, *WOODS, "white")

    def parts(self) -> list[Part]:
        wide, high = {
            "dining": ((0.75, 1.4), (0.70, 0.78)), "bar": ((0.5, 0.85), (0.9, 1.15)),
            "side": ((0.35, 0.6), (0.42, 0.72)), "coffee": ((0.6, 1.1), (0.3, 0.5)),
        }[self.use]  # fmt: skip
        width, height = between(*wide, self.size), between(*high, self.height)
        count = self.columns if self.column not in ("rods", "tulip", "body") else 1
        length = width * (1.0 if self.stretch < 1.1 and count == 1 else self.stretch)
        length = max(length, 1.5 * width + 0.5 * (self.stretch - 0.7)) if count == 2 else length
        under = height - self.top
        parts = [moved(tabletop(self.shape, length, width, self.top, self.wood), y=height)]
        rim = max(self.rim, 0.0) * height
        if rim > 0.02 * height:
            board = "oval" if self.shape == "octagon" else self.shape
            parts.append(moved(tabletop(board, 0.84 * length, 0.84 * width, rim, self.wood), y=under))
        if self.column == "rods":
            return parts + self._rods(width, under)
        if self.column == "body":
            size = 0.75 * self.spread + 0.1
            if self.shape in ("rectangle", "boat"):
                long = (0.4 + 0.6 * size) * size * length
                return [*parts, box((size * width, under, long), (0, under / 2, 0), self.metal, 0.01)]
            profile = [(0, 0), (1, 0), (1 - 0.3 * self.bulge, under / 2), (1, under), (0, under)]
            return [*parts, scaled(lathe(profile, self.metal, 28), size * width / 2, 1, size * length / 2)]
        stand = self._stand(0.75 * width if count == 2 else width, under)
        if count == 2:
            z = 0.27 * length
            beam = bar((0, 0.3 * height, -z), (0, 0.3 * height, z), 0.04 * width, 0.06 * height, self.metal)
            return [*parts, *[moved(part, z=side) for part in stand for side in (-z, z)], beam]
        return parts + stand

    def _stand(self, width: float, under: float) -> list[Part]:
        """A column with its foot."""
        r, reach = self.thickness * width / 2, max(self.spread, 0.65 if self.use == "bar" else 0.55) * width / 2
        if self.columns == 1 and self.shape != "oval":
            reach *= min(self.stretch, 1.25) if self.stretch > 1.1 else 1.0
        if self.column == "tulip":
            rows = [(0, 0), (reach, 0), (0.97 * reach, 0.015), (0.6 * reach, 0.045), (1.4 * r, 0.16), (0.8 * r, 0.4)]
            rows += [(0.9 * r, 0.75), (2.2 * r, 0.96), (3 * r, 1.0)]
            return [lathe([(q, y * under) for q, y in rows], self.metal, 24)]
        if self.column == "turned":
            b = self.bulge
            rows = [(0.9, 0.04), (0.9, 0.15), (1.2, 0.2), (0.8, 0.25), (1 + 0.9 * b, 0.4), (0.7 + 0.4 * b, 0.6)]
            rows += [(0.7, 0.8), (1.1, 0.84), (0.8, 0.88), (1.6, 1.0)]
            parts = [lathe([(q * r, y * under) for q, y in rows], self.metal, 16)]
        elif self.column == "square":
            parts = [box((1.8 * r, 0.98 * under, 1.8 * r), (0, 0.51 * under, 0), self.metal, 0.1 * r)]
        elif self.column == "cone":
            parts = [rod((0, 0, 0), (0, under, 0), ((0.5 + 0.4 * self.bulge) * reach, r), self.metal, 24)]
            return [*parts, disc(0.4 * width, 0.4 * width, under - 0.012, under, self.metal)]
        else:
            parts = [rod((0, 0, 0), (0, under, 0), 0.7 * r, self.metal, 14)]
            parts.append(disc(0.3 * width, 0.3 * width, under - 0.015, under, self.metal))
        return parts + self._foot(reach, r, under)

    def _foot(self, reach: float, r: float, under: float) -> list[Part]:
        low = 0.03 * under
        if self.foot == "disc":
            return [disc(reach, reach, 0, low, self.metal)]
        if self.foot == "dome":
            return [lathe([(0, 0), (reach, 0), (reach, 0.3 * low), (0.5 * reach, 1.5 * low), (r, 4 * low)], self.metal)]
        if self.foot == "plate":
            return [box((1.6 * reach, low, 1.6 * reach), (0, low / 2, 0), self.metal, 0.2 * low)]
        if self.foot == "cross":
            toe = bar((0, 0.04 * under, 0), (reach, 0.03 * under, 0), max(r, 0.025), 0.06 * under, self.metal, 0.8)
            return [ring(toe, 4, start=45.0 if self.shape == "rectangle" else 0.0)]
        hip = self.rise * under
        path = curve([(0.5 * r, hip), (0.45 * reach, 0.75 * hip), (0.8 * reach, 0.2 * hip), (reach, 0.02 * under)], 4)
        radii = np.linspace(max(0.8 * r, 0.016), max(0.4 * r, 0.01), len(path))
        claw = tube(np.insert(path, 2, 0.0, axis=1), radii, self.metal, 8)
        toes = self.toes if self.columns == 1 else 2
        return [ring(claw, toes, start=45.0 if toes == 4 else 0.0)]

    def _rods(self, width: float, under: float) -> list[Part]:
        """Rods or bent tubes from foot to top that come close to each other on the way."""
        head, foot, waist = 0.36 * width, self.spread * width / 2, (0.35 - 0.3 * self.bulge) * width / 2
        wire = 0.010 + 0.08 * self.thickness * width
        middle = 0.35 + self.rise
        if self.foot in ("disc", "plate"):  # bent
            path = curve([(foot, wire), (waist + 0.03, middle * under), (head, under)], 8)
        else:
            path = np.array([(foot, 0.0), (waist, middle * under), (waist, middle * under + 0.01), (head, under)])
        path = np.insert(path, 2, 0.0, axis=1)
        if self.foot in ("cross", "claws"):  # straight, crossing in the middle
            path = np.array([(foot, 0.0, -0.02 * width), (-head, under, 0.02 * width)])
            waist = 0.02 * width
        legs = ring(tube(path, wire, self.metal, 8), self.toes, start=45.0)
        hoop = ring(rod((0, 0, 0), (0, 1.5 * wire, 0), waist + 1.5 * wire, self.metal, 16), 1)
        level = middle * under if self.foot not in ("cross", "claws") else under * foot / (foot + head)
        return [legs, moved(hoop, y=level)]


PROGRAMS = {LeggedTable: 12, PedestalTable: 4, FrameTable: 5, Desk: 5, BlockTable: 2.5, PicnicTable: 0.8, GameTable: 1}
"""Programs of the class, each with its share."""
