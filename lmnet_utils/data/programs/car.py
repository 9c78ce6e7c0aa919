"""Programs of cars: passenger cars of many body styles, vans and buses; beside them racing cars, vintage cars and lorries.

Lengths are metres.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from lmnet_utils.data.programs.car_body import (
    CHROME,
    DARK,
    GLASSES,
    REAR_LAMP,
    RGB,
    Body,
    cabin,
    car_seat,
    lamps_of,
    lower_body,
    mirrors_of,
    road_wheels,
    wheel_of,
)
from lmnet_utils.data.programs.car_special import FormulaCar, VintageCar
from lmnet_utils.data.programs.car_truck import Truck
from lmnet_utils.data.programs.parameters import PAINTS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    arc,
    array,
    box,
    cushion,
    extrusion,
    joined,
    mirrored,
    moved,
    painted,
    rod,
    scaled,
    sheet,
    tube,
    turned,
)


class Style(NamedTuple):
    """What sets a body style apart; places are shares of the length from the nose."""

    height: float
    """Of the length."""
    cowl: float
    roof_rear: float
    rear: float
    tail: float
    """Height of the tail over that of the waist."""
    wide: float = 1.0
    long: float = 1.0


STYLES = {
    "sedan": Style(0.31, 0.29, 0.66, 0.82, 0.98),
    "coupe": Style(0.27, 0.35, 0.66, 0.86, 0.98),
    "fastback": Style(0.29, 0.30, 0.62, 0.93, 0.96),
    "sports car": Style(0.25, 0.33, 0.60, 0.88, 1.05, 1.06),
    "beetle": Style(0.36, 0.32, 0.60, 0.88, 0.86, 1.05, 0.92),
    "hatchback": Style(0.36, 0.26, 0.86, 0.96, 1.0, 1.02, 0.9),
    "estate": Style(0.31, 0.28, 0.90, 0.97, 1.0),
    "off-roader": Style(0.39, 0.27, 0.94, 0.98, 1.0, 1.05),
    "minivan": Style(0.40, 0.18, 0.89, 0.97, 1.0, 1.02),
    "micro": Style(0.54, 0.19, 0.80, 0.93, 1.0, 1.38, 0.62),
    "pick-up": Style(0.35, 0.27, 0.55, 0.585, 1.0),
    "supercar": Style(0.245, 0.25, 0.52, 0.84, 1.10, 1.10),
    "long bonnet": Style(0.28, 0.42, 0.68, 0.90, 0.92),
    "classic": Style(0.35, 0.31, 0.64, 0.79, 0.96, 0.98),
    "prototype": Style(0.225, 0.28, 0.50, 0.78, 1.02, 1.06),
    "limousine": Style(0.21, 0.20, 0.78, 0.87, 0.98, 0.68, 1.5),
    "convertible": Style(0.28, 0.32, 0.0, 0.0, 0.98),
}

SPORTING = ("coupe", "sports car", "convertible", "supercar", "long bonnet", "prototype", "limousine")


@dataclasses.dataclass(frozen=True, kw_only=True)
class PassengerCar(Program):
    """A car for a few people: from the saloon and the sports car to the off-roader, the pick-up and the open two-seater."""

    style: str = one_of(*STYLES, shares=(5, 4, 3, 4, 1, 4, 2, 4, 2, 0.7, 2, 2, 1, 1.5, 0.8, 0.3, 3))
    doors: int = one_of(2, 4, 4)
    lamps: str = one_of("long", "round", shares=(3, 1))
    extra: str = one_of("none", "lip", "wing", "rack", "spare wheel", "light bar", shares=(6, 2, 2, 2, 1, 0.7))
    spokes: int = one_of(0, 5, 6, 8)
    bumpers: str = one_of("none", "painted", "chrome", shares=(3, 2, 1))
    inside: str = one_of("empty", "seats", shares=(1, 2))
    length: float = uniform(3.9, 5.1)  # metres
    width: float = uniform(0.37, 0.45)  # of the length
    height: float = uniform(0.92, 1.09)  # of the style's height
    clearance: float = uniform(0.10, 0.17)  # of the height, under the floor
    waist: float = uniform(0.60, 0.68)  # height at the windscreen's foot, of the height
    nose: float = uniform(0.84, 0.98)  # height of the bonnet's front, of the waist
    tail: float = uniform(0.94, 1.08)  # height of the tail, of the style's
    cowl: float = uniform(-0.03, 0.03)  # shift of the windscreen's foot to the rear, of the length
    rake: float = uniform(0.9, 1.9)  # run of the windscreen over its rise
    rear_rake: float = uniform(0.7, 1.3)  # run of the rear window, of the style's
    wheel: float = uniform(0.19, 0.24)  # radius of the wheels, of the height
    front_axle: float = uniform(0.165, 0.215)  # from the nose, of the length
    rear_axle: float = uniform(0.175, 0.225)  # from the tail, of the length
    taper: float = uniform(0.04, 0.14)  # share of the width lost at nose and tail
    grille: float = uniform(0.0, 0.75)  # its width, of the front's; below 0.2 there is none
    tumblehome: float = uniform(0.66, 0.82)  # roof's width over the body's
    roundness: float = uniform(0.0, 0.75)  # 0 has edges, 1 is a beetle
    paint: tuple[float, float, float] = colour(*PAINTS)
    roof: tuple[float, float, float] = colour("black", "dark grey", "white")
    rim: tuple[float, float, float] = colour("steel", "grey", "white", "dark grey")
    glass: tuple[float, float, float] = colour(*GLASSES)

    def body(self) -> Body:
        """Its measures."""
        style = STYLES[self.style]
        length = self.length * style.long
        half, width = length / 2, self.width * self.length * style.long * style.wide
        height = style.height * self.height * length
        roofed = height
        waist = self.waist * height if self.style != "convertible" else 0.74 * height
        cowl = half - (style.cowl + self.cowl) * length
        front = cowl - self.rake * (roofed - waist) * (0.55 if self.style in ("off-roader", "pick-up") else 1.0)
        rear, roof_rear = half - style.rear * length, half - style.roof_rear * length
        roof_rear = rear + (roof_rear - rear) * self.rear_rake
        front = max(front, roof_rear + 0.10 * length)
        radius = self.wheel * height * (1.15 if self.style in SPORTING else 1.0)
        radius *= {"off-roader": 0.95, "micro": 0.78, "minivan": 0.82, "hatchback": 0.9}.get(self.style, 1.0)
        hollow = None
        if self.style == "convertible":
            rear = cowl - length * (0.40 if self.doors == 4 else 0.27)
            front, roof_rear, hollow = rear, rear, (rear, cowl - 0.22)
        elif self.style == "pick-up":
            hollow = (-half + 0.03 * length, rear - 0.04)
        panes: tuple[tuple[float, float], ...] = ((0.03, 0.45), (0.50, 0.95))
        if self.doors == 2 or self.style in ("micro", "sports car", "supercar", "prototype", "long bonnet"):
            panes = ((0.05, 0.62), (0.68, 0.90)) if self.style in ("hatchback", "coupe", "beetle") else ((0.06, 0.80),)
        elif self.style in ("estate", "minivan", "off-roader", "limousine"):
            panes = ((0.03, 0.33), (0.36, 0.64), (0.68, 0.94))
        return Body(
            length, width, height, self.clearance * height * (1.5 if self.style in ("off-roader", "pick-up") else 1.0),
            self.nose * waist, waist, waist * style.tail * self.tail, cowl, front, roof_rear, rear,
            (half - self.front_axle * length, -half + self.rear_axle * length), radius, 0.13 * width,
            self.taper, self.tumblehome + (0.08 if self.style in ("off-roader", "pick-up", "minivan") else 0.0),
            max(self.roundness, {"beetle": 0.75, "classic": 0.5, "long bonnet": 0.5}.get(self.style, 0.0)), panes, hollow,
        )  # fmt: skip

    def parts(self) -> list[Part]:
        body = self.body()
        roof = self.roof if self.style in ("convertible", "micro") else self.paint
        parts = [lower_body(body, self.paint), road_wheels(body, self.rim, self.spokes), mirrors_of(body, self.paint)]
        parts += lamps_of(body, 0.12 * body.height, self.lamps == "round", self.grille)
        if self.style == "convertible":
            parts += [*self._windscreen(body), *self._seats(body, body.hollow or (0, 0))]
        else:
            parts.append(cabin(body, self.paint, self.glass, roof))
            if self.inside == "seats":
                parts += self._seats(body, (max(body.rear, body.roof_rear - 0.02 * body.length), body.cowl - 0.5))
        if self.bumpers != "none":
            parts += self._bumpers(body, self.paint if self.bumpers == "painted" else CHROME)
        parts += self._extra(body)
        return parts

    def _seats(self, body: Body, room: tuple[float, float]) -> list[Part]:
        rows = 2 if self.doors == 4 and room[1] - room[0] > 1.35 else 1
        first = room[1] - 0.42 * (room[1] - room[0]) / rows
        places = [first - row * 0.46 * (room[1] - room[0]) for row in range(rows)]
        size = min(1.0, 0.72 * body.height)
        level = body.clearance + 0.12 * body.height + 0.10
        seats = [
            moved(scaled(car_seat(0, 0, 0, self.roof), size, size, size), x, level, 0.22 * body.width) for x in places
        ]
        wheel = tube(np.insert(arc(0.18, 0, 330, 10), 0, -0.02 * np.arange(11), axis=1), 0.018, DARK, 4, closed=True)
        wheel = moved(
            turned(wheel, "z", -25), min(first + 0.42 * size, room[1] - 0.1), level + 0.30 * size, 0.22 * body.width
        )
        return [mirrored(joined(seats)), wheel]

    def _windscreen(self, body: Body) -> list[Part]:
        rise, run = body.height - body.waist, self.rake * (body.height - body.waist)
        z = np.linspace(-1, 1, 7)
        grid = []
        for t, share in ((-0.1, 0.92), (0.5, 0.86), (1.0, 0.76)):
            wide = share * float(body.half_width(np.array(body.cowl)))
            grid.append(np.stack([body.cowl - t * run - 0.14 * z**2, body.waist + t * rise + 0 * z, wide * z], axis=-1))
        frame = [*np.array(grid)[:, 0], *grid[-1][1:-1], *np.array(grid)[::-1, -1]]
        folded = cushion(
            (0.35, 0.16, 1.5 * float(body.half_width(np.array(body.rear)))), (body.rear - 0.05, body.tail, 0),
            self.roof, 0.4, 5,
        )  # fmt: skip
        parts = [sheet(grid, 0.02, self.glass), tube(frame, 0.03, self.paint, 5)]
        return [*parts, folded] if self.inside == "seats" else parts

    def _bumpers(self, body: Body, tint: RGB) -> list[Part]:
        z = np.linspace(-1, 1, 9)
        bars = []
        for sign in (-1, 1):
            x = sign * (body.length / 2 + 0.03 - 0.07 * body.length * z**4)
            wide = float(body.half_width(np.array(sign * 0.44 * body.length)))
            path = np.stack([x, 0 * x + body.floor(x[4]) + 0.07 * body.height, wide * 1.02 * z], axis=-1)
            bars.append(tube(path, 0.045 * body.height, tint, 6, flatten=1.3))
        return bars

    def _extra(self, body: Body) -> list[Part]:
        rear, tail = -body.length / 2, body.tail
        wide = float(body.half_width(np.array(0.94 * rear)))
        if self.extra == "spare wheel" and self.style == "off-roader":
            return [
                moved(
                    turned(wheel_of(body.radius, body.tyre, self.rim, self.spokes), "y", -90), rear - 0.06, 0.9 * tail
                )
            ]
        if self.extra == "rack" and self.style in ("estate", "off-roader", "minivan", "hatchback"):
            ends = (body.roof_front - 0.15 * body.length, body.roof_rear + 0.06 * body.length)
            z, y = 0.42 * self.tumblehome * body.width, body.height + 0.03
            rails = mirrored(rod((ends[0], y, z), (ends[1], y, z), 0.025, self.roof, 6))
            feet = mirrored(
                array(rod((0, body.height - 0.15, z), (0, y, z), 0.02, self.roof, 5), [(x, 0, 0) for x in ends])
            )
            bars = [
                rod((x, y, -z), (x, y, z), 0.025, self.roof, 6)
                for x in (0.2 * ends[0] + 0.8 * ends[1], 0.8 * ends[0] + 0.2 * ends[1])
            ]
            return [rails, feet, *bars]
        if self.extra == "light bar" and self.style not in ("convertible", "prototype", "supercar"):
            x, z = (0.55 * body.roof_front + 0.45 * body.roof_rear), 0.28 * self.tumblehome * body.width
            bar = cushion((0.26, 0.13, z), (x, body.height + 0.05, 0.6 * z), REAR_LAMP, 0.4, 5)
            return [
                bar,
                painted(scaled(bar, z=-1), (0.2, 0.35, 0.75)),
                box((0.2, 0.12, 1.6 * z), (x, body.height - 0.02, 0), DARK),
            ]
        low = self.style in (
            "sedan",
            "coupe",
            "fastback",
            "sports car",
            "supercar",
            "prototype",
            "long bonnet",
            "classic",
        )
        if self.extra == "wing" and low:
            x, y = rear + 0.08 * body.length, tail + 0.15 * body.height
            feet = mirrored(box((0.16, 0.19 * body.height, 0.04), (x, y - 0.09 * body.height, 0.6 * wide), DARK))
            return [box((0.26, 0.035, 1.9 * wide), (x - 0.03, y, 0), self.paint, 0.01), feet]
        if self.extra == "lip" and low:
            side = [(rear, 0.95 * tail), (rear + 0.2, 0.96 * tail), (rear - 0.02, tail + 0.05)]
            return [extrusion(side, 1.7 * wide, self.paint)]
        if self.extra in ("lip", "wing") and self.style in ("hatchback", "estate", "minivan", "off-roader"):
            x = body.roof_rear
            return [
                box((0.28, 0.04, 1.25 * self.tumblehome * wide), (x - 0.02, 0.965 * body.height, 0), self.paint, 0.01)
            ]
        return []


@dataclasses.dataclass(frozen=True, kw_only=True)
class Van(Program):
    """A tall car for goods or many people: a panel van, a minibus, a bus."""

    kind: str = one_of("panel van", "minibus", "bus", "coach", shares=(4, 3, 2, 1))
    spokes: int = one_of(0, 5, 6)
    snout: str = one_of("short", "none", "long", shares=(3, 2, 1))
    roof_box: str = one_of("none", "rack", "air conditioner", shares=(3, 1, 1))
    lamps: str = one_of("long", "round", shares=(3, 1))
    length: float = uniform(0.0, 1.0)  # from the kind's shortest to its longest
    width: float = uniform(0.95, 1.05)  # of the kind's
    height: float = uniform(0.93, 1.07)  # of the kind's
    clearance: float = uniform(0.09, 0.14)  # of the height, under the floor
    waist: float = uniform(0.44, 0.54)  # height of the windows' lower edge, of the height
    rake: float = uniform(0.6, 1.3)  # run of the windscreen over its rise, of the kind's
    front_axle: float = uniform(0.17, 0.23)  # from the nose, of the length
    rear_axle: float = uniform(0.19, 0.27)  # from the tail, of the length
    taper: float = uniform(0.02, 0.08)  # share of the width lost at nose and tail
    tumblehome: float = uniform(0.86, 0.96)  # roof's width over the body's
    roundness: float = uniform(0.0, 0.35)  # 0 has edges
    paint: tuple[float, float, float] = colour(
        "white", "white", "grey", "red", "yellow", "blue", "light blue", "steel", "green"
    )
    trim: tuple[float, float, float] = colour("white", "dark grey", "grey", "steel")
    glass: tuple[float, float, float] = colour(*GLASSES)

    def body(self) -> Body:
        """Its measures."""
        short, long, width, height, snout = {
            "panel van": (4.3, 6.2, 1.95, 2.25, 0.10), "minibus": (4.2, 5.6, 1.85, 1.98, 0.10),
            "bus": (8.0, 12.5, 2.5, 3.0, 0.0), "coach": (9.0, 13.0, 2.5, 3.5, 0.0),
        }[self.kind]  # fmt: skip
        length, height = short + self.length * (long - short), height * self.height
        half, big = length / 2, self.kind in ("bus", "coach")
        cowl = half - 0.02 - length * snout * {"short": 1.0, "none": 0.12, "long": 1.7}[self.snout]
        waist = height * self.waist * (0.85 if big else 1.0)
        front = cowl - (0.35 if big else 0.75 if self.snout != "none" else 0.35) * self.rake * (height - waist) * 0.8
        rear = -half + 0.03
        panes: tuple[tuple[float, float], ...] = ((0.04, 0.20),)
        if self.kind != "panel van":
            count = 3 if self.kind == "minibus" else 4 + int(3 * self.length)
            edges = np.linspace(0.03, 0.97, count + 1)
            panes = tuple((float(start), float(end) - 0.02) for start, end in zip(edges, edges[1:], strict=False))
        axles = [half - self.front_axle * length, -half + self.rear_axle * length]
        radius = 0.50 if big else 0.34
        if self.kind == "coach":
            axles.append(axles[-1] - 2.4 * radius)
        return Body(
            length, width * self.width, height, self.clearance * height, 0.92 * waist, waist, waist, cowl, front, rear + 0.10, rear,
            tuple(axles), radius, 0.13 * width, self.taper, self.tumblehome, self.roundness, panes,
        )  # fmt: skip

    def parts(self) -> list[Part]:
        body = self.body()
        parts = [lower_body(body, self.paint), road_wheels(body, self.trim, self.spokes), mirrors_of(body, DARK)]
        parts += [cabin(body, self.paint, self.glass, self.paint, self.kind != "panel van")]
        parts += lamps_of(body, 0.10 * min(body.height, 2.2), self.lamps == "round")
        middle, span = (body.roof_front + body.roof_rear) / 2, body.roof_front - body.roof_rear
        if self.roof_box == "air conditioner" and self.kind != "panel van":
            parts.append(
                cushion(
                    (0.25 * span, 0.3, 0.6 * body.width), (middle - 0.1 * span, body.height + 0.05, 0), self.trim,
                    0.3, 5,
                )
            )  # fmt: skip
        if self.roof_box == "rack" and self.kind in ("panel van", "minibus"):
            z, y = 0.38 * body.width, body.height + 0.06
            parts.append(mirrored(rod((middle + 0.35 * span, y, z), (middle - 0.4 * span, y, z), 0.03, self.trim, 6)))
            bars = [
                rod((middle + s * span, y - 0.01, -z), (middle + s * span, y - 0.01, z), 0.03, self.trim, 6)
                for s in (-0.35, 0, 0.3)
            ]
            feet = rod((middle, y - 0.2, z), (middle, y, z), 0.025, self.trim, 6)
            parts += [*bars, mirrored(array(feet, [(s * span, 0, 0) for s in (-0.35, 0, 0.3)]))]
        return parts


PROGRAMS = {PassengerCar: 30, Van: 5, FormulaCar: 2, VintageCar: 2.5, Truck: 3.5}
"""Programs of the class, each with its share."""
