"""`lmnet run --jobs N`, `--scheduler` and `--slurm`: what runs at once, what a failure stops, what a death costs.

On tiny notebooks with the committed ones' names, by which the kit knows what each needs.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import shlex
import signal
import stat
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from lmnet_utils.core import files, paths
from lmnet_utils.run import chain, cli, cluster, execution, kernel, plans, profiles, scheduler, state, worker
from lmnet_utils.run.cluster import Engine
from lmnet_utils.run.profiles import ProfileError

_spec = importlib.util.spec_from_file_location("kills", Path(__file__).parents[2] / "benchmarks" / "kills.py")
kills = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(kills)
DATA, AUTOENCODER, VARIANT, TEST = kills.DATA, kills.AUTOENCODER, kills.VARIANT, kills.TEST
KEYS, SWEEP, PARAMETERS = kills.KEYS, kills.SWEEP, kills.PARAMETERS


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """01, 02, then 05 with three λ side by side, then 06, which needs them; with no results yet."""
    for name, value in kills.make_project(tmp_path).items():
        monkeypatch.setenv(name, value)
    return tmp_path


def make_notebook(stem: str, parameters: str, *sources: str) -> None:
    kills.write_notebook(paths.project_root(), stem, parameters, *sources)


def make_profile(text: str) -> None:
    (paths.notebooks_root() / "profiles" / "tiny.yaml").write_text(text, encoding="utf-8")


class Performer:
    """Stands in for steps' processes: notes what is at work at once, and fails, waits or dies as a test says."""

    def __init__(self) -> None:
        self.started: list[str] = []
        self.ended: list[str] = []
        self.orders: dict[str, worker.Order] = {}
        self.at_once: list[set[str]] = []
        self.results: dict[str, dict] = {}
        self.meeting: threading.Barrier | None = None
        self.seconds = 0.0
        self._lock = threading.Lock()

    def __call__(self, order: worker.Order) -> dict:
        key = f"{order.run}/{order.step.key}" if order.run != "tiny" else order.step.key
        with self._lock:
            self.started.append(key)
            self.orders[key] = order
            self.at_once.append({name for name in self.started if name not in self.ended})
        if self.meeting and key in SWEEP:
            self.meeting.wait(30)
        time.sleep(self.seconds)
        order.output.parent.mkdir(parents=True, exist_ok=True)
        order.output.write_text("{}")
        with self._lock:
            self.ended.append(key)
        return {"status": "done", "error": None, "wall_s": 0.1, **self.results.get(key, {})}


@pytest.fixture
def performer(monkeypatch) -> Performer:
    found = Performer()
    monkeypatch.setattr(worker, "perform", found)
    return found


def run(jobs: int = 2, **options) -> int:
    return chain.run_profile("tiny", chain.Choice(**options), Engine(jobs), say=lambda text: None)


# ------------------------------------------------------------------------------------------------ what runs at once
def test_steps_wait_for_what_they_need_and_no_others(project, performer):
    performer.meeting = threading.Barrier(3)  # the three λ can only pass it together
    assert run(jobs=3) == 0
    assert performer.started[:2] == KEYS[:2] and performer.started[-1] == TEST
    assert performer.at_once[0] == {DATA} and performer.at_once[-1] == {TEST}
    assert run(jobs=3) == 0 and len(performer.started) == len(KEYS), "what is up to date is skipped"


def test_no_more_at_once_than_jobs_and_memory_allow(project, performer, monkeypatch):
    performer.seconds = 0.5
    assert run(jobs=2) == 0
    assert max(map(len, performer.at_once)) == 2
    monkeypatch.setattr(scheduler, "available_memory_gb", lambda: 10.0)
    path = paths.runs_root() / "tiny" / "steps.json"
    known = json.loads(path.read_text())
    known["steps"][SWEEP[0]]["memory_gb"] = 6.0  # two of these are more than there is
    path.write_text(json.dumps(known))
    for noted in (performer.at_once, performer.started, performer.ended):
        noted.clear()
    assert run(jobs=3, force=True) == 0
    assert max(map(len, performer.at_once)) == 1


