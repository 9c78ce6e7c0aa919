"""Programs of airplanes beside airliners and fighters: propeller planes and biplanes, transports and bombers, gliders,
flying wings."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.airplane_parts import (
    DARK,
    GLASS,
    Fuselage,
    Paint,
    landing_leg,
    nacelle,
    planform,
    propeller,
    rounded_tip,
    wing_surface,
)
from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    bar,
    box,
    cushion,
    extrusion,
    joined,
    lathe,
    mirrored,
    moved,
    recoloured,
    rod,
    scaled,
    turned,
)


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
        screw = propeller(self.propeller, self.blades, self.wings)
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
            return [recoloured(cabin, lambda a, b, c: (b > 0.8 * tall) & (b < 1.15 * tall), GLASS)]
        if self.cockpit == "open" or (self.wing == "biplane" and self.cockpit == "cabin"):
            seat = cushion((0.10, 0.5 * tall, 1.2 * half), (x - 0.10, 0.9 * tall, 0), DARK, 0.8, 6)
            return [
                seat,
                turned(box((0.006, 0.07, half), (x - 0.04, tall + 0.02, 0), GLASS), "z", 25, (x - 0.04, tall, 0)),
            ]
        size = (0.24, 1.3 * tall, 1.5 * half) if self.cockpit == "bubble" else (0.34, 1.15 * tall, 1.7 * half)
        return [cushion(size, (x - 0.05, 0.75 * tall, 0), GLASS, 0.85, 8)]

    def _panel(self, lead: float, level: float, share: float = 1.0) -> Part:
        rows = planform(
            lead, self.chord, share * self.span / 2, 1.0 if self.wing == "biplane" else self.taper, self.sweep
        )
        rows = (
            rows
            if self.plan == "tapered"
            else rounded_tip(rows, 0.22, self.plan == "elliptical" and self.wing == "low")
        )
        bend = self.dihedral * (0.4 if self.wing != "low" else 1.0)
        return mirrored(wing_surface(rows, 0.11, self.wings, bend, (0, level, 0)))

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
        tail = rounded_tip(planform(-0.5 + 1.1 * self.tail_chord, self.tail_chord, self.tail_span / 2, 0.65, 8.0), 0.4)
        fin = rounded_tip(
            planform(-0.5 + 1.2 * self.tail_chord, 1.25 * self.tail_chord, self.fin + 0.3 * tall, 0.55, 24.0), 0.4
        )
        parts = [mirrored(wing_surface(tail, 0.08, self.wings, 0.0, (0, rise, 0)))]
        return [*parts, wing_surface(fin, 0.08, self.wings, 90.0, (0, rise, 0))]

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
            main = landing_leg((lead - 0.25 * self.chord, top, z), ground, 0.036, self.body)
        else:
            main = landing_leg(
                (lead - 0.25 * self.chord, top, 0.35 * self.width), ground, 0.036, self.body, z - 0.3 * self.width
            )
        if self.gear == "nose wheel":
            return [
                mirrored(moved(main, -0.4 * self.chord)),
                landing_leg((0.40, -0.5 * tall, 0), ground, 0.03, self.body),
            ]
        return [mirrored(main), landing_leg((-0.44, 0.2 * tall, 0), -0.35 * tall - 0.02, 0.016, self.body)]


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
        body = recoloured(shape.part(self.body), lambda x, y, z: (x > start) & (x < 0.49) & (y > 0.2 * half), GLASS)
        parts = [body, *self._wings(), *self._engines(), *self._empennage()]
        pods = cushion((0.22, half, 0.6 * half), (0.02, -0.7 * half, 0.9 * half), self.body, 0.6, 6)
        if self.wing == "high":
            parts.append(mirrored(pods))
        if self.gear == "down":
            ground = -half - 0.045
            main = landing_leg((0.0, -0.5 * half, 0.95 * half), ground, 0.022, self.second)
            pair = array(main, [(0.03, 0, 0), (-0.03, 0, 0)])
            parts += [mirrored(pair), mirrored(landing_leg((0.38, -0.5 * half, 0.01), ground, 0.018, self.second))]
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
        wing = mirrored(wing_surface(rounded_tip(rows, 0.08), 0.13, self.body, bend, (0, self._at(0)[1], 0)))
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
                screw = propeller(self.propeller * self.engine, self.blades, self.second)
                parts += [
                    mirrored(moved(pod, lead + 0.085, y, z)),
                    moved(screw, lead + 0.09, y, z),
                    moved(screw, lead + 0.09, y, -z),
                ]
                continue
            low = y - 1.2 * radius - 0.012
            side = 0.95 * radius if self.engines == "eight jets" else 0.0
            jet = moved(nacelle(radius, 2.3 * self.engine, self.second), lead + 0.05, low, z)
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
        tail = planform(-0.49 + self.tail_chord, self.tail_chord, self.tail_span / 2, 0.55, 0.5 * sweep)
        fin = rounded_tip(planform(-0.49 + chord, chord, height, 0.5, sweep), 0.15)
        shift = float(fin[-1, 0] - tail[0, 0]) + 0.05 if self.tail == "T" else 0.0
        parts = [mirrored(wing_surface(tail, 0.1, self.body, 0.0, (shift, high, 0)))]
        if self.tail != "twin":
            return [*parts, wing_surface(fin, 0.1, self.body, 90.0, (0, top, 0))]
        plan = rounded_tip(planform(0.05, self.tail_chord, 0.5 * height, 0.6, 12.0), 0.7)
        ends = [
            wing_surface(plan, 0.1, self.body, side, (tail[1, 0], top, 0.98 * self.tail_span / 2))
            for side in (90.0, -90.0)
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
            body = recoloured(body, lambda x, y, z: (x > 0.2) & (x < 0.47) & (y > 0.2 * tall), GLASS)
        rows = planform(0.5 - self.wing_place, self.chord, self.span / 2, self.taper, 1.5)
        rows = rounded_tip(rows, 0.15) if self.tips == "rounded" else rows
        parts = [body, mirrored(wing_surface(rows, 0.12, self.body, self.dihedral, (0, 0.5 * tall, 0)))]
        plan, level = planform(-0.39, 0.10, self.tail_span / 2, 0.6, 8.0), 0.2 * tall
        if self.tail == "V":
            parts.append(mirrored(wing_surface(plan, 0.09, self.body, 40.0, (0, level, 0))))
        else:
            high = level + 0.96 * self.fin if self.tail == "T" else level
            parts.append(
                mirrored(wing_surface(plan, 0.09, self.body, 0.0, (-0.04 if self.tail == "T" else 0.0, high, 0)))
            )
            parts.append(
                wing_surface(planform(-0.36, 0.14, self.fin, 0.65, 20.0), 0.09, self.body, 90.0, (0, level, 0))
            )
        if self.engine == "pusher":
            parts.append(moved(scaled(propeller(0.11, 3, self.body), x=-1), -0.51, 0.2 * tall * (1 - self.boom)))
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
        parts = [mirrored(wing_surface(np.stack([lead, out, chord], -1), self.thickness, self.body))]
        high = 0.5 * self.thickness * self.root
        glass = recoloured(
            cushion((self.hump, 1.5 * high, self.hump_width), (-0.48 * self.root, 0.75 * high, 0), self.body, 0.9, 8),
            lambda x, y, z: (x > -0.48 * self.root + 0.22 * self.hump) & (y > high), GLASS,
        )  # fmt: skip
        duct = cushion((0.6 * self.hump, high, 0.05), (-0.55 * self.root, 0.7 * high, self.intake), self.body, 0.7, 6)
        parts += [glass, mirrored(duct)]
        if self.fins == "pair":
            plan = planform(-0.72 * self.root, 0.22 * self.root, 0.09, 0.5, 45.0)
            parts.append(mirrored(wing_surface(plan, 0.07, self.body, 62.0, (0, 0.2 * high, 0.03 + 0.5 * self.intake))))
        if self.gear == "down":
            legs = [mirrored(landing_leg((-0.62 * self.root, 0, 0.08), -0.085, 0.014, self.body))]
            parts += [*legs, landing_leg((-0.2 * self.root, 0, 0), -0.085, 0.012, self.body)]
        return parts
