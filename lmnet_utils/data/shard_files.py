"""Writing a data set as shards (``lmnet pack``), and making a data set of shards that lie elsewhere.

::

    <folder>/shard-00000.tar …    in WebDataset's layout: files of one object together, <synset>_<model>.<what>
    <folder>/places.npz           what lies where (lmnet_utils.data.shards.Places), and the cameras
    <folder>/index.json           objects in order, shards with sizes and checksums, the splits' files
    <folder>/splits/…             as in the data set

Everything is named by its content and order alone: the same data set gives the same bytes.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import requests
from tqdm.auto import tqdm

from lmnet_utils.core import parallel, paths
from lmnet_utils.core.files import read_json, sha256_of, write_json
from lmnet_utils.core.memory import memory_for
from lmnet_utils.core.settings import DatasetName, check_value
from lmnet_utils.data import packs, shards
from lmnet_utils.data.layout import VIEWS, ModelFiles, _blocks, find_objects, read_model, yaw_of
from lmnet_utils.data.shapenet import how_to_get_renderings
from lmnet_utils.geometry.frames import turn_clouds

SHARD_BYTES = 128 * 10**6
CLOUDS = (1024, 2048)


# ------------------------------------------------------------------------------------------------------------- writing
def write_shards(
    dataset: str, folder: str | Path, *, shard_bytes: int = SHARD_BYTES, progress: bool = True
) -> dict[str, Any]:
    """Write a data set's images, clouds, cameras and splits as shards; clouds in the images' frame, as in a pack.

    Args:
        dataset: below ``data/``.
        folder: is made; must not be there yet, and appears only when it is complete.
        shard_bytes: a shard is closed after the object with which it reaches so many.
        progress: show a bar.

    Returns:
        The index.

    Raises:
        FileExistsError: the folder is there.
        FileNotFoundError: there is nothing to pack; says how the data set is made.
        ValueError: no object is complete, or ``shard_bytes`` is below 1.
    """
    folder = Path(folder)
    if shard_bytes < 1:
        raise ValueError(f"shard_bytes={shard_bytes}: expected at least 1.")
    if folder.exists():
        raise FileExistsError(f"{paths.display(folder)} is there already: name a new folder, or remove it.")
    root, models = paths.dataset_dir(dataset), find_objects(dataset)
    if not models:
        raise FileNotFoundError(how_to_get_renderings(dataset))
    building = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    try:
        written = _Written(building, shard_bytes)
        bar = tqdm(total=len(models), desc="shards", disable=not progress)
        with memory_for(f"the shards of {dataset!r}"), contextlib.closing(written), bar:
            for model, files in _complete(root, models, yaw_of(dataset), written.incomplete):
                written.add(model, files)
                bar.update()
        if not written.models:
            raise ValueError(f"No object of {dataset!r} is complete: {written.incomplete[0]}, …")
        if (root / "splits").is_dir():
            shutil.copytree(root / "splits", building / "splits")
        index = written.finish(dataset)
        building.rename(folder)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return index


def _complete(root: Path, models: list[str], yaw: int, incomplete: list[str]) -> Iterator[tuple[str, ModelFiles]]:
    """Objects with their files, read side by side; why the others are left out goes to ``incomplete``."""

    def load(model: str) -> ModelFiles | str:
        try:
            files = read_model(root, model)
        except (ValueError, OSError) as error:
            return str(error)
        return files._replace(clouds={n: turn_clouds(cloud, yaw) for n, cloud in files.clouds.items()})

    for block in _blocks(models, 64):
        for model, files in zip(block, parallel.pool().map(load, block), strict=True):
            if isinstance(files, str):
                incomplete.append(f"{model}: {files}")
            else:
                yield model, files


class _Written:
    """The shards that are written so far."""

    def __init__(self, folder: Path, shard_bytes: int) -> None:
        self.folder, self.shard_bytes = folder, shard_bytes
        self.models: list[str] = []
        self.incomplete: list[str] = []
        self._metadata: list[np.ndarray] = []
        self._places: dict[str, list[Any]] = {name: [] for name in ("shard", "start", "end", "crc", "images", "clouds")}
        self._digest, self._names = hashlib.sha256(), list[str]()
        self._file: BinaryIO | None = None

    def add(self, model: str, files: ModelFiles) -> None:
        """Put an object's files into the current shard, or a new one."""
        key, content = model.replace("/", "_"), io.BytesIO()
        if self._file is None or self._file.tell() >= self.shard_bytes:
            self._next()
        assert self._file is not None
        start = self._file.tell()
        images = [_put(content, f"{key}.{view:02d}.png", png) for view, png in enumerate(files.pngs)]
        _put(content, f"{key}.cameras.npy", _npy(files.metadata))
        clouds = [_put(content, f"{key}.pointcloud_{n}.npy", _npy(files.clouds[n])) for n in CLOUDS]
        self._file.write(content.getvalue())
        self.models.append(model)
        self._metadata.append(files.metadata)
        packs.add_to_hash(self._digest, model, files)
        found = {
            "shard": len(self._names) - 1, "start": start, "end": self._file.tell(), "crc": zlib.crc32(content.getvalue()),
            "images": [(start + at, length) for at, length in images],
            "clouds": [(start + at, length) for at, length in clouds],
        }  # fmt: skip
        for name, value in found.items():
            self._places[name].append(value)

    def _next(self) -> None:
        self.close()
        self._names.append(f"shard-{len(self._names):05d}.tar")
        self._file = open(self.folder / self._names[-1], "wb")  # noqa: SIM115  (closed by close)

    def close(self) -> None:
        if self._file is not None:
            self._file.write(bytes(2 * tarfile.BLOCKSIZE))  # two empty blocks end a tar
            self._file.close()
            self._file = None

    def finish(self, dataset: str) -> dict[str, Any]:
        self.close()
        places: dict[str, Any] = {name: np.array(values, np.int64) for name, values in self._places.items()}
        with open(self.folder / "places.npz", "wb") as stream:
            np.savez_compressed(stream, metadata=np.array(self._metadata).reshape(-1, VIEWS, 5), **places)
        names = [*self._names, "places.npz"]
        names += sorted(path.relative_to(self.folder).as_posix() for path in self.folder.glob("splits/**/*.txt"))
        files = {
            name: {"bytes": (self.folder / name).stat().st_size, "sha256": sha256_of(self.folder / name)}
            for name in names
        }
        index = {
            "format": 1, "dataset": dataset, "hash": self._digest.hexdigest(), "shards": self._names, "files": files,
            "incomplete": self.incomplete, "models": self.models,
        }  # fmt: skip
        write_json(self.folder / "index.json", index)
        return index


