"""Programs of loudspeakers: boxes with cones and whole stereo sets; small ones are in loudspeaker_small."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from lmnet_utils.data.programs.loudspeaker_parts import (
    DARK,
    LAYOUTS,
    RGB,
    Look,
    baffle,
    cabinet_of,
    plan_of,
)
from lmnet_utils.data.programs.loudspeaker_small import DeskSpeaker, Horn, SoundBar
from lmnet_utils.data.programs.parameters import WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
    curve,
    extrusion,
    lathe,
    mirrored,
    moved,
    ring,
    rod,
    rounded_rectangle,
    tube,
    turned,
)


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
        look = Look(self.body, self.front, self.cone, self.trim, self.cone_depth, self.dome)
        size = (depth, height, width)
        cover = {"cones": 0.0, "grille": 1.0, "upper grille": 0.55}[self.cover]
        cover = 1.0 if self.kind == "panel" else cover
        outline = plan_of(kind, depth, width, rear, bevel)
        if self.kind == "floor" and cover == 0:
            parts = self._tall(size, outline, layout, look)
        else:
            parts = cabinet_of(size, outline, "one" if 0 < cover < 1 else layout, look, cover)
        parts = [self._shaped(part, height) for part in parts]
        if self.kind == "centre":
            return [moved(turned(part, "x", 90), 0, width / 2, -height / 2) for part in parts]
        return self._supported(parts, size)

    def _tall(self, size: Sequence[float], outline: np.ndarray, layout: str, look: Look) -> list[Part]:
        """A cabinet whose front is filled from the top down to a share of its height, and blank below."""
        depth, height, _ = size
        half = float(abs(outline[0, 1]))
        split = height * (1 - self.filled)
        parts = cabinet_of(size, outline, "blank", look, 0.0)[:3]
        if split > 0:
            parts += baffle(depth / 2, (0, split), half, "blank", look)
        return parts + baffle(depth / 2, (split, height), half, layout, look)

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
        look = Look(self.body, self.front, self.cone, self.unit, 0.4, 0.3)
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
        cabinet = cabinet_of(
            (d, h, w),
            plan_of("box", d, w, 1, self.bevel * w),
            self.layout,
            look,
            1.0 if self.cover == "grille" else 0.0,
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
            return parts + cabinet_of(size, plan_of("box", size[0], size[2], 1, 0.02), "one", look, 0.0)
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
