"""Programs of cabinets: cases with a grid of doors, drawers and niches, bookcases, walls of units, dressers, corner units."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from lmnet_utils.data.programs.parameters import METALS, PAINTS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part, arc, box, extrusion, lathe, loft, mirrored, moved, rod, tube, turned

RGB = tuple[float, float, float]
Rows = list[tuple[str, float]]
"""What fills a column from the bottom up: the kind of cell, and its share of the height."""
GLASS = (0.60, 0.72, 0.76)
DARK = (0.12, 0.12, 0.13)


# ------------------------------------------------------------------------------------------- surfaces seen from the front
def _rectangle(x: float, y: Sequence[float], z: Sequence[float], inset: float = 0.0) -> np.ndarray:
    """Four corners in a plane across x, counter-clockwise seen from the front."""
    a, b = y[0] + inset, max(y[1] - inset, y[0] + inset + 1e-3)
    c, d = z[0] + inset, max(z[1] - inset, z[0] + inset + 1e-3)
    return np.array([(x, a, c), (x, b, c), (x, b, d), (x, a, d)])


def _steps(loops: Sequence[np.ndarray], paints: Sequence[RGB]) -> Part:
    """A surface through rectangles, one within the next, closed by the last: each strip and the lid in its own colour.

    No side of it is hidden, so no point of a cloud is spent on one."""
    vertices = np.concatenate(loops)
    faces, colours = [], []
    for i in range(len(loops)):
        for k in range(4):
            if i + 1 < len(loops):
                a, b = 4 * i + k, 4 * i + (k + 1) % 4
                faces += [(a, b, b + 4), (a, b + 4, a + 4)]
                colours += [paints[i]] * 2
    last = 4 * (len(loops) - 1)
    faces += [(last, last + 1, last + 2), (last, last + 2, last + 3)]
    return Part(vertices, np.array(faces), np.array(colours + [paints[len(loops) - 1]] * 2))


def _board(low: Sequence[float], high: Sequence[float], paint: RGB) -> Part:
    a, b = np.asarray(low, np.float64), np.asarray(high, np.float64)
    return box(np.maximum(b - a, 1e-3), (a + b) / 2, paint)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cased(Program):
    """What all cases of cabinet-makers have in common: boards, fronts, handles, colours. Depth runs from x = 0 to the front."""

    handle: str = one_of("bar", "knob", "cup", "grip", "none", shares=(4, 3, 1, 1, 1.5))
    style: str = one_of("plain", "framed", "raised", shares=(3, 2, 1))
    hollow: bool = one_of(False, True, shares=(1, 1))
    hinge: int = one_of(1, -1)
    stuff: str = one_of("wood", "paint", "wood and paint", shares=(3, 2, 2))
    ajar: bool = one_of(False, True, shares=(14, 1))  # whether some doors and drawers stand open
    board: float = uniform(0.014, 0.035)  # metres thick, here and below in metres
    gap: float = uniform(0.003, 0.012)  # round doors and drawers
    front: float = uniform(0.004, 0.024)  # by which doors and drawers stand out
    frame: float = uniform(0.04, 0.09)  # width of a door's frame
    grip_length: float = uniform(0.07, 0.20)
    grip_reach: float = uniform(0.018, 0.040)
    opening: float = uniform(0.2, 1.0)  # how far they stand open
    grip_height: float = uniform(0.12, 0.88)  # where a door has its handle, of its height
    wood: RGB = colour(*WOODS, *WOODS, "brown")
    paint: RGB = colour(*PAINTS, "white", "white", "white")
    metal: RGB = colour(*METALS)

    def _paints(self) -> tuple[RGB, RGB]:
        """Of the case, of the fronts."""
        body = self.paint if self.stuff == "paint" else self.wood
        return body, self.wood if self.stuff == "wood" else self.paint

    def _case(self, low: Sequence[float], high: Sequence[float], columns: Sequence[tuple[float, Rows]]) -> list[Part]:
        """A case from corner to corner with columns, each with its share of the width and its rows."""
        body, _ = self._paints()
        x0, x1 = low[0], high[0]
        back, face = (
            _rectangle(x0, (low[1], high[1]), (low[2], high[2])),
            _rectangle(x1, (low[1], high[1]), (low[2], high[2])),
        )
        shell = _steps([face[::-1], back[::-1]], [body, body])
        parts = [shell]
        total = sum(share for share, _ in columns)
        z = low[2]
        for share, rows in columns:
            z_next = z + share / total * (high[2] - low[2])
            whole, y = sum(part for _, part in rows), low[1]
            for kind, part in rows:
                y_next = y + part / whole * (high[1] - low[1])
                parts += self._cell(kind, (x0, x1), (y, y_next), (z, z_next))
                y = y_next
            z = z_next
        return parts

    def _cell(self, kind: str, x: Sequence[float], y: Sequence[float], z: Sequence[float]) -> list[Part]:
        body, _ = self._paints()
        t = min(self.board / 2, 0.2 * (y[1] - y[0]), 0.2 * (z[1] - z[0]))
        inside = (0.85 * body[0], 0.85 * body[1], 0.85 * body[2])
        niche = [_rectangle(x[1], y, z, t), _rectangle(x[0] + self.board, y, z, t)]
        if kind == "open":
            return [_steps([_rectangle(x[1], y, z), *niche], [body, body, inside])]
        if kind == "pair" or (kind == "door" and z[1] - z[0] > 0.68):
            middle = (z[0] + z[1]) / 2
            return self._leaf("door", x, y, (z[0], middle), 1) + self._leaf("door", x, y, (middle, z[1]), -1)
        if self.ajar and kind in ("door", "drawer") and (3.1 * z[0] + 2.3 * y[0] + 7 * self.opening) % 1 < 0.5:
            return [_steps([_rectangle(x[1], y, z), *niche], [body, body, inside]), *self._opened(kind, x, y, z)]
        parts = self._leaf(kind, x, y, z, self.hinge)
        if self.hollow and kind != "glass":
            parts.append(_steps([niche[0] - np.array([1e-3, 0, 0]), niche[1]], [inside, inside]))
        return parts

    def _opened(self, kind: str, x: Sequence[float], y: Sequence[float], z: Sequence[float]) -> list[Part]:
        """A door that is turned about its hinge, or a drawer that is drawn out."""
        leaf = self._leaf(kind, x, y, z, self.hinge)
        if kind == "door":
            edge = z[0] if self.hinge > 0 else z[1]
            return [turned(part, "y", 100 * self.opening * self.hinge, (x[1], 0, edge)) for part in leaf]
        out, t = 0.6 * self.opening * (x[1] - x[0]), self.board
        rim, floor = y[0] + 0.75 * (y[1] - y[0]), y[0] + t
        z0, z1 = z[0] + t, z[1] - t
        tray = [_board((x[1], floor, a), (x[1] + out, rim, a + 0.01), self.wood) for a in (z0, z1 - 0.01)]
        tray.append(_board((x[1], floor, z0), (x[1] + out, floor + 0.01, z1), self.wood))
        return tray + [moved(part, out) for part in leaf]

    def _leaf(self, kind: str, x: Sequence[float], y: Sequence[float], z: Sequence[float], side: int) -> list[Part]:
        """A door, a drawer or the like over a cell; ``side`` says towards which end of z its handle is."""
        body, front = self._paints()
        x1, x2 = x[1], x[1] + self.front
        width, height = z[1] - z[0], y[1] - y[0]
        edge = self.gap / 2 + (self.board * 0.3 if self.style == "raised" else 0.0)
        loops = [_rectangle(x1, y, z), _rectangle(x1, y, z, edge), _rectangle(x2, y, z, edge)]
        paints = [body, front, front]
        rim = min(self.frame, 0.28 * min(width, height))
        if kind in ("glass", "oven") or (self.style != "plain" and min(width, height) > 0.13):
            deep = x2 - max(0.5 * self.front, 0.004) if self.style != "raised" else x2 - 0.004
            loops += [_rectangle(x2, y, z, edge + rim), _rectangle(deep, y, z, edge + rim)]
            paints = [body, front, front, front, {"glass": GLASS, "oven": DARK}.get(kind, front)]
            if self.style == "raised" and kind not in ("glass", "oven"):
                loops += [_rectangle(deep, y, z, edge + rim + 0.006), _rectangle(x2, y, z, edge + rim + 0.02)]
                paints += [front, front]
        parts = [_steps(loops, paints)]
        if kind == "blank" or self.handle == "none":
            return parts
        if kind in ("drawer", "oven"):
            at = (y[0] + height * (0.5 if height < 0.3 else 0.8), (z[0] + z[1]) / 2)
            places = [at] if width < 0.75 else [(at[0], z[0] + width * k) for k in (0.25, 0.75)]
        else:
            near = z[1] - rim * 0.5 - 0.01 if side > 0 else z[0] + rim * 0.5 + 0.01
            places = [(y[0] + height * self.grip_height, near)]
        return parts + [self._handle(kind in ("drawer", "oven"), x2, place, min(width, height)) for place in places]

    def _handle(self, level: bool, x: float, place: tuple[float, float], room: float) -> Part:
        y, z = place
        half, reach = min(self.grip_length / 2, 0.42 * room), self.grip_reach
        if self.handle == "bar":
            ends = [(0.0, -half), (reach, -half), (reach, half), (0.0, half)]
            path = [(x + r, y, z + s) if level else (x + r, y + s, z) for r, s in ends]
            return tube(path, 0.006, self.metal, 6)
        if self.handle == "knob":
            knob = lathe([(0.007, 0), (0.006, 0.5 * reach), (0.016, 0.7 * reach), (0, reach)], self.metal, 8, "x")
            return moved(knob, x, y, z)
        size = (reach * 0.7, 0.02, 2 * half) if level or self.handle == "cup" else (reach * 0.7, 2 * half, 0.02)
        return box(size, (x + size[0] / 2, y, z), self.metal, 0.005)


def _rows(fill: str, drawers: int, shelves: int, share: float) -> Rows:
    """The rows of a column, from the bottom up."""
    draw = [("drawer", 1.0)] * drawers
    graded = [("drawer", 1.3), *draw[1:]] if drawers > 2 else draw
    holes = [("open", 1.0)] * shelves

    def over(upper: Rows, lower: Rows) -> Rows:
        a, b = sum(part for _, part in lower), sum(part for _, part in upper)
        return [(k, (1 - share) * p / a) for k, p in lower] + [(k, share * p / b) for k, p in upper]

    return {
        "door": [("door", 1.0)],
        "doors": [("door", 1 - share), ("door", share)],
        "pair": [("pair", 1.0)],
        "drawers": graded,
        "open": holes,
        "glass": [("glass", 1.0)],
        "blank": [("blank", 1.0)],
        "drawer over door": [("door", 1 - 0.5 * share), ("drawer", 0.5 * share)],
        "door over drawers": over([("door", 1.0)], draw),
        "open over door": over(holes, [("door", 1.0)]),
        "open over drawers": over(holes, draw[:2]),
        "drawer over open": [*[(k, (1 - 0.6 * share) / shelves) for k, _ in holes], ("drawer", 0.6 * share)],
        "door over open": over([("door", 1.0)], holes),
        "glass over door": over([("glass", 1.0)], [("door", 1.0)]),
        "glass over drawers": over([("glass", 1.0)], draw),
        "oven": [("drawer", 0.5), ("oven", 0.9), ("door", 1.0)],
    }[fill]


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
        a, b = (_rows(fills[i % len(fills)], self.drawers, self.shelves, self.share) for i in (self.first, self.second))
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
                _board((0.01, 0, -half + 0.005), (depth - 0.05, low, half - 0.005), DARK if self.hinge > 0 else body)
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
            return [part for x, z in corners for part in (moved(wheel, x, low / 2, z), _board((x - 0.012, low / 2, z - 0.015), (x + 0.012, low, z + 0.015), self.metal))]  # fmt: skip
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
            sides = mirrored(_board((0, 0, half - self.board), (depth - self.board, low, half), body))
            return [front, sides]
        if base == "frame":
            bars = [(x, 0.0, z) for x, z in corners]
            legs = [_board((x - 0.012, 0, z - 0.012), (x + 0.012, low, z + 0.012), self.metal) for x, _, z in bars]
            return legs + [
                _board((x - 0.012, 0, t - half), (x + 0.012, 0.024, half - t), self.metal) for x in (t, depth - t)
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
        parts = [_board((0, y, -half - out), (depth + out + self.front, y + thick, half + out), paint)]
        top = y + thick
        if kind == "upstand":
            parts.append(_board((0, top, -half - out), (0.02, top + 0.09, half + out), paint))
        elif kind == "gallery":
            high = 0.10 + self.ledge
            parts.append(_board((0, top, -half - out), (0.02, top + high, half + out), paint))
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
class Bookcase(Program):
    """Open shelves of thin boards: bookcases, cube shelves, staggered and ladder shelves, metal racks."""

    layout: str = one_of("grid", "cubes", "staggered", "ladder", "rack", "spread", shares=(4, 3, 2, 1, 2, 1))
    columns: int = one_of(1, 2, 3, 4, 5, shares=(4, 3, 2, 1, 0.5))
    rows: int = one_of(2, 3, 4, 5, 6, 7, shares=(1, 2, 3, 3, 2, 1))
    back: str = one_of("full", "none", "cross", shares=(3, 2, 0.3))
    foot: str = one_of("floor", "plinth", "legs", shares=(2, 2, 1))
    filling: str = one_of("none", "doors", "boxes", "books", "low doors", shares=(6, 1, 1, 1, 1.5))
    cell_width: float = uniform(0.28, 0.90)  # metres, here and below
    cell_height: float = uniform(0.24, 0.42)
    depth: float = uniform(0.20, 0.48)
    board: float = uniform(0.014, 0.045)  # thickness of the boards
    outer: float = uniform(1.0, 1.8)  # thickness of the outer boards, of the others'
    lift: float = uniform(0.04, 0.15)  # height of plinth or legs
    grade: float = uniform(0.0, 0.12)  # by how much each row is lower than the one beneath, of its height
    shift: float = uniform(0.2, 0.8)  # of uprights of staggered shelves, of a cell's width
    pattern: float = uniform(0.0, 1.0)  # which of the cells are filled
    taper: float = uniform(0.2, 0.6)  # loss of depth of a ladder shelf to its top
    wood: RGB = colour(*WOODS, "white", "white", "black", "grey")
    other: RGB = colour(*PAINTS, *WOODS)

    def parts(self) -> list[Part]:
        columns, rows = self.columns, self.rows
        across, thick = self.cell_width, self.board
        if self.layout == "cubes":
            across, thick = max(self.cell_height, 0.3), max(self.board, 0.02)
        if columns > 2:
            across = min(across, 0.55)
        low = 0.0 if self.foot == "floor" else self.lift
        half = columns * across / 2
        steps = self.cell_height * (1 - self.grade * (self.layout != "cubes")) ** np.arange(rows)
        levels = low + np.concatenate([[0], np.cumsum(steps)])
        if self.layout == "rack":
            return self._rack(levels, half)
        outer = thick * self.outer
        depths = self.depth * (1 - (self.taper if self.layout == "ladder" else 0.0) * np.arange(rows + 1) / rows)
        parts = []
        for i, (y, d) in enumerate(zip(levels, depths, strict=True)):
            t = outer if i in (0, rows) else thick
            parts.append(_board((0, y - t / 2, -half), (d, y + t / 2, half), self.wood))
        parts += self._uprights(levels, depths, half, across)
        if self.back == "full" and self.layout != "ladder":
            parts.append(_board((-0.006, levels[0], -half), (0.002, levels[-1], half), self.wood))
        elif self.back == "cross" and self.layout != "ladder":
            parts += [rod((0, levels[0], s * half), (0, levels[-1], -s * half), 0.006, self.other, 6) for s in (1, -1)]
        parts += self._filling(levels, depths, half, across)
        if self.foot == "plinth":
            parts.append(_board((0.01, 0, -half), (self.depth - 0.03, low, half), self.wood))
        elif self.foot == "legs":
            places = [(x, z) for x in (0.03, self.depth - 0.03) for z in (0.03 - half, half - 0.03)]
            parts += [rod((x, low, z), (x, 0, z), (0.022, 0.014), self.wood, 8) for x, z in places]
        return parts

    def _uprights(self, levels: np.ndarray, depths: np.ndarray, half: float, across: float) -> list[Part]:
        t, o = self.board, self.board * self.outer
        y0, y1 = levels[0] - o / 2, levels[-1] + o / 2
        if self.layout == "ladder":
            d0, d1 = depths[0], depths[-1]
            side = extrusion([(0, y0), (d0, y0), (d1, y1), (0, y1)], t, self.wood, centre=half)
            return [mirrored(side)]
        parts = []
        if self.layout != "spread":
            parts.append(mirrored(_board((0, y0, half - o / 2), (self.depth, y1, half + o / 2), self.wood)))
        for row, (a, b) in enumerate(zip(levels, levels[1:], strict=False)):
            places = -half + across * np.arange(1, self.columns)
            if self.layout in ("staggered", "spread"):
                move = self.shift * across * (1 if row % 2 else -1) / 2
                places = np.clip(places + move, -half + 0.05, half - 0.05)
                if self.layout == "spread" or self.columns == 1:
                    places = np.append(places, (0.1 + 0.5 * self.shift) * (half if row % 2 else -half))
            if self.layout == "spread":
                places = np.append(places, 0.9 * (-half if row % 2 else half))
            parts += [_board((0.002, a, z - t / 2), (self.depth - 0.004, b, z + t / 2), self.wood) for z in places]
        return parts

    def _rack(self, levels: np.ndarray, half: float) -> list[Part]:
        """A rack: posts, and shelves with a rim."""
        half, d = max(half, 0.35) if self.columns < 3 else 0.9, self.depth * 1.2
        post = 0.016 + 0.4 * self.board
        top = levels[-1] + 0.06
        parts = [
            _board((x, 0, z - post / 2), (x + post, top, z + post / 2), self.other)
            for x in (0, d - post)
            for z in (-half, half)
        ]
        rim = 0.03 + self.board
        for y in levels[(0 if levels[0] > 0.02 else 1) :]:
            parts.append(_board((0.004, y - self.board, -half), (d - 0.004, y, half), self.wood))
            parts += [_board((x, y - rim, -half), (x + 0.01, y + 0.004, half), self.other) for x in (0, d - 0.01)]
        if levels[0] <= 0.02:
            parts.append(_board((0.004, 0.08, -half), (d - 0.004, 0.08 + self.board, half), self.wood))
        if self.back == "cross":
            parts += [rod((0, 0.1, s * half), (0, top - 0.1, -s * half), 0.006, self.other, 6) for s in (1, -1)]
        return parts

    def _filling(self, levels: np.ndarray, depths: np.ndarray, half: float, across: float) -> list[Part]:
        """Doors, boxes or rows of books in some cells."""
        if self.filling == "none" or self.layout not in ("grid", "cubes"):
            return []
        parts: list[Part] = []
        m = self.board / 2
        for row, (a, b) in enumerate(zip(levels, levels[1:], strict=False)):
            for column in range(self.columns):
                chance = (0.618 * column + 0.382 * row + 0.17 * row * column + 3.7 * self.pattern) % 1.0
                z0, z1 = -half + column * across + m, -half + (column + 1) * across - m
                if (self.filling == "low doors" and row > 1) or (self.filling != "low doors" and chance > 0.35):
                    continue
                if self.filling == "books":
                    z = z0
                    for k in range(6):
                        wide = (0.05 + 0.05 * ((chance * 17 + k * 0.37) % 1.0)) * min(across, 0.5)
                        high = (b - a) * (0.6 + 0.3 * ((chance * 11 + k * 0.61) % 1.0))
                        tint = tuple(np.roll(self.other, k).tolist())
                        parts.append(_board((0.02, a + m, z), (self.depth * 0.75, a + high, z + wide), tint))
                        z += wide
                    continue
                back = self.depth - 0.02 if self.filling != "boxes" else 0.04
                parts.append(
                    _board((back, a + m, z0), (self.depth - 0.006, b - m - 0.01 - 0.02 * (back < 0.1), z1), self.other)
                )
                parts.append(box((0.02, 0.02, 0.06), (self.depth, (a + b) / 2, (z0 + z1) / 2), DARK))
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
        lower, upper = _rows(self.lower, 3, 1, 0.45), _rows(self.upper, 2, self.shelves, 0.6)
        build = {"dresser": self._above, "two rows": self._above, "steps": self._stairs}.get(self.plan, self._beside)
        parts, (z0, z1), top = build(lower, upper, d2)
        ends = [(float(part.vertices[:, 2].min()), float(part.vertices[:, 2].max())) for part in parts]
        whole = (min(a for a, _ in ends), max(b for _, b in ends))
        if low > 0.02:
            parts.append(_board((0.01, 0, whole[0] + 0.02), (min(d, d2) - 0.03, low, whole[1] - 0.02), body))
            parts.append(_board((0.01, 0, 0.02 - half), (d - 0.03, low, half - 0.02), body))
        if self.top != "flush":
            out, thick = (0.015, t) if self.top == "board" else (0.05, 2 * t)
            parts.append(_board((0, top, z0 - out), (d2 + out, top + thick, z1 + out), body))
        return [moved(part, y=-low) for part in parts] if low <= 0.02 else parts

    def _above(self, lower: Rows, upper: Rows, shallow: float) -> tuple[list[Part], tuple[float, float], float]:
        """A shallower case above another, with a worktop and perhaps a gap between; where it ends, and its top."""
        body, _ = self._paints()
        d, half, n, t = self.depth, self.span / 2, self.columns, self.board
        hutch = self.plan == "dresser"
        y = self.lift + self.height * (1.0 if hutch else 0.65)
        parts = self._case((0, self.lift, -half), (d, y, half), [(1.0, lower)] * n)
        parts.append(_board((0, y, -half - 0.015), (d + 0.02, y + t, half + 0.015), body))
        clear = self.clear if hutch else 0.4 + self.clear
        y += t
        if clear > 0.12:
            parts.append(_board((0, y, -half), (0.02, y + clear, half), body))
            if hutch:
                parts.append(mirrored(_board((0.02, y, half - t), (shallow, y + clear, half), body)))
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
        middle = _rows("open over drawers" if self.lower == "drawers" else "open", 1, 1, 0.55)
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
            parts.append(_board((0, bench, -half), (0.015, y, half), body))
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
                _board((0, split, 0), (t, top, s), body),
                _board((t, split, 0), (s if self.plan != "end" else d, top, t), body),
            ]
            if self.plan == "wings":  # a door across the corner, open shelves on either side of it
                parts += self._doors(np.array(outline), split, top, front)
            if self.plan in ("five sides", "L"):
                parts += [_board((s - t, split, t), (s, top, d), body), _board((t, split, s - t), (d, top, s), body)]
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
