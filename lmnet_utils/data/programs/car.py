"""Programs of cars: passenger cars of many body styles, vans and buses, racing cars, vintage cars, and trucks.

A body is two lofts: the lower one runs from nose to tail with the wheels' arches cut into its sides, the upper one (the cabin)
from the waist up to the roof, its windows painted on. Lengths are metres.
"""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

import numpy as np

from lmnet_utils.data.programs.parameters import PAINTS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part, arc, array, box, curve, cushion, extrusion, joined, lathe, loft, mirrored, moved, oval, ring, rod, scaled, sheet,
    tube, turned,
)  # fmt: skip

RGB = tuple[float, float, float]
TYRE, DARK, CHROME = (0.12, 0.12, 0.13), (0.16, 0.16, 0.17), (0.72, 0.73, 0.75)
LAMP, REAR_LAMP = (0.88, 0.88, 0.80), (0.70, 0.10, 0.08)
GLASSES = ("dark grey", "glass", "navy", "black", "grey")


class Body(NamedTuple):
    """The measures that a body's two lofts follow: x runs from -length/2 (tail) to length/2 (nose)."""

    length: float
    width: float
    height: float
    """Of the roof."""
    clearance: float
    nose: float
    """Heights: of the bonnet's front edge, of the waist at the windscreen, and of the tail."""
    waist: float
    tail: float
    cowl: float
    """x of the windscreen's foot, of the roof's front and rear edge, and of the rear window's foot."""
    roof_front: float
    roof_rear: float
    rear: float
    axles: tuple[float, ...]
    radius: float
    """Of the wheels."""
    tyre: float
    """Width of a tyre."""
    taper: float
    """Share of the width that is lost towards nose and tail."""
    tumblehome: float
    """Width of the roof over that of the body."""
    roundness: float
    """From 0 (boxes with edges) to 1 (a beetle): of ends, shoulders, windows and roof."""
    panes: tuple[tuple[float, float], ...] = ((0.03, 0.45), (0.50, 0.95))
    """Where side windows start and end, as shares of the cabin's side from front to back."""
    hollow: tuple[float, float] | None = None
    """From x to x the body is open above (a cockpit, a load bed), if at all."""

    def half_width(self, x: np.ndarray) -> np.ndarray:
        end = np.clip(1 - (self.length / 2 - np.abs(x)) / (0.09 * self.length), 0, 1)
        return self.width / 2 * (1 - self.taper * np.abs(2 * x / self.length) ** 3) * (1 - (0.05 + 0.35 * self.roundness) * end**2.5)

    def deck(self, x: np.ndarray) -> np.ndarray:
        """Height of the lower body: bonnet, waist, boot."""
        half, bonnet = self.length / 2, self.length / 2 - self.cowl
        drop = 0.94 - 0.22 * self.roundness
        rows = [(-half, self.tail * drop), (-half + 0.03 * self.length, self.tail * (0.55 + 0.5 * drop))]
        if self.rear > -0.36 * self.length:
            rows.append((-half + 0.10 * self.length, self.tail))
        rows += [(max(self.rear, -half + 0.05 * self.length), (self.tail + self.waist) / 2), (self.cowl, self.waist)]
        if bonnet > 0.12 * self.length:
            rise = self.nose + 0.75 * (self.waist - self.nose)
            rows += [(half - 0.5 * bonnet, rise), (half - 0.035 * self.length, self.nose * (0.68 + 0.36 * drop))]
        rows.append((half, self.nose * drop))
        smooth = curve(rows, 5)
        return np.interp(x, smooth[:, 0], smooth[:, 1])

    def floor(self, x: np.ndarray) -> np.ndarray:
        end = np.clip((np.abs(2 * x / self.length) - 0.75) / 0.25, 0, 1)
        return self.clearance + 0.07 * self.height * end**1.5


