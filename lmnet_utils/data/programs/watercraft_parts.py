"""What watercraft are made of: hulls, deckhouses, sails, masts, rails, funnels, guns. Hulls are 1 long, from x = −0.5 to the bow at 0.5."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lmnet_utils.data.programs import parts as kit
from lmnet_utils.data.programs.parts import Part, recoloured

Paint = tuple[float, float, float]
DARK: Paint = (0.12, 0.12, 0.13)
GLASS: Paint = (0.18, 0.25, 0.31)
MIDDLE = 0.42
"""Where the hull is widest, as a share of its length from the stern."""


class Hull(NamedTuple):
    """The lines of a hull with its keel at y = 0; all lengths are shares of its own."""

    beam: float
    depth: float  # from keel to deck amidships
    bow: float = 2.0  # fullness of the bow: 1.3 is a knife, 4 a barge
    transom: float = 0.8  # width at the stern, of the beam
    rake: float = 0.08  # by which the stem leans ahead
    bow_rise: float = 0.3  # of the keel at the bow, of the depth
    stern_rise: float = 0.1  # of the keel at the stern, of the depth
    sheer: float = 0.03  # rise of the deck at the bow
    sheer_stern: float = 0.01  # rise of the deck at the stern
    form: float = 2.5  # of the sections: 1 is a V, 2 an ellipse, 6 a box
    bulwark: float = 0.01  # height of the side above the deck
    well: float = 0.0  # the cockpit's end, as a share of the length from the stern; 0 is a whole deck
    well_depth: float = 0.0

    def half(self, x: float | np.ndarray) -> np.ndarray:
        """Half the width of the deck at x."""
        ahead, behind = self._ends(x)
        return self.beam / 2 * np.maximum(1 - ahead**self.bow - (1 - self.transom) * behind**2.2, 0.015)

    def top(self, x: float | np.ndarray) -> np.ndarray:
        """Height of the side's upper edge at x."""
        ahead, behind = self._ends(x)
        return self.depth + self.sheer * ahead**2 + self.sheer_stern * behind**2

    def deck(self, x: float | np.ndarray) -> np.ndarray:
        """Height of the deck at x."""
        inside = np.where(np.asarray(x) + 0.5 < self.well, self.well_depth, self.bulwark)
        return self.top(x) - inside

    def _ends(self, x: float | np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        share = np.clip(np.asarray(x, np.float64) + 0.5, 0, 1)
        return np.maximum(share - MIDDLE, 0) / (1 - MIDDLE), np.maximum(MIDDLE - share, 0) / MIDDLE

    def _stations(self) -> np.ndarray:
        x = np.concatenate(
            [[0, 0.05, 0.12, 0.22, 0.32, MIDDLE, 0.52, 0.62], 0.5 + 0.5 * np.sin(np.linspace(0.5, np.pi / 2, 10))]
        )
        edges = [self.well - 0.004, self.well + 0.004] if self.well > 0 else []
        return np.unique(np.round(np.concatenate([x, edges]), 6)) - 0.5

    def _form(self, x: float | np.ndarray) -> np.ndarray:
        return np.maximum(self.form + 0.75 * (1.15 - self.form) * self._ends(x)[0] ** 1.5, 1.0)

    def _keel(self, x: float | np.ndarray) -> np.ndarray:
        ahead, behind = self._ends(x)
        keel = self.depth * (self.bow_rise * ahead**4 + self.stern_rise * behind**2.5)
        return np.minimum(keel, self.top(x) - 0.1 * self.depth)

    def _lean(self, x: float | np.ndarray) -> np.ndarray:
        return self.rake * self._ends(x)[0] ** 2

    def half_at(self, x: float | np.ndarray, level: float | np.ndarray) -> np.ndarray:
        """Half the width of the hull at the height ``level``."""
        t = np.clip((self.top(x) - level) / (self.top(x) - self._keel(x)), 0, 1)
        station = np.minimum(x + self._lean(x) * t * 1.2, 0.5)
        form = self._form(station)
        return self.half(station) * (1 - t**form) ** (1 / form)

    def _sides(self, points: int, shrink: float = 0.0) -> np.ndarray:
        """(S, 2·points − 1, 3) from one upper edge round the keel to the other, ``shrink`` inside the hull."""
        x = self._stations()
        t = np.sin(np.linspace(0, np.pi / 2, points)) ** 1.3
        form = self._form(x)[:, None]
        across = np.maximum(1 - t**form, 0) ** (1 / form)
        top = self.top(x)[:, None]
        half = np.maximum(self.half(x) - shrink, 0.2 * self.half(x))[:, None]
        low = np.minimum(self._keel(x)[:, None] + shrink, top - 0.1 * self.depth)
        y = top - (top - low) * t
        lean = x[:, None] * (1 - shrink) - self._lean(x)[:, None] * t
        port = np.stack([lean, y, -half * across], axis=-1)
        return np.concatenate([port, port[:, -2::-1] * (1, 1, -1)], axis=1)

    def part(self, paint: Paint, deck: Paint, bottom: Paint | None = None, water: float = 0.4) -> Part:
        """Hull and deck; below the share ``water`` of the depth in the colour ``bottom``."""
        points = 7
        side = self._sides(points)
        x = self._stations()
        wall = np.minimum(0.012, 0.3 * self.half(x))
        floor = np.maximum(self.deck(x), self._keel(x) + 0.25 * (self.top(x) - self._keel(x)))
        t = (self.top(x) - floor) / (self.top(x) - self._keel(x))
        level = np.maximum(1 - t ** self._form(x), 0) ** (1 / self._form(x)) * self.half(x)
        inner = np.stack([x - self._lean(x) * t, floor, np.maximum(level - wall, 0.3 * level)], axis=-1)[:, None]
        rim = np.stack([x, self.top(x), self.half(x) - wall], axis=-1)[:, None]
        loop = np.concatenate([side, rim, inner, inner * (1, 1, -1), rim * (1, 1, -1)], axis=1)
        part = kit.loft(loop, paint)
        quads, around = 2 * (len(x) - 1) * loop.shape[1], loop.shape[1]
        column = np.arange(quads) % (quads // 2) % around
        colours = part.colours.copy()
        colours[:quads][column == 2 * points] = deck
        if bottom is not None:
            first = int(np.argmin(np.abs(np.sin(np.linspace(0, np.pi / 2, points)) ** 1.3 - (1 - water))))
            colours[:quads][(column >= first) & (column < 2 * points - 2 - first)] = bottom
        return part._replace(colours=colours)

    def shell(self, paint: Paint, inside: Paint, thickness: float = 0.012) -> Part:
        """An open hull with its inner side."""
        outer = self._sides(7)
        inner = self._sides(7, thickness)
        inner[:, [0, -1], 1] = outer[:, [0, -1], 1]
        part = kit.loft(np.concatenate([outer, inner[:, ::-1]], axis=1), paint)
        quads, around = 4 * (len(outer) - 1) * outer.shape[1], 2 * outer.shape[1]
        column = np.arange(quads) % (quads // 2) % around
        colours = part.colours.copy()
        colours[:quads][column >= outer.shape[1]] = inside
        return part._replace(colours=colours)

    def rail(self, start: float, stop: float, height: float, paint: Paint) -> Part:
        """A rail on posts along both edges of the deck."""
        x = np.linspace(start, stop, 7)
        path = np.stack([x - 0.01, self.top(x) + height, 0.93 * self.half(x)], axis=-1)
        posts = [kit.rod(p - (0, height * 1.05, 0), p, 0.002, paint, 4) for p in path[::2]]
        return kit.mirrored(kit.joined(kit.tube(path, 0.0025, paint, 4), posts))


class House(NamedTuple):
    """A deckhouse with bands of windows: a superstructure, a cabin, a bridge."""

    back: float  # x of its ends, at the floor
    front: float
    floor: float
    height: float
    width: float
    slant: float = 0.0  # by which the front leans back, of the height
    slant_back: float = 0.0  # by which the back leans ahead, of the height
    taper: float = 1.0  # width at the top over that at the floor
    round: float = 0.3  # of the front's corners, of the width
    decks: int = 1  # bands of windows

    def part(self, paint: Paint, glass: Paint = GLASS) -> Part:
        corner = min(self.round, 0.49) * self.width
        length = self.front - self.back
        depth = min(corner * 1.2, 0.6 * length)
        bend = kit.arc(1.0, 0, 90, 3)
        z = self.width / 2 - corner + corner * bend[:, 1]
        edge = np.concatenate([bend[:, :1] * depth - depth, z[:, None]], axis=1)  # x from the front, z
        outline = np.concatenate([edge, edge[::-1] * (1, -1)])
        levels = np.concatenate([[0.0], *[(np.array([0.42, 0.80]) + i) / self.decks for i in range(self.decks)], [1.0]])
        rows = []
        for level in levels:
            front = self.front - self.slant * self.height * level
            back = min(self.back + self.slant_back * self.height * level, front - 0.2 * length)
            scale = 1 - (1 - self.taper) * level
            plan = np.concatenate(
                [outline * (1, scale) + (front, 0), [[back, -self.width / 2 * scale], [back, self.width / 2 * scale]]]
            )
            plan[:, 0] = np.maximum(plan[:, 0], back)
            rows.append(np.stack([plan[:, 0], 0 * plan[:, 0] + self.floor + self.height * level, plan[:, 1]], axis=-1))
        part = kit.loft(np.array(rows), paint)
        around, quads = len(rows[0]), (len(rows) - 1) * len(rows[0])
        row = np.arange(len(part.faces)) % quads // around
        colours = part.colours.copy()
        colours[: 2 * quads][row[: 2 * quads] % 2 == 1] = glass
        keep = part.vertices[part.faces, 1].max(axis=1) > self.floor + 1e-9  # nobody sees its floor
        return part._replace(faces=part.faces[keep], colours=colours[keep])


def mast(foot: ArrayLike, height: float, radius: float, paint: Paint) -> Part:
    """An upright pole, thinner at the top."""
    x, y, z = np.asarray(foot, np.float64)
    return kit.rod((x, y, z), (x, y + height, z), (radius, 0.5 * radius), paint, 7)


def stay(start: ArrayLike, end: ArrayLike, paint: Paint = DARK) -> Part:
    """A rope of the rigging."""
    return kit.rod(start, end, 0.0016, paint, 3)


def sail(tack: ArrayLike, head: ArrayLike, clew: ArrayLike, belly: float, paint: Paint) -> Part:
    """A three-cornered sail that bulges by ``belly`` towards z."""
    low, high, aft = (np.asarray(p, np.float64) for p in (tack, head, clew))
    v, u = np.linspace(0, 1, 6)[:, None, None], np.linspace(0, 1, 5)[None, :, None]
    luff = low + (high - low) * v
    leech = aft + (high + 0.03 * (aft - low) - aft) * v
    grid = luff + u * (leech - luff)
    grid = grid + 4 * u * (1 - u) * (1 - 0.8 * v) * belly * np.array([0.0, 0.0, 1.0])
    return kit.sheet(grid, 0.003, paint)


def square_sail(top: ArrayLike, height: float, widths: tuple[float, float], belly: float, paint: Paint) -> Part:
    """A sail hung from a yard at ``top``, of ``widths`` at its head and foot, that bulges ahead."""
    v, u = np.linspace(0, 1, 5)[:, None], np.linspace(-0.5, 0.5, 5)[None, :]
    wide = widths[0] + (widths[1] - widths[0]) * v
    bulge = belly * np.sin(np.pi * (0.12 + 0.75 * v)) * (1 - 2.5 * u**2)
    lift = 0.35 * belly * v * (1 - 4 * u**2)  # the foot is cut hollow
    grid = np.stack([bulge + 0 * u, -height * v + lift, wide * u], axis=-1)
    return kit.sheet(grid + np.asarray(top, np.float64), 0.003, paint)


def funnel(foot: ArrayLike, height: float, length: float, width: float, paint: Paint) -> Part:
    """An oval funnel with a dark top, leaning back a little."""
    outline = kit.oval(length, width, 0.2, 12)
    rows = []
    for level, scale in ((0.0, 1.0), (0.8, 0.92), (0.8, 0.92), (1.0, 0.9)):
        x, y, z = np.asarray(foot, np.float64) + (-0.15 * height * level, height * level, 0)
        rows.append(np.stack([x + scale * outline[:, 0], y + 0 * outline[:, 0], z + scale * outline[:, 1]], axis=-1))
    return recoloured(kit.loft(np.array(rows), paint), lambda a, b, c: b > np.asarray(foot)[1] + 0.8 * height, DARK)


def gun(place: ArrayLike, size: float, barrels: int, ahead: bool, paint: Paint) -> Part:
    """A turret of the given length on its ring, its barrels pointing ahead or astern."""
    block = House(-0.5, 0.5, 0.12, 0.42, 0.85, slant=0.6, slant_back=0.3, taper=0.8, round=0.3).part(paint, paint)
    drum = kit.lathe([(0.42, 0), (0.42, 0.14)], paint, 10)
    tubes = [
        kit.rod((0.3, 0.34, z), (1.5, 0.42, z), (0.055, 0.04), paint, 6)
        for z in (0.3 * (np.arange(barrels) - (barrels - 1) / 2)).tolist()
    ]
    part = kit.scaled(kit.joined(block, drum, tubes), size, size, size)
    return kit.moved(part if ahead else kit.turned(part, "y", 180), *np.asarray(place, np.float64))


def screw(place: ArrayLike, radius: float, paint: Paint) -> Part:
    """A ship's propeller."""
    blade = kit.turned(
        kit.scaled(kit.cushion((1, 1, 1), softness=1.0, steps=4), 0.12 * radius, radius, 0.5 * radius), "y", 35
    )
    blades = kit.ring(kit.moved(blade, y=0.5 * radius), 4, "x")
    hub = kit.cushion((0.5 * radius, 0.4 * radius, 0.4 * radius), softness=1.0, steps=4)
    return kit.moved(kit.painted(kit.joined(blades, hub), paint), *np.asarray(place, np.float64))
