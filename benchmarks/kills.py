"""A run that is killed again and again ends as one that is not: SIGKILL to the runner, a step's process, a kernel, or all.

    python benchmarks/kills.py [--kills 100] [--jobs 2] [--seed 0] [--write benchmarks/kills.json]
    python benchmarks/kills.py --cluster 20 [--seed 0] [--write benchmarks/kills_cluster.json]

Six steps of four tiny notebooks with the names of the kit's own, so that `lmnet run` knows what each needs. Two of them "train":
in parts, each of which follows from the one before, so that a killed training goes on. A run is started and killed at a random
moment, started again at once, and so on until it comes to its end; then the next one begins, until there were enough kills. At
each end weights, metrics, figures and the records of the steps must be those of a run that nobody killed, and no kernel may have
written a part after its successor had begun. Ten minutes of two cores; ``tests/run/test_side_by_side.py`` does it with three kills.

With ``--cluster`` the steps run on a Dask cluster of two workers (the extra ``cluster``), one of which gets SIGKILL at a random moment of
each run; the run goes on by itself. It must end like one that ran step by step, with no part of a training lost, or begun twice but
for the one that was cut.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat
import psutil

import lmnet_utils
from lmnet_utils.core.files import read_json, write_json
from lmnet_utils.core.runtime import environment

DATA, AUTOENCODER, VARIANT, TEST = (
    "01_data_preparation", "02_autoencoder_training", "05_encoder_probabilistic", "06_inference"
)  # fmt: skip
SWEEP = [f"{VARIANT}--diversity_weight={text}" for text in ("0", "0.5", "5.5")]
KEYS = [DATA, AUTOENCODER, *SWEEP, TEST]
PARTS = 4
PARAMETERS = 'run: str = "tiny"\nnumber: int = 1'
PROFILE = f"notebooks:\n  {DATA}:\n  {AUTOENCODER}:\n  {VARIANT}: {{diversity_weight: [0, 0.5, 5.5]}}\n  {TEST}:\n"
# Weights that follow from those before and from λ. Every part is a line of this kernel in a diary; with SLOW it takes a while.
BEGIN = """\
import hashlib, json, os, pathlib, time
models = pathlib.Path(os.environ["LMNET_TRAINED_MODELS"]) / run
name = f"lambda_{diversity_weight:g}" if "diversity_weight" in globals() else "autoencoder"
"""
TRAIN = f"""\
before = [path.read_text() for path in models.glob("autoencoder/*.safetensors") if name != "autoencoder"]
folder = models / name
folder.mkdir(parents=True, exist_ok=True)
state = folder / "state.json"
first = hashlib.sha256(repr((name, before)).encode()).hexdigest()
done, value = json.loads(state.read_text()) if state.is_file() else [0, first]
for part in range(done, {PARTS}):
    with open(os.environ["DIARY"], "a") as diary:
        print(run, name, part, os.getpid(), file=diary, flush=True)
    time.sleep(float(os.environ.get("SLOW", 0)))
    value = hashlib.sha256(value.encode()).hexdigest()
    (folder / "new.json").write_text(json.dumps([part + 1, value]))
    os.replace(folder / "new.json", state)
