"""Files that are whole or not there: atomic writing, JSON, checksums."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lmnet_utils.core import paths


# ------------------------------------------------------------------------------------------------------------ files
@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path``, renamed onto it on success, removed on error: nobody ever reads a half file.

    An OSError that does not say which file it is about, such as that of a full disk, says so afterwards.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with errors_of(path):
            yield temporary
            os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """An OSError within that does not say which file it is about, such as that of a full disk, is about this one."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = str(path)
        raise


def is_alive(process: int) -> bool:
    """Whether a process with that number runs on this machine; where it cannot be told, True."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def explain(error: OSError) -> str:
    """What a file system refused, of which file, and what to do: for those who started a command."""
    file = f": {paths.display(os.fsdecode(error.filename))}" if error.filename else ""
    advice = "The same command then goes on."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = f"Make room on that disk. {advice}"
    elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        advice = f"Make it writable, or move runs and weights by LMNET_RUNS and LMNET_TRAINED_MODELS. {advice}"
    elif error.errno == errno.ENOMEM:
        advice = f"Close other programs, or take smaller batches. {advice}"
    return f"{error.strerror or error}{file}. {advice}"


def sha256_of(path: str | Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return paths.display(value)
    if hasattr(value, "tolist"):  # torch tensors, without importing torch
        return value.tolist()
    raise TypeError(f"{type(value).__name__} does not go into JSON: {value!r}")


def write_json(path: str | Path, content: Any) -> Path:
    """Write ``content`` as JSON, atomically; NumPy and torch values become plain numbers and lists."""
    path = Path(path)
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1, default=_plain) + "\n", encoding="utf-8")
    return path


def read_json(path: str | Path) -> Any:
    """Read a JSON file; an unreadable one raises ValueError that names it."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{paths.display(path)} is no valid JSON ({error}). Delete it and make it again.") from error
