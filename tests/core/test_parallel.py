"""The ordered parallel map: order, errors, deaths, Ctrl-C, and that scripts without a guard, forks and kills do not upset it."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import joblib
import psutil
import pytest

from lmnet_utils.core import parallel

SQUARES = [(i, 2) for i in range(100)]


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(parallel, "cores", lambda: 2)
    monkeypatch.setattr(parallel, "_work", 0.0)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")  # as a user may have it: `make test` gives its processes one thread each


def process_ids(count=8, **options):
    return set(parallel.each(os.getpid, [()] * count, **options))


def wait_until_gone(ids):
    deadline = time.monotonic() + 60
    while any(map(psutil.pid_exists, ids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(psutil.pid_exists, ids))


# -------------------------------------------------------------------------------------------------- order and place
@pytest.mark.parametrize("options", [{"jobs": n} for n in (1, 2, 4)] + [{"seconds": 0}, {"threads": True}])
def test_results_come_in_order(options):
    assert list(parallel.each(pow, SQUARES, **options)) == [i * i for i in range(100)]
    assert list(parallel.each(pow, [], **options)) == []


def test_workers_are_other_processes_which_stay_and_compute_in_one_thread():
    first = process_ids(200)
    assert 1 <= len(first) <= 2 and os.getpid() not in first
    assert process_ids(200) <= {child.pid for child in psutil.Process().children(recursive=True)}
    assert process_ids(200) & first
    assert set(parallel.each(os.getenv, [("OMP_NUM_THREADS",)] * 8)) == {"1"}


def test_short_work_stays_here_until_it_has_added_up():
    assert process_ids(seconds=0.9 * parallel.START_SECONDS) == {os.getpid()}
    assert os.getpid() not in process_ids(seconds=0.2 * parallel.START_SECONDS)


def test_one_core_or_one_item_needs_no_process(monkeypatch):
    assert process_ids(1, seconds=1e6) == {os.getpid()}
    monkeypatch.setattr(parallel, "cores", lambda: 1)
    assert process_ids(seconds=1e6) == {os.getpid()}


def test_threads_share_memory_with_the_caller():
    seen = []
    list(parallel.each(lambda i: seen.append(i), zip(range(50)), threads=True))
    assert sorted(seen) == list(range(50))


def test_the_callers_parallel_config_is_followed():
    """As one chooses Dask's backend; here that of threads, which shows."""
    with joblib.parallel_config("threading", n_jobs=2):
        assert process_ids() == {os.getpid()}
    assert os.getpid() not in process_ids()


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="only Linux binds processes to cores")
def test_cores_are_those_that_this_process_may_use():
    code = "import os; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]); from lmnet_utils.core import parallel; "
    code += "print(parallel.cores(), parallel.pool()._max_workers)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "1 1\n"


def test_the_bar_counts_items(capsys):
    list(parallel.each(pow, SQUARES, seconds=0, bar={"desc": "Squares"}))
    assert "Squares" in (shown := capsys.readouterr().err) and "100/100" in shown
    list(parallel.each(pow, SQUARES, seconds=0))
    assert not capsys.readouterr().err


# --------------------------------------------------------------------------------------------------- errors and deaths
@pytest.mark.parametrize("options", [{}, {"seconds": 0}, {"threads": True}])
def test_errors_show_as_they_are_and_the_next_work_is_right(options):
    def root(x):
        return math.sqrt(x)

    with pytest.raises(ValueError, match="domain|nonnegative") as caught:
        list(parallel.each(root, [(4,), (-1,), (9,)], **options))
    told = "".join(map(str, (caught.getrepr(), caught.value.__cause__)))
    assert "return math.sqrt(x)" in told, "the traceback shows the line"
    assert list(parallel.each(math.sqrt, [(4,), (9,), (16,)], **options)) == [2, 3, 4]


@pytest.mark.filterwarnings("ignore:.*tasks:UserWarning")  # joblib says that work was cancelled,
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnhandledThreadExceptionWarning"
)  # loky stumbles over what it cancels
def test_work_broken_off_leaves_no_answer_behind():
    answers = parallel.each(pow, [(i, 3) for i in range(1000)])
    assert next(answers) == 0
    answers.close()
    assert list(parallel.each(pow, SQUARES)) == [i * i for i in range(100)]


def once_deadly(i, marker):
    if i == 5 and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return i


def deadly(i):
    if i == 5:
        os._exit(9)
    return i


def slowly_deadly(i):
    if i == 5:
        time.sleep(0.5)
    return deadly(i)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_worker_that_is_killed_is_no_loss(tmp_path):
    tasks = [(i, str(tmp_path / "marker")) for i in range(20)]
    assert list(parallel.each(once_deadly, tasks)) == list(range(20))
    assert (tmp_path / "marker").exists()


