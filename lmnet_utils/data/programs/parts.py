"""The kit of parts that programs of shapes are built from: boxes, tubes, lathes, lofts, extrusions, and their copies.

Every function gives a :class:`Part` and changes none. Lengths are in any unit, as long as a program keeps to one: the finished
object is scaled to a bounding box with a diagonal of 1. The frame is that of the renderings: y up, front +x, so z is left
and right. NumPy alone, so that the same parameters give the same mesh on every machine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

AXES = {"x": 0, "y": 1, "z": 2}


class Part(NamedTuple):
    """A piece of surface: triangles with one colour each."""

    vertices: np.ndarray
    """(V, 3) float64."""
    faces: np.ndarray
    """(F, 3) int64, counter-clockwise seen from outside."""
    colours: np.ndarray
    """(F, 3) float64, RGB in 0…1."""


def _part(vertices: ArrayLike, faces: ArrayLike, colour: ArrayLike) -> Part:
    corners = np.asarray(vertices, np.float64).reshape(-1, 3)
    triangles = np.asarray(faces, np.int64).reshape(-1, 3)
    return Part(corners, triangles, np.broadcast_to(np.asarray(colour, np.float64), (len(triangles), 3)).copy())


# ---------------------------------------------------------------------------------------------------- copies of parts
def joined(*parts: Part | Sequence[Part]) -> Part:
    """One part of several, lists of them included."""
    flat: list[Part] = []
    for part in parts:
        flat.extend([part] if isinstance(part, Part) else part)
    if not flat:
        return _part(np.zeros((0, 3)), np.zeros((0, 3)), (0, 0, 0))
    starts = np.cumsum([0, *(len(part.vertices) for part in flat[:-1])])
    return Part(
        np.concatenate([part.vertices for part in flat]),
        np.concatenate([part.faces + start for part, start in zip(flat, starts, strict=True)]),
        np.concatenate([part.colours for part in flat]),
    )


def moved(part: Part, x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Part:
    """The part, shifted."""
    return part._replace(vertices=part.vertices + np.array([x, y, z]))


def scaled(part: Part, x: float = 1.0, y: float = 1.0, z: float = 1.0) -> Part:
    """The part, stretched about the origin along each axis; by a negative factor it is mirrored, with its faces turned round."""
    faces = part.faces[:, ::-1] if x * y * z < 0 else part.faces
    return part._replace(vertices=part.vertices * np.array([x, y, z]), faces=faces)


def turned(part: Part, axis: str, degrees: float, about: ArrayLike = (0, 0, 0)) -> Part:
    """The part, turned by ``degrees`` about the axis "x", "y" or "z" through the point ``about`` (right-handed)."""
    return part._replace(vertices=_turned(part.vertices, axis, degrees, about))


def _turned(points: np.ndarray, axis: str, degrees: float, about: ArrayLike = (0, 0, 0)) -> np.ndarray:
    centre = np.asarray(about, np.float64)
    i = AXES[axis]
    j, k = (i + 1) % 3, (i + 2) % 3
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    rotation = np.eye(3)
    rotation[j, j], rotation[j, k], rotation[k, j], rotation[k, k] = cos, -sin, sin, cos
    return (points - centre) @ rotation.T + centre


def mirrored(part: Part, axis: str = "z") -> Part:
    """The part and its mirror image on the other side of the plane ``axis`` = 0."""
    factors = {name: -1.0 if name == axis else 1.0 for name in AXES}
    return joined(part, scaled(part, **factors))


def array(part: Part, offsets: ArrayLike) -> Part:
    """A copy of the part at each of the ``offsets`` (N, 3)."""
    return joined([moved(part, *offset) for offset in np.asarray(offsets, np.float64).reshape(-1, 3)])


def ring(part: Part, count: int, axis: str = "y", start: float = 0.0) -> Part:
    """``count`` copies of the part, turned evenly about an axis through the origin, the first by ``start`` degrees."""
    return joined([turned(part, axis, start + 360.0 * i / count) for i in range(count)])


def painted(part: Part, colour: ArrayLike) -> Part:
    """The part in another colour."""
    return _part(part.vertices, part.faces, colour)


def recoloured(part: Part, test: Callable[[np.ndarray, np.ndarray, np.ndarray], np.ndarray], colour: ArrayLike) -> Part:
    """The part with another colour where ``test`` holds for the middle (x, y, z) of a face."""
    x, y, z = part.vertices[part.faces].mean(axis=1).T
    return part._replace(colours=np.where(test(x, y, z)[:, None], np.asarray(colour), part.colours))


# ------------------------------------------------------------------------------------------------------ solid shapes
def box(
    size: ArrayLike, centre: ArrayLike = (0, 0, 0), colour: ArrayLike = (0.6, 0.6, 0.6), bevel: float = 0.0
) -> Part:
    """A box.

    Args:
        size: lengths along x, y, z.
        centre: of the box.
        colour: RGB in 0…1.
        bevel: width of the slanted strip along every edge; at most half the shortest side is taken.
    """
    half = np.asarray(size, np.float64) / 2
    cut = min(max(bevel, 0.0), 0.499 * float(half.min()))
    signs = np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
    if cut <= 0:
        faces = _hull_faces([(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)])
        return _part(signs * half + np.asarray(centre), faces, colour)
    # Three vertices a corner, 3·corner + axis: the one that lies in the face across that axis.
    corners = np.stack([signs * np.where(np.arange(3) == axis, half, half - cut) for axis in range(3)], axis=1)
    quads, triangles = [], []
    for axis in range(3):
        j, k = (axis + 1) % 3, (axis + 2) % 3
        for sign in (-1, 1):
            square = [_corner({axis: sign, j: a, k: b}) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
            loop = [3 * corner + axis for corner in square]
            quads.append(loop if sign > 0 else loop[::-1])
        for a in (-1, 1):
            for b in (-1, 1):  # the strip along the edge parallel to this axis
                low, high = (_corner({axis: sign, j: a, k: b}) for sign in (-1, 1))
                loop = [3 * low + j, 3 * low + k, 3 * high + k, 3 * high + j]
                quads.append(loop if a * b > 0 else loop[::-1])
    for corner, (x, y, z) in enumerate(signs):
        loop = [3 * corner, 3 * corner + 1, 3 * corner + 2]
        triangles.append(loop if x * y * z > 0 else loop[::-1])
    faces = np.concatenate([_hull_faces(quads), np.array(triangles)])
    return _part(corners.reshape(-1, 3) + np.asarray(centre), faces, colour)


def _corner(signs: dict[int, int]) -> int:
    return sum(4 >> axis for axis, sign in signs.items() if sign > 0)


def _hull_faces(quads: ArrayLike) -> np.ndarray:
    """Two triangles for each quadrilateral."""
    q = np.asarray(quads, np.int64)
    return np.concatenate([q[:, [0, 1, 2]], q[:, [0, 2, 3]]])


def cushion(
    size: ArrayLike,
    centre: ArrayLike = (0, 0, 0),
    colour: ArrayLike = (0.6, 0.6, 0.6),
    softness: float = 0.35,
    steps: int = 10,
) -> Part:
    """A rounded box (superellipsoid): a cushion, a seat, a pebble.

    Args:
        softness: 1 is an ellipsoid, towards 0 it becomes a box.
        steps: quadrilaterals from pole to pole; twice as many around.
    """
    u = np.linspace(-np.pi / 2, np.pi / 2, steps + 1)
    v = np.linspace(-np.pi, np.pi, 2 * steps + 1)[:-1]
    cos_u, sin_u = _power(np.cos(u), softness), _power(np.sin(u), softness)
    cos_v, sin_v = _power(np.cos(v), softness), _power(np.sin(v), softness)
    rings = np.stack(
        [cos_u[:, None] * cos_v, np.broadcast_to(sin_u[:, None], (len(u), len(v))), -cos_u[:, None] * sin_v], axis=-1
    )
    half = np.asarray(size, np.float64) / 2
    return loft(rings * half + np.asarray(centre, np.float64), colour, caps=False)


def _power(values: np.ndarray, exponent: float) -> np.ndarray:
    values = np.where(np.abs(values) < 1e-12, 0.0, values)  # a pole is a point
    return np.sign(values) * np.abs(values) ** max(exponent, 0.05)


def loft(sections: ArrayLike, colour: ArrayLike = (0.6, 0.6, 0.6), caps: bool = True, closed: bool = True) -> Part:
    """The surface through a row of sections: a fuselage, a hull, a car's body, a curved board.

    Args:
        sections: (S, P, 3): S sections of P points each, either way round.
        caps: close the first and the last section, as a fan about the mean of its points.
        closed: whether the last point of a section joins its first. If so, faces are turned to look outwards.
    """
    points = np.asarray(sections, np.float64)
    count, around = points.shape[:2]
    index = np.arange(count * around).reshape(count, around)
    ahead = np.roll(index, -1, axis=1) if closed else index[:, 1:]
    here = index if closed else index[:, :-1]
    quads = np.stack([here[:-1], ahead[:-1], ahead[1:], here[1:]], axis=-1).reshape(-1, 4)
    vertices, faces = [points.reshape(-1, 3)], [_hull_faces(quads)]
    if caps and closed:
        for section, turn in ((0, -1), (count - 1, 1)):
            middle = count * around + len(vertices) - 1
            vertices.append(points[section].mean(axis=0)[None])
            loop = index[section][::turn]
            faces.append(np.stack([loop, np.roll(loop, -1), np.full(around, middle)], axis=-1))
    part = _part(np.concatenate(vertices), np.concatenate(faces), colour)
    return part._replace(faces=part.faces[:, ::-1]) if closed and _volume(part) < 0 else part


def _volume(part: Part) -> float:
    corners = part.vertices[part.faces] - part.vertices.mean(axis=0)
    return float((corners[:, 0] * np.cross(corners[:, 1], corners[:, 2])).sum() / 6)


def tube(
    path: ArrayLike,
    radius: ArrayLike,
    colour: ArrayLike = (0.6, 0.6, 0.6),
    sides: int = 10,
    closed: bool = False,
    flatten: float = 1.0,
) -> Part:
    """A tube along a curve: a leg, a rail, a barrel, a cable.

    Args:
        path: (P, 3) points, at least two.
        radius: one for the whole tube, or (P,).
        sides: of the section.
        closed: whether the last point joins the first (a hoop; do not repeat the first point).
        flatten: the section's height over its width, for flat bars; the width lies level where the path is not upright.
    """
    points = np.asarray(path, np.float64)
    radii = np.broadcast_to(np.asarray(radius, np.float64), (len(points),))
    if closed:
        tangents = np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)
    else:
        tangents = np.gradient(points, axis=0)
    tangents /= np.maximum(np.linalg.norm(tangents, axis=1, keepdims=True), 1e-12)
    upright = abs(tangents[0, 1]) > 0.95
    side = np.cross((1.0, 0.0, 0.0) if upright else (0.0, 1.0, 0.0), tangents[0])
    sections = []
    angles = 2 * np.pi * (np.arange(sides) + 0.5) / sides
    for point, tangent, r in zip(points, tangents, radii, strict=True):
        side = side - tangent * (side @ tangent)  # carried along the path, so that the tube does not twist
        side /= max(float(np.linalg.norm(side)), 1e-12)
        other = np.cross(tangent, side)
        sections.append(point + r * (np.cos(angles)[:, None] * side + flatten * np.sin(angles)[:, None] * other))
    if closed:
        sections.append(sections[0])
    return loft(np.array(sections), colour, caps=not closed)


def rod(
    start: ArrayLike, end: ArrayLike, radius: ArrayLike, colour: ArrayLike = (0.6, 0.6, 0.6), sides: int = 10
) -> Part:
    """A straight tube; ``radius`` is one number, or two: at the start and the end."""
    radii = np.broadcast_to(np.asarray(radius, np.float64), (2,))
    return tube(np.array([start, end], np.float64), radii, colour, sides)


def bar(
    start: ArrayLike,
    end: ArrayLike,
    width: float,
    depth: float,
    colour: ArrayLike = (0.6, 0.6, 0.6),
    taper: float = 1.0,
) -> Part:
    """A straight bar of rectangular section: a leg, a strut, a slat.

    Args:
        width: along x for an upright bar; level and across for any other.
        depth: the other side of the section.
        taper: the section at the end over that at the start.
    """
    points = np.asarray([start, end], np.float64)
    tangent = points[1] - points[0]
    tangent /= max(float(np.linalg.norm(tangent)), 1e-12)
    side = np.array([1.0, 0, 0]) if abs(tangent[1]) > 0.7 else np.cross((0.0, 1.0, 0.0), tangent)
    side = side - tangent * (side @ tangent)
    side /= np.linalg.norm(side)
    other = np.cross(tangent, side)
    square = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)]) / 2
    section = square[:, :1] * width * side + square[:, 1:] * depth * other
    return loft(np.stack([points[0] + section, points[1] + taper * section]), colour)


def lathe(
    profile: ArrayLike, colour: ArrayLike = (0.6, 0.6, 0.6), sides: int = 24, axis: str = "y", sweep: float = 360.0
) -> Part:
    """A profile turned about an axis: a leg, a lampshade, a wheel, a dish.

    Args:
        profile: (P, 2) rows (radius, height along the axis), from one end to the other. A radius of 0 closes an end.
        sides: steps around.
        axis: "x", "y" or "z".
        sweep: degrees to turn through; less than 360 leaves an open shell, symmetric about the first axis after ``axis``.
    """
    rows = np.asarray(profile, np.float64)
    whole = sweep >= 360.0
    steps = np.arange(sides) / sides if whole else np.linspace(-0.5, 0.5, sides + 1)
    angles = np.radians(min(sweep, 360.0)) * steps
    i = AXES[axis]
    j, k = (i + 1) % 3, (i + 2) % 3
    points = np.zeros((len(rows), len(angles), 3))
    points[..., i] = rows[:, 1:]
    points[..., j] = rows[:, :1] * np.cos(angles)
    points[..., k] = rows[:, :1] * np.sin(angles)
    return loft(points, colour, caps=False, closed=whole)


def extrusion(
    outline: ArrayLike, depth: float, colour: ArrayLike = (0.6, 0.6, 0.6), axis: str = "z", centre: float = 0.0
) -> Part:
    """A flat outline given thickness: a car's side, a gun's stock, a bracket, a table top of any shape.

    Args:
        outline: (P, 2) corners of a simple polygon, concave ones included, either way round. For axis "z" they are (x, y),
            for "x" (y, z), for "y" (z, x).
        depth: thickness along ``axis``, half of it on either side of ``centre``.
    """
    corners = np.asarray(outline, np.float64)
    following = np.roll(corners, -1, axis=0)
    if (corners[:, 0] * following[:, 1] - following[:, 0] * corners[:, 1]).sum() < 0:
        corners = corners[::-1]
    i = AXES[axis]
    points = np.zeros((2, len(corners), 3))
    points[:, :, (i + 1) % 3], points[:, :, (i + 2) % 3] = corners[:, 0], corners[:, 1]
    points[0, :, i], points[1, :, i] = centre - depth / 2, centre + depth / 2
    count = len(corners)
    here, ahead = np.arange(count), np.roll(np.arange(count), -1)
    sides = _hull_faces(np.stack([here, ahead, ahead + count, here + count], axis=-1))
    lid = triangulated(corners)
    return _part(points.reshape(-1, 3), np.concatenate([sides, lid[:, ::-1], lid + count]), colour)


def triangulated(outline: np.ndarray) -> np.ndarray:
    """Triangles (P − 2, 3) of a simple polygon (P, 2) that runs counter-clockwise, by clipping ears."""
    left = list(range(len(outline)))
    triangles = []
    while len(left) > 3:
        for position in range(len(left)):
            a, b, c = left[position - 1], left[position], left[(position + 1) % len(left)]
            others = outline[[i for i in left if i not in (a, b, c)]]
            if _turn(outline[a], outline[b], outline[c]) > 1e-12 and not _inside(
                others, outline[a], outline[b], outline[c]
            ):
                break
        else:
            position = 0  # degenerate (points on one line): any corner will do
            a, b, c = left[-1], left[0], left[1]
        triangles.append((a, b, c))
        left.pop(position)
    return np.array([*triangles, tuple(left)], np.int64)


def _turn(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> float:
    return float((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))


def _inside(points: np.ndarray, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> bool:
    within = np.ones(len(points), bool)
    for p, q in ((a, b), (b, c), (c, a)):
        within &= (q[0] - p[0]) * (points[:, 1] - p[1]) - (q[1] - p[1]) * (points[:, 0] - p[0]) > -1e-12
    return bool(within.any())


def sheet(grid: ArrayLike, thickness: float, colour: ArrayLike = (0.6, 0.6, 0.6)) -> Part:
    """A curved board: a moulded seat, a sail, a bent back.

    Args:
        grid: (U, V, 3) points of its middle surface.
        thickness: along the surface's normals, half on either side.
    """
    middle = np.asarray(grid, np.float64)
    normals = np.cross(np.gradient(middle, axis=0), np.gradient(middle, axis=1))
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-12)
    upper, lower = middle + thickness / 2 * normals, middle - thickness / 2 * normals
    # A row of the grid becomes a closed section: along the upper side, back along the lower one.
    return loft(np.concatenate([lower, upper[:, ::-1]], axis=1), colour)


# ------------------------------------------------------------------------------------------------------------ curves
def curve(points: ArrayLike, steps: int = 8) -> np.ndarray:
    """A smooth curve (Catmull-Rom) through points (P, D): (steps·(P − 1) + 1, D), the points themselves among them."""
    p = np.asarray(points, np.float64)
    padded = np.concatenate([2 * p[:1] - p[1:2], p, 2 * p[-1:] - p[-2:-1]])
    t = (np.arange(steps) / steps)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False)
    ]
    return np.concatenate([*pieces, p[-1:]])


def arc(radius: float, start: float, end: float, steps: int = 8) -> np.ndarray:
    """Points (steps + 1, 2) on a circle about the origin, from ``start`` to ``end`` degrees."""
    angles = np.radians(np.linspace(start, end, steps + 1))
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)


def rounded_rectangle(width: float, height: float, radius: float, steps: int = 4) -> np.ndarray:
    """Outline (4·(steps + 1), 2) of a rectangle about the origin with rounded corners, counter-clockwise."""
    r = min(max(radius, 1e-6), 0.499 * min(width, height))
    centres = [(width / 2 - r, height / 2 - r), (r - width / 2, height / 2 - r)]
    centres += [(r - width / 2, r - height / 2), (width / 2 - r, r - height / 2)]
    corners = [arc(r, 90.0 * i, 90.0 * (i + 1), steps) + centre for i, centre in enumerate(centres)]
    return np.concatenate(corners)


def oval(width: float, height: float, squareness: float = 0.0, sides: int = 20) -> np.ndarray:
    """Outline (sides, 2) of an ellipse about the origin, counter-clockwise; towards ``squareness`` 1 it fills its rectangle."""
    angles = 2 * np.pi * np.arange(sides) / sides
    exponent = 1.0 - 0.8 * min(max(squareness, 0.0), 1.0)
    x, y = _power(np.cos(angles), exponent), _power(np.sin(angles), exponent)
    return np.stack([x * width / 2, y * height / 2], axis=-1)
