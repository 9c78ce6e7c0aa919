"""PyTorch3D renders of point clouds, turntables, and grids of pictures.

The only module that needs pytorch3d, and it asks for it at the first render, so that everything else imports without.
Clouds come in the file frame (up = −x); :func:`lmnet_utils.pointclouds.y_up_from_file` stands them up.
"""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from tqdm.auto import tqdm

from lmnet_utils.notebook_settings import RenderSettings
from lmnet_utils.pointclouds import y_up_from_file
from lmnet_utils.reproducibility import atomic_path, read_json, write_json

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_TILE = 64  # pixels; see _render_ndc
COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8A8A8A")
"""Colours of lines: Okabe and Ito's, which colour-blind people can tell apart, and grey."""
MARKERS = "osD^vP*X"


def _pytorch3d():
    try:
        import pytorch3d.renderer
        import pytorch3d.structures
    except ImportError as error:
        raise ImportError(
            f"rendering needs pytorch3d ({error}). Install it with `pip install easypytorch3d==0.7.9.post1` or "
            "`conda install -c conda-forge pytorch3d`; `lmnet doctor` shows whether it fits the installed torch."
        ) from error
    return pytorch3d


# ------------------------------------------------------------------------------------------------------------ render
def render_pointcloud(
    points: np.ndarray | torch.Tensor,
    settings: RenderSettings | None = None,
    *,
    azimuths: Sequence[float] | None = None,
    progress: bool = False,
) -> np.ndarray:
    """Render clouds with PyTorch3D: an orthographic camera, discs blended by the norm-weighted compositor.

    Args:
        points: (N, 3) or (B, N, 3) in the file frame (up = −x).
        settings: camera, discs and colours; by default the port's.
        azimuths: a camera azimuth in degrees for each cloud, instead of the one in ``settings``.
        progress: show a bar.

    Returns:
        (size, size, 3) or (B, size, size, 3) float32, RGB in 0…1.

    Raises:
        ImportError: pytorch3d is not installed; the message has the command.
        ValueError: wrong shape, or NaN or infinite coordinates.
    """
    settings = settings or RenderSettings()
    clouds = torch.as_tensor(np.asarray(points), dtype=torch.float32)
    single = clouds.ndim == 2
    clouds = clouds[None] if single else clouds
    if clouds.ndim != 3 or clouds.shape[-1] != 3:
        raise ValueError(f"expected points of shape (N, 3) or (B, N, 3), found {tuple(np.shape(points))}.")
    if not torch.isfinite(clouds).all():
        raise ValueError("the clouds hold NaN or infinite coordinates.")
    turns = [settings.azimuth] * len(clouds) if azimuths is None else list(azimuths)
    if len(turns) != len(clouds):
        raise ValueError(f"{len(turns)} azimuths for {len(clouds)} clouds: expected one each.")
    images = [
        _render_ndc(_to_ndc(cloud, turn, settings), settings)
        for cloud, turn in zip(tqdm(clouds, desc="render", disable=not progress), turns, strict=True)
    ]
    size = settings.image_size
    stacked = torch.stack(images).numpy() if images else np.zeros((0, size, size, 3), np.float32)
    return stacked[0] if single else stacked


def _to_ndc(cloud: torch.Tensor, azimuth: float, settings: RenderSettings) -> torch.Tensor:
    """(N, 3) in the file frame → (N, 3): x (leftwards) and y (upwards) in [−1, 1] across the picture, z the depth."""
    renderer = _pytorch3d().renderer
    rotation, translation = renderer.look_at_view_transform(
        settings.distance, settings.elevation, azimuth + settings.front
    )
    camera = renderer.FoVOrthographicCameras(
        R=rotation, T=translation, znear=settings.znear, scale_xyz=((settings.zoom, settings.zoom, 1.0),)
    )
    upright = y_up_from_file(cloud)
    projected = camera.transform_points(upright)
    projected[:, 2] = camera.get_world_to_view_transform().transform_points(upright)[:, 2]
    return projected[projected[:, 2] > settings.znear]


