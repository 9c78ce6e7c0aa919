"""Your own photographs: the object cut out of any picture, placed as the training images show theirs, reconstructed.

What the networks were trained on is strict: one object, black around it, about 93 of 128 pixels large. So most of the work is to get
there from a file that somebody has (:mod:`lmnet_utils.cutouts`), and to say when that failed or when a picture is unlike
everything that the networks have seen (:mod:`lmnet_utils.familiarity`).
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from tqdm.auto import tqdm

from lmnet_utils import inference, paths, rendering
from lmnet_utils.cutouts import (
    BACKGROUNDS,
    SUFFIXES,
    Cutout,
    PhotoError,
    cut_out,
    on_white,
    read_image,
    read_mask,
    resized,
)
from lmnet_utils.metrics import score
from lmnet_utils.models import ImageEncoder, PointCloudAutoencoder
from lmnet_utils.pointclouds import y_up_from_file
from lmnet_utils.reproducibility import atomic_path, choose, write_json
from lmnet_utils.shapenet import INPUT_SIZE, open_pack, read_split

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from lmnet_utils.familiarity import Familiarity

OBJECT_SIDE = 93
"""Longest side of the object in the network's input, pixels. Official ``metrics.py`` (128 − 35); in FreeShapes' training
renders it is 92 on average."""
OBJECT_SHIFT = 5
"""Rows by which the object's box lies below the middle: the mean of FreeShapes' training renders, whose camera looks down."""
SMALLEST = 16
"""Pixels of a picture's shorter side below which nothing can be told."""
FAR = 95.0
"""Percentile of :class:`lmnet_utils.familiarity.Familiarity` from which on a picture counts as unlike what the model has seen."""
REPORT = "reconstructions.json"
_RECORD = "reconstruction.json"


