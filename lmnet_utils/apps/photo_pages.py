"""What is kept of a reconstructed picture: the overview, the page with clouds to turn, the files."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from lmnet_utils.apps.panels import ViewPanel, clouds_page
from lmnet_utils.apps.placing import Photo, box_of
from lmnet_utils.apps.reconstruction import Reconstruction
from lmnet_utils.core import notebook_settings, paths
from lmnet_utils.core.files import atomic_path, write_json
from lmnet_utils.data.images import on_white
from lmnet_utils.geometry.frames import y_up_from_file
from lmnet_utils.models import predictions
from lmnet_utils.rendering import grids, renders

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lmnet_utils.apps.exports import MeshOptions


_RECORD = "reconstruction.json"


# ------------------------------------------------------------------------------------------------------------- figures
def marked(photo: Photo, side: int = 256) -> np.ndarray:
    """The picture with its background faded, so that one sees what was cut out: (H, W, 3) uint8, at most ``side`` large."""
    picture = on_white(photo.image).astype(np.float32)
    faded = 0.25 * picture + 0.75 * 235
    shown = picture + (faded - picture) * (1 - photo.cutout.mask[..., None])
    shown = Image.fromarray(np.rint(shown).astype(np.uint8))
    shown.thumbnail((side, side))
    return np.asarray(shown)


def overview(found: Reconstruction, settings: notebook_settings.RenderSettings | None = None) -> Figure:
    """Figure of one reconstruction: the picture, the network's input, the cloud from four sides, and the samples.

    The clouds are PyTorch3D renders; without pytorch3d, matplotlib draws them.

    Args:
        found: of :func:`reconstruct_photos`.
        settings: of the renders; by default :func:`render_settings`.
    """
    pictures = [marked(found.photo), found.photo.input]
    turns = (0.0, 90.0, 180.0, 270.0)
    clouds = [found.points] * len(turns) + list(found.samples)
    azimuths = [*turns, *[turns[0]] * len(found.samples)]
    settings = settings or render_settings()
    titles = ["picture", "network input", *(f"cloud, {turn:.0f}°" for turn in turns)]
    try:
        azimuths = [settings.azimuth + turn for turn in azimuths]
        drawn = list(renders.render_pointcloud(np.stack(clouds), settings, azimuths=azimuths))
    except ImportError:
        rows = [("", 30.0, [*map(squared, pictures), found.points, *found.samples[:3]])]
        columns = ["picture", "network input", "cloud", *(f"sample {k + 1}" for k in range(len(found.samples[:3])))]
        return grids.cloud_grid(rows, columns, cell=1.9)
    rows = [[*map(squared, pictures), *drawn[: len(turns)]]]
    width = len(rows[0])
    rows += [drawn[len(turns) :][k : k + width] for k in range(0, len(found.samples), width)]
    names = ["", *["samples"] * (len(rows) - 1)]
    if found.best is not None:
        fitting = renders.render_pointcloud(np.stack([found.best.points] * 4), settings, azimuths=azimuths[:4])
        rows.append([None, None, *fitting])
        names.append("fits best")
    return grids.image_grid(rows, titles, names if len(rows) > 1 else ())


def view_page(found: Reconstruction, title: str = "reconstruction") -> str:
    """One HTML page with the clouds to be turned, by mouse or arrow keys; it holds all that it needs and asks no network."""
    panels = [
        ViewPanel(
            "cloud", "mean", y_up_from_file(found.points), note="the likeliest shape", alt="Point cloud", big=True
        ),
        ViewPanel("picture", "image", squared(marked(found.photo)), alt="The picture, its background faded"),
        ViewPanel("network input", "image", found.photo.input, alt="The object on black, as the network saw it"),
    ]
    if found.best is not None:
        note, upright = f"silhouette {found.best.overlap:.2f}", y_up_from_file(found.best.points)
        panels.append(ViewPanel("fits best", "walk", upright, note=note, alt="Point cloud: what fits the picture best"))
    for k, sample in enumerate(found.samples):
        panels.append(
            ViewPanel(f"sample {k + 1}", "sample", y_up_from_file(sample), alt=f"Point cloud: sample {k + 1}")
        )
    about = ["Turn the clouds with the mouse, a finger or the arrow keys.", *(f"{note}." for note in found.notes)]
    return clouds_page(title, about, [([("", panels)], {"azimuth": 30.0, "elevation": 25.0, "zoom": 1.0})])


def squared(picture: np.ndarray) -> np.ndarray:
    """A picture (H, W, 3) in the middle of a white square."""
    side = max(picture.shape[:2])
    square = np.full((side, side, 3), 255, np.uint8)
    top, left = ((side - extent) // 2 for extent in picture.shape[:2])
    square[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return square


def render_settings(image_size: int = 256) -> notebook_settings.RenderSettings:
    """Render settings for objects of this kit: a closer camera than the port's, far points lighter."""
    return notebook_settings.RenderSettings(
        image_size=image_size, radius=0.008, zoom=1.6, depth_fade=0.6, front=90.0, azimuth=-35.0, elevation=20.0
    )


