"""Programs of benches other than in a park: pews and settles, padded benches, seats in a row on a beam."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import FABRICS, METALS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    bar,
    box,
    curve,
    cushion,
    extrusion,
    joined,
    mirrored,
    moved,
    rod,
    sheet,
    tube,
    turned,
)  # fmt: skip
from lmnet_utils.data.programs.seating import along, leg

Colour = tuple[float, float, float]


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pew(Program):
    """A bench of boards: a solid back, and ends that are boards too; a church's pew, a settle, a hall bench with a chest."""

    ends: str = one_of("shaped", "straight", "arched", "low")
    back: str = one_of("board", "panels", "planks", shares=(2, 2, 1))
    base: str = one_of("open", "rail", "chest", shares=(2, 1, 2))
    crest: str = one_of("straight", "arched", shares=(2, 1))
    rack: bool = one_of(False, True, shares=(3, 1))  # for books, behind the back
    length: float = uniform(1.0, 2.6)  # metres, here and below
    height: float = uniform(0.40, 0.48)  # of the seat
    depth: float = uniform(0.36, 0.52)
    rise: float = uniform(0.35, 0.85)  # of the back above the seat
    lean: float = uniform(0.0, 14.0)  # degrees, of the back
    thick: float = uniform(0.02, 0.05)  # of the boards
    arm: float = uniform(0.18, 0.30)  # height of the ends above the seat, in front
    crown: float = uniform(-0.05, 0.12)  # of the ends above the back
    plinth: float = uniform(0.0, 0.10)  # how far the chest stands in
    arch: float = uniform(0.03, 0.14)  # of the crest
    wood: Colour = colour(*WOODS, *WOODS, "white", "grey", "brown")
    other: Colour = colour(*WOODS, "white", "red", "navy", "green")

    def parts(self) -> list[Part]:
        half, t, z = self.depth / 2, self.thick, self.length / 2
        lean = np.tan(np.radians(self.lean))
        parts = [box((self.depth, t, self.length), (0, self.height - t / 2, 0), self.wood, 0.2 * t)]
        low = 0.6 * self.height if self.base == "open" else self.height - t
        side = np.linspace(-z, z, 13)
        crest = self.rise + (self.arch * np.cos(np.pi * side / self.length) if self.crest == "arched" else 0 * side)
        rows = np.stack([np.full(13, low - self.height), crest], axis=0)
        x = -half - t / 2 - lean * np.maximum(rows, 0)
        grid = np.stack([x, rows + self.height, np.broadcast_to(side, rows.shape)], axis=-1)
        parts.append(sheet(grid, t, self.wood))
        if self.back != "board":
            count = max(2, int(self.length / (0.5 if self.back == "panels" else 0.18)))
            panel = box(
                (0.012, 0.7 * self.rise, (0.8 if self.back == "panels" else 0.92) * self.length / count),
                (0, 0, 0),
                self.other,
            )
            panel = turned(panel, "z", self.lean)
            middle = (-half - lean * 0.5 * self.rise + 0.003, self.height + 0.5 * self.rise)
            parts.append(array(panel, [(*middle, ((i + 0.5) / count - 0.5) * self.length) for i in range(count)]))
        end = extrusion(self._outline(lean), t, self.wood, "z", z + t / 2)
        parts.append(mirrored(end))
        if self.base == "chest":
            x = half - t / 2 - self.plinth
            parts.append(box((t, self.height - t - 0.03, self.length), (x, self.height / 2, 0), self.wood))
            count = max(2, int(self.length / 0.6))
            front = box(
                (0.012, 0.6 * self.height, 0.8 * self.length / count), (x + t / 2, self.height / 2, 0), self.other
            )
            parts.append(array(front, [(0, 0, ((i + 0.5) / count - 0.5) * self.length) for i in range(count)]))
        elif self.base == "rail":
            parts.append(box((t, 0.12, self.length), (half - 0.06, self.height - t - 0.06, 0), self.wood))
        if self.rack:
            place = (-half - lean * 0.6 * self.rise - 0.07, self.height + 0.5 * self.rise, 0)
            parts.append(box((0.1, 0.015, self.length), place, self.wood))
        return parts

    def _outline(self, lean: float) -> np.ndarray:
        half, t = self.depth / 2, self.thick
        arm, top = self.height + self.arm, self.height + self.rise + self.crown
        rear = -half - t - lean * (top - self.height)
        front = [(-half - t, 0), (half + 0.02, 0), (half, self.height)]
        if self.ends == "low":
            return np.array([*front, (half, arm - 0.05), (half - 0.05, arm), (-half - t - lean * self.arm, arm)])
        if self.ends == "straight":
            return np.array([*front, (half, arm), (rear + 0.10, arm + 0.02), (rear + 0.08, top), (rear, top)])
        if self.ends == "arched":
            crown = curve([(half, arm), (0.3 * half, arm + 0.08), (rear + 0.12, top), (rear, top)], 5)
            return np.array([*front, *crown])
        middle = (arm + top) / 2
        scroll = curve(
            [(half, self.height), (half + 0.03, arm - 0.06), (half - 0.04, arm), (rear + 0.2, arm + 0.03)], 4
        )
        crown = curve(
            [(rear + 0.12, middle), (rear + 0.11, top - 0.03), (rear + 0.05, top + 0.01), (rear, top - 0.03)], 4
        )
        return np.array([*front, *scroll, *crown])


