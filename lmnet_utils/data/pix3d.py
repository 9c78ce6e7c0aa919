"""Pix3D, the paper's zero-shot test on photographs: which photos, how they become inputs, where their true clouds are.

Source: paper, section 4 (results on real-world data); official ``metrics.py`` and ``utils/data_loader.py``. The data are the user's own copy of
Pix3D (Sun et al. 2018, CC BY 4.0), the clouds those that the authors of 3D-LMNet sampled from its meshes.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from lmnet_utils.core import parallel, paths
from lmnet_utils.core.files import read_json
from lmnet_utils.data import assets
from lmnet_utils.data.images import OBJECT_SIDE, PhotoError, as_batch, read_image
from lmnet_utils.data.layout import INPUT_SIZE
from lmnet_utils.geometry.frames import turn_clouds

CATEGORIES = ("chair", "sofa", "table")
"""Pix3D's categories that ShapeNet's 13 classes share, as the official code takes them."""
POINTS = 1024
CLOUD_FOLDERS = ("pix3d_pointclouds", "pointclouds")
"""Where the clouds lie below the data set: where `lmnet download pix3d` puts them, and as in the official scripts."""


@dataclasses.dataclass(frozen=True)
class Pix3DPhoto:
    """One entry of ``pix3d.json``: ``image``, ``mask`` and ``model`` are paths below the data set's folder.

    ``box`` is (left, top, right, bottom) in pixels, the last two exclusive.
    """

    image: str
    mask: str
    category: str
    model: str
    box: tuple[int, int, int, int]

    @property
    def object(self) -> str:
        """What identifies the object: ``"chair/IKEA_BERNHARD/model"``; many photos show the same one."""
        return re.sub(r"^model/|\.obj$", "", self.model)


# ------------------------------------------------------------------------------------------------------------ the photos
def read_photos(dataset: str = "pix3d", classes: Sequence[str] = CATEGORIES) -> list[Pix3DPhoto]:
    """The photos of the official test: of these classes, not truncated, not occluded, not slightly occluded.

    Args:
        dataset: folder below ``data/`` that holds ``pix3d.json``.
        classes: Pix3D's category names.

    Returns:
        In the order of ``pix3d.json``.

    Raises:
        FileNotFoundError: Pix3D is not there; says what to fetch from where, and its terms.
        ValueError: the file is not Pix3D's, or a class is unknown to it.
    """
    file = paths.dataset_dir(dataset) / "pix3d.json"
    if not file.is_file():
        raise FileNotFoundError(how_to_get_pix3d(dataset))
    entries = read_json(file)
    needed = {"img", "mask", "model", "category", "truncated", "occluded", "slightly_occluded", "bbox"}
    if not isinstance(entries, list) or not all(isinstance(entry, dict) and needed <= set(entry) for entry in entries):
        raise ValueError(
            f"{paths.display(file)} is not Pix3D's list of photos: expected entries with {', '.join(sorted(needed))}. "
            "Fetch Pix3D again (`lmnet download pix3d`)."
        )
    categories = {entry["category"] for entry in entries}
    if unknown := sorted(set(classes) - categories):
        raise ValueError(f"classes: {', '.join(unknown)} not in Pix3D; it has {', '.join(sorted(categories))}.")
    return [
        Pix3DPhoto(entry["img"], entry["mask"], entry["category"], entry["model"], _box(entry, file))
        for entry in entries
        if entry["category"] in classes and not (entry["truncated"] or entry["occluded"] or entry["slightly_occluded"])
    ]


def _box(entry: Mapping[str, Any], file: Path) -> tuple[int, int, int, int]:
    try:
        left, top, right, bottom = map(int, entry["bbox"])
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{paths.display(file)}: the 'bbox' of {entry['img']} is {entry['bbox']!r}, expected [left, top, right, bottom] in "
            "pixels. Fetch Pix3D again (`lmnet download pix3d`)."
        ) from error
    return left, top, right, bottom


def how_to_get_pix3d(dataset: str = "pix3d") -> str:
    """What to do where Pix3D is not on this machine: what to fetch, from where, how large, under which terms."""
    lines = [f"Pix3D is not in {paths.display(paths.dataset_dir(dataset))}. It does not come with the kit; fetch it:"]
    lines += ["    lmnet download pix3d"]
    for name in assets.groups()["pix3d"]:
        asset = assets.asset(name)
        size = f"about {asset.size / 1e6:,.0f} MB" if asset.size else "size unknown"
        lines.append(f"or by hand: {asset.title}, {size}, {asset.addresses[0]}")
        lines.append(f"    unpacked into {paths.display(asset.place)}/")
    lines.append(f"{asset.terms['title']}: {asset.terms['text']} ({asset.terms['url']})")
    return "\n".join(lines)


def cloud_file(photo: Pix3DPhoto, dataset: str = "pix3d") -> Path:
    """The file of a photo's true cloud, as the official code names it: ``model_2.obj`` → ``pcl_1024_2.npy``.

    Raises:
        PhotoError: there is none; says where it was looked for.
    """
    found = re.search(r"model(.*)\.obj$", Path(photo.model).name)
    name, folder = f"pcl_{POINTS}{found[1] if found else ''}.npy", Path(photo.model).parent
    root = paths.dataset_dir(dataset)
    for clouds in CLOUD_FOLDERS:
        for below in (folder, folder.relative_to("model") if folder.parts[:1] == ("model",) else folder):
            if (root / clouds / below / name).is_file():
                return root / clouds / below / name
    raise PhotoError(f"no cloud {folder / name} below {' or '.join(CLOUD_FOLDERS)} (`lmnet download pix3d-clouds`)")


# --------------------------------------------------------------------------------------------------- inputs and truths
def official_input(image: np.ndarray, mask: np.ndarray, box: Sequence[int]) -> np.ndarray:
    """The official preprocessing: mask, crop, longest side to 93 pixels, centred on black.

    The other side is rounded down, as is the margin at the left and the top (the official code multiplies in floating point, where
    some sizes end at 92 pixels instead of 93); colours are interpolated bilinearly between
    pixel centres *without* smoothing first, as OpenCV's default does and as the published figures were made.

    Args:
        image: (H, W, 3) uint8.
        mask: (H, W); the object is where it is not 0.
        box: left, top, right, bottom.

    Returns:
        (128, 128, 3) uint8.

    Raises:
        PhotoError: image and mask differ in size, or the box holds no pixel of the image.
    """
    if image.shape[:2] != mask.shape[:2]:
        sizes = " and ".join(f"{array.shape[1]} × {array.shape[0]}" for array in (image, mask))
        raise PhotoError(f"image and mask differ in size: {sizes}")
    left, top, right, bottom = (max(0, int(edge)) for edge in box)
    crop = (image * (mask != 0)[..., None])[top:bottom, left:right]
    if crop.size == 0:
        raise PhotoError(f"the box {list(box)} holds no pixel of the {image.shape[1]} × {image.shape[0]} image")
    longest = max(crop.shape[:2])
    height, width = (max(1, side * OBJECT_SIDE // longest) for side in crop.shape[:2])
    pixels = torch.from_numpy(np.ascontiguousarray(crop)).permute(2, 0, 1)[None].float()
    pixels = torch.nn.functional.interpolate(pixels, (height, width), mode="bilinear", align_corners=False)
    canvas = np.zeros((INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
    y, x = (INPUT_SIZE - height) // 2, (INPUT_SIZE - width) // 2
    canvas[y : y + height, x : x + width] = pixels[0].permute(1, 2, 0).round().clamp(0, 255).numpy()
    return canvas


def read_input(photo: Pix3DPhoto, dataset: str = "pix3d") -> np.ndarray:
    """:func:`official_input` of a photo's files: (128, 128, 3) uint8.

    Raises:
        PhotoError: a file is missing or damaged, or they do not fit each other; names the mask, if that is the one.
    """
    root = paths.dataset_dir(dataset)
    image = read_image(root / photo.image, largest=None)[..., :3]
    try:
        mask = read_image(root / photo.mask, largest=None)[..., :3].max(axis=-1)
    except PhotoError as error:
        raise PhotoError(f"the mask {photo.mask}: {error}") from error
    return official_input(image, mask, photo.box)


def file_from_pix3d(points: np.ndarray, yaw: int = 0) -> np.ndarray:
    """From the frame of Pix3D's clouds to that of the kit's cloud files: (x, y, z) → (−y, −x, −z).

    Source: the three rotations of the official ``metrics.py``, multiplied out. They lead to the frame of ShapeNet's clouds.

    Args:
        points: (…, 3).
        yaw: quarter turns, in degrees, about the vertical besides, for models of data whose fronts look elsewhere.
    """
    x, y, z = np.moveaxis(np.asarray(points, np.float32), -1, 0)
    return turn_clouds(np.stack([-y, -x, -z], -1), yaw)


def read_cloud(photo: Pix3DPhoto, dataset: str = "pix3d") -> np.ndarray:
    """A photo's true cloud (1024, 3) float32 in Pix3D's frame; :func:`file_from_pix3d` turns it.

    Raises:
        PhotoError: missing, damaged, or of another shape.
    """
    file = cloud_file(photo, dataset)
    try:
        points = np.load(file, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise PhotoError(f"{paths.display(file)} is damaged ({error})") from error
    if points.shape != (POINTS, 3) or not np.isfinite(points).all():
        raise PhotoError(f"{paths.display(file)}: expected {POINTS} finite points (1024, 3), found {points.shape}")
    return points.astype(np.float32)


def read_clouds(photos: Sequence[Pix3DPhoto], dataset: str = "pix3d", *, limit: int) -> np.ndarray:
    """True clouds (B, 1024, 3) of the first ``limit`` different objects, as :func:`file_from_pix3d` gives them."""
    objects = {photo.object: photo for photo in photos}.values()
    return np.stack([file_from_pix3d(read_cloud(photo, dataset)) for photo in list(objects)[:limit]])


def count_by_category(photos: Sequence[Pix3DPhoto]) -> str:
    """``"3 photos of 2 objects (2 chair, 1 sofa)"``."""
    counts = Counter(photo.category for photo in photos)
    listed = ", ".join(f"{count} {name}" for name, count in counts.items())
    objects = len({photo.object for photo in photos})
    return f"{len(photos)} photos of {objects} objects" + (f" ({listed})" if listed else "")


def limited(photos: Sequence[Pix3DPhoto], count: int | None) -> list[Pix3DPhoto]:
    """The first ``count`` photos of each class after reordering so that the objects take turns: few photos, many objects."""
    turns: dict[str, int] = {}
    keys = []
    for number, photo in enumerate(photos):
        turns[photo.object] = turns.get(photo.object, -1) + 1
        keys.append((turns[photo.object], number))
    order = [number for _, number in sorted(keys)]
    taken: list[int] = []
    for name in dict.fromkeys(photo.category for photo in photos):
        taken += [number for number in order if photos[number].category == name][:count]
    return [photos[number] for number in (taken if count is not None else range(len(photos)))]


def check(photos: Sequence[Pix3DPhoto], dataset: str = "pix3d") -> tuple[list[Pix3DPhoto], dict[str, str]]:
    """Photos whose true cloud can be read, and what is wrong with the others: image → problem."""
    problems: dict[str, str] = {}
    clouds: dict[str, str] = {}
    for photo in photos:
        if photo.object not in clouds:
            try:
                read_cloud(photo, dataset)
                clouds[photo.object] = ""
            except PhotoError as error:
                clouds[photo.object] = str(error)
        if clouds[photo.object]:
            problems[photo.image] = clouds[photo.object]
    return [photo for photo in photos if photo.image not in problems], problems


def batches(
    photos: Sequence[Pix3DPhoto], dataset: str = "pix3d", *, batch_size: int = 32, progress: bool = False
) -> Iterator[tuple[list[Pix3DPhoto], torch.Tensor, dict[str, str]]]:
    """Inputs batch by batch, read on all cores: the photos, (B, 3, 128, 128) uint8, and the problems of unreadable ones.

    Args:
        photos: in the order wanted.
        dataset: folder below ``data/``.
        batch_size: photos at once.
        progress: show a bar.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}: expected at least 1.")

    def load(photo: Pix3DPhoto) -> np.ndarray | str:
        try:
            return read_input(photo, dataset)
        except PhotoError as error:
            return str(error)

    with tqdm(total=len(photos), desc="photos", unit="photo", disable=not progress) as bar:
        for start in range(0, len(photos), batch_size):
            wanted = photos[start : start + batch_size]
            loaded = list(parallel.each(load, zip(wanted), threads=True))
            problems = {photo.image: one for photo, one in zip(wanted, loaded, strict=True) if isinstance(one, str)}
            good = [photo for photo in wanted if photo.image not in problems]
            yield good, as_batch([one for one in loaded if not isinstance(one, str)]), problems
            bar.update(len(wanted))
