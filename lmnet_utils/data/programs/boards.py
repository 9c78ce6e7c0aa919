"""What tables share: their boards, legs and drawers, and the sizes they have. Lengths are metres."""

from __future__ import annotations

import numpy as np

from lmnet_utils.data.programs.parts import (
    Part,
    bar,
    box,
    curve,
    extrusion,
    joined,
    lathe,
    mirrored,
    moved,
    oval,
    rod,
    rounded_rectangle,
    scaled,
    tube,
)  # fmt: skip

Colour = tuple[float, float, float]
GLASS = (0.62, 0.76, 0.80)
DARK = (0.20, 0.20, 0.21)


def between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share


def disc(radius_x: float, radius_z: float, bottom: float, top: float, paint: Colour) -> Part:
    """A round or oval board, its edge a little rounded."""
    edge = 0.3 * (top - bottom) / max(radius_x, radius_z)
    profile = [(0, bottom), (1 - edge, bottom), (1, (bottom + top) / 2), (1 - edge, top), (0, top)]
    return scaled(lathe(profile, paint, 32), radius_x, 1, radius_z)


def tabletop(shape: str, length: float, width: float, thickness: float, paint: Colour) -> Part:
    """A table top about the origin, its upper side at y = 0; ``length`` along z, ``width`` along x."""
    if shape == "rectangle":
        return box((width, thickness, length), (0, -thickness / 2, 0), paint, 0.2 * thickness)
    if shape == "oval":
        return disc(width / 2, length / 2, -thickness, 0, paint)
    if shape == "rounded":
        outline = rounded_rectangle(length, width, 0.18 * width)
    elif shape == "boat":
        side = np.linspace(-0.5, 0.5, 9)
        bow = np.stack([length * side, width * (0.5 - 0.5 * side**2)], axis=-1)
        outline = np.concatenate([bow, -bow])
    elif shape == "half-moon":  # the straight side at the back
        outline = oval(length, 2 * width, sides=36)[:19] - (0, width / 2)
    elif shape == "octagon":
        outline = np.array([(length, 0.41 * width), (0.41 * length, width)]) / 2
        outline = np.concatenate([outline, outline[::-1] * (-1, 1), -outline, outline[::-1] * (1, -1)])
    else:
        outline = oval(length, width, 0.55, 28)
    return extrusion(outline, thickness, paint, "y", -thickness / 2)


def framed(length: float, width: float, thickness: float, frame: float, paints: tuple[Colour, Colour]) -> list[Part]:
    """A rectangular top: a frame round a pane."""
    ends = box((width, thickness, frame), (0, -thickness / 2, (length - frame) / 2), paints[0], 0.1 * thickness)
    sides = box((frame, thickness, length - 2 * frame), ((width - frame) / 2, -thickness / 2, 0), paints[0])
    pane = box((width - 2 * frame, 0.3 * thickness, length - 2 * frame), (0, -0.25 * thickness, 0), paints[1])
    return [mirrored(ends), mirrored(sides, "x"), pane]


def table_leg(style: str, height: float, thickness: float, bulge: float, paint: Colour) -> Part:
    """A leg from the floor up to ``height`` at x = z = 0; towards +x and +z is away from the table's middle."""
    r = thickness / 2
    if style in ("square", "tapered"):
        taper = 1.0 if style == "square" else 0.45 + 0.3 * bulge
        return bar((0, height, 0), (0, 0, 0), thickness, thickness, paint, taper)
    if style == "round":
        return rod((0, 0, 0), (0, height, 0), (r * (0.5 + 0.5 * bulge), r), paint, 12)
    if style == "turned":
        rows = [(0.5, 0), (0.75, 0.03), (0.5, 0.08), (0.45, 0.12), (0.6 + 0.2 * bulge, 0.35), (0.55 + 0.6 * bulge, 0.6)]
        rows += [(0.5, 0.72), (0.9, 0.75), (0.6, 0.78)]
        shaft = lathe([(q * r, y * height) for q, y in [(0.0, 0.0), *rows]], paint, 14)
        return joined(shaft, box((2 * r, 0.23 * height, 2 * r), (0, 0.885 * height, 0), paint))
    if style == "hairpin":
        spread, wire = 2.2 * thickness, 0.16 * thickness
        heads = [(-spread, height, 0.0), (0.0, height, -spread)]
        return joined([rod((0, 0, 0), head, wire, paint, 8) for head in heads])
    bend = min(0.8 * thickness, 0.1 * height) if style == "cabriole" else 0.0
    path = curve([(0, height), (bend, 0.78 * height), (-0.3 * bend, 0.35 * height), (1.2 * bend + 0.6 * r, 0)], 4)
    radii = np.interp(
        path[:, 1], [0, 0.05 * height, 0.3 * height, 0.8 * height, height], [0.7 * r, 0.45 * r, 0.5 * r, r, r]
    )
    return tube(np.stack([path[:, 0], path[:, 1], path[:, 0]], axis=-1), radii, paint, 8)


def rails(points: np.ndarray, y: float, width: float, depth: float, paint: Colour) -> list[Part]:
    """Level boards that join points (N, 2) of x and z one after the other, and the last to the first."""
    ends = np.insert(points, 1, y, axis=1)
    return [bar(a, b, width, depth, paint) for a, b in zip(ends, np.roll(ends, -1, axis=0), strict=True)]


def drawer_front(size: tuple[float, float], place: tuple[float, float, float], paint: Colour, handle: str) -> Part:
    """The front of a drawer or a door, looking to +x: height and width, and its middle."""
    height, width = size
    plate = box((0.02, 0.92 * height, 0.94 * width), (0, 0, 0), paint, 0.005)
    if handle == "knob":
        grip = lathe([(0, 0), (0.008, 0), (0.012, 0.025), (0, 0.03)], DARK, 8, "x")
    else:
        grip = box((0.02, 0.012, min(0.14, 0.5 * width)), (0.015, 0, 0), DARK)
    return moved(joined(plate, moved(grip, 0.008)), *place)


SIZES = {  # metres: length, width, height, each from … to
    "dining": ((0.75, 2.1), (0.70, 1.05), (0.68, 0.78)),
    "coffee": ((0.60, 1.40), (0.45, 0.95), (0.26, 0.48)),
    "side": ((0.35, 0.65), (0.35, 0.55), (0.42, 0.72)),
    "console": ((0.80, 1.60), (0.28, 0.48), (0.70, 0.92)),
    "bar": ((0.60, 1.50), (0.50, 0.75), (0.88, 1.12)),
    "work": ((1.10, 2.00), (0.55, 0.80), (0.80, 0.95)),
}
