"""The ambiguity set: images of which all objects that could be behind them are listed.

A program knows what a picture does not show: arms and a seat's depth behind a solid back, the far legs, what is under a
table's cloth. Of an image its *variants* are the true object and others that differ from it in hidden parameters and look the
same from there. They are a known posterior: the true shape is one of them, each as likely as the other
(:mod:`lmnet_utils.evaluation.ambiguity` measures samplers against it). ``docs/ambiguity.md`` shows it.

The list of images is committed (``ambiguity.json``; ``tools/find_ambiguity.py`` searched for them); images and clouds are made
of it on demand. A variant stands where the true object stands in the picture, on the true object's scale: a hidden part that
sticks out farther would change the centre and the diagonal that an object is normalised by, and so move all that is seen.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np

from lmnet_utils.core import cache, files, parallel, paths
from lmnet_utils.data.mesh import Mesh
from lmnet_utils.data.programs.catalogue import RESERVED, SEEDS_A_SET, draw, object_id
from lmnet_utils.data.programs.parameters import Program, finished
from lmnet_utils.data.programs.parts import Part
from lmnet_utils.data.views import process_renderer, sample_clouds
from lmnet_utils.geometry.camera import IMAGE_SIZE, camera_position, project_to_pixels
from lmnet_utils.geometry.frames import file_from_y_up

LIST = Path(__file__).parents[1] / "ambiguity.json"
FIRST_SEED = RESERVED * SEEDS_A_SET
"""Objects have a million seeds from here on, those of a data-set seed that no data set can have."""
CHANGED_PIXELS = 0.01
"""At most this share of the object's pixels may differ …"""
CHANGE = 8
"""… by more than this, of 255, in red, green, blue or coverage."""
LEAST_DISTANCE = 0.5
"""Any two variants differ by at least so much: the Chamfer distance ×100 of 1024 points above the floor of sampling, which two
samplings of one surface miss by 0.1. The surfaces themselves are then 1 to 2 apart (``docs/ambiguity.md``)."""
MOST_VARIANTS = 32
CENTRE_PIXELS = 4.0
"""A variant's own bounding box is centred within so many pixels of the picture's middle, for data sets centre every object."""
POINTS = 2048
CLOUD_SEED = 1
"""Of the set's clouds; see :meth:`AmbiguousImage.cloud`."""


@dataclasses.dataclass(frozen=True)
class Variant:
    """What differs from the true object, by parameter, and the axes on which the side near the camera stays in its place."""

    change: dict[str, Any] = dataclasses.field(default_factory=dict)
    anchor: str = ""


@dataclasses.dataclass(frozen=True)
class AmbiguousImage:
    """An object of a program, a camera (azimuth°, elevation°, distance ratio), and all that could be behind the image."""

    category: str
    seed: int
    camera: tuple[float, float, float]
    variants: tuple[Variant, ...] = (Variant(),)

    def __post_init__(self) -> None:
        if not FIRST_SEED <= self.seed < FIRST_SEED + SEEDS_A_SET:
            raise ValueError(
                f"seed={self.seed}: training may have seen it; expected {FIRST_SEED} to {FIRST_SEED + SEEDS_A_SET - 1}."
            )

    @property
    def model(self) -> str:
        """The object's name; an object may be in several images."""
        return object_id(self.category, self.seed)

    @property
    def name(self) -> str:
        """The image's name: the object and the azimuth in whole degrees."""
        return f"{self.model}_{self.camera[0]:03.0f}"

    def true_object(self) -> Program:
        return draw(self.category, self.seed)

    def mesh(self, variant: Variant) -> Mesh:
        """A variant's mesh in the frame of the picture, which is the true object's: y up, diagonal about 1."""
        true = self.true_object()
        return placed_like(
            true.whole(), dataclasses.replace(true, **variant.change).whole(), self.camera, variant.anchor
        )

    def cloud(self, variant: Variant, mesh: Mesh, seed: int) -> np.ndarray:
        """Points (2048, 3) on a variant's mesh, y up; the same ones whatever other variants there are.

        The search compared the clouds of seed 0. The set's own are of another one: clouds that were chosen because they lie
        far apart would do so more than a sampler's, and even draws from the truth would seem too narrow.
        """
        return sample_clouds(mesh, f"{self.name}/{json.dumps([variant.change, variant.anchor])}", seed)[POINTS]

    def render(self, mesh: Mesh) -> np.ndarray:
        """The picture of a mesh, (137, 137, 4) uint8, as a data set's views are drawn."""
        azimuth, elevation, ratio = self.camera
        return process_renderer().render(mesh, np.array([[azimuth, elevation, 0.0, ratio, 25.0]]))[0]


