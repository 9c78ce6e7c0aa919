"""Packs: a data set's images, clouds and cameras as memory-mapped arrays, made in one pass over its files."""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import itertools
import os
import shutil
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm.auto import tqdm

from lmnet_utils.core import cache, parallel, paths
from lmnet_utils.core.files import is_alive, read_json, write_json
from lmnet_utils.core.memory import GO_ON, memory_for
from lmnet_utils.data import splits
from lmnet_utils.data.layout import (
    INPUT_SIZE,
    VIEWS,
    ModelFiles,
    _blocks,
    cloud_dir,
    decode_png,
    find_objects,
    network_input,
    objects_below,
    read_model,
    rendering_dir,
    yaw_of,
)
from lmnet_utils.data.splits import Split
from lmnet_utils.geometry.frames import turn_clouds

if TYPE_CHECKING:
    import torch

    from lmnet_utils.data import shards

RAW_LIMIT = 20 * 10**9
"""Bytes up to which a pack keeps pixels; a larger one keeps the PNG files' bytes and decodes when read."""
_MAPPED = f"Its files are mapped: what `ulimit -v` allows must hold them. {GO_ON}"
SHARDS = "shards"
"""The folder below ``packs/`` of a data set whose files are shards (:mod:`lmnet_utils.data.shard_files`)."""


# ------------------------------------------------------------------------------------------------- find and split
def read_split(
    dataset: str,
    split: str = "official",
    classes: str = "13",
    real_objects: int | None = None,
    programs: int | None = None,
) -> Split:
    """Read a split of a data set; errors as :func:`lmnet_utils.data.splits.read` and :func:`~lmnet_utils.data.splits.subset`.

    ``real_objects`` and ``programs`` take so many of all classes' training objects; None takes all.

    Models that :func:`open_pack` left out as incomplete, and said so, are left out here too, and those that are gone: one damaged
    file must not stop a training.
    """
    root = paths.dataset_dir(dataset)
    found = splits.read(root, split, classes)
    if (real_objects, programs) != (None, None):
        whole = found if split == splits.PORT else splits.read(root, split)
        taken = {*splits.subset(whole.train, real_objects, programs), *found.val, *found.test}
        found = dataclasses.replace(splits.restrict(found, taken), checksum=found.checksum)
    packed = sorted((root / "packs").glob("[!.]*/incomplete.txt"), key=lambda path: path.stat().st_mtime_ns)
    lines = packed[-1].read_text(encoding="utf-8").splitlines() if packed else []
    usable = set(objects_below(root / "ShapeNetRendering")) - {line.partition(": ")[0] for line in lines}
    return dataclasses.replace(splits.restrict(found, usable), checksum=found.checksum) if packed else found