def _npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, np.ascontiguousarray(array), allow_pickle=False)
    return stream.getvalue()


def _put(stream: io.BytesIO, name: str, content: bytes) -> tuple[int, int]:
    """Add a member to a tar without its end; where its content lies: first byte and length."""
    info = tarfile.TarInfo(name)
    info.size, info.mode = len(content), 0o644
    stream.write(info.tobuf(tarfile.USTAR_FORMAT))
    start = stream.tell()
    stream.write(content)
    stream.write(bytes(-len(content) % tarfile.BLOCKSIZE))
    return start, len(content)


# ----------------------------------------------------------------------------------------------------------- attaching
def attach_shards(dataset: str, address: str) -> Path:
    """Make ``data/<dataset>`` of shards in a folder or on a web server: only the index and the splits are copied.

    Trainings and evaluations then read it like any other data set, by ranges of bytes; the shards must stay where they are.

    Args:
        dataset: a new name.
        address: a folder of :func:`write_shards`, or the address under which a web server gives it (it must know the header Range).

    Returns:
        The data set's folder.

    Raises:
        ValueError: the name, which another data set has; or there is no index of shards, or another one than its checksums say.
        ShardError: the server does not answer.
    """
    check_value("name", DatasetName, dataset)
    root = paths.dataset_dir(dataset)
    attached = root / "packs" / packs.SHARDS
    if root.is_dir() and any(root.iterdir()) and not attached.is_dir():
        raise ValueError(f"{paths.display(root)} holds a data set of its own: give the shards another name.")
    if not shards.is_web(address):
        address = str(Path(address).expanduser().resolve())
    index = _read_index(address)
    building = root.with_name(f".{dataset}.{os.getpid()}.tmp")
    shutil.rmtree(building, ignore_errors=True)
    try:
        pack = building / "packs" / packs.SHARDS
        for name, entry in index["files"].items():
            if name not in index["shards"]:
                place = pack / name if name == "places.npz" else building / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(_whole(address, name, entry))
        with np.load(pack / "places.npz", allow_pickle=False) as content:
            arrays = {name: content[name] for name in content.files}
        np.save(pack / "metadata.npy", arrays.pop("metadata"))
        with open(pack / "places.npz", "wb") as stream:
            np.savez(stream, **arrays)
        record = {"models": index["models"], "hash": index["hash"], "encoded": True}
        write_json(pack / "pack.json", {**record, "address": address, "shards": index["shards"]})
        shutil.rmtree(root, ignore_errors=True)
        building.rename(root)
    finally:
        shutil.rmtree(building, ignore_errors=True)
    return root


def _read_index(address: str) -> dict[str, Any]:
    advice = "expected a folder that `lmnet pack DATASET --shards FOLDER` wrote"
    try:
        if shards.is_web(address):
            index = _get(f"{address.rstrip('/')}/index.json").json()
        else:
            index = read_json(Path(address) / "index.json")
        if index["format"] != 1 or not index["models"] or "places.npz" not in index["files"]:
            raise ValueError("another format")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{paths.display(address)} has no index of shards ({error}): {advice}.") from error
    for name in index["files"]:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ValueError(f"{paths.display(address)}: its index names {name!r}, outside of its folder: refused.")
    return dict(index)


def _whole(address: str, name: str, entry: dict[str, Any]) -> bytes:
    content = (
        _get(f"{address.rstrip('/')}/{name}").content if shards.is_web(address) else (Path(address) / name).read_bytes()
    )
    if hashlib.sha256(content).hexdigest() != entry["sha256"]:
        raise ValueError(f"{name} at {paths.display(address)} is not the file of its index: write the shards again.")
    return content


def _get(url: str) -> requests.Response:
    try:
        response = requests.get(url, timeout=(shards.CONNECT_S, shards.READ_S))
        response.raise_for_status()
    except requests.RequestException as error:
        raise shards.ShardError(f"{url} does not come: {error}") from error
    return response
