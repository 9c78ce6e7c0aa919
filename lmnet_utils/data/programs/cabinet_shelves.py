"""Programs of open shelves: bookcases, cubes, ladders, racks."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.cabinet_case import DARK, RGB, board_between
from lmnet_utils.data.programs.parameters import PAINTS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    box,
    extrusion,
    mirrored,
    rod,
)


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
            parts.append(board_between((0, y - t / 2, -half), (d, y + t / 2, half), self.wood))
        parts += self._uprights(levels, depths, half, across)
        if self.back == "full" and self.layout != "ladder":
            parts.append(board_between((-0.006, levels[0], -half), (0.002, levels[-1], half), self.wood))
        elif self.back == "cross" and self.layout != "ladder":
            parts += [rod((0, levels[0], s * half), (0, levels[-1], -s * half), 0.006, self.other, 6) for s in (1, -1)]
        parts += self._filling(levels, depths, half, across)
        if self.foot == "plinth":
            parts.append(board_between((0.01, 0, -half), (self.depth - 0.03, low, half), self.wood))
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
            parts.append(mirrored(board_between((0, y0, half - o / 2), (self.depth, y1, half + o / 2), self.wood)))
        for row, (a, b) in enumerate(zip(levels, levels[1:], strict=False)):
            places = -half + across * np.arange(1, self.columns)
            if self.layout in ("staggered", "spread"):
                move = self.shift * across * (1 if row % 2 else -1) / 2
                places = np.clip(places + move, -half + 0.05, half - 0.05)
                if self.layout == "spread" or self.columns == 1:
                    places = np.append(places, (0.1 + 0.5 * self.shift) * (half if row % 2 else -half))
            if self.layout == "spread":
                places = np.append(places, 0.9 * (-half if row % 2 else half))
            parts += [
                board_between((0.002, a, z - t / 2), (self.depth - 0.004, b, z + t / 2), self.wood) for z in places
            ]
        return parts

    def _rack(self, levels: np.ndarray, half: float) -> list[Part]:
        """A rack: posts, and shelves with a rim."""
        half, d = max(half, 0.35) if self.columns < 3 else 0.9, self.depth * 1.2
        post = 0.016 + 0.4 * self.board
        top = levels[-1] + 0.06
        parts = [
            board_between((x, 0, z - post / 2), (x + post, top, z + post / 2), self.other)
            for x in (0, d - post)
            for z in (-half, half)
        ]
        rim = 0.03 + self.board
        for y in levels[(0 if levels[0] > 0.02 else 1) :]:
            parts.append(board_between((0.004, y - self.board, -half), (d - 0.004, y, half), self.wood))
            parts += [
                board_between((x, y - rim, -half), (x + 0.01, y + 0.004, half), self.other) for x in (0, d - 0.01)
            ]
        if levels[0] <= 0.02:
            parts.append(board_between((0.004, 0.08, -half), (d - 0.004, 0.08 + self.board, half), self.wood))
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
                        parts.append(board_between((0.02, a + m, z), (self.depth * 0.75, a + high, z + wide), tint))
                        z += wide
                    continue
                back = self.depth - 0.02 if self.filling != "boxes" else 0.04
                parts.append(
                    board_between(
                        (back, a + m, z0), (self.depth - 0.006, b - m - 0.01 - 0.02 * (back < 0.1), z1), self.other
                    )
                )
                parts.append(box((0.02, 0.02, 0.06), (self.depth, (a + b) / 2, (z0 + z1) / 2), DARK))
        return parts
