"""Programs of watercraft of navies: warships, aircraft carriers, submarines."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs import parts as kit
from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part
from lmnet_utils.data.programs.watercraft_parts import DARK, House, Hull, Paint, funnel, gun, mast, screw


@dataclasses.dataclass(frozen=True, kw_only=True)
class Warship(Program):
    """A destroyer or frigate of today, or a battleship or cruiser with turrets fore and aft."""

    kind: str = one_of("destroyer", "battleship", "stealth", shares=(5, 4, 1))
    barrels: int = one_of(1, 2, 3)  # of a battleship's turrets; others have one
    turrets: int = one_of(3, 4)
    funnels: int = one_of(1, 2)
    tower: str = one_of("tripod", "block")
    aft: str = one_of("helicopter deck", "gun")  # of a destroyer
    beam: float = uniform(0.10, 0.15)  # of the hull; all lengths are shares of the hull's
    depth: float = uniform(0.06, 0.09)
    bow: float = uniform(1.5, 2.2)  # fullness
    rake: float = uniform(0.03, 0.10)
    sheer: float = uniform(0.01, 0.035)
    transom: float = uniform(0.4, 0.85)
    house_front: float = uniform(0.12, 0.22)  # x of the superstructure's front
    house_back: float = uniform(-0.30, -0.18)  # x of its back
    deck_height: float = uniform(0.026, 0.04)
    slant: float = uniform(0.0, 0.6)  # of the fronts
    mast_height: float = uniform(0.10, 0.19)
    gun: float = uniform(0.045, 0.065)  # length of a turret
    funnel_height: float = uniform(0.05, 0.09)
    paint: Paint = colour("grey", "grey", "steel", "light blue", "dark grey", "olive")
    deck: Paint = colour("dark grey", "grey", "oak", "brown", "steel")
    bottom: Paint = colour("red", "dark grey", "brown", "black")

    def parts(self) -> list[Part]:
        hull = Hull(
            self.beam,
            self.depth,
            bow=self.bow,
            transom=self.transom,
            rake=self.rake,
            bow_rise=0.2,
            stern_rise=0.45,
            sheer=self.sheer,
            sheer_stern=0.0,
            form=2.8,
            bulwark=0.004,
        )
        parts = [hull.part(self.paint, self.deck, self.bottom, 0.4)]
        floor, width, rise = float(hull.deck(0.0)) - 0.006, 0.8 * self.beam, self.deck_height
        back, front = self.house_back, self.house_front
        lower = House(back, front, floor, rise + 0.006, width, slant=self.slant, slant_back=0.2, taper=0.92, round=0.15)
        bridge = House(
            front - 0.15,
            front - 0.02,
            floor + rise,
            1.4 * rise,
            0.78 * width,
            slant=self.slant,
            slant_back=0.1,
            taper=0.9,
            round=0.25,
            decks=2,
        )
        rear = House(
            back + 0.02,
            back + 0.12,
            floor + rise,
            0.8 * rise,
            0.7 * width,
            slant=0.2,
            slant_back=0.1,
            taper=0.9,
            round=0.1,
        )
        parts += [
            shape.part(self.paint, self.paint if shape is not bridge else DARK) for shape in (lower, bridge, rear)
        ]
        level = floor + rise
        parts += self._mast(front - 0.09, level + 1.3 * rise, 1.0)
        parts += self._mast(back + 0.08, level + 0.7 * rise, 0.65)
        gap = front - 0.17 - (back + 0.13)
        for i in range(self.funnels):
            x = back + 0.13 + gap * (i + 0.5) / self.funnels + 0.01
            length = min(0.05, 0.7 * gap / self.funnels)
            if self.kind == "battleship":
                parts.append(funnel((x, level - 0.006, 0), self.funnel_height, length, 0.4 * width, self.paint))
            else:
                block = House(
                    x - length * 0.6,
                    x + length * 0.6,
                    level - 0.003,
                    0.7 * self.funnel_height,
                    0.45 * width,
                    slant=0.3,
                    slant_back=0.2,
                    taper=0.75,
                    round=0.1,
                )
                parts.append(block.part(self.paint, self.paint))
        parts += self._boats(level, width)
        return [*parts, *(self._battery(hull) if self.kind == "battleship" else self._weapons(hull))]

    def _boats(self, level: float, width: float) -> list[Part]:
        boat = kit.cushion((0.045, 0.014, 0.015), (-0.02, level + 0.006, 0.4 * width), self.deck, 0.8, 4)
        side = kit.cushion((0.018, 0.02, 0.018), (0.06, level + 0.008, 0.41 * width), self.paint, 0.8, 4)
        return [kit.mirrored(kit.joined(boat, side))]

    def _mast(self, x: float, foot: float, scale: float) -> list[Part]:
        height, paint = self.mast_height * scale, self.paint
        if self.kind == "stealth" or (self.tower == "block" and scale == 1.0):
            tower = House(
                x - 0.022,
                x + 0.022,
                foot - 0.01,
                0.7 * height,
                0.045,
                slant=0.12,
                slant_back=0.1,
                taper=0.55,
                round=0.1,
                decks=2,
            ).part(paint, paint)
            return [tower, mast((x - 0.005, foot + 0.6 * height, 0), 0.4 * height, 0.003, paint)]
        top = (x - 0.012, foot + 0.75 * height, 0)
        legs = [
            kit.rod((x + dx, foot - 0.008, z), top, 0.003, paint, 5)
            for dx, z in ((0.012, 0), (-0.03, 0.016), (-0.03, -0.016))
        ]
        yards = [
            kit.rod((x - 0.012, foot + s * height, -w), (x - 0.012, foot + s * height, w), 0.002, paint, 4)
            for s, w in ((0.6, 0.035), (0.8, 0.025))
        ]
        radar = kit.box((0.006, 0.018, 0.04), (x, foot + 0.72 * height, 0), paint)
        return [
            *legs,
            *yards,
            radar,
            mast(top, 0.3 * height, 0.002, paint),
            kit.box((0.028, 0.004, 0.028), (x - 0.01, foot + 0.5 * height, 0), paint),
        ]

    def _battery(self, hull: Hull) -> list[Part]:
        size, barrels = self.gun * 1.15, max(self.barrels, 2)
        parts = []
        step = 1.45 * size
        front, back = self.house_front + 0.85 * size, self.house_back - 0.85 * size
        spots = [
            (front + step, 0.0, True),
            (front, 0.5 * size, True),
            (back - step, 0.0, False),
            (back, 0.5 * size, False),
        ]
        for x, lift, ahead in spots if self.turrets == 4 else [*spots[:2], spots[3]]:
            deck = float(hull.deck(x)) - 0.004
            if lift:
                parts.append(
                    kit.moved(kit.lathe([(0.42 * size, 0), (0.42 * size, lift + 0.004)], self.paint, 12), x, deck)
                )
            parts.append(gun((x, deck + lift, 0), size, barrels, ahead, self.paint))
        side = gun((0, 0, 0), 0.4 * size, 2, True, self.paint)
        level = float(hull.deck(0)) + self.deck_height
        places = [(x, level, 0.36 * self.beam) for x in (-0.14, -0.07, 0.11)]
        parts.append(
            kit.mirrored(
                kit.array(side, [p for p in places if self.house_back + 0.03 < p[0] < self.house_front - 0.03])
            )
        )
        return parts

    def _weapons(self, hull: Hull) -> list[Part]:
        x = self.house_front + 0.11
        parts = [gun((x, float(hull.deck(x)) - 0.004, 0), 0.75 * self.gun, 1, True, self.paint)]
        cells = kit.box(
            (0.05, 0.012, 0.4 * self.beam), (self.house_front + 0.045, float(hull.deck(0.2)) + 0.002, 0), self.deck
        )
        parts.append(cells)
        tail = self.house_back - 0.09
        if self.aft == "gun":
            parts.append(gun((tail, float(hull.deck(tail)) - 0.004, 0), 0.75 * self.gun, 1, False, self.paint))
        else:
            mark = kit.tube(
                np.insert(kit.arc(0.35 * self.beam, 0, 345, 23), 1, float(hull.deck(tail)) + 0.002, axis=1),
                0.002,
                (0.85, 0.85, 0.85),
                3,
                closed=True,
            )
            parts.append(kit.moved(mark, tail))
        tube = kit.rod((-0.012, 0.02, -0.4 * self.beam), (0.012, 0.032, 0.4 * self.beam), 0.007, self.deck, 6)
        parts.append(kit.moved(tube, 0.0, float(hull.deck(0)) + self.deck_height - 0.012))
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class AircraftCarrier(Program):
    """An aircraft carrier: a wide flight deck, mostly with an angled part, an island to starboard, airplanes."""

    deck_shape: str = one_of("angled", "straight", shares=(3, 1))
    ramp: str = one_of("flat", "ramp", shares=(2, 1))
    planes: int = one_of(0, 5, 9)
    island_funnel: str = one_of("none", "funnel")
    beam: float = uniform(0.12, 0.15)  # of the hull; all lengths are shares of the hull's
    depth: float = uniform(0.06, 0.085)
    bow: float = uniform(2.0, 3.0)  # fullness
    rake: float = uniform(0.04, 0.09)
    width: float = uniform(0.20, 0.25)  # of the flight deck
    nose: float = uniform(0.45, 0.75)  # width of its front, of its own
    island: float = uniform(0.08, 0.16)  # length
    island_place: float = uniform(-0.18, 0.08)  # x
    island_height: float = uniform(0.05, 0.09)
    mast_height: float = uniform(0.05, 0.09)
    paint: Paint = colour("grey", "grey", "steel", "light blue", "dark grey")
    deck: Paint = colour("dark grey", "grey", "black", "brown")
    bottom: Paint = colour("red", "dark grey", "black")

    def parts(self) -> list[Part]:
        hull = Hull(
            self.beam,
            self.depth,
            bow=self.bow,
            transom=0.8,
            rake=self.rake,
            bow_rise=0.2,
            stern_rise=0.4,
            sheer=0.0,
            sheer_stern=0.0,
            form=3.5,
            bulwark=0.004,
        )
        half, level = self.width / 2, self.depth + 0.014
        port = -half if self.deck_shape == "angled" else -0.8 * half
        outline = [
            (0.8 * half, -0.5),
            (0.8 * half, -0.3),
            (0.95 * half, -0.22),
            (0.95 * half, 0.2),
            (0.75 * half, 0.28),
        ]
        outline += [
            (self.nose * half, 0.5),
            (-self.nose * half, 0.5),
            (-self.nose * half, 0.26),
            (port, 0.14),
            (port, -0.25),
            (-0.72 * half, -0.45),
            (-0.72 * half, -0.5),
        ]
        slab = kit.moved(kit.extrusion(outline, 0.016, self.deck, "y"), y=level)
        skirt = kit.loft(np.array([
            [(x, self.depth - 0.02, -w), (x, level, -1.35 * w), (x, level, 1.35 * w), (x, self.depth - 0.02, w)]
            for x, w in ((-0.48, 0.4 * self.beam), (-0.3, 0.5 * self.beam), (0.2, 0.48 * self.beam), (0.4, 0.25 * self.beam))
        ]), self.paint)  # fmt: skip
        parts = [hull.part(self.paint, self.deck, self.bottom, 0.4), slab, skirt]
        if self.ramp == "ramp":
            wide = 0.95 * self.nose * half
            side = [(0.34, level), (0.51, level), (0.51, level + 0.026), (0.42, level + 0.010)]
            parts.append(kit.extrusion(side, 2 * wide, self.deck))
        top = level + 0.007
        return [*parts, *self._island(top), *self._airplanes(top)]

    def _island(self, top: float) -> list[Part]:
        x, half = self.island_place, self.width / 2
        length, high = self.island, self.island_height
        island = House(
            x - length / 2,
            x + length / 2,
            top,
            0.65 * high,
            0.3 * half,
            slant=0.1,
            slant_back=0.1,
            taper=0.95,
            round=0.1,
            decks=2,
        )
        bridge = House(
            x - 0.2 * length,
            x + 0.35 * length,
            top + 0.65 * high,
            0.35 * high,
            0.26 * half,
            slant=0.1,
            slant_back=0.1,
            taper=0.95,
            round=0.2,
        )
        tower = [
            island.part(self.paint),
            bridge.part(self.paint),
            mast((x, top + 0.95 * high, 0), self.mast_height, 0.004, self.paint),
        ]
        tower.append(kit.box((0.004, 0.02, 0.04), (x + 0.012, top + high + 0.4 * self.mast_height, 0), self.paint))
        tower.append(
            kit.rod(
                (x, top + high + 0.4 * self.mast_height, 0),
                (x + 0.012, top + high + 0.4 * self.mast_height, 0),
                0.003,
                self.paint,
                4,
            )
        )
        if self.island_funnel == "funnel":
            tower.append(
                funnel((x - 0.33 * length, top + 0.6 * high, 0), 0.4 * high, 0.25 * length, 0.2 * half, self.paint)
            )
        return [kit.moved(part, z=0.76 * half) for part in tower]

    def _airplanes(self, top: float) -> list[Part]:
        shape = [
            (0.028, 0),
            (-0.004, 0.004),
            (-0.014, 0.02),
            (-0.018, 0.02),
            (-0.014, 0.004),
            (-0.026, 0.01),
            (-0.026, -0.01),
        ]
        shape += [(-0.014, -0.004), (-0.018, -0.02), (-0.014, -0.02), (-0.004, -0.004)]
        plane = kit.extrusion(np.array(shape)[:, ::-1], 0.007, (0.62, 0.64, 0.66), "y")
        fin = kit.extrusion([(-0.014, 0), (-0.026, 0), (-0.026, 0.014), (-0.022, 0.014)], 0.003, (0.62, 0.64, 0.66))
        half, parts = self.width / 2, []
        for i in range(self.planes):
            jet = kit.turned(kit.joined(plane, fin), "y", 20 if i % 2 else -35)
            parts.append(
                kit.moved(
                    jet,
                    -0.44 + 0.055 * i + (0.35 if i > 5 else 0.0),
                    top + 0.006,
                    (0.5 if i % 3 else -0.5) * half if i < 4 else -0.35 * half,
                )
            )
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class Submarine(Program):
    """A submarine: a cigar with a sail, planes and a screw; older ones have a flat deck and a gun."""

    era: str = one_of("modern", "old", shares=(3, 2))
    planes: str = one_of("on the sail", "at the bow")
    tail: str = one_of("cross", "X")
    masts: int = one_of(0, 1, 2, 3)
    diameter: float = uniform(0.085, 0.125)  # of the hull; all lengths are shares of the hull's
    nose: float = uniform(0.08, 0.16)  # length of the rounded bow
    taper: float = uniform(0.2, 0.38)  # length of the tapering stern
    sail_place: float = uniform(0.08, 0.24)  # x of its front
    sail_length: float = uniform(0.09, 0.16)
    sail_height: float = uniform(0.05, 0.09)
    sail_width: float = uniform(0.25, 0.4)  # of the diameter
    deck: float = uniform(0.3, 0.5)  # width of an old one's deck, of the diameter
    fin: float = uniform(0.045, 0.075)
    hull: Paint = colour("black", "dark grey", "grey", "navy", "steel", "yellow", "olive")
    bottom: Paint = colour("dark grey", "red", "black", "brown")

    def parts(self) -> list[Part]:
        radius = self.diameter / 2
        ahead, behind = np.linspace(0, 1, 8), np.linspace(0, 1, 8)
        nose = np.stack([radius * np.sqrt(1 - (1 - ahead) ** 2), 0.5 - self.nose * ahead], axis=-1)
        tail = np.stack([radius * (1 - 0.92 * behind**1.8), -0.5 + self.taper * (1 - behind)], axis=-1)
        body = kit.lathe(np.concatenate([nose, tail, [[0, -0.505]]]), self.hull, 18, "x")
        low = body.vertices[body.faces].mean(axis=1)[:, 1] < -0.3 * radius
        parts = [body._replace(colours=np.where(low[:, None], np.array(self.bottom), body.colours))]
        x, height, wide = self.sail_place, self.sail_height, self.sail_width * self.diameter
        outline = kit.oval(self.sail_length, wide, 0.0, 16)
        base = 0.9 * radius
        rows = [np.stack([x - self.sail_length / 2 + s * outline[:, 0], base + h + 0 * outline[:, 0], s * outline[:, 1]], axis=-1)
                for h, s in ((0, 1.0), (0.1 * radius + height, 0.94))]  # fmt: skip
        parts.append(kit.loft(np.array(rows), self.hull))
        for i in range(self.masts):
            place = (x - self.sail_length * (0.3 + 0.17 * i), base + height - 0.005, 0)
            parts.append(kit.rod(place, np.array(place) + (0, 0.035 + 0.012 * i, 0), 0.004, self.hull, 6))
        plane = kit.box(
            (0.035, 0.006, 0.05 + wide),
            (x - 0.4 * self.sail_length, base + 0.6 * height, (0.05 + wide) / 2),
            self.hull,
            0.002,
        )
        bow = kit.box((0.035, 0.006, radius + 0.04), (0.36, 0.0, (radius + 0.04) / 2), self.hull, 0.002)
        parts.append(kit.mirrored(plane if self.planes == "on the sail" else bow))
        parts += self._stern(radius)
        if self.era == "old":
            deck = House(
                -0.42,
                0.485,
                0.7 * radius,
                0.42 * radius,
                self.deck * self.diameter,
                slant=0.2,
                slant_back=0.2,
                taper=0.9,
                round=0.4,
            ).part(self.hull, self.hull)
            gun_ = gun((x + 0.07, 1.1 * radius, 0), 0.025, 1, True, self.bottom)
            rail = kit.rod((0.47, 1.1 * radius, 0), (x - 0.01, base + height, 0), 0.0015, self.hull, 3)
            parts += [deck, gun_, rail]
        return parts

    def _stern(self, radius: float) -> list[Part]:
        reach = self.fin + 0.4 * radius
        fin = kit.extrusion([(-0.47, 0), (-0.40, 0), (-0.43, reach), (-0.47, reach)], 0.007, self.hull)
        fins = kit.ring(fin, 4, "x", 45 if self.tail == "X" else 0)
        return [fins, screw((-0.515, 0, 0), 0.55 * radius, (0.65, 0.5, 0.3))]
