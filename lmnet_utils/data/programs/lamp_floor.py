"""Programs of lamps that stand on the floor or without a stem: floor lamps, lanterns."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.lamp_parts import (
    Paint,
    bulb,
    candle,
    finial,
    foot,
    four,
    hoops,
    lantern,
    shade,
    spider,
    upended,
)  # fmt: skip
from lmnet_utils.data.programs.parameters import METALS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    box,
    curve,
    lathe,
    moved,
    ring,
    rod,
    tube,
    turned,
)  # fmt: skip

SHADES = ("beige", "white", "white", "grey", "yellow", "orange", "red", "green", "light blue", "brown", "pink")
LIGHT = (0.92, 0.88, 0.70)


@dataclasses.dataclass(frozen=True, kw_only=True)
class FloorLamp(Program):
    """A lamp as tall as a person: a pole with a shade, an arc, a tripod, an uplighter, a reading arm, several heads."""

    kind: str = one_of(
        "pole", "arc", "tripod", "uplighter", "reading", "heads", "pillar", "swing", shares=(5, 2, 2, 2, 2, 2, 1, 1.5)
    )
    form: str = one_of(
        "straight", "bell", "dome", "cylinder", "square", "pleated", "globe", shares=(4, 1, 1, 3, 1, 1, 0.5)
    )
    foot: str = one_of("disc", "dome", "square", "tripod", "steps", shares=(4, 2, 1, 2, 1))
    tray: str = one_of("none", "round", "square", shares=(6, 1, 1))
    count: int = one_of(2, 3, 5)  # heads
    facing: float = one_of(0.0, 90.0, -90.0, shares=(3, 1, 1))  # degrees
    height: float = uniform(1.3, 1.9)  # metres
    radius: float = uniform(0.10, 0.17)  # of the shade, of the height
    shade: float = uniform(0.13, 0.24)  # its height, of the height
    top: float = uniform(0.35, 0.95)  # its radius at the top, of that at the bottom
    thickness: float = uniform(0.006, 0.014)  # radius of the pole, of the height
    spread: float = uniform(0.07, 0.13)  # radius of the foot, of the height
    plinth: float = uniform(0.012, 0.035)  # height of the foot, of the height
    reach: float = uniform(0.12, 0.28)  # of an arm, of the height
    tilt: float = uniform(10.0, 60.0)  # degrees by which a head looks to the front
    shelf: float = uniform(0.3, 0.5)  # height of the tray, of the height
    paint: Paint = colour(*SHADES)
    body: Paint = colour(*METALS, "black", "white", "brown")
    wood: Paint = colour(*WOODS)

    def parts(self) -> list[Part]:
        kinds = {"arc": self._arc, "tripod": self._tripod, "uplighter": self._uplighter, "pillar": self._pillar}
        kinds |= {"reading": self._reading, "heads": self._heads, "swing": self._swing}
        parts = kinds.get(self.kind, self._pole)()
        tall = self.height
        if self.kind not in ("tripod", "pillar"):
            wide = self.spread * (1.3 if self.kind == "arc" or self.foot == "tripod" else 1.0)
            low = tall * (0.07 if self.foot == "tripod" else self.plinth)
            parts.append(foot(self.foot, wide * tall, low, self.body))
        if self.tray != "none" and self.kind in ("pole", "reading", "swing"):
            size = 1.15 * self.radius * tall
            y = self.shelf * tall
            board = box((1.7 * size, 0.012 * tall, 1.7 * size), (0, y, 0), self.wood)
            disc = lathe(np.array([(0, 0), (size, 0), (size, 0.012 * tall), (0, 0.012 * tall)]) + (0, y), self.wood)
            parts.append(board if self.tray == "square" else disc)
        return [turned(part, "y", self.facing) for part in parts]

    def _shade(self, y: float) -> list[Part]:
        """The shade, its bottom at y, with its spokes."""
        radius, deep = self.radius * self.height, self.shade * self.height
        top = {"cylinder": 0.95, "dome": 0.1, "globe": 0.1}.get(self.form, self.top)
        deep = 2 * radius if self.form == "globe" else deep
        parts = [moved(shade(self.form, radius, deep, top, self.paint), y=y)]
        if self.form not in ("dome", "globe"):
            parts += [spider(radius * (top + 0.06 * (1 - top)), y + 0.94 * deep, self.body)]
        if self.form == "dome":
            parts.append(finial(0.1 * radius, y + deep, self.body))
        if self.form != "globe":
            parts += [
                rod(
                    (0, y - 0.01 * deep, 0),
                    (0, y + (1.0 if self.form == "dome" else 0.94) * deep, 0),
                    0.004 * self.height,
                    self.body,
                    6,
                )
            ]
            parts += [moved(bulb(0.1 * deep, LIGHT), y=y + 0.35 * deep)]
        return parts

    def _post(self, end: float) -> Part:
        return rod((0, 0, 0), (0, end, 0), self.thickness * self.height, self.body, 10)

    def _base(self) -> float:
        deep = 2 * self.radius if self.form == "globe" else self.shade
        return self.height * (1 - deep)

    def _pole(self) -> list[Part]:
        return [self._post(self._base()), *self._shade(self._base())]

    def _tripod(self) -> list[Part]:
        end, tall = self._base(), self.height
        leg = rod(
            (1.1 * self.reach * tall, 0, 0),
            (0.01 * tall, end, 0),
            (self.thickness * tall, 1.3 * self.thickness * tall),
            self.wood,
            8,
        )
        knot = lathe([(0, end * 0.96), (0.03 * tall, end * 0.96), (0.03 * tall, end), (0, end)], self.body, 12)
        return [ring(leg, 3), knot, *self._shade(end)]

    def _uplighter(self) -> list[Part]:
        tall, radius = self.height, self.radius * self.height * 0.95
        deep = radius * (0.35 + 0.5 * self.top)
        bowl = upended(
            shade("dome" if self.form in ("dome", "bell", "globe") else "straight", radius, deep, 0.12, self.paint)
        )
        parts = [self._post(tall - deep), moved(bowl, y=tall)]
        if self.count == 5:  # a second, small head to read by
            wrist = np.array([0.7 * self.reach * tall, 0.68 * tall])
            path = curve([(0, 0.6 * tall), (0.3 * wrist[0], 0.69 * tall), (wrist[0], wrist[1])], 5)
            arm = tube(np.insert(path, 2, 0, axis=1), 0.5 * self.thickness * tall, self.body, 6)
            parts += [arm, *self._head(wrist, 0.6 * self.tilt)]
        return parts

    def _pillar(self) -> list[Part]:
        tall, side = self.height * 0.8, self.radius * self.height
        edge = 0.05 * side
        if self.form in ("cylinder", "globe", "bell"):
            rows = np.array([(0, 0), (side, 0), (side, tall), (0, tall)])
            return [
                lathe(rows, self.paint),
                hoops(rows[1:3], 8, 0.004 * tall, self.wood),
                foot("disc", side * 1.1, 0.03 * tall, self.body),
            ]
        posts = four(box((2 * edge, tall, 2 * edge), (0, tall / 2, 0), self.wood), side * 0.95)
        rails = [box((2 * side, 2 * edge, 2 * side), (0, y, 0), self.wood) for y in (0.03 * tall, 0.99 * tall)]
        return [posts, *rails, box((1.8 * side, 0.92 * tall, 1.8 * side), (0, 0.5 * tall, 0), self.paint)]

    def _arc(self) -> list[Part]:
        tall = self.height
        reach = (0.25 + 1.5 * self.reach) * tall
        path = curve(
            [(0, 0), (0, 0.55 * tall), (0.22 * reach, 0.86 * tall), (0.6 * reach, tall), (reach, 0.92 * tall)], 7
        )
        pole = tube(np.insert(path, 2, 0, axis=1), self.thickness * tall * 0.8, self.body, 8)
        deep = self.shade * tall * 0.8
        form = self.form if self.form in ("dome", "globe", "bell") else "dome" if self.top > 0.6 else "straight"
        cover = moved(shade(form, self.radius * tall, deep, 0.15, self.paint), reach, 0.92 * tall - deep)
        return [pole, cover]

    def _head(self, place: np.ndarray, tilt: float) -> list[Part]:
        """A small shade that looks down to the front, its neck at the place (x, y)."""
        radius = 0.4 * self.radius * self.height
        form, top = (self.form, 0.3) if self.form in ("dome", "bell") else ("straight", 0.35 + 0.4 * self.top)
        cover = [moved(shade(form, radius, 1.6 * radius, top, self.paint), y=-1.6 * radius)]
        cover += [lathe([(radius * top, 0), (0.2 * radius, 0.3 * radius), (0, 0.3 * radius)], self.body, 12)]
        return [moved(turned(part, "z", tilt), place[0], place[1]) for part in cover]

    def _reading(self) -> list[Part]:
        tall = self.height
        elbow, wrist = np.array([0, 0.88 * tall]), np.array([self.reach * tall, tall * (0.80 + 0.15 * self.top)])
        path = curve([elbow - (0, 0.05 * tall), elbow, 0.5 * (elbow + wrist) + (0, 0.04 * tall), wrist], 5)
        arm = tube(np.insert(path, 2, 0, axis=1), 0.6 * self.thickness * tall, self.body, 6)
        return [self._post(0.88 * tall), arm, *self._head(wrist, self.tilt * 0.6)]

    def _swing(self) -> list[Part]:
        """A shade on an arm before the pole."""
        tall, reach = self.height, 0.6 * self.reach * self.height
        base = self._base()
        path = curve(
            [(0, 0.96 * base, 0), (0.25 * reach, base * 1.02, 0), (0.7 * reach, 0.97 * base, 0), (reach, base, 0)], 5
        )
        arm = tube(path, 0.6 * self.thickness * tall, self.body, 7)
        return [self._post(base * 0.98), arm, *(moved(part, reach) for part in self._shade(base))]

    def _heads(self) -> list[Part]:
        tall = self.height
        parts = [self._post(0.97 * tall)]
        for i in range(self.count):
            y = tall * (0.97 - 0.09 * i)
            out = tall * (0.05 + 0.35 * self.reach)
            arm = rod((0, y, 0), (out, y + 0.02 * tall, 0), 0.5 * self.thickness * tall, self.body, 6)
            head = [arm, *self._head(np.array([out, y + 0.02 * tall]), 30 + self.tilt * (i % 2 + 0.3))]
            parts += [turned(part, "y", 360.0 * i / self.count) for part in head]
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class Lantern(Program):
    """A body of light that stands without a stem: of paper with ribs or a frame, for camping or candles, or filled with wax."""

    kind: str = one_of("ribs", "frame", "camping", "candle", "wax", "mushroom", shares=(2, 1, 2, 2, 1, 1))
    outline: str = one_of("cylinder", "ball", "barrel", "cone")
    sides: int = one_of(4, 6, 8, shares=(3, 2, 1))
    handle: bool = one_of(True, False, shares=(2, 1))
    height: float = uniform(0.18, 0.5)  # metres
    radius: float = uniform(0.18, 0.32)  # of the height
    cap: float = uniform(0.08, 0.16)  # height of the lids, of the height
    waist: float = uniform(0.6, 0.9)  # of the radius
    taper: float = uniform(0.75, 1.0)  # radius below over that above
    roof: float = uniform(0.15, 0.3)  # height of the roof, of the height
    bands: float = uniform(4.0, 11.0)  # number of ribs
    rim: float = uniform(0.9, 1.1)  # radius of the lids, of the body's
    paper: Paint = colour("beige", "white", "yellow", "orange", "red")
    metal: Paint = colour(*METALS, "green", "red", "blue")
    wood: Paint = colour(*WOODS, "black")

    def parts(self) -> list[Part]:
        tall, radius = self.height, self.radius * self.height
        cap = self.cap * tall
        if self.kind == "candle":
            pane = tall * (0.95 - self.roof)
            parts = [lantern(self.sides, (radius, pane, self.roof * tall), self.taper, self.metal, (0.66, 0.76, 0.78))]
            parts.append(moved(candle(0.22 * radius, 0.4 * pane, (0.9, 0.88, 0.8), LIGHT), y=0.08 * pane))
            return [*parts, *self._handle(0.9 * radius, pane * 1.08 + 0.3 * self.roof * tall, tall * 0.25)]
        if self.kind == "frame":
            side = radius * 1.6
            post = box((0.09 * side, tall, 0.09 * side), (0, tall / 2, 0), self.wood)
            boards = [box((side * 1.1, 0.3 * cap, side * 1.1), (0, y, 0), self.wood) for y in (0.12 * tall, tall)]
            paper = lathe([(0.68 * side, 0.12 * tall), (0.68 * side, tall)], self.paper, 4)
            slats = [box((side, 0.012 * tall, side), (0, y * tall, 0), self.wood) for y in (0.4, 0.7)]
            return [four(post, side / 2), *boards, *slats, turned(paper, "y", 45)]
        if self.kind == "ribs":
            return self._ribs(tall, radius, cap)
        rows = {
            "camping": [
                (0, 0),
                (1, 0),
                (1, 0.25),
                (0.7, 0.3),
                (self.waist, 0.36),
                (0.95, 0.66),
                (1.05, 0.7),
                (1, 0.8),
                (0.5, 0.92),
                (0, 0.94),
            ],
            "wax": [
                (0, 0),
                (0.9, 0),
                (0.55, 0.3),
                (self.waist * 0.6, 0.33),
                (0.75, 0.42),
                (0.4, 0.85),
                (0.42, 0.86),
                (0.3, 1),
                (0, 1),
            ],
            "mushroom": [
                (0, 0),
                (0.75, 0),
                (0.4 * self.waist, 0.15),
                (0.3 * self.waist, 0.55),
                (1.2, 0.55),
                (1.3, 0.62),
                (1, 0.85),
                (0, 1),
            ],
        }[self.kind]
        paints = {"camping": (self.metal, self.paper, self.metal), "wax": (self.metal, self.paper, self.metal)}
        low, mid, high = paints.get(self.kind, (self.metal, self.paper, self.paper))
        cuts = {"camping": (4, 5), "wax": (4, 5), "mushroom": (4, 7)}[self.kind]
        profile = np.array(rows) * (radius, tall)
        pieces = [profile[: cuts[0] + 1], profile[cuts[0] : cuts[1] + 1], profile[cuts[1] :]]
        parts = [lathe(piece, paint) for piece, paint in zip(pieces, (low, mid, high), strict=True)]
        return [*parts, *(self._handle(0.95 * radius, 0.72 * tall, 0.34 * tall) if self.kind == "camping" else [])]

    def _handle(self, half: float, y: float, rise: float) -> list[Part]:
        if not self.handle:
            return []
        angles = np.radians(np.linspace(0, 180, 13))
        bow = np.stack([0 * angles, y + rise * np.sin(angles), half * np.cos(angles)], -1)
        return [tube(bow, 0.05 * half, self.metal, 6)]

    def _ribs(self, tall: float, radius: float, cap: float) -> list[Part]:
        t = np.linspace(0, 1, 13)
        bulge = {
            "cylinder": 1 + 0 * t,
            "ball": np.sqrt(0.12 + 0.88 * (1 - (2 * t - 1) ** 2)),
            "barrel": 0.8 + 0.2 * np.sin(np.pi * t),
        }
        share = bulge.get(self.outline, 1 - (1 - self.waist) * t)
        profile = np.stack([radius * share * (1.35 if self.outline == "ball" else 1.0), cap + (tall - 2 * cap) * t], -1)
        ends = []
        for row, y in ((profile[0], 0.0), (profile[-1], tall - cap)):
            wide = row[0] * self.rim
            ends.append(lathe(np.array([(0, 0), (wide, 0), (wide, cap), (0, cap)]) + (0, y), self.wood))
        return [lathe(profile, self.paper), hoops(profile, round(self.bands), 0.012 * tall, self.wood), *ends]
