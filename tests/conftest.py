"""Shared by all tests: temporary folders in place of the checkout's, and no network but this machine's own."""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest
import warm

from lmnet_utils.core import parallel

# In the background of a shell pytest ignores Ctrl-C, and so would the programs that the tests start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Images of containers set this. The tests start some two hundred Pythons, each of which would then compile the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# ---------------------------------------------------------------------------------------------------------- side by side
# `make test` runs the tests in several processes (pytest-xdist), a file at a time: what a file's tests share is made once.
# Plain `pytest tests/x.py` knows nothing of this.
LONGEST_FIRST = (
    "run/test_notebooks.py",  # a third of everything
    "run/test_miniature.py",  # a quarter
    "run/test_side_by_side.py",
    "training/test_processes.py",
    "training/test_training.py",
    "data/test_meshes.py",
    "apps/test_browser.py",
    "apps/test_browser_page.py",
    "run/test_site.py",
    "run/test_pipeline.py",
    "data/test_freeshapes.py",
    "evaluation/test_pix3d.py",
    "run/test_trainings.py",
    "data/programs/test_programs.py",
    "models/test_published_layout.py",
    "models/test_frames.py",
    "models/test_export.py",
    "apps/test_explorer.py",
    "core/test_parallel.py",
    "apps/test_app.py",
)
"""Files of more than ten seconds: begun last, one of them would keep one process busy and the others waiting."""
MOST_PROCESSES = 3
"""More are of no use: the longest file takes a third of the time of all."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """How many processes ``--numprocesses=auto`` means: one for every core that may be used."""
    return min(parallel.cores(), MOST_PROCESSES)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: Sequence[object]) -> None:
    """Each process has its share of the cores: threads that wait for a core of another's take twice the time."""
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, parallel.cores() // len(specs))))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In a process of several, the longest files come first, and first in them what is longest: the smoke run.

    A process that has two tests left is given the next file; that one must not have to wait for them.
    """
    if "PYTEST_XDIST_WORKER" not in os.environ:
        return

    def place(item: pytest.Item) -> tuple[int, bool]:
        name = Path(os.path.relpath(item.path, Path(__file__).parent)).as_posix()
        file = LONGEST_FIRST.index(name) if name in LONGEST_FIRST else len(LONGEST_FIRST)
        return file, "smoke_run" not in getattr(item, "fixturenames", ())

    items.sort(key=place)  # what is equal stays in its order


@pytest.fixture
def kit_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with ``data``, ``trained_models`` and ``runs``, which the kit uses instead of the checkout's."""
    for name, value in _kit_folders(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def _kit_folders(folder: Path) -> dict[str, str]:
    """Make the three folders; returns the variables that make the kit use them."""
    variables = {}
    for name in ("data", "trained_models", "runs"):
        (folder / name).mkdir()
        variables[f"LMNET_{name.upper()}"] = str(folder / name)
    return variables


class SmokeRun(NamedTuple):
    """The folder, the environment in which the kit uses it, and how `lmnet run smoke` ended there."""

    folder: Path
    environment: dict[str, str]
    status: int
    output: str


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory: pytest.TempPathFactory) -> SmokeRun:
    """`lmnet run smoke`, executed once a session in temporary folders.

    It takes minutes: every test that wants data, weights or executed notebooks of smoke size uses this one run.
    """
    folder = tmp_path_factory.mktemp("smoke")
    environment = {**os.environ, **_kit_folders(folder)}
    return SmokeRun(folder, environment, *warm.lmnet("run", "smoke", folder=folder, variables=environment))


@pytest.fixture
def warm_kernels() -> Iterator[None]:
    """Kernels that this process starts have the libraries imported already."""
    warm.switch_on()
    yield
    warm.switch_off()


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that leaves this machine fails and says so."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = address[0]
            try:
                local = ipaddress.ip_address(host).is_loopback
            except ValueError:
                local = host == "localhost"
            if not local:
                raise AssertionError(f"a test wants to connect to {host}: tests use no network")
        return connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
