"""Programs of displays that are more than a flat screen: those with picture tubes, and laptops."""

from __future__ import annotations

import dataclasses

import numpy as np

from lmnet_utils.data.programs.display_parts import SCREENS, Paint, casing, keyboard, outline, pane
from lmnet_utils.data.programs.parameters import WOODS, Program, colour, one_of, uniform
from lmnet_utils.data.programs.parts import (
    Part,
    array,
    box,
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
        housing = casing(rows, self.corner * wide, self.body)
        parts = [_split(housing, front)]
        frame = [np.insert(outline(w, h, self.corner * wide), 0, x, axis=1) + (0, up, aside) for x, w, h, up, aside in
                 ((front, wide, high, 0, 0), (front, *inner, below / 2, -beside / 2), (front - recess, inner[0] * 0.97, inner[1] * 0.97, below / 2, -beside / 2))]  # fmt: skip
        parts.append(loft(frame, self.trim if self.corner < 0.03 else self.body, caps=False))
        parts.append(
            moved(
                pane(inner[0] * 0.97, inner[1] * 0.97, front - recess, self.bulge * wide, self.screen),
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
        return [scaled(part, z=-1.0) for part in (*parts, *self._stand(high, deep))]

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
        parts.append(moved(keyboard(self.field * wide, self.reach * deep, self.rows, self.keys), middle, high))
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
        upper = [_split(casing(rows, self.corner * wide, self.body), 9.0), pane(*inner, 0.42 * thin, 0.0, self.screen)]
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
