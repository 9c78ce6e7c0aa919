"""The R2N2 layout on disk, the same for FreeShapes and ShapeNet: names, folders, and reading of one object's files.

::

    data/<dataset>/ShapeNetRendering/<synset>/<model>/rendering/{00..23}.png, rendering_metadata.txt
    data/<dataset>/ShapeNet_pointclouds/<synset>/<model>/pointcloud_{1024,2048}.npy
    data/<dataset>/splits/<split>/<classes>/{train,val,test}.txt
    data/<dataset>/frame.json                  by how much its clouds are turned, if they are; made by settle_frame
    data/<dataset>/packs/                      made by lmnet_utils.data.packs.open_pack

An object is named "synset/model" everywhere.
"""

from __future__ import annotations

import io
import itertools
import os
import zlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from lmnet_utils.core import files, paths
from lmnet_utils.core.memory import raise_if_out_of_memory
from lmnet_utils.data.taxonomy import NAME_OF, class_name, class_order, is_own_class
from lmnet_utils.geometry.camera import IMAGE_SIZE

CROP = slice(4, -5)
"""137 → 128 pixels, as both original codes cut their input."""
INPUT_SIZE = 128
FRAME_FILE = "frame.json"


def find_objects(dataset: str) -> list[str]:
    """All objects, sorted, that have a rendering or a point-cloud folder, complete or not."""
    root = paths.dataset_dir(dataset)
    return sorted({*objects_below(root / "ShapeNetRendering"), *objects_below(root / "ShapeNet_pointclouds")})


