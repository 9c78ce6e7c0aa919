"""Programs of benches: park benches with a back, planks and slabs without (and those of ``settle``, ``curved_bench`` and ``picnic``)."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.curved_bench import CurvedBench, MouldedBench
from lmnet_utils.data.programs.parameters import METALS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    bar,
    box,
    curve,
    extrusion,
    joined,
    mirrored,
    moved,
    rod,
    scaled,
    sheet,
    tube,
    turned,
)  # fmt: skip
from lmnet_utils.data.programs.picnic import PicnicTable
from lmnet_utils.data.programs.seating import along, bent
from lmnet_utils.data.programs.settle import BeamBench, PaddedBench, Pew

Colour = tuple[float, float, float]


def _slats(path: np.ndarray, size: tuple[int, float, float, float], paint: Colour) -> Part:
    """Boards along z, side by side on a line of rows (x, y); ``size``: how many, share covered, thickness, length."""
    count, fill, thickness, length = size
    span = np.linalg.norm(np.diff(path, axis=0), axis=1).sum()
    edges = along(path, np.linspace(0, 1, 2 * count + 1))
    slat = box((fill * span / count, thickness, length), (0, 0, 0), paint, 0.15 * thickness)
    parts = []
    for i in range(count):
        (x, y), step = edges[2 * i + 1], edges[2 * i + 2] - edges[2 * i]
        parts.append(moved(turned(slat, "z", float(np.degrees(np.arctan2(-step[1], -step[0])))), x, y))
    return joined(parts)


def _lines(
    lines: list[tuple[tuple[float, float], tuple[float, float]]], width: float, depth: float, paint: Colour
) -> Part:
    """Straight bars in the plane z = 0, ``width`` thick in it and ``depth`` across."""
    parts = []
    for a, b in lines:
        upright = abs(b[1] - a[1]) > abs(b[0] - a[0])
        level = bar((*a, 0), (*b, 0), width if upright else depth, depth if upright else width, paint)
        parts.append(level)
    return joined(parts)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ParkBench(Program):
    """A bench with a back, of slats on ends of cast iron, wood, concrete, steel tube, or on columns."""

    ends: str = one_of("iron", "wood", "concrete", "tube", "column", shares=(3, 4, 1.5, 2, 1))
    profile: str = one_of("flat", "wave", shares=(3, 1))
    back: str = one_of("slats", "upright", "crosses", "board", shares=(6, 2, 0.7, 1))
    arms: bool = one_of(True, False, shares=(3, 2))
    double: bool = one_of(False, True, shares=(16, 1))  # two benches, back to back
    count: int = one_of(2, 3, shares=(3, 1))  # ends
    seat_slats: int = one_of(2, 3, 4, 5, 7, 9)
    back_slats: int = one_of(1, 2, 3, 4, 6, 8)
    length: float = uniform(1.1, 2.3)  # metres, here and below
    height: float = uniform(0.38, 0.48)  # of the seat
    depth: float = uniform(0.36, 0.56)  # of the seat
    rise: float = uniform(0.30, 0.58)  # of the back, along it
    lean: float = uniform(4.0, 26.0)  # degrees, of the back
    tilt: float = uniform(0.0, 8.0)  # degrees, of the seat
    fill: float = uniform(0.65, 0.95)  # share of seat and back that slats cover
    slat: float = uniform(0.018, 0.05)  # their thickness
    bar: float = uniform(0.035, 0.09)  # thickness of the ends' bars
    overhang: float = uniform(0.0, 0.14)  # of the slats past the ends, of the length
    gap: float = uniform(0.04, 0.18)  # between seat and back
    arm: float = uniform(0.18, 0.26)  # height of the arms above the seat
    rear: float = uniform(-0.05, 0.16)  # how far the back feet stand behind the seat
    wood: Colour = colour(*WOODS, "brown", "green", "white", "red", "grey")
    frame: Colour = colour("black", "dark grey", "steel", "green", "white", "oak", "brown", "walnut")

    def parts(self) -> list[Part]:
        parts = self._single()
        if not self.double:
            return parts
        shift = self.depth / 2 + max(self.rear, self.rise * np.sin(np.radians(self.lean))) + self.bar
        return [mirrored(moved(part, shift), "x") for part in parts]

    def _single(self) -> list[Part]:
        front, hinge, top = self._corners()
        upwards = (top - hinge) / self.rise
        low = hinge + self.gap * upwards
        paint = self.wood if self.ends == "wood" and self.arms else self.frame
        stand = self._end(paint)
        flush = self.ends == "wood" and self.back in ("upright", "crosses")
        margin = (0.5 * self.bar) if flush or self.ends == "tube" else self.overhang * self.length
        z = self.length / 2 - margin
        parts = [array(stand, [(0, 0, side) for side in np.linspace(-z, z, self.count if self.length > 1.5 else 2)])]
        size = (self.fill, self.slat, self.length)
        lift = np.array([0, self.slat / 2])
        if self.profile == "wave" and self.back == "slats":
            middle = hinge + 0.5 * (top - hinge) + (0.03, 0)
            path = curve(
                [
                    front - (0, 0.05),
                    front - (0.06, 0),
                    (front + hinge) / 2 - (0, 0.02),
                    hinge + (0.05, 0.03),
                    middle,
                    top,
                ],
                5,
            )
            return [*parts, _slats(path + lift, (self.seat_slats + self.back_slats + 4, *size), self.wood)]
        parts.append(_slats(np.array([front, hinge]) + lift, (self.seat_slats, *size), self.wood))
        ahead = np.array([upwards[1], -upwards[0]]) * (0.5 * self.bar * (0 if flush else 1) + self.slat / 2)
        if self.back in ("slats", "board"):
            count = self.back_slats if self.back == "slats" else 1
            return [*parts, _slats(np.array([top, low]) + ahead, (count, *size), self.wood)]
        inner = (*ahead, 0)
        a, b = np.array([*low, 0]) + inner, np.array([*top, 0]) + inner
        across = np.array([0, 0, self.length / 2])
        parts += [bar(p - across, p + across, 0.8 * self.bar, 0.8 * self.bar, self.wood) for p in (a, b)]
        if self.back == "upright":
            number = int(self.length / (0.07 + 0.012 * self.back_slats))
            places = np.linspace(-0.47, 0.47, number)
            return [
                *parts,
                array(
                    bar(a, b, 0.6 * self.slat, self.fill * 0.07, self.wood), [(0, 0, s * self.length) for s in places]
                ),
            ]
        bays = 2 if self.length < 1.6 else 3
        for i in range(bays):
            left, right = (np.array([0, 0, self.length * ((i + s) / bays - 0.5)]) for s in (0, 1))
            parts += [
                bar(a + left, b + right, self.slat, self.slat, self.wood),
                bar(a + right, b + left, self.slat, self.slat, self.wood),
            ]
            parts.append(bar(a + right, b + right, self.slat, self.slat, self.wood))
        return parts

    def _corners(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The side view: the seat's front edge, where seat and back meet, and the top of the back; x and y."""
        front = np.array([self.depth / 2, self.height])
        hinge = np.array([-self.depth / 2, self.height - self.depth * np.tan(np.radians(self.tilt))])
        lean = np.radians(self.lean)
        return front, hinge, hinge + self.rise * np.array([-np.sin(lean), np.cos(lean)])

    def _end(self, paint: Colour) -> Part:
        """An end in the plane z = 0: it bears seat and back, and has the arm."""
        front, hinge, top = self._corners()
        t, half = self.bar, self.depth / 2
        under = t / 2
        seat = ((front[0], front[1] - under), (hinge[0], hinge[1] - under))
        foot, arm = -half - self.rear, self.height + min(self.arm, 0.8 * self.rise)
        rest = hinge + (top - hinge) * (arm - hinge[1]) / (top[1] - hinge[1])
        stile = (tuple(hinge - (0, t)), tuple(top))
        if self.ends == "wood":
            x = half - t / 2
            lines = [seat, stile, ((foot, 0), tuple(hinge)), ((x, 0), (x, arm if self.arms else front[1] - 0.5 * t))]
            if self.arms:
                plank = bar((half + 0.03, arm, 0), (rest[0], arm, 0), 1.4 * t, 0.6 * t, paint)
                return joined(_lines(lines, t, t, paint), plank)
            return _lines(lines, t, t, paint)
        if self.ends == "concrete":
            b = 1.5 * t
            outline = [(half + 0.02, 0), (half, self.height - 2 * b), seat[0], seat[1], (top[0] + 0.4 * b, top[1])]
            outline += [
                (top[0] - 0.8 * b, top[1] + 0.2 * b),
                (hinge[0] - b, hinge[1]),
                (foot - 0.5 * b, 0),
                (foot + b, 0),
            ]
            outline += [
                (-0.4 * half, self.height - 2.2 * b - 0.05),
                (0.4 * half, self.height - 2.2 * b - 0.05),
                (half - b, 0),
            ]
            return extrusion(outline, 1.3 * t, paint)
        if self.ends == "column":
            lines = [seat, stile, ((0, 0), (0, self.height - t)), ((-0.6 * half, 0.02), (0.6 * half, 0.02))]
            return _lines(lines, t, 1.2 * t, paint)
        return joined([tube(np.insert(line, 2, 0.0, axis=1), 0.4 * t, paint, 8) for line in self._curves(arm, rest)])

    def _curves(self, arm: float, rest: np.ndarray) -> list[np.ndarray]:
        """The lines of an end of tube or cast iron; ``rest`` is where the arm, ``arm`` high, meets the back."""
        front, hinge, top = self._corners()
        half, under = self.depth / 2, self.bar / 2
        foot, ahead, behind = -half - self.rear, front - (0, under), hinge - (0, under)
        if self.ends == "tube":
            path = [(half, 0), (half, arm), (rest[0], arm)] if self.arms else [(half, 0), (half, ahead[1]), behind]
            return [
                bent(np.array(path), 0.08),
                bent(np.array([(foot, 0), hinge, top]), 0.08),
                np.array([ahead, behind]),
            ]
        knee = (0.5 * foot - 0.4 * half, 0.5 * self.height)
        lines = [curve(np.array([(half + 0.05, 0), (half - 0.05, 0.45 * self.height), ahead]), 5)]
        lines.append(curve(np.array([(foot - 0.04, 0), knee, behind, (hinge + top) / 2 - (0.01, 0), top]), 5))
        arch: list[tuple[float, float]] = [
            (half - 0.05, 0.4 * self.height),
            (0, 0.62 * self.height),
            (-0.8 * half, 0.42 * self.height),
        ]
        lines += [np.array([ahead, behind]), curve(arch, 4)]
        if self.arms:
            scroll = [(half - 0.06, arm - 0.03), (half + 0.02, arm - 0.01), (half, arm - 0.1), ahead]
            lines.append(curve(np.array([rest, (0, arm + 0.02), *scroll]), 5))
        return lines