(folder / "new").write_text(value)
os.replace(folder / "new", folder / "model.safetensors")"""
SHOW = """\
folder = pathlib.Path(os.environ["LMNET_RUNS"]) / run / NOTEBOOK / (name if "lambda" in name else "")
folder.mkdir(parents=True, exist_ok=True)
weights = {path.parent.name: path.read_text() for path in sorted(models.glob("*/model.safetensors"))}
own = weights if "06" in NOTEBOOK else weights.get(name)
(folder / "metrics.json").write_text(json.dumps({"notebook": NOTEBOOK, "results": {"weights": own}}))
(folder / "figure.png").write_bytes(hashlib.sha256(repr(own).encode()).digest())
if "06" in NOTEBOOK:  # a folder of predictions takes its place as a whole
    new = folder / ".predictions.tmp"
    new.mkdir(exist_ok=True)
    (new / "index.csv").write_text("i")
    if not (folder / "predictions").exists():
        new.rename(folder / "predictions")"""
RUN = "import sys; from lmnet_utils.run.cli import main; sys.exit(main(['run', 'tiny', *sys.argv[1:]]))"


# ------------------------------------------------------------------------------------------------------------ a project
def make_project(root: Path) -> dict[str, str]:
    """The notebooks and their profile in an empty folder; returns the variables that a run of them needs."""
    (root / "notebooks" / "profiles").mkdir(parents=True)
    (root / "data" / "tiny").mkdir(parents=True)
    (root / "notebooks" / "profiles" / "tiny.yaml").write_text(PROFILE, encoding="utf-8")
    for stem in (DATA, AUTOENCODER, VARIANT, TEST):
        parameters = PARAMETERS + ("\ndiversity_weight: float = 1.0" if stem == VARIANT else "")
        show = f'NOTEBOOK = "{stem}"\n{SHOW}'
        write_notebook(root, stem, parameters, BEGIN + (TRAIN if stem in (AUTOENCODER, VARIANT) else ""), show)
    return {
        "LMNET_ROOT": str(root),
        **{f"LMNET_{name.upper()}": str(root / name) for name in ("data", "runs", "trained_models")},
        "DIARY": str(root / "diary.txt"),
        "PYTHONPATH": str(Path(lmnet_utils.__file__).parents[1]),
    }


def write_notebook(root: Path, stem: str, parameters: str, *sources: str) -> None:
    """A notebook with a parameters cell and code cells."""
    v4 = nbformat.v4
    cells = [v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}), *map(v4.new_code_cell, sources)]
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(v4.new_notebook(cells=cells, metadata=metadata), root / "notebooks" / f"{stem}.ipynb")


def clear(root: Path) -> None:
    """Remove what runs have left in a project."""
    for name in ("runs", "trained_models"):
        shutil.rmtree(root / name, ignore_errors=True)
    (root / "diary.txt").unlink(missing_ok=True)


def results(root: Path) -> dict[str, bytes]:
    """Weights, metrics, figures, and what is recorded of the steps apart from times."""
    found = {}
    for path in sorted([*root.glob("runs/**/*"), *root.glob("trained_models/**/*")]):
        if path.suffix in (".safetensors", ".png") or path.name == "metrics.json":
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    for key, record in read_json(root / "runs" / "tiny" / "steps.json")["steps"].items():
        kept = {name: record[name] for name in ("status", "outputs", "digest", "fingerprint", "parameters")}
        found[f"record of {key}"] = json.dumps(kept, sort_keys=True).encode()
    return found


def diary(root: Path) -> list[tuple[str, str, int, int]]:
    """(run, network, part, kernel's process number), a row for each part that was begun."""
    file = root / "diary.txt"
    rows = [line.split() for line in file.read_text().splitlines()] if file.is_file() else []
    return [(run, name, int(part), int(process)) for run, name, part, process in rows]


def went_on_beside_another(root: Path) -> list[str]:
    """Kernels that began a part of a network after another kernel had."""
    last: dict[tuple[str, str], list[int]] = {}
    found = []
    for run, name, _, process in diary(root):
        seen = last.setdefault((run, name), [])
        if process not in seen[-1:]:
            found += [f"{name}: {process}"] if process in seen else []
            seen.append(process)
    return found


def start(arguments: list[str], variables: dict[str, str]) -> subprocess.Popen[str]:
    """`lmnet run tiny` with these arguments, in a session of its own."""
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, **variables},
    )  # fmt: skip


# --------------------------------------------------------------------------------------------------------------- kills
def kill_something(runner: subprocess.Popen[str], what: str) -> str | None:
    """SIGKILL to a part of a run that is at work; which it was, or None if there is no such part now."""
    try:
        below = psutil.Process(runner.pid).children(recursive=True)
        named = [(process, " ".join(process.cmdline())) for process in below]
    except psutil.NoSuchProcess:
        return None
    kernels = [process for process, command in named if "ipykernel" in command]
    steps = [process for process, command in named if "lmnet_utils.run.worker" in command]
    victims = {"kernel": kernels[:1], "step": steps[:1], "runner": [], "runner and kernels": kernels}[what]
    if not victims and what != "runner":
        return None
    for process in victims:
        process.send_signal(signal.SIGKILL)
    if what.startswith("runner"):
        runner.send_signal(signal.SIGKILL)
    return what


def killed_run(
    root: Path, variables: dict[str, str], jobs: int, kills: int, draw: random.Random
) -> collections.Counter:
    """One run to its end, killed at random moments, at most so many times; how often what was killed."""
    counts: collections.Counter = collections.Counter()
    while True:
        runner = start(["--jobs", str(jobs)], variables)
        try:
            wait_or_kill(runner, root, kills - counts.total(), counts, draw)
            output, _ = runner.communicate(timeout=600)
        finally:
            runner.kill()
        if runner.returncode == 0:
            return counts
        if runner.returncode not in (1, -signal.SIGKILL):
            raise RuntimeError(f"lmnet run ended with {runner.returncode}:\n{output}")


def wait_or_kill(
    runner: subprocess.Popen[str], root: Path, kills: int, counts: collections.Counter, draw: random.Random
) -> None:
    """Wait until a run ends, or until a part of it has been killed at a random moment."""
    known, deadline = len(diary(root)), time.monotonic() + 600
    while runner.poll() is None and time.monotonic() < deadline:
        # a moment of its work mostly: its start, which nothing is lost by, would take most of the kills
        if kills and (len(diary(root)) > known or draw.random() < 0.01):
            time.sleep(draw.uniform(0.0, 2.0))
            if found := kill_something(runner, draw.choice(["runner", "runner and kernels", "kernel", "step"])):
                counts[found] += 1
                return
        time.sleep(0.1)


