"""Programs of airplanes: airliners, fighters, propeller planes and biplanes, transports and bombers, gliders, flying wings.

The fuselage is about 1 long, its nose at x = +0.5, its axis at y = 0; all other lengths are shares of it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part, array, bar, box, cushion, extrusion, joined, lathe, loft, mirrored, moved, oval, ring, rod, rounded_rectangle,
    scaled, turned,
)  # fmt: skip

Paint = tuple[float, float, float]
DARK: Paint = (0.12, 0.12, 0.13)
GLASS: Paint = (0.22, 0.30, 0.36)


# ------------------------------------------------------------------------------------------- what all airplanes have
class Fuselage(NamedTuple):
    """A body of revolution, more or less: lengths as shares of the whole length of 1."""

    width: float
    height: float
    nose: float  # length of the part ahead of the full section
    tail: float  # length of the part behind it
    sharpness: float = 0.5  # of the nose: 0.5 is an ellipse, 1 a parabola
    droop: float = 0.0  # of the nose's tip below the axis, of half the height
    rise: float = 0.0  # of the tail's end above the axis, of half the height
    end: float = 0.1  # section at the tail's end, of the full one
    squareness: float = 0.0

    def part(self, paint: Paint, sides: int = 16) -> Part:
        ahead = 1 - np.cos(np.linspace(0, np.pi / 2, 9))
        behind = np.linspace(0, 1, 9)
        x = np.concatenate([0.5 - self.nose * ahead, -0.5 + self.tail * (1 - behind)])
        front = np.maximum((1 - (1 - ahead) ** 2) ** self.sharpness, 0.01)
        back = 1 - (1 - self.end) * behind**1.6
        y = np.concatenate([-self.droop * (1 - front), self.rise * (1 - back)]) * self.height / 2
        outline = oval(self.width, self.height, self.squareness, sides)[:, ::-1]
        section = np.concatenate([np.zeros((sides, 1)), outline], axis=1)
        size = np.concatenate([front, back])
        centres = np.stack([x, y, 0 * x], axis=-1)
        return loft(centres[:, None] + size[:, None, None] * section, paint)


def _surface(rows: ArrayLike, thickness: float, paint: Paint, dihedral: float = 0.0, at: ArrayLike = (0, 0, 0)) -> Part:
    """A wing, or a fin at a dihedral of 90: ``rows`` are its leading edge's x, the distance along the span, the chord."""
    u = np.array([1.0, 0.75, 0.5, 0.28, 0.1, 0.02])
    half = 5 * (0.2969 * np.sqrt(u) - 0.126 * u - 0.3516 * u**2 + 0.2843 * u**3 - 0.1015 * u**4)
    loop_x = np.concatenate([-u, [0.0], -u[:0:-1]])
    loop_y = thickness * np.concatenate([half, [0.0], -0.8 * half[:0:-1]])
    lead, out, chord = np.asarray(rows, np.float64).T
    section = np.stack([loop_x, loop_y, 0 * loop_x], axis=-1)
    edge = np.stack([lead, 0 * lead, out], axis=-1)
    wing = loft(edge[:, None] + chord[:, None, None] * section, paint)
    return moved(turned(wing, "x", -dihedral), *np.asarray(at, np.float64))


def _plan(lead: float, chord: float, span: float, taper: float, sweep: float) -> np.ndarray:
    """Rows of a trapezoid for :func:`_surface`; ``sweep`` is that of the leading edge in degrees, ``span`` one side's."""
    return np.array([(lead, 0.0, chord), (lead - span * np.tan(np.radians(sweep)), span, chord * taper)])


def _rounded(rows: np.ndarray, share: float = 0.25, elliptical: bool = False) -> np.ndarray:
    """The plan with its tip rounded over a ``share`` of the span, or all of it."""
    s = np.array([0.0, 0.35, 0.6, 0.75, 0.86, 0.94, 0.985, 1.0])
    lead, out, chord = (row[0] + (row[1] - row[0]) * s for row in rows.T)
    start = 0.0 if elliptical else 1 - share
    round_off = np.sqrt(np.maximum(1 - (np.maximum(s - start, 0) / (1 - start)) ** 2, 0.003))
    chords = (chord[0] if elliptical else chord) * round_off
    return np.stack([lead - 0.4 * (chord - chords), out, chords], axis=-1)


def _where(part: Part, test: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray], paint: Paint) -> Part:
    """The part with another colour where ``test`` holds for the middle (x, y, z) of a face."""
    x, y, z = part.vertices[part.faces].mean(axis=1).T
    return part._replace(colours=np.where(test(x, y, z)[:, None], np.array(paint), part.colours))


def _jet(radius: float, length: float, paint: Paint) -> Part:
    """A nacelle along x about the origin, open in front and with a cone behind."""
    rows = [
        (0, 0.36),
        (0.84, 0.36),
        (0.9, 0.48),
        (1, 0.44),
        (1.02, 0.1),
        (0.74, -0.36),
        (0.5, -0.36),
        (0.4, -0.45),
        (0, -0.55),
    ]
    part = lathe(np.array(rows) * (radius, length), paint, 14, "x")
    return _where(part, lambda x, y, z: (x > 0.35 * length) & (np.hypot(y, z) < 0.8 * radius), DARK)


def _propeller(radius: float, blades: int, paint: Paint) -> Part:
    """A propeller about the x axis, its disc at x = 0, with a spinner ahead of it."""
    hub = lathe(
        [(0, 0.16 * radius), (0.08 * radius, 0.1 * radius), (0.13 * radius, -0.06 * radius), (0, -0.06 * radius)],
        paint,
        10,
        "x",
    )
    blade = bar((0, 0, 0), (0, radius, 0), 0.04 * radius, 0.15 * radius, DARK, 0.55)
    return joined(hub, ring(turned(blade, "y", 35), blades, "x", 20.0))