# ----------------------------------------------------------------------------------------------------------- pack
class Pack:
    """A data set's arrays, memory-mapped or in shards. Made by :func:`open_pack`; row i belongs to ``models[i]``."""

    def __init__(self, folder: Path, dataset: str) -> None:
        record = read_json(folder / "pack.json")
        self.dataset, self.folder = dataset, folder
        self.models: list[str] = record["models"]
        self.views = VIEWS
        self.hash: str = record["hash"]
        """SHA-256 over the names and the content of all files that went in."""
        self.encoded: bool = record["encoded"]
        n = len(self.models)
        self.points: np.ndarray | shards.Clouds
        self.points_1024: np.ndarray | shards.Clouds
        self.shards: shards.Reader | None = None
        if "shards" in record:
            from lmnet_utils.data import shards  # with requests, which other packs need not wait for

            self.shards = shards.Reader(record["address"], record["shards"], shards.Places.load(folder / "places.npz"))
            self.points, self.points_1024 = shards.Clouds(self.shards, 2048), shards.Clouds(self.shards, 1024)
        else:
            self.points = np.memmap(folder / "points_2048.bin", np.float32, "r", shape=(n, 2048, 3))
            self.points_1024 = np.memmap(folder / "points_1024.bin", np.float32, "r", shape=(n, 1024, 3))
        metadata = np.load(folder / "metadata.npy")  # (M, V, 5)
        azimuths = np.radians(metadata[..., 0] % 360).astype(np.float32)
        self.azimuths = np.where(azimuths < np.float32(2 * np.pi), azimuths, np.float32(0))
        """(M, V) float32, radians in [0, 2π)."""
        self.elevations = np.radians(metadata[..., 1]).astype(np.float32)
        """(M, V) float32, radians."""
        self.distances = metadata[..., 3].astype(np.float32)
        """(M, V) float32: the distance ratio; the camera is 1.75 times as far away."""
        if self.encoded and self.shards is None:
            self._offsets = np.load(folder / "offsets.npy")  # (M·V + 1,)
            self._bytes = np.memmap(folder / "images.bin", np.uint8, "r")
        elif not self.encoded:
            shape = (n, VIEWS, INPUT_SIZE, INPUT_SIZE, 3)
            self._pixels = np.memmap(folder / "images.bin", np.uint8, "r", shape=shape)
        self._row_of = {model: i for i, model in enumerate(self.models)}

    def rows(self, models: Sequence[str]) -> np.ndarray:
        """Rows (B,) int64 of models.

        Raises:
            KeyError: a model is not in the pack; says which and what to do.
        """
        try:
            return np.array([self._row_of[model] for model in models], dtype=np.int64)
        except KeyError as error:
            raise KeyError(
                f"Model {error.args[0]!r} is not in the pack of {self.dataset!r} ({len(self.models)} models): its files "
                "are missing or incomplete. Run notebook 01, which makes or verifies the data set."
            ) from None

    def images(self, rows: Sequence[int] | np.ndarray, views: Sequence[int] | np.ndarray) -> torch.Tensor:
        """Network inputs (B, 3, 128, 128) uint8, channels last in memory, for B rows and as many view numbers."""
        import torch  # two seconds, which processes that make or check files can do without

        rows, views = np.asarray(rows, dtype=np.int64), np.asarray(views, dtype=np.int64)
        if not self.encoded:
            batch = self._pixels[rows, views]  # (B, 128, 128, 3), copied
        elif len(rows):
            images = parallel.pool().map(self._decode, rows * VIEWS + views)
            batch = np.stack(list(images))
        else:
            batch = np.zeros((0, INPUT_SIZE, INPUT_SIZE, 3), np.uint8)
        return torch.from_numpy(np.ascontiguousarray(batch)).permute(0, 3, 1, 2)

    def shuffled(self, rows: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """A random order (R,) of items that need these rows: any, or of many shards' a few shards after a few others."""
        order = rng.permutation(len(rows))
        if self.shards is None:
            return order
        from lmnet_utils.data import shards

        part = shards.windows(self.shards.places, rng)
        return order if part is None else order[np.argsort(part[rows[order]], kind="stable")]

    def _decode(self, index: int) -> np.ndarray:
        if self.shards is not None:
            return network_input(decode_png(self.shards.image(*divmod(int(index), VIEWS))))
        return network_input(decode_png(self._bytes[self._offsets[index] : self._offsets[index + 1]].tobytes()))


def tree_signature(dataset: str, progress: bool = False) -> tuple[str, list[str]]:
    """Signature of all files that a pack is made of (names, sizes, times of change), and the models found."""
    root = paths.dataset_dir(dataset)
    models = find_objects(dataset)
    yaw = yaw_of(dataset)
    digest = hashlib.sha256(f"format {cache.VERSIONS['pack']}\n{f'yaw {yaw}' if yaw else ''}".encode())
    for model in tqdm(models, desc="look for changes", unit="model", disable=not progress or len(models) < 5000):
        synset, name = model.split("/")
        digest.update(f"{model}\n".encode())
        for folder in (rendering_dir(root, synset, name), cloud_dir(root, synset, name)):
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in sorted(entries, key=lambda entry: entry.name):
                    info = entry.stat()
                    digest.update(f"{entry.name} {info.st_size} {info.st_mtime_ns}\n".encode())
    return digest.hexdigest(), models


def open_pack(dataset: str, progress: bool = True, raw_limit: int = RAW_LIMIT) -> Pack:
    """Open a data set's pack; build it in one pass over the tree when there is none or the tree has changed.

    Models with missing or broken files are left out with a warning that says where they are listed. A build that is
    killed leaves nothing that would be taken for a pack.

    Args:
        raw_limit: bytes of pixels up to which pixels are kept; beyond, PNG bytes, decoded by threads when read.

    Raises:
        FileNotFoundError: there is nothing to pack; says how the data set is made.
    """
    root = paths.dataset_dir(dataset)
    if (root / "packs" / SHARDS / "pack.json").is_file():
        return Pack(root / "packs" / SHARDS, dataset)
    signature, models = tree_signature(dataset, progress)
    if not models:
        from lmnet_utils.data.shapenet import how_to_get_renderings

        raise FileNotFoundError(how_to_get_renderings(dataset))
    encoded = len(models) * VIEWS * INPUT_SIZE**2 * 3 > raw_limit
    folder = root / "packs" / f"{signature[:16]}-{'png' if encoded else 'raw'}"
    if not (folder / "pack.json").is_file():
        with memory_for(f"making the pack of {paths.display(root)}"):
            _build_pack(root, models, folder, encoded, yaw_of(dataset), progress)
    incomplete = (folder / "incomplete.txt").read_text(encoding="utf-8").splitlines()
    if incomplete:
        warnings.warn(
            f"{len(incomplete)} of {len(models)} models of {dataset!r} are incomplete and left out; they are listed in "
            f"{paths.display(folder / 'incomplete.txt')}.",
            stacklevel=2,
        )
    with memory_for(f"the pack of {paths.display(root)}", _MAPPED):
        pack = Pack(folder, dataset)
    if not pack.models:
        raise FileNotFoundError(f"No model of {dataset!r} is complete: see {paths.display(folder / 'incomplete.txt')}.")
    return pack


def _build_pack(root: Path, models: list[str], folder: Path, encoded: bool, yaw: int, progress: bool) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    for leftover in folder.parent.glob(".building-*"):
        if not is_alive(int(leftover.name.rpartition("-")[2])):
            shutil.rmtree(leftover, ignore_errors=True)
    building = folder.parent / f".building-{os.getpid()}"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir()

    def load(model: str) -> tuple[ModelFiles, list[np.ndarray]] | str:
        try:
            files = read_model(root, model)
            files = files._replace(clouds={n: turn_clouds(cloud, yaw) for n, cloud in files.clouds.items()})
            return files, [] if encoded else [network_input(decode_png(png)) for png in files.pngs]
        except (ValueError, OSError) as error:
            return str(error)

    complete, incomplete, metadata, offsets, digest = [], [], [], [0], hashlib.sha256()
    try:
        with contextlib.ExitStack() as stack:
            names = ("images.bin", "points_2048.bin", "points_1024.bin")
            images, points_2048, points_1024 = (stack.enter_context(open(building / name, "wb")) for name in names)
            bar = stack.enter_context(tqdm(total=len(models), desc="pack", unit="model", disable=not progress))
            for block in _blocks(models, 64):
                # not joblib, which was a third slower here: it looks for the next result every 10 ms only
                for model, loaded in zip(block, parallel.pool().map(load, block), strict=True):
                    bar.update()
                    if isinstance(loaded, str):
                        incomplete.append(f"{model}: {loaded}")
                        continue
                    files, pixels = loaded
                    for png, image in itertools.zip_longest(files.pngs, pixels):
                        images.write(png if encoded else image.tobytes())
                        offsets.append(offsets[-1] + len(png))
                    points_2048.write(files.clouds[2048].tobytes())
                    points_1024.write(files.clouds[1024].tobytes())
                    metadata.append(files.metadata)
                    complete.append(model)
                    add_to_hash(digest, model, files)
        np.save(building / "metadata.npy", np.array(metadata).reshape(-1, VIEWS, 5))
        if encoded:
            np.save(building / "offsets.npy", np.array(offsets, dtype=np.int64))
        (building / "incomplete.txt").write_text("".join(f"{line}\n" for line in incomplete), encoding="utf-8")
        record = {"models": complete, "hash": digest.hexdigest(), "encoded": encoded}
        write_json(building / "pack.json", record)
        older = [path for path in folder.parent.iterdir() if not path.name.startswith(".") and path != folder]
        with contextlib.suppress(OSError):  # another process was first: its pack is the same
            os.replace(building, folder)
        for path in older:
            shutil.rmtree(path, ignore_errors=True)
    finally:
        shutil.rmtree(building, ignore_errors=True)


def add_to_hash(digest: hashlib._Hash, model: str, files: ModelFiles) -> None:
    """An object's part of :attr:`Pack.hash`: the same in whichever form a data set is packed."""
    digest.update(model.encode())
    for png in files.pngs:
        digest.update(png)
    for array in (files.metadata, files.clouds[1024], files.clouds[2048]):
        digest.update(np.ascontiguousarray(array).data)


def loader_speed(pack: Pack, batch_size: int = 64, seconds: float = 1.0, seed: int = 0) -> float:
    """Images per second that ``pack.images`` serves for random batches, in this thread."""
    rng = np.random.default_rng(seed)
    started, served = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - started) < seconds:
        rows = rng.integers(len(pack.models), size=batch_size)
        pack.images(rows, rng.integers(pack.views, size=batch_size))
        served += batch_size
    return served / elapsed
