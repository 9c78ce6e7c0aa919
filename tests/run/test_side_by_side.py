"""`lmnet run --jobs N`, `--scheduler` and `--slurm`: what runs at once, what a failure stops, what a death costs.

On tiny notebooks with the committed ones' names, by which the kit knows what each needs.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from test_pipeline import make_notebook, make_profile, project  # noqa: F401  (a fixture)

from lmnet_utils.core import files, paths
from lmnet_utils.run import chain, cli, cluster, execution, kernel, plans, profiles, scheduler, state, worker
from lmnet_utils.run.cluster import Engine
from lmnet_utils.run.profiles import ProfileError

DATA, AUTOENCODER, VARIANT, TEST = (
    "01_data_preparation", "02_autoencoder_training", "05_encoder_probabilistic", "06_inference"
)  # fmt: skip
# Weights that follow from what was there before and from λ, in parts, so that a killed one goes on; every part is a line of
# this process in a diary. With SLOW a part takes a while.
TRAIN = """\
import hashlib, json, os, pathlib, time
models = pathlib.Path(os.environ["LMNET_TRAINED_MODELS"]) / run
name = f"lambda_{diversity_weight:g}" if "diversity_weight" in globals() else NAME
before = b"".join(path.read_bytes() for path in sorted(models.glob("autoencoder/*.safetensors")) if name != "autoencoder")
folder = models / name
folder.mkdir(parents=True, exist_ok=True)
state = folder / "state.json"
done, value = json.loads(state.read_text()) if state.is_file() else [0, hashlib.sha256(name.encode() + before).hexdigest()]
for part in range(done, 4):
    with open(os.environ["DIARY"], "a") as diary:
        print(run, name, part, os.getpid(), file=diary, flush=True)
    time.sleep(float(os.environ.get("SLOW", 0)))
    value = hashlib.sha256(value.encode()).hexdigest()
    (folder / "new.json").write_text(json.dumps([part + 1, value]))
    os.replace(folder / "new.json", state)