def _lower_body(body: Body, paint: RGB) -> Part:
    """From the floor to the waist, along x; what lies hidden under the cabin is left out."""
    half = body.length / 2
    arch, reach = 1.14 * body.radius, np.radians(np.linspace(-20, 200, 10))
    stations = [half * s for s in (-1, -0.985, -0.955, -0.89, 0.89, 0.955, 0.985, 1)]
    stations += [*np.linspace(body.axles[-1] + arch, body.axles[0] - arch, 5), body.cowl, body.rear]
    for axle in body.axles:
        stations += list(axle + arch * np.cos(reach))
    if body.hollow:
        stations += [x + d for x in body.hollow for d in (-1e-3, 1e-3)]
    x = np.unique(np.clip(stations, -half, half))
    width, top, floor = body.half_width(x), body.deck(x), body.floor(x)
    well = floor.copy()
    for axle in body.axles:
        rise = arch**2 - (x - axle) ** 2
        well = np.where(rise > 0, np.maximum(well, body.radius + np.sqrt(np.maximum(rise, 0))), well)
    well = np.minimum(well, top - 0.06)
    bulge = np.maximum(floor + 0.55 * (top - floor), well + 0.02)
    inner, low = np.maximum(width - body.tyre - 0.08, 0.3 * width), top.copy()
    rim = 0.80 * width
    if body.hollow:
        inside = (x > body.hollow[0]) & (x < body.hollow[1])
        low = np.where(inside, floor + 0.12, low)
        rim = np.where(inside, 0.88 * width, rim)
    middle = low + np.where(low == top, (0.01 + 0.04 * body.roundness) * body.width, 0)
    zero = np.zeros_like(x)
    side = [(zero, floor), (inner, floor), (inner, well), (0.97 * width, well), (width, bulge)]
    side += [(0.985 * width, bulge + 0.75 * (top - bulge)), ((0.95 - 0.09 * body.roundness) * width, top), (rim, low)]
    rows = [*side, (zero, middle), *[(-z, y) for z, y in side[:0:-1]]]
    part = loft(np.stack([np.stack([x, y, z], axis=-1) for z, y in rows], axis=1), paint)
    hidden = np.zeros((len(x) - 1, len(rows)), bool)
    if body.roof_front > body.roof_rear:
        hidden[np.ix_((x[:-1] >= body.rear) & (x[1:] <= body.cowl), [7, 8])] = True
        if body.hollow:
            hidden[(x[:-1] >= body.hollow[0] - 2e-3) & (x[1:] <= body.hollow[1] + 2e-3)] = False
    kept = ~np.concatenate([hidden.ravel(), hidden.ravel(), np.zeros(len(part.faces) - 2 * hidden.size, bool)])
    return Part(part.vertices, part.faces[kept], part.colours[kept])


def _cabin(body: Body, paint: RGB, glass: RGB, roof: RGB, rear_glass: bool = True) -> Part:
    """From the waist to the roof: rings about the vertical, with windscreen, side windows and rear window in the glass's colour."""
    across = [0.0, 0.5, 0.88, 1.0]
    bow = 0.10 * body.width
    dome = 0.01 + 0.03 * body.length * body.roundness
    along = sorted({share for pane in body.panes for share in pane})
    middle = (body.roof_front + body.roof_rear) / 2
    half_roof = max((body.roof_front - body.roof_rear) / 2, 0.05)

    def level(t: float, shrink: float = 1.0) -> np.ndarray:
        out = dome * 3 * t * (1 - t)
        front = body.cowl + t * (body.roof_front - body.cowl) + out
        back = body.rear + t * (body.roof_rear - body.rear) - out
        x = [front - bow * z**2 - (0.04 if z == 1 else 0) for z in across]
        far = [back + 0.5 * bow * z**2 + (0.04 if z == 1 else 0) for z in across[::-1]]
        side = np.array([*x, *[x[-1] + share * (far[0] - x[-1]) for share in along], *far])
        z = np.array([*across, *[1.0] * len(along), *across[::-1]])
        foot = np.clip(side, body.rear, body.cowl)
        roof_y = body.height - 0.04 * body.height * ((side - middle) / half_roof).clip(-1.2, 1.2) ** 2 * (0.3 + 0.5 * body.roundness)
        y = (body.deck(foot) - 0.02) * (1 - t) + (roof_y - 0.03 * body.height) * t
        foot_share = 0.93 - 0.07 * body.roundness
        share = (foot_share + (body.tumblehome - foot_share) * t**1.6) * shrink
        wide = np.minimum(body.half_width(side), body.half_width(foot)) * share
        side = middle + (side - middle) * (0.4 + 0.6 * shrink)
        half = np.stack([side, y + 0.03 * body.height * (1 - shrink**2), z * wide], axis=-1)
        return np.concatenate([half, (half * (1, 1, -1))[-2:0:-1]])

    levels = [level(t) for t in (0.0, 0.10, 0.40, 0.70, 0.88, 1.0)] + [level(1.0, s) for s in (0.9, 0.5)]
    part = loft(np.array(levels), paint)
    count, around = len(along), len(levels[0])
    panes = [0, 1] + [3 + 1 + along.index(start) for start, _ in body.panes]
    if rear_glass:
        panes += [count + 5, count + 6]
    panes += [around - 1 - pane for pane in panes]
    window = np.zeros((len(levels) - 1, around), bool)
    window[1:4, panes] = True
    top = np.zeros_like(window)
    top[5:] = True
    colours = part.colours.copy()
    for mask, tint in ((window, glass), (top, roof)):
        quads = np.flatnonzero(mask)
        colours[quads], colours[quads + mask.size] = tint, tint
    colours[2 * window.size + around :] = roof
    foot = np.ones(len(part.faces), bool)
    foot[2 * window.size : 2 * window.size + around] = False  # no lid below
    return Part(part.vertices, part.faces[foot], colours[foot])


