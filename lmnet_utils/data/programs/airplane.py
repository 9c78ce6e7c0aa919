"""Programs of airplanes: airliners and fighters here, the other kinds in :mod:`.airplane_others`."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.airplane_others import FlyingWing, Glider, PropellerPlane, Transport
from lmnet_utils.data.programs.airplane_parts import (
    DARK,
    GLASS,
    Fuselage,
    Paint,
    external_store,
    landing_leg,
    nacelle,
    planform,
    wing_surface,
)
from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
    cushion,
    extrusion,
    lathe,
    loft,
    mirrored,
    moved,
    recoloured,
    rounded_rectangle,
)


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
        body = recoloured(body, lambda x, y, z: (x > glass_end) & (x < 0.5 - 0.012) & (y > 0.12 * tall), GLASS)
        if self.livery == "stripe":
            body = recoloured(body, lambda x, y, z: (abs(y) < 0.25 * tall) & (x < 0.44), self.accent)
        elif self.livery == "belly":
            body = recoloured(body, lambda x, y, z: y < -0.35 * tall, self.metal)
        elif self.livery == "plain":
            body = recoloured(body, lambda x, y, z: x < -0.32, self.accent)
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
        wing = wing_surface(rows, 0.12, self.metal, self.dihedral, (0, self._wing_root(0)[1], 0))
        lead, y, z, chord = self._at(0.995)
        parts = [mirrored(wing)]
        if self.tips != "plain":
            height = 0.045 if self.tips == "winglets" else 0.025
            plan = planform(lead - 0.1 * chord, 0.85 * chord, height, 0.4, 50.0)
            parts.append(mirrored(wing_surface(plan, 0.08, self.accent, 72.0, (0, y, z))))
            if self.tips == "fences":
                parts.append(mirrored(wing_surface(plan, 0.08, self.accent, -85.0, (0, y, z))))
        flap = external_store(0.13 * self.span * 0.8, 0.007, self.metal, False)
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
        plan = planform(lead, chord, height, 0.38, sweep)
        fin = wing_surface(plan, 0.10, self.accent, 90.0, (0, top, 0))
        tee = self.engines == "tail"
        y = top + 0.97 * height if tee else 0.45 * tall
        x = plan[1, 0] + 0.02 if tee else -0.475 + self.tail_chord
        span = self.tail_span / 2 * (0.85 if tee else 1.0)
        tail = wing_surface(
            planform(x, self.tail_chord, span, 0.4, self.sweep + 4), 0.1, self.metal, 0 if tee else 6, (0, y, 0)
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
            return [mirrored(moved(nacelle(radius, length, self.metal), *place)), mirrored(stub)]
        for share in (0.30, 0.60) if self.engines == "four" else (0.33,):
            size = 0.85 if self.engines == "four" else 1.0
            lead, y, z, _ = self._at(share)
            low = y - size * radius * 1.15 - 0.008
            parts.append(
                mirrored(moved(nacelle(size * radius, size * length, self.accent), lead + 0.15 * length, low, z))
            )
            outline = [
                (lead + 0.3 * length, low + 0.9 * size * radius),
                (lead - 0.4 * length, low + 0.5 * size * radius),
            ]
            outline += [(lead - 0.09, y - 0.002), (lead - 0.005, y + 0.004)]
            parts.append(mirrored(extrusion(outline, 0.012, self.metal, "z", z)))
        if self.engines == "three":
            parts.append(moved(nacelle(radius, 2.2 * length, self.metal), -0.40, tall * 0.75 + 1.3 * radius))
        return parts

    def _gear(self, tall: float) -> list[Part]:
        if self.gear == "up":
            return []
        _, y, z, _ = self._at(0.33)
        low = y - self.engine * 1.3 if self.engines in ("two", "four", "three") else -tall
        ground = min(low - 0.015, -tall - 0.045)
        wheel = 0.016
        nose = mirrored(
            landing_leg((0.5 - 0.8 * self.nose * self.diameter, -0.6 * tall, 0.008), ground, wheel, self.metal)
        )
        x, y, _, chord = self._at(0.15)
        main = landing_leg((x - 0.62 * chord, y, 0.075 * self.span), ground, wheel * 1.25, self.metal)
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
        if self.intakes == "nose":
            shape = shape._replace(sharpness=0.5, droop=0.0)
        body = recoloured(shape.part(self.body), lambda x, y, z: x > 0.43, self.second)
        parts = [body, self._open_nose(half)] if self.intakes == "nose" else [body]
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
        """The lip of an intake round the fuselage's tip, with a cone in it."""
        rows = [
            (0, 0.53),
            (0.3, 0.49),
            (0.3, 0.46),
            (0.55, 0.46),
            (0.62, 0.51),
            (0.72, 0.47),
            (0.92, 0.39),
            (0.6, 0.37),
        ]
        lip = lathe(np.array(rows) * (half, 1), self.body, 16, "x")
        return recoloured(lip, lambda x, y, z: (x < 0.49) & (x > 0.455) & (np.hypot(y, z) < 0.5 * half), DARK)

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
        nozzle = recoloured(
            lathe(rows, (0.35, 0.34, 0.33), 14, "x"), lambda x, y, z: np.hypot(y, z) < 0.6 * radius, DARK
        )
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
        duct = loft(np.array(rows), self.body)
        return recoloured(duct, lambda x, y, z: (x > start - 0.025) & (np.hypot(y, z) < 0.3 * min(height, width)), DARK)

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
        wing = wing_surface(planform(lead, chord, semi, taper, sweep), 0.055, self.body, self.dihedral, (0, y, 0))
        parts = [mirrored(wing)]
        if self.strake > 0.05:
            rows = [(lead + self.strake, 0.3 * self.width, 0.9 * chord), (lead - 0.1, 0.3 * semi, 0.4 * chord)]
            rows.insert(1, (lead + 0.4 * self.strake, self.width * 0.75, 0.8 * chord))
            parts.append(mirrored(wing_surface(rows, 0.03, self.body, self.dihedral, (0, y, 0))))
        if self.foreplane == "canards":
            x = min(lead + 0.13 + 0.5 * self.strake, 0.27)
            plan = planform(x, 0.13, 0.28 * self.span, 0.3, 48.0)
            parts.append(mirrored(wing_surface(plan, 0.05, self.body, 4.0, (0, y + 0.3 * tall, 0))))
        if self.stores == "none":
            return parts
        for share in (0.98, 0.7, 0.45):
            tank = share == 0.45 and self.stores == "missiles and tanks"
            store = (
                external_store(0.24, 0.018, self.second, False)
                if tank
                else external_store(0.16, 0.008, (0.8, 0.8, 0.78), True)
            )
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
        plan = planform(-0.46 + chord + 0.02 * self.fins, chord, self.fin + 0.6 * tall, 0.35, self.fin_sweep)
        if self.fins == 1:
            parts = [
                wing_surface(
                    planform(-0.42 + chord, chord, 1.15 * self.fin + 0.6 * tall, 0.35, self.fin_sweep),
                    0.06,
                    self.body,
                    90.0,
                    (0, 0.4 * tall, 0),
                )
            ]
        else:
            base = half * (1.1 if self.jets == 1 else 1.7)
            parts = [mirrored(wing_surface(plan, 0.06, self.body, 90.0 - self.cant, (0.04, 0.3 * tall, base)))]
            parts.append(mirrored(box((0.26, 0.8 * tall, 1.2 * half), (-0.36, 0, 0.8 * half), self.body, 0.3 * half)))
        if self.wing != "delta":
            tail = planform(-0.40 + 0.15, 0.16, self.tail_span / 2, 0.35, 44.0)
            parts.append(mirrored(wing_surface(tail, 0.05, self.body, -2.0, (-0.06, -0.05 * tall, 0))))
        return parts

    def _gear(self, tall: float) -> list[Part]:
        if self.gear == "up":
            return []
        ground = -tall - 0.085
        main = landing_leg((-0.12, -0.3 * tall, 0.5 * self.width), ground, 0.024, self.second, 0.03)
        return [landing_leg((0.22, -0.5 * tall, 0), ground, 0.019, self.second), mirrored(main)]


PROGRAMS = {Airliner: 48, Fighter: 27, PropellerPlane: 13, Transport: 8, Glider: 2, FlyingWing: 2}
"""Programs of the class, each with its share."""