@dataclasses.dataclass(frozen=True, kw_only=True)
class PaddedBench(Program):
    """An upholstered bench: at a bed's foot, in a hall, at a piano or a dressing table; some with arms or a low back."""

    base: str = one_of("legs", "box", "X", "plinth", "frame", shares=(5, 2, 1.5, 1, 1.5))
    style: str = one_of("square", "tapered", "round", "turned", "cabriole", shares=(2, 3, 2, 2, 1))
    ends: str = one_of("none", "rolled", "upright", "one", shares=(6, 2, 1, 0.7))
    back: str = one_of("none", "low", "tall", shares=(8, 1, 0.7))  # without rolled ends
    tufts: int = one_of(1, 2, 3)  # cushions side by side
    length: float = uniform(0.7, 1.8)  # metres, here and below
    height: float = uniform(0.38, 0.54)  # of the seat
    depth: float = uniform(0.34, 0.55)
    pad: float = uniform(0.05, 0.15)  # thickness of the seat's cushion
    softness: float = uniform(0.08, 0.30)  # roundness of cushions
    rail: float = uniform(0.02, 0.09)  # height of the frame below the cushion
    leg: float = uniform(0.03, 0.065)
    arm: float = uniform(0.12, 0.28)  # height of the ends above the seat
    roll: float = uniform(0.10, 0.16)  # thickness of the ends
    rise: float = uniform(0.25, 0.5)  # of the back
    splay: float = uniform(0.0, 0.12)  # of the legs, of the height
    fabric: Colour = colour(*FABRICS)
    wood: Colour = colour(*WOODS, *METALS)

    def parts(self) -> list[Part]:
        length = max(self.length, 1.1 if self.back != "none" else 0.9 if self.ends == "rolled" else 0.0)
        depth, pad = self.depth, self.pad
        under = self.height - pad
        step = length / self.tufts
        seat = cushion((depth, pad, 1.01 * step), (0, under + pad / 2, 0), self.fabric, self.softness, 8)
        parts = [array(seat, [(0, 0, (i - (self.tufts - 1) / 2) * step) for i in range(self.tufts)])]
        solid = self.base in ("box", "plinth")
        if not solid:
            parts.append(box((0.94 * depth, self.rail, 0.97 * length), (0, under - self.rail / 2 + 0.01, 0), self.wood))
        parts += self._base(under + 0.01, 0.94 * depth, 0.97 * length)
        high = 0.0
        if self.back != "none":
            high = self.rise * (0.7 if self.back == "low" else 1.2)
            cover = cushion(
                (0.11, high + pad, length),
                (0.05 - depth / 2, under + (high + pad) / 2, 0),
                self.fabric,
                self.softness,
                8,
            )
            parts.append(turned(cover, "z", 4.0, (0.05 - depth / 2, under, 0)))
        if self.ends != "none":
            arm = self.arm if self.back == "none" else min(self.arm, 0.8 * high)
            z = length / 2 - 0.3 * self.roll
            wall = cushion((depth, arm + pad, 0.6 * self.roll), (0, under + (arm + pad) / 2, z), self.fabric, 0.12, 6)
            if self.ends == "rolled" and self.back == "none":
                roll = rod((-depth / 2, 0, 0), (depth / 2, 0, 0), 0.5 * self.roll, self.fabric, 14)
                wall = joined(wall, moved(roll, 0, self.height + arm - 0.3 * self.roll, z + 0.2 * self.roll))
            parts.append(wall if self.ends == "one" else mirrored(wall))
        return parts

    def _base(self, under: float, depth: float, length: float) -> list[Part]:
        t = self.leg
        x, z = depth / 2 - 0.6 * t, length / 2 - 0.6 * t
        if self.base == "box":
            return [box((depth, under - 0.03, length), (0, 0.03 + (under - 0.03) / 2, 0), self.fabric, 0.01),
                    mirrored(mirrored(box((t, 0.03, t), (x, 0.015, z), self.wood)), "x")]  # fmt: skip
        if self.base == "plinth":
            return [box((depth, under, length), (0, under / 2, 0), self.wood, 0.01)]
        if self.base == "X":
            end = joined([bar((s * x, 0, 0), (-s * x, under, 0), 0.9 * t, 0.9 * t, self.wood) for s in (-1, 1)])
            z *= 0.85
            return [mirrored(moved(end, z=z)), bar((0, under / 2, -z), (0, under / 2, z), 0.5 * t, 0.5 * t, self.wood)]
        if self.base == "frame":
            t *= 0.6
            level = [bar((-x, y, 0), (x, y, 0), t, t, self.wood) for y in (t / 2, under - t / 2)]
            end = joined(level, mirrored(bar((x, 0, 0), (x, under, 0), t, t, self.wood), "x"))
            return [mirrored(moved(end, z=z))]
        out = self.splay * under if self.style in ("tapered", "round") else 0.0
        post = leg(self.style, (x, under, z), (x + out, 0, z + out), t, self.wood)
        return [mirrored(mirrored(post), "x")]