def _wheel(radius: float, width: float, rim: RGB, spokes: int) -> Part:
    """A wheel about the origin, its outside towards +z."""
    r, w = radius, width / 2
    tyre = [(0.66 * r, -w), (0.94 * r, -w), (r, -0.6 * w), (r, 0.6 * w), (0.94 * r, w), (0.68 * r, w), (0.64 * r, 0.6 * w)]
    disc = [(0.64 * r, 0.5 * w), (0.5 * r, 0.35 * w), (0.18 * r, 0.7 * w), (0, 0.75 * w)]
    parts = [lathe(tyre, TYRE, 18, "z"), lathe(disc, rim if spokes == 0 else DARK, 18, "z")]
    if spokes:
        parts.append(ring(box((0.12 * r, 0.55 * r, 0.25 * w), (0, 0.38 * r, 0.75 * w), rim), spokes, "z"))
    return joined(parts)


def _wheels(body: Body, rim: RGB, spokes: int) -> Part:
    wheel = _wheel(body.radius, body.tyre, rim, spokes)
    places = [(x, body.radius, float(body.half_width(np.array(x))) - body.tyre / 2 - 0.01) for x in body.axles]
    return mirrored(array(wheel, places))


def _lamps(body: Body, size: float, round_ones: bool) -> list[Part]:
    """Head- and rear lamps, grille, number plates, bumpers' lower grille."""
    front, back = body.length / 2, -body.length / 2
    wide = float(body.half_width(np.array(front)))
    low, high = float(body.floor(np.array(front))), float(body.deck(np.array(front)))
    y = low + 0.70 * (high - low)
    if round_ones:
        lamp = cushion((0.24, size, size), (front - 0.05, y, wide - 0.45 * size), LAMP, 0.9, 6)
    else:
        lamp = cushion((0.34, 0.75 * size, 1.8 * size), (front - 0.14, y, wide - 0.4 * size), LAMP, 0.4, 5)
    back_wide, top = float(body.half_width(np.array(back))), float(body.deck(np.array(back)))
    rear_y = low + 0.74 * (top - low)
    rear = cushion((0.26, 1.2 * size, 1.3 * size), (back + 0.10, rear_y, back_wide - 0.3 * size), REAR_LAMP, 0.5, 5)
    grille = box((0.06, 0.6 * size, 1.1 * wide), (front, y - 0.02, 0), DARK)
    intake = box((0.06, 0.45 * size, 1.3 * wide), (front, low + 0.4 * size, 0), DARK)
    plate = box((0.04, 0.11, 0.45), (back, low + 0.45 * (top - low), 0), (0.85, 0.85, 0.8))
    return [mirrored(joined(lamp, rear)), grille, intake, plate]


def _mirrors(body: Body, paint: RGB) -> Part:
    x = body.cowl - 0.12 * body.length * 0.5
    z = 0.93 * float(body.half_width(np.array(x)))
    y = float(body.deck(np.array(x))) + 0.07
    return mirrored(joined(cushion((0.12, 0.14, 0.22), (x, y, z + 0.10), paint, 0.5, 5), rod((x, y - 0.08, z - 0.03), (x, y, z + 0.06), 0.025, paint, 5)))


