"""Programs of small watercraft: speed boats, rowing boats, canoes and kayaks, water scooters."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs import parts as kit
from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part, recoloured
from lmnet_utils.data.programs.watercraft_parts import DARK, GLASS, House, Hull, Paint


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
    hull: Paint = colour(
        "white", "white", "red", "blue", "navy", "cherry", "walnut", "yellow", "grey", "black", "green"
    )
    deck: Paint = colour("white", "beige", "cherry", "grey", "oak")
    second: Paint = colour("red", "blue", "black", "white", "beige", "brown", "navy")

    def parts(self) -> list[Part]:
        well = 0.86 if self.kind != "runabout" else self.well
        hull = Hull(
            self.beam,
            self.depth,
            bow=self.bow,
            transom=0.9,
            rake=self.rake,
            bow_rise=0.5,
            stern_rise=0.0,
            sheer=self.sheer,
            sheer_stern=0.0,
            form=self.form,
            bulwark=0.008,
            well=well,
            well_depth=self.well_depth,
        )
        parts = [hull.part(self.hull, self.deck, self.second, 0.45)]
        floor, wide = float(hull.deck(-0.1)), float(hull.half(-0.1)) * 2
        if self.kind == "runabout":
            x = well - 0.5
            parts.append(self._screen(x + 0.015, float(hull.top(x)) - 0.003, 0.82 * 2 * float(hull.half(x))))
            parts.append(
                kit.box(
                    (0.05, self.well_depth, 0.3 * wide),
                    (x - 0.03, floor + self.well_depth / 2, -0.25 * wide),
                    self.deck,
                    0.01,
                )
            )
        else:
            x = 0.02
            height = self.well_depth + 0.05
            parts.append(
                House(
                    x - 0.07, x + 0.07, floor, height, 0.36 * wide, slant=0.4, slant_back=0.0, taper=0.9, round=0.2
                ).part(self.deck, self.second)
            )
            parts.append(self._screen(x + 0.03, floor + height - 0.003, 0.33 * wide))
        step = 0.24 if self.kind == "runabout" else 0.2
        for row in range(self.seats):
            place = x - 0.16 - row * step
            room = 2 * float(hull.half_at(place - 0.05, floor + 0.3 * self.well_depth))
            if place > -0.43:
                parts += self._seat(place, floor, 0.34 * room, 0.23 * room)
        if self.kind == "inflatable":
            parts.append(self._hose(hull))
        for i in range(self.engines):
            parts += self._outboard((i - (self.engines - 1) / 2) * 0.3 * wide)
        if self.roof == "bimini":
            level = float(hull.top(0)) + 0.16
            parts.append(kit.cushion((0.34, 0.02, 0.85 * wide), (-0.12, level, 0), self.second, 0.5, 6))
            for a in (-0.27, 0.02):
                parts.append(
                    kit.mirrored(
                        kit.rod(
                            (a, float(hull.top(a)) - 0.005, 0.47 * wide),
                            (a, level, 0.38 * wide),
                            0.004,
                            (0.7, 0.7, 0.7),
                            5,
                        )
                    )
                )
        return parts

    def _hose(self, hull: Hull) -> Part:
        """The tube of air round an inflatable boat."""
        s = np.array([-0.5, -0.3, -0.1, 0.1, 0.25, 0.36, 0.44])
        radius = 0.35 * self.depth
        path = np.stack([s, hull.top(s) - 0.2 * radius, np.maximum(hull.half(s), 0.02)], axis=-1)
        tip = [(0.50, float(hull.top(0.5)), 0.0)]
        bend = kit.curve(np.concatenate([path, tip, path[::-1] * (1, 1, -1)]), 2)
        return kit.tube(bend, radius, self.second, 10)

    def _outboard(self, z: float) -> list[Part]:
        cowl = kit.cushion((0.09, 0.085, 0.07), (-0.545, self.depth + 0.045, z), DARK, 0.6, 6)
        leg = kit.box((0.045, self.depth + 0.04, 0.02), (-0.54, 0.5 * self.depth, z), DARK)
        foot = kit.cushion((0.09, 0.03, 0.03), (-0.55, 0.04, z), DARK, 0.9, 4)
        return [cowl, leg, foot, kit.box((0.05, 0.025, 0.05), (-0.515, 0.93 * self.depth, z), DARK)]

    def _screen(self, x: float, level: float, width: float) -> Part:
        bow = kit.arc(1.0, -80, 80, 8)
        foot = np.stack([x + 0.35 * width * (bow[:, 0] - 0.7), level + 0 * bow[:, 0], 0.5 * width * bow[:, 1]], axis=-1)
        head = foot * (1, 1, 0.88) + (-self.screen_slant * self.screen, self.screen, 0)
        return kit.sheet(np.stack([foot, 0.5 * (foot + head), head]), 0.006, GLASS)

    def _seat(self, x: float, floor: float, width: float, z: float) -> list[Part]:
        base = kit.box(
            (self.seat, 0.5 * self.well_depth, width), (x, floor + 0.25 * self.well_depth, z), self.second, 0.01
        )
        back = kit.box(
            (0.025, 0.6 * self.seat + 0.3 * self.well_depth, width),
            (x - 0.5 * self.seat, floor + 0.55 * self.well_depth, z),
            self.second,
            0.008,
        )
        return [kit.mirrored(kit.joined(base, back))]


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
    hull: Paint = colour(
        "white", "blue", "red", "green", "oak", "walnut", "cherry", "yellow", "light blue", "black", "orange"
    )
    inside: Paint = colour("oak", "birch", "cherry", "white", "beige", "grey", "light blue")

    def parts(self) -> list[Part]:
        pointed = self.kind != "rowing boat" or self.stern == "pointed"
        beam = self.beam if self.kind == "rowing boat" else self.narrow
        transom = 0.02 if pointed else self.transom
        ends = {"canoe": 0.09, "gondola": 0.16}.get(self.kind, self.sheer)
        back = ends if self.kind in ("canoe", "gondola") else self.sheer_stern
        depth = self.depth * {"kayak": 0.65, "canoe": 0.8}.get(self.kind, 1.0)
        hull = Hull(
            beam,
            depth,
            bow=self.bow,
            transom=transom,
            rake=self.rake,
            bow_rise=0.3,
            stern_rise=0.45 if pointed else 0.15,
            sheer=ends,
            sheer_stern=back,
            form=self.form,
            bulwark=0.004,
        )
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
            iron = [
                (0.488, top - 0.02),
                (0.5, top),
                (0.52, top + 0.05),
                (0.505, top + 0.08),
                (0.475, top + 0.07),
                (0.49, top + 0.03),
            ]
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
        rim = kit.tube(
            np.insert(kit.oval(0.22, 1.3 * float(hull.half(-0.05)), 0, 16), 1, level + 0.008, axis=1),
            0.006,
            DARK,
            5,
            closed=True,
        )
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class JetSki(Program):
    """A water scooter: a short hull, a cowl with handlebars, a saddle."""

    saddle: str = one_of("one seat", "two seats", "three seats")
    screen: str = one_of("none", "screen")
    mirrors: str = one_of("none", "mirrors")
    beam: float = uniform(0.32, 0.40)  # of the hull; all lengths are shares of the hull's
    depth: float = uniform(0.13, 0.19)
    bow: float = uniform(1.8, 2.6)  # fullness
    rake: float = uniform(0.08, 0.18)
    sheer: float = uniform(0.0, 0.06)
    cowl: float = uniform(0.09, 0.16)  # height above the deck
    cowl_length: float = uniform(0.40, 0.56)
    saddle_height: float = uniform(0.09, 0.14)
    saddle_width: float = uniform(0.11, 0.15)
    bar_height: float = uniform(0.05, 0.10)  # above the cowl
    bar_width: float = uniform(0.22, 0.29)
    hull: Paint = colour("white", "yellow", "red", "blue", "black", "green", "orange", "dark grey")
    second: Paint = colour("black", "white", "red", "blue", "dark grey", "yellow", "green")

    def parts(self) -> list[Part]:
        hull = Hull(
            self.beam,
            self.depth,
            bow=self.bow,
            transom=0.88,
            rake=self.rake,
            bow_rise=0.5,
            stern_rise=0.05,
            sheer=self.sheer,
            sheer_stern=0.0,
            form=1.8,
            bulwark=0.008,
        )
        parts = [hull.part(self.hull, self.second, self.second, 0.45)]
        deck, middle = float(hull.deck(0.1)), 0.40 - self.cowl_length / 2
        width = 0.62 * self.beam
        cowl = kit.cushion((self.cowl_length, 2 * self.cowl, width), (middle, deck, 0), self.hull, 0.8, 8)
        parts.append(recoloured(cowl, lambda x, y, z: y > deck + 0.72 * self.cowl, self.second))
        length = {"one seat": 0.34, "two seats": 0.44, "three seats": 0.52}[self.saddle]
        front = middle - 0.1 * self.cowl_length
        place = max(front - length / 2, -0.46 + length / 2)
        base = kit.cushion(
            (length, 1.6 * self.saddle_height, 1.4 * self.saddle_width), (place, deck, 0), self.hull, 0.5, 6
        )
        seat = kit.cushion((length, 0.07, self.saddle_width), (place, deck + self.saddle_height, 0), DARK, 0.6, 6)
        top = deck + self.cowl + self.bar_height
        foot = (middle + 0.02, deck + 0.8 * self.cowl, 0)
        half = self.bar_width / 2
        bend = [
            (front, top, -half),
            (front + 0.04, top - 0.012, -0.35 * half),
            (front + 0.04, top - 0.012, 0.35 * half),
            (front, top, half),
        ]
        parts += [
            base,
            seat,
            kit.rod(foot, (front + 0.04, top - 0.01, 0), 0.018, DARK, 6),
            kit.tube(bend, 0.009, DARK, 6),
        ]
        x = middle + 0.1 * self.cowl_length
        if self.screen == "screen":
            low, high = deck + 0.85 * self.cowl, deck + self.cowl + 0.06
            grid = [[(x, low, z), (x - 0.06, high, 0.8 * z)] for z in (-0.07, 0.0, 0.07)]
            parts.append(kit.sheet(np.array(grid), 0.006, GLASS))
        if self.mirrors == "mirrors":
            arm = kit.rod(
                (x, deck + 0.6 * self.cowl, 0.3 * width), (x - 0.01, deck + self.cowl, 0.5 * width), 0.007, DARK, 5
            )
            glass = kit.cushion((0.03, 0.04, 0.06), (x - 0.01, deck + self.cowl + 0.01, 0.52 * width), DARK, 0.7, 4)
            parts.append(kit.mirrored(kit.joined(arm, glass)))
        return parts
