"""Programs of loudspeakers: boxes with cones, balls and cylinders for a desk, sound bars, horns, and whole stereo sets."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lmnet_utils.data.programs.parameters import PAINTS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    arc,
    array,
    box,
    curve,
    extrusion,
    lathe,
    loft,
    mirrored,
    moved,
    oval,
    ring,
    rod,
    rounded_rectangle,
    scaled,
    tube,
    turned,
)  # fmt: skip

RGB = tuple[float, float, float]
DARK = (0.09, 0.09, 0.10)


class _Look(NamedTuple):
    """Materials and cones of a loudspeaker."""

    body: RGB
    front: RGB
    cone: RGB
    trim: RGB
    depth: float
    """Of a cone, of its radius."""
    dome: float
    """Radius of the cap in a cone's middle, of the cone's."""


LAYOUTS: dict[str, Sequence[tuple[str, float]]] = {
    "one": [("cone", 1.0)],
    "two ways": [("cone", 1.0), ("tweeter", 0.45)],
    "two ways and port": [("port", 0.32), ("cone", 1.0), ("tweeter", 0.45)],
    "tweeter between": [("cone", 0.8), ("tweeter", 0.4), ("cone", 0.8)],
    "three ways": [("cone", 1.0), ("cone", 0.62), ("tweeter", 0.38)],
    "tower": [("cone", 0.9), ("cone", 0.9), ("cone", 0.7), ("tweeter", 0.4)],
    "two cones": [("cone", 1.0), ("cone", 1.0)],
    "cone and horn": [("cone", 1.0), ("horn", 0.6)],
    "cone and slot": [("slot", 0.3), ("cone", 1.0)],
    "three cones": [("cone", 1.0), ("cone", 1.0), ("tweeter", 0.5)],
    "blank": [],
}
"""What is in a front, from the bottom up: the kind of opening, and its size over the largest."""


# --------------------------------------------------------------------------------------------------- pieces of a front
def _stepped(loops: Sequence[np.ndarray], paints: Sequence[RGB]) -> Part:
    """A surface through loops of as many points each, counter-clockwise seen from the front, closed by a fan in the last."""
    count = len(loops[0])
    vertices = np.concatenate([*loops, loops[-1].mean(axis=0)[None]])
    faces, colours = [], []
    for i in range(len(loops)):
        for k in range(count):
            a, b = count * i + k, count * i + (k + 1) % count
            if i + 1 < len(loops):
                faces += [(a, b, b + count), (a, b + count, a + count)]
                colours += [paints[i]] * 2
            else:
                faces.append((a, b, len(vertices) - 1))
                colours.append(paints[i])
    return Part(vertices, np.array(faces), np.array(colours))


def _rectangle(x: float, y: Sequence[float], z: Sequence[float]) -> np.ndarray:
    return np.array([(x, y[0], z[0]), (x, y[1], z[0]), (x, y[1], z[1]), (x, y[0], z[1])])


def _holed(x: float, y: Sequence[float], z: Sequence[float], radius: float, paint: RGB) -> Part:
    """A rectangle across x with a round hole in its middle."""
    half = np.array([(y[1] - y[0]) / 2, (z[1] - z[0]) / 2])
    corner = np.arctan2(half[1], half[0])
    angles = np.sort(
        np.concatenate(
            [np.arange(24) * np.pi / 12 + 0.01, [corner, np.pi - corner, np.pi + corner, -corner + 2 * np.pi]]
        )
    )
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    reach = (half / np.maximum(np.abs(directions), 1e-9)).min(axis=1)
    loops = []
    for distance in (reach, np.full(len(angles), radius)):
        points = directions * distance[:, None] + [(y[0] + y[1]) / 2, (z[0] + z[1]) / 2]
        loops.append(np.column_stack([np.full(len(angles), x), points]))
    part = _stepped(loops, [paint, paint])
    kept = 2 * len(angles)  # without the fan
    return Part(part.vertices, part.faces[:kept], part.colours[:kept])


def _driver(kind: str, r: float, look: _Look) -> Part:
    """A cone, a dome or a port in a hole of radius ``r`` about the x axis, its rim before x = 0."""
    if kind == "port":
        rows = [
            (1.12 * r, 0),
            (1.1 * r, 0.05 * r),
            (r, 0.04 * r),
            (0.85 * r, -0.3 * r),
            (0.8 * r, -1.6 * r),
            (0, -1.6 * r),
        ]
        return lathe(rows, DARK, 20, "x")
    if kind == "tweeter":
        rows = [
            (1.08 * r, 0),
            (1.06 * r, 0.05 * r),
            (0.9 * r, 0.05 * r),
            (0.45 * r, -0.14 * r),
            (0.38 * r, -0.02 * r),
            (0.2 * r, 0.12 * r),
        ]
        return lathe([*rows, (0, 0.16 * r)], look.trim, 20, "x")
    rim = lathe(
        [(1.1 * r, 0), (1.08 * r, 0.04 * r), (0.97 * r, 0.04 * r), (0.9 * r, 0.08 * r), (0.82 * r, 0)],
        look.trim,
        24,
        "x",
    )
    d, low = look.dome, -look.depth * r
    rows = [(0.82 * r, 0), (d * r, low), (0.7 * d * r, low + 0.35 * d * r), (0, low + 0.5 * d * r)]
    cone = lathe(rows, look.cone, 24, "x")
    return Part(
        np.concatenate([rim.vertices, cone.vertices]),
        np.concatenate([rim.faces, cone.faces + len(rim.vertices)]),
        np.concatenate([rim.colours, cone.colours]),
    )


def _baffle(x: float, y: Sequence[float], half: float, layout: str, look: _Look) -> list[Part]:
    """A front across ``x`` with what its layout says, from the bottom up in slots of their own."""
    places = LAYOUTS[layout]
    if not places:
        return [_stepped([_rectangle(x, y, (-half, half))], [look.front])]
    total = sum(size for _, size in places)
    parts, low = [], y[0]
    unit = min((y[1] - y[0]) / total, 2 * half)
    spare = (y[1] - y[0] - unit * total) / len(places)
    for kind, size in places:
        slot = (low, low + unit * size + spare)
        middle, r = (slot[0] + slot[1]) / 2, 0.42 * unit * size
        if kind in ("horn", "slot"):
            tall, wide = (0.8 * r, 0.8 * half) if kind == "horn" else (0.35 * r, 0.85 * half)
            outer = _rectangle(x, slot, (-half, half))
            mouth = _rectangle(x, (middle - tall, middle + tall), (-wide, wide))
            small = 0.3 if kind == "horn" else 0.9
            throat = _rectangle(
                x - 1.2 * r, (middle - small * tall, middle + small * tall), (-small * wide, small * wide)
            )
            parts.append(_stepped([outer, mouth, throat], [look.front, DARK, DARK]))
        else:
            parts.append(_holed(x, slot, (-half, half), r, look.front))
            parts.append(moved(_driver(kind, r, look), x, middle))
        low = slot[1]
    return parts


def _plan(kind: str, depth: float, width: float, rear: float, bevel: float) -> np.ndarray:
    """The outline (x, z) of a cabinet from the front's one edge round the back to the other; the front is at depth/2."""
    f, w, b = depth / 2, width / 2, max(bevel, 1e-4)
    start = [(f, b - w), (f - b, -w)]
    if kind == "boat":
        side = curve(
            [(f - b, -w), (0.1 * f, -1.06 * w), (-0.55 * f, -(0.35 + 0.6 * rear) * w), (-f, -0.5 * rear * w)], 4
        )[1:]
        half = [*start, *side.tolist()]
    elif kind == "round":
        half = [*start, *[(x * 0.9 * f - 0.1 * f, z * w) for x, z in arc(1.0, -90, -165, 6)[:, :]]]
    else:
        half = [*start, (-f, -w * (rear if kind == "trapezoid" else 1.0))]
    points = np.array(half)
    return np.concatenate([points, (points * (1, -1))[::-1]])