def _seat(x: float, y: float, z: float, tint: RGB) -> Part:
    parts = [cushion((0.52, 0.18, 0.5), (x, y, z), tint, 0.4, 5)]
    parts.append(turned(cushion((0.16, 0.66, 0.5), (x - 0.27, y + 0.30, z), tint, 0.4, 5), "z", 12, (x - 0.27, y, z)))
    return joined(parts)


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
    "convertible": Style(0.28, 0.32, 0.0, 0.0, 0.98),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class PassengerCar(Program):
    """A car for a few people: from the saloon and the sports car to the off-roader, the pick-up and the open two-seater."""

    style: str = one_of(*STYLES, shares=(5, 4, 3, 4, 1, 4, 2, 4, 2, 0.7, 2, 2.5))
    doors: int = one_of(2, 4, 4)
    lamps: str = one_of("long", "round", shares=(3, 1))
    extra: str = one_of("none", "lip", "wing", "rack", "spare wheel", shares=(6, 2, 2, 2, 1))
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
        radius = self.wheel * height * (1.15 if self.style in ("coupe", "sports car", "convertible") else 1.0)
        radius *= {"off-roader": 0.95, "micro": 0.78, "minivan": 0.82, "hatchback": 0.9}.get(self.style, 1.0)
        hollow = None
        if self.style == "convertible":
            rear = cowl - length * (0.40 if self.doors == 4 else 0.27)
            front, roof_rear, hollow = rear, rear, (rear, cowl - 0.22)
        elif self.style == "pick-up":
            hollow = (-half + 0.03 * length, rear - 0.04)
        panes: tuple[tuple[float, float], ...] = ((0.03, 0.45), (0.50, 0.95))
        if self.doors == 2 or self.style in ("micro", "sports car"):
            panes = ((0.05, 0.62), (0.68, 0.90)) if self.style in ("hatchback", "coupe", "beetle") else ((0.06, 0.80),)
        elif self.style in ("estate", "minivan", "off-roader"):
            panes = ((0.03, 0.33), (0.36, 0.64), (0.68, 0.94))
        return Body(
            length, width, height, self.clearance * height * (1.5 if self.style in ("off-roader", "pick-up") else 1.0),
            self.nose * waist, waist, waist * style.tail * self.tail, cowl, front, roof_rear, rear,
            (half - self.front_axle * length, -half + self.rear_axle * length), radius, 0.13 * width,
            self.taper, self.tumblehome + (0.08 if self.style in ("off-roader", "pick-up", "minivan") else 0.0),
            max(self.roundness, 0.75) if self.style == "beetle" else self.roundness, panes, hollow,
        )  # fmt: skip

    def parts(self) -> list[Part]:
        body = self.body()
        roof = self.roof if self.style in ("convertible", "micro") else self.paint
        parts = [_lower_body(body, self.paint), _wheels(body, self.rim, self.spokes), _mirrors(body, self.paint)]
        parts += _lamps(body, 0.12 * body.height, self.lamps == "round")
        if self.style == "convertible":
            parts += [*self._windscreen(body), *self._seats(body, body.hollow or (0, 0))]
        else:
            parts.append(_cabin(body, self.paint, self.glass, roof))
            if self.inside == "seats":
                parts += self._seats(body, (max(body.rear, body.roof_rear - 0.10 * body.length), body.cowl - 0.5))
        if self.bumpers != "none":
            parts += self._bumpers(body, self.paint if self.bumpers == "painted" else CHROME)
        parts += self._extra(body)
        return parts

    def _seats(self, body: Body, room: tuple[float, float]) -> list[Part]:
        rows = 2 if self.doors == 4 and self.style not in ("pick-up", "micro", "sports car") else 1
        first = room[1] - 0.42 * (room[1] - room[0]) / rows
        places = [first - row * 0.46 * (room[1] - room[0]) for row in range(rows)]
        size = min(1.0, 0.62 * body.height / 0.8)
        level = body.clearance + 0.12 * body.height + 0.10
        seats = [moved(scaled(_seat(0, 0, 0, self.roof), size, size, size), x, level, 0.22 * body.width) for x in places]
        wheel = tube(np.insert(arc(0.18, 0, 330, 10), 0, -0.02 * np.arange(11), axis=1), 0.018, DARK, 4, closed=True)
        wheel = moved(turned(wheel, "z", -25), first + 0.42 * size, level + 0.38 * size, 0.22 * body.width)
        return [mirrored(joined(seats)), wheel]

    def _windscreen(self, body: Body) -> list[Part]:
        rise, run = body.height - body.waist, self.rake * (body.height - body.waist)
        z = np.linspace(-1, 1, 7)
        grid = []
        for t, share in ((-0.1, 0.92), (0.5, 0.86), (1.0, 0.76)):
            wide = share * float(body.half_width(np.array(body.cowl)))
            grid.append(np.stack([body.cowl - t * run - 0.14 * z**2, body.waist + t * rise + 0 * z, wide * z], axis=-1))
        frame = [*np.array(grid)[:, 0], *grid[-1][1:-1], *np.array(grid)[::-1, -1]]
        folded = cushion((0.35, 0.16, 1.5 * float(body.half_width(np.array(body.rear)))), (body.rear - 0.05, body.tail, 0), self.roof, 0.4, 5)
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
            return [moved(turned(_wheel(body.radius, body.tyre, self.rim, self.spokes), "y", -90), rear - 0.06, 0.9 * tail)]
        if self.extra == "rack" and self.style in ("estate", "off-roader", "minivan", "hatchback"):
            ends = (body.roof_front - 0.15 * body.length, body.roof_rear + 0.06 * body.length)
            z, y = 0.42 * self.tumblehome * body.width, body.height + 0.03
            rails = mirrored(rod((ends[0], y, z), (ends[1], y, z), 0.025, self.roof, 6))
            feet = mirrored(array(rod((0, body.height - 0.15, z), (0, y, z), 0.02, self.roof, 5), [(x, 0, 0) for x in ends]))
            bars = [rod((x, y, -z), (x, y, z), 0.025, self.roof, 6) for x in (0.2 * ends[0] + 0.8 * ends[1], 0.8 * ends[0] + 0.2 * ends[1])]
            return [rails, feet, *bars]
        low = self.style in ("sedan", "coupe", "fastback", "sports car")
        if self.extra == "wing" and low:
            x, y = rear + 0.08 * body.length, tail + 0.15 * body.height
            feet = mirrored(box((0.16, 0.19 * body.height, 0.04), (x, y - 0.09 * body.height, 0.6 * wide), DARK))
            return [box((0.26, 0.035, 1.9 * wide), (x - 0.03, y, 0), self.paint, 0.01), feet]
        if self.extra == "lip" and low:
            side = [(rear, 0.95 * tail), (rear + 0.2, 0.96 * tail), (rear - 0.02, tail + 0.05)]
            return [extrusion(side, 1.7 * wide, self.paint)]
        if self.extra in ("lip", "wing") and self.style in ("hatchback", "estate", "minivan", "off-roader"):
            x = body.roof_rear
            return [box((0.28, 0.04, 1.25 * self.tumblehome * wide), (x - 0.02, 0.965 * body.height, 0), self.paint, 0.01)]
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
    paint: tuple[float, float, float] = colour("white", "white", "grey", "red", "yellow", "blue", "light blue", "steel", "green")
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
        parts = [_lower_body(body, self.paint), _wheels(body, self.trim, self.spokes), _mirrors(body, DARK)]
        parts += [_cabin(body, self.paint, self.glass, self.paint, self.kind != "panel van")]
        parts += _lamps(body, 0.10 * min(body.height, 2.2), self.lamps == "round")
        middle, span = (body.roof_front + body.roof_rear) / 2, body.roof_front - body.roof_rear
        if self.roof_box == "air conditioner" and self.kind != "panel van":
            parts.append(cushion((0.25 * span, 0.3, 0.6 * body.width), (middle - 0.1 * span, body.height + 0.05, 0), self.trim, 0.3, 5))
        if self.roof_box == "rack" and self.kind in ("panel van", "minibus"):
            z, y = 0.38 * body.width, body.height + 0.06
            parts.append(mirrored(rod((middle + 0.35 * span, y, z), (middle - 0.4 * span, y, z), 0.03, self.trim, 6)))
            bars = [rod((middle + s * span, y - 0.01, -z), (middle + s * span, y - 0.01, z), 0.03, self.trim, 6) for s in (-0.35, 0, 0.3)]
            feet = rod((middle, y - 0.2, z), (middle, y, z), 0.025, self.trim, 6)
            parts += [*bars, mirrored(array(feet, [(s * span, 0, 0) for s in (-0.35, 0, 0.3)]))]
        return parts


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
        hull = loft([np.insert(oval(w, top - b, 0.5, 14)[:, ::-1] + ((top + b) / 2, 0), 0, x, axis=1) for x, w, b, top in rows], self.paint)
        hole = scaled(lathe([(1, 0), (0.9, 0.05), (0, 0.02)], DARK, 14), 0.075 * length, tall, 0.36 * body)
        helmet = cushion((0.27, 0.30, 0.25), (seat - 0.04 * length, 1.02 * tall, 0), self.second, 0.9, 5)
        parts = [hull, moved(hole, seat, 0.98 * tall), helmet]
        outer = self.pods * width / 2
        sides = [(seat + 0.06 * length, outer), (seat - 0.10 * length, outer), (rear + radius, 0.3 * body), (seat + 0.06 * length, 0.3 * body)]
        pod = extrusion([(z, x) for x, z in sides], 0.6 * tall, self.second, "y", 0.05 + 0.32 * tall)
        parts += [mirrored(pod), box((front - rear, 0.03, 0.7 * body), ((front + rear) / 2, 0.05, 0), DARK)]
        for axle, wide in ((front, 0.8 * tyre), (rear, tyre)):
            z = width / 2 - wide / 2
            arms = [rod((axle + d, y, 0), (axle + 0.2 * d, y, z), 0.02, DARK, 5) for d in (-0.3, 0.3) for y in (0.7 * radius, 1.2 * radius)]
            parts.append(mirrored(joined(moved(_wheel(radius, wide, self.rim, self.spokes), axle, radius, z), arms)))
        return parts + self._wings(half, width, body, radius)

    def _wings(self, half: float, width: float, body: float, radius: float) -> list[Part]:
        parts = []
        chord = 0.075 * self.length
        section = [(-0.5, 0.14), (-0.2, 0.06), (0.3, 0.0), (0.5, 0.02), (0.3, 0.06), (-0.2, 0.12)]
        if self.wings == "both":
            span, y = 0.88 * width, 0.09
            blade = extrusion(np.array(section) * chord, span, self.second)
            parts += [moved(blade, half - 0.4 * chord - i * 0.5 * chord, y + i * 0.06) for i in range(self.elements)]
            parts.append(mirrored(box((1.4 * chord, 0.16, 0.025), (half - 0.7 * chord, y + 0.03, span / 2), self.paint)))
            parts.append(mirrored(box((0.5 * chord, 0.35 * self.height * self.length, 0.03), (half - 0.6 * chord, y + 0.12, 0.11 * body), self.paint)))
        if self.wings != "none":
            span, y = 0.55 * width, self.wing_height * self.length
            blade = extrusion(np.array(section) * chord * (1, 1.5), span, self.second)
            parts += [moved(blade, -half + 0.8 * chord - i * 0.5 * chord, y + 0.08 * i) for i in range(self.elements)]
            parts.append(mirrored(box((1.6 * chord, 0.5 * y, 0.025), (-half + 0.8 * chord, 0.85 * y, span / 2), self.paint)))
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
    paint: tuple[float, float, float] = colour("black", "navy", "red", "green", "beige", "brown", "yellow", "grey", "white")
    guards: tuple[float, float, float] = colour("black", "dark grey", "navy", "brown", "beige")
    rim: tuple[float, float, float] = colour("beige", "red", "steel", "yellow", "dark grey")

    def parts(self) -> list[Part]:
        half, width, waist = self.length / 2, self.width * self.length, self.waist * self.height
        r = self.wheel
        front, rear = half - 1.15 * r, -half + 1.25 * r
        cowl, wide, floor = front - self.bonnet * self.length + 0.2 * r, self.cabin * width, 0.95 * r
        nose, slim = front + 0.35 * r, self.radiator * self.cabin * width
        rows = [(nose, slim, 0.95 * waist), ((nose + cowl) / 2, 0.45 * wide + 0.45 * slim, 0.97 * waist), (cowl, 0.94 * wide, waist)]
        hood = [np.insert(oval(w, top - floor, 0.55, 14)[:, ::-1] + ((top + floor) / 2, 0), 0, x, axis=1) for x, w, top in rows]
        grille = cushion((0.10, 0.98 * waist - floor + 0.02, 1.03 * slim), (nose, (0.97 * waist + floor) / 2, 0), CHROME, 0.25, 6)
        frame = box((front - rear + 0.9 * r, 0.10, 0.45 * wide), ((front + rear) / 2, floor - 0.03, 0), DARK)
        parts = [loft(hood, self.paint), grille, frame, self._guards(front, rear, width), *self._tub(cowl, rear - 0.55 * r, wide, floor)]
        tyre = 0.16
        z = width / 2 - max(0.5 * self.fullness, tyre / 2 + 0.01)
        wheel = _wheel(r, tyre, self.rim, self.spokes)
        parts.append(mirrored(array(wheel, [(front, r, z), (rear, r, z)])))
        parts.append(joined([rod((x, r, -z), (x, r, z), 0.04, DARK, 6) for x in (front, rear)]))
        profile = [(0, -self.lamp), (0.6 * self.lamp, -0.7 * self.lamp), (self.lamp, 0.3 * self.lamp), (0.9 * self.lamp, 0.4 * self.lamp), (0, 0.5 * self.lamp)]
        lamp = (nose - 0.02, 0.86 * waist, slim / 2 + self.lamp)
        parts.append(mirrored(joined(moved(lathe(profile, CHROME, 12, "x"), *lamp), rod((lamp[0], floor, lamp[2] - 0.04), lamp, 0.025, CHROME, 6))))
        if self.bumper:
            for x in (half, -half):
                path = [(x - np.sign(x) * 0.06, 0.9 * r, -0.42 * width), (x, 0.9 * r, -0.3 * width), (x, 0.9 * r, 0.3 * width), (x - np.sign(x) * 0.06, 0.9 * r, 0.42 * width)]
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
        grid = np.stack([np.stack([path[:, 0], path[:, 1] - low, np.full(len(path), z)], axis=-1) for z, low in zip(across, lower, strict=True)], axis=1)
        return mirrored(sheet(grid, 0.03, self.guards))

    def _tub(self, cowl: float, rear: float, wide: float, floor: float) -> list[Part]:
        """What the passengers sit in."""
        waist, height = self.waist * self.height, self.height
        slope = 0.10 + 0.25 * self.tail
        if self.kind == "closed":
            side = [(cowl, floor), (cowl, waist), (cowl - 0.06, height - 0.10), (cowl - 0.16, height - 0.02), (cowl - 0.5, height), (rear + slope, height - 0.03)]
            side += [(rear + 0.5 * slope, height - 0.12), (rear + 0.2 * slope, waist), (rear, floor + 0.25 * (waist - floor)), (rear + 0.08, floor)]
            shell = extrusion(side, wide, self.paint)
            high, top = height - 0.14, (cowl - 0.10, rear + slope + 0.12)
            cuts = np.linspace(top[0], top[1], 1 + self.rows + (1 if top[0] - top[1] > 1.4 else 0))
            panes = [box((a - b - 0.09, high - waist - 0.05, wide + 0.03), ((a + b) / 2, (waist + high) / 2 + 0.02, 0), (0.35, 0.42, 0.46)) for a, b in zip(cuts, cuts[1:], strict=False)]
            screen = box((0.04, high - waist - 0.02, 0.85 * wide), (cowl - 0.02, (waist + high) / 2 + 0.02, 0), (0.35, 0.42, 0.46))
            back = box((0.06, 0.22, 0.5 * wide), (rear + 0.32 * slope, (waist + high) / 2 + 0.04, 0), (0.35, 0.42, 0.46))
            return [shell, *panes, turned(screen, "z", 6, (cowl, waist, 0)), back]
        edge = 0.94 * waist
        plan = [(-0.47 * wide, cowl + 0.02), (-0.5 * wide, cowl - 0.4), (-0.5 * wide, rear + 0.5), (-0.40 * wide, rear + 0.05), (-0.25 * wide, rear)]
        plan += [(-z, x) for z, x in plan[::-1]]
        outline = np.array([(x, z) for z, x in plan])
        levels = []
        for y, grow in ((floor, 0.90), (floor + 0.3 * (edge - floor), 1.0), (edge, 1.0), (edge + 0.01, 0.94), (floor + 0.1, 0.90)):
            centre = outline.mean(0)
            ringed = centre + (outline - centre) * (grow if y < edge else grow, grow)
            levels.append(np.stack([ringed[:, 0], np.full(len(plan), y), ringed[:, 1]], axis=-1))
        parts = [loft(np.array(levels), self.paint)]
        gap = (cowl - rear) / (self.rows + 0.6)
        seats = [joined(cushion((0.45, 0.2, 0.8 * wide), (cowl - gap * (k + 0.85), floor + 0.22, 0), self.guards, 0.35, 5),
                        turned(cushion((0.16, 0.62, 0.8 * wide), (cowl - gap * (k + 0.85) - 0.22, floor + 0.48, 0), self.guards, 0.35, 5), "z", 12, (cowl - gap * (k + 0.85) - 0.22, floor + 0.2, 0)))
                 for k in range(self.rows)]  # fmt: skip
        parts += [*seats, turned(box((0.03, 0.36, 0.84 * wide), (cowl - 0.05, edge + 0.17, 0), (0.45, 0.55, 0.6)), "z", 12, (cowl, edge, 0))]
        wheel = tube(np.insert(arc(0.20, 0, 330, 10), 0, 0, axis=1), 0.02, DARK, 4, closed=True)
        parts.append(moved(turned(wheel, "z", -30), cowl - 0.30, edge + 0.04, 0.2 * wide))
        if self.kind == "hood":
            ends = (cowl + 0.05, rear + 0.25 + 0.2 * self.tail)
            roof = [(ends[0], height - 0.06), ((ends[0] + ends[1]) / 2, height), (ends[1], height - 0.05), (rear + 0.04, edge)]
            grid = [np.stack([np.full(5, x), y - 0.05 * np.linspace(-1, 1, 5) ** 2, np.linspace(-0.5, 0.5, 5) * wide], axis=-1) for x, y in curve(roof, 3)]
            posts = [rod((cowl - 0.03, edge, 0.46 * wide), (cowl + 0.03, height - 0.10, 0.48 * wide), 0.018, DARK, 5)]
            posts.append(rod((rear + 0.5, edge, 0.48 * wide), (ends[1], height - 0.10, 0.48 * wide), 0.018, DARK, 5))
            parts += [sheet(grid, 0.03, self.guards), mirrored(joined(posts))]
        elif self.tail > 0.4:
            parts.append(cushion((0.45, 0.24, 1.02 * wide), (rear + 0.16, edge + 0.08, 0), self.guards, 0.5, 5))
        return parts


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
        wheel = _wheel(r, 0.30, self.rim, 0)
        parts.append(mirrored(moved(wheel, front_axle, r, width / 2 - 0.18)))
        twin = _wheel(r, 0.55, self.rim, 0)
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
        side = [(foot, floor), (foot, waist), (foot - self.rake, top - 0.08), (foot - self.rake - 0.15, top), (back, top), (back, floor)]
        arch = arc(1.15 * self.wheel, 155, 25, 6) + (-max(0.6 * nose, 1.15 * self.wheel + 0.1), self.wheel)
        if not nose:
            side += [(x, max(y, floor)) for x, y in arch if back < x < foot]
        parts = [extrusion(side, width, self.paint)]
        lean = np.degrees(np.arctan2(self.rake, top - 0.08 - waist))
        pane = box((0.05, 0.78 * (top - waist), 0.88 * width), (foot, waist + 0.45 * (top - waist), 0), glass)
        parts.append(turned(pane, "z", lean, (foot, waist, 0)))
        door = min(-back - nose - self.rake - 0.15, 1.0)
        parts.append(box((door, 0.62 * (top - waist), width + 0.04), (foot - self.rake - 0.08 - door / 2, waist + 0.42 * (top - waist), 0), glass))
        parts.append(mirrored(box((0.08, 0.5, 0.25), (foot - 0.02, waist + 0.3, width / 2 + 0.18), DARK)))
        parts.append(mirrored(rod((foot - 0.1, waist + 0.5, width / 2 - 0.05), (foot - 0.02, waist + 0.5, width / 2 + 0.18), 0.025, DARK, 5)))
        bumper = box((0.18, 0.32, width), (0.05, low + 0.08, 0), CHROME if nose else DARK, 0.04)
        lamps = mirrored(box((0.08, 0.2, 0.32), (0.02, low + 0.45, 0.38 * width), LAMP))
        parts += [bumper, lamps, box((0.06, 0.42 * (waist - low), 0.6 * width), (0.01, low + 0.62 * (waist - low), 0), DARK)]
        if nose:
            hood = 0.86 * waist
            bonnet = [(-nose - 0.02, deck - 0.3), (-nose - 0.02, 0.98 * waist), (-0.15, hood), (0, hood - 0.15), (0, low + 0.1), (-0.2, low + 0.1)]
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
            rows = [(0, end), (0.9 * radius, end + 0.06), (radius, end + 0.25), (radius, start - 0.25), (0.9 * radius, start - 0.06), (0, start)]
            hatch = rod((middle, deck + 2 * radius, 0), (middle, deck + 2 * radius + 0.2, 0), 0.3, self.rim, 12)
            cradle = box((0.9 * bed, 0.4, 0.5 * width), (middle, deck + 0.1, 0), DARK)
            return [moved(lathe(rows, self.cargo, 20, "x"), y=deck + 1.0 * radius + 0.05), hatch, cradle]
        floor = box((bed, 0.14, width), (middle, deck + 0.07, 0), DARK)
        if self.load == "box":
            tall = self.load_height
            parts = [box((bed, tall, width), (middle, deck + 0.1 + tall / 2, 0), self.cargo, 0.04)]
            if self.corrugated:
                rib = box((0.06, 0.94 * tall, width + 0.08), (0, deck + 0.1 + tall / 2, 0), self.cargo)
                parts.append(array(rib, [(x, 0, 0) for x in np.linspace(end + 0.1, start - 0.1, max(int(bed / 0.5), 4))]))
            return parts
        tall = 0.45 * self.load_height if self.load == "tipper" else 0.4
        walls = [mirrored(box((bed, tall, 0.06), (middle, deck + 0.1 + tall / 2, width / 2 - 0.03), self.cargo))]
        walls += [box((0.06, tall, width), (x, deck + 0.1 + tall / 2, 0), self.cargo) for x in (start - 0.03, end + 0.03)]
        board = box((0.08, self.cab_height - deck, 0.95 * width), (start, (self.cab_height + deck) / 2, 0), self.cargo)
        return [floor, *walls, board]


PROGRAMS = {PassengerCar: 30, Van: 4, FormulaCar: 2, VintageCar: 2, Truck: 2}
"""Programs of the class, each with its share."""
