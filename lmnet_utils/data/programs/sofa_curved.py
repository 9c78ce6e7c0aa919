"""Programs of sofas along a line in the plan: shells such as the chesterfield, bows and rounded corners."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import FABRICS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    arc,
    extrusion,
    loft,
    moved,
    rod,
    scaled,
)
from lmnet_utils.data.programs.sofa_parts import (
    LEATHERS,
    RGB,
    cushions,
    legs_under,
)


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
        parts += cushions(
            (0.02, deck - 0.01, -half), (depth + 0.03, self.seat_height, half), self.fabric, count, self.softness
        )
        if self.back == "cushions" and self.wall != "rolled":
            y1 = self.height - 0.02
            parts += cushions(
                (0, self.seat_height - 0.02, -half + inset), (0.16, y1, half - inset), self.fabric, self.seats, 0.35
            )
        corners = (
            -self.thickness * 0.4 + inset,
            depth * 0.98,
            -half - self.thickness / 2 + inset,
            half + self.thickness / 2 - inset,
        )
        return parts + legs_under(self.leg, corners, low, self.leg_width, self.wood)

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
            around = arc(r, 215, -80, 10) + (t * 0.55 + r * 0.3, height - r)
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