def _cabinet(size: Sequence[float], plan: np.ndarray, layout: str, look: _Look, cover: float) -> list[Part]:
    """A cabinet (depth, height, width) that stands on y = 0, its front filled; a grille covers the upper ``cover`` of it."""
    depth, height, _ = size
    front, half = depth / 2, float(abs(plan[0, 1]))
    levels = [0.0, height]
    sections = [np.column_stack([plan[:, 0], np.full(len(plan), y), plan[:, 1]]) for y in levels]
    parts = [loft(np.array(sections), look.body, closed=False)]
    for section, turn in zip(sections, (1, -1), strict=True):
        parts.append(_stepped([section[::turn]], [look.body]))
    split = height * (1 - cover)
    if cover < 1:
        parts += _baffle(front, (0, split), half, layout, look)
    if cover > 0:
        edge, out = 0.03 * min(height, 2 * half), 0.05 * depth
        y, z = (split, height), (-half, half)
        inner = ((y[0] + edge, y[1] - edge), (z[0] + edge, z[1] - edge))
        loops = [_rectangle(front, y, z), _rectangle(front, *inner), _rectangle(front + 0.7 * out, *inner)]
        closer = tuple((a + 0.3 * out, b - 0.3 * out) for a, b in inner)
        loops.append(_rectangle(front + out, *closer))
        parts.append(_stepped(loops, [look.body, look.trim, look.trim, look.trim]))
    return parts