# -------------------------------------------------------------------------------------------------------------- place
def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    """The object's box in a mask (H, W): left, top, right, bottom; the last two are exclusive."""
    rows, columns = np.flatnonzero((mask > 0.5).any(axis=1)), np.flatnonzero((mask > 0.5).any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def place(image: np.ndarray, mask: np.ndarray, *, side: int = OBJECT_SIDE, shift: int = OBJECT_SHIFT) -> np.ndarray:
    """The object on black, as large and where the training images show theirs: (128, 128, 3) uint8.

    Its box is resized so that the longer side has ``side`` pixels, the aspect kept, and centred, ``shift`` rows below the
    middle. As in the training images, a pixel that the object only partly covers has the object's full colour.

    Args:
        image: (H, W, 3 or 4) uint8.
        mask: (H, W) in 0…1, not empty.
    """
    left, top, right, bottom = box_of(mask)
    colours = image[top:bottom, left:right, :3].astype(np.float32)
    cover = np.ascontiguousarray(mask[top:bottom, left:right], np.float32)
    longest = max(cover.shape)
    width, height = (max(1, extent * side // longest) for extent in (cover.shape[1], cover.shape[0]))
    smaller = resized(cover, (width, height))
    straight = np.stack([resized(colours[..., k] * cover, (width, height)) for k in range(3)], -1)
    straight = np.where((smaller > 0.1)[..., None], straight / np.maximum(smaller, 1e-6)[..., None], 0)
    canvas = np.zeros((INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    x, y = (INPUT_SIZE - width) // 2, min((INPUT_SIZE - height) // 2 + shift, INPUT_SIZE - height)
    canvas[y : y + height, x : x + width] = np.rint(np.clip(straight, 0, 255))
    return canvas


def without_fringe(image: np.ndarray, mask: np.ndarray, width: int = 2) -> np.ndarray:
    """The object's rim in the colours from ``width`` pixels further in, where the camera has not mixed in the background.

    Args:
        image: (H, W, 3 or 4) uint8.
        mask: (H, W) in 0…1.
        width: of the rim, pixels; parts so thin that they are all rim keep their colours.

    Returns:
        As ``image``.
    """
    inside = mask > 0.5
    core = ndimage.binary_erosion(inside, iterations=width)
    if not core.any():
        return image
    distance, (rows, columns) = ndimage.distance_transform_edt(~core, return_indices=True)
    rim = inside & ~core & (distance <= 2 * width)
    cleaned = image.copy()
    cleaned[rim, :3] = image[rows[rim], columns[rim], :3]
    return cleaned


@dataclasses.dataclass(frozen=True)
class Photo:
    """A picture made ready.

    Attributes:
        image: (H, W, 4) uint8 as read.
        cutout: where the object is.
        input: (128, 128, 3) uint8 for the network.
        notes: what a person should know about it; often nothing.
    """

    image: np.ndarray
    cutout: Cutout
    input: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def noise_index(self) -> int:
        """Identifies the picture to Variant II's noise: by its content, whatever its name and batch."""
        return int.from_bytes(hashlib.sha256(self.input.tobytes()).digest()[:8], "big")


def prepare_photo(path: str | Path, *, background: str = "auto", mask: str | Path | None = None) -> Photo:
    """Read a picture, cut the object out, place it.

    Args:
        path: the picture.
        background: see :func:`cut_out`.
        mask: file of a mask, white (or opaque) on the object.

    Raises:
        PhotoError: see :func:`read_image` and :func:`cut_out`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # Pillow's about large pictures, where MAX_PIXELS decides, and about odd metadata
        image = read_image(path)
    if min(image.shape[:2]) < SMALLEST:
        raise PhotoError(
            f"only {image.shape[1]} × {image.shape[0]} pixels: expected {SMALLEST} at least, 200 and more are good. "
            "Look for a larger one."
        )
    cutout = cut_out(image, background=background, mask=None if mask is None else read_mask(mask))
    clean = image if cutout.method == "alpha" else without_fringe(image, cutout.mask)
    return Photo(image, cutout, place(clean, cutout.mask), tuple(_remarks(cutout.mask)))


def _remarks(mask: np.ndarray) -> Iterator[str]:
    left, top, right, bottom = box_of(mask)
    edges = {"left": left, "top": top, "right": mask.shape[1] - right, "bottom": mask.shape[0] - bottom}
    if (right - left, bottom - top) != mask.shape[::-1]:  # a box that fills the picture was cut to fit
        if touched := [name for name, gap in edges.items() if gap == 0]:
            yield f"the object touches the picture's edge ({', '.join(touched)}): what is cut off cannot be seen"
    longest = max(right - left, bottom - top)
    if longest < OBJECT_SIDE * 2 // 3:
        yield f"the object is only {longest} pixels large: the network's input has {OBJECT_SIDE}"


def as_batch(inputs: Sequence[np.ndarray]) -> torch.Tensor:
    """Network inputs (128, 128, 3) uint8 → (B, 3, 128, 128) uint8."""
    if not len(inputs):
        return torch.zeros(0, 3, INPUT_SIZE, INPUT_SIZE, dtype=torch.uint8)
    return torch.from_numpy(np.stack(list(inputs))).permute(0, 3, 1, 2).contiguous()


# ---------------------------------------------------------------------------------------------------------- reconstruct
@dataclasses.dataclass(frozen=True)
class Reconstruction:
    """What became of a picture.

    Attributes:
        photo: the picture.
        points: (2048, 3) float32, file frame (up = −x).
        samples: (N, 2048, 3) of Variant II; N may be 0.
        percentile: see :class:`Familiarity`; ``None`` where it could not be told.
    """

    photo: Photo
    points: np.ndarray
    samples: np.ndarray
    percentile: float | None

    @property
    def notes(self) -> tuple[str, ...]:
        """The photo's notes, and one if it is unlike what the model has seen."""
        if self.percentile is None or self.percentile < FAR:
            return self.photo.notes
        far = f"unlike what the model has seen: farther from its training images than {self.percentile:.0f} % of test images"
        return (*self.photo.notes, far)


def reconstruct_photos(
    autoencoder: PointCloudAutoencoder,
    encoder: ImageEncoder,
    photos: Sequence[Photo],
    *,
    samples: int = 0,
    seed: int = 0,
    familiarity: Familiarity | None = None,
    precision: str = "fp32",
) -> list[Reconstruction]:
    """Reconstruct pictures that have been made ready, as one batch.

    Args:
        autoencoder, encoder, precision: see :func:`lmnet_utils.inference.reconstruct`.
        photos: of :func:`prepare_photo`.
        samples: plausible shapes of each picture beside the likeliest one; Variant II only.
        seed: of the samples' noise, which belongs to a picture and not to its batch.
        familiarity: tells pictures that are unlike the training images.

    Raises:
        ValueError: samples of a deterministic encoder.
    """
    if samples < 0:
        raise ValueError(f"samples={samples}: expected 0 or more.")
    if samples and not encoder.variational:
        raise ValueError(f"samples={samples}: this model gives one shape a picture; only Variant II has samples.")
    inputs = as_batch([photo.input for photo in photos])
    latent, log_variance = inference.encode_images(encoder, inputs, precision=precision)
    decoder = inference.decoder_of(autoencoder, encoder)
    points = inference.decode(decoder, latent).numpy()
    clouds = np.zeros((len(photos), 0, *points.shape[1:]), np.float32)
    if samples and len(photos):
        indices = [photo.noise_index for photo in photos]
        drawn = inference.sample_latents(latent, log_variance, samples, seed=seed, indices=indices)
        clouds = inference.decode(decoder, drawn).numpy()
    far: Sequence[float | None] = [None] * len(photos)
    if familiarity is not None and len(photos):
        far = familiarity.percentiles(familiarity.distances(latent, inputs))
    return [
        Reconstruction(photo, points[k], clouds[k], None if far[k] is None else round(float(far[k]), 1))
        for k, photo in enumerate(photos)
    ]


def placing_cost(
    autoencoder: PointCloudAutoencoder, encoder: ImageEncoder, *, views: int = 2, precision: str = "fp32"
) -> dict[str, float] | None:
    """What it costs that a photo does not show how far away the object is: test renders as they are, and placed as photos.

    Args:
        autoencoder, encoder, precision: see :func:`reconstruct_photos`; the encoder says what data it was trained on.
        views: of each test object, evenly.

    Returns:
        ``images``, and the mean Chamfer ×100 (:func:`lmnet_utils.metrics.score`) ``as_rendered`` and ``placed``; ``None``
        if the data set is not on this machine.
    """
    data = encoder.config.get("training", {}).get("data", {})
    if not {"dataset", "split", "classes"} <= set(data):
        return None
    try:
        test = read_split(data["dataset"], data["split"], data["classes"]).test
        pack = open_pack(data["dataset"])
    except (OSError, ValueError):
        return None
    on_disk = set(pack.models)
    rows = np.repeat(pack.rows([model for model in test if model in on_disk]), views)
    chosen = np.linspace(0, pack.views, views, endpoint=False).astype(int)
    images = pack.images(rows, np.tile(chosen, len(rows) // views)).permute(0, 2, 3, 1).numpy()
    seen = images.any(axis=(1, 2, 3))
    placed = [place(image, (image.max(axis=-1) > 0).astype(np.float32)) for image in images[seen]]
    result: dict[str, float] = {"images": int(seen.sum())}
    for name, inputs in {"as_rendered": list(images[seen]), "placed": placed}.items():
        clouds = inference.reconstruct(autoencoder, encoder, as_batch(inputs), precision=precision)
        result[name] = float(score(pack.points_1024[rows[seen]], clouds)["chamfer"].mean())
    return result


# ------------------------------------------------------------------------------------------------------------- figures
def marked(photo: Photo, side: int = 256) -> np.ndarray:
    """The picture with its background faded, so that one sees what was cut out: (H, W, 3) uint8, at most ``side`` large."""
    picture = on_white(photo.image).astype(np.float32)
    faded = 0.25 * picture + 0.75 * 235
    shown = picture + (faded - picture) * (1 - photo.cutout.mask[..., None])
    shown = Image.fromarray(np.rint(shown).astype(np.uint8))
    shown.thumbnail((side, side))
    return np.asarray(shown)


def overview(found: Reconstruction, settings: rendering.RenderSettings | None = None) -> Figure:
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
        drawn = list(rendering.render_pointcloud(np.stack(clouds), settings, azimuths=azimuths))
    except ImportError:
        rows = [("", 30.0, [*map(squared, pictures), found.points, *found.samples[:3]])]
        columns = ["picture", "network input", "cloud", *(f"sample {k + 1}" for k in range(len(found.samples[:3])))]
        return rendering.cloud_grid(rows, columns, cell=1.9)
    rows = [[*map(squared, pictures), *drawn[: len(turns)]]]
    width = len(rows[0])
    rows += [drawn[len(turns) :][k : k + width] for k in range(0, len(found.samples), width)]
    figure = rendering.image_grid(rows, titles, ["", *["samples"] * (len(rows) - 1)] if len(rows) > 1 else ())
    return figure


def view_page(found: Reconstruction, title: str = "reconstruction") -> str:
    """One HTML page with the clouds to be turned, by mouse or arrow keys; it holds all that it needs and asks no network."""
    from lmnet_utils.explorer_figures import ViewPanel
    from lmnet_utils.gallery import clouds_page

    panels = [
        ViewPanel(
            "cloud", "mean", y_up_from_file(found.points), note="the likeliest shape", alt="Point cloud", big=True
        ),
        ViewPanel("picture", "image", squared(marked(found.photo)), alt="The picture, its background faded"),
        ViewPanel("network input", "image", found.photo.input, alt="The object on black, as the network saw it"),
    ]
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


def render_settings(image_size: int = 256) -> rendering.RenderSettings:
    """Render settings for objects of this kit: a closer camera than the port's, far points lighter."""
    return rendering.RenderSettings(
        image_size=image_size, radius=0.008, zoom=1.6, depth_fade=0.6, front=90.0, azimuth=-35.0, elevation=20.0
    )


# --------------------------------------------------------------------------------------------------------------- files
def save(folder: str | Path, found: Reconstruction, figure: Figure | None = None, **record: Any) -> Path:
    """Write one reconstruction into a folder of its own, all of it or nothing.

    ``cloud.ply`` and ``sample_<k>.ply`` stand upright (y up, front +x for FreeShapes) as viewers expect; ``input.png`` is
    what the network saw, ``cutout.png`` the object with transparency, ``overview.png`` the figure, ``view.html`` the clouds
    to be turned (:func:`view_page`), ``reconstruction.json`` the record.

    Args:
        folder: made, or replaced if it holds an earlier reconstruction.
        found: what to write.
        figure: see :func:`overview`; ``None`` for none.
        record: further entries of the record, such as the picture's file name.

    Raises:
        FileExistsError: the folder holds something else.
    """
    folder = Path(folder)
    if folder.exists() and not (folder / _RECORD).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(
            f"{paths.display(folder)} holds something that is no reconstruction. Empty it or choose another place."
        )
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary, replaced = (folder.with_name(f".{folder.name}.{end}") for end in ("tmp", "old"))
    try:
        shutil.rmtree(temporary, ignore_errors=True)  # of a process that was killed
        temporary.mkdir()
        inference.write_ply(temporary / "cloud.ply", y_up_from_file(found.points))
        for k, sample in enumerate(found.samples):
            inference.write_ply(temporary / f"sample_{k + 1}.ply", y_up_from_file(sample))
        rendering.write_png(temporary / "input.png", found.photo.input)
        _write_cutout(temporary / "cutout.png", found.photo)
        title = str(record.get("file", folder.name))
        (temporary / "view.html").write_text(view_page(found, title), encoding="utf-8")
        if figure is not None:
            with atomic_path(temporary / "overview.png") as path:
                figure.savefig(path, format="png", dpi=100)
        write_json(temporary / _RECORD, {**record, **record_of(found)})
        if folder.exists():
            shutil.rmtree(replaced, ignore_errors=True)
            folder.rename(replaced)
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)
    return folder


def _write_cutout(path: Path, photo: Photo) -> None:
    left, top, right, bottom = box_of(photo.cutout.mask)
    alpha = np.rint(255 * photo.cutout.mask)[..., None].astype(np.uint8)
    whole = Image.fromarray(np.concatenate([photo.image[..., :3], alpha], -1)).crop((left, top, right, bottom))
    whole.thumbnail((512, 512))
    with atomic_path(path) as temporary:
        whole.save(temporary, format="PNG", optimize=True)


def record_of(found: Reconstruction) -> dict[str, Any]:
    """What the record says of a reconstruction."""
    return {
        "foreground": found.photo.cutout.method,
        "percentile": found.percentile,
        "samples": len(found.samples),
        "notes": list(found.notes),
    }


# ----------------------------------------------------------------------------------------------------------- the batch
@dataclasses.dataclass(frozen=True)
class Source:
    """A picture to reconstruct: its file, its mask's file, and the name of its folder below the output folder.

    ``file`` is what it is called in reports: below the folder that was given, or the file's name.
    """

    path: Path
    name: str
    file: str
    mask: Path | None = None
    problem: str = ""


def find_sources(
    inputs: Iterable[str | Path], *, masks: str | Path | None = None, skip: Iterable[Path] = ()
) -> list[Source]:
    """Pictures from files and folders; a folder gives every picture below it, its sub-folders kept in the names.

    Links to folders are not followed, so that none leads in a circle.

    Args:
        inputs: files and folders. A missing one, or a link that leads nowhere, becomes a source with a problem, so that the
            others go on.
        masks: a mask's file for a single picture, or a folder with a mask of each picture's name.
        skip: folders whose content is left out, such as the output folder.

    Returns:
        In the order given, a folder's pictures sorted; names are unique.
    """
    skipped = [_real(path) for path in (*skip, *([masks] if masks and Path(masks).is_dir() else []))]
    found: list[tuple[Path, Path, str]] = []  # the file, what it is called, and what is wrong
    for given in map(Path, inputs):
        if not os.path.isdir(given):  # of a name that is too long, or a link in a circle, False
            found.append((given, Path(given.name), _dead_link(given)))
            continue
        inside = [path for path in sorted(given.rglob("*")) if _is_picture(path, given, skipped)]
        found += [(path, path.relative_to(given), _dead_link(path)) for path in inside]
        if not inside:
            problem = f"no pictures in this folder (looked for {', '.join(SUFFIXES)})."
            found.append((given, Path(_real(given).name), problem))
    folders = {parent.as_posix() for _, called, _ in found for parent in called.parents}
    taken = {folder.lower() for folder in folders}  # chairs.jpg beside chairs/
    sources = []
    for path, called, problem in found:
        name = called.with_suffix("").as_posix()
        unique, k = name, 1
        while unique.lower() in taken:  # chair.jpg beside chair.png; some file systems ignore case
            k += 1
            unique = f"{name}_{k}"
        taken.add(unique.lower())
        mask = None
        if masks is not None and not problem:
            mask, problem = _mask_of(Path(masks), name, len(found))
        sources.append(Source(path, unique, called.as_posix(), mask, problem))
    return sources


def _is_picture(path: Path, root: Path, skipped: Sequence[Path]) -> bool:
    hidden = any(part.startswith(".") for part in path.relative_to(root).parts)
    if path.suffix.lower() not in SUFFIXES or hidden or not (path.is_file() or _dead_link(path)):
        return False
    return not any(folder in _real(path).parents for folder in skipped)


def _real(path: str | Path) -> Path:
    """The path without links; ``Path.resolve`` fails at links in a circle before Python 3.13."""
    return Path(os.path.realpath(path))


def _dead_link(path: Path) -> str:
    """What is wrong with a link that leads nowhere or in a circle; empty for anything else."""
    dead = os.path.islink(path) and not os.path.exists(path)
    return "a link that leads nowhere or in a circle. Put the picture itself there." if dead else ""


def _mask_of(masks: Path, name: str, pictures: int) -> tuple[Path | None, str]:
    if masks.is_dir():
        for candidate in sorted(masks.glob(f"{name}.*")):
            if candidate.suffix.lower() in SUFFIXES:
                return candidate, ""
        return None, f"no mask called {name}.png (or another picture's ending) in the folder of masks."
    if not masks.exists():
        return None, f"there is no mask {masks.name}. Check the path."
    if pictures > 1:
        return None, "one mask for several pictures: give a folder of masks with the pictures' names."
    return masks, ""


def reconstruct_files(
    sources: Sequence[Source],
    out: str | Path,
    autoencoder: PointCloudAutoencoder,
    encoder: ImageEncoder,
    *,
    background: str = "auto",
    samples: int = 0,
    seed: int = 0,
    familiarity: Familiarity | None = None,
    precision: str = "fp32",
    batch_size: int = 16,
    figures: bool = True,
    progress: bool = True,
) -> list[dict[str, Any]]:
    """Reconstruct pictures into ``out/<name>/``, batch by batch; a bad one is reported and the others go on.

    Args:
        sources: of :func:`find_sources`.
        out: the output folder; ``reconstructions.json`` in it lists what became of every picture.
        background: see :func:`cut_out`.
        samples, seed, familiarity, precision: see :func:`reconstruct_photos`.
        batch_size: pictures in memory at once.
        figures: draw an ``overview.png`` of each.
        progress: show a bar.

    Returns:
        One row a picture: ``file, name, status ("done" or "failed"), error``, and for those done :func:`record_of`.

    Raises:
        OSError: the report cannot be written, as in a folder of somebody else's or on a full disk.
    """
    import matplotlib.pyplot as plt

    choose("background", background, BACKGROUNDS)
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}: expected at least 1.")
    out = Path(out)
    rows: list[dict[str, Any]] = []
    write_json(out / REPORT, rows)  # fails before the work where nothing can be written
    with tqdm(total=len(sources), desc="reconstruct", unit="picture", disable=not progress) as bar:
        for start in range(0, len(sources), batch_size):
            ready: list[tuple[dict[str, Any], Photo]] = []
            for source in sources[start : start + batch_size]:
                row = {"file": source.file, "name": source.name, "status": "failed", "error": source.problem}
                rows.append(row)
                try:
                    if not source.problem:
                        ready.append((row, prepare_photo(source.path, background=background, mask=source.mask)))
                except (PhotoError, MemoryError) as error:
                    row["error"] = str(error) or "not enough memory for this picture."
            options = {"samples": samples, "seed": seed, "familiarity": familiarity, "precision": precision}
            found = reconstruct_photos(autoencoder, encoder, [photo for _, photo in ready], **options)
            for (row, _), one in zip(ready, found, strict=True):
                figure = overview(one) if figures else None
                try:
                    save(out / row["name"], one, figure, file=row["file"])
                    row.update(status="done", error="", **record_of(one))
                except OSError as error:
                    row["error"] = f"cannot be written: {error.strerror or error}"
                finally:
                    if figure is not None:
                        plt.close(figure)
            bar.update(min(batch_size, len(sources) - start))
            write_json(out / REPORT, rows)
    return rows


def report_text(rows: Sequence[dict[str, Any]]) -> str:
    """The rows of :func:`reconstruct_files`, a line a picture and one for each note."""
    lines = []
    for row in rows:
        if row["status"] == "failed":
            lines.append(f"{row['file']}: FAILED: {row['error']}")
            continue
        known = "" if row["percentile"] is None else f", less familiar than {row['percentile']:.0f} % of test images"
        lines.append(f"{row['file']}: {row['name']}/ (cut out by {row['foreground']}{known})")
        lines += [f"    {note}" for note in row["notes"]]
    return "\n".join(lines)


def choose_model(run: str, model: str | None = None, samples: int = 0) -> str:
    """Name of the image encoder to use: ``model``, else L1 or, where samples are wanted, Variant II with the largest λ.

    Raises:
        FileNotFoundError: no such run.
        ValueError: the run has no such encoder; says what it has.
    """
    infos = [inference.read_info(folder) for folder in inference.find_networks(run).values()]
    encoders = [info.name for info in infos if info.kind != "autoencoder"]
    variational = [info.name for info in infos if info.variational]
    if model is None:
        wanted = variational[-1:] if samples else [name for name in encoders if name not in variational] or variational
        if not wanted:
            kind = "model of Variant II, which samples need" if samples else "image encoder"
            raise ValueError(f"run {run!r} has no {kind}; it has {', '.join(encoders) or 'the autoencoder only'}.")
        return wanted[0]
    if model not in encoders:
        raise ValueError(f"run {run!r} has no image encoder {model!r}; it has {', '.join(encoders) or 'none'}.")
    if samples and model not in variational:
        raise ValueError(
            f"{model} gives one shape a picture; samples need Variant II: {', '.join(variational) or 'none in this run'}."
        )
    return model
