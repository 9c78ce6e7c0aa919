"""Programs of watercraft under sail: yachts, catamarans and dinghies; tall ships and galleons."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs import parts as kit
from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part
from lmnet_utils.data.programs.watercraft_parts import House, Hull, Paint, mast, sail, square_sail, stay

SPAR: Paint = (0.72, 0.73, 0.75)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SailingBoat(Program):
    """A sailing yacht, a catamaran or a dinghy, its sails up or stowed."""

    kind: str = one_of("yacht", "catamaran", "dinghy", shares=(6, 2, 2))
    sails: str = one_of("up", "mainsail", "stowed", shares=(5, 1, 3))
    masts: int = one_of(1, 2, shares=(4, 1))  # of a yacht
    keel: str = one_of("fin", "long", "none")
    jib: str = one_of("full", "small")
    beam: float = uniform(0.24, 0.34)  # of the hull; all lengths are shares of the hull's
    depth: float = uniform(0.10, 0.15)
    bow: float = uniform(1.7, 2.3)  # fullness
    transom: float = uniform(0.3, 0.75)
    rake: float = uniform(0.03, 0.16)
    sheer: float = uniform(0.0, 0.05)
    mast_height: float = uniform(0.95, 1.4)
    mast_place: float = uniform(0.06, 0.16)  # x
    boom: float = uniform(0.34, 0.46)
    belly: float = uniform(-0.06, 0.06)  # of the sails, to one side
    roach: float = uniform(0.88, 0.97)  # top of the mainsail, of the mast
    cabin: float = uniform(0.3, 0.46)  # length
    cabin_height: float = uniform(0.035, 0.06)
    keel_depth: float = uniform(0.1, 0.2)
    hull: Paint = colour("white", "white", "navy", "red", "blue", "oak", "black", "green", "light blue")
    deck: Paint = colour("oak", "white", "beige", "cherry", "grey")
    cloth: Paint = colour("white", "white", "white", "white", "beige", "beige", "red", "light blue", "yellow")

    def parts(self) -> list[Part]:
        if self.kind == "catamaran":
            return self._catamaran()
        depth = self.depth * (0.85 if self.kind == "dinghy" else 1.0)
        hull = Hull(
            self.beam * (1.2 if self.kind == "dinghy" else 1.0),
            depth,
            bow=self.bow,
            transom=self.transom,
            rake=self.rake,
            bow_rise=0.35,
            stern_rise=0.5,
            sheer=self.sheer,
        )
        small = self.kind == "dinghy"
        hull = hull._replace(form=2.0, bulwark=0.006, well=0.52 if small else 0.3, well_depth=0.055 if small else 0.03)
        parts = [hull.part(self.hull, self.deck, self.deck, 0.3)]
        x, level = self.mast_place, float(hull.deck(self.mast_place))
        if not small:
            back = x + 0.08 - self.cabin
            width = 0.62 * self.beam
            cabin = House(
                back,
                x + 0.08,
                level - 0.012,
                self.cabin_height + 0.008,
                width,
                slant=1.2,
                slant_back=0.2,
                taper=0.85,
                round=0.45,
            )
            parts += [cabin.part(self.hull if self.deck[0] < 0.5 else self.deck), hull.rail(-0.44, 0.46, 0.045, SPAR)]
            parts += self._keel(depth)
        else:
            parts.append(
                kit.box((0.02, 0.02, 1.7 * float(hull.half(-0.1))), (-0.1, float(hull.deck(-0.1)) + 0.03, 0), self.deck)
            )
            parts.append(kit.box((0.05, 0.16, 0.008), (-0.515, 0.05, 0), self.deck))
        parts += self._rig(x, level, self.mast_height, 0.5, float(hull.top(0.5)))
        if self.masts == 2 and not small:
            parts += self._rig(-0.28, float(hull.deck(-0.28)), 0.7 * self.mast_height, None, 0.0, 0.62)
        chain = (x - 0.02, float(hull.top(x)), 0.97 * float(hull.half(x)))
        parts.append(kit.mirrored(stay(chain, (x, level + 0.93 * self.mast_height, 0))))
        parts.append(stay((-0.5, float(hull.top(-0.5)), 0), (x, level + 0.98 * self.mast_height, 0)))
        return parts

    def _rig(
        self, x: float, level: float, height: float, stem: float | None, low: float, scale: float = 1.0
    ) -> list[Part]:
        """Mast, boom and sails; with ``stem``, where the jib is made fast, at the height ``low``."""
        parts = [mast((x, level - 0.01, 0), height, 0.008, SPAR)]
        boom_level, length = level + 0.12, self.boom * scale
        side = 0.35 * self.belly
        clew = (x - length, boom_level, 2.5 * side)
        parts.append(kit.rod((x, boom_level, 0), clew, 0.006, SPAR, 6))
        if stem is not None:
            head = (x, level + height * (0.97 if self.jib == "full" else 0.78), 0)
            parts.append(stay((stem - 0.01, low, 0), head))
            if self.sails == "up":
                foot = (x - (0.10 if self.jib == "full" else -0.04), low + 0.05, 2.2 * side)
                start = (stem - 0.012, low + 0.02, 0.0)
                top = tuple(0.93 * np.array(head) + 0.07 * np.array(start))
                parts.append(sail(start, top, foot, self.belly, self.cloth))
        if self.sails == "stowed":
            parts.append(
                kit.cushion(
                    (0.94 * length, 0.03, 0.028), (x - length / 2, boom_level + 0.018, side), self.cloth, 0.8, 6
                )
            )
        else:
            head = (x - 0.008, level + height * self.roach, 0)
            parts.append(
                sail(
                    (x - 0.008, boom_level + 0.012, 0),
                    head,
                    (clew[0] + 0.01, boom_level + 0.012, clew[2]),
                    self.belly,
                    self.cloth,
                )
            )
        return parts

    def _keel(self, depth: float) -> list[Part]:
        if self.keel == "none":
            return []
        low = -self.keel_depth
        if self.keel == "fin":
            outline = [(0.08, 0.3 * depth), (-0.12, 0.3 * depth), (-0.10, low), (0.02, low)]
            bulb = kit.cushion((0.24, 0.03, 0.04), (-0.04, low, 0), self.deck, 0.9, 5)
            rudder = kit.extrusion(
                [(-0.38, 0.6 * depth), (-0.46, 0.6 * depth), (-0.45, 0.8 * low), (-0.40, 0.8 * low)], 0.012, self.deck
            )
            return [kit.extrusion(outline, 0.02, self.deck), bulb, rudder]
        outline = [(0.3, 0.2 * depth), (-0.44, 0.5 * depth), (-0.42, 0.5 * low), (0.0, 0.5 * low)]
        return [kit.extrusion(outline, 0.022, self.deck)]

    def _catamaran(self) -> list[Part]:
        shape = Hull(
            0.1,
            self.depth,
            bow=1.7,
            transom=0.7,
            rake=0.02,
            bow_rise=0.25,
            stern_rise=0.3,
            sheer=0.01,
            sheer_stern=0.0,
            form=2.2,
            bulwark=0.004,
        )
        gap = self.beam * 1.45 / 2
        parts = [kit.mirrored(kit.moved(shape.part(self.hull, self.deck, self.deck, 0.3), z=gap))]
        level = self.depth
        bridge = kit.box((0.55, 0.03, 2 * gap), (-0.14, level - 0.02, 0), self.hull)
        beam = kit.rod((0.36, level - 0.01, -gap), (0.36, level - 0.01, gap), 0.01, SPAR, 8)
        net = kit.box((0.22, 0.004, 1.9 * gap), (0.245, level - 0.012, 0), (0.35, 0.35, 0.36))
        cabin = House(
            -0.26, 0.13, level - 0.006, 0.10, 1.75 * gap, slant=1.3, slant_back=0.1, taper=0.82, round=0.35
        ).part(self.hull)
        parts += [bridge, beam, net, cabin]
        x = self.mast_place
        foot = level + (0.09 if x < 0.02 else 0.0)
        parts += self._rig(x, foot, self.mast_height, 0.37, level)
        parts.append(kit.mirrored(stay((x - 0.06, level, gap), (x, foot + 0.9 * self.mast_height, 0))))
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class TallShip(Program):
    """A ship with yards: a galleon with a high stern, a frigate, a clipper or a two-masted brig."""

    kind: str = one_of("galleon", "frigate", "clipper", shares=(3, 3, 2))
    masts: int = one_of(2, 3, shares=(1, 3))
    sails: str = one_of("set", "furled", shares=(4, 1))
    rig: str = one_of("square", "schooner", shares=(6, 1))
    flags: str = one_of("none", "flags")
    tiers: int = one_of(2, 3, 4, shares=(1, 3, 2))  # sails above each other
    beam: float = uniform(0.20, 0.29)  # of the hull; all lengths are shares of the hull's
    depth: float = uniform(0.13, 0.19)
    bow: float = uniform(2.0, 3.2)  # fullness
    castle: float = uniform(0.05, 0.12)  # height of a galleon's sterncastle, each step
    sheer: float = uniform(0.03, 0.07)
    mast_height: float = uniform(0.62, 0.9)
    yard: float = uniform(0.32, 0.48)  # length of the lowest yard
    narrowing: float = uniform(0.68, 0.82)  # of each yard over the one below
    belly: float = uniform(0.03, 0.08)
    bowsprit: float = uniform(0.16, 0.3)
    bowsprit_rise: float = uniform(14.0, 34.0)  # degrees
    spread: float = uniform(0.26, 0.33)  # between masts
    hull: Paint = colour("brown", "walnut", "black", "oak", "cherry", "dark grey", "white", "navy")
    stripe: Paint = colour("yellow", "white", "oak", "red", "beige", "brown")
    cloth: Paint = colour("white", "beige", "white", "beige", "white", "beige", "grey", "red")
    wood: Paint = colour("walnut", "brown", "oak", "beige")

    def parts(self) -> list[Part]:
        high = {"galleon": 0.05, "frigate": 0.03, "clipper": 0.015}[self.kind]
        slim = 0.8 if self.kind == "clipper" else 1.0
        shape = Hull(
            self.beam * slim,
            self.depth,
            bow=self.bow,
            transom=0.72 if self.kind != "clipper" else 0.5,
            rake=0.1,
            bow_rise=0.25,
            stern_rise=0.3,
            sheer=self.sheer,
            sheer_stern=high,
            form=2.6,
        )
        hull = shape._replace(bulwark=0.022)
        parts = [hull.part(self.hull, self.wood, self.stripe if self.kind == "clipper" else self.wood, 0.35)]
        parts += self._gunports(hull) if self.kind != "clipper" else []
        parts += self._castle(hull)
        stem, lift = float(hull.top(0.5)), np.radians(self.bowsprit_rise)
        tip = np.array([0.46 + self.bowsprit * np.cos(lift), stem + self.bowsprit * np.sin(lift), 0.0])
        parts.append(kit.rod((0.40, stem - 0.03, 0), tip, (0.012, 0.006), self.wood, 7))
        beak = [(0.44, 0.5 * stem), (0.5, 0.75 * stem), (0.56, stem + 0.03), (0.5, stem), (0.45, stem)]
        parts.append(kit.extrusion(beak, 0.016, self.wood))
        places = (
            [0.24, 0.24 - self.spread, 0.24 - 2 * self.spread] if self.masts == 3 else [0.24, 0.24 - 1.4 * self.spread]
        )
        for i, x in enumerate(places):
            height = self.mast_height * (0.9, 1.0, 0.78)[i]
            parts += self._mast(hull, x, height, i == 2)
            chain = (x - 0.04, float(hull.top(x)), float(hull.half(x)))
            shrouds = [
                stay(np.array(chain) + (dx, 0, 0), (x, float(hull.top(x)) + 0.6 * height, 0), self.wood)
                for dx in (0, 0.03, 0.06)
            ]
            parts.append(kit.mirrored(kit.joined(shrouds)))
        level, height = float(hull.deck(0.24)), 0.9 * self.mast_height
        for share, reach in ((1.0, 0.72), (0.55, 0.5)):
            start, head = (
                np.array([0.46, stem, 0]) * (1 - share) + tip * share,
                np.array([0.24, level + reach * height, 0.0]),
            )
            parts.append(stay(start, head, self.wood))
            if self.sails == "set":
                foot = np.array([0.28, stem + 0.06, 0.03])
                parts.append(sail(0.92 * start + 0.08 * head, 0.9 * head + 0.1 * start, foot, 0.03, self.cloth))
        return parts

    def _mast(self, hull: Hull, x: float, height: float, last: bool) -> list[Part]:
        level = float(hull.deck(x)) - 0.01
        parts = [kit.rod((x, level, 0), (x, level + height, 0), (0.012, 0.004), self.wood, 7)]
        if self.flags == "flags":
            parts.append(kit.box((0.07, 0.03, 0.003), (x - 0.035, level + height - 0.015, 0), self.stripe))
        if self.rig == "schooner" or last:
            length = min(0.9 * self.spread, x + 0.54) if not last else 0.24
            foot, head = level + 0.13, level + 0.72 * height
            peak = (x - 0.75 * length, head + 0.14 * height, 0.015)
            parts += [
                kit.rod((x, foot, 0), (x - length, foot, 0.02), 0.005, self.wood, 5),
                kit.rod((x, head, 0), peak, 0.005, self.wood, 5),
            ]
            if self.sails == "set":
                v, u = np.linspace(0, 1, 5)[:, None, None], np.linspace(0, 1, 5)[None, :, None]
                luff = np.array([x - 0.012, foot, 0]) * (1 - v) + np.array([x - 0.012, head, 0]) * v
                leech = np.array([x - length, foot, 0.02]) * (1 - v) + np.array(peak) * v
                bulge = np.sin(np.pi * u) * np.sin(np.pi * (0.15 + 0.8 * v)) * 0.6 * self.belly
                parts.append(kit.sheet(luff + u * (leech - luff) + bulge * np.array([0, 0, 1.0]), 0.003, self.cloth))
            if not last or self.rig == "schooner":
                return parts
        first, bottom = (0.62, 0.80) if last else (0.16, 0.16)
        tiers = 1 if last else self.tiers
        edges = level + height * (first + (0.96 - first) * np.linspace(0, 1, tiers + 1) ** 0.9)
        wide = self.yard * (0.5 if last else 1.0)
        for tier in range(tiers):
            top, low, width = float(edges[tier + 1]), float(edges[tier]), wide * self.narrowing**tier
            parts.append(kit.rod((x + 0.012, top, -width / 2), (x + 0.012, top, width / 2), 0.006, self.wood, 5))
            if self.sails == "set":
                foot = width if tier == 0 else width / self.narrowing
                parts.append(
                    square_sail(
                        (x + 0.016, top - 0.004, 0),
                        0.95 * (top - low),
                        (0.92 * width, 0.95 * foot),
                        self.belly,
                        self.cloth,
                    )
                )
            else:
                parts.append(kit.cushion((0.022, 0.026, 0.9 * width), (x + 0.016, top + 0.008, 0), self.cloth, 0.8, 4))
        return parts

    def _gunports(self, hull: Hull) -> list[Part]:
        ports = []
        for x in np.linspace(-0.32, 0.22, 9).tolist():
            level = float(hull.top(x)) - 0.05
            ports.append(kit.box((0.022, 0.018, 0.016), (x, level, float(hull.half_at(x, level))), self.stripe))
        return [kit.mirrored(kit.joined(ports))]

    def _castle(self, hull: Hull) -> list[Part]:
        steps = {
            "galleon": ((-0.5, -0.16, 1.0), (-0.5, -0.32, 0.9)),
            "frigate": ((-0.49, -0.26, 0.45),),
            "clipper": (),
        }[self.kind]
        level, parts = float(hull.top(-0.4)) - 0.01, []
        for back, front, share in steps:
            height = self.castle * share
            x = np.linspace(back, front, 5)
            rows = []
            for a in x.tolist():
                wide, low = float(hull.half(a)) * 0.98, float(hull.top(a)) - 0.012 if share in (1.0, 0.45) else level
                top = level + height + 0.06 * (x[-1] - a)
                rows.append(
                    [(a, low, -wide), (a - 0.015, top, -0.88 * wide), (a - 0.015, top, 0.88 * wide), (a, low, wide)]
                )
            parts.append(kit.loft(np.array(rows), self.hull if share != 0.9 else self.stripe))
            level += height - 0.004
        if self.kind == "galleon":
            low = float(hull.top(0.33)) - 0.03
            rows = []
            for a in (0.26, 0.34, 0.42):
                wide = 0.97 * float(hull.half(a))
                top = low + 0.05 + 0.5 * self.castle
                rows.append([(a, low, -wide), (a, top, -wide), (a, top, wide), (a, low, wide)])
            parts.append(kit.loft(np.array(rows), self.hull))
            parts.append(kit.box((0.012, 0.06, 0.05), (-0.522, level + 0.02, 0), self.stripe))
        return parts