# ---------------------------------------------------------------------------------------------------------- programs
@dataclasses.dataclass(frozen=True, kw_only=True)
class BoxSpeaker(Program):
    """A box with cones in its front or a grille before them: for shelf, floor or stage, a subwoofer, a centre channel."""

    kind: str = one_of(
        "shelf", "floor", "subwoofer", "stage", "centre", "amplifier", "panel", shares=(5, 5, 2, 3, 1, 1, 0.7)
    )
    layout: str = one_of(*LAYOUTS, shares=(1, 3, 2, 1, 3, 2, 1, 1, 1, 1, 0))
    plan: str = one_of("box", "trapezoid", "boat", "round", shares=(7, 2, 2, 1))
    cover: str = one_of("cones", "grille", "upper grille", shares=(5, 2.5, 1))
    support: str = one_of("none", "feet", "spikes", "plinth", "stand", shares=(5, 2, 1, 2, 1.5))
    height: float = uniform(0.0, 1.0)  # within the kind's range, as the next two
    width: float = uniform(0.0, 1.0)
    depth: float = uniform(0.0, 1.0)
    rear: float = uniform(0.45, 0.85)  # width of the back, of the front's, where it is narrower
    bevel: float = uniform(0.0, 0.10)  # of the upright edges at the front, of the width
    taper: float = uniform(-0.4, 0.22)  # loss of width to the top; below 0 none
    lean: float = uniform(-0.15, 0.12)  # of the front backwards, of the height; below 0 none
    filled: float = uniform(0.5, 1.0)  # share of a floor speaker's front that has cones
    cone_depth: float = uniform(0.25, 0.6)  # of a cone's radius
    dome: float = uniform(0.2, 0.42)  # of a cone's radius
    body: RGB = colour(*WOODS, "black", "white", "dark grey", "black", "grey")
    front: RGB = colour("black", "dark grey", "white", "grey", *WOODS)
    cone: RGB = colour("dark grey", "grey", "white", "yellow", "brass", "black")
    trim: RGB = colour("dark grey", "steel", "grey", "black")

    def parts(self) -> list[Part]:
        heights, widths, depths = {
            "shelf": ((0.22, 0.45), (0.52, 0.80), (0.6, 1.4)),
            "floor": ((0.75, 1.25), (0.17, 0.36), (0.9, 1.8)),
            "subwoofer": ((0.30, 0.50), (0.75, 1.2), (0.8, 1.25)),
            "stage": ((0.50, 1.00), (0.50, 0.80), (0.7, 1.05)),
            "centre": ((0.40, 0.65), (0.26, 0.42), (0.9, 1.6)),
            "panel": ((1.0, 1.7), (0.2, 0.42), (0.15, 0.35)),
            "amplifier": ((0.45, 0.75), (0.85, 1.3), (0.35, 0.60)),
        }[self.kind]
        height = float(np.interp(self.height, (0, 1), heights))
        width = float(np.interp(self.width, (0, 1), widths)) * height
        depth = float(np.interp(self.depth, (0, 1), depths)) * width
        kind, layout, rear, bevel = self.plan, self.layout, self.rear, self.bevel * width
        if self.kind == "subwoofer":
            layout = {"tower": "cone and slot", "cone and horn": "cone and slot"}.get(layout, "one")
        elif self.kind == "stage":
            layout = layout if layout in ("two cones", "cone and slot", "one") else "cone and horn"
            kind = "trapezoid" if kind != "box" else kind
        elif self.kind == "centre":
            layout = "tweeter between"
        elif self.kind == "amplifier":
            layout, kind = ("one" if layout == "one" else "two cones" if height > 1.2 * width else "one"), "box"
        look = _Look(self.body, self.front, self.cone, self.trim, self.cone_depth, self.dome)
        size = (depth, height, width)
        cover = {"cones": 0.0, "grille": 1.0, "upper grille": 0.55}[self.cover]
        cover = 1.0 if self.kind == "panel" else cover
        outline = _plan(kind, depth, width, rear, bevel)
        if self.kind == "floor" and cover == 0:
            parts = self._tall(size, outline, layout, look)
        else:
            parts = _cabinet(size, outline, "one" if 0 < cover < 1 else layout, look, cover)
        parts = [self._shaped(part, height) for part in parts]
        if self.kind == "centre":
            return [moved(turned(part, "x", 90), 0, width / 2, -height / 2) for part in parts]
        return self._supported(parts, size)

    def _tall(self, size: Sequence[float], outline: np.ndarray, layout: str, look: _Look) -> list[Part]:
        """A cabinet whose front is filled from the top down to a share of its height, and blank below."""
        depth, height, _ = size
        half = float(abs(outline[0, 1]))
        split = height * (1 - self.filled)
        parts = _cabinet(size, outline, "blank", look, 0.0)[:3]
        if split > 0:
            parts += _baffle(depth / 2, (0, split), half, "blank", look)
        return parts + _baffle(depth / 2, (split, height), half, layout, look)

    def _shaped(self, part: Part, height: float) -> Part:
        """The part with the cabinet's taper and lean."""
        points = part.vertices.copy()
        share = np.clip(points[:, 1] / height, 0, 1)
        if self.kind in ("shelf", "floor"):
            points[:, 2] *= 1 - max(self.taper, 0.0) * share
            points[:, 0] -= max(self.lean, 0.0) * height * share
        return part._replace(vertices=points)

    def _supported(self, parts: list[Part], size: Sequence[float]) -> list[Part]:
        depth, height, width = size
        x, z, foot = 0.36 * depth, 0.36 * width, 0.04 * min(width, height)
        narrow = 1.0 if self.plan == "box" else 0.7 * self.rear
        places = [(a, 0, b * (1.0 if a > 0 else narrow)) for a in (x, -x) for b in (z, -z)]
        support = self.support
        if self.kind == "panel" or (self.kind == "stage" and support == "stand" and self.filled > 0.75):
            support = "plinth" if self.kind == "panel" else "feet"
        if self.kind == "stage":
            grip = curve(
                [
                    (0.2 * depth, 0.55 * height),
                    (0.12 * depth, 0.6 * height),
                    (-0.12 * depth, 0.6 * height),
                    (-0.2 * depth, 0.55 * height),
                ],
                3,
            )
            wide = 0.5 * width * (self.rear + 1) / 2 if self.plan != "box" else 0.5 * width
            path = np.column_stack([grip[:, 0], grip[:, 1], np.full(len(grip), wide + 0.03 * width)])
            parts = [*parts, mirrored(tube(path, 0.015 * width, DARK, 6))]
            if support in ("spikes", "plinth"):
                support = "none"
        if self.kind == "amplifier":
            hoop = [
                (0, height, -0.15 * width),
                (0, height + 0.06 * width, -0.12 * width),
                (0, height + 0.06 * width, 0.12 * width),
                (0, height, 0.15 * width),
            ]
            parts = [*parts, tube(hoop, 0.02 * width, DARK, 6)]
        if support == "none":
            return parts
        if support == "plinth":
            plate = extrusion(rounded_rectangle(1.15 * width, 1.1 * depth, 0.1 * width), foot, DARK, "y", -foot / 2)
            return [*parts, plate]
        if support in ("feet", "spikes"):
            top = 0.5 * foot if support == "feet" else foot
            peg = rod((0, 0, 0), (0, -1.5 * foot, 0), (top, foot if support == "feet" else 0.2 * foot), DARK, 8)
            return [*parts, array(peg, places)]
        if self.kind not in ("shelf", "stage"):
            return parts
        tall = (0.4 + 1.6 * self.filled) * height
        if self.kind == "stage":  # a tripod
            pole = rod((0, 0, 0), (0, -tall, 0), 0.03 * width, DARK, 8)
            leg = rod((0.02 * width, -0.5 * tall, 0), (0.45 * tall, -tall, 0), 0.025 * width, DARK, 6)
            return [*parts, pole, ring(leg, 3, start=60)]
        plate = box((1.05 * depth, 0.03 * height, 1.1 * width), (0, -tall, 0), self.trim)
        shelf = box((0.8 * depth, 0.03 * height, 0.8 * width), (0, -0.015 * height, 0), self.trim)
        count = (0.0,) if self.bevel > 0.04 else (-0.25 * width, 0.25 * width)
        return [*parts, plate, shelf, *[rod((0, 0, a), (0, -tall, a), 0.09 * width, self.trim, 10) for a in count]]


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeskSpeaker(Program):
    """A small loudspeaker: a ball, a bullet, a can, a roll, a dome, a cube, or a dock for a player."""

    form: str = one_of("ball", "bullet", "can", "roll", "dome", "dock", "disc", shares=(3, 1, 2, 2, 1, 3, 2))
    foot: str = one_of("none", "disc", "legs", "ring", shares=(2, 2, 1, 1))
    handle: str = one_of("none", "loop", "strap", shares=(3, 1, 1))
    bands: int = one_of(1, 2, 3)
    size: float = uniform(0.04, 0.12)  # radius in metres
    stretch: float = uniform(0.85, 1.3)  # of a ball's height
    length: float = uniform(1.2, 3.2)  # of a can or a roll, of its diameter
    mouth: float = uniform(0.45, 0.85)  # radius of the cone, of the ball's
    tail: float = uniform(1.5, 3.0)  # length of a bullet, of its radius
    tilt: float = uniform(0.0, 25.0)  # degrees by which a ball looks upwards
    rise: float = uniform(0.05, 0.8)  # of a ball over its foot, of its radius
    swell: float = uniform(-0.12, 0.15)  # of a can's middle
    edge: float = uniform(0.03, 0.25)  # rounding of a can's ends, of its radius
    width: float = uniform(1.6, 3.6)  # of a dock, of its depth
    body: RGB = colour(*PAINTS, "dark grey", "black", "white", *WOODS)
    cloth: RGB = colour("dark grey", "grey", "black", "red", "blue", "steel")
    cone: RGB = colour("dark grey", "grey", "yellow", "white", "black")

    def parts(self) -> list[Part]:
        look = _Look(self.body, self.body, self.cone, self.cloth, 0.4, 0.35)
        if self.form in ("ball", "bullet"):
            return self._ball(look)
        if self.form == "dock":
            return self._dock(look)
        if self.form == "disc":
            return self._disc(look)
        r = self.size
        if self.form == "dome":
            rows = [(0, 0), (0.9 * r, 0), (r, 0.1 * r)]
            top = [(r * np.cos(a), 0.1 * r + self.stretch * r * np.sin(a)) for a in np.radians(np.linspace(15, 70, 7))]
            shell = lathe([*rows, *top], self.cloth, 28)
            end = top[-1]
            lid = lathe(
                [end, (0.8 * end[0], end[1] + 0.06 * r), (0.6 * end[0], end[1] - 0.1 * r), (0, end[1] - 0.05 * r)],
                self.body,
                20,
            )
            return [shell, lid]
        return self._can(r)

    def _can(self, r: float) -> list[Part]:
        """A cylinder, on its end or on its side."""
        long, e = 2 * r * self.length * (1.0 if self.form == "can" else 1.3), self.edge * r
        shares = np.linspace(0, 1, 9)
        half = [(r * (1 + self.swell * np.sin(np.pi * s)), e + s * (long - 2 * e)) for s in shares]
        cut = self.bands
        low, middle, high = half[: cut + 1], half[cut : 9 - cut], half[8 - cut :]
        ends = 0.86 * r
        bottom = [(0, 0.3 * e), (ends * 0.7, 0.3 * e), (ends, 0), (r - 0.3 * e, 0.3 * e)]
        top = [
            (r - 0.3 * e, long - 0.3 * e),
            (ends, long),
            (ends * 0.75, long - 1.2 * e),
            (0.3 * r, long - 1.6 * e),
            (0, long - 0.9 * e),
        ]
        axis = "y" if self.form == "can" else "z"
        rows = [(bottom + low, self.body), (top[:0] + high + top, self.body)]
        rows.append(([low[-1], *middle, high[0]], self.cloth))
        parts = [lathe(profile, paint, 24, axis) for profile, paint in rows]
        if axis == "z":
            parts = [moved(part, 0, r * 1.02, -long / 2) for part in parts]
            if self.foot in ("ring", "disc"):
                path = [(0.2 * r, r, -0.4 * r), (0.9 * r, 0, -0.35 * r), (0.9 * r, 0, 0.35 * r), (0.2 * r, r, 0.4 * r)]
                parts = [moved(part, y=0.1 * r) for part in parts] + [tube(path, 0.05 * r, self.cone, 6)]
                parts.append(scaled(parts[-1], x=-1))
            elif self.foot == "legs":
                parts.append(mirrored(box((1.2 * r, 0.3 * r, 0.25 * r), (0, 0.12 * r, 0.3 * long), self.body)))
            if self.handle != "none":
                y = 1.95 * r + 0.1 * r * (self.foot in ("ring", "disc"))
                rail = [
                    (0, y, -0.38 * long),
                    (0, y + 0.45 * r, -0.3 * long),
                    (0, y + 0.45 * r, 0.3 * long),
                    (0, y, 0.38 * long),
                ]
                parts.append(tube(rail, 0.08 * r, self.body, 6))
        elif self.handle == "loop":
            loop = curve(
                [
                    (0, long - e, -0.7 * r),
                    (0, long + 0.5 * r, -0.5 * r),
                    (0, long + 0.5 * r, 0.5 * r),
                    (0, long - e, 0.7 * r),
                ],
                4,
            )
            parts.append(tube(loop, 0.07 * r, self.cone, 6))
        return parts

    def _ball(self, look: _Look) -> list[Part]:
        """A ball with a cone in its front, or a bullet with a tail."""
        r, mouth = self.size, self.mouth
        opening = np.arcsin(mouth)
        angles = np.linspace(np.pi, opening, 14)
        back = self.tail if self.form == "bullet" else 1.0
        rows = [(r * np.sin(a), r * np.cos(a) * (back if np.cos(a) < 0 else 1.0)) for a in angles]
        front = rows[-1][1]
        ball = [lathe(rows, self.body, 28, "x"), moved(_driver("cone", 0.94 * mouth * r, look), front)]
        ball = [turned(scaled(part, y=self.stretch), "z", self.tilt) for part in ball]
        high = self.stretch * r
        lift = high + self.rise * r
        parts = [moved(part, y=lift) for part in ball]
        if self.foot == "disc":
            disc = lathe(
                [(0, 0), (0.75 * r, 0), (0.75 * r, 0.06 * r), (0.12 * r, 0.14 * r), (0.1 * r, lift - 0.9 * high)],
                self.cloth,
                20,
            )
            parts.append(disc)
        elif self.foot == "legs":
            leg = rod((0.3 * r, lift - 0.85 * high, 0), (0.8 * r, 0, 0), 0.06 * r, self.cone, 8)
            parts.append(ring(leg, 3, start=60))
        elif self.foot == "ring":
            rows = [(0.45 * r, 0), (0.62 * r, 0), (0.5 * r, lift - 0.8 * high), (0.38 * r, lift - 0.85 * high)]
            parts.append(lathe(rows, self.cloth, 20))
        return parts

    def _disc(self, look: _Look) -> list[Part]:
        """An upright body with a rounded front, one cone or two in it, that leans back on its foot."""
        wide, high = 2 * self.size, 2 * self.size * max(self.stretch, 0.8 * self.length / 1.2 * (self.bands > 1))
        deep = self.size * (0.6 + 0.5 * self.tail / 1.5)
        outline = oval(high, wide, 1 - 2 * self.edge * 1.9, 28)  # (y, z)
        sections = [(-deep, 0.55), (-0.9 * deep, 0.7), (-0.3 * deep, 0.96), (-0.03 * deep, 1.0), (0.0, 0.96)]
        rings = [np.column_stack([np.full(len(outline), x), outline * s]) for x, s in sections]
        parts = [loft(np.array(rings), self.body, caps=False), _stepped([rings[0][::-1]], [self.body])]
        count = 2 if high > 1.6 * wide else 1
        r = 0.42 * min(wide, high / count) * (0.6 + 0.5 * self.mouth) * 0.85
        angles = np.arctan2(outline[:, 1], outline[:, 0])
        front = rings[-1]
        if count == 1:
            hole = np.column_stack([np.zeros(len(outline)), r * np.cos(angles), r * np.sin(angles)])
            face = _stepped([front, hole], [self.body, self.body])
            kept = 2 * len(outline)
            parts += [Part(face.vertices, face.faces[:kept], face.colours[:kept]), _driver("cone", r, look)]
        else:
            flat = look._replace(depth=-0.02)
            parts.append(_stepped([front], [self.cloth]))
            parts += [
                moved(_driver("cone", k * r, flat), 0.002, y) for k, y in ((1.0, -0.22 * high), (0.6, 0.22 * high))
            ]
        parts = [turned(moved(part, 0, high / 2), "z", 0.7 * self.tilt) for part in parts]
        base = lathe(
            [(0, 0), (0.62 * wide, 0), (0.6 * wide, 0.05 * high), (0.2 * wide, 0.1 * high), (0, 0.1 * high)],
            self.cloth,
            20,
        )
        return [*parts, moved(base, -0.45 * deep, -0.07 * high)]

    def _dock(self, look: _Look) -> list[Part]:
        """A low body with two cones in its front, and a player that leans in its top."""
        deep, high = 2.2 * self.size, 1.6 * self.size * self.stretch
        half = deep * max(self.width, 2.0 if self.foot != "ring" else 1.6) / 2
        plan = _plan(
            "round" if self.swell > 0 else "boat" if self.bands == 3 else "box", deep, 2 * half, 0.8, 0.15 * deep
        )
        parts = _cabinet((deep, high, 2 * half), plan, "blank", look, 0.0)
        r = min(0.4 * high, 0.3 * half)
        cone = _driver("cone", r, look)
        if self.foot != "ring":
            inner = float(abs(plan[0, 1]))
            parts = parts[:3]
            edges = (-inner, -inner + 2.6 * r, inner - 2.6 * r, inner)
            parts += [_holed(deep / 2, (0, high), z, r, self.cloth) for z in (edges[:2], edges[2:])]
            parts.append(_stepped([_rectangle(deep / 2, (0, high), edges[1:3])], [self.body]))
            parts.append(mirrored(moved(cone, deep / 2, high / 2, inner - 1.3 * r)))
        if self.handle != "strap":
            slab = turned(box((0.012, 1.1 * self.size, 0.62 * self.size), (0, 0.5 * self.size, 0), self.cone), "z", 15)
            parts.append(moved(slab, 0.05 * deep, high))
            parts.append(
                moved(
                    lathe(
                        [(0.5 * self.size, 0), (0.5 * self.size, 0.12 * self.size), (0, 0.12 * self.size)],
                        self.cloth,
                        16,
                    ),
                    0.05 * deep,
                    high,
                )
            )
        else:
            path = curve(
                [
                    (0, high * 0.9, -0.9 * half),
                    (0, high * 1.5, -0.8 * half),
                    (0, high * 1.5, 0.8 * half),
                    (0, high * 0.9, 0.9 * half),
                ],
                4,
            )
            parts.append(tube(path, 0.05 * deep, self.body, 6))
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class SoundBar(Program):
    """A long low loudspeaker to go under a television: a bar with cloth, rounded or square."""

    section: str = one_of("square", "round", "slanted", shares=(3, 2, 1))
    fronts: str = one_of("cloth", "cones", shares=(2, 1))
    ends: str = one_of("flat", "caps", "round", shares=(2, 2, 1))
    feet: int = one_of(0, 2)
    upright: bool = one_of(False, True, shares=(4, 1))
    length: float = uniform(0.35, 1.2)  # metres
    height: float = uniform(0.055, 0.13)  # metres
    depth: float = uniform(0.7, 1.6)  # of the height
    rounding: float = uniform(0.05, 0.5)  # of the section's corners, of its height
    cap: float = uniform(0.02, 0.10)  # length of the end pieces, of the whole
    cloth_share: float = uniform(0.6, 0.92)  # height of the cloth, of the front
    reach: float = uniform(0.03, 0.12)  # by which cloth stands out, of the depth
    slant: float = uniform(0.15, 0.4)  # of a slanted front, of the depth
    body: RGB = colour("black", "dark grey", "white", "steel", *WOODS)
    cloth: RGB = colour("dark grey", "black", "grey", "steel")

    def parts(self) -> list[Part]:
        h, long = self.height, max(self.length, 4.0 * self.height)
        d = self.depth * h
        radius = self.rounding * min(h, d) if self.section == "round" else 0.06 * min(h, d)
        outline = rounded_rectangle(d, h, radius, 4)
        if self.section == "slanted":
            f = self.slant * d
            outline = np.array([(-d / 2, -h / 2), (d / 2, -h / 2), (d / 2 - f, h / 2), (-d / 2, h / 2)])
        cap = self.cap * long if self.ends != "flat" else 0.0
        parts = [extrusion(outline, long - 2 * cap, self.body)]
        if self.ends == "caps":
            parts.append(mirrored(extrusion(1.05 * outline, cap, self.cloth, centre=long / 2 - cap / 2)))
        elif self.ends == "round":
            rings = [
                np.column_stack([outline * s, np.full(len(outline), long / 2 - cap + cap * t)])
                for s, t in ((1, 0), (0.95, 0.4), (0.75, 0.8), (0.4, 1))
            ]
            parts.append(mirrored(loft(np.array(rings), self.body)))
        wide = long - 2 * cap - 0.04 * long
        tall = h * self.cloth_share
        lean = np.degrees(np.arctan2(self.slant * d, h)) if self.section == "slanted" else 0.0
        x = d / 2 - (self.slant * d / 2 if lean else 0.0)
        if self.fronts == "cloth":
            panel = [
                box(
                    (2 * self.reach * d, tall - (radius if self.section == "round" else 0), wide),
                    (0, 0, 0),
                    self.cloth,
                    0.04 * h,
                )
            ]
        else:
            look = _Look(self.body, self.body, (0.25, 0.25, 0.26), self.cloth, -0.02, 0.35)
            count = 2 * max(1, int(0.35 * wide / h))
            places = np.linspace(-wide / 2 + 0.6 * h, wide / 2 - 0.6 * h, count)
            panel = [moved(_driver("cone", 0.38 * tall, look), 0.002, 0, z) for z in places]
        parts += [moved(turned(part, "z", lean), x) for part in panel]
        if self.feet and not self.upright:
            foot = box((0.8 * d, 0.12 * h, 0.05 * long), (0, -0.54 * h, 0.36 * long), self.cloth)
            parts.append(mirrored(foot))
        if self.upright:
            plate = extrusion(
                rounded_rectangle(2.2 * h, 2.0 * d, 0.4 * h), 0.12 * h, self.body, "y", -long / 2 - 0.05 * h
            )
            return [*[turned(part, "x", 90) for part in parts], plate]
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class Horn(Program):
    """A horn that sounds: a megaphone with a grip, or a horn on a bracket or a box, round or square."""

    kind: str = one_of("megaphone", "bracket", "box", shares=(2, 2, 1))
    mouth: str = one_of("round", "square", "broad", shares=(4, 1, 1))
    strap: str = one_of("none", "strap", shares=(1, 1))
    length: float = uniform(0.25, 0.45)  # metres
    bell: float = uniform(0.28, 0.50)  # radius of the mouth, of the length
    throat: float = uniform(0.15, 0.35)  # radius of the throat, of the mouth's
    flare: float = uniform(1.2, 3.0)  # how late the horn opens
    motor: float = uniform(0.20, 0.40)  # length of the body behind the horn, of the whole
    thick: float = uniform(0.35, 0.60)  # radius of that body, of the mouth's
    grip: float = uniform(0.25, 0.40)  # length of the grip or bracket, of the whole
    tilt: float = uniform(-10.0, 12.0)  # degrees upwards
    core: float = uniform(0.15, 0.45)  # radius of the piece in the mouth, of the mouth's
    body: RGB = colour("white", "grey", "beige", "red", "steel", "blue")
    accent: RGB = colour("red", "black", "dark grey", "blue", "orange")

    def parts(self) -> list[Part]:
        long, r = self.length, self.bell * self.length
        start, throat = self.motor * long, self.throat * r
        shares = np.linspace(0, 1, 9)
        rows = [(throat + (r - throat) * s**self.flare, start + s * (long - start)) for s in shares]
        inside = [(a - 0.03 * r, b + 0.01 * r) for a, b in rows[::-1]]
        profile = [*rows, (1.05 * r, long), (1.05 * r, long + 0.03 * r), *inside]
        if self.mouth == "round":
            horn = lathe(profile, self.body, 24, "x")
        else:
            wide = 1.0 if self.mouth == "square" else 1.5
            square = rounded_rectangle(2, 2 * wide, 0.3, 2)
            horn = loft(
                np.array([np.column_stack([np.full(len(square), x), square * a * 0.85]) for a, x in profile]),
                self.body,
                caps=False,
            )
        b = self.thick * r
        motor = lathe(
            [(0, 0), (0.8 * b, 0), (b, 0.15 * start), (b, 0.75 * start), (throat, 1.15 * start), (0, 1.15 * start)],
            self.accent,
            20,
            "x",
        )
        c = self.core * r
        core = lathe(
            [(0, start), (0.5 * c, start + 0.1 * long), (c, 0.8 * long), (0.9 * c, 0.86 * long), (0, 0.9 * long)],
            self.accent,
            16,
            "x",
        )
        parts = [horn, motor, core]
        parts = [turned(part, "z", self.tilt, (start, 0, 0)) for part in parts]
        return parts + self._mount(start, b, long)

    def _mount(self, start: float, b: float, long: float) -> list[Part]:
        reach = self.grip * long
        if self.kind == "megaphone":
            handle = rod((0.6 * start, -0.8 * b, 0), (0.35 * start, -b - reach, 0), 0.045 * long, self.accent, 10)
            parts = [scaled(handle, z=0.8)]
            if self.strap == "strap":
                strap = curve(
                    [
                        (0.1 * start, b * 0.9, 0),
                        (0.3 * start, 1.5 * b, 0),
                        (1.2 * start, 1.4 * b, 0),
                        (1.3 * start, 0.4 * b, 0),
                    ],
                    5,
                )
                parts.append(tube(strap, 0.014 * long, self.accent, 6))
            return parts
        if self.kind == "box":
            return [box((1.2 * start + b, 0.9 * b, 2 * b), (start * 0.6, -b - 0.3 * b, 0), self.accent, 0.05 * b)]
        x = 0.5 * start
        path = [(x, 0, b * 1.08), (x, -b - reach, b * 1.08), (x, -b - reach, -b * 1.08), (x, 0, -b * 1.08)]
        return [
            tube(path, 0.02 * long, self.accent, 6),
            box((0.2 * long, 0.02 * long, 1.2 * b), (x, -b - reach, 0), self.accent),
        ]