def _render_ndc(points: torch.Tensor, settings: RenderSettings) -> torch.Tensor:
    """Projected points → (size, size, 3), exactly as ``PointsRenderer`` would, some 30 times as fast on a CPU.

    PyTorch3D's CPU rasteriser tests every point at every pixel. So the picture is cut into square tiles, each tile is
    a picture of its own that only gets the points whose discs reach it, and all tiles go through PyTorch3D as one batch.
    """
    pytorch3d = _pytorch3d()
    size, radius = settings.image_size, settings.radius * settings.zoom
    tiles = -(-size // _TILE)  # a side; the last row and column may hang over the edge
    half = _TILE / size  # half a tile's side, in half picture widths
    background = torch.tensor(settings.background, dtype=torch.float32)
    canvas = background.expand(tiles, tiles, _TILE, _TILE, 3).clone()

    centres = 1 - half * (2 * torch.arange(tiles) + 1)  # of tile rows from the top, of columns from the left
    reach = half + radius
    in_row = (points[:, 1, None] - centres).abs() <= reach  # (N, tiles)
    in_column = (points[:, 0, None] - centres).abs() <= reach
    tile, point = (in_row[:, :, None] & in_column[:, None, :]).flatten(1).T.nonzero(as_tuple=True)
    if len(point) == 0:
        return background.expand(size, size, 3).clone()
    row, column = tile // tiles, tile % tiles
    local = points[point].clone()
    local[:, 0] = (local[:, 0] - centres[column]) / half
    local[:, 1] = (local[:, 1] - centres[row]) / half
    occupied, counts = tile.unique_consecutive(return_counts=True)

    clouds = pytorch3d.structures.Pointclouds(list(local.split(counts.tolist())))
    indices, _, squared = pytorch3d.renderer.points.rasterize_points(
        clouds, image_size=_TILE, radius=radius / half, points_per_pixel=settings.points_per_pixel, bin_size=0
    )
    weights = 1 - squared / (radius / half) ** 2  # as in pytorch3d's PointsRenderer
    compositor = pytorch3d.renderer.NormWeightedCompositor(background_color=settings.background)
    images = compositor(
        indices.long().permute(0, 3, 1, 2), weights.permute(0, 3, 1, 2), _colors(points[:, 2], settings)[:, point]
    )
    canvas.view(-1, _TILE, _TILE, 3)[occupied] = images.permute(0, 2, 3, 1)
    return canvas.permute(0, 2, 1, 3, 4).reshape(tiles * _TILE, tiles * _TILE, 3)[:size, :size]


def _colors(depth: torch.Tensor, settings: RenderSettings) -> torch.Tensor:
    """(N,) depths → (3, N) colours: from the nearest point's, the full one, towards the background."""
    color, background = torch.tensor(settings.color)[:, None], torch.tensor(settings.background)[:, None]
    span = (depth.max() - depth.min()).clamp(min=1e-9)
    fade = settings.depth_fade * (depth - depth.min()) / span
    return color + fade * (background - color)


# --------------------------------------------------------------------------------------------------------- turntable
def turntable(
    points: np.ndarray | torch.Tensor, settings: RenderSettings | None = None, *, frames: int = 36
) -> np.ndarray:
    """One cloud from ``frames`` azimuths, evenly over a full turn, beginning at the settings' azimuth.

    Args:
        points: (N, 3) in the file frame.
        settings: as :func:`render_pointcloud`.
        frames: pictures in a turn.

    Returns:
        (frames, size, size, 3) uint8.
    """
    settings = settings or RenderSettings()
    if frames < 1:
        raise ValueError(f"frames={frames}: expected at least 1.")
    clouds = torch.as_tensor(np.asarray(points)).expand(frames, -1, -1)
    turns = [settings.azimuth + 360.0 * k / frames for k in range(frames)]
    return to_uint8(render_pointcloud(clouds, settings, azimuths=turns))


def write_gif(path: str | Path, frames: np.ndarray, *, seconds: float = 3.0) -> Path:
    """Write (F, H, W, 3) uint8 frames as an endless GIF that takes ``seconds`` a turn; returns the path."""
    from PIL import Image

    # One palette for all frames, so that nothing flickers and the file stays small.
    palette = Image.fromarray(np.concatenate(list(frames[:: max(1, len(frames) // 8)]))).quantize(32)
    pictures = [Image.fromarray(frame).quantize(palette=palette, dither=Image.Dither.NONE) for frame in frames]
    with atomic_path(path) as temporary:
        pictures[0].save(
            temporary,
            format="GIF",
            save_all=True,
            append_images=pictures[1:],
            duration=round(1000 * seconds / len(pictures)),
            loop=0,
            optimize=False,
        )
    return Path(path)


def write_png(path: str | Path, image: np.ndarray) -> Path:
    """Write one (H, W, 3) picture, float 0…1 or uint8, as PNG; returns the path."""
    from PIL import Image

    with atomic_path(path) as temporary:
        Image.fromarray(to_uint8(image)).save(temporary, format="PNG", optimize=True)
    return Path(path)


def to_uint8(image: np.ndarray) -> np.ndarray:
    """Float pictures in 0…1 as uint8; uint8 stays as it is."""
    image = np.asarray(image)
    return image if image.dtype == np.uint8 else np.rint(255 * np.clip(image, 0, 1)).astype(np.uint8)


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
    az, el = np.radians([azimuth, elevation])
    towards = np.array([np.cos(az) * np.cos(el), np.sin(el), np.sin(az) * np.cos(el)])
    right = np.array([np.sin(az), 0.0, -np.cos(az)])
    return y_up_from_file(np.asarray(points)) @ np.stack([right, np.cross(towards, right), towards], -1)


def plot_cloud(axis: Axes, points: np.ndarray, *, azimuth: float = 30.0, elevation: float = 25.0) -> None:
    """Draw a cloud on matplotlib axes, the far points lighter; the bounds are the same for every cloud.

    A quick picture that needs no pytorch3d. Arguments as :func:`orthographic_view`; the axes span ±0.5, the diagonal of an object.
    """
    view = orthographic_view(points, azimuth, elevation)
    view = view[np.argsort(view[:, 2])]
    axis.scatter(view[:, 0], view[:, 1], c=view[:, 2], s=1.5, cmap="Blues", vmin=-0.9, vmax=0.4, linewidths=0)
    axis.set(xlim=(-0.52, 0.52), ylim=(-0.52, 0.52), aspect="equal", xticks=[], yticks=[])
    axis.spines[:].set_visible(False)


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
                plot_cloud(axis, content, azimuth=float(seen_from))
    for axis, title in zip(axes[0], column_titles, strict=True):
        axis.set_title(title, fontsize=8)
    return figure


def interval_plot(rows: Sequence[Mapping[str, Any]], *, limits: tuple[float, float] = (0.0, 25.0)) -> Figure:
    """Rows of a results table as points with intervals: a line of the figure per class, a colour per model.

    Args:
        rows: of :func:`lmnet_utils.metrics.comparison`, of several classes; a class of one object has no interval.
        limits: of the score's axis, fixed so that figures compare.
    """
    import matplotlib.pyplot as plt

    classes = list(dict.fromkeys(row["classes"] for row in rows))
    models = list(dict.fromkeys(row["model"] for row in rows))
    height = max(0.35, 0.09 * len(models)) * len(classes) + 1.3
    figure, axis = plt.subplots(figsize=(8, height), layout="constrained")
    for k, model in enumerate(models):
        mine = [row for row in rows if row["model"] == model]
        place = [classes.index(row["classes"]) + 0.6 * ((k + 0.5) / len(models) - 0.5) for row in mine]
        keys = ("chamfer_low", "chamfer", "chamfer_high")
        low, middle, high = (np.array([row[key] for row in mine], np.float64) for key in keys)  # NaN for None
        axis.errorbar(
            middle,
            place,
            xerr=np.maximum([middle - low, high - middle], 0),
            fmt=MARKERS[k % len(MARKERS)],
            color=COLORS[k % len(COLORS)],
            ms=4,
            capsize=2,
            label=model,
        )
    counts = {row["classes"]: row["n_models"] for row in rows}
    axis.set_yticks(range(len(classes)), [f"{name} ({counts[name]})" for name in classes])
    axis.set(xlim=limits, ylim=(len(classes) - 0.5, -0.5), xlabel="Chamfer ×100, 95 % intervals")
    figure.legend(loc="outside upper center", ncols=min(len(models), 5), fontsize=8, frameon=False)
    return figure


@dataclasses.dataclass(frozen=True)
class PlotPanel:
    """One set of axes of :func:`panel_plot`, with fixed bounds so that figures of several runs compare.

    Attributes:
        series: label → rows with ``x``, ``mean`` and, where there is an interval, ``low`` and ``high`` (None where a bin
            has none). Rows without these keys are a dashed line, such as a target curve.
        x: the key of the horizontal coordinate.
        xticks: where they are to stand.
        log2: the horizontal axis counts doublings.
    """

    title: str
    xlabel: str
    ylabel: str
    xlim: tuple[float, float]
    ylim: tuple[float, float]
    series: Mapping[str, Sequence[Mapping[str, Any]]]
    x: str = "angle"
    xticks: Sequence[float] | None = None
    log2: bool = False


def panel_plot(panels: Sequence[PlotPanel], *, columns: int = 2, height: float = 2.7) -> Figure:
    """Lines with 95 % bands in panels side by side; a label has one colour and marker throughout, and one legend.

    Args:
        panels: see :class:`PlotPanel`.
        columns: panels in a row.
        height: of a panel in inches.
    """
    import matplotlib.pyplot as plt
    from matplotlib.ticker import ScalarFormatter

    series = {label: rows for panel in panels for label, rows in panel.series.items()}
    labels = [label for label, rows in series.items() if any("low" in row for row in rows)]
    lines = -(-len(panels) // columns)
    legend_lines = -(-len(series) // 4)
    size = (4.6 * columns, height * lines + 0.2 * legend_lines)
    figure, axes = plt.subplots(lines, columns, figsize=size, squeeze=False, layout="constrained")
    handles: dict[str, Any] = {}
    for axis, panel in zip(axes.flat, panels, strict=False):
        for label, rows in panel.series.items():
            x, mean = ([row[key] for row in rows] for key in (panel.x, "mean"))
            if label not in labels:
                (handles[label],) = axis.plot(x, mean, "--", lw=1.3, color="0.35")
                continue
            k = labels.index(label)
            color, marker = COLORS[k % len(COLORS)], MARKERS[k % len(MARKERS)]
            known = [row for row in rows if row["low"] is not None]
            band = ([row[key] for row in known] for key in (panel.x, "low", "high"))
            axis.fill_between(*band, color=color, alpha=0.1, lw=0)
            (handles[label],) = axis.plot(x, mean, marker=marker, ms=4, lw=1.3, color=color)
        if panel.log2:
            axis.set_xscale("log", base=2)
            axis.xaxis.set_major_formatter(ScalarFormatter())
        axis.set(xlim=panel.xlim, ylim=panel.ylim, xlabel=panel.xlabel, ylabel=panel.ylabel)
        axis.set_title(panel.title, fontsize=9)
        if panel.xticks is not None:
            axis.set_xticks(panel.xticks)
        axis.grid(alpha=0.25, lw=0.6)
    for axis in axes.flat[len(panels) :]:
        axis.set_visible(False)
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=4, fontsize=8, frameon=False)
    return figure


# ------------------------------------------------------------------------------------------------------------- grids
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


def history_plot(history: Sequence[Mapping[str, Any]]) -> Figure:
    """Training loss (logarithmic) and validation Chamfer over the epochs of a training's ``history``.

    Args:
        history: rows of :class:`lmnet_utils.training.TrainingResult`; epoch 0, where it exists, is the initial weights.
    """
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 2.6), layout="constrained")
    trained = [row for row in history if "loss" in row]
    left.plot([row["epoch"] for row in trained], [row["loss"] for row in trained], ".-")
    left.set(xlabel="epoch", ylabel="training loss", yscale="log")
    scored = [row for row in history if row["validation_chamfer"] is not None]
    if scored:
        best = min(scored, key=lambda row: row["validation_chamfer"])
        right.plot([row["epoch"] for row in scored], [row["validation_chamfer"] for row in scored], ".-", color="C1")
        right.plot(best["epoch"], best["validation_chamfer"], "o", color="C3", label=f"kept: epoch {best['epoch']}")
        right.legend(frameon=False, fontsize=8)
    right.set(xlabel="epoch", ylabel="validation Chamfer ×100", ylim=(0, 25))
    return figure
