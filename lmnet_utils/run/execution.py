"""One notebook executed through papermill, with lines of progress, by one process at a time."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from lmnet_utils.core import paths
from lmnet_utils.run import kernel
from lmnet_utils.run.profiles import is_code, is_tagged, notebook_path
from lmnet_utils.run.state import duration
from lmnet_utils.run.steps import Step


class StepFailed(Exception):
    """A notebook stopped; the message holds the cell, the traceback's last lines and the command that continues."""


_KERNEL_OPTIONS = (
    "--log-level=40",  # else it warns of unencrypted loopback
    f'--IPKernelApp.exec_lines=["{kernel.BEGIN}"]',
)
LEFT_BEHIND_S = 600.0
"""A kernel whose runner was killed ends within a second or so; one that does not for so long is reported."""


# ------------------------------------------------------------------------------------------------------- one at a time
def step_place(output: Path) -> Path:
    """Where a step keeps its lock and notes, given its executed notebook ``runs/<run>/<key>.ipynb``."""
    return output.parent / ".steps" / output.name.removesuffix(".ipynb")


@contextlib.contextmanager
def alone_at(place: Path, say: Callable[[str], None] = print) -> Iterator[None]:
    """Nobody else executes a step meanwhile: no other runner, nor a kernel that a killed one has left behind.

    The system holds the locks, so nothing that was killed keeps one.

    Raises:
        StepFailed: a kernel that was left behind does not end, or the file system has no locks.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    runner, left_behind = FileLock(kernel.beside(place, ".lock")), kernel.kernel_lock(place)
    _acquire(runner, place, say)
    try:
        _acquire(left_behind, place, say, LEFT_BEHIND_S)
        left_behind.release()  # for the kernel that starts now
        yield
    finally:
        runner.release()


def _acquire(lock: FileLock, place: Path, say: Callable[[str], None], patience: float = float("inf")) -> None:
    began = time.monotonic()
    while True:
        try:
            lock.acquire(timeout=5.0 if time.monotonic() - began < 5.0 else 60.0)
            return
        except Timeout:
            if time.monotonic() - began > patience:
                raise StepFailed(
                    f"an earlier kernel of this step still runs: {kernel.owner_of(place)}. End it, and start again."
                ) from None
            say(f"[{place.name}] waits for an earlier execution of this step to end: {kernel.owner_of(place)}")
        except (NotImplementedError, OSError) as error:  # the first: filelock's, where a file system knows no locks
            raise StepFailed(
                f"{paths.display(lock.lock_file)} cannot be locked ({error}): a run needs a writable file system with "
                "file locks. Make room or mend it, or point LMNET_RUNS to another folder."
            ) from error


@contextlib.contextmanager
def terminate_like_interrupt() -> Iterator[None]:
    """SIGTERM (a time limit, a closed terminal) ends the kernel and keeps the notebook as Ctrl-C does."""

    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    old = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, old)


# ---------------------------------------------------------------------------------------------------- one notebook
class _Progress:
    """Plain lines of progress: one for each code cell, and what a cell prints once it takes longer than a moment."""

    PATIENCE = 5.0  # seconds that a cell runs before its output is repeated
    SILENCE = 60.0  # seconds without a word after which a running cell is mentioned again

    def __init__(self, label: str, cells: Sequence[Mapping[str, Any]], quiet: bool, say: Callable[[str], None]):
        self.label, self.quiet, self.say = label, quiet, say
        self.numbers, self.titles = {}, {}
        title = ""
        for index, cell in enumerate(cells):
            if is_code(cell):
                self.numbers[index] = len(self.numbers) + 1
                self.titles[index] = title
            elif headings := re.findall(r"^#{1,6} +(.+?) *$", cell["source"], flags=re.MULTILINE):
                title = headings[-1]
        self.current: int | None = None
        self.title = ""
        self.began = self.spoke = time.monotonic()
        self.buffer = ""
        self.over = threading.Event()

    def cell(self, cell: Mapping[str, Any], cell_index: int, **_: Any) -> None:
        """A code cell starts (nbclient's hook)."""
        self.flush_lines(end=True)
        self.current, self.began, self.buffer = cell_index, time.monotonic(), ""
        title = self.titles.get(cell_index, "")
        self.speak(f"[{self.label}] {self.where()}  {'' if title == self.title else title}".rstrip())
        self.title = title

    def where(self) -> str:
        """``cell 7/18``."""
        return f"cell {self.numbers.get(self.current, '?')}/{len(self.numbers)}"

    def speak(self, text: str) -> None:
        self.spoke = time.monotonic()
        self.say(text)

    def write(self, text: str) -> None:
        """What a cell prints to its standard output (papermill's ``stdout_file``)."""
        self.buffer += text
        self.flush_lines()

    def flush(self) -> None:
        pass

    def flush_lines(self, end: bool = False) -> None:
        if self.quiet or time.monotonic() - self.began < self.PATIENCE:
            return
        *lines, rest = self.buffer.split("\n")
        self.buffer = "" if end else rest
        for line in [*lines, rest] if end else lines:
            if line.strip():
                self.speak(f"    {line.split(chr(13))[-1].rstrip()}")

    def watch(self) -> None:
        """Say now and then that a silent cell still runs (a thread of its own)."""
        while not self.over.wait(5.0):
            if time.monotonic() - self.spoke >= self.SILENCE:
                self.speak(
                    f"[{self.label}] {self.where()} has been running for {duration(time.monotonic() - self.began)}"
                )


def execute_notebook(step: Step, output: Path, quiet: bool = False, say: Callable[[str], None] = print) -> None:
    """Execute one step's notebook into ``output``, in a kernel of this very Python; within :func:`alone_at`.

    Raises:
        StepFailed: a cell raised, or the kernel died.
    """
    with _without_grammar_of_iris():
        import nbformat
        import papermill
        from papermill.exceptions import PapermillExecutionError

    source = nbformat.read(notebook_path(step.notebook), as_version=4)
    cells = list(source.cells)
    parameters_at = next((index for index, cell in enumerate(cells) if is_tagged(cell, "parameters")), -1)
    if step.parameters:  # papermill puts its cell there; without a parameters cell, at the top
        cells.insert(parameters_at + 1, {"cell_type": "code", "source": "", "metadata": {}})
    progress = _Progress(step.key, cells, quiet, say)
    watch = threading.Thread(target=progress.watch, daemon=True)
    watch.start()
    output.parent.mkdir(parents=True, exist_ok=True)
    search = [str(Path(__file__).resolve().parents[2]), os.environ.get("PYTHONPATH", "")]
    variables = {"PYTHONPATH": os.pathsep.join(filter(None, search)), "PYDEVD_DISABLE_FILE_VALIDATION": "1"}
    variables[kernel.STEP] = os.path.abspath(step_place(output))
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)  # the kernel inherits them
    try:
        papermill.execute_notebook(
            _no_format(notebook_path(step.notebook)),
            _no_format(output),
            parameters=step.parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            stdout_file=progress,
            start_timeout=120,
            cwd=str(paths.notebooks_root()),
            kernel_manager_class=_own_kernel(),
            on_cell_execute=progress.cell,
        )
    except PapermillExecutionError as error:
        trace = _clean_traceback(error.traceback, f"{error.ename}: ")
        raised = f"{error.ename}: {error.evalue}".rstrip(": ")
        raised += _advice(raised)
        raise StepFailed(f"{progress.where()} raised {raised}\n{trace}".rstrip()) from None
    except (RuntimeError, TimeoutError) as error:  # nbclient: dead kernel, kernel that does not start
        raise StepFailed(
            f"{progress.where()}: the kernel died ({error}). Out of memory? A smaller batch_size needs less."
        ) from error
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})
        progress.flush_lines(end=True)
        progress.over.set()


