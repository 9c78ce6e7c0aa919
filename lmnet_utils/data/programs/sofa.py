"""Programs of sofas: upholstered ones, sectionals, ones with a frame; curved ones and shells are in sofa_curved."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import FABRICS, METALS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    bar,
    curve,
    cushion,
    joined,
    loft,
    mirrored,
    moved,
    rod,
    scaled,
    tube,
    turned,
)
from lmnet_utils.data.programs.sofa_curved import CurvedSofa, ShellSofa
from lmnet_utils.data.programs.sofa_parts import (
    RGB,
    armrest,
    backrest,
    block,
    cushions,
    leaning,
    legs_under,
    padding,
    thrown,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class UpholsteredSofa(Program):
    """A straight sofa, all upholstered: one to five seats, loveseats, reclining and convertible ones included."""

    seats: int = one_of(1, 2, 3, 4, 5, shares=(1, 6, 6, 1, 0.3))
    arms: str = one_of("track", "rolled", "sloped", "scooped", "pillow", "flared", "none", shares=(5, 4, 2, 2, 2, 1, 2))
    back: str = one_of(
        "cushions", "tight", "channels", "low cushions", "stacked", "grid", shares=(5, 3, 0.8, 1.5, 0.8, 0.8)
    )
    crest: str = one_of("flat", "camel", "arched", "humps", "dipped", shares=(5, 2, 2, 1, 1))
    seat: str = one_of("cushions", "bench", "halves", shares=(5, 2, 1))
    base: str = one_of("legs", "plinth", "skirt", shares=(5, 2, 1))
    leg: str = one_of("block", "taper", "round", "splayed", "runner", shares=(3, 3, 1, 1, 1))
    pillows: int = one_of(0, 1, 2, 3, 4, shares=(6, 1, 2, 1, 1))
    width: float = uniform(0.48, 0.80)  # metres of one seat, here and below in metres
    depth: float = uniform(0.78, 1.08)
    height: float = uniform(0.68, 1.02)  # of the back
    seat_height: float = uniform(0.36, 0.48)
    leg_height: float = uniform(0.03, 0.17)
    leg_width: float = uniform(0.04, 0.09)
    arm_width: float = uniform(0.08, 0.30)
    arm_height: float = uniform(0.10, 0.30)  # above the seat
    arm_slope: float = uniform(0.15, 0.45)  # fall of a sloping arm, of its height
    arm_length: float = uniform(0.85, 1.0)  # of the depth
    back_thickness: float = uniform(0.10, 0.24)
    back_cushion: float = uniform(0.12, 0.24)  # thickness
    lean: float = uniform(0.0, 14.0)  # degrees of the back
    rise: float = uniform(0.03, 0.16)  # of the crest's curve; of back cushions above the back
    seat_cushion: float = uniform(0.10, 0.22)  # thickness
    softness: float = uniform(0.08, 0.42)  # of the cushions
    fabric: RGB = colour(*FABRICS)
    accent: RGB = colour(*FABRICS)
    wood: RGB = colour(*WOODS, "black", "steel")

    def parts(self) -> list[Part]:
        inner = self.seats * self.width
        arm = 0.0 if self.arms == "none" else self.arm_width
        whole, low = inner + 2 * arm, self.leg_height if self.base == "legs" else 0.0
        deck = max(self.seat_height - self.seat_cushion, low + 0.06)
        top, thick = (
            self.height - 0.4 * (self.back == "low cushions") * (self.height - self.seat_height),
            self.back_thickness,
        )
        reach = self.depth * self.arm_length if self.arms in ("rolled", "pillow") else self.depth
        height = min(self.seat_height + self.arm_height, top - 0.03)
        if self.arms in ("sloped", "scooped"):
            height = top - 0.02
        parts = self._base(inner, whole, low, deck)
        if arm:
            side = armrest(self.arms, (reach, height - low, arm), self.arm_slope, self.fabric)
            parts.append(mirrored(moved(side, 0, low, inner / 2)))
        fill = 1.0 if self.seat == "halves" else float(self.seats)
        count = {"cushions": self.seats, "bench": 1, "halves": 2}[self.seat]
        front = self.depth + (0.02 if fill > 1 and arm else 0.0)
        half = inner / 2 - 0.004
        parts += cushions(
            (thick * 0.6, deck - 0.01, -half), (front, self.seat_height, half), self.fabric, count, self.softness * 0.75
        )
        return parts + self._back(inner, whole if self.arms in ("rolled", "pillow", "none") else inner, low, top)

    def _base(self, inner: float, whole: float, low: float, deck: float) -> list[Part]:
        apron = block((0.02, low, -inner / 2), (self.depth - 0.01, deck, inner / 2), self.fabric)
        if self.base == "legs":
            half = whole / 2 - 0.35 * self.arm_width * (self.arms in ("rolled", "pillow"))
            corners = (0.03, self.depth * 0.97, -half, half)
            return [apron, *legs_under(self.leg, corners, low, self.leg_width, self.wood)]
        if self.base == "skirt":
            rings = [[(-g, y, -whole / 2 - g), (self.depth + g, y, -whole / 2 - g), (self.depth + g, y, whole / 2 + g),
                      (-g, y, whole / 2 + g)] for y, g in ((0.015, 0.03), (min(0.2, deck * 0.8), 0.006))]  # fmt: skip
            return [apron, loft(rings, self.fabric)]
        return [apron]

    def _back(self, inner: float, span: float, low: float, top: float) -> list[Part]:
        thick, plump = self.back_thickness, self.back_cushion
        crest = (self.crest, self.rise) if self.back == "tight" else ("flat", 0.0)
        loose = self.back in ("cushions", "low cushions")
        above = min(self.rise, 0.10) if loose else 0.0
        frame = top - above if loose else top
        back = backrest(span * 0.999, frame - low, thick, crest, self.fabric)
        parts = [moved(back, y=low)]
        if self.back != "tight":
            count = self.seats if loose or self.back == "stacked" else 4 * self.seats
            y1 = top if loose else top - 0.01
            x1 = thick + (plump if loose or self.back == "stacked" else 0.07)
            half = inner / 2 - 0.004
            soft = {"channels": 0.4, "grid": 0.13}.get(self.back, self.softness)
            levels = np.linspace(self.seat_height - 0.03, y1, 3 if self.back in ("stacked", "grid") else 2)
            for y, above in zip(levels, levels[1:], strict=False):
                parts += cushions((thick * 0.7, y, -half), (x1, above, half), self.fabric, count, soft)
        parts = [leaning(part, self.lean, self.seat_height * 0.8) for part in parts]
        x = thick + (plump if loose else 0.0) + 0.10
        z = inner / 2 - 0.24
        places = [(x, self.seat_height, side * z * k) for side, k in ((1, 1), (-1, 1), (1, 0.45), (-1, 0.5))]
        return parts + thrown(places[: self.pillows], 0.34 + 0.1 * self.softness, self.lean, self.accent)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SectionalSofa(Program):
    """A sofa of several runs: with a chaise on one side, round a corner, U-shaped, or low and modular."""

    plan: str = one_of("chaise", "corner", "u", "double chaise", "ottoman", shares=(5, 4, 1.5, 0.7, 1))
    side: int = one_of(1, -1)
    seats: int = one_of(2, 3, 4, shares=(3, 3, 1))
    returns: int = one_of(1, 2, shares=(2, 1))
    arms: str = one_of("track", "pillow", "rolled", "none", shares=(5, 2, 1, 2))
    base: str = one_of("legs", "plinth", shares=(1, 1))
    leg: str = one_of("block", "taper", "runner")
    pillows: int = one_of(0, 1, 2, 3, shares=(4, 1, 2, 1))
    width: float = uniform(0.55, 0.90)  # metres of one seat, here and below in metres
    depth: float = uniform(0.82, 1.10)
    reach: float = uniform(0.50, 0.95)  # of a chaise or a return's seat, beyond the main run
    height: float = uniform(0.62, 0.92)  # of the back
    seat_height: float = uniform(0.34, 0.46)
    leg_height: float = uniform(0.03, 0.15)
    leg_width: float = uniform(0.04, 0.10)
    arm_width: float = uniform(0.10, 0.32)
    arm_height: float = uniform(0.08, 0.24)  # above the seat
    back_thickness: float = uniform(0.08, 0.22)
    back_cushion: float = uniform(0.12, 0.24)  # thickness
    rise: float = uniform(0.0, 0.14)  # of the back cushions above the back
    seat_cushion: float = uniform(0.10, 0.20)  # thickness
    softness: float = uniform(0.06, 0.40)
    fabric: RGB = colour(*FABRICS)
    frame: RGB = colour(*FABRICS)
    accent: RGB = colour(*FABRICS)
    two_tone: bool = one_of(False, True, shares=(4, 1))

    def parts(self) -> list[Part]:
        outer = self.frame if self.two_tone else self.fabric
        low = self.leg_height if self.base == "legs" else 0.0
        depth, deck = self.depth, max(self.seat_height - self.seat_cushion, low + 0.08)
        z1 = depth + self.seats * self.width  # the first run: z from 0 to here, its far end at z = 0
        far = z1 + (depth if self.plan in ("u", "double chaise") else 0.0)
        length = depth + self.reach * (self.returns if self.plan in ("corner", "u") else 1)
        runs = [(0.0, depth, 0.0, far)]
        if self.plan != "ottoman":
            runs.append((depth, length, 0.0, depth))
        else:
            runs.append((depth + 0.02, length, 0.0, depth * 1.1))
        if far > z1:
            runs.append((depth, length, z1, far))
        parts = [block((a, low, c), (b, deck, d), outer, 0.01) for a, b, c, d in runs]
        if self.base == "legs":
            for run in runs:
                parts += legs_under(
                    self.leg, run, low, self.leg_width, self.accent if self.two_tone else (0.2, 0.15, 0.12)
                )
        parts += self._seats(z1, far, length, deck)
        parts += self._backs(outer, z1, far, length, low)
        parts += self._arms(outer, far, length, low)
        x = self.back_thickness + self.back_cushion + 0.1
        places = [(x, self.seat_height, z) for z in (far * 0.88, far * 0.5, depth * 0.6)]
        parts += thrown(places[: self.pillows], 0.38, 3.0, self.accent)
        middle = far / 2
        return [scaled(moved(part, z=-middle), z=float(self.side)) for part in parts]

    def _seats(self, z1: float, far: float, length: float, deck: float) -> list[Part]:
        depth, top, x0 = self.depth, self.seat_height, self.back_thickness * 0.5
        soft = self.softness * 0.7
        parts = cushions((x0, deck - 0.01, depth), (depth, top, z1), self.fabric, self.seats, soft)
        ends = [(0.0, depth)] + ([(z1, far)] if far > z1 else [])
        for a, b in ends:
            if self.plan in ("corner", "u"):
                inside = (a + x0, b) if a == 0 else (a, b - x0)
                parts.append(padding((x0, deck - 0.01, inside[0]), (depth, top, inside[1]), self.fabric, soft))
                edges = np.linspace(depth, length, self.returns + 1)
                for c, d in zip(edges, edges[1:], strict=False):
                    parts.append(padding((c + 0.004, deck - 0.01, inside[0]), (d, top, inside[1]), self.fabric, soft))
            elif self.plan == "ottoman":
                parts.append(padding((x0, deck - 0.01, a), (depth, top, b), self.fabric, soft))
                parts.append(padding((depth + 0.02, deck - 0.01, a), (length, top, b * 1.1), self.fabric, soft))
            else:
                parts.append(padding((x0, deck - 0.01, a), (length, top, b), self.fabric, soft))
        return parts

    def _backs(self, outer: RGB, z1: float, far: float, length: float, low: float) -> list[Part]:
        thick, plump, y0 = self.back_thickness, self.back_cushion, self.seat_height - 0.02
        top, edge = self.height, self.height - self.rise
        parts = [block((0, low, 0), (thick, edge, far), outer, 0.02)]
        cornered = self.plan in ("corner", "u")
        parts += cushions((thick, y0, self.depth), (thick + plump, top, z1), self.fabric, self.seats, self.softness)
        for a, b, facing in ((0.0, self.depth, 1), (z1, far, -1)):
            if b <= a:
                continue
            wall = a if facing > 0 else b
            start = (thick + plump) if cornered else 0.0
            lo, hi = (a + start, b) if facing > 0 else (a, b - start)
            parts += cushions((thick, y0, lo), (thick + plump, top, hi), self.fabric, 1, self.softness)
            if cornered:
                zs = sorted((wall, wall + facing * thick))
                parts.append(block((thick, low, zs[0]), (length, edge, zs[1]), outer, 0.02))
                zs = sorted((wall + facing * thick, wall + facing * (thick + plump)))
                for c, d in zip(e := np.linspace(thick + plump, length, self.returns + 2), e[1:], strict=False):
                    parts.append(padding((c + 0.004, y0, zs[0]), (d - 0.004, top, zs[1]), self.fabric, self.softness))
        return parts

    def _arms(self, outer: RGB, far: float, length: float, low: float) -> list[Part]:
        if self.arms == "none":
            return []
        size = (self.depth, min(self.seat_height + self.arm_height, self.height) - low, self.arm_width)
        plain = armrest(self.arms, size, 0.3, outer)
        parts = []
        if self.plan in ("chaise", "corner", "ottoman"):
            parts.append(moved(plain, 0, low, far))
        if self.plan in ("corner", "u") and self.returns == 2:
            turned_arm = turned(plain, "y", 90)  # now it runs along -z and is thick along +x
            parts.append(moved(turned_arm, length, low, self.depth))
            if self.plan == "u":
                parts.append(moved(turned_arm, length, low, far))
        if self.plan in ("chaise", "double chaise", "ottoman"):
            other = scaled(plain, z=-1)
            parts.append(moved(other, 0, low, 0))
            if self.plan == "double chaise":
                parts.append(moved(plain, 0, low, far))
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class FramedSofa(Program):
    """A settee with a frame of wood or metal that is seen: cushions, slats, futons, day beds, garden benches."""

    seats: int = one_of(2, 3, shares=(3, 2))
    sides: str = one_of("posts", "loops", "panels", "slats", "none", "platform", shares=(4, 2, 2, 1, 1.5, 1))
    back: str = one_of("cushions", "slats", "rails", "panel", "bolsters", shares=(4, 2, 1, 2, 1))
    seat: str = one_of("cushions", "bench", "slats", shares=(4, 3, 1))
    metal: bool = one_of(False, True, shares=(2, 1))
    top: str = one_of("flat", "arched", shares=(3, 1))
    width: float = uniform(0.50, 0.75)  # metres of one seat, here and below in metres
    depth: float = uniform(0.62, 0.90)
    height: float = uniform(0.70, 1.00)
    seat_height: float = uniform(0.38, 0.46)
    cushion_height: float = uniform(0.07, 0.17)
    arm_height: float = uniform(0.16, 0.28)  # above the seat
    frame_width: float = uniform(0.03, 0.09)
    lean: float = uniform(3.0, 18.0)  # degrees of the back
    spread: float = uniform(0.0, 0.10)  # of the legs at the floor
    softness: float = uniform(0.08, 0.35)
    fabric: RGB = colour(*FABRICS)
    wood: RGB = colour(*WOODS, "white", "black")
    steel: RGB = colour(*METALS)

    def parts(self) -> list[Part]:
        inner, w, paint = self.seats * self.width, self.frame_width, self.steel if self.metal else self.wood
        w = 0.6 * w if self.metal else w
        half, depth, deck = inner / 2, self.depth, self.seat_height - self.cushion_height
        rail = min(0.9 * w + 0.02, 0.09)
        parts = [block((x, deck - rail, -half), (x + w * 0.7, deck, half), paint) for x in (0.05, depth - w)]
        if self.seat == "slats" and self.back != "bolsters":
            deck = self.seat_height
            parts = [moved(part, y=self.cushion_height) for part in parts]
            count = 7
            step = (depth - 0.05) / count
            slat = block((0, deck, -half), (step * 0.72, deck + 0.02, half), paint)
            parts.append(array(slat, [(0.05 + i * step, 0, 0) for i in range(count)]))
        else:
            count = self.seats if self.seat == "cushions" else 1
            parts.append(block((0.06, deck - 0.02, -half), (depth - w, deck, half), paint))
            front = (depth + 0.01, self.seat_height, half - 0.005)
            parts += cushions((0.08, deck, -half + 0.005), front, self.fabric, count, self.softness * 0.8)
        parts += self._side(half, w, deck, paint)
        return parts + self._back(half, w, deck, paint)

    def _side(self, half: float, w: float, deck: float, paint: RGB) -> list[Part]:
        top, depth = self.seat_height + self.arm_height, self.depth
        z = half + w / 2
        if self.sides == "loops":
            path = [(0.06, 0, z), (0.03, top * 0.6, z), (0.1, top, z), (depth * 0.6, top + 0.02, z), (depth - 0.02, top - 0.03, z),
                    (depth, top * 0.6, z), (depth - 0.03, 0, z)]  # fmt: skip
            return [
                mirrored(
                    joined(
                        tube(curve(path, 4), w * 0.5, paint, 8),
                        rod((0.03, 0.12, z), (depth - 0.01, 0.12, z), w * 0.4, paint, 8),
                    )
                )
            ]
        if self.sides == "panels":
            panel = block((0, 0 if self.top == "flat" else 0.1, half), (depth, top, half + w), paint, 0.1 * w)
            feet = [block((x, 0, half), (x + w, 0.1, half + w), paint) for x in (0.02, depth - w - 0.02)]
            return [mirrored(joined(panel, feet if self.top != "flat" else []))]
        if self.sides == "platform":  # a slab that reaches beyond the cushions on one side or both
            ends = (-half - 4 * self.spread, half + (4 * self.spread if self.top == "flat" else 0.05))
            slab = block((0, deck - 0.04, ends[0]), (depth + 0.04, deck, ends[1]), paint)
            return [slab, *legs_under("taper", (0.03, depth, ends[0], ends[1]), deck - 0.04, w, paint)]
        low = self.sides == "none"
        y = deck if low else top
        spread = self.spread
        legs = [bar((x, y, z), (x + s * spread, 0, z), w, w, paint, 0.75) for x, s in ((0.05, -1), (depth - w, 1))]
        if low:
            return [mirrored(joined(legs))]
        rest = block((-0.01, top, z - 0.8 * w), (depth + 0.02, top + 0.5 * w + 0.01, z + 0.8 * w), paint, 0.1 * w)
        side_rail = block((0.05, deck - w, half), (depth - w, deck, half + w), paint)
        slats = []
        if self.sides == "slats":
            slats = [
                block((x - 0.02, deck, z - 0.01), (x + 0.02, top, z + 0.01), paint)
                for x in np.linspace(0.14, depth - 0.14, 5)
            ]
        return [mirrored(joined(legs, rest, side_rail, slats))]

    def _back(self, half: float, w: float, deck: float, paint: RGB) -> list[Part]:
        if self.back == "bolsters":  # a day bed
            bolster = cushion(
                (self.depth * 0.8, 0.18, 0.18),
                (self.depth / 2, self.seat_height + 0.09, half - 0.1),
                self.fabric,
                0.5,
                8,
            )
            return [mirrored(bolster)]
        top, y0 = self.height, self.seat_height
        frame = [block((0, top - w, -half), (w * 0.6, top, half), paint, 0.1 * w)]
        frame += [
            block((0, deck - w, z - w / 2), (w * 0.6, top, z + w / 2), paint) for z in (-half + w / 2, half - w / 2)
        ]
        if self.top == "arched" and self.back in ("slats", "panel"):
            z = np.linspace(-half, half, 13)
            crown = np.stack([0 * z + w * 0.3, top - w / 2 + 0.09 * (1 - (z / half) ** 2), z], axis=-1)
            frame.append(tube(crown, w * 0.5, paint, 6))
        thin = min(w * 0.4, 0.02)
        if self.back == "slats" or (self.back == "cushions" and self.softness > 0.2):
            frame += [
                block((0.005, deck - w, z - 0.02), (thin, top, z + 0.02), paint)
                for z in np.linspace(-half, half, 4 * self.seats + 3)[1:-1]
            ]
        elif self.back == "rails" or self.back == "cushions":
            frame += [
                block((0.005, y - 0.025, -half), (thin, y + 0.025, half), paint)
                for y in np.linspace(y0 + 0.04, top - w, 5)[:-1]
            ]
        else:
            frame.append(
                block((0.005, deck, -half), (thin + 0.005, top - w / 2, half), self.fabric if self.metal else paint)
            )
        if self.back == "cushions" or (self.back == "panel" and self.seat != "slats"):
            count = self.seats if self.seat == "cushions" else 1
            high = top + (0.05 if self.back == "cushions" else -w)
            frame += cushions(
                (w * 0.6, y0 - 0.03, -half + 0.01),
                (w * 0.6 + 0.15, high, half - 0.01),
                self.fabric,
                count,
                self.softness,
            )
        return [leaning(part, self.lean, y0 * 0.8) for part in frame]


PROGRAMS = {UpholsteredSofa: 7, SectionalSofa: 3, ShellSofa: 2, CurvedSofa: 0.8, FramedSofa: 2.2}
"""Programs of the class, each with its share."""
