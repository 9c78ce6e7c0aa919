"""Processes that begin with the libraries imported: forked from one that has them (``multiprocessing``'s fork server).

Torch, matplotlib and what else notebooks and trainings import take a new Python some six seconds of processor time, and the tests
start a hundred. The libraries alone are warm: every process imports the package anew, and its notebook or script runs as ever.
The tests of how the kit starts its own processes do not use this.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

sys.modules.setdefault("rfc3987_syntax", None)  # as lmnet_utils.run.execution does, for nbval: two seconds
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner  # noqa: E402

LIBRARIES = [
    "torch", "torch._dynamo", "torch.utils.tensorboard", "torchvision.utils", "accelerate", "numba", "pandas", "scipy.stats",
    "scipy.spatial", "scipy.optimize", "scipy.ndimage", "matplotlib.pyplot", "pytorch3d.renderer", "pytorch3d.structures",
    "trimesh", "pydantic", "joblib", "requests", "IPython.display", "ipywidgets", "ipykernel.kernelapp",
]  # fmt: skip
"""Those that are not installed are passed over."""
INLINE = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
"""What ipykernel sets before matplotlib is imported."""
HERE = Path(__file__).parent
LMNET = "import sys, warm; warm.switch_on(); from lmnet_utils.run.cli import main; sys.exit(main(sys.argv[1:]))"


def start(target: Any, *arguments: Any) -> BaseProcess:
    """A process that calls ``target`` with the libraries imported."""
    if "forkserver" not in multiprocessing.get_all_start_methods():  # Windows
        return _started(multiprocessing.get_context("spawn").Process(target=target, args=arguments))
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(LIBRARIES)
    with _variables(INLINE):
        forkserver.ensure_running()
    return _started(context.Process(target=target, args=arguments))


def _end_with_starter() -> None:
    """From now on this process ends when the one that asked for it has: the fork server would keep it."""

    def wait() -> None:
        multiprocessing.parent_process().join()
        os._exit(1)

    threading.Thread(target=wait, daemon=True).start()


def _started(process: BaseProcess) -> BaseProcess:
    process.start()
    return process


@contextlib.contextmanager
def _variables(wanted: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


# ------------------------------------------------------------------------------------------------------------- scripts
class Script:
    """``python -c source arguments…``, started; standard output and errors come together.

    Args:
        environment: all its variables; this process's if None.
    """

    def __init__(self, source: str, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        handle, self._output = tempfile.mkstemp(suffix=".txt")
        os.close(handle)
        variables = dict(os.environ if environment is None else environment)
        self.process = start(_be_script, source, arguments, variables, self._output)

    def wait(self) -> tuple[int, str]:
        """Its exit status, negative for a signal, and what it printed."""
        self.process.join()
        output = Path(self._output).read_text()
        os.unlink(self._output)
        return self.process.exitcode, output


def run_script(source: str, *arguments: str) -> tuple[int, str]:
    """:class:`Script` from its start to its end."""
    return Script(source, *arguments).wait()


def _be_script(source: str, arguments: tuple[str, ...], variables: dict[str, str], output: str) -> None:
    _end_with_starter()
    with open(output, "wb", buffering=0) as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)
    os.environ.clear()
    os.environ.update(variables)
    sys.path[:0] = filter(None, variables.get("PYTHONPATH", "").split(os.pathsep))
    sys.argv = ["-c", *arguments]
    exec(compile(source, "<script>", "exec"), {"__name__": "__main__"})


# ------------------------------------------------------------------------------------------------------------- kernels
class Forked:
    """A forked kernel as a provisioner sees it: what it uses of ``subprocess.Popen``."""

    stdin = stdout = stderr = None

    def __init__(self, process: BaseProcess) -> None:
        self._process, self.pid = process, process.pid

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self) -> int | None:
        self._process.join()
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


class WarmProvisioner(LocalProvisioner):
    """Starts a kernel by a fork instead of a new Python; the rest is Jupyter's."""

    async def launch_kernel(self, cmd: list[str], **options: Any) -> dict[str, Any]:
        process = start(_be_kernel, cmd, dict(options["env"]), options.get("cwd"))
        self.process, self.pid, self.pgid = Forked(process), process.pid, process.pid
        return self.connection_info


def _be_kernel(command: list[str], variables: dict[str, str], folder: str | None) -> None:
    from ipykernel import kernelapp

    os.setsid()
    _end_with_starter()
    os.environ.clear()
    os.environ.update(variables, JPY_PARENT_PID=str(os.getppid()), **INLINE)  # whom ipykernel expects as its parent
    os.chdir(folder or ".")
    sys.argv = command[command.index("ipykernel_launcher") :]
    kernelapp.launch_new_instance()


def switch_on() -> None:
    """From now on Jupyter starts the kernels of this process so."""
    if "forkserver" not in multiprocessing.get_all_start_methods():  # Windows
        return
    factory = KernelProvisionerFactory.instance()
    factory.provisioners["warm"] = EntryPoint("warm", f"{__name__}:WarmProvisioner", factory.GROUP_NAME)
    factory.default_provisioner_name = "warm"


def switch_off() -> None:
    """From now on Jupyter starts them as it does."""
    KernelProvisionerFactory.instance().default_provisioner_name = "local-provisioner"


def pytest_configure() -> None:
    """``python -m pytest -p warm``."""
    switch_on()


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """With these variables a process finds this module; side by side with other tests it has its share of the cores alone."""
    search = os.pathsep.join(filter(None, [str(HERE), variables.get("PYTHONPATH")]))
    share = {"LOKY_MAX_CPU_COUNT": os.environ["OMP_NUM_THREADS"]} if "PYTEST_XDIST_WORKER" in os.environ else {}
    return {**share, **variables, "PYTHONPATH": search}


def lmnet(*arguments: str, folder: Path, variables: Mapping[str, str]) -> tuple[int, str]:
    """`lmnet` in a process of its own whose notebooks have warm kernels: its exit status and what it printed."""
    result = subprocess.run(
        [sys.executable, "-c", LMNET, *arguments],
        cwd=folder,
        env=environment(variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout
