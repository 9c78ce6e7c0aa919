"""The machine: seeds, device, precision, memory, and the record of where a figure was made."""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import random
import subprocess
from datetime import datetime, timezone
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lmnet_utils.core import paths
from lmnet_utils.core.checks import choose

if TYPE_CHECKING:
    import torch

RECORDED_PACKAGES = (
    "torch", "torchvision", "numpy", "scipy", "easypytorch3d", "pyvista", "matplotlib", "ipywidgets", "jupyterlab",
    "papermill", "gdown", "nbval",
)  # fmt: skip


# --------------------------------------------------------------------------------------------------- seeds, device
def seed_everything(seed: int) -> None:
    """Seed Python, NumPy and torch (all devices)."""
    import torch

    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def pick_device(device: str = "auto") -> torch.device:
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


def supports_bfloat16(device: str | torch.device = "cpu") -> bool:
    """Whether bf16 is native, hence fast, on ``device`` (CPU: AVX512-BF16 or AMX; GPU: compute capability ≥ 8)."""
    import torch

    if torch.device(device).type == "cuda":
        return torch.cuda.get_device_capability()[0] >= 8
    try:
        flags = Path("/proc/cpuinfo").read_text(errors="ignore").split("flags", 1)[1].split("\n", 1)[0]
    except (OSError, IndexError):
        return False
    return torch.backends.mkldnn.is_available() and any(name in flags for name in ("avx512_bf16", "amx_bf16"))


def pick_precision(precision: str = "auto", device: str | torch.device = "cpu") -> str:
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


def available_memory_gb() -> float | None:
    """Memory that further processes may take, in GB: what the machine has left, or the control group; None if unknown."""
    found = []
    with contextlib.suppress(OSError, ValueError, IndexError):
        line = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
        found.append(int(line.split()[1]) * 1024)
    with contextlib.suppress(OSError, ValueError):  # a container's limit; `max` where there is none
        group = Path("/sys/fs/cgroup")
        found.append(int((group / "memory.max").read_text()) - int((group / "memory.current").read_text()))
    return max(0, min(found)) / 1e9 if found else None


def utc_now() -> str:
    """This moment as records hold it: UTC, to the second."""
    return datetime.now(timezone.utc).isoformat(timespec="seconds")


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