@dataclasses.dataclass(frozen=True, kw_only=True)
class PlankBench(Program):
    """A bench without a back: a plank, slats, a saddle or a slab of stone, on legs, slabs, frames or blocks; some with hooks above."""

    seat: str = one_of("plank", "slats", "long slats", "slab", "saddle", shares=(4, 4, 1, 2, 1))
    leg_section: str = one_of("square", "round", shares=(2, 1))
    base: str = one_of(
        "legs", "slabs", "frames", "blocks", "trestles", "arms", "brackets", shares=(4, 3, 3, 2, 2, 1.5, 1)
    )
    below: str = one_of("none", "rail", "shelf", "apron", shares=(4, 2, 1, 2))
    above: str = one_of("none", "hooks", shares=(12, 1))
    count: int = one_of(2, 3, shares=(4, 1))  # supports
    slats: int = one_of(3, 4, 5, 7)
    length: float = uniform(0.85, 2.4)  # metres
    height: float = uniform(0.34, 0.52)
    depth: float = uniform(0.24, 0.55)  # at most 0.45 of the length
    thick: float = uniform(0.02, 0.06)  # of the seat; slabs are twice as thick
    leg: float = uniform(0.035, 0.10)  # thickness of legs and bars
    splay: float = uniform(-0.15, 0.22)  # by how much legs lean out, of the height; upright below 0
    overhang: float = uniform(0.0, 0.18)  # from the seat's end to the support, of the length
    stance: float = uniform(0.75, 1.0)  # width of the supports, of the seat's
    fill: float = uniform(0.65, 0.95)  # share of the seat that slats cover
    bow: float = uniform(0.02, 0.09)  # by how much a saddle sags, of its depth
    level: float = uniform(0.2, 0.5)  # of rail and shelf, of the height
    wood: Colour = colour(*WOODS, *WOODS, "white", "grey", "brown", "red", "green")
    frame: Colour = colour(*METALS, *WOODS, "grey", "green", "grey")

    def parts(self) -> list[Part]:
        length, depth = self.length, self._depth()
        thick = self.thick * (2.2 if self.seat == "slab" else 1.0)
        stone = self.seat == "slab"
        paint = self.frame if not (stone and self.base in ("slabs", "blocks", "brackets")) else self.wood
        under = self.height - thick
        if self.seat == "slats":
            line = np.array([(depth / 2, under + thick / 2), (-depth / 2, under + thick / 2)])
            parts = [_slats(line, (self.slats, self.fill, thick, length), self.wood)]
        elif self.seat == "long slats":  # from front to back
            number = int(length / (0.09 + 0.01 * self.slats))
            slat = box((depth, thick, self.fill * length / number), (0, under + thick / 2, 0), self.wood)
            parts = [array(slat, [(0, 0, ((i + 0.5) / number - 0.5) * length) for i in range(number)])]
            parts.append(
                mirrored(box((0.06 * depth, thick, length), (0.4 * depth, under - 0.4 * thick, 0), paint), "x")
            )
        elif self.seat == "saddle":
            across, along_z = np.meshgrid(np.linspace(-1, 1, 11), [-0.5, 0.0, 0.5], indexing="ij")
            rows = under + self.bow * depth * across**2 + thick / 2
            parts = [sheet(np.stack([-across * depth / 2, rows, along_z * length], axis=-1), thick, self.wood)]
        else:
            parts = [
                box((depth, thick, length), (0, under + thick / 2, 0), self.wood, (0.12 if stone else 0.2) * thick)
            ]
        inset = (0.03 + self.overhang) * length if self.base not in ("arms", "frames") else self.overhang * 0.5 * length
        z = length / 2 - inset - self.leg / 2
        stand = self._stand(under, paint)
        places = np.linspace(-z, z, self.count if length > 1.3 else 2)
        parts += [moved(stand if side >= 0 else scaled(stand, z=-1), z=side) for side in places]
        y = self.level * under
        if self.below == "rail" and self.base not in ("blocks", "arms"):
            parts.append(bar((0, y, -z), (0, y, z), 0.4 * self.leg, 1.0 * self.leg, paint))
        elif self.below == "shelf" and self.base in ("slabs", "frames"):
            parts.append(box((0.9 * self.stance * depth, 0.02, 2 * z), (0, y, 0), self.wood))
        elif self.below == "apron" and self.base in ("legs", "slabs", "frames"):
            x = (0.5 * self.stance - 0.1) * depth
            parts.append(mirrored(bar((x, under - 0.04, -z), (x, under - 0.04, z), 0.02, 0.08, paint), "x"))
        if self.above == "hooks":
            parts += self._hooks(z)
        return parts

    def _depth(self) -> float:
        return min(self.depth, 0.45 * self.length)

    def _stand(self, under: float, paint: Colour) -> Part:
        """A support in the plane z = 0; the bench's end is towards +z."""
        t, half = self.leg, self.stance * self._depth() / 2
        if self.base == "slabs":
            return box((2 * half, under, 0.4 * t + 0.015), (0, under / 2, 0), paint, 0.005)
        if self.base == "blocks":
            wide = min(0.3 * self.length, 2.5 * t)
            return box((1.8 * half, under, wide), (0, under / 2, 0), paint, 0.1 * t)
        if self.base == "brackets":  # stone: wide at foot and head
            side = [(half, 0), (half, 0.12 * under), (0.55 * half, 0.35 * under)]
            side += [(0.55 * half, 0.65 * under), (0.95 * half, 0.88 * under), (0.95 * half, under)]
            outline = np.array([*side, *[(-x, y) for x, y in side[::-1]]])
            return extrusion(outline, 1.5 * t, paint)
        if self.base == "arms":  # hoops that end as arms above the seat
            r, x = 0.35 * t + 0.006, self._depth() / 2 + 0.02
            hoop = bent(np.array([(x, 0), (x, self.height + 0.18), (-x, self.height + 0.18), (-x, 0)]), 0.14, 6)
            cross = rod((x, under - r, 0), (-x, under - r, 0), r, paint, 8)
            return joined(tube(np.insert(hoop, 2, 0.0, axis=1), r, paint, 10), cross)
        if self.base == "frames":
            lines = [((-half, 0.4 * t), (half, 0.4 * t)), ((-half, under - 0.3 * t), (half, under - 0.3 * t))]
            lines += [((s * (half - 0.4 * t), 0), (s * (half - 0.4 * t), under)) for s in (-1, 1)]
            return _lines(lines, 0.8 * t, 0.8 * t, paint)
        if self.base == "trestles":
            near = 0.35 * half if self.splay > 0.05 else -0.9 * half
            lines = [((s * half, 0), (s * near, under - 0.3 * t)) for s in (-1, 1)]
            lines.append(((-half, under - 0.3 * t), (half, under - 0.3 * t)))
            return _lines(lines, 0.8 * t, 0.7 * t, paint)
        out = max(self.splay, 0.0) * under
        x, taper = half - 0.5 * t, 0.6 if self.fill > 0.8 else 1.0
        if self.leg_section == "round":
            leg = rod((x, under, 0), (x + 0.5 * out, 0, out), (0.45 * t, 0.45 * t * taper), paint, 12)
        else:
            leg = bar((x, under, 0), (x + 0.5 * out, 0, out), t, t, paint, taper)
        return mirrored(leg, "x")

    def _hooks(self, z: float) -> list[Part]:
        """Posts behind the bench with a board for hooks and a shelf, as in changing rooms."""
        x, high = -self._depth() / 2 - 0.02, 1.55 + 0.4 * self.fill
        post = bar((x, 0, z), (x, high, z), 0.04, 0.04, self.frame)
        board = box((0.02, 0.12, self.length), (x + 0.03, high - 0.15, 0), self.wood)
        shelf = box((0.28, 0.02, self.length), (x + 0.12, high, 0), self.wood)
        hook = curve([(x + 0.04, high - 0.13), (x + 0.1, high - 0.16), (x + 0.11, high - 0.1)], 3)
        hooks = tube(np.insert(hook, 2, 0.0, axis=1), 0.008, self.frame, 6)
        number = max(int(self.length / 0.2), 3)
        return [
            mirrored(post),
            board,
            shelf,
            array(hooks, [(0, 0, s * self.length) for s in np.linspace(-0.45, 0.45, number)]),
        ]


PROGRAMS = {
    ParkBench: 9,
    PlankBench: 8,
    Pew: 2,
    PaddedBench: 4,
    CurvedBench: 2,
    MouldedBench: 1.2,
    BeamBench: 1.5,
    PicnicTable: 2,
}
"""Programs of the class, each with its share."""
