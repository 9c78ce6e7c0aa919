"""One step in a process of its own: what a place on this machine or a worker of a cluster does when it is given one.

:func:`perform` starts the process and waits for it; :func:`main` is that process. It ends with whoever waits for it, and its
kernel with it. What it says goes into ``runs/<run>/logs/<step>.log``, its result into a file beside the step's lock, where
it lies until the run has recorded it: a step that has come to its end is not executed again because the news of it was lost.
"""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from lmnet_utils.core import paths
from lmnet_utils.core.files import explain, read_json, write_json
from lmnet_utils.core.memory import explain_memory
from lmnet_utils.core.runtime import utc_now
from lmnet_utils.run import execution, kernel, records
from lmnet_utils.run.steps import Step

FOLDERS = ("LMNET_ROOT", "LMNET_DATA", "LMNET_TRAINED_MODELS", "LMNET_RUNS")
"""Variables that a worker on another machine needs from the run."""
THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
"""These decide the last bits of sums, so a step has those of the run: on a worker, too, where Dask sets them to 1."""
LOOK_S = 0.2
"""Whether a step's process is over, and still wanted, is looked at so often."""
GRACE_S = 20.0
INTERRUPTED = 130
"""Exit status of a step's process that was stopped before it had its step's lock."""


@dataclasses.dataclass(frozen=True)
class Order:
    """A step to be executed.

    Attributes:
        identity: of the step and all that decides its result; a result of that identity that lies there is taken.
        token: of the run; once :func:`wanted_file` holds another one, or none, the step is stopped.
        cores: for worker processes and threads of its cells; 0 for what the worker has.
        clear: outputs that are removed first, as ``steps.json`` names them.
        variables: environment variables.
    """

    step: Step
    run: str
    identity: str
    token: str
    quiet: bool = False
    cores: int = 0
    clear: tuple[str, ...] = ()
    variables: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def output(self) -> Path:
        return Path(self.variables["LMNET_RUNS"], self.run, f"{self.step.key}.ipynb")

    @property
    def log(self) -> Path:
        return log_of(self.output)


def variables() -> dict[str, str]:
    """The folders as this process sees them, absolute, and how many threads its arithmetic has."""
    roots = (paths.project_root(), paths.data_root(), paths.trained_models_root(), paths.runs_root())
    found = {name: os.path.abspath(root) for name, root in zip(FOLDERS, roots, strict=True)}
    return found | {name: os.environ[name] for name in THREADS if name in os.environ}


def log_of(output: Path) -> Path:
    """What the step of that executed notebook said."""
    return output.parent / "logs" / f"{output.name.removesuffix('.ipynb')}.log"


def wanted_file(folder: Path) -> Path:
    """Holds the token of the one run into ``runs/<run>`` whose steps may go on."""
    return folder / ".steps" / "wanted"


# ------------------------------------------------------------------------------------------------------------ waiting
def perform(order: Order) -> dict[str, Any]:
    """Execute a step in a process of its own, and wait for it.

    Returns:
        ``status`` (done, failed or interrupted), ``error``, ``started``, ``wall_s``, and ``memory_gb`` of its largest process.
    """
    if not _is_wanted(order):  # it waited for a worker until the run was stopped
        return {"status": "interrupted", "error": None}
    place = execution.step_place(order.output)
    for folder in (place.parent, order.log.parent):
        folder.mkdir(parents=True, exist_ok=True)
    package = str(Path(__file__).resolve().parents[2])
    search = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH", "")]))
    inherited = {name: value for name, value in os.environ.items() if name not in THREADS}
    environment = {**inherited, **order.variables, "PYTHONPATH": search}
    if cores := order.cores or _cores_of_worker():
        environment["LOKY_MAX_CPU_COUNT"] = str(cores)
    with open(order.log, "ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lmnet_utils.run.worker"],
            stdin=subprocess.PIPE,  # stays open as long as this process lives: that is how the other one knows
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the run, which then ends its steps
        )
        with process:
            assert process.stdin is not None
            process.stdin.write(json.dumps(dataclasses.asdict(order)).encode() + b"\n")
            process.stdin.flush()
            while process.poll() is None:
                if not _is_wanted(order):
                    _end(process)
                time.sleep(LOOK_S)
    return result_of(place, order.identity) or _without_result(process.returncode, order.log)


