"""A few worker processes for NumPy work that holds Python's interpreter lock.

Unlike ``multiprocessing`` they never import the caller's main module, so they serve scripts without an
``if __name__ == "__main__"`` guard and notebooks alike, on every system, and nothing is forked (which is unsafe beside
torch's threads). They are started when work first pays for it, stay for the next, and end with their parent. What a
worker cannot do, because it could not be started, died or met an error, is done in the calling process.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

START_SECONDS = 2.0
"""Two workers are started once there have been so many seconds of work, further ones with every so many more: a start
(an interpreter with SciPy) takes a good second."""

_CODE = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from lmnet_utils import workers; workers.serve()"
_THREADS = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def each(function: Callable, items: Sequence[tuple], seconds: float) -> Iterator[Any]:
    """``function(*item)`` of every item, in their order, spread over the cores.

    Args:
        function: of a module that imports fast; its name, not its code, is sent to the workers.
        items: arguments that pickle, small beside the work.
        seconds: a rough estimate for all items on one core, which decides between processes and threads.
    """
    global _work
    _work += seconds
    count = min(cores(), len(items))
    processes = _started(min(cores(), max(2, int(_work / START_SECONDS)))) if count > 1 and _work > START_SECONDS else 0

    def run(item: tuple) -> Any:
        return _ask_worker(function, item) if processes else function(*item)

    with ThreadPoolExecutor(max(1, min(count, processes) if processes else count)) as threads:
        yield from threads.map(run, items)


# ------------------------------------------------------------------------------------------------------ parent's side
_lock = threading.Lock()
_all: list[subprocess.Popen] = []
_free: queue.SimpleQueue[subprocess.Popen] = queue.SimpleQueue()
_owner = os.getpid()
_work = 0.0  # seconds of all calls so far


def _started(count: int) -> int:
    """Start workers until there are ``count``; how many there are. None in a forked copy of this process."""
    if _owner != os.getpid() or not sys.executable or cores() == 1:
        return 0
    with _lock:
        while len(_all) < count:
            try:
                worker = subprocess.Popen(
                    [sys.executable, "-c", _CODE, json.dumps(list(map(str, sys.path)))],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    env={**os.environ, **_THREADS},
                )
            except OSError:  # no memory or no processes left
                break
            _all.append(worker)
            _free.put(worker)
        return len(_all)


def _ask_worker(function: Callable, item: tuple) -> Any:
    try:
        call = pickle.dumps((function, item), pickle.HIGHEST_PROTOCOL)
    except Exception:  # a function within a function, say
        return function(*item)
    worker = _free.get()
    try:
        if worker.poll() is None:
            worker.stdin.write(call)
            worker.stdin.flush()
            done, result = pickle.load(worker.stdout)
            if done:
                return result
    except (OSError, EOFError, pickle.UnpicklingError):
        worker.kill()
    finally:
        _free.put(worker)
    return function(*item)  # an error then shows here, with its own traceback


@atexit.register
def stop() -> None:
    """End the workers; the next work starts new ones."""
    if _owner != os.getpid():
        return
    with _lock:
        while _all:
            worker = _all.pop()
            with contextlib.suppress(OSError):  # a dead worker's pipe
                worker.stdin.close()
            worker.kill()
            worker.wait()
            worker.stdout.close()
        while not _free.empty():
            _free.get()


# ------------------------------------------------------------------------------------------------------ worker's side
def serve() -> None:
    """A worker's life: calls from standard input, answers to standard output, until the parent closes the pipe."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever prints must not get between the answers
    sys.stdout = sys.stderr  # shown line by line: standard output into a pipe would be kept back until the end
    while True:
        try:
            function, item = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        except Exception:  # a function or an argument that only the parent can import
            pickle.dump((False, None), answers)
            answers.flush()
            continue
        try:
            answer = pickle.dumps((True, function(*item)), pickle.HIGHEST_PROTOCOL)
        except Exception:
            answer = pickle.dumps((False, None))
        answers.write(answer)
        answers.flush()
