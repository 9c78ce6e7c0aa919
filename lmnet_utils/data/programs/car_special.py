"""Programs of cars with wheels outside their bodies: racing cars and vintage cars. Lengths are metres."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.car_body import CHROME, DARK, wheel_of
from lmnet_utils.data.programs.parameters import PAINTS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    arc,
    array,
    box,
    curve,
    cushion,
    extrusion,
    joined,
    lathe,
    loft,
    mirrored,
    moved,
    oval,
    rod,
    scaled,
    sheet,
    tube,
    turned,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FormulaCar(Program):
    """A racing car with open wheels: a slender body with the driver's opening, side pods, and perhaps wings."""

    wings: str = one_of("both", "none", "rear", shares=(5, 1.5, 0.5))
    nose: str = one_of("high", "low", shares=(1, 2))
    spokes: int = one_of(0, 5, 7)
    elements: int = one_of(1, 2)
    length: float = uniform(4.2, 5.2)  # metres
    width: float = uniform(0.36, 0.42)  # over the wheels, of the length
    fuselage: float = uniform(0.34, 0.48)  # width of the body, of the whole width
    height: float = uniform(0.13, 0.17)  # of the body at the driver, of the length
    wheel: float = uniform(0.062, 0.075)  # radius, of the length
    tyre: float = uniform(0.17, 0.24)  # width of a rear tyre, of the whole width
    front_axle: float = uniform(0.19, 0.26)  # from the nose, of the length
    rear_axle: float = uniform(0.12, 0.17)  # from the tail, of the length
    pods: float = uniform(0.50, 0.85)  # width over the side pods, of the whole width
    cockpit: float = uniform(-0.06, 0.04)  # shift of the driver, of the length
    airbox: float = uniform(1.15, 1.6)  # height behind the driver, of the body's
    wing_height: float = uniform(0.16, 0.20)  # of the rear wing, of the length
    paint: tuple[float, float, float] = colour(*PAINTS)
    second: tuple[float, float, float] = colour("white", "red", "yellow", "black", "blue", "steel")
    rim: tuple[float, float, float] = colour("steel", "dark grey", "brass")

    def parts(self) -> list[Part]:
        length, width = self.length, self.width * self.length
        half, tall, body = length / 2, self.height * length, self.fuselage * width
        radius, tyre = self.wheel * length, self.tyre * width
        front, rear = half - self.front_axle * length, -half + self.rear_axle * length
        seat = self.cockpit * length
        low = 0.05 if self.nose == "low" else 0.45 * tall
        rows = [  # x, width, bottom, top
            (half, 0.22 * body, low + 0.03, low + 0.16 * tall), (half - 0.04 * length, 0.34 * body, low, low + 0.28 * tall),
            (front, 0.55 * body, 0.6 * low + 0.02, 0.72 * tall), (seat + 0.11 * length, 0.9 * body, 0.05, 0.92 * tall),
            (seat + 0.07 * length, body, 0.05, tall), (seat - 0.07 * length, body, 0.05, tall),
            (seat - 0.075 * length, 0.8 * body, 0.05, self.airbox * tall), (seat - 0.16 * length, 0.75 * body, 0.05, 0.95 * self.airbox * tall),
            (rear, 0.45 * body, 0.08, 0.75 * tall), (-half + 0.03 * length, 0.25 * body, 0.12, 0.5 * tall),
        ]  # fmt: skip
        hull = loft(
            [np.insert(oval(w, top - b, 0.5, 14)[:, ::-1] + ((top + b) / 2, 0), 0, x, axis=1) for x, w, b, top in rows],
            self.paint,
        )
        hole = scaled(lathe([(1, 0), (0.9, 0.05), (0, 0.02)], DARK, 14), 0.075 * length, tall, 0.36 * body)
        helmet = cushion((0.27, 0.30, 0.25), (seat - 0.04 * length, 1.02 * tall, 0), self.second, 0.9, 5)
        parts = [hull, moved(hole, seat, 0.98 * tall), helmet]
        outer = self.pods * width / 2
        sides = [
            (seat + 0.06 * length, outer), (seat - 0.10 * length, outer), (rear + radius, 0.3 * body),
            (seat + 0.06 * length, 0.3 * body),
        ]  # fmt: skip
        pod = extrusion([(z, x) for x, z in sides], 0.6 * tall, self.second, "y", 0.05 + 0.32 * tall)
        parts += [mirrored(pod), box((front - rear, 0.03, 0.7 * body), ((front + rear) / 2, 0.05, 0), DARK)]
        for axle, wide in ((front, 0.8 * tyre), (rear, tyre)):
            z = width / 2 - wide / 2
            arms = [
                rod((axle + d, y, 0), (axle + 0.2 * d, y, z), 0.02, DARK, 5)
                for d in (-0.3, 0.3)
                for y in (0.7 * radius, 1.2 * radius)
            ]
            parts.append(mirrored(joined(moved(wheel_of(radius, wide, self.rim, self.spokes), axle, radius, z), arms)))
        return parts + self._wings(half, width, body, radius)

    def _wings(self, half: float, width: float, body: float, radius: float) -> list[Part]:
        parts = []
        chord = 0.075 * self.length
        section = [(-0.5, 0.14), (-0.2, 0.06), (0.3, 0.0), (0.5, 0.02), (0.3, 0.06), (-0.2, 0.12)]
        if self.wings == "both":
            span, y = 0.88 * width, 0.09
            blade = extrusion(np.array(section) * chord, span, self.second)
            parts += [moved(blade, half - 0.4 * chord - i * 0.5 * chord, y + i * 0.06) for i in range(self.elements)]
            parts.append(
                mirrored(box((1.4 * chord, 0.16, 0.025), (half - 0.7 * chord, y + 0.03, span / 2), self.paint))
            )
            parts.append(
                mirrored(
                    box(
                        (0.5 * chord, 0.35 * self.height * self.length, 0.03),
                        (half - 0.6 * chord, y + 0.12, 0.11 * body), self.paint,
                    )
                )
            )  # fmt: skip
        if self.wings != "none":
            span, y = 0.55 * width, self.wing_height * self.length
            blade = extrusion(np.array(section) * chord * (1, 1.5), span, self.second)
            parts += [moved(blade, -half + 0.8 * chord - i * 0.5 * chord, y + 0.08 * i) for i in range(self.elements)]
            parts.append(
                mirrored(box((1.6 * chord, 0.5 * y, 0.025), (-half + 0.8 * chord, 0.85 * y, span / 2), self.paint))
            )
            parts.append(box((0.5 * chord, 0.8 * y, 0.04), (-half + 0.8 * chord, 0.6 * y, 0), DARK))
            parts.append(box((1.2 * chord + 0.2, 0.06, 0.2 * body), (-half + 0.8 * chord, 0.3 * y, 0), DARK))
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class VintageCar(Program):
    """A car of the years before 1940: a narrow bonnet behind its radiator, mudguards joined by running boards, round lamps."""

    kind: str = one_of("closed", "open", "hood", shares=(3, 2, 1))
    spare: str = one_of("none", "rear", "side", shares=(2, 2, 1))
    spokes: int = one_of(0, 10, 12)
    bumper: bool = one_of(True, False)
    rows: int = one_of(1, 2)
    length: float = uniform(3.5, 4.6)  # metres
    width: float = uniform(0.36, 0.43)  # of the length, over the mudguards
    height: float = uniform(1.50, 1.80)  # metres
    bonnet: float = uniform(0.28, 0.42)  # length of the bonnet, of the length
    waist: float = uniform(0.58, 0.68)  # height of the bonnet, of the height
    wheel: float = uniform(0.33, 0.42)  # metres, radius
    guard: float = uniform(1.15, 1.35)  # radius of the mudguards, of the wheels'
    fullness: float = uniform(0.20, 0.34)  # metres, width of the mudguards
    cabin: float = uniform(0.66, 0.80)  # width of the cabin, of the width
    radiator: float = uniform(0.40, 0.60)  # width of the radiator, of the cabin's
    lamp: float = uniform(0.09, 0.15)  # metres, radius of the headlamps
    tail: float = uniform(0.0, 1.0)  # how far the rear slopes
    paint: tuple[float, float, float] = colour(
        "black", "navy", "red", "green", "beige", "brown", "yellow", "grey", "white"
    )
    guards: tuple[float, float, float] = colour("black", "dark grey", "navy", "brown", "beige")
    rim: tuple[float, float, float] = colour("beige", "red", "steel", "yellow", "dark grey")

    def parts(self) -> list[Part]:
        half, width, waist = self.length / 2, self.width * self.length, self.waist * self.height
        r = self.wheel
        front, rear = half - 1.15 * r, -half + 1.25 * r
        cowl, wide, floor = front - self.bonnet * self.length + 0.2 * r, self.cabin * width, 0.95 * r
        nose, slim = front + 0.35 * r, self.radiator * self.cabin * width
        rows = [
            (nose, slim, 0.95 * waist), ((nose + cowl) / 2, 0.45 * wide + 0.45 * slim, 0.97 * waist),
            (cowl, 0.94 * wide, waist),
        ]  # fmt: skip
        hood = [
            np.insert(oval(w, top - floor, 0.55, 14)[:, ::-1] + ((top + floor) / 2, 0), 0, x, axis=1)
            for x, w, top in rows
        ]
        grille = cushion(
            (0.10, 0.98 * waist - floor + 0.02, 1.03 * slim), (nose, (0.97 * waist + floor) / 2, 0), CHROME, 0.25, 6
        )
        frame = box((front - rear + 0.9 * r, 0.10, 0.45 * wide), ((front + rear) / 2, floor - 0.03, 0), DARK)
        parts = [
            loft(hood, self.paint),
            grille,
            frame,
            self._guards(front, rear, width),
            *self._tub(cowl, rear - 0.55 * r, wide, floor),
        ]
        tyre = 0.16
        z = width / 2 - max(0.5 * self.fullness, tyre / 2 + 0.01)
        wheel = wheel_of(r, tyre, self.rim, self.spokes)
        parts.append(mirrored(array(wheel, [(front, r, z), (rear, r, z)])))
        parts.append(joined([rod((x, r, -z), (x, r, z), 0.04, DARK, 6) for x in (front, rear)]))
        profile = [
            (0, -self.lamp), (0.6 * self.lamp, -0.7 * self.lamp), (self.lamp, 0.3 * self.lamp),
            (0.9 * self.lamp, 0.4 * self.lamp), (0, 0.5 * self.lamp),
        ]  # fmt: skip
        lamp = (nose - 0.02, 0.86 * waist, slim / 2 + self.lamp)
        parts.append(
            mirrored(
                joined(
                    moved(lathe(profile, CHROME, 12, "x"), *lamp),
                    rod((lamp[0], floor, lamp[2] - 0.04), lamp, 0.025, CHROME, 6),
                )
            )
        )
        if self.bumper:
            for x in (half, -half):
                path = [
                    (x - np.sign(x) * 0.06, 0.9 * r, -0.42 * width), (x, 0.9 * r, -0.3 * width),
                    (x, 0.9 * r, 0.3 * width), (x - np.sign(x) * 0.06, 0.9 * r, 0.42 * width),
                ]  # fmt: skip
                parts.append(tube(path, 0.035, CHROME, 6, flatten=1.6))
                parts.append(mirrored(rod((x * 0.6, 0.9 * r, 0.2 * wide), (x, 0.9 * r, 0.2 * wide), 0.025, DARK, 5)))
        if self.spare == "side":
            parts.append(mirrored(moved(wheel, cowl + 0.25, 1.75 * r, wide / 2 + 0.06)))
        elif self.spare == "rear":
            parts.append(moved(turned(wheel, "y", -90), rear - 0.62 * r - 0.10, 1.9 * r))
        return parts

    def _guards(self, front: float, rear: float, width: float) -> Part:
        r, g = self.wheel, self.guard * self.wheel
        board = 0.75 * r
        ahead = arc(g, 5, 150, 8) + (front, r)
        behind = arc(g, 30, 165, 8) + (rear, r)
        path = np.concatenate([ahead, [(front - 1.9 * g, board), (rear + 1.6 * g, board)], behind])
        outer = width / 2
        across = np.array([outer - self.fullness, outer - 0.6 * self.fullness, outer - 0.25 * self.fullness, outer])
        lower = np.array([0.02, 0.0, 0.01, 0.06])
        grid = np.stack(
            [
                np.stack([path[:, 0], path[:, 1] - low, np.full(len(path), z)], axis=-1)
                for z, low in zip(across, lower, strict=True)
            ],
            axis=1,
        )
        return mirrored(sheet(grid, 0.03, self.guards))

    def _saloon(self, cowl: float, rear: float, wide: float, floor: float) -> list[Part]:
        """A closed cabin with its windows."""
        waist, height = self.waist * self.height, self.height
        slope = 0.10 + 0.25 * self.tail
        side = [
            (cowl, floor), (cowl, waist), (cowl - 0.06, height - 0.10), (cowl - 0.16, height - 0.02),
            (cowl - 0.5, height), (rear + slope, height - 0.03),
        ]  # fmt: skip
        side += [
            (rear + 0.5 * slope, height - 0.12), (rear + 0.2 * slope, waist),
            (rear, floor + 0.25 * (waist - floor)), (rear + 0.08, floor),
        ]  # fmt: skip
        shell = extrusion(side, wide, self.paint)
        high, top = height - 0.14, (cowl - 0.10, rear + slope + 0.12)
        cuts = np.linspace(top[0], top[1], 1 + self.rows + (1 if top[0] - top[1] > 1.4 else 0))
        panes = [
            box(
                (a - b - 0.09, high - waist - 0.05, wide + 0.03), ((a + b) / 2, (waist + high) / 2 + 0.02, 0),
                (0.35, 0.42, 0.46),
            )
            for a, b in zip(cuts, cuts[1:], strict=False)
        ]  # fmt: skip
        screen = box(
            (0.04, high - waist - 0.02, 0.85 * wide), (cowl - 0.02, (waist + high) / 2 + 0.02, 0),
            (0.35, 0.42, 0.46),
        )  # fmt: skip
        back = box((0.06, 0.22, 0.5 * wide), (rear + 0.32 * slope, (waist + high) / 2 + 0.04, 0), (0.35, 0.42, 0.46))
        return [shell, *panes, turned(screen, "z", 6, (cowl, waist, 0)), back]

    def _tub(self, cowl: float, rear: float, wide: float, floor: float) -> list[Part]:
        """What the passengers sit in."""
        waist, height = self.waist * self.height, self.height
        if self.kind == "closed":
            return self._saloon(cowl, rear, wide, floor)
        edge = 0.94 * waist
        plan = [
            (-0.47 * wide, cowl + 0.02), (-0.5 * wide, cowl - 0.4), (-0.5 * wide, rear + 0.5),
            (-0.40 * wide, rear + 0.05), (-0.25 * wide, rear),
        ]  # fmt: skip
        plan += [(-z, x) for z, x in plan[::-1]]
        outline = np.array([(x, z) for z, x in plan])
        levels = []
        for y, grow in (
            (floor, 0.90),
            (floor + 0.3 * (edge - floor), 1.0),
            (edge, 1.0),
            (edge + 0.01, 0.94),
            (floor + 0.1, 0.90),
        ):
            centre = outline.mean(0)
            ringed = centre + (outline - centre) * (grow if y < edge else grow, grow)
            levels.append(np.stack([ringed[:, 0], np.full(len(plan), y), ringed[:, 1]], axis=-1))
        parts = [loft(np.array(levels), self.paint)]
        gap = (cowl - rear) / (self.rows + 0.6)
        seats = [joined(cushion((0.45, 0.2, 0.8 * wide), (cowl - gap * (k + 0.85), floor + 0.22, 0), self.guards, 0.35, 5),
                        turned(cushion((0.16, 0.62, 0.8 * wide), (cowl - gap * (k + 0.85) - 0.22, floor + 0.48, 0), self.guards, 0.35, 5), "z", 12, (cowl - gap * (k + 0.85) - 0.22, floor + 0.2, 0)))
                 for k in range(self.rows)]  # fmt: skip
        parts += [
            *seats,
            turned(
                box((0.03, 0.36, 0.84 * wide), (cowl - 0.05, edge + 0.17, 0), (0.45, 0.55, 0.6)),
                "z",
                12,
                (cowl, edge, 0),
            ),
        ]
        wheel = tube(np.insert(arc(0.20, 0, 330, 10), 0, 0, axis=1), 0.02, DARK, 4, closed=True)
        parts.append(moved(turned(wheel, "z", -30), cowl - 0.30, edge + 0.04, 0.2 * wide))
        if self.kind == "hood":
            ends = (cowl + 0.05, rear + 0.25 + 0.2 * self.tail)
            roof = [
                (ends[0], height - 0.06), ((ends[0] + ends[1]) / 2, height), (ends[1], height - 0.05),
                (rear + 0.04, edge),
            ]  # fmt: skip
            grid = [
                np.stack(
                    [np.full(5, x), y - 0.05 * np.linspace(-1, 1, 5) ** 2, np.linspace(-0.5, 0.5, 5) * wide], axis=-1
                )
                for x, y in curve(roof, 3)
            ]
            posts = [rod((cowl - 0.03, edge, 0.46 * wide), (cowl + 0.03, height - 0.10, 0.48 * wide), 0.018, DARK, 5)]
            posts.append(rod((rear + 0.5, edge, 0.48 * wide), (ends[1], height - 0.10, 0.48 * wide), 0.018, DARK, 5))
            parts += [sheet(grid, 0.03, self.guards), mirrored(joined(posts))]
        elif self.tail > 0.4:
            parts.append(cushion((0.45, 0.24, 1.02 * wide), (rear + 0.16, edge + 0.08, 0), self.guards, 0.5, 5))
        return parts
