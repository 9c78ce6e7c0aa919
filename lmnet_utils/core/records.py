"""``metrics.json``: the one source of every table, the report and the README."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from lmnet_utils.core.files import write_json
from lmnet_utils.core.runtime import environment
from lmnet_utils.core.settings import Settings


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