(folder / "new").write_text(value)
os.replace(folder / "new", folder / "model.safetensors")"""
SHOW = """\
folder = pathlib.Path(os.environ["LMNET_RUNS"]) / run / (NAME + f"/{diversity_weight:g}" if "diversity_weight" in globals() else NAME)
folder.mkdir(parents=True, exist_ok=True)
weights = {path.parent.name: path.read_text() for path in sorted(models.glob("*/model.safetensors"))}
own = weights if "06" in NAME else weights.get(name)
(folder / "metrics.json").write_text(json.dumps({"notebook": NAME, "results": {"weights": own}}))
(folder / "figure.png").write_bytes(hashlib.sha256(repr(own).encode()).digest())"""


@pytest.fixture
def chain_of_four(project, monkeypatch) -> Path:  # noqa: F811
    """01, 02, then 05 with three λ side by side, then 06, which needs them."""
    monkeypatch.setenv("DIARY", str(project / "diary.txt"))
    for path in paths.notebooks_root().glob("*.ipynb"):
        path.unlink()
    (project / "data" / "tiny").mkdir(parents=True)
    for stem in (DATA, AUTOENCODER, VARIANT, TEST):
        parameters = 'run: str = "tiny"' + ("\ndiversity_weight: float = 1.0" if stem == VARIANT else "")
        name = "autoencoder" if stem == AUTOENCODER else stem
        train = TRAIN if stem in (AUTOENCODER, VARIANT) else TRAIN.partition("folder = models")[0]
        make_notebook(stem, parameters, f'NAME = "{name}"', train, f'NAME = "{stem}"\n' + SHOW)
    make_profile(
        f"notebooks:\n  {DATA}:\n  {AUTOENCODER}:\n  {VARIANT}: {{diversity_weight: [0, 0.5, 5.5]}}\n  {TEST}:\n"
    )
    return project


KEYS = [DATA, AUTOENCODER, *(f"{VARIANT}--diversity_weight={text}" for text in ("0", "0.5", "5.5")), TEST]
SWEEP = KEYS[2:5]


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
def test_steps_wait_for_what_they_need_and_no_others(chain_of_four, performer):
    performer.meeting = threading.Barrier(3)  # the three λ can only pass it together
    assert run(jobs=3) == 0
    assert performer.started[:2] == KEYS[:2] and performer.started[-1] == TEST
    assert performer.at_once[0] == {DATA} and performer.at_once[-1] == {TEST}
    assert run(jobs=3) == 0 and len(performer.started) == len(KEYS), "what is up to date is skipped"


def test_no_more_at_once_than_jobs_and_memory_allow(chain_of_four, performer, monkeypatch):
    performer.seconds = 1.0
    assert run(jobs=2) == 0
    assert max(map(len, performer.at_once)) == 2
    monkeypatch.setattr(scheduler, "available_memory_gb", lambda: 10.0)
    path = paths.runs_root() / "tiny" / "steps.json"
    known = json.loads(path.read_text())
    known["steps"][SWEEP[0]]["memory_gb"] = 6.0  # two of these are more than there is
    path.write_text(json.dumps(known))
    performer.at_once.clear()
    assert run(jobs=3, force=True) == 0
    assert max(map(len, performer.at_once)) == 1


def test_each_step_has_its_share_of_the_cores(chain_of_four, performer, monkeypatch):
    monkeypatch.setattr(scheduler.parallel, "cores", lambda: 12)
    performer.meeting = threading.Barrier(3)
    assert run(jobs=3) == 0
    shares = [performer.orders[key].cores for key in KEYS]
    assert shares == [12, 12, 4, 4, 4, 12], "alone it has all of them"


def test_values_of_a_sweep_that_share_a_folder_run_one_after_another(chain_of_four, performer):
    make_profile(f"notebooks:\n  {AUTOENCODER}: {{run_number: [1, 2, 3]}}\n")
    make_notebook(AUTOENCODER, 'run: str = "tiny"\nrun_number: int = 1', "pass")
    assert run(jobs=3) == 0
    assert performer.started == [f"{AUTOENCODER}--run_number={number}" for number in (1, 2, 3)]
    assert max(map(len, performer.at_once)) == 1


def test_repeats_wait_for_the_data_alone(chain_of_four, performer, capsys):
    make_profile(
        f"notebooks:\n  {DATA}:\n  {VARIANT}:\nrepeat:\n  - {{diversity_weight: 0}}\n  - {{diversity_weight: 2}}\n"
    )
    performer.seconds = 1.0
    assert cli.main(["run", "tiny", "--jobs", "4"]) == 0
    assert performer.started[0] == DATA and len(performer.started) == 3
    assert performer.at_once[-1] == set(performer.started[1:])
    out = capsys.readouterr().out
    assert "[tiny-diversity_weight2: 05_encoder_probabilistic] done" in out
    assert {path.parent.name for path in paths.runs_root().glob("*/report.html")} == {
        "tiny", "tiny-diversity_weight0", "tiny-diversity_weight2"
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------- what a failure stops
def test_a_failure_stops_only_what_needs_it_and_says_what_goes_on(chain_of_four, performer, capsys):
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


def test_without_its_data_nothing_else_starts(chain_of_four, performer, capsys):
    performer.results[DATA] = {"status": "failed", "error": "no space left"}
    assert cli.main(["run", "tiny", "--jobs", "2"]) == 1
    assert performer.started == [DATA]
    assert capsys.readouterr().out.count("not run: ") == 5


def test_forced_steps_that_are_left_are_forced_again_alone(chain_of_four, performer, capsys):
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
def test_engines_that_cannot_be_are_refused(chain_of_four, monkeypatch, capsys, arguments, expected):
    monkeypatch.setattr(cluster, "SECONDS_TO_ANSWER", 1)
    dry = ["--dry-run"] if "--slurm" in arguments else []
    assert cli.main(["run", "tiny", *arguments, *dry]) == 2
    assert expected in capsys.readouterr().err


def test_without_the_extra_a_cluster_is_refused_with_its_name(chain_of_four, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert cli.main(["run", "tiny", "--scheduler", "tcp://127.0.0.1:9"]) == 2
    assert "--scheduler needs the extra `cluster`" in capsys.readouterr().err


def test_the_dry_run_prints_the_job_script_of_slurm(chain_of_four, capsys):
    arguments = ["--slurm", "cores=8", "memory=32GB", "walltime=08:00:00", "queue=gpu"]
    assert cli.main(["run", "tiny", "--dry-run", "--jobs", "3", *arguments]) == 0
    out = capsys.readouterr().out
    assert "the script of each of 3 jobs" in out and "#SBATCH -p gpu" in out and "#SBATCH -t 08:00:00" in out
    assert "#SBATCH --cpus-per-task=8" in out and out.rstrip().endswith("--nthreads 1")
    assert not (paths.runs_root() / "tiny").exists()


# ------------------------------------------------------------------------------------------------ the same in the end
def results(folder: Path) -> dict[str, bytes]:
    """Weights, metrics and figures, and what is recorded of steps apart from times."""
    found = {}
    for root in ("runs", "trained_models"):
        for path in sorted((folder / root).rglob("*")):
            if path.suffix in (".safetensors", ".png") or path.name == "metrics.json":
                found[path.relative_to(folder).as_posix()] = path.read_bytes()
    for key, record in json.loads((folder / "runs" / "tiny" / "steps.json").read_text())["steps"].items():
        kept = {name: record[name] for name in ("status", "outputs", "digest", "fingerprint", "parameters")}
        found[f"record of {key}"] = json.dumps(kept).encode()
    return found


def diary_of(folder: Path) -> list[list[str]]:
    path = folder / "diary.txt"
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []


def assert_alone(folder: Path) -> None:
    """No two kernels were at a step at once: whoever follows another one never sees it again."""
    by_step: dict[tuple[str, ...], list[str]] = {}
    for run_name, name, _, process in diary_of(folder):
        seen = by_step.setdefault((run_name, name), [])
        if process not in seen[-1:]:
            assert process not in seen, f"{name}: kernel {process} went on beside its successor"
            seen.append(process)


@pytest.fixture
def serial(chain_of_four) -> dict[str, bytes]:
    """What ``--jobs 1`` gives; its folders are gone again."""
    assert chain.run_profile("tiny", say=lambda text: None) == 0
    found = results(chain_of_four)
    assert len(found) == 6 + 6 + 4 + 6
    clear(chain_of_four)
    return found


def clear(folder: Path) -> None:
    for name in ("runs", "trained_models"):
        (folder / name).rename(folder / f"{name}-{time.monotonic_ns()}")
    (folder / "diary.txt").unlink()


@contextlib.contextmanager
def two_workers() -> Iterator[object]:
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
    with distributed.LocalCluster(**options) as found:
        yield found


def test_side_by_side_on_a_cluster_and_one_after_another_give_the_same_files(chain_of_four, serial, capsys):
    assert cli.main(["run", "tiny", "--jobs", "3"]) == 0
    assert results(chain_of_four) == serial
    out = capsys.readouterr().out
    assert "cell" not in out, "what steps say goes into their logs"
    assert "cell 5/5" in (paths.runs_root() / "tiny" / "logs" / f"{TEST}.log").read_text()
    left = {path.name for path in (paths.runs_root() / "tiny" / ".steps").iterdir()}
    assert not {name for name in left if not name.endswith((".lock", ".kernel"))}
    clear(chain_of_four)
    with two_workers() as found:
        assert cli.main(["run", "tiny", "--scheduler", found.scheduler_address]) == 0
    assert results(chain_of_four) == serial
    assert "cluster: 2 workers are there; progress of all of it: " in capsys.readouterr().out


def test_a_worker_that_is_killed_loses_and_doubles_nothing(chain_of_four, serial, monkeypatch):
    monkeypatch.setenv("SLOW", "0.5")
    with two_workers() as found:

        def kill() -> None:
            while not any(line[1].startswith("lambda") for line in diary_of(chain_of_four)):
                time.sleep(0.05)
            kernel_pid = int(next(line[3] for line in diary_of(chain_of_four) if line[1].startswith("lambda")))
            with contextlib.suppress(psutil.NoSuchProcess):
                psutil.Process(kernel_pid).parent().parent().kill()  # kernel, step's process, worker

        killer = threading.Thread(target=kill)
        killer.start()
        status = chain.run_profile("tiny", engine=Engine(scheduler=found.scheduler_address), say=print)
        killer.join()
    assert status == 0 and results(chain_of_four) == serial
    assert_alone(chain_of_four)
    ended = [tuple(line[:3]) for line in diary_of(chain_of_four) if line[2] == "3"]
    assert len(ended) <= len(set(ended)) + 1, "only the killed step may have been at its last part"


RUN = "import sys; from lmnet_utils.run.cli import main; sys.exit(main(['run', 'tiny', *sys.argv[1:]]))"


def start(*arguments: str) -> subprocess.Popen:
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def wait_for(condition, what: str) -> None:
    deadline = time.monotonic() + 180  # a busy machine takes its time to start kernels
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


def test_a_killed_run_leaves_nothing_behind_that_writes_beside_the_next_one(chain_of_four, serial, monkeypatch):
    monkeypatch.setenv("SLOW", "0.5")
    first = start("--jobs", "3")
    wait_for(lambda: len({line[1] for line in diary_of(chain_of_four)}) > 2, "no two λ are at work")
    second = subprocess.run([sys.executable, "-c", RUN, "--jobs", "2"], capture_output=True, text=True)
    assert second.returncode == 2
    assert f"runs/tiny is in use by the run with process number {first.pid}; wait for it" in second.stderr
    os.killpg(first.pid, signal.SIGKILL)
    first.communicate()
    assert chain.run_profile("tiny", engine=Engine(3), say=print) == 0
    assert results(chain_of_four) == serial
    assert_alone(chain_of_four)


def test_ctrl_c_ends_all_steps_and_the_same_command_goes_on(chain_of_four, serial, monkeypatch):
    monkeypatch.setenv("SLOW", "0.5")
    first = start("--jobs", "2")
    wait_for(lambda: any(line[1].startswith("lambda") for line in diary_of(chain_of_four)), "no λ is at work")
    kernels = {int(line[3]) for line in diary_of(chain_of_four)}
    first.send_signal(signal.SIGTERM)
    out, _ = first.communicate(timeout=120)
    assert first.returncode == 130 and "Traceback" not in out
    assert "continue with: lmnet run tiny --jobs 2" in out and "interrupted: 05_encoder" in out
    wait_for(lambda: not any(map(psutil.pid_exists, kernels)), "a kernel went on")
    assert chain.run_profile("tiny", engine=Engine(2), say=print) == 0
    assert results(chain_of_four) == serial


def test_an_end_whose_news_was_lost_is_not_repeated(chain_of_four):
    assert run(only=[DATA]) == 0
    plan = state.RunState(
        profiles.load_profile("tiny"), "tiny", plans.plan_steps(profiles.load_profile("tiny"), "tiny"), set(), False
    )
    step = plan.steps[1]
    folder = paths.run_dir("tiny")
    worker.wanted_file(folder).write_text("token")
    order = worker.Order(step, "tiny", "identity", "token", variables=worker.variables())
    assert worker.perform(order)["status"] == "done"
    count = len(diary_of(chain_of_four))
    assert worker.perform(order)["status"] == "done" and len(diary_of(chain_of_four)) == count
    files.write_json(
        kernel.beside(execution.place_of(order.output), ".json"), {"identity": "another", "status": "done"}
    )
    (paths.trained_models_root() / "tiny" / "autoencoder" / "state.json").unlink()
    assert worker.perform(order)["status"] == "done" and len(diary_of(chain_of_four)) == 2 * count


def test_a_dead_kernel_and_a_dead_process_are_failed_steps(chain_of_four, capsys):
    make_notebook(DATA, 'run: str = "tiny"', "import os, signal; os.kill(os.getppid(), signal.SIGKILL)")
    assert cli.main(["run", "tiny", "--jobs", "2"]) == 1
    assert "its process ended with signal 9" in capsys.readouterr().out
    make_notebook(DATA, 'run: str = "tiny"', "import os; os._exit(9)")
    assert cli.main(["run", "tiny", "--jobs", "2"]) == 1
    assert "cell 3/3: the kernel died" in capsys.readouterr().out


def test_slurm_jobs_do_the_steps(chain_of_four, serial, tmp_path, monkeypatch, capsys):
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
    assert cli.main(["run", "tiny", "--jobs", "2", *slurm]) == 0
    assert results(chain_of_four) == serial
    assert len((tmp_path / "jobs").read_text().split()) >= 2
    assert "cluster: " in capsys.readouterr().out


def test_a_file_system_without_locks_is_named(chain_of_four, monkeypatch):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(execution.FileLock, "acquire", refuse)
    with pytest.raises(execution.StepFailed, match="cannot be locked .*No locks available.*LMNET_RUNS"):
        with execution.alone_at(paths.run_dir("tiny") / ".steps" / "x"):
            pass


def test_profile_errors_still_come_first(chain_of_four):
    with pytest.raises(ProfileError, match="no notebook"):
        chain.run_profile("tiny", chain.Choice(only=["99"]), Engine(2))
