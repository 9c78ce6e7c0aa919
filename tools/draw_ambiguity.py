"""The picture and the table of docs/ambiguity.md, from the committed list.

::

    python tools/draw_ambiguity.py           # writes docs/ambiguity.png
    python tools/ship_weights.py --tables    # writes the table
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
from lmnet_utils.core.files import atomic_path
from lmnet_utils.data.programs.ambiguity import AmbiguousImage, ambiguous_images
from lmnet_utils.data.programs.pictures import on_light_grey
from lmnet_utils.data.taxonomy import CLASSES
from lmnet_utils.evaluation.ambiguity import chamfer_above_floor
from lmnet_utils.evaluation.tables import table
from lmnet_utils.rendering.grids import image_grid

SHOWN_CLASSES, SHOWN_VARIANTS = 7, 6
CLOSE = 0.85
"""Distance ratio of the views from the hidden side."""


def draw_sheet() -> None:
    """Write docs/ambiguity.png: of the classes with most variants the image that leaves most open, and its variants' hidden sides."""
    most: dict[str, AmbiguousImage] = {}
    for image in sorted(ambiguous_images(), key=_left_open):
        most[image.category] = image
    shown = sorted(most.values(), key=_left_open, reverse=True)[:SHOWN_CLASSES]
    rows = []
    for image in shown:
        azimuth, elevation, _ = image.camera
        behind = dataclasses.replace(image, camera=((azimuth + 180) % 360, elevation, CLOSE))
        meshes = [image.mesh(variant) for variant in image.variants[:SHOWN_VARIANTS]]
        pictures = [image.render(meshes[0]), *map(behind.render, meshes)]
        rows.append([_cut(on_light_grey(picture)) for picture in pictures])
    titles = ["the image", "true object,\nfrom behind", *["another variant"] * (SHOWN_VARIANTS - 1)]
    names = [f"{image.category}\n{len(image.variants)} variants" for image in shown]
    figure = image_grid(rows, titles, names, cell=1.35)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    plt.close(figure)
    with atomic_path(paths.project_root() / "docs" / "ambiguity.png") as temporary:
        picture = Image.open(buffer).convert("RGB").quantize(128, dither=Image.Dither.NONE)
        picture.save(temporary, format="PNG", optimize=True)


def _left_open(image: AmbiguousImage) -> tuple[int, float]:
    """How many variants there are, then how far the first of them is from the true object."""
    if len(image.variants) < 2:
        return 1, 0.0
    clouds = [image.cloud(variant, image.mesh(variant)) for variant in image.variants[:2]]
    return len(image.variants), float(chamfer_above_floor(clouds)[0, 1])


def _cut(picture: np.ndarray) -> np.ndarray:
    return picture[16:-16, 16:-16]


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


if __name__ == "__main__":
    draw_sheet()