def _without_result(status: int, log: Path) -> dict[str, Any]:
    """What is said of a step whose process has left no result."""
    if status == INTERRUPTED:
        return {"status": "interrupted", "error": None}
    if status > 0:
        return {"status": "failed", "error": last_line(log) or f"its process ended with status {status}"}
    error = f"its process was ended by signal {-status}. Out of memory? Fewer --jobs need less."
    return {"status": "failed", "error": error}


def result_of(place: Path, identity: str) -> dict[str, Any] | None:
    """The result of that identity that lies beside a step's lock."""
    try:
        found = read_json(kernel.beside(place, ".json"))
    except (FileNotFoundError, ValueError):
        return None
    return found if found.get("identity") == identity else None


def _is_wanted(order: Order) -> bool:
    try:
        return wanted_file(order.output.parent).read_text(encoding="utf-8") == order.token
    except OSError:  # a file system that is away for a moment, or another machine's view of it that is not up to date
        return True


def _end(process: subprocess.Popen) -> None:
    process.terminate()
    try:
        process.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        process.kill()


def _cores_of_worker() -> int:
    """A worker's share of its machine, as it was started with: its threads may each be given a step."""
    from distributed import get_worker

    from lmnet_utils.core import parallel

    return max(1, parallel.cores() // get_worker().state.nthreads)


def last_line(log: Path) -> str:
    """What a step said last."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, log.stat().st_size - 2000))
            lines = file.read().decode(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")


# ---------------------------------------------------------------------------------------------------- the step's process
def main() -> int:
    """Execute the order that comes on standard input, unless a result of it lies there already."""
    text = b""
    while not text.endswith(b"\n"):
        if not (part := os.read(0, 1 << 16)):
            return 1
        text += part
    given = json.loads(text)
    order = Order(**{**given, "step": Step(**given["step"]), "clear": tuple(given["clear"])})
    threading.Thread(target=_end_with_whoever_waits, daemon=True).start()
    place = execution.step_place(order.output)
    try:
        with execution.terminate_like_interrupt(), execution.alone_at(place, _say):
            if (result_of(place, order.identity) or {}).get("status") == "done":
                _say(f"[{order.step.key}] came to its end before: its result is taken")
            else:
                kernel.beside(place, ".json").unlink(missing_ok=True)  # of an earlier attempt
                write_json(kernel.beside(place, ".json"), {"identity": order.identity, **_execute(order)})
    except KeyboardInterrupt:
        return INTERRUPTED
    except execution.StepFailed as failure:  # another one holds the lock
        _say(str(failure))
        return 1
    except OSError as error:  # of its notebook, or of its result
        _say(explain(error))
        return 1
    except MemoryError as error:
        _say(explain_memory(error))
        return 1
    return 0


def _execute(order: Order) -> dict[str, Any]:
    result: dict[str, Any] = {"status": "done", "error": None, "started": utc_now()}
    began = time.monotonic()
    if order.clear:
        records.remove_outputs(order.run, order.step.notebook, order.clear)
    try:
        execution.execute_notebook(order.step, order.output, order.quiet, _say)
    except execution.StepFailed as failure:
        result.update(status="failed", error=str(failure))
    except KeyboardInterrupt:
        result.update(status="interrupted")
    return {**result, "wall_s": round(time.monotonic() - began, 1), "memory_gb": _largest_child_gb()}


def _largest_child_gb() -> float | None:
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit / 1e9, 2)


def _end_with_whoever_waits() -> None:
    while os.read(0, 1024):  # nothing more is sent: this returns when the other end is closed
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_S)
    os._exit(1)


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
