"""Programs of watercraft: motor yachts, tugs and fishing boats here, the other kinds in the modules beside it."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs import parts as kit
from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part
from lmnet_utils.data.programs.watercraft_boats import JetSki, RowingBoat, SpeedBoat
from lmnet_utils.data.programs.watercraft_navy import AircraftCarrier, Submarine, Warship
from lmnet_utils.data.programs.watercraft_parts import DARK, House, Hull, Paint, funnel, mast, stay
from lmnet_utils.data.programs.watercraft_sails import SailingBoat, TallShip
from lmnet_utils.data.programs.watercraft_ships import CargoShip, PassengerShip


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
        hull = Hull(
            self.beam,
            self.depth,
            bow=self.bow,
            transom=self.transom,
            rake=self.rake,
            bow_rise=0.45,
            stern_rise=0.12,
            sheer=self.sheer,
            sheer_stern=0.0,
            form=1.9,
            bulwark=0.012,
        )
        parts = [hull.part(self.hull, self.deck, self.bottom, 0.35), hull.rail(0.0, 0.46, 0.035, (0.75, 0.76, 0.78))]
        floor = float(hull.deck(0.0)) - 0.004
        back, front, width = self.house_back, self.house_front, self.house_width * self.beam
        height, last = self.deck_height, (back, front)
        for deck in range(self.decks):
            shape = House(
                back, front, floor, height, width, slant=self.slant, slant_back=0.2, taper=self.taper, round=0.38
            )
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
        screen = House(
            middle,
            max(front - 0.01, middle + 0.05),
            floor,
            0.025,
            1.2 * wide,
            slant=1.2,
            slant_back=0.0,
            taper=0.9,
            round=0.4,
        ).part(self.house)
        if self.top == "nothing":
            return [screen]
        if self.top == "mast":
            radar = kit.cushion((0.035, 0.014, 0.035), (middle, floor + 0.055, 0), self.house, 0.6, 4)
            ball = kit.cushion((0.03, 0.03, 0.03), (middle - 0.02, floor + 0.04, 0.35 * wide), self.house, 1.0, 5)
            foot = kit.rod(
                (middle - 0.02, floor - 0.01, 0.35 * wide),
                (middle - 0.02, floor + 0.03, 0.35 * wide),
                0.006,
                self.house,
                5,
            )
            return [
                screen,
                mast((middle, floor - 0.01, 0), 0.13, 0.007, self.house),
                radar,
                kit.mirrored(kit.joined(ball, foot)),
            ]
        legs = [(back + 0.02, floor - 0.01, wide * 0.75), (back - 0.03, floor + 0.075, wide * 0.65)]
        bend = kit.curve([*legs, (back - 0.03, floor + 0.085, 0), *[(x, y, -z) for x, y, z in legs[::-1]]], 3)
        arch = kit.tube(bend, 0.012, self.house, 6)
        if self.top == "arch":
            return [screen, arch]
        roof = kit.cushion(
            (front - back, 0.014, 1.5 * wide), ((front + back) / 2 - 0.02, floor + 0.083, 0), self.house, 0.4, 6
        )
        post = kit.rod(
            (front - 0.02, floor, wide * 0.6), (front - 0.05, floor + 0.083, wide * 0.6), 0.005, self.house, 5
        )
        return [screen, arch, roof, kit.mirrored(post)]


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
        shape = Hull(
            self.beam,
            self.depth,
            bow=self.bow,
            transom=self.transom,
            rake=self.rake,
            bow_rise=0.2,
            stern_rise=0.45,
            sheer=self.sheer,
            sheer_stern=self.sheer_stern,
            form=2.6,
        )
        hull = shape._replace(bulwark=self.bulwark)
        parts = [hull.part(self.hull, self.deck, self.bottom, 0.45)]
        middle = {"tug": 0.1, "lobster boat": 0.12, "trawler": 0.14 if self.house_place == "ahead" else -0.24}[
            self.kind
        ]
        back, front = middle - self.house_length / 2, middle + self.house_length / 2
        floor, width = float(hull.deck(middle)) - 0.01, self.house_width * self.beam
        low = self.house_height * (0.7 if self.kind == "lobster boat" else 1.0)
        parts.append(
            House(back, front, floor, low, width, slant=0.1, slant_back=0.0, taper=0.96, round=0.25).part(self.house)
        )
        top = floor + low
        bridge = House(
            back + 0.25 * self.house_length,
            front - 0.1 * self.house_length,
            top,
            self.bridge,
            0.75 * width,
            slant=-0.15,
            slant_back=0,
            taper=1.0,
            round=0.2,
        )
        roof = kit.box(
            (0.75 * self.house_length, 0.01, 0.85 * width), (middle + 0.03, top + self.bridge, 0), self.house
        )
        parts += [bridge.part(self.house), roof]
        high = top + self.bridge
        parts.append(mast((middle - 0.05, high - 0.01, 0), self.mast_height, 0.008, self.house))
        parts.append(
            kit.rod(
                (middle - 0.05, high + 0.6 * self.mast_height, -0.06),
                (middle - 0.05, high + 0.6 * self.mast_height, 0.06),
                0.004,
                self.house,
                5,
            )
        )
        parts.append(stay((middle - 0.05, high + 0.95 * self.mast_height, 0), (0.47, float(hull.top(0.47)), 0)))
        if self.kind == "tug":
            parts.append(funnel((back + 0.02, top - 0.02, 0), 0.14, 0.07, 0.06, self.hull))
            parts.append(
                kit.rod(
                    (-0.2, float(hull.deck(-0.2)) - 0.01, 0), (-0.2, float(hull.deck(-0.2)) + 0.06, 0), 0.018, DARK, 8
                )
            )
        parts += [*self._tyres(hull), *self._gear(hull, middle)]
        if self.kind != "lobster boat":
            parts.append(kit.box((0.05, 0.5 * self.depth, 0.012), (-0.45, 0.35 * self.depth, 0), self.bottom))
        return parts

    def _tyres(self, hull: Hull) -> list[Part]:
        if self.tyres == 0:
            return []
        tyre = kit.tube(
            np.concatenate([kit.arc(0.025, 0, 315, 7), np.zeros((8, 1))], axis=1), 0.009, DARK, 6, closed=True
        )
        places = [
            (x, float(hull.top(x)) - 0.035, float(hull.half(x)) + 0.004)
            for x in np.linspace(-0.36, 0.26, self.tyres).tolist()
        ]
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
            boom = kit.rod(
                (x, floor + 0.5 * high, 0), (x + (0.2 if x < 0 else 0.1), floor + 1.1 * high, 0), 0.007, self.house, 6
            )
            hatch = kit.box((0.12, 0.03, 1.1 * z), (x + 0.13, floor + 0.01, 0), self.house)
            return [mast((x, floor, 0), high, 0.011, self.house), boom, hatch]
        crates = kit.array(
            kit.box((0.06, 0.04, 0.06), (x, floor + 0.025, 0), self.deck),
            [(0, 0, 0.04), (0.07, 0, -0.03), (0.01, 0, -0.05)],
        )
        return [crates]


PROGRAMS = {
    MotorYacht: 15, SpeedBoat: 10, WorkBoat: 8, RowingBoat: 8, JetSki: 2, SailingBoat: 13, TallShip: 12,
    CargoShip: 10, PassengerShip: 7, Warship: 12, AircraftCarrier: 2, Submarine: 3,
}  # fmt: skip
"""Programs of the class, each with its share."""
