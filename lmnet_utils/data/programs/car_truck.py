"""Programs of lorries, on their own wheels or with a trailer. Lengths are metres."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.car_body import CHROME, DARK, LAMP, wheel_of
from lmnet_utils.data.programs.parameters import PAINTS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    arc,
    array,
    box,
    extrusion,
    joined,
    lathe,
    mirrored,
    moved,
    rod,
    turned,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Truck(Program):
    """A lorry: a cab over or behind the engine, a chassis, and what it carries, on its own wheels or as a trailer."""

    load: str = one_of("box", "flat bed", "tank", "tipper", shares=(4, 1, 1, 1))
    trailer: bool = one_of(False, True)
    cab: str = one_of("over the engine", "behind the engine", shares=(2, 1))
    rear_axles: int = one_of(1, 2)
    corrugated: bool = one_of(False, True)
    deflector: bool = one_of(False, True)
    length: float = uniform(0.0, 1.0)  # from the shortest to the longest
    width: float = uniform(2.2, 2.6)  # metres
    cab_height: float = uniform(2.4, 3.3)  # metres
    cab_length: float = uniform(1.5, 2.4)  # metres
    bonnet: float = uniform(0.9, 1.7)  # metres
    load_height: float = uniform(1.8, 2.9)  # metres, of a box
    wheel: float = uniform(0.44, 0.56)  # metres, radius
    rake: float = uniform(0.05, 0.35)  # metres, of the windscreen
    gap: float = uniform(0.1, 0.5)  # metres, between cab and load
    paint: tuple[float, float, float] = colour(*PAINTS)
    cargo: tuple[float, float, float] = colour("white", "white", "grey", "steel", "blue", "red", "green")
    rim: tuple[float, float, float] = colour("steel", "grey", "white", "red")

    def parts(self) -> list[Part]:
        r, width = self.wheel, self.width
        deck = 2 * r + 0.12
        nose = self.bonnet if self.cab == "behind the engine" else 0.0
        cab_length = self.cab_length * (0.8 if nose else 1.0)
        back = -nose - cab_length
        bed = (7 + 6.5 * self.length) if self.trailer else (3.2 + 4 * self.length)
        start = back - self.gap
        end = start - bed
        parts = self._cab(nose, back, deck)
        tractor = back - 2.2 if self.trailer else end
        parts.append(mirrored(box((0.2 - tractor - 0.3, 0.25, 0.1), ((tractor - 0.1) / 2, deck - 0.2, 0.4), DARK)))
        front_axle = -max(0.6 * nose, 1.15 * r + 0.1)
        rears = [(back - 1.1 if self.trailer else end + 0.25 * bed) - i * 2.15 * r for i in range(self.rear_axles)]
        wheel = wheel_of(r, 0.30, self.rim, 0)
        parts.append(mirrored(moved(wheel, front_axle, r, width / 2 - 0.18)))
        twin = wheel_of(r, 0.55, self.rim, 0)
        if self.trailer:
            count = 2 if self.length < 0.4 else 3
            rears += [end + 1.2 + i * 2.2 * r for i in range(count)]
            leg = box((0.12, deck - 0.25, 0.12), (start - 2.6 - 0.1 * bed, (deck + 0.25) / 2, 0.3 * width), DARK)
            parts += [mirrored(leg), mirrored(box((bed - 0.2, 0.2, 0.12), ((start + end) / 2, deck - 0.05, 0.4), DARK))]
        parts.append(mirrored(array(twin, [(x, r, width / 2 - 0.29) for x in rears])))
        parts += [joined([rod((x, r, -0.4 * width), (x, r, 0.4 * width), 0.08, DARK, 6) for x in [front_axle, *rears]])]
        tank = rod((back + 0.1, deck - 0.35, 0.38 * width), (back - 0.9, deck - 0.35, 0.38 * width), 0.26, self.rim, 12)
        parts += [mirrored(tank)] if not self.trailer and rears[0] + r < back - 1.0 else []
        return parts + self._load(start, end, deck)

    def _cab(self, nose: float, back: float, deck: float) -> list[Part]:
        width, top, low = self.width, self.cab_height, 0.75 * self.wheel
        glass = (0.25, 0.31, 0.36)
        waist = low + 0.56 * (top - low)
        foot = -nose
        floor = low if not nose else deck - 0.25
        side = [
            (foot, floor), (foot, waist), (foot - self.rake, top - 0.08), (foot - self.rake - 0.15, top),
            (back, top), (back, floor),
        ]  # fmt: skip
        arch = arc(1.15 * self.wheel, 155, 25, 6) + (-max(0.6 * nose, 1.15 * self.wheel + 0.1), self.wheel)
        if not nose:
            side += [(x, max(y, floor)) for x, y in arch if back < x < foot]
        parts = [extrusion(side, width, self.paint)]
        lean = np.degrees(np.arctan2(self.rake, top - 0.08 - waist))
        pane = box((0.05, 0.78 * (top - waist), 0.88 * width), (foot, waist + 0.45 * (top - waist), 0), glass)
        parts.append(turned(pane, "z", lean, (foot, waist, 0)))
        door = min(-back - nose - self.rake - 0.15, 1.0)
        parts.append(
            box(
                (door, 0.62 * (top - waist), width + 0.04),
                (foot - self.rake - 0.08 - door / 2, waist + 0.42 * (top - waist), 0), glass,
            )
        )  # fmt: skip
        parts.append(mirrored(box((0.08, 0.5, 0.25), (foot - 0.02, waist + 0.3, width / 2 + 0.18), DARK)))
        parts.append(
            mirrored(
                rod(
                    (foot - 0.1, waist + 0.5, width / 2 - 0.05), (foot - 0.02, waist + 0.5, width / 2 + 0.18),
                    0.025, DARK, 5,
                )
            )
        )  # fmt: skip
        bumper = box((0.18, 0.32, width), (0.05, low + 0.08, 0), CHROME if nose else DARK, 0.04)
        lamps = mirrored(box((0.08, 0.2, 0.32), (0.02, low + 0.45, 0.38 * width), LAMP))
        parts += [
            bumper,
            lamps,
            box((0.06, 0.42 * (waist - low), 0.6 * width), (0.01, low + 0.62 * (waist - low), 0), DARK),
        ]
        if nose:
            hood = 0.86 * waist
            bonnet = [
                (-nose - 0.02, deck - 0.3), (-nose - 0.02, 0.98 * waist), (-0.15, hood), (0, hood - 0.15),
                (0, low + 0.1), (-0.2, low + 0.1),
            ]  # fmt: skip
            parts.append(extrusion(bonnet, 0.62 * width, self.paint))
            guard = np.concatenate([arch, (arch * 1.0)[::-1] + (0, 0.12)])
            parts.append(mirrored(extrusion(guard, 0.26 * width, self.paint, centre=0.37 * width)))
            pipe = rod((back - 0.1, deck, 0.44 * width), (back - 0.1, top + 0.5, 0.44 * width), 0.08, CHROME, 8)
            parts.append(mirrored(pipe))
        elif self.deflector:
            wing = [(foot - self.rake - 0.4, top - 0.01), (back + 0.05, top + 0.5), (back + 0.05, top - 0.01)]
            parts.append(extrusion(wing, 0.85 * width, self.paint))
        return parts

    def _load(self, start: float, end: float, deck: float) -> list[Part]:
        width, middle, bed = self.width, (start + end) / 2, start - end
        if self.load == "tank":
            radius = min(0.46 * width, 0.42 * self.load_height)
            rows = [
                (0, end), (0.9 * radius, end + 0.06), (radius, end + 0.25), (radius, start - 0.25),
                (0.9 * radius, start - 0.06), (0, start),
            ]  # fmt: skip
            hatch = rod((middle, deck + 2 * radius, 0), (middle, deck + 2 * radius + 0.2, 0), 0.3, self.rim, 12)
            cradle = box((0.9 * bed, 0.4, 0.5 * width), (middle, deck + 0.1, 0), DARK)
            return [moved(lathe(rows, self.cargo, 20, "x"), y=deck + 1.0 * radius + 0.05), hatch, cradle]
        floor = box((bed, 0.14, width), (middle, deck + 0.07, 0), DARK)
        if self.load == "box":
            tall = self.load_height
            parts = [box((bed, tall, width), (middle, deck + 0.1 + tall / 2, 0), self.cargo, 0.04)]
            if self.corrugated:
                rib = box((0.06, 0.94 * tall, width + 0.08), (0, deck + 0.1 + tall / 2, 0), self.cargo)
                parts.append(
                    array(rib, [(x, 0, 0) for x in np.linspace(end + 0.1, start - 0.1, max(int(bed / 0.5), 4))])
                )
            return parts
        tall = 0.45 * self.load_height if self.load == "tipper" else 0.4
        walls = [mirrored(box((bed, tall, 0.06), (middle, deck + 0.1 + tall / 2, width / 2 - 0.03), self.cargo))]
        walls += [
            box((0.06, tall, width), (x, deck + 0.1 + tall / 2, 0), self.cargo) for x in (start - 0.03, end + 0.03)
        ]
        board = box((0.08, self.cab_height - deck, 0.95 * width), (start, (self.cab_height + deck) / 2, 0), self.cargo)
        return [floor, *walls, board]