def placed_like(true: Part, other: Part, camera: tuple[float, float, float], anchor: str = "") -> Mesh:
    """The mesh of an object in the frame of another one of the same program.

    Args:
        true: the whole that gives centre and scale: of its own mesh the bounding box is centred, with a diagonal of 1.
        other: the whole that is placed.
        camera: azimuth°, elevation°, distance ratio.
        anchor: axes ("", "x", "z" or "xz") on which the side of ``other`` that faces the camera comes to lie where that of
            ``true`` is; on the others the program's own origin stays.
    """
    low, high = true.vertices.min(axis=0), true.vertices.max(axis=0)
    shift, eye = np.zeros(3), camera_position(*camera)
    for axis in ("xyz".index(name) for name in anchor):
        nearest = np.max if eye[axis] > 0 else np.min
        shift[axis] = nearest(true.vertices[:, axis]) - nearest(other.vertices[:, axis])
    return finished(other, (other.vertices + shift - (low + high) / 2) / np.linalg.norm(high - low))


def changed_pixels(image: np.ndarray, other: np.ndarray) -> float:
    """Share of an object's pixels, of (H, W, 4) uint8, that differ by more than :data:`CHANGE` in another picture."""
    differs = np.abs(image.astype(np.int16) - other).max(axis=-1) > CHANGE
    return float(differs.sum() / max((image[..., 3] > 0).sum(), 1))


def centre_offset(mesh: Mesh, camera: tuple[float, float, float]) -> float:
    """How far from the picture's middle the centre of a mesh's bounding box is seen, pixels."""
    centre = (mesh.vertices.min(axis=0) + mesh.vertices.max(axis=0)) / 2
    return float(np.linalg.norm(project_to_pixels(centre[None], *camera)[0] - (IMAGE_SIZE - 1) / 2))


# ------------------------------------------------------------------------------------------------------------ the set
def ambiguous_images(path: Path = LIST) -> list[AmbiguousImage]:
    """The images of the committed list, in its order."""
    return [ambiguous_image(row) for row in files.read_json(path)]


def ambiguous_image(row: dict[str, Any]) -> AmbiguousImage:
    """An image as it stands in the list."""
    azimuth, elevation, ratio = row["camera"]
    others = (Variant(_hashable(one["change"]), one.get("anchor", "")) for one in row["variants"])
    return AmbiguousImage(row["class"], row["seed"], (azimuth, elevation, ratio), (Variant(), *others))


def _hashable(change: dict[str, Any]) -> dict[str, Any]:
    """JSON has no tuples; programs' parameters are."""
    return {name: tuple(value) if isinstance(value, list) else value for name, value in change.items()}


def read_ambiguous(image: AmbiguousImage, folder: Path | None = None) -> dict[str, np.ndarray]:
    """What belongs to an image, made if it is not there.

    Args:
        image: of :func:`ambiguous_images`.
        folder: where it is kept; by default ``data/ambiguity``.

    Returns:
        ``image`` (137, 137, 4) uint8 and ``clouds`` (K, 2048, 3) float32, the true object's first: in the file frame, where
        they stand in the picture.
    """
    file = _file(image, folder)
    found = cache.read_arrays(file)
    if not found:
        meshes = [image.mesh(variant) for variant in image.variants]
        clouds = np.stack([image.cloud(*pair, CLOUD_SEED) for pair in zip(image.variants, meshes, strict=True)])
        found = {"image": image.render(meshes[0]), "clouds": file_from_y_up(clouds).astype(np.float32)}
        with files.atomic_path(file) as temporary, open(temporary, "wb") as stream:
            np.savez(stream, **found)  # type: ignore[arg-type]
    return found


def _file(image: AmbiguousImage, folder: Path | None) -> Path:
    key = cache.fingerprint(dataclasses.asdict(image), "ambiguity")
    return (folder or paths.data_root() / "ambiguity") / f"{image.name}-{key}.npz"


def make_ambiguity_set(images: list[AmbiguousImage], folder: Path | None = None, workers: int | None = None) -> int:
    """Make what :func:`read_ambiguous` reads of all images, spread over the cores; what is there and whole is kept.

    Returns:
        how many images were not there yet.
    """
    folder = folder or paths.data_root() / "ambiguity"
    missing = [(image, folder) for image in images if not cache.read_arrays(_file(image, folder))]
    bar = {"desc": "ambiguity set", "unit": "image", "disable": not missing}
    for _ in parallel.each(_make, missing, jobs=workers, bar=bar):  # processes: threads would share one renderer
        pass
    return len(missing)


def _make(image: AmbiguousImage, folder: Path) -> None:
    read_ambiguous(image, folder)