def objects_below(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    folders = [entry.name for entry in os.scandir(folder) if _is_folder(entry)]
    synsets = [name for name in folders if name in NAME_OF or is_own_class(name)]
    return [
        f"{synset}/{entry.name}"
        for synset in sorted(synsets)
        for entry in os.scandir(folder / synset)
        if _is_folder(entry) and not entry.name.startswith(".")
    ]


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


# --------------------------------------------------------------------------------------------------- read a model
NO_RENDERINGS, NO_CLOUDS = "no renderings", "no point clouds"


class ModelFiles(NamedTuple):
    """What one model's folders hold."""

    pngs: list[bytes]
    metadata: np.ndarray  # (24, 5) float64: azimuth°, elevation°, in-plane°, distance ratio, 25
    clouds: dict[int, np.ndarray]  # n → (n, 3) float32, file frame


def read_model(root: Path, model: str) -> ModelFiles:
    """Read one model's files, undecoded.

    Raises:
        ValueError: a file is missing or broken; the message names every one that is.
    """
    synset, name = model.split("/")
    folder, clouds_folder, problems = rendering_dir(root, synset, name), cloud_dir(root, synset, name), []
    pngs: list[bytes] = []
    metadata = np.zeros((0, 5))
    if not folder.is_dir():
        problems.append(NO_RENDERINGS)
    for i in range(VIEWS if folder.is_dir() else 0):
        try:
            data = (folder / f"{i:02d}.png").read_bytes()
        except OSError as error:
            raise_if_out_of_memory(error)
            problems.append(f"{i:02d}.png missing")
            continue
        if trouble := png_trouble(data):
            problems.append(f"{i:02d}.png {trouble}")
        pngs.append(data)
    try:
        metadata = read_metadata(folder / "rendering_metadata.txt")
    except OSError as error:
        raise_if_out_of_memory(error)
        problems += ["rendering_metadata.txt missing"] if folder.is_dir() else []
    except ValueError as error:
        problems.append(f"rendering_metadata.txt: {error}")
    clouds = {}
    if not clouds_folder.is_dir():
        problems.append(NO_CLOUDS)
    for n in (1024, 2048) if clouds_folder.is_dir() else ():
        try:
            cloud = np.load(clouds_folder / f"pointcloud_{n}.npy", allow_pickle=False)
            if cloud.shape != (n, 3) or not np.isfinite(cloud).all():
                problems.append(f"pointcloud_{n}.npy: expected finite ({n}, 3), found shape {cloud.shape}")
            clouds[n] = np.asarray(cloud, dtype=np.float32)
        except FileNotFoundError:
            problems.append(f"pointcloud_{n}.npy missing")
        except (OSError, ValueError, EOFError, TypeError) as error:
            raise_if_out_of_memory(error)
            problems.append(f"pointcloud_{n}.npy broken")
    if problems:
        raise ValueError("; ".join(_shortened(problems)))
    return ModelFiles(pngs, metadata, clouds)


def _shortened(problems: list[str]) -> list[str]:
    return problems if len(problems) <= 6 else [*problems[:5], f"and {len(problems) - 5} more"]


def png_trouble(data: bytes) -> str:
    """What is wrong with a rendering's file, by its size, structure and checksums; empty for nothing.

    Nothing is decoded: that would take a million images minutes, and a file with right checksums is what was written.
    """
    position = 8 if data[:8] == b"\x89PNG\r\n\x1a\n" else len(data)
    while position + 12 <= len(data):
        kind, end = (
            data[position + 4 : position + 8],
            position + 12 + int.from_bytes(data[position : position + 4], "big"),
        )
        if end > len(data):
            break
        if zlib.crc32(memoryview(data)[position + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            return f"damaged (the checksum of its part {kind.decode('ascii', 'replace')} is wrong)"
        if kind == b"IHDR":
            width, height = (int.from_bytes(data[at : at + 4], "big") for at in (position + 8, position + 12))
            if (width, height) != (IMAGE_SIZE, IMAGE_SIZE):
                return f"has {width}×{height} pixels, expected {IMAGE_SIZE}×{IMAGE_SIZE}"
        if kind == b"IEND":
            return ""
        position = end
    return "broken or cut off"


def read_metadata(path: Path) -> np.ndarray:
    """``rendering_metadata.txt`` → (24, 5) float64: azimuth°, elevation°, in-plane rotation°, distance ratio, 25."""
    lines = path.read_text(encoding="utf-8", errors="replace").split("\n")
    rows = [line.split() for line in lines if line.strip()]
    if len(rows) != VIEWS or any(len(row) != 5 for row in rows):
        raise ValueError(f"expected {VIEWS} rows of 5 numbers, found {len(rows)} rows")
    values = np.array(rows, dtype=np.float64)
    if not np.isfinite(values).all():
        raise ValueError("expected finite numbers")
    return values


def decode_png(data: bytes) -> np.ndarray:
    """PNG bytes → (137, 137, 4) uint8.

    Raises:
        ValueError: not a readable PNG of that size.
    """
    try:
        image = np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))
    except (OSError, SyntaxError, ValueError) as error:
        raise_if_out_of_memory(error)
        raise ValueError(f"unreadable PNG ({error})") from error
    if image.shape != (IMAGE_SIZE, IMAGE_SIZE, 4):
        raise ValueError(f"expected {IMAGE_SIZE}×{IMAGE_SIZE} pixels, found {image.shape[1]}×{image.shape[0]}")
    return image


def network_input(image: np.ndarray) -> np.ndarray:
    """Rendering (137, 137, 4) → network input (128, 128, 3): cropped, alpha dropped and not composited."""
    return image[CROP, CROP, :3]


def read_view(dataset: str, model: str, view: int) -> np.ndarray:
    """One rendering, (137, 137, 4) uint8 RGBA."""
    path = rendering_dir(paths.dataset_dir(dataset), *model.split("/")) / f"{view:02d}.png"
    try:
        return decode_png(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{paths.display(path)}: {error}. Delete the model's folder and make it again.") from error


def read_cameras(dataset: str, model: str) -> np.ndarray:
    """Camera rows (24, 5) of one model; see :func:`read_metadata`."""
    return read_metadata(rendering_dir(paths.dataset_dir(dataset), *model.split("/")) / "rendering_metadata.txt")


def _blocks(items: Iterable[str], size: int) -> Iterable[list[str]]:
    iterator = iter(items)
    while block := list(itertools.islice(iterator, size)):
        yield block


def settle_frame(dataset: str, yaw: int) -> None:
    """Have a data set's clouds turned by ``yaw`` whenever they are packed, so that everything after is in the renderings' frame."""
    file = paths.dataset_dir(dataset) / FRAME_FILE
    if yaw == 0:
        file.unlink(missing_ok=True)
    elif yaw != yaw_of(dataset):
        files.write_json(file, {"yaw": yaw})


def yaw_of(dataset: str) -> int:
    """By how many degrees a data set's clouds are turned when they are packed; 0 unless :func:`settle_frame` said otherwise."""
    file = paths.dataset_dir(dataset) / FRAME_FILE
    return files.read_json(file)["yaw"] if file.is_file() else 0


def class_of(model: str) -> str:
    """Class name of "synset/model"."""
    return class_name(model.split("/")[0])


def classes_in(models: Iterable[str]) -> dict[str, int]:
    """How many of the models each class has: the 13 in the order of the synsets, then classes of one's own."""
    counts = Counter(map(class_of, models))
    return {name: counts[name] for name in sorted(counts, key=class_order)}


def synsets_in(models: Iterable[str]) -> dict[str, str]:
    """Class name → synset of the models' classes, in the order of :func:`classes_in`."""
    found = {class_of(model): model.split("/")[0] for model in models}
    return {name: found[name] for name in sorted(found, key=class_order)}


VIEWS = 24


def rendering_dir(root: Path, synset: str, model: str) -> Path:
    """Folder of a model's views in the R2N2 layout."""
    return root / "ShapeNetRendering" / synset / model / "rendering"


def cloud_dir(root: Path, synset: str, model: str) -> Path:
    """Folder of a model's point clouds in the R2N2 layout."""
    return root / "ShapeNet_pointclouds" / synset / model
