"""Reading a data set's shards: tar files in a folder or on a web server, read by ranges of bytes, objects kept in bounded memory.

:mod:`lmnet_utils.data.shard_files` writes them and says what lies where. A pack (:class:`lmnet_utils.data.packs.Pack`) of
shards looks like any other.
"""

from __future__ import annotations

import collections
import io
import random
import threading
import time
import urllib.parse
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import requests
from numpy.typing import NDArray

from lmnet_utils.core import parallel

MEMORY = 10**9
"""Bytes of objects that are kept of a web server's shards; what was longest not asked for goes first."""
WINDOW = 4
"""Shards whose objects are mixed with each other in an epoch: what is asked for lies in so many at a time."""
CONNECT_S, READ_S = 20.0, 60.0
TRIES = 6
FIRST_WAIT_S = 1.0


class ShardError(RuntimeError):
    """A shard cannot be read, or holds something else than its index says; the message says what to do."""


@dataclass(frozen=True)
class Places:
    """Where everything lies, of M objects with V views: shards by number, bytes within them."""

    shard: NDArray[np.int64]  # (M,)
    start: NDArray[np.int64]  # (M,) the object's first byte
    end: NDArray[np.int64]  # (M,)
    crc: NDArray[np.int64]  # (M,) CRC-32 of these bytes
    images: NDArray[np.int64]  # (M, V, 2) first byte and length of each PNG
    clouds: NDArray[np.int64]  # (M, 2, 2) the same of the .npy files of 1024 and 2048 points

    @classmethod
    def load(cls, file: Path) -> Places:
        with np.load(file, allow_pickle=False) as content:
            return cls(**{name: content[name] for name in content.files})


class Reader:
    """Bytes of objects, from several threads at once.

    Args:
        address: a folder, or the ``http(s)://`` address of one.
        names: of the shards.
        places: of the index.
        memory: see :data:`MEMORY`.
    """

    def __init__(self, address: str, names: Sequence[str], places: Places, memory: int = MEMORY) -> None:
        self.address, self.names, self.places, self.memory = address.rstrip("/"), list(names), places, memory
        self.remote = is_web(address)
        self.held = 0
        """Bytes of objects in memory."""
        self._objects: collections.OrderedDict[int, bytes] = collections.OrderedDict()
        self._lock, self._local = threading.Lock(), threading.local()
        self._files: dict[int, np.memmap[Any, Any]] = {}

    def image(self, row: int, view: int) -> bytes:
        """A view's PNG."""
        return self._part(row, *self.places.images[row, view])

    def cloud(self, row: int, which: int) -> NDArray[np.float32]:
        """(N, 3) of 1024 (``which`` 0) or 2048 points (1)."""
        content = self._part(row, *self.places.clouds[row, which])
        return np.load(io.BytesIO(content), allow_pickle=False)

    def _part(self, row: int, start: int, length: int) -> bytes:
        if not self.remote:
            return self._file(int(self.places.shard[row]))[start : start + length].tobytes()
        first = int(start - self.places.start[row])
        return self._object(row)[first : first + int(length)]

    def _file(self, shard: int) -> np.memmap[Any, Any]:
        with self._lock:
            if shard not in self._files:
                path = Path(self.address) / self.names[shard]
                try:
                    self._files[shard] = np.memmap(path, np.uint8, "r")
                except (OSError, ValueError) as error:
                    raise ShardError(
                        f"{path}: {error}. Put the shard back, or write them again: lmnet pack."
                    ) from error
            return self._files[shard]

    def _object(self, row: int) -> bytes:
        """All bytes of an object, from memory or the server."""
        with self._lock:
            if row in self._objects:
                self._objects.move_to_end(row)
                return self._objects[row]
        content = self._fetch(row)
        with self._lock:
            if row not in self._objects:
                self._objects[row] = content
                self.held += len(content)
            while self.held > self.memory and len(self._objects) > 1:
                self.held -= len(self._objects.popitem(last=False)[1])
        return content

    def _fetch(self, row: int) -> bytes:
        places, url = self.places, f"{self.address}/{self.names[int(self.places.shard[row])]}"
        start, end = int(places.start[row]), int(places.end[row])
        reason = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(FIRST_WAIT_S * 2 ** (attempt - 1) * random.uniform(0.5, 1))
            try:
                content = self._ask(url, start, end)
            except requests.RequestException as error:
                reason = f"{type(error).__name__}: {error}"
                continue
            if len(content) != end - start:
                reason = f"{len(content):,} of {end - start:,} bytes came"
            elif zlib.crc32(content) != places.crc[row]:
                reason = "the bytes are not those that were packed"
            else:
                return content
        raise ShardError(
            f"{url}, bytes {start} to {end}: {reason}. It was attempt {TRIES} of {TRIES}; the same command goes on."
        )

    def _ask(self, url: str, start: int, end: int) -> bytes:
        """One answer's bytes; RequestException for one that is none."""
        if not hasattr(self._local, "session"):
            self._local.session = requests.Session()
        headers = {"Range": f"bytes={start}-{end - 1}", "Accept-Encoding": "identity"}
        with self._local.session.get(url, headers=headers, timeout=(CONNECT_S, READ_S), stream=True) as response:
            if response.status_code == 200:
                raise requests.RequestException("the server sends whole files only: it must know the header Range")
            if response.status_code != 206:
                raise requests.RequestException(f"status {response.status_code}")
            return next(response.iter_content(end - start + 1), b"")


class Clouds:
    """The clouds of all objects as an array (M, N, 3) of which rows are read when they are asked for."""

    def __init__(self, reader: Reader, points: int) -> None:
        self._reader, self._which = reader, (1024, 2048).index(points)
        self.shape = (len(reader.places.shard), points, 3)
        self.dtype = np.dtype(np.float32)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[np.float32]:
        rows = np.arange(len(self))[key]
        if rows.ndim == 0:
            return self._reader.cloud(int(rows), self._which)
        found = list(parallel.pool().map(lambda row: self._reader.cloud(int(row), self._which), rows.ravel()))
        return np.array(found, np.float32).reshape(*rows.shape, *self.shape[1:])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return self[:].astype(dtype or self.dtype)


def is_web(address: str) -> bool:
    """Whether an address is a web server's; anything else is a folder."""
    return urllib.parse.urlsplit(address).scheme in ("http", "https")


def windows(places: Places, rng: np.random.Generator) -> NDArray[np.int64] | None:
    """(M,) in which part of an epoch each object comes: shards in random order, :data:`WINDOW` at a time; None for one part."""
    count = int(places.shard.max(initial=-1)) + 1
    if count <= WINDOW:
        return None
    turn = np.empty(count, np.int64)
    turn[rng.permutation(count)] = np.arange(count)
    return turn[places.shard] // WINDOW
