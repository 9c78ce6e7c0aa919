"""Pictures and clouds in rows and columns, drawn by matplotlib, and kept with their captions."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from lmnet_utils.core.files import atomic_path, read_json, write_json
from lmnet_utils.geometry.camera import camera_axes
from lmnet_utils.geometry.frames import y_up_from_file
from lmnet_utils.rendering.renders import to_uint8

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.figure import Figure


# ------------------------------------------------------------------------------------------------------------- plots
def orthographic_view(points: np.ndarray | torch.Tensor, azimuth: float, elevation: float) -> np.ndarray:
    """Orthographic view in the directions of the data set's camera: azimuth 0° looks at the front, 180° at the back.

    The camera of 3D-R2N2 looks from (cos az·cos el, sin el, sin az·cos el), y up. (PyTorch3D counts azimuth otherwise.)

    Args:
        points: (N, 3) in the file frame.
        azimuth, elevation: degrees.

    Returns:
        (N, 3): to the right, upwards, towards the camera.
    """
    return y_up_from_file(np.asarray(points)) @ camera_axes(azimuth, elevation).T


def plot_cloud(
    axis: Axes, points: np.ndarray, *, azimuth: float = 30.0, elevation: float = 25.0, disc: float = 2.4, **colour: Any
) -> PathCollection:
    """Draw a cloud on matplotlib axes as discs with a thin white edge, near ones dark; every cloud has the same bounds.

    A quick picture that needs no pytorch3d. Arguments as :func:`orthographic_view`; the axes span ±0.52, a little more than
    the diagonal of an object.

    Args:
        disc: diameter of a disc in points (1/72 inch).
        colour: other colours than the depth's: ``c`` with one number a point, ``cmap``, ``vmin``, ``vmax``.

    Returns:
        What was drawn, for a colour bar.
    """
    view = orthographic_view(points, azimuth, elevation)
    order = np.argsort(view[:, 2])
    colour = {"c": view[:, 2], "cmap": "Blues", "vmin": -0.75, "vmax": 0.45, **colour}
    colour["c"] = np.asarray(colour["c"])[order]
    drawn = axis.scatter(*view[order, :2].T, s=disc**2, linewidths=0.1 * disc, edgecolors=(1, 1, 1, 0.55), **colour)
    axis.set(xlim=(-0.52, 0.52), ylim=(-0.52, 0.52), aspect="equal", xticks=[], yticks=[])
    axis.spines[:].set_visible(False)
    return drawn


def cloud_grid(
    rows: Sequence[tuple[str, float | Sequence[float], Sequence[np.ndarray | None]]],
    column_titles: Sequence[str],
    *,
    cell: float = 1.35,
) -> Figure:
    """Pictures (H, W, 3) and clouds (N, 3) in rows and columns, drawn by matplotlib alone.

    Args:
        rows: each a title, the azimuth in degrees that its clouds are seen from (that of its image; one for all cells or
            one each), and its cells.
        column_titles: one a column.
        cell: side of a cell in inches.
    """
    import matplotlib.pyplot as plt

    size = (cell * len(column_titles) + 0.3, cell * len(rows) + 0.3)
    figure, axes = plt.subplots(len(rows), len(column_titles), figsize=size, squeeze=False, layout="constrained")
    for line, (title, azimuth, cells) in zip(axes, rows, strict=True):
        line[0].set_ylabel(title, fontsize=8)
        for axis, content, seen_from in zip(line, cells, np.broadcast_to(azimuth, len(cells)), strict=True):
            axis.set(xticks=[], yticks=[])
            if content is None:
                axis.spines[:].set_visible(False)
            elif np.ndim(content) == 3:
                axis.imshow(content)
            else:
                plot_cloud(axis, content, azimuth=float(seen_from), disc=1.8 * cell)
    for axis, title in zip(axes[0], column_titles, strict=True):
        axis.set_title(title, fontsize=8)
    return figure


# ------------------------------------------------------------------------------------------------------------- grids
def on_grey(images: np.ndarray) -> np.ndarray:
    """Input images (…, H, W, 3) uint8 for people: the networks' black background becomes grey, so that dark objects show."""
    return np.where((images == 0).all(axis=-1, keepdims=True), np.uint8(140), images)


def image_grid(
    rows: Sequence[Sequence[np.ndarray | None]],
    column_titles: Sequence[str] = (),
    row_titles: Sequence[str] = (),
    *,
    cell: float = 1.6,
) -> Figure:
    """Pictures in labelled rows and columns, every cell of the same size.

    Args:
        rows: each a row of (H, W, 3) pictures, float 0…1 or uint8; ``None`` leaves a cell empty.
        column_titles: above the columns.
        row_titles: left of the rows.
        cell: side of a cell in inches.
    """
    import matplotlib.pyplot as plt

    if not rows or not rows[0]:
        raise ValueError("no pictures: expected at least one row with one picture.")
    width = max(len(row) for row in rows)
    left, top = (0.9 if row_titles else 0.05), (0.35 if column_titles else 0.05)  # inches
    size = (left + width * cell, top + len(rows) * cell)
    figure, axes = plt.subplots(len(rows), width, figsize=size, squeeze=False)
    figure.subplots_adjust(left=left / size[0], right=1, top=1 - top / size[1], bottom=0, wspace=0.03, hspace=0.03)
    for i, row in enumerate(rows):
        for j in range(width):
            axis = axes[i, j]
            axis.set(xticks=[], yticks=[])
            axis.spines[:].set_visible(False)
            if j < len(row) and row[j] is not None:
                axis.imshow(to_uint8(row[j]), interpolation="antialiased")
            if i == 0 and j < len(column_titles):
                axis.set_title(column_titles[j], fontsize=9)
        if i < len(row_titles):
            axes[i, 0].set_ylabel(row_titles[i], fontsize=9)
    return figure


def keep_figure(figure: Figure, path: str | Path, caption: str) -> None:
    """Save a figure as PNG with its caption for the report, close it, and show the file in the notebook.

    The PNG has a palette of 256 colours: a quarter of the size, so that notebooks with many renders stay below 1 MB.
    """
    import matplotlib.pyplot as plt
    from IPython.display import Image as NotebookImage
    from IPython.display import display
    from PIL import Image

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100)
    plt.close(figure)  # the inline backend would show it a second time
    # MAXCOVERAGE keeps rare colours, such as a small red object among thousands of blue points.
    whole = Image.open(buffer).convert("RGB")
    picture = whole.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    path = Path(path)
    with atomic_path(path) as temporary:
        picture.save(temporary, format="PNG", optimize=True)
    add_caption(path, caption)
    display(NotebookImage(path.read_bytes(), alt=caption))


def add_caption(path: str | Path, caption: str) -> None:
    """Note the caption of a picture file in the ``figures.json`` beside it ({file name: caption}, in order)."""
    path = Path(path)
    index = path.with_name("figures.json")
    captions = read_json(index) if index.is_file() else {}
    write_json(index, {**captions, path.name: caption})
