"""Programs of displays: flat screens on any stand, several on one arm, screens with picture tubes, and laptops."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
    curve,
    extrusion,
    joined,
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

Paint = tuple[float, float, float]
SCREENS = ("black", "dark grey", "dark grey", "navy", "blue", "light blue", "grey")


def _outline(width: float, height: float, radius: float) -> np.ndarray:
    """A rounded rectangle (48, 2) as (y, z), with points along its edges too, so that it can be bent."""
    corners = rounded_rectangle(height, width, radius, 3).reshape(4, 4, 2)
    pieces = []
    for corner, following in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        t = np.linspace(0, 1, 10)[1:-1, None]
        pieces += [corner, corner[-1] + t * (following[0] - corner[-1])]
    return np.concatenate(pieces)


def _shell(rows: list[tuple[float, float, float, float]], radius: float, paint: Paint, caps: bool = True) -> Part:
    """A housing through rounded rectangles, each (x, width, height, shift of its middle upwards)."""
    sections = [np.insert(_outline(w, h, radius) + (up, 0), 0, x, axis=1) for x, w, h, up in rows]
    return loft(sections, paint, caps=caps)


def _pane(width: float, height: float, x: float, bulge: float, paint: Paint) -> Part:
    """A screen that faces the front, its middle ``bulge`` in front of its corners."""
    y, z = np.linspace(-1, 1, 7), np.linspace(-1, 1, 11)
    grid = np.zeros((len(z), len(y), 3))
    grid[..., 0] = x + bulge * (1 - 0.5 * y**2 - 0.5 * z[:, None] ** 2)
    grid[..., 1], grid[..., 2] = y * height / 2, z[:, None] * width / 2
    return loft(grid, paint, closed=False)


def _bent(part: Part, bow: float, width: float) -> Part:
    """The part bent about an upright axis in front of it, its sides ``bow`` ahead of its middle."""
    vertices = part.vertices.copy()
    vertices[:, 0] += bow * (vertices[:, 2] / (width / 2)) ** 2
    return part._replace(vertices=vertices)


def _keyboard(length: float, depth: float, rows: int, paint: Paint) -> Part:
    """Keys about the origin on y = 0, to be typed on from the front."""
    columns = 13
    step_x, step_z = depth / rows, length / columns
    key = box((step_x * 0.8, 0.25 * step_x, step_z * 0.82), (0, 0.12 * step_x, 0), paint)
    bar = box((step_x * 0.8, 0.25 * step_x, step_z * 5.8), (depth / 2 - step_x / 2, 0.12 * step_x, 0), paint)
    places = [
        ((row - (rows - 1) / 2) * step_x, 0, (column - (columns - 1) / 2) * step_z)
        for row in range(rows)
        for column in range(columns)
        if row < rows - 1 or not 3 < column < 9
    ]
    return joined(array(key, places), bar)


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
        return [tube(path, 0.5 * high, paint, 6, closed=True)]
    ends = [(0.5 * deep, 0.5 * wide)] if form == "V" else [(0.5 * deep, 0.5 * wide), (-0.5 * deep, 0.4 * wide)]
    start = -0.4 * deep if form == "V" else 0.0
    legs = [tube([(start, high, 0), (x, 0.4 * high, z)], (0.8 * high, 0.4 * high), paint, 6) for x, z in ends]
    return [mirrored(leg) for leg in legs]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FlatScreen(Program):
    """A flat monitor or television: on a neck and a foot, on two feet, on a bent sheet, or without, for the wall."""

    neck: str = one_of("post", "board", "two posts", "bent", "two feet", "wall", "low", shares=(4, 4, 1, 2, 3, 2, 3))
    foot: str = one_of("disc", "plate", "trapezoid", "V", "X", "hoop", shares=(3, 4, 2, 1.5, 1.5, 0.7))
    back: str = one_of("flat", "slanted", "box", "belly", shares=(2, 2, 2, 2))
    format: float = one_of(1.25, 1.33, 1.6, 1.78, 2.35, shares=(2, 2, 3, 6, 0.7))  # width over height of the screen
    extra: str = one_of("none", "speakers", "bar below", "keyboard", "upright", shares=(9, 1.5, 1, 0.8, 0.6))
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
        bow = max(self.bow, 0.0) * wide if self.neck != "two feet" else 0.0
        panel = [_bent(part, bow, wide) for part in panel]
        high = self._height()
        if self.extra == "upright" and self.neck in ("post", "board", "two posts"):
            panel = [turned(part, "x", 90) for part in panel]
            high = wide
        if self.neck == "wall":
            return panel
        lift = self.lift * wide * {"low": 0.35, "two feet": 0.45}.get(self.neck, 1.0)
        lean = self.lean if self.neck not in ("two feet", "low") else 0.2 * self.lean
        yaw = self.swivel if abs(self.swivel) > 10 and self.neck in ("post", "disc") else 0.0
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
            stand.append(moved(_keyboard(0.66 * wide, 0.2 * wide, 5, self.body), ahead, 0.02 * wide))
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
        housing = _shell(rows, round_, self.body, caps=False)
        last = rows[-1]
        lid = loft(
            [
                np.insert(_outline(w, last[2] * s, round_ * s) + (last[3], 0), 0, last[0], axis=1)
                for w, s in ((last[1], 1.0), (last[1] * 0.02, 0.02))
            ],
            self.body,
        )
        parts = [housing, lid, moved(_pane(*inner, front - 0.12 * deep, 0.0, self.screen), y=up)]
        if self.extra == "speakers":
            column = box((deep * 1.1, high * 0.92, 0.1 * wide), (0, 0, 0.56 * wide), self.metal, 0.1 * deep)
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
        if self.neck == "post":
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
        panel = [_shell(rows[::-1], 0.02 * wide, self.body, caps=False), _pane(*inner, 0.4 * deep, 0, self.screen)]
        panel.append(scaled(_pane(wide * 0.8, high * 0.8, 0.5 * deep, 0, self.body), x=-1))
        if self.upright:
            panel = [turned(part, "x", 90) for part in panel]
            wide, high = high, wide
        y = self.lift * self.width + high / 2
        parts = []
        step = wide * (1 + self.gap)
        for i in range(self.count):
            side = i - (self.count - 1) / 2
            turn = self.inwards * np.sign(side)
            shift = 0.5 * wide * np.sin(np.radians(self.inwards)) * abs(np.sign(side))
            parts += [moved(turned(part, "y", -turn), shift, y, side * step) for part in panel]
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


@dataclasses.dataclass(frozen=True, kw_only=True)
class TubeScreen(Program):
    """A monitor or television with a picture tube, deep behind; old ones in wood, with knobs, legs and aerials."""

    stand: str = one_of("none", "swivel", "feet", "legs", "plinth", shares=(2, 4, 2, 1, 1))
    controls: str = one_of("none", "knobs beside", "buttons below", "speakers", shares=(2, 2, 4, 1.5))
    aerial: str = one_of("none", "two rods", "hoop", shares=(6, 1, 0.4))
    rear: str = one_of("taper", "stepped", "boxy", shares=(4, 2, 1.5))
    width: float = uniform(0.32, 0.75)  # metres
    format: float = uniform(1.15, 1.4)  # width over height
    depth: float = uniform(0.65, 1.1)  # of the width
    straight: float = uniform(0.15, 0.5)  # share of the depth before the taper
    shrink: float = uniform(0.4, 0.75)  # size of the rear, of the front
    sink: float = uniform(-0.12, 0.06)  # of the rear's middle, of the width
    bezel: float = uniform(0.04, 0.10)  # of the width
    panel: float = uniform(0.16, 0.28)  # width or height of the controls, of the width
    bulge: float = uniform(0.0, 0.05)  # of the screen, of the width
    corner: float = uniform(0.0, 0.08)  # radius, of the width
    lift: float = uniform(0.06, 0.14)  # of a swivel, of the width
    legs: float = uniform(0.3, 0.7)  # length of legs, of the width
    lean: float = uniform(0.0, 8.0)  # degrees by which a monitor leans back
    body: Paint = colour("beige", "grey", "dark grey", "black", "white", *WOODS)
    trim: Paint = colour("dark grey", "black", "grey", "steel", "brass")
    screen: Paint = colour("dark grey", "black", "grey", "olive", "navy")

    def parts(self) -> list[Part]:
        wide, high, deep = self.width, self.width / self.format, self.depth * self.width
        beside = self.panel * wide if self.controls == "knobs beside" else 0.0
        below = 0.5 * self.panel * wide if self.controls == "buttons below" else 0.0
        edge = self.bezel * wide
        inner = (wide - 2 * edge - beside, high - 2 * edge - below)
        front, recess = 0.5 * deep, 0.03 * wide
        back, size = front - self.straight * deep, self.shrink
        rows = [(front, wide, high, 0.0), (back, wide, high, 0.0)]
        if self.rear == "taper":
            rows += [
                (0.5 * (back - front), wide * (0.4 + 0.6 * size), high * (0.4 + 0.6 * size), 0.4 * self.sink * wide),
                (-front, wide * size, high * size, self.sink * wide),
            ]
        elif self.rear == "stepped":
            rows += [
                (back, wide * 0.9, high * 0.88, 0),
                (-0.7 * front, wide * size, high * size, self.sink * wide),
                (-front, wide * size * 0.9, high * size * 0.9, self.sink * wide),
            ]
        else:
            rows += [(-0.85 * front, wide * 0.95, high * 0.95, 0), (-front, wide * 0.85, high * 0.85, 0)]
        housing = _shell(rows, self.corner * wide, self.body)
        parts = [_split(housing, front)]
        frame = [np.insert(_outline(w, h, self.corner * wide), 0, x, axis=1) + (0, up, aside) for x, w, h, up, aside in
                 ((front, wide, high, 0, 0), (front, *inner, below / 2, -beside / 2), (front - recess, inner[0] * 0.97, inner[1] * 0.97, below / 2, -beside / 2))]  # fmt: skip
        parts.append(loft(frame, self.trim if self.corner < 0.03 else self.body, caps=False))
        parts.append(
            moved(
                _pane(inner[0] * 0.97, inner[1] * 0.97, front - recess, self.bulge * wide, self.screen),
                0,
                below / 2,
                -beside / 2,
            )
        )
        parts += self._controls(high, front, beside + edge, below + edge)
        if self.aerial != "none":
            parts += self._aerial(high)
        if self.stand in ("swivel", "none"):
            parts = [turned(part, "z", self.lean if self.stand == "swivel" else 0.0) for part in parts]
        return [*parts, *self._stand(high, deep)]

    def _controls(self, high: float, front: float, beside: float, below: float) -> list[Part]:
        wide = self.width
        if self.controls == "knobs beside":
            knob = lathe([(0.28 * beside, 0), (0.25 * beside, 0.25 * beside), (0, 0.25 * beside)], self.trim, 12, "x")
            knobs = array(moved(knob, front, 0, wide / 2 - 0.55 * beside), [(0, 0.3 * high, 0), (0, 0.08 * high, 0)])
            slat = box((0.02 * wide, 0.015 * high, 0.6 * beside), (front, 0, wide / 2 - 0.55 * beside), self.trim)
            return [knobs, array(slat, [(0, y * high, 0) for y in (-0.12, -0.18, -0.24, -0.30)])]
        if self.controls == "buttons below":
            button = box((0.02 * wide, 0.2 * below, 0.04 * wide), (front, -high / 2 + 0.5 * below, 0), self.trim)
            return [array(button, [(0, 0, z * wide) for z in (0.15, 0.22, 0.29, 0.36)])]
        if self.controls == "speakers":
            width = 0.6 * self.panel * wide
            tower = box(
                (0.45 * self.depth * wide, 0.98 * high, width),
                (front * 0.5, 0, wide / 2 + width / 2),
                self.body,
                0.05 * width,
            )
            cone = lathe([(0.38 * width, 0), (0.36 * width, 0.06 * width), (0, 0.02 * width)], self.trim, 14, "x")
            cones = array(
                moved(cone, front * 0.5 + 0.225 * self.depth * wide, 0, wide / 2 + width / 2),
                [(0, 0.2 * high, 0), (0, -0.2 * high, 0)],
            )
            return [mirrored(tower), mirrored(cones)]
        return []

    def _aerial(self, high: float) -> list[Part]:
        wide = self.width
        x = 0.5 * self.depth * wide * (1 - self.straight)
        socket = lathe([(0.08 * wide, 0), (0.06 * wide, 0.04 * wide), (0, 0.05 * wide)], self.trim, 12)
        parts = [moved(socket, x, high / 2 - 0.005 * wide)]
        if self.aerial == "two rods":
            parts.append(
                mirrored(
                    rod(
                        (x, high / 2 + 0.03 * wide, 0.01 * wide),
                        (x, high / 2 + 0.6 * wide, 0.45 * wide),
                        0.008 * wide,
                        self.trim,
                        6,
                    )
                )
            )
        else:
            t = np.linspace(-0.45 * np.pi, 1.45 * np.pi, 21)
            loop = np.stack([0 * t + x, high / 2 + (0.22 + 0.19 * np.sin(t)) * wide, 0.19 * np.cos(t) * wide], -1)
            parts.append(tube(loop, 0.01 * wide, self.trim, 6))
            parts.append(rod((x, high / 2, 0), (x, high / 2 + 0.04 * wide, 0), 0.012 * wide, self.trim, 6))
        return parts

    def _stand(self, high: float, deep: float) -> list[Part]:
        wide, low = self.width, -high / 2
        middle = 0.5 * deep * (1 - self.straight) * 0.8
        if self.stand == "swivel":
            lift = self.lift * wide
            pan = lathe(
                [
                    (0, low - lift),
                    (0.3 * wide, low - lift),
                    (0.29 * wide, low - 0.6 * lift),
                    (0.16 * wide, low - 0.5 * lift),
                    (0.2 * wide, low + 0.03 * wide),
                ],
                self.body,
            )
            return [moved(pan, middle)]
        if self.stand == "legs":
            half_x, half_z = 0.25 * self.straight * deep + 0.05 * wide, 0.38 * wide
            leg = rod(
                (middle + half_x, low + 0.02 * wide, half_z),
                (middle + 1.5 * half_x, low - self.legs * wide, 1.15 * half_z),
                (0.03 * wide, 0.018 * wide),
                self.trim,
                8,
            )
            rear = rod(
                (middle - half_x, low + 0.02 * wide, half_z),
                (middle - 1.5 * half_x, low - self.legs * wide, 1.15 * half_z),
                (0.03 * wide, 0.018 * wide),
                self.trim,
                8,
            )
            board = box((2.6 * half_x, 0.03 * wide, 0.92 * wide), (middle, low, 0), self.body)
            return [mirrored(leg), mirrored(rear), board]
        if self.stand == "plinth":
            lift = 0.5 * self.legs * wide
            return [
                box(
                    (0.7 * deep, lift, 0.98 * wide),
                    (0.12 * deep, low - lift / 2 + 0.005 * wide, 0),
                    self.trim,
                    0.02 * wide,
                )
            ]
        if self.stand == "feet":
            shoe = box(
                (self.straight * deep * 0.8, 0.05 * wide, 0.08 * wide),
                (0.5 * deep * (1 - self.straight), low - 0.015 * wide, 0.38 * wide),
                self.trim,
            )
            return [mirrored(shoe)]
        return []


def _split(housing: Part, front: float) -> Part:
    """The housing without the lid that closes its front."""
    lid = (housing.vertices[housing.faces][..., 0] > front - 1e-9).all(axis=1)
    return housing._replace(faces=housing.faces[~lid], colours=housing.colours[~lid])


@dataclasses.dataclass(frozen=True, kw_only=True)
class Laptop(Program):
    """A laptop, open, its keys towards the front."""

    rows: int = one_of(4, 5, 6)
    hinge: str = one_of("barrel", "knuckles", "hidden")
    rest: str = one_of("pad", "pad and buttons")
    width: float = uniform(0.28, 0.42)  # metres
    format: float = uniform(1.3, 1.75)  # width over depth
    base: float = uniform(0.03, 0.11)  # height of the lower half, of the width
    lid: float = uniform(0.012, 0.045)  # thickness of the upper half, of the width
    opening: float = uniform(-2.0, 35.0)  # degrees beyond upright
    corner: float = uniform(0.0, 0.06)  # radius, of the width
    bezel: float = uniform(0.02, 0.07)  # of the width
    field: float = uniform(0.75, 0.94)  # width of the keys, of the width
    reach: float = uniform(0.40, 0.55)  # depth of the keys, of the depth
    wedge: float = uniform(0.0, 0.5)  # by which it gets thinner to the front, of its height
    body: Paint = colour("steel", "grey", "dark grey", "black", "white", "beige", "blue")
    keys: Paint = colour("black", "dark grey", "white", "grey")
    screen: Paint = colour(*SCREENS)

    def parts(self) -> list[Part]:
        wide, deep = self.width, self.width / self.format
        high, thin = self.base * wide, self.lid * wide
        plan = rounded_rectangle(wide, deep, self.corner * wide, 3)  # (z, x)
        lower = extrusion(plan, high, self.body, "y", high / 2)
        slope = self.wedge * high / deep
        vertices = lower.vertices.copy()
        vertices[:, 1] += np.where(vertices[:, 1] > high / 2, 0.0, slope * (vertices[:, 0] + deep / 2))
        parts = [lower._replace(vertices=vertices)]
        middle = -0.5 * deep + 0.14 * deep + 0.5 * self.reach * deep
        parts.append(moved(_keyboard(self.field * wide, self.reach * deep, self.rows, self.keys), middle, high))
        pad = 0.5 * deep - 0.04 * deep - (0.5 * deep - (middle + 0.5 * self.reach * deep)) / 2
        room = 0.5 * deep - (middle + 0.5 * self.reach * deep)
        parts.append(box((0.6 * room, 0.004 * wide, 0.26 * wide), (pad + 0.03 * deep, high, 0), self.keys))
        if self.rest == "pad and buttons":
            parts.append(
                mirrored(
                    box(
                        (0.15 * room, 0.01 * wide, 0.12 * wide),
                        (pad + 0.03 * deep + 0.4 * room, high, 0.066 * wide),
                        self.keys,
                    )
                )
            )
        edge = self.bezel * wide
        inner = (wide - 2 * edge, deep - 2.4 * edge)
        rows = [
            (0.4 * thin, *inner, 0.0),
            (0.5 * thin, *inner, 0.0),
            (0.5 * thin, wide, deep, 0.0),
            (-0.5 * thin, wide, deep, 0.0),
        ]
        upper = [_split(_shell(rows, self.corner * wide, self.body), 9.0), _pane(*inner, 0.42 * thin, 0.0, self.screen)]
        axis = (-0.5 * deep + 0.5 * thin, high + 0.3 * thin, 0.0)
        parts += [turned(moved(part, axis[0], axis[1] + deep / 2), "z", self.opening, axis) for part in upper]
        radius = 0.6 * thin
        if self.hinge == "barrel":
            parts.append(rod((axis[0], axis[1], -0.38 * wide), (axis[0], axis[1], 0.38 * wide), radius, self.body, 10))
        elif self.hinge == "knuckles":
            parts.append(
                mirrored(rod((axis[0], axis[1], 0.3 * wide), (axis[0], axis[1], 0.4 * wide), radius, self.body, 10))
            )
        return parts


PROGRAMS = {FlatScreen: 12, ScreenGroup: 0.6, TubeScreen: 4, Laptop: 2}
"""Programs of the class, each with its share."""