@dataclasses.dataclass(frozen=True, kw_only=True)
class BeamBench(Program):
    """Seats in a row on a beam: in waiting rooms, at bus stops, at a stadium; some with backs, arms and small tables between."""

    shape: str = one_of("shell", "flat", "mesh")
    arms: str = one_of("none", "ends", "all", shares=(3, 1, 1))
    foot: str = one_of("T", "post", "A")
    seats: int = one_of(2, 3, 4, 5)
    backed: bool = one_of(True, False, shares=(4, 1))
    width: float = uniform(0.42, 0.56)  # metres, here and below: of a seat
    gap: float = uniform(0.02, 0.14)  # between seats
    height: float = uniform(0.40, 0.46)
    depth: float = uniform(0.38, 0.48)
    rise: float = uniform(0.28, 0.48)  # of the backs
    lean: float = uniform(6.0, 20.0)  # degrees
    dish: float = uniform(0.0, 0.05)  # of a seat's middle
    thick: float = uniform(0.01, 0.05)
    beam: float = uniform(0.04, 0.08)
    stance: float = uniform(0.45, 0.62)  # length of the feet
    shell: Colour = colour("steel", "grey", "dark grey", "blue", "red", "green", "orange", "black", "birch", "oak")
    frame: Colour = colour("steel", "dark grey", "black", "grey", "white")

    def parts(self) -> list[Part]:
        step = self.width + self.gap
        long = self.seats * step - self.gap
        places = [(0, 0, (i - (self.seats - 1) / 2) * step) for i in range(self.seats)]
        under = self.height - 0.06 - self.thick
        parts = [array(self._seat(), places)]
        parts.append(box((self.beam, self.beam, long), (-0.02, under, 0), self.frame))
        bracket = bar(
            (0.3 * self.depth, self.height - self.thick - 0.02, 0),
            (-0.45 * self.depth, self.height - self.thick - 0.02, 0),
            0.04,
            0.07,
            self.frame,
        )
        parts.append(array(bracket, places))
        z = long / 2 - 0.3 * self.width
        post = bar((-0.02, 0.02, 0), (-0.02, under, 0), self.beam, self.beam, self.frame)
        half = self.stance / 2
        if self.foot == "A":
            post = joined(
                [
                    bar((s * half, 0, 0), (-0.02, under, 0), 0.7 * self.beam, 0.7 * self.beam, self.frame)
                    for s in (-1, 1)
                ]
            )
        elif self.foot == "T":
            post = joined(post, bar((-half, 0.02, 0), (half, 0.02, 0), 0.06, 0.04, self.frame))
        else:
            post = joined(post, box((0.2, 0.015, 0.2), (-0.02, 0.0075, 0), self.frame))
        parts.append(mirrored(moved(post, z=z)))
        if self.arms != "none":
            rear, rest = -0.45 * self.depth, self.height + 0.2
            line = curve(
                [(rear, self.height - 0.05), (rear - 0.02, rest - 0.03), (0, rest), (0.3 * self.depth, rest)], 4
            )
            arm = tube(np.insert(line, 2, 0.0, axis=1), 0.015, self.frame, 8)
            joint = bar((rear, self.height - 0.05, 0), (-0.02, under, 0), 0.03, 0.03, self.frame)
            edges = [(i - self.seats / 2) * step for i in range(self.seats + 1)]
            edges = [edges[0], edges[-1]] if self.arms == "ends" else edges
            cut = self.gap / 2
            sides = [min(max(edge, cut - long / 2 - cut), long / 2) for edge in edges]
            parts.append(array(joined(arm, joint), [(0, 0, side) for side in sides]))
        return parts

    def _seat(self) -> Part:
        """Seat and back of one place, its middle at z = 0."""
        d, h = self.depth / 2, self.height
        lean = np.radians(self.lean)
        knee = np.array([-d, h - 0.02])
        profile = [(d, h - 0.02), (0.8 * d, h), (-0.6 * d, h - 0.03)]
        profile += [
            tuple(knee + s * self.rise * np.array([-np.sin(lean), np.cos(lean)]))
            for s in ((0.15, 0.6, 1.0) if self.backed else ())
        ]
        line = along(curve(profile, 5), np.linspace(0, 1, 15))
        side = np.linspace(-1, 1, 7)
        dish = self.dish * side**2 if self.shape == "shell" else 0 * side
        normal = np.gradient(line, axis=0)
        normal = np.stack([normal[:, 1], -normal[:, 0]], -1) / np.linalg.norm(normal, axis=1, keepdims=True)
        grid = line[:, None] + dish[None, :, None] * normal[:, None]
        z = np.broadcast_to(side * self.width / 2, grid.shape[:2])
        whole = np.concatenate([grid, z[..., None]], axis=-1)
        if self.shape != "mesh":
            return sheet(whole, self.thick if self.shape == "flat" else 0.012, self.shell)
        rods = [rod(whole[i, 0], whole[i, -1], 0.008, self.shell, 6) for i in range(15)]
        return joined(rods, [tube(whole[:, i], 0.012, self.shell, 6) for i in (0, 6)])
