"""What airplanes are made of: fuselages, wings and fins, jet engines, propellers, landing gear, missiles and tanks.

The fuselage is 1 long, its nose at x = +0.5, its axis at y = 0; all other lengths are shares of it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lmnet_utils.data.programs.parts import (
    Part,
    bar,
    extrusion,
    joined,
    lathe,
    loft,
    moved,
    oval,
    recoloured,
    ring,
    rod,
    turned,
)

Paint = tuple[float, float, float]
DARK: Paint = (0.12, 0.12, 0.13)
GLASS: Paint = (0.22, 0.30, 0.36)


class Fuselage(NamedTuple):
    """A body of revolution, more or less: lengths as shares of the whole length of 1."""

    width: float
    height: float
    nose: float  # length of the part ahead of the full section
    tail: float  # length of the part behind it
    sharpness: float = 0.5  # of the nose: 0.5 is an ellipse, 1 a parabola
    droop: float = 0.0  # of the nose's tip below the axis, of half the height
    rise: float = 0.0  # of the tail's end above the axis, of half the height
    end: float = 0.1  # section at the tail's end, of the full one
    squareness: float = 0.0

    def part(self, paint: Paint, sides: int = 16) -> Part:
        ahead = 1 - np.cos(np.linspace(0, np.pi / 2, 9))
        behind = np.linspace(0, 1, 9)
        x = np.concatenate([0.5 - self.nose * ahead, -0.5 + self.tail * (1 - behind)])
        front = np.maximum((1 - (1 - ahead) ** 2) ** self.sharpness, 0.01)
        back = 1 - (1 - self.end) * behind**1.6
        y = np.concatenate([-self.droop * (1 - front), self.rise * (1 - back)]) * self.height / 2
        outline = oval(self.width, self.height, self.squareness, sides)[:, ::-1]
        section = np.concatenate([np.zeros((sides, 1)), outline], axis=1)
        size = np.concatenate([front, back])
        centres = np.stack([x, y, 0 * x], axis=-1)
        return loft(centres[:, None] + size[:, None, None] * section, paint)


def wing_surface(
    rows: ArrayLike, thickness: float, paint: Paint, dihedral: float = 0.0, at: ArrayLike = (0, 0, 0)
) -> Part:
    """A wing, or a fin at a dihedral of 90: ``rows`` are its leading edge's x, the distance along the span, the chord."""
    u = np.array([1.0, 0.75, 0.5, 0.28, 0.1, 0.02])
    half = 5 * (0.2969 * np.sqrt(u) - 0.126 * u - 0.3516 * u**2 + 0.2843 * u**3 - 0.1015 * u**4)
    loop_x = np.concatenate([-u, [0.0], -u[:0:-1]])
    loop_y = thickness * np.concatenate([half, [0.0], -0.8 * half[:0:-1]])
    lead, out, chord = np.asarray(rows, np.float64).T
    section = np.stack([loop_x, loop_y, 0 * loop_x], axis=-1)
    edge = np.stack([lead, 0 * lead, out], axis=-1)
    wing = loft(edge[:, None] + chord[:, None, None] * section, paint)
    return moved(turned(wing, "x", -dihedral), *np.asarray(at, np.float64))


def planform(lead: float, chord: float, span: float, taper: float, sweep: float) -> np.ndarray:
    """Rows of a trapezoid for :func:`wing_surface`; ``sweep`` is that of the leading edge in degrees, ``span`` one side's."""
    return np.array([(lead, 0.0, chord), (lead - span * np.tan(np.radians(sweep)), span, chord * taper)])


def rounded_tip(rows: np.ndarray, share: float = 0.25, elliptical: bool = False) -> np.ndarray:
    """The plan with its tip rounded over a ``share`` of the span, or all of it."""
    s = np.array([0.0, 0.35, 0.6, 0.75, 0.86, 0.94, 0.985, 1.0])
    lead, out, chord = (row[0] + (row[1] - row[0]) * s for row in rows.T)
    start = 0.0 if elliptical else 1 - share
    round_off = np.sqrt(np.maximum(1 - (np.maximum(s - start, 0) / (1 - start)) ** 2, 0.003))
    chords = (chord[0] if elliptical else chord) * round_off
    return np.stack([lead - 0.4 * (chord - chords), out, chords], axis=-1)


def nacelle(radius: float, length: float, paint: Paint) -> Part:
    """A nacelle along x about the origin, open in front and with a cone behind."""
    rows = [
        (0, 0.36),
        (0.84, 0.36),
        (0.9, 0.48),
        (1, 0.44),
        (1.02, 0.1),
        (0.74, -0.36),
        (0.5, -0.36),
        (0.4, -0.45),
        (0, -0.55),
    ]
    part = lathe(np.array(rows) * (radius, length), paint, 14, "x")
    return recoloured(part, lambda x, y, z: (x > 0.35 * length) & (np.hypot(y, z) < 0.8 * radius), DARK)


def propeller(radius: float, blades: int, paint: Paint) -> Part:
    """A propeller about the x axis, its disc at x = 0, with a spinner ahead of it."""
    hub = lathe(
        [(0, 0.16 * radius), (0.08 * radius, 0.1 * radius), (0.13 * radius, -0.06 * radius), (0, -0.06 * radius)],
        paint,
        10,
        "x",
    )
    blade = bar((0, 0, 0), (0, radius, 0), 0.04 * radius, 0.15 * radius, DARK, 0.55)
    return joined(hub, ring(turned(blade, "y", 35), blades, "x", 20.0))


def landing_leg(top: ArrayLike, ground: float, wheel: float, paint: Paint, lean: float = 0.0) -> Part:
    """A leg from ``top`` down to a wheel that stands on ``ground``; ``lean`` moves the wheel outwards."""
    x, y, z = np.asarray(top, np.float64)
    foot = ground + wheel
    tyre = lathe(np.array([(0, -0.3), (0.8, -0.3), (1, -0.15), (1, 0.15), (0.8, 0.3), (0, 0.3)]) * wheel, DARK, 12, "z")
    return joined(
        rod((x, max(y, foot), z), (x, foot, z + lean), 0.16 * wheel, paint, 6), moved(tyre, x, foot, z + lean)
    )


def external_store(length: float, radius: float, paint: Paint, fins: bool) -> Part:
    """A missile or a tank along x."""
    rows = [(0, 0.5), (0.6, 0.44), (1, 0.34), (1, -0.36), (0.6, -0.46), (0, -0.5)]
    body = lathe(np.array(rows) * (radius, length), paint, 8, "x")
    fin = extrusion([(-0.45 * length, 0), (-0.3 * length, 0), (-0.45 * length, 3 * radius)], 0.2 * radius, paint)
    return joined(body, turned(ring(fin, 4, "x"), "x", 45)) if fins else body