def test_the_longest_of_those_that_may_start_do_first(project, performer):
    stems = ["09_explorer", "10_pix3d", "08_evaluation", "14_posteriors"]
    make_profile("notebooks:\n" + "".join(f"  {stem}:\n" for stem in stems))
    for stem in stems:
        make_notebook(stem, PARAMETERS, "pass")
    assert run(jobs=2) == 0
    assert set(performer.started[:2]) == {"08_evaluation", "14_posteriors"}
    assert performer.started[2:] == ["09_explorer", "10_pix3d"]


def test_each_step_has_its_share_of_the_cores(project, performer, monkeypatch):
    monkeypatch.setattr(scheduler.parallel, "cores", lambda: 12)
    performer.meeting = threading.Barrier(3)
    assert run(jobs=3) == 0
    shares = [performer.orders[key].cores for key in KEYS]
    assert shares == [12, 12, 4, 4, 4, 12], "alone it has all of them"


def test_values_of_a_sweep_that_share_a_folder_run_one_after_another(project, performer):
    make_profile(f"notebooks:\n  {AUTOENCODER}: {{run_number: [1, 2, 3]}}\n")
    make_notebook(AUTOENCODER, PARAMETERS + "\nrun_number: int = 1", "pass")
    assert run(jobs=3) == 0
    assert performer.started == [f"{AUTOENCODER}--run_number={number}" for number in (1, 2, 3)]
    assert max(map(len, performer.at_once)) == 1


def test_repeats_wait_for_the_data_alone(project, performer, capsys):
    make_profile(
        f"notebooks:\n  {DATA}:\n  {VARIANT}:\nrepeat:\n  - {{diversity_weight: 0}}\n  - {{diversity_weight: 2}}\n"
    )
    performer.seconds = 0.5
    assert cli.main(["run", "tiny", "--jobs", "4"]) == 0
    assert performer.started[0] == DATA and len(performer.started) == 3
    assert performer.at_once[-1] == set(performer.started[1:])
    out = capsys.readouterr().out
    assert "[tiny-diversity2: 05_encoder_probabilistic] done" in out
    assert {path.parent.name for path in paths.runs_root().glob("*/report.html")} == {
        "tiny", "tiny-diversity0", "tiny-diversity2"
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------- what a failure stops
def test_a_failure_stops_only_what_needs_it_and_says_what_goes_on(project, performer, capsys):
    performer.results[SWEEP[1]] = {"status": "failed", "error": "cell 2/3 raised ValueError: no such shape\n    line 7"}
    assert cli.main(["run", "tiny", "--jobs", "2", "--set", "05.diversity_weight=[0, 0.5, 5.5]"]) == 1
    out = capsys.readouterr().out
    assert performer.ended[-1] != TEST and set(SWEEP) < set(performer.ended)
    assert "4 of 6 steps are done" in out
    assert f"failed: {SWEEP[1]} (cell 2/3 raised ValueError: no such shape); runs/tiny/{SWEEP[1]}.ipynb" in out
    assert f"not run: {TEST} (needs {SWEEP[1]})" in out
    report = (paths.runs_root() / "tiny" / "report.html").read_text()
    assert "no such shape" in report and "not run" in report
    command = shlex.split(out.split("continue with: ")[1].splitlines()[0])
    assert command == ["lmnet", "run", "tiny", "--set", "05.diversity_weight=[0, 0.5, 5.5]", "--jobs", "2"]
    performer.results.clear()
    performer.started.clear()
    assert cli.main(command[1:]) == 0
    assert performer.started == [SWEEP[1], TEST]


def test_without_its_data_nothing_else_starts(project, performer, capsys):
    performer.results[DATA] = {"status": "failed", "error": "no space left"}
    assert cli.main(["run", "tiny", "--jobs", "2"]) == 1
    assert performer.started == [DATA]
    assert capsys.readouterr().out.count("not run: ") == 5


def test_forced_steps_that_are_left_are_forced_again_alone(project, performer, capsys):
    assert run() == 0
    performer.results[TEST] = {"status": "failed", "error": "x"}
    assert cli.main(["run", "tiny", "--jobs", "2", "--force"]) == 1
    assert f"continue with: lmnet run tiny --only {TEST} --force --jobs 2" in capsys.readouterr().out


# ------------------------------------------------------------------------------------------------------- what is refused
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--jobs", "0"], "--jobs 0: expected 1 or more"),
        (["--scheduler", "tcp://x", "--slurm"], "exclude each other"),
        (["--slurm", "cores"], "--slurm cores: expected name=value"),
        (["--slurm", "coers=2", "memory=1GB"], "coers"),
        (["--scheduler", "tcp://127.0.0.1:9"], "no Dask scheduler answers at tcp://127.0.0.1:9"),
    ],
)
def test_engines_that_cannot_be_are_refused(project, monkeypatch, capsys, arguments, expected):
    if expected == "coers" or "no Dask" in expected:
        pytest.importorskip("dask_jobqueue")  # of the extra `cluster`
    monkeypatch.setattr(cluster, "SECONDS_TO_ANSWER", 1)
    dry = ["--dry-run"] if "--slurm" in arguments else []
    assert cli.main(["run", "tiny", *arguments, *dry]) == 2
    assert expected in capsys.readouterr().err


