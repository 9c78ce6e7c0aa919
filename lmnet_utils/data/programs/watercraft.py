"""Programs of watercraft: motor yachts, speed boats, work boats, rowing boats and canoes; with the ships and sails of its neighbours."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs import parts as kit
from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part
from lmnet_utils.data.programs.watercraft_kit import DARK, GLASS, House, Hull, Paint, funnel, mast, stay
from lmnet_utils.data.programs.watercraft_sails import SailingBoat, TallShip
from lmnet_utils.data.programs.watercraft_ships import AircraftCarrier, CargoShip, PassengerShip, Submarine, Warship


@dataclasses.dataclass(frozen=True, kw_only=True)
class MotorYacht(Program):
    """A cabin cruiser or a large motor yacht: one to three decks of dark windows with slanted fronts on a sharp hull."""

    decks: int = one_of(1, 2, 3, shares=(3, 3, 2))
    top: str = one_of("nothing", "arch", "hard top", "mast", shares=(1, 2, 2, 2))
    platform: str = one_of("none", "bathing", shares=(1, 2))
    tender: str = one_of("none", "tender", shares=(3, 1))
    beam: float = uniform(0.20, 0.34)  # of the hull; all lengths are shares of the hull's
    depth: float = uniform(0.11, 0.19)
    bow: float = uniform(1.6, 2.6)  # fullness
    rake: float = uniform(0.06, 0.2)
    sheer: float = uniform(0.0, 0.06)
    transom: float = uniform(0.78, 0.97)  # width at the stern, of the beam
    deck_height: float = uniform(0.055, 0.085)
    house_front: float = uniform(0.08, 0.28)  # x of the lowest deckhouse's front
    house_back: float = uniform(-0.36, -0.2)  # x of its back
    step: float = uniform(0.04, 0.12)  # by which each deckhouse is shorter, at either end
    slant: float = uniform(0.6, 2.0)  # of the fronts, of the height
    house_width: float = uniform(0.66, 0.86)  # of the beam
    taper: float = uniform(0.78, 0.95)
    hull: Paint = colour("white", "white", "white", "navy", "grey", "black", "red", "light blue")
    house: Paint = colour("white", "white", "beige", "grey")
    deck: Paint = colour("oak", "beige", "white", "grey", "cherry")
    bottom: Paint = colour("red", "navy", "black", "dark grey", "white")

    def parts(self) -> list[Part]:
        hull = Hull(self.beam, self.depth, self.bow, self.transom, self.rake, 0.45, 0.12, self.sheer, 0.0, 1.9, 0.012)
        parts = [hull.part(self.hull, self.deck, self.bottom, 0.35), hull.rail(0.0, 0.46, 0.035, (0.75, 0.76, 0.78))]
        floor = float(hull.deck(0.0)) - 0.004
        back, front, width = self.house_back, self.house_front, self.house_width * self.beam
        height, last = self.deck_height, (back, front)
        for deck in range(self.decks):
            shape = House(back, front, floor, height, width, self.slant, 0.2, self.taper, 0.38)
            parts.append(shape.part(self.house))
            last = (back, front - self.slant * height)
            roof = min(width * self.taper * 1.08, 0.95 * self.beam)
            if deck < self.decks - 1:
                slab = kit.rounded_rectangle(last[1] + 0.03 - back + 0.09, roof, 0.3 * roof, 3)[:, ::-1] + (0, 0)
                middle = (last[1] + 0.03 + back - 0.09) / 2
                parts.append(kit.moved(kit.extrusion(slab, 0.008, self.house, "y"), middle, floor + height))
            floor += height
            back, front = back + 0.6 * self.step, last[1] - 0.5 * self.step + 0.02
            front = max(front, back + 0.12)
            width, height = width * 0.9, height * 0.9
        parts += self._top(floor, *last)
        if self.platform == "bathing":
            low, wide = 0.45 * self.depth, self.transom * self.beam * 0.85
            parts.append(kit.box((0.09, 0.012, wide), (-0.53, low, 0), self.deck))
        if self.tender == "tender" and self.house_back > -0.3:
            boat = kit.cushion((0.13, 0.035, 0.05), (-0.40, float(hull.deck(-0.4)) + 0.014, 0), (0.7, 0.7, 0.7), 0.6, 6)
            parts.append(boat)
        return parts

    def _top(self, floor: float, back: float, front: float) -> list[Part]:
        middle, wide = 0.6 * back + 0.4 * front, 0.5 * self.house_width * self.beam
        screen = House(middle, max(front - 0.01, middle + 0.05), floor, 0.025, 1.2 * wide, 1.2, 0.0, 0.9, 0.4).part(self.house)
        if self.top == "nothing":
            return [screen]
        if self.top == "mast":
            radar = kit.cushion((0.035, 0.014, 0.035), (middle, floor + 0.055, 0), self.house, 0.6, 4)
            ball = kit.cushion((0.03, 0.03, 0.03), (middle - 0.02, floor + 0.04, 0.35 * wide), self.house, 1.0, 5)
            foot = kit.rod((middle - 0.02, floor - 0.01, 0.35 * wide), (middle - 0.02, floor + 0.03, 0.35 * wide), 0.006, self.house, 5)
            return [screen, mast((middle, floor - 0.01, 0), 0.13, 0.007, self.house), radar, kit.mirrored(kit.joined(ball, foot))]
        legs = [(back + 0.02, floor - 0.01, wide * 0.75), (back - 0.03, floor + 0.075, wide * 0.65)]
        bend = kit.curve([*legs, (back - 0.03, floor + 0.085, 0), *[(x, y, -z) for x, y, z in legs[::-1]]], 3)
        arch = kit.tube(bend, 0.012, self.house, 6)
        if self.top == "arch":
            return [screen, arch]
        roof = kit.cushion((front - back, 0.014, 1.5 * wide), ((front + back) / 2 - 0.02, floor + 0.083, 0), self.house, 0.4, 6)
        post = kit.rod((front - 0.02, floor, wide * 0.6), (front - 0.05, floor + 0.083, wide * 0.6), 0.005, self.house, 5)
        return [screen, arch, roof, kit.mirrored(post)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SpeedBoat(Program):
    """An open motor boat: a cockpit with seats or a console, a windscreen, outboard engines; some are inflatable."""

    kind: str = one_of("runabout", "console", "inflatable", shares=(4, 2, 1))
    engines: int = one_of(0, 1, 2, shares=(2, 3, 1))  # outboard
    seats: int = one_of(1, 2)  # rows
    roof: str = one_of("none", "bimini", shares=(4, 1))
    beam: float = uniform(0.28, 0.42)  # of the hull; all lengths are shares of the hull's
    depth: float = uniform(0.11, 0.18)
    bow: float = uniform(1.7, 2.8)  # fullness
    rake: float = uniform(0.08, 0.22)
    sheer: float = uniform(-0.02, 0.05)
    well: float = uniform(0.5, 0.72)  # end of the cockpit from the stern
    well_depth: float = uniform(0.06, 0.10)
    form: float = uniform(1.4, 2.2)  # 1 is a V
    screen: float = uniform(0.05, 0.09)  # height of the windscreen
    screen_slant: float = uniform(0.5, 1.6)
    seat: float = uniform(0.07, 0.11)
    hull: Paint = colour("white", "white", "red", "blue", "navy", "cherry", "walnut", "yellow", "grey", "black", "green")
    deck: Paint = colour("white", "beige", "cherry", "grey", "oak")
    second: Paint = colour("red", "blue", "black", "white", "beige", "brown", "navy")

    def parts(self) -> list[Part]:
        well = 0.86 if self.kind != "runabout" else self.well
        hull = Hull(self.beam, self.depth, self.bow, 0.9, self.rake, 0.5, 0.0, self.sheer, 0.0, self.form, 0.008, well, self.well_depth)
        parts = [hull.part(self.hull, self.deck, self.second, 0.45)]
        floor, wide = float(hull.deck(-0.1)), float(hull.half(-0.1)) * 2
        if self.kind == "runabout":
            x = well - 0.5
            parts.append(self._screen(x + 0.015, float(hull.top(x)) - 0.003, 0.82 * 2 * float(hull.half(x))))
            parts.append(kit.box((0.05, self.well_depth, 0.3 * wide), (x - 0.03, floor + self.well_depth / 2, -0.25 * wide), self.deck, 0.01))
        else:
            x = 0.02
            height = self.well_depth + 0.05
            parts.append(House(x - 0.07, x + 0.07, floor, height, 0.36 * wide, 0.4, 0.0, 0.9, 0.2).part(self.deck, self.second))
            parts.append(self._screen(x + 0.03, floor + height - 0.003, 0.33 * wide))
        step = 0.24 if self.kind == "runabout" else 0.2
        for row in range(self.seats):
            place = x - 0.16 - row * step
            room = 2 * float(hull.half_at(place - 0.05, floor + 0.3 * self.well_depth))
            if place > -0.43:
                parts += self._seat(place, floor, 0.34 * room, 0.23 * room)
        if self.kind == "inflatable":
            s = np.array([-0.5, -0.3, -0.1, 0.1, 0.25, 0.36, 0.44])
            radius = 0.35 * self.depth
            path = np.stack([s, hull.top(s) - 0.2 * radius, np.maximum(hull.half(s), 0.02)], axis=-1)
            tip = [(0.50, float(hull.top(0.5)), 0.0)]
            bend = kit.curve(np.concatenate([path, tip, path[::-1] * (1, 1, -1)]), 2)
            parts.append(kit.tube(bend, radius, self.second, 10))
        for i in range(self.engines):
            z = (i - (self.engines - 1) / 2) * 0.3 * wide
            cowl = kit.cushion((0.09, 0.085, 0.07), (-0.545, self.depth + 0.045, z), DARK, 0.6, 6)
            parts += [cowl, kit.box((0.045, self.depth + 0.04, 0.02), (-0.54, 0.5 * self.depth, z), DARK)]
            parts.append(kit.cushion((0.09, 0.03, 0.03), (-0.55, 0.04, z), DARK, 0.9, 4))
            parts.append(kit.box((0.05, 0.025, 0.05), (-0.515, 0.93 * self.depth, z), DARK))
        if self.roof == "bimini":
            level = float(hull.top(0)) + 0.16
            parts.append(kit.cushion((0.34, 0.02, 0.85 * wide), (-0.12, level, 0), self.second, 0.5, 6))
            for a in (-0.27, 0.02):
                parts.append(kit.mirrored(kit.rod((a, float(hull.top(a)) - 0.005, 0.47 * wide), (a, level, 0.38 * wide), 0.004, (0.7, 0.7, 0.7), 5)))
        return parts

    def _screen(self, x: float, level: float, width: float) -> Part:
        bow = kit.arc(1.0, -80, 80, 8)
        foot = np.stack([x + 0.35 * width * (bow[:, 0] - 0.7), level + 0 * bow[:, 0], 0.5 * width * bow[:, 1]], axis=-1)
        head = foot * (1, 1, 0.88) + (-self.screen_slant * self.screen, self.screen, 0)
        return kit.sheet(np.stack([foot, 0.5 * (foot + head), head]), 0.006, GLASS)

    def _seat(self, x: float, floor: float, width: float, z: float) -> list[Part]:
        base = kit.box((self.seat, 0.5 * self.well_depth, width), (x, floor + 0.25 * self.well_depth, z), self.second, 0.01)
        back = kit.box((0.025, 0.6 * self.seat + 0.3 * self.well_depth, width), (x - 0.5 * self.seat, floor + 0.55 * self.well_depth, z), self.second, 0.008)
        return [kit.mirrored(kit.joined(base, back))]


@dataclasses.dataclass(frozen=True, kw_only=True)
class WorkBoat(Program):
    """A tug, a fishing boat or a small coaster: a full, high bow, a wheelhouse, a mast, gear on deck."""

    kind: str = one_of("tug", "trawler", "lobster boat", shares=(3, 3, 2))
    house_place: str = one_of("ahead", "aft")  # of a trawler's wheelhouse
    tyres: int = one_of(0, 5, 8)
    gear: str = one_of("none", "gallows", "crane")
    beam: float = uniform(0.26, 0.38)  # of the hull; all lengths are shares of the hull's
    depth: float = uniform(0.14, 0.2)
    bow: float = uniform(2.0, 3.2)  # fullness
    transom: float = uniform(0.5, 0.85)
    sheer: float = uniform(0.06, 0.13)
    sheer_stern: float = uniform(0.0, 0.04)
    rake: float = uniform(0.02, 0.12)
    bulwark: float = uniform(0.025, 0.05)
    house_length: float = uniform(0.22, 0.36)
    house_height: float = uniform(0.10, 0.15)
    bridge: float = uniform(0.07, 0.10)  # height of the wheelhouse
    house_width: float = uniform(0.5, 0.72)  # of the beam
    mast_height: float = uniform(0.16, 0.4)
    hull: Paint = colour("blue", "red", "black", "green", "navy", "white", "orange", "light blue", "dark grey")
    house: Paint = colour("white", "beige", "white", "orange", "grey", "oak")
    deck: Paint = colour("brown", "oak", "grey", "green", "red")
    bottom: Paint = colour("red", "black", "brown", "dark grey")

    def parts(self) -> list[Part]:
        shape = Hull(self.beam, self.depth, self.bow, self.transom, self.rake, 0.2, 0.45, self.sheer, self.sheer_stern, 2.6)
        hull = shape._replace(bulwark=self.bulwark)
        parts = [hull.part(self.hull, self.deck, self.bottom, 0.45)]
        middle = {"tug": 0.1, "lobster boat": 0.12, "trawler": 0.14 if self.house_place == "ahead" else -0.24}[self.kind]
        back, front = middle - self.house_length / 2, middle + self.house_length / 2
        floor, width = float(hull.deck(middle)) - 0.01, self.house_width * self.beam
        low = self.house_height * (0.7 if self.kind == "lobster boat" else 1.0)
        parts.append(House(back, front, floor, low, width, 0.1, 0.0, 0.96, 0.25).part(self.house))
        top = floor + low
        bridge = House(back + 0.25 * self.house_length, front - 0.1 * self.house_length, top, self.bridge, 0.75 * width, -0.15, 0, 1.0, 0.2)
        roof = kit.box((0.75 * self.house_length, 0.01, 0.85 * width), (middle + 0.03, top + self.bridge, 0), self.house)
        parts += [bridge.part(self.house), roof]
        high = top + self.bridge
        parts.append(mast((middle - 0.05, high - 0.01, 0), self.mast_height, 0.008, self.house))
        parts.append(kit.rod((middle - 0.05, high + 0.6 * self.mast_height, -0.06), (middle - 0.05, high + 0.6 * self.mast_height, 0.06), 0.004, self.house, 5))
        parts.append(stay((middle - 0.05, high + 0.95 * self.mast_height, 0), (0.47, float(hull.top(0.47)), 0)))
        if self.kind == "tug":
            parts.append(funnel((back + 0.02, top - 0.02, 0), 0.14, 0.07, 0.06, self.hull))
            parts.append(kit.rod((-0.2, float(hull.deck(-0.2)) - 0.01, 0), (-0.2, float(hull.deck(-0.2)) + 0.06, 0), 0.018, DARK, 8))
        parts += [*self._tyres(hull), *self._gear(hull, middle)]
        if self.kind != "lobster boat":
            parts.append(kit.box((0.05, 0.5 * self.depth, 0.012), (-0.45, 0.35 * self.depth, 0), self.bottom))
        return parts

    def _tyres(self, hull: Hull) -> list[Part]:
        if self.tyres == 0:
            return []
        tyre = kit.tube(np.concatenate([kit.arc(0.025, 0, 315, 7), np.zeros((8, 1))], axis=1), 0.009, DARK, 6, closed=True)
        places = [(x, float(hull.top(x)) - 0.035, float(hull.half(x)) + 0.004) for x in np.linspace(-0.36, 0.26, self.tyres).tolist()]
        return [kit.mirrored(kit.array(tyre, places))]

    def _gear(self, hull: Hull, middle: float) -> list[Part]:
        x = -0.36 if middle > 0 else 0.2
        floor, high, z = float(hull.deck(x)) - 0.01, self.mast_height * 0.75 + 0.08, 0.62 * float(hull.half(x))
        if self.gear == "gallows":
            frame = kit.mirrored(kit.rod((x, floor, z), (x, floor + high, 0.8 * z), 0.009, self.house, 6))
            beam = kit.rod((x, floor + high, -0.85 * z), (x, floor + high, 0.85 * z), 0.009, self.house, 6)
            drum = kit.moved(kit.lathe([(0, -1), (0.9, -1), (0.9, 1), (0, 1)], DARK, 10, "z"), 0, 0)
            return [frame, beam, kit.moved(kit.scaled(drum, 0.035, 0.035, 0.5 * z), x + 0.09, floor + 0.04)]
        if self.gear == "crane":
            boom = kit.rod((x, floor + 0.5 * high, 0), (x + (0.2 if x < 0 else 0.1), floor + 1.1 * high, 0), 0.007, self.house, 6)
            hatch = kit.box((0.12, 0.03, 1.1 * z), (x + 0.13, floor + 0.01, 0), self.house)
            return [mast((x, floor, 0), high, 0.011, self.house), boom, hatch]
        crates = kit.array(kit.box((0.06, 0.04, 0.06), (x, floor + 0.025, 0), self.deck), [(0, 0, 0.04), (0.07, 0, -0.03), (0.01, 0, -0.05)])
        return [crates]


@dataclasses.dataclass(frozen=True, kw_only=True)
class RowingBoat(Program):
    """An open boat moved by hand: a rowing boat, a canoe, a kayak or a gondola."""

    kind: str = one_of("rowing boat", "canoe", "kayak", "gondola", shares=(6, 3, 2, 1))
    oars: str = one_of("none", "out", "shipped", shares=(3, 1, 1))
    thwarts: int = one_of(2, 3)
    stern: str = one_of("transom", "pointed", shares=(3, 1))  # of a rowing boat
    ribs: int = one_of(0, 7)
    beam: float = uniform(0.30, 0.44)  # of a rowing boat's hull; all lengths are shares of the hull's
    narrow: float = uniform(0.13, 0.2)  # beam of the others
    depth: float = uniform(0.11, 0.17)
    bow: float = uniform(1.7, 2.7)  # fullness
    transom: float = uniform(0.5, 0.85)
    rake: float = uniform(0.03, 0.14)
    sheer: float = uniform(0.02, 0.09)
    sheer_stern: float = uniform(0.0, 0.05)
    form: float = uniform(1.7, 3.2)  # 2 is an ellipse
    thickness: float = uniform(0.008, 0.014)
    seat_height: float = uniform(0.55, 0.8)  # of the depth
    oar: float = uniform(0.6, 0.85)
    hull: Paint = colour("white", "blue", "red", "green", "oak", "walnut", "cherry", "yellow", "light blue", "black", "orange")
    inside: Paint = colour("oak", "birch", "cherry", "white", "beige", "grey", "light blue")

    def parts(self) -> list[Part]:
        pointed = self.kind != "rowing boat" or self.stern == "pointed"
        beam = self.beam if self.kind == "rowing boat" else self.narrow
        transom = 0.02 if pointed else self.transom
        ends = {"canoe": 0.09, "gondola": 0.16}.get(self.kind, self.sheer)
        back = ends if self.kind in ("canoe", "gondola") else self.sheer_stern
        depth = self.depth * {"kayak": 0.65, "canoe": 0.8}.get(self.kind, 1.0)
        hull = Hull(beam, depth, self.bow, transom, self.rake, 0.3, 0.45 if pointed else 0.15, ends, back, self.form, 0.004)
        if self.kind == "kayak":
            return [*self._kayak(hull), *self._paddle(hull)]
        parts = [hull.shell(self.hull, self.inside, self.thickness)]
        places = np.linspace(-0.3, 0.22, self.thwarts).tolist()
        for x in places:
            parts.append(self._board(hull, x, 0.09 if self.kind == "rowing boat" else 0.05))
        for x in np.linspace(-0.38, 0.32, self.ribs).tolist():
            parts.append(self._rib(hull, x))
        if not pointed:
            parts.append(self._transom(hull))
        if self.kind == "gondola":
            top = float(hull.top(0.5))
            iron = [(0.488, top - 0.02), (0.5, top), (0.52, top + 0.05), (0.505, top + 0.08), (0.475, top + 0.07), (0.49, top + 0.03)]
            parts.append(kit.extrusion(iron, 0.012, (0.6, 0.6, 0.62)))
        if self.oars != "none" and self.kind == "rowing boat":
            parts += self._oars(hull)
        return parts

    def _inner(self, hull: Hull, x: float, share: float) -> float:
        """Half the width inside at a share of the depth."""
        return max(float(hull.half_at(x, share * float(hull.top(x)))) - 0.8 * self.thickness, 0.004)

    def _board(self, hull: Hull, x: float, length: float) -> Part:
        rows = []
        for a in (x - length / 2, x + length / 2):
            wide, level = self._inner(hull, a, self.seat_height), self.seat_height * float(hull.top(a))
            rows.append([(a, level, -wide), (a, level, wide), (a, level - 0.014, wide), (a, level - 0.014, -wide)])
        return kit.loft(np.array(rows), self.inside)

    def _rib(self, hull: Hull, x: float) -> Part:
        levels = np.array([0.97, 0.8, 0.55, 0.3, 0.12])
        wide = np.array([self._inner(hull, x, level) for level in levels.tolist()]) - 0.003
        path = np.stack([0 * levels + x, levels * float(hull.top(x)) + 0.01, wide], axis=-1)
        return kit.tube(np.concatenate([path, path[::-1] * (1, 1, -1)]), 0.006, self.inside, 4)

    def _transom(self, hull: Hull) -> Part:
        """The board that closes the stern."""
        levels = np.array([1.0, 0.85, 0.6, 0.35, 0.2])
        wide = np.array([self._inner(hull, -0.5, level) for level in levels.tolist()]) + 0.5 * self.thickness
        side = np.stack([levels * float(hull.top(-0.5)), wide], axis=-1)
        return kit.extrusion(np.concatenate([side, side[::-1] * (1, -1)]), 0.014, self.hull, "x", -0.496)

    def _oars(self, hull: Hull) -> list[Part]:
        x = 0.0
        level, half = float(hull.top(x)) + 0.008, float(hull.half(x))
        blade = kit.box((0.035, 0.006, 0.15), (0, 0, self.oar * 0.72), self.inside)
        oar = kit.joined(kit.rod((0, 0, -0.28 * self.oar), (0, 0, 0.66 * self.oar), 0.007, self.inside, 6), blade)
        if self.oars == "out":
            oar = kit.turned(oar, "x", 12)
            return [kit.mirrored(kit.moved(oar, x, level, half))]
        oar = kit.moved(kit.turned(kit.scaled(oar, z=0.62), "y", -90), 0.16 * self.oar)
        return [kit.mirrored(kit.moved(oar, -0.05, self.seat_height * self.depth + 0.012, 0.3 * half))]

    def _kayak(self, hull: Hull) -> list[Part]:
        body = hull._replace(bow=1.8).part(self.hull, self.hull)
        level = float(hull.top(-0.05))
        rim = kit.tube(np.insert(kit.oval(0.22, 1.3 * float(hull.half(-0.05)), 0, 16), 1, level + 0.008, axis=1), 0.006, DARK, 5, closed=True)
        seat = kit.cushion((0.20, 0.014, 1.2 * float(hull.half(-0.05))), (0, level, 0), DARK, 0.6, 4)
        ridge = kit.cushion((0.9, 0.03, 1.2 * float(hull.half(0))), (0, level - 0.006, 0), self.hull, 1.0, 6)
        return [body, ridge, kit.moved(rim, -0.03), kit.moved(seat, -0.03, 0.006)]

    def _paddle(self, hull: Hull) -> list[Part]:
        if self.oars == "none":
            return []
        level, reach = float(hull.top(0)) + 0.03, 0.24
        blade = kit.cushion((0.008, 0.04, 0.10), (0, 0, reach), self.inside, 0.8, 4)
        paddle = kit.joined(kit.rod((0, 0, -reach), (0, 0, reach), 0.006, DARK, 5), kit.mirrored(blade))
        return [kit.moved(kit.turned(paddle, "y", 20 if self.oars == "out" else 70), 0.1, level)]


PROGRAMS = {
    MotorYacht: 15, SpeedBoat: 10, WorkBoat: 8, RowingBoat: 8, SailingBoat: 13, TallShip: 12,
    CargoShip: 10, PassengerShip: 7, Warship: 12, AircraftCarrier: 2, Submarine: 3,
}  # fmt: skip
"""Programs of the class, each with its share."""
