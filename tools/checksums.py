"""Checksums of what a run made, so that a change that is to change no result can be shown to change none.

::

    lmnet run smoke
    python tools/checksums.py runs/smoke trained_models/smoke data/freeshapes > before.txt
    # … the change, and the same run again, from the start …
    python tools/checksums.py runs/smoke trained_models/smoke data/freeshapes | diff before.txt -

Weights, clouds, renderings, figures, tables and splits count byte by byte; a ``metrics.json`` counts without what differs
from run to run or from checkout to checkout: times, speeds and the record of the machine.
"""

from __future__ import annotations

import argparse
import hashlib
import json
from pathlib import Path
from typing import Any

from tqdm.auto import tqdm

SUFFIXES = (".safetensors", ".npy", ".ply", ".png", ".gif", ".csv", ".tex", ".md", ".txt")
VOLATILE = ("seconds", "environment", "wall_time_s", "created", "started", "finished", "initial")
"""Entries of a ``metrics.json`` that are left out, as is whatever ends in ``_s`` or ``_per_s``."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path, help="such as runs/smoke")
    parser.add_argument("--each", action="store_true", help="a line a file instead of a line a folder and kind of file")
    options = parser.parse_args()
    for folder in options.folders:
        if not folder.is_dir():
            parser.error(f"{folder}: expected a folder, found none.")
        for name, digest in (each_file if options.each else each_kind)(folder):
            print(f"{digest}  {name}")


def each_file(folder: Path) -> list[tuple[str, str]]:
    """(path below the folder's parent, checksum) of every result file, sorted."""
    files = sorted(path for path in folder.rglob("*") if path.suffix in SUFFIXES or path.name == "metrics.json")
    files = [path for path in files if not {"packs", "tensorboard", "scores"} & set(path.parts)]
    bar = tqdm(files, desc=folder.name, unit="file", leave=False)
    return [(path.relative_to(folder.parent).as_posix(), checksum(path)) for path in bar]


def each_kind(folder: Path) -> list[tuple[str, str]]:
    """(step or object class, kind and number of files; one checksum over them), sorted."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name, digest in each_file(folder):
        parts = Path(name).parts
        groups.setdefault(f"{'/'.join(parts[: min(2, len(parts) - 1)])}  *{Path(name).suffix}", []).append(
            (name, digest)
        )
    return [
        (f"{group}  {len(found)} files", hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16])
        for group, found in sorted(groups.items())
    ]


def checksum(path: Path) -> str:
    """Short SHA-256 of a file's content, of a ``metrics.json`` without its volatile entries."""
    content = path.read_bytes()
    if path.name == "metrics.json":
        content = json.dumps(lasting(json.loads(content)), sort_keys=True).encode()
    return hashlib.sha256(content).hexdigest()[:16]


def lasting(value: Any) -> Any:
    """A JSON value without :data:`VOLATILE` entries."""
    if isinstance(value, dict):
        return {
            key: lasting(entry)
            for key, entry in value.items()
            if key not in VOLATILE and not key.endswith(("_s", "per_s"))
        }
    return [lasting(entry) for entry in value] if isinstance(value, list) else value


if __name__ == "__main__":
    main()
