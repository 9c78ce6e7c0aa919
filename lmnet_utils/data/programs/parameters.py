"""What a program of shapes is: a typed set of parameters, each with the distribution it is drawn from, that builds its parts.

    @dataclasses.dataclass(frozen=True, kw_only=True)
    class Stool(Program):
        legs: int = one_of(3, 4)
        height: float = uniform(0.4, 0.8)  # metres

        def parts(self) -> list[Part]: ...

    stool = Stool.draw(np.random.RandomState(7))
    lower = dataclasses.replace(stool, height=0.45)

Every parameter is drawn, in the order of the class, whether the others make use of it or not: so one parameter can be changed
and the object stays the same in all else. The draws use ``RandomState``, whose streams never change between versions of NumPy.
"""

from __future__ import annotations

import abc
import dataclasses
from typing import Any, TypeVar

import numpy as np

from lmnet_utils.data.mesh import Mesh
from lmnet_utils.data.programs.parts import Part, joined
from lmnet_utils.geometry.camera import unit_diagonal

DECIMALS = 6
"""Vertices are rounded to so many decimals of the diagonal: sines and cosines may differ in their last bit between machines."""


@dataclasses.dataclass(frozen=True)
class Uniform:
    """Evenly between two numbers."""

    low: float
    high: float

    def draw(self, random: np.random.RandomState) -> float:
        return round(self.low + (self.high - self.low) * random.random_sample(), 6)

    def check(self, value: Any) -> bool:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        return number and self.low - 1e-6 <= value <= self.high + 1e-6

    def __str__(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"


@dataclasses.dataclass(frozen=True)
class OneOf:
    """One of several values, each with its share."""

    values: tuple[Any, ...]
    shares: tuple[float, ...]

    def draw(self, random: np.random.RandomState) -> Any:
        position = int(np.searchsorted(np.cumsum(self.shares) / sum(self.shares), random.random_sample(), side="right"))
        return self.values[min(position, len(self.values) - 1)]

    def check(self, value: Any) -> bool:
        return value in self.values

    def __str__(self) -> str:
        return "one of " + ", ".join(map(repr, self.values))


@dataclasses.dataclass(frozen=True)
class Palette:
    """A colour of a material: its own hue, lighter or darker."""

    materials: tuple[str, ...]

    def draw(self, random: np.random.RandomState) -> tuple[float, float, float]:
        colour = np.array(MATERIALS[self.materials[random.randint(len(self.materials))]])
        light = 0.75 + 0.5 * random.random_sample()
        tint = 0.06 * (random.random_sample(3) - 0.5)
        red, green, blue = np.clip(colour * light + tint, 0.02, 1.0).round(3).tolist()
        return red, green, blue

    def check(self, value: Any) -> bool:
        return len(value) == 3 and all(0 <= channel <= 1 for channel in value)

    def __str__(self) -> str:
        return "three numbers from 0 to 1 (RGB)"


MATERIALS: dict[str, tuple[float, float, float]] = {
    "oak": (0.66, 0.48, 0.30), "walnut": (0.36, 0.24, 0.16), "birch": (0.80, 0.68, 0.50), "cherry": (0.55, 0.30, 0.20),
    "white": (0.88, 0.88, 0.86), "grey": (0.50, 0.50, 0.51), "dark grey": (0.28, 0.28, 0.30), "black": (0.10, 0.10, 0.11),
    "steel": (0.62, 0.64, 0.67), "brass": (0.70, 0.56, 0.28), "glass": (0.60, 0.74, 0.78), "rubber": (0.13, 0.13, 0.14),
    "red": (0.68, 0.15, 0.13), "orange": (0.85, 0.46, 0.14), "yellow": (0.86, 0.74, 0.22), "green": (0.22, 0.46, 0.26),
    "olive": (0.36, 0.38, 0.22), "blue": (0.18, 0.32, 0.62), "light blue": (0.45, 0.62, 0.80), "navy": (0.12, 0.17, 0.33),
    "beige": (0.78, 0.70, 0.57), "brown": (0.42, 0.29, 0.20), "purple": (0.40, 0.24, 0.48), "pink": (0.82, 0.56, 0.60),
}  # fmt: skip
WOODS = ("oak", "walnut", "birch", "cherry")
METALS = ("steel", "steel", "brass", "dark grey", "white", "black")
FABRICS = (
    "grey",
    "dark grey",
    "beige",
    "brown",
    "blue",
    "navy",
    "red",
    "green",
    "olive",
    "orange",
    "purple",
    "white",
    "black",
)
PAINTS = ("white", "grey", "red", "yellow", "green", "blue", "light blue", "navy", "orange", "black", "steel", "beige")


def uniform(low: float, high: float) -> Any:
    """A parameter drawn evenly from ``low`` to ``high``."""
    return dataclasses.field(metadata={"distribution": Uniform(low, high)})


def one_of(*values: Any, shares: tuple[float, ...] | None = None) -> Any:
    """A parameter that is one of ``values``: all alike often, or by their ``shares``."""
    return dataclasses.field(metadata={"distribution": OneOf(values, shares or (1.0,) * len(values))})


def colour(*materials: str) -> Any:
    """A parameter that is a colour of one of the ``materials``."""
    return dataclasses.field(metadata={"distribution": Palette(materials)})


P = TypeVar("P", bound="Program")


@dataclasses.dataclass(frozen=True, kw_only=True)
class Program(abc.ABC):
    """The parameters of a kind of object. A subclass declares them and says what parts they make."""

    @abc.abstractmethod
    def parts(self) -> list[Part]:
        """The object's parts: y up, front +x, in any unit."""

    @classmethod
    def distributions(cls) -> dict[str, Uniform | OneOf | Palette]:
        """What each parameter is drawn from, by name, in the order of drawing."""
        return {field.name: field.metadata["distribution"] for field in dataclasses.fields(cls)}

    @classmethod
    def draw(cls: type[P], random: np.random.RandomState) -> P:
        """An object with every parameter drawn."""
        return cls(**{name: distribution.draw(random) for name, distribution in cls.distributions().items()})

    def __post_init__(self) -> None:
        for name, distribution in self.distributions().items():
            if not distribution.check(value := getattr(self, name)):
                raise ValueError(f"{type(self).__name__}: {name}={value!r}; expected {distribution}.")

    def mesh(self) -> Mesh:
        """The object's mesh: bounding box centred, with a diagonal of 1."""
        whole = self.whole()
        return finished(whole, unit_diagonal(whole.vertices))

    def whole(self) -> Part:
        """All parts in one, where the program put them, without faces that have no area."""
        whole = joined(self.parts())
        corners = whole.vertices[whole.faces]
        area = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
        kept = area > 1e-12
        used, faces = np.unique(whole.faces[kept], return_inverse=True)
        return Part(whole.vertices[used], faces.reshape(-1, 3), whole.colours[kept])


def finished(whole: Part, vertices: np.ndarray) -> Mesh:
    """The mesh of an object's whole, with its vertices put into the frame of the pictures: rounded, colours as bytes."""
    return Mesh(
        np.round(vertices, DECIMALS), whole.faces, np.round(np.clip(whole.colours, 0, 1) * 255).astype(np.uint8)
    )