def _leg(top: ArrayLike, ground: float, wheel: float, paint: Paint, lean: float = 0.0) -> Part:
    """A leg from ``top`` down to a wheel that stands on ``ground``; ``lean`` moves the wheel outwards."""
    x, y, z = np.asarray(top, np.float64)
    foot = ground + wheel
    tyre = lathe(np.array([(0, -0.3), (0.8, -0.3), (1, -0.15), (1, 0.15), (0.8, 0.3), (0, 0.3)]) * wheel, DARK, 12, "z")
    return joined(
        rod((x, max(y, foot), z), (x, foot, z + lean), 0.16 * wheel, paint, 6), moved(tyre, x, foot, z + lean)
    )


def _store(length: float, radius: float, paint: Paint, fins: bool) -> Part:
    """A missile or a tank along x."""
    rows = [(0, 0.5), (0.6, 0.44), (1, 0.34), (1, -0.36), (0.6, -0.46), (0, -0.5)]
    body = lathe(np.array(rows) * (radius, length), paint, 8, "x")
    fin = extrusion([(-0.45 * length, 0), (-0.3 * length, 0), (-0.45 * length, 3 * radius)], 0.2 * radius, paint)
    return joined(body, turned(ring(fin, 4, "x"), "x", 45)) if fins else body


