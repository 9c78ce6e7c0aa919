"""What makes a figure traceable: seeds, the machine's record, atomic files, ``metrics.json``."""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import platform
import random
import subprocess
import time
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from lmnet_utils import paths
from lmnet_utils.settings import Settings

RECORDED_PACKAGES = (
    "torch", "torchvision", "numpy", "scipy", "easypytorch3d", "pyvista", "matplotlib", "ipywidgets", "jupyterlab",
    "papermill", "gdown", "nbval",
)  # fmt: skip


def choose(name: str, value: Any, choices: Iterable[Any]) -> None:
    """Raise ValueError naming the setting, what was found and what may stand there, unless ``value`` is a choice."""
    choices = tuple(choices)
    if value not in choices:
        raise ValueError(f"{name}={value!r}: expected one of {', '.join(map(repr, choices))}.")


# --------------------------------------------------------------------------------------------------- seeds, device
def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch (all devices)."""
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def pick_device(device: str = "auto"):
    """``"auto"`` → CUDA if there is a GPU, else CPU; any other torch device name → that device.

    Raises:
        ValueError: a CUDA device is asked for and none is there.
    """
    import torch

    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    chosen = torch.device(device)
    if chosen.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(f"device={device!r}: this machine has no usable CUDA GPU. Use device='auto' or 'cpu'.")
    return chosen


def supports_bfloat16(device="cpu") -> bool:
    """Whether bf16 is native, hence fast, on ``device`` (CPU: AVX512-BF16 or AMX; GPU: compute capability ≥ 8)."""
    import torch

    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_capability()[0] >= 8
    try:
        flags = Path("/proc/cpuinfo").read_text(errors="ignore").split("flags", 1)[1].split("\n", 1)[0]
    except (OSError, IndexError):
        return False
    return torch.backends.mkldnn.is_available() and any(name in flags for name in ("avx512_bf16", "amx_bf16"))


def pick_precision(precision: str = "auto", device="cpu") -> str:
    """``"auto"`` → ``"bf16"`` (autocast) where the device computes in it natively, else ``"fp32"``."""
    choose("precision", precision, ("auto", "fp32", "bf16"))
    if precision == "auto":
        return "bf16" if supports_bfloat16(device) else "fp32"
    return precision


def keep_freed_memory() -> bool:
    """Let glibc keep large freed blocks instead of handing each back to the system, as it does by default.

    A training step on a CPU allocates and frees the same large tensors again and again; fetching their pages anew costs
    a third of the autoencoder's step (``benchmarks/training_steps.py``). Memory use stays at its peak until the process ends.

    Returns:
        Whether it was set; elsewhere than with glibc nothing is done.
    """
    m_trim_threshold, m_top_pad, m_mmap_max = -1, -2, -4  # malloc.h
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    values = ((m_mmap_max, 0), (m_trim_threshold, 2**31 - 1), (m_top_pad, 1 << 28))
    return all([mallopt(name, value) for name, value in values])


def environment() -> dict[str, Any]:
    """The record of where a figure was made: Python, machine, packages, git commit. No machine path in it."""
    packages = {}
    for name in RECORDED_PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            packages[name] = metadata.version(name)
    commit, dirty = _git_state()
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "processor": _processor_name(),
        "cores": os.cpu_count(),
        "gpu": _gpu_name(),
        "packages": packages,
        "git_commit": commit,
        "git_dirty": dirty,
    }


def _processor_name() -> str:
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="ignore").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _gpu_name() -> str | None:
    import torch

    return torch.cuda.get_device_name() if torch.cuda.is_available() else None


def _git_state() -> tuple[str | None, bool | None]:
    def git(*arguments: str) -> str:
        return subprocess.run(
            ["git", "-C", str(paths.project_root()), *arguments], capture_output=True, text=True, timeout=20, check=True
        ).stdout.strip()

    try:
        return git("rev-parse", "HEAD"), bool(git("status", "--porcelain", "--untracked-files=no"))
    except (OSError, subprocess.SubprocessError):
        return None, None


# ------------------------------------------------------------------------------------------------------------ files
@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary path beside ``path``, renamed onto it on success, removed on error: nobody ever reads a half file."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


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


def write_metrics(
    path: str | Path,
    notebook: str,
    settings: Settings,
    results: dict[str, Any],
    data: dict[str, Any] | None = None,
    started: float | None = None,
) -> Path:
    """Write a notebook's ``metrics.json``: the one source of every table, the report and the README.

    Args:
        path: the file, or the folder that gets ``metrics.json``.
        notebook: stem of the notebook, such as ``"02_autoencoder_training"``.
        settings: the settings that the notebook ran with.
        results: figures, named with their unit where they have one (``…_s``, ``…_per_s``, ``chamfer`` ×100).
        data: ``dataset``, ``split``, ``classes``, ``split_checksum``, ``pack_hash``, as far as they apply.
        started: ``time.time()`` at the notebook's start, for the wall time.
    """
    path = Path(path)
    path = path if path.suffix == ".json" else path / "metrics.json"
    now = time.time()
    record = {
        "notebook": notebook,
        "created": datetime.fromtimestamp(now, timezone.utc).isoformat(timespec="seconds"),
        "wall_time_s": None if started is None else round(now - started, 1),
        "settings": settings.as_dict(),
        "data": data or {},
        "results": results,
        "environment": environment(),
    }
    return write_json(path, record)