def test_without_the_extra_a_cluster_is_refused_with_its_name(project, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert cli.main(["run", "tiny", "--scheduler", "tcp://127.0.0.1:9"]) == 2
    assert "--scheduler needs the extra `cluster`" in capsys.readouterr().err


def test_the_dry_run_prints_the_job_script_of_slurm(project, capsys):
    pytest.importorskip("dask_jobqueue")
    arguments = ["--slurm", "interface=lo", "cores=8", "memory=32GB", "walltime=12:00:00", "queue=gpu"]
    arguments.append('job_extra_directives=["--gres=gpu:1"]')
    assert cli.main(["run", "tiny", "--dry-run", "--jobs", "3", *arguments]) == 0
    out = capsys.readouterr().out
    assert "the script of each of 3 jobs" in out and "#SBATCH -p gpu" in out and "#SBATCH -t 12:00:00" in out
    assert "#SBATCH --cpus-per-task=8" in out and "#SBATCH --gres=gpu:1" in out
    assert out.rstrip().endswith("--nthreads 1 --interface lo"), "a step at a time"
    assert not (paths.runs_root() / "tiny").exists()


# ------------------------------------------------------------------------------------------------ the same in the end
@pytest.fixture(scope="module")
def serial(tmp_path_factory) -> dict[str, bytes]:
    """What ``--jobs 1`` gives, wherever the project lies."""
    root = tmp_path_factory.mktemp("serial")
    runner = kills.start(["--jobs", "1"], kills.make_project(root))
    output, _ = runner.communicate(timeout=600)
    assert runner.returncode == 0, output
    found = kills.results(root)
    assert len(found) == 6 + 6 + 4 + 6, "metrics, figures, weights and records"
    assert b"06_inference/predictions/index.csv" in found[f"record of {TEST}"]
    return found


def at_work(project: Path) -> list[int]:
    """Kernels that have begun a λ."""
    return [process for _, name, _, process in kills.diary(project) if name.startswith("lambda")]


@contextlib.contextmanager
def two_workers() -> Iterator[object]:
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(**options) as found:
        yield found


def test_side_by_side_and_one_after_another_give_the_same_files(project, serial, capsys):
    assert cli.main(["run", "tiny", "--jobs", "3"]) == 0
    assert kills.results(project) == serial
    out = capsys.readouterr().out
    assert "cell" not in out, "what steps say goes into their logs"
    assert "cell 4/4" in (paths.runs_root() / "tiny" / "logs" / f"{TEST}.log").read_text()
    left = {path.name for path in (paths.runs_root() / "tiny" / ".steps").iterdir()}
    assert {name for name in left if not name.endswith((".lock", ".kernel"))} == {"wanted"}


def test_a_cluster_gives_the_same_files_and_a_killed_worker_loses_and_doubles_nothing(
    project, serial, monkeypatch, capsys
):
    monkeypatch.setenv("SLOW", "0.5")
    killed = []

    def kill() -> None:
        wait_for(lambda: kills.diary(project), "no training is at work")
        worker_process = psutil.Process(kills.diary(project)[0][3]).parent().parent()  # of the kernel's step
        worker_process.kill()
        killed.append(worker_process.pid)

    with two_workers() as found:
        killer = threading.Thread(target=kill)
        killer.start()
        status = cli.main(["run", "tiny", "--scheduler", found.scheduler_address])
        killer.join()
    assert status == 0 and len(killed) == 1
    assert kills.results(project) == serial
    assert kills.went_on_beside_another(project) == []
    begun = [row[:3] for row in kills.diary(project)]
    assert len(begun) <= len(set(begun)) + 1, "no part was done twice, but the one that the killed kernel was at"
    assert "cluster: 2 workers are there; progress of all of it: " in capsys.readouterr().out


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + 600  # a busy machine takes its time to start kernels
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_a_killed_run_leaves_nothing_behind_that_writes_beside_the_next_one(project, serial, monkeypatch):
    monkeypatch.setenv("SLOW", "0.5")
    first = kills.start(["--jobs", "3"], {})
    wait_for(lambda: len(set(at_work(project))) > 1, "no two λ are at work")
    with pytest.raises(ProfileError, match=f"runs/tiny is in use by the run with process number {first.pid}; wait"):
        chain.run_profile("tiny", engine=Engine(2))
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert chain.run_profile("tiny", engine=Engine(3), say=print) == 0
    assert kills.results(project) == serial
    assert kills.went_on_beside_another(project) == []


@pytest.mark.parametrize(("jobs", "count"), [(1, 1), (2, 3)])
def test_kills_at_random_moments_leave_the_end_as_it_is(serial, jobs, count):
    assert kills.measure(count, jobs, seed=jobs, expected=serial)["kills"] == count  # it raises if anything differs


def test_ctrl_c_ends_all_steps_and_the_same_command_goes_on(project, serial, monkeypatch):
    monkeypatch.setenv("SLOW", "0.5")
    first = kills.start(["--jobs", "2"], {})
    wait_for(lambda: at_work(project), "no λ is at work")
    kernels = {row[3] for row in kills.diary(project)}
    first.send_signal(signal.SIGTERM)
    out, _ = first.communicate(timeout=120)
    assert first.returncode == 130 and "Traceback" not in out
    assert "continue with: lmnet run tiny --jobs 2" in out and "interrupted: 05_encoder" in out
    wait_for(lambda: not any(map(psutil.pid_exists, kernels)), "a kernel went on")
    assert chain.run_profile("tiny", engine=Engine(2), say=print) == 0
    assert kills.results(project) == serial


def test_an_end_whose_news_was_lost_is_not_repeated(project):
    assert run(only=[DATA]) == 0
    plan = state.RunState(
        profiles.load_profile("tiny"), "tiny", plans.plan_steps(profiles.load_profile("tiny"), "tiny"), set(), False
    )
    step = plan.steps[1]
    folder = paths.run_dir("tiny")
    worker.wanted_file(folder).write_text("token")
    order = worker.Order(step, "tiny", "identity", "token", cores=1, variables=worker.variables())
    assert worker.perform(order)["status"] == "done"
    count = len(kills.diary(project))
    assert worker.perform(order)["status"] == "done" and len(kills.diary(project)) == count
    files.write_json(
        kernel.beside(execution.step_place(order.output), ".json"), {"identity": "another", "status": "done"}
    )
    (paths.trained_models_root() / "tiny" / "autoencoder" / "state.json").unlink()
    assert worker.perform(order)["status"] == "done" and len(kills.diary(project)) == 2 * count


def test_a_dead_kernel_and_a_dead_process_are_failed_steps(project, capsys):
    make_notebook(DATA, PARAMETERS, "import os, signal; os.kill(os.getppid(), signal.SIGKILL)")
    assert cli.main(["run", "tiny", "--jobs", "2"]) == 1
    assert "its process was ended by signal 9" in capsys.readouterr().out
    make_notebook(DATA, PARAMETERS, "import os; os._exit(9)")
    assert cli.main(["run", "tiny", "--jobs", "2"]) == 1
    assert "cell 3/3: the kernel died" in capsys.readouterr().out
    make_notebook(DATA, PARAMETERS, "bytearray(1 << 62)")
    assert cli.main(["run", "tiny", "--jobs", "2"]) == 1
    assert "raised MemoryError (out of memory: a smaller batch_size needs less)" in capsys.readouterr().out


def test_slurm_jobs_do_the_steps(project, serial, tmp_path, monkeypatch, capsys):
    """With an `sbatch` that starts the job's script right here."""
    pytest.importorskip("dask_jobqueue")
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, line in {"sbatch": 'bash "$1" >> "$JOBS.log" 2>&1 &\necho $! >> "$JOBS"\necho Submitted batch job $!',
                       "scancel": 'kill "$@"'}.items():  # fmt: skip
        (tools / name).write_text(f"#!/bin/bash\n{line}\n")
        (tools / name).chmod(stat.S_IRWXU)
    monkeypatch.setenv("JOBS", str(tmp_path / "jobs"))
    monkeypatch.setenv("PATH", f"{tools}{os.pathsep}{os.environ['PATH']}")
    slurm = ["--slurm", "cores=1", "memory=2GB", "interface=lo", "log_directory=" + str(tmp_path)]
    assert cli.main(["run", "tiny", "--jobs", "2", "--only", "01,02", *slurm]) == 0
    found = kills.results(project)
    assert len(found) == 7 and found == {name: serial[name] for name in found}
    assert len((tmp_path / "jobs").read_text().split()) >= 2
    assert "cluster: " in capsys.readouterr().out


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_full_disk_is_named_and_leaves_nothing_half_written(project, performer, monkeypatch, capsys, jobs):
    def full(self: Path, *_: object, **__: object) -> None:
        if "steps.json" in self.name:
            self.touch()
            raise OSError(28, "No space left on device")
        write(self, *_, **__)

    write = Path.write_text
    monkeypatch.setattr(chain, "execute_notebook", lambda step, output, *_: output.write_text("{}"))
    monkeypatch.setattr(Path, "write_text", full)
    assert cli.main(["run", "tiny", "--jobs", str(jobs)]) == 1
    out = capsys.readouterr().out
    assert (
        "stopped: No space left on device: runs/tiny/steps.json. Make room on that disk. The same command then" in out
    )
    assert not list(paths.runs_root().rglob("*.tmp")) and not (paths.runs_root() / "tiny" / "steps.json").exists()
    monkeypatch.setattr(Path, "write_text", write)
    assert cli.main(["run", "tiny", "--jobs", str(jobs)]) == 0


def test_a_folder_that_may_not_be_written_is_named(project, monkeypatch, capsys):
    def refuse(self: object, *_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(paths.runs_root() / "tiny" / ".lock"))

    monkeypatch.setattr(chain.FileLock, "acquire", refuse)
    assert cli.main(["run", "tiny"]) == 1
    assert "stopped: Permission denied: runs/tiny/.lock. Make it writable, or move runs" in capsys.readouterr().out


def test_a_file_system_without_locks_is_named(project, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(execution.FileLock, "acquire", refuse)
    with pytest.raises(execution.StepFailed, match="cannot be locked .*No locks available.*LMNET_RUNS"):
        with execution.alone_at(paths.run_dir("tiny") / ".steps" / "x"):
            pass


def test_profile_errors_still_come_first(project):
    with pytest.raises(ProfileError, match="no notebook"):
        chain.run_profile("tiny", chain.Choice(only=["99"]), Engine(2))