# ------------------------------------------------------------------------------------------------------------ kinds
@dataclasses.dataclass(frozen=True, kw_only=True)
class Airliner(Program):
    """An airliner or business jet: swept low wings, engines under them or at the tail."""

    engines: str = one_of("two", "four", "tail", "three", shares=(10, 5, 4, 1))
    deck: str = one_of("single", "hump", "double", shares=(3, 2, 1))  # with four engines; others have a single deck
    tips: str = one_of("plain", "winglets", "fences", shares=(4, 4, 1))
    gear: str = one_of("up", "down", shares=(3, 2))
    livery: str = one_of("plain", "stripe", "belly", "bare", shares=(3, 2, 2, 1))
    diameter: float = uniform(0.078, 0.125)  # of the fuselage; all lengths are shares of the fuselage's
    tallness: float = uniform(1.0, 1.15)  # height of the fuselage over its width
    nose: float = uniform(1.0, 1.9)  # length of the nose, of the diameter
    tail: float = uniform(2.4, 3.8)  # length of the tapering tail, of the diameter
    rise: float = uniform(0.45, 0.9)  # of the tail's end above the axis, of half the height
    span: float = uniform(0.85, 1.15)  # from wing tip to wing tip
    sweep: float = uniform(22.0, 38.0)  # degrees, of the leading edge
    chord: float = uniform(0.17, 0.23)  # of the wing at the root
    taper: float = uniform(0.18, 0.32)  # chord at the tip over that at the root
    kink: float = uniform(0.28, 0.42)  # where the straight part of the trailing edge ends, of the half span
    dihedral: float = uniform(3.0, 8.0)  # degrees
    wing_place: float = uniform(0.30, 0.40)  # from the nose to the wing's leading edge
    engine: float = uniform(0.045, 0.080)  # diameter of an engine
    engine_length: float = uniform(1.5, 2.3)  # of its diameter
    tail_span: float = uniform(0.30, 0.40)
    tail_chord: float = uniform(0.09, 0.13)
    fin: float = uniform(0.13, 0.19)  # height of the fin above the fuselage
    fin_sweep: float = uniform(33.0, 47.0)  # degrees
    body: Paint = colour("white", "white", "white", "steel", "beige", "light blue", "grey", "yellow")
    accent: Paint = colour("blue", "red", "navy", "green", "orange", "light blue", "dark grey", "white", "yellow")
    metal: Paint = colour("steel", "grey", "white")

    def parts(self) -> list[Part]:
        half, tall = self.diameter / 2, self.diameter * self.tallness / 2
        four_decks = self.deck if self.engines == "four" else "single"
        tall *= 1.2 if four_decks == "double" else 1.0
        shape = Fuselage(2 * half, 2 * tall, self.nose * self.diameter, min(self.tail * self.diameter, 0.4))
        body = shape._replace(droop=0.35, rise=self.rise, sharpness=0.55, end=0.14).part(self.body, 18)
        glass_end = 0.5 - 0.35 * self.nose * self.diameter
        body = _where(body, lambda x, y, z: (x > glass_end) & (x < 0.5 - 0.012) & (y > 0.12 * tall), GLASS)
        if self.livery == "stripe":
            body = _where(body, lambda x, y, z: (abs(y) < 0.25 * tall) & (x < 0.44), self.accent)
        elif self.livery == "belly":
            body = _where(body, lambda x, y, z: y < -0.35 * tall, self.metal)
        elif self.livery == "plain":
            body = _where(body, lambda x, y, z: x < -0.32, self.accent)
        parts = [body]
        if four_decks == "hump":
            parts.append(cushion((0.36, 0.9 * tall, 1.5 * half), (0.27, tall * 0.88, 0), self.body, 0.9, 8))
        fairing = cushion((1.5 * self.chord, 0.9 * tall, 2.1 * half), self._wing_root(0.5), self.body, 0.7, 8)
        return [*parts, fairing, *self._wings(), *self._empennage(tall), *self._engines(tall), *self._gear(tall)]

    def _wing_root(self, chords: float) -> tuple[float, float, float]:
        lift = 0.45 * self.diameter * self.tallness
        return 0.5 - self._lead() - chords * self.chord, -0.72 * lift, 0.0

    def _lead(self) -> float:
        return self.wing_place + (0.09 if self.engines == "tail" else 0.0)

    def _at(self, share: float) -> tuple[float, float, float, float]:
        """Leading edge's x, y, z and the chord at a share of the half span."""
        x, y, _ = self._wing_root(0)
        out = share * self.span / 2
        tan = np.tan(np.radians(self.sweep))
        straight = (
            0.5 * self.kink * self.span * tan
        )  # the chord lost up to the kink, where the trailing edge is straight
        at_kink = max(self.chord - 0.9 * straight, 0.45 * self.chord)
        chord = float(np.interp(share, [0, self.kink, 1], [self.chord, at_kink, self.taper * self.chord]))
        return x - out * tan, y + out * np.tan(np.radians(self.dihedral)), out, chord

    def _wings(self) -> list[Part]:
        rows = np.array([self._at(share) for share in (0.0, self.kink, 0.7, 1.0)])[:, [0, 2, 3]]
        wing = _surface(rows, 0.12, self.metal, self.dihedral, (0, self._wing_root(0)[1], 0))
        lead, y, z, chord = self._at(0.995)
        parts = [mirrored(wing)]
        if self.tips != "plain":
            height = 0.045 if self.tips == "winglets" else 0.025
            plan = _plan(lead - 0.1 * chord, 0.85 * chord, height, 0.4, 50.0)
            parts.append(mirrored(_surface(plan, 0.08, self.accent, 72.0, (0, y, z))))
            if self.tips == "fences":
                parts.append(mirrored(_surface(plan, 0.08, self.accent, -85.0, (0, y, z))))
        flap = _store(0.13 * self.span * 0.8, 0.007, self.metal, False)
        for share in (0.3, 0.5, 0.7):
            lead, y, z, chord = self._at(share)
            parts.append(mirrored(moved(flap, lead - 0.85 * chord, y - 0.008, z)))
        return parts

    def _empennage(self, tall: float) -> list[Part]:
        top = tall * 0.75
        height = self.fin + 0.25 * tall
        chord = 1.5 * self.tail_chord + 0.03
        sweep = self.fin_sweep
        lead = -0.5 + chord + 0.25 * height * np.tan(np.radians(sweep))
        plan = _plan(lead, chord, height, 0.38, sweep)
        fin = _surface(plan, 0.10, self.accent, 90.0, (0, top, 0))
        tee = self.engines == "tail"
        y = top + 0.97 * height if tee else 0.45 * tall
        x = plan[1, 0] + 0.02 if tee else -0.475 + self.tail_chord
        span = self.tail_span / 2 * (0.85 if tee else 1.0)
        tail = _surface(
            _plan(x, self.tail_chord, span, 0.4, self.sweep + 4), 0.1, self.metal, 0 if tee else 6, (0, y, 0)
        )
        return [fin, mirrored(tail)]

    def _engines(self, tall: float) -> list[Part]:
        radius, length = self.engine / 2, self.engine * self.engine_length
        parts = []
        if self.engines == "tail":
            radius, length = 0.75 * radius, 1.3 * length
            z = self.diameter / 2 * 0.8 + radius * 1.25
            place = (-0.27, 0.35 * tall, z)
            stub = box((0.6 * length, 0.4 * radius, z), (-0.27, 0.35 * tall, z / 2), self.body)
            return [mirrored(moved(_jet(radius, length, self.metal), *place)), mirrored(stub)]
        for share in (0.30, 0.60) if self.engines == "four" else (0.33,):
            size = 0.85 if self.engines == "four" else 1.0
            lead, y, z, _ = self._at(share)
            low = y - size * radius * 1.15 - 0.008
            parts.append(mirrored(moved(_jet(size * radius, size * length, self.accent), lead + 0.15 * length, low, z)))
            outline = [
                (lead + 0.3 * length, low + 0.9 * size * radius),
                (lead - 0.4 * length, low + 0.5 * size * radius),
            ]
            outline += [(lead - 0.09, y - 0.002), (lead - 0.005, y + 0.004)]
            parts.append(mirrored(extrusion(outline, 0.012, self.metal, "z", z)))
        if self.engines == "three":
            parts.append(moved(_jet(radius, 2.2 * length, self.metal), -0.40, tall * 0.75 + 1.3 * radius))
        return parts

    def _gear(self, tall: float) -> list[Part]:
        if self.gear == "up":
            return []
        _, y, z, _ = self._at(0.33)
        low = y - self.engine * 1.3 if self.engines in ("two", "four", "three") else -tall
        ground = min(low - 0.015, -tall - 0.045)
        wheel = 0.016
        nose = mirrored(_leg((0.5 - 0.8 * self.nose * self.diameter, -0.6 * tall, 0.008), ground, wheel, self.metal))
        x, y, _, chord = self._at(0.15)
        main = _leg((x - 0.62 * chord, y, 0.075 * self.span), ground, wheel * 1.25, self.metal)
        pair = array(main, [(0.022, 0, 0), (-0.022, 0, 0)])
        return [nose, mirrored(pair)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Fighter(Program):
    """A jet fighter: thin swept or delta wings, one or two fins, a canopy, intakes, missiles."""

    wing: str = one_of("delta", "swept", "trapezoid", shares=(2, 3, 4))
    fins: int = one_of(1, 2)
    foreplane: str = one_of("none", "canards", shares=(3, 1))
    intakes: str = one_of("sides", "belly", "nose", shares=(5, 2, 1))
    jets: int = one_of(1, 2)
    stores: str = one_of("none", "missiles", "missiles and tanks", shares=(2, 2, 1))
    gear: str = one_of("up", "down", shares=(3, 1))
    width: float = uniform(0.070, 0.105)  # of the fuselage; all lengths are shares of the fuselage's
    tallness: float = uniform(1.0, 1.35)  # height over width
    nose: float = uniform(0.22, 0.34)  # length of the tapering nose
    sharpness: float = uniform(0.7, 0.95)  # of the nose
    span: float = uniform(0.55, 0.78)
    chord: float = uniform(0.27, 0.37)  # of the wing at the root
    taper: float = uniform(0.12, 0.42)
    sweep: float = uniform(30.0, 52.0)  # degrees, of the leading edge (a delta's follows from its chord)
    dihedral: float = uniform(-5.0, 3.0)  # degrees
    wing_height: float = uniform(-0.25, 0.45)  # of half the height
    wing_end: float = uniform(0.10, 0.20)  # from the tail's end to the wing's trailing edge
    strake: float = uniform(0.0, 0.20)  # length of the root's extension ahead of the wing
    fin: float = uniform(0.11, 0.17)
    fin_sweep: float = uniform(35.0, 55.0)  # degrees
    cant: float = uniform(0.0, 26.0)  # degrees by which twin fins lean outwards
    tail_span: float = uniform(0.32, 0.46)
    canopy: float = uniform(0.15, 0.26)  # length
    canopy_height: float = uniform(0.6, 1.0)  # of the fuselage's width
    duct: float = uniform(0.45, 0.85)  # width of an intake, of the fuselage's width
    body: Paint = colour("grey", "grey", "steel", "dark grey", "olive", "light blue", "navy", "beige", "white", "black")
    second: Paint = colour("grey", "dark grey", "steel", "green", "brown", "white", "red", "blue")

    def parts(self) -> list[Part]:
        half, tall = self.width / 2, self.width * self.tallness / 2
        wide = 1.0 + 0.25 * (self.jets == 2)
        end = 0.75 if self.jets == 1 else 0.6
        shape = Fuselage(2 * half, 2 * tall, self.nose, 0.22, self.sharpness, 0.25, 0.0, end, 0.15)
        body = _where(shape.part(self.body), lambda x, y, z: x > 0.43, self.second)
        parts = [body] if self.intakes != "nose" else [scaled(body, 0.97), self._open_nose(half)]
        seat = 0.5 - self.nose * 0.72 - self.canopy / 2
        height = self.canopy_height * self.width
        parts.append(cushion((self.canopy, height, 1.25 * half), (seat, 0.82 * tall, 0), GLASS, 0.95, 8))
        spine = cushion((0.5, 0.6 * height, 0.9 * half), (seat - 0.24, 0.85 * tall, 0), self.body, 0.9, 6)
        return [
            *parts,
            spine,
            *self._ducts(half * wide, tall),
            *self._wings(tall),
            *self._tail(half, tall),
            *self._gear(tall),
        ]

    def _open_nose(self, half: float) -> Part:
        ring_ = lathe(
            [(0.3 * half, 0.43), (0.45 * half, 0.50), (0.75 * half, 0.36), (0.95 * half, 0.22), (0.5 * half, 0.2)],
            self.body,
            16,
            "x",
        )
        return ring_

    def _ducts(self, half: float, tall: float) -> list[Part]:
        wide, start = self.duct * self.width, 0.5 - self.nose - 0.08
        parts = []
        if self.intakes == "sides":
            duct = self._duct(start, wide, 1.5 * tall)
            parts.append(mirrored(moved(duct, 0, -0.1 * tall, 0.75 * half + 0.45 * wide)))
        elif self.intakes == "belly":
            parts.append(moved(self._duct(start, 1.9 * half, 1.1 * tall), 0, -0.95 * tall))
        radius = 0.85 * half if self.jets == 1 else 0.7 * half
        rows = np.array([(0.35, 0.04), (1.0, 0.06), (1.0, 0.0), (0.78, -0.07), (0.66, -0.07), (0.5, 0.0), (0, 0.0)]) * (
            radius,
            1,
        )
        nozzle = _where(lathe(rows, (0.35, 0.34, 0.33), 14, "x"), lambda x, y, z: np.hypot(y, z) < 0.6 * radius, DARK)
        places = [(-0.49, 0, 0)] if self.jets == 1 else [(-0.48, 0, 0.85 * half), (-0.48, 0, -0.85 * half)]
        if self.jets == 2:
            barrel = moved(self._duct(-0.02, 1.6 * radius, 1.7 * radius, -0.46), 0, 0, 0.85 * half)
            parts.append(mirrored(barrel))
        return [*parts, array(nozzle, places)]

    def _duct(self, start: float, width: float, height: float, stop: float = -0.38) -> Part:
        outline = rounded_rectangle(height, width, 0.3 * min(height, width), 2)
        section = np.concatenate([np.zeros((len(outline), 1)), outline], axis=1)
        rows = []
        for x, size in ((start, 0.92), (start - 0.1, 1.0), (0.5 * (start + stop), 1.0), (stop, 0.72)):
            rows.append(section * size + (x, 0, 0))
        rows[0][:, 0] += 0.5 * rows[0][:, 1]  # the mouth is raked
        rows[1] = np.maximum(rows[1], -np.inf)
        duct = loft(np.array(rows), self.body)
        return _where(duct, lambda x, y, z: (x > start - 0.025) & (np.hypot(y, z) < 0.3 * min(height, width)), DARK)

    def _wings(self, tall: float) -> list[Part]:
        semi, y = self.span / 2, self.wing_height * tall
        if self.wing == "delta":
            chord, end = 1.5 * self.chord, -0.5 + 0.4 * self.wing_end
            taper = 0.25 * self.taper
            sweep = float(np.degrees(np.arctan2(chord * (1 - taper), semi)))
        else:
            chord, end = self.chord, -0.5 + self.wing_end + (0.0 if self.wing == "trapezoid" else 0.08)
            taper = self.taper
            sweep = self.sweep if self.wing == "trapezoid" else self.sweep + 8.0
        lead = end + chord
        wing = _surface(_plan(lead, chord, semi, taper, sweep), 0.055, self.body, self.dihedral, (0, y, 0))
        parts = [mirrored(wing)]
        if self.strake > 0.05:
            rows = [(lead + self.strake, 0.3 * self.width, 0.9 * chord), (lead - 0.1, 0.3 * semi, 0.4 * chord)]
            rows.insert(1, (lead + 0.4 * self.strake, self.width * 0.75, 0.8 * chord))
            parts.append(mirrored(_surface(rows, 0.03, self.body, self.dihedral, (0, y, 0))))
        if self.foreplane == "canards":
            x = min(lead + 0.13 + 0.5 * self.strake, 0.27)
            plan = _plan(x, 0.13, 0.28 * self.span, 0.3, 48.0)
            parts.append(mirrored(_surface(plan, 0.05, self.body, 4.0, (0, y + 0.3 * tall, 0))))
        if self.stores == "none":
            return parts
        for share in (0.98, 0.7, 0.45):
            tank = share == 0.45 and self.stores == "missiles and tanks"
            store = _store(0.24, 0.018, self.second, False) if tank else _store(0.16, 0.008, (0.8, 0.8, 0.78), True)
            z, drop = share * semi, 0.0 if share > 0.9 else 0.030
            front = lead - z * np.tan(np.radians(sweep))
            middle = front - 0.4 * chord * (1 - share * (1 - taper))
            level = y + z * np.tan(np.radians(self.dihedral)) - drop
            parts.append(mirrored(moved(store, middle, level, z)))
            if drop:
                parts.append(mirrored(box((0.07, drop, 0.006), (middle, level + drop / 2, z), self.body)))
        return parts

    def _tail(self, half: float, tall: float) -> list[Part]:
        chord = 0.19 if self.wing != "delta" else 0.22
        plan = _plan(-0.46 + chord + 0.02 * self.fins, chord, self.fin + 0.6 * tall, 0.35, self.fin_sweep)
        if self.fins == 1:
            parts = [
                _surface(
                    _plan(-0.42 + chord, chord, 1.15 * self.fin + 0.6 * tall, 0.35, self.fin_sweep),
                    0.06,
                    self.body,
                    90.0,
                    (0, 0.4 * tall, 0),
                )
            ]
        else:
            base = half * (1.1 if self.jets == 1 else 1.7)
            parts = [mirrored(_surface(plan, 0.06, self.body, 90.0 - self.cant, (0.04, 0.3 * tall, base)))]
            parts.append(mirrored(box((0.26, 0.8 * tall, 1.2 * half), (-0.36, 0, 0.8 * half), self.body, 0.3 * half)))
        if self.wing != "delta":
            tail = _plan(-0.40 + 0.15, 0.16, self.tail_span / 2, 0.35, 44.0)
            parts.append(mirrored(_surface(tail, 0.05, self.body, -2.0, (-0.06, -0.05 * tall, 0))))
        return parts

    def _gear(self, tall: float) -> list[Part]:
        if self.gear == "up":
            return []
        ground = -tall - 0.085
        main = _leg((-0.12, -0.3 * tall, 0.5 * self.width), ground, 0.024, self.second, 0.03)
        return [_leg((0.22, -0.5 * tall, 0), ground, 0.019, self.second), mirrored(main)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class PropellerPlane(Program):
    """A light airplane or a fighter of its time: one propeller at the nose or two on the wings; biplanes; floats."""

    wing: str = one_of("low", "high", "biplane", shares=(5, 3, 3))
    engines: int = one_of(1, 2, shares=(5, 1))  # a biplane has one
    plan: str = one_of("tapered", "elliptical", "rounded", shares=(3, 1, 2))
    gear: str = one_of("up", "tail wheel", "nose wheel", "floats", shares=(3, 4, 2, 1))  # a biplane's is never up
    cockpit: str = one_of("bubble", "cabin", "open")  # high wings have a cabin, biplanes mostly an open cockpit
    cowl: str = one_of("round", "pointed")
    blades: int = one_of(2, 3, 4)
    width: float = uniform(0.105, 0.145)  # of the fuselage; all lengths are shares of the fuselage's
    tallness: float = uniform(1.1, 1.5)  # height over width
    nose: float = uniform(0.16, 0.30)  # length of the part ahead of the full section
    tail_end: float = uniform(0.12, 0.3)  # section at the tail, of the full one
    span: float = uniform(1.1, 1.45)
    chord: float = uniform(0.17, 0.25)  # of the wing at the root
    taper: float = uniform(0.42, 0.95)
    sweep: float = uniform(0.0, 7.0)  # degrees, of the leading edge
    dihedral: float = uniform(1.0, 7.0)  # degrees
    wing_place: float = uniform(0.20, 0.30)  # from the nose to the wing's leading edge
    gap: float = uniform(0.17, 0.24)  # between a biplane's wings
    stagger: float = uniform(0.0, 0.08)  # of a biplane's upper wing ahead of the lower one
    propeller: float = uniform(0.14, 0.20)  # its radius
    tail_span: float = uniform(0.34, 0.46)
    tail_chord: float = uniform(0.10, 0.15)
    fin: float = uniform(0.11, 0.18)
    body: Paint = colour("white", "red", "yellow", "green", "olive", "blue", "steel", "grey", "orange", "beige", "navy")
    wings: Paint = colour("white", "red", "yellow", "green", "olive", "steel", "grey", "light blue", "beige")

    def parts(self) -> list[Part]:
        half, tall = self.width / 2, self.width * self.tallness / 2
        twin = self.engines == 2 and self.wing != "biplane"
        sharpness = 0.42 if self.cowl == "round" else 0.62
        shape = Fuselage(2 * half, 2 * tall, self.nose, 0.52, sharpness, 0.1, 0.5, self.tail_end, 0.2)
        parts = [shape.part(self.body, 14), *self._cabin(half, tall), *self._wings(tall, twin), *self._empennage(tall)]
        screw = _propeller(self.propeller, self.blades, self.wings)
        if twin:
            x, y, z = 0.5 - self.wing_place, self._level(tall), 0.17 * self.span
            pod = Fuselage(0.085, 0.095, 0.12, 0.2, 0.45).part(self.body, 10)
            pod = moved(scaled(moved(pod, -0.5), 0.34), x + 0.09, y, z)
            parts += [mirrored(pod), moved(screw, x + 0.1, y, z), moved(screw, x + 0.1, y, -z)]
        else:
            parts.append(moved(screw, 0.5 + 0.03 * self.propeller, -0.1 * tall))
            if self.cowl == "round":
                drum = np.array([(0.3, 0.5), (0.8, 0.495), (1.0, 0.46), (1.06, 0.38), (0.9, 0.36)])
                parts.append(moved(lathe(drum * (0.95 * tall, 1), self.wings, 14, "x"), 0, -0.1 * tall))
        return [*parts, *self._gear(tall)]

    def _level(self, tall: float) -> float:
        return {"low": -0.62, "high": 1.25, "biplane": -0.8}[self.wing] * tall

    def _cabin(self, half: float, tall: float) -> list[Part]:
        x = 0.5 - self.wing_place - 0.5 * self.chord
        if self.wing == "high":
            cabin = cushion((0.36, 1.3 * tall, 1.9 * half), (x, 0.62 * tall, 0), self.body, 0.55, 8)
            return [_where(cabin, lambda a, b, c: (b > 0.8 * tall) & (b < 1.15 * tall), GLASS)]
        if self.cockpit == "open" or (self.wing == "biplane" and self.cockpit == "cabin"):
            seat = cushion((0.10, 0.5 * tall, 1.2 * half), (x - 0.10, 0.9 * tall, 0), DARK, 0.8, 6)
            return [
                seat,
                turned(box((0.006, 0.07, half), (x - 0.04, tall + 0.02, 0), GLASS), "z", 25, (x - 0.04, tall, 0)),
            ]
        size = (0.24, 1.3 * tall, 1.5 * half) if self.cockpit == "bubble" else (0.34, 1.15 * tall, 1.7 * half)
        return [cushion(size, (x - 0.05, 0.75 * tall, 0), GLASS, 0.85, 8)]

    def _panel(self, lead: float, level: float, share: float = 1.0) -> Part:
        rows = _plan(lead, self.chord, share * self.span / 2, 1.0 if self.wing == "biplane" else self.taper, self.sweep)
        rows = (
            rows if self.plan == "tapered" else _rounded(rows, 0.22, self.plan == "elliptical" and self.wing == "low")
        )
        bend = self.dihedral * (0.4 if self.wing != "low" else 1.0)
        return mirrored(_surface(rows, 0.11, self.wings, bend, (0, level, 0)))

    def _wings(self, tall: float, twin: bool) -> list[Part]:
        lead, level = 0.5 - self.wing_place, self._level(tall)
        parts = [self._panel(lead, level)]
        rise = np.tan(np.radians(self.dihedral * 0.4))
        if self.wing == "high" and not twin:
            z = 0.24 * self.span
            foot = (lead - 0.4 * self.chord, -0.5 * tall, 0.4 * self.width)
            parts.append(mirrored(bar(foot, (lead - 0.4 * self.chord, level + z * rise, z), 0.008, 0.022, self.body)))
        if self.wing == "biplane":
            top = level + self.gap + 0.4 * tall
            parts.append(self._panel(lead + self.stagger, top, 1.06))
            for z, bottom in ((0.34 * self.span, level + 0.34 * self.span * rise), (0.055, 0.7 * tall)):
                for back in (0.15, 0.7):
                    low = (lead - back * self.chord, bottom, z)
                    high = (lead + self.stagger - back * self.chord, top + z * rise, z)
                    parts.append(mirrored(bar(low, high, 0.02, 0.008, self.body)))
        return parts

    def _empennage(self, tall: float) -> list[Part]:
        rise = 0.5 * (1 - self.tail_end) * tall
        tail = _rounded(_plan(-0.5 + 1.1 * self.tail_chord, self.tail_chord, self.tail_span / 2, 0.65, 8.0), 0.4)
        fin = _rounded(
            _plan(-0.5 + 1.2 * self.tail_chord, 1.25 * self.tail_chord, self.fin + 0.3 * tall, 0.55, 24.0), 0.4
        )
        parts = [mirrored(_surface(tail, 0.08, self.wings, 0.0, (0, rise, 0)))]
        return [*parts, _surface(fin, 0.08, self.wings, 90.0, (0, rise, 0))]

    def _gear(self, tall: float) -> list[Part]:
        if self.gear == "up" and self.wing != "biplane":
            return []
        lead, z = 0.5 - self.wing_place, 0.09 * self.span
        top = self._level(tall) if self.wing == "low" else -0.6 * tall
        ground = -self.propeller - 0.04 - 0.1 * tall
        if self.gear == "floats":
            float_ = scaled(Fuselage(0.075, 0.085, 0.25, 0.4, 0.6, -0.8, 0.8, 0.25, 0.3).part(self.wings, 10), 0.72)
            parts = [mirrored(moved(float_, 0.12, ground, z))]
            for x in (0.22, 0.0):
                parts.append(mirrored(rod((x, top, 0.6 * z), (x, ground + 0.02, z), 0.009, self.body, 6)))
            return parts
        if self.wing == "low":
            main = _leg((lead - 0.25 * self.chord, top, z), ground, 0.036, self.body)
        else:
            main = _leg(
                (lead - 0.25 * self.chord, top, 0.35 * self.width), ground, 0.036, self.body, z - 0.3 * self.width
            )
        if self.gear == "nose wheel":
            return [mirrored(moved(main, -0.4 * self.chord)), _leg((0.40, -0.5 * tall, 0), ground, 0.03, self.body)]
        return [mirrored(main), _leg((-0.44, 0.2 * tall, 0), -0.35 * tall - 0.02, 0.016, self.body)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Transport(Program):
    """A transport, bomber or regional airplane: engines along straight or swept wings that sit high, mid or low."""

    engines: str = one_of("two props", "four props", "four jets", "eight jets", shares=(3, 4, 3, 1))
    wing: str = one_of("high", "middle", "low", shares=(4, 2, 1))
    tail: str = one_of("low", "T", "twin", shares=(3, 2, 1))
    gear: str = one_of("up", "down")
    blades: int = one_of(3, 4, 6)
    diameter: float = uniform(0.08, 0.145)  # of the fuselage; all lengths are shares of the fuselage's
    nose: float = uniform(0.8, 1.4)  # length of the nose, of the diameter
    tail_length: float = uniform(0.30, 0.42)  # of the tapering part
    rise: float = uniform(0.3, 1.0)  # of the tail's end above the axis, of half the height
    span: float = uniform(1.0, 1.42)
    chord: float = uniform(0.15, 0.2)
    taper: float = uniform(0.3, 0.6)
    slant: float = uniform(0.0, 1.0)  # sweep, from the least to the most for the kind of engine
    dihedral: float = uniform(-2.0, 4.0)  # degrees
    wing_place: float = uniform(0.28, 0.36)  # from the nose to the wing's leading edge
    engine: float = uniform(0.042, 0.06)  # diameter
    propeller: float = uniform(1.2, 1.7)  # radius, of the engine's diameter
    tail_span: float = uniform(0.36, 0.5)
    tail_chord: float = uniform(0.10, 0.14)
    fin: float = uniform(0.15, 0.22)
    body: Paint = colour("grey", "olive", "green", "white", "steel", "beige", "dark grey", "light blue")
    second: Paint = colour("grey", "olive", "steel", "dark grey", "white", "red", "navy")

    def parts(self) -> list[Part]:
        half = self.diameter / 2
        shape = Fuselage(
            2 * half, 2 * half, self.nose * self.diameter, self.tail_length, 0.5, 0.25, self.rise, 0.15, 0.2
        )
        start = 0.5 - 0.7 * self.nose * self.diameter
        body = _where(shape.part(self.body), lambda x, y, z: (x > start) & (x < 0.49) & (y > 0.2 * half), GLASS)
        parts = [body, *self._wings(), *self._engines(), *self._empennage()]
        pods = cushion((0.22, half, 0.6 * half), (0.02, -0.7 * half, 0.9 * half), self.body, 0.6, 6)
        if self.wing == "high":
            parts.append(mirrored(pods))
        if self.gear == "down":
            ground = -half - 0.045
            main = _leg((0.0, -0.5 * half, 0.95 * half), ground, 0.022, self.second)
            pair = array(main, [(0.03, 0, 0), (-0.03, 0, 0)])
            parts += [mirrored(pair), mirrored(_leg((0.38, -0.5 * half, 0.01), ground, 0.018, self.second))]
        return parts

    def _at(self, share: float) -> tuple[float, float, float, float]:
        """Leading edge's x, y, z and the chord at a share of the half span."""
        sweep = np.radians(7 * self.slant if "props" in self.engines else 22 + 14 * self.slant)
        level = {"high": 0.85, "middle": 0.1, "low": -0.6}[self.wing] * self.diameter / 2
        out = share * self.span / 2
        lead = 0.5 - self.wing_place - out * np.tan(sweep)
        bend = np.tan(np.radians(self.dihedral + 3 * (self.wing == "low")))
        return lead, level + out * bend, out, self.chord * (1 - share * (1 - self.taper))

    def _wings(self) -> list[Part]:
        rows = np.array([self._at(0.0), self._at(1.0)])[:, [0, 2, 3]]
        bend = self.dihedral + 3 * (self.wing == "low")
        wing = mirrored(_surface(_rounded(rows, 0.08), 0.13, self.body, bend, (0, self._at(0)[1], 0)))
        if self.wing != "high":
            return [wing]
        return [
            wing,
            cushion(
                (1.3 * self.chord, 0.03, self.diameter),
                (self._at(0)[0] - 0.5 * self.chord, self._at(0)[1], 0),
                self.body,
                0.7,
                6,
            ),
        ]

    def _engines(self) -> list[Part]:
        radius, parts = self.engine / 2, []
        for share in (
            (0.26,) if self.engines == "two props" else (0.24, 0.48) if self.engines == "four props" else (0.32, 0.60)
        ):
            lead, y, z, chord = self._at(share)
            if "props" in self.engines:
                pod = scaled(
                    moved(Fuselage(2 * radius, 2.2 * radius, 0.15, 0.5, 0.5).part(self.second, 10), -0.5),
                    0.9 * chord + 0.09,
                )
                screw = _propeller(self.propeller * self.engine, self.blades, self.second)
                parts += [
                    mirrored(moved(pod, lead + 0.085, y, z)),
                    moved(screw, lead + 0.09, y, z),
                    moved(screw, lead + 0.09, y, -z),
                ]
                continue
            low = y - 1.2 * radius - 0.012
            side = 0.95 * radius if self.engines == "eight jets" else 0.0
            jet = moved(_jet(radius, 2.3 * self.engine, self.second), lead + 0.05, low, z)
            parts += [mirrored(moved(jet, z=side))] + ([mirrored(moved(jet, z=-side))] if side else [])
            outline = [(lead + 0.08, low), (lead - 0.01, low), (lead - 0.08, y), (lead - 0.005, y)]
            parts.append(mirrored(extrusion(outline, 0.014, self.second, "z", z)))
        return parts

    def _empennage(self) -> list[Part]:
        half = self.diameter / 2
        top = self.rise * 0.85 * half
        chord, sweep = 1.4 * self.tail_chord, 20.0 if "props" in self.engines else 38.0
        height = self.fin + 0.2 * half
        high = top + 0.97 * height if self.tail == "T" else top
        tail = _plan(-0.49 + self.tail_chord, self.tail_chord, self.tail_span / 2, 0.55, 0.5 * sweep)
        fin = _rounded(_plan(-0.49 + chord, chord, height, 0.5, sweep), 0.15)
        shift = float(fin[-1, 0] - tail[0, 0]) + 0.05 if self.tail == "T" else 0.0
        parts = [mirrored(_surface(tail, 0.1, self.body, 0.0, (shift, high, 0)))]
        if self.tail != "twin":
            return [*parts, _surface(fin, 0.1, self.body, 90.0, (0, top, 0))]
        plan = _rounded(_plan(0.05, self.tail_chord, 0.5 * height, 0.6, 12.0), 0.7)
        ends = [
            _surface(plan, 0.1, self.body, side, (tail[1, 0], top, 0.98 * self.tail_span / 2)) for side in (90.0, -90.0)
        ]
        return [*parts, mirrored(joined(ends))]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Glider(Program):
    """A glider, or a drone with a pusher propeller: long narrow wings and a body that thins to a boom."""

    tail: str = one_of("T", "low", "V", shares=(3, 1, 2))
    engine: str = one_of("none", "pusher", shares=(2, 1))
    tips: str = one_of("rounded", "square")
    span: float = uniform(1.7, 2.5)  # shares of the fuselage's length, as all lengths
    chord: float = uniform(0.10, 0.15)
    taper: float = uniform(0.35, 0.65)
    dihedral: float = uniform(2.0, 5.0)  # degrees
    wing_place: float = uniform(0.25, 0.36)  # from the nose to the wing's leading edge
    width: float = uniform(0.075, 0.11)
    tallness: float = uniform(1.1, 1.4)  # height over width
    boom: float = uniform(0.18, 0.32)  # section at the tail, of the full one
    tail_span: float = uniform(0.35, 0.5)
    fin: float = uniform(0.15, 0.2)
    body: Paint = colour("white", "white", "grey", "yellow", "red", "light blue")

    def parts(self) -> list[Part]:
        tall = self.width * self.tallness / 2
        body = Fuselage(self.width, 2 * tall, 0.25, 0.6, 0.55, 0.15, 0.2, self.boom).part(self.body)
        if self.engine == "none":
            body = _where(body, lambda x, y, z: (x > 0.2) & (x < 0.47) & (y > 0.2 * tall), GLASS)
        rows = _plan(0.5 - self.wing_place, self.chord, self.span / 2, self.taper, 1.5)
        rows = _rounded(rows, 0.15) if self.tips == "rounded" else rows
        parts = [body, mirrored(_surface(rows, 0.12, self.body, self.dihedral, (0, 0.5 * tall, 0)))]
        plan, level = _plan(-0.39, 0.10, self.tail_span / 2, 0.6, 8.0), 0.2 * tall
        if self.tail == "V":
            parts.append(mirrored(_surface(plan, 0.09, self.body, 40.0, (0, level, 0))))
        else:
            high = level + 0.96 * self.fin if self.tail == "T" else level
            parts.append(mirrored(_surface(plan, 0.09, self.body, 0.0, (-0.04 if self.tail == "T" else 0.0, high, 0))))
            parts.append(_surface(_plan(-0.36, 0.14, self.fin, 0.65, 20.0), 0.09, self.body, 90.0, (0, level, 0)))
        if self.engine == "pusher":
            parts.append(moved(scaled(_propeller(0.11, 3, self.body), x=-1), -0.51, 0.2 * tall * (1 - self.boom)))
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlyingWing(Program):
    """A stealth bomber or drone without a fuselage: one swept wing with a jagged trailing edge and a flat hump."""

    edge: str = one_of("W", "V", "delta")  # the shape of the trailing edge
    fins: str = one_of("none", "pair", shares=(2, 1))
    gear: str = one_of("up", "down", shares=(3, 1))
    sweep: float = uniform(32.0, 46.0)  # degrees; lengths are shares of the span
    root: float = uniform(0.32, 0.42)  # chord in the middle
    tip: float = uniform(0.03, 0.09)  # chord at the tip
    notch: float = uniform(0.03, 0.07)  # depth of the trailing edge's notches
    thickness: float = uniform(0.10, 0.17)  # in the middle, of the chord
    hump: float = uniform(0.22, 0.34)  # length of the hump
    hump_width: float = uniform(0.08, 0.14)
    intake: float = uniform(0.05, 0.10)  # from the middle to the intakes
    body: Paint = colour("dark grey", "black", "grey", "steel", "navy")

    def parts(self) -> list[Part]:
        out = np.array([0.0, 0.08, 0.17, 0.27, 0.5])
        lead = -out * np.tan(np.radians(self.sweep))
        end = {
            "W": [-self.root, self.notch - self.root, -self.root, self.notch * 1.2 - self.root, lead[-1] - self.tip],
            "V": [-self.root, *(-self.root - (self.tip - self.root - lead[-1]) * out[1:4] * 2), lead[-1] - self.tip],
            "delta": np.minimum(-self.root - 0 * out, lead - self.tip).tolist(),
        }[self.edge]
        chord = np.maximum(lead - np.array(end), self.tip)
        parts = [mirrored(_surface(np.stack([lead, out, chord], -1), self.thickness, self.body))]
        high = 0.5 * self.thickness * self.root
        glass = _where(
            cushion((self.hump, 1.5 * high, self.hump_width), (-0.48 * self.root, 0.75 * high, 0), self.body, 0.9, 8),
            lambda x, y, z: (x > -0.48 * self.root + 0.22 * self.hump) & (y > high), GLASS,
        )  # fmt: skip
        duct = cushion((0.6 * self.hump, high, 0.05), (-0.55 * self.root, 0.7 * high, self.intake), self.body, 0.7, 6)
        parts += [glass, mirrored(duct)]
        if self.fins == "pair":
            plan = _plan(-0.72 * self.root, 0.22 * self.root, 0.09, 0.5, 45.0)
            parts.append(mirrored(_surface(plan, 0.07, self.body, 62.0, (0, 0.2 * high, 0.03 + 0.5 * self.intake))))
        if self.gear == "down":
            legs = [mirrored(_leg((-0.62 * self.root, 0, 0.08), -0.085, 0.014, self.body))]
            parts += [*legs, _leg((-0.2 * self.root, 0, 0), -0.085, 0.012, self.body)]
        return parts


PROGRAMS = {Airliner: 48, Fighter: 27, PropellerPlane: 13, Transport: 8, Glider: 2, FlyingWing: 2}
"""Programs of the class, each with its share."""
