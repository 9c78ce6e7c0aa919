"""Programs of displays: flat screens on any stand and several on one arm; with those of display_deep.py the class's programs."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.display_deep import Laptop, TubeScreen
from lmnet_utils.data.programs.display_parts import SCREENS, Paint, casing, keyboard, outline, pane
from lmnet_utils.data.programs.parameters import Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    box,
    curve,
    extrusion,
    lathe,
    loft,
    mirrored,
    moved,
    rod,
    rounded_rectangle,
    scaled,
    tube,
    turned,
)  # fmt: skip


def _bent(part: Part, bow: float, width: float) -> Part:
    """The part bent about an upright axis in front of it, its sides ``bow`` ahead of its middle."""
    vertices = part.vertices.copy()
    vertices[:, 0] += bow * (vertices[:, 2] / (width / 2)) ** 2
    return part._replace(vertices=vertices)


def _splay(form: str, size: tuple[float, float, float], paint: Paint) -> list[Part]:
    """A foot on y = 0 about the origin; ``size`` is its depth (x), height and width (z)."""
    deep, high, wide = size
    if form == "disc":
        disc = lathe([(0, 0), (0.5, 0), (0.5, 0.5), (0.42, 0.8), (0.1, 1), (0, 1)], paint, 28)
        return [scaled(disc, deep, high, wide)]
    if form == "plate":
        return [moved(extrusion(rounded_rectangle(wide, deep, 0.12 * deep, 3), high, paint, "y"), y=high / 2)]
    if form == "trapezoid":
        corners = [
            (-0.5 * wide, 0.5 * deep),
            (0.5 * wide, 0.5 * deep),
            (0.3 * wide, -0.5 * deep),
            (-0.3 * wide, -0.5 * deep),
        ]
        return [extrusion(corners, high, paint, "y", high / 2)]
    if form == "hoop":
        t = 2 * np.pi * np.arange(28) / 28
        path = np.stack([0.5 * deep * np.cos(t), 0 * t + 0.5 * high, 0.5 * wide * np.sin(t)], -1)
        spoke = rod((-0.5 * deep, 0.5 * high, 0), (0, 0.5 * high, 0), 0.5 * high, paint, 6)
        return [tube(path, 0.5 * high, paint, 6, closed=True), spoke]
    ends = [(0.5 * deep, 0.5 * wide)] if form == "V" else [(0.5 * deep, 0.5 * wide), (-0.5 * deep, 0.4 * wide)]
    start = -0.14 * deep if form == "V" else 0.0
    legs = [tube([(start, high, 0), (x, 0.4 * high, z)], (0.8 * high, 0.4 * high), paint, 6) for x, z in ends]
    return [mirrored(leg) for leg in legs]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlatScreen(Program):
    """A flat monitor or television: on a neck and a foot, on two feet, on a bent sheet, or without, for the wall."""

    neck: str = one_of(
        "post", "board", "two posts", "bent", "two feet", "wall", "low", "tall", shares=(4, 4, 1, 2, 3, 2, 3, 0.4)
    )
    foot: str = one_of("disc", "plate", "trapezoid", "V", "X", "hoop", shares=(3, 4, 2, 1.5, 1.5, 0.7))
    back: str = one_of("flat", "slanted", "box", "belly", shares=(2, 2, 2, 2))
    format: float = one_of(1.25, 1.33, 1.6, 1.78, 2.35, shares=(2, 2, 3, 6, 0.7))  # width over height of the screen
    extra: str = one_of("none", "speakers", "bar below", "keyboard", "upright", shares=(9, 1.2, 1, 1.2, 0.6))
    width: float = uniform(0.4, 1.3)  # metres
    bezel: float = uniform(0.008, 0.055)  # of the width
    chin: float = uniform(0.0, 0.14)  # bezel below on top of that, of the width
    depth: float = uniform(0.02, 0.09)  # of the width
    bulk: float = uniform(0.0, 0.10)  # of what stands out behind, of the width
    spread: float = uniform(0.4, 0.9)  # size of what stands out behind, of the screen
    corner: float = uniform(0.0, 0.03)  # radius, of the width
    lift: float = uniform(0.07, 0.28)  # of the lower edge above the table, of the width
    stance: float = uniform(0.28, 0.6)  # width of the foot, of the width
    tread: float = uniform(0.18, 0.36)  # depth of the foot, of the width
    sole: float = uniform(0.01, 0.03)  # height of the foot, of the width
    stem: float = uniform(0.05, 0.2)  # width of the neck, of the width
    lean: float = uniform(-3.0, 14.0)  # degrees by which the screen leans back
    bow: float = uniform(-0.12, 0.06)  # of a curved screen's sides ahead of its middle, of the width; none below 0
    swivel: float = uniform(-15.0, 15.0)  # degrees by which it is turned on its foot, if beyond 10
    body: Paint = colour("black", "dark grey", "grey", "steel", "white", "black", "beige")
    metal: Paint = colour("steel", "black", "dark grey", "white", "grey")
    screen: Paint = colour(*SCREENS)

    def parts(self) -> list[Part]:
        wide = self.width
        panel = self._panel()
        bow = max(self.bow, 0.0) * wide if self.neck != "two feet" and self.extra != "upright" else 0.0
        panel = [_bent(part, bow, wide) for part in panel]
        high = self._height()
        if self.extra == "upright" and self.neck in ("post", "board", "two posts"):
            panel = [turned(part, "x", 90) for part in panel]
            high = wide
        if self.neck == "wall":
            return panel
        lift = self.lift * wide * {"low": 0.35, "two feet": 0.45, "tall": 3.5}.get(self.neck, 1.0)
        lean = self.lean if self.neck not in ("two feet", "low") else 0.2 * self.lean
        yaw = self.swivel if abs(self.swivel) > 10 and self.neck == "post" else 0.0
        panel = [moved(turned(turned(part, "z", lean), "y", yaw), y=lift + high / 2) for part in panel]
        stand = self._feet(lift) if self.neck == "two feet" else self._stand(lift, high)
        if self.extra == "bar below" and self.neck in ("two feet", "low"):
            stand.append(
                box(
                    (0.07 * wide, 0.05 * wide, 0.75 * wide),
                    (0.45 * self.tread * wide, 0.025 * wide, 0),
                    self.metal,
                    0.01 * wide,
                )
            )
        if self.extra == "keyboard" and self.neck in ("post", "board", "bent"):
            ahead = self.tread * wide * 0.5 + 0.22 * wide
            stand.append(moved(keyboard(0.66 * wide, 0.2 * wide, 5, self.body), ahead, 0.02 * wide))
            stand.append(box((0.23 * wide, 0.02 * wide, 0.7 * wide), (ahead, 0.01 * wide, 0), self.metal))
        return [*panel, *stand]

    def _height(self) -> float:
        """The housing's height."""
        edge = self.bezel * self.width
        return (self.width - 2 * edge) / self.format + 2 * edge + self.chin * self.width

    def _panel(self) -> list[Part]:
        """The screen in its housing about the origin, its front at x = depth / 2."""
        wide, high, edge = self.width, self._height(), self.bezel * self.width
        deep, round_ = self.depth * wide, self.corner * wide
        inner = (wide - 2 * edge, (wide - 2 * edge) / self.format)
        up = self.chin * wide / 2
        front = deep / 2
        rows = [(front - 0.12 * deep, *inner, up), (front, *inner, up), (front, wide, high, 0), (-front, wide, high, 0)]
        size, bulk = self.spread, self.bulk * wide
        if self.back == "slanted":
            rows.append((-front - bulk, wide * (0.5 + 0.5 * size), high * (0.5 + 0.5 * size), 0))
        elif self.back == "box":
            rows += [
                (-front, wide * size, high * size, -0.1 * high * (1 - size)),
                (-front - bulk, wide * size * 0.94, high * size * 0.92, -0.1 * high * (1 - size)),
            ]
        elif self.back == "belly":
            rows += [
                (-front - bulk * (1 - (1 - s) ** 2), wide * (1 - s * size), high * (1 - s * size), 0)
                for s in (0.25, 0.5, 0.75, 1)
            ]
        housing = casing(rows, round_, self.body, caps=False)
        last = rows[-1]
        lid = loft(
            [
                np.insert(outline(w, last[2] * s, round_ * s) + (last[3], 0), 0, last[0], axis=1)
                for w, s in ((last[1], 1.0), (last[1] * 0.02, 0.02))
            ],
            self.body,
        )
        parts = [housing, lid, moved(pane(*inner, front - 0.12 * deep, 0.0, self.screen), y=up)]
        if self.extra == "speakers":
            column = box((deep * 1.1, high * 0.92, 0.1 * wide), (0, 0, 0.545 * wide), self.metal, 0.1 * deep)
            parts.append(mirrored(column))
        if self.chin > 0.05 and self.sole > 0.02:
            parts.append(
                box(
                    (0.1 * deep, 0.15 * self.chin * wide, 0.08 * wide),
                    (front, -high / 2 + edge * 0.5 + up, 0),
                    self.metal,
                )
            )
        return parts

    def _stand(self, lift: float, high: float) -> list[Part]:
        wide, sole = self.width, self.sole * self.width
        width, tread = self.stance * wide, self.tread * wide
        behind = -0.5 * self.depth * wide - 0.6 * self.bulk * wide * (self.back != "flat")
        stem = self.stem * wide
        if self.neck == "bent":
            x = behind - 0.35 * tread
            path = [
                (0.55 * tread + x, 0.5 * sole),
                (x + 0.1 * tread, 0.5 * sole),
                (x - 0.06 * tread, sole),
                (x, lift * 0.6),
                (behind, lift + 0.5 * high),
            ]
            middle = curve(path, 4)
            sections = np.stack([np.stack([middle[:, 0] + a * 0.5 * sole, middle[:, 1] + b * 0.5 * sole, 0 * middle[:, 0] + z], -1)
                                 for a, b, z in ((-1, -1, -1), (-1, -1, 1), (1, 1, 1), (1, 1, -1))], axis=1)  # fmt: skip
            sections[..., 2] *= 0.5 * max(stem, 0.12 * wide) * 1.5
            return [loft(sections, self.metal)]
        feet = _splay(self.foot, (tread, sole, width), self.metal)
        feet = [moved(part, behind + 0.12 * tread) for part in feet]
        if self.neck == "low":
            block = [
                (behind - 0.2 * stem, 0.8 * sole),
                (behind + 0.45 * self.depth * wide, 0.8 * sole),
                (behind + 0.4 * self.depth * wide, lift * 1.1),
                (behind, lift + 0.1 * high),
            ]
            return [*feet, extrusion(block, max(1.8 * stem, 0.3 * width), self.metal, "z")]
        top = lift + (0.4 + 0.2 * self.spread) * high
        back = behind - 0.25 * stem - 0.01 * wide
        if self.neck in ("post", "tall"):
            parts = [rod((back, 0.5 * sole, 0), (back, top, 0), 0.25 * stem + 0.008 * wide, self.metal, 14)]
        elif self.neck == "two posts":
            parts = [
                mirrored(rod((back, 0.5 * sole, 0.3 * width), (back, top, 0.3 * width), 0.018 * wide, self.metal, 10))
            ]
        else:
            parts = [box((0.3 * stem + 0.01 * wide, top, stem), (back, top / 2, 0), self.metal, 0.03 * stem)]
        mount = 0.8 * width if self.neck == "two posts" else max(stem, 0.1 * wide)
        parts.append(
            box(
                (abs(back) + 0.1 * self.depth * wide, 0.09 * wide, mount),
                (back / 2, top - 0.05 * wide, 0),
                self.metal,
                0.005 * wide,
            )
        )
        return [*feet, *parts]

    def _feet(self, lift: float) -> list[Part]:
        wide, thick = self.width, (0.4 + 10 * self.sole) * 0.03 * self.width
        place = (0.28 + 0.18 * self.spread) * wide
        if self.foot in ("plate", "trapezoid"):
            slab = box((self.tread * wide, thick, 0.1 * wide), (0, thick / 2, place * 0.95), self.metal, 0.2 * thick)
            return [
                mirrored(slab),
                mirrored(
                    box(
                        (0.5 * self.depth * wide, lift + 0.02 * wide, 0.06 * wide),
                        (0, lift / 2 + 0.01 * wide, place * 0.95),
                        self.metal,
                    )
                ),
            ]
        half = 0.5 * self.tread * wide
        aside = 0.1 * wide * (self.stance - 0.44)
        legs = [
            tube([(0, lift + 0.01 * wide, place), (x, 0.5 * thick, place + aside)], 0.5 * thick, self.metal, 6)
            for x in (half, -half)
        ]
        return [mirrored(leg) for leg in legs]


