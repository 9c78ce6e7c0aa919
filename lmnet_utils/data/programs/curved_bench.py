"""Programs of benches that are bent: along an arc or round a tree, or moulded in one piece."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import ArrayLike

from lmnet_utils.data.programs.parameters import METALS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    bar,
    box,
    extrusion,
    joined,
    loft,
    mirrored,
    moved,
    painted,
    sheet,
    turned,
)  # fmt: skip
from lmnet_utils.data.programs.seating import bent

Colour = tuple[float, float, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class CurvedBench(Program):
    """A bench that follows an arc, or runs round a tree: of stone, of slats or padded, with or without a back."""

    seat: str = one_of("slats", "solid", "cross slats", shares=(2, 2, 1))
    base: str = one_of("legs", "blocks", "wall", shares=(3, 2, 1.5))
    back: str = one_of("none", "slats", "board", shares=(4, 2, 1))
    inwards: bool = one_of(False, True)  # the back stands on the outer side, its sitters look to the arc's middle
    slats: int = one_of(3, 4, 5)
    sweep: float = uniform(50.0, 420.0)  # degrees of the arc; half as many below 240, a whole ring above
    radius: float = uniform(0.8, 2.2)  # metres, here and below: of the outer edge
    height: float = uniform(0.38, 0.5)
    depth: float = uniform(0.34, 0.5)
    thick: float = uniform(0.03, 0.12)
    rise: float = uniform(0.25, 0.5)  # of the back
    lean: float = uniform(0.0, 0.3)  # of the back, over its height
    leg: float = uniform(0.04, 0.10)
    fill: float = uniform(0.7, 0.95)  # share of the seat that slats cover
    inset: float = uniform(0.05, 0.2)  # of the base, of the depth
    wood: Colour = colour(*WOODS, "grey", "white", "beige", "green", "blue")
    frame: Colour = colour(*METALS, "grey", "beige")

    def parts(self) -> list[Part]:
        whole = self.sweep > 330.0
        sweep = 360.0 if whole else self.sweep if self.sweep > 240.0 else 0.5 * self.sweep + 20.0
        outer = min(self.radius, 1.3) if whole else self.radius
        inner = outer - self.depth
        top, low = self.height, self.height - self.thick
        if self.seat == "slats":
            edges = np.linspace(inner, outer, self.slats + 1)
            wide = self.fill * self.depth / self.slats
            parts = [
                _swept([(r, low), (r + wide, low), (r + wide, top), (r, top)], sweep, self.wood) for r in edges[:-1]
            ]
        elif self.seat == "solid":
            parts = [_swept([(inner, low), (outer, low), (outer, top), (inner, top)], sweep, self.wood)]
        else:
            count = int(np.radians(sweep) * outer / 0.13)
            slat = box(
                (self.depth, 0.4 * self.thick, self.fill * 0.11),
                (inner + self.depth / 2, top - 0.2 * self.thick, 0),
                self.wood,
            )
            parts = [turned(slat, "y", a) for a in (np.arange(count) + 0.5) * sweep / count - sweep / 2]
            parts.append(
                _swept(
                    [(r, low - 0.02) for r in (inner + 0.1, inner + 0.13)]
                    + [(inner + 0.13, top - 0.4 * self.thick), (inner + 0.1, top - 0.4 * self.thick)],
                    sweep,
                    self.frame,
                )
            )
        a, b = inner + self.inset * self.depth, outer - self.inset * self.depth
        if self.base == "wall":
            parts.append(_swept([(a, 0), (b, 0), (b, low), (a, low)], sweep, self.frame))
        else:
            count = max(2, round(np.radians(sweep) * outer / 0.9)) if not whole else 6
            if self.base == "blocks":
                stand = box((b - a, low, 2 * self.leg), ((a + b) / 2, low / 2, 0), self.frame)
            else:
                post = [
                    bar((r, 0, 0), (r, low, 0), self.leg, self.leg, self.frame)
                    for r in (a + self.leg / 2, b - self.leg / 2)
                ]
                stand = joined(*post, bar((a, low - 0.02, 0), (b, low - 0.02, 0), self.leg, 0.04, self.frame))
            ends = sweep / 2 - np.degrees(self.leg / inner) * 1.5
            places = np.arange(count) * 360.0 / count if whole else np.linspace(-ends, ends, count)
            parts += [turned(stand, "y", place) for place in places]
            if self.back != "none":
                foot, head = self._back(inner, outer)
                post = [bar((*foot, 0), (*head, 0), 0.04, 0.04, self.frame)]
                parts += [turned(post[0], "y", place) for place in places]
        if self.back != "none":
            parts += self._boards(inner, outer, sweep)
        parts = [moved(part, -outer) for part in parts] if not whole else parts
        return [turned(part, "y", 180.0) for part in parts] if self.inwards and not whole else parts

    def _back(self, inner: float, outer: float) -> tuple[np.ndarray, np.ndarray]:
        """Foot and head of the back, in the section: radius and height."""
        side = 1 if self.inwards and self.sweep <= 330.0 else -1
        foot = np.array([outer - 0.02 if side > 0 else inner + 0.02, self.height - self.thick])
        return foot, foot + np.array([side * self.lean * self.rise, self.rise + self.thick])

    def _boards(self, inner: float, outer: float, sweep: float) -> list[Part]:
        foot, head = self._back(inner, outer)
        count = self.slats - 1 if self.back == "slats" and self.base != "wall" else 1
        parts = []
        for i in range(count):
            low = 0.25 if self.base != "wall" else 0.0
            start, stop = low + (1 - low) * i / count, low + (1 - low) * (i + (0.8 if count > 1 else 1.0)) / count
            p, q = foot + (head - foot) * start, foot + (head - foot) * stop
            parts.append(_swept([p, p + (0.03, 0), q + (0.03, 0), q], sweep, self.wood))
        return parts


def _swept(rows: ArrayLike, sweep: float, paint: Colour) -> Part:
    """A section of rows (radius, height) carried through ``sweep`` degrees about y, symmetric about +x."""
    section = np.asarray(rows, np.float64)
    angles = np.radians(np.linspace(-sweep / 2, sweep / 2, max(9, int(sweep / 8))))
    points = [np.stack([section[:, 0] * np.cos(a), section[:, 1], section[:, 0] * np.sin(a)], axis=-1) for a in angles]
    return loft(np.array(points), paint, caps=sweep < 360.0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class MouldedBench(Program):
    """A bench in one piece, of bent board or cast stone: a ribbon that folds into foot, seat and back, a bridge, a block."""

    kind: str = one_of(
        "ribbon", "ribbon with back", "loop", "bridge", "block", "block with back", shares=(1, 2, 1.5, 3, 1.5, 2)
    )
    shelf: bool = one_of(False, True, shares=(2, 1))  # in a loop or under a bridge
    solid: bool = one_of(False, True, shares=(2, 1))  # walls at the ends of a ribbon or loop
    length: float = uniform(0.9, 2.4)  # metres, here and below
    height: float = uniform(0.36, 0.50)  # of the seat
    depth: float = uniform(0.32, 0.60)
    thick: float = uniform(0.02, 0.10)  # of the board
    rounding: float = uniform(0.0, 0.20)  # radius of the bends
    rise: float = uniform(0.28, 0.50)  # of the back above the seat
    lean: float = uniform(2.0, 25.0)  # degrees, of the back
    splay: float = uniform(-0.15, 0.25)  # how far foot or sides slant, of the height
    tilt: float = uniform(0.0, 0.04)  # drop of the seat to the back
    batter: float = uniform(0.0, 0.3)  # by how much a block narrows to the floor, of its depth
    wood: Colour = colour(*WOODS, "grey", "grey", "white", "beige", "black", "red", "blue")
    other: Colour = colour(*WOODS, "grey", "white", "dark grey")

    def parts(self) -> list[Part]:
        half, h, t = self.depth / 2, self.height, self.thick
        high, slant = h - t / 2, self.splay * h
        lean = np.radians(self.lean)
        back = (-half - self.rise * np.sin(lean), h + self.rise * np.cos(lean))
        if self.kind == "bridge":
            end = self.length / 2 - t / 2
            line = bent(
                np.array([(end + slant, 0), (end, high), (-end, high), (-end - slant, 0)]), self.rounding + 0.01, 6
            )
            parts = [painted(turned(_ribbon(line, t, self.depth), "y", 90), self.wood)]
            if self.shelf:
                parts.append(box((0.95 * self.depth, 0.02, 2 * end), (0, 0.35 * h, 0), self.other))
            return parts
        if self.kind.startswith("block"):
            foot = half * (1 - self.batter)
            outline = [
                (foot, 0),
                (half, h - self.rounding * 0.2),
                (half - self.rounding * 0.2, h),
                (-half, h - self.tilt),
                (-foot, 0),
            ]
            if self.kind == "block with back":
                wide = 0.08 + t
                outline[3:] = [
                    (-half, h - self.tilt),
                    back,
                    (back[0] - 0.7 * wide, back[1]),
                    (-half - wide, h - 0.1),
                    (-foot - wide, 0),
                ]
            count = round(self.length / 0.12)
            board = box((self.depth + 0.03, 0.03, 0.8 * self.length / count), (0.01, h + 0.005, 0), self.other)
            boards = [(0, 0, ((i + 0.5) / count - 0.5) * self.length) for i in range(count)]
            block = extrusion(outline, self.length, self.wood)
            return [block, array(board, boards)] if self.kind == "block" or self.shelf else [block]
        foot = t / 2
        if self.kind == "loop":
            ring = [(0, foot), (half + slant, foot), (half, high), (-half, high), (-half - slant, foot), (0, foot)]
            line = bent(np.array(ring), 0.3 * self.rounding + 0.01)
        elif self.kind == "ribbon":
            line = bent(
                np.array([(half + slant, foot), (-half, foot), (-half, high), (half, high)]), self.rounding + 0.01
            )
        else:
            turns = [(-0.8 * half, foot), (half + slant, foot), (half, high), (-half, high - self.tilt), back]
            line = bent(np.array(turns), self.rounding + 0.01)
        parts = [painted(_ribbon(line, t, self.length), self.wood)]
        wall = box((0.9 * self.depth, h - 2 * t, 0.02), (0, h / 2, self.length / 2 - 0.1), self.other)
        if self.solid:
            parts.append(mirrored(wall))
        if self.shelf and self.kind == "loop":
            parts.append(box((self.depth, 0.02, self.length), (0, 0.5 * h, 0), self.other))
        return parts


def _ribbon(line: np.ndarray, thickness: float, length: float) -> Part:
    """A board along a line of rows (x, y), ``length`` wide along z."""
    z = np.linspace(-length / 2, length / 2, 3)
    grid = np.stack([np.broadcast_to(row[:, None], (len(line), 3)) for row in line.T], axis=-1)
    return sheet(np.concatenate([grid, np.broadcast_to(z, (len(line), 3))[..., None]], axis=-1), thickness)
