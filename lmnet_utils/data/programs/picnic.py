"""Programs of picnic tables, which are tables and benches in one piece."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.boards import Colour, disc
from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part, array, bar, box, joined, loft, mirrored, moved, ring, rod, turned


@dataclasses.dataclass(frozen=True, kw_only=True)
class PicnicTable(Program):
    """A table with its benches in one piece: slatted boards on A-frames, or a round top with seats about it."""

    plan: str = one_of("long", "round", shares=(4, 1))
    frames: str = one_of("A", "X", "post", shares=(4, 1, 1))
    count: int = one_of(2, 3)  # frames of a long table
    seats: int = one_of(3, 4)  # about a round table
    brace: str = one_of("none", "diagonal", "rail")
    boards: int = one_of(4, 5, 6)
    length: float = uniform(1.0, 2.4)  # metres, here and below
    width: float = uniform(0.62, 0.85)  # of the top
    height: float = uniform(0.68, 0.80)
    seat: float = uniform(0.54, 0.64)  # height of the seat, of the table's
    reach: float = uniform(1.35, 1.75)  # outer edges of the benches
    bench: float = uniform(0.22, 0.32)  # width of a seat
    gap: float = uniform(0.04, 0.25)  # between boards, of a board
    thick: float = uniform(0.03, 0.055)  # of the boards
    overhang: float = uniform(0.08, 0.2)  # from end to frame, of the length
    wood: Colour = colour("oak", "oak", "birch", "brown", "walnut", "green", "grey")
    frame: Colour = colour("oak", "brown", "walnut", "dark grey", "steel", "green")

    def parts(self) -> list[Part]:
        thick, seat = self.thick, self.seat * self.height
        half = self.reach / 2
        if self.plan == "round":
            return self._round(half, seat)
        parts = [moved(self._planks(self.width, self.boards), y=self.height)]
        bench = moved(self._planks(self.bench, 2 if self.bench < 0.29 else 3), half - self.bench / 2, seat)
        parts.append(mirrored(bench, "x"))
        t = 1.6 * thick
        head, beam = self.height - thick - t / 2, seat - thick - t / 2
        narrow, wide = 0.36 * self.width, half - 0.55 * self.bench
        if self.frames == "post":
            lines = [((-0.2, t / 2), (0.2, t / 2)), ((0, 0), (0, head))]
            lines += [((side * wide, 0), (side * wide, beam)) for side in (-1, 1)]
        else:
            cross = narrow if self.frames == "A" else -narrow
            lines = [((side * wide * 0.85, 0), (side * cross, head)) for side in (-1, 1)]
        lines += [((-0.46 * self.width, head), (0.46 * self.width, head)), ((-half + 0.02, beam), (half - 0.02, beam))]
        stand = joined([bar((*a, 0), (*b, 0), t, t, self.frame) for a, b in lines])
        end = self.length * (0.5 - self.overhang)
        places = np.linspace(-end, end, self.count if self.length > 1.7 else 2)
        parts.append(array(stand, [(0, 0, z) for z in places]))
        if self.brace == "diagonal":
            parts.append(mirrored(bar((0, beam, end), (0, head, 0.15 * end), t, 0.7 * t, self.frame)))
        elif self.brace == "rail":
            parts.append(bar((0, beam, -end), (0, beam, end), t, t, self.frame))
        return parts

    def _planks(self, width: float, count: int) -> Part:
        step = width / count
        plank = box(
            (step * (1 - self.gap), self.thick, self.length), (0, -self.thick / 2, 0), self.wood, 0.1 * self.thick
        )
        return array(plank, [((i - (count - 1) / 2) * step, 0, 0) for i in range(count)])

    def _round(self, half: float, seat: float) -> list[Part]:
        radius, t = 0.68 * self.width, 1.4 * self.thick
        half = max(half, radius + self.bench * 1.1)
        top = disc(radius, radius, self.height - self.thick, self.height, self.wood)
        sweep = 240 / self.seats
        rows = [(half - self.bench, -self.thick), (half, -self.thick), (half, 0), (half - self.bench, 0)]
        bench = turned(moved(_sector(np.array(rows), sweep, self.wood), y=seat), "y", 90)
        y = 0.4 * seat
        lines = [
            ((0.1, y), (half - 0.5 * self.bench, y)),
            ((half - 0.5 * self.bench, 0), (half - 0.5 * self.bench, seat - 0.01)),
        ]
        lines += [((0.5 * radius, 0.0), (0.5 * radius, self.height - self.thick))]
        arm = joined([bar((*a, 0), (*b, 0), t, t, self.frame) for a, b in lines], turned(bench, "y", -90))
        hub = rod((0, y - t, 0), (0, y + t, 0), 0.14, self.frame, 16)
        return [top, hub, ring(arm, self.seats)]


def _sector(rows: np.ndarray, sweep: float, paint: Colour) -> Part:
    """A section of rows (radius, height) carried through ``sweep`` degrees about y, symmetric about +x."""
    angles = np.radians(np.linspace(-sweep / 2, sweep / 2, 11))
    points = [np.stack([rows[:, 0] * np.cos(a), rows[:, 1], rows[:, 0] * np.sin(a)], axis=-1) for a in angles]
    return loft(np.array(points), paint)
