"""Cases of cabinets: boards, doors, drawers, niches and handles, seen from the front."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from lmnet_utils.data.programs.parameters import METALS, PAINTS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    box,
    lathe,
    moved,
    tube,
    turned,
)

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


def board_between(low: Sequence[float], high: Sequence[float], paint: RGB) -> Part:
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
        tray = [board_between((x[1], floor, a), (x[1] + out, rim, a + 0.01), self.wood) for a in (z0, z1 - 0.01)]
        tray.append(board_between((x[1], floor, z0), (x[1] + out, floor + 0.01, z1), self.wood))
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


def rows_of(fill: str, drawers: int, shelves: int, share: float) -> Rows:
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
