"""Programs of cabinets: cases with a grid of doors, drawers and niches, walls of units, dressers, corner units."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from lmnet_utils.data.programs.cabinet_case import DARK, RGB, Cased, Rows, board_between, rows_of
from lmnet_utils.data.programs.cabinet_shelves import Bookcase
from lmnet_utils.data.programs.parameters import colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    arc,
    extrusion,
    lathe,
    loft,
    mirrored,
    moved,
    rod,
    tube,
    turned,
)

KINDS: dict[str, tuple[Sequence[float], Sequence[float], Sequence[float], int, Sequence[str]]] = {
    "wardrobe": ((0.42, 0.95), (1.7, 2.3), (0.45, 0.66), 4, ("door", "door over drawers", "glass", "doors", "pair", "open over drawers")),
    "chest": ((0.38, 0.95), (0.55, 1.35), (0.36, 0.55), 3, ("drawers",)),
    "sideboard": ((0.38, 0.65), (0.60, 1.0), (0.36, 0.52), 4, ("door", "drawers", "drawer over door", "open over door", "glass", "pair")),
    "base unit": ((0.30, 0.80), (0.68, 0.88), (0.52, 0.66), 2, ("door", "drawers", "drawer over door", "pair", "door", "open")),
    "wall unit": ((0.28, 0.65), (0.32, 0.95), (0.28, 0.40), 3, ("door", "glass", "pair", "open", "door over open", "door")),
    "nightstand": ((0.36, 0.62), (0.38, 0.70), (0.32, 0.50), 1, ("drawers", "drawer over open", "open over drawers", "door", "drawer over door")),
    "television": ((0.42, 0.75), (0.28, 0.58), (0.36, 0.52), 4, ("open", "drawers", "door", "open over drawers", "glass", "open over door")),
    "larder": ((0.38, 0.64), (1.7, 2.25), (0.52, 0.64), 2, ("doors", "door over drawers", "oven", "door", "pair")),
    "files": ((0.38, 0.50), (0.60, 1.40), (0.45, 0.72), 2, ("drawers", "drawers", "door")),
    "locker": ((0.28, 0.42), (1.6, 1.95), (0.42, 0.55), 4, ("door", "doors")),
    "display": ((0.38, 0.60), (1.1, 2.0), (0.32, 0.46), 3, ("glass", "glass over door", "glass over drawers", "open over door")),
    "bathroom": ((0.28, 0.70), (0.50, 0.85), (0.34, 0.54), 2, ("door", "drawers", "drawer over door", "pair", "open over door")),
}  # fmt: skip
"""Of each kind: width of a column, height and depth in metres, most columns, and what fills a column."""


def _between(limits: Sequence[float], share: float) -> float:
    return limits[0] + share * (limits[1] - limits[0])


@dataclasses.dataclass(frozen=True, kw_only=True)
class GridCabinet(Cased):
    """One case with a grid of doors, drawers and niches: wardrobes, chests, sideboards, kitchen units, lockers, and so on."""

    kind: str = one_of(*KINDS, shares=(4, 3, 3, 5, 4, 4, 3, 2, 2, 1, 2, 2))
    columns: int = one_of(1, 2, 3, 4, shares=(3, 4, 2, 1))
    order: str = one_of("alike", "mirrored", "alternate", "first differs", shares=(3, 2, 1, 2))
    first: int = one_of(*range(6))  # what fills the first column, of the kind's choices
    second: int = one_of(*range(6))
    drawers: int = one_of(2, 3, 4, 5, 6, shares=(2, 3, 3, 1, 1))
    shelves: int = one_of(1, 2, 3, shares=(3, 2, 1))
    top: str = one_of(
        "flush", "overhang", "cornice", "pediment", "upstand", "gallery", "basin", shares=(4, 4, 1.5, 0.6, 1.2, 0.7, 1)
    )
    base: str = one_of(
        "none", "plinth", "legs", "feet", "castors", "brackets", "frame", shares=(4, 4, 3, 2, 0.7, 1.5, 1)
    )
    width: float = uniform(0.0, 1.0)  # within the kind's range, as the next two
    height: float = uniform(0.0, 1.0)
    depth: float = uniform(0.0, 1.0)
    share: float = uniform(0.25, 0.65)  # of the upper part of a divided column
    broad: float = uniform(0.7, 1.6)  # the second column's width over the first's
    lift: float = uniform(0.05, 0.22)  # legs' height, in metres
    leg: float = uniform(0.02, 0.06)  # legs' thickness, in metres
    ledge: float = uniform(0.0, 0.04)  # by which a top stands over, in metres
    worktop: float = uniform(0.015, 0.05)  # thickness of the top, in metres
    stone: RGB = colour("white", "grey", "beige", "oak", "dark grey", "birch")

    def parts(self) -> list[Part]:
        limits, heights, depths, most, fills = KINDS[self.kind]
        count = min(self.columns, most)
        width, height, depth = (
            _between(limits, self.width) * count,
            _between(heights, self.height),
            _between(depths, self.depth),
        )
        base = self.base
        if self.kind in ("wall unit", "larder", "base unit", "locker"):
            base = {"wall unit": "none"}.get(self.kind, "plinth" if base in ("castors", "brackets", "frame") else base)
        low = 0.0 if base == "none" else self.lift * (1.0 if base in ("legs", "frame") else 0.6)
        a, b = (
            rows_of(fills[i % len(fills)], self.drawers, self.shelves, self.share) for i in (self.first, self.second)
        )
        chosen = {
            "alike": [a] * count,
            "mirrored": [a, *[b] * (count - 2), a][:count],
            "alternate": [a, b, a, b][:count],
            "first differs": [a, b, b, b][:count],
        }[self.order]
        shares = [1.0 if rows is a else self.broad for rows in chosen]
        columns = list(zip(shares, chosen, strict=True))
        if self.hinge < 0:
            columns.reverse()
        size = (depth, height, width)
        parts = self._case((0, low, -width / 2), (depth, low + height, width / 2), columns)
        return parts + self._base(base, size, low) + self._top(size, low + height)

    def _base(self, base: str, size: tuple[float, float, float], low: float) -> list[Part]:
        body, _ = self._paints()
        depth, _, width = size
        half, t = width / 2, self.leg
        corners = [(x, z) for x in (t, depth - t) for z in (t - half, half - t)]
        if base == "plinth":
            return [
                board_between(
                    (0.01, 0, -half + 0.005), (depth - 0.05, low, half - 0.005), DARK if self.hinge > 0 else body
                )
            ]
        if base == "legs":
            splay = 0.15 * low if self.style == "plain" else 0.0
            return [
                rod(
                    (x, low, z),
                    (x + splay * np.sign(x - depth / 2), 0, z + splay * np.sign(z)),
                    (t / 2, t / 3),
                    body,
                    8,
                )
                for x, z in corners
            ]
        if base == "feet":
            foot = lathe([(0, 0), (t * 0.6, 0), (t * 0.9, low * 0.5), (t * 0.5, low)], body, 8)
            return [moved(foot, x, 0, z) for x, z in corners]
        if base == "castors":
            wheel = lathe([(0, -0.01), (low / 2, -0.01), (low / 2, 0.01), (0, 0.01)], DARK, 10, "z")
            return [part for x, z in corners for part in (moved(wheel, x, low / 2, z), board_between((x - 0.012, low / 2, z - 0.015), (x + 0.012, low, z + 0.015), self.metal))]  # fmt: skip
        if base == "brackets":
            r = min(0.5 * low, 0.15 * width)
            arch = [
                (-half, 0),
                (-half, low),
                (half, low),
                (half, 0),
                (half - 1.6 * t, 0),
                (half - 1.6 * t - r, low - 0.012),
            ]
            arch += [(-half + 1.6 * t + r, low - 0.012), (-half + 1.6 * t, 0)]
            front = extrusion([(y, z) for z, y in arch], self.board, body, "x", depth - self.board / 2)
            sides = mirrored(board_between((0, 0, half - self.board), (depth - self.board, low, half), body))
            return [front, sides]
        if base == "frame":
            bars = [(x, 0.0, z) for x, z in corners]
            legs = [
                board_between((x - 0.012, 0, z - 0.012), (x + 0.012, low, z + 0.012), self.metal) for x, _, z in bars
            ]
            return legs + [
                board_between((x - 0.012, 0, t - half), (x + 0.012, 0.024, half - t), self.metal)
                for x in (t, depth - t)
            ]
        return []

    def _top(self, size: tuple[float, float, float], y: float) -> list[Part]:
        body, _ = self._paints()
        depth, _, width = size
        half, out, thick = width / 2, self.ledge, self.worktop
        kind = self.top
        if kind in ("upstand", "basin", "gallery") and (y > 1.15 or self.kind in ("wall unit", "files", "television")):
            kind = "overhang"
        if kind == "flush":
            return []
        if kind == "pediment":
            rise = 0.08 + 2 * out
            z = np.linspace(-half, half, 15)
            crest = 0.03 + rise * np.cos(0.5 * np.pi * z / half) ** (2 if self.hinge > 0 else 1)
            outline = [*np.column_stack([y + crest, z]).tolist(), (y, half), (y, -half)]
            return [extrusion(outline, 0.025, body, "x", depth - 0.0125)]
        if kind == "cornice":
            rings = [(0.0, 0.0), (0.0, 0.02), (0.5, 0.03), (1.0, 0.06), (1.0, 0.075)]
            sections = [
                [(-0.001, y + h, -half - s * 0.05), (depth + s * 0.05, y + h, -half - s * 0.05),
                 (depth + s * 0.05, y + h, half + s * 0.05), (-0.001, y + h, half + s * 0.05)]
                for s, h in rings
            ]  # fmt: skip
            return [loft(sections, body)]
        paint = body if kind in ("gallery",) or self.stuff == "wood" else self.stone
        parts = [board_between((0, y, -half - out), (depth + out + self.front, y + thick, half + out), paint)]
        top = y + thick
        if kind == "upstand":
            parts.append(board_between((0, top, -half - out), (0.02, top + 0.09, half + out), paint))
        elif kind == "gallery":
            high = 0.10 + self.ledge
            parts.append(board_between((0, top, -half - out), (0.02, top + high, half + out), paint))
            line = [
                (0, top),
                (depth * 0.95, top),
                (depth * 0.8, top + 0.5 * high),
                (depth * 0.3, top + 0.7 * high),
                (0, top + high),
            ]
            parts.append(mirrored(extrusion(line, 0.018, paint, centre=half + out - 0.009)))
        elif kind == "basin":
            r = min(0.36 * depth, 0.42 * width)
            bowl = [
                (0.55 * r, 0),
                (0.9 * r, 0.06),
                (r, 0.13),
                (0.94 * r, 0.13),
                (0.8 * r, 0.06),
                (0.4 * r, 0.02),
                (0, 0.02),
            ]
            parts.append(moved(lathe(bowl, (0.9, 0.9, 0.9), 20), depth / 2 + 0.02, top))
            neck = [(0.05, top, 0), (0.05, top + 0.2, 0), (0.08, top + 0.23, 0), (depth * 0.32, top + 0.2, 0)]
            parts.append(tube(neck, 0.012, self.metal, 8))
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class UnitWall(Cased):
    """Several cases side by side and above each other: dressers (hutches), television walls, stepped rows."""

    plan: str = one_of("dresser", "bridge", "tower", "steps", "two rows", shares=(4, 2, 2, 1, 1))
    lower: str = one_of("door", "drawers", "drawer over door", "pair", "open over drawers")
    upper: str = one_of("open", "glass", "door", "open over door", "glass over drawers", shares=(4, 3, 1, 1, 1))
    columns: int = one_of(1, 2, 3, 4, shares=(1, 3, 3, 1))
    shelves: int = one_of(2, 3, 4)
    top: str = one_of("flush", "board", "cornice")
    span: float = uniform(0.85, 1.9)  # metres of the lower or middle case, here and below in metres
    height: float = uniform(0.70, 0.95)  # of a dresser's lower case
    bench: float = uniform(0.30, 0.55)  # height of a television's bench
    above: float = uniform(0.75, 1.25)  # height of the upper case
    depth: float = uniform(0.38, 0.55)
    shallow: float = uniform(0.50, 1.0)  # depth of upper cases, of the lower ones'
    tower: float = uniform(0.35, 0.65)  # width of towers
    tall: float = uniform(1.5, 2.2)  # height of towers
    lift: float = uniform(0.0, 0.12)  # of the plinth
    clear: float = uniform(0.0, 0.45)  # height between the lower and the upper case

    def parts(self) -> list[Part]:
        body, _ = self._paints()
        low, d, half, t = self.lift, self.depth, self.span / 2, self.board
        d2 = d if self.plan == "steps" else d * self.shallow
        lower, upper = rows_of(self.lower, 3, 1, 0.45), rows_of(self.upper, 2, self.shelves, 0.6)
        build = {"dresser": self._above, "two rows": self._above, "steps": self._stairs}.get(self.plan, self._beside)
        parts, (z0, z1), top = build(lower, upper, d2)
        ends = [(float(part.vertices[:, 2].min()), float(part.vertices[:, 2].max())) for part in parts]
        whole = (min(a for a, _ in ends), max(b for _, b in ends))
        if low > 0.02:
            parts.append(board_between((0.01, 0, whole[0] + 0.02), (min(d, d2) - 0.03, low, whole[1] - 0.02), body))
            parts.append(board_between((0.01, 0, 0.02 - half), (d - 0.03, low, half - 0.02), body))
        if self.top != "flush":
            out, thick = (0.015, t) if self.top == "board" else (0.05, 2 * t)
            parts.append(board_between((0, top, z0 - out), (d2 + out, top + thick, z1 + out), body))
        return [moved(part, y=-low) for part in parts] if low <= 0.02 else parts

    def _above(self, lower: Rows, upper: Rows, shallow: float) -> tuple[list[Part], tuple[float, float], float]:
        """A shallower case above another, with a worktop and perhaps a gap between; where it ends, and its top."""
        body, _ = self._paints()
        d, half, n, t = self.depth, self.span / 2, self.columns, self.board
        hutch = self.plan == "dresser"
        y = self.lift + self.height * (1.0 if hutch else 0.65)
        parts = self._case((0, self.lift, -half), (d, y, half), [(1.0, lower)] * n)
        parts.append(board_between((0, y, -half - 0.015), (d + 0.02, y + t, half + 0.015), body))
        clear = self.clear if hutch else 0.4 + self.clear
        y += t
        if clear > 0.12:
            parts.append(board_between((0, y, -half), (0.02, y + clear, half), body))
            if hutch:
                parts.append(mirrored(board_between((0.02, y, half - t), (shallow, y + clear, half), body)))
            y += clear
        top = y + self.above * (1.0 if hutch else 0.55)
        parts += self._case((0, y, -half), (shallow, top, half), [(1.0, upper)] * n)
        return parts, (-half, half), top

    def _stairs(self, lower: Rows, upper: Rows, deep: float) -> tuple[list[Part], tuple[float, float], float]:
        """Cases side by side, each higher than the one before."""
        parts: list[Part] = []
        count, w = self.columns + 1, self.tower
        y = self.lift
        for i in range(count):
            y = self.lift + self.tall * (0.45 + 0.55 * (i + 1) / count)
            z = i * w
            parts += self._case((0, self.lift, z), (deep, y, z + w), [(1.0, upper if i % 2 else lower)])
        parts = [moved(part, z=-count * w / 2) for part in parts]
        return parts, ((count / 2 - 1) * w, count / 2 * w), y

    def _beside(self, lower: Rows, upper: Rows, shallow: float) -> tuple[list[Part], tuple[float, float], float]:
        """A low bench for a television with a tower on one side, or on both and a bridge across."""
        body, _ = self._paints()
        half, n, low = self.span / 2, self.columns, self.lift
        bench, top = low + self.bench, low + self.tall
        middle = rows_of("open over drawers" if self.lower == "drawers" else "open", 1, 1, 0.55)
        parts = self._case((0, low, -half), (self.depth, bench, half), [(1.0, middle)] * n)
        far = half + self.tower
        for side in (-1, 1) if self.plan == "bridge" else (self.hinge,):
            z0, z1 = sorted((side * half, side * far))
            parts += self._case((0, low, z0), (shallow, top, z1), [(1.0, [*lower, *upper] if side > 0 else upper)])
        if self.plan == "tower":
            z0, z1 = sorted((self.hinge * half, self.hinge * far))
            return parts, (z0, z1), top
        y = top - 0.32 * self.above
        parts += self._case((0, y, -half), (shallow, top, half), [(1.0, [("open", 1.0)])] * max(1, n - 1))
        if self.shelves == 3:
            parts.append(board_between((0, bench, -half), (0.015, y, half), body))
        return parts, (-far, far), top


@dataclasses.dataclass(frozen=True, kw_only=True)
class CornerCabinet(Cased):
    """A unit for the corner of a room, or the rounded end of a row: five-sided, L-shaped, or a quarter round."""

    plan: str = one_of("five sides", "L", "wings", "quarter", "end", shares=(3, 2, 1, 2, 1))
    closed: str = one_of("doors", "open", "open over doors", shares=(3, 3, 2))
    facing: str = one_of("along", "across", shares=(1, 1))
    shelves: int = one_of(1, 2, 3, 4)
    top: str = one_of("flush", "worktop", shares=(2, 1))
    width: float = uniform(0.30, 1.0)  # metres along each wall, here and below in metres
    depth: float = uniform(0.40, 0.62)  # of the sides, of the width
    tall: float = uniform(0.0, 1.0)  # from a low to a high unit
    lift: float = uniform(0.0, 0.12)  # of the plinth
    share: float = uniform(0.3, 0.7)  # of the open upper part

    def parts(self) -> list[Part]:
        body, front = self._paints()
        s, d, t = self.width, self.width * self.depth, self.board
        m = d + 0.5 * (s - d)
        height = (0.6 + 0.3 * self.tall) if s > 0.55 else 0.5 + 1.4 * self.tall
        outline = {
            "five sides": [(0, 0), (s, 0), (s, d), (d, s), (0, s)],
            "L": [(0, 0), (s, 0), (s, d), (d, d), (d, s), (0, s)],
            "wings": [(0, 0), (s, 0), (s, d), (m, d), (d, m), (d, s), (0, s)],
            "quarter": [(0, 0), *(arc(s, 0, 90, 10)).tolist()],
            "end": [(0, 0), (d, 0), (s, s - d), (s, s), (0, s)],
        }[self.plan]
        plan = np.array(outline)[:, ::-1]  # as (z, x)
        low, top = self.lift, self.lift + height
        closed = "open" if self.plan == "quarter" and self.closed == "doors" else self.closed
        split = low if closed == "open" else top if closed == "doors" else top - self.share * height
        parts = []
        if split > low:
            parts.append(extrusion(plan, split - low, body, "y", (low + split) / 2))
            parts += self._doors(np.array(outline), low, split, front)
        if split < top:
            count = self.shelves + 2
            parts += [extrusion(plan, t, body, "y", y) for y in np.linspace(split + t / 2, top - t / 2, count)]
            parts += [
                board_between((0, split, 0), (t, top, s), body),
                board_between((t, split, 0), (s if self.plan != "end" else d, top, t), body),
            ]
            if self.plan == "wings":  # a door across the corner, open shelves on either side of it
                parts += self._doors(np.array(outline), split, top, front)
            if self.plan in ("five sides", "L"):
                parts += [
                    board_between((s - t, split, t), (s, top, d), body),
                    board_between((t, split, s - t), (d, top, s), body),
                ]
        if low > 0.03:
            parts.append(extrusion(0.9 * plan + 0.02, low, body if self.hinge > 0 else DARK, "y", low / 2))
        if self.top == "worktop":
            parts.append(extrusion(1.03 * plan, 0.035, self.paint, "y", top + 0.0175))
        parts = [moved(part, -s / 2, 0, -s / 2) for part in parts]
        return [turned(part, "y", 45) for part in parts] if self.facing == "across" else parts

    def _doors(self, outline: np.ndarray, y0: float, y1: float, paint: RGB) -> list[Part]:
        """A door before each slanted or inner side of the plan, whose corners run from x to z."""
        sides = {"five sides": [(2, 3)], "L": [(2, 3), (3, 4)], "wings": [(3, 4)], "end": [(1, 2)], "quarter": []}[
            self.plan
        ]
        parts = []
        for i, j in sides:
            a, b = outline[i], outline[j]
            length, middle = float(np.linalg.norm(b - a)), (a + b) / 2
            leaf = self._leaf(
                "door", (0, 0), (y0 + 0.01, y1 - 0.01), (-length / 2 + 0.01, length / 2 - 0.01), self.hinge
            )
            along = (b - a) / length  # (x, z); a leaf's own z must come to lie along it, its x outwards
            angle = np.degrees(np.arctan2(along[0], along[1]))
            outward = np.array([along[1], -along[0]])
            place = middle + 0.001 * outward
            parts += [moved(turned(part, "y", angle), place[0], 0, place[1]) for part in leaf]
        return parts


PROGRAMS = {GridCabinet: 8, Bookcase: 4, UnitWall: 1.8, CornerCabinet: 1.0}
"""Programs of the class, each with its share."""