def measure(kills: int, jobs: int, seed: int, expected: dict[str, bytes] | None = None) -> dict[str, Any]:
    """Runs with so many kills altogether, each compared with one that was not killed (its :func:`results`, if known)."""
    draw, counts, runs, began = random.Random(seed), collections.Counter(), 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        variables = {**make_project(root), "SLOW": "0.3"}
        if expected is None:
            if start(["--jobs", "1"], {**variables, "SLOW": "0"}).wait():
                raise RuntimeError("the run that nobody killed failed")
            expected = results(root)
        while counts.total() < kills:
            clear(root)
            counts += killed_run(root, variables, jobs, min(12, kills - counts.total()), draw)
            runs += 1
            found = results(root)
            if different := [name for name in {*found, *expected} if found.get(name) != expected.get(name)]:
                raise RuntimeError(f"after {counts.total()} kills, run {runs}: {', '.join(sorted(different))} differ")
            if beside := went_on_beside_another(root):
                raise RuntimeError(f"kernels went on beside their successors: {', '.join(beside)}")
            print(f"{counts.total()} of {kills} kills, {runs} runs ended as the one that nobody killed", flush=True)
    return {
        "command": f"python benchmarks/kills.py --kills {kills} --jobs {jobs} --seed {seed}",
        "kills": counts.total(),
        "what was killed": dict(counts.most_common()),
        "runs that came to their end": runs,
        "files and records compared in each": len(expected),
        "different": 0,
        "kernels that went on beside their successors": 0,
        "seconds": round(time.monotonic() - began),
        "environment": environment(),
    }


# ------------------------------------------------------------------------------------------------------------- cluster
def measure_cluster(runs: int, seed: int) -> dict[str, Any]:
    """So many runs, each on a new cluster, a worker killed in each; each compared with one that ran step by step."""
    draw, killed, doubled, began = random.Random(seed), 0, 0, time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        variables = {**make_project(root), "SLOW": "0.3"}
        if start(["--jobs", "1"], {**variables, "SLOW": "0"}).wait():
            raise RuntimeError("the run step by step failed")
        expected = results(root)
        usual_s, _ = cluster_run(root, variables, None)
        while killed < runs:
            kill = draw.uniform(0, 0.9 * usual_s), draw.randrange(2)
            usual_s, died = cluster_run(root, variables, kill)
            killed += died  # a run that was faster than the one before may have ended already
            found, begun = results(root), [row[:3] for row in diary(root)]
            if different := [name for name in {*found, *expected} if found.get(name) != expected.get(name)]:
                raise RuntimeError(f"run {killed}: {', '.join(sorted(different))} differ")
            if beside := went_on_beside_another(root):
                raise RuntimeError(f"kernels went on beside their successors: {', '.join(beside)}")
            again = len(begun) - len(set(begun))
            if again > 1 or len(set(begun)) != PARTS * len([AUTOENCODER, *SWEEP]):
                raise RuntimeError(f"run {killed}: {again} parts were begun twice, of {len(set(begun))}")
            doubled += again
            print(
                f"{killed} of {runs} runs with a killed worker ended as the one step by step, {usual_s:.0f} s",
                flush=True,
            )
    return {
        "command": f"python benchmarks/kills.py --cluster {runs} --seed {seed}",
        "runs, a worker killed in each": runs,
        "in the middle of a part, which was begun again": doubled,
        "files and records compared in each": len(expected),
        "different": 0,
        "parts lost or doubled": 0,
        "kernels that went on beside their successors": 0,
        "seconds": round(time.monotonic() - began),
        "environment": environment(),
    }


def cluster_run(root: Path, variables: dict[str, str], kill: tuple[float, int] | None) -> tuple[float, bool]:
    """A run on a cluster of two workers from an empty folder: its seconds, and whether a worker was killed in it.

    Args:
        kill: after so many seconds the worker with this number; None for no kill.
    """
    from distributed import LocalCluster

    clear(root)
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
    with LocalCluster(env=variables, **options) as cluster:
        began, died = time.monotonic(), False
        runner = start(["--scheduler", cluster.scheduler_address], variables)
        try:
            if kill:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    runner.wait(timeout=kill[0])
                if died := runner.poll() is None:
                    os.kill(list(cluster.workers.values())[kill[1]].pid, signal.SIGKILL)
            output, _ = runner.communicate(timeout=600)
        finally:
            runner.kill()
    if runner.returncode:
        raise RuntimeError(f"lmnet run ended with {runner.returncode}:\n{output}")
    return time.monotonic() - began, died


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--cluster", type=int, default=0, metavar="RUNS", help="runs on a cluster instead, a worker killed in each"
    )
    parser.add_argument("--write", type=Path, help="the JSON file that keeps the result")
    options = parser.parse_args()
    if options.cluster:
        found = measure_cluster(options.cluster, options.seed)
    else:
        found = measure(options.kills, options.jobs, options.seed)
    print(json.dumps(found, indent=1))
    if options.write:
        write_json(options.write, found)
    return 0


if __name__ == "__main__":
    sys.exit(main())
