"""Programs of tables: on legs, on columns, on frames at the ends, blocks, desks, picnic tables, and tables to play at."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.parameters import METALS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part, array, bar, box, curve, extrusion, joined, lathe, loft, mirrored, moved, oval, ring, rod, rounded_rectangle,
    scaled, tube, turned,
)  # fmt: skip

Colour = tuple[float, float, float]
GLASS = (0.62, 0.76, 0.80)
DARK = (0.20, 0.20, 0.21)


# ------------------------------------------------------------------------------------------------------- shared parts
def _between(low: float, high: float, share: float) -> float:
    return low + (high - low) * share


def _disc(radius_x: float, radius_z: float, bottom: float, top: float, paint: Colour) -> Part:
    """A round or oval board, its edge a little rounded."""
    edge = 0.3 * (top - bottom) / max(radius_x, radius_z)
    profile = [(0, bottom), (1 - edge, bottom), (1, (bottom + top) / 2), (1 - edge, top), (0, top)]
    return scaled(lathe(profile, paint, 32), radius_x, 1, radius_z)


def _board(shape: str, length: float, width: float, thickness: float, paint: Colour) -> Part:
    """A table top about the origin, its upper side at y = 0; ``length`` along z, ``width`` along x."""
    if shape == "rectangle":
        return box((width, thickness, length), (0, -thickness / 2, 0), paint, 0.2 * thickness)
    if shape == "oval":
        return _disc(width / 2, length / 2, -thickness, 0, paint)
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


def _framed(length: float, width: float, thickness: float, frame: float, paints: tuple[Colour, Colour]) -> list[Part]:
    """A rectangular top: a frame round a pane."""
    ends = box((width, thickness, frame), (0, -thickness / 2, (length - frame) / 2), paints[0], 0.1 * thickness)
    sides = box((frame, thickness, length - 2 * frame), ((width - frame) / 2, -thickness / 2, 0), paints[0])
    pane = box((width - 2 * frame, 0.3 * thickness, length - 2 * frame), (0, -0.25 * thickness, 0), paints[1])
    return [mirrored(ends), mirrored(sides, "x"), pane]


def _leg(style: str, height: float, thickness: float, bulge: float, paint: Colour) -> Part:
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
    bend = (0.8 if style == "cabriole" else 0.0) * thickness
    path = curve([(0, height), (bend, 0.78 * height), (-0.3 * bend, 0.35 * height), (1.2 * bend + 0.6 * r, 0)], 4)
    radii = np.interp(
        path[:, 1], [0, 0.05 * height, 0.3 * height, 0.8 * height, height], [0.7 * r, 0.45 * r, 0.5 * r, r, r]
    )
    return tube(np.stack([path[:, 0], path[:, 1], path[:, 0]], axis=-1), radii, paint, 8)


def _rails(points: np.ndarray, y: float, width: float, depth: float, paint: Colour) -> list[Part]:
    """Level boards that join points (N, 2) of x and z one after the other, and the last to the first."""
    ends = np.insert(points, 1, y, axis=1)
    return [bar(a, b, width, depth, paint) for a, b in zip(ends, np.roll(ends, -1, axis=0), strict=True)]


def _front(size: tuple[float, float], place: tuple[float, float, float], paint: Colour, handle: str) -> Part:
    """The front of a drawer or a door, looking to +x: height and width, and its middle."""
    height, width = size
    plate = box((0.02, 0.92 * height, 0.94 * width), (0, 0, 0), paint, 0.005)
    if handle == "knob":
        grip = lathe([(0, 0), (0.008, 0), (0.012, 0.025), (0, 0.03)], DARK, 8, "x")
    else:
        grip = box((0.02, 0.012, min(0.14, 0.5 * width)), (0.015, 0, 0), DARK)
    return moved(joined(plate, moved(grip, 0.008)), *place)


# ------------------------------------------------------------------------------------------------------------- kinds
SIZES = {  # metres: length, width, height, each from … to
    "dining": ((0.75, 2.3), (0.70, 1.05), (0.68, 0.78)),
    "coffee": ((0.60, 1.40), (0.45, 0.95), (0.26, 0.48)),
    "side": ((0.35, 0.65), (0.35, 0.55), (0.42, 0.72)),
    "console": ((0.80, 1.60), (0.28, 0.48), (0.70, 0.92)),
    "bar": ((0.60, 1.50), (0.50, 0.75), (0.88, 1.12)),
    "work": ((1.10, 2.00), (0.55, 0.80), (0.80, 0.95)),
}


@dataclasses.dataclass(frozen=True, kw_only=True)
class LeggedTable(Program):
    """A table on four legs: dining, coffee, side, console and bar tables, work benches."""

    use: str = one_of(*SIZES, shares=(7, 4, 2.5, 1.5, 1.5, 1))
    along: str = one_of("z", "x", shares=(5, 1))  # the long side
    shape: str = one_of("rectangle", "rounded", "oval", "octagon", "half-moon", shares=(11, 2, 3, 0.5, 0.8))
    style: str = one_of(
        "square", "tapered", "round", "turned", "hairpin", "sabre", "cabriole", shares=(6, 3, 3, 2, 1, 1, 1)
    )
    stretcher: str = one_of("none", "box", "H", "X", shares=(9, 1, 1.5, 1))
    below: str = one_of("none", "shelf", "slats", "drawers", shares=(8, 2, 1, 2))
    pane: str = one_of("none", "glass", "wood", shares=(8, 1.2, 0.8))  # framed by the top
    glass: bool = one_of(False, True, shares=(6, 1))  # the whole top
    drawers: int = one_of(1, 2, 3)
    length: float = uniform(0.0, 1.0)  # where between the shortest and the longest of its use
    width: float = uniform(0.0, 1.0)  # likewise
    height: float = uniform(0.0, 1.0)  # likewise
    top: float = uniform(0.012, 0.06)  # metres: thickness of the board
    leg: float = uniform(0.045, 0.14)  # thickness, of the height or the width, whichever is less
    inset: float = uniform(0.0, 0.16)  # from the top's edge to the leg, of the width
    apron: float = uniform(-0.05, 0.20)  # height of the boards under the top, of the table's; none below 0.03
    splay: float = uniform(-0.25, 0.20)  # by how much the feet stand out, of the height; upright below 0
    level: float = uniform(0.10, 0.35)  # of stretchers and shelf, of the height
    bulge: float = uniform(0.0, 1.0)  # of turned legs; how little others taper
    wood: Colour = colour(*WOODS, *WOODS, "white", "black", "grey")
    metal: Colour = colour(*METALS, *WOODS, *WOODS, "white")
    same: bool = one_of(False, True)  # legs in the top's colour

    def parts(self) -> list[Part]:
        length, width, height = (_between(*ends, u) for ends, u in self._ranges())
        paint = self.wood if self.same else self.metal
        plain = self.shape == "rectangle"
        top = self.top * (1.0 if self.use != "side" else 0.6)
        leg = self.leg * min(max(height, 0.5), width)
        if plain and self.pane != "none":
            pane = GLASS if self.pane == "glass" else self.metal
            board = _framed(length, width, top, _between(0.05, 0.2, self.bulge) * width, (self.wood, pane))
        else:
            board = [_board(self.shape, length, width, top, GLASS if self.glass else self.wood)]
        parts = [moved(part, y=height) for part in board]
        under = height - top
        heads, feet = self._stand(length, width, height, leg)
        for head, foot in zip(heads, feet, strict=True):
            upright = _leg(self.style, under, leg, self.bulge, paint)
            upright = scaled(upright, *(1.0 if c >= 0 else -1.0 for c in (head[0], 1, head[1])))
            lean = np.insert(foot - head, 1, 0.0) * (1 - upright.vertices[:, 1:2] / under)
            parts.append(upright._replace(vertices=upright.vertices + lean + np.insert(head, 1, 0.0)))
        apron = self.apron * height
        thin = 0.35 * leg
        if self.apron > 0.03 and self.style != "hairpin":
            parts += _rails(heads, under - apron / 2, thin, apron, paint)
            if plain and self.below == "drawers" and self.apron > 0.08:
                step = (2 * heads[0, 1] - leg) / self.drawers
                for i in range(self.drawers):
                    place = (heads[0, 0] + thin / 2, under - apron / 2, (i - (self.drawers - 1) / 2) * step)
                    parts.append(_front((0.9 * apron, step), place, self.wood, "knob" if self.drawers > 1 else "bar"))
        return [turned(part, "y", 90) if self.along == "x" else part for part in parts + self._lower(heads, feet, leg)]

    def _ranges(self) -> list[tuple[tuple[float, float], float]]:
        return list(zip(SIZES[self.use], (self.length, self.width, self.height), strict=True))

    def _stand(self, length: float, width: float, height: float, leg: float) -> tuple[np.ndarray, np.ndarray]:
        """The legs' heads and feet: x and z of four, going round."""
        wide = 2.6 * leg if self.style == "hairpin" else leg
        edge = self.inset * width + (0.5 * leg if self.style == "hairpin" else 0.5 * wide)
        x, z = width / 2 - edge, length / 2 - edge
        if self.shape in ("oval", "octagon"):
            x, z = (0.70 - self.inset) * width / 2, (0.70 - self.inset) * length / 2
        elif self.shape == "rounded":
            x, z = x - 0.03 * width, z - 0.03 * width
        heads = np.array([(x, z), (-x, z), (-x, -z), (x, -z)])
        if self.shape == "half-moon":
            heads = np.array([(0.2 * width, 0.27 * length), (leg - width / 2, 0.42 * length)])
            heads = np.concatenate([heads, heads[::-1] * (1, -1)])
        out = max(self.splay, 0.0) * height if self.style in ("square", "tapered", "round", "hairpin", "sabre") else 0.0
        return heads, heads + np.sign(heads) * min(out, 0.25 * width) * (0.0 if self.use == "work" else 1.0)

    def _lower(self, heads: np.ndarray, feet: np.ndarray, leg: float) -> list[Part]:
        """What joins the legs further down, and what stands at the back of a work bench."""
        length, width, height = (_between(*ends, u) for ends, u in self._ranges())
        paint = self.wood if self.same else self.metal
        y = self.level * height
        at = feet + (heads - feet) * self.level
        a, b, c, d = np.insert(at, 1, y, axis=1)
        parts = []
        if self.stretcher == "box":
            parts += _rails(at, y, 0.5 * leg, 0.5 * leg, paint)
        elif self.stretcher == "H":
            pairs = [(a, b), (c, d), ((a + b) / 2, (c + d) / 2)]
            parts += [bar(p, q, 0.5 * leg, 0.5 * leg, paint) for p, q in pairs]
        elif self.stretcher == "X":
            parts += [bar(p, q, 0.45 * leg, 0.45 * leg, paint) for p, q in ((a, c), (b, d))]
        if self.below == "shelf" or (self.use == "work" and self.below != "slats"):
            parts.append(extrusion(at[:, ::-1], 0.02 + 0.3 * self.top, self.wood, "y", y + 0.4 * leg))
        elif self.below == "slats" and self.shape != "half-moon":
            xs = np.linspace(b[0], a[0], 7)
            parts += [bar((x, y, c[2]), (x, y, a[2]), 0.07 * width, 0.02, self.wood) for x in xs]
            parts += [bar(p, q, 0.4 * leg, 0.4 * leg, paint) for p, q in ((a, b), (c, d))]
        if self.use == "work" and self.shape == "rectangle" and self.inset > 0.06:
            panel = box((0.02, 0.6 * height, length), (0.02 - width / 2, 1.3 * height, 0), self.metal)
            shelf = box((0.2 * width, 0.02, length), (-0.38 * width, (1.3 + 0.25 * self.bulge) * height, 0), self.wood)
            parts += [panel, shelf]
        return parts