@contextlib.contextmanager
def _without_grammar_of_iris() -> Iterator[None]:
    """jsonschema, which nbformat imports, spends two seconds on a grammar for checking IRIs, and notebooks hold none.

    It does without where the package is missing, so it is, meanwhile.
    """
    name = "rfc3987_syntax"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # Python's way to say that there is none
    try:
        yield
    finally:
        del sys.modules[name]


def _advice(error: str) -> str:
    """What to do about an error that is the machine's and not the notebook's."""
    if "not enough memory for " in error:
        return ""  # what raised it says what to do
    if re.search("MemoryError|OutOfMemory|allocate memory|Cannot allocate", error):
        return " (out of memory: a smaller batch_size needs less)"
    if re.search("No space left|Disk quota", error):
        return " (make room on that disk; the same command then goes on)"
    if re.search("Read-only file system|Permission denied", error):
        return " (make it writable, or move data, runs and weights: LMNET_DATA, LMNET_RUNS, LMNET_TRAINED_MODELS)"
    return ""


def _own_kernel() -> type:
    """A manager of kernels of this very Python: a kernelspec called python3 may belong to any Python of the machine."""
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client.kernelspec import KernelSpec
    from jupyter_client.manager import AsyncKernelManager

    class OwnKernel(AsyncKernelManager):
        @property
        def kernel_spec(self) -> KernelSpec:
            native = get_kernel_dict()
            argv = [sys.executable, *native["argv"][1:], *_KERNEL_OPTIONS]
            return KernelSpec(**{**native, "argv": argv})

    return OwnKernel


def _no_format(path: Path) -> str:
    return str(path).replace("{", "{{").replace("}", "}}")  # papermill formats paths with the parameters


def _clean_traceback(lines: Sequence[str], message: str, last: int = 15) -> str:
    """The end of a traceback, without the error's message, which its reader has seen and which may be long."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", "\n".join(lines))
    text = text.rpartition(f"\n{message}")[0] or text
    return "\n".join(f"    {line}" for line in text.rstrip().splitlines()[-last:])
