"""What is written down of a step: the record in ``steps.json`` when it begins and when it is over, and which files are its own."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from lmnet_utils.core import cache, paths
from lmnet_utils.core.runtime import utc_now
from lmnet_utils.run import kernel
from lmnet_utils.run.execution import step_place
from lmnet_utils.run.state import OUTPUTS, USES, RunState, made_state, stored_name, stored_path
from lmnet_utils.run.steps import Step


def files_of(run: str) -> dict[str, tuple[int, int]]:
    """Figures, metrics and weights of a run: path (as :func:`stored_name` writes it) → (time of change, size)."""
    found = {}
    for root in (paths.runs_root() / run, paths.trained_models_root() / run):
        for folder, subfolders, names in os.walk(root):
            subfolders[:] = [name for name in subfolders if name not in ("gt", "pred", "tensorboard")]
            for name in names:
                if name in OUTPUTS or name.endswith((".safetensors", ".png", ".gif")):
                    path = Path(folder, name)
                    with contextlib.suppress(FileNotFoundError):  # a step beside this one replaces it
                        stat = path.stat()
                        found[stored_name(path)] = (stat.st_mtime_ns, stat.st_size)
    return found


def open_record(plan: RunState, step: Step) -> dict[str, Any]:
    """Record that a step begins, and save it; its outputs so far stay its own."""
    earlier = plan.records.get(step.key, {})
    record: dict[str, Any] = {
        "notebook": step.notebook,
        "parameters": step.values,
        "swept": step.swept,
        "status": "interrupted",  # what it is if the machine goes down now
        "started": utc_now(),
        "wall_s": None,
        "fingerprint": plan.fingerprint(step),
        "outputs": earlier.get("outputs", []),
        "error": None,
    }
    if "memory_gb" in earlier:
        record["memory_gb"] = earlier["memory_gb"]
    plan.records[step.key] = record
    plan.save()
    return record


def close_record(plan: RunState, step: Step, changed: set[str], say: Callable[[str], None]) -> None:
    """Record how a step ended: what it wrote, and what those after it read of it.

    Args:
        changed: names of :func:`files_of` that it is known to have written, beside those that its kernels noted.
    """
    record, place = plan.records[step.key], step_place(plan.notebook_file(step))
    record["finished"] = utc_now()
    files = {Path(os.path.abspath(stored_path(name))): name for name in files_of(plan.run)}
    written = changed | {files[path] for path in kernel.noted(place, files)}
    kept = {name for name in record["outputs"] if name in files.values()}
    record["outputs"] = sorted(written | kept) + [stored_name(plan.notebook_file(step))]
    _warn_of_overwriting(plan, step, written, say)
    if step.key == plan.data_step:
        record["data"] = made_state(step.values["dataset"])
    record["digest"] = plan.digest(step, record)
    plan.save()
    for ending in (".written", ".json") if record["status"] == "done" else (".json",):
        kernel.beside(place, ending).unlink(missing_ok=True)


def remove_outputs(run: str, notebook: str, outputs: Sequence[str]) -> None:
    """Clear what a step left before and what it keeps, so that --force computes anew: else it would only be loaded."""
    for name in outputs:
        path = stored_path(name)
        if path.name == "index.csv":  # predictions are replaced as whole folders, known by this file
            continue
        path.unlink(missing_ok=True)
        (path.parent / "training_state.pt").unlink(missing_ok=True)
    cache.clear_arrays(paths.runs_root() / run / notebook)
    if notebook in USES and "familiarity" in USES[notebook].parts:
        for path in paths.data_root().glob("*/familiarity/*.npz"):
            with contextlib.suppress(OSError):  # data that may only be read
                path.unlink()


def _warn_of_overwriting(plan: RunState, step: Step, written: set[str], say: Callable[[str], None]) -> None:
    for other in plan.steps:
        if other.notebook == step.notebook and other.key != step.key:
            shared = written.intersection(plan.records.get(other.key, {}).get("outputs", []))
            if shared:
                say(
                    f"[{step.key}] warning: it wrote over {min(shared)} of {other.key}. The two share their output "
                    f"folder: give each value of {', '.join(step.swept)} a run of its own with --run-name."
                )