@dataclasses.dataclass(frozen=True, kw_only=True)
class ScreenGroup(Program):
    """Two or three monitors on one stand with a cross arm, the outer ones turned inwards."""

    count: int = one_of(2, 3, shares=(3, 1))
    foot: str = one_of("plate", "disc", "V", "trapezoid")
    upright: bool = one_of(False, True, shares=(5, 1))
    tall: bool = one_of(False, True)  # whether the post stands above the screens
    width: float = uniform(0.45, 0.6)  # metres, of one screen
    format: float = uniform(1.3, 1.85)  # width over height
    depth: float = uniform(0.03, 0.09)  # of the width
    bezel: float = uniform(0.012, 0.045)  # of the width
    inwards: float = uniform(0.0, 25.0)  # degrees
    gap: float = uniform(0.01, 0.06)  # between screens, of the width
    lift: float = uniform(0.12, 0.35)  # of the lower edge, of the width
    stance: float = uniform(0.5, 0.9)  # width of the foot, of the width
    body: Paint = colour("black", "dark grey", "grey", "white")
    metal: Paint = colour("steel", "black", "dark grey", "white")
    screen: Paint = colour(*SCREENS)

    def parts(self) -> list[Part]:
        wide, high = self.width, self.width / self.format
        edge, deep = self.bezel * wide, self.depth * wide
        inner = (wide - 2 * edge, high - 2 * edge)
        rows = [
            (0.4 * deep, *inner, 0.0),
            (0.5 * deep, *inner, 0.0),
            (0.5 * deep, wide, high, 0.0),
            (-0.2 * deep, wide, high, 0.0),
            (-0.5 * deep, wide * 0.8, high * 0.8, 0.0),
        ]
        panel = [casing(rows[::-1], 0.02 * wide, self.body, caps=False), pane(*inner, 0.4 * deep, 0, self.screen)]
        panel.append(scaled(pane(wide * 0.8, high * 0.8, 0.5 * deep, 0, self.body), x=-1))
        if self.upright:
            panel = [turned(part, "x", 90) for part in panel]
            wide, high = high, wide
        y = self.lift * self.width + high / 2
        parts = []
        angle = np.radians(self.inwards)
        step = wide * (0.5 * (1 if self.count == 3 else np.cos(angle)) + 0.5 * np.cos(angle) + self.gap)
        for i in range(self.count):
            side = i - (self.count - 1) / 2
            turn = self.inwards * np.sign(side)
            shift = 0.5 * wide * np.sin(np.radians(self.inwards)) * abs(np.sign(side))
            parts += [moved(turned(part, "y", turn), shift, y, side * step) for part in panel]
        back = -0.5 * deep - 0.06 * self.width
        half = step * (self.count - 1) / 2
        ends = 0.45 * wide * np.sin(np.radians(self.inwards))
        parts.append(
            mirrored(
                tube([(back, y, 0), (back, y, 0.5 * half), (back + ends, y, half)], 0.02 * self.width, self.metal, 8)
            )
        )
        parts.append(
            mirrored(box((abs(back), 0.12 * self.width, 0.12 * self.width), (back / 2 + ends, y, half), self.metal))
        )
        top = y + (0.65 * high if self.tall else 0.1 * self.width)
        parts.append(rod((back, 0, 0), (back, top, 0), 0.03 * self.width, self.metal, 12))
        foot = _splay(self.foot, (0.4 * self.width, 0.02 * self.width, self.stance * self.width), self.metal)
        return [*parts, *(moved(part, back + 0.06 * self.width) for part in foot)]


PROGRAMS = {FlatScreen: 12, ScreenGroup: 0.6, TubeScreen: 4, Laptop: 2}
"""Programs of the class, each with its share."""