@dataclasses.dataclass(frozen=True, kw_only=True)
class PedestalTable(Program):
    """A table on one column or two, or on rods that lean together: bistro, bar, dining and side tables."""

    use: str = one_of("dining", "bar", "side", "coffee", shares=(5, 3, 2, 1))
    shape: str = one_of("oval", "squircle", "rectangle", "octagon", "boat", shares=(8, 1, 3, 0.5, 0.7))
    columns: int = one_of(1, 2, shares=(5, 1))
    column: str = one_of("plain", "turned", "tulip", "square", "rods", "cone", shares=(4, 3, 2, 1.5, 2, 1))
    foot: str = one_of("disc", "dome", "cross", "claws", "plate", shares=(3, 2, 2, 4, 1.5))
    toes: int = one_of(3, 4, 5)
    size: float = uniform(0.0, 1.0)  # of the top: where between the least and the most of its use
    stretch: float = uniform(0.7, 1.6)  # length over width; below 1.1 the top is as long as it is wide
    height: float = uniform(0.0, 1.0)  # where between the least and the most of its use
    top: float = uniform(0.015, 0.055)  # metres: thickness
    thickness: float = uniform(0.04, 0.16)  # of the column, of the top's width
    spread: float = uniform(0.45, 0.95)  # of the foot, of the top's width
    rise: float = uniform(0.08, 0.35)  # of the claws, of the height
    bulge: float = uniform(0.2, 1.0)  # of turned columns; how far rods lean together
    rim: float = uniform(-0.06, 0.08)  # height of the apron under the top, of the table's; none below 0
    wood: Colour = colour(*WOODS, *WOODS, "white", "black", "glass", "grey")
    metal: Colour = colour(*METALS, *WOODS, "white")

    def parts(self) -> list[Part]:
        wide, high = {
            "dining": ((0.75, 1.4), (0.70, 0.78)), "bar": ((0.5, 0.85), (0.9, 1.15)),
            "side": ((0.35, 0.6), (0.42, 0.72)), "coffee": ((0.6, 1.1), (0.3, 0.5)),
        }[self.use]  # fmt: skip
        width, height = _between(*wide, self.size), _between(*high, self.height)
        count = self.columns if self.column not in ("rods", "tulip") else 1
        length = width * (1.0 if self.stretch < 1.1 and count == 1 else self.stretch)
        length = max(length, 1.5 * width + 0.5 * (self.stretch - 0.7)) if count == 2 else length
        under = height - self.top
        parts = [moved(_board(self.shape, length, width, self.top, self.wood), y=height)]
        rim = max(self.rim, 0.0) * height
        if rim > 0.02 * height:
            board = "oval" if self.shape == "octagon" else self.shape
            parts.append(moved(_board(board, 0.84 * length, 0.84 * width, rim, self.wood), y=under))
        if self.column == "rods":
            return parts + self._rods(width, under)
        stand = self._stand(0.75 * width if count == 2 else width, under)
        if count == 2:
            z = 0.27 * length
            beam = bar((0, 0.3 * height, -z), (0, 0.3 * height, z), 0.04 * width, 0.06 * height, self.metal)
            return [*parts, *[moved(part, z=side) for part in stand for side in (-z, z)], beam]
        return parts + stand

    def _stand(self, width: float, under: float) -> list[Part]:
        """A column with its foot."""
        r, reach = self.thickness * width / 2, self.spread * width / 2
        if self.column == "tulip":
            rows = [(0, 0), (reach, 0), (0.97 * reach, 0.015), (0.6 * reach, 0.045), (1.4 * r, 0.16), (0.8 * r, 0.4)]
            rows += [(0.9 * r, 0.75), (2.2 * r, 0.96), (3 * r, 1.0)]
            return [lathe([(q, y * under) for q, y in rows], self.metal, 24)]
        if self.column == "turned":
            b = self.bulge
            rows = [(0.9, 0.04), (0.9, 0.15), (1.2, 0.2), (0.8, 0.25), (1 + 0.9 * b, 0.4), (0.7 + 0.4 * b, 0.6)]
            rows += [(0.7, 0.8), (1.1, 0.84), (0.8, 0.88), (1.6, 1.0)]
            parts = [lathe([(q * r, y * under) for q, y in rows], self.metal, 16)]
        elif self.column == "square":
            parts = [box((1.8 * r, 0.98 * under, 1.8 * r), (0, 0.51 * under, 0), self.metal, 0.1 * r)]
        elif self.column == "cone":
            parts = [rod((0, 0, 0), (0, under, 0), ((0.5 + 0.4 * self.bulge) * reach, r), self.metal, 24)]
            return [*parts, _disc(0.4 * width, 0.4 * width, under - 0.012, under, self.metal)]
        else:
            parts = [rod((0, 0, 0), (0, under, 0), 0.7 * r, self.metal, 14)]
            parts.append(_disc(0.3 * width, 0.3 * width, under - 0.015, under, self.metal))
        return parts + self._foot(reach, r, under)

    def _foot(self, reach: float, r: float, under: float) -> list[Part]:
        low = 0.03 * under
        if self.foot == "disc":
            return [_disc(reach, reach, 0, low, self.metal)]
        if self.foot == "dome":
            return [lathe([(0, 0), (reach, 0), (reach, 0.3 * low), (0.5 * reach, 1.5 * low), (r, 4 * low)], self.metal)]
        if self.foot == "plate":
            return [box((1.6 * reach, low, 1.6 * reach), (0, low / 2, 0), self.metal, 0.2 * low)]
        if self.foot == "cross":
            toe = bar((0, 0.04 * under, 0), (reach, 0.03 * under, 0), max(r, 0.025), 0.06 * under, self.metal, 0.8)
            return [ring(toe, 4, start=45.0 if self.shape == "rectangle" else 0.0)]
        hip = self.rise * under
        path = curve([(0.5 * r, hip), (0.45 * reach, 0.75 * hip), (0.8 * reach, 0.2 * hip), (reach, 0.02 * under)], 4)
        radii = np.linspace(max(0.8 * r, 0.016), max(0.4 * r, 0.01), len(path))
        claw = tube(np.insert(path, 2, 0.0, axis=1), radii, self.metal, 8)
        return [ring(claw, self.toes, start=45.0 if self.toes == 4 else 0.0)]

    def _rods(self, width: float, under: float) -> list[Part]:
        """Rods or bent tubes from foot to top that come close to each other on the way."""
        head, foot, waist = 0.36 * width, self.spread * width / 2, (0.35 - 0.3 * self.bulge) * width / 2
        wire = 0.010 + 0.08 * self.thickness * width
        middle = 0.35 + self.rise
        if self.foot in ("disc", "plate"):  # bent
            path = curve([(foot, wire), (waist + 0.03, middle * under), (head, under)], 8)
        else:
            path = np.array([(foot, 0.0), (waist, middle * under), (waist, middle * under + 0.01), (head, under)])
        path = np.insert(path, 2, 0.0, axis=1)
        if self.foot in ("cross", "claws"):  # straight, crossing in the middle
            path = np.array([(foot, 0.0, -0.02 * width), (-head, under, 0.02 * width)])
            waist = 0.02 * width
        legs = ring(tube(path, wire, self.metal, 8), self.toes, start=45.0)
        hoop = ring(rod((0, 0, 0), (0, 1.5 * wire, 0), waist + 1.5 * wire, self.metal, 16), 1)
        level = middle * under if self.foot not in ("cross", "claws") else under * foot / (foot + head)
        return [legs, moved(hoop, y=level)]


