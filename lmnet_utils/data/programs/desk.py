"""Programs of desks, and of tables to play at."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.boards import DARK, Colour, between, drawer_front, table_leg
from lmnet_utils.data.programs.parameters import METALS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    bar,
    box,
    extrusion,
    joined,
    lathe,
    mirrored,
    moved,
    rod,
    scaled,
    turned,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Desk(Program):
    """A desk, its user at +x: on panels, legs, T-feet or pedestals with drawers, straight, bowed or cornered, some with a hutch."""

    left: str = one_of("drawers", "door", "panel", "legs", "foot", "shelves", shares=(3, 1.5, 3, 2, 2, 0.7))  # at +z
    right: str = one_of(
        "drawers", "door", "same", shares=(2.5, 1, 3)
    )  # at -z; "same": a panel, legs … if the left has them
    shape: str = one_of("straight", "bow", "corner", shares=(7, 1, 1.5))
    turn: int = one_of(-1, 1)  # which side the corner is on
    hutch: str = one_of("none", "shelf", "cabinet", "tower", shares=(7, 1, 1, 0.8))
    middle: str = one_of("none", "drawer", "tray", "rail", shares=(4, 1.5, 1, 1))
    rows: int = one_of(2, 3, 4)
    length: float = uniform(0.9, 1.9)  # metres, here and below: left to right
    width: float = uniform(0.48, 0.85)
    height: float = uniform(0.68, 0.78)
    top: float = uniform(0.015, 0.05)  # thickness
    pedestal: float = uniform(0.28, 0.48)  # length of drawers and doors
    panel: float = uniform(-0.3, 1.0)  # height of the panel at the back, of the desk's; none below 0.1
    overhang: float = uniform(0.0, 0.06)  # of the top
    leg: float = uniform(0.03, 0.07)
    clear: float = uniform(-0.05, 0.14)  # height of pedestals above the floor; they stand on it below 0.03
    rear: float = uniform(0.0, 0.35)  # how far the panel stands in from the back, of the width
    upper: float = uniform(0.30, 0.75)  # height of a hutch
    wood: Colour = colour(*WOODS, *WOODS, "white", "grey", "black")
    other: Colour = colour(*METALS, *WOODS, "white", "grey")

    def parts(self) -> list[Part]:
        length, width, under = self._length(), self.width, self.height - self.top
        x, z = width / 2 - self.overhang, length / 2 - self.overhang
        right = (
            self.right
            if self.right != "same"
            else self.left
            if self.left not in ("drawers", "door", "shelves")
            else "panel"
        )
        ends = [moved(self._side(self.left, under), z=z), scaled(moved(self._side(right, under), z=z), z=-1)]
        outline = np.array([(length, -width), (length, width), (-length, width), (-length, -width)]) / 2
        if self.shape == "bow":
            bow = np.linspace(length / 2, -length / 2, 13)
            swell = np.stack([bow, width * (0.5 + 0.08 * np.sin(2 * np.pi * bow / length) * self.turn)], axis=-1)
            outline = np.concatenate([outline[:1], swell, outline[3:]])
        parts = [extrusion(outline, self.top, self.wood, "y", self.height - self.top / 2), *ends]
        if self.shape == "corner":
            parts += self._corner(under)
        if self.panel > 0.1:
            share = min(self.panel * 1.2, 0.98) * under
            parts.append(
                box((0.02, share, 2 * z - 0.02), (0.02 - x + self.rear * width, under - share / 2, 0), self.other)
            )
        taken = [self.pedestal if side in ("drawers", "door", "shelves") else self.leg for side in (right, self.left)]
        gap, centre = 2 * z - sum(taken), (taken[0] - taken[1]) / 2
        if self.middle == "drawer" and gap > 0.3:
            parts.append(box((0.8 * width, 0.1, gap), (-0.06 * width, under - 0.05, centre), self.wood))
            parts.append(drawer_front((0.1, gap), (0.34 * width + 0.01, under - 0.05, centre), self.other, "bar"))
        elif self.middle == "tray" and gap > 0.3:
            parts.append(box((0.5 * width, 0.018, gap), (0.3 * width, under - 0.11, centre), self.wood))
        elif self.middle == "rail":
            parts.append(box((0.03, 0.07, 2 * z), (-0.1 * width, under - 0.035, 0), self.other))
        return parts + self._hutch()

    def _length(self) -> float:
        """Left to right; with room for the knees."""
        count = sum(side in ("drawers", "door", "shelves") for side in (self.left, self.right))
        return max(self.length, count * self.pedestal + 0.55)

    def _side(self, kind: str, under: float) -> Part:
        """What bears the top at the end at z = 0; it reaches to -z."""
        width = self.width - 2 * self.overhang
        clear = self.clear if self.clear > 0.03 else 0.0
        if kind in ("drawers", "door", "shelves"):
            high, z = under - clear, -self.pedestal / 2
            size, middle = (0.95 * width, high, self.pedestal), (-0.02, clear + high / 2, z)
            if kind == "shelves":
                wall = box((size[0], high, 0.018), (0, middle[1], 0), self.wood)
                parts = [wall, moved(wall, z=-self.pedestal)]
                parts += [
                    box((size[0], 0.018, self.pedestal), (0, clear + (i + 0.2) / self.rows * high, z), self.other)
                    for i in range(self.rows)
                ]
            else:
                parts = [box(size, middle, self.wood)]
                rows = self.rows if kind == "drawers" else 1
                for i in range(rows):
                    place = (size[0] / 2 - 0.02, clear + (i + 0.5) * high / rows, z)
                    parts.append(
                        drawer_front(
                            (high / rows, self.pedestal), place, self.other, "bar" if self.top > 0.025 else "knob"
                        )
                    )
            foot = box((self.leg, clear, self.leg), (0.42 * width, clear / 2, -self.leg), self.other)
            feet = mirrored(array(foot, [(0, 0, 0), (0, 0, 2 * self.leg - self.pedestal)]), "x")
            return joined(*parts, feet) if clear else joined(parts)
        if kind == "panel":
            return box((width, under, 0.025), (0, under / 2, -0.0125), self.wood)
        t = self.leg
        if kind == "foot":
            post = bar((-0.1 * width, 0, -2 * t), (-0.1 * width, under, -2 * t), 1.6 * t, t, self.other)
            lines = [
                ((-0.48 * width, t / 2), (0.48 * width, t / 2)),
                ((-0.4 * width, under - t / 2), (0.4 * width, under - t / 2)),
            ]
            return joined(post, [bar((*a, -2 * t), (*b, -2 * t), t, t, self.other) for a, b in lines])
        leg = bar((0, under, 0), (0, 0, 0), t, t, self.other, 0.6 if self.top > 0.03 else 1.0)
        if self.top < 0.022:
            leg = rod((0, 0, 0), (0, under, 0), 0.5 * t, self.other, 12)
        rail = bar((-0.46 * width, under - 0.03, -t), (0.46 * width, under - 0.03, -t), 0.5 * t, 0.06, self.other)
        return joined(rail, mirrored(moved(leg, width / 2 - t / 2, 0, -t / 2), "x"))

    def _corner(self, under: float) -> list[Part]:
        """A second wing that reaches to +x at one end."""
        reach, deep = 0.45 * self._length(), 0.8 * self.width
        x, z = self.width / 2 + reach / 2, self.turn * (self._length() / 2 - deep / 2)
        board = box((reach, self.top, deep), (x, self.height - self.top / 2, z), self.wood)
        joint = self.width / 2 + np.array([(-1e-3, 0), (0.35 * deep, 0), (-1e-3, 0.35 * deep)])
        joint = np.stack(
            [self.turn * (self._length() / 2 - deep - (joint[:, 1] - self.width / 2)), joint[:, 0]], axis=-1
        )
        wedge = extrusion(joint, self.top, self.wood, "y", self.height - self.top / 2)
        edge = self.width / 2 + reach - 0.02
        if self.right in ("drawers", "door") and deep > self.pedestal:
            size = (min(self.pedestal, 0.9 * reach), under, 0.9 * deep)
            bears = [box(size, (edge - size[0] / 2, under / 2, z), self.wood)]
            front = turned(
                drawer_front((under / self.rows, size[0]), (0, 0, 0), self.other, "bar"), "y", 90 * self.turn
            )
            places = [
                (edge - size[0] / 2, (i + 0.5) * under / self.rows, z - self.turn * size[2] / 2)
                for i in range(self.rows)
            ]
            bears.append(array(front, places))
        elif self.left == "panel":
            bears = [box((0.025, under, 0.95 * deep), (edge, under / 2, z), self.wood)]
        else:
            leg = rod((0, 0, 0), (0, under, 0), 0.5 * self.leg, self.other, 12)
            bears = [moved(leg, edge - self.leg, 0, z + side * (deep / 2 - self.leg)) for side in (-1, 1)]
        return [board, wedge, *bears]

    def _hutch(self) -> list[Part]:
        """Shelves or a cabinet on top, at the back."""
        deep, high, t = 0.38 * self.width, self.upper, 0.02
        long = self._length() - 2 * t
        if self.hutch == "none":
            return []
        x = deep / 2 - self.width / 2
        if self.hutch == "shelf":
            high *= 0.5
        if self.hutch == "tower":
            long = 0.35 * self._length()
        z = 0.0 if self.hutch != "tower" else -self.turn * (self._length() - long) / 2
        wall = box((deep, high, t), (0, high / 2, 0), self.wood)
        parts = [moved(wall, z=side * (long - t) / 2) for side in (-1, 1)]
        levels = {"shelf": [1.0], "cabinet": [0.5, 1.0], "tower": [0.3, 0.65, 1.0]}[self.hutch]
        parts += [box((deep, t, long), (0, level * high - t / 2, 0), self.wood) for level in levels]
        if self.rear < 0.2:
            parts.append(box((0.012, high, long), (0.01 - deep / 2, high / 2, 0), self.other))
        if self.hutch == "cabinet":
            step = long / self.rows
            doors = [((i + 0.5) * step - long / 2) for i in range(0, self.rows, 2 if self.rear < 0.1 else 1)]
            parts += [
                drawer_front((0.5 * high, step), (deep / 2, 0.75 * high, side), self.other, "knob") for side in doors
            ]
        return [moved(part, x, self.height, z) for part in parts]


@dataclasses.dataclass(frozen=True, kw_only=True)
class GameTable(Program):
    """A table to play at: billiards, table football, table tennis; or one with raised edges, as for trays."""

    game: str = one_of("billiards", "football", "tennis", "tray", shares=(2, 1, 2, 2))
    style: str = one_of("square", "tapered", "turned")  # legs
    net: bool = one_of(True, False, shares=(3, 1))
    length: float = uniform(0.0, 1.0)  # where between the shortest and the longest of its kind
    ratio: float = uniform(0.48, 0.62)  # width over length
    height: float = uniform(0.0, 1.0)  # where between the lowest and the highest of its kind
    edge: float = uniform(0.06, 0.12)  # width of the raised edge, of the width
    depth: float = uniform(0.10, 0.28)  # height of the body, of the table's
    leg: float = uniform(0.10, 0.18)  # thickness, of the height
    inset: float = uniform(0.02, 0.12)  # of the legs, of the length
    bulge: float = uniform(0.2, 1.0)  # of turned legs
    field: Colour = colour("green", "green", "blue", "navy", "red", "birch")
    wood: Colour = colour(*WOODS, "black", "grey")

    def parts(self) -> list[Part]:
        long, high = {
            "billiards": ((1.9, 2.8), (0.76, 0.9)), "football": ((1.2, 1.5), (0.8, 0.95)),
            "tennis": ((2.3, 2.75), (0.7, 0.78)), "tray": ((0.5, 1.3), (0.35, 0.75)),
        }[self.game]  # fmt: skip
        length, height = between(*long, self.length), between(*high, self.height)
        width = length * self.ratio * (1.25 if self.game == "tray" else 1.0)
        leg, top = self.leg * height, 0.03
        x, z = width / 2 - 0.5 * leg - 0.2 * self.inset * length, length / 2 - 0.5 * leg - self.inset * length
        if self.game == "tennis":
            half = box((width, top, length / 2 - 0.01), (0, height - top / 2, length / 4), self.field)
            lines = [box((0.02, 0.004, length), (0, height + 0.001, 0), (0.9, 0.9, 0.9))]
            post = bar((0, height, 0), (0, 0, 0), 0.3 * leg + 0.02, 0.3 * leg + 0.02, self.wood)
            stand = joined(
                moved(post, 0.4 * width), bar((-0.4 * width, 0.1, 0), (0.4 * width, 0.1, 0), 0.04, 0.04, self.wood)
            )
            stand = joined(stand, moved(post, -0.4 * width))
            parts = [mirrored(joined(half, moved(stand, z=z), moved(stand, z=0.3 * z))), *lines]
            return [*parts, box((1.1 * width, 0.15, 0.01), (0, height + 0.075, 0), DARK)] if self.net else parts
        body = self.depth * height * (1.5 if self.game == "football" else 1.0)
        rim, wall = self.edge * width, (0.35 if self.game == "billiards" else 0.8) * body
        deep = height - wall
        sides = box((rim, body, length), ((width - rim) / 2, height - body / 2, 0), self.wood, 0.1 * rim)
        ends = box((width - 2 * rim, body, rim), (0, height - body / 2, (length - rim) / 2), self.wood)
        floor = box((width - 2 * rim, 0.02, length - 2 * rim), (0, deep, 0), self.field)
        upright = moved(table_leg(self.style, height - body + 0.01, leg, self.bulge, self.wood), x, 0, z)
        parts = [mirrored(sides, "x"), mirrored(ends), floor, mirrored(mirrored(upright), "x")]
        if self.game == "billiards":
            pocket = lathe([(0, 0.002), (0.06, 0.002)], DARK, 12)
            holes = [(s * (width - rim) / 2, height, t * (length - rim) / 2) for s in (-1, 1) for t in (-1, 0, 1)]
            parts.append(array(pocket, holes))
        elif self.game == "football":
            for i in range(8):
                at, side = (i - 3.5) * (length - 2 * rim) / 8, 1 if i % 2 else -1
                parts.append(
                    rod(
                        (-0.6 * width * 1.1, height - 0.3 * wall, at),
                        (0.66 * width, height - 0.3 * wall, at),
                        0.009,
                        (0.7, 0.7, 0.7),
                        6,
                    )
                )
                men = box(
                    (0.025, 0.11, 0.03), (0, height - 0.4 * wall, at), (0.7, 0.1, 0.1) if side > 0 else (0.1, 0.2, 0.6)
                )
                parts.append(array(men, [(j * 0.2 * width, 0, 0) for j in (-1.2, 0, 1.2)]))
        return parts