@dataclasses.dataclass(frozen=True, kw_only=True)
class StereoSet(Program):
    """Several loudspeakers together: a pair, a compact stereo with its middle unit, or satellites beside a subwoofer."""

    kind: str = one_of("stereo", "pair", "satellites", "boombox", shares=(3, 2, 1, 1.5))
    layout: str = one_of("two ways", "one", "three ways", "two ways and port")
    decks: int = one_of(2, 3, 4)
    cover: str = one_of("cones", "grille")
    height: float = uniform(0.22, 0.42)  # metres of a box, here and below
    width: float = uniform(0.50, 0.85)  # of a box, of its height
    depth: float = uniform(0.7, 1.4)  # of a box, of its width
    middle: float = uniform(0.55, 1.1)  # width of the middle unit, of a box's height
    tall: float = uniform(0.6, 1.1)  # height of the middle unit, of a box's
    apart: float = uniform(0.02, 0.6)  # gap between the boxes, of the height
    toe: float = uniform(0.0, 20.0)  # degrees by which the boxes turn inwards
    bevel: float = uniform(0.0, 0.1)
    body: RGB = colour(*WOODS, "black", "grey", "steel")
    front: RGB = colour("black", "dark grey", "grey", "steel")
    cone: RGB = colour("dark grey", "grey", "yellow", "white")
    unit: RGB = colour("steel", "grey", "black", "dark grey", "white")

    def parts(self) -> list[Part]:
        look = _Look(self.body, self.front, self.cone, self.unit, 0.4, 0.3)
        h = self.height
        if self.kind == "satellites":
            h *= 0.6
        w = self.width * h
        d = self.depth * w
        half = {
            "stereo": self.middle * h / 2,
            "boombox": self.middle * h / 2,
            "pair": 0.2 * h,
            "satellites": 0.45 * self.height,
        }[self.kind]
        gap = self.apart * h * (0.3 if self.kind == "stereo" else 1.0) if self.kind != "boombox" else 0.0
        cabinet = _cabinet(
            (d, h, w), _plan("box", d, w, 1, self.bevel * w), self.layout, look, 1.0 if self.cover == "grille" else 0.0
        )
        toe = 0.0 if self.kind == "boombox" else self.toe
        right = [moved(turned(part, "y", toe), 0, 0, half + gap + w * 0.55) for part in cabinet]
        parts = (
            [mirrored(part) for part in right]
            if toe or self.kind != "boombox"
            else [mirrored(moved(part, z=half + w / 2)) for part in cabinet]
        )
        if self.kind == "satellites":
            size = (0.9 * self.height, self.height, 0.8 * self.height)
            return parts + _cabinet(size, _plan("box", size[0], size[2], 1, 0.02), "one", look, 0.0)
        if self.kind == "pair":
            return parts
        tall = (self.tall if self.kind == "stereo" else 1.0) * h
        return parts + self._decks(d * 1.05 if self.kind == "stereo" else d, tall, half)

    def _decks(self, depth: float, height: float, half: float) -> list[Part]:
        """The middle unit: decks above each other with a display, knobs and keys; a boombox's handle."""
        step = height / self.decks
        parts = []
        for i in range(self.decks):
            y = (i + 0.5) * step
            parts.append(box((depth, 0.96 * step, 2 * half * 0.99), (0, y, 0), self.unit, 0.02 * step))
            x = depth / 2
            if i % 2 == 0:
                parts.append(box((0.04 * depth, 0.5 * step, 0.9 * half), (x, y, -0.3 * half), DARK))
                knob = lathe([(0.25 * step, 0), (0.22 * step, 0.12 * depth), (0, 0.12 * depth)], self.front, 12, "x")
                parts.append(moved(knob, x, y, 0.55 * half))
            else:
                key = box((0.03 * depth, 0.18 * step, 0.2 * half), (x, y, 0), self.front)
                parts.append(array(key, [(0, -0.15 * step, z * half) for z in (-0.6, -0.2, 0.2, 0.6)]))
                parts.append(box((0.03 * depth, 0.12 * step, 1.5 * half), (x, y + 0.2 * step, 0), DARK))
        if self.kind == "boombox":
            wide = half + 0.6 * self.width * height
            path = [
                (0, height, -wide),
                (0, 1.22 * height, -0.92 * wide),
                (0, 1.22 * height, 0.92 * wide),
                (0, height, wide),
            ]
            parts.append(tube(path, 0.03 * height, self.unit, 6))
        return parts


PROGRAMS = {BoxSpeaker: 8, DeskSpeaker: 2.5, SoundBar: 1.2, Horn: 0.8, StereoSet: 1.8}
"""Programs of the class, each with its share."""
