"""Programs of large watercraft: cargo ships and passenger ships."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs import parts as kit
from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import Part
from lmnet_utils.data.programs.watercraft_parts import House, Hull, Paint, funnel, mast, screw

CONTAINERS: tuple[Paint, ...] = (
    (0.62, 0.2, 0.15),
    (0.2, 0.34, 0.58),
    (0.72, 0.72, 0.7),
    (0.25, 0.45, 0.3),
    (0.75, 0.45, 0.18),
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class CargoShip(Program):
    """A container ship, a tanker, a bulk carrier with cranes, a gas carrier with domes, or an empty barge-like coaster."""

    kind: str = one_of("containers", "tanker", "bulk", "gas", shares=(5, 3, 3, 1))
    house_place: str = one_of("aft", "three quarters", shares=(4, 1))
    bulb: str = one_of("none", "bulb")
    bays: int = one_of(8, 11, 14)
    cranes: int = one_of(2, 3, 4)
    beam: float = uniform(0.13, 0.19)  # of the hull; all lengths are shares of the hull's
    depth: float = uniform(0.07, 0.105)
    bow: float = uniform(3.0, 5.0)  # fullness
    rake: float = uniform(0.02, 0.06)
    water: float = uniform(0.3, 0.6)  # height of the lower colour, of the depth
    forecastle: float = uniform(0.015, 0.035)  # height of the bow's deck
    house: float = uniform(0.07, 0.12)  # length of the deckhouse
    house_height: float = uniform(0.08, 0.13)
    house_width: float = uniform(0.7, 0.96)  # of the beam
    stack: float = uniform(0.03, 0.075)  # height of the load
    unrest: float = uniform(0.0, 1.0)  # how uneven the containers' stacks are
    crane: float = uniform(0.07, 0.12)  # height
    hull: Paint = colour("navy", "black", "red", "green", "blue", "dark grey", "light blue", "orange", "brown")
    bottom: Paint = colour("red", "red", "brown", "dark grey", "green")
    deck: Paint = colour("red", "green", "grey", "brown", "dark grey")
    white: Paint = colour("white", "beige", "white", "grey")

    def parts(self) -> list[Part]:
        shape = Hull(
            self.beam,
            self.depth,
            bow=self.bow,
            transom=0.86,
            rake=self.rake,
            bow_rise=0.1,
            stern_rise=0.5,
            sheer=0.006,
            sheer_stern=0.0,
            form=6.0,
            bulwark=0.006,
        )
        parts = [shape.part(self.hull, self.deck, self.bottom, self.water)]
        x = np.array([0.37, 0.40, 0.43, 0.46, 0.485, 0.5])
        low, wide = shape.top(x) - 0.004, shape.half(x)
        block = [
            (x, low, -wide),
            (x + 0.004, low + self.forecastle, -wide),
            (x + 0.004, low + self.forecastle, wide),
            (x, low, wide),
        ]
        parts.append(kit.loft(np.stack([np.stack(np.broadcast_arrays(*p), -1) for p in block], axis=1), self.hull))
        parts.append(mast((0.44, float(low[0]) + self.forecastle, 0), 0.06, 0.004, self.white))
        if self.bulb == "bulb":
            parts.append(
                kit.cushion(
                    (0.09, 0.5 * self.depth, 0.25 * self.beam),
                    (0.47 - self.rake, 0.3 * self.depth, 0),
                    self.bottom,
                    0.9,
                    6,
                )
            )
        parts.append(screw((-0.455, 0.28 * self.depth, 0), 0.24 * self.depth, (0.65, 0.5, 0.3)))
        parts.append(kit.box((0.03, 0.5 * self.depth, 0.012), (-0.485, 0.35 * self.depth, 0), self.bottom))
        middle = -0.40 if self.house_place == "aft" or self.kind != "containers" else -0.2
        parts += self._house(middle)
        load = {"containers": self._containers, "tanker": self._pipes, "bulk": self._hatches, "gas": self._domes}[
            self.kind
        ]
        return [*parts, *load(shape, middle)]

    def _house(self, middle: float) -> list[Part]:
        floor, wide = self.depth - 0.008, self.house_width * self.beam
        front, height = middle + self.house / 2, self.house_height
        tower = House(
            middle - self.house / 2,
            front,
            floor,
            height,
            wide,
            slant=0.0,
            slant_back=0.0,
            taper=1.0,
            round=0.03,
            decks=5,
        ).part(self.white)
        bridge = House(
            middle - 0.1 * self.house,
            front + 0.003,
            floor + height,
            0.022,
            0.8 * wide,
            slant=-0.1,
            slant_back=0,
            taper=1.0,
            round=0.05,
        ).part(self.white)
        wings = kit.box((0.02, 0.01, 1.02 * self.beam), (front - 0.012, floor + height + 0.004, 0), self.white)
        stack = funnel((middle - 0.5 * self.house - 0.005, floor, 0), 1.12 * height, 0.04, 0.3 * self.beam, self.hull)
        return [tower, bridge, wings, stack, mast((middle, floor + height + 0.02, 0), 0.045, 0.004, self.white)]

    def _containers(self, hull: Hull, middle: float) -> list[Part]:
        parts, length = [], 0.64 / self.bays
        edges = (-0.29 if middle < -0.3 else -0.47) + length * np.arange(self.bays + (3 if middle > -0.3 else 0))
        for bay, start in enumerate(edges.tolist()):
            x = start + length / 2
            if abs(x - middle) < self.house / 2 + 0.6 * length or x > 0.36:
                continue
            wide = 1.9 * float(hull.half(x + 0.5 * length))
            for column in range(3):
                fall = self.unrest * (0.5 + 0.5 * np.sin(3.1 * bay + 2.3 * column + 40 * self.unrest))
                height = self.stack * (1 - 0.7 * fall)
                half = height * (0.35 + 0.3 * ((bay + column) % 2))
                for part, (low, high) in enumerate(((0.0, half), (half, height))):
                    paint = CONTAINERS[int(3 * bay + 2 * column + part + 10 * self.unrest) % len(CONTAINERS)]
                    size = (0.93 * length, high - low, 0.97 * wide / 3)
                    parts.append(
                        kit.box(size, (x, self.depth - 0.004 + (low + high) / 2, (column - 1) * wide / 3), paint)
                    )
        return parts

    def _pipes(self, hull: Hull, middle: float) -> list[Part]:
        level = self.depth + 0.006
        pipe = kit.rod((middle + self.house / 2, level, 0), (0.36, level, 0), 0.004, self.bottom, 6)
        pipes = kit.array(pipe, [(0, 0, z) for z in (-0.02, -0.008, 0.004, 0.016)])
        cross = kit.array(
            kit.box((0.006, 0.014, 0.8 * self.beam), (0, level, 0), self.white),
            [(x, 0, 0) for x in (-0.02, 0.01, 0.04)],
        )
        post = mast((0.01, level - 0.01, 0.25 * self.beam), self.crane * 0.6, 0.005, self.white)
        boom = kit.rod(
            (0.01, level + 0.5 * self.crane, 0.25 * self.beam),
            (0.09, level + 0.62 * self.crane, 0.25 * self.beam),
            0.003,
            self.white,
            5,
        )
        hatch = kit.lathe([(0.012, -0.01), (0.012, 0.008), (0, 0.01)], self.white, 10)
        tanks = kit.mirrored(
            kit.array(hatch, [(x, level, 0.3 * self.beam) for x in np.linspace(-0.25, 0.3, 6).tolist()])
        )
        return [pipes, cross, kit.mirrored(kit.joined(post, boom)), tanks]

    def _hatches(self, hull: Hull, middle: float) -> list[Part]:
        start, count = middle + self.house / 2 + 0.04, self.cranes + 1
        step = (0.35 - start) / count
        height = 0.02 + 0.2 * self.stack
        hatch = kit.box(
            (0.7 * step, height, 0.62 * self.beam), (0, self.depth + height / 2 - 0.008, 0), self.deck, 0.004
        )
        parts = [kit.array(hatch, [(start + (i + 0.5) * step, 0, 0) for i in range(count)])]
        for i in range(1, count):
            x = start + i * step
            parts.append(
                kit.rod((x, self.depth - 0.01, 0), (x, self.depth + self.crane, 0), (0.012, 0.009), self.white, 8)
            )
            parts.append(kit.box((0.03, 0.025, 0.03), (x, self.depth + self.crane, 0), self.white))
            parts.append(
                kit.bar(
                    (x, self.depth + self.crane, 0.012),
                    (x + 0.85 * step, self.depth + 0.8 * self.crane, 0.012),
                    0.008,
                    0.008,
                    self.white,
                )
            )
        return parts

    def _domes(self, hull: Hull, middle: float) -> list[Part]:
        start = middle + self.house / 2 + 0.01
        count = self.cranes + 1
        step = (0.36 - start) / count
        radius = min(0.46 * self.beam, 0.46 * step)
        dome = kit.lathe(kit.arc(radius, 0, 90, 6), self.white, 20)
        rim = kit.lathe([(radius, -0.03), (radius, 0)], self.deck, 20)
        return [
            kit.array(kit.joined(dome, rim), [(start + (i + 0.5) * step, self.depth + 0.012, 0) for i in range(count)])
        ]


@dataclasses.dataclass(frozen=True, kw_only=True)
class PassengerShip(Program):
    """A cruise ship, a liner with tall funnels and masts, or a ferry."""

    kind: str = one_of("cruise", "liner", "ferry", shares=(4, 3, 3))
    decks: int = one_of(3, 4, 5, 6)
    funnels: int = one_of(1, 2, 3, 4, shares=(4, 2, 1, 1))  # a liner's; others have one or two
    boats: str = one_of("none", "boats", shares=(1, 3))
    top: str = one_of("plain", "pool")
    beam: float = uniform(0.12, 0.175)  # of the hull; all lengths are shares of the hull's
    depth: float = uniform(0.075, 0.105)
    bow: float = uniform(1.9, 3.2)  # fullness
    rake: float = uniform(0.03, 0.10)
    sheer: float = uniform(0.0, 0.025)
    transom: float = uniform(0.6, 0.9)
    deck_height: float = uniform(0.014, 0.021)
    front: float = uniform(0.22, 0.36)  # x of the superstructure's front
    back: float = uniform(-0.47, -0.38)  # x of its back
    slant: float = uniform(0.2, 1.2)  # of its front
    upper: float = uniform(0.4, 0.8)  # length of the upper half of the decks, of the lower one's
    funnel_height: float = uniform(0.06, 0.12)
    funnel_length: float = uniform(0.035, 0.07)
    hull: Paint = colour("white", "navy", "black", "white", "blue", "red")
    house: Paint = colour("white", "white", "beige")
    bottom: Paint = colour("red", "navy", "dark grey", "green")
    accent: Paint = colour("red", "orange", "yellow", "blue", "navy", "white")

    def parts(self) -> list[Part]:
        grow = 1.2 if self.kind == "ferry" else 1.0
        shape = Hull(
            self.beam * grow,
            self.depth * grow,
            bow=self.bow,
            transom=self.transom,
            rake=self.rake,
            bow_rise=0.15,
            stern_rise=0.4,
            sheer=self.sheer,
            sheer_stern=0.004,
            form=4.5,
            bulwark=0.006,
        )
        parts = [shape.part(self.hull, (0.6, 0.5, 0.4), self.bottom, 0.4)]
        level, height = self.depth * grow - 0.01, self.deck_height * grow
        lower = (self.decks + 1) // 2
        width = 0.94 * self.beam * grow
        parts.append(self._tier((self.back, self.front), level, height * lower, width, lower))
        level += height * lower
        middle = (self.back + self.front) / 2 + 0.04
        reach = self.upper * (self.front - self.back) / 2
        span = (middle - reach, min(middle + reach, self.front - self.slant * height * lower - 0.005))
        higher = self.decks - lower + (1 if self.kind == "cruise" else 0)
        parts.append(self._tier(span, level, height * higher, 0.9 * width, higher))
        level += height * higher
        parts.append(
            House(
                span[1] - 0.09,
                span[1] - 0.02,
                level,
                0.018,
                0.8 * width,
                slant=0.4,
                slant_back=0,
                taper=0.95,
                round=0.2,
            ).part(self.house)
        )
        parts.append(mast((span[1] - 0.06, level + 0.01, 0), 0.07, 0.004, self.house))
        if self.top == "pool" and self.kind != "liner":
            parts.append(kit.box((0.12, 0.006, 0.4 * width), (middle + 0.02, level, 0), (0.3, 0.6, 0.75)))
        parts += self._funnels(middle, reach, level, width)
        if self.kind == "liner":
            for x in (0.36, -0.41):
                parts.append(mast((x, float(shape.deck(x)) - 0.01, 0), 0.24, 0.005, (0.6, 0.45, 0.3)))
        if self.boats == "boats":
            boat = kit.cushion((0.036, 0.014, 0.014), (0, 0, 0), self.accent, 0.8, 4)
            row = [
                (x, self.depth * grow + 0.5 * height * lower - 0.006, 0.47 * width)
                for x in np.linspace(span[0], span[1] - 0.02, 8).tolist()
            ]
            parts.append(kit.mirrored(kit.array(boat, row)))
        return parts

    def _funnels(self, middle: float, reach: float, level: float, width: float) -> list[Part]:
        """In a row; a ferry's two stand side by side."""
        parts: list[Part] = []
        count = self.funnels if self.kind == "liner" else 1 + (self.funnels == 2 and self.kind == "ferry")
        places = (
            np.linspace(middle - 0.5 * reach, middle + 0.4 * reach, count).tolist()
            if count > 1
            else [middle - 0.6 * reach]
        )
        for x in places:
            side = 0.28 * width if self.kind == "ferry" and count == 2 else 0.0
            stack = funnel(
                (x if not side else middle - 0.5 * reach, level - 0.004, side),
                self.funnel_height * (1.2 if self.kind == "liner" else 0.8),
                self.funnel_length,
                0.32 * width,
                self.accent,
            )
            if side:
                return [kit.mirrored(stack)]
            parts.append(stack)
        return parts

    def _tier(self, ends: tuple[float, float], floor: float, height: float, width: float, decks: int) -> Part:
        return House(
            ends[0],
            ends[1],
            floor,
            height,
            width,
            slant=self.slant,
            slant_back=0.25,
            taper=0.97,
            round=0.42,
            decks=decks,
        ).part(self.house)
