"""Predictions as files: ``.npy`` under the port's names, PLY beside them, and an index."""

from __future__ import annotations

import csv
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lmnet_utils.core import paths
from lmnet_utils.core.files import atomic_path
from lmnet_utils.models.inference import Batch, Item
from lmnet_utils.models.registry import describe

INDEX_COLUMNS = ("i", "synset", "model", "view", "azimuth")


# ------------------------------------------------------------------------------------------------------------- files
class PredictionWriter:
    """Writes predictions under the port's file names, and PLY beside the ``.npy`` clouds.

    ``gt/image/image_<i>.npy`` (1, 3, 128, 128) float32 0…255, ``gt/pointcloud/pointcloud_<i>.npy`` (1, 2048, 3),
    ``pred/inference_<i>.npy`` (1, 2048, 3), Variant II's samples ``pred/inference_<i>_<k>.npy``, and ``index.csv``
    (i, synset, model, view, azimuth in degrees). One layout everywhere, points last-but-one, unlike the port.

    A context manager: the files gather in a temporary folder, which takes the place of ``folder`` at the end, so that
    nobody reads half a set; after an error, ``folder`` is as it was.

    Raises:
        FileExistsError: ``folder`` holds something that is no set of predictions.
    """

    def __init__(self, folder: str | Path, *, ply: bool = True) -> None:
        self.folder, self.ply, self.count = Path(folder), ply, 0
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / "index.csv").is_file():
            raise FileExistsError(
                f"{paths.display(self.folder)} holds files but no index.csv, so it is no folder of predictions "
                "that could be replaced. Empty it or choose another one."
            )
        self._temporary = self.folder.with_name(f".{self.folder.name}.{os.getpid()}.tmp")

    def __enter__(self) -> PredictionWriter:
        shutil.rmtree(self._temporary, ignore_errors=True)
        for name in ("gt/image", "gt/pointcloud", "pred"):
            (self._temporary / name).mkdir(parents=True)
        self._index: list[tuple] = []
        return self

    def write(self, batch: Batch, ground_truth: np.ndarray) -> None:
        """Add the items of a batch with their true clouds (B, 2048, 3)."""
        for b, item in enumerate(batch.items):
            i = self.count
            image = batch.images[b].numpy().astype(np.float32)
            np.save(self._temporary / f"gt/image/image_{i}.npy", np.ascontiguousarray(image)[None])
            self._cloud(f"gt/pointcloud/pointcloud_{i}", ground_truth[b])
            self._cloud(f"pred/inference_{i}", batch.points[b].numpy())
            for k, sample in enumerate([] if batch.samples is None else batch.samples[b].numpy()):
                self._cloud(f"pred/inference_{i}_{k}", sample)
            synset, model = item.model.split("/")
            self._index.append((i, synset, model, item.view, round(item.azimuth, 6)))
            self.count += 1

    def _cloud(self, name: str, points: np.ndarray) -> None:
        points = np.ascontiguousarray(points, np.float32)
        np.save(self._temporary / f"{name}.npy", points[None])
        if self.ply:
            write_ply(self._temporary / f"{name}.ply", points)

    def __exit__(self, kind, error, traceback) -> None:
        try:
            if kind is None:
                with open(self._temporary / "index.csv", "w", newline="", encoding="utf-8") as file:
                    csv.writer(file, lineterminator="\n").writerows([INDEX_COLUMNS, *self._index])
                replaced = self._temporary.with_suffix(".old")
                shutil.rmtree(replaced, ignore_errors=True)
                if self.folder.exists():
                    self.folder.rename(replaced)
                self._temporary.rename(self.folder)
                shutil.rmtree(replaced, ignore_errors=True)
        finally:
            shutil.rmtree(self._temporary, ignore_errors=True)


