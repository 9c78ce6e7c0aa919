"""What a kernel of a run does before its first cell: it is alone at its step, and notes which files it writes.

A runner that is killed leaves its kernel behind for a second or so, and a restarted one may begin the same step meanwhile. So
every kernel holds a lock of its step, which the system frees when the kernel is gone; the next one begins then, not before.
"""

from __future__ import annotations

import atexit
import os
import socket
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lmnet_utils.core import paths

STEP = "LMNET_STEP"
"""The variable with a step's place: the start of the paths of its lock, notes and result, ``runs/<run>/.steps/<key>``."""
PATIENCE_S = 60.0
BEGIN = "__import__('lmnet_utils.run.kernel', fromlist=['begin_kernel']).begin_kernel()"

_held: list[FileLock] = []  # as long as this process lives


def begin_kernel() -> None:
    """Called by the kernel as it starts; it ends at once where it must not go on."""
    # Registered first, so called last: when all others have cleaned up the process ends, instead of taking torch apart,
    # object by object, for a second or two.
    atexit.register(os._exit, 0)
    place = Path(os.environ[STEP])
    if os.name == "posix" and os.getppid() != int(os.environ.get("JPY_PARENT_PID") or os.getppid()):
        os._exit(1)  # the runner died before ipykernel began to watch it
    lock = kernel_lock(place)
    try:
        lock.acquire(timeout=PATIENCE_S)
    except Timeout:
        print(f"another kernel is at {place.name}: {owner_of(place)}", file=sys.stderr)
        os._exit(1)
    _held.append(lock)
    beside(place, ".kernel").write_text(f"process {os.getpid()} on {socket.gethostname()}", encoding="utf-8")
    note_writes(beside(place, ".written"), (paths.runs_root(), paths.trained_models_root()))


def beside(place: Path, ending: str) -> Path:
    """A file of a step: ``Path.with_suffix`` would cut a key such as ``05--weight=0.5``."""
    return place.with_name(place.name + ending)


def kernel_lock(place: Path) -> FileLock:
    """The lock that a step's kernel holds as long as it lives."""
    return FileLock(beside(place, ".kernel.lock"))


def owner_of(place: Path) -> str:
    """Who holds it, or held it last: ``process 4711 on node3``."""
    try:
        return beside(place, ".kernel").read_text(encoding="utf-8")
    except OSError:
        return "an unknown process"


# ------------------------------------------------------------------------------------------------------------- notes
def note_writes(notes: Path, roots: Collection[Path]) -> None:
    """From now on every path below ``roots`` that this process opens for writing or renames to is a line in ``notes``.

    Beside other steps, the time of a change does not tell whose a file is. Notes of a killed attempt stay: what it has
    written and the next one only loads is the step's as well. Python alone is heard, and no other process: the kit writes
    figures, metrics, predictions and weights, the latter by renaming, from the kernel itself.
    """
    file = os.open(notes, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    known: set[str] = set()
    starts = tuple(os.path.join(os.path.abspath(root), "") for root in roots)
    writing = os.O_WRONLY | os.O_RDWR

    def hear(event: str, details: tuple[Any, ...]) -> None:
        if event == "os.rename":
            path = details[1]
        elif event == "open" and isinstance(details[2], int) and details[2] & writing:
            path = details[0]
        else:
            return
        if isinstance(path, int):  # an open file: its path was heard before
            return
        name = os.path.abspath(os.fsdecode(path))
        if name.startswith(starts) and name not in known and "\n" not in name:
            known.add(name)
            os.write(file, os.fsencode(name + "\n"))

    sys.addaudithook(hear)


def noted(place: Path, files: Collection[Path]) -> set[Path]:
    """Those of ``files`` that the step's kernels wrote, alone or as part of a folder that was renamed."""
    try:
        lines = beside(place, ".written").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return set()
    written = set(map(Path, lines))
    folders = {path for path in written if path.is_dir()}
    return {path for path in files if path in written or not folders.isdisjoint(path.parents)}
