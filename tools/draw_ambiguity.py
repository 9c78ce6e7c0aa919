"""The picture and the tables of docs/ambiguity.md, from the committed list and the kept benchmark.

::

    python tools/draw_ambiguity.py           # writes docs/ambiguity.png
    python tools/ship_weights.py --tables    # writes the tables
"""

from __future__ import annotations

import dataclasses
import io

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from PIL import Image

from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path, read_json
from lmnet_utils.data.mesh import Mesh
from lmnet_utils.data.programs.ambiguity import AmbiguousImage, ambiguous_images, changed_pixels
from lmnet_utils.data.programs.pictures import on_light_grey
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.evaluation.ambiguity import chamfer_above_floor
from lmnet_utils.evaluation.tables import table
from lmnet_utils.rendering.grids import image_grid

MEASURED = paths.project_root() / "benchmarks" / "ambiguity.json"
FIGURES = {
    "coverage": ("coverage", "1"),
    "precision": ("precision", "1"),
    "energy_excess": ("energy excess", "0"),
    "region_0.5": ("truths within the 50 % region", "0.5"),
    "region_0.8": ("truths within the 80 % region", "0.8"),
    "region_0.95": ("truths within the 95 % region", "0.95"),
    "rank_1": ("most eccentric tenth of ranks", "0.1"),
    "silhouette": ("silhouette IoU", ""),
    "visible_distance": ("visible-surface distance, ×100", ""),
}
"""Figure → its title and what it should be, in the order of the table."""
SHOWN_CLASSES, SHOWN_VARIANTS = 7, 6
CLOSE = 0.85
"""Distance ratio of the views from the hidden side."""
TURNS = (180, 120, 150, 210, 240)
"""By how many degrees these may be turned from the image's: the one that shows most of what differs."""


def draw_sheet() -> None:
    """Write docs/ambiguity.png: of the classes with most variants the image that leaves most open, and its variants."""
    most: dict[str, AmbiguousImage] = {}
    for image in sorted(ambiguous_images(), key=_left_open):
        most[image.category] = image
    shown = sorted(most.values(), key=_left_open, reverse=True)[:SHOWN_CLASSES]
    rows = []
    for image in shown:
        meshes = [image.mesh(variant) for variant in image.variants[:SHOWN_VARIANTS]]
        pictures = [image.render(meshes[0]), *max((_seen_from(image, turn, meshes) for turn in TURNS), key=_difference)]
        rows.append([_cut(on_light_grey(picture)) for picture in pictures])
    titles = ["the image", "true, other side", *["another variant"] * (SHOWN_VARIANTS - 1)]
    names = [f"{image.category}\n{len(image.variants)} variants" for image in shown]
    figure = image_grid(rows, titles, names, cell=1.35)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    plt.close(figure)
    with atomic_path(paths.project_root() / "docs" / "ambiguity.png") as temporary:
        picture = Image.open(buffer).convert("RGB").quantize(128, dither=Image.Dither.NONE)
        picture.save(temporary, format="PNG", optimize=True)


def _seen_from(image: AmbiguousImage, turn: float, meshes: list[Mesh]) -> list[np.ndarray]:
    """Pictures of meshes from another side than the image's."""
    azimuth, elevation, _ = image.camera
    other = dataclasses.replace(image, camera=((azimuth + turn) % 360, elevation, CLOSE))
    return [other.render(mesh) for mesh in meshes]


def _difference(pictures: list[np.ndarray]) -> float:
    return sum(changed_pixels(pictures[0], picture) for picture in pictures[1:])


def _left_open(image: AmbiguousImage) -> tuple[int, float]:
    """How many variants there are, then how far the first of them is from the true object."""
    if len(image.variants) < 2:
        return 1, 0.0
    clouds = [image.cloud(variant, image.mesh(variant), 0) for variant in image.variants[:2]]
    return len(image.variants), float(chamfer_above_floor(clouds)[0, 1])


def _cut(picture: np.ndarray) -> np.ndarray:
    return picture[10:-10, 10:-10]


def summary() -> str:
    """The table of the list, class by class: images, how many leave something open, and how many variants these have."""
    images = ambiguous_images()
    rows = []
    for name in [*CLASSES, "all"]:
        mine = [image for image in images if name in (image.category, "all")]
        counts = np.array([len(image.variants) for image in mine if len(image.variants) > 1])
        row = {"class": name, "images": len(mine), "leave something open": len(counts)}
        if len(counts):
            row |= {"variants, mean": f"{counts.mean():.1f}", "most": counts.max()}
        rows += [row] if mine else []
    return table(rows)


def samplers() -> str:
    """The table of two samplers whose answers are known, from the kept figures of ``benchmarks/ambiguity.py``."""
    found = read_json(MEASURED)["rows"]
    by_figure = {name: {row["figure"]: row for row in rows} for name, rows in found.items()}
    rows = []
    for figure, (title, ideal) in FIGURES.items():
        row = {"figure": title, "ideal": ideal}
        for name, of_sampler in by_figure.items():
            one, digits = of_sampler[figure], 3 if figure == "energy_excess" else 2
            row[name] = f"{one['mean']:.{digits}f} [{one['low']:.{digits}f}, {one['high']:.{digits}f}]"
        rows.append(row)
    return table(rows)


if __name__ == "__main__":
    draw_sheet()
