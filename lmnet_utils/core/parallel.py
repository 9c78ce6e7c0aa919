"""Parallel work by joblib: one ordered map over worker processes or threads, and the cores that this process may use.

Worker processes do not import the caller's main module: scripts need no ``if __name__ == "__main__"`` guard. Nothing is
forked, which is unsafe beside torch's threads. They compute with one thread each, stay for the next work, and end with
this process or after five idle minutes. Inside ``joblib.parallel_config`` the backend chosen there is used, such as Dask's.
"""

from __future__ import annotations

import functools
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import joblib
from joblib.externals.loky.process_executor import TerminatedWorkerError
from joblib.parallel import LokyBackend, get_active_backend
from tqdm.auto import tqdm

# loky renews a worker that has grown by 300 MB, as one does that draws for the first time: nothing is lost, nothing to do
warnings.filterwarnings("ignore", "A worker stopped while some jobs were given to the executor")

START_SECONDS = 2.0
"""Two workers are started after so many seconds of work, another one with every so many more: a start takes a second."""


def cores() -> int:
    """Cores that this process may use: its affinity, its control group and ``LOKY_MAX_CPU_COUNT`` limit them."""
    return joblib.cpu_count()


def each(
    function: Callable[..., Any],
    items: Iterable[tuple[Any, ...]],
    *,
    threads: bool = False,
    jobs: int | None = None,
    seconds: float | None = None,
    lost: Any = None,
    bar: Mapping[str, Any] | None = None,
) -> Iterator[Any]:
    """``function(*item)`` of every item, in their order, spread over the cores.

    When a worker process dies, for want of memory say, what it may have been at is done again, one item after another.

    Args:
        function: for worker processes best of a module that imports fast: its name, not its code, is sent to them.
        items: arguments; for worker processes they must pickle and be small beside the work.
        threads: threads of this process instead of worker processes, for code that releases the interpreter lock.
        jobs: processes or threads; by default one a core.
        seconds: a rough estimate for all items on one core: what is too short for a start of processes is done here.
        lost: the result of an item that kills its process once more. Without it that is an error.
        bar: tqdm's arguments, such as ``{"desc": "Scores", "unit": "pair"}``; by default no bar.

    Raises:
        Exception: of the function, with its traceback.
        RuntimeError: an item kills its worker process whenever it is done.
    """
    items = list(items)
    if threads:
        results = _in_threads(function, items, jobs)
    elif not _pays(len(items), seconds):
        results = _here(function, items, 1 if seconds is None else min(cores(), len(items) or 1))
    elif _chosen_outside():
        results = _parallel(function, items)
    else:
        affordable = len(items) if seconds is None else max(2, int(_work / START_SECONDS))
        results = _in_processes(function, items, min(jobs or cores(), affordable), lost)
    yield from tqdm(results, total=len(items), **({"disable": True} if bar is None else bar))


@functools.cache
def pool() -> ThreadPoolExecutor:
    """Threads that stay, one a core, for batches of milliseconds (a call of joblib's takes ten); none may wait for another."""
    return ThreadPoolExecutor(cores(), thread_name_prefix="lmnet")


_process = os.getpid()
_work = 0.0  # seconds of all estimates so far
_workers = threading.Lock()  # for one call at a time: an error of one, or other jobs, would end the workers of another
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=pool.cache_clear)  # threads are not copied


def _pays(count: int, seconds: float | None) -> bool:
    """Whether worker processes are worth their start; never in a forked copy of this process, which has lost them."""
    global _work
    _work += seconds or 0
    several = count > 1 and (cores() > 1 or _chosen_outside())
    return _process == os.getpid() and (seconds is None or (several and _work > START_SECONDS))


def _chosen_outside() -> bool:
    """Whether the caller has a ``joblib.parallel_config``, or is work of :func:`each` itself."""
    backend, jobs = get_active_backend(prefer="processes")
    return jobs is not None or backend.nesting_level > 0 or not isinstance(backend, LokyBackend)


def _here(function: Callable[..., Any], items: list[tuple[Any, ...]], count: int) -> Iterator[Any]:
    with ThreadPoolExecutor(count) as short_lived:  # joblib's threads take 10 ms more a call
        yield from (short_lived.map if count > 1 else map)(lambda item: function(*item), items)


def _in_threads(function: Callable[..., Any], items: list[tuple[Any, ...]], jobs: int | None) -> Iterator[Any]:
    backend, chosen = get_active_backend(require="sharedmem")
    jobs = jobs or chosen or (1 if backend.nesting_level else cores())
    return _parallel(function, items, n_jobs=jobs, require="sharedmem")


def _in_processes(function: Callable[..., Any], items: list[tuple[Any, ...]], jobs: int, lost: Any) -> Iterator[Any]:
    if not _workers.acquire(blocking=False):
        yield from (function(*item) for item in items)
        return
    # Items up to the second number are done in a call each: a death is then the item's. (Within one call joblib reports a
    # death before results that have come already, so that a busy caller would blame an item that is done.)
    done = careful = 0
    try:
        while done < len(items):
            rest, at_once = (items[done : done + 1], 1) if done < careful else (items[done:], jobs)
            try:
                for result in _loky(function, rest, at_once):
                    done += 1
                    yield result
            except TerminatedWorkerError as error:
                if done >= careful:
                    careful = done + 2 * jobs
                    continue
                if lost is None:
                    text = f"item {done + 1} of {len(items)} kills its worker process, most likely for want of memory"
                    raise RuntimeError(f"{text}: close other programs or set LOKY_MAX_CPU_COUNT=1.") from error
                done += 1
                yield lost
    finally:
        _workers.release()


def _loky(function: Callable[..., Any], items: list[tuple[Any, ...]], jobs: int) -> Iterator[Any]:
    # two workers at least, as joblib takes n_jobs=1 for "in this process", where a death would end everything
    options = {"n_jobs": max(2, jobs), "pre_dispatch": 1 if jobs == 1 else 2 * jobs, "max_nbytes": None}
    with joblib.parallel_config("loky", inner_max_num_threads=1, initializer=_start_worker):
        return _parallel(function, items, **options)


def _parallel(function: Callable[..., Any], items: list[tuple[Any, ...]], **options: Any) -> Iterator[Any]:
    return joblib.Parallel(return_as="generator", **options)(joblib.delayed(function)(*item) for item in items)


def _start_worker() -> None:
    """Ctrl-C is the parent's business; with the parent, a worker ends at once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
