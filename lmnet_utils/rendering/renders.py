"""PyTorch3D renders of point clouds, turntables, and picture files.

The only module that needs pytorch3d, and it asks for it at the first render, so that everything else imports without.
Clouds come in the file frame (up = −x); :func:`lmnet_utils.geometry.frames.y_up_from_file` stands them up.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tqdm.auto import tqdm

from lmnet_utils.core.files import atomic_path
from lmnet_utils.core.notebook_settings import RenderSettings
from lmnet_utils.geometry.frames import y_up_from_file

_TILE = 64  # pixels; see _render_ndc


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
