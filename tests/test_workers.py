"""Worker processes: order, errors, deaths, and that neither scripts without a guard nor forks nor kills upset them."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from lmnet_utils import workers

LONG = 1e6  # an estimate for which processes are started


@pytest.fixture(autouse=True)
def two_cores(monkeypatch):
    monkeypatch.setattr(workers, "cores", lambda: 2)
    yield
    workers.stop()


def process_ids(count=8, seconds=LONG):
    return set(workers.each(os.getpid, [()] * count, seconds))


def test_long_work_goes_to_other_processes_which_stay(monkeypatch):
    first = process_ids()
    assert 1 <= len(first) <= 2 and os.getpid() not in first
    assert process_ids(200) <= {worker.pid for worker in workers._all} and len(workers._all) == 2
    workers.stop()
    assert not any(map(psutil.pid_exists, first))
    assert not process_ids() & first  # new ones


def test_short_work_stays_here_until_it_has_added_up(monkeypatch):
    monkeypatch.setattr(workers, "_work", 0.0)
    assert process_ids(seconds=0.9 * workers.START_SECONDS) == {os.getpid()}
    assert os.getpid() not in process_ids(seconds=0.2 * workers.START_SECONDS)
    assert len(workers._all) == 2


def test_one_core_or_one_item_needs_no_process(monkeypatch):
    assert process_ids(1) == {os.getpid()}
    monkeypatch.setattr(workers, "cores", lambda: 1)
    assert process_ids() == {os.getpid()}


@pytest.mark.parametrize("seconds", [0, LONG])
def test_results_come_in_order(monkeypatch, seconds):
    monkeypatch.setattr(workers, "_work", 0.0)
    assert list(workers.each(pow, [(i, 2) for i in range(100)], seconds)) == [i * i for i in range(100)]
    assert list(workers.each(pow, [], seconds)) == []


def test_what_only_this_process_has_is_done_here():
    offset = 5
    assert list(workers.each(lambda x: x + offset, [(1,), (2,)], LONG)) == [6, 7]


def test_errors_show_as_they_are_and_the_next_work_is_right():
    with pytest.raises(ValueError, match="domain|nonnegative"):
        list(workers.each(math.sqrt, [(4,), (-1,), (9,)], LONG))
    assert list(workers.each(math.sqrt, [(4,), (9,), (16,)], LONG)) == [2, 3, 4]


def test_work_broken_off_leaves_no_answer_behind():
    answers = workers.each(pow, [(i, 3) for i in range(1000)], LONG)
    assert next(answers) == 0
    answers.close()
    assert list(workers.each(pow, [(i, 2) for i in range(50)], LONG)) == [i * i for i in range(50)]


def test_dead_workers_are_no_loss():
    process_ids()
    for worker in workers._all:
        worker.kill()
    assert list(workers.each(pow, [(i, 2) for i in range(20)], LONG)) == [i * i for i in range(20)]


def test_an_interpreter_that_does_not_start_is_no_loss(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "none"))
    assert process_ids() == {os.getpid()}
    monkeypatch.setattr(sys, "executable", os.devnull if os.name == "nt" else "/bin/false")
    assert process_ids() == {os.getpid()}


def test_what_a_worker_prints_is_not_taken_for_an_answer(capfd):
    assert list(workers.each(print, [("hello",)] * 4, LONG)) == [None] * 4
    out, err = capfd.readouterr()
    assert "hello" not in out and err.count("hello") == 4


SCRIPT = """
import os, sys, time
from lmnet_utils import workers
workers.cores = lambda: 2
print("main", flush=True)
print("workers", *set(workers.each(os.getpid, [()] * 50, 1e6)), flush=True)
if "fork" in sys.argv:
    child = os.fork()
    if child == 0:
        os._exit(0 if set(workers.each(os.getpid, [()] * 4, 1e6)) == {os.getpid()} else 1)
    print("fork", os.waitpid(child, 0)[1], flush=True)
print("torch", "torch" in sys.modules, flush=True)
if "wait" in sys.argv:
    time.sleep(600)
"""


def start(tmp_path, *arguments):
    """The script, in a folder where the kit is not."""
    (tmp_path / "script.py").write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(Path(workers.__file__).parents[1])}
    command = [sys.executable, "script.py", *arguments]
    return subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True)


def wait_until_gone(ids):
    deadline = time.monotonic() + 60
    while any(map(psutil.pid_exists, ids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(psutil.pid_exists, ids))


def test_a_script_without_a_guard_runs_once_and_leaves_nothing_behind(tmp_path):
    script = start(tmp_path, *(["fork"] if hasattr(os, "fork") else []))
    lines = dict(
        line.split(" ", 1) if " " in line else (line, "") for line in script.communicate(timeout=300)[0].splitlines()
    )
    ids = set(map(int, lines["workers"].split()))
    assert script.returncode == 0 and "main" in lines and script.pid not in ids and len(ids) <= 2
    assert lines.get("fork", "0") == "0" and lines["torch"] == "False"
    wait_until_gone(ids)


def test_workers_of_a_killed_process_end(tmp_path):
    script = start(tmp_path, "wait")
    assert script.stdout.readline() == "main\n"
    ids = set(map(int, script.stdout.readline().split()[1:]))
    assert all(map(psutil.pid_exists, ids))
    script.kill()
    script.communicate()
    wait_until_gone(ids)
