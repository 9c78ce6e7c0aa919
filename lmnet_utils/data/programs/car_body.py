"""What cars are built from: the two lofts of a body, wheels, lamps, mirrors and seats.

The lower loft runs from nose to tail with the wheels' arches cut into its sides; the upper one (the cabin) runs from the waist
up to the roof, its windows painted on. Lengths are metres.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
    curve,
    cushion,
    joined,
    lathe,
    loft,
    mirrored,
    ring,
    rod,
    turned,
)

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
        """From the middle to the side, where the body is widest."""
        end = np.clip(1 - (self.length / 2 - np.abs(x)) / (0.09 * self.length), 0, 1)
        plan = 1 - self.taper * np.abs(2 * x / self.length) ** 3
        half: np.ndarray = self.width / 2 * plan * (1 - (0.05 + 0.35 * self.roundness) * end**2.5)
        return half

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
        height: np.ndarray = np.interp(x, smooth[:, 0], smooth[:, 1])
        return height

    def floor(self, x: np.ndarray) -> np.ndarray:
        """Height of the lower edge."""
        end: np.ndarray = np.clip((np.abs(2 * x / self.length) - 0.75) / 0.25, 0, 1)
        return self.clearance + 0.07 * self.height * end**1.5


def lower_body(body: Body, paint: RGB) -> Part:
    """From the floor to the waist, along x; what lies hidden under the cabin is left out."""
    half = body.length / 2
    arch, reach = 1.14 * body.radius, np.radians(np.linspace(-15, 195, 8))
    stations = [half * s for s in (-1, -0.985, -0.955, -0.89, 0.89, 0.955, 0.985, 1)]
    stations += [*np.linspace(body.axles[-1] + arch, body.axles[0] - arch, 4), body.cowl, body.rear]
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
        bed = np.maximum(floor + 0.12, np.minimum(well + 0.03, top - 0.15))
        if body.roof_front > body.roof_rear and inside.any():  # a load bed is level, above its wheels
            bed = np.full_like(x, bed[inside].max())
        low = np.where(inside, bed, low)
        rim = np.where(inside, 0.88 * width, rim)
    middle = low + np.where(low == top, (0.01 + 0.04 * body.roundness) * body.width, 0)
    zero = np.zeros_like(x)
    side = [(zero, floor), (inner, floor), (inner, well), (0.97 * width, well), (width, bulge)]
    side += [(0.985 * width, bulge + 0.75 * (top - bulge)), ((0.95 - 0.09 * body.roundness) * width, top), (rim, low)]
    rows = [*side, (zero, middle), *[(-z, y) for z, y in side[:0:-1]]]
    part = loft(np.stack([np.stack([x, y, z], axis=-1) for z, y in rows], axis=1), paint)
    hidden = np.zeros((len(x) - 1, len(rows)), bool)
    if body.roof_front > body.roof_rear:
        hidden[(x[:-1] >= body.rear) & (x[1:] <= body.cowl), 7:9] = True
        if body.hollow:
            hidden[(x[:-1] >= body.hollow[0] - 2e-3) & (x[1:] <= body.hollow[1] + 2e-3)] = False
    kept = ~np.concatenate([hidden.ravel(), hidden.ravel(), np.zeros(len(part.faces) - 2 * hidden.size, bool)])
    return Part(part.vertices, part.faces[kept], part.colours[kept])


def cabin(body: Body, paint: RGB, glass: RGB, roof: RGB, rear_glass: bool = True) -> Part:
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
        roof_y = body.height - 0.04 * body.height * ((side - middle) / half_roof).clip(-1.2, 1.2) ** 2 * (
            0.3 + 0.5 * body.roundness
        )
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


def wheel_of(radius: float, width: float, rim: RGB, spokes: int) -> Part:
    """A wheel about the origin, its outside towards +z."""
    r, w = radius, width / 2
    tyre = [
        (0.66 * r, -w), (0.94 * r, -w), (r, -0.6 * w), (r, 0.6 * w), (0.94 * r, w), (0.68 * r, w),
        (0.64 * r, 0.6 * w),
    ]  # fmt: skip
    disc = [(0.64 * r, 0.5 * w), (0.5 * r, 0.35 * w), (0.18 * r, 0.7 * w), (0, 0.75 * w)]
    parts = [lathe(tyre, TYRE, 16, "z"), lathe(disc, rim if spokes == 0 else DARK, 16, "z")]
    if spokes:
        parts.append(ring(box((0.12 * r, 0.55 * r, 0.25 * w), (0, 0.38 * r, 0.75 * w), rim), spokes, "z"))
    return joined(parts)


def road_wheels(body: Body, rim: RGB, spokes: int) -> Part:
    wheel = wheel_of(body.radius, body.tyre, rim, spokes)
    places = [(x, body.radius, 0.98 * float(body.half_width(np.array(x))) - body.tyre / 2 - 0.02) for x in body.axles]
    return mirrored(array(wheel, places))


def lamps_of(body: Body, size: float, round_ones: bool, grille: float = 0.55) -> list[Part]:
    """Head- and rear lamps, intake, number plate, and the grille, whose width is a share of the front's; below 0.2 there is none."""
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
    tall = min(max(0.33 / max(grille, 0.2), 0.6), 1.3) * size
    mouth = [box((0.06, tall, 2 * grille * wide), (front, y - 0.02, 0), DARK)] if grille >= 0.2 else []
    intake = box((0.06, 0.45 * size, 1.3 * wide), (front, low + 0.4 * size, 0), DARK)
    plate = box((0.04, 0.11, 0.45), (back, low + 0.45 * (top - low), 0), (0.85, 0.85, 0.8))
    return [mirrored(joined(lamp, rear)), *mouth, intake, plate]


def mirrors_of(body: Body, paint: RGB) -> Part:
    x = body.cowl - 0.12 * body.length * 0.5
    z = 0.93 * float(body.half_width(np.array(x)))
    y = float(body.deck(np.array(x))) + 0.07
    return mirrored(
        joined(
            cushion((0.12, 0.14, 0.22), (x, y, z + 0.10), paint, 0.5, 5),
            rod((x, y - 0.08, z - 0.03), (x, y, z + 0.06), 0.025, paint, 5),
        )
    )


def car_seat(x: float, y: float, z: float, tint: RGB) -> Part:
    parts = [cushion((0.52, 0.18, 0.5), (x, y, z), tint, 0.4, 5)]
    parts.append(turned(cushion((0.16, 0.66, 0.5), (x - 0.27, y + 0.30, z), tint, 0.4, 5), "z", 12, (x - 0.27, y, z)))
    return joined(parts)