@dataclass(frozen=True)
class Predictions:
    """A folder of predictions, read as it is needed. ``items[i]`` says what number i is."""

    folder: Path
    items: list[Item]

    def __len__(self) -> int:
        return len(self.items)

    def find(self, item: Item) -> int | None:
        """Number of the prediction for the same model and view, or ``None``."""
        for i, other in enumerate(self.items):
            if (other.model, other.view) == (item.model, item.view):
                return i
        return None

    def of_model(self, model: str) -> int | None:
        """Number of the first prediction for an object, whatever its view, or ``None``."""
        return next((i for i, item in enumerate(self.items) if item.model == model), None)

    def first(self, count: int, synset: str | None = None) -> list[int]:
        """Numbers of the first predictions, of one class or of all."""
        return [i for i, item in enumerate(self.items) if synset in (None, item.synset)][:count]

    def back_and_front(self, count: int) -> list[int]:
        """Numbers of predictions whose images look most from behind (azimuth 180°), then as many most from the front."""
        order = sorted(range(len(self)), key=lambda i: abs(self.items[i].azimuth - 180))
        back = order[: (count + 1) // 2]
        return back + order[len(back) :][::-1][: count // 2]

    def image(self, i: int) -> np.ndarray:
        """The input as (128, 128, 3) uint8."""
        return self._load(f"gt/image/image_{i}.npy", (1, 3, 128, 128))[0].transpose(1, 2, 0).astype(np.uint8)

    def ground_truth(self, i: int) -> np.ndarray:
        """(2048, 3) float32, file frame."""
        return self._load(f"gt/pointcloud/pointcloud_{i}.npy", (1, 2048, 3))[0]

    def prediction(self, i: int) -> np.ndarray:
        """(2048, 3) float32, file frame; Variant II's is the decoded mean."""
        return self._load(f"pred/inference_{i}.npy", (1, 2048, 3))[0]

    def samples(self, i: int) -> np.ndarray:
        """(N, 2048, 3) float32, file frame; N is 0 for Variant I and the autoencoder."""
        clouds: list[np.ndarray] = []
        while (self.folder / f"pred/inference_{i}_{len(clouds)}.npy").is_file():
            clouds.append(self._load(f"pred/inference_{i}_{len(clouds)}.npy", (1, 2048, 3))[0])
        return np.stack(clouds) if clouds else np.zeros((0, 2048, 3), np.float32)

    def _load(self, name: str, shape: tuple[int, ...]) -> np.ndarray:
        path = self.folder / name
        if not 0 <= int(name.split("_")[1].split(".")[0]) < len(self.items):
            raise IndexError(f"{paths.display(self.folder)} holds predictions 0 to {len(self) - 1}, asked for {name}.")
        try:
            array = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"{paths.display(path)} cannot be read ({error}). Write the predictions again (notebook 06)."
            ) from error
        if array.shape != shape or array.dtype != np.float32:
            raise ValueError(
                f"{paths.display(path)}: expected float32 {shape}, found {array.dtype} {array.shape}. "
                "Write the predictions again (notebook 06)."
            )
        return array


def read_predictions(folder: str | Path) -> Predictions:
    """Open a folder written by :class:`PredictionWriter`.

    Raises:
        FileNotFoundError: there is none; says how to make it.
        ValueError: the index is foreign, or a listed prediction has no file.
    """
    folder = Path(folder)
    index = folder / "index.csv"
    if not index.is_file():
        state = "is no folder of predictions (it has no index.csv)" if folder.is_dir() else "does not exist"
        raise FileNotFoundError(f"{paths.display(folder)} {state}. Run notebook 06 with the same run first.")
    with open(index, newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        if tuple(reader.fieldnames or ()) != INDEX_COLUMNS:
            raise ValueError(
                f"{paths.display(index)}: expected the columns {', '.join(INDEX_COLUMNS)}, "
                f"found {', '.join(reader.fieldnames or ()) or 'none'}."
            )
        try:
            items = [Item(f"{row['synset']}/{row['model']}", int(row["view"]), float(row["azimuth"])) for row in reader]
        except (TypeError, ValueError) as error:
            raise ValueError(f"{paths.display(index)} is damaged ({error}). Run notebook 06 again.") from error
    for i in range(len(items)):
        for name in (f"gt/image/image_{i}.npy", f"gt/pointcloud/pointcloud_{i}.npy", f"pred/inference_{i}.npy"):
            if not (folder / name).is_file():
                raise ValueError(f"{paths.display(folder)}: {name} is listed and missing. Run notebook 06 again.")
    return Predictions(folder, items)


def read_all_predictions(folder: str | Path) -> dict[str, Predictions]:
    """Every model's predictions below a folder: name → predictions, in the order of :func:`find_networks`.

    Raises:
        FileNotFoundError: there are none.
        ValueError: as :func:`read_predictions`.
    """
    found = {path.parent.name: path.parent for path in Path(folder).glob("*/index.csv")}
    if not found:
        raise FileNotFoundError(
            f"{paths.display(folder)} holds no predictions. Run notebook 06 with the same run first."
        )
    return {name: read_predictions(found[name]) for name in sorted(found, key=lambda name: describe(name).order)}


# --------------------------------------------------------------------------------------------------------------- PLY
def write_ply(path: str | Path, points: np.ndarray) -> Path:
    """Write a cloud (N, 3) as binary little-endian PLY (Turk's Stanford format), float32, atomically; returns the path.

    Raises:
        ValueError: another shape.
    """
    if np.ndim(points) != 2 or np.shape(points)[1] != 3:
        raise ValueError(f"expected points of shape (N, 3), found {np.shape(points)}.")
    with atomic_path(path) as temporary:
        coordinates = "".join(f"property float {axis}\n" for axis in "xyz")
        header = f"ply\nformat binary_little_endian 1.0\nelement vertex {len(points)}\n{coordinates}end_header\n"
        temporary.write_bytes(header.encode() + np.asarray(points, "<f4").tobytes())
    return Path(path)
