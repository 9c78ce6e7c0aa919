"""Where the steps of a run are executed: one after another, side by side on this machine, or on a Dask cluster.

The options of ``lmnet run`` that say so stand here, too. What takes long to import is imported when it is needed.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any

SECONDS_TO_ANSWER = 30


def _refusal(text: str) -> Exception:
    from lmnet_utils.run.profiles import ProfileError  # it imports what `lmnet --help` need not wait for

    return ProfileError(text)


@dataclasses.dataclass(frozen=True)
class Engine:
    """What executes the steps of a run.

    Attributes:
        jobs: steps at once on this machine; with ``slurm`` the number of SLURM jobs.
        scheduler: address of a Dask scheduler, whose workers share this machine's file system.
        slurm: arguments of :class:`dask_jobqueue.SLURMCluster`; None for no SLURM.
    """

    jobs: int = 1
    scheduler: str | None = None
    slurm: Mapping[str, Any] | None = None

    @property
    def on_cluster(self) -> bool:
        return self.scheduler is not None or self.slurm is not None

    @property
    def side_by_side(self) -> bool:
        return self.jobs > 1 or self.on_cluster

    def words(self) -> list[str]:
        """The command line's options that say the same."""
        words = ["--jobs", str(self.jobs)] if self.jobs > 1 else []
        words += ["--scheduler", self.scheduler] if self.scheduler else []
        if self.slurm is not None:
            words += ["--slurm", *(f"{name}={_yaml(value)}" for name, value in self.slurm.items())]
        return words


# ------------------------------------------------------------------------------------------------------------ options
def add_options(parser: argparse.ArgumentParser) -> None:
    """The options of ``lmnet run`` that choose an :class:`Engine`."""
    group = parser.add_argument_group("steps side by side")
    group.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="run N independent steps at once, each with its share of cores"
    )
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="run them on the workers of this Dask scheduler, such as tcp://node1:8786",
    )
    group.add_argument(
        "--slurm",
        nargs="*",
        metavar="NAME=VALUE",
        help="run them as N jobs of SLURM, such as cores=8 memory=32GB walltime=08:00:00 (dask_jobqueue.SLURMCluster); "
        "--dry-run shows the job's script",
    )


def engine_of(options: argparse.Namespace) -> Engine:
    """The engine that the options choose; ProfileError if they contradict each other."""
    if options.jobs < 1:
        raise _refusal(f"--jobs {options.jobs}: expected 1 or more")
    if options.scheduler and options.slurm is not None:
        raise _refusal("--scheduler and --slurm exclude each other: give one of them")
    if options.slurm is None:
        return Engine(options.jobs, options.scheduler)
    import yaml

    if wrong := [text for text in options.slurm if not text.partition("=")[0].isidentifier() or "=" not in text]:
        raise _refusal(f"--slurm {wrong[0]}: expected name=value, such as cores=8 or memory=32GB")
    pairs = [text.partition("=")[::2] for text in options.slurm]
    try:
        return Engine(
            options.jobs, slurm={name: value if _is_time(value) else yaml.safe_load(value) for name, value in pairs}
        )
    except yaml.YAMLError as error:
        raise _refusal(f"--slurm: no valid YAML: {error}") from error


def _is_time(text: str) -> bool:
    """Whether it is a time such as ``12:00:00``, which YAML reads as a number."""
    return ":" in text and set(text) <= set("0123456789:-")


def _yaml(value: Any) -> str:
    import json

    return value if isinstance(value, str) else json.dumps(value)


# ------------------------------------------------------------------------------------------------------------- engines
@contextlib.contextmanager
def open_executor(engine: Engine, say: Callable[[str], None]) -> Iterator[Executor]:
    """What steps are handed to: ``submit(perform, order)`` gives a future.

    Raises:
        ProfileError: the extra ``cluster`` is missing, or nothing answers at the address.
    """
    if not engine.on_cluster:
        with ThreadPoolExecutor(engine.jobs, thread_name_prefix="step") as threads:  # they wait for processes
            yield threads
        return
    distributed = _import("distributed", engine)
    with contextlib.ExitStack() as stack:
        address: Any = engine.scheduler
        if engine.slurm is not None:
            address = stack.enter_context(contextlib.closing(_slurm_cluster(engine.slurm)))
            address.scale(jobs=engine.jobs)
        try:
            client = stack.enter_context(distributed.Client(address, timeout=SECONDS_TO_ANSWER, set_as_default=False))
        except (OSError, ValueError, TimeoutError) as error:
            raise _refusal(
                f"no Dask scheduler answers at {engine.scheduler} ({error}); start one with `dask scheduler`, and "
                "workers with `dask worker ADDRESS --nthreads 1`"
            ) from error
        say(f"cluster: {len(client.nthreads())} workers are there; progress of all of it: {client.dashboard_link}")
        yield stack.enter_context(_at_once(client.get_executor(pure=False)))


@contextlib.contextmanager
def _at_once(executor: Executor) -> Iterator[Executor]:
    try:
        yield executor
    finally:
        executor.shutdown(wait=False)


def job_script(engine: Engine) -> str:
    """The script of each SLURM job, as ``sbatch`` gets it; the scheduler's address in it is another one in every run."""
    assert engine.slurm is not None
    with contextlib.closing(_slurm_cluster(engine.slurm)) as cluster:
        return cluster.job_script()


def _slurm_cluster(options: Mapping[str, Any]) -> Any:
    """A SLURM cluster of workers of this Python, each at one step at a time with all cores of its job."""
    jobqueue = _import("dask_jobqueue", Engine(slurm=options))
    one_step = {"processes": 1, "python": sys.executable, "worker_extra_args": ["--nthreads", "1"]}
    try:
        return jobqueue.SLURMCluster(**{**one_step, **options})
    except (TypeError, ValueError) as error:
        raise _refusal(f"--slurm: {error}") from error


def _import(name: str, engine: Engine) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as error:
        option = "--scheduler" if engine.scheduler else "--slurm"
        raise _refusal(f"{option} needs the extra `cluster` ({error}): pip install -e .[cluster]") from error


def why_lost(error: BaseException) -> str:
    """Why a step has no result though its worker was not at fault in a way that it could tell."""
    kind = type(error).__name__
    if kind == "KilledWorker":
        return "every worker that was given it died: out of memory? Give the workers more, or look at their logs"
    if kind in ("CancelledError", "FutureCancelledError"):
        return "the scheduler is gone, or gave it up; see whether it runs, and start again"
    return f"{kind}: {error}"
