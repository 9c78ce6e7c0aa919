"""Programs of small loudspeakers: balls, cans and docks for a desk, sound bars, horns."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.loudspeaker_parts import (
    RGB,
    Look,
    cabinet_of,
    driver,
    holed,
    plan_of,
    rectangle,
    stepped,
)
from lmnet_utils.data.programs.parameters import PAINTS, WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
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
)


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
        look = Look(self.body, self.body, self.cone, self.cloth, 0.4, 0.35)
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

    def _ball(self, look: Look) -> list[Part]:
        """A ball with a cone in its front, or a bullet with a tail."""
        r, mouth = self.size, self.mouth
        opening = np.arcsin(mouth)
        angles = np.linspace(np.pi, opening, 14)
        back = self.tail if self.form == "bullet" else 1.0
        rows = [(r * np.sin(a), r * np.cos(a) * (back if np.cos(a) < 0 else 1.0)) for a in angles]
        front = rows[-1][1]
        ball = [lathe(rows, self.body, 28, "x"), moved(driver("cone", 0.94 * mouth * r, look), front)]
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

    def _disc(self, look: Look) -> list[Part]:
        """An upright body with a rounded front, one cone or two in it, that leans back on its foot."""
        wide, high = 2 * self.size, 2 * self.size * max(self.stretch, 0.8 * self.length / 1.2 * (self.bands > 1))
        deep = self.size * (0.6 + 0.5 * self.tail / 1.5)
        outline = oval(high, wide, 1 - 2 * self.edge * 1.9, 28)  # (y, z)
        sections = [(-deep, 0.55), (-0.9 * deep, 0.7), (-0.3 * deep, 0.96), (-0.03 * deep, 1.0), (0.0, 0.96)]
        rings = [np.column_stack([np.full(len(outline), x), outline * s]) for x, s in sections]
        parts = [loft(np.array(rings), self.body, caps=False), stepped([rings[0][::-1]], [self.body])]
        count = 2 if high > 1.6 * wide else 1
        r = 0.42 * min(wide, high / count) * (0.6 + 0.5 * self.mouth) * 0.85
        angles = np.arctan2(outline[:, 1], outline[:, 0])
        front = rings[-1]
        if count == 1:
            hole = np.column_stack([np.zeros(len(outline)), r * np.cos(angles), r * np.sin(angles)])
            face = stepped([front, hole], [self.body, self.body])
            kept = 2 * len(outline)
            parts += [Part(face.vertices, face.faces[:kept], face.colours[:kept]), driver("cone", r, look)]
        else:
            flat = look._replace(depth=-0.02)
            parts.append(stepped([front], [self.cloth]))
            parts += [
                moved(driver("cone", k * r, flat), 0.002, y) for k, y in ((1.0, -0.22 * high), (0.6, 0.22 * high))
            ]
        parts = [turned(moved(part, 0, high / 2), "z", 0.7 * self.tilt) for part in parts]
        base = lathe(
            [(0, 0), (0.62 * wide, 0), (0.6 * wide, 0.05 * high), (0.2 * wide, 0.1 * high), (0, 0.1 * high)],
            self.cloth,
            20,
        )
        return [*parts, moved(base, -0.45 * deep, -0.07 * high)]

    def _dock(self, look: Look) -> list[Part]:
        """A low body with two cones in its front, and a player that leans in its top."""
        deep, high = 2.2 * self.size, 1.6 * self.size * self.stretch
        half = deep * max(self.width, 2.0 if self.foot != "ring" else 1.6) / 2
        plan = plan_of(
            "round" if self.swell > 0 else "boat" if self.bands == 3 else "box", deep, 2 * half, 0.8, 0.15 * deep
        )
        parts = cabinet_of((deep, high, 2 * half), plan, "blank", look, 0.0)
        r = min(0.4 * high, 0.3 * half)
        cone = driver("cone", r, look)
        if self.foot != "ring":
            inner = float(abs(plan[0, 1]))
            parts = parts[:3]
            edges = (-inner, -inner + 2.6 * r, inner - 2.6 * r, inner)
            parts += [holed(deep / 2, (0, high), z, r, self.cloth) for z in (edges[:2], edges[2:])]
            parts.append(stepped([rectangle(deep / 2, (0, high), edges[1:3])], [self.body]))
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
            look = Look(self.body, self.body, (0.25, 0.25, 0.26), self.cloth, -0.02, 0.35)
            count = 2 * max(1, int(0.35 * wide / h))
            places = np.linspace(-wide / 2 + 0.6 * h, wide / 2 - 0.6 * h, count)
            panel = [moved(driver("cone", 0.38 * tall, look), 0.002, 0, z) for z in places]
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