def test_workers_killed_between_two_calls_are_no_loss():
    for process_id in process_ids(200):
        psutil.Process(process_id).kill()
    assert list(parallel.each(pow, SQUARES)) == [i * i for i in range(100)]


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_item_that_always_kills_its_worker_costs_only_itself_or_says_what_to_do(jobs):
    expected = [0, 1, 2, 3, 4, "lost", 6, 7]
    assert list(parallel.each(deadly, zip(range(8)), jobs=jobs, lost="lost")) == expected
    with pytest.raises(RuntimeError, match="item 6 of 8.*memory.*LOKY_MAX_CPU_COUNT"):
        list(parallel.each(deadly, zip(range(8)), jobs=jobs))


def test_a_busy_caller_blames_the_item_that_kills():
    """Results that came before the death count, however late they are fetched."""
    found = []
    for result in parallel.each(slowly_deadly, zip(range(8)), jobs=2, lost="lost"):
        found.append(result)
        time.sleep(0.4)  # meanwhile items 3 and 4 are done, and 5 has killed its worker
    assert found == [0, 1, 2, 3, 4, "lost", 6, 7]


def test_several_threads_may_work_at_once():
    """An error of one, which ends joblib's workers, is none of the other's."""

    def failing():
        with pytest.raises(ZeroDivisionError):
            list(parallel.each(divmod, [(1, 0)] * 4))

    for _ in range(3):
        other = threading.Thread(target=failing)
        other.start()
        for _ in range(10):
            assert list(parallel.each(pow, SQUARES)) == [i * i for i in range(100)]
        other.join()


def test_work_within_work_is_done():
    inner = [list(parallel.each(pow, [(i, 2), (i, 3)])) for i in parallel.each(abs, [(-3,), (4,)])]
    assert inner == [[9, 27], [16, 64]]


# -------------------------------------------------------------------------------------------------------------- scripts
SCRIPT = """
import os, sys, time
from lmnet_utils.core import parallel
parallel.cores = lambda: 2

def busy(seconds):
    time.sleep(seconds)
    return os.getpid(), "torch" in sys.modules

print("main", flush=True)
found = set(parallel.each(busy, [(0.01,)] * 50))
print("workers", *(pid for pid, _ in found), flush=True)
print("torch", any(torch for _, torch in found), flush=True)
if "fork" in sys.argv:
    import torch
    list(parallel.pool().map(torch.zeros, range(4)))
    child = os.fork()
    if child == 0:
        here = set(parallel.each(os.getpid, [()] * 4)) == {os.getpid()}
        os._exit(0 if here and list(parallel.pool().map(abs, [-1])) == [1] else 1)
    print("fork", os.waitpid(child, 0)[1], flush=True)
if "wait" in sys.argv:
    print("waits", flush=True)
    list(parallel.each(busy, [(600,)] * 4))
"""


def start(tmp_path, *arguments):
    """The script, in a folder where the kit is not."""
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(Path(parallel.__file__).parents[2])}
    return subprocess.Popen(
        [sys.executable, "script.py", *arguments],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip


def test_a_script_without_a_guard_runs_once_and_leaves_nothing_behind(tmp_path):
    script = start(tmp_path, *(["fork"] if hasattr(os, "fork") else []))
    output, errors = script.communicate(timeout=300)
    assert script.returncode == 0 and output.count("main") == 1, errors
    lines = dict(line.split(" ", 1) for line in output.splitlines() if " " in line)
    ids = set(map(int, lines["workers"].split()))
    assert script.pid not in ids and len(ids) <= 2
    assert lines.get("fork", "0") == "0" and lines["torch"] == "False"
    assert errors == ""
    wait_until_gone(ids)


# What loky's tracker of semaphores says of itself if Ctrl-C meets it at work: a warning and the line that gave it, or an error.
TRACKER = re.compile(
    r"""(?m)^\S*resource_tracker\.py:\d+: UserWarning: .*\n(?:  warnings\.warn\(.*\n)?"""
    r"""|^Traceback [^\n]*\n  File "[^"\n]*resource_tracker\.py".*\n(?:  .*\n)*KeyError: .*\n"""
)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize("way", ["Ctrl-C", "killed"])
def test_workers_end_with_their_parent(tmp_path, way):
    script = start(tmp_path, "wait")
    assert script.stdout.readline() == "main\n"
    ids = set(map(int, script.stdout.readline().split()[1:]))
    assert all(map(psutil.pid_exists, ids))
    while script.stdout.readline() != "waits\n":
        pass
    time.sleep(1)
    if way == "killed":
        script.kill()
    else:
        os.killpg(script.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    errors = script.communicate(timeout=60)[1]
    errors = TRACKER.sub("", errors)
    assert way == "killed" or errors.rstrip().endswith("KeyboardInterrupt"), errors
    assert errors.count("Traceback") == (way == "Ctrl-C"), errors
    wait_until_gone(ids)
