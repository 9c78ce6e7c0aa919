"""Programs of sofas: upholstered ones, sectionals, shells such as the chesterfield, curved ones, and ones with a frame."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import FABRICS, METALS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    arc,
    array,
    bar,
    box,
    curve,
    cushion,
    extrusion,
    joined,
    loft,
    mirrored,
    moved,
    rod,
    scaled,
    tube,
    turned,
)  # fmt: skip

RGB = tuple[float, float, float]
LEATHERS = ("brown", "black", "cherry", "walnut", "beige", "white", "red", "green")


# -------------------------------------------------------------------------------------------- pieces of upholstery
def _block(low: tuple[float, float, float], high: tuple[float, float, float], paint: RGB, bevel: float = 0.0) -> Part:
    """A box from one corner to the opposite one."""
    a, b = np.asarray(low), np.asarray(high)
    return box(np.maximum(b - a, 1e-4), (a + b) / 2, paint, bevel)


def _pad(low: tuple[float, float, float], high: tuple[float, float, float], paint: RGB, softness: float) -> Part:
    """A cushion from one corner to the opposite one; hardly soft ones are bevelled boxes."""
    a, b = np.asarray(low), np.asarray(high)
    if softness < 0.14:
        return box(b - a, (a + b) / 2, paint, bevel=0.25 * float((b - a).min()) * softness / 0.14)
    return cushion(b - a, (a + b) / 2, paint, softness, 7)


def _row(
    low: tuple[float, float, float], high: tuple[float, float, float], paint: RGB, count: int, soft: float
) -> list[Part]:
    """Cushions side by side along z."""
    edges = np.linspace(low[2], high[2], count + 1)
    gap = 0.004
    return [
        _pad((low[0], low[1], a + gap), (high[0], high[1], b - gap), paint, soft)
        for a, b in zip(edges, edges[1:], strict=False)
    ]


def _backrest(span: float, height: float, thickness: float, crest: tuple[str, float], paint: RGB) -> Part:
    """A stuffed back that stands on y = 0, its rear at x = 0; ``crest`` is the shape of its top line and how far it rises."""
    t = np.linspace(-1, 1, 17)
    rise = {
        "flat": 0 * t,
        "camel": np.exp(-((2.4 * t) ** 2)) + 0.35 * np.abs(t) ** 4,
        "arched": 1 - t**2,
        "humps": np.abs(np.cos(np.pi * t)) ** 0.5,
        "dipped": t**2,
    }[crest[0]]
    tops = height + crest[1] * (rise - rise.max())
    r = 0.35 * thickness
    sections = [
        [(0, 0, z), (thickness, 0, z), (thickness, y - r, z), (thickness - r * 0.4, y - 0.3 * r, z), (thickness / 2, y, z),
         (r * 0.4, y - 0.3 * r, z), (0, y - r, z)]
        for z, y in zip(t * span / 2, tops, strict=True)
    ]  # fmt: skip
    return loft(sections, paint)


def _leaning(part: Part, degrees: float, y: float) -> Part:
    """The part, sheared backwards above the height ``y``."""
    points = part.vertices.copy()
    points[:, 0] -= np.tan(np.radians(degrees)) * np.maximum(points[:, 1] - y, 0)
    return part._replace(vertices=points)


def _arm(kind: str, size: tuple[float, float, float], slope: float, paint: RGB) -> Part:
    """An arm (length, height, width) that stands at the origin, runs along +x and is thick along +z."""
    length, height, width = size
    if kind == "rolled":
        r = width / 2
        around = arc(r, -72.5, 180, 12) + (width - r, height - r)
        outline = np.concatenate([[(0, 0), (0.65 * width, 0)], around])
        return moved(extrusion(outline[:, ::-1], length, paint, "x"), length / 2)
    if kind in ("sloped", "scooped"):
        front = height * (1 - slope)
        line = [(0.0, height), (length, front)]
        if kind == "scooped":
            bend = [
                (0, height),
                (0.3 * length, front + 0.35 * (height - front)),
                (0.65 * length, front),
                (length, front * 0.97),
            ]
            line = curve(bend, 4).tolist()
        return moved(extrusion([(length, 0), (0, 0), *line], width, paint), z=width / 2)
    if kind == "pillow":
        return cushion((length, height, width), (length / 2, height / 2, width / 2), paint, 0.3, 9)
    if kind == "flared":
        flat = [(0, 0), (length, 0), (length, width), (0, width)]
        sections = [[(x, height * y, z * 0.8 + s * width) for x, z in flat] for y, s in ((0, 0), (0.5, 0.1), (1, 0.45))]
        return loft(sections, paint)
    return _block((0, 0, 0), (length, height, width), paint, 0.12 * width)


def _legs(kind: str, corners: tuple[float, float, float, float], height: float, thick: float, paint: RGB) -> list[Part]:
    """Legs under the corners (x from, x to, z from, z to) of a base, and between them where it is long."""
    x0, x1, z0, z1 = corners
    inset = thick * 0.8
    count = 3 if z1 - z0 > 2.1 else 2
    places = [(x, z) for x in (x0 + inset, x1 - inset) for z in np.linspace(z0 + inset, z1 - inset, count)]
    top = height + 0.01
    if kind == "block":
        return [
            _block((x - thick / 2, 0, z - thick / 2), (x + thick / 2, top, z + thick / 2), paint) for x, z in places
        ]
    if kind == "runner":
        bars = [
            _block((x0 + inset, 0, z - thick / 4), (x1 - inset, thick / 3, z + thick / 4), paint)
            for _, z in places[:count]
        ]
        return bars + [rod((x, 0, z), (x, top, z), thick / 4, paint, 8) for x, z in places]
    splay = 0.25 * height if kind == "splayed" else 0.0
    xm, zm = (x0 + x1) / 2, (z0 + z1) / 2
    ends = [(x + splay * np.sign(x - xm), 0, z + splay * np.sign(z - zm)) for x, z in places]
    return [
        rod((x, top, z), end, (thick / 2, thick / (2 if kind == "round" else 3.2)), paint, 8)
        for (x, z), end in zip(places, ends, strict=True)
    ]


def _throw(places: list[tuple[float, float, float]], size: float, lean: float, paint: RGB) -> list[Part]:
    """Small square pillows that lean against a back, each turned a little."""
    pillow = turned(cushion((0.13, size, size), (0, size / 2, 0), paint, 0.5, 6), "z", lean + 12)
    return [moved(turned(pillow, "y", 25 * np.sin(7 * place[2])), *place) for place in places]


# ---------------------------------------------------------------------------------------------------------- programs
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
            side = _arm(self.arms, (reach, height - low, arm), self.arm_slope, self.fabric)
            parts.append(mirrored(moved(side, 0, low, inner / 2)))
        fill = 1.0 if self.seat == "halves" else float(self.seats)
        count = {"cushions": self.seats, "bench": 1, "halves": 2}[self.seat]
        front = self.depth + (0.02 if fill > 1 and arm else 0.0)
        half = inner / 2 - 0.004
        parts += _row(
            (thick * 0.6, deck - 0.01, -half), (front, self.seat_height, half), self.fabric, count, self.softness * 0.75
        )
        return parts + self._back(inner, whole if self.arms in ("rolled", "pillow", "none") else inner, low, top)

    def _base(self, inner: float, whole: float, low: float, deck: float) -> list[Part]:
        apron = _block((0.02, low, -inner / 2), (self.depth - 0.01, deck, inner / 2), self.fabric)
        if self.base == "legs":
            half = whole / 2 - 0.35 * self.arm_width * (self.arms in ("rolled", "pillow"))
            corners = (0.03, self.depth * 0.97, -half, half)
            return [apron, *_legs(self.leg, corners, low, self.leg_width, self.wood)]
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
        back = _backrest(span * 0.999, frame - low, thick, crest, self.fabric)
        parts = [moved(back, y=low)]
        if self.back != "tight":
            count = self.seats if loose or self.back == "stacked" else 4 * self.seats
            y1 = top if loose else top - 0.01
            x1 = thick + (plump if loose or self.back == "stacked" else 0.07)
            half = inner / 2 - 0.004
            soft = {"channels": 0.4, "grid": 0.13}.get(self.back, self.softness)
            levels = np.linspace(self.seat_height - 0.03, y1, 3 if self.back in ("stacked", "grid") else 2)
            for y, above in zip(levels, levels[1:], strict=False):
                parts += _row((thick * 0.7, y, -half), (x1, above, half), self.fabric, count, soft)
        parts = [_leaning(part, self.lean, self.seat_height * 0.8) for part in parts]
        x = thick + (plump if loose else 0.0) + 0.10
        z = inner / 2 - 0.24
        places = [(x, self.seat_height, side * z * k) for side, k in ((1, 1), (-1, 1), (1, 0.45), (-1, 0.5))]
        return parts + _throw(places[: self.pillows], 0.34 + 0.1 * self.softness, self.lean, self.accent)


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
        parts = [_block((a, low, c), (b, deck, d), outer, 0.01) for a, b, c, d in runs]
        if self.base == "legs":
            for run in runs:
                parts += _legs(self.leg, run, low, self.leg_width, self.accent if self.two_tone else (0.2, 0.15, 0.12))
        parts += self._seats(z1, far, length, deck)
        parts += self._backs(outer, z1, far, length, low)
        parts += self._arms(outer, far, length, low)
        x = self.back_thickness + self.back_cushion + 0.1
        places = [(x, self.seat_height, z) for z in (far * 0.88, far * 0.5, depth * 0.6)]
        parts += _throw(places[: self.pillows], 0.38, 3.0, self.accent)
        middle = far / 2
        return [scaled(moved(part, z=-middle), z=float(self.side)) for part in parts]

    def _seats(self, z1: float, far: float, length: float, deck: float) -> list[Part]:
        depth, top, x0 = self.depth, self.seat_height, self.back_thickness * 0.5
        soft = self.softness * 0.7
        parts = _row((x0, deck - 0.01, depth), (depth, top, z1), self.fabric, self.seats, soft)
        ends = [(0.0, depth)] + ([(z1, far)] if far > z1 else [])
        for a, b in ends:
            if self.plan in ("corner", "u"):
                inside = (a + x0, b) if a == 0 else (a, b - x0)
                parts.append(_pad((x0, deck - 0.01, inside[0]), (depth, top, inside[1]), self.fabric, soft))
                edges = np.linspace(depth, length, self.returns + 1)
                for c, d in zip(edges, edges[1:], strict=False):
                    parts.append(_pad((c + 0.004, deck - 0.01, inside[0]), (d, top, inside[1]), self.fabric, soft))
            elif self.plan == "ottoman":
                parts.append(_pad((x0, deck - 0.01, a), (depth, top, b), self.fabric, soft))
                parts.append(_pad((depth + 0.02, deck - 0.01, a), (length, top, b * 1.1), self.fabric, soft))
            else:
                parts.append(_pad((x0, deck - 0.01, a), (length, top, b), self.fabric, soft))
        return parts

    def _backs(self, outer: RGB, z1: float, far: float, length: float, low: float) -> list[Part]:
        thick, plump, y0 = self.back_thickness, self.back_cushion, self.seat_height - 0.02
        top, edge = self.height, self.height - self.rise
        parts = [_block((0, low, 0), (thick, edge, far), outer, 0.02)]
        cornered = self.plan in ("corner", "u")
        parts += _row((thick, y0, self.depth), (thick + plump, top, z1), self.fabric, self.seats, self.softness)
        for a, b, facing in ((0.0, self.depth, 1), (z1, far, -1)):
            if b <= a:
                continue
            wall = a if facing > 0 else b
            start = (thick + plump) if cornered else 0.0
            lo, hi = (a + start, b) if facing > 0 else (a, b - start)
            parts += _row((thick, y0, lo), (thick + plump, top, hi), self.fabric, 1, self.softness)
            if cornered:
                zs = sorted((wall, wall + facing * thick))
                parts.append(_block((thick, low, zs[0]), (length, edge, zs[1]), outer, 0.02))
                zs = sorted((wall + facing * thick, wall + facing * (thick + plump)))
                for c, d in zip(e := np.linspace(thick + plump, length, self.returns + 2), e[1:], strict=False):
                    parts.append(_pad((c + 0.004, y0, zs[0]), (d - 0.004, top, zs[1]), self.fabric, self.softness))
        return parts

    def _arms(self, outer: RGB, far: float, length: float, low: float) -> list[Part]:
        if self.arms == "none":
            return []
        size = (self.depth, min(self.seat_height + self.arm_height, self.height) - low, self.arm_width)
        plain = _arm(self.arms, size, 0.3, outer)
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


# ------------------------------------------------------------------------------------- sofas along a line in the plan
def _line(points: list[tuple[float, float]], radius: float) -> np.ndarray:
    """The line (x, z) through points in the plan, its corners rounded."""
    rows = [np.asarray(point, np.float64) for point in points]
    line = [rows[0]]
    for before, here, after in zip(rows, rows[1:], rows[2:], strict=False):
        a, b = before - here, after - here
        r = min(radius, 0.49 * np.linalg.norm(a), 0.49 * np.linalg.norm(b))
        start, end = here + a / np.linalg.norm(a) * r, here + b / np.linalg.norm(b) * r
        line += [(1 - t) ** 2 * start + 2 * t * (1 - t) * here + t**2 * end for t in np.linspace(0, 1, 7)]
    return np.array([*line, rows[-1]])


def _between(line: np.ndarray, start: float, end: float, gap: float = 0.0) -> np.ndarray:
    """The piece of a line between two shares of its length, with points no further apart than a sixteenth of the whole."""
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    a, b = start * along[-1] + gap, end * along[-1] - gap
    places = np.sort(np.concatenate([[a, b], along[(along > a + 0.02) & (along < b - 0.02)], [(a + b) / 2]]))
    places = places[np.concatenate([[True], np.diff(places) > 1e-4])]
    return np.stack([np.interp(places, along, line[:, i]) for i in range(2)], axis=-1)


def _along(line: np.ndarray, profile: np.ndarray, paint: RGB, heights: np.ndarray | None = None) -> Part:
    """A profile (outwards, y) carried along a line in the plan; ``heights`` scales y at each point of the line."""
    tangent = np.gradient(line, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    outward = np.stack([-tangent[:, 1], tangent[:, 0]], axis=-1)
    up = np.ones(len(line)) if heights is None else heights
    sections = np.zeros((len(line), len(profile), 3))
    sections[..., [0, 2]] = line[:, None] + profile[None, :, :1] * outward[:, None]
    sections[..., 1] = profile[None, :, 1] * up[:, None]
    return loft(sections, paint)


@dataclasses.dataclass(frozen=True, kw_only=True)
class ShellSofa(Program):
    """A sofa whose arms and back are one wall around the seat: chesterfields, tuxedos, tubs."""

    seats: int = one_of(1, 2, 3, 4, shares=(0.7, 4, 5, 1))
    wall: str = one_of("rolled", "straight", "round", shares=(4, 2, 2))
    seat: str = one_of("cushions", "bench", shares=(2, 1))
    tufts: str = one_of("none", "ribs", "buttons", shares=(2, 1, 2))
    leg: str = one_of("block", "taper", "round", "splayed")
    back: str = one_of("bare", "cushions", shares=(3, 1))
    width: float = uniform(0.52, 0.72)  # metres of one seat, here and below in metres
    depth: float = uniform(0.52, 0.68)  # of the seat
    height: float = uniform(0.64, 0.86)
    fall: float = uniform(0.0, 0.30)  # of the arms towards the front, of the height
    seat_height: float = uniform(0.38, 0.46)
    thickness: float = uniform(0.08, 0.20)  # of the wall
    roll: float = uniform(0.05, 0.10)  # radius of the rolled top
    corner: float = uniform(0.06, 0.45)  # radius of the plan's corners
    leg_height: float = uniform(0.04, 0.18)
    leg_width: float = uniform(0.04, 0.08)
    seat_cushion: float = uniform(0.08, 0.16)
    softness: float = uniform(0.1, 0.3)
    fabric: RGB = colour(*LEATHERS, *FABRICS)
    wood: RGB = colour(*WOODS, "black", "steel")

    def parts(self) -> list[Part]:
        inner, depth, low = self.seats * self.width, self.depth, self.leg_height
        half, deck = inner / 2, self.seat_height - self.seat_cushion
        line = _between(_line([(depth, -half), (0, -half), (0, half), (depth, half)], self.corner), 0, 1)
        fine = line if self.tufts == "none" else self._ribbed(line)
        forward = np.clip(fine[:, 0] / depth, 0, 1)
        if self.wall != "round":
            forward = np.clip((forward - 0.25) / 0.75, 0, 1)
        fall = self.fall * (0.3 if self.wall == "rolled" else 1.0)
        tops = (self.height - low) * (1 - fall * forward**1.5 * (1 - self.seat_height / self.height))
        wall = _along(fine, self._profile(self.height - low), self.fabric, tops / (self.height - low))
        parts = [moved(wall, y=low)]
        inset = self.corner * 0.29
        plan = [(depth, -half), (inset, -half), (0, -half + inset), (0, half - inset), (inset, half), (depth, half)]
        apron = extrusion([(z, x) for x, z in plan], deck - low, self.fabric, "y", (deck + low) / 2)
        parts.append(apron)
        count = self.seats if self.seat == "cushions" else 1
        parts += _row(
            (0.02, deck - 0.01, -half), (depth + 0.03, self.seat_height, half), self.fabric, count, self.softness
        )
        if self.back == "cushions" and self.wall != "rolled":
            y1 = self.height - 0.02
            parts += _row(
                (0, self.seat_height - 0.02, -half + inset), (0.16, y1, half - inset), self.fabric, self.seats, 0.35
            )
        corners = (
            -self.thickness * 0.4 + inset,
            depth * 0.98,
            -half - self.thickness / 2 + inset,
            half + self.thickness / 2 - inset,
        )
        return parts + _legs(self.leg, corners, low, self.leg_width, self.wood)

    def _ribbed(self, line: np.ndarray) -> np.ndarray:
        """The line, pulled in at every second point, as ribs and buttons pull the stuffing."""
        count = (10 if self.tufts == "ribs" else 6) * self.seats
        along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
        at = np.linspace(0, along[-1], 2 * count + 1)
        points = np.stack([np.interp(at, along, line[:, i]) for i in range(2)], axis=-1)
        tangent = np.gradient(points, axis=0)
        tangent /= np.linalg.norm(tangent, axis=1, keepdims=True)
        depth = 0.018 * (np.arange(len(at)) % 2)[:, None]
        ribbed: np.ndarray = points + depth * np.stack([-tangent[:, 1], tangent[:, 0]], axis=-1)
        return ribbed

    def _profile(self, height: float) -> np.ndarray:
        t, r = self.thickness, self.roll
        if self.wall == "rolled":
            around = arc(r, 215, -80, 10)[:, :] * (1, 1) + (t * 0.55 + r * 0.3, height - r)
            return np.concatenate([[(t * 0.9, 0), (0, 0), (0, height * 0.6)], around, [(t * 0.9, height * 0.55)]])
        soft = 0.5 if self.wall == "round" else 0.15
        top = [
            (0, height - soft * t),
            (0.15 * t, height - 0.3 * soft * t),
            (t / 2, height),
            (0.85 * t, height - 0.3 * soft * t),
        ]
        return np.array([(t, 0), (0, 0), *top, (t, height - soft * t)])


@dataclasses.dataclass(frozen=True, kw_only=True)
class CurvedSofa(Program):
    """A sofa along a bow or round a corner: its seat and back follow a curved line."""

    plan: str = one_of("bow", "corner", "u", shares=(3, 3, 1))
    side: int = one_of(1, -1)
    seats: int = one_of(3, 4, 5, 6)
    arms: str = one_of("none", "block", "pillow", shares=(2, 2, 1))
    back: str = one_of("tight", "cushions", "none", shares=(3, 2, 0.5))
    leg: str = one_of("plinth", "block", "taper", shares=(3, 1, 2))
    length: float = uniform(2.0, 3.4)  # metres of the inner edge of the back, here and below in metres
    angle: float = uniform(50.0, 170.0)  # degrees a bow turns through
    ratio: float = uniform(0.35, 0.65)  # of the corner along the line
    radius: float = uniform(0.75, 1.1)  # of the corner
    depth: float = uniform(0.50, 0.68)  # of the seat
    thickness: float = uniform(0.12, 0.26)  # of the back
    height: float = uniform(0.62, 0.90)
    seat_height: float = uniform(0.38, 0.46)
    seat_cushion: float = uniform(0.08, 0.18)
    leg_height: float = uniform(0.03, 0.14)
    lean: float = uniform(0.0, 0.10)  # of the back's top outwards
    fall: float = uniform(0.0, 0.5)  # of the back towards its ends, of its height above the seat
    fabric: RGB = colour(*FABRICS)
    accent: RGB = colour(*FABRICS, *WOODS)

    def parts(self) -> list[Part]:
        line = self._plan()
        low, deck, y1, t = self.leg_height, self.seat_height - self.seat_cushion, self.seat_height, self.thickness
        d = self.depth
        paint = self.accent if self.leg == "plinth" else self.fabric
        parts = [
            _along(
                _between(line, 0, 1),
                np.array([(-d + 0.02, low), (t - 0.02, low), (t - 0.02, deck), (-d + 0.02, deck)]),
                paint,
            )
        ]
        edges = np.linspace(0, 1, self.seats + 1)
        r = 0.3 * self.seat_cushion
        seat = np.array([(-d, deck), (0.05, deck), (0.05, y1), (-d + r, y1), (-d - 0.01, y1 - r)])
        top = self.height
        back = np.array([(0, deck), (t, low), (t + self.lean, top - 0.05), (t * 0.7 + self.lean, top), (t * 0.25 + self.lean, top),
                         (self.lean, top - 0.06)])  # fmt: skip
        soft = np.array([(-0.16, y1 - 0.01), (0, y1 - 0.01), (self.lean, top + 0.04), (self.lean - 0.09, top + 0.04),
                         (self.lean - 0.16, top - 0.05)])  # fmt: skip
        for a, b in zip(edges, edges[1:], strict=False):
            piece = _between(line, a, b, 0.004)
            parts.append(_along(piece, seat, self.fabric))
            if self.back == "cushions":
                parts.append(_along(_between(line, a, b, 0.008), soft, self.fabric))
        if self.back != "none":
            whole = _between(line, 0, 1)
            shares = np.linspace(-1, 1, len(whole))
            share = self.fall * (1 - y1 / top) if self.back == "tight" else 0.0
            parts.append(_along(whole, back, self.fabric, 1 - share * np.abs(shares) ** 3))
        parts += self._ends(line)
        middle = line.mean(axis=0)
        return [scaled(moved(part, -middle[0], 0, -middle[1]), z=float(self.side)) for part in parts]

    def _plan(self) -> np.ndarray:
        if self.plan == "bow":
            turn = np.radians(self.angle) * min(1.0, self.length / (self.angle / 57.3) / (self.depth + 0.35))
            a = np.linspace(-turn / 2, turn / 2, 25)
            r = self.length / turn
            return np.stack([-r * np.cos(a), r * np.sin(a)], axis=-1)
        reach = 1.15 * self.length * (1 - self.ratio)
        across = 1.3 * self.length * self.ratio + 0.6
        points = [(reach, 0.0), (0.0, 0.0), (0.0, across)]
        if self.plan == "u":
            across = max(across, 2.4)
            points = [(reach, 0.0), (0.0, 0.0), (0.0, across), (reach, across)]
        return _line(points, self.radius + 0.12)

    def _ends(self, line: np.ndarray) -> list[Part]:
        """Arms across the ends of the seat, and legs along both edges."""
        parts = []
        t, d = self.thickness, self.depth
        for piece in (_between(line, 0, 0.05), _between(line, 0.95, 1.0)):
            if self.arms != "none":
                top = self.seat_height + 0.16
                outline = [
                    (-d, self.leg_height),
                    (t * 0.9, self.leg_height),
                    (t * 0.9, top),
                    (-d + 0.05, top),
                    (-d, top - 0.05),
                ]
                parts.append(_along(piece, np.array(outline), self.fabric))
        if self.leg != "plinth":
            for share in (0.04, 0.35, 0.65, 0.96):
                piece = _between(line, share - 0.01, share + 0.01)
                tangent = (piece[-1] - piece[0]) / np.linalg.norm(piece[-1] - piece[0])
                for out in (t * 0.6, -d * 0.85):
                    x, z = piece[1] + out * np.array([-tangent[1], tangent[0]])
                    radii = (0.03, 0.018) if self.leg == "taper" else (0.035, 0.035)
                    parts.append(rod((x, self.leg_height + 0.01, z), (x, 0, z), radii, (0.2, 0.15, 0.1), 8))
        else:
            parts.append(
                _along(
                    _between(line, 0.01, 0.99),
                    np.array(
                        [(-d + 0.07, 0), (t - 0.06, 0), (t - 0.06, self.leg_height), (-d + 0.07, self.leg_height)]
                    ),
                    (0.15, 0.13, 0.12),
                )
            )
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
        parts = [_block((x, deck - rail, -half), (x + w * 0.7, deck, half), paint) for x in (0.05, depth - w)]
        if self.seat == "slats" and self.back != "bolsters":
            deck = self.seat_height
            parts = [moved(part, y=self.cushion_height) for part in parts]
            count = 7
            step = (depth - 0.05) / count
            slat = _block((0, deck, -half), (step * 0.72, deck + 0.02, half), paint)
            parts.append(array(slat, [(0.05 + i * step, 0, 0) for i in range(count)]))
        else:
            count = self.seats if self.seat == "cushions" else 1
            parts.append(_block((0.06, deck - 0.02, -half), (depth - w, deck, half), paint))
            front = (depth + 0.01, self.seat_height, half - 0.005)
            parts += _row((0.08, deck, -half + 0.005), front, self.fabric, count, self.softness * 0.8)
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
            panel = _block((0, 0 if self.top == "flat" else 0.1, half), (depth, top, half + w), paint, 0.1 * w)
            feet = [_block((x, 0, half), (x + w, 0.1, half + w), paint) for x in (0.02, depth - w - 0.02)]
            return [mirrored(joined(panel, feet if self.top != "flat" else []))]
        if self.sides == "platform":  # a slab that reaches beyond the cushions on one side or both
            ends = (-half - 4 * self.spread, half + (4 * self.spread if self.top == "flat" else 0.05))
            slab = _block((0, deck - 0.04, ends[0]), (depth + 0.04, deck, ends[1]), paint)
            return [slab, *_legs("taper", (0.03, depth, ends[0], ends[1]), deck - 0.04, w, paint)]
        low = self.sides == "none"
        y = deck if low else top
        spread = self.spread
        legs = [bar((x, y, z), (x + s * spread, 0, z), w, w, paint, 0.75) for x, s in ((0.05, -1), (depth - w, 1))]
        if low:
            return [mirrored(joined(legs))]
        rest = _block((-0.01, top, z - 0.8 * w), (depth + 0.02, top + 0.5 * w + 0.01, z + 0.8 * w), paint, 0.1 * w)
        side_rail = _block((0.05, deck - w, half), (depth - w, deck, half + w), paint)
        slats = []
        if self.sides == "slats":
            slats = [
                _block((x - 0.02, deck, z - 0.01), (x + 0.02, top, z + 0.01), paint)
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
        frame = [_block((0, top - w, -half), (w * 0.6, top, half), paint, 0.1 * w)]
        frame += [
            _block((0, deck - w, z - w / 2), (w * 0.6, top, z + w / 2), paint) for z in (-half + w / 2, half - w / 2)
        ]
        if self.top == "arched" and self.back in ("slats", "panel"):
            z = np.linspace(-half, half, 13)
            crown = np.stack([0 * z + w * 0.3, top - w / 2 + 0.09 * (1 - (z / half) ** 2), z], axis=-1)
            frame.append(tube(crown, w * 0.5, paint, 6))
        thin = min(w * 0.4, 0.02)
        if self.back == "slats" or (self.back == "cushions" and self.softness > 0.2):
            frame += [
                _block((0.005, deck - w, z - 0.02), (thin, top, z + 0.02), paint)
                for z in np.linspace(-half, half, 4 * self.seats + 3)[1:-1]
            ]
        elif self.back == "rails" or self.back == "cushions":
            frame += [
                _block((0.005, y - 0.025, -half), (thin, y + 0.025, half), paint)
                for y in np.linspace(y0 + 0.04, top - w, 5)[:-1]
            ]
        else:
            frame.append(
                _block((0.005, deck, -half), (thin + 0.005, top - w / 2, half), self.fabric if self.metal else paint)
            )
        if self.back == "cushions" or (self.back == "panel" and self.seat != "slats"):
            count = self.seats if self.seat == "cushions" else 1
            high = top + (0.05 if self.back == "cushions" else -w)
            frame += _row(
                (w * 0.6, y0 - 0.03, -half + 0.01),
                (w * 0.6 + 0.15, high, half - 0.01),
                self.fabric,
                count,
                self.softness,
            )
        return [_leaning(part, self.lean, y0 * 0.8) for part in frame]


PROGRAMS = {UpholsteredSofa: 7, SectionalSofa: 3, ShellSofa: 2, CurvedSofa: 0.8, FramedSofa: 2.2}
"""Programs of the class, each with its share."""