@dataclasses.dataclass(frozen=True, kw_only=True)
class FrameTable(Program):
    """A table on a frame at either end: trestles, X-legs, sleds, T-feet, slabs; for meals, offices, meetings, living rooms."""

    use: str = one_of("dining", "coffee", "console", "bar", shares=(6, 2.5, 1, 0.7))
    along: str = one_of("z", "x", shares=(6, 1))  # the long side
    shape: str = one_of("rectangle", "rounded", "boat", "oval", shares=(10, 1.5, 1, 1))
    end: str = one_of("loop", "A", "X", "T", "slab", "arch", "V", "Z", shares=(4, 3, 2.5, 3, 3, 1, 1, 0.5))
    link: str = one_of("none", "rail", "low rail", "panel", "pair", "shelf", shares=(2, 3, 2, 2, 1.5, 1.5))
    made: str = one_of("wood", "metal", "glass on metal", shares=(3, 3, 1))
    length: float = uniform(0.0, 1.0)  # where between the shortest and the longest of its use
    width: float = uniform(0.0, 1.0)  # likewise
    height: float = uniform(0.0, 1.0)  # likewise
    top: float = uniform(0.014, 0.06)  # metres: thickness
    bar: float = uniform(0.035, 0.11)  # thickness of the frames' bars, of the height or the width, whichever is less
    stance: float = uniform(0.60, 0.96)  # a frame's width, of the top's
    overhang: float = uniform(0.0, 0.16)  # from the top's end to the frame, of the length
    slope: float = uniform(0.1, 0.9)  # how far the bars of A and V lean together
    drop: float = uniform(0.25, 0.75)  # of rail and panel below the top, of the height
    wood: Colour = colour(*WOODS, *WOODS, "white", "grey", "black")
    metal: Colour = colour(*METALS, "grey")

    def parts(self) -> list[Part]:
        length, width, height = (
            _between(*ends, u) for ends, u in zip(SIZES[self.use], (self.length, self.width, self.height), strict=True)
        )
        length = max(length, 1.25 * width)
        solid = self.end in ("slab", "arch")
        paint = self.wood if self.made == "wood" or (solid and self.made == "metal") else self.metal
        under, thick = height - self.top, self.bar * min(max(height, 0.5), width)
        board = _board(self.shape, length, width, self.top, GLASS if self.made == "glass on metal" else self.wood)
        stance = self.stance * width * (0.75 if self.shape == "oval" else 1.0)
        overhang = self.overhang * length + (0.12 * length if self.shape == "oval" else 0.0)
        z = length / 2 - overhang - thick / 2
        parts = [moved(board, y=height), mirrored(moved(self._end(stance, under, thick, paint), z=z))]
        drop = self.drop * under
        if self.link in ("rail", "low rail"):
            y = under - drop if self.link == "rail" else 0.5 * thick if self.end in ("loop", "T") else 0.3 * under
            if self.end in ("A", "X", "V") or self.link == "low rail":
                y = min(y, 0.5 * under) if self.end == "X" else y
            parts.append(bar((0, y, -z), (0, y, z), 0.6 * thick, 1.2 * thick, paint))
        elif self.link == "panel":
            x = -0.2 * stance if self.end in ("loop", "T", "slab", "arch") else 0.0
            parts.append(box((0.02, drop, 2 * z), (x, under - drop / 2, 0), self.wood))
        elif self.link == "pair":
            x = (0.42 if self.end in ("loop", "slab", "arch", "Z") else 0.3) * stance
            parts.append(
                mirrored(bar((x, under - 0.5 * thick, -z), (x, under - 0.5 * thick, z), thick, thick, paint), "x")
            )
        elif self.link == "shelf" and self.end in ("loop", "slab", "H"):
            parts.append(box((0.95 * stance, 0.02, 2 * z), (0, 0.28 * under, 0), self.wood))
            parts.append(bar((0, 0.28 * under, -z), (0, 0.28 * under, z), 0.9 * stance, 0.025, self.wood))
        return [turned(part, "y", 90) if self.along == "x" else part for part in parts]

    def _end(self, stance: float, under: float, thick: float, paint: Colour) -> Part:
        """The frame at one end, in the plane z = 0."""
        half, h, t = stance / 2, under, thick
        head, foot = h - t / 2, t / 2
        if self.end == "slab":
            slab = 0.4 * t + 0.015
            return box((stance, h, slab), (0, h / 2, 0), paint, 0.1 * slab)
        if self.end == "arch":
            bow = oval(1.3 * half, 2 * self.drop * h, sides=24)[:13]
            outline = [(half, 0), (half, h), (-half, h), (-half, 0), *bow[::-1]]
            return extrusion(outline, 0.4 * t + 0.015, paint, "z")
        level = [((-half, head), (half, head))]
        if self.end == "loop":
            lines = [*level, ((-half, foot), (half, foot))]
            lines += [((x, 0), (x, h)) for x in (t / 2 - half, half - t / 2)]
        elif self.end == "T":
            shift = -0.25 * half if self.slope > 0.6 else 0.0
            posts = (-0.12, 0.12) if self.slope < 0.3 else (0.0,)
            lines = [((-0.9 * half, head), (0.9 * half, head)), ((-half, foot), (half, foot))]
            lines += [((shift + p * half * 2, 0), (shift + p * half * 2, h)) for p in posts]
        elif self.end == "X":
            lines = [((-half, 0), (half, head)), ((half, 0), (-half, head)), *level]
        elif self.end == "Z":
            lines = [*level, ((-half, foot), (half, foot)), ((half, foot), (-half, head))]
        else:
            near = (1 - 0.8 * self.slope) * half
            low, high = (half, near) if self.end == "A" else (near, half)
            cross = 0.3 if self.end == "A" else 0.06
            x = low + (high - low) * cross
            lines = [((-low, 0), (-high, head)), ((low, 0), (high, head)), *level, ((-x, cross * h), (x, cross * h))]
        return joined([bar((*a, 0), (*b, 0), t, t, paint) for a, b in lines])