# --------------------------------------------------------------------------------------------------------------- files
def save(
    folder: str | Path,
    found: Reconstruction,
    figure: Figure | None = None,
    *,
    meshes: MeshOptions | None = None,
    **record: Any,
) -> dict[str, Any]:
    """Write one reconstruction into a folder of its own, all of it or nothing.

    ``cloud.ply``, ``sample_<k>.ply`` and ``best.ply`` (what fits the picture best, if asked for) stand upright (y up, front +x for FreeShapes) as viewers expect; ``input.png`` is
    what the network saw, ``cutout.png`` the object with transparency, ``overview.png`` the figure, ``view.html`` the clouds
    to be turned (:func:`view_page`), ``reconstruction.json`` the record.

    Args:
        folder: made, or replaced if it holds an earlier reconstruction.
        found: what to write.
        figure: see :func:`overview`; ``None`` for none.
        meshes: the mesh files that are written beside; ``None`` for none.
        record: further entries of the record, such as the picture's file name.

    Returns:
        What the record says.

    Raises:
        FileExistsError: the folder holds something else.
    """
    folder, written = Path(folder), record_of(found)
    if folder.exists() and not (folder / _RECORD).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(
            f"{paths.display(folder)} holds something that is no reconstruction. Empty it or choose another place."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary, replaced = (folder.with_name(f".{folder.name}.{end}") for end in ("tmp", "old"))
    try:
        shutil.rmtree(temporary, ignore_errors=True)  # of a process that was killed
        temporary.mkdir()
        predictions.write_ply(temporary / "cloud.ply", y_up_from_file(found.points))
        for k, sample in enumerate(found.samples):
            predictions.write_ply(temporary / f"sample_{k + 1}.ply", y_up_from_file(sample))
        if found.best is not None:
            predictions.write_ply(temporary / "best.ply", y_up_from_file(found.best.points))
        renders.write_png(temporary / "input.png", found.photo.input)
        _write_cutout(temporary / "cutout.png", found.photo)
        title = str(record.get("file", folder.name))
        (temporary / "view.html").write_text(view_page(found, title), encoding="utf-8")
        if figure is not None:
            with atomic_path(temporary / "overview.png") as path:
                figure.savefig(path, format="png", dpi=100)
        if meshes is not None:
            from lmnet_utils.apps.exports import write_meshes  # half a second that a cloud alone need not wait for

            written["mesh"] = write_meshes(temporary, found.points, found.photo, meshes)
        write_json(temporary / _RECORD, {**record, **written})
        if folder.exists():
            shutil.rmtree(replaced, ignore_errors=True)
            folder.rename(replaced)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)
    return written


def _write_cutout(path: Path, photo: Photo) -> None:
    left, top, right, bottom = box_of(photo.cutout.mask)
    alpha = np.rint(255 * photo.cutout.mask)[..., None].astype(np.uint8)
    whole = Image.fromarray(np.concatenate([photo.image[..., :3], alpha], -1)).crop((left, top, right, bottom))
    whole.thumbnail((512, 512))
    with atomic_path(path) as temporary:
        whole.save(temporary, format="PNG")  # `optimize` takes a fifth of a second for 4 % of its size


def record_of(found: Reconstruction) -> dict[str, Any]:
    """What the record says of a reconstruction."""
    return {
        "foreground": found.photo.cutout.method,
        "percentile": found.percentile,
        "samples": len(found.samples),
        "notes": list(found.notes),
        **({} if found.best is None else {"best": found.best.record()}),
    }