@dataclasses.dataclass(frozen=True, kw_only=True)
class BlockTable(Program):
    """A low or small table without legs proper: a plinth, a chest, a cube with openings, a drum, a nest, a cloth to the floor."""

    kind: str = one_of("plinth", "chest", "open", "drum", "nest", "cloth", "C", shares=(2, 2, 4, 2, 2, 1, 1))
    round_top: bool = one_of(True, False, shares=(2, 1))
    count: int = one_of(2, 3)
    height: float = uniform(0.30, 0.60)  # metres
    length: float = uniform(0.9, 3.0)  # of the height
    width: float = uniform(0.55, 1.0)  # of the length
    board: float = uniform(0.04, 0.14)  # thickness of boards, of the height
    overhang: float = uniform(0.0, 0.12)  # of the top, of the width
    feet: float = uniform(-0.1, 0.2)  # height of feet, of the height; none below 0.04
    waist: float = uniform(0.6, 1.0)  # of a drum, of its top
    folds: float = uniform(0.02, 0.07)  # of a cloth, of its radius
    wood: Colour = colour(*WOODS, *WOODS, "white", "grey", "black", "beige")
    other: Colour = colour(*WOODS, *METALS, "glass", "red", "green", "blue", "beige")

    def parts(self) -> list[Part]:
        height, length = self.height, self.length * self.height
        width, thick = self.width * length, self.board * height
        if self.kind == "cloth":
            return self._cloth()
        if self.kind == "drum":
            r = 0.35 * min(length, 2.2 * height)
            rows = [(0, 0), (0.9, 0), (0.95, 0.05), (self.waist, 0.5), (0.95, 0.92)]
            body = lathe([(q * r, y * height) for q, y in rows], self.other, 28)
            return [body, _disc(r * (1 + self.overhang), r * (1 + self.overhang), 0.92 * height, height, self.wood)]
        if self.kind == "nest":
            parts = []
            for i in range(self.count):
                size, x = 1 - 0.2 * i, 0.35 * i * width * (self.waist - 0.5)
                part = self._bridge(
                    min(size * length, 1.6 * height * size), width * 0.6, (1 - 0.12 * i) * height, thick * 0.6
                )
                parts.append(moved(part, x))
            return parts
        if self.kind == "C":
            length = min(length, 1.1 * height)
            sizes = [((0.75 * length, thick * 0.5, length), (0, 1)), ((0.7 * length, thick * 0.4, length), (0, 0))]
            boards = [box(size, (0, y * height + thick * 0.2, 0), self.wood, 0.1 * thick) for size, (_, y) in sizes]
            wall = box((thick * 0.5, height, length), (-0.36 * length, height / 2, 0), self.wood)
            return [*boards, wall]
        feet = self.feet * height if self.feet > 0.04 else 0.0
        over = self.overhang * width
        parts = [box((width, thick, length), (0, height - thick / 2, 0), self.wood, 0.1 * thick)]
        if self.kind in ("plinth", "chest"):
            body = height - thick - feet
            size = (width - 2 * over, body, length - 2 * over)
            parts.append(box(size, (0, feet + body / 2, 0), self.other, 0.02 * height))
            if self.kind == "chest":
                rows, columns = (1, self.count) if self.length > 1.6 else (self.count, 1)
                step = (body / rows, size[2] / columns)
                for i in range(rows * columns):
                    y, z = feet + (i // columns + 0.5) * step[0], (i % columns + 0.5) * step[1] - size[2] / 2
                    parts.append(_front(step, (size[0] / 2, y, z), self.wood, "knob" if self.round_top else "bar"))
        else:
            parts.append(box((width, thick, length), (0, feet + thick / 2, 0), self.wood))
            wall = box((0.96 * width, height - feet - thick, thick * 0.8), (0, (height + feet) / 2, 0), self.wood)
            inner = length / 2 - over - 0.5 * thick
            parts.append(mirrored(moved(wall, z=inner)))
            if self.count == 3:
                y = (height + feet) / 2
                parts += [box((0.9 * width, 0.6 * thick, 2 * inner), (0, y, 0), self.other)]
            if self.waist > 0.8:
                parts.append(
                    box(
                        (0.5 * thick, height - feet - thick, 2 * inner),
                        (-0.4 * width, (height + feet) / 2, 0),
                        self.other,
                    )
                )
        if feet:
            leg = box(
                (0.1 * height, feet, 0.1 * height), (0.42 * width - over, feet / 2, 0.44 * length - over), self.wood
            )
            parts.append(mirrored(mirrored(leg), "x"))
        return parts

    def _bridge(self, length: float, width: float, height: float, thick: float) -> Part:
        """A board with a side at either end, or with thin legs."""
        top = box((width, thick, length), (0, height - thick / 2, 0), self.wood, 0.1 * thick)
        if self.round_top:
            leg = bar((0, height, 0), (0, 0, 0), thick, thick, self.other)
            leg = moved(leg, width / 2 - thick, 0, length / 2 - thick)
            floor = bar((thick - width / 2, thick / 2, 0), (width / 2 - thick, thick / 2, 0), thick, thick, self.other)
            return joined(top, mirrored(mirrored(leg), "x"), mirrored(moved(floor, z=length / 2 - thick)))
        return joined(top, mirrored(box((width, height, thick), (0, height / 2, (length - thick) / 2), self.wood)))

    def _cloth(self) -> list[Part]:
        angles = 2 * np.pi * np.arange(64) / 64
        height = 1.6 * self.height
        radius = 0.5 * height * self.length / 1.7
        sections = []
        for level, wave in ((1.0, 0.0), (0.96, 0.0), (0.6, 0.6), (0.0, 1.0)):
            r = radius * (1 + self.folds * wave * (1 + np.cos((10 + 2 * self.count) * angles)))
            square = 1.0 if self.round_top else 1 / np.maximum(abs(np.cos(angles)), abs(np.sin(angles))) ** 0.8
            sections.append(
                np.stack([r * square * np.cos(angles), np.full(64, level * height), r * square * np.sin(angles)], -1)
            )
        return [loft(sections[::-1], self.other)]


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
        length, width, under = self.length, self.width, self.height - self.top
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
            parts.append(_front((0.1, gap), (0.34 * width + 0.01, under - 0.05, centre), self.other, "bar"))
        elif self.middle == "tray" and gap > 0.3:
            parts.append(box((0.5 * width, 0.018, gap), (0.3 * width, under - 0.11, centre), self.wood))
        elif self.middle == "rail":
            parts.append(box((0.03, 0.07, 2 * z), (-0.1 * width, under - 0.035, 0), self.other))
        return parts + self._hutch()

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
                        _front((high / rows, self.pedestal), place, self.other, "bar" if self.top > 0.025 else "knob")
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
        reach, deep = 0.45 * self.length, 0.8 * self.width
        x, z = self.width / 2 + reach / 2, self.turn * (self.length / 2 - deep / 2)
        board = box((reach, self.top, deep), (x, self.height - self.top / 2, z), self.wood)
        joint = self.width / 2 + np.array([(-1e-3, 0), (0.35 * deep, 0), (-1e-3, 0.35 * deep)])
        joint = np.stack([self.turn * (self.length / 2 - deep - (joint[:, 1] - self.width / 2)), joint[:, 0]], axis=-1)
        wedge = extrusion(joint, self.top, self.wood, "y", self.height - self.top / 2)
        edge = self.width / 2 + reach - 0.02
        if self.right in ("drawers", "door") and deep > self.pedestal:
            size = (min(self.pedestal, 0.9 * reach), under, 0.9 * deep)
            bears = [box(size, (edge - size[0] / 2, under / 2, z), self.wood)]
            front = turned(_front((under / self.rows, size[0]), (0, 0, 0), self.other, "bar"), "y", 90 * self.turn)
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
        long = self.length - 2 * t
        if self.hutch == "none":
            return []
        x = deep / 2 - self.width / 2
        if self.hutch == "shelf":
            high *= 0.5
        if self.hutch == "tower":
            long = 0.35 * self.length
        z = 0.0 if self.hutch != "tower" else -self.turn * (self.length - long) / 2
        wall = box((deep, high, t), (0, high / 2, 0), self.wood)
        parts = [moved(wall, z=side * (long - t) / 2) for side in (-1, 1)]
        levels = {"shelf": [1.0], "cabinet": [0.5, 1.0], "tower": [0.3, 0.65, 1.0]}[self.hutch]
        parts += [box((deep, t, long), (0, level * high - t / 2, 0), self.wood) for level in levels]
        if self.rear < 0.2:
            parts.append(box((0.012, high, long), (0.01 - deep / 2, high / 2, 0), self.other))
        if self.hutch == "cabinet":
            step = long / self.rows
            doors = [((i + 0.5) * step - long / 2) for i in range(0, self.rows, 2 if self.rear < 0.1 else 1)]
            parts += [_front((0.5 * high, step), (deep / 2, 0.75 * high, side), self.other, "knob") for side in doors]
        return [moved(part, x, self.height, z) for part in parts]


@dataclasses.dataclass(frozen=True, kw_only=True)
class PicnicTable(Program):
    """A table with its benches in one piece: slatted boards on A-frames, or a round top with seats about it."""

    plan: str = one_of("long", "round", shares=(4, 1))
    frames: str = one_of("A", "X", "post", shares=(4, 1, 1))
    count: int = one_of(2, 3)  # frames of a long table
    seats: int = one_of(3, 4)  # about a round table
    brace: str = one_of("none", "diagonal", "rail")
    boards: int = one_of(4, 5, 6)
    length: float = uniform(1.0, 2.4)  # metres, here and below
    width: float = uniform(0.62, 0.85)  # of the top
    height: float = uniform(0.68, 0.80)
    seat: float = uniform(0.54, 0.64)  # height of the seat, of the table's
    reach: float = uniform(1.35, 1.75)  # outer edges of the benches
    bench: float = uniform(0.22, 0.32)  # width of a seat
    gap: float = uniform(0.04, 0.25)  # between boards, of a board
    thick: float = uniform(0.03, 0.055)  # of the boards
    overhang: float = uniform(0.08, 0.2)  # from end to frame, of the length
    wood: Colour = colour("oak", "oak", "birch", "brown", "walnut", "green", "grey")
    frame: Colour = colour("oak", "brown", "walnut", "dark grey", "steel", "green")

    def parts(self) -> list[Part]:
        thick, seat = self.thick, self.seat * self.height
        half = self.reach / 2
        if self.plan == "round":
            return self._round(half, seat)
        parts = [moved(self._planks(self.width, self.boards), y=self.height)]
        bench = moved(self._planks(self.bench, 2 if self.bench < 0.29 else 3), half - self.bench / 2, seat)
        parts.append(mirrored(bench, "x"))
        t = 1.6 * thick
        head, beam = self.height - thick - t / 2, seat - thick - t / 2
        narrow, wide = 0.36 * self.width, half - 0.55 * self.bench
        if self.frames == "post":
            lines = [((-0.2, t / 2), (0.2, t / 2)), ((0, 0), (0, head))]
            lines += [((side * wide, 0), (side * wide, beam)) for side in (-1, 1)]
        else:
            cross = narrow if self.frames == "A" else -narrow
            lines = [((side * wide * 0.85, 0), (side * cross, head)) for side in (-1, 1)]
        lines += [((-0.46 * self.width, head), (0.46 * self.width, head)), ((-half + 0.02, beam), (half - 0.02, beam))]
        stand = joined([bar((*a, 0), (*b, 0), t, t, self.frame) for a, b in lines])
        end = self.length * (0.5 - self.overhang)
        places = np.linspace(-end, end, self.count if self.length > 1.7 else 2)
        parts.append(array(stand, [(0, 0, z) for z in places]))
        if self.brace == "diagonal":
            parts.append(mirrored(bar((0, beam, end), (0, head, 0.15 * end), t, 0.7 * t, self.frame)))
        elif self.brace == "rail":
            parts.append(bar((0, beam, -end), (0, beam, end), t, t, self.frame))
        return parts

    def _planks(self, width: float, count: int) -> Part:
        step = width / count
        plank = box(
            (step * (1 - self.gap), self.thick, self.length), (0, -self.thick / 2, 0), self.wood, 0.1 * self.thick
        )
        return array(plank, [((i - (count - 1) / 2) * step, 0, 0) for i in range(count)])

    def _round(self, half: float, seat: float) -> list[Part]:
        radius, t = 0.68 * self.width, 1.4 * self.thick
        half = max(half, radius + self.bench * 1.1)
        top = _disc(radius, radius, self.height - self.thick, self.height, self.wood)
        sweep = 240 / self.seats
        rows = [(half - self.bench, -self.thick), (half, -self.thick), (half, 0), (half - self.bench, 0)]
        bench = turned(moved(_sector(np.array(rows), sweep, self.wood), y=seat), "y", 90)
        y = 0.4 * seat
        lines = [
            ((0.1, y), (half - 0.5 * self.bench, y)),
            ((half - 0.5 * self.bench, 0), (half - 0.5 * self.bench, seat - 0.01)),
        ]
        lines += [((0.5 * radius, 0.0), (0.5 * radius, self.height - self.thick))]
        arm = joined([bar((*a, 0), (*b, 0), t, t, self.frame) for a, b in lines], turned(bench, "y", -90))
        hub = rod((0, y - t, 0), (0, y + t, 0), 0.14, self.frame, 16)
        return [top, hub, ring(arm, self.seats)]


def _sector(rows: np.ndarray, sweep: float, paint: Colour) -> Part:
    """A section of rows (radius, height) carried through ``sweep`` degrees about y, symmetric about +x."""
    angles = np.radians(np.linspace(-sweep / 2, sweep / 2, 11))
    points = [np.stack([rows[:, 0] * np.cos(a), rows[:, 1], rows[:, 0] * np.sin(a)], axis=-1) for a in angles]
    return loft(np.array(points), paint)


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
        length, height = _between(*long, self.length), _between(*high, self.height)
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
        upright = moved(_leg(self.style, height - body + 0.01, leg, self.bulge, self.wood), x, 0, z)
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


PROGRAMS = {LeggedTable: 12, PedestalTable: 4, FrameTable: 5, Desk: 5, BlockTable: 2.5, PicnicTable: 0.8, GameTable: 1}
"""Programs of the class, each with its share."""
